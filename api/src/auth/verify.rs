//! One token, step by step.
//!
//! The order matters: form, then who claims to have issued it, then that issuer's own algorithm and key, then the signature, and only then
//! what the token says. Nothing of the token chooses an algorithm or a key beyond the issuer's own set.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{AuthError, Claims, Issuers, Refusal, json::Unique};

/// Honest tokens have one or two kilobytes; proxies cut headers at eight.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Headers that bring a key along (RFC 7515), that must be understood (`crit`, `b64`), or that belong to encrypted tokens.
const FORBIDDEN: [&str; 8] = ["crit", "jwk", "jku", "x5u", "x5c", "b64", "enc", "zip"];

/// Kinds of tokens that are for an API (RFC 9068); a logout token or an id token of another kind is not.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

impl Issuers {
    /// Verifies a token as it stands behind `Bearer`, at the moment `now`.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, AuthError> {
        let parts = Parts::split(token)?;
        let header = parts.header()?;
        let payload = object(parts.payload)?;

        let issuer =
            payload.get("iss").and_then(Value::as_str).and_then(|iss| self.find(iss)).ok_or(Refusal::UnknownIssuer)?;
        if header.algorithm != issuer.keys.algorithm_name() {
            return Err(Refusal::WrongAlgorithm.into());
        }
        let key = issuer.keys.find(header.key_id.as_deref(), now).await.ok_or(Refusal::UnknownKey)?;
        let genuine =
            jsonwebtoken::crypto::verify(parts.signature, parts.signed.as_bytes(), &key, issuer.keys.algorithm());
        // An error is a signature that is no base64 or of a wrong length: as wrong as one that does not fit.
        if !genuine.unwrap_or(false) {
            return Err(Refusal::BadSignature.into());
        }
        Ok(issuer.mapping.read(&payload, &issuer.audience, self.leeway, now)?)
    }
}

struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// Header and payload with the dot between them.
    signed: &'a str,
}

struct Header {
    algorithm: String,
    key_id: Option<String>,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        if payload.contains('.') || signature.is_empty() {
            return Err(Refusal::Malformed);
        }
        Ok(Self { header, payload, signature, signed })
    }

    fn header(&self) -> Result<Header, Refusal> {
        let header = object(self.header)?;
        if FORBIDDEN.iter().any(|name| header.contains_key(*name)) {
            return Err(Refusal::ForbiddenHeader);
        }
        if let Some(kind) = header.get("typ") {
            let kind = kind.as_str().ok_or(Refusal::Malformed)?.to_ascii_lowercase();
            if !TYPES.contains(&kind.strip_prefix("application/").unwrap_or(&kind)) {
                return Err(Refusal::WrongType);
            }
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(Refusal::Malformed),
        };
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(Refusal::Malformed)?.to_owned();
        Ok(Header { algorithm, key_id })
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)?;
    serde_json::from_slice::<Unique>(&bytes).map(|object| object.0).map_err(|_| Refusal::Malformed)
}
