//! The people and the order of the house: colleagues, industries with their teams, account teams, queues, visitors, identities. Who
//! may change them, what is refused, and that a right which is given or taken away counts from the next request on.

use api::{
    graph::Kind,
    journey::{Event, EventKind, Payload},
    policy::Role,
};
use chrono::TimeDelta;
use entities::{
    account::{contact, identity, industry_closure},
    codes::{Discipline, IdentityKind, IdentityStrength, Interaction, SubjectType},
    marketing::touchpoint,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};
use uuid::Uuid;

/// A mutation with one input, that selects the id, the version and the refusals.
pub fn mutation(name: &str, object: &str, fields: &str) -> String {
    let input = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ {object} {{ id version {fields} }} userErrors {{ code path message }} }} }}"
    )
}

fn deletion(name: &str) -> String {
    let input = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    format!("mutation($input: {input}!) {{ {name}(input: $input) {{ deletedId userErrors {{ code path }} }} }}")
}

/// Asks, and gives the object that came back.
pub async fn done(client: &Client, text: &str, input: Value) -> Value {
    let answer = client.ask(text, json!({ "input": input })).await.must();
    let payload = answer.body["data"].as_object().unwrap().values().next().unwrap();
    payload.as_object().unwrap().values().next().unwrap().clone()
}

/// Asks for what must be refused, and sees that nothing happened.
pub async fn refused(world: &World, client: &Client, text: &str, input: Value, why: &str) {
    let before = world.position().await;
    let answer = client.ask(text, json!({ "input": input })).await;
    let name = text.split_once(") { ").unwrap().1.split_once('(').unwrap().0;
    assert_eq!(answer.refusal(name), why, "{input}: {answer}");
    assert_eq!(world.position().await, before, "{input}");
}

/// What a role may not do does not exist for it, and nothing happens.
pub async fn unknown_to(world: &World, roles: &[Role], text: &str, input: Value) {
    let before = world.position().await;
    for role in roles {
        let answer = world.as_roles(&[*role], "ada").ask(text, json!({ "input": input })).await;
        assert_eq!(answer.code(), Some("BAD_USER_INPUT"), "{role}: {text}: {answer}");
    }
    assert_eq!(world.position().await, before, "{text}");
}

/// Everybody but integrators and admins.
pub const DESKS: [Role; 6] =
    [Role::Marketing, Role::Sales, Role::Service, Role::Technical, Role::Manager, Role::Analyst];
/// Everybody but managers, integrators and admins.
pub const BELOW: [Role; 5] = [Role::Marketing, Role::Sales, Role::Service, Role::Technical, Role::Analyst];

async fn names(client: &Client) -> Vec<Value> {
    client
        .ask("{ accounts(sort: { name: ASC }) { nodes { name country } } }", json!({}))
        .await
        .must()
        .each("accounts.nodes", "country")
}

#[tokio::test]
async fn colleagues_come_change_leave_and_come_back() {
    each_engine(async |world: World| {
        let (ada, ina) = (world.ada(), world.ina());
        let create = mutation("createColleague", "colleague", "name email department title subject isActive");
        let update = mutation("updateColleague", "colleague", "name email department title subject isActive");
        let nina = json!({ "name": "Nina Neu", "email": "nina@acme.example", "department": "SALES", "title": "Area manager", "subject": "nina" });
        let made = done(&ina, &create, nina.clone()).await;
        let colleague = made["id"].clone();
        assert_eq!(made, json!({ "id": colleague, "version": 1, "name": "Nina Neu", "email": "nina@acme.example",
            "department": "SALES", "title": "Area manager", "subject": "nina", "isActive": true }));

        refused(&world, &ada, &create, nina.clone(), "DUPLICATE at subject").await;
        for (field, value) in [("name", ""), ("name", "a\u{7}b"), ("email", "nina"), ("email", "a b@c"), ("email", "a@b@c"), ("subject", "x\0y")] {
            let mut wrong = nina.clone();
            wrong["subject"] = json!("other");
            wrong[field] = json!(value);
            refused(&world, &ada, &create, wrong, &format!("INVALID at {field}")).await;
        }
        let long = json!({ "id": colleague, "name": "x".repeat(1_000_000) });
        refused(&world, &ada, &update, long, "INVALID at name").await;

        let changed = json!({ "id": colleague, "ifVersion": 1, "title": null, "email": "n.neu@acme.example", "department": "SERVICE" });
        let changed = done(&ada, &update, changed).await;
        assert_eq!(changed, json!({ "id": colleague, "version": 2, "name": "Nina Neu", "email": "n.neu@acme.example",
            "department": "SERVICE", "title": null, "subject": "nina", "isActive": true }));
        refused(&world, &ada, &update, json!({ "id": colleague, "ifVersion": 1, "name": "N" }), "VERSION_CONFLICT at ifVersion").await;
        refused(&world, &ada, &update, json!({ "id": colleague, "subject": "sam" }), "DUPLICATE at subject").await;
        refused(&world, &ada, &update, json!({ "id": colleague, "email": null }), "INVALID at email").await;
        let foreign = id(Kind::Colleague, world.other.cast.sam);
        refused(&world, &ada, &update, json!({ "id": foreign, "name": "N" }), "NOT_FOUND at id").await;
        let wrong = id(Kind::Account, world.acme.cast.sam);
        refused(&world, &ada, &update, json!({ "id": wrong, "name": "N" }), "INVALID at id").await;
        unknown_to(&world, &DESKS, &create, nina).await;
        unknown_to(&world, &DESKS, &update, json!({ "id": colleague, "isActive": false })).await;

        // Addresses and subjects are for those who administer.
        let sees = "query($id: ID!) { colleague(id: $id) { name department } }";
        assert_eq!(world.sam().ask(sees, json!({ "id": colleague })).await.must().data("colleague.name"), "Nina Neu");
        let asks = "{ colleagues(filter: { subject: { eq: \"nina\" } }) { totalCount } }";
        assert_eq!(ada.ask(asks, json!({})).await.must().data("colleagues.totalCount"), 1);
        assert_eq!(world.sam().ask(asks, json!({})).await.code(), Some("BAD_USER_INPUT"));
    })
    .await;
}

