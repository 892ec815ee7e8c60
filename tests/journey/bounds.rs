//! No list is endless: each is read in pages, or says how long it can be. Every list of the graph is found by introspection.

use api::{
    graph::Kind,
    policy::{Role, RoleSet},
};
use serde_json::json;
use tests::{World, each_engine, id};

use super::walk::{
    scene::Hub,
    shape::{Field, Shape},
};

/// Words that say how long a list can be.
const BOUND: &str = "at most";

#[tokio::test]
async fn a_list_of_objects_is_read_in_pages_or_says_how_long_it_can_be() {
    let shape = Shape::of(RoleSet::ALL).await;
    let mut endless = Vec::new();
    for (ty, fields) in &shape.objects {
        // A page is as long as was asked for, and a refusal names fields of one input.
        if ty.ends_with("Connection") {
            continue;
        }
        for field in fields {
            let objects = ["OBJECT", "INTERFACE", "UNION"].contains(&field.of.kind.as_str());
            if field.of.list && objects && field.name != "userErrors" && !field.description.contains(BOUND) {
                endless.push(format!("{ty}.{}: {}", field.name, field.description));
            }
            let pages = ["first", "after", "last", "before"];
            let paged = pages.iter().all(|page| field.args.iter().any(|arg| arg.name == *page));
            if field.is_connection() && !paged {
                endless.push(format!("{ty}.{} is a page without arguments", field.name));
            }
        }
    }
    assert!(endless.is_empty(), "make these pages, or say how long they can be: {endless:#?}");
}

/// What a page cannot be.
const NO_PAGES: [&str; 7] =
    ["first: 0", "first: -1", "first: 101", "last: 0", "last: -1", "last: 101", "first: 1, last: 1"];

/// A good value of an argument that must be given.
fn given(arg: &Field, hub: &Hub) -> String {
    match (arg.name.as_str(), arg.of.name.as_str()) {
        ("subject", "ID") => format!("{:?}", id(Kind::Account, hub.account)),
        ("text", "String") => "\"Hub\"".to_owned(),
        (name, ty) => panic!("say what {name}: {ty} is given"),
    }
}

/// The field with what must be given, and with a page.
fn asked(field: &Field, page: &str, hub: &Hub) -> String {
    let needed = field.args.iter().filter(|arg| arg.of.required);
    let mut args: Vec<String> = needed.map(|arg| format!("{}: {}", arg.name, given(arg, hub))).collect();
    args.push(page.to_owned());
    format!("{}({}) {{ __typename }}", field.name, args.join(", "))
}

/// The kind of a type that `node` finds, and of which sort of it.
fn kind(ty: &str) -> (Kind, &str) {
    let named = match ty {
        "TicketNote" => "TicketMessage",
        "MeetingFile" | "TicketFile" | "ContractFile" => "File",
        ty => ty,
    };
    let kind = Kind::ALL.iter().copied().find(|kind| format!("{kind:?}") == named);
    (kind.unwrap_or_else(|| panic!("of which kind is {ty}?")), ty)
}

#[tokio::test]
async fn a_page_has_one_to_a_hundred_rows_from_one_end() {
    let shape = Shape::of(RoleSet::ALL).await;
    each_engine(async |world: World| {
        let hub = Hub::of(&world, &world.acme).await;
        let everybody = world.as_roles(&Role::ALL, "sam");
        let (mut wrong, mut walked) = (Vec::new(), 0);
        for (ty, fields) in &shape.objects {
            let lists: Vec<&Field> = fields.iter().filter(|field| field.is_connection()).collect();
            if lists.is_empty() {
                continue;
            }
            // Where it is found: at the root, under one of its fields, or by its id.
            let under = shape.objects["Query"].iter().find(|root| root.of.name == *ty && root.args.is_empty());
            let (before, after) = match (ty.as_str(), under) {
                ("Query", _) => ("{".to_owned(), "}"),
                (_, Some(root)) => (format!("{{ {} {{", root.name), "} }"),
                (ty, None) => {
                    assert!(shape.nodes.iter().any(|node| node == ty), "say where {ty} with its lists is found");
                    let (kind, sort) = kind(ty);
                    let row = id(kind, hub.fresh(&world, &world.acme, kind, sort).await);
                    (format!("{{ node(id: {row:?}) {{ ... on {ty} {{"), "} } }")
                }
            };
            for field in lists {
                walked += 1;
                let good =
                    everybody.ask(&format!("{before} {} {after}", asked(field, "first: 1", &hub)), json!({})).await;
                if good.body.get("errors").is_some()
                    || good.body["data"].as_object().is_none_or(|data| data.values().any(|value| value.is_null()))
                {
                    wrong.push(format!("{ty}.{} does not answer: {good}", field.name));
                }
                for page in NO_PAGES {
                    let text = format!("{before} {} {after}", asked(field, page, &hub));
                    let answer = everybody.ask(&text, json!({})).await;
                    if answer.code() != Some("BAD_USER_INPUT") {
                        wrong.push(format!("{ty}.{} takes {page}: {answer}", field.name));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(walked > 80, "only {walked} lists were found");
    })
    .await;
}
