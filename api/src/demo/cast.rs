//! Who is who in the demo, and what the public use cases do not offer: colleagues, industries and their teams, queue members,
//! promises to customers, a visitor without a name. The one file of the demo that writes past the use cases: through the one
//! write path all the same, as the house itself.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{
    account::{colleague, industry, industry_closure, industry_team_member, visitor},
    codes::{AccessLevel, ConsentState, Discipline, SlaMetric, TicketPriority, TicketStatus},
    marketing::channel,
    sales::product,
    service::{business_calendar, sla_policy},
    tenant::{queue, queue_member, tenant},
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, Set, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

use crate::{
    cli::token::DEMO_TENANT,
    clock::Clock,
    graph::{Cx, GlobalId, Kind, Result},
    journey::Work,
    policy::{Role, RoleSet},
    store::Store,
    tenancy,
};

/// Somebody of the company. The subject is the `sub` of the token.
pub struct Colleague {
    /// The token's subject.
    pub subject: &'static str,
    /// The name.
    pub name: &'static str,
    /// What they do.
    pub title: &'static str,
    /// Where they work.
    pub department: Discipline,
    /// The role that they have in the story.
    pub role: Role,
}

const fn one(
    subject: &'static str,
    name: &'static str,
    title: &'static str,
    department: Discipline,
    role: Role,
) -> Colleague {
    Colleague { subject, name, title, department, role }
}

/// The company. The first with a role is the one whom a token of that role speaks for.
pub const CAST: &[Colleague] = &[
    one("mia", "Mia Hoffmann", "Head of Marketing", Discipline::Marketing, Role::Marketing),
    one("jonas", "Jonas Weber", "Online Marketing Manager", Discipline::Marketing, Role::Marketing),
    one("emily", "Emily Clarke", "Content Manager", Discipline::Marketing, Role::Marketing),
    one("katrin", "Katrin Schulz", "Lead Research", Discipline::Marketing, Role::Marketing),
    one("sam", "Sam Berger", "Key Account Manager", Discipline::Sales, Role::Sales),
    one("lena", "Lena Fischer", "Sales Manager Pharma", Discipline::Sales, Role::Sales),
    one("oliver", "Oliver Grant", "Sales Manager UK & Ireland", Discipline::Sales, Role::Sales),
    one("tom", "Tom Wagner", "Application Engineer", Discipline::Technical, Role::Technical),
    one("priya", "Priya Nair", "Commissioning Engineer", Discipline::Technical, Role::Technical),
    one("vera", "Vera Lindner", "Head of Service", Discipline::Service, Role::Service),
    one("nico", "Nico Krüger", "Service Engineer", Discipline::Service, Role::Service),
    one("grace", "Grace Miller", "Service Desk", Discipline::Service, Role::Service),
    one("matthias", "Matthias Brandt", "Managing Director", Discipline::Management, Role::Manager),
    one("ana", "Ana Kowalski", "Controlling", Discipline::Management, Role::Analyst),
    one("ada", "Ada Neumann", "IT", Discipline::Management, Role::Admin),
];

/// The machine that syncs: web tracking, surveys and clocks come through it. No colleague stands behind it.
pub const MACHINE: &str = "crm-sync";

/// Whom a token of a role speaks for where nobody is named.
pub fn subject_of(role: Role) -> &'static str {
    CAST.iter().find(|colleague| colleague.role == role).map_or(MACHINE, |colleague| colleague.subject)
}

/// The industries: code, name, code above.
const INDUSTRIES: &[(&str, &str, Option<&str>)] = &[
    ("C10", "Manufacture of food products", None),
    ("C10.5", "Dairy products", Some("C10")),
    ("C10.8", "Other food products", Some("C10")),
    ("C11", "Manufacture of beverages", None),
    ("C11.05", "Beer", Some("C11")),
    ("C11.07", "Soft drinks and mineral waters", Some("C11")),
    ("C21", "Pharmaceutical products", None),
    ("C21.1", "Basic pharmaceutical products", Some("C21")),
    ("C21.2", "Pharmaceutical preparations", Some("C21")),
    ("C20", "Chemicals and chemical products", None),
];

/// The teams of the target industries; the first of a discipline leads it.
const TEAMS: &[(&str, &[&str])] = &[
    ("C10", &["mia", "sam", "oliver", "tom", "vera", "nico"]),
    ("C11", &["mia", "sam", "oliver", "tom", "vera", "nico"]),
    ("C21", &["jonas", "lena", "priya", "grace"]),
];

const QUEUES: &[(&str, &[&str])] =
    &[("SALES_INBOX", &["sam", "lena", "oliver"]), ("SERVICE_DESK", &["vera", "nico", "grace"])];

/// The machines on offer: code, name, price and cost in cents.
const PRODUCTS: &[(&str, &str, i64, i64)] = &[
    ("BF-3000", "BrandtFill 3000 aseptic filler", 89_000_000, 61_000_000),
    ("BP-500", "BrandtPack 500 case packer", 32_000_000, 21_500_000),
    ("BV-120", "BrandtVial 120 vial filler", 124_000_000, 83_000_000),
    ("BL-10", "BrandtLine inspection module", 8_500_000, 4_900_000),
];

