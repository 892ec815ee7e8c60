//! The metrics as a list: for clients, and as `docs/numbers.md`.

use std::fmt::Write;

use async_graphql::SimpleObject;
use entities::codes::Discipline;

use super::{
    ask::{basis_of, may, metrics_of},
    dimension::Dimension,
    metric::{Measure, Metric, Unit},
};
use crate::graph::Cx;

/// How a metric is defined.
#[derive(Clone, Debug, SimpleObject)]
pub struct MetricDefinition {
    /// Its name.
    pub metric: Metric,
    /// Counts up when a figure would change though its rows did not.
    pub version: i32,
    /// Name and version, as answers carry them.
    pub definition: String,
    /// What it is, in a sentence.
    pub description: String,
    /// The formula in words.
    pub formula: String,
    /// Who defines it so: a section of docs/numbers.md, or a place in the graph.
    pub source: String,
    /// What it is counted in.
    pub unit: Unit,
    /// The discipline that answers for it.
    pub discipline: Discipline,
    /// By what you may tell it apart.
    pub dimensions: Vec<Dimension>,
    /// Whether figures of parts add up to the figure of the whole.
    pub additive: bool,
}

impl Metric {
    /// Whether figures of parts add up to the figure of the whole.
    pub fn is_additive(self) -> bool {
        match self.definition().measure {
            Measure::Count | Measure::Sum(_) | Measure::Money(_) | Measure::Spread => true,
            Measure::Persons
            | Measure::Share { .. }
            | Measure::Balance { .. }
            | Measure::Mean(_)
            | Measure::MoneyMean(_)
            | Measure::MoneyShare { .. }
            | Measure::Duration { .. }
            | Measure::Standing
            | Measure::StandingMoney { .. }
            | Measure::Derived(_) => false,
        }
    }
}

/// The metrics that the caller may ask for.
pub fn of_caller(cx: &Cx) -> Vec<MetricDefinition> {
    let one = |metric: Metric| {
        let definition = metric.definition();
        let basis = basis_of(cx, &definition)?;
        Some(MetricDefinition {
            metric,
            version: definition.version.into(),
            definition: definition.id(),
            description: metric.title().trim().to_owned(),
            formula: definition.formula.to_owned(),
            source: definition.source.to_owned(),
            unit: definition.unit,
            discipline: definition.discipline,
            dimensions: definition.dimensions().into_iter().filter(|dimension| may(cx, &basis, *dimension)).collect(),
            additive: metric.is_additive(),
        })
    };
    metrics_of(cx).into_iter().filter_map(one).collect()
}

/// The metrics as a page of the docs.
pub fn markdown() -> String {
    let mut page = String::new();
    for metric in Metric::ALL {
        let definition = metric.definition();
        let dimensions: Vec<String> = definition.dimensions().iter().map(|dimension| dimension.name()).collect();
        let _ = writeln!(
            page,
            "### {}\n\n{} {}.\n\n| | |\n|---|---|\n| Definition | `{}`: {} |\n| Source | {} |\n| Unit | {} |\n| Discipline | {} |\n| Told apart by | {} |\n",
            metric.code(),
            metric.title().trim(),
            if metric.is_additive() { "Parts add up to the whole" } else { "Parts do not add up to the whole" },
            definition.id(),
            definition.formula,
            definition.source,
            super::ask::enum_name(definition.unit),
            definition.discipline,
            dimensions.join(", "),
        );
    }
    page
}
