//! Short paths, empty paths, fields that are missing: the cases in which credit is easily lost (numbers.md 4.1, 4.4).

use numbers::{
    attribution::{
        Attribution, Conversion, Differs, Direct, Model, Options, Report, Row, Table, Touch, Transform, Unit,
    },
    credit::WHOLE,
};
use rstest::rstest;

use super::{DAY, plain, touch, value, weight};

const ORDER: Conversion = Conversion {
    at: 0,
    value_minor: 10_001,
    milestones: numbers::attribution::Milestones { lead: None, opportunity: None, close: None },
    primary_campaign: None,
    primary_channel: None,
};

fn report(attribution: &mut Attribution, conversion: &Conversion, touches: &[Touch]) -> Report {
    attribution.add(conversion, touches.iter().copied());
    attribution.report()
}

fn rows(table: &Table) -> Vec<Row> {
    table.lines.iter().map(|line| line.row).collect()
}

#[rstest]
#[case(Model::PositionBased, 5001, 5000)]
#[case(Model::UShaped, 5001, 5000)]
#[case(Model::JShaped, 2500, 7501)]
#[case(Model::InverseJ, 7501, 2500)]
#[case(Model::Linear, 5001, 5000)]
fn of_two_touches_the_others_share_goes_to_the_positions(
    #[case] model: Model,
    #[case] first: i128,
    #[case] last: i128,
) {
    let report = report(&mut plain(&[model]), &ORDER, &[touch(1, -2), touch(2, -1)]);
    assert_eq!([1, 2].map(|channel| value(&report.channels, Row::Channel(channel), 0)), [first, last]);
}

#[test]
fn without_an_eligible_touch_the_conversion_is_a_row_in_every_view_and_model() {
    let conversion = Conversion { primary_campaign: None, ..ORDER };
    let too_old = [touch(1, -90 * DAY), touch(2, 1)];
    let report = report(&mut plain(&Model::ALL), &conversion, &too_old);
    for table in [&report.channels, &report.campaigns, report.touches.as_ref().unwrap()] {
        assert_eq!(rows(table), [Row::Unattributed]);
        let line = &table.lines[0];
        assert_eq!((line.paths, line.null_paths), (1, 0));
        for (credit, model) in line.credits.iter().zip(Model::ALL) {
            let Some(credit) = credit else {
                assert_eq!(model.code(), "MARKOV", "only it has no answer by touch");
                continue;
            };
            assert_eq!((credit.value_minor, credit.weight), (10_001, i128::from(WHOLE)), "{model}");
        }
    }
}

#[test]
fn no_conversion_no_row() {
    let report = plain(&Model::ALL).report();
    assert_eq!((report.conversions, report.value_minor), (0, 0));
    assert!(report.channels.lines.is_empty() && report.campaigns.lines.is_empty());
    assert_eq!(report.touches.map(|table| table.lines.len()), Some(0));
}

#[test]
fn rows_by_touch_are_kept_only_on_demand() {
    let mut attribution = Attribution::new(vec![Model::Linear], Unit::Channel, vec![], Options::default());
    assert_eq!(report(&mut attribution, &ORDER, &[touch(1, -1)]).touches, None);
}

#[test]
fn a_touch_without_a_campaign_is_a_row_of_the_view_by_campaign() {
    let touches = [touch(1, -2), Touch { campaign: None, ..touch(2, -1) }];
    let report = report(&mut plain(&[Model::LastTouch]), &ORDER, &touches);
    assert_eq!(rows(&report.campaigns), [Row::Campaign(1), Row::NoCampaign]);
    assert_eq!(value(&report.campaigns, Row::NoCampaign, 0), 10_001);
    assert_eq!(value(&report.channels, Row::Channel(2), 0), 10_001);
}

#[test]
fn a_row_that_earns_nothing_stays_with_its_paths() {
    let report = report(&mut plain(&[Model::LastTouch]), &ORDER, &[touch(1, -2), touch(2, -1)]);
    let line = report.channels.line(Row::Channel(1)).unwrap();
    assert_eq!((line.paths, line.credits[0].unwrap().value_minor), (1, 0));
}

