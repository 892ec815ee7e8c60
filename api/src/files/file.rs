//! A file as a record: made before its bytes come, found by its record, read and written by whoever may read and write that.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague},
    sales::{contract, meeting},
    service::{file, ticket},
};
use sea_orm::Set;

use crate::{
    account::{Account, Colleague},
    graph::{Cx, Error, GlobalId, Ids, IntFilter, Kind, Result, TextFilter, TimeFilter, UserErrorCode, text},
    input,
    journey::{Journaled, Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, Type, access},
    store::{Files, Held, Link, Ticket, Verb},
};

/// The most files of one record.
const MAX_FILES: u64 = 100;

/// A signed address: whoever has it may use it, until it ends.
#[derive(Clone, Debug, SimpleObject)]
pub struct FileLink {
    /// The address.
    pub url: String,
    /// How to use it: PUT or GET.
    pub method: &'static str,
    /// The `Content-Type` to send with a PUT.
    pub content_type: String,
    /// The `If-None-Match` to send with a PUT; null where none is needed.
    pub if_none_match: Option<&'static str>,
    /// Until when it holds (UTC).
    pub expires_at: DateTime<Utc>,
}

fn place(cx: &Cx) -> Result<&Files> {
    let none =
        || Error::user(UserErrorCode::StateConflict, "", "this house keeps no files: see [files] in its configuration");
    cx.store.files().ok_or_else(none)
}

async fn link(cx: &Cx, seen: &Seen<file::Model>, verb: Verb) -> Result<Option<FileLink>> {
    let Ok(files) = place(cx) else { return Ok(None) };
    let row = seen.row();
    let ticket = Ticket {
        tenant: row.tenant_id,
        file: row.id,
        verb,
        until: 0,
        size: row.size_bytes.unsigned_abs(),
        content_type: row.content_type.clone(),
        name: row.name.clone(),
    };
    let link = files.link(&cx.caller.tenant_key.0, ticket, cx.clock.now()).await.map_err(Error::internal)?;
    let Link { url, expires_at, if_none_match } = link;
    let method = if verb == Verb::Put { "PUT" } else { "GET" };
    Ok(Some(FileLink { url, method, content_type: row.content_type.clone(), if_none_match, expires_at }))
}

/// The store does not answer: a refusal that a client may try again after, and the cause in the log.
fn down(cause: &dyn std::error::Error) -> Error {
    tracing::error!(%cause, "the file store failed");
    Error::user(UserErrorCode::StateConflict, "", "the file store does not answer now; try again later")
}

/// Checks what a file is said to be.
fn checked(files: &Files, name: String, content_type: String, size: i32) -> Result<(String, String, i64)> {
    let name = text("name", name, 255)?;
    if name.contains(['/', '\\']) || [".", ".."].contains(&name.trim()) {
        return Err(Error::invalid("name", "a name, not a path"));
    }
    // They would show `fdp.exe` as `exe.pdf`.
    if name.contains([
        '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
    ]) {
        return Err(Error::invalid("name", "without characters that turn the direction of writing"));
    }
    if !files.types.contains(&content_type) {
        return Err(Error::invalid("contentType", format!("one of {}", files.types.join(", "))));
    }
    match u64::try_from(size) {
        Ok(size) if (1..=files.max_bytes).contains(&size) => {
            Ok((name, content_type, i64::try_from(size).unwrap_or(i64::MAX)))
        }
        _ => Err(Error::invalid("sizeBytes", format!("between 1 and {} bytes", files.max_bytes))),
    }
}

async fn insert(work: &mut Work<'_>, row: file::ActiveModel, held: u64) -> Result<file::Model> {
    match held >= MAX_FILES {
        true => Err(Error::user(UserErrorCode::StateConflict, "", format!("a record has at most {MAX_FILES} files"))),
        false => work.insert::<file::Entity>(row).await,
    }
}

/// A file whose bytes have come.
async fn complete(cx: &Cx, ty: Type, id: GlobalId, if_version: Option<i32>) -> Result<Seen<file::Model>> {
    let (id, written) = (id.named("id", Kind::File)?, [(Class::T, "name")]);
    let files = place(cx)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change_as::<file::Entity>(ty, id, if_version, &written).await?;
    let row = seen.row();
    if row.stored_at.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the file is complete"));
    }
    let Some(Held { size, content_type }) = files.held(row.tenant_id, row.id).await.map_err(|error| down(&error))?
    else {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "its bytes have not come"));
    };
    let other = if i64::try_from(size) != Ok(row.size_bytes) {
        Some(format!("{size} bytes came, {} were announced", row.size_bytes))
    } else {
        content_type
            .filter(|came| *came != row.content_type)
            .map(|came| format!("{came} came, {} was announced", row.content_type))
    };
    if let Some(message) = other {
        files.delete(row.tenant_id, row.id).await.map_err(|error| down(&error))?;
        return Err(Error::user(UserErrorCode::StateConflict, "id", message));
    }
    let stored = file::ActiveModel { stored_at: Set(Some(work.now())), ..Default::default() };
    work.update::<file::Entity>(&seen, stored).await?;
    let seen = work.reached_as::<file::Entity>(ty, id, &written).await?;
    work.commit().await?;
    Ok(seen)
}

