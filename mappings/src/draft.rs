//! The mapping of a CSV that nobody knows yet, guessed from the names of its columns and some of its values. Its author reads it
//! before it is used; values are never printed, they may be personal.

use std::{collections::HashSet, fmt::Write as _, io};

use crate::{
    Entity, normal,
    read::{Limits, Record, bytes::Decoded, csv::Csv},
    values::{self, Clock},
};

/// How many rows are looked at.
const ROWS: usize = 500;

/// A CSV of which no mapping can be drafted.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It holds nothing.
    #[error("the file is empty")]
    Empty,
}

/// What the values of a column look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Nothing,
    Mail,
    Date,
    Time,
    Whole,
    Number,
    YesNo,
    Phone,
    Text,
}

impl Look {
    const fn words(self) -> &'static str {
        match self {
            Look::Nothing => "empty in the first rows",
            Look::Mail => "mail addresses",
            Look::Date => "dates",
            Look::Time => "times",
            Look::Whole => "whole numbers",
            Look::Number => "numbers",
            Look::YesNo => "yes or no",
            Look::Phone => "phone numbers",
            Look::Text => "text",
        }
    }
}

struct Column {
    name: String,
    key: String,
    look: Look,
    unique: bool,
}

/// Fields by the names that columns have, in English and German. `points:KIND:label` is a way to reach somebody, `->x` a relation.
type Synonyms = &'static [(&'static str, &'static [&'static str])];

const CONTACT: Synonyms = &[
    ("familyName", &["lastname", "surname", "familyname", "nachname", "last"]),
    ("givenName", &["firstname", "givenname", "vorname", "first"]),
    ("whole", &["name", "fullname", "contactname", "contact", "person", "ansprechpartner"]),
    ("salutation", &["salutation", "anrede"]),
    ("jobTitle", &["title", "jobtitle", "position", "role", "funktion"]),
    ("language", &["language", "sprache", "locale"]),
    ("points:EMAIL:email", &["email", "mail", "emailaddress", "emailadresse"]),
    ("points:PHONE:phone", &["phone", "telephone", "phonenumber", "telefon", "tel"]),
    ("points:PHONE:mobile", &["mobile", "mobilephone", "cell", "mobil", "handy"]),
    ("points:ADDRESS:address", &["address", "adresse", "anschrift"]),
    (
        "->account",
        &["companyid", "accountid", "organizationid", "organisationid", "firmenid", "customerid", "kundennummer"],
    ),
    ("->owner", &["ownerid", "salesrepid"]),
];
const ACCOUNT: Synonyms = &[
    (
        "name",
        &[
            "company",
            "companyname",
            "account",
            "accountname",
            "organization",
            "organisation",
            "firma",
            "firmenname",
            "name",
            "customer",
            "kunde",
        ],
    ),
    ("legalName", &["legalname"]),
    ("website", &["website", "url", "homepage", "web"]),
    ("domains", &["domain", "domains"]),
    ("country", &["country", "land"]),
    ("region", &["state", "region", "province", "bundesland"]),
    ("description", &["description", "beschreibung", "notes"]),
    ("employees", &["employees", "numberofemployees", "headcount", "mitarbeiter"]),
    ("annualRevenue", &["revenue", "annualrevenue", "turnover", "umsatz"]),
    ("points:PHONE:phone", &["phone", "telephone", "phonenumber", "telefon"]),
    ("points:EMAIL:email", &["email", "mail"]),
    ("points:ADDRESS:address", &["address", "adresse", "anschrift"]),
    ("->parent", &["parentid", "parentcompanyid"]),
    ("->owner", &["ownerid"]),
];
const OPPORTUNITY: Synonyms = &[
    ("name", &["deal", "dealname", "opportunity", "opportunityname", "title", "name", "chance"]),
    ("amount", &["amount", "value", "betrag", "wert", "dealvalue", "volume"]),
    ("closeDate", &["closedate", "expectedclosedate", "close", "abschlussdatum"]),
    ("stage", &["stage", "dealstage", "phase", "stagename", "stufe"]),
    ("probability", &["probability", "wahrscheinlichkeit"]),
    ("nextStep", &["nextstep"]),
    ("description", &["description", "beschreibung"]),
    ("->account", &["companyid", "accountid", "organizationid", "customerid", "kundennummer"]),
    ("->owner", &["ownerid"]),
];
const TICKET: Synonyms = &[
    ("subject", &["subject", "ticket", "title", "betreff"]),
    ("status", &["status"]),
    ("priority", &["priority", "prioritat", "priorität"]),
    ("category", &["category", "type", "kategorie"]),
    ("channel", &["channel", "source", "kanal"]),
    ("->contact", &["contactid", "requesterid"]),
    ("->account", &["companyid", "accountid", "organizationid", "customerid"]),
    ("->owner", &["ownerid", "assigneeid", "agentid"]),
];
const PRODUCT: Synonyms = &[
    ("code", &["sku", "code", "productcode", "articlenumber", "artikelnummer"]),
    ("name", &["product", "productname", "name", "article", "artikel"]),
    ("unitPrice", &["price", "unitprice", "preis"]),
    ("unit", &["unit", "einheit"]),
    ("family", &["family", "category", "warengruppe"]),
    ("description", &["description", "beschreibung"]),
];

