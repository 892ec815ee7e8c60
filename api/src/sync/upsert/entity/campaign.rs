//! Campaigns.

use std::collections::{BTreeSet, HashMap};

use async_graphql::MaybeUndefined;
use chrono::NaiveDate;
use entities::{
    codes::{CampaignStatus, CampaignType},
    marketing::{campaign, campaign_industry},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ActiveValue::NotSet, ColumnTrait, IdenStatic, IntoActiveModel, QueryFilter, Set,
};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, Shaped, plain, stands},
    named::{self, Names, note, required},
};
use crate::{
    account::giving::sees_all_deals,
    graph::{Error, Result, line_patch, name_patch},
    journey::{Event, EventKind, Payload, Work, differing},
    marketing::{MAX_TEXT, patch_words},
    synced,
};

/// The most industries that a campaign aims at.
const MAX_INDUSTRIES: usize = 100;

synced! {
    /// What a source says of a campaign: absent leaves, null clears.
    Campaigns of Campaign: campaign::Entity as Campaign;
    set CampaignSetInput, row UpsertCampaignRowInput, input UpsertCampaignsInput;
    /// Creates and updates campaigns, each known by its key in a source. A new one has no owner unless a row names one.
    mutation UpsertCampaigns, upsert_campaigns, class P;
    fields {
        /// What people call it, at most 255 characters. A new campaign needs it.
        P name: String = name by name_patch;
        /// What sort it is. A new campaign needs it.
        P r#type: CampaignType = campaign_type by required;
        /// What `utm_campaign` carries, unique in the tenant, at most 255 characters.
        P code: String = code by line_patch;
        /// Where it stands; PLANNED unless said.
        P status: CampaignStatus = status by required;
        /// What it is to achieve, at most 10,000 characters.
        P objective: String = objective by long;
        /// The problem of the market that it answers, at most 10,000 characters.
        P market_problem: String = market_problem by long;
        /// What it says, at most 10,000 characters.
        P message: String = message by long;
        /// Its first day.
        P start_date: NaiveDate = start_date by plain;
        /// Its last day, included.
        P end_date: NaiveDate = end_date by plain;
        /// Notes for those who run it, at most 10,000 characters.
        T description: String = description by long;
    }
    money {
        /// What it may cost in all, from 0.
        M budget = budget_minor, currency;
    }
    beside {
        /// The industries that it aims at from now on, by their codes or names: the whole list, at most 100; null for none.
        P target_industries: Vec<String>;
    }
    relations CampaignRelationsInput {
        /// The campaign that it is part of.
        P parent: Campaign = parent_id;
        /// The colleague who is responsible; only its owner hands it over, or who sees all opportunities.
        P owner: Colleague = owner_id;
    }
    require ["name", "r#type"];
    lookup Names;
    removable;
    shapes judge;
}

pub(super) fn long(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_words(path, value, MAX_TEXT)
}

/// The industries that campaigns aim at.
async fn aims(work: &Work<'_>, campaigns: &[Uuid]) -> Result<HashMap<Uuid, BTreeSet<Uuid>>> {
    let mut aims: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
    for chunk in campaigns.chunks(500) {
        let links = work.caller().links::<campaign_industry::Entity>();
        let links = links.filter(campaign_industry::Column::CampaignId.is_in(chunk.iter().copied()));
        for link in links.all(work.tx()).await? {
            aims.entry(link.campaign_id).or_default().insert(link.industry_id);
        }
    }
    Ok(aims)
}

impl Campaigns {
    async fn prepare(work: &mut Work<'_>, _: &Scene<'_>, sets: &[&CampaignSetInput]) -> Result<Names> {
        let named: Vec<&String> = sets.iter().filter_map(|set| set.target_industries.value()).flatten().collect();
        named::industries(work, named.into_iter()).await
    }

    fn fill(
        industries: &Names,
        _: &Scene<'_>,
        set: &CampaignSetInput,
        held: Option<&campaign::Model>,
        row: &mut campaign::ActiveModel,
    ) -> Result<()> {
        wanted(industries, set)?;
        if held.is_none() && row.status.is_not_set() {
            row.status = Set(CampaignStatus::Planned);
        }
        let first = stands(&row.start_date, held.map(|row| row.start_date)).flatten();
        let last = stands(&row.end_date, held.map(|row| row.end_date)).flatten();
        match (first, last) {
            (Some(first), Some(last)) if last < first => {
                Err(Error::invalid("set.endDate", "a campaign ends after it starts"))
            }
            _ => Ok(()),
        }
    }

