use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use rstest::rstest;

use super::*;
use crate::auth::{Issuers, Refusal};

/// An identity provider that publishes what it is told, and counts how often it is asked.
#[derive(Clone)]
struct Provider {
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    async fn start(keys: &[Value]) -> (Self, Issuers) {
        Self::start_for(Algorithm::ES256, keys).await
    }

    async fn start_for(algorithm: Algorithm, keys: &[Value]) -> (Self, Issuers) {
        let provider = Self { answer: Arc::new(Mutex::new((StatusCode::OK, String::new()))), asked: Arc::default() };
        provider.publish(keys);
        let app = Router::new()
            .route(
                "/keys",
                get(|State(provider): State<Provider>| async move {
                    provider.asked.fetch_add(1, Ordering::SeqCst);
                    // Long enough for several askers to meet.
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    let (status, body) = provider.answer.lock().unwrap().clone();
                    (status, [("location", "/moved")], body)
                }),
            )
            .route("/moved", get(|| async { "moved" }))
            .with_state(provider.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let issuers = Issuers::new(&auth(Issuer { jwks_url: Some(url), ..issuer(algorithm) })).unwrap();
        (provider, issuers)
    }

    fn publish(&self, keys: &[Value]) {
        self.answer(StatusCode::OK, json!({ "keys": keys }).to_string());
    }

    fn answer(&self, status: StatusCode, body: String) {
        *self.answer.lock().unwrap() = (status, body);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked `times`, and the answer was taken.
    async fn settles_at(&self, times: usize) {
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if self.asked() == times {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(self.asked(), times);
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    now() + chrono::Duration::seconds(seconds)
}

#[tokio::test]
async fn a_rotated_key_is_found_and_unknown_ones_are_asked_for_once_a_minute() {
    let (old, new) = (Pair::new(Algorithm::ES256), Pair::new(Algorithm::ES256));
    let (provider, issuers) = Provider::start(&[old.published(json!({ "kid": "old" }))]).await;
    let verify = async |pair: &Pair, kid, seconds| {
        issuers.verify(&pair.token(kid), at(seconds)).await.map_err(|error| error.refusal())
    };

    assert!(verify(&old, Some("old"), 0).await.is_ok());
    assert!(verify(&old, None, 0).await.is_ok(), "the only key needs no name");
    assert_eq!(provider.asked(), 1);

    // A burst of unknown names within the minute asks nobody.
    for second in 0..60 {
        assert_eq!(verify(&new, Some("new"), second).await.unwrap_err(), Refusal::UnknownKey);
    }
    assert_eq!(provider.asked(), 1);

    provider.publish(&[old.published(json!({ "kid": "old" })), new.published(json!({ "kid": "new" }))]);
    assert!(verify(&new, Some("new"), 60).await.is_ok(), "after a minute it is asked for, and found");
    assert_eq!(provider.asked(), 2);
    assert_eq!(verify(&new, Some("old"), 60).await.unwrap_err(), Refusal::BadSignature);
    assert_eq!(verify(&new, None, 60).await.unwrap_err(), Refusal::UnknownKey, "of two keys none is guessed");
    assert_eq!(provider.asked(), 2);

    // In use, the set is read again after the refresh time, and what was taken out is gone.
    provider.publish(&[new.published(json!({ "kid": "new" }))]);
    assert!(verify(&old, Some("old"), 659).await.is_ok());
    assert_eq!(provider.asked(), 2);
    assert!(verify(&new, Some("new"), 660).await.is_ok());
    provider.settles_at(3).await;
    assert_eq!(verify(&old, Some("old"), 661).await.unwrap_err(), Refusal::UnknownKey);
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let pair = Pair::new(Algorithm::ES256);
    let (provider, issuers) = Provider::start(&[pair.published(json!({ "kid": "a" }))]).await;
    let token = pair.token(Some("a"));
    let all = futures::future::join_all((0..50).map(|_| issuers.verify(&token, now()))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn who_hangs_up_does_not_stop_the_fetch() {
    let pair = Pair::new(Algorithm::ES256);
    let (provider, issuers) = Provider::start(&[pair.published(json!({ "kid": "a" }))]).await;
    let impatient =
        tokio::time::timeout(Duration::from_millis(5), issuers.verify(&pair.token(Some("made up")), now())).await;
    assert!(impatient.is_err());
    assert!(issuers.verify(&pair.token(Some("a")), now()).await.is_ok());
    assert_eq!(provider.asked(), 1);
}

#[rstest]
#[case::an_error(StatusCode::INTERNAL_SERVER_ERROR, "{}".to_owned())]
#[case::a_redirect(StatusCode::FOUND, String::new())]
#[case::no_json(StatusCode::OK, "<html>".to_owned())]
#[case::no_set(StatusCode::OK, "[]".to_owned())]
#[case::no_key(StatusCode::OK, json!({ "keys": [] }).to_string())]
#[case::too_long(StatusCode::OK, format!("{{\"keys\":[]}}{}", " ".repeat(300_000)))]
#[tokio::test]
async fn the_last_good_keys_stay_when_a_fetch_fails(#[case] status: StatusCode, #[case] body: String) {
    let pair = Pair::new(Algorithm::ES256);
    let (provider, issuers) = Provider::start(&[pair.published(json!({ "kid": "a" }))]).await;
    let token = pair.token(Some("a"));
    assert!(issuers.verify(&token, at(0)).await.is_ok());
    provider.answer(status, body);
    assert!(issuers.verify(&token, at(1_000)).await.is_ok());
    provider.settles_at(2).await;
    assert!(issuers.verify(&token, at(1_001)).await.is_ok());
    assert_eq!(provider.asked(), 2);
}

#[rstest]
#[case::for_encryption(json!({ "use": "enc" }))]
#[case::another_algorithm(json!({ "alg": "ES384" }))]
#[case::only_signs(json!({ "key_ops": ["sign"] }))]
#[case::another_kind(json!({ "kty": "RSA" }))]
#[case::another_curve(json!({ "crv": "P-384" }))]
#[case::too_short(json!({ "x": "AAAA" }))]
#[case::shared(json!({ "kty": "oct", "k": "AAAA" }))]
#[tokio::test]
async fn keys_for_something_else_are_ignored(#[case] fields: Value) {
    let (pair, good) = (Pair::new(Algorithm::ES256), Pair::new(Algorithm::ES256));
    let mut unfit = pair.published(fields);
    unfit["kid"] = json!("unfit");
    let (_provider, issuers) = Provider::start(&[
        json!("noise"),
        unfit,
        good.published(json!({ "kid": "good", "use": "sig", "alg": "ES256" })),
    ])
    .await;
    assert_eq!(issuers.verify(&pair.token(Some("unfit")), now()).await.unwrap_err().refusal(), Refusal::UnknownKey);
    assert!(issuers.verify(&good.token(Some("good")), now()).await.is_ok());
}

#[rstest]
#[case(Algorithm::RS256)]
#[case(Algorithm::EdDSA)]
#[tokio::test]
async fn every_kind_of_key_can_be_published(#[case] algorithm: Algorithm) {
    let pair = Pair::new(algorithm);
    let (_provider, issuers) = Provider::start_for(algorithm, &[pair.published(json!({ "kid": "a" }))]).await;
    assert!(issuers.verify(&pair.token(Some("a")), now()).await.is_ok());
}

#[rstest]
#[case("http://login.example.com/keys", "https://")]
#[case("http://127.0.0.1.example.com/keys", "https://")]
#[case("ftp://127.0.0.1/keys", "https://")]
#[case("https://user:pass@login.example.com/keys", "password")]
#[case("keys", "is no address")]
fn an_address_that_could_be_tampered_with_is_refused_at_start(#[case] url: &str, #[case] why: &str) {
    let problems = Issuers::new(&auth(Issuer { jwks_url: Some(url.to_owned()), ..issuer(Algorithm::RS256) }))
        .unwrap_err()
        .to_string();
    assert!(problems.contains("auth.issuers[0].jwks_url") && problems.contains(why), "{problems}");
    assert!(!problems.contains("pass@"));
}
