//! What credit is given for, and who may have brought it about: conversions with their milestones, and the touches of their buying
//! groups as one stream, group by group. No path is held longer than its group.

use std::collections::HashMap;

use async_graphql::Enum;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use entities::{
    codes::{Interaction, LeadTouchRole, StageObject},
    marketing::{channel, lead, lead_touch, touchpoint},
    sales::{opportunity, opportunity_contact, sales_order, stage, stage_interval},
};
use futures::TryStreamExt;
use numbers::attribution::{Conversion, Milestone, Milestones, Touch};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryResult, StreamTrait,
    sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    graph::{Cx, Result},
    policy::{Basis, Caller, Class, Column},
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

/// The touches of which nobody says that the market took part in them.
const NO_TOUCHES: [Interaction; 3] =
    [Interaction::EmailSent, Interaction::EmailBounced, Interaction::EmailUnsubscribed];

fn col(alias: &'static str, column: impl sea_orm::sea_query::IntoIden) -> Expr {
    Expr::col((Alias::new(alias), column.into_iden()))
}

fn sub(select: SelectStatement) -> Expr {
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

/// The conversions of a kind as one sub-select `v`, whenever they happened.
fn select(caller: &Caller, kind: ConversionKind) -> SelectStatement {
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
            caller.rows::<lead::Entity>().into_figures(caller, columns)
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
            let rows = caller.rows::<opportunity::Entity>();
            let rows = if is_won { rows.filter(won(caller)) } else { rows };
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
            caller.rows::<sales_order::Entity>().filter(C::Status.ne("CANCELLED")).into_figures(caller, columns)
        }
    }
}

impl ConversionKind {
    fn is_deal(self) -> bool {
        matches!(self, ConversionKind::OpportunityCreated | ConversionKind::ClosedWon)
    }
}

/// Of which conversions, in which period.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// What credit is given for.
    pub kind: ConversionKind,
    /// Whose touches count.
    pub group: BuyingGroup,
    /// The period's first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// How far back touches count.
    pub lookback: Duration,
}

impl Wanted {
    /// The conversions of the period, with the group of each.
    fn select(&self, caller: &Caller) -> SelectStatement {
        let v = |column: &'static str| Expr::col(("v", column));
        let group = match self.group {
            BuyingGroup::Account => v("account"),
            BuyingGroup::OpportunityRoles if self.kind.is_deal() => v("id"),
            BuyingGroup::Contact | BuyingGroup::OpportunityRoles => v("person"),
        };
        Query::select()
            .column(("v", sea_orm::sea_query::Asterisk))
            .expr_as(group, "grp")
            .from_subquery(select(caller, self.kind), "v")
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

    /// The touches of the groups that converted, or of all groups, ordered by group.
    fn touches(&self, caller: &Caller, of_all: bool) -> SelectStatement {
        use touchpoint::Column as C;
        let person = Expr::case(C::ContactId.is_not_null(), C::ContactId.into_expr()).finally(C::VisitorId.into_expr());
        let columns: Vec<Column> = vec![
            ("id", Class::P, "id", C::Id.into_expr()),
            ("account", Class::P, "account", C::AccountId.into_expr()),
            ("contact", Class::P, "contact", C::ContactId.into_expr()),
            ("person", Class::P, "contact", person.into()),
            ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
            ("channel", Class::P, "channel", C::ChannelId.into_expr()),
            ("at", Class::P, "occurredAt", C::OccurredAt.into_expr()),
        ];
        let rows = caller
            .rows::<touchpoint::Entity>()
            .filter(C::OccurredAt.gt(self.from - self.lookback))
            .filter(C::OccurredAt.lt(self.to))
            .filter(C::Interaction.is_not_in(NO_TOUCHES));
        let t = |column: &'static str| Expr::col(("t", column));
        let mut select = Query::select();
        select.column(("t", sea_orm::sea_query::Asterisk)).from_subquery(rows.into_figures(caller, columns), "t");
        let group = match self.group {
            BuyingGroup::Account => t("account"),
            BuyingGroup::OpportunityRoles if self.kind.is_deal() => {
                use opportunity_contact::Column as R;
                let roles: Vec<Column> = vec![
                    ("deal", Class::P, "opportunity", R::OpportunityId.into_expr()),
                    ("contact", Class::P, "contact", R::ContactId.into_expr()),
                ];
                let roles = caller.rows::<opportunity_contact::Entity>().into_figures(caller, roles);
                let joined = Expr::col(("p", "contact")).equals(("t", "contact"));
                select.join_subquery(JoinType::InnerJoin, roles, "p", joined);
                Expr::col(("p", "deal"))
            }
            BuyingGroup::Contact | BuyingGroup::OpportunityRoles => t("person"),
        };
        select.expr_as(group.clone(), "grp");
        match of_all {
            true => select.and_where(group.is_not_null()),
            false => {
                let groups = Query::select()
                    .column(("c", "grp"))
                    .from_subquery(self.select(caller), "c")
                    .and_where(Expr::col(("c", "grp")).is_not_null())
                    .to_owned();
                select.and_where(group.in_subquery(groups))
            }
        };
        select.order_by("grp", Order::Asc).to_owned()
    }

    /// Hands over the touches group by group. `of_all`: those of groups that did not convert, too.
    pub async fn each_group(
        &self,
        cx: &Cx,
        basis: &Basis,
        of_all: bool,
        names: &mut Names,
        mut group: impl FnMut(Uuid, &[Touch]),
    ) -> Result<()> {
        let db = cx.store.db();
        let _busy = cx.busy();
        let statement = db.get_database_backend().build(&self.touches(&basis.caller, of_all));
        let mut lines = db.stream_raw(statement).await?;
        let (mut of, mut touches): (Option<Uuid>, Vec<Touch>) = (None, Vec::new());
        while let Some(line) = lines.try_next().await? {
            let next: Uuid = line.try_get("", "grp")?;
            if of != Some(next) {
                if let Some(of) = of {
                    group(of, &touches);
                }
                touches.clear();
                of = Some(next);
            }
            touches.push(names.touch(&line)?);
        }
        if let Some(of) = of {
            group(of, &touches);
        }
        Ok(())
    }
}

fn micros(at: DateTime<Utc>) -> i64 {
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
        group: row.try_get("", "grp")?,
        conversion: Conversion { at: micros(at), milestones, ..Conversion::default() },
        amount,
        day: if kind.is_deal() { row.try_get("", "day")? } else { Some(at.date_naive()) },
        campaign: if is_of_lead { row.try_get("", "campaign")? } else { None },
        account: row.try_get("", "account")?,
        person: row.try_get("", "person")?,
    })
}

