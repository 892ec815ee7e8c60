//! The installed base.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, NaiveDate, Utc};
use entities::{sales::contract, service::asset};
use sea_orm::{ActiveValue, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, Shaped, plain, stands},
    named::{self, stays, within_set},
    touchpoint::said,
};
use crate::{
    account::relation::{self, Turn},
    graph::{Error, Result, UserErrorCode, line_patch, patch_text, text},
    journey::{Event, EventKind, Payload, Work},
    service::asset::{MAX_PLACE, not_ahead, warranted},
    synced,
};

synced! {
    /// What a source says of an installed asset: absent leaves, null clears.
    Assets of Asset: asset::Entity as Asset;
    set AssetSetInput, row UpsertAssetRowInput, input UpsertAssetsInput;
    /// Creates and updates installed assets, each known by its key in a source. Another `account` moves an asset: it is not in use there
    /// before it is commissioned anew. Events: `asset.installed`, `asset.commissioned`, when that happened.
    mutation UpsertAssets, upsert_assets, class P;
    fields {
        /// What the customer calls it, at most 255 characters.
        P name: String = name by line_patch;
        /// The serial number, at most 255 characters.
        P serial: String = serial by line_patch;
        /// When it was set up: now unless said, null where nobody knows; at most a day ahead. Another moment corrects its event.
        P installed_at: DateTime<Utc> = installed_at by plain;
        /// When it went into use; not before the installation, at most a day ahead. Another moment corrects its event.
        P commissioned_at: DateTime<Utc> = commissioned_at by plain;
        /// The last day of the warranty, not before the installation.
        P warranty_until: NaiveDate = warranty_until by plain;
        /// When it was taken out of use; null brings it back.
        P retired_at: DateTime<Utc> = retired_at by plain;
        /// Where it stands, at most 2,000 characters.
        T location: String = location by place;
    }
    relations AssetRelationsInput {
        /// The customer at whose place it stands.
        P account: Account = account_id required;
        /// What it is.
        P product: Product = product_id;
        /// The contract that covers it; of the same customer.
        P contract: Contract = contract_id;
    }
    require [];
    lookup ();
    removable;
    shapes judge;
}

fn place(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(value, |value| value.map(|value| text(path, value, MAX_PLACE)).transpose())
}

/// Whether a row moves an asset to another customer.
fn moves(held: &asset::Model, row: &asset::ActiveModel) -> bool {
    matches!(&row.account_id, Set(account) if *account != held.account_id)
}

impl Assets {
    async fn prepare(_: &mut Work<'_>, _: &Scene<'_>, _: &[&AssetSetInput]) -> Result<()> {
        Ok(())
    }

    fn fill(
        (): &(),
        scene: &Scene<'_>,
        _: &AssetSetInput,
        held: Option<&asset::Model>,
        row: &mut asset::ActiveModel,
    ) -> Result<()> {
        let moments = [
            ("set.installedAt", &row.installed_at),
            ("set.commissionedAt", &row.commissioned_at),
            ("set.retiredAt", &row.retired_at),
        ];
        for (path, moment) in moments {
            if let Set(Some(moment)) = moment {
                not_ahead(path, *moment, scene.now)?;
            }
        }
        match held {
            None if row.installed_at.is_not_set() => row.installed_at = Set(Some(scene.now)),
            None => {}
            Some(held) if moves(held, row) => {
                if held.retired_at.is_some() {
                    let message = "the asset is out of use";
                    return Err(Error::user(UserErrorCode::StateConflict, "relations.account", message));
                }
                // It was set up there now, unless the row knows better; nothing else of it went along.
                if row.installed_at.is_not_set() {
                    row.installed_at = Set(Some(scene.now));
                }
                let fresh = stands(&row.installed_at, None).flatten();
                if matches!((held.installed_at, fresh), (Some(held), Some(fresh)) if fresh < held) {
                    return Err(Error::invalid("set.installedAt", "it was set up later where it stood"));
                }
                if row.commissioned_at.is_not_set() {
                    row.commissioned_at = Set(None);
                }
                if row.contract_id.is_not_set() {
                    row.contract_id = Set(None);
                }
                if row.location.is_not_set() {
                    row.location = Set(None);
                }
            }
            Some(held) => {
                if held.installed_at.is_some() && matches!(row.installed_at, Set(None)) {
                    return Err(stays("set.installedAt"));
                }
                if held.commissioned_at.is_some() && matches!(row.commissioned_at, Set(None)) {
                    return Err(stays("set.commissionedAt"));
                }
            }
        }
        let installed = stands(&row.installed_at, held.map(|held| held.installed_at)).flatten();
        let after =
            |moment: Option<DateTime<Utc>>| matches!((installed, moment), (Some(first), Some(then)) if then < first);
        if after(stands(&row.commissioned_at, held.map(|held| held.commissioned_at)).flatten()) {
            return Err(Error::invalid("set.commissionedAt", "an asset goes into use after its installation"));
        }
        if after(stands(&row.retired_at, held.map(|held| held.retired_at)).flatten()) {
            return Err(Error::invalid("set.retiredAt", "it is retired after it was installed"));
        }
        // A warranty that is held already is not judged anew by another field.
        if let Set(Some(last)) = row.warranty_until {
            warranted(last, installed).map_err(within_set)?;
        }
        Ok(())
    }

