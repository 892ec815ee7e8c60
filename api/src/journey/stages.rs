//! Stages: every change writes an interval, so that "how long" and "how often" have an answer. Re-entering a stage makes a
//! second interval.

use async_graphql::MaybeUndefined;
use entities::{
    codes::{StageObject, SubjectType},
    sales::{opportunity, opportunity_snapshot, stage, stage_interval},
};
use sea_orm::{
    ActiveValue::{self, NotSet},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{Event, EventKind, Journaled, Payload, Work};
use crate::graph::{Error, Result, patch_required};

impl Work<'_> {
    /// A stage from a patch: absent leaves, null is refused, and so is a code that the tenant has no stage of.
    pub async fn stage_patch(
        &self,
        path: &str,
        object_type: StageObject,
        code: MaybeUndefined<String>,
    ) -> Result<ActiveValue<String>> {
        let code = patch_required(path, code)?;
        if let Set(code) = &code {
            let stages = self.caller().rows::<stage::Entity>().filter(stage::Column::ObjectType.eq(object_type));
            if stages.filter(stage::Column::Code.eq(code.as_str())).count(self.tx()).await? == 0 {
                return Err(Error::invalid(path, "there is no such stage"));
            }
        }
        Ok(code)
    }

    /// Leaves the stage that the row is in and enters `stage`. Nothing happens if it is there already.
    pub async fn enter_stage<E: Journaled>(
        &mut self,
        object_type: StageObject,
        row: &E::Model,
        stage: &str,
        cause: &str,
        actor: Option<Uuid>,
    ) -> Result<()> {
        let (tenant, id) = (self.tenant(), E::id(row));
        let open = stage_interval::Entity::find()
            .filter(stage_interval::Column::TenantId.eq(tenant))
            .filter(stage_interval::Column::ObjectType.eq(object_type))
            .filter(stage_interval::Column::ObjectId.eq(id))
            .filter(stage_interval::Column::ExitedAt.is_null())
            .order_by_desc(stage_interval::Column::EnteredAt)
            .one(self.tx())
            .await?;
        if open.as_ref().is_some_and(|open| open.stage == stage) {
            return Ok(());
        }
        let now = self.now();
        let lifecycle = matches!(object_type, StageObject::Lifecycle | StageObject::Account);
        let payload = |stage: &str, entered_at| Payload::Lifecycle {
            object_type: object_type.as_str().to_owned(),
            stage: stage.to_owned(),
            entered_at,
        };
        if let Some(open) = open {
            stage_interval::Entity::update_many()
                .col_expr(stage_interval::Column::ExitedAt, Expr::val(now))
                .filter(stage_interval::Column::TenantId.eq(tenant))
                .filter(stage_interval::Column::Id.eq(open.id))
                .exec(self.tx())
                .await?;
            if lifecycle {
                self.record(Event::of::<E>(EventKind::StageExited, row, payload(&open.stage, Some(open.entered_at))));
            }
        }
        let interval = stage_interval::ActiveModel {
            tenant_id: NotSet,
            id: Set(self.fresh_id()),
            object_type: Set(object_type),
            object_id: Set(id),
            stage: Set(stage.to_owned()),
            entered_at: Set(now),
            exited_at: Set(None),
            actor_id: Set(actor),
            cause: Set(Some(cause.to_owned())),
            recorded_at: Set(now),
        };
        self.insert_technical::<stage_interval::Entity>(vec![interval]).await?;
        // An opportunity's change of stage has a kind of its own.
        if lifecycle {
            self.record(Event::of::<E>(EventKind::StageEntered, row, payload(stage, None)));
        }
        Ok(())
    }
}

impl Work<'_> {
    /// The first stage of many new rows, in one statement: [`Work::enter_stage`] for rows that have no stage yet.
    pub async fn begin_stages<E: Journaled>(
        &mut self,
        object_type: StageObject,
        rows: &[(E::Model, String)],
        cause: &str,
    ) -> Result<()> {
        let now = self.now();
        let mut intervals = Vec::with_capacity(rows.len());
        for (row, stage) in rows {
            intervals.push(stage_interval::ActiveModel {
                tenant_id: NotSet,
                id: Set(self.fresh_id()),
                object_type: Set(object_type),
                object_id: Set(E::id(row)),
                stage: Set(stage.clone()),
                entered_at: Set(now),
                exited_at: Set(None),
                actor_id: Set(None),
                cause: Set(Some(cause.to_owned())),
                recorded_at: Set(now),
            });
            if matches!(object_type, StageObject::Lifecycle | StageObject::Account) {
                let (object_type, stage) = (object_type.as_str().to_owned(), stage.clone());
                let payload = Payload::Lifecycle { object_type, stage, entered_at: None };
                self.record(Event::of::<E>(EventKind::StageEntered, row, payload));
            }
        }
        self.insert_technical::<stage_interval::Entity>(intervals).await
    }

    /// Writes down what an opportunity is from now on, and ends what it was.
    pub async fn take_snapshot(&mut self, row: &opportunity::Model) -> Result<()> {
        let now = self.now();
        opportunity_snapshot::Entity::update_many()
            .col_expr(opportunity_snapshot::Column::ValidTo, Expr::val(now))
            .filter(opportunity_snapshot::Column::TenantId.eq(self.tenant()))
            .filter(opportunity_snapshot::Column::OpportunityId.eq(row.id))
            .filter(opportunity_snapshot::Column::ValidTo.is_null())
            .exec(self.tx())
            .await?;
        self.begin_snapshots(std::slice::from_ref(row)).await
    }

    /// The first snapshot of many new opportunities, in one statement.
    pub async fn begin_snapshots(&mut self, rows: &[opportunity::Model]) -> Result<()> {
        let now = self.now();
        let mut snapshots = Vec::with_capacity(rows.len());
        for row in rows {
            snapshots.push(opportunity_snapshot::ActiveModel {
                tenant_id: NotSet,
                id: Set(self.fresh_id()),
                opportunity_id: Set(row.id),
                stage: Set(row.stage.clone()),
                amount_minor: Set(row.amount_minor),
                currency: Set(row.currency.clone()),
                close_date: Set(row.close_date),
                probability: Set(row.probability),
                forecast_category: Set(row.forecast_category),
                owner_id: Set(row.owner_id),
                valid_from: Set(now),
                valid_to: Set(None),
            });
        }
        self.insert_technical::<opportunity_snapshot::Entity>(snapshots).await
    }
}

/// The subject type whose stages an object type counts.
pub const fn subject_of(object: StageObject) -> Option<SubjectType> {
    match object {
        StageObject::Lifecycle => Some(SubjectType::Contact),
        StageObject::Account => Some(SubjectType::Account),
        StageObject::Opportunity => Some(SubjectType::Opportunity),
        StageObject::Ticket => Some(SubjectType::Ticket),
    }
}
