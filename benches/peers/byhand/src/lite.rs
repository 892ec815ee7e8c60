//! SQLite: a few connections that read, each in a thread of its own, and one that writes.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rusqlite::{
    Connection, OpenFlags, Row, ToSql,
    functions::FunctionFlags,
    params_from_iter,
    types::{ToSqlOutput, Value},
};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    Bound, Cells, Found, Part, Result,
    questions::Touch,
    sql::Ask,
    text::{Cursor, happened},
};

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

pub struct Pool {
    readers: mpsc::Sender<Job>,
    writer: mpsc::Sender<Job>,
}

impl Pool {
    pub fn open(path: &str, readers: usize) -> Result<Pool> {
        Ok(Pool { readers: threads(path, readers)?, writer: threads(path, 1)? })
    }

    pub async fn tenant(&self, slug: String) -> Result<i64> {
        let known = format!("there is no tenant {slug}");
        let asked = run(&self.readers, move |connection| {
            let mut statement = connection.prepare_cached(&text_of(Ask::Tenant))?;
            Ok(statement.query_row([&slug], |row| row.get(0)).ok())
        });
        asked.await?.ok_or_else(|| known.into())
    }

    pub async fn text(&self, ask: Ask, bound: Vec<Bound>) -> Result<Option<Vec<u8>>> {
        run(&self.readers, move |connection| {
            let mut statement = connection.prepare_cached(&text_of(ask))?;
            let mut rows = statement.query(params_from_iter(&bound))?;
            Ok(rows.next()?.map(|row| Cells::text(row, 0).unwrap_or_default().as_bytes().to_vec()))
        })
        .await
    }

    pub async fn parts<const N: usize>(&self, parts: [Part; N]) -> Result<[Found; N]> {
        run(&self.readers, move |connection| {
            let mut all = std::array::from_fn(|_| Found::default());
            for (part, found) in parts.iter().zip(&mut all) {
                let mut statement = connection.prepare_cached(&text_of(part.ask))?;
                let mut rows = statement.query(params_from_iter(&part.bound))?;
                while let Some(row) = rows.next()? {
                    part.row(found, row);
                }
            }
            Ok(all)
        })
        .await
    }

    pub async fn write(&self, touch: Touch) -> Result<()> {
        run(&self.writer, move |connection| write(connection, &touch)).await
    }
}

/// `?1` where PostgreSQL says `$1`.
fn text_of(ask: Ask) -> String {
    ask.sql().sqlite.replace('$', "?")
}

/// Connections in threads of their own, which take jobs from one line.
fn threads(path: &str, count: usize) -> Result<mpsc::Sender<Job>> {
    let (sender, receiver) = mpsc::channel::<Job>();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..count {
        let (mut connection, receiver) = (connect(path)?, receiver.clone());
        thread::spawn(move || {
            loop {
                let Ok(job) = receiver.lock().map_err(drop).and_then(|line| line.recv().map_err(drop)) else { return };
                job(&mut connection);
            }
        });
    }
    Ok(sender)
}

async fn run<T: Send + 'static>(
    line: &mpsc::Sender<Job>,
    job: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    line.send(Box::new(move |connection| drop(sender.send(job(connection))))).map_err(|_| "the threads have ended")?;
    receiver.await?
}

/// As Journey opens it: WAL, foreign keys on, the disk is waited for at checkpoints.
fn connect(path: &str) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.set_prepared_statement_cache_capacity(Ask::ALL.len());
    let same = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("subject", 2, same, |given| {
        let (subjects, wanted) = (given.get_raw(0).as_str()?, given.get_raw(1).as_str()?);
        let subjects: Vec<(&str, Uuid)> = serde_json::from_str(subjects).unwrap_or_default();
        Ok(subjects.into_iter().find(|(ty, _)| *ty == wanted).map(|(_, id)| id))
    })?;
    connection.create_scalar_function("gid", 2, same, |given| {
        let id: Uuid = given.get(1)?;
        Ok(format!("{}_{id}", given.get_raw(0).as_str()?))
    })?;
    connection.create_scalar_function("happened", 1, same, |given| Ok(happened(given.get(0)?).to_rfc3339()))?;
    connection.create_scalar_function("cursor", 1, same, |given| Ok(Cursor::Id(given.get(0)?).write()))?;
    Ok(connection)
}

