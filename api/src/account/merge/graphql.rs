//! Merging as GraphQL shows it: the preview, the two mutations, undoing, and what was merged.

use std::collections::BTreeMap;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague, contact, merge_operation},
    codes::SubjectType,
};
use uuid::Uuid;

use super::{
    super::{Account, Colleague, Contact},
    Asked, Mergeable,
    image::{Cell, Image, Kept},
    join, part,
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result, UserError, camel, mergeable, one},
    journey::{ObjectType, Work, attempt, events::kind_of, merges_unscoped},
    payload,
    policy::{Seen, Type, access, access_field, table},
};

/// Which of two records says what a field shall hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MergeSide {
    /// The one that stays, even where it holds nothing.
    Survivor,
    /// The one that is merged into it, even where it holds nothing.
    Merged,
}

macro_rules! choices {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, InputObject)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: Option<MergeSide>,)*
        }
    };
}

choices! {
    /// Which of two contacts says what a field shall hold. Absent: the survivor, or the other where the survivor has nothing. The survivor
    /// stays in its lifecycle stage.
    ContactMergeChoicesInput {
        /// The given name.
        given_name;
        /// The family name.
        family_name;
        /// How they wish to be addressed.
        salutation;
        /// The job title.
        job_title;
        /// The language that they prefer.
        language;
        /// How senior they are.
        seniority;
        /// Their part in buying.
        buying_role;
        /// The colleague who looks after them.
        owner;
        /// The primary employer.
        account;
        /// The tenant's own fields. Absent: the survivor's, with what only the other has.
        custom;
    }
}

choices! {
    /// Which of two accounts says what a field shall hold. Absent: the survivor, or the other where the survivor has nothing. The survivor
    /// stays in its stage.
    AccountMergeChoicesInput {
        /// The name that colleagues use.
        name;
        /// The registered name.
        legal_name;
        /// Web domains.
        domains;
        /// The web address.
        website;
        /// The industry.
        industry;
        /// The number of employees, in classes.
        size_band;
        /// The number of employees.
        employees;
        /// The yearly revenue.
        annual_revenue;
        /// The country.
        country;
        /// The state or region.
        region;
        /// How much attention it gets.
        tier;
        /// The colleague who looks after it.
        owner;
        /// What the company does.
        description;
        /// The tenant's own fields. Absent: the survivor's, with what only the other has.
        custom;
    }
}

macro_rules! merge_input {
    ($(#[$meta:meta])* $name:ident of $choices:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, InputObject)]
        pub struct $name {
            /// The record that stays.
            pub survivor_id: GlobalId,
            /// The record that is merged into it: from then on an alias.
            pub merged_id: GlobalId,
            /// Which of the two says what a field shall hold.
            pub choices: Option<$choices>,
            /// Why, at most 20,000 characters.
            pub reason: Option<String>,
            /// Merge only if the survivor still has this version.
            pub survivor_if_version: Option<i32>,
            /// Merge only if the other still has this version.
            pub merged_if_version: Option<i32>,
        }

        impl From<$name> for Asked<$choices> {
            fn from(input: $name) -> Self {
                let $name { survivor_id, merged_id, choices, reason, survivor_if_version, merged_if_version } = input;
                Asked {
                    survivor: survivor_id,
                    merged: merged_id,
                    survivor_version: survivor_if_version,
                    merged_version: merged_if_version,
                    choices: choices.unwrap_or_default(),
                    reason,
                }
            }
        }
    };
}

merge_input! {
    /// Two contacts that are one person.
    MergeContactsInput of ContactMergeChoicesInput
}

merge_input! {
    /// Two accounts that are one company.
    MergeAccountsInput of AccountMergeChoicesInput
}

/// A merge that is to be undone.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct UndoMergeInput {
    /// Which merge.
    pub merge_id: GlobalId,
}

/// What a merge does to the records of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SimpleObject)]
pub struct MergeChange {
    /// What they are.
    pub entity: ObjectType,
    /// How many named the merged record and name the survivor since.
    pub moved: i32,
    /// How many stood twice and are there once.
    pub removed: i32,
    /// How many changed otherwise: the two themselves, what was a first choice of both, a place on both teams.
    pub changed: i32,
}

