//! The tenant: founding one with what it cannot do without, and turning a token's claims into its caller.
//!
//! These are the few look-ups that no scope can guard, because a scope is made from their answer.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::{
    account::{colleague, id_redirect, industry_team_member},
    codes::{ChannelGroup, Discipline, StageObject, Wing},
    journey::feed_counter,
    marketing::channel,
    sales::{pipeline, stage},
    tenant::{queue, queue_member, tenant},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::NotSet,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::{Expr, ExprTrait, JoinType, Order, Query},
};
use uuid::Uuid;

use crate::{
    auth::Claims,
    clock::Clock,
    graph::{Cx, Error, Result},
    journey::Work,
    policy::{Caller, Grants, Known, RoleSet, TenantKey},
    store::{Name, Store},
};

/// A tenant to be.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// The short name that tokens carry.
    pub slug: String,
    /// The company's name.
    pub name: String,
    /// Its civil time: IANA zone.
    pub zone: String,
    /// Its currency: ISO 4217.
    pub currency: String,
    /// Its language: BCP 47.
    pub language: String,
}

/// The pipelines that a tenant starts with: object, code, name, stages (code, name, probability in percent, open, won).
type StageRow = (&'static str, &'static str, Option<i32>, bool, bool);
const PIPELINES: &[(StageObject, &str, &str, &[StageRow])] = &[
    (
        StageObject::Opportunity,
        "SALES",
        "Sales",
        &[
            ("QUALIFICATION", "Qualification", Some(10), true, false),
            ("DISCOVERY", "Discovery", Some(20), true, false),
            ("PROPOSAL", "Proposal", Some(50), true, false),
            ("NEGOTIATION", "Negotiation", Some(75), true, false),
            ("CLOSED_WON", "Closed won", Some(100), false, true),
            ("CLOSED_LOST", "Closed lost", Some(0), false, false),
        ],
    ),
    (
        StageObject::Lifecycle,
        "LIFECYCLE",
        "Lifecycle of a person",
        &[
            ("ANONYMOUS", "Anonymous", None, true, false),
            ("SUBSCRIBER", "Subscriber", None, true, false),
            ("LEAD", "Lead", None, true, false),
            ("MQL", "Marketing qualified", None, true, false),
            ("SAL", "Sales accepted", None, true, false),
            ("SQL", "Sales qualified", None, true, false),
            ("OPPORTUNITY", "Opportunity", None, true, false),
            ("CUSTOMER", "Customer", None, true, true),
            ("ADVOCATE", "Advocate", None, true, true),
            ("DISQUALIFIED", "Disqualified", None, false, false),
            ("RECYCLED", "Recycled", None, true, false),
            ("FORMER_CUSTOMER", "Former customer", None, false, false),
        ],
    ),
    (
        StageObject::Account,
        "ACCOUNT",
        "Customer relation",
        &[
            ("TARGET", "Target", None, true, false),
            ("ENGAGED", "Engaged", None, true, false),
            ("OPEN_OPPORTUNITY", "Open opportunity", None, true, false),
            ("ONBOARDING", "Onboarding", None, true, true),
            ("ACTIVE", "Active", None, true, true),
            ("RENEWAL", "Renewal", None, true, true),
            ("EXPANSION", "Expansion", None, true, true),
            ("AT_RISK", "At risk", None, true, true),
            ("CHURNED", "Churned", None, false, false),
        ],
    ),
];

/// The channels that a tenant starts with.
const CHANNELS: &[(&str, &str, ChannelGroup, bool)] = &[
    ("ONLINE_ADS", "Online ads", ChannelGroup::Paid, false),
    ("CONTENT", "Content", ChannelGroup::Owned, false),
    ("EMAIL", "E-mail", ChannelGroup::Owned, false),
    ("SOCIAL", "Social media", ChannelGroup::Owned, false),
    ("SEO", "Organic search", ChannelGroup::Earned, false),
    ("DIRECT", "Direct", ChannelGroup::Owned, true),
    ("TRADE_FAIR", "Trade fair", ChannelGroup::Paid, false),
    ("COLD_CALL", "Cold call", ChannelGroup::Sales, false),
    ("LEAD_RESEARCH", "Lead research", ChannelGroup::Sales, false),
    ("NETWORK", "Network", ChannelGroup::Earned, false),
    ("PARTNER", "Partner", ChannelGroup::Partner, false),
    ("REFERRAL", "Referral", ChannelGroup::Earned, false),
];

