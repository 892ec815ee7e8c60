//! The sales wing by the front door: meetings with their people and what is heard there, deals through their stages, orders to
//! the cent, contracts; and that whoever may not, changes nothing.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use entities::codes::Discipline;
use serde_json::{Value, json};
use tests::{World, each_engine, id, rows};

/// A customer of Sam's; Sue reads along, Tom is on the team. Another customer of Sue's. Somebody at the first.
struct Scene {
    account: String,
    foreign: String,
    person: String,
    elsewhere: String,
}

async fn scene(world: &World) -> Scene {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let industry = rows::industry(work, "10.5", None).await?.id;
            let account = rows::account(work, "Molkerei", Some(cast.sam), Some(industry)).await?.id;
            let foreign = rows::account(work, "Brauerei", Some(cast.sue), None).await?.id;
            let span = (work.now(), None);
            rows::member(work, account, cast.sue, Discipline::Sales, rows::READ, span).await?;
            rows::member(work, account, cast.tom, Discipline::Technical, rows::READ, span).await?;
            let person = rows::contact(work, Some(account), "Andrea", "Huber").await?.id;
            Ok(Scene {
                account: id(Kind::Account, account),
                foreign: id(Kind::Account, foreign),
                person: id(Kind::Contact, person),
                elsewhere: id(Kind::Contact, rows::contact(work, Some(foreign), "Jan", "Vogt").await?.id),
            })
        })
        .await
}

fn at(world: &World, hours: i64) -> String {
    (world.now() + TimeDelta::hours(hours)).to_rfc3339()
}

#[tokio::test]
async fn a_meeting_is_moved_until_its_outcome_is_told() {
    each_engine(async |world: World| {
        let Scene { account, person, .. } = scene(&world).await;
        let plan = json!({ "accountId": account, "title": "Besuch", "kind": "VISIT", "startsAt": at(&world, 24),
            "endsAt": at(&world, 26), "contactIds": [person] });
        let made = world.sam().act("scheduleMeeting", "meeting { id version }", plan).await.must();
        let meeting = made.text("scheduleMeeting.meeting.id").to_owned();
        let fields = "meeting { version title startsAt endsAt kind location summary }";
        world.pass(TimeDelta::hours(1));
        let moved = json!({ "id": meeting, "ifVersion": 1, "title": "Besuch im Werk", "kind": "DEMO", "location": "Halle 3",
            "startsAt": "2026-12-01T09:00:00+00:00", "endsAt": "2026-12-01T11:00:00+00:00" });
        let moved = world.sam().act("updateMeeting", fields, moved).await.must();
        assert_eq!(
            moved.data("updateMeeting.meeting"),
            &json!({ "version": 2, "title": "Besuch im Werk", "startsAt": "2026-12-01T09:00:00+00:00", "endsAt": "2026-12-01T11:00:00+00:00",
                "kind": "DEMO", "location": "Halle 3", "summary": null })
        );
        let told = "query($id: ID!) { timeline(subject: $id, filter: { domains: [SALES] }) { nodes { kind ... on MeetingEvent { startsAt } } } }";
        for subject in [&account, &person] {
            let told = world.sam().ask(told, json!({ "id": subject })).await.must();
            assert_eq!(told.each("timeline.nodes", "kind"), ["meeting.rescheduled", "meeting.scheduled"].map(|kind| json!(kind)));
            assert_eq!(told.text("timeline.nodes.0.startsAt"), "2026-12-01T09:00:00+00:00");
        }

        for (input, refusal) in [
            (json!({ "endsAt": "2026-12-01T08:59:59+00:00" }), "INVALID at endsAt"),
            (json!({ "startsAt": "2026-12-01T11:00:01+00:00" }), "INVALID at endsAt"),
            (json!({ "startsAt": null }), "INVALID at startsAt"),
            (json!({ "title": " " }), "INVALID at title"),
            (json!({ "title": "a\u{0}b" }), "INVALID at title"),
            (json!({ "location": "one\ntwo" }), "INVALID at location"),
            (json!({ "summary": "x".repeat(20_001) }), "INVALID at summary"),
            (json!({ "ifVersion": 1, "title": "late" }), "VERSION_CONFLICT at ifVersion"),
            (json!({ "opportunityId": account }), "INVALID at opportunityId"),
            (json!({ "id": account }), "INVALID at id"),
        ] {
            let mut whole = json!({ "id": meeting });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.sam().refused("updateMeeting", whole).await, refusal, "{input}");
        }

        let held = json!({ "id": meeting, "outcome": "HELD", "summary": "Linie 3 ist alt." });
        world.sam().act("recordMeetingOutcome", "meeting { id }", held).await.must();
        for input in [json!({ "startsAt": at(&world, 1) }), json!({ "endsAt": null }), json!({ "kind": "CALL" })] {
            let field = input.as_object().unwrap().keys().next().unwrap().clone();
            let mut whole = json!({ "id": meeting });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.sam().refused("updateMeeting", whole).await, format!("STATE_CONFLICT at {field}"));
        }
        let corrected = json!({ "id": meeting, "summary": "Linie 3 ist von 2004.", "nextStep": "Angebot" });
        let corrected = world.sam().act("updateMeeting", fields, corrected).await.must();
        assert_eq!(corrected.data("updateMeeting.meeting.summary"), &json!("Linie 3 ist von 2004."));
        // A customer who was met is no target any more.
        let stage = world.sam().ask("query($id: ID!) { account(id: $id) { lifecycleStage } }", json!({ "id": account })).await.must();
        assert_eq!(stage.text("account.lifecycleStage"), "ENGAGED");
    })
    .await;
}

