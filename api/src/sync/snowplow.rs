//! Snowplow: web events become visitors with an identity, touchpoints, and orders where something was bought.

use std::{collections::HashMap, path::PathBuf};

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use entities::{
    account::{identity, visitor},
    codes::{
        CampaignStatus, CampaignType, ConsentState, IdentityKind, IdentityStrength, Interaction, OrderStatus,
        SubjectType,
    },
    marketing::{campaign, channel, touchpoint},
    sales::sales_order,
};
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, Set};
use uuid::Uuid;

use super::{
    Context, Group, ImportError, Item, Kind, Report, Taken,
    read::{self, Record, normal},
    refs,
};
use crate::{
    graph::{Result, to_minor},
    journey::{Event, EventKind, Payload, Work},
    policy::mask,
};

/// The rows of Snowplow's event tables.
pub fn groups(paths: &[PathBuf], report: &mut Report) -> Result<Vec<Group>, ImportError> {
    let mut groups = Vec::new();
    for path in read::files(paths, &["csv"])? {
        let (header, rows) = read::csv(&path, &read::bytes(&path)?)?;
        let has = |name: &str| header.iter().any(|column| normal(column) == name);
        if !has("eventid") || !has("collectortstamp") {
            report.note(format!("{} is left out: it holds no Snowplow events", path.display()));
            continue;
        }
        let rows = rows.into_iter().map(|row| {
            row.map(|record| {
                let key = record.get("eventid").map(str::to_owned);
                Record { key, ..record }
            })
        });
        groups.push(Group { kind: Kind::WebEvent, file: path, rows: rows.collect() });
    }
    if groups.is_empty() {
        return Err(ImportError::Nothing("there are no Snowplow events in these files".into()));
    }
    Ok(groups)
}

/// The strongest of a row's names for its user, with how sure it is.
fn user(record: &Record) -> Option<(IdentityKind, IdentityStrength, &str)> {
    let strong = record.get("userid").map(|user| (IdentityKind::UserId, IdentityStrength::Strong, user));
    let cookie = record.get("domainuserid").or_else(|| record.get("networkuserid"));
    strong.or_else(|| cookie.map(|user| (IdentityKind::Cookie, IdentityStrength::Medium, user)))
}

/// When it happened: as derived, as the device said, as the collector saw. The second value: no possible time was given.
fn occurred_at(record: &Record, now: DateTime<Utc>) -> (DateTime<Utc>, bool) {
    let read = |text: &str| {
        let naive = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|time| time.and_utc());
        DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()).or_else(|| naive("%Y-%m-%d %H:%M:%S%.f"))
    };
    let told =
        ["derivedtstamp", "dvcecreatedtstamp", "collectortstamp"].iter().find_map(|column| read(record.get(column)?));
    match told {
        Some(time) if time >= DateTime::UNIX_EPOCH && time <= now + Duration::hours(24) => (time, false),
        _ => (now, true),
    }
}

/// The channel of a visit, by its medium and source.
fn channel_code(medium: Option<&str>, source: Option<&str>) -> Option<&'static str> {
    let (medium, source) = (medium.unwrap_or_default().to_lowercase(), source.unwrap_or_default().to_lowercase());
    Some(match medium.as_str() {
        "(none)" | "(not set)" if source.is_empty() || source == "(direct)" => "DIRECT",
        "organic" => "SEO",
        "cpc" | "ppc" | "paid" | "paidsearch" | "display" | "cpm" | "banner" | "video" | "retargeting" => "ONLINE_ADS",
        "email" | "e-mail" | "newsletter" => "EMAIL",
        "social" | "social-network" | "social-media" | "sm" => "SOCIAL",
        "referral" => "REFERRAL",
        "affiliate" | "partner" => "PARTNER",
        _ => return None,
    })
}

