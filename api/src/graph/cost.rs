//! What an operation costs: predicted from the shape of the schema before anything runs, counted in the answer afterwards, both in
//! one unit: a field of an object.
//!
//! A field counts 1, and with it what is selected of it; a list counts what is selected of a row as often as rows may come. So
//! the prediction of a full page is what the answer counts. The prices are read from the finished schema: a list cannot be without one.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, Name, ServerError, ServerResult, Value,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
    },
    registry::{MetaField, MetaType, MetaTypeName, Registry},
};
use serde_json::Map;

use super::{DEFAULT_FEED_PAGE, DEFAULT_PAGE, MAX_FEED_PAGE, MAX_PAGE};

/// For how many rows a list is taken that has no page of its own.
const ASSUMED: u64 = 10;

/// How many rows a field may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    /// No list of objects.
    One,
    /// As many as `first` or `last` says.
    Page,
    /// As many as `first` says, of a feed.
    OfFeed,
    /// `nodes` and `edges`: as many as the page they belong to.
    OfPage,
    /// As many as there are `ids`.
    Ids,
    /// A list that says nothing about its length.
    Assumed,
}

impl Rows {
    fn of(of: &str, name: &str, field: &MetaField, registry: &Registry) -> Rows {
        let ty = MetaTypeName::concrete_typename(&field.ty);
        let list = is_list(&field.ty);
        let has = |arg: &str| field.args.contains_key(arg);
        if is_page(of) && matches!(name, "nodes" | "edges") {
            Rows::OfPage
        } else if is_feed(ty) {
            Rows::OfFeed
        } else if (list || is_page(ty)) && (has("first") || has("last")) {
            Rows::Page
        } else if list && has("ids") {
            Rows::Ids
        } else if list && registry.types.get(ty).is_some_and(MetaType::is_composite) {
            Rows::Assumed
        } else {
            Rows::One
        }
    }

    /// The words for the description of a list; none for a field that is none.
    fn words(self, field: &MetaField) -> Option<String> {
        let row = "what is selected of a row";
        let rows = match self {
            Rows::One | Rows::OfFeed if !is_list(&field.ty) => return None,
            Rows::One | Rows::OfFeed => return Some("Cost: 1.".to_owned()),
            Rows::Page if field.args.contains_key("last") => {
                format!("{row} times `first` or `last` ({DEFAULT_PAGE} without)")
            }
            Rows::Page => format!("{row} times `first`"),
            Rows::OfPage => format!("{row} times the size of the page"),
            Rows::Ids => format!("{row} times the number of ids"),
            Rows::Assumed => format!("{ASSUMED} times {row}"),
        };
        Some(format!("Cost: 1, and {rows}."))
    }
}

/// The names of the root types; empty where there is none.
pub(super) fn roots(registry: &Registry) -> [String; 3] {
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    [registry.query_type.clone(), name(&registry.mutation_type), name(&registry.subscription_type)]
}

fn is_list(ty: &str) -> bool {
    ty.starts_with('[')
}

fn is_page(ty: &str) -> bool {
    ty.ends_with("Connection") || is_feed(ty)
}

/// A page of a feed: it is read forwards only, and is longer.
fn is_feed(ty: &str) -> bool {
    ty.ends_with("Page")
}

#[derive(Debug)]
struct Price {
    ty: String,
    rows: Rows,
}

#[derive(Debug, Default)]
struct Prices {
    fields: HashMap<String, HashMap<String, Price>>,
    /// Types that an object has: of two of them, an object has one.
    objects: HashSet<String>,
    /// The types of queries, mutations and subscriptions.
    roots: [String; 3],
}

/// The prices of one schema: registered as its last directive, it reads them and writes each list's cost into its description;
/// kept in the schema's data, it predicts.
#[derive(Clone, Debug, Default)]
pub struct Pricing(Arc<OnceLock<Prices>>);

