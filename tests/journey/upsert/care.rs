//! Batches of the house, of marketing and of service: what follows from a row is what follows from the act that it tells of, at the moment
//! when that happened; the same batch again changes nothing.

use api::graph::Kind;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

use super::{consistent, refusals, results, upsert};

/// A batch of one source; the rows that fail stay out.
fn batch(rows: Value) -> Value {
    json!({ "source": "suite", "errorPolicy": "SKIP_FAILED", "rows": rows })
}

/// Sends rows, and the same rows again: then nothing is new, and nothing is told. Gives the first answer.
async fn twice(world: &World, kind: &str, rows: Value) -> tests::Answer {
    let ina = world.ina();
    let first = upsert(&ina, kind, batch(rows.clone())).await;
    let stands = world.position().await;
    let again = upsert(&ina, kind, batch(rows)).await;
    let expected = vec!["UNCHANGED"; results(&first).len()];
    assert_eq!(results(&again), expected, "{again}");
    assert_eq!(world.position().await, stands, "no event tells of what is not new");
    first
}

/// The ids of the rows of an answer.
fn ids(answer: &tests::Answer) -> Vec<String> {
    answer.each("rows", "id").into_iter().map(|id| id.as_str().expect("a record").to_owned()).collect()
}

/// A refused row: one refusal, and nothing happened.
async fn refused(world: &World, kind: &str, row: Value) -> String {
    let stands = world.position().await;
    let answer = upsert(&world.ina(), kind, batch(json!([row]))).await;
    assert_eq!(results(&answer), ["FAILED"], "{answer}");
    assert_eq!(world.position().await, stands, "{kind} did something: {answer}");
    refusals(&answer).remove(0).join(", ")
}

/// What stands on the timeline of a subject, the newest first: kind and moment.
async fn told(client: &Client, subject: &str, least: i32) -> Vec<(String, String)> {
    let query = "query($id: ID!, $least: Int!) { timeline(subject: $id, first: 50, filter: { minImportance: $least }) {
        nodes { kind occurredAt } } }";
    let answer = client.ask(query, json!({ "id": subject, "least": least })).await.must();
    let nodes = answer.data("timeline.nodes").as_array().unwrap();
    let text = |node: &Value, field: &str| node[field].as_str().unwrap().to_owned();
    nodes.iter().map(|node| (text(node, "kind"), text(node, "occurredAt"))).collect()
}

fn kinds(told: &[(String, String)]) -> Vec<&str> {
    told.iter().map(|(kind, _)| kind.as_str()).collect()
}

fn at(told: &[(String, String)], kind: &str) -> String {
    told.iter().find(|(name, _)| name == kind).unwrap_or_else(|| panic!("no {kind} in {told:?}")).1.clone()
}

async fn one(client: &Client, root: &str, id: &str, fields: &str) -> Value {
    let answer =
        client.ask(&format!("query($id: ID!) {{ {root}(id: $id) {{ {fields} }} }}"), json!({ "id": id })).await.must();
    answer.data(root).clone()
}

/// Two accounts, `a` and `b`, and a person `p` of `a`: their ids.
async fn scene(world: &World) -> (String, String, String) {
    let accounts =
        json!([{ "externalId": "a", "set": { "name": "Alpha" } }, { "externalId": "b", "set": { "name": "Beta" } }]);
    let accounts = ids(&upsert(&world.ina(), "Accounts", batch(accounts)).await);
    let person = json!([{ "externalId": "p", "set": { "familyName": "Ohm" }, "relations": { "account": { "externalId": "a" } } }]);
    let person = ids(&upsert(&world.ina(), "Contacts", batch(person)).await);
    (accounts[0].clone(), accounts[1].clone(), person[0].clone())
}

