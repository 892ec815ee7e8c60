//! The files of a record that is taken away go with it, bytes and all.

use entities::service::file;
use uuid::Uuid;

use crate::{graph::Result, journey::Work};

/// Takes away the files of a record, whoever sees them; the bytes go after the commit.
pub async fn go_with(work: &mut Work<'_>, by: file::Column, record: Uuid) -> Result<()> {
    for file in work.following_unscoped::<file::Entity>(by, record).await? {
        work.remove_row::<file::Entity>(&file).await?;
        work.discard_bytes(file.id);
    }
    Ok(())
}
