//! Figures of the whole tenant against what was told: counts, shares, money, durations, what stands at a moment, time and money of
//! other zones and currencies; and arguments that cannot be meant.

use std::collections::BTreeMap;

use api::graph::Kind;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use entities::{
    codes::{
        ActivityKind, AttendeeResponse, Direction, HandoverBoundary, HandoverOutcome, LeadStatus, MeetingKind,
        SubjectType,
    },
    marketing::{handover, lead},
    sales::{activity, meeting, meeting_attendee},
};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{World, each_engine, each_engine_told, id, rows};

use super::{
    aggregate, by_key,
    market::{Market, Offer, TO, at},
    refused, whole, year,
};

fn offers(market: &Market) -> impl Iterator<Item = &Offer> {
    market.leads.iter().filter_map(|lead| lead.offer.as_ref())
}

fn outcome(offer: &Offer) -> Option<HandoverOutcome> {
    offer.decided.map(|(_, outcome, _)| outcome)
}

fn count(n: usize) -> Value {
    json!(n.to_string())
}

#[tokio::test]
async fn counts_and_shares_are_those_of_what_was_told() {
    each_engine_told(async |world: World, market: Market| {
        let max = world.max();
        let metrics = "metrics: [TOUCHES, PERSONS_REACHED, LEADS, MQLS, MQL_RATE, OFFERS, ACCEPTED, REJECTED, ACCEPTANCE_RATE, DECIDED_RATE, ON_TIME_RATE, OPPORTUNITIES_CREATED, WON, LOST, WIN_RATE, COHORT_WIN_RATE, TICKETS, TICKETS_SOLVED, SLA_ATTAINMENT, CSAT]";
        let answer = aggregate(&max, &format!("{metrics}, {}", year())).await;
        let persons: std::collections::BTreeSet<_> = market.touches.iter().map(|touch| touch.contact).collect();
        let mqls = market.leads.iter().filter(|lead| lead.mql.is_some()).count();
        let accepted = offers(&market).filter(|offer| outcome(offer) == Some(HandoverOutcome::Accepted)).count();
        let rejected = offers(&market).filter(|offer| outcome(offer) == Some(HandoverOutcome::Rejected)).count();
        let on_time = offers(&market)
            .filter(|offer| offer.decided.is_some_and(|(at, outcome, _)| at <= offer.due && outcome != HandoverOutcome::Expired));
        let on_time = on_time.count();
        let won = market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| won)).count();
        let lost = market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| !won)).count();
        let solved = market.cases.iter().filter(|case| case.solved.is_some()).count();
        let met = |case: &&super::market::Case| case.answered.is_some_and(|at| at <= case.created + TimeDelta::hours(4));
        let met = market.cases.iter().filter(met).count();
        let content = market.answers.iter().filter(|(_, score, _)| *score >= 4).count();
        let n = offers(&market).count();
        let numerators = [
            market.touches.len(), persons.len(), market.leads.len(), mqls, mqls, n, accepted, rejected, accepted,
            accepted + rejected, on_time, market.deals.len(), won, lost, won, won, market.cases.len(), solved, met, content,
        ];
        for (nth, expected) in numerators.into_iter().enumerate() {
            assert_eq!(whole(&answer, nth)["numerator"], count(expected), "{}", whole(&answer, nth)["metric"]);
        }
        // Every case whose answer is late or lacking is a breach by now, marked or not.
        let denominators = [
            (4, market.leads.len()), (8, accepted + rejected), (9, n), (10, n), (14, won + lost), (15, market.deals.len()),
            (18, market.cases.len()), (19, market.answers.len()),
        ];
        for (nth, expected) in denominators {
            let figure = whole(&answer, nth);
            assert_eq!(figure["denominator"], count(expected), "{}", figure["metric"]);
            let value: f64 = numerators[nth] as f64 / expected as f64;
            assert_close(&figure["value"], value);
            let (low, high) = (figure["low"].as_f64().unwrap(), figure["high"].as_f64().unwrap());
            assert!(low < value && value < high, "the interval holds the share");
        }
        let open = market.deals.iter().filter(|deal| deal.closed.is_none()).count();
        assert_eq!(whole(&answer, 15)["openCount"], json!(open));
        assert_eq!(whole(&answer, 15)["mature"], json!(open == 0));
        let undecided = n - accepted - rejected;
        assert!(answer["excluded"].as_array().unwrap().contains(
            &json!({ "metric": "ACCEPTANCE_RATE", "reason": "UNDECIDED", "count": undecided })
        ));
        assert_eq!(answer["scope"], "ALL");
        assert_eq!(answer["timezone"], "Europe/Berlin");
        assert_eq!(answer["currency"], "EUR");
        assert_eq!(answer["definitions"][0], "TOUCHES@1");
    })
    .await;
}

