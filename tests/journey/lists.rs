//! Lists: filter, order and page, the same on both engines, and never a way to learn what a field would not tell.

use api::{graph::Kind, policy::Role};
use entities::{account::account, codes::Tier};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id};

/// Name, country, tier, employees.
type Row = (&'static str, Option<&'static str>, Option<Tier>, Option<i64>);

/// Some accounts: equal names but for the case, umlauts, nothing at all.
const ROWS: [Row; 9] = [
    ("bolt", Some("DE"), Some(Tier::A), Some(40)),
    ("Bolt", Some("AT"), None, Some(7)),
    ("Anker", None, Some(Tier::Key), None),
    ("Ähre", Some("DE"), Some(Tier::B), Some(40)),
    ("zinn", Some("CH"), Some(Tier::A), Some(1000)),
    ("Zange", None, None, None),
    ("100 % Bio_Hof", Some("DE"), Some(Tier::C), Some(3)),
    ("Molkerei", Some("IT"), Some(Tier::A), Some(250)),
    ("Öl & Söhne", Some("DE"), None, Some(12)),
];

async fn accounts(world: &World) {
    let owner = world.acme.cast.sam;
    world
        .work(async |work| {
            for (place, (name, country, tier, employees)) in ROWS.into_iter().enumerate() {
                work.insert::<account::Entity>(account::ActiveModel {
                    name: Set(name.to_owned()),
                    domains: Set(json!([])),
                    country: Set(country.map(str::to_owned)),
                    tier: Set(tier),
                    employees: Set(employees),
                    lifecycle_stage: Set("TARGET".to_owned()),
                    // Every third belongs to nobody.
                    owner_id: Set((place % 3 != 2).then_some(owner)),
                    ..Default::default()
                })
                .await?;
            }
            Ok(())
        })
        .await;
}

/// The names of all pages, page by page, from the front or from the end.
async fn pages(client: &Client, sort: &str, size: usize, from_end: bool) -> Vec<Value> {
    let (take, cursor) = if from_end { ("last", "before") } else { ("first", "after") };
    let text = format!(
        "query($c: String) {{ accounts(sort: {{ {sort} }}, {take}: {size}, {cursor}: $c) {{
            nodes {{ name }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} totalCount }} }}"
    );
    let (mut names, mut at) = (Vec::new(), Value::Null);
    loop {
        let page = client.ask(&text, json!({ "c": at })).await.must();
        assert_eq!(page.data("accounts.totalCount"), 9);
        let found = page.each("accounts.nodes", "name");
        let info = page.data("accounts.pageInfo");
        let more = match from_end {
            true => {
                names.splice(0..0, found);
                at = info["startCursor"].clone();
                &info["hasPreviousPage"]
            }
            false => {
                names.extend(found);
                at = info["endCursor"].clone();
                &info["hasNextPage"]
            }
        };
        if more == &json!(false) {
            return names;
        }
    }
}

#[tokio::test]
async fn every_order_pages_both_ways_without_gap_or_repeat() {
    each_engine(async |world: World| {
        accounts(&world).await;
        let ada = world.as_roles(&[Role::Admin], "ada");
        for sort in ["name", "country", "tier", "employees", "lifecycleStage", "ownerId", "createdAt", "annualRevenue"]
        {
            for direction in ["ASC", "DESC"] {
                let sort = format!("{sort}: {direction}");
                let whole = pages(&ada, &sort, 100, false).await;
                for size in [1, 2, 4, 9] {
                    assert_eq!(pages(&ada, &sort, size, false).await, whole, "{sort} by {size}");
                    assert_eq!(pages(&ada, &sort, size, true).await, whole, "{sort} by {size} from the end");
                }
            }
        }
        let by_name = pages(&ada, "name: ASC", 100, false).await;
        assert_eq!(by_name[0], "100 % Bio_Hof");
        assert_eq!(by_name[1], "Anker");
        // By bytes, with ASCII letters in lower case: umlauts after z, on both engines.
        assert_eq!(&by_name[4..], &["Molkerei", "Zange", "zinn", "Ähre", "Öl & Söhne"].map(|name| json!(name)));
        // Codes by their meaning, not by their letters: KEY, A, B, C.
        let by_tier = pages(&ada, "tier: ASC", 100, false).await;
        assert_eq!([&by_tier[0], &by_tier[4], &by_tier[5]], ["Anker", "Ähre", "100 % Bio_Hof"]);
        let by_size = pages(&ada, "employees: DESC", 100, false).await;
        assert_eq!(&by_size[..2], &[json!("zinn"), json!("Molkerei")]);
        // Without a value: last, whichever way.
        let mut none = by_size[7..].to_vec();
        none.sort_by_key(Value::to_string);
        assert_eq!(none, [json!("Anker"), json!("Zange")]);
    })
    .await;
}

