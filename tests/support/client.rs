//! A typed caller at the front door.

use api::graph::{GlobalId, Kind};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::World;

/// Somebody with a token.
#[derive(Clone)]
pub struct Client {
    pub(crate) world: World,
    /// The bearer token.
    pub token: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
    /// How many SQL statements it took, from the token to the last field. Exact where nobody else asks meanwhile.
    pub statements: u64,
}

/// An expected refusal, as a mutation's payload carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    /// What kind of refusal.
    pub code: String,
    /// The input field, with dots.
    pub path: String,
}

impl Client {
    pub(crate) fn new(world: World, token: String) -> Client {
        Client { world, token }
    }

    /// Sends a document by `POST /graphql`.
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.post(json!({ "query": query, "variables": variables })).await
    }

    /// Sends a request by `POST /graphql`.
    pub(crate) async fn post(&self, body: Value) -> Answer {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Body::from(body.to_string()))
            .unwrap();
        let before = self.world.statements();
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let statements = self.world.statements() - before;
        let text = String::from_utf8_lossy(&bytes);
        let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
        Answer { status, body, statements }
    }
}

impl Client {
    /// Asks for a mutation of one input, by its name and by what to select of its answer; the refusals come along.
    pub async fn act(&self, mutation: &str, select: &str, input: Value) -> Answer {
        let ty = match mutation {
            // Three steps, one input.
            "enableWebhookEndpoint" | "disableWebhookEndpoint" | "testWebhookEndpoint" => {
                "WebhookEndpointStepInput".to_owned()
            }
            _ => format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]),
        };
        let document = format!(
            "mutation($input: {ty}!) {{ {mutation}(input: $input) {{ {select} userErrors {{ code path message }} }} }}"
        );
        self.ask(&document, json!({ "input": input })).await
    }

    /// The refusal of a mutation of one input, or the code of its error; the journal must be as it was before.
    pub async fn refused(&self, mutation: &str, input: Value) -> String {
        let position = self.world.position().await;
        let answer = self.act(mutation, "", input).await;
        assert_eq!(self.world.position().await, position, "{mutation} did something: {answer}");
        match answer.code() {
            Some(code) => code.to_owned(),
            None => answer.refusal(mutation),
        }
    }
}

impl Answer {
    /// The value at a path with dots under `data`; numbers are places in lists. Null where there is nothing.
    pub fn data(&self, path: &str) -> &Value {
        path.split('.').fold(&self.body["data"], |value, part| match part.parse::<usize>() {
            Ok(place) => &value[place],
            Err(_) => &value[part],
        })
    }

    /// The text at a path; a failure where there is none.
    pub fn text(&self, path: &str) -> &str {
        self.data(path).as_str().unwrap_or_else(|| panic!("no text at {path}: {self}"))
    }

    /// The values of one field of each item of a list.
    pub fn each(&self, list: &str, field: &str) -> Vec<Value> {
        let items = self.data(list).as_array().unwrap_or_else(|| panic!("no list at {list}: {self}"));
        items.iter().map(|item| field.split('.').fold(item, |value, part| &value[part]).clone()).collect()
    }

    /// The `extensions.code` of the first top-level error.
    pub fn code(&self) -> Option<&str> {
        self.body.pointer("/errors/0/extensions/code").and_then(Value::as_str)
    }

    /// The message of the first top-level error.
    pub fn message(&self) -> Option<&str> {
        self.body.pointer("/errors/0/message").and_then(Value::as_str)
    }

    /// The refusals of a mutation; the document must have selected `userErrors { code path }`.
    pub fn user_errors(&self, mutation: &str) -> Vec<UserError> {
        let errors = self.data(mutation)["userErrors"].as_array();
        let errors = errors.unwrap_or_else(|| panic!("no userErrors at {mutation}: {self}"));
        errors
            .iter()
            .map(|error| UserError {
                code: error["code"].as_str().unwrap_or_default().to_owned(),
                path: match error["path"].as_array() {
                    Some(path) => path.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("."),
                    None => String::new(),
                },
            })
            .collect()
    }

    /// The only refusal of a mutation, as `CODE at path`; a failure where there is none or more than one.
    pub fn refusal(&self, mutation: &str) -> String {
        match self.user_errors(mutation).as_slice() {
            [error] => format!("{} at {}", error.code, error.path),
            _ => panic!("not exactly one refusal of {mutation}: {self}"),
        }
    }

    /// The answer, which must be without errors, refusals among them.
    pub fn must(self) -> Answer {
        assert!(self.body.get("errors").is_none(), "{self}");
        for (field, value) in self.body["data"].as_object().into_iter().flatten() {
            assert!(value["userErrors"].as_array().is_none_or(Vec::is_empty), "{field} was refused: {self}");
        }
        self
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:#}", self.status, self.body)
    }
}

/// The global id of a row.
pub fn id(kind: Kind, uuid: Uuid) -> String {
    GlobalId::new(kind, uuid).to_string()
}
