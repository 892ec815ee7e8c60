//! The property: to merge and to undo it is to have done nothing. For whatever graph, of whichever two, also one merge upon another; for every
//! row and for every figure.

use std::collections::{BTreeMap, BTreeSet};

use api::{analytics::rollup, graph::Kind, journey::Work};
use chrono::TimeDelta;
use entities::{
    account::{account, contact, contact_point, employment, identity, visitor},
    codes::{
        ActivityKind, AttendeeResponse, ConsentState, ContactPointKind, ContactRole, Direction, Discipline,
        IdentityKind, IdentityStrength, Interaction, LeadStatus, NoteVisibility, OrderStatus, RecordType, SubjectType,
    },
    journey::{event_subject, journey_event},
    marketing::{lead, touchpoint},
    sales::{activity, meeting_attendee, note, opportunity_contact, sales_order, task},
    service::ticket,
    sync::{external_ref, source_system},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use sea_orm::{
    ActiveValue::NotSet, ColumnTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, QueryFilter, QueryOrder, Set,
};
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows, scene};
use uuid::Uuid;

use super::{findings, merge, undo};
use crate::numbers;

/// Something that is there: what, and numbers that choose whose and which.
type Step = (u8, usize, usize, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..16_u8, 0..1_000_usize, 0..1_000_usize, 0..1_000_usize), 12..24)
}

/// Whom steps can name.
struct Cast {
    accounts: Vec<Uuid>,
    contacts: Vec<Uuid>,
    visitors: Vec<Uuid>,
    deals: Vec<Uuid>,
    meetings: Vec<Uuid>,
    source: Uuid,
}

impl Cast {
    fn account(&self, nth: usize) -> Uuid {
        self.accounts[nth % self.accounts.len()]
    }

    fn contact(&self, nth: usize) -> Uuid {
        self.contacts[nth % self.contacts.len()]
    }
}

async fn cast(world: &World) -> Cast {
    let customers = scene::customers(world, 0..3).await;
    let source = world
        .work(async |work| {
            let source = work.fresh_id();
            let row = source_system::ActiveModel {
                tenant_id: NotSet,
                id: Set(source),
                code: Set("crm".to_owned()),
                name: Set("CRM".to_owned()),
                kind: Set("CRM".to_owned()),
                trust_rank: Set(100),
                keeps_raw: Set(false),
                version: Set(1),
                created_at: Set(work.now()),
                updated_at: Set(work.now()),
            };
            work.insert_technical::<source_system::Entity>(vec![row]).await?;
            Ok(source)
        })
        .await;
    let mut contacts: Vec<Uuid> = customers.iter().map(|customer| customer.contact).collect();
    world
        .work(async |work| {
            for name in ["Ada", "Bo"] {
                contacts.push(rows::contact(work, None, name, "Steiner").await?.id);
            }
            Ok(())
        })
        .await;
    Cast {
        accounts: customers.iter().map(|customer| customer.account).collect(),
        contacts,
        visitors: customers.iter().map(|customer| customer.visitor).collect(),
        deals: customers.iter().map(|customer| customer.opportunity).collect(),
        meetings: customers.iter().map(|customer| customer.meeting).collect(),
        source,
    }
}

async fn row<E: api::journey::Journaled>(work: &Work<'_>, id: Uuid) -> api::graph::Result<E::Model> {
    let found = E::find().filter(E::TENANT.eq(work.tenant())).filter(E::ID.eq(id)).one(work.tx()).await?;
    Ok(found.expect("the cast is there"))
}

