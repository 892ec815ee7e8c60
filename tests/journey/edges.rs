//! Every edge is loaded in batches: whatever hangs on a row is asked for once for all rows of a page. The graph itself says which
//! edges there are, so that a new one is walked without being named here.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    policy::{Role, RoleSet},
    schema,
};
use serde_json::{Value, json};
use tests::{World, each_engine, scene};

/// A reference to a type: its name without the wrappers, and its kind.
#[derive(Clone)]
struct Field {
    name: String,
    ty: String,
    needs: bool,
}

/// The types of the graph, with their fields; unions and interfaces with what they may be.
struct Graph {
    kinds: BTreeMap<String, String>,
    fields: BTreeMap<String, Vec<Field>>,
    possible: BTreeMap<String, Vec<String>>,
}

impl Graph {
    async fn of(roles: RoleSet) -> Graph {
        let schema = schema::unlimited(roles);
        let of_type = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
        let query = format!(
            "{{ __schema {{ types {{ kind name possibleTypes {{ name }}
                fields {{ name type {{ {of_type} }} args {{ defaultValue type {{ kind }} }} }} }} }} }}"
        );
        let answer = schema.execute(query).await.into_result().unwrap().data.into_json().unwrap();
        let mut graph = Graph { kinds: BTreeMap::new(), fields: BTreeMap::new(), possible: BTreeMap::new() };
        for ty in answer["__schema"]["types"].as_array().unwrap() {
            let name = ty["name"].as_str().unwrap().to_owned();
            graph.kinds.insert(name.clone(), ty["kind"].as_str().unwrap().to_owned());
            let field = |field: &Value| {
                let mut ty = &field["type"];
                while !ty["ofType"].is_null() {
                    ty = &ty["ofType"];
                }
                let args = field["args"].as_array().unwrap();
                Field {
                    name: field["name"].as_str().unwrap().to_owned(),
                    ty: ty["name"].as_str().unwrap().to_owned(),
                    needs: args.iter().any(|arg| arg["type"]["kind"] == "NON_NULL" && arg["defaultValue"].is_null()),
                }
            };
            let fields = ty["fields"].as_array().into_iter().flatten().map(field).collect();
            let possible = ty["possibleTypes"].as_array().into_iter().flatten();
            let possible = possible.map(|ty| ty["name"].as_str().unwrap().to_owned()).collect();
            graph.fields.insert(name.clone(), fields);
            graph.possible.insert(name, possible);
        }
        graph
    }

    fn is_leaf(&self, ty: &str) -> bool {
        matches!(self.kinds[ty].as_str(), "SCALAR" | "ENUM")
    }

    /// What can be asked of a type: its leaves, and down to `depth` what hangs on it; at the bottom its id.
    fn selection(&self, ty: &str, depth: usize) -> String {
        if depth == 0 && self.fields[ty].iter().any(|field| field.name == "id") {
            return "__typename id".to_owned();
        }
        let mut words = vec!["__typename".to_owned()];
        for field in self.fields[ty].iter().filter(|field| !field.needs) {
            if self.is_leaf(&field.ty) {
                words.push(field.name.clone());
            } else if depth > 0 {
                words.push(self.asked(field, depth - 1));
            }
        }
        if self.kinds[ty] == "UNION" {
            for possible in &self.possible[ty] {
                words.push(format!("... on {possible} {{ id }}"));
            }
        }
        words.join(" ")
    }

    /// A field with what is asked of it.
    fn asked(&self, field: &Field, depth: usize) -> String {
        let (name, ty) = (&field.name, field.ty.as_str());
        if self.is_leaf(ty) {
            return name.clone();
        }
        match self.node_of(ty) {
            Some(node) => {
                format!("{name}(first: 1) {{ totalCount nodes {{ {} }} }}", self.selection(node, depth))
            }
            None => format!("{name} {{ {} }}", self.selection(ty, depth)),
        }
    }

    /// The type of the rows of a connection.
    fn node_of(&self, ty: &str) -> Option<&str> {
        ty.strip_suffix("Connection")?;
        let nodes = self.fields[ty].iter().find(|field| field.name == "nodes")?;
        Some(&nodes.ty)
    }

    /// The roots that list a type.
    fn roots(&self) -> Vec<(String, String)> {
        let lists = self.fields["Query"].iter().filter(|field| !field.needs);
        lists.filter_map(|field| Some((field.name.clone(), self.node_of(&field.ty)?.to_owned()))).collect()
    }
}

