//! Fields of the tenant's own: what is declared, what a row holds, and the conditions and orders that are made of it.
//!
//! The values stand in the rows' JSON column `custom`. JSON is stored, not filtered on: `custom_value` is their index, which the
//! one write path keeps.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{InputObject, Json as JsonScalar};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entities::{
    codes::{CustomEntity, CustomFieldType},
    tenant::{custom_field, custom_value},
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, EntityTrait, ModelTrait, Value,
    sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement, SubQueryStatement},
};
use serde_json::Value as Json;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    cx::Cx,
    error::{Error, Result},
    filter::{MAX_TEXT, MAX_VALUES, like},
    input::text,
    listing::{Depth, SortDirection},
};
use crate::policy::{Caller, Class, Governed, Seen, Type};

/// The longest text of a field, in characters.
pub const MAX_TEXT_VALUE: usize = 2_000;
/// How much of a text is sorted by, in characters: what an index of either engine takes.
const MAX_KEY: usize = 100;
/// The most conditions on own fields of one filter.
const MAX_TERMS: usize = 20;
/// Numbers are indexed in millionths.
const DECIMALS: u32 = 6;

/// The entity whose rows a table holds, and the column of its custom values; None for a table without.
pub fn custom_column<E: EntityTrait>() -> Option<(CustomEntity, E::Column)> {
    let table = E::default();
    let entity = CustomEntity::ALL.iter().copied().find(|entity| entity.table() == table.table_name())?;
    Some((entity, E::Column::from_str("custom").ok()?))
}

/// A declared field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its id.
    pub id: Uuid,
    /// Whose field it is.
    pub entity: CustomEntity,
    /// Its name for machines.
    pub code: String,
    /// What it holds.
    pub kind: CustomFieldType,
    /// The class of its values.
    pub class: Class,
    /// Whether a value can not be cleared.
    pub is_required: bool,
    /// The codes that can be chosen.
    pub choices: Vec<String>,
    /// Whether it stands. The values of one that was taken away are kept and shown to nobody.
    pub stands: bool,
    /// The row, as the caller sees it.
    pub seen: Seen<custom_field::Model>,
}

/// What a row holds in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// A text, or the code of a choice.
    Text(String),
    /// A number in millionths.
    Number(i64),
    /// True or false.
    Boolean(bool),
    /// A date.
    Date(NaiveDate),
}

impl Held {
    /// As the graph shows it.
    pub fn json(&self) -> Json {
        match self {
            Held::Text(text) => Json::from(text.as_str()),
            Held::Boolean(truth) => Json::from(*truth),
            Held::Date(date) => Json::from(date.to_string()),
            Held::Number(millionths) => {
                let number = Decimal::new(*millionths, DECIMALS);
                match number.is_integer() {
                    true => Json::from(number.to_i64()),
                    false => Json::from(number.to_f64()),
                }
            }
        }
    }

    /// What a list is sorted by.
    pub fn sorted(&self) -> Value {
        match self {
            Held::Text(text) => key_of(text).into(),
            Held::Number(millionths) => (*millionths).into(),
            Held::Boolean(truth) => (*truth).into(),
            Held::Date(date) => (*date).into(),
        }
    }

    /// The line of the index.
    pub fn indexed(self, field: Uuid, row: Uuid) -> custom_value::ActiveModel {
        use sea_orm::Set;
        let mut line = custom_value::ActiveModel {
            field_id: Set(field),
            row_id: Set(row),
            text_key: Set(None),
            text_value: Set(None),
            number_value: Set(None),
            date_value: Set(None),
            boolean_value: Set(None),
            ..Default::default()
        };
        match self {
            Held::Text(text) => {
                line.text_key = Set(Some(key_of(&text)));
                line.text_value = Set(Some(text));
            }
            Held::Number(millionths) => line.number_value = Set(Some(millionths)),
            Held::Boolean(truth) => line.boolean_value = Set(Some(truth)),
            Held::Date(date) => line.date_value = Set(Some(date)),
        }
        line
    }
}

