//! Whose touches count: those of sales beside those of marketing, of whoever lets itself be measured, by hand.

use api::graph::Kind;
use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    account::consent,
    codes::{
        ActivityKind, ActivityOutcome, AttendeeResponse, CampaignStatus, CampaignType, ChannelGroup, ConsentPurpose,
        ConsentState, ContactRole, DefinitionKind, Direction, Interaction, MeetingKind, MeetingOutcome, StageObject,
    },
    marketing::{campaign, channel, touchpoint},
    sales::{activity, meeting, meeting_attendee, opportunity, opportunity_contact},
    tenant::definition,
};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{World, each_engine, id, rows};
use uuid::Uuid;

use super::{attribution::attribution, market::at};

/// A deal of 100.00 with five eligible touches, and six that are none.
struct Deal {
    id: Uuid,
    anna: Uuid,
    bert: Uuid,
    ads: Uuid,
    campaign: Uuid,
    /// Ad, page, call, mail, meeting: 40, 30, 20, 15 and 10 days before the close.
    touches: [String; 5],
}

const CLOSED: &str = "2026-06-30T12:00:00Z";

fn before(days: i64) -> DateTime<Utc> {
    at(CLOSED) - TimeDelta::days(days)
}

impl Deal {
    async fn told(world: &World) -> Deal {
        let end = world.now();
        world.clock.set(before(45));
        let (account, anna, bert, ads, campaign) = world
            .work(async |work| {
                let account = rows::account(work, "Golden", Some(world.acme.cast.sam), None).await?.id;
                let anna = rows::contact(work, Some(account), "Anna", "A").await?.id;
                let bert = rows::contact(work, Some(account), "Bert", "B").await?.id;
                let row = channel::ActiveModel {
                    code: Set("X_ADS".to_owned()),
                    name: Set("Ads".to_owned()),
                    channel_group: Set(ChannelGroup::Paid),
                    is_direct: Set(false),
                    ..Default::default()
                };
                let ads = work.insert::<channel::Entity>(row).await?.id;
                let row = campaign::ActiveModel {
                    name: Set("Launch".to_owned()),
                    campaign_type: Set(CampaignType::Advertising),
                    status: Set(CampaignStatus::Active),
                    ..Default::default()
                };
                Ok((account, anna, bert, ads, work.insert::<campaign::Entity>(row).await?.id))
            })
            .await;
        let touch = async |days: i64, interaction: Interaction, from: Option<(Uuid, Uuid)>| {
            let row = touchpoint::ActiveModel {
                contact_id: Set(Some(anna)),
                account_id: Set(Some(account)),
                channel_id: Set(from.map(|(channel, _)| channel)),
                campaign_id: Set(from.map(|(_, campaign)| campaign)),
                interaction: Set(interaction),
                occurred_at: Set(before(days)),
                is_inbound: Set(true),
                ..Default::default()
            };
            id(Kind::Touchpoint, world.work(async |work| Ok(work.insert::<touchpoint::Entity>(row).await?.id)).await)
        };
        let called = async |days: i64,
                            kind: ActivityKind,
                            direction: Direction,
                            outcome: Option<ActivityOutcome>,
                            more: (bool, bool)| {
            let (automatic, of_ticket) = more;
            let uuid = world
                .work(async |work| {
                    let ticket = match of_ticket {
                        true => Some(rows::ticket(work, Some(account), None, None).await?.id),
                        false => None,
                    };
                    let row = activity::ActiveModel {
                        kind: Set(kind),
                        direction: Set(direction),
                        account_id: Set(Some(account)),
                        contact_id: Set(Some(anna)),
                        colleague_id: Set(Some(world.acme.cast.sam)),
                        occurred_at: Set(before(days)),
                        automatic: Set(automatic),
                        outcome: Set(outcome),
                        ticket_id: Set(ticket),
                        ..Default::default()
                    };
                    Ok(work.insert::<activity::Entity>(row).await?.id)
                })
                .await;
            id(Kind::Activity, uuid)
        };
        let met = async |days: i64, outcome: Option<MeetingOutcome>| {
            let uuid = world
                .work(async |work| {
                    let row = meeting::ActiveModel {
                        account_id: Set(Some(account)),
                        organizer_id: Set(Some(world.acme.cast.sam)),
                        starts_at: Set(before(days)),
                        kind: Set(MeetingKind::Visit),
                        outcome: Set(outcome),
                        ..Default::default()
                    };
                    let meeting = work.insert::<meeting::Entity>(row).await?.id;
                    for contact in [anna, bert] {
                        let row = meeting_attendee::ActiveModel {
                            meeting_id: Set(meeting),
                            contact_id: Set(Some(contact)),
                            response: Set(AttendeeResponse::Accepted),
                            attended: Set(Some(true)),
                            ..Default::default()
                        };
                        work.insert::<meeting_attendee::Entity>(row).await?;
                    }
                    Ok(meeting)
                })
                .await;
            id(Kind::Meeting, uuid)
        };
        use ActivityKind::{Call, Email};
        use Direction::{Inbound, Outbound};
        let ad = touch(40, Interaction::AdClicked, Some((ads, campaign))).await;
        let page = touch(30, Interaction::PageViewed, None).await;
        let call = called(20, Call, Outbound, Some(ActivityOutcome::Connected), (false, false)).await;
        let mail = called(15, Email, Inbound, None, (false, false)).await;
        let meeting = met(10, Some(MeetingOutcome::Held)).await;
        // What nobody says that the market took part in.
        called(19, Call, Outbound, Some(ActivityOutcome::NoAnswer), (false, false)).await;
        called(18, Email, Inbound, None, (true, false)).await;
        called(17, Email, Outbound, None, (false, false)).await;
        called(5, Call, Inbound, None, (false, true)).await;
        met(9, Some(MeetingOutcome::Cancelled)).await;
        met(8, None).await;
        let deal = world
            .work(async |work| {
                let row = rows::opportunity(work, account, "Golden deal").await?;
                let change = opportunity::ActiveModel {
                    amount_minor: Set(Some(10_000)),
                    close_date: Set(Some(at(CLOSED).date_naive())),
                    ..Default::default()
                };
                work.update_row::<opportunity::Entity>(&row, change).await
            })
            .await;
        world.clock.set(at(CLOSED));
        world
            .work(async |work| {
                let change = opportunity::ActiveModel { stage: Set("CLOSED_WON".to_owned()), ..Default::default() };
                let row = work.update_row::<opportunity::Entity>(&deal, change).await?;
                work.enter_stage::<opportunity::Entity>(StageObject::Opportunity, &row, "CLOSED_WON", "told", None)
                    .await
            })
            .await;
        world.clock.set(end);
        Deal { id: deal.id, anna, bert, ads, campaign, touches: [ad, page, call, mail, meeting] }
    }
}