/// An address without query and fragment, so that no person's data slips in.
fn bare(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// The page that was seen.
fn page(record: &Record) -> Option<String> {
    if let Some(url) = record.get("pageurl") {
        return Some(bare(url));
    }
    let host = record.get("pageurlhost")?;
    let scheme = record.get("pageurlscheme").unwrap_or("https");
    Some(format!("{scheme}://{host}{}", bare(record.get("pageurlpath").unwrap_or("/"))))
}

/// A user's name may be a mail address: it is remembered by its keyed hash only.
fn hashed(context: &Context<'_>, kind: IdentityKind, name: &str) -> String {
    mask::value_hash(&context.cx.caller.tenant_key.0, kind.as_str(), name)
}

/// The visitors of a batch, by the hashes of their names, found or made: one for each name of a user.
async fn visitors(
    context: &Context<'_>,
    work: &mut Work<'_>,
    items: &[Item],
    now: DateTime<Utc>,
) -> Result<HashMap<String, Uuid>> {
    let mut users: HashMap<String, (IdentityKind, IdentityStrength, DateTime<Utc>, DateTime<Utc>)> = HashMap::new();
    for item in items {
        let Some((kind, strength, name)) = user(&item.record) else { continue };
        let (at, _) = occurred_at(&item.record, now);
        let entry = users.entry(hashed(context, kind, name)).or_insert((kind, strength, at, at));
        entry.2 = entry.2.min(at);
        entry.3 = entry.3.max(at);
    }
    let mut known = context.resolve(work, Kind::Visitor, users.keys().cloned().collect::<Vec<_>>()).await?;
    let held =
        context.cx.caller.rows_to_write::<visitor::Entity>().by_ids(known.values().copied()).all(work.tx()).await?;
    for seen in held {
        let Some((name, _)) = known.iter().find(|(_, id)| **id == seen.row().id) else { continue };
        let Some((_, _, first, last)) = users.get(name) else { continue };
        let (first, last) = ((*first).min(seen.row().first_seen_at), (*last).max(seen.row().last_seen_at));
        let wider = visitor::ActiveModel { first_seen_at: Set(first), last_seen_at: Set(last), ..Default::default() };
        work.update::<visitor::Entity>(&seen, wider).await?;
    }
    let mut names: Vec<&String> = users.keys().filter(|name| !known.contains_key(*name)).collect();
    names.sort();
    let (mut rows, mut identities, mut remembered) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        let (kind, strength, first, last) = users[name];
        let id = work.fresh_id();
        rows.push(visitor::ActiveModel {
            id: Set(id),
            first_seen_at: Set(first),
            last_seen_at: Set(last),
            consent_state: Set(ConsentState::Unknown),
            ..Default::default()
        });
        identities.push(identity::ActiveModel {
            kind: Set(kind),
            value_hash: Set(name.clone()),
            strength: Set(strength),
            subject_type: Set(SubjectType::Visitor),
            subject_id: Set(id),
            valid_from: Set(first),
            ..Default::default()
        });
        remembered.push((name.clone(), id, None));
    }
    work.insert_many::<visitor::Entity>(rows).await?;
    work.insert_many::<identity::Entity>(identities).await?;
    known.extend(remembered.iter().map(|(name, id, _)| (name.clone(), *id)));
    refs::remember(work, context.source, Kind::Visitor.name(), remembered).await?;
    Ok(known)
}

async fn channel_of(context: &mut Context<'_>, work: &Work<'_>, code: &str) -> Result<Option<Uuid>> {
    if !context.names.keys().any(|(what, _)| *what == "channel") {
        for seen in context.cx.caller.rows::<channel::Entity>().all(work.tx()).await? {
            context.names.insert(("channel", seen.row().code.clone()), seen.row().id);
        }
    }
    Ok(context.names.get(&("channel", code.to_owned())).copied())
}

async fn campaign_of(context: &mut Context<'_>, work: &mut Work<'_>, code: &str) -> Result<Uuid> {
    let key = ("campaign", code.to_owned());
    if let Some(id) = context.names.get(&key) {
        return Ok(*id);
    }
    let found = context.cx.caller.rows::<campaign::Entity>().filter(campaign::Column::Code.eq(code));
    let id = match found.one(work.tx()).await? {
        Some(seen) => seen.row().id,
        None => {
            let row = campaign::ActiveModel {
                code: Set(Some(code.to_owned())),
                name: Set(code.to_owned()),
                campaign_type: Set(CampaignType::Other),
                status: Set(CampaignStatus::Active),
                source_id: Set(Some(context.source)),
                ..Default::default()
            };
            work.insert::<campaign::Entity>(row).await?.id
        }
    };
    context.names.insert(key, id);
    Ok(id)
}

