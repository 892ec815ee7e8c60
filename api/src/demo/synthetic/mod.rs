//! Made-up journeys for measuring: no story, as many as one likes, skewed like life. A few accounts have very many events, most
//! have few (Zipf's law); most events are touches, some are calls, meetings, tickets, deals.
//!
//! The same seed makes the same rows with the same ids. Rows are streamed: what is kept in memory is the ids of accounts and
//! contacts, whatever the number of events. Written in batches through the one write path, as the house itself.

mod events;
mod people;

use chrono::{DateTime, Duration, Utc};
use entities::{marketing::channel, sales::pipeline, tenant::queue};
use uuid::Uuid;

use crate::{
    clock::Clock,
    graph::{Cx, Error, Result, UserErrorCode},
    policy::RoleSet,
    store::Store,
    tenancy::{self, NewTenant},
};

/// What to make.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The tenant's slug; it is founded if there is none.
    pub tenant: String,
    /// How many accounts.
    pub accounts: u64,
    /// How many events, beside those that record accounts and contacts.
    pub events: u64,
    /// Another seed, other journeys.
    pub seed: u64,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Accounts.
    pub accounts: u64,
    /// Contacts.
    pub contacts: u64,
    /// Events, beside those that record accounts and contacts.
    pub events: u64,
}

/// When the first journey begins: 2024-01-01.
const BEGIN: i64 = 1_704_067_200;
/// How long they last: two years.
const DAYS: i64 = 730;

/// Numbers that look thrown (SplitMix64), apart from the clock's, which become ids.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.throw() % n.max(1)
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0)).copied()
    }

    /// A rank below `n`, the first far more often than the last: the rank of Zipf's law is spread evenly by its logarithm.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
    fn rank(&mut self, n: u64) -> u64 {
        let even = (self.throw() >> 11) as f64 / (1_u64 << 53) as f64;
        (((n + 1) as f64).powf(even) as u64).saturating_sub(1).min(n.saturating_sub(1))
    }
}

/// What the events are about.
struct World {
    cx: Cx,
    clock: Clock,
    dice: Dice,
    begin: DateTime<Utc>,
    colleagues: Vec<Uuid>,
    campaigns: Vec<Uuid>,
    channels: Vec<Uuid>,
    sales: Uuid,
    desk: Option<Uuid>,
    inbox: Option<Uuid>,
    /// Each account with the place of its first contact among the contacts.
    accounts: Vec<(Uuid, u32)>,
    contacts: Vec<Uuid>,
}

impl World {
    /// An account and one of its contacts.
    fn somebody(&mut self) -> (Uuid, Option<Uuid>) {
        let nth = usize::try_from(self.dice.rank(self.accounts.len() as u64)).unwrap_or(0);
        let (account, first) = self.accounts[nth];
        let end = self.accounts.get(nth + 1).map_or(self.contacts.len(), |(_, next)| *next as usize);
        let people = &self.contacts[first as usize..end];
        let person = usize::try_from(self.dice.rank(people.len() as u64)).unwrap_or(0);
        (account, people.get(person).copied())
    }
}

/// Makes journeys. `progress` hears the number of events so far.
pub async fn generate(store: &Store, wanted: &Wanted, mut progress: impl FnMut(u64)) -> Result<Made> {
    // Ids are made of time and the clock's numbers, which are the same for each seed: the seed moves the time by as many µs.
    let apart = Duration::microseconds((wanted.seed % 1_000_000).cast_signed());
    let begin = DateTime::from_timestamp(BEGIN, 0).unwrap_or_default() + apart;
    let new = NewTenant {
        slug: wanted.tenant.clone(),
        name: "Synthetic journeys".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        language: "en".to_owned(),
    };
    let tenant = tenancy::found(store, &Clock::at(begin), new).await?;
    // A clock of its own: the ids are the same whether the tenant was there or not.
    let begin = begin + Duration::seconds(1);
    let clock = Clock::at(begin);
    let caller = tenancy::system_caller(store, tenant, begin, RoleSet::ALL, "made-up journeys").await?;
    let cx = Cx::new(caller, store.clone(), clock.clone());
    let channels = cx.caller.rows::<channel::Entity>().all(store.db()).await?;
    let pipelines = cx.caller.rows::<pipeline::Entity>().all(store.db()).await?;
    let queues = cx.caller.rows::<queue::Entity>().all(store.db()).await?;
    let queue_of = |code| queues.iter().find(|seen| seen.row().code == code).map(|seen| seen.row().id);
    let mut world = World {
        clock,
        dice: Dice(wanted.seed),
        begin,
        colleagues: Vec::new(),
        campaigns: Vec::new(),
        channels: channels.iter().map(|seen| seen.row().id).collect(),
        sales: pipelines
            .iter()
            .find(|seen| seen.row().object_type == entities::codes::StageObject::Opportunity)
            .map(|seen| seen.row().id)
            .ok_or(Error::NotFound)?,
        desk: queue_of("SERVICE_DESK"),
        inbox: queue_of("SALES_INBOX"),
        accounts: Vec::new(),
        contacts: Vec::new(),
        cx,
    };
    world.company(wanted.seed).await.map_err(|error| already(error, wanted))?;
    world.people(wanted.accounts).await?;
    let mut done = 0;
    progress(done);
    while done < wanted.events {
        done += world.events(done, wanted.events).await?;
        progress(done);
    }
    Ok(Made { accounts: world.accounts.len() as u64, contacts: world.contacts.len() as u64, events: done })
}

/// The first rows of a seed that are there already say that it was made before.
fn already(error: Error, wanted: &Wanted) -> Error {
    let Error::Internal(cause) = &error else { return error };
    let is_duplicate = cause.downcast_ref::<sea_orm::DbErr>().is_some_and(crate::graph::is_duplicate);
    match is_duplicate {
        true => {
            let words = format!("tenant {} has the journeys of seed {} already", wanted.tenant, wanted.seed);
            Error::user(UserErrorCode::Duplicate, "seed", words)
        }
        false => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ranks_come_most_often() {
        let mut dice = Dice(7);
        let mut counts = [0_u32; 1000];
        for _ in 0..100_000 {
            counts[usize::try_from(dice.rank(1000)).unwrap()] += 1;
        }
        assert!(counts[0] > 9_000 && counts[0] < 11_000, "{}", counts[0]);
        assert!(counts[1] < counts[0] && counts[9] < counts[1]);
        let tail: u32 = counts[500..].iter().sum();
        assert!(tail > 5_000 && tail < 15_000, "{tail}");
    }
}
