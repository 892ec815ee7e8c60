//! What a reader sees of a row that it reaches in part.

use api::graph::Kind;
use chrono::TimeDelta;
use entities::codes::{ConsentState, ContactPointKind, Discipline, Interaction};
use serde_json::{Value, json};
use tests::{World, each_engine, id, rows};

#[tokio::test]
async fn marketing_reads_addresses_in_clear_by_consent_for_their_channel_only() {
    each_engine(async |world: World| {
        let (person, consented) = world
            .work(async |work| {
                let anna = rows::contact(work, None, "Anna", "Öz").await?;
                rows::point(work, &anna, ContactPointKind::Email, "anna@acme.com").await?;
                rows::point(work, &anna, ContactPointKind::Phone, "+49 711 1234-567").await?;
                rows::point(work, &anna, ContactPointKind::Address, "Mill Lane 1").await?;
                let span = (work.now(), Some(work.now() + TimeDelta::days(1)));
                let email = Some(ContactPointKind::Email);
                rows::consent(work, anna.id, email, ConsentState::Given, span).await?;
                let bert = rows::contact(work, None, "Bert", "Ohm").await?;
                rows::point(work, &bert, ContactPointKind::Email, "bert@acme.com").await?;
                rows::consent(work, bert.id, email, ConsentState::Withdrawn, span).await?;
                Ok((id(Kind::Contact, bert.id), id(Kind::Contact, anna.id)))
            })
            .await;
        let text = "query($id: ID!) { contact(id: $id) { name contactPoints { nodes { kind value } } } }";
        let values = async |client: tests::Client, contact: &String| {
            client.ask(text, json!({ "id": contact })).await.must().each("contact.contactPoints.nodes", "value")
        };
        assert_eq!(values(world.mia(), &consented).await, ["anna@acme.com", "•••67", "•••"]);
        assert_eq!(values(world.mia(), &person).await, ["b•••@acme.com"]);
        // The manager reads names and never addresses.
        assert_eq!(values(world.max(), &consented).await, ["a•••@acme.com", "•••67", "•••"]);
        assert_eq!(values(world.ada(), &consented).await, ["anna@acme.com", "+49 711 1234-567", "Mill Lane 1"]);

        world.pass(TimeDelta::days(1));
        assert_eq!(values(world.mia(), &consented).await, ["a•••@acme.com", "•••67", "•••"], "the consent has ended");
    })
    .await;
}

#[tokio::test]
async fn consent_for_any_channel_opens_every_channel() {
    each_engine(async |world: World| {
        let contact = world
            .work(async |work| {
                let anna = rows::contact(work, None, "Anna", "Öz").await?;
                rows::point(work, &anna, ContactPointKind::Email, "anna@acme.com").await?;
                rows::consent(work, anna.id, None, ConsentState::Given, (work.now(), None)).await?;
                Ok(id(Kind::Contact, anna.id))
            })
            .await;
        let text = "query($id: ID!) { contact(id: $id) { contactPoints { nodes { value } } } }";
        let answer = world.mia().ask(text, json!({ "id": contact })).await.must();
        assert_eq!(answer.each("contact.contactPoints.nodes", "value"), ["anna@acme.com"]);
    })
    .await;
}

