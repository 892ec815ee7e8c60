//! 3: what the caller may. One access table; from it the schema of each role set, the row scopes, the masks and the docs.
//!
//! Read in this order: [`Class`] and [`Rights`], the [table], the [`Caller`], the team rule as SQL (`reach`), which table is
//! which type (`governed`), sealed [`Rows`] and [`Seen`], pruning, masks.

mod caller;
mod class;
mod figures;
mod governed;
mod held;
mod link;
pub mod mask;
pub mod matrix;
mod prune;
pub mod reach;
mod roles;
mod scope;
mod shown;
mod sync;
pub mod table;
pub mod template;

pub use caller::{Caller, Known, Levels, Moment, TenantKey};
pub use class::{Class, Rights, Sight, Verb};
pub use figures::{Basis, Column, Need, Span};
pub use governed::{Governed, handover_sides, own_campaigns, wing_of};
pub use held::{Grants, Held, TypeSet};
pub use link::Link;
pub use prune::{Mark, Prune, access, access_clear, access_field, access_figure};
pub use roles::{Role, RoleSet, UnknownRole};
pub use scope::{Alike, Rows, Seen};
pub use table::{Grant, Scope, Type};
