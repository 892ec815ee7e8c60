//! The stages that something was in, read back: of a person, an account, an opportunity, a ticket. Each under the line of the
//! access table that rules the thing itself.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entities::{account::colleague, codes::StageObject, sales::stage_interval};
use sea_orm::{ColumnTrait, sea_query::Order};
use uuid::Uuid;

use crate::{
    account::Colleague,
    graph::{Cx, Key, Result, one},
    policy::{Class, Seen, Type, access},
};

/// How many stays one history shows.
const STAYS: u64 = 100;

/// A stay in a stage.
pub struct StageInterval(Seen<stage_interval::Model>);

// Who reads the plain fields of any of the four reads those of opportunities, so that one mark serves them all.
/// A stay in a stage.
#[Object]
impl StageInterval {
    /// The stage's code.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn stage(&self) -> Option<String> {
        self.0.read(Class::P, "stage", |row| row.stage.clone())
    }

    /// Since when (UTC).
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn entered_at(&self) -> Option<DateTime<Utc>> {
        self.0.read(Class::P, "entered_at", |row| row.entered_at)
    }

    /// Until when (UTC), exclusive; null while it lasts.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn exited_at(&self) -> Option<DateTime<Utc>> {
        self.0.read(Class::P, "exited_at", |row| row.exited_at)
    }

    /// Why it was entered, in a few words; null where nobody said.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn cause(&self) -> Option<String> {
        self.0.read(Class::P, "cause", |row| row.cause.clone())
    }

    /// Whose doing it was; null for a machine.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Colleague>> {
        one::<colleague::Entity, _>(Cx::of(ctx), self.0.read(Class::P, "actor", |row| row.actor_id)).await
    }
}

/// The stays of one thing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct StaysOf(Type, Uuid);

/// The line of the access table that rules the stages of a thing.
const fn line(object: StageObject) -> Type {
    match object {
        StageObject::Lifecycle => Type::Contact,
        StageObject::Account => Type::Account,
        StageObject::Opportunity => Type::Opportunity,
        StageObject::Ticket => Type::Ticket,
    }
}

impl Key for StaysOf {
    type Value = Arc<Vec<Seen<stage_interval::Model>>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let of = stage_interval::Column::ObjectId;
        let mut found: HashMap<Self, Vec<Seen<stage_interval::Model>>> = HashMap::new();
        for object in StageObject::ALL {
            let line = line(*object);
            let ids: Vec<Uuid> = keys.iter().filter(|key| key.0 == line).map(|key| key.1).collect();
            if ids.is_empty() {
                continue;
            }
            let rows = cx.caller.rows_as::<stage_interval::Entity>(line).filter(of.is_in(ids));
            // An import tells what was long ago.
            let oldest = [
                (stage_interval::Column::EnteredAt.into_expr(), Order::Asc),
                (stage_interval::Column::Id.into_expr(), Order::Asc),
            ];
            for row in rows.first_of_each(&cx.db(), of, &oldest, STAYS).await? {
                found.entry(StaysOf(line, row.row().object_id)).or_default().push(row);
            }
        }
        Ok(found.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect())
    }
}

/// The stages that a thing was in, oldest first, at most the first 100.
pub async fn stages(cx: &Cx, object: StageObject, id: Uuid) -> Result<Vec<StageInterval>> {
    let found = cx.load(StaysOf(line(object), id)).await?.unwrap_or_default();
    Ok(found.iter().cloned().map(StageInterval).collect())
}
