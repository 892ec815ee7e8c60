//! The small-group rule for a cross table, whose rows and columns both have totals.
//!
//! Whoever knows the totals of some rows and columns knows their difference: the rows' cells outside the columns less
//! the columns' cells outside the rows. Where the second part is all shown, the hidden cells of the first part become
//! known by their sum. One row alone is the simplest case. Every set of hidden cells that can be known so must reach
//! the thresholds. To find the smallest such set that holds a given cell is a problem of the minimum cut: the lines are
//! nodes, a hidden cell leads from its row to its column and carries its count, and from the column back without bound,
//! since a cut may not cross there. So the flow from the cell's row to its column says how few people the cell can be
//! singled out with, without trying all sets of lines.

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

/// Which cells and totals of a cross table are hidden, if the totals and the grand total stand beside them. If only one
/// side's totals are shown, ask [`super::suppress`] line by line, which hides less; if the grand total is small itself,
/// show nothing.
///
/// Each line obeys the rule of a single total, `shared` included; beyond one line, counts of several cells are added.
/// Work grows with the square of the number of cells at worst.
pub fn suppress_cross(table: &Table, thresholds: Thresholds) -> Hidden {
    let small = |groups: &[Group]| groups.iter().map(|group| thresholds.small(*group)).collect::<Vec<bool>>();
    let hidden = Hidden {
        cells: table.cells.iter().map(|row| small(row)).collect(),
        rows: small(&table.rows),
        columns: small(&table.columns),
    };
    let mut state = State { table, thresholds, hidden };
    state.lines();
    let mut net = state.net();
    for row in 0..table.rows.len() {
        for column in 0..table.columns.len() {
            // Hiding more only makes it harder to single a cell out, so a cell that is safe once is safe for good.
            while let Some(cut) = state.singled_out(&net, row, column) {
                if !state.blur(&cut) {
                    break;
                }
                state.lines();
                net = state.net();
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

    /// The graph of the hidden cells. Lines without a total are known by their sum only (the grand total less the
    /// totals that show): they are one line.
    fn net(&self) -> Net {
        let merge = |hidden: &[bool]| -> Vec<usize> {
            let first = hidden.iter().position(|hidden| *hidden);
            let own = |(place, hidden): (usize, &bool)| if *hidden { first.unwrap_or(place) } else { place };
            hidden.iter().enumerate().map(own).collect()
        };
        let (rows, columns) = (merge(&self.hidden.rows), merge(&self.hidden.columns));
        let mut links = vec![None; rows.len() * columns.len()];
        for (row, row_node) in rows.iter().enumerate() {
            for (column, column_node) in columns.iter().enumerate() {
                if self.is_hidden(row, column) {
                    let link: &mut Option<Group> = &mut links[row_node * columns.len() + column_node];
                    *link = Some(link.unwrap_or_default().with(self.group(row, column)));
                }
            }
        }
        Net { rows, columns, links }
    }

    /// The lines that single a small hidden cell out, alone or with too few others; `None` if none do.
    fn singled_out(&self, net: &Net, row: usize, column: usize) -> Option<Cut> {
        if !self.is_hidden(row, column) || !self.thresholds.small(self.group(row, column)) {
            return None;
        }
        net.cut(row, column, self.thresholds.contacts, |group| group.contacts)
            .or_else(|| net.cut(row, column, self.thresholds.accounts, |group| group.accounts))
    }

    /// Hides the smallest cell that makes the difference of a cut's totals tell of more people, or not computable; if
    /// there is none, because the totals alone give it away, the smallest of these totals. Says whether it found one.
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
    /// The node of each row: its own, or that of the rows that are one.
    rows: Vec<usize>,
    /// The node of each column.
    columns: Vec<usize>,
    /// What a row's node and a column's node have between them, row by row; `None` where no cell is hidden.
    links: Vec<Option<Group>>,
}

impl Net {
    /// The lines on the near side of a cut that carries less than `needed` from a row to a column; `None` if every cut
    /// carries as much.
    fn cut(&self, row: usize, column: usize, needed: u64, count: impl Fn(Group) -> u64) -> Option<Cut> {
        // Nodes are the rows, then the columns.
        let (from, to) = (self.rows[row], self.rows.len() + self.columns[column]);
        let mut flow = vec![0_i128; self.links.len()];
        let mut carried = 0;
        while carried < i128::from(needed) {
            let whence = self.search(&flow, &count, from, to);
            if whence[to].is_none() {
                let reached = |place: usize| whence[place].is_some();
                return Some(Cut {
                    rows: self.rows.iter().map(|node| reached(*node)).collect(),
                    columns: self.columns.iter().map(|node| reached(self.rows.len() + node)).collect(),
                });
            }
            let mut path = Vec::new();
            let mut node = to;
            while let Some(before) = whence[node].filter(|before| *before != node) {
                path.push((before, node));
                node = before;
            }
            // At least one link of it leads from a row to a column, so there is an end to the room.
            let room = path.iter().map(|(a, b)| self.room(&flow, &count, *a, *b)).fold(i128::MAX, Ord::min);
            for (a, b) in path {
                let (place, forward) = self.link(a, b);
                flow[place] += if forward { room } else { -room };
            }
            carried += room;
        }
        None
    }

    /// From which node each node was reached, until one was; the first from itself.
    fn search(&self, flow: &[i128], count: impl Fn(Group) -> u64, from: usize, to: usize) -> Vec<Option<usize>> {
        let mut whence: Vec<Option<usize>> = vec![None; self.rows.len() + self.columns.len()];
        let mut ahead = vec![from];
        whence[from] = Some(from);
        while let Some(node) = ahead.pop().filter(|_| whence[to].is_none()) {
            let others = if node < self.rows.len() { self.rows.len()..whence.len() } else { 0..self.rows.len() };
            for other in others {
                if whence[other].is_none() && self.room(flow, &count, node, other) > 0 {
                    whence[other] = Some(node);
                    ahead.push(other);
                }
            }
        }
        whence
    }

    /// The place of the link between two nodes, and whether it leads from row to column.
    fn link(&self, from: usize, to: usize) -> (usize, bool) {
        let forward = from < self.rows.len();
        let (row, column) = if forward { (from, to) } else { (to, from) };
        (row * self.columns.len() + column - self.rows.len(), forward)
    }

    /// How much more can go from one node to another.
    fn room(&self, flow: &[i128], count: impl Fn(Group) -> u64, from: usize, to: usize) -> i128 {
        let (place, forward) = self.link(from, to);
        match self.links[place] {
            None => 0,
            Some(group) if forward => i128::from(count(group)) - flow[place],
            Some(_) => i128::MAX,
        }
    }
}
