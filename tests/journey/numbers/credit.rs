//! A value of attribution explains itself: its rows add up to it exactly, and what nobody may list is not listed.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{Client, World, each_engine_told};

use super::market::{FROM, Market, OF_MIA, TO};

const EXPLANATION: &str = "model kind id value { amount } conversions suppressed definition formula changed arguments { name value } scope counted
    excluded { reason count } excludedTouches { reason count } removalEffect removalEffects hasNextPage
    rows { conversion at account touch touchedAt place value { amount } conversions cursor }";

/// The explanation of a handle with all its rows, read in pages of nine.
async fn explained(client: &Client, handle: &str) -> (Value, Option<Vec<Value>>) {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "query($handle: String!, $after: String) {{ analytics {{ explainCredit(handle: $handle, first: 9, after: $after) {{ {EXPLANATION} }} }} }}"
        );
        let answer = client.ask(&query, json!({ "handle": handle, "after": after })).await.must();
        let page = answer.data("analytics.explainCredit").clone();
        let Some(found) = page["rows"].as_array() else { return (page, None) };
        assert!(found.len() == 9 || page["hasNextPage"] == json!(false));
        rows.extend(found.iter().cloned());
        match page["hasNextPage"] == json!(true) {
            true => after = found.last().unwrap()["cursor"].clone(),
            false => return (page, Some(rows)),
        }
    }
}

async fn attribution(client: &Client, by: &str, models: &[&str], more: Value) -> Value {
    let mut input = json!({ "conversion": "CLOSED_WON", "models": models, "by": by, "from": FROM, "to": TO });
    for (key, value) in more.as_object().unwrap() {
        input[key] = value.clone();
    }
    let query = "query($input: AttributionInput!) { analytics { attribution(input: $input, first: 1000) {
        rows { kind id paths suppressed cost { amount } explainCost credits { model value { amount } conversions explain } }
        conversions value { amount } explain excluded { reason count } } } }";
    client.ask(query, json!({ "input": input })).await.must().data("analytics.attribution").clone()
}

fn amount(value: &Value) -> Decimal {
    value["amount"].as_str().unwrap().parse().unwrap()
}

fn sum(rows: &[Value]) -> (Decimal, f64) {
    let conversions = rows.iter().map(|row| row["conversions"].as_f64().unwrap()).sum();
    (rows.iter().map(|row| amount(&row["value"])).sum(), conversions)
}

#[tokio::test]
async fn the_rows_behind_a_value_add_up_to_it() {
    each_engine_told(async |world: World, market: Market| {
        let won = market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| won)).count();
        let models = ["FIRST_TOUCH", "LINEAR", "TIME_DECAY", "PRIMARY_SOURCE", "INFLUENCED"];
        for (by, rows) in [("CHANNEL", 3), ("CAMPAIGN", 2), ("TOUCH", 1)] {
            let answer = attribution(&world.max(), by, &models, json!({ "direct": "DROP" })).await;
            let all = answer["rows"].as_array().unwrap();
            // The first of each kind, and what nobody touched.
            let last = all.iter().rfind(|row| row["kind"] == "UNATTRIBUTED");
            for row in all.iter().take(rows).chain(last) {
                for credit in row["credits"].as_array().unwrap() {
                    let (page, found) = explained(&world.max(), credit["explain"].as_str().unwrap()).await;
                    let (found, name) = (found.unwrap(), &credit["model"]);
                    assert_eq!((&page["model"], &page["kind"], &page["id"]), (name, &row["kind"], &row["id"]));
                    assert_eq!(
                        (&page["value"], &page["conversions"]),
                        (&credit["value"], &credit["conversions"]),
                        "{name} by {by}"
                    );
                    let (value, conversions) = sum(&found);
                    assert_eq!(value, amount(&credit["value"]), "{name} by {by}");
                    assert!((conversions - credit["conversions"].as_f64().unwrap()).abs() < 1e-6, "{name} by {by}");
                    assert!(found.is_sorted_by_key(|row| row["at"].as_str().unwrap().to_owned()));
                    assert!(found.iter().all(|row| row["conversion"].is_string() && row["account"].is_string()));
                    let mut deals: Vec<_> = found.iter().map(|row| row["conversion"].as_str().unwrap()).collect();
                    deals.sort_unstable();
                    deals.dedup();
                    assert_eq!(page["counted"], json!(deals.len()), "{name} by {by}");
                    assert_eq!((&page["definition"], &page["changed"]), (&json!("ATTRIBUTION@2"), &json!(false)));
                    let said = page["arguments"].as_array().unwrap();
                    assert!(said.contains(&json!({ "name": "direct", "value": "DROP" })), "{page}");
                    if row["kind"] == "UNATTRIBUTED" && name != "PRIMARY_SOURCE" {
                        assert!(found.iter().all(|row| row["touch"].is_null() && row["place"] == json!(0)));
                    }
                    if by == "TOUCH" && row["kind"] == "TOUCH" {
                        assert!(found.iter().all(|found| found["touch"] == row["id"]));
                    }
                }
            }
        }
        // The total is that of the deals; what was spent is a figure like any other.
        let answer = attribution(&world.max(), "CAMPAIGN", &["LINEAR"], json!({})).await;
        let (page, rows) = explained(&world.max(), answer["explain"].as_str().unwrap()).await;
        let rows = rows.unwrap();
        assert_eq!((&page["value"], rows.len(), &page["model"]), (&answer["value"], won, &Value::Null));
        assert_eq!(sum(&rows), (amount(&answer["value"]), won as f64));
        let spent = answer["rows"].as_array().unwrap().iter().find(|row| row["explainCost"].is_string()).unwrap();
        let query =
            "query($handle: String!) { analytics { explain(handle: $handle) { definition value { numerator } } } }";
        let cost = world.max().ask(query, json!({ "handle": spent["explainCost"] })).await.must();
        assert_eq!(cost.data("analytics.explain.definition"), "CAMPAIGN_COST@1");
        let numerator: Decimal = cost.text("analytics.explain.value.numerator").parse().unwrap();
        assert_eq!(numerator, amount(&spent["cost"]));
    })
    .await;
}