#[tokio::test]
async fn who_is_invited_answers_comes_or_is_taken_off_the_list() {
    each_engine(async |world: World| {
        let Scene { account, person, elsewhere, .. } = scene(&world).await;
        let plan = json!({ "accountId": account, "title": "Besuch", "kind": "VISIT", "startsAt": at(&world, 24) });
        let made = world.sam().act("scheduleMeeting", "meeting { id }", plan).await.must();
        let meeting = made.text("scheduleMeeting.meeting.id").to_owned();
        let colleague = id(Kind::Colleague, world.acme.cast.tom);
        let fields = "meetingAttendee { id version response attended contact { name } colleague { name } meeting { id } }";

        let added = json!({ "meetingId": meeting, "contactId": person });
        let added = world.sam().act("addMeetingAttendee", fields, added).await.must();
        let attendee = added.text("addMeetingAttendee.meetingAttendee.id").to_owned();
        assert_eq!(
            added.data("addMeetingAttendee.meetingAttendee"),
            &json!({ "id": attendee, "version": 1, "response": "PENDING", "attended": null, "contact": { "name": "Andrea Huber" },
                "colleague": null, "meeting": { "id": meeting } })
        );
        let twice = json!({ "meetingId": meeting, "contactId": person });
        assert_eq!(world.sam().refused("addMeetingAttendee", twice).await, "DUPLICATE at contactId");
        for (input, refusal) in [
            (json!({ "meetingId": meeting }), "INVALID at contactId"),
            (json!({ "meetingId": meeting, "contactId": person, "colleagueId": colleague }), "INVALID at contactId"),
            (json!({ "meetingId": meeting, "contactId": elsewhere }), "NOT_FOUND at contactId"),
            (json!({ "meetingId": meeting, "contactId": colleague }), "INVALID at contactId"),
            (json!({ "meetingId": person, "contactId": person }), "INVALID at meetingId"),
        ] {
            assert_eq!(world.sam().refused("addMeetingAttendee", input.clone()).await, refusal, "{input}");
        }

        let early = json!({ "id": attendee, "attended": true });
        assert_eq!(world.sam().refused("updateMeetingAttendee", early).await, "INVALID at attended");
        let accepted = json!({ "id": attendee, "ifVersion": 1, "response": "ACCEPTED" });
        world.sam().act("updateMeetingAttendee", fields, accepted).await.must();
        world.pass(TimeDelta::hours(25));
        let came = json!({ "id": attendee, "ifVersion": 2, "attended": true });
        let came = world.sam().act("updateMeetingAttendee", fields, came).await.must();
        let row = came.data("updateMeetingAttendee.meetingAttendee");
        assert_eq!((&row["version"], &row["response"], &row["attended"]), (&json!(3), &json!("ACCEPTED"), &json!(true)));

        // The technician who is invited writes the meeting up; once off the list, no more.
        let note = json!({ "id": meeting, "summary": "Fundament geprüft." });
        let denied = world.tom().refused("updateMeeting", note.clone()).await;
        assert_eq!(denied, "FORBIDDEN at summary");
        let added = json!({ "meetingId": meeting, "colleagueId": colleague });
        let added = world.sam().act("addMeetingAttendee", fields, added).await.must();
        let toms = added.text("addMeetingAttendee.meetingAttendee.id").to_owned();
        world.tom().act("updateMeeting", "meeting { id }", note.clone()).await.must();
        world.sam().act("deleteMeetingAttendee", "deletedId", json!({ "id": toms })).await.must();
        assert_eq!(world.tom().refused("updateMeeting", note).await, "FORBIDDEN at summary");

        // Who was taken off the list is not told of what happened there, and may come back.
        world.sam().act("deleteMeetingAttendee", "deletedId", json!({ "id": attendee })).await.must();
        world.sam().act("recordMeetingOutcome", "meeting { id }", json!({ "id": meeting, "outcome": "HELD" })).await.must();
        let told = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"meeting.held\"] }) { totalCount } }";
        assert_eq!(world.sam().ask(told, json!({ "id": person })).await.must().data("timeline.totalCount"), 0);
        assert_eq!(world.sam().ask(told, json!({ "id": account })).await.must().data("timeline.totalCount"), 1);
        let back = json!({ "meetingId": meeting, "contactId": person, "response": "DECLINED" });
        world.sam().act("addMeetingAttendee", fields, back).await.must();

        for client in [world.sue(), world.vera(), world.mia()] {
            let add = json!({ "meetingId": meeting, "colleagueId": colleague });
            let denied = client.refused("addMeetingAttendee", add).await;
            assert!(["FORBIDDEN at meetingId", "NOT_FOUND at meetingId", "BAD_USER_INPUT"].contains(&denied.as_str()), "{denied}");
        }
        world.sam().act("deleteMeeting", "deletedId", json!({ "id": meeting })).await.must();
        let left = world.sam().ask("{ meetingAttendees { totalCount } }", json!({})).await.must();
        assert_eq!(left.data("meetingAttendees.totalCount"), 0, "the invitations went with the meeting");
    })
    .await;
}

