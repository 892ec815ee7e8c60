//! 5: files on records. What a file is and who may use it stands in the database, under the rights of its record; its bytes come
//! and go by short-lived signed addresses (`door`).

mod door;
pub mod file;
mod gone;

pub use door::routes;
pub use file::{ContractFile, FileMutations, FileQueries, MeetingFile, TicketFile};
pub use gone::go_with;
