//! What a process believes without asking again, and when it stops: at once when it changes here, to the second when it changes by
//! the clock.

use std::time::Duration;

use api::graph::Kind;
use chrono::TimeDelta;
use entities::codes::Interaction;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

/// A process that would believe what it read for an hour.
async fn credulous(world: &World) -> World {
    world.process(|config| config.database.recent = Duration::from_secs(3_600)).await
}

const SEES: &str = "query($id: ID!) { me { colleague { id } queues { id } } account(id: $id) { country } }";

#[tokio::test]
async fn who_calls_is_asked_once_and_again_when_it_changes() {
    each_engine(async |world: World| {
        let world = credulous(&world).await;
        let cast = world.acme.cast;
        let account = world
            .work(async |work| Ok(id(Kind::Account, rows::account(work, "Bolt", Some(cast.sam), None).await?.id)))
            .await;
        let sees = async |client: Client| client.ask("{ __typename }", json!({})).await.must().statements;
        assert_eq!([sees(world.sam()).await, sees(world.sam()).await], [1, 0]);
        // Another role in the token is the same colleague, another subject is not.
        assert_eq!(sees(world.as_roles(&[api::policy::Role::Marketing], "sam")).await, 0);
        assert_eq!(sees(world.sue()).await, 1);
        assert_eq!(sees(world.of_other(api::policy::Role::Sales, "sam")).await, 1);

        let reads = async || {
            let answer = world.sam().ask(SEES, json!({ "id": account })).await.must();
            (answer.data("me.colleague.id").clone(), answer.data("account.country").clone())
        };
        let sam = json!(id(Kind::Colleague, cast.sam));
        assert_eq!(reads().await, (sam.clone(), json!("DE")));
        let country = json!({ "id": account, "country": "AT" });
        world.sam().act("updateAccount", "", country).await.must();
        assert_eq!(reads().await, (sam.clone(), json!("AT")));

        // Who leaves has left with the answer to it.
        let leaves = |is_active: bool| json!({ "id": sam, "isActive": is_active });
        world.ada().act("updateColleague", "", leaves(false)).await.must();
        assert_eq!(reads().await, (Value::Null, Value::Null));
        let country = json!({ "id": account, "country": "CH" });
        assert_eq!(world.sam().refused("updateAccount", country).await, "FORBIDDEN at country");
        world.ada().act("updateColleague", "", leaves(true)).await.must();
        assert_eq!(reads().await, (sam, json!("AT")));
    })
    .await;
}

#[tokio::test]
async fn a_membership_begins_and_ends_by_the_clock() {
    each_engine(async |world: World| {
        let world = credulous(&world).await;
        let (max, tom) = (world.max(), world.tom());
        let queue = id(Kind::Queue, world.acme.service_desk);
        let queues = async || tom.ask("{ me { queues { id } } }", json!({})).await.must().each("me.queues", "id");
        assert_eq!(queues().await, Vec::<Value>::new());
        let (from, to) = (world.now() + TimeDelta::minutes(10), world.now() + TimeDelta::minutes(20));
        let colleague = id(Kind::Colleague, world.acme.cast.tom);
        let turn = json!({ "queueId": queue, "colleagueId": colleague, "validFrom": from, "validTo": to });
        max.act("addQueueMember", "", turn).await.must();
        let second = TimeDelta::seconds(1);
        assert_eq!(queues().await, Vec::<Value>::new());
        world.pass(TimeDelta::minutes(10) - second);
        assert_eq!(queues().await, Vec::<Value>::new());
        world.pass(second);
        assert_eq!(queues().await, [json!(queue)]);
        world.pass(TimeDelta::minutes(10) - second);
        assert_eq!(queues().await, [json!(queue)]);
        world.pass(second);
        assert_eq!(queues().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn a_new_place_on_an_industrys_team_counts_at_once() {
    each_engine(async |world: World| {
        let world = credulous(&world).await;
        let (account, industry) = world
            .work(async |work| {
                let industry = rows::industry(work, "PRESSES", None).await?;
                let account = rows::account(work, "Bolt", None, Some(industry.id)).await?;
                Ok((id(Kind::Account, account.id), id(Kind::Industry, industry.id)))
            })
            .await;
        let country = json!({ "id": account, "country": "AT" });
        world.ada().act("updateAccount", "", country).await.must();
        let reads =
            async || world.sam().ask(SEES, json!({ "id": account })).await.must().data("account.country").clone();
        assert_eq!(reads().await, Value::Null);
        let sam = id(Kind::Colleague, world.acme.cast.sam);
        let place = json!({ "industryId": industry, "colleagueId": sam, "discipline": "SALES" });
        world.max().act("addIndustryTeamMember", "", place).await.must();
        assert_eq!(reads().await, "AT");
    })
    .await;
}

#[tokio::test]
async fn campaigns_are_read_once_and_again_when_one_changes() {
    each_engine(async |world: World| {
        let world = credulous(&world).await;
        let mia = world.mia();
        let campaign = json!({ "name": "Spring", "type": "EMAIL" });
        let campaign = mia.act("createCampaign", "campaign { id }", campaign).await.must();
        let campaign = campaign.text("createCampaign.campaign.id").to_owned();
        let touch = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?;
                let touch = rows::touchpoint(work, account.id, Interaction::PageViewed, "/presses").await?;
                Ok(id(Kind::Touchpoint, touch.id))
            })
            .await;
        mia.act("updateTouchpoint", "", json!({ "id": touch, "campaignId": campaign })).await.must();
        let text = "query($id: ID!) { touchpoint(id: $id) { campaign { name } } }";
        let named = async || {
            let answer = mia.ask(text, json!({ "id": touch })).await.must();
            (answer.data("touchpoint.campaign.name").clone(), answer.statements)
        };
        let seen = |name: &str, statements: u64| (json!(name), statements);
        // The touch and its campaign; the touch alone.
        assert_eq!([named().await, named().await], [seen("Spring", 2), seen("Spring", 1)]);
        mia.act("updateCampaign", "", json!({ "id": campaign, "name": "Autumn" })).await.must();
        // Who calls, too: whatever is kept is read anew after a change.
        assert_eq!([named().await, named().await], [seen("Autumn", 3), seen("Autumn", 1)]);
        mia.act("deleteCampaign", "", json!({ "id": campaign })).await.must();
        assert_eq!(named().await.0, Value::Null);
    })
    .await;
}
