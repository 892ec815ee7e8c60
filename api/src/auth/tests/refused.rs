use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::auth::{Issuers, Refusal};

async fn refusal(token: &str) -> Refusal {
    let issuers = Issuers::new(&auth(with_secret())).unwrap();
    issuers.verify(token, now()).await.unwrap_err().refusal()
}

#[rstest]
#[case::none("alg", json!("none"), Refusal::WrongAlgorithm)]
#[case::none_in_capitals("alg", json!("None"), Refusal::WrongAlgorithm)]
#[case::another_length("alg", json!("HS512"), Refusal::WrongAlgorithm)]
#[case::another_spelling("alg", json!("hs256"), Refusal::WrongAlgorithm)]
#[case::no_text("alg", json!(["HS256"]), Refusal::Malformed)]
#[case::crit("crit", json!(["exp"]), Refusal::ForbiddenHeader)]
#[case::crit_empty("crit", json!([]), Refusal::ForbiddenHeader)]
#[case::jwk("jwk", json!({ "kty": "oct", "k": "AAAA" }), Refusal::ForbiddenHeader)]
#[case::jwk_null("jwk", Value::Null, Refusal::ForbiddenHeader)]
#[case::jku("jku", json!("https://evil.example.com/keys"), Refusal::ForbiddenHeader)]
#[case::x5u("x5u", json!("https://evil.example.com/cert"), Refusal::ForbiddenHeader)]
#[case::x5c("x5c", json!(["AAAA"]), Refusal::ForbiddenHeader)]
#[case::b64("b64", json!(false), Refusal::ForbiddenHeader)]
#[case::zip("zip", json!("DEF"), Refusal::ForbiddenHeader)]
#[case::typ("typ", json!("logout+jwt"), Refusal::WrongType)]
#[case::kid("kid", json!(7), Refusal::Malformed)]
#[tokio::test]
async fn a_header_that_is_not_ours_is_refused_though_the_signature_fits(
    #[case] name: &str,
    #[case] value: Value,
    #[case] why: Refusal,
) {
    let mut header = json!({ "alg": "HS256", "typ": "JWT" });
    header[name] = value;
    assert_eq!(refusal(&hs256(&header, &claims())).await, why);
}

#[rstest]
#[case::no_iss("iss", Value::Null, Refusal::UnknownIssuer)]
#[case::wrong_iss("iss", json!("https://login.example.com/"), Refusal::UnknownIssuer)]
#[case::iss_list("iss", json!([ISSUER]), Refusal::UnknownIssuer)]
#[case::no_aud("aud", Value::Null, Refusal::WrongAudience)]
#[case::wrong_aud("aud", json!("journey2"), Refusal::WrongAudience)]
#[case::wrong_auds("aud", json!(["a", "b", 7]), Refusal::WrongAudience)]
#[case::no_exp("exp", Value::Null, Refusal::NoExpiry)]
#[case::exp_text("exp", json!("1900000000"), Refusal::NoExpiry)]
#[case::exp_beyond_time("exp", json!(i64::MAX), Refusal::NoExpiry)]
#[case::exp_huge("exp", json!(1e300), Refusal::NoExpiry)]
#[case::expired("exp", json!(now().timestamp() - 31), Refusal::Expired)]
#[case::expired_long_ago("exp", json!(-1), Refusal::Expired)]
#[case::not_yet("nbf", json!(now().timestamp() + 31), Refusal::NotYetValid)]
#[case::nbf_text("nbf", json!("soon"), Refusal::NotYetValid)]
#[case::no_sub("sub", Value::Null, Refusal::NoSubject)]
#[case::sub_empty("sub", json!(" "), Refusal::NoSubject)]
#[case::sub_number("sub", json!(7), Refusal::NoSubject)]
#[case::sub_long("sub", json!("x".repeat(256)), Refusal::NoSubject)]
#[case::sub_control("sub", json!("a\u{0}b"), Refusal::NoSubject)]
#[case::no_tenant("tenant", Value::Null, Refusal::NoTenant)]
#[case::tenant_list("tenant", json!(["acme"]), Refusal::NoTenant)]
#[case::no_roles("roles", Value::Null, Refusal::NoRole)]
#[case::roles_empty("roles", json!([]), Refusal::NoRole)]
#[case::roles_unknown("roles", json!(["root", "SALES"]), Refusal::NoRole)]
#[case::roles_object("roles", json!({ "sales": true }), Refusal::NoRole)]
#[tokio::test]
async fn a_claim_that_is_missing_or_wrong_is_refused(#[case] name: &str, #[case] value: Value, #[case] why: Refusal) {
    assert_eq!(refusal(&hs256(&json!({ "alg": "HS256" }), &claims_with(name, value))).await, why);
}

