//! One subject's events: order, pages, filters, and what a page costs.

use api::{
    graph::Kind,
    journey::{Event, EventKind, Payload, Work},
    policy::Role,
};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    account::account,
    codes::{Interaction, SubjectType},
    marketing::{campaign, touchpoint},
    sales::{meeting, opportunity},
    service::{asset, ticket},
};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{Answer, World, each_engine, id, rows};
use uuid::Uuid;

const PAGE: &str = "query($id: ID!, $filter: TimelineFilter, $first: Int, $after: String, $last: Int, $before: String,
        $asOf: DateTime, $knownAt: DateTime) {
    timeline(subject: $id, filter: $filter, first: $first, after: $after, last: $last, before: $before, asOf: $asOf, knownAt: $knownAt) {
        totalCount nodes { id kind } pageInfo { hasNextPage hasPreviousPage startCursor endCursor liveCursor } } }";

/// A touch of an account at a moment.
async fn touch(
    work: &mut Work<'_>,
    account: Uuid,
    kind: EventKind,
    at: DateTime<Utc>,
) -> api::graph::Result<touchpoint::Model> {
    let row = rows::touchpoint(work, account, Interaction::PageViewed, "/presses").await?;
    work.record(Event::of::<touchpoint::Entity>(kind, &row, Payload::None).at(at));
    Ok(row)
}

/// An account with `n` page views, a minute apart, the newest now.
async fn visited(world: &World, n: i32) -> String {
    world
        .work(async |work| {
            let account = rows::account(work, "Bolt", None, None).await?;
            for back in (0..n).rev() {
                touch(work, account.id, EventKind::PageViewed, work.now() - TimeDelta::minutes(back.into())).await?;
            }
            Ok(id(Kind::Account, account.id))
        })
        .await
}

fn events(page: &Answer) -> Vec<Value> {
    page.each("timeline.nodes", "id")
}

fn info<'a>(page: &'a Answer, field: &str) -> &'a Value {
    &page.data("timeline.pageInfo")[field]
}

#[tokio::test]
async fn pages_run_both_ways_over_the_same_events() {
    each_engine(async |world: World| {
        let (account, ada) = (visited(&world, 23).await, world.ada());
        let all = ada.ask(PAGE, json!({ "id": account, "first": 100 })).await.must();
        let whole = events(&all);
        assert_eq!((whole.len(), all.data("timeline.totalCount")), (23, &json!(23)));
        assert!(whole.iter().map(Value::as_str).is_sorted_by(|newer, older| newer > older), "newest first");
        assert_eq!((info(&all, "hasNextPage"), info(&all, "hasPreviousPage")), (&json!(false), &json!(false)));

        let (mut forward, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = ada.ask(PAGE, json!({ "id": account, "first": 5, "after": after })).await.must();
            assert_eq!(info(&page, "hasPreviousPage"), !after.is_null());
            forward.extend(events(&page));
            after = info(&page, "endCursor").clone();
            if info(&page, "hasNextPage") == false {
                break;
            }
        }
        assert_eq!(forward, whole);

        let (mut backward, mut before) = (Vec::new(), Value::Null);
        loop {
            let page = ada.ask(PAGE, json!({ "id": account, "last": 5, "before": before })).await.must();
            assert_eq!(info(&page, "hasNextPage"), !before.is_null());
            backward.splice(0..0, events(&page));
            before = info(&page, "startCursor").clone();
            if info(&page, "hasPreviousPage") == false {
                break;
            }
        }
        assert_eq!(backward, whole);

        let default = ada.ask(PAGE, json!({ "id": account })).await.must();
        assert_eq!(events(&default), whole[..20]);
        let empty = ada.ask(PAGE, json!({ "id": account, "after": info(&all, "endCursor") })).await.must();
        assert_eq!(events(&empty), Vec::<Value>::new());
        assert_eq!(info(&empty, "endCursor"), &Value::Null);
    })
    .await;
}

