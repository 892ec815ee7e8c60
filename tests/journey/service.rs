//! The service desk by the front door: a ticket from the queue to its end, and who sees what of it.

use api::graph::Kind;
use chrono::TimeDelta;
use entities::codes::Discipline;
use serde_json::{Value, json};
use tests::{World, each_engine, id, rows};

const ERRORS: &str = "userErrors { code path message }";

/// A customer of Sam's with a ticket in the service desk's queue. Gives account and ticket.
async fn ticket(world: &World) -> (String, String) {
    let query =
        format!("mutation {{ createAccount(input: {{ name: \"Molkerei\" }}) {{ account {{ id }} {ERRORS} }} }}");
    let account = world.sam().ask(&query, json!({})).await.must().text("createAccount.account.id").to_owned();
    // The machine of an integrator brings the call in: Vera's team does not reach the account.
    let query = format!(
        "mutation($account: ID!, $queue: ID!) {{ createTicket(input: {{ subject: \"Es tropft\", priority: HIGH, category: \"LEAK\", \
         accountId: $account, queueId: $queue }}) {{ ticket {{ id number status }} {ERRORS} }} }}"
    );
    let queue = tests::id(api::graph::Kind::Queue, world.acme.service_desk);
    let answer = world.ina().ask(&query, json!({ "account": account, "queue": queue })).await.must();
    assert_eq!(answer.data("createTicket.ticket.status"), &json!("NEW"));
    assert_eq!(answer.data("createTicket.ticket.number"), &json!(1));
    (account, answer.text("createTicket.ticket.id").to_owned())
}

