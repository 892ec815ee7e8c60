//! Rollups: what is kept never changes a figure, whatever happens, in whatever order, however often it is kept anew; and the feed of
//! changed days tells of every day whose figure is another one now.

use std::collections::{BTreeMap, BTreeSet};

use api::{analytics::rollup, journey::Work};
use chrono::{TimeDelta, Timelike};
use entities::{
    account::account,
    codes::{
        ActivityKind, Direction, HandoverOutcome, Interaction, LeadStatus, OrderStatus, ReasonCode, TicketPriority,
        TicketStatus,
    },
    marketing::{handover, lead, touchpoint},
    sales::{activity, opportunity, sales_order},
    service::ticket,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use serde_json::{Value, json};
use tests::{Client, World, each_engine_told};

use super::{
    aggregate,
    market::{FROM, Market, TO, at},
    whole,
};

/// Something that happens: what, and numbers that choose to whom, when and how.
type Step = (u8, usize, usize, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..15_u8, 0..1_000_usize, 0..1_000_usize, 0..1_000_usize), 10..16)
}

async fn nth<E: api::journey::Journaled>(work: &Work<'_>, nth: usize) -> api::graph::Result<Option<E::Model>> {
    let mut rows = E::find().filter(E::TENANT.eq(work.tenant())).order_by_asc(E::ID);
    if let Some(deleted) = E::DELETED {
        rows = rows.filter(deleted.is_null());
    }
    let rows = rows.all(work.tx()).await?;
    Ok((!rows.is_empty()).then(|| rows[nth % rows.len()].clone()))
}

