//! Walking the whole graph: what it has comes from introspection, so that whatever is added is walked, too.

pub mod recipes;
pub mod scene;
pub mod shape;

use std::collections::HashMap;

use api::{graph::Kind, policy::RoleSet};
use serde_json::{Value, json};
use tests::{House, World, id};
use uuid::Uuid;

use self::{
    recipes::{Recipe, named, number, recipe, text},
    scene::Hub,
    shape::{Field, Shape},
};

/// A place in an input, at whatever depth.
#[derive(Clone, Debug)]
pub struct Spot {
    /// With dots, without the places in lists.
    pub path: String,
    pub field: Field,
    /// Of which input it is a field.
    pub of: String,
}

impl Spot {
    /// Whether a refusal names this place; places in lists do not count.
    pub fn is_named(&self, path: &str) -> bool {
        let plain: Vec<&str> = path.split('.').filter(|part| part.parse::<usize>().is_err()).collect();
        let plain = plain.join(".");
        plain == self.path || plain.strip_prefix(&self.path).is_some_and(|rest| rest.starts_with('.'))
    }

    /// What the field names, if it is an id.
    pub fn kind(&self, mutation: &str) -> Option<Kind> {
        (self.field.of.name == "ID").then(|| kind(mutation, &self.field.name))
    }
}

/// What an id field of a mutation names.
fn kind(mutation: &str, field: &str) -> Kind {
    if let Some(kind) = named(field) {
        return kind;
    }
    // The two of a merge are of the kind that is merged.
    if ["survivorId", "mergedId"].contains(&field) {
        return if mutation == "mergeAccounts" { Kind::Account } else { Kind::Contact };
    }
    // A parent is of the same kind.
    assert!(["id", "parentId"].contains(&field), "{mutation}: say in `recipes::named` what {field} names");
    let told = recipe(mutation).id.or_else(|| {
        let lower = mutation.to_lowercase();
        let all = Kind::ALL.iter().copied().filter(|kind| lower.contains(&format!("{kind:?}").to_lowercase()));
        all.max_by_key(|kind| format!("{kind:?}").len())
    });
    told.unwrap_or_else(|| panic!("{mutation}: say in `recipes::RECIPES` of which kind its id is"))
}

/// How much of an input is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent<'a> {
    /// What must be there.
    Least,
    /// What must be there, and this.
    With(&'a str),
    /// Whatever can stand together.
    Most,
}

/// Two houses with a hub each, and a schema to walk.
pub struct Walk<'a> {
    pub world: &'a World,
    pub shape: Shape,
    pub hub: Hub,
    other: Hub,
    made: HashMap<String, Uuid>,
    foreign: HashMap<Kind, Uuid>,
    only: u32,
    calls: usize,
}

