//! What customers of the service wait for, worked by hand: further answers (A11), solutions (A12), the backlog and what changes it (A13),
//! and how content they are. The hours are those of numbers/tests/figures/ticket.rs; here they come in by rows.

use chrono::TimeDelta;
use entities::{
    codes::{AuthorType, StageObject, SurveyKind, TicketPriority, TicketStatus},
    service::{survey_answer, ticket, ticket_message},
};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, Set};
use serde_json::{Value, json};
use tests::{World, each_engine, each_engine_told, rows};

use super::{
    aggregate, by_key,
    definitions::{calendar, minutes, named, refusal, sql},
    explain::explained,
    market::{FROM, Market, TO, at},
    whole, year,
};

/// A case of a customer of its own, new at a moment, first answered at another.
async fn case(
    world: &World,
    name: &str,
    when: &str,
    answered: Option<&str>,
    priority: TicketPriority,
) -> ticket::Model {
    world.clock.set(at(when));
    world
        .work(async |work| {
            let account = rows::account(work, name, None, None).await?.id;
            let contact = rows::contact(work, Some(account), "A", name).await?.id;
            let row = ticket::ActiveModel {
                account_id: Set(Some(account)),
                contact_id: Set(Some(contact)),
                subject: Set("It leaks".to_owned()),
                status: Set(TicketStatus::New),
                priority: Set(priority),
                first_response_at: Set(answered.map(at)),
                reopened_count: Set(0),
                ..Default::default()
            };
            let row = work.insert::<ticket::Entity>(row).await?;
            work.enter_stage::<ticket::Entity>(StageObject::Ticket, &row, "NEW", "told", None).await?;
            Ok(row)
        })
        .await
}

/// A ticket comes to some statuses.
async fn walks(world: &World, ticket: &ticket::Model, way: &[(&str, &str)]) {
    for (when, status) in way {
        world.clock.set(at(when));
        world
            .work(async |work| {
                work.enter_stage::<ticket::Entity>(StageObject::Ticket, ticket, status, "told", None).await
            })
            .await;
    }
}

/// What was written on a ticket: `c` by the customer, `a` by an agent, `n` as a note, `b` by a machine. In the order given.
async fn written(world: &World, ticket: &ticket::Model, words: &[(&str, char)]) {
    let message = |(when, by): &(&str, char)| ticket_message::ActiveModel {
        ticket_id: Set(ticket.id),
        account_id: Set(ticket.account_id),
        author_type: Set(match *by {
            'c' => AuthorType::Contact,
            'b' => AuthorType::Bot,
            _ => AuthorType::Colleague,
        }),
        author_id: Set(ticket.contact_id.filter(|_| *by == 'c')),
        is_public: Set(*by != 'n'),
        is_bot: Set(*by == 'b'),
        body: Set("…".to_owned()),
        sent_at: Set(at(when)),
        ..Default::default()
    };
    let messages: Vec<_> = words.iter().map(message).collect();
    world
        .work(async |work| {
            for message in messages {
                work.insert::<ticket_message::Entity>(message).await?;
            }
            Ok(())
        })
        .await;
}

/// Three cases. The office is open from 9 to 17, in UTC. The fifth of June 2026 is a Friday.
async fn three_cases(world: &World) {
    // The worked resolution: solved on Friday, opened again on Saturday, solved on Monday.
    let one = case(world, "One", "2026-06-05T09:00:00Z", Some("2026-06-05T10:00:00Z"), TicketPriority::High).await;
    let way = [
        ("2026-06-05T10:00:00Z", "OPEN"),
        ("2026-06-05T12:00:00Z", "PENDING_CUSTOMER"),
        ("2026-06-05T14:00:00Z", "ON_HOLD"),
        ("2026-06-05T15:00:00Z", "SOLVED"),
        ("2026-06-06T10:00:00Z", "OPEN"),
        ("2026-06-08T11:00:00Z", "SOLVED"),
        ("2026-06-08T12:00:00Z", "CLOSED"),
    ];
    walks(world, &one, &way).await;
    // It waits from Friday 13:00 to 14:30, and from Saturday 10:00 until it is solved: a machine, a note and the customer's own
    // second word end no wait and begin none. Told in the wrong order.
    let words = [
        ("2026-06-07T12:00:00Z", 'c'),
        ("2026-06-06T11:00:00Z", 'n'),
        ("2026-06-06T10:05:00Z", 'b'),
        ("2026-06-06T10:00:01Z", 'c'),
        ("2026-06-05T14:30:00Z", 'a'),
        ("2026-06-05T13:00:00Z", 'c'),
        ("2026-06-05T10:00:00Z", 'a'),
        ("2026-06-05T09:00:00Z", 'c'),
    ];
    written(world, &one, &words).await;
    // The golden fifty minutes from Friday 16:30 to Monday 9:20.
    let two = case(world, "Two", "2026-06-05T12:00:00Z", Some("2026-06-05T13:00:00Z"), TicketPriority::Normal).await;
    let words = [("2026-06-05T13:00:00Z", 'a'), ("2026-06-05T16:30:00Z", 'c'), ("2026-06-08T09:20:00Z", 'a')];
    written(world, &two, &words).await;
    walks(world, &two, &[("2026-06-08T10:00:00Z", "SOLVED")]).await;
    // Answered, and waiting again.
    let three =
        case(world, "Three", "2026-06-08T09:00:00Z", Some("2026-06-08T09:30:00Z"), TicketPriority::Normal).await;
    let words = [("2026-06-08T09:10:00Z", 'c'), ("2026-06-08T09:30:00Z", 'a'), ("2026-06-08T10:00:00Z", 'c')];
    written(world, &three, &words).await;
}

