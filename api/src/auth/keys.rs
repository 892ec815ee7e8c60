//! An issuer's keys, all for its one algorithm.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use jsonwebtoken::DecodingKey;
use secrecy::{ExposeSecret, SecretString};

use super::jwks::Jwks;
use crate::config::{self, Algorithm};

/// Under 32 bytes a secret of HS256 can be guessed from one token (RFC 7518, 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// The keys of one issuer, and the one algorithm they are used with.
pub(super) struct Keys {
    algorithm: Algorithm,
    source: Source,
}

enum Source {
    /// A secret or a key in a file: one key, whatever `kid` says.
    Fixed(Arc<DecodingKey>),
    Published(Arc<Jwks>),
}

impl Keys {
    /// Makes the keys of an issuer, or says which option is wrong and what would be right.
    pub(super) fn new(issuer: &config::Issuer, refresh: Duration) -> Result<Self, (&'static str, String)> {
        let Some(algorithm) = issuer.algorithm else {
            return Err((
                "algorithm",
                "is not given; right would be \"RS256\", \"ES256\", \"EdDSA\", or \"HS256\" for development".to_owned(),
            ));
        };
        let source = match (&issuer.secret, &issuer.public_key_file, &issuer.jwks_url) {
            (Some(secret), None, None) if algorithm == Algorithm::HS256 => Source::Fixed(shared(secret)?),
            (Some(_), None, None) => {
                return Err((
                    "secret",
                    format!("is for HS256 alone; right for {algorithm:?} would be jwks_url or public_key_file"),
                ));
            }
            (None, Some(_), None) if algorithm == Algorithm::HS256 => {
                return Err((
                    "public_key_file",
                    "is not for HS256, which has no public key; right would be secret, or another algorithm".to_owned(),
                ));
            }
            (None, None, Some(_)) if algorithm == Algorithm::HS256 => {
                return Err((
                    "jwks_url",
                    "is not for HS256, whose keys nobody may publish; right would be secret, or another algorithm"
                        .to_owned(),
                ));
            }
            (None, Some(path), None) => Source::Fixed(from_file(path, algorithm)?),
            (None, None, Some(url)) => {
                Source::Published(Jwks::new(url, algorithm, refresh).map_err(|message| ("jwks_url", message))?)
            }
            _ => {
                return Err(("secret, public_key_file, jwks_url", "right would be exactly one of them".to_owned()));
            }
        };
        Ok(Self { algorithm, source })
    }

    /// The key for a token's `kid`.
    pub(super) async fn find(&self, id: Option<&str>, now: DateTime<Utc>) -> Option<Arc<DecodingKey>> {
        match &self.source {
            Source::Fixed(key) => Some(Arc::clone(key)),
            Source::Published(keys) => keys.find(id, now).await,
        }
    }

    pub(super) fn algorithm(&self) -> jsonwebtoken::Algorithm {
        match self.algorithm {
            Algorithm::HS256 => jsonwebtoken::Algorithm::HS256,
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }

    /// As a token's header has to spell it.
    pub(super) fn algorithm_name(&self) -> &'static str {
        match self.algorithm {
            Algorithm::HS256 => "HS256",
            Algorithm::RS256 => "RS256",
            Algorithm::ES256 => "ES256",
            Algorithm::EdDSA => "EdDSA",
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({:?})", self.algorithm)
    }
}

fn shared(secret: &SecretString) -> Result<Arc<DecodingKey>, (&'static str, String)> {
    let bytes = check_secret(secret).map_err(|message| ("secret", message))?;
    Ok(Arc::new(DecodingKey::from_secret(bytes)))
}

/// The bytes of a secret that is fit to sign with.
pub(super) fn check_secret(secret: &SecretString) -> Result<&[u8], String> {
    let text = secret.expose_secret();
    if text.contains("-----BEGIN") {
        // Whoever knows the public key could then sign as the issuer.
        return Err("is a key in PEM, which is no secret; right would be public_key_file".to_owned());
    }
    match text.len() {
        0..MIN_SECRET_BYTES => Err(format!(
            "has {} bytes, which can be guessed; right would be {MIN_SECRET_BYTES} or more, for example of: openssl rand -hex 32",
            text.len()
        )),
        _ => Ok(text.as_bytes()),
    }
}

fn from_file(path: &Path, algorithm: Algorithm) -> Result<Arc<DecodingKey>, (&'static str, String)> {
    let wrong = |message: String| ("public_key_file", format!("{}: {message}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    // A private key would also hold the public one, but must not lie on a server that only verifies.
    if String::from_utf8_lossy(&pem).contains("PRIVATE KEY-----") {
        return Err(wrong("is a private key; right would be the public one (-----BEGIN PUBLIC KEY-----)".to_owned()));
    }
    let key = match algorithm {
        Algorithm::RS256 => DecodingKey::from_rsa_pem(&pem),
        Algorithm::ES256 => DecodingKey::from_ec_pem(&pem),
        Algorithm::EdDSA | Algorithm::HS256 => DecodingKey::from_ed_pem(&pem),
    };
    let key =
        key.map_err(|_| wrong(format!("is no public key for {algorithm:?} in PEM (-----BEGIN PUBLIC KEY-----)")))?;
    let fit = match (algorithm, key.try_get_as_bytes()) {
        // An uncompressed point of P-256; P-384 has 97 bytes.
        (Algorithm::ES256, Ok(bytes)) => bytes.len() == 65,
        (Algorithm::EdDSA, Ok(bytes)) => bytes.len() == 32,
        // DER of two numbers: under 2,048 bits it is shorter than this.
        (Algorithm::RS256, Ok(bytes)) => bytes.len() >= 260,
        _ => false,
    };
    if !fit {
        return Err(wrong(format!(
            "is not of the right kind or size; right for {algorithm:?} would be {}",
            match algorithm {
                Algorithm::RS256 => "an RSA key of 2,048 bits or more",
                Algorithm::ES256 => "a key on the curve P-256",
                Algorithm::EdDSA | Algorithm::HS256 => "an Ed25519 key",
            }
        )));
    }
    Ok(Arc::new(key))
}
