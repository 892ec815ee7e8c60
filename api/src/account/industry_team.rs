//! The industry team: the account team's method for a target industry. A member reaches every account of the industry and of those
//! below it, as far as its levels say, from the next request on.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{colleague, industry, industry_team_member},
    codes::{AccessLevel, Discipline},
};
use sea_orm::{ColumnTrait, Set};

use super::{Colleague, Industry, colleague::refer_active, giving::stands_for, team};
use crate::{
    graph::{AnyOf, Cx, GlobalId, Ids, Kind, Result, TimeFilter, patch_required},
    input,
    journey::{Event, EventKind, ObjectType, Payload, Work, attempt},
    listed, object, payload,
    policy::{Class, access},
};

object! {
    /// A colleague's membership in the team of an industry.
    IndustryTeamMember(industry_team_member::Entity) as IndustryTeam, id IndustryTeamMember {
        /// The discipline that the member stands for.
        P discipline: Discipline = |row| row.discipline;
        /// Whether the member leads the discipline here.
        P is_lead: bool = |row| row.is_lead;
        /// How far the member reaches the accounts themselves, their people and teams.
        P access_account: AccessLevel = |row| row.access_account;
        /// How far the member reaches campaigns' touches and leads of the accounts.
        P access_marketing: AccessLevel = |row| row.access_marketing;
        /// How far the member reaches opportunities, meetings and orders.
        P access_sales: AccessLevel = |row| row.access_sales;
        /// How far the member reaches assets and tickets.
        P access_service: AccessLevel = |row| row.access_service;
        /// Since when (UTC).
        P valid_from: DateTime<Utc> = |row| row.valid_from;
        /// Until when (UTC), exclusive; null while it lasts.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
    }
    refs {
        /// The colleague.
        P colleague: Colleague = colleague::Entity, |row| row.colleague_id;
        /// The industry.
        P industry: Industry = industry::Entity, |row| row.industry_id;
    }
}

input! {
    /// A new member of an industry's team.
    AddIndustryTeamMemberInput for IndustryTeam {
        /// The industry: the member reaches the accounts of it and of those below.
        P industry_id: GlobalId;
        /// The discipline that the member stands for.
        P discipline: Discipline;
        /// Whether the member leads the discipline here; false unless said.
        P is_lead: Option<bool>;
        /// READ unless said otherwise.
        P access_account: Option<AccessLevel>;
        /// READ unless said otherwise; EDIT in the member's own wing.
        P access_marketing: Option<AccessLevel>;
        /// READ unless said otherwise; EDIT in the member's own wing.
        P access_sales: Option<AccessLevel>;
        /// READ unless said otherwise; EDIT in the member's own wing.
        P access_service: Option<AccessLevel>;
    }
    plain {
        /// The colleague; must be active.
        colleague_id: GlobalId;
    }
}

