//! Which touch gets the credit for a conversion, and how much (numbers.md 4).
//!
//! ```text
//! touches of a conversion ──▶ path ─────────────▶ transforms ──▶ models ──▶ rows
//!                             look-back, DIRECT,   EXPOSURE …     weights    by channel, campaign, touch
//!                             order
//! ```
//!
//! * The caller chooses whose touches may count (the buying group, eligible kinds, consent) and hands them over one
//!   conversion at a time to an [`Attribution`]. It keeps rows, never paths, so its memory grows with the distinct rows.
//! * The rule models answer per conversion; [`Markov`] answers per set of paths and is solved when the report is asked for.
//! * A [`Parting`] takes single conversions apart: the same credit, touch by touch.
//! * Nothing gets lost: a conversion without an eligible touch is the row [`Row::Unattributed`], a touch without a campaign
//!   the row [`Row::NoCampaign`]. In each view the values add up to the value of the conversions, to the minor unit.
//!
//! To add a rule model: a variant of [`Model`] with its code, and its weights in `weights.rs`; the compiler names both places.

mod accumulator;
mod decay;
mod ledger;
mod markov;
mod model;
mod parts;
mod path;
mod report;
mod touch;
mod transform;
mod weights;

pub use accumulator::{Attribution, Differs};
pub use markov::{
    Basis, DEFAULT_MAX_STATES, Effect, Markov, Outcome, Removal, Solution, TooManyStates, UNSTABLE_BELOW,
};
pub use model::{DEFAULT_HALF_LIFE_US, Model, NotOne, Parts, Shares, UnknownModel};
pub use parts::{Part, Parting};
pub use path::{DAY_US, DEFAULT_LOOKBACK_US, Direct, LeftOut, Options, Path};
pub use report::{Credit, Line, Report, Spread, Table};
pub use touch::{Conversion, Milestone, Milestones, Row, Touch, Unit};
pub use transform::Transform;
