//! Singer: what a tap says on a stream goes in, and its states come out once what came before them is committed.

use std::{io::BufRead, sync::Arc};

use mappings::{
    Mapping, Options,
    singer::{Message, Reader},
};

use super::Run;
use crate::{
    graph::Cx,
    sync::{ImportError, Report},
    tenancy,
};

/// Takes a tap's stream to its end. `state` is told each state after what it stands for is committed, and no other; in a dry run,
/// none.
pub async fn import(
    cx: &Cx,
    mapping: Arc<Mapping>,
    input: impl BufRead,
    dry_run: bool,
    mut state: impl FnMut(&serde_json::Value) -> Result<(), ImportError>,
) -> Result<Report, ImportError> {
    let tenant = tenancy::tenant(&cx.store, cx.caller.tenant).await?;
    let options = Options {
        currency: Some(tenant.currency.clone()),
        zone: tenant.zone.parse().ok(),
        today: Some(cx.clock.now().date_naive()),
        ..Options::default()
    };
    let rehearsal;
    let cx = match dry_run {
        true => {
            let store = cx.store.rehearsal().await.map_err(crate::graph::Error::from)?;
            rehearsal = Cx::new(cx.caller.clone(), store, cx.clock.clone());
            &rehearsal
        }
        false => cx,
    };
    let source = mapping.source().to_owned();
    let mut reader = Reader::new(input, mapping, &options);
    let mut run = Run::new(cx, &source, &tenant.currency, dry_run);
    for message in reader.by_ref() {
        match message {
            Message::Row(row) => run.row(*row).await?,
            Message::Problem(problem) => run.problem(&problem),
            Message::State(value) => {
                run.settle().await?;
                if !dry_run {
                    state(&value)?;
                }
            }
        }
    }
    let mut report = run.finish().await?;
    for (stream, count) in reader.left() {
        report.note(format!("{count} records of the stream {stream}, which the mapping does not know, are left out"));
    }
    Ok(report)
}
