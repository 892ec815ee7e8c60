//! What marketing did, and what sales said to it: touches, leads, offers, costs.

use chrono::{DateTime, Utc};
use entities::{
    account::account_team_member,
    codes::{Direction, SubjectType},
    marketing::{campaign_cost, handover, lead, touchpoint},
    sales::{activity, meeting, meeting_attendee},
    tenant::queue_member,
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType},
};

use super::{by, col, none, of_row, sub};
use crate::policy::{Caller, Class, Column};

pub(super) fn touches(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use touchpoint::Column as C;
    let person = Expr::case(C::ContactId.is_not_null(), C::ContactId.into_expr()).finally(C::VisitorId.into_expr());
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("person", Class::P, "contact", person.into()),
        ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
        ("channel", Class::P, "channel", C::ChannelId.into_expr()),
        ("interaction", Class::P, "interaction", C::Interaction.into_expr()),
        ("at", Class::P, "occurredAt", C::OccurredAt.into_expr()),
    ];
    caller.rows::<touchpoint::Entity>().into_figures(caller, columns)
}

pub(super) fn leads(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use lead::Column as C;
    let person = Expr::case(C::ContactId.is_not_null(), C::ContactId.into_expr()).finally(C::VisitorId.into_expr());
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("person", Class::P, "contact", person.into()),
        ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
        ("channel", Class::P, "channel", C::ChannelId.into_expr()),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("queue", Class::P, "queue", C::QueueId.into_expr()),
        ("status", Class::P, "status", C::Status.into_expr()),
        ("at", Class::P, "createdAt", C::CreatedAt.into_expr()),
        ("mql_at", Class::P, "mqlAt", by(as_of, C::MqlAt.into_expr(), C::MqlAt.into_expr())),
    ];
    caller.rows::<lead::Entity>().into_figures(caller, columns)
}

/// A column of the lead that a handover offers.
fn of_lead(caller: &Caller, field: &'static str, column: lead::Column) -> Expr {
    let offered = Expr::col((handover::Entity, handover::Column::SubjectId));
    let value = of_row::<lead::Entity>(caller, offered, field, column);
    Expr::case(handover::Column::SubjectType.eq(SubjectType::Lead), value).into()
}

pub(super) fn handovers(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use handover::Column as C;
    let decided = |value: Expr| by(as_of, C::DecidedAt.into_expr(), value);
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "subject", of_lead(caller, "contact", lead::Column::ContactId)),
        ("person", Class::P, "subject", C::SubjectId.into_expr()),
        ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
        ("channel", Class::P, "campaign", of_lead(caller, "channel", lead::Column::ChannelId)),
        ("owner", Class::P, "to", C::ToColleagueId.into_expr()),
        ("queue", Class::P, "to", C::ToQueueId.into_expr()),
        ("boundary", Class::P, "boundary", C::Boundary.into_expr()),
        ("outcome", Class::P, "outcome", decided(C::Outcome.into_expr())),
        ("reason", Class::P, "reasonCode", decided(C::ReasonCode.into_expr())),
        ("rating", Class::P, "rating", decided(C::Rating.into_expr())),
        ("automatic", Class::P, "automatic", C::Automatic.into_expr()),
        ("at", Class::P, "offeredAt", C::OfferedAt.into_expr()),
        ("due_at", Class::P, "dueAt", C::DueAt.into_expr()),
        ("decided_at", Class::P, "decidedAt", decided(C::DecidedAt.into_expr())),
        ("by_nobody", Class::P, "decidedBy", C::DecidedById.is_null()),
        ("first", Class::P, "offeredAt", Expr::case(is_first(caller), 1).finally(0).into()),
        ("touched_at", Class::P, "offeredAt", first_touch(caller, as_of, Touched::SinceThis)),
        ("touched_before", Class::P, "offeredAt", first_touch(caller, as_of, Touched::BeforeFirst)),
        ("lead_touched_at", Class::P, "offeredAt", first_touch(caller, as_of, Touched::SinceFirst)),
    ];
    caller.rows::<handover::Entity>().into_figures(caller, columns)
}

