//! A year of a small market, told day by day, with what a test may know of it kept beside: the oracle of every figure.

use api::graph::Result;
use api::journey::Work;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entities::{
    account::account,
    codes::{
        AccessLevel, ActivityKind, CampaignStatus, CampaignType, ChannelGroup, ContactRole, CostKind, Direction,
        Discipline, HandoverBoundary, HandoverOutcome, Interaction, LeadStatus, ReasonCode, SizeBand, SlaMetric,
        SlaObject, StageObject, SubjectType, SurveyKind, TicketPriority, TicketStatus, Tier,
    },
    marketing::{campaign, campaign_cost, channel, handover, lead, touchpoint},
    sales::{activity, opportunity, opportunity_contact, pipeline},
    service::{sla_clock, survey_answer, ticket},
    sync::fx_rate,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use tests::{Told, World, rows};
use uuid::Uuid;

/// A customer of the market.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Customer {
    pub account: Uuid,
    pub contacts: Vec<Uuid>,
    /// Which of the three industries: 0 and 1 below the root, which is 2.
    pub industry: usize,
}

/// A deal of the market.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deal {
    pub id: Uuid,
    pub customer: usize,
    pub created: DateTime<Utc>,
    pub closed: Option<(DateTime<Utc>, bool)>,
    /// In minor units of its own currency.
    pub amount: i64,
    pub currency: &'static str,
    pub campaign: Option<usize>,
    pub close_date: NaiveDate,
}

/// A lead of the market, with what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lead {
    pub id: Uuid,
    pub customer: usize,
    pub contact: Uuid,
    pub campaign: usize,
    pub channel: usize,
    pub created: DateTime<Utc>,
    pub mql: Option<DateTime<Utc>>,
    pub offer: Option<Offer>,
}

/// An offer to sales.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Offer {
    pub at: DateTime<Utc>,
    pub due: DateTime<Utc>,
    pub decided: Option<(DateTime<Utc>, HandoverOutcome, Option<ReasonCode>)>,
    /// When somebody of sales called.
    pub called: Option<DateTime<Utc>>,
}

/// A ticket of the market.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    pub id: Uuid,
    pub customer: usize,
    pub created: DateTime<Utc>,
    pub answered: Option<DateTime<Utc>>,
    pub solved: Option<DateTime<Utc>>,
}

/// A touch of the market.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Touch {
    pub id: Uuid,
    pub customer: usize,
    pub contact: Uuid,
    pub at: DateTime<Utc>,
    pub campaign: Option<usize>,
    pub channel: usize,
}

/// All of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
pub struct Market {
    pub customers: Vec<Customer>,
    pub industries: [Uuid; 3],
    pub campaigns: Vec<Uuid>,
    pub channels: Vec<Uuid>,
    pub touches: Vec<Touch>,
    pub leads: Vec<Lead>,
    pub deals: Vec<Deal>,
    pub cases: Vec<Case>,
    /// Score and moment of the CSAT answers.
    pub answers: Vec<(usize, i32, DateTime<Utc>)>,
    /// Campaign, first and last day, amount and currency.
    pub costs: Vec<(usize, NaiveDate, NaiveDate, i64, &'static str)>,
}

/// Accounts on whose teams Sam, Mia and Vera are.
pub const OF_SAM: usize = 7;
pub const OF_MIA: usize = 4;
pub const OF_VERA: usize = 9;

/// A dice that falls alike on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn pick(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap()
    }
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// From when to when the market is told: whole days where the tenant lives.
pub const FROM: &str = "2025-10-31T23:00:00Z";
pub const TO: &str = "2026-10-31T23:00:00Z";

impl Market {
    /// When somebody called the person of a lead, by themselves.
    fn calls(&self, contact: Uuid) -> impl Iterator<Item = DateTime<Utc>> {
        let of = self.leads.iter().filter(move |lead| lead.contact == contact);
        let called = of.filter_map(|lead| lead.offer.as_ref()?.called);
        called.flat_map(|called| [called, called + TimeDelta::hours(3)])
    }