/// One step. Everything goes through the one write path; half of it happens on days long gone.
async fn take(world: &World, market: &Market, (what, a, b, c): Step) {
    let customer = &market.customers[a % market.customers.len()];
    let contact = customer.contacts[b % 3];
    let then = at(FROM) + TimeDelta::hours(i64::try_from((a * 37 + c * 11) % 8_700).unwrap());
    let when = if b % 2 == 0 { then } else { world.now() - TimeDelta::minutes(i64::try_from(c).unwrap()) };
    let channel = Some(market.channels[c % 3]);
    let campaign = Some(market.campaigns[b % 3]).filter(|_| c % 4 > 0);
    let sam = world.acme.cast.sam;
    match what {
        0 | 1 => {
            let row = touchpoint::ActiveModel {
                campaign_id: Set(campaign),
                channel_id: Set(channel),
                contact_id: Set(Some(contact)),
                account_id: Set((c % 5 > 0).then_some(customer.account)),
                interaction: Set([Interaction::AdClicked, Interaction::PageViewed][a % 2]),
                occurred_at: Set(when),
                is_inbound: Set(true),
                ..Default::default()
            };
            world.work(async |work| work.insert::<touchpoint::Entity>(row).await.map(drop)).await;
        }
        2 => {
            world
                .work(async |work| {
                    let Some(before) = nth::<touchpoint::Entity>(work, a).await? else { return Ok(()) };
                    let row = touchpoint::ActiveModel {
                        occurred_at: Set(when),
                        campaign_id: Set(campaign),
                        account_id: Set(Some(customer.account)),
                        ..Default::default()
                    };
                    work.update_row::<touchpoint::Entity>(&before, row).await.map(drop)
                })
                .await;
        }
        3 => {
            world
                .work(async |work| {
                    let Some(before) = nth::<touchpoint::Entity>(work, a).await? else { return Ok(()) };
                    work.remove_row::<touchpoint::Entity>(&before).await
                })
                .await;
        }
        4 => {
            world
                .work(async |work| {
                    let before = account::Entity::find_by_id((work.tenant(), customer.account));
                    let Some(before) = before.one(work.tx()).await? else { return Ok(()) };
                    let row = account::ActiveModel {
                        industry_id: Set(Some(market.industries[b % 3])),
                        country: Set((c % 3 > 0).then(|| "FR".to_owned())),
                        ..Default::default()
                    };
                    work.update_row::<account::Entity>(&before, row).await.map(drop)
                })
                .await;
        }
        5 | 6 => {
            world
                .work(async |work| {
                    let Some(before) = nth::<lead::Entity>(work, a).await? else { return Ok(()) };
                    let row = lead::ActiveModel {
                        mql_at: Set((b % 3 > 0).then_some(when)),
                        channel_id: Set(channel),
                        status: Set([LeadStatus::New, LeadStatus::Disqualified][c % 2]),
                        ..Default::default()
                    };
                    work.update_row::<lead::Entity>(&before, row).await.map(drop)
                })
                .await;
        }
        7 => {
            world
                .work(async |work| {
                    let Some(before) = nth::<handover::Entity>(work, a).await? else { return Ok(()) };
                    let row = handover::ActiveModel {
                        decided_at: Set(Some(world.now())),
                        outcome: Set(Some([HandoverOutcome::Accepted, HandoverOutcome::Rejected][b % 2])),
                        reason_code: Set((b % 2 == 1).then_some(ReasonCode::NoBudget)),
                        decided_by_id: Set(Some(sam)),
                        ..Default::default()
                    };
                    work.update_row::<handover::Entity>(&before, row).await.map(drop)
                })
                .await;
        }
        8 if a % 3 == 0 => {
            // A call that was with somebody else, or never was.
            world
                .work(async |work| {
                    let Some(before) = nth::<activity::Entity>(work, b).await? else { return Ok(()) };
                    if c % 3 == 0 {
                        return work.remove_row::<activity::Entity>(&before).await;
                    }
                    let row = activity::ActiveModel { contact_id: Set(Some(contact)), ..Default::default() };
                    work.update_row::<activity::Entity>(&before, row).await.map(drop)
                })
                .await;
        }
        8 => {
            let row = activity::ActiveModel {
                kind: Set(ActivityKind::Call),
                direction: Set(Direction::Outbound),
                account_id: Set((c % 2 == 0).then_some(customer.account)),
                contact_id: Set(Some(contact)),
                colleague_id: Set(Some(sam)),
                occurred_at: Set(when),
                automatic: Set(false),
                ..Default::default()
            };
            world.work(async |work| work.insert::<activity::Entity>(row).await.map(drop)).await;
        }
        9 => {
            world
                .work(async |work| {
                    let Some(before) = nth::<opportunity::Entity>(work, a).await? else { return Ok(()) };
                    let row = opportunity::ActiveModel {
                        account_id: Set(if a % 2 == 0 { customer.account } else { before.account_id }),
                        amount_minor: Set((c % 4 > 0).then(|| i64::try_from(1_000 + b * 777 + c).unwrap())),
                        currency: Set((c % 4 > 0).then(|| ["EUR", "CHF", "USD"][b % 3].to_owned())),
                        primary_campaign_id: Set(campaign),
                        ..Default::default()
                    };
                    work.update_row::<opportunity::Entity>(&before, row).await.map(drop)
                })
                .await;
        }
        10 => {
            world
                .work(async |work| {
                    let Some(before) = nth::<ticket::Entity>(work, a).await? else { return Ok(()) };
                    let row = ticket::ActiveModel {
                        status: Set(TicketStatus::Solved),
                        solved_at: Set(Some(when)),
                        priority: Set([TicketPriority::High, TicketPriority::Low][b % 2]),
                        ..Default::default()
                    };
                    work.update_row::<ticket::Entity>(&before, row).await.map(drop)
                })
                .await;
        }
        14 => {
            let row = sales_order::ActiveModel {
                account_id: Set(Some(customer.account)),
                ordered_at: Set(when),
                status: Set([OrderStatus::Placed, OrderStatus::Cancelled][b % 2]),
                total_minor: Set(i64::try_from(c * 100).unwrap()),
                currency: Set("EUR".to_owned()),
                ..Default::default()
            };
            world.work(async |work| work.insert::<sales_order::Entity>(row).await.map(drop)).await;
        }
        11 => world.pass(TimeDelta::hours(i64::try_from(1 + c % 40).unwrap())),
        12 => {
            rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        }
        _ => fold(world).await,
    }
}

async fn fold(world: &World) {
    while rollup::fold(&world.store, &world.clock, world.acme.tenant).await.unwrap() {}
}

/// Sets what is kept aside, or back.
async fn kept(world: &World, is: bool) {
    let zone = if is { "substr(zone, 2)" } else { "'-' || zone" };
    let text = format!("UPDATE figure_state SET zone = {zone} WHERE tenant_id = {}", world.acme.tenant);
    world.store.db().execute_unprepared(&text).await.unwrap();
}

/// Metrics that know the same dimensions.
const METRICS: [&str; 3] = [
    "TOUCHES, PERSONS_REACHED, LEADS, MQLS, MQL_RATE, OFFERS, ACCEPTED, ACCEPTANCE_RATE, ON_TIME_RATE, REJECTED, LEAD_RESPONSE_TIME",
    "OPPORTUNITIES_CREATED, WON, WON_VALUE, WIN_RATE_BY_VALUE, WIN_RATE, COHORT_WIN_RATE, AVERAGE_WON_VALUE, NEW_CUSTOMERS, REPEAT_CUSTOMER_RATE",
    "TICKETS, TICKETS_SOLVED, RESOLUTION_TIME, ACTIVITIES, ORDER_VALUE",
];

