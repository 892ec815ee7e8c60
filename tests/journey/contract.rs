//! The schema as a contract: what has changed is classified, lists state their cost, deprecations their date, names follow their rules,
//! and the page of the API names the codes that there are.

use std::collections::BTreeSet;

use api::{
    cli::{self, Cli},
    policy::{Role, RoleSet},
    schema::{
        self,
        changes::{Harm, Kind, changes},
    },
};
use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition},
};

/// What was, what is, and what has changed. Where both sides of a change are of interest the case stands twice.
const CHANGES: &[(&str, &str, &[&str])] = &[
    ("type A { a: Int }", "type A { a: Int }", &[]),
    ("type A { a: Int } type B { a: Int }", "type A { a: Int }", &["BREAKING TYPE_REMOVED B"]),
    ("scalar A", "scalar A scalar B", &["SAFE TYPE_ADDED B"]),
    ("type A { a: Int }", "input A { a: Int }", &["BREAKING TYPE_CHANGED_KIND A: an object became an input"]),
    ("scalar A", "enum A { B }", &["BREAKING TYPE_CHANGED_KIND A: a scalar became an enum"]),
    ("interface A { a: Int }", "union A = B", &["BREAKING TYPE_CHANGED_KIND A: an interface became a union"]),
    ("union A = B | C", "union A = B", &["BREAKING TYPE_REMOVED_FROM_UNION A: C"]),
    ("union A = B", "union A = B | C", &["DANGEROUS TYPE_ADDED_TO_UNION A: C"]),
    ("enum A { B C }", "enum A { B }", &["BREAKING VALUE_REMOVED_FROM_ENUM A.C"]),
    ("enum A { B }", "enum A { B C }", &["DANGEROUS VALUE_ADDED_TO_ENUM A.C"]),
    ("input A { a: Int }", "input A { a: Int b: Int! }", &["BREAKING REQUIRED_INPUT_FIELD_ADDED A.b"]),
    ("input A { a: Int }", "input A { a: Int b: Int! = 1 }", &["DANGEROUS OPTIONAL_INPUT_FIELD_ADDED A.b"]),
    ("input A { a: Int }", "input A { a: Int b: Int }", &["DANGEROUS OPTIONAL_INPUT_FIELD_ADDED A.b"]),
    ("input A { a: Int b: Int }", "input A { a: Int }", &["BREAKING FIELD_REMOVED A.b"]),
    ("input A { a: Int }", "input A { a: Int! }", &["BREAKING FIELD_CHANGED_KIND A.a: Int became Int!"]),
    ("input A { a: Int! }", "input A { a: Int }", &["SAFE FIELD_CHANGED_KIND_SAFE A.a: Int! became Int"]),
    ("input A { a: [Int!]! }", "input A { a: [Int] }", &["SAFE FIELD_CHANGED_KIND_SAFE A.a: [Int!]! became [Int]"]),
    ("input A { a: Int }", "input A { a: [Int] }", &["BREAKING FIELD_CHANGED_KIND A.a: Int became [Int]"]),
    ("input A { a: Int = 1 }", "input A { a: Int = 2 }", &["SAFE INPUT_DEFAULT_VALUE_CHANGED A.a: 1 became 2"]),
    ("type A implements B { a: Int }", "type A { a: Int }", &["BREAKING IMPLEMENTED_INTERFACE_REMOVED A: B"]),
    ("type A { a: Int }", "type A implements B { a: Int }", &["DANGEROUS IMPLEMENTED_INTERFACE_ADDED A: B"]),
    ("interface A implements B { a: Int }", "interface A { a: Int }", &["BREAKING IMPLEMENTED_INTERFACE_REMOVED A: B"]),
    ("type A { a: Int b: Int }", "type A { a: Int }", &["BREAKING FIELD_REMOVED A.b"]),
    ("interface A { a: Int b: Int }", "interface A { a: Int }", &["BREAKING FIELD_REMOVED A.b"]),
    ("type A { a: Int }", "type A { a: Int b: Int }", &["SAFE FIELD_ADDED A.b"]),
    ("type A { a: Int }", "type A { a: String }", &["BREAKING FIELD_CHANGED_KIND A.a: Int became String"]),
    ("type A { a: Int! }", "type A { a: Int }", &["BREAKING FIELD_CHANGED_KIND A.a: Int! became Int"]),
    ("type A { a: Int }", "type A { a: Int! }", &["SAFE FIELD_CHANGED_KIND_SAFE A.a: Int became Int!"]),
    ("type A { a: [Int] }", "type A { a: [Int!]! }", &["SAFE FIELD_CHANGED_KIND_SAFE A.a: [Int] became [Int!]!"]),
    ("type A { a: [Int!] }", "type A { a: [Int] }", &["BREAKING FIELD_CHANGED_KIND A.a: [Int!] became [Int]"]),
    ("type A { a: Int }", "type A { a: [Int] }", &["BREAKING FIELD_CHANGED_KIND A.a: Int became [Int]"]),
    ("type A { a: Int }", "type A { a(b: Int!): Int }", &["BREAKING REQUIRED_ARG_ADDED A.a(b:)"]),
    ("type A { a: Int }", "type A { a(b: Int! = 1): Int }", &["DANGEROUS OPTIONAL_ARG_ADDED A.a(b:)"]),
    ("type A { a: Int }", "type A { a(b: Int): Int }", &["DANGEROUS OPTIONAL_ARG_ADDED A.a(b:)"]),
    ("type A { a(b: Int): Int }", "type A { a: Int }", &["BREAKING ARG_REMOVED A.a(b:)"]),
    (
        "type A { a(b: Int): Int }",
        "type A { a(b: Int!): Int }",
        &["BREAKING ARG_CHANGED_KIND A.a(b:): Int became Int!"],
    ),
    (
        "type A { a(b: Int): Int }",
        "type A { a(b: String): Int }",
        &["BREAKING ARG_CHANGED_KIND A.a(b:): Int became String"],
    ),
    (
        "type A { a(b: Int!): Int }",
        "type A { a(b: Int): Int }",
        &["SAFE ARG_CHANGED_KIND_SAFE A.a(b:): Int! became Int"],
    ),
    (
        "type A { a(b: Int = 1): Int }",
        "type A { a(b: Int = 2): Int }",
        &["DANGEROUS ARG_DEFAULT_VALUE_CHANGE A.a(b:): 1 became 2"],
    ),
    (
        "type A { a(b: Int = 1): Int }",
        "type A { a(b: Int): Int }",
        &["DANGEROUS ARG_DEFAULT_VALUE_CHANGE A.a(b:): 1 became none"],
    ),
    (
        "type A { a(b: Int): Int }",
        "type A { a(b: Int = 1): Int }",
        &["SAFE ARG_DEFAULT_VALUE_ADDED A.a(b:): none became 1"],
    ),
    ("directive @a on FIELD directive @b on FIELD", "directive @a on FIELD", &["BREAKING DIRECTIVE_REMOVED @b"]),
    ("directive @a on FIELD", "directive @a on FIELD directive @b on FIELD", &["SAFE DIRECTIVE_ADDED @b"]),
    ("directive @a(b: Int) on FIELD", "directive @a on FIELD", &["BREAKING DIRECTIVE_ARG_REMOVED @a(b:)"]),
    ("directive @a on FIELD", "directive @a(b: Int!) on FIELD", &["BREAKING REQUIRED_DIRECTIVE_ARG_ADDED @a(b:)"]),
    ("directive @a on FIELD", "directive @a(b: Int) on FIELD", &["SAFE OPTIONAL_DIRECTIVE_ARG_ADDED @a(b:)"]),
    ("directive @a repeatable on FIELD", "directive @a on FIELD", &["BREAKING DIRECTIVE_REPEATABLE_REMOVED @a"]),
    ("directive @a on FIELD", "directive @a repeatable on FIELD", &["SAFE DIRECTIVE_REPEATABLE_ADDED @a"]),
    ("directive @a on FIELD | QUERY", "directive @a on FIELD", &["BREAKING DIRECTIVE_LOCATION_REMOVED @a: Query"]),
    ("directive @a on FIELD", "directive @a on FIELD | QUERY", &["SAFE DIRECTIVE_LOCATION_ADDED @a: Query"]),
    (
        "type A { a: Int }",
        "type A { a: Int @deprecated(reason: \"b\") }",
        &["SAFE DEPRECATION_CHANGED A.a: none became b"],
    ),
    ("enum A { B @deprecated }", "enum A { B }", &["SAFE DEPRECATION_CHANGED A.B: No longer supported became none"]),
    ("\"a\" type A { a: Int }", "\"b\" type A { a: Int }", &["SAFE DESCRIPTION_CHANGED A"]),
    ("type A { a(\"a\" b: Int): Int }", "type A { a(b: Int): Int }", &["SAFE DESCRIPTION_CHANGED A.a(b:)"]),
    // the worst first
    (
        "type A { a: Int b: Int } enum C { D }",
        "type A { a: Int c: Int } enum C { D E }",
        &["BREAKING FIELD_REMOVED A.b", "DANGEROUS VALUE_ADDED_TO_ENUM C.E", "SAFE FIELD_ADDED A.c"],
    ),
];

