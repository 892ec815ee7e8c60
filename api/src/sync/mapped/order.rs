//! What belongs to the tenant's own order in other systems' files: industries, pipelines with their stages, queues. They are few; what
//! the tenant has by the same name or code is that, and what it has not is made.

use std::collections::HashMap;

use entities::{
    codes::{StageObject, Wing},
    sales::{pipeline, stage},
    tenant::queue,
};
use mappings::{Entity, Row};
use sea_orm::{ColumnTrait, Set, sea_query::Order as Sorted};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    graph::{Cx, Result},
    journey::Work,
};

/// What is known of it, by the source's keys.
#[derive(Default)]
pub(super) struct Order {
    industries: HashMap<String, String>,
    pipelines: HashMap<String, (Uuid, String)>,
    queues: HashMap<String, String>,
}

fn normal(text: &str) -> String {
    mappings::normal(text)
}

fn text(row: &Row, field: &str) -> Option<String> {
    let value = row.set.get(field).or_else(|| row.on_create.get(field))?;
    let text = value.as_str()?.trim();
    let fits = !text.is_empty() && text.chars().count() <= 255 && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn number(row: &Row, field: &str) -> Option<i32> {
    row.set.get(field).and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok())
}

fn truth(row: &Row, field: &str) -> Option<bool> {
    row.set.get(field).and_then(Value::as_bool)
}

/// A code of a name: capitals and digits.
fn code(name: &str) -> String {
    let upper: String = name.to_uppercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let code = upper.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    code.chars().take(100).collect()
}

impl Order {
    /// Whether rows of an entity are taken here.
    pub(super) const fn takes(&self, entity: Entity) -> bool {
        matches!(entity, Entity::Industry | Entity::Pipeline | Entity::Stage | Entity::Queue)
    }

    /// The industry behind a key, by its name.
    pub(super) fn industry(&self, key: &str) -> String {
        self.industries.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// The pipeline behind a key, by its code.
    pub(super) fn pipeline(&self, key: &str) -> String {
        self.pipelines.get(key).map_or_else(|| key.to_owned(), |(_, code)| code.clone())
    }

    /// The queue behind a key, by its code.
    pub(super) fn queue(&self, key: &str) -> String {
        self.queues.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// Takes a row. Err: why not.
    pub(super) async fn take(&mut self, cx: &Cx, source: &str, row: &Row) -> Result<std::result::Result<(), String>> {
        let Some(name) = text(row, "name").or_else(|| text(row, "code")) else {
            return Ok(Err("it has no name".to_owned()));
        };
        if row.entity == Entity::Industry {
            // Accounts make it where it is named.
            self.industries.insert(row.external_id.clone(), name);
            return Ok(Ok(()));
        }
        let mut work = Work::begin(cx).await?.from_source(source);
        let done = match row.entity {
            Entity::Pipeline => self.take_pipeline(&mut work, row, name).await?,
            Entity::Stage => self.take_stage(&mut work, row, name).await?,
            _ => self.take_queue(&mut work, row, name).await?,
        };
        if done.is_ok() {
            work.commit().await?;
        }
        Ok(done)
    }

    async fn take_pipeline(
        &mut self,
        work: &mut Work<'_>,
        row: &Row,
        name: String,
    ) -> Result<std::result::Result<(), String>> {
        let Some(object) = object(row) else {
            return Ok(Err("it is no pipeline of opportunities or tickets".to_owned()));
        };
        let held = work.caller().rows::<pipeline::Entity>().filter(pipeline::Column::ObjectType.eq(object));
        let held = held.all(work.tx()).await?;
        // A source's default pipeline is the tenant's own.
        let default = truth(row, "isDefault") == Some(true);
        let same = |row: &pipeline::Model| normal(&row.name) == normal(&name) || row.code == code(&name);
        let known = held.iter().find(|seen| same(seen.row()) || (default && seen.row().is_default));
        let (id, code) = match known {
            Some(seen) => (seen.row().id, seen.row().code.clone()),
            None => {
                let row = pipeline::ActiveModel {
                    object_type: Set(object),
                    code: Set(code(&name)),
                    name: Set(name),
                    is_default: Set(held.is_empty()),
                    ..Default::default()
                };
                let made = work.insert::<pipeline::Entity>(row).await?;
                (made.id, made.code)
            }
        };
        self.pipelines.insert(row.external_id.clone(), (id, code));
        Ok(Ok(()))
    }

    async fn take_stage(
        &mut self,
        work: &mut Work<'_>,
        row: &Row,
        name: String,
    ) -> Result<std::result::Result<(), String>> {
        let Some(object) = object(row) else { return Ok(Err("it is no stage of an opportunity".to_owned())) };
        if object != StageObject::Opportunity {
            // Where a ticket stands is its status, which the mapping tells.
            return Ok(Ok(()));
        }
        let told = row.relations.get("pipeline").and_then(|key| self.pipelines.get(key)).map(|(id, _)| *id);
        let pipeline = match told {
            Some(id) => id,
            None => {
                let default = work.caller().rows::<pipeline::Entity>().filter(pipeline::Column::ObjectType.eq(object));
                let default = default.filter(pipeline::Column::IsDefault.eq(true)).one(work.tx()).await?;
                match default {
                    Some(seen) => seen.row().id,
                    None => return Ok(Err("there is no pipeline for it".to_owned())),
                }
            }
        };
        let held = work.caller().rows::<stage::Entity>().filter(stage::Column::PipelineId.eq(pipeline));
        let held = held.order_by(stage::Column::Position, Sorted::Asc).all(work.tx()).await?;
        let same = |row: &stage::Model| normal(&row.name) == normal(&name) || normal(&row.code) == normal(&name);
        if held.iter().any(|seen| same(seen.row())) {
            return Ok(Ok(()));
        }
        let is_won = truth(row, "isWon").unwrap_or(false);
        let last = held.iter().map(|seen| seen.row().position).max().unwrap_or(0);
        let row = stage::ActiveModel {
            pipeline_id: Set(pipeline),
            object_type: Set(object),
            code: Set(code(&name)),
            name: Set(name),
            position: Set(last + 1),
            probability: Set(number(row, "probability").filter(|percent| (0..=100).contains(percent))),
            is_open: Set(truth(row, "isOpen").unwrap_or(!is_won)),
            is_won: Set(is_won),
            ..Default::default()
        };
        work.insert::<stage::Entity>(row).await?;
        Ok(Ok(()))
    }

    async fn take_queue(
        &mut self,
        work: &mut Work<'_>,
        row: &Row,
        name: String,
    ) -> Result<std::result::Result<(), String>> {
        let held = work.caller().rows::<queue::Entity>().all(work.tx()).await?;
        let same = |row: &queue::Model| normal(&row.name) == normal(&name) || row.code == code(&name);
        let known = held.iter().find(|seen| same(seen.row())).map(|seen| seen.row().code.clone());
        let code = match known {
            Some(code) => code,
            None => {
                let wing = text(row, "wing").and_then(|wing| Wing::parse(&wing)).unwrap_or(Wing::Service);
                let row = queue::ActiveModel {
                    code: Set(code(&name)),
                    name: Set(name),
                    wing: Set(wing),
                    ..Default::default()
                };
                work.insert::<queue::Entity>(row).await?.code
            }
        };
        self.queues.insert(row.external_id.clone(), code);
        Ok(Ok(()))
    }
}

fn object(row: &Row) -> Option<StageObject> {
    StageObject::parse(&text(row, "objectType")?)
}
