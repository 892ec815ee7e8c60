//! The marketing wing by the front door: leads that are corrected, where they came from, the person behind them through its
//! stages and again, costs; and that whoever may not, changes nothing.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use entities::codes::Interaction;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

/// An account of Sam's and somebody there; another person, of an account of Sue's.
struct Scene {
    account: String,
    foreign: String,
    person: String,
    other: String,
    touches: Vec<String>,
}

async fn scene(world: &World) -> Scene {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let account = rows::account(work, "Molkerei", Some(cast.sam), None).await?.id;
            let foreign = rows::account(work, "Brauerei", Some(cast.sue), None).await?.id;
            let person = rows::contact(work, Some(account), "Andrea", "Huber").await?.id;
            let other = rows::contact(work, Some(foreign), "Jan", "Vogt").await?.id;
            let mut touches = Vec::new();
            for interaction in [Interaction::PageViewed, Interaction::FormSubmitted] {
                touches.push(rows::touchpoint(work, account, interaction, "/page").await?.id);
            }
            Ok(Scene {
                account: id(Kind::Account, account),
                foreign: id(Kind::Account, foreign),
                person: id(Kind::Contact, person),
                other: id(Kind::Contact, other),
                touches: touches.into_iter().map(|touch| id(Kind::Touchpoint, touch)).collect(),
            })
        })
        .await
}

async fn lead(client: &Client, contact: &str) -> String {
    let made = client.act("createLead", "lead { id }", json!({ "contactId": contact })).await.must();
    made.text("createLead.lead.id").to_owned()
}

/// The stages that a person was in, oldest first.
async fn stages(world: &World, person: &str) -> Vec<Value> {
    let query = "query($id: ID!) { contact(id: $id) { stageIntervals { stage } } }";
    world.max().ask(query, json!({ "id": person })).await.must().each("contact.stageIntervals", "stage")
}

#[tokio::test]
async fn a_lead_is_corrected_until_it_is_over() {
    each_engine(async |world: World| {
        let Scene { account, foreign, person, other, .. } = scene(&world).await;
        let lead = lead(&world.mia(), &person).await;
        let relation = async || {
            let query = "query($id: ID!) { account(id: $id) { stageIntervals { stage cause } } }";
            world.max().ask(query, json!({ "id": account })).await.must().data("account.stageIntervals").clone()
        };
        assert_eq!(relation().await, json!([{ "stage": "ENGAGED", "cause": "first contact" }]));
        let channels = world.mia().ask("{ channels(filter: { code: { eq: \"TRADE_FAIR\" } }) { nodes { id } } }", json!({})).await.must();
        let channel = channels.text("channels.nodes.0.id");
        let campaign = world.mia().act("createCampaign", "campaign { id }", json!({ "name": "interpack", "type": "TRADE_FAIR" })).await.must();
        let campaign = campaign.text("createCampaign.campaign.id");
        let (queue, owner) = (id(Kind::Queue, world.acme.sales_inbox), id(Kind::Colleague, world.acme.cast.sam));
        let fields = "lead { version status contact { id } account { id } campaign { id } channel { code } owner { name } queue { code } description }";
        let changed = json!({ "id": lead, "ifVersion": 1, "contactId": other, "accountId": foreign, "campaignId": campaign, "channelId": channel,
            "ownerId": owner, "queueId": queue, "description": "sucht Ersatz" });
        let changed = world.mia().act("updateLead", fields, changed).await.must();
        assert_eq!(
            changed.data("updateLead.lead"),
            &json!({ "version": 2, "status": "NEW", "contact": { "id": other }, "account": { "id": foreign }, "campaign": { "id": campaign },
                "channel": { "code": "TRADE_FAIR" }, "owner": { "name": "Sam Sales" }, "queue": { "code": "SALES_INBOX" }, "description": "sucht Ersatz" })
        );
        assert_eq!(stages(&world, &other).await, [json!("LEAD")], "whoever it is now is a lead");

        for (input, refusal) in [
            (json!({ "contactId": null }), "INVALID at contactId"),
            (json!({ "contactId": account }), "INVALID at contactId"),
            (json!({ "ownerId": queue }), "INVALID at ownerId"),
            (json!({ "campaignId": id(Kind::Campaign, uuid::Uuid::nil()) }), "NOT_FOUND at campaignId"),
            (json!({ "description": "x".repeat(10_001) }), "INVALID at description"),
            (json!({ "ifVersion": 1, "queueId": null }), "VERSION_CONFLICT at ifVersion"),
            (json!({ "id": account }), "INVALID at id"),
        ] {
            let mut whole = json!({ "id": lead });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.mia().refused("updateLead", whole).await, refusal, "{input}");
        }
        let input = json!({ "id": lead, "description": "mine" });
        assert_eq!(world.vera().refused("updateLead", input.clone()).await, "BAD_USER_INPUT");
        assert_eq!(world.max().refused("updateLead", input.clone()).await, "BAD_USER_INPUT");
        assert_eq!(world.of_other(Role::Marketing, "mia").refused("updateLead", input).await, "NOT_FOUND at id");

        world.mia().act("offerHandover", "handover { id }", json!({ "subjectId": lead, "toQueueId": queue })).await.must();
        assert_eq!(world.mia().refused("updateLead", json!({ "id": lead, "ownerId": null })).await, "STATE_CONFLICT at ownerId");
        assert_eq!(world.mia().refused("updateLead", json!({ "id": lead, "queueId": null })).await, "STATE_CONFLICT at queueId");
        world.sam().act("updateLead", "lead { id }", json!({ "id": lead, "description": "gesehen" })).await.must();
        let inbox = world.sam().ask("{ sales { handoverInbox { nodes { id } } } }", json!({})).await.must();
        let offer = inbox.text("sales.handoverInbox.nodes.0.id").to_owned();
        world.sam().act("acceptHandover", "handover { id }", json!({ "id": offer })).await.must();
        world.sam().act("disqualifyLead", "lead { id }", json!({ "id": lead, "reason": "NO_NEED" })).await.must();
        assert_eq!(world.mia().refused("updateLead", json!({ "id": lead, "description": "late" })).await, "STATE_CONFLICT at id");
    })
    .await;
}

