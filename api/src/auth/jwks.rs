//! Keys that an issuer publishes (RFC 7517), kept and rotated.
//!
//! One fetch at a time, at most one a minute, and in a task of its own: a client that asks with a made-up `kid` and hangs up must neither
//! make traffic nor cancel the fetch that others wait for. What was fetched last stays until something better comes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use jsonwebtoken::DecodingKey;
use reqwest::{Client, Url, redirect};
use serde::Deserialize;
use serde_json::Value;

use crate::config::Algorithm;

/// Between two fetches.
const PAUSE: TimeDelta = TimeDelta::seconds(60);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest sets known have some ten keys and 20 kB.
const MAX_BYTES: usize = 256 * 1024;
const MAX_KEYS: usize = 100;

pub(super) struct Jwks {
    url: Url,
    algorithm: Algorithm,
    client: Client,
    refresh: TimeDelta,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Vec<Published>,
    /// When the last fetch was begun, well or not.
    asked: Option<DateTime<Utc>>,
    under_way: Option<Shared<BoxFuture<'static, ()>>>,
}

struct Published {
    id: Option<String>,
    key: Arc<DecodingKey>,
}

impl Jwks {
    pub(super) fn new(url: &str, algorithm: Algorithm, refresh: Duration) -> Result<Arc<Self>, String> {
        let url: Url =
            url.parse().map_err(|_| "is no address; right would be \"https://login.example.com/keys\"".to_owned())?;
        let here = is_loopback(&url);
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err("must begin with https://, or whoever sits between could put in keys; http is taken from this machine alone".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a password; published keys are public".to_owned());
        }
        // Redirects could lead anywhere, also to addresses that only this server reaches.
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(FETCH_TIMEOUT).https_only(!here);
        let client = if here { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| format!("no client can be made for it: {error}"))?;
        let refresh = TimeDelta::from_std(refresh).unwrap_or(PAUSE).max(PAUSE);
        Ok(Arc::new(Self { url, algorithm, client, refresh, state: Mutex::default() }))
    }

    /// The key with this id; for a token without one, the only key there is.
    pub(super) async fn find(self: &Arc<Self>, id: Option<&str>, now: DateTime<Utc>) -> Option<Arc<DecodingKey>> {
        let fetch = {
            let mut state = self.state();
            let known = state.find(id);
            let since = state.asked.map(|asked| (now - asked).abs());
            let due = since.is_none_or(|since| since >= if known.is_some() { self.refresh } else { PAUSE });
            if due && state.under_way.is_none() {
                state.asked = Some(now);
                state.under_way = Some(self.fetch_in_a_task());
            }
            // A key in hand is used at once: a slow identity provider slows nobody whose key is known.
            if known.is_some() {
                return known;
            }
            state.under_way.clone()
        };
        fetch?.await;
        self.state().find(id)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // No code panics while it holds the lock; if some did, the last good keys are still the last good keys.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch_in_a_task(self: &Arc<Self>) -> Shared<BoxFuture<'static, ()>> {
        let this = Arc::clone(self);
        let task = tokio::spawn(async move {
            let fetched = this.fetch().await;
            let mut state = this.state();
            state.under_way = None;
            match fetched {
                Ok(keys) => state.keys = keys,
                Err(reason) => {
                    tracing::warn!(url = %this.url, reason, "published keys could not be fetched; the last good ones stay")
                }
            }
        });
        task.map(drop).boxed().shared()
    }

    async fn fetch(&self) -> Result<Vec<Published>, &'static str> {
        let mut response = self.client.get(self.url.clone()).send().await.map_err(|_| "no answer")?;
        if response.status() != reqwest::StatusCode::OK {
            return Err("the answer is not 200");
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| "the answer broke off")? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err("the answer is too long");
            }
            body.extend_from_slice(&chunk);
        }
        let keys = usable(&body, self.algorithm).ok_or("the answer is no set of keys")?;
        if keys.is_empty() { Err("the answer has no key for the issuer's algorithm") } else { Ok(keys) }
    }
}

impl State {
    fn find(&self, id: Option<&str>) -> Option<Arc<DecodingKey>> {
        let found = match (id, self.keys.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.map(|published| Arc::clone(&published.key))
    }
}

#[derive(Deserialize)]
struct KeySet {
    // Each is read on its own: a kind of key that is not known must not spoil the others.
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys of a set that are for signatures of `algorithm`. None: it is no set.
fn usable(body: &[u8], algorithm: Algorithm) -> Option<Vec<Published>> {
    let set: KeySet = serde_json::from_slice(body).ok()?;
    let keys = set.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value::<Key>(key).ok());
    Some(keys.filter_map(|key| publish(key, algorithm)).collect())
}

fn publish(key: Key, algorithm: Algorithm) -> Option<Published> {
    let name = match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        Algorithm::HS256 => return None,
    };
    // RFC 9864 gives EdDSA on this curve a name of its own.
    let alg_fits =
        key.alg.as_deref().is_none_or(|alg| alg == name || (algorithm == Algorithm::EdDSA && alg == "Ed25519"));
    let use_fits = key.usage.as_deref().is_none_or(|usage| usage == "sig");
    let operations_fit = key.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"));
    if !(alg_fits && use_fits && operations_fit) {
        return None;
    }
    let bytes = |field: &Option<String>| URL_SAFE_NO_PAD.decode(field.as_deref()?).ok();
    let decoding = match (algorithm, key.kty.as_str(), key.crv.as_deref()) {
        (Algorithm::RS256, "RSA", _) => {
            let (modulus, exponent) = (bytes(&key.n)?, bytes(&key.e)?);
            let long_enough = (256..=1_024).contains(&modulus.len());
            long_enough.then(|| DecodingKey::from_rsa_raw_components(&modulus, &exponent))?
        }
        (Algorithm::ES256, "EC", Some("P-256")) => {
            let (x, y) = (bytes(&key.x)?, bytes(&key.y)?);
            let fits = x.len() == 32 && y.len() == 32;
            fits.then(|| DecodingKey::from_ec_der(&[&[4][..], &x, &y].concat()))?
        }
        (Algorithm::EdDSA, "OKP", Some("Ed25519")) => {
            let x = bytes(&key.x)?;
            (x.len() == 32).then(|| DecodingKey::from_ed_der(&x))?
        }
        _ => return None,
    };
    Some(Published { id: key.kid, key: Arc::new(decoding) })
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}
