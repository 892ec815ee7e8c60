//! The pipeline and its stages: tenant data, not code.

use entities::{
    codes::StageObject,
    sales::{opportunity, pipeline, stage},
};
use sea_orm::{ColumnTrait, Set, sea_query::ExprTrait};

use crate::{
    editable,
    graph::{AnyOf, Error, GlobalId, Ids, IntFilter, Kind, Result, TextFilter, UserErrorCode},
    journey::{Removable, Work},
    listed, object,
    policy::Seen,
    removal,
};

object! {
    /// An order of stages.
    Pipeline(pipeline::Entity) as Reference, id Pipeline {
        /// Its code.
        P code: String = |row| row.code.clone();
        /// Its name.
        P name: String = |row| row.name.clone();
        /// What walks it.
        P object_type: StageObject = |row| row.object_type;
        /// Whether new objects start here.
        P is_default: bool = |row| row.is_default;
    }
    lists {
        /// Its stages, in the order in which they were made.
        stages: Stage = stage::Entity, stage::Column::PipelineId, Rising;
    }
}

object! {
    /// A step of a pipeline.
    Stage(stage::Entity) as Reference, id Stage {
        /// The code that objects carry.
        P code: String = |row| row.code.clone();
        /// Its name.
        P name: String = |row| row.name.clone();
        /// Its place in the pipeline, from 0.
        P position: i32 = |row| row.position;
        /// How likely it is to be won from here, in percent; null where that is no question.
        P probability: i32 = |row| row.probability;
        /// Whether it is still open.
        P is_open: bool = |row| row.is_open;
        /// Whether it is won.
        P is_won: bool = |row| row.is_won;
    }
}

listed! {
    /// One pipeline; null if there is none that you may see.
    pipeline,
    /// The pipelines that you may see, oldest first unless sorted.
    pipelines: Pipeline(pipeline::Entity) as Reference, id Pipeline, Rising;
    query PipelineQuery, filter PipelineFilter, sort PipelineSort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By what walks through it.
        P object_type: AnyOf<StageObject> = ObjectType;
        /// By whether new ones go there.
        P is_default: bool = IsDefault;
    }
}

listed! {
    /// One stage; null if there is none that you may see.
    stage,
    /// The stages that you may see, oldest first unless sorted.
    stages: Stage(stage::Entity) as Reference, id Stage, Rising;
    query StageQuery, filter StageFilter, sort StageSort {
        /// By pipeline.
        P pipeline_id: Ids = PipelineId, of Pipeline;
        /// By what walks through it.
        P object_type: AnyOf<StageObject> = ObjectType;
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By place.
        P position: IntFilter = Position;
        /// By whether it is open.
        P is_open: bool = IsOpen;
        /// By whether it is won.
        P is_won: bool = IsWon;
    }
}

editable! {
    /// Adds a pipeline. DUPLICATE if its code is known, even that of one taken away.
    create create_pipeline(CreatePipelineInput) -> CreatePipelinePayload;
    /// Changes a pipeline.
    update update_pipeline(UpdatePipelineInput) -> UpdatePipelinePayload;
    mutation PipelineMutation of pipeline: Pipeline(pipeline::Entity) as Reference, id Pipeline, class P;
    once {
        /// Its code, at most 100 characters, unique in the tenant, for ever.
        P code = code: key(100);
        /// What walks through it.
        P object_type = object_type: code(StageObject);
    }
    fields {
        /// What people call it, at most 255 characters.
        P name = name: name;
        /// Whether new ones go there; false unless said.
        P is_default = is_default: or(bool, false);
    }
    check one_default;
}

/// One default of a kind: the others step back.
async fn one_default(work: &mut Work<'_>, row: &pipeline::Model) -> Result<()> {
    if !row.is_default {
        return Ok(());
    }
    let others = work
        .caller()
        .rows_to_write::<pipeline::Entity>()
        .filter(pipeline::Column::ObjectType.eq(row.object_type))
        .filter(pipeline::Column::IsDefault.eq(true))
        .filter(pipeline::Column::Id.ne(row.id));
    for other in others.all(work.tx()).await? {
        work.update::<pipeline::Entity>(&other, pipeline::ActiveModel { is_default: Set(false), ..Default::default() })
            .await?;
    }
    Ok(())
}

editable! {
    /// Adds a stage to a pipeline. DUPLICATE if its code is known there.
    create create_stage(CreateStageInput) -> CreateStagePayload;
    /// Changes a stage, or its place.
    update update_stage(UpdateStageInput) -> UpdateStagePayload;
    mutation StageMutation of stage: Stage(stage::Entity) as Reference, id Stage, class P;
    once {
        /// The pipeline.
        P pipeline_id = pipeline_id: refer(pipeline::Entity);
        /// Its code, at most 100 characters, unique in the pipeline, for ever.
        P code = code: key(100);
        /// What walks through it: as its pipeline says.
        P object_type = object_type: code(StageObject);
    }
    fields {
        /// What people call it, at most 255 characters.
        P name = name: name;
        /// Its place, from 0.
        P position = position: code(i32);
        /// How likely what stands there is won, in percent.
        P probability = probability: opt(i32);
        /// Whether it is open; true unless said.
        P is_open = is_open: or(bool, true);
        /// Whether it is won; false unless said.
        P is_won = is_won: or(bool, false);
    }
    check stage_in_order;
}

async fn stage_in_order(work: &mut Work<'_>, row: &stage::Model) -> Result<()> {
    if row.probability.is_some_and(|percent| !(0..=100).contains(&percent)) {
        return Err(Error::invalid("probability", "between 0 and 100 percent"));
    }
    if row.position < 0 {
        return Err(Error::invalid("position", "a place is counted from 0"));
    }
    if row.is_open && row.is_won {
        return Err(Error::invalid("isWon", "what is won is not open"));
    }
    let id = GlobalId::new(Kind::Pipeline, row.pipeline_id);
    match work.refer::<pipeline::Entity>("pipelineId", id).await?.row().object_type == row.object_type {
        true => Ok(()),
        false => Err(Error::invalid("objectType", "the pipeline is for something else")),
    }
}

impl Removable for pipeline::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<pipeline::Model>) -> Result<()> {
        let used =
            work.tally_unscoped::<opportunity::Entity>(opportunity::Column::PipelineId.eq(seen.row().id)).await?;
        let stages = work.tally_unscoped::<stage::Entity>(stage::Column::PipelineId.eq(seen.row().id)).await?;
        match (used, stages) {
            (0, 0) => Ok(()),
            _ => Err(Error::user(UserErrorCode::StateConflict, "id", "the pipeline has stages or opportunities")),
        }
    }
}

impl Removable for stage::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<stage::Model>) -> Result<()> {
        let row = seen.row();
        let here =
            opportunity::Column::PipelineId.eq(row.pipeline_id).and(opportunity::Column::Stage.eq(row.code.as_str()));
        match work.tally_unscoped::<opportunity::Entity>(here).await? {
            0 => Ok(()),
            _ => Err(Error::user(UserErrorCode::StateConflict, "id", "there are opportunities in this stage")),
        }
    }
}

removal! {
    /// Takes a pipeline away. STATE_CONFLICT while it has stages or opportunities.
    delete_pipeline: pipeline::Entity as Reference, class P name, checked;
    mutation PipelineRemoval, input DeletePipelineInput, payload DeletePipelinePayload;
}

removal! {
    /// Takes a stage away. STATE_CONFLICT while an opportunity stands there.
    delete_stage: stage::Entity as Reference, class P name, checked;
    mutation StageRemoval, input DeleteStageInput, payload DeleteStagePayload;
}
