//! The events as GraphQL shows them: one interface, one type a shape of payload.

use std::sync::Arc;

use async_graphql::{Context, Interface, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use entities::{
    account::colleague,
    codes::{EventDomain, SubjectType},
    marketing::{channel, lead},
    sales::opportunity,
};

use super::{EventKind, Payload, Shape, event_id, object::JourneyObject, reader::SeenEvent};
use crate::{
    account::{Colleague, Contact},
    graph::{Cx, GlobalId, Kind, Money, Result, one},
    marketing::{Campaign, Channel, Lead},
    policy::{Class, access},
    sales::Opportunity,
};

/// Whom an event is about.
#[derive(Clone, Debug, SimpleObject)]
pub struct EventSubject {
    /// What it is.
    pub subject_type: SubjectType,
    /// Which one.
    pub id: GlobalId,
}

/// The prefix of a subject's ids.
pub const fn kind_of(ty: SubjectType) -> Kind {
    match ty {
        SubjectType::Account => Kind::Account,
        SubjectType::Contact => Kind::Contact,
        SubjectType::Visitor => Kind::Visitor,
        SubjectType::Opportunity => Kind::Opportunity,
        SubjectType::Lead => Kind::Lead,
        SubjectType::Campaign => Kind::Campaign,
        SubjectType::Ticket => Kind::Ticket,
        SubjectType::Asset => Kind::Asset,
        SubjectType::Industry => Kind::Industry,
    }
}

macro_rules! event_types {
    ($($(#[doc = $doc:literal])* $name:ident of $ty:ident { $($fields:tt)* })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone)]
            pub struct $name(pub Arc<SeenEvent>);

            $(#[doc = $doc])*
            #[async_graphql::Object]
            impl $name {
                /// The event's id; it sorts by the moment when it happened.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn id(&self) -> GlobalId {
                    GlobalId::new(Kind::Event, self.0.row.id)
                }
                /// The dot name of what happened, such as `opportunity.won`. Webhook types are the same.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn kind(&self) -> &str {
                    &self.0.row.kind
                }
                /// Which part of the journey.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn domain(&self) -> EventDomain {
                    self.0.row.domain
                }
                /// When it happened (UTC).
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn occurred_at(&self) -> DateTime<Utc> {
                    event_id::occurred_at(self.0.row.id)
                }
                /// When Journey learned of it (UTC); rises strictly within the tenant.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn recorded_at(&self) -> DateTime<Utc> {
                    self.0.row.recorded_at
                }
                /// True when the source gave no possible time; then `occurredAt` is when it was recorded.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn time_uncertain(&self) -> bool {
                    self.0.row.time_uncertain
                }
                /// How much it matters: 1 detail, 2 step, 3 milestone; 0 for plain changes of records.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn importance(&self) -> i32 {
                    self.0.row.importance
                }
                /// The colleague who did it; null when it was the customer, a machine, or somebody whom you may not see.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Colleague>> {
                    Box::pin(one::<colleague::Entity, _>(Cx::of(ctx), self.0.row.actor_id)).await
                }
                /// Whom it is about, at most 100, without those whom you may not see.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn subjects(&self, ctx: &Context<'_>) -> Result<Vec<EventSubject>> {
                    Box::pin(self.0.subjects(Cx::of(ctx))).await
                }
                /// The person whom it is about; null where there is none, or none whom you may see.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn contact(&self, ctx: &Context<'_>) -> Result<Option<Contact>> {
                    Box::pin(self.0.contact(Cx::of(ctx))).await
                }
                /// The campaign that it is about; null where there is none, or none that you may see.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn campaign(&self, ctx: &Context<'_>) -> Result<Option<Campaign>> {
                    Box::pin(self.0.campaign(Cx::of(ctx))).await
                }
                /// What it is about, as it is now and as far as you may see it; null where you may not.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn object(&self, ctx: &Context<'_>) -> Result<Option<JourneyObject>> {
                    Box::pin(self.0.object(Cx::of(ctx))).await
                }
                /// In words, with the object's name where you may read it.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn title(&self, ctx: &Context<'_>) -> Result<String> {
                    Box::pin(self.0.title(Cx::of(ctx))).await
                }
                /// What changed, in codes and amounts; null where there is nothing to add to the title.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn summary(&self) -> Option<String> {
                    self.0.summary()
                }
                /// The system that told it; null for Journey itself.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn source(&self) -> Option<&str> {
                    self.0.row.source.as_deref()
                }
                /// The event that this one corrects or takes back, which stands on no timeline any more; null where it does neither.
                #[graphql(directive = access::apply(stringify!($ty).into(), "*".into(), false))]
                pub async fn supersedes(&self) -> Option<GlobalId> {
                    self.0.row.supersedes.map(|event| GlobalId::new(Kind::Event, event))
                }
                $($fields)*
            }
        )*

        /// Something that happened on a customer's way. Its title and object obey your present rights.
        #[derive(Clone, Interface)]
        #[graphql(
            field(name = "id", ty = "GlobalId", desc = "The event's id; it sorts by the moment when it happened."),
            field(name = "kind", ty = "&str", desc = "The dot name of what happened, such as `opportunity.won`."),
            field(name = "domain", ty = "EventDomain", desc = "Which part of the journey."),
            field(name = "occurred_at", ty = "DateTime<Utc>", desc = "When it happened (UTC)."),
            field(name = "recorded_at", ty = "DateTime<Utc>", desc = "When Journey learned of it (UTC)."),
            field(name = "time_uncertain", ty = "bool", desc = "True when the source gave no possible time."),
            field(name = "importance", ty = "i32", desc = "1 detail, 2 step, 3 milestone; 0 for plain changes of records."),
            field(name = "actor", ty = "Result<Option<Colleague>>", desc = "The colleague who did it; null when it was the customer or a machine."),
            field(name = "subjects", ty = "Result<Vec<EventSubject>>", desc = "Whom it is about, at most 100, without those whom you may not see."),
            field(name = "contact", ty = "Result<Option<Contact>>", desc = "The person whom it is about; null where there is none, or none whom you may see."),
            field(name = "campaign", ty = "Result<Option<Campaign>>", desc = "The campaign that it is about; null where there is none, or none that you may see."),
            field(name = "object", ty = "Result<Option<JourneyObject>>", desc = "What it is about, as it is now and as far as you may see it; null where you may not."),
            field(name = "title", ty = "Result<String>", desc = "In words."),
            field(name = "summary", ty = "Option<String>", desc = "What changed, in codes and amounts; null where nothing is to be added to the title."),
            field(name = "source", ty = "Option<&str>", desc = "The system that told it; null for Journey itself."),
            field(name = "supersedes", ty = "Option<GlobalId>", desc = "The event that this one corrects or takes back, which stands on no timeline any more; null where it does neither."),
        )]
        #[expect(missing_docs, reason = "each variant is the type of its name")]
        pub enum JourneyEvent { $($name($name),)* }
    };
}

