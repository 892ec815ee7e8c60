//! Every mutation, found by introspection: one that is added is walked without anybody thinking of it. What the generator of
//! inputs cannot know stands in `walk/recipes.rs`.

use api::policy::{Role, RoleSet, Scope, Type, table};
use serde_json::{Value, json};
use tests::{Answer, Client, World, each_engine, id};
use uuid::Uuid;

use super::walk::{
    Extent, Spot, Walk,
    recipes::{MAY_BE_NEGATIVE, PAIRS, WITHOUT_INPUT},
    shape::{Field, Shape},
};

/// Somebody with every role, on the team of the walked customer.
fn everybody(world: &World) -> Client {
    world.as_roles(&Role::ALL, "sam")
}

async fn call(client: &Client, shape: &Shape, mutation: &Field, input: Value) -> Answer {
    client.ask(&shape.document(mutation), json!({ "input": input })).await
}

/// The refusal as `CODE at path`; what else came back, where it was none.
fn refusal(answer: &Answer) -> Result<(String, String), String> {
    if answer.body.get("errors").is_some() {
        return Err(format!("{} {}", answer.code().unwrap_or("?"), answer.message().unwrap_or("?")));
    }
    match answer.user_errors("answer").as_slice() {
        [] => Err("done".to_owned()),
        [error, ..] => Ok((error.code.clone(), error.path.clone())),
    }
}

/// Whether an answer refuses a place with one of the codes; else what is wrong.
fn refuses(answer: &Answer, spot: &Spot, codes: &[&str]) -> Option<String> {
    match refusal(answer) {
        Ok((code, path)) if codes.contains(&code.as_str()) && spot.is_named(&path) => {
            let made = answer.data("answer").as_object().unwrap();
            made.iter()
                .any(|(name, value)| name != "userErrors" && !value.is_null())
                .then(|| "made something".to_owned())
        }
        Ok((code, path)) => Some(format!("{code} at {path:?}")),
        Err(other) => Some(other),
    }
}

