//! What only PostgreSQL can do with tables that have grown: keep them in months ([`partitions`](crate::partitions)), and on many
//! servers ([`citus`](crate::citus)). Nothing of it is needed to run, so it is no step of the schema: whoever operates the database takes it,
//! once and for this database. Here stands what both have in common.
//!
//! The SQL is made of what the catalogue says now, never of a list of columns or tables: a later step that adds some needs nothing here.

use std::{collections::BTreeSet, error::Error, fmt};

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement,
};

/// What is done, or would be. Empty where everything is as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In one transaction, in this order: all of it, or nothing.
    pub statements: Vec<String>,
    /// Each by itself, once the transaction stands.
    pub afterwards: Vec<String>,
    /// What has come of it, in words.
    pub outcome: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The SQL in lines that `psql` takes; none where there is nothing to do.
    pub fn script(&self) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        let ended = |statement: &String| format!("{statement};");
        let mut lines = vec!["BEGIN;".to_owned()];
        lines.extend(self.statements.iter().map(ended));
        lines.push("COMMIT;".to_owned());
        lines.extend(self.afterwards.iter().map(ended));
        lines
    }
}

/// Why tables were not distributed.
#[derive(Debug)]
pub enum Refused {
    /// The database is SQLite.
    NotPostgres,
    /// The extension is not installed in this database.
    NoCitus,
    /// The months would be too many.
    TooMany {
        /// So many.
        months: i32,
        /// At most.
        most: i32,
    },
    /// A table is in parts, but not in those that are made here.
    Foreign {
        /// The table.
        table: &'static str,
        /// A part that nobody expected, or that is missing.
        part: String,
    },
    /// Things hang on a table that would stay with its rows of old.
    Bound {
        /// The table.
        table: &'static str,
        /// Their kinds and names.
        by: Vec<String>,
    },
    /// A table was distributed before it was cut into months.
    Spread {
        /// The table.
        table: &'static str,
    },
    /// Tables that belong to no tenant and are not known as the same for all.
    Unknown {
        /// Their names.
        tables: Vec<String>,
    },
    /// Keys that do not carry the tenant: no server could judge them alone.
    Loose {
        /// Table and constraint or index.
        keys: Vec<String>,
    },
    /// Tables that refer to each other in a ring: none can be the first.
    Ring {
        /// Their names.
        tables: Vec<String>,
    },
    /// The database refused, or did not answer.
    Db(DbErr),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotPostgres => f.write_str("only PostgreSQL can distribute tables, and this database is SQLite"),
            Refused::NoCitus => f.write_str(
                "the extension citus is not installed in this database: `CREATE EXTENSION citus` comes first, on every node; \
                 --dry-run tells without it what would be run",
            ),
            Refused::TooMany { months, most } => {
                write!(f, "these would be {months} months, and {most} is the most: name a later --from")
            }
            Refused::Foreign { table, part } => {
                write!(f, "{table} is in parts, but not in those of this command: look at {part}")
            }
            Refused::Bound { table, by } => write!(
                f,
                "{table} cannot be cut while these hang on it: {}; drop them, and make them again afterwards",
                by.join(", ")
            ),
            Refused::Spread { table } => {
                write!(f, "{table} was distributed by Citus as a whole; the months come before that")
            }
            Refused::Unknown { tables } => write!(
                f,
                "no column tenant_id says where these would go: {}; tables of others belong into a schema of their own",
                tables.join(", ")
            ),
            Refused::Loose { keys } => write!(f, "keys without the tenant cannot be kept: {}", keys.join(", ")),
            Refused::Ring { tables } => write!(f, "tables that refer to each other in a ring: {}", tables.join(", ")),
            Refused::Db(cause) => cause.fmt(f),
        }
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Refused::Db(cause) => cause.source(),
            _ => None,
        }
    }
}

impl From<DbErr> for Refused {
    fn from(cause: DbErr) -> Refused {
        Refused::Db(cause)
    }
}

pub(crate) fn on_postgres(db: &DatabaseConnection) -> Result<(), Refused> {
    match db.get_database_backend() {
        DbBackend::Postgres => Ok(()),
        _ => Err(Refused::NotPostgres),
    }
}

/// Asks the catalogue.
pub(crate) async fn ask<C: ConnectionTrait>(db: &C, text: impl Into<String>) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await
}

/// The first column of each row.
pub(crate) async fn names<C: ConnectionTrait>(db: &C, text: impl Into<String>) -> Result<Vec<String>, DbErr> {
    ask(db, text).await?.iter().map(|row| row.try_get_by_index::<String>(0)).collect()
}

/// The tables that Citus has taken over; none where it is not installed.
pub(crate) async fn taken_by_citus<C: ConnectionTrait>(db: &C) -> Result<Option<BTreeSet<String>>, DbErr> {
    if names(db, "SELECT extname::text FROM pg_extension WHERE extname = 'citus'").await?.is_empty() {
        return Ok(None);
    }
    let text = "SELECT c.relname::text FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid";
    Ok(Some(names(db, text).await?.into_iter().collect()))
}

pub(crate) async fn carry_out(tx: DatabaseTransaction, db: &DatabaseConnection, plan: &Plan) -> Result<(), DbErr> {
    for statement in &plan.statements {
        tx.execute_unprepared(statement).await?;
    }
    tx.commit().await?;
    for statement in &plan.afterwards {
        db.execute_unprepared(statement).await?;
    }
    Ok(())
}
