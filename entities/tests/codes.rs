//! A code has one name, whoever writes it: column, GraphQL, JSON.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use async_graphql::resolver_utils::EnumType;
use entities::codes::*;
use sea_orm::{ActiveEnum, Iterable};

#[test]
fn a_code_has_the_same_name_everywhere() {
    macro_rules! check {
        ($($name:ident),+) => {
            $(
                assert_eq!($name::iter().collect::<Vec<_>>(), $name::ALL);
                for code in $name::ALL.iter().copied() {
                    let text = code.as_str();
                    assert_eq!($name::parse(text), Some(code));
                    assert_eq!(code.to_value(), text);
                    assert_eq!(serde_json::to_value(code).unwrap(), text);
                    assert_eq!(serde_json::from_value::<$name>(text.into()).unwrap(), code);
                    let item = $name::items().iter().find(|item| item.value == code).unwrap();
                    assert_eq!(item.name, text);
                }
                assert_eq!($name::parse("no such code"), None);
            )+
        };
    }
    check!(
        Tier,
        Discipline,
        AccessLevel,
        ContactPointKind,
        IdentityKind,
        IdentityStrength,
        ConsentState,
        ConsentPurpose,
        LegalBasis,
        Seniority,
        BuyingRole,
        SizeBand,
        Wing,
        DefinitionKind,
        ChannelGroup,
        CampaignType,
        CampaignStatus,
        CostKind,
        ContentKind,
        Interaction,
        LeadStatus,
        LeadTouchRole,
        HandoverBoundary,
        HandoverOutcome,
        ReasonCode,
        StageObject,
        ForecastCategory,
        ContactRole,
        MeetingKind,
        MeetingOutcome,
        AttendeeResponse,
        RequirementCategory,
        RequirementStatus,
        ActivityKind,
        ActivityOutcome,
        Direction,
        NoteVisibility,
        OrderStatus,
        ContractStatus,
        Renewal,
        TicketStatus,
        TicketPriority,
        TicketChannel,
        AuthorType,
        SlaMetric,
        SlaObject,
        SurveyKind,
        SubjectType,
        EventDomain,
        ChangeKind,
        CustomEntity,
        CustomFieldType
    );
}
