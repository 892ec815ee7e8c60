//! Rows and stages: the stage that a row stands in is its one open interval, and the others follow each other.

use std::collections::HashMap;

use entities::{
    account::{account, contact, visitor},
    codes::StageObject,
    sales::{opportunity, stage_interval},
    service::ticket,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{Check, MOST, PAGE, Reader};
use crate::policy::Governed;

/// Opportunities, accounts and contacts.
pub(super) async fn stages_are_open_intervals(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every stage is the row's one open interval");
    of::<opportunity::Entity>(reader, &mut check, StageObject::Opportunity, opportunity::Column::Stage).await?;
    of::<account::Entity>(reader, &mut check, StageObject::Account, account::Column::LifecycleStage).await?;
    of::<contact::Entity>(reader, &mut check, StageObject::Lifecycle, contact::Column::LifecycleStage).await?;
    Ok(check)
}

async fn of<E: Governed>(
    reader: &Reader<'_>,
    check: &mut Check,
    object: StageObject,
    stage: E::Column,
) -> Result<(), DbErr> {
    let mut last = Uuid::nil();
    loop {
        let rows: Vec<(Uuid, String)> = E::find()
            .select_only()
            .column(E::ID)
            .column(stage)
            .filter(E::TENANT.eq(reader.tenant))
            .filter(E::ID.gt(last))
            .order_by_asc(E::ID)
            .limit(PAGE)
            .into_tuple()
            .all(reader.tx)
            .await?;
        let Some((end, _)) = rows.last() else { return Ok(()) };
        last = *end;
        check.looked_at += rows.len() as u64;
        let mut intervals: HashMap<Uuid, Vec<stage_interval::Model>> = HashMap::new();
        let found = stage_interval::Entity::find()
            .filter(stage_interval::Column::TenantId.eq(reader.tenant))
            .filter(stage_interval::Column::ObjectType.eq(object))
            .filter(stage_interval::Column::ObjectId.is_in(rows.iter().map(|(id, _)| *id)))
            .all(reader.tx)
            .await?;
        for interval in found {
            intervals.entry(interval.object_id).or_default().push(interval);
        }
        for (id, stage) in rows {
            let intervals = intervals.remove(&id).unwrap_or_default();
            compare(check, &format!("{} {id}", object.as_str()), &stage, intervals);
        }
    }
}

fn compare(check: &mut Check, id: &str, stage: &str, mut intervals: Vec<stage_interval::Model>) {
    let open: Vec<&str> =
        intervals.iter().filter(|interval| interval.exited_at.is_none()).map(|open| open.stage.as_str()).collect();
    if open != [stage] {
        let found = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
        check.wrong(id, format!("one open interval: {stage}"), found);
    }
    // An open one comes last; of those that began at once, the one that ended first.
    intervals.sort_by_key(|interval| (interval.entered_at, interval.exited_at.is_none(), interval.exited_at));
    for interval in &intervals {
        if let Some(exited) = interval.exited_at.filter(|exited| *exited < interval.entered_at) {
            check.wrong(id, format!("{} to end after {}", interval.stage, interval.entered_at), exited);
        }
    }
    for pair in intervals.windows(2) {
        if let [before, after] = pair
            && let Some(exited) = before.exited_at
            && exited > after.entered_at
        {
            check.wrong(
                id,
                format!("{} to begin after {} ended, {exited}", after.stage, before.stage),
                after.entered_at,
            );
        }
    }
}

/// Every interval belongs to a row.
pub(super) async fn intervals_have_objects(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every stage interval belongs to a row");
    for (object, tables) in [
        (StageObject::Opportunity, vec![ids::<opportunity::Entity>(reader.tenant)]),
        (StageObject::Account, vec![ids::<account::Entity>(reader.tenant)]),
        // A person is a visitor before it has a name.
        (StageObject::Lifecycle, vec![ids::<contact::Entity>(reader.tenant), ids::<visitor::Entity>(reader.tenant)]),
        (StageObject::Ticket, vec![ids::<ticket::Entity>(reader.tenant)]),
    ] {
        let mut lost = Query::select()
            .column(stage_interval::Column::ObjectId)
            .from(stage_interval::Entity)
            .and_where(stage_interval::Column::TenantId.eq(reader.tenant))
            .and_where(stage_interval::Column::ObjectType.eq(object))
            .take();
        for table in tables {
            lost.union(UnionType::Except, table);
        }
        for row in reader.tx.query_all(lost.limit(MOST as u64 + 1)).await? {
            let id: Uuid = row.try_get_by_index(0)?;
            check.wrong(format!("{} {id}", object.as_str()), "a row", "none");
        }
    }
    Ok(check)
}

fn ids<E: Governed>(tenant: i64) -> SelectStatement {
    Query::select().expr(E::ID.into_expr()).from(E::default()).and_where(E::TENANT.eq(tenant)).take()
}
