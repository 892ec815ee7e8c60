//! The invariants I1 to I10 of numbers.md 4.5, and every rule model against its oracle, on random deals.

use std::{collections::BTreeMap, num::NonZeroUsize};

use numbers::{
    attribution::{
        Attribution, Conversion, Direct, Milestone, Milestones, Model, Options, Parting, Parts, Path, Report, Row,
        Shares, Table, Touch, Transform, Unit,
    },
    credit::{WHOLE, split},
};
use proptest::prelude::*;

use super::{oracle, plain, value};

/// A conversion and the touches of its buying group.
type Deal = (Conversion, Vec<Touch>);

/// What an accumulator is made with.
#[derive(Clone, Debug)]
struct Setup {
    unit: Unit,
    transforms: Vec<Transform<Row>>,
    options: Options,
}

impl Setup {
    fn with(&self, models: &[Model]) -> Attribution {
        Attribution::new(models.to_vec(), self.unit, self.transforms.clone(), self.options)
    }

    fn report(&self, deals: &[Deal]) -> Report {
        let mut attribution = self.with(&models());
        add(&mut attribution, deals);
        attribution.report()
    }
}

fn add(attribution: &mut Attribution, deals: &[Deal]) {
    for (conversion, touches) in deals {
        attribution.add(conversion, touches.iter().copied());
    }
}

/// All models, and a custom one that uses every position.
fn models() -> Vec<Model> {
    let parts =
        Parts { first: 100_000, lead: 150_000, opportunity: 50_000, close: 200_000, last: 250_000, others: 250_000 };
    let order = NonZeroUsize::new(2).unwrap();
    let more = [Model::Custom(Shares::new(parts).unwrap()), Model::Markov { order, basis: Default::default() }];
    Model::ALL.into_iter().chain(more).collect()
}

fn shares_out(model: &Model) -> bool {
    !matches!(model, Model::PrimarySource | Model::Markov { .. } | Model::Influenced)
}

/// Touches from 30 before the conversion at 0 to 5 after it; the look-backs below are about as long.
fn touches(most: usize) -> impl Strategy<Value = Vec<Touch>> {
    let touch = (-30_i64..=5, -1_i32..2, 0_i64..3, 0_u32..4, prop::option::of(10_u32..13), 0_u32..3);
    prop::collection::vec(touch, 0..most).prop_map(|touches| {
        let numbered = touches.into_iter().zip(1..);
        numbered
            .map(|((at, source_rank, source_seq, channel, campaign, person), id)| Touch {
                at,
                source_rank,
                source_seq,
                id,
                channel,
                campaign,
                direct: channel == 0,
                person,
            })
            .collect()
    })
}

fn conversion() -> impl Strategy<Value = Conversion> {
    let milestone = || prop::option::of((-30_i64..=0, prop::option::of(1_u128..9)));
    let parts = (-100_000_i64..1_000_000, milestone(), milestone(), milestone());
    (parts, prop::option::of(10_u32..13), prop::option::of(0_u32..4)).prop_map(
        |((value_minor, lead, opportunity, close), primary_campaign, primary_channel)| {
            let [lead, opportunity, close] =
                [lead, opportunity, close].map(|found| found.map(|(at, cause)| Milestone { at, cause }));
            let milestones = Milestones { lead, opportunity, close };
            Conversion { at: 0, value_minor, milestones, primary_campaign, primary_channel }
        },
    )
}

fn deals(most: usize) -> impl Strategy<Value = Vec<Deal>> {
    let deal = (conversion(), touches(9));
    // Ids are unique over all deals, as they are in life.
    prop::collection::vec(deal, 0..most).prop_map(|mut deals| {
        for ((_, touches), deal) in deals.iter_mut().zip(0..) {
            touches.iter_mut().for_each(|touch| touch.id += deal * 100);
        }
        deals
    })
}

fn setup() -> impl Strategy<Value = Setup> {
    let unit = prop_oneof![Just(Unit::Touch), Just(Unit::Campaign), Just(Unit::Channel)];
    let x = prop_oneof![(0_u32..4).prop_map(Row::Channel), (10_u32..13).prop_map(Row::Campaign), Just(Row::NoCampaign)];
    let transform = prop_oneof![
        Just(Transform::Unique),
        Just(Transform::Exposure),
        Just(Transform::First),
        x.clone().prop_map(Transform::RemoveIfNotAll),
        x.prop_map(Transform::RemoveIfLastAndNotAll),
        (1_usize..5).prop_map(|n| Transform::LastN(NonZeroUsize::new(n).unwrap())),
    ];
    let direct = prop_oneof![Just(Direct::Keep), Just(Direct::DropIfOthers), Just(Direct::Drop)];
    (unit, prop::collection::vec(transform, 0..3), 1_u64..40, direct).prop_map(
        |(unit, transforms, lookback_us, direct)| Setup {
            unit,
            transforms,
            options: Options { lookback_us, direct, touch_rows: true, ..Options::default() },
        },
    )
}

