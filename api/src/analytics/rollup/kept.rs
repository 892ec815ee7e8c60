//! Which facts are kept, with which columns, and how their kept rows are read.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use uuid::Uuid;

use super::super::fact::Fact;

/// The account's own columns that stand beside each kept row.
pub(super) const SEGMENTS: [&str; 5] = ["industry", "country", "region", "size_band", "tier"];

/// Those columns in the table of the accounts.
pub(super) const SEGMENT_COLUMNS: [&str; 5] = ["industry_id", "country", "region", "size_band", "tier"];

/// The columns of a fact's rows that are kept; none for a fact that is not: there are few of its rows, or what they are depends on the
/// moment of asking.
pub(super) const fn columns(fact: Fact) -> Option<&'static [&'static str]> {
    Some(match fact {
        Fact::Touch => &["id", "account", "contact", "person", "campaign", "channel", "interaction", "at"],
        Fact::Lead => {
            &["id", "account", "contact", "person", "campaign", "channel", "owner", "queue", "status", "at", "mql_at"]
        }
        Fact::Handover => &[
            "id",
            "account",
            "contact",
            "person",
            "campaign",
            "channel",
            "owner",
            "queue",
            "boundary",
            "outcome",
            "reason",
            "rating",
            "automatic",
            "at",
            "due_at",
            "decided_at",
            "by_nobody",
            "first",
            "touched_at",
            "touched_before",
            "lead_touched_at",
        ],
        Fact::Opportunity => &[
            "id",
            "account",
            "campaign",
            "channel",
            "owner",
            "pipeline",
            "stage",
            "standing",
            "duplicate",
            "minor",
            "currency",
            "close_date",
            "at",
            "entered_at",
        ],
        Fact::Ticket => &[
            "id",
            "account",
            "contact",
            "queue",
            "owner",
            "status",
            "priority",
            "category",
            "ticket_channel",
            "at",
            "answered_at",
            "first_solved_at",
            "solved_at",
            "surveyed",
        ],
        Fact::Order => &["id", "account", "contact", "opportunity", "status", "minor", "currency", "at"],
        Fact::Customer => &["id", "account", "campaign", "channel", "at", "again_at"],
        Fact::Meeting => &["id", "account", "owner", "kind", "outcome", "at"],
        Fact::Activity => &["id", "account", "contact", "owner", "kind", "direction", "at"],
        _ => return None,
    })
}

/// The dates of kept rows, and the columns with the civil day of each.
pub(super) const DAYS: [(&str, &str); 4] =
    [("at", "at_day"), ("mql_at", "mql_day"), ("entered_at", "entered_day"), ("solved_at", "solved_day")];

/// The kept civil day of a date.
pub fn day(date: &str) -> Expr {
    let column = DAYS.iter().find(|(of, _)| *of == date).map_or("at_day", |(_, day)| day);
    Expr::col(("f", column))
}

/// The name of a fact in the tables of what is kept.
pub(super) fn name(fact: Fact) -> &'static str {
    match fact {
        Fact::Touch => "TOUCH",
        Fact::Lead => "LEAD",
        Fact::Handover => "HANDOVER",
        Fact::Opportunity => "OPPORTUNITY",
        Fact::Ticket => "TICKET",
        Fact::Order => "ORDER",
        Fact::Customer => "CUSTOMER",
        Fact::Meeting => "MEETING",
        Fact::Activity => "ACTIVITY",
        _ => "",
    }
}

/// The kept column of an account's segment, by its name in a fact that is joined with its accounts.
pub fn segment(column: &'static str) -> Expr {
    Expr::col(("f", column))
}

/// The kept rows of a fact.
pub fn select(fact: Fact, tenant: i64, with_segments: bool) -> SelectStatement {
    let mut select = Query::select();
    for column in columns(fact).unwrap_or_default() {
        select.column(*column);
    }
    if with_segments {
        select.columns(SEGMENTS).columns(DAYS.map(|(_, day)| day));
    }
    select
        .from("figure_row")
        .and_where(Expr::col("tenant_id").eq(tenant))
        .and_where(Expr::col("fact").eq(name(fact)))
        .to_owned()
}

/// Some ids as a condition: never an empty list.
pub(super) fn among(id: Expr, ids: &[Uuid]) -> Expr {
    id.is_in(ids.iter().copied())
}
