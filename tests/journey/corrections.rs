//! The journal is never rewritten: what was wrong is superseded by what is true, and stays readable as what was known then.

use api::graph::Kind;
use entities::codes::Discipline;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

use chrono::TimeDelta;

/// An account of Sam's with Mia and Vera on its team, and a person in it: the ids of both.
async fn scene(world: &World) -> (String, String) {
    let cast = world.acme.cast;
    let (account, contact) = world
        .work(async |work| {
            let account = rows::account(work, "Bolt", Some(cast.sam), None).await?.id;
            let span = (work.now(), None);
            rows::member(work, account, cast.vera, Discipline::Service, rows::EDIT, span).await?;
            rows::member(work, account, cast.mia, Discipline::Marketing, rows::EDIT, span).await?;
            Ok((account, rows::contact(work, Some(account), "Bert", "Ohm").await?.id))
        })
        .await;
    (id(Kind::Account, account), id(Kind::Contact, contact))
}

async fn campaign(client: &Client, name: &str) -> String {
    let made = client.act("createCampaign", "campaign { id }", json!({ "name": name, "type": "EMAIL" })).await.must();
    made.text("createCampaign.campaign.id").to_owned()
}

/// The timeline of a subject, newest first, with everything that a plain reader skips where asked for.
async fn timeline(client: &Client, subject: &str, least: i32, known_at: Option<Value>) -> Vec<Value> {
    let query = "query($id: ID!, $least: Int!, $at: DateTime) {
        timeline(subject: $id, filter: { minImportance: $least }, knownAt: $at) { totalCount nodes { id kind occurredAt supersedes } } }";
    let answer = client.ask(query, json!({ "id": subject, "least": least, "at": known_at })).await.must();
    let nodes = answer.data("timeline.nodes").as_array().unwrap().clone();
    assert_eq!(answer.data("timeline.totalCount"), &json!(nodes.len()));
    nodes
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_touch_is_corrected_and_its_event_with_it() {
    each_engine(async |world: World| {
        let (account, contact) = scene(&world).await;
        let mia = world.mia();
        let (spring, autumn) = (campaign(&mia, "Spring").await, campaign(&mia, "Autumn").await);
        let input = json!({ "interaction": "WEBINAR_REGISTERED", "occurredAt": "2026-10-01T08:00:00Z", "contactId": contact, "campaignId": spring });
        let touch = mia.act("recordTouchpoint", "touchpoint { id }", input).await.must();
        let touch = touch.text("recordTouchpoint.touchpoint.id").to_owned();
        let told = timeline(&mia, &contact, 1, None).await;
        assert_eq!(kinds(&told), ["webinar.registered"]);
        assert_eq!(kinds(&timeline(&mia, &spring, 1, None).await), ["webinar.registered"]);
        let wrong = told[0]["id"].clone();
        world.pass(TimeDelta::minutes(1));
        let believed = json!(world.now());

        world.pass(TimeDelta::minutes(1));
        let right = json!({ "id": touch, "ifVersion": 1, "interaction": "WEBINAR_ATTENDED", "occurredAt": "2026-10-02T08:00:00Z",
            "campaignId": autumn, "pageUrl": "https://acme.example/webinar?who=bert" });
        for client in [world.sam(), world.vera(), world.max(), world.tom()] {
            assert_eq!(client.refused("updateTouchpoint", right.clone()).await, "BAD_USER_INPUT");
        }
        let mut late = right.clone();
        late["occurredAt"] = json!("2036-10-02T08:00:00Z");
        assert_eq!(mia.refused("updateTouchpoint", late).await, "INVALID at occurredAt");
        let changed = mia
            .act("updateTouchpoint", "touchpoint { version interaction pageUrl campaign { name } isInbound contact { id } }", right.clone())
            .await
            .must();
        assert_eq!(
            changed.data("updateTouchpoint.touchpoint"),
            &json!({ "version": 2, "interaction": "WEBINAR_ATTENDED", "pageUrl": "https://acme.example/webinar",
                "campaign": { "name": "Autumn" }, "isInbound": true, "contact": { "id": contact } })
        );
        assert_eq!(mia.refused("updateTouchpoint", right).await, "VERSION_CONFLICT at ifVersion");

        for subject in [&contact, &account, &autumn] {
            let told = timeline(&mia, subject, 1, None).await;
            let told: Vec<&Value> = told.iter().filter(|event| event["kind"].as_str().unwrap().starts_with("webinar")).collect();
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!(told[0]["kind"], "webinar.attended");
            assert_eq!(told[0]["occurredAt"], "2026-10-02T08:00:00+00:00");
            assert_eq!(told[0]["supersedes"], wrong);
        }
        let spring_now = timeline(&mia, &spring, 0, None).await;
        assert_eq!(kinds(&spring_now), ["record.updated", "record.created"]);
        assert_eq!(spring_now[0]["supersedes"], wrong);
        let then = timeline(&mia, &contact, 1, Some(believed.clone())).await;
        assert_eq!(then, told, "what was believed before");
        assert_eq!(kinds(&timeline(&mia, &spring, 1, Some(believed)).await), ["webinar.registered"]);

        // what no event tells supersedes none
        world.pass(TimeDelta::minutes(1));
        mia.act("updateTouchpoint", "touchpoint { id }", json!({ "id": touch, "utmTerm": "press" })).await.must();
        let told = timeline(&mia, &contact, 0, None).await;
        assert_eq!(kinds(&told), ["record.updated", "record.created", "webinar.attended"]);
        assert_eq!(told[0]["supersedes"], Value::Null);

        mia.act("deleteTouchpoint", "deletedId", json!({ "id": touch })).await.must();
        assert!(timeline(&mia, &contact, 1, None).await.is_empty());
        let gone = timeline(&mia, &contact, 0, None).await;
        assert_eq!(kinds(&gone)[0], "record.deleted");
        assert_eq!(gone[0]["supersedes"], told[2]["id"]);
    })
    .await;
}

