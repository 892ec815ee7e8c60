//! Another tenant's id, by every verb: the same answer as an id that nobody has, after the same number of statements.

use api::{graph::Kind, policy::Role};
use entities::{
    account::{account, contact},
    codes::Discipline,
    journey::{change_log, feed_counter},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{Said, World, each_engine, id, rows};
use uuid::Uuid;

/// Rows of the other tenant.
struct Foreign {
    account: Uuid,
    contact: Uuid,
    member: Uuid,
    industry: Uuid,
    opportunity: Uuid,
    ticket: Uuid,
    lead: Uuid,
    asset: Uuid,
}

async fn foreign(world: &World) -> Foreign {
    let sam = world.other.cast.sam;
    world
        .work_in(world.other.tenant, async |work| {
            let industry = rows::industry(work, "C25", None).await?;
            let account = rows::account(work, "Other", Some(sam), Some(industry.id)).await?;
            let span = (work.now(), None);
            let member = rows::member(work, account.id, sam, Discipline::Sales, rows::EDIT, span).await?;
            Ok(Foreign {
                account: account.id,
                contact: rows::contact(work, Some(account.id), "Anna", "Öz").await?.id,
                member: member.id,
                industry: industry.id,
                opportunity: rows::opportunity(work, account.id, "Presses").await?.id,
                ticket: rows::ticket(work, Some(account.id), None, None).await?.id,
                lead: rows::lead(work, Some(account.id), None, None).await?.id,
                asset: rows::asset(work, account.id, "Press").await?.id,
            })
        })
        .await
}

/// Everything of the other tenant that a wrong write would change.
async fn state(world: &World) -> (Vec<account::Model>, Vec<contact::Model>, i64, usize) {
    let tenant = world.other.tenant;
    let db = world.store.db();
    (
        account::Entity::find().filter(account::Column::TenantId.eq(tenant)).all(db).await.unwrap(),
        contact::Entity::find().filter(contact::Column::TenantId.eq(tenant)).all(db).await.unwrap(),
        feed_counter::Entity::find_by_id(tenant).one(db).await.unwrap().unwrap().position,
        change_log::Entity::find().filter(change_log::Column::TenantId.eq(tenant)).all(db).await.unwrap().len(),
    )
}

#[tokio::test]
async fn another_tenants_id_looks_unknown_by_every_verb() {
    each_engine(async |world: World| {
        let foreign = foreign(&world).await;
        let own = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", Some(world.acme.cast.sam), None).await?;
                let contact = rows::contact(work, Some(account.id), "Bert", "Ohm").await?;
                Ok((id(Kind::Account, account.id), id(Kind::Contact, contact.id)))
            })
            .await;
        let colleague = world.other.cast.sue;
        let mine = id(Kind::Colleague, world.acme.cast.sue);
        let verbs: Vec<(&str, Kind, Uuid, Value)> = vec![
            ("query($id: ID!) { account(id: $id) { id name } }", Kind::Account, foreign.account, json!({})),
            ("query($id: ID!) { contact(id: $id) { id name } }", Kind::Contact, foreign.contact, json!({})),
            ("query($id: ID!) { lead(id: $id) { id } }", Kind::Lead, foreign.lead, json!({})),
            ("query($id: ID!) { ticket(id: $id) { id } }", Kind::Ticket, foreign.ticket, json!({})),
            ("query($id: ID!) { asset(id: $id) { id } }", Kind::Asset, foreign.asset, json!({})),
            ("query($id: ID!) { node(id: $id) { id } }", Kind::Account, foreign.account, json!({})),
            ("query($id: ID!) { node(id: $id) { id } }", Kind::Contact, foreign.contact, json!({})),
            ("query($id: ID!) { node(id: $id) { id } }", Kind::Opportunity, foreign.opportunity, json!({})),
            ("query($id: ID!) { nodes(ids: [$id]) { id } }", Kind::Ticket, foreign.ticket, json!({})),
            ("query($id: ID!) { accounts(filter: { industryId: [$id] }) { totalCount nodes { id } } }", Kind::Industry, foreign.industry, json!({})),
            ("query($id: ID!) { timeline(subject: $id) { totalCount nodes { id } } }", Kind::Account, foreign.account, json!({})),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", Kind::Contact, foreign.contact, json!({})),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", Kind::Opportunity, foreign.opportunity, json!({})),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", Kind::Ticket, foreign.ticket, json!({})),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", Kind::Industry, foreign.industry, json!({})),
            ("query($id: ID!, $own: ID!) { timeline(subject: $own, filter: { actors: [$id] }) { totalCount } }", Kind::Colleague, colleague, json!({ "own": own.0 })),
            ("mutation($id: ID!) { updateAccount(input: { id: $id, name: \"X\" }) { account { id } userErrors { code path message } } }", Kind::Account, foreign.account, json!({})),
            ("mutation($id: ID!, $own: ID!) { updateAccount(input: { id: $own, parentId: $id }) { account { id } userErrors { code path message } } }", Kind::Account, foreign.account, json!({ "own": own.0 })),
            ("mutation($id: ID!, $own: ID!) { updateAccount(input: { id: $own, ownerId: $id }) { account { id } userErrors { code path message } } }", Kind::Colleague, colleague, json!({ "own": own.0 })),
            ("mutation($id: ID!, $own: ID!) { updateAccount(input: { id: $own, industryId: $id }) { account { id } userErrors { code path message } } }", Kind::Industry, foreign.industry, json!({ "own": own.0 })),
            ("mutation($id: ID!) { createAccount(input: { name: \"X\", parentId: $id }) { account { id } userErrors { code path message } } }", Kind::Account, foreign.account, json!({})),
            ("mutation($id: ID!) { updateContact(input: { id: $id, jobTitle: \"X\" }) { contact { id } userErrors { code path message } } }", Kind::Contact, foreign.contact, json!({})),
            ("mutation($id: ID!, $own: ID!) { updateContact(input: { id: $own, accountId: $id }) { contact { id } userErrors { code path message } } }", Kind::Account, foreign.account, json!({ "own": own.1 })),
            ("mutation($id: ID!) { createContact(input: { familyName: \"X\", accountId: $id }) { contact { id } userErrors { code path message } } }", Kind::Account, foreign.account, json!({})),
            ("mutation($id: ID!, $own: ID!) { addAccountTeamMember(input: { accountId: $id, colleagueId: $own, discipline: SALES }) { accountTeamMember { id } userErrors { code path message } } }", Kind::Account, foreign.account, json!({ "own": mine })),
            ("mutation($id: ID!, $own: ID!) { addAccountTeamMember(input: { accountId: $own, colleagueId: $id, discipline: SALES }) { accountTeamMember { id } userErrors { code path message } } }", Kind::Colleague, colleague, json!({ "own": own.0 })),
            ("mutation($id: ID!) { removeAccountTeamMember(input: { id: $id }) { accountTeamMember { id } userErrors { code path message } } }", Kind::AccountTeamMember, foreign.member, json!({})),
        ];
        let before = state(&world).await;
        let position = world.position().await;
        for (roles, subject) in [(&[Role::Admin][..], "ada"), (&[Role::Sales], "sam"), (&[Role::Integrator, Role::Sales], "sam")] {
            let client = world.as_roles(roles, subject);
            for (text, kind, uuid, variables) in &verbs {
                let asked = async |uuid: Uuid| {
                    let mut variables = variables.clone();
                    variables["id"] = json!(id(*kind, uuid));
                    client.ask(text, variables).await
                };
                let (theirs, unknown) = (asked(*uuid).await, asked(Uuid::from_u128(7)).await);
                assert_eq!(theirs.body, unknown.body, "{roles:?} {text}");
                assert_eq!(theirs.statements, unknown.statements, "{roles:?} {text}");
                assert!(!theirs.body.to_string().contains(&uuid.to_string()), "{roles:?} {text}: {theirs}");
                assert!(!theirs.body.to_string().contains("INTERNAL"), "{roles:?} {text}: {theirs}");
            }
        }
        assert_eq!(state(&world).await, before);
        assert_eq!(world.position().await, position, "no write of this tenant went through either");
    })
    .await;
}

