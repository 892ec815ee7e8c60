//! Rows of a scene, written through the one write path. Each takes what tests vary and fills in the rest.

use api::{graph::Result, journey::Work};
use chrono::{DateTime, Utc};
use entities::{
    account::{
        account, account_team_member, consent, contact, contact_point, industry, industry_closure, industry_team_member,
    },
    codes::{
        AccessLevel, ConsentPurpose, ConsentState, ContactPointKind, Discipline, Interaction, LeadStatus, LegalBasis,
        MeetingKind, TicketPriority, TicketStatus,
    },
    marketing::{lead, touchpoint},
    sales::{meeting, opportunity, pipeline},
    service::{asset, ticket},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

/// An account.
pub async fn account(
    work: &mut Work<'_>,
    name: &str,
    owner: Option<Uuid>,
    industry: Option<Uuid>,
) -> Result<account::Model> {
    work.insert::<account::Entity>(account::ActiveModel {
        name: Set(name.to_owned()),
        domains: Set(serde_json::json!([])),
        lifecycle_stage: Set("TARGET".to_owned()),
        country: Set(Some("DE".to_owned())),
        owner_id: Set(owner),
        industry_id: Set(industry),
        annual_revenue_minor: Set(Some(123_456)),
        currency: Set(Some("EUR".to_owned())),
        ..Default::default()
    })
    .await
}

/// An industry under another, with its lines in the closure table.
pub async fn industry(work: &mut Work<'_>, code: &str, parent: Option<Uuid>) -> Result<industry::Model> {
    let row = work
        .insert::<industry::Entity>(industry::ActiveModel {
            code: Set(code.to_owned()),
            name: Set(format!("Industry {code}")),
            parent_id: Set(parent),
            ..Default::default()
        })
        .await?;
    let mut lines = vec![(row.id, 0)];
    if let Some(parent) = parent {
        let above = industry_closure::Entity::find()
            .filter(industry_closure::Column::TenantId.eq(work.tenant()))
            .filter(industry_closure::Column::DescendantId.eq(parent))
            .all(work.tx())
            .await?;
        lines.extend(above.into_iter().map(|line| (line.ancestor_id, line.depth + 1)));
    }
    let lines = lines.into_iter().map(|(ancestor, depth)| industry_closure::ActiveModel {
        ancestor_id: Set(ancestor),
        descendant_id: Set(row.id),
        depth: Set(depth),
        ..Default::default()
    });
    work.insert_technical::<industry_closure::Entity>(lines.collect()).await?;
    Ok(row)
}

/// How far a membership reaches, in the wings account, marketing, sales, service.
pub type Levels = [AccessLevel; 4];

/// EDIT in every wing.
pub const EDIT: Levels = [AccessLevel::Edit; 4];
/// READ in every wing.
pub const READ: Levels = [AccessLevel::Read; 4];

/// From when to when.
pub type Span = (DateTime<Utc>, Option<DateTime<Utc>>);

/// A membership in an account's team.
pub async fn member(
    work: &mut Work<'_>,
    account: Uuid,
    colleague: Uuid,
    discipline: Discipline,
    levels: Levels,
    (from, to): Span,
) -> Result<account_team_member::Model> {
    let [access_account, access_marketing, access_sales, access_service] = levels;
    work.insert::<account_team_member::Entity>(account_team_member::ActiveModel {
        account_id: Set(account),
        colleague_id: Set(colleague),
        discipline: Set(discipline),
        is_lead: Set(false),
        access_account: Set(access_account),
        access_marketing: Set(access_marketing),
        access_sales: Set(access_sales),
        access_service: Set(access_service),
        valid_from: Set(from),
        valid_to: Set(to),
        ..Default::default()
    })
    .await
}

/// A membership in an industry's team.
pub async fn industry_member(
    work: &mut Work<'_>,
    industry: Uuid,
    colleague: Uuid,
    levels: Levels,
    (from, to): Span,
) -> Result<industry_team_member::Model> {
    let [access_account, access_marketing, access_sales, access_service] = levels;
    work.insert::<industry_team_member::Entity>(industry_team_member::ActiveModel {
        industry_id: Set(industry),
        colleague_id: Set(colleague),
        discipline: Set(Discipline::Sales),
        is_lead: Set(false),
        access_account: Set(access_account),
        access_marketing: Set(access_marketing),
        access_sales: Set(access_sales),
        access_service: Set(access_service),
        valid_from: Set(from),
        valid_to: Set(to),
        ..Default::default()
    })
    .await
}

/// A person.
pub async fn contact(work: &mut Work<'_>, account: Option<Uuid>, given: &str, family: &str) -> Result<contact::Model> {
    work.insert::<contact::Entity>(contact::ActiveModel {
        given_name: Set(Some(given.to_owned())),
        family_name: Set(Some(family.to_owned())),
        lifecycle_stage: Set("SUBSCRIBER".to_owned()),
        account_id: Set(account),
        ..Default::default()
    })
    .await
}

/// A way to reach a person.
pub async fn point(
    work: &mut Work<'_>,
    contact: &contact::Model,
    kind: ContactPointKind,
    value: &str,
) -> Result<contact_point::Model> {
    work.insert::<contact_point::Entity>(contact_point::ActiveModel {
        contact_id: Set(Some(contact.id)),
        account_id: Set(contact.account_id),
        kind: Set(kind),
        value: Set(Some(value.to_owned())),
        is_primary: Set(true),
        ..Default::default()
    })
    .await
}

/// Marketing consent for a channel.
pub async fn consent(
    work: &mut Work<'_>,
    contact: Uuid,
    channel: Option<ContactPointKind>,
    state: ConsentState,
    (from, to): Span,
) -> Result<consent::Model> {
    work.insert::<consent::Entity>(consent::ActiveModel {
        contact_id: Set(contact),
        purpose: Set(ConsentPurpose::Marketing),
        channel: Set(channel),
        state: Set(state),
        legal_basis: Set(Some(LegalBasis::Consent)),
        valid_from: Set(from),
        valid_to: Set(to),
        ..Default::default()
    })
    .await
}

/// An opportunity in the tenant's sales pipeline.
pub async fn opportunity(work: &mut Work<'_>, account: Uuid, name: &str) -> Result<opportunity::Model> {
    let pipeline = pipeline::Entity::find()
        .filter(pipeline::Column::TenantId.eq(work.tenant()))
        .filter(pipeline::Column::Code.eq("SALES"))
        .one(work.tx())
        .await?
        .expect("a founded tenant has a sales pipeline");
    work.insert::<opportunity::Entity>(opportunity::ActiveModel {
        account_id: Set(account),
        name: Set(name.to_owned()),
        pipeline_id: Set(pipeline.id),
        stage: Set("QUALIFICATION".to_owned()),
        amount_minor: Set(Some(100_000)),
        currency: Set(Some("EUR".to_owned())),
        ..Default::default()
    })
    .await
}

/// A meeting.
pub async fn meeting(work: &mut Work<'_>, account: Uuid, title: &str) -> Result<meeting::Model> {
    work.insert::<meeting::Entity>(meeting::ActiveModel {
        account_id: Set(Some(account)),
        title: Set(Some(title.to_owned())),
        starts_at: Set(work.now()),
        kind: Set(MeetingKind::Visit),
        ..Default::default()
    })
    .await
}

/// A touchpoint.
pub async fn touchpoint(
    work: &mut Work<'_>,
    account: Uuid,
    interaction: Interaction,
    page: &str,
) -> Result<touchpoint::Model> {
    work.insert::<touchpoint::Entity>(touchpoint::ActiveModel {
        account_id: Set(Some(account)),
        interaction: Set(interaction),
        occurred_at: Set(work.now()),
        page_url: Set(Some(page.to_owned())),
        is_inbound: Set(true),
        ..Default::default()
    })
    .await
}

/// A lead, perhaps of a colleague or in a queue.
pub async fn lead(
    work: &mut Work<'_>,
    account: Option<Uuid>,
    owner: Option<Uuid>,
    queue: Option<Uuid>,
) -> Result<lead::Model> {
    work.insert::<lead::Entity>(lead::ActiveModel {
        account_id: Set(account),
        status: Set(LeadStatus::New),
        owner_id: Set(owner),
        queue_id: Set(queue),
        ..Default::default()
    })
    .await
}

/// A ticket, perhaps of a colleague or in a queue.
pub async fn ticket(
    work: &mut Work<'_>,
    account: Option<Uuid>,
    owner: Option<Uuid>,
    queue: Option<Uuid>,
) -> Result<ticket::Model> {
    work.insert::<ticket::Entity>(ticket::ActiveModel {
        account_id: Set(account),
        subject: Set("It leaks".to_owned()),
        status: Set(TicketStatus::New),
        priority: Set(TicketPriority::Normal),
        owner_id: Set(owner),
        queue_id: Set(queue),
        reopened_count: Set(0),
        ..Default::default()
    })
    .await
}

/// An installed machine.
pub async fn asset(work: &mut Work<'_>, account: Uuid, name: &str) -> Result<asset::Model> {
    work.insert::<asset::Entity>(asset::ActiveModel {
        account_id: Set(account),
        name: Set(Some(name.to_owned())),
        ..Default::default()
    })
    .await
}