/// Whether an answer holds anything but nulls, empty lists, zeros and names of types.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(says),
        Value::Object(fields) => fields.iter().any(|(name, value)| name != "__typename" && says(value)),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(_) | Value::String(_) => true,
    }
}

/// Lists that the scene has only a few rows of, however many customers there are.
const SHORT: &[&str] = &[
    "businessCalendars",
    "definitions",
    "fieldConflicts",
    "fxRates",
    "goals",
    "identities",
    "identityRules",
    "importJobs",
    "queueMembers",
    "webhookDeliveries",
    "webhookEndpoints",
];

/// Edges that the scene leaves empty.
const EMPTY: [&str; 22] = [
    "Account.stageIntervals",
    "Activity.customFields",
    "Asset.customFields",
    "Campaign.customFields",
    "Contact.customFields",
    "Contact.stageIntervals",
    "Contract.customFields",
    "ContractFile.upload",
    "CustomField.choices",
    "Lead.customFields",
    "Meeting.customFields",
    "MeetingFile.upload",
    "Opportunity.customFields",
    "Order.cost",
    "Order.customFields",
    "Product.customFields",
    "SlaPolicy.calendar",
    "Ticket.customFields",
    "Ticket.stageIntervals",
    "TicketFile.upload",
    "Touchpoint.customFields",
    "Visitor.identities",
];

#[tokio::test]
async fn every_edge_takes_the_same_statements_for_few_rows_and_for_many() {
    each_engine(async |world: World| {
        scene::customers(&world, 0..12).await;
        let everybody =
            world.process(|config| config.limits.max_complexity = 1_000_000).await.as_roles(&Role::ALL, "sam");
        let graph = Graph::of(Role::ALL.into_iter().collect()).await;
        let (mut uneven, mut empty, mut short) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for (root, ty) in graph.roots() {
            // A customer has several rows of some kinds, each unlike the other: few are the rows of three customers.
            let count = everybody.ask(&format!("{{ {root}(first: 1) {{ totalCount }} }}"), json!({})).await.must();
            let count = count.data(&format!("{root}.totalCount")).as_u64().unwrap();
            let (few, many) = (3 * count.div_ceil(12).min(13), count.min(40));
            if few >= many {
                short.insert(root);
                continue;
            }
            for field in graph.fields[&ty].iter().filter(|field| !field.needs) {
                let place = format!("{ty}.{}", field.name);
                let query = |n: u64| format!("{{ {root}(first: {n}) {{ nodes {{ {} }} }} }}", graph.asked(field, 1));
                let (less, more) = (query(few), query(many));
                let few = everybody.ask(&less, json!({})).await.must().statements;
                let many = everybody.ask(&more, json!({})).await.must();
                if few != many.statements {
                    uneven.push(format!("{place}: {few} statements for few, {} for many", many.statements));
                }
                let rows = many.data(&format!("{root}.nodes")).as_array().unwrap();
                if !graph.is_leaf(&field.ty) && !rows.iter().any(says) {
                    empty.insert(place);
                }
            }
        }
        assert!(uneven.is_empty(), "edges that are not batched: {uneven:#?}");
        let named = |places: &[&str]| places.iter().map(|place| (*place).to_owned()).collect::<BTreeSet<String>>();
        assert_eq!(short, named(SHORT), "roots of which the scene has too few rows to tell");
        assert_eq!(empty, named(&EMPTY), "edges of which the scene has nothing, so that the walk says nothing of them");
    })
    .await;
}