/// CHF in EUR by the rates that were told, rounded half away from zero.
fn euro(minor: i64, currency: &str, day: NaiveDate) -> i64 {
    if currency == "EUR" {
        return minor;
    }
    let nano: i128 = if day < "2026-03-01".parse().unwrap() { 900_000_000 } else { 1_050_000_000 };
    i64::try_from((i128::from(minor) * nano + 500_000_000) / 1_000_000_000).unwrap()
}

fn decimal(minor: i64) -> Value {
    json!(format!("{}.{:02}", minor / 100, minor % 100))
}

#[tokio::test]
async fn money_is_converted_row_by_row_and_adds_up_whatever_tells_it_apart() {
    each_engine_told(async |world: World, market: Market| {
        let max = world.max();
        let won = || market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| won));
        let worth = |deal: &super::market::Deal| euro(deal.amount, deal.currency, deal.close_date);
        let total: i64 = won().map(worth).sum();
        let answer =
            aggregate(&max, &format!("metrics: [WON_VALUE, AVERAGE_WON_VALUE, WIN_RATE_BY_VALUE], {}", year())).await;
        assert_eq!(whole(&answer, 0)["money"], json!({ "amount": decimal(total), "currency": "EUR" }));
        assert_eq!(whole(&answer, 1)["denominator"], count(won().count()));
        let lost: i64 = market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| !won)).map(worth).sum();
        assert_eq!(whole(&answer, 2)["numerator"], decimal(total));
        assert_eq!(whole(&answer, 2)["denominator"], decimal(total + lost));

        let answer =
            aggregate(&max, &format!("metrics: [WON_VALUE], groupBy: [{{ dimension: CAMPAIGN }}], {}", year())).await;
        let mut expected: BTreeMap<Option<String>, i64> = BTreeMap::new();
        for deal in won() {
            let key = deal.campaign.map(|nth| id(Kind::Campaign, market.campaigns[nth]));
            *expected.entry(key).or_default() += worth(deal);
        }
        let expected: BTreeMap<_, _> = expected.into_iter().map(|(key, sum)| (key, decimal(sum))).collect();
        assert_eq!(by_key(&answer, "numerator"), expected);
        assert_eq!(answer["rows"][1]["keys"][0]["label"], "Campaign 0");

        // At one day's rate, and in a currency that nobody has a rate for.
        let day = "2026-05-01".parse().unwrap();
        let fixed: i64 = won().map(|deal| euro(deal.amount, deal.currency, day)).sum();
        let arguments = format!("metrics: [WON_VALUE], fx: {{ mode: FIXED, date: \"2026-05-01\" }}, {}", year());
        assert_eq!(whole(&aggregate(&max, &arguments).await, 0)["numerator"], decimal(fixed));
        let answer = aggregate(&max, &format!("metrics: [WON_VALUE], currency: \"USD\", {}", year())).await;
        assert_eq!(whole(&answer, 0)["numerator"], "0.00");
        assert_eq!(
            answer["excluded"],
            json!([{ "metric": "WON_VALUE", "reason": "MISSING_RATE", "count": won().count() }])
        );

        // Cost, spread over its days and cut to the period.
        let cost = |from: &str, to: &str| -> i64 {
            let (from, to): (NaiveDate, NaiveDate) = (from.parse().unwrap(), to.parse().unwrap());
            let mut sum = 0;
            for (_, first, last, amount, currency) in &market.costs {
                let days = (*last - *first).num_days() + 1;
                for (nth, day) in first.iter_days().take(usize::try_from(days).unwrap()).enumerate() {
                    // Equal parts; what is left over goes to the earliest days.
                    let nth = i64::try_from(nth).unwrap();
                    let part = amount / days + i64::from(nth < amount % days);
                    if from <= day && day < to && *currency != "USD" {
                        sum += euro(part, currency, day);
                    }
                }
            }
            sum
        };
        let arguments = "metrics: [CAMPAIGN_COST], from: \"2025-12-31T23:00:00Z\", to: \"2026-01-31T23:00:00Z\"";
        assert_eq!(whole(&aggregate(&max, arguments).await, 0)["numerator"], decimal(cost("2026-01-01", "2026-02-01")));
        let all = aggregate(&max, &format!("metrics: [CAMPAIGN_COST, ROAS, ROI], {}", year())).await;
        assert_eq!(whole(&all, 0)["numerator"], decimal(cost("2025-11-01", "2026-11-01")));
        let cost = cost("2025-11-01", "2026-11-01");
        let credited: i64 = won().filter(|deal| deal.campaign.is_some()).map(worth).sum();
        assert_close(&whole(&all, 1)["value"], credited as f64 / cost as f64);
        assert_eq!(whole(&all, 2)["numerator"], decimal(credited - cost));
    })
    .await;
}

