//! What belongs to a person goes with the person: their ways to a new employer, all of it when they are taken away; consents come from
//! who may record them. And: rights at a clock that runs, addresses of files that are gone, two who do the same at once.

use api::{graph::Kind, policy::Role};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use chrono::TimeDelta;
use entities::{
    account::{account_team_member, consent, contact_point},
    codes::{ConsentState, ContactPointKind, Discipline},
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};
use uuid::Uuid;

/// An account of Sam's and one of Sue's, and a person with a phone number and consent for mail at the first.
async fn scene(world: &World) -> (String, String, String) {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let old = rows::account(work, "Old", Some(cast.sam), None).await?.id;
            let new = rows::account(work, "New", Some(cast.sue), None).await?.id;
            let person = rows::contact(work, Some(old), "Anna", "Öz").await?;
            rows::point(work, &person, ContactPointKind::Email, "anna@old.example").await?;
            let (mail, now) = (Some(ContactPointKind::Email), work.now());
            rows::consent(work, person.id, mail, ConsentState::Given, (now, None)).await?;
            Ok((id(Kind::Account, old), id(Kind::Account, new), id(Kind::Contact, person.id)))
        })
        .await
}

/// The values of a person's points that somebody sees.
async fn values(client: &Client, person: &str) -> Vec<Value> {
    let text = "query($id: ID) { contactPoints(filter: { contactId: [$id] }) { nodes { value } } }";
    client.ask(text, json!({ "id": person })).await.must().each("contactPoints.nodes", "value")
}

#[tokio::test]
async fn the_ways_to_a_person_go_along_to_a_new_employer() {
    each_engine(async |world: World| {
        let (_, new, person) = scene(&world).await;
        let (sam, sue, mia) = (world.sam(), world.sue(), world.mia());
        assert_eq!(values(&sam, &person).await, [json!("anna@old.example")]);
        assert_eq!(values(&sue, &person).await, [] as [Value; 0]);
        mia.act("updateContact", "", json!({ "id": person, "accountId": new })).await.must();
        assert_eq!(values(&sam, &person).await, [] as [Value; 0]);
        assert_eq!(values(&sue, &person).await, [json!("anna@old.example")]);

        let point = contact_point::Entity::find().one(world.store.db()).await.unwrap().unwrap();
        let hijack = json!({ "id": id(Kind::ContactPoint, point.id), "value": "sam@evil.example" });
        assert_eq!(sam.refused("updateContactPoint", hijack).await, "NOT_FOUND at id");
        let work = "query($id: ID) { employments(filter: { contactId: [$id] }) { nodes { isPrimary account { name } validTo } } }";
        let jobs = sue.ask(work, json!({ "id": person })).await.must();
        let job = json!({ "isPrimary": true, "account": { "name": "New" }, "validTo": null });
        assert_eq!(jobs.data("employments.nodes"), &json!([job]));
    })
    .await;
}

#[tokio::test]
async fn a_person_who_is_taken_away_leaves_nothing_behind() {
    each_engine(async |world: World| {
        let (old, _, person) = scene(&world).await;
        let sam = world.sam();
        sam.act("addEmployment", "", json!({ "contactId": person, "accountId": old, "title": "Adviser" })).await.must();
        world.pass(TimeDelta::hours(1));
        sam.act("deleteContact", "", json!({ "id": person })).await.must();
        let text = "query($id: ID) { contactPoints(filter: { contactId: [$id] }) { totalCount }
            employments(filter: { contactId: [$id] }) { totalCount } }";
        for client in [&sam, &world.mia(), &world.ina()] {
            let left = client.ask(text, json!({ "id": person })).await.must();
            assert_eq!(left.data("contactPoints.totalCount"), 0);
            assert_eq!(left.data("employments.totalCount"), 0);
        }
        let point = contact_point::Entity::find().one(world.store.db()).await.unwrap().unwrap();
        assert_eq!(point.deleted_at, Some(world.now()));
        let consent = consent::Entity::find().one(world.store.db()).await.unwrap().unwrap();
        assert_eq!((consent.state, consent.valid_to), (ConsentState::Given, Some(world.now())));
    })
    .await;
}

#[tokio::test]
async fn a_meeting_takes_its_files_along_and_a_deal_its_parts() {
    each_engine(async |world: World| {
        let (old, _, person) = scene(&world).await;
        let sam = world.sam();
        let (put, get, file, meeting) = file(&world, &old).await;
        assert_eq!(send(&world, "GET", &get, b"").await, StatusCode::OK);
        sam.act("deleteMeeting", "", json!({ "id": meeting })).await.must();
        assert_eq!(send(&world, "GET", &get, b"").await, StatusCode::FORBIDDEN);
        assert_eq!(send(&world, "PUT", &put, b"evil!").await, StatusCode::FORBIDDEN);
        let row = entities::service::file::Entity::find().one(world.store.db()).await.unwrap().unwrap();
        assert_eq!((id(Kind::File, row.id), row.deleted_at), (file, Some(world.now())));

        let deal = sam
            .act("createOpportunity", "opportunity { id }", json!({ "accountId": old, "name": "Linie" }))
            .await
            .must();
        let deal = deal.text("createOpportunity.opportunity.id").to_owned();
        let part = json!({ "opportunityId": deal, "contactId": person, "role": "USER" });
        sam.act("addOpportunityContact", "", part).await.must();
        sam.act("deleteOpportunity", "", json!({ "id": deal })).await.must();
        let part = entities::sales::opportunity_contact::Entity::find().one(world.store.db()).await.unwrap().unwrap();
        assert_eq!(part.deleted_at, Some(world.now()));
    })
    .await;
}

