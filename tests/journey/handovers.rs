//! Handovers at every boundary between the disciplines: who may offer what, who decides, what follows, and what becomes of
//! offers that nobody decides.

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use entities::{
    codes::{AccessLevel, Discipline, HandoverBoundary, SlaMetric},
    service::sla_policy,
};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

/// A customer of Sam's with a deal, a machine and a ticket at the service desk. Vera is on the team with EDIT in service.
struct Scene {
    account: String,
    deal: String,
    machine: String,
    ticket: String,
}

async fn scene(world: &World) -> Scene {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let account = rows::account(work, "Molkerei", Some(cast.sam), None).await?.id;
            let span = (work.now(), None);
            let levels = [AccessLevel::Read, AccessLevel::Read, AccessLevel::Read, AccessLevel::Edit];
            rows::member(work, account, cast.vera, Discipline::Service, levels, span).await?;
            let deal = rows::opportunity(work, account, "Linie 3").await?.id;
            let machine = rows::asset(work, account, "Füller").await?.id;
            let ticket = rows::ticket(work, Some(account), None, Some(world.acme.service_desk)).await?.id;
            Ok(Scene {
                account: id(Kind::Account, account),
                deal: id(Kind::Opportunity, deal),
                machine: id(Kind::Asset, machine),
                ticket: id(Kind::Ticket, ticket),
            })
        })
        .await
}

fn colleague(uuid: uuid::Uuid) -> String {
    id(Kind::Colleague, uuid)
}

const OFFERED: &str = "handover { id boundary subjectType outcome account { name } }";

async fn offer(client: &Client, input: Value) -> String {
    let offered = client.act("offerHandover", OFFERED, input).await.must();
    offered.text("offerHandover.handover.id").to_owned()
}

/// What waits at a desk for a decision.
async fn inbox(client: &Client, desk: &str) -> Vec<Value> {
    let query = format!("{{ {desk} {{ handoverInbox {{ nodes {{ id }} }} }} }}");
    client.ask(&query, json!({})).await.must().each(&format!("{desk}.handoverInbox.nodes"), "id")
}

