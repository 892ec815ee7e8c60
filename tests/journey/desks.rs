//! The desks: what their figures say, in which order their lists run, and that a first screen takes the same statements however
//! much there is.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use entities::{
    codes::{SlaMetric, SlaObject, SurveyKind},
    service::{sla_clock, survey_answer},
};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{Client, World, docs, each_engine, id, rows, scene};

#[tokio::test]
async fn a_campaign_says_what_it_cost_whom_it_reached_and_how_sales_received_it() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..2).await;
        let campaign = id(Kind::Campaign, customers[0].campaign);
        let figures = "reach { touches contacts visitors persons } leadCounts { status count }
            acceptance { offered open accepted rejected returned expired recalled rate { numerator denominator value } reasons { reason count } }";
        let query = format!("query($id: ID!) {{ campaign(id: $id) {{ cost {{ amount currency }} {figures} }} }}");
        let mia = world.mia().ask(&query, json!({ "id": campaign })).await.must();
        assert_eq!(
            mia.data("campaign.cost"),
            &json!([{ "amount": "300.00", "currency": "CHF" }, { "amount": "1250.50", "currency": "EUR" }])
        );
        assert_eq!(
            mia.data("campaign.reach"),
            &json!({ "touches": 3, "contacts": 1, "visitors": 1, "persons": 2 })
        );
        let of = |status: &str, count: i32| json!({ "status": status, "count": count });
        assert_eq!(
            mia.data("campaign.leadCounts"),
            &json!([
                of("NEW", 1),
                of("OFFERED", 1),
                of("ACCEPTED", 0),
                of("REJECTED", 0),
                of("RETURNED", 0),
                of("CONVERTED", 0),
                of("DISQUALIFIED", 0)
            ])
        );
        let acceptance = json!({
            "offered": 8, "open": 1, "accepted": 1, "rejected": 3, "returned": 1, "expired": 1, "recalled": 1,
            "rate": { "numerator": 1, "denominator": 4, "value": 0.25 },
            "reasons": [{ "reason": "NO_TIMING", "count": 2 }, { "reason": "WRONG_PERSONA", "count": 1 }],
        });
        assert_eq!(mia.data("campaign.acceptance"), &acceptance);

        // The desk's own figures are of all that the caller sees, or of a time.
        let desk = "query($from: DateTime) { marketing { leadCounts { status count } acceptance(from: $from) { offered rate { numerator value } } } }";
        let all = world.mia().ask(desk, json!({})).await.must();
        assert_eq!(all.data("marketing.leadCounts.0"), &of("NEW", 2));
        assert_eq!(
            all.data("marketing.acceptance"),
            &json!({ "offered": 16, "rate": { "numerator": 2, "value": 0.25 } })
        );
        let later = (world.now() + TimeDelta::days(1)).to_rfc3339();
        let none = world.mia().ask(desk, json!({ "from": later })).await.must();
        assert_eq!(
            none.data("marketing.acceptance"),
            &json!({ "offered": 0, "rate": { "numerator": 0, "value": null } }),
            "nothing was decided: no rate, not a rate of 0"
        );

        // Figures count what the caller sees: Sam is on the team, Sue is not, and to neither is the cost known.
        let query = format!("query($id: ID!) {{ campaign(id: $id) {{ {figures} }} }}");
        let sam = world.sam().ask(&query, json!({ "id": campaign })).await.must();
        assert_eq!(sam.data("campaign.acceptance"), &acceptance);
        let sue = world.sue().ask(&query, json!({ "id": campaign })).await.must();
        assert_eq!(sue.data("campaign.reach.persons"), 0);
        assert_eq!(sue.data("campaign.leadCounts.0"), &of("NEW", 0));
        assert_eq!(sue.data("campaign.acceptance.offered"), 0);
        assert_eq!(sue.data("campaign.acceptance.rate.value"), &Value::Null);
        let cost = "query($id: ID!) { campaign(id: $id) { cost { amount } } }";
        assert_eq!(world.sam().ask(cost, json!({ "id": campaign })).await.code(), Some("BAD_USER_INPUT"));
        assert_eq!(world.vera().ask(&query, json!({ "id": campaign })).await.code(), Some("BAD_USER_INPUT"));
        let theirs = world.of_other(Role::Marketing, "mia").ask(desk, json!({})).await.must();
        assert_eq!(theirs.data("marketing.acceptance.offered"), 0);
    })
    .await;
}

