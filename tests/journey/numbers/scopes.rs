//! Whose rows a figure counts: each role's figure is the naive filter of all rows by what that role may list; the scoreboard is the same
//! for everybody; who reads no rows is told of no small group.

use std::collections::BTreeSet;

use api::{graph::Kind, policy::Role};
use serde_json::{Value, json};
use tests::{Client, World, each_engine_told, id};

use super::{
    aggregate, by_key,
    market::{Market, OF_SAM, on_team},
    refused, whole, year,
};

/// All ids of a list that a client may read.
async fn listed(client: &Client, list: &str) -> BTreeSet<String> {
    let (mut ids, mut after) = (BTreeSet::new(), Value::Null);
    loop {
        let query = format!(
            "query($after: String) {{ {list}(first: 100, after: $after) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let answer = client.ask(&query, json!({ "after": after })).await.must();
        let page = answer.data(list);
        ids.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()));
        match page["pageInfo"]["hasNextPage"] == json!(true) {
            true => after = page["pageInfo"]["endCursor"].clone(),
            false => return ids,
        }
    }
}

#[tokio::test]
async fn each_roles_figure_is_a_naive_filter_of_all_rows() {
    each_engine_told(async |world: World, market: Market| {
        let leads: Vec<String> = market.leads.iter().map(|lead| id(Kind::Lead, lead.id)).collect();
        let deals: Vec<String> = market.deals.iter().map(|deal| id(Kind::Opportunity, deal.id)).collect();
        let cases: Vec<String> = market.cases.iter().map(|case| id(Kind::Ticket, case.id)).collect();
        let touches: Vec<String> = market.touches.iter().map(|touch| id(Kind::Touchpoint, touch.id)).collect();
        let mut narrower = 0;
        for client in
            [world.mia(), world.sam(), world.sue(), world.vera(), world.tom(), world.max(), world.ina(), world.ada()]
        {
            for (metric, list, all) in [
                ("LEADS", "leads", &leads),
                ("OPPORTUNITIES_CREATED", "opportunities", &deals),
                ("TICKETS", "tickets", &cases),
                ("TOUCHES", "touchpoints", &touches),
            ] {
                let (code, _) = refused(&client, &format!("metrics: [{metric}], {}", year())).await;
                if !code.is_empty() {
                    continue;
                }
                let answer = aggregate(&client, &format!("metrics: [{metric}], {}", year())).await;
                let seen = listed(&client, list).await;
                let expected = all.iter().filter(|id| seen.contains(*id)).count();
                assert_eq!(whole(&answer, 0)["numerator"], json!(expected.to_string()), "{metric}");
                narrower += usize::from(0 < expected && expected < all.len());
            }
        }
        assert!(narrower >= 4, "roles with fewer rows were among them");
        // The team rule itself, and what a scope says of itself.
        let sam = aggregate(&world.sam(), &format!("metrics: [OPPORTUNITIES_CREATED], {}", year())).await;
        let of_sam = market.deals.iter().filter(|deal| on_team(OF_SAM, deal.customer)).count();
        assert_eq!(whole(&sam, 0)["numerator"], json!(of_sam.to_string()));
        assert_eq!(sam["scope"], "TEAM");
        // Another tenant counts nothing of it.
        let theirs =
            aggregate(&world.of_other(Role::Manager, "max"), &format!("metrics: [LEADS, TOUCHES], {}", year())).await;
        assert_eq!(whole(&theirs, 0)["numerator"], "0");
        assert_eq!(whole(&theirs, 1)["numerator"], "0");
    })
    .await;
}