#[tokio::test]
async fn a_signature_that_does_not_fit_is_refused() {
    let good = good_hs256();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    let other = sign(
        &json!({ "alg": "HS256" }),
        &claims(),
        &EncodingKey::from_secret(&[7; 32]),
        jsonwebtoken::Algorithm::HS256,
    );
    let (header, _) = signed.split_once('.').unwrap();
    for (token, why) in [
        (format!("{signed}.{flipped}{}", &signature[1..]), Refusal::BadSignature),
        (format!("{signed}.{}", &signature[..20]), Refusal::BadSignature),
        (format!("{signed}.{signature}="), Refusal::BadSignature),
        (format!("{signed}.!"), Refusal::BadSignature),
        (other, Refusal::BadSignature),
        (format!("{header}.{}.{signature}", part(&claims_with("roles", json!(["admin"])))), Refusal::BadSignature),
        (format!("{signed}."), Refusal::Malformed),
        (format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims())), Refusal::Malformed),
        (format!("{good}.x"), Refusal::Malformed),
        (format!("{good} "), Refusal::BadSignature),
    ] {
        assert_eq!(refusal(&token).await, why, "{token}");
    }
}

#[tokio::test]
async fn names_that_stand_twice_are_refused() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let twice = claims().to_string().replacen('{', "{\"sub\":\"somebody else\",", 1);
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256" })), URL_SAFE_NO_PAD.encode(twice));
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    assert_eq!(refusal(&format!("{signed}.{signature}")).await, Refusal::Malformed);
}

#[tokio::test]
async fn size_and_depth_are_bounded() {
    let long = hs256(&json!({ "alg": "HS256" }), &claims_with("x", json!("x".repeat(8_192))));
    assert_eq!(refusal(&long).await, Refusal::TooLong);
    let deep = URL_SAFE_NO_PAD.encode("[".repeat(3_000));
    assert_eq!(refusal(&format!("{deep}.{deep}.AA")).await, Refusal::Malformed);
    let nested = URL_SAFE_NO_PAD.encode(format!("{{\"a\":{}", "[".repeat(3_000)));
    assert_eq!(refusal(&format!("{nested}.{nested}.AA")).await, Refusal::Malformed);
}

#[test]
fn a_refusal_tells_nothing_of_the_token() {
    let error = crate::auth::AuthError::from(Refusal::BadSignature);
    assert_eq!(error.reason(), "the token's signature is wrong");
    assert_eq!(format!("{error:?}"), "AuthError(BadSignature)");
}

#[test]
fn secrets_do_not_show() {
    let shown = format!("{:?} {:?}", auth(with_secret()), Issuers::new(&auth(with_secret())).unwrap());
    assert!(!shown.contains(SECRET), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_panics_and_none_gets_in(token in prop_oneof![
        any::<String>(),
        "[A-Za-z0-9_=-]{0,40}\\.[A-Za-z0-9_=-]{0,40}\\.[A-Za-z0-9_=-]{0,40}",
        (any::<Vec<u8>>(), any::<Vec<u8>>()).prop_map(|(a, b)| format!("{}.{}.AA", URL_SAFE_NO_PAD.encode(a), URL_SAFE_NO_PAD.encode(b))),
    ]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let issuers = Issuers::new(&auth(with_secret())).unwrap();
        prop_assert!(runtime.block_on(issuers.verify(&token, now())).is_err());
    }

    /// One byte of a good token changed: nothing gets in.
    #[test]
    fn no_changed_byte_gets_in(index in any::<prop::sample::Index>(), with in "[ -~]") {
        let good = good_hs256();
        let index = index.index(good.len());
        prop_assume!(good[index..=index] != with);
        let changed = format!("{}{with}{}", &good[..index], &good[index + 1..]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let issuers = Issuers::new(&auth(with_secret())).unwrap();
        prop_assert!(runtime.block_on(issuers.verify(&changed, now())).is_err());
    }
}
