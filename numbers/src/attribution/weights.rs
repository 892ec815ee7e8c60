//! How much of a conversion each touch of a path gets under a rule model, as integers in proportion (numbers.md 4.1, 4.2).
//!
//! HubSpot publishes the shares of its models but no rule for short paths. Ours, stated in 4.1:
//!
//! * A milestone (lead creation, opportunity creation, close) whose touch is unknown leaves its share, in equal parts, to
//!   the model's milestones that have one. If none of them has, the model is LINEAR. The first and the last touch are
//!   positions, not milestones: they take nothing over.
//! * If every touch holds a position, the share of the others goes to the positions in proportion.
//! * A touch that holds several positions gets all their shares.
//!
//! All of it is about the path as it is after its transforms: a touch that EXPOSURE folded into the one before holds nothing.

use super::{Conversion, Milestones, Model, Parts, Touch, decay::half_lives};

/// What a model says about one path.
pub(super) enum Claim {
    /// The conversion is shared out by the weights.
    Shared,
    /// All to the campaign in the deal's field.
    PrimaryCampaign,
    /// All to everyone.
    Everyone,
    /// Nothing: the model answers for the set of paths.
    Later,
    /// There is no touch, and the model can give credit to nothing else.
    Nobody,
}

/// Asks a model about a path; if the answer is [`Claim::Shared`], `weights` has one weight a touch.
pub(super) fn claim(model: &Model, path: &[Touch], milestones: &Reached, weights: &mut Vec<u64>) -> Claim {
    weights.clear();
    weights.resize(path.len(), 0);
    let Some(last) = path.len().checked_sub(1) else {
        return if *model == Model::PrimarySource { Claim::PrimaryCampaign } else { Claim::Nobody };
    };
    let mut positions = |parts| by_position(parts, milestones, weights);
    match model {
        Model::FirstTouch => weights[0] = 1,
        Model::LastTouch => weights[last] = 1,
        Model::LastNonDirect => weights[path.iter().rposition(|touch| !touch.direct).unwrap_or(last)] = 1,
        Model::Linear => weights.fill(1),
        Model::PositionBased => positions(Parts { first: 400_000, last: 400_000, others: 200_000, ..Parts::NONE }),
        Model::UShaped => positions(Parts { first: 400_000, lead: 400_000, others: 200_000, ..Parts::NONE }),
        Model::WShaped => {
            positions(Parts { first: 300_000, lead: 300_000, opportunity: 300_000, others: 100_000, ..Parts::NONE });
        }
        Model::FullPath => positions(Parts {
            first: 225_000,
            lead: 225_000,
            opportunity: 225_000,
            close: 225_000,
            others: 100_000,
            ..Parts::NONE
        }),
        Model::JShaped => positions(Parts { first: 200_000, last: 600_000, others: 200_000, ..Parts::NONE }),
        Model::InverseJ => positions(Parts { first: 600_000, last: 200_000, others: 200_000, ..Parts::NONE }),
        Model::Custom(shares) => positions(shares.parts()),
        Model::TimeDecay { half_life_us } => {
            // Ages are taken from the last touch instead of the conversion: the proportions are the same, and however long
            // ago all of it was, the last touch weighs 1.
            for (weight, touch) in weights.iter_mut().zip(path) {
                *weight = half_lives(path[last].at.abs_diff(touch.at), *half_life_us);
            }
        }
        Model::PrimarySource => return Claim::PrimaryCampaign,
        Model::Influenced => return Claim::Everyone,
        Model::Markov { order: _, basis: _ } => return Claim::Later,
    }
    Claim::Shared
}

/// The places of the milestone touches on a path, in the order of [`Milestones`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached([Option<usize>; 3]);

impl Reached {
    /// Finds each milestone's touch: the last one at or before it and after the milestones before; else its cause.
    pub(super) fn on(path: &[Touch], conversion: &Conversion) -> Self {
        let Milestones { lead, opportunity, close } = conversion.milestones;
        let mut previous = i64::MIN;
        Self([lead, opportunity, close].map(|milestone| {
            let milestone = milestone?;
            let place = path
                .iter()
                .rposition(|touch| touch.at <= milestone.at)
                .filter(|&place| path[place].at > previous)
                .or_else(|| path.iter().position(|touch| milestone.cause == Some(touch.id)));
            previous = previous.max(milestone.at);
            place
        }))
    }
}

