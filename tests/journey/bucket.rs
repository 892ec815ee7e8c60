//! A small lookalike of an S3-compatible store, served by the test itself. It computes every signature anew and takes nothing
//! else: neither another verb, path, header nor query, nor an address after its time.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub const KEY: &str = "the-bucket-key";
const REGION: &str = "eu-central-1";

/// Bytes with their media type.
type Object = (Vec<u8>, String);

/// What the store holds, and how it is.
#[derive(Default)]
pub struct Bucket {
    pub objects: Mutex<BTreeMap<String, Object>>,
    /// Whether it answers nothing but 503.
    pub down: AtomicBool,
    /// By how many seconds its clock is ahead.
    pub ahead: AtomicI64,
    /// How many requests it refused for their signature.
    pub refused: AtomicI64,
}

/// Serves a bucket; gives it and the address of the store.
pub async fn serve() -> (Arc<Bucket>, String) {
    let bucket = Arc::new(Bucket::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(bucket.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (bucket, format!("http://{address}"))
}

/// The configuration of a house that keeps its files there.
pub fn of(files: &mut api::config::Files, endpoint: &str) {
    files.bucket = "journey".to_owned();
    files.endpoint = endpoint.to_owned();
    files.region = REGION.to_owned();
    files.access_key_id = "journey-id".to_owned();
    files.secret_access_key = KEY.into();
}

async fn answer(
    State(bucket): State<Arc<Bucket>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if bucket.down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let now = now() + TimeDelta::seconds(bucket.ahead.load(Ordering::SeqCst));
    let Some(query) = signed(&method, &uri, &headers, now) else {
        bucket.refused.fetch_add(1, Ordering::SeqCst);
        return (StatusCode::FORBIDDEN, "SignatureDoesNotMatch").into_response();
    };
    let mut objects = bucket.objects.lock().unwrap();
    let path = uri.path().to_owned();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match method {
        Method::PUT if header("if-none-match") == "*" && objects.contains_key(&path) => {
            StatusCode::PRECONDITION_FAILED.into_response()
        }
        Method::PUT => {
            objects.insert(path, (body.to_vec(), header("content-type").to_owned()));
            StatusCode::OK.into_response()
        }
        Method::GET | Method::HEAD => match objects.get(&path) {
            Some((bytes, kind)) => {
                let mut told = HeaderMap::new();
                let kind = query.get("response-content-type").unwrap_or(kind);
                told.insert(header::CONTENT_TYPE, kind.parse().unwrap());
                told.insert(header::LAST_MODIFIED, "Mon, 23 Nov 2026 12:00:00 GMT".parse().unwrap());
                told.insert(header::ETAG, "\"1\"".parse().unwrap());
                if let Some(named) = query.get("response-content-disposition") {
                    told.insert(header::CONTENT_DISPOSITION, named.parse().unwrap());
                }
                (told, bytes.clone()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            objects.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// The query of a request, if its signature is right: AWS signature version 4, in the query or in a header.
fn signed(method: &Method, uri: &Uri, headers: &HeaderMap, now: DateTime<Utc>) -> Option<BTreeMap<String, String>> {
    let mut query = BTreeMap::new();
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        query.insert(decoded(name)?, decoded(value)?);
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (credential, names, given, date, hash, lasts) = match query.get("X-Amz-Signature") {
        Some(given) => {
            let said = |name: &str| query.get(name).cloned();
            let lasts = said("X-Amz-Expires")?.parse().ok()?;
            let hash = "UNSIGNED-PAYLOAD".to_owned();
            (said("X-Amz-Credential")?, said("X-Amz-SignedHeaders")?, given.clone(), said("X-Amz-Date")?, hash, lasts)
        }
        None => {
            let held = header("authorization")?;
            let said = |name: &str| {
                let parts = held.trim_start_matches("AWS4-HMAC-SHA256 ").split(", ");
                parts.filter_map(|part| part.split_once('=')).find(|(part, _)| *part == name).map(|(_, v)| v.to_owned())
            };
            let (date, hash) = (header("x-amz-date")?, header("x-amz-content-sha256")?);
            (said("Credential")?, said("SignedHeaders")?, said("Signature")?, date, hash, 900)
        }
    };
    let made = NaiveDateTime::parse_from_str(&date, "%Y%m%dT%H%M%SZ").ok()?.and_utc();
    if now < made - TimeDelta::seconds(60) || now >= made + TimeDelta::seconds(lasts) {
        return None;
    }
    let scope = format!("{}/{REGION}/s3/aws4_request", &date[..8]);
    if credential != format!("journey-id/{scope}") {
        return None;
    }
    let said = query.iter().filter(|(name, _)| *name != "X-Amz-Signature");
    let said = said.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&");
    let mut canonical = format!("{method}\n{}\n{said}\n", uri.path());
    for name in names.split(';') {
        writeln!(canonical, "{name}:{}", header(name)?).unwrap();
    }
    write!(canonical, "\n{names}\n{hash}").unwrap();
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let parts = [&date[..8], REGION, "s3", "aws4_request"];
    let key = parts.iter().fold(format!("AWS4{KEY}").into_bytes(), |key, part| mac(&key, part));
    (hex(&mac(&key, &text)) == given).then_some(query)
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => u8::from_str_radix(std::str::from_utf8(&[rest.next()?, rest.next()?]).ok()?, 16).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a store has a clock of its own, and signatures are dated by the machine's"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
