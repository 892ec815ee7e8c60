//! SQL views for BI tools that read databases, on PostgreSQL: a schema `bi_<tenant>` with a login of its own, which reads that schema and
//! nothing else.
//!
//! The views show what `/bi/v1` tells an analyst: figures with small groups hidden, and days. No view could hide a small group by itself,
//! because what is hidden depends on all that is shown beside it. So the engine answers fixed questions (`cuts`), by the very path of
//! `/bi/v1`, its answers lie in tables that the login does not reach (`fill`), and the views show these tables as they are: whatever
//! anybody asks of a view, it holds nothing that was not to be told.
//!
//! `ddl` says what is made, `login` who reads it, `ground` what there is already, `walls` what the login could do beyond it.
//!
//! To add a view: a dataset in `ddl::VIEWS`, and what fills it in `fill`.

mod cuts;
mod ddl;
mod fill;
mod ground;
mod login;
mod refused;
mod walls;

use std::time::Duration;

use sea_orm::ConnectionTrait;
use secrecy::SecretString;

pub use crate::analytics::flat::Grain;
pub use cuts::{By, Cuts, DEFAULT_BY, grain};
pub use fill::Filled;
pub use refused::Refused;

use crate::{clock::Clock, store::Store};
use ddl::Plan;
use ground::Ground;
use login::{Secret, Standing};

/// What an operator wishes of a tenant's views.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The name of the login; that of the schema, or the one that there is, unless said.
    pub login: Option<String>,
    /// How long a statement of it may run, unless it says otherwise itself.
    pub timeout: Duration,
    /// How many connections it may have at once.
    pub connections: u32,
    /// Which questions are answered.
    pub cuts: Cuts,
    /// Whether a login that there is gets a new password.
    pub new_password: bool,
}

/// What a grant has made.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The schema of the views.
    pub schema: String,
    /// Who reads it.
    pub login: String,
    /// The password, where it is new; nobody can tell it again.
    pub password: Option<SecretString>,
    /// The database that it is in.
    pub database: String,
    /// What only a superuser could take from the login, and how; none where nothing is left.
    pub left: Option<&'static str>,
}

/// What a revocation has taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The schema of the views, gone with what it stood on.
    pub schema: String,
    /// The login that went with it; none where there was none of this database's own.
    pub login: Option<String>,
}

/// How long a change of views waits for those who read them.
const PATIENCE: &str = "SET LOCAL lock_timeout = '10s'";

/// Makes a tenant's schema, views and login, or makes them anew; what the views show stays until the next [`refresh`]. All of it, or
/// nothing: also where the login could do more than it should.
///
/// # Errors
/// What stands in the way.
pub async fn grant(store: &Store, slug: &str, wish: &Wish) -> Result<Granted, Refused> {
    let ground = Ground::of(store, slug).await?;
    if !ground.is_allowed {
        return Err(Refused::NotAllowed);
    }
    let login = ground.login(store.db(), wish.login.as_deref()).await?;
    let is_new = login.standing == Standing::Absent;
    let secret = if is_new || wish.new_password { Some(Secret::new()?) } else { None };
    let plan = plan(&ground, &login.name, is_new, secret.as_ref().map(|secret| secret.verifier.as_str()), wish);
    let tx = store.begin().await?;
    tx.execute_unprepared(PATIENCE).await?;
    for statement in plan.statements() {
        tx.execute_unprepared(&statement).await?;
    }
    fill::settle(&tx, &ground, &login.name, &wish.cuts).await?;
    walls::check(&tx, &login.name, &ground.names.views).await?;
    let left = walls::makes_large_objects(&tx, &login.name).await?.then_some(ddl::NO_LARGE_OBJECTS);
    tx.commit().await?;
    let Ground { names, database, .. } = ground;
    let password = secret.map(|secret| secret.password);
    Ok(Granted { schema: names.views, login: login.name, password, database, left })
}

/// The SQL that [`grant`] would run for a login that there is not yet; nothing is written.
///
/// # Errors
/// What stands in the way.
pub async fn show(store: &Store, slug: &str, wish: &Wish) -> Result<Vec<String>, Refused> {
    let ground = Ground::of(store, slug).await?;
    let login = ground.login(store.db(), wish.login.as_deref()).await?;
    let plan = plan(&ground, &login.name, true, Some("…"), wish);
    let mut lines = vec!["BEGIN;".to_owned(), format!("{PATIENCE};")];
    lines.extend(plan.statements().into_iter().map(|statement| statement + ";"));
    lines.push("COMMIT;".to_owned());
    Ok(lines)
}

/// Answers the questions anew. Who reads meanwhile reads the answers from before.
///
/// # Errors
/// What stands in the way; the answers from before stay.
pub async fn refresh(store: &Store, clock: &Clock, slug: &str) -> Result<Filled, Refused> {
    let ground = Ground::of(store, slug).await?;
    let Some(made) = &ground.made else { return Err(Refused::NotGranted(slug.to_owned())) };
    Box::pin(fill::fill(store, clock, &ground, made)).await
}

/// Takes a tenant's views away, with its login and the sessions of it.
///
/// # Errors
/// What stands in the way.
pub async fn revoke(store: &Store, slug: &str) -> Result<Revoked, Refused> {
    let ground = Ground::of(store, slug).await?;
    if !ground.is_there {
        return Err(Refused::NotGranted(slug.to_owned()));
    }
    if !ground.is_allowed {
        return Err(Refused::NotAllowed);
    }
    let db = store.db();
    let login = match &ground.made {
        Some(made) => ground.own(db, &made.login).await?,
        None => None,
    };
    if let Some(login) = &login {
        // First nobody comes in any more, then nobody is left: else somebody's look at a view would hold what is to go.
        db.execute_unprepared(&ddl::closed(login)).await?;
        login::end_sessions(db, login).await;
    }
    let tx = store.begin().await?;
    tx.execute_unprepared(PATIENCE).await?;
    for statement in ddl::gone(&ground.names, login.as_deref()) {
        tx.execute_unprepared(&statement).await?;
    }
    tx.commit().await?;
    Ok(Revoked { schema: ground.names.views, login })
}

fn plan<'a>(ground: &'a Ground, login: &'a str, is_new: bool, verifier: Option<&'a str>, wish: &Wish) -> Plan<'a> {
    Plan {
        slug: &ground.slug,
        names: &ground.names,
        database: &ground.database,
        owner: &ground.owner,
        zone: &ground.zone,
        login,
        is_new,
        verifier,
        timeout: wish.timeout,
        connections: wish.connections,
        by_superuser: ground.is_superuser,
    }
}
