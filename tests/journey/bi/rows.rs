//! What the files hold: exact rows, each caller's own.

use api::graph::Kind;
use axum::body::Bytes;
use chrono::{NaiveDate, SecondsFormat, TimeDelta};
use entities::{account::account, marketing::lead};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use sea_orm::{EntityTrait, Set};
use serde_json::{Value, json};
use tests::{World, each_engine, each_engine_told, id};

use super::{YEAR, csv, get, ndjson};
use crate::numbers::market::{Market, OF_MIA, OF_SAM, TO, at};

fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(|row| row["id"].as_str().map(str::to_owned));
    rows
}

#[tokio::test]
async fn files_hold_exactly_the_rows_that_were_told() {
    each_engine_told(async |world: World, market: Market| {
        let touches = csv(&world, &world.max(), &format!("/bi/v1/fact_touch.csv?{YEAR}&grain=MONTH&timezone=UTC")).await;
        let told: Vec<Value> = market
            .touches
            .iter()
            .map(|touch| {
                json!({
                    "id": id(Kind::Touchpoint, touch.id),
                    "occurred_at": time(touch.at),
                    "account_id": id(Kind::Account, market.customers[touch.customer].account),
                    "contact_id": id(Kind::Contact, touch.contact),
                    "campaign_id": touch.campaign.map(|nth| id(Kind::Campaign, market.campaigns[nth])).unwrap_or_default(),
                    "channel_id": id(Kind::Channel, market.channels[touch.channel]),
                    "is_inbound": "true",
                    "bucket": touch.at.format("%Y-%m").to_string(),
                })
            })
            .collect();
        let named = |row: &Value, told: &Value| {
            let cells = told.as_object().unwrap().keys().map(|key| (key.clone(), row[key].clone()));
            Value::Object(cells.collect())
        };
        assert_eq!(touches.len(), told.len());
        for (row, told) in touches.iter().zip(sorted(told)) {
            assert_eq!(named(row, &told), told);
        }

        let leads = ndjson(&world, &world.max(), "/bi/v1/fact_lead.ndjson").await;
        let told = market.leads.iter().map(|lead| {
            json!({
                "id": id(Kind::Lead, lead.id),
                "created_at": time(lead.created),
                "status": "NEW",
                "score": null,
                "mql_at": lead.mql.map(time),
                "account_id": id(Kind::Account, market.customers[lead.customer].account),
                "contact_id": id(Kind::Contact, lead.contact),
                "campaign_id": id(Kind::Campaign, market.campaigns[lead.campaign]),
                "channel_id": id(Kind::Channel, market.channels[lead.channel]),
                "owner_id": null,
                "queue_id": null,
                "opportunity_id": null,
                "bucket": lead.created.with_timezone(&chrono_tz::Europe::Berlin).format("%Y-%m-%d").to_string(),
            })
        });
        assert_eq!(leads, sorted(told.collect()));
    })
    .await;
}

