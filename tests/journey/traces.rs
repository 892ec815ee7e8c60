//! What must leave no trace: removed records, rights that were only to write, relations that a field would not name.

use api::graph::Kind;
use entities::{
    codes::{ConsentState, ContactPointKind, Discipline, Interaction, SurveyKind},
    marketing::touchpoint,
    service::{survey_answer, ticket},
};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};
use uuid::Uuid;

/// An account of Sam's, with Vera on its team, and a person in it.
async fn scene(world: &World) -> (Uuid, Uuid) {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let account = rows::account(work, "Bolt", Some(cast.sam), None).await?.id;
            let span = (work.now(), None);
            rows::member(work, account, cast.vera, Discipline::Service, rows::EDIT, span).await?;
            rows::member(work, account, cast.mia, Discipline::Marketing, rows::EDIT, span).await?;
            let contact = rows::contact(work, Some(account), "Bert", "Ohm").await?;
            rows::point(work, &contact, ContactPointKind::Email, "bert@bolt.example").await?;
            rows::consent(work, contact.id, None, ConsentState::Given, span).await?;
            Ok((account, contact.id))
        })
        .await
}

async fn count(client: &Client, list: &str) -> Value {
    client
        .ask(&format!("{{ answer: {list} {{ totalCount }} }}"), json!({}))
        .await
        .must()
        .data("answer.totalCount")
        .clone()
}

