//! Notes: what a colleague leaves on a record for the team, for the own discipline, or for nobody else.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::colleague,
    codes::NoteVisibility,
    sales::{note, note_mention},
};
use futures::future::try_join_all;
use sea_orm::{
    ActiveValue::NotSet,
    ColumnTrait, QueryFilter, Set,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::record::{self, About, Record, kind_of};
use crate::{
    account::Colleague,
    graph::{
        AnyOf, Children, Cx, Direction, Error, GlobalId, Ids, Key, Kind, List, MAX_PROSE, PageArgs, Result, children,
        list, one, patch_required, prose,
    },
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed, object, payload,
    policy::{Class, Rows, Seen, Type, access},
    removal,
};

/// The most colleagues that one note calls.
pub(crate) const MAX_MENTIONS: usize = 20;

object! {
    /// What a colleague left on a record. TEAM: for everybody whom the team rule lets see the record's account; DISCIPLINE: for the
    /// author's discipline among them; PRIVATE: for the author. On a record without an account TEAM is the author's discipline.
    Note(note::Entity) as Note, id Note {
        /// What it says.
        T body: String = |row| row.body.clone();
        /// Who may read it.
        P visibility: NoteVisibility = |row| row.visibility;
        /// The id of the record that it is about.
        P record_id: GlobalId = |row| GlobalId::new(kind_of(row.subject_type), row.subject_id);
    }
    refs {
        /// Who wrote it; null for a machine.
        P author: Colleague = colleague::Entity, |row| row.author_id;
    }
    edges {
        /// The record that it is about; null where you may not see that.
        #[graphql(directive = access::apply("Note".into(), "P".into(), false))]
        pub async fn record(&self, ctx: &Context<'_>) -> Result<Option<Record>> {
            let about = self.0.read(Class::P, "record", |row| (row.subject_type, row.subject_id));
            let Some((ty, id)) = about else { return Ok(None) };
            record::load(Cx::of(ctx), ty, id).await
        }

        /// The colleagues whom it calls, at most 20.
        #[graphql(directive = access::apply("Note".into(), "P".into(), false))]
        pub async fn mentions(&self, ctx: &Context<'_>) -> Result<Vec<Colleague>> {
            let cx = Cx::of(ctx);
            let Some(note) = self.0.read(Class::P, "mentions", |row| row.id) else { return Ok(Vec::new()) };
            let ids = cx.load(MentionsOf(note)).await?.unwrap_or_default();
            let found = try_join_all(ids.iter().map(|id| one::<colleague::Entity, Colleague>(cx, *id)));
            Ok(found.await?.into_iter().flatten().collect())
        }
    }
}

/// Whom a note calls.
#[derive(Clone, PartialEq, Eq, Hash)]
struct MentionsOf(Uuid);

impl Key for MentionsOf {
    type Value = Arc<Vec<Uuid>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let notes = keys.iter().map(|key| key.0);
        let links = cx.caller.links::<note_mention::Entity>().filter(note_mention::Column::NoteId.is_in(notes));
        let mut called: HashMap<Self, Vec<Uuid>> = HashMap::new();
        for link in links.all(&cx.db()).await? {
            called.entry(MentionsOf(link.note_id)).or_default().push(link.colleague_id);
        }
        Ok(called.into_iter().map(|(key, ids)| (key, Arc::new(ids))).collect())
    }
}

input! {
    /// A note on a record.
    CreateNoteInput for Note {
        /// The record that it is about: an account, contact, visitor, industry, campaign, lead, handover, opportunity, meeting,
        /// requirement, order, contract, asset or ticket.
        P record_id: GlobalId;
        /// What it says, at most 20,000 characters.
        T body: String;
        /// Who may read it.
        P visibility: NoteVisibility;
        /// The colleagues whom it calls, at most 20. A private note calls nobody. A call opens nothing: who may not read the note
        /// does not learn of it.
        P mention_ids: Option<Vec<GlobalId>>;
    }
}

