//! Merging two records: the preview is the merge, the old id answers MERGED for ever, undoing gives back what was, and who may not merge
//! learns nothing.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use entities::{
    account::{contact_point, merge_operation},
    codes::{ConsentState, ContactPointKind, Discipline, Interaction},
    marketing::touchpoint,
    sales::opportunity_contact,
};
use sea_orm::{EntityTrait, Set};
use serde_json::{Value, json};
use tests::{Said, World, each_engine, id, rows};
use uuid::Uuid;

use super::{MERGE, findings, merge, merged, undo};

/// Two contacts that are one person, at two accounts that are one company: Anna of Bolt, whom Sam looks after, and A. Oez of Bolt GmbH, whom
/// Sue looks after. Both have the same address; each has a part in the deal of Bolt.
struct Twins {
    bolt: String,
    gmbh: String,
    anna: String,
    oez: String,
    deal: String,
}

async fn twins(world: &World) -> Twins {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let bolt = rows::account(work, "Bolt", Some(cast.sam), None).await?;
            let gmbh = rows::account(work, "Bolt GmbH", Some(cast.sue), None).await?;
            let anna = rows::contact(work, Some(bolt.id), "Anna", "Öz").await?;
            let oez = rows::contact(work, Some(gmbh.id), "A.", "Oez").await?;
            for person in [&anna, &oez] {
                rows::point(work, person, ContactPointKind::Email, "anna@bolt.example").await?;
            }
            rows::point(work, &oez, ContactPointKind::Phone, "+49 711 1234567").await?;
            let deal = rows::opportunity(work, bolt.id, "Line 3").await?;
            for person in [&anna, &oez] {
                let part = opportunity_contact::ActiveModel {
                    opportunity_id: Set(deal.id),
                    contact_id: Set(person.id),
                    role: Set(entities::codes::ContactRole::Champion),
                    is_primary: Set(false),
                    ..Default::default()
                };
                work.insert::<opportunity_contact::Entity>(part).await?;
            }
            Ok(Twins {
                bolt: id(Kind::Account, bolt.id),
                gmbh: id(Kind::Account, gmbh.id),
                anna: id(Kind::Contact, anna.id),
                oez: id(Kind::Contact, oez.id),
                deal: id(Kind::Opportunity, deal.id),
            })
        })
        .await
}

fn uuid(id: &str) -> Uuid {
    api::graph::GlobalId::parse(id).unwrap().uuid
}

#[tokio::test]
async fn the_preview_is_the_merge_and_writes_nothing() {
    each_engine(async |world: World| {
        let Twins { anna, oez, .. } = twins(&world).await;
        let (ina, found) = (world.ina(), findings(&world).await);
        let input = json!({ "survivorId": anna, "mergedId": oez, "choices": { "familyName": "MERGED" }, "reason": "twice" });
        let preview = "query($input: MergeContactsInput!) { contactMergePreview(input: $input) {
            contact { id givenName familyName account { id } version } account { id }
            changes { entity moved removed changed } userErrors { code path } } }";
        let before = world.position().await;
        let seen = ina.ask(preview, json!({ "input": input })).await.must();
        assert_eq!(world.position().await, before, "nothing happened");
        let asked = ina.ask(preview, json!({ "input": input })).await.must();
        assert_eq!(asked.body, seen.body, "nor the second time");
        assert_eq!(merge_operation::Entity::find().all(world.store.db()).await.unwrap(), []);
        assert_eq!(seen.data("contactMergePreview.account"), &Value::Null);
        assert_eq!(seen.data("contactMergePreview.changes"), &json!([
            { "entity": "CONTACT", "moved": 0, "removed": 1, "changed": 1 },
            { "entity": "CONTACT_POINT", "moved": 2, "removed": 1, "changed": 1 },
            { "entity": "OPPORTUNITY_CONTACT", "moved": 1, "removed": 1, "changed": 0 },
        ]));
        let select = "merge { subjectType survivorId mergedId undoneAt contact { id givenName familyName account { id } version } account { id }
            changes { entity moved removed changed } kept { id } }";
        let done = ina.act("mergeContacts", select, input.clone()).await.must();
        for field in ["contact", "account", "changes"] {
            assert_eq!(done.data(&format!("mergeContacts.merge.{field}")), seen.data(&format!("contactMergePreview.{field}")), "{field}");
        }
        let contact = done.data("mergeContacts.merge.contact");
        assert_eq!((&contact["givenName"], &contact["familyName"]), (&json!("Anna"), &json!("Oez")));
        assert_eq!(done.data("mergeContacts.merge.survivorId"), &json!(anna));
        assert_eq!(done.data("mergeContacts.merge.mergedId"), &json!(oez));
        // What both had is there once.
        let ways = "query($id: ID!) { contact(id: $id) { contactPoints { nodes { kind value } } } contacts { totalCount } }";
        let ways = world.ada().ask(ways, json!({ "id": anna })).await.must();
        assert_eq!(ways.data("contact.contactPoints.nodes"), &json!([
            { "kind": "EMAIL", "value": "anna@bolt.example" }, { "kind": "PHONE", "value": "+49 711 1234567" },
        ]));
        assert_eq!(ways.data("contacts.totalCount"), 1);
        assert_eq!(findings(&world).await, found, "what did not agree before, and nothing else");
    })
    .await;
}