/// Every sort of question, by whoever reads all rows and by whoever reads none.
async fn questions(world: &World) -> Vec<Value> {
    let (max, ana) = (world.max(), world.ana());
    let mut answers = Vec::new();
    for metrics in METRICS {
        let all = format!("metrics: [{metrics}]");
        for (client, by) in [
            (&max, ""),
            (&max, "groupBy: [{ grain: MONTH }]"),
            (&max, "groupBy: [{ dimension: CHANNEL }, { grain: QUARTER }]"),
            (&max, "groupBy: [{ dimension: INDUSTRY, level: 0 }]"),
            (&max, "groupBy: [{ dimension: COUNTRY }], currency: \"CHF\""),
            (&ana, "groupBy: [{ grain: MONTH }]"),
        ] {
            if by.contains("CHANNEL") && metrics.contains("TICKETS") {
                continue;
            }
            answers.push(aggregate(client, &format!("{all}, {by}, {}", period(world))).await);
        }
    }
    let board = format!(
        "{{ analytics {{ scoreboard({}) {{ lines {{ metric values {{ numerator denominator value suppressed rows }} }} excluded {{ metric reason count }} }} }} }}",
        period(world)
    );
    answers.push(world.sam().ask(&board, json!({})).await.must().data("analytics.scoreboard").clone());
    answers
}

/// From the market's first day to tomorrow's midnight, where the tenant lives.
fn period(world: &World) -> String {
    let tomorrow = at(TO).date_naive().and_time(at(TO).time()).and_utc();
    let mut end = tomorrow;
    while end <= world.now() {
        end += TimeDelta::days(1);
    }
    assert_eq!(end.minute(), 0);
    format!("from: \"{FROM}\", to: \"{}\"", end.to_rfc3339())
}

