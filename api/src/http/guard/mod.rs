//! Judges a document before it runs, in time linear in its length.
//!
//! Thirty fragments that each spread the next one twice are 900 bytes and a billion selections; the executor's own
//! depth and complexity limits walk them all. Here each fragment is summed up once ([`tally`]) and the sums are
//! multiplied in topological order, so such a document is refused in microseconds. Before that, a scan of the tokens
//! ([`tokens`]) refuses what would exhaust the parser's stack.

mod tally;
#[cfg(test)]
mod tests;
mod tokens;

use std::{collections::HashMap, fmt, sync::Arc};

use async_graphql::{
    Name, ServerError,
    parser::{
        parse_query,
        types::{ExecutableDocument, OperationDefinition, OperationType},
    },
};

use quick_cache::{Weighter, sync::Cache};

use self::tally::Tally;
use super::{
    answer::{Fault, code},
    limits::Limits,
};

/// A document that may run, and which of its operations will.
#[derive(Debug)]
pub struct Checked {
    /// The parsed document, so that the executor need not parse it again.
    pub document: ExecutableDocument,
    /// The kind of the operation that was asked for.
    pub kind: OperationType,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The variables that must have a value, with their types.
    pub required: Vec<(String, String)>,
}

impl Checked {
    /// The operation that was asked for.
    pub fn operation(&self) -> Option<&OperationDefinition> {
        let mut operations = self.document.operations.iter();
        let chosen = |name: Option<&Name>| self.name.is_none() || name.map(Name::as_str) == self.name.as_deref();
        operations.find(|(name, _)| chosen(*name)).map(|(_, operation)| &operation.node)
    }
}

/// Documents that have been let through: clients send the same few again and again. Bound in bytes, so that nobody who makes
/// documents up fills the memory; what was refused is judged anew each time.
pub struct Documents(Cache<String, Arc<Checked>, Size>);

/// The text, and about ten times as much for what was parsed of it.
#[derive(Clone)]
struct Size;

impl Weighter<String, Arc<Checked>> for Size {
    fn weight(&self, key: &String, _: &Arc<Checked>) -> u64 {
        key.len() as u64 * 11
    }
}

/// How many documents are expected, and how many bytes they may take together.
const DOCUMENTS: usize = 500;
const BYTES: u64 = 8 << 20;

impl Default for Documents {
    fn default() -> Documents {
        Documents(Cache::with_weighter(DOCUMENTS, BYTES, Size))
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").field("known", &self.0.len()).finish()
    }
}

impl Documents {
    /// What [`check`] says. The limits are the same for each call.
    pub fn check(&self, text: &str, operation_name: Option<&str>, limits: &Limits) -> Result<Arc<Checked>, Fault> {
        let key = format!("{operation_name:?}\n{text}");
        if let Some(known) = self.0.get(&key) {
            return Ok(known);
        }
        let checked = Arc::new(check(text, operation_name, limits)?);
        self.0.insert(key, checked.clone());
        Ok(checked)
    }
}

/// Parses and judges a document, and picks the operation.
pub fn check(text: &str, operation_name: Option<&str>, limits: &Limits) -> Result<Checked, Fault> {
    at_most("bytes", text.len() as u64, limits.document_bytes as u64)?;
    let scan = tokens::scan(text);
    at_most("tokens", scan.tokens as u64, limits.document_tokens as u64)?;
    at_most("nested brackets", scan.nesting as u64, limits.document_nesting as u64)?;

    let document = parse_query(text).map_err(|error| Fault::syntax(ServerError::from(error)))?;
    judge(&document, limits)?;
    let (name, operation) = pick(&document, operation_name)?;
    let required = operation.variable_definitions.iter().map(|definition| &definition.node);
    let required = required
        .filter(|definition| !definition.var_type.node.nullable && definition.default_value.is_none())
        .map(|definition| (definition.name.node.to_string(), definition.var_type.node.to_string()))
        .collect();
    let (kind, name) = (operation.ty, name.map(ToString::to_string));
    Ok(Checked { document, kind, name, required })
}

