//! Nobody raises herself: neither by taking an account, a campaign or an industry's reach, nor by a team row, a lead or a handover.
//! Each refusal leaves the journal as it was.

use api::graph::Kind;
use chrono::TimeDelta;
use entities::{
    account::account_team_member,
    codes::{
        AccessLevel::{self, Edit, Read},
        Discipline::{self, Sales, Service, Technical},
    },
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};
use uuid::Uuid;

fn colleague(uuid: Uuid) -> String {
    id(Kind::Colleague, uuid)
}

/// An account of Sue's, who is on its team, too, with more members.
async fn account(world: &World, more: &[(Uuid, Discipline, rows::Levels)]) -> Uuid {
    let sue = world.acme.cast.sue;
    world
        .work(async |work| {
            let account = rows::account(work, "Bolt", Some(sue), None).await?.id;
            let span = (work.now(), None);
            rows::member(work, account, sue, Sales, rows::EDIT, span).await?;
            for (who, discipline, levels) in more {
                rows::member(work, account, *who, *discipline, *levels, span).await?;
            }
            Ok(account)
        })
        .await
}

/// An account of Sue's that Sam leads, with these levels.
async fn led(world: &World, levels: [&str; 4]) -> String {
    let account = id(Kind::Account, account(world, &[]).await);
    let [a, m, s, v] = levels;
    let input = json!({ "accountId": account, "colleagueId": colleague(world.acme.cast.sam), "discipline": "SALES", "isLead": true,
        "accessAccount": a, "accessMarketing": m, "accessSales": s, "accessService": v });
    world.ada().act("addAccountTeamMember", "", input).await.must();
    account
}

/// How many deals of the account somebody sees.
async fn deals(client: &Client, account: &str) -> Value {
    let text = "query($id: ID) { opportunities(filter: { accountId: [$id] }) { totalCount } }";
    client.ask(text, json!({ "id": account })).await.must().data("opportunities.totalCount").clone()
}

#[tokio::test]
async fn nobody_takes_an_account_that_is_not_hers() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let some = [Edit, Read, Read, Read];
        let own = account(&world, &[(cast.sam, Sales, some)]).await;
        let own = id(Kind::Account, own);
        let to = |owner: Option<Uuid>| json!({ "id": own, "ownerId": owner.map(colleague) });
        for client in [world.mia(), world.sam()] {
            for owner in [Some(cast.mia), Some(cast.sam), Some(cast.tom), None] {
                assert_eq!(client.refused("updateAccount", to(owner)).await, "FORBIDDEN at ownerId");
            }
        }
        // To say what is so changes nothing, and needs no right of its own.
        world.mia().act("updateAccount", "", to(Some(cast.sue))).await.must();

        // Who leads the team hands the account over, but takes it only with what she has already.
        let led = led(&world, ["EDIT", "READ", "EDIT", "READ"]).await;
        let to = |owner: Uuid| json!({ "id": led, "ownerId": colleague(owner) });
        assert_eq!(world.sam().refused("updateAccount", to(cast.sam)).await, "FORBIDDEN at ownerId");
        world.sam().act("updateAccount", "", to(cast.vera)).await.must();
        let taken = world.max().act("updateAccount", "account { owner { name } }", to(cast.sue)).await.must();
        assert_eq!(taken.data("updateAccount.account.owner.name"), "Sue Sales");
        let given = world.sue().act("updateAccount", "account { owner { name } }", to(cast.sam)).await.must();
        assert_eq!(given.data("updateAccount.account.owner.name"), "Sam Sales");

        let unowned = world.work(async |work| rows::account(work, "Nut", None, None).await).await.id;
        let take = json!({ "id": id(Kind::Account, unowned), "ownerId": colleague(cast.mia) });
        assert_eq!(world.mia().refused("updateAccount", take).await, "FORBIDDEN at ownerId");
    })
    .await;
}