#[tokio::test]
async fn an_old_id_answers_merged_by_every_way_to_who_sees_the_survivor() {
    each_engine(async |world: World| {
        let Twins { bolt, gmbh, anna, oez, .. } = twins(&world).await;
        let ada = world.ada();
        merge(&ada, "mergeContacts", &anna, &oez).await;
        merge(&ada, "mergeAccounts", &bolt, &gmbh).await;
        for (query, old, new) in [
            ("query($id: ID!) { contact(id: $id) { id } }", &oez, &anna),
            ("query($id: ID!) { node(id: $id) { id } }", &oez, &anna),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", &oez, &anna),
            ("query($id: ID!) { account(id: $id) { id } }", &gmbh, &bolt),
            ("query($id: ID!) { node(id: $id) { id } }", &gmbh, &bolt),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", &gmbh, &bolt),
        ] {
            for client in [&ada, &world.sam()] {
                let answer = client.ask(query, json!({ "id": old })).await;
                assert_eq!(answer.code(), Some("MERGED"), "{query}: {answer}");
                assert_eq!(answer.body["errors"][0]["extensions"]["newId"], json!(new), "{query}");
            }
            // Sue owned the company that is gone; what became of it is Sam's.
            let hidden = world.as_roles(&[Role::Technical], "tom").ask(query, json!({ "id": old })).await;
            let unknown = world
                .as_roles(&[Role::Technical], "tom")
                .ask(query, json!({ "id": old.replace(&old[4..12], "00000000") }))
                .await;
            assert_eq!(hidden.body, unknown.body, "{query}");
            assert_eq!(hidden.statements, unknown.statements, "{query}");
            assert!(!hidden.body.to_string().contains(&new[4..]), "{query}");
        }
        let nodes =
            ada.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [anna, oez, bolt] })).await;
        assert_eq!(nodes.data("nodes"), &json!([{ "id": anna }, null, { "id": bolt }]));
        assert_eq!(nodes.body["errors"][0]["path"], json!(["nodes", 1]));
        assert_eq!(nodes.body["errors"][0]["extensions"], json!({ "code": "MERGED", "newId": anna }));

        let said = "userErrors { code path newId }";
        for (mutation, input, path, new) in [
            ("updateContact", json!({ "id": oez, "language": "de" }), "id", &anna),
            ("updateContact", json!({ "id": anna, "accountId": gmbh }), "accountId", &bolt),
            ("updateAccount", json!({ "id": gmbh, "name": "X" }), "id", &bolt),
            ("deleteAccount", json!({ "id": gmbh }), "id", &bolt),
            ("addEmployment", json!({ "contactId": oez, "accountId": bolt }), "contactId", &anna),
            ("recordTouchpoint", json!({ "interaction": "PAGE_VIEWED", "contactId": oez }), "contactId", &anna),
            ("recordTouchpoint", json!({ "interaction": "PAGE_VIEWED", "accountId": gmbh }), "accountId", &bolt),
            ("createContact", json!({ "familyName": "X", "accountId": gmbh }), "accountId", &bolt),
            ("mergeContacts", json!({ "survivorId": oez, "mergedId": anna }), "survivorId", &anna),
        ] {
            let position = world.position().await;
            let ty = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
            let document = format!("mutation($input: {ty}!) {{ {mutation}(input: $input) {{ {said} }} }}");
            // With every role: some of these are the desks' alone.
            let everybody = world.as_roles(&Role::ALL, "sam");
            let answer = everybody.ask(&document, json!({ "input": input })).await;
            assert_eq!(
                merged(&answer, mutation),
                ("MERGED".to_owned(), path.to_owned(), new.clone()),
                "{mutation}: {answer}"
            );
            assert_eq!(world.position().await, position, "{mutation}: nothing happened");
        }
        // To who does not see the survivor the old id is nobody's.
        let refused = world
            .as_roles(&[Role::Sales], "sue")
            .refused("updateContact", json!({ "id": oez, "language": "de" }))
            .await;
        assert_eq!(refused, "NOT_FOUND at id");
    })
    .await;
}

