//! The installed base: what stands at customers'.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use entities::{
    account::account,
    sales::{contract, product},
    service::{asset, ticket},
};
use sea_orm::{ActiveValue::NotSet, Set};
use uuid::Uuid;

use super::Ticket;
use crate::{
    account::{
        Account,
        relation::{self, Turn},
    },
    custom,
    graph::{
        Cx, DateFilter, Error, GlobalId, Ids, Kind, Result, TextFilter, TimeFilter, UserErrorCode, line_patch, patch,
        text,
    },
    input,
    journey::{Event, EventKind, Payload, Work, attempt, timeline},
    listed, object, payload,
    policy::access,
    removal,
    sales::Product,
    teamwork,
};

object! {
    /// Something that is installed at a customer's.
    Asset(asset::Entity) as Asset, id Asset {
        /// What the customer calls it; null where nobody said.
        P name: String = |row| row.name.clone();
        /// The serial number; null where unknown.
        P serial: String = |row| row.serial.clone();
        /// When it was set up (UTC); null where unknown.
        P installed_at: DateTime<Utc> = |row| row.installed_at;
        /// When it went into use (UTC); null until then.
        P commissioned_at: DateTime<Utc> = |row| row.commissioned_at;
        /// The last day of the warranty, a civil date; null where unknown.
        P warranty_until: NaiveDate = |row| row.warranty_until;
        /// When it went out of use (UTC); null while it serves.
        P retired_at: DateTime<Utc> = |row| row.retired_at;
        /// Where it stands, in words; null where nobody said.
        T location: String = |row| row.location.clone();
    }
    refs {
        /// The customer at whose place it stands.
        P account: Account = account::Entity, |row| row.account_id;
        /// What it is; null where it is no product of the catalogue.
        P product: Product = product::Entity, |row| row.product_id;
    }
    lists {
        /// The tickets about it, newest first.
        tickets: Ticket = ticket::Entity, ticket::Column::AssetId, Falling;
    }
    timeline Asset;
    custom_fields Asset raw T;
    teamwork Asset;
}

input! {
    /// A new asset.
    InstallAssetInput for Asset {
        /// The customer.
        P account_id: GlobalId;
        /// What it is.
        P product_id: Option<GlobalId>;
        /// The contract that covers it; of the same customer.
        P contract_id: Option<GlobalId>;
        /// The serial number, at most 255 characters.
        P serial: Option<String>;
        /// What the customer calls it, at most 255 characters.
        P name: Option<String>;
        /// When it was set up: now unless said otherwise, at most a day ahead.
        P installed_at: Option<DateTime<Utc>>;
        /// The last day of the warranty, not before the installation.
        P warranty_until: Option<NaiveDate>;
        /// Where it stands, at most 2,000 characters.
        T location: Option<String>;
    }
}

input! {
    /// The moment when an asset went into use.
    CommissionAssetInput for Asset {
        /// Now unless said otherwise; not before the installation, at most a day ahead.
        P commissioned_at: Option<DateTime<Utc>>;
    }
    plain {
        /// Which asset.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// An asset that stands at another customer's from now on.
    MoveAssetInput for Asset {
        /// The customer at whose place it stands now.
        P account_id: GlobalId;
        /// The contract that covers it there; none unless said.
        P contract_id: Option<GlobalId>;
        /// When it was set up there: now unless said otherwise; not before it was set up where it stood, at most a day ahead.
        P installed_at: Option<DateTime<Utc>>;
        /// Where it stands there, at most 2,000 characters.
        T location: Option<String>;
    }
    plain {
        /// Which asset.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `moveAsset` answers.
    MoveAssetPayload {
        /// The moved asset; null if it was refused.
        asset: Asset
    }
}

payload! {
    /// What `installAsset` answers.
    InstallAssetPayload {
        /// The new asset; null if it was refused.
        asset: Asset
    }
}

payload! {
    /// What `commissionAsset` answers.
    CommissionAssetPayload {
        /// The changed asset; null if it was refused.
        asset: Asset
    }
}

/// Adds an asset to the installed base.
pub async fn install(cx: &Cx, input: InstallAssetInput) -> Result<Asset> {
    let written = input.written();
    let InstallAssetInput { account_id, product_id, contract_id, serial, name, installed_at, warranty_until, location } =
        input;
    let mut work = Work::begin(cx).await?;
    let installed_at = not_ahead("installedAt", installed_at.unwrap_or(work.now()), work.now())?;
    if let Some(last) = warranty_until {
        warranted(last, Some(installed_at))?;
    }
    let account = work.refer::<account::Entity>("accountId", account_id).await?;
    let row = work
        .insert::<asset::Entity>(asset::ActiveModel {
            account_id: Set(account.row().id),
            product_id: Set(work.refer_opt::<product::Entity>("productId", product_id).await?),
            contract_id: Set(covering(&work, contract_id, account.row().id).await?),
            serial: Set(serial.map(|serial| text("serial", serial, 255)).transpose()?),
            name: Set(name.map(|name| text("name", name, 255)).transpose()?),
            installed_at: Set(Some(installed_at)),
            warranty_until: Set(warranty_until),
            location: Set(location.map(|location| text("location", location, MAX_PLACE)).transpose()?),
            ..Default::default()
        })
        .await?;
    work.record(Event::of::<asset::Entity>(EventKind::AssetInstalled, &row, Payload::None).at(installed_at));
    let seen = work.reached::<asset::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Asset(seen))
}

/// Puts an asset into use.
pub async fn commission(cx: &Cx, input: CommissionAssetInput) -> Result<Asset> {
    let CommissionAssetInput { id, if_version, commissioned_at } = input;
    let written = [(crate::policy::Class::P, "commissioned_at")];
    let id = id.named("id", Kind::Asset)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<asset::Entity>(id, if_version, &written).await?;
    if seen.row().commissioned_at.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the asset is in use already"));
    }
    let commissioned_at = not_ahead("commissionedAt", commissioned_at.unwrap_or(work.now()), work.now())?;
    if seen.row().installed_at.is_some_and(|installed| commissioned_at < installed) {
        return Err(Error::invalid("commissionedAt", "an asset goes into use after its installation"));
    }
    let row = asset::ActiveModel { commissioned_at: Set(Some(commissioned_at)), ..Default::default() };
    let row = work.update::<asset::Entity>(&seen, row).await?;
    work.record(Event::of::<asset::Entity>(EventKind::AssetCommissioned, &row, Payload::None).at(commissioned_at));
    relation::follow(&mut work, cx, row.account_id, Turn::InUse).await?;
    let seen = work.reached::<asset::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Asset(seen))
}

