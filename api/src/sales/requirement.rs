//! The requirement: what a customer said that they need, on its way back to marketing.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::{account, colleague, contact, industry},
    codes::{RequirementCategory, RequirementStatus},
    marketing::campaign,
    sales::{meeting, opportunity, requirement},
};
use sea_orm::Set;

use super::{Meeting, Opportunity};
use crate::{
    account::{Account, Colleague, Contact, Industry, ground},
    graph::{AnyOf, Cx, GlobalId, Ids, Kind, Result, TextFilter, patch_required, prose, prose_patch},
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed,
    marketing::Campaign,
    object, payload,
    policy::{Seen, Type, access},
    removal, teamwork,
};

object! {
    /// What a customer needs, in their words: the voice of the market on its way back to marketing.
    Requirement(requirement::Entity) as Meeting, id Requirement {
        /// What it is about.
        P category: RequirementCategory = |row| row.category;
        /// What the customer said.
        T statement: String = |row| row.statement.clone();
        /// What became of it.
        P status: RequirementStatus = |row| row.status;
    }
    refs {
        /// The customer.
        P account: Account = account::Entity, |row| row.account_id;
        /// Who said it; null where unknown.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// Where it was said; null where elsewhere.
        P meeting: Meeting = meeting::Entity, |row| row.meeting_id;
        /// The opportunity that it touches; null for none.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
        /// The customer's industry when it was said; null where none was known.
        P industry: Industry = industry::Entity, |row| row.industry_id;
        /// The campaign that answers it; null for none yet.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
        /// Who wrote it down; null for a machine.
        P author: Colleague = colleague::Entity, |row| row.author_id;
    }
    teamwork Requirement;
}

input! {
    /// Something that a customer needs. Its industry is the account's at this time.
    RecordRequirementInput for Meeting {
        /// The customer.
        P account_id: GlobalId;
        /// Who said it.
        P contact_id: Option<GlobalId>;
        /// Where it was said; a meeting with this customer.
        P meeting_id: Option<GlobalId>;
        /// The opportunity that it touches.
        P opportunity_id: Option<GlobalId>;
        /// What it is about.
        P category: RequirementCategory;
        /// What the customer said, at most 10,000 characters.
        T statement: String;
    }
}

input! {
    /// A correction of a requirement: absent leaves, null clears.
    UpdateRequirementInput for Meeting {
        /// What it is about.
        P category: MaybeUndefined<RequirementCategory>;
        /// What the customer said, at most 20,000 characters.
        T statement: MaybeUndefined<String>;
        /// What became of it.
        P status: MaybeUndefined<RequirementStatus>;
        /// The industry in whose name it is heard.
        P industry_id: MaybeUndefined<GlobalId>;
        /// Who said it.
        P contact_id: MaybeUndefined<GlobalId>;
        /// Where it was said; a meeting with this customer.
        P meeting_id: MaybeUndefined<GlobalId>;
        /// The opportunity that it touches; one of this customer's.
        P opportunity_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which requirement.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// What becomes of a requirement.
    AnswerRequirementInput for Meeting {
        /// What became of it.
        P status: MaybeUndefined<RequirementStatus>;
        /// The campaign that answers it.
        P campaign_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which requirement.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `recordRequirement` answers.
    RecordRequirementPayload {
        /// The requirement; null if it was refused.
        requirement: Requirement
    }
}

payload! {
    /// What `updateRequirement` answers.
    UpdateRequirementPayload {
        /// The corrected requirement; null if it was refused.
        requirement: Requirement
    }
}

payload! {
    /// What `answerRequirement` answers.
    AnswerRequirementPayload {
        /// The requirement; null if it was refused.
        requirement: Requirement
    }
}

/// Writes down what a customer needs.
pub async fn record(cx: &Cx, input: RecordRequirementInput) -> Result<Requirement> {
    let written = input.written();
    let RecordRequirementInput { account_id, contact_id, meeting_id, opportunity_id, category, statement } = input;
    let mut work = Work::begin(cx).await?;
    let account = work.refer::<account::Entity>("accountId", account_id).await?;
    let customer = account.row().id;
    ground::may_stand(&work, Type::Meeting, "accountId", Some(customer)).await?;
    let row = work
        .insert::<requirement::Entity>(requirement::ActiveModel {
            account_id: Set(Some(customer)),
            contact_id: Set(ground::person_opt(&work, "contactId", contact_id, Some(customer)).await?),
            meeting_id: Set(super::of_account::<meeting::Entity>(&work, "meetingId", meeting_id, customer).await?),
            opportunity_id: Set(super::of_account::<opportunity::Entity>(
                &work,
                "opportunityId",
                opportunity_id,
                customer,
            )
            .await?),
            industry_id: Set(account.row().industry_id),
            category: Set(category),
            statement: Set(prose("statement", statement, 10_000)?),
            status: Set(RequirementStatus::Open),
            author_id: Set(cx.caller.colleague),
            ..Default::default()
        })
        .await?;
    work.record(event_of(&row));
    let seen = work.reached::<requirement::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Requirement(seen))
}

/// Corrects a requirement.
pub async fn update(cx: &Cx, input: UpdateRequirementInput) -> Result<Requirement> {
    let written = input.written();
    let UpdateRequirementInput {
        id,
        if_version,
        category,
        statement,
        status,
        industry_id,
        contact_id,
        meeting_id,
        opportunity_id,
    } = input;
    let id = id.named("id", Kind::Requirement)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<requirement::Entity>(id, if_version, &written).await?;
    let customer = seen.row().account_id;
    let row = requirement::ActiveModel {
        category: patch_required("category", category)?,
        statement: prose_patch("statement", statement)?,
        status: patch_required("status", status)?,
        industry_id: work.refer_patch::<industry::Entity>("industryId", industry_id).await?,
        contact_id: ground::person_patch(&work, "contactId", contact_id, customer).await?,
        meeting_id: super::patch_of_account::<meeting::Entity>(&work, "meetingId", meeting_id, customer).await?,
        opportunity_id: super::patch_of_account::<opportunity::Entity>(
            &work,
            "opportunityId",
            opportunity_id,
            customer,
        )
        .await?,
        ..Default::default()
    };
    let row = work.update::<requirement::Entity>(&seen, row).await?;
    work.correct(event_of(seen.row()), event_of(&row)).await?;
    let seen = work.reached::<requirement::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Requirement(seen))
}

