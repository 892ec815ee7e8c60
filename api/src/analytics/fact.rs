//! The facts: the rows that figures count, each as one sub-select with the caller's row rule in its FROM, and with the columns that
//! metrics and dimensions name. A column that the caller may not read in clear on a row is null there.
//!
//! What a row became after `as_of` is not known yet: what was decided, answered or closed later counts as open.

use chrono::{DateTime, Utc};
use entities::{
    account::account_team_member,
    codes::{Direction, StageObject, SubjectType},
    marketing::{campaign_cost, handover, lead, touchpoint},
    sales::{
        activity, contract, meeting, opportunity, opportunity_contact, opportunity_snapshot, sales_order, stage,
        stage_interval,
    },
    service::{sla_clock, survey_answer, ticket},
    tenant::queue_member,
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement},
};

use super::dimension::{Dimension, Place};
use crate::{
    graph::Kind,
    policy::{Caller, Class, Column, Type},
};

macro_rules! facts {
    ($($(#[doc = $doc:literal])* $name:ident, $kind:ident, persons $persons:ident, [$($column:literal)*], $select:ident;)*) => {
        /// The rows that figures count.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fact { $($(#[doc = $doc])* $name,)* }

        impl Fact {
            /// Every fact.
            pub const ALL: &[Fact] = &[$(Fact::$name,)*];

            /// What its ids name.
            pub const fn kind(self) -> Kind {
                match self { $(Fact::$name => Kind::$kind,)* }
            }

            /// How the persons behind its rows are found.
            pub const fn persons(self) -> Persons {
                match self { $(Fact::$name => Persons::$persons,)* }
            }

            /// The columns by which figures can be told apart.
            const fn columns(self) -> &'static [&'static str] {
                match self { $(Fact::$name => &[$($column),*],)* }
            }

            /// Its rows, as `caller` counts them.
            pub fn select(self, caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
                match self { $(Fact::$name => $select(caller, as_of),)* }
            }
        }
    };
}

/// How the persons behind a fact's rows are found: groups of too few are hidden from whoever reads no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persons {
    /// Its column `contact`.
    Contact,
    /// Those who take part in the opportunity.
    Opportunity,
    /// The account's; the fact names nobody.
    Account,
    /// It counts no persons.
    Nobody,
}

facts! {
    /// A touch between the market and the company.
    Touch, Touchpoint, persons Contact, ["account" "campaign" "channel" "interaction"], touches;
    /// A lead.
    Lead, Lead, persons Contact, ["account" "campaign" "channel" "owner" "queue" "status"], leads;
    /// An offer from one discipline to the next.
    Handover, Handover, persons Contact, ["account" "campaign" "channel" "owner" "queue" "boundary" "outcome" "reason"], handovers;
    /// An opportunity as it is now.
    Opportunity, Opportunity, persons Opportunity, ["account" "campaign" "channel" "owner" "pipeline" "stage"], opportunities;
    /// An opportunity as it was from one change to the next.
    Snapshot, Opportunity, persons Opportunity, ["account" "campaign" "channel" "owner" "pipeline" "stage"], snapshots;
    /// A stay of a person in a stage of the customer's way.
    Lifecycle, Contact, persons Contact, ["account" "stage"], lifecycle;
    /// A stay of an opportunity in a stage.
    DealStage, Opportunity, persons Opportunity, ["account" "campaign" "owner" "pipeline" "stage"], deal_stages;
    /// A stay of a ticket in a status.
    TicketStage, Ticket, persons Contact, ["account" "queue" "owner" "priority" "category" "ticket_channel" "stage"], ticket_stages;
    /// A ticket.
    Ticket, Ticket, persons Contact, ["account" "queue" "owner" "status" "priority" "category" "ticket_channel"], tickets;
    /// A promise that runs for a ticket or a handover.
    Promise, SlaClock, persons Account, ["account" "sla_metric" "priority"], promises;
    /// An answer to a survey.
    Answer, SurveyAnswer, persons Contact, ["account"], answers;
    /// Money spent on a campaign.
    Cost, CampaignCost, persons Nobody, ["campaign" "channel" "cost_kind"], costs;
    /// An order.
    Order, Order, persons Account, ["account"], orders;
    /// A contract.
    Contract, Contract, persons Account, ["account" "owner" "status"], contracts;
    /// A meeting.
    Meeting, Meeting, persons Account, ["account" "owner" "kind" "outcome"], meetings;
    /// A call, a mail, a chat, a visit.
    Activity, Activity, persons Contact, ["account" "owner" "kind"], activities;
}

