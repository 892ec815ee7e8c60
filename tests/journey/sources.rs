//! Other systems: tokens that are for some entities and some systems only, who wins where systems disagree, what the loser said, what
//! each said last, and the same request twice.

use std::{sync::Arc, time::Duration};

use api::{
    graph::{Cx, Error, GlobalId, Kind},
    journey::{Work, retention},
    policy::{Grants, Role, Type},
    sync::{
        refs,
        upsert::{
            SyncEntity,
            idempotency::{self, Claim},
            policy::{Field, Judged, Sent, judge, record_conflicts, settle},
        },
    },
    tenancy,
};
use chrono::TimeDelta;
use entities::{
    codes::{ConflictState, FieldRule},
    sync::{field_conflict, idempotency_key},
};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tests::{Answer, Client, World, each_engine, id, rows};
use uuid::Uuid;

const HOUR: Duration = Duration::from_secs(3_600);

/// Somebody whose token is for these lines of the access table, or all; and for these systems, or any.
fn granted(world: &World, role: Role, entities: Option<&[Type]>, sources: Option<&[&str]>) -> Client {
    let grants = Grants {
        types: entities.map_or(Grants::default().types, |types| types.iter().copied().collect()),
        sources: sources.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect::<Arc<[String]>>()),
    };
    world.granted(world.acme.slug, &[role], "ina", grants, HOUR)
}

async fn upsert(client: &Client, source: &str, rows: Value) -> Answer {
    let select = "rows { externalId id result version changedFields errors { code path message } } totals { created updated unchanged conflict failed }";
    client.act("upsertAccounts", select, json!({ "source": source, "rows": rows })).await
}

/// Accounts that a system made, by their keys.
async fn made(client: &Client, source: &str, rows: Value) -> Vec<String> {
    let answer = upsert(client, source, rows).await.must();
    answer.each("upsertAccounts.rows", "id").iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Makes the account known to another system under a key of that system.
async fn link(world: &World, source: &str, key: &str, account: &str) {
    let account = GlobalId::parse(account).unwrap().uuid;
    world
        .work(async |work| {
            let source = refs::source(work, source).await?;
            refs::remember(work, source, "account", vec![(key.to_owned(), account, None)]).await
        })
        .await;
}

async fn source(world: &World, input: Value) -> String {
    let made = world.ada().act("createSourceSystem", "sourceSystem { id }", input).await.must();
    made.text("createSourceSystem.sourceSystem.id").to_owned()
}

async fn policy(world: &World, input: Value) -> String {
    let made = world.ada().act("setFieldPolicy", "fieldPolicy { id }", input).await.must();
    made.text("setFieldPolicy.fieldPolicy.id").to_owned()
}

const CONFLICTS: &str = "query($filter: FieldConflictFilter) { fieldConflicts(filter: $filter) { totalCount nodes {
    id version entity recordId field rule state value held source { code } resolvedBy { name } } } }";

async fn conflicts(client: &Client, filter: Value) -> Vec<Value> {
    let answer = client.ask(CONFLICTS, json!({ "filter": filter })).await.must();
    answer.data("fieldConflicts.nodes").as_array().unwrap().clone()
}

/// What an account holds in a field.
async fn held(world: &World, account: &str, field: &str) -> Value {
    let asked = format!("query($id: ID!) {{ account(id: $id) {{ {field} }} }}");
    let answer = world.ada().ask(&asked, json!({ "id": account })).await.must();
    answer.data(&format!("account.{field}")).clone()
}