#[test]
fn changes_are_classified_by_the_rules_of_graphql_js() {
    let mut reached = BTreeSet::new();
    for (before, after, expected) in CHANGES {
        let found = changes(before, after).unwrap();
        let told: Vec<String> =
            found.iter().map(|change| change.to_string().split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(told, *expected, "{before} → {after}");
        reached.extend(found.into_iter().map(|change| change.kind));
    }
    let missed: Vec<&Kind> = Kind::ALL.iter().filter(|kind| !reached.contains(kind)).collect();
    assert!(missed.is_empty(), "no case for {missed:?}");
    assert!(changes("type A {", "").is_err());
}

#[test]
fn the_last_release_can_be_compared() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/released");
    let mut names = vec![("schema".to_owned(), RoleSet::ALL)];
    names.extend(Role::ALL.map(|role| (role.to_string(), role.into())));
    for (name, roles) in names {
        let released = std::fs::read_to_string(folder.join(format!("{name}.graphql"))).unwrap();
        let now = schema::sdl(roles);
        assert_eq!(changes(&now, &now).unwrap(), [], "{name}");
        let found = changes(&released, &now).unwrap();
        // nothing is lost on the way: what went is found again as what came
        let back = changes(&now, &released).unwrap();
        let count = |found: &[schema::changes::Change], kind| found.iter().filter(|it| it.kind == kind).count();
        assert_eq!(count(&found, Kind::TypeAdded), count(&back, Kind::TypeRemoved), "{name}");
        assert_eq!(count(&found, Kind::TypeRemoved), count(&back, Kind::TypeAdded), "{name}");
    }
}