/// A complete file on a meeting: its old upload address, its download address, itself, its meeting.
async fn file(world: &World, account: &str) -> (String, String, String, String) {
    let sam = world.sam();
    let soon = (world.now() + TimeDelta::days(1)).to_rfc3339();
    let meet = json!({ "accountId": account, "title": "x", "startsAt": soon, "kind": "VISIT" });
    let meeting = sam.act("scheduleMeeting", "meeting { id }", meet).await.must();
    let meeting = meeting.text("scheduleMeeting.meeting.id").to_owned();
    let new = json!({ "meetingId": meeting, "name": "a.pdf", "contentType": "application/pdf", "sizeBytes": 5 });
    let made = sam.act("createMeetingFile", "file { id upload { url } }", new).await.must();
    let file = made.text("createMeetingFile.file.id").to_owned();
    let put = made.text("createMeetingFile.file.upload.url").to_owned();
    assert_eq!(send(world, "PUT", &put, b"%PDF-").await, StatusCode::NO_CONTENT);
    let complete = "mutation($id: ID!) { completeMeetingFile(input: { id: $id }) { file { download { url } } userErrors { code } } }";
    let done = sam.ask(complete, json!({ "id": file })).await.must();
    (put, done.text("completeMeetingFile.file.download.url").to_owned(), file, meeting)
}

async fn send(world: &World, method: &str, url: &str, body: &[u8]) -> StatusCode {
    let path = url.split_once("/files/").map(|(_, token)| format!("/files/{token}")).unwrap();
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/pdf");
    world.send(request.body(Body::from(body.to_vec())).unwrap()).await.0
}

