//! 5: the service wing: the installed base, tickets with their messages and clocks, surveys, and the desk that shows them.

pub mod asset;
pub mod calendar;
pub mod clock;
pub mod decision;
pub mod desk;
pub mod figures;
pub mod message;
pub mod policy;
pub mod survey;
pub mod ticket;

pub use asset::Asset;
pub use calendar::BusinessCalendar;
pub use clock::SlaClock;
pub use message::{TicketMessage, TicketNote};
pub use policy::SlaPolicy;
pub use survey::SurveyAnswer;
pub use ticket::Ticket;

/// Everything that can be asked of the service wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct ServiceQueries(
    asset::AssetQuery,
    ticket::TicketQuery,
    desk::DeskQuery,
    survey::SurveyAnswerQuery,
    clock::SlaClockQuery,
    policy::SlaPolicyQuery,
    calendar::BusinessCalendarQuery,
);

/// Everything that can be changed in the service wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct ServiceMutations(
    asset::AssetMutation,
    ticket::TicketMutation,
    message::MessageMutation,
    clock::ClockMutation,
    policy::SlaPolicyMutation,
    calendar::BusinessCalendarMutation,
    calendar::BusinessCalendarRemoval,
    survey::SurveyMutation,
    asset::AssetRemoval,
    survey::SurveyAnswerRemoval,
);
