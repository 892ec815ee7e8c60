//! What a row will be, and when things happened: what several kinds of records ask of their columns.

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Datelike, Duration, SubsecRound, Utc};
use sea_orm::{ActiveValue, Value};

use crate::{
    graph::{Error, Result, patch, patch_required},
    journey::Event,
};

/// What a column will hold: what the row says, or what stands.
pub fn will_be<T: Clone + Into<Value>>(said: &ActiveValue<T>, held: Option<&T>) -> Option<T> {
    match said {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Some(value.clone()),
        ActiveValue::NotSet => held.cloned(),
    }
}

/// A column that stays what it was when the record was new.
pub fn stays<T: PartialEq + Into<Value>>(said: &ActiveValue<T>, held: Option<&T>, path: &str, why: &str) -> Result<()> {
    match (said, held) {
        (ActiveValue::Set(said), Some(held)) if said != held => Err(Error::invalid(path, why)),
        _ => Ok(()),
    }
}

/// [`stays`], once it is there.
pub fn stays_once<T: PartialEq>(
    said: &ActiveValue<Option<T>>,
    held: Option<&Option<T>>,
    path: &str,
    why: &str,
) -> Result<()>
where
    Option<T>: Into<Value>,
{
    match held {
        Some(Some(_)) => stays(said, held, path, why),
        Some(None) | None => Ok(()),
    }
}

/// What a column holds unless the row says something else: of a new record only.
pub fn unless_said<T: Into<Value>>(said: &mut ActiveValue<T>, value: T) {
    if said.is_not_set() {
        *said = ActiveValue::Set(value);
    }
}

/// Refusals, said of another field.
pub fn at(error: Error, path: &str) -> Error {
    match error {
        Error::User(mut errors) => {
            for error in &mut errors {
                error.path = path.split('.').map(str::to_owned).collect();
            }
            Error::User(errors)
        }
        error => error,
    }
}

/// A moment as the databases keep it: to the microsecond.
fn moment(path: &str, at: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match (1..=9999).contains(&at.year()) {
        true => Ok(at.trunc_subsecs(6)),
        false => Err(Error::invalid(path, "a moment of the years 1 to 9999")),
    }
}

/// A moment that is required, from a patch: absent leaves, null is refused.
pub fn time(path: &str, value: MaybeUndefined<DateTime<Utc>>) -> Result<ActiveValue<DateTime<Utc>>> {
    match patch_required(path, value)? {
        ActiveValue::Set(at) => Ok(ActiveValue::Set(moment(path, at)?)),
        other => Ok(other),
    }
}

/// A moment from a patch: absent leaves, null clears.
pub fn time_opt(path: &str, value: MaybeUndefined<DateTime<Utc>>) -> Result<ActiveValue<Option<DateTime<Utc>>>> {
    match patch(value) {
        ActiveValue::Set(Some(at)) => Ok(ActiveValue::Set(Some(moment(path, at)?))),
        other => Ok(other),
    }
}

/// Whether something can have happened then: not before 1970, and not more than 24 hours ahead.
pub fn is_possible(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at >= DateTime::UNIX_EPOCH && at <= now + Duration::hours(24)
}

/// When something happened: as the source says; where that cannot be, what stands, or now.
pub fn possible(said: DateTime<Utc>, held: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    if is_possible(said, now) { said } else { held.unwrap_or(now) }
}

/// An event at the time that its source says; now where it says none, and marked where it cannot have been then.
pub fn happened(event: Event, said: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Event {
    match said {
        None => event,
        Some(said) if is_possible(said, now) => event.at(said),
        Some(_) => event.at(now).time_uncertain(true),
    }
}