impl CustomDirectiveFactory for Pricing {
    fn name(&self) -> Cow<'static, str> {
        "__pricing".into()
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        // The directive is never registered, so no document can name it.
        Err(ServerError::new("unknown directive", None))
    }

    fn register(&self, registry: &mut Registry) {
        let mut prices = Prices { roots: roots(registry), ..Prices::default() };
        let mut words = Vec::new();
        for (of, ty) in registry.types.iter().filter(|(name, _)| !name.starts_with("__")) {
            let Some(fields) = ty.fields() else { continue };
            if matches!(ty, MetaType::Object { .. }) {
                prices.objects.insert(of.clone());
            }
            let priced = prices.fields.entry(of.clone()).or_default();
            for (name, field) in fields.iter().filter(|(name, _)| !name.starts_with("__")) {
                let rows = Rows::of(of, name, field, registry);
                words.extend(rows.words(field).map(|words| (of.clone(), name.clone(), words)));
                let ty = MetaTypeName::concrete_typename(&field.ty).to_owned();
                priced.insert(name.clone(), Price { ty, rows });
            }
        }
        for (of, name, words) in words {
            if let Some(MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) =
                registry.types.get_mut(&of)
                && let Some(field) = fields.get_mut(&name)
            {
                let text = field.description.get_or_insert_default();
                text.push_str(if text.is_empty() { "" } else { "\n\n" });
                text.push_str(&words);
            }
        }
        let _ = self.0.set(prices);
    }
}

/// What an operation may cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// The most that its answer counts.
    pub requested: u64,
    /// Names in the answer under which stands one value, whatever it is made of: JSON, and what the schema says of itself.
    whole: HashSet<String>,
}

impl Pricing {
    /// Predicts an operation of a document whose size the front door has judged. What the schema does not know counts 1:
    /// validation refuses it later.
    pub fn predict(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Map<String, serde_json::Value>,
    ) -> Option<Prediction> {
        let prices = self.0.get()?;
        let mut walk = Walk { prices, document, operation, variables, whole: HashSet::new(), parts: HashSet::new() };
        let [query, mutation, subscription] = &prices.roots;
        let root = match operation.ty {
            OperationType::Query => query,
            OperationType::Mutation => mutation,
            OperationType::Subscription => subscription,
        };
        let requested = walk.set(&operation.selection_set.node, root, 1);
        let Walk { mut whole, parts, .. } = walk;
        whole.retain(|name| !parts.contains(name));
        Some(Prediction { requested, whole: whole.into_iter().map(str::to_owned).collect() })
    }
}

impl Prediction {
    /// What an answer costs: how many fields of objects stand in it.
    pub fn count(&self, answer: &Value) -> u64 {
        match answer {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| match value {
                    Value::Object(_) | Value::List(_) if !self.whole.contains(name.as_str()) => 1 + self.count(value),
                    _ => 1,
                })
                .sum(),
            Value::List(rows) => rows.iter().map(|row| self.count(row)).sum(),
            _ => 0,
        }
    }
}

struct Walk<'a> {
    prices: &'a Prices,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Map<String, serde_json::Value>,
    whole: HashSet<&'a str>,
    parts: HashSet<&'a str>,
}

/// The sum of a selection set: what every object has, and what only objects of one type have. All sums saturate.
#[derive(Default)]
struct Sum<'a> {
    common: u64,
    alone: HashMap<&'a str, u64>,
}

impl<'a> Walk<'a> {
    /// The cost of a selection set on an object of `ty`; `page` rows stand below `nodes` and `edges`.
    fn set(&mut self, set: &'a SelectionSet, ty: &'a str, page: u64) -> u64 {
        let mut sum = Sum::default();
        self.add(set, ty, None, page, &mut sum);
        sum.common.saturating_add(sum.alone.into_values().max().unwrap_or_default())
    }

    fn add(&mut self, set: &'a SelectionSet, ty: &'a str, alone: Option<&'a str>, page: u64, sum: &mut Sum<'a>) {
        for selection in &set.items {
            let (inner, on) = match &selection.node {
                Selection::Field(field) => {
                    let cost = self.field(&field.node, ty, page);
                    let slot = match alone {
                        Some(ty) => sum.alone.entry(ty).or_default(),
                        None => &mut sum.common,
                    };
                    *slot = slot.saturating_add(cost);
                    continue;
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(ty, |on| on.node.on.node.as_str());
                    (&fragment.node.selection_set.node, on)
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else { continue };
                    (&fragment.node.selection_set.node, fragment.node.type_condition.node.on.node.as_str())
                }
            };
            let alone = alone.or_else(|| (on != ty && self.prices.objects.contains(on)).then_some(on));
            self.add(inner, on, alone, page, sum);
        }
    }

