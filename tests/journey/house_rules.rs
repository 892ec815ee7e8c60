//! The rules of the house: the tenant's settings, goals, definitions, exchange rates, identity rules, business calendars and
//! promised times. Who may set them, what is refused, and what a revision leaves behind.

use api::{
    graph::Kind,
    policy::Role,
    tenancy::{self, NewTenant},
    tenant::settings,
};
use chrono::TimeDelta;
use entities::tenant::tenant;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{World, each_engine, id};
use uuid::Uuid;

use crate::house::{BELOW, DESKS, done, mutation, refused, unknown_to};

#[tokio::test]
async fn everybody_reads_the_tenant_and_an_admin_changes_it() {
    each_engine(async |world: World| {
        let asks = "{ tenant { slug name zone currency language version } }";
        let founded = json!({ "slug": "acme", "name": "acme", "zone": "Europe/Berlin", "currency": "EUR", "language": "de", "version": 1 });
        for role in Role::ALL {
            assert_eq!(world.as_roles(&[role], "ada").ask(asks, json!({})).await.must().data("tenant"), &founded, "{role}");
        }
        let ada = world.ada();
        let update = "mutation($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { name zone currency language version } userErrors { code path } } }";
        for (field, value) in [
            ("zone", "Mars/Olympus"), ("zone", "europe/berlin"), ("zone", ""), ("currency", "EURO"), ("currency", "XQX"), ("currency", "eur"),
            ("language", "d"), ("language", "de_DE"), ("language", "de-"), ("name", ""), ("name", "a\u{1b}b"),
        ] {
            refused(&world, &ada, update, json!({ field: value }), &format!("INVALID at {field}")).await;
        }
        refused(&world, &ada, update, json!({ "name": null }), "INVALID at name").await;
        refused(&world, &ada, update, json!({ "name": "x".repeat(900_000) }), "INVALID at name").await;
        let everybody_else: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != Role::Admin).collect();
        unknown_to(&world, &everybody_else, update, json!({ "name": "Mine" })).await;

        let before = tenant::Entity::find_by_id(world.acme.tenant).one(world.store.db()).await.unwrap().unwrap();
        let position = world.position().await;
        let input = json!({ "ifVersion": 1, "name": "Acme AG", "zone": "America/New_York", "currency": "CHF", "language": "en-GB" });
        let changed = done(&ada, update, input.clone()).await;
        assert_eq!(changed, json!({ "name": "Acme AG", "zone": "America/New_York", "currency": "CHF", "language": "en-GB", "version": 2 }));
        assert_eq!(world.position().await, position + 1, "one event");
        refused(&world, &ada, update, input, "VERSION_CONFLICT at ifVersion").await;
        // The same again is no change, and the tenant's key stays what it was.
        done(&ada, update, json!({ "name": "Acme AG" })).await;
        assert_eq!(world.position().await, position + 1);
        let after = tenant::Entity::find_by_id(world.acme.tenant).one(world.store.db()).await.unwrap().unwrap();
        assert_eq!((after.settings, after.slug, after.version), (before.settings, before.slug, 2));
        let other = world.of_other(Role::Sales, "sam").ask(asks, json!({})).await.must();
        assert_eq!(other.data("tenant.name"), "other");
        // The whole tenant still agrees with itself.
        let checks = api::journey::verify::tenant(&world.store, world.acme.tenant).await.unwrap();
        let wrong: Vec<_> = checks.iter().filter(|check| !check.findings.is_empty()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    })
    .await;
}