#[tokio::test]
async fn a_metric_or_a_dimension_that_is_not_the_roles_is_refused_by_name() {
    each_engine_told(async |world: World, _: Market| {
        let year = year();
        for (client, arguments, words) in [
            (world.sam(), "metrics: [CAMPAIGN_COST]", "metrics: CAMPAIGN_COST is not for your role; yours are "),
            (world.vera(), "metrics: [WON_VALUE]", "metrics: WON_VALUE is not for your role"),
            (world.tom(), "metrics: [PIPELINE_VALUE]", "metrics: PIPELINE_VALUE is not for your role"),
            (world.ana(), "metrics: [LEADS], groupBy: [{ dimension: ACCOUNT }]", "groupBy: ACCOUNT is not for your role; yours are INDUSTRY, "),
            (world.ana(), "metrics: [LEADS], groupBy: [{ dimension: OWNER }]", "groupBy: OWNER is not for your role"),
            (world.ana(), "metrics: [TICKETS], where: [{ dimension: QUEUE, keys: [null] }]", "where: QUEUE is not for your role"),
        ] {
            let (code, message) = refused(&client, &format!("{arguments}, {year}")).await;
            assert_eq!(code, "BAD_USER_INPUT", "{arguments}");
            assert!(message.starts_with(words), "{arguments}: {message}");
        }
        for (arguments, words) in [
            ("metrics: [LEADS], from: \"2026-01-01T10:00:00Z\", to: \"2026-01-01T10:05:00Z\"".to_owned(), "from: whole days for your role"),
            (format!("metrics: [LEADS], timezone: \"Etc/GMT+1\", {year}"), "timezone: the tenant's own for your role"),
            (format!("metrics: [WON_VALUE], currency: \"CHF\", {year}"), "currency: the tenant's own for your role"),
            (format!("metrics: [WON_VALUE], fx: {{ mode: FIXED, date: \"2026-05-01\" }}, {year}"), "currency: the tenant's own for your role"),
            (format!("metrics: [LEADS], asOf: \"2026-03-01T10:00:00Z\", {year}"), "asOf: a midnight in the tenant's zone"),
        ] {
            let (code, message) = refused(&world.ana(), &arguments).await;
            assert_eq!(code, "BAD_USER_INPUT", "{arguments}");
            assert!(message.starts_with(words), "{arguments}: {message}");
        }
        let hours = "metrics: [LEADS], groupBy: [{ grain: HOUR }], from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\"";
        let (code, message) = refused(&world.ana(), hours).await;
        assert_eq!((code.as_str(), message.as_str()), ("BAD_USER_INPUT", "groupBy: no grain under DAY for your role"));
        let (code, _) = refused(&world.max(), hours).await;
        assert_eq!(code, "", "the manager may");
    })
    .await;
}

#[tokio::test]
async fn the_scoreboard_is_the_same_for_everybody() {
    each_engine_told(async |world: World, market: Market| {
        let board = "query($grain: Grain) { analytics { scoreboard(from: \"2025-10-31T23:00:00Z\", to: \"2026-10-31T23:00:00Z\", grain: $grain) {
            buckets { from to label } asOf timezone currency excluded { metric reason count }
            lines { metric discipline definition targets values { numerator denominator value low high openCount suppressed rows } } } } }";
        for grain in [Value::Null, json!("QUARTER")] {
            let of = async |client: Client| client.ask(board, json!({ "grain": grain })).await.must().data("analytics.scoreboard").clone();
            let max = of(world.max()).await;
            for client in [world.mia(), world.sam(), world.sue(), world.vera(), world.tom(), world.ana(), world.ina(), world.ada()] {
                assert_eq!(of(client).await, max);
            }
        }
        let all = world.mia().ask(board, json!({})).await.must();
        let line = |metric: &str| {
            let lines = all.data("analytics.scoreboard.lines").as_array().unwrap();
            lines.iter().find(|line| line["metric"] == metric).unwrap().clone()
        };
        assert_eq!(line("LEADS")["values"][0]["numerator"], json!(market.leads.len().to_string()));
        assert_eq!(line("LEADS")["discipline"], "MARKETING");
        assert_eq!(line("WON")["values"][0]["numerator"], json!(market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| won)).count().to_string()));
        assert_eq!(line("CAMPAIGN_COST")["values"][0]["suppressed"], json!(false), "cost counts no persons");
        // A slice of one industry, for everybody alike; the wrong kind of id, and what is no whole day, are refused.
        let slice = "query($industry: ID, $from: DateTime!) { analytics { scoreboard(from: $from, to: \"2026-10-31T23:00:00Z\", industry: $industry) { lines { metric values { numerator suppressed } } } } }";
        let industry = json!({ "industry": id(Kind::Industry, market.industries[0]), "from": super::market::FROM });
        let of_sam = world.sam().ask(slice, industry.clone()).await.must();
        assert_eq!(of_sam.data("analytics"), world.mia().ask(slice, industry).await.must().data("analytics"));
        let lines = of_sam.data("analytics.scoreboard.lines").as_array().unwrap();
        let of_industry = market.leads.iter().filter(|lead| market.customers[lead.customer].industry == 0).count();
        assert_eq!(lines[2]["values"][0], json!({ "numerator": of_industry.to_string(), "suppressed": false }));
        assert_eq!(lines[1]["values"], Value::Null, "cost knows no industry");
        for bad in [json!({ "industry": id(Kind::Channel, market.channels[0]), "from": super::market::FROM }), json!({ "from": "2025-11-01T10:00:00Z" })] {
            assert_eq!(world.max().ask(slice, bad).await.code(), Some("BAD_USER_INPUT"));
        }
        let unknown = json!({ "industry": id(Kind::Industry, market.channels[0]), "from": super::market::FROM });
        assert_eq!(world.max().ask(slice, unknown).await.code(), Some("NOT_FOUND"));
        // Who may list nothing lists nothing by the board's handles either.
        let handles = "{ analytics { scoreboard(from: \"2025-10-31T23:00:00Z\", to: \"2026-10-31T23:00:00Z\") { lines { metric values { explain } } } } }";
        let lines = world.sue().ask(handles, json!({})).await.must();
        let handle = lines.data("analytics.scoreboard.lines.2.values.0.explain").clone();
        let explain = "query($handle: String!) { analytics { explain(handle: $handle) { counted rows { id } } } }";
        let answer = world.sue().ask(explain, json!({ "handle": handle })).await.must();
        assert_eq!(answer.data("analytics.explain"), &json!({ "counted": market.leads.len(), "rows": null }));
    })
    .await;
}

