//! What every resolver has at hand: the caller, the store, the batches of this request.

use std::{ops::Deref, sync::Arc};

use async_graphql::Context;

use super::{
    batch::Batches,
    custom::{Declarations, Fields},
    error::Result,
};
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
    declarations: Declarations,
}

impl Cx {
    /// The context of a request by `caller`.
    pub fn new(caller: Caller, store: Store, clock: Clock) -> Cx {
        Cx(Arc::new(Inner { caller, store, clock, batches: Batches::default(), declarations: Declarations::default() }))
    }

    /// The context that the front door attached to the request.
    pub fn of<'a>(ctx: &Context<'a>) -> &'a Cx {
        ctx.data_unchecked::<Cx>()
    }

    /// The fields of the tenant's own, read once a request.
    pub async fn fields(&self) -> Result<Arc<Fields>> {
        self.declarations.read(self).await
    }

    /// The fields of the tenant's own, where the request has read them.
    pub(super) fn fields_read(&self) -> Option<Arc<Fields>> {
        self.declarations.held(self)
    }

    /// A field was declared, changed or taken away: whoever asks next reads them anew.
    pub fn forget_fields(&self) {
        self.declarations.forget();
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