/// What tells one kind of file from the others: names of columns, and words in the name of the file.
const SIGNS: [(Entity, Synonyms, &[&str], &[&str]); 5] = [
    (
        Entity::Opportunity,
        OPPORTUNITY,
        &["stage", "dealname", "deal", "closedate", "opportunityname", "dealstage", "phase"],
        &["deal", "opportunit"],
    ),
    (Entity::Ticket, TICKET, &["priority", "subject", "ticket", "requesterid", "betreff"], &["ticket", "case"]),
    (
        Entity::Product,
        PRODUCT,
        &["sku", "unitprice", "productcode", "productname", "artikelnummer", "price"],
        &["product", "article"],
    ),
    (
        Entity::Contact,
        CONTACT,
        &["lastname", "firstname", "surname", "nachname", "vorname", "email", "jobtitle"],
        &["contact", "person", "people", "lead"],
    ),
    (
        Entity::Account,
        ACCOUNT,
        &["company", "companyname", "website", "employees", "industry", "firma", "accountname", "domain"],
        &["account", "compan", "organi", "customer"],
    ),
];

/// Drafts a mapping of a CSV. `name`: that of its file.
///
/// # Errors
/// When it cannot be read, or has no header.
pub fn draft(input: impl io::Read, name: &str) -> Result<String, DraftError> {
    let mut text = Decoded::new(input, None)?;
    let sample = text.sample()?.to_vec();
    let mut csv = Csv::new(text, &sample, Limits::default())?.ok_or(DraftError::Empty)?;
    let header = csv.header().clone();
    let rows: Vec<Record> = csv.by_ref().take(ROWS).filter_map(Result::ok).collect();
    let cells: Vec<Vec<&str>> = (0..header.names.len())
        .map(|place| {
            rows.iter()
                .filter_map(|row| row.values.get(place)?.as_str())
                .filter(|cell| !cell.trim().is_empty())
                .collect()
        })
        .collect();
    let day_first = cells.iter().flatten().any(|cell| is_day_first(cell));
    let comma = decimal_comma(&cells);
    let clock = Clock { zone: chrono_tz::Tz::UTC, day_first };
    let mut seen = HashSet::new();
    let columns: Vec<Column> = header
        .names
        .iter()
        .zip(&cells)
        .filter(|(name, _)| !normal(name).is_empty() && seen.insert(normal(name)))
        .map(|(name, cells)| Column {
            name: name.clone(),
            key: normal(name),
            look: look(cells, clock, comma),
            unique: cells.len() == rows.len()
                && cells.iter().collect::<HashSet<_>>().len() == cells.len()
                && !cells.is_empty(),
        })
        .collect();
    Ok(write(&columns, name, day_first, comma))
}

