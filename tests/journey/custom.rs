//! Fields of the tenant's own: declared, written, read, found and sorted under the same rules as the fields of the house.

use api::{
    graph::{Kind, Result},
    journey::Work,
};
use entities::{
    account::account,
    codes::Discipline,
    service::ticket,
    tenant::{custom_field, custom_value},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::{Value, json};
use tests::{Answer, Client, World, each_engine, id, rows};
use uuid::Uuid;

const DECLARE: &str = "mutation($input: CreateCustomFieldInput!) { createCustomField(input: $input) {
    customField { id version code position } userErrors { code path } } }";

const CHANGE: &str = "mutation($input: UpdateCustomFieldInput!) { updateCustomField(input: $input) {
    customField { version class labelDe } userErrors { code path } } }";

const DELETE: &str = "mutation($input: DeleteCustomFieldInput!) { deleteCustomField(input: $input) {
    deletedId userErrors { code path } } }";

const SET: &str = "mutation($input: SetCustomFieldsInput!) { setCustomFields(input: $input) {
    record { __typename } version customFields { field { code } value } userErrors { code path } } }";

const READ: &str = "query($id: ID!) { account(id: $id) { version customFields { field { code } value } } }";

async fn declare(client: &Client, input: Value) -> String {
    client.ask(DECLARE, json!({ "input": input })).await.must().text("createCustomField.customField.id").to_owned()
}

fn field(entity: &str, code: &str, ty: &str, class: &str) -> Value {
    let mut field = json!({ "entity": entity, "code": code, "type": ty, "class": class,
        "labelDe": format!("{code} auf Deutsch"), "labelEn": format!("{code} in English") });
    if ty == "CHOICE" {
        field["choices"] = json!([{ "code": "RED", "labelDe": "Rot", "labelEn": "Red" },
            { "code": "BLUE", "labelDe": "Blau", "labelEn": "Blue" }]);
    }
    field
}

/// One field of each type on accounts.
async fn five(world: &World) {
    for (code, ty, class) in [
        ("fleet", "TEXT", "P"),
        ("budget", "NUMBER", "M"),
        ("partner", "BOOLEAN", "P"),
        ("visited", "DATE", "P"),
        ("colour", "CHOICE", "D"),
    ] {
        declare(&world.ada(), field("ACCOUNT", code, ty, class)).await;
    }
}

fn values(pairs: &[(&str, Value)]) -> Value {
    pairs.iter().map(|(code, value)| json!({ "code": code, "value": value })).collect()
}

async fn set(client: &Client, id: &str, pairs: &[(&str, Value)]) -> Answer {
    client.ask(SET, json!({ "input": { "id": id, "values": values(pairs) } })).await
}

/// What a record holds, by code.
fn held(list: &Value) -> Value {
    let values = list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter();
    values.map(|value| (value["field"]["code"].as_str().unwrap().to_owned(), value["value"].clone())).collect()
}

/// An account on whose team everybody is.
async fn account(work: &mut Work<'_>, world: &World, name: &str) -> Result<Uuid> {
    let row = rows::account(work, name, Some(world.acme.cast.sam), None).await?;
    let span = (work.now(), None);
    for (who, discipline) in [
        (world.acme.cast.sam, Discipline::Sales),
        (world.acme.cast.vera, Discipline::Service),
        (world.acme.cast.tom, Discipline::Technical),
    ] {
        rows::member(work, row.id, who, discipline, rows::EDIT, span).await?;
    }
    Ok(row.id)
}

async fn one(world: &World) -> String {
    id(Kind::Account, world.work(async |work| account(work, world, "Bolt").await).await)
}

/// Rows, index and the feed's position: to show that nothing happened.
async fn everything(world: &World) -> (Vec<account::Model>, Vec<custom_value::Model>, usize, i64) {
    let db = world.store.db();
    let fields = custom_field::Entity::find().all(db).await.unwrap().len();
    (
        account::Entity::find().all(db).await.unwrap(),
        custom_value::Entity::find().all(db).await.unwrap(),
        fields,
        world.position().await,
    )
}

