//! Statements whose text is made once. The text depends on what kind of caller asks, not on who: it is made for a pattern of a
//! caller, whose tenant and whose ids no database has, and each request puts its own values into their places. Where a value had
//! become a part of the text, the statement would find nothing: it cannot find what is another's.

use std::{
    hash::Hash,
    sync::{Arc, LazyLock},
};

use chrono::{DateTime, Utc};
use entities::codes::Discipline;
use quick_cache::sync::Cache;
use sea_orm::{DbBackend, Statement, StatementBuilder, Value, Values, sea_query::SelectStatement};
use uuid::Uuid;

use super::{Caller, Grants, Held, Known, TenantKey};

/// How many texts of a kind are kept.
const KEPT: usize = 512;

/// What of a caller decides the text of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape {
    held: Held,
    is_colleague: bool,
    has_subject: bool,
    in_industries: bool,
    merged: bool,
    discipline: Option<Discipline>,
    queues: usize,
}

/// No tenant has this number.
const TENANT: i64 = i64::MIN + 7;
/// A subject that no token has: it could not be written into one.
const SUBJECT: &str = "\u{0}the subject of a pattern";
/// Ids of no version that is ever made: what they stand for, and its place.
const COLLEAGUE: u128 = 0xffff_0001 << 96;
const QUEUE: u128 = 0xffff_0002 << 96;
const ARG: u128 = 0xffff_0003 << 96;
const KIND: u128 = 0xffff_ffff << 96;
/// A moment that no request has, and none near it: some ten thousand years before our time.
static MOMENT: LazyLock<DateTime<Utc>> =
    LazyLock::new(|| DateTime::from_timestamp(-400_000_000_000, 0).unwrap_or_default());

/// The id that stands for the nth value of a request while its text is made.
pub fn arg(nth: usize) -> Uuid {
    Uuid::from_u128(ARG | nth as u128)
}

impl Shape {
    fn of(caller: &Caller) -> Shape {
        Shape {
            held: caller.into(),
            is_colleague: caller.colleague.is_some(),
            has_subject: caller.subject.is_some(),
            in_industries: caller.in_industries,
            merged: caller.merged,
            discipline: caller.discipline,
            queues: caller.queues.len(),
        }
    }

    fn pattern(self) -> Caller {
        Caller {
            tenant: TENANT,
            roles: self.held.roles,
            grants: Grants { types: self.held.types, sources: None },
            subject: self.has_subject.then(|| SUBJECT.to_owned()),
            colleague: self.is_colleague.then(|| Uuid::from_u128(COLLEAGUE)),
            in_industries: self.in_industries,
            merged: self.merged,
            discipline: self.discipline,
            queues: (0..self.queues).map(|nth| Uuid::from_u128(QUEUE | nth as u128)).collect(),
            moment: (*MOMENT).into(),
            levels: Known::default(),
            expires_at: None,
            reason: Some("the pattern of a statement"),
            tenant_key: TenantKey(Arc::new([])),
        }
    }
}

/// What stands in one place of a statement.
#[derive(Clone, Debug)]
enum Slot {
    Fixed(Value),
    Tenant,
    Moment,
    Subject,
    Id(Standing),
    /// Words and an id, such as `QUEUE:…`.
    Words(String, Standing),
}

/// What an id stands for.
#[derive(Clone, Copy, Debug)]
enum Standing {
    Colleague,
    Queue(usize),
    Arg(usize),
}

impl Standing {
    fn of(id: Uuid) -> Option<Standing> {
        let place = usize::try_from(id.as_u128() & !KIND).ok()?;
        match id.as_u128() & KIND {
            COLLEAGUE => Some(Standing::Colleague),
            QUEUE => Some(Standing::Queue(place)),
            ARG => Some(Standing::Arg(place)),
            _ => None,
        }
    }

    fn id(self, caller: &Caller, args: &[Uuid]) -> Option<Uuid> {
        match self {
            Standing::Colleague => caller.colleague,
            Standing::Queue(nth) => caller.queues.get(nth).copied(),
            Standing::Arg(nth) => args.get(nth).copied(),
        }
    }
}