const TIMES: &str = "tickets reopened definition scope clocks { clock count openCount calendar { mean p50 } business { mean p50 } suppressed }";

fn clock(answer: &Value, name: &str) -> Value {
    answer["clocks"].as_array().unwrap().iter().find(|clock| clock["clock"] == name).unwrap().clone()
}

#[tokio::test]
async fn customers_wait_for_answers_and_solutions_by_two_clocks() {
    each_engine(async |world: World| {
        let end = world.now();
        Box::pin(three_cases(&world)).await;
        world.clock.set(end);
        Box::pin(calendar(&world, "UTC", &[("09:00", "17:00")])).await;
        let max = world.max();
        let metrics = "metrics: [NEXT_RESPONSE_TIME, NEXT_RESPONSE_BUSINESS_TIME, FIRST_RESOLUTION_TIME, FIRST_RESOLUTION_BUSINESS_TIME, RESOLUTION_TIME, RESOLUTION_BUSINESS_TIME]";
        let answer = aggregate(&max, &format!("{metrics}, {}", year())).await;
        // Waits of an hour and a half, of 49 hours less a second, and of 64 hours and 50 minutes; at work of 90, 120 and 50 minutes.
        // First solutions after 6 and 70 hours, last ones after 74 and 70; at work after 6 and 6, and after 10 and 6.
        let expected = [
            (minutes(49 * 60) - 1000.0, 3, 1), (minutes(90), 3, 1), (minutes(38 * 60), 2, 1), (minutes(6 * 60), 2, 1),
            (minutes(72 * 60), 2, 1), (minutes(8 * 60), 2, 1),
        ];
        for (nth, (median, ended, open)) in expected.into_iter().enumerate() {
            let figure = whole(&answer, nth);
            assert_eq!(figure["value"], json!(median), "{}", figure["metric"]);
            assert_eq!((&figure["rows"], &figure["openCount"]), (&json!(ended + open), &json!(open)), "{}", figure["metric"]);
        }
        for (reason, metric) in [("SOLVED_UNANSWERED", "NEXT_RESPONSE_TIME"), ("UNFINISHED", "NEXT_RESPONSE_BUSINESS_TIME")] {
            let line = json!({ "metric": metric, "reason": reason, "count": 1 });
            assert!(answer["excluded"].as_array().unwrap().contains(&line), "{}", answer["excluded"]);
        }
        // The rows behind it are tickets, each as often as its customer waited, and add up.
        let (_, waits) = explained(&max, whole(&answer, 0)["explain"].as_str().unwrap()).await;
        let waits = waits.unwrap();
        let took: f64 = waits.iter().filter_map(|row| row["milliseconds"].as_f64()).sum();
        assert_eq!((waits.len(), took), (4, minutes(90 + 49 * 60 + 64 * 60 + 50) - 1000.0));
        assert!(waits.iter().all(|row| row["id"].as_str().unwrap().starts_with("tic_")), "no message is named");
        // The question of its own says the same, and what runs up over the stays.
        let ask = |more: &str| format!("ticketTimes(from: \"{FROM}\", to: \"{TO}\"{more}) {{ {TIMES} }}");
        let all = named(&max, "ticketTimes", &ask("")).await;
        assert_eq!((&all["tickets"], &all["reopened"], &all["definition"]), (&json!(3), &json!(1), &json!("TICKET_TIMES@1")));
        for (name, calendar, business) in [("NEXT_RESPONSE", 0, 1), ("FIRST_RESOLUTION", 2, 3), ("FULL_RESOLUTION", 4, 5)] {
            let found = clock(&all, name);
            assert_eq!(found["calendar"]["p50"], whole(&answer, calendar)["value"], "{name}");
            assert_eq!(found["business"]["p50"], whole(&answer, business)["value"], "{name}");
            assert_eq!(found["openCount"], whole(&answer, calendar)["openCount"], "{name}");
        }
        // Answered after 60, 60 and 30 minutes. In NEW, OPEN and ON_HOLD 53 and 70 hours, at work 6 and 6; pending 2 and 0.
        for (name, n, open, calendar, business) in [
            ("FIRST_RESPONSE", 3, 0, minutes(50), minutes(50)),
            ("REQUESTER_WAIT", 2, 1, minutes(61 * 60 + 30), minutes(6 * 60)),
            ("AGENT_WAIT", 2, 1, minutes(60), minutes(60)),
        ] {
            let found = clock(&all, name);
            assert_eq!((&found["count"], &found["openCount"]), (&json!(n), &json!(open)), "{name}");
            assert_eq!((&found["calendar"]["mean"], &found["business"]["mean"]), (&json!(calendar), &json!(business)), "{name}");
        }
        // On Friday at four it was solved, though it was opened again later; on Saturday it is open.
        for (then, median, open) in [("2026-06-05T16:00:00Z", json!(minutes(6 * 60)), 1), ("2026-06-06T12:00:00Z", Value::Null, 2)] {
            let answer = aggregate(&max, &format!("metrics: [RESOLUTION_TIME], asOf: \"{then}\", {}", year())).await;
            assert_eq!((&whole(&answer, 0)["value"], &whole(&answer, 0)["openCount"]), (&median, &json!(open)), "{then}");
            let named = named(&max, "ticketTimes", &ask(&format!(", asOf: \"{then}\""))).await;
            assert_eq!((&clock(&named, "FULL_RESOLUTION")["calendar"]["p50"], &clock(&named, "FULL_RESOLUTION")["openCount"]), (&median, &json!(open)));
        }
        // Told apart by priority, the rows are all of them.
        let apart = aggregate(&max, &format!("metrics: [NEXT_RESPONSE_TIME], groupBy: [{{ dimension: PRIORITY }}], {}", year())).await;
        let rows = by_key(&apart, "rows");
        assert_eq!((&rows[&Some("HIGH".to_owned())], &rows[&Some("NORMAL".to_owned())]), (&json!(2), &json!(2)));
        // Customers who wrote after an answer and before anything else: by plain SQL, a look back from each of their messages.
        let waits = "SELECT COUNT(*) AS n FROM ticket_message m WHERE m.tenant_id = :tenant AND m.author_type = 'CONTACT'
            AND EXISTS (SELECT 1 FROM ticket_message a WHERE a.tenant_id = m.tenant_id AND a.ticket_id = m.ticket_id
                AND a.author_type = 'COLLEAGUE' AND a.is_public AND a.sent_at < m.sent_at)
            AND NOT EXISTS (SELECT 1 FROM ticket_message c WHERE c.tenant_id = m.tenant_id AND c.ticket_id = m.ticket_id
                AND c.author_type = 'CONTACT' AND c.sent_at < m.sent_at
                AND NOT EXISTS (SELECT 1 FROM ticket_message r WHERE r.tenant_id = c.tenant_id AND r.ticket_id = c.ticket_id
                    AND r.author_type = 'COLLEAGUE' AND r.is_public AND r.sent_at > c.sent_at AND r.sent_at < m.sent_at)
                AND NOT EXISTS (SELECT 1 FROM stage_interval s WHERE s.tenant_id = c.tenant_id AND s.object_id = c.ticket_id
                    AND s.stage IN ('SOLVED', 'CLOSED') AND s.entered_at > c.sent_at AND s.entered_at < m.sent_at))";
        assert_eq!(sql(&world, waits).await, 4);
        // Three persons are too few for who reads no rows; marketing does not read what a ticket is about.
        let ana = named(&world.ana(), "ticketTimes", &ask("")).await;
        assert_eq!((&ana["tickets"], &clock(&ana, "FIRST_RESPONSE")["suppressed"]), (&Value::Null, &json!(true)));
        assert_eq!(clock(&ana, "REQUESTER_WAIT")["calendar"]["mean"], Value::Null);
        let words = refusal(&world.mia(), &ask("")).await;
        assert!(words.starts_with("metrics: FIRST_RESPONSE_TIME is not for your role"), "{words}");
        let words = refusal(&max, &ask(", where: [{ dimension: CAMPAIGN, keys: [null] }]")).await;
        assert!(words.starts_with("where: TICKET_TIMES does not know CAMPAIGN; it knows ACCOUNT"), "{words}");
    })
    .await;
}

