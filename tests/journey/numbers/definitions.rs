//! Definitions worked by hand: how soon leads are answered (A1), what slips (A8), what a customer costs (A14). Each against figures that
//! were reckoned on paper, against plain SQL, and told apart and added up again.

use std::collections::BTreeMap;

use api::{graph::Result, journey::Work};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entities::{
    codes::{
        ActivityKind, CampaignStatus, CampaignType, CostKind, Direction, HandoverBoundary, HandoverOutcome, LeadStatus,
        StageObject, SubjectType,
    },
    marketing::{campaign, campaign_cost, handover, lead},
    sales::{activity, opportunity, pipeline},
};
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set, Statement};
use serde_json::{Value, json};
use tests::{Client, World, each_engine, each_engine_told, rows};
use uuid::Uuid;

use super::{
    aggregate,
    market::{FROM, Market, TO, at},
    whole, year,
};

/// A question with a shape of its own.
pub async fn named(client: &Client, field: &str, query: &str) -> Value {
    let query = format!("{{ analytics {{ {query} }} }}");
    client.ask(&query, json!({})).await.must().data(&format!("analytics.{field}")).clone()
}

/// What a question is refused with.
pub async fn refusal(client: &Client, query: &str) -> String {
    let answer = client.ask(&format!("{{ analytics {{ {query} }} }}"), json!({})).await;
    assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "{query}");
    answer.message().unwrap().to_owned()
}

/// One number, `n`, by SQL that is the same on both engines.
pub async fn sql(world: &World, text: &str) -> i64 {
    let db = world.store.db();
    let text = text.replace(":tenant", &world.acme.tenant.to_string());
    let line = db.query_one_raw(Statement::from_string(db.get_database_backend(), text)).await.unwrap().unwrap();
    line.try_get("", "n").unwrap()
}

/// Working hours from Monday to Friday, for all time.
pub async fn calendar(world: &World, zone: &str, blocks: &[(&str, &str)]) {
    let days = ["MON", "TUE", "WED", "THU", "FRI"];
    let weekly =
        days.iter().flat_map(|day| blocks.iter().map(move |(from, to)| json!({ "day": day, "from": from, "to": to })));
    let weekly: Vec<Value> = weekly.collect();
    let input = json!({ "code": "OFFICE", "name": "Office", "zone": zone, "weekly": weekly, "holidays": [] });
    world.max().act("createBusinessCalendar", "businessCalendar { code }", input).await.must();
}

pub fn minutes(n: i64) -> f64 {
    (n * 60_000) as f64
}

/// Somebody who asks, at a moment: a lead of an account of its own. Gives account, contact and lead.
async fn asks(world: &World, name: &str, when: &str) -> (Uuid, Uuid, Uuid) {
    world.clock.set(at(when));
    world
        .work(async |work| {
            let account = rows::account(work, name, None, None).await?.id;
            let contact = rows::contact(work, Some(account), "A", name).await?.id;
            let row = lead::ActiveModel {
                contact_id: Set(Some(contact)),
                account_id: Set(Some(account)),
                status: Set(LeadStatus::Offered),
                ..Default::default()
            };
            Ok((account, contact, work.insert::<lead::Entity>(row).await?.id))
        })
        .await
}

/// A lead is offered, to a colleague or to the inbox of sales; taken back at a moment.
async fn offered(world: &World, of: (Uuid, Uuid, Uuid), to: Option<Uuid>, when: &str, recalled: Option<&str>) {
    world.clock.set(at(when));
    let row = handover::ActiveModel {
        boundary: Set(HandoverBoundary::MarketingToSales),
        from_id: Set(Some(world.acme.cast.mia)),
        to_colleague_id: Set(to),
        to_queue_id: Set(Some(world.acme.sales_inbox).filter(|_| to.is_none())),
        subject_type: Set(SubjectType::Lead),
        subject_id: Set(of.2),
        account_id: Set(Some(of.0)),
        offered_at: Set(at(when)),
        decided_at: Set(recalled.map(at)),
        outcome: Set(recalled.map(|_| HandoverOutcome::Recalled)),
        automatic: Set(false),
        ..Default::default()
    };
    world.work(async |work| work.insert::<handover::Entity>(row).await).await;
}

/// Sam turns to somebody, by himself or by a machine in his name.
async fn turns_to(world: &World, of: (Uuid, Uuid, Uuid), when: &str, automatic: bool) {
    calls_by(world, of, world.acme.cast.sam, when, automatic).await;
}

