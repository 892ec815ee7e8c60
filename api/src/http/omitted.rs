//! Page sizes whose variable was left out.
//!
//! By the specification such an argument is as good as not written. The executor's cost prediction asks for its value
//! all the same and refuses the request ("Variable first is not defined"), so the argument is taken out of the document
//! before. Only `first` and `last` of type `Int` decide a cost; everything else stays and is judged as it was written.

use std::{collections::HashSet, convert::Infallible};

use async_graphql::{
    Name, Positioned, Value as Known,
    parser::types::{BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet},
};
use serde_json::{Map, Value};

const SIZES: [&str; 2] = ["first", "last"];

/// Takes them out, and the definitions of variables that nothing names afterwards.
pub(super) fn take_out(document: &mut ExecutableDocument, operation: Option<&str>, variables: &Map<String, Value>) {
    let chosen = |name: Option<&Name>| operation.is_none() || name.map(Name::as_str) == operation;
    let omitted: HashSet<Name> = document
        .operations
        .iter()
        .filter(|(name, _)| chosen(*name))
        .flat_map(|(_, operation)| &operation.node.variable_definitions)
        .map(|definition| &definition.node)
        .filter(|it| it.default_value.is_none() && !variables.contains_key(it.name.node.as_str()))
        .filter(|it| it.var_type.node.nullable && matches!(&it.var_type.node.base, BaseType::Named(ty) if ty == "Int"))
        .map(|definition| definition.name.node.clone())
        .collect();
    if omitted.is_empty() {
        return;
    }
    let mut operations: Vec<&mut OperationDefinition> = match &mut document.operations {
        async_graphql::parser::types::DocumentOperations::Single(only) => vec![&mut only.node],
        async_graphql::parser::types::DocumentOperations::Multiple(many) => {
            many.values_mut().map(|operation| &mut operation.node).collect()
        }
    };
    for operation in &mut operations {
        clean(&mut operation.selection_set.node, &omitted);
    }
    for fragment in document.fragments.values_mut() {
        clean(&mut fragment.node.selection_set.node, &omitted);
    }
    let mut used = HashSet::new();
    for operation in &operations {
        directives(&operation.directives, &mut used);
        uses(&operation.selection_set.node, &mut used);
    }
    for fragment in document.fragments.values() {
        directives(&fragment.node.directives, &mut used);
        uses(&fragment.node.selection_set.node, &mut used);
    }
    for operation in operations {
        operation.variable_definitions.retain(|definition| {
            let name = &definition.node.name.node;
            !omitted.contains(name) || used.contains(name)
        });
    }
}

fn clean(set: &mut SelectionSet, omitted: &HashSet<Name>) {
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) => {
                field.node.arguments.retain(|(name, value)| {
                    // The type of a value with variables has no public name; as text, only a variable starts so.
                    let text = value.node.to_string();
                    let left_out = text.strip_prefix('$').is_some_and(|variable| omitted.contains(variable));
                    !(left_out && SIZES.contains(&name.node.as_str()))
                });
                clean(&mut field.node.selection_set.node, omitted);
            }
            Selection::InlineFragment(fragment) => clean(&mut fragment.node.selection_set.node, omitted),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn uses(set: &SelectionSet, used: &mut HashSet<Name>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                for (_, value) in &field.node.arguments {
                    let _ = value.node.clone().into_const_with(seen(used));
                }
                directives(&field.node.directives, used);
                uses(&field.node.selection_set.node, used);
            }
            Selection::InlineFragment(fragment) => {
                directives(&fragment.node.directives, used);
                uses(&fragment.node.selection_set.node, used);
            }
            Selection::FragmentSpread(spread) => directives(&spread.node.directives, used),
        }
    }
}

fn directives(directives: &[Positioned<Directive>], used: &mut HashSet<Name>) {
    for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
        let _ = value.node.clone().into_const_with(seen(used));
    }
}

/// Notes each variable of a value that is read to its end.
fn seen(used: &mut HashSet<Name>) -> impl FnMut(Name) -> Result<Known, Infallible> {
    |name| {
        used.insert(name);
        Ok(Known::Null)
    }
}
