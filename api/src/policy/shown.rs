//! A column as the caller sees it, for conditions and orders: where the caller may not read it in clear it counts as null, so
//! that no filter, sort or search tells what a field would not.

use entities::codes::AccessLevel;
use sea_orm::sea_query::{Expr, ExprTrait};

use super::{
    Caller, Class, Scope, Sight, Type,
    governed::{Governed, condition},
    table,
};

impl Caller {
    /// The condition under which the caller reads a field of a row of `E` in clear. None: on every row that it reaches.
    pub fn clear<E: Governed>(&self, ty: Type, class: Class, field: &str) -> Option<Expr> {
        let grants = table::grants(ty, self.into());
        let clear = |grant: &&table::Grant| grant.rights.sight(class, field) == Sight::Clear;
        if grants.iter().all(|grant| clear(&grant)) || grants.iter().any(|g| g.scope == Scope::All && clear(&g)) {
            return None;
        }
        let reached = grants.iter().filter(clear);
        let reached = reached.map(|grant| condition::<E>(ty, grant.scope, self, AccessLevel::Read));
        Some(reached.reduce(ExprTrait::or).unwrap_or_else(|| Expr::val(1).eq(0)))
    }

    /// `column` where the caller reads the field in clear, else null; and whether it can be null for that reason.
    pub fn shown<E: Governed>(&self, ty: Type, class: Class, field: &str, column: Expr) -> (Expr, bool) {
        match self.clear::<E>(ty, class, field) {
            None => (column, false),
            Some(clear) => (Expr::case(clear, column).into(), true),
        }
    }
}