/// Takes web events. A page view is a touchpoint; a total makes an order beside it.
pub async fn events(context: &mut Context<'_>, work: &mut Work<'_>, items: &[Item]) -> Result<Taken> {
    let mut taken = Taken::default();
    let now = work.now();
    let visitors = visitors(context, work, items, now).await?;
    let (mut touches, mut orders, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for (place, item) in items.iter().enumerate() {
        let record = &item.record;
        if let Some(id) = item.known {
            // A collected event never changes; a second export may only spell it otherwise.
            taken.objects.push((place, id));
            continue;
        }
        let Some(visitor) =
            user(record).and_then(|(kind, _, name)| visitors.get(&hashed(context, kind, name)).copied())
        else {
            taken.refused.push((place, "it names no user".to_owned()));
            continue;
        };
        let total = match record.get("trtotal").map(|total| total.trim().parse::<Decimal>()) {
            None => None,
            Some(Ok(total)) => Some(total),
            Some(Err(_)) => {
                taken.refused.push((place, "the column tr_total is no amount".to_owned()));
                continue;
            }
        };
        let currency = record.get("trcurrency").unwrap_or(&context.currency).to_owned();
        let total = match total.map(|total| to_minor(total.round_dp(crate::graph::decimals(&currency)), &currency)) {
            Some(None) => {
                taken.refused.push((place, "the column tr_total is too large".to_owned()));
                continue;
            }
            total => total.flatten(),
        };
        let is_view =
            record.get("eventname").or(record.get("event")).is_some_and(|name| name.replace('-', "_") == "page_view");
        if !is_view && total.is_none() {
            taken
                .notes
                .push("events that are neither page views nor purchases are remembered, and leave no trace".into());
            taken.objects.push((place, visitor));
            continue;
        }
        let (at, uncertain) = occurred_at(record, now);
        if uncertain {
            taken.notes.push(
                "some events had no possible time; they stand where they were imported, marked as uncertain".into(),
            );
        }
        let (medium, source) = (record.get("mktmedium"), record.get("mktsource"));
        let campaign_name = record.get("mktcampaign").filter(|name| *name != "(not set)");
        let campaign_id = match campaign_name {
            Some(name) => Some(campaign_of(context, work, name).await?),
            None => None,
        };
        let channel_id = match channel_code(medium, source) {
            Some(code) => channel_of(context, work, code).await?,
            None => None,
        };
        let id = work.fresh_id();
        if is_view {
            touches.push(touchpoint::ActiveModel {
                id: Set(id),
                campaign_id: Set(campaign_id),
                channel_id: Set(channel_id),
                visitor_id: Set(Some(visitor)),
                interaction: Set(Interaction::PageViewed),
                occurred_at: Set(at),
                page_url: Set(page(record)),
                referrer: Set(record.get("pagereferrer").map(bare).or(record.get("refrurlhost").map(str::to_owned))),
                utm_source: Set(source.map(str::to_owned)),
                utm_medium: Set(medium.map(str::to_owned)),
                utm_campaign: Set(record.get("mktcampaign").map(str::to_owned)),
                utm_term: Set(record.get("mktterm").map(str::to_owned)),
                utm_content: Set(record.get("mktcontent").map(str::to_owned)),
                is_inbound: Set(true),
                source_id: Set(Some(context.source)),
                ..Default::default()
            });
            told.push((at, uncertain, i64::try_from(record.line).unwrap_or_default()));
        }
        if let Some(total) = total {
            let order = if is_view { work.fresh_id() } else { id };
            orders.push((
                at,
                uncertain,
                sales_order::ActiveModel {
                    id: Set(order),
                    visitor_id: Set(Some(visitor)),
                    number: Set(record.get("trorderid").map(str::to_owned)),
                    ordered_at: Set(at),
                    status: Set(OrderStatus::Placed),
                    total_minor: Set(total),
                    currency: Set(currency),
                    source_id: Set(Some(context.source)),
                    ..Default::default()
                },
            ));
        }
        taken.objects.push((place, id));
    }
    let rows = work.insert_many::<touchpoint::Entity>(touches).await?;
    for (row, (at, uncertain, line)) in rows.iter().zip(told) {
        let payload = Payload::Touch {
            campaign_id: row.campaign_id,
            channel_id: row.channel_id,
            content_asset_id: None,
            is_inbound: true,
        };
        let event = Event::of::<touchpoint::Entity>(EventKind::PageViewed, row, payload);
        work.record(event.at(at).time_uncertain(uncertain).source_seq(line));
    }
    let (times, orders): (Vec<_>, Vec<_>) =
        orders.into_iter().map(|(at, uncertain, row)| ((at, uncertain), row)).unzip();
    let orders = work.insert_many::<sales_order::Entity>(orders).await?;
    for (row, (at, uncertain)) in orders.iter().zip(times) {
        let payload = Payload::Order { total_minor: Some(row.total_minor), currency: Some(row.currency.clone()) };
        let event = Event::of::<sales_order::Entity>(EventKind::OrderPlaced, row, payload);
        work.record(event.at(at).time_uncertain(uncertain));
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_channels_where_they_are_known() {
        assert_eq!(channel_code(Some("(none)"), Some("(direct)")), Some("DIRECT"));
        assert_eq!(channel_code(Some("organic"), Some("google")), Some("SEO"));
        assert_eq!(channel_code(Some("cpc"), Some("bing")), Some("ONLINE_ADS"));
        assert_eq!(channel_code(Some("carrier-pigeon"), None), None);
        assert_eq!(channel_code(None, None), None);
    }
}
