//! The credit of touches row by row: the same sums as `analytics.attribution`, whoever reads them.

use std::collections::BTreeMap;

use api::graph::Kind;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{World, each_engine_told, id};

use super::{csv, get, ndjson};
use crate::numbers::{
    attribution::attribution,
    market::{FROM, Market, OF_MIA, OF_SAM, TO},
};

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap()
}

fn decimal(row: &Value, column: &str) -> Decimal {
    text(row, column).parse().unwrap()
}

/// Value and billionths of some rows by a key.
fn sums<'a>(rows: impl Iterator<Item = &'a Value>, key: impl Fn(&Value) -> String) -> BTreeMap<String, (Decimal, i64)> {
    let mut sums: BTreeMap<String, (Decimal, i64)> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(key(row)).or_default();
        *sum = (sum.0 + decimal(row, "value"), sum.1 + text(row, "billionths").parse::<i64>().unwrap());
    }
    sums.retain(|_, sum| *sum != Default::default());
    sums
}

#[tokio::test]
async fn its_rows_add_up_to_what_attribution_answers() {
    each_engine_told(async |world: World, market: Market| {
        let rows = csv(&world, &world.max(), &format!("/bi/v1/fact_credit.csv?from={FROM}&to={TO}")).await;
        // Every additive model shares each conversion out whole.
        let additive = rows.iter().filter(|row| row["is_additive"] == "true");
        let whole = sums(additive, |row| {
            [text(row, "conversion_kind"), text(row, "conversion_id"), text(row, "model")].join(" ")
        });
        assert!(whole.values().all(|(_, billionths)| *billionths == 1_000_000_000));
        let worth: BTreeMap<&str, Decimal> = whole
            .iter()
            .filter(|(key, _)| key.starts_with("CLOSED_WON") && key.ends_with("LINEAR"))
            .map(|(key, (value, _))| (key.split(' ').nth(1).unwrap(), *value))
            .collect();
        for deal in &market.deals {
            let won = deal.closed.is_some_and(|(_, won)| won);
            let found = worth.get(deal.id.as_hyphenated().to_string().as_str());
            assert_eq!(found.is_some(), won);
            if let (Some(found), "EUR") = (found, deal.currency) {
                assert_eq!(*found, Decimal::new(deal.amount, 2));
            }
        }
        // Row for row of the API's answer, by channel, campaign and touch, of each kind of conversion.
        for (kind, by, column) in [
            ("CLOSED_WON", "CHANNEL", "channel_id"),
            ("CLOSED_WON", "CAMPAIGN", "campaign_id"),
            ("CLOSED_WON", "TOUCH", "touchpoint_id"),
            ("LEAD_CREATED", "CHANNEL", "channel_id"),
            ("MQL", "CAMPAIGN", "campaign_id"),
            ("OPPORTUNITY_CREATED", "CHANNEL", "channel_id"),
        ] {
            let models = ["FIRST_TOUCH", "LINEAR", "W_SHAPED", "TIME_DECAY"];
            let input = json!({ "conversion": kind, "models": models, "by": by, "from": FROM, "to": TO });
            let answer = attribution(&world.max(), input).await;
            for (nth, model) in models.iter().enumerate() {
                let of_model = rows.iter().filter(|row| row["conversion_kind"] == kind && row["model"] == *model);
                let found = sums(of_model, |row| {
                    let (id, touch) = (text(row, column), text(row, "activity_id"));
                    match (id, by, text(row, "is_unattributed"), text(row, "is_sales_touch")) {
                        (_, _, "true", _) => "UNATTRIBUTED".to_owned(),
                        ("", "TOUCH", ..) => touch.to_owned(),
                        ("", "CHANNEL", _, "true") => "SALES".to_owned(),
                        ("", "CHANNEL", ..) => "NO_CHANNEL".to_owned(),
                        ("", ..) => "NO_CAMPAIGN".to_owned(),
                        (id, ..) => id.to_owned(),
                    }
                });
                let mut told: BTreeMap<String, Decimal> = BTreeMap::new();
                for row in answer["rows"].as_array().unwrap() {
                    let key = row["id"].as_str().or(row["kind"].as_str()).unwrap().to_owned();
                    told.insert(key, row["credits"][nth]["value"]["amount"].as_str().unwrap().parse().unwrap());
                }
                let mut found: BTreeMap<String, Decimal> =
                    found.into_iter().map(|(key, (value, _))| (key, value)).collect();
                found.retain(|_, value| !value.is_zero());
                told.retain(|_, value| !value.is_zero());
                assert_eq!(found, told, "{kind} {model} by {by}");
            }
        }
        // Places count the path, and each kind of conversion has an id of its own kind.
        for row in &rows {
            let ids = ["lead_id", "opportunity_id", "order_id"].map(|column| text(row, column));
            assert_eq!(ids.iter().filter(|id| !id.is_empty()).count(), 1);
            assert!(ids.concat().ends_with(text(row, "conversion_id")));
            assert_eq!(text(row, "place") == "0", text(row, "touched_at").is_empty());
        }
        let keys = |row: &Value| {
            let text = |column: &str| text(row, column).to_owned();
            (text("conversion_kind"), text("conversion_id"), text("model"), text("place").parse::<i64>().unwrap())
        };
        assert!(rows.windows(2).all(|pair| keys(&pair[0]) < keys(&pair[1])), "in the order of its keys, each once");
    })
    .await;
}

#[tokio::test]
async fn everybody_exports_the_credit_of_its_own_conversions() {
    each_engine_told(async |world: World, market: Market| {
        let path = "/bi/v1/fact_credit.ndjson";
        let won = |rows: &[Value]| -> Vec<Value> {
            let of = |row: &&Value| row["conversion_kind"] == "CLOSED_WON" && row["model"] == "LINEAR";
            rows.iter().filter(of).cloned().collect()
        };
        let all = won(&ndjson(&world, &world.max(), path).await);
        for (client, reach) in [(world.sam(), OF_SAM), (world.mia(), OF_MIA)] {
            let accounts: Vec<String> =
                market.customers[..reach].iter().map(|customer| id(Kind::Account, customer.account)).collect();
            let mut expected = all.clone();
            expected.retain(|row| accounts.iter().any(|account| row["account_id"] == account.as_str()));
            let own = won(&ndjson(&world, &client, path).await);
            assert!(!own.is_empty());
            assert_eq!(own, expected);
        }
        for client in [world.ana(), world.vera(), world.tom()] {
            let (status, code, _) = get(&world, &client, path).await.refused();
            assert_eq!((status, code.as_str()), (403, "FORBIDDEN"));
        }
        let other = world.of_other(api::policy::Role::Manager, "max");
        assert!(ndjson(&world, &other, path).await.is_empty());
    })
    .await;
}
