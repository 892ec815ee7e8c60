//! Journey's own form: NDJSON, one object a line, for whatever has no mapping of its own.
//!
//! ```text
//! {"type":"account","id":"a1","name":"Acme","industry":"Dairy","website":"https://acme.example","type_of":"Customer"}
//! {"type":"contact","id":"c1","accountId":"a1","firstName":"Jane","lastName":"Doe","email":"jane@acme.example"}
//! {"type":"campaign","id":"k1","name":"Spring fair","budgetedCost":"1000"}
//! {"type":"opportunity","id":"o1","accountId":"a1","name":"Filler","stageName":"DISCOVERY","amount":"1000.50","closeDate":"2027-01-31"}
//! {"type":"touchpoint","id":"t1","contactId":"c1","campaignId":"k1","interaction":"TRADEFAIR_BOOTH_SCANNED","occurredAt":"2026-05-04T10:00:00Z"}
//! {"type":"ticket","id":"s1","accountId":"a1","contactId":"c1","subject":"It leaks","priority":"HIGH"}
//! ```
//!
//! Accounts, contacts, campaigns and opportunities take the columns of a Salesforce export. References are ids of this form.

use std::path::PathBuf;

use chrono::{DateTime, Duration, Utc};
use entities::{
    account::contact,
    codes::{Interaction, StageObject, TicketPriority, TicketStatus},
    marketing::touchpoint,
    service::ticket,
};
use sea_orm::Set;

use super::{
    Context, Group, ImportError, Item, Kind, Report, Taken,
    read::{self, Read, Unreadable},
    salesforce,
};
use crate::{
    graph::Result,
    journey::{Event, EventKind, Payload, Work},
};

const ORDER: [Kind; 6] =
    [Kind::Account, Kind::Contact, Kind::Campaign, Kind::Opportunity, Kind::Touchpoint, Kind::Ticket];

/// The objects of some files, in the order in which they can be taken.
pub fn groups(paths: &[PathBuf], _report: &mut Report) -> Result<Vec<Group>, ImportError> {
    let mut groups: Vec<Group> = Vec::new();
    for file in &read::files(paths, &["ndjson", "jsonl"])? {
        let mut by_kind: Vec<(Kind, Vec<Read>)> = ORDER.iter().map(|kind| (*kind, Vec::new())).collect();
        for row in read::ndjson(file, &read::bytes(file)?) {
            let named = row.and_then(|record| {
                let kind = record.get("type").and_then(|name| ORDER.iter().find(|kind| kind.name() == name));
                let line = record.line;
                match (kind, &record.key) {
                    (Some(kind), Some(_)) => Ok((*kind, record)),
                    (Some(_), None) => Err(Unreadable { line, reason: "it has no id".into() }),
                    (None, _) => Err(Unreadable { line, reason: "its type is none that this form knows".into() }),
                }
            });
            let (kind, row) = match named {
                Ok((kind, record)) => (kind, Ok(record)),
                Err(unreadable) => (Kind::Account, Err(unreadable)),
            };
            if let Some((_, rows)) = by_kind.iter_mut().find(|(held, _)| *held == kind) {
                rows.push(row);
            }
        }
        let filled = by_kind.into_iter().filter(|(_, rows)| !rows.is_empty());
        groups.extend(filled.map(|(kind, rows)| Group { kind, file: file.clone(), rows }));
    }
    if groups.is_empty() {
        return Err(ImportError::Nothing("there is nothing in these files".into()));
    }
    groups.sort_by_key(|group| ORDER.iter().position(|kind| *kind == group.kind));
    Ok(groups)
}

/// Takes objects of one kind.
pub async fn take(context: &mut Context<'_>, work: &mut Work<'_>, kind: Kind, items: &[Item]) -> Result<Taken> {
    match kind {
        Kind::Account => salesforce::accounts(context, work, items).await,
        Kind::Contact => salesforce::contacts(context, work, items).await,
        Kind::Campaign => salesforce::campaigns(context, work, items).await,
        Kind::Opportunity => salesforce::opportunities(context, work, items).await,
        Kind::Touchpoint => touchpoints(context, work, items).await,
        Kind::Ticket => tickets(context, work, items).await,
        Kind::WebEvent | Kind::Visitor => Ok(Taken::default()),
    }
}

fn keys(items: &[Item], column: &str) -> Vec<String> {
    items.iter().filter_map(|item| item.record.get(column).map(str::to_owned)).collect()
}

