//! Judging a mapping when it is loaded: every name in it must mean something.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::{As, Condition, Entry, File, Mapping, MappingError, Miss, Pattern, Rest, RowOf, Skip, Table, raw};
use crate::{Entity, Field, Kind, column, fields, fields::POINT_KINDS, normal};

type Result<T> = std::result::Result<T, MappingError>;

/// Lists of records that every API has.
const LISTS: [&str; 3] = ["results", "records", "data"];

fn wrong<T>(place: &str, message: impl Into<String>) -> Result<T> {
    Err(MappingError::Meaning { place: place.to_owned(), message: message.into() })
}

/// Reads and judges.
pub(super) fn mapping(text: &str) -> Result<Mapping> {
    let raw: raw::Mapping = toml::from_str(text).map_err(|error| MappingError::Form(error.to_string()))?;
    let top = "at the top";
    let zone = match &raw.zone {
        Some(zone) => Some(zone.parse().or_else(|_| wrong(top, format!("there is no zone {zone}")))?),
        None => None,
    };
    let encoding = match &raw.encoding {
        Some(name) => match encoding_rs::Encoding::for_label(name.as_bytes()) {
            Some(encoding) => Some(encoding),
            None => return wrong(top, format!("there is no encoding {name}")),
        },
        None => None,
    };
    if normal(&raw.source).is_empty() {
        return wrong(top, "the source has no code");
    }
    if let Some(code) = &raw.currency
        && (code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        return wrong(top, format!("{code} is no code of a currency"));
    }
    let mut scope = Scope { tables: Vec::new(), clear: clear(top, raw.empty.as_deref(), false)? };
    let mut tables = Vec::new();
    for table in &raw.table {
        tables.push(table_of(&scope, table, &raw)?);
    }
    for table in &tables {
        scope.tables.push((table.name.clone(), table.values.iter().map(|(name, _)| name.clone()).collect()));
    }
    let mut names = HashSet::new();
    let mut files = Vec::new();
    for file in &raw.file {
        if !names.insert(&file.name) {
            return wrong(&format!("file {}", file.name), "its name stands twice");
        }
        files.push(file_of(&scope, file, &raw)?);
    }
    let mut lists: Vec<String> = LISTS.iter().map(|list| (*list).to_owned()).collect();
    lists.extend(raw.lists);
    lists.extend(raw.file.iter().flat_map(|file| file.streams.clone()));
    lists.extend(raw.table.iter().flat_map(|table| table.streams.clone()));
    lists.extend(raw.skip.iter().flat_map(|skip| skip.streams.clone()));
    let skips = raw.skip.into_iter().map(|skip| Skip {
        files: patterns(&skip.files),
        streams: normals(&skip.streams),
        types: normals(&skip.types),
        why: skip.why,
    });
    let strict = match raw.bad_cell.as_deref() {
        None | Some("leave") => false,
        Some("refuse") => true,
        Some(_) => return wrong(top, "bad_cell is leave or refuse"),
    };
    Ok(Mapping {
        source: raw.source,
        title: raw.title,
        zone,
        currency: raw.currency,
        comma: raw.decimal_comma,
        day_first: raw.day_first,
        strict,
        encoding,
        lists,
        skips: skips.collect(),
        tables,
        files,
    })
}

/// What entries of one part may refer to.
struct Scope {
    tables: Vec<(String, Vec<String>)>,
    clear: bool,
}

fn normals(names: &[String]) -> Vec<String> {
    names.iter().map(|name| normal(name)).collect()
}

fn patterns(names: &[String]) -> Vec<Pattern> {
    let pattern = |name: &String| {
        let pattern = name.chars().flat_map(char::to_lowercase);
        Pattern(pattern.map(|sign| if sign.is_alphanumeric() || sign == '*' { sign } else { '_' }).collect())
    };
    names.iter().map(pattern).collect()
}

/// Patterns of columns: normal names, `*` stays.
fn columns(names: &[String]) -> Vec<Pattern> {
    let pattern = |name: &String| Pattern(name.split('*').map(normal).collect::<Vec<_>>().join("*"));
    names.iter().map(pattern).collect()
}

fn clear(place: &str, word: Option<&str>, otherwise: bool) -> Result<bool> {
    match word {
        None => Ok(otherwise),
        Some("leave") => Ok(false),
        Some("clear") => Ok(true),
        Some(_) => wrong(place, "empty is leave or clear"),
    }
}

fn conditions(raw: &[raw::Condition]) -> Vec<Condition> {
    let condition = |raw: &raw::Condition| Condition {
        column: column(&raw.column),
        is: raw.is.iter().map(|value| value.to_lowercase()).collect(),
        not: raw.not.iter().map(|value| value.to_lowercase()).collect(),
        starts: raw.starts.clone(),
        empty: raw.empty,
    };
    raw.iter().map(condition).collect()
}

