//! What credit is given for: conversions with their milestones.

use std::collections::HashMap;

use async_graphql::Enum;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use entities::{
    codes::{LeadTouchRole, StageObject},
    marketing::{lead, lead_touch},
    sales::{opportunity, sales_order, stage, stage_interval},
};
use numbers::attribution::{Conversion, Milestone, Milestones};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryResult,
    sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::touches::Kinds;
use crate::{
    graph::{Cx, Kind, Result},
    policy::{Basis, Caller, Class, Column, Governed, Rows},
};

/// What credit is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ConversionKind {
    /// A lead came in. It has no value; shares of a conversion are the figure.
    LeadCreated,
    /// A lead qualified for marketing. It has no value.
    Mql,
    /// An opportunity was opened, worth its amount now.
    OpportunityCreated,
    /// An opportunity was won, by its last close.
    ClosedWon,
    /// An order was placed.
    Order,
}

/// Whose touches may have brought a conversion about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum BuyingGroup {
    /// One person: the lead's, the order's; a visitor whose name is not known included.
    Contact,
    /// The contacts with a part in the opportunity. Of leads and orders, their person.
    OpportunityRoles,
    /// Whoever belonged to the account when the touch happened.
    #[default]
    Account,
}

/// A conversion with the group that it belongs to.
pub struct Converted {
    /// The lead, the opportunity, the order.
    pub id: Uuid,
    /// The group.
    pub group: Option<Uuid>,
    /// What the arithmetic is given, without value and names.
    pub conversion: Conversion,
    /// The amount, in its own currency; none where it has none.
    pub amount: Option<(i64, String)>,
    /// The day by whose rate it is converted.
    pub day: Option<NaiveDate>,
    /// The campaign in the deal's own field.
    pub campaign: Option<Uuid>,
    /// Its customer.
    pub account: Option<Uuid>,
    /// Its person, where it names one.
    pub person: Option<Uuid>,
}

/// A column of an alias.
pub fn col(alias: &'static str, column: impl sea_orm::sea_query::IntoIden) -> Expr {
    Expr::col((Alias::new(alias), column.into_iden()))
}

/// A sub-select as a value.
pub fn sub(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}

/// A column of the lead that an opportunity came from.
fn of_origin(caller: &Caller, column: lead::Column) -> Expr {
    let select = Query::select()
        .expr(col("origin", column))
        .from_as(lead::Entity, Alias::new("origin"))
        .and_where(col("origin", lead::Column::TenantId).eq(caller.tenant))
        .and_where(col("origin", lead::Column::Id).equals((opportunity::Entity, opportunity::Column::LeadId)))
        .to_owned();
    sub(select)
}

/// The touch that made a lead.
fn cause(caller: &Caller, lead: Expr) -> Expr {
    let select = Query::select()
        .expr(col("made_by", lead_touch::Column::TouchpointId))
        .from_as(lead_touch::Entity, Alias::new("made_by"))
        .and_where(col("made_by", lead_touch::Column::TenantId).eq(caller.tenant))
        .and_where(col("made_by", lead_touch::Column::LeadId).eq(lead))
        .and_where(col("made_by", lead_touch::Column::Role).eq(LeadTouchRole::Created))
        .limit(1)
        .to_owned();
    sub(select)
}

fn won(caller: &Caller) -> Expr {
    let select = Query::select()
        .expr(Expr::val(1))
        .from_as(stage::Entity, Alias::new("at_stage"))
        .and_where(col("at_stage", stage::Column::TenantId).eq(caller.tenant))
        .and_where(
            col("at_stage", stage::Column::PipelineId).equals((opportunity::Entity, opportunity::Column::PipelineId)),
        )
        .and_where(col("at_stage", stage::Column::Code).equals((opportunity::Entity, opportunity::Column::Stage)))
        .and_where(col("at_stage", stage::Column::IsWon).eq(true))
        .to_owned();
    Expr::exists(select)
}

fn closed_at(caller: &Caller) -> Expr {
    let stay = |column: stage_interval::Column| col("stay", column);
    let select = Query::select()
        .expr(stay(stage_interval::Column::EnteredAt))
        .from_as(stage_interval::Entity, Alias::new("stay"))
        .and_where(stay(stage_interval::Column::TenantId).eq(caller.tenant))
        .and_where(stay(stage_interval::Column::ObjectType).eq(StageObject::Opportunity))
        .and_where(stay(stage_interval::Column::ObjectId).equals((opportunity::Entity, opportunity::Column::Id)))
        .and_where(stay(stage_interval::Column::ExitedAt).is_null())
        .order_by((Alias::new("stay"), stage_interval::Column::EnteredAt), Order::Desc)
        .limit(1)
        .to_owned();
    sub(select)
}