#[tokio::test]
async fn another_tenants_timeline_is_not_followed() {
    each_engine(async |world: World| {
        let foreign = foreign(&world).await;
        let server = world.listen().await;
        let text = "subscription($id: ID!) { timelineChanged(subject: $id) { cursor } }";
        for uuid in [foreign.account, Uuid::from_u128(7)] {
            let mut live = world.ada().follow(&server, text, json!({ "id": id(Kind::Account, uuid) })).await;
            assert_eq!(live.code().await, "NOT_FOUND");
            assert_eq!(live.next().await, Said::Complete);
        }
    })
    .await;
}

#[tokio::test]
async fn lists_and_counts_end_at_the_tenant() {
    each_engine(async |world: World| {
        foreign(&world).await;
        for client in [world.ada(), world.ina(), world.mia()] {
            let text = "{ accounts { totalCount nodes { id } } contacts { totalCount nodes { id } } }";
            let answer = client.ask(text, json!({})).await.must();
            let none = json!({ "totalCount": 0, "nodes": [] });
            assert_eq!(answer.body["data"], json!({ "accounts": none, "contacts": none }));
        }
        let text = "{ colleagues(first: 100) { totalCount } queues { totalCount } industries { totalCount } }";
        let answer = world.ada().ask(text, json!({})).await.must();
        let counts = json!({ "colleagues": { "totalCount": 8 }, "queues": { "totalCount": 2 }, "industries": { "totalCount": 0 } });
        assert_eq!(answer.body["data"], counts);
        let answer = world.of_other(Role::Admin, "ada").ask("{ accounts { nodes { name } } }", json!({})).await.must();
        assert_eq!(answer.each("accounts.nodes", "name"), ["Other"]);
    })
    .await;
}

