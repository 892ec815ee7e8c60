//! The caller of a request: the token's claims, joined with what the tenant knows of the colleague. Resolved once a request;
//! every scope is made from it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use entities::codes::Discipline;
use uuid::Uuid;

use super::{Grants, Role, RoleSet};

/// Who is calling, with everything that the row rule binds.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant: no statement reaches beyond it.
    pub tenant: i64,
    /// The roles that the token carries.
    pub roles: RoleSet,
    /// What the token narrows of what the roles may do.
    pub grants: Grants,
    /// The token's subject; none for the house itself.
    pub subject: Option<String>,
    /// The colleague behind the token's subject. Without one, the caller keeps its tenant-wide cells only.
    pub colleague: Option<Uuid>,
    /// The colleague's discipline.
    pub discipline: Option<Discipline>,
    /// Whether the colleague is, or is going to be, on the team of an industry: where not, no statement looks for its accounts.
    pub in_industries: bool,
    /// Whether anything of the tenant was ever merged: where not, no statement looks for aliases.
    pub merged: bool,
    /// The queues that the colleague works in now.
    pub queues: Vec<Uuid>,
    /// The moment that rights are judged at: one for the whole request, moved on for each delivery of a stream.
    pub moment: Moment,
    /// Its levels on accounts, as far as the request has read them at that moment.
    pub levels: Known,
    /// When the token ends; a stream ends with it.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why a caller without a token acts, where it is the house itself.
    pub reason: Option<&'static str>,
    /// The tenant's key for pseudonyms and hashes of values.
    pub tenant_key: TenantKey,
}

/// A caller's level (0 none, 1 READ, 2 EDIT) on an account, in the wings account, marketing, sales, service.
pub type Levels = [i32; 4];

/// A caller's levels on accounts, read together with the accounts themselves.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Mutex<HashMap<Uuid, Levels>>>);

impl Known {
    /// The levels on an account, if it was read.
    pub fn on(&self, account: Uuid) -> Option<Levels> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&account).copied()
    }

    pub(super) fn learn(&self, levels: impl IntoIterator<Item = (Uuid, Levels)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(levels);
    }

    /// Something has changed, or time has passed.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
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
        self.levels.forget();
    }

    /// Whether the token carries `role`.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(role)
    }
}