#[tokio::test]
async fn declared_written_and_read_by_three_roles() {
    each_engine(async |world: World| {
        five(&world).await;
        let bolt = one(&world).await;
        let all = [
            ("fleet", json!("12 Pressen „groß“")),
            ("budget", json!(1250.75)),
            ("partner", json!(true)),
            ("visited", json!("2026-11-20")),
            ("colour", json!("RED")),
        ];
        let done = set(&world.ada(), &bolt, &all).await.must();
        assert_eq!(done.data("setCustomFields.record.__typename"), "Account");
        assert_eq!(done.data("setCustomFields.version"), 2);
        // In the declared order.
        assert_eq!(
            done.each("setCustomFields.customFields", "field.code"),
            ["fleet", "budget", "partner", "visited", "colour"]
        );
        let whole = json!({ "fleet": "12 Pressen „groß“", "budget": 1250.75, "partner": true, "visited": "2026-11-20", "colour": "RED" });
        assert_eq!(held(done.data("setCustomFields.customFields")), whole);

        let mut without_d = whole.clone();
        without_d["budget"] = Value::Null;
        let mut public = without_d.clone();
        public["colour"] = Value::Null;
        // Sales reads P, M and D of its accounts, service P and D, technicians P.
        for (client, expected) in [(world.sam(), &whole), (world.vera(), &without_d), (world.tom(), &public)] {
            let read = client.ask(READ, json!({ "id": bolt })).await.must();
            assert_eq!(&held(read.data("account.customFields")), expected);
        }

        // What changed is named, not told.
        let log = entities::journey::change_log::Entity::find().all(world.store.db()).await.unwrap();
        let names = &log.iter().max_by_key(|line| line.position).unwrap().changed_fields;
        assert_eq!(
            *names,
            json!(["custom.fleet", "custom.budget", "custom.partner", "custom.visited", "custom.colour"])
        );

        // Fields that are not named stay; null clears; nothing new is no new version.
        let ada = world.ada();
        let done = set(&ada, &bolt, &[("fleet", Value::Null), ("partner", json!(false))]).await.must();
        let after = held(done.data("setCustomFields.customFields"));
        assert_eq!((&after["fleet"], &after["partner"], &after["colour"]), (&Value::Null, &json!(false), &json!("RED")));
        let same = set(&ada, &bolt, &[("partner", json!(false))]).await.must();
        assert_eq!(same.data("setCustomFields.version"), 3);
        let stale = ada
            .ask(SET, json!({ "input": { "id": bolt, "ifVersion": 1, "values": values(&[("partner", json!(true))]) } }))
            .await;
        assert_eq!(stale.refusal("setCustomFields"), "VERSION_CONFLICT at ifVersion");

        let labels = "{ customFields(filter: { entity: [ACCOUNT], type: [CHOICE] }) { nodes { code type class label(language: DE)
            english: label(language: EN) choices { code label(language: DE) } } } }";
        let labels = world.tom().ask(labels, json!({})).await.must();
        assert_eq!(
            labels.data("customFields.nodes"),
            &json!([{ "code": "colour", "type": "CHOICE", "class": "D", "label": "colour auf Deutsch",
                "english": "colour in English",
                "choices": [{ "code": "RED", "label": "Rot" }, { "code": "BLUE", "label": "Blau" }] }])
        );
    })
    .await;
}

/// Ten accounts: numbers and texts of 0 to 7, two without.
async fn ten(world: &World) -> Vec<String> {
    five(world).await;
    // In one unit of work, so that their ids rise.
    let accounts = world
        .work(async |work| {
            let mut accounts = Vec::new();
            for n in 0..10 {
                accounts.push(id(Kind::Account, account(work, world, &format!("Account {n}")).await?));
            }
            Ok(accounts)
        })
        .await;
    for (n, account) in accounts.iter().enumerate().take(8) {
        let all = [
            ("fleet", json!(format!("{} Presse {n}", if n % 2 == 0 { "alte" } else { "Neue" }))),
            ("budget", json!(f64::from(u32::try_from(n).unwrap()) * 10.5)),
            ("partner", json!(n % 2 == 0)),
            ("visited", json!(format!("2026-11-{:02}", 10 + n))),
            ("colour", json!(if n < 4 { "RED" } else { "BLUE" })),
        ];
        set(&world.ada(), account, &all).await.must();
    }
    accounts
}

async fn found(client: &Client, filter: Value) -> Vec<Value> {
    let query = "query($filter: AccountFilter) { accounts(filter: $filter, first: 100) { totalCount nodes { name } } }";
    let answer = client.ask(query, json!({ "filter": filter })).await.must();
    let names = answer.each("accounts.nodes", "name");
    assert_eq!(answer.data("accounts.totalCount"), &json!(names.len()));
    names.iter().map(|name| json!(name.as_str().unwrap().replace("Account ", "").parse::<i32>().unwrap())).collect()
}