/// The quantile of R type 7.
fn quantile(samples: &mut [i64], p: f64) -> f64 {
    samples.sort_unstable();
    let place = (samples.len() - 1) as f64 * p;
    let (below, part) = (place.floor(), place.fract());
    let at = |place: f64| samples[place as usize] as f64;
    at(below) + (at((below + 1.0).min(samples.len() as f64 - 1.0)) - at(below)) * part
}

fn assert_close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() <= expected.abs() * 1e-12, "{value} is not {expected}");
}

#[tokio::test]
async fn durations_are_those_that_ended_and_the_open_are_counted_beside() {
    each_engine_told(async |world: World, market: Market| {
        let answer = aggregate(
            &world.max(),
            &format!("metrics: [LEAD_RESPONSE_TIME, SALES_CYCLE, FIRST_RESPONSE_TIME, RESOLUTION_TIME], {}", year()),
        )
        .await;
        let ms = |time: TimeDelta| time.num_milliseconds();
        let waits: Vec<Option<TimeDelta>> = market
            .leads
            .iter()
            .filter_map(|lead| lead.offer.as_ref().map(|offer| market.waited(lead, offer)))
            .collect();
        let called: Vec<i64> = waits.iter().flatten().map(|wait| ms(*wait)).collect();
        let cycles = market
            .deals
            .iter()
            .filter_map(|deal| deal.closed.filter(|(_, won)| *won).map(|(at, _)| ms(at - deal.created)));
        let firsts = market.cases.iter().filter_map(|case| Some(ms(case.answered? - case.created)));
        let lasts = market.cases.iter().filter_map(|case| Some(ms(case.solved? - case.created)));
        let answered = market.cases.iter().filter(|case| case.answered.is_none()).count();
        let open = [
            waits.iter().filter(|wait| wait.is_none()).count(),
            0,
            answered,
            market.cases.iter().filter(|case| case.solved.is_none()).count(),
        ];
        for (nth, mut samples) in [called, cycles.collect(), firsts.collect(), lasts.collect()].into_iter().enumerate()
        {
            let figure = whole(&answer, nth);
            let lies = &figure["distribution"];
            assert_close(&lies["mean"], samples.iter().sum::<i64>() as f64 / samples.len() as f64);
            for (name, p) in [("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p95", 0.95)] {
                assert_close(&lies[name], quantile(&mut samples, p));
            }
            assert_eq!(figure["value"], lies["p50"]);
            assert_eq!(figure["openCount"], json!(open[nth]), "{}", figure["metric"]);
            assert_eq!(figure["mature"], json!(open[nth] == 0));
        }
    })
    .await;
}

