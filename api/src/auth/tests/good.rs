use rstest::rstest;

use super::*;
use crate::{
    auth::{Grant, Issuers, Mint, MintError},
    config::ClaimNames,
    policy::{Grants, Role, RoleSet, Type},
};

#[tokio::test]
async fn a_good_token_says_who_calls() {
    let issuers = Issuers::new(&auth(with_secret())).unwrap();
    let caller = issuers.verify(&good_hs256(), now()).await.unwrap();
    assert_eq!((caller.tenant.as_str(), caller.subject.as_str()), ("acme", "col_1"));
    assert_eq!(caller.roles, RoleSet::from(Role::Sales));
    assert_eq!((caller.expires_at - now()).num_seconds(), 3_600);
}

#[rstest]
#[case(Algorithm::RS256)]
#[case(Algorithm::ES256)]
#[case(Algorithm::EdDSA)]
#[tokio::test]
async fn a_key_in_a_file_verifies(#[case] algorithm: Algorithm) {
    let pair = Pair::new(algorithm);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, &pair.public_pem).unwrap();
    let config = auth(Issuer { public_key_file: Some(path.clone()), ..issuer(algorithm) });
    let issuers = Issuers::new(&config).unwrap();
    assert!(issuers.verify(&pair.token(None), now()).await.is_ok());
    assert!(issuers.verify(&pair.token(Some("any")), now()).await.is_ok());
    // Another pair of the same kind does not.
    let other = Pair::new(algorithm).token(None);
    assert_eq!(issuers.verify(&other, now()).await.unwrap_err().refusal(), crate::auth::Refusal::BadSignature);

    // Confusion: whoever takes the public key for a shared secret, which everybody knows, gets nowhere.
    let key = EncodingKey::from_secret(pair.public_pem.as_bytes());
    let forged = sign(&json!({ "alg": "HS256" }), &claims(), &key, jsonwebtoken::Algorithm::HS256);
    assert_eq!(issuers.verify(&forged, now()).await.unwrap_err().refusal(), crate::auth::Refusal::WrongAlgorithm);
    let forged = forged.replacen(&part(&json!({ "alg": "HS256" })), &part(&json!({ "alg": pair.algorithm })), 1);
    assert_eq!(issuers.verify(&forged, now()).await.unwrap_err().refusal(), crate::auth::Refusal::BadSignature);

    // A private key does not belong on a server that verifies.
    std::fs::write(&path, &pair.private_pem).unwrap();
    let problems = Issuers::new(&config).unwrap_err().to_string();
    assert!(
        problems.contains("auth.issuers[0].public_key_file") && problems.contains("is a private key"),
        "{problems}"
    );
}

#[rstest]
#[case::a_path("realm_access.roles", json!({ "roles": ["crm-sales", "offline"] }), "realm_access")]
#[case::a_pointer("/realm~1access/roles", json!({ "roles": ["crm-sales"] }), "realm/access")]
#[case::an_address("https://example.com/roles", json!(["crm-sales"]), "https://example.com/roles")]
#[case::words("scope", json!("openid crm-sales"), "scope")]
#[tokio::test]
async fn roles_and_tenant_are_where_the_configuration_says(
    #[case] path: &str,
    #[case] value: Value,
    #[case] name: &str,
) {
    let issuers = Issuers::new(&auth(Issuer {
        tenant: Some("fixed".to_owned()),
        claims: ClaimNames { roles: path.to_owned(), ..ClaimNames::default() },
        roles_map: [("crm-sales".to_owned(), "sales".to_owned())].into(),
        ..with_secret()
    }))
    .unwrap();
    let caller = issuers.verify(&hs256(&json!({ "alg": "HS256" }), &claims_with(name, value)), now()).await.unwrap();
    assert_eq!((caller.tenant.as_str(), caller.roles), ("fixed", RoleSet::from(Role::Sales)));
    // Our own names are foreign to an issuer with a map.
    let ours = hs256(&json!({ "alg": "HS256" }), &claims_with(name, json!(["admin"])));
    assert_eq!(issuers.verify(&ours, now()).await.unwrap_err().refusal(), crate::auth::Refusal::NoRole);
}

#[tokio::test]
async fn unknown_roles_beside_a_known_one_are_ignored() {
    let issuers = Issuers::new(&auth(with_secret())).unwrap();
    let token =
        hs256(&json!({ "alg": "HS256" }), &claims_with("roles", json!(["superuser", "service", 7, "admin ", "sales"])));
    assert_eq!(issuers.verify(&token, now()).await.unwrap().roles, [Role::Sales, Role::Service].into_iter().collect());
}

