//! Every kind of event, declared in one place: its name, domain, object, importance and the shape of its payload.
//!
//! To add one: a line here; if its payload has a new shape, a variant of [`Payload`](super::Payload) and its GraphQL type.

use std::{collections::HashMap, sync::LazyLock};

use entities::codes::{EventDomain, Wing};

use super::ObjectType;

/// Which GraphQL type shows the event: kinds with one shape of payload share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A marketing touch.
    Touch,
    /// A lead's own life.
    Lead,
    /// A handover between disciplines.
    Handover,
    /// A call, mail, visit or trial.
    Activity,
    /// A meeting.
    Meeting,
    /// A requirement heard.
    Requirement,
    /// An opportunity.
    Opportunity,
    /// An order or contract.
    Order,
    /// An installed machine.
    Asset,
    /// A ticket and its messages.
    Ticket,
    /// A broken or met promise.
    ServiceLevel,
    /// An answer to a survey.
    Survey,
    /// A stage entered or left.
    Stage,
    /// Identities, merges, consent, erasure.
    Identity,
    /// The account team.
    Team,
    /// A change that no other kind names.
    Record,
}

/// What is declared of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The dot name; webhook types are the same.
    pub name: &'static str,
    /// Which part of the journey; events about notes and tasks belong to that of their record.
    pub domain: EventDomain,
    /// What the event's object is, where the kind fixes it.
    pub object: Option<ObjectType>,
    /// How much it matters on a timeline, 0 to 3: 0 is left out unless asked for.
    pub importance: i32,
    /// Which GraphQL type shows it.
    pub shape: Shape,
}

impl EventKind {
    /// Which part of the journey an event of this kind belongs to: what the kind declares, or the part of the wing that the row follows.
    pub(super) fn domain_in(self, wing: Option<Wing>) -> EventDomain {
        wing.map_or(self.declared().domain, domain_of)
    }
}

/// The part of the journey that stands for a wing.
pub(super) const fn domain_of(wing: Wing) -> EventDomain {
    match wing {
        Wing::Account => EventDomain::Journey,
        Wing::Marketing => EventDomain::Marketing,
        Wing::Sales => EventDomain::Sales,
        Wing::Service => EventDomain::Service,
    }
}

macro_rules! kinds {
    ($($name:ident $dot:literal $domain:ident $object:tt $importance:literal $shape:ident;)*) => {
        /// A kind of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the dot name says it")]
        pub enum EventKind { $($name,)* }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[EventKind] = &[$(EventKind::$name,)*];

            /// What is declared of it.
            pub const fn declared(self) -> Declared {
                match self {
                    $(EventKind::$name => Declared {
                        name: $dot,
                        domain: EventDomain::$domain,
                        object: kinds!(@object $object),
                        importance: $importance,
                        shape: Shape::$shape,
                    },)*
                }
            }
        }
    };
    (@object _) => { None };
    (@object $object:ident) => { Some(ObjectType::$object) };
}

