//! PostgreSQL: rows in binary form, statements prepared once a connection.
//!
//! Reading connections are shared: each takes the next question before it has answered the one before. A connection that writes is
//! one transaction's alone.

use std::{
    collections::HashMap,
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::try_join_all;
use tokio::{sync::Semaphore, try_join};
use tokio_postgres::{
    Client, NoTls, Row, Statement,
    types::{IsNull, Json, ToSql, Type, private::BytesMut, to_sql_checked},
};
use uuid::Uuid;

use crate::{Bound, Cells, Found, Part, Result, questions::Touch, sql::Ask};

pub struct Pool {
    readers: Vec<Connection>,
    next: AtomicUsize,
    writers: Arc<Writers>,
}

struct Writers {
    idle: Mutex<Vec<Connection>>,
    free: Semaphore,
}

struct Connection {
    client: Client,
    statements: Vec<Statement>,
}

impl Connection {
    async fn open(url: &str) -> Result<Connection> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let mut statements = Vec::with_capacity(Ask::ALL.len());
        for ask in Ask::ALL {
            let prepared = client.prepare(ask.sql().postgres).await;
            statements.push(prepared.map_err(|error| format!("{ask:?}: {error}: {:?}", error.source()))?);
        }
        Ok(Connection { client, statements })
    }

    fn statement(&self, ask: Ask) -> &Statement {
        &self.statements[ask as usize]
    }

    async fn ask(&self, ask: Ask, bound: &[Bound]) -> Result<Vec<Row>, tokio_postgres::Error> {
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.client.query(self.statement(ask), &bound).await
    }

    async fn part(&self, part: &Part) -> Result<Found, tokio_postgres::Error> {
        let rows = self.ask(part.ask, &part.bound).await?;
        let mut found = Found::default();
        match part.ask {
            Ask::Page | Ask::PageOfKinds | Ask::Events => self.events(part, &rows, &mut found).await?,
            _ => rows.iter().for_each(|row| part.row(&mut found, row)),
        }
        Ok(found)
    }

    /// Events with the names of whom they are about, which come by two statements at once.
    async fn events(&self, part: &Part, rows: &[Row], found: &mut Found) -> Result<(), tokio_postgres::Error> {
        let about: Vec<[Option<Uuid>; 2]> = rows.iter().take(part.size).map(about).collect();
        let ids = |place: usize| {
            let mut ids: Vec<Uuid> = about.iter().filter_map(|pair| pair[place]).collect();
            ids.sort_unstable();
            ids.dedup();
            [part.bound[0].clone(), Bound::Ids(ids)]
        };
        let (contacts, campaigns) = (ids(0), ids(1));
        let (contacts, campaigns) =
            try_join!(self.ask(Ask::Contacts, &contacts), self.ask(Ask::Campaigns, &campaigns))?;
        let by_id = |rows: &[Row]| {
            rows.iter().enumerate().map(|(place, row)| (row.get(0), place)).collect::<HashMap<Uuid, usize>>()
        };
        let (contact_of, campaign_of) = (by_id(&contacts), by_id(&campaigns));
        for (place, event) in rows.iter().enumerate() {
            let [contact, campaign] = about.get(place).copied().unwrap_or_default();
            let named = Named {
                event,
                contact: contact.and_then(|id| contact_of.get(&id)).map(|place| &contacts[*place]),
                campaign: campaign.and_then(|id| campaign_of.get(&id)).map(|place| &campaigns[*place]),
            };
            part.row(found, &named);
        }
        Ok(())
    }
}

impl Pool {
    pub async fn connect(url: &str, connections: usize) -> Result<Pool> {
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for _ in 0..connections {
            readers.push(Connection::open(url).await?);
            writers.push(Connection::open(url).await?);
        }
        let writers = Arc::new(Writers { idle: Mutex::new(writers), free: Semaphore::new(connections) });
        Ok(Pool { readers, next: AtomicUsize::new(0), writers })
    }

    fn reader(&self) -> &Connection {
        &self.readers[self.next.fetch_add(1, Ordering::Relaxed) % self.readers.len()]
    }

    pub async fn tenant(&self, slug: &str) -> Result<i64> {
        let rows = self.reader().ask(Ask::Tenant, &[Bound::Text(Some(slug.to_owned()))]).await?;
        Ok(rows.first().ok_or_else(|| format!("there is no tenant {slug}"))?.get(0))
    }

    pub async fn text(&self, ask: Ask, bound: &[Bound]) -> Result<Option<Vec<u8>>> {
        let rows = self.reader().ask(ask, bound).await?;
        Ok(rows.first().map(|row| row.get::<_, &str>(0).as_bytes().to_vec()))
    }

    pub async fn parts<const N: usize>(&self, parts: [Part; N]) -> Result<[Found; N]> {
        let connection = self.reader();
        // Sent together, answered one after the other.
        let found = try_join_all(parts.iter().map(|part| connection.part(part))).await?;
        found.try_into().map_err(|_| "a part is missing".into())
    }

    /// In a task of its own: whoever asked may go away in the middle, and the transaction must come to its end.
    pub async fn write(&self, touch: Touch) -> Result<()> {
        let writers = self.writers.clone();
        tokio::spawn(async move {
            let _free = writers.free.acquire().await?;
            let taken = writers.idle.lock().map_err(|_| "a writer has gone")?.pop();
            let connection = taken.ok_or("no writer is free")?;
            let written = connection.write(&touch).await;
            if written.is_err() {
                // Whatever was begun is over.
                connection.client.batch_execute("ROLLBACK").await?;
            }
            writers.idle.lock().map_err(|_| "a writer has gone")?.push(connection);
            written
        })
        .await?
    }
}

