//! The roles a token may carry, and sets of them as a bit mask (the key of the schema cache).

use std::{fmt, str::FromStr};

/// A role of `docs/access.md`. A token may carry several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
pub enum Role {
    /// Runs campaigns, qualifies leads, offers handovers.
    Marketing,
    /// Decides handovers, runs opportunities and meetings.
    Sales,
    /// Looks after tickets and the installed base.
    Service,
    /// Technicians: meetings they attend, tickets assigned to them.
    Technical,
    /// Reads everything that the desks do, with money and margins.
    Manager,
    /// Business intelligence: aggregates only, never a row.
    Analyst,
    /// A machine that syncs a CRM.
    Integrator,
    /// Runs the tenant.
    Admin,
}

impl Role {
    /// Every role, in the order of the access table's columns.
    pub const ALL: [Role; 8] = [
        Role::Marketing,
        Role::Sales,
        Role::Service,
        Role::Technical,
        Role::Manager,
        Role::Analyst,
        Role::Integrator,
        Role::Admin,
    ];

    /// The name that tokens, flags and file names use.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Marketing => "marketing",
            Role::Sales => "sales",
            Role::Service => "service",
            Role::Technical => "technical",
            Role::Manager => "manager",
            Role::Analyst => "analyst",
            Role::Integrator => "integrator",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A role name that this house does not know.
#[derive(Debug, thiserror::Error)]
#[error("unknown role {0:?}; known are marketing, sales, service, technical, manager, analyst, integrator, admin")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoleSet(u8);

impl RoleSet {
    /// Every role: the whole graph of `schema.graphql`.
    pub const ALL: RoleSet = RoleSet(u8::MAX);

    /// Whether no role is held.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Whether `role` is held.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }
    /// The roles held, in the order of the access table.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        RoleSet(roles.into_iter().fold(0, |mask, role| mask | 1 << role as u8))
    }
}

impl From<Role> for RoleSet {
    fn from(role: Role) -> Self {
        RoleSet(1 << role as u8)
    }
}

impl fmt::Display for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().map(Role::name).collect::<Vec<_>>().join("+"))
    }
}
