//! The rows of one view while conversions stream in.

use std::collections::{BTreeMap, HashMap};

use super::{Basis, Credit, Line, Markov, Model, Outcome, Row, Table, Touch, Unit};
use crate::credit::WHOLE;

/// One cell a distinct row and model, and one chain a `MARKOV` column. By touch there is no chain: no touch comes twice, so
/// nothing could be learned.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    view: Unit,
    columns: usize,
    places: HashMap<Row, usize>,
    cells: Vec<Cell>,
    chains: Vec<Column>,
    /// The path at hand: its rows, the place of each, and each place once.
    rows: Vec<Row>,
    at: Vec<usize>,
    distinct: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Cell {
    paths: u64,
    null_paths: u64,
    credits: Box<[Credit]>,
    /// Whether the row has been met on the path at hand.
    met: bool,
}

#[derive(Clone, Debug)]
struct Column {
    column: usize,
    basis: Basis,
    chain: Markov<Row>,
}

impl Ledger {
    pub(super) fn new(view: Unit, models: &[Model], max_states: usize) -> Self {
        let chain = |(column, model): (usize, &Model)| {
            let Model::Markov { order, basis } = *model else { return None };
            let chain = Markov::new(order, Vec::new()).max_states(max_states);
            (view != Unit::Touch).then_some(Column { column, basis, chain })
        };
        Self {
            view,
            columns: models.len(),
            places: HashMap::new(),
            cells: Vec::new(),
            chains: models.iter().enumerate().filter_map(chain).collect(),
            rows: Vec::new(),
            at: Vec::new(),
            distinct: Vec::new(),
        }
    }

    /// What the rows are.
    pub(super) fn unit(&self) -> Unit {
        self.view
    }

    fn place(&mut self, row: Row) -> usize {
        *self.places.entry(row).or_insert_with(|| {
            let credits = vec![Credit::default(); self.columns].into_boxed_slice();
            self.cells.push(Cell { paths: 0, null_paths: 0, credits, met: false });
            self.cells.len() - 1
        })
    }

    /// Counts a path, and looks up its rows once for all models.
    pub(super) fn enter(&mut self, path: &[Touch], outcome: Outcome, count: u64) {
        let converting = outcome != Outcome::Null;
        self.rows.clear();
        self.at.clear();
        self.distinct.clear();
        // Touches that led to nothing have no credit to show, and there may be many more of them than of the others.
        if converting || self.view != Unit::Touch {
            self.rows.extend(path.iter().map(|touch| self.view.row(touch)));
        }
        if path.is_empty() && converting {
            let unattributed = self.place(Row::Unattributed);
            self.cells[unattributed].paths += count;
        }
        for index in 0..self.rows.len() {
            let place = self.place(self.rows[index]);
            self.at.push(place);
            if !std::mem::replace(&mut self.cells[place].met, true) {
                self.distinct.push(place);
            }
        }
        for &place in &self.distinct {
            let Cell { paths, null_paths, credits: _, met } = &mut self.cells[place];
            *met = false;
            *(if converting { paths } else { null_paths }) += count;
        }
        for Column { column: _, basis: _, chain } in &mut self.chains {
            chain.add_path(&self.rows, outcome, count);
        }
    }

    /// Gives each touch of the path at hand its part.
    pub(super) fn share(&mut self, column: usize, values: &[i64], counts: &[i64]) {
        for ((&place, &value), &count) in self.at.iter().zip(values).zip(counts) {
            self.cells[place].credits[column].add(value, count);
        }
    }

    /// Gives a whole conversion to one row.
    pub(super) fn give(&mut self, row: Row, column: usize, value: i64) {
        let place = self.place(row);
        self.cells[place].credits[column].add(value, WHOLE);
    }

    /// Gives a whole conversion to each row of the path at hand.
    pub(super) fn give_each(&mut self, column: usize, value: i64) {
        for &place in &self.distinct {
            self.cells[place].credits[column].add(value, WHOLE);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (&row, &theirs) in &other.places {
            let (ours, theirs) = (self.place(row), &other.cells[theirs]);
            let ours = &mut self.cells[ours];
            ours.paths += theirs.paths;
            ours.null_paths += theirs.null_paths;
            for (ours, theirs) in ours.credits.iter_mut().zip(&theirs.credits) {
                ours.value_minor += theirs.value_minor;
                ours.weight += theirs.weight;
            }
        }
        for (ours, theirs) in self.chains.iter_mut().zip(&other.chains) {
            ours.chain.merge(&theirs.chain);
        }
    }

    pub(super) fn table(&self, models: &[Model]) -> Table {
        let solve = |Column { column, basis, chain }: &Column| (*column, chain.solve(*basis));
        let markov: BTreeMap<_, _> = self.chains.iter().map(solve).collect();
        let mut rows: Vec<(Row, usize)> = self.places.iter().map(|(&row, &place)| (row, place)).collect();
        rows.sort_unstable();
        let line = |(row, place): (Row, usize)| {
            let Cell { paths, null_paths, credits, met: _ } = &self.cells[place];
            let credit = |(column, model): (usize, &Model)| {
                if !matches!(model, Model::Markov { .. }) {
                    return Some(credits[column]);
                }
                let solution = markov.get(&column)?.as_ref().ok()?;
                Some(match row {
                    Row::Unattributed => solution.unattributed,
                    Row::Channel(_) | Row::Campaign(_) | Row::NoCampaign | Row::Touch(_) => {
                        solution.effects.get(&row).map(|effect| effect.credit).unwrap_or_default()
                    }
                })
            };
            Line::new(row, *paths, *null_paths, models.iter().enumerate().map(credit).collect(), models)
        };
        Table { lines: rows.into_iter().map(line).collect(), markov }
    }
}

impl Credit {
    fn add(&mut self, value_minor: i64, weight: i64) {
        self.value_minor += i128::from(value_minor);
        self.weight += i128::from(weight);
    }
}