/// The queues that a tenant starts with.
const QUEUES: &[(&str, &str, Wing)] =
    &[("SALES_INBOX", "Sales inbox", Wing::Sales), ("SERVICE_DESK", "Service desk", Wing::Service)];

/// Founds a tenant: its row, its feed, pipelines, stages, channels and queues. Gives its id. A known slug gives the known id.
pub async fn found(store: &Store, clock: &Clock, new: NewTenant) -> Result<i64> {
    let now = clock.now();
    if let Some(known) = tenant_by_slug(store, &new.slug).await? {
        return Ok(known.id);
    }
    let key: String = (0..4).map(|_| format!("{:016x}", clock.random())).collect();
    let tx = store.begin().await?;
    let last: Option<i64> = tenant::Entity::find()
        .select_only()
        .column(tenant::Column::Id)
        .order_by_desc(tenant::Column::Id)
        .into_tuple()
        .one(&tx)
        .await?;
    let id = last.unwrap_or(0) + 1;
    tenant::ActiveModel {
        id: Set(id),
        slug: Set(new.slug),
        name: Set(new.name),
        zone: Set(new.zone),
        currency: Set(new.currency),
        language: Set(new.language),
        settings: Set(serde_json::json!({ "key": key })),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    }
    .insert(&tx)
    .await?;
    feed_counter::ActiveModel { tenant_id: Set(id), position: Set(0), last_recorded_at: Set(now), watched: Set(None) }
        .insert(&tx)
        .await?;
    tx.commit().await?;

    let caller = system_caller(store, id, now, RoleSet::ALL, "founding a tenant").await?;
    let cx = Cx::new(caller, store.clone(), clock.clone());
    let mut work = Work::begin(&cx).await?;
    for (object_type, code, name, stages) in PIPELINES {
        let pipeline = work
            .insert::<pipeline::Entity>(pipeline::ActiveModel {
                code: Set((*code).to_owned()),
                name: Set((*name).to_owned()),
                object_type: Set(*object_type),
                is_default: Set(true),
                ..Default::default()
            })
            .await?;
        let rows =
            (0..).zip(*stages).map(|(position, (code, name, probability, is_open, is_won))| stage::ActiveModel {
                id: NotSet,
                pipeline_id: Set(pipeline.id),
                object_type: Set(*object_type),
                code: Set((*code).to_owned()),
                name: Set((*name).to_owned()),
                position: Set(position),
                probability: Set(*probability),
                is_open: Set(*is_open),
                is_won: Set(*is_won),
                ..Default::default()
            });
        work.insert_many::<stage::Entity>(rows.collect()).await?;
    }
    let channels = CHANNELS.iter().map(|(code, name, group, is_direct)| channel::ActiveModel {
        code: Set((*code).to_owned()),
        name: Set((*name).to_owned()),
        channel_group: Set(*group),
        is_direct: Set(*is_direct),
        ..Default::default()
    });
    work.insert_many::<channel::Entity>(channels.collect()).await?;
    let queues = QUEUES.iter().map(|(code, name, wing)| queue::ActiveModel {
        code: Set((*code).to_owned()),
        name: Set((*name).to_owned()),
        wing: Set(*wing),
        ..Default::default()
    });
    work.insert_many::<queue::Entity>(queues.collect()).await?;
    work.commit().await?;
    Ok(id)
}

async fn tenant_by_slug(store: &Store, slug: &str) -> Result<Option<tenant::Model>> {
    Ok(tenant::Entity::find().filter(tenant::Column::Slug.eq(slug)).one(store.db()).await?)
}

/// The tenant of a slug.
pub async fn tenant_id(store: &Store, slug: &str) -> Result<i64> {
    tenant_by_slug(store, slug).await?.map(|tenant| tenant.id).ok_or(Error::NotFound)
}

/// The tenant's own settings: zone, currency, language.
pub async fn tenant(store: &Store, id: i64) -> Result<tenant::Model> {
    tenant::Entity::find_by_id(id).one(store.db()).await?.ok_or(Error::NotFound)
}

/// The slugs of all tenants of a database.
pub async fn slugs(store: &Store) -> Result<Vec<String>> {
    let slugs = tenant::Entity::find().select_only().column(tenant::Column::Slug).order_by_asc(tenant::Column::Id);
    Ok(slugs.into_tuple().all(store.db()).await?)
}