#[tokio::test]
async fn a_chain_of_merges_leads_to_the_last() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let ids = world
            .work(async |work| {
                let mut ids = Vec::new();
                for name in ["A", "B", "C", "D"] {
                    ids.push(id(Kind::Contact, rows::contact(work, None, name, "Öz").await?.id));
                }
                Ok(ids)
            })
            .await;
        let mut merges = Vec::new();
        for pair in ids.windows(2) {
            world.pass(TimeDelta::seconds(1));
            merges.push(merge(&ada, "mergeContacts", &pair[1], &pair[0]).await);
        }
        let leads = async |old: &str| {
            let answer = ada.ask("query($id: ID!) { contact(id: $id) { id } }", json!({ "id": old })).await;
            match answer.code() {
                Some("MERGED") => answer.body["errors"][0]["extensions"]["newId"].as_str().unwrap().to_owned(),
                None => answer.text("contact.id").to_owned(),
                other => panic!("{other:?}"),
            }
        };
        for old in &ids {
            assert_eq!(leads(old).await, ids[3]);
        }
        // What stands on another is undone last.
        let early = json!({ "mergeId": merges[0]["id"] });
        assert_eq!(ada.refused("undoMerge", early).await, "STATE_CONFLICT at mergeId");
        undo(&ada, &merges[2]).await;
        assert_eq!(
            [leads(&ids[0]).await, leads(&ids[2]).await, leads(&ids[3]).await],
            [ids[2].clone(), ids[2].clone(), ids[3].clone()]
        );
        undo(&ada, &merges[1]).await;
        undo(&ada, &merges[0]).await;
        for old in &ids {
            assert_eq!(&leads(old).await, old);
        }
        assert_eq!(ada.refused("undoMerge", json!({ "mergeId": merges[0]["id"] })).await, "STATE_CONFLICT at mergeId");
        let listed =
            ada.ask("query($id: ID!) { merges(subjectId: $id) { id undoneAt } }", json!({ "id": ids[1] })).await.must();
        let both = [merges[1]["id"].clone(), merges[0]["id"].clone()];
        assert_eq!(listed.each("merges", "id"), both);
        assert!(listed.each("merges", "undoneAt").iter().all(Value::is_string));
    })
    .await;
}