/// A colleague turns to somebody, or a machine in that name.
async fn calls_by(world: &World, of: (Uuid, Uuid, Uuid), colleague: Uuid, when: &str, automatic: bool) {
    world.clock.set(at(when));
    let row = activity::ActiveModel {
        kind: Set(if automatic { ActivityKind::Email } else { ActivityKind::Call }),
        direction: Set(Direction::Outbound),
        account_id: Set(Some(of.0)),
        contact_id: Set(Some(of.1)),
        colleague_id: Set(Some(colleague)),
        occurred_at: Set(at(when)),
        automatic: Set(automatic),
        ..Default::default()
    };
    world.work(async |work| work.insert::<activity::Entity>(row).await).await;
}

/// Six leads, one of them offered twice. The office is open from 9 to 12 and from 13 to 17 in Berlin, two hours ahead of UTC.
async fn six_leads(world: &World) {
    let sam = world.acme.cast.sam;
    // Answered after four minutes.
    let soon = asks(world, "Soon", "2026-06-01T07:00:00Z").await;
    offered(world, soon, None, "2026-06-01T07:30:00Z", None).await;
    turns_to(world, soon, "2026-06-01T07:34:00Z", false).await;
    // Answered before it was offered.
    let before = asks(world, "Before", "2026-06-02T08:00:00Z").await;
    turns_to(world, before, "2026-06-02T08:10:00Z", false).await;
    offered(world, before, None, "2026-06-02T08:20:00Z", None).await;
    // Never answered.
    let never = asks(world, "Never", "2026-06-03T08:00:00Z").await;
    offered(world, never, None, "2026-06-03T08:00:00Z", None).await;
    // Offered at 8 in the morning, answered in the lunch break: four hours and a half, three of them at work.
    let lunch = asks(world, "Lunch", "2026-06-04T05:00:00Z").await;
    offered(world, lunch, None, "2026-06-04T06:00:00Z", None).await;
    turns_to(world, lunch, "2026-06-04T10:30:00Z", false).await;
    // A machine writes at once; Sam calls on the next day at the same time: a working day of seven hours.
    let day = asks(world, "Day", "2026-06-04T11:00:00Z").await;
    offered(world, day, None, "2026-06-04T12:00:00Z", None).await;
    turns_to(world, day, "2026-06-04T12:01:00Z", true).await;
    turns_to(world, day, "2026-06-05T12:00:00Z", false).await;
    // On Friday half an hour before the end to the inbox, on Monday ten past nine to Sam, who calls twenty minutes later.
    let twice = asks(world, "Twice", "2026-06-05T14:00:00Z").await;
    offered(world, twice, None, "2026-06-05T14:30:00Z", Some("2026-06-08T07:10:00Z")).await;
    offered(world, twice, Some(sam), "2026-06-08T07:10:00Z", None).await;
    turns_to(world, twice, "2026-06-08T07:30:00Z", false).await;
}

const RESPONSE: &str =
    "offers leads preOffer definition scope clocks { clock hours time { mean p50 } bands { band count } suppressed }";

/// The counts of the bands by clock and hours.
fn bands(answer: &Value) -> BTreeMap<(String, String), Vec<Option<i64>>> {
    let clock = |clock: &Value| {
        let text = |field: &str| clock[field].as_str().unwrap().to_owned();
        let counts = clock["bands"].as_array().unwrap().iter().map(|band| band["count"].as_i64());
        ((text("clock"), text("hours")), counts.collect())
    };
    answer["clocks"].as_array().unwrap().iter().map(clock).collect()
}

