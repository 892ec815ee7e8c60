//! One value of a flat row: what it is, and how it is said in keys and conditions. What it looks like in a file is said by the
//! writer of that file.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rust_decimal::Decimal;
use sea_orm::{QueryResult, sea_query::Value};
use uuid::Uuid;

use crate::graph::{GlobalId, Kind, Result, decimals};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The id of an object, as the graph has it: `acc_…`.
    Id(Kind),
    /// The id of what is no object of the graph.
    Uuid,
    /// A code, of a closed list or of the tenant's own.
    Code,
    /// What people call something.
    Text,
    /// A moment, in UTC.
    Time,
    /// A civil day.
    Day,
    /// A whole number.
    Integer,
    /// An amount in the main unit of a currency, exact; the field that holds the currency.
    Amount(&'static str),
    /// A number with decimals, exact.
    Decimal,
    /// A number.
    Float,
    /// Yes or no.
    Flag,
}

impl Form {
    /// The name in the docs.
    pub fn name(self) -> String {
        match self {
            Form::Id(kind) => format!("id `{}_…`", kind.prefix()),
            Form::Uuid => "uuid".to_owned(),
            Form::Code => "code".to_owned(),
            Form::Text => "text".to_owned(),
            Form::Time => "time".to_owned(),
            Form::Day => "date".to_owned(),
            Form::Integer => "integer".to_owned(),
            Form::Amount(_) | Form::Decimal => "decimal".to_owned(),
            Form::Float => "number".to_owned(),
            Form::Flag => "boolean".to_owned(),
        }
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is none, or the caller may not read it.
    Null,
    /// A text or a code.
    Text(String),
    /// An id.
    Id(Kind, Uuid),
    /// A bare id.
    Uuid(Uuid),
    /// A moment.
    Time(DateTime<Utc>),
    /// A civil day.
    Day(NaiveDate),
    /// A whole number.
    Integer(i64),
    /// A number with decimals.
    Decimal(Decimal),
    /// A number.
    Float(f64),
    /// Yes or no.
    Flag(bool),
}

/// The values of a row, in the order of its dataset's fields.
pub type Row = Vec<Cell>;

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}

macro_rules! cells {
    ($($ty:ty => $cell:ident;)*) => {$(
        impl From<$ty> for Cell {
            fn from(value: $ty) -> Cell {
                Cell::$cell(value)
            }
        }
    )*};
}

cells! {
    String => Text;
    Uuid => Uuid;
    DateTime<Utc> => Time;
    NaiveDate => Day;
    i64 => Integer;
    Decimal => Decimal;
    f64 => Float;
    bool => Flag;
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<GlobalId> for Cell {
    fn from(id: GlobalId) -> Cell {
        Cell::Id(id.kind, id.uuid)
    }
}

impl Cell {
    /// Reads a column. Amounts come in minor units of the currency that their row names.
    pub fn read(form: Form, row: &QueryResult, name: &str) -> Result<Cell> {
        Ok(match form {
            Form::Id(kind) => row.try_get::<Option<Uuid>>("", name)?.map(|uuid| GlobalId::new(kind, uuid)).into(),
            Form::Uuid => row.try_get::<Option<Uuid>>("", name)?.into(),
            Form::Code | Form::Text => row.try_get::<Option<String>>("", name)?.into(),
            Form::Time => row.try_get::<Option<DateTime<Utc>>>("", name)?.into(),
            Form::Day => row.try_get::<Option<NaiveDate>>("", name)?.into(),
            Form::Integer => row.try_get::<Option<i64>>("", name)?.into(),
            Form::Amount(currency) => {
                let minor: Option<i64> = row.try_get("", name)?;
                let currency: Option<String> = row.try_get("", currency)?;
                minor.zip(currency).map(|(minor, currency)| Decimal::new(minor, decimals(&currency))).into()
            }
            Form::Decimal => Cell::Null,
            Form::Float => row.try_get::<Option<f64>>("", name)?.into(),
            Form::Flag => row.try_get::<Option<bool>>("", name)?.into(),
        })
    }

    /// As text; none for null. Times with microseconds only where there are some.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Cell::Null => return None,
            Cell::Text(text) => text.clone(),
            Cell::Id(kind, uuid) => GlobalId::new(*kind, *uuid).to_string(),
            Cell::Uuid(uuid) => uuid.as_hyphenated().to_string(),
            Cell::Time(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            Cell::Day(day) => day.to_string(),
            Cell::Integer(n) => n.to_string(),
            Cell::Decimal(n) => n.to_string(),
            Cell::Float(n) => serde_json::Number::from_f64(*n)?.to_string(),
            Cell::Flag(is) => is.to_string(),
        })
    }

    /// The value that a text stands for: the way back from [`Cell::text`].
    pub fn parse(form: Form, text: &str) -> Option<Cell> {
        Some(match form {
            Form::Id(kind) => GlobalId::parse(text).filter(|id| id.kind == kind)?.into(),
            Form::Uuid => Uuid::try_parse(text).ok()?.into(),
            Form::Code | Form::Text => text.into(),
            Form::Time => DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc).into(),
            Form::Day => text.parse::<NaiveDate>().ok()?.into(),
            Form::Integer => text.parse::<i64>().ok()?.into(),
            Form::Amount(_) | Form::Decimal => text.parse::<Decimal>().ok()?.into(),
            Form::Float => text.parse::<f64>().ok().filter(|n| n.is_finite())?.into(),
            Form::Flag => text.parse::<bool>().ok()?.into(),
        })
    }

    /// As a value of a statement; the null of text for null, which is never compared.
    pub fn bound(&self) -> Value {
        match self {
            Cell::Null => Value::String(None),
            Cell::Text(text) => text.clone().into(),
            Cell::Id(_, uuid) | Cell::Uuid(uuid) => (*uuid).into(),
            Cell::Time(at) => (*at).into(),
            Cell::Day(day) => (*day).into(),
            Cell::Integer(n) => (*n).into(),
            Cell::Decimal(n) => thousandths(*n).into(),
            Cell::Float(n) => (*n).into(),
            Cell::Flag(is) => (*is).into(),
        }
    }

    /// The order of two values of one column, null first, for rows that stand in memory.
    pub fn order(&self, other: &Cell) -> Ordering {
        match (self, other) {
            (Cell::Null, Cell::Null) => Ordering::Equal,
            (Cell::Null, _) => Ordering::Less,
            (_, Cell::Null) => Ordering::Greater,
            (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
            (Cell::Id(_, one), Cell::Id(_, other)) => one.cmp(other),
            (Cell::Uuid(one), Cell::Uuid(other)) => one.cmp(other),
            (Cell::Time(one), Cell::Time(other)) => one.cmp(other),
            (Cell::Day(one), Cell::Day(other)) => one.cmp(other),
            (Cell::Integer(one), Cell::Integer(other)) => one.cmp(other),
            (Cell::Decimal(one), Cell::Decimal(other)) => one.cmp(other),
            (Cell::Float(one), Cell::Float(other)) => one.total_cmp(other),
            (Cell::Flag(one), Cell::Flag(other)) => one.cmp(other),
            // Cells of one column are of one form.
            _ => Ordering::Equal,
        }
    }
}

/// An amount in thousandths of its main unit, as statements compare amounts of currencies with different decimals: exact below
/// 9 × 10¹² of it.
pub fn thousandths(amount: Decimal) -> f64 {
    // The same product as the statement's, of the minor units and a power of ten: equal amounts are equal numbers.
    let scale = i32::try_from(amount.scale()).unwrap_or(0);
    amount.mantissa() as f64 * 10_f64.powi(3 - scale)
}
