//! The facts: the rows that figures count, each as one sub-select with the caller's row rule in its FROM, and with the columns that
//! metrics and dimensions name. A column that the caller may not read in clear on a row is null there.
//!
//! What a row became after `as_of` is not known yet: what was decided, answered or closed later counts as open.

mod marketing;
mod sales;
mod service;
mod stages;

use chrono::{DateTime, Utc};
use marketing::{costs, handovers, leads, touches};
use sales::{activities, contracts, customers, meetings, opportunities, orders, snapshots};
use sea_orm::{
    ColumnTrait,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement},
};
use service::{answers, next_responses, promises, tickets};
use stages::{deal_stages, lifecycle, ticket_stages};

pub(super) use sales::participants;
pub(super) use service::{SOLVED, answered_again, happenings};

use super::dimension::{Dimension, Place};
use crate::{
    graph::Kind,
    policy::{Caller, Class, Column, Governed},
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
    /// A customer's wait for a further answer on a ticket.
    NextResponse, Ticket, persons Contact, ["account" "queue" "owner" "status" "priority" "category" "ticket_channel"], next_responses;
    /// A promise that runs for a ticket or a handover.
    Promise, SlaClock, persons Contact, ["account" "sla_metric" "priority"], promises;
    /// An answer to a survey.
    Answer, SurveyAnswer, persons Contact, ["account"], answers;
    /// Money spent on a campaign.
    Cost, CampaignCost, persons Nobody, ["campaign" "channel" "cost_kind"], costs;
    /// An order.
    Order, Order, persons Contact, ["account"], orders;
    /// An account that became a customer, with its first win ever.
    Customer, Account, persons Account, ["account" "campaign" "channel"], customers;
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