#[tokio::test]
async fn clocks_may_differ_by_the_leeway_and_no_more() {
    let issuers = Issuers::new(&auth(with_secret())).unwrap();
    let at = |seconds| now() + chrono::Duration::seconds(seconds);
    assert!(issuers.verify(&good_hs256(), at(3_629)).await.is_ok());
    assert!(issuers.verify(&good_hs256(), at(3_630)).await.is_err());
    let later = hs256(&json!({ "alg": "HS256" }), &claims_with("nbf", json!(now().timestamp() + 30)));
    assert!(issuers.verify(&later, at(0)).await.is_ok());
    assert!(issuers.verify(&later, at(-1)).await.is_err());
}

#[tokio::test]
async fn a_minted_token_is_read_back_by_its_own_issuer() {
    let plain = auth(with_secret());
    let mapped = auth(Issuer {
        claims: ClaimNames {
            tenant: "org.slug".to_owned(),
            roles: "/realm_access/roles".to_owned(),
            grants: "org.grants".to_owned(),
        },
        roles_map: [("crm-sales".to_owned(), "sales".to_owned())].into(),
        ..with_secret()
    });
    let grant = |roles| Grant {
        subject: "col_7".to_owned(),
        tenant: "acme".to_owned(),
        roles,
        grants: Grants::default(),
        ttl: Duration::from_secs(60),
        id: uuid::Uuid::nil(),
    };
    for config in [&plain, &mapped] {
        let token = Mint::new(config).unwrap().mint(&grant(Role::Sales.into()), now()).unwrap();
        let issuers = Issuers::new(config).unwrap();
        let caller = issuers.verify(&token, now()).await.unwrap();
        assert_eq!(
            (caller.subject.as_str(), caller.tenant.as_str(), caller.roles),
            ("col_7", "acme", Role::Sales.into())
        );
        assert!(issuers.verify(&token, now() + chrono::Duration::seconds(90)).await.is_err());
    }
    let mint = Mint::new(&mapped).unwrap();
    assert!(matches!(mint.mint(&grant(Role::Admin.into()), now()), Err(MintError::NoName(Role::Admin))));
    assert!(matches!(mint.mint(&grant(RoleSet::default()), now()), Err(MintError::NoRole)));
    assert!(matches!(Mint::new(&auth(issuer(Algorithm::RS256))), Err(MintError::NoSecret)));
}

#[tokio::test]
async fn grants_narrow_and_are_read_back() {
    let config = auth(with_secret());
    let issuers = Issuers::new(&config).unwrap();
    let grants = Grants {
        types: [Type::Account, Type::Contact].into_iter().collect(),
        sources: Some(std::sync::Arc::from(["hubspot".to_owned()])),
    };
    let grant = |grants: &Grants| Grant {
        subject: "col_7".to_owned(),
        tenant: "acme".to_owned(),
        roles: Role::Integrator.into(),
        grants: grants.clone(),
        ttl: Duration::from_secs(60),
        id: uuid::Uuid::nil(),
    };
    for grants in [&grants, &Grants::default()] {
        let token = Mint::new(&config).unwrap().mint(&grant(grants), now()).unwrap();
        assert_eq!(&issuers.verify(&token, now()).await.unwrap().grants, grants);
    }
    let said = async |claim: Value| {
        let token = hs256(&json!({ "alg": "HS256" }), &claims_with("grants", claim));
        issuers.verify(&token, now()).await.map(|claims| claims.grants)
    };
    let narrowed = said(json!({ "entities": ["Account", "CONTACT", "Unheard"], "sources": "hubspot" })).await.unwrap();
    assert_eq!(narrowed, grants);
    let nothing = said(json!({ "entities": [], "sources": [] })).await.unwrap();
    assert!(!nothing.types.contains(Type::Account) && !nothing.speaks_for("hubspot"));
    // What is not understood is no leave.
    for claim in
        [json!([]), json!("Account"), json!({ "entitys": [] }), json!({ "sources": 7 }), json!({ "entities": [7] })]
    {
        assert_eq!(said(claim.clone()).await.unwrap_err().refusal(), crate::auth::Refusal::BadGrants, "{claim}");
    }
}