#[tokio::test]
async fn a_lead_has_a_clock_and_each_owner_one_and_bands_add_up_to_the_offers() {
    each_engine(async |world: World| {
        let end = world.now();
        Box::pin(six_leads(&world)).await;
        world.clock.set(end);
        let max = world.max();
        let ask = |from: &str, to: &str| format!("leadResponse(from: \"{from}\", to: \"{to}\") {{ {RESPONSE} }}");
        // Without a calendar there are calendar hours only.
        let bare = named(&max, "leadResponse", &ask(FROM, TO)).await;
        assert_eq!(bare["clocks"].as_array().unwrap().len(), 2);
        Box::pin(calendar(&world, "Europe/Berlin", &[("09:00", "12:00"), ("13:00", "17:00")])).await;
        let all = named(&max, "leadResponse", &ask(FROM, TO)).await;
        assert_eq!(
            (&all["offers"], &all["leads"], &all["preOffer"], &all["definition"], &all["scope"]),
            (&json!(7), &json!(6), &json!(1), &json!("LEAD_RESPONSE@1"), &json!("ALL"))
        );
        let found = bands(&all);
        // Five minutes, an hour, four hours, a business day, later, none yet.
        for (clock, hours, expected) in [
            ("LEAD", "CALENDAR", [2, 0, 0, 2, 1, 1]),
            ("LEAD", "BUSINESS", [2, 1, 1, 1, 0, 1]),
            ("OWNER", "CALENDAR", [2, 1, 0, 2, 0, 2]),
            ("OWNER", "BUSINESS", [2, 1, 1, 1, 0, 2]),
        ] {
            assert_eq!(found[&(clock.to_owned(), hours.to_owned())], expected.map(Some), "{clock} {hours}");
        }
        // The metrics are the same figures. In minutes: 0, 4, 270, 1440, and 3900 for the lead or 20 for its second owner.
        let metrics = "metrics: [SPEED_TO_LEAD, SPEED_TO_LEAD_BUSINESS, LEAD_RESPONSE_TIME, LEAD_RESPONSE_BUSINESS_TIME]";
        let answer = aggregate(&max, &format!("{metrics}, {}", year())).await;
        let expected = [(270, 5614, 1), (60, 664, 1), (20, 1734, 2), (20, 624, 2)];
        for (nth, (median, total, open)) in expected.into_iter().enumerate() {
            let figure = whole(&answer, nth);
            assert_eq!(figure["value"], json!(minutes(median)), "{}", figure["metric"]);
            assert_eq!(figure["distribution"]["mean"], json!(minutes(total) / 5.0), "{}", figure["metric"]);
            assert_eq!(figure["openCount"], json!(open), "{}", figure["metric"]);
            let (clock, hours) = ([0, 0, 2, 2][nth], nth % 2);
            assert_eq!(all["clocks"][clock + hours]["time"]["p50"], figure["value"]);
            let pre = json!({ "metric": figure["metric"], "reason": "PRE_OFFER", "count": 1 });
            assert!(answer["excluded"].as_array().unwrap().contains(&pre), "{}", answer["excluded"]);
        }
        // What was not known yet: on Monday before the call the lead still waits, for its second owner.
        let then = format!("leadResponse(from: \"{FROM}\", to: \"{TO}\", asOf: \"2026-06-08T07:20:00Z\") {{ {RESPONSE} }}");
        let then = bands(&named(&max, "leadResponse", &then).await);
        assert_eq!(then[&("LEAD".to_owned(), "CALENDAR".to_owned())], [2, 0, 0, 2, 0, 2].map(Some));
        assert_eq!(then[&("OWNER".to_owned(), "CALENDAR".to_owned())], [2, 0, 0, 2, 0, 3].map(Some));
        // Cut in two and added, it is the whole.
        let half = "2026-06-04T00:00:00Z";
        let (first, second) =
            (named(&max, "leadResponse", &ask(FROM, half)).await, named(&max, "leadResponse", &ask(half, TO)).await);
        let (first, second) = (bands(&first), bands(&second));
        for (key, counts) in &found {
            let sum: Vec<Option<i64>> = first[key].iter().zip(&second[key]).map(|(a, b)| Some(a.unwrap() + b.unwrap())).collect();
            assert_eq!(&sum, counts, "{key:?}");
        }
        // Plain SQL: offers, leads, and leads that were offered again.
        let of = "FROM handover WHERE tenant_id = :tenant AND boundary = 'MARKETING_TO_SALES'";
        assert_eq!(sql(&world, &format!("SELECT COUNT(*) AS n {of}")).await, 7);
        assert_eq!(sql(&world, &format!("SELECT COUNT(DISTINCT subject_id) AS n {of}")).await, 6);
        // Who reads no rows is told how many, and of no band of few.
        let ana = named(&world.ana(), "leadResponse", &ask(FROM, TO)).await;
        assert_eq!((&ana["offers"], &ana["leads"], &ana["preOffer"]), (&json!(7), &json!(6), &Value::Null));
        for (key, counts) in bands(&ana) {
            for (shown, full) in counts.iter().zip(&found[&key]) {
                assert_eq!(*shown, full.filter(|n| *n == 0), "{key:?}: two persons at most stand behind a band");
            }
        }
        let words = refusal(&max, &ask(TO, FROM)).await;
        assert!(words.starts_with("to: after from"), "{words}");
        let filtered = format!("leadResponse(from: \"{FROM}\", to: \"{TO}\", where: [{{ dimension: PRIORITY, keys: [\"HIGH\"] }}]) {{ offers }}");
        let words = refusal(&max, &filtered).await;
        assert!(words.starts_with("where: LEAD_RESPONSE does not know PRIORITY; it knows ACCOUNT"), "{words}");
    })
    .await;
}