/// Something that was changed after the merge, and stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct MergeKept {
    /// What it is.
    pub entity: ObjectType,
    /// Which one.
    pub id: GlobalId,
    /// The field that was changed.
    pub field: String,
}

/// The most records that an undoing names.
const MOST_KEPT: usize = 1_000;

/// A merge of two records.
pub struct RecordMerge {
    row: merge_operation::Model,
    kept: Vec<Kept>,
}

impl From<merge_operation::Model> for RecordMerge {
    fn from(row: merge_operation::Model) -> RecordMerge {
        RecordMerge { row, kept: Vec::new() }
    }
}

impl RecordMerge {
    fn id_of(&self, id: Uuid) -> GlobalId {
        GlobalId::new(kind_of(self.row.subject_type), id)
    }
}

/// A merge of two records of one person or company.
#[Object]
impl RecordMerge {
    /// The id by which it is undone.
    async fn id(&self) -> GlobalId {
        GlobalId::new(Kind::Merge, self.row.id)
    }

    /// What was merged: ACCOUNT or CONTACT.
    async fn subject_type(&self) -> SubjectType {
        self.row.subject_type
    }

    /// The record that stays.
    async fn survivor_id(&self) -> GlobalId {
        self.id_of(self.row.survivor_id)
    }

    /// The record that became an alias. Its id answers MERGED, with the id that answers for it, until the merge is undone.
    async fn merged_id(&self) -> GlobalId {
        self.id_of(self.row.merged_id)
    }

    /// When it was done (UTC).
    async fn merged_at(&self) -> DateTime<Utc> {
        self.row.merged_at
    }

    /// When it was undone (UTC); null while it stands.
    async fn undone_at(&self) -> Option<DateTime<Utc>> {
        self.row.undone_at
    }

    /// Who did it; null for a machine.
    async fn merged_by(&self, ctx: &Context<'_>) -> Result<Option<Colleague>> {
        one::<colleague::Entity, _>(Cx::of(ctx), self.row.actor_id).await
    }

    /// Why; null where nobody said.
    #[graphql(directive = access::apply("Settings".into(), "P".into(), false))]
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// The account that stays, as it is now; null where contacts were merged.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let id = (self.row.subject_type == SubjectType::Account).then_some(self.row.survivor_id);
        one::<account::Entity, _>(Cx::of(ctx), id).await
    }

    /// The contact that stays, as it is now; null where accounts were merged.
    async fn contact(&self, ctx: &Context<'_>) -> Result<Option<Contact>> {
        let id = (self.row.subject_type == SubjectType::Contact).then_some(self.row.survivor_id);
        one::<contact::Entity, _>(Cx::of(ctx), id).await
    }

    /// What it did, at most one line for each of the types: at most 60. Empty once a person in it was erased.
    async fn changes(&self) -> Result<Vec<MergeChange>> {
        match &self.row.before_image {
            Some(image) => Ok(changes(&serde_json::from_value(image.clone()).map_err(Error::internal)?)),
            None => Ok(Vec::new()),
        }
    }

    /// What somebody had changed since, and what therefore stayed as it was when the merge was undone: at most the first 1,000.
    async fn kept(&self) -> Vec<MergeKept> {
        let named = self.kept.iter().take(MOST_KEPT).filter_map(|kept| {
            let entity = ObjectType::parse(&kept.object)?;
            Some(MergeKept { entity, id: GlobalId::new(entity.kind(), kept.id), field: camel(&kept.column) })
        });
        named.collect()
    }
}

/// What an image holds, counted by type.
fn changes(image: &Image) -> Vec<MergeChange> {
    let mut by_type: BTreeMap<ObjectType, [std::collections::BTreeSet<Uuid>; 3]> = BTreeMap::new();
    for moved in &image.moved {
        if let Some(entity) = ObjectType::parse(&moved.object) {
            by_type.entry(entity).or_default()[0].extend(moved.ids.iter().copied());
        }
    }
    for Cell { object, id, column, .. } in &image.cells {
        if let Some(entity) = ObjectType::parse(object) {
            let place = if column == "deleted_at" { 1 } else { 2 };
            by_type.entry(entity).or_default()[place].insert(*id);
        }
    }
    let count = |ids: &std::collections::BTreeSet<Uuid>| i32::try_from(ids.len()).unwrap_or(i32::MAX);
    let lines = by_type.iter().map(|(entity, [moved, removed, changed])| {
        // What was removed did not stay to be changed.
        let changed = changed.difference(removed).copied().collect();
        MergeChange { entity: *entity, moved: count(moved), removed: count(removed), changed: count(&changed) }
    });
    lines.collect()
}

