//! The figures as rows, for files and feeds: a question metric by metric, each answered whole.

use chrono::{DateTime, Utc};

use super::{
    aggregate::measure,
    answer,
    ask::{Arguments, Ask, GroupByInput, MAX_MOMENTS, metrics_of},
    metric::Measure,
};
pub use super::{
    answer::{Distribution, FigureBucket, FigureKey, FigureRow, MetricValue},
    ask::{Grain, calendar},
    dimension::{Dimension, KeyOf},
    metric::Metric,
};
use crate::graph::{Cx, Error, Result};

/// A question for rows of figures.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is asked for; whatever the caller may ask for and knows the dimensions where it is empty.
    pub metrics: Vec<Metric>,
    /// By what figures are told apart, beside time.
    pub by: Vec<Dimension>,
    /// By which buckets.
    pub grain: Grain,
    /// The period's first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// The zone of buckets.
    pub timezone: String,
    /// The currency of money.
    pub currency: String,
}

/// The rows of one metric.
pub struct Figures {
    /// Name and version of the metric: `WIN_RATE@1`.
    pub definition: String,
    /// A figure a row, by bucket and key.
    pub rows: Vec<FigureRow>,
}

impl Question {
    /// The metrics that are answered.
    pub fn metrics(&self, cx: &Cx) -> Result<Vec<Metric>> {
        if !self.metrics.is_empty() {
            return Ok(self.metrics.clone());
        }
        let knows = |metric: &Metric| self.by.iter().all(|dimension| metric.definition().allows(*dimension));
        let metrics: Vec<Metric> = metrics_of(cx).into_iter().filter(knows).collect();
        match metrics.is_empty() {
            true => Err(Error::BadInput("by: no metric of yours knows all of these dimensions".into())),
            false => Ok(metrics),
        }
    }

    /// The figures of one metric, as `analytics.aggregate` gives them.
    pub async fn figures(&self, cx: &Cx, metric: Metric) -> Result<Figures> {
        let by = self.by.iter().map(|dimension| GroupByInput { dimension: Some(*dimension), grain: None, level: None });
        let grain = GroupByInput { dimension: None, grain: Some(self.grain), level: None };
        let arguments = Arguments {
            metrics: vec![metric],
            group_by: by.chain([grain]).collect(),
            from: self.from,
            to: self.to,
            timezone: Some(self.timezone.clone()),
            currency: Some(self.currency.clone()),
            ..Arguments::default()
        };
        let ask = Ask::of(cx, arguments).await?;
        let definition = metric.definition();
        if matches!(definition.measure, Measure::Standing | Measure::StandingMoney { .. })
            && ask.buckets.len() > MAX_MOMENTS
        {
            let code = metric.code();
            return Err(Error::BadInput(format!(
                "to: {code} has at most {MAX_MOMENTS} buckets; ask for a shorter period, a longer grain, or other `metrics`"
            )));
        }
        let counted = measure(cx, &ask, metric, None).await?;
        let (rows, _) = answer::page(cx, &ask, std::slice::from_ref(&counted), i32::MAX, None).await?;
        Ok(Figures { definition: counted.definition.id(), rows })
    }
}