/// Weights of a model by position. Twice the millionths, so that a missing milestone's share can be halved, and times the
/// number of other touches, so that theirs can be parted equally.
fn by_position(parts: Parts, milestones: &Reached, weights: &mut [u64]) {
    let Parts { first, lead, opportunity, close, last, others } = parts;
    let asked = [lead, opportunity, close].map(|share| u64::from(share) * 2);
    let found =
        || asked.iter().zip(milestones.0).filter(|&(&share, place)| share > 0 && place.is_some()).count() as u64;
    let missing: u64 =
        asked.iter().zip(milestones.0).filter(|(_, place)| place.is_none()).map(|(share, _)| share).sum();
    if missing > 0 && found() == 0 {
        weights.fill(1);
        return;
    }
    let more = if missing > 0 { missing / found() } else { 0 };
    for (share, place) in asked.into_iter().zip(milestones.0) {
        if let (1.., Some(place)) = (share, place) {
            weights[place] += share + more;
        }
    }
    let end = weights.len() - 1;
    weights[0] += u64::from(first) * 2;
    weights[end] += u64::from(last) * 2;
    let without = weights.iter().filter(|&&weight| weight == 0).count() as u64;
    // If all hold a position there is nothing to do: weights are proportions, so the others' share is spread in proportion.
    if without > 0 {
        for weight in weights {
            *weight = if *weight == 0 { u64::from(others) * 2 } else { *weight * without };
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::attribution::{Milestone, Shares};

    fn path(times: &[i64]) -> Vec<Touch> {
        let touch = |(&at, id)| Touch {
            at,
            source_rank: 0,
            source_seq: 0,
            id,
            channel: 0,
            campaign: None,
            direct: false,
            person: 0,
        };
        times.iter().zip(1..).map(touch).collect()
    }

    fn deal(
        lead: Option<(i64, Option<u128>)>,
        opportunity: Option<(i64, Option<u128>)>,
        close: Option<i64>,
    ) -> Conversion {
        let milestone = |(at, cause)| Milestone { at, cause };
        Conversion {
            milestones: Milestones {
                lead: lead.map(milestone),
                opportunity: opportunity.map(milestone),
                close: close.map(|at| Milestone { at, cause: None }),
            },
            ..Conversion::default()
        }
    }

    #[rstest]
    #[case::last_at_or_before(deal(Some((20, None)), Some((35, None)), Some(50)), [Some(1), Some(2), Some(4)])]
    #[case::unknown(deal(None, Some((35, None)), None), [None, Some(2), None])]
    #[case::none_after_the_previous(deal(Some((20, None)), Some((25, None)), Some(50)), [Some(1), None, Some(4)])]
    #[case::then_its_cause(deal(Some((20, None)), Some((25, Some(1))), Some(50)), [Some(1), Some(0), Some(4)])]
    #[case::a_cause_off_the_path_is_none(deal(Some((5, Some(99))), None, None), [None, None, None])]
    #[case::a_touch_in_time_beats_the_cause(deal(Some((20, Some(5))), None, None), [Some(1), None, None])]
    #[case::out_of_order(deal(Some((40, None)), Some((20, None)), Some(50)), [Some(3), None, Some(4)])]
    fn milestones_find_their_touch(#[case] deal: Conversion, #[case] expected: [Option<usize>; 3]) {
        assert_eq!(Reached::on(&path(&[10, 20, 30, 40, 50]), &deal), Reached(expected));
    }

    /// Weights in proportion, reduced.
    fn weights(model: Model, touches: usize, reached: [Option<usize>; 3]) -> Vec<u64> {
        fn divisor(a: u64, b: u64) -> u64 {
            if b == 0 { a } else { divisor(b, a % b) }
        }
        let times: Vec<i64> = (0..).take(touches).collect();
        let mut weights = Vec::new();
        assert!(matches!(claim(&model, &path(&times), &Reached(reached), &mut weights), Claim::Shared));
        let common = weights.iter().copied().fold(0, divisor);
        weights.iter().map(|weight| weight / common).collect()
    }

    #[rstest]
    #[case::one(Model::PositionBased, 1, [None; 3], &[1])]
    #[case::two(Model::PositionBased, 2, [None; 3], &[1, 1])]
    #[case::four(Model::PositionBased, 4, [None; 3], &[4, 1, 1, 4])]
    #[case::j_two(Model::JShaped, 2, [None; 3], &[1, 3])]
    #[case::inverse_j_two(Model::InverseJ, 2, [None; 3], &[3, 1])]
    #[case::no_milestone_is_linear(Model::UShaped, 3, [None; 3], &[1, 1, 1])]
    #[case::u_asks_for_the_lead_only(Model::UShaped, 3, [None, Some(1), Some(2)], &[1, 1, 1])]
    #[case::no_others(Model::UShaped, 2, [Some(1), None, None], &[1, 1])]
    #[case::first_is_the_lead(Model::UShaped, 3, [Some(0), None, None], &[8, 1, 1])]
    #[case::one_touch_two_milestones(Model::WShaped, 3, [Some(1), Some(1), None], &[3, 6, 1])]
    #[case::one_of_two_is_missing(Model::WShaped, 4, [None, Some(2), None], &[6, 1, 12, 1])]
    #[case::one_of_three_is_missing(Model::FullPath, 5, [None, Some(2), Some(4)], &[18, 4, 27, 4, 27])]
    #[case::two_of_three_are_missing(Model::FullPath, 3, [None, None, Some(2)], &[9, 4, 27])]
    #[case::nothing_is_left_for_others(Model::FullPath, 4, [Some(1), Some(2), Some(3)], &[1, 1, 1, 1])]
    fn short_paths_and_missing_milestones_follow_the_stated_rules(
        #[case] model: Model,
        #[case] touches: usize,
        #[case] reached: [Option<usize>; 3],
        #[case] expected: &[u64],
    ) {
        assert_eq!(weights(model, touches, reached), expected);
    }

    #[rstest]
    #[case::others_only(Parts { others: 1_000_000, ..Parts::NONE }, [Some(1); 3], &[1, 1, 1])]
    #[case::no_share_for_others(Parts { first: 250_000, last: 750_000, ..Parts::NONE }, [None; 3], &[1, 0, 3])]
    #[case::a_milestone_alone(Parts { close: 1_000_000, ..Parts::NONE }, [None, None, Some(1)], &[0, 1, 0])]
    #[case::a_milestone_alone_and_missing(Parts { close: 1_000_000, ..Parts::NONE }, [Some(1), None, None], &[1, 1, 1])]
    fn a_custom_model_follows_the_same_rules(
        #[case] parts: Parts,
        #[case] reached: [Option<usize>; 3],
        #[case] expected: &[u64],
    ) {
        assert_eq!(weights(Model::Custom(Shares::new(parts).unwrap()), 3, reached), expected);
    }
}