    /// Who hands a campaign over; and whether its industries are others from now on: then its version rises with them.
    async fn judge(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        industries: &Names,
        rows: &mut [Shaped<'_, Campaigns>],
    ) -> Result<()> {
        let caller = &scene.cx.caller;
        let aiming = rows.iter().filter(|row| !row.set.target_industries.is_undefined());
        let aiming: Vec<Uuid> = aiming.filter_map(|row| row.held).map(|held| held.id).collect();
        let aims = aims(work, &aiming).await?;
        for row in rows.iter_mut() {
            let Some(held) = row.held else { continue };
            let owns = caller.colleague.is_some() && caller.colleague == held.owner_id;
            if matches!(&row.row.owner_id, Set(owner) if *owner != held.owner_id) && !owns && !sees_all_deals(caller) {
                row.allow(Err(Error::forbidden("relations.owner")))?;
            }
            let now = wanted(industries, row.set)?;
            if now.is_some_and(|now| now != aims.get(&held.id).cloned().unwrap_or_default()) {
                row.row.updated_at = Set(scene.now);
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        _: &Scene<'_>,
        industries: &Names,
        new: &[New<Campaigns>],
        known: &[Known<Campaigns>],
    ) -> Result<Followed> {
        let mut followed = Followed::default();
        let aiming = known.iter().filter(|known| !known.set.target_industries.is_undefined());
        let aiming: Vec<Uuid> = aiming.map(|known| known.rows.after.id).collect();
        let aims = aims(work, &aiming).await?;
        let link = |campaign_id: Uuid, industry_id: Uuid| campaign_industry::ActiveModel {
            tenant_id: NotSet,
            campaign_id: Set(campaign_id),
            industry_id: Set(industry_id),
        };
        let (mut links, mut left) = (Vec::new(), Vec::new());
        for new in new {
            let now = wanted(industries, &new.set)?.unwrap_or_default();
            links.extend(now.into_iter().map(|industry| link(new.row.id, industry)));
        }
        let mut before_names = HashMap::new();
        for Known { place, set, rows } in known {
            let Some(now) = wanted(industries, set)? else { continue };
            let held = aims.get(&rows.after.id).cloned().unwrap_or_default();
            if now == held {
                continue;
            }
            left.push(rows.after.id);
            links.extend(now.into_iter().map(|industry| link(rows.after.id, industry)));
            before_names.insert(*place, held);
            let mut after: campaign::ActiveModel = rows.after.clone().into_active_model().reset_all();
            let fields = differing::<campaign::Entity>(&rows.before, &mut after);
            let mut fields: Vec<String> = fields.iter().map(|column| column.as_str().to_owned()).collect();
            fields.retain(|field| field != "version" && field != "updated_at");
            fields.push("target_industries".to_owned());
            let told = Payload::Record { fields };
            work.record(Event::of::<campaign::Entity>(EventKind::RecordUpdated, &rows.after, told));
        }
        for chunk in left.chunks(500) {
            let which = campaign_industry::Column::CampaignId.is_in(chunk.iter().copied());
            work.unlink::<campaign_industry::Entity>(which).await?;
        }
        work.insert_technical::<campaign_industry::Entity>(links).await?;
        let held: BTreeSet<Uuid> = before_names.values().flatten().copied().collect();
        let names = named::seen::<entities::account::industry::Entity>(work, held).await?;
        for (place, held) in before_names {
            let codes: Vec<String> = held.iter().filter_map(|id| names.get(id)).map(|row| row.code.clone()).collect();
            note(&mut followed.changed, place, "targetIndustries", codes.into());
        }
        Ok(followed)
    }
}

/// The industries that a row names; None where it says nothing of them.
fn wanted(industries: &Names, set: &CampaignSetInput) -> Result<Option<BTreeSet<Uuid>>> {
    const PATH: &str = "set.targetIndustries";
    match &set.target_industries {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(BTreeSet::new())),
        MaybeUndefined::Value(named) if named.len() > MAX_INDUSTRIES => {
            Err(Error::invalid(PATH, format!("at most {MAX_INDUSTRIES} industries")))
        }
        MaybeUndefined::Value(named) => {
            named.iter().map(|name| industries.of(PATH, name)).collect::<Result<_>>().map(Some)
        }
    }
}
