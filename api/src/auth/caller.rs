//! Who is calling, as far as the token says.

use chrono::{DateTime, Utc};

use crate::policy::{Grants, RoleSet};

/// The verified claims of a token, before the database is asked who that is.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The tenant's slug.
    pub tenant: String,
    /// The token's `sub`.
    pub subject: String,
    /// The roles that the token carries; at least one.
    pub roles: RoleSet,
    /// What the token narrows of what the roles may do.
    pub grants: Grants,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}