#[tokio::test]
async fn of_a_foreign_account_sales_sees_name_and_industry_and_empty_lists() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let account = world
            .work(async |work| {
                let metal = rows::industry(work, "C25", None).await?;
                let account = rows::account(work, "Bolt", Some(cast.sue), Some(metal.id)).await?;
                rows::contact(work, Some(account.id), "Anna", "Öz").await?;
                rows::opportunity(work, account.id, "Presses").await?;
                rows::meeting(work, account.id, "Kick-off").await?;
                rows::touchpoint(work, account.id, Interaction::PageViewed, "/presses").await?;
                rows::ticket(work, Some(account.id), None, None).await?;
                rows::asset(work, account.id, "Press 1").await?;
                rows::lead(work, Some(account.id), None, None).await?;
                rows::member(work, account.id, cast.vera, Discipline::Service, rows::READ, (work.now(), None)).await?;
                Ok(id(Kind::Account, account.id))
            })
            .await;
        let text = "query($id: ID!) { account(id: $id) { name industry { code } country legalName tier lifecycleStage
            owner { name } parent { name } annualRevenue { amount }
            contacts { totalCount nodes { id } } team { totalCount nodes { id } } opportunities { totalCount nodes { id } }
            meetings { totalCount nodes { id } } touchpoints { totalCount nodes { id } } leads { totalCount nodes { id } }
            assets { totalCount nodes { id } } tickets { totalCount nodes { id } } } }";
        let own = world.sue().ask(text, json!({ "id": account })).await.must();
        assert_eq!(own.data("account.country"), "DE");
        assert_eq!(own.data("account.annualRevenue.amount"), "1234.56");
        let lists = ["contacts", "team", "opportunities", "meetings", "touchpoints", "leads", "assets", "tickets"];
        for list in lists {
            assert_eq!(own.data("account")[list]["totalCount"], 1, "{list}: {own}");
            assert_eq!(own.data("account")[list]["nodes"].as_array().map(Vec::len), Some(1), "{list}: {own}");
        }
        let foreign = world.sam().ask(text, json!({ "id": account })).await.must();
        let mut expected = json!({ "name": "Bolt", "industry": { "code": "C25" } });
        for field in ["country", "legalName", "tier", "lifecycleStage", "owner", "parent", "annualRevenue"] {
            expected[field] = Value::Null;
        }
        for list in lists {
            expected[list] = json!({ "totalCount": 0, "nodes": [] });
        }
        assert_eq!(foreign.data("account"), &expected);
    })
    .await;
}

/// Filters of a list read as null what the caller may not read: a foreign account's change is not found by its time.
#[tokio::test]
async fn a_filter_does_not_tell_what_the_field_hides() {
    each_engine(async |world: World| {
        world
            .work(async |work| {
                rows::account(work, "Bolt", None, None).await?;
                rows::account(work, "Bolt & Sons", Some(world.acme.cast.sam), None).await
            })
            .await;
        let text =
            "query($since: DateTime) { accounts(filter: { updatedAt: { from: $since } }) { nodes { name } totalCount } }";
        let answer = world.sam().ask(text, json!({ "since": world.now() })).await.must();
        // `updatedAt` has the mark of the row itself, so everybody who sees the row sees it.
        assert_eq!(answer.each("accounts.nodes", "name"), ["Bolt", "Bolt & Sons"]);
        let text = "{ accounts(filter: { name: { contains: \"% \" } }) { totalCount } }";
        let answer = world.sam().ask(text, json!({})).await.must();
        assert_eq!(answer.data("accounts.totalCount"), 0, "a percent sign is a letter");
    })
    .await;
}

#[tokio::test]
async fn which_way_a_cold_call_went_is_told_to_who_reads_it_of_the_touch() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let account = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?;
                let span = (work.now(), None);
                rows::member(work, account.id, cast.sam, Discipline::Sales, rows::EDIT, span).await?;
                rows::member(work, account.id, cast.vera, Discipline::Service, rows::EDIT, span).await?;
                Ok(id(Kind::Account, account.id))
            })
            .await;
        let call = json!({ "interaction": "CALL_CONNECTED", "accountId": account, "isInbound": false });
        world.mia().act("recordTouchpoint", "touchpoint { id }", call).await.must();
        let text = "query($id: ID!) { account(id: $id) { timeline(filter: { kinds: [\"call.connected\"] }) {
            nodes { kind object { __typename } ... on ActivityEvent { direction } } } } }";
        let called = |direction: Value| {
            json!([{ "kind": "call.connected", "object": { "__typename": "Touchpoint" }, "direction": direction }])
        };
        for (client, direction) in
            [(world.mia(), json!("OUTBOUND")), (world.sam(), json!("OUTBOUND")), (world.vera(), Value::Null)]
        {
            let answer = client.ask(text, json!({ "id": account })).await.must();
            assert_eq!(answer.data("account.timeline.nodes"), &called(direction));
        }
    })
    .await;
}
