//! Correcting a touchpoint, and taking away one that never was. Its event follows: the journal says both what was believed and what is true.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    codes::Interaction,
    marketing::{campaign, channel, content_asset, touchpoint},
};
use sea_orm::ActiveValue::Set;

use super::{
    Touchpoint, bare_url,
    interaction::event_of,
    record::{possible, tag},
};
use crate::{
    graph::{Cx, GlobalId, Kind, MoneyInput, Result, patch_required, patch_text, price_patch},
    input,
    journey::{Removable, Work, attempt},
    payload,
    policy::{Seen, access},
    removal,
};

input! {
    /// A correction of a touch: absent leaves, null clears. Whom it was with stays: one with somebody else is another touch.
    UpdateTouchpointInput for Touchpoint {
        /// What happened.
        P interaction: MaybeUndefined<Interaction>;
        /// When. Not before 1970 and not more than 24 hours ahead.
        P occurred_at: MaybeUndefined<DateTime<Utc>>;
        /// The campaign behind it.
        P campaign_id: MaybeUndefined<GlobalId>;
        /// The channel that it came through.
        P channel_id: MaybeUndefined<GlobalId>;
        /// The content that was touched.
        P content_asset_id: MaybeUndefined<GlobalId>;
        /// The page, at most 2,000 characters; query and fragment are not kept.
        P page_url: MaybeUndefined<String>;
        /// Where the visitor came from; query and fragment are not kept.
        P referrer: MaybeUndefined<String>;
        /// As tagged in the link.
        P utm_source: MaybeUndefined<String>;
        /// As tagged in the link.
        P utm_medium: MaybeUndefined<String>;
        /// As tagged in the link. The campaign stays what it is.
        P utm_campaign: MaybeUndefined<String>;
        /// As tagged in the link.
        P utm_term: MaybeUndefined<String>;
        /// As tagged in the link.
        P utm_content: MaybeUndefined<String>;
        /// Whether the market came to the company.
        P is_inbound: MaybeUndefined<bool>;
        /// What this one touch cost.
        M cost: MaybeUndefined<MoneyInput>;
    }
    plain {
        /// Which touchpoint.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateTouchpoint` answers.
    UpdateTouchpointPayload {
        /// The corrected touchpoint; null if it was refused.
        touchpoint: Touchpoint
    }
}

/// Corrects a touch and its event.
pub async fn update(cx: &Cx, input: UpdateTouchpointInput) -> Result<Touchpoint> {
    let written = input.written();
    let UpdateTouchpointInput {
        id,
        if_version,
        interaction,
        occurred_at,
        campaign_id,
        channel_id,
        content_asset_id,
        page_url,
        referrer,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
        is_inbound,
        cost,
    } = input;
    let id = id.named("id", Kind::Touchpoint)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<touchpoint::Entity>(id, if_version, &written).await?;
    let occurred_at = match patch_required("occurredAt", occurred_at)? {
        Set(moment) => Set(possible("occurredAt", moment, work.now())?),
        other => other,
    };
    let (cost_minor, currency) = price_patch("cost", cost)?;
    let row = touchpoint::ActiveModel {
        interaction: patch_required("interaction", interaction)?,
        occurred_at,
        campaign_id: work.refer_patch::<campaign::Entity>("campaignId", campaign_id).await?,
        channel_id: work.refer_patch::<channel::Entity>("channelId", channel_id).await?,
        content_asset_id: work.refer_patch::<content_asset::Entity>("contentAssetId", content_asset_id).await?,
        page_url: patch_text(page_url, |url| bare_url("pageUrl", url))?,
        referrer: patch_text(referrer, |url| bare_url("referrer", url))?,
        utm_source: patch_text(utm_source, |value| tag("utmSource", value))?,
        utm_medium: patch_text(utm_medium, |value| tag("utmMedium", value))?,
        utm_campaign: patch_text(utm_campaign, |value| tag("utmCampaign", value))?,
        utm_term: patch_text(utm_term, |value| tag("utmTerm", value))?,
        utm_content: patch_text(utm_content, |value| tag("utmContent", value))?,
        is_inbound: patch_required("isInbound", is_inbound)?,
        cost_minor,
        currency,
        ..Default::default()
    };
    let row = work.update::<touchpoint::Entity>(&seen, row).await?;
    work.correct(event_of(seen.row()), event_of(&row)).await?;
    let seen = work.reached::<touchpoint::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Touchpoint(seen))
}

removal! {
    /// Takes a touch away that never was, and its event off the timelines.
    delete_touchpoint: touchpoint::Entity as Touchpoint, class P interaction, checked;
    mutation TouchpointRemoval, input DeleteTouchpointInput, payload DeleteTouchpointPayload;
}

impl Removable for touchpoint::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<touchpoint::Model>) -> Result<()> {
        work.retract(&event_of(seen.row())).await
    }
}

/// Correcting touchpoints.
#[derive(Default)]
pub struct TouchpointCorrection;

#[Object]
impl TouchpointCorrection {
    /// Corrects a touch that was recorded wrongly. Its event is superseded by the one that tells what is true.
    #[graphql(directive = access::apply("Touchpoint".into(), "P".into(), true))]
    async fn update_touchpoint(
        &self,
        ctx: &Context<'_>,
        input: UpdateTouchpointInput,
    ) -> Result<UpdateTouchpointPayload> {
        let cx = Cx::of(ctx);
        UpdateTouchpointPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
