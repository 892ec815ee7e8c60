//! A row of every kind, in whichever tenant: made anew each time it is asked for, so that a mutation can have its own.

use api::{
    graph::{GlobalId, Kind, Result},
    journey::Work,
    policy::Role,
};
use chrono::{NaiveDate, TimeDelta};
use entities::{
    account::{colleague, consent, contact_point, employment, identity, identity_rule, visitor},
    codes::*,
    marketing::{campaign, campaign_cost, channel, content_asset, handover, lead, lesson},
    sales::{
        activity, contract, meeting_attendee, note, opportunity_contact, order_line, pipeline, product, requirement,
        sales_order, stage, task,
    },
    service::{business_calendar, file, sla_clock, sla_policy, survey_answer, ticket_message},
    sync::{field_conflict, field_policy, fx_rate, import_job, source_system, webhook_delivery, webhook_endpoint},
    tenant::{custom_field, definition, goal, queue, queue_member},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;
use tests::{House, World, id, rows};
use uuid::Uuid;

/// What everything of a house hangs on.
#[derive(Clone, Copy, Debug)]
pub struct Hub {
    pub account: Uuid,
    pub contact: Uuid,
    pub campaign: Uuid,
    pub channel: Uuid,
    pub industry: Uuid,
    pub pipeline: Uuid,
}

impl Hub {
    /// A customer on whose team Sam may do everything. In both queues Sam works, too.
    pub async fn of(world: &World, house: &House) -> Hub {
        let (cast, desk) = (house.cast, house.service_desk);
        world
            .work_in(house.tenant, async |work| {
                let industry = rows::industry(work, "C28", None).await?.id;
                let account = rows::account(work, "Hub", None, Some(industry)).await?.id;
                rows::member(work, account, cast.sam, Discipline::Sales, rows::EDIT, (work.now(), None)).await?;
                let member = queue_member::ActiveModel {
                    id: Set(work.fresh_id()),
                    queue_id: Set(desk),
                    colleague_id: Set(cast.sam),
                    valid_from: Set(work.now()),
                    valid_to: Set(None),
                    version: Set(1),
                    created_at: Set(work.now()),
                    updated_at: Set(work.now()),
                    ..Default::default()
                };
                work.insert_technical::<queue_member::Entity>(vec![member]).await?;
                let contact = rows::contact(work, Some(account), "Anna", "Öz").await?.id;
                let hub = Hub {
                    account,
                    contact,
                    campaign: Uuid::nil(),
                    channel: Uuid::nil(),
                    industry,
                    pipeline: Uuid::nil(),
                };
                let campaign = insert(work, house, hub, Kind::Campaign, "").await?;
                let channel = insert(work, house, hub, Kind::Channel, "").await?;
                let pipeline = insert(work, house, hub, Kind::Pipeline, "").await?;
                let field =
                    custom_field::ActiveModel { code: Set("held".to_owned()), ..custom(CustomFieldType::Text, work) };
                work.insert::<custom_field::Entity>(field).await?;
                Ok(Hub { campaign, channel, pipeline, ..hub })
            })
            .await
    }

    /// A row that an input refers to.
    pub async fn refer(self, world: &World, house: &House, kind: Kind, field: &str) -> Uuid {
        match kind {
            Kind::Account | Kind::Contact | Kind::Colleague
                if field.starts_with("new") || ["survivorId", "mergedId"].contains(&field) =>
            {
                self.fresh(world, house, kind, "").await
            }
            Kind::Merge => self.merge(world, house).await,
            Kind::Account => self.account,
            Kind::Contact => self.contact,
            Kind::Campaign => self.campaign,
            Kind::Channel => self.channel,
            Kind::Industry => self.industry,
            Kind::Pipeline => self.pipeline,
            Kind::Colleague => house.cast.sue,
            Kind::Queue if field == "toQueueId" => house.sales_inbox,
            Kind::Queue => house.service_desk,
            kind => self.fresh(world, house, kind, "").await,
        }
    }

    /// Two contacts that were merged.
    async fn merge(self, world: &World, house: &House) -> Uuid {
        let [survivor, merged] =
            [self.fresh(world, house, Kind::Contact, "").await, self.fresh(world, house, Kind::Contact, "").await];
        let asked = format!(
            "mutation {{ mergeContacts(input: {{ survivorId: {:?}, mergedId: {:?} }}) {{ merge {{ id }} userErrors {{ code }} }} }}",
            id(Kind::Contact, survivor),
            id(Kind::Contact, merged),
        );
        let client = world.client(house.slug, &[Role::Admin], "ada", std::time::Duration::from_secs(3600));
        let answer = client.ask(&asked, json!({})).await.must();
        GlobalId::parse(answer.text("mergeContacts.merge.id")).expect("a merge has an id").uuid
    }

    /// A row that nobody else has seen, as a mutation wants to find it.
    pub async fn fresh(self, world: &World, house: &House, kind: Kind, mutation: &str) -> Uuid {
        let made = world.work_in(house.tenant, async |work| insert(work, house, self, kind, mutation).await).await;
        if kind == Kind::File && mutation.starts_with("complete") {
            let files = world.app.store.files().expect("this world keeps files");
            let bytes = futures::stream::iter([Ok::<_, std::convert::Infallible>("1234567".into())]);
            files.bring(house.tenant, made, 7, 1, bytes).await.unwrap();
        }
        made
    }
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn custom(ty: CustomFieldType, work: &mut Work<'_>) -> custom_field::ActiveModel {
    let choices =
        if ty == CustomFieldType::Choice { json!([{ "code": "A", "de": "A", "en": "A" }]) } else { json!([]) };
    custom_field::ActiveModel {
        entity: Set(CustomEntity::Account),
        code: Set(format!("f{}", work.fresh_id().simple())),
        field_type: Set(ty),
        label_de: Set("Feld".to_owned()),
        label_en: Set("Field".to_owned()),
        class: Set("P".to_owned()),
        choices: Set(choices),
        is_required: Set(false),
        position: Set(1),
        ..Default::default()
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a kind: a new kind does not compile without one")]
async fn insert(work: &mut Work<'_>, house: &House, hub: Hub, kind: Kind, mutation: &str) -> Result<Uuid> {
    let (cast, now) = (house.cast, work.now());
    let only = work.fresh_id().simple().to_string();
    Ok(match kind {
        Kind::Account => rows::account(work, "Bolt", None, None).await?.id,
        Kind::Contact => rows::contact(work, Some(hub.account), "Bo", "Bolt").await?.id,
        Kind::ContactPoint => {
            work.insert::<contact_point::Entity>(contact_point::ActiveModel {
                contact_id: Set(Some(hub.contact)),
                account_id: Set(Some(hub.account)),
                kind: Set(ContactPointKind::Email),
                value: Set(Some(format!("{only}@example.com"))),
                is_primary: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Employment => {
            work.insert::<employment::Entity>(employment::ActiveModel {
                contact_id: Set(hub.contact),
                account_id: Set(hub.account),
                valid_from: Set(Some(now)),
                is_primary: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Visitor => {
            work.insert::<visitor::Entity>(visitor::ActiveModel {
                first_seen_at: Set(now),
                last_seen_at: Set(now),
                consent_state: Set(ConsentState::Given),
                contact_id: Set((mutation == "unlinkVisitor").then_some(hub.contact)),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Consent => {
            work.insert::<consent::Entity>(consent::ActiveModel {
                contact_id: Set(hub.contact),
                purpose: Set(ConsentPurpose::Marketing),
                state: Set(ConsentState::Given),
                legal_basis: Set(Some(LegalBasis::Consent)),
                valid_from: Set(now),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Colleague => {
            work.insert::<colleague::Entity>(colleague::ActiveModel {
                subject: Set(Some(only.clone())),
                name: Set("Nora New".to_owned()),
                email: Set(format!("{only}@acme.example")),
                department: Set(Discipline::Sales),
                is_active: Set(true),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Industry => rows::industry(work, &only, None).await?.id,
        Kind::AccountTeamMember => {
            let nora = Box::pin(insert(work, house, hub, Kind::Colleague, "")).await?;
            let span = (now, None);
            rows::member(work, hub.account, nora, Discipline::Technical, rows::READ, span).await?.id
        }
        Kind::IndustryTeamMember => {
            let nora = Box::pin(insert(work, house, hub, Kind::Colleague, "")).await?;
            rows::industry_member(work, hub.industry, nora, rows::READ, (now, None)).await?.id
        }
        Kind::Identity => {
            work.insert::<identity::Entity>(identity::ActiveModel {
                kind: Set(IdentityKind::Email),
                value_hash: Set(only),
                strength: Set(IdentityStrength::Strong),
                subject_type: Set(SubjectType::Contact),
                subject_id: Set(hub.contact),
                valid_from: Set(now),
                ..Default::default()
            })
            .await?
            .id
        }
        // There is one rule for each kind of identity: the first makes room for a mutation's own.
        Kind::IdentityRule => {
            let held = identity_rule::Entity::find().filter(identity_rule::Column::TenantId.eq(house.tenant));
            let held = held.filter(identity_rule::Column::DeletedAt.is_null()).one(work.tx()).await?;
            match held {
                Some(rule) => rule.id,
                None => {
                    work.insert::<identity_rule::Entity>(identity_rule::ActiveModel {
                        kind: Set(IdentityKind::Domain),
                        max_per_subject: Set(3),
                        max_subjects_per_value: Set(1),
                        auto_merge: Set(false),
                        priority: Set(10),
                        ..Default::default()
                    })
                    .await?
                    .id
                }
            }
        }
        Kind::QueueMember => {
            let nora = Box::pin(insert(work, house, hub, Kind::Colleague, "")).await?;
            work.insert::<queue_member::Entity>(queue_member::ActiveModel {
                queue_id: Set(house.service_desk),
                colleague_id: Set(nora),
                valid_from: Set(now),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Tenant => unreachable!("a tenant is never named: it is the caller's own"),
        Kind::Goal => {
            work.insert::<goal::Entity>(goal::ActiveModel {
                metric: Set("won".to_owned()),
                date_from: Set(day(1)),
                date_to: Set(day(30)),
                target: Set(100),
                currency: Set(Some("EUR".to_owned())),
                discipline: Set(Discipline::Sales),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Definition => {
            work.insert::<definition::Entity>(definition::ActiveModel {
                kind: Set(DefinitionKind::ALL[0]),
                code: Set(only),
                revision: Set(1),
                body: Set(json!({})),
                valid_from: Set(now),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::FxRate => {
            // A rate a day: each has a day of its own.
            let rate_date = day(1) - TimeDelta::days(i64::from(work.fresh_id().as_u128() as u16));
            work.insert::<fx_rate::Entity>(fx_rate::ActiveModel {
                base: Set("EUR".to_owned()),
                quote: Set("USD".to_owned()),
                rate_date: Set(rate_date),
                rate_nano: Set(1_100_000_000),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::BusinessCalendar => {
            work.insert::<business_calendar::Entity>(business_calendar::ActiveModel {
                code: Set(only),
                revision: Set(1),
                name: Set("Weekdays".to_owned()),
                zone: Set("Europe/Berlin".to_owned()),
                weekly: Set(json!({ "MON": [["08:00", "17:00"]] })),
                holidays: Set(json!([])),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Queue => {
            work.insert::<queue::Entity>(queue::ActiveModel {
                code: Set(only),
                name: Set("Second line".to_owned()),
                wing: Set(Wing::Service),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Campaign => {
            work.insert::<campaign::Entity>(campaign::ActiveModel {
                name: Set("Fair".to_owned()),
                campaign_type: Set(CampaignType::TradeFair),
                status: Set(CampaignStatus::Planned),
                start_date: Set(Some(day(23))),
                owner_id: Set(Some(cast.mia)),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Channel => {
            work.insert::<channel::Entity>(channel::ActiveModel {
                code: Set(only),
                name: Set("Radio".to_owned()),
                channel_group: Set(ChannelGroup::Paid),
                is_direct: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::CampaignCost => {
            work.insert::<campaign_cost::Entity>(campaign_cost::ActiveModel {
                campaign_id: Set(hub.campaign),
                date_from: Set(day(1)),
                date_to: Set(day(23)),
                amount_minor: Set(100),
                currency: Set("EUR".to_owned()),
                kind: Set(CostKind::Media),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::ContentAsset => {
            work.insert::<content_asset::Entity>(content_asset::ActiveModel {
                title: Set("Brochure".to_owned()),
                kind: Set(ContentKind::Brochure),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Touchpoint => {
            let touch = rows::touchpoint(work, hub.account, Interaction::PageViewed, "https://example.com").await?;
            touch.id
        }
        Kind::Lead => {
            work.insert::<lead::Entity>(lead::ActiveModel {
                account_id: Set(Some(hub.account)),
                contact_id: Set(Some(hub.contact)),
                status: Set(LeadStatus::New),
                owner_id: Set(Some(cast.sue)),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Handover => {
            let offered = lead::ActiveModel {
                account_id: Set(Some(hub.account)),
                contact_id: Set(Some(hub.contact)),
                status: Set(LeadStatus::Offered),
                ..Default::default()
            };
            let lead = work.insert::<lead::Entity>(offered).await?.id;
            // Sam decides what Mia offers, and takes back what he has offered himself.
            let (from, to) = if mutation == "recallHandover" { (cast.sam, cast.sue) } else { (cast.mia, cast.sam) };
            work.insert::<handover::Entity>(handover::ActiveModel {
                boundary: Set(HandoverBoundary::MarketingToSales),
                from_id: Set(Some(from)),
                to_colleague_id: Set(Some(to)),
                subject_type: Set(SubjectType::Lead),
                subject_id: Set(lead),
                account_id: Set(Some(hub.account)),
                offered_at: Set(now),
                automatic: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Lesson => {
            work.insert::<lesson::Entity>(lesson::ActiveModel {
                campaign_id: Set(hub.campaign),
                reason_codes: Set(json!(["NO_NEED"])),
                text: Set("Ask first.".to_owned()),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Pipeline => {
            work.insert::<pipeline::Entity>(pipeline::ActiveModel {
                code: Set(only),
                name: Set("Second".to_owned()),
                object_type: Set(StageObject::Opportunity),
                is_default: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Stage => {
            work.insert::<stage::Entity>(stage::ActiveModel {
                pipeline_id: Set(hub.pipeline),
                object_type: Set(StageObject::Opportunity),
                code: Set(only),
                name: Set("Trial".to_owned()),
                position: Set(10),
                probability: Set(Some(10)),
                is_open: Set(true),
                is_won: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Opportunity => rows::opportunity(work, hub.account, "Big deal").await?.id,
        Kind::Meeting => rows::meeting(work, hub.account, "Visit").await?.id,
        Kind::OpportunityContact => {
            let opportunity = rows::opportunity(work, hub.account, "Deal").await?.id;
            work.insert::<opportunity_contact::Entity>(opportunity_contact::ActiveModel {
                opportunity_id: Set(opportunity),
                contact_id: Set(hub.contact),
                role: Set(ContactRole::Champion),
                is_primary: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::MeetingAttendee => {
            let meeting = rows::meeting(work, hub.account, "Visit").await?.id;
            work.insert::<meeting_attendee::Entity>(meeting_attendee::ActiveModel {
                meeting_id: Set(meeting),
                contact_id: Set(Some(hub.contact)),
                response: Set(AttendeeResponse::Pending),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::OrderLine => {
            let order = Box::pin(insert(work, house, hub, Kind::Order, "")).await?;
            let line = |position| order_line::ActiveModel {
                sales_order_id: Set(order),
                position: Set(position),
                quantity_milli: Set(1000),
                unit_price_minor: Set(50),
                amount_minor: Set(50),
                ..Default::default()
            };
            // The last line of an order stays.
            work.insert_many::<order_line::Entity>(vec![line(1), line(2)]).await?[0].id
        }
        Kind::Requirement => {
            work.insert::<requirement::Entity>(requirement::ActiveModel {
                account_id: Set(Some(hub.account)),
                category: Set(RequirementCategory::Price),
                statement: Set("Cheaper.".to_owned()),
                status: Set(RequirementStatus::Open),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Activity => {
            work.insert::<activity::Entity>(activity::ActiveModel {
                kind: Set(ActivityKind::Call),
                direction: Set(Direction::Outbound),
                account_id: Set(Some(hub.account)),
                occurred_at: Set(now),
                automatic: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Order => {
            work.insert::<sales_order::Entity>(sales_order::ActiveModel {
                account_id: Set(Some(hub.account)),
                ordered_at: Set(now),
                status: Set(OrderStatus::Placed),
                total_minor: Set(100),
                currency: Set("EUR".to_owned()),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Contract => {
            work.insert::<contract::Entity>(contract::ActiveModel {
                account_id: Set(hub.account),
                name: Set("Maintenance".to_owned()),
                status: Set(ContractStatus::Active),
                start_date: Set(day(1)),
                end_date: Set(Some(day(30))),
                renewal: Set(Renewal::Manual),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Product => {
            work.insert::<product::Entity>(product::ActiveModel {
                code: Set(only),
                name: Set("Pump".to_owned()),
                is_active: Set(true),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Asset => rows::asset(work, hub.account, "Press").await?.id,
        Kind::Ticket => rows::ticket(work, Some(hub.account), None, None).await?.id,
        Kind::TicketMessage => {
            let ticket = rows::ticket(work, Some(hub.account), None, None).await?.id;
            work.insert::<ticket_message::Entity>(ticket_message::ActiveModel {
                ticket_id: Set(ticket),
                account_id: Set(Some(hub.account)),
                author_type: Set(AuthorType::Colleague),
                author_id: Set(Some(cast.sam)),
                is_public: Set(!mutation.ends_with("Note")),
                is_bot: Set(false),
                body: Set("We come.".to_owned()),
                sent_at: Set(now),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::SlaClock => {
            let ticket = rows::ticket(work, Some(hub.account), None, None).await?.id;
            work.insert::<sla_clock::Entity>(sla_clock::ActiveModel {
                object_type: Set(SlaObject::Ticket),
                object_id: Set(ticket),
                account_id: Set(Some(hub.account)),
                metric: Set(SlaMetric::Resolution),
                started_at: Set(now),
                due_at: Set(Some(now + TimeDelta::days(9))),
                paused_ms: Set(0),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::SlaPolicy => {
            work.insert::<sla_policy::Entity>(sla_policy::ActiveModel {
                code: Set(only),
                revision: Set(1),
                name: Set("Gold".to_owned()),
                metric: Set(SlaMetric::NextResponse),
                target_ms: Set(3_600_000),
                pause_on: Set(json!([])),
                valid_from: Set(now),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::SurveyAnswer => {
            work.insert::<survey_answer::Entity>(survey_answer::ActiveModel {
                kind: Set(SurveyKind::Csat),
                scale: Set(5),
                score: Set(4),
                account_id: Set(Some(hub.account)),
                answered_at: Set(now),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::CustomField => {
            let field = custom(CustomFieldType::Choice, work);
            work.insert::<custom_field::Entity>(field).await?.id
        }
        Kind::WebhookEndpoint => {
            work.insert::<webhook_endpoint::Entity>(webhook_endpoint::ActiveModel {
                url: Set("https://example.com/hooks".to_owned()),
                event_types: Set(json!([])),
                scheme: Set(WebhookScheme::Hmac),
                secret: Set("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
                state: Set(WebhookState::Active),
                owner_subject: Set("ina".to_owned()),
                owner_roles: Set("integrator".to_owned()),
                owner_grants: Set(None),
                position: Set(0),
                place: Set(1),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::SourceSystem => {
            work.insert::<source_system::Entity>(source_system::ActiveModel {
                code: Set(only),
                name: Set("CRM".to_owned()),
                kind: Set("CSV".to_owned()),
                trust_rank: Set(100),
                keeps_raw: Set(false),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::WebhookDelivery => {
            let endpoint_id = Box::pin(insert(work, house, hub, Kind::WebhookEndpoint, "")).await?;
            let id = work.fresh_id();
            let failed = webhook_delivery::Model {
                tenant_id: house.tenant,
                id,
                endpoint_id,
                place: 1,
                position: Some(1),
                event_id: Some(id),
                kind: "record.created".to_owned(),
                object_type: "ACCOUNT".to_owned(),
                object_id: hub.account,
                is_replay: false,
                status: WebhookDeliveryStatus::Failed,
                attempts: 10,
                step: 9,
                next_attempt_at: None,
                lease_until: None,
                last_attempt_at: Some(now),
                response_status: Some(500),
                response_excerpt: None,
                problem: Some(WebhookProblem::Status),
                attempt_log: json!([]),
                settled_at: Some(now),
                version: 1,
                created_at: now,
                updated_at: now,
            };
            let row = webhook_delivery::ActiveModel::from(failed);
            work.insert_technical::<webhook_delivery::Entity>(vec![row]).await?;
            id
        }
        Kind::FieldPolicy => {
            work.insert::<field_policy::Entity>(field_policy::ActiveModel {
                entity: Set("account".to_owned()),
                field: Set(format!("custom.{only}")),
                rule: Set(FieldRule::Newest),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::FieldConflict => {
            let source = Box::pin(insert(work, house, hub, Kind::SourceSystem, "")).await?;
            let id = work.fresh_id();
            let row = field_conflict::ActiveModel {
                id: Set(id),
                source_id: Set(source),
                entity: Set("account".to_owned()),
                object_id: Set(hub.account),
                field: Set("name".to_owned()),
                rule: Set(FieldRule::Manual),
                value: Set(json!(["Hub AG"])),
                held: Set(json!(["Hub"])),
                sent_at: Set(now),
                state: Set(ConflictState::Open),
                resolved_by_id: Set(None),
                resolved_at: Set(None),
                version: Set(1),
                created_at: Set(now),
                updated_at: Set(now),
                ..Default::default()
            };
            work.insert_technical::<field_conflict::Entity>(vec![row]).await?;
            id
        }
        Kind::Note => {
            work.insert::<note::Entity>(note::ActiveModel {
                subject_type: Set(RecordType::Account),
                subject_id: Set(hub.account),
                account_id: Set(Some(hub.account)),
                author_id: Set(Some(cast.sam)),
                body: Set("Call them.".to_owned()),
                visibility: Set(NoteVisibility::Team),
                discipline: Set(Some(Discipline::Sales)),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::Task => {
            work.insert::<task::Entity>(task::ActiveModel {
                title: Set("Call".to_owned()),
                account_id: Set(Some(hub.account)),
                subject_type: Set(Some(RecordType::Account)),
                subject_id: Set(Some(hub.account)),
                assignee_id: Set(Some(cast.sam)),
                done_at: Set((mutation == "reopenTask").then_some(now)),
                ..Default::default()
            })
            .await?
            .id
        }
        Kind::File => {
            let mut row = file::ActiveModel {
                account_id: Set(Some(hub.account)),
                name: Set("plan.pdf".to_owned()),
                content_type: Set("application/pdf".to_owned()),
                size_bytes: Set(7),
                ..Default::default()
            };
            if mutation.contains("Meeting") {
                row.meeting_id = Set(Some(rows::meeting(work, hub.account, "Visit").await?.id));
            } else if mutation.contains("Contract") {
                row.contract_id = Set(Some(Box::pin(insert(work, house, hub, Kind::Contract, "")).await?));
            } else {
                row.ticket_id = Set(Some(rows::ticket(work, Some(hub.account), None, None).await?.id));
            }
            work.insert::<file::Entity>(row).await?.id
        }
        Kind::ImportJob => {
            let id = work.fresh_id();
            let job = import_job::Model {
                tenant_id: work.tenant(),
                id,
                entity: "account".to_owned(),
                source: "crm".to_owned(),
                format: ImportFormat::Ndjson,
                options: json!({
                    "mode": "UPSERT", "errorPolicy": "SKIP_FAILED", "conflict": "KEEP", "delimiter": 44, "null": "",
                    "mapping": {}, "roles": [],
                }),
                dry_run: false,
                state: if mutation == "undoImport" { ImportState::Done } else { ImportState::Ready },
                error: None,
                created_by: "sam".to_owned(),
                idempotency_key: None,
                file_id: None,
                size_bytes: Some(7),
                checksum: Some(only),
                byte_offset: 0,
                next_line: 1,
                counts: json!({}),
                undo_counts: None,
                undo_line: None,
                undo_dry_run: false,
                lease: None,
                lease_until: None,
                attempts: 0,
                ended_at: None,
                forgotten_at: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            let row = sea_orm::ActiveModelTrait::reset_all(import_job::ActiveModel::from(job));
            work.insert_technical::<import_job::Entity>(vec![row]).await?;
            id
        }
        Kind::Event => unreachable!("an event is nobody's input"),
        Kind::Merge => unreachable!("two are merged by the front door"),
    })
}