/// What a merge would do, without doing it.
#[derive(SimpleObject)]
pub struct MergePreview {
    /// The account that stays, its own fields as they would be; lists show what is now. Null where contacts were asked for, and where the
    /// merge would be refused.
    pub account: Option<Account>,
    /// The contact that stays, its own fields as they would be; lists show what is now. Null where accounts were asked for, and where the
    /// merge would be refused.
    pub contact: Option<Contact>,
    /// What it would do, a line for each of the types: at most 60. Empty where it would be refused.
    pub changes: Vec<MergeChange>,
    /// Why it would be refused; empty where it would not.
    pub user_errors: Vec<UserError>,
}

/// The merge itself, dropped before anybody sees it.
async fn preview<E: Mergeable>(cx: &Cx, asked: Asked<E::Choices>) -> Result<(Seen<E::Model>, Vec<MergeChange>)> {
    let mut work = Work::begin(cx).await?;
    let (row, image) = Box::pin(join::<E>(&mut work, asked)).await?;
    let survivor = cx.caller.rows::<E>().by_id(row.survivor_id).one(work.tx()).await?;
    Ok((survivor.ok_or(Error::NotFound)?, changes(&image)))
}

async fn merge<E: Mergeable>(cx: &Cx, asked: Asked<E::Choices>) -> Result<RecordMerge> {
    let mut work = Work::begin(cx).await?;
    let (row, _) = Box::pin(join::<E>(&mut work, asked)).await?;
    // Whoever merges still sees what stays.
    cx.caller.rows::<E>().by_id(row.survivor_id).one(work.tx()).await?.ok_or_else(|| Error::forbidden(""))?;
    work.commit().await?;
    Ok(row.into())
}

/// Merges two contacts.
pub async fn merge_contacts(cx: &Cx, input: MergeContactsInput) -> Result<RecordMerge> {
    merge::<contact::Entity>(cx, input.into()).await
}

/// Merges two accounts.
pub async fn merge_accounts(cx: &Cx, input: MergeAccountsInput) -> Result<RecordMerge> {
    merge::<account::Entity>(cx, input.into()).await
}

/// Undoes a merge.
pub async fn undo(cx: &Cx, UndoMergeInput { merge_id }: UndoMergeInput) -> Result<RecordMerge> {
    let id = merge_id.named("mergeId", Kind::Merge)?;
    let mut work = Work::begin(cx).await?;
    super::may(&work)?;
    let operation = work.merge_unscoped(id).await?.ok_or_else(|| Error::missing("mergeId"))?;
    let (row, kept) = match operation.subject_type {
        SubjectType::Account => Box::pin(part::<account::Entity>(&mut work, operation)).await?,
        SubjectType::Contact => Box::pin(part::<contact::Entity>(&mut work, operation)).await?,
        _ => return Err(Error::missing("mergeId")),
    };
    work.commit().await?;
    Ok(RecordMerge { row, kept })
}

payload! {
    /// What `mergeContacts` answers.
    MergeContactsPayload {
        /// The merge; null if it was refused.
        merge: RecordMerge
    }
}

payload! {
    /// What `mergeAccounts` answers.
    MergeAccountsPayload {
        /// The merge; null if it was refused.
        merge: RecordMerge
    }
}

payload! {
    /// What `undoMerge` answers.
    UndoMergePayload {
        /// The merge that was undone, with what was kept; null if it was refused.
        merge: RecordMerge
    }
}

/// The most merges that a record shows.
const MOST_MERGES: u64 = 100;

/// Looking at merges, before and after.
#[derive(Default)]
pub struct MergeQuery;