fn tables(report: &Report) -> [&Table; 3] {
    [&report.channels, &report.campaigns, report.touches.as_ref().unwrap()]
}

/// Value and counted credit of a column over all rows, if the model answers in this view.
fn sum(table: &Table, column: usize) -> Option<(i128, i128)> {
    table.lines.iter().try_fold((0, 0), |(value, weight), line| {
        let credit = line.credits[column]?;
        Some((value + credit.value_minor, weight + credit.weight))
    })
}

/// One row of one view: its paths, and value and counted credit by model.
type Figures = ((usize, Row), u64, Vec<(i128, i128)>);

/// The report without its Markov columns.
fn rules(report: &Report) -> Vec<Figures> {
    let kept: Vec<bool> = report.models.iter().map(|model| !matches!(model, Model::Markov { .. })).collect();
    let lines = tables(report)
        .into_iter()
        .enumerate()
        .flat_map(|(view, table)| table.lines.iter().map(move |line| (view, line)));
    lines
        .map(|(view, line)| {
            let credits = line.credits.iter().zip(&kept).filter(|&(_, kept)| *kept).map(|(credit, _)| credit.unwrap());
            ((view, line.row), line.paths, credits.map(|credit| (credit.value_minor, credit.weight)).collect())
        })
        .collect()
}

