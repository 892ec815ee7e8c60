//! The options of a query, checked: what this server does not know is refused, never passed over.

use std::collections::HashMap;

use super::super::{dataset::Dataset, filter::Comparison, flat::once, problem::Problem, read::By, scene::ARGUMENTS};
use super::filter;

/// The rows of a page unless the client asks for fewer, by `Prefer: odata.maxpagesize`.
pub const PAGE: u64 = 5_000;
/// The most rows that are passed over. What lies deeper is reached by `@odata.nextLink`.
const MAX_SKIP: u64 = 100_000;
/// The most columns to sort by.
const MAX_ORDER: usize = 5;

/// What is asked for.
#[derive(Debug, Default)]
pub struct Options {
    /// Which columns, in the dataset's order; all without.
    pub select: Option<Vec<usize>>,
    /// Which rows.
    pub filter: Vec<Comparison>,
    /// In which order.
    pub order: Vec<By>,
    /// How many.
    pub top: Option<u64>,
    /// After how many.
    pub skip: u64,
    /// Whether all that pass are counted, too.
    pub count: bool,
    /// Where the page before this one ended.
    pub token: Option<String>,
    /// What the flat door takes as well: `from`, `to`, `currency` …
    pub arguments: HashMap<String, String>,
    /// The options of the next page's address: all but what has been used up.
    pub kept: Vec<(String, String)>,
}

fn number(option: &str, text: &str, most: u64) -> Result<u64, Problem> {
    let number = text.parse::<u64>().ok().filter(|number| *number <= most);
    number.ok_or_else(|| Problem::bad(format!("{option}: a whole number, 0 to {most}")))
}

impl Options {
    /// Reads the options.
    pub fn of(dataset: &Dataset, pairs: Vec<(String, String)>) -> Result<Options, Problem> {
        let mut options = Options::default();
        let all = once(pairs.clone())?;
        options.kept =
            pairs.into_iter().filter(|(key, _)| !matches!(key.as_str(), "$skip" | "$skiptoken" | "$top")).collect();
        for (key, text) in all {
            match key.as_str() {
                "$select" => options.select = select(dataset, &text)?,
                "$filter" => options.filter = filter::parse(dataset, &text).map_err(Problem::bad)?,
                "$orderby" => options.order = order(dataset, &text).map_err(Problem::bad)?,
                "$top" => options.top = Some(number("$top", &text, i64::MAX.unsigned_abs())?),
                "$skip" => options.skip = number("$skip", &text, MAX_SKIP)?,
                "$count" => {
                    options.count = match text.as_str() {
                        "true" => true,
                        "false" => false,
                        _ => return Err(Problem::bad("$count: true or false")),
                    }
                }
                "$skiptoken" => options.token = Some(text),
                "$format" if matches!(text.split(';').next(), Some("json" | "application/json")) => {}
                "$format" => return Err(Problem::bad("$format: json")),
                other if other.starts_with('$') => {
                    return Err(Problem::not_implemented(format!(
                        "{other}: this server knows $select, $filter, $orderby, $top, $skip, $count, $skiptoken and $format"
                    )));
                }
                other if ARGUMENTS.contains(&other) => {
                    options.arguments.insert(key, text);
                }
                other => {
                    return Err(Problem::bad(format!(
                        "{other}: there is no such option; beside those of OData there are {}",
                        ARGUMENTS.join(", ")
                    )));
                }
            }
        }
        Ok(options)
    }
}

fn select(dataset: &Dataset, text: &str) -> Result<Option<Vec<usize>>, Problem> {
    if text.trim() == "*" {
        return Ok(None);
    }
    let place = |name: &str| {
        dataset.place(name.trim()).ok_or_else(|| {
            let all: Vec<&str> = dataset.fields.iter().map(|field| field.name).collect();
            Problem::bad(format!(
                "$select: {} has no column {:?}; it has {}",
                dataset.name,
                name.trim(),
                all.join(", ")
            ))
        })
    };
    let mut places = text.split(',').map(place).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    places.dedup();
    Ok(Some(places))
}

fn order(dataset: &Dataset, text: &str) -> Result<Vec<By>, String> {
    let mut order: Vec<By> = Vec::new();
    for item in text.split(',') {
        let mut words = item.split_whitespace();
        let (name, falling) = match (words.next(), words.next(), words.next()) {
            (Some(name), None | Some("asc"), None) => (name, false),
            (Some(name), Some("desc"), None) => (name, true),
            _ => return Err("$orderby: columns with commas, each with asc or desc after it if you like".to_owned()),
        };
        let field = filter::column(dataset, "$orderby", name)?;
        if order.iter().any(|by| by.field == field) {
            return Err(format!("$orderby: {name} twice"));
        }
        order.push(By { field, falling });
    }
    match order.len() > MAX_ORDER {
        true => Err(format!("$orderby: at most {MAX_ORDER} columns")),
        false => Ok(order),
    }
}
