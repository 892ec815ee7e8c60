//! What becomes of a lead: it is scored, qualified, disqualified, converted.

use async_graphql::{Context, Json, Object};
use entities::{
    codes::{LeadStatus, LeadTouchRole, ReasonCode},
    marketing::{lead, touchpoint},
};
use sea_orm::Set;
use uuid::Uuid;

use super::{
    Lead, MAX_TEXT,
    lead::event,
    person,
    provenance::{self, LeadTouchInput},
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result, UserErrorCode},
    input,
    journey::{Event, EventKind, Work, attempt, holds_nul},
    payload,
    policy::{Class, access},
};

input! {
    /// The points of a lead.
    ScoreLeadInput for Lead {
        /// The points.
        D score: i32;
        /// How they came about: an object of part and points. No personal data.
        D parts: Option<Json<serde_json::Value>>;
    }
    plain {
        /// Which lead.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// The word that a lead is worth more time: marketing's before it is handed over, that of sales after it was taken.
    QualifyLeadInput for Lead {
        /// The touchpoint that lifted it over the threshold.
        P touchpoint_id: Option<GlobalId>;
    }
    plain {
        /// Which lead.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// The end of a lead that will not become anything.
    DisqualifyLeadInput for Lead {
        /// Why not.
        P reason: ReasonCode;
    }
    plain {
        /// Which lead.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `scoreLead` answers.
    ScoreLeadPayload {
        /// The lead; null if it was refused.
        lead: Lead
    }
}

payload! {
    /// What `qualifyLead` answers.
    QualifyLeadPayload {
        /// The lead; null if it was refused.
        lead: Lead
    }
}

payload! {
    /// What `disqualifyLead` answers.
    DisqualifyLeadPayload {
        /// The lead; null if it was refused.
        lead: Lead
    }
}

/// A step that the lead's state does not allow.
pub(crate) fn conflict(path: &str, status: LeadStatus) -> Error {
    Error::user(UserErrorCode::StateConflict, path, format!("the lead is {status}"))
}

/// Scores a lead.
pub async fn score(cx: &Cx, input: ScoreLeadInput) -> Result<Lead> {
    let written = input.written();
    let ScoreLeadInput { id, if_version, score, parts } = input;
    if parts.as_ref().is_some_and(|Json(parts)| !parts.is_object() || parts.to_string().len() > MAX_TEXT) {
        return Err(Error::invalid("parts", format!("an object, at most {MAX_TEXT} bytes of JSON")));
    }
    if parts.as_ref().is_some_and(|Json(parts)| holds_nul(parts)) {
        return Err(Error::invalid("parts", "a text cannot hold the character U+0000"));
    }
    let id = id.named("id", Kind::Lead)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<lead::Entity>(id, if_version, &written).await?;
    if matches!(seen.row().status, LeadStatus::Converted | LeadStatus::Disqualified) {
        return Err(conflict("id", seen.row().status));
    }
    let scored = lead::ActiveModel {
        score: Set(Some(score)),
        score_parts: Set(parts.map(|Json(parts)| parts)),
        ..Default::default()
    };
    let row = work.update::<lead::Entity>(&seen, scored).await?;
    if row.version != seen.row().version {
        work.record(event(EventKind::LeadScored, &row, seen.row().score, None, None));
    }
    let seen = work.reached::<lead::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Lead(seen))
}

/// Qualifies a lead: by marketing's word it becomes an MQL; by the word of sales, who took it, its person an SQL.
pub async fn qualify(cx: &Cx, input: QualifyLeadInput) -> Result<Lead> {
    let mut written = input.written();
    written.push((Class::P, "mql_at"));
    let QualifyLeadInput { id, if_version, touchpoint_id } = input;
    let id = id.named("id", Kind::Lead)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<lead::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    let stage = match before.status {
        LeadStatus::New | LeadStatus::Rejected | LeadStatus::Returned => "MQL",
        LeadStatus::Accepted => "SQL",
        LeadStatus::Offered | LeadStatus::Converted | LeadStatus::Disqualified => {
            return Err(conflict("id", before.status));
        }
    };
    let already = match before.status {
        LeadStatus::New => before.mql_at.is_some(),
        LeadStatus::Accepted => person::is_at_least(&work, before.contact_id, "SQL").await?,
        _ => false,
    };
    if already {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the lead is qualified already"));
    }
    let row = match stage {
        // When marketing qualified it stays as it was.
        "SQL" => before.clone(),
        // After a refusal it starts anew, and is qualified anew.
        _ => {
            let qualified =
                lead::ActiveModel { status: Set(LeadStatus::New), mql_at: Set(Some(work.now())), ..Default::default() };
            work.update::<lead::Entity>(&seen, qualified).await?
        }
    };
    work.refer_opt::<touchpoint::Entity>("touchpointId", touchpoint_id).await?;
    let lifting = touchpoint_id.map(|touchpoint_id| LeadTouchInput { touchpoint_id, role: LeadTouchRole::Qualified });
    provenance::link(&mut work, cx, id, lifting.into_iter().collect(), |_| "touchpointId".to_owned()).await?;
    work.record(event(EventKind::LeadQualified, &row, row.score, None, None));
    person::advance(&mut work, cx, row.contact_id, stage, "lead qualified").await?;
    let seen = work.reached::<lead::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Lead(seen))
}

/// Ends a lead.
pub async fn disqualify(cx: &Cx, input: DisqualifyLeadInput) -> Result<Lead> {
    let mut written = input.written();
    written.push((Class::P, "status"));
    let DisqualifyLeadInput { id, if_version, reason } = input;
    let id = id.named("id", Kind::Lead)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<lead::Entity>(id, if_version, &written).await?;
    match seen.row().status {
        LeadStatus::New | LeadStatus::Accepted | LeadStatus::Rejected | LeadStatus::Returned => {}
        // An offer is taken back or decided first, so that it is never left open for nothing.
        LeadStatus::Offered | LeadStatus::Converted | LeadStatus::Disqualified => {
            return Err(conflict("id", seen.row().status));
        }
    }
    let ended = lead::ActiveModel { status: Set(LeadStatus::Disqualified), ..Default::default() };
    let row = work.update::<lead::Entity>(&seen, ended).await?;
    let reason = Some(reason.as_str().to_owned());
    work.record(event(EventKind::LeadDisqualified, &row, row.score, None, reason));
    person::set_aside(&mut work, cx, row.contact_id, "DISQUALIFIED", "lead disqualified").await?;
    let seen = work.reached::<lead::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Lead(seen))
}

