//! Stages of a time before now: what another system tells of a row's stages stands where it happened.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{codes::StageObject, sales::stage_interval};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Work, work::MAX_BINDS};
use crate::graph::Result;

/// The stages of a row, each with the moment since when it stood there.
pub type History = Vec<(String, DateTime<Utc>)>;

/// How many rows one statement asks for.
const CHUNK: usize = 500;

impl Work<'_> {
    /// The stages of many new rows, in few statements; of each row in their order, of which the last is the present one. For objects
    /// whose stages have no events of their own.
    pub async fn begin_histories(
        &mut self,
        object_type: StageObject,
        rows: Vec<(Uuid, History)>,
        cause: &str,
    ) -> Result<()> {
        let mut intervals = Vec::with_capacity(rows.len());
        for (object, stages) in rows {
            for (place, (stage, since)) in stages.iter().enumerate() {
                let next = stages.get(place + 1).map(|(_, since)| *since);
                intervals.push(self.interval(object_type, object, stage, *since, next, cause));
            }
        }
        self.insert_technical::<stage_interval::Entity>(intervals).await
    }

    /// Many rows leave the stage that they are in and go through others, each at its moment. A moment before the present stage began
    /// is when it began.
    pub async fn pass_stages(
        &mut self,
        object_type: StageObject,
        rows: Vec<(Uuid, History)>,
        cause: &str,
    ) -> Result<()> {
        let (tenant, actor) = (self.tenant(), self.cx.caller.colleague);
        let mut open: HashMap<Uuid, stage_interval::Model> = HashMap::new();
        for chunk in rows.chunks(CHUNK) {
            let held = stage_interval::Entity::find()
                .filter(stage_interval::Column::TenantId.eq(tenant))
                .filter(stage_interval::Column::ObjectType.eq(object_type))
                .filter(stage_interval::Column::ObjectId.is_in(chunk.iter().map(|(id, _)| *id)))
                .filter(stage_interval::Column::ExitedAt.is_null())
                .all(self.tx())
                .await?;
            for interval in held {
                let known = open.entry(interval.object_id).or_insert_with(|| interval.clone());
                if known.entered_at < interval.entered_at {
                    *known = interval;
                }
            }
        }
        let (mut left, mut entered) = (Vec::new(), Vec::new());
        for (object, stages) in rows {
            let held = open.remove(&object);
            let mut earliest = held.as_ref().map(|held| held.entered_at);
            let stages: History = stages
                .into_iter()
                .map(|(stage, since)| {
                    let since = earliest.map_or(since, |earliest| earliest.max(since));
                    earliest = Some(since);
                    (stage, since)
                })
                .collect();
            if let (Some(held), Some((_, since))) = (held, stages.first()) {
                let mut ended: stage_interval::ActiveModel = held.clone().into_active_model().reset_all();
                ended.exited_at = Set(Some(*since));
                left.push(ended);
            }
            for (place, (stage, since)) in stages.iter().enumerate() {
                let next = stages.get(place + 1).map(|(_, since)| *since);
                let mut interval = self.interval(object_type, object, stage, *since, next, cause);
                interval.actor_id = Set(actor);
                entered.push(interval);
            }
        }
        // Each ends at its own moment: whole rows that are there already are one statement for many.
        let again = OnConflict::columns([stage_interval::Column::TenantId, stage_interval::Column::Id])
            .update_column(stage_interval::Column::ExitedAt)
            .to_owned();
        let mut left = left.into_iter().peekable();
        while left.peek().is_some() {
            let chunk: Vec<stage_interval::ActiveModel> = left.by_ref().take(MAX_BINDS / 10).collect();
            stage_interval::Entity::insert_many(chunk)
                .on_conflict(again.clone())
                .exec_without_returning(self.tx())
                .await?;
        }
        self.insert_technical::<stage_interval::Entity>(entered).await
    }

    fn interval(
        &mut self,
        object_type: StageObject,
        object: Uuid,
        stage: &str,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        cause: &str,
    ) -> stage_interval::ActiveModel {
        stage_interval::ActiveModel {
            tenant_id: NotSet,
            id: Set(self.fresh_id()),
            object_type: Set(object_type),
            object_id: Set(object),
            stage: Set(stage.to_owned()),
            entered_at: Set(since),
            exited_at: Set(until),
            actor_id: Set(None),
            cause: Set(Some(cause.to_owned())),
            recorded_at: Set(self.now()),
        }
    }
}