fn whole(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

#[tokio::test]
async fn each_takes_one_input_and_answers_a_payload() {
    let shape = Shape::of(RoleSet::ALL).await;
    let mut wrong = Vec::new();
    for mutation in &shape.mutations() {
        let name = &mutation.name;
        let mut must = |holds: bool, what: &str| wrong.extend((!holds).then(|| format!("{name}: {what}")));
        match mutation.args.as_slice() {
            [input] => {
                must(input.name == "input" && input.of.required && !input.of.list, "its argument is `input`, required");
                must(input.of.kind == "INPUT_OBJECT", "its input is an object");
            }
            args => {
                must(args.is_empty() && WITHOUT_INPUT.iter().any(|(known, _)| known == name), "it takes one `input`")
            }
        }
        let fields = shape.input(mutation);
        let version = fields.iter().find(|field| field.name == "ifVersion");
        must(
            version.is_none_or(|field| field.of.name == "Int" && !field.of.required),
            "`ifVersion` is an Int that may be left out",
        );
        must(
            version.is_some() || !fields.iter().any(|field| field.name == "id"),
            "what changes something has `ifVersion`",
        );
        must(mutation.of.required && mutation.of.name.ends_with("Payload"), "it answers a payload");
        let payload = &shape.objects[&mutation.of.name];
        must(payload.len() > 1, "its payload holds what was made");
        for field in payload {
            match field.name.as_str() {
                "userErrors" => {
                    must(field.of.required && field.of.list && field.of.name == "UserError", "userErrors is a list")
                }
                other => must(!field.of.required, &format!("{other} is null where nothing happened")),
            }
        }
        must(payload.iter().any(|field| field.name == "userErrors"), "its payload has userErrors");
    }
    let said = &shape.objects["UserError"];
    for name in ["code", "path", "message"] {
        assert!(said.iter().any(|field| field.name == name && field.of.required), "UserError.{name}");
    }
    whole(&wrong);
}

#[tokio::test]
async fn each_goes_through_with_good_inputs_and_takes_no_id_of_nobody_or_somebody_else() {
    each_engine(async |world: World| {
        let mut walk = Walk::of(&world, RoleSet::ALL).await;
        let everybody = everybody(&world);
        let mut wrong = Vec::new();
        for mutation in walk.shape.mutations() {
            let name = &mutation.name;
            walk.anew();
            for spot in walk.spots(&mutation) {
                let Some(kind) = spot.kind(name) else { continue };
                let theirs = walk.foreign(kind).await;
                let other = if kind == api::graph::Kind::Colleague {
                    api::graph::Kind::Queue
                } else {
                    api::graph::Kind::Colleague
                };
                let mistaken = world.acme.cast.sue;
                // The rows that the input names are there before anything is asked.
                walk.spoilt(&mutation, &spot, &Value::Null).await;
                let before = walk.positions().await;
                let mut said = Vec::new();
                for (uuid, kind, codes) in [
                    (theirs, kind, &["NOT_FOUND"][..]),
                    (Uuid::from_u128(7), kind, &["NOT_FOUND"]),
                    (mistaken, other, &["INVALID"]),
                ] {
                    let input = walk.spoilt(&mutation, &spot, &json!(id(kind, uuid))).await;
                    let answer = call(&everybody, &walk.shape, &mutation, input).await;
                    wrong.extend(
                        refuses(&answer, &spot, codes).map(|what| format!("{name}.{} {kind:?}: {what}", spot.path)),
                    );
                    said.push(answer.body);
                }
                if said[0] != said[1] {
                    wrong.push(format!("{name}.{}: foreign and unknown differ: {} {}", spot.path, said[0], said[1]));
                }
                if walk.positions().await != before {
                    wrong.push(format!("{name}.{}: something happened", spot.path));
                }
            }
            if walk.shape.input(&mutation).iter().any(|field| field.name == "ifVersion") {
                let mut input = walk.input(&mutation, Extent::Least).await;
                input["ifVersion"] = json!(77);
                let answer = call(&everybody, &walk.shape, &mutation, input).await;
                let found = refusal(&answer);
                if found != Ok(("VERSION_CONFLICT".to_owned(), "ifVersion".to_owned())) {
                    wrong.push(format!("{name}: at version 77: {found:?}"));
                }
            }
            for extent in [Extent::Least, Extent::Most] {
                let input = walk.input(&mutation, extent).await;
                let answer = call(&everybody, &walk.shape, &mutation, input.clone()).await;
                let made = answer.data("answer").as_object().cloned().unwrap_or_default();
                let is_made = made.iter().any(|(field, value)| field != "userErrors" && !value.is_null());
                if refusal(&answer) != Err("done".to_owned()) || !is_made {
                    wrong.push(format!("{name}: no good input ({extent:?}): write a recipe: {input} {}", answer.body));
                }
                walk.anew();
            }
        }
        whole(&wrong);
    })
    .await;
}

#[tokio::test]
async fn each_refuses_endless_texts_and_control_characters_where_they_stand() {
    let endless = json!("x".repeat(1_000_000));
    each_engine(async |world: World| {
        let mut walk = Walk::of(&world, RoleSet::ALL).await;
        let everybody = everybody(&world);
        let mut wrong = Vec::new();
        for mutation in walk.shape.mutations() {
            walk.anew();
            for spot in walk.spots(&mutation) {
                let name = format!("{}.{}", mutation.name, spot.path);
                let bad = match spot.field.of.name.as_str() {
                    "String" if spot.of != "MoneyInput" => {
                        let mut bad = vec![endless.clone(), json!("a\u{0}b"), json!("a\u{7}b")];
                        bad.extend(spot.field.of.required.then(|| json!(" ")));
                        bad
                    }
                    "JSON" => vec![json!({ "a": "a\u{0}b" })],
                    _ => continue,
                };
                walk.spoilt(&mutation, &spot, &Value::Null).await;
                let before = walk.positions().await;
                for bad in bad {
                    let input = walk.spoilt(&mutation, &spot, &bad).await;
                    let answer = call(&everybody, &walk.shape, &mutation, input).await;
                    // A code that stands for a row may be one that nobody has.
                    let what = refuses(&answer, &spot, &["INVALID", "NOT_FOUND"]);
                    let shown: String = bad.to_string().chars().take(12).collect();
                    wrong.extend(what.map(|what| format!("{name} {shown}: {what}")));
                }
                if walk.positions().await != before {
                    wrong.push(format!("{name}: something happened"));
                }
            }
        }
        whole(&wrong);
    })
    .await;
}

#[tokio::test]
async fn each_refuses_impossible_amounts_codes_and_spans_where_they_stand() {
    each_engine(async |world: World| {
        let mut walk = Walk::of(&world, RoleSet::ALL).await;
        let everybody = everybody(&world);
        let mut wrong = Vec::new();
        for mutation in walk.shape.mutations() {
            walk.anew();
            let spots = walk.spots(&mutation);
            for spot in &spots {
                let (place, field) = (format!("{}.{}", mutation.name, spot.path), spot.field.name.as_str());
                let may_sink = MAY_BE_NEGATIVE.iter().any(|(known, _)| *known == place);
                let mut bad = match spot.field.of.name.as_str() {
                    "MoneyInput" => vec![
                        json!({ "amount": "1.00", "currency": "QQQ" }),
                        json!({ "amount": "1.00", "currency": "eur" }),
                        json!({ "amount": "1.001", "currency": "EUR" }),
                        json!({ "amount": "1.5", "currency": "JPY" }),
                        json!({ "amount": "99999999999999999999", "currency": "EUR" }),
                    ],
                    "String" if spot.of == "MoneyInput" => continue,
                    "String" if field == "currency" => vec![json!("QQQ"), json!("eur"), json!("")],
                    "String" if field == "country" => vec![json!("Deutschland"), json!("de"), json!("XQ")],
                    "String" if field == "language" => vec![json!("Deutsch!"), json!("d"), json!("de_DE")],
                    "String" if field == "zone" || field == "timeZone" => {
                        vec![json!("Europe/Atlantis"), json!("CET+1")]
                    }
                    _ => Vec::new(),
                };
                match spot.field.of.name.as_str() {
                    _ if may_sink => {}
                    "MoneyInput" => bad.push(json!({ "amount": "-1.00", "currency": "EUR" })),
                    "Decimal" if spot.of != "MoneyInput" => bad.push(json!("-1")),
                    "Int" if !field.to_lowercase().ends_with("ifversion") => bad.push(json!(-1)),
                    _ => {}
                }
                if bad.is_empty() {
                    continue;
                }
                walk.spoilt(&mutation, spot, &Value::Null).await;
                let before = walk.positions().await;
                for bad in bad {
                    let input = walk.spoilt(&mutation, spot, &bad).await;
                    let answer = call(&everybody, &walk.shape, &mutation, input).await;
                    wrong.extend(refuses(&answer, spot, &["INVALID"]).map(|what| format!("{place} {bad}: {what}")));
                }
                if walk.positions().await != before {
                    wrong.push(format!("{place}: something happened"));
                }
            }
            for (first, last) in PAIRS {
                let at = |name: &str| spots.iter().find(|spot| spot.path == name);
                let (Some(first), Some(last)) = (at(first), at(last)) else { continue };
                let early = match last.field.of.name.as_str() {
                    "NaiveDate" => json!("2020-01-01"),
                    _ => json!("2020-01-01T00:00:00Z"),
                };
                let mut input = walk.spoilt(&mutation, last, &early).await;
                // What is made begins now; what is changed begins when it did.
                if spots.iter().all(|spot| spot.path != "id") {
                    let most = walk.input(&mutation, Extent::With(&first.path)).await;
                    input[&first.path] = most[&first.path].clone();
                }
                let before = walk.positions().await;
                let answer = call(&everybody, &walk.shape, &mutation, input).await;
                let name = format!("{}: {} before {}", mutation.name, last.path, first.path);
                wrong.extend(refuses(&answer, last, &["INVALID"]).map(|what| format!("{name}: {what}")));
                if walk.positions().await != before {
                    wrong.push(format!("{name}: something happened"));
                }
            }
        }
        whole(&wrong);
    })
    .await;
}

/// Whether a colleague without a team, a queue or anything of their own reaches a row by this scope.
const fn reaches_anybody(scope: Scope) -> bool {
    match scope {
        Scope::All => true,
        Scope::Team
        | Scope::Queue
        | Scope::Mine
        | Scope::OwnCampaign
        | Scope::Consent
        | Scope::Discipline
        | Scope::Lead
        | Scope::OnTeam
        | Scope::Visibility => false,
    }
}

/// Whether somebody new can make a row of their own in this scope: what they own, or what is private to them.
const fn can_be_own(scope: Scope) -> bool {
    matches!(scope, Scope::All | Scope::Queue | Scope::Mine | Scope::Visibility | Scope::Consent)
}

fn writes(ty: Type, role: Role, by: impl Fn(Scope) -> bool) -> bool {
    table::cell(ty, role).iter().any(|grant| by(grant.scope) && grant.rights.writes())
}

#[tokio::test]
async fn a_role_calls_what_its_schema_has_and_changes_no_row_that_it_does_not_reach() {
    let graph = super::policy::whole_graph();
    let marks = super::policy::written_by(&graph);
    each_engine(async |world: World| {
        let mut walk = Walk::of(&world, RoleSet::ALL).await;
        let all = walk.shape.mutations();
        let mut wrong = Vec::new();
        for role in Role::ALL {
            walk.shape = Shape::of(RoleSet::ALL).await;
            let own = Shape::of(role.into()).await;
            let stranger = world.as_roles(&[role], "ana");
            let before = walk.positions().await;
            for mutation in &all {
                if own.mutations().iter().any(|known| known.name == mutation.name) {
                    continue;
                }
                // By whatever it needs: the schema ends it before the input is looked at.
                let text = format!("mutation {{ {}(input: {{}}) {{ userErrors {{ code }} }} }}", mutation.name);
                let answer = stranger.ask(&text, json!({})).await;
                if answer.code() != Some("BAD_USER_INPUT") {
                    wrong.push(format!("{role} {}: {answer}", mutation.name));
                }
            }
            if walk.positions().await != before {
                wrong.push(format!("{role}: something happened"));
            }
            walk.shape = own;
            for mutation in walk.shape.mutations() {
                let name = &mutation.name;
                let changes = walk.shape.input(&mutation).iter().any(|field| field.name == "id");
                let hidden = marks[name].iter().any(|ty| match changes {
                    true => !writes(*ty, role, reaches_anybody),
                    // Whoever makes an account owns it.
                    false => *ty != Type::Account && !writes(*ty, role, can_be_own),
                });
                if !hidden {
                    continue;
                }
                walk.anew();
                // Something that a change would change, beside the row's own id.
                let spots = walk.spots(&mutation);
                let plain =
                    |spot: &&Spot| !["id", "ifVersion"].contains(&spot.path.as_str()) && spot.kind(name).is_none();
                let extent = spots.iter().find(plain).map_or(Extent::Least, |spot| Extent::With(&spot.path));
                let input = walk.input(&mutation, extent).await;
                let before = walk.positions().await;
                let answer = call(&stranger, &walk.shape, &mutation, input).await;
                match refusal(&answer) {
                    Ok((code, _)) if ["NOT_FOUND", "FORBIDDEN", "CONSENT_MISSING"].contains(&code.as_str()) => {}
                    other => wrong.push(format!("{role} {name}: {other:?}")),
                }
                if walk.positions().await != before {
                    wrong.push(format!("{role} {name}: something happened"));
                }
            }
        }
        whole(&wrong);
    })
    .await;
}
