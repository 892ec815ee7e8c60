//! The business calendar: the hours in which the clocks of service levels run. Other hours are a new revision; the promises that
//! stood on the old one go over to the new in the same unit of work, each by a revision of its own. Clocks that run keep theirs.

use std::collections::BTreeMap;

use async_graphql::{Context, Enum, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use entities::service::{business_calendar, sla_policy};
use sea_orm::{ColumnTrait, Set};
use serde_json::{Value, json};

use super::{SlaPolicy, policy::succeed};
use crate::{
    graph::{Cx, Error, GlobalId, IntFilter, Kind, MAX_LINE, Result, TextFilter, TimeFilter, UserErrorCode, text},
    input,
    journey::{Removable, Work, attempt},
    listed, object, payload,
    policy::{Seen, access},
    removal,
    tenant::settings::zone_named,
};

/// The most blocks of one day.
const MAX_BLOCKS: usize = 20;
/// The most days off.
const MAX_HOLIDAYS: usize = 1000;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    const ALL: [Weekday; 7] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

    /// Its name in the row.
    const fn code(self) -> &'static str {
        match self {
            Weekday::Mon => "MON",
            Weekday::Tue => "TUE",
            Weekday::Wed => "WED",
            Weekday::Thu => "THU",
            Weekday::Fri => "FRI",
            Weekday::Sat => "SAT",
            Weekday::Sun => "SUN",
        }
    }
}

/// A stretch of working hours, every week.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct BusinessHours {
    /// The day.
    pub day: Weekday,
    /// The first minute, as `08:30`.
    pub from: String,
    /// The first minute after, as `17:00`; `24:00` for midnight.
    pub to: String,
}

/// A stretch of working hours, every week.
#[derive(Clone, Debug, InputObject)]
pub struct BusinessHoursInput {
    /// The day.
    pub day: Weekday,
    /// The first minute, as `08:30`.
    pub from: String,
    /// The first minute after, later on the same day, as `17:00`; `24:00` for midnight.
    pub to: String,
}

object! {
    /// One revision of the hours in which the clocks of service levels run.
    BusinessCalendar(business_calendar::Entity) as Queue, id BusinessCalendar {
        /// Which calendar; revisions share it.
        P code: String = |row| row.code.clone();
        /// Counts up with every change of the hours, from 1.
        P revision: i32 = |row| i32::try_from(row.revision).unwrap_or(i32::MAX);
        /// What people call it.
        P name: String = |row| row.name.clone();
        /// The IANA zone of the hours.
        P zone: String = |row| row.zone.clone();
        /// The working hours from Monday on, at most 20 stretches a day.
        P weekly: Vec<BusinessHours> = |row| week(&row.weekly);
        /// The days off, in their order.
        P holidays: Vec<NaiveDate> = |row| days(&row.holidays);
        /// Until when it was the newest (UTC), exclusive; null for the newest revision.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
    }
    lists {
        /// The promises that stand on this revision, ended ones too, oldest first.
        policies: SlaPolicy = sla_policy::Entity, sla_policy::Column::BusinessCalendarId, Rising;
    }
}

input! {
    /// A new calendar: its first revision.
    CreateBusinessCalendarInput for Queue {
        /// Which calendar, at most 100 characters, unique in the tenant, for ever.
        P code: String;
        /// What people call it, at most 255 characters.
        P name: String;
        /// The IANA zone of the hours, such as `Europe/Berlin`.
        P zone: String;
        /// The working hours: at least one stretch, at most 20 a day, none over another.
        P weekly: Vec<BusinessHoursInput>;
        /// The days off, at most 1,000; none unless said.
        P holidays: Option<Vec<NaiveDate>>;
    }
}

