//! The access table and the schemas that come of it: what each role's schema holds is computed here a second time, naively,
//! from the marks of the whole graph and the cells of the table.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use api::{
    policy::{Class, Mark, Role, RoleSet, Sight, Type, table},
    schema::{self, Mutation, Query, Subscription},
};
use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, Schema, ServerError, ServerResult,
    parser::types::Directive,
    registry::{MetaInputValue, MetaType, MetaTypeName, Registry},
};
use serde_json::{Value, json};
use tests::{World, each_engine};

/// A field, an input field or an argument, as the whole graph declares it.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    marks: Vec<Mark>,
    ty: String,
    /// The types of the arguments that must be given.
    needs: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Object(Vec<String>),
    Interface,
    Union(Vec<String>),
    Input,
    Leaf,
}

pub(super) type Graph = BTreeMap<String, (Kind, BTreeMap<String, Declared>)>;

/// Reads the registry before it is pruned.
struct Capture(Arc<Mutex<Graph>>);

impl CustomDirectiveFactory for Capture {
    fn name(&self) -> Cow<'static, str> {
        "__capture".into()
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Err(ServerError::new("unknown directive", None))
    }

    fn register(&self, registry: &mut Registry) {
        *self.0.lock().unwrap() =
            registry.types.iter().map(|(name, ty)| (name.clone(), read(registry, name, ty))).collect();
    }
}

fn read(registry: &Registry, name: &str, ty: &MetaType) -> (Kind, BTreeMap<String, Declared>) {
    let concrete = |ty: &str| MetaTypeName::concrete_typename(ty).to_owned();
    let required = |arg: &MetaInputValue| MetaTypeName::create(&arg.ty).is_non_null() && arg.default_value.is_none();
    match ty {
        MetaType::Object { fields, .. } | MetaType::Interface { fields, .. } => {
            let own = fields.iter().filter(|(name, _)| !name.starts_with("__"));
            let declared = own.map(|(name, field)| {
                let needs = field.args.values().filter(|arg| required(arg)).map(|arg| concrete(&arg.ty)).collect();
                let marks = Mark::all(&field.directive_invocations).collect();
                (name.clone(), Declared { marks, ty: concrete(&field.ty), needs })
            });
            let kind = match ty {
                MetaType::Object { .. } => {
                    Kind::Object(registry.implements.get(name).into_iter().flatten().cloned().collect())
                }
                _ => Kind::Interface,
            };
            (kind, declared.collect())
        }
        MetaType::InputObject { input_fields, .. } => {
            let declared = input_fields.iter().map(|(name, field)| {
                let marks = Mark::all(&field.directive_invocations).collect();
                (name.clone(), Declared { marks, ty: concrete(&field.ty), needs: Vec::new() })
            });
            (Kind::Input, declared.collect())
        }
        MetaType::Union { possible_types, .. } => {
            (Kind::Union(possible_types.iter().cloned().collect()), BTreeMap::new())
        }
        MetaType::Scalar { .. } | MetaType::Enum { .. } => (Kind::Leaf, BTreeMap::new()),
    }
}

pub(super) fn whole_graph() -> Graph {
    let graph = Arc::new(Mutex::new(Graph::new()));
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default());
    let _ = schema.directive(Capture(graph.clone())).finish();
    let graph = graph.lock().unwrap();
    graph.iter().filter(|(name, _)| !name.starts_with("__")).map(|(name, ty)| (name.clone(), ty.clone())).collect()
}

/// Which types each mutation says that it writes.
pub(super) fn written_by(graph: &Graph) -> BTreeMap<String, Vec<Type>> {
    let written = |field: &Declared| field.marks.iter().filter(|mark| mark.write).map(|mark| mark.of).collect();
    graph["Mutation"].1.iter().map(|(name, field)| (name.clone(), written(field))).collect()
}