input! {
    /// A change of a note, by its author: absent leaves.
    UpdateNoteInput for Note {
        /// What it says, at most 20,000 characters.
        T body: MaybeUndefined<String>;
        /// Who may read it.
        P visibility: MaybeUndefined<NoteVisibility>;
        /// The colleagues whom it calls instead, at most 20; null calls nobody.
        P mention_ids: MaybeUndefined<Vec<GlobalId>>;
    }
    plain {
        /// Which note.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createNote` answers.
    CreateNotePayload {
        /// The new note; null if it was refused.
        note: Note
    }
}

payload! {
    /// What `updateNote` answers.
    UpdateNotePayload {
        /// The changed note; null if it was refused.
        note: Note
    }
}

/// Leaves a note on a record.
pub async fn create(cx: &Cx, input: CreateNoteInput) -> Result<Note> {
    let written = input.written();
    let CreateNoteInput { record_id, body, visibility, mention_ids } = input;
    let body = prose("body", body, MAX_PROSE)?;
    let mut work = Work::begin(cx).await?;
    let about = record::refer(&work, "recordId", record_id).await?;
    may_share(&work, about, visibility).await?;
    let row = work
        .insert::<note::Entity>(note::ActiveModel {
            subject_type: Set(about.ty),
            subject_id: Set(about.id),
            account_id: Set(about.account),
            author_id: Set(cx.caller.colleague),
            body: Set(body),
            visibility: Set(visibility),
            discipline: Set(cx.caller.discipline),
            ..Default::default()
        })
        .await?;
    call(&mut work, &row, mention_ids.unwrap_or_default()).await?;
    work.record(added(&row));
    let seen = work.reached::<note::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Note(seen))
}

/// That it was written.
pub(crate) fn added(row: &note::Model) -> Event {
    Event::of::<note::Entity>(EventKind::NoteAdded, row, Payload::Record { fields: Vec::new() }).at(row.created_at)
}

/// Changes a note. Only its author does.
pub async fn update(cx: &Cx, input: UpdateNoteInput) -> Result<Note> {
    let written = input.written();
    let UpdateNoteInput { id, if_version, body, visibility, mention_ids } = input;
    let id = id.named("id", Kind::Note)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<note::Entity>(id, if_version, &written).await?;
    by_author(cx, &seen)?;
    let visibility = patch_required("visibility", visibility)?;
    let held = seen.row();
    let about = About { ty: held.subject_type, id: held.subject_id, account: held.account_id };
    // What is said to a team stays a word to that team when it is changed.
    may_share(&work, about, if let Set(visibility) = visibility { visibility } else { held.visibility }).await?;
    let row = note::ActiveModel {
        body: match patch_required("body", body)? {
            Set(body) => Set(prose("body", body, MAX_PROSE)?),
            _ => NotSet,
        },
        visibility,
        // A change of the calls alone is a change of the note.
        updated_at: if mention_ids.is_undefined() { NotSet } else { Set(work.now()) },
        ..Default::default()
    };
    let row = work.update::<note::Entity>(&seen, row).await?;
    if row.visibility != held.visibility {
        // Who hears of it follows who reads it.
        work.correct(added(held), added(&row)).await?;
    }
    if !mention_ids.is_undefined() {
        work.unlink::<note_mention::Entity>(note_mention::Column::NoteId.eq(id)).await?;
        call(&mut work, &row, mention_ids.take().unwrap_or_default()).await?;
    }
    let seen = work.reached::<note::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Note(seen))
}

/// To speak to a team takes the right to edit in the record's wing; a private note takes none but seeing the record.
async fn may_share(work: &Work<'_>, about: About, visibility: NoteVisibility) -> Result<()> {
    let private = visibility == NoteVisibility::Private;
    match private || record::edits(work, Type::Note, about).await? {
        true => Ok(()),
        false => Err(Error::forbidden("visibility")),
    }
}

