//! The queue: where work waits for a discipline, and who works in it. Who is in a queue reaches what waits there (scope Q) from its
//! next request on. A manager may change queues and their members.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::colleague,
    codes::{LeadStatus, TicketStatus, Wing},
    marketing::{handover, lead},
    sales::task,
    service::ticket,
    tenant::{queue, queue_member},
};
use sea_orm::{ColumnTrait, Condition, Set, sea_query::ExprTrait};

use super::{Colleague, colleague::refer_active, team};
use crate::{
    editable,
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TextFilter, TimeFilter, UserErrorCode},
    input,
    journey::{Removable, Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, access},
    removal,
};

object! {
    /// Where work waits for a discipline.
    Queue(queue::Entity) as Queue, id Queue {
        /// The name.
        P name: String = |row| row.name.clone();
        /// Its short name, unique in the tenant.
        P code: String = |row| row.code.clone();
        /// The wing that it belongs to.
        P wing: Wing = |row| row.wing;
    }
    lists {
        /// Who works in it, ended memberships too, oldest first.
        members: QueueMember = queue_member::Entity, queue_member::Column::QueueId, Rising;
    }
}

object! {
    /// A colleague's membership in a queue.
    QueueMember(queue_member::Entity) as Queue, id QueueMember {
        /// Since when (UTC).
        P valid_from: DateTime<Utc> = |row| row.valid_from;
        /// Until when (UTC), exclusive; null while it lasts.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
    }
    refs {
        /// The queue.
        P queue: Queue = queue::Entity, |row| row.queue_id;
        /// The colleague.
        P colleague: Colleague = colleague::Entity, |row| row.colleague_id;
    }
}

editable! {
    /// Adds a queue. DUPLICATE if its code is known, even that of one taken away.
    create create_queue(CreateQueueInput) -> CreateQueuePayload;
    /// Renames a queue.
    update update_queue(UpdateQueueInput) -> UpdateQueuePayload;
    mutation QueueMutation of queue: Queue(queue::Entity) as Queue, id Queue, class P;
    once {
        /// Its short name, at most 100 characters, unique in the tenant, for ever.
        P code = code: key(100);
        /// The wing whose work waits in it, for ever.
        P wing = wing: code(Wing);
    }
    fields {
        /// What people call it, at most 255 characters.
        P name = name: name;
    }
}

listed! {
    /// One queue; null if there is none that you may see.
    queue,
    /// The queues that you may see, oldest first unless sorted.
    queues: Queue(queue::Entity) as Queue, id Queue, Rising;
    query QueueQuery, filter QueueFilter, sort QueueSort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By wing.
        P wing: AnyOf<Wing> = Wing;
    }
}

listed! {
    /// One membership in a queue; null if there is none that you may see.
    queue_member,
    /// The memberships in queues, ended ones too, oldest first unless sorted.
    queue_members: QueueMember(queue_member::Entity) as Queue, id QueueMember, Rising;
    query QueueMemberQuery, filter QueueMemberFilter, sort QueueMemberSort {
        /// By queue.
        P queue_id: Ids = QueueId, of Queue;
        /// By colleague.
        P colleague_id: Ids = ColleagueId, of Colleague;
        /// By its begin.
        P valid_from: TimeFilter = ValidFrom;
        /// By its end; `isNull: true` leaves what lasts.
        P valid_to: TimeFilter = ValidTo;
    }
}

impl Removable for queue::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<queue::Model>) -> Result<()> {
        let (id, now) = (seen.row().id, work.now());
        let refuse = |what: &str| Err(Error::user(UserErrorCode::StateConflict, "id", what));
        let open = ticket::Column::Status.is_not_in([TicketStatus::Solved, TicketStatus::Closed]);
        if work.tally_unscoped::<ticket::Entity>(ticket::Column::QueueId.eq(id).and(open)).await? > 0 {
            return refuse("tickets wait in it");
        }
        let open = handover::Column::DecidedAt.is_null();
        if work.tally_unscoped::<handover::Entity>(handover::Column::ToQueueId.eq(id).and(open)).await? > 0 {
            return refuse("handovers wait in it");
        }
        let open = lead::Column::Status.is_not_in([LeadStatus::Converted, LeadStatus::Disqualified]);
        if work.tally_unscoped::<lead::Entity>(lead::Column::QueueId.eq(id).and(open)).await? > 0 {
            return refuse("leads wait in it");
        }
        let open = task::Column::DoneAt.is_null();
        if work.tally_unscoped::<task::Entity>(task::Column::QueueId.eq(id).and(open)).await? > 0 {
            return refuse("tasks wait in it");
        }
        // Nobody works in a queue that is gone.
        for member in work.following_unscoped::<queue_member::Entity>(queue_member::Column::QueueId, id).await? {
            if !team::is_over(member.valid_to, now) {
                let over = Set(Some(Ord::max(member.valid_from, now)));
                let ended = queue_member::ActiveModel { valid_to: over, ..Default::default() };
                work.update_row::<queue_member::Entity>(&member, ended).await?;
            }
        }
        Ok(())
    }
}