#[test]
fn a_channel_that_only_ever_led_to_nothing_stays_so_that_its_spend_does() {
    let mut attribution =
        plain(&[Model::Linear, Model::Markov { order: 1.try_into().unwrap(), basis: Default::default() }]);
    attribution.add(&ORDER, [touch(1, -1)]);
    attribution.add_null(0, [touch(2, -1), touch(3, -91 * DAY)], 7);
    attribution.add_null(0, [], 5);
    let report = attribution.report();
    assert_eq!(rows(&report.channels), [Row::Channel(1), Row::Channel(2)]);
    let line = report.channels.line(Row::Channel(2)).unwrap();
    assert_eq!((line.paths, line.null_paths), (0, 7));
    assert!(line.credits.iter().all(|credit| credit.unwrap().value_minor == 0), "{line:?}");
    let markov = report.channels.markov[&1].as_ref().unwrap();
    assert_eq!(markov.conversion_probability, 0.125);
    assert_eq!(rows(report.touches.as_ref().unwrap()), [Row::Touch(1)], "null paths have no rows by touch");
    assert_eq!(report.conversions, 1);
}

#[rstest]
#[case::by_last_non_direct(Model::LastNonDirect, Direct::Keep, [0, 10_001, 0])]
#[case::kept(Model::LastTouch, Direct::Keep, [0, 0, 10_001])]
#[case::dropped_if_others(Model::LastTouch, Direct::DropIfOthers, [0, 10_001, 0])]
#[case::dropped(Model::Linear, Direct::Drop, [5001, 5000, 0])]
fn direct_loses_its_credit_as_asked(#[case] model: Model, #[case] direct: Direct, #[case] expected: [i128; 3]) {
    let mut attribution =
        Attribution::new(vec![model], Unit::Channel, vec![], Options { direct, ..Options::default() });
    let touches = [touch(1, -3), touch(2, -2), Touch { direct: true, ..touch(3, -1) }];
    let report = report(&mut attribution, &ORDER, &touches);
    assert_eq!([1, 2, 3].map(|channel| value(&report.channels, Row::Channel(channel), 0)), expected);
}

#[rstest]
#[case::all_direct(Direct::DropIfOthers, Row::Channel(3))]
#[case::none_left(Direct::Drop, Row::Unattributed)]
fn a_path_of_direct_touches_only_is_credited_or_unattributed(#[case] direct: Direct, #[case] expected: Row) {
    let mut attribution =
        Attribution::new(vec![Model::LastNonDirect], Unit::Channel, vec![], Options { direct, ..Options::default() });
    let report = report(&mut attribution, &ORDER, &[Touch { direct: true, ..touch(3, -1) }]);
    assert_eq!(rows(&report.channels), [expected]);
    assert_eq!(value(&report.channels, expected, 0), 10_001);
}

/// Field of the deal, its touches' campaigns (each by the channel of its place), the channel the caller knows → rows.
#[rstest]
#[case::last_touch_of_the_campaign(Some(8), &[8, 8, 9], None, [Row::Channel(2), Row::Campaign(8), Row::Touch(2)])]
#[case::not_on_the_path(Some(8), &[9], None, [Row::Unattributed, Row::Campaign(8), Row::Unattributed])]
#[case::channel_from_the_caller(Some(8), &[9], Some(5), [Row::Channel(5), Row::Campaign(8), Row::Unattributed])]
#[case::the_path_knows_better(Some(8), &[8], Some(5), [Row::Channel(1), Row::Campaign(8), Row::Touch(1)])]
#[case::no_touch_at_all(Some(8), &[], None, [Row::Unattributed, Row::Campaign(8), Row::Unattributed])]
#[case::an_empty_field(None, &[9], Some(5), [Row::Unattributed; 3])]
fn the_primary_source_is_credited_whether_or_not_it_was_touched(
    #[case] primary_campaign: Option<u32>,
    #[case] campaigns: &[u32],
    #[case] primary_channel: Option<u32>,
    #[case] expected: [Row; 3],
) {
    let touches: Vec<Touch> = (1..)
        .zip(campaigns)
        .map(|(id, &campaign)| Touch { campaign: Some(campaign), ..touch(id, i64::from(id) - 9) })
        .collect();
    let conversion = Conversion { primary_campaign, primary_channel, ..ORDER };
    let report = report(&mut plain(&[Model::PrimarySource]), &conversion, &touches);
    for (table, row) in
        [&report.channels, &report.campaigns, report.touches.as_ref().unwrap()].into_iter().zip(expected)
    {
        assert_eq!(value(table, row, 0), 10_001, "{row:?}");
        assert_eq!(table.lines.iter().map(|line| line.credits[0].unwrap().value_minor).sum::<i128>(), 10_001);
    }
}

