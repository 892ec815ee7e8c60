//! What service looks after: tickets, promises, answers to surveys.

use chrono::{DateTime, Utc};
use entities::service::{sla_clock, survey_answer, ticket};
use sea_orm::{
    ColumnTrait,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement},
};

use super::{by, col, of_row};
use crate::policy::{Caller, Class, Column};

pub(super) fn tickets(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use ticket::Column as C;
    let since = |column: C| by(as_of, column.into_expr(), column.into_expr());
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("queue", Class::P, "queue", C::QueueId.into_expr()),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("status", Class::P, "status", C::Status.into_expr()),
        ("priority", Class::P, "priority", C::Priority.into_expr()),
        ("category", Class::P, "category", C::Category.into_expr()),
        ("ticket_channel", Class::P, "channel", C::Channel.into_expr()),
        // Whoever reads the status knows that there is a ticket, and since when.
        ("at", Class::P, "status", C::CreatedAt.into_expr()),
        ("answered_at", Class::P, "firstResponseAt", since(C::FirstResponseAt)),
        ("solved_at", Class::P, "solvedAt", since(C::SolvedAt)),
        ("reopened", Class::P, "reopenedCount", C::ReopenedCount.into_expr()),
    ];
    caller.rows::<ticket::Entity>().into_figures(caller, columns)
}

pub(super) fn promises(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use sla_clock::Column as C;
    let since = |column: C| by(as_of, column.into_expr(), column.into_expr());
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        (
            "contact",
            Class::P,
            "ticket",
            of_row::<ticket::Entity>(caller, C::ObjectId.into_expr(), "contact", ticket::Column::ContactId),
        ),
        ("sla_metric", Class::P, "metric", C::Metric.into_expr()),
        (
            "priority",
            Class::P,
            "ticket",
            of_row::<ticket::Entity>(caller, C::ObjectId.into_expr(), "priority", ticket::Column::Priority),
        ),
        ("at", Class::P, "startedAt", C::StartedAt.into_expr()),
        ("due_at", Class::P, "dueAt", C::DueAt.into_expr()),
        ("met_at", Class::P, "metAt", since(C::MetAt)),
        // A late answer is a breach even when nobody has marked it yet.
        (
            "breached_at",
            Class::P,
            "breachedAt",
            Expr::case(C::BreachedAt.lte(as_of), C::BreachedAt.into_expr())
                .case(C::DueAt.lt(as_of).and(C::MetAt.is_null().or(C::MetAt.gt(as_of))), C::DueAt.into_expr())
                .into(),
        ),
    ];
    caller.rows::<sla_clock::Entity>().into_figures(caller, columns)
}

pub(super) fn answers(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use survey_answer::Column as C;
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("survey", Class::P, "kind", C::Kind.into_expr()),
        ("scale", Class::P, "scale", C::Scale.into_expr()),
        ("score", Class::P, "score", C::Score.into_expr()),
        ("at", Class::P, "answeredAt", C::AnsweredAt.into_expr()),
    ];
    // One answer to the survey of a ticket: the last.
    let later = |column: C| col("later", column);
    let answered_again = Query::select()
        .expr(Expr::val(1))
        .from_as(survey_answer::Entity, Alias::new("later"))
        .and_where(later(C::TenantId).eq(caller.tenant))
        .and_where(later(C::TicketId).equals((survey_answer::Entity, C::TicketId)))
        .and_where(later(C::Kind).equals((survey_answer::Entity, C::Kind)))
        .and_where(later(C::DeletedAt).is_null())
        .and_where(later(C::AnsweredAt).lte(as_of))
        .and_where(
            later(C::AnsweredAt).gt(Expr::col((survey_answer::Entity, C::AnsweredAt))).or(later(C::AnsweredAt)
                .equals((survey_answer::Entity, C::AnsweredAt))
                .and(later(C::Id).gt(Expr::col((survey_answer::Entity, C::Id))))),
        )
        .to_owned();
    let rows = caller.rows::<survey_answer::Entity>().filter(Expr::exists(answered_again).not());
    rows.into_figures(caller, columns)
}