/// Says what became of a requirement.
pub async fn answer(cx: &Cx, input: AnswerRequirementInput) -> Result<Requirement> {
    let written = input.written();
    let AnswerRequirementInput { id, if_version, status, campaign_id } = input;
    let id = id.named("id", Kind::Requirement)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<requirement::Entity>(id, if_version, &written).await?;
    let row = requirement::ActiveModel {
        status: patch_required("status", status)?,
        campaign_id: work.refer_patch::<campaign::Entity>("campaignId", campaign_id).await?,
        ..Default::default()
    };
    work.update::<requirement::Entity>(&seen, row).await?;
    let seen = work.reached::<requirement::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Requirement(seen))
}

listed! {
    /// One requirement; null if there is none that you may see.
    requirement,
    /// The requirements that you may see, newest first unless sorted.
    requirements: Requirement(requirement::Entity) as Meeting, id Requirement, Falling;
    query RequirementQuery, filter RequirementFilter, sort RequirementSort {
        /// By what it is about.
        P category: AnyOf<RequirementCategory> = Category;
        /// By what was said.
        T statement: TextFilter = Statement;
        /// By what became of it.
        P status: AnyOf<RequirementStatus> = Status;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By who said it.
        P contact_id: Ids = ContactId, of Contact;
        /// By meeting.
        P meeting_id: Ids = MeetingId, of Meeting;
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
        /// By industry.
        P industry_id: Ids = IndustryId, of Industry;
        /// By the campaign that answers it.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By who wrote it down.
        P author_id: Ids = AuthorId, of Colleague;
    }
}

removal! {
    /// Takes a requirement away that nobody has, and its event off the timelines.
    delete_requirement: requirement::Entity as Meeting, class T statement, checked;
    mutation RequirementRemoval, input DeleteRequirementInput, payload DeleteRequirementPayload;
}

impl Removable for requirement::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<requirement::Model>) -> Result<()> {
        work.retract(&event_of(seen.row())).await
    }
}

/// The event of a requirement, at the time when it was written down.
fn event_of(row: &requirement::Model) -> Event {
    let payload = Payload::Requirement { category: row.category.as_str().to_owned() };
    Event::of::<requirement::Entity>(EventKind::RequirementRecorded, row, payload).at(row.created_at)
}

/// Changing requirements.
#[derive(Default)]
pub struct RequirementMutation;

#[Object]
impl RequirementMutation {
    /// Writes down what a customer said that they need. Event: `requirement.recorded`.
    #[graphql(directive = access::apply("Meeting".into(), "T".into(), true))]
    async fn record_requirement(
        &self,
        ctx: &Context<'_>,
        input: RecordRequirementInput,
    ) -> Result<RecordRequirementPayload> {
        let cx = Cx::of(ctx);
        RecordRequirementPayload::of(attempt(|| record(cx, input.clone())).await)
    }

    /// Corrects what was written down.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn update_requirement(
        &self,
        ctx: &Context<'_>,
        input: UpdateRequirementInput,
    ) -> Result<UpdateRequirementPayload> {
        let cx = Cx::of(ctx);
        UpdateRequirementPayload::of(attempt(|| update(cx, input.clone())).await)
    }

    /// Says what became of a requirement, and which campaign answers it.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn answer_requirement(
        &self,
        ctx: &Context<'_>,
        input: AnswerRequirementInput,
    ) -> Result<AnswerRequirementPayload> {
        let cx = Cx::of(ctx);
        AnswerRequirementPayload::of(attempt(|| answer(cx, input.clone())).await)
    }
}