fn question(more: Value) -> Value {
    let mut input = json!({ "conversion": "CLOSED_WON", "models": ["LINEAR"], "from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z" });
    for (key, value) in more.as_object().unwrap() {
        input[key] = value.clone();
    }
    input
}

/// Row → value of the only model; rows without credit are not told.
async fn shares(world: &World, more: Value) -> Vec<(String, String)> {
    let answer = attribution(&world.max(), question(more)).await;
    let share = |row: &Value| {
        let key = row["id"].as_str().or(row["kind"].as_str()).unwrap().to_owned();
        (key, row["credits"][0]["value"]["amount"].as_str().unwrap().to_owned())
    };
    let mut shares: Vec<_> = answer["rows"].as_array().unwrap().iter().map(share).collect();
    shares.retain(|(_, value)| value != "0.00");
    shares.sort();
    shares
}

fn told(shares: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut shares: Vec<_> = shares.iter().map(|(row, value)| ((*row).to_owned(), (*value).to_owned())).collect();
    shares.sort();
    shares
}

#[tokio::test]
async fn calls_mails_and_meetings_are_touches() {
    each_engine(async |world: World| {
        let deal = Box::pin(Deal::told(&world)).await;
        let (ads, campaign) = (id(Kind::Channel, deal.ads), id(Kind::Campaign, deal.campaign));
        let [ad, page, call, mail, meeting] = deal.touches.each_ref().map(String::as_str);
        let by_channel = told(&[(&ads, "20.00"), ("NO_CHANNEL", "20.00"), ("SALES", "60.00")]);
        assert_eq!(shares(&world, json!({})).await, by_channel);
        assert_eq!(
            shares(&world, json!({ "by": "CAMPAIGN" })).await,
            told(&[(&campaign, "20.00"), ("NO_CAMPAIGN", "80.00")])
        );
        let each = [ad, page, call, mail, meeting].map(|touch| (touch, "20.00"));
        assert_eq!(shares(&world, json!({ "by": "TOUCH" })).await, told(&each));
        // Marketing and sales apart.
        let marketing = shares(&world, json!({ "salesTouches": [] })).await;
        assert_eq!(marketing, told(&[(&ads, "50.00"), ("NO_CHANNEL", "50.00")]));
        let sales = shares(&world, json!({ "by": "TOUCH", "interactions": [] })).await;
        assert_eq!(sales, told(&[(call, "33.34"), (mail, "33.33"), (meeting, "33.33")]));
        let some =
            shares(&world, json!({ "by": "TOUCH", "interactions": ["AD_CLICKED"], "salesTouches": ["MEETING"] })).await;
        assert_eq!(some, told(&[(ad, "50.00"), (meeting, "50.00")]));
        // The order is of both.
        let first = shares(&world, json!({ "by": "TOUCH", "models": ["FIRST_TOUCH"] })).await;
        let last = shares(&world, json!({ "by": "TOUCH", "models": ["LAST_TOUCH"] })).await;
        assert_eq!((first, last), (told(&[(ad, "100.00")]), told(&[(meeting, "100.00")])));
        // A channel of sales with the kind's code takes its touches; one of another group does not.
        world
            .work(async |work| {
                for (code, group) in [("MEETING", ChannelGroup::Sales), ("CALL", ChannelGroup::Owned)] {
                    let row = channel::ActiveModel {
                        code: Set(code.to_owned()),
                        name: Set(code.to_owned()),
                        channel_group: Set(group),
                        is_direct: Set(false),
                        ..Default::default()
                    };
                    work.insert::<channel::Entity>(row).await?;
                }
                Ok(())
            })
            .await;
        let answer = attribution(&world.max(), question(json!({}))).await;
        let found = answer["rows"].as_array().unwrap().iter().find(|row| row["label"] == "MEETING").unwrap();
        assert_eq!((&found["kind"], &found["credits"][0]["value"]["amount"]), (&json!("CHANNEL"), &json!("20.00")));
        let rest = answer["rows"].as_array().unwrap().iter().find(|row| row["kind"] == "SALES").unwrap();
        assert_eq!(rest["credits"][0]["value"]["amount"], "40.00");
        assert_eq!(answer["definition"], "ATTRIBUTION@2");
    })
    .await;
}