fn key_of(text: &str) -> String {
    text.chars().take(MAX_KEY).map(|c| c.to_ascii_lowercase()).collect()
}

/// A number as it is written, in millionths: below a trillion, of at most 15 digits, 6 of them after the point; so a double of a
/// client holds it exactly.
fn millionths(text: &str) -> Option<i64> {
    let number = Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()?.normalize();
    let digits = number.mantissa().unsigned_abs();
    if number.scale() > DECIMALS || digits >= 10_u128.pow(15) || number.abs() >= Decimal::from(1_000_000_000_000_i64) {
        return None;
    }
    (number * Decimal::from(10_i64.pow(DECIMALS))).to_i64()
}

fn date(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.parse().ok()?;
    ((1..=9999).contains(&date.year()) && date.to_string() == text).then_some(date)
}

impl Field {
    fn of(seen: Seen<custom_field::Model>) -> Option<Field> {
        let row = seen.row();
        let choices = row.choices.as_array().into_iter().flatten();
        Some(Field {
            id: row.id,
            entity: row.entity,
            code: row.code.clone(),
            kind: row.field_type,
            class: row.class.chars().next().and_then(Class::from_letter)?,
            is_required: row.is_required,
            choices: choices.filter_map(|choice| choice["code"].as_str().map(str::to_owned)).collect(),
            stands: row.deleted_at.is_none(),
            seen: seen.clone(),
        })
    }

    /// What the field is called where rights are looked up and changes are named. The access table lists fields of the house by
    /// name; none of them has a point in it, so a code can not borrow their rights.
    pub fn path(&self) -> String {
        format!("custom.{}", self.code)
    }

    /// What the JSON of a row holds in it; None where there is nothing of its type. Sources write numbers and truths as texts.
    pub fn held(&self, custom: &Json) -> Option<Held> {
        let value = custom.get(&self.code)?;
        match self.kind {
            CustomFieldType::Text | CustomFieldType::Choice => {
                let text =
                    value.as_str().filter(|text| text.chars().count() <= MAX_TEXT_VALUE && !text.contains('\0'))?;
                Some(Held::Text(text.to_owned()))
            }
            CustomFieldType::Number => match value {
                Json::Number(number) => millionths(&number.to_string()),
                Json::String(text) => millionths(text),
                _ => None,
            }
            .map(Held::Number),
            CustomFieldType::Boolean => match value {
                Json::Bool(truth) => Some(*truth),
                Json::String(text) => text.to_ascii_lowercase().parse().ok(),
                _ => None,
            }
            .map(Held::Boolean),
            CustomFieldType::Date => date(value.as_str()?).map(Held::Date),
        }
    }

    /// [`Field::held`] of a row.
    pub fn held_by<E: EntityTrait>(&self, row: &E::Model) -> Option<Held>
    where
        E::Model: ModelTrait<Entity = E>,
    {
        let (_, column) = custom_column::<E>()?;
        match row.get(column) {
            Value::Json(Some(custom)) => self.held(&custom),
            _ => None,
        }
    }

    /// A value that is to be written, or why it will not do.
    pub fn checked(&self, path: &str, value: Json) -> Result<Held> {
        let wrong = |what: &str| Err(Error::invalid(path, what));
        match (self.kind, value) {
            (CustomFieldType::Text, Json::String(value)) => Ok(Held::Text(text(path, value, MAX_TEXT_VALUE)?)),
            (CustomFieldType::Choice, Json::String(code)) if self.choices.contains(&code) => Ok(Held::Text(code)),
            (CustomFieldType::Number, Json::Number(number)) => match millionths(&number.to_string()) {
                Some(millionths) => Ok(Held::Number(millionths)),
                None => wrong("a number below a trillion, of at most 15 digits, 6 of them after the point"),
            },
            (CustomFieldType::Boolean, Json::Bool(truth)) => Ok(Held::Boolean(truth)),
            (CustomFieldType::Date, Json::String(text)) => match date(&text) {
                Some(date) => Ok(Held::Date(date)),
                None => wrong("a date, as 2026-11-23"),
            },
            (CustomFieldType::Text, _) => wrong("this field holds a text"),
            (CustomFieldType::Choice, _) => wrong("this field holds the code of one of its choices"),
            (CustomFieldType::Number, _) => wrong("this field holds a number"),
            (CustomFieldType::Boolean, _) => wrong("this field holds true or false"),
            (CustomFieldType::Date, _) => wrong("this field holds a date, as 2026-11-23"),
        }
    }