#[tokio::test]
async fn a_ticket_walks_from_the_queue_to_its_end_and_no_further() {
    each_engine(async |world: World| {
        let (account, ticket) = ticket(&world).await;
        let queue = "{ service { queue { nodes { id subject account { id name } } } } }";
        let queue = world.vera().ask(queue, json!({})).await.must();
        assert_eq!(
            queue.data("service.queue.nodes"),
            &json!([{ "id": ticket, "subject": "Es tropft", "account": { "id": account, "name": "Molkerei" } }]),
            "the agent on the phone sees the customer of her queue's ticket"
        );
        let answer = format!(
            "mutation($id: ID!) {{ addTicketMessage(input: {{ ticketId: $id, body: \"Wir kommen.\" }}) {{ ticketMessage {{ body }} {ERRORS} }} }}"
        );
        let note = format!(
            "mutation($id: ID!) {{ addTicketNote(input: {{ ticketId: $id, body: \"Dichtung bestellt.\" }}) {{ ticketNote {{ body }} {ERRORS} }} }}"
        );
        world.vera().ask(&answer, json!({ "id": ticket })).await.must();
        world.vera().ask(&note, json!({ "id": ticket })).await.must();
        let status = format!(
            "mutation($id: ID!, $to: TicketStatus!) {{ changeTicketStatus(input: {{ id: $id, status: $to }}) \
             {{ ticket {{ status reopenedCount }} {ERRORS} }} }}"
        );
        for (to, reopened) in [("OPEN", 0), ("SOLVED", 0), ("OPEN", 1), ("SOLVED", 1), ("CLOSED", 1)] {
            world.pass(chrono::TimeDelta::hours(1));
            let moved = world.vera().ask(&status, json!({ "id": ticket, "to": to })).await.must();
            let now = moved.data("changeTicketStatus.ticket");
            assert_eq!(now, &json!({ "status": to, "reopenedCount": reopened }));
        }
        let position = world.position().await;
        let again = world.vera().ask(&status, json!({ "id": ticket, "to": "OPEN" })).await;
        assert!(again.refusal("changeTicketStatus").starts_with("STATE_CONFLICT"), "{again}");
        assert_eq!(world.position().await, position, "nothing happened");
        let way = "query($id: ID!) { ticket(id: $id) { timeline(first: 20) { nodes { kind } } } }";
        let way = world.vera().ask(way, json!({ "id": ticket })).await.must();
        let kinds = way.each("ticket.timeline.nodes", "kind");
        for kind in ["ticket.created", "ticket.message_out", "ticket.note_added", "ticket.solved", "ticket.reopened", "ticket.closed"] {
            assert!(kinds.contains(&json!(kind)), "{kind} is missing in {kinds:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn each_desk_sees_its_part_of_a_ticket_and_nobody_elses_notes() {
    each_engine(async |world: World| {
        let (account, ticket) = ticket(&world).await;
        let note = format!(
            "mutation($id: ID!) {{ addTicketNote(input: {{ ticketId: $id, body: \"Kunde droht.\" }}) {{ ticketNote {{ id }} {ERRORS} }} }}"
        );
        let note = world.vera().ask(&note, json!({ "id": ticket })).await.must().text("addTicketNote.ticketNote.id").to_owned();

        let header = "query($id: ID!) { ticket(id: $id) { status subject messages { totalCount } } }";
        let sam = world.sam().ask(header, json!({ "id": ticket })).await.must();
        assert_eq!(sam.data("ticket"), &json!({ "status": "NEW", "subject": "Es tropft", "messages": { "totalCount": 0 } }));
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert!(world.sam().ask(node, json!({ "id": note })).await.must().data("node").is_null(), "a note is no message of sales'");
        assert_eq!(world.vera().ask(node, json!({ "id": note })).await.must().text("node.id"), note);

        // Marketing is not on the team; its schema knows status and category of a ticket only.
        let mia = world.mia().ask("query($id: ID!) { ticket(id: $id) { status category } }", json!({ "id": ticket })).await.must();
        assert!(mia.data("ticket").is_null());
        let mia = world.mia().ask("query($id: ID!) { ticket(id: $id) { subject } }", json!({ "id": ticket })).await;
        assert_eq!(mia.code(), Some("BAD_USER_INPUT"));
        let max = world.max().ask("query($id: ID!) { ticket(id: $id) { status priority } }", json!({ "id": ticket })).await.must();
        assert_eq!(max.data("ticket"), &json!({ "status": "NEW", "priority": "HIGH" }));

        // Notes never reach the account's timeline of sales, neither as an event nor as a count.
        let count = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"ticket.note_added\"] }) { totalCount nodes { id } } }";
        let seen = world.sam().ask(count, json!({ "id": account })).await.must();
        assert_eq!(seen.data("timeline"), &json!({ "totalCount": 0, "nodes": [] }));
    })
    .await;
}

/// A ticket of nobody known, in the service desk's queue.
async fn unknown_caller(world: &World) -> String {
    let create = format!(
        "mutation($queue: ID!) {{ createTicket(input: {{ subject: \"Wer spricht?\", queueId: $queue }}) {{ ticket {{ id }} {ERRORS} }} }}"
    );
    let queue = id(Kind::Queue, world.acme.service_desk);
    world.vera().ask(&create, json!({ "queue": queue })).await.must().text("createTicket.ticket.id").to_owned()
}

const UPDATE: &str = "mutation($input: UpdateTicketInput!) { updateTicket(input: $input) {
    ticket { version subject category priority channel account { name } contact { familyName } asset { name } }
    userErrors { code path message } } }";

#[tokio::test]
async fn a_ticket_is_changed_until_it_is_closed() {
    each_engine(async |world: World| {
        let (_, ticket) = ticket(&world).await;
        let change = |more: Value| {
            let mut input = json!({ "id": ticket });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "input": input })
        };
        let vera = world.vera();
        let first = change(json!({ "ifVersion": 1, "subject": "Es tropft sehr", "category": null, "priority": "URGENT", "channel": "PHONE" }));
        let changed = vera.ask(UPDATE, first.clone()).await.must();
        assert_eq!(
            changed.data("updateTicket.ticket"),
            &json!({ "version": 2, "subject": "Es tropft sehr", "category": null, "priority": "URGENT", "channel": "PHONE",
                "account": { "name": "Molkerei" }, "contact": null, "asset": null })
        );
        let position = world.position().await;
        assert_eq!(vera.ask(UPDATE, first).await.refusal("updateTicket"), "VERSION_CONFLICT at ifVersion");
        for (more, refusal) in [
            (json!({ "subject": null }), "INVALID at subject"),
            (json!({ "subject": " " }), "INVALID at subject"),
            (json!({ "priority": null }), "INVALID at priority"),
        ] {
            assert_eq!(vera.ask(UPDATE, change(more)).await.refusal("updateTicket"), refusal);
        }
        // Sam reads the header of his customer's ticket, and changes nothing of it; Tom is not on the team.
        assert_eq!(world.sam().ask(UPDATE, change(json!({ "subject": "x" }))).await.code(), Some("BAD_USER_INPUT"));
        let tom = "mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { ticket { id } userErrors { code path } } }";
        assert_eq!(world.tom().ask(tom, change(json!({ "subject": "x" }))).await.refusal("updateTicket"), "NOT_FOUND at id");
        assert_eq!(world.position().await, position, "nothing happened");

        let close = format!("mutation($id: ID!) {{ changeTicketStatus(input: {{ id: $id, status: CLOSED }}) {{ ticket {{ id }} {ERRORS} }} }}");
        vera.ask(&close, json!({ "id": ticket })).await.must();
        let position = world.position().await;
        let late = vera.ask(UPDATE, change(json!({ "subject": "x" }))).await;
        assert_eq!(late.refusal("updateTicket"), "STATE_CONFLICT at id");
        assert_eq!(world.position().await, position, "nothing happened");
    })
    .await;
}

