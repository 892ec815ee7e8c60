//! What sales works on: opportunities as they are and as they were, orders, contracts, meetings, activities.

use chrono::{DateTime, Utc};
use entities::{
    codes::StageObject,
    marketing::lead,
    sales::{
        activity, contract, meeting, opportunity, opportunity_contact, opportunity_snapshot, sales_order, stage,
        stage_interval,
    },
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Alias, Expr, ExprTrait, Func, Order, Query, SelectStatement, UnionType, WindowStatement},
};

use super::{col, none, of_row, sub};
use crate::policy::{Caller, Class, Column};

/// OPEN, WON or LOST: what the stage of a table's row says in its opportunity's pipeline.
fn standing(caller: &Caller, code: Expr, pipeline: Expr) -> Expr {
    let select = Query::select()
        .expr(
            Expr::case(col("at_stage", stage::Column::IsOpen).eq(true), "OPEN")
                .case(col("at_stage", stage::Column::IsWon).eq(true), "WON")
                .finally("LOST"),
        )
        .from_as(stage::Entity, Alias::new("at_stage"))
        .and_where(col("at_stage", stage::Column::TenantId).eq(caller.tenant))
        .and_where(col("at_stage", stage::Column::PipelineId).eq(pipeline))
        .and_where(col("at_stage", stage::Column::Code).eq(code))
        .to_owned();
    sub(select)
}

/// A column of the stay in which an opportunity was at a moment: its last close, where that stage is a closed one.
fn stay_then(caller: &Caller, as_of: DateTime<Utc>, column: stage_interval::Column) -> Expr {
    let stay = |column: stage_interval::Column| col("stay", column);
    let select = Query::select()
        .expr(stay(column))
        .from_as(stage_interval::Entity, Alias::new("stay"))
        .and_where(stay(stage_interval::Column::TenantId).eq(caller.tenant))
        .and_where(stay(stage_interval::Column::ObjectType).eq(StageObject::Opportunity))
        .and_where(stay(stage_interval::Column::ObjectId).equals((opportunity::Entity, opportunity::Column::Id)))
        .and_where(stay(stage_interval::Column::EnteredAt).lte(as_of))
        .and_where(
            stay(stage_interval::Column::ExitedAt).is_null().or(stay(stage_interval::Column::ExitedAt).gt(as_of)),
        )
        .order_by((Alias::new("stay"), stage_interval::Column::EnteredAt), Order::Desc)
        .limit(1)
        .to_owned();
    sub(select)
}

/// The channel of the lead that an opportunity came from.
fn channel_of(caller: &Caller, lead_id: Expr) -> Expr {
    of_row::<lead::Entity>(caller, lead_id, "channel", lead::Column::ChannelId)
}

pub(super) fn opportunities(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use opportunity::Column as C;
    // One bit of a free text, and no more: without it sales and marketing would not count the same losses.
    let duplicate = C::CloseReason.eq("DUPLICATE");
    let stage = || stay_then(caller, as_of, stage_interval::Column::Stage);
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("campaign", Class::P, "primaryCampaign", C::PrimaryCampaignId.into_expr()),
        ("channel", Class::P, "lead", channel_of(caller, C::LeadId.into_expr())),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("pipeline", Class::P, "pipeline", C::PipelineId.into_expr()),
        ("stage", Class::P, "stage", stage()),
        ("standing", Class::P, "stage", standing(caller, stage(), C::PipelineId.into_expr())),
        ("duplicate", Class::P, "stage", Expr::case(duplicate, 1).finally(0).into()),
        ("minor", Class::M, "amount", C::AmountMinor.into_expr()),
        ("currency", Class::M, "amount", C::Currency.into_expr()),
        ("close_date", Class::P, "closeDate", C::CloseDate.into_expr()),
        ("at", Class::P, "createdAt", C::CreatedAt.into_expr()),
        ("entered_at", Class::P, "stage", stay_then(caller, as_of, stage_interval::Column::EnteredAt)),
    ];
    caller.rows::<opportunity::Entity>().into_figures(caller, columns)
}

