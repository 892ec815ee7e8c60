//! What other systems export comes in by their mappings, with no manual edit; twice is once; orphans are kept; a tap's states come out
//! after what they stand for is committed.

use std::{path::PathBuf, sync::Arc};

use api::{
    graph::Cx,
    journey::verify,
    policy::{Role, RoleSet},
    sync::{Options, Progress, Report, Source, import, singer},
    tenancy,
};
use mappings::Mapping;
use serde_json::{Value, json};
use tests::{World, each_engine};

struct Quiet;

impl Progress for Quiet {
    fn found(&self, _: u64) {}
    fn done(&self, _: u64) {}
}

async fn house(world: &World) -> Cx {
    let roles: RoleSet = [Role::Integrator, Role::Admin].into_iter().collect();
    let caller = tenancy::system_caller(&world.store, world.acme.tenant, world.now(), roles, "import").await.unwrap();
    Cx::new(caller, world.store.clone(), world.clock.clone())
}

async fn take(world: &World, source: mappings::Source, folder: &str, dry_run: bool) -> Report {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mappings/tests/data").join(folder);
    let mapping = Arc::new(Mapping::of(source).unwrap());
    let options = Options { source: Source::Mapped(mapping), paths: vec![path], dry_run };
    import(&house(world).await, options, &Quiet).await.unwrap()
}

/// Created, updated, left, removed, refused, by kind.
fn counts(report: &Report) -> Vec<(&'static str, [u64; 5])> {
    let of = |c: &api::sync::Counts| [c.created, c.updated, c.left, c.removed, c.refused];
    report.counts.iter().map(|(object, counts)| (*object, of(counts))).collect()
}

async fn consistent(world: &World) {
    for check in verify::tenant(&world.store, world.acme.tenant).await.unwrap() {
        assert!(check.findings.is_empty(), "{check:?}");
    }
}

async fn comes_in(source: mappings::Source, folder: &str, expected: &[(&'static str, [u64; 5])]) {
    each_engine(async |world: World| {
        let start = world.position().await;
        let dry = take(&world, source, folder, true).await;
        assert_eq!(world.position().await, start, "a dry run writes nothing");
        let real = take(&world, source, folder, false).await;
        assert_eq!(counts(&dry), counts(&real));
        assert_eq!(counts(&real), expected, "{real}");
        consistent(&world).await;
        let position = world.position().await;
        let again = take(&world, source, folder, false).await;
        let changed: Vec<_> = counts(&again).into_iter().filter(|(_, c)| c[0] + c[1] + c[3] > 0).collect();
        assert_eq!((changed, world.position().await), (vec![], position), "twice is once: {again}");
    })
    .await;
}

#[tokio::test]
async fn hubspot_as_fivetran_lays_it_down() {
    let expected = [
        ("account", [25, 0, 0, 0, 0]),
        ("activity", [3, 0, 0, 0, 0]),
        ("campaign", [100, 0, 0, 0, 0]),
        ("colleague", [100, 0, 0, 0, 0]),
        ("contact", [19, 0, 0, 0, 0]),
        ("meeting", [100, 0, 0, 0, 0]),
        ("note", [0, 0, 0, 0, 1]),
        ("opportunity", [44, 0, 0, 0, 0]),
        ("opportunity contact", [0, 0, 0, 0, 11]),
        ("task", [2, 0, 0, 0, 0]),
        ("ticket", [25, 0, 0, 0, 0]),
        ("ticket message", [25, 0, 0, 0, 0]),
        ("touchpoint", [0, 0, 0, 0, 4]),
    ];
    comes_in(mappings::Source::Hubspot, "fivetran_hubspot", &expected).await;
}

#[tokio::test]
async fn salesforce_as_fivetran_lays_it_down() {
    let expected = [
        ("account", [16, 0, 8, 0, 0]),
        ("colleague", [4, 0, 6, 0, 0]),
        ("contact", [4, 0, 0, 0, 0]),
        ("lead", [0, 0, 0, 0, 1]),
        ("meeting", [10, 0, 10, 0, 0]),
        ("opportunity", [0, 0, 10, 0, 0]),
        ("order", [10, 0, 0, 0, 0]),
        ("product", [2, 0, 0, 0, 0]),
        ("task", [10, 0, 0, 0, 0]),
    ];
    comes_in(mappings::Source::Salesforce, "fivetran_salesforce", &expected).await;
}

#[tokio::test]
async fn zendesk_as_fivetran_lays_it_down() {
    let expected = [
        ("account", [10, 0, 0, 0, 0]),
        ("colleague", [1, 0, 0, 0, 0]),
        ("contact", [9, 0, 0, 0, 0]),
        ("ticket", [15, 0, 2, 0, 0]),
        ("ticket message", [20, 0, 0, 0, 0]),
    ];
    comes_in(mappings::Source::Zendesk, "fivetran_zendesk", &expected).await;
}

#[tokio::test]
async fn a_tap_hears_its_states_once_what_they_stand_for_is_committed() {
    each_engine(async |world: World| {
        let cx = house(&world).await;
        let stream = concat!(
            r#"{"type":"SCHEMA","stream":"companies","key_properties":["companyId"],"schema":{"properties":{"companyId":{"type":"integer"},"property_name":{"type":"string"}}}}"#, "\n",
            r#"{"type":"RECORD","stream":"companies","record":{"companyId":1,"property_name":"Acme"}}"#, "\n",
            "no JSON\n",
            r#"{"type":"STATE","value":{"at":1}}"#, "\n",
            r#"{"type":"RECORD","stream":"companies","record":{"companyId":2,"property_name":"Bolt"}}"#, "\n",
            r#"{"type":"RECORD","stream":"companies","record":{"companyId":1,"property_name":"Acme AG"}}"#, "\n",
            r#"{"type":"STATE","value":{"at":2}}"#, "\n",
        );
        let mapping = Arc::new(Mapping::of(mappings::Source::Hubspot).unwrap());
        let mut states = Vec::new();
        let dry = singer::import(&cx, mapping.clone(), stream.as_bytes(), true, |state| {
            states.push(state.clone());
            Ok(())
        });
        dry.await.unwrap();
        assert_eq!(states, Vec::<Value>::new(), "nothing is committed, so no state is told");
        let mut states = Vec::new();
        let report = singer::import(&cx, mapping, stream.as_bytes(), false, |state| {
            states.push(state.clone());
            Ok(())
        });
        let report = report.await.unwrap();
        assert_eq!(states, [json!({ "at": 1 }), json!({ "at": 2 })]);
        assert_eq!(report.refusals.len(), 1, "{report}");
        let read = world.ina().ask("{ accounts(first: 9, sort: { name: ASC }) { nodes { name } } }", json!({})).await.must();
        assert_eq!(read.each("accounts.nodes", "name"), [json!("Acme AG"), json!("Bolt")]);
    })
    .await;
}