fn table_of(scope: &Scope, raw: &raw::Table, all: &raw::Mapping) -> Result<Table> {
    let place = format!("table {}", raw.name);
    if raw.values.is_empty() {
        return wrong(&place, "it has no values");
    }
    let mut values = Vec::new();
    for value in &raw.values {
        let name = match value {
            toml::Value::String(name) => name.clone(),
            toml::Value::Table(entry) => match entry.get("from") {
                Some(toml::Value::String(name)) => name.clone(),
                Some(toml::Value::Array(names)) => {
                    names.first().and_then(toml::Value::as_str).unwrap_or_default().into()
                }
                _ => String::new(),
            },
            _ => return wrong(&place, "a value is a column or a table"),
        };
        values.push((normal(&name), entry(scope, &place, value, None)?));
    }
    let merges = match &raw.merges {
        Some(name) => Some(entity(&place, name)?),
        None => None,
    };
    Ok(Table {
        name: raw.name.clone(),
        files: patterns(&raw.files),
        streams: normals(&raw.streams),
        each: raw.each.as_deref().map(normal),
        key: entry(scope, &place, &raw.key, None)?,
        values,
        merges,
        separator: raw.separator.clone(),
        when: conditions(&raw.when),
        strip: raw.strip.clone().unwrap_or_else(|| all.strip.clone()),
        strip_end: all.strip_end.clone(),
    })
}

fn entity(place: &str, name: &str) -> Result<Entity> {
    name.parse().or_else(|()| wrong(place, format!("there is no entity {name}")))
}

fn file_of(scope: &Scope, raw: &raw::File, all: &raw::Mapping) -> Result<File> {
    let place = format!("file {}", raw.name);
    let scope = Scope { tables: scope.tables.clone(), clear: clear(&place, raw.empty.as_deref(), scope.clear)? };
    if raw.files.is_empty() && raw.streams.is_empty() && raw.types.is_empty() && raw.header.is_empty() {
        return wrong(&place, "nothing tells which files it is for: files, streams, types or header");
    }
    let key = match &raw.key {
        Some(key) => Some(entry(&scope, &format!("{place}, key"), key, None)?),
        None => None,
    };
    let mut rows = Vec::new();
    for row in &raw.row {
        if row.key.is_none() && key.is_none() && raw.numbered.is_none() {
            return wrong(&place, format!("{} has no key", row.entity));
        }
        rows.push(row_of(&scope, &place, row)?);
    }
    if rows.is_empty() {
        return wrong(&place, "it makes no row");
    }
    let rest = match raw.rest.as_deref().or(all.rest.as_deref()) {
        None | Some("report") => Rest::Report,
        Some("custom") => Rest::Custom,
        Some("ignore") => Rest::Ignore,
        Some(_) => return wrong(&place, "rest is report, custom or ignore"),
    };
    let ignored: Vec<String> = all.ignore.iter().chain(&raw.ignore).cloned().collect();
    let mut file = File {
        name: raw.name.clone(),
        files: patterns(&raw.files),
        streams: normals(&raw.streams),
        types: normals(&raw.types),
        header: raw.header.iter().map(|columns| normals(columns)).collect(),
        without: normals(&raw.without),
        key,
        numbered: raw.numbered.clone(),
        when: conditions(&raw.when),
        unless: conditions(&raw.unless),
        deleted: conditions(&raw.deleted),
        ignore: columns(&ignored),
        rest,
        strip: raw.strip.clone().unwrap_or_else(|| all.strip.clone()),
        strip_end: all.strip_end.clone(),
        rows,
        read: HashSet::new(),
    };
    file.read = read(&file);
    Ok(file)
}

/// Every column that a file reads.
fn read(file: &File) -> HashSet<String> {
    let mut read = HashSet::new();
    let mut of_entry = |entry: &Entry| {
        read.extend(entry.from.iter().chain(&entry.join).chain(&entry.fallback).chain(&entry.currency).cloned());
    };
    file.key.iter().for_each(&mut of_entry);
    for row in &file.rows {
        row.key.iter().for_each(&mut of_entry);
        row.custom.iter().for_each(|(_, entry)| of_entry(entry));
        for (_, entries) in row.set.iter().chain(&row.on_create).chain(&row.on_update) {
            entries.iter().for_each(&mut of_entry);
        }
        for (_, entries) in &row.relations {
            entries.iter().for_each(&mut of_entry);
        }
    }
    let conditions =
        file.when.iter().chain(&file.unless).chain(&file.deleted).chain(file.rows.iter().flat_map(|row| &row.when));
    read.extend(conditions.map(|condition| condition.column.clone()));
    read.extend(file.rows.iter().filter_map(|row| row.each.clone()));
    read
}

