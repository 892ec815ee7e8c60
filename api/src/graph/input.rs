//! Helpers for inputs: what is set, whether it may be written, and how it lands in a row.

use async_graphql::MaybeUndefined;
use sea_orm::{ActiveValue, Value};

use super::error::{Error, Result, UserError, UserErrorCode};
use crate::policy::{Class, Rights};
use entities::codes::{
    AccessLevel, ActivityKind, AttendeeResponse, CampaignStatus, CampaignType, ChannelGroup, ConsentPurpose,
    ContactPointKind, ContactRole, ContentKind, CostKind, DefinitionKind, Direction, Discipline, HandoverBoundary,
    IdentityKind, Interaction, LeadTouchRole, LegalBasis, MeetingKind, MeetingOutcome, NoteVisibility, OrderStatus,
    ReasonCode, Renewal, RequirementCategory, SlaMetric, StageObject, SurveyKind, TicketStatus, Wing,
};

/// Whether an input field was given.
pub trait IsSet {
    /// Given, even if null.
    fn is_set(&self) -> bool;
}

impl<T> IsSet for MaybeUndefined<T> {
    fn is_set(&self) -> bool {
        !self.is_undefined()
    }
}

impl<T> IsSet for Option<T> {
    fn is_set(&self) -> bool {
        self.is_some()
    }
}

macro_rules! always_set {
    ($($ty:ty),*) => { $(impl IsSet for $ty { fn is_set(&self) -> bool { true } })* };
}
// The codes that some input requires.
always_set!(
    AccessLevel,
    ActivityKind,
    AttendeeResponse,
    CampaignStatus,
    CampaignType,
    ChannelGroup,
    ConsentPurpose,
    ContactPointKind,
    ContactRole,
    ContentKind,
    CostKind,
    DefinitionKind,
    Direction,
    Discipline,
    HandoverBoundary,
    IdentityKind,
    Interaction,
    LeadTouchRole,
    LegalBasis,
    MeetingKind,
    MeetingOutcome,
    NoteVisibility,
    OrderStatus,
    ReasonCode,
    Renewal,
    RequirementCategory,
    SlaMetric,
    StageObject,
    SurveyKind,
    TicketStatus,
    Wing
);
always_set!(
    String,
    bool,
    i32,
    super::GlobalId,
    chrono::DateTime<chrono::Utc>,
    chrono::NaiveDate,
    super::MoneyInput,
    rust_decimal::Decimal
);

impl<T> IsSet for Vec<T> {
    fn is_set(&self) -> bool {
        !self.is_empty()
    }
}

/// Refuses the first field that the caller may not write on this row.
pub fn require_write(rights: &Rights, written: &[(Class, &'static str)]) -> Result<()> {
    let refused: Vec<UserError> = written
        .iter()
        .filter(|(class, field)| !rights.may_write(*class, field))
        .map(|(_, field)| UserError {
            code: UserErrorCode::Forbidden,
            path: vec![camel(field)],
            message: "your role does not allow this here".into(),
            new_id: None,
        })
        .collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(Error::User(refused)),
    }
}

/// `given_name` → `givenName`, `r#type` → `type`.
pub fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.trim_start_matches("r#").chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            letter => camel.push(letter),
        }
    }
    camel
}

/// A nullable column from a patch: absent leaves, null clears.
pub fn patch<T>(value: MaybeUndefined<T>) -> ActiveValue<Option<T>>
where
    Option<T>: Into<Value>,
{
    match value {
        MaybeUndefined::Undefined => ActiveValue::NotSet,
        MaybeUndefined::Null => ActiveValue::Set(None),
        MaybeUndefined::Value(value) => ActiveValue::Set(Some(value)),
    }
}

/// A required column from a patch: absent leaves, null is refused.
pub fn patch_required<T: Into<Value>>(path: &str, value: MaybeUndefined<T>) -> Result<ActiveValue<T>> {
    match value {
        MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
        MaybeUndefined::Null => Err(Error::invalid(path, "this cannot be cleared")),
        MaybeUndefined::Value(value) => Ok(ActiveValue::Set(value)),
    }
}