#[tokio::test]
async fn lists_are_narrowed_by_them() {
    each_engine(async |world: World| {
        ten(&world).await;
        let ada = world.ada();
        let is = |code: &str, test: Value| {
            let mut term = test;
            term["code"] = json!(code);
            json!({ "custom": [term] })
        };
        let cases = [
            (is("fleet", json!({ "eq": "Neue Presse 3" })), json!([3])),
            (is("fleet", json!({ "eq": "neue presse 3" })), json!([])),
            (is("fleet", json!({ "contains": "NEUE" })), json!([1, 3, 5, 7])),
            (is("fleet", json!({ "in": ["alte Presse 0", "alte Presse 2", "x\0y"] })), json!([0, 2])),
            (is("fleet", json!({ "contains": "%" })), json!([])),
            (is("budget", json!({ "eq": 31.5 })), json!([3])),
            (is("budget", json!({ "gte": 21, "lt": 42 })), json!([2, 3])),
            (is("partner", json!({ "eq": true })), json!([0, 2, 4, 6])),
            (is("visited", json!({ "gte": "2026-11-15" })), json!([5, 6, 7])),
            (is("colour", json!({ "in": ["BLUE"] })), json!([4, 5, 6, 7])),
            (is("colour", json!({ "isNull": true })), json!([8, 9])),
            (is("colour", json!({ "isNull": false, "eq": "RED" })), json!([0, 1, 2, 3])),
            (is("colour", json!({})), json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])),
            // A row without a value fulfils neither a condition nor its opposite, as with every column.
            (json!({ "not": is("colour", json!({ "eq": "RED" })) }), json!([4, 5, 6, 7])),
            (json!({ "not": { "not": is("colour", json!({ "eq": "RED" })) } }), json!([0, 1, 2, 3])),
            (json!({ "not": is("colour", json!({ "isNull": true })) }), json!([0, 1, 2, 3, 4, 5, 6, 7])),
            (json!({ "or": [is("budget", json!({ "eq": 0 })), is("budget", json!({ "eq": 73.5 }))] }), json!([0, 7])),
            (
                json!({ "custom": [{ "code": "colour", "eq": "RED" }, { "code": "partner", "eq": false }],
                    "name": { "contains": "3" } }),
                json!([3]),
            ),
        ];
        for (filter, expected) in cases {
            assert_eq!(json!(found(&ada, filter.clone()).await), expected, "{filter}");
        }

        let query = "query($filter: AccountFilter) { accounts(filter: $filter) { nodes { id } } }";
        for bad in [
            is("nothing", json!({ "eq": 1 })),
            is("budget", json!({ "eq": "31.5" })),
            is("budget", json!({ "contains": "3" })),
            is("fleet", json!({ "gte": "a" })),
            is("visited", json!({ "lt": "tomorrow" })),
            is("partner", json!({ "eq": 1 })),
            is("fleet", json!({ "in": vec!["x"; 101] })),
            is("fleet", json!({ "contains": "x".repeat(256) })),
            json!({ "custom": vec![json!({ "code": "fleet", "eq": "x" }); 21] }),
        ] {
            let answer = ada.ask(query, json!({ "filter": bad })).await;
            assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "{bad}: {answer}");
        }
    })
    .await;
}

/// All pages of three, forwards or backwards.
async fn paged(client: &Client, sort: Value, forward: bool) -> Vec<Value> {
    let (size, cursor, more, end) = match forward {
        true => ("first", "after", "hasNextPage", "endCursor"),
        false => ("last", "before", "hasPreviousPage", "startCursor"),
    };
    let query = format!(
        "query($sort: AccountSort, $cursor: String) {{ accounts(sort: $sort, {size}: 3, {cursor}: $cursor) {{
            nodes {{ name }} pageInfo {{ {more} {end} }} }} }}"
    );
    let (mut all, mut at) = (Vec::new(), Value::Null);
    loop {
        let page = client.ask(&query, json!({ "sort": sort, "cursor": at })).await.must();
        let names = page.each("accounts.nodes", "name");
        let names = names.into_iter().map(|name| json!(name.as_str().unwrap().replace("Account ", "")));
        match forward {
            true => all.extend(names),
            false => drop(all.splice(0..0, names)),
        }
        if page.data(&format!("accounts.pageInfo.{more}")) == false {
            return all;
        }
        at = page.data(&format!("accounts.pageInfo.{end}")).clone();
        assert!(all.len() < 20, "the pages do not end");
    }
}

#[tokio::test]
async fn lists_are_sorted_by_them_page_by_page_both_ways() {
    each_engine(async |world: World| {
        ten(&world).await;
        let ada = world.ada();
        for (code, direction, expected) in [
            ("fleet", "ASC", "0 2 4 6 1 3 5 7 8 9"),
            ("fleet", "DESC", "7 5 3 1 6 4 2 0 9 8"),
            ("budget", "ASC", "0 1 2 3 4 5 6 7 8 9"),
            ("budget", "DESC", "7 6 5 4 3 2 1 0 9 8"),
            ("partner", "ASC", "1 3 5 7 0 2 4 6 8 9"),
            ("visited", "DESC", "7 6 5 4 3 2 1 0 9 8"),
            ("colour", "ASC", "4 5 6 7 0 1 2 3 8 9"),
        ] {
            let expected: Vec<Value> = expected.split(' ').map(|n| json!(n)).collect();
            let sort = json!({ "custom": { "code": code, "direction": direction } });
            for forward in [true, false] {
                assert_eq!(paged(&ada, sort.clone(), forward).await, expected, "{code} {direction} {forward}");
            }
        }

        let query = "query($sort: AccountSort, $after: String) { accounts(sort: $sort, first: 3, after: $after) {
            pageInfo { endCursor } } }";
        let by = |code: &str| json!({ "custom": { "code": code, "direction": "ASC" } });
        let page = ada.ask(query, json!({ "sort": by("budget") })).await.must();
        let cursor = page.data("accounts.pageInfo.endCursor");
        for sort in [by("fleet"), json!({ "name": "ASC" }), Value::Null] {
            let other = ada.ask(query, json!({ "sort": sort, "after": cursor })).await;
            assert_eq!(other.code(), Some("CURSOR_INVALID"), "{sort}");
        }
        for bad in [by("nothing"), json!({ "name": "ASC", "custom": { "code": "fleet", "direction": "ASC" } })] {
            assert_eq!(ada.ask(query, json!({ "sort": bad })).await.code(), Some("BAD_USER_INPUT"));
        }
    })
    .await;
}