#[test]
fn influence_is_counted_once_a_conversion_and_row_and_never_in_the_total() {
    let touches = [touch(1, -3), Touch { id: 9, ..touch(1, -2) }, touch(2, -1)];
    let report = report(&mut plain(&[Model::Influenced]), &ORDER, &touches);
    for channel in [1, 2] {
        assert_eq!(value(&report.channels, Row::Channel(channel), 0), 10_001);
        assert_eq!(weight(&report.channels, Row::Channel(channel), 0), i128::from(WHOLE));
    }
    assert_eq!(report.value_minor, 10_001);
    assert!(
        report.channels.lines.iter().all(|line| line.value.is_none() && line.weight.is_none()),
        "no share, no spread"
    );
}

#[test]
fn transforms_run_in_their_order_over_the_unit() {
    // A, A, B, A by channel; each touch a campaign of its own.
    let channels = [1, 1, 2, 1];
    let touches: Vec<Touch> =
        (1..).zip(channels).map(|(id, channel)| Touch { channel, ..touch(id, i64::from(id) - 9) }).collect();
    let credited = |unit, transforms: &[Transform<Row>]| {
        let options = Options { touch_rows: true, ..Options::default() };
        let mut attribution = Attribution::new(vec![Model::Linear], unit, transforms.to_vec(), options);
        rows(&report(&mut attribution, &ORDER, &touches).touches.unwrap())
    };
    let last_two = Transform::LastN(2.try_into().unwrap());
    let kept = |ids: &[u128]| ids.iter().copied().map(Row::Touch).collect::<Vec<_>>();
    assert_eq!(credited(Unit::Channel, &[Transform::Exposure]), kept(&[1, 3, 4]));
    assert_eq!(credited(Unit::Campaign, &[Transform::Exposure]), kept(&[1, 2, 3, 4]));
    assert_eq!(credited(Unit::Channel, &[Transform::First]), kept(&[1, 3]));
    assert_eq!(credited(Unit::Channel, &[Transform::Exposure, last_two]), kept(&[3, 4]));
    assert_eq!(credited(Unit::Channel, &[last_two, Transform::First]), kept(&[3, 4]));
    assert_eq!(credited(Unit::Channel, &[Transform::RemoveIfNotAll(Row::Channel(1))]), kept(&[3]));
    assert_eq!(credited(Unit::Channel, &[Transform::RemoveIfLastAndNotAll(Row::Channel(1))]), kept(&[1, 2, 3]));
    assert_eq!(credited(Unit::Touch, &[Transform::RemoveIfNotAll(Row::Touch(4))]), kept(&[1, 2, 3]));
}

#[test]
fn a_chain_too_large_for_one_view_has_no_answer_there() {
    // One channel, three campaigns.
    let options = Options { max_states: 2, ..Options::default() };
    let models = vec![Model::Linear, "MARKOV".parse().unwrap()];
    let mut attribution = Attribution::new(models, Unit::Touch, vec![], options);
    let touches = [1, 2, 3].map(|id| Touch { channel: 7, ..touch(id, i64::from(id) - 9) });
    let report = report(&mut attribution, &ORDER, &touches);
    assert_eq!(value(&report.channels, Row::Channel(7), 1), 10_001);
    assert!(report.campaigns.markov[&1].is_err());
    for line in &report.campaigns.lines {
        assert!(line.credits[0].is_some() && line.credits[1].is_none(), "{line:?}");
    }
}

#[test]
fn accumulators_of_other_questions_are_not_added() {
    let mut by_touch = plain(&[Model::Linear]);
    by_touch.add(&ORDER, [touch(1, -1)]);
    let before = by_touch.report();
    let other = [
        plain(&[Model::LastTouch]),
        Attribution::new(vec![Model::Linear], Unit::Touch, vec![], Options::default()),
        Attribution::new(
            vec![Model::Linear],
            Unit::Channel,
            vec![],
            Options { touch_rows: true, ..Options::default() },
        ),
    ];
    for other in other {
        assert_eq!(by_touch.merge(other), Err(Differs));
    }
    assert_eq!(by_touch.report(), before);
}
