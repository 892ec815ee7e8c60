//! What a grant makes, as SQL: schemas, tables, views with the words of their declarations, and the login.
//!
//! A second grant changes what there is: tables get what they lack, views are made anew.

use std::{fmt::Write, time::Duration};

use crate::bi::{
    cell::Form::{self, Code, Day, Integer, Text, Time},
    dataset::{Dataset, Source, columns},
    days::DATE,
    figures::METRIC,
};

/// What the views are of.
pub const ABOUT: Dataset = Dataset {
    name: "about",
    doc: " What the views of this schema show, and of when it is. One row.",
    fields: columns! {
        /// The tenant's slug.
        Key tenant: Code;
        /// Who reads these views.
        Row login: Text;
        /// How long a bucket is: DAY, MONTH, QUARTER or YEAR.
        Row grain: Code;
        /// By which dimensions figures are told apart, each by itself, with commas; beside them stand those that nothing tells apart.
        Row dimensions: Text;
        /// How many years there are figures of, this one being the last.
        Row years: Integer;
        /// The zone of buckets and days: the tenant's.
        Row timezone: Code;
        /// The currency of money: the tenant's.
        Row currency: Code;
        /// When the questions were asked: what happened later is not known. Null until the first time.
        Row refreshed_at: Time;
        /// When the last change was recorded that all figures know of; null where nothing is recorded.
        Row data_through: Time;
    },
    dated: None,
    source: Source::Figures,
};

/// The questions that the figures answer.
pub const QUESTION: Dataset = Dataset {
    name: "question",
    doc: " A question that figures answer: each metric, by each dimension, in each period. The same question to /bi/v1/bi_metric gives an analyst the same rows.",
    fields: columns! {
        /// The question as /bi/v1/bi_metric takes it.
        Key arguments: Text;
        /// Which metric.
        Row metric: Code;
        /// By which dimension; empty: by none.
        Row grouped_by: Text;
        /// The first day of the period.
        Row from_day: Day;
        /// The first day after it.
        Row to_day: Day;
        /// How many rows of bi_metric answer it.
        Row figures: Integer;
        /// Why it is not answered; null where it is.
        Row refused: Text;
    },
    dated: None,
    source: Source::Figures,
};

/// What is shown: what an analyst may have of `/bi/v1`, and what there is to know of it.
pub const VIEWS: [&Dataset; 4] = [&ABOUT, &QUESTION, &METRIC, &DATE];

/// What a description says beside that of the file.
fn beside(dataset: &Dataset) -> &'static str {
    match dataset.name {
        "bi_metric" => " In this schema: the answers to what `question` lists.",
        _ => "",
    }
}

/// The names of a tenant's schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The views.
    pub views: String,
    /// What they stand on. It begins otherwise than any schema of views.
    pub tables: String,
}

impl Names {
    /// Of a tenant's slug; none where it is too long.
    pub fn of(slug: &str) -> Option<Names> {
        let plain = |letter: char| match letter {
            'a'..='z' | '0'..='9' => letter,
            'A'..='Z' => letter.to_ascii_lowercase(),
            _ => '_',
        };
        let name: String = slug.chars().map(plain).collect();
        let names = Names { views: format!("bi_{name}"), tables: format!("journey_bi_{name}") };
        // A longer one would be cut by PostgreSQL, and two tenants might become one.
        (names.tables.len() <= 63).then_some(names)
    }
}

/// A name as SQL has it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL has it, however the server reads backslashes.
fn text(text: &str) -> String {
    let text = text.replace('\'', "''");
    match text.contains('\\') {
        true => format!("E'{}'", text.replace('\\', "\\\\")),
        false => format!("'{text}'"),
    }
}

/// The comment by which a schema is known as this command's, for this tenant.
pub fn mark_of_schema(slug: &str) -> String {
    format!("Figures of the tenant {slug} for BI tools: made and taken away by `journey bi`")
}

/// The comment by which a login is known as this command's, for these views. Roles are of all databases of a server.
pub fn mark_of_role(names: &Names, database: &str) -> String {
    format!("Reads {} of the database {database}: made and taken away by `journey bi`", names.views)
}

/// Takes the making of large objects from PUBLIC; only a superuser can.
pub const NO_LARGE_OBJECTS: &str = "REVOKE EXECUTE ON FUNCTION pg_catalog.lo_creat(integer), pg_catalog.lo_create(oid), \
     pg_catalog.lo_from_bytea(oid, bytea) FROM PUBLIC";

fn sql(form: Form) -> &'static str {
    match form {
        Form::Id(_) | Form::Code | Form::Text => "text",
        Form::Uuid => "uuid",
        Form::Time => "timestamptz",
        Form::Day => "date",
        Form::Integer => "bigint",
        Form::Amount(_) | Form::Decimal => "numeric",
        Form::Float => "double precision",
        Form::Flag => "boolean",
    }
}

