//! Tasks: what a colleague or a queue is to do, about a record or by itself.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{account::colleague, sales::task, tenant::queue};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, Set,
    sea_query::{Expr, ExprTrait},
};

use uuid::Uuid;

use super::record::{self, Record, kind_of};
use crate::{
    account::{Colleague, Queue, ground},
    graph::{
        Children, Cx, Direction, Error, GlobalId, Ids, Kind, List, PageArgs, Result, TextFilter, TimeFilter,
        UserErrorCode, children, listed, name_patch, patch, remark, remark_patch, text,
    },
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    listed, object, payload,
    policy::{Class, Type, access},
    removal,
};

object! {
    /// Something to do. It follows its record: the team rule counts in the record's wing; besides, it is its author's, its
    /// assignee's and its queue's.
    Task(task::Entity) as Task, id Task {
        /// What is to do.
        T title: String = |row| row.title.clone();
        /// More about it; null for no more.
        T description: String = |row| row.description.clone();
        /// Until when (UTC); null for no date.
        P due_at: DateTime<Utc> = |row| row.due_at;
        /// When it was done (UTC); null while it is open.
        P done_at: DateTime<Utc> = |row| row.done_at;
        /// The id of the record that it is about; null for none.
        P record_id: GlobalId = |row| {
            row.subject_type.zip(row.subject_id).map(|(ty, id)| GlobalId::new(kind_of(ty), id))
        };
    }
    refs {
        /// Who is to do it; null while a queue holds it.
        P assignee: Colleague = colleague::Entity, |row| row.assignee_id;
        /// The queue in which it waits; null where somebody has it.
        P queue: Queue = queue::Entity, |row| row.queue_id;
        /// Who wrote it; null for a machine.
        P author: Colleague = colleague::Entity, |row| row.author_id;
    }
    edges {
        /// The record that it is about; null for none, or where you may not see it.
        #[graphql(directive = access::apply("Task".into(), "P".into(), false))]
        pub async fn record(&self, ctx: &Context<'_>) -> Result<Option<Record>> {
            let about = self.0.read(Class::P, "record", |row| row.subject_type.zip(row.subject_id));
            let Some((ty, id)) = about else { return Ok(None) };
            record::load(Cx::of(ctx), ty, id).await
        }
    }
}

input! {
    /// Something to do. Without `assigneeId` and `queueId` it is your own.
    CreateTaskInput for Task {
        /// What is to do, at most 255 characters.
        T title: String;
        /// More about it, at most 20,000 characters.
        T description: Option<String>;
        /// The record that it is about: what a note can be about. FORBIDDEN where you may neither change it nor edit in its wing.
        P record_id: Option<GlobalId>;
        /// Until when.
        P due_at: Option<DateTime<Utc>>;
        /// Who is to do it; not together with `queueId`.
        P assignee_id: Option<GlobalId>;
        /// The queue that is to do it.
        P queue_id: Option<GlobalId>;
    }
}

