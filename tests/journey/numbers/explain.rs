//! A figure explains itself: its rows add up to it, and what nobody may list is not listed.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{Client, World, each_engine_told};

use super::{aggregate, market::Market, whole, year};

const EXPLANATION: &str =
    "value { numerator denominator value suppressed } definition formula source changed scope counted
    keys { dimension key } bucket { from to } excluded { reason count } parts { metric numerator explain } hasNextPage
    rows { id at account numerator denominator milliseconds cursor }";

/// The explanation of a handle with all its rows, read in pages of seven.
async fn explained(client: &Client, handle: &str) -> (Value, Option<Vec<Value>>) {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "query($handle: String!, $after: String) {{ analytics {{ explain(handle: $handle, first: 7, after: $after) {{ {EXPLANATION} }} }} }}"
        );
        let answer = client.ask(&query, json!({ "handle": handle, "after": after })).await.must();
        let page = answer.data("analytics.explain").clone();
        let Some(found) = page["rows"].as_array() else { return (page, None) };
        rows.extend(found.iter().cloned());
        match page["hasNextPage"] == json!(true) {
            true => after = found.last().unwrap()["cursor"].clone(),
            false => return (page, Some(rows)),
        }
    }
}

fn sum(rows: &[Value], field: &str) -> Decimal {
    rows.iter().filter_map(|row| row[field].as_str()).map(|text| text.parse::<Decimal>().unwrap()).sum()
}

#[tokio::test]
async fn the_rows_behind_a_figure_add_up_to_it() {
    each_engine_told(async |world: World, _: Market| {
        for client in [world.max(), world.sam(), world.mia()] {
            let metrics = client.ask("{ analytics { metrics { metric dimensions } } }", json!({})).await.must();
            for metric in metrics.data("analytics.metrics").as_array().unwrap() {
                let name = metric["metric"].as_str().unwrap();
                // Told apart by its first dimension: groups have keys.
                let dimension = metric["dimensions"][0].as_str().unwrap();
                let answer = aggregate(
                    &client,
                    &format!("metrics: [{name}], groupBy: [{{ dimension: {dimension} }}], {}", year()),
                )
                .await;
                for row in answer["rows"].as_array().unwrap().iter().take(3) {
                    let figure = &row["values"][0];
                    let (page, rows) = explained(&client, figure["explain"].as_str().unwrap()).await;
                    assert_eq!(page["value"]["numerator"], figure["numerator"], "{name}");
                    assert_eq!(page["value"]["denominator"], figure["denominator"], "{name}");
                    assert_eq!(page["definition"], json!(format!("{name}@1")));
                    assert_eq!(page["keys"][0]["key"], row["keys"][0]["key"]);
                    assert_eq!(page["counted"], figure["rows"]);
                    let Some(rows) = rows else {
                        assert_eq!(page["parts"].as_array().unwrap().len(), 2, "{name} is made of others");
                        continue;
                    };
                    let numerator: Option<Decimal> = figure["numerator"].as_str().map(|text| text.parse().unwrap());
                    match numerator {
                        Some(numerator) => assert_eq!(sum(&rows, "numerator"), numerator, "{name}: {rows:?}"),
                        None => {
                            let ended = rows.iter().filter(|row| !row["milliseconds"].is_null()).count();
                            assert_eq!(
                                ended + usize::try_from(figure["openCount"].as_u64().unwrap()).unwrap(),
                                rows.len()
                            );
                            let all: f64 = rows.iter().filter_map(|row| row["milliseconds"].as_f64()).sum();
                            if ended > 0 {
                                let mean = figure["distribution"]["mean"].as_f64().unwrap();
                                assert!((all / ended as f64 - mean).abs() < 1e-3);
                            }
                        }
                    }
                    if let Some(denominator) = figure["denominator"].as_str() {
                        assert_eq!(sum(&rows, "denominator"), denominator.parse::<Decimal>().unwrap(), "{name}");
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_handle_gives_nobody_more_than_its_holder_may_ask_for() {
    each_engine_told(async |world: World, _: Market| {
        let answer = aggregate(&world.max(), &format!("metrics: [LEADS], {}", year())).await;
        let handle = whole(&answer, 0)["explain"].as_str().unwrap().to_owned();
        let (of_max, rows) = explained(&world.max(), &handle).await;
        assert_eq!(rows.unwrap().len(), usize::try_from(of_max["counted"].as_u64().unwrap()).unwrap());
        // Sam counts what Sam sees; Sue sees nothing; the analyst is told the number and no row.
        let (of_sam, rows) = explained(&world.sam(), &handle).await;
        assert!(of_sam["counted"].as_u64().unwrap() < of_max["counted"].as_u64().unwrap());
        assert_eq!(rows.unwrap().len(), usize::try_from(of_sam["counted"].as_u64().unwrap()).unwrap());
        let (of_sue, rows) = explained(&world.sue(), &handle).await;
        assert_eq!((of_sue["counted"].clone(), rows), (json!(0), Some(Vec::new())));
        let (of_ana, rows) = explained(&world.ana(), &handle).await;
        assert_eq!((of_ana["counted"].clone(), rows), (of_max["counted"].clone(), None));

        for (handle, client) in [("nonsense", world.max()), ("e30", world.max()), ("", world.ana())] {
            let query = "query($handle: String!) { analytics { explain(handle: $handle) { counted } } }";
            let answer = client.ask(query, json!({ "handle": handle })).await;
            assert_eq!(answer.code(), Some("BAD_USER_INPUT"));
        }
    })
    .await;
}
