//! The schema's text is a product: everything that a client can name says what it means, and whatever can be null says when.

use api::{
    policy::{Role, RoleSet},
    schema,
};
use serde_json::Value;

const QUERY: &str = "{ __schema { types { kind name description
    fields(includeDeprecated: true) { name description type { kind } args(includeDeprecated: true) { name description } }
    inputFields(includeDeprecated: true) { name description }
    enumValues(includeDeprecated: true) { name description } } } }";

async fn types(roles: RoleSet) -> Vec<Value> {
    let answer = schema::unlimited(roles).execute(QUERY).await.into_result().unwrap();
    answer.data.into_json().unwrap()["__schema"]["types"].as_array().unwrap().clone()
}

#[tokio::test]
async fn everything_says_what_it_means_and_whatever_can_be_null_says_when() {
    let mut silent: Vec<String> = Vec::new();
    for ty in types(Role::ALL.into_iter().collect()).await {
        let name = ty["name"].as_str().unwrap();
        if name.starts_with("__") {
            continue;
        }
        let words = |of: &Value| of["description"].as_str().unwrap_or_default().trim().to_owned();
        let mut heard = |said: bool, place: String| silent.extend((!said).then_some(place));
        let list = |of: &Value, key: &str| of[key].as_array().cloned().unwrap_or_default();
        heard(!words(&ty).is_empty(), name.to_owned());
        for value in list(&ty, "enumValues").iter().chain(&list(&ty, "inputFields")) {
            heard(!words(value).is_empty(), format!("{name}.{}", value["name"].as_str().unwrap()));
        }
        for field in list(&ty, "fields") {
            let place = format!("{name}.{}", field["name"].as_str().unwrap());
            heard(!words(&field).is_empty(), place.clone());
            for arg in list(&field, "args") {
                heard(!words(&arg).is_empty(), format!("{place}({})", arg["name"].as_str().unwrap()));
            }
            let said = field["type"]["kind"] == "NON_NULL" || words(&field).to_lowercase().contains("null");
            heard(said, format!("{place}: when is it null?"));
        }
    }
    assert!(silent.is_empty(), "{} places say too little: {silent:#?}", silent.len());
}
