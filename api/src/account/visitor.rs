//! The visitor: somebody on the site, before a name is known.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, contact, identity, visitor},
    codes::ConsentState,
    marketing::{lead, touchpoint},
};
use sea_orm::Set;

use super::{Account, Contact, Identity};
use crate::{
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TimeFilter, patch_required},
    input,
    journey::{Work, attempt, timeline},
    listed,
    marketing::{Lead, Touchpoint},
    object, payload,
    policy::{Class, Sight, access, mask},
    teamwork,
};

object! {
    /// Somebody who was seen, on one browser or device, before a name was known. Marketing sees a pseudonym: when they came,
    /// not who they turned out to be.
    Visitor(visitor::Entity) as Visitor, id Visitor {
        /// What they answered when they were asked about being measured.
        P consent_state: ConsentState = |row| row.consent_state;
    }
    refs {
        /// Who it turned out to be; null while nobody knows, and where you see pseudonyms only.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// The company that they come from; null where unknown, and where you see pseudonyms only.
        P account: Account = account::Entity, |row| row.account_id;
    }
    lists {
        /// Their touchpoints, newest first.
        touchpoints: Touchpoint = touchpoint::Entity, touchpoint::Column::VisitorId, Falling;
        /// Their leads, newest first.
        leads: Lead = lead::Entity, lead::Column::VisitorId, Falling;
        /// What they are recognised by, newest first.
        identities: Identity = identity::Entity, identity::Column::SubjectId, Falling;
    }
    timeline Visitor;
    teamwork Visitor;
    edges {
        /// A short name that stays the same for ever and says nothing about the person.
        #[graphql(directive = access::apply("Visitor".into(), "*".into(), false))]
        async fn pseudonym(&self, ctx: &Context<'_>) -> String {
            mask::pseudonym(&Cx::of(ctx).caller.tenant_key.0, &self.0.row().id.to_string())
        }

        /// When they were seen first (UTC).
        #[graphql(directive = access::apply("Visitor".into(), "P".into(), false))]
        async fn first_seen_at(&self) -> Option<DateTime<Utc>> {
            self.0.read_as(Class::P, "first_seen_at", |row| row.first_seen_at, shown)
        }

        /// When they were seen last (UTC).
        #[graphql(directive = access::apply("Visitor".into(), "P".into(), false))]
        async fn last_seen_at(&self) -> Option<DateTime<Utc>> {
            self.0.read_as(Class::P, "last_seen_at", |row| row.last_seen_at, shown)
        }
    }
}

/// A time names nobody: it shows under a pseudonym, too.
fn shown(sight: Sight, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (sight >= Sight::Pseudonym).then_some(at)
}

input! {
    /// A visitor, as a collector of your own saw one. Who it turns out to be is found out by identities, not entered.
    CreateVisitorInput for Visitor {
        /// When they were seen first (UTC), not in the future; now unless said.
        P first_seen_at: Option<DateTime<Utc>>;
        /// When they were seen last (UTC), not before the first time nor in the future; as the first time unless said.
        P last_seen_at: Option<DateTime<Utc>>;
        /// What they answered when they were asked about being measured; UNKNOWN unless said.
        P consent_state: Option<ConsentState>;
    }
}

input! {
    /// A change of a visitor: absent leaves.
    UpdateVisitorInput for Visitor {
        /// When they were seen last (UTC), not before the first time nor in the future.
        P last_seen_at: MaybeUndefined<DateTime<Utc>>;
        /// What they answered when they were asked about being measured.
        P consent_state: MaybeUndefined<ConsentState>;
    }
    plain {
        /// Which visitor.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createVisitor` answers.
    CreateVisitorPayload {
        /// The new visitor; null if it was refused.
        visitor: Visitor
    }
}

payload! {
    /// What `updateVisitor` answers.
    UpdateVisitorPayload {
        /// The changed visitor; null if it was refused.
        visitor: Visitor
    }
}

/// Writes down somebody who was seen.
pub async fn create(cx: &Cx, input: CreateVisitorInput) -> Result<Visitor> {
    let written = input.written();
    let CreateVisitorInput { first_seen_at, last_seen_at, consent_state } = input;
    let mut work = Work::begin(cx).await?;
    let first = first_seen_at.unwrap_or_else(|| work.now());
    if first > work.now() {
        return Err(Error::invalid("firstSeenAt", "nobody was seen in the future"));
    }
    let last = last_seen(first, last_seen_at.unwrap_or(first), work.now())?;
    let row = visitor::ActiveModel {
        first_seen_at: Set(first),
        last_seen_at: Set(last),
        consent_state: Set(consent_state.unwrap_or(ConsentState::Unknown)),
        ..Default::default()
    };
    let row = work.insert::<visitor::Entity>(row).await?;
    let seen = work.reached::<visitor::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Visitor(seen))
}

/// Changes what a visitor said, or when it was last seen.
pub async fn update(cx: &Cx, input: UpdateVisitorInput) -> Result<Visitor> {
    let written = input.written();
    let UpdateVisitorInput { id, if_version, last_seen_at, consent_state } = input;
    let id = id.named("id", Kind::Visitor)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<visitor::Entity>(id, if_version, &written).await?;
    let last_seen_at = match patch_required("lastSeenAt", last_seen_at)? {
        Set(last) => Set(last_seen(seen.row().first_seen_at, last, work.now())?),
        other => other,
    };
    let consent_state = patch_required("consentState", consent_state)?;
    let row = visitor::ActiveModel { last_seen_at, consent_state, ..Default::default() };
    work.update::<visitor::Entity>(&seen, row).await?;
    let seen = work.reached::<visitor::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Visitor(seen))
}

fn last_seen(first: DateTime<Utc>, last: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match (first..=now).contains(&last) {
        true => Ok(last),
        false => Err(Error::invalid("lastSeenAt", "between the first time and now")),
    }
}

listed! {
    /// One visitor; null if there is none that you may see.
    visitor,
    /// The visitors that you may see, newest first unless sorted.
    visitors: Visitor(visitor::Entity) as Visitor, id Visitor, Falling;
    query VisitorQuery, filter VisitorFilter, sort VisitorSort {
        /// By the person that they turned out to be.
        P contact_id: Ids = ContactId, of Contact;
        /// By company.
        P account_id: Ids = AccountId, of Account;
        /// By when they first came.
        P first_seen_at: TimeFilter = FirstSeenAt;
        /// By when they last came.
        P last_seen_at: TimeFilter = LastSeenAt;
        /// By what they allowed.
        P consent_state: AnyOf<ConsentState> = ConsentState;
    }
}

/// Entering and changing visitors.
#[derive(Default)]
pub struct VisitorMutation;

#[Object]
impl VisitorMutation {
    /// Writes down a visitor. Event: `record.created`.
    #[graphql(directive = access::apply("Visitor".into(), "P".into(), true))]
    async fn create_visitor(&self, ctx: &Context<'_>, input: CreateVisitorInput) -> Result<CreateVisitorPayload> {
        let cx = Cx::of(ctx);
        CreateVisitorPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes what a visitor said about being measured, or when it was last seen. Event: `record.updated`.
    #[graphql(directive = access::apply("Visitor".into(), "P".into(), true))]
    async fn update_visitor(&self, ctx: &Context<'_>, input: UpdateVisitorInput) -> Result<UpdateVisitorPayload> {
        let cx = Cx::of(ctx);
        UpdateVisitorPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