#[tokio::test]
async fn sums_are_exact_beyond_what_a_number_of_the_database_holds() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..1).await;
        let campaign = id(Kind::Campaign, customers[0].campaign);
        let most = json!({ "amount": "92233720368547758.07", "currency": "USD" });
        let book = "mutation($input: AddCampaignCostInput!) { addCampaignCost(input: $input) { userErrors { code path message } } }";
        for _ in 0..3 {
            let input = json!({ "campaignId": campaign, "dateFrom": "2026-11-01", "dateTo": "2026-11-02", "kind": "MEDIA", "amount": most });
            world.mia().ask(book, json!({ "input": input })).await.must();
        }
        let cost = "query($id: ID!) { campaign(id: $id) { cost { amount currency } } }";
        let cost = world.mia().ask(cost, json!({ "id": campaign })).await.must();
        assert_eq!(
            cost.data("campaign.cost.2"),
            &json!({ "amount": "276701161105643274.21", "currency": "USD" })
        );
    })
    .await;
}

#[tokio::test]
async fn segments_count_what_the_caller_sees_of_an_industry() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..3).await;
        let segments = "{ marketing { segments(first: 2) { totalCount nodes { code segment { accounts contacts leads requirements openRequirements } } } } }";
        let mia = world.mia().ask(segments, json!({})).await.must();
        let counts = json!({ "accounts": 2, "contacts": 1, "leads": 2, "requirements": 1, "openRequirements": 1 });
        assert_eq!(
            mia.data("marketing.segments"),
            &json!({ "totalCount": 3, "nodes": [{ "code": "I0", "segment": counts }, { "code": "I1", "segment": counts }] }),
            "the trades above have no account of their own"
        );
        let answer = "mutation($id: ID!, $to: ID!) { answerRequirement(input: { id: $id, campaignId: $to, status: ANSWERED }) { userErrors { code path message } } }";
        let ids = json!({ "id": id(Kind::Requirement, customers[0].requirement), "to": id(Kind::Campaign, customers[0].campaign) });
        world.sam().ask(answer, ids).await.must();
        let industry = "query($id: ID!) { industry(id: $id) { segment { accounts contacts requirements openRequirements } } }";
        let ids = json!({ "id": id(Kind::Industry, customers[0].industry) });
        let sam = world.sam().ask(industry, ids.clone()).await.must();
        assert_eq!(
            sam.data("industry.segment"),
            &json!({ "accounts": 2, "contacts": 1, "requirements": 1, "openRequirements": 0 })
        );
        // Sue is on no team: of foreign accounts she sees name and industry, and nobody who works there.
        let sue = world.sue().ask(industry, ids).await.must();
        assert_eq!(
            sue.data("industry.segment"),
            &json!({ "accounts": 2, "contacts": 0, "requirements": 0, "openRequirements": 0 })
        );
    })
    .await;
}

