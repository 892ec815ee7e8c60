use numbers::suppress::{Group, Hidden, Table, Thresholds, suppress, suppress_cross};
use proptest::prelude::*;
use rstest::rstest;

fn group(contacts: u64, accounts: u64) -> Group {
    Group { contacts, accounts }
}

const APART: Thresholds = Thresholds { contacts: 5, accounts: 2, shared: false };
const SHARED: Thresholds = Thresholds { shared: true, ..APART };

#[rstest]
// Large enough: nothing is hidden.
#[case(&[(5, 2), (9, 9)], APART, "..")]
// Too few contacts, too few accounts, no contact at all: hidden, and with the total beside it the smallest neighbour as
// well.
#[case(&[(4, 2), (9, 9), (7, 3)], APART, "#.#")]
#[case(&[(9, 9), (50, 1), (7, 3)], APART, ".##")]
#[case(&[(0, 3), (9, 9), (7, 3)], APART, "#.#")]
#[case(&[(3, 0), (9, 9), (7, 3)], APART, "#.#")]
// Two small ones are enough for each other if nobody is in both …
#[case(&[(4, 1), (1, 1), (7, 3)], APART, "##.")]
// … but not if somebody may be, or if they are too small together.
#[case(&[(4, 1), (1, 1), (7, 3), (8, 3)], SHARED, "###.")]
#[case(&[(2, 1), (2, 1), (7, 3), (8, 3)], APART, "###.")]
// An empty group is shown and protects nobody.
#[case(&[(4, 1), (0, 0), (7, 3)], APART, "#.#")]
#[case(&[(4, 1), (0, 0)], APART, "#.")]
#[case(&[(0, 0), (0, 0)], APART, "..")]
// Neighbours of one size: the earlier.
#[case(&[(8, 3), (7, 3), (7, 3), (1, 1)], APART, ".#.#")]
// As large in contacts: the one with fewer accounts.
#[case(&[(7, 4), (7, 3), (1, 1)], APART, ".##")]
#[case(&[], APART, "")]
fn a_small_group_is_hidden_and_its_smallest_neighbour(
    #[case] groups: &[(u64, u64)],
    #[case] thresholds: Thresholds,
    #[case] want: &str,
) {
    let groups: Vec<Group> = groups.iter().map(|(contacts, accounts)| group(*contacts, *accounts)).collect();
    let shown: String =
        suppress(&groups, thresholds, true).iter().map(|hidden| if *hidden { '#' } else { '.' }).collect();
    assert_eq!(shown, want);
}

#[test]
fn without_a_total_only_the_small_are_hidden() {
    let groups = [group(4, 2), group(9, 9), group(7, 3), group(0, 0)];
    assert_eq!(suppress(&groups, APART, false), [true, false, false, false]);
    assert_eq!(Thresholds::default(), SHARED);
    assert!(APART.small(group(4, 9)) && APART.small(group(9, 1)));
    assert!(!APART.small(group(5, 2)) && !APART.small(group(0, 0)));
}

/// A table whose totals are the sums of its cells.
fn table(cells: &[&[(u64, u64)]]) -> Table {
    let cells: Vec<Vec<Group>> =
        cells.iter().map(|row| row.iter().map(|(contacts, accounts)| group(*contacts, *accounts)).collect()).collect();
    let sum = |groups: Vec<Group>| {
        group(groups.iter().map(|group| group.contacts).sum(), groups.iter().map(|group| group.accounts).sum())
    };
    let width = cells.first().map_or(0, Vec::len);
    Table {
        rows: cells.iter().map(|row| sum(row.clone())).collect(),
        columns: (0..width).map(|column| sum(cells.iter().map(|row| row[column]).collect())).collect(),
        cells,
    }
}

fn picture(hidden: &Hidden) -> Vec<String> {
    let line = |line: &[bool]| line.iter().map(|hidden| if *hidden { '#' } else { '.' }).collect::<String>();
    let mut lines: Vec<String> =
        hidden.cells.iter().zip(&hidden.rows).map(|(cells, total)| line(cells) + " " + &line(&[*total])).collect();
    lines.push(line(&hidden.columns));
    lines
}

#[test]
fn one_small_cell_of_a_cross_table_hides_a_rectangle() {
    let table = table(&[&[(3, 1), (20, 9), (30, 9)], &[(10, 5), (11, 5), (40, 9)], &[(50, 9), (60, 9), (70, 9)]]);
    // The smallest neighbour in the row, the smallest in the column; the fourth corner, or the first would be the
    // column's total less the others.
    assert_eq!(picture(&suppress_cross(&table, APART)), ["##. .", "##. .", "... .", "..."]);
    assert_eq!(picture(&suppress_cross(&table, SHARED)), ["##. .", "##. .", "... .", "..."]);
}

