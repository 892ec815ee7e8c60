//! The team rule as SQL: which accounts a caller reaches, at which level, in which wing. One fragment inside each statement;
//! no list of ids, no function a row.

use entities::{
    account::{account, account_team_member, id_redirect, industry_closure, industry_team_member},
    codes::{AccessLevel, Wing},
};
use sea_orm::{
    Condition,
    sea_query::{Expr, ExprTrait, Func, JoinType, Query, SelectStatement, UnionType},
};

use uuid::Uuid;

use super::Caller;

/// The three ways to an account: its team, its owner, the team of its industry. The last is left out where it leads nowhere. Each leads
/// on to the aliases of the account, the records that were merged into it: their past is its past.
struct Ways {
    team: SelectStatement,
    owner: SelectStatement,
    industry: Option<SelectStatement>,
    /// The tenant, where it has aliases.
    aliases_of: Option<i64>,
}

const TEAM: &str = "team_member";
const OWNED: &str = "owned";
const OF_INDUSTRY: &str = "of_industry";
const INDUSTRY_MEMBER: &str = "industry_member";

impl Ways {
    /// Without a column yet. None for a caller without a colleague: its team scope is empty.
    fn of(caller: &Caller) -> Option<Ways> {
        let colleague = caller.colleague?;
        let subtree = "subtree";
        let team = Query::select()
            .from_as(account_team_member::Entity, TEAM)
            .cond_where(active(TEAM, caller, colleague))
            .to_owned();
        let owner = Query::select()
            .from_as(account::Entity, OWNED)
            .and_where(Expr::col((OWNED, account::Column::TenantId)).eq(caller.tenant))
            .and_where(Expr::col((OWNED, account::Column::OwnerId)).eq(colleague))
            .to_owned();
        let industry = || {
            Query::select()
                .from_as(industry_team_member::Entity, INDUSTRY_MEMBER)
                .join_as(
                    JoinType::InnerJoin,
                    industry_closure::Entity,
                    subtree,
                    same(subtree, "tenant_id", INDUSTRY_MEMBER, "tenant_id").and(same(
                        subtree,
                        "ancestor_id",
                        INDUSTRY_MEMBER,
                        "industry_id",
                    )),
                )
                .join_as(
                    JoinType::InnerJoin,
                    account::Entity,
                    OF_INDUSTRY,
                    same(OF_INDUSTRY, "tenant_id", subtree, "tenant_id").and(same(
                        OF_INDUSTRY,
                        "industry_id",
                        subtree,
                        "descendant_id",
                    )),
                )
                .cond_where(active(INDUSTRY_MEMBER, caller, colleague))
                .to_owned()
        };
        let aliases_of = caller.merged.then_some(caller.tenant);
        Some(Ways { team, owner, industry: caller.in_industries.then(industry), aliases_of })
    }

    /// Each with the column of the account, and with the alias of the membership where there is one: owners may do everything.
    fn each(self) -> impl Iterator<Item = (SelectStatement, Expr, Option<&'static str>)> {
        let industry = |way| (way, Expr::col((OF_INDUSTRY, account::Column::Id)), Some(INDUSTRY_MEMBER));
        let always = [
            (self.team, Expr::col((TEAM, account_team_member::Column::AccountId)), Some(TEAM)),
            (self.owner, Expr::col((OWNED, account::Column::Id)), None),
        ];
        let ways: Vec<_> = always.into_iter().chain(self.industry.map(industry)).collect();
        let on = |tenant: i64| {
            let to = |(way, account, of): &(SelectStatement, Expr, Option<&'static str>)| {
                (to_aliases(way.clone(), account.clone(), tenant), alias(id_redirect::Column::OldId), *of)
            };
            ways.iter().map(to).collect::<Vec<_>>()
        };
        let aliases = self.aliases_of.map(on).unwrap_or_default();
        ways.into_iter().chain(aliases)
    }
}

const ALIAS: &str = "merged_alias";

fn alias(column: id_redirect::Column) -> Expr {
    Expr::col((ALIAS, column))
}

/// A way to accounts, going on to the records that were merged into them.
fn to_aliases(mut way: SelectStatement, account: Expr, tenant: i64) -> SelectStatement {
    let into = Condition::all()
        .add(alias(id_redirect::Column::TenantId).eq(tenant))
        .add(alias(id_redirect::Column::SubjectType).eq(Expr::Constant("ACCOUNT".into())))
        .add(alias(id_redirect::Column::NewId).eq(account));
    way.join_as(JoinType::InnerJoin, id_redirect::Entity, ALIAS, into);
    way
}

