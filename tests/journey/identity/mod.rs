//! Who is who: visitors who turn out to be somebody, records that are one, and two again.

mod duplicates;
mod graphs;
mod merges;
mod references;
mod stitching;

use api::journey::verify;
use serde_json::{Value, json};
use tests::{Answer, Client, World};

/// What a merge says of itself.
const MERGE: &str = "merge { id subjectType survivorId mergedId undoneAt changes { entity moved removed changed } \
                     kept { entity id field } }";

/// Merges two records, which must go through; gives the merge.
async fn merge(client: &Client, mutation: &str, survivor: &str, merged: &str) -> Value {
    let input = json!({ "survivorId": survivor, "mergedId": merged });
    client.act(mutation, MERGE, input).await.must().data(mutation)["merge"].clone()
}

/// Undoes a merge, which must go through; gives the merge.
async fn undo(client: &Client, merge: &Value) -> Value {
    let input = json!({ "mergeId": merge["id"] });
    client.act("undoMerge", MERGE, input).await.must().data("undoMerge.merge").clone()
}

/// The refusal of an id that was given up: code, path and the id that answers.
fn merged(answer: &Answer, mutation: &str) -> (String, String, String) {
    let error = &answer.data(mutation)["userErrors"][0];
    let path = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(".");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&error["code"]), path, text(&error["newId"]))
}

/// What does not agree in the tenant: the checks that find something, and where.
async fn findings(world: &World) -> Vec<(String, String)> {
    let checks = verify::tenant(&world.store, world.acme.tenant).await.unwrap();
    let found = checks.into_iter().flat_map(|check| {
        check.findings.into_iter().map(move |finding| (check.name.to_owned(), finding.id)).collect::<Vec<_>>()
    });
    found.collect()
}
