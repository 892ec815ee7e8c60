//! From raw page views and orders to the last-touch credit, the return on spend and every step between that Snowplow's
//! fractribution package expects of itself (Apache-2.0, see its LICENSE in `tests/data`). Its settings: host poplindata.com,
//! window 2022-06-03 to 2022-08-01, look-back 30 days, transform EXPOSURE, one touch a session.
//!
//! It counts the look-back in calendar days; here it is an exact duration (4.4). On these data both choose the same touches.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime};
use numbers::attribution::{
    Attribution, Conversion, DAY_US, Direct, Model, Options, Path, Report, Row, Touch, Transform, Unit,
};

use super::{google::read, oracle, value, weight};

const OPTIONS: Options = Options { lookback_us: 30 * DAY_US, direct: Direct::Keep, touch_rows: false, max_states: 100 };
const EXPOSURE: [Transform<Row>; 1] = [Transform::Exposure];

/// One file of what is expected; columns are written in capitals in some, in small letters in others.
fn expected(name: &str) -> Vec<BTreeMap<String, String>> {
    let rows = read(&format!("snowplow_fractribution/expected/snowplow_fractribution_{name}_expected.csv"));
    rows.into_iter().map(|row| row.into_iter().map(|(key, field)| (key.to_lowercase(), field)).collect()).collect()
}

/// The package's default classification, as far as mediums and campaigns occur in the data.
fn channel(source: &str, medium: &str, campaign: &str) -> &'static str {
    let (source, medium, campaign) = (source.to_lowercase(), medium.to_lowercase(), campaign.to_lowercase());
    let video = |text: &str| text.contains("video") || text.contains("youtube");
    match &*medium {
        "cpc" | "ppc" if campaign.contains("brand") => "Paid_Search_Brand",
        "cpc" | "ppc" if campaign.contains("generic") => "Paid_Search_Generic",
        "cpc" | "ppc" => "Paid_Search_Other",
        "organic" => "Organic_Search",
        _ if video(&campaign) || video(&source) => "Video",
        _ if source == "(direct)" => "Direct",
        "referral" => "Referral",
        "email" => "Email",
        _ => "Unmatched_Channel",
    }
}

const CHANNELS: [&str; 6] = ["Direct", "Organic_Search", "Paid_Search_Other", "Referral", "Unmatched_Channel", "Video"];

fn number(channel: &str) -> u32 {
    CHANNELS.iter().position(|known| *known == channel).unwrap_or_else(|| panic!("{channel}")) as u32
}

/// Sessions and orders of a customer.
#[derive(Default)]
struct Customer {
    sessions: Vec<Touch>,
    orders: Vec<(i64, i64)>,
}

fn customers() -> BTreeMap<String, Customer> {
    let mut customers: BTreeMap<String, Customer> = BTreeMap::new();
    let mut events = read("snowplow_fractribution/source/snowplow_fractribution_events.csv");
    assert_eq!(events.len(), 98);
    events.sort_by_key(|event| event["derived_tstamp"].clone());
    let mut seen = BTreeSet::new();
    for (event, id) in events.iter().zip(1..) {
        let at = DateTime::parse_from_rfc3339(&event["derived_tstamp"]).unwrap().timestamp_micros();
        let name = match &*event["user_id"] {
            "" => format!("f{}", event["domain_userid"]),
            user => format!("u{user}"),
        };
        let customer = customers.entry(name).or_default();
        let order: f64 = event["tr_total"].parse().unwrap_or(0.0);
        if order > 0.0 {
            customer.orders.push((at, (order * 100.0).round() as i64));
        }
        // The first page view of a session is the touch.
        let page_view = event["event_name"] == "page_view" && event["page_urlhost"] == "poplindata.com";
        if page_view && seen.insert(event["domain_sessionid"].clone()) {
            let channel = number(channel(&event["mkt_source"], &event["mkt_medium"], &event["mkt_campaign"]));
            let (source_rank, source_seq, person) = (0, 0, 0);
            customer.sessions.push(Touch {
                at,
                source_rank,
                source_seq,
                id,
                channel,
                campaign: None,
                direct: false,
                person,
            });
        }
    }
    customers
}

fn path(at: i64, sessions: &[Touch], transforms: &[Transform<Row>]) -> String {
    let mut path = Path::default();
    path.build(at, sessions.iter().copied(), &OPTIONS, Unit::Channel, transforms);
    let names: Vec<&str> = path.touches().iter().map(|touch| CHANNELS[touch.channel as usize]).collect();
    names.join(" > ")
}

/// The paths that ended in nothing: up to the last visit of everyone who never ordered.
fn null_paths(customers: &BTreeMap<String, Customer>) -> impl Iterator<Item = (&String, i64, &Customer)> {
    let without = customers.iter().filter(|(_, customer)| customer.orders.is_empty());
    without.map(|(name, customer)| (name, customer.sessions.iter().map(|touch| touch.at).max().unwrap(), customer))
}

fn time(text: &str) -> i64 {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap().and_utc().timestamp_micros()
}

/// An amount as the package writes it, in floats of whole currency, in minor units.
fn minor(text: &str) -> i128 {
    (text.parse::<f64>().unwrap() * 100.0).round() as i128
}

#[test]
fn sessions_and_their_channels_are_those_of_the_package() {
    let expected: BTreeSet<(String, i64, u32)> = expected("sessions_by_customer_id")
        .into_iter()
        .map(|row| (row["customer_id"].clone(), time(&row["visit_start_tstamp"]), number(&row["channel"])))
        .collect();
    let customers = customers();
    let sessions = customers
        .iter()
        .flat_map(|(name, customer)| customer.sessions.iter().map(|touch| (name.clone(), touch.at, touch.channel)));
    assert_eq!(expected.len(), 97);
    assert_eq!(sessions.collect::<BTreeSet<_>>(), expected);
}