/// The places of a colleague on teams, those that have begun and not ended.
fn active(table: &'static str, caller: &Caller, colleague: Uuid) -> Condition {
    let col = |column: &'static str| Expr::col((table, column));
    Condition::all()
        .add(col("tenant_id").eq(caller.tenant))
        .add(col("colleague_id").eq(colleague))
        .add(col("valid_from").lte(caller.now()))
        .add(Condition::any().add(col("valid_to").is_null()).add(col("valid_to").gt(caller.now())))
}

/// What a caller can hold on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// At least this level in this wing, by any way.
    Level(Wing, AccessLevel),
    /// An active account-team membership, whatever its level.
    Member,
    /// The lead of the account team.
    Lead,
}

impl Held {
    /// Whether one way gives it: that of the membership `of`, or the owner's.
    fn by(self, of: Option<&'static str>) -> Expr {
        match (self, of) {
            (Held::Level(_, AccessLevel::None), _) => never(),
            (Held::Level(wing, level), Some(of)) => granted(of, wing, level),
            (Held::Level(..), None) => Expr::val(1).eq(1),
            (Held::Member, Some(TEAM)) => Expr::val(1).eq(1),
            (Held::Lead, Some(TEAM)) => Expr::col((TEAM, account_team_member::Column::IsLead)).eq(true),
            (Held::Member | Held::Lead, _) => never(),
        }
    }
}

fn never() -> Expr {
    Expr::val(1).eq(0)
}

/// The codes of a level and of those above it; none for a level that is no access.
fn at_least(level: AccessLevel) -> &'static [AccessLevel] {
    match level {
        AccessLevel::None => &[],
        AccessLevel::Read => &[AccessLevel::Read, AccessLevel::Edit],
        AccessLevel::Edit => &[AccessLevel::Edit],
    }
}

fn granted(of: &'static str, wing: Wing, level: AccessLevel) -> Expr {
    Expr::col((of, access_column(wing))).is_in(at_least(level).iter().map(|level| level.as_str()))
}

/// `SELECT account_id …`: the accounts that the caller reaches in `wing` with at least `level` now: where all of them are wanted.
/// None for a caller without a colleague: its team scope is empty.
pub fn visible_accounts(caller: &Caller, wing: Wing, level: AccessLevel) -> Option<SelectStatement> {
    let ways = Ways::of(caller).filter(|_| level != AccessLevel::None)?.each();
    let selects = ways.map(|(mut way, account, of)| {
        if let Some(of) = of {
            way.and_where(granted(of, wing, level));
        }
        way.expr(account).to_owned()
    });
    selects.reduce(|mut all, way| all.union(UnionType::All, way).to_owned())
}

/// Whether the caller reaches one account in `wing` with at least `level` now: where a row is at hand. It looks for that account
/// alone, however many the caller has.
pub fn reaches(account: impl Into<Expr>, caller: &Caller, wing: Wing, level: AccessLevel) -> Expr {
    holds(account, caller, |held| held(Held::Level(wing, level)).into())
}

/// Whether one of the caller's ways to one account gives what `needs` asks for: each way is looked up once, whatever hangs on what it
/// gives.
pub fn holds(account: impl Into<Expr>, caller: &Caller, needs: impl Fn(&dyn Fn(Held) -> Expr) -> Condition) -> Expr {
    let Some(ways) = Ways::of(caller) else { return never() };
    let target = account.into();
    let exists = ways.each().map(|(mut way, account, of)| {
        way.expr(Expr::val(1)).and_where(account.eq(target.clone())).cond_where(needs(&|held| held.by(of)));
        Expr::exists(way)
    });
    exists.reduce(ExprTrait::or).unwrap_or_else(never)
}

/// Whether an account is among those on which the caller holds this: all of them are brought together.
pub fn among(account: impl Into<Expr>, caller: &Caller, held: Held) -> Expr {
    let accounts = match held {
        Held::Level(wing, level) => visible_accounts(caller, wing, level),
        Held::Member => team_accounts(caller, false),
        Held::Lead => team_accounts(caller, true),
    };
    in_accounts(account, accounts)
}

