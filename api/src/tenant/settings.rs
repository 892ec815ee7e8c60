//! The tenant itself: what it is called, and by which zone, currency and language it lives. Everybody reads it, an admin changes it.

use async_graphql::{Context, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entities::tenant::tenant;
use sea_orm::ActiveValue::{self, Set};

use crate::{
    graph::{Cx, Error, MAX_LINE, Result, is_currency, patch_required, require_write, text},
    input,
    journey::{Work, attempt},
    payload,
    policy::{Type, access, table},
    tenancy::{self, NewTenant},
};

/// The company whose Journey this is.
#[derive(Clone, Debug, SimpleObject)]
pub struct Tenant {
    /// Its short name: the one that tokens carry. For good.
    pub slug: String,
    /// The company's name.
    pub name: String,
    /// Its civil time, an IANA zone such as `Europe/Berlin`: it decides where a day begins.
    pub zone: String,
    /// The currency that figures are shown in, by its ISO 4217 code.
    pub currency: String,
    /// Its language, a BCP 47 tag such as `de` or `en-GB`.
    pub language: String,
    /// Rises with each change; give it back as `ifVersion` to change only what you have seen.
    pub version: i32,
    /// When the tenant was founded (UTC).
    pub created_at: DateTime<Utc>,
    /// When its settings last changed (UTC).
    pub updated_at: DateTime<Utc>,
}

impl From<tenant::Model> for Tenant {
    fn from(row: tenant::Model) -> Tenant {
        // `settings` holds keys: it never leaves the house.
        let tenant::Model { id: _, slug, name, zone, currency, language, settings: _, version, created_at, updated_at } =
            row;
        let version = i32::try_from(version).unwrap_or(i32::MAX);
        Tenant { slug, name, zone, currency, language, version, created_at, updated_at }
    }
}

input! {
    /// A change of the tenant's settings: absent leaves.
    UpdateTenantInput for Settings {
        /// The company's name, at most 255 characters.
        P name: MaybeUndefined<String>;
        /// An IANA zone, such as `Europe/Berlin`. What was counted by days before is counted anew by the new zone.
        P zone: MaybeUndefined<String>;
        /// An ISO 4217 code, such as `EUR`. No amount is converted.
        P currency: MaybeUndefined<String>;
        /// A BCP 47 tag, such as `de` or `en-GB`.
        P language: MaybeUndefined<String>;
    }
    plain {
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateTenant` answers.
    UpdateTenantPayload {
        /// The changed tenant; null if it was refused.
        tenant: Tenant
    }
}

/// Changes the settings of the caller's own tenant.
pub async fn update(cx: &Cx, input: UpdateTenantInput) -> Result<Tenant> {
    let written = input.written();
    let UpdateTenantInput { if_version, name, zone, currency, language } = input;
    require_write(&table::most(Type::Settings, (&cx.caller).into()), &written)?;
    let mut work = Work::begin(cx).await?;
    let before = work.tenant_unscoped().await?;
    if if_version.is_some_and(|version| i64::from(version) != before.version) {
        return Err(Error::version_conflict(before.version));
    }
    let row = tenant::ActiveModel {
        name: checked("name", name, |name| text("name", name, MAX_LINE))?,
        zone: checked("zone", zone, |name| zone_named("zone", name))?,
        currency: checked("currency", currency, currency_coded)?,
        language: checked("language", language, language_tagged)?,
        ..Default::default()
    };
    let row = work.update_tenant_unscoped(before, row).await?;
    work.commit().await?;
    Ok(row.into())
}

fn checked(
    path: &str,
    value: MaybeUndefined<String>,
    check: impl FnOnce(String) -> Result<String>,
) -> Result<ActiveValue<String>> {
    match patch_required(path, value)? {
        Set(value) => Ok(Set(check(value)?)),
        other => Ok(other),
    }
}

/// The name of a zone of the IANA database, written as there.
pub fn zone_named(path: &str, name: String) -> Result<String> {
    match name.parse::<chrono_tz::Tz>() {
        Ok(zone) if zone.name() == name => Ok(name),
        _ => Err(Error::invalid(path, "an IANA time zone, such as Europe/Berlin")),
    }
}

fn currency_coded(code: String) -> Result<String> {
    match is_currency(&code) {
        true => Ok(code),
        false => Err(Error::invalid("currency", "an ISO 4217 code in capitals, such as EUR")),
    }
}

/// A language of two or three letters, and parts of one to eight letters and digits.
fn language_tagged(tag: String) -> Result<String> {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let sound = tag.len() <= 35
        && (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match sound {
        true => Ok(tag),
        false => Err(Error::invalid("language", "a BCP 47 tag, such as de or en-GB")),
    }
}

/// A tenant to be, as an operator describes it: refused before it is founded, since its slug is for good.
pub fn sound(new: NewTenant) -> Result<NewTenant> {
    let NewTenant { slug, name, zone, currency, language } = new;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=63).contains(&slug.len()) || !slug.bytes().all(plain) {
        return Err(Error::invalid("tenant", "1 to 63 small letters, digits and hyphens"));
    }
    Ok(NewTenant {
        slug,
        name: text("name", name, MAX_LINE)?,
        zone: zone_named("zone", zone)?,
        currency: currency_coded(currency)?,
        language: language_tagged(language)?,
    })
}

/// Asking for the tenant.
#[derive(Default)]
pub struct TenantQuery;

#[Object]
impl TenantQuery {
    /// The company whose Journey this is.
    async fn tenant(&self, ctx: &Context<'_>) -> Result<Tenant> {
        let cx = Cx::of(ctx);
        let _busy = cx.busy();
        Ok(tenancy::tenant(&cx.store, cx.caller.tenant).await?.into())
    }
}

/// Changing the tenant.
#[derive(Default)]
pub struct TenantMutation;

#[Object]
impl TenantMutation {
    /// Changes the settings of your tenant. Event: `record.updated`.
    #[graphql(directive = access::apply("Settings".into(), "P".into(), true))]
    async fn update_tenant(&self, ctx: &Context<'_>, input: UpdateTenantInput) -> Result<UpdateTenantPayload> {
        let cx = Cx::of(ctx);
        UpdateTenantPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