/// A row of the own tenant that the caller may not see looks unknown, too.
#[tokio::test]
async fn a_hidden_row_looks_unknown() {
    each_engine(async |world: World| {
        let (account, contact) = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", Some(world.acme.cast.sue), None).await?;
                let contact = rows::contact(work, Some(account.id), "Anna", "Öz").await?;
                Ok((account.id, contact.id))
            })
            .await;
        let verbs: [(&str, Kind, Uuid, &[Role], &str); 6] = [
            ("query($id: ID!) { account(id: $id) { id } }", Kind::Account, account, &[Role::Technical], "tom"),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", Kind::Account, account, &[Role::Technical], "tom"),
            ("query($id: ID!) { contact(id: $id) { id } }", Kind::Contact, contact, &[Role::Sales], "sam"),
            ("query($id: ID!) { node(id: $id) { id } }", Kind::Contact, contact, &[Role::Service], "vera"),
            ("query($id: ID!) { timeline(subject: $id) { nodes { id } } }", Kind::Contact, contact, &[Role::Sales], "sam"),
            ("mutation($id: ID!) { updateContact(input: { id: $id, jobTitle: \"X\" }) { contact { id } userErrors { code path message } } }", Kind::Contact, contact, &[Role::Sales], "sam"),
        ];
        for (text, kind, uuid, roles, subject) in verbs {
            let client = world.as_roles(roles, subject);
            let asked = async |uuid: Uuid| client.ask(text, json!({ "id": id(kind, uuid) })).await;
            let (hidden, unknown) = (asked(uuid).await, asked(Uuid::from_u128(7)).await);
            assert_eq!(hidden.body, unknown.body, "{text}");
            assert_eq!(hidden.statements, unknown.statements, "{text}");
        }
    })
    .await;
}
