//! Variables by the letter of the specification, before anything runs: each stands only where its type may stand, and its value is one
//! of its type. The framework looks at neither in full: it compares no types of variables with their places, and finds a number
//! that is too large only when a field asks for it, when others have run already.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, Name, Positioned, ServerError, ServerResult,
    parser::types::{BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type},
    registry::{MetaInputValue, MetaType, MetaTypeName, Registry},
};
use async_graphql_value::Value as Written;
use serde_json::{Map, Value};

use super::cost::roots;

/// Where a value may stand: an argument, or a field of an input.
#[derive(Debug)]
struct Place {
    ty: Type,
    has_default: bool,
}

type Places = HashMap<String, Place>;

#[derive(Debug, Default)]
struct Inputs {
    roots: [String; 3],
    /// Type, field: the field's type and its arguments.
    fields: HashMap<String, HashMap<String, (String, Places)>>,
    objects: HashMap<String, Places>,
    enums: HashMap<String, HashSet<String>>,
}

/// The inputs of one schema: registered after pruning it reads them; kept in the schema's data it judges variables.
#[derive(Clone, Debug, Default)]
pub struct VariableRules(Arc<OnceLock<Inputs>>);

impl CustomDirectiveFactory for VariableRules {
    fn name(&self) -> Cow<'static, str> {
        "__variables".into()
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        // The directive is never registered, so no document can name it.
        Err(ServerError::new("unknown directive", None))
    }

    fn register(&self, registry: &mut Registry) {
        let place = |input: &MetaInputValue| {
            Type::new(&input.ty).map(|ty| Place { ty, has_default: input.default_value.is_some() })
        };
        let places = |inputs: &mut dyn Iterator<Item = (&String, &MetaInputValue)>| -> Places {
            inputs.filter_map(|(name, input)| Some((name.clone(), place(input)?))).collect()
        };
        let mut inputs = Inputs { roots: roots(registry), ..Inputs::default() };
        for (name, ty) in &registry.types {
            match ty {
                MetaType::Object { fields, .. } | MetaType::Interface { fields, .. } => {
                    let fields = fields.iter().map(|(name, field)| {
                        let ty = MetaTypeName::concrete_typename(&field.ty).to_owned();
                        (name.clone(), (ty, places(&mut field.args.iter())))
                    });
                    inputs.fields.insert(name.clone(), fields.collect());
                }
                MetaType::InputObject { input_fields, .. } => {
                    inputs.objects.insert(name.clone(), places(&mut input_fields.iter()));
                }
                MetaType::Enum { enum_values, .. } => {
                    inputs.enums.insert(name.clone(), enum_values.keys().cloned().collect());
                }
                MetaType::Scalar { .. } | MetaType::Union { .. } => {}
            }
        }
        let _ = self.0.set(inputs);
    }
}

impl VariableRules {
    /// What is wrong with the variables of an operation, in words that name no value.
    pub fn check(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        given: &Map<String, Value>,
    ) -> Result<(), String> {
        let Some(inputs) = self.0.get() else { return Ok(()) };
        for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
            if let Some(value) = given.get(definition.name.node.as_str()) {
                inputs.value(&format!("${}", definition.name.node), value, &definition.var_type.node)?;
            }
        }
        let root = inputs.root(operation);
        let mut uses = Uses { inputs, document, operation, seen: HashSet::new() };
        uses.directives(&operation.directives)?;
        uses.set(&operation.selection_set.node, root)
    }
}

impl Inputs {
    fn root(&self, operation: &OperationDefinition) -> &str {
        let [query, mutation, subscription] = &self.roots;
        match operation.ty {
            async_graphql::parser::types::OperationType::Query => query,
            async_graphql::parser::types::OperationType::Mutation => mutation,
            async_graphql::parser::types::OperationType::Subscription => subscription,
        }
    }

    /// Whether a value is one of a type: `CoerceVariableValues` of the specification.
    fn value(&self, place: &str, value: &Value, ty: &Type) -> Result<(), String> {
        let wrong = || Err(format!("The value of `{place}` is no `{ty}`."));
        let name = match (&ty.base, value) {
            (_, Value::Null) => return if ty.nullable { Ok(()) } else { wrong() },
            (BaseType::List(inner), Value::Array(values)) => {
                return values.iter().try_for_each(|value| self.value(place, value, inner));
            }
            // one value stands for a list of one
            (BaseType::List(inner), value) => return self.value(place, value, inner),
            (BaseType::Named(name), _) => name.as_str(),
        };
        let fits = match name {
            "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            "Float" => value.is_number(),
            "String" => value.is_string(),
            "Boolean" => value.is_boolean(),
            "ID" => value.is_string() || value.is_i64() || value.is_u64(),
            name => match (self.enums.get(name), self.objects.get(name), value) {
                (Some(values), ..) => value.as_str().is_some_and(|value| values.contains(value)),
                (None, Some(fields), Value::Object(given)) => return self.object(place, given, fields),
                (None, Some(_), _) => false,
                // a scalar of the house judges itself
                (None, None, _) => true,
            },
        };
        if fits { Ok(()) } else { wrong() }
    }