/// What a question says of each bucket.
fn series(answer: &Value, metric: usize) -> Vec<i64> {
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| row["values"][metric]["numerator"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn the_backlog_grows_by_what_comes_and_shrinks_by_what_is_solved() {
    each_engine(async |world: World| {
        let end = world.now();
        Box::pin(three_cases(&world)).await;
        // Twenty more whose ways a dice has thrown.
        let mut dice = 9_u64;
        let mut below = |n: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % n
        };
        for nth in 0..20 {
            let mut when = at("2026-06-09T08:00:17Z") + TimeDelta::minutes(i64::try_from(below(40_000)).unwrap());
            let priority = TicketPriority::ALL[usize::try_from(below(4)).unwrap()];
            let case = Box::pin(case(&world, &format!("Case {nth}"), &when.to_rfc3339(), None, priority)).await;
            for _ in 0..below(7) {
                when += TimeDelta::minutes(i64::try_from(1 + below(4_000)).unwrap());
                let status = ["OPEN", "PENDING_CUSTOMER", "SOLVED", "SOLVED", "CLOSED"][usize::try_from(below(5)).unwrap()];
                Box::pin(walks(&world, &case, &[(when.to_rfc3339().as_str(), status)])).await;
            }
        }
        // And two on the stroke of midnight, where days meet: one comes, one goes.
        Box::pin(case(&world, "Midnight", "2026-06-10T22:00:00Z", None, TicketPriority::Low)).await;
        let gone = Box::pin(case(&world, "Gone", "2026-06-12T08:00:00Z", None, TicketPriority::Low)).await;
        Box::pin(walks(&world, &gone, &[("2026-06-12T22:00:00Z", "SOLVED")])).await;
        world.clock.set(end);
        let max = world.max();
        let metrics = "metrics: [TICKETS, SOLUTIONS, REOPENED, BACKLOG_CHANGE, BACKLOG]";
        let by_day = |from: &str, to: &str| format!("{metrics}, groupBy: [{{ grain: DAY }}], fill: ZERO, first: 1000, from: \"{from}\", to: \"{to}\"");
        // Friday to Monday, where the tenant lives.
        let four = aggregate(&max, &by_day("2026-06-04T22:00:00Z", "2026-06-08T22:00:00Z")).await;
        for (nth, expected) in [[2, 0, 0, 1], [1, 0, 0, 2], [0, 1, 0, 0], [1, 1, 0, -1], [1, 2, 2, 1]].into_iter().enumerate() {
            assert_eq!(series(&four, nth), expected, "{}", four["rows"][0]["values"][nth]["metric"]);
        }
        // The identity, day by day.
        let days = aggregate(&max, &by_day("2026-06-04T22:00:00Z", "2026-08-31T22:00:00Z")).await;
        let [created, solved, reopened, change, backlog] = [0, 1, 2, 3, 4].map(|nth| series(&days, nth));
        let mut before = 0;
        let flow = created.iter().zip(&solved).zip(&reopened).zip(&change).zip(&backlog);
        for (day, ((((created, solved), reopened), change), now)) in flow.enumerate() {
            assert_eq!(created - solved + reopened, *change, "day {day}");
            assert_eq!(before + change, *now, "day {day}");
            before = *now;
        }
        assert!(reopened.iter().sum::<i64>() > 2, "some came back");
        // Told apart, they add up; by plain SQL they are as many.
        let period = "from: \"2026-06-04T22:00:00Z\", to: \"2026-08-31T22:00:00Z\"";
        let apart = aggregate(&max, &format!("{metrics}, groupBy: [{{ dimension: PRIORITY }}], {period}")).await;
        for (nth, all) in [&created, &solved, &reopened, &change].into_iter().enumerate() {
            assert_eq!(series(&apart, nth).iter().sum::<i64>(), all.iter().sum::<i64>());
        }
        // Each figure lists the stays that it counts.
        let whole_period = aggregate(&max, &format!("{metrics}, {period}")).await;
        for nth in 1..4 {
            let figure = whole(&whole_period, nth);
            let (_, rows) = explained(&max, figure["explain"].as_str().unwrap()).await;
            let sum: i64 = rows.unwrap().iter().map(|row| row["numerator"].as_str().unwrap().parse::<i64>().unwrap()).sum();
            assert_eq!(json!(sum.to_string()), figure["numerator"], "{}", figure["metric"]);
        }
        let turns = |now: &str, was: &str| {
            format!(
                "SELECT COUNT(*) AS n FROM (SELECT stage, LAG(stage) OVER (PARTITION BY object_id ORDER BY entered_at, id) AS before
                    FROM stage_interval WHERE tenant_id = :tenant AND object_type = 'TICKET') AS s
                 WHERE stage {now} ('SOLVED', 'CLOSED') AND {was} ('SOLVED', 'CLOSED')"
            )
        };
        assert_eq!(sql(&world, &turns("NOT IN", "before IN")).await, reopened.iter().sum::<i64>());
        assert_eq!(sql(&world, &turns("IN", "COALESCE(before, 'NEW') NOT IN")).await, solved.iter().sum::<i64>());
        // As it was known before what came later: the first reopening was on Saturday.
        let then = aggregate(&max, &format!("{metrics}, asOf: \"2026-06-05T20:00:00Z\", {}", year())).await;
        let then: Vec<i64> = (0..5).map(|nth| series(&then, nth)[0]).collect();
        assert_eq!(then, [2, 1, 0, 1, 1]);
    })
    .await;
}

