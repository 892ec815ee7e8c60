//! The metrics, each declared once: what it counts, how it is dated, who answers for it, and by what it can be told apart. Every door
//! reads this list; `docs/numbers.md` is printed from it.

mod declare;
mod list;

use async_graphql::Enum;
use entities::codes::Discipline;
use sea_orm::sea_query::Expr;

pub use list::Metric;

use super::{dimension::Dimension, fact::Fact};
use crate::policy::{Class, Type};

/// A condition on the rows of a fact.
pub type Test = fn() -> Expr;

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum Unit {
    /// Touches.
    Touch,
    /// Different persons: contacts, and visitors whose name is not known.
    Person,
    /// Leads.
    Lead,
    /// Offers from one discipline to the next: a lead that was offered twice is two.
    Offer,
    /// Opportunities.
    Opportunity,
    /// Accounts.
    Account,
    /// Orders.
    Order,
    /// Contracts.
    Contract,
    /// Meetings.
    Meeting,
    /// Calls, mails, chats and visits.
    Activity,
    /// Tickets.
    Ticket,
    /// Promises of the service.
    Promise,
    /// Answers to surveys.
    Answer,
    /// Money, in minor units of the answer's currency.
    Money,
    /// Money a day.
    MoneyPerDay,
    /// Milliseconds.
    Millisecond,
    /// A share of one.
    Share,
    /// From −1 to 1: the share of one answer less the share of its opposite.
    Balance,
    /// Points.
    Point,
}

/// How rows become a figure.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// How many rows.
    Count,
    /// How many different persons.
    Persons,
    /// Rows that pass, among those that count.
    Share {
        /// What passes.
        of: Test,
        /// What may pass yet; nothing without.
        open: Option<Test>,
    },
    /// Rows that pass less rows that fail, among those that count.
    Balance {
        /// What adds.
        plus: Test,
        /// What takes away.
        minus: Test,
    },
    /// The sum of a column.
    Sum(&'static str),
    /// The mean of a column.
    Mean(&'static str),
    /// The sum of amounts, each worth what it was on the day of a column.
    Money(Dated),
    /// The mean of amounts, of the rows that say one.
    MoneyMean(Dated),
    /// Amounts that pass, among amounts.
    MoneyShare {
        /// What passes.
        of: Test,
        /// The day of its worth.
        dated: Dated,
    },
    /// Amounts spread evenly over their days.
    Spread,
    /// From one column to another. Rows without an end count as open.
    Duration {
        /// Where it begins.
        from: &'static str,
        /// Where it ends.
        to: &'static str,
        /// Which rows took no time at all, whatever the columns say.
        zero: Option<Test>,
        /// By which clock.
        clock: Clock,
    },
    /// Rows that stand at a moment: the end of each bucket.
    Standing,
    /// What those are worth.
    StandingMoney {
        /// Each by its probability.
        weighted: bool,
    },
    /// Made of other metrics.
    Derived(Derivation),
}

/// By which clock time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// All hours.
    Calendar,
    /// The hours in which the company works.
    Business,
}

/// On which day an amount is worth what it says, where it says so in another currency.
#[derive(Clone, Copy, Debug)]
pub enum Dated {
    /// A column that holds a civil day; the row's date where it is empty.
    Day(&'static str),
    /// The row's date.
    Moment,
}

/// How a metric is made of others.
#[derive(Clone, Copy, Debug)]
pub enum Derivation {
    /// One divided by another.
    Over(Metric, Metric),
    /// What one brought over what another cost, less one: `(a − b) / b`.
    Return(Metric, Metric),
}

/// Why a row does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
pub enum Reason {
    /// There is no exchange rate on or before the day.
    MissingRate,
    /// It says no amount.
    NoAmount,
    /// It was not decided yet.
    Undecided,
    /// It still runs: not kept, and not due.
    Running,
    /// It did not happen yet: counted as open, and not among the finished.
    Unfinished,
    /// It is measured in business hours, and the company has no calendar.
    NoCalendar,
    /// It was answered before it was offered: counted as 0.
    PreOffer,
    /// The customer's wait ended with the solution, and nobody answered: counted until then.
    SolvedUnanswered,
    /// It was closed as a duplicate.
    Duplicate,
    /// It was asked on another scale.
    OtherScale,
}

/// How a metric is declared.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Which one.
    pub metric: Metric,
    /// Counts up when a figure would change though its rows did not.
    pub version: u16,
    /// In words.
    pub formula: &'static str,
    /// Who defines it so.
    pub source: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Who answers for it.
    pub discipline: Discipline,
    /// What it counts.
    pub fact: Fact,
    /// The column that dates a row.
    pub at: &'static str,
    /// The rows that count; all without.
    pub only: Option<Test>,
    /// How they become a figure.
    pub measure: Measure,
    /// Rows that were looked at and do not count, with the reason.
    pub excluded: &'static [(Reason, Test)],
    /// What the caller must read, or at least count.
    pub needs: &'static [(Type, Class, &'static str)],
}

impl Definition {
    /// Its name and version, as answers carry them: `WIN_RATE@1`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.metric.code(), self.version)
    }

    /// By what it can be told apart.
    pub fn dimensions(&self) -> Vec<Dimension> {
        Dimension::ALL.iter().copied().filter(|dimension| self.allows(*dimension)).collect()
    }

    /// Whether it can be told apart by a dimension: of a derived metric both sides must.
    pub fn allows(&self, dimension: Dimension) -> bool {
        match self.measure {
            Measure::Derived(derivation) => derivation.parts().iter().all(|part| part.definition().allows(dimension)),
            _ => self.fact.has(dimension),
        }
    }
}

impl Derivation {
    /// What it is made of.
    pub fn parts(self) -> [Metric; 2] {
        match self {
            Derivation::Over(one, other) | Derivation::Return(one, other) => [one, other],
        }
    }
}
