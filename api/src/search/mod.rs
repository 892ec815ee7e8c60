//! 5: the search over accounts, contacts, opportunities and tickets. Read in this order: how a text becomes pieces (words), what
//! of a row is found (index; the write path keeps it), how it is found under the caller's rights (find).

mod find;
pub mod index;
mod words;

pub use find::SearchQuery;
