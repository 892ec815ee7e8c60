//! Tokens for development: what `journey token` and the demo print. A server in production verifies other people's tokens and mints none.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{EncodingKey, Header};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{claims::Mapping, keys::check_secret};
use crate::{
    config::{self, Algorithm},
    policy::{Grants, RoleSet, TypeSet},
};

/// What a token is to say.
#[derive(Clone, Debug)]
pub struct Grant {
    /// `sub`: who.
    pub subject: String,
    /// The tenant's slug.
    pub tenant: String,
    /// At least one role.
    pub roles: RoleSet,
    /// What it narrows of what the roles may do.
    pub grants: Grants,
    /// How long it is good.
    pub ttl: Duration,
    /// `jti`.
    pub id: Uuid,
}

/// Why no token can be minted.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The configuration has no shared secret.
    #[error(
        "no issuer of the configuration has a secret; tokens are minted for development alone, with algorithm = \"HS256\" and a secret"
    )]
    NoSecret,
    /// The issuer's options contradict themselves.
    #[error("auth.issuers: {0}")]
    Issuer(String),
    /// The issuer has no name for a role.
    #[error("the issuer's roles_map has no name for the role {0}")]
    NoName(crate::policy::Role),
    /// A token without roles is refused by every server.
    #[error("a token needs at least one role")]
    NoRole,
    /// The issuer's tokens are for one tenant.
    #[error("the issuer's tokens are for the tenant {0:?} alone")]
    OtherTenant(String),
    /// The end is beyond the calendar.
    #[error("the time to live is too long")]
    TooLong,
    /// The library refused.
    #[error("the token could not be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
}

/// Signs as the development issuer of a configuration, in the form which that issuer's own mapping reads back.
pub struct Mint {
    issuer: String,
    audience: String,
    mapping: Mapping,
    key: EncodingKey,
}

impl Mint {
    /// Of the first issuer that has a secret.
    pub fn new(config: &config::Auth) -> Result<Self, MintError> {
        let with_secret =
            |issuer: &&config::Issuer| issuer.algorithm == Some(Algorithm::HS256) && issuer.secret.is_some();
        let issuer = config.issuers.iter().find(with_secret).ok_or(MintError::NoSecret)?;
        let secret = issuer.secret.as_ref().ok_or(MintError::NoSecret)?;
        let key =
            EncodingKey::from_secret(check_secret(secret).map_err(|why| MintError::Issuer(format!("secret {why}")))?);
        let mapping = Mapping::try_from(issuer).map_err(|wrong| {
            MintError::Issuer(
                wrong.iter().map(|(option, why)| format!("{option}: {why}")).collect::<Vec<_>>().join("; "),
            )
        })?;
        Ok(Self { issuer: issuer.issuer.clone(), audience: issuer.audience.clone(), mapping, key })
    }

    /// The tenant that the issuer's tokens are for, where it is fixed.
    pub fn fixed_tenant(&self) -> Option<&str> {
        self.mapping.tenant.as_deref()
    }

    /// A token, good from `now`.
    pub fn mint(&self, grant: &Grant, now: DateTime<Utc>) -> Result<String, MintError> {
        let Grant { subject, tenant, roles, grants, ttl, id } = grant;
        if roles.is_empty() {
            return Err(MintError::NoRole);
        }
        if let Some(fixed) = self.mapping.tenant.as_ref().filter(|fixed| *fixed != tenant) {
            return Err(MintError::OtherTenant(fixed.clone()));
        }
        let ends =
            TimeDelta::from_std(*ttl).ok().and_then(|ttl| now.checked_add_signed(ttl)).ok_or(MintError::TooLong)?;
        let names = roles.iter().map(|role| self.mapping.foreign_name(role).ok_or(MintError::NoName(role)));
        let names: Vec<&str> = names.collect::<Result<_, _>>()?;

        let mut claims = Map::new();
        for (name, value) in [
            ("iss", json!(self.issuer)),
            ("aud", json!(self.audience)),
            ("sub", json!(subject)),
            ("iat", json!(now.timestamp())),
            ("exp", json!(ends.timestamp())),
            ("jti", json!(id)),
        ] {
            claims.insert(name.to_owned(), value);
        }
        self.mapping.tenant_claim.put(&mut claims, Value::from(tenant.as_str()));
        self.mapping.roles_claim.put(&mut claims, json!(names));
        if let Some(grants) = claim_of(grants) {
            self.mapping.grants_claim.put(&mut claims, grants);
        }
        jsonwebtoken::encode(&Header::new(jsonwebtoken::Algorithm::HS256), &claims, &self.key)
            .map_err(MintError::Signing)
    }
}

/// The claim that narrows so far; none where nothing is narrowed.
fn claim_of(Grants { types, sources }: &Grants) -> Option<Value> {
    let mut claim = Map::new();
    if *types != TypeSet::ALL {
        claim.insert("entities".to_owned(), types.iter().map(|ty| ty.name()).collect());
    }
    if let Some(sources) = sources {
        claim.insert("sources".to_owned(), sources.iter().map(String::as_str).collect());
    }
    (!claim.is_empty()).then_some(Value::Object(claim))
}

impl config::Auth {
    /// The one issuer of a demo or a test: `journey`, with a shared secret.
    pub fn development(secret: SecretString) -> Self {
        let issuer = config::Issuer {
            issuer: "journey".to_owned(),
            audience: "journey".to_owned(),
            algorithm: Some(Algorithm::HS256),
            secret: Some(secret),
            ..config::Issuer::default()
        };
        Self { leeway: Duration::from_secs(30), jwks_refresh: Duration::from_secs(600), issuers: vec![issuer] }
    }
}
