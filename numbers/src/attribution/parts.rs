//! One conversion at a time: who gets which part of it under a model, touch by touch. What an [`Attribution`](super::Attribution) adds
//! up, taken apart again, so that a figure can be explained by its rows and handed out row by row.

use super::{
    Conversion, LeftOut, Model, Options, Path, Row, Touch, Transform, Unit,
    accumulator::primary,
    weights::{Claim, Reached, claim},
};
use crate::credit::{WHOLE, split_into};

/// What one touch gets of one conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The row of the view that it counts to.
    pub row: Row,
    /// The touch, and its place on the path from 1. `None` where no touch gets it: `UNATTRIBUTED`, or the campaign in the deal's
    /// own field without a touch of it on the path.
    pub touch: Option<(usize, Touch)>,
    /// Value in minor units.
    pub value_minor: i64,
    /// Counted credit in billionths of the conversion.
    pub weight: i64,
}

/// Takes conversions apart. It knows no sum: summed by row, its parts are the lines of an [`Attribution`](super::Attribution) that
/// was made with the same arguments (all models but `MARKOV`, which has no answer for one conversion).
#[derive(Clone, Debug)]
pub struct Parting {
    unit: Unit,
    transforms: Vec<Transform<Row>>,
    options: Options,
    path: Path,
    weights: Vec<u64>,
    values: Vec<i64>,
    counts: Vec<i64>,
}

impl Parting {
    /// Transforms are applied in their order, alike being what `unit` says.
    pub fn new(unit: Unit, transforms: Vec<Transform<Row>>, options: Options) -> Self {
        let (path, weights, values, counts) = Default::default();
        Self { unit, transforms, options, path, weights, values, counts }
    }

    /// Lays out the path of a conversion; its parts are asked for next. Gives the touches of it that do not count.
    pub fn path(&mut self, conversion: &Conversion, touches: impl IntoIterator<Item = Touch>) -> LeftOut {
        self.path.build(conversion.at, touches, &self.options, self.unit, &self.transforms);
        self.path.left_out()
    }

    /// The eligible touches of the path at hand, first to last.
    pub fn touches(&self) -> &[Touch] {
        self.path.touches()
    }

    /// Hands over the parts of the conversion whose path was laid out, in the order of the path, as a view shows them. A touch that
    /// gets nothing has no part.
    pub fn parts(&mut self, conversion: &Conversion, model: &Model, view: Unit, mut each: impl FnMut(Part)) {
        let Self { path, weights, values, counts, .. } = self;
        let path = path.touches();
        let value = conversion.value_minor;
        let claim = claim(model, path, &Reached::on(path, conversion), weights);
        match claim {
            Claim::Shared => {
                split_into(value, weights, values);
                split_into(WHOLE, weights, counts);
                for (place, touch) in path.iter().enumerate() {
                    let (value_minor, weight) = (values[place], counts[place]);
                    if value_minor != 0 || weight != 0 {
                        each(Part { row: view.row(touch), touch: Some((place + 1, *touch)), value_minor, weight });
                    }
                }
            }
            Claim::PrimaryCampaign => {
                let campaign = conversion.primary_campaign;
                let place = path.iter().rposition(|touch| campaign.is_some() && touch.campaign == campaign);
                let touch = place.map(|place| (place + 1, path[place]));
                each(Part { row: primary(view, conversion, path), touch, value_minor: value, weight: WHOLE });
            }
            Claim::Everyone => {
                for (place, touch) in path.iter().enumerate() {
                    let row = view.row(touch);
                    // Once a conversion and row.
                    if !path[..place].iter().any(|before| view.row(before) == row) {
                        each(Part { row, touch: Some((place + 1, *touch)), value_minor: value, weight: WHOLE });
                    }
                }
            }
            Claim::Nobody => each(Part { row: Row::Unattributed, touch: None, value_minor: value, weight: WHOLE }),
            Claim::Later => {}
        }
    }
}