fn is_day_first(cell: &str) -> bool {
    let mut parts = cell.split('/');
    let first = parts.next().and_then(|part| part.trim().parse::<u32>().ok());
    let second = parts.next().and_then(|part| part.parse::<u32>().ok());
    parts.next().is_some()
        && first.is_some_and(|day| (13..=31).contains(&day))
        && second.is_some_and(|month| month <= 12)
}

/// Numbers that only a comma for a point explains, in a file in which nothing shows the contrary.
fn decimal_comma(cells: &[Vec<&str>]) -> bool {
    let only =
        |cell: &&&str, comma: bool| values::decimal(cell, comma).is_some() && values::decimal(cell, !comma).is_none();
    let with = cells.iter().flatten().filter(|cell| only(cell, true)).count();
    let without = cells.iter().flatten().filter(|cell| only(cell, false)).count();
    with > without
}

fn look(cells: &[&str], clock: Clock, comma: bool) -> Look {
    let all = |is: &dyn Fn(&str) -> bool| cells.iter().filter(|cell| is(cell)).count() * 10 >= cells.len() * 9;
    if cells.is_empty() {
        return Look::Nothing;
    }
    if all(&|cell| values::email(cell).is_some()) {
        return Look::Mail;
    }
    if all(&|cell| values::yes(cell).is_some() && !cell.bytes().all(|byte| byte.is_ascii_digit())) {
        return Look::YesNo;
    }
    if all(&|cell| values::int(cell, comma).is_some()) {
        return Look::Whole;
    }
    if all(&|cell| values::decimal(cell, comma).is_some()) {
        return Look::Number;
    }
    if all(&|cell| values::date(cell, clock).is_some()) {
        return if all(&|cell| cell.trim().len() <= 10) { Look::Date } else { Look::Time };
    }
    let number = |cell: &str| {
        let digits = cell.bytes().filter(u8::is_ascii_digit).count();
        digits >= 6 && cell.chars().all(|sign| sign.is_ascii_digit() || " +-/().".contains(sign))
    };
    if all(&number) { Look::Phone } else { Look::Text }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let quoted = toml::Value::String(text.replace(['\n', '\r'], " ")).to_string();
    if quoted.contains('\n') { format!("{text:?}") } else { quoted }
}