#[tokio::test]
async fn who_may_not_merge_does_not_know_of_it() {
    each_engine(async |world: World| {
        let Twins { anna, oez, .. } = twins(&world).await;
        let merge_id = merge(&world.ina(), "mergeContacts", &anna, &oez).await["id"].clone();
        let position = world.position().await;
        for role in [Role::Marketing, Role::Sales, Role::Service, Role::Technical, Role::Manager, Role::Analyst] {
            let client = world.as_roles(&[role], "sam");
            for (mutation, input) in [
                ("mergeContacts", json!({ "survivorId": anna, "mergedId": oez })),
                ("mergeAccounts", json!({ "survivorId": anna, "mergedId": oez })),
                ("undoMerge", json!({ "mergeId": merge_id })),
            ] {
                assert_eq!(client.refused(mutation, input).await, "BAD_USER_INPUT", "{role} {mutation}");
            }
            let preview = client
                .ask(
                    "query($input: MergeContactsInput!) { contactMergePreview(input: $input) { changes { moved } } }",
                    json!({ "input": { "survivorId": anna, "mergedId": oez } }),
                )
                .await;
            assert_eq!(preview.code(), Some("BAD_USER_INPUT"), "{role}");
        }
        // Another tenant's merge is nobody's.
        let theirs = world.of_other(Role::Admin, "ada").act("undoMerge", "", json!({ "mergeId": merge_id })).await;
        assert_eq!(theirs.refusal("undoMerge"), "NOT_FOUND at mergeId");
        assert_eq!(world.position().await, position);
        let reads = "query($id: ID!) { merges(subjectId: $id) { id } }";
        assert_eq!(world.max().ask(reads, json!({ "id": anna })).await.must().each("merges", "id"), [merge_id]);
        for client in [world.sam(), world.ina()] {
            assert_eq!(client.ask(reads, json!({ "id": anna })).await.code(), Some("BAD_USER_INPUT"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_merge_is_refused_where_it_makes_no_sense() {
    each_engine(async |world: World| {
        let Twins { bolt, anna, oez, .. } = twins(&world).await;
        let ina = world.ina();
        for (input, refusal) in [
            (json!({ "survivorId": anna, "mergedId": anna }), "INVALID at mergedId"),
            (json!({ "survivorId": anna, "mergedId": bolt }), "INVALID at mergedId"),
            (
                json!({ "survivorId": anna, "mergedId": oez, "survivorIfVersion": 7 }),
                "VERSION_CONFLICT at survivorIfVersion",
            ),
            (
                json!({ "survivorId": anna, "mergedId": oez, "mergedIfVersion": 7 }),
                "VERSION_CONFLICT at mergedIfVersion",
            ),
            (json!({ "survivorId": anna, "mergedId": id(Kind::Contact, Uuid::from_u128(7)) }), "NOT_FOUND at mergedId"),
        ] {
            assert_eq!(ina.refused("mergeContacts", input).await, refusal);
        }
        // Who was erased is nobody any more, and what it was cannot be brought back.
        let done = merge(&ina, "mergeContacts", &anna, &oez).await;
        merge_operation::Entity::update_many()
            .col_expr(merge_operation::Column::BeforeImage, sea_orm::sea_query::Expr::value(sea_orm::Value::Json(None)))
            .exec(world.store.db())
            .await
            .unwrap();
        assert_eq!(ina.refused("undoMerge", json!({ "mergeId": done["id"] })).await, "ERASED at mergeId");
    })
    .await;
}

#[tokio::test]
async fn what_came_between_stays_and_is_named() {
    each_engine(async |world: World| {
        let Twins { bolt, gmbh, anna, oez, .. } = twins(&world).await;
        let (ada, ina) = (world.ada(), world.ina());
        let input = json!({ "survivorId": anna, "mergedId": oez, "choices": { "givenName": "MERGED", "familyName": "MERGED" } });
        let done = ina.act("mergeContacts", MERGE, input).await.must().data("mergeContacts.merge").clone();
        world.pass(TimeDelta::minutes(1));
        ina.act("updateContact", "", json!({ "id": anna, "familyName": "Özdemir" })).await.must();
        let touch = ina
            .act("recordTouchpoint", "touchpoint { id }", json!({ "interaction": "PAGE_VIEWED", "contactId": anna }))
            .await
            .must();
        let undone = undo(&ina, &done).await;
        assert_eq!(undone["kept"], json!([{ "entity": "CONTACT", "id": anna, "field": "familyName" }]));
        let read = "query($a: ID!, $b: ID!) { anna: contact(id: $a) { givenName familyName account { id } touchpoints { nodes { id } } }
            oez: contact(id: $b) { givenName familyName account { id } touchpoints { nodes { id } } contactPoints { totalCount } } }";
        let read = ada.ask(read, json!({ "a": anna, "b": oez })).await.must();
        assert_eq!(read.data("anna"), &json!({ "givenName": "Anna", "familyName": "Özdemir", "account": { "id": bolt },
            "touchpoints": { "nodes": [{ "id": touch.text("recordTouchpoint.touchpoint.id") }] } }));
        assert_eq!(read.data("oez"), &json!({ "givenName": "A.", "familyName": "Oez", "account": { "id": gmbh },
            "touchpoints": { "nodes": [] }, "contactPoints": { "totalCount": 2 } }));
    })
    .await;
}

/// A touch of a person, with its event.
async fn touch(world: &World, contact: &str, account: Uuid) {
    let contact = uuid(contact);
    world
        .work(async |work| {
            let row = rows::touchpoint(work, account, Interaction::PageViewed, "/presses").await?;
            let of = touchpoint::ActiveModel { contact_id: Set(Some(contact)), ..Default::default() };
            let row = work.update_row::<touchpoint::Entity>(&row, of).await?;
            let kind = api::journey::EventKind::PageViewed;
            work.record(api::journey::Event::of::<touchpoint::Entity>(kind, &row, api::journey::Payload::None));
            Ok(())
        })
        .await;
}

const TIMELINE: &str = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"page.viewed\", \"identity.merged\", \"identity.unmerged\"] }) {
    nodes { kind contact { id } subjects { id } ... on IdentityEvent { otherId } } pageInfo { liveCursor } } }";

#[tokio::test]
async fn the_past_of_both_stands_on_one_timeline_and_readers_read_again() {
    each_engine(async |world: World| {
        let Twins { bolt, gmbh, anna, oez, .. } = twins(&world).await;
        touch(&world, &oez, uuid(&gmbh)).await;
        world.pass(TimeDelta::seconds(1));
        let (ada, sam) = (world.ada(), world.sam());
        let page = ada.ask(TIMELINE, json!({ "id": anna })).await.must();
        assert_eq!(page.data("timeline.nodes"), &json!([]));
        let server = world.listen().await;
        let text = "subscription($id: ID!, $after: String) { timelineChanged(subject: $id, after: $after) { event { kind } } }";
        let after = page.data("timeline.pageInfo.liveCursor").clone();
        let mut live = ada.follow(&server, text, json!({ "id": anna, "after": after })).await;

        merge(&ada, "mergeContacts", &anna, &oez).await;
        assert_eq!(live.code().await, "RIGHTS_CHANGED");
        assert_eq!(live.next().await, Said::Complete);
        let page = ada.ask(TIMELINE, json!({ "id": anna })).await.must();
        assert_eq!(page.data("timeline.nodes.0.kind"), "identity.merged");
        assert_eq!(page.data("timeline.nodes.0.otherId"), &json!(oez));
        assert_eq!(page.each("timeline.nodes", "kind"), ["identity.merged", "page.viewed"]);
        // Of the past, too, it is the one that stays.
        assert_eq!(page.data("timeline.nodes.1.contact.id"), &json!(anna));
        // The event happened at Bolt GmbH, which Sam does not see.
        assert_eq!(sam.ask(TIMELINE, json!({ "id": anna })).await.must().each("timeline.nodes", "kind"), ["identity.merged"]);
        world.pass(TimeDelta::seconds(1));
        let company = merge(&ada, "mergeAccounts", &bolt, &gmbh).await;
        world.pass(TimeDelta::seconds(1));
        // Now it is Sam's own company.
        let kinds = |answer: tests::Answer| answer.must().each("timeline.nodes", "kind");
        assert_eq!(kinds(sam.ask(TIMELINE, json!({ "id": anna })).await), ["identity.merged", "page.viewed"]);
        assert_eq!(kinds(sam.ask(TIMELINE, json!({ "id": bolt })).await), ["identity.merged", "identity.merged", "page.viewed"]);
        undo(&ada, &company).await;
        assert_eq!(kinds(sam.ask(TIMELINE, json!({ "id": bolt })).await), ["identity.unmerged", "identity.merged", "identity.merged"]);
        assert_eq!(kinds(world.sue().ask(TIMELINE, json!({ "id": gmbh })).await), ["identity.unmerged", "identity.merged", "page.viewed"]);
    })
    .await;
}

#[tokio::test]
async fn the_feed_tells_which_record_took_the_place() {
    each_engine(async |world: World| {
        let Twins { anna, oez, .. } = twins(&world).await;
        let ina = world.ina();
        let start = ina.ask("{ feed { position } }", json!({})).await.must().text("feed.position").to_owned();
        let done = merge(&ina, "mergeContacts", &anna, &oez).await;
        let feed = "query($after: String) { changes(after: $after, entities: [CONTACT, CONTACT_POINT, OPPORTUNITY_CONTACT], first: 100) {
            nodes { entity id change kind replacedBy record { id } } endCursor } }";
        let read = ina.ask(feed, json!({ "after": start })).await.must();
        let of_contacts = |read: &tests::Answer| {
            let nodes = read.data("changes.nodes").as_array().unwrap();
            nodes.iter().filter(|node| node["entity"] == "CONTACT").cloned().collect::<Vec<_>>()
        };
        assert_eq!(of_contacts(&read), [
            json!({ "entity": "CONTACT", "id": anna, "change": "UPDATED", "kind": "identity.merged", "replacedBy": null, "record": { "id": anna } }),
            json!({ "entity": "CONTACT", "id": oez, "change": "DELETED", "kind": "identity.merged", "replacedBy": anna, "record": null }),
        ]);
        // What was moved is told, too, and what stood twice is gone.
        let points: Vec<&Value> = read.data("changes.nodes").as_array().unwrap().iter().filter(|node| node["entity"] == "CONTACT_POINT").collect();
        let mut told: Vec<&str> = points.iter().map(|node| node["change"].as_str().unwrap()).collect();
        told.sort_unstable();
        assert_eq!(told, ["DELETED", "UPDATED"]);
        let after = read.text("changes.endCursor").to_owned();
        undo(&ina, &done).await;
        let read = ina.ask(feed, json!({ "after": after })).await.must();
        assert_eq!(of_contacts(&read), [
            json!({ "entity": "CONTACT", "id": anna, "change": "UPDATED", "kind": "identity.unmerged", "replacedBy": null, "record": { "id": anna } }),
            json!({ "entity": "CONTACT", "id": oez, "change": "CREATED", "kind": "identity.unmerged", "replacedBy": null, "record": { "id": oez } }),
        ]);
    })
    .await;
}

#[tokio::test]
async fn the_teams_of_two_companies_become_one_and_two_again() {
    each_engine(async |world: World| {
        let Twins { bolt, gmbh, .. } = twins(&world).await;
        let cast = world.acme.cast;
        world
            .work(async |work| {
                let now = (work.now(), None);
                rows::member(work, uuid(&bolt), cast.vera, Discipline::Service, rows::READ, now).await?;
                rows::member(work, uuid(&gmbh), cast.vera, Discipline::Service, rows::EDIT, now).await?;
                rows::member(work, uuid(&gmbh), cast.tom, Discipline::Technical, rows::READ, now).await.map(drop)
            })
            .await;
        world.pass(TimeDelta::minutes(1));
        let team = "query($id: ID!) { account(id: $id) { owner { name } team { nodes { colleague { name } accessService validTo } } } }";
        let (ada, tom, sue) = (world.ada(), world.tom(), world.sue());
        let before = [ada.ask(team, json!({ "id": bolt })).await.must().body, ada.ask(team, json!({ "id": gmbh })).await.must().body];
        let sees = "query($id: ID!) { account(id: $id) { country } }";
        assert_eq!(tom.ask(sees, json!({ "id": bolt })).await.must().data("account"), &Value::Null);
        let done = merge(&ada, "mergeAccounts", &bolt, &gmbh).await;
        let joined = ada.ask(team, json!({ "id": bolt })).await.must();
        let members = joined.data("account.team.nodes").as_array().unwrap();
        let mut members: Vec<(&str, &str, bool)> = members
            .iter()
            .map(|place| {
                let text = |value: &'_ Value| value.as_str().unwrap().to_owned();
                let (name, level) = (text(&place["colleague"]["name"]), text(&place["accessService"]));
                (&*name.leak(), &*level.leak(), place["validTo"].is_null())
            })
            .collect();
        members.sort_unstable();
        let places = [("Tom Technical", "READ", true), ("Vera Service", "EDIT", false), ("Vera Service", "EDIT", true)];
        assert_eq!(members, places);
        assert_eq!(tom.ask(sees, json!({ "id": bolt })).await.must().data("account.country"), "DE");
        // Sue owned what is an alias now: that is no way to the survivor.
        assert_eq!(sue.ask(sees, json!({ "id": bolt })).await.must().data("account.country"), &Value::Null);
        undo(&ada, &done).await;
        let after = [ada.ask(team, json!({ "id": bolt })).await.must().body, ada.ask(team, json!({ "id": gmbh })).await.must().body];
        assert_eq!(after, before);
        assert_eq!(sue.ask(sees, json!({ "id": gmbh })).await.must().data("account.country"), "DE");
    })
    .await;
}

#[tokio::test]
async fn who_took_a_consent_back_has_not_given_it_by_another_record() {
    each_engine(async |world: World| {
        let Twins { anna, oez, .. } = twins(&world).await;
        let mail = Some(ContactPointKind::Email);
        world
            .work(async |work| {
                let (then, now) = (work.now() - TimeDelta::days(30), work.now());
                rows::consent(work, uuid(&anna), mail, ConsentState::Given, (then, None)).await?;
                rows::consent(work, uuid(&oez), mail, ConsentState::Withdrawn, (then, Some(now))).await.map(drop)
            })
            .await;
        world.pass(TimeDelta::minutes(1));
        let read =
            "query($id: ID!) { contact(id: $id) { contactPoints(filter: { kind: [EMAIL] }) { nodes { value } } } }";
        let mia = world.mia();
        assert_eq!(
            mia.ask(read, json!({ "id": anna })).await.must().each("contact.contactPoints.nodes", "value"),
            ["anna@bolt.example"]
        );
        let done = merge(&world.ina(), "mergeContacts", &anna, &oez).await;
        assert_eq!(
            mia.ask(read, json!({ "id": anna })).await.must().each("contact.contactPoints.nodes", "value"),
            ["a•••@bolt.example"]
        );
        undo(&world.ina(), &done).await;
        assert_eq!(
            mia.ask(read, json!({ "id": anna })).await.must().each("contact.contactPoints.nodes", "value"),
            ["anna@bolt.example"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_search_finds_the_one_that_stays_by_what_the_other_brought() {
    each_engine(async |world: World| {
        let Twins { anna, oez, deal, .. } = twins(&world).await;
        let ada = world.ada();
        let finds = async |text: &str| {
            let query =
                "query($text: String!) { search(text: $text, types: [CONTACT]) { node { ... on Contact { id } } } }";
            ada.ask(query, json!({ "text": text })).await.must().each("search", "node.id")
        };
        assert_eq!(finds("+49 711 1234567").await, [json!(oez)]);
        let done = merge(&ada, "mergeContacts", &anna, &oez).await;
        assert_eq!(finds("+49 711 1234567").await, [json!(anna)]);
        let parts = "query($id: ID!) { opportunity(id: $id) { contacts { nodes { contact { id } role } } } }";
        let part = json!([{ "contact": { "id": anna }, "role": "CHAMPION" }]);
        assert_eq!(ada.ask(parts, json!({ "id": deal })).await.must().data("opportunity.contacts.nodes"), &part);
        undo(&ada, &done).await;
        assert_eq!(finds("+49 711 1234567").await, [json!(oez)]);
        let points = contact_point::Entity::find().all(world.store.db()).await.unwrap();
        assert!(points.iter().all(|point| point.deleted_at.is_none()), "{points:?}");
    })
    .await;
}
