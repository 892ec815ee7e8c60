use chrono::Duration;
use numbers::{
    stats::Ratio,
    survey::{Answer, Nps, csat, one_each},
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{at, moment};

fn answer(survey: u128, hour: i64, scale: i32, score: i32) -> Answer {
    let at = at("2026-05-01T00:00:00Z") + Duration::hours(hour);
    Answer { survey: Uuid::from_u128(survey), moment: moment(at, hour as u128), scale, score }
}

#[test]
fn csat_is_fours_and_fives() {
    let answers = [5, 4, 4, 3, 1, 2, 5, 5].map(|score| answer(1, 0, 5, score));
    assert_eq!(csat(&answers), Ratio::of(5, 8));
    // Scales are never mixed, and what is off its scale is no answer.
    let mixed = [answer(1, 0, 5, 4), answer(2, 0, 10, 10), answer(3, 0, 5, 0), answer(4, 0, 5, 6), answer(5, 0, 7, 5)];
    assert_eq!(csat(&mixed), Ratio::of(1, 1));
    assert_eq!(csat(&[]).value(), None);
}

#[test]
fn nps_is_promoters_less_detractors() {
    let answers: Vec<Answer> = (0..=10).map(|score| answer(1, 0, 10, score)).collect();
    let nps = Nps::of(&answers);
    assert_eq!(nps, Nps { promoters: 2, passives: 2, detractors: 7 });
    assert_eq!(nps.ratio(), Ratio { numerator: -5, denominator: 11 });
    assert!((nps.score().unwrap() + 500.0 / 11.0).abs() < 1e-12);
    assert_eq!(Nps::of(&[answer(1, 0, 10, 9), answer(2, 0, 5, 5), answer(3, 0, 10, 11)]).score(), Some(100.0));
    assert_eq!(Nps::default().score(), None);
}

#[test]
fn the_last_answer_inside_seven_days_counts() {
    let week = 7 * 24;
    let given =
        [answer(1, 0, 5, 1), answer(1, week, 5, 2), answer(1, week + 1, 5, 3), answer(1, 5, 5, 4), answer(2, 9, 5, 5)];
    assert_eq!(one_each(given), [given[1], given[4]]);
    assert_eq!(one_each([given[2], given[3], given[0]]), [given[3]]);
    assert_eq!(one_each([]), []);
}

proptest! {
    #[test]
    fn one_answer_each_in_any_order(rows in prop::collection::vec((1_u128..5, 0_i64..400, 1_i32..=5), 0..20)) {
        let answers: Vec<Answer> = rows.iter().map(|(survey, hour, score)| answer(*survey, *hour, 5, *score)).collect();
        // At one hour one answer: otherwise none of them is the last.
        let mut seen = std::collections::BTreeSet::new();
        let answers: Vec<Answer> =
            answers.into_iter().filter(|answer| seen.insert((answer.survey, answer.moment))).collect();
        let got = one_each(answers.clone());
        prop_assert_eq!(&one_each(answers.iter().rev().copied()), &got);
        for survey in (1..5).map(Uuid::from_u128) {
            let own: Vec<&Answer> = answers.iter().filter(|answer| answer.survey == survey).collect();
            let kept: Vec<&Answer> = got.iter().filter(|answer| answer.survey == survey).collect();
            prop_assert_eq!(kept.len(), usize::from(!own.is_empty()));
            if let Some(first) = own.iter().map(|answer| answer.moment.at).min() {
                let last = own
                    .iter()
                    .filter(|answer| answer.moment.at - first <= Duration::days(7))
                    .max_by_key(|answer| answer.moment);
                prop_assert_eq!(kept[0], *last.unwrap());
            }
        }
        let good = got.iter().filter(|answer| answer.score > 3).count() as u64;
        prop_assert_eq!(csat(&got), Ratio::of(good, got.len() as u64));
    }
}
