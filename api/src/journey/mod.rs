//! 6: the corridor. The journal (`work` appends, nobody else), its kinds and payloads, the timeline, the live feed, stages.

mod commit;
mod correction;
mod custom;
mod editable;
mod event;
pub mod event_id;
pub mod events;
pub mod feed;
mod filter;
mod follow;
pub mod history;
mod kinds;
pub mod live;
pub mod object;
mod objects;
mod payload;
pub mod reader;
mod refer;
mod removal;
mod row;
pub mod stages;
mod subject;
mod tail;
mod tenant;
pub mod timeline;
mod told;
pub mod verify;
mod visible;
mod work;

pub use event::{AUDIENCE_TEAM, Event};
pub use follow::watermark;
pub use kinds::{Declared, EventKind, Shape};
pub use objects::{Journaled, ObjectType, Subjects, named_by};
pub use payload::Payload;
pub use removal::{Removable, remove};
pub use work::{Work, attempt, holds_nul};
