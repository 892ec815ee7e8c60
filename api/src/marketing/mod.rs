//! 5: the marketing wing: from the market to the lead. Read in this order: the campaign with its channel, content and cost;
//! the touchpoint and how it is recorded; the lead, what becomes of it, and of the person behind it; the handover, its offer,
//! its decision and its expiry; the lesson that a rejection teaches; the figures of all that; the desk.

mod boundary;
pub mod campaign;
pub mod channel;
pub mod content;
pub mod correct;
pub mod cost;
pub mod decide;
pub mod desk;
pub mod expire;
pub mod figures;
pub mod handover;
pub(crate) mod interaction;
pub mod lead;
pub mod lesson;
pub mod live;
pub mod offer;
pub mod person;
pub mod planning;
pub mod provenance;
pub mod qualify;
pub mod record;
pub mod touchpoint;

use async_graphql::MaybeUndefined;
use sea_orm::ActiveValue;

use crate::graph::{Result, patch, prose, text};

pub use campaign::Campaign;
pub use channel::Channel;
pub use content::ContentAsset;
pub use cost::CampaignCost;
pub use desk::MarketingDesk;
pub use handover::{Handover, HandoverSubject, inbox};
pub use lead::Lead;
pub use lesson::Lesson;
pub use provenance::LeadTouch;
pub use qualify::convert;
pub use touchpoint::Touchpoint;

/// The longest free text that an input takes, in characters.
pub(crate) const MAX_TEXT: usize = 10_000;

/// A free text that may be left out, of at most `max` characters; blank counts as left out.
fn words(path: &str, value: Option<String>, max: usize) -> Result<Option<String>> {
    value.filter(|value| !value.trim().is_empty()).map(|value| prose(path, value, max)).transpose()
}

/// [`words`] for a patch: absent leaves, null clears.
pub(crate) fn patch_words(
    path: &str,
    value: MaybeUndefined<String>,
    max: usize,
) -> Result<ActiveValue<Option<String>>> {
    match value {
        MaybeUndefined::Value(text) => Ok(ActiveValue::Set(words(path, Some(text), max)?)),
        absent_or_null => Ok(patch(absent_or_null)),
    }
}

/// An address without query and fragment, and without a name and password in front of the host: what a page is called, and
/// nothing of who looked at it.
pub(crate) fn bare_url(path: &str, url: Option<String>) -> Result<Option<String>> {
    let Some(url) = url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()) else { return Ok(None) };
    let url = text(path, url, 2000)?;
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let bare = match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (host, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{tail}", host.rsplit('@').next().unwrap_or(host))
        }
        None => bare.to_owned(),
    };
    Ok((!bare.is_empty()).then_some(bare))
}

/// Everything that can be asked of the marketing wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct MarketingQueries(
    desk::MarketingQuery,
    campaign::CampaignQuery,
    channel::ChannelQuery,
    touchpoint::TouchpointQuery,
    lead::LeadQuery,
    handover::HandoverQuery,
    cost::CampaignCostQuery,
    content::ContentAssetQuery,
    lesson::LessonQuery,
);

/// Everything that can be changed in the marketing wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct MarketingMutations(
    planning::CampaignMutation,
    cost::CostMutation,
    content::ContentMutation,
    record::TouchpointMutation,
    lead::LeadMutation,
    qualify::QualifyMutation,
    provenance::ProvenanceMutation,
    expire::ExpireMutation,
    offer::OfferMutation,
    decide::DecideMutation,
    lesson::LessonMutation,
    campaign::CampaignRemoval,
    channel::ChannelMutation,
    channel::ChannelRemoval,
    cost::CampaignCostRemoval,
    content::ContentAssetRemoval,
    correct::TouchpointCorrection,
    correct::TouchpointRemoval,
    lead::LeadRemoval,
    lesson::LessonRemoval,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_address_names_the_page_only() {
        let bare = |url: &str| bare_url("pageUrl", Some(url.to_owned())).expect("a valid address");
        assert_eq!(bare("https://a.de/x/y?mail=j@b.de#top").as_deref(), Some("https://a.de/x/y"));
        assert_eq!(bare("https://jane:secret@a.de?x=1").as_deref(), Some("https://a.de"));
        assert_eq!(bare("/prices#who").as_deref(), Some("/prices"));
        assert_eq!(bare("?q=1"), None);
        assert!(bare_url("pageUrl", Some("x".repeat(2001))).is_err());
    }
}
