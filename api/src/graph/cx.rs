//! What every resolver has at hand: the caller, the store, the batches of this request.

use std::{ops::Deref, sync::Arc};

use async_graphql::Context;

use super::batch::Batches;
use crate::{clock::Clock, policy::Caller, store::Store};

/// The context of one request.
#[derive(Clone)]
pub struct Cx(Arc<Inner>);

/// See [`Cx`].
pub struct Inner {
    /// Who is calling.
    pub caller: Caller,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    batches: Batches,
}

impl Cx {
    /// The context of a request by `caller`.
    pub fn new(caller: Caller, store: Store, clock: Clock) -> Cx {
        Cx(Arc::new(Inner { caller, store, clock, batches: Batches::default() }))
    }

    /// The context that the front door attached to the request.
    pub fn of<'a>(ctx: &Context<'a>) -> &'a Cx {
        ctx.data_unchecked::<Cx>()
    }

    pub(super) fn batches(&self) -> &Batches {
        &self.0.batches
    }
}

impl Deref for Cx {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
