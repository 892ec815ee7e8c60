//! The colleague: somebody who works for the company. Entered by an admin or the directory's integrator, and never taken away:
//! who has left is set inactive, and from the next request on its tokens reach no team, no queue and nothing of its own.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::{account_team_member, colleague, industry_team_member},
    codes::Discipline,
    tenant::queue_member,
};
use sea_orm::{ActiveValue, Set};
use uuid::Uuid;

use super::{AccountTeamMember, IndustryTeamMember, QueueMember};
use crate::{
    graph::{
        AnyOf, Cx, Error, GlobalId, Kind, MAX_LINE, Result, TextFilter, UserErrorCode, line, line_patch, name_patch,
        patch_required, text,
    },
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::access,
};

object! {
    /// Somebody who works for the company that runs this Journey.
    Colleague(colleague::Entity) as Reference, id Colleague {
        /// The full name.
        N name: String = |row| row.name.clone();
        /// The company mail address.
        C email: String = |row| row.email.clone();
        /// The discipline.
        P department: Discipline = |row| row.department;
        /// The job title.
        N title: String = |row| row.title.clone();
        /// Whether the colleague still works here.
        P is_active: bool = |row| row.is_active;
        /// The `sub` of the tokens that speak for the colleague; null for somebody who does not sign in.
        C subject: String = |row| row.subject.clone();
    }
    lists {
        /// The memberships in account teams that you may see, ended ones too, oldest first.
        account_teams: AccountTeamMember = account_team_member::Entity, account_team_member::Column::ColleagueId, Rising;
        /// The memberships in industry teams, ended ones too, oldest first.
        industry_teams: IndustryTeamMember = industry_team_member::Entity, industry_team_member::Column::ColleagueId, Rising;
        /// The memberships in queues, ended ones too, oldest first.
        queue_memberships: QueueMember = queue_member::Entity, queue_member::Column::ColleagueId, Rising;
    }
}

input! {
    /// A new colleague. What it may do is in its tokens, and in the teams and queues that it joins.
    CreateColleagueInput for Reference {
        /// The full name, at most 255 characters.
        N name: String;
        /// The company mail address, at most 255 characters.
        C email: String;
        /// The discipline: it decides which notes are for the colleague, and which teams marketing may put it on.
        P department: Discipline;
        /// The job title, at most 255 characters.
        N title: Option<String>;
        /// The `sub` of the tokens that will speak for the colleague, at most 255 characters, unique in the tenant.
        C subject: Option<String>;
    }
}

input! {
    /// A change of a colleague: absent leaves, null clears.
    UpdateColleagueInput for Reference {
        /// The full name.
        N name: MaybeUndefined<String>;
        /// The company mail address.
        C email: MaybeUndefined<String>;
        /// The discipline.
        P department: MaybeUndefined<Discipline>;
        /// The job title.
        N title: MaybeUndefined<String>;
        /// The `sub` of the colleague's tokens. Whoever holds a token with another one is nobody's voice from then on.
        C subject: MaybeUndefined<String>;
        /// False for a colleague who has left, true for one who has come back.
        P is_active: MaybeUndefined<bool>;
    }
    plain {
        /// Which colleague.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createColleague` answers.
    CreateColleaguePayload {
        /// The new colleague; null if it was refused.
        colleague: Colleague
    }
}

payload! {
    /// What `updateColleague` answers.
    UpdateColleaguePayload {
        /// The changed colleague; null if it was refused.
        colleague: Colleague
    }
}

/// Enters a colleague.
pub async fn create(cx: &Cx, input: CreateColleagueInput) -> Result<Colleague> {
    let written = input.written();
    let CreateColleagueInput { name, email, department, title, subject } = input;
    let mut work = Work::begin(cx).await?;
    let row = colleague::ActiveModel {
        name: Set(text("name", name, MAX_LINE)?),
        email: Set(mail("email", email)?),
        department: Set(department),
        title: Set(line("title", title)?),
        subject: Set(line("subject", subject)?),
        is_active: Set(true),
        ..Default::default()
    };
    let row = work.insert_unique::<colleague::Entity>("subject", row).await?;
    let seen = work.reached::<colleague::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Colleague(seen))
}

/// Changes a colleague, or lets it go or come back. Memberships and what it owns stay as they are.
pub async fn update(cx: &Cx, input: UpdateColleagueInput) -> Result<Colleague> {
    let written = input.written();
    let UpdateColleagueInput { id, if_version, name, email, department, title, subject, is_active } = input;
    let id = id.named("id", Kind::Colleague)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<colleague::Entity>(id, if_version, &written).await?;
    let row = colleague::ActiveModel {
        name: name_patch("name", name)?,
        email: match patch_required("email", email)? {
            ActiveValue::Set(email) => Set(mail("email", email)?),
            other => other,
        },
        department: patch_required("department", department)?,
        title: line_patch("title", title)?,
        subject: line_patch("subject", subject)?,
        is_active: patch_required("isActive", is_active)?,
        ..Default::default()
    };
    work.update::<colleague::Entity>(&seen, row).await.map_err(|error| error.duplicate_at("subject"))?;
    let seen = work.reached::<colleague::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Colleague(seen))
}

/// A mail address, as far as a look at it can tell.
pub(crate) fn mail(path: &str, value: String) -> Result<String> {
    let value = text(path, value, MAX_LINE)?;
    let sound = match value.split_once('@') {
        Some((name, host)) => !name.is_empty() && !host.is_empty() && !host.contains('@'),
        None => false,
    };
    match sound && !value.contains(char::is_whitespace) {
        true => Ok(value),
        false => Err(Error::invalid(path, "a mail address, such as anna@example.com")),
    }
}

/// A colleague who works here: nobody else can be given a place on a team or in a queue, or anything to look after.
pub(super) async fn refer_active(work: &Work<'_>, path: &str, id: GlobalId) -> Result<Uuid> {
    let colleague = work.refer::<colleague::Entity>(path, id).await?;
    match colleague.row().is_active {
        true => Ok(colleague.row().id),
        false => Err(Error::user(UserErrorCode::StateConflict, path, "the colleague does not work here any more")),
    }
}

listed! {
    /// One colleague; null if there is none that you may see.
    colleague,
    /// The colleagues that you may see, oldest first unless sorted.
    colleagues: Colleague(colleague::Entity) as Reference, id Colleague, Rising;
    query ColleagueQuery, filter ColleagueFilter, sort ColleagueSort {
        /// By name.
        N name: TextFilter = Name;
        /// By mail address.
        C email: TextFilter = Email;
        /// By discipline.
        P department: AnyOf<Discipline> = Department;
        /// By whether they still work here.
        P is_active: bool = IsActive;
        /// By the `sub` of their tokens.
        C subject: TextFilter = Subject;
    }
}

/// Entering and changing colleagues.
#[derive(Default)]
pub struct ColleagueMutation;

#[Object]
impl ColleagueMutation {
    /// Enters a colleague. DUPLICATE if another has this `subject`. Event: `record.created`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn create_colleague(&self, ctx: &Context<'_>, input: CreateColleagueInput) -> Result<CreateColleaguePayload> {
        let cx = Cx::of(ctx);
        CreateColleaguePayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a colleague. `isActive: false` takes effect at the colleague's next request, and ends its streams. Event:
    /// `record.updated`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn update_colleague(&self, ctx: &Context<'_>, input: UpdateColleagueInput) -> Result<UpdateColleaguePayload> {
        let cx = Cx::of(ctx);
        UpdateColleaguePayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
