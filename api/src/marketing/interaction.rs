//! What an interaction means to the journal.

use entities::{
    codes::{Direction, Interaction, SubjectType},
    marketing::touchpoint,
};

use crate::journey::{Event, EventKind, ObjectType, Payload};

/// The kind of event that an interaction is.
pub(super) const fn kind_of(interaction: Interaction) -> EventKind {
    match interaction {
        Interaction::AdClicked => EventKind::AdClicked,
        Interaction::PageViewed => EventKind::PageViewed,
        Interaction::ContentDownloaded => EventKind::ContentDownloaded,
        Interaction::FormSubmitted => EventKind::FormSubmitted,
        Interaction::EmailSent => EventKind::EmailSent,
        Interaction::EmailClicked => EventKind::EmailClicked,
        Interaction::EmailBounced => EventKind::EmailBounced,
        Interaction::EmailUnsubscribed => EventKind::EmailUnsubscribed,
        Interaction::WebinarRegistered => EventKind::WebinarRegistered,
        Interaction::WebinarAttended => EventKind::WebinarAttended,
        Interaction::EventAttended => EventKind::EventAttended,
        Interaction::TradefairBoothScanned => EventKind::TradefairBoothScanned,
        Interaction::SocialEngaged => EventKind::SocialEngaged,
        Interaction::CampaignResponded => EventKind::CampaignResponded,
        Interaction::ResearchFound => EventKind::ResearchFound,
        Interaction::ReferralReceived => EventKind::ReferralReceived,
        Interaction::PartnerIntroduced => EventKind::PartnerIntroduced,
        Interaction::CallAttempted => EventKind::CallAttempted,
        Interaction::CallConnected => EventKind::CallConnected,
    }
}

/// Whether it is the market that comes to the company, where nobody said so.
pub(crate) const fn is_inbound(interaction: Interaction) -> bool {
    match interaction {
        Interaction::AdClicked
        | Interaction::PageViewed
        | Interaction::ContentDownloaded
        | Interaction::FormSubmitted
        | Interaction::EmailClicked
        | Interaction::EmailUnsubscribed
        | Interaction::WebinarRegistered
        | Interaction::WebinarAttended
        | Interaction::EventAttended
        | Interaction::TradefairBoothScanned
        | Interaction::SocialEngaged
        | Interaction::CampaignResponded
        | Interaction::ReferralReceived
        | Interaction::PartnerIntroduced => true,
        Interaction::EmailSent
        | Interaction::EmailBounced
        | Interaction::ResearchFound
        | Interaction::CallAttempted
        | Interaction::CallConnected => false,
    }
}

/// The event of a touchpoint, at the time of the touch.
pub(crate) fn event_of(row: &touchpoint::Model) -> Event {
    let kind = kind_of(row.interaction);
    let payload = match row.interaction {
        // A cold call shares its kinds, and so the shape of their payload, with the calls of sales.
        Interaction::CallAttempted | Interaction::CallConnected => {
            let direction = if row.is_inbound { Direction::Inbound } else { Direction::Outbound };
            Payload::Activity { direction: direction.as_str().to_owned(), automatic: false }
        }
        _ => Payload::Touch {
            campaign_id: row.campaign_id,
            channel_id: row.channel_id,
            content_asset_id: row.content_asset_id,
            is_inbound: row.is_inbound,
        },
    };
    Event::of::<touchpoint::Entity>(kind, row, payload)
        .object(ObjectType::Touchpoint, row.id)
        .about(SubjectType::Campaign, row.campaign_id)
        .at(row.occurred_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interaction_and_its_event_have_one_name() {
        for interaction in Interaction::ALL {
            let name = kind_of(*interaction).name().to_uppercase().replace('.', "_");
            assert_eq!(name, interaction.as_str());
        }
    }
}
