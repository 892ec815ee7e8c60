//! What the schema of a set of roles says of its mutations, its inputs and its lists, by introspection.

use std::collections::BTreeMap;

use api::{policy::RoleSet, schema};
use serde_json::Value;

/// The type of a field: what it is in the end, and what is round it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Of {
    /// The named type.
    pub name: String,
    /// SCALAR, ENUM, INPUT_OBJECT, OBJECT, INTERFACE or UNION.
    pub kind: String,
    /// Whether it is a list.
    pub list: bool,
    /// Whether it must be there.
    pub required: bool,
}

/// A field of an input or of an object, an argument, or a root.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub of: Of,
    pub description: String,
    pub args: Vec<Field>,
}

impl Field {
    /// Whether it is a list that is read in pages.
    pub fn is_connection(&self) -> bool {
        self.of.name.ends_with("Connection")
    }
}

/// A schema.
pub struct Shape {
    pub objects: BTreeMap<String, Vec<Field>>,
    pub inputs: BTreeMap<String, Vec<Field>>,
    pub enums: BTreeMap<String, Vec<String>>,
    /// The objects that `node` finds.
    pub nodes: Vec<String>,
}

const QUERY: &str = "{ __schema { types { kind name
    fields(includeDeprecated: true) { name description type { ...T } args(includeDeprecated: true) { name description type { ...T } } }
    inputFields(includeDeprecated: true) { name description type { ...T } }
    enumValues(includeDeprecated: true) { name }
    possibleTypes { name } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

impl Shape {
    /// The schema of these roles.
    pub async fn of(roles: RoleSet) -> Shape {
        let schema = schema::unlimited(roles);
        let answer = schema.execute(QUERY).await.into_result().unwrap();
        let answer = answer.data.into_json().unwrap();
        let mut shape =
            Shape { objects: BTreeMap::new(), inputs: BTreeMap::new(), enums: BTreeMap::new(), nodes: Vec::new() };
        for ty in items(&answer["__schema"]["types"]) {
            let name = text(&ty["name"]);
            match ty["kind"].as_str().unwrap() {
                _ if name.starts_with("__") => {}
                "OBJECT" => drop(shape.objects.insert(name, items(&ty["fields"]).map(field).collect())),
                "INPUT_OBJECT" => drop(shape.inputs.insert(name, items(&ty["inputFields"]).map(field).collect())),
                "ENUM" => {
                    drop(shape.enums.insert(name, items(&ty["enumValues"]).map(|value| text(&value["name"])).collect()))
                }
                "INTERFACE" if name == "Node" => {
                    shape.nodes = items(&ty["possibleTypes"]).map(|ty| text(&ty["name"])).collect();
                }
                _ => {}
            }
        }
        shape
    }

    /// Every mutation of one record. Batches answer row by row: tests/journey/upsert walks them.
    pub fn mutations(&self) -> Vec<Field> {
        let all = self.objects.get("Mutation").map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(|mutation| mutation.of.name != "UpsertPayload").cloned().collect()
    }

    /// The fields of a mutation's input; none where it takes none.
    pub fn input(&self, mutation: &Field) -> &[Field] {
        mutation.args.first().map(|arg| self.inputs[&arg.of.name].as_slice()).unwrap_or_default()
    }

    /// The document that calls a mutation as `answer` and asks for what it made and for all of its refusals.
    pub fn document(&self, mutation: &Field) -> String {
        let made = self.objects[&mutation.of.name].iter().filter(|field| field.name != "userErrors").map(|field| {
            let leaf = ["SCALAR", "ENUM"].contains(&field.of.kind.as_str());
            format!("{}{}", field.name, if leaf { "" } else { " { __typename }" })
        });
        let made = made.collect::<Vec<_>>().join(" ");
        let (head, args) = match mutation.args.first() {
            Some(input) => (format!("($input: {}!)", input.of.name), "(input: $input)"),
            None => (String::new(), ""),
        };
        let name = &mutation.name;
        format!("mutation{head} {{ answer: {name}{args} {{ {made} userErrors {{ code path message }} }} }}")
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn field(field: &Value) -> Field {
    let mut of = Of { name: String::new(), kind: String::new(), list: false, required: false };
    let mut ty = &field["type"];
    of.required = ty["kind"] == "NON_NULL";
    while ty["name"].is_null() {
        of.list |= ty["kind"] == "LIST";
        ty = &ty["ofType"];
    }
    (of.name, of.kind) = (text(&ty["name"]), text(&ty["kind"]));
    Field {
        name: text(&field["name"]),
        of,
        description: text(&field["description"]),
        args: items(&field["args"]).map(self::field).collect(),
    }
}
