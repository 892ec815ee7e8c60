//! The service desk in figures: what waits, what breaks, and how content the customers are.

use async_graphql::SimpleObject;
use chrono::Duration;
use entities::{
    codes::{SlaObject, SurveyKind, TicketPriority, TicketStatus},
    service::{sla_clock, survey_answer, ticket},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::{
    graph::{Cx, Ratio, Result, count, counted},
    policy::{Class, Rows},
};

/// How many open tickets have a status.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct TicketStatusCount {
    /// The status.
    pub status: TicketStatus,
    /// How many.
    pub count: i32,
}

/// How many open tickets have a priority.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct TicketPriorityCount {
    /// The priority.
    pub priority: TicketPriority,
    /// How many.
    pub count: i32,
}

/// What waits in queues, counted over the tickets that you may see and that are neither solved nor closed.
#[derive(Clone, Debug, SimpleObject)]
pub struct Workload {
    /// All of them.
    pub open: i32,
    /// Those that nobody works on.
    pub unassigned: i32,
    /// By status: each that is open once, at most 4, 0 where there is none.
    pub by_status: Vec<TicketStatusCount>,
    /// By priority: each once, at most 4, the most urgent first, 0 where there is none.
    pub by_priority: Vec<TicketPriorityCount>,
    /// Those with a promise that broke.
    pub breached: i32,
    /// Those with a promise that breaks soon, and none that broke.
    pub due_soon: i32,
}

/// Counts open tickets. Two statements.
pub(super) async fn workload(cx: &Cx, rows: Rows<ticket::Entity>, soon: Duration) -> Result<Workload> {
    use ticket::Column;
    let fields = [
        ("status", Class::P, "status", Column::Status),
        ("priority", Class::P, "priority", Column::Priority),
        ("owner", Class::P, "owner", Column::OwnerId),
    ];
    let select = counted(rows.clone().into_fields(&cx.caller, &fields), &["status", "priority"])
        .expr_as(Expr::col("owner").count(), "owned")
        .to_owned();
    let mut lines: Vec<(Option<TicketStatus>, Option<TicketPriority>, i64)> = Vec::new();
    let mut owned = 0;
    for row in cx.db().query_all(&select).await? {
        lines.push((row.try_get("", "status")?, row.try_get("", "priority")?, row.try_get("", "n")?));
        owned += row.try_get::<i64>("", "owned")?;
    }
    let sum = |of: &dyn Fn(Option<TicketStatus>, Option<TicketPriority>) -> bool| {
        lines.iter().filter(|(status, priority, _)| of(*status, *priority)).map(|line| line.2).sum::<i64>()
    };
    let open = sum(&|_, _| true);
    let closed = [TicketStatus::Solved, TicketStatus::Closed];
    let by_status = TicketStatus::ALL.iter().copied().filter(|status| !closed.contains(status));
    let by_status =
        by_status.map(|status| TicketStatusCount { status, count: count(sum(&|of, _| of == Some(status))) });
    let by_priority = TicketPriority::ALL.iter().rev().copied();
    let by_priority =
        by_priority.map(|priority| TicketPriorityCount { priority, count: count(sum(&|_, of| of == Some(priority))) });
    let (breached, due_soon) = promises(cx, rows, soon).await?;
    Ok(Workload {
        open: count(open),
        unassigned: count(open - owned),
        by_status: by_status.collect(),
        by_priority: by_priority.collect(),
        breached: count(breached),
        due_soon: count(due_soon),
    })
}