#[tokio::test]
async fn why_it_is_a_lead_can_be_told_later_and_taken_back() {
    each_engine(async |world: World| {
        let Scene { person, touches, account, .. } = scene(&world).await;
        let lead = lead(&world.mia(), &person).await;
        let fields = "lead { version touches { role touchpoint { id } } }";
        world.pass(TimeDelta::minutes(1));
        let first = json!({ "leadId": lead, "ifVersion": 1, "touchpointId": touches[0], "role": "FIRST" });
        let first = world.mia().act("addLeadTouch", fields, first).await.must();
        assert_eq!(first.data("addLeadTouch.lead"), &json!({ "version": 2, "touches": [{ "role": "FIRST", "touchpoint": { "id": touches[0] } }] }));
        world.pass(TimeDelta::minutes(1));
        let second = json!({ "leadId": lead, "touchpointId": touches[1], "role": "CREATED" });
        let second = world.mia().act("addLeadTouch", fields, second).await.must();
        assert_eq!(second.each("addLeadTouch.lead.touches", "role"), [json!("FIRST"), json!("CREATED")]);
        for (name, input, refusal) in [
            ("addLeadTouch", json!({ "touchpointId": touches[0], "role": "FIRST" }), "DUPLICATE at touchpointId"),
            ("addLeadTouch", json!({ "touchpointId": account, "role": "FIRST" }), "INVALID at touchpointId"),
            ("addLeadTouch", json!({ "touchpointId": id(Kind::Touchpoint, uuid::Uuid::nil()), "role": "FIRST" }), "NOT_FOUND at touchpointId"),
            ("addLeadTouch", json!({ "leadId": account, "touchpointId": touches[0], "role": "FIRST" }), "INVALID at leadId"),
            ("addLeadTouch", json!({ "ifVersion": 1, "touchpointId": touches[1], "role": "FIRST" }), "VERSION_CONFLICT at ifVersion"),
            ("removeLeadTouch", json!({ "touchpointId": id(Kind::Touchpoint, uuid::Uuid::nil()), "role": "FIRST" }), "NOT_FOUND at touchpointId"),
        ] {
            let mut whole = json!({ "leadId": lead });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.mia().refused(name, whole).await, refusal, "{name} {input}");
        }
        let position = world.position().await;
        let never = json!({ "leadId": lead, "touchpointId": touches[0], "role": "QUALIFIED" });
        let never = world.mia().act("removeLeadTouch", fields, never).await.must();
        assert_eq!((never.data("removeLeadTouch.lead.version"), world.position().await), (&json!(3), position), "what was not said stays so");
        let input = json!({ "leadId": lead, "touchpointId": touches[0], "role": "FIRST" });
        assert_eq!(world.sue().refused("removeLeadTouch", input.clone()).await, "NOT_FOUND at leadId");
        assert_eq!(world.vera().refused("removeLeadTouch", input.clone()).await, "BAD_USER_INPUT");
        world.pass(TimeDelta::minutes(1));
        let gone = world.mia().act("removeLeadTouch", fields, input).await.must();
        assert_eq!(gone.data("removeLeadTouch.lead"), &json!({ "version": 4, "touches": [{ "role": "CREATED", "touchpoint": { "id": touches[1] } }] }));
        let told = "query($id: ID!) { timeline(subject: $id, filter: { minImportance: 0, kinds: [\"record.updated\"] }) { nodes { ... on RecordEvent { changedFields } } } }";
        let told = world.mia().ask(told, json!({ "id": lead })).await.must();
        assert_eq!(told.each("timeline.nodes", "changedFields"), vec![json!(["touches"]); 3]);
    })
    .await;
}

