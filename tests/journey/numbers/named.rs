//! The questions with a shape of their own, against what was told: funnel, waterfall, velocity, stage times, cohorts, journey times, health.

use std::collections::{BTreeMap, BTreeSet};

use api::graph::Kind;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{Client, World, each_engine_told, id};

use super::market::{Deal, FROM, Market, OF_SAM, TO, at, on_team};

async fn ask(client: &Client, field: &str, query: &str) -> Value {
    let query = format!("{{ analytics {{ {query} }} }}");
    client.ask(&query, json!({})).await.must().data(&format!("analytics.{field}")).clone()
}

fn amount(value: &Value) -> Decimal {
    value["amount"].as_str().unwrap().parse().unwrap()
}

/// In euro at the rate of the first of May 2026.
fn worth(deal: &Deal) -> i64 {
    let rate: i128 = if deal.currency == "CHF" { 1_050_000_000 } else { 1_000_000_000 };
    i64::try_from((i128::from(deal.amount) * rate + 500_000_000) / 1_000_000_000).unwrap()
}

#[tokio::test]
async fn the_funnel_counts_who_came_how_far() {
    each_engine_told(async |world: World, market: Market| {
        let steps = "steps { stage count overall { numerator denominator value } step { value } dropOff medianSinceFirst suppressed } mature key { key label }";
        // Opportunities, from their first stage to the win.
        let query = format!("funnel(input: {{ unit: OPPORTUNITY, steps: [\"QUALIFICATION\", \"CLOSED_WON\"], mode: PASSED_ALL, from: \"{FROM}\", to: \"{TO}\" }}) {{ groups {{ {steps} }} monotone outside scope definition }}");
        let won: Vec<i64> = market.deals.iter().filter_map(|deal| deal.closed.filter(|(_, won)| *won).map(|(at, _)| (at - deal.created).num_milliseconds())).collect();
        let max = ask(&world.max(), "funnel", &query).await;
        let group = &max["groups"][0];
        assert_eq!(group["steps"][0]["count"], json!(market.deals.len()));
        assert_eq!(group["steps"][1]["count"], json!(won.len()));
        assert_eq!(group["steps"][1]["overall"]["denominator"], json!(market.deals.len()));
        let mut sorted = won.clone();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { sorted[middle] as f64 } else { (sorted[middle - 1] + sorted[middle]) as f64 / 2.0 };
        assert!((group["steps"][1]["medianSinceFirst"].as_f64().unwrap() - median).abs() < 1e-6);
        assert_eq!((&max["monotone"], &max["scope"], &max["outside"]), (&json!(true), &json!("ALL"), &json!(0)));
        // A window of ten days, and a period that begins later: who began before it is outside.
        let within = format!("funnel(input: {{ unit: OPPORTUNITY, steps: [\"QUALIFICATION\", \"CLOSED_WON\"], mode: PASSED_ALL, windowDays: 10, from: \"2026-03-01T00:00:00Z\", to: \"{TO}\" }}) {{ groups {{ {steps} }} outside }}");
        let begun = at("2026-03-01T00:00:00Z");
        let later: Vec<&Deal> = market.deals.iter().filter(|deal| deal.created >= begun).collect();
        let soon = later.iter().filter(|deal| deal.closed.is_some_and(|(at, won)| won && at - deal.created <= TimeDelta::days(10))).count();
        let answer = ask(&world.max(), "funnel", &within).await;
        assert_eq!(answer["groups"][0]["steps"][0]["count"], json!(later.len()));
        assert_eq!(answer["groups"][0]["steps"][1]["count"], json!(soon));
        assert_eq!(answer["outside"], json!(market.deals.len() - later.len()));
        // Sales counts its own; told apart by campaign they add up.
        let sam = ask(&world.sam(), "funnel", &query).await;
        let own = market.deals.iter().filter(|deal| on_team(OF_SAM, deal.customer)).count();
        assert_eq!((&sam["groups"][0]["steps"][0]["count"], &sam["scope"]), (&json!(own), &json!("TEAM")));
        let grouped = format!("funnel(input: {{ unit: OPPORTUNITY, steps: [\"QUALIFICATION\", \"CLOSED_WON\"], groupBy: CAMPAIGN, from: \"{FROM}\", to: \"{TO}\" }}) {{ groups {{ {steps} }} }}");
        let answer = ask(&world.max(), "funnel", &grouped).await;
        let mut expected: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for deal in &market.deals {
            *expected.entry(deal.campaign.map(|nth| id(Kind::Campaign, market.campaigns[nth]))).or_default() += 1;
        }
        let found: BTreeMap<Option<String>, usize> = answer["groups"].as_array().unwrap().iter().map(|group| {
            let n = usize::try_from(group["steps"][0]["count"].as_u64().unwrap()).unwrap();
            (group["key"]["key"].as_str().map(str::to_owned), n)
        }).collect();
        assert_eq!(found, expected);
        // Who reads no rows may ask of persons, each once, all together.
        let refused = world.ana().ask(&format!("{{ analytics {{ {query} }} }}"), json!({})).await;
        assert_eq!(refused.code(), Some("BAD_USER_INPUT"));
        let persons = format!("funnel(input: {{ from: \"{FROM}\", to: \"{TO}\" }}) {{ groups {{ {steps} }} outside }}");
        assert_eq!(ask(&world.ana(), "funnel", &persons).await["groups"][0]["steps"][0]["count"], json!(0));
        for (input, words) in [
            ("steps: []", "steps: 1 to 12"),
            ("steps: [\"LEAD\", \"LEAD\"]", "steps: 1 to 12 different"),
            ("windowDays: 0", "windowDays: between 1 and 3650"),
            ("groupBy: PRIORITY", "groupBy: FUNNEL does not know PRIORITY"),
        ] {
            let query = format!("{{ analytics {{ funnel(input: {{ {input}, from: \"{FROM}\", to: \"{TO}\" }}) {{ outside }} }} }}");
            let answer = world.max().ask(&query, json!({})).await;
            assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "{input}");
            assert!(answer.message().unwrap().starts_with(words), "{}", answer.message().unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn the_waterfall_leads_from_one_pipeline_to_the_other() {
    each_engine_told(async |world: World, market: Market| {
        let part = "{ value { amount } count }";
        let parts = [
            "start",
            "created",
            "reopened",
            "increased",
            "decreased",
            "won",
            "lost",
            "movedOut",
            "movedIn",
            "reassignedIn",
            "reassignedOut",
            "fx",
            "removed",
            "end",
        ];
        let selected: String = parts.map(|name| format!("{name} {part} ")).concat();
        // Both moments after the last change of a rate: a franc is worth the same at both.
        let (from, to) = ("2026-04-01T00:00:00Z", "2026-08-01T00:00:00Z");
        let query = format!(
            "pipelineWaterfall(from: \"{from}\", to: \"{to}\") {{ {selected} unvalued definition currency scope }}"
        );
        let answer = ask(&world.max(), "pipelineWaterfall", &query).await;
        let value = |name: &str| amount(&answer[name]["value"]);
        let reckoned = value("start") + value("created") + value("reopened") + value("increased")
            - value("decreased")
            - value("won")
            - value("lost")
            - value("movedOut")
            + value("movedIn")
            + value("reassignedIn")
            - value("reassignedOut")
            + value("fx")
            - value("removed");
        assert_eq!(reckoned, value("end"), "an identity, to the cent");
        let open = |moment: DateTime<Utc>| {
            let stands = move |deal: &&Deal| deal.created <= moment && deal.closed.is_none_or(|(at, _)| at > moment);
            let open: Vec<&Deal> = market.deals.iter().filter(stands).collect();
            (Decimal::new(open.iter().map(|deal| worth(deal)).sum(), 2), open.len())
        };
        for (name, moment) in [("start", at(from)), ("end", at(to))] {
            let (sum, n) = open(moment);
            assert_eq!((value(name), &answer[name]["count"]), (sum, &json!(n)), "{name}");
        }
        let between = |deal: &&Deal, wanted: bool| {
            deal.closed.is_some_and(|(closed, won)| won == wanted && at(from) < closed && closed <= at(to))
        };
        let won: i64 = market.deals.iter().filter(|deal| between(deal, true)).map(worth).sum();
        assert_eq!(value("won"), Decimal::new(won, 2));
        assert_eq!(value("fx"), Decimal::ZERO);
        // Over the change of the rate the identity holds, and the rates are a part of it.
        let query = format!("pipelineWaterfall(from: \"2026-02-01T00:00:00Z\", to: \"{to}\") {{ {selected} }}");
        let answer = ask(&world.max(), "pipelineWaterfall", &query).await;
        let value = |name: &str| amount(&answer[name]["value"]);
        let reckoned = value("start") + value("created") + value("reopened") + value("increased")
            - value("decreased")
            - value("won")
            - value("lost")
            - value("movedOut")
            + value("movedIn")
            + value("reassignedIn")
            - value("reassignedOut")
            + value("fx")
            - value("removed");
        assert_eq!(reckoned, value("end"));
        for client in [world.vera(), world.ana()] {
            let query =
                format!("{{ analytics {{ pipelineWaterfall(from: \"{from}\", to: \"{to}\") {{ unvalued }} }} }}");
            assert_eq!(client.ask(&query, json!({})).await.code(), Some("BAD_USER_INPUT"));
        }
    })
    .await;
}

#[tokio::test]
async fn velocity_is_made_of_its_four_parts() {
    each_engine_told(async |world: World, market: Market| {
        let query = format!("salesVelocity(asOf: \"{TO}\") {{ byMedian {{ amount }} byMean {{ amount }} open winRate {{ numerator denominator value }} averageWon {{ amount }} medianCycleDays meanCycleDays suppressed scope }}");
        let answer = ask(&world.max(), "salesVelocity", &query).await;
        let end = at(TO);
        let open = market.deals.iter().filter(|deal| deal.closed.is_none_or(|(at, _)| at > end)).count();
        let closed: Vec<&Deal> = market.deals.iter().filter(|deal| deal.closed.is_some()).collect();
        let won: Vec<&&Deal> = closed.iter().filter(|deal| deal.closed.unwrap().1).collect();
        assert_eq!(answer["open"], json!(open));
        assert_eq!((&answer["winRate"]["numerator"], &answer["winRate"]["denominator"]), (&json!(won.len()), &json!(closed.len())));
        let cycles: f64 = won.iter().map(|deal| (deal.closed.unwrap().0 - deal.created).num_milliseconds() as f64 / 86_400_000.0).sum();
        let mean = cycles / won.len() as f64;
        assert!((answer["meanCycleDays"].as_f64().unwrap() - mean).abs() < 1e-9);
        let average: f64 = amount(&answer["averageWon"]).to_string().parse().unwrap();
        let expected = open as f64 * (won.len() as f64 / closed.len() as f64) * average / mean;
        let found: f64 = amount(&answer["byMean"]).to_string().parse().unwrap();
        assert!((found - expected).abs() < expected * 1e-3, "{found} {expected}");
        // Nothing was told to the other tenant: no part, no velocity.
        let none = ask(&world.of_other(api::policy::Role::Manager, "max"), "salesVelocity", &query).await;
        assert_eq!((&none["byMedian"], &none["open"]), (&Value::Null, &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn stage_times_are_of_the_stays_that_are_over() {
    each_engine_told(async |world: World, market: Market| {
        let stages = "stages { stage objects visits openCount latest { mean p50 } cumulative { mean } } definition scope";
        let query = format!("stageTimes(of: TICKET, from: \"{FROM}\", to: \"{TO}\") {{ {stages} }}");
        let answer = ask(&world.max(), "stageTimes", &query).await;
        let stage = |code: &str| answer["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == code).unwrap().clone();
        let over: Vec<i64> = market.cases.iter().filter_map(|case| Some((case.solved? - case.created).num_milliseconds())).collect();
        let new = stage("NEW");
        assert_eq!((&new["objects"], &new["visits"]), (&json!(market.cases.len()), &json!(market.cases.len())));
        assert_eq!(new["openCount"], json!(market.cases.len() - over.len()));
        let mean = over.iter().sum::<i64>() as f64 / over.len() as f64;
        assert!((new["latest"]["mean"].as_f64().unwrap() - mean).abs() < 1e-6);
        assert_eq!(new["latest"]["mean"], new["cumulative"]["mean"], "each came once");
        let answer = world.max().ask(&format!("{{ analytics {{ stageTimes(of: TICKET, minDwellSeconds: -1, from: \"{FROM}\", to: \"{TO}\") {{ scope }} }} }}"), json!({})).await;
        assert_eq!(answer.code(), Some("BAD_USER_INPUT"));
    })
    .await;
}

#[tokio::test]
async fn cohorts_are_of_first_wins_and_new_customers_cost_what_campaigns_did() {
    each_engine_told(async |world: World, market: Market| {
        let query = format!("cohorts(from: \"{FROM}\", to: \"{TO}\", grain: QUARTER) {{ cohorts {{ bucket {{ from to label }} size cells {{ period active retention {{ numerator denominator }} net {{ amount }} mature }} acquisitionCost {{ amount }} }} unvalued scope }}");
        let answer = ask(&world.max(), "cohorts", &query).await;
        let mut first: BTreeMap<usize, DateTime<Utc>> = BTreeMap::new();
        for deal in market.deals.iter().filter(|deal| deal.closed.is_some_and(|(_, won)| won)) {
            let at = deal.closed.unwrap().0;
            first.entry(deal.customer).and_modify(|first| *first = (*first).min(at)).or_insert(at);
        }
        let mut sizes = 0;
        for cohort in answer["cohorts"].as_array().unwrap() {
            let moment = |name: &str| at(cohort["bucket"][name].as_str().unwrap());
            let size = first.values().filter(|first| moment("from") <= **first && **first < moment("to")).count();
            assert_eq!(cohort["size"], json!(size), "{}", cohort["bucket"]["label"]);
            sizes += size;
            if size > 0 {
                assert_eq!(cohort["cells"][0]["active"], json!(size), "whoever is won is active then");
                assert!(cohort["acquisitionCost"]["amount"].is_string());
            } else {
                assert_eq!(cohort["acquisitionCost"], Value::Null);
            }
        }
        assert_eq!(sizes, first.len(), "a customer is new once");
        let sam = ask(&world.sam(), "cohorts", &query).await;
        let own: u64 = sam["cohorts"].as_array().unwrap().iter().map(|cohort| cohort["size"].as_u64().unwrap()).sum();
        assert_eq!(own, first.keys().filter(|customer| on_team(OF_SAM, **customer)).count() as u64);
        assert!(sam["cohorts"].as_array().unwrap().iter().all(|cohort| cohort["acquisitionCost"].is_null()), "sales is not told what campaigns cost");
    })
    .await;
}

#[tokio::test]
async fn journeys_are_from_milestone_to_milestone() {
    each_engine_told(async |world: World, market: Market| {
        let query = format!("journeyTimes(from: \"{FROM}\", to: \"{TO}\") {{ journeys legs {{ from to count open skipped backwards time {{ p50 mean }} }} paths {{ steps share {{ numerator denominator }} }} others {{ numerator }} scope }}");
        let answer = ask(&world.max(), "journeyTimes", &query).await;
        let mut customers: BTreeSet<usize> = BTreeSet::new();
        customers.extend(market.touches.iter().map(|touch| touch.customer));
        customers.extend(market.leads.iter().map(|lead| lead.customer));
        customers.extend(market.deals.iter().map(|deal| deal.customer));
        customers.extend(market.cases.iter().map(|case| case.customer));
        assert_eq!(answer["journeys"], json!(customers.len()));
        // The first leg, by a plain look: first touch to first lead.
        let mut both = Vec::new();
        for customer in &customers {
            let touch = market.touches.iter().filter(|touch| touch.customer == *customer).map(|touch| touch.at).min();
            let lead = market.leads.iter().filter(|lead| lead.customer == *customer).map(|lead| lead.created).min();
            if let (Some(touch), Some(lead)) = (touch, lead)
                && touch <= lead
            {
                both.push((lead - touch).num_milliseconds());
            }
        }
        let leg = &answer["legs"][0];
        assert_eq!((&leg["from"], &leg["to"], &leg["count"]), (&json!("FIRST_TOUCH"), &json!("LEAD"), &json!(both.len())));
        let mean = both.iter().sum::<i64>() as f64 / both.len() as f64;
        assert!((leg["time"]["mean"].as_f64().unwrap() - mean).abs() < 1e-6);
        let ways: u64 = answer["paths"].as_array().unwrap().iter().map(|path| path["share"]["numerator"].as_u64().unwrap()).sum();
        assert_eq!(ways + answer["others"]["numerator"].as_u64().unwrap(), customers.len() as u64);
    })
    .await;
}

#[tokio::test]
async fn health_is_the_same_for_everybody_and_lists_only_what_its_reader_may_read() {
    each_engine_told(async |world: World, market: Market| {
        let account = id(Kind::Account, market.customers[0].account);
        let query = format!("accountHealth(id: \"{account}\") {{ score confidence definition parts {{ kind score weight share basis sources }} }}");
        let mut max = ask(&world.max(), "accountHealth", &query).await;
        let parts = max["parts"].as_array().unwrap();
        let of = |kind: &str| parts.iter().find(|part| part["kind"] == kind).unwrap();
        let now = world.now();
        let touched = |from: i64, to: i64| market.touches.iter().filter(|touch| touch.customer == 0 && touch.at > now - TimeDelta::days(from) && touch.at <= now - TimeDelta::days(to)).count();
        assert_eq!(of("ENGAGEMENT")["basis"], json!(format!("{} touches in the last 30 days, {} in the 90 days before", touched(30, 0), touched(120, 30))));
        assert_eq!(of("RENEWAL")["score"], Value::Null, "no contract is no zero");
        let score: f64 = parts.iter().filter_map(|part| Some(part["share"].as_f64()? * part["score"].as_f64()?)).sum();
        assert!((max["score"].as_f64().unwrap() - score).abs() < 1e-9);
        assert!(max["confidence"].as_f64().unwrap() < 1.0);
        assert_eq!(max["definition"], "HEALTH@1/weights@0");
        // The same for sales; the rows behind it by its own rights.
        let mut sam = ask(&world.sam(), "accountHealth", &query).await;
        for answer in [&mut max, &mut sam] {
            for part in answer["parts"].as_array_mut().unwrap() {
                part["sources"] = Value::Null;
                part["basis"] = Value::Null;
            }
        }
        assert_eq!(sam, max);
        // Sue does not reach the account: she is told its name elsewhere, and no health.
        let query = format!("{{ analytics {{ accountHealth(id: \"{account}\") {{ score }} }} }}");
        assert_eq!(world.sue().ask(&query, json!({})).await.code(), Some("NOT_FOUND"));
        assert_eq!(world.of_other(api::policy::Role::Manager, "max").ask(&query, json!({})).await.code(), Some("NOT_FOUND"));
        assert_eq!(world.ana().ask(&query, json!({})).await.code(), Some("BAD_USER_INPUT"));
    })
    .await;
}
