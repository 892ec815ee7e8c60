//! What figures keep, so that they need not read the whole history again: the rows that they count as they were counted, sums by day,
//! which days have changed, and how far in the feed all of it is. Derived, every bit: `journey rebuild` makes it anew.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step { name: "m20261128_000018_figures", tables };

/// What figures are told apart by, where it is a code.
const CODES: [&str; 15] = [
    "interaction",
    "status",
    "boundary",
    "outcome",
    "reason",
    "stage",
    "standing",
    "priority",
    "category",
    "ticket_channel",
    "kind",
    "direction",
    "currency",
    "country",
    "region",
];

fn tables() -> Vec<Table> {
    let mut kept = table("figure_row").tenant_id().text("fact").uuid("id");
    for column in
        ["account", "contact", "person", "campaign", "channel", "owner", "queue", "pipeline", "opportunity", "industry"]
    {
        kept = kept.opt_uuid(column);
    }
    for column in CODES.into_iter().chain(["size_band", "tier"]) {
        kept = kept.opt_text(column);
    }
    for column in [
        "at",
        "mql_at",
        "due_at",
        "decided_at",
        "touched_at",
        "touched_before",
        "lead_touched_at",
        "entered_at",
        "again_at",
        "answered_at",
        "first_solved_at",
        "solved_at",
    ] {
        kept = kept.opt_time(column);
    }
    for column in ["at_day", "mql_day", "entered_day", "solved_day"] {
        kept = kept.opt_integer(column);
    }
    kept = kept
        .opt_integer("rating")
        .opt_integer("duplicate")
        .opt_integer("first")
        .opt_integer("surveyed")
        .opt_boolean("automatic")
        .opt_boolean("by_nobody")
        .opt_bigint("minor")
        .opt_date("close_date")
        .primary_key(&["tenant_id", "fact", "id"])
        .index(&["fact", "at"])
        .index(&["fact", "mql_at"])
        .index(&["fact", "entered_at"])
        .index(&["fact", "solved_at"]);
    let mut days = table("figure_day")
        .tenant_id()
        .text("metric")
        .text("dimension")
        .integer("day")
        .opt_uuid("key_id")
        .opt_text("key_code")
        .opt_integer("passes")
        .opt_text("currency")
        .opt_bigint("each")
        .opt_date("rate_day")
        .bigint("n");
    for column in ["hit", "miss", "open", "sum", "high", "low", "said"] {
        days = days.opt_bigint(column);
    }
    for column in ["all_contacts", "all_accounts", "hit_contacts", "hit_accounts", "miss_contacts", "miss_accounts"] {
        days = days.opt_bigint(column);
    }
    vec![
        kept,
        days.index(&["metric", "dimension", "day"]),
        table("figure_bucket")
            .tenant_id()
            .text("metric")
            .integer("day")
            .bigint("position")
            .primary_key(&["tenant_id", "metric", "day"])
            .index(&["position"]),
        table("figure_state")
            .tenant_id()
            .bigint("position")
            .text("zone")
            .text("currency")
            .text("definitions")
            .primary_key(&["tenant_id"]),
    ]
}