#[tokio::test]
async fn amounts_are_exact_and_converted_by_the_day() {
    each_engine_told(async |world: World, market: Market| {
        let costs = csv(&world, &world.max(), "/bi/v1/fact_cost.csv").await;
        let told = |row: &Value| {
            let keys = ["date_from", "amount", "currency", "amount_converted", "converted_to"];
            keys.map(|key| row[key].as_str().unwrap().to_owned())
        };
        let mut found: Vec<[String; 5]> = costs.iter().map(told).collect();
        found.sort();
        assert_eq!(
            found,
            [
                // There is no rate for dollars: the amount stands, what it is worth is not known.
                ["2025-01-01", "50.00", "USD", "", "EUR"],
                ["2025-12-30", "100.01", "CHF", "90.01", "EUR"],
                ["2026-01-01", "10000.01", "EUR", "10000.01", "EUR"],
                ["2026-02-15", "500.00", "EUR", "500.00", "EUR"],
                ["2026-06-01", "777.77", "EUR", "777.77", "EUR"],
            ]
        );
        let some = csv(&world, &world.max(), "/bi/v1/fact_cost.csv?from=2026-01-01&to=2026-06-01&currency=CHF").await;
        assert_eq!(some.len(), 2, "the period is half-open");
        assert!(some.iter().all(|row| row["converted_to"] == "CHF"));
        assert_eq!(market.costs.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn everybody_exports_its_own_rows_only() {
    each_engine_told(async |world: World, market: Market| {
        let of = |reach: usize| -> Vec<String> {
            market.customers[..reach].iter().map(|customer| id(Kind::Account, customer.account)).collect()
        };
        for (client, reach, datasets) in [
            (world.sam(), OF_SAM, ["fact_touch", "fact_opportunity", "fact_ticket", "fact_sla", "fact_survey"]),
            (world.mia(), OF_MIA, ["fact_opportunity", "fact_sla", "fact_opportunity", "fact_sla", "fact_sla"]),
        ] {
            for dataset in datasets {
                let path = format!("/bi/v1/{dataset}.csv");
                let own = csv(&world, &client, &path).await;
                let mut all = csv(&world, &world.max(), &path).await;
                let accounts = of(reach);
                all.retain(|row| accounts.iter().any(|account| row["account_id"] == account.as_str()));
                assert!(!own.is_empty(), "{dataset}");
                assert_eq!(own, all, "{dataset}");
            }
        }
        // Vera reads of a touch what it was, when, and of which campaign.
        let touches = ndjson(&world, &world.vera(), "/bi/v1/fact_touch.ndjson").await;
        assert!(!touches.is_empty());
        for touch in touches {
            let read: Vec<&str> = touch
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, cell)| !cell.is_null())
                .map(|(key, _)| key.as_str())
                .collect();
            assert!(["id", "occurred_at", "interaction", "bucket"].iter().all(|key| read.contains(key)), "{touch}");
            assert!(read.len() == 4 || read.len() == 5 && read.contains(&"campaign_id"), "{touch}");
        }
        // Mia reads of a ticket status and category, and since when there is one.
        let tickets = ndjson(&world, &world.mia(), "/bi/v1/fact_ticket.ndjson").await;
        assert!(!tickets.is_empty());
        assert!(tickets.iter().all(|row| row["priority"].is_null() && row["account_id"].is_null()));
        // Another tenant has none of it.
        let other = world.of_other(api::policy::Role::Manager, "max");
        assert!(csv(&world, &other, "/bi/v1/fact_touch.csv").await.is_empty());
        // What a role reads no row of is refused by name.
        let (status, code, message) = get(&world, &world.vera(), "/bi/v1/fact_cost.csv").await.refused();
        assert_eq!((status, code.as_str()), (403, "FORBIDDEN"));
        assert!(message.contains("fact_ticket") && !message.contains("Yours are: fact_cost"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a_row_names_nothing_that_its_reader_does_not_reach() {
    each_engine_told(async |world: World, market: Market| {
        // Two leads that became deals: marketing is on the one customer's team, not on the other's.
        let deal_of = |near: bool| market.deals.iter().find(|deal| (deal.customer < OF_MIA) == near).unwrap();
        let lead_of = |near: bool| market.leads.iter().find(|lead| (lead.customer < OF_MIA) == near).unwrap();
        for near in [true, false] {
            let (lead, deal) = (lead_of(near).id, deal_of(near).id);
            world
                .work(async |work| {
                    let row = lead::Entity::find_by_id((work.tenant(), lead)).one(work.tx()).await?.unwrap();
                    let change = lead::ActiveModel { converted_opportunity_id: Set(Some(deal)), ..Default::default() };
                    work.update_row::<lead::Entity>(&row, change).await
                })
                .await;
        }
        for (client, far) in [(world.max(), json!(id(Kind::Opportunity, deal_of(false).id))), (world.mia(), json!(""))]
        {
            let leads = csv(&world, &client, "/bi/v1/fact_lead.csv").await;
            let named = |near: bool| {
                let lead = json!(id(Kind::Lead, lead_of(near).id));
                leads.iter().find(|row| row["id"] == lead).unwrap()["opportunity_id"].clone()
            };
            assert_eq!(named(true), json!(id(Kind::Opportunity, deal_of(true).id)));
            assert_eq!(named(false), far);
        }
    })
    .await;
}

#[tokio::test]
async fn an_opportunity_has_a_row_for_each_day() {
    each_engine_told(async |world: World, market: Market| {
        let path = "/bi/v1/fact_opportunity_daily.csv?from=2026-02-01&to=2026-03-03&timezone=UTC";
        let rows = csv(&world, &world.max(), path).await;
        let mut expected = Vec::new();
        let mut day: NaiveDate = "2026-02-01".parse().unwrap();
        while day < "2026-03-03".parse().unwrap() {
            let end = day.succ_opt().unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc();
            let mut deals: Vec<[String; 4]> = market
                .deals
                .iter()
                .filter(|deal| deal.created <= end)
                .map(|deal| {
                    let standing = match deal.closed.filter(|(at, _)| *at <= end) {
                        None => "OPEN",
                        Some((_, true)) => "WON",
                        Some((_, false)) => "LOST",
                    };
                    let amount = format!("{}.{:02}", deal.amount / 100, deal.amount % 100);
                    [day.to_string(), id(Kind::Opportunity, deal.id), standing.to_owned(), amount]
                })
                .collect();
            deals.sort();
            expected.extend(deals);
            day = day.succ_opt().unwrap();
        }
        let told = |row: &Value| {
            ["day", "opportunity_id", "standing", "amount"].map(|key| row[key].as_str().unwrap().to_owned())
        };
        assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
        // What is to come has no rows, and the last day is as it is now.
        let ahead = csv(&world, &world.max(), "/bi/v1/fact_opportunity_daily.csv?from=2026-11-23&to=2027-01-01").await;
        assert_eq!(ahead.len(), market.deals.len());
        let (status, _, message) =
            get(&world, &world.max(), "/bi/v1/fact_opportunity_daily.csv?from=2020-01-01&to=2026-01-01")
                .await
                .refused();
        assert_eq!(status, 400);
        assert!(message.starts_with("to: at most 400 days"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a_parquet_file_says_what_the_csv_says() {
    each_engine_told(async |world: World, _: Market| {
        for dataset in ["fact_opportunity", "fact_cost", "fact_stage_interval", "dim_channel", "dim_date", "bi_metric"]
        {
            let rows = csv(&world, &world.max(), &format!("/bi/v1/{dataset}.csv")).await;
            let bytes: Bytes = get(&world, &world.max(), &format!("/bi/v1/{dataset}.parquet")).await.good();
            let file = SerializedFileReader::new(bytes).unwrap();
            let mut n = 0;
            for (row, told) in file.get_row_iter(None).unwrap().zip(&rows) {
                n += 1;
                for (name, field) in row.unwrap().get_column_iter() {
                    assert_eq!(said(field), said_by_csv(&told[name]), "{dataset} {name}");
                }
            }
            assert_eq!(
                (n, file.metadata().file_metadata().num_rows()),
                (rows.len(), i64::try_from(rows.len()).unwrap())
            );
            assert!(n > 0, "{dataset}");
        }
    })
    .await;
}

/// A value of a Parquet file, as the CSV says it; decimals and numbers without zeros at the end.
fn said(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Bool(is) => is.to_string(),
        Field::Long(n) => n.to_string(),
        Field::Double(n) => number(&n.to_string()),
        Field::Str(text) => text.clone(),
        Field::Date(days) => (NaiveDate::default() + TimeDelta::days((*days).into())).to_string(),
        Field::TimestampMicros(micros) => time(chrono::DateTime::from_timestamp_micros(*micros).unwrap()),
        Field::Decimal(decimal) => {
            let bytes: [u8; 16] = decimal.data().try_into().unwrap();
            let thousandths = i128::from_be_bytes(bytes);
            let sign = if thousandths < 0 { "-" } else { "" };
            number(&format!("{sign}{}.{:03}", thousandths.abs() / 1_000, thousandths.abs() % 1_000))
        }
        other => panic!("{other:?}"),
    }
}

fn number(text: &str) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    }
}

fn said_by_csv(cell: &Value) -> String {
    let text = cell.as_str().unwrap();
    match text.parse::<f64>() {
        Ok(_) => number(text),
        Err(_) => text.to_owned(),
    }
}

#[tokio::test]
async fn a_cell_is_no_formula() {
    each_engine(async |world: World| {
        let names =
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\")", "Bolt, \"Nut\"\nand Co", "Grüße"];
        world
            .work(async |work| {
                for name in names {
                    let row = account::ActiveModel {
                        name: Set(name.to_owned()),
                        domains: Set(json!([])),
                        lifecycle_stage: Set("TARGET".to_owned()),
                        ..Default::default()
                    };
                    work.insert::<account::Entity>(row).await?;
                }
                Ok(())
            })
            .await;
        let text = get(&world, &world.max(), "/bi/v1/dim_account.csv").await.text();
        assert!(text.starts_with("id,name,industry_id,"), "{text}");
        assert!(text.contains(",\"'=HYPERLINK(\"\"http://x\"\")\","), "{text}");
        let cells: Vec<Value> = super::table(&text).iter().map(|row| row["name"].clone()).collect();
        assert_eq!(
            cells,
            ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'=HYPERLINK(\"http://x\")", names[6], names[7]]
        );
        // Only spreadsheets run formulas.
        let rows = ndjson(&world, &world.max(), "/bi/v1/dim_account.ndjson").await;
        assert_eq!(rows.iter().map(|row| row["name"].clone()).collect::<Vec<_>>(), names);
        assert!(at(TO) < world.now());
    })
    .await;
}