/// The house itself as a caller: imports, loaders, founding. Every use says why.
pub async fn system_caller(
    store: &Store,
    tenant_id: i64,
    now: DateTime<Utc>,
    roles: RoleSet,
    reason: &'static str,
) -> Result<Caller> {
    let tenant = tenant(store, tenant_id).await?;
    tracing::debug!(tenant = tenant.id, reason, "the house acts for itself");
    Ok(Caller {
        tenant: tenant.id,
        roles,
        grants: Grants::default(),
        subject: None,
        colleague: None,
        discipline: None,
        in_industries: false,
        merged: true,
        queues: Vec::new(),
        moment: now.into(),
        levels: Known::default(),
        expires_at: None,
        reason: Some(reason),
        tenant_key: key_of(&tenant),
    })
}

/// Who the claims of a verified token are in their tenant, now. None if there is no such tenant.
pub async fn resolve(store: &Store, claims: &Claims, now: DateTime<Utc>) -> Result<Option<Caller>> {
    let recent = store.recent().reading();
    let name = || Name::Words(claims.tenant.clone(), claims.subject.clone());
    let known = recent.and_then(|reading| store.recent().get::<Identity>(reading, name()));
    let found = match known.filter(|known| known.until.is_none_or(|until| now < until)) {
        Some(known) => known,
        None => {
            let named = Expr::col((TENANT, tenant::Column::Slug)).eq(claims.tenant.as_str());
            let Some(found) = identity(store, named, &claims.subject, now).await? else { return Ok(None) };
            let found = Arc::new(found);
            if let Some(reading) = recent {
                store.recent().keep(reading, name(), found.clone());
            }
            found
        }
    };
    let Identity { tenant, tenant_key, colleague, in_industries, merged, queues, until: _ } = Identity::clone(&found);
    let (colleague, discipline) = colleague.unzip();
    Ok(Some(Caller {
        tenant,
        in_industries,
        merged,
        roles: claims.roles,
        grants: claims.grants.clone(),
        subject: Some(claims.subject.clone()),
        colleague,
        discipline,
        queues,
        moment: now.into(),
        levels: Known::default(),
        expires_at: Some(claims.expires_at),
        reason: None,
        tenant_key,
    }))
}

/// Whether a caller is still who it was when it was resolved: the same colleague of the same discipline, in the same queues.
pub async fn is_unchanged(store: &Store, caller: &Caller) -> Result<bool> {
    let Some(subject) = &caller.subject else { return Ok(true) };
    let named = Expr::col((TENANT, tenant::Column::Id)).eq(caller.tenant);
    let Some(now) = identity(store, named, subject, caller.now()).await? else { return Ok(false) };
    // To have been on an industry's team only means to have looked for its accounts in vain.
    let looks_enough = (caller.in_industries || !now.in_industries) && (caller.merged || !now.merged);
    Ok(now.colleague.unzip() == (caller.colleague, caller.discipline) && now.queues == caller.queues && looks_enough)
}

/// Who a subject is in a tenant at a moment.
#[derive(Clone, Debug)]
struct Identity {
    tenant: i64,
    tenant_key: TenantKey,
    /// The colleague that the subject speaks for: one who works here. Who has left is nobody, and reaches no team and no queue.
    colleague: Option<(Uuid, Discipline)>,
    /// Whether it is, or is going to be, on the team of an industry.
    in_industries: bool,
    /// Whether anything of the tenant was ever merged.
    merged: bool,
    /// The queues that it works in.
    queues: Vec<Uuid>,
    /// When the next of its memberships begins or ends, and all this is no longer so; none: nothing is going to change by the clock.
    until: Option<DateTime<Utc>>,
}

const TENANT: &str = "t";
const COLLEAGUE: &str = "c";
const MEMBER: &str = "m";
const INDUSTRY_MEMBER: &str = "i";
const ALIAS: &str = "a";

