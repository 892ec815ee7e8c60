//! The same request twice is answered once: the key of a request is taken inside its unit of work and kept with the answer, for 24 hours.
//!
//! A twin that comes meanwhile waits: on PostgreSQL its insert waits for the first transaction by the key itself, on SQLite there is one
//! writer at a time. Nothing here lets a statement fail, so the unit of work is good afterwards whatever was found.

use chrono::TimeDelta;
use entities::sync::idempotency_key as kept;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    graph::{Error, Result, UserErrorCode},
    journey::{Work, retention},
};

/// The longest key.
const MAX_KEY: usize = 255;

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// Nobody has used it: do it, and [`keep`] the answer.
    First,
    /// It was done, and this was answered.
    Answered(Value),
}

/// The hash of a request: of everything that another body would say otherwise.
pub fn hash_of(request: &impl Serialize) -> Result<String> {
    let bytes = serde_json::to_vec(request).map_err(Error::internal)?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whose keys a caller uses: another subject's are others.
fn scope(work: &Work<'_>) -> String {
    work.caller().subject.clone().unwrap_or_default()
}

/// Takes a key for this unit of work, or says what was answered under it. IDEMPOTENCY_MISMATCH where it stands for another request.
pub async fn claim(work: &Work<'_>, key: &str, request_hash: &str) -> Result<Claim> {
    let fit = !key.is_empty() && key.chars().count() <= MAX_KEY && !key.chars().any(char::is_control);
    if !fit {
        return Err(Error::invalid("idempotencyKey", format!("1 to {MAX_KEY} characters, none of them a control")));
    }
    let (tenant, scope) = (work.tenant(), scope(work));
    let its =
        || kept::Column::TenantId.eq(tenant).and(kept::Column::Scope.eq(scope.as_str())).and(kept::Column::Key.eq(key));
    // One that is too old counts as none, and makes room.
    let old = work.now() - TimeDelta::from_std(retention::KEYS).unwrap_or(TimeDelta::zero());
    kept::Entity::delete_many().filter(its()).filter(kept::Column::CreatedAt.lte(old)).exec(work.tx()).await?;
    // Twice: what stood in the way may be gone when it is looked at.
    for _ in 0..2 {
        let mut insert = Query::insert();
        insert
            .into_table(kept::Entity)
            .columns([
                kept::Column::TenantId,
                kept::Column::Scope,
                kept::Column::Key,
                kept::Column::RequestHash,
                kept::Column::CreatedAt,
            ])
            .values_panic([
                Expr::val(tenant),
                Expr::val(scope.as_str()),
                Expr::val(key),
                Expr::val(request_hash),
                Expr::val(work.now()),
            ])
            .on_conflict(
                OnConflict::columns([kept::Column::TenantId, kept::Column::Scope, kept::Column::Key])
                    .do_nothing()
                    .to_owned(),
            );
        if work.tx().execute(&insert).await?.rows_affected() == 1 {
            return Ok(Claim::First);
        }
        let Some(found) = kept::Entity::find().filter(its()).one(work.tx()).await? else { continue };
        if found.request_hash != request_hash {
            let message = "this key stands for another request of the last 24 hours";
            return Err(Error::user(UserErrorCode::IdempotencyMismatch, "idempotencyKey", message));
        }
        // Without an answer it is this unit of work's own.
        return Ok(found.answer.map_or(Claim::First, Claim::Answered));
    }
    Err(Error::user(UserErrorCode::StateConflict, "idempotencyKey", "the key is in use; try again"))
}

/// Keeps what is answered under a key that this unit of work has taken.
pub async fn keep(work: &Work<'_>, key: &str, answer: &Value) -> Result<()> {
    kept::Entity::update_many()
        .col_expr(kept::Column::Answer, Expr::val(answer.clone()))
        .filter(kept::Column::TenantId.eq(work.tenant()))
        .filter(kept::Column::Scope.eq(scope(work)))
        .filter(kept::Column::Key.eq(key))
        .exec(work.tx())
        .await?;
    Ok(())
}