#[tokio::test]
async fn another_industry_takes_nobody_further() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let bare = [Edit, Read, AccessLevel::None, AccessLevel::None];
        let own = account(&world, &[(cast.sam, Sales, bare)]).await;
        let (mine, other) = world
            .work(async |work| {
                rows::opportunity(work, own, "Linie").await?;
                let mine = rows::industry(work, "C10", None).await?.id;
                let below = rows::industry(work, "C10.5", Some(mine)).await?.id;
                let other = rows::industry(work, "C20", None).await?.id;
                for who in [cast.sam, cast.mia] {
                    rows::industry_member(work, mine, who, rows::READ, (work.now(), None)).await?;
                }
                Ok((below, other))
            })
            .await;
        let own = id(Kind::Account, own);
        let to = |industry: Uuid| json!({ "id": own, "industryId": id(Kind::Industry, industry) });
        for client in [world.sam(), world.mia()] {
            assert_eq!(client.refused("updateAccount", to(mine)).await, "FORBIDDEN at industryId");
            assert_eq!(deals(&client, &own).await, 0);
            client.act("updateAccount", "", to(other)).await.must();
        }
        world.max().act("updateAccount", "", to(mine)).await.must();
        assert_eq!(deals(&world.mia(), &own).await, 1, "whom the manager sends there reaches it");
    })
    .await;
}

const LEVELS: &str = "accountTeamMember { id isLead accessAccount accessMarketing accessSales accessService }";

#[tokio::test]
async fn nobody_gives_more_than_she_has() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (sam, mia) = (world.sam(), world.mia());
        let account = led(&world, ["EDIT", "READ", "EDIT", "NONE"]).await;
        let add = |who: Uuid, discipline: &str, more: Value| {
            let mut input = json!({ "accountId": account, "colleagueId": colleague(who), "discipline": discipline });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let everything = json!({ "isLead": true, "accessAccount": "EDIT", "accessMarketing": "EDIT", "accessSales": "EDIT", "accessService": "EDIT" });
        let refused = async |client: &Client, input: Value| client.refused("addAccountTeamMember", input).await;
        // Nobody comes by herself, whatever she would bring along.
        assert_eq!(refused(&mia, add(cast.mia, "MARKETING", everything.clone())).await, "FORBIDDEN at colleagueId");
        assert_eq!(refused(&mia, add(cast.mia, "MARKETING", json!({}))).await, "FORBIDDEN at colleagueId");
        assert_eq!(refused(&sam, add(cast.vera, "SERVICE", json!({ "accessService": "READ" }))).await, "FORBIDDEN at accessService");
        assert_eq!(refused(&sam, add(cast.mia, "MARKETING", json!({ "accessMarketing": "EDIT" }))).await, "FORBIDDEN at accessMarketing");
        assert_eq!(refused(&sam, add(cast.tom, "SALES", json!({}))).await, "INVALID at discipline");

        let levels = |answer: &tests::Answer, at: &str| {
            let member = answer.data(&format!("{at}.accountTeamMember"));
            ["isLead", "accessAccount", "accessMarketing", "accessSales", "accessService"].map(|field| member[field].clone())
        };
        let vera = sam.act("addAccountTeamMember", LEVELS, add(cast.vera, "SERVICE", json!({}))).await.must();
        assert_eq!(levels(&vera, "addAccountTeamMember"), [json!(false), json!("READ"), json!("READ"), json!("READ"), json!("NONE")]);
        let mia_here = json!({ "accessAccount": "EDIT", "isLead": true });
        let mias = sam.act("addAccountTeamMember", LEVELS, add(cast.mia, "MARKETING", mia_here)).await.must();
        assert_eq!(levels(&mias, "addAccountTeamMember"), [json!(true), json!("EDIT"), json!("READ"), json!("READ"), json!("NONE")]);

        // Marketing adds its own discipline, and no lead, though it leads.
        let new = json!({ "name": "Mel Marketing", "email": "mel@acme.example", "department": "MARKETING", "subject": "mel" });
        let new = world.ada().act("createColleague", "colleague { id }", new).await.must();
        let mut mel = add(cast.mia, "MARKETING", json!({ "isLead": true }));
        mel["colleagueId"] = new.data("createColleague.colleague.id").clone();
        assert_eq!(refused(&mia, mel.clone()).await, "FORBIDDEN at isLead");
        mel["isLead"] = json!(false);
        mel["accessSales"] = json!("EDIT");
        assert_eq!(refused(&mia, mel.clone()).await, "FORBIDDEN at accessSales");
        mel["accessSales"] = json!("READ");
        let mels = mia.act("addAccountTeamMember", LEVELS, mel).await.must();
        assert_eq!(levels(&mels, "addAccountTeamMember"), [json!(false), json!("READ"), json!("READ"), json!("READ"), json!("NONE")]);

        // A change gives no more than an addition.
        let member = mels.text("addAccountTeamMember.accountTeamMember.id").to_owned();
        let change = |more: Value| {
            let mut input = json!({ "id": member });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let refused = async |client: &Client, input: Value| client.refused("updateAccountTeamMember", input).await;
        assert_eq!(refused(&mia, change(json!({ "accessSales": "EDIT" }))).await, "FORBIDDEN at accessSales");
        assert_eq!(refused(&mia, change(json!({ "isLead": true }))).await, "FORBIDDEN at isLead");
        let mine = mias.text("addAccountTeamMember.accountTeamMember.id").to_owned();
        assert_eq!(refused(&mia, json!({ "id": mine, "accessMarketing": "EDIT" })).await, "FORBIDDEN at colleagueId");
        let ends = (world.now() + TimeDelta::days(1)).to_rfc3339();
        sam.act("updateAccountTeamMember", "", json!({ "id": mine, "validTo": ends })).await.must();
        assert_eq!(refused(&mia, json!({ "id": mine, "validTo": null })).await, "FORBIDDEN at colleagueId");
        let less = mia.act("updateAccountTeamMember", LEVELS, change(json!({ "accessSales": "NONE" }))).await.must();
        assert_eq!(levels(&less, "updateAccountTeamMember")[3], json!("NONE"));
        world.max().act("updateAccountTeamMember", "", change(json!({ "accessSales": "EDIT", "isLead": true }))).await.must();
    })
    .await;
}