    /// How long an offer waited for a call to its person, whatever it was made for: none where nobody called since, nothing where
    /// somebody had called before, since the lead was there.
    pub fn waited(&self, lead: &Lead, offer: &Offer) -> Option<TimeDelta> {
        match self.calls(lead.contact).any(|call| lead.created <= call && call < offer.at) {
            true => Some(TimeDelta::zero()),
            false => self.calls(lead.contact).filter(|call| *call >= offer.at).min().map(|call| call - offer.at),
        }
    }

    /// Tells the year; the clock stands at its end afterwards.
    async fn told(world: &World) -> Market {
        let end = world.now();
        world.clock.set(at(FROM) - TimeDelta::days(30));
        let mut market = Box::pin(ground(world)).await;
        let mut dice = Dice(7);
        let first = at(FROM);
        for step in 0..180_i64 {
            let now =
                first + TimeDelta::hours(48 * step) + TimeDelta::minutes(i64::try_from(dice.below(2_880)).unwrap());
            world.clock.set(now);
            let chance = dice.below(10);
            Box::pin(touch(world, &mut market, &mut dice, now)).await;
            match chance {
                0..=3 => Box::pin(a_lead(world, &mut market, &mut dice, now)).await,
                4..=6 => Box::pin(deal(world, &mut market, &mut dice, now)).await,
                _ => Box::pin(case(world, &mut market, &mut dice, now)).await,
            }
        }
        world.clock.set(end);
        market
    }
}

impl Told for Market {
    const NAME: &'static str = "market";

    async fn tell(world: &World) -> Market {
        Box::pin(Market::told(world)).await
    }
}

async fn ground(world: &World) -> Market {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let root = rows::industry(work, "C", None).await?.id;
            let one = rows::industry(work, "C28", Some(root)).await?.id;
            let two = rows::industry(work, "C29", Some(root)).await?.id;
            let industries = [one, two, root];
            let mut customers = Vec::new();
            for nth in 0..12_usize {
                let row = work
                    .insert::<account::Entity>(account::ActiveModel {
                        name: Set(format!("Customer {nth}")),
                        domains: Set(serde_json::json!([])),
                        lifecycle_stage: Set("TARGET".to_owned()),
                        country: Set(Some(["DE", "AT", "CH"][nth % 3].to_owned())),
                        size_band: Set(Some(SizeBand::ALL[nth % SizeBand::ALL.len()])),
                        tier: Set(Some([Tier::A, Tier::B][nth % 2])),
                        industry_id: Set(Some(industries[nth % 3])),
                        ..Default::default()
                    })
                    .await?;
                let mut contacts = Vec::new();
                for person in 0..3 {
                    contacts.push(rows::contact(work, Some(row.id), "P", &format!("{nth}-{person}")).await?.id);
                }
                for (colleague, discipline, reach) in [
                    (cast.sam, Discipline::Sales, OF_SAM),
                    (cast.mia, Discipline::Marketing, OF_MIA),
                    (cast.vera, Discipline::Service, OF_VERA),
                ] {
                    if nth < reach {
                        let levels = [AccessLevel::Edit; 4];
                        rows::member(work, row.id, colleague, discipline, levels, (work.now(), None)).await?;
                    }
                }
                customers.push(Customer { account: row.id, contacts, industry: nth % 3 });
            }
            let mut channels = Vec::new();
            for (code, group) in [("X_ADS", ChannelGroup::Paid), ("X_BLOG", ChannelGroup::Owned), ("X_FAIR", ChannelGroup::Sales)] {
                let row = channel::ActiveModel {
                    code: Set(code.to_owned()),
                    name: Set(format!("Channel {code}")),
                    channel_group: Set(group),
                    is_direct: Set(false),
                    ..Default::default()
                };
                channels.push(work.insert::<channel::Entity>(row).await?.id);
            }
            let mut campaigns = Vec::new();
            for nth in 0..3 {
                let row = campaign::ActiveModel {
                    name: Set(format!("Campaign {nth}")),
                    campaign_type: Set([CampaignType::Advertising, CampaignType::Content, CampaignType::TradeFair][nth]),
                    status: Set(CampaignStatus::Active),
                    ..Default::default()
                };
                campaigns.push(work.insert::<campaign::Entity>(row).await?.id);
            }
            let mut costs = Vec::new();
            let day = |text: &str| text.parse::<NaiveDate>().unwrap();
            for (campaign, first, last, amount, currency) in [
                (0, day("2026-01-01"), day("2026-03-31"), 1_000_001, "EUR"),
                (1, day("2026-02-15"), day("2026-02-15"), 50_000, "EUR"),
                (1, day("2025-12-30"), day("2026-01-02"), 10_001, "CHF"),
                (2, day("2026-06-01"), day("2026-06-30"), 77_777, "EUR"),
                (2, day("2025-01-01"), day("2025-01-31"), 5_000, "USD"),
            ] {
                let row = campaign_cost::ActiveModel {
                    campaign_id: Set(campaigns[campaign]),
                    channel_id: Set(Some(channels[campaign])),
                    date_from: Set(first),
                    date_to: Set(last),
                    amount_minor: Set(amount),
                    currency: Set(currency.to_owned()),
                    kind: Set(CostKind::Media),
                    ..Default::default()
                };
                work.insert::<campaign_cost::Entity>(row).await?;
                costs.push((campaign, first, last, amount, currency));
            }
            for (date, nano) in [("2025-01-01", 900_000_000_i64), ("2026-03-01", 1_050_000_000)] {
                let row = fx_rate::ActiveModel {
                    base: Set("CHF".to_owned()),
                    quote: Set("EUR".to_owned()),
                    rate_date: Set(day(date)),
                    rate_nano: Set(nano),
                    ..Default::default()
                };
                work.insert::<fx_rate::Entity>(row).await?;
            }
            Ok(Market {
                customers,
                industries,
                campaigns,
                channels,
                touches: Vec::new(),
                leads: Vec::new(),
                deals: Vec::new(),
                cases: Vec::new(),
                answers: Vec::new(),
                costs,
            })
        })
        .await
}

