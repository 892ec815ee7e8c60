//! 5: the service wing: installed base, tickets, surveys.

use crate::object;

object! {
    /// Asset.
    Asset(entities::service::asset::Entity) as Asset, id Asset {}
}

object! {
    /// Ticket.
    Ticket(entities::service::ticket::Entity) as Ticket, id Ticket {}
}

object! {
    /// TicketMessage.
    TicketMessage(entities::service::ticket_message::Entity) as TicketMessage, id TicketMessage {}
}

object! {
    /// SlaClock.
    SlaClock(entities::service::sla_clock::Entity) as ServiceLevel, id SlaClock {}
}

object! {
    /// SurveyAnswer.
    SurveyAnswer(entities::service::survey_answer::Entity) as ServiceLevel, id SurveyAnswer {}
}