async fn answers(world: &World, ticket: &ticket::Model, kind: SurveyKind, given: &[(&str, i32)]) {
    let scale = if kind == SurveyKind::Nps { 10 } else { 5 };
    let answer = |(when, score): &(&str, i32)| survey_answer::ActiveModel {
        kind: Set(kind),
        scale: Set(scale),
        score: Set(*score),
        ticket_id: Set(Some(ticket.id)),
        contact_id: Set(ticket.contact_id),
        account_id: Set(ticket.account_id),
        answered_at: Set(at(when)),
        ..Default::default()
    };
    let answers: Vec<_> = given.iter().map(answer).collect();
    world
        .work(async |work| {
            for answer in answers {
                work.insert::<survey_answer::Entity>(answer).await?;
            }
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn of_each_survey_the_last_answer_inside_seven_days_counts() {
    each_engine(async |world: World| {
        let end = world.now();
        let mut cases = Vec::new();
        for name in ["Corrected", "Content", "Silent", "Open"] {
            let case = Box::pin(case(&world, name, "2026-06-01T08:00:00Z", None, TicketPriority::Normal)).await;
            if name != "Open" {
                walks(&world, &case, &[("2026-06-01T12:00:00Z", "SOLVED")]).await;
            }
            cases.push(case);
        }
        // A bad mark, a good one within the week, to the second, and another bad one after it: the good one counts.
        let given = [("2026-06-10T12:00:01Z", 2), ("2026-06-02T12:00:00Z", 1), ("2026-06-09T12:00:00Z", 5)];
        answers(&world, &cases[0], SurveyKind::Csat, &given).await;
        answers(&world, &cases[1], SurveyKind::Csat, &[("2026-06-03T12:00:00Z", 4)]).await;
        // Another question about the same ticket is another survey.
        answers(&world, &cases[0], SurveyKind::Nps, &[("2026-06-02T12:00:00Z", 3), ("2026-06-03T12:00:00Z", 9)]).await;
        world.clock.set(end);
        let max = world.max();
        let metrics = "metrics: [CSAT, NPS, CSAT_RESPONSE_RATE]";
        let parts = |answer: &Value| -> Vec<(String, String)> {
            let text = |nth: usize, field: &str| whole(answer, nth)[field].as_str().unwrap().to_owned();
            (0..3).map(|nth| (text(nth, "numerator"), text(nth, "denominator"))).collect()
        };
        let of = |parts: [(&str, &str); 3]| parts.map(|(one, other)| (one.to_owned(), other.to_owned())).to_vec();
        let all = aggregate(&max, &format!("{metrics}, {}", year())).await;
        assert_eq!(parts(&all), of([("2", "2"), ("1", "1"), ("2", "3")]));
        // Before the good mark was given, the bad one counted.
        let then = aggregate(&max, &format!("{metrics}, asOf: \"2026-06-05T00:00:00Z\", {}", year())).await;
        assert_eq!(parts(&then), of([("1", "2"), ("1", "1"), ("2", "3")]));
        // The answer stands in the month, the week, the day in which it was given; and is listed as it counts.
        let days = aggregate(&max, &format!("metrics: [CSAT], groupBy: [{{ grain: DAY }}], {}", year())).await;
        let labels: Vec<&Value> = days["rows"].as_array().unwrap().iter().map(|row| &row["bucket"]["label"]).collect();
        assert_eq!(labels, [&json!("2026-06-03"), &json!("2026-06-09")]);
        let explain = "query($handle: String!) { analytics { explain(handle: $handle) { counted rows { id numerator } } } }";
        let handle = whole(&all, 0)["explain"].clone();
        let listed = max.ask(explain, json!({ "handle": handle })).await.must();
        assert_eq!(listed.data("analytics.explain.rows").as_array().unwrap().len(), 2);
        // By plain SQL, each engine's own: the last of those that came at most seven days after the first.
        let within = match world.store.db().get_database_backend() {
            DbBackend::Sqlite => "julianday(a.answered_at) - julianday(first.at) <= 7.0 + 1e-8",
            _ => "a.answered_at - first.at <= interval '7 days'",
        };
        let good = format!(
            "SELECT COUNT(*) AS n FROM (SELECT a.score, ROW_NUMBER() OVER (PARTITION BY a.ticket_id ORDER BY a.answered_at DESC) AS turn
                FROM survey_answer a JOIN (SELECT ticket_id, MIN(answered_at) AS at FROM survey_answer
                    WHERE tenant_id = :tenant AND kind = 'CSAT' GROUP BY ticket_id) AS first ON first.ticket_id = a.ticket_id
                WHERE a.tenant_id = :tenant AND a.kind = 'CSAT' AND {within}) AS s WHERE turn = 1 AND score >= 4"
        );
        assert_eq!(sql(&world, &good).await, 2);
        // An answer that was taken away was never given: the one before it counts again.
        world
            .work(async |work| {
                let five = survey_answer::Entity::find().filter(survey_answer::Column::Score.eq(5));
                let five = five.one(work.tx()).await?.unwrap();
                let gone = survey_answer::ActiveModel { deleted_at: Set(Some(work.now())), ..Default::default() };
                work.update_row::<survey_answer::Entity>(&five, gone).await
            })
            .await;
        let after = aggregate(&max, &format!("{metrics}, {}", year())).await;
        assert_eq!(parts(&after)[0], ("1".to_owned(), "2".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn who_reads_no_rows_is_told_of_many_what_everybody_is_told() {
    each_engine_told(async |world: World, market: Market| {
        let ask = format!("ticketTimes(from: \"{FROM}\", to: \"{TO}\") {{ {TIMES} }}");
        let max = named(&world.max(), "ticketTimes", &ask).await;
        let ana = named(&world.ana(), "ticketTimes", &ask).await;
        assert_eq!((&ana["tickets"], &max["tickets"]), (&json!(market.cases.len()), &json!(market.cases.len())));
        // Each was solved once, at most.
        let took: Vec<i64> =
            market.cases.iter().filter_map(|case| Some((case.solved? - case.created).num_milliseconds())).collect();
        let first = clock(&max, "FIRST_RESOLUTION");
        assert_eq!(first["calendar"]["mean"], json!(took.iter().sum::<i64>() as f64 / took.len() as f64));
        assert_eq!(first["openCount"], json!(market.cases.len() - took.len()));
        assert_eq!(first["business"], Value::Null, "without a calendar there are no business hours");
        assert_eq!(clock(&ana, "FIRST_RESOLUTION"), first);
        // A week holds a handful of cases: nothing is told of so few.
        let few = "ticketTimes(from: \"2026-01-04T23:00:00Z\", to: \"2026-01-11T23:00:00Z\")";
        let few = named(&world.ana(), "ticketTimes", &format!("{few} {{ {TIMES} }}")).await;
        let shown = few["clocks"].as_array().unwrap().iter().filter(|clock| clock["suppressed"] == json!(false));
        assert!(shown.clone().all(|clock| clock["count"] == json!(0) && clock["openCount"] == json!(0)), "{few}");
        // Not by the hour, and not by customers.
        let words = refusal(
            &world.ana(),
            "ticketTimes(from: \"2026-01-05T10:00:00Z\", to: \"2026-01-05T11:00:00Z\") { scope }",
        )
        .await;
        assert!(words.starts_with("from: whole days for your role"), "{words}");
    })
    .await;
}