fn row_of(scope: &Scope, place: &str, raw: &raw::Row) -> Result<RowOf> {
    let place = format!("{place}, {}", raw.entity);
    let entity = entity(&place, &raw.entity)?;
    let known = fields(entity);
    let part = |part: &BTreeMap<String, toml::Value>| -> Result<Vec<(Field, Vec<Entry>)>> {
        let mut out = Vec::new();
        for (name, value) in part {
            let place = format!("{place}, {name}");
            let Some(field) = known.field(name).filter(|field| field.kind != Kind::Custom) else {
                return wrong(&place, format!("{} has no field {name}", raw.entity));
            };
            out.push((field, entries(scope, &place, value, Some(field))?));
        }
        Ok(out)
    };
    let mut relations = Vec::new();
    for (name, value) in &raw.relations {
        let place = format!("{place}, {name}");
        let Some(relation) = known.relation(name) else {
            return wrong(&place, format!("{} has no relation {name}", raw.entity));
        };
        let entries = entries(scope, &place, value, None)?;
        for entry in &entries {
            match entry.of {
                Some(of) if !relation.to.contains(&of) => return wrong(&place, format!("it never names a {of}")),
                None if relation.to.len() > 1 => {
                    return wrong(&place, "it may name several kinds of object: say which (of)");
                }
                _ => {}
            }
        }
        relations.push((relation, entries));
    }
    let mut custom = Vec::new();
    for (code, value) in &raw.custom {
        if known.field("custom").is_none() {
            return wrong(&place, format!("{} has no fields of the tenant's own", raw.entity));
        }
        custom.push((code.clone(), entry(scope, &format!("{place}, custom {code}"), value, None)?));
    }
    let key = match &raw.key {
        Some(key) => Some(entry(scope, &format!("{place}, key"), key, None)?),
        None => None,
    };
    Ok(RowOf {
        entity,
        key,
        each: raw.each.as_deref().map(normal),
        when: conditions(&raw.when),
        distinct: raw.distinct,
        set: part(&raw.set)?,
        on_create: part(&raw.on_create)?,
        on_update: part(&raw.on_update)?,
        relations,
        custom,
    })
}

fn entries(scope: &Scope, place: &str, value: &toml::Value, field: Option<Field>) -> Result<Vec<Entry>> {
    match value {
        toml::Value::Array(list) => list.iter().map(|value| entry(scope, place, value, field)).collect(),
        value => Ok(vec![entry(scope, place, value, field)?]),
    }
}

fn names(place: &str, value: Option<&toml::Value>) -> Result<Vec<String>> {
    let one = |value: &toml::Value| match value.as_str().map(column) {
        Some(name) if !name.is_empty() => Ok(name),
        _ => wrong(place, "a column is named by text"),
    };
    match value {
        None => Ok(Vec::new()),
        Some(toml::Value::Array(list)) => list.iter().map(one).collect(),
        Some(value) => Ok(vec![one(value)?]),
    }
}

fn json(place: &str, value: &toml::Value) -> Result<Value> {
    serde_json::to_value(value).or_else(|_| wrong(place, "it cannot be written as JSON"))
}

fn transform(place: &str, name: Option<&str>, field: Option<Field>) -> Result<As> {
    let texts = |kind: Kind| matches!(kind, Kind::Text | Kind::Points | Kind::Texts | Kind::Code(_));
    let (transform, fits): (As, fn(Kind) -> bool) = match name {
        None => return Ok(if field.is_some() { As::Field } else { As::Trim }),
        Some("text") => (As::Text, |_| true),
        Some("trim") => (As::Trim, |_| true),
        Some("lower") => (As::Lower, |_| true),
        Some("email") => (As::Email, |_| true),
        Some("phone") => (As::Phone, |_| true),
        Some("given_name") => (As::Given, |_| true),
        Some("family_name") => (As::Family, |_| true),
        Some("plain") => (As::Plain, |_| true),
        Some("code") => (As::Code, |_| true),
        Some("salesforce_id") => (As::SalesforceId, |_| true),
        Some("percent") => (As::Percent, |kind| kind == Kind::Int),
        Some("millis") => (As::Millis, |kind| kind == Kind::Int),
        Some("minutes") => (As::Minutes, |kind| kind == Kind::Int),
        // The kind of the field says these already; naming them is allowed where it is the kind.
        Some("date") => (As::Field, |kind| kind == Kind::Date),
        Some("time") => (As::Field, |kind| kind == Kind::Time),
        Some("int") => (As::Field, |kind| kind == Kind::Int),
        Some("decimal") => (As::Field, |kind| kind == Kind::Decimal),
        Some("money") => (As::Field, |kind| kind == Kind::Money),
        Some("bool") => (As::Field, |kind| kind == Kind::Bool),
        Some("list") => (As::Field, |kind| kind == Kind::Texts),
        Some(name) => return wrong(place, format!("there is no transform {name}")),
    };
    let on_texts = !matches!(transform, As::Field | As::Percent | As::Millis | As::Minutes);
    match field {
        Some(field) if !fits(field.kind) || (on_texts && !texts(field.kind)) => {
            wrong(place, format!("{} is nothing that the field takes", name.unwrap_or_default()))
        }
        None if !on_texts => wrong(place, format!("{} is for fields", name.unwrap_or_default())),
        _ => Ok(transform),
    }
}