#[tokio::test]
async fn the_command_fails_where_something_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |file: &str, more: &[&str]| {
        let file = folder.path().join(file).display().to_string();
        let line = ["journey", "schema", "--role", "analyst", "--check-against", &file];
        let cli = Cli::read(line.iter().chain(more).map(Into::into)).unwrap();
        cli::run(cli).await.map(|code| format!("{code:?}")).map_err(|error| format!("{error:#}"))
    };
    let (fine, broken) =
        (Ok(format!("{:?}", std::process::ExitCode::SUCCESS)), Ok(format!("{:?}", std::process::ExitCode::from(1))));
    let now = schema::sdl(Role::Analyst.into());
    std::fs::write(folder.path().join("same.graphql"), &now).unwrap();
    std::fs::write(folder.path().join("more.graphql"), format!("{now}\ntype Gone {{ a: Int }}")).unwrap();
    std::fs::write(folder.path().join("less.graphql"), "type Query { me: Me! }").unwrap();
    std::fs::write(folder.path().join("none.graphql"), "nothing").unwrap();
    assert_eq!(run("same.graphql", &[]).await, fine);
    assert_eq!(run("less.graphql", &[]).await, fine);
    assert_eq!(run("more.graphql", &[]).await, broken);
    assert_eq!(run("more.graphql", &["--allow-breaking"]).await, fine);
    assert!(run("none.graphql", &[]).await.is_err_and(|words| words.contains("none.graphql is no schema")));
    // a folder: each role's own file, and a role without one is new
    std::fs::create_dir(folder.path().join("released")).unwrap();
    assert_eq!(run("released", &[]).await, fine);
    std::fs::write(folder.path().join("released/analyst.graphql"), format!("{now}\ntype Gone {{ a: Int }}")).unwrap();
    assert_eq!(run("released", &[]).await, broken);
    assert_eq!(Kind::TypeRemoved.harm(), Harm::Breaking);
}