#[tokio::test]
async fn a_token_for_accounts_finds_nothing_else_and_writes_nothing_else() {
    each_engine(async |world: World| {
        let (account, contact) = world
            .work(async |work| {
                let account = rows::account(work, "Acme", None, None).await?.id;
                Ok((account, rows::contact(work, Some(account), "Anna", "Öz").await?.id))
            })
            .await;
        let (account, contact) = (id(Kind::Account, account), id(Kind::Contact, contact));
        let (whole, narrow) = (world.ina(), granted(&world, Role::Integrator, Some(&[Type::Account]), None));
        let seen = "query($a: ID!, $c: ID!) { account(id: $a) { name contacts { totalCount nodes { id } } }
            contact(id: $c) { id } node(id: $c) { id } contacts { totalCount nodes { id } }
            timeline(subject: $a, filter: { minImportance: 0 }) { nodes { kind } } }";
        let asked = json!({ "a": account, "c": contact });
        let all = whole.ask(seen, asked.clone()).await.must();
        assert_eq!(all.data("contacts.totalCount"), 1);
        assert_eq!(all.data("account.contacts.totalCount"), 1);
        assert_eq!(all.data("timeline.nodes").as_array().unwrap().len(), 2);
        let some = narrow.ask(seen, asked).await.must();
        let account_alone = json!({ "name": "Acme", "contacts": { "totalCount": 0, "nodes": [] } });
        assert_eq!(some.data("account"), &account_alone);
        assert_eq!((some.data("contact"), some.data("node")), (&Value::Null, &Value::Null));
        assert_eq!(some.data("contacts"), &json!({ "totalCount": 0, "nodes": [] }));
        assert_eq!(some.data("timeline.nodes").as_array().unwrap().len(), 1, "the account's own event");

        let created = narrow.act("createAccount", "account { id }", json!({ "name": "Bolt" })).await.must();
        assert!(created.text("createAccount.account.id").starts_with("acc_"));
        let refused = narrow.refused("createContact", json!({ "familyName": "Bolt" })).await;
        assert!(refused.starts_with("FORBIDDEN"), "{refused}");
        assert_eq!(narrow.refused("updateContact", json!({ "id": contact, "jobTitle": "CEO" })).await, "NOT_FOUND at id");

        // A manager's figures count what its token reads.
        let count = "{ analytics { aggregate(metrics: [LEADS], from: \"2025-12-31T23:00:00Z\", to: \"2026-12-31T23:00:00Z\") { dataThrough } } }";
        granted(&world, Role::Manager, Some(&[Type::Lead]), None).ask(count, json!({})).await.must();
        let figures = granted(&world, Role::Manager, Some(&[Type::Account]), None).ask(count, json!({})).await;
        assert!(figures.message().unwrap_or_default().contains("LEADS is not for your role"), "{figures}");
    })
    .await;
}

#[tokio::test]
async fn a_narrowed_token_hears_of_its_own_and_knows_what_it_is() {
    each_engine(async |world: World| {
        let narrow = granted(&world, Role::Integrator, Some(&[Type::Account]), Some(&["hubspot"]));
        let asked =
            "{ me { grants { entities sources } whatMayI(type: CONTACT) { scope } } feed { position entities } }";
        let mine = narrow.ask(asked, json!({})).await.must();
        let grants = json!({ "entities": ["ACCOUNT", "CUSTOM_FIELD"], "sources": ["hubspot"] });
        assert_eq!(mine.data("me.grants"), &grants);
        assert_eq!(mine.data("me.whatMayI"), &json!([]));
        assert_eq!(mine.data("feed.entities"), &json!(["ACCOUNT", "CUSTOM_FIELD"]));
        let whole = world.ina().ask(asked, json!({})).await.must();
        assert_eq!(whole.data("me.grants"), &Value::Null);

        // What was read with one token is not gone on with by the other.
        let changes = "query($after: String) { changes(after: $after) { endCursor nodes { entity } } }";
        let places = [mine.text("feed.position"), whole.text("feed.position")];
        for (client, own, other) in [(&narrow, places[0], places[1]), (&world.ina(), places[1], places[0])] {
            client.ask(changes, json!({ "after": own })).await.must();
            let refused = client.ask(changes, json!({ "after": other })).await;
            assert_eq!(refused.code(), Some("RIGHTS_CHANGED"), "{refused}");
        }
        let start = mine.text("feed.position").to_owned();
        world
            .work(async |work| {
                let account = rows::account(work, "Acme", None, None).await?.id;
                rows::contact(work, Some(account), "Anna", "Öz").await
            })
            .await;
        let heard = narrow.ask(changes, json!({ "after": start })).await.must();
        assert_eq!(heard.each("changes.nodes", "entity"), [json!("ACCOUNT")]);
    })
    .await;
}