#[tokio::test]
async fn who_called_is_found_out_later_and_what_was_said_belongs_to_the_customer_then() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (account, contact, asset, elsewhere) = world
            .work(async |work| {
                let account = rows::account(work, "Molkerei", Some(cast.sam), None).await?.id;
                rows::member(work, account, cast.vera, Discipline::Service, rows::EDIT, (work.now(), None)).await?;
                let contact = rows::contact(work, Some(account), "Anna", "Öz").await?.id;
                let asset = rows::asset(work, account, "Presse 1").await?.id;
                let other = rows::account(work, "Bolt", Some(cast.sue), None).await?.id;
                rows::member(work, other, cast.vera, Discipline::Service, rows::EDIT, (work.now(), None)).await?;
                let elsewhere = rows::asset(work, other, "Presse 2").await?.id;
                Ok((account, contact, asset, elsewhere))
            })
            .await;
        let ticket = unknown_caller(&world).await;
        let vera = world.vera();
        let said = format!("mutation($id: ID!) {{ addTicketMessage(input: {{ ticketId: $id, body: \"Wir kommen.\\nMorgen.\" }}) {{ ticketMessage {{ id body }} {ERRORS} }} }}");
        let message = vera.ask(&said, json!({ "id": ticket })).await.must();
        assert_eq!(message.text("addTicketMessage.ticketMessage.body"), "Wir kommen.\nMorgen.");
        let message = message.text("addTicketMessage.ticketMessage.id").to_owned();
        let read = "query($id: ID!) { node(id: $id) { id } }";
        assert!(world.sam().ask(read, json!({ "id": message })).await.must().data("node").is_null());

        let found = json!({ "input": { "id": ticket, "contactId": id(Kind::Contact, contact), "assetId": id(Kind::Asset, asset) } });
        let found = vera.ask(UPDATE, found).await.must();
        let ticket_now = found.data("updateTicket.ticket");
        assert_eq!(ticket_now["account"], json!({ "name": "Molkerei" }));
        assert_eq!(ticket_now["contact"], json!({ "familyName": "Öz" }));
        assert_eq!(ticket_now["asset"], json!({ "name": "Presse 1" }));
        assert_eq!(world.sam().ask(read, json!({ "id": message })).await.must().text("node.id"), message, "the message is the customer's now");

        let position = world.position().await;
        for (field, kind, row, refusal) in [
            ("assetId", Kind::Asset, elsewhere, "INVALID at assetId"),
            ("accountId", Kind::Account, account, ""),
        ] {
            let answer = vera.ask(UPDATE, json!({ "input": { "id": ticket, field: id(kind, row) } })).await;
            match refusal {
                "" => drop(answer.must()),
                refusal => assert_eq!(answer.refusal("updateTicket"), refusal),
            }
        }
        let other = world.work(async |work| Ok(rows::account(work, "Zinn", Some(cast.vera), None).await?.id)).await;
        let taken = vera.ask(UPDATE, json!({ "input": { "id": ticket, "accountId": id(Kind::Account, other) } })).await;
        assert_eq!(taken.refusal("updateTicket"), "STATE_CONFLICT at accountId");
        assert_eq!(world.position().await, position + 1, "but for the new account nothing happened");
    })
    .await;
}