#[tokio::test]
async fn who_has_left_reaches_no_team_no_queue_and_nothing_of_its_own() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (own, team, queued) = world
            .work(async |work| {
                let own = rows::account(work, "Own", Some(cast.sam), None).await?.id;
                let team = rows::account(work, "Team", None, None).await?.id;
                rows::member(work, team, cast.sam, Discipline::Sales, rows::EDIT, (work.now(), None)).await?;
                let lead = rows::lead(work, None, None, Some(world.acme.sales_inbox)).await?.id;
                Ok((own, team, lead))
            })
            .await;
        let (ada, sam) = (world.ada(), world.sam());
        let sees = async |expected: [bool; 3]| {
            let text = "query($own: ID!, $team: ID!, $lead: ID!) {
                own: account(id: $own) { lifecycleStage } team: account(id: $team) { lifecycleStage } lead(id: $lead) { id }
                me { colleague { name } queues { name } } }";
            let ids = json!({ "own": id(Kind::Account, own), "team": id(Kind::Account, team), "lead": id(Kind::Lead, queued) });
            let answer = sam.ask(text, ids).await.must();
            let found = ["own.lifecycleStage", "team.lifecycleStage", "lead.id"].map(|path| !answer.data(path).is_null());
            assert_eq!(found, expected, "{answer}");
            let here = expected[0];
            assert_eq!(answer.data("me.colleague"), &if here { json!({ "name": "Sam Sales" }) } else { Value::Null });
            assert_eq!(answer.data("me.queues"), &if here { json!([{ "name": "Sales inbox" }]) } else { json!([]) });
        };
        sees([true, true, true]).await;
        let update = mutation("updateColleague", "colleague", "isActive");
        let gone = done(&ada, &update, json!({ "id": id(Kind::Colleague, cast.sam), "isActive": false })).await;
        assert_eq!(gone["isActive"], false);
        sees([false, false, false]).await;
        // Nobody gives it anything any more; what it has may be saved again.
        let gone = id(Kind::Colleague, cast.sam);
        let (own_id, team_id) = (id(Kind::Account, own), id(Kind::Account, team));
        let task = json!({ "title": "Call", "assigneeId": gone });
        assert_eq!(world.sue().refused("createTask", task).await, "STATE_CONFLICT at assigneeId");
        let given = json!({ "id": team_id, "ownerId": gone });
        assert_eq!(ada.refused("updateAccount", given).await, "STATE_CONFLICT at ownerId");
        let kept = json!({ "id": own_id, "ownerId": gone, "region": "Tyrol" });
        assert_eq!(ada.act("updateAccount", "account { region }", kept).await.must().text("updateAccount.account.region"), "Tyrol");
        // Nor may it change what it owned.
        let before = world.position().await;
        let step = "mutation($id: ID!) { updateAccount(input: { id: $id, country: \"CH\" }) { userErrors { code path } } }";
        let step = sam.ask(step, json!({ "id": id(Kind::Account, own) })).await;
        assert_eq!(step.refusal("updateAccount"), "FORBIDDEN at country");
        assert_eq!(world.position().await, before);
        // Nobody puts it on a team or into a queue.
        let add = mutation("addQueueMember", "queueMember", "");
        let input = json!({ "queueId": id(Kind::Queue, world.acme.service_desk), "colleagueId": id(Kind::Colleague, cast.sam) });
        refused(&world, &ada, &add, input, "STATE_CONFLICT at colleagueId").await;
        let add = mutation("addAccountTeamMember", "accountTeamMember", "");
        let input = json!({ "accountId": id(Kind::Account, own), "colleagueId": id(Kind::Colleague, cast.sam), "discipline": "SALES" });
        refused(&world, &ada, &add, input, "STATE_CONFLICT at colleagueId").await;

        done(&ada, &update, json!({ "id": id(Kind::Colleague, cast.sam), "isActive": true })).await;
        sees([true, true, true]).await;
        // A token whose subject is another's speaks for nobody.
        done(&ada, &update, json!({ "id": id(Kind::Colleague, cast.sam), "subject": "samuel" })).await;
        sees([false, false, false]).await;
    })
    .await;
}

