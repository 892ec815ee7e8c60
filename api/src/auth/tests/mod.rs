//! A token is made by hand for each test, so that anything can be wrong in it.

mod good;
mod jwks;
mod refused;

use std::time::Duration;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use crate::config::{Algorithm, Auth, Issuer};

pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(super) const ISSUER: &str = "https://login.example.com";

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The claims of a good token, an hour long.
pub(super) fn claims() -> Value {
    let now = now().timestamp();
    json!({ "iss": ISSUER, "aud": "journey", "sub": "col_1", "tenant": "acme", "roles": ["sales"], "iat": now, "exp": now + 3_600 })
}

/// `claims` with `name` set, or taken out with null.
pub(super) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let map = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(map.remove(name)),
        value => drop(map.insert(name.to_owned(), value)),
    }
    claims
}

pub(super) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Signs any header over any payload, which libraries would not.
pub(super) fn sign(header: &Value, claims: &Value, key: &EncodingKey, algorithm: jsonwebtoken::Algorithm) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

pub(super) fn hs256(header: &Value, claims: &Value) -> String {
    sign(header, claims, &EncodingKey::from_secret(SECRET.as_bytes()), jsonwebtoken::Algorithm::HS256)
}

pub(super) fn good_hs256() -> String {
    hs256(&json!({ "alg": "HS256", "typ": "JWT" }), &claims())
}

pub(super) fn auth(issuer: Issuer) -> Auth {
    Auth { leeway: Duration::from_secs(30), jwks_refresh: Duration::from_secs(600), issuers: vec![issuer] }
}

pub(super) fn issuer(algorithm: Algorithm) -> Issuer {
    Issuer {
        issuer: ISSUER.to_owned(),
        audience: "journey".to_owned(),
        algorithm: Some(algorithm),
        ..Issuer::default()
    }
}

pub(super) fn with_secret() -> Issuer {
    Issuer { secret: Some(SECRET.into()), ..issuer(Algorithm::HS256) }
}

/// A key pair of a kind, made for this run.
pub(super) struct Pair {
    pub(super) private: EncodingKey,
    pub(super) algorithm: jsonwebtoken::Algorithm,
    pub(super) public_pem: String,
    pub(super) private_pem: String,
    /// `kty` and the numbers.
    pub(super) jwk: Value,
}

impl Pair {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        use aws_lc_rs::{
            encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
            rsa::{KeyPair as Rsa, KeySize},
            signature::{
                ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaPublicKeyComponents,
            },
        };
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (private, public, jwk) = match algorithm {
            Algorithm::RS256 => {
                let pair = Rsa::generate(KeySize::Rsa2048).unwrap();
                let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap().as_ref().to_vec();
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                (private, public, json!({ "kty": "RSA", "n": b64(&n), "e": b64(&e) }))
            }
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let private = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap().as_ref().to_vec();
                let point = pair.public_key().as_ref();
                (
                    private,
                    public,
                    json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) }),
                )
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let private = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap().as_ref().to_vec();
                (private, public, json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref()) }))
            }
            Algorithm::HS256 => unreachable!("HS256 has no pair"),
        };
        let private_pem = pem("PRIVATE KEY", &private);
        let pem_bytes = private_pem.as_bytes();
        let (private, algorithm) = match algorithm {
            Algorithm::RS256 => (EncodingKey::from_rsa_pem(pem_bytes).unwrap(), jsonwebtoken::Algorithm::RS256),
            Algorithm::ES256 => (EncodingKey::from_ec_pem(pem_bytes).unwrap(), jsonwebtoken::Algorithm::ES256),
            _ => (EncodingKey::from_ed_pem(pem_bytes).unwrap(), jsonwebtoken::Algorithm::EdDSA),
        };
        Self { private, algorithm, public_pem: pem("PUBLIC KEY", &public), private_pem, jwk }
    }

    /// A good token with this key.
    pub(super) fn token(&self, kid: Option<&str>) -> String {
        let mut header = json!({ "alg": self.algorithm, "typ": "JWT" });
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        sign(&header, &claims(), &self.private, self.algorithm)
    }

    /// The published form, with further fields.
    pub(super) fn published(&self, fields: Value) -> Value {
        let mut jwk = self.jwk.clone();
        jwk.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        jwk
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
