//! What names an account or a contact: one line a column. A merge lets all of it name the record that stays, and undoing the merge lets
//! exactly these rows name the other one again. A test compares the list with the columns of all tables, so that none is forgotten.

use entities::codes::SubjectType;
use sea_orm::{ColumnTrait, sea_query::Condition};
use uuid::Uuid;

use super::image::{Image, Kept, Moved};
use crate::{
    graph::Result,
    journey::{Journaled, Work, column_name},
};

/// A column that names a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it names.
    pub of: SubjectType,
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: String,
    /// The column that says what is named, where it may name several things.
    pub by_type: Option<String>,
}

/// How many rows one statement takes.
const CHUNK: usize = 500;

macro_rules! references {
    (@by $wing:ident $table:ident) => { None };
    (@by $wing:ident $table:ident $ty:ident) => { Some(entities::$wing::$table::Column::$ty) };
    ($($of:ident { $($wing:ident::$table:ident $column:ident $(if $ty:ident)?;)* })*) => {
        /// Every column that names what can be merged, and that a merge lets name another.
        pub fn references() -> Vec<Reference> {
            vec![$($({
                use entities::$wing::$table::{Column, Entity};
                let by_type: Option<Column> = references!(@by $wing $table $($ty)?);
                Reference {
                    of: SubjectType::$of,
                    table: stringify!($table),
                    column: column_name::<Entity>(Column::$column),
                    by_type: by_type.map(column_name::<Entity>),
                }
            }),*),*]
        }

        /// Lets everything that names one record name another.
        pub(super) async fn move_all(
            work: &mut Work<'_>,
            of: SubjectType,
            from: Uuid,
            to: Uuid,
            image: &mut Image,
        ) -> Result<()> {
            match of {
                $(SubjectType::$of => {
                    $({
                        use entities::$wing::$table::{Column, Entity};
                        let by_type: Option<Column> = references!(@by $wing $table $($ty)?);
                        let place = (stringify!($table), Column::$column, by_type);
                        Box::pin(shift::<Entity>(work, of, place, (from, to), image)).await?;
                    })*
                })*
                _ => {}
            }
            Ok(())
        }

        /// Lets the rows of one column name the other record again, but for those that name a third one by now.
        pub(super) async fn put_back(
            work: &mut Work<'_>,
            of: SubjectType,
            moved: &Moved,
            (survivor, merged): (Uuid, Uuid),
            kept: &mut Vec<Kept>,
        ) -> Result<()> {
            $($({
                use entities::$wing::$table::{Column, Entity};
                if of == SubjectType::$of
                    && moved.table == stringify!($table)
                    && moved.column == column_name::<Entity>(Column::$column)
                {
                    return Box::pin(unshift::<Entity>(work, Column::$column, moved, (survivor, merged), kept)).await;
                }
            })*)*
            Ok(())
        }
    };
}

references! {
    Contact {
        account::contact_point ContactId;
        account::employment ContactId;
        account::visitor ContactId;
        account::consent ContactId;
        account::identity SubjectId if SubjectType;
        marketing::touchpoint ContactId;
        marketing::lead ContactId;
        marketing::handover SubjectId if SubjectType;
        sales::opportunity_contact ContactId;
        sales::meeting_attendee ContactId;
        sales::requirement ContactId;
        sales::activity ContactId;
        sales::note SubjectId if SubjectType;
        sales::task SubjectId if SubjectType;
        sales::sales_order ContactId;
        service::ticket ContactId;
        service::survey_answer ContactId;
    }
    Account {
        account::account ParentId;
        account::contact AccountId;
        account::contact_point AccountId;
        account::employment AccountId;
        account::visitor AccountId;
        account::identity SubjectId if SubjectType;
        account::account_team_member AccountId;
        marketing::touchpoint AccountId;
        marketing::lead AccountId;
        marketing::handover AccountId;
        marketing::handover SubjectId if SubjectType;
        sales::opportunity AccountId;
        sales::meeting AccountId;
        sales::requirement AccountId;
        sales::activity AccountId;
        sales::note AccountId;
        sales::note SubjectId if SubjectType;
        sales::task AccountId;
        sales::task SubjectId if SubjectType;
        sales::sales_order AccountId;
        sales::contract AccountId;
        service::asset AccountId;
        service::ticket AccountId;
        service::ticket_message AccountId;
        service::sla_clock AccountId;
        service::file AccountId;
        service::survey_answer AccountId;
    }
}