fn judge(document: &ExecutableDocument, limits: &Limits) -> Result<(), Fault> {
    at_most("fragments", document.fragments.len() as u64, limits.fragments as u64)?;
    at_most("operations", document.operations.iter().count() as u64, limits.operations as u64)?;

    let fragments = expand_fragments(document)?;
    // fragments that nothing spreads are validated as well, so each counts by itself too
    for tally in fragments.values() {
        at_most("selections", tally.nodes, limits.expanded_nodes)?;
    }
    let mut sum = Tally::default();
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        at_most("variables", operation.variable_definitions.len() as u64, limits.variables as u64)?;
        let mut tally = Tally::of(&operation.selection_set.node);
        tally.directives += operation.directives.len() as u64;
        tally.expand(&fragments);
        // the roots are counted for each operation, since only one of them runs; the rest is work for validation too
        at_most("fields at the root", tally.roots, limits.root_fields)?;
        sum.add(&tally);
    }
    at_most("selections", sum.nodes, limits.expanded_nodes)?;
    at_most("levels", sum.depth, limits.expanded_depth)?;
    at_most("aliases", sum.aliases, limits.aliases)?;
    at_most("directives", sum.directives, limits.directives)
}

/// Sums up every fragment with the ones that it spreads, each once, the innermost first. A list of what is ready
/// instead of recursion: a chain of fragments must not cost stack.
fn expand_fragments(document: &ExecutableDocument) -> Result<HashMap<&Name, Tally<'_>>, Fault> {
    let mut waiting: HashMap<&Name, Tally<'_>> = HashMap::with_capacity(document.fragments.len());
    let mut spread_by: HashMap<&Name, Vec<&Name>> = HashMap::new();
    let mut missing: HashMap<&Name, usize> = HashMap::new();
    let mut ready = Vec::new();
    for (name, fragment) in &document.fragments {
        let mut tally = Tally::of(&fragment.node.selection_set.node);
        tally.directives += fragment.node.directives.len() as u64;
        // an unknown fragment is for validation to name
        let known: Vec<_> = tally.spreads().filter(|spread| document.fragments.contains_key(spread.as_str())).collect();
        match known.len() {
            0 => ready.push(name),
            count => _ = missing.insert(name, count),
        }
        for inner in known {
            spread_by.entry(inner).or_default().push(name);
        }
        waiting.insert(name, tally);
    }

    let mut done: HashMap<&Name, Tally<'_>> = HashMap::with_capacity(waiting.len());
    while let Some(name) = ready.pop() {
        let Some(mut tally) = waiting.remove(name) else { continue };
        tally.expand(&done);
        done.insert(name, tally);
        for outer in spread_by.remove(name).unwrap_or_default() {
            if let Some(count) = missing.get_mut(outer) {
                *count -= 1;
                if *count == 0 {
                    ready.push(outer);
                }
            }
        }
    }
    match waiting.keys().min() {
        None => Ok(done),
        Some(_) => Err(Fault::document(
            code::BAD_USER_INPUT,
            "Fragments must not spread themselves, directly or through others.",
        )),
    }
}

fn pick<'a>(
    document: &'a ExecutableDocument,
    wanted: Option<&str>,
) -> Result<(Option<&'a Name>, &'a OperationDefinition), Fault> {
    let mut operations = document.operations.iter();
    let found = match wanted {
        Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name.as_str() == wanted)),
        None => match (operations.next(), operations.next()) {
            (only, None) => only,
            _ => {
                let message = "The document has several operations: say which with `operationName`.";
                return Err(Fault::document(code::BAD_USER_INPUT, message));
            }
        },
    };
    match found {
        Some((name, operation)) => Ok((name, &operation.node)),
        None => Err(Fault::document(code::BAD_USER_INPUT, "The document has no operation named by `operationName`.")),
    }
}

fn at_most(what: &str, count: u64, limit: u64) -> Result<(), Fault> {
    if count <= limit {
        return Ok(());
    }
    Err(Fault::document(code::COST_EXCEEDED, format!("The document has too many {what}: the limit is {limit}.")))
}
