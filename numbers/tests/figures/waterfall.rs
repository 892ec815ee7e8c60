use numbers::waterfall::{After, Before, Opportunity, Part, Standing, Waterfall, waterfall};
use proptest::prelude::*;
use rstest::rstest;

use Standing::{Lost, Open, Won};

fn before(standing: Standing, in_period: bool, in_group: bool, value: i64) -> Option<Before> {
    Some(Before { standing, in_period, in_group, value })
}

fn after(standing: Standing, in_period: bool, in_group: bool, value: i64) -> Option<After> {
    Some(After { standing, in_period, in_group, at_old_rate: value, value })
}

fn told(before: Option<Before>, after: Option<After>) -> Waterfall {
    waterfall([Opportunity { before, after, closed_again: false }])
}

/// The parts that are not empty, with their names.
fn parts(told: &Waterfall) -> Vec<(&'static str, i64)> {
    let Waterfall {
        start,
        created,
        reopened,
        increased,
        decreased,
        won,
        lost,
        moved_out,
        moved_in,
        reassigned_in,
        reassigned_out,
        fx,
        removed,
        end,
    } = told;
    let all = [
        ("start", start),
        ("created", created),
        ("reopened", reopened),
        ("increased", increased),
        ("decreased", decreased),
        ("won", won),
        ("lost", lost),
        ("moved_out", moved_out),
        ("moved_in", moved_in),
        ("reassigned_in", reassigned_in),
        ("reassigned_out", reassigned_out),
        ("fx", fx),
        ("removed", removed),
        ("end", end),
    ];
    all.into_iter().filter(|(_, part)| part.n > 0).map(|(name, part)| (name, part.minor)).collect()
}

#[rstest]
#[case(before(Open, true, true, 100), after(Open, true, true, 100), &[("start", 100), ("end", 100)])]
#[case(before(Open, true, true, 100), after(Open, true, true, 130), &[("start", 100), ("increased", 30), ("end", 130)])]
#[case(before(Open, true, true, 100), after(Open, true, true, 60), &[("start", 100), ("decreased", 40), ("end", 60)])]
// Won for more than was in the pipeline: first it grew.
#[case(before(Open, true, true, 100), after(Won, true, true, 120), &[("start", 100), ("increased", 20), ("won", 120)])]
#[case(before(Open, true, true, 100), after(Lost, true, true, 100), &[("start", 100), ("lost", 100)])]
// Lost before the period began: still lost, not moved.
#[case(before(Open, true, true, 100), after(Lost, false, true, 100), &[("start", 100), ("lost", 100)])]
#[case(before(Open, true, true, 100), after(Open, false, true, 100), &[("start", 100), ("moved_out", 100)])]
// Won by others: to this group it went to them.
#[case(before(Open, true, true, 100), after(Won, true, false, 100), &[("start", 100), ("reassigned_out", 100)])]
#[case(before(Open, true, true, 100), None, &[("start", 100), ("removed", 100)])]
#[case(None, after(Open, true, true, 70), &[("created", 70), ("end", 70)])]
#[case(None, after(Won, true, true, 70), &[("created", 70), ("won", 70)])]
#[case(before(Open, false, true, 50), after(Open, true, true, 70), &[("moved_in", 70), ("end", 70)])]
#[case(before(Open, false, true, 50), after(Lost, true, true, 70), &[("lost", 70), ("moved_in", 70)])]
#[case(before(Open, true, false, 70), after(Open, true, true, 70), &[("reassigned_in", 70), ("end", 70)])]
#[case(before(Open, false, false, 70), after(Open, true, true, 70), &[("reassigned_in", 70), ("end", 70)])]
#[case(before(Lost, true, true, 70), after(Open, true, true, 80), &[("reopened", 80), ("end", 80)])]
#[case(before(Lost, true, true, 70), after(Won, true, true, 80), &[("reopened", 80), ("won", 80)])]
// What concerns this pipeline at neither date.
#[case(before(Won, true, true, 70), after(Won, true, true, 70), &[])]
#[case(before(Open, false, true, 70), after(Open, false, true, 90), &[])]
#[case(before(Open, true, false, 70), after(Won, true, false, 90), &[])]
#[case(before(Open, false, true, 70), None, &[])]
#[case(None, None, &[])]
fn each_fate_has_its_part(#[case] before: Option<Before>, #[case] after: Option<After>, #[case] want: &[(&str, i64)]) {
    let told = told(before, after);
    assert_eq!(parts(&told), want);
    assert_eq!(told.reckoned(), told.end.minor);
}

#[test]
fn rates_and_amounts_are_told_apart() {
    // 100.00 USD grew to 150.00; a dollar was worth 0.80 and is worth 0.90.
    let grown = After { at_old_rate: 12_000, value: 13_500, standing: Won, in_period: true, in_group: true };
    let told = told(before(Open, true, true, 8_000), Some(grown));
    assert_eq!(parts(&told), [("start", 8_000), ("increased", 4_000), ("won", 13_500), ("fx", 1_500)]);
    assert_eq!(told.reckoned(), 0);
    let entered =
        waterfall([Opportunity { before: None, after: Some(After { standing: Open, ..grown }), closed_again: false }]);
    assert_eq!(parts(&entered), [("created", 13_500), ("end", 13_500)]);
}

#[test]
fn closed_twice_shows_that_it_was_open() {
    let again =
        Opportunity { before: before(Lost, true, true, 70), after: after(Lost, true, true, 80), closed_again: true };
    assert_eq!(parts(&waterfall([again])), [("reopened", 80), ("lost", 80)]);
    assert_eq!(parts(&waterfall([Opportunity { closed_again: false, ..again }])), []);
}