    fn object(&self, place: &str, given: &Map<String, Value>, fields: &Places) -> Result<(), String> {
        for (name, value) in given {
            // a name that is not known is the client's own text: it is not said again
            let Some(field) = fields.get(name) else {
                return Err(format!("`{place}` has a field that its type has not."));
            };
            self.value(&format!("{place}.{name}"), value, &field.ty)?;
        }
        let missing = |(name, field): (&String, &Place)| {
            (!field.ty.nullable && !field.has_default && !given.contains_key(name)).then(|| name.clone())
        };
        match fields.iter().filter_map(missing).min() {
            Some(name) => Err(format!("`{place}.{name}` needs a value.")),
            None => Ok(()),
        }
    }
}

/// Every place where a variable is used: `AllVariableUsagesAllowed` of the specification.
struct Uses<'a> {
    inputs: &'a Inputs,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    /// Fragments that have been looked into: what is right in one spread is right in the next.
    seen: HashSet<&'a Name>,
}

impl<'a> Uses<'a> {
    fn set(&mut self, set: &'a SelectionSet, ty: &'a str) -> Result<(), String> {
        for selection in &set.items {
            self.directives(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => {
                    let inputs = self.inputs;
                    let found = inputs.fields.get(ty).and_then(|fields| fields.get(field.node.name.node.as_str()));
                    // what is not known is for validation to name
                    let Some((ty, places)) = found else { continue };
                    for (name, value) in &field.node.arguments {
                        if let Some(place) = places.get(name.node.as_str()) {
                            self.value(&value.node, place)?;
                        }
                    }
                    self.set(&field.node.selection_set.node, ty)?;
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(ty, |on| on.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, on)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if self.seen.insert(name) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.directives(&fragment.node.directives)?;
                        self.set(&fragment.node.selection_set.node, on)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// `@skip` and `@include` are the only ones that take a value.
    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<(), String> {
        let Some(ty) = Type::new("Boolean!") else { return Ok(()) };
        let place = Place { ty, has_default: false };
        let arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
        arguments.filter(|(name, _)| name.node == "if").try_for_each(|(_, value)| self.value(&value.node, &place))
    }

    fn value(&self, value: &Written, place: &Place) -> Result<(), String> {
        match (value, &place.ty.base) {
            (Written::Variable(name), _) => self.variable(name, place),
            (Written::List(values), BaseType::List(inner)) => {
                let inner = Place { ty: Type::clone(inner), has_default: false };
                values.iter().try_for_each(|value| self.value(value, &inner))
            }
            // one value stands for a list of one
            (value, BaseType::List(inner)) => self.value(value, &Place { ty: Type::clone(inner), has_default: false }),
            (Written::Object(fields), BaseType::Named(name)) => {
                let Some(places) = self.inputs.objects.get(name.as_str()) else { return Ok(()) };
                let known = fields.iter().filter_map(|(name, value)| Some((value, places.get(name.as_str())?)));
                known.into_iter().try_for_each(|(value, place)| self.value(value, place))
            }
            _ => Ok(()),
        }
    }

    fn variable(&self, name: &Name, place: &Place) -> Result<(), String> {
        let definitions = self.operation.variable_definitions.iter().map(|definition| &definition.node);
        // what is not declared is for validation to name
        let Some(definition) = definitions.into_iter().find(|definition| definition.name.node == *name) else {
            return Ok(());
        };
        let ty = &definition.var_type.node;
        let default = definition.default_value.as_ref().is_some_and(|value| value.node != async_graphql::Value::Null);
        let never_null = !ty.nullable || default || place.has_default;
        if (place.ty.nullable || never_null) && is_base(ty, &place.ty) {
            return Ok(());
        }
        Err(format!("The variable `${name}` of type `{ty}` stands where `{}` is needed.", place.ty))
    }
}

fn is_base(ty: &Type, needed: &Type) -> bool {
    match (&ty.base, &needed.base) {
        (BaseType::Named(ty), BaseType::Named(needed)) => ty == needed,
        (BaseType::List(ty), BaseType::List(needed)) => (needed.nullable || !ty.nullable) && is_base(ty, needed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{
        EmptyMutation, EmptySubscription, Enum, InputObject, Json, Object, Schema, parser::parse_query,
    };
    use serde_json::json;

    use super::*;

    #[derive(Clone, Copy, PartialEq, Eq, Enum)]
    enum Colour {
        Red,
    }

    #[derive(InputObject)]
    struct Paint {
        colour: Colour,
        #[graphql(default = 1)]
        coats: i32,
        inner: Option<Box<Paint>>,
    }

    struct Query;

    #[Object]
    impl Query {
        #[expect(clippy::too_many_arguments, reason = "one of each")]
        async fn all(
            &self,
            int: Option<i32>,
            float: Option<f64>,
            id: Option<async_graphql::ID>,
            text: Option<String>,
            must: Option<bool>,
            list: Option<Vec<i32>>,
            paint: Option<Paint>,
            json: Option<Json<Value>>,
            #[graphql(default = 1)] given: i32,
        ) -> bool {
            let _ = (int, float, id, text, must, list, paint.map(|it| (it.colour, it.coats, it.inner.is_some())), json);
            given > 0
        }

        async fn needs(&self, id: async_graphql::ID) -> Query {
            let _ = id;
            Query
        }
    }

    fn check(text: &str, given: Value) -> Result<(), String> {
        let rules = VariableRules::default();
        let _ = Schema::build(Query, EmptyMutation, EmptySubscription).directive(rules.clone()).finish();
        let document = parse_query(text).map_err(|error| error.to_string())?;
        let operation = document.operations.iter().next().map(|(_, operation)| &operation.node);
        let given = given.as_object().cloned().unwrap_or_default();
        rules.check(&document, operation.ok_or("no operation")?, &given)
    }

    #[test]
    fn values_are_of_their_types() {
        for (ty, argument, good, bad) in [
            (
                "Int",
                "int",
                vec![json!(2_147_483_647), json!(null)],
                vec![json!(2_147_483_648_i64), json!(1.5), json!("1"), json!(true)],
            ),
            ("Float", "float", vec![json!(1), json!(1.5)], vec![json!("1")]),
            ("ID", "id", vec![json!("a"), json!(7)], vec![json!(1.5), json!({}), json!([])]),
            ("String", "text", vec![json!("")], vec![json!(1)]),
            ("Boolean", "must", vec![json!(true)], vec![json!(1), json!("true")]),
            (
                "[Int!]",
                "list",
                vec![json!([]), json!([1]), json!(1)],
                vec![json!([null]), json!(["a"]), json!([[1.5]])],
            ),
            (
                "Paint",
                "paint",
                vec![json!({ "colour": "RED" }), json!({ "colour": "RED", "inner": { "colour": "RED", "coats": 2 } })],
                vec![
                    json!({}),
                    json!("RED"),
                    json!({ "colour": "BLUE" }),
                    json!({ "colour": "RED", "size": 1 }),
                    json!({ "colour": "RED", "coats": null }),
                    json!({ "colour": "RED", "inner": { "colour": null } }),
                ],
            ),
            ("JSON", "json", vec![json!({ "a": [1] }), json!(1)], vec![]),
        ] {
            let text = format!("query($v: {ty}) {{ all({argument}: $v) }}");
            for value in good {
                assert_eq!(check(&text, json!({ "v": value })), Ok(()), "{ty} {value}");
            }
            for value in bad {
                let refused = check(&text, json!({ "v": value })).err().unwrap_or_default();
                assert!(
                    refused.starts_with("The value of `$v") || refused.starts_with("`$v"),
                    "{ty} {value}: {refused}"
                );
                assert!(!refused.contains("BLUE") && !refused.contains("size"), "{refused}");
            }
        }
    }

    #[test]
    fn variables_stand_where_their_types_may_stand() {
        for (text, good) in [
            ("query($v: Int) { all(int: $v) }", true),
            ("query($v: Int!) { all(int: $v) }", true),
            ("query($v: String) { all(int: $v) }", false),
            ("query($v: Int) { all(float: $v) }", false),
            ("query($v: ID!) { needs(id: $v) { all } }", true),
            ("query($v: ID) { needs(id: $v) { all } }", false),
            ("query($v: ID = \"a\") { needs(id: $v) { all } }", true),
            ("query($v: ID = null) { needs(id: $v) { all } }", false),
            ("query($v: Int) { all(given: $v) }", true),
            ("query($v: [Int!]) { all(list: $v) }", true),
            ("query($v: [Int]) { all(list: $v) }", false),
            ("query($v: Int!) { all(list: [$v]) }", true),
            ("query($v: Int) { all(list: [$v]) }", false),
            ("query($v: Colour!) { all(paint: { colour: $v }) }", true),
            ("query($v: Int) { all(paint: { colour: RED, coats: $v }) }", true),
            ("query($v: String!) { all(paint: { colour: RED, inner: { colour: $v } }) }", false),
            ("query($v: Boolean!) { all @skip(if: $v) }", true),
            ("query($v: Boolean) { all @skip(if: $v) }", false),
            ("query($v: String) { needs(id: 1) { ...f } } fragment f on Query { all(int: $v) }", false),
            ("query($v: String) { ... on Query { ... @include(if: true) { all(int: $v) } } }", false),
        ] {
            assert_eq!(check(text, json!({})).is_ok(), good, "{text}");
        }
    }
}