/// One step of a graph.
async fn take(world: &World, cast: &Cast, (what, a, b, c): Step) {
    let (account, contact, now) = (cast.account(a), cast.contact(b), world.now());
    let then = now - TimeDelta::hours(i64::try_from(1 + (a * 7 + c) % 2_000).unwrap());
    let sam = world.acme.cast.sam;
    world
        .work(async |work| {
            match what {
                0 | 1 => {
                    let touch = touchpoint::ActiveModel {
                        contact_id: Set((c % 3 > 0).then_some(contact)),
                        visitor_id: Set((c % 3 < 2).then(|| cast.visitors[c % 3])),
                        account_id: Set((a % 4 > 0).then_some(account)),
                        interaction: Set(Interaction::PageViewed),
                        occurred_at: Set(then),
                        is_inbound: Set(true),
                        ..Default::default()
                    };
                    work.insert::<touchpoint::Entity>(touch).await.map(drop)
                }
                2 => {
                    let lead = lead::ActiveModel {
                        contact_id: Set(Some(contact)),
                        account_id: Set((c % 2 == 0).then_some(account)),
                        status: Set(LeadStatus::New),
                        mql_at: Set((c % 3 == 0).then_some(then)),
                        ..Default::default()
                    };
                    work.insert::<lead::Entity>(lead).await.map(drop)
                }
                3 => {
                    let part = opportunity_contact::ActiveModel {
                        opportunity_id: Set(cast.deals[a % 3]),
                        contact_id: Set(contact),
                        role: Set([ContactRole::User, ContactRole::Champion][c % 2]),
                        is_primary: Set(false),
                        ..Default::default()
                    };
                    // The same part a second time is none.
                    let held = opportunity_contact::Entity::find()
                        .filter(opportunity_contact::Column::OpportunityId.eq(cast.deals[a % 3]))
                        .filter(opportunity_contact::Column::ContactId.eq(contact))
                        .all(work.tx())
                        .await?;
                    match held.is_empty() {
                        true => work.insert::<opportunity_contact::Entity>(part).await.map(drop),
                        false => Ok(()),
                    }
                }
                4 => {
                    let guest = meeting_attendee::ActiveModel {
                        meeting_id: Set(cast.meetings[a % 3]),
                        contact_id: Set(Some(contact)),
                        response: Set(AttendeeResponse::Pending),
                        ..Default::default()
                    };
                    work.insert::<meeting_attendee::Entity>(guest).await.map(drop)
                }
                5 => {
                    let person = row::<contact::Entity>(work, contact).await?;
                    let value = ["m@example.com", "n@example.com"][c % 2];
                    rows::point(work, &person, ContactPointKind::Email, value).await.map(drop)
                }
                6 => {
                    let point = contact_point::ActiveModel {
                        account_id: Set(Some(account)),
                        kind: Set(ContactPointKind::Phone),
                        value: Set(Some(["1234567", "7654321"][c % 2].to_owned())),
                        is_primary: Set(c % 3 == 0),
                        ..Default::default()
                    };
                    work.insert::<contact_point::Entity>(point).await.map(drop)
                }
                7 => {
                    let state = [ConsentState::Given, ConsentState::Withdrawn, ConsentState::Denied][c % 3];
                    let end = (state == ConsentState::Withdrawn).then_some(now);
                    rows::consent(work, contact, Some(ContactPointKind::Email), state, (then, end)).await.map(drop)
                }
                8 => {
                    let of = [(SubjectType::Contact, contact), (SubjectType::Account, account)][c % 2];
                    let value = identity::ActiveModel {
                        kind: Set([IdentityKind::Email, IdentityKind::Domain][c % 2]),
                        value_hash: Set(format!("h{}", a % 2)),
                        strength: Set(IdentityStrength::Strong),
                        subject_type: Set(of.0),
                        subject_id: Set(of.1),
                        valid_from: Set(then),
                        ..Default::default()
                    };
                    work.insert::<identity::Entity>(value).await.map(drop)
                }
                9 => {
                    let job = employment::ActiveModel {
                        contact_id: Set(contact),
                        account_id: Set(account),
                        valid_from: Set(Some(then)),
                        valid_to: Set((c % 3 == 0).then_some(now)),
                        is_primary: Set(c % 3 > 0),
                        ..Default::default()
                    };
                    work.insert::<employment::Entity>(job).await.map(drop)
                }
                10 => {
                    let colleague = [sam, world.acme.cast.vera, world.acme.cast.tom][c % 3];
                    let level = [rows::READ, rows::EDIT][b % 2];
                    rows::member(work, account, colleague, Discipline::Sales, level, (then, None)).await.map(drop)
                }
                11 => {
                    let (ty, of) = [(RecordType::Contact, contact), (RecordType::Account, account)][c % 2];
                    let said = note::ActiveModel {
                        subject_type: Set(ty),
                        subject_id: Set(of),
                        account_id: Set((b % 2 == 0).then_some(account)),
                        author_id: Set(Some(sam)),
                        body: Set("Call them.".to_owned()),
                        visibility: Set(NoteVisibility::Team),
                        discipline: Set(Some(Discipline::Sales)),
                        ..Default::default()
                    };
                    work.insert::<note::Entity>(said).await?;
                    let to_do = task::ActiveModel {
                        title: Set("Call".to_owned()),
                        subject_type: Set(Some(ty)),
                        subject_id: Set(Some(of)),
                        account_id: Set(Some(account)),
                        assignee_id: Set(Some(sam)),
                        ..Default::default()
                    };
                    work.insert::<task::Entity>(to_do).await.map(drop)
                }
                12 => {
                    let call = activity::ActiveModel {
                        kind: Set(ActivityKind::Call),
                        direction: Set(Direction::Outbound),
                        account_id: Set((c % 2 == 0).then_some(account)),
                        contact_id: Set(Some(contact)),
                        colleague_id: Set(Some(sam)),
                        occurred_at: Set(then),
                        automatic: Set(false),
                        ..Default::default()
                    };
                    work.insert::<activity::Entity>(call).await.map(drop)
                }
                13 => {
                    let order = sales_order::ActiveModel {
                        account_id: Set(Some(account)),
                        contact_id: Set((c % 2 == 0).then_some(contact)),
                        ordered_at: Set(then),
                        status: Set(OrderStatus::Placed),
                        total_minor: Set(i64::try_from(c * 100).unwrap()),
                        currency: Set("EUR".to_owned()),
                        ..Default::default()
                    };
                    work.insert::<sales_order::Entity>(order).await.map(drop)
                }
                14 => {
                    let row = rows::ticket(work, Some(account), None, None).await?;
                    let of = ticket::ActiveModel { contact_id: Set(Some(contact)), ..Default::default() };
                    work.update_row::<ticket::Entity>(&row, of).await.map(drop)
                }
                _ => {
                    let (ty, of) = [("contact", contact), ("account", account)][c % 2];
                    let key = external_ref::ActiveModel {
                        tenant_id: NotSet,
                        source_id: Set(cast.source),
                        entity_type: Set(ty.to_owned()),
                        external_id: Set(format!("{a}-{b}-{c}")),
                        object_id: Set(of),
                        row_hash: Set(None),
                        raw: Set(None),
                        created_at: Set(now),
                        updated_at: Set(now),
                    };
                    work.insert_technical::<external_ref::Entity>(vec![key]).await?;
                    // Companies belong to each other, people are looked after.
                    let mother = (c % 3 == 0).then(|| cast.account(a + 1));
                    let held = row::<account::Entity>(work, account).await?;
                    let parent = account::ActiveModel { parent_id: Set(mother), ..Default::default() };
                    work.update_row::<account::Entity>(&held, parent).await?;
                    let person = row::<contact::Entity>(work, contact).await?;
                    let owned = contact::ActiveModel {
                        owner_id: Set((b % 2 == 0).then_some(sam)),
                        job_title: Set((a % 2 == 0).then(|| "Head".to_owned())),
                        custom: Set(json!({ "a": a, "b": [b] })),
                        ..Default::default()
                    };
                    work.update_row::<contact::Entity>(&person, owned).await.map(drop)
                }
            }
        })
        .await;
}