/// The longest name, title or code, in characters.
pub const MAX_LINE: usize = 255;
/// The longest description, message or remark, in characters.
pub const MAX_PROSE: usize = 20_000;

/// A name, title or code: not blank, one line without control characters, at most `max` characters, kept byte for byte.
pub fn text(path: &str, value: String, max: usize) -> Result<String> {
    if value.chars().any(char::is_control) {
        return Err(Error::invalid(path, "one line without control characters"));
    }
    bounded(path, value, max)
}

/// A description, message or remark: not blank, at most `max` characters, without control characters but the ends of lines and
/// tabs, kept byte for byte.
pub fn prose(path: &str, value: String, max: usize) -> Result<String> {
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid(path, "a text cannot hold control characters"));
    }
    bounded(path, value, max)
}

fn bounded(path: &str, value: String, max: usize) -> Result<String> {
    if value.trim().is_empty() {
        return Err(Error::invalid(path, "this cannot be blank"));
    }
    match value.chars().count() > max {
        true => Err(Error::invalid(path, format!("at most {max} characters"))),
        false => Ok(value),
    }
}

/// [`text`] of at most [`MAX_LINE`] characters that may be left out; blank counts as left out.
pub fn line(path: &str, value: Option<String>) -> Result<Option<String>> {
    value.filter(|value| !value.trim().is_empty()).map(|value| text(path, value, MAX_LINE)).transpose()
}

/// [`prose`] of at most [`MAX_PROSE`] characters that may be left out; blank counts as left out.
pub fn remark(path: &str, value: Option<String>) -> Result<Option<String>> {
    value.filter(|value| !value.trim().is_empty()).map(|value| prose(path, value, MAX_PROSE)).transpose()
}

/// [`line`] from a patch: absent leaves, null and blank clear.
pub fn line_patch(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(value, |value| line(path, value))
}

/// [`remark`] from a patch: absent leaves, null and blank clear.
pub fn remark_patch(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(value, |value| remark(path, value))
}

/// A required [`text`] of at most [`MAX_LINE`] characters from a patch: absent leaves, null and blank are refused.
pub fn name_patch(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match patch_required(path, value)? {
        ActiveValue::Set(value) => Ok(ActiveValue::Set(text(path, value, MAX_LINE)?)),
        other => Ok(other),
    }
}

/// A required [`prose`] of at most [`MAX_PROSE`] characters from a patch: absent leaves, null and blank are refused.
pub fn prose_patch(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match patch_required(path, value)? {
        ActiveValue::Set(value) => Ok(ActiveValue::Set(prose(path, value, MAX_PROSE)?)),
        other => Ok(other),
    }
}

/// A whole number of percent that may be left out.
pub fn percent(path: &str, value: Option<i32>) -> Result<Option<i32>> {
    match value {
        Some(percent) if !(0..=100).contains(&percent) => Err(Error::invalid(path, "between 0 and 100 percent")),
        value => Ok(value),
    }
}

/// [`percent`] from a patch: absent leaves, null clears.
pub fn percent_patch(path: &str, value: MaybeUndefined<i32>) -> Result<ActiveValue<Option<i32>>> {
    match patch(value) {
        ActiveValue::Set(value) => Ok(ActiveValue::Set(percent(path, value)?)),
        other => Ok(other),
    }
}

/// A nullable text from a patch: absent leaves, null clears, anything else is checked.
pub fn patch_text(
    value: MaybeUndefined<String>,
    checked: impl FnOnce(Option<String>) -> Result<Option<String>>,
) -> Result<ActiveValue<Option<String>>> {
    match value {
        MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
        MaybeUndefined::Null => Ok(ActiveValue::Set(None)),
        MaybeUndefined::Value(value) => Ok(ActiveValue::Set(checked(Some(value))?)),
    }
}
