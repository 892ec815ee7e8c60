//! Laying one source of options over another, and finding what no option is called.

use toml::{Table, Value};

use super::Problem;

/// Every option of an issuer, for the check of names: the default file has no issuer that could serve.
const ISSUER: &str = "issuer=0\naudience=0\nalgorithm=0\nsecret=0\npublic_key_file=0\njwks_url=0\ntenant=0\nroles_map=0\nclaims={tenant=0,roles=0,grants=0}";

/// Lays `over` over `base`: sections are merged, everything else is replaced, lists too.
pub(super) fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Reports, and takes out, what `known` does not have.
pub(super) fn take_unknown(table: &mut Table, known: &Table, path: &str, problems: &mut Vec<Problem>) {
    let strangers: Vec<String> = table.keys().filter(|key| !known.contains_key(*key)).cloned().collect();
    for key in strangers {
        table.remove(&key);
        let names = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        problems.push(Problem::new(join(path, &key), format!("no such option; known here are {names}")));
    }
    for (key, value) in table.iter_mut() {
        let path = join(path, key);
        match (value, known.get(key)) {
            (Value::Table(table), Some(Value::Table(known))) => take_unknown(table, known, &path, problems),
            (Value::Array(list), Some(_)) if path == "auth.issuers" => {
                let known = ISSUER.parse::<Table>().unwrap_or_default();
                for (index, issuer) in list.iter_mut().enumerate() {
                    if let Value::Table(issuer) = issuer {
                        take_unknown(issuer, &known, &format!("{path}[{index}]"), problems);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The options that the environment sets: `JOURNEY_SERVER__LISTEN` is `server.listen`.
///
/// The default of an option says how its text is read: a number, true or false, a list (TOML in brackets, or words with commas), or text.
/// Names without a double underscore are the flags' own (`JOURNEY_LISTEN`), or somebody else's, and are left alone.
pub(super) fn environment(vars: &[(String, String)], defaults: &Table, problems: &mut Vec<Problem>) -> Table {
    let mut table = Table::new();
    for (name, text) in vars {
        let Some((section, option)) = name.strip_prefix("JOURNEY_").and_then(|name| name.split_once("__")) else {
            continue;
        };
        let (section, option) = (section.to_lowercase(), option.to_lowercase());
        let Some(default) = defaults.get(&section).and_then(|section| section.get(&option)) else {
            problems.push(Problem::new(
                name,
                format!("no such option: {section}.{option} is not in the default configuration"),
            ));
            continue;
        };
        let wrong = |what: &str| {
            Problem::new(format!("{section}.{option}"), format!("{name} is no {what}; the default is {default}"))
        };
        let value = match default {
            Value::Integer(_) => {
                text.trim().replace('_', "").parse().map(Value::Integer).map_err(|_| wrong("whole number"))
            }
            Value::Boolean(_) => text.trim().parse().map(Value::Boolean).map_err(|_| wrong("true or false")),
            Value::Array(_) => {
                list(text).ok_or_else(|| wrong("list: give TOML in brackets, or words with commas between them"))
            }
            _ => Ok(Value::String(text.clone())),
        };
        match value {
            Ok(value) => {
                if let Value::Table(section) = table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
                    section.insert(option, value);
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    table
}

fn list(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('[') {
        return format!("list = {text}").parse::<Table>().ok()?.remove("list");
    }
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    Some(Value::Array(words.map(|word| Value::String(word.to_owned())).collect()))
}

/// `section.option`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