/// Whether a role may use a field, straight from the cells.
fn allowed(mark: &Mark, field: &str, role: Role) -> bool {
    let field = mark.field.as_deref().unwrap_or(field);
    let cell = table::cell(mark.of, role);
    match (mark.class, mark.write) {
        (None, false) => cell.iter().any(|grant| grant.rights.reads() || grant.rights.writes()),
        (None, true) => cell
            .iter()
            .any(|grant| Class::ALL.iter().any(|class| grant.rights.may_write(*class, field)) || grant.rights.writes()),
        (Some(class), false) if mark.figure => cell.iter().any(|grant| {
            let verb = grant.rights.on(class, field);
            verb.sight == Sight::Clear || verb.aggregate
        }),
        (Some(class), false) => {
            let least = if mark.clear { Sight::Clear } else { Sight::Pseudonym };
            cell.iter().any(|grant| grant.rights.sight(class, field) >= least)
        }
        (Some(class), true) => cell.iter().any(|grant| grant.rights.may_write(class, field)),
    }
}

/// What the schema of a role holds: every allowed field that leads somewhere, reached from a root.
fn expected(graph: &Graph, role: Role) -> BTreeMap<String, BTreeSet<String>> {
    let mut left: BTreeMap<String, BTreeMap<String, Declared>> = graph
        .iter()
        .map(|(ty, (_, fields))| {
            let kept = fields.iter().filter(|(name, field)| field.marks.iter().all(|mark| allowed(mark, name, role)));
            (ty.clone(), kept.map(|(name, field)| (name.clone(), field.clone())).collect())
        })
        .collect();
    loop {
        let dead: BTreeSet<String> = graph
            .iter()
            .filter(|(name, (kind, _))| match (kind, left.get(*name)) {
                (_, None) => true,
                (Kind::Leaf, _) => false,
                (Kind::Union(members), _) => !members.iter().any(|member| left.contains_key(member)),
                (Kind::Interface, Some(fields)) => {
                    fields.is_empty()
                        || !graph.iter().any(|(object, (kind, _))| {
                            matches!(kind, Kind::Object(of) if of.contains(name)) && left.contains_key(object)
                        })
                }
                // A record without an id is one on which the role has no right at all.
                (Kind::Object(of), Some(fields))
                    if of.iter().any(|interface| interface == "Node") && !fields.contains_key("id") =>
                {
                    true
                }
                // A list of what is gone is gone, and so is its edge.
                (Kind::Object(_) | Kind::Input, Some(fields)) => {
                    fields.is_empty() && *name != "Query"
                        || name.ends_with("Connection") && !fields.contains_key("edges")
                        || name.ends_with("Edge") && !fields.contains_key("node")
                }
            })
            .map(|(name, _)| name.clone())
            .collect();
        let before: usize = left.values().map(BTreeMap::len).sum::<usize>() + left.len();
        left.retain(|name, _| !dead.contains(name));
        for fields in left.values_mut() {
            fields.retain(|_, field| !dead.contains(&field.ty) && !field.needs.iter().any(|need| dead.contains(need)));
        }
        if before == left.values().map(BTreeMap::len).sum::<usize>() + left.len() {
            break;
        }
    }
    left.into_iter().map(|(ty, fields)| (ty, fields.into_keys().collect())).collect()
}