/// The meetings that were booked with a person: `contact`, `colleague`, and `at`, when they were booked.
fn booked(caller: &Caller) -> SelectStatement {
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", meeting::Column::Id.into_expr()),
        ("colleague", Class::P, "organizer", meeting::Column::OrganizerId.into_expr()),
        ("at", Class::P, "createdAt", meeting::Column::CreatedAt.into_expr()),
    ];
    let meetings = caller.rows::<meeting::Entity>().into_figures(caller, columns);
    let columns: Vec<Column> = vec![
        ("meeting", Class::P, "meeting", meeting_attendee::Column::MeetingId.into_expr()),
        ("contact", Class::P, "contact", meeting_attendee::Column::ContactId.into_expr()),
    ];
    let guests = caller.rows::<meeting_attendee::Entity>().into_figures(caller, columns);
    let invited = Expr::col(("guest", "meeting")).equals(("booked", "id"));
    Query::select()
        .column(("guest", "contact"))
        .column(("booked", "colleague"))
        .column(("booked", "at"))
        .from_subquery(meetings, "booked")
        .join_subquery(JoinType::InnerJoin, guests, "guest", invited)
        .to_owned()
}

/// Since when a touch answers an offer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    /// The owner's clock: since this offer, and until the lead was offered to the next.
    SinceThis,
    /// The lead's clock: since the first offer, by whoever the lead was with at that moment.
    SinceFirst,
    /// Before the first offer, since the lead was there: it took no time.
    BeforeFirst,
}

/// Another offer of what this one offers, over the same boundary. Of the tenant's offers, not of the caller's: that a lead was offered
/// before, and when it went on to the next, is no less so for who sees one of its offers only.
fn of_same_lead(caller: &Caller, alias: &'static str, offer: impl Fn(handover::Column) -> Expr) -> Expr {
    use handover::Column as H;
    let same = |column: H| col(alias, column).eq(offer(column));
    col(alias, H::TenantId).eq(caller.tenant).and(same(H::Boundary)).and(same(H::SubjectType)).and(same(H::SubjectId))
}

/// Whether one moment of an offer comes after that of another; of one time the id says.
fn after(one: impl Fn(handover::Column) -> Expr, other: impl Fn(handover::Column) -> Expr) -> Expr {
    use handover::Column as H;
    let tie = one(H::OfferedAt).eq(other(H::OfferedAt)).and(one(H::Id).gt(other(H::Id)));
    one(H::OfferedAt).gt(other(H::OfferedAt)).or(tie)
}

fn row(column: handover::Column) -> Expr {
    Expr::col((handover::Entity, column))
}

/// Whether an offer is the first of its lead.
fn is_first(caller: &Caller) -> Expr {
    let earlier = Query::select()
        .expr(Expr::val(1))
        .from_as(handover::Entity, Alias::new("earlier"))
        .and_where(of_same_lead(caller, "earlier", row))
        .and_where(after(row, |column| col("earlier", column)))
        .to_owned();
    Expr::exists(earlier).not()
}

