//! Account health (A17): 0 to 100, made of weighted parts that are shown with what they stand on. The weights are the tenant's, a revised
//! definition of kind HEALTH; all alike where there is none. It is the same for whoever reads it, and lists only what its reader may read.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use entities::{
    account::account,
    codes::{ContractStatus, DefinitionKind, SurveyKind, TicketPriority, TicketStatus},
    marketing::touchpoint,
    sales::{contract, opportunity, opportunity_contact, task},
    service::{sla_clock, survey_answer, ticket},
    tenant::definition,
};
use numbers::{
    health::{
        Breadth, Engagement, Inputs, Kind as PartKind, NextSteps, Renewal, Satisfaction, Service, Weights, health,
    },
    stats::Ratio as Parts,
};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait, Order},
};
use uuid::Uuid;

use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result},
    policy::{Caller, Governed, Rows, table},
};

/// A part of an account's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "numbers::health::Kind")]
pub enum HealthPartKind {
    /// Touches of the last 30 days against those of the 90 days before.
    Engagement,
    /// Open tickets of high priority, and promises that broke in the last 90 days.
    Service,
    /// What they said in surveys of the last 365 days.
    Satisfaction,
    /// Days until the contract ends.
    Renewal,
    /// Different roles in open opportunities.
    Breadth,
    /// Tasks that are overdue.
    NextSteps,
}

/// A part of an account's health, with what it stands on.
#[derive(Clone, Debug, SimpleObject)]
pub struct HealthPart {
    /// Which part.
    pub kind: HealthPartKind,
    /// 0 to 100; null where nothing is known: its weight goes to the others.
    pub score: Option<f64>,
    /// Its weight among all, 0 to 1.
    pub weight: f64,
    /// What it contributes by, once the weights of unknown parts are shared out: health is the sum of share × score.
    pub share: f64,
    /// The numbers that the score is made of, in words; null where you do not see all the rows behind them.
    pub basis: Option<String>,
    /// The rows behind it that you may read yourself, newest first, at most 20.
    pub sources: Vec<GlobalId>,
}

/// The health of an account.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountHealth {
    /// 0 to 100; null where nothing is known.
    pub score: Option<f64>,
    /// The share of the weights whose parts are known, 0 to 1.
    pub confidence: f64,
    /// The parts. 6. At most 6.
    pub parts: Vec<HealthPart>,
    /// Name and version of the definition, and the revision of the tenant's weights: `HEALTH@1/weights@0` where they are all alike.
    pub definition: String,
    /// When it was judged.
    pub as_of: DateTime<Utc>,
}

/// The weights that hold, and their revision.
async fn weights(cx: &Cx, house: &Caller, now: DateTime<Utc>) -> Result<(Weights, i64)> {
    let held = house
        .rows::<definition::Entity>()
        .filter(definition::Column::Kind.eq(DefinitionKind::Health))
        .filter(definition::Column::ValidFrom.lte(now))
        .filter(Condition::any().add(definition::Column::ValidTo.is_null()).add(definition::Column::ValidTo.gt(now)))
        .order_by(definition::Column::ValidFrom, Order::Desc);
    let Some(seen) = held.one(&cx.db()).await? else { return Ok((Weights::default(), 0)) };
    let row = seen.row();
    // A weight that is not named, or is no number, weighs nothing; a negative one neither.
    let weight = |name: &str| row.body[name].as_f64().filter(|weight| weight.is_finite()).unwrap_or(0.0).max(0.0);
    let weights = Weights {
        engagement: weight("engagement"),
        service: weight("service"),
        satisfaction: weight("satisfaction"),
        renewal: weight("renewal"),
        breadth: weight("breadth"),
        next_steps: weight("nextSteps"),
    };
    Ok((weights, row.revision))
}

/// How many rows there are, and which of them the caller reads itself.
async fn sources<E: Governed>(
    cx: &Cx,
    house: &Caller,
    kind: Kind,
    newest: E::Column,
    narrow: impl Fn(Rows<E>) -> Rows<E>,
) -> Result<Sources> {
    let n = narrow(house.rows::<E>()).count(&cx.db()).await?;
    let own = narrow(cx.caller.rows::<E>()).count(&cx.db()).await?;
    let seen = narrow(cx.caller.rows::<E>()).order_by(newest, Order::Desc).limit(20).all(&cx.db()).await?;
    let rows = seen.iter().map(|seen| GlobalId::new(kind, E::id(seen.row()))).collect();
    Ok(Sources { n, rows, all: n == own && reads::<E>(&cx.caller) })
}

