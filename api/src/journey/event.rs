//! What is to be written into the journal.

use chrono::{DateTime, Utc};
use entities::codes::{EventDomain, SubjectType};
use uuid::Uuid;

use super::{EventKind, Journaled, ObjectType, Payload, Subjects};

/// An event to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub(super) kind: EventKind,
    pub(super) object: (ObjectType, Uuid),
    pub(super) account_id: Option<Uuid>,
    pub(super) subjects: Subjects,
    pub(super) payload: Payload,
    pub(super) occurred_at: Option<DateTime<Utc>>,
    pub(super) domain: EventDomain,
    pub(super) audience: String,
    pub(super) source_seq: Option<i64>,
    pub(super) supersedes: Option<Uuid>,
    pub(super) time_uncertain: bool,
    /// Who told what it corrects; none: the caller tells it now.
    pub(super) told_by: Option<ToldBy>,
}

/// Who an event comes from, and what its account was then: kept by its corrections.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToldBy {
    pub actor: Option<Uuid>,
    pub source: Option<String>,
    /// The industry of its account at that time, where the account is the same.
    pub industry: Option<Option<Uuid>>,
}

/// Everybody whom the row rule reaches.
pub const AUDIENCE_TEAM: &str = "TEAM";

impl Event {
    /// An event about a row: its account, its subjects and its audience come from the row.
    pub fn of<E: Journaled>(kind: EventKind, row: &E::Model, payload: Payload) -> Event {
        Event {
            kind,
            object: (kind.declared().object.unwrap_or(E::object(row)), E::id(row)),
            account_id: E::account_id(row),
            subjects: E::subjects(row),
            payload,
            occurred_at: None,
            domain: kind.domain_in(E::wing(row)),
            audience: E::audience(row),
            source_seq: None,
            supersedes: None,
            time_uncertain: false,
            told_by: None,
        }
    }

    /// An event about the tenant itself, whose row has a number and no UUID.
    pub(super) fn of_tenant(kind: EventKind, tenant: i64, payload: Payload) -> Event {
        Event {
            kind,
            object: (ObjectType::Tenant, Uuid::from_u64_pair(0, tenant.cast_unsigned())),
            account_id: None,
            subjects: Subjects::new(),
            payload,
            occurred_at: None,
            domain: kind.declared().domain,
            audience: AUDIENCE_TEAM.to_owned(),
            source_seq: None,
            supersedes: None,
            time_uncertain: false,
            told_by: None,
        }
    }

    /// Also about this.
    pub fn about(mut self, ty: SubjectType, id: impl Into<Option<Uuid>>) -> Event {
        self.subjects.extend(id.into().map(|id| (ty, id)));
        self
    }

    /// It belongs to this account.
    pub fn account(mut self, account: impl Into<Option<Uuid>>) -> Event {
        self.account_id = account.into();
        self
    }

    /// Its object is this, not what the kind declares: a cold call is a touchpoint's `call.connected`.
    pub fn object(mut self, ty: ObjectType, id: Uuid) -> Event {
        self.object = (ty, id);
        self
    }

    /// It happened then, not now.
    pub fn at(mut self, occurred_at: DateTime<Utc>) -> Event {
        self.occurred_at = Some(occurred_at);
        self
    }

    /// Those who work in this queue see it too, whatever its account.
    pub fn queue(mut self, queue: Option<Uuid>) -> Event {
        if let Some(queue) = queue {
            self.audience = format!("QUEUE:{queue}");
        }
        self
    }

    /// It lies with this colleague, who sees it whatever its account.
    pub fn colleague(mut self, colleague: Option<Uuid>) -> Event {
        if let Some(colleague) = colleague {
            self.audience = format!("COLLEAGUE:{colleague}");
        }
        self
    }

    /// Its place among the events of its source.
    pub fn source_seq(mut self, seq: i64) -> Event {
        self.source_seq = Some(seq);
        self
    }

    /// The source gave no possible time.
    pub fn time_uncertain(mut self, uncertain: bool) -> Event {
        self.time_uncertain = uncertain;
        self
    }
}