#[tokio::test]
async fn a_seller_sees_what_to_do_whom_to_meet_and_what_may_close_in_that_order() {
    each_engine(async |world: World| {
        scene::customers(&world, 0..2).await;
        let desk = "{ sales {
            nextSteps(first: 100) { dueOn title task { title } opportunity { name } }
            upcomingMeetings { nodes { title startsAt } }
            pipelineByStage(mine: true) { stage { code } opportunities amounts { amount currency } }
            openHandovers { totalCount nodes { outcome account { name } } }
            myAccounts(sort: { name: ASC }) { nodes { name } } } }";
        let sam = world.sam().ask(desk, json!({})).await.must();
        let steps = sam.data("sales.nextSteps").as_array().unwrap();
        assert_eq!(steps.len(), 30, "a task on each of 14 records of two customers, and a deal of each");
        assert_eq!(
            steps[0],
            json!({ "dueOn": "2026-11-24", "title": "Call back", "task": { "title": "Call back" }, "opportunity": null })
        );
        assert_eq!(
            steps[28],
            json!({ "dueOn": "2026-12-03", "title": "Send the drawing", "task": null, "opportunity": { "name": "Filler 0" } })
        );
        let few = world.sam().ask("{ sales { nextSteps(first: 1) { title } } }", json!({})).await.must();
        assert_eq!(few.data("sales.nextSteps"), &json!([{ "title": "Call back" }]));
        let wide = world.sam().ask("{ sales { nextSteps(first: 101) { title } } }", json!({})).await;
        assert_eq!(wide.code(), Some("BAD_USER_INPUT"));

        // Visit 1 was planned later and starts sooner.
        assert_eq!(sam.each("sales.upcomingMeetings.nodes", "title"), [json!("Visit 1"), json!("Visit 0")]);
        let at = |code: &str, opportunities: i32, amounts: Value| json!({ "stage": { "code": code }, "opportunities": opportunities, "amounts": amounts });
        assert_eq!(
            sam.data("sales.pipelineByStage"),
            &json!([
                at("QUALIFICATION", 0, json!([])),
                at("DISCOVERY", 0, json!([])),
                at("PROPOSAL", 2, json!([{ "amount": "200000.00", "currency": "EUR" }])),
                at("NEGOTIATION", 0, json!([])),
            ]),
            "what is won is not in the pipeline"
        );
        assert_eq!(sam.data("sales.openHandovers.totalCount"), 2);
        assert_eq!(
            sam.each("sales.myAccounts.nodes", "name"),
            ["Customer 0", "Customer 1", "Group 0", "Group 1"].map(|name| json!(name))
        );

        // Sue runs nothing and is on no team.
        let sue = world.sue().ask(desk, json!({})).await.must();
        assert_eq!(sue.data("sales.nextSteps"), &json!([]));
        assert_eq!(sue.data("sales.pipelineByStage.2"), &at("PROPOSAL", 0, json!([])));
        assert_eq!(sue.data("sales.openHandovers.totalCount"), 0);
        // Technicians see how many, not how much.
        assert_eq!(world.tom().ask(desk, json!({})).await.code(), Some("BAD_USER_INPUT"));
        let count = "{ sales { pipelineByStage { opportunities } nextSteps { title } } }";
        let tom = world.tom().ask(count, json!({})).await.must();
        assert_eq!(tom.data("sales.pipelineByStage.2.opportunities"), 2);
    })
    .await;
}

#[tokio::test]
async fn amounts_of_different_currencies_are_never_added() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..1).await;
        let deal = "mutation($account: ID!, $amount: MoneyInput) { createOpportunity(input: { name: \"More\", accountId: $account, stage: \"PROPOSAL\", amount: $amount }) { userErrors { code path message } } }";
        for amount in [json!({ "amount": "50.25", "currency": "CHF" }), json!({ "amount": "1.00", "currency": "EUR" }), Value::Null] {
            let ids = json!({ "account": id(Kind::Account, customers[0].account), "amount": amount });
            world.sam().ask(deal, ids).await.must();
        }
        let stages = "{ sales { pipelineByStage { opportunities amounts { amount currency } } } }";
        let stages = world.sam().ask(stages, json!({})).await.must();
        assert_eq!(
            stages.data("sales.pipelineByStage.2"),
            &json!({ "opportunities": 4, "amounts": [{ "amount": "50.25", "currency": "CHF" }, { "amount": "100001.00", "currency": "EUR" }] })
        );
    })
    .await;
}