/// A value of class M: technicians and service do not read it, and no filter and no order tells it.
#[tokio::test]
async fn what_may_not_be_read_counts_as_null() {
    each_engine(async |world: World| {
        let accounts = ten(&world).await;
        for client in [world.tom(), world.vera()] {
            let read = client.ask(READ, json!({ "id": accounts[3] })).await.must();
            assert_eq!(held(read.data("account.customFields"))["budget"], Value::Null);
            let all: Vec<Value> = (0..10).map(|n| json!(n)).collect();
            let by = |test: Value| json!({ "custom": [test] });
            assert!(found(&client, by(json!({ "code": "budget", "gte": 0 }))).await.is_empty());
            assert!(found(&client, json!({ "not": by(json!({ "code": "budget", "gte": 0 })) })).await.is_empty());
            assert!(found(&client, by(json!({ "code": "budget", "isNull": false }))).await.is_empty());
            assert_eq!(found(&client, by(json!({ "code": "budget", "isNull": true }))).await, all);
            // All alike, so in the order of their ids.
            let sort = json!({ "custom": { "code": "budget", "direction": "DESC" } });
            let expected: Vec<Value> = (0..10).rev().map(|n| json!(n.to_string())).collect();
            assert_eq!(paged(&client, sort.clone(), true).await, expected);
            assert_eq!(paged(&client, sort, false).await, expected);
        }

        // Sales reads M on the accounts of its teams only; of others it sees the name.
        world.pass(chrono::TimeDelta::seconds(1));
        world.work(async |work| rows::account(work, "Account 99", None, None).await).await;
        let foreign = account::Entity::find()
            .filter(account::Column::Name.eq("Account 99"))
            .one(world.store.db())
            .await
            .unwrap()
            .unwrap();
        set(&world.ada(), &id(Kind::Account, foreign.id), &[("budget", json!(500)), ("fleet", json!("x"))])
            .await
            .must();
        let sam = world.sam();
        let read = sam.ask(READ, json!({ "id": id(Kind::Account, foreign.id) })).await.must();
        assert_eq!(held(read.data("account.customFields"))["budget"], Value::Null);
        assert_eq!(held(read.data("account.customFields"))["fleet"], Value::Null);
        let rich = json!({ "custom": [{ "code": "budget", "gte": 60 }] });
        assert_eq!(found(&sam, rich.clone()).await, [6, 7]);
        assert_eq!(found(&world.ada(), rich).await, [6, 7, 99]);
        let sort = json!({ "custom": { "code": "budget", "direction": "DESC" } });
        let own: Vec<Value> = ["7", "6", "5", "4", "3", "2", "1", "0", "99", "9", "8"].map(|n| json!(n)).into();
        assert_eq!(paged(&sam, sort.clone(), true).await, own);
        assert_eq!(paged(&sam, sort, false).await, own);

        // A code that is also the name of a field which a cell lists does not borrow its rights.
        declare(&world.ada(), field("ACCOUNT", "name", "TEXT", "M")).await;
        set(&world.ada(), &id(Kind::Account, foreign.id), &[("name", json!("secret"))]).await.must();
        let read = sam.ask(READ, json!({ "id": id(Kind::Account, foreign.id) })).await.must();
        assert_eq!(held(read.data("account.customFields"))["name"], Value::Null);

        // A new class takes effect at once.
        let budget = custom_field::Entity::find()
            .filter(custom_field::Column::Code.eq("budget"))
            .one(world.store.db())
            .await
            .unwrap()
            .unwrap();
        let change = json!({ "input": { "id": id(Kind::CustomField, budget.id), "class": "P", "labelDe": "Etat" } });
        let changed = world.ada().ask(CHANGE, change).await.must();
        assert_eq!(
            changed.data("updateCustomField.customField"),
            &json!({ "version": 2, "class": "P", "labelDe": "Etat" })
        );
        let read = world.tom().ask(READ, json!({ "id": accounts[3] })).await.must();
        assert_eq!(held(read.data("account.customFields"))["budget"], json!(31.5));
    })
    .await;
}