fn write(connection: &mut Connection, touch: &Touch) -> Result<()> {
    let Touch { tenant, id, event, now, me, account, contact, campaign, .. } = *touch;
    // Dropped before the commit, it is rolled back.
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let add = |ask: Ask, bound: &[Bound]| tx.prepare_cached(&text_of(ask))?.execute(params_from_iter(bound));
    let industry: Option<Uuid> = {
        let mut statement = tx.prepare_cached(&text_of(Ask::Industry))?;
        statement.query_row((tenant, account), |row| row.get(0))?
    };
    add(
        Ask::AddTouch,
        &[
            Bound::Number(tenant),
            Bound::Id(Some(id)),
            Bound::Id(Some(account)),
            Bound::Id(contact),
            Bound::Id(campaign),
            Bound::Text(Some(touch.interaction.clone())),
            Bound::Time(now),
            Bound::Text(touch.page_url.clone()),
            Bound::Truth(touch.is_inbound),
        ],
    )?;
    let (position, before): (i64, DateTime<Utc>) = {
        let mut statement = tx.prepare_cached(&text_of(Ask::TakePlace))?;
        let mut rows = statement.query([tenant])?;
        let row = rows.next()?.ok_or("the tenant has no feed")?;
        let taken = (row.get(0)?, Cells::time(row, 1).unwrap_or_default());
        // The row is updated when the statement has run to its end.
        while rows.next()?.is_some() {}
        taken
    };
    let recorded_at = now.max(before + chrono::Duration::microseconds(1));
    add(Ask::KeepMoment, &[Bound::Number(tenant), Bound::Time(recorded_at)])?;
    let subjects = touch.subjects(industry);
    add(
        Ask::AddEvent,
        &[
            Bound::Number(tenant),
            Bound::Id(Some(event)),
            Bound::Text(Some(touch.kind.clone())),
            Bound::Time(recorded_at),
            Bound::Id(me),
            Bound::Id(Some(id)),
            Bound::Id(Some(account)),
            Bound::Small(touch.importance),
            Bound::Json(serde_json::to_value(&subjects)?),
            Bound::Json(touch.payload()),
        ],
    )?;
    for (ty, about) in subjects {
        add(
            Ask::AddSubject,
            &[
                Bound::Number(tenant),
                Bound::Text(Some(ty.to_owned())),
                Bound::Id(Some(about)),
                Bound::Id(Some(event)),
                Bound::Text(Some(touch.kind.clone())),
                Bound::Small(touch.importance),
                Bound::Id(Some(account)),
            ],
        )?;
    }
    add(
        Ask::AddChange,
        &[
            Bound::Number(tenant),
            Bound::Number(position),
            Bound::Id(Some(event)),
            Bound::Id(Some(id)),
            Bound::Time(recorded_at),
        ],
    )?;
    Ok(tx.commit()?)
}

impl Cells for Row<'_> {
    fn id(&self, place: usize) -> Option<Uuid> {
        self.get(place).ok()
    }

    fn text(&self, place: usize) -> Option<&str> {
        self.get_ref(place).ok()?.as_str().ok()
    }

    fn number(&self, place: usize) -> Option<i64> {
        self.get(place).ok()
    }

    fn truth(&self, place: usize) -> bool {
        self.get(place).unwrap_or_default()
    }

    fn time(&self, place: usize) -> Option<DateTime<Utc>> {
        Some(DateTime::parse_from_rfc3339(Cells::text(self, place)?).ok()?.to_utc())
    }

    fn date(&self, place: usize) -> Option<NaiveDate> {
        Cells::text(self, place)?.parse().ok()
    }
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Bound::Number(number) => number.to_sql(),
            Bound::Small(number) => number.to_sql(),
            Bound::Truth(truth) => truth.to_sql(),
            Bound::Id(id) => id.to_sql(),
            Bound::Text(text) => text.to_sql(),
            Bound::Time(time) => {
                Ok(ToSqlOutput::Owned(Value::Text(time.to_rfc3339_opts(SecondsFormat::AutoSi, false))))
            }
            Bound::Ids(_) => Err(rusqlite::Error::ToSqlConversionFailure("lists are not bound here".into())),
            Bound::Json(json) => Ok(ToSqlOutput::Owned(Value::Text(json.to_string()))),
        }
    }
}