/// Writes down whom the note calls.
async fn call(work: &mut Work<'_>, note: &note::Model, ids: Vec<GlobalId>) -> Result<()> {
    if ids.len() > MAX_MENTIONS {
        return Err(Error::invalid("mentionIds", format!("at most {MAX_MENTIONS} colleagues")));
    }
    if !ids.is_empty() && note.visibility == NoteVisibility::Private {
        return Err(Error::invalid("mentionIds", "nobody else reads a private note"));
    }
    let colleagues = work.refer_all::<colleague::Entity>("mentionIds", ids).await?;
    let links = colleagues.into_iter().map(|id| note_mention::ActiveModel {
        note_id: Set(note.id),
        colleague_id: Set(id),
        ..Default::default()
    });
    work.insert_technical::<note_mention::Entity>(links.collect()).await
}

fn by_author(cx: &Cx, seen: &Seen<note::Model>) -> Result<()> {
    match seen.row().author_id {
        Some(author) if cx.caller.colleague == Some(author) => Ok(()),
        _ => Err(Error::forbidden("id")),
    }
}

impl Removable for note::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<note::Model>) -> Result<()> {
        // A note that a system brought goes with what that system holds: no colleague has a say there.
        if work.caller().colleague.is_some() || !work.is_from_source() {
            by_author(work.cx(), seen)?;
        }
        work.unlink::<note_mention::Entity>(note_mention::Column::NoteId.eq(seen.row().id)).await
    }
}

/// The notes on a record, batched over all records of a level. Ids are unique in the house, so the record's type need not be asked.
pub async fn notes_of(
    cx: &Cx,
    id: Uuid,
    filter: Option<Box<NoteFilter>>,
    sort: Option<Box<NoteSort>>,
    args: PageArgs,
) -> Result<List<Note>> {
    let list = Children::<note::Entity> {
        name: "notes",
        line: Type::Note,
        by: note::Column::SubjectId,
        direction: Direction::Falling,
        only: None,
    };
    children(cx, list, id, filter, sort, args).await
}

/// The notes that call the caller and that it may read, newest first.
pub async fn mentions(cx: &Cx, args: PageArgs) -> Result<List<Note>> {
    let rows: Rows<note::Entity> = cx.caller.rows();
    let rows = match cx.caller.colleague {
        None => rows.filter(Expr::val(1).eq(0)),
        Some(me) => {
            let mut calls = Query::select();
            calls
                .column(note_mention::Column::NoteId)
                .from(note_mention::Entity)
                .and_where(note_mention::Column::TenantId.eq(cx.caller.tenant))
                .and_where(note_mention::Column::ColleagueId.eq(me));
            rows.filter(note::Column::Id.in_subquery(calls))
        }
    };
    list(cx, rows, args, Direction::Falling).await
}

listed! {
    /// One note; null if there is none that you may read.
    note,
    /// The notes that you may read, newest first unless sorted.
    notes: Note(note::Entity) as Note, id Note, Falling;
    query NoteQuery, filter NoteFilter, sort NoteSort {
        /// By the record that it is about.
        P record_id: Ids = SubjectId;
        /// By the account of the record.
        P account_id: Ids = AccountId, of Account;
        /// By who wrote it.
        P author_id: Ids = AuthorId, of Colleague;
        /// By who may read it.
        P visibility: AnyOf<NoteVisibility> = Visibility;
    }
}

removal! {
    /// Takes away a note of your own.
    delete_note: note::Entity as Note, class T body, checked;
    mutation NoteRemoval, input DeleteNoteInput, payload DeleteNotePayload;
}

/// Writing notes.
#[derive(Default)]
pub struct NoteMutation;

#[Object]
impl NoteMutation {
    /// Leaves a note on a record that you may see. FORBIDDEN at `visibility` where you may read the account but not edit: then a
    /// private note is all that you can leave.
    #[graphql(directive = access::apply("Note".into(), "T".into(), true))]
    async fn create_note(&self, ctx: &Context<'_>, input: CreateNoteInput) -> Result<CreateNotePayload> {
        let cx = Cx::of(ctx);
        CreateNotePayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a note of your own.
    #[graphql(directive = access::apply("Note".into(), "T".into(), true))]
    async fn update_note(&self, ctx: &Context<'_>, input: UpdateNoteInput) -> Result<UpdateNotePayload> {
        let cx = Cx::of(ctx);
        UpdateNotePayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
