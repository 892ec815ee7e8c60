//! Content: white papers, pages, videos. The installed base is the service wing's `Asset`.

use async_graphql::{Context, Object};
use entities::{
    codes::ContentKind,
    marketing::{campaign, content_asset, touchpoint},
};
use sea_orm::Set;

use super::{Campaign, MAX_TEXT, Touchpoint, bare_url, words};
use crate::{
    graph::{Cx, GlobalId, Result, text},
    input,
    journey::{Work, attempt},
    object, payload,
    policy::access,
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

input! {
    /// A new piece of content.
    CreateContentAssetInput for Campaign {
        /// What it is called, at most 255 characters.
        P title: String;
        /// What it is.
        P kind: ContentKind;
        /// Where it is; query and fragment are not kept.
        P url: Option<String>;
        /// The campaign that it is made for.
        P campaign_id: Option<GlobalId>;
        /// Its language: BCP 47.
        P language: Option<String>;
        /// What it is about.
        T description: Option<String>;
    }
}

payload! {
    /// What `createContentAsset` answers.
    CreateContentAssetPayload {
        /// The new piece of content; null if it was refused.
        content_asset: ContentAsset
    }
}

/// Creates a piece of content.
pub async fn create(cx: &Cx, input: CreateContentAssetInput) -> Result<ContentAsset> {
    let written = input.written();
    let CreateContentAssetInput { title, kind, url, campaign_id, language, description } = input;
    let mut work = Work::begin(cx).await?;
    let row = work
        .insert::<content_asset::Entity>(content_asset::ActiveModel {
            title: Set(text("title", title, 255)?),
            kind: Set(kind),
            url: Set(bare_url("url", url)?),
            campaign_id: Set(work.refer_opt::<campaign::Entity>("campaignId", campaign_id).await?),
            language: Set(words("language", language, 35)?),
            description: Set(words("description", description, MAX_TEXT)?),
            ..Default::default()
        })
        .await?;
    let seen = work.reached::<content_asset::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(ContentAsset(seen))
}

/// Changing content.
#[derive(Default)]
pub struct ContentMutation;

#[Object]
impl ContentMutation {
    /// Records a piece of content, so that touches can name it.
    #[graphql(directive = access::apply("Campaign".into(), "P".into(), true))]
    async fn create_content_asset(
        &self,
        ctx: &Context<'_>,
        input: CreateContentAssetInput,
    ) -> Result<CreateContentAssetPayload> {
        let cx = Cx::of(ctx);
        CreateContentAssetPayload::of(attempt(|| create(cx, input.clone())).await)
    }
}