#[tokio::test]
async fn a_manager_sets_goals() {
    each_engine(async |world: World| {
        let max = world.max();
        let fields = "metric discipline dateFrom dateTo target currency";
        let (create, update) = (mutation("createGoal", "goal", fields), mutation("updateGoal", "goal", fields));
        let input = json!({ "metric": "wonAmount", "discipline": "SALES", "dateFrom": "2026-10-01", "dateTo": "2026-12-31", "target": "1250000.50", "currency": "EUR" });
        let goal = done(&max, &create, input.clone()).await;
        let mut expected = input.clone();
        (expected["id"], expected["version"]) = (goal["id"].clone(), json!(1));
        assert_eq!(goal, expected);
        let count = json!({ "metric": "meetingsHeld", "discipline": "SALES", "dateFrom": "2026-10-01", "dateTo": "2026-10-01", "target": "40" });
        assert_eq!(done(&max, &create, count.clone()).await["target"], "40");
        for (field, value, at) in [
            ("target", json!("-1"), "target"), ("target", json!("0.001"), "target"), ("target", json!("99999999999999999999"), "target"),
            ("currency", json!("XQX"), "currency"), ("dateTo", json!("2026-09-30"), "dateTo"), ("metric", json!(""), "metric"), ("metric", json!("a\u{0}"), "metric"),
        ] {
            let mut wrong = input.clone();
            wrong[field] = value;
            refused(&world, &max, &create, wrong, &format!("INVALID at {at}")).await;
        }
        let mut wrong = count;
        wrong["target"] = json!("1.5");
        refused(&world, &max, &create, wrong, "INVALID at target").await;

        let yen = json!({ "id": goal["id"], "ifVersion": 1, "target": "900", "currency": "JPY" });
        let changed = done(&max, &update, yen).await;
        assert_eq!((&changed["target"], &changed["currency"], &changed["version"]), (&json!("900"), &json!("JPY"), &json!(2)));
        refused(&world, &max, &update, json!({ "id": goal["id"], "currency": "EUR" }), "INVALID at target").await;
        refused(&world, &max, &update, json!({ "id": goal["id"], "dateFrom": "2027-01-01" }), "INVALID at dateTo").await;
        refused(&world, &max, &update, json!({ "id": goal["id"], "ifVersion": 1, "target": "1" }), "VERSION_CONFLICT at ifVersion").await;
        unknown_to(&world, &BELOW, &create, input).await;
        unknown_to(&world, &BELOW, &update, json!({ "id": goal["id"], "target": "1" })).await;
        let reads = "{ goals(filter: { discipline: [SALES] }, sort: { metric: ASC }) { nodes { metric } } }";
        assert_eq!(world.vera().ask(reads, json!({})).await.must().each("goals.nodes", "metric"), ["meetingsHeld", "wonAmount"]);

        let delete = "mutation($input: DeleteGoalInput!) { deleteGoal(input: $input) { deletedId userErrors { code path } } }";
        unknown_to(&world, &BELOW, delete, json!({ "id": goal["id"] })).await;
        refused(&world, &max, delete, json!({ "id": goal["id"], "ifVersion": 1 }), "VERSION_CONFLICT at ifVersion").await;
        assert_eq!(done(&max, delete, json!({ "id": goal["id"] })).await, goal["id"]);
        assert_eq!(world.vera().ask(reads, json!({})).await.must().each("goals.nodes", "metric"), ["meetingsHeld"]);
    })
    .await;
}