/// A row in words, but for what rises with every change.
fn words<M: ModelTrait>(row: &M) -> String {
    let columns = <M::Entity as EntityTrait>::Column::iter()
        .filter(|column| !["version", "updated_at"].contains(&column.as_str()));
    columns.map(|column| format!("{}={:?}", column.as_str(), row.get(column))).collect::<Vec<_>>().join(" ")
}

async fn table<E: EntityTrait>(world: &World) -> BTreeSet<String> {
    E::find().all(world.store.db()).await.unwrap().iter().map(words).collect()
}

macro_rules! tables {
    ($world:expr; $($wing:ident::$table:ident),* $(,)?) => {
        [$((stringify!($table), table::<entities::$wing::$table::Entity>($world).await)),*].into_iter().collect()
    };
}

/// Every row of every table but the journal's own.
async fn dump(world: &World) -> BTreeMap<&'static str, BTreeSet<String>> {
    tables! { world;
        tenant::tenant, sync::source_system, account::colleague, tenant::queue, tenant::queue_member, tenant::definition,
        tenant::goal, tenant::custom_field, tenant::custom_value, sync::fx_rate, account::industry,
        account::industry_closure, account::account, account::contact, account::contact_point, account::employment,
        account::visitor, account::visitor_link, account::identity, account::identity_rule, account::id_redirect,
        account::account_team_member, account::industry_team_member, account::consent, marketing::channel,
        marketing::campaign, marketing::campaign_industry, marketing::campaign_cost, marketing::content_asset,
        marketing::touchpoint, marketing::lead, marketing::lead_touch, marketing::handover, marketing::lesson,
        service::business_calendar, service::sla_policy, service::sla_clock, sales::pipeline, sales::stage,
        sales::stage_interval, sales::opportunity, sales::opportunity_snapshot, sales::opportunity_contact, sales::meeting,
        sales::meeting_attendee, sales::requirement, sales::activity, sales::note, sales::note_mention, sales::task,
        sales::product, sales::sales_order, sales::order_line, sales::contract, service::asset, service::ticket,
        service::ticket_message, service::survey_answer, service::file, journey::search_token, sync::external_ref,
    }
}

