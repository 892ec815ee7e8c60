//! The facts: the rows that figures count, each as one sub-select with the caller's row rule in its FROM, and with the columns that
//! metrics and dimensions name. A column that the caller may not read in clear on a row is null there.
//!
//! What a row became after `as_of` is not known yet: what was decided, answered or closed later counts as open.

use chrono::{DateTime, Utc};
use entities::{
    account::{account_team_member, contact},
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
    policy::{Caller, Class, Column, Governed, Type},
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
    /// The account's; the fact names nobody: there must be as many accounts as persons are wanted.
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
    Lifecycle, Contact, persons Contact, ["account" "campaign" "channel" "stage"], lifecycle;
    /// A stay of an opportunity in a stage.
    DealStage, Opportunity, persons Opportunity, ["account" "campaign" "owner" "pipeline" "stage"], deal_stages;
    /// A stay of a ticket in a status.
    TicketStage, Ticket, persons Contact, ["account" "queue" "owner" "priority" "category" "ticket_channel" "stage"], ticket_stages;
    /// A ticket.
    Ticket, Ticket, persons Contact, ["account" "queue" "owner" "status" "priority" "category" "ticket_channel"], tickets;
    /// A promise that runs for a ticket or a handover.
    Promise, SlaClock, persons Contact, ["account" "sla_metric" "priority"], promises;
    /// An answer to a survey.
    Answer, SurveyAnswer, persons Contact, ["account"], answers;
    /// Money spent on a campaign.
    Cost, CampaignCost, persons Nobody, ["campaign" "channel" "cost_kind"], costs;
    /// An order.
    Order, Order, persons Contact, ["account"], orders;
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
    Expr::null().cast_as(Alias::new("uuid"))
}

fn sub(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}

/// A column of another row, by its id, as far as the caller reads it there: to count one thing never tells of another.
fn of_row<E: Governed>(caller: &Caller, id: Expr, field: &'static str, column: E::Column) -> Expr {
    let columns: Vec<Column> =
        vec![("id", Class::P, "id", E::ID.into_expr()), ("value", Class::P, field, column.into_expr())];
    let select = Query::select()
        .column(("other", "value"))
        .from_subquery(caller.rows::<E>().into_figures(caller, columns), "other")
        .and_where(Expr::col(("other", "id")).eq(id))
        .to_owned();
    sub(select)
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

fn leads(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
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

fn handovers(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
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
    let columns: Vec<Column> = vec![
        ("contact", Class::P, "contact", A::ContactId.into_expr()),
        ("colleague", Class::P, "colleague", A::ColleagueId.into_expr()),
        ("at", Class::P, "occurredAt", A::OccurredAt.into_expr()),
    ];
    let human = caller
        .rows::<activity::Entity>()
        .filter(A::Direction.eq(Direction::Outbound))
        .filter(A::Automatic.eq(false))
        .into_figures(caller, columns);
    let touch = |column: &'static str| Expr::col(("touch", column));
    let handover = |column: H| Expr::col((handover::Entity, column));
    let member = Query::select()
        .expr(Expr::val(1))
        .from_as(account_team_member::Entity, Alias::new("mate"))
        .and_where(col("mate", account_team_member::Column::TenantId).eq(caller.tenant))
        .and_where(col("mate", account_team_member::Column::AccountId).eq(handover(H::AccountId)))
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
        .and_where(col("queued", queue_member::Column::QueueId).eq(handover(H::ToQueueId)))
        .and_where(col("queued", queue_member::Column::ColleagueId).eq(touch("colleague")))
        .to_owned();
    let ours = touch("colleague")
        .eq(handover(H::ToColleagueId))
        .or(touch("colleague").eq(handover(H::DecidedById)))
        .or(Expr::exists(member))
        .or(Expr::exists(queued));
    let moment = match since_offer {
        true => touch("at").gte(handover(H::OfferedAt)),
        false => touch("at").lt(handover(H::OfferedAt)).and(touch("at").gte(of_lead(
            caller,
            "createdAt",
            lead::Column::CreatedAt,
        ))),
    };
    let select = Query::select()
        .expr(touch("at"))
        .from_subquery(human, "touch")
        .and_where(touch("contact").eq(of_lead(caller, "contact", lead::Column::ContactId)))
        .and_where(touch("at").lte(as_of))
        .and_where(moment)
        .and_where(ours)
        .order_by(("touch", "at"), Order::Asc)
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

fn opportunities(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
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

fn snapshots(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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
        ("at", Class::P, "validFrom", C::ValidFrom.into_expr()),
        ("until", Class::P, "validTo", C::ValidTo.into_expr()),
    ];
    caller.rows::<opportunity_snapshot::Entity>().into_figures(caller, columns)
}

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

fn lifecycle(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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

fn deal_stages(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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

fn ticket_stages(caller: &Caller, _: DateTime<Utc>) -> SelectStatement {
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
    ];
    stays::<ticket::Entity>(caller, Type::Ticket, more)
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

fn answers(caller: &Caller, as_of: DateTime<Utc>) -> SelectStatement {
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
        ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ("opportunity", Class::P, "opportunity", C::OpportunityId.into_expr()),
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