impl<'a> Walk<'a> {
    pub async fn of(world: &'a World, roles: RoleSet) -> Walk<'a> {
        let (hub, other) = (Hub::of(world, &world.acme).await, Hub::of(world, &world.other).await);
        let shape = Shape::of(roles).await;
        Walk { world, shape, hub, other, made: HashMap::new(), foreign: HashMap::new(), only: 0, calls: 0 }
    }

    /// Every place of a mutation's input.
    pub fn spots(&self, mutation: &Field) -> Vec<Spot> {
        let mut found = Vec::new();
        if let Some(input) = mutation.args.first() {
            self.collect(&input.of.name, "", &mut found);
        }
        found
    }

    fn collect(&self, input: &str, above: &str, found: &mut Vec<Spot>) {
        for field in &self.shape.inputs[input] {
            let path = join(above, &field.name);
            found.push(Spot { path: path.clone(), field: field.clone(), of: input.to_owned() });
            if field.of.kind == "INPUT_OBJECT" {
                self.collect(&field.of.name, &path, found);
            }
        }
    }

    /// From now on other rows are named.
    pub fn anew(&mut self) {
        self.made.clear();
        self.calls += 1;
    }

    /// A good input of a mutation; its rows are there afterwards.
    pub async fn input(&mut self, mutation: &Field, extent: Extent<'_>) -> Value {
        let plan = self.plan(mutation, extent);
        self.settled(mutation, plan).await
    }

    /// A good input but for one place.
    pub async fn spoilt(&mut self, mutation: &Field, spot: &Spot, bad: &Value) -> Value {
        let mut plan = self.plan(mutation, Extent::With(&spot.path));
        let bad = if spot.field.of.list { json!([bad]) } else { bad.clone() };
        put(&mut plan, &spot.path, bad);
        self.settled(mutation, plan).await
    }

    fn plan(&mut self, mutation: &Field, extent: Extent<'_>) -> Value {
        let mut recipe = recipe(&mutation.name);
        if let Extent::With(path) = extent
            && recipe.without.contains(&path)
        {
            recipe.needs = &[];
        }
        match mutation.args.first() {
            Some(input) => self.object(&input.of.name, "", &recipe, extent),
            None => Value::Null,
        }
    }

    fn object(&mut self, input: &str, above: &str, recipe: &Recipe, extent: Extent<'_>) -> Value {
        let with: Value = serde_json::from_str(recipe.with).expect("a recipe holds JSON");
        let mut object = serde_json::Map::new();
        for field in self.shape.inputs[input].clone() {
            let path = join(above, &field.name);
            let wanted = match extent {
                Extent::Least => false,
                Extent::With(wanted) => wanted == path || wanted.starts_with(&format!("{path}.")),
                Extent::Most => {
                    !field.name.to_lowercase().ends_with("ifversion") && !recipe.without.contains(&path.as_str())
                }
            };
            if !(wanted || field.of.required || recipe.needs.contains(&path.as_str())) {
                continue;
            }
            let said = with.get(&path).cloned();
            let value = said.unwrap_or_else(|| {
                let value = self.value(&field, &path, recipe, extent);
                if field.of.list { json!([value]) } else { value }
            });
            object.insert(field.name, value);
        }
        Value::Object(object)
    }

    fn value(&mut self, field: &Field, path: &str, recipe: &Recipe, extent: Extent<'_>) -> Value {
        let now = self.world.now();
        let end = recipes::is_end(&field.name);
        self.only += 1;
        match (field.of.kind.as_str(), field.of.name.as_str()) {
            ("INPUT_OBJECT", "MoneyInput") => json!({ "amount": "100.50", "currency": "EUR" }),
            ("INPUT_OBJECT", input) => self.object(input, path, recipe, extent),
            // Where there is one of a kind, each call makes another.
            ("ENUM", "IdentityKind") => json!(self.shape.enums["IdentityKind"][self.calls % 4]),
            ("ENUM", name) => json!(self.shape.enums[name][0]),
            (_, "ID") => json!(format!("@{}", field.name)),
            (_, "String") => json!(text(&field.name, self.only)),
            (_, "Int") => json!(number(&field.name)),
            (_, "Boolean") => json!(true),
            (_, "DateTime") => json!((now + chrono::TimeDelta::hours(i64::from(end))).to_rfc3339()),
            (_, "NaiveDate") if field.name == "date" => {
                json!(now.date_naive() - chrono::TimeDelta::days(i64::from(self.only)))
            }
            (_, "NaiveDate") => json!(if end { "2026-12-31" } else { "2026-11-24" }),
            (_, "Decimal") => json!("10.50"),
            (_, "JSON") => json!({}),
            (kind, name) => panic!("{path}: teach `Walk::value` the {kind} {name}"),
        }
    }

    /// Puts rows where the plan names fields.
    async fn settled(&mut self, mutation: &Field, mut plan: Value) -> Value {
        let mut wanted = Vec::new();
        names(&plan, &mut wanted);
        for name in wanted {
            if self.made.contains_key(&name) {
                continue;
            }
            let kind = kind(&mutation.name, &name);
            let (world, house) = (self.world, &self.world.acme);
            let uuid = match name == "id" {
                true => self.hub.fresh(world, house, kind, &mutation.name).await,
                false => self.hub.refer(world, house, kind, &name).await,
            };
            self.made.insert(name, uuid);
        }
        fill(&mut plan, &|name| id(kind(&mutation.name, name), self.made[name]));
        plan
    }

    /// A row of a kind in the other tenant.
    pub async fn foreign(&mut self, kind: Kind) -> Uuid {
        if let Some(held) = self.foreign.get(&kind) {
            return *held;
        }
        let made = self.other.refer(self.world, &self.world.other, kind, "").await;
        self.foreign.insert(kind, made);
        made
    }

    /// Where both feeds stand.
    pub async fn positions(&self) -> (i64, i64) {
        (self.world.position().await, position(self.world, &self.world.other).await)
    }
}

async fn position(world: &World, house: &House) -> i64 {
    use entities::journey::feed_counter;
    use sea_orm::EntityTrait;
    let counter = feed_counter::Entity::find_by_id(house.tenant).one(world.store.db()).await.unwrap();
    counter.expect("a founded tenant has a counter").position
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}

fn put(plan: &mut Value, path: &str, value: Value) {
    let mut place = plan;
    for part in path.split('.') {
        if place.is_array() {
            place = &mut place[0];
        }
        place = &mut place[part];
    }
    *place = value;
}

fn names(plan: &Value, found: &mut Vec<String>) {
    match plan {
        Value::String(text) => found.extend(text.strip_prefix('@').map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| names(value, found)),
        _ => {}
    }
}

fn fill(plan: &mut Value, row: &impl Fn(&str) -> String) {
    match plan {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                *text = row(name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, row)),
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, row)),
        _ => {}
    }
}
