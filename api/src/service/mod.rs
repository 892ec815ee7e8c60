//! 5: the service wing: the installed base, tickets with their messages and clocks, surveys, and the desk that shows them.

pub mod asset;
pub mod clock;
pub mod desk;
pub mod message;
pub mod survey;
pub mod ticket;

pub use asset::{Asset, AssetMutation, AssetQuery};
pub use clock::{ClockMutation, SlaClock, SlaPolicy};
pub use desk::DeskQuery;
pub use message::{MessageMutation, TicketMessage, TicketNote};
pub use survey::{SurveyAnswer, SurveyMutation};
pub use ticket::{Ticket, TicketMutation, TicketQuery};
