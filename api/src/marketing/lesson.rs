//! The lesson: what rejections taught, carried into the next campaign.

use async_graphql::{Context, Object};
use entities::{
    account::colleague,
    codes::ReasonCode,
    marketing::{campaign, lesson},
};
use sea_orm::Set;

use super::{Campaign, MAX_TEXT};
use crate::{
    account::Colleague,
    graph::{Cx, GlobalId, Result, text},
    input,
    journey::{Work, attempt},
    object, payload,
    policy::access,
};

object! {
    /// What the rejections of a campaign taught, and the campaign that took it up.
    Lesson(lesson::Entity) as Lesson, id Lesson {
        /// The reasons that it stands on.
        P reason_codes: Vec<ReasonCode> = |row| reasons(&row.reason_codes);
        /// What to do otherwise next time.
        T text: String = |row| row.text.clone();
    }
    refs {
        /// The campaign that was rejected.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
        /// The campaign that took the lesson up; null while none did.
        P applied_to_campaign: Campaign = campaign::Entity, |row| row.applied_to_campaign_id;
        /// Who wrote it; null for a machine.
        P author: Colleague = colleague::Entity, |row| row.author_id;
    }
}

fn reasons(codes: &serde_json::Value) -> Vec<ReasonCode> {
    let codes = codes.as_array().map(Vec::as_slice).unwrap_or_default();
    codes.iter().filter_map(|code| ReasonCode::parse(code.as_str()?)).collect()
}

input! {
    /// A new lesson.
    CreateLessonInput for Lesson {
        /// The campaign that was rejected.
        P campaign_id: GlobalId;
        /// The reasons that it stands on.
        P reason_codes: Vec<ReasonCode>;
        /// What to do otherwise next time, at most 10,000 characters.
        T text: String;
        /// The campaign that takes it up.
        P applied_to_campaign_id: Option<GlobalId>;
    }
}

payload! {
    /// What `createLesson` answers.
    CreateLessonPayload {
        /// The new lesson; null if it was refused.
        lesson: Lesson
    }
}

/// Creates a lesson.
pub async fn create(cx: &Cx, input: CreateLessonInput) -> Result<Lesson> {
    let written = input.written();
    let CreateLessonInput { campaign_id, reason_codes, text: words, applied_to_campaign_id } = input;
    let mut codes: Vec<&str> = reason_codes.into_iter().map(ReasonCode::as_str).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut work = Work::begin(cx).await?;
    let campaign = work.refer::<campaign::Entity>("campaignId", campaign_id).await?;
    let applied = work.refer_opt::<campaign::Entity>("appliedToCampaignId", applied_to_campaign_id).await?;
    let row = work
        .insert::<lesson::Entity>(lesson::ActiveModel {
            campaign_id: Set(campaign.row().id),
            reason_codes: Set(codes.into()),
            text: Set(text("text", words, MAX_TEXT)?),
            applied_to_campaign_id: Set(applied),
            author_id: Set(cx.caller.colleague),
            ..Default::default()
        })
        .await?;
    let seen = work.reached::<lesson::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Lesson(seen))
}

/// Writing lessons.
#[derive(Default)]
pub struct LessonMutation;

#[Object]
impl LessonMutation {
    /// Writes down what rejections taught.
    #[graphql(directive = access::apply("Lesson".into(), "T".into(), true))]
    async fn create_lesson(&self, ctx: &Context<'_>, input: CreateLessonInput) -> Result<CreateLessonPayload> {
        let cx = Cx::of(ctx);
        CreateLessonPayload::of(attempt(|| create(cx, input.clone())).await)
    }
}