input! {
    /// A change of a membership that lasts: absent leaves, null clears.
    UpdateIndustryTeamMemberInput for IndustryTeam {
        /// Whether the member leads the discipline here.
        P is_lead: MaybeUndefined<bool>;
        /// How far the member reaches the accounts themselves.
        P access_account: MaybeUndefined<AccessLevel>;
        /// How far the member reaches touches and leads.
        P access_marketing: MaybeUndefined<AccessLevel>;
        /// How far the member reaches opportunities, meetings and orders.
        P access_sales: MaybeUndefined<AccessLevel>;
        /// How far the member reaches assets and tickets.
        P access_service: MaybeUndefined<AccessLevel>;
        /// Until when, exclusive: not before its begin; null for no end.
        P valid_to: MaybeUndefined<DateTime<Utc>>;
    }
    plain {
        /// Which membership.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

/// The end of a membership.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveIndustryTeamMemberInput {
    /// Which membership.
    pub id: GlobalId,
    /// End it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `addIndustryTeamMember` answers.
    AddIndustryTeamMemberPayload {
        /// The new membership; null if it was refused.
        industry_team_member: IndustryTeamMember
    }
}

payload! {
    /// What `updateIndustryTeamMember` answers.
    UpdateIndustryTeamMemberPayload {
        /// The changed membership; null if it was refused.
        industry_team_member: IndustryTeamMember
    }
}

payload! {
    /// What `removeIndustryTeamMember` answers.
    RemoveIndustryTeamMemberPayload {
        /// The ended membership; null if it was refused.
        industry_team_member: IndustryTeamMember
    }
}

/// Adds a member.
pub async fn add(cx: &Cx, input: AddIndustryTeamMemberInput) -> Result<IndustryTeamMember> {
    let written = input.written();
    let AddIndustryTeamMemberInput {
        industry_id,
        colleague_id,
        discipline,
        is_lead,
        access_account,
        access_marketing,
        access_sales,
        access_service,
    } = input;
    let mut work = Work::begin(cx).await?;
    let industry = work.refer::<industry::Entity>("industryId", industry_id).await?;
    let colleague = refer_active(&work, "colleagueId", colleague_id).await?;
    work.hold_unscoped::<industry::Entity>(industry.row().id).await?;
    let already = cx
        .caller
        .rows::<industry_team_member::Entity>()
        .filter(industry_team_member::Column::IndustryId.eq(industry.row().id))
        .filter(industry_team_member::Column::ColleagueId.eq(colleague))
        .filter(industry_team_member::Column::Discipline.eq(discipline))
        .filter(team::lasting(industry_team_member::Column::ValidTo, work.now()))
        .count(work.tx())
        .await?;
    if already > 0 {
        return Err(team::on_it_already());
    }
    stands_for(&work, colleague, discipline).await?;
    let row = work
        .insert::<industry_team_member::Entity>(industry_team_member::ActiveModel {
            industry_id: Set(industry.row().id),
            colleague_id: Set(colleague),
            discipline: Set(discipline),
            is_lead: Set(is_lead.unwrap_or(false)),
            access_account: Set(access_account.unwrap_or(AccessLevel::Read)),
            access_marketing: Set(team::level(discipline, access_marketing, Discipline::Marketing)),
            access_sales: Set(team::level(discipline, access_sales, Discipline::Sales)),
            access_service: Set(team::level(discipline, access_service, Discipline::Service)),
            valid_from: Set(work.now()),
            ..Default::default()
        })
        .await?;
    work.record(event(EventKind::TeamMemberAdded, &row));
    let seen = work.reached::<industry_team_member::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(IndustryTeamMember(seen))
}

/// Changes how far a member reaches, or until when.
pub async fn update(cx: &Cx, input: UpdateIndustryTeamMemberInput) -> Result<IndustryTeamMember> {
    let written = input.written();
    let UpdateIndustryTeamMemberInput {
        id,
        if_version,
        is_lead,
        access_account,
        access_marketing,
        access_sales,
        access_service,
        valid_to,
    } = input;
    let id = id.named("id", Kind::IndustryTeamMember)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<industry_team_member::Entity>(id, if_version, &written).await?;
    team::not_over(seen.row().valid_to, work.now())?;
    let row = industry_team_member::ActiveModel {
        is_lead: patch_required("isLead", is_lead)?,
        access_account: patch_required("accessAccount", access_account)?,
        access_marketing: patch_required("accessMarketing", access_marketing)?,
        access_sales: patch_required("accessSales", access_sales)?,
        access_service: patch_required("accessService", access_service)?,
        valid_to: team::end(seen.row().valid_from, valid_to)?,
        ..Default::default()
    };
    let row = work.update::<industry_team_member::Entity>(&seen, row).await?;
    if team::is_over(row.valid_to, work.now()) {
        work.record(event(EventKind::TeamMemberRemoved, &row));
    }
    let seen = work.reached::<industry_team_member::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(IndustryTeamMember(seen))
}

/// Ends a membership; it stays on record.
pub async fn remove(cx: &Cx, input: RemoveIndustryTeamMemberInput) -> Result<IndustryTeamMember> {
    let RemoveIndustryTeamMemberInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::IndustryTeamMember)?, [(Class::P, "valid_to")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<industry_team_member::Entity>(id, if_version, &written).await?;
    team::not_over(seen.row().valid_to, work.now())?;
    let ended = industry_team_member::ActiveModel {
        valid_to: Set(Some(Ord::max(seen.row().valid_from, work.now()))),
        ..Default::default()
    };
    let row = work.update::<industry_team_member::Entity>(&seen, ended).await?;
    work.record(event(EventKind::TeamMemberRemoved, &row));
    let seen = work.reached::<industry_team_member::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(IndustryTeamMember(seen))
}

fn event(kind: EventKind, row: &industry_team_member::Model) -> Event {
    let payload = Payload::Team { colleague_id: row.colleague_id, discipline: row.discipline.as_str().to_owned() };
    Event::of::<industry_team_member::Entity>(kind, row, payload).object(ObjectType::IndustryTeamMember, row.id)
}

listed! {
    /// One membership in an industry's team; null if there is none that you may see.
    industry_team_member,
    /// The memberships in industry teams that you may see, ended ones too, oldest first unless sorted.
    industry_team_members: IndustryTeamMember(industry_team_member::Entity) as IndustryTeam, id IndustryTeamMember, Rising;
    query IndustryTeamMemberQuery, filter IndustryTeamMemberFilter, sort IndustryTeamMemberSort {
        /// By industry.
        P industry_id: Ids = IndustryId, of Industry;
        /// By colleague.
        P colleague_id: Ids = ColleagueId, of Colleague;
        /// By discipline.
        P discipline: AnyOf<Discipline> = Discipline;
        /// By whether the member leads.
        P is_lead: bool = IsLead;
        /// By its begin.
        P valid_from: TimeFilter = ValidFrom;
        /// By its end; `isNull: true` leaves what lasts.
        P valid_to: TimeFilter = ValidTo;
    }
}

/// Changing the teams of industries.
#[derive(Default)]
pub struct IndustryTeamMutation;

#[Object]
impl IndustryTeamMutation {
    /// Puts a colleague on the team of an industry. DUPLICATE if it is on it in this discipline. Event: `team.member_added`.
    #[graphql(directive = access::apply("IndustryTeam".into(), "P".into(), true))]
    async fn add_industry_team_member(
        &self,
        ctx: &Context<'_>,
        input: AddIndustryTeamMemberInput,
    ) -> Result<AddIndustryTeamMemberPayload> {
        let cx = Cx::of(ctx);
        AddIndustryTeamMemberPayload::of(attempt(|| add(cx, input.clone())).await)
    }

    /// Changes how far a member reaches, or until when. STATE_CONFLICT once the membership is over. Open streams that stood on it
    /// end. Event: `record.updated`; `team.member_removed` where it ends by now.
    #[graphql(directive = access::apply("IndustryTeam".into(), "P".into(), true))]
    async fn update_industry_team_member(
        &self,
        ctx: &Context<'_>,
        input: UpdateIndustryTeamMemberInput,
    ) -> Result<UpdateIndustryTeamMemberPayload> {
        let cx = Cx::of(ctx);
        UpdateIndustryTeamMemberPayload::of(attempt(|| update(cx, input.clone())).await)
    }

    /// Ends a membership. Open streams that stood on it end at the next event. Event: `team.member_removed`.
    #[graphql(directive = access::apply("IndustryTeam".into(), "P".into(), true))]
    async fn remove_industry_team_member(
        &self,
        ctx: &Context<'_>,
        input: RemoveIndustryTeamMemberInput,
    ) -> Result<RemoveIndustryTeamMemberPayload> {
        let cx = Cx::of(ctx);
        RemoveIndustryTeamMemberPayload::of(attempt(|| remove(cx, input.clone())).await)
    }
}
