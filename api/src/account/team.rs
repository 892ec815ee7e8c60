//! The account team: who of all disciplines looks after an account, and how far each may go. This is the row rule itself.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, account_team_member, colleague},
    codes::{AccessLevel, Discipline, Wing},
};
use sea_orm::{ActiveValue, ColumnTrait, Condition, Set};
use uuid::Uuid;

use super::{
    Account, Colleague,
    colleague::refer_active,
    giving::{Standing, Terms, stands_for},
};
use crate::{
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TimeFilter, UserErrorCode, patch, patch_required},
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    listed, object, payload,
    policy::{Class, access},
};

object! {
    /// A colleague's membership in the team of an account.
    AccountTeamMember(account_team_member::Entity) as AccountTeam, id AccountTeamMember {
        /// The discipline that the member stands for.
        P discipline: Discipline = |row| row.discipline;
        /// Whether the member leads the team.
        P is_lead: bool = |row| row.is_lead;
        /// How far the member reaches the account itself, its people and team.
        P access_account: AccessLevel = |row| row.access_account;
        /// How far the member reaches campaigns' touches and leads of the account.
        P access_marketing: AccessLevel = |row| row.access_marketing;
        /// How far the member reaches opportunities, meetings and orders.
        P access_sales: AccessLevel = |row| row.access_sales;
        /// How far the member reaches assets and tickets.
        P access_service: AccessLevel = |row| row.access_service;
        /// Since when.
        P valid_from: DateTime<Utc> = |row| row.valid_from;
        /// Until when, exclusive; null while it lasts.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
    }
    refs {
        /// The colleague.
        P colleague: Colleague = colleague::Entity, |row| row.colleague_id;
        /// The account.
        P account: Account = account::Entity, |row| row.account_id;
    }
}

input! {
    /// A new member of an account's team.
    AddAccountTeamMemberInput for AccountTeam {
        /// The discipline that the member stands for: the colleague's department.
        P discipline: Discipline;
        /// Whether the member leads the team; only who leads it may say so.
        P is_lead: Option<bool>;
        /// READ unless said otherwise. FORBIDDEN beyond your own level, here and below.
        P access_account: Option<AccessLevel>;
        /// READ unless said otherwise; EDIT in the member's own wing; not beyond your own level.
        P access_marketing: Option<AccessLevel>;
        /// READ unless said otherwise; EDIT in the member's own wing; not beyond your own level.
        P access_sales: Option<AccessLevel>;
        /// READ unless said otherwise; EDIT in the member's own wing; not beyond your own level.
        P access_service: Option<AccessLevel>;
    }
    plain {
        /// The account.
        account_id: GlobalId;
        /// The colleague; must be active.
        colleague_id: GlobalId;
    }
}

