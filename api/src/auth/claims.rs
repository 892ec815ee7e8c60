//! What the payload of a verified token has to say, and where.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{Claims, Refusal};
use crate::{
    config,
    policy::{Grants, Role, RoleSet, Type, TypeSet},
};

/// No honest subject or slug is longer, and none has control characters.
const MAX_NAME: usize = 255;

/// Where a claim is: a name, a path with dots, or a JSON pointer.
#[derive(Clone, Debug)]
pub(super) struct ClaimPath {
    whole: String,
    parts: Vec<String>,
}

impl ClaimPath {
    pub(super) fn new(text: &str) -> Option<Self> {
        let parts: Vec<String> = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect(),
            // Names that are addresses, as several identity providers have them, are no paths.
            None if text.contains(':') => vec![text.to_owned()],
            None => text.split('.').map(str::to_owned).collect(),
        };
        (!parts.iter().any(String::is_empty)).then(|| Self { whole: text.to_owned(), parts })
    }

    fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        claims.get(&self.whole).or_else(|| {
            let (first, rest) = self.parts.split_first()?;
            rest.iter().try_fold(claims.get(first)?, |value, part| value.get(part))
        })
    }

    /// Puts a value where [`find`](Self::find) looks for it.
    pub(super) fn put(&self, claims: &mut Map<String, Value>, value: Value) {
        let Some((last, path)) = self.parts.split_last() else {
            return;
        };
        let mut place = claims;
        for part in path {
            let next = place.entry(part.as_str()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(next) = next else { return };
            place = next;
        }
        place.insert(last.clone(), value);
    }
}

/// How one issuer names tenant, roles and grants.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    pub(super) tenant_claim: ClaimPath,
    pub(super) roles_claim: ClaimPath,
    pub(super) grants_claim: ClaimPath,
    pub(super) tenant: Option<String>,
    /// Empty: the issuer speaks our names. Else only the names in it count, so that a foreign "admin" is not ours by accident.
    pub(super) roles: BTreeMap<String, Role>,
}

impl Mapping {
    fn role(&self, name: &str) -> Option<Role> {
        if self.roles.is_empty() { name.parse().ok() } else { self.roles.get(name).copied() }
    }

    /// Which names of an issuer stand for `role`; for minting.
    pub(super) fn foreign_name(&self, role: Role) -> Option<&str> {
        match self.roles.is_empty() {
            true => Some(role.name()),
            false => self.roles.iter().find(|(_, ours)| **ours == role).map(|(name, _)| name.as_str()),
        }
    }

    /// Checks the payload. The signature was checked before; nothing here may be asked of a payload that nobody signed.
    pub(super) fn read(
        &self,
        payload: &Map<String, Value>,
        audience: &str,
        leeway: Duration,
        now: DateTime<Utc>,
    ) -> Result<Claims, Refusal> {
        let leeway = TimeDelta::from_std(leeway).unwrap_or(TimeDelta::zero());
        let meant = match payload.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().any(|one| one == audience),
            _ => false,
        };
        if !meant {
            return Err(Refusal::WrongAudience);
        }

        let expires_at = payload.get("exp").and_then(time).ok_or(Refusal::NoExpiry)?;
        if now.signed_duration_since(expires_at) >= leeway {
            return Err(Refusal::Expired);
        }
        if let Some(not_before) = payload.get("nbf") {
            let not_before = time(not_before).ok_or(Refusal::NotYetValid)?;
            if not_before.signed_duration_since(now) > leeway {
                return Err(Refusal::NotYetValid);
            }
        }

        let subject = payload.get("sub").and_then(name).ok_or(Refusal::NoSubject)?;
        let tenant = match &self.tenant {
            Some(tenant) => tenant.clone(),
            None => self.tenant_claim.find(payload).and_then(name).ok_or(Refusal::NoTenant)?,
        };
        let names: Vec<&str> = match self.roles_claim.find(payload) {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(names)) => names.split_ascii_whitespace().collect(),
            _ => Vec::new(),
        };
        let roles: RoleSet = names.into_iter().filter_map(|name| self.role(name)).collect();
        if roles.is_empty() {
            return Err(Refusal::NoRole);
        }
        let grants = match self.grants_claim.find(payload) {
            None => Grants::default(),
            Some(claim) => grants(claim).ok_or(Refusal::BadGrants)?,
        };
        Ok(Claims { tenant, subject, roles, grants, expires_at })
    }
}

impl TryFrom<&config::Issuer> for Mapping {
    type Error = Vec<(&'static str, String)>;

    fn try_from(issuer: &config::Issuer) -> Result<Self, Self::Error> {
        let mut wrong = Vec::new();
        let config::ClaimNames { tenant, roles, grants } = &issuer.claims;
        let mut path = |option: &'static str, text: &str| {
            let path = ClaimPath::new(text);
            if path.is_none() {
                wrong.push((option, format!("{text:?} names no claim; right would be \"roles\", \"realm_access.roles\" or \"/realm_access/roles\"")));
            }
            path
        };
        let (tenant_claim, roles_claim) = (path("claims.tenant", tenant), path("claims.roles", roles));
        let grants_claim = path("claims.grants", grants);
        if issuer.tenant.as_deref().is_some_and(|tenant| name(&Value::from(tenant)).is_none()) {
            wrong.push((
                "tenant",
                "is no name; right would be the tenant's slug, or no such line, and the tenant claim says".to_owned(),
            ));
        }
        let mut map = BTreeMap::new();
        for (foreign, ours) in &issuer.roles_map {
            match ours.parse::<Role>() {
                Ok(role) => drop(map.insert(foreign.clone(), role)),
                Err(error) => wrong.push(("roles_map", format!("{foreign:?}: {error}"))),
            }
        }
        match (tenant_claim, roles_claim, grants_claim) {
            (Some(tenant_claim), Some(roles_claim), Some(grants_claim)) if wrong.is_empty() => {
                Ok(Mapping { tenant_claim, roles_claim, grants_claim, tenant: issuer.tenant.clone(), roles: map })
            }
            _ => Err(wrong),
        }
    }
}

/// What a token narrows. Whatever is not understood refuses the token: a misspelt narrowing must not become none. A name of an entity
/// that this house does not know names no line, as an unknown role is no role.
fn grants(claim: &Value) -> Option<Grants> {
    let mut grants = Grants::default();
    for (name, value) in claim.as_object()? {
        match name.as_str() {
            "entities" => grants.types = names(value)?.into_iter().filter_map(Type::named).collect::<TypeSet>(),
            "sources" => grants.sources = Some(names(value)?.into_iter().map(str::to_owned).collect()),
            _ => return None,
        }
    }
    Some(grants)
}

/// A list of names, or text with spaces between them.
fn names(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::Array(names) => names.iter().map(Value::as_str).collect(),
        Value::String(names) => Some(names.split_ascii_whitespace().collect()),
        _ => None,
    }
}

/// A NumericDate: seconds since 1970, with or without a fraction.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    let micros = match value.as_i64() {
        Some(seconds) => seconds.checked_mul(1_000_000)?,
        None => {
            let micros = value.as_f64()? * 1e6;
            // Beyond this a float no longer holds microseconds, and the cast would saturate.
            (micros.abs() < 9e15).then_some(micros as i64)?
        }
    };
    DateTime::from_timestamp_micros(micros)
}

fn name(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let fit = !text.trim().is_empty() && text.len() <= MAX_NAME && !text.chars().any(char::is_control);
    fit.then(|| text.to_owned())
}