#[tokio::test]
async fn a_persons_way_follows_the_lead_and_a_stage_entered_again_is_a_second_interval() {
    each_engine(async |world: World| {
        let Scene { account, person, .. } = scene(&world).await;
        let lead = lead(&world.mia(), &person).await;
        let queue = id(Kind::Queue, world.acme.sales_inbox);
        let offer = async || {
            let offered = world.mia().act("offerHandover", "handover { id }", json!({ "subjectId": lead, "toQueueId": queue })).await.must();
            offered.text("offerHandover.handover.id").to_owned()
        };
        let qualify = async |client: &Client| client.act("qualifyLead", "lead { status mqlAt }", json!({ "id": lead })).await;
        let hour = || world.pass(TimeDelta::hours(1));
        hour();
        qualify(&world.mia()).await.must();
        assert_eq!(world.mia().refused("qualifyLead", json!({ "id": lead })).await, "STATE_CONFLICT at id");
        let first = offer().await;
        assert_eq!(world.sam().refused("qualifyLead", json!({ "id": lead })).await, "STATE_CONFLICT at id");
        hour();
        world.sam().act("rejectHandover", "handover { id }", json!({ "id": first, "reasonCode": "NO_TIMING" })).await.must();
        hour();
        let again = qualify(&world.mia()).await.must();
        assert_eq!(again.data("qualifyLead.lead"), &json!({ "status": "NEW", "mqlAt": "2026-11-23T15:00:00+00:00" }));
        hour();
        world.sam().act("acceptHandover", "handover { id }", json!({ "id": offer().await })).await.must();
        hour();
        // By the word of sales it is an SQL; when marketing qualified it stays.
        let sql = qualify(&world.sam()).await.must();
        assert_eq!(sql.data("qualifyLead.lead"), &json!({ "status": "ACCEPTED", "mqlAt": "2026-11-23T15:00:00+00:00" }));
        assert_eq!(world.sam().refused("qualifyLead", json!({ "id": lead })).await, "STATE_CONFLICT at id");
        hour();
        let deal = json!({ "name": "Linie 3", "accountId": account, "leadId": lead });
        let deal = world.sam().act("createOpportunity", "opportunity { id }", deal).await.must().text("createOpportunity.opportunity.id").to_owned();
        hour();
        world.sam().act("changeOpportunityStage", "opportunity { id }", json!({ "id": deal, "stage": "CLOSED_WON" })).await.must();
        let way = ["LEAD", "MQL", "RECYCLED", "MQL", "SAL", "SQL", "OPPORTUNITY", "CUSTOMER"].map(|stage| json!(stage));
        assert_eq!(stages(&world, &person).await, way);
        let query = "query($id: ID!) { contact(id: $id) { lifecycleStage stageIntervals { stage enteredAt exitedAt cause actor { name } } } }";
        let told = world.max().ask(query, json!({ "id": person })).await.must();
        assert_eq!(told.text("contact.lifecycleStage"), "CUSTOMER");
        assert_eq!(
            told.data("contact.stageIntervals.2"),
            &json!({ "stage": "RECYCLED", "enteredAt": "2026-11-23T14:00:00+00:00", "exitedAt": "2026-11-23T15:00:00+00:00",
                "cause": "handover rejected", "actor": { "name": "Sam Sales" } })
        );
        let open: Vec<_> = told.each("contact.stageIntervals", "exitedAt").into_iter().filter(Value::is_null).collect();
        assert_eq!(open.len(), 1, "one stage at a time");
    })
    .await;
}

