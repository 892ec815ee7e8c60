//! The pages of `docs/` and the README, as far as they speak GraphQL: every operation, who asks it, and the example inputs beside it.
//!
//! A page says who asks ("… are asked as `sales`"); a block that somebody else asks begins with `# as marketing`. The JSON block
//! behind a block of mutations holds an example input for each, by the operation's name, or the variables of the only one.

use std::path::{Path, PathBuf};

use api::policy::Role;
use serde_json::{Value, json};

use crate::{Client, World};

/// An operation of a page.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The page, from the root of the repository.
    pub page: String,
    /// Who asks.
    pub role: Role,
    /// Its name; empty where it has none.
    pub name: String,
    /// `query`, `mutation` or `subscription`.
    pub kind: String,
    /// The operation with the fragments that it uses.
    pub text: String,
    /// The example input of a mutation.
    pub input: Option<Value>,
}

/// Every operation of every page.
pub fn operations() -> Vec<Operation> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "docs/desks"] {
        pages.extend(std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages.iter().flat_map(|page| of_page(&root, page)).collect()
}

/// An operation by its name.
pub fn operation(page: &str, name: &str) -> Operation {
    let found = operations().into_iter().find(|operation| operation.page == page && operation.name == name);
    found.unwrap_or_else(|| panic!("{page} has no operation {name}"))
}

fn of_page(root: &Path, path: &PathBuf) -> Vec<Operation> {
    let text = std::fs::read_to_string(path).unwrap();
    let page = path.strip_prefix(root).unwrap().display().to_string();
    let of_page = text.split("asked as `").nth(1).and_then(|rest| rest.split('`').next()).map(role);
    let blocks: Vec<(&str, &str)> = text
        .split("\n```")
        .enumerate()
        .filter(|(place, _)| place % 2 == 1)
        .map(|(_, block)| block.split_once('\n').unwrap_or((block, "")))
        .collect();
    let mut operations = Vec::new();
    for (place, (language, block)) in blocks.iter().enumerate() {
        if *language != "graphql" {
            continue;
        }
        let said = block.lines().next().and_then(|line| line.strip_prefix("# as ")).map(role);
        let role = said.or(of_page).unwrap_or_else(|| panic!("{page}: who asks this?\n{block}"));
        let inputs: Option<Value> = blocks
            .get(place + 1)
            .filter(|(language, _)| *language == "json")
            .map(|(_, json)| serde_json::from_str(json).unwrap_or_else(|wrong| panic!("{page}: {wrong} in {json}")));
        let parts = parts(block);
        let fragments: Vec<&String> = parts.iter().filter(|part| part.starts_with("fragment ")).collect();
        for part in parts.iter().filter(|part| !part.starts_with("fragment ")) {
            let head = part.split(['(', '{']).next().unwrap_or_default();
            let mut words = head.split_whitespace();
            let kind = words.next().unwrap_or("query").to_owned();
            let name = words.next().unwrap_or_default().to_owned();
            let used = fragments.iter().filter(|fragment| {
                let named = fragment.split_whitespace().nth(1).unwrap_or_default();
                part.contains(&format!("...{named}"))
            });
            // Beside another operation each needs a name.
            let named = match (name.is_empty(), part.strip_prefix(&kind)) {
                (true, Some(rest)) => format!("{kind} Unnamed{rest}"),
                (true, None) => format!("query Unnamed {part}"),
                (false, _) => part.clone(),
            };
            let text = used.fold(named, |text, fragment| text + "\n" + fragment);
            let input =
                inputs.as_ref().map(|inputs| inputs.get(&name).or(inputs.get("input")).unwrap_or(inputs).clone());
            operations.push(Operation { page: page.clone(), role, name, kind, text, input });
        }
    }
    operations
}

/// The operations and fragments of a block: each begins at the beginning of a line.
fn parts(block: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in block.lines().filter(|line| !line.starts_with("# as ")) {
        let begins = ["query", "mutation", "subscription", "fragment", "{"].iter().any(|word| line.starts_with(word));
        match parts.last_mut() {
            Some(part) if !begins => *part += &format!("\n{line}"),
            _ => parts.push(line.to_owned()),
        }
    }
    parts
}

fn role(name: &str) -> Role {
    *Role::ALL.iter().find(|role| role.to_string() == name).unwrap_or_else(|| panic!("there is no role {name}"))
}

impl World {
    /// Somebody of this role, in `acme`.
    pub fn of_role(&self, role: Role) -> Client {
        match role {
            Role::Marketing => self.mia(),
            Role::Sales => self.sam(),
            Role::Service => self.vera(),
            Role::Technical => self.tom(),
            Role::Manager => self.max(),
            Role::Analyst => self.ana(),
            Role::Integrator => self.ina(),
            Role::Admin => self.ada(),
        }
    }
}

impl Client {
    /// Whether a document is good for this caller's schema; nothing of it runs.
    pub async fn validate(&self, document: &str) -> crate::Answer {
        let document = format!("{document}\nquery ProbeOfTheDocument {{ __typename }}");
        self.post(json!({ "query": document, "operationName": "ProbeOfTheDocument" })).await
    }
}
