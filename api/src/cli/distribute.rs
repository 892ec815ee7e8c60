//! `journey distribute`.

use std::process::ExitCode;

use chrono::{DateTime, Datelike, TimeZone, Utc};
use clap::builder::FalseyValueParser;
use migration::{
    citus,
    partitions::{self, Calendar, Month, Wanted},
};
use uuid::Uuid;

use crate::{
    app,
    cli::{Common, Usage, out},
    clock::Clock,
    config::Config,
    journey::event_id,
    store::Store,
};

/// Cut a large journal into months, or spread the tables over many servers
///
/// For PostgreSQL only; docs/scaling.md says when it is worth it. What the API answers stays the same, and so do rows, keys, indexes and
/// checks. Each is one transaction: it is done, or nothing of it. What is there already is left as it is, so both may be repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey distribute partitions --dry-run --database-url postgres://journey@db/journey
  journey distribute partitions --from 2024-01 --months-ahead 12 --database-url postgres://journey@db/journey
  JOURNEY_DATABASE_URL=postgres://journey@coordinator/journey journey distribute citus --dry-run

Exit codes: 0 done, or nothing to do; 1 failed, or this database cannot be distributed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// Which way.
    #[command(subcommand)]
    pub way: Way,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Way {
    /// Keep the journal in one part a month, and add the months that are missing
    ///
    /// Events and their subjects lie in the month in which they happened; those from before the first month and after the last one have a
    /// part of their own, and move out of it when their month gets one.
    ///
    /// Whoever reads or writes the journal waits until it is done. The first time that is as long as moving its rows takes, and needs as
    /// much free space as they have: stop the servers. Rows from before --from are not moved, so that with the next month as --from
    /// nothing is. Later it takes a moment. It waits 10 seconds for those who hold the journal, such as a backup, and fails then.
    Partitions {
        /// The first month [default: the first that there is; at first, that of the oldest event, but no more than ten years ago]
        #[arg(long, value_name = "MONTH", env = "JOURNEY_PARTITIONS_FROM")]
        from: Option<Month>,

        /// How many months after this one
        #[arg(long, value_name = "N", env = "JOURNEY_MONTHS_AHEAD", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=120))]
        months_ahead: u32,

        /// Print the SQL that would be run, and change nothing
        #[arg(long, env = "JOURNEY_DRY_RUN", value_parser = FalseyValueParser::new())]
        dry_run: bool,
    },
    /// Put each tenant's rows on one of many servers, by the extension Citus
    ///
    /// To be run at the coordinator, where the extension must be installed; --dry-run does without it. Take the months first: a table that
    /// was distributed as a whole cannot be cut any more. Stop the servers: rows are copied.
    Citus {
        /// Print the SQL that would be run, and change nothing
        #[arg(long, env = "JOURNEY_DRY_RUN", value_parser = FalseyValueParser::new())]
        dry_run: bool,
    },
}

/// Distributes.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    super::database_url(&config)?;
    let store = app::open(&config).await?;
    super::migrated(&store).await?;
    for line in distribute(&store, args.way, Clock::System.now()).await? {
        out::line(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Distributes a database that has its tables, and tells in lines what was done, or the SQL that would be run.
pub async fn distribute(store: &Store, way: Way, now: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
    let (plan, dry_run) = match way {
        Way::Partitions { from, months_ahead, dry_run } => {
            let wanted = Wanted { from, now: month(now), ahead: months_ahead };
            let last = wanted.now.plus(months_ahead);
            if let Some(from) = from.filter(|from| *from > last) {
                return Err(Usage(format!("--from {from} lies after {last}, the last month that is asked for")).into());
            }
            (partitions::cut(store.db(), wanted, CALENDAR, !dry_run).await?, dry_run)
        }
        Way::Citus { dry_run } => (citus::spread(store.db(), !dry_run).await?, dry_run),
    };
    Ok(match (plan.is_empty(), dry_run) {
        (true, true) => vec!["-- nothing is missing".to_owned()],
        (true, false) => vec!["nothing is missing".to_owned()],
        (false, true) => plan.script(),
        (false, false) => plan.outcome,
    })
}

/// The journal's own ids, by the month.
const CALENDAR: Calendar = Calendar { floor, month_of };

fn floor(month: Month) -> Uuid {
    let begin = Utc.with_ymd_and_hms(month.year(), month.month(), 1, 0, 0, 0).single();
    event_id::floor(begin.unwrap_or_default())
}

fn month_of(id: Uuid) -> Month {
    month(event_id::occurred_at(id))
}

fn month(moment: DateTime<Utc>) -> Month {
    Month::new(moment.year(), moment.month())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_month_begins_with_its_first_event() {
        let mut of: Month = "1970-02".parse().unwrap();
        for _ in 0..1_200 {
            let begin = Utc.with_ymd_and_hms(of.year(), of.month(), 1, 0, 0, 0).unwrap();
            let first = event_id::mint(begin, 0, 0);
            let last_before = event_id::mint(begin - TimeDelta::microseconds(1), 16_383, u64::MAX);
            assert!(last_before < floor(of) && floor(of) <= first, "{of}");
            assert_eq!((month_of(first), month_of(last_before).plus(1)), (of, of));
            of = of.plus(1);
        }
    }
}