#[tokio::test]
async fn an_asset_moves_to_another_customer_and_leaves_its_past_behind() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (from, to, hidden, asset) = world
            .work(async |work| {
                let from = rows::account(work, "Molkerei", None, None).await?.id;
                let to = rows::account(work, "Bolt", None, None).await?.id;
                let hidden = rows::account(work, "Zinn", None, None).await?.id;
                for account in [from, to] {
                    rows::member(work, account, cast.vera, Discipline::Service, rows::EDIT, (work.now(), None)).await?;
                }
                Ok((from, to, hidden, rows::asset(work, from, "Presse 1").await?.id))
            })
            .await;
        let vera = world.vera();
        let commission = format!("mutation($id: ID!) {{ commissionAsset(input: {{ id: $id }}) {{ asset {{ id }} {ERRORS} }} }}");
        vera.ask(&commission, json!({ "id": id(Kind::Asset, asset) })).await.must();
        world.pass(TimeDelta::minutes(10));
        let moving = format!(
            "mutation($input: MoveAssetInput!) {{ moveAsset(input: $input) {{ asset {{ account {{ name }} commissionedAt location }} {ERRORS} }} }}"
        );
        let to_move = |account, more: Value| {
            let mut input = json!({ "id": id(Kind::Asset, asset), "accountId": id(Kind::Account, account) });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "input": input })
        };
        let position = world.position().await;
        assert_eq!(vera.ask(&moving, to_move(hidden, json!({}))).await.refusal("moveAsset"), "NOT_FOUND at accountId");
        assert_eq!(vera.ask(&moving, to_move(from, json!({}))).await.refusal("moveAsset"), "STATE_CONFLICT at accountId");
        let early = json!({ "installedAt": "2030-01-01T00:00:00Z" });
        assert_eq!(vera.ask(&moving, to_move(to, early)).await.refusal("moveAsset"), "INVALID at installedAt");
        assert_eq!(world.sam().ask(&moving, to_move(to, json!({}))).await.code(), Some("BAD_USER_INPUT"));
        assert_eq!(world.tom().ask(&moving, to_move(to, json!({}))).await.refusal("moveAsset"), "NOT_FOUND at id");
        assert_eq!(world.position().await, position, "nothing happened");

        let moved = vera.ask(&moving, to_move(to, json!({ "location": "Halle 2" }))).await.must();
        assert_eq!(
            moved.data("moveAsset.asset"),
            &json!({ "account": { "name": "Bolt" }, "commissionedAt": null, "location": "Halle 2" })
        );
        let told = "query($id: ID!) { timeline(subject: $id, filter: { minImportance: 0 }) { nodes { kind } } }";
        let kinds = async |account| vera.ask(told, json!({ "id": id(Kind::Account, account) })).await.must().each("timeline.nodes", "kind");
        assert_eq!(kinds(to).await[0], "asset.installed");
        let old = kinds(from).await;
        assert_eq!(old[0], "record.updated");
        assert!(old.contains(&json!("asset.commissioned")), "what happened there stays there: {old:?}");
    })
    .await;
}

#[tokio::test]
async fn a_survey_answer_is_corrected_and_taken_away_by_those_who_keep_the_books() {
    each_engine(async |world: World| {
        let account = world.work(async |work| Ok(rows::account(work, "Molkerei", Some(world.acme.cast.sam), None).await?.id)).await;
        let record = format!(
            "mutation($input: RecordSurveyAnswerInput!) {{ recordSurveyAnswer(input: $input) {{ surveyAnswer {{ id }} {ERRORS} }} }}"
        );
        let input = json!({ "kind": "CSAT", "scale": 5, "score": 1, "comment": "Gut.\nSehr gut.", "accountId": id(Kind::Account, account) });
        let answer = world.ina().ask(&record, json!({ "input": input })).await.must();
        let answer = answer.text("recordSurveyAnswer.surveyAnswer.id").to_owned();
        let update = format!(
            "mutation($input: UpdateSurveyAnswerInput!) {{ updateSurveyAnswer(input: $input) {{ surveyAnswer {{ version score comment }} {ERRORS} }} }}"
        );
        let right = json!({ "input": { "id": answer, "ifVersion": 1, "score": 5, "comment": "Sehr gut." } });
        let position = world.position().await;
        let ada = format!(
            "mutation($input: UpdateSurveyAnswerInput!) {{ updateSurveyAnswer(input: $input) {{ surveyAnswer {{ score }} {ERRORS} }} }}"
        );
        // An administrator corrects marks, not words; whoever works with customers neither.
        assert_eq!(world.ada().ask(&ada, right.clone()).await.code(), Some("BAD_USER_INPUT"));
        for client in [world.vera(), world.sam(), world.max(), world.mia()] {
            assert_eq!(client.ask(&ada, json!({ "input": { "id": answer, "score": 5 } })).await.code(), Some("BAD_USER_INPUT"));
        }
        let high = json!({ "input": { "id": answer, "score": 6 } });
        assert_eq!(world.ina().ask(&update, high).await.refusal("updateSurveyAnswer"), "INVALID at score");
        assert_eq!(world.position().await, position, "nothing happened");

        let changed = world.ina().ask(&update, right).await.must();
        assert_eq!(changed.data("updateSurveyAnswer.surveyAnswer"), &json!({ "version": 2, "score": 5, "comment": "Sehr gut." }));
        let marks = "{ surveyAnswers { nodes { score } } }";
        assert_eq!(world.sam().ask(marks, json!({})).await.must().each("surveyAnswers.nodes", "score"), [5]);
        let delete = format!("mutation($id: ID!) {{ deleteSurveyAnswer(input: {{ id: $id }}) {{ deletedId {ERRORS} }} }}");
        assert_eq!(world.vera().ask(&delete, json!({ "id": answer })).await.code(), Some("BAD_USER_INPUT"));
        world.ada().ask(&delete, json!({ "id": answer })).await.must();
        assert_eq!(world.sam().ask(marks, json!({})).await.must().each("surveyAnswers.nodes", "score"), [] as [Value; 0]);
        let read = "query($id: ID!) { node(id: $id) { id } }";
        assert!(world.ina().ask(read, json!({ "id": answer })).await.must().data("node").is_null());
    })
    .await;
}