input! {
    /// A change of a membership that lasts: absent leaves, null clears.
    UpdateAccountTeamMemberInput for AccountTeam {
        /// Whether the member leads the team.
        P is_lead: MaybeUndefined<bool>;
        /// How far the member reaches the account itself, its people and team.
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
pub struct RemoveAccountTeamMemberInput {
    /// Which membership.
    pub id: GlobalId,
    /// End it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `addAccountTeamMember` answers.
    AddAccountTeamMemberPayload {
        /// The new membership; null if it was refused.
        account_team_member: AccountTeamMember
    }
}

payload! {
    /// What `updateAccountTeamMember` answers.
    UpdateAccountTeamMemberPayload {
        /// The changed membership; null if it was refused.
        account_team_member: AccountTeamMember
    }
}

payload! {
    /// What `removeAccountTeamMember` answers.
    RemoveAccountTeamMemberPayload {
        /// The ended membership; null if it was refused.
        account_team_member: AccountTeamMember
    }
}

/// Adds a member.
pub async fn add(cx: &Cx, input: AddAccountTeamMemberInput) -> Result<AccountTeamMember> {
    let written = input.written();
    let AddAccountTeamMemberInput {
        account_id,
        colleague_id,
        discipline,
        is_lead,
        access_account,
        access_marketing,
        access_sales,
        access_service,
    } = input;
    let mut work = Work::begin(cx).await?;
    let account = work.refer::<account::Entity>("accountId", account_id).await?;
    let colleague = refer_active(&work, "colleagueId", colleague_id).await?;
    work.hold_unscoped::<account::Entity>(account.row().id).await?;
    let already = cx
        .caller
        .rows::<account_team_member::Entity>()
        .filter(account_team_member::Column::AccountId.eq(account.row().id))
        .filter(account_team_member::Column::ColleagueId.eq(colleague))
        .filter(account_team_member::Column::Discipline.eq(discipline))
        .filter(lasting(account_team_member::Column::ValidTo, work.now()))
        .count(work.tx())
        .await?;
    if already > 0 {
        return Err(on_it_already());
    }
    stands_for(&work, colleague, discipline).await?;
    let standing = Standing::on(&work, account.row().id).await?;
    let level = |given: Option<AccessLevel>, wing: Wing, own: Option<Discipline>| {
        let usual = if own == Some(discipline) { AccessLevel::Edit } else { AccessLevel::Read };
        given.unwrap_or_else(|| standing.at_most(wing, usual))
    };
    let terms = Terms {
        is_lead: is_lead.unwrap_or(false),
        levels: [
            level(access_account, Wing::Account, None),
            level(access_marketing, Wing::Marketing, Some(Discipline::Marketing)),
            level(access_sales, Wing::Sales, Some(Discipline::Sales)),
            level(access_service, Wing::Service, Some(Discipline::Service)),
        ],
    };
    standing.may_give(colleague, None, terms)?;
    let [access_account, access_marketing, access_sales, access_service] = terms.levels;
    let row = work
        .insert::<account_team_member::Entity>(account_team_member::ActiveModel {
            account_id: Set(account.row().id),
            colleague_id: Set(colleague),
            discipline: Set(discipline),
            is_lead: Set(terms.is_lead),
            access_account: Set(access_account),
            access_marketing: Set(access_marketing),
            access_sales: Set(access_sales),
            access_service: Set(access_service),
            valid_from: Set(work.now()),
            ..Default::default()
        })
        .await?;
    work.record(event(EventKind::TeamMemberAdded, &row));
    let seen = work.reached::<account_team_member::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(AccountTeamMember(seen))
}

/// Whoever takes over responsibility for an account joins its team, in the discipline that it stands for. Whoever is on the
/// team already keeps the levels that were given. The right to this is the decision that was taken, not a cell.
pub async fn join(work: &mut Work<'_>, cx: &Cx, account_id: Uuid) -> Result<()> {
    let (Some(colleague), Some(discipline)) = (cx.caller.colleague, cx.caller.discipline) else { return Ok(()) };
    work.hold_unscoped::<account::Entity>(account_id).await?;
    // Whoever was barred by a membership without any level does not see that row, and stays barred.
    let mine = Condition::all()
        .add(account_team_member::Column::AccountId.eq(account_id))
        .add(account_team_member::Column::ColleagueId.eq(colleague))
        .add(lasting(account_team_member::Column::ValidTo, work.now()));
    if work.tally_unscoped::<account_team_member::Entity>(mine).await? > 0 {
        return Ok(());
    }
    // Technicians work in the wing of service.
    let works_as = if discipline == Discipline::Technical { Discipline::Service } else { discipline };
    let row = work
        .insert::<account_team_member::Entity>(account_team_member::ActiveModel {
            account_id: Set(account_id),
            colleague_id: Set(colleague),
            discipline: Set(discipline),
            is_lead: Set(false),
            access_account: Set(AccessLevel::Read),
            access_marketing: Set(level(works_as, None, Discipline::Marketing)),
            access_sales: Set(level(works_as, None, Discipline::Sales)),
            access_service: Set(level(works_as, None, Discipline::Service)),
            valid_from: Set(work.now()),
            ..Default::default()
        })
        .await?;
    work.record(event(EventKind::TeamMemberAdded, &row));
    Ok(())
}

/// Changes how far a member reaches, or until when.
pub async fn update(cx: &Cx, input: UpdateAccountTeamMemberInput) -> Result<AccountTeamMember> {
    let written = input.written();
    let UpdateAccountTeamMemberInput {
        id,
        if_version,
        is_lead,
        access_account,
        access_marketing,
        access_sales,
        access_service,
        valid_to,
    } = input;
    let id = id.named("id", Kind::AccountTeamMember)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<account_team_member::Entity>(id, if_version, &written).await?;
    not_over(seen.row().valid_to, work.now())?;
    let row = account_team_member::ActiveModel {
        is_lead: patch_required("isLead", is_lead)?,
        access_account: patch_required("accessAccount", access_account)?,
        access_marketing: patch_required("accessMarketing", access_marketing)?,
        access_sales: patch_required("accessSales", access_sales)?,
        access_service: patch_required("accessService", access_service)?,
        valid_to: end(seen.row().valid_from, valid_to)?,
        ..Default::default()
    };
    let standing = Standing::on(&work, seen.row().account_id).await?;
    let before = seen.row();
    let row = work.update::<account_team_member::Entity>(&seen, row).await?;
    // Whoever lets a membership last longer gives it anew.
    let longer = before.valid_to.is_some_and(|end| row.valid_to.is_none_or(|later| later > end));
    standing.may_give(row.colleague_id, (!longer).then(|| Terms::of(before)), Terms::of(&row))?;
    if is_over(row.valid_to, work.now()) {
        work.record(event(EventKind::TeamMemberRemoved, &row));
    }
    let seen = work.reached::<account_team_member::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(AccountTeamMember(seen))
}

/// Ends a membership; it stays on record.
pub async fn remove(cx: &Cx, input: RemoveAccountTeamMemberInput) -> Result<AccountTeamMember> {
    let id = input.id.named("id", Kind::AccountTeamMember)?;
    let mut work = Work::begin(cx).await?;
    let written = [(Class::P, "valid_to")];
    let seen = work.to_change::<account_team_member::Entity>(id, input.if_version, &written).await?;
    not_over(seen.row().valid_to, work.now())?;
    // What has not begun yet ends where it would begin.
    let over = Ord::max(seen.row().valid_from, work.now());
    let ended = account_team_member::ActiveModel { valid_to: Set(Some(over)), ..Default::default() };
    let row = work.update::<account_team_member::Entity>(&seen, ended).await?;
    work.record(event(EventKind::TeamMemberRemoved, &row));
    // Who ends its own membership need not see the row afterwards; the right was checked on the row before.
    let after = cx.caller.rows::<account_team_member::Entity>().by_id(id).one(work.tx()).await?;
    work.commit().await?;
    Ok(AccountTeamMember(after.unwrap_or(seen)))
}

fn event(kind: EventKind, row: &account_team_member::Model) -> Event {
    let payload = Payload::Team { colleague_id: row.colleague_id, discipline: row.discipline.as_str().to_owned() };
    Event::of::<account_team_member::Entity>(kind, row, payload)
}

/// The level in a wing: as it was given, else EDIT in the member's own and READ elsewhere.
pub(super) fn level(discipline: Discipline, given: Option<AccessLevel>, wing: Discipline) -> AccessLevel {
    given.unwrap_or(if discipline == wing { AccessLevel::Edit } else { AccessLevel::Read })
}

/// The memberships that are not over, those among them that are yet to begin.
pub(super) fn lasting(valid_to: impl ColumnTrait, now: DateTime<Utc>) -> Condition {
    Condition::any().add(valid_to.is_null()).add(valid_to.gt(now))
}

pub(super) fn is_over(valid_to: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    valid_to.is_some_and(|end| end <= now)
}

/// What is over is history: it is not changed any more.
pub(super) fn not_over(valid_to: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<()> {
    match is_over(valid_to, now) {
        true => Err(Error::user(UserErrorCode::StateConflict, "id", "the membership has ended already")),
        false => Ok(()),
    }
}

/// The end of a membership from a patch: not before its begin.
pub(super) fn end(
    valid_from: DateTime<Utc>,
    valid_to: MaybeUndefined<DateTime<Utc>>,
) -> Result<ActiveValue<Option<DateTime<Utc>>>> {
    match valid_to {
        MaybeUndefined::Value(end) if end < valid_from => {
            Err(Error::invalid("validTo", "a membership does not end before it begins"))
        }
        valid_to => Ok(patch(valid_to)),
    }
}

pub(super) fn on_it_already() -> Error {
    Error::user(UserErrorCode::Duplicate, "colleagueId", "the colleague is a member already")
}

listed! {
    /// One membership; null if there is none that you may see.
    account_team_member,
    /// The memberships in account teams that you may see, oldest first unless sorted.
    account_team_members: AccountTeamMember(account_team_member::Entity) as AccountTeam, id AccountTeamMember, Rising;
    query AccountTeamMemberQuery, filter AccountTeamMemberFilter, sort AccountTeamMemberSort {
        /// By account.
        P account_id: Ids = AccountId, of Account;
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

/// Changing teams.
#[derive(Default)]
pub struct TeamMutation;

#[Object]
impl TeamMutation {
    /// Puts a colleague on the team of an account. Marketing adds its own discipline, a lead adds anybody. Nobody adds herself,
    /// and nobody gives more than she has; managers and administrators do.
    #[graphql(directive = access::apply("AccountTeam".into(), "P".into(), true))]
    async fn add_account_team_member(
        &self,
        ctx: &Context<'_>,
        input: AddAccountTeamMemberInput,
    ) -> Result<AddAccountTeamMemberPayload> {
        let cx = Cx::of(ctx);
        AddAccountTeamMemberPayload::of(attempt(|| add(cx, input.clone())).await)
    }

    /// Changes how far a member reaches, or until when. STATE_CONFLICT once the membership is over. Open streams that stood on it
    /// end at the next event. Event: `record.updated`; `team.member_removed` where it ends by now.
    #[graphql(directive = access::apply("AccountTeam".into(), "P".into(), true))]
    async fn update_account_team_member(
        &self,
        ctx: &Context<'_>,
        input: UpdateAccountTeamMemberInput,
    ) -> Result<UpdateAccountTeamMemberPayload> {
        let cx = Cx::of(ctx);
        UpdateAccountTeamMemberPayload::of(attempt(|| update(cx, input.clone())).await)
    }

    /// Ends a membership. Open streams that stood on it end at the next event.
    #[graphql(directive = access::apply("AccountTeam".into(), "P".into(), true))]
    async fn remove_account_team_member(
        &self,
        ctx: &Context<'_>,
        input: RemoveAccountTeamMemberInput,
    ) -> Result<RemoveAccountTeamMemberPayload> {
        let cx = Cx::of(ctx);
        RemoveAccountTeamMemberPayload::of(attempt(|| remove(cx, input.clone())).await)
    }
}