/// A lead becomes an opportunity: part of the unit of work that makes the opportunity. The caller of this function has
/// checked that the lead may be changed; `path` is the input field that named it.
pub async fn convert(work: &mut Work<'_>, lead: &lead::Model, opportunity_id: Uuid, path: &str) -> Result<lead::Model> {
    may_convert(lead, path)?;
    let row = work.update_row::<lead::Entity>(lead, into_opportunity(opportunity_id)).await?;
    work.record(converted(&row, opportunity_id));
    Ok(row)
}

/// Refuses a lead that waits for a decision, or is over.
pub fn may_convert(lead: &lead::Model, path: &str) -> Result<()> {
    match lead.status {
        LeadStatus::New | LeadStatus::Accepted => Ok(()),
        LeadStatus::Offered
        | LeadStatus::Rejected
        | LeadStatus::Returned
        | LeadStatus::Converted
        | LeadStatus::Disqualified => Err(conflict(path, lead.status)),
    }
}

/// [`convert`] for many leads that [`may_convert`], each with its opportunity.
pub async fn convert_many(work: &mut Work<'_>, leads: Vec<(lead::Model, Uuid)>) -> Result<()> {
    let deals: Vec<Uuid> = leads.iter().map(|(_, deal)| *deal).collect();
    let patches = leads.into_iter().map(|(lead, deal)| (lead, into_opportunity(deal))).collect();
    let rows = work.update_many::<lead::Entity>(patches).await?;
    for (row, deal) in rows.iter().zip(deals) {
        work.record(converted(&row.after, deal));
    }
    Ok(())
}

fn into_opportunity(opportunity_id: Uuid) -> lead::ActiveModel {
    lead::ActiveModel {
        status: Set(LeadStatus::Converted),
        converted_opportunity_id: Set(Some(opportunity_id)),
        queue_id: Set(None),
        ..Default::default()
    }
}

fn converted(row: &lead::Model, opportunity_id: Uuid) -> Event {
    let converted = event(EventKind::LeadConverted, row, row.score, Some(opportunity_id), None);
    converted.about(entities::codes::SubjectType::Opportunity, opportunity_id)
}

/// Changing leads.
#[derive(Default)]
pub struct QualifyMutation;

#[Object]
impl QualifyMutation {
    /// Gives a lead its points.
    #[graphql(directive = access::apply("Lead".into(), "D".into(), true))]
    async fn score_lead(&self, ctx: &Context<'_>, input: ScoreLeadInput) -> Result<ScoreLeadPayload> {
        let cx = Cx::of(ctx);
        ScoreLeadPayload::of(attempt(|| score(cx, input.clone())).await)
    }

    /// Says that a lead is worth more time. Before it is handed over, it and its person become MQL; once sales took it, its
    /// person becomes SQL. STATE_CONFLICT if it is qualified already, waits for a decision, or is over.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), true))]
    async fn qualify_lead(&self, ctx: &Context<'_>, input: QualifyLeadInput) -> Result<QualifyLeadPayload> {
        let cx = Cx::of(ctx);
        QualifyLeadPayload::of(attempt(|| qualify(cx, input.clone())).await)
    }

    /// Ends a lead that will not become anything. STATE_CONFLICT while it is offered, or once it is over.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), true))]
    async fn disqualify_lead(&self, ctx: &Context<'_>, input: DisqualifyLeadInput) -> Result<DisqualifyLeadPayload> {
        let cx = Cx::of(ctx);
        DisqualifyLeadPayload::of(attempt(|| disqualify(cx, input.clone())).await)
    }
}
