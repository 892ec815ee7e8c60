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

use super::Caller;

/// `SELECT account_id …`: the accounts that the caller reaches in `wing` with at least `level` now.
/// None for a caller without a colleague: its team scope is empty.
pub fn visible_accounts(caller: &Caller, wing: Wing, level: AccessLevel) -> Option<SelectStatement> {
    let colleague = caller.colleague?;
    let levels: &[AccessLevel] = match level {
        AccessLevel::None => return None,
        AccessLevel::Read => &[AccessLevel::Read, AccessLevel::Edit],
        AccessLevel::Edit => &[AccessLevel::Edit],
    };
    let granted = |table: &Alias, column: &'static str| {
        Expr::col((table.clone(), Alias::new(column))).is_in(levels.iter().map(|level| level.as_str()))
    };
    let active = |table: &Alias| {
        Condition::all()
            .add(Expr::col((table.clone(), Alias::new("tenant_id"))).eq(caller.tenant))
            .add(Expr::col((table.clone(), Alias::new("colleague_id"))).eq(colleague))
            .add(Expr::col((table.clone(), Alias::new("valid_from"))).lte(caller.now()))
            .add(
                Condition::any()
                    .add(Expr::col((table.clone(), Alias::new("valid_to"))).is_null())
                    .add(Expr::col((table.clone(), Alias::new("valid_to"))).gt(caller.now())),
            )
    };
    let column = access_column(wing);

    let (member, owned, target, closure, of_industry) = (
        Alias::new("team_member"),
        Alias::new("owned"),
        Alias::new("industry_member"),
        Alias::new("subtree"),
        Alias::new("of_industry"),
    );
    let mut by_team = Query::select()
        .column((member.clone(), account_team_member::Column::AccountId))
        .from_as(account_team_member::Entity, member.clone())
        .cond_where(active(&member))
        .and_where(granted(&member, column))
        .to_owned();
    let by_ownership = Query::select()
        .column((owned.clone(), account::Column::Id))
        .from_as(account::Entity, owned.clone())
        .and_where(Expr::col((owned.clone(), account::Column::TenantId)).eq(caller.tenant))
        .and_where(Expr::col((owned, account::Column::OwnerId)).eq(colleague))
        .to_owned();
    let by_industry = Query::select()
        .column((of_industry.clone(), account::Column::Id))
        .from_as(industry_team_member::Entity, target.clone())
        .join_as(
            JoinType::InnerJoin,
            industry_closure::Entity,
            closure.clone(),
            Condition::all().add(same(&closure, "tenant_id", &target, "tenant_id")).add(same(
                &closure,
                "ancestor_id",
                &target,
                "industry_id",
            )),
        )
        .join_as(
            JoinType::InnerJoin,
            account::Entity,
            of_industry.clone(),
            Condition::all().add(same(&of_industry, "tenant_id", &closure, "tenant_id")).add(same(
                &of_industry,
                "industry_id",
                &closure,
                "descendant_id",
            )),
        )
        .cond_where(active(&target))
        .and_where(granted(&target, column))
        .to_owned();
    by_team.union(UnionType::All, by_ownership).union(UnionType::All, by_industry);
    Some(by_team)
}

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
    let at = |level| in_accounts(account.clone(), visible_accounts(caller, wing, level));
    Expr::case(at(AccessLevel::Edit), 2).case(at(AccessLevel::Read), 1).finally(0).into()
}

fn same(left: &Alias, left_column: &'static str, right: &Alias, right_column: &'static str) -> Expr {
    Expr::col((left.clone(), Alias::new(left_column))).equals((right.clone(), Alias::new(right_column)))
}

fn access_column(wing: Wing) -> &'static str {
    match wing {
        Wing::Account => "access_account",
        Wing::Marketing => "access_marketing",
        Wing::Sales => "access_sales",
        Wing::Service => "access_service",
    }
}