/// A dice that falls alike on every machine.
fn dice(mut state: u64) -> impl FnMut(i64) -> i64 {
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % below
    }
}

#[tokio::test]
async fn a_plain_search_through_offers_and_calls_finds_the_same_clocks() {
    each_engine(async |world: World| {
        let end = world.now();
        let (sam, sue) = (world.acme.cast.sam, world.acme.cast.sue);
        let mut dice = dice(11);
        let start = at("2026-06-01T06:00:00Z");
        let minute = |minute: i64| start + TimeDelta::minutes(minute);
        // How long the clocks of leads and of owners ran, in milliseconds; none where they still run.
        let (mut leads, mut owners) = (Vec::new(), Vec::new());
        for nth in 0..15 {
            let lead = Box::pin(asks(&world, &format!("Lead {nth}"), &minute(nth).to_rfc3339())).await;
            // To whom it is offered, and when: to the inbox, in which Sam works, to Sam or to Sue.
            let mut offers = Vec::new();
            for _ in 0..=dice(3) {
                offers
                    .push((minute(100 + dice(2_000)), [None, Some(sam), Some(sue)][usize::try_from(dice(3)).unwrap()]));
            }
            offers.sort_unstable();
            offers.dedup_by_key(|(when, _)| *when);
            let mut calls = Vec::new();
            for _ in 0..dice(6) {
                let (when, by, automatic) = (minute(20 + dice(2_500)) + TimeDelta::seconds(30), dice(2), dice(3) == 0);
                calls.push((when, if by == 0 { sam } else { sue }, automatic));
            }
            for (when, to) in &offers {
                Box::pin(offered(&world, lead, *to, &when.to_rfc3339(), None)).await;
            }
            for (when, by, automatic) in &calls {
                Box::pin(calls_by(&world, lead, *by, &when.to_rfc3339(), *automatic)).await;
            }
            let answers = |to: Option<Uuid>, from: DateTime<Utc>, until: DateTime<Utc>| {
                let human = calls.iter().filter(|(_, by, automatic)| !automatic && *by == to.unwrap_or(sam));
                human.map(|(when, ..)| *when).filter(|when| from <= *when && *when < until).min()
            };
            let before = answers(offers[0].1, start, offers[0].0).is_some();
            let mut first: Option<DateTime<Utc>> = None;
            for (place, (when, to)) in offers.iter().enumerate() {
                let next = offers.get(place + 1).map_or(end, |(next, _)| *next);
                let answer = if place == 0 && before { Some(*when) } else { answers(*to, *when, next) };
                owners.push(answer.map(|answer| (answer - *when).num_milliseconds()));
                first = first.or(answer);
            }
            leads.push(first.map(|first| (first - offers[0].0).num_milliseconds()));
        }
        world.clock.set(end);
        let metrics = "metrics: [SPEED_TO_LEAD, LEAD_RESPONSE_TIME, OFFERS, LEADS_OFFERED]";
        let answer = aggregate(&world.max(), &format!("{metrics}, {}", year())).await;
        for (nth, clocks) in [&leads, &owners].into_iter().enumerate() {
            let figure = whole(&answer, nth);
            let ended: Vec<i64> = clocks.iter().copied().flatten().collect();
            assert!(!ended.is_empty() && ended.len() < clocks.len(), "some ran out, some run on");
            assert_eq!(figure["openCount"], json!(clocks.len() - ended.len()), "{}", figure["metric"]);
            assert_eq!(figure["distribution"]["mean"], json!(ended.iter().sum::<i64>() as f64 / ended.len() as f64));
        }
        assert_eq!(whole(&answer, 2)["numerator"], json!(owners.len().to_string()));
        assert_eq!(whole(&answer, 3)["numerator"], json!(leads.len().to_string()));
    })
    .await;
}

