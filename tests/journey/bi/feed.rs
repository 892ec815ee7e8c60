//! OData: documents, options, pages, and one figure through every door.

use serde_json::{Value, json};
use tests::{World, each_engine, each_engine_told};

use super::{YEAR, csv, get, ndjson, path};
use crate::numbers::market::Market;

async fn feed(world: &World, path: &str) -> Value {
    let got = get(world, &world.max(), &format!("/odata/{path}")).await;
    assert_eq!(got.headers["odata-version"], "4.0");
    assert_eq!(got.headers["content-type"], "application/json;odata.metadata=minimal;charset=utf-8");
    got.json()
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["value"].as_array().unwrap()
}

fn each<'a>(answer: &'a Value, column: &str) -> Vec<&'a Value> {
    rows(answer).iter().map(|row| &row[column]).collect()
}

#[tokio::test]
async fn the_documents_say_what_there_is() {
    each_engine(async |world: World| {
        let service = feed(&world, "").await;
        let names: Vec<&str> = rows(&service).iter().map(|set| set["url"].as_str().unwrap()).collect();
        assert!(service["@odata.context"].as_str().unwrap().ends_with("/odata/$metadata"));
        assert_eq!(names.len(), 17);
        let metadata = get(&world, &world.max(), "/odata/$metadata").await;
        assert_eq!(metadata.headers["content-type"], "application/xml;charset=utf-8");
        let metadata = metadata.text();
        for name in &names {
            assert!(metadata.contains(&format!("<EntitySet Name=\"{name}\" EntityType=\"Journey.{name}\">")), "{name}");
            assert!(metadata.contains(&format!("<EntityType Name=\"{name}\"><Key><PropertyRef Name=")), "{name}");
        }
        assert!(metadata.contains("<Property Name=\"amount\" Type=\"Edm.Decimal\" Precision=\"28\" Scale=\"3\">"));
        assert!(metadata.contains("<Property Name=\"day\" Type=\"Edm.Date\" Nullable=\"false\">"));
        assert_eq!(metadata.matches('<').count(), metadata.matches('>').count());
        // Each sees its own.
        let hers = get(&world, &world.ana(), "/odata/").await.json();
        assert_eq!(each(&hers, "name"), ["dim_date", "bi_metric"]);
        assert!(!get(&world, &world.ana(), "/odata/$metadata").await.text().contains("fact_"));
    })
    .await;
}

