//! Salesforce's campaigns, with what they cost.

use entities::{
    codes::{CampaignStatus, CampaignType, CostKind},
    marketing::{campaign, campaign_cost},
};
use sea_orm::Set;

use super::{
    super::{Context, Item, Taken},
    cell, custom, date, minor, required, words,
};
use crate::{graph::Result, journey::Work};

const MAPPED: [&str; 7] = ["id", "name", "budgetedcost", "actualcost", "startdate", "enddate", "description"];

/// Takes campaigns. Their cost so far becomes one entry; a later import changes that entry.
pub async fn campaigns(context: &mut Context<'_>, work: &mut Work<'_>, items: &[Item]) -> Result<Taken> {
    let mut taken = Taken::default();
    let (mut new, mut costs) = (Vec::new(), Vec::new());
    let today = work.now().with_timezone(&context.zone).date_naive();
    for (place, item) in items.iter().enumerate() {
        let record = &item.record;
        let parsed = (|| {
            let currency = &context.currency;
            Ok::<_, String>((
                required(record, "name")?,
                minor(record, "budgetedcost", currency)?,
                minor(record, "actualcost", currency)?,
                date(record, "startdate", context.zone)?,
                date(record, "enddate", context.zone)?,
            ))
        })();
        let (name, budget, cost, start, end) = match parsed {
            Ok(parsed) => parsed,
            Err(reason) => {
                taken.refused.push((place, reason));
                continue;
            }
        };
        let mut row = campaign::ActiveModel {
            name: Set(name),
            budget_minor: cell(record, "budgetedcost", budget),
            currency: cell(record, "budgetedcost", budget.map(|_| context.currency.clone())),
            start_date: cell(record, "startdate", start),
            end_date: cell(record, "enddate", end),
            description: words(record, "description"),
            custom: Set(custom(record, &MAPPED)),
            source_id: Set(Some(context.source)),
            ..Default::default()
        };
        let entry = |id| campaign_cost::ActiveModel {
            campaign_id: Set(id),
            date_from: Set(start.unwrap_or(today)),
            date_to: Set(end.or(start).unwrap_or(today)),
            amount_minor: Set(cost.unwrap_or_default()),
            currency: Set(context.currency.clone()),
            kind: Set(CostKind::Media),
            ..Default::default()
        };
        match item.known {
            Some(id) => {
                let seen = context.cx.caller.rows_to_write::<campaign::Entity>().by_id(id).one(work.tx()).await?;
                let Some(seen) = seen else {
                    taken.refused.push((place, "its campaign is gone".to_owned()));
                    continue;
                };
                let mut row = row;
                work.keep_custom::<campaign::Entity>(seen.row(), &mut row).await?;
                work.update::<campaign::Entity>(&seen, row).await?;
                let held =
                    work.following_unscoped::<campaign_cost::Entity>(campaign_cost::Column::CampaignId, id).await?;
                match (held.first(), cost) {
                    (Some(held), Some(cost)) => {
                        let changed = campaign_cost::ActiveModel { amount_minor: Set(cost), ..Default::default() };
                        work.update_row::<campaign_cost::Entity>(held, changed).await?;
                    }
                    (None, Some(_)) => costs.push(entry(id)),
                    (_, None) => {}
                }
                taken.objects.push((place, id));
            }
            None => {
                let id = work.fresh_id();
                row.id = Set(id);
                row.campaign_type = Set(CampaignType::Other);
                row.status = Set(CampaignStatus::Active);
                new.push(row);
                if cost.is_some() {
                    costs.push(entry(id));
                }
                taken.objects.push((place, id));
            }
        }
    }
    work.insert_many::<campaign::Entity>(new).await?;
    work.insert_many::<campaign_cost::Entity>(costs).await?;
    Ok(taken)
}