input! {
    /// A change of a calendar: absent leaves. A new name is a new name; anything else is a new revision.
    UpdateBusinessCalendarInput for Queue {
        /// What people call it.
        P name: MaybeUndefined<String>;
        /// The IANA zone of the hours.
        P zone: MaybeUndefined<String>;
        /// The working hours: the whole week.
        P weekly: MaybeUndefined<Vec<BusinessHoursInput>>;
        /// The days off: the whole list; null for none.
        P holidays: MaybeUndefined<Vec<NaiveDate>>;
    }
    plain {
        /// The newest revision.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createBusinessCalendar` answers.
    CreateBusinessCalendarPayload {
        /// The first revision; null if it was refused.
        business_calendar: BusinessCalendar
    }
}

payload! {
    /// What `updateBusinessCalendar` answers.
    UpdateBusinessCalendarPayload {
        /// The newest revision, with an id of its own where the hours are others; null if it was refused.
        business_calendar: BusinessCalendar
    }
}

/// Enters a calendar.
pub async fn create(cx: &Cx, input: CreateBusinessCalendarInput) -> Result<BusinessCalendar> {
    let written = input.written();
    let CreateBusinessCalendarInput { code, name, zone, weekly, holidays } = input;
    let mut work = Work::begin(cx).await?;
    let row = business_calendar::ActiveModel {
        code: Set(text("code", code, 100)?),
        revision: Set(1),
        name: Set(text("name", name, MAX_LINE)?),
        zone: Set(zone_named("zone", zone)?),
        weekly: Set(hours(weekly)?),
        holidays: Set(off(holidays.unwrap_or_default())?),
        ..Default::default()
    };
    let row = work.insert_unique::<business_calendar::Entity>("code", row).await?;
    let seen = work.reached::<business_calendar::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(BusinessCalendar(seen))
}

/// Renames a calendar, or ends its newest revision, writes the next, and moves the promises that hold over to it.
pub async fn update(cx: &Cx, input: UpdateBusinessCalendarInput) -> Result<BusinessCalendar> {
    let written = input.written();
    let UpdateBusinessCalendarInput { id, if_version, name, zone, weekly, holidays } = input;
    let id = id.named("id", Kind::BusinessCalendar)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<business_calendar::Entity>(id, if_version, &written).await?;
    let old = seen.row();
    if old.valid_to.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "there is a newer revision"));
    }
    let mut new = old.clone();
    let required = |path: &str| Err(Error::invalid(path, "this cannot be cleared"));
    match name {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => return required("name"),
        MaybeUndefined::Value(name) => new.name = text("name", name, MAX_LINE)?,
    }
    match zone {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => return required("zone"),
        MaybeUndefined::Value(zone) => new.zone = zone_named("zone", zone)?,
    }
    match weekly {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => return required("weekly"),
        MaybeUndefined::Value(weekly) => new.weekly = hours(weekly)?,
    }
    match holidays {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => new.holidays = json!([]),
        MaybeUndefined::Value(days) => new.holidays = off(days)?,
    }
    let renamed = business_calendar::Model { name: new.name.clone(), ..old.clone() };
    let id = if new == renamed {
        let row = business_calendar::ActiveModel { name: Set(new.name), ..Default::default() };
        work.update::<business_calendar::Entity>(&seen, row).await?.id
    } else {
        let over = business_calendar::ActiveModel { valid_to: Set(Some(work.now())), ..Default::default() };
        work.update::<business_calendar::Entity>(&seen, over).await?;
        let next = business_calendar::ActiveModel {
            code: Set(new.code),
            revision: Set(new.revision + 1),
            name: Set(new.name),
            zone: Set(new.zone),
            weekly: Set(new.weekly),
            holidays: Set(new.holidays),
            ..Default::default()
        };
        let next = work.insert_unique::<business_calendar::Entity>("id", next).await?.id;
        let by = sla_policy::Column::BusinessCalendarId;
        for policy in work.following_unscoped::<sla_policy::Entity>(by, old.id).await? {
            if policy.valid_to.is_none() && policy.deleted_at.is_none() {
                let moved = sla_policy::Model { business_calendar_id: Some(next), ..policy.clone() };
                succeed(&mut work, &policy, moved).await?;
            }
        }
        next
    };
    let seen = work.reached::<business_calendar::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(BusinessCalendar(seen))
}

/// The minute of the day that a text such as `08:30` means; 1440 for `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u16>());
    let (hour, minute) = (two(hour)?.ok()?, two(minute)?.ok()?);
    (minute < 60 && (hour < 24 || hour == 24 && minute == 0)).then_some(hour * 60 + minute)
}

