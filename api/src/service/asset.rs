//! The installed base: what stands at customers'.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use entities::{
    account::account,
    sales::{contract, product},
    service::{asset, ticket},
};
use sea_orm::{ColumnTrait, Set};

use super::Ticket;
use crate::{
    account::Account,
    graph::{Cx, Direction, Error, GlobalId, Kind, List, PageArgs, Result, UserErrorCode, cost, list, one, text},
    input,
    journey::{Event, EventKind, Payload, Work, attempt, timeline},
    object, payload,
    policy::access,
    sales::Product,
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
        /// The source's own fields that have no column here, as they came.
        T custom: async_graphql::Json<serde_json::Value> = |row| async_graphql::Json(row.custom.clone());
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
}

input! {
    /// A new asset.
    InstallAssetInput for Asset {
        /// The customer.
        P account_id: GlobalId;
        /// What it is.
        P product_id: Option<GlobalId>;
        /// The contract that covers it.
        P contract_id: Option<GlobalId>;
        /// The serial number, at most 255 characters.
        P serial: Option<String>;
        /// What the customer calls it, at most 255 characters.
        P name: Option<String>;
        /// When it was set up: now unless said otherwise, at most a day ahead.
        P installed_at: Option<DateTime<Utc>>;
        /// The last day of the warranty.
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
    let account = work.refer::<account::Entity>("accountId", account_id).await?;
    let row = work
        .insert::<asset::Entity>(asset::ActiveModel {
            account_id: Set(account.row().id),
            product_id: Set(work.refer_opt::<product::Entity>("productId", product_id).await?),
            contract_id: Set(work.refer_opt::<contract::Entity>("contractId", contract_id).await?),
            serial: Set(serial.map(|serial| text("serial", serial, 255)).transpose()?),
            name: Set(name.map(|name| text("name", name, 255)).transpose()?),
            installed_at: Set(Some(installed_at)),
            warranty_until: Set(warranty_until),
            location: Set(location.map(|location| text("location", location, 2000)).transpose()?),
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
    let id = id.expect(Kind::Asset)?;
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
    let seen = work.reached::<asset::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Asset(seen))
}

/// A moment that can have happened: clocks may differ by a day, not more. See the journal's rule 5.
pub(super) fn not_ahead(path: &str, moment: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match moment > now + Duration::days(1) || moment < DateTime::UNIX_EPOCH {
        true => Err(Error::invalid(path, "this lies before 1970 or more than a day ahead")),
        false => Ok(moment),
    }
}

/// Which assets to list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AssetFilter {
    /// Of this customer.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), false))]
    pub account_id: Option<GlobalId>,
    /// Of this product.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), false))]
    pub product_id: Option<GlobalId>,
    /// With exactly this serial number.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), false))]
    pub serial: Option<String>,
}

/// Reading assets.
#[derive(Default)]
pub struct AssetQuery;

#[Object]
impl AssetQuery {
    /// One asset; null if there is none that you may see.
    #[graphql(directive = access::apply("Asset".into(), "*".into(), false))]
    async fn asset(&self, ctx: &Context<'_>, id: GlobalId) -> Result<Option<Asset>> {
        one::<asset::Entity, _>(Cx::of(ctx), id.expect(Kind::Asset)?).await
    }

    /// The assets that you may see, oldest first.
    #[graphql(directive = access::apply("Asset".into(), "*".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn assets(
        &self,
        ctx: &Context<'_>,
        filter: Option<AssetFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Asset>> {
        let cx = Cx::of(ctx);
        let AssetFilter { account_id, product_id, serial } = filter.unwrap_or_default();
        let mut rows = cx.caller.rows::<asset::Entity>();
        if let Some(account) = account_id {
            rows = rows.filter(asset::Column::AccountId.eq(account.expect(Kind::Account)?));
        }
        if let Some(product) = product_id {
            rows = rows.filter(asset::Column::ProductId.eq(product.expect(Kind::Product)?));
        }
        if let Some(serial) = serial {
            rows = rows.filter(asset::Column::Serial.eq(serial));
        }
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Rising).await
    }
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
}