async fn touch(world: &World, market: &mut Market, dice: &mut Dice, now: DateTime<Utc>) {
    let customer = dice.pick(market.customers.len());
    let contact = market.customers[customer].contacts[dice.pick(3)];
    let (campaign, channel) = (Some(dice.pick(4)).filter(|nth| *nth < 3), dice.pick(3));
    let row = touchpoint::ActiveModel {
        campaign_id: Set(campaign.map(|nth| market.campaigns[nth])),
        channel_id: Set(Some(market.channels[channel])),
        contact_id: Set(Some(contact)),
        account_id: Set(Some(market.customers[customer].account)),
        interaction: Set([Interaction::AdClicked, Interaction::PageViewed, Interaction::FormSubmitted][dice.pick(3)]),
        occurred_at: Set(now),
        is_inbound: Set(true),
        ..Default::default()
    };
    let id = world.work(async |work| Ok(work.insert::<touchpoint::Entity>(row).await?.id)).await;
    market.touches.push(Touch { id, customer, contact, at: now, campaign, channel });
}

async fn a_lead(world: &World, market: &mut Market, dice: &mut Dice, now: DateTime<Utc>) {
    let customer = dice.pick(market.customers.len());
    let contact = market.customers[customer].contacts[dice.pick(3)];
    let account = market.customers[customer].account;
    let (campaign, channel) = (dice.pick(3), dice.pick(3));
    let hours = |n: u64| TimeDelta::hours(i64::try_from(n).unwrap());
    let mql = (dice.below(10) < 7).then(|| now + TimeDelta::hours(1));
    let offered = mql.filter(|_| dice.below(10) < 8).map(|at| at + TimeDelta::hours(1));
    let decided = dice.below(100);
    let (wait, call) = (1 + dice.below(60), dice.below(50));
    let row = lead::ActiveModel {
        contact_id: Set(Some(contact)),
        account_id: Set(Some(account)),
        campaign_id: Set(Some(market.campaigns[campaign])),
        channel_id: Set(Some(market.channels[channel])),
        status: Set(LeadStatus::New),
        mql_at: Set(mql),
        ..Default::default()
    };
    let (id, offer) = world
        .work(async |work| {
            let id = work.insert::<lead::Entity>(row).await?.id;
            let Some(offered) = offered else { return Ok((id, None)) };
            let outcome = match decided {
                0..=44 => Some((HandoverOutcome::Accepted, None)),
                45..=69 => Some((HandoverOutcome::Rejected, Some(ReasonCode::NoBudget))),
                70..=79 => Some((HandoverOutcome::Rejected, Some(ReasonCode::WrongPersona))),
                80..=84 => Some((HandoverOutcome::Expired, None)),
                _ => None,
            };
            let decided_at = offered + hours(wait);
            let due = offered + TimeDelta::hours(48);
            let decided = outcome.map(|(outcome, reason)| (decided_at, outcome, reason));
            let row = handover::ActiveModel {
                boundary: Set(HandoverBoundary::MarketingToSales),
                from_id: Set(Some(world.acme.cast.mia)),
                to_queue_id: Set(Some(world.acme.sales_inbox)),
                subject_type: Set(SubjectType::Lead),
                subject_id: Set(id),
                account_id: Set(Some(account)),
                campaign_id: Set(Some(market.campaigns[campaign])),
                offered_at: Set(offered),
                due_at: Set(Some(due)),
                decided_at: Set(decided.map(|(at, _, _)| at)),
                outcome: Set(decided.map(|(_, outcome, _)| outcome)),
                reason_code: Set(decided.and_then(|(_, _, reason)| reason)),
                decided_by_id: Set(decided.map(|_| world.acme.cast.sam)),
                automatic: Set(false),
                ..Default::default()
            };
            work.insert::<handover::Entity>(row).await?;
            let called = (call < 40).then(|| offered + hours(call));
            if let Some(called) = called {
                for (automatic, when) in
                    [(true, called - TimeDelta::minutes(30)), (false, called), (false, called + TimeDelta::hours(3))]
                {
                    let row = activity::ActiveModel {
                        kind: Set(ActivityKind::Call),
                        direction: Set(Direction::Outbound),
                        account_id: Set(Some(account)),
                        contact_id: Set(Some(contact)),
                        colleague_id: Set(Some(world.acme.cast.sam)),
                        occurred_at: Set(when.max(offered)),
                        automatic: Set(automatic),
                        ..Default::default()
                    };
                    work.insert::<activity::Entity>(row).await?;
                }
            }
            Ok((id, Some(Offer { at: offered, due, decided, called })))
        })
        .await;
    market.leads.push(Lead { id, customer, contact, campaign, channel, created: now, mql, offer });
}

