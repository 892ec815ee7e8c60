//! Rows and journal: every row has an event that names it, and every event's object is a row.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{Check, MOST, Reader};
use crate::journey::{Journaled, ObjectType};

/// Every table that the journal names. A test compares it with [`ObjectType::ALL`].
macro_rules! tables {
    ($($wing:ident::$table:ident),* $(,)?) => {
        /// The rows of every table, as (object type, id).
        pub(super) fn rows(tenant: i64) -> Vec<SelectStatement> {
            vec![$(rows_of::<entities::$wing::$table::Entity>(tenant)),*]
        }

        #[cfg(test)]
        pub(super) const OBJECTS: &[ObjectType] = &[$(<entities::$wing::$table::Entity as Journaled>::OBJECT),*];
    };
}

tables! {
    account::account, account::contact, account::contact_point, account::employment, account::visitor, account::identity,
    account::consent, account::colleague, account::industry, account::account_team_member, account::industry_team_member,
    tenant::queue, tenant::queue_member, tenant::goal, tenant::definition, tenant::custom_field, sync::fx_rate, sync::webhook_endpoint,
    sync::source_system, sync::field_policy,
    account::identity_rule, marketing::campaign, marketing::channel, marketing::campaign_cost, marketing::content_asset,
    marketing::touchpoint, marketing::lead, marketing::handover, marketing::lesson, sales::opportunity,
    sales::opportunity_contact, sales::meeting, sales::meeting_attendee, sales::requirement, sales::activity, sales::note,
    sales::task, sales::product, sales::sales_order, sales::order_line, sales::contract, sales::pipeline, sales::stage,
    service::asset, service::ticket, service::ticket_message, service::business_calendar, service::sla_policy,
    service::file, service::sla_clock, service::survey_answer,
}

fn rows_of<E: Journaled>(tenant: i64) -> SelectStatement {
    Query::select()
        .expr_as(Expr::val(E::OBJECT.code()).cast_as(Alias::new("text")), "object_type")
        .expr_as(E::ID.into_expr(), "object_id")
        .from(E::default())
        .and_where(E::TENANT.eq(tenant))
        .take()
}

/// The objects that the journal names. A ticket's internal note has a line of its own in the access table, and its table is
/// that of the messages.
fn journal(tenant: i64) -> SelectStatement {
    use entities::journey::journey_event as event;
    let kind = || event::Column::ObjectType.into_expr();
    let note = ObjectType::TicketNote.code();
    let files = [ObjectType::MeetingFile.code(), ObjectType::ContractFile.code()];
    Query::select()
        .expr_as(
            Expr::case(kind().eq(note), Expr::val(ObjectType::TicketMessage.code()))
                .case(kind().is_in(files), Expr::val(ObjectType::TicketFile.code()))
                .finally(kind()),
            "object_type",
        )
        .expr_as(event::Column::ObjectId.into_expr(), "object_id")
        .from(event::Entity)
        .and_where(event::Column::TenantId.eq(tenant))
        // The tenant's own row has a number, and no row can be missing that all the others stand on.
        .and_where(kind().ne(ObjectType::Tenant.code()))
        .take()
}

fn all_rows(tenant: i64) -> SelectStatement {
    let mut terms = rows(tenant).into_iter();
    let mut all = terms.next().unwrap_or_default();
    for term in terms {
        all.union(UnionType::All, term);
    }
    all
}

/// `left` without `right`. One statement for all tables: the journal, which has no index by object, is read once.
fn except(left: SelectStatement, right: SelectStatement) -> SelectStatement {
    let whole = |query: SelectStatement, name: &'static str| {
        Query::select().columns(["object_type", "object_id"]).from_subquery(query, name).take()
    };
    whole(left, "l").union(UnionType::Except, whole(right, "r")).limit(MOST as u64 + 1).take()
}

async fn count(reader: &Reader<'_>, query: SelectStatement) -> Result<u64, DbErr> {
    let query = Query::select().expr(Expr::col("object_id").count()).from_subquery(query, "counted").take();
    let count: i64 = match reader.tx.query_one(&query).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    Ok(count.cast_unsigned())
}

async fn differences(reader: &Reader<'_>, query: SelectStatement) -> Result<Vec<(String, Uuid)>, DbErr> {
    let rows = reader.tx.query_all(&query).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// A row that no event names came past the one write path.
pub(super) async fn rows_are_named(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every row is named by an event");
    let rows = all_rows(reader.tenant);
    check.looked_at = count(reader, rows.clone()).await?;
    for (ty, id) in differences(reader, except(rows, journal(reader.tenant))).await? {
        check.wrong(format!("{ty} {id}"), "an event that names it", "none");
    }
    Ok(check)
}

/// An event whose object is gone has lost its title; rows that the journal names are marked as deleted, not removed.
pub(super) async fn objects_exist(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every event's object exists");
    check.looked_at = count(reader, journal(reader.tenant)).await?;
    for (ty, id) in differences(reader, except(journal(reader.tenant), all_rows(reader.tenant))).await? {
        check.wrong(
            format!("{ty} {id}"),
            "a row",
            if ObjectType::parse(&ty).is_some() { "none" } else { "an unknown type" },
        );
    }
    Ok(check)
}
