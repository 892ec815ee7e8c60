//! How messages are signed: to the letter of Standard Webhooks 1.0, so that its libraries verify them.
//!
//! Signed is `{webhook-id}.{webhook-timestamp}.{body}`, with the very bytes that are sent. A secret has 32 random bytes.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use entities::{codes::WebhookScheme, sync::webhook_endpoint};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    clock::Clock,
    graph::{Error, Result},
};

/// Before the secret that both sides know.
const SECRET: &str = "whsec_";
/// Before the seed of an Ed25519 key.
const PRIVATE: &str = "whsk_";
/// Before its public half.
const PUBLIC: &str = "whpk_";

/// A key that does not read as one.
#[derive(Debug, thiserror::Error)]
#[error("the key of a webhook endpoint does not read as one")]
struct Unreadable;

/// A new secret.
pub fn mint(scheme: WebhookScheme, clock: &Clock) -> String {
    let bytes: Vec<u8> = (0..4).flat_map(|_| clock.random().to_be_bytes()).collect();
    let prefix = match scheme {
        WebhookScheme::Hmac => SECRET,
        WebhookScheme::Ed25519 => PRIVATE,
    };
    format!("{prefix}{}", STANDARD.encode(bytes))
}

/// What a receiver of Ed25519 signatures verifies with; none for another scheme.
pub fn public_key(secret: &str) -> Option<String> {
    let seed = STANDARD.decode(secret.strip_prefix(PRIVATE)?).ok()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
    Some(format!("{PUBLIC}{}", STANDARD.encode(pair.public_key().as_ref())))
}

/// One signature, with its version before it.
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &str) -> Result<String> {
    let unreadable = || Error::internal(Unreadable);
    let signed = format!("{id}.{timestamp}.{body}");
    if let Some(key) = secret.strip_prefix(SECRET) {
        let key = STANDARD.decode(key).map_err(|_| unreadable())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| unreadable())?;
        mac.update(signed.as_bytes());
        return Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
    let seed = secret.strip_prefix(PRIVATE).and_then(|seed| STANDARD.decode(seed).ok()).ok_or_else(unreadable)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| unreadable())?;
    Ok(format!("v1a,{}", STANDARD.encode(pair.sign(signed.as_bytes()).as_ref())))
}

/// The value of `webhook-signature`: by the present secret, and by the one before it while that holds.
pub fn header(endpoint: &webhook_endpoint::Model, id: &str, now: DateTime<Utc>, body: &str) -> Result<String> {
    let present = sign(&endpoint.secret, id, now.timestamp(), body)?;
    match (&endpoint.previous_secret, endpoint.previous_until) {
        (Some(previous), Some(until)) if now < until => {
            Ok(format!("{present} {}", sign(previous, id, now.timestamp(), body)?))
        }
        _ => Ok(present),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let (id, timestamp, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(
            sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id, timestamp, body).unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(
            sign("whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=", id, timestamp, body).unwrap(),
            "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
        );
    }

    /// RFC 8032, 7.1, test 1.
    #[test]
    fn a_public_key_is_that_of_its_seed() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let secret = format!("{PRIVATE}{}", STANDARD.encode(seed));
        assert_eq!(public_key(&secret), Some(format!("{PUBLIC}{}", STANDARD.encode(public))));
        assert_eq!(public_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), None);
    }

    #[test]
    fn secrets_are_of_32_bytes_and_new_each_time() {
        let clock = Clock::at(DateTime::default());
        let (first, second) = (mint(WebhookScheme::Hmac, &clock), mint(WebhookScheme::Hmac, &clock));
        assert_ne!(first, second);
        assert_eq!(STANDARD.decode(first.strip_prefix(SECRET).unwrap()).unwrap().len(), 32);
        assert!(public_key(&mint(WebhookScheme::Ed25519, &clock)).is_some_and(|key| key.starts_with(PUBLIC)));
        assert!(sign("secret", "id", 0, "").is_err());
    }
}
