//! Suggestions of what might be one person or company: pairs that hold the same values, found in one statement over the rows and the
//! fields that the caller reads in clear. What it may not read makes no pair and no point. Suggestions only: merging is another step.

use async_graphql::{Context, Enum, Object, SimpleObject};
use entities::{
    account::{account, contact, contact_point},
    codes::ContactPointKind,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait,
    sea_query::{Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{Account, Contact};
use crate::{
    graph::{Cx, DEFAULT_PAGE, Error, GlobalId, Kind, MAX_PAGE, Result, folded, many},
    policy::{Class, Seen, access},
};

/// The score from which a pair is suggested unless said.
const LEAST_SCORE: i32 = 40;
/// The highest score.
const MOST_SCORE: i32 = 100;

/// Why two records might be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DuplicateReason {
    /// The same e-mail address.
    Email,
    /// The same phone number.
    Phone,
    /// The same name, whatever its case.
    Name,
    /// The same web address.
    Website,
    /// The same employer.
    Account,
    /// A web domain in common.
    Domain,
    /// The same country.
    Country,
}

/// A part of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SimpleObject)]
pub struct DuplicatePart {
    /// What speaks for it.
    pub reason: DuplicateReason,
    /// How much, in points.
    pub points: i32,
}

/// Two contacts that might be one person.
#[derive(SimpleObject)]
pub struct ContactDuplicate {
    /// The older one.
    pub contact: Contact,
    /// The younger one.
    pub other: Contact,
    /// How likely it is: the sum of the parts, at most 100.
    pub score: i32,
    /// What the score is made of, at most 4 parts.
    pub parts: Vec<DuplicatePart>,
}

/// Two accounts that might be one company.
#[derive(SimpleObject)]
pub struct AccountDuplicate {
    /// The older one.
    pub account: Account,
    /// The younger one.
    pub other: Account,
    /// How likely it is: the sum of the parts, at most 100.
    pub score: i32,
    /// What the score is made of, at most 6 parts.
    pub parts: Vec<DuplicatePart>,
}

/// What makes pairs, in the order of the columns of the statement; each with its points.
type Weights<const N: usize> = [(DuplicateReason, &'static str, i32); N];

/// Of contacts: an address is hardly anybody else's, a number may be a switchboard, a name may be a namesake's.
const OF_CONTACTS: Weights<3> =
    [(DuplicateReason::Email, "email", 60), (DuplicateReason::Phone, "phone", 35), (DuplicateReason::Name, "name", 40)];
const SAME_EMPLOYER: i32 = 20;

/// Of accounts.
const OF_ACCOUNTS: Weights<4> = [
    (DuplicateReason::Name, "name", 50),
    (DuplicateReason::Website, "website", 40),
    (DuplicateReason::Email, "email", 40),
    (DuplicateReason::Phone, "phone", 40),
];
const SAME_DOMAIN: i32 = 40;
const SAME_COUNTRY: i32 = 10;

/// Pairs of rows with the same value: `a`, `b`, and the points of each reason as a column.
fn pairs<const N: usize>(
    rows: &SelectStatement,
    by: &'static str,
    weights: &Weights<N>,
    nth: usize,
    of: Option<Uuid>,
) -> SelectStatement {
    let (l, r) = (|column: &'static str| Expr::col(("l", column)), |column: &'static str| Expr::col(("r", column)));
    let mut select = Query::select();
    select.expr_as(l("row"), "a").expr_as(r("row"), "b");
    for (place, (_, column, points)) in weights.iter().enumerate() {
        select.expr_as(Expr::val(if place == nth { *points } else { 0 }), *column);
    }
    select
        .from_subquery(rows.clone(), "l")
        .join_subquery(JoinType::InnerJoin, rows.clone(), "r", l(by).equals(("r", by)))
        .and_where(l("row").lt(r("row")));
    if let Some(of) = of {
        select.and_where(l("row").eq(of).or(r("row").eq(of)));
    }
    select.to_owned()
}

/// A pair as the database found it: both ids, and the points of each reason.
struct Pair<const N: usize> {
    ids: [Uuid; 2],
    points: [i32; N],
}

/// The best pairs of all that were found.
async fn best<const N: usize>(
    cx: &Cx,
    found: Vec<SelectStatement>,
    weights: &Weights<N>,
    most: u64,
) -> Result<Vec<Pair<N>>> {
    let Some(all) = found.into_iter().reduce(|mut all, one| all.union(UnionType::All, one).to_owned()) else {
        return Ok(Vec::new());
    };
    let mut grouped = Query::select();
    grouped.columns(["a", "b"]);
    for (_, column, _) in weights {
        grouped.expr_as(Expr::col(*column).max(), *column);
    }
    grouped.from_subquery(all, "pair").group_by_col("a").group_by_col("b");
    let sum = weights.iter().map(|(_, column, _)| Expr::col(("one", *column))).reduce(ExprTrait::add);
    let mut select = Query::select();
    select.columns(["a", "b"].map(|column| ("one", column)));
    for (_, column, _) in weights {
        select.column(("one", *column));
    }
    select.from_subquery(grouped, "one");
    if let Some(sum) = sum {
        select.order_by_expr(sum, Order::Desc);
    }
    select.order_by(("one", "a"), Order::Asc).order_by(("one", "b"), Order::Asc).limit(most);
    let mut pairs = Vec::new();
    for row in cx.db().query_all(&select).await? {
        let mut points = [0; N];
        for (nth, points) in points.iter_mut().enumerate() {
            *points = row.try_get_by_index(2 + nth)?;
        }
        pairs.push(Pair { ids: [row.try_get_by_index(0)?, row.try_get_by_index(1)?], points });
    }
    Ok(pairs)
}

/// The ways of a kind that the caller reads in clear: whose, and what.
fn ways(cx: &Cx, kind: ContactPointKind, owner: contact_point::Column) -> SelectStatement {
    let mut rows = cx
        .caller
        .rows::<contact_point::Entity>()
        .filter(contact_point::Column::Kind.eq(kind))
        .filter(contact_point::Column::ValueHash.is_not_null());
    rows = match owner {
        contact_point::Column::AccountId => rows.filter(contact_point::Column::ContactId.is_null()),
        owner => rows.filter(owner.is_not_null()),
    };
    let columns = vec![
        ("row", Class::P, "id", owner.into_expr()),
        ("value", Class::C, "value", contact_point::Column::ValueHash.into_expr()),
    ];
    rows.into_figures(&cx.caller, columns)
}

fn asked(first: Option<i32>, min_score: Option<i32>) -> Result<(u64, i32)> {
    let first = first.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&first) {
        return Err(Error::BadInput(format!("first is between 1 and {MAX_PAGE}, not {first}")));
    }
    let least = min_score.unwrap_or(LEAST_SCORE);
    if !(1..=MOST_SCORE).contains(&least) {
        return Err(Error::BadInput(format!("minScore is between 1 and {MOST_SCORE}, not {least}")));
    }
    Ok((first.unsigned_abs().into(), least))
}

/// How many pairs are looked at for each that is shown: what is added afterwards may change their order.
const LOOK: u64 = 3;

fn parts_of<const N: usize>(weights: &Weights<N>, pair: &Pair<N>) -> Vec<DuplicatePart> {
    let parts = weights.iter().zip(pair.points).filter(|(_, points)| *points > 0);
    parts.map(|((reason, _, _), points)| DuplicatePart { reason: *reason, points }).collect()
}

fn score(parts: &[DuplicatePart]) -> i32 {
    Ord::min(parts.iter().map(|part| part.points).sum::<i32>(), MOST_SCORE)
}

async fn contacts(
    cx: &Cx,
    of: Option<GlobalId>,
    first: Option<i32>,
    min_score: Option<i32>,
) -> Result<Vec<ContactDuplicate>> {
    let (first, least) = asked(first, min_score)?;
    let of = of.map(|of| of.expect(Kind::Contact)).transpose()?;
    let postgres = cx.store.is_postgres();
    let word = |column: contact::Column| {
        let text = Func::coalesce([column.into_expr(), Expr::val("")]);
        folded(Expr::expr(text), postgres)
    };
    let name = word(contact::Column::GivenName).binary(sea_orm::sea_query::BinOper::Custom("||"), Expr::val(" "));
    let name = name.binary(sea_orm::sea_query::BinOper::Custom("||"), word(contact::Column::FamilyName));
    let named = vec![("row", Class::P, "id", contact::Column::Id.into_expr()), ("value", Class::N, "name", name)];
    let names = cx
        .caller
        .rows::<contact::Entity>()
        .filter(contact::Column::FamilyName.is_not_null())
        .filter(contact::Column::ErasedAt.is_null())
        .into_figures(&cx.caller, named);
    let email = ways(cx, ContactPointKind::Email, contact_point::Column::ContactId);
    let phone = ways(cx, ContactPointKind::Phone, contact_point::Column::ContactId);
    let rows = [email, phone, names];
    let found = rows.iter().enumerate().map(|(nth, rows)| pairs(rows, "value", &OF_CONTACTS, nth, of));
    let found = best(cx, found.collect(), &OF_CONTACTS, first * LOOK).await?;
    let ids = found.iter().flat_map(|pair| pair.ids).collect();
    let seen = many::<contact::Entity>(cx, ids).await?;
    let mut duplicates = Vec::new();
    for pair in found {
        let [Some(one), Some(other)] = pair.ids.map(|id| seen.get(&id).cloned()) else { continue };
        let mut parts = parts_of(&OF_CONTACTS, &pair);
        let employer =
            |seen: &Seen<contact::Model>| -> Option<Uuid> { seen.read(Class::P, "account", |row| row.account_id) };
        if employer(&one).is_some() && employer(&one) == employer(&other) {
            parts.push(DuplicatePart { reason: DuplicateReason::Account, points: SAME_EMPLOYER });
        }
        let score = score(&parts);
        if score >= least {
            duplicates.push(ContactDuplicate { contact: one.into(), other: other.into(), score, parts });
        }
    }
    duplicates.sort_by_key(|pair| (-pair.score, pair.contact.0.row().id, pair.other.0.row().id));
    duplicates.truncate(usize::try_from(first).unwrap_or_default());
    Ok(duplicates)
}

async fn accounts(
    cx: &Cx,
    of: Option<GlobalId>,
    first: Option<i32>,
    min_score: Option<i32>,
) -> Result<Vec<AccountDuplicate>> {
    let (first, least) = asked(first, min_score)?;
    let of = of.map(|of| of.expect(Kind::Account)).transpose()?;
    let postgres = cx.store.is_postgres();
    let texts = |column: account::Column, field: &'static str| {
        let columns = vec![
            ("row", Class::P, "id", account::Column::Id.into_expr()),
            ("value", Class::P, field, folded(column.into_expr(), postgres)),
        ];
        cx.caller.rows::<account::Entity>().filter(column.is_not_null()).into_figures(&cx.caller, columns)
    };
    let rows = [
        texts(account::Column::Name, "name"),
        texts(account::Column::Website, "website"),
        ways(cx, ContactPointKind::Email, contact_point::Column::AccountId),
        ways(cx, ContactPointKind::Phone, contact_point::Column::AccountId),
    ];
    let found = rows.iter().enumerate().map(|(nth, rows)| pairs(rows, "value", &OF_ACCOUNTS, nth, of));
    let found = best(cx, found.collect(), &OF_ACCOUNTS, first * LOOK).await?;
    let ids = found.iter().flat_map(|pair| pair.ids).collect();
    let seen = many::<account::Entity>(cx, ids).await?;
    let mut duplicates = Vec::new();
    for pair in found {
        let [Some(one), Some(other)] = pair.ids.map(|id| seen.get(&id).cloned()) else { continue };
        let mut parts = parts_of(&OF_ACCOUNTS, &pair);
        let domains = |seen: &Seen<account::Model>| {
            let domains = seen.read(Class::P, "domains", |row| row.domains.clone());
            domains.and_then(|domains| serde_json::from_value::<Vec<String>>(domains).ok()).unwrap_or_default()
        };
        let theirs = domains(&other);
        if domains(&one).iter().any(|domain| theirs.contains(domain)) {
            parts.push(DuplicatePart { reason: DuplicateReason::Domain, points: SAME_DOMAIN });
        }
        let country = |seen: &Seen<account::Model>| -> Option<String> {
            seen.read(Class::P, "country", |row| row.country.clone())
        };
        if country(&one).is_some() && country(&one) == country(&other) {
            parts.push(DuplicatePart { reason: DuplicateReason::Country, points: SAME_COUNTRY });
        }
        let score = score(&parts);
        if score >= least {
            duplicates.push(AccountDuplicate { account: one.into(), other: other.into(), score, parts });
        }
    }
    duplicates.sort_by_key(|pair| (-pair.score, pair.account.0.row().id, pair.other.0.row().id));
    duplicates.truncate(usize::try_from(first).unwrap_or_default());
    Ok(duplicates)
}

/// Suggestions of duplicates.
#[derive(Default)]
pub struct DuplicateQuery;

#[Object]
impl DuplicateQuery {
    /// Pairs of contacts that might be one person, the likeliest first: at most `first`, which is 20 unless said. Of contacts that you see,
    /// by what you read of both in clear: the same e-mail address 60 points, name 40, phone 35, and the same employer 20 more.
    #[graphql(directive = access::apply("Contact".into(), "*".into(), false))]
    async fn duplicate_contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Pairs with this contact only.")] contact_id: Option<GlobalId>,
        #[graphql(desc = "At most so many, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With at least this score, 1 to 100; 40 unless said.")] min_score: Option<i32>,
    ) -> Result<Vec<ContactDuplicate>> {
        Box::pin(contacts(Cx::of(ctx), contact_id, first, min_score)).await
    }

    /// Pairs of accounts that might be one company, the likeliest first: at most `first`, which is 20 unless said. Of accounts that you
    /// see, by what you read of both in clear: the same name 50 points, web address, e-mail address or phone number of the company 40
    /// each, and a domain in common 40 and the same country 10 more.
    #[graphql(directive = access::apply("Account".into(), "*".into(), false))]
    async fn duplicate_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Pairs with this account only.")] account_id: Option<GlobalId>,
        #[graphql(desc = "At most so many, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With at least this score, 1 to 100; 40 unless said.")] min_score: Option<i32>,
    ) -> Result<Vec<AccountDuplicate>> {
        Box::pin(accounts(Cx::of(ctx), account_id, first, min_score)).await
    }
}
