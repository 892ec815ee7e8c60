//! The small-group rule for a cross table, whose rows and columns both have totals.
//!
//! Whoever knows the totals of some rows and columns knows their difference: the rows' cells outside the columns less the columns'
//! cells outside the rows. Where the second part is all shown, the hidden cells of the first part become known by their sum.
//! One row alone is the simplest case. Every set of hidden cells that can be known so must reach the thresholds. To find the
//! smallest such set that holds a given cell is a problem of the minimum cut: the lines are nodes, a hidden cell leads from its row
//! to its column and carries its count, and from the column back without bound, since a cut may not cross there. So the flow from
//! the cell's row to its column says how few people the cell can be singled out with, without trying all sets of lines.

use super::{Group, Thresholds, protect};

/// A cross table by the sizes of its groups. Counts are distinct, so a total may be less than the sum of its cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The cells, row by row, each row of equal length.
    pub cells: Vec<Vec<Group>>,
    /// The total of each row.
    pub rows: Vec<Group>,
    /// The total of each column.
    pub columns: Vec<Group>,
}

/// What of a cross table is hidden, in the shape of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// The cells.
    pub cells: Vec<Vec<bool>>,
    /// The totals of the rows. With a total, all its cells that are not empty are hidden.
    pub rows: Vec<bool>,
    /// The totals of the columns, likewise.
    pub columns: Vec<bool>,
}

/// Which cells and totals of a cross table are hidden, if the totals and the grand total stand beside them. If only one side's totals
/// are shown, ask [`super::suppress`] line by line, which hides less; if the grand total is small itself, show nothing.
///
/// Each line obeys the rule of a single total, `shared` included; beyond one line, counts of several cells are added. Work grows with
/// the square of the number of cells at worst.
pub fn suppress_cross(table: &Table, thresholds: Thresholds) -> Hidden {
    let small = |groups: &[Group]| groups.iter().map(|group| thresholds.small(*group)).collect::<Vec<bool>>();
    let hidden = Hidden {
        cells: table.cells.iter().map(|row| small(row)).collect(),
        rows: small(&table.rows),
        columns: small(&table.columns),
    };
    let mut state = State { table, thresholds, hidden };
    state.lines();
    for row in 0..table.rows.len() {
        for column in 0..table.columns.len() {
            // Hiding more only makes it harder to single a cell out, so a cell that is safe once is safe for good.
            while let Some(cut) = state.singled_out(row, column) {
                if !state.blur(&cut) {
                    break;
                }
                state.lines();
            }
        }
    }
    state.hidden
}

/// The rows and columns whose totals, subtracted, single a few people out.
struct Cut {
    rows: Vec<bool>,
    columns: Vec<bool>,
}

struct State<'a> {
    table: &'a Table,
    thresholds: Thresholds,
    hidden: Hidden,
}

