//! Notes.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::colleague,
    codes::{Discipline, NoteVisibility},
    sales::{note, note_mention},
};
use sea_orm::{ColumnTrait, QueryFilter, Set};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{Fields, Followed, Known, New, ReferenceInput, Scene, SyncEntity},
    about::{Abouts, RecordReferenceInput},
    columns::{happened, unless_said, will_be},
    references::Named,
};
use crate::{
    graph::{Error, GlobalId, Kind, Result, patch_required, prose_patch},
    journey::{Work, differing},
    policy::Type,
    synced,
    teamwork::{
        note::{MAX_MENTIONS, added},
        record,
    },
};

synced! {
    /// What a source says of a note: absent leaves.
    Notes of Note: note::Entity as Note;
    set NoteSetInput, row UpsertNoteRowInput, input UpsertNotesInput;
    /// Creates and updates notes, each known by its key in a source. A colleague writes and changes notes of their own only.
    mutation UpsertNotes, upsert_notes, class P;
    fields {
        /// What it says, at most 20,000 characters. A new note needs it.
        T body: String = body by prose_patch;
        /// Who may read it. A new note needs it.
        P visibility: NoteVisibility = visibility by patch_required;
    }
    beside {
        /// The record that it is about. A new note needs it; it stays.
        P record: RecordReferenceInput;
        /// The colleagues whom it calls, at most 20, instead of those before; null calls nobody. A private note calls nobody.
        P mentions: Vec<ReferenceInput>;
        /// When it was written in its system: then a new one's `note.added` happened. Now unless said.
        P written_at: DateTime<Utc>;
    }
    relations NoteRelationsInput {
        /// Who wrote it. A colleague writes as nobody else.
        P author: Colleague = author_id;
    }
    require ["body", "visibility"];
    lookup Lookup;
    removable;
}

/// What a batch of notes looks up.
pub struct Lookup {
    abouts: Abouts,
    /// The records to whose teams the caller may speak.
    shared: HashSet<Uuid>,
    named: Named,
    disciplines: HashMap<Uuid, Discipline>,
    /// Whom the known notes call.
    called: HashMap<Uuid, BTreeSet<Uuid>>,
}