#[tokio::test]
async fn a_requirement_is_corrected_and_answered_by_who_may_and_nobody_else() {
    each_engine(async |world: World| {
        let Scene { account, foreign, person, .. } = scene(&world).await;
        let plan = |account: &str| json!({ "accountId": account, "title": "x", "kind": "CALL", "startsAt": at(&world, 1) });
        let here = world.sam().act("scheduleMeeting", "meeting { id }", plan(&account)).await.must();
        let there = world.sue().act("scheduleMeeting", "meeting { id }", plan(&foreign)).await.must();
        let heard = json!({ "accountId": account, "category": "PRICE", "statement": "24.000 Becher pro Stunde" });
        let heard = world.sam().act("recordRequirement", "requirement { id industry { code } author { name } }", heard).await.must();
        let requirement = heard.text("recordRequirement.requirement.id").to_owned();
        assert_eq!(heard.text("recordRequirement.requirement.industry.code"), "10.5");
        assert_eq!(heard.text("recordRequirement.requirement.author.name"), "Sam Sales");
        let fields = "requirement { version category statement status industry { code } contact { id } meeting { id } }";
        let right = json!({ "id": requirement, "ifVersion": 1, "category": "PERFORMANCE", "statement": "30.000 Becher", "status": "CONFIRMED",
            "industryId": null, "contactId": person, "meetingId": here.text("scheduleMeeting.meeting.id") });
        let right = world.sam().act("updateRequirement", fields, right).await.must();
        assert_eq!(
            right.data("updateRequirement.requirement"),
            &json!({ "version": 2, "category": "PERFORMANCE", "statement": "30.000 Becher", "status": "CONFIRMED", "industry": null,
                "contact": { "id": person }, "meeting": { "id": here.text("scheduleMeeting.meeting.id") } })
        );
        for (input, refusal) in [
            (json!({ "statement": "" }), "INVALID at statement"),
            (json!({ "statement": null }), "INVALID at statement"),
            (json!({ "status": null }), "INVALID at status"),
            (json!({ "meetingId": there.text("scheduleMeeting.meeting.id") }), "NOT_FOUND at meetingId"),
            (json!({ "industryId": account }), "INVALID at industryId"),
            (json!({ "ifVersion": 1, "status": "OPEN" }), "VERSION_CONFLICT at ifVersion"),
        ] {
            let mut whole = json!({ "id": requirement });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.sam().refused("updateRequirement", whole).await, refusal, "{input}");
        }
        let denied = json!({ "id": requirement, "statement": "nothing" });
        assert_eq!(world.sue().refused("updateRequirement", denied.clone()).await, "FORBIDDEN at statement");
        let foreigner = world.of_other(Role::Sales, "sam");
        assert_eq!(foreigner.refused("updateRequirement", denied).await, "NOT_FOUND at id");
    })
    .await;
}

/// An order of Sam's over two lines: 3 × 19.99 and 0.333 × 100.00. Gives order and lines.
async fn order(world: &World, account: &str) -> (String, Vec<String>) {
    let input = json!({ "accountId": account, "currency": "EUR", "number": "A-1", "lines": [
        { "description": "Dichtung", "quantity": "3", "unitPrice": "19.99" },
        { "description": "Stunde", "quantity": "0.333", "unitPrice": "100.00" }] });
    let select = "order { id total { amount currency } lines { nodes { id amount { amount } } } }";
    let made = world.sam().act("placeOrder", select, input).await.must();
    assert_eq!(made.data("placeOrder.order.total"), &json!({ "amount": "93.27", "currency": "EUR" }));
    assert_eq!(made.each("placeOrder.order.lines.nodes", "amount.amount"), [json!("59.97"), json!("33.30")]);
    let lines = made.each("placeOrder.order.lines.nodes", "id");
    let lines = lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect();
    (made.text("placeOrder.order.id").to_owned(), lines)
}

