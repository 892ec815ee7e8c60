//! A million touches through all rule models at once.
//!
//! That memory does not grow with the stream needs no measuring: an accumulator owns one cell a distinct row and model, and
//! buffers of the longest path; `add` takes the conversion by reference and the touches as an iterator, and keeps neither.
//! Here that is seen from outside: a hundred thousand paths leave as many rows as there are channels and campaigns.

use numbers::{
    attribution::{Attribution, Conversion, Milestone, Milestones, Model, Options, Touch, Unit},
    credit::WHOLE,
};

const PATHS: u32 = 100_000;
const TOUCHES: u32 = 10;
const CHANNELS: u32 = 12;
const CAMPAIGNS: u32 = 50;

#[test]
fn a_million_touches_in_a_hundred_thousand_paths_add_up_exactly() {
    let models: Vec<Model> = Model::ALL.into_iter().filter(|model| !matches!(model, Model::Markov { .. })).collect();
    let mut attribution = Attribution::new(models.clone(), Unit::Channel, vec![], Options::default());
    let mut random = 7_u64;
    let mut next = |below: u32| {
        // Knuth's MMIX generator: the same stream on each run.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as u32 % below
    };
    let mut total = 0_i128;
    for path in 0..PATHS {
        let value_minor = i64::from(next(1_000_000)) - 50_000;
        total += i128::from(value_minor);
        let milestone = |at| Some(Milestone { at, cause: None });
        let conversion = Conversion {
            at: 1000,
            value_minor,
            milestones: Milestones { lead: milestone(300), opportunity: milestone(600), close: milestone(1000) },
            primary_campaign: Some(next(CAMPAIGNS - 1)),
            primary_channel: Some(next(CHANNELS)),
        };
        let touches = (0..TOUCHES).map(|place| Touch {
            at: i64::from(next(1000)),
            source_rank: 0,
            source_seq: 0,
            id: u128::from(path * TOUCHES + place),
            channel: next(CHANNELS),
            campaign: next(CAMPAIGNS).checked_sub(1),
            direct: false,
            person: path,
        });
        attribution.add(&conversion, touches);
    }
    let report = attribution.report();
    assert_eq!((report.conversions, report.value_minor), (u64::from(PATHS), total));
    for (column, model) in models.iter().enumerate() {
        for table in [&report.channels, &report.campaigns] {
            let credits = || table.lines.iter().map(|line| line.credits[column].unwrap());
            let value: i128 = credits().map(|credit| credit.value_minor).sum();
            let weight: i128 = credits().map(|credit| credit.weight).sum();
            if model.additive() {
                assert_eq!((value, weight), (total, i128::from(PATHS) * i128::from(WHOLE)), "{model}");
            } else {
                assert!(value > total && weight > i128::from(PATHS) * i128::from(WHOLE), "{model}");
            }
        }
    }
    assert_eq!(report.channels.lines.len(), CHANNELS as usize);
    assert_eq!(report.campaigns.lines.len(), CAMPAIGNS as usize); // 49, and NO_CAMPAIGN
    assert_eq!(report.touches, None);
}
