//! The sales wing's kinds in batches: what is new, what changes and what follows from it, that the same again is no change, and what a
//! wrong row is told.

use api::graph::Kind;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id};

use super::{consistent, refusals, results, upsert};

/// A customer of Sam's and another of Sue's, each with somebody there.
struct Scene {
    account: String,
    foreign: String,
    person: String,
    sam: String,
    tom: String,
}

async fn scene(world: &World) -> Scene {
    let (ina, cast) = (world.ina(), world.acme.cast);
    let (sam, sue) = (id(Kind::Colleague, cast.sam), id(Kind::Colleague, cast.sue));
    let accounts = json!([
        row("a1", json!({ "name": "Molkerei" }), json!({ "owner": { "id": sam } })),
        row("a2", json!({ "name": "Brauerei" }), json!({ "owner": { "id": sue } })),
    ]);
    let accounts = send(&ina, "Accounts", accounts).await;
    let person = json!({ "givenName": "Andrea", "familyName": "Huber" });
    let person = send(&ina, "Contacts", json!([row("c1", person, json!({ "account": { "externalId": "a1" } }))])).await;
    Scene {
        account: accounts.text("rows.0.id").to_owned(),
        foreign: accounts.text("rows.1.id").to_owned(),
        person: person.text("rows.0.id").to_owned(),
        sam,
        tom: id(Kind::Colleague, cast.tom),
    }
}

/// One row of the source `crm`.
fn row(key: &str, set: Value, relations: Value) -> Value {
    json!({ "externalId": key, "set": set, "relations": relations })
}

async fn send(client: &Client, kind: &str, rows: Value) -> tests::Answer {
    upsert(client, kind, json!({ "source": "crm", "errorPolicy": "SKIP_FAILED", "rows": rows })).await
}

/// Sends a row that goes in, and gives the id of its record; the same again is no change.
async fn put(world: &World, kind: &str, row: Value, result: &str, changed: &[&str]) -> String {
    let ina = world.ina();
    let answer = send(&ina, kind, json!([row])).await;
    assert_eq!(results(&answer), [result], "{row} {answer}");
    assert_eq!(*answer.data("rows.0.changedFields"), json!(changed), "{row}");
    let stands = world.position().await;
    let again = send(&ina, kind, json!([row])).await;
    assert_eq!(results(&again), ["UNCHANGED"], "{row} {again}");
    assert_eq!(again.data("rows.0.version"), answer.data("rows.0.version"));
    assert_eq!(world.position().await, stands, "no event tells of what is not new");
    answer.text("rows.0.id").to_owned()
}

/// Sends a row that is refused, and gives the refusal; nothing is told of it.
async fn refuse(world: &World, kind: &str, row: Value) -> String {
    let stands = world.position().await;
    let answer = send(&world.ina(), kind, json!([row])).await;
    assert_eq!(results(&answer), ["FAILED"], "{row} {answer}");
    assert_eq!(world.position().await, stands, "{row}");
    refusals(&answer)[0].join(", ")
}

/// What the timeline of a subject tells, newest first: kind and time, marked where that is not known.
async fn told(client: &Client, subject: &str) -> Vec<String> {
    let query = "query($id: ID!) { timeline(subject: $id, filter: { domains: [SALES, LEAD, SERVICE, TECHNICAL] }) {
        nodes { kind occurredAt timeUncertain } } }";
    let answer = client.ask(query, json!({ "id": subject })).await.must();
    let nodes = answer.data("timeline.nodes").as_array().unwrap();
    let line = |event: &Value| {
        let (kind, at) = (event["kind"].as_str().unwrap(), event["occurredAt"].as_str().unwrap());
        let mark = if event["timeUncertain"] == json!(true) { " ?" } else { "" };
        format!("{kind} {}{mark}", &at[..16])
    };
    nodes.iter().map(line).collect()
}

async fn stage_of(world: &World, kind: &str, id: &str) -> String {
    let query = format!("query($id: ID!) {{ {kind}(id: $id) {{ lifecycleStage }} }}");
    let answer = world.ina().ask(&query, json!({ "id": id })).await.must();
    answer.text(&format!("{kind}.lifecycleStage")).to_owned()
}