/// The opportunities that came into the stage in which they are in a period.
fn entered_within(caller: &Caller, from: DateTime<Utc>, to: DateTime<Utc>) -> SelectStatement {
    use stage_interval::Column as S;
    Query::select()
        .column(S::ObjectId)
        .from(stage_interval::Entity)
        .and_where(S::TenantId.eq(caller.tenant))
        .and_where(S::ObjectType.eq(StageObject::Opportunity))
        .and_where(S::EnteredAt.gte(from))
        .and_where(S::EnteredAt.lt(to))
        .and_where(S::ExitedAt.is_null())
        .to_owned()
}

/// Of which conversions, in which period.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What credit is given for.
    pub kind: ConversionKind,
    /// Whose touches count.
    pub group: BuyingGroup,
    /// Which touches are eligible by their kind.
    pub kinds: Kinds,
    /// The period's first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// How far back touches count.
    pub lookback: Duration,
    /// The moment at which it is asked: consent is judged as it stands then.
    pub now: DateTime<Utc>,
    /// Only conversions that this caller reaches itself, where they are handed out one by one.
    pub reach: Option<Caller>,
}

impl Wanted {
    /// Only the conversions that whoever is handed their rows reaches itself.
    fn reached<E: Governed>(&self, rows: Rows<E>) -> Rows<E> {
        match &self.reach {
            None => rows,
            Some(reach) => rows.filter(E::ID.in_subquery(reach.rows::<E>().into_ids())),
        }
    }

    /// The conversions of the kind as one sub-select. The period stands here on bare columns, where an index may serve, and once more
    /// outside, on what the caller reads.
    fn rows(&self, caller: &Caller) -> SelectStatement {
        let Wanted { kind, from, to, .. } = *self;
        match kind {
            ConversionKind::LeadCreated | ConversionKind::Mql => {
                use lead::Column as C;
                let person =
                    Expr::case(C::ContactId.is_not_null(), C::ContactId.into_expr()).finally(C::VisitorId.into_expr());
                let at = if kind == ConversionKind::Mql { C::MqlAt } else { C::CreatedAt };
                let columns: Vec<Column> = vec![
                    ("id", Class::P, "id", C::Id.into_expr()),
                    ("account", Class::P, "account", C::AccountId.into_expr()),
                    ("person", Class::P, "contact", person.into()),
                    ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
                    ("at", Class::P, "createdAt", at.into_expr()),
                    ("lead_at", Class::P, "createdAt", C::CreatedAt.into_expr()),
                    ("cause", Class::P, "id", cause(caller, C::Id.into_expr())),
                ];
                let rows = self.reached(caller.rows::<lead::Entity>()).filter(at.gte(from)).filter(at.lt(to));
                rows.into_figures(caller, columns)
            }
            ConversionKind::OpportunityCreated | ConversionKind::ClosedWon => {
                use opportunity::Column as C;
                let is_won = kind == ConversionKind::ClosedWon;
                let contact = of_origin(caller, lead::Column::ContactId);
                let columns: Vec<Column> = vec![
                    ("id", Class::P, "id", C::Id.into_expr()),
                    ("account", Class::P, "account", C::AccountId.into_expr()),
                    ("person", Class::P, "lead", contact),
                    ("campaign", Class::P, "primaryCampaign", C::PrimaryCampaignId.into_expr()),
                    ("at", Class::P, "stage", if is_won { closed_at(caller) } else { C::CreatedAt.into_expr() }),
                    ("lead_at", Class::P, "lead", of_origin(caller, lead::Column::CreatedAt)),
                    ("cause", Class::P, "lead", cause(caller, C::LeadId.into_expr())),
                    ("opened_at", Class::P, "createdAt", C::CreatedAt.into_expr()),
                    ("minor", Class::M, "amount", C::AmountMinor.into_expr()),
                    ("currency", Class::M, "amount", C::Currency.into_expr()),
                    ("day", Class::P, "closeDate", C::CloseDate.into_expr()),
                ];
                let rows = self.reached(caller.rows::<opportunity::Entity>());
                let rows = match is_won {
                    true => rows.filter(won(caller)).filter(C::Id.in_subquery(entered_within(caller, from, to))),
                    false => rows.filter(C::CreatedAt.gte(from)).filter(C::CreatedAt.lt(to)),
                };
                rows.into_figures(caller, columns)
            }
            ConversionKind::Order => {
                use sales_order::Column as C;
                let person =
                    Expr::case(C::ContactId.is_not_null(), C::ContactId.into_expr()).finally(C::VisitorId.into_expr());
                let columns: Vec<Column> = vec![
                    ("id", Class::P, "id", C::Id.into_expr()),
                    ("account", Class::P, "account", C::AccountId.into_expr()),
                    ("person", Class::P, "contact", person.into()),
                    ("at", Class::P, "orderedAt", C::OrderedAt.into_expr()),
                    ("minor", Class::M, "total", C::TotalMinor.into_expr()),
                    ("currency", Class::M, "total", C::Currency.into_expr()),
                ];
                let rows = self.reached(caller.rows::<sales_order::Entity>()).filter(C::Status.ne("CANCELLED"));
                rows.filter(C::OrderedAt.gte(from)).filter(C::OrderedAt.lt(to)).into_figures(caller, columns)
            }
        }
    }