#[tokio::test]
async fn a_booked_meeting_answers_an_offer_and_an_automatic_mail_does_not() {
    each_engine(async |world: World| {
        let (offered, sam) = (at("2026-06-01T08:00:00Z"), world.acme.cast.sam);
        let end = world.now();
        let tell = async |when: DateTime<Utc>| world.clock.set(when);
        tell(offered).await;
        let (account, contact) = world
            .work(async |work| {
                let account = rows::account(work, "Asks", Some(sam), None).await?.id;
                let contact = rows::contact(work, Some(account), "A", "Sks").await?.id;
                let row = lead::ActiveModel {
                    contact_id: Set(Some(contact)),
                    account_id: Set(Some(account)),
                    status: Set(LeadStatus::Offered),
                    ..Default::default()
                };
                let lead = work.insert::<lead::Entity>(row).await?.id;
                let row = handover::ActiveModel {
                    boundary: Set(HandoverBoundary::MarketingToSales),
                    to_queue_id: Set(Some(world.acme.sales_inbox)),
                    subject_type: Set(SubjectType::Lead),
                    subject_id: Set(lead),
                    account_id: Set(Some(account)),
                    offered_at: Set(offered),
                    automatic: Set(true),
                    ..Default::default()
                };
                work.insert::<handover::Entity>(row).await?;
                Ok((account, contact))
            })
            .await;
        let mail = activity::ActiveModel {
            kind: Set(ActivityKind::Email),
            direction: Set(Direction::Outbound),
            account_id: Set(Some(account)),
            contact_id: Set(Some(contact)),
            colleague_id: Set(Some(sam)),
            occurred_at: Set(offered + TimeDelta::minutes(10)),
            automatic: Set(true),
            ..Default::default()
        };
        world.work(async |work| work.insert::<activity::Entity>(mail).await).await;
        let arguments = format!("metrics: [LEAD_RESPONSE_TIME], {}", year());
        let waits = aggregate(&world.max(), &arguments).await;
        assert_eq!((&whole(&waits, 0)["value"], &whole(&waits, 0)["openCount"]), (&Value::Null, &json!(1)));
        tell(offered + TimeDelta::hours(1)).await;
        world
            .work(async |work| {
                let row = meeting::ActiveModel {
                    organizer_id: Set(Some(sam)),
                    ..meeting_of(account, offered + TimeDelta::days(7))
                };
                let meeting = work.insert::<meeting::Entity>(row).await?.id;
                let guest = meeting_attendee::ActiveModel {
                    meeting_id: Set(meeting),
                    contact_id: Set(Some(contact)),
                    response: Set(AttendeeResponse::Pending),
                    ..Default::default()
                };
                work.insert::<meeting_attendee::Entity>(guest).await
            })
            .await;
        tell(end).await;
        let answered = aggregate(&world.max(), &arguments).await;
        assert_eq!(
            (&whole(&answered, 0)["value"], &whole(&answered, 0)["openCount"]),
            (&json!(3_600_000.0), &json!(0))
        );
    })
    .await;
}

fn meeting_of(account: uuid::Uuid, starts_at: DateTime<Utc>) -> meeting::ActiveModel {
    meeting::ActiveModel {
        account_id: Set(Some(account)),
        starts_at: Set(starts_at),
        kind: Set(MeetingKind::Demo),
        ..Default::default()
    }
}

