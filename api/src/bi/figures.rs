//! The figures as a dataset: what the engine of numbers answers, a figure a row. Whoever reads no rows has this dataset all the same,
//! with groups hidden that are too small.

use chrono::{Days, SecondsFormat};

use super::{
    cell::{
        Cell,
        Form::{self, Code, Float, Id, Integer, Text, Time},
        Row,
    },
    dataset::{Dataset, Source, columns},
    scene::Scene,
};
use crate::{
    analytics::flat::{Dimension, Figures, KeyOf, Question},
    graph::{Cx, Error, Kind, Result},
};

/// A figure.
pub const METRIC: Dataset = Dataset {
    name: "bi_metric",
    doc: " A figure: a metric, in a bucket of time, told apart by the dimensions that `by` names. The last 30 days by day unless `from`, `to` and `grain` say otherwise; every metric that knows the dimensions unless `metrics` names some.",
    fields: columns! {
        /// Metric, bucket and keys in one, the same whenever it is asked for.
        Key row_key: Text;
        /// Which metric.
        Row metric: Code;
        /// Name and version of its definition: `WIN_RATE@1`.
        Row definition: Code;
        /// What it is counted in.
        Row unit: Code;
        /// The bucket, as people call it: 2026-11-27, 2026-W48, 2026-11.
        Row bucket: Code;
        /// The bucket's first moment.
        Row bucket_from: Time;
        /// The first moment after it.
        Row bucket_to: Time;
        /// Whether the period begins or ends within the bucket.
        Row partial: Form::Flag;
        /// By which dimensions figures are told apart, with commas; empty: by none. A dimension that stands here and is null stands for rows without one.
        Row grouped_by: Text;
        /// The customer.
        Row account_id: Id(Kind::Account);
        /// Its name.
        Row account_name: Text;
        /// The customer's industry.
        Row industry_id: Id(Kind::Industry);
        /// Its name.
        Row industry_name: Text;
        /// The customer's country.
        Row country: Code;
        /// The customer's region.
        Row region: Code;
        /// The customer's size.
        Row size_band: Code;
        /// The customer's tier.
        Row tier: Code;
        /// The campaign.
        Row campaign_id: Id(Kind::Campaign);
        /// Its name.
        Row campaign_name: Text;
        /// What sort of campaign it is.
        Row campaign_type: Code;
        /// The channel.
        Row channel_id: Id(Kind::Channel);
        /// Its name.
        Row channel_name: Text;
        /// Who owns the stage that the channel plays on.
        Row channel_group: Code;
        /// Who is responsible.
        Row owner_id: Id(Kind::Colleague);
        /// The name.
        Row owner_name: Text;
        /// The queue.
        Row queue_id: Id(Kind::Queue);
        /// Its name.
        Row queue_name: Text;
        /// The pipeline.
        Row pipeline_id: Id(Kind::Pipeline);
        /// Its name.
        Row pipeline_name: Text;
        /// The stage.
        Row stage: Code;
        /// Between which disciplines something is handed over.
        Row boundary: Code;
        /// What became of a handover.
        Row outcome: Code;
        /// Why it was rejected or returned.
        Row reason: Code;
        /// How somebody was touched.
        Row interaction: Code;
        /// Where a lead or a ticket stands.
        Row status: Code;
        /// How urgent a ticket is.
        Row priority: Code;
        /// What a ticket is about.
        Row category: Code;
        /// How a ticket came in.
        Row ticket_channel: Code;
        /// What a promise measures.
        Row sla_metric: Code;
        /// What money was spent on.
        Row cost_kind: Code;
        /// The kind of a meeting or an activity.
        Row kind: Code;
        /// What is counted, exact; null for durations, and where it is suppressed.
        Row numerator: Form::Decimal;
        /// Out of what; null where the figure is no ratio. Add numerators and denominators up, never the ratios.
        Row denominator: Form::Decimal;
        /// The figure; of durations the median in milliseconds. Null where there is nothing to divide by, and where it is suppressed.
        Row value: Float;
        /// The currency of money; null for other figures.
        Row currency: Code;
        /// The lower end of the Wilson interval at 95 %, of a share of rows.
        Row low: Float;
        /// Its upper end.
        Row high: Float;
        /// The mean of durations, in milliseconds.
        Row mean: Float;
        /// The 90th percentile of durations, in milliseconds.
        Row p90: Float;
        /// What has not ended, of durations; what may pass yet, of a cohort.
        Row open_count: Integer;
        /// Whether all has happened that the figure waits for.
        Row mature: Form::Flag;
        /// Whether it is hidden because too few persons or accounts stand behind it, or behind what it would give away.
        Row suppressed: Form::Flag;
        /// How many rows stand behind it; null where it is suppressed.
        Row rows: Integer;
    },
    dated: Some("bucket_from"),
    source: Source::Figures,
};

