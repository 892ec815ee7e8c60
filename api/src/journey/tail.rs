//! The tail: the one reader of a tenant's feed in a process. It looks after each commit, and every now and then by itself, and
//! rings for those whom the news concerns; for all where it changes who reaches what. What the news is they read themselves, each
//! with its own rights.

use std::time::{Duration, Instant};

use entities::journey::{change_log, journey_event};
use sea_orm::{
    ConnectionTrait, DbErr, IdenStatic,
    sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query},
};
use uuid::Uuid;

use super::{ObjectType, reader::Subject, subject};
use crate::store::{Store, Topic};

/// How long the database may be away until those who wait are told: nobody shall take silence for quiet.
pub(super) const OUTAGE: Duration = Duration::from_secs(30);

/// How many events one look takes.
const BATCH: u64 = 1_000;

/// What changes who reaches what, whatever it is about: whoever follows anything may stand on it.
const RIGHTS: [ObjectType; 4] =
    [ObjectType::Colleague, ObjectType::QueueMember, ObjectType::Industry, ObjectType::IndustryTeamMember];

/// What was recorded: its position, whom it concerns, and whether it concerns everybody's rights.
type News = (i64, Vec<Topic>, bool);

/// News about a subject.
pub(super) fn about(subject: Subject) -> Topic {
    (subject.ty.as_str(), subject.id)
}

/// News of rows of a type.
pub(super) fn of_type(object: ObjectType) -> Topic {
    (object.code(), Uuid::nil())
}

/// Sees to it that what is recorded after `position` rings. Who waits has joined before that position was read.
pub(super) fn watch(store: &Store, tenant: i64, position: i64) {
    if store.topics(tenant).wants_tail() {
        tokio::spawn(follow(store.clone(), tenant, position));
    }
}

async fn follow(store: Store, tenant: i64, mut position: i64) {
    let topics = store.topics(tenant);
    let mut bell = store.woken(tenant);
    let mut looked = Instant::now();
    while topics.wanted() {
        match news(store.db(), tenant, position).await {
            Ok(news) => {
                looked = Instant::now();
                let full = news.len() as u64 == BATCH;
                position = news.last().map_or(position, |(position, ..)| *position);
                // In their order: whoever is rung for a later one goes on from there.
                for (at, concerned, everybody) in news {
                    topics.ring(concerned.into_iter().map(|topic| (topic, at)));
                    if everybody {
                        topics.ring_all(at);
                    }
                }
                if full {
                    continue;
                }
            }
            Err(cause) => {
                tracing::warn!(%cause, "the feed cannot be read");
                if looked.elapsed() > OUTAGE {
                    topics.ring_all(position + 1);
                }
            }
        }
        bell.wait(store.poll_interval()).await;
    }
}

/// What was recorded after `position`, as the topics of each event.
async fn news<C: ConnectionTrait>(db: &C, tenant: i64, position: i64) -> Result<Vec<News>, DbErr> {
    let (log, event) = (Alias::new("c"), Alias::new("e"));
    let c = |column: change_log::Column| Expr::col((log.clone(), column));
    let e = |column: journey_event::Column| Expr::col((event.clone(), column));
    let select = Query::select()
        .column((log.clone(), change_log::Column::Position))
        .column((log.clone(), change_log::Column::ObjectType))
        .column((event.clone(), journey_event::Column::Subjects))
        .from_as(change_log::Entity, log.clone())
        .join_as(
            JoinType::InnerJoin,
            journey_event::Entity,
            event.clone(),
            e(journey_event::Column::TenantId)
                .equals((log.clone(), change_log::Column::TenantId))
                .and(e(journey_event::Column::Id).equals((log.clone(), change_log::Column::EventId))),
        )
        .and_where(c(change_log::Column::TenantId).eq(tenant))
        .and_where(c(change_log::Column::Position).gt(position))
        .order_by_expr(c(change_log::Column::Position), Order::Asc)
        .limit(BATCH)
        .to_owned();
    let rows = db.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let object: String = row.try_get("", change_log::Column::ObjectType.as_str())?;
            let subjects = row.try_get("", journey_event::Column::Subjects.as_str())?;
            let object = ObjectType::parse(&object);
            let topics = subject::written(&subjects).into_iter().map(about).chain(object.map(of_type)).collect();
            let everybody = object.is_some_and(|object| RIGHTS.contains(&object));
            Ok((row.try_get("", change_log::Column::Position.as_str())?, topics, everybody))
        })
        .collect()
}