    /// The column of the index that its values stand in, for comparing and sorting.
    fn column(&self) -> custom_value::Column {
        match self.kind {
            CustomFieldType::Text | CustomFieldType::Choice => custom_value::Column::TextKey,
            CustomFieldType::Number => custom_value::Column::NumberValue,
            CustomFieldType::Boolean => custom_value::Column::BooleanValue,
            CustomFieldType::Date => custom_value::Column::DateValue,
        }
    }

    /// The type of that column.
    pub(super) fn column_type(&self) -> ColumnType {
        self.column().def().get_column_type().clone()
    }

    /// The index's lines of this field.
    fn lines(&self, tenant: i64) -> SelectStatement {
        Query::select()
            .from_as(custom_value::Entity, Alias::new(HELD))
            .and_where(of(custom_value::Column::TenantId).eq(tenant))
            .and_where(of(custom_value::Column::FieldId).eq(self.id))
            .take()
    }

    /// What a row of `E` is sorted by, as an expression on it.
    pub(super) fn value_of<E: Governed>(&self, tenant: i64) -> Expr {
        let value = self
            .lines(tenant)
            .expr(of(self.column()))
            .and_where(of(custom_value::Column::RowId).eq(E::ID.into_expr()))
            .take();
        Expr::from(SubQueryStatement::from(value))
    }

    /// The rows of `E` with a value that fulfils all of these.
    fn found<E: Governed>(&self, tenant: i64, tests: &[Expr]) -> Expr {
        let mut lines = self.lines(tenant);
        lines.expr(of(custom_value::Column::RowId));
        for test in tests {
            lines.and_where(test.clone());
        }
        E::ID.into_expr().in_subquery(lines)
    }
}

/// The alias of the index in conditions.
const HELD: &str = "held";

fn of(column: custom_value::Column) -> Expr {
    Expr::col((Alias::new(HELD), column))
}

/// The fields of a tenant in their order, those that were taken away included.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<Arc<Field>>);

impl Fields {
    /// Reads the fields of the caller's tenant.
    pub async fn read<C: ConnectionTrait>(caller: &Caller, db: &C) -> Result<Fields> {
        let rows = caller.rows_even_deleted::<custom_field::Entity>();
        let rows =
            rows.order_by(custom_field::Column::Position, Order::Asc).order_by(custom_field::Column::Id, Order::Asc);
        Ok(Fields(rows.all(db).await?.into_iter().filter_map(Field::of).map(Arc::new).collect()))
    }

    /// The fields of an entity that stand, in their order.
    pub fn of(&self, entity: CustomEntity) -> impl Iterator<Item = &Arc<Field>> {
        self.0.iter().filter(move |field| field.entity == entity && field.stands)
    }

    /// One field of an entity that stands.
    pub fn find(&self, entity: CustomEntity, code: &str) -> Option<&Arc<Field>> {
        self.of(entity).find(|field| field.code == code)
    }

    /// [`Fields::find`] by the table.
    pub(super) fn of_table<E: EntityTrait>(&self, code: &str) -> Option<&Arc<Field>> {
        self.find(custom_column::<E>()?.0, code)
    }

    /// Whether a name in the JSON of an entity's rows is or was a field's: then it is nothing that the house does not know.
    pub fn declares(&self, entity: CustomEntity, name: &str) -> bool {
        self.0.iter().any(|field| field.entity == entity && field.code == name)
    }
}

/// What the request has read of the fields.
#[derive(Default)]
pub(super) struct Declarations(Mutex<Option<Reading>>);