#[tokio::test]
async fn bad_values_are_refused_and_nothing_is_half_written() {
    each_engine(async |world: World| {
        five(&world).await;
        let mut required = field("ACCOUNT", "region", "TEXT", "P");
        required["required"] = json!(true);
        declare(&world.ada(), required).await;
        declare(&world.ada(), field("TICKET", "cause", "TEXT", "P")).await;
        declare(&world.ada(), field("ACCOUNT", "spare", "BOOLEAN", "P")).await;
        let bolt = one(&world).await;
        set(&world.ada(), &bolt, &[("region", json!("Süd"))]).await.must();
        let before = everything(&world).await;
        for (code, value, refusal) in [
            ("fleet", json!(7), "INVALID at values.1.value"),
            ("fleet", json!({ "a": 1 }), "INVALID at values.1.value"),
            ("fleet", json!("   "), "INVALID at values.1.value"),
            ("fleet", json!("x".repeat(1_000_000)), "INVALID at values.1.value"),
            ("fleet", json!("x".repeat(2_001)), "INVALID at values.1.value"),
            ("fleet", json!("a\0b"), "INVALID at values.1.value"),
            ("fleet", json!("a\nb"), "INVALID at values.1.value"),
            ("budget", json!("12"), "INVALID at values.1.value"),
            ("budget", json!(1e12), "INVALID at values.1.value"),
            ("budget", json!(0.000_000_1), "INVALID at values.1.value"),
            ("partner", json!("true"), "INVALID at values.1.value"),
            ("visited", json!("2026-02-30"), "INVALID at values.1.value"),
            ("visited", json!("2026-2-3"), "INVALID at values.1.value"),
            ("colour", json!("GREEN"), "INVALID at values.1.value"),
            ("colour", json!("Rot"), "INVALID at values.1.value"),
            ("region", Value::Null, "INVALID at values.1.value"),
            ("nothing", json!(1), "NOT_FOUND at values.1.code"),
            ("cause", json!("x"), "NOT_FOUND at values.1.code"),
            ("Fleet", json!("x"), "NOT_FOUND at values.1.code"),
            ("spare", json!(false), "INVALID at values.1.code"),
        ] {
            let refused = set(&world.ada(), &bolt, &[("spare", json!(true)), (code, value.clone())]).await;
            let told = value.to_string().chars().take(40).collect::<String>();
            assert_eq!(refused.refusal("setCustomFields"), refusal, "{code} {told}");
            assert_eq!(refused.data("setCustomFields.record"), &Value::Null);
        }
        // Every wrong value is named at once.
        let two = set(&world.ada(), &bolt, &[("budget", json!("x")), ("colour", json!(1))]).await;
        assert_eq!(two.user_errors("setCustomFields").len(), 2);
        assert_eq!(set(&world.ada(), &bolt, &[]).await.refusal("setCustomFields"), "INVALID at values");
        let many = vec![("partner", json!(true)); 101];
        assert_eq!(set(&world.ada(), &bolt, &many).await.refusal("setCustomFields"), "INVALID at values");
        let industry = id(Kind::Industry, Uuid::from_u128(7));
        let wrong = set(&world.ada(), &industry, &[("partner", json!(true))]).await;
        assert_eq!(wrong.refusal("setCustomFields"), "INVALID at id");
        let unknown = set(&world.ada(), &id(Kind::Account, Uuid::from_u128(7)), &[("partner", json!(true))]).await;
        assert_eq!(unknown.refusal("setCustomFields"), "NOT_FOUND at id");
        assert_eq!(everything(&world).await, before);

        // The longest text that is taken, of the widest characters.
        let long = "🦀".repeat(2_000);
        set(&world.ada(), &bolt, &[("fleet", json!(long))]).await.must();
        let query =
            "query($text: JSON!) { accounts(filter: { custom: [{ code: \"fleet\", eq: $text }] }) { totalCount } }";
        let same = world.ada().ask(query, json!({ "text": long })).await.must();
        assert_eq!(same.data("accounts.totalCount"), 1);
        let other = world.ada().ask(query, json!({ "text": "🦀".repeat(1_999) })).await.must();
        assert_eq!(other.data("accounts.totalCount"), 0);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_write_changes_nothing() {
    each_engine(async |world: World| {
        five(&world).await;
        let bolt = one(&world).await;
        let foreign = world.work(async |work| rows::account(work, "Foreign", None, None).await).await;
        let before = everything(&world).await;
        // Sales writes P of its accounts, not M; technicians read; the analyst has no such thing.
        let partner = [("partner", json!(true))];
        let both = [("partner", json!(true)), ("budget", json!(1))];
        assert_eq!(set(&world.sam(), &bolt, &both).await.refusal("setCustomFields"), "FORBIDDEN at values.1.value");
        assert_eq!(set(&world.tom(), &bolt, &partner).await.refusal("setCustomFields"), "FORBIDDEN at values.0.value");
        assert_eq!(set(&world.sue(), &bolt, &partner).await.refusal("setCustomFields"), "FORBIDDEN at values.0.value");
        let foreign = id(Kind::Account, foreign.id);
        assert_eq!(set(&world.tom(), &foreign, &partner).await.refusal("setCustomFields"), "NOT_FOUND at id");
        assert_eq!(set(&world.ana(), &bolt, &partner).await.code(), Some("BAD_USER_INPUT"));
        // Another tenant knows neither the account nor its fields.
        let other = world.of_other(api::policy::Role::Admin, "ada");
        assert_eq!(set(&other, &bolt, &partner).await.refusal("setCustomFields"), "NOT_FOUND at id");
        let fields = other.ask("{ customFields { totalCount nodes { code } } }", json!({})).await.must();
        assert_eq!(fields.data("customFields.totalCount"), 0);
        let query = "{ accounts(filter: { custom: [{ code: \"fleet\", isNull: true }] }) { totalCount } }";
        assert_eq!(other.ask(query, json!({})).await.code(), Some("BAD_USER_INPUT"));

        // Only an admin declares.
        let declared = custom_field::Entity::find().all(world.store.db()).await.unwrap();
        let some = id(Kind::CustomField, declared[0].id);
        for client in [world.mia(), world.sam(), world.vera(), world.tom(), world.max(), world.ana(), world.ina()] {
            for (document, input) in [
                (DECLARE, field("ACCOUNT", "more", "TEXT", "P")),
                (CHANGE, json!({ "id": some, "class": "P" })),
                (DELETE, json!({ "id": some })),
            ] {
                let refused = client.ask(document, json!({ "input": input })).await;
                assert_eq!(refused.code(), Some("BAD_USER_INPUT"), "{refused}");
            }
        }
        let theirs = json!({ "input": { "id": some, "class": "P" } });
        assert_eq!(other.ask(CHANGE, theirs).await.refusal("updateCustomField"), "NOT_FOUND at id");
        let theirs = json!({ "input": { "id": some } });
        assert_eq!(other.ask(DELETE, theirs).await.refusal("deleteCustomField"), "NOT_FOUND at id");
        assert_eq!(everything(&world).await, before);
    })
    .await;
}

#[tokio::test]
async fn declarations_are_bounded() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let taken = declare(&ada, field("ACCOUNT", "taken", "CHOICE", "P")).await;
        declare(&ada, field("CONTACT", "taken", "TEXT", "P")).await;
        let before = everything(&world).await;
        let with = |name: &str, value: Value| {
            let mut field = field("ACCOUNT", "fresh", "CHOICE", "P");
            field[name] = value;
            field
        };
        let choice = |code: &str| json!({ "code": code, "labelDe": "a", "labelEn": "a" });
        for (input, refusal) in [
            (with("code", json!("taken")), "DUPLICATE at code"),
            (with("code", json!("")), "INVALID at code"),
            (with("code", json!("9lives")), "INVALID at code"),
            (with("code", json!("a b")), "INVALID at code"),
            (with("code", json!("a\0b")), "INVALID at code"),
            (with("code", json!("größe")), "INVALID at code"),
            (with("code", json!("x".repeat(1_000_000))), "INVALID at code"),
            (with("labelDe", json!(" ")), "INVALID at labelDe"),
            (with("labelEn", json!("a\u{7}")), "INVALID at labelEn"),
            (with("labelEn", json!("x".repeat(256))), "INVALID at labelEn"),
            (with("description", json!("x".repeat(256))), "INVALID at description"),
            (with("position", json!(-1)), "INVALID at position"),
            (with("choices", json!([])), "INVALID at choices"),
            (with("choices", json!(vec![choice("A"); 201])), "INVALID at choices"),
            (with("choices", json!([choice("A"), choice("A")])), "INVALID at choices.1.code"),
            (with("choices", json!([choice("A"), choice("B C")])), "INVALID at choices.1.code"),
            (
                with("choices", json!([{ "code": "A", "labelDe": "a\nb", "labelEn": "a" }])),
                "INVALID at choices.0.labelDe",
            ),
            (with("type", json!("TEXT")), "INVALID at choices"),
        ] {
            let refused = ada.ask(DECLARE, json!({ "input": input })).await;
            let told = input.to_string().chars().take(200).collect::<String>();
            assert_eq!(refused.refusal("createCustomField"), refusal, "{told}");
        }
        // Entity, code and type are for good.
        for part in ["type", "code", "entity"] {
            let refused = ada.ask(CHANGE, json!({ "input": { "id": taken, part: "TEXT" } })).await;
            assert_eq!(refused.code(), Some("BAD_USER_INPUT"), "{part}");
        }
        for (change, refusal) in [
            (json!({ "id": taken, "class": null }), "INVALID at class"),
            (json!({ "id": taken, "choices": null }), "INVALID at choices"),
            (json!({ "id": taken, "labelDe": null }), "INVALID at labelDe"),
            (json!({ "id": taken, "ifVersion": 9, "required": true }), "VERSION_CONFLICT at ifVersion"),
            (json!({ "id": id(Kind::Account, Uuid::from_u128(7)), "required": true }), "INVALID at id"),
        ] {
            let refused = ada.ask(CHANGE, json!({ "input": change })).await;
            assert_eq!(refused.refusal("updateCustomField"), refusal, "{change}");
        }
        assert_eq!(everything(&world).await, before);
    })
    .await;
}