/// `SELECT account, account_level, marketing_level, sales_level, service_level …`: the caller's levels (1 READ, 2 EDIT) on some accounts, a
/// row a way to them. None for a caller without a colleague.
pub fn levels(caller: &Caller, accounts: &[Uuid]) -> Option<SelectStatement> {
    let selects = Ways::of(caller)?.each().map(|(mut way, account, of)| {
        way.expr_as(account.clone(), "account").and_where(account.is_in(accounts.iter().copied()));
        for (wing, alias) in LEVELS {
            way.expr_as(level_of(of, wing), alias);
        }
        way.to_owned()
    });
    selects.reduce(|mut all, way| all.union(UnionType::All, way).to_owned())
}

/// Joins the caller's own places on the team of an account, with the level in each wing as a column of [`LEVELS`]: a row a place, and one
/// without any. For a caller who is on no industry's team; owners do everything besides.
pub(super) fn join_places(select: &mut SelectStatement, account: Expr, caller: &Caller, colleague: Uuid) {
    let of_account = Expr::col((TEAM, account_team_member::Column::AccountId)).eq(account);
    let own = active(TEAM, caller, colleague).add(of_account);
    select.join_as(JoinType::LeftJoin, account_team_member::Entity, TEAM, own);
    for (wing, alias) in LEVELS {
        select.expr_as(level_of(Some(TEAM), wing), alias);
    }
}

/// The wings, each with its column in [`levels`].
pub const LEVELS: [(Wing, &str); 4] = [
    (Wing::Account, "account_level"),
    (Wing::Marketing, "marketing_level"),
    (Wing::Sales, "sales_level"),
    (Wing::Service, "service_level"),
];

/// Accounts with an active account-team membership of the caller, whatever its level.
pub fn team_accounts(caller: &Caller, leads_only: bool) -> Option<SelectStatement> {
    let colleague = caller.colleague?;
    let member = "on_team";
    let col = |column: account_team_member::Column| Expr::col((member, column));
    let mut select = Query::select()
        .column((member, account_team_member::Column::AccountId))
        .from_as(account_team_member::Entity, member)
        .cond_where(active(member, caller, colleague))
        .to_owned();
    if leads_only {
        select.and_where(col(account_team_member::Column::IsLead).eq(true));
    }
    if caller.merged {
        let account = col(account_team_member::Column::AccountId);
        let mut aliases = to_aliases(select.clone(), account, caller.tenant);
        aliases.clear_selects().expr(alias(id_redirect::Column::OldId));
        select.union(UnionType::All, aliases);
    }
    Some(select)
}

/// `account IN (visible accounts)`, or false.
pub fn in_accounts(account: impl Into<Expr>, accounts: Option<SelectStatement>) -> Expr {
    match accounts {
        Some(select) => account.into().in_subquery(select),
        None => never(),
    }
}

/// The caller's level on an account column in a wing: 0 none, 1 READ, 2 EDIT.
pub fn level(account: impl Into<Expr>, caller: &Caller, wing: Wing) -> Expr {
    let (target, none) = (account.into(), || Expr::val(0));
    let Some(ways) = Ways::of(caller) else { return none() };
    let levels = ways.each().map(|(mut way, account, of)| {
        way.expr_as(level_of(of, wing), "level").and_where(account.eq(target.clone())).to_owned()
    });
    let Some(levels) = levels.reduce(|mut all, way| all.union(UnionType::All, way).to_owned()) else { return none() };
    let highest = Query::select().expr(Expr::col(("held", "level")).max()).from_subquery(levels, "held").to_owned();
    Func::coalesce([Expr::SubQuery(None, Box::new(highest.into())), none()]).into()
}

/// The level that one way gives: that of the membership `of`, or the owner's.
fn level_of(of: Option<&'static str>, wing: Wing) -> Expr {
    match of {
        None => Expr::val(2),
        Some(of) => {
            let level = |level| granted(of, wing, level);
            Expr::case(level(AccessLevel::Edit), 2).case(level(AccessLevel::Read), 1).finally(0).into()
        }
    }
}

fn same(left: &'static str, left_column: &'static str, right: &'static str, right_column: &'static str) -> Expr {
    Expr::col((left, left_column)).equals((right, right_column))
}

fn access_column(wing: Wing) -> &'static str {
    match wing {
        Wing::Account => "access_account",
        Wing::Marketing => "access_marketing",
        Wing::Sales => "access_sales",
        Wing::Service => "access_service",
    }
}
