//! Attribution: which channel, campaign or touch gets the credit for what was reached, every model side by side, with exact sums. The
//! arithmetic and its sources are in `numbers::attribution`; here it is said whose touches (`touches`) and conversions (`conversions`) are
//! counted, in one pass over the touches. The same pass explains a value by its rows (`explain`) and hands out all of them (`feed`).
//!
//! The access table rules it by a line of its own: marketing sees what came of its campaigns in the whole tenant, though it reads no
//! foreign opportunity; sales sees that of its accounts.

mod answer;
mod behind;
mod conversions;
mod explain;
pub mod feed;
mod input;
mod reach;
mod touches;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use numbers::attribution::{self as arithmetic, Model, Options, Parting, Report, Row, Touch, Transform, Unit};

pub use answer::Attribution;
pub use explain::CreditExplanation;
pub use input::AttributionInput;

use super::{
    ask::{Arguments, Ask},
    metric::{Metric, Reason},
    tally::Exchange,
};
use crate::{
    graph::{Cx, Error, Result},
    policy::{Basis, Class, Type},
};
use behind::Behind;
use conversions::{Converted, Wanted, micros};
use input::{AttributionModel, AttributionView, bad};
use touches::{Names, Touches};

/// The definition's version: counts up when a value would change though its rows did not. 2: touches of sales count, and those of whoever
/// refuses to be measured do not.
const VERSION: u16 = 2;

/// What attribution stands on for this caller.
fn basis(cx: &Cx) -> Result<Basis> {
    cx.caller
        .basis_beyond(&[(Type::Attribution, Class::P, ""), (Type::Attribution, Class::M, "")])
        .ok_or_else(|| bad("analytics: attribution is not for your role"))
}

/// A question, checked, with what it takes to answer it.
pub struct Question {
    /// The models, in the order in which they were asked for.
    pub asked: Vec<AttributionModel>,
    /// The same for the arithmetic.
    pub models: Vec<Model>,
    /// What the transforms take for the same.
    pub unit: Unit,
    /// What is done to a path.
    pub transforms: Vec<Transform<Row>>,
    /// How touches become a path.
    pub options: Options,
    /// Of which conversions.
    pub wanted: Wanted,
    /// What a row stands for.
    pub by: AttributionView,
    /// Currency, period and zone.
    pub ask: Ask,
    /// On whose rows it stands.
    pub basis: Basis,
    /// What numbers stand for.
    pub names: Names,
    /// Name and version of the definition, and the revision of the tenant's weights where they are asked for.
    pub definition: String,
    exchange: Exchange,
}

/// What a pass over the touches meets.
pub enum Met<'a> {
    /// A conversion, with the touches of its group.
    Conversion(&'a Converted, &'a [Touch]),
    /// The touches of a group that did not convert.
    Nothing(&'a [Touch]),
}

impl Question {
    /// Checks a question.
    pub async fn of(cx: &Cx, input: &AttributionInput) -> Result<Question> {
        let basis = basis(cx)?;
        let (weights, held) = input.weights(cx).await?;
        let (asked, models): (Vec<AttributionModel>, Vec<Model>) = input.models(weights)?.into_iter().unzip();
        let options = input.options()?;
        let mut names = Names::of(cx, &basis).await?;
        let transforms = input.transforms(&mut names)?;
        let wanted = Wanted {
            kind: input.conversion,
            group: input.buying_group,
            kinds: input.kinds()?,
            from: input.from,
            to: input.to,
            lookback: Duration::days(input.lookback_days.into()),
            now: cx.caller.now(),
            reach: None,
        };
        let arguments = Arguments {
            metrics: vec![Metric::CampaignCost],
            from: input.from,
            to: input.to,
            currency: input.currency.clone(),
            fx: input.fx,
            ..Arguments::default()
        };
        let ask = Ask::of(cx, arguments).await?;
        let exchange = Exchange::of(cx, &basis, &ask).await?;
        let definition = match held {
            Some((code, revision)) => format!("ATTRIBUTION@{VERSION}/{code}@{revision}"),
            None => format!("ATTRIBUTION@{VERSION}"),
        };
        let (unit, by) = (input.unit(), input.by);
        Ok(Question { asked, models, unit, transforms, options, wanted, by, ask, basis, names, definition, exchange })
    }

    /// Gives a conversion its campaign and its worth in the answer's currency. What has no rate cannot be summed: it is left out, and said
    /// so. What names no amount converts for nothing.
    pub fn value(&mut self, converted: &mut Converted, left_out: &mut BTreeMap<Reason, i64>) -> bool {
        converted.conversion.primary_campaign = converted.campaign.map(|id| self.names.campaign(id));
        let Some((minor, currency)) = &converted.amount else {
            if self.wanted.kind.is_deal() {
                *left_out.entry(Reason::NoAmount).or_default() += 1;
            }
            return true;
        };
        match self.exchange.convert(*minor, currency, converted.day) {
            Some(worth) => {
                converted.conversion.value_minor = worth;
                true
            }
            None => {
                *left_out.entry(Reason::MissingRate).or_default() += 1;
                false
            }
        }
    }