event_types! {
    /// A marketing touch: a click, a view, a download, a scan, a cold call.
    TouchEvent of Touchpoint {
        /// The channel; null where unknown.
        #[graphql(directive = access::apply("Touchpoint".into(), "P".into(), false))]
        async fn channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>> {
            let Payload::Touch { channel_id, .. } = self.0.payload() else { return Ok(None) };
            Box::pin(one::<channel::Entity, _>(Cx::of(ctx), channel_id.filter(|_| self.0.may(Class::P, "channel")))).await
        }
        /// Whether the customer came to us.
        #[graphql(directive = access::apply("Touchpoint".into(), "P".into(), false))]
        async fn is_inbound(&self) -> Option<bool> {
            match self.0.payload() {
                Payload::Touch { is_inbound, .. } if self.0.may(Class::P, "isInbound") => Some(is_inbound),
                _ => None,
            }
        }
    }

    /// A lead's own life.
    LeadEvent of Lead {
        /// The score before; null where it did not change.
        #[graphql(directive = access::apply("Lead".into(), "D".into(), false))]
        async fn score_before(&self) -> Option<i32> {
            match self.0.payload() {
                Payload::Lead { score_before, .. } if self.0.may(Class::D, "score") => score_before,
                _ => None,
            }
        }
        /// The score after.
        #[graphql(directive = access::apply("Lead".into(), "D".into(), false))]
        async fn score_after(&self) -> Option<i32> {
            match self.0.payload() {
                Payload::Lead { score_after, .. } if self.0.may(Class::D, "score") => score_after,
                _ => None,
            }
        }
        /// The opportunity that it became.
        #[graphql(directive = access::apply("Lead".into(), "P".into(), false))]
        async fn opportunity(&self, ctx: &Context<'_>) -> Result<Option<Opportunity>> {
            let Payload::Lead { opportunity_id, .. } = self.0.payload() else { return Ok(None) };
            Box::pin(one::<opportunity::Entity, _>(Cx::of(ctx), opportunity_id.filter(|_| self.0.may(Class::P, "opportunity")))).await
        }
    }

    /// A handover between disciplines.
    HandoverEvent of Handover {
        /// The boundary that it crosses.
        #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
        async fn boundary(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Handover { boundary, .. } if self.0.may(Class::P, "boundary") => Some(boundary),
                _ => None,
            }
        }
        /// Why it was rejected or returned.
        #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
        async fn reason(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Handover { reason, .. } if self.0.may(Class::P, "reason") => reason,
                _ => None,
            }
        }
        /// How good it was, 1 to 5.
        #[graphql(directive = access::apply("Handover".into(), "D".into(), false))]
        async fn rating(&self) -> Option<i32> {
            match self.0.payload() {
                Payload::Handover { rating, .. } if self.0.may(Class::D, "rating") => rating,
                _ => None,
            }
        }
        /// The lead that was handed over; null for other subjects.
        #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
        async fn lead(&self, ctx: &Context<'_>) -> Result<Option<Lead>> {
            let Payload::Handover { subject_type, subject_id, .. } = self.0.payload() else { return Ok(None) };
            let id = (subject_type == SubjectType::Lead.as_str()).then_some(subject_id);
            Box::pin(one::<lead::Entity, _>(Cx::of(ctx), id)).await
        }
    }

    /// A call, mail, visit or trial.
    ActivityEvent of Activity {
        /// INBOUND or OUTBOUND.
        #[graphql(directive = access::apply("Activity".into(), "P".into(), false))]
        async fn direction(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Activity { direction, .. } if self.0.may(Class::P, self.0.direction()) => Some(direction),
                _ => None,
            }
        }
        /// Whether a machine did it.
        #[graphql(directive = access::apply("Activity".into(), "P".into(), false))]
        async fn automatic(&self) -> Option<bool> {
            match self.0.payload() {
                Payload::Activity { automatic, .. } => Some(automatic),
                _ => None,
            }
        }
    }

    /// A meeting.
    MeetingEvent of Meeting {
        /// CALL, VISIT, DEMO, ONLINE, TRADE_FAIR or WORKSHOP.
        #[graphql(directive = access::apply("Meeting".into(), "P".into(), false))]
        async fn meeting_kind(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Meeting { kind, .. } => Some(kind),
                _ => None,
            }
        }
        /// When the meeting starts (UTC), which is not when this event happened.
        #[graphql(directive = access::apply("Meeting".into(), "P".into(), false))]
        async fn starts_at(&self) -> Option<DateTime<Utc>> {
            match self.0.payload() {
                Payload::Meeting { starts_at, .. } => Some(starts_at),
                _ => None,
            }
        }
    }

    /// Something that the customer needs.
    RequirementEvent of Meeting {
        /// Its category.
        #[graphql(directive = access::apply("Meeting".into(), "P".into(), false))]
        async fn category(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Requirement { category } => Some(category),
                _ => None,
            }
        }
    }

    /// An opportunity's way.
    OpportunityEvent of Opportunity {
        /// The stage before; null where it did not change.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
        async fn from_stage(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Stage { from, .. } if self.0.may(Class::P, "stage") => from,
                _ => None,
            }
        }
        /// The stage after.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
        async fn to_stage(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Stage { to, .. } if self.0.may(Class::P, "stage") => to,
                _ => None,
            }
        }
        /// The amount after.
        #[graphql(directive = access::apply("Opportunity".into(), "M".into(), false))]
        async fn amount(&self) -> Option<Money> {
            if !self.0.may(Class::M, "amount") {
                return None;
            }
            match self.0.payload() {
                Payload::Stage { amount_minor, currency, .. } => Some(Money::from_minor(amount_minor?, currency.as_deref()?)),
                Payload::Amount { after_minor, currency, .. } => Some(Money::from_minor(after_minor?, currency.as_deref()?)),
                _ => None,
            }
        }
        /// The amount before; null where it did not change.
        #[graphql(directive = access::apply("Opportunity".into(), "M".into(), false))]
        async fn amount_before(&self) -> Option<Money> {
            match self.0.payload() {
                Payload::Amount { before_minor, currency, .. } if self.0.may(Class::M, "amount") => {
                    Some(Money::from_minor(before_minor?, currency.as_deref()?))
                }
                _ => None,
            }
        }
        /// The expected close before; null where it did not move.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
        async fn close_date_before(&self) -> Option<NaiveDate> {
            match self.0.payload() {
                Payload::Date { before, .. } if self.0.may(Class::P, "closeDate") => before,
                _ => None,
            }
        }
        /// The expected close after.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
        async fn close_date_after(&self) -> Option<NaiveDate> {
            match self.0.payload() {
                Payload::Date { after, .. } if self.0.may(Class::P, "closeDate") => after,
                _ => None,
            }
        }
    }

    /// An order or a contract.
    OrderEvent of Order {
        /// The total.
        #[graphql(directive = access::apply("Order".into(), "M".into(), false))]
        async fn total(&self) -> Option<Money> {
            match self.0.payload() {
                Payload::Order { total_minor, currency } if self.0.may(Class::M, "total") => {
                    Some(Money::from_minor(total_minor?, currency.as_deref()?))
                }
                _ => None,
            }
        }
    }

    /// A machine at the customer's.
    AssetEvent of Asset {}

    /// A ticket and its messages.
    TicketEvent of Ticket {
        /// The status before; null where it did not change.
        #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
        async fn status_before(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Ticket { status_before, .. } if self.0.may(Class::P, "status") => status_before,
                _ => None,
            }
        }
        /// The status after.
        #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
        async fn status_after(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Ticket { status_after, .. } if self.0.may(Class::P, "status") => status_after,
                _ => None,
            }
        }
        /// The colleague whom it went to.
        #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
        async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<Colleague>> {
            let Payload::Ticket { assignee_id, .. } = self.0.payload() else { return Ok(None) };
            Box::pin(one::<colleague::Entity, _>(Cx::of(ctx), assignee_id.filter(|_| self.0.may(Class::P, "owner")))).await
        }
    }

    /// A promise that was broken.
    ServiceLevelEvent of ServiceLevel {
        /// What was promised.
        #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
        async fn metric(&self) -> Option<String> {
            match self.0.payload() {
                Payload::ServiceLevel { metric, .. } => Some(metric),
                _ => None,
            }
        }
        /// By when (UTC).
        #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
        async fn due_at(&self) -> Option<DateTime<Utc>> {
            match self.0.payload() {
                Payload::ServiceLevel { due_at, .. } => due_at,
                _ => None,
            }
        }
    }

    /// An answer to a survey.
    SurveyEvent of ServiceLevel {
        /// The score.
        #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
        async fn score(&self) -> Option<i32> {
            match self.0.payload() {
                Payload::Survey { score, .. } => Some(score),
                _ => None,
            }
        }
        /// The highest possible score.
        #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
        async fn scale(&self) -> Option<i32> {
            match self.0.payload() {
                Payload::Survey { scale, .. } => Some(scale),
                _ => None,
            }
        }
    }

    /// A stage of a person or an account, entered or left.
    StageEvent of Account {
        /// The stage.
        #[graphql(directive = access::apply("Account".into(), "P".into(), false))]
        async fn stage(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Lifecycle { stage, .. } if self.0.may(Class::P, "lifecycleStage") => Some(stage),
                _ => None,
            }
        }
        /// Since when it was in the stage that it leaves; null on entering.
        #[graphql(directive = access::apply("Account".into(), "P".into(), false))]
        async fn entered_at(&self) -> Option<DateTime<Utc>> {
            match self.0.payload() {
                Payload::Lifecycle { entered_at, .. } if self.0.may(Class::P, "lifecycleStage") => entered_at,
                _ => None,
            }
        }
    }

    /// A link, a merge, a consent, an erasure.
    IdentityEvent of Account {
        /// What a consent is for; null for other kinds.
        #[graphql(directive = access::apply("Consent".into(), "K".into(), false))]
        async fn consent_purpose(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Consent { purpose, .. } if self.0.may(Class::K, "purpose") => Some(purpose),
                _ => None,
            }
        }

        /// The record on the other side of a merge or a link: of the one that stays, the one that was merged into it; null for other
        /// kinds.
        #[graphql(directive = access::apply("Account".into(), "P".into(), false))]
        async fn other_id(&self) -> Option<GlobalId> {
            match self.0.payload() {
                Payload::Identity { other_type, other_id, .. } if self.0.may(Class::P, "id") => {
                    let ty = SubjectType::parse(&other_type?)?;
                    Some(GlobalId::new(kind_of(ty), other_id?))
                }
                _ => None,
            }
        }
    }

    /// A change of an account's team.
    TeamEvent of AccountTeam {
        /// Who came or went.
        #[graphql(directive = access::apply("AccountTeam".into(), "P".into(), false))]
        async fn colleague(&self, ctx: &Context<'_>) -> Result<Option<Colleague>> {
            let Payload::Team { colleague_id, .. } = self.0.payload() else { return Ok(None) };
            Box::pin(one::<colleague::Entity, _>(Cx::of(ctx), colleague_id)).await
        }
        /// In which discipline.
        #[graphql(directive = access::apply("AccountTeam".into(), "P".into(), false))]
        async fn discipline(&self) -> Option<String> {
            match self.0.payload() {
                Payload::Team { discipline, .. } => Some(discipline),
                _ => None,
            }
        }
    }

    /// A plain change of a record, a note, a task.
    RecordEvent of Account {
        /// The names of the columns that changed; empty for a new record.
        #[graphql(directive = access::apply("Account".into(), "*".into(), false))]
        async fn changed_fields(&self) -> Vec<String> {
            match self.0.payload() {
                Payload::Record { fields } if self.0.may(Class::P, "changedFields") => fields,
                _ => Vec::new(),
            }
        }
    }
}

impl From<Arc<SeenEvent>> for JourneyEvent {
    fn from(seen: Arc<SeenEvent>) -> JourneyEvent {
        let shape = EventKind::parse(&seen.row.kind).map_or(Shape::Record, |kind| kind.declared().shape);
        match shape {
            Shape::Touch => TouchEvent(seen).into(),
            Shape::Lead => LeadEvent(seen).into(),
            Shape::Handover => HandoverEvent(seen).into(),
            Shape::Activity => ActivityEvent(seen).into(),
            Shape::Meeting => MeetingEvent(seen).into(),
            Shape::Requirement => RequirementEvent(seen).into(),
            Shape::Opportunity => OpportunityEvent(seen).into(),
            Shape::Order => OrderEvent(seen).into(),
            Shape::Asset => AssetEvent(seen).into(),
            Shape::Ticket => TicketEvent(seen).into(),
            Shape::ServiceLevel => ServiceLevelEvent(seen).into(),
            Shape::Survey => SurveyEvent(seen).into(),
            Shape::Stage => StageEvent(seen).into(),
            Shape::Identity => IdentityEvent(seen).into(),
            Shape::Team => TeamEvent(seen).into(),
            Shape::Record => RecordEvent(seen).into(),
        }
    }
}