impl Slot {
    fn of(value: Value) -> Slot {
        match value {
            Value::BigInt(Some(TENANT)) => Slot::Tenant,
            Value::ChronoDateTimeUtc(Some(moment)) if moment == *MOMENT => Slot::Moment,
            Value::Uuid(Some(id)) => Standing::of(id).map_or(Slot::Fixed(Value::Uuid(Some(id))), Slot::Id),
            Value::String(Some(words)) if words == SUBJECT => Slot::Subject,
            Value::String(Some(words)) => {
                let standing = words
                    .rsplit_once(':')
                    .and_then(|(before, id)| Some((format!("{before}:"), Standing::of(Uuid::parse_str(id).ok()?)?)));
                match standing {
                    Some((before, standing)) => Slot::Words(before, standing),
                    None => Slot::Fixed(Value::String(Some(words))),
                }
            }
            other => Slot::Fixed(other),
        }
    }

    /// Whether the pattern's moment was reckoned with: of a moment that was moved, no other can be made.
    fn is_moved(&self) -> bool {
        matches!(self, Slot::Fixed(Value::ChronoDateTimeUtc(Some(moment))) if moment.timestamp() < MOMENT.timestamp() / 2)
    }

    fn fill(&self, caller: &Caller, args: &[Uuid]) -> Value {
        match self {
            Slot::Fixed(value) => value.clone(),
            Slot::Tenant => Value::BigInt(Some(caller.tenant)),
            Slot::Moment => Value::ChronoDateTimeUtc(Some(caller.now())),
            Slot::Subject => Value::String(caller.subject.clone()),
            Slot::Id(standing) => Value::Uuid(standing.id(caller, args)),
            Slot::Words(before, standing) => Value::String(standing.id(caller, args).map(|id| format!("{before}{id}"))),
        }
    }
}

/// A statement without its values, and what whoever made it keeps beside it.
pub struct Template<X> {
    backend: DbBackend,
    text: String,
    slots: Vec<Slot>,
    /// What belongs to it.
    pub beside: X,
}

impl<X> Template<X> {
    /// The statement of a caller with its values.
    pub fn statement(&self, caller: &Caller, args: &[Uuid]) -> Statement {
        let values = self.slots.iter().map(|slot| slot.fill(caller, args)).collect();
        Statement { sql: self.text.clone(), values: Some(Values(values)), db_backend: self.backend }
    }
}

/// The statements of one kind, by what else than the caller decides their text.
pub struct Templates<K: Hash + Eq, X>(Cache<(Shape, u8, K), Arc<Template<X>>>);

impl<K: Hash + Eq + Clone, X> Default for Templates<K, X> {
    fn default() -> Self {
        Templates(Cache::new(KEPT))
    }
}

impl<K: Hash + Eq + Clone, X> Templates<K, X> {
    /// The statement for callers like this one; made where it is not known yet, for a pattern of them and with [`arg`] in the place
    /// of each value of the request.
    pub fn of(
        &self,
        caller: &Caller,
        backend: DbBackend,
        key: K,
        make: impl Fn(&Caller) -> (SelectStatement, X),
    ) -> Arc<Template<X>> {
        let shape = Shape::of(caller);
        let key = (shape, backend as u8, key);
        if let Some(known) = self.0.get(&key) {
            return known;
        }
        let template = |pattern: &Caller| {
            let (select, beside) = make(pattern);
            let Statement { sql: text, values, .. } = StatementBuilder::build(&select, &backend);
            let slots = values.into_iter().flat_map(|Values(values)| values).map(Slot::of).collect();
            Arc::new(Template { backend, text, slots, beside })
        };
        let made = template(&shape.pattern());
        if made.slots.iter().any(Slot::is_moved) {
            // Good for this moment alone.
            return template(&Caller { moment: caller.moment.clone(), ..shape.pattern() });
        }
        self.0.insert(key, made.clone());
        made
    }
}