async fn remove(cx: &Cx, ty: Type, id: GlobalId, if_version: Option<i32>) -> Result<GlobalId> {
    let uuid = id.named("id", Kind::File)?;
    let files = place(cx)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change_as::<file::Entity>(ty, uuid, if_version, &[(Class::T, "name")]).await?;
    work.remove::<file::Entity>(&seen).await?;
    work.commit().await?;
    // After the commit: bytes that nobody names harm nobody, a name without bytes would.
    if let Err(cause) = files.delete(seen.row().tenant_id, uuid).await {
        tracing::error!(%cause, file = %uuid, "the bytes of a file that was taken away are still there");
    }
    Ok(id)
}

/// One file: which, and at which version.
#[derive(Clone, Copy, Debug, async_graphql::InputObject)]
pub struct FileStepInput {
    /// Which file.
    pub id: GlobalId,
    /// Do it only if it still has this version.
    pub if_version: Option<i32>,
}

macro_rules! files_of {
    (
        $words:literal, $out:ident of $record:ident as $ty:ident, column $column:ident $field:ident, one $one:ident, many $many:ident;
        query $query:ident, filter $filter:ident, sort $sort:ident; mutation $mutation:ident;
        create $create:ident($create_input:ident) -> $create_payload:ident;
        complete $complete:ident -> $complete_payload:ident;
        delete $delete:ident -> $delete_payload:ident;
    ) => {
        object! {
            /// A file. Its rights are those of its record: who reads texts there reads it, who writes them brings and takes it away.
            $out(file::Entity) as $ty, id File {
                /// Its name.
                T name: String = |row| row.name.clone();
                /// What it is: a media type.
                P content_type: String = |row| row.content_type.clone();
                /// How large it is, in bytes.
                P size_bytes: i32 = |row| i32::try_from(row.size_bytes).unwrap_or(i32::MAX);
                /// When its bytes were found complete (UTC); null before.
                P stored_at: DateTime<Utc> = |row| row.stored_at;
            }
            refs {
                /// The customer; null where the record has none.
                P account: Account = account::Entity, |row| row.account_id;
                /// Who brought it; null for a machine.
                P author: Colleague = colleague::Entity, |row| row.author_id;
            }
            edges {
                /// Where its bytes are to be brought, by those who may write it; null once they are complete.
                #[graphql(directive = access::apply(stringify!($ty).into(), "T".into(), true))]
                pub async fn upload(&self, ctx: &Context<'_>) -> Result<Option<FileLink>> {
                    match self.0.row().stored_at.is_none() && self.0.rights().may_write(Class::T, "name") {
                        true => link(Cx::of(ctx), &self.0, Verb::Put).await,
                        false => Ok(None),
                    }
                }

                /// Where its bytes can be fetched; null until they are complete.
                #[graphql(directive = access::apply(stringify!($ty).into(), "T".into(), false))]
                pub async fn download(&self, ctx: &Context<'_>) -> Result<Option<FileLink>> {
                    match self.0.read::<DateTime<Utc>, _>(Class::T, "download", |row| row.stored_at) {
                        Some(_) => link(Cx::of(ctx), &self.0, Verb::Get).await,
                        None => Ok(None),
                    }
                }
            }
        }

        input! {
            /// A file to be: say what it is, bring its bytes to `upload`, then complete it.
            $create_input for $ty {
                /// Its name, at most 255 characters, without a path, and without characters that turn the direction of writing.
                T name: String;
                /// What it is: a media type that the house takes.
                P content_type: String;
                /// How large it is, in bytes.
                P size_bytes: i32;
            }
            plain {
                /// The record.
                $field: GlobalId;
            }
        }

        payload! {
            /// What was made of it.
            $create_payload {
                /// The file, and where to bring its bytes; null if it was refused.
                file: $out
            }
        }

        payload! {
            /// What was made of it.
            $complete_payload {
                /// The complete file; null if it was refused.
                file: $out
            }
        }

        payload! {
            /// What was taken away.
            $delete_payload {
                /// The id of the file; null if it was refused.
                deleted_id: GlobalId
            }
        }

        async fn $create(cx: &Cx, input: $create_input) -> Result<$out> {
            let written = input.written();
            let $create_input { $field, name, content_type, size_bytes } = input;
            let (name, content_type, size_bytes) = checked(place(cx)?, name, content_type, size_bytes)?;
            let mut work = Work::begin(cx).await?;
            let path = crate::graph::camel(stringify!($field));
            let record = work.refer::<$record::Entity>(&path, $field).await?;
            work.hold_unscoped::<$record::Entity>(record.row().id).await?;
            let held = work
                .tally_unscoped::<file::Entity>(sea_orm::ColumnTrait::eq(&file::Column::$column, record.row().id))
                .await?;
            let row = file::ActiveModel {
                $field: Set(Some(record.row().id)),
                account_id: Set(<$record::Entity as Journaled>::account_id(record.row())),
                name: Set(name),
                content_type: Set(content_type),
                size_bytes: Set(size_bytes),
                author_id: Set(cx.caller.colleague),
                ..Default::default()
            };
            let row = insert(&mut work, row, held).await?;
            let seen = work.reached_as::<file::Entity>(Type::$ty, row.id, &written).await?;
            work.commit().await?;
            Ok($out(seen))
        }

        listed! {
            /// One file; null if there is none that you may see.
            $one,
            /// The files that you may see, newest first unless sorted.
            $many: $out(file::Entity) as $ty, id File, Falling;
            query $query, filter $filter, sort $sort {
                /// By record.
                P $field: Ids = $column;
                /// By name.
                T name: TextFilter = Name;
                /// By media type.
                P content_type: TextFilter = ContentType;
                /// By size in bytes.
                P size_bytes: IntFilter = SizeBytes;
                /// By when it was complete; `isNull: true` leaves those that wait for their bytes.
                P stored_at: TimeFilter = StoredAt;
            }
        }

        #[doc = $words]
        #[derive(Default)]
        pub struct $mutation;

        #[Object]
        impl $mutation {
            /// Announces a file; bring its bytes to `file.upload.url` by PUT, then complete it.
            #[graphql(directive = access::apply(stringify!($ty).into(), "T".into(), true))]
            async fn $create(&self, ctx: &Context<'_>, input: $create_input) -> Result<$create_payload> {
                let cx = Cx::of(ctx);
                $create_payload::of(attempt(|| $create(cx, input.clone())).await)
            }

            /// Says that the bytes of a file have come. STATE_CONFLICT if they have not, or are not what was
            /// announced: then they are thrown away, and may be brought again. STATE_CONFLICT with an empty path while the store does
            /// not answer.
            #[graphql(directive = access::apply(stringify!($ty).into(), "T".into(), true))]
            async fn $complete(&self, ctx: &Context<'_>, input: FileStepInput) -> Result<$complete_payload> {
                let cx = Cx::of(ctx);
                let done = attempt(|| complete(cx, Type::$ty, input.id, input.if_version)).await;
                $complete_payload::of(done.map($out))
            }

            /// Takes a file away, bytes and all. Its old addresses hold no more.
            #[graphql(directive = access::apply(stringify!($ty).into(), "T".into(), true))]
            async fn $delete(&self, ctx: &Context<'_>, input: FileStepInput) -> Result<$delete_payload> {
                let cx = Cx::of(ctx);
                $delete_payload::of(attempt(|| remove(cx, Type::$ty, input.id, input.if_version)).await)
            }
        }
    };
}

