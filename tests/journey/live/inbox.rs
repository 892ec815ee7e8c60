//! The live inbox: what is offered to me or my queues, and what becomes of it; nothing else, and nothing twice.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use entities::{
    codes::{HandoverBoundary, SubjectType, Wing},
    marketing::handover,
    tenant::{queue, queue_member},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::Expr};
use serde_json::{Value, json};
use tests::{Live, Said, Transport, World, each_engine, id, rows};
use uuid::Uuid;

const FOLLOW: &str = "subscription($after: String) { handoverInbox(after: $after) {
    cursor event { kind } handover { id outcome toColleague { name } toQueue { code } } } }";
const CURSOR: &str = "{ liveCursor }";

/// Mia offers a fresh lead; gives the handover.
async fn offer(world: &World, to: &str, whom: String) -> String {
    let lead = world.work(async |work| Ok(rows::lead(work, None, None, None).await?.id)).await;
    let text = format!(
        "mutation($lead: ID!, $to: ID!) {{ offerHandover(input: {{ subjectId: $lead, {to}: $to }}) {{ handover {{ id }} userErrors {{ code path message }} }} }}"
    );
    let answer = world.mia().ask(&text, json!({ "lead": id(Kind::Lead, lead), "to": whom })).await.must();
    answer.text("offerHandover.handover.id").to_owned()
}

async fn to_colleague(world: &World, colleague: Uuid) -> String {
    offer(world, "toColleagueId", id(Kind::Colleague, colleague)).await
}

async fn to_queue(world: &World, queue: Uuid) -> String {
    offer(world, "toQueueId", id(Kind::Queue, queue)).await
}

/// What comes next: the kind of event and the handover.
async fn heard(live: &mut Live) -> (Value, Value) {
    let change = live.data().await["handoverInbox"].take();
    (change["event"]["kind"].clone(), change["handover"]["id"].clone())
}

