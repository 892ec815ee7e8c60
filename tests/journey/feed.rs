//! The change feed of the whole tenant: nothing is left out and nothing comes twice, whoever writes meanwhile; who hears of what; what is
//! no longer kept is said, never passed over in silence.

pub mod copies;

use std::{collections::BTreeSet, time::Duration};

use api::{
    analytics::rollup,
    graph::{Cx, Kind},
    journey::{Work, feed, retention, verify},
    policy::{Role, RoleSet},
    schema,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use entities::{journey::change_log, sales::opportunity};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set};
use serde_json::{Value, json};
use tests::{Answer, Client, World, each_engine, id, rows};

const CHANGES: &str = "query($after: String, $first: Int, $entities: [FeedEntity!], $source: String) {
    changes(after: $after, first: $first, entities: $entities, excludeSource: $source) {
        nodes { cursor recordedAt entity id change changedFields version source kind record { __typename id } }
        endCursor hasNextPage } }";

const DAY: Duration = Duration::from_secs(86_400);

/// Where the feed stands.
async fn now(client: &Client) -> String {
    client.ask("{ feed { position } }", json!({})).await.must().text("feed.position").to_owned()
}

async fn changes(client: &Client, after: &str) -> Vec<Value> {
    let page = client.ask(CHANGES, json!({ "after": after })).await.must();
    assert_eq!(page.data("changes.hasNextPage"), false);
    page.data("changes.nodes").as_array().unwrap().clone()
}

/// Everything after a cursor, in pages of this size, and where it ends.
async fn to_the_end(client: &Client, after: &str, first: i32) -> (Vec<Value>, String) {
    let (mut read, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = client.ask(CHANGES, json!({ "after": after, "first": first })).await.must();
        read.extend(page.data("changes.nodes").as_array().unwrap().iter().cloned());
        after = page.text("changes.endCursor").to_owned();
        if page.data("changes.hasNextPage") == false {
            return (read, after);
        }
    }
}

/// The cursor with other words in it.
fn forged(cursor: &str, from: &str, to: &str) -> String {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    assert!(text.contains(from), "{text}");
    URL_SAFE_NO_PAD.encode(text.replace(from, to))
}

