//! Satisfaction: CSAT and NPS, dated by answer (3.6).

use std::collections::BTreeMap;

use chrono::Duration;
use uuid::Uuid;

use crate::{
    moment::Moment,
    stats::{Ratio, signed},
};

/// How long an answer may be corrected by another.
const CORRECTION: Duration = Duration::days(7);

/// An answer to a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// What makes it one survey: one person's on one ticket, or in one round.
    pub survey: Uuid,
    /// When it was given.
    pub moment: Moment,
    /// The highest possible score: 5 for CSAT, 10 for NPS.
    pub scale: i32,
    /// The score.
    pub score: i32,
}

/// One answer for each survey, in the order of the surveys: the last that was given inside 7 days from the first. What
/// came later is left out, as is the one that was corrected.
pub fn one_each(answers: impl IntoIterator<Item = Answer>) -> Vec<Answer> {
    let mut surveys: BTreeMap<Uuid, Vec<Answer>> = BTreeMap::new();
    for answer in answers {
        surveys.entry(answer.survey).or_default().push(answer);
    }
    let last = surveys.into_values().filter_map(|mut given| {
        given.sort_by_key(|answer| answer.moment);
        let limit = given.first()?.moment.at + CORRECTION;
        given.into_iter().take_while(|answer| answer.moment.at <= limit).last()
    });
    last.collect()
}

/// CSAT: answers of 4 and 5 of all answers, on the scale from 1 to 5. Answers on other scales or outside theirs are not
/// mixed in: pass them apart.
pub fn csat(answers: &[Answer]) -> Ratio {
    let answers = answers.iter().filter(|answer| answer.scale == 5 && (1..=5).contains(&answer.score));
    answers.map(|answer| Ratio::of(u64::from(answer.score >= 4), 1)).sum()
}

/// What makes a net promoter score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Nps {
    /// Scores of 9 and 10.
    pub promoters: u64,
    /// Scores of 7 and 8.
    pub passives: u64,
    /// Scores of 0 to 6.
    pub detractors: u64,
}

impl Nps {
    /// From answers on the scale from 0 to 10; others are not mixed in.
    pub fn of(answers: &[Answer]) -> Self {
        let mut nps = Nps::default();
        for answer in answers.iter().filter(|answer| answer.scale == 10) {
            match answer.score {
                9..=10 => nps.promoters += 1,
                7..=8 => nps.passives += 1,
                0..=6 => nps.detractors += 1,
                _ => {}
            }
        }
        nps
    }

    /// Promoters less detractors, of all answers.
    pub fn ratio(self) -> Ratio {
        Ratio {
            numerator: signed(self.promoters) - signed(self.detractors),
            denominator: signed(self.promoters + self.passives + self.detractors),
        }
    }

    /// The score in points, from −100 to 100; `None` without answers.
    pub fn score(self) -> Option<f64> {
        self.ratio().value().map(|share| share * 100.0)
    }
}