#[tokio::test]
async fn what_is_offered_decided_and_recalled_arrives_once_and_in_order() {
    each_engine(async |world: World| {
        let (server, sam, cast) = (world.listen().await, world.sam(), world.acme.cast);
        to_colleague(&world, cast.sam).await;
        let start = sam.ask(CURSOR, json!({})).await.must().data("liveCursor").clone();
        // Past: before anybody follows.
        let mine = to_colleague(&world, cast.sam).await;
        let other = to_colleague(&world, cast.sue).await;
        let queued = to_queue(&world, world.acme.sales_inbox).await;
        let another = queue::ActiveModel {
            code: Set("SALES_NORTH".to_owned()),
            name: Set("Sales north".to_owned()),
            wing: Set(Wing::Sales),
            ..Default::default()
        };
        let another = world.work(async |work| work.insert::<queue::Entity>(another).await).await;
        let elsewhere = to_queue(&world, another.id).await;
        let recall = "mutation($id: ID!) { recallHandover(input: { id: $id }) { userErrors { code } } }";
        world.mia().ask(recall, json!({ "id": queued })).await.must();
        world.mia().ask(recall, json!({ "id": other })).await.must();
        world.mia().ask(recall, json!({ "id": elsewhere })).await.must();

        let follow =
            async |by: Transport, after: &Value| sam.follow_by(by, &server, FOLLOW, json!({ "after": after })).await;
        let [mut socket, mut events] =
            [follow(Transport::Socket, &start).await, follow(Transport::Events, &start).await];
        for live in [&mut socket, &mut events] {
            let first = live.data().await["handoverInbox"].take();
            assert_eq!(
                (&first["event"]["kind"], &first["handover"]),
                (
                    &json!("handover.offered"),
                    &json!({ "id": mine, "outcome": null, "toColleague": { "name": "Sam Sales" }, "toQueue": null })
                )
            );
            assert_eq!(heard(live).await, (json!("handover.offered"), json!(queued)));
            assert_eq!(heard(live).await, (json!("handover.recalled"), json!(queued)));
        }
        // Live: a decision, and an offer that is another's.
        to_colleague(&world, cast.sue).await;
        let reject =
            "mutation($id: ID!) { rejectHandover(input: { id: $id, reasonCode: NO_NEED }) { userErrors { code } } }";
        sam.ask(reject, json!({ "id": mine })).await.must();
        let last = to_queue(&world, world.acme.sales_inbox).await;
        let mut cursors = Vec::new();
        for live in [&mut socket, &mut events] {
            let decided = live.data().await["handoverInbox"].take();
            assert_eq!(decided["event"]["kind"], "handover.rejected");
            assert_eq!(
                (&decided["handover"]["id"], &decided["handover"]["outcome"]),
                (&json!(mine), &json!("REJECTED"))
            );
            cursors.push(decided["cursor"].clone());
            assert_eq!(heard(live).await, (json!("handover.offered"), json!(last)));
        }
        // Resumed.
        let mut again = follow(Transport::Events, &cursors[0]).await;
        assert_eq!(heard(&mut again).await, (json!("handover.offered"), json!(last)));
        assert_eq!(follow(Transport::Events, &json!("x")).await.code().await, "CURSOR_INVALID");
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_comes_or_goes_ends_the_inbox_at_the_very_next_offer() {
    each_engine(async |world: World| {
        let (server, sue) = (world.listen().await, world.acme.cast.sue);
        let client = world.sue();
        for by in Transport::ALL {
            let start = client.ask(CURSOR, json!({})).await.must().data("liveCursor").clone();
            let mut live = client.follow_by(by, &server, FOLLOW, json!({ "after": start })).await;
            let mine = to_colleague(&world, sue).await;
            assert_eq!(heard(&mut live).await, (json!("handover.offered"), json!(mine)));
            let row = queue_member::ActiveModel {
                tenant_id: Set(world.acme.tenant),
                id: Set(Uuid::from_u128(world.clock.random().into())),
                queue_id: Set(world.acme.sales_inbox),
                colleague_id: Set(sue),
                valid_from: Set(world.now()),
                valid_to: Set(None),
                version: Set(1),
                created_at: Set(world.now()),
                updated_at: Set(world.now()),
            };
            queue_member::Entity::insert(row).exec_without_returning(world.store.db()).await.unwrap();
            let queued = to_queue(&world, world.acme.sales_inbox).await;
            assert_eq!(live.code().await, "RIGHTS_CHANGED", "{by:?}: the first offer is not passed over in silence");
            assert_eq!(live.next().await, Said::Complete);

            // Read again, and go on.
            let start = client.ask(CURSOR, json!({})).await.must().data("liveCursor").clone();
            let inbox = client.ask("{ sales { handoverInbox { nodes { id } } } }", json!({})).await.must();
            assert!(inbox.each("sales.handoverInbox.nodes", "id").contains(&json!(queued)));
            let mut live = client.follow_by(by, &server, FOLLOW, json!({ "after": start })).await;
            let next = to_queue(&world, world.acme.sales_inbox).await;
            assert_eq!(heard(&mut live).await, (json!("handover.offered"), json!(next)));
            queue_member::Entity::update_many()
                .col_expr(queue_member::Column::ValidTo, Expr::value(world.now()))
                .filter(queue_member::Column::ColleagueId.eq(sue))
                .exec(world.store.db())
                .await
                .unwrap();
            to_queue(&world, world.acme.sales_inbox).await;
            assert_eq!(live.code().await, "RIGHTS_CHANGED", "{by:?}");
            world.pass(TimeDelta::seconds(1));
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_hears_what_lies_with_others() {
    each_engine(async |world: World| {
        let server = world.listen().await;
        // Who offers hears nothing in the own inbox, nor does who reads all handovers, nor a machine, nor another tenant.
        let others = [world.mia(), world.max(), world.ina(), world.of_other(Role::Sales, "sam")];
        let mut streams = Vec::new();
        for client in &others {
            let start = client.ask(CURSOR, json!({})).await.must().data("liveCursor").clone();
            streams.push(client.follow(&server, FOLLOW, json!({ "after": start })).await);
        }
        to_colleague(&world, world.acme.cast.sam).await;
        to_queue(&world, world.acme.sales_inbox).await;
        // The next that each of them hears is the end of its token: the offers were looked at, and passed over.
        world.pass(TimeDelta::hours(2));
        to_colleague(&world, world.acme.cast.sam).await;
        world
            .work_in(world.other.tenant, async |work| {
                let row = handover::ActiveModel {
                    boundary: Set(HandoverBoundary::MarketingToSales),
                    to_colleague_id: Set(Some(world.other.cast.sue)),
                    subject_type: Set(SubjectType::Lead),
                    subject_id: Set(world.other.cast.sue),
                    offered_at: Set(work.now()),
                    automatic: Set(true),
                    ..Default::default()
                };
                work.insert::<handover::Entity>(row).await
            })
            .await;
        for (place, live) in streams.iter_mut().enumerate() {
            assert_eq!(live.code().await, "UNAUTHENTICATED", "{place}");
        }
        // An analyst has no such thing.
        let mut live = world.ana().follow(&server, FOLLOW, json!({})).await;
        assert_eq!(live.code().await, "BAD_USER_INPUT");
    })
    .await;
}