    fn field(&mut self, field: &'a Field, ty: &'a str, page: u64) -> u64 {
        let (name, set) = (field.name.node.as_str(), &field.selection_set.node);
        let answered = field.response_key().node.as_str();
        if set.items.is_empty() || name.starts_with("__") {
            self.whole.insert(answered);
        } else {
            self.parts.insert(answered);
        }
        let prices = self.prices;
        let Some(price) = prices.fields.get(ty).and_then(|fields| fields.get(name)) else {
            return self.set(set, "", 1).saturating_add(1);
        };
        let rows = match price.rows {
            Rows::One => 1,
            Rows::OfPage => page,
            Rows::Page => self.page(field, DEFAULT_PAGE, MAX_PAGE),
            Rows::OfFeed => self.page(field, DEFAULT_FEED_PAGE, MAX_FEED_PAGE),
            Rows::Ids => self.ids(field),
            Rows::Assumed => ASSUMED,
        };
        let cost = match is_page(&price.ty) {
            true => self.set(set, &price.ty, rows),
            false => self.set(set, &price.ty, 1).saturating_mul(rows),
        };
        cost.saturating_add(1)
    }

    /// The page that is asked for. A size that no list takes is refused later, so its price only has to be one.
    fn page(&self, field: &Field, default: i32, most: i32) -> u64 {
        let size = |name| match self.argument(field, name) {
            Some(Value::Number(size)) => size.as_i64(),
            _ => None,
        };
        let size = size("first").or_else(|| size("last")).unwrap_or(default.into());
        size.clamp(1, most.into()).unsigned_abs()
    }

    fn ids(&self, field: &Field) -> u64 {
        match self.argument(field, "ids") {
            Some(Value::List(ids)) => ids.len() as u64,
            _ => 1,
        }
    }

    /// The value of an argument, with variables put in; one that was left out is null.
    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let value = field.get_argument(name)?.node.clone();
        let given = |name: Name| {
            let defaults = self.operation.variable_definitions.iter().map(|definition| &definition.node);
            let default = || defaults.clone().find(|definition| definition.name.node == name)?.default_value.as_ref();
            let given = self.variables.get(name.as_str()).and_then(|value| Value::from_json(value.clone()).ok());
            Ok::<_, Infallible>(given.or_else(|| default().map(|value| value.node.clone())).unwrap_or_default())
        };
        value.into_const_with(given).ok()
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{
        EmptyMutation, EmptySubscription, Interface, Object, Schema, SimpleObject,
        connection::{Connection, Edge, EmptyFields},
        parser::parse_query,
    };
    use serde_json::json;

    use super::*;

    #[derive(Clone, SimpleObject)]
    struct Cat {
        name: String,
        lives: i32,
        raw: async_graphql::Json<serde_json::Value>,
    }

    #[derive(Clone, SimpleObject)]
    struct Dog {
        name: String,
    }

    #[derive(Interface)]
    #[graphql(field(name = "name", ty = "&String"))]
    enum Pet {
        Cat(Cat),
        Dog(Dog),
    }

    struct Query;

    fn cat() -> Cat {
        Cat { name: "Mia".into(), lives: 9, raw: async_graphql::Json(json!({ "a": { "b": 1 }, "c": [{ "d": 2 }] })) }
    }

    #[Object]
    impl Query {
        async fn cats(&self, first: Option<i32>, last: Option<i32>) -> Connection<i32, Cat, EmptyFields, EmptyFields> {
            let mut page = Connection::new(false, false);
            let rows = first.or(last).unwrap_or(DEFAULT_PAGE);
            page.edges.extend((0..rows).map(|n| Edge::new(n, cat())));
            page
        }

        async fn found(&self, #[graphql(default = 20)] first: i32) -> Vec<Cat> {
            (0..first).map(|_| cat()).collect()
        }

        async fn nodes(&self, ids: Vec<i32>) -> Vec<Option<Pet>> {
            ids.into_iter().map(|_| Some(Pet::Cat(cat()))).collect()
        }

        async fn all(&self) -> Vec<Dog> {
            Vec::new()
        }

        async fn words(&self) -> Vec<String> {
            vec!["a".into(), "b".into()]
        }