fn write(columns: &[Column], file: &str, day_first: bool, comma: bool) -> String {
    let lower = file.to_lowercase();
    let score = |(_, _, signs, words): &(Entity, Synonyms, &[&str], &[&str])| {
        let columns = columns.iter().filter(|column| signs.contains(&column.key.as_str())).count();
        columns + 3 * usize::from(words.iter().any(|word| lower.contains(word)))
    };
    let best = SIGNS.iter().rev().max_by_key(|sign| score(sign));
    let (entity, synonyms, ..) = *best.unwrap_or(&SIGNS[3]);
    let key = columns
        .iter()
        .find(|column| column.key == "id" || column.key == format!("{}id", normal(entity.code())))
        .or_else(|| columns.iter().find(|column| column.key.ends_with("id") && column.unique))
        .or_else(|| {
            columns.iter().find(|column| {
                ["number", "nummer", "nr", "no", "code"].iter().any(|end| column.key.ends_with(end)) && column.unique
            })
        });
    let mut used: HashSet<&str> = key.iter().map(|key| key.key.as_str()).collect();
    let (mut set, mut points, mut relations) = (String::new(), Vec::new(), String::new());
    let mut create = String::new();
    for (field, names) in synonyms {
        let Some(column) =
            names.iter().find_map(|name| columns.iter().find(|column| column.key == *name && !used.contains(name)))
        else {
            continue;
        };
        let name = quoted(&column.name);
        used.insert(&column.key);
        match *field {
            "whole" if set.contains("familyName =") => {
                used.remove(column.key.as_str());
            }
            "whole" => {
                let _ = writeln!(set, "familyName = {{ from = {name}, as = \"family_name\" }}");
                let _ = writeln!(set, "givenName = {{ from = {name}, as = \"given_name\" }}");
            }
            "amount" | "annualRevenue" | "unitPrice" => {
                let currency = columns
                    .iter()
                    .find(|column| ["currency", "currencycode", "wahrung", "währung"].contains(&column.key.as_str()));
                match currency {
                    Some(currency) => {
                        used.insert(&currency.key);
                        let _ = writeln!(set, "{field} = {{ from = {name}, currency = {} }}", quoted(&currency.name));
                    }
                    None => {
                        let _ = writeln!(set, "{field} = {name}");
                    }
                }
            }
            "code" if entity == Entity::Product => {
                let _ = writeln!(create, "code = {name}");
            }
            field => match (field.strip_prefix("points:"), field.strip_prefix("->")) {
                (Some(point), _) => {
                    let (kind, label) = point.split_once(':').unwrap_or((point, ""));
                    points
                        .push(format!("  {{ kind = \"{kind}\", label = \"{label}\", from = {name}, as = \"trim\" }},"));
                }
                (None, Some(relation)) => {
                    let _ = writeln!(relations, "{relation} = {name}");
                }
                (None, None) => {
                    let _ = writeln!(set, "{field} = {name}");
                }
            },
        }
    }
    for column in columns.iter().filter(|column| column.look == Look::Mail && entity == Entity::Contact) {
        if used.insert(&column.key) {
            points.push(format!("  {{ kind = \"EMAIL\", from = {}, as = \"trim\" }},", quoted(&column.name)));
        }
    }
    if entity == Entity::Product && create.is_empty() {
        let from = key.map_or_else(String::new, |key| key.name.clone());
        let _ =
            writeln!(create, "code = {}", if from.is_empty() { "{ value = \"\" }".to_owned() } else { quoted(&from) });
    }
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# A draft, guessed from the columns and some rows of {}. Read it before you use it:",
        quoted(file)
    );
    out.push_str("# what a field or transform means stands in docs/mappings.md. Then: journey import --source csv --mapping THIS FILE\n\n");
    out.push_str("# The code under which the keys of this source are remembered: the same for every import from it.\nsource = \"csv\"\n");
    out.push_str("# An empty cell leaves what is known (leave), or clears it (clear).\nempty = \"leave\"\n");
    if day_first {
        out.push_str("# 31/12/2024 stands in it.\nday_first = true\n");
    }
    if comma {
        out.push_str("# 1.234,50 stands in it.\ndecimal_comma = true\n");
    }
    out.push_str("# Times without a zone are meant here:\n# zone = \"Europe/Berlin\"\n# Amounts without a currency are in:\n# currency = \"EUR\"\n");
    let stem: String =
        file.rsplit(['/', '\\']).next().unwrap_or(file).rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
    let stem = stem.replace('*', "");
    let _ = writeln!(out, "\n[[file]]\nname = \"rows\"\nfiles = [{}, \"*\"]", quoted(&stem));
    match key {
        Some(key) => {
            let _ = writeln!(out, "key = {}{}", quoted(&key.name), if key.unique { "" } else { " # not unique in the first rows" });
        }
        None => out.push_str("# No column looks like a key: rows are known by their place, so that the file must never be sorted anew.\nnumbered = \"Row\"\n"),
    }
    let _ = writeln!(
        out,
        "# What no line below reads: report, custom (kept as fields of the tenant's own) or ignore.\nrest = \"report\"\n\n[[file.row]]\nentity = \"{entity}\""
    );
    for column in columns.iter().filter(|column| !used.contains(column.key.as_str())) {
        let _ = writeln!(out, "# not read: {} ({})", quoted(&column.name), column.look.words());
    }
    if !points.is_empty() && matches!(entity, Entity::Contact | Entity::Account) {
        let _ = writeln!(set, "contactPoints = [\n{}\n]", points.join("\n"));
    }
    for (title, part) in [("set", set), ("on_create", create), ("relations", relations)] {
        if !part.is_empty() {
            let _ = write!(out, "[file.row.{title}]\n{part}");
        }
    }
    out
}