/// When an opportunity was expected to close before this change of it; null where it was not open then.
fn close_before(caller: &Caller) -> Expr {
    use opportunity_snapshot::Column as C;
    let (before, now) =
        (|column: C| col("before", column), |column: C| Expr::col((opportunity_snapshot::Entity, column)));
    let earlier = before(C::ValidFrom)
        .lt(now(C::ValidFrom))
        .or(before(C::ValidFrom).eq(now(C::ValidFrom)).and(before(C::Id).lt(now(C::Id))));
    let pipeline = Query::select()
        .expr(col("deal", opportunity::Column::PipelineId))
        .from_as(opportunity::Entity, Alias::new("deal"))
        .and_where(col("deal", opportunity::Column::TenantId).eq(caller.tenant))
        .and_where(col("deal", opportunity::Column::Id).eq(before(C::OpportunityId)))
        .to_owned();
    let was_open = standing(caller, before(C::Stage), sub(pipeline)).eq("OPEN");
    let select = Query::select()
        .expr(Expr::case(was_open, before(C::CloseDate)))
        .from_as(opportunity_snapshot::Entity, Alias::new("before"))
        .and_where(before(C::TenantId).eq(caller.tenant))
        .and_where(before(C::OpportunityId).eq(now(C::OpportunityId)))
        .and_where(earlier)
        .order_by((Alias::new("before"), C::ValidFrom), Order::Desc)
        .order_by((Alias::new("before"), C::Id), Order::Desc)
        .limit(1)
        .to_owned();
    sub(select)
}

pub(super) fn snapshots(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use opportunity_snapshot::Column as C;
    let deal = |field, column| of_row::<opportunity::Entity>(caller, C::OpportunityId.into_expr(), field, column);
    let duplicates = Query::select()
        .column(opportunity::Column::Id)
        .from(opportunity::Entity)
        .and_where(opportunity::Column::TenantId.eq(caller.tenant))
        .and_where(opportunity::Column::CloseReason.eq("DUPLICATE"))
        .to_owned();
    let duplicate = Expr::case(C::OpportunityId.into_expr().in_subquery(duplicates), 1).finally(0).into();
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::OpportunityId.into_expr()),
        // A deal once, however often it changed.
        ("person", Class::P, "id", C::OpportunityId.into_expr()),
        ("account", Class::P, "account", deal("account", opportunity::Column::AccountId)),
        ("campaign", Class::P, "primaryCampaign", deal("primaryCampaign", opportunity::Column::PrimaryCampaignId)),
        ("channel", Class::P, "lead", channel_of(caller, deal("lead", opportunity::Column::LeadId))),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("pipeline", Class::P, "pipeline", deal("pipeline", opportunity::Column::PipelineId)),
        ("stage", Class::P, "stage", C::Stage.into_expr()),
        (
            "standing",
            Class::P,
            "stage",
            standing(caller, C::Stage.into_expr(), deal("pipeline", opportunity::Column::PipelineId)),
        ),
        ("minor", Class::M, "amount", C::AmountMinor.into_expr()),
        ("currency", Class::M, "amount", C::Currency.into_expr()),
        ("probability", Class::P, "probability", C::Probability.into_expr()),
        ("duplicate", Class::P, "stage", duplicate),
        ("close_date", Class::P, "closeDate", C::CloseDate.into_expr()),
        ("close_before", Class::P, "closeDate", close_before(caller)),
        ("at", Class::P, "validFrom", C::ValidFrom.into_expr()),
        ("until", Class::P, "validTo", C::ValidTo.into_expr()),
    ];
    caller.rows::<opportunity_snapshot::Entity>().into_figures(caller, columns)
}

pub(super) fn orders(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use sales_order::Column as C;
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("opportunity", Class::P, "opportunity", C::OpportunityId.into_expr()),
        ("status", Class::P, "status", C::Status.into_expr()),
        ("minor", Class::M, "total", C::TotalMinor.into_expr()),
        ("currency", Class::M, "total", C::Currency.into_expr()),
        ("at", Class::P, "orderedAt", C::OrderedAt.into_expr()),
    ];
    caller.rows::<sales_order::Entity>().into_figures(caller, columns)
}

