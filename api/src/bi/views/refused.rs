//! Why a command about views was refused, in words for whoever sits at the terminal.

use std::fmt;

use sea_orm::DbErr;

use crate::graph::Error;

/// Why views were not made, filled or taken away.
#[derive(Debug)]
pub enum Refused {
    /// The database is SQLite.
    NotPostgres,
    /// There is no such tenant.
    NoTenant(String),
    /// The tenant has no views.
    NotGranted(String),
    /// The tenant's slug is too long for the name of a schema.
    LongName(String),
    /// Two tenants would have one schema.
    Alike {
        /// One of them.
        one: String,
        /// The other.
        other: String,
        /// The schema.
        schema: String,
    },
    /// There is a schema or a role of that name which this command did not make for this tenant and database.
    Taken {
        /// Schema or role.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The name cannot be that of a login.
    BadLogin(String),
    /// The tenant's views are read by another login already.
    OtherLogin {
        /// The one that there is.
        login: String,
    },
    /// The database's user may not make roles, or does not own the database and its tables.
    NotAllowed,
    /// The login could do more than read its views.
    Open {
        /// The login.
        login: String,
        /// What it could do.
        rights: Vec<String>,
    },
    /// Another process fills the views now.
    Busy(String),
    /// The system gives no random numbers.
    NoRandom,
    /// The engine of numbers, or what it stands on, failed.
    House(Error),
    /// The database refused, or did not answer.
    Db(DbErr),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotPostgres => f.write_str(
                "SQL views need PostgreSQL, and this database is SQLite: its doors for BI tools are the files under /bi/v1/ and \
                 OData under /odata/ (docs/bi.md)",
            ),
            Refused::NoTenant(slug) => write!(f, "there is no tenant {slug:?} in this database"),
            Refused::NotGranted(slug) => {
                write!(f, "tenant {slug:?} has no views: `journey bi grant --tenant {slug}` makes them")
            }
            Refused::LongName(slug) => {
                write!(f, "the slug {slug:?} is too long: PostgreSQL's names have 63 bytes, and journey_bi_ comes before it")
            }
            Refused::Alike { one, other, schema } => {
                write!(f, "the tenants {one:?} and {other:?} would both have the schema {schema}: neither gets it")
            }
            Refused::Taken { what, name } => write!(
                f,
                "there is a {what} {name:?} already, and its comment does not say that this command made it for this tenant and \
                 this database; {}",
                match *what {
                    "role" => "name another login with --login",
                    _ => "rename it, or drop it",
                }
            ),
            Refused::BadLogin(name) => {
                write!(f, "--login {name:?}: 1 to 63 letters, digits, hyphens and underscores, and not pg_ at the beginning")
            }
            Refused::OtherLogin { login } => write!(
                f,
                "the views are read by the login {login:?} already: leave --login out, or take them away first with `journey bi revoke`"
            ),
            Refused::NotAllowed => f.write_str(
                "the database's user must own the database and Journey's tables, and be allowed to make roles (CREATEROLE), or be a \
                 superuser: run this with an administrator's --database-url; `journey bi refresh` needs neither",
            ),
            Refused::Open { login, rights } => write!(
                f,
                "nothing was done: the login {login:?} could do more than read its views: {}. Mostly it is what PUBLIC may do: revoke it \
                 (REVOKE … FROM PUBLIC), and try again",
                rights.join("; ")
            ),
            Refused::Busy(schema) => write!(f, "another process fills {schema} now"),
            Refused::NoRandom => f.write_str("the system gives no random numbers"),
            Refused::House(error) => f.write_str(error.code()),
            Refused::Db(cause) => cause.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

impl From<DbErr> for Refused {
    fn from(cause: DbErr) -> Refused {
        Refused::Db(cause)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::House(error)
    }
}
