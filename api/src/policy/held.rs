//! What a token holds of the access table: the cells of its roles, and of these no more lines than it was granted. The schema of its
//! roles stays as it is; rows, writes, feeds and figures of the other lines are as if the cells were empty.

use std::sync::Arc;

use super::{Caller, Role, RoleSet, Type};

/// Lines of the access table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeSet(u64);

const _: () = assert!(Type::ALL.len() <= 64, "a line has no bit");

impl TypeSet {
    /// Every line.
    pub const ALL: TypeSet = TypeSet(u64::MAX);

    /// Held by every token: what the tenant's own fields are called, and of which class they are. Without it a value would be shown as
    /// if nobody had declared its class.
    const ALWAYS: TypeSet = TypeSet(1 << Type::CustomField as u64);

    /// Whether a line is among them.
    pub const fn contains(self, ty: Type) -> bool {
        self.0 & (1 << ty as u64) != 0
    }

    /// The lines, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Type> {
        Type::ALL.iter().copied().filter(move |ty| self.contains(*ty))
    }
}

impl FromIterator<Type> for TypeSet {
    fn from_iter<I: IntoIterator<Item = Type>>(types: I) -> Self {
        types.into_iter().fold(TypeSet::ALWAYS, |TypeSet(mask), ty| TypeSet(mask | 1 << ty as u64))
    }
}

impl Type {
    /// The line of a name, whatever its case: `CampaignCost`, `campaign-cost`, `CAMPAIGN_COST`.
    pub fn named(name: &str) -> Option<Type> {
        let letters = |name: &str| {
            name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>()
        };
        let wanted = letters(name);
        Type::ALL.iter().copied().find(|ty| letters(ty.name()) == wanted)
    }
}

/// What a token narrows of what its roles may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// The lines of the access table that it holds.
    pub types: TypeSet,
    /// The codes of the systems that it speaks for; none where it speaks for any.
    pub sources: Option<Arc<[String]>>,
}

impl Default for Grants {
    /// Nothing is narrowed.
    fn default() -> Self {
        Grants { types: TypeSet::ALL, sources: None }
    }
}

impl Grants {
    /// The lines by their names, to be kept; none where none is missing.
    pub fn told(&self) -> Option<String> {
        (self.types != TypeSet::ALL).then(|| self.types.iter().map(Type::name).collect::<Vec<_>>().join("+"))
    }

    /// What [`Grants::told`] told.
    pub fn of_told(told: Option<&str>) -> Grants {
        let types = told.map_or(TypeSet::ALL, |told| told.split('+').filter_map(Type::named).collect());
        Grants { types, sources: None }
    }

    /// Whether it speaks for a system.
    pub fn speaks_for(&self, source: &str) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.iter().any(|code| code == source))
    }
}

/// What is asked of the access table: some roles, in some of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The roles.
    pub roles: RoleSet,
    /// The lines; the cells of all others are empty.
    pub types: TypeSet,
}

impl From<RoleSet> for Held {
    fn from(roles: RoleSet) -> Held {
        Held { roles, types: TypeSet::ALL }
    }
}

impl From<Role> for Held {
    fn from(role: Role) -> Held {
        RoleSet::from(role).into()
    }
}

impl From<&Caller> for Held {
    fn from(caller: &Caller) -> Held {
        Held { roles: caller.roles, types: caller.grants.types }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::table;

    #[test]
    fn lines_are_found_by_their_names() {
        assert_eq!(Type::named("campaign_cost"), Some(Type::CampaignCost));
        assert_eq!(Type::named("CampaignCost"), Some(Type::CampaignCost));
        assert_eq!(Type::named("accounts"), None);
        assert_eq!(Type::named(""), None);
    }

    #[test]
    fn other_lines_are_empty() {
        let held = Held { roles: Role::Integrator.into(), types: [Type::Account].into_iter().collect() };
        for ty in Type::ALL.iter().copied() {
            let all = table::grants(ty, Role::Integrator.into());
            let kept = table::grants(ty, held);
            let stays = matches!(ty, Type::Account | Type::CustomField);
            assert_eq!(kept.len(), if stays { all.len() } else { 0 }, "{ty:?}");
        }
        assert!(Grants::default().speaks_for("crm"));
        let grants = Grants { sources: Some(Arc::from(["crm".to_owned()])), ..Grants::default() };
        assert!(grants.speaks_for("crm") && !grants.speaks_for("CRM"));
    }
}
