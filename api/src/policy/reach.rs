//! The team rule as SQL: which accounts a caller reaches, at which level, in which wing. One fragment inside each statement;
//! no list of ids, no function a row.

use entities::{
    account::{account, account_team_member, industry_closure, industry_team_member},
    codes::{AccessLevel, Wing},
};
use sea_orm::{
    Condition,
    sea_query::{Alias, Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType},
};

use uuid::Uuid;

use super::Caller;

/// The three ways to an account: its team, its owner, the team of its industry.
struct Ways {
    team: SelectStatement,
    owner: SelectStatement,
    industry: SelectStatement,
}

const TEAM: &str = "team_member";
const OWNED: &str = "owned";
const OF_INDUSTRY: &str = "of_industry";
const INDUSTRY_MEMBER: &str = "industry_member";

impl Ways {
    /// Without a column yet. None for a caller without a colleague: its team scope is empty.
    fn of(caller: &Caller) -> Option<Ways> {
        let colleague = caller.colleague?;
        let active = |table: &'static str| {
            let col = |column: &'static str| Expr::col((table, column));
            Condition::all()
                .add(col("tenant_id").eq(caller.tenant))
                .add(col("colleague_id").eq(colleague))
                .add(col("valid_from").lte(caller.now()))
                .add(Condition::any().add(col("valid_to").is_null()).add(col("valid_to").gt(caller.now())))
        };
        let subtree = "subtree";
        let team = Query::select().from_as(account_team_member::Entity, TEAM).cond_where(active(TEAM)).to_owned();
        let owner = Query::select()
            .from_as(account::Entity, OWNED)
            .and_where(Expr::col((OWNED, account::Column::TenantId)).eq(caller.tenant))
            .and_where(Expr::col((OWNED, account::Column::OwnerId)).eq(colleague))
            .to_owned();
        let industry = Query::select()
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
            .cond_where(active(INDUSTRY_MEMBER))
            .to_owned();
        Some(Ways { team, owner, industry })
    }

    /// Each with the column of the account, and with that of the level where there is one: owners may do everything.
    fn each(self) -> [(SelectStatement, Expr, Option<&'static str>); 3] {
        [
            (self.team, Expr::col((TEAM, account_team_member::Column::AccountId)), Some(TEAM)),
            (self.owner, Expr::col((OWNED, account::Column::Id)), None),
            (self.industry, Expr::col((OF_INDUSTRY, account::Column::Id)), Some(INDUSTRY_MEMBER)),
        ]
    }
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
    let selects = ways.into_iter().map(|(mut way, account, of)| {
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
    let never = || Expr::val(1).eq(0);
    let Some(ways) = Ways::of(caller).filter(|_| level != AccessLevel::None) else { return never() };
    let target = account.into();
    let exists = ways.each().into_iter().map(|(mut way, account, of)| {
        if let Some(of) = of {
            way.and_where(granted(of, wing, level));
        }
        Expr::exists(way.expr(Expr::val(1)).and_where(account.eq(target.clone())).to_owned())
    });
    exists.reduce(ExprTrait::or).unwrap_or_else(never)
}

/// `SELECT account, account_level, marketing_level, sales_level, service_level …`: the caller's levels (1 READ, 2 EDIT) on some accounts, a
/// row a way to them. None for a caller without a colleague.
pub fn levels(caller: &Caller, accounts: &[Uuid]) -> Option<SelectStatement> {
    let selects = Ways::of(caller)?.each().into_iter().map(|(mut way, account, of)| {
        way.expr_as(account.clone(), "account").and_where(account.is_in(accounts.iter().copied()));
        for (wing, alias) in LEVELS {
            let level: Expr = match of {
                None => Expr::val(2),
                Some(of) => {
                    let level = |level| granted(of, wing, level);
                    Expr::case(level(AccessLevel::Edit), 2).case(level(AccessLevel::Read), 1).finally(0).into()
                }
            };
            way.expr_as(level, alias);
        }
        way.to_owned()
    });
    selects.reduce(|mut all, way| all.union(UnionType::All, way).to_owned())
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
    let member = Alias::new("on_team");
    let col = |column: account_team_member::Column| Expr::col((member.clone(), column));
    let mut select = Query::select()
        .column((member.clone(), account_team_member::Column::AccountId))
        .from_as(account_team_member::Entity, member.clone())
        .and_where(col(account_team_member::Column::TenantId).eq(caller.tenant))
        .and_where(col(account_team_member::Column::ColleagueId).eq(colleague))
        .and_where(col(account_team_member::Column::ValidFrom).lte(caller.now()))
        .cond_where(
            Condition::any()
                .add(col(account_team_member::Column::ValidTo).is_null())
                .add(col(account_team_member::Column::ValidTo).gt(caller.now())),
        )
        .to_owned();
    if leads_only {
        select.and_where(col(account_team_member::Column::IsLead).eq(true));
    }
    Some(select)
}

/// `account IN (visible accounts)`, or false.
pub fn in_accounts(account: impl Into<Expr>, accounts: Option<SelectStatement>) -> Expr {
    match accounts {
        Some(select) => account.into().in_subquery(select),
        None => Expr::val(1).eq(0),
    }
}

/// The caller's level on an account column in a wing: 0 none, 1 READ, 2 EDIT.
pub fn level(account: impl Into<Expr>, caller: &Caller, wing: Wing) -> Expr {
    let account = account.into();
    let at = |level| reaches(account.clone(), caller, wing, level);
    Expr::case(at(AccessLevel::Edit), 2).case(at(AccessLevel::Read), 1).finally(0).into()
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