impl Fact {
    /// Whether figures of it can be told apart by a dimension.
    pub fn has(self, dimension: Dimension) -> bool {
        self.columns().contains(&dimension.place().hangs_on())
            // An account's own row is no segment of it: cost has none.
            && !matches!((self, dimension.place()), (Fact::Cost, Place::Account(_)))
    }
}

fn col(alias: &'static str, column: impl sea_orm::sea_query::IntoIden) -> Expr {
    Expr::col((Alias::new(alias), column.into_iden()))
}

/// `value` if it was so by `as_of`.
fn by(as_of: DateTime<Utc>, at: Expr, value: Expr) -> Expr {
    Expr::case(at.lte(as_of), value).into()
}

fn none() -> Expr {
    Expr::null()
}

fn sub(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}

fn touches(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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

fn leads(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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
        ("mql_at", Class::P, "mqlAt", C::MqlAt.into_expr()),
    ];
    caller.rows::<lead::Entity>().into_figures(caller, columns)
}

/// A column of the lead that a handover offers.
fn of_lead(caller: &Caller, column: lead::Column) -> Expr {
    let select = Query::select()
        .expr(col("offered", column))
        .from_as(lead::Entity, Alias::new("offered"))
        .and_where(col("offered", lead::Column::TenantId).eq(caller.tenant))
        .and_where(col("offered", lead::Column::Id).equals((handover::Entity, handover::Column::SubjectId)))
        .and_where(handover::Column::SubjectType.eq(SubjectType::Lead))
        .to_owned();
    sub(select)
}

fn handovers(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use handover::Column as C;
    let decided = |value: Expr| by(as_of, C::DecidedAt.into_expr(), value);
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("contact", Class::P, "subject", of_lead(caller, lead::Column::ContactId)),
        ("person", Class::P, "subject", C::SubjectId.into_expr()),
        ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
        ("channel", Class::P, "campaign", of_lead(caller, lead::Column::ChannelId)),
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
        ("touched_at", Class::P, "offeredAt", first_touch(caller, as_of, true)),
        ("touched_before", Class::P, "offeredAt", first_touch(caller, as_of, false)),
    ];
    caller.rows::<handover::Entity>().into_figures(caller, columns)
}

/// The first outbound human touch of the offered person by whoever the offer is made to, a member of its queue, or the account's team:
/// since the offer, or before it. Automatic mails never count.
fn first_touch(caller: &Caller, as_of: DateTime<Utc>, since_offer: bool) -> Expr {
    use activity::Column as A;
    use handover::Column as H;
    let touch = |column: A| col("touch", column);
    let handover = |column: H| Expr::col((handover::Entity, column));
    let member = Query::select()
        .expr(Expr::val(1))
        .from_as(account_team_member::Entity, Alias::new("mate"))
        .and_where(col("mate", account_team_member::Column::TenantId).eq(caller.tenant))
        .and_where(col("mate", account_team_member::Column::AccountId).eq(handover(H::AccountId)))
        .and_where(col("mate", account_team_member::Column::ColleagueId).eq(touch(A::ColleagueId)))
        .and_where(col("mate", account_team_member::Column::ValidFrom).lte(touch(A::OccurredAt)))
        .and_where(
            col("mate", account_team_member::Column::ValidTo).is_null().or(col(
                "mate",
                account_team_member::Column::ValidTo,
            )
            .gt(touch(A::OccurredAt))),
        )
        .to_owned();
    let queued = Query::select()
        .expr(Expr::val(1))
        .from_as(queue_member::Entity, Alias::new("queued"))
        .and_where(col("queued", queue_member::Column::TenantId).eq(caller.tenant))
        .and_where(col("queued", queue_member::Column::QueueId).eq(handover(H::ToQueueId)))
        .and_where(col("queued", queue_member::Column::ColleagueId).eq(touch(A::ColleagueId)))
        .to_owned();
    let ours = touch(A::ColleagueId)
        .eq(handover(H::ToColleagueId))
        .or(touch(A::ColleagueId).eq(handover(H::DecidedById)))
        .or(Expr::exists(member))
        .or(Expr::exists(queued));
    let moment = match since_offer {
        true => touch(A::OccurredAt).gte(handover(H::OfferedAt)),
        false => touch(A::OccurredAt)
            .lt(handover(H::OfferedAt))
            .and(touch(A::OccurredAt).gte(of_lead(caller, lead::Column::CreatedAt))),
    };
    let select = Query::select()
        .expr(touch(A::OccurredAt))
        .from_as(activity::Entity, Alias::new("touch"))
        .and_where(touch(A::TenantId).eq(caller.tenant))
        .and_where(touch(A::ContactId).eq(of_lead(caller, lead::Column::ContactId)))
        .and_where(touch(A::Direction).eq(Direction::Outbound))
        .and_where(touch(A::Automatic).eq(false))
        .and_where(touch(A::DeletedAt).is_null())
        .and_where(touch(A::OccurredAt).lte(as_of))
        .and_where(moment)
        .and_where(ours)
        .order_by((Alias::new("touch"), A::OccurredAt), Order::Asc)
        .limit(1)
        .to_owned();
    sub(select)
}

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