async fn deal(world: &World, market: &mut Market, dice: &mut Dice, now: DateTime<Utc>) {
    let customer = dice.pick(market.customers.len());
    let campaign = Some(dice.pick(4)).filter(|nth| *nth < 3);
    let amount = i64::try_from(10_000 + dice.below(1_000_000)).unwrap();
    let currency = if dice.below(4) == 0 { "CHF" } else { "EUR" };
    let outcome = dice.below(10);
    let days = TimeDelta::days(i64::try_from(1 + dice.below(60)).unwrap());
    let account = market.customers[customer].account;
    let close_date = (now + days).date_naive();
    let owner = world.acme.cast.sam;
    let id = world
        .work(async |work| {
            let pipeline = pipeline::Entity::find()
                .filter(pipeline::Column::TenantId.eq(work.tenant()))
                .filter(pipeline::Column::Code.eq("SALES"))
                .one(work.tx())
                .await?
                .unwrap();
            let row = work
                .insert::<opportunity::Entity>(opportunity::ActiveModel {
                    account_id: Set(account),
                    name: Set("Deal".to_owned()),
                    pipeline_id: Set(pipeline.id),
                    stage: Set("QUALIFICATION".to_owned()),
                    amount_minor: Set(Some(amount)),
                    currency: Set(Some(currency.to_owned())),
                    probability: Set(Some(10)),
                    close_date: Set(Some(close_date)),
                    owner_id: Set(Some(owner)),
                    primary_campaign_id: Set(campaign.map(|nth| market.campaigns[nth])),
                    ..Default::default()
                })
                .await?;
            work.insert::<opportunity_contact::Entity>(opportunity_contact::ActiveModel {
                opportunity_id: Set(row.id),
                contact_id: Set(market.customers[customer].contacts[0]),
                role: Set(ContactRole::DecisionMaker),
                is_primary: Set(true),
                ..Default::default()
            })
            .await?;
            enter(work, &row).await?;
            Ok(row.id)
        })
        .await;
    let closed = (outcome < 7).then(|| (now + days, outcome < 4)).filter(|(at, _)| *at < self::at(TO));
    if let Some((when, won)) = closed {
        world.clock.set(when);
        world
            .work(async |work| {
                let row = opportunity::Entity::find_by_id((work.tenant(), id)).one(work.tx()).await?.unwrap();
                let stage = if won { "CLOSED_WON" } else { "CLOSED_LOST" };
                let change = opportunity::ActiveModel {
                    stage: Set(stage.to_owned()),
                    probability: Set(Some(if won { 100 } else { 0 })),
                    ..Default::default()
                };
                let row = work.update_row::<opportunity::Entity>(&row, change).await?;
                enter(work, &row).await
            })
            .await;
        world.clock.set(now);
    }
    market.deals.push(Deal { id, customer, created: now, closed, amount, currency, campaign, close_date });
}