removal! {
    /// Takes a queue away, and ends the memberships in it. STATE_CONFLICT while open work waits in it.
    delete_queue: queue::Entity as Queue, class P name, checked;
    mutation QueueRemoval, input DeleteQueueInput, payload DeleteQueuePayload;
}

input! {
    /// A new member of a queue.
    AddQueueMemberInput for Queue {
        /// The queue.
        P queue_id: GlobalId;
        /// Since when, now at the earliest; now unless said.
        P valid_from: Option<DateTime<Utc>>;
        /// Until when, exclusive: not before its begin; without an end unless said.
        P valid_to: Option<DateTime<Utc>>;
    }
    plain {
        /// The colleague; must be active.
        colleague_id: GlobalId;
    }
}

/// The end of a membership.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveQueueMemberInput {
    /// Which membership.
    pub id: GlobalId,
    /// End it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `addQueueMember` answers.
    AddQueueMemberPayload {
        /// The new membership; null if it was refused.
        queue_member: QueueMember
    }
}

payload! {
    /// What `removeQueueMember` answers.
    RemoveQueueMemberPayload {
        /// The ended membership; null if it was refused.
        queue_member: QueueMember
    }
}

/// Puts a colleague into a queue.
pub async fn add_member(cx: &Cx, input: AddQueueMemberInput) -> Result<QueueMember> {
    let written = input.written();
    let AddQueueMemberInput { queue_id, colleague_id, valid_from, valid_to } = input;
    let mut work = Work::begin(cx).await?;
    let now = work.now();
    let valid_from = valid_from.unwrap_or(now);
    if valid_from < now {
        return Err(Error::invalid("validFrom", "nobody becomes a member in the past"));
    }
    if valid_to.is_some_and(|end| end < valid_from) {
        return Err(Error::invalid("validTo", "a membership does not end before it begins"));
    }
    let queue = work.refer::<queue::Entity>("queueId", queue_id).await?.row().id;
    let colleague = refer_active(&work, "colleagueId", colleague_id).await?;
    // Two stays of one colleague do not overlap.
    let mut met = Condition::all()
        .add(queue_member::Column::QueueId.eq(queue))
        .add(queue_member::Column::ColleagueId.eq(colleague))
        .add(team::lasting(queue_member::Column::ValidTo, valid_from));
    if let Some(end) = valid_to {
        met = met.add(queue_member::Column::ValidFrom.lt(end));
    }
    if cx.caller.rows::<queue_member::Entity>().filter(met).count(work.tx()).await? > 0 {
        return Err(team::on_it_already());
    }
    let row = queue_member::ActiveModel {
        queue_id: Set(queue),
        colleague_id: Set(colleague),
        valid_from: Set(valid_from),
        valid_to: Set(valid_to),
        ..Default::default()
    };
    let row = work.insert::<queue_member::Entity>(row).await?;
    let seen = work.reached::<queue_member::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(QueueMember(seen))
}

/// Ends a membership; it stays on record.
pub async fn remove_member(cx: &Cx, input: RemoveQueueMemberInput) -> Result<QueueMember> {
    let RemoveQueueMemberInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::QueueMember)?, [(Class::P, "valid_to")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<queue_member::Entity>(id, if_version, &written).await?;
    team::not_over(seen.row().valid_to, work.now())?;
    let over = Set(Some(Ord::max(seen.row().valid_from, work.now())));
    work.update::<queue_member::Entity>(&seen, queue_member::ActiveModel { valid_to: over, ..Default::default() })
        .await?;
    let seen = work.reached::<queue_member::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(QueueMember(seen))
}

/// Changing who works in a queue.
#[derive(Default)]
pub struct QueueMemberMutation;

#[Object]
impl QueueMemberMutation {
    /// Puts a colleague into a queue: it reaches what waits there from then on. DUPLICATE if it is in it at that time. Event:
    /// `record.created`.
    #[graphql(directive = access::apply("Queue".into(), "P".into(), true))]
    async fn add_queue_member(&self, ctx: &Context<'_>, input: AddQueueMemberInput) -> Result<AddQueueMemberPayload> {
        let cx = Cx::of(ctx);
        AddQueueMemberPayload::of(attempt(|| add_member(cx, input.clone())).await)
    }

    /// Takes a colleague out of a queue, now. Its open streams end. Event: `record.updated`.
    #[graphql(directive = access::apply("Queue".into(), "P".into(), true))]
    async fn remove_queue_member(
        &self,
        ctx: &Context<'_>,
        input: RemoveQueueMemberInput,
    ) -> Result<RemoveQueueMemberPayload> {
        let cx = Cx::of(ctx);
        RemoveQueueMemberPayload::of(attempt(|| remove_member(cx, input.clone())).await)
    }
}
