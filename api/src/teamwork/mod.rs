//! 5: what the disciplines tell each other beside the records: notes with their readers, tasks, and whom a note calls. Read in
//! this order: the record that they are about, the note, the task, what of it is mine.

pub mod note;
pub mod record;
pub mod task;

pub use note::{Note, mentions, notes_of};
pub use record::Record;
pub use task::{Task, TaskFilter, TaskSort, open_tasks, tasks_of};

/// Everything that can be asked of notes and tasks.
#[derive(async_graphql::MergedObject, Default)]
pub struct TeamworkQueries(note::NoteQuery, task::TaskQuery);

/// Everything that can be changed in notes and tasks.
#[derive(async_graphql::MergedObject, Default)]
pub struct TeamworkMutations(note::NoteMutation, note::NoteRemoval, task::TaskMutation, task::TaskRemoval);