const FOLLOW: &str =
    "subscription($id: ID!, $after: String) { timelineChanged(subject: $id, after: $after) { event { kind } } }";
const PAGE: &str = "query($id: ID!) { timeline(subject: $id) { pageInfo { liveCursor } } }";

#[tokio::test]
async fn leaving_the_company_ends_every_stream() {
    each_engine(async |world: World| {
        // A campaign is for everybody in marketing: no team or queue is in the way.
        let (server, sam, ada) = (world.listen().await, world.sam(), world.ada());
        let account =
            world.work(async |work| Ok(rows::account(work, "Bolt", Some(world.acme.cast.sam), None).await?.id)).await;
        let account = id(Kind::Account, account);
        let page = sam.ask(PAGE, json!({ "id": account })).await.must();
        let after = page.data("timeline.pageInfo.liveCursor").clone();
        let mut live = sam.follow(&server, FOLLOW, json!({ "id": account, "after": after })).await;
        let update = mutation("updateColleague", "colleague", "");
        let sam_id = id(Kind::Colleague, world.acme.cast.sam);
        done(&ada, &update, json!({ "id": sam_id, "isActive": false })).await;
        assert_eq!(live.code().await, "RIGHTS_CHANGED");

        // Another discipline is another right: notes are for it.
        done(&ada, &update, json!({ "id": sam_id, "isActive": true })).await;
        let mut live = sam.follow(&server, FOLLOW, json!({ "id": account, "after": after })).await;
        done(&ada, &update, json!({ "id": sam_id, "department": "SERVICE" })).await;
        assert_eq!(live.code().await, "RIGHTS_CHANGED");
    })
    .await;
}

/// Every pair of the closure table, by codes: above, below, steps.
async fn closure(world: &World) -> Vec<(String, String, i32)> {
    let industries = entities::account::industry::Entity::find()
        .filter(entities::account::industry::Column::TenantId.eq(world.acme.tenant))
        .all(world.store.db())
        .await
        .unwrap();
    let code = |id: Uuid| industries.iter().find(|row| row.id == id).unwrap().code.clone();
    let pairs = industry_closure::Entity::find()
        .filter(industry_closure::Column::TenantId.eq(world.acme.tenant))
        .order_by_asc(industry_closure::Column::Depth)
        .all(world.store.db())
        .await
        .unwrap();
    let mut pairs: Vec<_> =
        pairs.iter().map(|pair| (code(pair.ancestor_id), code(pair.descendant_id), pair.depth)).collect();
    pairs.sort();
    pairs
}

fn pairs(list: &[(&str, &str, i32)]) -> Vec<(String, String, i32)> {
    let mut pairs: Vec<_> = list.iter().map(|(a, b, n)| ((*a).to_owned(), (*b).to_owned(), *n)).collect();
    pairs.sort();
    pairs
}