#[tokio::test]
async fn sales_joins_no_account_alone() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let barred = account(&world, &[(cast.sam, Sales, [AccessLevel::None; 4])]).await;
        let (person, foreign_person) = world
            .work(async |work| {
                rows::opportunity(work, barred, "Geheim").await?;
                let own = rows::account(work, "Own", Some(cast.sam), None).await?.id;
                let person = rows::contact(work, Some(own), "Anna", "Öz").await?.id;
                Ok((person, rows::contact(work, Some(barred), "Bert", "Ohm").await?.id))
            })
            .await;
        let (person, foreign_person) = (id(Kind::Contact, person), id(Kind::Contact, foreign_person));
        let foreign = id(Kind::Account, barred);
        let (sam, mia) = (world.sam(), world.mia());
        let lead = json!({ "contactId": person, "accountId": foreign });
        assert_eq!(sam.refused("createLead", lead).await, "FORBIDDEN at accountId");
        let lead = sam.act("createLead", "lead { id }", json!({ "contactId": person })).await.must();
        let lead = lead.text("createLead.lead.id").to_owned();
        let moved = json!({ "id": lead, "accountId": foreign });
        assert_eq!(sam.refused("updateLead", moved).await, "FORBIDDEN at accountId");

        // Whoever offered does not decide, not even out of her own queue.
        let queue = id(Kind::Queue, world.acme.sales_inbox);
        let offer = json!({ "subjectId": lead, "toQueueId": queue });
        let offered = sam.act("offerHandover", "handover { id }", offer).await.must();
        let handover = offered.text("offerHandover.handover.id").to_owned();
        assert_eq!(sam.refused("acceptHandover", json!({ "id": handover })).await, "FORBIDDEN at id");
        for decision in ["rejectHandover", "returnHandover"] {
            let input = json!({ "id": handover, "reasonCode": "NO_NEED" });
            assert_eq!(sam.refused(decision, input).await, "FORBIDDEN at id");
        }
        sam.act("recallHandover", "", json!({ "id": handover })).await.must();

        // A decision makes nobody a member who was barred.
        let lead = mia.act("createLead", "lead { id }", json!({ "contactId": foreign_person })).await.must();
        let offer = json!({ "subjectId": lead.text("createLead.lead.id"), "toQueueId": queue });
        let offered = mia.act("offerHandover", "handover { id }", offer).await.must();
        let taken = json!({ "id": offered.text("offerHandover.handover.id") });
        sam.act("acceptHandover", "", taken).await.must();
        let held = account_team_member::Entity::find()
            .filter(account_team_member::Column::AccountId.eq(barred))
            .filter(account_team_member::Column::ColleagueId.eq(cast.sam));
        let held: Vec<AccessLevel> =
            held.all(world.store.db()).await.unwrap().iter().map(|row| row.access_sales).collect();
        assert_eq!(held, [AccessLevel::None]);
        assert_eq!(deals(&sam, &foreign).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_handover_goes_to_the_receiving_side() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let own = account(&world, &[]).await;
        let person = world.work(async |work| rows::contact(work, Some(own), "Anna", "Öz").await).await.id;
        let mia = world.mia();
        let lead = mia.act("createLead", "lead { id }", json!({ "contactId": id(Kind::Contact, person) })).await.must();
        let lead = lead.text("createLead.lead.id").to_owned();
        let desk = json!({ "subjectId": lead, "toQueueId": id(Kind::Queue, world.acme.service_desk) });
        assert_eq!(mia.refused("offerHandover", desk).await, "INVALID at toQueueId");
        for stranger in [cast.vera, cast.tom, cast.ana, cast.max] {
            let offer = json!({ "subjectId": lead, "toColleagueId": colleague(stranger) });
            assert_eq!(mia.refused("offerHandover", offer).await, "INVALID at toColleagueId");
        }
        let offer = json!({ "subjectId": lead, "toColleagueId": colleague(cast.sam) });
        let made = mia.act("offerHandover", "handover { toColleague { name } }", offer).await.must();
        assert_eq!(made.data("offerHandover.handover.toColleague.name"), "Sam Sales");
    })
    .await;
}