/// On which timelines these events stand.
async fn timelines(world: &World, events: &BTreeSet<Uuid>) -> BTreeSet<String> {
    let rows = event_subject::Entity::find().all(world.store.db()).await.unwrap();
    rows.iter().filter(|row| events.contains(&row.event_id)).map(words).collect()
}

/// Every metric as a whole, month by month and by account, and the scoreboard: without what says when it was asked.
async fn figures(client: &Client) -> Vec<Value> {
    let list = client.ask("{ analytics { metrics { metric } } }", json!({})).await.must();
    let period = "from: \"2025-12-31T23:00:00Z\", to: \"2026-11-30T23:00:00Z\"";
    let mut answers = Vec::new();
    for metric in list.each("analytics.metrics", "metric") {
        for by in ["", "groupBy: [{ grain: MONTH }], "] {
            let arguments = format!("metrics: [{}], {by}{period}", metric.as_str().unwrap());
            let query = format!("{{ analytics {{ aggregate({arguments}) {{ {} }} }} }}", numbers::FIGURES);
            // Not every metric is told apart by months.
            let mut answer = client.ask(&query, json!({})).await.data("analytics.aggregate").clone();
            forget(&mut answer);
            answers.push(answer);
        }
    }
    let told = answers.iter().filter(|answer| answer.is_object()).count();
    assert!(told > 40, "{told}");
    let board = format!(
        "{{ analytics {{ scoreboard({period}) {{ lines {{ metric values {{ numerator denominator value }} }} }} }} }}"
    );
    answers.push(client.ask(&board, json!({})).await.must().data("analytics.scoreboard").clone());
    answers
}

/// Handles and moments of asking are no figures.
fn forget(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Object(fields) => {
            for name in ["explain", "asOf", "dataThrough", "cursor"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(forget);
        }
        _ => {}
    }
}

fn differs(
    before: &BTreeMap<&'static str, BTreeSet<String>>,
    after: &BTreeMap<&'static str, BTreeSet<String>>,
) -> Vec<String> {
    let mut told = Vec::new();
    for (table, rows) in before {
        let now = &after[table];
        told.extend(rows.difference(now).map(|row| format!("- {table} {row}")));
        told.extend(now.difference(rows).map(|row| format!("+ {table} {row}")));
    }
    told
}

