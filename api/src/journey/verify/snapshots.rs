//! Opportunities and snapshots: each snapshot ends where the next begins, and the last is the opportunity as it stands.

use std::collections::HashMap;

use entities::sales::{opportunity, opportunity_snapshot};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Check, PAGE, Reader};

pub(super) async fn snapshots_chain(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every opportunity's snapshots are a chain up to now");
    let mut last = Uuid::nil();
    loop {
        let rows = opportunity::Entity::find()
            .filter(opportunity::Column::TenantId.eq(reader.tenant))
            .filter(opportunity::Column::Id.gt(last))
            .order_by_asc(opportunity::Column::Id)
            .limit(PAGE)
            .all(reader.tx)
            .await?;
        let Some(end) = rows.last() else { return Ok(check) };
        last = end.id;
        check.looked_at += rows.len() as u64;
        let found = opportunity_snapshot::Entity::find()
            .filter(opportunity_snapshot::Column::TenantId.eq(reader.tenant))
            .filter(opportunity_snapshot::Column::OpportunityId.is_in(rows.iter().map(|row| row.id)))
            .all(reader.tx)
            .await?;
        let mut snapshots: HashMap<Uuid, Vec<opportunity_snapshot::Model>> = HashMap::new();
        for snapshot in found {
            snapshots.entry(snapshot.opportunity_id).or_default().push(snapshot);
        }
        for row in &rows {
            compare(&mut check, row, snapshots.remove(&row.id).unwrap_or_default());
        }
    }
}

fn compare(check: &mut Check, row: &opportunity::Model, mut snapshots: Vec<opportunity_snapshot::Model>) {
    let id = format!("OPPORTUNITY {}", row.id);
    // The open one last, also where two began at the same moment.
    snapshots.sort_by_key(|snapshot| (snapshot.valid_from, snapshot.valid_to.is_none(), snapshot.valid_to));
    let Some(current) = snapshots.last() else {
        check.wrong(id, "a snapshot", "none");
        return;
    };
    for pair in snapshots.windows(2) {
        if let [before, after] = pair {
            check.equal(
                &id,
                "valid_to of a snapshot, the next one's beginning,",
                &Some(after.valid_from),
                &before.valid_to,
            );
        }
    }
    check.equal(&id, "valid_to of the last snapshot", &None, &current.valid_to);
    check.equal(&id, "stage of the last snapshot", &row.stage, &current.stage);
    check.equal(&id, "amount of the last snapshot", &row.amount_minor, &current.amount_minor);
    check.equal(&id, "currency of the last snapshot", &row.currency, &current.currency);
    check.equal(&id, "close date of the last snapshot", &row.close_date, &current.close_date);
    check.equal(&id, "probability of the last snapshot", &row.probability, &current.probability);
    check.equal(&id, "forecast category of the last snapshot", &row.forecast_category, &current.forecast_category);
    check.equal(&id, "owner of the last snapshot", &row.owner_id, &current.owner_id);
}