/// When an opportunity came into the stage in which it is: its last close, where that stage is a closed one.
fn entered(caller: &Caller) -> Expr {
    let select = Query::select()
        .expr(col("stay", stage_interval::Column::EnteredAt))
        .from_as(stage_interval::Entity, Alias::new("stay"))
        .and_where(col("stay", stage_interval::Column::TenantId).eq(caller.tenant))
        .and_where(col("stay", stage_interval::Column::ObjectType).eq(StageObject::Opportunity))
        .and_where(col("stay", stage_interval::Column::ObjectId).equals((opportunity::Entity, opportunity::Column::Id)))
        .and_where(col("stay", stage_interval::Column::ExitedAt).is_null())
        .order_by((Alias::new("stay"), stage_interval::Column::EnteredAt), Order::Desc)
        .limit(1)
        .to_owned();
    sub(select)
}

/// The channel of the lead that an opportunity came from.
fn channel_of(caller: &Caller, lead_id: Expr) -> Expr {
    let select = Query::select()
        .expr(col("origin", lead::Column::ChannelId))
        .from_as(lead::Entity, Alias::new("origin"))
        .and_where(col("origin", lead::Column::TenantId).eq(caller.tenant))
        .and_where(col("origin", lead::Column::Id).eq(lead_id))
        .to_owned();
    sub(select)
}

fn opportunities(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use opportunity::Column as C;
    let duplicate = C::CloseReason.eq("DUPLICATE");
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("campaign", Class::P, "primaryCampaign", C::PrimaryCampaignId.into_expr()),
        ("channel", Class::P, "lead", channel_of(caller, C::LeadId.into_expr())),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("pipeline", Class::P, "pipeline", C::PipelineId.into_expr()),
        ("stage", Class::P, "stage", C::Stage.into_expr()),
        ("standing", Class::P, "stage", standing(caller, C::Stage.into_expr(), C::PipelineId.into_expr())),
        ("duplicate", Class::P, "stage", Expr::case(duplicate, 1).finally(0).into()),
        ("minor", Class::M, "amount", C::AmountMinor.into_expr()),
        ("currency", Class::M, "amount", C::Currency.into_expr()),
        ("close_date", Class::P, "closeDate", C::CloseDate.into_expr()),
        ("at", Class::P, "createdAt", C::CreatedAt.into_expr()),
        ("entered_at", Class::P, "stage", entered(caller)),
    ];
    caller.rows::<opportunity::Entity>().into_figures(caller, columns)
}

/// A column of a table's opportunity.
fn of_deal(caller: &Caller, id: Expr, column: opportunity::Column) -> Expr {
    let select = Query::select()
        .expr(col("deal", column))
        .from_as(opportunity::Entity, Alias::new("deal"))
        .and_where(col("deal", opportunity::Column::TenantId).eq(caller.tenant))
        .and_where(col("deal", opportunity::Column::Id).eq(id))
        .to_owned();
    sub(select)
}

fn snapshots(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use opportunity_snapshot::Column as C;
    let deal = |column| of_deal(caller, C::OpportunityId.into_expr(), column);
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::OpportunityId.into_expr()),
        ("account", Class::P, "account", deal(opportunity::Column::AccountId)),
        ("campaign", Class::P, "primaryCampaign", deal(opportunity::Column::PrimaryCampaignId)),
        ("channel", Class::P, "lead", channel_of(caller, deal(opportunity::Column::LeadId))),
        ("owner", Class::P, "owner", C::OwnerId.into_expr()),
        ("pipeline", Class::P, "pipeline", deal(opportunity::Column::PipelineId)),
        ("stage", Class::P, "stage", C::Stage.into_expr()),
        ("standing", Class::P, "stage", standing(caller, C::Stage.into_expr(), deal(opportunity::Column::PipelineId))),
        ("minor", Class::M, "amount", C::AmountMinor.into_expr()),
        ("currency", Class::M, "amount", C::Currency.into_expr()),
        ("probability", Class::P, "probability", C::Probability.into_expr()),
        ("close_date", Class::P, "closeDate", C::CloseDate.into_expr()),
        ("at", Class::P, "validFrom", C::ValidFrom.into_expr()),
        ("until", Class::P, "validTo", C::ValidTo.into_expr()),
    ];
    caller.rows::<opportunity_snapshot::Entity>().into_figures(caller, columns)
}