input! {
    /// A change of a task: absent leaves, null clears.
    UpdateTaskInput for Task {
        /// What is to do.
        T title: MaybeUndefined<String>;
        /// More about it.
        T description: MaybeUndefined<String>;
        /// Until when.
        P due_at: MaybeUndefined<DateTime<Utc>>;
        /// Who is to do it; takes it out of its queue.
        P assignee_id: MaybeUndefined<GlobalId>;
        /// The queue that is to do it; takes it from its assignee.
        P queue_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which task.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

/// A task to close or to open again.
#[derive(Clone, Copy, Debug, async_graphql::InputObject)]
pub struct TaskStepInput {
    /// Which task.
    pub id: GlobalId,
    /// Do it only if the task still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `createTask` answers.
    CreateTaskPayload {
        /// The new task; null if it was refused.
        task: Task
    }
}

payload! {
    /// What `updateTask` answers.
    UpdateTaskPayload {
        /// The changed task; null if it was refused.
        task: Task
    }
}

payload! {
    /// What `completeTask` answers.
    CompleteTaskPayload {
        /// The done task; null if it was refused.
        task: Task
    }
}

payload! {
    /// What `reopenTask` answers.
    ReopenTaskPayload {
        /// The open task; null if it was refused.
        task: Task
    }
}

/// Writes down what is to do.
pub async fn create(cx: &Cx, input: CreateTaskInput) -> Result<Task> {
    let written = input.written();
    let CreateTaskInput { title, description, record_id, due_at, assignee_id, queue_id } = input;
    if assignee_id.is_some() && queue_id.is_some() {
        return Err(Error::invalid("queueId", "a task is a colleague's or a queue's"));
    }
    let mut work = Work::begin(cx).await?;
    let about = match record_id {
        Some(id) => {
            let about = record::refer(&work, "recordId", id).await?;
            // A task stands in the lists of the record's team, so who only reads there has none to give.
            if !record::edits(&work, Type::Task, about).await? && !record::writes(&work, about).await? {
                return Err(Error::forbidden("recordId"));
            }
            Some(about)
        }
        None => None,
    };
    let queue = work.refer_opt::<queue::Entity>("queueId", queue_id).await?;
    let assignee = match ground::owner(&work, "assigneeId", assignee_id).await? {
        None if queue.is_none() => cx.caller.colleague,
        assignee => assignee,
    };
    let row = work
        .insert::<task::Entity>(task::ActiveModel {
            subject_type: Set(about.map(|about| about.ty)),
            subject_id: Set(about.map(|about| about.id)),
            account_id: Set(about.and_then(|about| about.account)),
            title: Set(text("title", title, 255)?),
            description: Set(remark("description", description)?),
            due_at: Set(due_at),
            assignee_id: Set(assignee),
            queue_id: Set(queue),
            author_id: Set(cx.caller.colleague),
            ..Default::default()
        })
        .await?;
    let seen = work.reached::<task::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Task(seen))
}

/// Changes what is to do, by when, or by whom.
pub async fn update(cx: &Cx, input: UpdateTaskInput) -> Result<Task> {
    let written = input.written();
    let UpdateTaskInput { id, if_version, title, description, due_at, assignee_id, queue_id } = input;
    let id = id.named("id", Kind::Task)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<task::Entity>(id, if_version, &written).await?;
    let mut assignee = ground::owner_patch(&work, "assigneeId", seen.row().assignee_id, assignee_id).await?;
    let mut queue = work.refer_patch::<queue::Entity>("queueId", queue_id).await?;
    match (&assignee, &queue) {
        (Set(Some(_)), Set(Some(_))) => {
            return Err(Error::invalid("queueId", "a task is a colleague's or a queue's"));
        }
        (Set(Some(_)), _) => queue = Set(None),
        (_, Set(Some(_))) => assignee = Set(None),
        _ => {}
    }
    let row = task::ActiveModel {
        title: name_patch("title", title)?,
        description: remark_patch("description", description)?,
        due_at: patch(due_at),
        assignee_id: assignee,
        queue_id: queue,
        ..Default::default()
    };
    work.update::<task::Entity>(&seen, row).await?;
    let seen = work.reached::<task::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Task(seen))
}

/// Closes a task, or opens it again.
async fn step(cx: &Cx, input: TaskStepInput, done: bool) -> Result<Task> {
    let TaskStepInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::Task)?, [(Class::P, "done_at")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<task::Entity>(id, if_version, &written).await?;
    if seen.row().done_at.is_some() == done {
        let state = if done { "the task is done" } else { "the task is open" };
        return Err(Error::user(UserErrorCode::StateConflict, "id", state));
    }
    let done_at: ActiveValue<_> = Set(done.then(|| work.now()));
    let row = work.update::<task::Entity>(&seen, task::ActiveModel { done_at, ..Default::default() }).await?;
    if done {
        work.record(completed(&row));
    }
    let seen = work.reached::<task::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Task(seen))
}

/// That it was done.
pub(crate) fn completed(row: &task::Model) -> Event {
    Event::of::<task::Entity>(EventKind::TaskCompleted, row, Payload::Record { fields: Vec::new() })
}