/// The first outbound human touch of the offered person by whoever the offer is made to, a member of its queue, or the account's team:
/// a call, a mail, a visit, or a meeting that was booked. Automatic mails never count.
fn first_touch(caller: &Caller, as_of: DateTime<Utc>, touched: Touched) -> Expr {
    use activity::Column as A;
    use handover::Column as H;
    let columns: Vec<Column> = vec![
        ("contact", Class::P, "contact", A::ContactId.into_expr()),
        ("colleague", Class::P, "colleague", A::ColleagueId.into_expr()),
        ("at", Class::P, "occurredAt", A::OccurredAt.into_expr()),
    ];
    let mut human = caller
        .rows::<activity::Entity>()
        .filter(A::Direction.eq(Direction::Outbound))
        .filter(A::Automatic.eq(false))
        .into_figures(caller, columns);
    human.union(UnionType::All, booked(caller));
    let touch = |column: &'static str| Expr::col(("touch", column));
    // The offer that is answered: this one, or any of its lead's.
    let offer = |column: H| match touched {
        Touched::SinceFirst => col("offer", column),
        Touched::SinceThis | Touched::BeforeFirst => row(column),
    };
    let member = Query::select()
        .expr(Expr::val(1))
        .from_as(account_team_member::Entity, Alias::new("mate"))
        .and_where(col("mate", account_team_member::Column::TenantId).eq(caller.tenant))
        .and_where(col("mate", account_team_member::Column::AccountId).eq(offer(H::AccountId)))
        .and_where(col("mate", account_team_member::Column::ColleagueId).eq(touch("colleague")))
        .and_where(col("mate", account_team_member::Column::ValidFrom).lte(touch("at")))
        .and_where(
            col("mate", account_team_member::Column::ValidTo).is_null().or(col(
                "mate",
                account_team_member::Column::ValidTo,
            )
            .gt(touch("at"))),
        )
        .to_owned();
    let queued = Query::select()
        .expr(Expr::val(1))
        .from_as(queue_member::Entity, Alias::new("queued"))
        .and_where(col("queued", queue_member::Column::TenantId).eq(caller.tenant))
        .and_where(col("queued", queue_member::Column::QueueId).eq(offer(H::ToQueueId)))
        .and_where(col("queued", queue_member::Column::ColleagueId).eq(touch("colleague")))
        .to_owned();
    let ours = touch("colleague")
        .eq(offer(H::ToColleagueId))
        .or(touch("colleague").eq(offer(H::DecidedById)))
        .or(Expr::exists(member))
        .or(Expr::exists(queued));
    let passed_on = Query::select()
        .expr(Expr::val(1))
        .from_as(handover::Entity, Alias::new("next"))
        .and_where(of_same_lead(caller, "next", offer))
        .and_where(after(|column| col("next", column), offer))
        .and_where(col("next", H::OfferedAt).lte(touch("at")))
        .to_owned();
    let moment = match touched {
        Touched::SinceThis | Touched::SinceFirst => {
            touch("at").gte(offer(H::OfferedAt)).and(Expr::exists(passed_on).not())
        }
        Touched::BeforeFirst => touch("at")
            .lt(row(H::OfferedAt))
            .and(touch("at").gte(of_lead(caller, "createdAt", lead::Column::CreatedAt)))
            .and(is_first(caller)),
    };
    let mut select = Query::select();
    select
        .expr(touch("at"))
        .from_subquery(human, "touch")
        .and_where(touch("contact").eq(of_lead(caller, "contact", lead::Column::ContactId)))
        .and_where(touch("at").lte(as_of))
        .and_where(moment)
        .and_where(ours)
        .order_by(("touch", "at"), Order::Asc)
        .limit(1);
    if touched == Touched::SinceFirst {
        select.from_as(handover::Entity, Alias::new("offer")).and_where(of_same_lead(caller, "offer", row));
    }
    sub(select)
}

pub(super) fn costs(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use campaign_cost::Column as C;
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "id", none()),
        ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
        ("channel", Class::P, "channel", C::ChannelId.into_expr()),
        ("cost_kind", Class::P, "kind", C::Kind.into_expr()),
        ("minor", Class::M, "amount", C::AmountMinor.into_expr()),
        ("currency", Class::M, "amount", C::Currency.into_expr()),
        ("first_day", Class::P, "dateFrom", C::DateFrom.into_expr()),
        ("last_day", Class::P, "dateTo", C::DateTo.into_expr()),
    ];
    caller.rows::<campaign_cost::Entity>().into_figures(caller, columns)
}
