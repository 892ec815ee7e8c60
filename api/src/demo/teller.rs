//! How the story is told: by the colleagues, one use case after the other, on a clock that walks towards today.

use std::collections::HashMap;

use async_graphql::{InputType, Pos, Value};
use chrono::{DateTime, Days, Duration, Utc};
use sea_orm::ModelTrait;

use super::{
    cast::{CAST, Cast, MACHINE},
    noise::Noise,
    routine,
};
use crate::{
    auth::Claims,
    cli::{token::DEMO_TENANT, told},
    clock::Clock,
    graph::{Cx, GlobalId},
    journey::Journaled,
    policy::{Caller, Governed, Grants, Role, Seen},
    store::Store,
    tenancy,
};

/// Tells.
pub(super) struct Teller {
    /// What the story happens with.
    pub(super) cast: Cast,
    /// What goes on without anybody doing it.
    pub(super) noise: Noise,
    store: Store,
    clock: Clock,
    today: DateTime<Utc>,
    callers: HashMap<&'static str, Caller>,
}

impl Teller {
    /// Everybody is ready to act.
    pub(super) async fn new(
        store: Store,
        clock: Clock,
        tenant: i64,
        today: DateTime<Utc>,
        cast: Cast,
    ) -> anyhow::Result<Teller> {
        let mut callers = HashMap::new();
        for one in CAST {
            let claims = Claims {
                subject: one.subject.to_owned(),
                tenant: DEMO_TENANT.to_owned(),
                roles: one.role.into(),
                grants: Grants::default(),
                expires_at: today,
            };
            let caller = tenancy::resolve(&store, &claims, clock.now()).await.map_err(told)?;
            callers.insert(one.subject, caller.ok_or_else(|| anyhow::anyhow!("nobody is called {}", one.subject))?);
        }
        let roles = Role::Integrator.into();
        let machine = tenancy::system_caller(&store, tenant, clock.now(), roles, "the demo's machines").await;
        callers.insert(MACHINE, machine.map_err(told)?);
        let noise = Noise::new(clock.now());
        Ok(Teller { cast, noise, store, clock, today, callers })
    }

    /// A colleague, now.
    pub(super) fn by(&self, who: &str) -> anyhow::Result<Cx> {
        let caller = self.callers.get(who).ok_or_else(|| anyhow::anyhow!("nobody is called {who}"))?;
        let caller = Caller { moment: self.clock.now().into(), ..caller.clone() };
        Ok(Cx::new(caller, self.store.clone(), self.clock.clone()))
    }

    /// The moment of the story.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A moment so many days before today. Never after today.
    pub(super) fn ago(&self, days: i64, hour: u32, minute: u32) -> DateTime<Utc> {
        let date = self.today.date_naive() - Days::new(days.max(0).cast_unsigned());
        let moment = date.and_hms_opt(hour, minute, 0).map_or(self.today, |naive| naive.and_utc());
        Ord::min(moment, self.today - Duration::minutes(10))
    }

    /// Walks to a moment; what went on in between is recorded on the way. The clock never goes back.
    pub(super) async fn walk(&mut self, days: i64, hour: u32, minute: u32) -> anyhow::Result<()> {
        let to = self.ago(days, hour, minute);
        while let Some(week) = self.noise.next_week(to) {
            self.clock.set(Ord::max(week, self.clock.now()));
            self.noise_of_week().await?;
            routine::week(self).await?;
        }
        self.clock.set(Ord::max(to, self.clock.now()));
        Ok(())
    }

    /// Lets some minutes pass.
    pub(super) fn wait(&self, minutes: i64) {
        let to = self.clock.now() + Duration::minutes(minutes);
        self.clock.set(Ord::max(Ord::min(to, self.today), self.clock.now()));
    }

    /// A number below `n`.
    pub(super) fn dice(&self, n: usize) -> usize {
        usize::try_from(self.clock.random() % n.max(1) as u64).unwrap_or(0)
    }
}

/// What a client would send, as the input that the use case takes.
pub(super) fn said<I: InputType>(words: Value) -> anyhow::Result<I> {
    let given = words.clone();
    let input =
        I::parse(Some(words)).map_err(|error| anyhow::anyhow!(error.into_server_error(Pos::default()).message))?;
    // A word that the input does not know would be lost without a sound.
    if let (Value::Object(given), Value::Object(known)) = (given, input.to_value())
        && let Some(strange) = given.keys().find(|word| !known.contains_key(*word))
    {
        anyhow::bail!("{} has no field {strange}", I::type_name());
    }
    Ok(input)
}

/// The global id of an object that a use case answered with.
pub(super) fn id<M>(seen: &Seen<M>) -> String
where
    M: ModelTrait,
    M::Entity: Journaled + Governed<Model = M>,
{
    GlobalId::new(<M::Entity as Journaled>::OBJECT.kind(), <M::Entity as Governed>::id(seen.row())).to_string()
}

/// `say!(teller, "sam", account::create, { "name": "Alpenland" })`: a colleague does something, and the id of what came of it.
macro_rules! say {
    ($teller:expr, $who:expr, $use_case:path, { $($words:tt)* }) => {{
        let cx = $teller.by($who)?;
        let input = $crate::demo::teller::said(async_graphql::value!({ $($words)* }));
        let input = input.map_err(|error| error.context(stringify!($use_case)))?;
        match $use_case(&cx, input).await {
            Ok(object) => $crate::demo::teller::id(&object.0),
            Err(error) => {
                let what = format!("{} by {} at {}", stringify!($use_case), $who, $teller.now());
                return Err($crate::cli::told(error).context(what));
            }
        }
    }};
}
pub(super) use say;