#[tokio::test]
async fn who_reads_no_rows_is_told_of_no_small_group_and_of_nothing_that_gives_one_away() {
    each_engine_told(async |world: World, market: Market| {
        let arguments = format!("metrics: [LEADS], groupBy: [{{ dimension: COUNTRY }}, {{ dimension: CAMPAIGN }}, {{ grain: MONTH }}], first: 1000, {}", year());
        let (open, hidden) = (aggregate(&world.max(), &arguments).await, aggregate(&world.ana(), &arguments).await);
        let (open, hidden) = (open["rows"].as_array().unwrap(), hidden["rows"].as_array().unwrap());
        assert_eq!(open.len(), hidden.len());
        let mut small = 0;
        for (open, hidden) in open.iter().zip(hidden) {
            assert_eq!(open["keys"], hidden["keys"]);
            let value = &hidden["values"][0];
            let is_hidden = value["suppressed"] == json!(true);
            if open["values"][0]["rows"].as_i64().unwrap() < 5 {
                assert!(is_hidden, "fewer rows than persons are wanted: {open}");
                small += 1;
            }
            if is_hidden {
                for field in ["numerator", "denominator", "value", "explain", "money"] {
                    assert_eq!(value[field], Value::Null);
                }
                assert_eq!(value["rows"], json!(0));
            }
        }
        assert!(small > 0);
        // Large groups are shown, and are those of the rows.
        let arguments = format!("metrics: [LEADS], groupBy: [{{ dimension: COUNTRY }}], {}", year());
        let ana = aggregate(&world.ana(), &arguments).await;
        assert_eq!(by_key(&ana, "numerator"), by_key(&aggregate(&world.max(), &arguments).await, "numerator"));
        assert_eq!(ana["scope"], "ALL");
        let all = aggregate(&world.ana(), &format!("metrics: [TOUCHES, CAMPAIGN_COST], {}", year())).await;
        assert_eq!(whole(&all, 0)["numerator"], json!(market.touches.len().to_string()));
        assert_eq!(whole(&all, 1)["suppressed"], json!(false));
        // What does not count is a number of rows, too; and a share is as small as those who pass.
        let one = "from: \"2026-01-05T23:00:00Z\", to: \"2026-01-09T23:00:00Z\"";
        for metric in ["ACCEPTANCE_RATE", "FIRST_RESPONSE_TIME", "WON_VALUE", "WIN_RATE_BY_VALUE"] {
            let answer = aggregate(&world.ana(), &format!("metrics: [{metric}], {one}")).await;
            assert_eq!(answer["excluded"], json!([]), "{metric}");
            let figure = whole(&answer, 0);
            assert!(figure["rows"] == json!(0), "{metric}: a few days hold too few: {figure}");
        }
        // The analyst's schema has no row.
        for row in ["{ leads { nodes { id } } }", "{ account(id: \"acc_1\") { name } }", "{ touchpoints { nodes { id } } }"] {
            assert_eq!(world.ana().ask(row, json!({})).await.code(), Some("BAD_USER_INPUT"));
        }
    })
    .await;
}