#[tokio::test]
async fn a_token_speaks_for_its_own_systems() {
    each_engine(async |world: World| {
        let hubspot = granted(&world, Role::Integrator, None, Some(&["hubspot"]));
        let row = json!([{ "externalId": "a1", "set": { "name": "Acme" } }]);
        let refused = hubspot.refused("upsertAccounts", json!({ "source": "crm", "rows": row })).await;
        assert_eq!(refused, "FORBIDDEN at source");
        assert_eq!(made(&hubspot, "hubspot", row).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn systems_are_entered_once_and_changed_by_those_who_run_them() {
    each_engine(async |world: World| {
        let (ada, max) = (world.ada(), world.max());
        let crm = source(&world, json!({ "code": "crm", "name": "The CRM", "kind": "SALESFORCE" })).await;
        let again = json!({ "code": "crm", "name": "Another", "kind": "CSV" });
        assert_eq!(ada.refused("createSourceSystem", again).await, "DUPLICATE at code");
        let bad = json!({ "code": "x", "name": "X", "kind": "CSV", "trustRank": 1_001 });
        assert_eq!(ada.refused("createSourceSystem", bad).await, "INVALID at trustRank");
        let changed = json!({ "id": crm, "ifVersion": 1, "trustRank": 10, "keepsValues": true });
        ada.act("updateSourceSystem", "", changed.clone()).await.must();
        assert_eq!(ada.refused("updateSourceSystem", changed).await, "VERSION_CONFLICT at ifVersion");
        let listed = "{ sourceSystems(sort: { code: ASC }) { nodes { code name kind trustRank keepsValues version } } }";
        let expected = json!([{ "code": "crm", "name": "The CRM", "kind": "SALESFORCE", "trustRank": 10, "keepsValues": true, "version": 2 }]);
        assert_eq!(max.ask(listed, json!({})).await.must().data("sourceSystems.nodes"), &expected);
        // Its id leads to it, and to nothing in another tenant.
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(max.ask(node, json!({ "id": crm })).await.must().text("node.id"), crm);
        let foreign = world.of_other(Role::Admin, "ada").ask(node, json!({ "id": crm })).await.must();
        assert_eq!(foreign.data("node"), &Value::Null);
        // A manager looks on; sales does not know that there are any.
        let input = json!({ "input": { "code": "y", "name": "Y", "kind": "CSV" } });
        let create = "mutation($input: CreateSourceSystemInput!) { createSourceSystem(input: $input) { userErrors { code } } }";
        assert!(max.ask(create, input).await.body["errors"].is_array());
        assert!(world.sam().ask(listed, json!({})).await.body["errors"].is_array());
        assert_eq!(ada.ask(listed, json!({})).await.must().each("sourceSystems.nodes", "code"), [json!("crm")]);
    })
    .await;
}

#[tokio::test]
async fn a_field_has_one_rule() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let crm = source(&world, json!({ "code": "crm", "name": "CRM", "kind": "CSV" })).await;
        for (input, why) in [
            (json!({ "entity": "ACCOUNT", "field": "name", "rule": "OWNER" }), "INVALID at ownerSourceId"),
            (json!({ "entity": "ACCOUNT", "field": "name", "rule": "NEWEST", "ownerSourceId": crm }), "INVALID at ownerSourceId"),
            (json!({ "entity": "ACCOUNT", "field": "nmae", "rule": "NEWEST" }), "INVALID at field"),
            (json!({ "entity": "ACCOUNT", "field": "custom.nothing", "rule": "NEWEST" }), "INVALID at field"),
            (
                json!({ "entity": "ACCOUNT", "field": "name", "rule": "OWNER", "ownerSourceId": id(Kind::SourceSystem, Uuid::from_u128(7)) }),
                "NOT_FOUND at ownerSourceId",
            ),
        ] {
            assert_eq!(ada.refused("setFieldPolicy", input.clone()).await, why, "{input}");
        }
        let first = policy(&world, json!({ "entity": "ACCOUNT", "field": "name", "rule": "OWNER", "ownerSourceId": crm })).await;
        let manual = json!({ "entity": "ACCOUNT", "field": "name", "rule": "MANUAL", "ifVersion": 1 });
        assert_eq!(policy(&world, manual.clone()).await, first, "the rule that there is");
        assert_eq!(ada.refused("setFieldPolicy", manual).await, "VERSION_CONFLICT at ifVersion");
        let listed = "{ fieldPolicies(filter: { entity: [ACCOUNT] }) { nodes { entity field rule ownerSource { code } version } } }";
        let expected = json!([{ "entity": "ACCOUNT", "field": "name", "rule": "MANUAL", "ownerSource": null, "version": 2 }]);
        assert_eq!(world.max().ask(listed, json!({})).await.must().data("fieldPolicies.nodes"), &expected);
        ada.act("removeFieldPolicy", "deletedId", json!({ "id": first })).await.must();
        assert_eq!(ada.ask(listed, json!({})).await.must().data("fieldPolicies.nodes"), &json!([]));
        let anew = json!({ "entity": "ACCOUNT", "field": "name", "rule": "NEWEST" });
        assert_ne!(policy(&world, anew).await, first);
    })
    .await;
}

#[tokio::test]
async fn an_owner_overwrites_and_others_are_kept_as_conflicts() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let crm = source(&world, json!({ "code": "crm", "name": "CRM", "kind": "CSV" })).await;
        policy(&world, json!({ "entity": "ACCOUNT", "field": "name", "rule": "OWNER", "ownerSourceId": crm })).await;
        let account = made(&ina, "crm", json!([{ "externalId": "a1", "set": { "name": "Acme" } }])).await.remove(0);
        link(&world, "erp", "e1", &account).await;
        let say = async |source: &str, key: &str, set: Value| {
            upsert(&ina, source, json!([{ "externalId": key, "set": set }])).await.must();
        };
        say("erp", "e1", json!({ "name": "ACME Corp", "website": "https://acme.example" })).await;
        assert_eq!(held(&world, &account, "name").await, "Acme");
        assert_eq!(held(&world, &account, "website").await, "https://acme.example", "the rest of the row goes in");
        let told = conflicts(&ina, json!({ "state": ["OPEN"] })).await;
        assert_eq!(told.len(), 1);
        let first = told[0]["id"].clone();
        let expected = json!({
            "id": first, "version": 1, "entity": "ACCOUNT", "recordId": account, "field": "name", "rule": "OWNER", "state": "OPEN",
            "value": "ACME Corp", "held": "Acme", "source": { "code": "erp" }, "resolvedBy": null,
        });
        assert_eq!(told[0], expected);

        // A newer word takes the place of the older.
        say("erp", "e1", json!({ "name": "ACME Inc" })).await;
        let told = conflicts(&ina, json!({ "state": ["OPEN"] })).await;
        assert_eq!((told.len(), &told[0]["id"], &told[0]["version"]), (1, &first, &json!(2)));
        assert_eq!(told[0]["value"], "ACME Inc");

        // The owner overwrites people.
        world.ada().act("updateAccount", "", json!({ "id": account, "name": "Acme by hand" })).await.must();
        say("crm", "a1", json!({ "name": "Acme SE" })).await;
        assert_eq!(held(&world, &account, "name").await, "Acme SE");
        assert_eq!(conflicts(&ina, json!({ "state": ["OPEN"] })).await.len(), 1);

        // It goes away when the system says the same.
        say("erp", "e1", json!({ "name": "Acme SE" })).await;
        assert_eq!(conflicts(&ina, json!({ "state": ["OPEN"] })).await, [] as [Value; 0]);
        assert_eq!(conflicts(&ina, json!({ "state": ["SETTLED"] })).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_entered_stays_until_a_person_decides() {
    each_engine(async |world: World| {
        let (ina, ada, max) = (world.ina(), world.ada(), world.max());
        source(&world, json!({ "code": "crm", "name": "CRM", "kind": "CSV" })).await;
        policy(&world, json!({ "entity": "ACCOUNT", "field": "website", "rule": "MANUAL" })).await;
        let say = async |website: &str| {
            let row = json!([{ "externalId": "a1", "set": { "name": "Acme", "website": website } }]);
            made(&ina, "crm", row).await.remove(0)
        };
        let account = say("https://one.example").await;
        say("https://two.example").await;
        assert_eq!(held(&world, &account, "website").await, "https://two.example", "nobody has entered anything");
        ada.act("updateAccount", "", json!({ "id": account, "website": "https://hand.example" })).await.must();
        say("https://three.example").await;
        assert_eq!(held(&world, &account, "website").await, "https://hand.example");
        let open = conflicts(&max, json!({ "state": ["OPEN"] })).await;
        assert_eq!((open.len(), &open[0]["value"], &open[0]["rule"]), (1, &json!("https://three.example"), &json!("MANUAL")));
        let conflict = open[0]["id"].as_str().unwrap().to_owned();

        // Who may not decide: sales knows no conflicts, another tenant knows not this one, a token for another system neither.
        let decide = "mutation($input: ResolveFieldConflictInput!) { resolveFieldConflict(input: $input) { userErrors { code path } } }";
        let input = json!({ "id": conflict, "take": true });
        assert!(world.sam().ask(decide, json!({ "input": input })).await.body["errors"].is_array());
        for stranger in [
            world.of_other(Role::Admin, "ada"),
            granted(&world, Role::Integrator, None, Some(&["erp"])),
            granted(&world, Role::Integrator, Some(&[Type::Source, Type::Contact]), None),
        ] {
            assert_eq!(stranger.refused("resolveFieldConflict", input.clone()).await, "NOT_FOUND at id");
            assert_eq!(conflicts(&stranger, json!({})).await, [] as [Value; 0]);
        }
        assert_eq!(max.refused("resolveFieldConflict", json!({ "id": conflict, "take": true, "ifVersion": 9 })).await, "VERSION_CONFLICT at ifVersion");
        assert_eq!(held(&world, &account, "website").await, "https://hand.example");

        let select = "fieldConflict { state resolvedBy { name } }";
        let taken = max.act("resolveFieldConflict", select, input.clone()).await.must();
        let decided = json!({ "state": "TAKEN", "resolvedBy": { "name": "Max Manager" } });
        assert_eq!(taken.data("resolveFieldConflict.fieldConflict"), &decided);
        assert_eq!(held(&world, &account, "website").await, "https://three.example");
        assert_eq!(max.refused("resolveFieldConflict", input).await, "STATE_CONFLICT at id");

        // What a person decided on is a person's: the next word is a conflict again, and stays one that was decided.
        say("https://four.example").await;
        assert_eq!(held(&world, &account, "website").await, "https://three.example");
        let open = conflicts(&max, json!({ "state": ["OPEN"] })).await;
        assert_eq!((&open[0]["id"], &open[0]["value"]), (&json!(conflict), &json!("https://four.example")));
        let kept = max.act("resolveFieldConflict", select, json!({ "id": conflict, "take": false })).await.must();
        assert_eq!(kept.data("resolveFieldConflict.fieldConflict.state"), "KEPT");
        let row = json!([{ "externalId": "a1", "set": { "name": "Acme AG", "website": "https://four.example" } }]);
        made(&ina, "crm", row).await;
        assert_eq!(held(&world, &account, "name").await, "Acme AG");
        assert_eq!(held(&world, &account, "website").await, "https://three.example");
        assert_eq!(conflicts(&max, json!({ "state": ["OPEN"] })).await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn the_later_word_wins() {
    each_engine(async |world: World| {
        policy(&world, json!({ "entity": "ACCOUNT", "field": "name", "rule": "NEWEST" })).await;
        let say = async |source: &str, key: &str, name: &str, at: TimeDelta| {
            let changed = (world.now() + at).to_rfc3339();
            made(&world.ina(), source, json!([{ "externalId": key, "changedAt": changed, "set": { "name": name } }]))
                .await
                .remove(0)
        };
        let account = say("crm", "a1", "One", TimeDelta::zero()).await;
        link(&world, "erp", "e1", &account).await;
        world.pass(TimeDelta::hours(5));
        // Said two hours ago, heard now.
        say("erp", "e1", "Two", -TimeDelta::hours(2)).await;
        assert_eq!(held(&world, &account, "name").await, "Two");
        say("crm", "a1", "Three", -TimeDelta::hours(3)).await;
        assert_eq!(held(&world, &account, "name").await, "Two", "what was said before is older, whenever it comes");
        say("crm", "a1", "Four", -TimeDelta::hours(1)).await;
        assert_eq!(held(&world, &account, "name").await, "Four");
        // A person's word is as old as its entry.
        world.ada().act("updateAccount", "", json!({ "id": account, "name": "By hand" })).await.must();
        say("erp", "e1", "Five", -TimeDelta::minutes(1)).await;
        assert_eq!(held(&world, &account, "name").await, "By hand");
        // Nobody speaks from the future: it would never be overtaken.
        world.pass(TimeDelta::hours(1));
        say("erp", "e1", "Six", TimeDelta::days(900)).await;
        assert_eq!(held(&world, &account, "name").await, "Six");
        world.pass(TimeDelta::hours(1));
        say("crm", "a1", "Seven", TimeDelta::zero()).await;
        assert_eq!(held(&world, &account, "name").await, "Seven");
        // Without a rule the last word counts.
        let rule = world.ada().ask("{ fieldPolicies { nodes { id } } }", json!({})).await.must();
        world
            .ada()
            .act("removeFieldPolicy", "deletedId", json!({ "id": rule.data("fieldPolicies.nodes.0.id") }))
            .await
            .must();
        say("erp", "e1", "Eight", -TimeDelta::days(1)).await;
        assert_eq!(held(&world, &account, "name").await, "Eight");
    })
    .await;
}

#[tokio::test]
async fn what_a_system_said_is_shown_to_its_own_and_as_far_as_the_record_is_read() {
    each_engine(async |world: World| {
        let ina = world.ina();
        for code in ["crm", "erp"] {
            source(&world, json!({ "code": code, "name": code, "kind": "CSV", "keepsValues": true })).await;
        }
        source(&world, json!({ "code": "shop", "name": "Shop", "kind": "CSV" })).await;
        let account = made(&ina, "crm", json!([{ "externalId": "a1", "set": { "name": "Acme", "website": "https://acme.example" } }]));
        let account = account.await.remove(0);
        for (source, key) in [("erp", "e1"), ("shop", "s1")] {
            link(&world, source, key, &account).await;
            made(&ina, source, json!([{ "externalId": key, "set": { "name": format!("Acme of {source}") } }])).await;
        }
        let asked = "query($id: ID!) { sourceValues(entity: ACCOUNT, id: $id) { source { code } externalId values } }";
        let said = async |client: &Client| {
            let answer = client.ask(asked, json!({ "id": account })).await.must();
            let mut said = answer.data("sourceValues").as_array().unwrap().clone();
            said.sort_by_key(|said| said["externalId"].as_str().unwrap().to_owned());
            said
        };
        let crm = json!({ "source": { "code": "crm" }, "externalId": "a1", "values": { "name": "Acme", "website": "https://acme.example" } });
        let erp = json!({ "source": { "code": "erp" }, "externalId": "e1", "values": { "name": "Acme of erp" } });
        let shop = json!({ "source": { "code": "shop" }, "externalId": "s1", "values": null });
        assert_eq!(said(&ina).await, [crm.clone(), erp.clone(), shop]);
        assert_eq!(said(&granted(&world, Role::Integrator, None, Some(&["erp"]))).await, [erp]);
        assert_eq!(said(&granted(&world, Role::Integrator, None, Some(&[]))).await, [] as [Value; 0]);
        // Another tenant's integrator, and a token that is not for accounts, find no record.
        for stranger in [
            world.of_other(Role::Integrator, "ina"),
            granted(&world, Role::Integrator, Some(&[Type::Source, Type::Contact]), None),
        ] {
            assert_eq!(stranger.ask(asked, json!({ "id": account })).await.code(), Some("NOT_FOUND"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_judged_in_a_few_statements_however_long() {
    each_engine(async |world: World| {
        policy(&world, json!({ "entity": "ACCOUNT", "field": "name", "rule": "NEWEST" })).await;
        policy(&world, json!({ "entity": "ACCOUNT", "field": "website", "rule": "MANUAL" })).await;
        let crm = world.work(async |work| refs::source(work, "crm").await).await;
        let cx = integrator(&world).await;
        let sent = |n: u128, website: &'static str| {
            let field = |name: &'static str, sent: &str| Field { name, held: json!("held"), sent: json!(sent) };
            let fields = || vec![field("name", "sent"), field("website", website), field("legalName", "sent")];
            let rows = (0..n).map(|place| Sent {
                place: usize::try_from(place).unwrap(),
                object: Uuid::from_u128(place + 1),
                fields: fields(),
                changed_at: None,
            });
            rows.collect::<Vec<Sent<'static>>>()
        };
        let judged = async |entity: SyncEntity, sent: &[Sent<'_>]| {
            let mut work = Work::begin(&cx).await.unwrap().from_source("crm");
            let before = world.statements();
            let kept = judge(&mut work, crm, entity, sent).await.unwrap();
            (kept, world.statements() - before)
        };
        let (kept, few) = judged(SyncEntity::Account, &sent(1, "one")).await;
        // What stood there before anybody watched counts as a person's; without a known time the sent word is later.
        let expected = Judged {
            place: 0,
            object: Uuid::from_u128(1),
            field: "website".to_owned(),
            rule: FieldRule::Manual,
            held: json!("held"),
            sent: json!("one"),
            sent_at: world.now(),
        };
        assert_eq!(kept, [expected]);
        let (kept, many) = judged(SyncEntity::Account, &sent(500, "one")).await;
        assert_eq!((kept.len(), few, many), (500, 3, 3));
        assert_eq!(judged(SyncEntity::Contact, &sent(500, "one")).await, (Vec::new(), 1), "without a rule one look-up");

        let keep = async |kept: &[Judged]| {
            let mut work = Work::begin(&cx).await.unwrap().from_source("crm");
            let before = world.statements();
            record_conflicts(&mut work, crm, SyncEntity::Account, kept).await.unwrap();
            let took = world.statements() - before;
            work.commit().await.unwrap();
            took
        };
        let rows = async || field_conflict::Entity::find().all(world.store.db()).await.unwrap();
        assert_eq!(keep(&kept).await, 1 + 500_u64.div_ceil(90));
        assert_eq!(rows().await.len(), 500);
        assert_eq!(keep(&kept).await, 1, "the same word once more");
        let (other, _) = judged(SyncEntity::Account, &sent(2, "two")).await;
        assert_eq!(keep(&other).await, 2);
        let held = rows().await;
        let newer = held.iter().filter(|row| row.version == 2 && row.value == json!(["two"]));
        assert_eq!((held.len(), newer.count()), (500, 2));

        // They go away where the system says the same.
        let work = Work::begin(&cx).await.unwrap();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        settle(&work, crm, SyncEntity::Account, &[(one, "website"), (two, "name")]).await.unwrap();
        work.commit().await.unwrap();
        let settled: Vec<Uuid> =
            rows().await.iter().filter(|row| row.state == ConflictState::Settled).map(|row| row.object_id).collect();
        assert_eq!(settled, [one]);
    })
    .await;
}

/// A unit of work as an integrator of `acme`.
async fn integrator(world: &World) -> Cx {
    let caller = world.caller(&[Role::Integrator], "ina").await;
    Cx::new(caller, world.store.clone(), world.clock.clone())
}

async fn keys(world: &World) -> u64 {
    idempotency_key::Entity::find().count(world.store.db()).await.unwrap()
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    each_engine(async |world: World| {
        let cx = integrator(&world).await;
        let (hash, other) = (idempotency::hash_of(&json!([1])).unwrap(), idempotency::hash_of(&json!([2])).unwrap());
        assert_ne!(hash, other);
        // What is not committed was never said.
        let work = Work::begin(&cx).await.unwrap();
        assert_eq!(idempotency::claim(&work, "k1", &hash).await.unwrap(), Claim::First);
        idempotency::keep(&work, "k1", &json!({ "n": 0 })).await.unwrap();
        drop(work);
        for expected in [Claim::First, Claim::Answered(json!({ "n": 1 })), Claim::Answered(json!({ "n": 1 }))] {
            let work = Work::begin(&cx).await.unwrap();
            let claim = idempotency::claim(&work, "k1", &hash).await.unwrap();
            assert_eq!(claim, expected);
            if claim == Claim::First {
                idempotency::keep(&work, "k1", &json!({ "n": 1 })).await.unwrap();
            }
            work.commit().await.unwrap();
        }
        // Another body is a mistake, and the unit of work is good after it.
        let work = Work::begin(&cx).await.unwrap();
        let Err(Error::User(errors)) = idempotency::claim(&work, "k1", &other).await else { panic!("taken") };
        assert_eq!(
            (format!("{:?}", errors[0].code), errors[0].path.clone()),
            ("IdempotencyMismatch".to_owned(), vec!["idempotencyKey".to_owned()])
        );
        assert_eq!(idempotency::claim(&work, "k2", &other).await.unwrap(), Claim::First);
        drop(work);
        // Another subject's key is another.
        let tenant = world.acme.tenant;
        let house =
            tenancy::system_caller(&world.store, tenant, world.now(), Role::Integrator.into(), "a test").await.unwrap();
        let house = Cx::new(house, world.store.clone(), world.clock.clone());
        let work = Work::begin(&house).await.unwrap();
        assert_eq!(idempotency::claim(&work, "k1", &other).await.unwrap(), Claim::First);
        drop(work);

        world.pass(TimeDelta::hours(24) - TimeDelta::seconds(1));
        assert_eq!(retention::prune_keys(&world.store, &world.clock, tenant).await.unwrap(), 0);
        let work = Work::begin(&cx).await.unwrap();
        assert_eq!(idempotency::claim(&work, "k1", &hash).await.unwrap(), Claim::Answered(json!({ "n": 1 })));
        drop(work);
        world.pass(TimeDelta::seconds(1));
        let work = Work::begin(&cx).await.unwrap();
        assert_eq!(idempotency::claim(&work, "k1", &other).await.unwrap(), Claim::First, "a day later it is free");
        drop(work);
        assert_eq!(keys(&world).await, 1);
        assert_eq!(retention::prune_keys(&world.store, &world.clock, tenant).await.unwrap(), 1);
        assert_eq!(keys(&world).await, 0);
        for key in ["", "a\nb"] {
            let work = Work::begin(&cx).await.unwrap();
            assert!(idempotency::claim(&work, key, &hash).await.is_err(), "{key:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_twin_waits_for_the_first() {
    each_engine(async |world: World| {
        let cx = integrator(&world).await;
        let first = Work::begin(&cx).await.unwrap();
        assert_eq!(idempotency::claim(&first, "k1", "h").await.unwrap(), Claim::First);
        let twin = {
            let cx = integrator(&world).await;
            tokio::spawn(async move {
                let work = Work::begin(&cx).await.unwrap();
                let claim = idempotency::claim(&work, "k1", "h").await.unwrap();
                work.commit().await.unwrap();
                claim
            })
        };
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!twin.is_finished(), "it has nothing to go by yet");
        idempotency::keep(&first, "k1", &json!("done")).await.unwrap();
        first.commit().await.unwrap();
        assert_eq!(twin.await.unwrap(), Claim::Answered(json!("done")));

        // Where the first gives up, the twin is the first.
        let first = Work::begin(&cx).await.unwrap();
        assert_eq!(idempotency::claim(&first, "k2", "h").await.unwrap(), Claim::First);
        let twin = {
            let cx = integrator(&world).await;
            tokio::spawn(async move {
                let work = Work::begin(&cx).await.unwrap();
                idempotency::claim(&work, "k2", "h").await.unwrap()
            })
        };
        drop(first);
        assert_eq!(twin.await.unwrap(), Claim::First);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_batch_twice_at_once_is_one_batch() {
    each_engine(async |world: World| {
        let send = |name: &str| {
            let (client, row) = (world.ina(), json!({ "externalId": "a1", "set": { "name": name } }));
            let input = json!({ "source": "crm", "idempotencyKey": "batch-1", "rows": [row] });
            async move {
                client.act("upsertAccounts", "rows { externalId id result version } totals { created }", input).await
            }
        };
        let (one, two) = tokio::join!(tokio::spawn(send("Acme")), tokio::spawn(send("Acme")));
        let (one, two) = (one.unwrap().must(), two.unwrap().must());
        assert_eq!(one.body["data"], two.body["data"]);
        assert_eq!(one.each("upsertAccounts.rows", "result"), [json!("CREATED")]);
        let position = world.position().await;
        assert_eq!(send("Acme").await.must().body["data"], one.body["data"]);
        assert_eq!(send("Bolt").await.refusal("upsertAccounts"), "IDEMPOTENCY_MISMATCH at idempotencyKey");
        assert_eq!(world.position().await, position);
        let accounts = world.ada().ask("{ accounts { totalCount nodes { name } } }", json!({})).await.must();
        assert_eq!(accounts.data("accounts"), &json!({ "totalCount": 1, "nodes": [{ "name": "Acme" }] }));
    })
    .await;
}
