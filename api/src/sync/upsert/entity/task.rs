//! Tasks.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{sales::task, tenant::queue};
use sea_orm::{ColumnTrait, Set, sea_query::ExprTrait};
use uuid::Uuid;

use super::{
    super::{Fields, Followed, Known, New, Scene},
    about::{Abouts, RecordReferenceInput},
    columns::{happened, time_opt},
    references::is_askable,
};
use crate::{
    graph::{Error, GlobalId, Result, name_patch, remark_patch},
    journey::Work,
    policy::Type,
    synced,
    teamwork::{record, task::completed},
};

synced! {
    /// What a source says of a task: absent leaves, null clears.
    Tasks of Task: task::Entity as Task;
    set TaskSetInput, row UpsertTaskRowInput, input UpsertTasksInput;
    /// Creates and updates tasks, each known by its key in a source. One that is done tells so at the time when it was.
    mutation UpsertTasks, upsert_tasks, class P;
    fields {
        /// What is to do, at most 255 characters. A new task needs it.
        T title: String = title by name_patch;
        /// More about it, at most 20,000 characters.
        T description: String = description by remark_patch;
        /// Until when.
        P due_at: DateTime<Utc> = due_at by time_opt;
        /// When it was done; null while it is open.
        P done_at: DateTime<Utc> = done_at by time_opt;
    }
    beside {
        /// The queue that is to do it, by code or name; takes it from its assignee.
        P queue: String;
        /// The record that it is about: what a note can be about. FORBIDDEN where you may neither change it nor edit in its wing.
        P record: RecordReferenceInput;
    }
    relations TaskRelationsInput {
        /// Who is to do it; takes it out of its queue.
        P assignee: Colleague = assignee_id;
        /// Who wrote it. A colleague writes as nobody else.
        P author: Colleague = author_id;
    }
    require ["title"];
    lookup Lookup;
    removable;
}

/// What a batch of tasks looks up.
pub struct Lookup {
    /// By code and by name.
    queues: HashMap<String, Uuid>,
    /// By id.
    codes: HashMap<Uuid, String>,
    abouts: Abouts,
    /// The records of which the caller may give tasks.
    given: HashSet<Uuid>,
}

impl Tasks {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&TaskSetInput]) -> Result<Lookup> {
        let named: HashSet<&String> = sets.iter().filter_map(|set| set.queue.value()).collect();
        let named: Vec<String> = named.into_iter().filter(|name| is_askable(name)).cloned().collect();
        let (mut queues, mut codes) = (HashMap::new(), HashMap::new());
        for chunk in named.chunks(500) {
            let either = queue::Column::Code.is_in(chunk).or(queue::Column::Name.is_in(chunk));
            for seen in work.caller().rows::<queue::Entity>().filter(either).all(work.tx()).await? {
                let row = seen.row();
                queues.entry(row.name.clone()).or_insert(row.id);
                queues.insert(row.code.clone(), row.id);
                codes.insert(row.id, row.code.clone());
            }
        }
        let abouts = Abouts::find(work, scene, sets.iter().filter_map(|set| set.record.value()).collect()).await?;
        let all = abouts.all();
        let mut given = record::edited(work, Type::Task, &all).await?;
        let rest: Vec<_> = all.into_iter().filter(|about| !given.contains(&about.id)).collect();
        given.extend(record::written(work, &rest).await?);
        Ok(Lookup { queues, codes, abouts, given })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &TaskSetInput,
        held: Option<&task::Model>,
        row: &mut task::ActiveModel,
    ) -> Result<()> {
        match &set.queue {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => row.queue_id = Set(None),
            MaybeUndefined::Value(name) => {
                let found = lookup.queues.get(name);
                let found = found.ok_or_else(|| Error::invalid("set.queue", "there is no such queue"))?;
                row.queue_id = Set(Some(*found));
            }
        }
        match (&row.assignee_id, &row.queue_id) {
            (Set(Some(_)), Set(Some(_))) => {
                return Err(Error::invalid("set.queue", "a task is a colleague's or a queue's"));
            }
            (Set(Some(_)), _) => row.queue_id = Set(None),
            (_, Set(Some(_))) => row.assignee_id = Set(None),
            _ => {}
        }
        let me = scene.cx.caller.colleague;
        if held.is_none() {
            if row.assignee_id.is_not_set() && !matches!(row.queue_id, Set(Some(_))) {
                row.assignee_id = Set(me);
            }
            if row.author_id.is_not_set() {
                row.author_id = Set(me);
            }
        }
        if let (Set(author), Some(me)) = (&row.author_id, me)
            && *author != Some(me)
            && held.is_none_or(|held| *author != held.author_id)
        {
            return Err(Error::forbidden("relations.author"));
        }
        match &set.record {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => {
                (row.subject_type, row.subject_id, row.account_id) = (Set(None), Set(None), Set(None));
            }
            MaybeUndefined::Value(named) => {
                let about = match lookup.abouts.get("set.record", named) {
                    Ok(about) => about,
                    // It goes in without the record, and finds it with the same row again.
                    Err(_) if scene.lenient && held.is_none() => return Ok(()),
                    Err(error) => return Err(error),
                };
                if held.is_some_and(|held| held.subject_id == Some(about.id)) {
                    return Ok(());
                }
                if !lookup.given.contains(&about.id) {
                    return Err(Error::forbidden("set.record"));
                }
                row.subject_type = Set(Some(about.ty));
                row.subject_id = Set(Some(about.id));
                row.account_id = Set(about.account);
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<Tasks>],
        known: &[Known<Tasks>],
    ) -> Result<Followed> {
        let came = new.iter().map(|new| &new.row);
        let was_open = known.iter().filter(|known| known.rows.before.done_at.is_none()).map(|known| &known.rows.after);
        for row in came.chain(was_open).filter(|row| row.done_at.is_some()) {
            work.record(happened(completed(row), row.done_at, scene.now));
        }
        let unknown: HashSet<Uuid> = known
            .iter()
            .filter(|known| known.rows.before.queue_id != known.rows.after.queue_id)
            .filter_map(|known| known.rows.before.queue_id)
            .filter(|queue| !lookup.codes.contains_key(queue))
            .collect();
        let unknown: Vec<Uuid> = unknown.into_iter().collect();
        let mut codes = lookup.codes.clone();
        for row in work.following_many_unscoped::<queue::Entity>(queue::Column::Id, &unknown).await? {
            codes.insert(row.id, row.code);
        }
        let mut followed = Followed::default();
        for Known { place, rows, .. } in known {
            let mut before = Fields::new();
            if rows.before.queue_id != rows.after.queue_id {
                let code = rows.before.queue_id.and_then(|queue| codes.get(&queue)).cloned();
                before.insert("queue".to_owned(), code.into());
            }
            if rows.before.subject_id != rows.after.subject_id {
                let id = rows.before.subject_type.zip(rows.before.subject_id);
                let id = id.map(|(ty, id)| GlobalId::new(record::kind_of(ty), id).to_string());
                let id = id.map(|id| serde_json::json!({ "id": id }));
                before.insert("record".to_owned(), id.into());
            }
            if !before.is_empty() {
                followed.changed.insert(*place, before);
            }
        }
        Ok(followed)
    }
}