async fn create(client: &Client, name: &str) -> String {
    let made = client.act("createAccount", "account { id }", json!({ "name": name })).await.must();
    made.text("createAccount.account.id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_writers_at_once_and_a_reader_that_misses_nothing() {
    const WRITERS: usize = 8;
    const EACH: usize = 5;
    each_engine(async |world: World| {
        let ina = world.ina();
        let start = now(&ina).await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let client = world.ada();
                tokio::spawn(async move {
                    let mut made = Vec::new();
                    for n in 0..EACH {
                        made.push(create(&client, &format!("{writer}-{n}")).await);
                    }
                    made
                })
            })
            .collect();
        // Small pages, so that the reader is often in the middle of what is being committed.
        let (mut read, mut after) = (Vec::new(), start.clone());
        loop {
            let finished = writers.iter().all(tokio::task::JoinHandle::is_finished);
            let (more, end) = to_the_end(&ina, &after, 3).await;
            let quiet = more.is_empty();
            read.extend(more);
            after = end;
            if quiet && finished {
                break;
            }
            tokio::task::yield_now().await;
        }
        let mut made = Vec::new();
        for writer in writers {
            made.push(writer.await.unwrap());
        }
        let (again, end) = to_the_end(&ina, &start, 500).await;
        assert_eq!((&read, &after), (&again, &end), "nothing appeared behind the reader");
        let cursors: BTreeSet<&str> = read.iter().map(|change| change["cursor"].as_str().unwrap()).collect();
        assert_eq!(cursors.len(), read.len(), "nothing twice");
        for made in made {
            let place = |made: &String| {
                read.iter().position(|change| change["id"] == **made && change["change"] == "CREATED").expect("missed")
            };
            let places: Vec<usize> = made.iter().map(place).collect();
            assert!(places.is_sorted(), "each writer's in their order: {places:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_says_what_happened_and_brings_the_record_as_it_is() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let start = now(&ina).await;
        let account = create(&ina, "Bolt").await;
        let revenue = json!({ "amount": "5.00", "currency": "EUR" });
        ina.act("updateAccount", "", json!({ "id": account, "name": "Bolt AG", "annualRevenue": revenue }))
            .await
            .must();
        let sue = id(Kind::Colleague, world.acme.cast.sue);
        let member = json!({ "accountId": account, "colleagueId": sue, "discipline": "SALES" });
        ina.act("addAccountTeamMember", "", member).await.must();
        let product = ina.act("createProduct", "product { id }", json!({ "code": "P1", "name": "Press" })).await.must();
        let product = product.text("createProduct.product.id").to_owned();
        ina.act("deleteProduct", "", json!({ "id": product })).await.must();
        let read = changes(&ina, &start).await;
        let told: Vec<Value> = read
            .iter()
            .map(|change| {
                json!([change["entity"], change["change"], change["version"], change["record"]["__typename"]])
            })
            .collect();
        assert_eq!(
            told,
            [
                json!(["ACCOUNT", "CREATED", 1, "Account"]),
                json!(["ACCOUNT", "UPDATED", 2, "Account"]),
                json!(["ACCOUNT_TEAM_MEMBER", "CREATED", 1, "AccountTeamMember"]),
                // It is gone by now.
                json!(["PRODUCT", "CREATED", 1, null]),
                json!(["PRODUCT", "DELETED", 2, null]),
            ]
        );
        let kinds: Vec<&str> = read.iter().map(|change| change["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds[1..], ["record.updated", "team.member_added", "record.created", "record.deleted"]);
        let fields: BTreeSet<&str> =
            read[1]["changedFields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
        assert_eq!(fields, BTreeSet::from(["name", "annualRevenue"]));
        assert_eq!(
            (&read[0]["id"], &read[0]["record"]["id"], &read[4]["id"]),
            (&json!(account), &json!(account), &json!(product))
        );
    })
    .await;
}

#[tokio::test]
async fn a_field_that_nobody_may_read_is_not_named() {
    each_engine(async |world: World| {
        let deal = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?.id;
                rows::opportunity(work, account, "Presses").await
            })
            .await;
        let start = now(&world.ina()).await;
        let row =
            opportunity::ActiveModel { name: Set("Press".into()), cost_minor: Set(Some(5)), ..Default::default() };
        world.work(async |work| work.update_row::<opportunity::Entity>(&deal, row).await.map(drop)).await;
        let read = changes(&world.ina(), &start).await;
        assert_eq!(read.len(), 1, "{read:?}");
        assert_eq!(read[0]["changedFields"], json!(["name"]), "what it costs us is not an integrator's");
    })
    .await;
}

/// A row that is made and changed in one transaction is new to whoever follows.
#[tokio::test]
async fn one_transaction_is_one_change_of_a_row() {
    each_engine(async |world: World| {
        let start = now(&world.ina()).await;
        let row = |name: &str| opportunity::ActiveModel { name: Set(name.to_owned()), ..Default::default() };
        let stage = || opportunity::ActiveModel { next_step: Set(Some("Call".to_owned())), ..Default::default() };
        let deal = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?.id;
                let deal = rows::opportunity(work, account, "Presses").await?;
                work.update_row::<opportunity::Entity>(&deal, row("Press")).await
            })
            .await;
        world
            .work(async |work| {
                let deal = work.update_row::<opportunity::Entity>(&deal, row("Saw")).await?;
                work.update_row::<opportunity::Entity>(&deal, stage()).await.map(drop)
            })
            .await;
        let read = changes(&world.ina(), &start).await;
        let told: Vec<Value> = read
            .iter()
            .filter(|change| change["entity"] == "OPPORTUNITY")
            .map(|change| json!([change["change"], change["version"], change["changedFields"]]))
            .collect();
        assert_eq!(told, [json!(["CREATED", 2, []]), json!(["UPDATED", 4, ["name", "nextStep"]])]);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_read_every_row_does_not_follow_them() {
    each_engine(async |world: World| {
        for role in Role::ALL {
            let answer = world
                .as_roles(&[role], "ada")
                .ask("{ feed { position entities } changes { endCursor } }", json!({}))
                .await;
            match role {
                Role::Integrator | Role::Admin => drop(answer.must()),
                _ => assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "{role}: {answer}"),
            }
        }
        // Notes are written by machines, and not read back; a colleague's own notes are not everybody's.
        let start = now(&world.ina()).await;
        let account = create(&world.sam(), "Bolt").await;
        world
            .sam()
            .act("createNote", "", json!({ "recordId": account, "body": "Call back", "visibility": "TEAM" }))
            .await
            .must();
        let entities = |read: Vec<Value>| read.iter().map(|change| change["entity"].clone()).collect::<Vec<_>>();
        assert_eq!(entities(changes(&world.ina(), &start).await), ["ACCOUNT"]);
        let both = world.as_roles(&[Role::Integrator, Role::Sales], "sam");
        let other = both.ask(CHANGES, json!({ "after": start })).await;
        assert_eq!(other.code(), Some("RIGHTS_CHANGED"), "a cursor of other roles: {other}");
        let asked = world.ina().ask(CHANGES, json!({ "after": start, "entities": ["ACCOUNT", "NOTE"] })).await;
        assert_eq!(asked.code(), Some("BAD_USER_INPUT"), "{asked}");
    })
    .await;
}

#[tokio::test]
async fn types_and_sources_narrow_it() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let start = now(&ina).await;
        let caller = world.caller(&[Role::Admin], "ada").await;
        let cx = Cx::new(caller, world.store.clone(), world.clock.clone());
        let mut work = Work::begin(&cx).await.unwrap().from_source("crm");
        let account = rows::account(&mut work, "Bolt", None, None).await.unwrap().id;
        rows::contact(&mut work, Some(account), "Anna", "Öz").await.unwrap();
        work.commit().await.unwrap();
        world.work(async |work| rows::contact(work, Some(account), "Bert", "Ohm").await).await;

        let told = async |more: Value| {
            let mut asked = json!({ "after": start });
            asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let page = ina.ask(CHANGES, asked).await.must();
            (page.each("changes.nodes", "entity"), page.each("changes.nodes", "source"), page)
        };
        let (entities, sources, _) = told(json!({})).await;
        assert_eq!(
            (entities, sources),
            (vec![json!("ACCOUNT"), json!("CONTACT"), json!("CONTACT")], vec![json!("crm"), json!("crm"), Value::Null])
        );
        let (entities, sources, _) = told(json!({ "entities": ["CONTACT"] })).await;
        assert_eq!((entities.len(), sources), (2, vec![json!("crm"), Value::Null]));
        let (_, sources, _) = told(json!({ "source": "crm" })).await;
        assert_eq!(sources, [Value::Null]);
        // A page without changes has looked at everything all the same.
        let (entities, _, page) = told(json!({ "entities": ["TICKET"] })).await;
        assert_eq!((entities.len(), page.text("changes.endCursor")), (0, now(&ina).await.as_str()));
        let narrow = "query($first: Int, $entities: [FeedEntity!]) { changes(first: $first, entities: $entities) { endCursor } }";
        for wrong in [json!({ "first": 0 }), json!({ "first": 1_001 }), json!({ "entities": [] })] {
            let refused = ina.ask(narrow, wrong.clone()).await;
            assert_eq!(refused.code(), Some("BAD_USER_INPUT"), "{wrong}: {refused}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_of_its_tenant_its_roles_and_a_position_that_was_given_out() {
    each_engine(async |world: World| {
        let ina = world.ina();
        create(&ina, "Bolt").await;
        let (cursor, position) = (now(&ina).await, world.position().await);
        assert!(changes(&ina, &cursor).await.is_empty());
        let foreign = world.of_other(Role::Integrator, "ina").ask("{ feed { position } }", json!({})).await.must();
        let wrong = [
            "nonsense".to_owned(),
            URL_SAFE_NO_PAD.encode(format!("live:{position}:0")),
            foreign.text("feed.position").to_owned(),
            forged(&cursor, &format!(":{position}:"), &format!(":{}:", position + 1)),
            forged(&cursor, &format!(":{position}:"), ":-1:"),
            forged(&cursor, "integrator", "king"),
        ];
        for wrong in wrong {
            let refused = ina.ask(CHANGES, json!({ "after": wrong })).await;
            assert_eq!(refused.code(), Some("CURSOR_INVALID"), "{wrong}: {refused}");
        }
        let refused = world.ada().ask(CHANGES, json!({ "after": cursor })).await;
        assert_eq!(refused.code(), Some("RIGHTS_CHANGED"), "{refused}");
    })
    .await;
}

/// Whatever the feed tells of can be read by its id, under the name by which its fields are found.
#[test]
fn every_type_of_the_feed_is_a_node() {
    let sdl = schema::sdl(RoleSet::ALL);
    for object in feed::types_of(RoleSet::ALL.into()) {
        assert!(sdl.contains(&format!("type {} implements Node {{", object.name())), "{object:?}");
    }
}

/// A page of many costs as many statements as a page of few.
#[tokio::test]
async fn a_page_takes_the_same_number_of_statements_however_long() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let start = now(&ina).await;
        for n in 0..30 {
            world
                .work(async |work| {
                    let account = rows::account(work, &format!("Bolt {n}"), None, None).await?.id;
                    rows::contact(work, Some(account), "Anna", "Öz").await
                })
                .await;
        }
        let ask = async |first: i32| ina.ask(CHANGES, json!({ "after": start, "first": first })).await.must();
        let read = |page: &Answer| page.data("changes.nodes").as_array().unwrap().len();
        ask(2).await;
        let (few, many) = (ask(2).await, ask(60).await);
        assert_eq!((read(&few), read(&many)), (2, 60));
        assert_eq!(few.statements, many.statements);
    })
    .await;
}