#[tokio::test]
async fn a_meeting_is_a_touch_of_each_who_was_there() {
    each_engine(async |world: World| {
        let deal = Box::pin(Deal::told(&world)).await;
        let [ad, page, call, mail, meeting] = deal.touches.each_ref().map(String::as_str);
        let of_roles = || shares(&world, json!({ "by": "TOUCH", "buyingGroup": "OPPORTUNITY_ROLES" }));
        let part = async |contact: Uuid, role: ContactRole| {
            let row = opportunity_contact::ActiveModel {
                opportunity_id: Set(deal.id),
                contact_id: Set(contact),
                role: Set(role),
                is_primary: Set(false),
                ..Default::default()
            };
            world.work(async |work| work.insert::<opportunity_contact::Entity>(row).await).await;
        };
        assert_eq!(of_roles().await, told(&[("UNATTRIBUTED", "100.00")]));
        part(deal.bert, ContactRole::Buyer).await;
        assert_eq!(of_roles().await, told(&[(meeting, "100.00")]));
        // With both of them the meeting is one touch all the same, whatever their parts.
        part(deal.anna, ContactRole::Champion).await;
        part(deal.anna, ContactRole::User).await;
        let each = [ad, page, call, mail, meeting].map(|touch| (touch, "20.00"));
        assert_eq!(of_roles().await, told(&each));
    })
    .await;
}

#[tokio::test]
async fn whoever_refuses_to_be_measured_has_no_touch() {
    each_engine(async |world: World| {
        let deal = Box::pin(Deal::told(&world)).await;
        let [ad, page, call, mail, meeting] = deal.touches.each_ref().map(String::as_str);
        let of_account = || shares(&world, json!({ "by": "TOUCH" }));
        let says = async |contact: Uuid, purpose: ConsentPurpose, state: ConsentState, over: bool| {
            world.clock.set(world.now() + TimeDelta::seconds(60));
            let now = world.now();
            let row = consent::ActiveModel {
                contact_id: Set(contact),
                purpose: Set(purpose),
                state: Set(state),
                valid_from: Set(now - TimeDelta::seconds(30)),
                valid_to: Set(over.then_some(now)),
                ..Default::default()
            };
            world.work(async |work| work.insert::<consent::Entity>(row).await).await;
        };
        let all = told(&[ad, page, call, mail, meeting].map(|touch| (touch, "20.00")));
        // Advertising is another matter, and so is a question that nobody has answered.
        says(deal.anna, ConsentPurpose::Marketing, ConsentState::Denied, false).await;
        says(deal.anna, ConsentPurpose::Analytics, ConsentState::Pending, false).await;
        assert_eq!(of_account().await, all);
        // Of Anna nothing counts; the meeting is Bert's as well.
        says(deal.anna, ConsentPurpose::Analytics, ConsentState::Denied, false).await;
        assert_eq!(of_account().await, told(&[(meeting, "100.00")]));
        // A consent that was taken back has ended, too. The total stays.
        says(deal.bert, ConsentPurpose::Analytics, ConsentState::Withdrawn, true).await;
        assert_eq!(of_account().await, told(&[("UNATTRIBUTED", "100.00")]));
        // Who says yes since counts again, with all that was.
        says(deal.anna, ConsentPurpose::Analytics, ConsentState::Given, false).await;
        assert_eq!(of_account().await, all);
    })
    .await;
}

