//! A row names nothing that its reader does not reach: conversions and touches are counted on one basis, and named on the caller's own.

use std::collections::{BTreeSet, HashSet};

use entities::{
    marketing::touchpoint,
    sales::{activity, meeting},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{
    graph::{Cx, GlobalId, Kind, Result},
    policy::Governed,
};

/// Which of some rows the caller reaches itself.
pub async fn reached<E: Governed>(cx: &Cx, ids: impl IntoIterator<Item = Uuid>) -> Result<HashSet<Uuid>> {
    let ids: Vec<Uuid> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut reached = HashSet::new();
    for ids in ids.chunks(1_000) {
        let select = cx.caller.rows::<E>().by_ids(ids.iter().copied()).into_ids();
        for line in cx.db().query_all(&select).await? {
            reached.insert(line.try_get::<Uuid>("", "id")?);
        }
    }
    Ok(reached)
}

/// Which touches the caller reaches itself.
pub async fn reached_touches(cx: &Cx, touches: impl IntoIterator<Item = GlobalId>) -> Result<HashSet<Uuid>> {
    let ids: Vec<GlobalId> = touches.into_iter().collect();
    let of = |kind: Kind| ids.iter().filter(move |id| id.kind == kind).map(|id| id.uuid);
    let mut all = reached::<touchpoint::Entity>(cx, of(Kind::Touchpoint)).await?;
    all.extend(reached::<activity::Entity>(cx, of(Kind::Activity)).await?);
    all.extend(reached::<meeting::Entity>(cx, of(Kind::Meeting)).await?);
    Ok(all)
}
