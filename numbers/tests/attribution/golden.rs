//! The golden path of numbers.md 4.2: 100.00 EUR; 40 days before the close a trade fair, 30 a content download that made the
//! lead, 20 a click on an ad, 10 a meeting that made the opportunity, 1 a cold call.

use numbers::attribution::{Conversion, Milestone, Milestones, Model, Report, Row, Touch, Unit};
use rstest::rstest;

use super::{DAY, plain, touch, value, weight};

const DAYS: [i64; 5] = [40, 30, 20, 10, 1];

fn path() -> impl Iterator<Item = Touch> {
    DAYS.into_iter().zip(1..).map(|(days, id)| touch(id, -days * DAY))
}

fn deal() -> Conversion {
    let milestone = |days: i64| Some(Milestone { at: -days * DAY, cause: None });
    Conversion {
        value_minor: 10_000,
        milestones: Milestones { lead: milestone(30), opportunity: milestone(10), close: milestone(0) },
        ..Conversion::default()
    }
}

fn report(model: Model) -> Report {
    let mut attribution = plain(&[model]);
    attribution.add(&deal(), path());
    attribution.report()
}

#[rstest]
#[case("FIRST_TOUCH", [10_000, 0, 0, 0, 0])]
#[case("LAST_TOUCH", [0, 0, 0, 0, 10_000])]
#[case("LAST_NON_DIRECT", [0, 0, 0, 0, 10_000])]
#[case("LINEAR", [2000, 2000, 2000, 2000, 2000])]
#[case("POSITION_BASED", [4000, 667, 667, 666, 4000])]
#[case("U_SHAPED", [4000, 4000, 667, 667, 666])]
#[case("W_SHAPED", [3000, 3000, 500, 3000, 500])]
#[case("FULL_PATH", [2250, 2250, 1000, 2250, 2250])]
#[case("J_SHAPED", [2000, 667, 667, 666, 6000])]
#[case("INVERSE_J", [6000, 667, 667, 666, 2000])]
#[case("TIME_DECAY", [128, 345, 929, 2501, 6097])]
#[case("CUSTOM", [2000, 2000, 2000, 2000, 2000])]
#[case("INFLUENCED", [10_000; 5])]
fn the_golden_path_is_credited_to_the_cent(#[case] code: &str, #[case] expected: [i128; 5]) {
    let report = report(code.parse().unwrap());
    let touches = report.touches.as_ref().unwrap();
    let channels = (1..=5).map(|id| value(&report.channels, Row::Channel(id), 0));
    let campaigns = (1..=5).map(|id| value(&report.campaigns, Row::Campaign(id), 0));
    assert_eq!((1..=5).map(|id| value(touches, Row::Touch(id), 0)).collect::<Vec<_>>(), expected);
    assert_eq!(channels.collect::<Vec<_>>(), expected);
    assert_eq!(campaigns.collect::<Vec<_>>(), expected);
    assert_eq!((report.conversions, report.value_minor), (1, 10_000));
}

#[test]
fn counted_credit_is_in_billionths_and_makes_one_conversion() {
    let report = report(Model::PositionBased);
    let weights: Vec<i128> = (1..=5).map(|id| weight(&report.channels, Row::Channel(id), 0)).collect();
    assert_eq!(weights, [400_000_000, 66_666_667, 66_666_667, 66_666_666, 400_000_000]);
}

#[test]
fn models_stand_side_by_side_with_their_spread() {
    let models = [Model::FirstTouch, Model::Linear, Model::JShaped, Model::Influenced];
    let mut attribution = plain(&models);
    attribution.add(&deal(), path());
    let report = attribution.report();
    let line = report.channels.line(Row::Channel(1)).unwrap();
    let values: Vec<i128> = line.credits.iter().map(|credit| credit.unwrap().value_minor).collect();
    assert_eq!(values, [10_000, 2000, 2000, 10_000]);
    // INFLUENCED is no share, so it widens nothing: without FIRST_TOUCH the others would agree.
    let (value, weight) = (line.value.unwrap(), line.weight.unwrap());
    assert_eq!((value.lowest, value.highest, value.spread()), (2000, 10_000, 8000));
    assert_eq!((weight.lowest, weight.highest, weight.spread()), (200_000_000, 1_000_000_000, 800_000_000));
    assert_eq!(report.models, models);
}

#[test]
fn a_credit_note_is_the_mirror_of_its_invoice() {
    for model in Model::ALL {
        let mut attribution = plain(&[model]);
        attribution.add(&deal(), path());
        attribution.add(&Conversion { value_minor: -10_000, ..deal() }, path());
        let report = attribution.report();
        let tables = [Some(&report.channels), Some(&report.campaigns), report.touches.as_ref()];
        for line in tables.into_iter().flatten().flat_map(|table| &table.lines) {
            assert_eq!(line.credits[0].unwrap_or_default().value_minor, 0, "{model} {:?}", line.row);
            assert_eq!(line.paths, if line.row == Row::Unattributed { 0 } else { 2 }, "{model}");
        }
        assert_eq!((report.conversions, report.value_minor), (2, 0));
    }
}

#[test]
fn half_a_half_life_is_exact_and_not_in_days() {
    // Half a day apart at a half-life of one day: weights √½ : 1, and not 1 : 1 or 1 : 2.
    let half_life_us = numbers::attribution::DAY_US.try_into().unwrap();
    let mut attribution = plain(&[Model::TimeDecay { half_life_us }]);
    attribution
        .add(&Conversion { value_minor: 1_000_000, ..Conversion::default() }, [touch(1, -DAY), touch(2, -DAY / 2)]);
    let report = attribution.report();
    // 1/(1 + √2) = √2 − 1 = 0.414213562…
    assert_eq!(value(&report.channels, Row::Channel(1), 0), 414_214);
    assert_eq!(value(&report.channels, Row::Channel(2), 0), 585_786);
}

#[test]
fn a_unit_names_the_row_of_a_touch() {
    let one = touch(7, 0);
    assert_eq!(Unit::Touch.row(&one), Row::Touch(7));
    assert_eq!(Unit::Campaign.row(&one), Row::Campaign(7));
    assert_eq!(Unit::Campaign.row(&Touch { campaign: None, ..one }), Row::NoCampaign);
    assert_eq!(Unit::Channel.row(&one), Row::Channel(7));
}