/// The numbers that the arithmetic knows channels, campaigns and persons by. A touch without a channel has the last number.
#[derive(Default)]
pub struct Names {
    channels: Vec<Uuid>,
    campaigns: Vec<Uuid>,
    places: HashMap<Uuid, u32>,
    direct: std::collections::HashSet<Uuid>,
    persons: HashMap<Uuid, u32>,
    /// Whether persons are told apart: only where small groups have to be found.
    pub count_persons: bool,
}

/// The number of "no channel".
pub const NO_CHANNEL: u32 = u32::MAX;

fn place(places: &mut HashMap<Uuid, u32>, list: &mut Vec<Uuid>, id: Uuid) -> u32 {
    *places.entry(id).or_insert_with(|| {
        list.push(id);
        u32::try_from(list.len() - 1).unwrap_or(NO_CHANNEL - 1)
    })
}

impl Names {
    /// Knows which channels are DIRECT.
    pub async fn of(cx: &Cx, basis: &Basis) -> Result<Names> {
        let channels = basis.caller.rows_even_deleted::<channel::Entity>().filter(channel::Column::IsDirect.eq(true));
        let direct = channels.all(&cx.db()).await?.iter().map(|seen| seen.row().id).collect();
        Ok(Names { direct, count_persons: basis.grouped, ..Names::default() })
    }

    /// The number of a campaign.
    pub fn campaign(&mut self, id: Uuid) -> u32 {
        place(&mut self.places, &mut self.campaigns, id)
    }

    /// The number of a channel.
    pub fn channel(&mut self, id: Uuid) -> u32 {
        place(&mut self.places, &mut self.channels, id)
    }

    /// The channel of a number.
    pub fn channel_of(&self, place: u32) -> Option<Uuid> {
        self.channels.get(usize::try_from(place).ok()?).copied()
    }

    /// The campaign of a number.
    pub fn campaign_of(&self, place: u32) -> Option<Uuid> {
        self.campaigns.get(usize::try_from(place).ok()?).copied()
    }

    fn touch(&mut self, line: &QueryResult) -> Result<Touch> {
        let at: DateTime<Utc> = line.try_get("", "at")?;
        let id: Uuid = line.try_get("", "id")?;
        let channel: Option<Uuid> = line.try_get("", "channel")?;
        let campaign: Option<Uuid> = line.try_get("", "campaign")?;
        let person = match self.count_persons {
            false => 0,
            true => self.person(line)?,
        };
        Ok(Touch {
            at: micros(at),
            // One source: the id is a UUID v7 of when the row was written, so that it keeps the source's own order.
            source_rank: 0,
            source_seq: 0,
            id: id.as_u128(),
            channel: channel.map_or(NO_CHANNEL, |id| place(&mut self.places, &mut self.channels, id)),
            campaign: campaign.map(|id| place(&mut self.places, &mut self.campaigns, id)),
            direct: channel.is_some_and(|id| self.direct.contains(&id)),
            person,
        })
    }

    /// The number of a contact.
    pub fn contact(&mut self, id: Uuid) -> u32 {
        let next = u32::try_from(self.persons.len()).unwrap_or(u32::MAX - 1);
        *self.persons.entry(id).or_insert(next)
    }

    fn person(&mut self, line: &QueryResult) -> Result<u32> {
        // A visitor without a name is no contact: it makes no group larger.
        Ok(line.try_get::<Option<Uuid>>("", "contact")?.map_or(u32::MAX, |contact| self.contact(contact)))
    }
}