/// Who became a customer: of each account the first win ever, an opportunity or an order that is of none, as cohorts count it, with
/// the campaign and the channel of that opportunity, and when it bought again.
pub(super) fn customers(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    let won = |column: &'static str| Expr::col(("won", column));
    let ordered = |column: &'static str| Expr::col(("ordered", column));
    let orders = Query::select()
        .expr_as(ordered("account"), "account")
        .expr_as(none(), "campaign")
        .expr_as(none(), "channel")
        .expr_as(ordered("at"), "at")
        .expr_as(ordered("id"), "win")
        .from_subquery(orders(caller, as_of), "ordered")
        .and_where(ordered("account").is_not_null())
        .and_where(ordered("opportunity").is_null())
        .and_where(ordered("status").ne("CANCELLED"))
        .and_where(ordered("at").lte(as_of))
        .to_owned();
    let wins = Query::select()
        .expr_as(won("account"), "account")
        .expr_as(won("campaign"), "campaign")
        .expr_as(won("channel"), "channel")
        .expr_as(won("entered_at"), "at")
        .expr_as(won("id"), "win")
        .from_subquery(opportunities(caller, as_of), "won")
        .and_where(won("account").is_not_null())
        .and_where(won("standing").eq("WON"))
        .union(UnionType::All, orders)
        .to_owned();
    let in_order = || {
        let mut window = WindowStatement::partition_by(("wins", "account"));
        window.order_by(("wins", "at"), Order::Asc).order_by(("wins", "win"), Order::Asc);
        window
    };
    let turns = Query::select()
        .columns(["account", "campaign", "channel", "at"].map(|column| ("wins", column)))
        .expr_window_as(Func::cust("ROW_NUMBER"), in_order(), "turn")
        .expr_window_as(Func::cust("LEAD").arg(Expr::col(("wins", "at"))), in_order(), "again_at")
        .from_subquery(wins, "wins")
        .to_owned();
    Query::select()
        .expr_as(Expr::col(("turns", "account")), "id")
        .columns(["account", "campaign", "channel", "at", "again_at"].map(|column| ("turns", column)))
        .from_subquery(turns, "turns")
        .and_where(Expr::col(("turns", "turn")).eq(1))
        .to_owned()
}

pub(super) fn contracts(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use contract::Column as C;
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("status", Class::P, "status", C::Status.into_expr()),
        ("minor", Class::M, "value", C::ValueMinor.into_expr()),
        ("currency", Class::M, "value", C::Currency.into_expr()),
        ("at", Class::P, "signedAt", C::SignedAt.into_expr()),
        ("until", Class::P, "cancelledAt", C::CancelledAt.into_expr()),
    ];
    caller.rows::<contract::Entity>().into_figures(caller, columns)
}

pub(super) fn meetings(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use meeting::Column as C;
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("owner", Class::P, "organizer", C::OrganizerId.into_expr()),
        ("kind", Class::P, "kind", C::Kind.into_expr()),
        ("outcome", Class::P, "outcome", C::Outcome.into_expr()),
        ("at", Class::P, "startsAt", C::StartsAt.into_expr()),
    ];
    caller.rows::<meeting::Entity>().into_figures(caller, columns)
}

pub(super) fn activities(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use activity::Column as C;
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("owner", Class::P, "colleague", C::ColleagueId.into_expr()),
        ("kind", Class::P, "kind", C::Kind.into_expr()),
        ("direction", Class::P, "direction", C::Direction.into_expr()),
        ("at", Class::P, "occurredAt", C::OccurredAt.into_expr()),
    ];
    caller.rows::<activity::Entity>().into_figures(caller, columns)
}

/// Who takes part in the opportunities of a fact: `deal`, `contact`.
pub(in crate::analytics) fn participants(caller: &Caller) -> SelectStatement {
    use opportunity_contact::Column as C;
    let columns: Vec<Column> = vec![
        ("deal", Class::P, "opportunity", C::OpportunityId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
    ];
    caller.rows::<opportunity_contact::Entity>().into_figures(caller, columns)
}