async fn clock(world: &World, ticket: uuid::Uuid, minutes: i64) {
    world
        .work(async |work| {
            work.insert::<sla_clock::Entity>(sla_clock::ActiveModel {
                object_type: Set(SlaObject::Ticket),
                object_id: Set(ticket),
                metric: Set(SlaMetric::Resolution),
                started_at: Set(work.now()),
                due_at: Set(Some(work.now() + TimeDelta::minutes(minutes))),
                paused_ms: Set(0),
                ..Default::default()
            })
            .await
        })
        .await;
}

#[tokio::test]
async fn an_agent_sees_how_much_waits_and_what_breaks_next() {
    each_engine(async |world: World| {
        scene::customers(&world, 0..2).await;
        let desk = world.acme.service_desk;
        let mut made = Vec::new();
        for minutes in [45, 90, -5] {
            let ticket = world.work(async |work| rows::ticket(work, None, None, Some(desk)).await).await.id;
            clock(&world, ticket, minutes).await;
            made.push(id(Kind::Ticket, ticket));
        }
        let query = "query($soon: Int! = 60) { service {
            workload(soon: $soon) { open unassigned breached dueSoon byStatus { status count } byPriority { priority count } }
            dueNext(first: 3) { nodes { ticket { id } } } } }";
        let vera = world.vera().ask(query, json!({})).await.must();
        let status = |status: &str, count: i32| json!({ "status": status, "count": count });
        let priority = |priority: &str, count: i32| json!({ "priority": priority, "count": count });
        assert_eq!(
            vera.data("service.workload"),
            &json!({
                "open": 5, "unassigned": 3, "breached": 3, "dueSoon": 1,
                "byStatus": [status("NEW", 3), status("OPEN", 2), status("PENDING_CUSTOMER", 0), status("ON_HOLD", 0)],
                "byPriority": [priority("URGENT", 0), priority("HIGH", 2), priority("NORMAL", 3), priority("LOW", 0)],
            }),
            "two promises of the scene broke, and one whose breach nobody has noted yet"
        );
        let longer = world.vera().ask(query, json!({ "soon": 120 })).await.must();
        assert_eq!(longer.data("service.workload.dueSoon"), 2, "what broke is not due");
        assert_eq!(
            vera.each("service.dueNext.nodes", "ticket.id"),
            [json!(made[2]), json!(made[0]), json!(made[1])]
        );
        assert_eq!(world.vera().ask(query, json!({ "soon": 0 })).await.code(), Some("BAD_USER_INPUT"));
        let oldest = "{ service { queue(sort: { createdAt: DESC }, filter: { ownerId: [null], priority: [NORMAL] }) { totalCount } } }";
        assert_eq!(world.vera().ask(oldest, json!({})).await.must().data("service.queue.totalCount"), 3);
        // Tom works in no queue; another tenant's agent has a queue of its own.
        let tom = world.tom().ask(query, json!({})).await.must();
        assert_eq!(tom.data("service.workload.open"), 0);
        let theirs = world.of_other(Role::Service, "vera").ask(query, json!({})).await.must();
        assert_eq!(theirs.data("service.workload.open"), 0);
    })
    .await;
}

