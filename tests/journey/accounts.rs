//! Creating and changing: what comes back, what is refused, and that a refusal leaves nothing behind.

use api::graph::Kind;
use entities::{
    account::{account, contact},
    codes::{AccessLevel, Discipline},
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{World, each_engine, id, rows};
use uuid::Uuid;

const CREATE: &str = "mutation($input: CreateAccountInput!) { createAccount(input: $input) {
    account { id version name legalName country domains owner { name } lifecycleStage annualRevenue { amount currency } }
    userErrors { code path } } }";

const UPDATE: &str = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
    account { id version name legalName country domains lifecycleStage annualRevenue { amount currency } }
    userErrors { code path } } }";

/// Every row of the account's table, to show that nothing happened.
async fn rows_of(world: &World) -> Vec<account::Model> {
    account::Entity::find().all(world.store.db()).await.unwrap()
}

#[tokio::test]
async fn whoever_creates_an_account_owns_it() {
    each_engine(async |world: World| {
        let made = world.sam().ask(CREATE, json!({ "input": { "name": "Bolt GmbH" } })).await.must();
        let account = made.data("createAccount.account");
        assert_eq!(account["version"], 1);
        assert_eq!(account["name"], "Bolt GmbH");
        assert_eq!(account["owner"], json!({ "name": "Sam Sales" }));
        assert_eq!(account["lifecycleStage"], "TARGET");
    })
    .await;
}

