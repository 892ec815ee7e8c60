//! What a merge has done, written down so that it can be undone: both rows as they were, which rows name another record since, and each
//! other cell that was changed, with what stood there before and after. A cell that holds something else by the time of undoing was
//! changed by somebody since, and is kept.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, ColumnType, IdenStatic, Iterable, ModelTrait, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    graph::{Error, Result},
    journey::{Journaled, Work, column_name},
};

/// The before image of a merge.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Image {
    /// The row that stays, as it was.
    pub survivor: Map<String, Json>,
    /// The row that became an alias, as it was.
    pub merged: Map<String, Json>,
    /// Rows that name the survivor since.
    pub moved: Vec<Moved>,
    /// Other cells, in the order in which they were changed.
    pub cells: Vec<Cell>,
    /// The keys of other systems that name the survivor since: source and key.
    pub keys: Vec<(Uuid, String)>,
    /// Ids that were answered for by the merged row.
    pub older: Vec<Uuid>,
}

/// Rows of one column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Moved {
    pub table: String,
    pub column: String,
    /// The table's name in the journal.
    pub object: String,
    pub ids: Vec<Uuid>,
}

/// A cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cell {
    pub table: String,
    pub column: String,
    /// The table's name in the journal.
    pub object: String,
    pub id: Uuid,
    pub before: Json,
    pub after: Json,
}

/// Something that was changed since, and stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The table's name in the journal.
    pub object: String,
    /// The row.
    pub id: Uuid,
    /// The column.
    pub column: String,
}

impl Kept {
    pub(super) fn of(object: &str, id: Uuid, column: &str) -> Kept {
        Kept { object: object.to_owned(), id, column: column.to_owned() }
    }
}

/// What no undoing looks at: it rises with every change.
const TECHNICAL: [&str; 2] = ["version", "updated_at"];

impl Image {
    /// Changes a row, and writes down what stood there.
    pub async fn change<E: Journaled>(
        &mut self,
        work: &mut Work<'_>,
        before: &E::Model,
        row: E::ActiveModel,
    ) -> Result<E::Model> {
        let after = Box::pin(work.update_row::<E>(before, row)).await?;
        for column in E::Column::iter() {
            let (old, new) = (written(before.get(column)), written(after.get(column)));
            if old != new && !TECHNICAL.contains(&column.as_str()) {
                self.cells.push(Cell {
                    table: E::default().table_name().to_owned(),
                    column: column_name::<E>(column),
                    object: E::OBJECT.code().to_owned(),
                    id: E::id(before),
                    before: old,
                    after: new,
                });
            }
        }
        Ok(after)
    }

    /// Removes a row that stands twice.
    pub async fn remove<E: Journaled>(&mut self, work: &mut Work<'_>, before: &E::Model) -> Result<()> {
        let deleted = E::DELETED.ok_or(Error::NotFound)?;
        let mut row = <E::ActiveModel as ActiveModelTrait>::default();
        row.set(deleted, work.now().into());
        self.change::<E>(work, before, row).await.map(drop)
    }
}

/// A row, column by column.
pub(super) fn row_of<E: Journaled>(row: &E::Model) -> Map<String, Json> {
    E::Column::iter().map(|column| (column_name::<E>(column), written(row.get(column)))).collect()
}

macro_rules! tables {
    ($($wing:ident::$table:ident),* $(,)?) => {
        /// Puts the cells of one row back, but for those that hold something else by now.
        async fn put_back_row(work: &mut Work<'_>, cells: &[&Cell], kept: &mut Vec<Kept>) -> Result<()> {
            let Some(first) = cells.first() else { return Ok(()) };
            match first.table.as_str() {
                $(stringify!($table) => Box::pin(restore::<entities::$wing::$table::Entity>(work, first.id, cells, kept)).await,)*
                _ => Ok(()),
            }
        }
    };
}

// The tables of which a merge changes more than whom they name.
tables! {
    account::account, account::contact, account::contact_point, account::employment, account::identity, account::consent,
    account::account_team_member, sales::opportunity_contact, sales::meeting_attendee,
}

/// Puts all cells back, the last first.
pub(super) async fn put_back_cells(work: &mut Work<'_>, image: &Image, kept: &mut Vec<Kept>) -> Result<()> {
    let mut rows: Vec<Vec<&Cell>> = Vec::new();
    for cell in image.cells.iter().rev() {
        match rows.iter_mut().find(|held| held.iter().any(|it| (&it.table, it.id) == (&cell.table, cell.id))) {
            Some(held) => held.push(cell),
            None => rows.push(vec![cell]),
        }
    }
    for cells in rows {
        put_back_row(work, &cells, kept).await?;
    }
    Ok(())
}