#[tokio::test]
async fn satisfaction_never_mixes_scales() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..2).await;
        let account = customers[0].account;
        world
            .work(async |work| {
                for (kind, scale, score) in
                    [(SurveyKind::Csat, 5, 1), (SurveyKind::Csat, 10, 9), (SurveyKind::Nps, 10, 6), (SurveyKind::Nps, 10, 7)]
                {
                    work.insert::<survey_answer::Entity>(survey_answer::ActiveModel {
                        kind: Set(kind),
                        scale: Set(scale),
                        score: Set(score),
                        account_id: Set(Some(account)),
                        answered_at: Set(work.now()),
                        ..Default::default()
                    })
                    .await?;
                }
                Ok(())
            })
            .await;
        let query = "query($to: DateTime) { service { satisfactionScores(to: $to) { kind scale answers average score { numerator denominator value } } } }";
        let vera = world.vera().ask(query, json!({})).await.must();
        let line = |kind: &str, scale: i32, answers: i32, average: f64, score: Value| json!({ "kind": kind, "scale": scale, "answers": answers, "average": average, "score": score });
        assert_eq!(
            vera.data("service.satisfactionScores"),
            &json!([
                line("CSAT", 5, 3, 3.0, json!({ "numerator": 2, "denominator": 3, "value": 2.0 / 3.0 })),
                line("CSAT", 10, 1, 9.0, Value::Null),
                line("NPS", 10, 4, 7.75, json!({ "numerator": 1, "denominator": 4, "value": 0.25 })),
                line("CES", 7, 2, 3.0, Value::Null),
            ])
        );
        let before = world.now().to_rfc3339();
        let none = world.vera().ask(query, json!({ "to": before })).await.must();
        assert_eq!(none.data("service.satisfactionScores"), &json!([]));
        let theirs = world.of_other(Role::Service, "vera").ask(query, json!({})).await.must();
        assert_eq!(theirs.data("service.satisfactionScores"), &json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_list_of_an_object_is_filtered_and_sorted_like_its_root() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..3).await;
        let query = "query($sort: MeetingSort, $filter: MeetingFilter, $after: String) { accounts(filter: { name: { startsWith: \"Customer\" } }) {
            nodes { name
                meetings(first: 1, sort: $sort, filter: $filter, after: $after) { totalCount nodes { outcome } pageInfo { endCursor hasNextPage hasPreviousPage } }
                openOpportunities { totalCount nodes { stage } } openTickets { totalCount nodes { status } } opportunities { totalCount } tickets { totalCount } } } }";
        let sam = world.sam();
        let latest = sam.ask(query, json!({ "sort": { "startsAt": "ASC" } })).await.must();
        for place in 0..3 {
            let account = latest.data(&format!("accounts.nodes.{place}"));
            assert_eq!(account["meetings"]["nodes"], json!([{ "outcome": "HELD" }]), "the earlier meeting first: {account}");
            assert_eq!(account["meetings"]["totalCount"], 2);
            assert_eq!(account["openOpportunities"], json!({ "totalCount": 1, "nodes": [{ "stage": "PROPOSAL" }] }));
            assert_eq!(account["openTickets"], json!({ "totalCount": 1, "nodes": [{ "status": "OPEN" }] }));
            assert_eq!((&account["opportunities"]["totalCount"], &account["tickets"]["totalCount"]), (&json!(2), &json!(2)));
        }
        let open = sam.ask(query, json!({ "filter": { "outcome": [null] } })).await.must();
        assert_eq!(open.data("accounts.nodes.1.meetings.totalCount"), 1);
        assert_eq!(open.data("accounts.nodes.1.meetings.nodes"), &json!([{ "outcome": null }]));

        // A cursor of a sorted list of one account goes on in that list, and in no other order.
        let cursor = latest.text("accounts.nodes.0.meetings.pageInfo.endCursor");
        let of_one = "query($id: ID!, $after: String, $way: SortDirection!) { account(id: $id) {
            meetings(first: 1, sort: { startsAt: $way }, after: $after) { nodes { outcome } pageInfo { hasNextPage hasPreviousPage } } } }";
        let account = id(Kind::Account, customers[0].account);
        let ids = |way: &str| json!({ "id": account, "after": cursor, "way": way });
        let next = sam.ask(of_one, ids("ASC")).await.must();
        assert_eq!(
            next.data("account.meetings"),
            &json!({ "nodes": [{ "outcome": null }], "pageInfo": { "hasNextPage": false, "hasPreviousPage": true } })
        );
        assert_eq!(sam.ask(of_one, ids("DESC")).await.code(), Some("CURSOR_INVALID"));
        // Off the team the lists are empty, whatever is asked.
        let sue = world.sue().ask(query, json!({ "sort": { "startsAt": "ASC" } })).await.must();
        assert_eq!(sue.data("accounts.nodes.0.meetings.totalCount"), 0);
        assert_eq!(sue.data("accounts.nodes.0.openTickets.totalCount"), 0);
    })
    .await;
}