/// What a source brought under a name becomes the field's value; when the field is taken away nobody sees it any more.
#[tokio::test]
async fn a_field_comes_and_goes_and_the_values_stay() {
    each_engine(async |world: World| {
        let mut brought = Vec::new();
        for value in [json!("12.5"), json!("many"), json!(3)] {
            let made = world
                .work(async |work| {
                    let row = rows::account(work, "Brought", Some(world.acme.cast.sam), None).await?;
                    let custom = json!({ "Machines__c": value, "Other__c": "x" });
                    let patch = account::ActiveModel { custom: Set(custom), ..Default::default() };
                    work.update_row::<account::Entity>(&row, patch).await
                })
                .await;
            brought.push(id(Kind::Account, made.id));
        }
        let raw = "query($id: ID!) { account(id: $id) { custom customFields { field { code } value } } }";
        let (ada, tom) = (world.ada(), world.tom());
        let seen = ada.ask(raw, json!({ "id": brought[0] })).await.must();
        assert_eq!(seen.data("account.custom"), &json!({ "Machines__c": "12.5", "Other__c": "x" }));

        let declared = declare(&ada, field("ACCOUNT", "Machines__c", "NUMBER", "M")).await;
        let seen = ada.ask(raw, json!({ "id": brought[0] })).await.must();
        assert_eq!(seen.data("account.custom"), &json!({ "Other__c": "x" }));
        assert_eq!(held(seen.data("account.customFields")), json!({ "Machines__c": 12.5 }));
        let wrong = ada.ask(raw, json!({ "id": brought[1] })).await.must();
        assert_eq!(held(wrong.data("account.customFields")), json!({ "Machines__c": null }));
        let count = async |test: &str| {
            let query =
                format!("{{ accounts(filter: {{ custom: [{{ code: \"Machines__c\", {test} }}] }}) {{ totalCount }} }}");
            ada.ask(&query, json!({})).await.must().data("accounts.totalCount").clone()
        };
        assert_eq!(count("gte: 0").await, 2);
        assert_eq!(count("isNull: true").await, 1);

        // An import writes past the mutation, and the index follows.
        world
            .work(async |work| {
                let mut row = rows::account(work, "Imported", None, None).await?;
                for machines in [json!(7), json!(8)] {
                    let patch =
                        account::ActiveModel { custom: Set(json!({ "Machines__c": machines })), ..Default::default() };
                    row = work.update_row::<account::Entity>(&row, patch).await?;
                }
                // What a source does not name stays.
                let mut patch = account::ActiveModel { custom: Set(json!({ "Other__c": "y" })), ..Default::default() };
                work.keep_custom::<account::Entity>(&row, &mut patch).await?;
                row = work.update_row::<account::Entity>(&row, patch).await?;
                assert_eq!(row.custom, json!({ "Other__c": "y", "Machines__c": 8 }));
                Ok(())
            })
            .await;
        assert_eq!((count("eq: 7").await, count("eq: 8").await), (json!(0), json!(1)));

        let lines = custom_value::Entity::find().all(world.store.db()).await.unwrap().len();
        assert_eq!(lines, 3);
        ada.ask(DELETE, json!({ "input": { "id": declared } })).await.must();
        assert!(custom_value::Entity::find().all(world.store.db()).await.unwrap().is_empty());
        for client in [&ada, &tom] {
            let seen = client.ask(raw, json!({ "id": brought[0] })).await.must();
            if seen.data("account") != &Value::Null {
                assert_eq!(seen.data("account.custom"), &json!({ "Other__c": "x" }));
                assert_eq!(held(seen.data("account.customFields")), json!({}));
            }
        }
        let rows = account::Entity::find().all(world.store.db()).await.unwrap();
        assert!(rows.iter().any(|row| row.custom["Machines__c"] == "12.5"), "the values are kept");
        let query = "{ accounts(filter: { custom: [{ code: \"Machines__c\", gte: 0 }] }) { totalCount } }";
        assert_eq!(ada.ask(query, json!({})).await.code(), Some("BAD_USER_INPUT"));
        let gone = set(&ada, &brought[0], &[("Machines__c", json!(1))]).await;
        assert_eq!(gone.refusal("setCustomFields"), "NOT_FOUND at values.0.code");
        let again = ada.ask(DECLARE, json!({ "input": field("ACCOUNT", "Machines__c", "TEXT", "P") })).await;
        assert_eq!(again.refusal("createCustomField"), "DUPLICATE at code");
    })
    .await;
}

