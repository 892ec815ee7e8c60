//! Business time: how long something took in the hours in which the company works, by the revision of its calendar that held when it
//! ended. The company's calendar is the oldest that stands; others belong to single promises.

use chrono::{DateTime, NaiveDate, Utc};
use entities::service::business_calendar;
use numbers::hours::{Block, BusinessHours, Revisions};
use sea_orm::{ColumnTrait, sea_query::Order};
use serde_json::Value;

use crate::{
    graph::{Cx, Result},
    policy::Caller,
};

const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// The revisions of the company's calendar; none in a tenant without one.
pub async fn hours(cx: &Cx, caller: &Caller) -> Result<Option<Revisions>> {
    let oldest = caller.rows::<business_calendar::Entity>().order_by(business_calendar::Column::Id, Order::Asc);
    let Some(oldest) = oldest.one(&cx.db()).await? else { return Ok(None) };
    let of_it = business_calendar::Column::Code.eq(oldest.row().code.as_str());
    let revisions = caller.rows::<business_calendar::Entity>().filter(of_it).all(&cx.db()).await?;
    let steps = revisions.iter().filter_map(|seen| Some((seen.row().created_at, of_row(seen.row())?)));
    Ok(Some(Revisions { steps: steps.collect() }))
}

/// A revision as the arithmetic takes it; none for one whose zone nobody knows.
fn of_row(row: &business_calendar::Model) -> Option<BusinessHours> {
    let minute = |text: &Value| {
        let (hours, minutes) = text.as_str()?.split_once(':')?;
        Some(hours.parse::<u16>().ok()? * 60 + minutes.parse::<u16>().ok()?)
    };
    let blocks = |day: &str| {
        let held = row.weekly[day].as_array().into_iter().flatten();
        held.filter_map(|block| Some(Block { from: minute(&block[0])?, to: minute(&block[1])? })).collect()
    };
    let holidays = row.holidays.as_array().into_iter().flatten();
    let holidays = holidays.filter_map(|day| day.as_str()?.parse::<NaiveDate>().ok());
    Some(BusinessHours::new(row.zone.parse().ok()?, DAYS.map(blocks), holidays))
}

/// How long a span took in business time, in milliseconds.
pub fn elapsed(hours: &Revisions, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<i64> {
    hours.single(from, to).map(|took| took.num_milliseconds())
}
