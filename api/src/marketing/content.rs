//! Content: white papers, pages, videos. The installed base is the service wing's `Asset`.

use entities::{
    codes::ContentKind,
    marketing::{campaign, content_asset, touchpoint},
};

use super::{Campaign, Touchpoint, bare_url};
use crate::{
    editable,
    graph::{AnyOf, Error, Ids, Result, TextFilter},
    journey::Work,
    listed, object, removal,
};

object! {
    /// A piece of content: a white paper, a page, a video.
    ContentAsset(content_asset::Entity) as Campaign, id ContentAsset {
        /// What it is called.
        P title: String = |row| row.title.clone();
        /// What it is.
        P kind: ContentKind = |row| row.kind;
        /// Where it is, without query and fragment; null for one that is not on the web.
        P url: String = |row| row.url.clone();
        /// Its language: BCP 47.
        P language: String = |row| row.language.clone();
        /// What it is about.
        T description: String = |row| row.description.clone();
    }
    refs {
        /// The campaign that it was made for; null for one of general use.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
    }
    lists {
        /// Who touched it, newest first.
        touchpoints: Touchpoint = touchpoint::Entity, touchpoint::Column::ContentAssetId, Falling;
    }
}

editable! {
    /// Records a piece of content, so that touches can name it.
    create create_content_asset(CreateContentAssetInput) -> CreateContentAssetPayload;
    /// Changes a piece of content.
    update update_content_asset(UpdateContentAssetInput) -> UpdateContentAssetPayload;
    mutation ContentMutation of content_asset: ContentAsset(content_asset::Entity) as Campaign, id ContentAsset, class P;
    fields {
        /// What it is called, at most 255 characters.
        P title = title: name;
        /// What it is.
        P kind = kind: code(ContentKind);
        /// Where it is, at most 255 characters; without query and fragment.
        P url = url: line;
        /// The campaign that it is made for.
        P campaign_id = campaign_id: refer_opt(campaign::Entity);
        /// Its language: BCP 47.
        P language = language: language;
        /// What it is about, at most 20,000 characters.
        T description = description: remark;
    }
    check bare;
}

/// Query and fragment say who looked; they are not kept.
async fn bare(_: &mut Work<'_>, row: &content_asset::Model) -> Result<()> {
    match bare_url("url", row.url.clone())? == row.url {
        true => Ok(()),
        false => Err(Error::invalid("url", "an address without query, fragment, name and password")),
    }
}

listed! {
    /// One piece of content; null if there is none that you may see.
    content_asset,
    /// The pieces of content that you may see, oldest first unless sorted.
    content_assets: ContentAsset(content_asset::Entity) as Campaign, id ContentAsset, Rising;
    query ContentAssetQuery, filter ContentAssetFilter, sort ContentAssetSort {
        /// By title.
        P title: TextFilter = Title;
        /// By kind.
        P kind: AnyOf<ContentKind> = Kind;
        /// By campaign.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By language.
        P language: TextFilter = Language;
    }
}

removal! {
    /// Takes a piece of content out of the lists. Touches keep its name.
    delete_content_asset: content_asset::Entity as Campaign, class P title;
    mutation ContentAssetRemoval, input DeleteContentAssetInput, payload DeleteContentAssetPayload;
}
