//! Whole customers: every kind of row of the graph, all of them linked, as many times as a test asks for. Each customer is like
//! the next, so that what differs between few and many is their number alone.

use std::{ops::Range, pin::Pin};

use api::{
    graph::Cx,
    journey::{Event, EventKind, Journaled, Payload, Work},
    policy::Role,
};
use chrono::TimeDelta;
use entities::{
    account::{
        account, account_team_member, colleague, consent, contact, contact_point, employment, industry,
        industry_closure, industry_team_member, visitor,
    },
    codes::*,
    marketing::{
        campaign, campaign_cost, campaign_industry, channel, content_asset, handover, lead, lead_touch, lesson,
        touchpoint,
    },
    sales::{
        activity, contract, meeting, meeting_attendee, note, note_mention, opportunity, opportunity_contact,
        opportunity_snapshot, order_line, pipeline, product, requirement, sales_order, stage, stage_interval, task,
    },
    service::{asset, file, sla_clock, sla_policy, survey_answer, ticket, ticket_message},
    sync::{field_policy, source_system},
    tenant::{custom_field, queue},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;
use uuid::Uuid;

use crate::World;

/// The number of a customer, unlike those of others: a search forgives mistakes.
pub fn phone(place: usize) -> String {
    format!("+49 {} {:07}", 201 + 17 * place, (place + 1) * 7_654_321 % 10_000_000)
}

/// The ids of one customer.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the id of the row that it is called after")]
pub struct Customer {
    pub industry: Uuid,
    pub account: Uuid,
    pub contact: Uuid,
    pub visitor: Uuid,
    pub campaign: Uuid,
    pub lead: Uuid,
    pub new_lead: Uuid,
    pub handover: Uuid,
    pub opportunity: Uuid,
    pub meeting: Uuid,
    pub requirement: Uuid,
    pub contract: Uuid,
    pub asset: Uuid,
    pub ticket: Uuid,
    pub task: Uuid,
}

/// Some customers, numbered, told by Sam. Mia, Sam, Vera and Tom are on their teams and may edit; Sam owns accounts, deals and meetings, Mia
/// the campaigns; an open handover waits in the sales inbox, an open ticket at the service desk.
pub async fn customers(world: &World, places: Range<usize>) -> Vec<Customer> {
    let caller = world.caller(&Role::ALL, "sam").await;
    let cx = Cx::new(caller, world.store.clone(), world.clock.clone());
    let mut work = Work::begin(&cx).await.unwrap();
    let mut customers = Vec::with_capacity(places.len());
    for place in places {
        customers.push(Box::pin(customer(world, &mut work, place)).await);
    }
    work.commit().await.unwrap();
    customers
}

/// Inserts a row and gives it; a column that is not named is null.
macro_rules! add {
    ($work:ident $table:ident { $($column:ident: $value:expr),* $(,)? }) => {
        inserted::<$table::Entity>($work, || $table::ActiveModel { $($column: Set($value),)* ..Default::default() }).await
    };
}

/// Made and written on the heap: some fifty rows in one function would overflow a test's stack.
fn inserted<'a, E: Journaled>(
    work: &'a mut Work<'_>,
    row: impl FnOnce() -> E::ActiveModel,
) -> Pin<Box<dyn Future<Output = E::Model> + 'a>>
where
    E::ActiveModel: 'a,
{
    let row = row();
    Box::pin(async move { work.insert::<E>(row).await.unwrap() })
}