/// Opens a deal that is expected to close on a day.
async fn opens(world: &World, account: Uuid, when: &str, amount: i64, closes: Option<&str>) -> Uuid {
    world.clock.set(at(when));
    world
        .work(async |work| {
            let pipeline = pipeline::Entity::find()
                .filter(pipeline::Column::TenantId.eq(work.tenant()))
                .filter(pipeline::Column::Code.eq("SALES"))
                .one(work.tx())
                .await?
                .unwrap();
            let row = work
                .insert::<opportunity::Entity>(opportunity::ActiveModel {
                    account_id: Set(account),
                    name: Set("Deal".to_owned()),
                    pipeline_id: Set(pipeline.id),
                    stage: Set("QUALIFICATION".to_owned()),
                    amount_minor: Set(Some(amount)),
                    currency: Set(Some("EUR".to_owned())),
                    probability: Set(Some(10)),
                    close_date: Set(closes.map(|day| day.parse().unwrap())),
                    ..Default::default()
                })
                .await?;
            enter(work, &row).await?;
            Ok(row.id)
        })
        .await
}

async fn enter(work: &mut Work<'_>, row: &opportunity::Model) -> Result<()> {
    work.enter_stage::<opportunity::Entity>(StageObject::Opportunity, row, &row.stage, "told", None).await?;
    work.take_snapshot(row).await
}

/// Changes a deal.
async fn changes(world: &World, deal: Uuid, when: &str, change: opportunity::ActiveModel) {
    world.clock.set(at(when));
    world
        .work(async |work| {
            let row = opportunity::Entity::find_by_id((work.tenant(), deal)).one(work.tx()).await?.unwrap();
            let row = work.update_row::<opportunity::Entity>(&row, change).await?;
            enter(work, &row).await
        })
        .await;
}

fn closing(day: &str) -> opportunity::ActiveModel {
    opportunity::ActiveModel { close_date: Set(Some(day.parse::<NaiveDate>().unwrap())), ..Default::default() }
}

#[tokio::test]
async fn what_slips_is_what_was_put_off_while_it_was_open() {
    each_engine(async |world: World| {
        let end = world.now();
        world.clock.set(at("2026-06-01T08:00:00Z"));
        let account = world.work(async |work| Ok(rows::account(work, "Late", None, None).await?.id)).await;
        let june = Some("2026-06-30");
        let twice = opens(&world, account, "2026-06-01T08:00:00Z", 100_000, june).await;
        let sooner = opens(&world, account, "2026-06-01T09:00:00Z", 30_000, june).await;
        let won = opens(&world, account, "2026-06-01T10:00:00Z", 40_000, june).await;
        let undated = opens(&world, account, "2026-06-01T11:00:00Z", 60_000, None).await;
        let once = opens(&world, account, "2026-06-01T12:00:00Z", 50_000, june).await;
        changes(&world, twice, "2026-06-10T08:00:00Z", closing("2026-07-15")).await;
        changes(&world, sooner, "2026-06-12T08:00:00Z", closing("2026-06-25")).await;
        // Won later than was expected: that is no slip, nor is the first date of all.
        let close = opportunity::ActiveModel { stage: Set("CLOSED_WON".to_owned()), ..closing("2026-07-01") };
        changes(&world, won, "2026-06-15T08:00:00Z", close).await;
        changes(&world, undated, "2026-06-16T08:00:00Z", closing("2026-08-01")).await;
        // A change of another kind puts nothing off.
        let more = opportunity::ActiveModel { amount_minor: Set(Some(90_000)), ..Default::default() };
        changes(&world, undated, "2026-06-17T08:00:00Z", more).await;
        let dearer = opportunity::ActiveModel { amount_minor: Set(Some(120_000)), ..closing("2026-07-31") };
        changes(&world, twice, "2026-06-20T08:00:00Z", dearer).await;
        changes(&world, once, "2026-07-20T08:00:00Z", closing("2026-09-30")).await;
        // Taken up again with a later day: it was not open when that day was put off.
        let again = opportunity::ActiveModel { stage: Set("QUALIFICATION".to_owned()), ..closing("2026-09-01") };
        changes(&world, won, "2026-07-21T08:00:00Z", again).await;
        world.clock.set(end);
        let metrics = "metrics: [SLIPPAGES, SLIPPED_OPPORTUNITIES, SLIPPED_VALUE]";
        let told = aggregate(&world.max(), &format!("{metrics}, groupBy: [{{ grain: MONTH }}], {}", year())).await;
        let months: Vec<_> = told["rows"].as_array().unwrap().iter().map(|row| {
            let n = |nth: usize| row["values"][nth]["numerator"].as_str().unwrap().to_owned();
            (row["bucket"]["label"].as_str().unwrap().to_owned(), n(0), n(1), n(2))
        }).collect();
        let line = |month: &str, moves: &str, deals: &str, value: &str| (month.to_owned(), moves.to_owned(), deals.to_owned(), value.to_owned());
        assert_eq!(months, [line("2026-06", "2", "1", "2200.00"), line("2026-07", "1", "1", "500.00")]);
        let all = aggregate(&world.max(), &format!("{metrics}, {}", year())).await;
        let numerators: Vec<&Value> = (0..3).map(|nth| &whole(&all, nth)["numerator"]).collect();
        assert_eq!(numerators, [&json!("3"), &json!("2"), &json!("2700.00")], "moves and amounts add up; deals are counted once");
        let moves = "SELECT COUNT(*) AS n FROM (SELECT stage, close_date, LAG(stage) OVER w AS was, LAG(close_date) OVER w AS before
            FROM opportunity_snapshot WHERE tenant_id = :tenant WINDOW w AS (PARTITION BY opportunity_id ORDER BY valid_from, id)) AS s
            WHERE close_date > before AND stage = 'QUALIFICATION' AND was = 'QUALIFICATION'";
        assert_eq!(sql(&world, moves).await, 3);
        // As it was known in the middle of June.
        let then = aggregate(&world.max(), &format!("{metrics}, asOf: \"2026-06-15T00:00:00Z\", {}", year())).await;
        assert_eq!(whole(&then, 2)["numerator"], "1000.00");
    })
    .await;
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