#[tokio::test]
async fn what_went_back_recycles_its_person_also_after_sales_qualified_it() {
    each_engine(async |world: World| {
        let Scene { person, .. } = scene(&world).await;
        let lead = lead(&world.mia(), &person).await;
        let queue = id(Kind::Queue, world.acme.sales_inbox);
        let offered = world.mia().act("offerHandover", "handover { id }", json!({ "subjectId": lead, "toQueueId": queue })).await.must();
        let offer = offered.text("offerHandover.handover.id").to_owned();
        world.pass(TimeDelta::hours(1));
        world.sam().act("acceptHandover", "handover { id }", json!({ "id": offer })).await.must();
        world.pass(TimeDelta::hours(1));
        world.sam().act("qualifyLead", "lead { id }", json!({ "id": lead })).await.must();
        world.pass(TimeDelta::hours(1));
        world.sam().act("returnHandover", "handover { id }", json!({ "id": offer, "reasonCode": "NO_BUDGET" })).await.must();
        assert_eq!(stages(&world, &person).await, ["LEAD", "SAL", "SQL", "RECYCLED"].map(|stage| json!(stage)));
        world.pass(TimeDelta::hours(1));
        world.mia().act("disqualifyLead", "lead { id }", json!({ "id": lead, "reason": "NO_NEED" })).await.must();
        let told = "query($id: ID!) { lead(id: $id) { status owner { name } contact { lifecycleStage } } }";
        let told = world.mia().ask(told, json!({ "id": lead })).await.must();
        assert_eq!(told.data("lead"), &json!({ "status": "DISQUALIFIED", "owner": { "name": "Mia Marketing" }, "contact": { "lifecycleStage": "DISQUALIFIED" } }));
    })
    .await;
}

#[tokio::test]
async fn a_cost_is_corrected_by_marketing_alone() {
    each_engine(async |world: World| {
        let campaign = json!({ "name": "interpack", "type": "TRADE_FAIR", "budget": { "amount": "100", "currency": "EUR" } });
        let campaign = world.mia().act("createCampaign", "campaign { id }", campaign).await.must().text("createCampaign.campaign.id").to_owned();
        let money = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
        let cost = json!({ "campaignId": campaign, "dateFrom": "2026-05-04", "dateTo": "2026-05-07", "kind": "MEDIA", "amount": money("90") });
        let cost = world.mia().act("addCampaignCost", "campaignCost { id }", cost).await.must().text("addCampaignCost.campaignCost.id").to_owned();
        let right = json!({ "id": cost, "ifVersion": 1, "dateTo": "2026-05-08", "kind": "STAFF", "amount": money("95.50") });
        let right = world.mia().act("updateCampaignCost", "campaignCost { version dateFrom dateTo kind amount { amount } }", right).await.must();
        assert_eq!(
            right.data("updateCampaignCost.campaignCost"),
            &json!({ "version": 2, "dateFrom": "2026-05-04", "dateTo": "2026-05-08", "kind": "STAFF", "amount": { "amount": "95.50" } })
        );
        for (input, refusal) in [
            (json!({ "dateTo": "2026-05-03" }), "INVALID at dateTo"),
            (json!({ "amount": money("-1") }), "INVALID at amount"),
            (json!({ "amount": null }), "INVALID at amount"),
            (json!({ "kind": null }), "INVALID at kind"),
            (json!({ "channelId": campaign }), "INVALID at channelId"),
            (json!({ "ifVersion": 1 }), "VERSION_CONFLICT at ifVersion"),
        ] {
            let mut whole = json!({ "id": cost });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            assert_eq!(world.mia().refused("updateCampaignCost", whole).await, refusal, "{input}");
        }
        let input = json!({ "id": cost, "kind": "MEDIA" });
        for client in [world.sam(), world.vera(), world.max()] {
            assert_eq!(client.refused("updateCampaignCost", input.clone()).await, "BAD_USER_INPUT");
        }
        assert_eq!(world.of_other(Role::Marketing, "mia").refused("updateCampaignCost", input).await, "NOT_FOUND at id");
        // A budget that is cleared takes its currency along.
        let cleared = world.mia().act("updateCampaign", "campaign { budget { amount } }", json!({ "id": campaign, "budget": null })).await.must();
        assert!(cleared.data("updateCampaign.campaign.budget").is_null());
        let checks = api::journey::verify::tenant(&world.store, world.acme.tenant).await.unwrap();
        for check in checks.iter().filter(|check| check.name.contains("money")) {
            assert_eq!(check.findings, [], "{}", check.name);
        }
    })
    .await;
}