#[tokio::test]
async fn a_sale_goes_to_the_technicians_and_their_work_to_service_and_back_to_sales() {
    each_engine(async |world: World| {
        let Scene { account, deal, .. } = scene(&world).await;
        let cast = world.acme.cast;
        let (desk, sales) = (id(Kind::Queue, world.acme.service_desk), id(Kind::Queue, world.acme.sales_inbox));

        // Sales to technical: the boundary is the deal's own.
        let input = json!({ "subjectId": deal, "toColleagueId": colleague(cast.tom), "ifVersion": 1 });
        let offered = world.sam().act("offerHandover", OFFERED, input.clone()).await.must();
        let first = offered.text("offerHandover.handover.id").to_owned();
        assert_eq!(
            offered.data("offerHandover.handover"),
            &json!({ "id": first, "boundary": "SALES_TO_TECHNICAL", "subjectType": "OPPORTUNITY", "outcome": null, "account": { "name": "Molkerei" } })
        );
        assert_eq!(world.sam().refused("offerHandover", input).await, "STATE_CONFLICT at subjectId");
        assert_eq!(inbox(&world.tom(), "sales").await, [json!(first)]);
        assert_eq!(inbox(&world.tom(), "service").await, [json!(first)]);
        assert_eq!(inbox(&world.vera(), "service").await, [] as [Value; 0]);
        assert_eq!(world.sam().refused("acceptHandover", json!({ "id": first })).await, "FORBIDDEN at id", "nobody decides for the others");
        let taken = json!({ "id": first, "ifVersion": 1, "rating": 5, "comment": "klar beschrieben" });
        let taken = world.tom().act("acceptHandover", "handover { outcome rating decidedBy { name } subject { __typename } }", taken).await.must();
        assert_eq!(
            taken.data("acceptHandover.handover"),
            &json!({ "outcome": "ACCEPTED", "rating": 5, "decidedBy": { "name": "Tom Technical" }, "subject": { "__typename": "Opportunity" } })
        );
        assert_eq!(world.tom().refused("rejectHandover", json!({ "id": first, "reasonCode": "OTHER" })).await, "STATE_CONFLICT at id");
        let team = "query($id: ID!) { account(id: $id) { team { nodes { discipline accessService accessSales colleague { name } } } } }";
        let team = world.sam().ask(team, json!({ "id": account })).await.must();
        let joined = json!({ "discipline": "TECHNICAL", "accessService": "EDIT", "accessSales": "READ", "colleague": { "name": "Tom Technical" } });
        assert!(team.data("account.team.nodes").as_array().unwrap().contains(&joined), "{team}");

        // Technical to service: the machine that Tom set up, by the means that he was given.
        let machine = world.tom().act("installAsset", "asset { id }", json!({ "accountId": account, "name": "Füller 2" })).await.must();
        let machine = machine.text("installAsset.asset.id").to_owned();
        assert_eq!(world.tom().refused("offerHandover", json!({ "subjectId": machine, "toQueueId": desk })).await, "INVALID at boundary");
        let second = offer(&world.tom(), json!({ "subjectId": machine, "boundary": "TECHNICAL_TO_SERVICE", "toQueueId": desk })).await;
        assert_eq!(inbox(&world.vera(), "service").await, [json!(second)]);
        world.sam().act("updateAccount", "account { id }", json!({ "id": account, "lifecycleStage": "ONBOARDING" })).await.must();
        world.pass(TimeDelta::hours(1));
        world.vera().act("acceptHandover", "handover { id }", json!({ "id": second })).await.must();
        let stage = world.sam().ask("query($id: ID!) { account(id: $id) { lifecycleStage } }", json!({ "id": account })).await.must();
        assert_eq!(stage.text("account.lifecycleStage"), "ACTIVE", "what service looks after is in use");

        // Service to sales: a chance that Vera saw, given back with a reason.
        world.pass(TimeDelta::hours(1));
        let input = json!({ "subjectId": machine, "boundary": "SERVICE_TO_SALES", "toQueueId": sales });
        let third = offer(&world.vera(), input).await;
        assert_eq!(inbox(&world.sam(), "sales").await, [json!(third)]);
        world.pass(TimeDelta::hours(1));
        let back = json!({ "id": third, "reasonCode": "NO_BUDGET", "comment": "nächstes Jahr" });
        world.sam().act("returnHandover", "handover { id }", back).await.must();
        let told = "query($id: ID!) { timeline(subject: $id, filter: { domains: [LEAD] }) { nodes { kind ... on HandoverEvent { boundary reason } } } }";
        let told = world.vera().ask(told, json!({ "id": machine })).await.must();
        assert_eq!(
            told.data("timeline.nodes"),
            &json!([
                { "kind": "handover.returned", "boundary": "SERVICE_TO_SALES", "reason": "NO_BUDGET" },
                { "kind": "handover.offered", "boundary": "SERVICE_TO_SALES", "reason": null },
                { "kind": "handover.accepted", "boundary": "TECHNICAL_TO_SERVICE", "reason": null },
                { "kind": "handover.offered", "boundary": "TECHNICAL_TO_SERVICE", "reason": null }
            ])
        );
    })
    .await;
}