/// A stream lives longer than a reading: each of its deliveries has a moment of its own.
type Reading = (DateTime<Utc>, Arc<OnceCell<Arc<Fields>>>);

impl Declarations {
    pub(super) async fn read(&self, cx: &Cx) -> Result<Arc<Fields>> {
        let cell = {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = cx.caller.now();
            match &*held {
                Some((moment, cell)) if *moment == now => cell.clone(),
                _ => held.insert((now, Arc::default())).1.clone(),
            }
        };
        let read = cell.get_or_try_init(|| async { Fields::read(&cx.caller, &cx.db()).await.map(Arc::new) });
        // Without a budget, as in a batch: all rows of a page get their answer in one turn.
        Ok(tokio::task::unconstrained(read).await?.clone())
    }

    pub(super) fn held(&self, cx: &Cx) -> Option<Arc<Fields>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|(moment, _)| *moment == cx.caller.now())?.1.get().cloned()
    }

    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// By a field of the tenant's own. Several conditions must all hold; a row where the field is empty, or where you may not read it
/// in clear, fulfils none but `isNull: true`.
#[derive(Clone, Debug, InputObject)]
pub struct CustomFieldFilter {
    /// The field's code.
    pub code: String,
    /// Exactly this: a text, a number, true or false, a date as text, the code of a choice.
    pub eq: Option<JsonScalar<Json>>,
    /// Exactly one of these, at most 100.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<JsonScalar<Json>>>,
    /// Holds this, whatever the case of ASCII letters; at most 255 characters. For texts and choices.
    pub contains: Option<String>,
    /// This or more. For numbers and dates.
    pub gte: Option<JsonScalar<Json>>,
    /// Less than this. For numbers and dates.
    pub lt: Option<JsonScalar<Json>>,
    /// True: only rows without it; false: only rows with it.
    pub is_null: Option<bool>,
}

/// The order by a field of the tenant's own: a text by its first 100 characters. Rows without a value come last.
#[derive(Clone, Debug, InputObject)]
pub struct CustomFieldSort {
    /// The field's code.
    pub code: String,
    /// Which way.
    pub direction: SortDirection,
}

/// The conditions that a filter makes on the rows of `E`. The request has read the fields before.
pub fn custom_conditions<E: Governed>(
    cx: &Cx,
    ty: Type,
    depth: Depth,
    filters: Option<Vec<CustomFieldFilter>>,
) -> Result<Vec<Expr>> {
    let Some(filters) = filters else { return Ok(Vec::new()) };
    if filters.len() > MAX_TERMS {
        return Err(bad(format!("at most {MAX_TERMS} conditions")));
    }
    let fields = cx.fields_read().unwrap_or_default();
    filters.into_iter().map(|filter| filter.condition::<E>(cx, ty, depth, &fields)).collect()
}

fn bad(what: impl std::fmt::Display) -> Error {
    Error::BadInput(format!("filter.custom: {what}"))
}

