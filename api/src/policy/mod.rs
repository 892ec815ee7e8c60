//! 3: what the caller may. One access table; from it the schema of each role set, the row scopes, the masks and the docs.

mod roles;

pub use roles::{Role, RoleSet, UnknownRole};
