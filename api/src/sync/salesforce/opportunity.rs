//! Salesforce's opportunities. A stage that the tenant does not know becomes one of its own.

use entities::{
    codes::{ForecastCategory, StageObject},
    sales::{opportunity, pipeline, stage},
};
use sea_orm::{ColumnTrait, Set, sea_query::Order};
use uuid::Uuid;

use super::{
    super::{Context, Item, Kind, Taken, read::normal},
    cell, custom, date, minor, number, reference, required, words,
};
use crate::{
    graph::{Error, Result},
    journey::{Event, EventKind, Payload, Work},
};

const MAPPED: [&str; 9] =
    ["id", "name", "amount", "closedate", "stagename", "probability", "description", "nextstep", "accountid"];

/// The stages of the default pipeline, and those that the import adds.
struct Stages {
    pipeline: Uuid,
    known: Vec<stage::Model>,
}

impl Stages {
    async fn load(context: &Context<'_>, work: &Work<'_>) -> Result<Stages> {
        let caller = &context.cx.caller;
        let default = caller
            .rows::<pipeline::Entity>()
            .filter(pipeline::Column::ObjectType.eq(StageObject::Opportunity))
            .filter(pipeline::Column::IsDefault.eq(true));
        let pipeline = default.one(work.tx()).await?.ok_or(Error::NotFound)?.row().id;
        let stages = caller.rows::<stage::Entity>().filter(stage::Column::PipelineId.eq(pipeline));
        let stages = stages.order_by(stage::Column::Position, Order::Asc).all(work.tx()).await?;
        Ok(Stages { pipeline, known: stages.into_iter().map(|seen| seen.row().clone()).collect() })
    }

    /// The stage of a source's name: by code, by name, or a new one at the end.
    async fn of(&mut self, work: &mut Work<'_>, name: &str) -> Result<stage::Model> {
        let wanted = normal(name);
        if let Some(known) =
            self.known.iter().find(|s| s.name == name || normal(&s.code) == wanted || normal(&s.name) == wanted)
        {
            return Ok(known.clone());
        }
        let code: String =
            name.to_uppercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
        let code = code.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
        let code = if code.is_empty() { format!("STAGE_{}", self.known.len()) } else { code };
        let word = |word: &str| {
            name.split(|letter: char| !letter.is_alphanumeric()).any(|part| part.eq_ignore_ascii_case(word))
        };
        let (closed, won) = (word("closed") || word("lost"), word("won"));
        let row = stage::ActiveModel {
            pipeline_id: Set(self.pipeline),
            object_type: Set(StageObject::Opportunity),
            code: Set(code),
            name: Set(name.to_owned()),
            position: Set(self.known.iter().map(|stage| stage.position).max().unwrap_or(0) + 1),
            is_open: Set(!closed && !won),
            is_won: Set(won),
            ..Default::default()
        };
        let row = work.insert::<stage::Entity>(row).await?;
        self.known.push(row.clone());
        Ok(row)
    }
}

