//! What campaigns cost.

use async_graphql::MaybeUndefined;
use chrono::NaiveDate;
use entities::{codes::CostKind, marketing::campaign_cost};
use sea_orm::Set;
use serde_json::json;

use super::{
    super::{Followed, Known, New, Scene, stands},
    named::{self, Names, note, required},
};
use crate::{
    graph::{Error, Money, MoneyInput, Result, UserErrorCode},
    journey::Work,
    synced,
};

synced! {
    /// What a source says of a cost of a campaign: absent leaves, null clears.
    CampaignCosts of CampaignCost: campaign_cost::Entity as CampaignCost;
    set CampaignCostSetInput, row UpsertCampaignCostRowInput, input UpsertCampaignCostsInput;
    /// Creates and corrects what campaigns cost, each known by its key in a source. The campaign of a cost stays.
    mutation UpsertCampaignCosts, upsert_campaign_costs, class P;
    fields {
        /// The first day. A new cost needs it.
        P date_from: NaiveDate = date_from by required;
        /// The last day, included; not before the first. A new cost needs it.
        P date_to: NaiveDate = date_to by required;
        /// What it bought. A new cost needs it.
        P kind: CostKind = kind by required;
    }
    beside {
        /// How much, not below zero. A new cost needs it.
        M amount: MoneyInput;
        /// The channel, by its code or its name, instead of the reference; null when it served all.
        P channel_code: String;
    }
    relations CampaignCostRelationsInput {
        /// What it was spent for.
        P campaign: Campaign = campaign_id required;
        /// Through which channel; null when it served all.
        P channel: Channel = channel_id;
    }
    require ["date_from", "date_to", "kind"];
    lookup Names;
    removable;
}

impl CampaignCosts {
    async fn prepare(work: &mut Work<'_>, _: &Scene<'_>, sets: &[&CampaignCostSetInput]) -> Result<Names> {
        named::channels(work, sets.iter().map(|set| &set.channel_code)).await
    }

    fn fill(
        channels: &Names,
        _: &Scene<'_>,
        set: &CampaignCostSetInput,
        held: Option<&campaign_cost::Model>,
        row: &mut campaign_cost::ActiveModel,
    ) -> Result<()> {
        match &set.amount {
            MaybeUndefined::Value(amount) => {
                let (minor, currency) = amount.clone().into_price("set.amount")?;
                row.amount_minor = Set(minor);
                row.currency = Set(currency);
            }
            MaybeUndefined::Undefined if held.is_some() => {}
            MaybeUndefined::Undefined => return Err(Error::invalid("set.amount", "a new record needs this")),
            MaybeUndefined::Null => return Err(Error::invalid("set.amount", "this cannot be cleared")),
        }
        if let named @ Set(_) = channels.column("set.channelCode", &set.channel_code)? {
            row.channel_id = named;
        }
        if held.is_some_and(|held| matches!(&row.campaign_id, Set(campaign) if *campaign != held.campaign_id)) {
            let message = "a cost stays with its campaign; take it away and enter it anew";
            return Err(Error::user(UserErrorCode::StateConflict, "relations.campaign", message));
        }
        let days =
            (stands(&row.date_from, held.map(|row| row.date_from)), stands(&row.date_to, held.map(|row| row.date_to)));
        match days {
            (Some(first), Some(last)) if last < first => {
                Err(Error::invalid("set.dateTo", "the last day is not before the first"))
            }
            _ => Ok(()),
        }
    }

    async fn after(
        _: &mut Work<'_>,
        _: &Scene<'_>,
        _: &Names,
        _: &[New<CampaignCosts>],
        known: &[Known<CampaignCosts>],
    ) -> Result<Followed> {
        let mut followed = Followed::default();
        for Known { place, rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            if (before.amount_minor, &before.currency) != (after.amount_minor, &after.currency) {
                let money = Money::from_minor(before.amount_minor, &before.currency);
                let money = json!({ "amount": money.amount.to_string(), "currency": money.currency });
                note(&mut followed.changed, *place, "amount", money);
            }
        }
        Ok(followed)
    }
}