impl Connection {
    /// One transaction in three journeys to the database: what does not wait for an answer is sent together. Nobody is woken as
    /// Journey does: there are no live readers here.
    async fn write(&self, touch: &Touch) -> Result<()> {
        let Touch { tenant, id, event, now, me, account, contact, campaign, .. } = *touch;
        let add_touch = [
            Bound::Number(tenant),
            Bound::Id(Some(id)),
            Bound::Id(Some(account)),
            Bound::Id(contact),
            Bound::Id(campaign),
            Bound::Text(Some(touch.interaction.clone())),
            Bound::Time(now),
            Bound::Text(touch.page_url.clone()),
            Bound::Truth(touch.is_inbound),
        ];
        let of_account = [Bound::Number(tenant), Bound::Id(Some(account))];
        let (_, rows, _) = try_join!(
            self.client.batch_execute("BEGIN"),
            self.ask(Ask::Industry, &of_account),
            self.ask(Ask::AddTouch, &add_touch),
        )?;
        let industry: Option<Uuid> = rows.first().ok_or("there is no such account")?.get(0);
        // The counter last: whoever writes waits for it, and holds it for these inserts only.
        let rows = self.ask(Ask::TakePlace, &[Bound::Number(tenant), Bound::Time(now)]).await?;
        let counter = rows.first().ok_or("the tenant has no feed")?;
        let (position, recorded_at): (i64, DateTime<Utc>) = (counter.get(0), counter.get(1));
        let subjects = touch.subjects(industry);
        let add_event = [
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
        ];
        let add_change = [
            Bound::Number(tenant),
            Bound::Number(position),
            Bound::Id(Some(event)),
            Bound::Id(Some(id)),
            Bound::Time(recorded_at),
        ];
        let add_subject = |subject: Option<&(&str, Uuid)>| {
            let bound = subject.map(|(ty, about)| {
                [
                    Bound::Number(tenant),
                    Bound::Text(Some((*ty).to_owned())),
                    Bound::Id(Some(*about)),
                    Bound::Id(Some(event)),
                    Bound::Text(Some(touch.kind.clone())),
                    Bound::Small(touch.importance),
                    Bound::Id(Some(account)),
                ]
            });
            async move {
                match bound {
                    Some(bound) => self.ask(Ask::AddSubject, &bound).await.map(drop),
                    None => Ok(()),
                }
            }
        };
        try_join!(
            self.ask(Ask::AddEvent, &add_event),
            add_subject(subjects.first()),
            add_subject(subjects.get(1)),
            add_subject(subjects.get(2)),
            add_subject(subjects.get(3)),
            self.ask(Ask::AddChange, &add_change),
            self.client.batch_execute("COMMIT"),
        )?;
        Ok(())
    }
}

/// The first contact and the first campaign of an event.
fn about(row: &Row) -> [Option<Uuid>; 2] {
    let Json(subjects): Json<Vec<(&str, Uuid)>> = row.get(3);
    ["CONTACT", "CAMPAIGN"].map(|wanted| subjects.iter().find(|(ty, _)| *ty == wanted).map(|(_, id)| *id))
}

/// An event with whom it is about, in the columns that SQLite gives.
struct Named<'a> {
    event: &'a Row,
    contact: Option<&'a Row>,
    campaign: Option<&'a Row>,
}

impl Named<'_> {
    fn at(&self, place: usize) -> Option<(&Row, usize)> {
        match place {
            0..3 => Some((self.event, place)),
            3..6 => self.contact.map(|row| (row, place - 3)),
            _ => self.campaign.map(|row| (row, place - 6)),
        }
    }
}

impl Cells for Named<'_> {
    fn id(&self, place: usize) -> Option<Uuid> {
        self.at(place).and_then(|(row, place)| row.get(place))
    }

    fn text(&self, place: usize) -> Option<&str> {
        self.at(place).and_then(|(row, place)| row.get(place))
    }

    // An event's cells are ids and texts.
    fn number(&self, _: usize) -> Option<i64> {
        None
    }

    fn truth(&self, _: usize) -> bool {
        false
    }

    fn time(&self, _: usize) -> Option<DateTime<Utc>> {
        None
    }

    fn date(&self, _: usize) -> Option<NaiveDate> {
        None
    }
}

impl Cells for Row {
    fn id(&self, place: usize) -> Option<Uuid> {
        self.get(place)
    }

    fn text(&self, place: usize) -> Option<&str> {
        self.get(place)
    }

    fn number(&self, place: usize) -> Option<i64> {
        self.get(place)
    }

    fn truth(&self, place: usize) -> bool {
        self.get(place)
    }

    fn time(&self, place: usize) -> Option<DateTime<Utc>> {
        self.get(place)
    }

    fn date(&self, place: usize) -> Option<NaiveDate> {
        self.get(place)
    }
}

impl ToSql for Bound {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Bound::Number(number) => number.to_sql(ty, out),
            Bound::Small(number) => number.to_sql(ty, out),
            Bound::Truth(truth) => truth.to_sql(ty, out),
            Bound::Id(id) => id.to_sql(ty, out),
            Bound::Text(text) => text.to_sql(ty, out),
            Bound::Time(time) => time.to_sql(ty, out),
            Bound::Json(json) => json.to_sql(ty, out),
            Bound::Ids(ids) => ids.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