/// What was hired and bought, by the names that the story uses. Ids are global ids.
#[derive(Default)]
pub struct Cast {
    /// Colleagues by subject.
    pub colleagues: HashMap<&'static str, String>,
    /// Industries by code.
    pub industries: HashMap<&'static str, String>,
    /// Channels by code.
    pub channels: HashMap<String, String>,
    /// Queues by code.
    pub queues: HashMap<String, String>,
    /// Products by code.
    pub products: HashMap<&'static str, String>,
    /// Somebody on the site whose name nobody knows.
    pub visitors: Vec<String>,
}

fn gid(kind: Kind, id: Uuid) -> String {
    GlobalId::new(kind, id).to_string()
}

/// Hires everybody and sets up what they work with.
pub async fn hire(store: &Store, clock: &Clock, tenant: i64) -> Result<Cast> {
    let now = clock.now();
    let caller = tenancy::system_caller(store, tenant, now, RoleSet::ALL, "the demo's cast").await?;
    let cx = Cx::new(caller, store.clone(), clock.clone());
    let mut work = Work::begin(&cx).await?;
    let mut cast = Cast::default();

    let rows = CAST.iter().map(|one| colleague::ActiveModel {
        subject: Set(Some(one.subject.to_owned())),
        name: Set(one.name.to_owned()),
        email: Set(format!("{}@brandt-maschinenbau.example", one.subject)),
        department: Set(one.department),
        title: Set(Some(one.title.to_owned())),
        is_active: Set(true),
        ..Default::default()
    });
    let rows = work.insert_many::<colleague::Entity>(rows.collect()).await?;
    let colleagues: HashMap<&str, &colleague::Model> = CAST.iter().map(|one| one.subject).zip(&rows).collect();
    cast.colleagues = CAST.iter().zip(&rows).map(|(one, row)| (one.subject, gid(Kind::Colleague, row.id))).collect();

    let industries = industries(&mut work).await?;
    cast.industries = industries.iter().map(|(code, id)| (*code, gid(Kind::Industry, *id))).collect();

    let mut members = Vec::new();
    for (code, team) in TEAMS {
        let mut led = Vec::new();
        for subject in *team {
            let Some(colleague) = colleagues.get(subject) else { continue };
            let own = |wing| if colleague.department == wing { AccessLevel::Edit } else { AccessLevel::Read };
            members.push(industry_team_member::ActiveModel {
                industry_id: Set(industries[code]),
                colleague_id: Set(colleague.id),
                discipline: Set(colleague.department),
                is_lead: Set(!led.contains(&colleague.department)),
                access_account: Set(AccessLevel::Read),
                access_marketing: Set(own(Discipline::Marketing)),
                access_sales: Set(own(Discipline::Sales)),
                access_service: Set(match colleague.department {
                    Discipline::Service | Discipline::Technical => AccessLevel::Edit,
                    Discipline::Marketing | Discipline::Sales | Discipline::Management => AccessLevel::Read,
                }),
                valid_from: Set(now),
                ..Default::default()
            });
            led.push(colleague.department);
        }
    }
    work.insert_many::<industry_team_member::Entity>(members).await?;

    let queues = queue::Entity::find().filter(queue::Column::TenantId.eq(tenant)).all(work.tx()).await?;
    let mut members = Vec::new();
    for queue in &queues {
        cast.queues.insert(queue.code.clone(), gid(Kind::Queue, queue.id));
        let team = QUEUES.iter().find(|(code, _)| *code == queue.code).map_or(&[][..], |(_, team)| team);
        for colleague in team.iter().filter_map(|subject| colleagues.get(subject)) {
            members.push(queue_member::ActiveModel {
                queue_id: Set(queue.id),
                colleague_id: Set(colleague.id),
                valid_from: Set(now),
                ..Default::default()
            });
        }
    }
    work.insert_many::<queue_member::Entity>(members).await?;

    for row in channel::Entity::find().filter(channel::Column::TenantId.eq(tenant)).all(work.tx()).await? {
        cast.channels.insert(row.code, gid(Kind::Channel, row.id));
    }
    promise(&mut work, now).await?;

    let rows = PRODUCTS.iter().map(|(code, name, price, cost)| product::ActiveModel {
        code: Set((*code).to_owned()),
        name: Set((*name).to_owned()),
        unit_price_minor: Set(Some(*price)),
        cost_minor: Set(Some(*cost)),
        currency: Set(Some("EUR".to_owned())),
        is_active: Set(true),
        ..Default::default()
    });
    let rows = work.insert_many::<product::Entity>(rows.collect()).await?;
    cast.products = PRODUCTS.iter().zip(&rows).map(|((code, ..), row)| (*code, gid(Kind::Product, row.id))).collect();

    let nobody = visitor::ActiveModel {
        first_seen_at: Set(now),
        last_seen_at: Set(now),
        consent_state: Set(ConsentState::Given),
        ..Default::default()
    };
    let rows = work.insert_many::<visitor::Entity>(vec![nobody; 6]).await?;
    cast.visitors = rows.iter().map(|row| gid(Kind::Visitor, row.id)).collect();
    work.commit().await?;
    Ok(cast)
}