#[tokio::test]
async fn paths_are_transformed_as_they_are_asked_to_be() {
    each_engine(async |world: World| {
        let deal = Box::pin(Deal::told(&world)).await;
        let [ad, page, call, mail, meeting] = deal.touches.each_ref().map(String::as_str);
        let ads = id(Kind::Channel, deal.ads);
        for (transforms, expected) in [
            (json!([{ "kind": "UNIQUE" }]), [ad, page, call, mail, meeting].map(|touch| (touch, "20.00")).to_vec()),
            // Ads, no channel, sales, sales, sales.
            (json!([{ "kind": "EXPOSURE" }]), vec![(ad, "33.34"), (page, "33.33"), (call, "33.33")]),
            (json!([{ "kind": "FIRST" }]), vec![(ad, "33.34"), (page, "33.33"), (call, "33.33")]),
            (json!([{ "kind": "LAST_N", "n": 2 }]), vec![(mail, "50.00"), (meeting, "50.00")]),
            (json!([{ "kind": "LAST_N", "n": 4 }, { "kind": "EXPOSURE" }]), vec![(page, "50.00"), (call, "50.00")]),
            (
                json!([{ "kind": "REMOVE_IF_NOT_ALL", "of": ads }]),
                [page, call, mail, meeting].map(|touch| (touch, "25.00")).to_vec(),
            ),
            // The ad is not at the end.
            (
                json!([{ "kind": "REMOVE_IF_LAST_AND_NOT_ALL", "of": ads }]),
                [ad, page, call, mail, meeting].map(|touch| (touch, "20.00")).to_vec(),
            ),
        ] {
            assert_eq!(shares(&world, json!({ "by": "TOUCH", "transforms": transforms })).await, told(&expected), "{transforms}");
        }
        let only = json!({ "by": "TOUCH", "interactions": ["AD_CLICKED"], "salesTouches": [], "transforms": [{ "kind": "REMOVE_IF_NOT_ALL", "of": ads }] });
        assert_eq!(shares(&world, only).await, told(&[(ad, "100.00")]), "a path of nothing else stays");
    })
    .await;
}

#[tokio::test]
async fn custom_weights_may_be_the_tenants_own() {
    each_engine(async |world: World| {
        let deal = Box::pin(Deal::told(&world)).await;
        let [ad, .., meeting] = deal.touches.each_ref().map(String::as_str);
        let defined = async |code: &str, body: Value| {
            let row = definition::ActiveModel {
                kind: Set(DefinitionKind::Attribution),
                code: Set(code.to_owned()),
                revision: Set(1),
                body: Set(body),
                valid_from: Set(world.now() - TimeDelta::days(1)),
                ..Default::default()
            };
            world.work(async |work| work.insert::<definition::Entity>(row).await).await;
        };
        defined("ours", json!({ "first": 250_000, "last": 750_000 })).await;
        defined("odd", json!({ "first": 0.5, "last": 0.5 })).await;
        defined("short", json!({ "first": 250_000 })).await;
        let asked = |code: &str| json!({ "by": "TOUCH", "models": ["CUSTOM"], "customDefinition": code });
        assert_eq!(shares(&world, asked("ours")).await, told(&[(ad, "25.00"), (meeting, "75.00")]));
        // Whoever reads no settings is answered by them all the same.
        let answer = attribution(&world.sam(), question(asked("ours"))).await;
        assert_eq!(answer["definition"], "ATTRIBUTION@2/ours@1");
        let query = "query($input: AttributionInput!) { analytics { attribution(input: $input) { conversions } } }";
        for (code, words) in [
            ("odd", "customDefinition: first of odd is no whole number of millionths"),
            ("short", "custom: the weights add up to 1,000,000, not 250000"),
        ] {
            let answer = world.max().ask(query, json!({ "input": question(asked(code)) })).await;
            assert_eq!((answer.code(), answer.message()), (Some("BAD_USER_INPUT"), Some(words)));
        }
    })
    .await;
}
