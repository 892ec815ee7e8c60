//! The row rule, a second time: plain Rust over all rows of generated tenants, compared with what the scopes let through, for
//! every desk, for accounts, for their children and for events. It shares no line with the real one.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    journey::{ObjectType, reader},
    policy::{Caller, Class, Governed, Role, Seen},
};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    account::{account, account_team_member, contact, industry, industry_team_member},
    codes::{AccessLevel, Discipline, SubjectType},
    journey::journey_event,
    marketing::lead,
    sales::{meeting, opportunity},
    service::{asset, ticket},
    tenant::queue_member,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tests::{World, each_engine, rows};
use uuid::Uuid;

/// What a case makes: numbers that choose among accounts, people, industries, levels and times.
#[derive(Clone, Debug)]
struct Plan {
    /// Owner and industry of each account.
    accounts: Vec<(Option<usize>, Option<usize>)>,
    /// Account or industry, colleague, levels, start and end.
    members: Vec<(usize, usize, [usize; 4], usize, usize)>,
    industry_members: Vec<(usize, usize, [usize; 4], usize, usize)>,
    /// Account, owner, queue: leads and tickets.
    work: Vec<(Option<usize>, Option<usize>, Option<usize>)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let person = || prop::option::weighted(0.3, 0..4_usize);
    let levels = || prop::array::uniform4(0..3_usize);
    let member = |of: std::ops::Range<usize>| (of, 0..4_usize, levels(), 0..3_usize, 0..4_usize);
    (
        prop::collection::vec((person(), prop::option::weighted(0.7, 0..4_usize)), 8..14),
        prop::collection::vec(member(0..8), 8..20),
        prop::collection::vec(member(0..4), 1..5),
        prop::collection::vec(
            (prop::option::weighted(0.8, 0..8_usize), person(), prop::option::weighted(0.3, 0..2_usize)),
            6..16,
        ),
    )
        .prop_map(|(accounts, members, industry_members, work)| Plan { accounts, members, industry_members, work })
}

/// Begins before, at or after now; ends never, before, at or after now.
fn span(now: DateTime<Utc>, from: usize, to: usize) -> rows::Span {
    let day = TimeDelta::days(1);
    let from = [now - day * 2, now, now + day][from];
    (from, [None, Some(now - day), Some(now), Some(now + day * 2)][to])
}

async fn build(world: &World, plan: &Plan) {
    let cast = world.acme.cast;
    let people = [cast.mia, cast.sam, cast.vera, cast.tom];
    let queues = [world.acme.sales_inbox, world.acme.service_desk];
    let levels = |chosen: [usize; 4]| chosen.map(|n| [AccessLevel::None, AccessLevel::Read, AccessLevel::Edit][n]);
    world
        .work(async |work| {
            let now = work.now();
            // A tree: 0 over 1 over 2, and 3 beside them.
            let mut industries = Vec::new();
            for (code, parent) in [("A", None), ("A1", Some(0)), ("A11", Some(1)), ("B", None)] {
                let code = format!("{code}-{}", work.fresh_id().simple());
                industries.push(rows::industry(work, &code, parent.map(|n: usize| industries[n])).await?.id);
            }
            let mut accounts = Vec::new();
            for (n, (owner, of)) in plan.accounts.iter().enumerate() {
                let owner = owner.map(|n| people[n]);
                let account = rows::account(work, &format!("Account {n}"), owner, of.map(|n| industries[n])).await?.id;
                rows::contact(work, Some(account), "Anna", "Öz").await?;
                rows::opportunity(work, account, "Presses").await?;
                rows::meeting(work, account, "Visit").await?;
                rows::asset(work, account, "Press").await?;
                accounts.push(account);
            }
            let disciplines = [Discipline::Marketing, Discipline::Sales, Discipline::Service, Discipline::Technical];
            for (of, who, chosen, from, to) in &plan.members {
                let (colleague, discipline) = (people[*who], disciplines[*who]);
                rows::member(work, accounts[*of], colleague, discipline, levels(*chosen), span(now, *from, *to))
                    .await?;
            }
            for (of, who, chosen, from, to) in &plan.industry_members {
                rows::industry_member(work, industries[*of], people[*who], levels(*chosen), span(now, *from, *to))
                    .await?;
            }
            for (of, owner, queue) in &plan.work {
                let (account, owner) = (of.map(|n| accounts[n]), owner.map(|n| people[n]));
                let queue = queue.map(|n| queues[n]);
                rows::lead(work, account, owner, queue).await?;
                rows::ticket(work, account, owner, queue).await?;
            }
            Ok(())
        })
        .await;
}