#[tokio::test]
async fn a_new_revision_of_a_definition_ends_the_one_before() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let fields = "kind code revision body validFrom validTo";
        let create = mutation("createDefinition", "definition", fields);
        let revise = mutation("reviseDefinition", "definition", fields);
        let end = mutation("endDefinition", "definition", fields);
        let input = json!({ "kind": "SCORING", "code": "LEADS", "body": { "formSubmitted": 20, "text": "Ä \"q\"" } });
        let first = done(&ada, &create, input.clone()).await;
        assert_eq!(first, json!({ "id": first["id"], "version": 1, "kind": "SCORING", "code": "LEADS", "revision": 1,
            "body": input["body"], "validFrom": "2026-11-23T12:00:00+00:00", "validTo": null }));
        refused(&world, &ada, &create, input.clone(), "DUPLICATE at code").await;
        let deep = (0..16).fold(json!(1), |inner, _| json!({ "a": inner }));
        let deeper = json!({ "a": deep });
        let mut fits = input.clone();
        (fits["code"], fits["body"]) = (json!("DEEP"), deep);
        done(&ada, &create, fits).await;
        for body in [deeper, json!([1]), json!("x"), json!({ "a": "x".repeat(70_000) }), json!({ "a": "\u{0}" })] {
            let mut wrong = input.clone();
            (wrong["code"], wrong["body"]) = (json!("OTHER"), body);
            refused(&world, &ada, &create, wrong, "INVALID at body").await;
        }
        let mut wrong = input.clone();
        wrong["code"] = json!("a\tb");
        refused(&world, &ada, &create, wrong, "INVALID at code").await;

        world.pass(TimeDelta::minutes(30));
        let second = done(&ada, &revise, json!({ "id": first["id"], "ifVersion": 1, "body": { "formSubmitted": 25 } })).await;
        assert_eq!((&second["revision"], &second["validFrom"], &second["validTo"]), (&json!(2), &json!("2026-11-23T12:30:00+00:00"), &Value::Null));
        assert_ne!(second["id"], first["id"]);
        let revisions = "{ definitions(filter: { code: { eq: \"LEADS\" } }, sort: { revision: ASC }) { nodes { revision validTo body } } }";
        assert_eq!(world.max().ask(revisions, json!({})).await.must().data("definitions.nodes"), &json!([
            { "revision": 1, "validTo": "2026-11-23T12:30:00+00:00", "body": input["body"] },
            { "revision": 2, "validTo": null, "body": { "formSubmitted": 25 } },
        ]));
        refused(&world, &ada, &revise, json!({ "id": first["id"], "body": {} }), "STATE_CONFLICT at id").await;
        refused(&world, &ada, &revise, json!({ "id": second["id"], "ifVersion": 7, "body": {} }), "VERSION_CONFLICT at ifVersion").await;
        refused(&world, &ada, &revise, json!({ "id": id(Kind::Definition, Uuid::from_u128(7)), "body": {} }), "NOT_FOUND at id").await;
        refused(&world, &ada, &end, json!({ "id": first["id"] }), "STATE_CONFLICT at id").await;
        assert_eq!(done(&ada, &end, json!({ "id": second["id"], "ifVersion": 1 })).await["validTo"], "2026-11-23T12:30:00+00:00");
        // What has ended comes back as a revision.
        assert_eq!(done(&ada, &revise, json!({ "id": second["id"], "body": {} })).await["revision"], 3);

        let everybody_else: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != Role::Admin).collect();
        unknown_to(&world, &everybody_else, &create, input).await;
        unknown_to(&world, &everybody_else, &revise, json!({ "id": second["id"], "body": {} })).await;
        unknown_to(&world, &everybody_else, &end, json!({ "id": second["id"] })).await;
        assert_eq!(world.sam().ask(revisions, json!({})).await.code(), Some("BAD_USER_INPUT"));
    })
    .await;
}