fn entry(scope: &Scope, place: &str, value: &toml::Value, field: Option<Field>) -> Result<Entry> {
    let raw = match value {
        toml::Value::String(column) => {
            raw::Entry { from: Some(toml::Value::String(column.clone())), ..raw::Entry::default() }
        }
        toml::Value::Table(_) => match value.clone().try_into::<raw::Entry>() {
            Ok(raw) => raw,
            Err(error) => return wrong(place, error.message().trim()),
        },
        _ => return wrong(place, "a value is a column (text) or a table"),
    };
    let sources = [raw.from.is_some(), !raw.join.is_empty(), raw.value.is_some(), raw.today];
    if sources.iter().filter(|source| **source).count() != 1 {
        return wrong(place, "one of from, join, value and today says where it comes from");
    }
    let (mut codes, mut default) = (BTreeMap::new(), None);
    for (code, value) in &raw.codes {
        codes.insert(code.trim().to_lowercase(), json(place, value)?);
    }
    if let Some(value) = &raw.default {
        default = Some(json(place, value)?);
    }
    let constant = raw.value.as_ref().map(|value| json(place, value)).transpose()?;
    if let Some(Field { kind, name, .. }) = field {
        for value in codes.values().chain(&default).chain(&constant) {
            let fits = match kind {
                Kind::Code(codes) => value.as_str().is_some_and(|code| codes.contains(&code)),
                Kind::Bool => value.is_boolean(),
                Kind::Int => value.is_i64(),
                Kind::Text | Kind::Points => value.is_string(),
                _ => true,
            };
            if !fits {
                return wrong(place, format!("{value} is nothing that {name} takes"));
            }
        }
    }
    let lookup = match &raw.lookup {
        None => None,
        Some(name) => {
            let Some(table) = scope.tables.iter().position(|(table, _)| table == name) else {
                return wrong(place, format!("there is no table {name}"));
            };
            let take = raw.take.as_deref().map(normal);
            let value = match take {
                None => 0,
                Some(take) => match scope.tables[table].1.iter().position(|value| *value == take) {
                    Some(value) => value,
                    None => return wrong(place, format!("the table {name} has no value {take}")),
                },
            };
            Some((table, value))
        }
    };
    let miss = match raw.miss.as_deref() {
        None | Some("keep") => Miss::Keep,
        Some("drop") => Miss::Drop,
        Some(_) => return wrong(place, "miss is keep or drop"),
    };
    if let Some(kind) = &raw.kind
        && !POINT_KINDS.contains(&kind.as_str())
    {
        return wrong(place, format!("there is no kind of contact point {kind}"));
    }
    let is_points = field.is_some_and(|field| field.kind == Kind::Points);
    if is_points != raw.kind.is_some() {
        return wrong(place, "a contact point, and nothing else, says its kind");
    }
    let of = raw.of.as_deref().map(|name| entity(place, name)).transpose()?;
    Ok(Entry {
        from: names(place, raw.from.as_ref())?,
        join: raw.join.iter().map(|name| column(name)).collect(),
        with: raw.with.unwrap_or_else(|| " ".to_owned()),
        value: constant,
        today: raw.today,
        transform: transform(place, raw.transform.as_deref(), field)?,
        codes,
        default,
        currency: raw.currency.as_deref().map(column),
        separator: raw.separator.unwrap_or_else(|| ";".to_owned()),
        clear: clear(place, raw.empty.as_deref(), scope.clear)?,
        required: raw.required,
        fallback: names(place, raw.fallback.as_ref())?,
        lookup,
        miss,
        starts: raw.starts,
        prefix: raw.prefix.unwrap_or_default(),
        of,
        kind: raw.kind,
        label: raw.label,
    })
}