/// The longest words for a place, in characters.
pub(crate) const MAX_PLACE: usize = 2000;

/// A warranty that does not end before it can begin.
pub(crate) fn warranted(last: NaiveDate, installed: Option<DateTime<Utc>>) -> Result<()> {
    match installed {
        Some(installed) if last < installed.date_naive() => {
            Err(Error::invalid("warrantyUntil", "a warranty ends after the installation"))
        }
        _ => Ok(()),
    }
}

/// The contract that covers an asset of an account.
async fn covering(work: &Work<'_>, contract: Option<GlobalId>, account: Uuid) -> Result<Option<Uuid>> {
    let Some(contract) = contract else { return Ok(None) };
    let contract = work.refer::<contract::Entity>("contractId", contract).await?;
    match contract.row().account_id == account {
        true => Ok(Some(contract.row().id)),
        false => Err(Error::invalid("contractId", "the contract belongs to another account")),
    }
}

/// A moment that can have happened: clocks may differ by a day, not more. See the journal's rule 5.
pub(crate) fn not_ahead(path: &str, moment: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match moment > now + Duration::days(1) || moment < DateTime::UNIX_EPOCH {
        true => Err(Error::invalid(path, "this lies before 1970 or more than a day ahead")),
        false => Ok(moment),
    }
}

listed! {
    /// One asset; null if there is none that you may see.
    asset,
    /// The assets that you may see, oldest first unless sorted.
    assets: Asset(asset::Entity) as Asset, id Asset, Rising;
    query AssetQuery, filter AssetFilter, sort AssetSort custom {
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By product.
        P product_id: Ids = ProductId, of Product;
        /// By contract.
        P contract_id: Ids = ContractId, of Contract;
        /// By name.
        P name: TextFilter = Name;
        /// By serial number.
        P serial: TextFilter = Serial;
        /// By place.
        P location: TextFilter = Location;
        /// By when it was installed.
        P installed_at: TimeFilter = InstalledAt;
        /// By when it went into use.
        P commissioned_at: TimeFilter = CommissionedAt;
        /// By the end of its warranty.
        P warranty_until: DateFilter = WarrantyUntil;
        /// By when it was retired; `isNull: true` leaves what is in use.
        P retired_at: TimeFilter = RetiredAt;
    }
}