#[tokio::test]
async fn an_industry_moves_with_all_below_it_and_its_teams_follow_at_once() {
    each_engine(async |world: World| {
        let (ada, sam, max) = (world.ada(), world.sam(), world.max());
        let create = mutation("createIndustry", "industry", "code name parent { code }");
        let update = mutation("updateIndustry", "industry", "name parent { code }");
        let mut ids = std::collections::BTreeMap::new();
        for (code, above) in [("C", None), ("C10", Some("C")), ("C10.5", Some("C10")), ("G", None)] {
            let input = json!({ "code": code, "name": format!("Industry {code}"), "parentId": above.map(|above| &ids[above]) });
            let made = done(&ada, &create, input).await;
            assert_eq!(made["parent"]["code"], above.map_or(Value::Null, Value::from));
            ids.insert(code, made["id"].clone());
        }
        let below_c = [("C", "C", 0), ("C", "C10", 1), ("C", "C10.5", 2), ("C10", "C10", 0), ("C10", "C10.5", 1), ("C10.5", "C10.5", 0), ("G", "G", 0)];
        assert_eq!(closure(&world).await, pairs(&below_c));
        let children = "query($id: ID!) { industry(id: $id) { children { totalCount nodes { code children { nodes { code } } } } } }";
        let tree = ada.ask(children, json!({ "id": ids["C"] })).await.must();
        assert_eq!(tree.data("industry.children"), &json!({ "totalCount": 1, "nodes": [{ "code": "C10", "children": { "nodes": [{ "code": "C10.5" }] } }] }));

        // A dairy, and Sam on the team of all manufacturing.
        let account = mutation("createAccount", "account", "");
        done(&ada, &account, json!({ "name": "Dairy", "country": "DE", "industryId": ids["C10.5"] })).await;
        let add = mutation("addIndustryTeamMember", "industryTeamMember", "accessAccount accessSales accessService isLead validTo colleague { name } industry { code }");
        let sam_id = id(Kind::Colleague, world.acme.cast.sam);
        assert_eq!(names(&sam).await, [Value::Null], "a name, and nothing else");
        let input = json!({ "industryId": ids["C"], "colleagueId": sam_id, "discipline": "SALES" });
        let joined = done(&max, &add, input.clone()).await;
        assert_eq!(joined["accessSales"], "EDIT");
        assert_eq!(joined["accessAccount"], "READ");
        assert_eq!((&joined["colleague"]["name"], &joined["industry"]["code"]), (&json!("Sam Sales"), &json!("C")));
        assert_eq!(names(&sam).await, [json!("DE")]);
        refused(&world, &max, &add, input.clone(), "DUPLICATE at colleagueId").await;
        unknown_to(&world, &BELOW, &add, input).await;
        let team = ada.ask("query($id: ID!) { industry(id: $id) { team { nodes { id } } } colleague(id: $sam) { industryTeams { nodes { id } } } }"
            .replace("($id: ID!)", "($id: ID!, $sam: ID!)").as_str(), json!({ "id": ids["C"], "sam": sam_id })).await.must();
        assert_eq!(team.data("industry.team.nodes"), &json!([{ "id": joined["id"] }]));
        assert_eq!(team.data("colleague.industryTeams.nodes"), &json!([{ "id": joined["id"] }]));

        // Food moves to trade, and back.
        let moved = done(&ada, &update, json!({ "id": ids["C10"], "ifVersion": 1, "parentId": ids["G"] })).await;
        assert_eq!(moved["parent"]["code"], "G");
        let below_g = [("C", "C", 0), ("C10", "C10", 0), ("C10", "C10.5", 1), ("C10.5", "C10.5", 0), ("G", "C10", 1), ("G", "C10.5", 2), ("G", "G", 0)];
        assert_eq!(closure(&world).await, pairs(&below_g));
        assert_eq!(names(&sam).await, [Value::Null]);
        for (of, to) in [("G", "C10.5"), ("G", "C10"), ("G", "G")] {
            refused(&world, &ada, &update, json!({ "id": ids[of], "parentId": ids[to] }), "INVALID at parentId").await;
        }
        refused(&world, &ada, &update, json!({ "id": ids["G"], "ifVersion": 7, "name": "T" }), "VERSION_CONFLICT at ifVersion").await;
        assert_eq!(closure(&world).await, pairs(&below_g));
        done(&ada, &update, json!({ "id": ids["C10"], "parentId": null })).await;
        let alone = [("C", "C", 0), ("C10", "C10", 0), ("C10", "C10.5", 1), ("C10.5", "C10.5", 0), ("G", "G", 0)];
        assert_eq!(closure(&world).await, pairs(&alone));
        done(&ada, &update, json!({ "id": ids["C10"], "parentId": ids["C"], "name": "Food" })).await;
        assert_eq!(closure(&world).await, pairs(&below_c));
        assert_eq!(names(&sam).await, [json!("DE")]);

        // The level counts, and the end.
        let change = mutation("updateIndustryTeamMember", "industryTeamMember", "accessAccount validTo");
        let member = joined["id"].clone();
        done(&max, &change, json!({ "id": member, "ifVersion": 1, "accessAccount": "NONE" })).await;
        assert_eq!(names(&sam).await, [Value::Null]);
        done(&max, &change, json!({ "id": member, "accessAccount": "EDIT" })).await;
        assert_eq!(names(&sam).await, [json!("DE")]);
        let early = json!({ "id": member, "validTo": world.now() - TimeDelta::seconds(1) });
        refused(&world, &max, &change, early, "INVALID at validTo").await;
        refused(&world, &max, &change, json!({ "id": member, "ifVersion": 1, "isLead": true }), "VERSION_CONFLICT at ifVersion").await;
        unknown_to(&world, &BELOW, &change, json!({ "id": member, "isLead": true })).await;
        done(&max, &change, json!({ "id": member, "validTo": world.now() + TimeDelta::minutes(5) })).await;
        assert_eq!(names(&sam).await, [json!("DE")]);
        world.pass(TimeDelta::minutes(5));
        assert_eq!(names(&sam).await, [Value::Null]);
        refused(&world, &max, &change, json!({ "id": member, "validTo": null }), "STATE_CONFLICT at id").await;

        // The industry's timeline tells of it.
        let told = ada.ask("query($id: ID!) { timeline(subject: $id) { nodes { kind object { ... on IndustryTeamMember { industry { code } } } ... on TeamEvent { discipline colleague { name } } } } }", json!({ "id": ids["C"] })).await.must();
        assert_eq!(told.data("timeline.nodes.0"), &json!({ "kind": "team.member_added", "object": { "industry": { "code": "C" } },
            "discipline": "SALES", "colleague": { "name": "Sam Sales" } }));
    })
    .await;
}