#[tokio::test]
async fn a_colleague_who_is_here_already_is_taken_over() {
    each_engine(async |world: World| {
        let rows = json!([
            { "externalId": "u1", "set": { "name": "Nora Neu", "email": "nora@acme.example", "department": "SALES" } },
            { "externalId": "u2", "set": { "name": "Sam Sales", "email": "SAM@acme.example", "title": "Head of sales" } },
            { "externalId": "u3", "set": { "name": "Vera Service", "subject": "vera" } },
        ]);
        let first = twice(&world, "Colleagues", rows).await;
        assert_eq!(results(&first), ["CREATED", "UPDATED", "UNCHANGED"]);
        let taken = ids(&first);
        assert_eq!(taken[1], id(Kind::Colleague, world.acme.cast.sam));
        assert_eq!(taken[2], id(Kind::Colleague, world.acme.cast.vera));
        assert_eq!(first.data("rows.1.changedFields"), &json!(["email", "title"]));
        let nora = one(&world.ina(), "colleague", &taken[0], "name email department title isActive subject").await;
        assert_eq!(nora, json!({ "name": "Nora Neu", "email": "nora@acme.example", "department": "SALES", "title": null,
            "isActive": true, "subject": null }));

        let gone = json!([{ "externalId": "u1", "set": { "isActive": false } }]);
        let left = twice(&world, "Colleagues", gone).await;
        assert_eq!((results(&left), left.data("rows.0.changedFields")), (vec!["UPDATED"], &json!(["isActive"])));
        let wrong = json!({ "externalId": "x", "set": { "name": "X", "email": "no address", "department": "SALES" } });
        assert_eq!(refused(&world, "Colleagues", wrong).await, "INVALID set.email");
        let bare = json!({ "externalId": "x", "set": { "name": "X" } });
        assert_eq!(refused(&world, "Colleagues", bare).await, "INVALID set.email, INVALID set.department");
        let stolen = json!({ "externalId": "u1", "set": { "subject": "sam" } });
        assert_eq!(refused(&world, "Colleagues", stolen).await, "DUPLICATE set");
        let lasting = json!({ "externalId": "u1", "deleted": true });
        assert_eq!(refused(&world, "Colleagues", lasting).await, "STATE_CONFLICT deleted");
        let twins = json!([
            { "externalId": "t1", "set": { "name": "T", "email": "t@acme.example", "department": "SALES" } },
            { "externalId": "t2", "set": { "name": "T", "email": "T@acme.example", "department": "SALES" } },
        ]);
        let twins = upsert(&world.ina(), "Colleagues", batch(twins)).await;
        assert_eq!((results(&twins), refusals(&twins)[1].join(", ")), (vec!["CREATED", "FAILED"], "DUPLICATE_IN_BATCH set.email".into()));
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn campaigns_aim_and_cost() {
    each_engine(async |world: World| {
        world.work(async |work| rows::industry(work, "DAIRY", None).await).await;
        let codes = world.work(async |work| Ok(rows::industry(work, "BEER", None).await?.code)).await;
        let campaign = |industries: Value, budget: &str| {
            json!([{ "externalId": "k", "set": { "name": "Spring", "type": "EMAIL", "code": "spring", "targetIndustries": industries,
                "startDate": "2026-03-01", "endDate": "2026-05-31", "budget": { "amount": budget, "currency": "EUR" } } }])
        };
        let first = twice(&world, "Campaigns", campaign(json!(["DAIRY"]), "1000")).await;
        assert_eq!(results(&first), ["CREATED"]);
        let id = ids(&first)[0].clone();
        let fields = "name type code status budget { amount } owner { name } targetIndustries { code }";
        assert_eq!(one(&world.ina(), "campaign", &id, fields).await, json!({ "name": "Spring", "type": "EMAIL", "code": "spring",
            "status": "PLANNED", "budget": { "amount": "1000.00" }, "owner": null, "targetIndustries": [{ "code": "DAIRY" }] }));
        world.pass(TimeDelta::minutes(1));
        let aimed = twice(&world, "Campaigns", campaign(json!([codes]), "1200.50")).await;
        assert_eq!(aimed.data("rows.0.changedFields"), &json!(["budget", "targetIndustries"]));
        assert_eq!(aimed.data("rows.0.version"), 2);
        assert_eq!(kinds(&told(&world.ina(), &id, 0).await), ["record.updated", "record.created"]);
        let wrong = json!({ "externalId": "k", "set": { "endDate": "2026-02-01" } });
        assert_eq!(refused(&world, "Campaigns", wrong).await, "INVALID set.endDate");
        let wrong = json!({ "externalId": "k", "set": { "targetIndustries": ["NOWHERE"] } });
        assert_eq!(refused(&world, "Campaigns", wrong).await, "NOT_FOUND set.targetIndustries");
        let twin = json!({ "externalId": "k2", "set": { "name": "Other", "type": "EMAIL", "code": "spring" } });
        assert_eq!(refused(&world, "Campaigns", twin).await, "DUPLICATE set");

        let cost = |amount: &str, last: &str| {
            json!([{ "externalId": "c", "set": { "dateFrom": "2026-03-01", "dateTo": last, "kind": "MEDIA", "channelCode": "TRADE_FAIR",
                "amount": { "amount": amount, "currency": "EUR" } }, "relations": { "campaign": { "externalId": "k" } } }])
        };
        let spent = twice(&world, "CampaignCosts", cost("99.90", "2026-03-31")).await;
        assert_eq!(results(&spent), ["CREATED"]);
        let fields = "dateTo kind amount { amount currency } channel { code } campaign { name }";
        assert_eq!(one(&world.ina(), "campaignCost", &ids(&spent)[0], fields).await, json!({ "dateTo": "2026-03-31", "kind": "MEDIA",
            "amount": { "amount": "99.90", "currency": "EUR" }, "channel": { "code": "TRADE_FAIR" }, "campaign": { "name": "Spring" } }));
        let more = twice(&world, "CampaignCosts", cost("120", "2026-04-30")).await;
        assert_eq!(more.data("rows.0.changedFields"), &json!(["dateTo", "amount"]));
        let row = |set: Value| json!({ "externalId": "c", "set": set });
        assert_eq!(refused(&world, "CampaignCosts", row(json!({ "dateTo": "2026-02-01" }))).await, "INVALID set.dateTo");
        let minus = json!({ "amount": { "amount": "-1", "currency": "EUR" } });
        assert_eq!(refused(&world, "CampaignCosts", row(minus)).await, "INVALID set.amount");
        assert_eq!(refused(&world, "CampaignCosts", row(json!({ "channelCode": "NOWHERE" }))).await, "NOT_FOUND set.channelCode");
        let other = json!([{ "externalId": "k3", "set": { "name": "Autumn", "type": "EMAIL" } }]);
        upsert(&world.ina(), "Campaigns", batch(other)).await;
        let moved = json!({ "externalId": "c", "relations": { "campaign": { "externalId": "k3" } } });
        assert_eq!(refused(&world, "CampaignCosts", moved).await, "STATE_CONFLICT relations.campaign");
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn touches_stand_where_they_happened_and_are_corrected() {
    each_engine(async |world: World| {
        let (account, other, person) = scene(&world).await;
        let ina = world.ina();
        let campaigns = json!([{ "externalId": "k", "set": { "name": "Spring", "type": "EMAIL", "code": "spring" } }]);
        let campaign = ids(&upsert(&ina, "Campaigns", batch(campaigns)).await)[0].clone();
        let touch = |when: &str, interaction: &str| {
            json!([{ "externalId": "t", "set": { "interaction": interaction, "occurredAt": when, "utmCampaign": "spring",
                "channelCode": "TRADE_FAIR", "pageUrl": "https://acme.example/x?who=me" },
                "relations": { "contact": { "externalId": "p" } } }])
        };
        let first = twice(&world, "Touchpoints", touch("2026-05-04T10:00:00Z", "WEBINAR_REGISTERED")).await;
        assert_eq!(results(&first), ["CREATED"]);
        let fields = "interaction occurredAt pageUrl isInbound account { id } contact { id } campaign { id } channel { code }";
        assert_eq!(one(&ina, "touchpoint", &ids(&first)[0], fields).await, json!({ "interaction": "WEBINAR_REGISTERED",
            "occurredAt": "2026-05-04T10:00:00+00:00", "pageUrl": "https://acme.example/x", "isInbound": true,
            "account": { "id": account }, "contact": { "id": person }, "campaign": { "id": campaign },
            "channel": { "code": "TRADE_FAIR" } }));
        for subject in [&account, &person, &campaign] {
            assert_eq!(at(&told(&ina, subject, 1).await, "webinar.registered"), "2026-05-04T10:00:00+00:00");
        }

        // Another fact of it is a correction: its event is superseded, on every timeline.
        let right = twice(&world, "Touchpoints", touch("2026-05-05T10:00:00Z", "WEBINAR_ATTENDED")).await;
        assert_eq!(right.data("rows.0.changedFields"), &json!(["interaction", "occurredAt"]));
        for subject in [&account, &person, &campaign] {
            let told = told(&ina, subject, 1).await;
            assert_eq!(at(&told, "webinar.attended"), "2026-05-05T10:00:00+00:00");
            assert!(!kinds(&told).contains(&"webinar.registered"), "{told:?}");
        }

        // An impossible moment is no refusal; it is now, and says nothing of a touch that is known.
        let odd = json!([{ "externalId": "odd", "set": { "interaction": "AD_CLICKED", "occurredAt": "1901-01-01T00:00:00Z" },
            "relations": { "account": { "externalId": "b" } } }]);
        let odd = twice(&world, "Touchpoints", odd).await;
        let when = one(&ina, "touchpoint", &ids(&odd)[0], "occurredAt").await;
        assert_eq!(when, json!({ "occurredAt": "2026-11-23T12:00:00+00:00" }));
        let query = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"ad.clicked\"] }) { nodes { occurredAt timeUncertain } } }";
        let uncertain = ina.ask(query, json!({ "id": other })).await.must();
        assert_eq!(uncertain.data("timeline.nodes"), &json!([{ "occurredAt": "2026-11-23T12:00:00+00:00", "timeUncertain": true }]));

        let moved = json!({ "externalId": "t", "relations": { "account": { "externalId": "b" } } });
        assert_eq!(refused(&world, "Touchpoints", moved).await, "STATE_CONFLICT relations.account");
        let nobody = json!({ "externalId": "n", "set": { "interaction": "AD_CLICKED" } });
        assert_eq!(refused(&world, "Touchpoints", nobody).await, "INVALID relations.contact");
        let bare = json!({ "externalId": "n", "relations": { "contact": { "externalId": "p" } } });
        assert_eq!(refused(&world, "Touchpoints", bare).await, "INVALID set.interaction");
        let never = json!([{ "externalId": "t", "deleted": true }]);
        assert_eq!(results(&upsert(&ina, "Touchpoints", batch(never)).await), ["DELETED"]);
        assert!(!kinds(&told(&ina, &person, 1).await).contains(&"webinar.attended"));
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn leads_are_made_qualified_and_ended() {
    each_engine(async |world: World| {
        let (account, _, person) = scene(&world).await;
        let ina = world.ina();
        let touches = json!([{ "externalId": "t", "set": { "interaction": "FORM_SUBMITTED", "occurredAt": "2026-06-01T08:00:00Z" },
            "relations": { "contact": { "externalId": "p" } } }]);
        let touch = ids(&upsert(&ina, "Touchpoints", batch(touches)).await)[0].clone();
        let rows = json!([{ "externalId": "l", "set": { "createdAt": "2026-06-01T09:00:00Z", "score": 40, "queue": "SALES_INBOX",
            "channelCode": "TRADE_FAIR", "description": "Wants a demo.",
            "touches": [{ "touchpoint": { "externalId": "t" }, "role": "CREATED" }] },
            "relations": { "contact": { "externalId": "p" } } }]);
        let first = twice(&world, "Leads", rows).await;
        assert_eq!(results(&first), ["CREATED"]);
        let lead = ids(&first)[0].clone();
        let fields = "status score description account { id } contact { lifecycleStage } queue { code } channel { code } owner { id }
            touches { role touchpoint { id } }";
        assert_eq!(one(&ina, "lead", &lead, fields).await, json!({ "status": "NEW", "score": 40, "description": "Wants a demo.",
            "account": { "id": account }, "contact": { "lifecycleStage": "LEAD" }, "queue": { "code": "SALES_INBOX" },
            "channel": { "code": "TRADE_FAIR" }, "owner": null, "touches": [{ "role": "CREATED", "touchpoint": { "id": touch } }] }));
        let made = told(&ina, &lead, 1).await;
        assert_eq!(made, [("lead.created".to_owned(), "2026-06-01T09:00:00+00:00".to_owned())]);
        assert_eq!(one(&ina, "account", &account, "lifecycleStage").await, json!({ "lifecycleStage": "ENGAGED" }));

        let rows = json!([{ "externalId": "l", "set": { "score": 70, "mqlAt": "2026-06-02T09:00:00Z" } }]);
        world.pass(TimeDelta::minutes(1));
        let qualified = twice(&world, "Leads", rows).await;
        assert_eq!(qualified.data("rows.0.changedFields"), &json!(["score", "mqlAt"]));
        let now = told(&ina, &lead, 1).await;
        assert_eq!(kinds(&now), ["lead.scored", "lead.qualified", "lead.created"]);
        assert_eq!(at(&now, "lead.qualified"), "2026-06-02T09:00:00+00:00");
        assert_eq!(one(&ina, "contact", &person, "lifecycleStage").await, json!({ "lifecycleStage": "MQL" }));
        let other = json!({ "externalId": "l", "set": { "mqlAt": "2026-06-03T09:00:00Z" } });
        assert_eq!(refused(&world, "Leads", other).await, "STATE_CONFLICT set.mqlAt");

        world.pass(TimeDelta::minutes(1));
        let ended = twice(&world, "Leads", json!([{ "externalId": "l", "set": { "disqualified": "NO_BUDGET" } }])).await;
        assert_eq!((results(&ended), ended.data("rows.0.changedFields")), (vec!["UPDATED"], &json!(["disqualified"])));
        assert_eq!(kinds(&told(&ina, &lead, 1).await)[0], "lead.disqualified");
        assert_eq!(one(&ina, "contact", &person, "lifecycleStage").await, json!({ "lifecycleStage": "DISQUALIFIED" }));
        let late = json!({ "externalId": "l", "set": { "score": 1 } });
        assert_eq!(refused(&world, "Leads", late).await, "STATE_CONFLICT externalId");
        assert_eq!(refused(&world, "Leads", json!({ "externalId": "m" })).await, "INVALID relations.contact");
        let lost = json!({ "externalId": "m", "set": { "touches": [{ "touchpoint": { "externalId": "?" }, "role": "FIRST" }] },
            "relations": { "contact": { "externalId": "p" } } });
        assert_eq!(refused(&world, "Leads", lost).await, "NOT_FOUND set.touches.0.touchpoint");
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn assets_are_installed_commissioned_and_moved() {
    each_engine(async |world: World| {
        let (account, other, _) = scene(&world).await;
        let ina = world.ina();
        let rows = json!([{ "externalId": "m", "set": { "name": "Filler", "serial": "F-1", "installedAt": "2024-01-10T08:00:00Z" },
            "relations": { "account": { "externalId": "a" } } }]);
        let first = twice(&world, "Assets", rows).await;
        assert_eq!(results(&first), ["CREATED"]);
        let asset = ids(&first)[0].clone();
        let used = json!([{ "externalId": "m", "set": { "commissionedAt": "2024-02-01T08:00:00Z", "location": "Hall 2" } }]);
        let used = twice(&world, "Assets", used).await;
        assert_eq!(used.data("rows.0.changedFields"), &json!(["commissionedAt", "location"]));
        let now = told(&ina, &asset, 1).await;
        assert_eq!(kinds(&now), ["asset.commissioned", "asset.installed"]);
        assert_eq!(at(&now, "asset.installed"), "2024-01-10T08:00:00+00:00");
        assert_eq!(at(&now, "asset.commissioned"), "2024-02-01T08:00:00+00:00");

        let right = json!([{ "externalId": "m", "set": { "installedAt": "2024-01-12T08:00:00Z" } }]);
        assert_eq!(results(&twice(&world, "Assets", right).await), ["UPDATED"]);
        let now = told(&ina, &asset, 1).await;
        assert_eq!((kinds(&now), at(&now, "asset.installed")), (vec!["asset.commissioned", "asset.installed"], "2024-01-12T08:00:00+00:00".into()));

        let early = json!({ "externalId": "m", "set": { "retiredAt": "2023-01-01T00:00:00Z" } });
        assert_eq!(refused(&world, "Assets", early).await, "INVALID set.retiredAt");
        let short = json!({ "externalId": "m", "set": { "warrantyUntil": "2023-01-01" } });
        assert_eq!(refused(&world, "Assets", short).await, "INVALID set.warrantyUntil");
        assert_eq!(refused(&world, "Assets", json!({ "externalId": "n", "set": { "name": "X" } })).await, "INVALID relations.account");

        let moved = json!([{ "externalId": "m", "set": { "installedAt": "2025-03-01T08:00:00Z" },
            "relations": { "account": { "externalId": "b" } } }]);
        let moved = twice(&world, "Assets", moved).await;
        assert_eq!(moved.data("rows.0.changedFields"), &json!(["installedAt", "commissionedAt", "location", "account"]));
        assert_eq!(at(&told(&ina, &other, 1).await, "asset.installed"), "2025-03-01T08:00:00+00:00");
        assert_eq!(at(&told(&ina, &account, 1).await, "asset.installed"), "2024-01-12T08:00:00+00:00", "it stood there then");
        consistent(&world).await;
    })
    .await;
}

const TICKET: &str = "number subject status priority firstResponseAt solvedAt closedAt reopenedCount account { name } queue { code } owner { id }
    slaClocks(first: 5) { nodes { metric startedAt dueAt metAt breachedAt pausedSince } } stageIntervals { stage enteredAt exitedAt }";

async fn promises(world: &World) {
    for (code, metric, hours) in [("FIRST", "FIRST_RESPONSE", 4), ("DONE", "RESOLUTION", 48)] {
        let policy = json!({ "code": code, "name": code, "metric": metric, "targetSeconds": hours * 3600 });
        world.ada().act("createSlaPolicy", "slaPolicy { id }", policy).await.must();
    }
}

#[tokio::test]
async fn tickets_keep_their_own_times_and_their_clocks_follow() {
    each_engine(async |world: World| {
        scene(&world).await;
        promises(&world).await;
        let ina = world.ina();
        let rows = json!([
            { "externalId": "open", "set": { "subject": "It leaks", "status": "OPEN", "priority": "HIGH", "queue": "SERVICE_DESK",
                "createdAt": "2026-11-23T10:00:00Z" }, "relations": { "contact": { "externalId": "p" } } },
            { "externalId": "old", "set": { "subject": "It leaked", "status": "CLOSED", "queue": "SERVICE_DESK",
                "createdAt": "2025-01-01T08:00:00Z", "solvedAt": "2025-01-02T08:00:00Z", "closedAt": "2025-01-09T08:00:00Z" },
                "relations": { "account": { "externalId": "a" } } },
        ]);
        let first = twice(&world, "Tickets", rows).await;
        assert_eq!(results(&first), ["CREATED", "CREATED"]);
        let (open, old) = (ids(&first)[0].clone(), ids(&first)[1].clone());
        let clock = |metric: &str, due: &str, met: Value| {
            json!({ "metric": metric, "startedAt": "2026-11-23T10:00:00+00:00", "dueAt": due, "metAt": met, "breachedAt": null, "pausedSince": null })
        };
        assert_eq!(one(&ina, "ticket", &open, TICKET).await, json!({ "number": 1, "subject": "It leaks", "status": "OPEN", "priority": "HIGH",
            "firstResponseAt": null, "solvedAt": null, "closedAt": null, "reopenedCount": 0, "account": { "name": "Alpha" },
            "queue": { "code": "SERVICE_DESK" }, "owner": null,
            "slaClocks": { "nodes": [clock("FIRST_RESPONSE", "2026-11-23T14:00:00+00:00", Value::Null), clock("RESOLUTION", "2026-11-25T10:00:00+00:00", Value::Null)] },
            "stageIntervals": [{ "stage": "OPEN", "enteredAt": "2026-11-23T10:00:00+00:00", "exitedAt": null }] }));
        assert_eq!(told(&ina, &open, 1).await, [("ticket.created".to_owned(), "2026-11-23T10:00:00+00:00".to_owned())]);
        let closed = one(&ina, "ticket", &old, TICKET).await;
        assert_eq!(closed["slaClocks"]["nodes"], json!([]), "nothing runs for what is over");
        assert_eq!(closed["stageIntervals"], json!([
            { "stage": "NEW", "enteredAt": "2025-01-01T08:00:00+00:00", "exitedAt": "2025-01-02T08:00:00+00:00" },
            { "stage": "SOLVED", "enteredAt": "2025-01-02T08:00:00+00:00", "exitedAt": "2025-01-09T08:00:00+00:00" },
            { "stage": "CLOSED", "enteredAt": "2025-01-09T08:00:00+00:00", "exitedAt": null },
        ]));
        let way = told(&ina, &old, 1).await;
        assert_eq!(
            (at(&way, "ticket.created"), at(&way, "ticket.solved"), at(&way, "ticket.closed")),
            ("2025-01-01T08:00:00+00:00".into(), "2025-01-02T08:00:00+00:00".into(), "2025-01-09T08:00:00+00:00".into())
        );
        assert_eq!(way.len(), 5, "{way:?}");

        // Solved this morning, and opened again now.
        let solved = json!([{ "externalId": "open", "set": { "status": "SOLVED", "solvedAt": "2026-11-23T11:30:00Z" } }]);
        let solved = twice(&world, "Tickets", solved).await;
        assert_eq!(solved.data("rows.0.changedFields"), &json!(["status"]));
        let now = one(&ina, "ticket", &open, TICKET).await;
        assert_eq!(now["solvedAt"], "2026-11-23T11:30:00+00:00");
        assert_eq!(now["slaClocks"]["nodes"], json!([
            clock("FIRST_RESPONSE", "2026-11-23T14:00:00+00:00", json!("2026-11-23T11:30:00+00:00")),
            clock("RESOLUTION", "2026-11-25T10:00:00+00:00", json!("2026-11-23T11:30:00+00:00")),
        ]));
        assert_eq!(at(&told(&ina, &open, 1).await, "ticket.solved"), "2026-11-23T11:30:00+00:00");
        let again = json!([{ "externalId": "open", "set": { "status": "OPEN" } }]);
        assert_eq!(results(&twice(&world, "Tickets", again).await), ["UPDATED"]);
        let now = one(&ina, "ticket", &open, TICKET).await;
        assert_eq!((&now["reopenedCount"], &now["solvedAt"]), (&json!(1), &Value::Null));
        assert_eq!(now["slaClocks"]["nodes"][1], clock("RESOLUTION", "2026-11-25T10:30:00+00:00", Value::Null), "the time between is a pause");
        assert_eq!(now["stageIntervals"], json!([
            { "stage": "OPEN", "enteredAt": "2026-11-23T10:00:00+00:00", "exitedAt": "2026-11-23T11:30:00+00:00" },
            { "stage": "SOLVED", "enteredAt": "2026-11-23T11:30:00+00:00", "exitedAt": "2026-11-23T12:00:00+00:00" },
            { "stage": "OPEN", "enteredAt": "2026-11-23T12:00:00+00:00", "exitedAt": null },
        ]));
        let given = json!([{ "externalId": "open", "set": { "queue": null }, "relations": { "owner": { "id": id(Kind::Colleague, world.acme.cast.vera) } } }]);
        let given = twice(&world, "Tickets", given).await;
        assert_eq!(given.data("rows.0.changedFields"), &json!(["owner", "queue"]));
        let kinds = told(&ina, &open, 1).await;
        assert!(kinds.iter().any(|(kind, _)| kind == "ticket.assigned") && kinds.iter().any(|(kind, _)| kind == "ticket.reopened"), "{kinds:?}");

        let late = json!({ "externalId": "old", "set": { "subject": "Another" } });
        assert_eq!(refused(&world, "Tickets", late).await, "STATE_CONFLICT externalId");
        let fresh = json!({ "externalId": "open", "set": { "status": "NEW" } });
        assert_eq!(refused(&world, "Tickets", fresh).await, "STATE_CONFLICT set.status");
        let moved = json!({ "externalId": "open", "relations": { "account": { "externalId": "b" } } });
        assert_eq!(refused(&world, "Tickets", moved).await, "STATE_CONFLICT relations.account");
        let inbox = json!({ "externalId": "open", "set": { "queue": "SALES_INBOX" } });
        assert_eq!(refused(&world, "Tickets", inbox).await, "INVALID set.queue");
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn messages_answer_tickets_when_they_were_sent() {
    each_engine(async |world: World| {
        let (account, ..) = scene(&world).await;
        promises(&world).await;
        let ina = world.ina();
        let rows = json!([
            { "externalId": "s", "set": { "subject": "It leaks", "status": "OPEN", "queue": "SERVICE_DESK", "createdAt": "2026-11-23T09:00:00Z" },
                "relations": { "contact": { "externalId": "p" } } },
            { "externalId": "old", "set": { "subject": "Old", "status": "CLOSED", "queue": "SERVICE_DESK", "createdAt": "2025-01-01T08:00:00Z",
                "closedAt": "2025-01-09T08:00:00Z" }, "relations": { "account": { "externalId": "a" } } },
        ]);
        let ticket = ids(&upsert(&ina, "Tickets", batch(rows)).await)[0].clone();
        let message = |key: &str, ticket: &str, sent: &str, more: Value| {
            let mut set = json!({ "body": format!("Text of {key}"), "sentAt": sent });
            set.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "externalId": key, "set": set, "relations": { "ticket": { "externalId": ticket } } })
        };
        let rows = json!([
            message("in", "s", "2026-11-23T09:00:30Z", json!({ "contact": { "externalId": "p" } })),
            message("bot", "s", "2026-11-23T09:01:00Z", json!({ "isBot": true })),
            message("late", "s", "2026-11-23T11:00:00Z", json!({})),
            message("out", "s", "2026-11-23T10:00:00Z", json!({ "colleague": { "id": id(Kind::Colleague, world.acme.cast.vera) } })),
            message("was", "old", "2025-01-02T08:00:00Z", json!({})),
        ]);
        let first = twice(&world, "TicketMessages", rows).await;
        assert_eq!(results(&first), ["CREATED"; 5]);
        let said = one(&ina, "ticket", &ticket, "firstResponseAt slaClocks(first: 5) { nodes { metric metAt } }
            messages(first: 9, sort: { sentAt: ASC }) { nodes { body authorType isBot sentAt contact { familyName } colleague { name } } }").await;
        assert_eq!(said["firstResponseAt"], "2026-11-23T10:00:00+00:00");
        assert_eq!(said["slaClocks"]["nodes"], json!([{ "metric": "FIRST_RESPONSE", "metAt": "2026-11-23T10:00:00+00:00" }, { "metric": "RESOLUTION", "metAt": null }]));
        let line = |key: &str, ty: &str, bot: bool, sent: &str, contact: Value, colleague: Value| {
            json!({ "body": format!("Text of {key}"), "authorType": ty, "isBot": bot, "sentAt": sent, "contact": contact, "colleague": colleague })
        };
        assert_eq!(said["messages"]["nodes"], json!([
            line("in", "CONTACT", false, "2026-11-23T09:00:30+00:00", json!({ "familyName": "Ohm" }), Value::Null),
            line("bot", "BOT", true, "2026-11-23T09:01:00+00:00", Value::Null, Value::Null),
            line("out", "COLLEAGUE", false, "2026-11-23T10:00:00+00:00", Value::Null, json!({ "name": "Vera Service" })),
            line("late", "COLLEAGUE", false, "2026-11-23T11:00:00+00:00", Value::Null, Value::Null),
        ]));
        let way: Vec<(String, String)> = told(&ina, &ticket, 1).await.into_iter().filter(|(kind, _)| kind.contains("message")).collect();
        assert_eq!(kinds(&way), ["ticket.message_out", "ticket.message_out", "ticket.message_out", "ticket.message_in"]);
        assert_eq!(way[0].1, "2026-11-23T11:00:00+00:00");
        assert!(kinds(&told(&ina, &account, 1).await).contains(&"ticket.message_in"));

        let text = json!([{ "externalId": "out", "set": { "body": "Put right" } }]);
        let text = twice(&world, "TicketMessages", text).await;
        assert_eq!((results(&text), text.data("rows.0.changedFields")), (vec!["UPDATED"], &json!(["body"])));
        let later = json!({ "externalId": "out", "set": { "sentAt": "2026-11-23T10:30:00Z" } });
        assert_eq!(refused(&world, "TicketMessages", later).await, "STATE_CONFLICT set.sentAt");
        let after = message("x", "old", "2025-02-02T08:00:00Z", json!({}));
        assert_eq!(refused(&world, "TicketMessages", after).await, "STATE_CONFLICT relations.ticket");
        let nobody = message("x", "s", "2026-11-23T10:30:00Z", json!({ "contact": { "externalId": "?" } }));
        assert_eq!(refused(&world, "TicketMessages", nobody).await, "NOT_FOUND set.contact");
        let stray = json!({ "externalId": "x", "set": { "body": "x" } });
        assert_eq!(refused(&world, "TicketMessages", stray).await, "INVALID relations.ticket");
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn answers_to_surveys_are_told_and_put_right() {
    each_engine(async |world: World| {
        let (account, other, person) = scene(&world).await;
        let ina = world.ina();
        let tickets = json!([{ "externalId": "s", "set": { "subject": "It leaks", "queue": "SERVICE_DESK" }, "relations": { "contact": { "externalId": "p" } } }]);
        let ticket = ids(&upsert(&ina, "Tickets", batch(tickets)).await)[0].clone();
        let answer = |score: i32| {
            json!([{ "externalId": "n", "set": { "kind": "NPS", "scale": 10, "score": score, "answeredAt": "2026-11-01T08:00:00Z", "comment": "Fine." },
                "relations": { "ticket": { "externalId": "s" } } }])
        };
        let first = twice(&world, "SurveyAnswers", answer(1)).await;
        assert_eq!(results(&first), ["CREATED"]);
        let fields = "kind score answeredAt comment ticket { id } contact { id } account { id }";
        assert_eq!(one(&ina, "surveyAnswer", &ids(&first)[0], fields).await, json!({ "kind": "NPS", "score": 1,
            "answeredAt": "2026-11-01T08:00:00+00:00", "comment": "Fine.", "ticket": { "id": ticket }, "contact": { "id": person },
            "account": { "id": account } }));
        let right = twice(&world, "SurveyAnswers", answer(9)).await;
        assert_eq!(right.data("rows.0.changedFields"), &json!(["score"]));
        let query = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"nps.answered\"] }) { nodes { occurredAt supersedes ... on SurveyEvent { score } } } }";
        let told = ina.ask(query, json!({ "id": ticket })).await.must();
        let told = told.data("timeline.nodes").as_array().unwrap().clone();
        assert_eq!((told.len(), &told[0]["score"], &told[0]["occurredAt"]), (1, &json!(9), &json!("2026-11-01T08:00:00+00:00")));
        assert!(told[0]["supersedes"].is_string());

        let row = |set: Value, relations: Value| json!({ "externalId": "n", "set": set, "relations": relations });
        assert_eq!(refused(&world, "SurveyAnswers", row(json!({ "score": 11 }), json!({}))).await, "INVALID set.score");
        assert_eq!(refused(&world, "SurveyAnswers", row(json!({ "kind": "CSAT" }), json!({}))).await, "STATE_CONFLICT set.kind");
        let of = row(json!({}), json!({ "account": { "id": other } }));
        assert_eq!(refused(&world, "SurveyAnswers", of).await, "STATE_CONFLICT relations.account");
        let nobody = json!({ "externalId": "x", "set": { "kind": "CSAT", "scale": 5, "score": 5 } });
        assert_eq!(refused(&world, "SurveyAnswers", nobody).await, "INVALID relations");
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn five_hundred_rows_cost_hardly_more_statements_than_a_hundred() {
    each_engine(async |world: World| {
        scene(&world).await;
        promises(&world).await;
        let ina = world.ina();
        let tickets = |prefix: &str, count: usize| {
            let row = |n: usize| json!({ "externalId": format!("{prefix}{n}"), "set": { "subject": "It leaks", "status": "OPEN",
                "queue": "SERVICE_DESK", "createdAt": "2026-11-23T10:00:00Z" }, "relations": { "contact": { "externalId": "p" } } });
            batch(Value::Array((0..count).map(row).collect()))
        };
        let touches = |prefix: &str, count: usize, page: &str| {
            let row = |n: usize| json!({ "externalId": format!("{prefix}{n}"), "set": { "interaction": "PAGE_VIEWED", "pageUrl": page,
                "occurredAt": format!("2026-05-04T10:{:02}:00Z", page.len()) }, "relations": { "contact": { "externalId": "p" } } });
            batch(Value::Array((0..count).map(row).collect()))
        };
        let few = upsert(&ina, "Tickets", tickets("few", 100)).await;
        let many = upsert(&ina, "Tickets", tickets("many", 500)).await;
        assert_eq!(many.data("totals.created"), 500);
        assert!(many.statements < few.statements + 200, "{} and {}", few.statements, many.statements);
        upsert(&ina, "Touchpoints", touches("few", 100, "/a")).await;
        upsert(&ina, "Touchpoints", touches("many", 500, "/a")).await;
        // All of them corrected: superseded and told anew.
        let few = upsert(&ina, "Touchpoints", touches("few", 100, "/longer")).await;
        let many = upsert(&ina, "Touchpoints", touches("many", 500, "/longer")).await;
        assert_eq!((many.data("totals.updated"), many.data("totals.unchanged")), (&json!(500), &json!(0)));
        assert!(many.statements < few.statements + 200, "{} and {}", few.statements, many.statements);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_write_a_kind_takes_none_of_it() {
    each_engine(async |world: World| {
        let (account, ..) = scene(&world).await;
        let stands = world.position().await;
        let ticket = json!({ "source": "suite", "rows": [{ "externalId": "s", "set": { "subject": "It leaks" },
            "relations": { "account": { "id": account } } }] });
        let query = "mutation($input: UpsertTicketsInput!) { upsertTickets(input: $input) { committed } }";
        for client in [world.mia(), world.sam(), world.max()] {
            assert_eq!(client.ask(query, json!({ "input": ticket })).await.code(), Some("BAD_USER_INPUT"));
        }
        // Service writes tickets one by one; batches are for who syncs.
        assert_eq!(world.vera().ask(query, json!({ "input": ticket })).await.code(), Some("BAD_USER_INPUT"));
        assert_eq!(world.position().await, stands, "nothing happened");
        consistent(&world).await;
    })
    .await;
}
