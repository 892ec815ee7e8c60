//! Attribution against what was told: exact sums whatever the model, the golden path through the front door, and whose rows it counts.

use std::collections::{BTreeMap, BTreeSet};

use api::graph::Kind;
use chrono::TimeDelta;
use entities::{
    codes::{Interaction, LeadStatus, LeadTouchRole, StageObject},
    marketing::{lead, lead_touch, touchpoint},
    sales::opportunity,
};
use rust_decimal::Decimal;
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, each_engine_told, id, rows};

use super::market::{FROM, Market, TO, at};

const ANSWER: &str = "rows { kind id label paths nullPaths unstable suppressed lowest { amount } highest { amount } spread { amount } cost { amount }
    credits { model value { amount currency } conversions share removalEffect roi roas } cursor }
    hasNextPage models { model additive conversionProbability noNullPaths tooManyStates } conversions value { amount } definition scope excluded { reason count }";

async fn attribution(client: &Client, input: Value) -> Value {
    let query = format!(
        "query($input: AttributionInput!) {{ analytics {{ attribution(input: $input, first: 1000) {{ {ANSWER} }} }} }}"
    );
    client.ask(&query, json!({ "input": input })).await.must().data("analytics.attribution").clone()
}

fn year(more: Value) -> Value {
    let mut input = json!({ "conversion": "CLOSED_WON", "models": ["ALL"], "from": FROM, "to": TO, "fx": { "mode": "FIXED", "date": "2026-05-01" } });
    for (key, value) in more.as_object().unwrap() {
        input[key] = value.clone();
    }
    input
}

fn amount(value: &Value) -> Decimal {
    value["amount"].as_str().unwrap().parse().unwrap()
}

/// Sum of a model's values over all rows.
fn sum(answer: &Value, model: &str) -> (Decimal, f64) {
    let mut sum = (Decimal::ZERO, 0.0);
    for row in answer["rows"].as_array().unwrap() {
        let credit = row["credits"].as_array().unwrap().iter().find(|credit| credit["model"] == model).unwrap();
        if credit["value"].is_null() {
            continue;
        }
        sum = (sum.0 + amount(&credit["value"]), sum.1 + credit["conversions"].as_f64().unwrap());
    }
    sum
}

