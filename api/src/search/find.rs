//! Finding: one statement a type, over the pieces that the caller may read in clear, then the rows themselves.

use std::{collections::HashMap, future::Future};

use async_graphql::{Context, Object, SimpleObject, Union};
use entities::{
    account::{account, contact, contact_point},
    codes::{SearchEntity, SearchField},
    journey::search_token,
    sales::opportunity,
    service::ticket,
};
use futures::future::try_join_all;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait,
    sea_query::{Alias, Expr, ExprTrait, Func, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::words::{phone_pieces, pieces};
use crate::{
    account::{Account, Contact},
    graph::{Cx, DEFAULT_PAGE, Error, Result, one},
    policy::{Class, Governed, access},
    sales::Opportunity,
    service::Ticket,
};

/// The most hits of one search.
const MAX_HITS: i32 = 50;
/// The longest text that can be looked for, in characters.
const MAX_TEXT: usize = 200;
/// The share of the pieces asked for that must be found, in percent: two typos in a short word are one too many.
const LEAST_SHARE: i64 = 50;

/// A record that a search finds.
#[derive(Clone, Union)]
#[graphql(name = "SearchNode")]
pub enum Node {
    Account(Account),
    Contact(Contact),
    Opportunity(Opportunity),
    Ticket(Ticket),
}

/// One find.
#[derive(Clone, SimpleObject)]
pub struct SearchHit {
    /// How like it is, above 0 to 1: seven parts how much of the text was found, three parts how much of the field that is.
    pub score: f64,
    /// The field that matched best. Only fields that you read in clear on this record are looked at.
    pub matched_field: SearchField,
    /// What was found.
    pub node: Node,
}

#[derive(Clone, Debug)]
struct Hit {
    entity: SearchEntity,
    field: SearchField,
    row: Uuid,
    score: f64,
}

/// Looks for a text.
async fn search(cx: &Cx, text: &str, types: Option<Vec<SearchEntity>>, first: i32) -> Result<Vec<SearchHit>> {
    if !(1..=MAX_HITS).contains(&first) {
        return Err(Error::BadInput(format!("first is between 1 and {MAX_HITS}, not {first}")));
    }
    if !(2..=MAX_TEXT).contains(&text.trim().chars().count()) {
        return Err(Error::BadInput(format!("text has 2 to {MAX_TEXT} characters")));
    }
    let wanted = |entity| types.as_ref().is_none_or(|types| types.contains(&entity));
    let asked = Asked { words: pieces(text).into_iter().collect(), digits: phone_pieces(text).into_iter().collect() };
    let mut hits: Vec<Hit> = Vec::new();
    for entity in SearchEntity::ALL.iter().copied().filter(|entity| wanted(*entity)) {
        hits.extend(asked.of(cx, entity).await?);
    }
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
    let mut best: HashMap<Uuid, ()> = HashMap::new();
    hits.retain(|hit| best.insert(hit.row, ()).is_none());
    hits.truncate(usize::try_from(first).unwrap_or_default());
    let found = try_join_all(hits.into_iter().map(|hit| async move {
        let node = match hit.entity {
            SearchEntity::Account => one::<account::Entity, Account>(cx, hit.row).await?.map(Node::Account),
            SearchEntity::Contact => one::<contact::Entity, Contact>(cx, hit.row).await?.map(Node::Contact),
            SearchEntity::Opportunity => {
                one::<opportunity::Entity, Opportunity>(cx, hit.row).await?.map(Node::Opportunity)
            }
            SearchEntity::Ticket => one::<ticket::Entity, Ticket>(cx, hit.row).await?.map(Node::Ticket),
        };
        Ok::<_, Error>(node.map(|node| SearchHit { score: hit.score, matched_field: hit.field, node }))
    }));
    Ok(found.await?.into_iter().flatten().collect())
}

/// What is looked for.
struct Asked {
    words: Vec<String>,
    digits: Vec<String>,
}

impl Asked {
    /// The records of one type: at most as many as a search shows, the likest first.
    fn of<'a>(&'a self, cx: &'a Cx, entity: SearchEntity) -> impl Future<Output = Result<Vec<Hit>>> + Send + 'a {
        let reached = match entity {
            SearchEntity::Account => Condition::all().add(ids::<account::Entity>(cx)).add(
                Condition::any()
                    .add(field::<account::Entity>(cx, SearchField::Name, Class::P, "name"))
                    .add(field::<account::Entity>(cx, SearchField::LegalName, Class::P, "legal_name"))
                    .add(field::<account::Entity>(cx, SearchField::Domain, Class::P, "domains"))
                    .add(points(cx)),
            ),
            SearchEntity::Contact => Condition::all().add(ids::<contact::Entity>(cx)).add(
                Condition::any().add(field::<contact::Entity>(cx, SearchField::Name, Class::N, "name")).add(points(cx)),
            ),
            SearchEntity::Opportunity => {
                Condition::all().add(ids::<opportunity::Entity>(cx)).add(field::<opportunity::Entity>(
                    cx,
                    SearchField::Name,
                    Class::P,
                    "name",
                ))
            }
            SearchEntity::Ticket => Condition::all().add(ids::<ticket::Entity>(cx)).add(
                Condition::any()
                    .add(field::<ticket::Entity>(cx, SearchField::Subject, Class::T, "subject"))
                    .add(field::<ticket::Entity>(cx, SearchField::Number, Class::P, "number")),
            ),
        };
        self.read(cx, entity, reached)
    }

    async fn read(&self, cx: &Cx, entity: SearchEntity, reached: Condition) -> Result<Vec<Hit>> {
        use search_token::Column;
        let phone = Column::Field.eq(SearchField::Phone);
        let mut asked = Condition::any();
        if !self.words.is_empty() {
            asked = asked.add(phone.clone().not().and(Column::Token.is_in(self.words.iter().map(String::as_str))));
        }
        if !self.digits.is_empty() {
            asked = asked.add(phone.clone().and(Column::Token.is_in(self.digits.iter().map(String::as_str))));
        }
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let count = || Expr::from(Func::count(Expr::col(Column::Token)));
        let of = |pieces: &Vec<String>| i64::try_from(pieces.len()).unwrap_or(i64::MAX);
        let all: Expr = Expr::case(phone.clone(), of(&self.digits)).finally(of(&self.words)).into();
        let select: SelectStatement = Query::select()
            .columns([Column::Field, Column::RowId, Column::Size])
            .expr_as(count(), Alias::new("found"))
            .from(search_token::Entity)
            .and_where(Column::TenantId.eq(cx.caller.tenant))
            .and_where(Column::Entity.eq(entity))
            .cond_where(asked)
            .cond_where(reached)
            .group_by_columns([Column::Field, Column::RowId, Column::SourceId, Column::Size])
            .and_having(count().mul(100).gte(all.mul(LEAST_SHARE)))
            .order_by_expr(Expr::col(Alias::new("found")), Order::Desc)
            .order_by(Column::Size, Order::Asc)
            .order_by(Column::RowId, Order::Asc)
            .limit(MAX_HITS.unsigned_abs().into())
            .to_owned();
        let rows = cx.db().query_all(&select).await?;
        let mut hits = Vec::with_capacity(rows.len());
        for row in rows {
            let (found, size): (i64, i32) = (row.try_get("", "found")?, row.try_get("", "size")?);
            let field: SearchField = row.try_get("", "field")?;
            let asked = of(if field == SearchField::Phone { &self.digits } else { &self.words });
            let share = |of: i64| found as f64 / Ord::max(of, 1) as f64;
            let score = ((0.7 * share(asked) + 0.3 * share(size.into()).min(1.0)) * 1000.0).round() / 1000.0;
            hits.push(Hit { entity, field, row: row.try_get("", "row_id")?, score });
        }
        Ok(hits)
    }
}

/// The records that the caller reaches.
fn ids<E: Governed>(cx: &Cx) -> Expr {
    search_token::Column::RowId.into_expr().in_subquery(cx.caller.rows::<E>().into_ids())
}

/// The pieces of one field, of those records on which the caller reads it in clear.
fn field<E: Governed>(cx: &Cx, field: SearchField, class: Class, name: &str) -> Expr {
    let of_field = search_token::Column::Field.eq(field);
    match cx.caller.clear::<E>(E::TYPE, class, name) {
        None => of_field,
        Some(clear) => {
            let rows = cx.caller.rows::<E>().filter(clear).into_ids();
            of_field.and(search_token::Column::RowId.into_expr().in_subquery(rows))
        }
    }
}

/// Mails and phones: a point has its own row, and its own rights.
fn points(cx: &Cx) -> Expr {
    let mut points = cx.caller.rows::<contact_point::Entity>();
    if let Some(clear) = cx.caller.clear::<contact_point::Entity>(contact_point::Entity::TYPE, Class::C, "value") {
        points = points.filter(clear);
    }
    let of_point = search_token::Column::Field.is_in([SearchField::Mail, SearchField::Phone]);
    of_point.and(search_token::Column::SourceId.into_expr().in_subquery(points.into_ids()))
}

/// Finding by words.
#[derive(Default)]
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Accounts, contacts, opportunities and tickets by name, domain, mail, phone, subject or number; the likest first,
    /// at most 50. A typo is forgiven, accents and case do not matter. Nothing is found by what you may not read in clear.
    #[graphql(
        directive = access::apply("Account".into(), "*".into(), false))]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to look for, 2 to 200 characters.")] text: String,
        #[graphql(desc = "Of these types only; all if absent.")] types: Option<Vec<SearchEntity>>,
        #[graphql(desc = "The likest n, 1 to 50; 20 unless said.")] first: Option<i32>,
    ) -> Result<Vec<SearchHit>> {
        search(Cx::of(ctx), &text, types, first.unwrap_or(DEFAULT_PAGE)).await
    }
}