#[tokio::test]
async fn the_stages_of_a_ticket_are_read_and_spare_parts_stand_on_the_assets_timeline() {
    each_engine(async |world: World| {
        let (account, ticket) = ticket(&world).await;
        let vera = world.vera();
        let status = format!("mutation($id: ID!, $to: TicketStatus!) {{ changeTicketStatus(input: {{ id: $id, status: $to }}) {{ ticket {{ id }} {ERRORS} }} }}");
        for to in ["OPEN", "SOLVED", "OPEN"] {
            world.pass(TimeDelta::minutes(5));
            vera.ask(&status, json!({ "id": ticket, "to": to })).await.must();
        }
        let stays = "query($id: ID!) { ticket(id: $id) { stageIntervals { stage enteredAt exitedAt actor { name } } } }";
        let stays = vera.ask(stays, json!({ "id": ticket })).await.must();
        assert_eq!(stays.each("ticket.stageIntervals", "stage"), ["NEW", "OPEN", "SOLVED", "OPEN"]);
        assert_eq!(stays.data("ticket.stageIntervals.1.exitedAt"), stays.data("ticket.stageIntervals.2.enteredAt"));
        assert_eq!(stays.data("ticket.stageIntervals.3.exitedAt"), &Value::Null);
        assert_eq!(stays.data("ticket.stageIntervals.1.actor.name"), "Vera Service");

        let asset = world
            .work(async |work| {
                let account = api::graph::GlobalId::parse(&account).unwrap().uuid;
                Ok(rows::asset(work, account, "Presse 1").await?.id)
            })
            .await;
        let order = format!(
            "mutation($account: ID!, $asset: ID!) {{ placeOrder(input: {{ accountId: $account, assetId: $asset, currency: \"EUR\",
                lines: [{{ description: \"Dichtung\", quantity: \"1\", unitPrice: \"12.50\" }}] }}) {{ order {{ id }} {ERRORS} }} }}"
        );
        let order = world.sam().ask(&order, json!({ "account": account, "asset": id(Kind::Asset, asset) })).await.must();
        let told = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"spare_part.ordered\"] }) { nodes { kind object { ... on Order { id } } } } }";
        let told = world.sam().ask(told, json!({ "id": id(Kind::Asset, asset) })).await.must();
        assert_eq!(
            told.data("timeline.nodes"),
            &json!([{ "kind": "spare_part.ordered", "object": { "id": order.text("placeOrder.order.id") } }])
        );
        let elsewhere = world
            .work(async |work| {
                let other = rows::account(work, "Bolt", Some(world.acme.cast.sam), None).await?.id;
                Ok(rows::asset(work, other, "Presse 2").await?.id)
            })
            .await;
        let position = world.position().await;
        let wrong = format!(
            "mutation($account: ID!, $asset: ID!) {{ placeOrder(input: {{ accountId: $account, assetId: $asset, currency: \"EUR\",
                lines: [{{ quantity: \"1\", unitPrice: \"12.50\" }}] }}) {{ order {{ id }} {ERRORS} }} }}"
        );
        let wrong = world.sam().ask(&wrong, json!({ "account": account, "asset": id(Kind::Asset, elsewhere) })).await;
        assert_eq!(wrong.refusal("placeOrder"), "INVALID at assetId");
        assert_eq!(world.position().await, position, "nothing happened");
    })
    .await;
}