/// Who asks what, and the queries of the documentation among it.
fn screens(world: &World, of: &scene::Customer) -> Vec<(&'static str, Client, String, Value)> {
    let account = json!({ "id": id(Kind::Account, of.account) });
    let documented = |page: &str, name: &str| docs::operation(page, name).text;
    let nested = |text: &str| text.to_owned();
    vec![
        ("marketing's morning", world.mia(), documented("docs/desks/marketing.md", "MarketingMorning"), json!({})),
        ("sales' morning", world.sam(), documented("docs/desks/sales.md", "SalesMorning"), json!({})),
        ("service's morning", world.vera(), documented("docs/desks/service.md", "ServiceMorning"), json!({})),
        ("account 360", world.sam(), documented("docs/desks/sales.md", "Account360"), account),
        (
            "on the phone",
            world.vera(),
            documented("docs/desks/service.md", "OnThePhone"),
            json!({ "text": scene::phone(0) }),
        ),
        (
            "accounts, their people, how to reach them",
            world.sam(),
            nested(
                "{ accounts(first: 40) { nodes { contacts(first: 2) { totalCount nodes { contactPoints(first: 2) { totalCount nodes { value } } } } } } }",
            ),
            json!({}),
        ),
        (
            "campaigns, their leads, why they are leads",
            world.mia(),
            nested(
                "{ campaigns(first: 40) { nodes { leads(first: 2) { totalCount nodes { touches { touchpoint { contact { name } } } } } } } }",
            ),
            json!({}),
        ),
        (
            "tickets, their customers, the customers' deals, the people in them",
            world.vera(),
            nested(
                "{ tickets(first: 40) { nodes { account { opportunities(first: 2) { totalCount nodes { contacts(first: 2) { nodes { contact { name } } } } } timeline(first: 2) { totalCount nodes { title object { __typename } } } } } } }",
            ),
            json!({}),
        ),
    ]
}

#[tokio::test]
async fn a_first_screen_takes_the_same_statements_for_two_customers_and_for_forty() {
    each_engine(async |world: World| {
        let two = scene::customers(&world, 0..2).await;
        let mut few = Vec::new();
        for (name, client, query, variables) in screens(&world, &two[0]) {
            few.push((name, client.ask(&query, variables).await.must().statements));
        }
        // Later ids: rows that came later sort later.
        world.pass(TimeDelta::minutes(1));
        scene::customers(&world, 2..40).await;
        for ((name, client, query, variables), (_, few)) in screens(&world, &two[0]).into_iter().zip(few) {
            let many = client.ask(&query, variables).await.must().statements;
            assert_eq!(many, few, "{name}: statements for 2 customers and for 40");
            assert!(many < 100, "{name}: {many} statements");
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_takes_the_same_statements_with_few_children_and_with_many() {
    each_engine(async |world: World| {
        let customers = scene::customers(&world, 0..2).await;
        let query = docs::operation("docs/desks/sales.md", "Account360").text;
        let ids = json!({ "id": id(Kind::Account, customers[0].account) });
        let few = world.sam().ask(&query, ids.clone()).await.must();
        world
            .work(async |work| {
                let account = customers[0].account;
                for place in 0..40 {
                    let person = rows::contact(work, Some(account), "Anna", &format!("Huber {place}")).await?;
                    rows::point(work, &person, entities::codes::ContactPointKind::Email, "a@b.example").await?;
                    rows::opportunity(work, account, "Another").await?;
                    rows::meeting(work, account, "Another").await?;
                    rows::ticket(work, Some(account), None, None).await?;
                }
                Ok(())
            })
            .await;
        let many = world.sam().ask(&query, ids).await.must();
        assert_eq!(many.data("account.contacts.totalCount"), 41);
        assert_eq!(many.data("account.openOpportunities.totalCount"), 41);
        assert_eq!(many.data("account.openTickets.totalCount"), 41);
        assert_eq!(few.statements, many.statements, "{} and {}", few.statements, many.statements);
    })
    .await;
}
