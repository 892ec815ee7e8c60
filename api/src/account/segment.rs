//! An industry as a segment of the market: how many customers, people, leads and needs it holds, each counted in one statement for
//! all industries of a page.

use std::collections::HashMap;

use async_graphql::{Context, Object};
use entities::{
    account::{account, contact},
    codes::RequirementStatus,
    marketing::lead,
    sales::requirement,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait,
    sea_query::{Asterisk, Expr, ExprTrait, JoinType, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    graph::{Cx, Key, Result, count, counted},
    policy::{Class, access},
};

/// How much there is of an industry, counted over the rows that you may see. An account belongs to one industry; those of the
/// industries below are not counted here.
#[derive(Clone, Copy, Debug)]
pub struct Segment(Uuid);

impl Segment {
    pub(super) fn of(industry: Uuid) -> Segment {
        Segment(industry)
    }

    async fn count(self, ctx: &Context<'_>, what: What) -> Result<i32> {
        let found = Cx::of(ctx).load(CountOf { industry: self.0, what }).await?;
        Ok(count(found.unwrap_or_default()))
    }
}

/// How much there is of an industry, counted over the rows that you may see. An account belongs to one industry; those of the
/// industries below are not counted here.
#[Object]
impl Segment {
    /// How many accounts.
    #[graphql(directive = access::apply("Account".into(), "P".into(), false))]
    async fn accounts(&self, ctx: &Context<'_>) -> Result<i32> {
        self.count(ctx, What::Accounts).await
    }

    /// How many people work for these accounts, as their primary employer.
    #[graphql(directive = access::apply("Contact".into(), "P".into(), false))]
    async fn contacts(&self, ctx: &Context<'_>) -> Result<i32> {
        self.count(ctx, What::Contacts).await
    }

    /// How many leads these accounts have, of any status.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), false))]
    async fn leads(&self, ctx: &Context<'_>) -> Result<i32> {
        self.count(ctx, What::Leads).await
    }

    /// How many times a customer of this industry said what they need.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), false))]
    async fn requirements(&self, ctx: &Context<'_>) -> Result<i32> {
        self.count(ctx, What::Requirements).await
    }

    /// How many of these needs nobody has answered yet.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), false))]
    async fn open_requirements(&self, ctx: &Context<'_>) -> Result<i32> {
        self.count(ctx, What::OpenRequirements).await
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Accounts,
    Contacts,
    Leads,
    Requirements,
    OpenRequirements,
}

/// How many rows of a sort an industry has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CountOf {
    industry: Uuid,
    what: What,
}

impl Key for CountOf {
    type Value = i64;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut groups: HashMap<What, Vec<Uuid>> = HashMap::new();
        for CountOf { industry, what } in keys {
            groups.entry(what).or_default().push(industry);
        }
        let mut counts = HashMap::new();
        for (what, industries) in groups {
            for row in cx.db().query_all(&what.select(cx, industries)).await? {
                if let Some(industry) = row.try_get("", "industry")? {
                    counts.insert(CountOf { industry, what }, row.try_get("", "n")?);
                }
            }
        }
        Ok(counts)
    }
}

impl What {
    fn select(self, cx: &Cx, industries: Vec<Uuid>) -> SelectStatement {
        match self {
            What::Accounts => counted(accounts(cx, industries), &["industry"]),
            What::Contacts => {
                let of = ("account", Class::P, "account", contact::Column::AccountId);
                of_accounts(cx, industries, cx.caller.rows::<contact::Entity>().into_fields(&cx.caller, &[of]))
            }
            What::Leads => {
                let of = ("account", Class::P, "account", lead::Column::AccountId);
                of_accounts(cx, industries, cx.caller.rows::<lead::Entity>().into_fields(&cx.caller, &[of]))
            }
            What::Requirements | What::OpenRequirements => {
                use requirement::Column;
                let rows = cx.caller.rows::<requirement::Entity>().filter(Column::IndustryId.is_in(industries));
                let rows = match self {
                    What::OpenRequirements => rows.filter(Column::Status.eq(RequirementStatus::Open)),
                    _ => rows,
                };
                let of = ("industry", Class::P, "industry", Column::IndustryId);
                counted(rows.into_fields(&cx.caller, &[of]), &["industry"])
            }
        }
    }
}

/// The accounts of some industries, with their industry.
fn accounts(cx: &Cx, industries: Vec<Uuid>) -> SelectStatement {
    let fields = [
        ("id", Class::P, "name", account::Column::Id),
        ("industry", Class::P, "industry", account::Column::IndustryId),
    ];
    let rows = cx.caller.rows::<account::Entity>().filter(account::Column::IndustryId.is_in(industries));
    rows.into_fields(&cx.caller, &fields)
}

/// Counts what belongs to the accounts of some industries.
fn of_accounts(cx: &Cx, industries: Vec<Uuid>, rows: SelectStatement) -> SelectStatement {
    let same = Condition::all().add(Expr::col(("customer", "id")).equals(("counted", "account")));
    Query::select()
        .expr_as(Expr::col(("customer", "industry")), "industry")
        .expr_as(Expr::col(Asterisk).count(), "n")
        .from_subquery(rows, "counted")
        .join_subquery(JoinType::InnerJoin, accounts(cx, industries), "customer", same)
        .group_by_col(("customer", "industry"))
        .to_owned()
}