#[tokio::test]
async fn an_account_is_offered_by_the_side_that_works_with_it() {
    each_engine(async |world: World| {
        let Scene { account, .. } = scene(&world).await;
        let cast = world.acme.cast;
        let to_tom =
            json!({ "subjectId": account, "boundary": "SALES_TO_TECHNICAL", "toColleagueId": colleague(cast.tom) });
        let to_sam =
            json!({ "subjectId": account, "boundary": "SERVICE_TO_SALES", "toColleagueId": colleague(cast.sam) });
        assert_eq!(
            world
                .sam()
                .refused("offerHandover", json!({ "subjectId": account, "toColleagueId": colleague(cast.tom) }))
                .await,
            "INVALID at boundary"
        );
        // Marketing changes accounts, but no deals; service changes tickets, but no deals; a stranger nothing.
        for client in [world.mia(), world.vera(), world.sue()] {
            let denied = client.refused("offerHandover", to_tom.clone()).await;
            assert!(["FORBIDDEN at handover", "NOT_FOUND at subjectId"].contains(&denied.as_str()), "{denied}");
        }
        assert_eq!(world.max().refused("offerHandover", to_tom.clone()).await, "BAD_USER_INPUT");
        assert_eq!(world.ada().refused("offerHandover", to_tom.clone()).await, "BAD_USER_INPUT");
        assert_eq!(
            world.of_other(Role::Sales, "sam").refused("offerHandover", to_tom.clone()).await,
            "NOT_FOUND at toColleagueId"
        );
        offer(&world.sam(), to_tom).await;
        offer(&world.vera(), to_sam).await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_handed_over_there_is_refused() {
    each_engine(async |world: World| {
        let Scene { deal, machine, ticket, account } = scene(&world).await;
        let cast = world.acme.cast;
        let (desk, sales) = (id(Kind::Queue, world.acme.service_desk), id(Kind::Queue, world.acme.sales_inbox));
        let tom = colleague(cast.tom);
        for (input, refusal) in [
            (
                json!({ "subjectId": deal, "boundary": "MARKETING_TO_SALES", "toColleagueId": tom }),
                "INVALID at boundary",
            ),
            (json!({ "subjectId": deal, "toQueueId": sales }), "INVALID at toQueueId"),
            (json!({ "subjectId": deal, "toQueueId": desk, "toColleagueId": tom }), "INVALID at toColleagueId"),
            (json!({ "subjectId": deal }), "INVALID at toColleagueId"),
            (json!({ "subjectId": deal, "toColleagueId": colleague(cast.sam) }), "INVALID at toColleagueId"),
            (json!({ "subjectId": deal, "toColleagueId": account }), "INVALID at toColleagueId"),
            (json!({ "subjectId": deal, "toColleagueId": tom, "dueAt": world.now().to_rfc3339() }), "INVALID at dueAt"),
            (json!({ "subjectId": deal, "toColleagueId": tom, "ifVersion": 7 }), "VERSION_CONFLICT at ifVersion"),
            (json!({ "subjectId": desk, "toColleagueId": tom }), "INVALID at subjectId"),
            (
                json!({ "subjectId": id(Kind::Opportunity, uuid::Uuid::nil()), "toColleagueId": tom }),
                "NOT_FOUND at subjectId",
            ),
            (
                json!({ "subjectId": machine, "boundary": "TECHNICAL_TO_SERVICE", "toQueueId": desk }),
                "FORBIDDEN at handover",
            ),
        ] {
            assert_eq!(world.sam().refused("offerHandover", input.clone()).await, refusal, "{input}");
        }
        let input = json!({ "subjectId": ticket, "toQueueId": sales, "boundary": "SALES_TO_TECHNICAL" });
        assert_eq!(world.vera().refused("offerHandover", input).await, "INVALID at boundary");

        // Only who offered takes it back, and only while nobody decided.
        let offered =
            offer(&world.vera(), json!({ "subjectId": ticket, "boundary": "SERVICE_TO_SALES", "toQueueId": sales }))
                .await;
        assert_eq!(world.sam().refused("recallHandover", json!({ "id": offered })).await, "FORBIDDEN at id");
        assert_eq!(world.sam().refused("recallHandover", json!({ "id": ticket })).await, "INVALID at id");
        world
            .vera()
            .act("recallHandover", "handover { outcome }", json!({ "id": offered, "ifVersion": 1 }))
            .await
            .must();
        assert_eq!(world.vera().refused("recallHandover", json!({ "id": offered })).await, "STATE_CONFLICT at id");
        assert_eq!(world.sam().refused("acceptHandover", json!({ "id": offered })).await, "STATE_CONFLICT at id");
        let rated = json!({ "id": offered, "rating": 6 });
        assert_eq!(world.sam().refused("acceptHandover", rated).await, "INVALID at rating");
        assert_eq!(
            world.of_other(Role::Sales, "sam").refused("acceptHandover", json!({ "id": offered })).await,
            "NOT_FOUND at id"
        );
    })
    .await;
}

#[tokio::test]
async fn a_team_sees_a_handover_from_either_side_and_decides_it_on_the_receiving_side() {
    each_engine(async |world: World| {
        let Scene { account, machine, .. } = scene(&world).await;
        let cast = world.acme.cast;
        let uuid = api::graph::GlobalId::parse(&account).unwrap().uuid;
        // Tom changes what stands there and sees nothing of sales; Sue the other way round.
        world
            .work(async |work| {
                let span = (work.now(), None);
                let service = [AccessLevel::Read, AccessLevel::None, AccessLevel::None, AccessLevel::Edit];
                rows::member(work, uuid, cast.tom, Discipline::Technical, service, span).await?;
                let sales = [AccessLevel::Read, AccessLevel::None, AccessLevel::Edit, AccessLevel::None];
                rows::member(work, uuid, cast.sue, Discipline::Sales, sales, span).await
            })
            .await;
        let to_sales = offer(&world.vera(), json!({ "subjectId": machine, "boundary": "SERVICE_TO_SALES", "toColleagueId": colleague(cast.sam) })).await;
        world.pass(TimeDelta::minutes(1));
        let to_service = offer(&world.tom(), json!({ "subjectId": machine, "boundary": "TECHNICAL_TO_SERVICE", "toQueueId": id(Kind::Queue, world.acme.service_desk) })).await;
        let seen = async |client: &Client| {
            let all = client.ask("{ handovers(sort: { createdAt: ASC }) { nodes { id } } }", json!({})).await.must();
            all.each("handovers.nodes", "id")
        };
        let both = [json!(to_sales), json!(to_service)];
        assert_eq!(seen(&world.tom()).await, both);
        assert_eq!(seen(&world.sue()).await, [json!(to_sales)], "what goes from technicians to service is not of sales");
        assert_eq!(world.tom().refused("acceptHandover", json!({ "id": to_sales })).await, "FORBIDDEN at outcome");
        world.sue().act("acceptHandover", "handover { id }", json!({ "id": to_sales })).await.must();
        world.vera().act("acceptHandover", "handover { id }", json!({ "id": to_service })).await.must();
    })
    .await;
}

#[tokio::test]
async fn offers_that_nobody_decides_expire_when_they_fell_due() {
    each_engine(async |world: World| {
        let Scene { account, deal, .. } = scene(&world).await;
        let cast = world.acme.cast;
        let person = world
            .work(async |work| rows::contact(work, api::graph::GlobalId::parse(&account).map(|id| id.uuid), "Andrea", "Huber").await)
            .await;
        let lead = world.mia().act("createLead", "lead { id }", json!({ "contactId": id(Kind::Contact, person.id) })).await.must();
        let lead = lead.text("createLead.lead.id").to_owned();
        world.mia().act("qualifyLead", "lead { id }", json!({ "id": lead })).await.must();
        let due = |hours: i64| (world.now() + TimeDelta::hours(hours)).to_rfc3339();
        let queue = id(Kind::Queue, world.acme.sales_inbox);
        let first = offer(&world.mia(), json!({ "subjectId": lead, "toQueueId": queue, "dueAt": due(2) })).await;
        let second = offer(&world.sam(), json!({ "subjectId": deal, "toColleagueId": colleague(cast.tom), "dueAt": due(48) })).await;
        let expire = "mutation { expireOverdueHandovers { expired userErrors { code } } }";
        let expired = async |client: &Client| client.ask(expire, json!({})).await.must().data("expireOverdueHandovers.expired").clone();
        assert_eq!(expired(&world.ina()).await, 0, "nothing is overdue");

        world.pass(TimeDelta::hours(24));
        for client in [world.mia(), world.max(), world.ana()] {
            assert_eq!(client.ask(expire, json!({})).await.code(), Some("BAD_USER_INPUT"));
        }
        let position = world.position().await;
        assert_eq!(expired(&world.tom()).await, 0, "it is not his to decide");
        assert_eq!(world.position().await, position);
        assert_eq!(expired(&world.ina()).await, 1);
        assert_eq!(expired(&world.ina()).await, 0, "once");
        let told = "query($id: ID!, $lead: ID!) {
            handover(id: $id) { version outcome decidedAt decidedBy { name } reasonCode }
            lead(id: $lead) { status owner { name } queue { code } contact { lifecycleStage }
                timeline(filter: { kinds: [\"handover.expired\"] }) { nodes { kind occurredAt recordedAt } } } }";
        let told = world.mia().ask(told, json!({ "id": first, "lead": lead })).await.must();
        assert_eq!(
            told.data("handover"),
            &json!({ "version": 2, "outcome": "EXPIRED", "decidedAt": "2026-11-23T14:00:00+00:00", "decidedBy": null, "reasonCode": null })
        );
        assert_eq!(told.data("lead.status"), "NEW");
        assert_eq!((told.data("lead.owner.name"), told.data("lead.queue")), (&json!("Mia Marketing"), &Value::Null));
        assert_eq!(told.data("lead.contact.lifecycleStage"), "MQL", "nobody said no");
        assert_eq!(
            told.data("lead.timeline.nodes"),
            &json!([{ "kind": "handover.expired", "occurredAt": "2026-11-23T14:00:00+00:00", "recordedAt": "2026-11-24T12:00:00+00:00" }])
        );
        assert_eq!(world.sam().refused("acceptHandover", json!({ "id": first })).await, "STATE_CONFLICT at id");
        assert_eq!(inbox(&world.tom(), "service").await, [json!(second)], "the other is not due yet");
        // It may be offered again.
        offer(&world.mia(), json!({ "subjectId": lead, "toQueueId": queue })).await;
    })
    .await;
}

#[tokio::test]
async fn a_promise_of_a_decision_runs_is_kept_broken_or_stands_still() {
    each_engine(async |world: World| {
        let Scene { account, deal, machine, ticket } = scene(&world).await;
        world
            .work(async |work| {
                for (code, boundary, hours) in [("ANY", None, 72), ("TECHNICS", Some(HandoverBoundary::SalesToTechnical), 4)] {
                    work.insert::<sla_policy::Entity>(sla_policy::ActiveModel {
                        code: Set(code.to_owned()),
                        revision: Set(1),
                        name: Set(code.to_owned()),
                        metric: Set(SlaMetric::HandoverDecision),
                        boundary: Set(boundary),
                        target_ms: Set(hours * 3_600_000),
                        pause_on: Set(json!([])),
                        valid_from: Set(work.now()),
                        ..Default::default()
                    })
                    .await?;
                }
                Ok(())
            })
            .await;
        let tom = colleague(world.acme.cast.tom);
        let sales = id(Kind::Queue, world.acme.sales_inbox);
        let clock = async |handover: &str| {
            let query = "query($id: ID!) { slaClocks(filter: { objectId: [$id] }) { nodes { metric objectType startedAt dueAt metAt breachedAt pausedSince policy { code } handover { id } } } }";
            let found = world.max().ask(query, json!({ "id": handover })).await.must();
            assert_eq!(found.data("slaClocks.nodes").as_array().unwrap().len(), 1, "{found}");
            found.data("slaClocks.nodes.0").clone()
        };
        let kept = offer(&world.sam(), json!({ "subjectId": deal, "toColleagueId": tom })).await;
        assert_eq!(
            clock(&kept).await,
            json!({ "metric": "HANDOVER_DECISION", "objectType": "HANDOVER", "startedAt": "2026-11-23T12:00:00+00:00", "dueAt": "2026-11-23T16:00:00+00:00",
                "metAt": null, "breachedAt": null, "pausedSince": null, "policy": { "code": "TECHNICS" }, "handover": { "id": kept } })
        );
        world.pass(TimeDelta::hours(1));
        world.tom().act("acceptHandover", "handover { id }", json!({ "id": kept })).await.must();
        assert_eq!(clock(&kept).await["metAt"], json!("2026-11-23T13:00:00+00:00"));

        let late = offer(&world.sam(), json!({ "subjectId": account, "boundary": "SALES_TO_TECHNICAL", "toColleagueId": tom })).await;
        world.pass(TimeDelta::hours(5));
        world.tom().act("acceptHandover", "handover { id }", json!({ "id": late })).await.must();
        let row = clock(&late).await;
        assert_eq!((&row["metAt"], &row["breachedAt"]), (&Value::Null, &json!("2026-11-23T17:00:00+00:00")));
        let told = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"sla.breached\"] }) { nodes { occurredAt ... on ServiceLevelEvent { metric } } } }";
        let told = world.sam().ask(told, json!({ "id": account })).await.must();
        assert_eq!(told.data("timeline.nodes"), &json!([{ "occurredAt": "2026-11-23T17:00:00+00:00", "metric": "HANDOVER_DECISION" }]));

        let recalled = offer(&world.vera(), json!({ "subjectId": ticket, "boundary": "SERVICE_TO_SALES", "toQueueId": sales })).await;
        assert_eq!(clock(&recalled).await["policy"]["code"], json!("ANY"));
        world.vera().act("recallHandover", "handover { id }", json!({ "id": recalled })).await.must();
        let row = clock(&recalled).await;
        assert_eq!((&row["dueAt"], &row["metAt"], &row["breachedAt"], &row["pausedSince"]), (&Value::Null, &Value::Null, &Value::Null, &json!("2026-11-23T18:00:00+00:00")));

        let never = offer(&world.vera(), json!({ "subjectId": machine, "boundary": "SERVICE_TO_SALES", "toQueueId": sales })).await;
        world.pass(TimeDelta::hours(80));
        let breached = world.ina().ask("mutation { breachOverdueClocks { breached } }", json!({})).await.must();
        assert_eq!(breached.data("breachOverdueClocks.breached"), 1);
        assert_eq!(clock(&never).await["breachedAt"], json!("2026-11-26T18:00:00+00:00"));
    })
    .await;
}

#[tokio::test]
async fn either_side_of_a_boundary_hears_of_its_handovers_and_nobody_else() {
    each_engine(async |world: World| {
        let Scene { account, machine, .. } = scene(&world).await;
        let cast = world.acme.cast;
        let uuid = api::graph::GlobalId::parse(&account).unwrap().uuid;
        world
            .work(async |work| {
                let span = (work.now(), None);
                let sales = [AccessLevel::Read, AccessLevel::None, AccessLevel::Read, AccessLevel::None];
                rows::member(work, uuid, cast.sue, Discipline::Sales, sales, span).await?;
                let service = [AccessLevel::Read, AccessLevel::None, AccessLevel::None, AccessLevel::Read];
                rows::member(work, uuid, cast.tom, Discipline::Technical, service, span).await
            })
            .await;
        let desk = id(Kind::Queue, world.acme.service_desk);
        let given = offer(&world.vera(), json!({ "subjectId": machine, "boundary": "TECHNICAL_TO_SERVICE", "toQueueId": desk })).await;
        let told = async |client: Client| {
            let rows = client.ask("query($id: ID!) { handover(id: $id) { id } }", json!({ "id": given })).await.must();
            let read = "query($id: ID!) { timeline(subject: $id, filter: { kinds: [\"handover.offered\"] }) { totalCount nodes { ... on HandoverEvent { boundary } } } }";
            let events = client.ask(read, json!({ "id": account })).await.must();
            (rows.data("handover.id").is_string(), events.data("timeline.totalCount").clone(), events.data("timeline.nodes.0.boundary").clone())
        };
        assert_eq!(told(world.tom()).await, (true, json!(1), json!("TECHNICAL_TO_SERVICE")));
        assert_eq!(told(world.vera()).await, (true, json!(1), json!("TECHNICAL_TO_SERVICE")));
        assert_eq!(told(world.sue()).await, (false, json!(0), Value::Null), "sales is no side of it");
    })
    .await;
}

#[tokio::test]
async fn a_lead_goes_back_to_nobody_where_its_sender_has_left() {
    each_engine(async |world: World| {
        let cast = world.acme.cast;
        let (account, contact) = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", Some(cast.sam), None).await?.id;
                let contact = rows::contact(work, Some(account), "Bert", "Ohm").await?.id;
                Ok((id(Kind::Account, account), id(Kind::Contact, contact)))
            })
            .await;
        let lead = json!({ "accountId": account, "contactId": contact });
        let lead = world.mia().act("createLead", "lead { id }", lead).await.must();
        let lead = lead.text("createLead.lead.id").to_owned();
        let to = json!({ "subjectId": lead, "toColleagueId": colleague(cast.sam) });
        let given = offer(&world.mia(), to).await;
        world
            .ada()
            .act("updateColleague", "colleague { id }", json!({ "id": colleague(cast.mia), "isActive": false }))
            .await
            .must();
        let reason = json!({ "id": given, "reasonCode": "NO_TIMING" });
        let back = world.sam().act("rejectHandover", "handover { lead { status owner { id } } }", reason).await.must();
        assert_eq!(back.data("rejectHandover.handover.lead"), &json!({ "status": "REJECTED", "owner": null }));
    })
    .await;
}