#[tokio::test]
async fn business_time_is_that_of_the_companys_calendar() {
    each_engine_told(async |world: World, market: Market| {
        let arguments = format!("metrics: [FIRST_RESPONSE_BUSINESS_TIME], {}", year());
        // Without a calendar there is no business time, and nobody pretends that there is.
        let none = aggregate(&world.max(), &arguments).await;
        let answered: Vec<_> = market.cases.iter().filter_map(|case| Some((case.created, case.answered?))).collect();
        assert_eq!(whole(&none, 0)["value"], Value::Null);
        let excluded = json!({ "metric": "FIRST_RESPONSE_BUSINESS_TIME", "reason": "NO_CALENDAR", "count": answered.len() });
        assert!(none["excluded"].as_array().unwrap().contains(&excluded), "{none}");
        let hours = |day: &str| json!([{ "day": day, "from": "09:00", "to": "12:00" }, { "day": day, "from": "13:00", "to": "17:00" }]);
        let weekly: Vec<Value> = ["MON", "TUE", "WED", "THU", "FRI"].iter().flat_map(|day| hours(day).as_array().unwrap().clone()).collect();
        let calendar = json!({ "code": "OFFICE", "name": "Office", "zone": "Europe/Berlin", "weekly": weekly, "holidays": ["2026-04-03", "2026-04-06"] });
        world.max().act("createBusinessCalendar", "businessCalendar { code }", calendar).await.must();
        // Minute by minute, as slow as it is plain.
        let open = |at: DateTime<Utc>| {
            let local = at.with_timezone(&chrono_tz::Europe::Berlin);
            let minute = chrono::Timelike::hour(&local) * 60 + chrono::Timelike::minute(&local);
            let day = local.date_naive();
            let off = day == "2026-04-03".parse().unwrap() || day == "2026-04-06".parse().unwrap();
            !off && day.weekday().num_days_from_monday() < 5 && ((540..720).contains(&minute) || (780..1020).contains(&minute))
        };
        let took = |(from, to): &(DateTime<Utc>, DateTime<Utc>)| {
            let minutes = (*to - *from).num_minutes();
            (0..minutes).filter(|minute| open(*from + TimeDelta::minutes(*minute))).count() as i64 * 60_000
        };
        let mut samples: Vec<i64> = answered.iter().map(took).collect();
        let answer = aggregate(&world.max(), &arguments).await;
        let lies = &whole(&answer, 0)["distribution"];
        assert_close(&lies["mean"], samples.iter().sum::<i64>() as f64 / samples.len() as f64);
        assert_close(&lies["p90"], quantile(&mut samples, 0.9));
        assert!(samples.iter().sum::<i64>() > 0);
    })
    .await;
}

