//! Where a live stream stands.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;

/// The cursor of what a stream has given out last. The stream writes it; the transport reads it, so that whatever ends the
/// stream tells the reader where to resume. A request has one.
#[derive(Clone, Debug, Default)]
pub struct Place(Arc<Mutex<Option<Stand>>>);

#[derive(Clone, Debug)]
struct Stand {
    first: String,
    last: String,
}

impl Place {
    /// The place of a request.
    pub fn of(ctx: &Context<'_>) -> Place {
        ctx.data_opt::<Place>().cloned().unwrap_or_default()
    }

    /// The stream stands here now; the first time, it begins here.
    pub fn reach(&self, cursor: String) {
        let mut stand = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match stand.as_mut() {
            Some(stand) => stand.last = cursor,
            None => *stand = Some(Stand { first: cursor.clone(), last: cursor }),
        }
    }

    /// There is nowhere to go on from: the reader has to read anew.
    pub fn lose(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Where the stream began; `None` where it cannot be resumed.
    pub fn start(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|stand| stand.first.clone())
    }

    /// Where the stream stands; `None` where it cannot be resumed.
    pub fn cursor(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|stand| stand.last.clone())
    }
}
