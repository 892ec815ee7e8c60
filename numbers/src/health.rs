//! A17: the health of an account, from 0 to 100: the weighted mean of its parts.
//!
//! No published standard exists. The weights are the tenant's; how a part becomes a score is said here, each from 0
//! (alarming) to 100 (as good as it gets), and the inputs are shown beside it, so that nobody has to believe a number.
//! What is not known is no zero: its weight goes to the parts that are known, and the confidence falls by it.

use crate::stats::Ratio;

/// One part of health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Whether they talk to us more or less than before.
    Engagement,
    /// What burns.
    Service,
    /// What they say of us.
    Satisfaction,
    /// How long they are bound.
    Renewal,
    /// How many of them know us.
    Breadth,
    /// What we left undone.
    NextSteps,
}

/// Touches of the last 30 days and of the 90 days before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Engagement {
    /// In the last 30 days.
    pub recent: u64,
    /// In the 90 days before these.
    pub before: u64,
}

impl Engagement {
    /// 50 where the pace is kept, 100 from twice the pace on, 0 where all is silent. Whoever begins to talk scores 100.
    pub fn score(self) -> f64 {
        match (self.recent, self.before) {
            (0, _) => 0.0,
            (_, 0) => 100.0,
            (recent, before) => (150.0 * recent as f64 / before as f64).min(100.0),
        }
    }
}

/// What burns at the service desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    /// Open tickets of high priority.
    pub urgent: u64,
    /// Service levels that broke in the last 90 days.
    pub breaches: u64,
}

impl Service {
    /// 100 less 20 for each ticket and 10 for each breach.
    pub fn score(self) -> f64 {
        let lost = self.urgent.saturating_mul(20).saturating_add(self.breaches.saturating_mul(10));
        100.0 - lost.min(100) as f64
    }
}

/// What they say of us.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Satisfaction {
    /// Satisfied answers of all ([`crate::survey::csat`]).
    pub csat: Ratio,
    /// Net promoter score, from −100 to 100 ([`crate::survey::Nps::score`]); `None` without answers.
    pub nps: Option<f64>,
}

impl Satisfaction {
    /// The satisfied share in per cent, the net promoter score moved to 0 … 100, or the mean of both. `None` without
    /// answers.
    pub fn score(self) -> Option<f64> {
        let known: Vec<f64> =
            [self.csat.value().map(|share| share * 100.0), self.nps.map(|points| points / 2.0 + 50.0)]
                .into_iter()
                .flatten()
                .collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}

/// Days until the contract has to be renewed; negative where it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Renewal {
    /// Whole days.
    pub days: i64,
}

impl Renewal {
    /// 100 from half a year (180 days) on, 0 from the last day on, straight in between.
    pub fn score(self) -> f64 {
        self.days.clamp(0, 180) as f64 / 1.8
    }
}

/// How many of them know us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Breadth {
    /// Different buying roles among the contacts that were active in the last 90 days.
    pub roles: u64,
}

impl Breadth {
    /// 25 for each role, up to four.
    pub fn score(self) -> f64 {
        self.roles.min(4) as f64 * 25.0
    }
}

/// What we left undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NextSteps {
    /// Next steps that are past due.
    pub overdue: u64,
}

impl NextSteps {
    /// 100 less 25 for each.
    pub fn score(self) -> f64 {
        100.0 - self.overdue.min(4) as f64 * 25.0
    }
}

/// What is known of an account; `None` where it is not (no contract, no survey), which is not the same as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Whether they talk to us more or less than before.
    pub engagement: Option<Engagement>,
    /// What burns.
    pub service: Option<Service>,
    /// What they say of us.
    pub satisfaction: Option<Satisfaction>,
    /// How long they are bound.
    pub renewal: Option<Renewal>,
    /// How many of them know us.
    pub breadth: Option<Breadth>,
    /// What we left undone.
    pub next_steps: Option<NextSteps>,
}

/// How much each part counts, in any unit. What is negative or no number counts as 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Of [`Kind::Engagement`].
    pub engagement: f64,
    /// Of [`Kind::Service`].
    pub service: f64,
    /// Of [`Kind::Satisfaction`].
    pub satisfaction: f64,
    /// Of [`Kind::Renewal`].
    pub renewal: f64,
    /// Of [`Kind::Breadth`].
    pub breadth: f64,
    /// Of [`Kind::NextSteps`].
    pub next_steps: f64,
}

impl Default for Weights {
    /// All alike: what nobody has weighed.
    fn default() -> Self {
        Weights { engagement: 1.0, service: 1.0, satisfaction: 1.0, renewal: 1.0, breadth: 1.0, next_steps: 1.0 }
    }
}

/// A part and what it contributes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Which.
    pub kind: Kind,
    /// From 0 to 100; `None` if it is not known.
    pub score: Option<f64>,
    /// Its share of the weights of the tenant, from 0 to 1.
    pub weight: f64,
    /// Its share after the weights of unknown parts went to the known ones, from 0 to 1; 0 if it is not known. Health
    /// is the sum of share × score.
    pub share: f64,
}

/// The health of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// From 0 to 100; `None` if nothing is known that has a weight.
    pub score: Option<f64>,
    /// The share of the weights whose parts are known, from 0 to 1.
    pub confidence: f64,
    /// All parts, in the order of their kinds.
    pub parts: Vec<Part>,
}

/// The health of an account.
pub fn health(inputs: &Inputs, weights: &Weights) -> Health {
    let Inputs { engagement, service, satisfaction, renewal, breadth, next_steps } = *inputs;
    let parts = [
        (Kind::Engagement, engagement.map(Engagement::score), weights.engagement),
        (Kind::Service, service.map(Service::score), weights.service),
        (Kind::Satisfaction, satisfaction.and_then(Satisfaction::score), weights.satisfaction),
        (Kind::Renewal, renewal.map(Renewal::score), weights.renewal),
        (Kind::Breadth, breadth.map(Breadth::score), weights.breadth),
        (Kind::NextSteps, next_steps.map(NextSteps::score), weights.next_steps),
    ]
    .map(|(kind, score, weight)| (kind, score, if weight.is_finite() { weight.max(0.0) } else { 0.0 }));
    let total: f64 = parts.iter().map(|(_, _, weight)| weight).sum();
    let known: f64 = parts.iter().filter(|(_, score, _)| score.is_some()).map(|(_, _, weight)| weight).sum();
    let of = |weight: f64, whole: f64| if whole > 0.0 { weight / whole } else { 0.0 };
    let parts = parts.map(|(kind, score, weight)| Part {
        kind,
        score,
        weight: of(weight, total),
        share: if score.is_some() { of(weight, known) } else { 0.0 },
    });
    let points = parts.iter().filter_map(|part| part.score.map(|score| score * part.share));
    Health {
        score: (known > 0.0).then(|| points.sum::<f64>().clamp(0.0, 100.0)),
        confidence: of(known, total),
        parts: parts.to_vec(),
    }
}