    /// The conversions of the period, with the group of each.
    pub fn select(&self, caller: &Caller) -> SelectStatement {
        let v = |column: &'static str| Expr::col(("v", column));
        let group = match self.group {
            BuyingGroup::Account => v("account"),
            BuyingGroup::OpportunityRoles if self.kind.is_deal() => v("id"),
            BuyingGroup::Contact | BuyingGroup::OpportunityRoles => v("person"),
        };
        Query::select()
            .column(("v", sea_orm::sea_query::Asterisk))
            .expr_as(group, "grp")
            .from_subquery(self.rows(caller), "v")
            .and_where(v("at").gte(self.from))
            .and_where(v("at").lt(self.to))
            .to_owned()
    }

    /// The conversions, by group.
    pub async fn conversions(&self, cx: &Cx, basis: &Basis) -> Result<HashMap<Option<Uuid>, Vec<Converted>>> {
        let mut groups: HashMap<Option<Uuid>, Vec<Converted>> = HashMap::new();
        for row in cx.db().query_all(&self.select(&basis.caller)).await? {
            let found = converted(&row, self.kind)?;
            groups.entry(found.group).or_default().push(found);
        }
        Ok(groups)
    }

    /// The next conversions in the order of their ids.
    pub async fn page(&self, cx: &Cx, basis: &Basis, after: Option<Uuid>, limit: u64) -> Result<Vec<Converted>> {
        let mut select = self.select(&basis.caller);
        if let Some(after) = after {
            select.and_where(Expr::col(("v", "id")).gt(after));
        }
        select.order_by(("v", "id"), Order::Asc).limit(limit);
        let rows = cx.db().query_all(&select).await?;
        rows.iter().map(|row| converted(row, self.kind)).collect()
    }
}

impl ConversionKind {
    /// Every kind, by its code.
    pub const ALL: [ConversionKind; 5] = [
        ConversionKind::ClosedWon,
        ConversionKind::LeadCreated,
        ConversionKind::Mql,
        ConversionKind::OpportunityCreated,
        ConversionKind::Order,
    ];

    /// Whether an opportunity converts.
    pub fn is_deal(self) -> bool {
        matches!(self, ConversionKind::OpportunityCreated | ConversionKind::ClosedWon)
    }

    /// What converts.
    pub fn object(self) -> Kind {
        match self {
            ConversionKind::LeadCreated | ConversionKind::Mql => Kind::Lead,
            ConversionKind::OpportunityCreated | ConversionKind::ClosedWon => Kind::Opportunity,
            ConversionKind::Order => Kind::Order,
        }
    }
}

/// A moment as the arithmetic counts it.
pub fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn converted(row: &QueryResult, kind: ConversionKind) -> Result<Converted> {
    let at: DateTime<Utc> = row.try_get("", "at")?;
    let moment = |column: &str| -> Result<Option<DateTime<Utc>>> { Ok(row.try_get("", column)?) };
    let is_of_lead = kind != ConversionKind::Order;
    let lead_at = if is_of_lead { moment("lead_at")? } else { None };
    let cause: Option<Uuid> = if is_of_lead { row.try_get("", "cause")? } else { None };
    let opened_at = if kind.is_deal() { moment("opened_at")? } else { None };
    let has_amount = kind.is_deal() || kind == ConversionKind::Order;
    let amount = match has_amount {
        true => row.try_get::<Option<i64>>("", "minor")?.zip(row.try_get::<Option<String>>("", "currency")?),
        false => None,
    };
    let milestone =
        |at: DateTime<Utc>, cause: Option<Uuid>| Milestone { at: micros(at), cause: cause.map(|id| id.as_u128()) };
    let milestones = Milestones {
        lead: lead_at.map(|at| milestone(at, cause)),
        opportunity: opened_at.map(|at| milestone(at, None)),
        close: (kind == ConversionKind::ClosedWon).then(|| milestone(at, None)),
    };
    Ok(Converted {
        id: row.try_get("", "id")?,
        group: row.try_get("", "grp")?,
        conversion: Conversion { at: micros(at), milestones, ..Conversion::default() },
        amount,
        day: if kind.is_deal() { row.try_get("", "day")? } else { Some(at.date_naive()) },
        campaign: if is_of_lead { row.try_get("", "campaign")? } else { None },
        account: row.try_get("", "account")?,
        person: row.try_get("", "person")?,
    })
}