/// Every entity takes them, and a removed row takes its lines of the index along.
#[tokio::test]
async fn every_entity_takes_them() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (rows, product) = world
            .work(async |work| {
                let account = account(work, &world, "Bolt").await?;
                let product = work
                    .insert::<entities::sales::product::Entity>(entities::sales::product::ActiveModel {
                        code: Set("P1".to_owned()),
                        name: Set("Press".to_owned()),
                        is_active: Set(true),
                        ..Default::default()
                    })
                    .await?;
                let rows = [
                    ("ACCOUNT", id(Kind::Account, account)),
                    ("CONTACT", id(Kind::Contact, rows::contact(work, Some(account), "Jane", "Doe").await?.id)),
                    ("LEAD", id(Kind::Lead, rows::lead(work, Some(account), Some(cast.sam), None).await?.id)),
                    ("OPPORTUNITY", id(Kind::Opportunity, rows::opportunity(work, account, "Deal").await?.id)),
                    ("MEETING", id(Kind::Meeting, rows::meeting(work, account, "Visit").await?.id)),
                    ("TICKET", id(Kind::Ticket, rows::ticket(work, Some(account), Some(cast.vera), None).await?.id)),
                    ("ASSET", id(Kind::Asset, rows::asset(work, account, "Press").await?.id)),
                    ("PRODUCT", id(Kind::Product, product.id)),
                ];
                Ok((rows, product.id))
            })
            .await;
        let ina = world.ina();
        for (entity, record) in &rows {
            declare(&world.ada(), field(entity, "extra", "TEXT", "P")).await;
            let done = set(&ina, record, &[("extra", json!(entity))]).await.must();
            assert_eq!(held(done.data("setCustomFields.customFields")), json!({ "extra": entity }), "{entity}");
        }
        let lines = || async {
            let lines = custom_value::Entity::find().filter(custom_value::Column::RowId.eq(product));
            lines.all(world.store.db()).await.unwrap().len()
        };
        assert_eq!(lines().await, 1);
        let removal = "mutation($id: ID!) { deleteProduct(input: { id: $id }) { deletedId userErrors { code path } } }";
        ina.ask(removal, json!({ "id": id(Kind::Product, product) })).await.must();
        assert_eq!(lines().await, 0);
        // A service agent writes its ticket's fields.
        let ticket = &rows[5].1;
        let done = set(&world.vera(), ticket, &[("extra", json!("from the phone"))]).await.must();
        assert_eq!(done.data("setCustomFields.record.__typename"), "Ticket");
        let held = ticket::Entity::find().one(world.store.db()).await.unwrap().unwrap().custom;
        assert_eq!(held, json!({ "extra": "from the phone" }));
    })
    .await;
}

