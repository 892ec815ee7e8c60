//! Who may bring rows of other systems, whichever door they come in by.

use super::{Caller, Held, Role, Type, table};

impl Caller {
    /// Whether the caller may upsert rows of a line of the access table: as an integrator or an admin, who writes them wherever they
    /// are. A colleague who may write such rows one by one does not.
    pub fn may_upsert(&self, ty: Type) -> bool {
        let roles = [Role::Integrator, Role::Admin].into_iter().filter(|role| self.is(*role));
        let held = |role: Role| Held { roles: role.into(), types: self.grants.types };
        roles.into_iter().any(|role| table::everywhere(ty, held(role)).writes())
    }
}