async fn enter(work: &mut Work<'_>, row: &opportunity::Model) -> Result<()> {
    work.enter_stage::<opportunity::Entity>(StageObject::Opportunity, row, &row.stage, "told", None).await?;
    work.take_snapshot(row).await
}

async fn case(world: &World, market: &mut Market, dice: &mut Dice, now: DateTime<Utc>) {
    let customer = dice.pick(market.customers.len());
    let account = market.customers[customer].account;
    let contact = market.customers[customer].contacts[dice.pick(3)];
    let priority = TicketPriority::ALL[dice.pick(4)];
    let answered = (dice.below(10) < 8).then(|| now + TimeDelta::minutes(i64::try_from(1 + dice.below(600)).unwrap()));
    let solved = answered.filter(|_| dice.below(10) < 7).map(|at| at + TimeDelta::hours(5));
    let score = i32::try_from(1 + dice.below(5)).unwrap();
    let id = world
        .work(async |work| {
            let row = work
                .insert::<ticket::Entity>(ticket::ActiveModel {
                    account_id: Set(Some(account)),
                    contact_id: Set(Some(contact)),
                    subject: Set("It leaks".to_owned()),
                    status: Set(if solved.is_some() { TicketStatus::Solved } else { TicketStatus::Open }),
                    priority: Set(priority),
                    queue_id: Set(Some(world.acme.service_desk)),
                    first_response_at: Set(answered),
                    solved_at: Set(solved),
                    reopened_count: Set(0),
                    ..Default::default()
                })
                .await?;
            work.enter_stage::<ticket::Entity>(StageObject::Ticket, &row, "NEW", "told", None).await?;
            work.insert::<sla_clock::Entity>(sla_clock::ActiveModel {
                object_type: Set(SlaObject::Ticket),
                object_id: Set(row.id),
                account_id: Set(Some(account)),
                metric: Set(SlaMetric::FirstResponse),
                started_at: Set(now),
                due_at: Set(Some(now + TimeDelta::hours(4))),
                paused_ms: Set(0),
                met_at: Set(answered.filter(|at| *at <= now + TimeDelta::hours(4))),
                breached_at: Set(answered
                    .filter(|at| *at > now + TimeDelta::hours(4))
                    .map(|_| now + TimeDelta::hours(4))),
                ..Default::default()
            })
            .await?;
            if solved.is_some() {
                work.insert::<survey_answer::Entity>(survey_answer::ActiveModel {
                    kind: Set(SurveyKind::Csat),
                    scale: Set(5),
                    score: Set(score),
                    ticket_id: Set(Some(row.id)),
                    contact_id: Set(Some(contact)),
                    account_id: Set(Some(account)),
                    answered_at: Set(now + TimeDelta::hours(30)),
                    ..Default::default()
                })
                .await?;
            }
            Ok(row)
        })
        .await;
    if let Some(solved) = solved {
        market.answers.push((customer, score, now + TimeDelta::hours(30)));
        world.clock.set(solved);
        world
            .work(async |work| {
                work.enter_stage::<ticket::Entity>(StageObject::Ticket, &id, "SOLVED", "told", None).await
            })
            .await;
        world.clock.set(now);
    }
    market.cases.push(Case { id: id.id, customer, created: now, answered, solved });
}

/// Whether a role's colleague is on the team of an account.
pub fn on_team(reach: usize, customer: usize) -> bool {
    customer < reach
}