        async fn again(&self) -> Query {
            Query
        }
    }

    /// Predicted, and counted in the answer.
    async fn cost(text: &str, variables: serde_json::Value) -> Result<(u64, u64), String> {
        let pricing = Pricing::default();
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription).directive(pricing.clone()).finish();
        let document = parse_query(text).map_err(|error| error.to_string())?;
        let given = variables.as_object().cloned().unwrap_or_default();
        let operation =
            document.operations.iter().next().map(|(_, operation)| &operation.node).ok_or("no operation")?;
        let predicted = pricing.predict(&document, operation, &given).ok_or("nothing to predict")?;
        let request = async_graphql::Request::new(text).variables(async_graphql::Variables::from_json(variables));
        let answer = schema.execute(request).await.into_result().map_err(|errors| format!("{errors:?}"))?;
        Ok((predicted.requested, predicted.count(&answer.data)))
    }

    #[tokio::test]
    async fn a_full_page_costs_what_was_predicted() {
        for (text, variables, expected) in [
            ("{ words }", json!({}), (1, 1)),
            ("{ again { again { words } } }", json!({}), (3, 3)),
            ("{ cats { nodes { name } } }", json!({}), (22, 22)),
            ("{ cats(first: 3) { nodes { name lives } } }", json!({}), (8, 8)),
            ("{ cats(last: 3) { edges { cursor node { name } } pageInfo { endCursor } } }", json!({}), (13, 13)),
            ("query($n: Int) { cats(first: $n) { nodes { name } } }", json!({ "n": 5 }), (7, 7)),
            ("query($n: Int) { cats(first: $n) { nodes { name } } }", json!({}), (22, 22)),
            ("query($n: Int = 2) { cats(first: $n) { nodes { name } } }", json!({}), (4, 4)),
            ("{ found(first: 4) { name } found2: found { name } }", json!({}), (26, 26)),
            ("query($ids: [Int!]!) { nodes(ids: $ids) { name } }", json!({ "ids": [1, 2] }), (3, 3)),
            // a list without a page is taken for ten rows
            ("{ all { name } }", json!({}), (11, 1)),
            // an object has one type: the dearer one counts; a field that is written twice is predicted twice
            (
                "{ nodes(ids: [1]) { name ... on Dog { name again: name more: name } ... on Cat { lives } } }",
                json!({}),
                (5, 3),
            ),
            ("{ nodes(ids: [1]) { ...pet } } fragment pet on Pet { name ... on Cat { lives } }", json!({}), (3, 3)),
            // a JSON value is one value
            ("{ found(first: 1) { raw } }", json!({}), (2, 2)),
            ("{ __typename __type(name: \"Cat\") { fields { name } } }", json!({}), (4, 2)),
        ] {
            assert_eq!(cost(text, variables).await, Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_costliest_document_saturates() {
        let mut prices = Prices { roots: ["Query"; 3].map(str::to_owned), ..Prices::default() };
        prices
            .fields
            .entry("Query".into())
            .or_default()
            .insert("q".into(), Price { ty: "Query".into(), rows: Rows::Page });
        let pricing = Pricing(Arc::new(OnceLock::from(prices)));
        let text = format!("{}{{ q }}{}", "{ q(first: 100) ".repeat(30), "}".repeat(30));
        let document = parse_query(text).ok();
        let operation =
            document.as_ref().and_then(|document| Some((document, &document.operations.iter().next()?.1.node)));
        let predicted = operation.and_then(|(document, operation)| pricing.predict(document, operation, &Map::new()));
        assert_eq!(predicted.map(|it| it.requested), Some(u64::MAX));
    }

    #[test]
    fn every_list_says_what_it_costs() {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription).directive(Pricing::default()).finish();
        let text = schema.sdl();
        for words in [
            "Cost: 1, and what is selected of a row times `first` or `last` (20 without).",
            "Cost: 1, and what is selected of a row times `first`.",
            "Cost: 1, and what is selected of a row times the number of ids.",
            "Cost: 1, and what is selected of a row times the size of the page.",
            "Cost: 1, and 10 times what is selected of a row.",
            "Cost: 1.\n",
        ] {
            assert!(text.contains(words), "{words}");
        }
    }
}