    /// One pass over the touches, group by group; conversions whose group has none come last. `of_all`: groups that did not convert are
    /// met, too. Gives the conversions that do not count, by reason. What is kept are the conversions of the period; of touches those of
    /// one group.
    pub async fn pass(&mut self, cx: &Cx, of_all: bool, mut met: impl FnMut(Met<'_>)) -> Result<BTreeMap<Reason, i64>> {
        let mut left_out: BTreeMap<Reason, i64> = BTreeMap::new();
        let mut groups = self.wanted.conversions(cx, &self.basis).await?;
        for group in groups.values_mut() {
            group.retain_mut(|converted| self.value(converted, &mut left_out));
        }
        let Question { wanted, basis, names, .. } = self;
        let touches = Touches { wanted, basis, groups: None, of_all };
        touches
            .each_group(cx, names, |group, touches| match groups.remove(&Some(group)) {
                Some(converted) => {
                    converted.iter().for_each(|converted| met(Met::Conversion(converted, touches)));
                }
                None => met(Met::Nothing(touches)),
            })
            .await?;
        groups.values().flatten().for_each(|converted| met(Met::Conversion(converted, &[])));
        Ok(left_out)
    }
}

/// What was found, before it is shown.
pub struct Found {
    /// What was asked.
    pub question: Question,
    /// The arithmetic's answer.
    pub report: Report,
    /// Conversions that do not count, by reason.
    pub left_out: BTreeMap<Reason, i64>,
    /// Rows behind which too few persons or accounts stand.
    pub hidden: BTreeSet<Row>,
    /// Whether all conversions together are too few to be told of.
    pub all_hidden: bool,
    /// Of rows that are touches of sales: where they come from.
    pub of_sales: BTreeMap<u128, i32>,
}

/// Counts. One pass over the touches, whatever the models; whoever explains a value looks on.
pub async fn find(cx: &Cx, mut question: Question, mut look: impl FnMut(&Converted, &[Touch])) -> Result<Found> {
    if question.basis.grouped {
        question.ask.is_coarse()?;
    }
    // Paths that did not convert teach MARKOV, and nobody else.
    let teaches = question.models.iter().any(|model| matches!(model, Model::Markov { .. }));
    let (models, transforms, options) = (question.models.clone(), question.transforms.clone(), question.options);
    let mut parting = Parting::new(question.unit, transforms.clone(), options);
    let mut counted = arithmetic::Attribution::new(models, question.unit, transforms, options);
    let mut behind = Behind::default();
    let mut of_sales = BTreeMap::new();
    let (end, count_persons) = (micros(question.wanted.to), question.names.count_persons);
    let left_out = question
        .pass(cx, teaches, |met| match met {
            Met::Conversion(converted, touches) => {
                counted.add(&converted.conversion, touches.iter().copied());
                look(converted, touches);
                if count_persons {
                    parting.path(&converted.conversion, touches.iter().copied());
                    behind.add(converted, parting.touches());
                }
                if options.touch_rows {
                    let sold = touches.iter().filter(|touch| touch.source_rank > 0);
                    of_sales.extend(sold.map(|touch| (touch.id, touch.source_rank)));
                }
            }
            Met::Nothing(touches) => counted.add_null(end, touches.iter().copied(), 1),
        })
        .await?;
    // A chain of many states takes its time: it is solved where nobody waits for a turn.
    let report = match teaches {
        true => tokio::task::spawn_blocking(move || counted.report()).await.map_err(Error::internal)?,
        false => counted.report(),
    };
    let grouped = question.basis.grouped;
    let hidden = if grouped { behind.small(&report, question.by) } else { BTreeSet::new() };
    let all_hidden = grouped && behind.all_small();
    let left_out = if grouped { BTreeMap::new() } else { left_out };
    Ok(Found { question, report, left_out, hidden, all_hidden, of_sales })
}

/// The answer.
pub async fn attribution(
    cx: &Cx,
    input: AttributionInput,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Attribution> {
    let found = find(cx, Question::of(cx, &input).await?, |_, _| {}).await?;
    answer::shown(cx, &input, found, first, after).await
}

/// Explains the value of a handle.
pub async fn explain(cx: &Cx, handle: &str, first: Option<i32>, after: Option<String>) -> Result<CreditExplanation> {
    explain::explain(cx, handle, first, after).await
}