fn types(text: &str) -> Vec<TypeDefinition> {
    let definitions = parse_schema(text).unwrap().definitions.into_iter();
    definitions
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some(ty.node),
            _ => None,
        })
        .collect()
}

/// The fields that a type answers; none for inputs.
fn fields(ty: &TypeDefinition) -> impl Iterator<Item = &FieldDefinition> {
    let fields = match &ty.kind {
        TypeKind::Object(object) => object.fields.as_slice(),
        TypeKind::Interface(interface) => interface.fields.as_slice(),
        _ => &[],
    };
    fields.iter().map(|field| &field.node)
}

#[test]
fn every_list_states_its_cost() {
    let mut silent = Vec::new();
    let mut stated = 0;
    for ty in types(&schema::sdl(RoleSet::ALL)) {
        for field in fields(&ty) {
            let is_list = matches!(field.ty.node.base, BaseType::List(_));
            let is_page = field.ty.node.to_string().trim_end_matches('!').ends_with("Connection");
            let words = field.description.as_ref().map(|words| words.node.as_str()).unwrap_or_default();
            match words.contains("Cost: 1") {
                said if said == (is_list || is_page) => stated += usize::from(said),
                _ => silent.push(format!("{}.{}: {words}", ty.name.node, field.name.node)),
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
    assert!(stated > 300, "{stated}");
}

/// The places of a schema whose deprecation names no day from which on it may be gone.
fn undated(text: &str) -> Vec<String> {
    let dated = |reason: &str| {
        reason
            .split(|letter: char| !letter.is_ascii_digit() && letter != '-')
            .any(|word| word.len() == 10 && word.parse::<chrono::NaiveDate>().is_ok())
    };
    let mut found = Vec::new();
    for ty in types(text) {
        let mut look =
            |place: String, marks: &[async_graphql::Positioned<async_graphql::parser::types::ConstDirective>]| {
                for mark in marks.iter().filter(|mark| mark.node.name.node == "deprecated") {
                    let reason = mark.node.get_argument("reason").map(|reason| reason.node.to_string());
                    if !reason.is_some_and(|reason| dated(&reason)) {
                        found.push(place.clone());
                    }
                }
            };
        let name = &ty.name.node;
        for field in fields(&ty) {
            look(format!("{name}.{}", field.name.node), &field.directives);
            for argument in &field.arguments {
                let place = format!("{name}.{}({}:)", field.name.node, argument.node.name.node);
                look(place, &argument.node.directives);
            }
        }
        match &ty.kind {
            TypeKind::Enum(values) => {
                for value in &values.values {
                    look(format!("{name}.{}", value.node.value.node), &value.node.directives);
                }
            }
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    look(format!("{name}.{}", field.node.name.node), &field.node.directives);
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn deprecations_say_why_and_until_when() {
    let made_up = "
        type A {
            good: Int @deprecated(reason: \"Use `b`. It stays until 2027-03-01.\")
            bare: Int @deprecated
            wordy: Int @deprecated(reason: \"Use `b`, soon.\")
            noDay: Int @deprecated(reason: \"Use `b`. It stays until 2027-02-30.\")
            taking(old: Int @deprecated(reason: \"gone\")): Int
        }
        enum E { GOOD @deprecated(reason: \"2027-03-01\") BAD @deprecated(reason: \"2027-03\") }
        input I { a: Int @deprecated(reason: \"no\") }";
    assert_eq!(undated(made_up), ["A.bare", "A.wordy", "A.noDay", "A.taking(old:)", "E.BAD", "I.a"]);
    assert_eq!(undated(&schema::sdl(RoleSet::ALL)), Vec::<String>::new());
}

/// Shortened words that a name must not have. Terms of the trade that are never written out (SLA, MQL, UTM, URL) are words.
const SHORTENED: [&str; 32] = [
    "acct", "addr", "amt", "attr", "cfg", "cnt", "cust", "dept", "desc", "dt", "emp", "evt", "idx", "mgr", "msg",
    "num", "opp", "org", "param", "params", "pct", "prio", "prod", "qty", "ref", "seq", "src", "tel", "tmp", "ts",
    "usr", "val",
];

/// Second words for what has a name already: what not to call it, and what it is called.
const SECOND: [(&str, &str); 14] = [
    ("company", "account"),
    ("customer", "account"),
    ("client", "account"),
    ("person", "contact"),
    ("deal", "opportunity"),
    ("case", "ticket"),
    ("incident", "ticket"),
    ("appointment", "meeting"),
    ("user", "colleague"),
    ("modify", "update"),
    ("edit", "update"),
    ("destroy", "delete"),
    ("get", "the noun alone"),
    ("fetch", "the noun alone"),
];

/// The words of a name in camel case or with underscores, small.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for letter in name.chars() {
        if before == '_' || letter.is_uppercase() && !before.is_uppercase() {
            words.push(String::new());
        }
        if letter != '_' {
            words.last_mut().unwrap().extend(letter.to_lowercase());
        }
        before = letter;
    }
    words
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

fn is_camel(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

fn is_screaming(name: &str) -> bool {
    name.split('_').all(|word| {
        !word.is_empty() && word.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
    }) && name.starts_with(|letter: char| letter.is_ascii_uppercase())
}

fn pascal(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

/// What is wrong with the names of a schema.
fn misnamed(text: &str) -> Vec<String> {
    let types = types(text);
    let mut wrong = Vec::new();
    let mut must = |fine: bool, what: String| wrong.extend((!fine).then_some(what));
    let objects: BTreeSet<String> =
        types.iter().filter(|ty| matches!(ty.kind, TypeKind::Object(_))).map(|ty| ty.name.node.to_string()).collect();
    let short = |name: &str| words(name).into_iter().find(|word| SHORTENED.contains(&word.as_str()));
    let second = |name: &str| {
        let words = words(name);
        SECOND.into_iter().find(|(word, _)| words.iter().any(|it| it == word))
    };
    for ty in &types {
        let name = ty.name.node.as_str();
        must(is_pascal(name) && short(name).is_none(), format!("{name} is no name of a type"));
        if name != "UserError" && name != "UserErrorCode" {
            let other = second(name).map(|(_, better)| better);
            must(other.is_none(), format!("{name} is called {} here", other.unwrap_or_default()));
        }
        let is_input = matches!(ty.kind, TypeKind::InputObject(_));
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        must(is_input == ends(&["Input", "Filter", "Sort"]), format!("{name}: inputs end with Input, Filter or Sort"));
        for field in fields(ty) {
            let field_name = field.name.node.as_str();
            must(
                is_camel(field_name) && short(field_name).is_none(),
                format!("{name}.{field_name} is no name of a field"),
            );
            for argument in &field.arguments {
                let argument = argument.node.name.node.as_str();
                must(
                    is_camel(argument) && short(argument).is_none(),
                    format!("{name}.{field_name}({argument}:) is no name"),
                );
            }
        }
        let field =
            |wanted: &str| fields(ty).find(|field| field.name.node == wanted).map(|field| field.ty.node.to_string());
        match &ty.kind {
            TypeKind::Enum(values) => {
                for value in &values.values {
                    let value = value.node.value.node.as_str();
                    must(is_screaming(value), format!("{name}.{value} is no name of a value"));
                }
            }
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    let field = field.node.name.node.as_str();
                    must(is_camel(field) && short(field).is_none(), format!("{name}.{field} is no name of a field"));
                }
            }
            TypeKind::Object(_) if name == "Mutation" => {
                for field in fields(ty) {
                    let name = field.name.node.as_str();
                    let words = words(name);
                    let verb = words.len() > 1 && !objects.contains(&pascal(&words[0]));
                    must(verb, format!("{name}: a mutation begins with a verb and goes on with its object"));
                    must(second(name).is_none(), format!("{name}: {:?}", second(name)));
                    must(
                        // All batches answer alike.
                        field.ty.node.to_string() == format!("{}Payload!", pascal(name))
                            || (words[0] == "upsert" && field.ty.node.to_string() == "UpsertPayload!"),
                        format!("{name} answers {}", field.ty.node),
                    );
                    let takes: Vec<String> =
                        field.arguments.iter().map(|argument| argument.node.name.node.to_string()).collect();
                    must(takes.is_empty() || takes == ["input"], format!("{name} takes one input, not {takes:?}"));
                    let is_input = |ty: &Type| !ty.nullable && ty.to_string().ends_with("Input!");
                    must(
                        field.arguments.iter().all(|argument| is_input(&argument.node.ty.node)),
                        format!("{name}: its input"),
                    );
                }
            }
            TypeKind::Object(_) if name.ends_with("Payload") => {
                must(field("userErrors").as_deref() == Some("[UserError!]!"), format!("{name} has no userErrors"));
            }
            TypeKind::Object(_) if name.ends_with("Connection") => {
                let of = name.trim_end_matches("Connection");
                must(field("edges") == Some(format!("[{of}Edge!]!")), format!("{name}.edges"));
                must(field("nodes").is_some_and(|ty| ty.starts_with('[')), format!("{name}.nodes"));
                must(field("pageInfo").is_some_and(|ty| ty.ends_with("PageInfo!")), format!("{name}.pageInfo"));
            }
            TypeKind::Object(_) if name.ends_with("Edge") => {
                must(field("cursor").as_deref() == Some("String!"), format!("{name}.cursor"));
                must(field("node").is_some(), format!("{name}.node"));
            }
            _ => {}
        }
    }
    wrong
}

#[test]
fn names_follow_their_rules() {
    let made_up = "
        type account { Name: Int qty: Int list(Max: Int): Int }
        enum Colour { Red DARK_BLUE }
        input Paint { a_b: Int }
        type Customer { id: ID! }
        type Mutation {
            accountCreate(input: PaintInput!): AccountCreatePayload!
            create(input: PaintInput): Int
            deleteDeal(id: ID!): DeleteDealPayload!
        }
        type Account { id: ID! }
        type DeleteDealPayload { done: Boolean }
        type AccountConnection { nodes: [Account!]! }
        type AccountEdge { cursor: Int }";
    let expected = [
        "account is no name of a type",
        "account.Name is no name of a field",
        "account.qty is no name of a field",
        "account.list(Max:) is no name",
        "Colour.Red is no name of a value",
        "Paint: inputs end with Input, Filter or Sort",
        "Paint.a_b is no name of a field",
        "Customer is called account here",
        "accountCreate: a mutation begins with a verb and goes on with its object",
        "create: a mutation begins with a verb and goes on with its object",
        "create answers Int",
        "create: its input",
        "deleteDeal: Some((\"deal\", \"opportunity\"))",
        "deleteDeal takes one input, not [\"id\"]",
        "deleteDeal: its input",
        "DeleteDealPayload is called opportunity here",
        "DeleteDealPayload has no userErrors",
        "AccountConnection.edges",
        "AccountConnection.pageInfo",
        "AccountEdge.cursor",
        "AccountEdge.node",
    ];
    assert_eq!(misnamed(made_up), expected);
    assert_eq!(misnamed(&schema::sdl(RoleSet::ALL)), Vec::<String>::new());
}

/// The codes that a table of the page lists: the first cell of each line, from a heading to the next.
fn listed(page: &str, heading: &str) -> BTreeSet<String> {
    let after = page.split(&format!("\n{heading}\n")).nth(1).unwrap_or_else(|| panic!("no {heading}"));
    let lines = after.lines().take_while(|line| !line.starts_with("## "));
    lines.filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned())).collect()
}

/// The texts in a piece of the program that look like codes.
fn codes(file: &str, from: &str, to: &str) -> BTreeSet<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let piece = text.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap();
    let quoted = piece.split('"').skip(1).step_by(2);
    quoted.filter(|text| is_screaming(text)).map(str::to_owned).collect()
}

#[test]
fn the_page_names_every_code_and_no_other() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md")).unwrap();
    let refusals = types(&schema::sdl(RoleSet::ALL)).into_iter().find(|ty| ty.name.node == "UserErrorCode").unwrap();
    let TypeKind::Enum(values) = refusals.kind else { panic!("UserErrorCode is no enum") };
    let refusals: BTreeSet<String> = values.values.iter().map(|value| value.node.value.node.to_string()).collect();
    assert_eq!(listed(&page, "### Codes in `userErrors`"), refusals);
    let mut errors = codes("graph/error.rs", "pub fn code(&self)", "\nimpl ");
    errors.extend(codes("http/answer.rs", "pub mod code {", "\n}"));
    assert!(errors.len() > 8, "{errors:?}");
    assert_eq!(listed(&page, "## Errors"), errors);
    // and it ends as it should
    let last = page.rsplit("\n## ").next().unwrap();
    assert!(last.starts_with("Known quirks\n"), "{last}");
}