#[tokio::test]
async fn null_clears_and_absent_leaves() {
    each_engine(async |world: World| {
        let sam = world.sam();
        let input = json!({ "name": "Bolt", "legalName": "Bolt AG", "country": "DE", "domains": ["B.de ", "a.de", "b.de"],
            "annualRevenue": { "amount": "12.50", "currency": "EUR" } });
        let made = sam.ask(CREATE, json!({ "input": input })).await;
        // Sales reads the revenue of its accounts but does not write it: the input field is not in its schema.
        assert_eq!(made.code(), Some("BAD_USER_INPUT"), "{made}");
        let ada = world.ada();
        let made = ada.ask(CREATE, json!({ "input": input })).await.must();
        assert_eq!(made.data("createAccount.account.domains"), &json!(["a.de", "b.de"]));
        let account = made.data("createAccount.account.id").clone();

        let left = ada.ask(UPDATE, json!({ "input": { "id": account, "name": "Bolt SE" } })).await.must();
        let money = json!({ "amount": "12.50", "currency": "EUR" });
        let expected = json!({ "id": account, "version": 2, "name": "Bolt SE", "legalName": "Bolt AG", "country": "DE",
            "domains": ["a.de", "b.de"], "lifecycleStage": "TARGET", "annualRevenue": money });
        assert_eq!(left.data("updateAccount.account"), &expected);

        // An omitted variable is absent, a null one clears.
        let text = "mutation($id: ID!, $legal: String, $country: String, $money: MoneyInput, $domains: [String!]) {
            updateAccount(input: { id: $id, legalName: $legal, country: $country, annualRevenue: $money, domains: $domains })
            { account { version legalName country domains annualRevenue { amount } } userErrors { code path } } }";
        let nulls = json!({ "id": account, "country": null, "money": null, "domains": null });
        let cleared = ada.ask(text, nulls).await.must();
        let expected =
            json!({ "version": 3, "legalName": "Bolt AG", "country": null, "domains": [], "annualRevenue": null });
        assert_eq!(cleared.data("updateAccount.account"), &expected);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_what_was_not_seen_is_refused() {
    each_engine(async |world: World| {
        let sam = world.sam();
        let made = sam.ask(CREATE, json!({ "input": { "name": "Bolt" } })).await.must();
        let account = made.data("createAccount.account.id").clone();
        let change =
            |version: i32, name: &str| json!({ "input": { "id": account, "ifVersion": version, "name": name } });
        let changed = sam.ask(UPDATE, change(1, "One")).await.must();
        assert_eq!(changed.data("updateAccount.account.version"), 2);

        let (before, position) = (rows_of(&world).await, world.position().await);
        let refused = sam.ask(UPDATE, change(1, "Two")).await;
        assert_eq!(refused.refusal("updateAccount"), "VERSION_CONFLICT at ifVersion");
        assert_eq!(refused.data("updateAccount.account"), &Value::Null);
        assert_eq!((rows_of(&world).await, world.position().await), (before, position));

        let changed = sam.ask(UPDATE, change(2, "Three")).await.must();
        assert_eq!(changed.data("updateAccount.account.version"), 3);
    })
    .await;
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_version_and_journal() {
    each_engine(async |world: World| {
        let sam = world.sam();
        let made = sam.ask(CREATE, json!({ "input": { "name": "Bolt" } })).await.must();
        let account = made.data("createAccount.account.id").clone();
        let position = world.position().await;
        let same = sam.ask(UPDATE, json!({ "input": { "id": account, "name": "Bolt" } })).await.must();
        assert_eq!(same.data("updateAccount.account.version"), 1);
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn values_that_will_not_do_are_refused_with_their_path() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let made = ada.ask(CREATE, json!({ "input": { "name": "Bolt" } })).await.must();
        let account = made.data("createAccount.account.id").clone();
        let before = (rows_of(&world).await, world.position().await);
        for (input, refusal) in [
            (json!({ "name": "  " }), "INVALID at name"),
            (json!({ "name": "x".repeat(256) }), "INVALID at name"),
            (json!({ "name": "nul\u{0}" }), "INVALID at name"),
            (json!({ "name": "Bolt", "parentId": id(Kind::Account, Uuid::from_u128(7)) }), "NOT_FOUND at parentId"),
            (
                json!({ "name": "Bolt", "industryId": id(Kind::Industry, Uuid::from_u128(7)) }),
                "NOT_FOUND at industryId",
            ),
        ] {
            let refused = ada.ask(CREATE, json!({ "input": input })).await;
            assert_eq!(refused.refusal("createAccount"), refusal);
        }
        for (input, refusal) in [
            (json!({ "id": account, "name": null }), "INVALID at name"),
            (json!({ "id": account, "lifecycleStage": null }), "INVALID at lifecycleStage"),
            (json!({ "id": account, "parentId": account }), "INVALID at parentId"),
            (json!({ "id": account, "ownerId": id(Kind::Colleague, Uuid::from_u128(7)) }), "NOT_FOUND at ownerId"),
            (json!({ "id": id(Kind::Account, Uuid::from_u128(7)), "name": "X" }), "NOT_FOUND at id"),
        ] {
            let refused = ada.ask(UPDATE, json!({ "input": input })).await;
            assert_eq!(refused.refusal("updateAccount"), refusal, "{input}");
        }
        assert_eq!((rows_of(&world).await, world.position().await), before);
    })
    .await;
}

/// Free text is limited in the same way everywhere: what one engine cannot hold is refused on both.
#[tokio::test]
async fn no_text_reaches_an_engine_that_cannot_hold_it() {
    each_engine(async |world: World| {
        let ada = world.ada();
        for field in ["legalName", "website", "country", "region", "description"] {
            let refused = ada.ask(CREATE, json!({ "input": { "name": "Bolt", field: "nul\u{0}" } })).await;
            assert_eq!(refused.code(), None, "{field}: {refused}");
            assert_eq!(refused.refusal("createAccount"), format!("INVALID at {field}"));
        }
        let refused = ada.ask(CREATE, json!({ "input": { "name": "Bolt", "domains": ["a.de", "\u{0}.de"] } })).await;
        assert_eq!(refused.refusal("createAccount"), "INVALID at domains");
        let made = ada.ask(CREATE, json!({ "input": { "name": "Bolt", "domains": ["\\u0000"] } })).await.must();
        assert_eq!(made.data("createAccount.account.domains"), &json!(["\\u0000"]), "that is a text about it");
        let account = made.data("createAccount.account.id").clone();
        let refused = ada.ask(UPDATE, json!({ "input": { "id": account, "country": "\u{0}" } })).await;
        assert_eq!(refused.refusal("updateAccount"), "INVALID at country");
        let found =
            ada.ask("{ accounts(filter: { name: { contains: \"\\u0000\" } }) { totalCount } }", json!({})).await.must();
        assert_eq!(found.data("accounts.totalCount"), 0);
    })
    .await;
}

#[tokio::test]
async fn an_id_of_the_wrong_type_is_an_input_error() {
    each_engine(async |world: World| {
        let sam = world.sam();
        let contact = id(Kind::Contact, Uuid::from_u128(7));
        let asked = sam.ask("query($id: ID!) { account(id: $id) { name } }", json!({ "id": contact })).await;
        assert_eq!(asked.code(), Some("BAD_USER_INPUT"));
        assert_eq!(asked.message(), Some("this is an id of type con_…, expected acc_…"));
        let changed = sam.ask(UPDATE, json!({ "input": { "id": contact, "name": "X" } })).await;
        assert_eq!(changed.refusal("updateAccount"), "INVALID at id");
        for wrong in ["acc_7", "7", "acc_00000000000000000000000000000007", ""] {
            let asked = sam.ask("query($id: ID!) { account(id: $id) { name } }", json!({ "id": wrong })).await;
            assert_eq!(asked.code(), Some("BAD_USER_INPUT"), "{wrong:?}: {asked}");
        }
    })
    .await;
}

#[tokio::test]
async fn read_level_removes_writing_and_nothing_happens() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let account = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?;
                let span = (work.now(), None);
                let sales = Discipline::Sales;
                rows::member(work, account.id, cast.sam, sales, rows::READ, span).await?;
                let edit_account_only = [AccessLevel::Edit, AccessLevel::Read, AccessLevel::Read, AccessLevel::Read];
                rows::member(work, account.id, cast.sue, sales, edit_account_only, span).await?;
                Ok(id(Kind::Account, account.id))
            })
            .await;
        let change = |name: &str| json!({ "input": { "id": account, "name": name } });
        let before = (rows_of(&world).await, world.position().await);
        let refused = world.sam().ask(UPDATE, change("Mine")).await;
        assert_eq!(refused.refusal("updateAccount"), "FORBIDDEN at name");
        assert_eq!((rows_of(&world).await, world.position().await), before);

        let changed = world.sue().ask(UPDATE, change("Ours")).await.must();
        assert_eq!(changed.data("updateAccount.account.name"), "Ours");
    })
    .await;
}

