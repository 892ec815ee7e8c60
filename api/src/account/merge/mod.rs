//! Merging: two records of one person or company become one, and two again. One code path makes the preview, the merge and what it writes
//! down; undoing reads that back.
//!
//! The merged record stays as an alias: removed for every reader, its id answered for by the survivor for ever. What named it names the
//! survivor ([`references`]); what both had is there once; its past events stand on the survivor's timeline, too, tagged by the
//! operation. Stays in stages and events are history and are not rewritten: the survivor stays in its stage.
//!
//! Undoing restores exactly that, cell by cell ([`image`]). What was made on the survivor since stays with it, and what was changed since
//! is kept and named.

mod account;
mod choices;
mod contact;
mod graphql;
mod image;
pub mod references;

pub use graphql::{
    AccountMergeChoicesInput, ContactMergeChoicesInput, MergeAccountsInput, MergeAccountsPayload, MergeChange,
    MergeContactsInput, MergeContactsPayload, MergeKept, MergeMutation, MergePreview, MergeQuery, MergeSide,
    RecordMerge, UndoMergeInput, UndoMergePayload, merge_accounts, merge_contacts, undo,
};

use entities::{account::merge_operation, codes::SubjectType};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Set, sea_query::Condition};
use uuid::Uuid;

use self::{
    image::{Image, Kept, row_of},
    references::{move_all, put_back},
};
use crate::{
    graph::{Error, GlobalId, Result, UserErrorCode, remark},
    journey::{EventKind, Journaled, Work},
    policy::{Class, Type, table},
};

/// A table whose rows can be merged.
trait Mergeable: Journaled {
    /// What its rows are as subjects.
    const SUBJECT: SubjectType;
    /// What its keys in other systems are remembered under.
    const KEYS: &'static str;
    /// Which of the two says what a field shall hold.
    type Choices: Sync;

    /// Tidies up what both have, before anything names another record.
    fn settle(
        work: &mut Work<'_>,
        image: &mut Image,
        survivor: &Self::Model,
        merged: &Self::Model,
    ) -> impl Future<Output = Result<()>> + Send;

    /// What the survivor's fields become.
    fn chosen(survivor: &Self::Model, merged: &Self::Model, choices: &Self::Choices) -> Self::ActiveModel;

    /// Tidies up what hangs on the survivor's new fields.
    fn follow(
        work: &mut Work<'_>,
        image: &mut Image,
        survivor: &Self::Model,
    ) -> impl Future<Output = Result<()>> + Send;

    /// What becomes of the merged row, beside that it is removed.
    fn alias() -> Self::ActiveModel;

    /// Whether a person in it was erased.
    fn is_erased(row: &Self::Model) -> bool;
}

/// Which two, and how.
struct Asked<C> {
    survivor: GlobalId,
    merged: GlobalId,
    survivor_version: Option<i32>,
    merged_version: Option<i32>,
    choices: C,
    reason: Option<String>,
}

/// Whether the caller may merge.
fn may(work: &Work<'_>) -> Result<()> {
    match table::most(Type::Settings, work.caller().into()).may_write(Class::P, "merge") {
        true => Ok(()),
        false => Err(Error::forbidden("")),
    }
}