input! {
    /// A change of an asset: absent leaves, null clears.
    UpdateAssetInput for Asset {
        /// What it is.
        P product_id: MaybeUndefined<GlobalId>;
        /// What it is called, at most 255 characters.
        P name: MaybeUndefined<String>;
        /// Its serial number, at most 255 characters.
        P serial: MaybeUndefined<String>;
        /// Where it stands, at most 2,000 characters.
        T location: MaybeUndefined<String>;
        /// The last day of its warranty, not before its installation.
        P warranty_until: MaybeUndefined<NaiveDate>;
        /// The contract that covers it; of the same customer.
        P contract_id: MaybeUndefined<GlobalId>;
        /// When it was taken out of use; null brings it back.
        P retired_at: MaybeUndefined<DateTime<Utc>>;
    }
    plain {
        /// Which asset.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateAsset` answers.
    UpdateAssetPayload {
        /// The changed asset; null if it was refused.
        asset: Asset
    }
}

/// Changes an asset, or takes it out of use.
pub async fn update(cx: &Cx, input: UpdateAssetInput) -> Result<Asset> {
    let written = input.written();
    let UpdateAssetInput {
        id,
        if_version,
        product_id,
        name,
        serial,
        location,
        warranty_until,
        contract_id,
        retired_at,
    } = input;
    let id = id.named("id", Kind::Asset)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<asset::Entity>(id, if_version, &written).await?;
    let contract_id = match contract_id {
        MaybeUndefined::Undefined => NotSet,
        MaybeUndefined::Null => Set(None),
        MaybeUndefined::Value(contract) => Set(covering(&work, Some(contract), seen.row().account_id).await?),
    };
    if let MaybeUndefined::Value(at) = retired_at {
        not_ahead("retiredAt", at, work.now())?;
        if seen.row().installed_at.is_some_and(|installed| at < installed) {
            return Err(Error::invalid("retiredAt", "it is retired after it was installed"));
        }
    }
    if let MaybeUndefined::Value(last) = warranty_until {
        warranted(last, seen.row().installed_at)?;
    }
    let row = asset::ActiveModel {
        product_id: work.refer_patch::<product::Entity>("productId", product_id).await?,
        name: line_patch("name", name)?,
        serial: line_patch("serial", serial)?,
        location: match patch(location) {
            Set(Some(place)) => Set(Some(text("location", place, MAX_PLACE)?)),
            other => other,
        },
        warranty_until: patch(warranty_until),
        contract_id,
        retired_at: patch(retired_at),
        ..Default::default()
    };
    work.update::<asset::Entity>(&seen, row).await?;
    let seen = work.reached::<asset::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Asset(seen))
}

/// Moves an asset to another customer. What happened with it so far stays where it happened.
pub async fn move_on(cx: &Cx, input: MoveAssetInput) -> Result<Asset> {
    let written = input.written();
    let MoveAssetInput { id, if_version, account_id, contract_id, installed_at, location } = input;
    let id = id.named("id", Kind::Asset)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<asset::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    if before.retired_at.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the asset is out of use"));
    }
    let account = work.refer::<account::Entity>("accountId", account_id).await?.row().id;
    if account == before.account_id {
        return Err(Error::user(UserErrorCode::StateConflict, "accountId", "the asset stands there already"));
    }
    let installed_at = not_ahead("installedAt", installed_at.unwrap_or(work.now()), work.now())?;
    if before.installed_at.is_some_and(|installed| installed_at < installed) {
        return Err(Error::invalid("installedAt", "it was set up later where it stood"));
    }
    let row = asset::ActiveModel {
        account_id: Set(account),
        contract_id: Set(covering(&work, contract_id, account).await?),
        installed_at: Set(Some(installed_at)),
        commissioned_at: Set(None),
        location: Set(location.map(|location| text("location", location, MAX_PLACE)).transpose()?),
        ..Default::default()
    };
    let row = work.update::<asset::Entity>(&seen, row).await?;
    // To the customer where it stood, its record changed; to the other, an asset was set up.
    let left = Payload::Record { fields: vec!["account_id".to_owned()] };
    work.record(Event::of::<asset::Entity>(EventKind::RecordUpdated, before, left).at(installed_at));
    work.record(Event::of::<asset::Entity>(EventKind::AssetInstalled, &row, Payload::None).at(installed_at));
    let seen = work.reached::<asset::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Asset(seen))
}

removal! {
    /// Takes an asset away that was entered by mistake. One that is out of use is retired by `updateAsset`.
    delete_asset: asset::Entity as Asset, class P serial;
    mutation AssetRemoval, input DeleteAssetInput, payload DeleteAssetPayload;
}

/// Changing the installed base.
#[derive(Default)]
pub struct AssetMutation;

#[Object]
impl AssetMutation {
    /// Adds an asset to the installed base of an account that you may edit. Event: `asset.installed`.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), true))]
    async fn install_asset(&self, ctx: &Context<'_>, input: InstallAssetInput) -> Result<InstallAssetPayload> {
        let cx = Cx::of(ctx);
        InstallAssetPayload::of(attempt(|| install(cx, input.clone())).await)
    }

    /// Puts an asset into use, once. Event: `asset.commissioned`.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), true))]
    async fn commission_asset(&self, ctx: &Context<'_>, input: CommissionAssetInput) -> Result<CommissionAssetPayload> {
        let cx = Cx::of(ctx);
        CommissionAssetPayload::of(attempt(|| commission(cx, input.clone())).await)
    }

    /// Moves an asset to another customer, both of which you must reach. It is not in use there before it is commissioned anew.
    /// STATE_CONFLICT if it is out of use, or stands there already. Event: `asset.installed`.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), true))]
    async fn move_asset(&self, ctx: &Context<'_>, input: MoveAssetInput) -> Result<MoveAssetPayload> {
        let cx = Cx::of(ctx);
        MoveAssetPayload::of(attempt(|| move_on(cx, input.clone())).await)
    }

    /// Changes an asset, or takes it out of use.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), true))]
    async fn update_asset(&self, ctx: &Context<'_>, input: UpdateAssetInput) -> Result<UpdateAssetPayload> {
        let cx = Cx::of(ctx);
        UpdateAssetPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