#[test]
fn nothing_small_hides_nothing() {
    let table = table(&[&[(5, 2), (20, 9)], &[(0, 0), (11, 5)]]);
    assert_eq!(picture(&suppress_cross(&table, APART)), [".. .", ".. .", ".."]);
    assert_eq!(suppress_cross(&Table::default(), APART), Hidden::default());
}

#[test]
fn two_rectangles_do_not_leave_a_bridge() {
    // Two rectangles of small cells, and one small cell between them: each line hides enough, but the totals of the
    // first rectangle's rows less those of its columns are that one cell.
    let small = (3, 1);
    let large = (50, 9);
    let table = table(&[
        &[small, small, large, large],
        &[small, small, (4, 1), large],
        &[large, large, small, small],
        &[large, large, small, small],
    ]);
    let hidden = suppress_cross(&table, APART);
    assert!(hidden.cells[1][2]);
    let outside = |row: usize, column: usize| (row < 2) != (column < 2) && hidden.cells[row][column];
    let count = (0..4).flat_map(|row| (0..4).map(move |column| (row, column))).filter(|(r, c)| outside(*r, *c)).count();
    assert_eq!(count, 2, "{:?}", picture(&hidden));
    assert_eq!(hidden.rows, [false; 4]);
    assert_eq!(hidden.columns, [false; 4]);
}

#[test]
fn a_small_total_takes_its_line_and_a_neighbour_with_it() {
    let table = table(&[&[(2, 1), (1, 1)], &[(20, 9), (30, 9)], &[(40, 9), (50, 9)]]);
    assert_eq!(picture(&suppress_cross(&table, APART)), ["## #", "## #", ".. .", ".."]);
}

/// Whether the sum of some unknown cells follows from linear equations: rank does not grow with it. Counted modulo a
/// prime, which for zeros and ones of so few lines is exact enough.
fn follows(equations: &[Vec<u64>], sum: &[u64]) -> bool {
    const PRIME: u64 = 1_000_003;
    let power = |mut base: u64, mut exponent: u64| {
        let mut result = 1;
        while exponent > 0 {
            if exponent % 2 == 1 {
                result = result * base % PRIME;
            }
            base = base * base % PRIME;
            exponent /= 2;
        }
        result
    };
    let rank = |mut lines: Vec<Vec<u64>>| {
        let mut done = 0;
        for column in 0..sum.len() {
            let Some(pivot) = (done..lines.len()).find(|line| lines[*line][column] != 0) else { continue };
            lines.swap(done, pivot);
            let inverse = power(lines[done][column], PRIME - 2);
            for other in done + 1..lines.len() {
                let factor = lines[other][column] * inverse % PRIME;
                let pivot = lines[done].clone();
                for (value, pivot) in lines[other].iter_mut().zip(pivot) {
                    *value = (*value + (PRIME - factor) * pivot) % PRIME;
                }
            }
            done += 1;
        }
        done
    };
    let mut with = equations.to_vec();
    with.push(sum.to_vec());
    rank(equations.to_vec()) == rank(with)
}

/// What a reader can compute: every set of hidden cells whose sum follows from the totals and cells that are shown.
fn computable(table: &Table, hidden: &Hidden) -> Vec<Vec<(usize, usize)>> {
    let (rows, columns) = (table.rows.len(), table.columns.len());
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let unknown: Vec<(usize, usize)> = places.filter(|(row, column)| hidden.cells[*row][*column]).collect();
    let sum = |belongs: &dyn Fn(usize, usize) -> bool| -> Vec<u64> {
        unknown.iter().map(|(row, column)| u64::from(belongs(*row, *column))).collect()
    };
    let mut equations = vec![sum(&|_, _| true)];
    equations.extend((0..rows).filter(|row| !hidden.rows[*row]).map(|line| sum(&|row, _| row == line)));
    equations
        .extend((0..columns).filter(|column| !hidden.columns[*column]).map(|line| sum(&|_, column| column == line)));
    let sets = (1_u32..1 << unknown.len())
        .map(|set| -> Vec<usize> { (0..unknown.len()).filter(|place| set >> place & 1 == 1).collect() });
    sets.filter(|set| {
        follows(&equations, &(0..unknown.len()).map(|place| u64::from(set.contains(&place))).collect::<Vec<_>>())
    })
    .map(|set| set.into_iter().map(|place| unknown[place]).collect())
    .collect()
}

fn some_group() -> impl Strategy<Value = Group> {
    prop_oneof![
        2 => Just(group(0, 0)),
        3 => (1_u64..5, 1_u64..3).prop_map(|(contacts, accounts)| group(contacts, accounts)),
        5 => (5_u64..30, 2_u64..9).prop_map(|(contacts, accounts)| group(contacts, accounts)),
    ]
}

