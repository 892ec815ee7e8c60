//! Creating and changing: what comes back, what is refused, and that a refusal leaves nothing behind.

use serde_json::json;
use tests::{World, each_engine};

#[tokio::test]
async fn whoever_creates_an_account_owns_it() {
    each_engine(async |world: World| {
        let made = world
            .sam()
            .ask(
                "mutation($input: CreateAccountInput!) { createAccount(input: $input) {
                    account { version name owner { name } lifecycleStage } userErrors { code path } } }",
                json!({ "input": { "name": "Bolt GmbH" } }),
            )
            .await
            .must();
        assert_eq!(
            made.data("createAccount.account"),
            &json!({ "version": 1, "name": "Bolt GmbH", "owner": { "name": "Sam Sales" }, "lifecycleStage": "TARGET" })
        );
    })
    .await;
}
