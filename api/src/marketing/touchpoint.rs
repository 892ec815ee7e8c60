//! The touchpoint: one touch between the market and the company, online or offline.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, contact, visitor},
    codes::Interaction,
    marketing::{campaign, channel, content_asset, touchpoint},
};

use super::{Campaign, Channel, ContentAsset};
use crate::{
    account::{Account, Contact, Visitor},
    graph::{Cx, GlobalId, Kind, Money, Result, one},
    object,
    policy::access,
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
        /// The source's own fields that have no column here, as they came.
        T custom: async_graphql::Json<serde_json::Value> = |row| async_graphql::Json(row.custom.clone());
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
}

/// Reading touchpoints.
#[derive(Default)]
pub struct TouchpointQuery;

#[Object]
impl TouchpointQuery {
    /// One touchpoint; null if there is none that you may see.
    #[graphql(directive = access::apply("Touchpoint".into(), "*".into(), false))]
    async fn touchpoint(&self, ctx: &Context<'_>, id: GlobalId) -> Result<Option<Touchpoint>> {
        one::<touchpoint::Entity, _>(Cx::of(ctx), id.expect(Kind::Touchpoint)?).await
    }
}