    /// A contract covers assets of its own customer.
    async fn judge(work: &mut Work<'_>, _: &Scene<'_>, (): &(), rows: &mut [Shaped<'_, Assets>]) -> Result<()> {
        let contracts = rows.iter().filter_map(|row| said(&row.row.contract_id)).collect::<Vec<_>>();
        let contracts: HashMap<Uuid, contract::Model> = named::seen::<contract::Entity>(work, contracts).await?;
        for shaped in rows.iter_mut() {
            let account = stands(&shaped.row.account_id, shaped.held.map(|held| held.account_id));
            let contract = said(&shaped.row.contract_id).and_then(|id| contracts.get(&id));
            if contract.is_some_and(|contract| Some(contract.account_id) != account) {
                let message = "the contract belongs to another account";
                shaped.allow(Err(Error::invalid("relations.contract", message)))?;
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        _: &Scene<'_>,
        (): &(),
        new: &[New<Assets>],
        known: &[Known<Assets>],
    ) -> Result<Followed> {
        let mut in_use: HashSet<Uuid> = HashSet::new();
        for New { row, .. } in new {
            happened(EventKind::AssetInstalled, row, row.installed_at).into_iter().for_each(|event| work.record(event));
            if let Some(event) = happened(EventKind::AssetCommissioned, row, row.commissioned_at) {
                work.record(event);
                in_use.insert(row.account_id);
            }
        }
        let mut corrections = Vec::new();
        for Known { rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            let moved = before.account_id != after.account_id;
            if moved && let Some(at) = after.installed_at {
                // To the customer where it stood, its record changed; to the other, an asset was set up.
                let left = Payload::Record { fields: vec!["account_id".to_owned()] };
                work.record(Event::of::<asset::Entity>(EventKind::RecordUpdated, before, left).at(at));
            }
            let facts = [
                (EventKind::AssetInstalled, before.installed_at, after.installed_at),
                (EventKind::AssetCommissioned, before.commissioned_at, after.commissioned_at),
            ];
            for (kind, then, now) in facts {
                let then = happened(kind, before, then.filter(|_| !moved));
                match (then, happened(kind, after, now)) {
                    (None, Some(now)) => {
                        work.record(now);
                        if kind == EventKind::AssetCommissioned {
                            in_use.insert(after.account_id);
                        }
                    }
                    (Some(then), Some(now)) => corrections.push((then, now)),
                    (_, None) => {}
                }
            }
        }
        work.correct_many(corrections).await?;
        let turns: Vec<(Uuid, Turn)> = in_use.into_iter().map(|account| (account, Turn::InUse)).collect();
        relation::follow_many(work, &turns).await?;
        Ok(Followed::default())
    }
}

/// What happened to an asset, at its moment; nothing where nobody knows when.
fn happened(kind: EventKind, row: &asset::Model, at: Option<DateTime<Utc>>) -> Option<Event> {
    Some(Event::of::<asset::Entity>(kind, row, Payload::None).at(at?))
}