#[tokio::test]
async fn a_page_costs_the_same_with_two_rows_and_with_thirty() {
    each_engine(async |world: World| {
        five(&world).await;
        let query = "{ accounts(first: 30, filter: { custom: [{ code: \"partner\", eq: true }] },
            sort: { custom: { code: \"budget\", direction: DESC } }) { nodes { name customFields { field { code label(language: EN) } value }
            custom owner { name } opportunities(first: 3) { nodes { name customFields { value } } } } } }";
        let more = async |n: usize| {
            world
                .work(async |work| {
                    for n in 0..n {
                        let row = account(work, &world, &format!("Account {n}")).await?;
                        rows::opportunity(work, row, "Deal").await?;
                        let row = account::Entity::find_by_id((world.acme.tenant, row)).one(work.tx()).await?.unwrap();
                        let custom = json!({ "partner": true, "budget": n, "other": 1 });
                        let patch = account::ActiveModel { custom: Set(custom), ..Default::default() };
                        work.update_row::<account::Entity>(&row, patch).await?;
                    }
                    Ok(())
                })
                .await;
        };
        more(2).await;
        let few = world.ada().ask(query, json!({})).await.must();
        assert_eq!(few.data("accounts.nodes").as_array().unwrap().len(), 2);
        more(28).await;
        let many = world.ada().ask(query, json!({})).await.must();
        assert_eq!(many.data("accounts.nodes").as_array().unwrap().len(), 30);
        assert_eq!(few.statements, many.statements);
    })
    .await;
}