/// Takes opportunities.
pub async fn opportunities(context: &mut Context<'_>, work: &mut Work<'_>, items: &[Item]) -> Result<Taken> {
    let mut taken = Taken::default();
    let keys = items.iter().filter_map(|item| reference(&item.record, "accountid").map(|key| key.into_owned()));
    let accounts = context.resolve(work, Kind::Account, keys.collect::<Vec<_>>()).await?;
    let mut stages = Stages::load(context, work).await?;
    let mut new = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let record = &item.record;
        let parsed = (|| {
            let key = reference(record, "accountid").ok_or("the column accountid is empty")?;
            let account = accounts.get(key.as_ref()).copied();
            Ok::<_, String>((
                account.ok_or_else(|| format!("its account {key} is neither in this import nor known"))?,
                required(record, "name")?,
                required(record, "stagename")?,
                minor(record, "amount", &context.currency)?,
                date(record, "closedate", context.zone)?,
                number(record, "probability").ok().flatten(),
            ))
        })();
        let (account, name, stage, amount, close_date, probability) = match parsed {
            Ok(parsed) => parsed,
            Err(reason) => {
                taken.refused.push((place, reason));
                continue;
            }
        };
        let stage = stages.of(work, &stage).await?;
        let probability = probability.and_then(|p| i32::try_from(p).ok()).filter(|p| (0..=100).contains(p));
        let mut row = opportunity::ActiveModel {
            account_id: Set(account),
            name: Set(name),
            pipeline_id: Set(stages.pipeline),
            stage: Set(stage.code.clone()),
            amount_minor: cell(record, "amount", amount),
            currency: cell(record, "amount", amount.map(|_| context.currency.clone())),
            close_date: cell(record, "closedate", close_date),
            probability: Set(probability.or(stage.probability)),
            next_step: words(record, "nextstep"),
            description: words(record, "description"),
            custom: Set(custom(record, &MAPPED)),
            source_id: Set(Some(context.source)),
            ..Default::default()
        };
        match item.known {
            Some(id) => {
                let seen = context.cx.caller.rows_to_write::<opportunity::Entity>().by_id(id).one(work.tx()).await?;
                let Some(seen) = seen else {
                    taken.refused.push((place, "its opportunity is gone".to_owned()));
                    continue;
                };
                let mut row = row;
                work.keep_custom::<opportunity::Entity>(seen.row(), &mut row).await?;
                let after = work.update::<opportunity::Entity>(&seen, row).await?;
                record_changes(work, seen.row(), &after, &stages.known).await?;
                taken.objects.push((place, id));
            }
            None => {
                let id = work.fresh_id();
                row.id = Set(id);
                row.forecast_category = Set(Some(match (stage.is_open, stage.is_won) {
                    (true, _) => ForecastCategory::Pipeline,
                    (false, true) => ForecastCategory::Closed,
                    (false, false) => ForecastCategory::Omitted,
                }));
                new.push(row);
                taken.objects.push((place, id));
            }
        }
    }
    let rows = work.insert_many::<opportunity::Entity>(new).await?;
    for row in &rows {
        let payload = Payload::Stage {
            from: None,
            to: Some(row.stage.clone()),
            amount_minor: row.amount_minor,
            currency: row.currency.clone(),
        };
        work.record(Event::of::<opportunity::Entity>(EventKind::OpportunityCreated, row, payload));
    }
    work.begin_snapshots(&rows).await?;
    let staged: Vec<_> = rows.into_iter().map(|row| (row.clone(), row.stage)).collect();
    work.begin_stages::<opportunity::Entity>(StageObject::Opportunity, &staged, "imported").await?;
    Ok(taken)
}

/// What the source changed since, as the desk itself would have recorded it.
async fn record_changes(
    work: &mut Work<'_>,
    before: &opportunity::Model,
    after: &opportunity::Model,
    stages: &[stage::Model],
) -> Result<()> {
    if after.version == before.version {
        return Ok(());
    }
    if after.stage != before.stage {
        work.enter_stage::<opportunity::Entity>(StageObject::Opportunity, after, &after.stage, "imported", None)
            .await?;
        let is_open = |code: &str| stages.iter().find(|stage| stage.code == code).is_none_or(|stage| stage.is_open);
        let is_won = stages.iter().any(|stage| stage.code == after.stage && stage.is_won);
        let kind = match (is_open(&before.stage), is_open(&after.stage), is_won) {
            (_, false, true) => EventKind::OpportunityWon,
            (_, false, false) => EventKind::OpportunityLost,
            (false, true, _) => EventKind::OpportunityReopened,
            (true, true, _) => EventKind::OpportunityStageChanged,
        };
        let payload = Payload::Stage {
            from: Some(before.stage.clone()),
            to: Some(after.stage.clone()),
            amount_minor: after.amount_minor,
            currency: after.currency.clone(),
        };
        work.record(Event::of::<opportunity::Entity>(kind, after, payload));
    }
    if after.amount_minor != before.amount_minor {
        let (before_minor, after_minor) = (before.amount_minor, after.amount_minor);
        let currency = after.currency.clone().or_else(|| before.currency.clone());
        let payload = Payload::Amount { before_minor, after_minor, currency };
        work.record(Event::of::<opportunity::Entity>(EventKind::OpportunityAmountChanged, after, payload));
    }
    if after.close_date != before.close_date {
        let payload = Payload::Date { before: before.close_date, after: after.close_date };
        work.record(Event::of::<opportunity::Entity>(EventKind::OpportunityCloseDateMoved, after, payload));
    }
    work.take_snapshot(after).await
}