proptest! {
    #[test]
    fn the_total_less_what_is_shown_is_no_small_group(
        groups in prop::collection::vec(some_group(), 0..9),
        shared: bool,
    ) {
        let thresholds = Thresholds { shared, ..APART };
        let hidden = suppress(&groups, thresholds, true);
        let behind: Vec<Group> =
            groups.iter().zip(&hidden).filter(|(_, hidden)| **hidden).map(|(group, _)| *group).collect();
        let shown: Vec<Group> =
            groups.iter().zip(&hidden).filter(|(_, hidden)| !**hidden).map(|(group, _)| *group).collect();
        prop_assert!(!shown.iter().any(|group| APART.small(*group)));
        prop_assert!(!behind.iter().any(|group| group.is_empty()));
        if !behind.is_empty() && shown.iter().any(|group| !group.is_empty()) {
            prop_assert!(behind.len() > 1);
            let people = |of: fn(&Group) -> u64| match shared {
                true => behind.iter().map(of).max().unwrap(),
                false => behind.iter().map(of).sum(),
            };
            prop_assert!(people(|group| group.contacts) >= 5 && people(|group| group.accounts) >= 2);
        }
        // No more than needed: at most one that is large enough is hidden, and none without a small one.
        let large = behind.iter().filter(|group| !APART.small(**group)).count();
        prop_assert!(large <= 1 && (large == 0 || behind.len() > large));
        // The rule looks at sizes only, so with distinct sizes the order of groups does not matter.
        let mut sizes = groups.clone();
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.len() == groups.len() {
            let turned: Vec<Group> = groups.iter().rev().copied().collect();
            let mut again = suppress(&turned, thresholds, true);
            again.reverse();
            prop_assert_eq!(again, hidden);
        }
    }

    #[test]
    fn no_totals_of_a_cross_table_single_few_people_out(
        cells in (1_usize..5, 1_usize..4).prop_flat_map(|(rows, columns)| {
            prop::collection::vec(prop::collection::vec(some_group(), columns), rows)
        }),
        shared: bool,
    ) {
        let cells: Vec<Vec<(u64, u64)>> =
            cells.iter().map(|row| row.iter().map(|group| (group.contacts, group.accounts)).collect()).collect();
        let table = table(&cells.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let thresholds = Thresholds { shared, ..APART };
        let hidden = suppress_cross(&table, thresholds);
        for (row, cells) in table.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                prop_assert!(!APART.small(*cell) || hidden.cells[row][column]);
                prop_assert!(!cell.is_empty() || !hidden.cells[row][column]);
                let line = hidden.rows[row] || hidden.columns[column];
                prop_assert!(!line || cell.is_empty() || hidden.cells[row][column]);
            }
        }
        for (total, hidden) in table.rows.iter().zip(&hidden.rows).chain(table.columns.iter().zip(&hidden.columns)) {
            prop_assert!(!APART.small(*total) || *hidden);
        }
        // Where people may be counted twice, a line's remainder must hold a group that is large by itself.
        let line = |total: bool, groups: Vec<(Group, bool)>| {
            let hidden = groups.iter().any(|(_, hidden)| *hidden) && !total;
            let vouched = groups.iter().any(|(group, hidden)| *hidden && !APART.small(*group) && !group.is_empty());
            let whole = groups.iter().all(|(group, hidden)| *hidden || group.is_empty());
            !shared || !hidden || vouched || whole
        };
        for (row, cells) in table.cells.iter().enumerate() {
            prop_assert!(line(hidden.rows[row], cells.iter().copied().zip(hidden.cells[row].clone()).collect()));
        }
        for column in 0..table.columns.len() {
            let cells = (0..table.rows.len()).map(|row| (table.cells[row][column], hidden.cells[row][column]));
            prop_assert!(line(hidden.columns[column], cells.collect()));
        }
        prop_assert!(line(false, table.rows.iter().copied().zip(hidden.rows.clone()).collect()));
        prop_assert!(line(false, table.columns.iter().copied().zip(hidden.columns.clone()).collect()));
        let all: u64 = table.rows.iter().map(|total| total.contacts).sum();
        let accounts: u64 = table.rows.iter().map(|total| total.accounts).sum();
        if all < 5 || accounts < 2 {
            return Ok(());
        }
        for set in computable(&table, &hidden) {
            let sum =
                |of: fn(Group) -> u64| set.iter().map(|(row, column)| of(table.cells[*row][*column])).sum::<u64>();
            prop_assert!(
                sum(|group| group.contacts) >= 5 && sum(|group| group.accounts) >= 2,
                "{:?} of {:?} in {:?}",
                set,
                table,
                picture(&hidden)
            );
        }
    }
}