#[tokio::test]
async fn rows_are_chosen_sorted_and_counted_by_the_database() {
    each_engine_told(async |world: World, market: Market| {
        let all = ndjson(&world, &world.max(), "/bi/v1/fact_opportunity.ndjson").await;
        assert_eq!(rows(&feed(&world, "fact_opportunity").await), &all, "the files' rows");

        let won = feed(&world, "fact_opportunity?$filter=standing%20eq%20'WON'%20and%20amount%20ge%205000.00&$count=true&$top=2").await;
        let expected: Vec<&Value> = all
            .iter()
            .filter(|row| row["standing"] == "WON" && row["amount"].as_f64().unwrap() >= 5_000.0)
            .collect();
        assert_eq!(won["@odata.count"], json!(expected.len()));
        assert_eq!(rows(&won).iter().collect::<Vec<_>>(), expected[..2]);
        assert!(won.get("@odata.nextLink").is_none(), "what $top asks for is all");

        let sorted = feed(&world, "fact_opportunity?$orderby=amount desc&$select=id,amount&$skip=3&$top=4".replace(' ', "%20").as_str()).await;
        let mut amounts: Vec<f64> = all.iter().map(|row| row["amount"].as_f64().unwrap()).collect();
        amounts.sort_by(f64::total_cmp);
        amounts.reverse();
        assert_eq!(each(&sorted, "amount").iter().map(|n| n.as_f64().unwrap()).collect::<Vec<_>>(), amounts[3..7]);
        assert_eq!(rows(&sorted)[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "amount"]);
        assert!(sorted["@odata.context"].as_str().unwrap().ends_with("#fact_opportunity(id,amount)"));

        let account = all[0]["account_id"].as_str().unwrap();
        let of_account = feed(&world, &format!("fact_opportunity?$filter=account_id%20eq%20'{account}'")).await;
        assert_eq!(rows(&of_account).len(), all.iter().filter(|row| row["account_id"] == account).count());
        let day = all[5]["close_date"].as_str().unwrap();
        let later = feed(&world, &format!("fact_opportunity?$filter=(close_date%20gt%20{day})%20and%20campaign_id%20eq%20null")).await;
        let expected = all.iter().filter(|row| row["close_date"].as_str().unwrap() > day && row["campaign_id"].is_null());
        assert_eq!(rows(&later).iter().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        let count = get(&world, &world.max(), "/odata/fact_opportunity/$count?$filter=standing%20ne%20'WON'").await.text();
        assert_eq!(count, all.iter().filter(|row| row["standing"] != "WON").count().to_string());
        let at = all[7]["created_at"].as_str().unwrap();
        let since = feed(&world, &format!("fact_opportunity?$filter=created_at%20ge%20{at}&$count=true&$top=0")).await;
        assert_eq!(since["@odata.count"], json!(all.iter().filter(|row| row["created_at"].as_str().unwrap() >= at).count()));
        assert!(rows(&since).is_empty());
        assert_eq!(market.deals.len(), all.len());

        // Rows that stand in memory obey the same options.
        let days = feed(&world, "dim_date?from=2026-01-01&to=2026-03-01&$filter=is_weekend%20eq%20true%20and%20month%20eq%202&$orderby=day%20desc&$top=3&$count=true").await;
        assert_eq!(days["@odata.count"], 8);
        assert_eq!(each(&days, "day"), ["2026-02-28", "2026-02-22", "2026-02-21"]);
    })
    .await;
}

#[tokio::test]
async fn pages_go_on_by_their_links() {
    each_engine_told(async |world: World, _: Market| {
        for (question, size) in [
            ("fact_touch?$select=id,campaign_id,occurred_at", 40),
            // Null comes first, and last where the order falls.
            ("fact_touch?$orderby=campaign_id,occurred_at%20desc", 29),
            ("fact_touch?$orderby=campaign_id%20desc,channel_id", 29),
            ("fact_ticket?$orderby=solved_at%20desc&$filter=priority%20ne%20'LOW'", 3),
            ("fact_opportunity?$orderby=currency,amount&$top=30", 7),
            ("fact_opportunity?$skip=11&$top=30", 7),
            ("fact_opportunity_daily?from=2026-03-01&to=2026-03-04&$orderby=amount", 13),
            ("dim_date?from=2026-01-01&to=2026-02-01&$orderby=day_of_week", 10),
        ] {
            let whole = feed(&world, question).await;
            assert!(whole.get("@odata.nextLink").is_none());
            let mut next = Some(format!("/odata/{question}"));
            let mut pages: Vec<Value> = Vec::new();
            while let Some(address) = next {
                let request = axum::http::Request::get(&address)
                    .header("authorization", format!("Bearer {}", world.max().token))
                    .header("prefer", format!("odata.maxpagesize={size}"))
                    .body(axum::body::Body::empty())
                    .unwrap();
                let (status, body, _) = world.send(request).await;
                let answer: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(status, 200, "{answer}");
                assert!(rows(&answer).len() <= size);
                pages.extend(rows(&answer).iter().cloned());
                next = answer.get("@odata.nextLink").map(|link| path(link.as_str().unwrap()));
            }
            assert!(pages.len() > size, "{question}");
            assert_eq!(&pages, rows(&whole), "{question}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_odata_does_not_allow_here_is_refused() {
    each_engine(async |world: World| {
        for (path, status, says) in [
            ("nothing", 404, "there is no dataset"),
            ("fact_touch('tch_1')", 501, "an address is that of an entity set"),
            ("fact_touch/account", 501, "an address is that of an entity set"),
            ("fact_touch?$expand=account", 501, "$expand: this server knows"),
            ("fact_touch?$apply=aggregate($count%20as%20n)", 501, "$apply: this server knows"),
            ("fact_touch?$filter=secret%20eq%201", 400, "$filter: fact_touch has no column \"secret\""),
            ("fact_touch?$filter=contains(utm_source,'x')", 400, "$filter: fact_touch has no column \"contains\""),
            ("fact_touch?$filter=bucket%20eq%20'x'", 400, "worked out"),
            ("fact_touch?$orderby=bucket", 400, "worked out"),
            ("fact_touch?$orderby=id%20up", 400, "$orderby: columns with commas"),
            ("fact_touch?$select=id,tenant_id", 400, "$select: fact_touch has no column \"tenant_id\""),
            ("fact_touch?$top=-1", 400, "$top: a whole number"),
            ("fact_touch?$skip=100001", 400, "$skip: a whole number, 0 to 100000"),
            ("fact_touch?$count=yes", 400, "$count: true or false"),
            ("fact_touch?$skiptoken=x", 400, "$skiptoken: one that"),
            ("fact_touch?$format=atom", 400, "$format: json"),
            ("fact_touch?limit=1", 400, "limit: there is no such option"),
            ("fact_touch?timezone=x", 400, "timezone: an IANA"),
        ] {
            let got = get(&world, &world.max(), &format!("/odata/{path}")).await;
            assert_eq!(got.headers["odata-version"], "4.0");
            let (found, code, message) = got.refused();
            assert_eq!(found, status, "{path}: {message}");
            assert!(!code.is_empty() && message.contains(says), "{path}: {message}");
        }
        // A text in a literal is a value and nothing else.
        let injected = feed(&world, "fact_touch?$filter=utm_source%20eq%20'x''%20OR%201=1%20--'").await;
        assert!(rows(&injected).is_empty());
    })
    .await;
}

#[tokio::test]
async fn one_figure_is_the_same_through_every_door() {
    each_engine_told(async |world: World, _: Market| {
        for client in [world.max(), world.ana(), world.sam()] {
            for metric in ["TOUCHES", "LEADS", "ACCEPTANCE_RATE", "WIN_RATE", "TICKETS"] {
                let asked = client
                    .ask(
                        "query($m: Metric!) { analytics { aggregate(metrics: [$m], groupBy: [{ dimension: CHANNEL }, { grain: QUARTER }],
                           from: \"2025-11-01T00:00:00Z\", to: \"2026-11-01T00:00:00Z\", first: 1000) {
                           rows { keys { key } bucket { label } values { numerator denominator value suppressed } } } } }",
                        json!({ "m": metric }),
                    )
                    .await;
                let arguments = format!("{YEAR}&metrics={metric}&by=CHANNEL&grain=QUARTER");
                if asked.body.get("errors").is_some() {
                    // What the graph refuses, the files refuse.
                    assert_eq!(get(&world, &client, &format!("/bi/v1/bi_metric.csv?{arguments}")).await.status, 400, "{asked}");
                    continue;
                }
                let told: Vec<[Value; 6]> = asked
                    .data("analytics.aggregate.rows")
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| {
                        let figure = &row["values"][0];
                        let decimal = |name: &str| match figure[name].as_str() {
                            Some(text) => json!(text.parse::<f64>().unwrap()),
                            None => Value::Null,
                        };
                        [row["keys"][0]["key"].clone(), row["bucket"]["label"].clone(), decimal("numerator"), decimal("denominator"), figure["value"].clone(), figure["suppressed"].clone()]
                    })
                    .collect();
                assert!(!told.is_empty(), "{metric}");
                let columns = ["channel_id", "bucket", "numerator", "denominator", "value", "suppressed"];
                let number = |value: &Value| value.as_f64().map_or(value.clone(), |n| json!(n));
                let odata = get(&world, &client, &format!("/odata/bi_metric?{arguments}")).await.json();
                let by_odata: Vec<[Value; 6]> = rows(&odata).iter().map(|row| columns.map(|column| number(&row[column]))).collect();
                assert_eq!(by_odata, told, "{metric}");
                let by_csv = csv(&world, &client, &format!("/bi/v1/bi_metric.csv?{arguments}")).await;
                let by_csv: Vec<[Value; 6]> = by_csv
                    .iter()
                    .map(|row| {
                        columns.map(|column| match row[column].as_str().unwrap() {
                            "" => Value::Null,
                            "true" => json!(true),
                            "false" => json!(false),
                            text => text.parse::<f64>().map_or(json!(text), |n| json!(n)),
                        })
                    })
                    .collect();
                assert_eq!(by_csv, told, "{metric}");
            }
        }
    })
    .await;
}
