//! Who comes in, what is refused, and how a file is taken page by page.

use std::time::Duration;

use api::{bi::docs, policy::Role};
use axum::{
    body::{Body, Bytes},
    http::{Request, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use entities::{codes::Interaction, marketing::touchpoint};
use http_body_util::BodyExt;
use parquet::file::reader::{FileReader, SerializedFileReader};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{World, each_engine, each_engine_told};
use tower::ServiceExt;

use super::{YEAR, csv, get, get_as, ndjson, table};
use crate::numbers::market::Market;

#[tokio::test]
async fn a_token_comes_as_a_bearer_or_as_a_password() {
    each_engine(async |world: World| {
        let path = "/bi/v1/dim_channel.csv";
        let token = world.max().token;
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let by_bearer = get_as(&world, Some(&format!("Bearer {token}")), path).await.text();
        for good in [
            basic(&format!(":{token}")),
            basic(&format!("whoever:{token}")),
            format!("basic {}", STANDARD.encode(format!("x:{token}"))),
        ] {
            assert_eq!(get_as(&world, Some(&good), path).await.text(), by_bearer);
        }
        for bad in [
            None,
            Some("Bearer".to_owned()),
            Some("Bearer x".to_owned()),
            Some(basic(&token)),
            Some(basic("max:")),
            Some("Basic %".to_owned()),
            Some("Digest x".to_owned()),
        ] {
            for path in [path, "/bi/v1", "/bi/v1/nothing.csv", "/odata/", "/odata/$metadata", "/odata/nothing"] {
                let got = get_as(&world, bad.as_deref(), path).await;
                let ways: Vec<_> = got.headers.get_all(header::WWW_AUTHENTICATE).iter().cloned().collect();
                assert_eq!(ways, ["Basic realm=\"Journey\", charset=\"UTF-8\"", "Bearer"], "{bad:?} {path}");
                let (status, code, _) = got.refused();
                assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"), "{bad:?} {path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn columns_are_there_when_no_row_is() {
    each_engine(async |world: World| {
        let index = get(&world, &world.max(), "/bi/v1").await.json();
        let datasets = index["datasets"].as_array().unwrap();
        assert_eq!(datasets.len(), 17);
        for dataset in datasets {
            let name = dataset["dataset"].as_str().unwrap();
            let columns: Vec<&str> =
                dataset["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
            let got = get(&world, &world.max(), &format!("/bi/v1/{name}.csv")).await;
            assert_eq!(got.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
            assert_eq!(
                got.headers[header::CONTENT_DISPOSITION],
                format!("attachment; filename=\"{name}.csv\"").as_str()
            );
            let text = got.text();
            assert_eq!(text.split("\r\n").next().unwrap(), columns.join(","), "{name}");
            let rows = ndjson(&world, &world.max(), &format!("/bi/v1/{name}.ndjson")).await;
            assert_eq!(rows.len(), table(&text).len(), "{name}");
            assert!(!name.starts_with("fact_") || rows.is_empty(), "{name}");
            for row in rows {
                assert_eq!(row.as_object().unwrap().keys().collect::<Vec<_>>(), columns, "{name}");
            }
            let bytes: Bytes = get(&world, &world.max(), &format!("/bi/v1/{name}.parquet")).await.good();
            let file = SerializedFileReader::new(bytes).unwrap();
            let schema = file.metadata().file_metadata().schema_descr();
            let held: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
            assert_eq!(held, columns, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_lead_to_the_end_and_make_up_the_whole() {
    each_engine_told(async |world: World, _: Market| {
        for (dataset, arguments, limit) in [
            ("fact_touch", YEAR, 50),
            ("fact_stage_interval", "grain=YEAR", 37),
            ("fact_opportunity_daily", "from=2026-03-01&to=2026-03-05&currency=CHF", 33),
            ("dim_date", "from=2026-01-01&to=2027-01-01", 100),
            ("bi_metric", "from=2026-01-01&to=2026-04-01&grain=MONTH&by=CAMPAIGN", 50),
            ("fact_survey", "from=2026-01-01", 10_000),
        ] {
            let whole = ndjson(&world, &world.max(), &format!("/bi/v1/{dataset}.ndjson?{arguments}")).await;
            let mut path = Some(format!("/bi/v1/{dataset}.ndjson?{arguments}&limit={limit}"));
            let mut pages: Vec<Value> = Vec::new();
            let mut asked = 0;
            while let Some(next) = path {
                asked += 1;
                let got = get(&world, &world.max(), &next).await;
                path = got.next();
                let rows: Vec<Value> = got.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                assert!(rows.len() == limit || path.is_none() && rows.len() <= limit, "{dataset}");
                assert!(!rows.is_empty(), "{dataset}: an empty page at the end");
                pages.extend(rows);
            }
            assert_eq!(pages, whole, "{dataset}");
            assert_eq!(asked, whole.len().div_ceil(limit), "{dataset}");
        }
        // A cursor without a limit goes on to the end.
        let first = get(&world, &world.max(), "/bi/v1/fact_touch.csv?limit=100").await;
        let rest = first.next().unwrap().replace("&limit=100", "").replace("limit=100&", "");
        let (first, rest) = (table(&first.text()), csv(&world, &world.max(), &rest).await);
        assert_eq!([first, rest].concat(), csv(&world, &world.max(), "/bi/v1/fact_touch.csv").await);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_its_name() {
    each_engine_told(async |world: World, _: Market| {
        let cursor = get(&world, &world.max(), "/bi/v1/fact_touch.csv?limit=1").await.next().unwrap();
        let cursor = cursor.split("cursor=").nth(1).unwrap();
        for (path, status, says) in [
            ("fact_nothing.csv", 404, "there is no dataset \"fact_nothing\"; yours are fact_touch"),
            ("fact_touch.xlsx", 404, "csv, ndjson, parquet"),
            ("fact_touch", 404, "there is no format"),
            ("fact_touch.csv?timezone=Mars/Olympus", 400, "timezone: an IANA"),
            ("fact_touch.csv?currency=EURO", 400, "currency: an ISO 4217"),
            ("fact_touch.csv?grain=FORTNIGHT", 400, "grain: HOUR, DAY"),
            ("fact_touch.csv?from=2026-02-01&to=2026-02-01", 400, "to: after from"),
            ("fact_touch.csv?from=2026-02-01&to=2026-01-01", 400, "to: after from"),
            ("fact_touch.csv?to=2026-02-01", 400, "from: is needed"),
            ("fact_touch.csv?from=yesterday", 400, "from: a day such as"),
            ("fact_touch.csv?from=", 400, "from: is empty"),
            ("fact_touch.csv?from=2026-02-01&from=2026-02-02", 400, "from: is said twice"),
            ("fact_touch.csv?limit=0", 400, "limit: 1 to 10000"),
            ("fact_touch.csv?limit=10001", 400, "limit: 1 to 10000"),
            ("fact_touch.csv?limit=many", 400, "limit: 1 to 10000"),
            ("fact_touch.csv?cursor=x", 400, "cursor: one that this dataset gave"),
            (&format!("fact_lead.csv?cursor={cursor}"), 400, "cursor: one that this dataset gave"),
            ("fact_touch.csv?by=CAMPAIGN", 400, "by: fact_touch has no use for it"),
            ("dim_account.csv?from=2026-01-01", 400, "from: dim_account has no use for it"),
            ("fact_touch.csv?colour=red", 400, "colour: there is no such argument; there are from, to"),
            ("bi_metric.csv?metrics=LUCK", 400, "metrics: there is no LUCK"),
            ("bi_metric.csv?by=LUCK", 400, "by: there is no LUCK; there are ACCOUNT"),
            ("bi_metric.csv?metrics=CAMPAIGN_COST&by=TIER", 400, "groupBy: CAMPAIGN_COST does not know TIER"),
            ("bi_metric.csv?from=1990-01-01&to=2020-01-01", 400, "buckets"),
            ("dim_date.csv?from=1000-01-01&to=2000-01-01", 400, "to: at most 100 years"),
        ] {
            let (found, _, message) = get(&world, &world.max(), &format!("/bi/v1/{path}")).await.refused();
            assert_eq!(found, status, "{path}: {message}");
            assert!(message.contains(says), "{path}: {message}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_analyst_has_figures_and_no_row() {
    each_engine_told(async |world: World, _: Market| {
        let index = get(&world, &world.ana(), "/bi/v1").await.json();
        let names: Vec<&str> =
            index["datasets"].as_array().unwrap().iter().map(|dataset| dataset["dataset"].as_str().unwrap()).collect();
        assert_eq!(names, ["dim_date", "bi_metric"]);
        let all = get(&world, &world.max(), "/bi/v1").await.json();
        for dataset in all["datasets"].as_array().unwrap() {
            let name = dataset["dataset"].as_str().unwrap();
            for path in [
                format!("/bi/v1/{name}.csv"),
                format!("/bi/v1/{name}.parquet?limit=1"),
                format!("/odata/{name}"),
                format!("/odata/{name}/$count"),
            ] {
                let got = get(&world, &world.ana(), &path).await;
                if names.contains(&name) {
                    got.good();
                    continue;
                }
                let (status, code, message) = got.refused();
                assert_eq!((status, code.as_str()), (403, "FORBIDDEN"), "{path}");
                assert!(message.ends_with("with small groups hidden: dim_date, bi_metric"), "{message}");
            }
        }
        // Whole days where the tenant lives: nothing finer is told to who reads no rows.
        let arguments = "from=2025-11-01&to=2026-11-01&grain=MONTH&by=CAMPAIGN&metrics=LEADS,TOUCHES,CAMPAIGN_COST";
        let hers = csv(&world, &world.ana(), &format!("/bi/v1/bi_metric.csv?{arguments}")).await;
        let his = csv(&world, &world.max(), &format!("/bi/v1/bi_metric.csv?{arguments}")).await;
        let (hidden, shown): (Vec<&Value>, Vec<&Value>) = hers.iter().partition(|row| row["suppressed"] == "true");
        assert!(!hidden.is_empty() && !shown.is_empty());
        for row in hidden {
            for column in ["numerator", "denominator", "value", "low", "high", "rows"] {
                assert_eq!(row[column], "", "{row}");
            }
            assert_ne!(row["metric"], "CAMPAIGN_COST", "it counts no persons");
        }
        for row in shown {
            assert!(his.contains(row), "{row}");
        }
        for personal in ["ACCOUNT", "OWNER", "QUEUE"] {
            let path = format!("/bi/v1/bi_metric.csv?metrics=TICKETS&by={personal}");
            let (status, _, message) = get(&world, &world.ana(), &path).await.refused();
            assert_eq!(status, 400, "{personal}: {message}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_that_broke_off_does_not_look_complete() {
    each_engine(async |world: World| {
        world
            .work(async |work| {
                for _ in 0..5_001 {
                    let row = touchpoint::ActiveModel {
                        interaction: Set(Interaction::PageViewed),
                        occurred_at: Set(work.now()),
                        is_inbound: Set(true),
                        ..Default::default()
                    };
                    work.insert::<touchpoint::Entity>(row).await?;
                }
                Ok(())
            })
            .await;
        let whole = csv(&world, &world.max(), "/bi/v1/fact_touch.csv").await;
        assert_eq!(whole.len(), 5_001, "more than is read at a time");
        for format in ["csv", "ndjson", "parquet"] {
            let client = world.client(world.acme.slug, &[Role::Manager], "max", Duration::from_secs(10));
            let request = Request::get(format!("/bi/v1/fact_touch.{format}"))
                .header(header::AUTHORIZATION, format!("Bearer {}", client.token))
                .body(Body::empty())
                .unwrap();
            let router = world.app.router(api::http::Options::default());
            let response = router.oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200);
            // The token ends while the file is on its way.
            world.pass(chrono::TimeDelta::seconds(11));
            let (mut body, mut text, mut broken) = (response.into_body(), Vec::new(), false);
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => text.extend_from_slice(&frame.into_data().unwrap_or_default()),
                    Err(_) => broken = true,
                }
            }
            assert!(broken, "{format}: the transfer is not ended in good order");
            if format == "ndjson" {
                let last: Value =
                    serde_json::from_str(String::from_utf8(text).unwrap().lines().last().unwrap()).unwrap();
                assert_eq!(last["error"]["code"], json!("UNAUTHENTICATED"));
            }
        }
    })
    .await;
}

const BEGIN: &str = "<!-- generated from api/src/bi -->\n";
const END: &str = "<!-- end of the generated part -->\n";

#[test]
fn the_printed_columns_are_the_declared_ones() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/bi.md")).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("docs/bi.md has a generated part");
    let (_, after) = rest.split_once(END).expect("the generated part has an end");
    crate::policy::generated("docs/bi.md", &format!("{before}{BEGIN}{}{END}{after}", docs::markdown()));
}