proptest! {
    /// What is added up is what is taken apart: in each view, by row, to the minor unit and the billionth; and no touch twice.
    #[test]
    fn the_parts_of_the_conversions_are_the_lines_of_the_report(deals in deals(8), setup in setup()) {
        let report = setup.report(&deals);
        let mut parting = Parting::new(setup.unit, setup.transforms.clone(), setup.options);
        for (table, view) in tables(&report).into_iter().zip([Unit::Channel, Unit::Campaign, Unit::Touch]) {
            for (column, model) in report.models.iter().enumerate() {
                if matches!(model, Model::Markov { .. }) {
                    continue;
                }
                let mut sums: BTreeMap<Row, (i128, i128)> = BTreeMap::new();
                for (conversion, touches) in &deals {
                    let left_out = parting.path(conversion, touches.iter().copied());
                    let on_path = parting.touches().len();
                    let dropped = left_out.outside + left_out.direct + left_out.transformed;
                    prop_assert_eq!(on_path + usize::try_from(dropped).unwrap(), touches.len());
                    let mut places = Vec::new();
                    parting.parts(conversion, model, view, |part| {
                        let sum = sums.entry(part.row).or_default();
                        *sum = (sum.0 + i128::from(part.value_minor), sum.1 + i128::from(part.weight));
                        places.extend(part.touch.map(|(place, _)| place));
                    });
                    prop_assert!(places.is_sorted_by(|one, next| one < next) && places.iter().all(|place| (1..=on_path).contains(place)));
                }
                for line in &table.lines {
                    let credit = line.credits[column].unwrap();
                    let sum = sums.remove(&line.row).unwrap_or_default();
                    prop_assert_eq!(sum, (credit.value_minor, credit.weight), "{} {:?}", model, line.row);
                }
                prop_assert!(sums.is_empty(), "{} gives to rows that the report has not: {:?}", model, sums);
            }
        }
    }

    /// Each part within one minor unit of what the model's own text says, in floats.
    #[test]
    fn rule_models_follow_their_definition(conversion in conversion(), touches in touches(9), setup in setup()) {
        let mut path = Path::default();
        path.build(conversion.at, touches.iter().copied(), &setup.options, setup.unit, &setup.transforms);
        prop_assume!(!path.touches().is_empty());
        let report = setup.report(&[(conversion, touches)]);
        for (column, model) in report.models.iter().enumerate().filter(|(_, model)| shares_out(model)) {
            let parts = oracle::parts(model, path.touches(), &conversion);
            prop_assert!((parts.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{model}: the oracle itself adds up");
            for (touch, part) in path.touches().iter().zip(parts) {
                let found = value(tables(&report)[2], Row::Touch(touch.id), column) as f64;
                let expected = part * conversion.value_minor as f64;
                prop_assert!((found - expected).abs() < 1.0 + 1e-6, "{model}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn i1_weights_add_up_to_one_and_values_to_the_value(deal in (conversion(), touches(9)), setup in setup()) {
        let report = setup.report(std::slice::from_ref(&deal));
        for (column, model) in report.models.iter().enumerate().filter(|(_, model)| model.additive()) {
            for table in tables(&report) {
                let expected = (i128::from(deal.0.value_minor), i128::from(WHOLE));
                prop_assert!(sum(table, column).is_none_or(|sum| sum == expected), "{model} {:?}", sum(table, column));
            }
        }
    }

    #[test]
    fn i2_shuffling_changes_nothing(
        (deals, shuffled) in deals(6).prop_flat_map(|deals| {
            let touches: Vec<_> = deals.iter().map(|(conversion, touches)| {
                (Just(*conversion), Just(touches.clone()).prop_shuffle())
            }).collect();
            (Just(deals), touches.prop_flat_map(|deals| Just(deals).prop_shuffle()))
        }),
        setup in setup(),
    ) {
        prop_assert_eq!(setup.report(&deals), setup.report(&shuffled));
    }

    #[test]
    fn i3_an_ineligible_touch_changes_nothing(
        deal in (conversion(), touches(9)),
        at in prop_oneof![1_i64..50, -90_i64..=-40],
        place in 0_usize..9,
        direct_at in -30_i64..=0,
        setup in setup(),
    ) {
        let (conversion, touches) = deal;
        let mut more = touches.clone();
        let stranger = Touch { at, source_rank: 0, source_seq: 0, id: 99, channel: 3, campaign: Some(12), direct: false, person: 0 };
        more.insert(place.min(more.len()), stranger);
        if setup.options.direct == Direct::Drop {
            more.push(Touch { at: direct_at, id: 98, channel: 0, direct: true, ..stranger });
        }
        prop_assert_eq!(setup.report(&[(conversion, touches)]), setup.report(&[(conversion, more)]));
    }

    #[test]
    fn i4_channels_campaigns_and_touches_have_one_total(deals in deals(6), setup in setup()) {
        let report = setup.report(&deals);
        let total = (report.value_minor, i128::from(report.conversions) * i128::from(WHOLE));
        prop_assert_eq!(total.0, deals.iter().map(|(conversion, _)| i128::from(conversion.value_minor)).sum::<i128>());
        prop_assert_eq!(report.conversions, deals.len() as u64);
        for (column, model) in report.models.iter().enumerate().filter(|(_, model)| model.additive()) {
            for (view, table) in tables(&report).into_iter().enumerate() {
                let by_touch_of_markov = view == 2 && matches!(model, Model::Markov { .. });
                let found = sum(table, column);
                prop_assert!(found == Some(total) || by_touch_of_markov || deals.is_empty(), "{model} {found:?} {total:?}");
            }
        }
    }

    /// Two persons' deals, then one person with both, then two again: what is shared in between leaves no trace.
    #[test]
    fn i5_merging_and_unmerging_persons_restores_every_number(deals in deals(6), setup in setup()) {
        let of = |deals: &[Deal], person: u32| -> Vec<Deal> {
            let own = |touches: &[Touch]| touches.iter().copied().filter(|touch| touch.person == person).collect();
            deals.iter().map(|(conversion, touches)| (*conversion, own(touches))).collect()
        };
        let relabel = |deals: &[Deal], label: &dyn Fn(&Touch) -> u32| -> Vec<Deal> {
            let relabelled = |touch: &Touch| Touch { person: label(touch), ..*touch };
            deals.iter().map(|(conversion, touches)| (*conversion, touches.iter().map(relabelled).collect())).collect()
        };
        let before = [0, 1, 2].map(|person| setup.report(&of(&deals, person)));
        let original: Vec<(u128, u32)> = deals.iter().flat_map(|(_, touches)| touches).map(|touch| (touch.id, touch.person)).collect();
        let merged = relabel(&deals, &|touch| if touch.person == 1 { 0 } else { touch.person });
        prop_assert!(of(&merged, 1).iter().all(|(_, touches)| touches.is_empty()), "nothing is left of the merged one");
        let unmerged = relabel(&merged, &|touch| original.iter().find(|(id, _)| *id == touch.id).unwrap().1);
        prop_assert_eq!(before, [0, 1, 2].map(|person| setup.report(&of(&unmerged, person))));
    }

    #[test]
    fn i6_parts_of_a_period_add_up_to_the_whole(deals in deals(8), cut in 0_usize..8, setup in setup()) {
        // The same people once more, twice each and without a conversion.
        let count = |deals: &[Deal]| {
            let mut attribution = setup.with(&models());
            add(&mut attribution, deals);
            for (conversion, touches) in deals {
                attribution.add_null(conversion.at, touches.iter().copied(), 2);
            }
            attribution
        };
        let (left, right) = deals.split_at(cut.min(deals.len()));
        let whole = count(&deals).report();
        // By the accumulator: all models, since what Markov adds is its counts.
        let mut merged = count(left);
        merged.merge(count(right)).unwrap();
        prop_assert_eq!(&merged.report(), &whole);
        // By the figures of two reports: all models but Markov.
        let mut sums = std::collections::BTreeMap::new();
        for (row, paths, credits) in rules(&count(left).report()).into_iter().chain(rules(&count(right).report())) {
            let (seen, sum) = sums.entry(row).or_insert((0, vec![(0, 0); credits.len()]));
            *seen += paths;
            for (sum, credit) in sum.iter_mut().zip(credits) {
                *sum = (sum.0 + credit.0, sum.1 + credit.1);
            }
        }
        let sums: Vec<Figures> = sums.into_iter().map(|(row, (paths, credits))| (row, paths, credits)).collect();
        prop_assert_eq!(sums, rules(&whole));
    }

    #[test]
    fn i7_exposure_credits_no_more_touches_and_the_same_value(deals in deals(6), setup in setup()) {
        let linear = |transforms: Vec<Transform<Row>>| {
            let mut attribution = Setup { transforms, ..setup.clone() }.with(&[Model::Linear]);
            add(&mut attribution, &deals);
            attribution.report()
        };
        let (all, exposed) = (linear(vec![]), linear(vec![Transform::Exposure]));
        let touches = |report: &Report| report.touches.as_ref().map(|table| table.lines.len());
        prop_assert!(touches(&exposed) <= touches(&all));
        prop_assert_eq!(sum(&all.channels, 0), sum(&exposed.channels, 0));
        prop_assert_eq!(sum(tables(&all)[2], 0), sum(tables(&exposed)[2], 0));
        // In the unit itself no row comes or goes: of each run of neighbours one stays.
        let rows = |report: &Report| report.channels.lines.iter().map(|line| line.row).collect::<Vec<_>>();
        prop_assert!(setup.unit != Unit::Channel || rows(&all) == rows(&exposed));
    }

    #[test]
    fn i8_of_a_single_touch_all_touch_based_models_agree(conversion in conversion(), touches in touches(9), setup in setup()) {
        let mut path = Path::default();
        path.build(conversion.at, touches.iter().copied(), &setup.options, setup.unit, &setup.transforms);
        prop_assume!(!path.touches().is_empty());
        let only = path.touches()[0];
        let report = setup.report(&[(conversion, vec![only])]);
        for (column, model) in report.models.iter().enumerate().filter(|(_, model)| **model != Model::PrimarySource) {
            let row = Row::Channel(only.channel);
            prop_assert_eq!(value(&report.channels, row, column), i128::from(conversion.value_minor), "{}", model);
        }
    }

    #[test]
    fn i9_erasing_persons_changes_no_figure(deals in deals(6), setup in setup()) {
        let erased: Vec<Deal> = deals
            .iter()
            .map(|(conversion, touches)| {
                let nobody = |touch: &Touch| Touch { person: u32::MAX, ..*touch };
                (*conversion, touches.iter().map(nobody).collect())
            })
            .collect();
        prop_assert_eq!(setup.report(&deals), setup.report(&erased));
    }

    /// Three roundings stand between the two ways, each less than one unit: one of the target currency before, one after, and
    /// one of the source currency, which is converted too. Nearly always it is the ±1 of the definition; the total is exact.
    #[test]
    fn i10_converting_before_and_after_differs_by_rounding_only(
        conversion in conversion(), touches in touches(9), rate in 1_i64..3000) {
        let converted = |value: i64| value * rate / 1000;
        let touches = || touches.iter().copied();
        let shared: Vec<Model> = models().into_iter().filter(shares_out).collect();
        let (mut own, mut before) = (plain(&shared), plain(&shared));
        own.add(&conversion, touches());
        before.add(&Conversion { value_minor: converted(conversion.value_minor), ..conversion }, touches());
        let (own, before) = (own.report(), before.report());
        for (column, model) in shared.iter().enumerate() {
            let rows = &own.touches.as_ref().unwrap().lines;
            let parts: Vec<i128> = rows.iter().map(|line| line.credits[column].unwrap().value_minor).collect();
            let weights: Vec<u64> = parts.iter().map(|part| part.unsigned_abs() as u64).collect();
            let after = split(converted(conversion.value_minor), &weights);
            prop_assert_eq!(after.iter().sum::<i64>(), converted(conversion.value_minor));
            for (line, after) in rows.iter().zip(after) {
                let before = value(before.touches.as_ref().unwrap(), line.row, column);
                let apart = (i128::from(after) - before).abs();
                prop_assert!(apart * 1000 <= 2000 + i128::from(rate), "{model}: {after} {before}");
            }
        }
    }
}