#[tokio::test]
async fn a_campaign_that_is_taken_or_gone_shows_no_money() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let own = account(&world, &[]).await;
        let deal = world.work(async |work| rows::opportunity(work, own, "Linie").await).await.id;
        let own = id(Kind::Account, own);
        let (ada, mia) = (world.ada(), world.mia());
        let new = json!({ "name": "Fair", "type": "TRADE_FAIR" });
        let made = ada.act("createCampaign", "campaign { id owner { name } }", new).await.must();
        assert_eq!(made.data("createCampaign.campaign.owner.name"), "Ada Admin");
        let fair = made.text("createCampaign.campaign.id").to_owned();
        let credit = json!({ "id": id(Kind::Opportunity, deal), "primaryCampaignId": fair });
        world.sue().act("updateOpportunity", "", credit).await.must();

        let to = |owner: Uuid| json!({ "id": fair, "ownerId": colleague(owner) });
        assert_eq!(mia.refused("updateCampaign", to(cast.mia)).await, "FORBIDDEN at ownerId");
        assert_eq!(mia.refused("updateCampaign", json!({ "id": fair, "ownerId": null })).await, "FORBIDDEN at ownerId");
        mia.act("updateCampaign", "", json!({ "id": fair, "objective": "Leads" })).await.must();
        assert_eq!(deals(&mia, &own).await, 0);
        ada.act("updateCampaign", "", to(cast.mia)).await.must();
        assert_eq!(deals(&mia, &own).await, 1);
        mia.act("deleteCampaign", "", json!({ "id": fair })).await.must();
        assert_eq!(deals(&mia, &own).await, 0, "a campaign that is gone shows nothing");

        let mine =
            mia.act("createCampaign", "campaign { id }", json!({ "name": "Mail", "type": "EMAIL" })).await.must();
        let given = json!({ "id": mine.text("createCampaign.campaign.id"), "ownerId": colleague(cast.max) });
        mia.act("updateCampaign", "", given).await.must();
    })
    .await;
}

