//! The numbers: every figure against what the market was told to be, for each role, through every door.

mod aggregate;
mod attribution;
mod explain;
pub mod market;
mod named;
mod rollup;
mod scopes;

use serde_json::{Value, json};
use tests::Client;

use crate::policy::generated;

/// What a question selects of each figure.
pub const FIGURES: &str = "rows { keys { dimension key label } bucket { from to label partial } cursor values { metric unit numerator denominator value
    money { amount currency } low high distribution { mean p50 p75 p90 p95 } openCount mature suppressed rows explain } }
    hasNextPage definitions asOf dataThrough timezone currency scope rowsConsidered excluded { metric reason count }";

/// Asks for figures; the answer's `aggregate`.
pub async fn aggregate(client: &Client, arguments: &str) -> Value {
    let query = format!("{{ analytics {{ aggregate({arguments}) {{ {FIGURES} }} }} }}");
    client.ask(&query, json!({})).await.must().data("analytics.aggregate").clone()
}

/// Asks in vain: the code and the words.
pub async fn refused(client: &Client, arguments: &str) -> (String, String) {
    let query = format!("{{ analytics {{ aggregate({arguments}) {{ rowsConsidered }} }} }}");
    let answer = client.ask(&query, json!({})).await;
    (answer.code().unwrap_or_default().to_owned(), answer.message().unwrap_or_default().to_owned())
}

/// The year of the market, as arguments.
pub fn year() -> String {
    format!("from: \"{}\", to: \"{}\"", market::FROM, market::TO)
}

/// The figure of a row that has no keys.
pub fn whole(answer: &Value, metric: usize) -> &Value {
    &answer["rows"][0]["values"][metric]
}

/// Key → value of one field of one metric, of an answer told apart by one dimension.
pub fn by_key(answer: &Value, field: &str) -> std::collections::BTreeMap<Option<String>, Value> {
    let row = |row: &Value| {
        let key = row["keys"][0]["key"].as_str().map(str::to_owned);
        (key, row["values"][0][field].clone())
    };
    answer["rows"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_printed_definitions_are_those_of_the_engine() {
    const BEGIN: &str = "<!-- begin: printed from api/src/analytics/metric/list.rs -->\n";
    const END: &str = "<!-- end -->";
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/numbers.md")).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("docs/numbers.md has a generated part");
    let (_, after) = rest.split_once(END).expect("and it ends");
    generated("docs/numbers.md", &format!("{before}{BEGIN}{}{END}{after}", api::analytics::catalogue::markdown()));
}