#[tokio::test]
async fn what_answers_for_a_set_of_paths_shows_its_parts_instead() {
    each_engine_told(async |world: World, _: Market| {
        let answer = attribution(&world.max(), "CHANNEL", &["MARKOV"], json!({})).await;
        let total = amount(&answer["value"]);
        for row in answer["rows"].as_array().unwrap().iter().filter(|row| row["kind"] == "CHANNEL") {
            let (page, rows) = explained(&world.max(), row["credits"][0]["explain"].as_str().unwrap()).await;
            assert_eq!((&page["value"], &page["counted"], rows), (&row["credits"][0]["value"], &row["paths"], None));
            let (effect, effects) = (page["removalEffect"].as_f64().unwrap(), page["removalEffects"].as_f64().unwrap());
            // Of the value of conversions with a touch, by effect.
            let share: f64 = (amount(&page["value"]) / total).try_into().unwrap();
            assert!(effect > 0.0 && effect <= effects && share <= effect / effects + 1e-6, "{page}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_does_not_count_is_said_with_its_reason() {
    each_engine_told(async |world: World, _: Market| {
        let more = json!({ "lookbackDays": 1, "transforms": [{ "kind": "LAST_N", "n": 1 }] });
        let answer = attribution(&world.max(), "CHANNEL", &["LINEAR"], more).await;
        let (page, _) = explained(&world.max(), answer["explain"].as_str().unwrap()).await;
        let reasons: Vec<_> =
            page["excludedTouches"].as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
        assert!(reasons.contains(&json!("OUTSIDE_LOOKBACK")), "{page}");
        assert!(!reasons.contains(&json!("NO_CONSENT")) && !reasons.contains(&json!("DIRECT")), "{page}");
        // Without a rate for dollars nothing can be told in them.
        let answer = attribution(&world.max(), "CHANNEL", &["LINEAR"], json!({ "currency": "USD" })).await;
        let (page, rows) = explained(&world.max(), answer["explain"].as_str().unwrap()).await;
        assert_eq!((&page["excluded"], rows), (&answer["excluded"], Some(Vec::new())));
        assert_eq!(page["excluded"][0]["reason"], "MISSING_RATE");
    })
    .await;
}

#[tokio::test]
async fn a_handle_gives_nobody_more_than_its_holder_may_ask_for() {
    each_engine_told(async |world: World, market: Market| {
        let won = |reach: usize| {
            let of = market.deals.iter().filter(|deal| deal.customer < reach);
            of.filter(|deal| deal.closed.is_some_and(|(_, won)| won)).count()
        };
        let answer = attribution(&world.max(), "CHANNEL", &["LINEAR"], json!({})).await;
        let total = answer["explain"].as_str().unwrap();
        let (_, of_max) = explained(&world.max(), total).await;
        // Marketing is told what every deal gives, and of those that it reaches which they are.
        let (page, rows) = explained(&world.mia(), total).await;
        let rows = rows.unwrap();
        assert_eq!((&page["scope"], rows.len()), (&json!("ALL"), won(12)));
        assert_eq!(sum(&rows), sum(&of_max.unwrap()));
        assert_eq!(rows.iter().filter(|row| row["conversion"].is_string()).count(), won(OF_MIA));
        // Sales explains its own; who reaches nothing has nothing to explain.
        let (_, rows) = explained(&world.sam(), total).await;
        assert_eq!(rows.unwrap().len(), won(super::market::OF_SAM));
        let (page, rows) = explained(&world.sue(), total).await;
        assert_eq!((&page["counted"], rows), (&json!(0), Some(Vec::new())));
        // The analyst is told the number, and no row.
        let (page, rows) = explained(&world.ana(), total).await;
        assert_eq!((&page["counted"], rows), (&json!(won(12)), None));
        assert_eq!(page["excludedTouches"], json!([]));
        let query = "query($handle: String!) { analytics { explainCredit(handle: $handle) { counted } } }";
        for client in [world.vera(), world.tom()] {
            let answer = client.ask(query, json!({ "handle": total })).await;
            assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "the field is not in the role's schema");
        }
        let of_figure = answer["rows"].as_array().unwrap().iter().find_map(|row| row["explainCost"].as_str()).unwrap();
        for handle in ["nonsense", "", "e30", of_figure] {
            let answer = world.max().ask(query, json!({ "handle": handle })).await;
            assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "{handle}");
        }
        let query = "query($handle: String!) { analytics { explainCredit(handle: $handle, first: 101) { counted } } }";
        let answer = world.max().ask(query, json!({ "handle": total })).await;
        assert_eq!(answer.message(), Some("first: between 1 and 100, not 101"));
        let query = "query($handle: String!) { analytics { explain(handle: $handle) { counted } } }";
        assert_eq!(world.max().ask(query, json!({ "handle": total })).await.code(), Some("BAD_USER_INPUT"));
    })
    .await;
}
