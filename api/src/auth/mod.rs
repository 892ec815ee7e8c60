//! 2: who is calling: a bearer token becomes [`Claims`].
//!
//! Reading order: `issuers.rs` (who may issue, made from the configuration), `verify.rs` (one token, step by step), `claims.rs` (what the
//! payload has to say), `keys.rs` and `jwks.rs` (keys), `mint.rs` (tokens for development), `error.rs` (why a token was refused).

mod caller;
mod claims;
mod error;
mod issuers;
mod json;
mod jwks;
mod keys;
mod mint;
mod verify;

pub use caller::Claims;
pub use error::{AuthError, Refusal};
pub use issuers::Issuers;
pub use mint::{Grant, Mint, MintError};

#[cfg(test)]
mod tests;