/// How many of these tickets have a promise that broke, and how many one that breaks soon.
async fn promises(cx: &Cx, tickets: Rows<ticket::Entity>, soon: Duration) -> Result<(i64, i64)> {
    use sla_clock::Column;
    let clocks = cx
        .caller
        .rows::<sla_clock::Entity>()
        .filter(Column::ObjectType.eq(SlaObject::Ticket))
        .filter(Column::ObjectId.in_subquery(tickets.into_ids()))
        .filter(Column::MetAt.is_null());
    let fields = [
        ("ticket", Class::P, "ticket", Column::ObjectId),
        ("due", Class::P, "due_at", Column::DueAt),
        ("breached", Class::P, "breached_at", Column::BreachedAt),
    ];
    let now = cx.caller.now();
    let due_by = |moment| Expr::col("due").lte(moment);
    // A promise can be broken before the house has noted it.
    let broke = Expr::col("breached").is_not_null().or(due_by(now));
    let flag = |condition: Expr| -> Expr { Expr::case(condition, 1).finally(0).into() };
    let per_ticket = Query::select()
        .expr_as(flag(broke).max(), "broke")
        .expr_as(flag(due_by(now + soon)).max(), "soon")
        .from_subquery(clocks.into_fields(&cx.caller, &fields), "clock")
        .group_by_col("ticket")
        .to_owned();
    let select = counted(per_ticket, &["broke", "soon"]);
    let (mut broken, mut due) = (0, 0);
    for row in cx.db().query_all(&select).await? {
        let (broke, soon): (i32, i32) = (row.try_get("", "broke")?, row.try_get("", "soon")?);
        let n: i64 = row.try_get("", "n")?;
        match (broke, soon) {
            (1, _) => broken += n,
            (_, 1) => due += n,
            _ => {}
        }
    }
    Ok((broken, due))
}

/// How customers answered one kind of survey on one scale. Scales are never mixed.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct SurveyScore {
    /// What was asked.
    pub kind: SurveyKind,
    /// The highest mark.
    pub scale: i32,
    /// How many answers there are.
    pub answers: i32,
    /// The mean of the marks.
    pub average: f64,
    /// CSAT on the scale to 5: the marks 4 and 5 out of all answers. NPS: the marks 9 and 10 less the marks 0 to 6, out of all
    /// answers; times 100 it is the Net Promoter Score. Of every other kind and scale it is null.
    pub score: Option<Ratio>,
}

/// What is computed of some answers, by kind and scale.
pub(super) async fn scores(cx: &Cx, rows: Rows<survey_answer::Entity>) -> Result<Vec<SurveyScore>> {
    use survey_answer::Column;
    let fields = [
        ("kind", Class::P, "kind", Column::Kind),
        ("scale", Class::P, "scale", Column::Scale),
        ("score", Class::P, "score", Column::Score),
    ];
    let select = counted(rows.into_fields(&cx.caller, &fields), &["kind", "scale", "score"]);
    let mut marks: Vec<(SurveyKind, i32, i32, i64)> = Vec::new();
    for row in cx.db().query_all(&select).await? {
        if let (Some(kind), Some(scale), Some(score)) =
            (row.try_get("", "kind")?, row.try_get("", "scale")?, row.try_get("", "score")?)
        {
            marks.push((kind, scale, score, row.try_get("", "n")?));
        }
    }
    let mut asked: Vec<(SurveyKind, i32)> = marks.iter().map(|mark| (mark.0, mark.1)).collect();
    asked.sort_by_key(|(kind, scale)| (SurveyKind::ALL.iter().position(|of| of == kind), *scale));
    asked.dedup();
    Ok(asked.into_iter().map(|(kind, scale)| score(kind, scale, &marks)).collect())
}

fn score(kind: SurveyKind, scale: i32, marks: &[(SurveyKind, i32, i32, i64)]) -> SurveyScore {
    let of = || marks.iter().filter(|mark| (mark.0, mark.1) == (kind, scale));
    let between = |low, high| of().filter(|mark| (low..=high).contains(&mark.2)).map(|mark| mark.3).sum::<i64>();
    let answers = between(i32::MIN, i32::MAX);
    let sum: i64 = of().map(|mark| i64::from(mark.2) * mark.3).sum();
    let score = match (kind, scale) {
        (SurveyKind::Csat, 5) => Some(Ratio::new(between(4, 5), answers)),
        (SurveyKind::Nps, 10) => Some(Ratio::new(between(9, 10) - between(0, 6), answers)),
        _ => None,
    };
    SurveyScore { kind, scale, answers: count(answers), average: sum as f64 / answers as f64, score }
}
