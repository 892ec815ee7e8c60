//! One schema per set of roles: the registry is pruned to what the access table allows before the schema is finished, so
//! that introspection, validation, arguments, fragments and suggestions know only what the caller may use.
//!
//! Rejected: `visible = "…"` of async-graphql hides from introspection only; hidden fields still run.

use std::borrow::Cow;

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, ServerResult, TypeDirective, Value,
    indexmap::{IndexMap, IndexSet},
    parser::types::Directive,
    registry::{MetaDirectiveInvocation, MetaField, MetaInputValue, MetaType, MetaTypeName, Registry},
};

use super::{Class, RoleSet, Sight, Type, table};

/// The mark of a classed field: its type in the access table, its class (`*`: any right on the type will do, as for an
/// id), and whether it is read or written.
#[TypeDirective(location = "FieldDefinition", location = "InputFieldDefinition", location = "ArgumentDefinition")]
pub fn access(of: String, class: String, write: bool) {}

/// [`access`] for a field whose own name is not the one that the access table lists: `offerHandover` needs `{offer}`.
#[TypeDirective(location = "FieldDefinition")]
pub fn access_field(of: String, class: String, write: bool, field: String) {}

/// [`access`] for a filter or an order: it is offered to those who read the field in clear on some row. A masked value cannot
/// be asked for.
#[TypeDirective(location = "InputFieldDefinition", location = "ArgumentDefinition")]
pub fn access_clear(of: String, class: String) {}

/// [`access`] for a figure: it is offered to those who read the class in clear on some row, and to those who may only count it.
#[TypeDirective(location = "FieldDefinition")]
pub fn access_figure(of: String, class: String) {}

/// The names of the marks; no client sees them.
const MARKS: [&str; 4] = ["access", "access_field", "access_clear", "access_figure"];

/// Prunes a schema under construction to what `roles` may use. Registered last: `builder.directive(Prune(roles))`.
pub struct Prune(pub RoleSet);

impl CustomDirectiveFactory for Prune {
    fn name(&self) -> Cow<'static, str> {
        "__prune".into()
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        // The directive is never registered, so no document can name it.
        Err(async_graphql::ServerError::new("unknown directive", None))
    }

    fn register(&self, registry: &mut Registry) {
        prune(registry, self.0);
    }
}

/// What a mark says, read back from the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The type in the access table.
    pub of: Type,
    /// The class; none stands for "any right on the type".
    pub class: Option<Class>,
    /// Written, not read.
    pub write: bool,
    /// Read in clear, or not at all.
    pub clear: bool,
    /// Counted, where it is not read.
    pub figure: bool,
    /// The name that the access table lists, where it is not the field's own.
    pub field: Option<String>,
}

impl Mark {
    /// Reads the mark of a field, an input field or an argument: the first, where it has several.
    pub fn read(invocations: &[MetaDirectiveInvocation]) -> Option<Mark> {
        Mark::all(invocations).next()
    }

    /// Reads every mark; each must allow what it marks. A mutation has several where it writes several types.
    pub fn all(invocations: &[MetaDirectiveInvocation]) -> impl Iterator<Item = Mark> {
        invocations.iter().filter(|invocation| MARKS.contains(&invocation.name.as_str())).filter_map(Mark::of)
    }