/// Everything that the rule looks at, as it stands in the tables.
struct Tables {
    now: DateTime<Utc>,
    accounts: BTreeMap<Uuid, account::Model>,
    parents: BTreeMap<Uuid, Option<Uuid>>,
    members: Vec<account_team_member::Model>,
    industry_members: Vec<industry_team_member::Model>,
    queues: Vec<queue_member::Model>,
    tickets: Vec<ticket::Model>,
}

macro_rules! all {
    ($world:expr, $table:ident) => {
        $table::Entity::find()
            .filter($table::Column::TenantId.eq($world.acme.tenant))
            .all($world.store.db())
            .await
            .unwrap()
    };
}

impl Tables {
    async fn read(world: &World) -> Tables {
        Tables {
            now: world.now(),
            accounts: all!(world, account).into_iter().map(|row| (row.id, row)).collect(),
            parents: all!(world, industry).into_iter().map(|row| (row.id, row.parent_id)).collect(),
            members: all!(world, account_team_member),
            industry_members: all!(world, industry_team_member),
            queues: all!(world, queue_member),
            tickets: all!(world, ticket),
        }
    }

    /// The level of a colleague on an account, in a wing by its place in account, marketing, sales, service.
    fn level(&self, colleague: Uuid, account: Uuid, wing: usize) -> u8 {
        let of = |level: AccessLevel| match level {
            AccessLevel::None => 0,
            AccessLevel::Read => 1,
            AccessLevel::Edit => 2,
        };
        let lasts =
            |from: DateTime<Utc>, to: Option<DateTime<Utc>>| from <= self.now && to.is_none_or(|to| self.now < to);
        let mut best = 0;
        for row in &self.members {
            if row.account_id == account && row.colleague_id == colleague && lasts(row.valid_from, row.valid_to) {
                let levels = [row.access_account, row.access_marketing, row.access_sales, row.access_service];
                best = best.max(of(levels[wing]));
            }
        }
        let account = &self.accounts[&account];
        if account.owner_id == Some(colleague) {
            best = 2;
        }
        let mut above = account.industry_id;
        while let Some(industry) = above {
            for row in &self.industry_members {
                if row.industry_id == industry && row.colleague_id == colleague && lasts(row.valid_from, row.valid_to) {
                    let levels = [row.access_account, row.access_marketing, row.access_sales, row.access_service];
                    best = best.max(of(levels[wing]));
                }
            }
            above = self.parents[&industry];
        }
        best
    }

    fn works_in(&self, colleague: Uuid, queue: Option<Uuid>) -> bool {
        self.queues.iter().any(|row| Some(row.queue_id) == queue && row.colleague_id == colleague)
    }

    /// Whether a ticket of the account is the colleague's own, or waits in its queue.
    fn serves(&self, colleague: Uuid, account: Uuid) -> bool {
        self.tickets.iter().any(|ticket| {
            ticket.account_id == Some(account)
                && (ticket.owner_id == Some(colleague) || self.works_in(colleague, ticket.queue_id))
        })
    }
}

const ACCOUNT: usize = 0;
const MARKETING: usize = 1;
const SALES: usize = 2;
const SERVICE: usize = 3;

/// What a reader may do with a row: nothing, read, or read and write; read by the classed field that the table names.
type Reach = BTreeMap<Uuid, bool>;

/// The rows that a scope lets through, and whether it lets them be written.
async fn real<E: Governed>(world: &World, caller: &Caller, shown: (Class, &str), written: (Class, &str)) -> Reach {
    let may = |row: &Seen<E::Model>, (class, field): (Class, &str)| {
        row.rights().sight(class, field) == api::policy::Sight::Clear
    };
    let seen = caller.rows::<E>().all(world.store.db()).await.unwrap();
    let writable = caller.rows_to_write::<E>().all(world.store.db()).await.unwrap();
    let writable: BTreeSet<Uuid> = writable
        .iter()
        .filter(|row| row.rights().may_write(written.0, written.1))
        .map(|row| E::id(row.row()))
        .collect();
    seen.iter()
        .filter(|row| may(row, shown))
        .map(|row| E::id(row.row()))
        .map(|id| (id, writable.contains(&id)))
        .collect()
}

