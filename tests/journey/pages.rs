//! The documentation holds: every query in it is good for the schema of who asks it, is answered, and every example input of a
//! desk's page does what the page says.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    World,
    docs::{self, Operation},
    each_engine, id,
    scene::{self, Customer},
};

/// An id of the scene for the prefix of an example.
fn of_prefix(world: &World, role: Role, customer: &Customer, prefix: &str) -> String {
    let (kind, uuid) = match prefix {
        "acc" => (Kind::Account, customer.account),
        "con" => (Kind::Contact, customer.contact),
        "vis" => (Kind::Visitor, customer.visitor),
        "ind" => (Kind::Industry, customer.industry),
        "cmp" => (Kind::Campaign, customer.campaign),
        "lea" => (Kind::Lead, customer.new_lead),
        "hnd" => (Kind::Handover, customer.handover),
        "opp" => (Kind::Opportunity, customer.opportunity),
        "mtg" => (Kind::Meeting, customer.meeting),
        "req" => (Kind::Requirement, customer.requirement),
        "ctr" => (Kind::Contract, customer.contract),
        "ast" => (Kind::Asset, customer.asset),
        "tic" => (Kind::Ticket, customer.ticket),
        "tsk" => (Kind::Task, customer.task),
        "que" if role == Role::Service => (Kind::Queue, world.acme.service_desk),
        "que" => (Kind::Queue, world.acme.sales_inbox),
        "col" => (Kind::Colleague, world.acme.cast.sam),
        other => panic!("no {other}_… in the scene"),
    };
    id(kind, uuid)
}

/// The example with ids of the scene.
fn filled(world: &World, role: Role, customer: &Customer, example: &Value) -> Value {
    match example {
        Value::String(text) => match text.strip_suffix("_…") {
            Some(prefix) => json!(of_prefix(world, role, customer, prefix)),
            None => example.clone(),
        },
        Value::Array(items) => items.iter().map(|item| filled(world, role, customer, item)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), filled(world, role, customer, value))).collect()
        }
        other => other.clone(),
    }
}

/// The variables of a query: an id is one of what it is asked of.
fn variables(world: &World, customer: &Customer, query: &Operation) -> Value {
    let of = |field: &str| match field {
        "account" | "node" | "timeline" | "installedBase" => "acc",
        "contact" => "con",
        "campaign" => "cmp",
        "industry" => "ind",
        "lead" => "lea",
        "opportunity" => "opp",
        "ticket" => "tic",
        other => panic!("{}: whose id does {other} take?", query.page),
    };
    let mut variables = json!({ "text": scene::phone(0) });
    for argument in ["(id: $id", "(subject: $id", "(accountId: $id"] {
        if let Some((before, _)) = query.text.split_once(argument) {
            let field = before.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
            variables["id"] = json!(of_prefix(world, query.role, customer, of(field)));
        }
    }
    variables
}

#[tokio::test]
async fn every_operation_of_the_documentation_is_good_for_who_asks_it() {
    each_engine(async |world: World| {
        for operation in docs::operations() {
            let answer = world.of_role(operation.role).validate(&operation.text).await;
            let Operation { page, role, text, .. } = &operation;
            assert!(answer.body.get("errors").is_none(), "{page}, as {role}: {text}\n{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_query_of_the_documentation_is_answered() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..2).await;
        world.pass(TimeDelta::minutes(1));
        // The page about fields of the tenant's own declares the one that it asks for.
        let declare = docs::operations().into_iter().find(|operation| operation.text.contains("createCustomField("));
        let declare = declare.expect("the page declares a field");
        world.of_role(declare.role).ask(&declare.text, json!({ "input": declare.input })).await.must();
        for query in docs::operations().into_iter().filter(|operation| operation.kind != "mutation") {
            if query.kind == "subscription" {
                continue;
            }
            let answer = world.of_role(query.role).ask(&query.text, variables(&world, &customers[0], &query)).await;
            let Operation { page, role, text, .. } = &query;
            assert!(answer.body.get("errors").is_none(), "{page}, as {role}: {text}\n{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_example_of_a_desk_does_what_it_says() {
    each_engine(async |world: World| {
        let mutations = docs::operations().into_iter().filter(|operation| operation.kind == "mutation");
        let desks: Vec<Operation> = mutations.filter(|operation| operation.page.starts_with("docs/desks/")).collect();
        let customers = scene::customers(&world, 0..desks.len()).await;
        world.pass(TimeDelta::minutes(1));
        // Each on a customer of its own: what one does is not in the way of the next.
        for (mutation, customer) in desks.iter().zip(&customers) {
            let Operation { page, name, text, input, .. } = mutation;
            let input = input.as_ref().unwrap_or_else(|| panic!("{page}: {name} has no example"));
            let variables = json!({ "input": filled(&world, mutation.role, customer, input) });
            let answer = world.of_role(mutation.role).ask(text, variables).await;
            let refused = answer.body.to_string();
            assert!(
                answer.body.get("errors").is_none() && refused.contains("\"userErrors\":[]"),
                "{page}, {name}: {input}\n{answer}"
            );
        }
    })
    .await;
}