async fn restore<E: Journaled>(work: &mut Work<'_>, id: Uuid, cells: &[&Cell], kept: &mut Vec<Kept>) -> Result<()> {
    let Some(mut row) = work.follow_unscoped::<E>(id).await? else { return Ok(()) };
    let mut changed = <E::ActiveModel as ActiveModelTrait>::default();
    let mut held: Map<String, Json> = row_of::<E>(&row);
    let mut returns = false;
    for cell in cells {
        let Some(column) = E::Column::iter().find(|column| column.as_str() == cell.column) else { continue };
        if held.get(&cell.column) != Some(&cell.after) {
            kept.push(Kept::of(&cell.object, id, &cell.column));
            continue;
        }
        held.insert(cell.column.clone(), cell.before.clone());
        if E::DELETED.is_some_and(|deleted| deleted.as_str() == cell.column) && cell.before.is_null() {
            returns = true;
            continue;
        }
        let value = read(column.def().get_column_type(), &cell.before).ok_or(Error::NotFound)?;
        changed.try_set(column, value)?;
    }
    // Back first: whatever else changes is a part of that.
    if returns {
        row = Box::pin(work.restore_row::<E>(&row)).await?;
    }
    Box::pin(work.update_row::<E>(&row, changed)).await.map(drop)
}

/// A value as the image holds it. Moments to the microsecond, as both engines keep them.
fn written(value: Value) -> Json {
    match value {
        Value::Bool(Some(truth)) => json!(truth),
        Value::Int(Some(number)) => json!(number),
        Value::BigInt(Some(number)) => json!(number),
        Value::String(Some(text)) => json!(text),
        Value::Uuid(Some(id)) => json!(id),
        Value::Json(Some(json)) => *json,
        Value::ChronoDate(Some(date)) => json!(date),
        Value::ChronoDateTimeUtc(Some(time)) => json!(time.timestamp_micros()),
        Value::ChronoDateTimeWithTimeZone(Some(time)) => json!(time.timestamp_micros()),
        _ => Json::Null,
    }
}

/// [`written`], back: None where the column cannot hold it.
fn read(ty: &ColumnType, json: &Json) -> Option<Value> {
    let is_null = json.is_null();
    Some(match ty {
        ColumnType::Uuid if is_null => Value::Uuid(None),
        ColumnType::Uuid => Uuid::parse_str(json.as_str()?).ok()?.into(),
        ColumnType::Boolean if is_null => Value::Bool(None),
        ColumnType::Boolean => json.as_bool()?.into(),
        ColumnType::Integer if is_null => Value::Int(None),
        ColumnType::Integer => i32::try_from(json.as_i64()?).ok()?.into(),
        ColumnType::BigInteger if is_null => Value::BigInt(None),
        ColumnType::BigInteger => json.as_i64()?.into(),
        ColumnType::Date if is_null => Value::ChronoDate(None),
        ColumnType::Date => json.as_str()?.parse::<NaiveDate>().ok()?.into(),
        ColumnType::Json | ColumnType::JsonBinary => Value::Json((!is_null).then(|| Box::new(json.clone()))),
        ColumnType::TimestampWithTimeZone if is_null => Value::ChronoDateTimeUtc(None),
        ColumnType::TimestampWithTimeZone => DateTime::<Utc>::from_timestamp_micros(json.as_i64()?)?.into(),
        _ if is_null => Value::String(None),
        _ => json.as_str()?.to_owned().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_it_was_written() {
        let at = DateTime::<Utc>::from_timestamp_micros(1_790_000_000_123_456).unwrap();
        for (ty, value) in [
            (ColumnType::Uuid, Value::from(Uuid::from_u128(7))),
            (ColumnType::Uuid, Value::Uuid(None)),
            (ColumnType::Boolean, true.into()),
            (ColumnType::Integer, 7_i32.into()),
            (ColumnType::BigInteger, (1_i64 << 60).into()),
            (ColumnType::Text, "Ätna".into()),
            (ColumnType::Text, Value::String(None)),
            (ColumnType::Json, json!({ "a": [1] }).into()),
            (ColumnType::TimestampWithTimeZone, at.into()),
            (ColumnType::TimestampWithTimeZone, Value::ChronoDateTimeUtc(None)),
        ] {
            assert_eq!(read(&ty, &written(value.clone())), Some(value));
        }
    }
}