/// One desk's line: scope A, T and Q, and whether T and Q write.
#[derive(Clone, Copy)]
struct Line {
    all: Option<bool>,
    team: Option<bool>,
    queue: Option<bool>,
    /// What is the caller's own may be written, where another scope lets it be read.
    mine: bool,
}

const NOTHING: Line = Line { all: None, team: None, queue: None, mine: false };

/// The lines of access.md that this test walks, once more by hand: role × (account, contact, opportunity, meeting, asset, lead,
/// ticket), read by a field of class P (or N for contacts).
fn line(role: Role, ty: &str) -> Line {
    let team = |write| Line { team: Some(write), ..NOTHING };
    let all = |write| Line { all: Some(write), ..NOTHING };
    let team_and_queue = |write| Line { team: Some(write), queue: Some(write), ..NOTHING };
    match (role, ty) {
        (Role::Marketing, "account" | "lead") => all(true),
        (Role::Marketing, "contact" | "asset") => all(false),
        (Role::Marketing, "opportunity" | "meeting") => team(false),
        // Only status and category, which is enough to see the row.
        (Role::Marketing, "ticket") => team(false),
        (Role::Sales, "account" | "contact" | "opportunity" | "meeting") => team(true),
        (Role::Sales, "asset" | "ticket") => team(false),
        (Role::Sales, "lead") => team_and_queue(true),
        (Role::Service, "account") => team_and_queue(false),
        (Role::Service, "contact") => team_and_queue(false),
        (Role::Service, "opportunity" | "meeting" | "lead") => team(false),
        (Role::Service, "asset") => team(true),
        (Role::Service, "ticket") => team_and_queue(true),
        (Role::Technical, "account" | "contact" | "opportunity" | "meeting") => team(false),
        (Role::Technical, "asset") => team(true),
        (Role::Technical, "lead") => NOTHING,
        (Role::Technical, "ticket") => Line { mine: true, ..team(false) },
        (role, ty) => panic!("{role} {ty}"),
    }
}

/// What the naive rule says of one row, over the roles of a token.
fn naive(roles: &[Role], ty: &str, level: u8, own: bool) -> Option<bool> {
    let mut reach: Option<bool> = None;
    let mut writes_own = false;
    let mut join = |write: bool| reach = Some(reach.unwrap_or(false) || write);
    for role in roles {
        let Line { all, team, queue, mine } = line(*role, ty);
        writes_own |= mine && own;
        if let Some(write) = all {
            join(write);
        }
        if let (Some(write), 1..) = (team, level) {
            join(write && level == 2);
        }
        if let (Some(write), true) = (queue, own) {
            join(write);
        }
    }
    reach.map(|write| write || writes_own)
}

const TOKENS: [(&[Role], &str); 6] = [
    (&[Role::Marketing], "mia"),
    (&[Role::Sales], "sam"),
    (&[Role::Service], "vera"),
    (&[Role::Technical], "tom"),
    (&[Role::Sales, Role::Service], "sam"),
    (&[Role::Technical, Role::Marketing, Role::Service], "vera"),
];

async fn compare(world: &World, roles: &[Role], subject: &str) {
    let caller = world.caller(roles, subject).await;
    let me = caller.colleague.unwrap();
    let tables = Tables::read(world).await;
    let on = |account: Option<Uuid>, wing: usize| account.map_or(0, |account| tables.level(me, account, wing));
    macro_rules! check {
        ($table:ident, $name:literal, $wing:expr, $shown:expr, $written:expr, |$row:ident| $account:expr, $own:expr) => {
            let expected: Reach = all!(world, $table)
                .iter()
                .filter_map(|$row| naive(roles, $name, on($account, $wing), $own).map(|write| ($row.id, write)))
                .collect();
            let found = real::<$table::Entity>(world, &caller, $shown, $written).await;
            assert_eq!(found, expected, "{roles:?} {subject}: {}", $name);
        };
    }
    let p = |field| (Class::P, field);
    check!(account, "account", ACCOUNT, p("country"), p("country"), |row| Some(row.id), tables.serves(me, row.id));
    check!(opportunity, "opportunity", SALES, p("name"), p("name"), |row| Some(row.account_id), false);
    check!(meeting, "meeting", SALES, p("title"), p("title"), |row| row.account_id, false);
    check!(asset, "asset", SERVICE, p("name"), p("name"), |row| Some(row.account_id), false);
    check!(
        lead,
        "lead",
        MARKETING,
        p("status"),
        p("status"),
        |row| row.account_id,
        row.owner_id == Some(me) || tables.works_in(me, row.queue_id)
    );
    check!(
        ticket,
        "ticket",
        SERVICE,
        p("status"),
        (Class::T, "subject"),
        |row| row.account_id,
        row.owner_id == Some(me) || tables.works_in(me, row.queue_id)
    );
    if !roles.contains(&Role::Marketing) && !roles.contains(&Role::Service) {
        check!(
            contact,
            "contact",
            ACCOUNT,
            (Class::N, "family_name"),
            (Class::N, "family_name"),
            |row| row.account_id,
            false
        );
    }
    events(world, roles, &caller, &tables).await;
}