/// The tasks about a record, batched over all records of a level.
pub async fn tasks_of(
    cx: &Cx,
    id: Uuid,
    filter: Option<Box<TaskFilter>>,
    sort: Option<Box<TaskSort>>,
    args: PageArgs,
) -> Result<List<Task>> {
    let list = Children::<task::Entity> {
        name: "tasks",
        line: Type::Task,
        by: task::Column::SubjectId,
        direction: Direction::Falling,
        only: None,
    };
    children(cx, list, id, filter, sort, args).await
}

/// The caller's own open tasks and those that wait in its queues, what is due first on top.
pub async fn open_tasks(cx: &Cx, args: PageArgs) -> Result<List<Task>> {
    let mut mine = Condition::any().add(Expr::val(1).eq(0));
    if let Some(me) = cx.caller.colleague {
        mine = mine.add(task::Column::AssigneeId.eq(me));
    }
    if !cx.caller.queues.is_empty() {
        mine = mine.add(task::Column::QueueId.is_in(cx.caller.queues.iter().copied()));
    }
    let rows = cx.caller.rows::<task::Entity>().filter(mine).filter(task::Column::DoneAt.is_null());
    let due = TaskSort { due_at: Some(crate::graph::SortDirection::Asc), ..TaskSort::default() };
    listed(cx, rows, None::<TaskFilter>, Some(due), args, Direction::Rising).await
}

listed! {
    /// One task; null if there is none that you may see.
    task,
    /// The tasks that you may see, newest first unless sorted.
    tasks: Task(task::Entity) as Task, id Task, Falling;
    query TaskQuery, filter TaskFilter, sort TaskSort {
        /// By what is to do.
        T title: TextFilter = Title;
        /// By until when.
        P due_at: TimeFilter = DueAt;
        /// By when it was done; `isNull: true` leaves the open ones.
        P done_at: TimeFilter = DoneAt;
        /// By the record that it is about.
        P record_id: Ids = SubjectId;
        /// By the account of the record.
        P account_id: Ids = AccountId, of Account;
        /// By who is to do it.
        P assignee_id: Ids = AssigneeId, of Colleague;
        /// By the queue in which it waits.
        P queue_id: Ids = QueueId, of Queue;
        /// By who wrote it.
        P author_id: Ids = AuthorId, of Colleague;
    }
}

removal! {
    /// Takes a task away.
    delete_task: task::Entity as Task, class T title;
    mutation TaskRemoval, input DeleteTaskInput, payload DeleteTaskPayload;
}

/// Writing tasks.
#[derive(Default)]
pub struct TaskMutation;

#[Object]
impl TaskMutation {
    /// Writes down what is to do.
    #[graphql(directive = access::apply("Task".into(), "T".into(), true))]
    async fn create_task(&self, ctx: &Context<'_>, input: CreateTaskInput) -> Result<CreateTaskPayload> {
        let cx = Cx::of(ctx);
        CreateTaskPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes what is to do, by when, or by whom.
    #[graphql(directive = access::apply("Task".into(), "P".into(), true))]
    async fn update_task(&self, ctx: &Context<'_>, input: UpdateTaskInput) -> Result<UpdateTaskPayload> {
        let cx = Cx::of(ctx);
        UpdateTaskPayload::of(attempt(|| update(cx, input.clone())).await)
    }

    /// Says that a task is done. STATE_CONFLICT if it was before.
    #[graphql(directive = access::apply("Task".into(), "P".into(), true))]
    async fn complete_task(&self, ctx: &Context<'_>, input: TaskStepInput) -> Result<CompleteTaskPayload> {
        let cx = Cx::of(ctx);
        CompleteTaskPayload::of(attempt(|| step(cx, input, true)).await)
    }

    /// Opens a done task again. STATE_CONFLICT if it is open.
    #[graphql(directive = access::apply("Task".into(), "P".into(), true))]
    async fn reopen_task(&self, ctx: &Context<'_>, input: TaskStepInput) -> Result<ReopenTaskPayload> {
        let cx = Cx::of(ctx);
        ReopenTaskPayload::of(attempt(|| step(cx, input, false)).await)
    }
}
