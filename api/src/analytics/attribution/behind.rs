//! Who stands behind the rows of an answer, for whoever reads no rows: what too few stand behind is hidden.

use std::collections::{BTreeMap, BTreeSet};

use numbers::{
    attribution::{Line, Report, Row, Touch, Unit},
    suppress::{self, Group, Thresholds},
};
use uuid::Uuid;

use super::{AttributionView, conversions::Converted};

/// The persons and the customers behind some conversions.
type People = (BTreeSet<Uuid>, BTreeSet<u32>, BTreeSet<Uuid>);

/// Who stands behind rows: whose conversions give them their credit.
#[derive(Default)]
pub struct Behind {
    rows: BTreeMap<Row, People>,
    all: People,
}

impl Behind {
    /// Counts a conversion with its path, as the models see it.
    pub fn add(&mut self, converted: &Converted, path: &[Touch]) {
        let rows: BTreeSet<Row> = match path.is_empty() {
            true => BTreeSet::from([Row::Unattributed]),
            false => path.iter().flat_map(|touch| [Unit::Channel.row(touch), Unit::Campaign.row(touch)]).collect(),
        };
        let into = |people: &mut People, of: &dyn Fn(&Touch) -> bool| {
            people.0.extend(converted.person);
            people.1.extend(path.iter().filter(|touch| of(touch)).map(|touch| touch.person).filter(|p| *p != u32::MAX));
            people.2.extend(converted.account);
        };
        into(&mut self.all, &|_| true);
        for row in rows {
            let on = |touch: &Touch| Unit::Channel.row(touch) == row || Unit::Campaign.row(touch) == row;
            into(self.rows.entry(row).or_default(), &on);
        }
    }

    /// Whether all of them together are too few.
    pub fn all_small(&self) -> bool {
        Thresholds::default().small(Behind::size(&self.all))
    }

    /// Persons by the one or the other way of knowing them; a row of nobody that is known is one of few.
    fn size((converted, touched, accounts): &People) -> Group {
        let contacts = converted.len().max(touched.len()) as u64;
        Group { contacts: contacts.max(u64::from(accounts.is_empty())), accounts: accounts.len() as u64 }
    }

    /// The rows behind which too few stand, and whatever would give them away beside the total.
    pub fn small(&self, report: &Report, by: AttributionView) -> BTreeSet<Row> {
        let lines = match by {
            AttributionView::Channel => &report.channels.lines,
            AttributionView::Campaign => &report.campaigns.lines,
            // Who reads no rows is shown no touch.
            AttributionView::Touch => {
                return report.touches.iter().flat_map(|table| &table.lines).map(|line| line.row).collect();
            }
        };
        // Rows that only paths without a conversion know tell of nobody who converted.
        let rows: Vec<Row> = lines.iter().map(|line| line.row).collect();
        let size = |line: &Line| match self.rows.get(&line.row) {
            Some(people) => Behind::size(people),
            None if line.credits.iter().flatten().any(|credit| credit.weight != 0) => {
                Group { contacts: 1, accounts: 0 }
            }
            None => Group::default(),
        };
        let groups: Vec<Group> = lines.iter().map(size).collect();
        let hidden = suppress::suppress(&groups, Thresholds::default(), true);
        rows.into_iter().zip(hidden).filter(|(_, hidden)| *hidden).map(|(row, _)| row).collect()
    }
}