#[tokio::test]
async fn paging_is_stable_while_events_arrive() {
    each_engine(async |world: World| {
        let (account, ada) = (visited(&world, 10).await, world.ada());
        let before = events(&ada.ask(PAGE, json!({ "id": account, "first": 100 })).await.must());
        let first = ada.ask(PAGE, json!({ "id": account, "first": 4 })).await.must();
        // One newer than the page, one among the page, one older than everything.
        let uuid = api::graph::GlobalId::parse(&account).unwrap().uuid;
        world.pass(TimeDelta::minutes(1));
        for back in [0, 2, 60] {
            let at = world.now() - TimeDelta::minutes(back) - TimeDelta::seconds(30);
            world.work(async |work| touch(work, uuid, EventKind::PageViewed, at).await).await;
        }
        let after = info(&first, "endCursor");
        let rest = ada.ask(PAGE, json!({ "id": account, "first": 100, "after": after })).await.must();
        let seen: Vec<Value> = events(&first).into_iter().chain(events(&rest)).collect();
        assert_eq!(seen[..10], before, "no event moved, none came twice");
        assert_eq!(seen.len(), 11, "the late one came where it happened");
    })
    .await;
}

#[tokio::test]
async fn filters_choose_before_the_page_is_cut() {
    each_engine(async |world: World| {
        let now = world.now();
        let (account, campaign) = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?;
                let campaign = work
                    .insert::<campaign::Entity>(campaign::ActiveModel {
                        name: Set("Fair".into()),
                        campaign_type: Set(entities::codes::CampaignType::TradeFair),
                        status: Set(entities::codes::CampaignStatus::Active),
                        ..Default::default()
                    })
                    .await?;
                touch(work, account.id, EventKind::PageViewed, now - TimeDelta::days(3)).await?;
                let fair = rows::touchpoint(work, account.id, Interaction::EventAttended, "/fair").await?;
                let attended = Event::of::<touchpoint::Entity>(EventKind::EventAttended, &fair, Payload::None);
                work.record(attended.about(SubjectType::Campaign, campaign.id).at(now - TimeDelta::days(2)));
                let deal = rows::opportunity(work, account.id, "Presses").await?;
                let won = Event::of::<opportunity::Entity>(EventKind::OpportunityWon, &deal, Payload::None);
                work.record(won.at(now - TimeDelta::days(1)));
                Ok((account.id, campaign.id))
            })
            .await;
        let ada = world.ada();
        // Ada's own step, so that there is an actor.
        let step = "mutation($id: ID!) { updateAccount(input: { id: $id, lifecycleStage: \"ENGAGED\" }) { userErrors { code } } }";
        ada.ask(step, json!({ "id": id(Kind::Account, account) })).await.must();
        let kinds = async |filter: Value| {
            let page = ada.ask(PAGE, json!({ "id": id(Kind::Account, account), "filter": filter, "first": 2 })).await.must();
            let all = ada.ask(PAGE, json!({ "id": id(Kind::Account, account), "filter": filter, "first": 100 })).await.must();
            let kinds = all.each("timeline.nodes", "kind");
            assert_eq!(page.each("timeline.nodes", "kind"), kinds[..kinds.len().min(2)], "{filter}");
            assert_eq!(all.data("timeline.totalCount"), kinds.len(), "{filter}");
            kinds.iter().map(|kind| kind.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (stage, won, fair, page) = ("stage.entered", "opportunity.won", "event.attended", "page.viewed");
        let day = |back: i64| (now - TimeDelta::days(back)).to_rfc3339();
        assert_eq!(kinds(json!({})).await, [stage, won, fair, page]);
        assert_eq!(kinds(json!({ "domains": ["MARKETING"] })).await, [fair, page]);
        assert_eq!(kinds(json!({ "domains": ["SALES", "JOURNEY"] })).await, [stage, won]);
        assert_eq!(kinds(json!({ "kinds": [won, page] })).await, [won, page]);
        assert_eq!(kinds(json!({ "kinds": ["record.created"] })).await, ["record.created"], "named, it is shown");
        assert_eq!(kinds(json!({ "actors": [id(Kind::Colleague, world.acme.cast.ada)] })).await, [stage]);
        assert_eq!(kinds(json!({ "actors": [id(Kind::Colleague, world.acme.cast.sam)] })).await, [""; 0]);
        assert_eq!(kinds(json!({ "campaigns": [id(Kind::Campaign, campaign)] })).await, [fair]);
        assert_eq!(kinds(json!({ "from": day(2) })).await, [stage, won, fair], "from is inclusive");
        assert_eq!(kinds(json!({ "to": day(1) })).await, [fair, page], "to is exclusive");
        assert_eq!(kinds(json!({ "from": day(2), "to": day(1) })).await, [fair]);
        assert_eq!(kinds(json!({ "minImportance": 2 })).await, [stage, won, fair]);
        assert_eq!(kinds(json!({ "minImportance": 3 })).await, [won]);
        assert_eq!(kinds(json!({ "minImportance": 3, "domains": ["MARKETING"] })).await, [""; 0]);
        assert_eq!(kinds(json!({ "domains": [] })).await, [""; 0], "none of no domains");
        let everything = kinds(json!({ "minImportance": 0 })).await;
        assert_eq!(everything.iter().filter(|kind| *kind == "record.created").count(), 1, "{everything:?}");
    })
    .await;
}