#[tokio::test]
async fn who_reads_an_account_has_no_side_door_into_it() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let team = [(cast.sam, Sales, rows::READ), (cast.tom, Technical, rows::READ), (cast.vera, Service, rows::READ)];
        let read = account(&world, &team).await;
        let (own, person, deal) = world
            .work(async |work| {
                let own = rows::account(work, "Own", Some(cast.sam), None).await?.id;
                let deal = rows::opportunity(work, own, "Linie").await?.id;
                Ok((own, rows::contact(work, Some(read), "Anna", "Öz").await?.id, deal))
            })
            .await;
        let (own, read) = (id(Kind::Account, own), id(Kind::Account, read));
        let (person, deal) = (id(Kind::Contact, person), id(Kind::Opportunity, deal));
        let soon = (world.now() + TimeDelta::days(1)).to_rfc3339();
        let call = |account: &str| json!({ "kind": "CALL", "direction": "OUTBOUND", "accountId": account });
        let meet = |account: &str| json!({ "accountId": account, "title": "x", "startsAt": soon, "kind": "VISIT" });
        let need = |account: &str| json!({ "accountId": account, "category": "PRICE", "statement": "x" });
        let with = |mut input: Value, field: &str, value: Value| {
            input[field] = value;
            input
        };
        let (sam, tom, vera) = (world.sam(), world.tom(), world.vera());
        for (client, mutation, input, refusal) in [
            (&sam, "createTask", json!({ "recordId": read, "title": "x" }), "FORBIDDEN at recordId"),
            (&sam, "createTask", json!({ "recordId": person, "title": "x" }), "FORBIDDEN at recordId"),
            (&sam, "createLead", json!({ "contactId": person }), "FORBIDDEN at contactId"),
            (&sam, "addOpportunityContact", json!({ "opportunityId": deal, "contactId": person, "role": "USER" }), "INVALID at contactId"),
            (&sam, "addEmployment", json!({ "contactId": person, "accountId": own }), "INVALID at contactId"),
            (&sam, "recordActivity", with(call(&own), "contactId", json!(person)), "INVALID at contactId"),
            (&sam, "recordRequirement", with(need(&own), "contactId", json!(person)), "INVALID at contactId"),
            (&sam, "scheduleMeeting", with(meet(&own), "contactIds", json!([person])), "INVALID at contactIds"),
            (&sam, "recordActivity", call(&read), "FORBIDDEN at accountId"),
            (&tom, "recordActivity", call(&read), "FORBIDDEN at accountId"),
            (&tom, "recordActivity", json!({ "kind": "CALL", "direction": "OUTBOUND", "contactId": person }), "FORBIDDEN at contactId"),
            (&tom, "scheduleMeeting", meet(&read), "FORBIDDEN at accountId"),
            (&tom, "recordRequirement", need(&read), "FORBIDDEN at accountId"),
            (&tom, "createTicket", json!({ "accountId": read, "subject": "x", "ownerId": colleague(cast.tom) }), "FORBIDDEN at accountId"),
            (&vera, "createTicket", json!({ "accountId": read, "subject": "x" }), "FORBIDDEN at accountId"),
            (&vera, "createTicket", json!({ "contactId": person, "subject": "x" }), "FORBIDDEN at accountId"),
        ] {
            assert_eq!(client.refused(mutation, input.clone()).await, refusal, "{mutation} {input}");
        }
        // Nor by the way of a ticket that was nobody's first.
        let ticket = vera.act("createTicket", "ticket { id }", json!({ "subject": "x" })).await.must();
        let found = json!({ "id": ticket.text("createTicket.ticket.id"), "accountId": read });
        assert_eq!(vera.refused("updateTicket", found).await, "FORBIDDEN at accountId");

        // With EDIT each of them goes.
        let edit = |member: &Value| json!({ "id": member, "accessSales": "EDIT", "accessService": "EDIT", "accessAccount": "EDIT", "accessMarketing": "EDIT" });
        let members = "query($id: ID) { accountTeamMembers(filter: { accountId: [$id] }) { nodes { id } } }";
        let members = world.ada().ask(members, json!({ "id": read })).await.must().each("accountTeamMembers.nodes", "id");
        for member in &members[1..] {
            world.max().act("updateAccountTeamMember", "", edit(member)).await.must();
        }
        sam.act("createTask", "", json!({ "recordId": read, "title": "x" })).await.must();
        sam.act("createLead", "", json!({ "contactId": person })).await.must();
        sam.act("recordActivity", "", with(call(&own), "contactId", json!(person))).await.must();
        sam.act("addOpportunityContact", "", json!({ "opportunityId": deal, "contactId": person, "role": "USER" })).await.must();
        tom.act("recordActivity", "", call(&read)).await.must();
        tom.act("scheduleMeeting", "", meet(&read)).await.must();
        vera.act("createTicket", "", json!({ "accountId": read, "contactId": person, "subject": "x" })).await.must();
    })
    .await;
}