kinds! {
    AdClicked "ad.clicked" Marketing Touchpoint 1 Touch;
    PageViewed "page.viewed" Marketing Touchpoint 1 Touch;
    ContentDownloaded "content.downloaded" Marketing Touchpoint 2 Touch;
    FormSubmitted "form.submitted" Marketing Touchpoint 2 Touch;
    EmailSent "email.sent" Marketing Touchpoint 1 Touch;
    EmailClicked "email.clicked" Marketing Touchpoint 1 Touch;
    EmailBounced "email.bounced" Marketing Touchpoint 1 Touch;
    EmailUnsubscribed "email.unsubscribed" Marketing Touchpoint 2 Touch;
    WebinarRegistered "webinar.registered" Marketing Touchpoint 2 Touch;
    WebinarAttended "webinar.attended" Marketing Touchpoint 2 Touch;
    EventAttended "event.attended" Marketing Touchpoint 2 Touch;
    TradefairBoothScanned "tradefair.booth_scanned" Marketing Touchpoint 2 Touch;
    SocialEngaged "social.engaged" Marketing Touchpoint 1 Touch;
    CampaignResponded "campaign.responded" Marketing Touchpoint 2 Touch;
    ResearchFound "research.found" Marketing Touchpoint 1 Touch;
    ReferralReceived "referral.received" Marketing Touchpoint 2 Touch;
    PartnerIntroduced "partner.introduced" Marketing Touchpoint 2 Touch;

    LeadCreated "lead.created" Lead Lead 2 Lead;
    LeadScored "lead.scored" Lead Lead 1 Lead;
    LeadQualified "lead.qualified" Lead Lead 2 Lead;
    LeadConverted "lead.converted" Lead Lead 3 Lead;
    LeadDisqualified "lead.disqualified" Lead Lead 2 Lead;
    HandoverOffered "handover.offered" Lead Handover 2 Handover;
    HandoverAccepted "handover.accepted" Lead Handover 3 Handover;
    HandoverRejected "handover.rejected" Lead Handover 3 Handover;
    HandoverReturned "handover.returned" Lead Handover 2 Handover;
    HandoverExpired "handover.expired" Lead Handover 2 Handover;
    HandoverRecalled "handover.recalled" Lead Handover 2 Handover;

    MailSent "mail.sent" Sales Activity 1 Activity;
    MailReceived "mail.received" Sales Activity 1 Activity;
    CallAttempted "call.attempted" Sales Activity 1 Activity;
    CallConnected "call.connected" Sales Activity 2 Activity;
    MeetingScheduled "meeting.scheduled" Sales Meeting 1 Meeting;
    MeetingRescheduled "meeting.rescheduled" Sales Meeting 1 Meeting;
    MeetingHeld "meeting.held" Sales Meeting 3 Meeting;
    MeetingNoShow "meeting.no_show" Sales Meeting 2 Meeting;
    MeetingCancelled "meeting.cancelled" Sales Meeting 1 Meeting;
    DemoGiven "demo.given" Sales Meeting 3 Meeting;
    RequirementRecorded "requirement.recorded" Sales Requirement 2 Requirement;
    NoteAdded "note.added" Sales Note 1 Record;
    TaskCompleted "task.completed" Sales Task 1 Record;
    OpportunityCreated "opportunity.created" Sales Opportunity 3 Opportunity;
    OpportunityStageChanged "opportunity.stage_changed" Sales Opportunity 2 Opportunity;
    OpportunityAmountChanged "opportunity.amount_changed" Sales Opportunity 2 Opportunity;
    OpportunityCloseDateMoved "opportunity.close_date_moved" Sales Opportunity 1 Opportunity;
    OpportunityWon "opportunity.won" Sales Opportunity 3 Opportunity;
    OpportunityLost "opportunity.lost" Sales Opportunity 3 Opportunity;
    OpportunityReopened "opportunity.reopened" Sales Opportunity 2 Opportunity;
    OrderPlaced "order.placed" Sales Order 3 Order;
    OrderCancelled "order.cancelled" Sales Order 3 Order;
    ContractSigned "contract.signed" Sales Contract 3 Order;
    ContractRenewed "contract.renewed" Sales Contract 3 Order;
    ContractCancelled "contract.cancelled" Sales Contract 3 Order;

    AssetInstalled "asset.installed" Technical Asset 3 Asset;
    AssetCommissioned "asset.commissioned" Technical Asset 3 Asset;
    TrialStarted "trial.started" Technical Activity 2 Activity;
    SiteVisitHeld "site_visit.held" Technical Activity 2 Activity;

    TicketCreated "ticket.created" Service Ticket 2 Ticket;
    TicketAssigned "ticket.assigned" Service Ticket 1 Ticket;
    TicketStatusChanged "ticket.status_changed" Service Ticket 1 Ticket;
    TicketMessageIn "ticket.message_in" Service TicketMessage 1 Ticket;
    TicketMessageOut "ticket.message_out" Service TicketMessage 1 Ticket;
    TicketNoteAdded "ticket.note_added" Service TicketNote 1 Ticket;
    TicketEscalated "ticket.escalated" Service Ticket 3 Ticket;
    TicketSolved "ticket.solved" Service Ticket 2 Ticket;
    TicketReopened "ticket.reopened" Service Ticket 2 Ticket;
    TicketClosed "ticket.closed" Service Ticket 1 Ticket;
    SlaBreached "sla.breached" Service SlaClock 3 ServiceLevel;
    CsatAnswered "csat.answered" Service SurveyAnswer 2 Survey;
    NpsAnswered "nps.answered" Service SurveyAnswer 2 Survey;
    CesAnswered "ces.answered" Service SurveyAnswer 2 Survey;
    SparePartOrdered "spare_part.ordered" Service Order 2 Order;

    StageEntered "stage.entered" Journey _ 2 Stage;
    StageExited "stage.exited" Journey _ 1 Stage;
    IdentityLinked "identity.linked" Journey _ 1 Identity;
    IdentityMerged "identity.merged" Journey _ 2 Identity;
    IdentityUnmerged "identity.unmerged" Journey _ 2 Identity;
    ConsentGiven "consent.given" Law Consent 1 Identity;
    ConsentWithdrawn "consent.withdrawn" Law Consent 2 Identity;
    PersonErased "person.erased" Law Contact 2 Identity;
    TeamMemberAdded "team.member_added" Journey AccountTeamMember 1 Team;
    TeamMemberRemoved "team.member_removed" Journey AccountTeamMember 1 Team;
    RecordCreated "record.created" Journey _ 0 Record;
    RecordUpdated "record.updated" Journey _ 0 Record;
    RecordDeleted "record.deleted" Journey _ 0 Record;
}

impl EventKind {
    /// The dot name.
    pub const fn name(self) -> &'static str {
        self.declared().name
    }

    /// The kind of a dot name.
    pub fn parse(name: &str) -> Option<EventKind> {
        static BY_NAME: LazyLock<HashMap<&str, EventKind>> =
            LazyLock::new(|| EventKind::ALL.iter().map(|kind| (kind.name(), *kind)).collect());
        BY_NAME.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.name()), Some(*kind));
        }
        assert_eq!(EventKind::parse("page.seen"), None);
    }
}
