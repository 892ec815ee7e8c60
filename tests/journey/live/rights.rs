//! A right that goes ends the stream at the very next event, whichever right it is; one that changes while the line is down is
//! told when the reader comes back.

use api::{
    graph::Kind,
    journey::{Event, EventKind, Payload},
};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    account::{account_team_member, colleague, industry_team_member},
    codes::Discipline,
    tenant::queue_member,
};
use futures::future::LocalBoxFuture;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::Expr};
use serde_json::json;
use tests::{Client, Said, Transport, World, each_engine, id, rows};
use uuid::Uuid;

use super::{PAGE, follow_by, scene, touch, uuid};

/// Records one event about a subject.
type Happens = fn(&World, &str) -> LocalBoxFuture<'static, ()>;

fn touched(world: &World, subject: &str) -> LocalBoxFuture<'static, ()> {
    let (world, subject) = (world.clone(), subject.to_owned());
    Box::pin(async move { touch(&world, &subject, world.now()).await })
}

/// A score of a lead, which stays in its queue.
fn scored(world: &World, subject: &str) -> LocalBoxFuture<'static, ()> {
    use entities::marketing::lead;
    let (world, lead_id) = (world.clone(), uuid(subject));
    Box::pin(async move {
        world
            .work(async |work| {
                let lead = lead::Entity::find_by_id((work.tenant(), lead_id)).one(work.tx()).await?.unwrap();
                let score = Some(lead.score.unwrap_or_default() + 1);
                let scored = lead::ActiveModel { score: Set(score), ..Default::default() };
                let lead = work.update_row::<lead::Entity>(&lead, scored).await?;
                work.record(
                    Event::of::<lead::Entity>(EventKind::LeadScored, &lead, Payload::None).queue(lead.queue_id),
                );
                Ok(())
            })
            .await;
    })
}