#[Object]
impl MergeQuery {
    /// What `mergeContacts` would do with the same input: the same steps, taken back.
    #[graphql(directive = access_field::apply("Settings".into(), "P".into(), true, "merge".into()))]
    async fn contact_merge_preview(&self, ctx: &Context<'_>, input: MergeContactsInput) -> Result<MergePreview> {
        let cx = Cx::of(ctx);
        let asked = || preview::<contact::Entity>(cx, input.clone().into());
        match attempt(asked).await {
            Ok((seen, changes)) => {
                Ok(MergePreview { account: None, contact: Some(seen.into()), changes, user_errors: Vec::new() })
            }
            Err(error) => refused(error),
        }
    }

    /// What `mergeAccounts` would do with the same input: the same steps, taken back.
    #[graphql(directive = access_field::apply("Settings".into(), "P".into(), true, "merge".into()))]
    async fn account_merge_preview(&self, ctx: &Context<'_>, input: MergeAccountsInput) -> Result<MergePreview> {
        let cx = Cx::of(ctx);
        let asked = || preview::<account::Entity>(cx, input.clone().into());
        match attempt(asked).await {
            Ok((seen, changes)) => {
                Ok(MergePreview { account: Some(seen.into()), contact: None, changes, user_errors: Vec::new() })
            }
            Err(error) => refused(error),
        }
    }

    /// The merges that an account or a contact took part in, newest first, undone ones too: at most 100. Its id may be one that was given
    /// up. Empty for a record that you do not see.
    #[graphql(directive = access::apply("Settings".into(), "P".into(), false))]
    async fn merges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account or contact.")] subject_id: GlobalId,
    ) -> Result<Vec<RecordMerge>> {
        let cx = Cx::of(ctx);
        let Some(ty) = mergeable(subject_id.kind) else {
            return Err(Error::BadInput("subjectId: accounts and contacts are merged".to_owned()));
        };
        // Whoever may look at merges sees all accounts and contacts: no row rule stands between them.
        let sees = |ty| table::everywhere(ty, (&cx.caller).into()).reads_a_class();
        if ![Type::Account, Type::Contact, Type::Settings].into_iter().all(sees) {
            return Ok(Vec::new());
        }
        let rows = merges_unscoped(&cx.caller, &cx.db(), ty, subject_id.uuid, MOST_MERGES).await?;
        Ok(rows.into_iter().map(RecordMerge::from).collect())
    }
}

fn refused(error: Error) -> Result<MergePreview> {
    match error {
        Error::User(user_errors) => Ok(MergePreview { account: None, contact: None, changes: Vec::new(), user_errors }),
        error => Err(error),
    }
}

/// Merging, and undoing it.
#[derive(Default)]
pub struct MergeMutation;

#[Object]
impl MergeMutation {
    /// Merges two contacts into one. What named the other names the survivor, its past is the survivor's, its id answers MERGED with the
    /// survivor's. Can be undone. Event: `identity.merged`, of each of the two. Needs the right to merge: integrators, administrators.
    #[graphql(directive = access_field::apply("Settings".into(), "P".into(), true, "merge".into()))]
    async fn merge_contacts(&self, ctx: &Context<'_>, input: MergeContactsInput) -> Result<MergeContactsPayload> {
        let cx = Cx::of(ctx);
        MergeContactsPayload::of(attempt(|| merge_contacts(cx, input.clone())).await)
    }

    /// Merges two accounts into one, as `mergeContacts` does. Whoever is on the team of either is on the survivor's.
    #[graphql(directive = access_field::apply("Settings".into(), "P".into(), true, "merge".into()))]
    async fn merge_accounts(&self, ctx: &Context<'_>, input: MergeAccountsInput) -> Result<MergeAccountsPayload> {
        let cx = Cx::of(ctx);
        MergeAccountsPayload::of(attempt(|| merge_accounts(cx, input.clone())).await)
    }

    /// Undoes a merge: there are two records again, each as it was. What was made on the survivor since stays with it; what was changed
    /// since stays as it is, and is named in `kept`. STATE_CONFLICT while a later merge of one of the two stands; ERASED once a person in
    /// it was erased. Event: `identity.unmerged`, of each of the two.
    #[graphql(directive = access_field::apply("Settings".into(), "P".into(), true, "merge".into()))]
    async fn undo_merge(&self, ctx: &Context<'_>, input: UndoMergeInput) -> Result<UndoMergePayload> {
        let cx = Cx::of(ctx);
        UndoMergePayload::of(attempt(|| undo(cx, input)).await)
    }
}