impl CustomFieldFilter {
    fn condition<E: Governed>(self, cx: &Cx, ty: Type, depth: Depth, fields: &Fields) -> Result<Expr> {
        let CustomFieldFilter { code, eq, one_of, contains, gte, lt, is_null } = self;
        let field = fields.of_table::<E>(&code).ok_or_else(|| bad("there is no such field here"))?;
        let mut tests = Vec::new();
        for value in eq.map(|value| vec![value]).into_iter().chain(one_of) {
            if value.len() > MAX_VALUES {
                return Err(bad(format!("at most {MAX_VALUES} values")));
            }
            let any = value.into_iter().map(|value| field.equals(&value.0)).collect::<Result<Vec<Expr>>>()?;
            tests.push(any.into_iter().reduce(ExprTrait::or).unwrap_or_else(|| Expr::val(1).eq(0)));
        }
        if let Some(part) = contains {
            match field.kind {
                CustomFieldType::Text | CustomFieldType::Choice if part.chars().count() <= MAX_TEXT => {
                    tests.push(like(of(custom_value::Column::TextValue), &part, false, cx.store.is_postgres()));
                }
                CustomFieldType::Text | CustomFieldType::Choice => {
                    return Err(bad(format!("contains: at most {MAX_TEXT} characters")));
                }
                CustomFieldType::Number | CustomFieldType::Boolean | CustomFieldType::Date => {
                    return Err(bad("contains is for texts and choices"));
                }
            }
        }
        tests.extend(gte.map(|value| Ok::<_, Error>(of(field.column()).gte(field.bound(&value.0)?))).transpose()?);
        tests.extend(lt.map(|value| Ok::<_, Error>(of(field.column()).lt(field.bound(&value.0)?))).transpose()?);

        // What the caller may not read in clear is as if it were not there.
        let clear = cx.caller.clear::<E>(ty, field.class, &field.path());
        let found = |tests: &[Expr]| {
            let found = field.found::<E>(cx.caller.tenant, tests);
            // Yes or no, never unknown: `not` of what is unknown would tell the rows apart.
            let clear = clear.clone().map(|clear| {
                let sees: Expr = Expr::case(clear, 1).finally(0).into();
                sees.eq(1)
            });
            clear.map_or(found.clone(), |clear| clear.and(found))
        };
        let mut all = Expr::val(1).eq(1);
        if !tests.is_empty() {
            let fulfilled = found(&tests);
            all = all.and(if depth.negated { fulfilled.or(found(&[]).not()) } else { fulfilled });
        }
        if let Some(null) = is_null {
            all = all.and(if null { found(&[]).not() } else { found(&[]) });
        }
        Ok(all)
    }
}

impl Field {
    fn asked(&self, value: &Json) -> Result<Held> {
        let custom = Json::from_iter([(self.code.clone(), value.clone())]);
        match self.held(&custom) {
            // Only sources may write a number as a text.
            Some(held) if value.is_string() == matches!(held, Held::Text(_) | Held::Date(_)) => Ok(held),
            _ => Err(bad("a value is not of the field's type")),
        }
    }

    fn equals(&self, value: &Json) -> Result<Expr> {
        // No stored text holds U+0000, and PostgreSQL refuses even to be asked; nor is one that long.
        let unheard = |text: &str| text.contains('\0') || text.chars().count() > MAX_TEXT_VALUE;
        match (self.kind, value.as_str()) {
            (CustomFieldType::Text | CustomFieldType::Choice, Some(text)) if unheard(text) => Ok(Expr::val(1).eq(0)),
            _ => Ok(match self.asked(value)? {
                // The key is what the index finds; the text decides.
                Held::Text(text) => of(custom_value::Column::TextKey)
                    .eq(key_of(&text))
                    .and(of(custom_value::Column::TextValue).eq(text)),
                held => of(self.column()).eq(held.sorted()),
            }),
        }
    }

    fn bound(&self, value: &Json) -> Result<Value> {
        match self.kind {
            CustomFieldType::Number | CustomFieldType::Date => Ok(self.asked(value)?.sorted()),
            CustomFieldType::Text | CustomFieldType::Choice | CustomFieldType::Boolean => {
                Err(bad("gte and lt are for numbers and dates"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        assert_eq!(millionths("12.5"), Some(12_500_000));
        assert_eq!(millionths("-0.000001"), Some(-1));
        assert_eq!(millionths("1e-5"), Some(10));
        assert_eq!(millionths("999999999999"), Some(999_999_999_999_000_000));
        for wrong in ["1000000000000", "0.0000001", "1e300", "123456789012.1234", "NaN", ""] {
            assert_eq!(millionths(wrong), None, "{wrong}");
        }
        for exact in ["0.1", "123456789.123456", "-999999999.999999", "7"] {
            let shown = Held::Number(millionths(exact).unwrap_or_default()).json().to_string();
            assert_eq!(shown, exact);
        }
    }

    #[test]
    fn dates_have_one_spelling() {
        assert!(date("2026-11-23").is_some());
        for wrong in ["2026-1-3", "2026-02-30", "+12026-01-01", "0000-01-01", "today"] {
            assert!(date(wrong).is_none(), "{wrong}");
        }
    }
}
