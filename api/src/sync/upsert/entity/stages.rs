//! The stages that rows name: by their code or by what people call them. What a source does not know here becomes the tenant's own
//! where the batch is lenient.

use std::collections::BTreeSet;

use async_graphql::MaybeUndefined;
use entities::{
    codes::StageObject,
    sales::{pipeline, stage},
};
use sea_orm::{ColumnTrait, Set, sea_query::Order};
use uuid::Uuid;

use super::super::Scene;
use crate::{
    graph::{Error, Result},
    journey::Work,
};

/// The stages of a kind of object.
pub struct Stages {
    /// The default pipeline.
    pub pipeline: Option<Uuid>,
    /// All of them, those of the default pipeline first, by position.
    pub known: Vec<stage::Model>,
}

/// Letters and digits only, in lower case: `Closed Won` is `CLOSED_WON`.
pub fn normal(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Stages {
    /// The stages of a kind of object, with those that the rows name and nobody knows, where the batch is lenient.
    pub async fn load(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        object: StageObject,
        named: impl Iterator<Item = &MaybeUndefined<String>>,
    ) -> Result<Stages> {
        let caller = work.caller();
        let pipelines = caller.rows::<pipeline::Entity>().filter(pipeline::Column::ObjectType.eq(object));
        let pipelines = pipelines.filter(pipeline::Column::IsDefault.eq(true)).one(work.tx()).await?;
        let pipeline = pipelines.map(|seen| seen.row().id);
        let stages = caller.rows::<stage::Entity>().filter(stage::Column::ObjectType.eq(object));
        let stages = stages.order_by(stage::Column::Position, Order::Asc).all(work.tx()).await?;
        let mut known: Vec<stage::Model> = stages.into_iter().map(|seen| seen.row().clone()).collect();
        known.sort_by_key(|stage| Some(stage.pipeline_id) != pipeline);
        let mut stages = Stages { pipeline, known };
        if scene.lenient {
            let named: BTreeSet<&String> = named.filter_map(MaybeUndefined::value).collect();
            for name in named {
                stages.make(work, object, name).await?;
            }
        }
        Ok(stages)
    }

    /// The stage of a name.
    pub fn of(&self, name: &str) -> Option<&stage::Model> {
        let wanted = normal(name);
        let exact = self.known.iter().find(|stage| stage.code == name);
        exact.or_else(|| self.known.iter().find(|s| normal(&s.code) == wanted || normal(&s.name) == wanted))
    }

    /// The code of the stage that a row names, at `path`.
    pub fn code(&self, path: &str, name: &str) -> Result<String> {
        self.of(name).map(|stage| stage.code.clone()).ok_or_else(|| Error::invalid(path, "there is no such stage"))
    }

    async fn make(&mut self, work: &mut Work<'_>, object: StageObject, name: &str) -> Result<()> {
        let fits = !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
        let (Some(pipeline), true, None) = (self.pipeline, fits, self.of(name)) else { return Ok(()) };
        let code: String =
            name.to_uppercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
        let code = code.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
        let code = if code.is_empty() { format!("STAGE_{}", self.known.len()) } else { code };
        let word = |word: &str| {
            name.split(|letter: char| !letter.is_alphanumeric()).any(|part| part.eq_ignore_ascii_case(word))
        };
        let (closed, won) = (word("closed") || word("lost"), word("won"));
        let row = stage::ActiveModel {
            pipeline_id: Set(pipeline),
            object_type: Set(object),
            code: Set(code),
            name: Set(name.to_owned()),
            position: Set(self.known.iter().map(|stage| stage.position).max().unwrap_or(0) + 1),
            is_open: Set(!closed && !won),
            is_won: Set(won),
            ..Default::default()
        };
        let row = work.insert::<stage::Entity>(row).await?;
        self.known.push(row);
        Ok(())
    }
}