#[tokio::test]
async fn an_old_address_neither_brings_back_nor_writes_over() {
    each_engine(async |world: World| {
        let (old, ..) = scene(&world).await;
        let (put, get, file, _) = file(&world, &old).await;
        assert_eq!(send(&world, "PUT", &put, b"evil!").await, StatusCode::FORBIDDEN, "it is complete");
        assert_eq!(send(&world, "GET", &get, b"").await, StatusCode::OK);
        let delete = "mutation($id: ID!) { deleteMeetingFile(input: { id: $id }) { deletedId userErrors { code } } }";
        world.sam().ask(delete, json!({ "id": file })).await.must();
        assert_eq!(send(&world, "PUT", &put, b"evil!").await, StatusCode::FORBIDDEN, "it is gone");
        assert_eq!(send(&world, "GET", &get, b"").await, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test]
async fn sales_records_no_consent_by_the_way() {
    each_engine(async |world: World| {
        let (old, ..) = scene(&world).await;
        let person =
            |consent: Value| json!({ "familyName": "Strohmann", "accountId": old, "marketingConsent": consent });
        let given = json!({ "channels": ["EMAIL"], "legalBasis": "CONSENT" });
        assert_eq!(world.sam().refused("createContact", person(given.clone())).await, "BAD_USER_INPUT");
        assert_eq!(world.max().refused("createContact", person(given.clone())).await, "BAD_USER_INPUT");
        assert_eq!(consent::Entity::find().all(world.store.db()).await.unwrap().len(), 1);
        world.sam().act("createContact", "", json!({ "familyName": "Strohmann", "accountId": old })).await.must();
        let both = world.as_roles(&[Role::Sales, Role::Marketing], "sam");
        both.act("createContact", "", person(given)).await.must();
    })
    .await;
}

#[tokio::test]
async fn marketing_adds_no_way_without_consent_for_its_channel() {
    each_engine(async |world: World| {
        let (old, _, person) = scene(&world).await;
        let mia = world.mia();
        let more = |kind: &str, value: &str| json!({ "id": person, "addContactPoints": [{ "kind": kind, "value": value }] });
        assert_eq!(mia.refused("updateContact", more("PHONE", "+49 1")).await, "CONSENT_MISSING at addContactPoints.0.kind");
        world.pass(TimeDelta::seconds(1));
        mia.act("updateContact", "", more("EMAIL", "anna@home.example")).await.must();
        let text = "query($id: ID) { contactPoints(filter: { contactId: [$id] }) { nodes { value isPrimary } } }";
        let points = mia.ask(text, json!({ "id": person })).await.must();
        let first = json!({ "value": "anna@old.example", "isPrimary": true });
        let second = json!({ "value": "anna@home.example", "isPrimary": false });
        assert_eq!(points.data("contactPoints.nodes"), &json!([first, second]));

        let new = json!({ "familyName": "Neu", "accountId": old, "marketingConsent": { "channels": ["EMAIL"], "legalBasis": "CONSENT" },
            "contactPoints": [{ "kind": "EMAIL", "value": "neu@old.example" }, { "kind": "PHONE", "value": "+49 2" }] });
        assert_eq!(mia.refused("createContact", new).await, "CONSENT_MISSING at contactPoints.1.kind");
        // Sales needs none, and the first of each kind is the first choice.
        let new = json!({ "familyName": "Neu", "accountId": old,
            "contactPoints": [{ "kind": "EMAIL", "value": "neu@old.example" }, { "kind": "PHONE", "value": "+49 2" }] });
        let made = world.sam().act("createContact", "contact { contactPoints { nodes { isPrimary } } }", new).await.must();
        assert_eq!(made.each("createContact.contact.contactPoints.nodes", "isPrimary"), [true, true]);
    })
    .await;
}

#[tokio::test]
async fn what_begins_now_counts_at_a_clock_that_runs() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (old, _, person) = scene(&world).await;
        world.let_the_clock_run();
        let (mia, sam, max) = (world.mia(), world.sam(), world.max());
        let new = json!({ "familyName": "Neu", "accountId": old, "marketingConsent": { "channels": ["EMAIL"], "legalBasis": "CONSENT" },
            "contactPoints": [{ "kind": "EMAIL", "value": "neu@old.example" }] });
        let made = mia.act("createContact", "contact { contactPoints { nodes { value } } }", new).await.must();
        assert_eq!(made.each("createContact.contact.contactPoints.nodes", "value"), [json!("neu@old.example")]);
        mia.act("giveConsent", "", json!({ "contactId": person, "purpose": "MARKETING", "channel": "PHONE", "legalBasis": "CONSENT" })).await.must();
        mia.act("updateContact", "", json!({ "id": person, "addContactPoints": [{ "kind": "PHONE", "value": "+49 1" }] })).await.must();

        let join = |who: Uuid, discipline: &str| json!({ "accountId": old, "colleagueId": id(Kind::Colleague, who), "discipline": discipline });
        let mut lead = join(cast.sam, "SALES");
        lead["isLead"] = json!(true);
        lead["accessAccount"] = json!("EDIT");
        max.act("addAccountTeamMember", "", lead).await.must();
        sam.act("addAccountTeamMember", "accountTeamMember { id }", join(cast.vera, "SERVICE")).await.must();
        let place = json!({ "queueId": id(Kind::Queue, world.acme.sales_inbox), "colleagueId": id(Kind::Colleague, cast.sue) });
        max.act("addQueueMember", "", place).await.must();

        let lead = mia.act("createLead", "lead { id }", json!({ "contactId": person })).await.must();
        let offer = json!({ "subjectId": lead.text("createLead.lead.id"), "toQueueId": id(Kind::Queue, world.acme.sales_inbox) });
        let offered = mia.act("offerHandover", "handover { id }", offer).await.must();
        let take = json!({ "id": offered.text("offerHandover.handover.id") });
        world.sue().act("acceptHandover", "handover { outcome }", take).await.must();
    })
    .await;
}

/// What each of some who do the same at once is told: how many did it, and how many were refused with this.
async fn at_once(client: &Client, mutation: &str, input: Value, refusal: &str) -> (usize, usize) {
    let answers = futures::future::join_all((0..4).map(|_| client.act(mutation, "", input.clone()))).await;
    let refused: Vec<String> = answers
        .iter()
        .filter(|answer| !answer.user_errors(mutation).is_empty())
        .map(|answer| answer.refusal(mutation))
        .collect();
    assert!(refused.iter().all(|one| one == refusal), "{refused:?}");
    (answers.len() - refused.len(), refused.len())
}

#[tokio::test]
async fn two_who_do_the_same_at_once_do_it_once() {
    each_engine(async |world: World| {
        let (old, _, person) = scene(&world).await;
        let consent =
            json!({ "contactId": person, "purpose": "MARKETING", "channel": "PHONE", "legalBasis": "CONSENT" });
        assert_eq!(at_once(&world.mia(), "giveConsent", consent, "DUPLICATE at purpose").await, (1, 3));
        assert_eq!(consent::Entity::find().all(world.store.db()).await.unwrap().len(), 2);
        let vera = id(Kind::Colleague, world.acme.cast.vera);
        let member = json!({ "accountId": old, "colleagueId": vera, "discipline": Discipline::Service.as_str() });
        assert_eq!(at_once(&world.max(), "addAccountTeamMember", member, "DUPLICATE at colleagueId").await, (1, 3));
        assert_eq!(account_team_member::Entity::find().all(world.store.db()).await.unwrap().len(), 1);
    })
    .await;
}