#[tokio::test]
async fn an_industry_goes_when_nothing_stands_on_it() {
    each_engine(async |world: World| {
        let (ada, max) = (world.ada(), world.max());
        let create = mutation("createIndustry", "industry", "");
        let delete = deletion("deleteIndustry");
        let top = done(&ada, &create, json!({ "code": "C", "name": "Manufacturing" })).await["id"].clone();
        let low = done(&ada, &create, json!({ "code": "C10", "name": "Food", "parentId": top })).await["id"].clone();
        refused(&world, &ada, &create, json!({ "code": "C", "name": "Again" }), "DUPLICATE at code").await;
        for (field, value) in [("code", json!("a\nb")), ("name", json!(" ")), ("code", json!("x".repeat(101)))] {
            let mut wrong = json!({ "code": "X", "name": "X" });
            wrong[field] = value;
            refused(&world, &ada, &create, wrong, &format!("INVALID at {field}")).await;
        }
        let nobody = id(Kind::Industry, Uuid::from_u128(7));
        refused(&world, &ada, &create, json!({ "code": "X", "name": "X", "parentId": nobody }), "NOT_FOUND at parentId").await;
        unknown_to(&world, &DESKS, &create, json!({ "code": "X", "name": "X" })).await;

        // Ten levels, and no more.
        let mut at = low.clone();
        for level in 3..=10 {
            at = done(&ada, &create, json!({ "code": format!("L{level}"), "name": "Deep", "parentId": at })).await["id"].clone();
        }
        refused(&world, &ada, &create, json!({ "code": "L11", "name": "Deep", "parentId": at }), "INVALID at parentId").await;
        let update = mutation("updateIndustry", "industry", "");
        let other = done(&ada, &create, json!({ "code": "A", "name": "Farming" })).await["id"].clone();
        refused(&world, &ada, &update, json!({ "id": top, "parentId": other }), "INVALID at parentId").await;

        refused(&world, &ada, &delete, json!({ "id": top }), "STATE_CONFLICT at id").await;
        let account = done(&ada, &mutation("createAccount", "account", ""), json!({ "name": "Farm", "industryId": other })).await;
        refused(&world, &ada, &delete, json!({ "id": other }), "STATE_CONFLICT at id").await;
        done(&ada, &mutation("updateAccount", "account", ""), json!({ "id": account["id"], "industryId": null })).await;
        let add = mutation("addIndustryTeamMember", "industryTeamMember", "");
        let input = json!({ "industryId": other, "colleagueId": id(Kind::Colleague, world.acme.cast.sam), "discipline": "SALES" });
        let member = done(&max, &add, input).await["id"].clone();
        refused(&world, &ada, &delete, json!({ "id": other }), "STATE_CONFLICT at id").await;
        let remove = mutation("removeIndustryTeamMember", "industryTeamMember", "validTo");
        unknown_to(&world, &BELOW, &remove, json!({ "id": member })).await;
        done(&max, &remove, json!({ "id": member, "ifVersion": 1 })).await;
        refused(&world, &max, &remove, json!({ "id": member }), "STATE_CONFLICT at id").await;
        refused(&world, &ada, &delete, json!({ "id": other, "ifVersion": 9 }), "VERSION_CONFLICT at ifVersion").await;
        unknown_to(&world, &DESKS, &delete, json!({ "id": other })).await;
        let before = world.position().await;
        assert_eq!(done(&ada, &delete, json!({ "id": other, "ifVersion": 1 })).await, other);
        assert_eq!(world.position().await, before + 1);
        let gone = ada.ask("query($id: ID!) { industry(id: $id) { id } node(id: $id) { id } }", json!({ "id": other })).await.must();
        assert_eq!((gone.data("industry"), gone.data("node")), (&Value::Null, &Value::Null));
        assert!(closure(&world).await.iter().all(|(above, below, _)| above != "A" && below != "A"));
    })
    .await;
}

