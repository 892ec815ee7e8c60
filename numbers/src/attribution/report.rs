//! The answer: rows by channel, campaign and touch, the models side by side.

use std::collections::BTreeMap;

use super::{Model, Row, Solution, TooManyStates};

/// What a row gets under one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// Value in minor units. Over the rows of an additive model it adds up to the value of the conversions.
    pub value_minor: i128,
    /// Counted credit in billionths of a conversion ([`WHOLE`](crate::credit::WHOLE)). Over the rows of an additive model it
    /// adds up to the number of conversions.
    pub weight: i128,
}

/// The lowest and the highest that the additive models say of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The lowest.
    pub lowest: i128,
    /// The highest.
    pub highest: i128,
}

impl Spread {
    /// How far the models lie apart.
    pub fn spread(&self) -> i128 {
        self.highest - self.lowest
    }

    fn over(figures: impl Iterator<Item = i128>) -> Option<Self> {
        figures.fold(None, |spread, figure| {
            let Self { lowest, highest } = spread.unwrap_or(Self { lowest: figure, highest: figure });
            Some(Self { lowest: lowest.min(figure), highest: highest.max(figure) })
        })
    }
}

/// One row with all models side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the row stands for.
    pub row: Row,
    /// Converting paths on which it stands, with or without credit; for `UNATTRIBUTED`, conversions without an eligible touch.
    pub paths: u64,
    /// Paths that did not convert on which it stands. Spend on such a row stays in the total (4.4).
    pub null_paths: u64,
    /// Credit by model, in the order of [`Report::models`]. `None` where the model has no answer: `MARKOV` by touch, or when its
    /// chain has too many states.
    pub credits: Vec<Option<Credit>>,
    /// How far the additive models lie apart in value. `None` if none of them answers.
    pub value: Option<Spread>,
    /// How far the additive models lie apart in counted credit.
    pub weight: Option<Spread>,
}

impl Line {
    pub(super) fn new(row: Row, paths: u64, null_paths: u64, credits: Vec<Option<Credit>>, models: &[Model]) -> Self {
        let additive = || {
            let pairs = credits.iter().zip(models);
            pairs.filter(|(_, model)| model.additive()).filter_map(|(credit, _)| *credit)
        };
        let value = Spread::over(additive().map(|credit| credit.value_minor));
        let weight = Spread::over(additive().map(|credit| credit.weight));
        Self { row, paths, null_paths, credits, value, weight }
    }
}

/// All rows of one view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The rows, sorted.
    pub lines: Vec<Line>,
    /// The solutions behind the `MARKOV` columns, by place in [`Report::models`]: removal effects and warnings.
    pub markov: BTreeMap<usize, Result<Solution<Row>, TooManyStates>>,
}

impl Table {
    /// The line of a row, if it has one.
    pub fn line(&self, row: Row) -> Option<&Line> {
        self.lines.binary_search_by_key(&row, |line| line.row).ok().map(|place| &self.lines[place])
    }
}

/// What an [`Attribution`](super::Attribution) has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The models, in the order of every [`Line::credits`].
    pub models: Vec<Model>,
    /// How many conversions there were.
    pub conversions: u64,
    /// Their value in minor units. It, and not the sum of the rows, is the total of a model that is not additive.
    pub value_minor: i128,
    /// Rows by channel.
    pub channels: Table,
    /// Rows by campaign.
    pub campaigns: Table,
    /// Rows by touch, if they were asked for.
    pub touches: Option<Table>,
}