/// Files on meetings.
pub mod of_meeting {
    use super::*;
    files_of! {
        "Files on meetings.", MeetingFile of meeting as Meeting, column MeetingId meeting_id, one meeting_file, many meeting_files;
        query MeetingFileQuery, filter MeetingFileFilter, sort MeetingFileSort; mutation MeetingFileMutation;
        create create_meeting_file(CreateMeetingFileInput) -> CreateMeetingFilePayload;
        complete complete_meeting_file -> CompleteMeetingFilePayload;
        delete delete_meeting_file -> DeleteMeetingFilePayload;
    }
}

/// Files on tickets.
pub mod of_ticket {
    use super::*;
    files_of! {
        "Files on tickets.", TicketFile of ticket as Ticket, column TicketId ticket_id, one ticket_file, many ticket_files;
        query TicketFileQuery, filter TicketFileFilter, sort TicketFileSort; mutation TicketFileMutation;
        create create_ticket_file(CreateTicketFileInput) -> CreateTicketFilePayload;
        complete complete_ticket_file -> CompleteTicketFilePayload;
        delete delete_ticket_file -> DeleteTicketFilePayload;
    }
}

/// Files on contracts.
pub mod of_contract {
    use super::*;
    files_of! {
        "Files on contracts.", ContractFile of contract as Order, column ContractId contract_id, one contract_file, many contract_files;
        query ContractFileQuery, filter ContractFileFilter, sort ContractFileSort; mutation ContractFileMutation;
        create create_contract_file(CreateContractFileInput) -> CreateContractFilePayload;
        complete complete_contract_file -> CompleteContractFilePayload;
        delete delete_contract_file -> DeleteContractFilePayload;
    }
}

pub use of_contract::ContractFile;
pub use of_meeting::MeetingFile;
pub use of_ticket::TicketFile;

/// Everything that can be asked of files.
#[derive(async_graphql::MergedObject, Default)]
pub struct FileQueries(of_meeting::MeetingFileQuery, of_ticket::TicketFileQuery, of_contract::ContractFileQuery);

/// Everything that can be changed of files.
#[derive(async_graphql::MergedObject, Default)]
pub struct FileMutations(
    of_meeting::MeetingFileMutation,
    of_ticket::TicketFileMutation,
    of_contract::ContractFileMutation,
);
