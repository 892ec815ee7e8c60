//! Bulk: files of any size come in as jobs, and go in row by row, whatever happens on the way.
//!
//! A file's way: the [`door`] streams its bytes into the file store, and its job waits. A [`runner`] takes the job by a lease, reads
//! the file in bounded pieces ([`lines`], [`batch`]) from where the last committed batch ended, and gives each batch to the upsert.
//! **What became of the rows, and where the next batch begins, is committed in the transaction that takes the rows**: whoever dies at
//! any moment leaves a job of which every row before the offset is in, with its result, and none after it. The same statement asks for
//! the lease: a runner that was believed dead and is not cannot commit.
//!
//! What a job did can be taken back ([`undo`]): each changed record goes back to what it was where nothing newer touched it.

mod ask;
mod batch;
mod csv;
mod door;
mod firsts;
mod graph;
mod job;
mod lines;
mod problem;
mod results;
mod row;
mod runner;
mod step;
mod tidy;
mod undo;
mod upload;

use std::time::Duration;

pub use csv::cell;
pub use door::{Denied, Gate, routes};
pub use graph::{
    CancelImportInput, CancelImportPayload, ImportJob, ImportMutations, ImportQueries, ImportSubscription,
    UndoImportInput, UndoImportPayload,
};
pub use job::{Counts, UndoCounts};
pub use runner::{Runner, describe, keep};
pub use tidy::{forget, tidy};

use super::upsert::SyncEntity;
use crate::{config, policy::Type};

/// How files are taken.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of a file, unpacked.
    pub max_bytes: u64,
    /// Bytes of a line.
    pub max_line_bytes: usize,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Bytes of a batch.
    pub batch_bytes: usize,
    /// How long nobody else takes up a job that somebody works at.
    pub lease: Duration,
    /// How long a job's rows are kept after its end; zero: for ever.
    pub retention: Duration,
}

impl From<&config::Bulk> for Options {
    fn from(bulk: &config::Bulk) -> Options {
        let config::Bulk { max_bytes, max_line_bytes, batch_rows, batch_bytes, runners: _, lease, retention } = *bulk;
        Options { max_bytes: max_bytes as u64, max_line_bytes, batch_rows, batch_bytes, lease, retention }
    }
}

/// The line of the access table that rules records of a kind.
pub const fn line(entity: SyncEntity) -> Type {
    match entity {
        SyncEntity::Colleague => Type::Reference,
        SyncEntity::Channel | SyncEntity::Campaign => Type::Campaign,
        SyncEntity::Product => Type::Product,
        SyncEntity::Account => Type::Account,
        SyncEntity::Contact => Type::Contact,
        SyncEntity::CampaignCost => Type::CampaignCost,
        SyncEntity::Touchpoint => Type::Touchpoint,
        SyncEntity::Lead => Type::Lead,
        SyncEntity::Opportunity => Type::Opportunity,
        SyncEntity::OpportunityContact => Type::ContactRole,
        SyncEntity::Meeting => Type::Meeting,
        SyncEntity::Activity => Type::Activity,
        SyncEntity::Note => Type::Note,
        SyncEntity::Task => Type::Task,
        SyncEntity::Order | SyncEntity::OrderLine | SyncEntity::Contract => Type::Order,
        SyncEntity::Asset => Type::Asset,
        SyncEntity::Ticket => Type::Ticket,
        SyncEntity::TicketMessage => Type::TicketMessage,
        SyncEntity::SurveyAnswer => Type::ServiceLevel,
    }
}