/// The stays of objects of one type, read like the objects themselves.
fn stays(caller: &Caller, ty: Type, mut more: Vec<Column>) -> SelectStatement {
    use stage_interval::Column as C;
    let mut columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::ObjectId.into_expr()),
        ("stage", Class::P, "stage", C::Stage.into_expr()),
        ("at", Class::P, "enteredAt", C::EnteredAt.into_expr()),
        ("until", Class::P, "exitedAt", C::ExitedAt.into_expr()),
    ];
    columns.append(&mut more);
    caller.rows_as::<stage_interval::Entity>(ty).into_figures(caller, columns)
}

fn lifecycle(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use stage_interval::Column as C;
    let employer = Query::select()
        .expr(col("person", entities::account::contact::Column::AccountId))
        .from_as(entities::account::contact::Entity, Alias::new("person"))
        .and_where(col("person", entities::account::contact::Column::TenantId).eq(caller.tenant))
        .and_where(col("person", entities::account::contact::Column::Id).equals((stage_interval::Entity, C::ObjectId)))
        .to_owned();
    let more = vec![
        ("account", Class::P, "account", sub(employer)),
        ("contact", Class::P, "id", C::ObjectId.into_expr()),
        ("person", Class::P, "id", C::ObjectId.into_expr()),
    ];
    stays(caller, Type::Contact, more)
}

fn deal_stages(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    let deal = |column| of_deal(caller, stage_interval::Column::ObjectId.into_expr(), column);
    let more = vec![
        ("account", Class::P, "account", deal(opportunity::Column::AccountId)),
        ("campaign", Class::P, "primaryCampaign", deal(opportunity::Column::PrimaryCampaignId)),
        ("owner", Class::P, "owner", deal(opportunity::Column::OwnerId)),
        ("pipeline", Class::P, "pipeline", deal(opportunity::Column::PipelineId)),
    ];
    stays(caller, Type::Opportunity, more)
}

/// A column of a table's ticket.
fn of_ticket(caller: &Caller, id: Expr, column: ticket::Column) -> Expr {
    let select = Query::select()
        .expr(col("case", column))
        .from_as(ticket::Entity, Alias::new("case"))
        .and_where(col("case", ticket::Column::TenantId).eq(caller.tenant))
        .and_where(col("case", ticket::Column::Id).eq(id))
        .to_owned();
    sub(select)
}

fn ticket_stages(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    let of = |column| of_ticket(caller, stage_interval::Column::ObjectId.into_expr(), column);
    let more = vec![
        ("account", Class::P, "account", of(ticket::Column::AccountId)),
        ("contact", Class::P, "contact", of(ticket::Column::ContactId)),
        ("queue", Class::P, "queue", of(ticket::Column::QueueId)),
        ("owner", Class::P, "owner", of(ticket::Column::OwnerId)),
        ("priority", Class::P, "priority", of(ticket::Column::Priority)),
        ("category", Class::P, "category", of(ticket::Column::Category)),
        ("ticket_channel", Class::P, "channel", of(ticket::Column::Channel)),
    ];
    stays(caller, Type::Ticket, more)
}

fn tickets(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
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

fn promises(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
    use sla_clock::Column as C;
    let since = |column: C| by(as_of, column.into_expr(), column.into_expr());
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("sla_metric", Class::P, "metric", C::Metric.into_expr()),
        ("priority", Class::P, "ticket", of_ticket(caller, C::ObjectId.into_expr(), ticket::Column::Priority)),
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

fn answers(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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

fn costs(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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

fn orders(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
    use sales_order::Column as C;
    let columns: Vec<Column> = vec![
        ("id", Class::P, "id", C::Id.into_expr()),
        ("account", Class::P, "account", C::AccountId.into_expr()),
        ("status", Class::P, "status", C::Status.into_expr()),
        ("minor", Class::M, "total", C::TotalMinor.into_expr()),
        ("currency", Class::M, "total", C::Currency.into_expr()),
        ("at", Class::P, "orderedAt", C::OrderedAt.into_expr()),
    ];
    caller.rows::<sales_order::Entity>().into_figures(caller, columns)
}

fn contracts(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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

fn meetings(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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

fn activities(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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
pub(super) fn participants(caller: &Caller) -> SelectStatement {
    use opportunity_contact::Column as C;
    let columns: Vec<Column> = vec![
        ("deal", Class::P, "opportunity", C::OpportunityId.into_expr()),
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
    ];
    caller.rows::<opportunity_contact::Entity>().into_figures(caller, columns)
}