/// Whether a caller reads the type of some rows at all: none that it sees of none that there are tells it something.
fn reads<E: Governed>(caller: &Caller) -> bool {
    table::most(E::TYPE, caller.into()).reads()
}

/// What a part stands on.
struct Sources {
    /// How many rows.
    n: u64,
    /// Those that the caller reads itself.
    rows: Vec<GlobalId>,
    /// Whether these are all.
    all: bool,
}

impl Sources {
    fn and(mut self, other: Sources) -> Sources {
        self.rows.extend(other.rows);
        self.rows.truncate(20);
        self.all &= other.all;
        self
    }
}

/// The health of an account that the caller reads.
pub async fn of(cx: &Cx, id: GlobalId) -> Result<AccountHealth> {
    let id: Uuid = id.expect(Kind::Account)?;
    let seen = cx.caller.rows::<account::Entity>().by_id(id).one(&cx.db()).await?.ok_or(Error::NotFound)?;
    let house = cx.caller.for_derived(seen.rights(), "health").ok_or(Error::NotFound)?;
    let now = cx.caller.now();
    let ago = |days: i64| now - Duration::days(days);

    let of_account = |column: Expr| column.eq(id);
    let touches = |from: DateTime<Utc>, to: DateTime<Utc>| {
        move |rows: Rows<touchpoint::Entity>| {
            rows.filter(of_account(touchpoint::Column::AccountId.into_expr()))
                .filter(touchpoint::Column::OccurredAt.gt(from))
                .filter(touchpoint::Column::OccurredAt.lte(to))
        }
    };
    let newest = touchpoint::Column::OccurredAt;
    let recent = sources(cx, &house, Kind::Touchpoint, newest, touches(ago(30), now)).await?;
    let before = sources(cx, &house, Kind::Touchpoint, newest, touches(ago(120), ago(30))).await?;

    let urgent = |rows: Rows<ticket::Entity>| {
        rows.filter(of_account(ticket::Column::AccountId.into_expr()))
            .filter(ticket::Column::Priority.is_in([TicketPriority::High, TicketPriority::Urgent]))
            .filter(ticket::Column::Status.is_not_in([TicketStatus::Solved, TicketStatus::Closed]))
    };
    let tickets = sources(cx, &house, Kind::Ticket, ticket::Column::CreatedAt, urgent).await?;
    let broken = |rows: Rows<sla_clock::Entity>| {
        rows.filter(of_account(sla_clock::Column::AccountId.into_expr()))
            .filter(sla_clock::Column::BreachedAt.gt(ago(90)))
    };
    let breaches = sources(cx, &house, Kind::SlaClock, sla_clock::Column::BreachedAt, broken).await?;

    let said = |kind: SurveyKind, scale: i32| {
        move |rows: Rows<survey_answer::Entity>| {
            rows.filter(of_account(survey_answer::Column::AccountId.into_expr()))
                .filter(survey_answer::Column::Kind.eq(kind))
                .filter(survey_answer::Column::Scale.eq(scale))
                .filter(survey_answer::Column::AnsweredAt.gt(ago(365)))
        }
    };
    let scores = async |kind: SurveyKind, scale: i32| -> Result<Vec<i32>> {
        let rows = said(kind, scale)(house.rows::<survey_answer::Entity>()).all(&cx.db()).await?;
        Ok(rows.iter().map(|seen| seen.row().score).collect())
    };
    let csat = scores(SurveyKind::Csat, 5).await?;
    let nps = scores(SurveyKind::Nps, 10).await?;
    let newest = survey_answer::Column::AnsweredAt;
    let answers = sources(cx, &house, Kind::SurveyAnswer, newest, said(SurveyKind::Csat, 5)).await?;
    let answers = answers.and(sources(cx, &house, Kind::SurveyAnswer, newest, said(SurveyKind::Nps, 10)).await?);
    let content = csat.iter().filter(|score| **score >= 4).count();
    let balance =
        nps.iter().filter(|score| **score >= 9).count() as f64 - nps.iter().filter(|score| **score <= 6).count() as f64;
    let satisfaction = (!csat.is_empty() || !nps.is_empty()).then(|| Satisfaction {
        csat: Parts::of(content as u64, csat.len() as u64),
        nps: (!nps.is_empty()).then(|| balance * 100.0 / nps.len() as f64),
    });

    let running = |rows: Rows<contract::Entity>| {
        rows.filter(contract::Column::AccountId.eq(id))
            .filter(contract::Column::Status.eq(ContractStatus::Active))
            .filter(contract::Column::EndDate.is_not_null())
    };
    let contracts = running(house.rows::<contract::Entity>()).all(&cx.db()).await?;
    let running_rows = sources(cx, &house, Kind::Contract, contract::Column::EndDate, running).await?;
    let today = now.date_naive();
    let days = contracts.iter().filter_map(|seen| seen.row().end_date).map(|end| (end - today).num_days()).max();

    let deals = house.rows::<opportunity::Entity>().filter(opportunity::Column::AccountId.eq(id)).into_ids();
    let known = house
        .rows::<opportunity_contact::Entity>()
        .filter(opportunity_contact::Column::OpportunityId.into_expr().in_subquery(deals))
        .all(&cx.db())
        .await?;
    let own = cx.caller.rows::<opportunity_contact::Entity>();
    let own = own
        .filter(opportunity_contact::Column::OpportunityId.is_in(known.iter().map(|seen| seen.row().opportunity_id)));
    let own_roles = usize::try_from(own.count(&cx.db()).await?).unwrap_or(usize::MAX);
    let mut roles: Vec<&str> = known.iter().map(|seen| seen.row().role.as_str()).collect();
    roles.sort_unstable();
    roles.dedup();

    let late = |rows: Rows<task::Entity>| {
        rows.filter(of_account(task::Column::AccountId.into_expr()))
            .filter(task::Column::DoneAt.is_null())
            .filter(task::Column::DueAt.lt(now))
    };
    let overdue = sources(cx, &house, Kind::Task, task::Column::DueAt, late).await?;

    let inputs = Inputs {
        engagement: (recent.n + before.n > 0).then_some(Engagement { recent: recent.n, before: before.n }),
        service: Some(Service { urgent: tickets.n, breaches: breaches.n }),
        satisfaction,
        renewal: days.map(|days| Renewal { days }),
        breadth: (!known.is_empty()).then_some(Breadth { roles: roles.len() as u64 }),
        next_steps: Some(NextSteps { overdue: overdue.n }),
    };
    let (weights, revision) = weights(cx, &house, now).await?;
    let found = health(&inputs, &weights);
    let part = |part: numbers::health::Part| {
        let (basis, of, rows) = match part.kind {
            PartKind::Engagement => (
                format!("{} touches in the last 30 days, {} in the 90 days before", recent.n, before.n),
                recent.all && before.all,
                recent.rows.clone(),
            ),
            PartKind::Service => (
                format!("{} open tickets of high priority, {} broken promises in 90 days", tickets.n, breaches.n),
                tickets.all && breaches.all,
                tickets.rows.iter().chain(&breaches.rows).take(20).copied().collect(),
            ),
            PartKind::Satisfaction => (
                format!("{content} of {} content, {} recommendations, in 365 days", csat.len(), nps.len()),
                answers.all,
                answers.rows.clone(),
            ),
            PartKind::Renewal => (
                match days {
                    Some(days) => format!("{days} days to the end of the contract"),
                    None => "no running contract with an end".to_owned(),
                },
                running_rows.all,
                running_rows.rows.clone(),
            ),
            PartKind::Breadth => {
                (format!("{} different roles in opportunities", roles.len()), own_roles == known.len(), Vec::new())
            }
            PartKind::NextSteps => (format!("{} tasks overdue", overdue.n), overdue.all, overdue.rows.clone()),
        };
        HealthPart {
            kind: part.kind.into(),
            score: part.score,
            weight: part.weight,
            share: part.share,
            basis: of.then_some(basis),
            sources: rows,
        }
    };
    Ok(AccountHealth {
        score: found.score,
        confidence: found.confidence,
        parts: found.parts.into_iter().map(part).collect(),
        definition: format!("HEALTH@1/weights@{revision}"),
        as_of: now,
    })
}