#[tokio::test]
async fn exchange_rates_are_exact() {
    each_engine(async |world: World| {
        let (ina, fields) = (world.ina(), "base quote date rate");
        let (create, update) = (mutation("createFxRate", "fxRate", fields), mutation("updateFxRate", "fxRate", fields));
        let input = json!({ "base": "EUR", "quote": "USD", "date": "2026-11-20", "rate": "1.087654321" });
        let rate = done(&ina, &create, input.clone()).await;
        assert_eq!(rate, json!({ "id": rate["id"], "version": 1, "base": "EUR", "quote": "USD", "date": "2026-11-20", "rate": "1.087654321" }));
        refused(&world, &ina, &create, input.clone(), "DUPLICATE at date").await;
        for (field, value) in [
            ("rate", json!("0")), ("rate", json!("-1")), ("rate", json!("1.0000000001")), ("rate", json!("10000000000")),
            ("base", json!("XQX")), ("quote", json!("usd")), ("quote", json!("EUR")), ("date", json!("1969-12-31")),
        ] {
            let mut wrong = input.clone();
            wrong[field] = value;
            refused(&world, &ina, &create, wrong, &format!("INVALID at {field}")).await;
        }
        let corrected = done(&ina, &update, json!({ "id": rate["id"], "ifVersion": 1, "rate": "1.10" })).await;
        assert_eq!((&corrected["rate"], &corrected["version"]), (&json!("1.1"), &json!(2)));
        refused(&world, &ina, &update, json!({ "id": rate["id"], "ifVersion": 1, "rate": "2" }), "VERSION_CONFLICT at ifVersion").await;
        refused(&world, &ina, &update, json!({ "id": rate["id"], "rate": "0" }), "INVALID at rate").await;
        unknown_to(&world, &DESKS, &create, input.clone()).await;
        unknown_to(&world, &DESKS, &update, json!({ "id": rate["id"], "rate": "2" })).await;

        // A wrong day goes, and may be entered again.
        let delete = "mutation($input: DeleteFxRateInput!) { deleteFxRate(input: $input) { deletedId userErrors { code path } } }";
        unknown_to(&world, &DESKS, delete, json!({ "id": rate["id"] })).await;
        assert_eq!(done(&ina, delete, json!({ "id": rate["id"] })).await, rate["id"]);
        let list = "{ fxRates(filter: { date: { from: \"2026-11-01\" } }, sort: { date: DESC }) { totalCount } }";
        assert_eq!(world.sam().ask(list, json!({})).await.must().data("fxRates.totalCount"), 0);
        assert_eq!(done(&ina, &create, input).await["version"], 1);
        assert_eq!(world.sam().ask(list, json!({})).await.must().data("fxRates.totalCount"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_kind_of_identity_has_one_rule() {
    each_engine(async |world: World| {
        let (ada, fields) = (world.ada(), "kind maxPerSubject maxSubjectsPerValue autoMerge priority");
        let create = mutation("createIdentityRule", "identityRule", fields);
        let update = mutation("updateIdentityRule", "identityRule", fields);
        let input = json!({ "kind": "EMAIL", "maxPerSubject": 5, "maxSubjectsPerValue": 1 });
        let rule = done(&ada, &create, input.clone()).await;
        assert_eq!(rule, json!({ "id": rule["id"], "version": 1, "kind": "EMAIL", "maxPerSubject": 5, "maxSubjectsPerValue": 1, "autoMerge": false, "priority": 100 }));
        refused(&world, &ada, &create, input.clone(), "DUPLICATE at kind").await;
        for (field, value) in [("maxPerSubject", 0), ("maxSubjectsPerValue", 1001), ("priority", -1)] {
            let mut wrong = json!({ "kind": "PHONE", "maxPerSubject": 5, "maxSubjectsPerValue": 1 });
            wrong[field] = json!(value);
            refused(&world, &ada, &create, wrong, &format!("INVALID at {field}")).await;
        }
        assert_eq!(done(&ada, &update, json!({ "id": rule["id"], "ifVersion": 1, "autoMerge": true })).await["autoMerge"], true);
        refused(&world, &ada, &update, json!({ "id": rule["id"], "ifVersion": 1, "priority": 2 }), "VERSION_CONFLICT at ifVersion").await;
        refused(&world, &ada, &update, json!({ "id": rule["id"], "priority": 1001 }), "INVALID at priority").await;
        let everybody_else: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != Role::Admin).collect();
        unknown_to(&world, &everybody_else, &create, input.clone()).await;
        unknown_to(&world, &everybody_else, &update, json!({ "id": rule["id"], "priority": 1 })).await;
        let delete = "mutation($input: DeleteIdentityRuleInput!) { deleteIdentityRule(input: $input) { deletedId userErrors { code path } } }";
        unknown_to(&world, &everybody_else, delete, json!({ "id": rule["id"] })).await;
        assert_eq!(done(&ada, delete, json!({ "id": rule["id"], "ifVersion": 2 })).await, rule["id"]);
        done(&ada, &create, input).await;
        let read = world.max().ask("{ identityRules(filter: { kind: [EMAIL] }) { nodes { version } } }", json!({})).await.must();
        assert_eq!(read.data("identityRules.nodes"), &json!([{ "version": 1 }]));
    })
    .await;
}

fn block(day: &str, from: &str, to: &str) -> Value {
    json!({ "day": day, "from": from, "to": to })
}

#[tokio::test]
async fn other_hours_are_a_new_revision_and_promises_go_over_to_it() {
    each_engine(async |world: World| {
        let (max, ada) = (world.max(), world.ada());
        let fields = "code revision name zone weekly { day from to } holidays validTo";
        let create = mutation("createBusinessCalendar", "businessCalendar", fields);
        let update = mutation("updateBusinessCalendar", "businessCalendar", fields);
        let week = json!([block("TUE", "13:00", "17:30"), block("MON", "08:00", "24:00"), block("TUE", "08:30", "12:00")]);
        let input = json!({ "code": "DESK", "name": "Service desk", "zone": "Europe/Berlin", "weekly": week, "holidays": ["2026-12-25", "2026-01-01", "2026-12-25"] });
        let first = done(&max, &create, input.clone()).await;
        assert_eq!(first, json!({ "id": first["id"], "version": 1, "code": "DESK", "revision": 1, "name": "Service desk", "zone": "Europe/Berlin",
            "weekly": [block("MON", "08:00", "24:00"), block("TUE", "08:30", "12:00"), block("TUE", "13:00", "17:30")],
            "holidays": ["2026-01-01", "2026-12-25"], "validTo": null }));
        refused(&world, &max, &create, input.clone(), "DUPLICATE at code").await;
        for (weekly, at) in [
            (json!([]), "weekly"),
            (json!([block("MON", "12:00", "08:00")]), "weekly.0.to"),
            (json!([block("MON", "08:00", "08:00")]), "weekly.0.to"),
            (json!([block("MON", "8:00", "12:00")]), "weekly.0.from"),
            (json!([block("MON", "08:00", "24:01")]), "weekly.0.to"),
            (json!([block("MON", "08:60", "12:00")]), "weekly.0.from"),
            (json!([block("MON", "08:00", "12:00"), block("TUE", "08:00", "12:00"), block("MON", "11:59", "13:00")]), "weekly.2"),
        ] {
            let mut wrong = input.clone();
            (wrong["code"], wrong["weekly"]) = (json!("OTHER"), weekly);
            refused(&world, &max, &create, wrong, &format!("INVALID at {at}")).await;
        }
        let day: chrono::NaiveDate = "2026-01-01".parse().unwrap();
        let too_many: Vec<_> = (0..1001).map(|n| (day + TimeDelta::days(n)).to_string()).collect();
        for (field, value) in [("zone", json!("Europe/Atlantis")), ("name", json!("")), ("code", json!("\u{1}")), ("holidays", json!(too_many))] {
            let mut wrong = input.clone();
            wrong["code"] = json!("OTHER");
            wrong[field] = value;
            refused(&world, &max, &create, wrong, &format!("INVALID at {field}")).await;
        }
        unknown_to(&world, &BELOW, &create, input.clone()).await;

        // A promise that stands on it, and a new name: the same revision.
        let policy_fields = "code revision targetSeconds calendar { id revision } validTo";
        let policy = json!({ "code": "FIRST", "name": "First answer", "metric": "FIRST_RESPONSE", "targetSeconds": 28800, "calendarId": first["id"] });
        let promise = done(&ada, &mutation("createSlaPolicy", "slaPolicy", policy_fields), policy).await;
        assert_eq!(promise["calendar"], json!({ "id": first["id"], "revision": 1 }));
        let renamed = done(&max, &update, json!({ "id": first["id"], "ifVersion": 1, "name": "Desk" })).await;
        assert_eq!((&renamed["id"], &renamed["revision"], &renamed["name"]), (&first["id"], &json!(1), &json!("Desk")));

        world.pass(TimeDelta::minutes(30));
        let second = done(&max, &update, json!({ "id": first["id"], "ifVersion": 2, "holidays": null })).await;
        assert_eq!((&second["revision"], &second["holidays"], &second["name"]), (&json!(2), &json!([]), &json!("Desk")));
        let policies = "{ slaPolicies(sort: { createdAt: ASC }) { nodes { code revision targetSeconds calendar { id revision } validTo } }
            businessCalendars(filter: { validTo: { isNull: true } }) { nodes { id } } }";
        let read = world.vera().ask(policies, json!({})).await.must();
        assert_eq!(read.data("slaPolicies.nodes"), &json!([
            { "code": "FIRST", "revision": 1, "targetSeconds": 28800, "calendar": { "id": first["id"], "revision": 1 }, "validTo": "2026-11-23T12:30:00+00:00" },
            { "code": "FIRST", "revision": 2, "targetSeconds": 28800, "calendar": { "id": second["id"], "revision": 2 }, "validTo": null },
        ]));
        assert_eq!(read.data("businessCalendars.nodes"), &json!([{ "id": second["id"] }]));
        refused(&world, &max, &update, json!({ "id": first["id"], "zone": "UTC" }), "STATE_CONFLICT at id").await;
        refused(&world, &max, &update, json!({ "id": second["id"], "ifVersion": 9, "zone": "UTC" }), "VERSION_CONFLICT at ifVersion").await;
        refused(&world, &max, &update, json!({ "id": second["id"], "weekly": null }), "INVALID at weekly").await;
        unknown_to(&world, &BELOW, &update, json!({ "id": second["id"], "zone": "UTC" })).await;
        let old = json!({ "code": "OLD", "name": "On old hours", "metric": "RESOLUTION", "targetSeconds": 1, "calendarId": first["id"] });
        refused(&world, &ada, &mutation("createSlaPolicy", "slaPolicy", ""), old, "STATE_CONFLICT at calendarId").await;

        let delete = "mutation($input: DeleteBusinessCalendarInput!) { deleteBusinessCalendar(input: $input) { deletedId userErrors { code path } } }";
        refused(&world, &max, delete, json!({ "id": second["id"] }), "STATE_CONFLICT at id").await;
        let mut spare = input;
        spare["code"] = json!("SPARE");
        let spare = done(&max, &create, spare).await;
        unknown_to(&world, &BELOW, delete, json!({ "id": spare["id"] })).await;
        refused(&world, &max, delete, json!({ "id": spare["id"], "ifVersion": 2 }), "VERSION_CONFLICT at ifVersion").await;
        assert_eq!(done(&max, delete, json!({ "id": spare["id"] })).await, spare["id"]);
    })
    .await;
}

#[tokio::test]
async fn another_promise_is_a_new_revision_and_running_clocks_keep_theirs() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let fields = "code revision name metric priority boundary targetSeconds pauseOn validFrom validTo";
        let create = mutation("createSlaPolicy", "slaPolicy", fields);
        let update = mutation("updateSlaPolicy", "slaPolicy", fields);
        let end = mutation("endSlaPolicy", "slaPolicy", fields);
        let input = json!({ "code": "SOLVED", "name": "Solution", "metric": "RESOLUTION", "targetSeconds": 3600, "pauseOn": ["ON_HOLD", "PENDING_CUSTOMER", "ON_HOLD"] });
        let first = done(&ada, &create, input.clone()).await;
        assert_eq!(first, json!({ "id": first["id"], "version": 1, "code": "SOLVED", "revision": 1, "name": "Solution", "metric": "RESOLUTION", "priority": null,
            "boundary": null, "targetSeconds": 3600, "pauseOn": ["ON_HOLD", "PENDING_CUSTOMER"], "validFrom": "2026-11-23T12:00:00+00:00", "validTo": null }));
        refused(&world, &ada, &create, input.clone(), "DUPLICATE at code").await;
        for (field, value) in [
            ("targetSeconds", json!(0)), ("targetSeconds", json!(-5)), ("targetSeconds", json!(315_576_001)), ("boundary", json!("MARKETING_TO_SALES")),
            ("code", json!("a\u{0}b")), ("name", json!("  ")),
        ] {
            let mut wrong = input.clone();
            wrong["code"] = json!("OTHER");
            wrong[field] = value;
            refused(&world, &ada, &create, wrong, &format!("INVALID at {field}")).await;
        }
        let handover = json!({ "code": "DECIDE", "name": "Decision", "metric": "HANDOVER_DECISION", "targetSeconds": 60, "priority": "HIGH" });
        refused(&world, &ada, &create, handover, "INVALID at priority").await;
        let unknown = json!({ "code": "X", "name": "X", "metric": "RESOLUTION", "targetSeconds": 60, "calendarId": id(Kind::BusinessCalendar, Uuid::from_u128(7)) });
        refused(&world, &ada, &create, unknown, "NOT_FOUND at calendarId").await;

        let ticket = mutation("createTicket", "ticket", "");
        let desk = id(Kind::Queue, world.acme.service_desk);
        done(&ada, &ticket, json!({ "subject": "Old", "queueId": desk })).await;
        world.pass(TimeDelta::minutes(10));
        let second = done(&ada, &update, json!({ "id": first["id"], "ifVersion": 1, "targetSeconds": 7200 })).await;
        assert_eq!((&second["revision"], &second["targetSeconds"], &second["pauseOn"]), (&json!(2), &json!(7200), &json!(["ON_HOLD", "PENDING_CUSTOMER"])));
        done(&ada, &ticket, json!({ "subject": "New", "queueId": desk })).await;
        let clocks = "{ slaClocks(sort: { startedAt: ASC }) { nodes { dueAt policy { revision validTo } } } }";
        assert_eq!(ada.ask(clocks, json!({})).await.must().data("slaClocks.nodes"), &json!([
            { "dueAt": "2026-11-23T13:00:00+00:00", "policy": { "revision": 1, "validTo": "2026-11-23T12:10:00+00:00" } },
            { "dueAt": "2026-11-23T14:10:00+00:00", "policy": { "revision": 2, "validTo": null } },
        ]));

        // A new name is no new promise.
        let renamed = done(&ada, &update, json!({ "id": second["id"], "name": "Solved" })).await;
        assert_eq!((&renamed["id"], &renamed["version"], &renamed["revision"]), (&second["id"], &json!(2), &json!(2)));
        refused(&world, &ada, &update, json!({ "id": first["id"], "targetSeconds": 1 }), "STATE_CONFLICT at id").await;
        refused(&world, &ada, &update, json!({ "id": second["id"], "ifVersion": 1, "targetSeconds": 1 }), "VERSION_CONFLICT at ifVersion").await;
        refused(&world, &ada, &update, json!({ "id": second["id"], "targetSeconds": null }), "INVALID at targetSeconds").await;
        refused(&world, &ada, &end, json!({ "id": first["id"] }), "STATE_CONFLICT at id").await;
        unknown_to(&world, &DESKS, &create, input).await;
        unknown_to(&world, &DESKS, &update, json!({ "id": second["id"], "targetSeconds": 1 })).await;
        unknown_to(&world, &DESKS, &end, json!({ "id": second["id"] })).await;

        assert_eq!(done(&ada, &end, json!({ "id": second["id"], "ifVersion": 2 })).await["validTo"], "2026-11-23T12:10:00+00:00");
        done(&ada, &ticket, json!({ "subject": "Later", "queueId": desk })).await;
        assert_eq!(ada.ask("{ slaClocks { totalCount } }", json!({})).await.must().data("slaClocks.totalCount"), 2);
    })
    .await;
}

