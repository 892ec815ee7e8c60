//! What a ticket shows.

use async_graphql::Context;
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague, contact},
    codes::{StageObject, TicketChannel, TicketPriority, TicketStatus},
    service::{asset, file, sla_clock, survey_answer, ticket, ticket_message},
    tenant::queue,
};

use crate::{
    account::{Account, Colleague, Contact, Queue},
    custom,
    files::TicketFile,
    graph::{Cx, Result},
    journey::{
        history::{self, StageInterval},
        timeline,
    },
    object,
    policy::access,
    service::{Asset, SlaClock, SurveyAnswer, TicketMessage, TicketNote},
    teamwork,
};

object! {
    /// A customer's question, problem or wish. Marketing sees status and category only.
    Ticket(ticket::Entity) as Ticket, id Ticket {
        /// The number that people quote, counted up by tenant; null where an imported ticket has none.
        P number: i32 = |row| row.number.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
        /// What it is about, in the customer's words.
        T subject: String = |row| row.subject.clone();
        /// Where it stands.
        P status: TicketStatus = |row| row.status;
        /// How urgent it is.
        P priority: TicketPriority = |row| row.priority;
        /// What it is about: a code of the tenant's own list; null where nobody said.
        P category: String = |row| row.category.clone();
        /// How it came in; null where unknown.
        P channel: TicketChannel = |row| row.channel;
        /// How often it was solved in vain.
        P reopened_count: i32 = |row| row.reopened_count;
        /// When a human answered first (UTC); null until then.
        P first_response_at: DateTime<Utc> = |row| row.first_response_at;
        /// When it was solved last (UTC); null while it is not.
        P solved_at: DateTime<Utc> = |row| row.solved_at;
        /// When it was closed (UTC); null until then.
        P closed_at: DateTime<Utc> = |row| row.closed_at;
    }
    refs {
        /// The customer; null while unknown.
        P account: Account = account::Entity, |row| row.account_id;
        /// Who asks; null where unknown.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// The asset that it is about; null if it is about none.
        P asset: Asset = asset::Entity, |row| row.asset_id;
        /// Where it waits; null if in no queue.
        P queue: Queue = queue::Entity, |row| row.queue_id;
        /// Who works on it; null while nobody does.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
    }
    lists {
        /// Its files, oldest first.
        files: TicketFile = file::Entity, file::Column::TicketId, Rising under Ticket;
        /// What customer and colleagues said to each other, oldest first.
        messages: TicketMessage = ticket_message::Entity, ticket_message::Column::TicketId, Rising;
        /// Internal notes, oldest first.
        internal_notes: TicketNote = ticket_message::Entity, ticket_message::Column::TicketId, Rising under TicketNote;
        /// Its promises, oldest first.
        sla_clocks: SlaClock = sla_clock::Entity, sla_clock::Column::ObjectId, Rising;
        /// What the customer answered about it, newest first.
        survey_answers: SurveyAnswer = survey_answer::Entity, survey_answer::Column::TicketId, Falling;
    }
    timeline Ticket;
    custom_fields Ticket raw T;
    teamwork Ticket;
    edges {
        /// The statuses that it was in, oldest first, at most the first 100. A status that it came back to stands here twice.
        #[graphql(directive = access::apply("Ticket".into(), "P".into(), false), complexity = 100)]
        async fn stage_intervals(&self, ctx: &Context<'_>) -> Result<Vec<StageInterval>> {
            history::stages(Cx::of(ctx), StageObject::Ticket, self.0.row().id).await
        }
    }
}