#[tokio::test]
async fn a_word_to_the_team_is_not_rewritten_by_who_only_reads() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let own = id(Kind::Account, account(&world, &[(cast.vera, Service, rows::EDIT)]).await);
        let vera = world.vera();
        let said = json!({ "recordId": own, "body": "first", "visibility": "TEAM" });
        let note = vera.act("createNote", "note { id }", said).await.must();
        let note = note.text("createNote.note.id").to_owned();
        let members = "query($id: ID) { accountTeamMembers(filter: { accountId: [$id] }) { nodes { id } } }";
        let members =
            world.ada().ask(members, json!({ "id": own })).await.must().each("accountTeamMembers.nodes", "id");
        let less = json!({ "id": members[1], "accessAccount": "READ" });
        world.max().act("updateAccountTeamMember", "", less).await.must();

        let rewritten = json!({ "id": note, "body": "rewritten", "mentionIds": [colleague(cast.sue)] });
        assert_eq!(vera.refused("updateNote", rewritten).await, "FORBIDDEN at visibility");
        let read = "query($id: ID!) { note(id: $id) { body version } }";
        let read = world.sue().ask(read, json!({ "id": note })).await.must();
        assert_eq!(read.data("note"), &json!({ "body": "first", "version": 1 }));
        vera.act("updateNote", "", json!({ "id": note, "body": "mine", "visibility": "PRIVATE" })).await.must();
    })
    .await;
}

