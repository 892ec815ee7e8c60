//! What service looks after: tickets, how their customers wait, promises, answers to surveys.

use chrono::{DateTime, Utc};
use entities::{
    codes::{AuthorType, StageObject, SurveyKind},
    sales::stage_interval,
    service::{sla_clock, survey_answer, ticket, ticket_message},
};
use sea_orm::{
    ColumnTrait,
    sea_query::{
        Alias, Expr, ExprTrait, Frame, FrameType, Func, JoinType, Order, Query, SelectStatement, UnionType,
        WindowStatement,
    },
};

use super::{by, col, of_row, sub};
use crate::policy::{Caller, Class, Column};

/// The statuses in which nothing is left to do.
pub(in crate::analytics) const SOLVED: [&str; 2] = ["SOLVED", "CLOSED"];

/// By what tickets are told apart.
const HEADER: [&str; 9] =
    ["id", "account", "contact", "queue", "owner", "status", "priority", "category", "ticket_channel"];

fn header() -> Vec<Column> {
    use ticket::Column as C;
    vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("queue", Class::P, "queue", C::QueueId.into_expr()),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("status", Class::P, "status", C::Status.into_expr()),
        ("priority", Class::P, "priority", C::Priority.into_expr()),
        ("category", Class::P, "category", C::Category.into_expr()),
        ("ticket_channel", Class::P, "channel", C::Channel.into_expr()),
    ]
}

/// The stays of a ticket that have begun, in a status in which it is solved, or in one in which it is not.
fn stays(caller: &Caller, as_of: DateTime<Utc>, alias: &'static str, solved: bool) -> SelectStatement {
    use stage_interval::Column as C;
    let stay = |column: C| col(alias, column);
    Query::select()
        .from_as(stage_interval::Entity, Alias::new(alias))
        .and_where(stay(C::TenantId).eq(caller.tenant))
        .and_where(stay(C::ObjectType).eq(StageObject::Ticket))
        .and_where(stay(C::ObjectId).equals((ticket::Entity, ticket::Column::Id)))
        .and_where(stay(C::EnteredAt).lte(as_of))
        .and_where(match solved {
            true => stay(C::Stage).is_in(SOLVED),
            false => stay(C::Stage).is_not_in(SOLVED),
        })
        .to_owned()
}

/// When a ticket was solved first, or closed without: by its history, so that what was opened again is known to have been solved.
fn first_solved(caller: &Caller, as_of: DateTime<Utc>) -> Expr {
    let solved = col("solved", stage_interval::Column::EnteredAt);
    sub(stays(caller, as_of, "solved", true).expr(solved.min()).to_owned())
}

/// When a ticket was solved last, or closed without; null while it is not: the first stay since it was last worked on.
fn last_solved(caller: &Caller, as_of: DateTime<Utc>) -> Expr {
    use stage_interval::Column as C;
    let (solved, worked_on) = (|column: C| col("solved", column), |column: C| col("worked_on", column));
    let later = worked_on(C::EnteredAt)
        .gt(solved(C::EnteredAt))
        .or(worked_on(C::EnteredAt).eq(solved(C::EnteredAt)).and(worked_on(C::Id).gt(solved(C::Id))));
    let again = stays(caller, as_of, "worked_on", false).expr(Expr::val(1)).and_where(later).to_owned();
    let mut select = stays(caller, as_of, "solved", true);
    sub(select.expr(solved(C::EnteredAt).min()).and_where(Expr::exists(again).not()).to_owned())
}

/// Whether its customer answered how content they are, as far as the caller reads such answers.
fn surveyed(caller: &Caller, as_of: DateTime<Utc>) -> Expr {
    use survey_answer::Column as C;
    let columns: Vec<Column> = vec![("ticket", Class::P, "ticket", C::TicketId.into_expr())];
    let answers = caller
        .rows::<survey_answer::Entity>()
        .filter(C::Kind.eq(SurveyKind::Csat))
        .filter(C::AnsweredAt.lte(as_of))
        .into_figures(caller, columns);
    let answer = Query::select()
        .expr(Expr::val(1))
        .from_subquery(answers, "csat")
        .and_where(Expr::col(("csat", "ticket")).equals((ticket::Entity, ticket::Column::Id)))
        .to_owned();
    Expr::case(Expr::exists(answer), 1).finally(0).into()
}

pub(super) fn tickets(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use ticket::Column as C;
    let mut columns = header();
    columns.extend([
        // Whoever reads the status knows that there is a ticket, and since when.
        ("at", Class::P, "status", C::CreatedAt.into_expr()),
        (
            "answered_at",
            Class::P,
            "firstResponseAt",
            by(as_of, C::FirstResponseAt.into_expr(), C::FirstResponseAt.into_expr()),
        ),
        ("first_solved_at", Class::P, "solvedAt", first_solved(caller, as_of)),
        ("solved_at", Class::P, "solvedAt", last_solved(caller, as_of)),
        ("surveyed", Class::P, "status", surveyed(caller, as_of)),
    ]);
    caller.rows::<ticket::Entity>().into_figures(caller, columns)
}