/// What happens while the right stands arrives; what happens after `take` does not, by either transport.
async fn ends(world: &World, client: &Client, subject: &str, happens: Happens, mut take: impl AsyncFnMut(bool)) {
    const FOLLOW: &str = "subscription($id: ID!, $after: String) {
        timelineChanged(subject: $id, filter: { minImportance: 0 }, after: $after) { cursor event { id kind } } }";
    let server = world.listen().await;
    for by in Transport::ALL {
        let page = client.ask(PAGE, json!({ "id": subject })).await.must();
        let after = page.data("timeline.pageInfo.liveCursor");
        let mut live = client.follow_by(by, &server, FOLLOW, json!({ "id": subject, "after": after })).await;
        happens(world, subject).await;
        live.data().await;
        take(true).await;
        happens(world, subject).await;
        let error = live.error().await;
        assert_eq!(error["extensions"]["code"], "RIGHTS_CHANGED", "{by:?}");
        assert_eq!(error["extensions"].get("resume"), None, "{by:?}: there is nowhere to go on");
        assert_eq!(live.next().await, Said::Complete);
        take(false).await;
        world.pass(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn the_end_of_an_industry_membership_ends_the_stream() {
    each_engine(async |world: World| {
        let (sam, now) = (world.acme.cast.sam, world.now());
        let (account, member) = world
            .work(async |work| {
                let above = rows::industry(work, "C28", None).await?;
                let below = rows::industry(work, "C28.3", Some(above.id)).await?;
                let account = rows::account(work, "Bolt", None, Some(below.id)).await?;
                let member = rows::industry_member(work, above.id, sam, rows::READ, (now, None)).await?;
                Ok((id(Kind::Account, account.id), member.id))
            })
            .await;
        ends(&world, &world.sam(), &account, touched, async |gone| {
            let to: Option<DateTime<Utc>> = gone.then(|| world.now());
            industry_team_member::Entity::update_many()
                .col_expr(industry_team_member::Column::ValidTo, Expr::value(to))
                .filter(industry_team_member::Column::Id.eq(member))
                .exec(world.store.db())
                .await
                .unwrap();
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn another_owner_ends_the_stream_of_the_one_before() {
    each_engine(async |world: World| {
        let [sue, sam] = [world.acme.cast.sue, world.acme.cast.sam].map(|who| id(Kind::Colleague, who));
        let account = world
            .work(async |work| Ok(id(Kind::Account, rows::account(work, "Bolt", Some(world.acme.cast.sue), None).await?.id)))
            .await;
        ends(&world, &world.sue(), &account, touched, async |gone| {
            let owner = "mutation($id: ID!, $owner: ID!) { updateAccount(input: { id: $id, ownerId: $owner }) { userErrors { code } } }";
            world.ada().ask(owner, json!({ "id": account, "owner": if gone { &sam } else { &sue } })).await.must();
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn leaving_a_queue_ends_the_stream_of_what_waits_in_it() {
    each_engine(async |world: World| {
        let inbox = world.acme.sales_inbox;
        let lead =
            world.work(async |work| Ok(id(Kind::Lead, rows::lead(work, None, None, Some(inbox)).await?.id))).await;
        let sam = world.acme.cast.sam;
        ends(&world, &world.sam(), &lead, scored, async |gone| {
            let to: Option<DateTime<Utc>> = gone.then(|| world.now());
            queue_member::Entity::update_many()
                .col_expr(queue_member::Column::ValidTo, Expr::value(to))
                .filter(queue_member::Column::ColleagueId.eq(sam))
                .exec(world.store.db())
                .await
                .unwrap();
        })
        .await;
    })
    .await;
}

/// A technician reads an account by the team alone.
#[tokio::test]
async fn a_lower_level_in_the_team_ends_the_stream() {
    each_engine(async |world: World| {
        let now = world.now();
        let (account, member) = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?;
                let tom = world.acme.cast.tom;
                let member =
                    rows::member(work, account.id, tom, Discipline::Technical, rows::READ, (now, None)).await?;
                Ok((id(Kind::Account, account.id), member.id))
            })
            .await;
        ends(&world, &world.tom(), &account, touched, async |gone| {
            // Marketing's wing, in which the touches are.
            let level = if gone { "NONE" } else { "READ" };
            account_team_member::Entity::update_many()
                .col_expr(account_team_member::Column::AccessMarketing, Expr::value(level))
                .filter(account_team_member::Column::Id.eq(member))
                .exec(world.store.db())
                .await
                .unwrap();
        })
        .await;
    })
    .await;
}

async fn set_active(world: &World, who: Uuid, active: bool) {
    world
        .work(async |work| {
            let row = colleague::Entity::find_by_id((work.tenant(), who)).one(work.tx()).await?.unwrap();
            let set = colleague::ActiveModel { is_active: Set(active), ..Default::default() };
            work.update_row::<colleague::Entity>(&row, set).await
        })
        .await;
}

#[tokio::test]
async fn a_colleague_who_leaves_hears_nothing_more() {
    each_engine(async |world: World| {
        let (account, sam) = (scene(&world).await, world.acme.cast.sam);
        ends(&world, &world.sam(), &account, touched, async |gone| set_active(&world, sam, !gone).await).await;
    })
    .await;
}

#[tokio::test]
async fn an_open_socket_is_judged_anew_with_each_operation() {
    each_engine(async |world: World| {
        let (account, server, sam) = (scene(&world).await, world.listen().await, world.sam());
        let page = sam.ask(PAGE, json!({ "id": account })).await.must();
        let after = page.data("timeline.pageInfo.liveCursor");
        let mut live = follow_by(Transport::Socket, &sam, &server, &account, after).await;
        let read = async |live: &mut tests::Live| match live.ask(PAGE, json!({ "id": account })).await {
            Said::Next(payload) => payload["errors"][0]["extensions"]["code"].clone(),
            said => panic!("{said:?}"),
        };
        // Sales sees every account's name; what happened with it, the team only.
        let events = "query($id: ID!) { me { colleague { name } } timeline(subject: $id) { nodes { id } } }";
        touch(&world, &account, world.now()).await;
        live.data().await;
        assert_eq!(read(&mut live).await, json!(null));
        set_active(&world, world.acme.cast.sam, false).await;
        assert_eq!(live.code().await, "RIGHTS_CHANGED");
        assert_eq!(live.next().await, Said::Complete);
        let Said::Next(payload) = live.ask(events, json!({ "id": account })).await else { panic!("no answer") };
        assert_eq!(payload["data"]["me"]["colleague"], json!(null), "{payload}");
        assert_eq!(payload["data"]["timeline"]["nodes"], json!([]), "{payload}");
    })
    .await;
}

/// A page was read with other rights than those of now: what it lacks lies before its cursor and would never come.
#[tokio::test]
async fn a_right_that_changed_while_the_line_was_down_means_read_again() {
    each_engine(async |world: World| {
        let (server, now) = (world.listen().await, world.now());
        let (industry, accounts) = world
            .work(async |work| {
                let industry = rows::industry(work, "C28", None).await?;
                let first = rows::account(work, "Bolt", None, Some(industry.id)).await?;
                let second = rows::account(work, "Nut", None, Some(industry.id)).await?;
                Ok((id(Kind::Industry, industry.id), [first.id, second.id]))
            })
            .await;
        let join = async |account: Uuid, who: Uuid| {
            world
                .work(async |work| rows::member(work, account, who, Discipline::Sales, rows::READ, (now, None)).await)
                .await;
        };
        let sam = world.sam();
        join(accounts[0], world.acme.cast.sam).await;
        touch(&world, &id(Kind::Account, accounts[1]), now).await;
        let page = sam.ask(PAGE, json!({ "id": industry, "first": 100 })).await.must();
        let (before, after) = (page.each("timeline.nodes", "id"), page.data("timeline.pageInfo.liveCursor").clone());
        // Somebody else's right is nobody's business here.
        join(accounts[1], world.acme.cast.sue).await;
        let mut live = follow_by(Transport::Socket, &sam, &server, &industry, &after).await;
        touch(&world, &id(Kind::Account, accounts[0]), now).await;
        let cursor = live.data().await["timelineChanged"]["cursor"].clone();
        drop(live);

        join(accounts[1], world.acme.cast.sam).await;
        for by in Transport::ALL {
            for cursor in [&after, &cursor] {
                let mut live = follow_by(by, &sam, &server, &industry, cursor).await;
                assert_eq!(live.code().await, "RIGHTS_CHANGED", "{by:?}");
            }
        }
        let again = sam.ask(PAGE, json!({ "id": industry, "first": 100 })).await.must();
        assert!(again.each("timeline.nodes", "id").len() > before.len() + 1, "{again}");
        let after = again.data("timeline.pageInfo.liveCursor");
        let mut live = follow_by(Transport::Events, &sam, &server, &industry, after).await;
        touch(&world, &id(Kind::Account, accounts[1]), now).await;
        live.data().await;
    })
    .await;
}
