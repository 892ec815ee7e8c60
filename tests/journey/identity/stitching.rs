//! Who a visitor turns out to be: in real time, afterwards, and never the wrong one.

use api::{
    graph::{GlobalId, Kind},
    policy::Role,
};
use chrono::TimeDelta;
use entities::{
    account::{identity, visitor_link},
    codes::ContactPointKind,
    journey::event_subject,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

use super::findings;

const SELECT: &str = "identification { outcome visitor { id contact { id } account { id } } contact { id } }";

/// Says what was seen; gives the outcome, the visitor and the contact.
async fn identify(client: &Client, input: Value) -> (String, String, Option<String>) {
    let answer = client.act("identifyVisitor", SELECT, input).await.must();
    let found = answer.data("identifyVisitor.identification");
    assert_eq!(found["contact"]["id"], found["visitor"]["contact"]["id"], "{answer}");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (text(&found["outcome"]).unwrap(), text(&found["visitor"]["id"]).unwrap(), text(&found["contact"]["id"]))
}

fn value(kind: &str, value: &str) -> Value {
    json!({ "kind": kind, "value": value })
}

/// Bolt of Sam's with Anna, Volt of Sue's with Bert; each with an address that was entered by the front door.
struct People {
    bolt: String,
    anna: String,
    bert: String,
}

async fn people(world: &World) -> People {
    let cast = world.acme.cast;
    let (bolt, anna, bert) = world
        .work(async |work| {
            let bolt = rows::account(work, "Bolt", Some(cast.sam), None).await?;
            let volt = rows::account(work, "Volt", Some(cast.sue), None).await?;
            let anna = rows::contact(work, Some(bolt.id), "Anna", "Öz").await?;
            let bert = rows::contact(work, Some(volt.id), "Bert", "Ohm").await?;
            Ok((id(Kind::Account, bolt.id), id(Kind::Contact, anna.id), id(Kind::Contact, bert.id)))
        })
        .await;
    for (person, mail) in [(&anna, "Anna@Bolt.example"), (&bert, "bert@volt.example")] {
        let way = json!({ "contactId": person, "kind": "EMAIL", "value": mail });
        world.ina().act("addContactPoint", "", way).await.must();
    }
    People { bolt, anna, bert }
}

async fn touch(client: &Client, visitor: &str) -> String {
    let input = json!({ "interaction": "PAGE_VIEWED", "visitorId": visitor });
    let made = client.act("recordTouchpoint", "touchpoint { id }", input).await.must();
    made.text("recordTouchpoint.touchpoint.id").to_owned()
}

async fn kinds(client: &Client, subject: &str) -> Vec<Value> {
    let text = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"page.viewed\", \"identity.linked\"] }) { nodes { kind } } }";
    client.ask(text, json!({ "id": subject })).await.must().each("timeline.nodes", "kind")
}

#[tokio::test]
async fn the_first_anonymous_click_becomes_part_of_the_way() {
    each_engine(async |world: World| {
        let People { bolt, anna, .. } = people(&world).await;
        let (ina, sam) = (world.ina(), world.sam());
        let (outcome, visitor, nobody) = identify(&ina, json!({ "identities": [value("COOKIE", "c-1")] })).await;
        assert_eq!((outcome.as_str(), nobody), ("ANONYMOUS", None));
        world.pass(TimeDelta::minutes(1));
        let click = touch(&ina, &visitor).await;
        assert_eq!(kinds(&sam, &anna).await, [] as [Value; 0]);
        assert_eq!(kinds(&sam, &bolt).await, [] as [Value; 0]);

        // The address has another case and blanks; the visitor is found by its cookie.
        world.pass(TimeDelta::minutes(1));
        let seen = json!({ "identities": [value("COOKIE", "c-1"), value("EMAIL", " anna@bolt.EXAMPLE ")] });
        assert_eq!(identify(&ina, seen.clone()).await, ("LINKED".to_owned(), visitor.clone(), Some(anna.clone())));
        assert_eq!(identify(&ina, seen).await, ("KNOWN".to_owned(), visitor.clone(), Some(anna.clone())));
        let read = "query($id: ID!) { touchpoint(id: $id) { contact { id } account { id } visitor { id } } }";
        let linked = json!({ "contact": { "id": anna }, "account": { "id": bolt }, "visitor": { "id": visitor } });
        assert_eq!(ina.ask(read, json!({ "id": click })).await.must().data("touchpoint"), &linked);
        assert_eq!(kinds(&sam, &anna).await, ["identity.linked", "page.viewed"]);
        assert_eq!(kinds(&sam, &bolt).await, ["identity.linked", "page.viewed"]);
        // What comes later needs no stitching.
        world.pass(TimeDelta::minutes(1));
        touch(&ina, &visitor).await;
        assert_eq!(kinds(&sam, &anna).await, ["page.viewed", "identity.linked", "page.viewed"]);
        let wrong = findings(&world).await;
        assert!(wrong.iter().all(|(check, _)| check.contains("stage")), "{wrong:?}");

        // Unlinking takes back exactly what was put there.
        world.pass(TimeDelta::minutes(1));
        ina.act("unlinkVisitor", "visitor { contact { id } account { id } }", json!({ "id": visitor })).await.must();
        let before = json!({ "contact": null, "account": null, "visitor": { "id": visitor } });
        assert_eq!(ina.ask(read, json!({ "id": click })).await.must().data("touchpoint"), &before);
        assert_eq!(kinds(&sam, &anna).await, ["page.viewed", "identity.linked"]);
        assert_eq!(kinds(&sam, &bolt).await, ["page.viewed", "identity.linked"]);
        let grafted = event_subject::Entity::find().filter(event_subject::Column::ViaOperation.is_not_null());
        assert_eq!(grafted.count(world.store.db()).await.unwrap(), 0);
        assert_eq!(ina.refused("unlinkVisitor", json!({ "id": visitor })).await, "STATE_CONFLICT at id");
    })
    .await;
}

#[tokio::test]
async fn two_people_on_one_browser_stay_two() {
    each_engine(async |world: World| {
        let People { anna, bert, .. } = people(&world).await;
        let ina = world.ina();
        let of = |mail: &str| json!({ "identities": [value("COOKIE", "shared"), value("EMAIL", mail)] });
        let (outcome, annas, _) = identify(&ina, of("anna@bolt.example")).await;
        assert_eq!(outcome, "LINKED");
        let click = touch(&ina, &annas).await;
        let (outcome, berts, contact) = identify(&ina, of("bert@volt.example")).await;
        assert_eq!((outcome.as_str(), contact.as_deref()), ("SPLIT", Some(bert.as_str())));
        assert_ne!(annas, berts);
        // From now on the browser's cookie leads to Bert's visitor; Anna's past stays hers.
        let (outcome, now, contact) = identify(&ina, json!({ "identities": [value("COOKIE", "shared")] })).await;
        assert_eq!((outcome.as_str(), now.as_str(), contact.as_deref()), ("KNOWN", berts.as_str(), Some(bert.as_str())));
        let read = "query($id: ID!) { touchpoint(id: $id) { contact { id } } }";
        assert_eq!(ina.ask(read, json!({ "id": click })).await.must().data("touchpoint.contact.id"), &json!(anna));
        // Each comes back to its own, whichever visitor the site still knows.
        let back = json!({ "visitorId": berts, "identities": [value("COOKIE", "shared"), value("EMAIL", "anna@bolt.example")] });
        let (outcome, again, contact) = identify(&ina, back).await;
        assert_eq!((outcome.as_str(), contact.as_deref()), ("SPLIT", Some(anna.as_str())));
        let (_, once_more, _) = identify(&ina, json!({ "visitorId": berts, "identities": [value("EMAIL", "anna@bolt.example")] })).await;
        assert_eq!([&again, &once_more], [&annas, &annas], "found again, not made anew");
        let links = visitor_link::Entity::find().all(world.store.db()).await.unwrap();
        assert_eq!(links.len(), 2);
        // A link that somebody names does not take a known visitor either.
        let refusal = ina.refused("linkVisitor", json!({ "id": annas, "contactId": bert })).await;
        assert_eq!(refusal, "STATE_CONFLICT at id");
        let same = ina.act("linkVisitor", "visitor { contact { id } }", json!({ "id": annas, "contactId": anna })).await.must();
        assert_eq!(same.data("linkVisitor.visitor.contact.id"), &json!(anna));
    })
    .await;
}

#[tokio::test]
async fn a_known_contact_never_loses_to_a_new_anonymous_one() {
    each_engine(async |world: World| {
        let People { anna, .. } = people(&world).await;
        let ina = world.ina();
        let (_, annas, _) =
            identify(&ina, json!({ "identities": [value("COOKIE", "c"), value("EMAIL", "anna@bolt.example")] })).await;
        let new = ina.act("createVisitor", "visitor { id }", json!({})).await.must();
        let new = new.text("createVisitor.visitor.id").to_owned();
        let seen = json!({ "visitorId": new, "identities": [value("COOKIE", "c")] });
        assert_eq!(identify(&ina, seen).await, ("ANONYMOUS".to_owned(), new, None));
        let (_, held, contact) = identify(&ina, json!({ "identities": [value("COOKIE", "c")] })).await;
        assert_eq!((held, contact), (annas, Some(anna.clone())), "the cookie stays Anna's");
        let read = "query($id: ID!) { contact(id: $id) { version } }";
        assert_eq!(
            ina.ask(read, json!({ "id": anna })).await.must().data("contact.version"),
            1,
            "nothing of the contact changed"
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_left_before_anybody_knows_is_stitched_when_they_do() {
    each_engine(async |world: World| {
        let (ina, ada) = (world.ina(), world.ada());
        let (outcome, visitor, _) = identify(&ina, json!({ "identities": [value("EMAIL", "new@bolt.example")] })).await;
        assert_eq!(outcome, "ANONYMOUS");
        touch(&ina, &visitor).await;
        let made = ina
            .act(
                "createContact",
                "contact { id }",
                json!({ "familyName": "Neu", "contactPoints": [{ "kind": "EMAIL", "value": "NEW@bolt.example" }] }),
            )
            .await
            .must();
        let contact = made.text("createContact.contact.id").to_owned();
        let read = "query($id: ID!) { visitor(id: $id) { contact { id } touchpoints { nodes { contact { id } } } } }";
        let stitched =
            json!({ "contact": { "id": contact }, "touchpoints": { "nodes": [{ "contact": { "id": contact } }] } });
        assert_eq!(ada.ask(read, json!({ "id": visitor })).await.must().data("visitor"), &stitched);
        let mut past = kinds(&ada, &contact).await;
        past.sort_by_key(Value::to_string);
        assert_eq!(past, ["identity.linked", "page.viewed"]);
    })
    .await;
}

#[tokio::test]
async fn shared_ambiguous_and_suspicious_values_link_nobody() {
    each_engine(async |world: World| {
        let People { anna, bert, .. } = people(&world).await;
        let (ina, ada) = (world.ina(), world.ada());
        // An address that two people have proves nothing.
        for person in [&anna, &bert] {
            let way = json!({ "contactId": person, "kind": "EMAIL", "value": "office@example.com" });
            ina.act("addContactPoint", "", way).await.must();
        }
        let (outcome, visitor, contact) = identify(&ina, json!({ "identities": [value("EMAIL", "office@example.com")] })).await;
        assert_eq!((outcome.as_str(), contact), ("SHARED", None));
        // A rule that allows two people does not say which of them it is.
        let rule = |kind: &str, of: i32, by: i32, priority: i32| json!({ "kind": kind, "maxPerSubject": of, "maxSubjectsPerValue": by, "priority": priority });
        let mail = ada.act("createIdentityRule", "identityRule { id }", rule("EMAIL", 2, 2, 10)).await.must();
        let (outcome, ..) = identify(&ina, json!({ "visitorId": visitor, "identities": [value("EMAIL", "office@example.com")] })).await;
        assert_eq!(outcome, "AMBIGUOUS");
        // Two values of one rank that lead to two people: nobody. Of two ranks the first decides.
        let login = json!({ "visitorId": visitor, "contactId": bert, "identities": [value("USER_ID", "u-7")] });
        assert_eq!(identify(&ina, login).await.0, "LINKED");
        ina.act("unlinkVisitor", "", json!({ "id": visitor })).await.must();
        let both = json!({ "visitorId": visitor, "identities": [value("EMAIL", "anna@bolt.example"), value("USER_ID", "u-7")] });
        ada.act("createIdentityRule", "", rule("USER_ID", 5, 1, 10)).await.must();
        assert_eq!(identify(&ina, both.clone()).await.0, "AMBIGUOUS");
        let earlier = json!({ "id": mail.data("createIdentityRule.identityRule.id"), "priority": 1 });
        ada.act("updateIdentityRule", "", earlier).await.must();
        let (outcome, _, contact) = identify(&ina, both).await;
        assert_eq!((outcome.as_str(), contact.as_deref()), ("LINKED", Some(anna.as_str())));
        // Whoever has as many addresses as the rule allows gets no more: the visitor stays unknown.
        let third = |mail: &str| json!({ "contactId": anna, "identities": [value("EMAIL", mail)] });
        assert_eq!(identify(&ina, third("second@bolt.example")).await.0, "LINKED");
        let (outcome, _, contact) = identify(&ina, third("third@bolt.example")).await;
        assert_eq!((outcome.as_str(), contact), ("SUSPICIOUS", None));
        let subject = GlobalId::parse(&anna).unwrap().uuid;
        let held = identity::Entity::find().filter(identity::Column::SubjectId.eq(subject)).count(world.store.db()).await.unwrap();
        assert_eq!(held, 2, "two addresses, and not the login that is Bert's");
    })
    .await;
}

#[tokio::test]
async fn who_may_not_write_visitors_identifies_nobody() {
    each_engine(async |world: World| {
        let People { anna, .. } = people(&world).await;
        let (_, visitor, _) = identify(&world.ina(), json!({ "identities": [value("COOKIE", "c")] })).await;
        for role in [Role::Marketing, Role::Sales, Role::Service, Role::Technical, Role::Manager, Role::Analyst] {
            let client = world.as_roles(&[role], "sam");
            for (mutation, input) in [
                ("identifyVisitor", json!({ "identities": [value("EMAIL", "anna@bolt.example")] })),
                ("linkVisitor", json!({ "id": visitor, "contactId": anna })),
                ("unlinkVisitor", json!({ "id": visitor })),
            ] {
                assert_eq!(client.refused(mutation, input).await, "BAD_USER_INPUT", "{role} {mutation}");
            }
        }
        let ina = world.ina();
        for (input, refusal) in [
            (json!({ "identities": [] }), "INVALID at identities"),
            (json!({ "identities": [value("EMAIL", " ")] }), "INVALID at identities.0.value"),
            (json!({ "identities": [value("EMAIL", "a")], "visitorId": anna }), "INVALID at visitorId"),
            (json!({ "identities": [value("EMAIL", "a")], "visitorId": id(Kind::Visitor, uuid::Uuid::from_u128(7)) }), "NOT_FOUND at visitorId"),
            (json!({ "identities": [value("EMAIL", "a")], "contactId": id(Kind::Contact, uuid::Uuid::from_u128(7)) }), "NOT_FOUND at contactId"),
        ] {
            assert_eq!(ina.refused("identifyVisitor", input).await, refusal);
        }
        assert_eq!(ina.refused("linkVisitor", json!({ "id": visitor, "ifVersion": 9, "contactId": anna })).await, "VERSION_CONFLICT at ifVersion");
        assert_eq!(ContactPointKind::ALL.len(), 4, "of these, only an e-mail address proves somebody by itself");
    })
    .await;
}

#[tokio::test]
async fn a_merge_takes_visitors_along_and_a_link_behind_it_waits() {
    each_engine(async |world: World| {
        let People { anna, bert, .. } = people(&world).await;
        let ina = world.ina();
        let (_, visitor, _) =
            identify(&ina, json!({ "identities": [value("COOKIE", "c"), value("EMAIL", "bert@volt.example")] })).await;
        touch(&ina, &visitor).await;
        let merge = super::merge(&ina, "mergeContacts", &anna, &bert).await;
        let (outcome, _, contact) =
            identify(&ina, json!({ "identities": [value("COOKIE", "c"), value("EMAIL", "bert@volt.example")] })).await;
        assert_eq!((outcome.as_str(), contact), ("KNOWN", Some(anna.clone())));
        assert_eq!(ina.refused("unlinkVisitor", json!({ "id": visitor })).await, "STATE_CONFLICT at id");
        super::undo(&ina, &merge).await;
        ina.act("unlinkVisitor", "visitor { id }", json!({ "id": visitor })).await.must();
        let left = event_subject::Entity::find().filter(event_subject::Column::ViaOperation.is_not_null());
        assert_eq!(left.count(world.store.db()).await.unwrap(), 0);
    })
    .await;
}