/// What happened to tickets, each with its moment: `ticket`, `what`, `at`, `id`. A customer wrote (ASKED), a colleague wrote in public
/// (REPLIED), or the ticket came to a status (its code). Of a message the moment and no more: whoever reads a ticket knows when it was
/// answered (`firstResponseAt`), whether or not the words are theirs to read; so everybody counts the same waits.
pub(in crate::analytics) fn happenings(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use stage_interval::Column as S;
    use ticket_message::Column as M;
    let (message, stay) = (|column: M| col("message", column), |column: S| col("stay", column));
    let what = Expr::case(message(M::AuthorType).eq(AuthorType::Contact), "ASKED").finally("REPLIED");
    let stays = Query::select()
        .expr_as(stay(S::ObjectId), "ticket")
        .expr_as(stay(S::Stage), "what")
        .expr_as(stay(S::EnteredAt), "at")
        .expr_as(stay(S::Id), "id")
        .from_as(stage_interval::Entity, Alias::new("stay"))
        .and_where(stay(S::TenantId).eq(caller.tenant))
        .and_where(stay(S::ObjectType).eq(StageObject::Ticket))
        .and_where(stay(S::EnteredAt).lte(as_of))
        .to_owned();
    Query::select()
        .expr_as(message(M::TicketId), "ticket")
        .expr_as(what, "what")
        .expr_as(message(M::SentAt), "at")
        .expr_as(message(M::Id), "id")
        .from_as(ticket_message::Entity, Alias::new("message"))
        .and_where(message(M::TenantId).eq(caller.tenant))
        .and_where(message(M::IsPublic).eq(true))
        .and_where(message(M::IsBot).eq(false))
        .and_where(message(M::AuthorType).ne(AuthorType::Bot))
        .and_where(message(M::SentAt).lte(as_of))
        .union(UnionType::All, stays)
        .to_owned()
}

/// The waits of customers for a further answer: each begins with the first message that is not answered, after the first answer of all,
/// and ends with a public answer or with the solution, whichever comes first. `id` is the ticket's.
pub(super) fn next_responses(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    let h = |column: &'static str| Expr::col(("h", column));
    let in_order = || {
        let mut window = WindowStatement::partition_by(("h", "ticket"));
        window.order_by(("h", "at"), Order::Asc).order_by(("h", "id"), Order::Asc);
        window
    };
    let so_far = in_order().frame_between(FrameType::Rows, Frame::UnboundedPreceding, Frame::CurrentRow).to_owned();
    let from_here =
        || in_order().frame_between(FrameType::Rows, Frame::CurrentRow, Frame::UnboundedFollowing).to_owned();
    let when = |test: Expr| -> Expr { Expr::case(test, h("at")).into() };
    let reply: Expr = Expr::case(h("what").eq("REPLIED"), 1).finally(0).into();
    let turns = Query::select()
        .column(("h", "ticket"))
        .column(("h", "what"))
        .column(("h", "at"))
        .expr_window_as(Func::cust("LAG").arg(h("what")), in_order(), "before")
        .expr_window_as(reply.sum(), so_far, "replies")
        .expr_window_as(when(h("what").eq("REPLIED")).min(), from_here(), "replied_at")
        .expr_window_as(when(h("what").is_in(SOLVED)).min(), from_here(), "solved_at")
        .from_subquery(happenings(caller, as_of), "h")
        .and_where(h("what").is_in(["ASKED", "REPLIED"].into_iter().chain(SOLVED)))
        .to_owned();
    // That there was an answer, and when, is what `firstResponseAt` says: who may not read that on a ticket counts no wait of it.
    let mut columns = header();
    columns.push(("readable", Class::P, "firstResponseAt", Expr::val(1)));
    let headers = caller.rows::<ticket::Entity>().into_figures(caller, columns);
    let w = |column: &'static str| Expr::col(("w", column));
    let answered = w("solved_at").is_null().or(w("replied_at").lte(w("solved_at")));
    let mut select = Query::select();
    for column in HEADER {
        select.column(("t", column));
    }
    select
        .expr_as(w("at"), "at")
        .expr_as(Expr::case(answered.clone(), w("replied_at")).finally(w("solved_at")), "until")
        .expr_as(Expr::case(answered, 0).finally(1), "unanswered")
        .from_subquery(headers, "t")
        .join_subquery(JoinType::InnerJoin, turns, "w", w("ticket").equals(("t", "id")))
        .and_where(Expr::col(("t", "readable")).is_not_null())
        .and_where(w("what").eq("ASKED"))
        .and_where(w("before").ne("ASKED"))
        .and_where(w("replies").gt(0))
        .to_owned()
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

/// Answers to surveys, corrected ones too: which of them count, no engine can say alike (`crate::analytics::survey`).
pub(super) fn answers(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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
    caller.rows::<survey_answer::Entity>().into_figures(caller, columns)
}

/// The answers to surveys about a ticket that was asked about more than once: `id`, `ticket`, `survey`, `at`. All of them, whoever
/// asks: which answer counts is the same for everybody.
pub(in crate::analytics) fn answered_again(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use survey_answer::Column as C;
    let known = |alias: &'static str| {
        col(alias, C::TenantId)
            .eq(caller.tenant)
            .and(col(alias, C::DeletedAt).is_null())
            .and(col(alias, C::AnsweredAt).lte(as_of))
    };
    let other = Query::select()
        .expr(Expr::val(1))
        .from_as(survey_answer::Entity, Alias::new("other"))
        .and_where(known("other"))
        .and_where(col("other", C::TicketId).eq(col("answer", C::TicketId)))
        .and_where(col("other", C::Kind).eq(col("answer", C::Kind)))
        .and_where(col("other", C::Id).ne(col("answer", C::Id)))
        .to_owned();
    Query::select()
        .expr_as(col("answer", C::Id), "id")
        .expr_as(col("answer", C::TicketId), "ticket")
        .expr_as(col("answer", C::Kind), "survey")
        .expr_as(col("answer", C::AnsweredAt), "at")
        .from_as(survey_answer::Entity, Alias::new("answer"))
        .and_where(known("answer"))
        .and_where(Expr::exists(other))
        .to_owned()
}