#[test]
fn a_pipeline_is_the_sum_of_its_opportunities() {
    let all = [
        (before(Open, true, true, 100), after(Open, true, true, 130)),
        (before(Open, true, true, 10), after(Open, true, true, 15)),
        (before(Open, true, true, 7), after(Lost, true, true, 7)),
        (None, after(Won, true, true, 1000)),
    ];
    let told = waterfall(all.map(|(before, after)| Opportunity { before, after, closed_again: false }));
    assert_eq!(told.start, Part { minor: 117, n: 3 });
    assert_eq!(told.increased, Part { minor: 35, n: 2 });
    assert_eq!(told.end, Part { minor: 145, n: 2 });
    assert_eq!((told.won, told.lost), (Part { minor: 1000, n: 1 }, Part { minor: 7, n: 1 }));
    assert_eq!(told.reckoned(), 145);
}

/// One thing that happens to an opportunity.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Amount(i64),
    Move(bool),
    Assign(usize),
    Close(Standing),
    Reopen,
    Remove,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0_i64..10_000).prop_map(Deed::Amount),
        any::<bool>().prop_map(Deed::Move),
        (0_usize..3).prop_map(Deed::Assign),
        any::<bool>().prop_map(|won| Deed::Close(if won { Won } else { Lost })),
        Just(Deed::Reopen),
        Just(Deed::Remove),
    ]
}

/// An opportunity as history made it: `None` before it exists and when it is gone.
#[derive(Clone, Copy, Debug)]
struct Truth {
    standing: Standing,
    in_period: bool,
    owner: usize,
    amount: i64,
}

fn live(start: Truth, deeds: &[Deed]) -> Option<Truth> {
    let mut truth = start;
    for deed in deeds {
        match deed {
            Deed::Amount(amount) => truth.amount = *amount,
            Deed::Move(inside) => truth.in_period = *inside,
            Deed::Assign(owner) => truth.owner = *owner,
            Deed::Close(standing) if truth.standing == Open => truth.standing = *standing,
            Deed::Reopen => truth.standing = Open,
            Deed::Remove => return None,
            Deed::Close(_) => {}
        }
    }
    Some(truth)
}

proptest! {
    #[test]
    fn random_histories_add_up(
        histories in prop::collection::vec(
            (
                prop::collection::vec(deed(), 0..6),
                prop::collection::vec(deed(), 0..6),
                any::<bool>(),
                0_usize..3,
                0_i64..10_000,
            ),
            0..20,
        ),
        rate in 50_i64..200,
    ) {
        // Amounts are in a currency whose rate is 1.00 at the start and `rate` per cent at the end.
        let worth = |amount: i64| amount * rate / 100;
        let mut groups = [Waterfall::default(); 3];
        let mut everybody: Vec<Opportunity> = Vec::new();
        let (mut start, mut end) = (0, 0);
        for (owner, told) in groups.iter_mut().enumerate() {
            let mut rows = Vec::new();
            for (early, late, new, first, amount) in &histories {
                let born = Truth { standing: Open, in_period: true, owner: *first, amount: *amount };
                let then = if *new { None } else { live(born, early) };
                if then.is_none() && !*new {
                    continue; // gone before the start
                }
                let now = live(then.unwrap_or(born), late);
                let mut walk = then.unwrap_or(born).standing != Open;
                let mut closed_again = false;
                for deed in late {
                    match deed {
                        Deed::Close(_) => {
                            closed_again |= !walk && then.is_some_and(|then| then.standing != Open);
                            walk = true;
                        }
                        Deed::Reopen => walk = false,
                        _ => {}
                    }
                }
                let row = |group: &dyn Fn(usize) -> bool| Opportunity {
                    before: then.and_then(|t| before(t.standing, t.in_period, group(t.owner), t.amount)),
                    after: now.map(|t| After {
                        standing: t.standing,
                        in_period: t.in_period,
                        in_group: group(t.owner),
                        at_old_rate: t.amount,
                        value: worth(t.amount),
                    }),
                    closed_again,
                };
                rows.push(row(&|other| other == owner));
                if owner == 0 {
                    everybody.push(row(&|_| true));
                    let open =
                        |t: Option<Truth>| t.filter(|t| t.standing == Open && t.in_period).map_or(0, |t| t.amount);
                    start += open(then);
                    end += worth(open(now));
                }
            }
            let mut turned = rows.clone();
            turned.reverse();
            *told = waterfall(rows);
            prop_assert_eq!(waterfall(turned), *told);
        }
        let all = waterfall(everybody);
        // Start and end are summed from the truth alone, and the formula leads from one to the other: for all, and for
        // each owner.
        prop_assert_eq!((all.start.minor, all.end.minor), (start, end));
        prop_assert_eq!(all.reckoned(), end);
        prop_assert_eq!(all.reassigned_in.n + all.reassigned_out.n, 0);
        for group in groups {
            prop_assert_eq!(group.reckoned(), group.end.minor);
            let came = group.start.n + group.created.n + group.reopened.n + group.moved_in.n + group.reassigned_in.n;
            let left = group.won.n + group.lost.n + group.moved_out.n + group.reassigned_out.n + group.removed.n;
            prop_assert_eq!(came - left, group.end.n);
        }
        prop_assert_eq!(groups.iter().map(|group| group.start.minor).sum::<i64>(), start);
        prop_assert_eq!(groups.iter().map(|group| group.end.minor).sum::<i64>(), end);
    }
}
