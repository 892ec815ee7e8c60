//! Salesforce's contacts.

use entities::{
    account::{contact, contact_point, employment},
    codes::{ContactPointKind, StageObject},
};
use sea_orm::Set;

use super::{
    super::{Context, Item, Kind, Taken},
    cell, custom,
    points::{self, Owner},
    reference, required, words,
};
use crate::{graph::Result, journey::Work};

const MAPPED: [&str; 14] = [
    "id",
    "firstname",
    "lastname",
    "salutation",
    "email",
    "phone",
    "mobilephone",
    "title",
    "accountid",
    "mailingstreet",
    "mailingcity",
    "mailingstate",
    "mailingpostalcode",
    "mailingcountry",
];

/// Takes contacts. One of an unknown account is refused: it would belong to nobody whom the team rule knows.
pub async fn contacts(context: &mut Context<'_>, work: &mut Work<'_>, items: &[Item]) -> Result<Taken> {
    let mut taken = Taken::default();
    let keys = items.iter().filter_map(|item| reference(&item.record, "accountid").map(|key| key.into_owned()));
    let accounts = context.resolve(work, Kind::Account, keys.collect::<Vec<_>>()).await?;
    let (mut new, mut jobs, mut reach) = (Vec::new(), Vec::new(), Vec::new());
    for (place, item) in items.iter().enumerate() {
        let record = &item.record;
        let account = reference(record, "accountid");
        let account_id = account.as_deref().map(|key| accounts.get(key).copied());
        if let (Some(key), Some(None)) = (&account, account_id) {
            taken.refused.push((place, format!("its account {key} is neither in this import nor known")));
            continue;
        }
        let family_name = match required(record, "lastname") {
            Ok(name) => name,
            Err(reason) => {
                taken.refused.push((place, reason));
                continue;
            }
        };
        let account_id = account_id.flatten();
        let ways = [
            points::single(record, "email", ContactPointKind::Email, "email"),
            points::single(record, "phone", ContactPointKind::Phone, "phone"),
            points::single(record, "mobilephone", ContactPointKind::Phone, "mobile"),
            points::address(record, "mailing", "mailing"),
        ];
        let ways: Vec<_> = ways.into_iter().flatten().collect();
        let title = record.get("title").map(str::to_owned);
        let mut row = contact::ActiveModel {
            given_name: words(record, "firstname"),
            family_name: Set(Some(family_name)),
            salutation: words(record, "salutation"),
            job_title: cell(record, "title", title.clone()),
            account_id: cell(record, "accountid", account_id),
            custom: Set(custom(record, &MAPPED)),
            source_id: Set(Some(context.source)),
            ..Default::default()
        };
        match item.known {
            Some(id) => {
                let seen = context.cx.caller.rows_to_write::<contact::Entity>().by_id(id).one(work.tx()).await?;
                let Some(seen) = seen.filter(|seen| seen.row().erased_at.is_none()) else {
                    taken.refused.push((place, "its contact is gone".to_owned()));
                    continue;
                };
                let mut row = row;
                work.keep_custom::<contact::Entity>(seen.row(), &mut row).await?;
                let after = work.update::<contact::Entity>(&seen, row).await?;
                if after.account_id != seen.row().account_id {
                    crate::account::contact::change_employer(work, &after).await?;
                }
                points::update(context.cx, work, Owner::Contact(id, account_id), ways).await?;
                taken.objects.push((place, id));
            }
            None => {
                let id = work.fresh_id();
                row.id = Set(id);
                row.lifecycle_stage = Set("SUBSCRIBER".to_owned());
                new.push(row);
                if let Some(employer) = account_id {
                    jobs.push(employment::ActiveModel {
                        contact_id: Set(id),
                        account_id: Set(employer),
                        title: Set(title),
                        is_primary: Set(true),
                        ..Default::default()
                    });
                }
                reach.extend(points::rows(context.cx, Owner::Contact(id, account_id), ways));
                taken.objects.push((place, id));
            }
        }
    }
    let rows = work.insert_many::<contact::Entity>(new).await?;
    work.insert_many::<employment::Entity>(jobs).await?;
    work.insert_many::<contact_point::Entity>(reach).await?;
    let staged: Vec<_> = rows.into_iter().map(|row| (row, "SUBSCRIBER".to_owned())).collect();
    work.begin_stages::<contact::Entity>(StageObject::Lifecycle, &staged, "imported").await?;
    Ok(taken)
}