#[tokio::test]
async fn all_of_it_is_listed_paged_and_found_by_its_id() {
    each_engine(async |world: World| {
        let (ada, max, ina) = (world.ada(), world.max(), world.ina());
        let industry = done(&ada, &mutation("createIndustry", "industry", ""), json!({ "code": "C", "name": "C" })).await["id"].clone();
        let sue = id(Kind::Colleague, world.acme.cast.sue);
        let week = json!([block("MON", "08:00", "12:00")]);
        let makes = [
            (&ada, "createColleague", "colleague", json!({ "name": "N", "email": "n@a.example", "department": "SALES" })),
            (&max, "addIndustryTeamMember", "industryTeamMember", json!({ "industryId": industry, "colleagueId": sue, "discipline": "SALES" })),
            (&max, "createQueue", "queue", json!({ "code": "Q", "name": "Q", "wing": "SALES" })),
            (&max, "addQueueMember", "queueMember", json!({ "queueId": id(Kind::Queue, world.acme.sales_inbox), "colleagueId": sue })),
            (&ina, "createVisitor", "visitor", json!({})),
            (&ada, "createIdentityRule", "identityRule", json!({ "kind": "COOKIE", "maxPerSubject": 1, "maxSubjectsPerValue": 1 })),
            (&max, "createGoal", "goal", json!({ "metric": "m", "discipline": "SALES", "dateFrom": "2026-01-01", "dateTo": "2026-01-01", "target": "1" })),
            (&ada, "createDefinition", "definition", json!({ "kind": "ROUTING", "code": "R", "body": {} })),
            (&ina, "createFxRate", "fxRate", json!({ "base": "EUR", "quote": "CHF", "date": "2026-01-01", "rate": "0.95" })),
            (&max, "createBusinessCalendar", "businessCalendar", json!({ "code": "B", "name": "B", "zone": "UTC", "weekly": week })),
            (&ada, "createSlaPolicy", "slaPolicy", json!({ "code": "S", "name": "S", "metric": "RESOLUTION", "targetSeconds": 1 })),
        ];
        for (client, make, one, input) in makes {
            world.pass(TimeDelta::seconds(1));
            let before = world.position().await;
            let made = done(client, &mutation(make, one, ""), input).await["id"].clone();
            assert_eq!(world.position().await, before + 1, "{make}: one event");
            let many = match one {
                "slaPolicy" => "slaPolicies".to_owned(),
                one => format!("{one}s"),
            };
            let text = format!("query($id: ID!) {{ {one}(id: $id) {{ id }} node(id: $id) {{ id }}
                {many}(first: 1, sort: {{ createdAt: DESC }}) {{ nodes {{ id }} totalCount pageInfo {{ hasPreviousPage }} }}
                by: {many}(filter: {{ id: [$id] }}) {{ totalCount }} }}");
            let read = ada.ask(&text, json!({ "id": made })).await.must();
            assert_eq!([read.data(&format!("{one}.id")), read.data("node.id"), read.data(&format!("{many}.nodes.0.id"))], [&made; 3]);
            assert_eq!(read.data("by.totalCount"), 1);
            // Nobody of another tenant finds it, by any way.
            let foreign = world.of_other(Role::Admin, "ada").ask(&text, json!({ "id": made })).await.must();
            assert_eq!([foreign.data(one), foreign.data("node")], [&Value::Null; 2]);
            assert_eq!(foreign.data("by.totalCount"), 0);
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_tenant_gets_its_first_colleagues_through_the_api() {
    each_engine(async |world: World| {
        let new = |slug: &str, zone: &str, currency: &str, language: &str| NewTenant {
            slug: slug.to_owned(),
            name: "Neu GmbH".to_owned(),
            zone: zone.to_owned(),
            currency: currency.to_owned(),
            language: language.to_owned(),
        };
        for wrong in [
            new("Neu", "UTC", "EUR", "de"),
            new("", "UTC", "EUR", "de"),
            new("neu", "Mars", "EUR", "de"),
            new("neu", "UTC", "EURO", "de"),
            new("neu", "UTC", "EUR", "Deutsch?"),
        ] {
            assert!(settings::sound(wrong.clone()).is_err(), "{wrong:?}");
        }
        let sound = settings::sound(new("neu", "Europe/Vienna", "EUR", "de")).unwrap();
        let tenant = tenancy::found(&world.store, &world.clock, sound).await.unwrap();

        // The operator is no colleague; the role alone may do it.
        let operator = world.client("neu", &[Role::Admin], "operator", std::time::Duration::from_secs(600));
        assert_eq!(
            operator.ask("{ colleagues { totalCount } }", json!({})).await.must().data("colleagues.totalCount"),
            0
        );
        let input =
            json!({ "name": "Ada Admin", "email": "ada@neu.example", "department": "MANAGEMENT", "subject": "ada" });
        let ada = done(&operator, &mutation("createColleague", "colleague", ""), input).await["id"].clone();
        let queues = operator
            .ask("{ queues(filter: { code: { eq: \"SERVICE_DESK\" } }) { nodes { id } } }", json!({}))
            .await
            .must();
        let desk = json!({ "queueId": queues.data("queues.nodes.0.id"), "colleagueId": ada });
        done(&operator, &mutation("addQueueMember", "queueMember", ""), desk).await;
        let ada = world.client("neu", &[Role::Admin], "ada", std::time::Duration::from_secs(600));
        let me = ada.ask("{ me { colleague { name } queues { code } } tenant { zone } }", json!({})).await.must();
        assert_eq!(
            me.data("me"),
            &json!({ "colleague": { "name": "Ada Admin" }, "queues": [{ "code": "SERVICE_DESK" }] })
        );
        assert_eq!(me.data("tenant.zone"), "Europe/Vienna");
        // The same name in another tenant is another one's.
        let other = world.ada().ask("{ me { queues { code } } }", json!({})).await.must();
        assert_eq!(other.data("me.queues"), &json!([]));
        let checks = api::journey::verify::tenant(&world.store, tenant).await.unwrap();
        let wrong: Vec<_> = checks.iter().filter(|check| !check.findings.is_empty()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    })
    .await;
}