#[tokio::test]
async fn what_hangs_on_a_removed_record_is_gone_with_it() {
    each_engine(async |world: World| {
        let (account, contact) = scene(&world).await;
        let (sam, max) = (world.sam(), world.max());
        let schedule = "mutation($input: ScheduleMeetingInput!) { scheduleMeeting(input: $input) { meeting { id attendees { nodes { id } } } userErrors { code path } } }";
        let input = json!({ "accountId": id(Kind::Account, account), "title": "Visit", "kind": "VISIT",
            "startsAt": "2026-11-24T08:00:00Z", "contactIds": [id(Kind::Contact, contact)] });
        let made = sam.ask(schedule, json!({ "input": input })).await.must();
        let meeting = made.text("scheduleMeeting.meeting.id").to_owned();
        let file = "mutation($id: ID!) { createMeetingFile(input: { meetingId: $id, name: \"plan.pdf\", contentType: \"application/pdf\", sizeBytes: 1 }) { file { id } userErrors { code path } } }";
        let file = sam.ask(file, json!({ "id": meeting })).await.must().text("createMeetingFile.file.id").to_owned();
        let deal = world.work(async |work| rows::opportunity(work, account, "Press").await).await.id;
        let part = "mutation($o: ID!, $c: ID!) { addOpportunityContact(input: { opportunityId: $o, contactId: $c, role: CHAMPION }) { opportunityContact { id } userErrors { code path } } }";
        let part = sam
            .ask(part, json!({ "o": id(Kind::Opportunity, deal), "c": id(Kind::Contact, contact) }))
            .await
            .must()
            .text("addOpportunityContact.opportunityContact.id")
            .to_owned();
        for list in ["meetingFiles", "meetingAttendees", "opportunityContacts", "contactPoints", "consents"] {
            assert_eq!(count(&sam, list).await, 1, "{list}");
        }

        let delete = |what: &str| {
            format!("mutation($id: ID!) {{ delete{what}(input: {{ id: $id }}) {{ deletedId userErrors {{ code path }} }} }}")
        };
        sam.ask(&delete("Meeting"), json!({ "id": meeting })).await.must();
        sam.ask(&delete("Opportunity"), json!({ "id": id(Kind::Opportunity, deal) })).await.must();
        sam.ask(&delete("Contact"), json!({ "id": id(Kind::Contact, contact) })).await.must();
        // For whom the team lets see it, and for whom the whole tenant is open.
        for list in ["meetingAttendees", "opportunityContacts", "contactPoints", "consents"] {
            assert_eq!(count(&sam, list).await, 0, "{list}");
            assert_eq!(count(&max, list).await, 0, "{list}");
        }
        assert_eq!(count(&sam, "meetingFiles").await, 0);
        let node = sam.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": file })).await.must();
        assert_eq!(node.data("node"), &Value::Null);
        let position = world.position().await;
        let update = "mutation($id: ID!) { updateOpportunityContact(input: { id: $id, role: BLOCKER }) { opportunityContact { id } userErrors { code path } } }";
        assert_eq!(sam.ask(update, json!({ "id": part })).await.refusal("updateOpportunityContact"), "NOT_FOUND at id");
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn who_was_taken_off_a_meeting_knows_it_no_more() {
    each_engine(async |world: World| {
        let (account, _) = scene(&world).await;
        let (sam, tom) = (world.sam(), world.tom());
        let schedule = "mutation($input: ScheduleMeetingInput!) { scheduleMeeting(input: $input) { meeting { id attendees { nodes { id } } } userErrors { code path } } }";
        let input = json!({ "accountId": id(Kind::Account, account), "title": "Visit", "kind": "VISIT",
            "startsAt": "2026-11-24T08:00:00Z", "colleagueIds": [id(Kind::Colleague, world.acme.cast.tom)] });
        let made = sam.ask(schedule, json!({ "input": input })).await.must();
        let meeting = made.text("scheduleMeeting.meeting.id").to_owned();
        let read = "query($id: ID!) { meeting(id: $id) { title } }";
        assert_eq!(tom.ask(read, json!({ "id": meeting })).await.must().data("meeting.title"), "Visit");

        let off = "mutation($id: ID!) { deleteMeetingAttendee(input: { id: $id }) { deletedId userErrors { code path } } }";
        let attendees = made.each("scheduleMeeting.meeting.attendees.nodes", "id");
        for attendee in attendees {
            sam.ask(off, json!({ "id": attendee })).await.must();
        }
        assert_eq!(tom.ask(read, json!({ "id": meeting })).await.must().data("meeting"), &Value::Null);
        let position = world.position().await;
        let held = "mutation($id: ID!) { recordMeetingOutcome(input: { id: $id, outcome: HELD, summary: \"mine\" }) { meeting { id } userErrors { code path } } }";
        assert_eq!(tom.ask(held, json!({ "id": meeting })).await.refusal("recordMeetingOutcome"), "NOT_FOUND at id");
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn who_may_only_write_is_not_told_what_is_there() {
    each_engine(async |world: World| {
        let (account, _) = scene(&world).await;
        let note = "mutation($id: ID!, $v: NoteVisibility!) { createNote(input: { recordId: $id, body: \"quiet\", visibility: $v }) { note { id } userErrors { code path } } }";
        for visibility in ["TEAM", "PRIVATE"] {
            world.sam().ask(note, json!({ "id": id(Kind::Account, account), "v": visibility })).await.must();
        }
        let ina = world.ina();
        let made = ina.ask(note, json!({ "id": id(Kind::Account, account), "v": "TEAM" })).await.must();
        assert_eq!(count(&ina, "notes").await, 0);
        let seen = ina.ask("query($id: ID!) { account(id: $id) { notes { totalCount nodes { id } } } }", json!({ "id": id(Kind::Account, account) }));
        assert_eq!(seen.await.must().data("account.notes"), &json!({ "totalCount": 0, "nodes": [] }));
        let node = ina.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": made.text("createNote.note.id") }));
        assert_eq!(node.await.must().data("node"), &Value::Null);
    })
    .await;
}

#[tokio::test]
async fn name_and_industry_of_a_foreign_account_are_not_its_journey() {
    each_engine(async |world: World| {
        let (account, _) = scene(&world).await;
        let change = "mutation($id: ID!) { updateAccount(input: { id: $id, lifecycleStage: \"ENGAGED\" }) { account { id } userErrors { code path } } }";
        world.sam().ask(change, json!({ "id": id(Kind::Account, account) })).await.must();
        let read = "query($id: ID!) { account(id: $id) { name lifecycleStage } timeline(subject: $id, filter: { minImportance: 0 }) { totalCount nodes { kind } } }";
        let sue = world.sue().ask(read, json!({ "id": id(Kind::Account, account) })).await.must();
        assert_eq!(sue.data("account"), &json!({ "name": "Bolt", "lifecycleStage": null }));
        assert_eq!(sue.data("timeline"), &json!({ "totalCount": 0, "nodes": [] }));
        let sam = world.sam().ask(read, json!({ "id": id(Kind::Account, account) })).await.must();
        assert_ne!(sam.data("timeline.totalCount"), &json!(0));
    })
    .await;
}

#[tokio::test]
async fn a_list_under_a_parent_tells_no_more_than_the_field_that_names_the_parent() {
    each_engine(async |world: World| {
        let (account, contact) = scene(&world).await;
        world
            .work(async |work| {
                work.insert::<touchpoint::Entity>(touchpoint::ActiveModel {
                    account_id: Set(Some(account)),
                    contact_id: Set(Some(contact)),
                    interaction: Set(Interaction::PageViewed),
                    occurred_at: Set(work.now()),
                    is_inbound: Set(true),
                    ..Default::default()
                })
                .await?;
                let row = rows::ticket(work, Some(account), None, None).await?;
                work.update_row::<ticket::Entity>(
                    &row,
                    ticket::ActiveModel { contact_id: Set(Some(contact)), ..Default::default() },
                )
                .await
            })
            .await;
        let read = "query($id: ID!) { contact(id: $id) { touchpoints { totalCount nodes { id } } tickets { totalCount nodes { id } } account { touchpoints { totalCount } tickets { totalCount } } } }";
        let counts = async |client: Client| {
            let answer = client.ask(read, json!({ "id": id(Kind::Contact, contact) })).await.must();
            ["touchpoints", "tickets", "account.touchpoints", "account.tickets"].map(|list| {
                let list = answer.data(&format!("contact.{list}"));
                assert!(list["nodes"].is_null() || list["nodes"].as_array().unwrap().len() == list["totalCount"]);
                list["totalCount"].clone()
            })
        };
        // Sales reads whose touch and whose ticket it was; service not whose touch, marketing not whose ticket.
        assert_eq!(counts(world.sam()).await, [1, 1, 1, 1]);
        assert_eq!(counts(world.vera()).await, [0, 1, 1, 1]);
        assert_eq!(counts(world.mia()).await, [1, 0, 1, 1]);
    })
    .await;
}

#[tokio::test]
async fn what_is_unknown_is_not_told_by_its_absence() {
    each_engine(async |world: World| {
        let tom = world.acme.cast.tom;
        let declare = "mutation { createCustomField(input: { entity: TICKET, code: \"secret\", type: TEXT, class: P, labelDe: \"S\", labelEn: \"S\" }) { customField { id } userErrors { code path } } }";
        world.ada().ask(declare, json!({})).await.must();
        // Tickets without a customer that Tom works on: he may write them, and reads nothing of them.
        let (told, _silent) = world
            .work(async |work| Ok((rows::ticket(work, None, Some(tom), None).await?.id, rows::ticket(work, None, Some(tom), None).await?.id)))
            .await;
        let set = "mutation($id: ID!) { setCustomFields(input: { id: $id, values: [{ code: \"secret\", value: \"x\" }] }) { version userErrors { code path } } }";
        world.ada().ask(set, json!({ "id": id(Kind::Ticket, told) })).await.must();
        let mut counts = Vec::new();
        for filter in ["isNull: true", "isNull: false", "eq: \"x\""] {
            counts.push(count(&world.tom(), &format!("tickets(filter: {{ custom: [{{ code: \"secret\", {filter} }}] }})")).await);
            counts.push(count(&world.tom(), &format!("tickets(filter: {{ not: {{ custom: [{{ code: \"secret\", {filter} }}] }} }})")).await);
        }
        // Whatever is asked, both tickets answer alike.
        assert!(counts.iter().all(|count| *count == 0 || *count == 2), "{counts:?}");
    })
    .await;
}

#[tokio::test]
async fn the_words_of_a_survey_carry_no_name_for_marketing() {
    each_engine(async |world: World| {
        let (account, contact) = scene(&world).await;
        world
            .work(async |work| {
                work.insert::<survey_answer::Entity>(survey_answer::ActiveModel {
                    kind: Set(SurveyKind::Csat),
                    scale: Set(5),
                    score: Set(2),
                    comment: Set(Some("too slow".to_owned())),
                    account_id: Set(Some(account)),
                    contact_id: Set(Some(contact)),
                    answered_at: Set(work.now()),
                    ..Default::default()
                })
                .await
            })
            .await;
        let said =
            world.mia().ask("{ surveyAnswers { nodes { score comment account { name } } } }", json!({})).await.must();
        assert_eq!(
            said.data("surveyAnswers.nodes.0"),
            &json!({ "score": 2, "comment": "too slow", "account": { "name": "Bolt" } })
        );
        for hidden in [
            "{ surveyAnswers { nodes { contact { id } } } }",
            "{ surveyAnswers(filter: { contactId: [] }) { totalCount } }",
        ] {
            assert_eq!(world.mia().ask(hidden, json!({})).await.code(), Some("BAD_USER_INPUT"), "{hidden}");
        }
        let named =
            world.vera().ask("{ surveyAnswers { nodes { comment contact { name } } } }", json!({})).await.must();
        assert_eq!(
            named.data("surveyAnswers.nodes.0"),
            &json!({ "comment": "too slow", "contact": { "name": "Bert Ohm" } })
        );
    })
    .await;
}

#[tokio::test]
async fn a_timeline_tells_no_more_than_the_field_that_names_its_subject() {
    each_engine(async |world: World| {
        let (account, contact) = scene(&world).await;
        let (account, contact) = (id(Kind::Account, account), id(Kind::Contact, contact));
        let tom = json!({ "accountId": account, "colleagueId": id(Kind::Colleague, world.acme.cast.tom), "discipline": "TECHNICAL",
            "accessAccount": "READ", "accessMarketing": "READ", "accessSales": "READ", "accessService": "READ" });
        world.max().act("addAccountTeamMember", "accountTeamMember { id }", tom).await.must();
        let fair = json!({ "name": "Fair", "type": "TRADE_FAIR" });
        let fair = world.mia().act("createCampaign", "campaign { id }", fair).await.must();
        let fair = fair.text("createCampaign.campaign.id").to_owned();
        let touch = json!({ "interaction": "PAGE_VIEWED", "contactId": contact, "campaignId": fair });
        world.mia().act("recordTouchpoint", "touchpoint { id }", touch).await.must();
        let ticket = json!({ "subject": "Stuck", "contactId": contact, "accountId": account });
        world.vera().act("createTicket", "ticket { id }", ticket).await.must();
        let mark = json!({ "kind": "CSAT", "scale": 5, "score": 2, "contactId": contact });
        world.ina().act("recordSurveyAnswer", "surveyAnswer { id }", mark).await.must();

        let told = async |client: &Client, subject: &str, filter: Value| {
            let read = "query($id: ID!, $filter: TimelineFilter) { timeline(subject: $id, filter: $filter) { totalCount nodes { kind contact { id } campaign { id } subjects { id } } } }";
            let answer = client.ask(read, json!({ "id": subject, "filter": filter })).await.must();
            let nodes = answer.data("timeline.nodes").as_array().unwrap().clone();
            assert_eq!(answer.data("timeline.totalCount"), nodes.len());
            nodes
        };
        let kinds = ["page.viewed", "ticket.created", "csat.answered"];
        let of = async |client: Client, subject: &str, filter: Value| {
            let mut filter = filter;
            filter["kinds"] = json!(kinds);
            let nodes = told(&client, subject, filter).await;
            nodes.iter().map(|node| node["kind"].as_str().unwrap().to_owned()).collect::<std::collections::BTreeSet<_>>()
        };
        let set = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let all: std::collections::BTreeSet<String> = set(&kinds);

        // Of the account everybody hears; of the person who may read the field that names it.
        for client in [world.sam(), world.vera(), world.mia(), world.tom()] {
            assert_eq!(of(client, &account, json!({})).await, all);
        }
        assert_eq!(of(world.sam(), &contact, json!({})).await, all);
        assert_eq!(of(world.vera(), &contact, json!({})).await, set(&["ticket.created", "csat.answered"]));
        assert_eq!(of(world.mia(), &contact, json!({})).await, set(&["page.viewed"]));
        assert_eq!(of(world.tom(), &contact, json!({})).await, set(&["ticket.created", "csat.answered"]));
        // Technicians read of a touch what it was and when, not of which campaign.
        assert_eq!(of(world.vera(), &fair, json!({})).await, set(&["page.viewed"]));
        assert_eq!(of(world.tom(), &fair, json!({})).await, set(&[]));
        assert_eq!(of(world.vera(), &account, json!({ "campaigns": [fair] })).await, set(&["page.viewed"]));
        assert_eq!(of(world.tom(), &account, json!({ "campaigns": [fair] })).await, set(&[]));

        // Nor does an event that is shown name them.
        for (client, kind, person, campaign) in [
            (world.sam(), "page.viewed", true, true),
            (world.vera(), "page.viewed", false, true),
            (world.tom(), "page.viewed", false, false),
            (world.mia(), "csat.answered", false, false),
            (world.vera(), "csat.answered", true, false),
            (world.mia(), "ticket.created", false, false),
        ] {
            let nodes = told(&client, &account, json!({ "kinds": [kind] })).await;
            let shown = |field: &str, id: &str| {
                let named = nodes[0]["subjects"].as_array().unwrap().iter().any(|subject| subject["id"] == id);
                assert_eq!(nodes[0][field]["id"] == id, named, "{kind} {field}");
                named
            };
            assert_eq!((shown("contact", &contact), shown("campaign", &fair)), (person, campaign), "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_campaign_that_was_taken_away_opens_no_deals() {
    each_engine(async |world: World| {
        let account = world.work(async |work| Ok(rows::account(work, "Bolt", Some(world.acme.cast.sam), None).await?.id)).await;
        let account = id(Kind::Account, account);
        let spring = world.mia().act("createCampaign", "campaign { id }", json!({ "name": "Spring", "type": "EMAIL" })).await.must();
        let spring = spring.text("createCampaign.campaign.id").to_owned();
        let deal = json!({ "accountId": account, "name": "Press", "primaryCampaignId": spring });
        world.sam().act("createOpportunity", "opportunity { id }", deal).await.must();
        let deals = async || {
            let read = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"opportunity.created\"] }) { nodes { kind } } }";
            world.mia().ask(read, json!({ "id": account })).await.must().each("timeline.nodes", "kind")
        };
        assert_eq!(deals().await, ["opportunity.created"], "of a campaign of hers");
        world.mia().act("deleteCampaign", "deletedId", json!({ "id": spring })).await.must();
        assert_eq!(deals().await, [""; 0]);
    })
    .await;
}