#[tokio::test]
async fn marks_calls_and_needs_are_corrected_on_the_timeline() {
    each_engine(async |world: World| {
        let (account, contact) = scene(&world).await;
        let (sam, ina, ada) = (world.sam(), world.ina(), world.ada());
        let act = async |client: &Client, mutation: &str, record: &str, input: Value| {
            world.pass(TimeDelta::minutes(1));
            let done = client.act(mutation, &format!("{record} {{ id }}"), input).await.must();
            done.text(&format!("{mutation}.{record}.id")).to_owned()
        };
        let mark = json!({ "kind": "NPS", "scale": 10, "score": 1, "contactId": contact });
        let mark = act(&ina, "recordSurveyAnswer", "surveyAnswer", mark).await;
        let call = json!({ "kind": "CALL", "direction": "OUTBOUND", "outcome": "NO_ANSWER", "accountId": account });
        let call = act(&sam, "recordActivity", "activity", call).await;
        let need = json!({ "category": "PRICE", "statement": "Cheaper.", "accountId": account });
        let need = act(&sam, "recordRequirement", "requirement", need).await;
        let first = timeline(&sam, &account, 1, None).await;
        assert_eq!(kinds(&first)[..3], ["requirement.recorded", "call.attempted", "nps.answered"]);

        act(&ina, "updateSurveyAnswer", "surveyAnswer", json!({ "id": mark, "score": 9 })).await;
        act(&sam, "updateActivity", "activity", json!({ "id": call, "outcome": "CONNECTED" })).await;
        act(&sam, "updateRequirement", "requirement", json!({ "id": need, "category": "FUNCTION" })).await;
        let told = timeline(&sam, &account, 1, None).await;
        assert_eq!(kinds(&told)[..3], ["requirement.recorded", "call.connected", "nps.answered"]);
        for (now, then) in told.iter().zip(&first).take(3) {
            assert_eq!((&now["supersedes"], &now["occurredAt"]), (&then["id"], &then["occurredAt"]));
        }
        let summary = "query($id: ID!) { timeline(subject: $id, first: 3) { nodes { summary } } }";
        let summaries = sam.ask(summary, json!({ "id": account })).await.must().each("timeline.nodes", "summary");
        assert_eq!(summaries, [json!("FUNCTION"), Value::Null, json!("9 of 10")]);

        ada.act("deleteSurveyAnswer", "deletedId", json!({ "id": mark })).await.must();
        sam.act("deleteActivity", "deletedId", json!({ "id": call })).await.must();
        sam.act("deleteRequirement", "deletedId", json!({ "id": need })).await.must();
        let left = timeline(&sam, &account, 1, None).await;
        assert_eq!(left.len(), told.len() - 3, "{left:?}");
    })
    .await;
}

#[tokio::test]
async fn a_correction_keeps_who_did_it_and_where_it_stood() {
    each_engine(async |world: World| {
        let (account, _) = scene(&world).await;
        let cast = world.acme.cast;
        let uuid = api::graph::GlobalId::parse(&account).unwrap().uuid;
        let (before, after) = world
            .work(async |work| {
                rows::member(work, uuid, cast.sue, Discipline::Sales, rows::EDIT, (work.now(), None)).await?;
                Ok((rows::industry(work, "OLD", None).await?.id, rows::industry(work, "NEW", None).await?.id))
            })
            .await;
        let (before, after) = (id(Kind::Industry, before), id(Kind::Industry, after));
        world.sam().act("updateAccount", "account { id }", json!({ "id": account, "industryId": before })).await.must();
        let call = json!({ "kind": "CALL", "direction": "OUTBOUND", "outcome": "NO_ANSWER", "accountId": account });
        let call = world.sue().act("recordActivity", "activity { id }", call).await.must();
        let call = call.text("recordActivity.activity.id").to_owned();
        world.sam().act("updateAccount", "account { id }", json!({ "id": account, "industryId": after })).await.must();
        world.pass(TimeDelta::minutes(1));
        world.sam().act("updateActivity", "activity { id }", json!({ "id": call, "outcome": "CONNECTED" })).await.must();

        let sue = id(Kind::Colleague, cast.sue);
        let read = "query($id: ID!, $by: [ID!]) { timeline(subject: $id, filter: { kinds: [\"call.connected\"], actors: $by }) { nodes { actor { id } } } }";
        let hers = world.sam().ask(read, json!({ "id": account, "by": [sue] })).await.must();
        assert_eq!(hers.each("timeline.nodes", "actor.id"), [json!(sue)]);
        let on = async |industry: &str| {
            let told = world.max().ask(read, json!({ "id": industry, "by": null })).await.must();
            told.each("timeline.nodes", "actor.id").len()
        };
        assert_eq!((on(&before).await, on(&after).await), (1, 0), "it happened while the account was of the old one");
    })
    .await;
}

#[tokio::test]
async fn who_names_no_version_writes_last() {
    each_engine(async |world: World| {
        let (account, _) = scene(&world).await;
        let all = (0..8).map(|nth| {
            let (client, input) = (world.sam(), json!({ "id": account, "description": format!("{nth}") }));
            tokio::spawn(async move { client.act("updateAccount", "account { version }", input).await.must() })
        });
        let mut versions = Vec::new();
        for done in all.collect::<Vec<_>>() {
            versions.push(done.await.unwrap().data("updateAccount.account.version").as_i64().unwrap());
        }
        versions.sort_unstable();
        assert_eq!(versions, [2, 3, 4, 5, 6, 7, 8, 9]);
    })
    .await;
}
