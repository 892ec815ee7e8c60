//! What service does, promises and hears.

use entities::{
    account::{account, contact},
    codes::SlaObject,
    marketing::handover,
    service::{asset, sla_clock, survey_answer, ticket},
};
use sea_orm::{ColumnTrait, sea_query::Expr};

use super::big;
use crate::{
    bi::{
        cell::Form::{Code, Id, Integer, Time},
        dataset::{Make, dataset},
    },
    graph::Kind,
};

dataset! {
    /// A ticket as it is now.
    TICKET = "fact_ticket" of ticket::Entity as [Ticket], dated Some("created_at");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::Ticket) => ticket::Column::Id.into_expr();
    }
    columns {
        /// When it came in.
        // Whoever reads the status knows that there is a ticket, and since when.
        created_at: Time, P "status" => ticket::Column::CreatedAt.into_expr();
        /// The number that people quote.
        number: Integer, P "number" => ticket::Column::Number.into_expr();
        /// Where it stands.
        status: Code, P "status" => ticket::Column::Status.into_expr();
        /// How urgent it is.
        priority: Code, P "priority" => ticket::Column::Priority.into_expr();
        /// What it is about, as the tenant calls it.
        category: Code, P "category" => ticket::Column::Category.into_expr();
        /// How it came in.
        channel: Code, P "channel" => ticket::Column::Channel.into_expr();
        /// The customer.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(ticket::Column::AccountId.into_expr());
        /// Who asks.
        contact_id: Id(Kind::Contact), P "contact" => caller.seen::<contact::Entity>(ticket::Column::ContactId.into_expr());
        /// The asset that it is about.
        asset_id: Id(Kind::Asset), P "asset" => caller.seen::<asset::Entity>(ticket::Column::AssetId.into_expr());
        /// The queue in which it waits.
        queue_id: Id(Kind::Queue), P "queue" => ticket::Column::QueueId.into_expr();
        /// Who works on it.
        owner_id: Id(Kind::Colleague), P "owner" => ticket::Column::OwnerId.into_expr();
        /// When a human answered first; null until then.
        first_response_at: Time, P "firstResponseAt" => ticket::Column::FirstResponseAt.into_expr();
        /// When it was solved last; null while it is not.
        solved_at: Time, P "solvedAt" => ticket::Column::SolvedAt.into_expr();
        /// When it was closed; null until then.
        closed_at: Time, P "closedAt" => ticket::Column::ClosedAt.into_expr();
        /// How often it was solved in vain.
        reopened_count: Integer, P "reopenedCount" => big(ticket::Column::ReopenedCount.into_expr());
    }
    made {
        /// The day on which it came in, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("created_at");
    }
}

/// The object of a promise, where it is of a type.
fn promised(object: SlaObject) -> Expr {
    Expr::case(sla_clock::Column::ObjectType.eq(object), sla_clock::Column::ObjectId.into_expr()).into()
}

dataset! {
    /// A promise that runs, or ran, for a ticket or a handover.
    SLA = "fact_sla" of sla_clock::Entity as [ServiceLevel], dated Some("started_at");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::SlaClock) => sla_clock::Column::Id.into_expr();
    }
    columns {
        /// When it began.
        started_at: Time, P "startedAt" => sla_clock::Column::StartedAt.into_expr();
        /// What is promised.
        metric: Code, P "metric" => sla_clock::Column::Metric.into_expr();
        /// The ticket.
        ticket_id: Id(Kind::Ticket), P "ticket" => caller.seen::<ticket::Entity>(promised(SlaObject::Ticket));
        /// The handover.
        handover_id: Id(Kind::Handover), P "handover" => caller.seen::<handover::Entity>(promised(SlaObject::Handover));
        /// The customer.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(sla_clock::Column::AccountId.into_expr());
        /// By which policy.
        policy_id: Id(Kind::SlaPolicy), P "policy" => sla_clock::Column::SlaPolicyId.into_expr();
        /// Until when it is to be kept.
        due_at: Time, P "dueAt" => sla_clock::Column::DueAt.into_expr();
        /// Since when it stands still; null while it runs.
        paused_since: Time, P "pausedSince" => sla_clock::Column::PausedSince.into_expr();
        /// For how many milliseconds it stood still before.
        paused_ms: Integer, P "pausedSeconds" => sla_clock::Column::PausedMs.into_expr();
        /// When it was kept; null until then.
        met_at: Time, P "metAt" => sla_clock::Column::MetAt.into_expr();
        /// When it was broken; null unless it was.
        breached_at: Time, P "breachedAt" => sla_clock::Column::BreachedAt.into_expr();
    }
    made {
        /// The day on which it began, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("started_at");
    }
}

dataset! {
    /// An answer to a survey.
    SURVEY = "fact_survey" of survey_answer::Entity as [ServiceLevel], dated Some("answered_at");
    with caller, line;
    keys {
        /// Its id.
        id: Id(Kind::SurveyAnswer) => survey_answer::Column::Id.into_expr();
    }
    columns {
        /// When it was answered.
        answered_at: Time, P "answeredAt" => survey_answer::Column::AnsweredAt.into_expr();
        /// CSAT, NPS …
        kind: Code, P "kind" => survey_answer::Column::Kind.into_expr();
        /// The highest score of the survey: never mix scales.
        scale: Integer, P "scale" => big(survey_answer::Column::Scale.into_expr());
        /// The answer.
        score: Integer, P "score" => big(survey_answer::Column::Score.into_expr());
        /// The ticket that it is about.
        ticket_id: Id(Kind::Ticket), P "ticket" => caller.seen::<ticket::Entity>(survey_answer::Column::TicketId.into_expr());
        /// The customer.
        account_id: Id(Kind::Account), P "account" => caller.seen::<account::Entity>(survey_answer::Column::AccountId.into_expr());
        /// Who answered.
        contact_id: Id(Kind::Contact), N "contact" => caller.seen::<contact::Entity>(survey_answer::Column::ContactId.into_expr());
    }
    made {
        /// The day on which it was answered, or another bucket, by `grain` and `timezone`.
        bucket: Code => Make::Bucket("answered_at");
    }
}
