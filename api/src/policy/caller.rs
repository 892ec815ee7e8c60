//! The caller of a request: the token's claims, joined with what the tenant knows of the colleague. Resolved once a request;
//! every scope is made from it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use entities::codes::Discipline;
use uuid::Uuid;

use super::{Role, RoleSet};

/// Who is calling, with everything that the row rule binds.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant: no statement reaches beyond it.
    pub tenant: i64,
    /// The roles that the token carries.
    pub roles: RoleSet,
    /// The token's subject; none for the house itself.
    pub subject: Option<String>,
    /// The colleague behind the token's subject. Without one, the caller keeps its tenant-wide cells only.
    pub colleague: Option<Uuid>,
    /// The colleague's discipline.
    pub discipline: Option<Discipline>,
    /// The queues that the colleague works in now.
    pub queues: Vec<Uuid>,
    /// The moment that rights are judged at: one for the whole request, moved on for each delivery of a stream.
    pub moment: Moment,
    /// When the token ends; a stream ends with it.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why a caller without a token acts, where it is the house itself.
    pub reason: Option<&'static str>,
    /// The tenant's key for pseudonyms and hashes of values.
    pub tenant_key: TenantKey,
}

/// A moment that a stream moves on, for everything that still reads under its caller.
#[derive(Clone, Debug)]
pub struct Moment(Arc<AtomicI64>);

impl From<DateTime<Utc>> for Moment {
    fn from(now: DateTime<Utc>) -> Moment {
        Moment(Arc::new(AtomicI64::new(now.timestamp_micros())))
    }
}

/// The tenant's key for pseudonyms and hashes of values; never printed.
#[derive(Clone)]
pub struct TenantKey(pub Arc<[u8]>);

impl std::fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TenantKey(…)")
    }
}

impl Caller {
    /// The moment that rights are judged at.
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.moment.0.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Judges rights at a later moment from here on.
    pub fn move_to(&self, now: DateTime<Utc>) {
        self.moment.0.store(now.timestamp_micros(), Ordering::Relaxed);
    }

    /// Whether the token carries `role`.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(role)
    }
}