/// The branches with every pair of one and one below it.
async fn industries(work: &mut Work<'_>) -> Result<HashMap<&'static str, Uuid>> {
    let mut ids = HashMap::new();
    for (code, name, above) in INDUSTRIES {
        let parent_id = above.and_then(|above| ids.get(above).copied());
        let row = industry::ActiveModel {
            code: Set((*code).to_owned()),
            name: Set((*name).to_owned()),
            parent_id: Set(parent_id),
            ..Default::default()
        };
        let row = work.insert::<industry::Entity>(row).await?;
        ids.insert(*code, row.id);
        let pairs = [(Some(row.id), 0), (parent_id, 1)];
        let pairs = pairs.into_iter().filter_map(|(ancestor, depth)| {
            Some(industry_closure::ActiveModel {
                tenant_id: Set(work.tenant()),
                ancestor_id: Set(ancestor?),
                descendant_id: Set(row.id),
                depth: Set(depth),
            })
        });
        let pairs = pairs.collect();
        work.insert_technical::<industry_closure::Entity>(pairs).await?;
    }
    Ok(ids)
}

/// The hours of the desk, and what customers are promised: code, name, metric, priority, hours.
async fn promise(work: &mut Work<'_>, now: DateTime<Utc>) -> Result<()> {
    let hours = json!([["08:00", "12:00"], ["13:00", "17:00"]]);
    let calendar = business_calendar::ActiveModel {
        code: Set("DESK".to_owned()),
        revision: Set(1),
        name: Set("Service desk".to_owned()),
        zone: Set("Europe/Berlin".to_owned()),
        weekly: Set(json!({ "MON": hours, "TUE": hours, "WED": hours, "THU": hours, "FRI": hours })),
        holidays: Set(json!([])),
        ..Default::default()
    };
    work.insert::<business_calendar::Entity>(calendar).await?;
    const PROMISES: &[(&str, &str, SlaMetric, Option<TicketPriority>, i64)] = &[
        ("FIRST", "First answer", SlaMetric::FirstResponse, None, 8),
        ("FIRST_URGENT", "First answer, machine down", SlaMetric::FirstResponse, Some(TicketPriority::Urgent), 1),
        ("SOLVED", "Solution", SlaMetric::Resolution, None, 120),
        ("SOLVED_URGENT", "Solution, machine down", SlaMetric::Resolution, Some(TicketPriority::Urgent), 24),
    ];
    let rows = PROMISES.iter().map(|(code, name, metric, priority, hours)| sla_policy::ActiveModel {
        code: Set((*code).to_owned()),
        revision: Set(1),
        name: Set((*name).to_owned()),
        metric: Set(*metric),
        priority: Set(*priority),
        target_ms: Set(hours * 3_600_000),
        pause_on: Set(json!([TicketStatus::PendingCustomer.as_str()])),
        valid_from: Set(now),
        ..Default::default()
    });
    work.insert_many::<sla_policy::Entity>(rows.collect()).await?;
    Ok(())
}

/// Gives the tenant a key of its own. The one that it was founded with came from the story's clock, as everybody's demo's did.
pub async fn own_key(store: &Store, id: i64) -> anyhow::Result<()> {
    let key: String = (0..4).map(|_| format!("{:016x}", Clock::System.random())).collect();
    set_settings(store, id, |settings| settings["key"] = json!(key)).await
}

/// Writes down that the story was told to its end.
pub async fn mark_as_told(store: &Store, id: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    set_settings(store, id, |settings| settings["demo"] = json!({ "toldAt": now })).await
}

/// A tenant's own row is no row of the tenant: nothing but this and founding writes it.
async fn set_settings(store: &Store, id: i64, set: impl FnOnce(&mut serde_json::Value)) -> anyhow::Result<()> {
    let Some(mut row) = tenant::Entity::find_by_id(id).one(store.db()).await? else {
        anyhow::bail!("the tenant has gone");
    };
    set(&mut row.settings);
    tenant::Entity::update_many()
        .col_expr(tenant::Column::Settings, Expr::val(row.settings))
        .filter(tenant::Column::Id.eq(id))
        .exec(store.db())
        .await?;
    Ok(())
}

/// Whether there is a demo whose story was told to its end.
pub async fn was_told(store: &Store) -> Result<bool, DbErr> {
    let row = tenant::Entity::find().filter(tenant::Column::Slug.eq(DEMO_TENANT)).one(store.db()).await?;
    Ok(row.is_some_and(|row| row.settings.pointer("/demo/toldAt").is_some()))
}