#[tokio::test]
async fn every_model_adds_up_to_the_total_in_every_view() {
    each_engine_told(async |world: World, market: Market| {
        let won: Vec<_> = market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| won)).collect();
        let worth = |deal: &&&super::market::Deal| {
            let rate: i128 = if deal.currency == "CHF" { 1_050_000_000 } else { 1_000_000_000 };
            i64::try_from((i128::from(deal.amount) * rate + 500_000_000) / 1_000_000_000).unwrap()
        };
        let total = Decimal::new(won.iter().map(|deal| worth(&deal)).sum(), 2);
        let mut first_touch: BTreeMap<Option<String>, Decimal> = BTreeMap::new();
        for deal in &won {
            let (closed, _) = deal.closed.unwrap();
            let eligible = market.touches.iter().filter(|touch| {
                touch.customer == deal.customer && touch.at <= closed && touch.at > closed - TimeDelta::days(90)
            });
            let first = eligible.min_by_key(|touch| (touch.at, touch.id));
            let key = first.map(|touch| id(Kind::Channel, market.channels[touch.channel]));
            *first_touch.entry(key).or_default() += Decimal::new(worth(&deal), 2);
        }
        for by in ["CHANNEL", "CAMPAIGN", "TOUCH"] {
            let answer = attribution(&world.max(), year(json!({ "by": by }))).await;
            assert_eq!(answer["conversions"], json!(won.len()));
            assert_eq!(amount(&answer["value"]), total);
            for model in answer["models"].as_array().unwrap() {
                let name = model["model"].as_str().unwrap();
                assert_eq!(model["additive"], json!(name != "INFLUENCED"));
                if name == "INFLUENCED" || (name == "MARKOV" && by == "TOUCH") {
                    continue;
                }
                let (value, conversions) = sum(&answer, name);
                assert_eq!(value, total, "{name} by {by}");
                assert!((conversions - won.len() as f64).abs() < 1e-6, "{name} by {by}: {conversions}");
            }
        }
        // First touch, by a plain look at what was told.
        let answer = attribution(&world.max(), year(json!({ "models": ["FIRST_TOUCH"] }))).await;
        let mut found: BTreeMap<Option<String>, Decimal> = BTreeMap::new();
        for row in answer["rows"].as_array().unwrap() {
            found.insert(row["id"].as_str().map(str::to_owned), amount(&row["credits"][0]["value"]));
        }
        found.retain(|_, value| !value.is_zero());
        assert_eq!(found, first_touch);
        // Spend on what brought nothing stays, and returns are of what was spent.
        let spent: Decimal = answer["rows"].as_array().unwrap().iter().map(|row| amount(&row["cost"])).sum();
        let cost = world.max().ask(&format!("{{ analytics {{ aggregate(metrics: [CAMPAIGN_COST], from: \"{FROM}\", to: \"{TO}\", fx: {{ mode: FIXED, date: \"2026-05-01\" }}) {{ rows {{ values {{ numerator }} }} }} }} }}"), json!({})).await.must();
        assert_eq!(json!(spent.to_string()), cost.data("analytics.aggregate.rows.0.values.0.numerator").clone());
        // A period cut in two adds up, model by model.
        let middle = "2026-04-01T00:00:00Z";
        let whole = attribution(&world.max(), year(json!({ "models": ["LINEAR", "W_SHAPED", "TIME_DECAY"] }))).await;
        let before = attribution(&world.max(), year(json!({ "models": ["LINEAR", "W_SHAPED", "TIME_DECAY"], "to": middle }))).await;
        let after = attribution(&world.max(), year(json!({ "models": ["LINEAR", "W_SHAPED", "TIME_DECAY"], "from": middle }))).await;
        for (nth, row) in whole["rows"].as_array().unwrap().iter().enumerate() {
            for place in 0..3 {
                let part = |answer: &Value| {
                    let rows = answer["rows"].as_array().unwrap();
                    rows.iter().find(|other| other["id"] == row["id"] && other["kind"] == row["kind"]).map_or(Decimal::ZERO, |row| amount(&row["credits"][place]["value"]))
                };
                assert_eq!(part(&before) + part(&after), amount(&row["credits"][place]["value"]), "row {nth}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_golden_path_is_shared_as_the_paper_says() {
    each_engine(async |world: World| {
        let closed = at("2026-06-30T12:00:00Z");
        let end = world.now();
        let days = |n: i64| closed - TimeDelta::days(n);
        world.clock.set(days(45));
        let account = world.work(async |work| Ok(rows::account(work, "Golden", Some(world.acme.cast.sam), None).await?.id)).await;
        let contact = world.work(async |work| Ok(rows::contact(work, Some(account), "Gol", "Den").await?.id)).await;
        let mut touches = Vec::new();
        for (before, interaction) in [
            (40, Interaction::TradefairBoothScanned),
            (30, Interaction::ContentDownloaded),
            (20, Interaction::AdClicked),
            (10, Interaction::WebinarAttended),
            (1, Interaction::CallConnected),
        ] {
            let row = touchpoint::ActiveModel {
                contact_id: Set(Some(contact)),
                account_id: Set(Some(account)),
                interaction: Set(interaction),
                occurred_at: Set(days(before)),
                is_inbound: Set(true),
                ..Default::default()
            };
            touches.push(world.work(async |work| Ok(work.insert::<touchpoint::Entity>(row).await?.id)).await);
        }
        world.clock.set(days(30));
        let lead = world
            .work(async |work| {
                let row = lead::ActiveModel {
                    contact_id: Set(Some(contact)),
                    account_id: Set(Some(account)),
                    status: Set(LeadStatus::Converted),
                    ..Default::default()
                };
                let lead = work.insert::<lead::Entity>(row).await?.id;
                let row = lead_touch::ActiveModel {
                    lead_id: Set(lead),
                    touchpoint_id: Set(touches[1]),
                    role: Set(LeadTouchRole::Created),
                    ..Default::default()
                };
                work.insert_technical::<lead_touch::Entity>(vec![row]).await?;
                Ok(lead)
            })
            .await;
        world.clock.set(days(10));
        let deal = world
            .work(async |work| {
                let row = rows::opportunity(work, account, "Golden deal").await?;
                let change = opportunity::ActiveModel {
                    lead_id: Set(Some(lead)),
                    amount_minor: Set(Some(10_000)),
                    close_date: Set(Some(closed.date_naive())),
                    ..Default::default()
                };
                work.update_row::<opportunity::Entity>(&row, change).await
            })
            .await;
        world.clock.set(closed);
        world
            .work(async |work| {
                let change = opportunity::ActiveModel { stage: Set("CLOSED_WON".to_owned()), ..Default::default() };
                let row = work.update_row::<opportunity::Entity>(&deal, change).await?;
                work.enter_stage::<opportunity::Entity>(StageObject::Opportunity, &row, "CLOSED_WON", "told", None).await
            })
            .await;
        world.clock.set(end);
        let input = json!({ "conversion": "CLOSED_WON", "by": "TOUCH", "from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z",
            "models": ["FIRST_TOUCH", "LAST_TOUCH", "LINEAR", "POSITION_BASED", "U_SHAPED", "W_SHAPED", "FULL_PATH", "J_SHAPED", "TIME_DECAY"] });
        let answer = attribution(&world.max(), input).await;
        let golden = [
            ("FIRST_TOUCH", ["100.00", "0.00", "0.00", "0.00", "0.00"]),
            ("LAST_TOUCH", ["0.00", "0.00", "0.00", "0.00", "100.00"]),
            ("LINEAR", ["20.00"; 5]),
            ("POSITION_BASED", ["40.00", "6.67", "6.67", "6.66", "40.00"]),
            ("U_SHAPED", ["40.00", "40.00", "6.67", "6.67", "6.66"]),
            ("W_SHAPED", ["30.00", "30.00", "5.00", "30.00", "5.00"]),
            ("FULL_PATH", ["22.50", "22.50", "10.00", "22.50", "22.50"]),
            ("J_SHAPED", ["20.00", "6.67", "6.67", "6.66", "60.00"]),
            ("TIME_DECAY", ["1.28", "3.45", "9.29", "25.01", "60.97"]),
        ];
        for (nth, (model, expected)) in golden.into_iter().enumerate() {
            for (touch, expected) in touches.iter().zip(expected) {
                let rows = answer["rows"].as_array().unwrap();
                let row = rows.iter().find(|row| row["id"] == json!(id(Kind::Touchpoint, *touch))).unwrap();
                assert_eq!(row["credits"][nth]["model"], model);
                assert_eq!(row["credits"][nth]["value"]["amount"], expected, "{model}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn it_counts_what_the_access_table_says_and_hides_small_rows_from_the_analyst() {
    each_engine_told(async |world: World, market: Market| {
        let won = |reach: usize| {
            let of = market.deals.iter().filter(|deal| deal.customer < reach);
            of.filter(|deal| deal.closed.is_some_and(|(_, won)| won)).count()
        };
        let input = year(json!({ "models": ["LINEAR"] }));
        // Marketing sees what came of its campaigns in the whole tenant; sales that of its accounts.
        let mia = attribution(&world.mia(), input.clone()).await;
        assert_eq!((&mia["conversions"], &mia["scope"]), (&json!(won(12)), &json!("ALL")));
        let sam = attribution(&world.sam(), input.clone()).await;
        assert_eq!((&sam["conversions"], &sam["scope"]), (&json!(won(super::market::OF_SAM)), &json!("TEAM")));
        assert_eq!(sam["rows"][0]["cost"], Value::Null, "sales is not told what campaigns cost");
        let sue = attribution(&world.sue(), input.clone()).await;
        assert_eq!((&sue["conversions"], &sue["rows"]), (&json!(0), &json!([])));
        for client in [world.vera(), world.tom()] {
            let query = "query($input: AttributionInput!) { analytics { attribution(input: $input) { conversions } } }";
            let answer = client.ask(query, json!({ "input": input })).await;
            assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "the field is not in the role's schema");
        }
        // The analyst sees rows that are large enough, and no touch.
        let plain = |by: &str, from: &str, to: &str| json!({ "conversion": "CLOSED_WON", "models": ["LINEAR"], "by": by, "from": from, "to": to });
        let ana = attribution(&world.ana(), plain("CHANNEL", FROM, TO)).await;
        assert_eq!(ana["conversions"], mia["conversions"]);
        let few = attribution(&world.ana(), plain("CHANNEL", "2026-01-05T23:00:00Z", "2026-01-09T23:00:00Z")).await;
        assert!(few["rows"].as_array().unwrap().iter().all(|row| row["credits"][0]["value"].is_null()), "{few}");
        assert!(few["conversions"].is_null() || few["conversions"] == json!(0), "{few}");
        let query = "query($input: AttributionInput!) { analytics { attribution(input: $input) { conversions } } }";
        let hour = plain("CHANNEL", "2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z");
        assert_eq!(world.ana().ask(query, json!({ "input": hour })).await.code(), Some("BAD_USER_INPUT"));
        let touches = attribution(&world.ana(), plain("TOUCH", FROM, TO)).await;
        for row in touches["rows"].as_array().unwrap() {
            assert_eq!((&row["suppressed"], &row["credits"][0]["value"], &row["paths"]), (&json!(true), &Value::Null, &json!(0)));
        }
        let persons: BTreeSet<_> = market.touches.iter().map(|touch| touch.contact).collect();
        assert!(persons.len() >= 5, "the market is large enough to be shown");
        assert!(ana["rows"].as_array().unwrap().iter().any(|row| row["suppressed"] == json!(false)));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    each_engine(async |world: World| {
        let query = "query($input: AttributionInput!) { analytics { attribution(input: $input) { conversions } } }";
        for (more, words) in [
            (json!({ "models": [] }), "models: at least one"),
            (json!({ "from": TO }), "to: after from"),
            (json!({ "lookbackDays": 0 }), "lookbackDays: between 1 and 3650, not 0"),
            (json!({ "halfLifeHours": 0 }), "halfLifeHours: between 1 and 87600"),
            (json!({ "markovOrder": 5 }), "markovOrder: between 1 and 4"),
            (json!({ "lastTouches": 0 }), "lastTouches: between 1 and 1000"),
            (json!({ "models": ["CUSTOM"] }), "custom: the weights of CUSTOM"),
            (json!({ "models": ["LINEAR"], "custom": { "first": 1_000_000 } }), "custom: the weights of CUSTOM"),
            (
                json!({ "models": ["CUSTOM"], "custom": { "first": 400_000, "last": 500_000 } }),
                "custom: the weights add up to 1,000,000, not 900000",
            ),
            (
                json!({ "models": ["CUSTOM"], "custom": { "first": -1, "last": 1_000_001 } }),
                "custom: no weight is negative",
            ),
            (json!({ "currency": "XXX" }), "currency: an ISO 4217 code"),
        ] {
            let answer = world.max().ask(query, json!({ "input": year(more.clone()) })).await;
            assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "{more}");
            assert!(answer.message().unwrap().starts_with(words), "{more}: {}", answer.message().unwrap());
        }
    })
    .await;
}