/// An amount in euro for so many, rounded half up.
fn each(amount: &Value, n: usize) -> Decimal {
    let strategy = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    (decimal(amount) / Decimal::from(n)).round_dp_with_strategy(2, strategy)
}

#[tokio::test]
async fn a_new_customer_costs_what_was_spent_for_all_of_them() {
    each_engine_told(async |world: World, market: Market| {
        let max = world.max();
        let mut wins: BTreeMap<usize, Vec<DateTime<Utc>>> = BTreeMap::new();
        for deal in market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| won)) {
            wins.entry(deal.customer).or_default().push(deal.closed.unwrap().0);
        }
        let again = wins.values().filter(|wins| wins.len() > 1).count();
        let metrics = "metrics: [NEW_CUSTOMERS, REPEAT_CUSTOMER_RATE, CAC, CAMPAIGN_COST, LEADS, MQLS, ACCEPTED, OPPORTUNITIES_CREATED, SALES_CYCLE]";
        let answer = aggregate(&max, &format!("{metrics}, {}", year())).await;
        let n = |nth: usize| whole(&answer, nth)["numerator"].as_str().unwrap().parse::<usize>().unwrap();
        assert_eq!(n(0), wins.len(), "each is new once");
        assert_eq!((n(1), &whole(&answer, 1)["denominator"]), (again, &json!(wins.len().to_string())));
        let spent = &whole(&answer, 3)["numerator"];
        assert_eq!((&whole(&answer, 2)["numerator"], &whole(&answer, 2)["denominator"]), (spent, &json!(wins.len().to_string())));
        let first = "SELECT COUNT(DISTINCT o.account_id) AS n FROM opportunity o JOIN stage_interval s ON s.tenant_id = o.tenant_id
            AND s.object_id = o.id AND s.exited_at IS NULL WHERE o.tenant_id = :tenant AND s.stage = 'CLOSED_WON'";
        assert_eq!(sql(&world, first).await, i64::try_from(wins.len()).unwrap());
        // By month they add up: a customer is new in one of them.
        let monthly = aggregate(&max, &format!("metrics: [NEW_CUSTOMERS], groupBy: [{{ dimension: COUNTRY }}, {{ grain: MONTH }}], first: 1000, {}", year())).await;
        let sum: usize = monthly["rows"].as_array().unwrap().iter().map(|row| row["values"][0]["numerator"].as_str().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(sum, wins.len());
        // The cohorts know the same customers.
        let cohorts = named(&max, "cohorts", &format!("cohorts(from: \"{FROM}\", to: \"{TO}\") {{ cohorts {{ size }} }}")).await;
        let sizes: u64 = cohorts["cohorts"].as_array().unwrap().iter().map(|cohort| cohort["size"].as_u64().unwrap()).sum();
        assert_eq!(sizes, wins.len() as u64);

        // What sales cost is told as the cost of a campaign of type OUTBOUND.
        let day: NaiveDate = "2026-05-01".parse().unwrap();
        world.work(async |work| {
            let row = campaign::ActiveModel {
                name: Set("Sales".to_owned()),
                campaign_type: Set(CampaignType::Outbound),
                status: Set(CampaignStatus::Active),
                ..Default::default()
            };
            let campaign_id = work.insert::<campaign::Entity>(row).await?.id;
            let row = campaign_cost::ActiveModel {
                campaign_id: Set(campaign_id),
                date_from: Set(day),
                date_to: Set(day),
                amount_minor: Set(123_400),
                currency: Set("EUR".to_owned()),
                kind: Set(CostKind::Staff),
                ..Default::default()
            };
            work.insert::<campaign_cost::Entity>(row).await
        }).await;
        let money = "{ amount }";
        let fields = format!("cost {money} salesCost {money} newCustomers perCustomer {money} perLead {money} perMql {money} perSal {money} perOpportunity {money} medianCycleDays lagDays costFrom costTo definition scope suppressed");
        let ask = |lag: &str| format!("acquisitionCost(from: \"{FROM}\", to: \"{TO}\", lag: {lag}) {{ {fields} }}");
        let plain = named(&max, "acquisitionCost", &ask("NONE")).await;
        let cost = &plain["cost"]["amount"];
        assert_eq!(decimal(cost), decimal(spent) + Decimal::new(123_400, 2));
        assert_eq!((&plain["salesCost"]["amount"], &plain["newCustomers"], &plain["lagDays"]), (&json!("1234.00"), &json!(wins.len()), &json!(0)));
        for (field, nth) in [("perCustomer", 0), ("perLead", 4), ("perMql", 5), ("perSal", 6), ("perOpportunity", 7)] {
            assert_eq!(decimal(&plain[field]["amount"]), each(cost, n(nth)), "{field}");
        }
        // The cost of the days before, by the median cycle in whole days, from midnight to midnight.
        let days = (whole(&answer, 8)["value"].as_f64().unwrap() / 86_400_000.0).round() as i64;
        assert!(days > 0);
        let lagged = named(&max, "acquisitionCost", &ask("MEDIAN_CYCLE")).await;
        assert_eq!(lagged["lagDays"], json!(days));
        let zone = chrono_tz::Europe::Berlin;
        for (field, moment) in [("costFrom", FROM), ("costTo", TO)] {
            let shifted = at(lagged[field].as_str().unwrap()).with_timezone(&zone);
            let own = at(moment).with_timezone(&zone);
            assert_eq!((own.date_naive() - shifted.date_naive()).num_days(), days);
            assert_eq!(shifted.time(), own.time());
        }
        let window = format!("from: {}, to: {}", lagged["costFrom"], lagged["costTo"]);
        let then = aggregate(&max, &format!("metrics: [CAMPAIGN_COST], {window}")).await;
        assert_eq!(lagged["cost"]["amount"], whole(&then, 0)["numerator"]);
        assert_eq!(lagged["newCustomers"], plain["newCustomers"]);
        // Marketing knows the cost and not all customers: it is refused, as CAC is; so is what a campaign's cost does not know.
        let words = refusal(&world.mia(), &ask("NONE")).await;
        assert!(words.starts_with("metrics: CAC is not for your role"), "{words}");
        let filtered = format!("acquisitionCost(from: \"{FROM}\", to: \"{TO}\", where: [{{ dimension: COUNTRY, keys: [\"DE\"] }}]) {{ suppressed }}");
        let words = refusal(&max, &filtered).await;
        assert!(words.starts_with("where: "), "{words}");
        // The board has them for everybody.
        let board = named(&world.vera(), "scoreboard", &format!("scoreboard(from: \"{FROM}\", to: \"{TO}\") {{ lines {{ metric }} }}")).await;
        let lines: Vec<&str> = board["lines"].as_array().unwrap().iter().map(|line| line["metric"].as_str().unwrap()).collect();
        for metric in ["SPEED_TO_LEAD", "SQLS", "NEW_CUSTOMERS", "REPEAT_CUSTOMER_RATE"] {
            assert!(lines.contains(&metric), "{metric}");
        }
    })
    .await;
}
