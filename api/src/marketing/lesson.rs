//! The lesson: what rejections taught, carried into the next campaign.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::colleague,
    codes::ReasonCode,
    marketing::{campaign, lesson},
};
use sea_orm::{ActiveValue::NotSet, Set};

use super::{Campaign, MAX_TEXT};
use crate::{
    account::Colleague,
    graph::{Cx, GlobalId, Ids, Kind, Result, patch_required, prose, prose_patch},
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::access,
    removal,
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
    let codes = codes_of(reason_codes);
    let mut work = Work::begin(cx).await?;
    let campaign = work.refer::<campaign::Entity>("campaignId", campaign_id).await?;
    let applied = work.refer_opt::<campaign::Entity>("appliedToCampaignId", applied_to_campaign_id).await?;
    let row = work
        .insert::<lesson::Entity>(lesson::ActiveModel {
            campaign_id: Set(campaign.row().id),
            reason_codes: Set(codes),
            text: Set(prose("text", words, MAX_TEXT)?),
            applied_to_campaign_id: Set(applied),
            author_id: Set(cx.caller.colleague),
            ..Default::default()
        })
        .await?;
    let seen = work.reached::<lesson::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Lesson(seen))
}

input! {
    /// A change of a lesson: absent leaves, null clears.
    UpdateLessonInput for Lesson {
        /// The reasons that it stands on.
        P reason_codes: MaybeUndefined<Vec<ReasonCode>>;
        /// What to do otherwise next time, at most 10,000 characters.
        T text: MaybeUndefined<String>;
        /// The campaign that takes it up; null: none yet.
        P applied_to_campaign_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which lesson.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateLesson` answers.
    UpdateLessonPayload {
        /// The changed lesson; null if it was refused.
        lesson: Lesson
    }
}

/// Changes a lesson, or lets a campaign take it up.
pub async fn update(cx: &Cx, input: UpdateLessonInput) -> Result<Lesson> {
    let written = input.written();
    let UpdateLessonInput { id, if_version, reason_codes, text: words, applied_to_campaign_id } = input;
    let id = id.named("id", Kind::Lesson)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<lesson::Entity>(id, if_version, &written).await?;
    let row = lesson::ActiveModel {
        reason_codes: match patch_required("reasonCodes", reason_codes.map_value(codes_of))? {
            Set(codes) => Set(codes),
            _ => NotSet,
        },
        text: prose_patch("text", words)?,
        applied_to_campaign_id: work
            .refer_patch::<campaign::Entity>("appliedToCampaignId", applied_to_campaign_id)
            .await?,
        ..Default::default()
    };
    work.update::<lesson::Entity>(&seen, row).await?;
    let seen = work.reached::<lesson::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Lesson(seen))
}

fn codes_of(reasons: Vec<ReasonCode>) -> serde_json::Value {
    let mut codes: Vec<&str> = reasons.into_iter().map(ReasonCode::as_str).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.into()
}

listed! {
    /// One lesson; null if there is none that you may see.
    lesson,
    /// The lessons that you may see, newest first unless sorted.
    lessons: Lesson(lesson::Entity) as Lesson, id Lesson, Falling;
    query LessonQuery, filter LessonFilter, sort LessonSort {
        /// By the campaign that was rejected.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By the campaign that took it up; null stands for those that wait.
        P applied_to_campaign_id: Ids = AppliedToCampaignId, of Campaign;
        /// By who wrote it.
        P author_id: Ids = AuthorId, of Colleague;
    }
}

removal! {
    /// Takes a lesson away.
    delete_lesson: lesson::Entity as Lesson, class T text;
    mutation LessonRemoval, input DeleteLessonInput, payload DeleteLessonPayload;
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

    /// Changes a lesson, or lets a campaign take it up.
    #[graphql(directive = access::apply("Lesson".into(), "P".into(), true))]
    async fn update_lesson(&self, ctx: &Context<'_>, input: UpdateLessonInput) -> Result<UpdateLessonPayload> {
        let cx = Cx::of(ctx);
        UpdateLessonPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