impl State<'_> {
    fn group(&self, row: usize, column: usize) -> Group {
        self.table.cells.get(row).and_then(|cells| cells.get(column)).copied().unwrap_or_default()
    }

    fn is_hidden(&self, row: usize, column: usize) -> bool {
        self.hidden.cells.get(row).and_then(|cells| cells.get(column)).copied().unwrap_or_default()
    }

    fn hide(&mut self, row: usize, column: usize) {
        let filled = !self.group(row, column).is_empty();
        if let Some(cell) = self.hidden.cells.get_mut(row).and_then(|cells| cells.get_mut(column)) {
            *cell |= filled;
        }
    }

    /// The rule of a single total for each line and for the totals themselves, until none hides more.
    fn lines(&mut self) {
        let (rows, columns) = (self.table.rows.len(), self.table.columns.len());
        loop {
            let mut more = protect(&self.table.rows, &mut self.hidden.rows, self.thresholds);
            more |= protect(&self.table.columns, &mut self.hidden.columns, self.thresholds);
            for row in 0..rows {
                for column in 0..columns {
                    if self.hidden.rows[row] || self.hidden.columns[column] {
                        self.hide(row, column);
                    }
                }
            }
            for row in (0..rows).filter(|row| !self.hidden.rows[*row]).collect::<Vec<_>>() {
                more |= self.line((0..columns).map(|column| (row, column)).collect());
            }
            for column in (0..columns).filter(|column| !self.hidden.columns[*column]).collect::<Vec<_>>() {
                more |= self.line((0..rows).map(|row| (row, column)).collect());
            }
            if !more {
                return;
            }
        }
    }

    fn line(&mut self, places: Vec<(usize, usize)>) -> bool {
        let groups: Vec<Group> = places.iter().map(|(row, column)| self.group(*row, *column)).collect();
        let mut hidden: Vec<bool> = places.iter().map(|(row, column)| self.is_hidden(*row, *column)).collect();
        let more = protect(&groups, &mut hidden, self.thresholds);
        for ((row, column), _) in places.into_iter().zip(hidden).filter(|(_, hidden)| *hidden) {
            self.hide(row, column);
        }
        more
    }

    /// The lines that single a small hidden cell out, alone or with too few others; `None` if none do.
    fn singled_out(&self, row: usize, column: usize) -> Option<Cut> {
        if !self.is_hidden(row, column) || !self.thresholds.small(self.group(row, column)) {
            return None;
        }
        // Lines without a total are known by their sum only (the grand total less the totals that show): they are one line.
        let merge = |hidden: &[bool]| -> Vec<usize> {
            let first = hidden.iter().position(|hidden| *hidden);
            let own = |(place, hidden): (usize, &bool)| if *hidden { first.unwrap_or(place) } else { place };
            hidden.iter().enumerate().map(own).collect()
        };
        let (rows, columns) = (merge(&self.hidden.rows), merge(&self.hidden.columns));
        let mut net = Net::new(rows.len(), columns.len());
        for (from, row_node) in rows.iter().enumerate() {
            for (to, column_node) in columns.iter().enumerate() {
                if self.is_hidden(from, to) {
                    net.link(*row_node, *column_node, self.group(from, to));
                }
            }
        }
        let ends = (rows[row], columns[column]);
        let cut = net
            .cut(ends, self.thresholds.contacts, |group| group.contacts)
            .or_else(|| net.cut(ends, self.thresholds.accounts, |group| group.accounts))?;
        Some(Cut {
            rows: rows.iter().map(|node| cut.rows[*node]).collect(),
            columns: columns.iter().map(|node| cut.columns[*node]).collect(),
        })
    }

    /// Hides the smallest cell that makes the difference of a cut's totals tell of more people, or not computable; if there is none,
    /// because the totals alone give it away, the smallest of these totals. Says whether it found one.
    fn blur(&mut self, cut: &Cut) -> bool {
        let places = cut.rows.iter().enumerate().flat_map(|(row, inside)| {
            cut.columns
                .iter()
                .enumerate()
                .filter(move |(_, other)| *other != inside)
                .map(move |(column, _)| (row, column))
        });
        let shown =
            places.filter(|(row, column)| !self.is_hidden(*row, *column) && !self.group(*row, *column).is_empty());
        if let Some((row, column)) = shown.min_by_key(|(row, column)| (self.group(*row, *column), *row, *column)) {
            self.hide(row, column);
            return true;
        }
        // Only two lines that become one, from either side of the cut, can help.
        let smallest = |totals: &[Group], inside: &[bool], hidden: &[bool]| {
            let merged = hidden.iter().position(|hidden| *hidden).map(|place| inside[place]);
            let places = (0..totals.len()).filter(|place| !hidden[*place] && !totals[*place].is_empty());
            let near: Vec<usize> = places.clone().filter(|place| inside[*place]).collect();
            let far: Vec<usize> = places.filter(|place| !inside[*place]).collect();
            let helpful = match merged {
                Some(true) => far,
                Some(false) => near,
                None if near.is_empty() || far.is_empty() => vec![],
                None => [near, far].concat(),
            };
            helpful.into_iter().map(|place| (totals[place], place)).min()
        };
        let row = smallest(&self.table.rows, &cut.rows, &self.hidden.rows);
        let column = smallest(&self.table.columns, &cut.columns, &self.hidden.columns);
        match (row, column) {
            (None, None) => return false,
            (Some((_, row)), None) => self.hidden.rows[row] = true,
            (None, Some((_, column))) => self.hidden.columns[column] = true,
            (Some((row_total, _)), Some((total, column))) if total < row_total => self.hidden.columns[column] = true,
            (Some((_, row)), Some(_)) => self.hidden.rows[row] = true,
        }
        true
    }
}

/// The graph of the hidden cells.
struct Net {
    columns: usize,
    rows: usize,
    /// What a row's node and a column's node have between them, row by row; `None` where no cell is hidden.
    links: Vec<Option<Group>>,
}

impl Net {
    fn new(rows: usize, columns: usize) -> Self {
        Net { columns, rows, links: vec![None; rows * columns] }
    }

    fn link(&mut self, row: usize, column: usize, group: Group) {
        let link = &mut self.links[row * self.columns + column];
        *link = Some(link.unwrap_or_default().with(group));
    }

    /// The nodes on the near side of a cut that carries less than `needed`; `None` if every cut carries as much.
    fn cut(&self, (from, to): (usize, usize), needed: u64, count: impl Fn(Group) -> u64) -> Option<Cut> {
        let mut flow = vec![0_i128; self.links.len()];
        let mut carried = 0;
        while carried < i128::from(needed) {
            // Nodes are the rows, then the columns; each remembers whence it was reached.
            let mut whence: Vec<Option<usize>> = vec![None; self.rows + self.columns];
            let mut queue = vec![from];
            whence[from] = Some(from);
            while let Some(node) = queue.pop() {
                for other in if node < self.rows { self.rows..whence.len() } else { 0..self.rows } {
                    if whence[other].is_none() && self.room(&flow, &count, node, other) > 0 {
                        whence[other] = Some(node);
                        queue.push(other);
                    }
                }
            }
            let end = self.rows + to;
            if whence[end].is_none() {
                let mut reached = whence.iter().map(Option::is_some);
                let rows = reached.by_ref().take(self.rows).collect();
                return Some(Cut { rows, columns: reached.collect() });
            }
            let mut path = Vec::new();
            let mut node = end;
            while let Some(before) = whence[node].filter(|before| *before != node) {
                path.push((before, node));
                node = before;
            }
            let missing = i128::from(needed) - carried;
            let room = path.iter().map(|(a, b)| self.room(&flow, &count, *a, *b)).fold(missing, Ord::min);
            for (a, b) in path {
                if a < self.rows {
                    flow[a * self.columns + b - self.rows] += room;
                } else {
                    flow[b * self.columns + a - self.rows] -= room;
                }
            }
            carried += room;
        }
        None
    }

    /// How much more can go from one node to another.
    fn room(&self, flow: &[i128], count: impl Fn(Group) -> u64, from: usize, to: usize) -> i128 {
        let forward = from < self.rows;
        let (row, column) = if forward { (from, to - self.rows) } else { (to, from - self.rows) };
        let place = row * self.columns + column;
        match self.links[place] {
            None => 0,
            Some(group) if forward => i128::from(count(group)) - flow[place],
            Some(_) => i128::MAX,
        }
    }
}