/// One statement, a row a queue that it works in or is going to: it stands before everything that is asked.
async fn identity(store: &Store, named: Expr, subject: &str, now: DateTime<Utc>) -> Result<Option<Identity>> {
    let colleague = |column: colleague::Column| Expr::col((COLLEAGUE, column));
    let member = |column: queue_member::Column| Expr::col((MEMBER, column));
    let works_here = Condition::all()
        .add(colleague(colleague::Column::TenantId).equals((TENANT, tenant::Column::Id)))
        .add(colleague(colleague::Column::Subject).eq(subject))
        .add(colleague(colleague::Column::IsActive).eq(true))
        .add(colleague(colleague::Column::DeletedAt).is_null());
    let in_queue = Condition::all()
        .add(member(queue_member::Column::TenantId).equals((TENANT, tenant::Column::Id)))
        .add(member(queue_member::Column::ColleagueId).equals((COLLEAGUE, colleague::Column::Id)))
        .add(
            Condition::any()
                .add(member(queue_member::Column::ValidTo).is_null())
                .add(member(queue_member::Column::ValidTo).gt(now)),
        );
    let of_industry = |column: industry_team_member::Column| Expr::col((INDUSTRY_MEMBER, column));
    let industries = Query::select()
        .expr(Expr::val(1))
        .from_as(industry_team_member::Entity, INDUSTRY_MEMBER)
        .and_where(of_industry(industry_team_member::Column::TenantId).equals((TENANT, tenant::Column::Id)))
        .and_where(of_industry(industry_team_member::Column::ColleagueId).equals((COLLEAGUE, colleague::Column::Id)))
        .cond_where(
            Condition::any()
                .add(of_industry(industry_team_member::Column::ValidTo).is_null())
                .add(of_industry(industry_team_member::Column::ValidTo).gt(now)),
        )
        .to_owned();
    let aliases = Query::select()
        .expr(Expr::val(1))
        .from_as(id_redirect::Entity, ALIAS)
        .and_where(Expr::col((ALIAS, id_redirect::Column::TenantId)).equals((TENANT, tenant::Column::Id)))
        .to_owned();
    let select = Query::select()
        .expr_as(Expr::col((TENANT, tenant::Column::Id)), "tenant")
        .expr_as(Expr::col((TENANT, tenant::Column::Settings)), "settings")
        .expr_as(colleague(colleague::Column::Id), "colleague")
        .expr_as(colleague(colleague::Column::Department), "department")
        .expr_as(Expr::exists(industries), "in_industries")
        .expr_as(Expr::exists(aliases), "merged")
        .expr_as(member(queue_member::Column::QueueId), "queue")
        .expr_as(member(queue_member::Column::ValidFrom), "valid_from")
        .expr_as(member(queue_member::Column::ValidTo), "valid_to")
        .from_as(tenant::Entity, TENANT)
        .join_as(JoinType::LeftJoin, colleague::Entity, COLLEAGUE, works_here)
        .join_as(JoinType::LeftJoin, queue_member::Entity, MEMBER, in_queue)
        .and_where(named)
        .order_by((MEMBER, queue_member::Column::QueueId), Order::Asc)
        .to_owned();
    let rows = store.db().query_all(&select).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let settings: serde_json::Value = first.try_get("", "settings")?;
    let (id, department) = (first.try_get("", "colleague")?, first.try_get("", "department")?);
    let (mut queues, mut until) = (Vec::new(), None);
    for row in &rows {
        let Some(queue) = row.try_get::<Option<Uuid>>("", "queue")? else { continue };
        let from: DateTime<Utc> = row.try_get("", "valid_from")?;
        let to: Option<DateTime<Utc>> = row.try_get("", "valid_to")?;
        let turns = match from <= now {
            true => {
                queues.push(queue);
                to
            }
            false => Some(from),
        };
        until = until.into_iter().chain(turns).min();
    }
    Ok(Some(Identity {
        tenant: first.try_get("", "tenant")?,
        tenant_key: key_in(&settings),
        colleague: Option::zip(id, department),
        in_industries: first.try_get("", "in_industries")?,
        merged: first.try_get("", "merged")?,
        queues,
        until,
    }))
}

/// The tenant's key, for what carries the tenant's own signature.
pub async fn key_of_tenant(store: &Store, tenant_id: i64) -> Result<Option<TenantKey>> {
    Ok(tenant::Entity::find_by_id(tenant_id).one(store.db()).await?.as_ref().map(key_of))
}

fn key_of(tenant: &tenant::Model) -> TenantKey {
    key_in(&tenant.settings)
}

fn key_in(settings: &serde_json::Value) -> TenantKey {
    let key = settings.get("key").and_then(serde_json::Value::as_str).unwrap_or_default();
    TenantKey(key.as_bytes().into())
}
