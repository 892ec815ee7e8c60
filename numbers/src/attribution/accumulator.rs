//! A stream of conversions into rows.

use thiserror::Error;

use super::{
    Conversion, Model, Options, Outcome, Path, Report, Row, Touch, Transform, Unit,
    ledger::Ledger,
    weights::{Claim, Reached, claim},
};
use crate::credit::{WHOLE, split_into};

/// Credits conversions to channels, campaigns and (if asked) touches under several models at once.
///
/// Each conversion is added with its touches and forgotten; what stays is one cell a distinct row and model, and the
/// transition counts of `MARKOV`. The order in which conversions are added changes nothing.
#[derive(Clone, Debug)]
pub struct Attribution {
    models: Vec<Model>,
    unit: Unit,
    transforms: Vec<Transform<Row>>,
    options: Options,
    conversions: u64,
    value_minor: i128,
    views: Views,
    scratch: Scratch,
}

/// The same credit, seen by channel, by campaign and by touch.
#[derive(Clone, Debug)]
struct Views {
    channels: Ledger,
    campaigns: Ledger,
    touches: Option<Ledger>,
}

impl Views {
    fn each(&mut self) -> impl Iterator<Item = &mut Ledger> {
        [&mut self.channels, &mut self.campaigns].into_iter().chain(&mut self.touches)
    }
}

/// Buffers that every conversion uses anew.
#[derive(Clone, Debug, Default)]
struct Scratch {
    path: Path,
    weights: Vec<u64>,
    values: Vec<i64>,
    counts: Vec<i64>,
}

/// Two accumulators that do not answer the same question cannot be added.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("accumulators with other models, units, transforms or options cannot be added")]
pub struct Differs;

impl Attribution {
    /// An accumulator without conversions. Transforms are applied in their order, alike being what `unit` says.
    pub fn new(models: Vec<Model>, unit: Unit, transforms: Vec<Transform<Row>>, options: Options) -> Self {
        let ledger = |view| Ledger::new(view, &models, options.max_states);
        Self {
            conversions: 0,
            value_minor: 0,
            views: Views {
                channels: ledger(Unit::Channel),
                campaigns: ledger(Unit::Campaign),
                touches: options.touch_rows.then(|| ledger(Unit::Touch)),
            },
            models,
            unit,
            transforms,
            options,
            scratch: Scratch::default(),
        }
    }

    /// Adds a conversion with the touches of its buying group, in any order; those outside the look-back are left out here.
    pub fn add(&mut self, conversion: &Conversion, touches: impl IntoIterator<Item = Touch>) {
        let Self { models, unit, transforms, options, conversions, value_minor, views, scratch } = self;
        let Scratch { path, weights, values, counts } = scratch;
        path.build(conversion.at, touches, options, *unit, transforms);
        let path = path.touches();
        let value = conversion.value_minor;
        *conversions += 1;
        *value_minor += i128::from(value);
        for view in views.each() {
            view.enter(path, Outcome::Converted { value_minor: i128::from(value) }, 1);
        }
        let reached = Reached::on(path, conversion);
        for (column, model) in models.iter().enumerate() {
            let claim = claim(model, path, &reached, weights);
            if let Claim::Shared = claim {
                split_into(value, weights, values);
                split_into(WHOLE, weights, counts);
            }
            for view in views.each() {
                match claim {
                    Claim::Shared => view.share(column, values, counts),
                    Claim::PrimaryCampaign => view.give(primary(view.unit(), conversion, path), column, value),
                    Claim::Everyone => view.give_each(column, value),
                    Claim::Nobody => view.give(Row::Unattributed, column, value),
                    Claim::Later => {}
                }
            }
        }
    }

    /// Adds `count` alike paths that did not convert until `at`. Only `MARKOV` learns from them; elsewhere they are rows
    /// without credit, so that spend on them stays in the total.
    pub fn add_null(&mut self, at: i64, touches: impl IntoIterator<Item = Touch>, count: u64) {
        let Self { models: _, unit, transforms, options, conversions: _, value_minor: _, views, scratch } = self;
        scratch.path.build(at, touches, options, *unit, transforms);
        for view in views.each() {
            view.enter(scratch.path.touches(), Outcome::Null, count);
        }
    }

    /// Adds what another accumulator has counted (I6): a stream may be cut anywhere, or read by several workers.
    ///
    /// # Errors
    /// Both must have been made with the same arguments.
    pub fn merge(&mut self, other: Self) -> Result<(), Differs> {
        let Self { models, unit, transforms, options, conversions, value_minor, mut views, scratch: _ } = other;
        if (&self.models, self.unit, &self.transforms, self.options) != (&models, unit, &transforms, options) {
            return Err(Differs);
        }
        self.conversions += conversions;
        self.value_minor += value_minor;
        // The same options, so the same views are there.
        for (ours, theirs) in self.views.each().zip(views.each()) {
            ours.merge(theirs);
        }
        Ok(())
    }

    /// What has been found so far; here the Markov chains are solved.
    pub fn report(&self) -> Report {
        let Views { channels, campaigns, touches } = &self.views;
        Report {
            models: self.models.clone(),
            conversions: self.conversions,
            value_minor: self.value_minor,
            channels: channels.table(&self.models),
            campaigns: campaigns.table(&self.models),
            touches: touches.as_ref().map(|touches| touches.table(&self.models)),
        }
    }
}

/// Who gets the credit of `PRIMARY_SOURCE` in a view; see [`Model::PrimarySource`].
pub(super) fn primary(view: Unit, conversion: &Conversion, path: &[Touch]) -> Row {
    let Some(campaign) = conversion.primary_campaign else { return Row::Unattributed };
    let last = || path.iter().rfind(|touch| touch.campaign == Some(campaign));
    match view {
        Unit::Campaign => Row::Campaign(campaign),
        Unit::Channel => {
            let channel = last().map(|touch| touch.channel).or(conversion.primary_channel);
            channel.map_or(Row::Unattributed, Row::Channel)
        }
        Unit::Touch => last().map_or(Row::Unattributed, |touch| Row::Touch(touch.id)),
    }
}