impl Notes {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&NoteSetInput]) -> Result<Lookup> {
        let abouts = Abouts::find(work, scene, sets.iter().filter_map(|set| set.record.value()).collect()).await?;
        let shared = record::edited(work, Type::Note, &abouts.all()).await?;
        let mentions = sets.iter().filter_map(|set| set.mentions.value()).flatten().collect();
        let named = Named::find(work, scene, SyncEntity::Colleague, mentions).await?;
        let mut disciplines = HashMap::new();
        for chunk in scene.ids(SyncEntity::Colleague).chunks(500) {
            let rows = work.caller().rows::<colleague::Entity>().by_ids(chunk.iter().copied()).all(work.tx()).await?;
            disciplines.extend(rows.iter().map(|seen| (seen.row().id, seen.row().department)));
        }
        let mut called: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
        for chunk in scene.held.chunks(500) {
            let of = note_mention::Column::NoteId.is_in(chunk.iter().copied());
            for link in work.caller().links::<note_mention::Entity>().filter(of).all(work.tx()).await? {
                called.entry(link.note_id).or_default().insert(link.colleague_id);
            }
        }
        Ok(Lookup { abouts, shared, named, disciplines, called })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &NoteSetInput,
        held: Option<&note::Model>,
        row: &mut note::ActiveModel,
    ) -> Result<()> {
        let caller = &scene.cx.caller;
        if let Some(me) = caller.colleague {
            if held.is_some_and(|held| held.author_id != Some(me)) {
                return Err(Error::forbidden("externalId"));
            }
            if matches!(row.author_id, Set(author) if author != Some(me)) {
                return Err(Error::forbidden("relations.author"));
            }
        }
        let about = match &set.record {
            MaybeUndefined::Value(named) => Some(lookup.abouts.get("set.record", named)?),
            MaybeUndefined::Null => return Err(Error::invalid("set.record", "this cannot be cleared")),
            MaybeUndefined::Undefined => None,
        };
        let visibility = will_be(&row.visibility, held.map(|held| &held.visibility));
        match (held, about) {
            (Some(held), Some(about)) if held.subject_id != about.id => {
                return Err(Error::invalid("set.record", "a note stays on its record"));
            }
            (Some(held), about) => {
                // What is said to a team stays a word to that team when a colleague changes it.
                let shared = about.is_some_and(|about| lookup.shared.contains(&about.id));
                let is_open = visibility != Some(NoteVisibility::Private) && caller.colleague.is_some();
                if is_open && !shared && !differing::<note::Entity>(held, &mut row.clone()).is_empty() {
                    return Err(Error::forbidden("set.visibility"));
                }
            }
            (None, None) => return Err(Error::invalid("set.record", "a new note needs this")),
            (None, Some(about)) => {
                let private = visibility == Some(NoteVisibility::Private);
                if !private && !lookup.shared.contains(&about.id) {
                    return Err(Error::forbidden("set.visibility"));
                }
                row.subject_type = Set(about.ty);
                row.subject_id = Set(about.id);
                row.account_id = Set(about.account);
                unless_said(&mut row.author_id, caller.colleague);
                let author = will_be(&row.author_id, None).flatten();
                let discipline = author.and_then(|author| lookup.disciplines.get(&author)).copied();
                row.discipline = Set(discipline.or(caller.discipline));
            }
        }
        let Some(calls) = mentions(lookup, set)? else { return Ok(()) };
        if visibility == Some(NoteVisibility::Private) && !calls.is_empty() {
            return Err(Error::invalid("set.mentions", "nobody else reads a private note"));
        }
        if held.is_some_and(|held| calls != lookup.called.get(&held.id).cloned().unwrap_or_default()) {
            // A change of the calls alone is a change of the note.
            row.updated_at = Set(scene.now);
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<Notes>],
        known: &[Known<Notes>],
    ) -> Result<Followed> {
        let mut links = Vec::new();
        let mut call = |note: Uuid, people: &BTreeSet<Uuid>| {
            links.extend(people.iter().map(|colleague| note_mention::ActiveModel {
                note_id: Set(note),
                colleague_id: Set(*colleague),
                ..Default::default()
            }));
        };
        for New { set, row, .. } in new {
            call(row.id, &mentions(lookup, set)?.unwrap_or_default());
            work.record(happened(added(row), set.written_at.value().copied(), scene.now));
        }
        let (mut followed, mut over) = (Followed::default(), Vec::new());
        for Known { place, set, rows } in known {
            let before = lookup.called.get(&rows.after.id).cloned().unwrap_or_default();
            let Some(now) = mentions(lookup, set)?.filter(|now| *now != before) else { continue };
            over.push(rows.after.id);
            call(rows.after.id, &now);
            let before = before.iter().map(|id| json!({ "id": GlobalId::new(Kind::Colleague, *id).to_string() }));
            let before = serde_json::Value::Array(before.collect());
            followed.changed.insert(*place, Fields::from_iter([("mentions".to_owned(), before)]));
        }
        for chunk in over.chunks(500) {
            work.unlink::<note_mention::Entity>(note_mention::Column::NoteId.is_in(chunk.iter().copied())).await?;
        }
        work.insert_technical::<note_mention::Entity>(links).await?;
        // Who hears of it follows who reads it.
        let shown = known.iter().filter(|known| known.rows.before.visibility != known.rows.after.visibility);
        let pairs = shown.map(|known| (added(&known.rows.before), added(&known.rows.after))).collect();
        work.correct_many(pairs).await?;
        Ok(followed)
    }
}

/// Whom a row calls; None where it does not say.
fn mentions(lookup: &Lookup, set: &NoteSetInput) -> Result<Option<BTreeSet<Uuid>>> {
    match &set.mentions {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(BTreeSet::new())),
        MaybeUndefined::Value(named) => {
            let named = lookup.named.all("set.mentions", named, MAX_MENTIONS)?;
            Ok(Some(named.into_iter().collect()))
        }
    }
}