async fn touchpoints(context: &mut Context<'_>, work: &mut Work<'_>, items: &[Item]) -> Result<Taken> {
    let mut taken = Taken::default();
    let contacts = context.resolve(work, Kind::Contact, keys(items, "contactid")).await?;
    let campaigns = context.resolve(work, Kind::Campaign, keys(items, "campaignid")).await?;
    let people = context.cx.caller.rows::<contact::Entity>().by_ids(contacts.values().copied()).all(work.tx()).await?;
    let now = work.now();
    let (mut rows, mut told) = (Vec::new(), Vec::new());
    for (place, item) in items.iter().enumerate() {
        let record = &item.record;
        if let Some(id) = item.known {
            // What happened does not change.
            taken.objects.push((place, id));
            continue;
        }
        let contact = record.get("contactid").and_then(|key| contacts.get(key).copied());
        let interaction = record.get("interaction").and_then(Interaction::parse);
        let (Some(contact), Some(interaction)) = (contact, interaction) else {
            taken.refused.push((place, "its contact is not known, or its interaction is none".to_owned()));
            continue;
        };
        let kind = EventKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name().replace('.', "_").to_uppercase() == interaction.as_str());
        let Some(kind) = kind else {
            taken.refused.push((place, "its interaction has no event".to_owned()));
            continue;
        };
        let time =
            record.get("occurredat").and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.to_utc());
        let possible = time.filter(|at| *at >= DateTime::<Utc>::UNIX_EPOCH && *at <= now + Duration::hours(24));
        let id = work.fresh_id();
        rows.push(touchpoint::ActiveModel {
            id: Set(id),
            contact_id: Set(Some(contact)),
            account_id: Set(people.iter().find(|seen| seen.row().id == contact).and_then(|seen| seen.row().account_id)),
            campaign_id: Set(record.get("campaignid").and_then(|key| campaigns.get(key).copied())),
            interaction: Set(interaction),
            occurred_at: Set(possible.unwrap_or(now)),
            is_inbound: Set(true),
            source_id: Set(Some(context.source)),
            ..Default::default()
        });
        told.push((kind, possible));
        taken.objects.push((place, id));
    }
    let rows = work.insert_many::<touchpoint::Entity>(rows).await?;
    for (row, (kind, at)) in rows.iter().zip(told) {
        let payload =
            Payload::Touch { campaign_id: row.campaign_id, channel_id: None, content_asset_id: None, is_inbound: true };
        let event =
            Event::of::<touchpoint::Entity>(kind, row, payload).object(crate::journey::ObjectType::Touchpoint, row.id);
        work.record(event.at(at.unwrap_or(now)).time_uncertain(at.is_none()));
    }
    Ok(taken)
}

async fn tickets(context: &mut Context<'_>, work: &mut Work<'_>, items: &[Item]) -> Result<Taken> {
    let mut taken = Taken::default();
    let accounts = context.resolve(work, Kind::Account, keys(items, "accountid")).await?;
    let contacts = context.resolve(work, Kind::Contact, keys(items, "contactid")).await?;
    let mut number = work.next_number_unscoped::<ticket::Entity>(ticket::Column::Number).await?;
    let mut rows = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let record = &item.record;
        if let Some(id) = item.known {
            taken.objects.push((place, id));
            continue;
        }
        let account = record.get("accountid").map(|key| accounts.get(key).copied());
        let (Some(subject), Some(Some(account))) = (record.get("subject"), account) else {
            taken.refused.push((place, "it has no subject, or its account is not known".to_owned()));
            continue;
        };
        let id = work.fresh_id();
        rows.push(ticket::ActiveModel {
            id: Set(id),
            account_id: Set(Some(account)),
            contact_id: Set(record.get("contactid").and_then(|key| contacts.get(key).copied())),
            number: Set(Some(number)),
            subject: Set(subject.to_owned()),
            status: Set(record.get("status").and_then(TicketStatus::parse).unwrap_or(TicketStatus::New)),
            priority: Set(record.get("priority").and_then(TicketPriority::parse).unwrap_or(TicketPriority::Normal)),
            category: Set(record.get("category").map(str::to_owned)),
            reopened_count: Set(0),
            source_id: Set(Some(context.source)),
            ..Default::default()
        });
        number += 1;
        taken.objects.push((place, id));
    }
    let rows = work.insert_many::<ticket::Entity>(rows).await?;
    // A ticket without a history would be in no backlog.
    let staged: Vec<_> = rows.iter().map(|row| (row.clone(), row.status.as_str().to_owned())).collect();
    work.begin_stages::<ticket::Entity>(StageObject::Ticket, &staged, "imported").await?;
    for row in &rows {
        let payload = Payload::Ticket {
            status_before: None,
            status_after: Some(row.status.as_str().to_owned()),
            priority: Some(row.priority.as_str().to_owned()),
            assignee_id: None,
            queue_id: None,
        };
        work.record(Event::of::<ticket::Entity>(EventKind::TicketCreated, row, payload));
    }
    Ok(taken)
}
