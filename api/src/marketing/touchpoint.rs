//! The touchpoint: one touch between the market and the company, online or offline.

use chrono::{DateTime, Utc};
use entities::{
    account::{account, contact, visitor},
    codes::Interaction,
    marketing::{campaign, channel, content_asset, touchpoint},
};

use super::{Campaign, Channel, ContentAsset};
use crate::{
    account::{Account, Contact, Visitor},
    custom,
    graph::{AnyOf, Ids, Money, TimeFilter},
    listed, object,
};

object! {
    /// One touch between the market and the company. A booth scan, a cold call and a referral are touches like a click.
    Touchpoint(touchpoint::Entity) as Touchpoint, id Touchpoint {
        /// What happened.
        P interaction: Interaction = |row| row.interaction;
        /// When it happened (UTC).
        P occurred_at: DateTime<Utc> = |row| row.occurred_at;
        /// The page, without query and fragment; null for an offline touch.
        P page_url: String = |row| row.page_url.clone();
        /// Where the visitor came from, without query and fragment.
        P referrer: String = |row| row.referrer.clone();
        /// As tagged in the link.
        P utm_source: String = |row| row.utm_source.clone();
        /// As tagged in the link.
        P utm_medium: String = |row| row.utm_medium.clone();
        /// As tagged in the link.
        P utm_campaign: String = |row| row.utm_campaign.clone();
        /// As tagged in the link.
        P utm_term: String = |row| row.utm_term.clone();
        /// As tagged in the link.
        P utm_content: String = |row| row.utm_content.clone();
        /// True when the market came to the company, false when the company went out.
        P is_inbound: bool = |row| row.is_inbound;
        /// What this one touch cost; null where only the campaign's costs are known.
        M cost: Money = |row| {
            row.cost_minor.map(|minor| Money::from_minor(minor, row.currency.as_deref().unwrap_or("EUR")))
        };
    }
    refs {
        /// The campaign behind it; null where none is known.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
        /// The channel that it came through.
        P channel: Channel = channel::Entity, |row| row.channel_id;
        /// The content that was touched.
        P content_asset: ContentAsset = content_asset::Entity, |row| row.content_asset_id;
        /// Who it was; null before a name is known.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// The browser or device that it was seen on; null for an offline touch.
        P visitor: Visitor = visitor::Entity, |row| row.visitor_id;
        /// The company that the person worked for then.
        P account: Account = account::Entity, |row| row.account_id;
    }
    custom_fields Touchpoint raw T;
}

listed! {
    /// One touchpoint; null if there is none that you may see.
    touchpoint,
    /// The touchpoints that you may see, newest first unless sorted.
    touchpoints: Touchpoint(touchpoint::Entity) as Touchpoint, id Touchpoint, Falling;
    query TouchpointQuery, filter TouchpointFilter, sort TouchpointSort custom {
        /// By what happened.
        P interaction: AnyOf<Interaction> = Interaction;
        /// By when it happened.
        P occurred_at: TimeFilter = OccurredAt;
        /// By campaign.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By channel.
        P channel_id: Ids = ChannelId, of Channel;
        /// By content.
        P content_asset_id: Ids = ContentAssetId, of ContentAsset;
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By visitor.
        P visitor_id: Ids = VisitorId, of Visitor;
        /// By company.
        P account_id: Ids = AccountId, of Account;
        /// By whether the customer came to us.
        P is_inbound: bool = IsInbound;
    }
}
