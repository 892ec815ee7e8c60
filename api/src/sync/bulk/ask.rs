//! What is asked of a file: by its address, its arguments and its headers. All of it is judged before a byte of the file is looked at.

use std::collections::{BTreeMap, HashMap};

use async_graphql::InputType;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use entities::codes::ImportFormat;

use super::{job::How, line, problem::Problem};
use crate::{
    graph::{Cx, Error},
    policy::{Type, table},
    sync::upsert::{ConflictRule, ErrorPolicy, SyncEntity, UpsertMode},
};

/// The longest code of a system, in characters.
const MAX_SOURCE: usize = 100;
/// The longest idempotency key, in characters.
const MAX_KEY: usize = 255;
const ARGUMENTS: [&str; 8] = ["source", "mode", "errorPolicy", "conflict", "dryRun", "mapping", "delimiter", "null"];

/// What is asked of a file.
pub struct Asked {
    /// What its rows are.
    pub entity: SyncEntity,
    /// The code of the system that they come from.
    pub source: String,
    /// What the file is.
    pub format: ImportFormat,
    /// Whether it is a preview.
    pub dry_run: bool,
    /// How its rows are to be taken.
    pub how: How,
    /// What tells a repeated upload from a new one.
    pub key: Option<String>,
}

/// Reads what is asked, if the caller may ask it.
pub fn asked(cx: &Cx, entity: &str, pairs: Vec<(String, String)>, headers: &HeaderMap) -> Result<Asked, Problem> {
    let Some(entity) = SyncEntity::named(entity) else {
        let all = SyncEntity::ALL.map(|entity| entity.name().replace(' ', "-")).join(", ");
        return Err(Problem::not_found(format!("there is no {entity:?} to bring; there are {all}")));
    };
    let brings = table::most(Type::Import, (&cx.caller).into()).writes() && cx.caller.subject.is_some();
    if !brings || !cx.caller.may_upsert(line(entity)) {
        return Err(Error::Forbidden.into());
    }
    let mut arguments = HashMap::new();
    for (name, value) in pairs {
        if !ARGUMENTS.contains(&name.as_str()) {
            return Err(Problem::bad(format!("{name}: there is no such argument; there are {}", ARGUMENTS.join(", "))));
        }
        if arguments.insert(name.clone(), value).is_some() {
            return Err(Problem::bad(format!("{name}: is said twice")));
        }
    }
    let format = format(headers)?;
    let source = arguments.remove("source").unwrap_or_default();
    let named = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if source.is_empty() || source.len() > MAX_SOURCE || !source.chars().all(named) {
        return Err(Problem::bad(format!(
            "source: the code of the system that the rows come from: 1 to {MAX_SOURCE} letters, digits, -, _ and ."
        )));
    }
    let dry_run = match arguments.remove("dryRun").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::bad("dryRun: true or false")),
    };
    if format != ImportFormat::Csv
        && let Some(name) = ["mapping", "delimiter", "null"].into_iter().find(|name| arguments.contains_key(*name))
    {
        return Err(Problem::bad(format!("{name}: is for CSV")));
    }
    let how = How {
        mode: code(&mut arguments, "mode", UpsertMode::Upsert)?,
        error_policy: code(&mut arguments, "errorPolicy", ErrorPolicy::SkipFailed)?,
        conflict: code(&mut arguments, "conflict", ConflictRule::Keep)?,
        delimiter: match arguments.remove("delimiter").as_deref() {
            None | Some(",") => b',',
            Some(";") => b';',
            Some("\t" | "tab") => b'\t',
            Some("|") => b'|',
            Some(_) => return Err(Problem::bad("delimiter: a comma, a semicolon, a bar, or tab")),
        },
        null: arguments.remove("null").unwrap_or_else(|| "\\N".to_owned()),
        mapping: match arguments.remove("mapping") {
            None => BTreeMap::new(),
            Some(text) => serde_json::from_str(&text).map_err(|_| {
                Problem::bad("mapping: a JSON object, from a column of the file to what it is here; null leaves it out")
            })?,
        },
        roles: cx.caller.roles.iter().map(|role| role.name().to_owned()).collect(),
        grants: cx.caller.grants.told(),
        checked: false,
        undone_from: None,
    };
    let key = match headers.get("idempotency-key").map(HeaderValue::to_str) {
        None => None,
        Some(Ok(key)) if !key.is_empty() && key.len() <= MAX_KEY => Some(key.to_owned()),
        Some(_) => return Err(Problem::bad(format!("Idempotency-Key: 1 to {MAX_KEY} printable characters"))),
    };
    Ok(Asked { entity, source, format, dry_run, how, key })
}

fn format(headers: &HeaderMap) -> Result<ImportFormat, Problem> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = said.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    let utf8 = charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"));
    match media.as_str() {
        "application/x-ndjson" | "application/json-lines" | "application/jsonl" if utf8 => Ok(ImportFormat::Ndjson),
        "text/csv" if utf8 => Ok(ImportFormat::Csv),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "BAD_USER_INPUT",
            "Content-Type: application/x-ndjson, application/json-lines or text/csv, in UTF-8",
        )),
    }
}

/// An argument that is a code of the graph.
fn code<T: InputType + serde::de::DeserializeOwned>(
    arguments: &mut HashMap<String, String>,
    name: &str,
    default: T,
) -> Result<T, Problem> {
    let Some(text) = arguments.remove(name) else { return Ok(default) };
    let ty = T::type_name();
    serde_json::from_value(text.into()).map_err(|_| Problem::bad(format!("{name}: a value of {ty}")))
}