#[tokio::test]
async fn to_merge_and_to_undo_it_is_to_have_done_nothing() {
    each_engine(async |world: World| {
        let cast = cast(&world).await;
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
        );
        let (ada, max) = (world.ada(), world.max());
        rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        for case in 0..3_usize {
            let steps = steps().new_tree(&mut runner).unwrap().current();
            for step in &steps {
                Box::pin(take(&world, &cast, *step)).await;
            }
            world.pass(TimeDelta::seconds(1));
            let events: BTreeSet<Uuid> = journey_event::Entity::find()
                .order_by_asc(journey_event::Column::Id)
                .all(world.store.db())
                .await
                .unwrap()
                .iter()
                .map(|event| event.id)
                .collect();
            let moment = world.now();
            let before = (Box::pin(dump(&world)).await, timelines(&world, &events).await);
            let (numbers, wrong) = (Box::pin(figures(&max)).await, findings(&world).await);

            // Two persons, two companies, and a third person upon the first two.
            let (_, a, b, _) = steps[0];
            let contact = |nth: usize| id(Kind::Contact, cast.contact(nth));
            let account = |nth: usize| id(Kind::Account, cast.account(nth));
            let mut merges = Vec::new();
            for (mutation, survivor, merged) in [
                ("mergeContacts", contact(a), contact(a + 1)),
                ("mergeAccounts", account(b), account(b + 1)),
                ("mergeContacts", contact(a + 2), contact(a)),
            ] {
                world.pass(TimeDelta::seconds(1));
                merges.push(merge(&ada, mutation, &survivor, &merged).await);
                assert_eq!(findings(&world).await, wrong, "case {case}, {mutation}: {steps:?}");
            }
            let during = (Box::pin(dump(&world)).await, timelines(&world, &events).await);
            assert_ne!(during.0, before.0);
            assert!(during.1.is_superset(&before.1), "the past stays where it was");
            // What is kept of figures follows there and back, whether or not it is brought up to date in between.
            if case % 2 == 0 {
                while rollup::fold(&world.store, &world.clock, world.acme.tenant).await.unwrap() {}
            }
            for merge in merges.iter().rev() {
                world.pass(TimeDelta::seconds(1));
                assert_eq!(undo(&ada, merge).await["kept"], json!([]), "case {case}: {steps:?}");
                assert_eq!(findings(&world).await, wrong, "case {case}, undone: {steps:?}");
            }
            let after = (Box::pin(dump(&world)).await, timelines(&world, &events).await);
            assert_eq!(differs(&before.0, &after.0), [] as [String; 0], "case {case}: {steps:?}");
            assert_eq!(after.1, before.1, "case {case}: {steps:?}");
            // Asked at the same moment: what is open grows older.
            world.clock.set(moment);
            let again = Box::pin(figures(&max)).await;
            for (was, is) in numbers.iter().zip(&again) {
                assert_eq!(is, was, "case {case}: {steps:?}");
            }
            assert_eq!(again.len(), numbers.len());
        }
    })
    .await;
}

#[tokio::test]
async fn a_merged_person_counts_once() {
    each_engine(async |world: World| {
        let account = world.work(async |work| Ok(rows::account(work, "Bolt", None, None).await?.id)).await;
        let people = world
            .work(async |work| {
                let mut people = Vec::new();
                for name in ["Anna", "A."] {
                    let person = rows::contact(work, Some(account), name, "Öz").await?;
                    let touch = touchpoint::ActiveModel {
                        contact_id: Set(Some(person.id)),
                        account_id: Set(Some(account)),
                        interaction: Set(Interaction::PageViewed),
                        occurred_at: Set(work.now() - TimeDelta::days(1)),
                        is_inbound: Set(true),
                        ..Default::default()
                    };
                    work.insert::<touchpoint::Entity>(touch).await?;
                    people.push(id(Kind::Contact, person.id));
                }
                let row = visitor::ActiveModel {
                    first_seen_at: Set(work.now()),
                    last_seen_at: Set(work.now()),
                    consent_state: Set(ConsentState::Given),
                    ..Default::default()
                };
                work.insert::<visitor::Entity>(row).await?;
                Ok(people)
            })
            .await;
        rollup::rebuild(&world.store, &world.clock, world.acme.tenant).await.unwrap();
        let max = world.max();
        let reached = async || {
            let arguments =
                "metrics: [PERSONS_REACHED, TOUCHES], from: \"2026-11-01T00:00:00Z\", to: \"2026-12-01T00:00:00Z\"";
            let answer = numbers::aggregate(&max, arguments).await;
            [0, 1].map(|metric| numbers::whole(&answer, metric)["numerator"].clone())
        };
        assert_eq!(reached().await, [json!("2"), json!("2")]);
        let done = merge(&world.ada(), "mergeContacts", &people[0], &people[1]).await;
        assert_eq!(reached().await, [json!("1"), json!("2")], "before it is kept");
        while rollup::fold(&world.store, &world.clock, world.acme.tenant).await.unwrap() {}
        assert_eq!(reached().await, [json!("1"), json!("2")], "and after");
        undo(&world.ada(), &done).await;
        assert_eq!(reached().await, [json!("2"), json!("2")]);
    })
    .await;
}