#[tokio::test]
async fn products_come_into_the_catalogue() {
    each_engine(async |world: World| {
        let full = json!({ "code": "P-1", "name": "Abfüller", "family": "Linien", "unit": "PCS", "description": "Füllt ab.",
            "unitPrice": { "amount": "1200.50", "currency": "EUR" } });
        let product = put(&world, "Products", json!({ "externalId": "p1", "set": full }), "CREATED", &[]).await;
        let changed = json!({ "externalId": "p1", "set": { "name": "Abfüller 2", "isActive": false, "unitPrice": null } });
        put(&world, "Products", changed, "UPDATED", &["name", "isActive", "unitPrice"]).await;
        let read = "query($id: ID!) { product(id: $id) { code name family unit isActive description unitPrice { amount } version } }";
        let read = world.ina().ask(read, json!({ "id": product })).await.must();
        assert_eq!(*read.data("product"), json!({ "code": "P-1", "name": "Abfüller 2", "family": "Linien", "unit": "PCS", "isActive": false,
            "description": "Füllt ab.", "unitPrice": null, "version": 2 }));
        for (key, set, refusal) in [
            ("p1", json!({ "code": "P-2" }), "INVALID set.code"),
            ("p2", json!({ "code": "P-1", "name": "Twin" }), "DUPLICATE set"),
            ("p2", json!({ "code": "P-2" }), "INVALID set.name"),
            ("p2", json!({ "code": "x".repeat(101), "name": "Long" }), "INVALID set.code"),
            ("p2", json!({ "code": "P-2", "name": "N", "unitPrice": { "amount": "-1", "currency": "EUR" } }), "INVALID set.unitPrice"),
        ] {
            assert_eq!(refuse(&world, "Products", json!({ "externalId": key, "set": set })).await, refusal, "{set}");
        }
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn opportunities_walk_their_stages_and_the_customer_follows() {
    each_engine(async |world: World| {
        let Scene { account, foreign, person, sam, .. } = scene(&world).await;
        let at = json!({ "account": { "id": account }, "owner": { "id": sam } });
        let new = json!({ "name": "Linie 3", "stage": "Discovery", "amount": { "amount": "1000.50", "currency": "EUR" },
            "closeDate": "2027-01-31", "openedAt": "2026-10-01T08:00:00Z" });
        let deal = put(&world, "Opportunities", row("o1", new, at.clone()), "CREATED", &[]).await;
        assert_eq!(stage_of(&world, "account", &account).await, "OPEN_OPPORTUNITY");
        let part = json!({ "opportunity": { "externalId": "o1" }, "contact": { "id": person } });
        put(&world, "OpportunityContacts", row("oc1", json!({ "role": "BUYER", "isPrimary": true }), part.clone()), "CREATED", &[]).await;
        assert_eq!(stage_of(&world, "contact", &person).await, "OPPORTUNITY");

        world.pass(TimeDelta::minutes(1));
        let moved = json!({ "stage": "PROPOSAL", "amount": { "amount": "1200", "currency": "EUR" }, "closeDate": "2027-02-28" });
        put(&world, "Opportunities", row("o1", moved, json!({})), "UPDATED", &["stage", "closeDate", "probability", "amount"]).await;
        world.pass(TimeDelta::minutes(1));
        let won = json!({ "stage": "Closed won", "closeReason": "Preis", "closedAt": "2026-11-22T09:00:00Z" });
        let changed = ["stage", "closeDate", "probability", "forecastCategory", "closeReason"];
        put(&world, "Opportunities", row("o1", won, json!({})), "UPDATED", &changed).await;
        assert_eq!(stage_of(&world, "account", &account).await, "ONBOARDING");
        assert_eq!(stage_of(&world, "contact", &person).await, "CUSTOMER");
        let read = "query($id: ID!) { opportunity(id: $id) { stage closeDate probability forecastCategory closeReason owner { id }
            snapshots { stage amount { amount } } stageIntervals { stage } } }";
        let read = world.ina().ask(read, json!({ "id": deal })).await.must();
        assert_eq!(*read.data("opportunity"), json!({ "stage": "CLOSED_WON", "closeDate": "2026-11-22", "probability": 100,
            "forecastCategory": "CLOSED", "closeReason": "Preis", "owner": { "id": sam },
            "snapshots": [
                { "stage": "DISCOVERY", "amount": { "amount": "1000.50" } },
                { "stage": "PROPOSAL", "amount": { "amount": "1200.00" } },
                { "stage": "CLOSED_WON", "amount": { "amount": "1200.00" } },
            ],
            "stageIntervals": [{ "stage": "DISCOVERY" }, { "stage": "PROPOSAL" }, { "stage": "CLOSED_WON" }] }));
        assert_eq!(told(&world.sam(), &deal).await, [
            "opportunity.close_date_moved 2026-11-23T12:01",
            "opportunity.amount_changed 2026-11-23T12:01",
            "opportunity.stage_changed 2026-11-23T12:01",
            "opportunity.won 2026-11-22T09:00",
            "opportunity.created 2026-10-01T08:00",
        ]);
        assert_eq!(told(&world.sam(), &person).await, [
            "opportunity.stage_changed 2026-11-23T12:01",
            "opportunity.won 2026-11-22T09:00",
        ]);

        // One that comes closed tells how it ended, too; one that reopens is open again.
        let lost = json!({ "name": "Alt", "stage": "CLOSED_LOST", "closeDate": "2024-03-01", "openedAt": "2023-05-01T08:00:00Z" });
        let old = put(&world, "Opportunities", row("o2", lost, json!({ "account": { "id": foreign } })), "CREATED", &[]).await;
        assert_eq!(told(&world.sue(), &old).await, ["opportunity.lost 2026-11-23T12:02 ?", "opportunity.created 2023-05-01T08:00"]);
        assert_eq!(stage_of(&world, "account", &foreign).await, "TARGET");
        world.pass(TimeDelta::minutes(1));
        let open = json!({ "stage": "QUALIFICATION", "probability": 15 });
        put(&world, "Opportunities", row("o2", open, json!({})), "UPDATED", &["stage", "probability", "forecastCategory"]).await;
        assert_eq!(told(&world.sue(), &old).await[0], "opportunity.reopened 2026-11-23T12:03");
        assert_eq!(stage_of(&world, "account", &foreign).await, "OPEN_OPPORTUNITY");
        world.pass(TimeDelta::minutes(1));
        put(&world, "Opportunities", row("o2", json!({ "stage": "CLOSED_LOST", "closeDate": "2026-11-01" }), json!({})), "UPDATED",
            &["stage", "closeDate", "probability", "forecastCategory"]).await;
        assert_eq!(stage_of(&world, "account", &foreign).await, "ENGAGED");

        for (key, set, relations, refusal) in [
            ("o3", json!({ "name": "x" }), json!({}), "INVALID relations.account"),
            ("o3", json!({ "name": "x" }), json!({ "account": { "externalId": "nobody" } }), "NOT_FOUND relations.account"),
            ("o3", json!({ "name": "x", "stage": "Nowhere" }), at.clone(), "INVALID set.stage"),
            ("o3", json!({ "name": "x", "pipeline": "Nowhere" }), at.clone(), "INVALID set.pipeline"),
            ("o3", json!({ "name": "x", "probability": 101 }), at.clone(), "INVALID set.probability"),
            ("o1", json!({}), json!({ "account": { "id": foreign } }), "INVALID relations.account"),
        ] {
            assert_eq!(refuse(&world, "Opportunities", row(key, set.clone(), relations)).await, refusal, "{set}");
        }
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_lead_is_converted_by_its_opportunity_once() {
    each_engine(async |world: World| {
        let Scene { account, person, .. } = scene(&world).await;
        let lead = world.mia().act("createLead", "lead { id }", json!({ "contactId": person })).await.must();
        let lead = lead.text("createLead.lead.id").to_owned();
        world.pass(TimeDelta::minutes(1));
        let from = json!({ "account": { "id": account }, "lead": { "id": lead } });
        let twins = json!([
            row("o1", json!({ "name": "Eins" }), from.clone()),
            row("o2", json!({ "name": "Zwei" }), from.clone())
        ]);
        let taken = send(&world.ina(), "Opportunities", twins).await;
        assert_eq!(results(&taken), ["CREATED", "FAILED"]);
        assert_eq!(refusals(&taken)[1], ["STATE_CONFLICT relations.lead"]);
        put_unchanged(&world, "Opportunities", row("o1", json!({ "name": "Eins" }), from.clone())).await;
        assert_eq!(
            refuse(&world, "Opportunities", row("o2", json!({ "name": "Zwei" }), from)).await,
            "STATE_CONFLICT relations.lead"
        );
        let read = "query($id: ID!) { lead(id: $id) { status } }";
        assert_eq!(world.ina().ask(read, json!({ "id": lead })).await.must().text("lead.status"), "CONVERTED");
        assert_eq!(stage_of(&world, "contact", &person).await, "OPPORTUNITY");
        let told = told(&world.ina(), &lead).await;
        let last: Vec<&str> = told.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(last, ["lead.converted", "opportunity.created", "lead.created"]);
        consistent(&world).await;
    })
    .await;
}

async fn put_unchanged(world: &World, kind: &str, row: Value) {
    let stands = world.position().await;
    let again = send(&world.ina(), kind, json!([row])).await;
    assert_eq!(results(&again), ["UNCHANGED"], "{again}");
    assert_eq!(world.position().await, stands);
}

#[tokio::test]
async fn there_is_one_main_person_of_an_opportunity() {
    each_engine(async |world: World| {
        let Scene { account, person, .. } = scene(&world).await;
        let at = json!({ "account": { "id": account } });
        put(&world, "Opportunities", row("o1", json!({ "name": "Linie 3" }), at), "CREATED", &[]).await;
        let part = json!({ "opportunity": { "externalId": "o1" }, "contact": { "id": person } });
        let first = put(
            &world,
            "OpportunityContacts",
            row("a", json!({ "role": "BUYER", "isPrimary": true }), part.clone()),
            "CREATED",
            &[],
        )
        .await;
        put(&world, "OpportunityContacts", row("b", json!({ "role": "CHAMPION" }), part.clone()), "CREATED", &[]).await;
        put(
            &world,
            "OpportunityContacts",
            row("b", json!({ "isPrimary": true }), json!({})),
            "UPDATED",
            &["isPrimary"],
        )
        .await;
        let read = "query($id: ID!) { opportunityContact(id: $id) { role isPrimary } }";
        let read = world.ina().ask(read, json!({ "id": first })).await.must();
        assert_eq!(*read.data("opportunityContact"), json!({ "role": "BUYER", "isPrimary": false }));
        for (key, set, relations, refusal) in [
            ("c", json!({ "role": "CHAMPION" }), part.clone(), "DUPLICATE set"),
            ("c", json!({}), part.clone(), "INVALID set.role"),
            ("c", json!({ "role": "USER" }), json!({ "contact": { "id": person } }), "INVALID relations.opportunity"),
            ("b", json!({ "role": null }), json!({}), "INVALID set.role"),
        ] {
            assert_eq!(refuse(&world, "OpportunityContacts", row(key, set.clone(), relations)).await, refusal, "{set}");
        }
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn meetings_are_planned_moved_and_held() {
    each_engine(async |world: World| {
        let Scene { account, foreign, person, sam, tom } = scene(&world).await;
        let at = json!({ "account": { "id": account }, "organizer": { "id": sam } });
        let plan = json!({ "title": "Besuch", "kind": "DEMO", "startsAt": "2026-12-01T09:00:00Z", "endsAt": "2026-12-01T10:00:00Z",
            "arrangedAt": "2026-11-02T10:00:00Z", "contacts": [{ "id": person }], "colleagues": [{ "id": tom }] });
        let meeting = put(&world, "Meetings", row("m1", plan, at.clone()), "CREATED", &[]).await;
        world.pass(TimeDelta::minutes(1));
        let moved = json!({ "startsAt": "2026-12-02T09:00:00Z", "endsAt": null, "colleagues": [] });
        put(&world, "Meetings", row("m1", moved, json!({})), "UPDATED", &["startsAt", "endsAt", "colleagues"]).await;
        world.pass(TimeDelta::minutes(1));
        let held = json!({ "outcome": "HELD", "summary": "Linie 3 ist alt." });
        put(&world, "Meetings", row("m1", held, json!({})), "UPDATED", &["outcome", "summary"]).await;
        let lines = [
            "demo.given 2026-11-23T12:02",
            "meeting.held 2026-11-23T12:02",
            "meeting.rescheduled 2026-11-23T12:01",
            "meeting.scheduled 2026-11-02T10:00",
        ];
        assert_eq!(told(&world.sam(), &account).await, lines);
        assert_eq!(told(&world.sam(), &person).await, lines);
        assert_eq!(stage_of(&world, "account", &account).await, "ENGAGED");
        let read = "query($id: ID!) { meeting(id: $id) { outcome summary organizer { id } attendees(first: 9) { nodes { contact { id } colleague { id } } } } }";
        let read = world.sam().ask(read, json!({ "id": meeting })).await.must();
        assert_eq!(*read.data("meeting"), json!({ "outcome": "HELD", "summary": "Linie 3 ist alt.", "organizer": { "id": sam },
            "attendees": { "nodes": [{ "contact": { "id": person }, "colleague": null }] } }));

        // One of the past happened when it was.
        let past = json!({ "title": "Anruf", "kind": "CALL", "startsAt": "2025-03-04T08:00:00Z", "outcome": "NO_SHOW" });
        put(&world, "Meetings", row("m2", past, json!({ "account": { "id": foreign } })), "CREATED", &[]).await;
        assert_eq!(told(&world.sue(), &foreign).await, ["meeting.no_show 2025-03-04T08:00", "meeting.scheduled 2025-03-04T08:00"]);
        assert_eq!(stage_of(&world, "account", &foreign).await, "TARGET");

        let new = json!({ "title": "x", "kind": "CALL", "startsAt": "2026-12-01T09:00:00Z" });
        let with = |field: &str, value: Value| {
            let mut set = new.clone();
            set[field] = value;
            set
        };
        for (key, set, relations, refusal) in [
            ("m3", with("endsAt", json!("2026-12-01T08:59:59Z")), at.clone(), "INVALID set.endsAt"),
            ("m3", with("title", json!(" ")), at.clone(), "INVALID set.title"),
            ("m3", with("contacts", json!([{ "externalId": "nobody" }])), at.clone(), "NOT_FOUND set.contacts.0"),
            ("m3", new.clone(), json!({}), "INVALID relations.account"),
            ("m1", json!({ "outcome": "CANCELLED" }), json!({}), "STATE_CONFLICT set.outcome"),
            ("m1", json!({ "startsAt": "2026-12-03T09:00:00Z" }), json!({}), "STATE_CONFLICT set.startsAt"),
            ("m1", json!({}), json!({ "account": { "id": foreign } }), "INVALID relations.account"),
        ] {
            assert_eq!(refuse(&world, "Meetings", row(key, set.clone(), relations)).await, refusal, "{set}");
        }
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn activities_happen_when_they_were_and_are_corrected() {
    each_engine(async |world: World| {
        let Scene { account, person, sam, .. } = scene(&world).await;
        let of = json!({ "contact": { "id": person }, "colleague": { "id": sam } });
        let call = json!({ "kind": "CALL", "direction": "OUTBOUND", "occurredAt": "2026-11-20T08:30:00Z", "outcome": "NO_ANSWER", "durationS": 5 });
        let activity = put(&world, "Activities", row("c1", call, of.clone()), "CREATED", &[]).await;
        assert_eq!(told(&world.sam(), &account).await, ["call.attempted 2026-11-20T08:30"]);
        put(&world, "Activities", row("c1", json!({ "outcome": "CONNECTED", "subject": "Termin" }), json!({})), "UPDATED", &["outcome", "subject"]).await;
        assert_eq!(told(&world.sam(), &account).await, ["call.connected 2026-11-20T08:30"]);
        put(&world, "Activities", row("c1", json!({ "occurredAt": "2026-11-19T08:30:00Z" }), json!({})), "UPDATED", &["occurredAt"]).await;
        assert_eq!(told(&world.sam(), &person).await, ["call.connected 2026-11-19T08:30"]);
        // A time that cannot be is now, and stays so when it is sent again.
        let odd = json!({ "kind": "EMAIL", "direction": "INBOUND", "occurredAt": "2099-01-01T00:00:00Z" });
        put(&world, "Activities", row("c2", odd, of.clone()), "CREATED", &[]).await;
        assert_eq!(told(&world.sam(), &account).await, ["mail.received 2026-11-23T12:00 ?", "call.connected 2026-11-19T08:30"]);
        let read = "query($id: ID!) { activity(id: $id) { account { id } colleague { id } automatic durationS outcome } }";
        let read = world.ina().ask(read, json!({ "id": activity })).await.must();
        assert_eq!(*read.data("activity"), json!({ "account": { "id": account }, "colleague": { "id": sam }, "automatic": false,
            "durationS": 5, "outcome": "CONNECTED" }));
        for (set, relations, refusal) in [
            (json!({ "kind": "CALL" }), of.clone(), "INVALID set.direction"),
            (json!({ "kind": "CALL", "direction": "INBOUND", "durationS": -1 }), of.clone(), "INVALID set.durationS"),
            (json!({ "kind": "CALL", "direction": "INBOUND" }), json!({ "ticket": { "externalId": "none" } }), "NOT_FOUND relations.ticket"),
        ] {
            assert_eq!(refuse(&world, "Activities", row("c3", set.clone(), relations)).await, refusal, "{set}");
        }
        let gone = send(&world.ina(), "Activities", json!([{ "externalId": "c2", "deleted": true }])).await;
        assert_eq!(results(&gone), ["DELETED"]);
        assert_eq!(told(&world.sam(), &account).await, ["call.connected 2026-11-19T08:30"]);
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn notes_and_tasks_stand_on_the_records_of_their_system() {
    each_engine(async |world: World| {
        let Scene { account, sam, tom, .. } = scene(&world).await;
        let deal = row("o1", json!({ "name": "Linie 3" }), json!({ "account": { "id": account } }));
        let deal = put(&world, "Opportunities", deal, "CREATED", &[]).await;
        let on = json!({ "entity": "OPPORTUNITY", "externalId": "o1" });
        let by = json!({ "author": { "id": sam } });
        let note = json!({ "body": "Will zwei.", "visibility": "TEAM", "record": on, "mentions": [{ "id": tom }], "writtenAt": "2026-10-05T10:00:00Z" });
        let note = put(&world, "Notes", row("n1", note, by.clone()), "CREATED", &[]).await;
        let read = "query($id: ID!) { note(id: $id) { body visibility recordId author { id } mentions { id } } }";
        let first = world.sam().ask(read, json!({ "id": note })).await.must();
        assert_eq!(*first.data("note"), json!({ "body": "Will zwei.", "visibility": "TEAM", "recordId": deal, "author": { "id": sam },
            "mentions": [{ "id": tom }] }));
        put(&world, "Notes", row("n1", json!({ "body": "Will drei.", "mentions": null }), json!({})), "UPDATED", &["body", "mentions"]).await;
        let second = world.sam().ask(read, json!({ "id": note })).await.must();
        assert_eq!((second.text("note.body"), second.data("note.mentions")), ("Will drei.", &json!([])));
        // What is hidden keeps its time.
        put(&world, "Notes", row("n1", json!({ "visibility": "PRIVATE" }), json!({})), "UPDATED", &["visibility"]).await;
        assert_eq!(told(&world.sam(), &deal).await, ["opportunity.created 2026-11-23T12:00", "note.added 2026-10-05T10:00"]);
        for (key, set, refusal) in [
            ("n2", json!({ "body": "x", "visibility": "TEAM" }), "INVALID set.record"),
            ("n2", json!({ "body": "x", "visibility": "TEAM", "record": { "externalId": "o1" } }), "INVALID set.record"),
            ("n2", json!({ "body": "x", "visibility": "TEAM", "record": { "entity": "TICKET", "externalId": "o1" } }), "NOT_FOUND set.record"),
            ("n2", json!({ "body": " ", "visibility": "TEAM", "record": on }), "INVALID set.body"),
            ("n1", json!({ "record": { "id": account } }), "INVALID set.record"),
            ("n1", json!({ "mentions": [{ "id": tom }] }), "INVALID set.mentions"),
        ] {
            assert_eq!(refuse(&world, "Notes", row(key, set.clone(), json!({}))).await, refusal, "{set}");
        }

        let queue = world.ina().ask("{ queues(first: 9) { nodes { id code } } }", json!({})).await.must();
        let code = queue.text("queues.nodes.0.code").to_owned();
        let task = put(&world, "Tasks", row("t1", json!({ "title": "Angebot", "record": on, "dueAt": "2026-12-01T08:00:00Z" }), json!({ "assignee": { "id": sam } })), "CREATED", &[]).await;
        put(&world, "Tasks", row("t1", json!({ "queue": code }), json!({})), "UPDATED", &["assignee", "queue"]).await;
        put(&world, "Tasks", row("t1", json!({ "doneAt": "2026-11-21T07:00:00Z" }), json!({})), "UPDATED", &["doneAt"]).await;
        assert_eq!(told(&world.sam(), &deal).await, [
            "opportunity.created 2026-11-23T12:00",
            "task.completed 2026-11-21T07:00",
            "note.added 2026-10-05T10:00",
        ]);
        let read = "query($id: ID!) { task(id: $id) { title doneAt recordId assignee { id } queue { code } } }";
        let read = world.ina().ask(read, json!({ "id": task })).await.must();
        assert_eq!(*read.data("task"), json!({ "title": "Angebot", "doneAt": "2026-11-21T07:00:00+00:00", "recordId": deal, "assignee": null,
            "queue": { "code": code } }));
        for (set, relations, refusal) in [
            (json!({}), json!({}), "INVALID set.title"),
            (json!({ "title": "x", "queue": "NOWHERE" }), json!({}), "INVALID set.queue"),
            (json!({ "title": "x", "queue": code }), json!({ "assignee": { "id": sam } }), "INVALID set.queue"),
            (json!({ "title": "x", "record": { "entity": "OPPORTUNITY", "externalId": "none" } }), json!({}), "NOT_FOUND set.record"),
        ] {
            assert_eq!(refuse(&world, "Tasks", row("t2", set.clone(), relations)).await, refusal, "{set}");
        }
        let gone = send(&world.ina(), "Notes", json!([{ "externalId": "n1", "deleted": true }])).await;
        assert_eq!(results(&gone), ["DELETED"], "{gone}");
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn orders_are_placed_and_their_lines_make_the_total() {
    each_engine(async |world: World| {
        let Scene { account, foreign, .. } = scene(&world).await;
        let (mine, theirs) = (json!({ "account": { "id": account } }), json!({ "account": { "id": foreign } }));
        let new = json!({ "number": "4711", "currency": "EUR", "orderedAt": "2026-09-01T06:00:00Z", "total": "99.50", "status": "INVOICED" });
        let order = put(&world, "Orders", row("b1", new.clone(), mine.clone()), "CREATED", &[]).await;
        let total = async |order: &str| {
            let read = "query($id: ID!) { order(id: $id) { total { amount } status lines(first: 9) { nodes { position description quantity unitPrice { amount } } } } }";
            world.ina().ask(read, json!({ "id": order })).await.must().data("order").clone()
        };
        assert_eq!(total(&order).await, json!({ "total": { "amount": "99.50" }, "status": "INVOICED", "lines": { "nodes": [] } }));
        put(&world, "Products", json!({ "externalId": "p1", "set": { "code": "P-1", "name": "Becher" } }), "CREATED", &[]).await;
        let of = json!({ "order": { "externalId": "b1" } });
        let both = json!({ "order": { "externalId": "b1" }, "product": { "externalId": "p1" } });
        let lines = json!([
            row("l1", json!({ "quantity": "2.5", "unitPrice": "10.01" }), both),
            row("l2", json!({ "quantity": "1", "unitPrice": "5", "description": "Fracht" }), of.clone()),
        ]);
        assert_eq!(results(&send(&world.ina(), "OrderLines", lines.clone()).await), ["CREATED", "CREATED"]);
        assert_eq!(results(&send(&world.ina(), "OrderLines", lines).await), ["UNCHANGED", "UNCHANGED"]);
        assert_eq!(total(&order).await, json!({ "total": { "amount": "30.03" }, "status": "INVOICED", "lines": { "nodes": [
            { "position": 1, "description": "Becher", "quantity": "2.500", "unitPrice": { "amount": "10.01" } },
            { "position": 2, "description": "Fracht", "quantity": "1.000", "unitPrice": { "amount": "5.00" } },
        ] } }));
        put(&world, "OrderLines", row("l2", json!({ "quantity": "3" }), json!({})), "UPDATED", &["quantity"]).await;
        assert_eq!(total(&order).await["total"]["amount"], "40.03");
        // What the lines come to is the total, whatever else is said.
        put_unchanged(&world, "Orders", row("b1", new, mine.clone())).await;
        for (key, set, relations, refusal) in [
            ("l3", json!({ "quantity": "1" }), of.clone(), "INVALID set.unitPrice"),
            ("l3", json!({ "quantity": "0", "unitPrice": "1" }), of.clone(), "INVALID set.quantity"),
            ("l3", json!({ "quantity": "1", "unitPrice": "1" }), json!({}), "INVALID relations.order"),
            ("l2", json!({ "quantity": null }), json!({}), "INVALID set.quantity"),
        ] {
            assert_eq!(refuse(&world, "OrderLines", row(key, set.clone(), relations)).await, refusal, "{set}");
        }
        let gone = send(&world.ina(), "OrderLines", json!([{ "externalId": "l1", "deleted": true }])).await;
        assert_eq!((results(&gone), refusals(&gone)), (vec!["FAILED"], vec![vec!["STATE_CONFLICT id".to_owned()]]));

        let draft = json!({ "currency": "EUR", "status": "DRAFT" });
        put(&world, "Orders", row("b2", draft, theirs.clone()), "CREATED", &[]).await;
        assert!(told(&world.sue(), &foreign).await.is_empty());
        put(&world, "Orders", row("b2", json!({ "status": "CONFIRMED", "total": "7" }), json!({})), "UPDATED", &["status", "total"]).await;
        world.pass(TimeDelta::minutes(1));
        put(&world, "Orders", row("b2", json!({ "status": "CANCELLED" }), json!({})), "UPDATED", &["status"]).await;
        assert_eq!(told(&world.sue(), &foreign).await, ["order.cancelled 2026-11-23T12:01", "order.placed 2026-11-23T12:00"]);
        assert_eq!(told(&world.sam(), &account).await, ["order.placed 2026-09-01T06:00"]);
        for (key, set, relations, refusal) in [
            ("b2", json!({ "status": "PLACED" }), json!({}), "STATE_CONFLICT set.status"),
            ("b2", json!({ "number": "1" }), json!({}), "STATE_CONFLICT set.status"),
            ("b1", json!({ "status": "CANCELLED" }), json!({}), "STATE_CONFLICT set.status"),
            ("b1", json!({ "status": "DRAFT" }), json!({}), "STATE_CONFLICT set.status"),
            ("b1", json!({ "currency": "CHF" }), json!({}), "INVALID set.currency"),
            ("b1", json!({ "orderedAt": "2026-09-02T06:00:00Z" }), json!({}), "INVALID set.orderedAt"),
            ("b3", json!({}), mine.clone(), "INVALID set.currency"),
            ("b3", json!({ "currency": "EURO" }), mine.clone(), "INVALID set.currency"),
            ("b3", json!({ "currency": "EUR", "total": "-1" }), mine.clone(), "INVALID set.total"),
        ] {
            assert_eq!(refuse(&world, "Orders", row(key, set.clone(), relations)).await, refusal, "{key} {set}");
        }
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn contracts_are_signed_renewed_and_cancelled() {
    each_engine(async |world: World| {
        let Scene { account, foreign, sam, .. } = scene(&world).await;
        let of = json!({ "account": { "id": account }, "owner": { "id": sam } });
        let new = json!({ "name": "Wartung", "number": "W-1", "startDate": "2025-01-01", "endDate": "2026-12-31", "signedAt": "2024-12-12T10:00:00Z",
            "value": { "amount": "2400", "currency": "EUR" } });
        let contract = put(&world, "Contracts", row("w1", new, of.clone()), "CREATED", &[]).await;
        put(&world, "Contracts", row("w1", json!({ "status": "EXPIRED" }), json!({})), "UPDATED", &["status"]).await;
        put(&world, "Contracts", row("w1", json!({ "status": "ACTIVE", "endDate": "2027-12-31" }), json!({})), "UPDATED", &["status", "endDate"]).await;
        put(&world, "Contracts", row("w1", json!({ "status": "CANCELLED", "cancelledAt": "2026-11-20T10:00:00Z" }), json!({})), "UPDATED",
            &["status", "cancelledAt"]).await;
        assert_eq!(told(&world.sam(), &account).await, [
            "contract.renewed 2026-11-23T12:00",
            "contract.cancelled 2026-11-20T10:00",
            "contract.signed 2024-12-12T10:00",
        ]);
        let read = "query($id: ID!) { contract(id: $id) { status renewal endDate owner { id } value { amount } } }";
        let read = world.ina().ask(read, json!({ "id": contract })).await.must();
        assert_eq!(*read.data("contract"), json!({ "status": "CANCELLED", "renewal": "MANUAL", "endDate": "2027-12-31", "owner": { "id": sam },
            "value": { "amount": "2400.00" } }));
        let draft = json!({ "name": "Miete", "startDate": "2027-01-01", "status": "DRAFT" });
        put(&world, "Contracts", row("w2", draft, json!({ "account": { "id": foreign } })), "CREATED", &[]).await;
        assert!(told(&world.sue(), &foreign).await.is_empty());
        put(&world, "Contracts", row("w2", json!({ "status": "ACTIVE" }), json!({})), "UPDATED", &["status", "signedAt"]).await;
        assert_eq!(told(&world.sue(), &foreign).await, ["contract.signed 2026-11-23T12:00"]);
        for (key, set, relations, refusal) in [
            ("w1", json!({ "status": "ACTIVE" }), json!({}), "STATE_CONFLICT set.status"),
            ("w2", json!({ "status": "DRAFT" }), json!({}), "STATE_CONFLICT set.status"),
            ("w2", json!({ "endDate": "2026-12-31" }), json!({}), "INVALID set.endDate"),
            ("w2", json!({ "cancelledAt": "2026-11-20T10:00:00Z" }), json!({}), "INVALID set.cancelledAt"),
            ("w2", json!({ "slaPolicy": "NOWHERE" }), json!({}), "INVALID set.slaPolicy"),
            ("w3", json!({ "name": "x" }), of.clone(), "INVALID set.startDate"),
            ("w3", json!({ "name": "x", "startDate": "2027-01-01" }), json!({}), "INVALID relations.account"),
        ] {
            assert_eq!(refuse(&world, "Contracts", row(key, set.clone(), relations)).await, refusal, "{key} {set}");
        }
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_thousand_opportunities_cost_a_bounded_number_of_statements() {
    each_engine(async |world: World| {
        let Scene { account, .. } = scene(&world).await;
        let ina = world.ina();
        let rows = |stage: &str| -> Value {
            let row = |n: usize| {
                row(
                    &format!("o{n}"),
                    json!({ "name": format!("Deal {n}"), "stage": stage }),
                    json!({ "account": { "id": account } }),
                )
            };
            (0..1_000).map(row).collect()
        };
        for (stage, result) in [("DISCOVERY", "CREATED"), ("CLOSED_WON", "UPDATED")] {
            let before = world.statements();
            assert_eq!(results(&send(&ina, "Opportunities", rows(stage)).await), vec![result; 1_000]);
            let spent = world.statements() - before;
            assert!(spent < 400, "{spent} statements");
        }
        let before = world.statements();
        assert_eq!(results(&send(&ina, "Opportunities", rows("CLOSED_WON")).await), vec!["UNCHANGED"; 1_000]);
        assert!(world.statements() - before < 40, "{}", world.statements() - before);
        consistent(&world).await;
    })
    .await;
}
