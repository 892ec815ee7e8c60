//! Stays in stages: of persons, opportunities and tickets.

use chrono::{DateTime, Utc};
use entities::{
    account::contact,
    codes::StageObject,
    marketing::lead,
    sales::{opportunity, stage_interval},
    service::ticket,
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement},
};

use super::{col, of_row, service::SOLVED, sub};
use crate::policy::{Caller, Class, Column, Governed, Type};

/// The stays of objects of one type, read like the objects themselves.
/// What was taken away was never there.
fn stays<E: Governed>(caller: &Caller, ty: Type, mut more: Vec<Column>) -> SelectStatement {
    use stage_interval::Column as C;
    let mut columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::ObjectId.into_expr()),
        ("stage", Class::P, "stage", C::Stage.into_expr()),
        ("at", Class::P, "enteredAt", C::EnteredAt.into_expr()),
        ("until", Class::P, "exitedAt", C::ExitedAt.into_expr()),
    ];
    columns.append(&mut more);
    let objects = caller.rows::<E>().into_ids();
    let rows = caller.rows_as::<stage_interval::Entity>(ty).filter(C::ObjectId.into_expr().in_subquery(objects));
    rows.into_figures(caller, columns)
}

/// A column of the first lead that a person was, among those that the caller reads.
fn first_lead(caller: &Caller, field: &'static str, column: lead::Column) -> Expr {
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", lead::Column::Id.into_expr()),
        ("contact", Class::P, "contact", lead::Column::ContactId.into_expr()),
        ("at", Class::P, "createdAt", lead::Column::CreatedAt.into_expr()),
        ("value", Class::P, field, column.into_expr()),
    ];
    let select = Query::select()
        .column(("was", "value"))
        .from_subquery(caller.rows::<lead::Entity>().into_figures(caller, columns), "was")
        .and_where(Expr::col(("was", "contact")).equals((stage_interval::Entity, stage_interval::Column::ObjectId)))
        .order_by(("was", "at"), Order::Asc)
        .order_by(("was", "id"), Order::Asc)
        .limit(1)
        .to_owned();
    sub(select)
}

pub(super) fn lifecycle(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use stage_interval::Column as C;
    let employer = of_row::<contact::Entity>(caller, C::ObjectId.into_expr(), "account", contact::Column::AccountId);
    let more = vec![
        ("account", Class::P, "account", employer),
        ("contact", Class::P, "id", C::ObjectId.into_expr()),
        ("person", Class::P, "id", C::ObjectId.into_expr()),
        ("campaign", Class::P, "id", first_lead(caller, "campaign", lead::Column::CampaignId)),
        ("channel", Class::P, "id", first_lead(caller, "channel", lead::Column::ChannelId)),
    ];
    stays::<contact::Entity>(caller, Type::Contact, more)
}

pub(super) fn deal_stages(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    let object = || stage_interval::Column::ObjectId.into_expr();
    let deal = |field, column| of_row::<opportunity::Entity>(caller, object(), field, column);
    let more = vec![
        ("account", Class::P, "account", deal("account", opportunity::Column::AccountId)),
        ("campaign", Class::P, "primaryCampaign", deal("primaryCampaign", opportunity::Column::PrimaryCampaignId)),
        ("owner", Class::P, "owner", deal("owner", opportunity::Column::OwnerId)),
        ("pipeline", Class::P, "pipeline", deal("pipeline", opportunity::Column::PipelineId)),
    ];
    stays::<opportunity::Entity>(caller, Type::Opportunity, more)
}

/// The status in which a ticket was before this stay; null where it is the first.
fn status_before(caller: &Caller) -> Expr {
    use stage_interval::Column as C;
    let (before, now) = (|column: C| col("before", column), |column: C| Expr::col((stage_interval::Entity, column)));
    let earlier = before(C::EnteredAt)
        .lt(now(C::EnteredAt))
        .or(before(C::EnteredAt).eq(now(C::EnteredAt)).and(before(C::Id).lt(now(C::Id))));
    let select = Query::select()
        .expr(before(C::Stage))
        .from_as(stage_interval::Entity, Alias::new("before"))
        .and_where(before(C::TenantId).eq(caller.tenant))
        .and_where(before(C::ObjectType).eq(StageObject::Ticket))
        .and_where(before(C::ObjectId).eq(now(C::ObjectId)))
        .and_where(earlier)
        .order_by((Alias::new("before"), C::EnteredAt), Order::Desc)
        .order_by((Alias::new("before"), C::Id), Order::Desc)
        .limit(1)
        .to_owned();
    sub(select)
}

/// What a stay does to the backlog: 1 where a ticket came or came back, −1 where it was solved, or closed without; else 0.
fn flow(caller: &Caller) -> Expr {
    let solved = |status: Expr| status.is_in(SOLVED);
    let now = || stage_interval::Column::Stage.into_expr();
    let before = || status_before(caller);
    let came = before().is_null().or(solved(before())).and(solved(now()).not());
    let went = before().is_not_null().and(solved(before()).not()).and(solved(now()));
    Expr::case(came, 1).case(went, -1).finally(0).into()
}

pub(super) fn ticket_stages(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    let object = || stage_interval::Column::ObjectId.into_expr();
    let of = |field, column| of_row::<ticket::Entity>(caller, object(), field, column);
    let more = vec![
        ("account", Class::P, "account", of("account", ticket::Column::AccountId)),
        ("contact", Class::P, "contact", of("contact", ticket::Column::ContactId)),
        ("queue", Class::P, "queue", of("queue", ticket::Column::QueueId)),
        ("owner", Class::P, "owner", of("owner", ticket::Column::OwnerId)),
        ("priority", Class::P, "priority", of("priority", ticket::Column::Priority)),
        ("category", Class::P, "category", of("category", ticket::Column::Category)),
        ("ticket_channel", Class::P, "channel", of("channel", ticket::Column::Channel)),
        ("before", Class::P, "stage", status_before(caller)),
        ("flow", Class::P, "stage", flow(caller)),
    ];
    stays::<ticket::Entity>(caller, Type::Ticket, more)
}
