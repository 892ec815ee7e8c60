//! One answer to each survey: the last that was given inside seven days from the first (`numbers::survey`). A survey is what one ticket
//! is asked about in one way; an answer about no ticket stands for itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use numbers::{
    moment::Moment,
    survey::{Answer, one_each},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::fact::answered_again;
use crate::graph::{Cx, Error, Result};

/// The most answers of one period that do not count: each is named in the statement.
const MOST: usize = 10_000;

/// The answers of a period that do not count, because another to the same survey does.
pub async fn corrected(cx: &Cx, from: DateTime<Utc>, to: DateTime<Utc>, as_of: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let mut by_kind: BTreeMap<String, Vec<Answer>> = BTreeMap::new();
    for line in cx.db().query_all(&answered_again(&cx.caller, as_of)).await? {
        let moment = Moment::of(line.try_get("", "at")?, line.try_get("", "id")?);
        // What was marked is counted elsewhere; here it matters only which of the answers counts.
        let answer = Answer { survey: line.try_get("", "ticket")?, moment, scale: 0, score: 0 };
        by_kind.entry(line.try_get("", "survey")?).or_default().push(answer);
    }
    let mut corrected = Vec::new();
    for answers in by_kind.into_values() {
        let counts: BTreeSet<Uuid> = one_each(answers.iter().copied()).iter().map(|answer| answer.moment.id).collect();
        let left = answers.iter().map(|answer| answer.moment).filter(|given| from <= given.at && given.at < to);
        corrected.extend(left.map(|given| given.id).filter(|id| !counts.contains(id)));
    }
    match corrected.len() <= MOST {
        true => Ok(corrected),
        false => {
            Err(Error::BadInput(format!("to: at most {MOST} corrected answers to surveys; ask for a shorter period")))
        }
    }
}
