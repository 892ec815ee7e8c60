//! The pipeline in figures: what stands in each stage.

use async_graphql::Object;
use entities::{
    codes::StageObject,
    sales::{opportunity, stage},
};
use sea_orm::{ColumnTrait, ConnectionTrait, sea_query::Order};
use uuid::Uuid;

use super::{Stage, opportunity::is_open};
use crate::{
    graph::{Cx, Money, Result, count, sum_of, summed},
    policy::{Class, Rows, Seen, access},
};

/// What stands in one open stage, counted over the opportunities that you may see.
#[derive(Clone)]
pub struct PipelineStage {
    stage: Seen<stage::Model>,
    opportunities: i64,
    amounts: Vec<Money>,
}

/// What stands in one open stage, counted over the opportunities that you may see.
#[Object]
impl PipelineStage {
    /// The stage.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), false))]
    async fn stage(&self) -> Stage {
        Stage(self.stage.clone())
    }

    /// How many opportunities stand there.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn opportunities(&self) -> i32 {
        count(self.opportunities)
    }

    /// What they are worth together, at most one amount for each currency, in the order of their codes; empty where none says an amount.
    /// Not weighted by probability.
    #[graphql(directive = access::apply("Opportunity".into(), "M".into(), false))]
    async fn amounts(&self) -> &[Money] {
        &self.amounts
    }
}

/// Every open stage in the order of its pipeline, with what stands there of these opportunities.
pub(super) async fn by_stage(cx: &Cx, rows: Rows<opportunity::Entity>) -> Result<Vec<PipelineStage>> {
    use opportunity::Column;
    let fields = [
        ("pipeline", Class::P, "pipeline", Column::PipelineId),
        ("stage", Class::P, "stage", Column::Stage),
        ("minor", Class::M, "amount", Column::AmountMinor),
        ("currency", Class::M, "amount", Column::Currency),
    ];
    let rows = rows.filter(is_open(cx)).into_fields(&cx.caller, &fields);
    let lines = cx.db().query_all(&summed(rows, &["pipeline", "stage", "currency"])).await?;
    let stages = cx
        .caller
        .rows::<stage::Entity>()
        .filter(stage::Column::IsOpen.eq(true))
        .filter(stage::Column::ObjectType.eq(StageObject::Opportunity))
        .order_by(stage::Column::PipelineId, Order::Asc)
        .order_by(stage::Column::Position, Order::Asc)
        .order_by(stage::Column::Id, Order::Asc);
    let stages = stages.all(&cx.db()).await?;
    let empty = |stage| PipelineStage { stage, opportunities: 0, amounts: Vec::new() };
    let mut stages: Vec<PipelineStage> = stages.into_iter().map(empty).collect();
    for line in &lines {
        let pipeline: Option<Uuid> = line.try_get("", "pipeline")?;
        let code: Option<String> = line.try_get("", "stage")?;
        let stands = |at: &&mut PipelineStage| {
            let stage = at.stage.row();
            Some(stage.pipeline_id) == pipeline && Some(&stage.code) == code.as_ref()
        };
        let Some(at) = stages.iter_mut().find(stands) else { continue };
        at.opportunities += line.try_get::<i64>("", "n")?;
        at.amounts.extend(sum_of(line)?);
    }
    stages.iter_mut().for_each(|at| at.amounts.sort_by(|a, b| a.currency.cmp(&b.currency)));
    Ok(stages)
}