#[tokio::test]
async fn an_orders_total_is_the_sum_of_its_lines_whatever_becomes_of_them() {
    each_engine(async |world: World| {
        let Scene { account, .. } = scene(&world).await;
        let (order, lines) = order(&world, &account).await;
        let total = async || {
            let query = "query($id: ID!) { order(id: $id) { version total { amount } lines { nodes { position } } } }";
            world.sam().ask(query, json!({ "id": order })).await.must().data("order").clone()
        };
        world.pass(TimeDelta::minutes(1));
        let line = "orderLine { id version position quantity unitPrice { amount currency } amount { amount } order { total { amount } } }";
        let more = json!({ "orderId": order, "ifVersion": 1, "line": { "description": "Fracht", "quantity": "1", "unitPrice": "0.05" } });
        let more = world.sam().act("addOrderLine", line, more).await.must();
        let added = more.data("addOrderLine.orderLine").clone();
        assert_eq!(
            added,
            json!({ "id": added["id"], "version": 1, "position": 3, "quantity": "1.000", "unitPrice": { "amount": "0.05", "currency": "EUR" },
                "amount": { "amount": "0.05" }, "order": { "total": { "amount": "93.32" } } })
        );
        let changed = json!({ "id": lines[0], "ifVersion": 1, "quantity": "2.5" });
        let changed = world.sam().act("updateOrderLine", line, changed).await.must();
        // 2.5 × 19.99 = 49.975: half a cent goes up.
        assert_eq!(changed.text("updateOrderLine.orderLine.amount.amount"), "49.98");
        assert_eq!(changed.text("updateOrderLine.orderLine.order.total.amount"), "83.33");
        world.sam().act("deleteOrderLine", "deletedId", json!({ "id": lines[1] })).await.must();
        assert_eq!(total().await, json!({ "version": 4, "total": { "amount": "50.03" }, "lines": { "nodes": [{ "position": 1 }, { "position": 3 }] } }));
        // A place is taken once.
        let more = json!({ "orderId": order, "line": { "quantity": "1", "unitPrice": "1" } });
        let more = world.sam().act("addOrderLine", line, more).await.must();
        assert_eq!(more.data("addOrderLine.orderLine.position"), 4);

        let line = |quantity: &str, price: &str| json!({ "orderId": order, "line": { "quantity": quantity, "unitPrice": price } });
        for (name, input, refusal) in [
            ("addOrderLine", line("0", "1"), "INVALID at line.quantity"),
            ("addOrderLine", line("-1", "1"), "INVALID at line.quantity"),
            ("addOrderLine", line("0.0001", "1"), "INVALID at line.quantity"),
            ("addOrderLine", line("1", "-0.01"), "INVALID at line.unitPrice"),
            ("addOrderLine", line("1", "0.001"), "INVALID at line.unitPrice"),
            ("addOrderLine", line("90000000000", "90000000000"), "INVALID at line.quantity"),
            ("addOrderLine", json!({ "orderId": lines[0], "line": { "quantity": "1", "unitPrice": "1" } }), "INVALID at orderId"),
            ("addOrderLine", json!({ "orderId": order, "ifVersion": 1, "line": { "quantity": "1", "unitPrice": "1" } }), "VERSION_CONFLICT at ifVersion"),
            ("updateOrderLine", json!({ "id": lines[0], "quantity": null }), "INVALID at quantity"),
            ("updateOrderLine", json!({ "id": lines[0], "unitPrice": "-1" }), "INVALID at unitPrice"),
            ("updateOrderLine", json!({ "id": lines[1], "quantity": "1" }), "NOT_FOUND at id"),
            ("updateOrderLine", json!({ "id": order, "quantity": "1" }), "INVALID at id"),
        ] {
            assert_eq!(world.sam().refused(name, input.clone()).await, refusal, "{name} {input}");
        }
        for (name, input) in [
            ("addOrderLine", line("1", "1")),
            ("updateOrderLine", json!({ "id": lines[0], "quantity": "1" })),
            ("deleteOrderLine", json!({ "id": lines[0] })),
        ] {
            let denied = world.sue().refused(name, input.clone()).await;
            assert!(denied.starts_with("FORBIDDEN at "), "{name}: {denied}");
            let other = world.of_other(Role::Sales, "sam").refused(name, input.clone()).await;
            assert!(other.starts_with("NOT_FOUND at "), "{name}: {other}");
        }
        // The last line stands until the order goes.
        world.sam().act("deleteOrderLine", "deletedId", json!({ "id": added["id"] })).await.must();
        let last = more.text("addOrderLine.orderLine.id");
        world.sam().act("deleteOrderLine", "deletedId", json!({ "id": last })).await.must();
        assert_eq!(world.sam().refused("deleteOrderLine", json!({ "id": lines[0] })).await, "STATE_CONFLICT at id");
        assert_eq!(total().await["total"]["amount"], json!("49.98"));
        world.sam().act("deleteOrder", "deletedId", json!({ "id": order })).await.must();
        let left = world.sam().ask("{ orders { totalCount } orderLines { totalCount } }", json!({})).await.must();
        assert_eq!((left.data("orders.totalCount"), left.data("orderLines.totalCount")), (&json!(0), &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn an_order_moves_on_or_is_called_off() {
    each_engine(async |world: World| {
        let Scene { account, person, .. } = scene(&world).await;
        let (order, _) = order(&world, &account).await;
        let fields = "order { version status number contact { id } }";
        let changed = json!({ "id": order, "ifVersion": 1, "status": "CONFIRMED", "number": "A-2", "contactId": person });
        let changed = world.sam().act("updateOrder", fields, changed).await.must();
        assert_eq!(
            changed.data("updateOrder.order"),
            &json!({ "version": 2, "status": "CONFIRMED", "number": "A-2", "contact": { "id": person } })
        );
        for (input, refusal) in [
            (json!({ "status": "CANCELLED" }), "INVALID at status"),
            (json!({ "status": "DRAFT" }), "STATE_CONFLICT at status"),
            (json!({ "status": null }), "INVALID at status"),
            (json!({ "number": "a\tb" }), "INVALID at number"),
            (json!({ "contactId": order }), "INVALID at contactId"),
            (json!({ "ifVersion": 1, "status": "SHIPPED" }), "VERSION_CONFLICT at ifVersion"),
        ] {
            let mut whole = json!({ "id": order });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.sam().refused("updateOrder", whole).await, refusal, "{input}");
        }
        assert_eq!(world.sue().refused("cancelOrder", json!({ "id": order })).await, "FORBIDDEN at status");
        assert_eq!(world.mia().refused("cancelOrder", json!({ "id": order })).await, "BAD_USER_INPUT");
        world.pass(TimeDelta::hours(1));
        let off = world.sam().act("cancelOrder", fields, json!({ "id": order, "ifVersion": 2 })).await.must();
        assert_eq!(off.text("cancelOrder.order.status"), "CANCELLED");
        assert_eq!(world.sam().refused("cancelOrder", json!({ "id": order })).await, "STATE_CONFLICT at id");
        assert_eq!(world.sam().refused("updateOrder", json!({ "id": order, "number": "x" })).await, "STATE_CONFLICT at id");
        let line = json!({ "orderId": order, "line": { "quantity": "1", "unitPrice": "1" } });
        assert_eq!(world.sam().refused("addOrderLine", line).await, "STATE_CONFLICT at orderId");
        let told = "query($id: ID!) { timeline(subject: $id, filter: { domains: [SALES] }) { nodes { kind ... on OrderEvent { total { amount } } } } }";
        let told = world.sam().ask(told, json!({ "id": account })).await.must();
        assert_eq!(
            told.data("timeline.nodes"),
            &json!([{ "kind": "order.cancelled", "total": { "amount": "93.27" } }, { "kind": "order.placed", "total": { "amount": "93.27" } }])
        );
        for (field, value, refusal) in [
            ("currency", json!("euro"), "INVALID at currency"),
            ("orderedAt", json!("1969-12-31T23:59:59+00:00"), "INVALID at orderedAt"),
            ("lines", json!([]), "INVALID at lines"),
            ("accountId", json!(person), "INVALID at accountId"),
        ] {
            let mut input = json!({ "accountId": account, "currency": "EUR", "lines": [{ "quantity": "1", "unitPrice": "1" }] });
            input[field] = value;
            assert_eq!(world.sam().refused("placeOrder", input).await, refusal, "{field}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_contract_is_signed_renewed_and_cancelled_and_the_customer_relation_follows() {
    each_engine(async |world: World| {
        let Scene { account, foreign, .. } = scene(&world).await;
        let fields = "contract { id version name status startDate endDate renewal renewalDate description value { amount currency } owner { name } cancelledAt }";
        let signed = json!({ "accountId": account, "name": "Wartung", "startDate": "2026-01-01", "endDate": "2026-12-31", "renewal": "AUTOMATIC",
            "value": { "amount": "1200", "currency": "EUR" } });
        let signed = world.sam().act("signContract", fields, signed).await.must();
        let contract = signed.text("signContract.contract.id").to_owned();
        assert_eq!(signed.text("signContract.contract.owner.name"), "Sam Sales");
        let changed = json!({ "id": contract, "ifVersion": 1, "name": "Wartung Linie 3", "renewalDate": "2026-09-30", "description": "mit Notdienst",
            "value": { "amount": "1500", "currency": "EUR" } });
        let changed = world.sam().act("updateContract", fields, changed).await.must();
        assert_eq!(
            changed.data("updateContract.contract"),
            &json!({ "id": contract, "version": 2, "name": "Wartung Linie 3", "status": "ACTIVE", "startDate": "2026-01-01", "endDate": "2026-12-31",
                "renewal": "AUTOMATIC", "renewalDate": "2026-09-30", "description": "mit Notdienst",
                "value": { "amount": "1500.00", "currency": "EUR" }, "owner": { "name": "Sam Sales" }, "cancelledAt": null })
        );
        for (name, input, refusal) in [
            ("updateContract", json!({ "endDate": "2025-12-31" }), "INVALID at endDate"),
            ("updateContract", json!({ "startDate": "2027-01-01" }), "INVALID at endDate"),
            ("updateContract", json!({ "value": { "amount": "-1", "currency": "EUR" } }), "INVALID at value"),
            ("updateContract", json!({ "value": { "amount": "1", "currency": "eur" } }), "INVALID at value"),
            ("updateContract", json!({ "name": null }), "INVALID at name"),
            ("renewContract", json!({ "endDate": "2026-12-31" }), "INVALID at endDate"),
            ("cancelContract", json!({ "endDate": "2025-12-31" }), "INVALID at endDate"),
            ("cancelContract", json!({ "ifVersion": 1 }), "VERSION_CONFLICT at ifVersion"),
        ] {
            let mut whole = json!({ "id": contract });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.sam().refused(name, whole).await, refusal, "{name} {input}");
        }
        for name in ["renewContract", "cancelContract"] {
            let denied = world.sue().refused(name, json!({ "id": contract })).await;
            assert!(denied.starts_with("FORBIDDEN at "), "{name}: {denied}");
            assert_eq!(world.vera().refused(name, json!({ "id": contract })).await, "BAD_USER_INPUT");
        }

        let stage = async |to: &str| {
            world.sam().act("updateAccount", "account { id }", json!({ "id": account, "lifecycleStage": to })).await.must();
        };
        stage("RENEWAL").await;
        world.pass(TimeDelta::hours(1));
        let renewed = json!({ "id": contract, "ifVersion": 2, "endDate": "2027-12-31", "value": { "amount": "3000", "currency": "EUR" } });
        let renewed = world.sam().act("renewContract", fields, renewed).await.must();
        let row = renewed.data("renewContract.contract");
        assert_eq!((&row["endDate"], &row["renewalDate"], &row["value"]["amount"]), (&json!("2027-12-31"), &Value::Null, &json!("3000.00")));
        world.pass(TimeDelta::hours(1));
        let ended = json!({ "id": contract, "endDate": "2027-03-31" });
        let ended = world.sam().act("cancelContract", fields, ended).await.must();
        let row = ended.data("cancelContract.contract");
        assert_eq!((&row["status"], &row["endDate"], &row["cancelledAt"]), (&json!("CANCELLED"), &json!("2027-03-31"), &json!("2026-11-23T14:00:00+00:00")));
        assert_eq!(world.sam().refused("cancelContract", json!({ "id": contract })).await, "STATE_CONFLICT at id");
        assert_eq!(world.sam().refused("renewContract", json!({ "id": contract })).await, "STATE_CONFLICT at id");
        let told = "query($id: ID!) { account(id: $id) { stageIntervals { stage cause } timeline(filter: { domains: [SALES] }) { nodes { kind } } } }";
        let told = world.sam().ask(told, json!({ "id": account })).await.must();
        assert_eq!(
            told.each("account.timeline.nodes", "kind"),
            ["contract.cancelled", "contract.renewed", "contract.signed"].map(|kind| json!(kind))
        );
        assert_eq!(
            told.data("account.stageIntervals"),
            &json!([{ "stage": "RENEWAL", "cause": "changed" }, { "stage": "ACTIVE", "cause": "contract renewed" }, { "stage": "AT_RISK", "cause": "contract cancelled" }])
        );

        // What has no end is not renewed; what was entered by mistake goes.
        let open = json!({ "accountId": account, "name": "Rahmen", "startDate": "2026-01-01" });
        let open = world.sam().act("signContract", fields, open).await.must().text("signContract.contract.id").to_owned();
        assert_eq!(world.sam().refused("renewContract", json!({ "id": open })).await, "STATE_CONFLICT at id");
        assert_eq!(world.sue().refused("deleteContract", json!({ "id": open })).await, "FORBIDDEN at name");
        world.sam().act("deleteContract", "deletedId", json!({ "id": open })).await.must();
        let hers = json!({ "accountId": foreign, "name": "x", "startDate": "2026-01-01" });
        assert_eq!(world.sam().refused("signContract", hers).await, "FORBIDDEN at ");
    })
    .await;
}

#[tokio::test]
async fn a_deal_leaves_intervals_and_snapshots_and_its_people_and_customer_follow() {
    each_engine(async |world: World| {
        let Scene { account, person, .. } = scene(&world).await;
        let amount = |euros: &str| json!({ "amount": euros, "currency": "EUR" });
        let open = json!({ "accountId": account, "name": "Linie 3", "amount": amount("100") });
        let open = world.sam().act("createOpportunity", "opportunity { id }", open).await.must();
        let deal = open.text("createOpportunity.opportunity.id").to_owned();
        let part = json!({ "opportunityId": deal, "contactId": person, "role": "CHAMPION" });
        let part = world.sam().act("addOpportunityContact", "opportunityContact { id opportunity { id } }", part).await.must();
        assert_eq!(part.text("addOpportunityContact.opportunityContact.opportunity.id"), deal);
        let step = async |stage: &str| {
            world.pass(TimeDelta::days(1));
            let to = json!({ "id": deal, "stage": stage });
            world.sam().act("changeOpportunityStage", "opportunity { id }", to).await.must();
        };
        step("DISCOVERY").await;
        world.pass(TimeDelta::days(1));
        world.sam().act("updateOpportunity", "opportunity { id }", json!({ "id": deal, "amount": amount("250") })).await.must();
        step("CLOSED_LOST").await;
        step("DISCOVERY").await;
        step("CLOSED_WON").await;
        let history = "query($id: ID!, $account: ID!, $person: ID!) {
            opportunity(id: $id) { stageIntervals { stage enteredAt exitedAt actor { name } } snapshots { stage amount { amount } forecastCategory owner { name } } }
            account(id: $account) { stageIntervals { stage cause } } contact(id: $person) { lifecycleStage stageIntervals { stage exitedAt } } }";
        let asked = json!({ "id": deal, "account": account, "person": person });
        let told = world.sam().ask(history, asked.clone()).await.must();
        let stages = ["QUALIFICATION", "DISCOVERY", "CLOSED_LOST", "DISCOVERY", "CLOSED_WON"].map(|stage| json!(stage));
        assert_eq!(told.each("opportunity.stageIntervals", "stage"), stages);
        let day = |n: u32| json!(format!("2026-11-{:02}T12:00:00+00:00", 23 + n));
        assert_eq!(told.each("opportunity.stageIntervals", "enteredAt"), [day(0), day(1), day(3), day(4), day(5)]);
        assert_eq!(told.each("opportunity.stageIntervals", "exitedAt"), [day(1), day(3), day(4), day(5), Value::Null]);
        assert_eq!(told.text("opportunity.stageIntervals.0.actor.name"), "Sam Sales");
        assert_eq!(
            told.each("opportunity.snapshots", "amount.amount"),
            ["100.00", "100.00", "250.00", "250.00", "250.00", "250.00"].map(|amount| json!(amount)),
            "each change of stage or amount is a snapshot"
        );
        assert_eq!(
            told.each("opportunity.snapshots", "forecastCategory"),
            ["PIPELINE", "PIPELINE", "PIPELINE", "OMITTED", "PIPELINE", "CLOSED"].map(|category| json!(category))
        );
        assert_eq!(
            told.each("account.stageIntervals", "stage"),
            ["OPEN_OPPORTUNITY", "ENGAGED", "OPEN_OPPORTUNITY", "ONBOARDING"].map(|stage| json!(stage))
        );
        assert_eq!(told.data("contact.lifecycleStage"), "CUSTOMER");
        assert_eq!(told.each("contact.stageIntervals", "stage"), [json!("OPPORTUNITY"), json!("CUSTOMER")]);

        // Who was taken out of the next deal does not become its customer.
        let next = world.sam().act("createOpportunity", "opportunity { id }", json!({ "accountId": account, "name": "Linie 4" })).await.must();
        let next = next.text("createOpportunity.opportunity.id").to_owned();
        let input = json!({ "familyName": "Gruber", "accountId": account });
        let out = world.sam().act("createContact", "contact { id }", input).await.must().text("createContact.contact.id").to_owned();
        let part = json!({ "opportunityId": next, "contactId": out, "role": "BUYER" });
        let part = world.sam().act("addOpportunityContact", "opportunityContact { id }", part).await.must();
        let part = part.text("addOpportunityContact.opportunityContact.id").to_owned();
        world.sam().act("deleteOpportunityContact", "deletedId", json!({ "id": part })).await.must();
        world.sam().act("changeOpportunityStage", "opportunity { id }", json!({ "id": next, "stage": "CLOSED_WON" })).await.must();
        let stage = world.sam().ask("query($id: ID!) { contact(id: $id) { lifecycleStage } }", json!({ "id": out })).await.must();
        assert_eq!(stage.text("contact.lifecycleStage"), "OPPORTUNITY");

        // Each reads as much of the history as of the thing itself.
        let query = "query($id: ID!) { opportunity(id: $id) { snapshots { amount { amount } } stageIntervals { stage } } }";
        assert!(world.vera().ask("query($id: ID!) { account(id: $id) { stageIntervals { stage } } }", json!({ "id": account })).await.must().data("account").is_null());
        let max = world.max().ask(history, asked).await.must();
        assert_eq!(max.each("account.stageIntervals", "stage").len(), 4);
        let sue = world.sue().ask(query, json!({ "id": deal })).await.must();
        assert_eq!(sue.each("opportunity.stageIntervals", "stage"), stages);
        assert_eq!(world.sam().ask(query, json!({ "id": deal })).await.must().statements, world.sam().ask(query, json!({ "id": next })).await.must().statements);
    })
    .await;
}

#[tokio::test]
async fn what_an_opportunity_cannot_be_is_refused() {
    each_engine(async |world: World| {
        let Scene { account, foreign, person, .. } = scene(&world).await;
        let lifecycle = world
            .sam()
            .ask("{ pipelines(filter: { code: { eq: \"LIFECYCLE\" } }) { nodes { id } } }", json!({}))
            .await
            .must();
        let money = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
        for (input, refusal) in [
            (json!({ "stage": "NO_SUCH" }), "INVALID at stage"),
            (json!({ "stage": "CLOSED_WON" }), "INVALID at stage"),
            (json!({ "amount": money("-1", "EUR") }), "INVALID at amount"),
            (json!({ "amount": money("1", "Euro") }), "INVALID at amount"),
            (json!({ "amount": money("1.001", "EUR") }), "INVALID at amount"),
            (json!({ "name": "" }), "INVALID at name"),
            (json!({ "name": "a\u{7}b" }), "INVALID at name"),
            (json!({ "description": "x".repeat(1_000_000) }), "INVALID at description"),
            (json!({ "nextStep": "a\u{0}b" }), "INVALID at nextStep"),
            (json!({ "accountId": foreign }), "FORBIDDEN at "),
            (json!({ "accountId": person }), "INVALID at accountId"),
            (json!({ "leadId": account }), "INVALID at leadId"),
            (json!({ "pipelineId": account }), "INVALID at pipelineId"),
            (json!({ "pipelineId": lifecycle.text("pipelines.nodes.0.id") }), "INVALID at pipelineId"),
        ] {
            let mut whole = json!({ "accountId": account, "name": "Linie" });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.sam().refused("createOpportunity", whole).await, refusal, "{refusal}");
        }
        let made = world
            .sam()
            .act("createOpportunity", "opportunity { id version }", json!({ "accountId": account, "name": "Linie" }))
            .await
            .must();
        let deal = made.text("createOpportunity.opportunity.id").to_owned();
        for (name, input, refusal) in [
            ("updateOpportunity", json!({ "probability": 101 }), "INVALID at probability"),
            ("updateOpportunity", json!({ "amount": money("-0.01", "EUR") }), "INVALID at amount"),
            ("updateOpportunity", json!({ "closeDate": null, "ifVersion": 7 }), "VERSION_CONFLICT at ifVersion"),
            ("changeOpportunityStage", json!({ "stage": "NO_SUCH" }), "INVALID at stage"),
            (
                "changeOpportunityStage",
                json!({ "stage": "CLOSED_LOST", "closeReason": "x".repeat(20_001) }),
                "INVALID at closeReason",
            ),
        ] {
            let mut whole = json!({ "id": deal });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.sam().refused(name, whole).await, refusal, "{name}");
        }
        let stage = async || {
            world
                .sam()
                .ask("query($id: ID!) { account(id: $id) { lifecycleStage } }", json!({ "id": account }))
                .await
                .must()
                .text("account.lifecycleStage")
                .to_owned()
        };
        assert_eq!(stage().await, "OPEN_OPPORTUNITY");
        assert_eq!(world.sue().refused("deleteOpportunity", json!({ "id": deal })).await, "FORBIDDEN at name");
        world.sam().act("deleteOpportunity", "deletedId", json!({ "id": deal })).await.must();
        assert_eq!(stage().await, "ENGAGED", "the relation is as if it had not been");
    })
    .await;
}