/// Merges two records that the caller sees, in this unit of work. Nothing is committed here: a preview drops it.
async fn join<E: Mergeable>(work: &mut Work<'_>, asked: Asked<E::Choices>) -> Result<(merge_operation::Model, Image)> {
    may(work)?;
    let reason = remark("reason", asked.reason)?;
    let survivor = work.refer::<E>("survivorId", asked.survivor).await?.row().clone();
    let merged = work.refer::<E>("mergedId", asked.merged).await?.row().clone();
    let (to, from) = (E::id(&survivor), E::id(&merged));
    if to == from {
        return Err(Error::invalid("mergedId", "a record is not merged into itself"));
    }
    // In the order of their ids, so that two who merge the same two the other way round wait for each other.
    work.naming_unscoped::<E>(Condition::all().add(E::ID.is_in([to, from]))).await?;
    let (survivor, merged) = (standing::<E>(work, to).await?, standing::<E>(work, from).await?);
    for (path, row, version) in
        [("survivorIfVersion", &survivor, asked.survivor_version), ("mergedIfVersion", &merged, asked.merged_version)]
    {
        if version.is_some_and(|version| i64::from(version) != E::version(row)) {
            let message = format!("the object is at version {} now", E::version(row));
            return Err(Error::user(UserErrorCode::VersionConflict, path, message));
        }
    }
    for (path, row) in [("survivorId", &survivor), ("mergedId", &merged)] {
        if E::is_erased(row) {
            return Err(Error::user(UserErrorCode::Erased, path, "an erased person is nobody any more"));
        }
    }
    let id = work.fresh_id();
    let mut image = Image { survivor: row_of::<E>(&survivor), merged: row_of::<E>(&merged), ..Image::default() };
    Box::pin(E::settle(work, &mut image, &survivor, &merged)).await?;
    Box::pin(move_all(work, E::SUBJECT, from, to, &mut image)).await?;

    let survivor = standing::<E>(work, to).await?;
    let survivor = image.change::<E>(work, &survivor, E::chosen(&survivor, &merged, &asked.choices)).await?;
    Box::pin(E::follow(work, &mut image, &survivor)).await?;
    let merged = standing::<E>(work, from).await?;
    let merged = image.change::<E>(work, &merged, E::alias()).await?;
    image.remove::<E>(work, &merged).await?;

    image.keys = work.keys_of(E::KEYS, from).await?;
    work.turn_keys(E::KEYS, &image.keys, from, to).await?;
    image.older = work.answered_for(E::SUBJECT, from).await?;
    let row = merge_operation::Model {
        tenant_id: work.tenant(),
        id,
        subject_type: E::SUBJECT,
        survivor_id: to,
        merged_id: from,
        reason,
        actor_id: work.caller().colleague,
        merged_at: work.now(),
        undone_at: None,
        before_image: Some(serde_json::to_value(&image).map_err(Error::internal)?),
    };
    let merge_operation::Model { subject_type, survivor_id, merged_id, reason, actor_id, merged_at, undone_at, .. } =
        row.clone();
    let written = merge_operation::ActiveModel {
        tenant_id: NotSet,
        id: Set(id),
        subject_type: Set(subject_type),
        survivor_id: Set(survivor_id),
        merged_id: Set(merged_id),
        reason: Set(reason),
        actor_id: Set(actor_id),
        merged_at: Set(merged_at),
        undone_at: Set(undone_at),
        before_image: Set(row.before_image.clone()),
    };
    work.insert_technical::<merge_operation::Entity>(vec![written]).await?;
    work.redirect_unscoped(E::SUBJECT, from, to, &image.older, id).await?;
    work.graft_unscoped(E::SUBJECT, from, to, id).await?;
    let merged = work.follow_unscoped::<E>(from).await?.ok_or(Error::NotFound)?;
    work.record_merge::<E>(EventKind::IdentityMerged, E::SUBJECT, id, &survivor, &merged);
    Ok((row, image))
}

/// A row as it is by now.
async fn standing<E: Journaled>(work: &Work<'_>, id: Uuid) -> Result<E::Model> {
    work.follow_unscoped::<E>(id).await?.ok_or(Error::NotFound)
}

/// Undoes a merge. What was changed since is kept, and told.
async fn part<E: Mergeable>(
    work: &mut Work<'_>,
    operation: merge_operation::Model,
) -> Result<(merge_operation::Model, Vec<Kept>)> {
    const PATH: &str = "mergeId";
    let (to, from) = (operation.survivor_id, operation.merged_id);
    if operation.undone_at.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, PATH, "this merge was undone"));
    }
    let later = work.merges_unscoped(E::SUBJECT, &[to, from]).await?;
    let is_later = |other: &merge_operation::Model| (other.merged_at, other.id) > (operation.merged_at, operation.id);
    if let Some(other) = later.iter().find(|other| is_later(other)) {
        let other = GlobalId::new(crate::graph::Kind::Merge, other.id);
        let message = format!("a later merge stands on it: undo {other} first");
        return Err(Error::user(UserErrorCode::StateConflict, PATH, message));
    }
    work.naming_unscoped::<E>(Condition::all().add(E::ID.is_in([to, from]))).await?;
    let erased = || Error::user(UserErrorCode::Erased, PATH, "a person in it was erased: what it was is gone");
    let image = operation.before_image.clone().ok_or_else(erased)?;
    let image: Image = serde_json::from_value(image).map_err(Error::internal)?;
    for id in [to, from] {
        if E::is_erased(&standing::<E>(work, id).await?) {
            return Err(erased());
        }
    }
    let mut kept = Vec::new();
    for moved in image.moved.iter().rev() {
        Box::pin(put_back(work, E::SUBJECT, moved, (to, from), &mut kept)).await?;
    }
    Box::pin(image::put_back_cells(work, &image, &mut kept)).await?;
    work.turn_keys(E::KEYS, &image.keys, to, from).await?;
    work.unredirect_unscoped(E::SUBJECT, from, &image.older).await?;
    work.prune_unscoped(E::SUBJECT, to, operation.id).await?;
    work.end_merge(operation.id).await?;
    let (survivor, merged) = (standing::<E>(work, to).await?, standing::<E>(work, from).await?);
    work.record_merge::<E>(EventKind::IdentityUnmerged, E::SUBJECT, operation.id, &survivor, &merged);
    kept.dedup();
    Ok((merge_operation::Model { undone_at: Some(work.now()), ..operation }, kept))
}