#[tokio::test]
async fn as_of_cuts_by_when_it_happened_and_known_at_by_when_it_was_recorded() {
    each_engine(async |world: World| {
        let (account, ada) = (visited(&world, 2).await, world.ada());
        let uuid = api::graph::GlobalId::parse(&account).unwrap().uuid;
        let noon = world.now();
        let known = ada
            .ask("query($id: ID!) { timeline(subject: $id) { nodes { recordedAt } } }", json!({ "id": account }))
            .await
            .must();
        let recorded = known.data("timeline.nodes.0.recordedAt").clone();
        world.pass(TimeDelta::hours(1));
        // Happened before everything, learned of only now.
        world.work(async |work| touch(work, uuid, EventKind::FormSubmitted, noon - TimeDelta::days(1)).await).await;
        let kinds = async |variables: Value| {
            let mut asked = json!({ "id": account });
            asked.as_object_mut().unwrap().extend(variables.as_object().unwrap().clone());
            ada.ask(PAGE, asked).await.must().each("timeline.nodes", "kind")
        };
        let (form, view) = ("form.submitted", "page.viewed");
        assert_eq!(kinds(json!({})).await, [view, view, form]);
        let minute_before = noon - TimeDelta::minutes(1);
        assert_eq!(kinds(json!({ "asOf": noon.to_rfc3339() })).await, [view, view, form]);
        assert_eq!(kinds(json!({ "asOf": minute_before.to_rfc3339() })).await, [view, form], "asOf is inclusive");
        let just_before = minute_before - TimeDelta::microseconds(1);
        assert_eq!(kinds(json!({ "asOf": just_before.to_rfc3339() })).await, [form]);
        assert_eq!(kinds(json!({ "knownAt": recorded })).await, [view, view], "knownAt is inclusive");
        let earlier = noon - TimeDelta::days(1);
        assert_eq!(kinds(json!({ "knownAt": earlier.to_rfc3339() })).await, [""; 0]);
        assert_eq!(kinds(json!({ "knownAt": recorded, "asOf": minute_before.to_rfc3339() })).await, [view]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_understood_is_said() {
    each_engine(async |world: World| {
        let (account, ada) = (visited(&world, 3).await, world.ada());
        let code = async |variables: Value| {
            let mut asked = json!({ "id": account });
            asked.as_object_mut().unwrap().extend(variables.as_object().unwrap().clone());
            ada.ask(PAGE, asked).await.code().map(str::to_owned)
        };
        for (variables, expected) in [
            (json!({ "filter": { "kinds": ["page.seen"] } }), "BAD_USER_INPUT"),
            (json!({ "filter": { "actors": [account] } }), "BAD_USER_INPUT"),
            (json!({ "filter": { "campaigns": [account] } }), "BAD_USER_INPUT"),
            (json!({ "first": 0 }), "BAD_USER_INPUT"),
            (json!({ "first": 101 }), "BAD_USER_INPUT"),
            (json!({ "first": -1 }), "BAD_USER_INPUT"),
            (json!({ "first": 1, "last": 1 }), "BAD_USER_INPUT"),
            (json!({ "after": "x" }), "CURSOR_INVALID"),
            (json!({ "before": "" }), "CURSOR_INVALID"),
            (json!({ "id": id(Kind::Colleague, world.acme.cast.sam) }), "BAD_USER_INPUT"),
            (json!({ "id": id(Kind::Account, Uuid::from_u128(7)) }), "NOT_FOUND"),
        ] {
            assert_eq!(code(variables.clone()).await.as_deref(), Some(expected), "{variables}");
        }
        // A position of the feed is no place in a timeline.
        let page = ada.ask(PAGE, json!({ "id": account })).await.must();
        assert_eq!(code(json!({ "after": info(&page, "liveCursor") })).await.as_deref(), Some("CURSOR_INVALID"));
    })
    .await;
}

/// Optional variables may be left out, in fragments and beside other operations, too.
#[tokio::test]
async fn a_page_size_that_is_left_out_is_the_default() {
    each_engine(async |world: World| {
        let (account, ada) = (visited(&world, 23).await, world.ada());
        for text in [
            "query($id: ID!, $first: Int) { timeline(subject: $id, first: $first) { nodes { id } } }",
            "query($id: ID!, $last: Int) { timeline(subject: $id, first: 20, last: $last) { nodes { id } } }",
            "query($id: ID!, $n: Int) { ...page accounts(first: $n) { nodes { opportunities(first: $n) { totalCount } } } }
             fragment page on Query { timeline(subject: $id, first: $n) { nodes { id } } }",
        ] {
            let page = ada.ask(text, json!({ "id": account })).await.must();
            assert_eq!(events(&page).len(), 20, "{text}");
        }
        let wrong = "query($id: ID!, $n: String) { timeline(subject: $id, first: $n) { nodes { id } } }";
        assert_eq!(ada.ask(wrong, json!({ "id": account })).await.code(), Some("BAD_USER_INPUT"));
        let unused = "query($id: ID!, $n: Int) { timeline(subject: $id) { nodes { id } } }";
        assert_eq!(ada.ask(unused, json!({ "id": account, "n": 1 })).await.code(), Some("BAD_USER_INPUT"));
    })
    .await;
}

/// Whatever a page shows, its cost depends on what is selected, never on how many rows there are.
#[tokio::test]
async fn a_page_of_a_hundred_costs_the_statements_of_a_page_of_ten() {
    each_engine(async |world: World| {
        let account = world.work(async |work| every_kind(work).await).await;
        let text =
            "query($id: ID!, $first: Int) { timeline(subject: $id, first: $first, filter: { minImportance: 0 }) {
            nodes { id kind domain occurredAt recordedAt importance title summary source
                actor { id name } subjects { subjectType id }
                object { __typename
                    ... on Account { name owner { name } } ... on Touchpoint { id } ... on Opportunity { id }
                    ... on Ticket { id } ... on Meeting { id } ... on Asset { id } } }
            pageInfo { liveCursor } } }";
        for (roles, subject) in
            [(&[Role::Admin][..], "ada"), (&[Role::Sales], "sam"), (&[Role::Marketing, Role::Service], "mia")]
        {
            let client = world.as_roles(roles, subject);
            let page = async |first: i32| client.ask(text, json!({ "id": account, "first": first })).await.must();
            let (ten, hundred) = (page(10).await, page(100).await);
            let shown = hundred.data("timeline.nodes").as_array().map(Vec::len);
            assert!(shown >= Some(80), "{roles:?}: {shown:?}");
            assert_eq!(ten.data("timeline.nodes").as_array().map(Vec::len), Some(10), "{roles:?}");
            assert_eq!(ten.statements, hundred.statements, "{roles:?}");
            assert!(hundred.statements < 30, "{roles:?}: {}", hundred.statements);
        }
    })
    .await;
}

/// Named kinds are read by a part of the statement each, and many subjects all the same by one statement.
#[tokio::test]
async fn named_kinds_of_many_accounts_take_the_statements_of_a_few() {
    each_engine(async |world: World| {
        world
            .work(async |work| {
                for n in 0..60_i64 {
                    let account = rows::account(work, &format!("Bolt {n:02}"), None, None).await?;
                    let at = |minutes| work.now() - TimeDelta::minutes(minutes);
                    let kinds = [EventKind::PageViewed, EventKind::MeetingHeld, EventKind::EmailClicked];
                    for (at, kind) in [9, 6, 3, 2].map(at).into_iter().zip(kinds.into_iter().cycle()) {
                        touch(work, account.id, kind, at).await?;
                    }
                }
                Ok(())
            })
            .await;
        let text = "query($first: Int) { accounts(first: $first, sort: { name: ASC }, filter: { name: { startsWith: \"Bolt\" } }) { nodes {
            timeline(first: 2, filter: { kinds: [\"email.clicked\", \"page.viewed\"] }) {
                nodes { kind } pageInfo { hasNextPage } } } } }";
        let ada = world.ada();
        let page = async |first: i32| ada.ask(text, json!({ "first": first })).await.must();
        // 60 times 2 are more parts than one statement unites.
        let (one, few, many) = (page(1).await, page(12).await, page(60).await);
        for (answer, accounts) in [(&one, 1), (&few, 12), (&many, 60)] {
            let timeline = json!({ "timeline": {
                "nodes": [{ "kind": "page.viewed" }, { "kind": "email.clicked" }], "pageInfo": { "hasNextPage": true } } });
            assert_eq!(answer.data("accounts.nodes"), &json!(vec![timeline; accounts]));
            assert_eq!(answer.statements, one.statements);
        }
    })
    .await;
}

/// 160 events over six kinds of objects in turn, each event with an object of its own, all of Sam's account.
async fn every_kind(work: &mut Work<'_>) -> api::graph::Result<String> {
    let sam = {
        use entities::account::colleague;
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        let sam = colleague::Entity::find()
            .filter(colleague::Column::TenantId.eq(work.tenant()))
            .filter(colleague::Column::Subject.eq("sam"));
        sam.one(work.tx()).await?.unwrap().id
    };
    let account = rows::account(work, "Bolt", Some(sam), None).await?;
    let span = (work.now(), None);
    rows::member(work, account.id, sam, entities::codes::Discipline::Sales, rows::EDIT, span).await?;
    let kinds: Vec<EventKind> = EventKind::ALL.to_vec();
    let of = |prefix: &str| kinds.iter().copied().filter(|kind| kind.name().starts_with(prefix)).collect::<Vec<_>>();
    let (touches, deals, tickets) = (of("page."), of("opportunity."), of("ticket.s"));
    for n in 0..160_usize {
        let at = work.now() - TimeDelta::minutes(n.try_into().unwrap());
        let event = match n % 6 {
            0 => {
                let row = rows::touchpoint(work, account.id, Interaction::PageViewed, "/presses").await?;
                Event::of::<touchpoint::Entity>(touches[n % touches.len()], &row, Payload::None)
            }
            1 => {
                let row = rows::opportunity(work, account.id, &format!("Deal {n}")).await?;
                Event::of::<opportunity::Entity>(deals[n % deals.len()], &row, Payload::None)
            }
            2 => {
                let row = rows::ticket(work, Some(account.id), None, None).await?;
                Event::of::<ticket::Entity>(tickets[n % tickets.len()], &row, Payload::None)
            }
            3 => {
                let row = rows::meeting(work, account.id, &format!("Visit {n}")).await?;
                Event::of::<meeting::Entity>(EventKind::MeetingHeld, &row, Payload::None)
            }
            4 => {
                let row = rows::asset(work, account.id, &format!("Press {n}")).await?;
                Event::of::<asset::Entity>(EventKind::AssetInstalled, &row, Payload::None)
            }
            _ => {
                let row = rows::account(work, &format!("Daughter {n}"), Some(sam), None).await?;
                Event::of::<account::Entity>(EventKind::StageEntered, &row, Payload::None)
                    .account(account.id)
                    .about(SubjectType::Account, account.id)
            }
        };
        work.record(event.at(at));
    }
    Ok(id(Kind::Account, account.id))
}