async fn kept(world: &World) -> u64 {
    let log = change_log::Entity::find().filter(change_log::Column::TenantId.eq(world.acme.tenant));
    log.count(world.store.db()).await.unwrap()
}

async fn prune(world: &World) -> u64 {
    retention::prune(&world.store, &world.clock, world.acme.tenant, 30 * DAY).await.unwrap()
}

#[tokio::test]
async fn what_is_no_longer_kept_is_said_and_where_to_begin_anew() {
    each_engine(async |world: World| {
        let account = world.work(async |work| rows::account(work, "Bolt", Some(world.acme.cast.sam), None).await).await;
        let account = id(Kind::Account, account.id);
        let old = now(&world.ina()).await;
        let page = "query($id: ID!) { timeline(subject: $id) { pageInfo { liveCursor } } }";
        let live = world.sam().ask(page, json!({ "id": account })).await.must();
        let live = live.data("timeline.pageInfo.liveCursor").clone();
        create(&world.ina(), "Screw").await;
        assert_eq!(prune(&world).await, 0, "nothing is old");

        world.pass(TimeDelta::days(40));
        let ina = world.ina();
        let newest = create(&ina, "Nut").await;
        let before = kept(&world).await;
        assert_eq!(prune(&world).await, before - 1);
        assert_eq!((kept(&world).await, prune(&world).await), (1, 0));

        for cursor in [json!(old), Value::Null] {
            let expired = ina.ask(CHANGES, json!({ "after": cursor })).await;
            assert_eq!(expired.code(), Some("CURSOR_EXPIRED"), "{expired}");
            let said = &expired.body["errors"][0]["extensions"];
            let read = changes(&ina, said["oldest"].as_str().unwrap()).await;
            assert_eq!(read.iter().map(|change| &change["id"]).collect::<Vec<_>>(), [&json!(newest)]);
            assert_eq!(said["snapshot"], now(&ina).await);
            assert!(changes(&ina, said["snapshot"].as_str().unwrap()).await.is_empty());
            let feed = ina.ask("{ feed { oldest } }", json!({})).await.must();
            assert_eq!(feed.data("feed.oldest"), &said["oldest"]);
        }

        // A live reader is told, too.
        let server = world.listen().await;
        let follow =
            "subscription($id: ID!, $after: String) { timelineChanged(subject: $id, after: $after) { cursor } }";
        let mut stream = world.sam().follow(&server, follow, json!({ "id": account, "after": live })).await;
        assert_eq!(stream.code().await, "CURSOR_EXPIRED");

        // However old the newest is, it stays: so the feed always knows where it begins.
        world.pass(TimeDelta::days(40));
        assert_eq!((prune(&world).await, kept(&world).await), (0, 1));
        let checks = verify::tenant(&world.store, world.acme.tenant).await.unwrap();
        let of_feed = checks.iter().filter(|check| check.name.contains("change log") || check.name.contains("feed"));
        let wrong: Vec<_> = of_feed.filter(|check| !check.findings.is_empty()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    })
    .await;
}

#[tokio::test]
async fn what_the_kept_figures_have_still_to_take_in_stays() {
    each_engine(async |world: World| {
        rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        create(&world.ina(), "Bolt").await;
        create(&world.ina(), "Screw").await;
        world.pass(TimeDelta::days(40));
        let founded = kept(&world).await - 2;
        assert_eq!(prune(&world).await, founded);
        assert_eq!(kept(&world).await, 2);
        while rollup::fold(&world.store, &world.clock, world.acme.tenant).await.unwrap() {}
        assert_eq!((prune(&world).await, kept(&world).await), (1, 1));
    })
    .await;
}
