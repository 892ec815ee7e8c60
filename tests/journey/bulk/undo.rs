//! Undo: what an import made is taken away, what it changed is what it was, exactly where nothing newer touched it; and it says where not.

use api::sync::bulk;
use entities::sync::import_row;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{Client, World, each_engine};

use super::{NDJSON, account, accounts, held, results, row, run, runner, told as told_of};

const UNDO: &str = "importJob { id state undo { dryRun rows restored newer gone impossible failed } }";

async fn undo(client: &Client, id: &str, dry_run: bool) {
    let answer = client.act("undoImport", UNDO, json!({ "id": id, "dryRun": dry_run })).await.must();
    assert_eq!(answer.data("undoImport.importJob.state"), "UNDOING");
}

async fn undone(client: &Client, id: &str) -> Value {
    let text = format!("query($id: ID!) {{ {} }}", UNDO.replace("importJob {", "importJob(id: $id) {"));
    client.ask(&text, json!({ "id": id })).await.must().data("importJob").clone()
}

/// Three accounts as a first import made them.
async fn scene(world: &World, client: &Client) {
    let lines = r#"{"externalId":"a1","set":{"name":"One","website":"https://one.example"}}
{"externalId":"a2","set":{"name":"Two"}}
{"externalId":"a3","set":{"name":"Three"}}"#;
    accounts(world, client, "", NDJSON, lines).await;
    run(world).await;
}

const SECOND: &str = r#"{"externalId":"a1","set":{"name":"Uno","website":null}}
{"externalId":"a2","set":{"name":"Due"}}
{"externalId":"a3","set":{"name":"Three"}}
{"externalId":"a4","set":{"name":"Four"}}
{"externalId":"a5","set":{"name":"Five"}}"#;

async fn id_of(world: &World, name: &str) -> String {
    let text = "query($name: String!) { accounts(filter: { name: { eq: $name } }) { nodes { id } } }";
    world.ada().ask(text, json!({ "name": name })).await.must().text("accounts.nodes.0.id").to_owned()
}

#[tokio::test]
async fn what_nothing_newer_touched_is_as_it_was() {
    each_engine(async |world: World| {
        let ina = world.ina();
        scene(&world, &ina).await;
        let id = accounts(&world, &ina, "", NDJSON, SECOND).await;
        run(&world).await;
        // Somebody works on: on one that was changed, and on one that was made.
        for (name, newer) in [("Due", "Deux"), ("Five", "Cinq")] {
            let input = json!({ "id": id_of(&world, name).await, "name": newer });
            world.ada().act("updateAccount", "account { id }", input).await.must();
        }
        let before = held(&world).await;
        let expected = [
            account("Cinq", None, 2),
            account("Deux", None, 3),
            account("Four", None, 1),
            account("Three", None, 1),
            account("Uno", None, 2),
        ];
        assert_eq!(before, expected);

        // First what would happen.
        let position = world.position().await;
        undo(&ina, &id, true).await;
        run(&world).await;
        let told =
            json!({ "dryRun": true, "rows": 4, "restored": 2, "newer": 2, "gone": 0, "impossible": 0, "failed": 0 });
        assert_eq!(undone(&ina, &id).await, json!({ "id": id, "state": "DONE", "undo": told }));
        assert_eq!((held(&world).await, world.position().await), (before, position));

        undo(&ina, &id, false).await;
        run(&world).await;
        let mut told = told;
        told["dryRun"] = json!(false);
        assert_eq!(undone(&ina, &id).await, json!({ "id": id, "state": "UNDONE", "undo": told }));
        let expected = [
            account("Cinq", None, 2),
            account("Deux", None, 3),
            account("One", Some("https://one.example"), 3),
            account("Three", None, 1),
        ];
        assert_eq!(held(&world).await, expected);

        // And it says where not.
        let rows = results(&world, &ina, &id, "?undo=NEWER,GONE,IMPOSSIBLE,FAILED").await;
        let said: Vec<_> = rows.iter().map(|row| (row["externalId"].clone(), row["undo"]["result"].clone())).collect();
        assert_eq!(said, [(json!("a2"), json!("NEWER")), (json!("a5"), json!("NEWER"))]);
        let text = "query($id: ID!) { importJob(id: $id) { undo { notRestored { line externalId undoResult } } } }";
        let answer = ina.ask(text, json!({ "id": id })).await.must();
        let expected = json!([
            { "line": 2, "externalId": "a2", "undoResult": "NEWER" },
            { "line": 5, "externalId": "a5", "undoResult": "NEWER" },
        ]);
        assert_eq!(answer.data("importJob.undo.notRestored"), &expected);
        let again = ina.act("undoImport", UNDO, json!({ "id": id })).await;
        assert_eq!(again.refusal("undoImport"), "STATE_CONFLICT at id");
        // The key of what was taken away is new again.
        let id = accounts(&world, &ina, "", NDJSON, r#"{"externalId":"a4","set":{"name":"Four"}}"#).await;
        run(&world).await;
        assert_eq!(told_of(&world, &ina, &id, "").await, [row(1, "a4", "CREATED")]);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_an_import_touched_twice_goes_all_the_way_back() {
    each_engine(async |world: World| {
        let ina = world.ina();
        scene(&world, &ina).await;
        let lines = r#"{"externalId":"a1","set":{"name":"Uno"}}
{"externalId":"a2","set":{"name":"Due"}}
{"externalId":"a9","set":{"name":"New"}}
{"externalId":"a1","set":{"website":"https://uno.example"}}
{"externalId":"a9","set":{"name":"Newer"}}"#;
        let id = accounts(&world, &ina, "", NDJSON, lines).await;
        let mut by_three = runner(&world);
        by_three.options.batch_rows = 3;
        assert!(by_three.turn().await.unwrap());
        undo(&ina, &id, false).await;
        run(&world).await;
        let told = undone(&ina, &id).await;
        assert_eq!((&told["undo"]["rows"], &told["undo"]["restored"]), (&json!(5), &json!(5)));
        let names: Vec<_> = held(&world).await.into_iter().map(|(name, website, _)| (name, website)).collect();
        let one = Some("https://one.example".to_owned());
        assert_eq!(names, [("One".to_owned(), one), ("Three".to_owned(), None), ("Two".to_owned(), None)]);
    })
    .await;
}

/// What an import kept of a person goes with the person; for it, and for it alone, the import cannot be undone any more.
#[tokio::test]
async fn what_was_forgotten_cannot_be_undone() {
    each_engine(async |world: World| {
        let ina = world.ina();
        scene(&world, &ina).await;
        let id = accounts(&world, &ina, "", NDJSON, SECOND).await;
        run(&world).await;
        let uno = api::graph::GlobalId::parse(&id_of(&world, "Uno").await).unwrap().uuid;
        world.work(async |work| bulk::forget(work, &[uno]).await).await;
        let rows = import_row::Entity::find().filter(import_row::Column::ObjectId.eq(uno));
        let kept = rows.all(world.store.db()).await.unwrap();
        assert_eq!(kept.len(), 2);
        assert!(kept.iter().all(|row| row.before.is_none() && row.external_id.is_none()), "{kept:?}");
        undo(&ina, &id, false).await;
        run(&world).await;
        let told = undone(&ina, &id).await;
        assert_eq!((&told["undo"]["restored"], &told["undo"]["impossible"]), (&json!(3), &json!(1)));
        let names: Vec<String> = held(&world).await.into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["Three", "Two", "Uno"]);
    })
    .await;
}