    fn of(mark: &MetaDirectiveInvocation) -> Option<Mark> {
        let text = |name: &str| match mark.args.get(name) {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let of = Type::ALL.iter().copied().find(|ty| Some(ty.name()) == text("of"))?;
        Some(Mark {
            of,
            class: text("class").and_then(|class| class.chars().next()).and_then(Class::from_letter),
            write: mark.args.get("write") == Some(&Value::Boolean(true)),
            clear: mark.name == "access_clear",
            figure: mark.name == "access_figure",
            field: text("field").map(str::to_owned),
        })
    }

    /// Whether `roles` may ever use a field with this mark.
    pub fn allows(&self, roles: RoleSet, field: &str) -> bool {
        let field = self.field.as_deref().unwrap_or(field);
        let most = table::most(self.of, roles.into());
        match (self.class, self.write) {
            (Some(class), true) => most.may_write(class, field),
            (Some(class), false) if self.figure => {
                let verb = most.on(class, field);
                verb.sight == Sight::Clear || verb.aggregate
            }
            (Some(class), false) if self.clear => most.sight(class, field) == Sight::Clear,
            (Some(class), false) => most.sight(class, field) > Sight::None,
            (None, true) => most.writes(),
            (None, false) => !most.is_empty(),
        }
    }

    fn describe(&self, description: &mut Option<String>) {
        let Some(class) = self.class else { return };
        let class = class.letter();
        if self.figure {
            return;
        }
        let line = match (self.write, self.clear) {
            (true, _) => format!("Class {class}."),
            (false, true) => format!("Class {class}: counts as null where the caller may not read it in clear."),
            (false, false) => format!("Class {class}: null where the caller may not read it."),
        };
        let text = description.get_or_insert_default();
        text.push_str("\n\n");
        text.push_str(&line);
    }
}

fn prune(registry: &mut Registry, roles: RoleSet) {
    // A schema without a mutation still counts as declared until its last field is gone.
    for ty in registry.types.values_mut() {
        match ty {
            MetaType::Object { fields, .. } | MetaType::Interface { fields, .. } => {
                fields
                    .retain(|name, field| keep(&mut field.directive_invocations, &mut field.description, name, roles));
                for field in fields.values_mut() {
                    field.args.retain(|name, arg| keep_input(arg, name, roles));
                }
            }
            MetaType::InputObject { input_fields, .. } => {
                input_fields.retain(|name, field| keep_input(field, name, roles));
            }
            _ => {}
        }
    }
    while step(registry) {}
    registry.types.values_mut().for_each(describe_common);
    MARKS.iter().for_each(|mark| {
        registry.directives.remove(*mark);
    });
    registry.remove_unused_types();
}

fn keep(
    invocations: &mut Vec<MetaDirectiveInvocation>,
    description: &mut Option<String>,
    name: &str,
    roles: RoleSet,
) -> bool {
    let marks: Vec<Mark> = Mark::all(invocations).collect();
    let Some(mark) = marks.first() else { return true };
    invocations.retain(|invocation| !MARKS.contains(&invocation.name.as_str()));
    mark.describe(description);
    marks.iter().all(|mark| mark.allows(roles, name))
}

fn keep_input(value: &mut MetaInputValue, name: &str, roles: RoleSet) -> bool {
    keep(&mut value.directive_invocations, &mut value.description, name, roles)
}

/// The words for what every list has alike, said once.
fn describe_common(ty: &mut MetaType) {
    match ty {
        MetaType::Object { name, fields, description, .. } => {
            if name.ends_with("Connection") {
                description.get_or_insert_with(|| "A page of a list, with its cursors.".to_owned());
            }
            for (field, edge) in [("startCursor", "first"), ("endCursor", "last")] {
                if let (true, Some(field)) = (name == "PageInfo", fields.get_mut(field)) {
                    field.description = Some(format!("The cursor of the {edge} edge; null on an empty page."));
                }
            }
            for field in fields.values_mut() {
                for (name, arg) in &mut field.args {
                    let words = match name.as_str() {
                        "first" => "The first n, 1 to 100; 20 if neither `first` nor `last` is given.",
                        "after" => "After this cursor.",
                        "last" => "The last n, 1 to 100.",
                        "before" => "Before this cursor.",
                        "id" => "Which one.",
                        "input" => "What to do.",
                        "ids" => "Which ones, at most 100.",
                        "filter" => "Which rows.",
                        _ => continue,
                    };
                    arg.description.get_or_insert_with(|| words.to_owned());
                }
            }
        }
        MetaType::Scalar { name, description, .. } if name == "Decimal" => {
            description.get_or_insert_with(|| "An exact decimal number, as a text such as \"119.50\".".to_owned());
        }
        MetaType::Scalar { name, description, .. } if name == "ID" => {
            description.get_or_insert_with(|| {
                "A typed, readable id: a prefix for the type and a UUID, such as `acc_0198a1b2-…`. Stable for ever."
                    .to_owned()
            });
        }
        _ => {}
    }
}

/// One round towards the fixed point; whether anything went.
fn step(registry: &mut Registry) -> bool {
    let mut changed = false;
    let gone: Vec<String> = registry
        .types
        .iter()
        .filter(|(name, ty)| (is_empty(ty) || is_nameless(registry, name, ty)) && !is_query(registry, name))
        .map(|(name, _)| name.clone())
        .collect();
    for name in gone {
        registry.types.remove(&name);
        registry.implements.remove(&name);
        for interfaces in registry.implements.values_mut() {
            interfaces.shift_remove(&name);
        }
        registry.mutation_type.take_if(|root| *root == name);
        registry.subscription_type.take_if(|root| *root == name);
        changed = true;
    }
    let known: std::collections::HashSet<String> = registry.types.keys().cloned().collect();
    let exists = |ty: &str| known.contains(MetaTypeName::concrete_typename(ty));
    for ty in registry.types.values_mut() {
        match ty {
            MetaType::Object { fields, .. } => changed |= retain_fields(fields, &exists),
            MetaType::Interface { fields, possible_types, .. } => {
                changed |= retain_fields(fields, &exists);
                changed |= retain_names(possible_types, &exists);
            }
            MetaType::Union { possible_types, .. } => changed |= retain_names(possible_types, &exists),
            MetaType::InputObject { input_fields, .. } => {
                let before = input_fields.len();
                input_fields.retain(|_, field| exists(&field.ty));
                changed |= input_fields.len() != before;
            }
            MetaType::Scalar { .. } | MetaType::Enum { .. } => {}
        }
    }
    changed
}

fn is_query(registry: &Registry, name: &str) -> bool {
    registry.query_type == name
}

fn is_empty(ty: &MetaType) -> bool {
    match ty {
        // A list of what is gone is gone, and so is its edge.
        MetaType::Object { name, fields, .. } => {
            fields.is_empty()
                || name.ends_with("Connection") && !fields.contains_key("edges")
                || name.ends_with("Edge") && !fields.contains_key("node")
        }
        MetaType::Interface { fields, possible_types, .. } => fields.is_empty() || possible_types.is_empty(),
        MetaType::Union { possible_types, .. } => possible_types.is_empty(),
        MetaType::InputObject { input_fields, .. } => input_fields.is_empty(),
        MetaType::Scalar { .. } | MetaType::Enum { .. } => false,
    }
}

/// A record whose id the roles may not read is one on which they have no right at all: what may be asked of every record, such
/// as its notes, goes with it.
fn is_nameless(registry: &Registry, name: &str, ty: &MetaType) -> bool {
    let is_node = registry.implements.get(name).is_some_and(|interfaces| interfaces.contains("Node"));
    matches!(ty, MetaType::Object { fields, .. } if is_node && !fields.contains_key("id"))
}

fn retain_names(names: &mut IndexSet<String>, exists: &impl Fn(&str) -> bool) -> bool {
    let before = names.len();
    names.retain(|name| exists(name));
    names.len() != before
}

/// A field goes with its type, and with a required argument; an optional argument goes alone.
fn retain_fields(fields: &mut IndexMap<String, MetaField>, exists: &impl Fn(&str) -> bool) -> bool {
    let mut changed = false;
    fields.retain(|_, field| {
        let required =
            |arg: &MetaInputValue| MetaTypeName::create(&arg.ty).is_non_null() && arg.default_value.is_none();
        if !exists(&field.ty) || field.args.values().any(|arg| !exists(&arg.ty) && required(arg)) {
            changed = true;
            return false;
        }
        let before = field.args.len();
        field.args.retain(|_, arg| exists(&arg.ty));
        changed |= field.args.len() != before;
        true
    });
    changed
}