/// All that a grant is made of.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The tenant's slug.
    pub slug: &'a str,
    /// Its schemas.
    pub names: &'a Names,
    /// The database.
    pub database: &'a str,
    /// Whose the schemas are to be.
    pub owner: &'a str,
    /// The tenant's civil time.
    pub zone: &'a str,
    /// The login.
    pub login: &'a str,
    /// Whether it has to be made.
    pub is_new: bool,
    /// What the server is to keep of its password; it stays without.
    pub verifier: Option<&'a str>,
    /// How long a statement may run.
    pub timeout: Duration,
    /// How many connections there may be.
    pub connections: u32,
    /// Whether a superuser does it.
    pub by_superuser: bool,
}

impl Plan<'_> {
    /// The statements, for one transaction.
    pub fn statements(&self) -> Vec<String> {
        let mut statements = self.role();
        statements.extend(self.schemas());
        statements
    }

    fn role(&self) -> Vec<String> {
        let Plan { names, login, connections, .. } = self;
        let (login, database) = (quoted(login), quoted(self.database));
        let password = self.verifier.map(|verifier| format!(" PASSWORD {}", text(verifier))).unwrap_or_default();
        let may = match self.is_new {
            true => "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS",
            // What it may not do is judged afterwards: to say it again takes a superuser.
            false => "LOGIN",
        };
        let make = if self.is_new { "CREATE" } else { "ALTER" };
        let set = |option: &str, value: String| format!("ALTER ROLE {login} SET {option} = {value}");
        let mut statements = vec![
            format!("{make} ROLE {login} {may} CONNECTION LIMIT {connections}{password}"),
            // A login may change its own settings: what it has changed is taken back.
            format!("ALTER ROLE {login} RESET ALL"),
            format!("ALTER ROLE {login} IN DATABASE {database} RESET ALL"),
            set("statement_timeout", text(&format!("{}ms", self.timeout.as_millis()))),
            set("idle_in_transaction_session_timeout", text("1min")),
            set("default_transaction_read_only", text("on")),
            set("search_path", quoted(&names.views)),
            // So that the day of a bucket's first moment is its first day.
            set("timezone", text(self.zone)),
            format!("COMMENT ON ROLE {login} IS {}", text(&mark_of_role(names, self.database))),
            format!("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"),
            format!("GRANT CONNECT ON DATABASE {database} TO {login}"),
        ];
        // Large objects are written even where transactions only read, and they are everybody's to make.
        statements.extend(self.by_superuser.then(|| NO_LARGE_OBJECTS.to_owned()));
        statements
    }

    fn schemas(&self) -> Vec<String> {
        let Plan { names, login, .. } = self;
        let (views, tables) = (quoted(&names.views), quoted(&names.tables));
        let (login, owner) = (quoted(login), quoted(self.owner));
        let mut statements = Vec::new();
        for schema in [&views, &tables] {
            statements.push(format!("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}"));
        }
        statements.push(format!("SET LOCAL ROLE {owner}"));
        for schema in [&views, &tables] {
            statements.push(format!("COMMENT ON SCHEMA {schema} IS {}", text(&mark_of_schema(self.slug))));
        }
        statements.push(format!("GRANT USAGE ON SCHEMA {views} TO {login}"));
        for dataset in VIEWS {
            let name = quoted(dataset.name);
            let columns: Vec<String> = dataset.fields.iter().map(|field| quoted(field.name)).collect();
            let mut lacking = String::new();
            for (nth, field) in dataset.fields.iter().enumerate() {
                let comma = if nth == 0 { "" } else { "," };
                // writing to a String does not fail
                let _ = write!(lacking, "{comma} ADD COLUMN IF NOT EXISTS {} {}", columns[nth], sql(field.form));
            }
            statements.push(format!("CREATE TABLE IF NOT EXISTS {tables}.{name} ()"));
            statements.push(format!("ALTER TABLE {tables}.{name}{lacking}"));
            statements.push(format!("DROP VIEW IF EXISTS {views}.{name}"));
            // The view hides nothing: what it stands on holds nothing to hide. So no function in a question sees more than its answer.
            statements
                .push(format!("CREATE VIEW {views}.{name} AS SELECT {} FROM {tables}.{name}", columns.join(", ")));
            let words = format!("{}{}", dataset.doc.trim(), beside(dataset));
            statements.push(format!("COMMENT ON VIEW {views}.{name} IS {}", text(&words)));
            for (field, column) in dataset.fields.iter().zip(&columns) {
                let words = text(field.doc.trim());
                statements.push(format!("COMMENT ON COLUMN {views}.{name}.{column} IS {words}"));
            }
            statements.push(format!("GRANT SELECT ON {views}.{name} TO {login}"));
        }
        statements.push(format!(
            "CREATE INDEX IF NOT EXISTS bi_metric_asked ON {tables}.bi_metric (metric, grouped_by, bucket_from)"
        ));
        statements.push("SET LOCAL ROLE NONE".to_owned());
        statements
    }
}