#[tokio::test]
async fn filters_say_what_they_mean() {
    each_engine(async |world: World| {
        accounts(&world).await;
        let ada = world.as_roles(&[Role::Admin], "ada");
        let sam = id(Kind::Colleague, world.acme.cast.sam);
        let names = async |filter: &str| {
            let head = if filter.contains("$sam") { "query($sam: ID) " } else { "" };
            let text = format!("{head}{{ accounts(filter: {filter}) {{ nodes {{ name }} }} }}");
            ada.ask(&text, json!({ "sam": sam })).await.must().each("accounts.nodes", "name")
        };
        for (filter, found) in [
            ("{ name: { contains: \"OL\" } }", &["bolt", "Bolt", "Molkerei"][..]),
            ("{ name: { startsWith: \"z\" } }", &["Zange", "zinn"]),
            ("{ name: { eq: \"bolt\" } }", &["bolt"]),
            ("{ name: { in: [\"bolt\", \"Zange\"] } }", &["bolt", "Zange"]),
            ("{ name: { contains: \"0 % b\" } }", &["100 % Bio_Hof"]),
            ("{ name: { contains: \"_\" } }", &["100 % Bio_Hof"]),
            ("{ country: { isNull: true } }", &["Anker", "Zange"]),
            ("{ tier: KEY }", &["Anker"]),
            ("{ tier: [KEY, C] }", &["100 % Bio_Hof", "Anker"]),
            ("{ tier: [null, KEY] }", &["Anker", "Bolt", "Zange", "Öl & Söhne"]),
            ("{ tier: [] }", &[]),
            ("{ employees: { gte: 40, lt: 1000 } }", &["bolt", "Molkerei", "Ähre"]),
            ("{ ownerId: [null] }", &["Anker", "Zange", "Öl & Söhne"]),
            ("{ ownerId: [$sam], country: { eq: \"DE\" } }", &["100 % Bio_Hof", "bolt", "Ähre"]),
            ("{ or: [{ tier: KEY }, { employees: { lt: 5 } }] }", &["100 % Bio_Hof", "Anker"]),
            ("{ or: [] }", &[]),
            ("{ and: [{ country: { eq: \"DE\" } }, { not: { tier: [A, B, C] } }] }", &[]),
            ("{ not: { country: { eq: \"DE\" } } }", &["Bolt", "Molkerei", "zinn"]),
        ] {
            let mut expected: Vec<Value> = found.iter().map(|name| json!(name)).collect();
            let mut given = names(filter).await;
            // bolt and Bolt are equal in this order: which comes first is their ids'.
            expected.sort_by_key(Value::to_string);
            given.sort_by_key(Value::to_string);
            assert_eq!(given, expected, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_reader_may_not_read_counts_as_null_in_filter_and_order() {
    each_engine(async |world: World| {
        accounts(&world).await;
        // Sue reads names of foreign accounts, and nothing else of them.
        let sue = world.sue();
        let count = async |filter: &str| {
            let text = format!("{{ accounts(filter: {filter}) {{ totalCount }} }}");
            sue.ask(&text, json!({})).await.must().data("accounts.totalCount").clone()
        };
        assert_eq!(count("{ name: { contains: \"bolt\" } }").await, 2);
        assert_eq!(count("{ country: { eq: \"DE\" } }").await, 0);
        assert_eq!(count("{ not: { country: { eq: \"DE\" } } }").await, 0);
        assert_eq!(count("{ country: { isNull: true } }").await, 9);
        assert_eq!(count("{ employees: { gte: 0 } }").await, 0);
        let by_country = pages(&sue, "country: ASC", 4, false).await;
        let by_country_falling = pages(&sue, "country: DESC", 4, false).await;
        let mut turned = by_country_falling.clone();
        turned.reverse();
        // Nothing but the ids orders them: the one way is the other turned round.
        assert_eq!(by_country, turned);
        assert_eq!(by_country.len(), 9);

        // What a role reads on no row is no argument: the manager sees mails masked only, technics no revenue.
        let tom = world.tom().ask("{ accounts(sort: { annualRevenue: ASC }) { totalCount } }", json!({})).await;
        assert_eq!(tom.code(), Some("BAD_USER_INPUT"));
        let sales = sue.ask("{ accounts(sort: { annualRevenue: ASC }) { totalCount } }", json!({})).await;
        assert_eq!(sales.must().data("accounts.totalCount"), 9);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_belongs_to_its_order_and_a_filter_has_bounds() {
    each_engine(async |world: World| {
        accounts(&world).await;
        let ada = world.as_roles(&[Role::Admin], "ada");
        let cursor = async |sort: &str| {
            let text = format!("{{ accounts({sort}first: 2) {{ pageInfo {{ endCursor }} }} }}");
            ada.ask(&text, json!({})).await.must().text("accounts.pageInfo.endCursor").to_owned()
        };
        let (plain, named) = (cursor("").await, cursor("sort: { name: ASC }, ").await);
        for (sort, cursor) in [
            ("sort: { name: DESC }, ", &named),
            ("sort: { country: ASC }, ", &named),
            ("sort: { name: ASC }, ", &plain),
            ("", &named),
            ("sort: { name: ASC }, ", &"nonsense".to_owned()),
        ] {
            let text = format!("query($c: String) {{ accounts({sort}after: $c) {{ totalCount }} }}");
            assert_eq!(ada.ask(&text, json!({ "c": cursor })).await.code(), Some("CURSOR_INVALID"), "{sort}");
        }
        let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        let wide: Vec<Value> = (0..21).map(|_| json!({ "tier": "A" })).collect();
        let deep = (0..5).fold(json!({ "tier": "A" }), |filter, _| json!({ "not": filter }));
        for filter in [
            json!({ "name": { "in": many } }),
            json!({ "name": { "contains": "x".repeat(256) } }),
            json!({ "or": wide }),
            deep,
            json!({ "ownerId": [id(Kind::Account, uuid::Uuid::from_u128(7))] }),
            json!({ "annualRevenue": { "currency": "EUR", "gte": "0.001" } }),
        ] {
            let text = "query($f: AccountFilter) { accounts(filter: $f) { totalCount } }";
            assert_eq!(ada.ask(text, json!({ "f": filter })).await.code(), Some("BAD_USER_INPUT"), "{filter}");
        }
        for sort in ["{}", "{ name: ASC, country: ASC }"] {
            let text = format!("{{ accounts(sort: {sort}) {{ totalCount }} }}");
            assert_eq!(ada.ask(&text, json!({})).await.code(), Some("BAD_USER_INPUT"), "{sort}");
        }
        // A NUL finds nothing and harms nobody.
        let text = "query($f: AccountFilter) { accounts(filter: $f) { totalCount } }";
        for filter in [json!({ "name": { "eq": "\u{0}" } }), json!({ "name": { "startsWith": "\u{0}" } })] {
            assert_eq!(ada.ask(text, json!({ "f": filter })).await.must().data("accounts.totalCount"), 0);
        }
    })
    .await;
}