#[tokio::test]
async fn what_stands_at_a_moment_is_what_stood_then() {
    each_engine_told(async |world: World, market: Market| {
        let answer = aggregate(
            &world.max(),
            &format!("metrics: [OPEN_OPPORTUNITIES, PIPELINE_VALUE, PIPELINE_WEIGHTED, BACKLOG], groupBy: [{{ grain: MONTH }}], fx: {{ mode: FIXED, date: \"2026-05-01\" }}, fill: ZERO, {}", year()),
        )
        .await;
        let rows = answer["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 12);
        let day: NaiveDate = "2026-05-01".parse().unwrap();
        for row in rows {
            let end: DateTime<Utc> = row["bucket"]["to"].as_str().unwrap().parse().unwrap();
            let open = market.deals.iter().filter(|deal| deal.created <= end && deal.closed.is_none_or(|(at, _)| at > end));
            let open: Vec<_> = open.collect();
            let waits = market.cases.iter().filter(|case| case.created <= end && case.solved.is_none_or(|at| at > end));
            let worth = |deal: &&&super::market::Deal| euro(deal.amount, deal.currency, day);
            assert_eq!(row["values"][0]["numerator"], count(open.len()), "{end}");
            assert_eq!(row["values"][1]["numerator"], decimal(open.iter().map(|deal| worth(&deal)).sum()));
            let tenth = |deal: &&super::market::Deal| (worth(&deal) * 10 + 50) / 100;
            assert_eq!(row["values"][2]["numerator"], decimal(open.iter().map(tenth).sum()));
            assert_eq!(row["values"][3]["numerator"], count(waits.count()));
        }
    })
    .await;
}

#[tokio::test]
async fn time_is_cut_where_people_live_and_parts_add_up() {
    each_engine_told(async |world: World, market: Market| {
        let ada = world.ada();
        // Monthly, in the tenant's zone and in another.
        for zone in ["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"] {
            let tz: chrono_tz::Tz = zone.parse().unwrap();
            let arguments = format!("metrics: [LEADS], groupBy: [{{ grain: MONTH }}], timezone: \"{zone}\", {}", year());
            let answer = aggregate(&ada, &arguments).await;
            let mut expected: BTreeMap<String, usize> = BTreeMap::new();
            for lead in &market.leads {
                let day = lead.created.with_timezone(&tz).date_naive();
                *expected.entry(format!("{}-{:02}", day.year(), day.month())).or_default() += 1;
            }
            let found: BTreeMap<String, usize> = answer["rows"].as_array().unwrap().iter().map(|row| {
                let n = row["values"][0]["numerator"].as_str().unwrap().parse().unwrap();
                (row["bucket"]["label"].as_str().unwrap().to_owned(), n)
            }).collect();
            assert_eq!(found, expected, "{zone}");
        }
        // The day on which the clocks go back has 25 hours; each is a bucket, and all of them are answered.
        let day = "from: \"2026-10-24T22:00:00Z\", to: \"2026-10-25T23:00:00Z\"";
        let answer = aggregate(&ada, &format!("metrics: [TOUCHES], groupBy: [{{ grain: HOUR }}], fill: ZERO, {day}")).await;
        let labels: Vec<&str> = answer["rows"].as_array().unwrap().iter().map(|row| row["bucket"]["label"].as_str().unwrap()).collect();
        assert_eq!(labels.len(), 25);
        assert_eq!(&labels[2..4], ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]);

        // Two dimensions and time: every cell, and all of them together are the whole.
        let arguments = format!("metrics: [LEADS], groupBy: [{{ dimension: CHANNEL_GROUP }}, {{ dimension: COUNTRY }}, {{ grain: FISCAL_QUARTER }}], fiscalOffset: 3, first: 1000, {}", year());
        let answer = aggregate(&ada, &arguments).await;
        let sum: usize = answer["rows"].as_array().unwrap().iter().map(|row| row["values"][0]["numerator"].as_str().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(sum, market.leads.len());
        let first = &answer["rows"][0];
        assert_eq!(first["bucket"]["label"], "FY2026-Q3", "the fiscal year that ends in March 2026 began in April 2025");

        // Industries, as they are and rolled up to their root.
        let arguments = format!("metrics: [LEADS], groupBy: [{{ dimension: INDUSTRY }}], {}", year());
        let answer = aggregate(&ada, &arguments).await;
        let of = |industry: usize| market.leads.iter().filter(|lead| market.customers[lead.customer].industry == industry).count();
        let expected: BTreeMap<_, _> = (0..3).map(|nth| (Some(id(Kind::Industry, market.industries[nth])), count(of(nth)))).collect();
        assert_eq!(by_key(&answer, "numerator"), expected);
        let arguments = format!("metrics: [LEADS], groupBy: [{{ dimension: INDUSTRY, level: 0 }}], {}", year());
        let answer = aggregate(&ada, &arguments).await;
        let root = id(Kind::Industry, market.industries[2]);
        assert_eq!(by_key(&answer, "numerator"), BTreeMap::from([(Some(root.clone()), count(market.leads.len()))]));
        let below = id(Kind::Industry, market.industries[0]);
        let arguments = format!("metrics: [LEADS], where: [{{ dimension: INDUSTRY, keys: [\"{below}\"] }}], {}", year());
        assert_eq!(whole(&aggregate(&ada, &arguments).await, 0)["numerator"], count(of(0)));
        let arguments = format!("metrics: [LEADS], where: [{{ dimension: INDUSTRY, keys: [\"{root}\"] }}], {}", year());
        assert_eq!(whole(&aggregate(&ada, &arguments).await, 0)["numerator"], count(market.leads.len()));
    })
    .await;
}

#[tokio::test]
async fn the_past_is_asked_as_it_was_known_then_and_pages_hold_every_row_once() {
    each_engine_told(async |world: World, market: Market| {
        let ada = world.ada();
        let then = at("2026-03-15T00:00:00Z");
        let made = |offer: &&Offer| offer.at <= then;
        let known = |offer: &&Offer| {
            offer.decided.is_some_and(|(at, outcome, _)| {
                at <= then && matches!(outcome, HandoverOutcome::Accepted | HandoverOutcome::Rejected)
            })
        };
        let accepted = |offer: &&Offer| outcome(offer) == Some(HandoverOutcome::Accepted);
        let arguments = format!("metrics: [OFFERS, ACCEPTANCE_RATE], asOf: \"2026-03-15T00:00:00Z\", {}", year());
        let answer = aggregate(&ada, &arguments).await;
        assert_eq!(whole(&answer, 0)["numerator"], count(offers(&market).filter(made).count()));
        let decided: Vec<&Offer> = offers(&market).filter(made).filter(known).collect();
        assert_eq!(whole(&answer, 1)["denominator"], count(decided.len()));
        assert_eq!(whole(&answer, 1)["numerator"], count(decided.iter().filter(|offer| accepted(offer)).count()));

        let arguments =
            format!("metrics: [LEADS], groupBy: [{{ dimension: CAMPAIGN }}, {{ grain: WEEK }}], {}", year());
        let all = aggregate(&ada, &format!("{arguments}, first: 1000")).await;
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let page = aggregate(&ada, &format!("{arguments}, first: 7{after}")).await;
            let found = page["rows"].as_array().unwrap().clone();
            after = format!(", after: {}", found.last().unwrap()["cursor"]);
            rows.extend(found);
            if page["hasNextPage"] == json!(false) {
                break;
            }
        }
        assert_eq!(Value::Array(rows), all["rows"]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_what_is_allowed() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let year = year();
        for (arguments, words) in [
            (format!("metrics: [], {year}"), "metrics: 1 to 20"),
            (format!("metrics: [LEADS], from: \"{TO}\", to: \"{TO}\""), "to: after from"),
            (
                "metrics: [LEADS], from: \"1900-01-01T00:00:00Z\", to: \"2026-01-01T00:00:00Z\"".to_owned(),
                "to: at most 50 years",
            ),
            (format!("metrics: [LEADS], timezone: \"Mars/Olympus\", {year}"), "timezone: an IANA time zone"),
            (format!("metrics: [LEADS], currency: \"eur\", {year}"), "currency: an ISO 4217 code"),
            (format!("metrics: [LEADS], fiscalOffset: 12, {year}"), "fiscalOffset: 0 to 11"),
            (
                format!("metrics: [LEADS], groupBy: [{{ dimension: PRIORITY }}], {year}"),
                "groupBy: LEADS does not know PRIORITY; it knows ACCOUNT, INDUSTRY",
            ),
            (
                format!("metrics: [CAMPAIGN_COST], where: [{{ dimension: COUNTRY, keys: [\"DE\"] }}], {year}"),
                "where: CAMPAIGN_COST does not know COUNTRY",
            ),
            (
                format!("metrics: [LEADS], where: [{{ dimension: CAMPAIGN, keys: [\"chn_1\"] }}], {year}"),
                "where: the keys of CAMPAIGN are ids that begin with cmp_",
            ),
            (
                format!("metrics: [LEADS], where: [{{ dimension: CAMPAIGN, keys: [] }}], {year}"),
                "where: CAMPAIGN takes 1 to 100 keys",
            ),
            (
                format!("metrics: [LEADS], groupBy: [{{ grain: DAY }}, {{ grain: MONTH }}], {year}"),
                "groupBy: each is either",
            ),
            (
                format!("metrics: [LEADS], groupBy: [{{ dimension: TIER, level: 1 }}], {year}"),
                "groupBy: `level` belongs to INDUSTRY",
            ),
            (
                format!("metrics: [LEADS], groupBy: [{{ dimension: TIER }}, {{ dimension: TIER }}], {year}"),
                "groupBy: TIER twice",
            ),
            (
                format!("metrics: [LEADS], groupBy: [{{ grain: HOUR }}], {year}"),
                "groupBy: this period has more than 2000 buckets",
            ),
            (format!("metrics: [LEADS], fx: {{ mode: FIXED }}, {year}"), "fx: `date` belongs to mode FIXED"),
            (format!("metrics: [LEADS], first: 0, {year}"), "first: between 1 and 1000"),
        ] {
            let (code, message) = refused(&ada, &arguments).await;
            assert_eq!(code, "BAD_USER_INPUT", "{arguments}: {message}");
            assert!(message.starts_with(words), "{arguments}: {message}");
        }
        let (code, _) = refused(&ada, &format!("metrics: [LEADS], after: \"nonsense\", {year}")).await;
        assert_eq!(code, "CURSOR_INVALID");
        let (_, message) = refused(&ada, &format!("metrics: [PROFIT], {year}")).await;
        assert!(message.contains("PROFIT"), "{message}");
        // Nothing was told: figures of nothing are nothing, not zero.
        let answer =
            aggregate(&ada, &format!("metrics: [LEADS, WIN_RATE, SALES_CYCLE, AVERAGE_WON_VALUE], {year}")).await;
        assert_eq!(whole(&answer, 0)["numerator"], "0");
        for nth in 1..4 {
            assert_eq!(whole(&answer, nth)["value"], Value::Null);
        }
    })
    .await;
}