/// Lets nobody in any more.
pub fn closed(login: &str) -> String {
    format!("ALTER ROLE {} NOLOGIN", quoted(login))
}

/// Takes away what a grant has made, for one transaction. What PUBLIC has lost it does not get back: nobody knows whether it had it.
pub fn gone(names: &Names, login: Option<&str>) -> Vec<String> {
    let mut statements: Vec<String> = [&names.views, &names.tables]
        .iter()
        .map(|schema| format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(schema)))
        .collect();
    if let Some(login) = login {
        let login = quoted(login);
        // It may own large objects, and has a right on the database; whoever is in its place may drop both.
        statements.push(format!("GRANT {login} TO CURRENT_USER"));
        statements.push(format!("DROP OWNED BY {login}"));
        statements.push(format!("DROP ROLE {login}"));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(names: &Names) -> Plan<'_> {
        Plan {
            slug: "a-1",
            names,
            database: "jour\"ney",
            owner: "journey",
            zone: "Europe/Berlin",
            login: "bi_a_1",
            is_new: true,
            verifier: Some("SCRAM-SHA-256$…"),
            timeout: Duration::from_secs(30),
            connections: 5,
            by_superuser: true,
        }
    }

    #[test]
    fn slugs_become_names_or_none() {
        let names = Names::of("a-1").unwrap();
        assert_eq!((names.views.as_str(), names.tables.as_str()), ("bi_a_1", "journey_bi_a_1"));
        assert_eq!(Names::of("A\"; DROP").unwrap().views, "bi_a___drop");
        assert_eq!(Names::of("Ünder").unwrap().views, "bi__nder");
        assert!(Names::of(&"x".repeat(52)).is_some() && Names::of(&"x".repeat(53)).is_none());
    }

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text("a\\'b"), "E'a\\\\''b'");
    }

    #[test]
    fn the_login_gets_what_it_needs_and_no_more() {
        let names = Names::of("a-1").unwrap();
        let statements = plan(&names).statements();
        assert_eq!(
            statements[0],
            "CREATE ROLE \"bi_a_1\" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION \
             NOBYPASSRLS CONNECTION LIMIT 5 PASSWORD 'SCRAM-SHA-256$…'"
        );
        let grants: Vec<&String> = statements.iter().filter(|statement| statement.starts_with("GRANT")).collect();
        assert_eq!(
            grants,
            [
                "GRANT CONNECT ON DATABASE \"jour\"\"ney\" TO \"bi_a_1\"",
                "GRANT USAGE ON SCHEMA \"bi_a_1\" TO \"bi_a_1\"",
                "GRANT SELECT ON \"bi_a_1\".\"about\" TO \"bi_a_1\"",
                "GRANT SELECT ON \"bi_a_1\".\"question\" TO \"bi_a_1\"",
                "GRANT SELECT ON \"bi_a_1\".\"bi_metric\" TO \"bi_a_1\"",
                "GRANT SELECT ON \"bi_a_1\".\"dim_date\" TO \"bi_a_1\"",
            ]
        );
        for statement in [
            "ALTER ROLE \"bi_a_1\" SET statement_timeout = '30000ms'",
            "ALTER ROLE \"bi_a_1\" SET default_transaction_read_only = 'on'",
            "ALTER ROLE \"bi_a_1\" SET search_path = \"bi_a_1\"",
            "REVOKE TEMPORARY ON DATABASE \"jour\"\"ney\" FROM PUBLIC",
        ] {
            assert!(statements.iter().any(|said| said == statement), "{statement}");
        }
        let again = Plan { is_new: false, verifier: None, ..plan(&names) }.statements();
        assert_eq!(again[0], "ALTER ROLE \"bi_a_1\" LOGIN CONNECTION LIMIT 5");
        assert_eq!(again[1..], statements[1..]);
        let by_another = Plan { by_superuser: false, ..plan(&names) }.statements();
        let lacking: Vec<&String> = statements.iter().filter(|said| !by_another.contains(said)).collect();
        assert_eq!(lacking, [NO_LARGE_OBJECTS]);
    }

    #[test]
    fn everything_shown_says_what_it_is() {
        let names = Names::of("a-1").unwrap();
        let statements = plan(&names).statements();
        let said = statements.iter().filter(|statement| statement.starts_with("COMMENT ON COLUMN")).count();
        assert_eq!(said, VIEWS.iter().map(|dataset| dataset.fields.len()).sum::<usize>());
        for dataset in VIEWS {
            assert!(dataset.fields.iter().all(|field| !field.doc.trim().is_empty()), "{}", dataset.name);
        }
    }
}