/// The most figures of one question: they stand in memory, so that what is wrong with a question is said before a file begins.
const MAX: usize = 50_000;

/// The figures of a question.
pub async fn rows(cx: &Cx, scene: &Scene) -> Result<Vec<Row>> {
    let calendar = &scene.calendar;
    let today = calendar.date_of(scene.now);
    let day = |from: chrono::NaiveDate, days: Option<chrono::NaiveDate>| calendar.start_of_day(days.unwrap_or(from));
    let tomorrow = day(today, today.checked_add_days(Days::new(1)));
    let (from, to) = match scene.period {
        Some((from, to)) => (from, to.unwrap_or(tomorrow)),
        None => (day(today, today.checked_sub_days(Days::new(29))), tomorrow),
    };
    let question = Question {
        metrics: scene.metrics.clone(),
        by: scene.by.clone(),
        grain: scene.grain,
        from,
        to,
        timezone: calendar.zone.name().to_owned(),
        currency: scene.currency.clone(),
    };
    let mut rows = Vec::new();
    for metric in question.metrics(cx)? {
        let figures = question.figures(cx, metric).await?;
        rows.extend(lines(scene, figures));
        if rows.len() > MAX {
            return Err(Error::BadInput(format!(
                "metrics: more than {MAX} figures; ask for fewer of them, for fewer dimensions, or for a shorter period"
            )));
        }
    }
    Ok(rows)
}

/// The column of a dimension.
fn column(dimension: Dimension) -> String {
    let name = dimension.name().to_lowercase();
    match dimension.key() {
        KeyOf::Row(_) => format!("{name}_id"),
        KeyOf::Code => name,
    }
}

fn lines(scene: &Scene, figures: Figures) -> impl Iterator<Item = Row> {
    let Figures { definition, rows } = figures;
    let by: Vec<String> = scene.by.iter().map(|dimension| dimension.name()).collect();
    let (by, currency) = (by.join(","), scene.currency.clone());
    rows.into_iter().map(move |line| {
        let mut row: Row = vec![Cell::Null; METRIC.fields.len()];
        let mut set = |name: &str, cell: Cell| {
            if let Some(nth) = METRIC.place(name) {
                row[nth] = cell;
            }
        };
        let mut key: Vec<String> = Vec::new();
        if let Some(value) = line.values.first() {
            key.push(value.metric.code().to_owned());
            set("metric", value.metric.code().into());
            let unit = match async_graphql::resolver_utils::enum_value(value.unit) {
                async_graphql::Value::Enum(name) => name.to_string(),
                other => other.to_string(),
            };
            set("unit", unit.into());
            set("numerator", value.numerator.into());
            set("denominator", value.denominator.into());
            set("value", value.value.into());
            set("currency", value.money.as_ref().map(|_| currency.clone()).into());
            set("low", value.low.into());
            set("high", value.high.into());
            set("mean", value.distribution.and_then(|distribution| distribution.mean).into());
            set("p90", value.distribution.and_then(|distribution| distribution.p90).into());
            set("open_count", value.open_count.map(i64::from).into());
            set("mature", value.mature.into());
            set("suppressed", value.suppressed.into());
            set("rows", Some(i64::from(value.rows)).filter(|_| !value.suppressed).into());
        }
        set("definition", definition.clone().into());
        set("grouped_by", by.clone().into());
        if let Some(bucket) = &line.bucket {
            key.push(bucket.from.to_rfc3339_opts(SecondsFormat::AutoSi, true));
            set("bucket", bucket.label.clone().into());
            set("bucket_from", bucket.from.into());
            set("bucket_to", bucket.to.into());
            set("partial", bucket.partial.into());
        }
        for part in &line.keys {
            let text = part.key.clone().unwrap_or_default();
            let name = column(part.dimension);
            if let (Some(nth), false) = (METRIC.place(&name), text.is_empty()) {
                set(&name, Cell::parse(METRIC.fields[nth].form, &text).unwrap_or(Cell::Null));
            }
            if let KeyOf::Row(_) = part.dimension.key() {
                set(&format!("{}_name", part.dimension.name().to_lowercase()), part.label.clone().into());
            }
            key.push(text);
        }
        set("row_key", key.join("|").into());
        row
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_has_a_column() {
        for dimension in Dimension::ALL {
            let place = METRIC.place(&column(*dimension));
            let field = METRIC.fields[place.unwrap_or_else(|| panic!("{} has no column", dimension.name()))];
            match dimension.key() {
                KeyOf::Row(kind) => assert_eq!(field.form, Id(kind)),
                KeyOf::Code => assert_eq!(field.form, Code),
            }
        }
    }
}