/// The week as the row holds it: the day's name, and its stretches in their order.
fn hours(weekly: Vec<BusinessHoursInput>) -> Result<Value> {
    if weekly.is_empty() {
        return Err(Error::invalid("weekly", "a clock needs some hour in which it runs"));
    }
    let mut week: BTreeMap<Weekday, Vec<(u16, u16, usize, Value)>> = BTreeMap::new();
    for (place, BusinessHoursInput { day, from, to }) in weekly.into_iter().enumerate() {
        let at = |part: &str, text: &str| {
            let path = format!("weekly.{place}.{part}");
            minute(text).ok_or_else(|| Error::invalid(&path, "a time of day, such as 08:30"))
        };
        let (begin, end) = (at("from", &from)?, at("to", &to)?);
        if begin >= end {
            return Err(Error::invalid(&format!("weekly.{place}.to"), "a stretch does not end before it begins"));
        }
        let blocks = week.entry(day).or_default();
        if blocks.len() == MAX_BLOCKS {
            return Err(Error::invalid(&format!("weekly.{place}"), format!("at most {MAX_BLOCKS} stretches a day")));
        }
        blocks.push((begin, end, place, json!([from, to])));
    }
    let mut held = serde_json::Map::new();
    for (day, mut blocks) in week {
        blocks.sort_by_key(|(begin, ..)| *begin);
        if let Some(pair) = blocks.windows(2).find(|pair| pair[0].1 > pair[1].0) {
            let later = pair[0].2.max(pair[1].2);
            return Err(Error::invalid(&format!("weekly.{later}"), "two stretches of a day lie over each other"));
        }
        held.insert(day.code().to_owned(), blocks.into_iter().map(|(.., block)| block).collect());
    }
    Ok(Value::Object(held))
}

fn off(mut days: Vec<NaiveDate>) -> Result<Value> {
    days.sort_unstable();
    days.dedup();
    match days.len() > MAX_HOLIDAYS {
        true => Err(Error::invalid("holidays", format!("at most {MAX_HOLIDAYS} days"))),
        false => Ok(days.into_iter().map(|day| day.to_string()).collect()),
    }
}

fn week(held: &Value) -> Vec<BusinessHours> {
    let mut week = Vec::new();
    for day in Weekday::ALL {
        for block in held[day.code()].as_array().into_iter().flatten() {
            let text = |place: usize| block[place].as_str().unwrap_or_default().to_owned();
            week.push(BusinessHours { day, from: text(0), to: text(1) });
        }
    }
    week
}

fn days(held: &Value) -> Vec<NaiveDate> {
    held.as_array().into_iter().flatten().filter_map(|day| day.as_str()?.parse().ok()).collect()
}

impl Removable for business_calendar::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<business_calendar::Model>) -> Result<()> {
        let promises = sla_policy::Column::BusinessCalendarId.eq(seen.row().id);
        match work.tally_unscoped::<sla_policy::Entity>(promises).await? {
            0 => Ok(()),
            _ => Err(Error::user(UserErrorCode::StateConflict, "id", "promises stand or stood on it")),
        }
    }
}

listed! {
    /// One revision of a calendar; null if there is none that you may see.
    business_calendar,
    /// The business calendars with all their revisions, oldest first unless sorted.
    business_calendars: BusinessCalendar(business_calendar::Entity) as Queue, id BusinessCalendar, Rising;
    query BusinessCalendarQuery, filter BusinessCalendarFilter, sort BusinessCalendarSort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By revision.
        P revision: IntFilter = Revision;
        /// By its end; `isNull: true` leaves the newest revisions.
        P valid_to: TimeFilter = ValidTo;
    }
}

removal! {
    /// Takes a revision of a calendar away that nobody stands on. STATE_CONFLICT while a promise stands on it, or did: its clocks
    /// run by these hours.
    delete_business_calendar: business_calendar::Entity as Queue, class P name, checked;
    mutation BusinessCalendarRemoval, input DeleteBusinessCalendarInput, payload DeleteBusinessCalendarPayload;
}

/// Changing business hours.
#[derive(Default)]
pub struct BusinessCalendarMutation;

#[Object]
impl BusinessCalendarMutation {
    /// Enters a calendar. DUPLICATE if its code is known, even that of one taken away. Event: `record.created`.
    #[graphql(directive = access::apply("Queue".into(), "P".into(), true))]
    async fn create_business_calendar(
        &self,
        ctx: &Context<'_>,
        input: CreateBusinessCalendarInput,
    ) -> Result<CreateBusinessCalendarPayload> {
        let cx = Cx::of(ctx);
        CreateBusinessCalendarPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a calendar. All but a new name makes a new revision, to which the promises that hold go over; clocks that run keep
    /// theirs. STATE_CONFLICT unless `id` is the newest. Events: `record.updated` for each old revision, `record.created` for
    /// each new one.
    #[graphql(directive = access::apply("Queue".into(), "P".into(), true))]
    async fn update_business_calendar(
        &self,
        ctx: &Context<'_>,
        input: UpdateBusinessCalendarInput,
    ) -> Result<UpdateBusinessCalendarPayload> {
        let cx = Cx::of(ctx);
        UpdateBusinessCalendarPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