/// What a client is told, by introspection.
async fn told(role: Role) -> BTreeMap<String, BTreeSet<String>> {
    let schema = schema::unlimited(role.into());
    let answer = schema
        .execute("{ __schema { types { name fields(includeDeprecated: true) { name } inputFields { name } } } }")
        .await;
    let answer = serde_json::to_value(answer).unwrap();
    let types = answer["data"]["__schema"]["types"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    types
        .iter()
        .filter(|ty| !ty["name"].as_str().unwrap().starts_with("__"))
        .map(|ty| {
            let names = [&ty["fields"], &ty["inputFields"]].into_iter().filter_map(Value::as_array).flatten();
            (text(&ty["name"]), names.map(|field| text(&field["name"])).collect())
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_schema_holds_what_the_table_allows_and_nothing_else() {
    let graph = whole_graph();
    for role in Role::ALL {
        let (told, expected) = (told(role).await, expected(&graph, role));
        for (ty, fields) in &told {
            let Some((kind, _)) = graph.get(ty) else {
                // The scalars of the language itself.
                assert!(["Boolean", "Float", "Int", "String"].contains(&ty.as_str()), "{role}: {ty} came from nowhere");
                continue;
            };
            let more: Vec<_> = fields.difference(&expected[ty]).collect();
            let less: Vec<_> = expected[ty].difference(fields).collect();
            assert!(more.is_empty() && less.is_empty(), "{role}: {ty} {kind:?}: shown {more:?}, missing {less:?}");
        }
        // A type that is not shown is one that no shown field leads to.
        for ty in expected.keys().filter(|ty| !told.contains_key(*ty)) {
            for (from, fields) in &told {
                let Some((_, declared)) = graph.get(from) else { continue };
                for field in fields {
                    assert_ne!(&declared[field].ty, ty, "{role}: {from}.{field} leads to {ty}, which is missing");
                }
            }
        }
    }
}

/// Types whose fields need no mark: what holds rows together, but holds no row.
fn is_structural(name: &str) -> bool {
    ["Connection", "Edge", "Payload", "Desk"].iter().any(|end| name.ends_with(end))
        || STRUCTURAL.contains(&name)
        || FIGURES.contains(&name)
}

/// What is counted over rows that the caller sees, each field as the caller sees it: the field that leads there has the mark.
const FIGURES: &[&str] = &[
    "Ratio",
    "Reach",
    "LeadCount",
    "ReasonCount",
    "Acceptance",
    "TicketStatusCount",
    "TicketPriorityCount",
    "Workload",
    "SurveyScore",
    // The numbers: on whose rows each stands is judged by `Caller::basis`; tests/journey/numbers/scopes.rs asks as every role.
    "AccountHealth",
    "AcquisitionCost",
    "Aggregate",
    "Attribution",
    "AttributionRow",
    "ChangedBucket",
    "ChangedBuckets",
    "Cohort",
    "CohortCell",
    "Cohorts",
    "ConversionExclusion",
    "CreditArgument",
    "CreditExplanation",
    "CreditedRow",
    "Distribution",
    "Exclusion",
    "ExplainedRow",
    "Explanation",
    "FigureBucket",
    "FigureKey",
    "FigureRow",
    "FunnelAnswer",
    "FunnelGroup",
    "FunnelStep",
    "HealthPart",
    "JourneyLeg",
    "JourneyPath",
    "JourneyTimes",
    "LeadResponse",
    "LeadResponseBand",
    "LeadResponseTimes",
    "MetricDefinition",
    "MetricValue",
    "ModelCredit",
    "ModelMeta",
    "PipelineWaterfall",
    "SalesVelocity",
    "ScoreLine",
    "Scoreboard",
    "StageTime",
    "StageTimes",
    "TicketClockTimes",
    "TicketTimes",
    "TouchExclusion",
    "WaterfallPart",
];

/// Parts of pages and events, the interfaces (their types are marked), and what the house says about itself.
const STRUCTURAL: &[&str] = &[
    "PageInfo",
    "Analytics",
    "TimelinePageInfo",
    "UserError",
    "Money",
    "EventSubject",
    "TimelineChange",
    "JourneyEvent",
    "Node",
    "Me",
    "AccessRight",
    "TokenGrants",
    "ServiceConfig",
    "ScorePart",
    "SearchHit",
    "Tenant",
    "BusinessHours",
    "FileLink",
    "HandoverInboxChange",
    // What became of a batch: ids and versions of what the caller itself wrote.
    "UpsertRow",
    "UpsertTotals",
    // Two records that the caller sees, and why they may be one; what a merge did to what it may write.
    "AccountDuplicate",
    "ContactDuplicate",
    "DuplicatePart",
    "Identification",
    "MergeChange",
    "MergeKept",
    "MergePreview",
    "RecordMerge",
];

/// The roots that everybody has: who am I, what may I ask, and the look-up whose type decides.
const EVERYBODYS: &[&str] = &["Query.me", "Query.node", "Query.nodes", "Query.serviceConfig", "Query.tenant"];

#[test]
fn every_field_of_a_row_has_a_mark() {
    let mut bare = Vec::new();
    for (ty, (kind, fields)) in whole_graph() {
        if matches!(kind, Kind::Input) || is_structural(&ty) {
            continue;
        }
        bare.extend(
            fields.iter().filter(|(_, field)| field.marks.is_empty()).map(|(field, _)| format!("{ty}.{field}")),
        );
    }
    bare.retain(|field| !EVERYBODYS.contains(&field.as_str()));
    assert!(bare.is_empty(), "these fields are everybody's: mark them, or say why not in `is_structural`: {bare:#?}");
}

/// Input fields that name what is written, and do not write it.
const NAMING: &[&str] = &[
    "id",
    "ifVersion",
    "subjectId",
    "boundary",
    "orderId",
    "accountId",
    "colleagueId",
    "leadId",
    "ticketId",
    "toColleagueId",
    "contactId",
    "opportunityId",
    "meetingId",
    "contractId",
    "toQueueId",
    "dueAt",
    "contactPoints",
    "touchpoints",
    "externalId",
    "changedAt",
    "deleted",
    "set",
    "onCreate",
    "onUpdate",
    "relations",
    "source",
    "mode",
    "errorPolicy",
    "conflict",
    "orphans",
    "dryRun",
    "idempotencyKey",
    "rows",
    "identities",
    "visitorId",
    "choices",
    "mergedId",
    "mergedIfVersion",
    "reason",
    "survivorId",
    "survivorIfVersion",
    "mergeId",
];

#[test]
fn every_input_of_a_mutation_says_what_it_writes() {
    let graph = whole_graph();
    for (name, mutation) in &graph["Mutation"].1 {
        assert!(mutation.marks.iter().any(|mark| mark.write), "{name} does not say what it writes");
    }
    let mut bare = Vec::new();
    for need in graph["Mutation"].1.values().flat_map(|mutation| &mutation.needs) {
        for (name, field) in &graph[need].1 {
            if field.marks.is_empty() && !NAMING.contains(&name.as_str()) {
                bare.push(format!("{need}.{name}"));
            }
            assert!(field.marks.iter().all(|mark| mark.write), "{need}.{name} is an input and says that it is read");
        }
    }
    assert!(bare.is_empty(), "these inputs write without a class: {bare:#?}");
}

#[test]
fn the_analyst_has_no_row() {
    let sdl = schema::sdl(Role::Analyst.into());
    for ty in ["type Account ", "type Contact ", "type Opportunity ", "type Ticket ", "JourneyEvent", "type Mutation"] {
        assert!(!sdl.contains(ty), "{ty}: {sdl}");
    }
}

/// A hidden field does not run, and nothing says that it exists.
#[tokio::test]
async fn what_a_schema_does_not_show_does_not_run() {
    let graph = whole_graph();
    each_engine(async |world: World| {
        for role in Role::ALL {
            let shown = told(role).await;
            let client = world.as_roles(&[role], "ada");
            for (field, declared) in &graph["Account"].1 {
                let more = if matches!(graph[&declared.ty].0, Kind::Leaf) { "" } else { "{ __typename }" };
                let query = format!("{{ accounts(first: 1) {{ nodes {{ {field} {more} }} }} }}");
                let answer = client.ask(&query, json!({})).await;
                let is_shown = shown.get("Account").is_some_and(|fields| fields.contains(field));
                assert_eq!(answer.body.get("errors").is_none(), is_shown, "{role} {field}: {answer}");
                assert!(!answer.body.to_string().contains("mean"), "{role} {field}: {answer}");
            }
        }
    })
    .await;
}

/// Compares a generated file with what it should hold, or writes it where `UPDATE_SCHEMA` is set.
pub fn generated(path: &str, text: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        return;
    }
    let held = std::fs::read_to_string(file).unwrap_or_default();
    let line = held.lines().zip(text.lines()).position(|(held, now)| held != now);
    let line = line.unwrap_or_else(|| held.lines().count().min(text.lines().count())) + 1;
    assert!(
        held == text,
        "{path} is not up to date from line {line} on: UPDATE_SCHEMA=1 cargo test -p tests writes it anew"
    );
}

#[test]
fn the_committed_schemas_are_up_to_date() {
    generated("schema.graphql", &schema::sdl(RoleSet::ALL));
    for role in Role::ALL {
        generated(&format!("schema/{role}.graphql"), &schema::sdl(role.into()));
    }
}

const BEGIN: &str = "<!-- generated from api/src/policy/table.rs -->\n";
const END: &str = "<!-- end of the generated part -->\n";

#[test]
fn the_printed_matrix_is_the_table() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/access.md")).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("docs/access.md has a generated part");
    let (_, after) = rest.split_once(END).expect("the generated part has an end");
    generated("docs/access.md", &format!("{before}{BEGIN}{}{END}{after}", api::policy::matrix::markdown()));
}