#[tokio::test]
async fn an_account_is_taken_away_by_who_disposes_of_it() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let own = account(&world, &[(cast.vera, Service, rows::EDIT)]).await;
        let deal = world.work(async |work| rows::opportunity(work, own, "Linie").await).await.id;
        let delete = json!({ "id": id(Kind::Account, own) });
        let (mia, sue, ada) = (world.mia(), world.sue(), world.ada());
        // Marketing learns nothing of a deal that it does not see, with or without it.
        assert_eq!(mia.refused("deleteAccount", delete.clone()).await, "FORBIDDEN at id");
        assert_eq!(sue.refused("deleteAccount", delete.clone()).await, "STATE_CONFLICT at id");

        // A stage of the tenant's own that is not open closes a deal, too.
        let pipeline = ada.ask("{ pipelines { nodes { id objectType } } }", json!({})).await.must();
        let pipelines = pipeline.data("pipelines.nodes").as_array().unwrap().clone();
        let sales = pipelines.iter().find(|one| one["objectType"] == "OPPORTUNITY").unwrap()["id"].clone();
        let stage = json!({ "pipelineId": sales, "code": "SHELVED", "objectType": "OPPORTUNITY", "name": "Shelved", "position": 90, "isOpen": false });
        ada.act("createStage", "", stage).await.must();
        let shelved = json!({ "id": id(Kind::Opportunity, deal), "stage": "SHELVED" });
        sue.act("changeOpportunityStage", "", shelved).await.must();
        assert_eq!(mia.refused("deleteAccount", delete.clone()).await, "FORBIDDEN at id");
        let gone = sue.act("deleteAccount", "deletedId", delete.clone()).await.must();
        assert_eq!(gone.data("deleteAccount.deletedId"), &delete["id"]);
    })
    .await;
}

#[tokio::test]
async fn what_one_customer_says_or_signed_is_not_another_ones() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let ours = account(&world, &[(cast.vera, Service, rows::EDIT)]).await;
        let theirs = account(&world, &[(cast.vera, Service, rows::EDIT)]).await;
        let (person, stranger, ticket) = world
            .work(async |work| {
                let person = rows::contact(work, Some(ours), "Anna", "Öz").await?;
                rows::point(work, &person, entities::codes::ContactPointKind::Phone, "+49 1").await?;
                let stranger = rows::contact(work, Some(theirs), "Bert", "Ohm").await?.id;
                Ok((person.id, stranger, rows::ticket(work, Some(ours), Some(cast.vera), None).await?.id))
            })
            .await;
        let (ours, theirs) = (id(Kind::Account, ours), id(Kind::Account, theirs));
        let (vera, sue) = (world.vera(), world.sue());
        let says = |who: Uuid| json!({ "ticketId": id(Kind::Ticket, ticket), "body": "x", "contactId": id(Kind::Contact, who) });
        assert_eq!(vera.refused("addTicketMessage", says(stranger)).await, "INVALID at contactId");
        vera.act("addTicketMessage", "", says(person)).await.must();
        let other = json!({ "accountId": ours, "subject": "x", "contactId": id(Kind::Contact, stranger) });
        assert_eq!(vera.refused("createTicket", other).await, "INVALID at contactId");

        let sign = |account: &str| json!({ "accountId": account, "name": "Service", "startDate": "2026-12-01" });
        let signed = sue.act("signContract", "contract { id }", sign(&theirs)).await.must();
        let contract = signed.text("signContract.contract.id").to_owned();
        let install = json!({ "accountId": ours, "contractId": contract });
        assert_eq!(vera.refused("installAsset", install).await, "INVALID at contractId");
        let ask = json!({ "accountId": ours, "subject": "x", "contractId": contract });
        assert_eq!(vera.refused("createTicket", ask).await, "INVALID at contractId");
        vera.act("createTicket", "", json!({ "accountId": theirs, "subject": "x", "contractId": contract })).await.must();

        // The company's own ways are not those of its people.
        let own = json!({ "accountId": ours, "kind": "PHONE", "value": "+49 2" });
        sue.act("addContactPoint", "", own).await.must();
        let text = "query($id: ID!) { account(id: $id) { contactPoints { totalCount nodes { value } } } }";
        let answer = sue.ask(text, json!({ "id": ours })).await.must();
        let points = json!({ "totalCount": 1, "nodes": [{ "value": "+49 2" }] });
        assert_eq!(answer.data("account.contactPoints"), &points);
    })
    .await;
}