#[tokio::test]
async fn giving_an_account_away_out_of_reach_is_refused() {
    each_engine(async |world: World| {
        let sam = world.sam();
        let made = sam.ask(CREATE, json!({ "input": { "name": "Bolt" } })).await.must();
        let account = made.data("createAccount.account.id").clone();
        let before = (rows_of(&world).await, world.position().await);
        let sue = id(Kind::Colleague, world.acme.cast.sue);
        let refused = sam.ask(UPDATE, json!({ "input": { "id": account, "ownerId": sue } })).await;
        assert_eq!(refused.refusal("updateAccount"), "FORBIDDEN at ownerId");
        assert_eq!((rows_of(&world).await, world.position().await), before);
    })
    .await;
}

#[tokio::test]
async fn marketing_records_a_person_with_consent_only() {
    each_engine(async |world: World| {
        let text = "mutation($input: CreateContactInput!) { createContact(input: $input) {
            contact { name contactPoints { nodes { value } } consents { nodes { purpose channel state } } }
            userErrors { code path } } }";
        let person = json!({ "familyName": "Öz", "givenName": "Anna", "contactPoints": [{ "kind": "EMAIL", "value": "anna@acme.com" }] });
        let before = world.position().await;
        let refused = world.mia().ask(text, json!({ "input": person })).await;
        assert_eq!(refused.refusal("createContact"), "CONSENT_MISSING at marketingConsent");
        assert_eq!(world.position().await, before);
        assert_eq!(contact::Entity::find().all(world.store.db()).await.unwrap(), []);

        let mut given = person.clone();
        given["marketingConsent"] = json!({ "channels": ["EMAIL"], "legalBasis": "CONSENT" });
        let made = world.mia().ask(text, json!({ "input": given })).await.must();
        let consents = json!([{ "purpose": "MARKETING", "channel": "EMAIL", "state": "GIVEN" }]);
        assert_eq!(made.data("createContact.contact.consents.nodes"), &consents);
        assert_eq!(made.data("createContact.contact.contactPoints.nodes"), &json!([{ "value": "anna@acme.com" }]));
    })
    .await;
}

const ADD: &str = "mutation($input: AddAccountTeamMemberInput!) { addAccountTeamMember(input: $input) {
    accountTeamMember { id accessSales } userErrors { code path } } }";
const REMOVE: &str = "mutation($id: ID!) { removeAccountTeamMember(input: { id: $id }) {
    accountTeamMember { validTo } userErrors { code path } } }";

#[tokio::test]
async fn a_member_joins_once_and_leaves_once() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let made = ada.ask(CREATE, json!({ "input": { "name": "Bolt" } })).await.must();
        let account = made.data("createAccount.account.id").clone();
        let sam = id(Kind::Colleague, world.acme.cast.sam);
        let input = json!({ "input": { "accountId": account, "colleagueId": sam, "discipline": "SALES" } });
        let joined = ada.ask(ADD, input.clone()).await.must();
        assert_eq!(joined.data("addAccountTeamMember.accountTeamMember.accessSales"), "EDIT");
        let member = joined.data("addAccountTeamMember.accountTeamMember.id").clone();

        let before = world.position().await;
        assert_eq!(ada.ask(ADD, input).await.refusal("addAccountTeamMember"), "DUPLICATE at colleagueId");
        // Sam reads the team, and leads it not.
        let sue = id(Kind::Colleague, world.acme.cast.sue);
        let input = json!({ "input": { "accountId": account, "colleagueId": sue, "discipline": "SALES" } });
        let refused = world.sam().ask(ADD, input).await;
        assert!(refused.user_errors("addAccountTeamMember").iter().all(|error| error.code == "FORBIDDEN"), "{refused}");
        assert_eq!(world.position().await, before);

        let left = ada.ask(REMOVE, json!({ "id": member })).await.must();
        assert_ne!(left.data("removeAccountTeamMember.accountTeamMember.validTo"), &Value::Null);
        let again = ada.ask(REMOVE, json!({ "id": member })).await;
        assert_eq!(again.refusal("removeAccountTeamMember"), "STATE_CONFLICT at id");
        assert_eq!(world.position().await, before + 1);
    })
    .await;
}
