//! The visitor: somebody on the site, before a name is known.

use async_graphql::Context;
use chrono::{DateTime, Utc};
use entities::{
    account::{account, contact, visitor},
    codes::ConsentState,
    marketing::{lead, touchpoint},
};

use super::{Account, Contact};
use crate::{
    graph::{AnyOf, Cx, Ids, TimeFilter},
    journey::timeline,
    listed,
    marketing::{Lead, Touchpoint},
    object,
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