#[tokio::test]
async fn an_industry_team_ends_the_streams_that_stood_on_it() {
    each_engine(async |world: World| {
        let (server, sam, max) = (world.listen().await, world.sam(), world.max());
        let (account, member) = world
            .work(async |work| {
                let industry = rows::industry(work, "C", None).await?.id;
                let account = rows::account(work, "Bolt", None, Some(industry)).await?.id;
                let member =
                    rows::industry_member(work, industry, world.acme.cast.sam, rows::READ, (work.now(), None)).await?;
                Ok((account, id(Kind::IndustryTeamMember, member.id)))
            })
            .await;
        let subject = id(Kind::Account, account);
        let change = mutation("updateIndustryTeamMember", "industryTeamMember", "");
        // More than before, less than before, nothing: each is another right.
        for input in
            [json!({ "accessSales": "EDIT" }), json!({ "accessSales": "NONE" }), json!({ "validTo": world.now() })]
        {
            let page = sam.ask(PAGE, json!({ "id": subject })).await.must();
            let after = page.data("timeline.pageInfo.liveCursor");
            let mut live = sam.follow(&server, FOLLOW, json!({ "id": subject, "after": after })).await;
            world
                .work(async |work| {
                    let row = rows::touchpoint(work, account, Interaction::PageViewed, "/").await?;
                    work.record(Event::of::<touchpoint::Entity>(EventKind::PageViewed, &row, Payload::None));
                    Ok(())
                })
                .await;
            live.data().await;
            let mut input = input;
            input["id"] = json!(member);
            done(&max, &change, input).await;
            assert_eq!(live.code().await, "RIGHTS_CHANGED");
        }
        // Name and industry of every account are open to sales; what happens there is not.
        let told = "query($id: ID!) { timeline(subject: $id) { totalCount } }";
        assert_eq!(sam.ask(told, json!({ "id": subject })).await.must().data("timeline.totalCount"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_membership_in_an_account_team_changes_and_keeps_its_history() {
    each_engine(async |world: World| {
        let (ada, sam) = (world.ada(), world.sam());
        let account = done(&ada, &mutation("createAccount", "account", ""), json!({ "name": "Bolt", "country": "DE" })).await["id"].clone();
        let add = mutation("addAccountTeamMember", "accountTeamMember", "accessAccount isLead");
        let input = json!({ "accountId": account, "colleagueId": id(Kind::Colleague, world.acme.cast.sam), "discipline": "SALES" });
        let member = done(&ada, &add, input.clone()).await["id"].clone();
        let change = mutation("updateAccountTeamMember", "accountTeamMember", "accessAccount accessSales isLead validTo");
        let country = mutation("updateAccount", "account", "country");
        refused(&world, &sam, &country, json!({ "id": account, "country": "CH" }), "FORBIDDEN at country").await;
        let changed = done(&ada, &change, json!({ "id": member, "ifVersion": 1, "accessAccount": "EDIT", "isLead": true })).await;
        assert_eq!(changed, json!({ "id": member, "version": 2, "accessAccount": "EDIT", "accessSales": "EDIT", "isLead": true, "validTo": null }));
        assert_eq!(done(&sam, &country, json!({ "id": account, "country": "CH" })).await["country"], "CH");

        // Who does not lead changes nobody; another tenant's membership is not there.
        let sue = json!({ "accountId": account, "colleagueId": id(Kind::Colleague, world.acme.cast.sue), "discipline": "SALES" });
        done(&sam, &add, sue).await;
        let before = world.position().await;
        let denied = world.sue().ask(&change, json!({ "input": { "id": member, "isLead": false } })).await;
        assert_eq!(denied.refusal("updateAccountTeamMember"), "FORBIDDEN at isLead");
        let denied = world.of_other(Role::Admin, "ada").ask(&change, json!({ "input": { "id": member, "isLead": false } })).await;
        assert_eq!(denied.refusal("updateAccountTeamMember"), "NOT_FOUND at id");
        assert_eq!(world.position().await, before);
        refused(&world, &ada, &change, json!({ "id": member, "validTo": world.now() - TimeDelta::days(1) }), "INVALID at validTo").await;
        refused(&world, &ada, &change, json!({ "id": member, "accessSales": null }), "INVALID at accessSales").await;
        refused(&world, &ada, &change, json!({ "id": member, "ifVersion": 1, "isLead": false }), "VERSION_CONFLICT at ifVersion").await;

        // An end in the future is no end yet: no second membership beside it.
        let ends = world.now() + TimeDelta::minutes(10);
        done(&ada, &change, json!({ "id": member, "validTo": ends })).await;
        refused(&world, &ada, &add, input.clone(), "DUPLICATE at colleagueId").await;
        world.pass(TimeDelta::minutes(10));
        let sees = "query($id: ID!) { account(id: $id) { name country } }";
        assert_eq!(sam.ask(sees, json!({ "id": account })).await.must().data("account.country"), &Value::Null);
        refused(&world, &ada, &change, json!({ "id": member, "validTo": null }), "STATE_CONFLICT at id").await;
        let again = done(&ada, &add, input).await["id"].clone();
        let list = "query($id: ID!, $sam: ID!) { accountTeamMembers(filter: { accountId: [$id], colleagueId: [$sam] }, sort: { validFrom: ASC }) { nodes { id } }
            colleague(id: $sam) { accountTeams { totalCount } } }";
        let history = ada.ask(list, json!({ "id": account, "sam": id(Kind::Colleague, world.acme.cast.sam) })).await.must();
        assert_eq!(history.each("accountTeamMembers.nodes", "id"), [member, again]);
        assert_eq!(history.data("colleague.accountTeams.totalCount"), 2);
    })
    .await;
}

#[tokio::test]
async fn a_queue_decides_who_reaches_what_waits_in_it() {
    each_engine(async |world: World| {
        let (max, tom) = (world.max(), world.tom());
        let create = mutation("createQueue", "queue", "code name wing");
        let input = json!({ "code": "REPAIRS", "name": "Repairs", "wing": "SERVICE" });
        let queue = done(&max, &create, input.clone()).await;
        assert_eq!(queue, json!({ "id": queue["id"], "version": 1, "code": "REPAIRS", "name": "Repairs", "wing": "SERVICE" }));
        let queue = queue["id"].clone();
        refused(&world, &max, &create, input.clone(), "DUPLICATE at code").await;
        refused(&world, &max, &create, json!({ "code": "\u{0}", "name": "N", "wing": "SALES" }), "INVALID at code").await;
        unknown_to(&world, &BELOW, &create, input).await;
        let update = mutation("updateQueue", "queue", "name");
        assert_eq!(done(&max, &update, json!({ "id": queue, "ifVersion": 1, "name": "Repair shop" })).await["name"], "Repair shop");
        refused(&world, &max, &update, json!({ "id": queue, "ifVersion": 1, "name": "R" }), "VERSION_CONFLICT at ifVersion").await;
        unknown_to(&world, &BELOW, &update, json!({ "id": queue, "name": "R" })).await;

        // A task waits in it: nobody's, and nobody's account.
        let task = done(&world.ina(), &mutation("createTask", "task", ""), json!({ "title": "Fix it", "queueId": queue })).await["id"].clone();
        let sees = "query($id: ID!) { task(id: $id) { title } me { queues { name } } }";
        let read = async |client: &Client| client.ask(sees, json!({ "id": task })).await.must().data("task.title").clone();
        assert_eq!(read(&tom).await, Value::Null);
        let add = mutation("addQueueMember", "queueMember", "validFrom validTo queue { name } colleague { name }");
        let tom_id = id(Kind::Colleague, world.acme.cast.tom);
        let input = json!({ "queueId": queue, "colleagueId": tom_id });
        let member = done(&max, &add, input.clone()).await;
        assert_eq!((&member["queue"]["name"], &member["colleague"]["name"], &member["validTo"]), (&json!("Repair shop"), &json!("Tom Technical"), &Value::Null));
        assert_eq!(read(&tom).await, "Fix it");
        refused(&world, &max, &add, input.clone(), "DUPLICATE at colleagueId").await;
        unknown_to(&world, &BELOW, &add, input.clone()).await;
        let sue = id(Kind::Colleague, world.acme.cast.sue);
        let wrong = json!({ "queueId": queue, "colleagueId": sue, "validFrom": world.now() - TimeDelta::days(1) });
        refused(&world, &max, &add, wrong, "INVALID at validFrom").await;
        let wrong = json!({ "queueId": queue, "colleagueId": sue, "validFrom": world.now() + TimeDelta::days(2), "validTo": world.now() + TimeDelta::days(1) });
        refused(&world, &max, &add, wrong, "INVALID at validTo").await;
        let foreign = json!({ "queueId": id(Kind::Queue, world.other.service_desk), "colleagueId": sue });
        refused(&world, &max, &add, foreign, "NOT_FOUND at queueId").await;

        let remove = mutation("removeQueueMember", "queueMember", "validTo");
        unknown_to(&world, &BELOW, &remove, json!({ "id": member["id"] })).await;
        refused(&world, &max, &remove, json!({ "id": member["id"], "ifVersion": 2 }), "VERSION_CONFLICT at ifVersion").await;
        done(&max, &remove, json!({ "id": member["id"], "ifVersion": 1 })).await;
        assert_eq!(read(&tom).await, Value::Null);
        refused(&world, &max, &remove, json!({ "id": member["id"] }), "STATE_CONFLICT at id").await;

        // A turn that begins later.
        let (from, to) = (world.now() + TimeDelta::minutes(10), world.now() + TimeDelta::days(2));
        let turn = json!({ "queueId": queue, "colleagueId": tom_id, "validFrom": from, "validTo": to });
        done(&max, &add, turn).await;
        assert_eq!(read(&tom).await, Value::Null);
        world.pass(TimeDelta::minutes(10));
        assert_eq!(read(&tom).await, "Fix it");
        let listed = max.ask("query($q: ID!) { queue(id: $q) { members { nodes { id } } } queueMembers(filter: { queueId: [$q] }, sort: { validFrom: DESC }) { totalCount } }", json!({ "q": queue })).await.must();
        assert_eq!(listed.data("queueMembers.totalCount"), 2);
        assert_eq!(listed.data("queue.members.nodes.0.id"), &member["id"]);

        // It cannot go while work waits; then it goes, and its memberships end.
        let delete = deletion("deleteQueue");
        refused(&world, &max, &delete, json!({ "id": queue }), "STATE_CONFLICT at id").await;
        unknown_to(&world, &BELOW, &delete, json!({ "id": queue })).await;
        done(&tom, &mutation("completeTask", "task", "").replace("CompleteTaskInput", "TaskStepInput"), json!({ "id": task })).await;
        refused(&world, &max, &delete, json!({ "id": queue, "ifVersion": 1 }), "VERSION_CONFLICT at ifVersion").await;
        assert_eq!(done(&max, &delete, json!({ "id": queue, "ifVersion": 2 })).await, queue);
        assert_eq!(tom.ask("{ me { queues { name } } }", json!({})).await.must().data("me.queues"), &json!([]));
    })
    .await;
}

#[tokio::test]
async fn open_work_of_every_kind_keeps_its_queue() {
    each_engine(async |world: World| {
        let (max, delete) = (world.max(), deletion("deleteQueue"));
        let (inbox, desk) = (world.acme.sales_inbox, world.acme.service_desk);
        world
            .work(async |work| {
                rows::lead(work, None, None, Some(inbox)).await?;
                rows::ticket(work, None, None, Some(desk)).await?;
                Ok(())
            })
            .await;
        refused(&world, &max, &delete, json!({ "id": id(Kind::Queue, inbox) }), "STATE_CONFLICT at id").await;
        refused(&world, &max, &delete, json!({ "id": id(Kind::Queue, desk) }), "STATE_CONFLICT at id").await;
        // And a queue of another tenant is not there.
        refused(&world, &max, &delete, json!({ "id": id(Kind::Queue, world.other.service_desk) }), "NOT_FOUND at id")
            .await;
    })
    .await;
}

#[tokio::test]
async fn visitors_and_what_recognises_them() {
    each_engine(async |world: World| {
        let (ina, ada) = (world.ina(), world.ada());
        let create = mutation("createVisitor", "visitor", "firstSeenAt lastSeenAt consentState");
        let update = mutation("updateVisitor", "visitor", "lastSeenAt consentState");
        let hour = TimeDelta::hours(1);
        let first = world.now() - hour;
        let made = done(&ina, &create, json!({ "firstSeenAt": first })).await;
        assert_eq!((&made["firstSeenAt"], &made["lastSeenAt"], &made["consentState"]), (&json!("2026-11-23T11:00:00+00:00"), &json!("2026-11-23T11:00:00+00:00"), &json!("UNKNOWN")));
        let visitor = made["id"].clone();
        let given = done(&ina, &update, json!({ "id": visitor, "ifVersion": 1, "consentState": "GIVEN", "lastSeenAt": world.now() })).await;
        assert_eq!((&given["consentState"], &given["lastSeenAt"]), (&json!("GIVEN"), &json!("2026-11-23T12:00:00+00:00")));
        refused(&world, &ina, &update, json!({ "id": visitor, "lastSeenAt": first - hour }), "INVALID at lastSeenAt").await;
        refused(&world, &ina, &update, json!({ "id": visitor, "lastSeenAt": world.now() + hour }), "INVALID at lastSeenAt").await;
        refused(&world, &ina, &create, json!({ "firstSeenAt": world.now() + hour }), "INVALID at firstSeenAt").await;
        refused(&world, &ina, &update, json!({ "id": visitor, "ifVersion": 1, "consentState": "DENIED" }), "VERSION_CONFLICT at ifVersion").await;
        unknown_to(&world, &DESKS, &create, json!({})).await;
        unknown_to(&world, &DESKS, &update, json!({ "id": visitor, "consentState": "DENIED" })).await;

        let visitor_id = api::graph::GlobalId::parse(visitor.as_str().unwrap()).unwrap().uuid;
        let known = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", Some(world.acme.cast.sam), None).await?.id;
                let anna: contact::Model = rows::contact(work, Some(account), "Anna", "Öz").await?;
                for (kind, subject_type, subject_id) in
                    [(IdentityKind::Cookie, SubjectType::Visitor, visitor_id), (IdentityKind::Email, SubjectType::Contact, anna.id)]
                {
                    work.insert::<identity::Entity>(identity::ActiveModel {
                        kind: Set(kind),
                        value_hash: Set("f00d".to_owned()),
                        strength: Set(IdentityStrength::Medium),
                        subject_type: Set(subject_type),
                        subject_id: Set(subject_id),
                        valid_from: Set(work.now()),
                        ..Default::default()
                    })
                    .await?;
                }
                Ok(id(Kind::Contact, anna.id))
            })
            .await;
        let all = "{ identities(sort: { kind: ASC }) { nodes { kind strength subjectType subjectId validTo } } }";
        let row = |kind: &str, ty: &str, of: &Value| json!({ "kind": kind, "strength": "MEDIUM", "subjectType": ty, "subjectId": of, "validTo": null });
        let both = json!([row("COOKIE", "VISITOR", &visitor), row("EMAIL", "CONTACT", &json!(known))]);
        assert_eq!(ada.ask(all, json!({})).await.must().data("identities.nodes"), &both);
        // Sales sees what recognises its own customers; marketing counts, and reads nothing.
        let own = json!([row("EMAIL", "CONTACT", &json!(known))]);
        assert_eq!(world.sam().ask(all, json!({})).await.must().data("identities.nodes"), &own);
        assert_eq!(world.sue().ask(all, json!({})).await.must().data("identities.nodes"), &json!([]));
        let blind = world.mia().ask("{ identities { nodes { kind subjectId } } }", json!({})).await.must();
        assert_eq!(blind.data("identities.nodes"), &json!([{ "kind": null, "subjectId": null }, { "kind": null, "subjectId": null }]));
        assert_eq!(world.vera().ask(all, json!({})).await.code(), Some("BAD_USER_INPUT"));
        let of = "query($id: ID!) { visitor(id: $id) { identities { nodes { kind } } } }";
        assert_eq!(ada.ask(of, json!({ "id": visitor })).await.must().data("visitor.identities.nodes"), &json!([{ "kind": "COOKIE" }]));
    })
    .await;
}