/// The events of every account's timeline, by the columns that were copied when they were written.
async fn events(world: &World, roles: &[Role], caller: &Caller, tables: &Tables) {
    let me = caller.colleague.unwrap();
    let all = all!(world, journey_event);
    for account in tables.accounts.keys() {
        let about = |event: &&journey_event::Model| event.subjects.to_string().contains(&account.to_string());
        let expected: BTreeSet<Uuid> = all
            .iter()
            .filter(about)
            .filter(|event| {
                let (ty, wing) = match ObjectType::parse(&event.object_type).unwrap() {
                    ObjectType::Account => ("account", ACCOUNT),
                    ObjectType::Contact => ("contact", ACCOUNT),
                    ObjectType::Opportunity => ("opportunity", SALES),
                    ObjectType::Meeting => ("meeting", SALES),
                    ObjectType::Asset => ("asset", SERVICE),
                    ObjectType::Lead => ("lead", MARKETING),
                    ObjectType::Ticket => ("ticket", SERVICE),
                    // Who is on the team: everybody whose team reaches the account.
                    ObjectType::AccountTeamMember => ("opportunity", ACCOUNT),
                    other => panic!("{other:?}"),
                };
                let level = event.account_id.map_or(0, |account| tables.level(me, account, wing));
                // Sales sees name and industry of every account; that is no leave to hear what happens there.
                naive(roles, ty, level, false).is_some()
            })
            .map(|event| event.id)
            .collect();
        let subject = reader::Subject { ty: SubjectType::Account, id: *account };
        let filter = reader::Filter { min_importance: Some(0), ..Default::default() };
        let page = api::graph::Page { size: 1000, from_end: false, after: None, before: None };
        // Whether the statement knows whose events they are mostly, or is told another account, or none.
        let another = tables.accounts.keys().find(|other| *other != account).copied();
        let mut rights = Vec::new();
        for home in [None, Some(*account), another] {
            let (db, wanted) = (world.store.db(), reader::Wanted::ALL);
            let pages =
                reader::pages(caller, db, subject.ty, &[(subject.id, home)], &filter, &page, wanted).await.unwrap();
            let page = &pages[&subject.id];
            let found: BTreeSet<Uuid> = page.events.iter().map(|event| event.row.id).collect();
            assert_eq!(found, expected, "{roles:?}: events of {account}, at home {home:?}");
            rights.push(page.events.iter().map(|event| event.rights.clone()).collect::<Vec<_>>());
        }
        assert!(rights.windows(2).all(|pair| pair[0] == pair[1]), "{roles:?}: rights on the events of {account}");
    }
}

#[tokio::test]
async fn the_scopes_reach_what_the_rule_says() {
    const CASES: usize = 4;
    each_engine(async |world: World| {
        let mut runner = TestRunner::new_with_rng(Config::default(), TestRunner::deterministic().rng().clone());
        for _ in 0..CASES {
            // Each case adds to the tenant: the rows of the earlier ones are checked again under later memberships.
            let plan = plan().new_tree(&mut runner).unwrap().current();
            build(&world, &plan).await;
            for (roles, subject) in TOKENS {
                compare(&world, roles, subject).await;
            }
        }
        // What began today has ended the day after tomorrow.
        world.pass(TimeDelta::days(2));
        for (roles, subject) in TOKENS {
            compare(&world, roles, subject).await;
        }
    })
    .await;
}