async fn customer(world: &World, work: &mut Work<'_>, place: usize) -> Customer {
    let (cast, now, tenant) = (world.acme.cast, work.now(), work.tenant());
    let (today, later) = (now.date_naive(), now + TimeDelta::hours(2));
    let euro = || Some("EUR".to_owned());
    let some = |text: &str| Some(text.to_owned());

    let above = add!(work industry { code: format!("T{place}"), name: format!("Trade {place}") });
    let industry =
        add!(work industry { code: format!("I{place}"), name: format!("Industry {place}"), parent_id: Some(above.id) });
    let line = |ancestor, descendant, depth| industry_closure::ActiveModel {
        ancestor_id: Set(ancestor),
        descendant_id: Set(descendant),
        depth: Set(depth),
        ..Default::default()
    };
    let lines = vec![line(above.id, above.id, 0), line(above.id, industry.id, 1), line(industry.id, industry.id, 0)];
    work.insert_technical::<industry_closure::Entity>(lines).await.unwrap();
    add!(work industry_team_member {
        industry_id: industry.id, colleague_id: cast.sam, discipline: Discipline::Sales, is_lead: false,
        access_account: AccessLevel::Edit, access_marketing: AccessLevel::Edit, access_sales: AccessLevel::Edit,
        access_service: AccessLevel::Edit, valid_from: now, valid_to: None,
    });
    let colleague = add!(work colleague {
        subject: some(&format!("colleague-{place}")), name: format!("Colleague {place}"),
        email: format!("colleague-{place}@acme.example"), department: Discipline::Sales, is_active: true,
    });
    let queue = add!(work queue { code: format!("Q{place}"), name: format!("Queue {place}"), wing: Wing::Service });

    let parent = account_row(work, &format!("Group {place}"), cast.sam, industry.id, None).await;
    let account = account_row(work, &format!("Customer {place}"), cast.sam, industry.id, Some(parent)).await;
    for (colleague, discipline) in [
        (cast.mia, Discipline::Marketing),
        (cast.sam, Discipline::Sales),
        (cast.vera, Discipline::Service),
        (cast.tom, Discipline::Technical),
        (cast.max, Discipline::Management),
    ] {
        for account in [parent, account] {
            add!(work account_team_member {
                account_id: account, colleague_id: colleague, discipline: discipline, is_lead: colleague == cast.sam,
                access_account: AccessLevel::Edit, access_marketing: AccessLevel::Edit, access_sales: AccessLevel::Edit,
                access_service: AccessLevel::Edit, valid_from: now, valid_to: None,
            });
        }
    }
    let contact = add!(work contact {
        given_name: some("Maria"), family_name: Some(format!("Steiner {place}")), lifecycle_stage: "LEAD".to_owned(),
        owner_id: Some(cast.sam), account_id: Some(account),
    })
    .id;
    for (owner, company) in [(Some(contact), None), (None, Some(account))] {
        add!(work contact_point {
            contact_id: owner, account_id: company, kind: ContactPointKind::Phone, value: Some(phone(place)),
            is_primary: true,
        });
    }
    add!(work employment { contact_id: contact, account_id: account, title: some("Head of production"), is_primary: true });
    add!(work consent {
        contact_id: contact, purpose: ConsentPurpose::Marketing, channel: Some(ContactPointKind::Phone),
        state: ConsentState::Given, legal_basis: Some(LegalBasis::Consent), valid_from: now, valid_to: None,
    });
    let visitor = add!(work visitor {
        first_seen_at: now, last_seen_at: now, consent_state: ConsentState::Given, contact_id: Some(contact),
        account_id: Some(account),
    })
    .id;

    let channel = add!(work channel {
        code: format!("FAIR_{place}"), name: format!("Fair {place}"), channel_group: ChannelGroup::Owned, is_direct: false,
    });
    let mother = add!(work campaign {
        name: format!("Season {place}"), campaign_type: CampaignType::Other, status: CampaignStatus::Active, owner_id: Some(cast.mia),
    });
    let campaign = add!(work campaign {
        code: Some(format!("fair-{place}")), name: format!("Fair {place}"), campaign_type: CampaignType::TradeFair,
        market_problem: some("Changeovers take too long"), message: some("Change over in ten minutes"),
        status: CampaignStatus::Active, parent_id: Some(mother.id), budget_minor: Some(5_000_00), currency: euro(),
        owner_id: Some(cast.mia),
    })
    .id;
    let aims = campaign_industry::ActiveModel {
        campaign_id: Set(campaign),
        industry_id: Set(industry.id),
        ..Default::default()
    };
    work.insert_technical::<campaign_industry::Entity>(vec![aims]).await.unwrap();
    for (minor, currency) in [(1_000_00, "EUR"), (250_50, "EUR"), (300_00, "CHF")] {
        add!(work campaign_cost {
            campaign_id: campaign, channel_id: Some(channel.id), date_from: today, date_to: today, amount_minor: minor,
            currency: currency.to_owned(), kind: CostKind::Media,
        });
    }
    let content = add!(work content_asset {
        title: format!("Brochure {place}"), kind: ContentKind::Brochure, campaign_id: Some(campaign),
    })
    .id;

    // The person twice, the visitor once: two touches of a person, two persons or devices reached.
    let mut touches = Vec::new();
    for (who, device) in [(Some(contact), None), (Some(contact), None), (None, Some(visitor))] {
        touches.push(add!(work touchpoint {
            campaign_id: Some(campaign), channel_id: Some(channel.id), content_asset_id: Some(content), contact_id: who,
            visitor_id: device, account_id: Some(account), interaction: Interaction::TradefairBoothScanned,
            occurred_at: now, cost_minor: Some(12_00), currency: euro(), is_inbound: true,
        }));
    }
    let lead_row = add!(work lead {
        contact_id: Some(contact), visitor_id: Some(visitor), account_id: Some(account), campaign_id: Some(campaign),
        channel_id: Some(channel.id), status: LeadStatus::Offered, score: Some(70), owner_id: Some(cast.sam),
        queue_id: Some(world.acme.sales_inbox),
    });
    let lead = lead_row.id;
    let new_lead = add!(work lead {
        contact_id: Some(contact), visitor_id: Some(visitor), account_id: Some(account), campaign_id: Some(campaign),
        channel_id: Some(channel.id), status: LeadStatus::New, score: Some(40), owner_id: Some(cast.mia),
    })
    .id;
    let why = touches.iter().take(1).map(|touch| lead_touch::ActiveModel {
        lead_id: Set(lead),
        touchpoint_id: Set(touch.id),
        role: Set(LeadTouchRole::First),
        ..Default::default()
    });
    work.insert_technical::<lead_touch::Entity>(why.collect()).await.unwrap();
    let mut handovers = Vec::new();
    for (outcome, reason, rating) in [
        (None, None, None),
        (Some(HandoverOutcome::Accepted), None, Some(5)),
        (Some(HandoverOutcome::Rejected), Some(ReasonCode::NoTiming), Some(2)),
        (Some(HandoverOutcome::Rejected), Some(ReasonCode::WrongPersona), Some(1)),
        (Some(HandoverOutcome::Rejected), Some(ReasonCode::NoTiming), None),
        (Some(HandoverOutcome::Returned), Some(ReasonCode::Unreachable), None),
        (Some(HandoverOutcome::Expired), None, None),
        (Some(HandoverOutcome::Recalled), None, None),
    ] {
        handovers.push(
            add!(work handover {
                boundary: HandoverBoundary::MarketingToSales, from_id: Some(cast.mia),
                to_colleague_id: outcome.map(|_| cast.sam), to_queue_id: outcome.is_none().then_some(world.acme.sales_inbox),
                subject_type: SubjectType::Lead, subject_id: lead, account_id: Some(account), campaign_id: Some(campaign),
                offered_at: now, due_at: Some(later), decided_at: outcome.map(|_| now), outcome: outcome, reason_code: reason,
                rating: rating, comment: some("Looked at the line."), decided_by_id: outcome.map(|_| cast.sam), automatic: false,
            })
            .id,
        );
    }
    for (of, to) in [(campaign, mother.id), (mother.id, campaign)] {
        add!(work lesson {
            campaign_id: of, reason_codes: json!(["NO_TIMING"]), text: "Ask for the year of the budget.".to_owned(),
            applied_to_campaign_id: Some(to), author_id: Some(cast.mia),
        });
    }

    let pipeline = pipeline::Entity::find()
        .filter(pipeline::Column::TenantId.eq(tenant))
        .filter(pipeline::Column::Code.eq("SALES"))
        .one(work.tx())
        .await
        .unwrap()
        .unwrap();
    let own = add!(work pipeline {
        code: format!("P{place}"), name: format!("Pipeline {place}"), object_type: StageObject::Ticket, is_default: false,
    });
    add!(work stage {
        pipeline_id: own.id, object_type: StageObject::Ticket, code: format!("S{place}"), name: format!("Stage {place}"),
        position: 0, is_open: true, is_won: false,
    });
    let mut deals = Vec::new();
    for (stage, close) in [("PROPOSAL", 10), ("CLOSED_WON", -10)] {
        let deal = add!(work opportunity {
            account_id: account, name: format!("Filler {place}"), pipeline_id: pipeline.id, stage: stage.to_owned(),
            amount_minor: Some(100_000_00), currency: euro(), cost_minor: Some(70_000_00),
            close_date: Some(today + TimeDelta::days(close)), probability: Some(50),
            forecast_category: Some(ForecastCategory::Pipeline), owner_id: Some(cast.sam),
            primary_campaign_id: Some(campaign), lead_id: Some(lead), next_step: some("Send the drawing"),
        });
        deals.push(deal.id);
    }
    let opportunity_id = deals[0];
    let converted = lead::ActiveModel { converted_opportunity_id: Set(Some(opportunity_id)), ..Default::default() };
    work.update_row::<lead::Entity>(&lead_row, converted).await.unwrap();
    add!(work opportunity_contact {
        opportunity_id: opportunity_id, contact_id: contact, role: ContactRole::DecisionMaker, is_primary: true,
    });
    let snapshot = opportunity_snapshot::ActiveModel {
        id: Set(work.fresh_id()),
        opportunity_id: Set(opportunity_id),
        stage: Set("PROPOSAL".to_owned()),
        amount_minor: Set(Some(100_000_00)),
        currency: Set(euro()),
        owner_id: Set(Some(cast.sam)),
        valid_from: Set(now),
        ..Default::default()
    };
    work.insert_technical::<opportunity_snapshot::Entity>(vec![snapshot]).await.unwrap();
    let interval = stage_interval::ActiveModel {
        id: Set(work.fresh_id()),
        object_type: Set(StageObject::Opportunity),
        object_id: Set(opportunity_id),
        stage: Set("PROPOSAL".to_owned()),
        entered_at: Set(now),
        actor_id: Set(Some(cast.sam)),
        recorded_at: Set(now),
        ..Default::default()
    };
    work.insert_technical::<stage_interval::Entity>(vec![interval]).await.unwrap();
    let mut meetings = Vec::new();
    for (days, outcome) in [(2, None), (-3, Some(MeetingOutcome::Held))] {
        meetings.push(
            add!(work meeting {
                account_id: Some(account), opportunity_id: Some(opportunity_id), organizer_id: Some(cast.sam),
                title: Some(format!("Visit {place}")), starts_at: now + TimeDelta::days(days) - TimeDelta::minutes(place as i64),
                kind: MeetingKind::Visit, outcome: outcome, summary: some("They run three shifts."), next_step: some("Drawing"),
            })
            .id,
        );
    }
    let meeting = meetings[0];
    for (who, colleague) in [(Some(contact), None), (None, Some(colleague.id))] {
        add!(work meeting_attendee {
            meeting_id: meeting, contact_id: who, colleague_id: colleague, response: AttendeeResponse::Accepted,
        });
    }
    let requirement = add!(work requirement {
        account_id: Some(account), contact_id: Some(contact), meeting_id: Some(meeting), opportunity_id: Some(opportunity_id),
        industry_id: Some(industry.id), category: RequirementCategory::Performance, statement: "Twice as fast.".to_owned(),
        status: RequirementStatus::Open, campaign_id: Some(campaign), author_id: Some(cast.sam),
    })
    .id;
    add!(work activity {
        kind: ActivityKind::Call, direction: Direction::Outbound, account_id: Some(account), contact_id: Some(contact),
        colleague_id: Some(cast.sam), opportunity_id: Some(opportunity_id), lead_id: Some(lead), occurred_at: now,
        automatic: false, body: some("Agreed to meet."),
    });
    let product = add!(work product {
        code: format!("F-{place}"), name: format!("Filler {place}"), unit_price_minor: Some(90_000_00), currency: euro(),
        is_active: true,
    });
    let order = add!(work sales_order {
        account_id: Some(account), visitor_id: Some(visitor), contact_id: Some(contact), opportunity_id: Some(opportunity_id),
        ordered_at: now, status: OrderStatus::Placed, total_minor: 90_000_00, currency: "EUR".to_owned(),
    });
    let order_line = add!(work order_line {
        sales_order_id: order.id, position: 1, product_id: Some(product.id), quantity_milli: 1000,
        unit_price_minor: 90_000_00, amount_minor: 90_000_00,
    });
    let policy = add!(work sla_policy {
        code: format!("SLA_{place}"), revision: 1, name: format!("Promise {place}"), metric: SlaMetric::FirstResponse,
        target_ms: 3_600_000, pause_on: json!([]), valid_from: now, valid_to: Some(now),
    });
    let contract = add!(work contract {
        account_id: account, opportunity_id: Some(opportunity_id), name: format!("Maintenance {place}"),
        status: ContractStatus::Active, start_date: today, renewal: Renewal::Automatic, value_minor: Some(9_000_00),
        currency: euro(), sla_policy_id: Some(policy.id), owner_id: Some(cast.sam),
    })
    .id;

    let asset = add!(work asset {
        account_id: account, product_id: Some(product.id), order_line_id: Some(order_line.id), contract_id: Some(contract),
        name: Some(format!("Line {place}")), serial: Some(format!("SN-{place}")),
    })
    .id;
    let mut tickets = Vec::new();
    for (status, queue) in [(TicketStatus::Open, world.acme.service_desk), (TicketStatus::Closed, queue.id)] {
        tickets.push(
            add!(work ticket {
                account_id: Some(account), contact_id: Some(contact), asset_id: Some(asset), contract_id: Some(contract),
                subject: format!("The line stands still {place}"), status: status, priority: TicketPriority::High,
                queue_id: Some(queue), owner_id: Some(cast.vera), channel: Some(TicketChannel::Phone), reopened_count: 0,
            })
            .id,
        );
    }
    let ticket = tickets[0];
    for (author, id, public) in [
        (AuthorType::Contact, contact, true),
        (AuthorType::Colleague, cast.vera, true),
        (AuthorType::Colleague, cast.vera, false),
    ] {
        add!(work ticket_message {
            ticket_id: ticket, account_id: Some(account), author_type: author, author_id: Some(id), is_public: public,
            is_bot: false, body: "It stands still.".to_owned(), sent_at: now,
        });
    }
    for (object, id, metric, breached) in [
        (SlaObject::Ticket, ticket, SlaMetric::Resolution, None),
        (SlaObject::Ticket, ticket, SlaMetric::FirstResponse, Some(now)),
        (SlaObject::Handover, handovers[0], SlaMetric::HandoverDecision, None),
    ] {
        add!(work sla_clock {
            object_type: object, object_id: id, account_id: Some(account), metric: metric, sla_policy_id: Some(policy.id),
            started_at: now, due_at: Some(later), paused_ms: 0, breached_at: breached,
        });
    }
    for (kind, scale, score) in [(SurveyKind::Csat, 5, 4), (SurveyKind::Nps, 10, 9), (SurveyKind::Ces, 7, 3)] {
        add!(work survey_answer {
            kind: kind, scale: scale, score: score, comment: some("Quick help."), ticket_id: Some(ticket),
            contact_id: Some(contact), account_id: Some(account), answered_at: now,
        });
    }
    for (meeting, ticket, contract) in
        [(Some(meeting), None, None), (None, Some(ticket), None), (None, None, Some(contract))]
    {
        add!(work file {
            meeting_id: meeting, ticket_id: ticket, contract_id: contract, account_id: Some(account),
            name: "drawing.pdf".to_owned(), content_type: "application/pdf".to_owned(), size_bytes: 9, stored_at: Some(now),
            author_id: Some(cast.sam),
        });
    }

    // Notes and tasks on whatever can have them.
    let mut task_id = None;
    for (ty, id) in [
        (RecordType::Account, account),
        (RecordType::Contact, contact),
        (RecordType::Visitor, visitor),
        (RecordType::Industry, industry.id),
        (RecordType::Campaign, campaign),
        (RecordType::Lead, lead),
        (RecordType::Handover, handovers[0]),
        (RecordType::Opportunity, opportunity_id),
        (RecordType::Meeting, meeting),
        (RecordType::Requirement, requirement),
        (RecordType::Order, order.id),
        (RecordType::Contract, contract),
        (RecordType::Asset, asset),
        (RecordType::Ticket, ticket),
    ] {
        let note = add!(work note {
            subject_type: ty, subject_id: id, account_id: Some(account), author_id: Some(cast.sam), body: "Ask again.".to_owned(),
            visibility: NoteVisibility::Team, discipline: Some(Discipline::Sales),
        });
        let call =
            note_mention::ActiveModel { note_id: Set(note.id), colleague_id: Set(cast.vera), ..Default::default() };
        work.insert_technical::<note_mention::Entity>(vec![call]).await.unwrap();
        let task = add!(work task {
            subject_type: Some(ty), subject_id: Some(id), account_id: Some(account), title: "Call back".to_owned(),
            due_at: Some(now + TimeDelta::days(1)), assignee_id: Some(cast.sam), queue_id: Some(queue.id), author_id: Some(cast.sam),
        });
        task_id.get_or_insert(task.id);
    }
    let source = add!(work source_system {
        code: format!("CRM_{place}"), name: format!("CRM {place}"), kind: "CSV".to_owned(), trust_rank: 100, keeps_raw: false,
    });
    add!(work field_policy {
        entity: "account".to_owned(), field: format!("custom.field_{place}"), rule: FieldRule::Owner,
        owner_source_id: Some(source.id),
    });
    add!(work custom_field {
        entity: CustomEntity::Account, code: format!("field_{place}"), field_type: CustomFieldType::Text,
        label_de: format!("Feld {place}"), label_en: format!("Field {place}"), class: "P".to_owned(), choices: json!([]),
        is_required: false, position: 0,
    });

    let payload = Payload::Touch {
        campaign_id: Some(campaign),
        channel_id: Some(channel.id),
        content_asset_id: Some(content),
        is_inbound: true,
    };
    let event = Event::of::<touchpoint::Entity>(EventKind::TradefairBoothScanned, &touches[0], payload)
        .about(SubjectType::Account, account)
        .about(SubjectType::Contact, contact)
        .about(SubjectType::Visitor, visitor)
        .about(SubjectType::Opportunity, opportunity_id)
        .about(SubjectType::Lead, lead)
        .about(SubjectType::Campaign, campaign)
        .about(SubjectType::Ticket, ticket)
        .about(SubjectType::Asset, asset)
        .about(SubjectType::Industry, industry.id);
    work.record(event);

    Customer {
        industry: industry.id,
        account,
        contact,
        visitor,
        campaign,
        lead,
        new_lead,
        handover: handovers[0],
        opportunity: opportunity_id,
        meeting,
        requirement,
        contract,
        asset,
        ticket,
        task: task_id.unwrap(),
    }
}

async fn account_row(work: &mut Work<'_>, name: &str, owner: Uuid, industry: Uuid, parent: Option<Uuid>) -> Uuid {
    add!(work account {
        name: name.to_owned(), domains: json!([]), industry_id: Some(industry), country: Some("DE".to_owned()),
        tier: Some(Tier::A), lifecycle_stage: "TARGET".to_owned(), owner_id: Some(owner), parent_id: parent,
        annual_revenue_minor: Some(1_000_000_00), currency: Some("EUR".to_owned()),
    })
    .id
}