#[test]
fn paths_are_those_of_the_package() {
    let customers = customers();
    let converting = expected("paths_to_conversion");
    assert_eq!(converting.len(), 6);
    for row in &converting {
        let customer = &customers[&row["customer_id"]];
        let at = time(&row["conversion_tstamp"]);
        assert_eq!(
            customer.orders.iter().map(|&(at, value)| (at, i128::from(value))).collect::<Vec<_>>(),
            [(at, minor(&row["revenue"]))]
        );
        assert_eq!(path(at, &customer.sessions, &[]), row["path"]);
        assert_eq!(path(at, &customer.sessions, &EXPOSURE), row["transformed_path"]);
    }
    let found: BTreeSet<(&str, String, String)> = null_paths(&customers)
        .map(|(name, at, customer)| {
            (&**name, path(at, &customer.sessions, &[]), path(at, &customer.sessions, &EXPOSURE))
        })
        .collect();
    let expected = expected("paths_to_non_conversion");
    let expected: BTreeSet<(&str, String, String)> = expected
        .iter()
        .map(|row| (&*row["customer_id"], row["path"].clone(), row["transformed_path"].clone()))
        .collect();
    assert_eq!(found, expected);
}

fn report() -> Report {
    let models = vec![Model::FirstTouch, Model::LastTouch, Model::Linear, "MARKOV".parse().unwrap()];
    let mut attribution = Attribution::new(models, Unit::Channel, EXPOSURE.to_vec(), OPTIONS);
    let customers = customers();
    for customer in customers.values() {
        for &(at, value_minor) in &customer.orders {
            attribution
                .add(&Conversion { at, value_minor, ..Conversion::default() }, customer.sessions.iter().copied());
        }
    }
    for (_, at, customer) in null_paths(&customers) {
        attribution.add_null(at, customer.sessions.iter().copied(), 1);
    }
    attribution.report()
}

#[test]
fn last_touch_and_return_on_spend_are_those_of_the_package() {
    let report = report();
    let credit = expected("channel_attribution");
    let credit: Vec<_> = credit.iter().filter(|row| row["attribution_type"] == "last_touch").collect();
    assert_eq!(credit.len(), report.channels.lines.len(), "a channel without a conversion has its row, too");
    for row in credit {
        let channel = Row::Channel(number(&row["channel"]));
        assert_eq!(value(&report.channels, channel, 1), minor(&row["revenue"]), "{row:?}");
        let conversions: i128 = row["conversions"].parse().unwrap();
        assert_eq!(weight(&report.channels, channel, 1), conversions * 1_000_000_000, "{row:?}");
    }
    for row in expected("report_table").iter().filter(|row| row["attribution_type"] == "last_touch") {
        let revenue = value(&report.channels, Row::Channel(number(&row["channel"])), 1) as f64 / 100.0;
        let (spend, roas): (f64, f64) = (row["spend"].parse().unwrap(), row["roas"].parse().unwrap());
        assert!((revenue / spend - roas).abs() < 1e-12, "{row:?}");
    }
}

/// The package's own summary of paths, and not ours, feeds the other computation.
#[test]
fn first_linear_and_markov_agree_with_other_computations() {
    let report = report();
    let paths: Vec<oracle::Row> = expected("path_summary")
        .iter()
        .map(|row| {
            let value = if row["revenue"].is_empty() { 0 } else { minor(&row["revenue"]) as u64 };
            let path = row["transformed_path"].split(" > ").map(number).collect();
            (path, row["conversions"].parse().unwrap(), row["non_conversions"].parse().unwrap(), value)
        })
        .collect();
    let (probability, effects) = oracle::markov::<oracle::Fraction>(&paths, 1);
    let exact = |oracle::Fraction(numerator, denominator)| numerator as f64 / denominator as f64;
    let converted = |channel| paths.iter().any(|(path, converted, ..)| *converted > 0 && path.contains(&channel));
    let total: f64 =
        effects.iter().filter(|(channel, _)| converted(**channel)).map(|(_, effect)| exact(effect.0)).sum();
    let solution = report.channels.markov[&3].as_ref().unwrap();
    assert!((solution.conversion_probability - exact(probability)).abs() < 1e-15);
    assert_eq!(effects.len(), CHANNELS.len());
    for (channel, (by_count, _)) in effects {
        let row = Row::Channel(channel);
        let mut first = 0;
        let mut linear = 0.0;
        for (path, _, _, value) in &paths {
            first += if path[0] == channel { i128::from(*value) } else { 0 };
            let own = path.iter().filter(|other| **other == channel).count();
            linear += *value as f64 * own as f64 / path.len() as f64;
        }
        assert_eq!(value(&report.channels, row, 0), first);
        // Of six orders each is rounded by less than a cent.
        assert!((value(&report.channels, row, 2) as f64 - linear).abs() < 6.0);
        let effect = solution.effects[&row].conversions;
        assert!((effect.effect - exact(by_count)).abs() < 1e-15, "{row:?}: {effect:?} {by_count:?}");
        let share = if converted(channel) { exact(by_count) / total } else { 0.0 };
        assert!((effect.share - share).abs() < 1e-15, "{row:?}: {effect:?} {share}");
    }
    let sum = |column| report.channels.lines.iter().map(|line| value(&report.channels, line.row, column)).sum::<i128>();
    assert_eq!([0, 1, 2, 3].map(sum), [50_092; 4]);
}
