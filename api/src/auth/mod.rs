//! 2: who is calling: a bearer token becomes a [`Caller`].

mod caller;

pub use caller::Claims;
