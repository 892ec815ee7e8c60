//! The service desk by the front door: a ticket from the queue to its end, and who sees what of it.

use serde_json::json;
use tests::{World, each_engine};

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