/// What names a record and stays as it is, with the reason: table, column.
pub const STAYS: &[(&str, &str, &str)] = &[
    ("journey_event", "account_id", "an event is never rewritten: it happened at the account of that time"),
    ("journey_event", "object_id", "an event is never rewritten; readers follow the alias"),
    ("event_subject", "account_id", "a copy of the event's"),
    ("event_subject", "subject_id", "rows are added, tagged by the operation"),
    ("change_log", "object_id", "what happened to which row"),
    ("stage_interval", "object_id", "a stay is of the row that was in the stage: the alias keeps its own"),
    ("sla_clock", "object_id", "a ticket or a handover"),
    ("external_ref", "object_id", "moved beside the rows: it has no id of its own"),
    ("search_token", "row_id", "made of the rows by the write path"),
    ("search_token", "source_id", "made of the rows by the write path"),
    ("custom_value", "row_id", "made of the rows by the write path"),
    ("id_redirect", "old_id", "the alias itself"),
    ("field_conflict", "object_id", "what was not taken of the row: the alias keeps its own"),
    ("field_writer", "object_id", "who wrote the row's fields last: the alias keeps its own"),
    ("import_row", "object_id", "what an import did to which row"),
    ("webhook_delivery", "object_id", "what was told about which row"),
    ("id_redirect", "new_id", "turned beside the rows"),
    ("merge_operation", "survivor_id", "what was merged then"),
    ("merge_operation", "merged_id", "what was merged then"),
    ("visitor_link", "contact_id", "who it was linked with then"),
    ("visitor_link", "account_id", "where that person worked then"),
    ("campaign", "parent_id", "a campaign"),
    ("industry", "parent_id", "an industry"),
];

type Place<E> = (&'static str, <E as sea_orm::EntityTrait>::Column, Option<<E as sea_orm::EntityTrait>::Column>);

async fn shift<E: Journaled>(
    work: &mut Work<'_>,
    of: SubjectType,
    (table, column, by_type): Place<E>,
    (from, to): (Uuid, Uuid),
    image: &mut Image,
) -> Result<()> {
    let named = Condition::all().add(column.eq(from)).add_option(by_type.map(|ty| ty.eq(of.as_str())));
    let rows = work.naming_unscoped::<E>(named).await?;
    if rows.is_empty() {
        return Ok(());
    }
    image.moved.push(Moved {
        table: table.to_owned(),
        column: column_name::<E>(column),
        object: E::OBJECT.code().to_owned(),
        ids: rows.iter().map(E::id).collect(),
    });
    work.repoint_unscoped::<E>(rows, column, to.into()).await
}

async fn unshift<E: Journaled>(
    work: &mut Work<'_>,
    column: E::Column,
    moved: &Moved,
    (survivor, merged): (Uuid, Uuid),
    kept: &mut Vec<Kept>,
) -> Result<()> {
    for ids in moved.ids.chunks(CHUNK) {
        let named = Condition::all().add(column.eq(survivor)).add(E::ID.is_in(ids.iter().copied()));
        let rows = work.naming_unscoped::<E>(named).await?;
        let elsewhere = ids.iter().filter(|id| !rows.iter().any(|row| E::id(row) == **id));
        kept.extend(elsewhere.map(|id| Kept::of(&moved.object, *id, &moved.column)));
        work.repoint_unscoped::<E>(rows, column, merged.into()).await?;
    }
    Ok(())
}