#[tokio::test]
async fn what_is_kept_never_changes_a_figure() {
    each_engine_told(async |world: World, market: Market| {
        rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
        );
        let cases = 2;
        for case in 0..cases {
            let steps = steps().new_tree(&mut runner).unwrap().current();
            for (nth, step) in steps.iter().enumerate() {
                Box::pin(take(&world, &market, *step)).await;
                if nth + 1 < steps.len() && nth % 7 != 6 {
                    continue;
                }
                let with = Box::pin(questions(&world)).await;
                kept(&world, false).await;
                let without = Box::pin(questions(&world)).await;
                kept(&world, true).await;
                for (with, without) in with.iter().zip(&without) {
                    assert_eq!(with, without, "case {case}, after {:?}", &steps[..=nth]);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn sums_of_days_serve_figures_and_the_tail_corrects_them() {
    each_engine_told(async |world: World, market: Market| {
        let max = world.max();
        let touches = async || {
            let answer = aggregate(&max, &format!("metrics: [TOUCHES], {}", period(&world))).await;
            whole(&answer, 0)["numerator"].as_str().unwrap().parse::<usize>().unwrap()
        };
        let told = market.touches.len();
        assert_eq!(touches().await, told, "nothing is kept yet");
        let rebuilt = rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        assert_eq!(rebuilt.position, world.position().await);
        assert!(rebuilt.rows >= u64::try_from(told).unwrap());
        // What stands in a sum is what is answered: so it is sums that answer.
        let add = async |n: i64| {
            let text = format!(
                "UPDATE figure_day SET n = n + {n} WHERE metric = 'TOUCHES' AND dimension = '' AND tenant_id = {} AND day =
                 (SELECT min(day) FROM figure_day WHERE metric = 'TOUCHES' AND tenant_id = {})",
                world.acme.tenant, world.acme.tenant
            );
            world.store.db().execute_unprepared(&text).await.unwrap();
        };
        add(1_000).await;
        assert_eq!(touches().await, told + 1_000);
        // A late touch is counted before anybody keeps it, and a removed one is not, though it stands in the sums.
        let (first, second) = (market.touches[3].id, market.touches[5].id);
        world
            .work(async |work| {
                let contact = market.customers[0].contacts[0];
                let late = touchpoint::ActiveModel {
                    contact_id: Set(Some(contact)),
                    account_id: Set(Some(market.customers[0].account)),
                    interaction: Set(Interaction::PageViewed),
                    occurred_at: Set(at(FROM) + TimeDelta::days(3)),
                    is_inbound: Set(true),
                    ..Default::default()
                };
                work.insert::<touchpoint::Entity>(late).await?;
                for id in [first, second] {
                    let row = touchpoint::Entity::find_by_id((work.tenant(), id)).one(work.tx()).await?.unwrap();
                    work.remove_row::<touchpoint::Entity>(&row).await?;
                }
                Ok(())
            })
            .await;
        assert_eq!(touches().await, told + 1_000 + 1 - 2);
        // Keeping makes whole days anew: of the day that was tampered with, too, if it is near one that has changed; in any case twice is once.
        rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        assert_eq!(touches().await, told - 1);
        fold(&world).await;
        fold(&world).await;
        assert_eq!(touches().await, told - 1);
    })
    .await;
}

/// The days that a client is told of since a cursor, page by page, and the next cursor.
async fn changed(client: &Client, cursor: Option<String>) -> (BTreeMap<String, Vec<String>>, String) {
    let (mut days, mut cursor) = (BTreeMap::<String, Vec<String>>::new(), cursor);
    loop {
        let query = "query($cursor: String) { analytics { bucketsChangedSince(cursor: $cursor, first: 500) {
            buckets { metric day } endCursor hasNextPage kept metrics timezone } } }";
        let answer = client.ask(query, json!({ "cursor": cursor })).await.must();
        let page = answer.data("analytics.bucketsChangedSince").clone();
        assert_eq!(page["kept"], json!(true));
        for bucket in page["buckets"].as_array().unwrap() {
            let text = |field: &str| bucket[field].as_str().unwrap().to_owned();
            days.entry(text("metric")).or_default().push(text("day"));
        }
        let end = page["endCursor"].as_str().unwrap().to_owned();
        if page["hasNextPage"] == json!(false) {
            return (days, end);
        }
        cursor = Some(end);
    }
}

#[tokio::test]
async fn changed_days_are_told_once_each_and_no_other() {
    each_engine_told(async |world: World, market: Market| {
        let max = world.max();
        let query = "{ analytics { bucketsChangedSince { kept buckets { day } endCursor } } }";
        let nothing = max.ask(query, json!({})).await.must();
        assert_eq!(nothing.data("analytics.bucketsChangedSince.kept"), &json!(false));
        assert_eq!(nothing.data("analytics.bucketsChangedSince.buckets"), &json!([]));
        rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        let (all, cursor) = changed(&max, None).await;
        assert!(all["TOUCHES"].len() > 100, "every day with a touch");
        let (none, cursor) = changed(&max, Some(cursor)).await;
        assert_eq!(none, BTreeMap::new());
        // A touch moves from one day to another: both have changed, for all that counts touches, and nothing else has.
        let touch = &market.touches[10];
        let moved = touch.at + TimeDelta::days(40);
        world
            .work(async |work| {
                let row = touchpoint::Entity::find_by_id((work.tenant(), touch.id)).one(work.tx()).await?.unwrap();
                let to = touchpoint::ActiveModel { occurred_at: Set(moved), ..Default::default() };
                work.update_row::<touchpoint::Entity>(&row, to).await.map(drop)
            })
            .await;
        let (none, cursor) = changed(&max, Some(cursor)).await;
        assert_eq!(none, BTreeMap::new(), "not before it is kept");
        fold(&world).await;
        let berlin: chrono_tz::Tz = "Europe/Berlin".parse().unwrap();
        let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&berlin).date_naive().to_string();
        let both = vec![day(touch.at), day(moved)];
        let (days, cursor) = changed(&max, Some(cursor)).await;
        let expected: BTreeMap<String, Vec<String>> =
            ["TOUCHES", "PERSONS_REACHED"].map(|metric| (metric.to_owned(), both.clone())).into();
        assert_eq!(days, expected);
        assert_eq!(changed(&max, Some(cursor)).await.0, BTreeMap::new());
        // The analyst hears of days, too; sales, which counts its own accounts, of nobody's.
        let days = |days: &[String]| days.iter().cloned().collect::<BTreeSet<_>>();
        let told = changed(&world.ana(), None).await.0;
        assert_eq!(days(&told["TOUCHES"]), &days(&all["TOUCHES"]) | &days(&both));
        assert_eq!(changed(&world.sam(), None).await.0, BTreeMap::new());
        for (arguments, code) in
            [("cursor: \"!\"", "CURSOR_INVALID"), ("first: 0", "BAD_USER_INPUT"), ("first: 1001", "BAD_USER_INPUT")]
        {
            let query = format!("{{ analytics {{ bucketsChangedSince({arguments}) {{ kept }} }} }}");
            assert_eq!(max.ask(&query, json!({})).await.code(), Some(code), "{arguments}");
        }
    })
    .await;
}
