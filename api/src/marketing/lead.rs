//! The lead: somebody who may become a customer, on the way from marketing to sales, with the reason why.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague, contact, visitor},
    codes::LeadStatus,
    marketing::{campaign, channel, handover, lead},
    sales::opportunity,
    tenant::queue,
};
use sea_orm::Set;

use super::{
    Campaign, Channel, Handover, LeadTouch, MAX_TEXT, patch_words, person,
    provenance::{self, LeadTouchInput, TouchesOfLead},
    qualify::conflict,
    words,
};
use crate::{
    account::{
        Account, Colleague, Contact, Queue, Visitor, ground,
        relation::{self, Turn},
    },
    custom,
    graph::{AnyOf, Cx, Error, GlobalId, Ids, IntFilter, Kind, Result, TimeFilter},
    input,
    journey::{Event, EventKind, Payload, Work, attempt, timeline},
    listed, object, payload,
    policy::{Class, Type, access},
    removal,
    sales::Opportunity,
    teamwork,
};

object! {
    /// Somebody who may become a customer, on the way from marketing to sales.
    Lead(lead::Entity) as Lead, id Lead {
        /// Where it stands.
        P status: LeadStatus = |row| row.status;
        /// Its points; null before it is scored.
        D score: i32 = |row| row.score;
        /// How the points came about, by the parts of the scoring definition; null before it is scored.
        D score_parts: async_graphql::Json<serde_json::Value> = |row| row.score_parts.clone().map(async_graphql::Json);
        /// When marketing qualified it (UTC); null before.
        P mql_at: DateTime<Utc> = |row| row.mql_at;
        /// The revision of the scoring definition that qualified it; null where a person did.
        P mql_rule_version: i32 = |row| row.mql_rule_version.map(|version| i32::try_from(version).unwrap_or(i32::MAX));
        /// What is known beside the fields.
        T description: String = |row| row.description.clone();
    }
    refs {
        /// Who it is; null before a name is known.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// Who it is, before a name is known.
        P visitor: Visitor = visitor::Entity, |row| row.visitor_id;
        /// The person's company when the lead was made.
        P account: Account = account::Entity, |row| row.account_id;
        /// The campaign that made it; null where none did.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
        /// The channel that it came through.
        P channel: Channel = channel::Entity, |row| row.channel_id;
        /// The colleague who is responsible; null while it only waits in a queue.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
        /// The queue in which it waits; null while it waits in none.
        P queue: Queue = queue::Entity, |row| row.queue_id;
        /// The opportunity that it became; null before.
        P converted_opportunity: Opportunity = opportunity::Entity, |row| row.converted_opportunity_id;
    }
    lists {
        /// Its handovers, newest first: who was asked, and what they answered.
        handovers: Handover = handover::Entity, handover::Column::SubjectId, Falling;
    }
    timeline Lead;
    custom_fields Lead raw T;
    teamwork Lead;
    edges {
        /// Why it is a lead: the touchpoints that made it one, at most 100, with what each did.
        #[graphql(directive = access::apply("Lead".into(), "P".into(), false))]
        pub async fn touches(&self, ctx: &Context<'_>) -> Result<Vec<LeadTouch>> {
            let Some(lead) = self.0.read(Class::P, "touches", |row| row.id) else { return Ok(Vec::new()) };
            let touches = Cx::of(ctx).load(TouchesOfLead(lead)).await?;
            Ok(touches.map(|touches| touches.to_vec()).unwrap_or_default())
        }
    }
}

input! {
    /// A new lead. It names a contact or a visitor. Whoever creates it is responsible for it.
    CreateLeadInput for Lead {
        /// Who it is; absent: whom the visitor is known to be.
        P contact_id: Option<GlobalId>;
        /// Who it is, before a name is known.
        P visitor_id: Option<GlobalId>;
        /// The company; absent: the person's. You edit it in the marketing wing.
        P account_id: Option<GlobalId>;
        /// The campaign that made it.
        P campaign_id: Option<GlobalId>;
        /// The channel that it came through.
        P channel_id: Option<GlobalId>;
        /// The touchpoints that made it one, at most 100.
        P touches: Option<Vec<LeadTouchInput>>;
        /// What is known beside the fields.
        T description: Option<String>;
    }
}

input! {
    /// A change of a lead: absent leaves, null clears. Its status follows what is done with it.
    UpdateLeadInput for Lead {
        /// Who it is; a lead is a contact or a visitor.
        P contact_id: MaybeUndefined<GlobalId>;
        /// Who it is, before a name is known.
        P visitor_id: MaybeUndefined<GlobalId>;
        /// The company.
        P account_id: MaybeUndefined<GlobalId>;
        /// The campaign that made it.
        P campaign_id: MaybeUndefined<GlobalId>;
        /// The channel that it came through.
        P channel_id: MaybeUndefined<GlobalId>;
        /// The colleague who is responsible.
        P owner_id: MaybeUndefined<GlobalId>;
        /// The queue in which it waits.
        P queue_id: MaybeUndefined<GlobalId>;
        /// What is known beside the fields, at most 10,000 characters.
        T description: MaybeUndefined<String>;
    }
    plain {
        /// Which lead.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateLead` answers.
    UpdateLeadPayload {
        /// The changed lead; null if it was refused.
        lead: Lead
    }
}

payload! {
    /// What `createLead` answers.
    CreateLeadPayload {
        /// The new lead; null if it was refused.
        lead: Lead
    }
}

/// Creates a lead. Who was less than a lead becomes one.
pub async fn create(cx: &Cx, input: CreateLeadInput) -> Result<Lead> {
    let written = input.written();
    let CreateLeadInput { contact_id, visitor_id, account_id, campaign_id, channel_id, touches, description } = input;
    let mut work = Work::begin(cx).await?;
    let visitor = match visitor_id {
        Some(id) => Some(work.refer::<visitor::Entity>("visitorId", id).await?),
        None => None,
    };
    let contact = match contact_id {
        Some(id) => Some(work.refer::<contact::Entity>("contactId", id).await?),
        None => None,
    };
    if visitor.is_none() && contact.is_none() {
        return Err(Error::invalid("contactId", "a lead is a contact or a visitor"));
    }
    let visitor = visitor.as_ref().map(|seen| seen.row());
    let contact = contact.as_ref().map(|seen| seen.row());
    let contact_id = contact.map(|row| row.id).or_else(|| visitor.and_then(|row| row.contact_id));
    let persons = contact.and_then(|row| row.account_id).or_else(|| visitor.and_then(|row| row.account_id));
    let named = work.refer_opt::<account::Entity>("accountId", account_id).await?;
    let account_id = named.or(persons);
    let path = if named.is_some() { "accountId" } else { "contactId" };
    ground::may_stand(&work, Type::Lead, path, account_id).await?;
    let row = work
        .insert::<lead::Entity>(lead::ActiveModel {
            contact_id: Set(contact_id),
            visitor_id: Set(visitor.map(|row| row.id)),
            account_id: Set(account_id),
            campaign_id: Set(work.refer_opt::<campaign::Entity>("campaignId", campaign_id).await?),
            channel_id: Set(work.refer_opt::<channel::Entity>("channelId", channel_id).await?),
            status: Set(LeadStatus::New),
            owner_id: Set(cx.caller.colleague),
            description: Set(words("description", description, MAX_TEXT)?),
            ..Default::default()
        })
        .await?;
    let at = |index| format!("touches.{index}.touchpointId");
    provenance::link(&mut work, cx, row.id, touches.unwrap_or_default(), at).await?;
    work.record(event(EventKind::LeadCreated, &row, row.score, None, None));
    person::advance(&mut work, cx, row.contact_id, "LEAD", "lead created").await?;
    relation::follow(&mut work, cx, row.account_id, Turn::Engaged).await?;
    let seen = work.reached::<lead::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Lead(seen))
}

/// Changes a lead that is not over. With whom it lies is the offer's business while it is offered.
pub async fn update(cx: &Cx, input: UpdateLeadInput) -> Result<Lead> {
    let written = input.written();
    let UpdateLeadInput {
        id,
        if_version,
        contact_id,
        visitor_id,
        account_id,
        campaign_id,
        channel_id,
        owner_id,
        queue_id,
        description,
    } = input;
    let id = id.named("id", Kind::Lead)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<lead::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    let lies = [("ownerId", owner_id.is_undefined()), ("queueId", queue_id.is_undefined())];
    match (before.status, lies.into_iter().find(|(_, stays)| !stays)) {
        (LeadStatus::Converted | LeadStatus::Disqualified, _) => return Err(conflict("id", before.status)),
        (LeadStatus::Offered, Some((path, _))) => return Err(conflict(path, before.status)),
        _ => {}
    }
    let named = work.refer_patch::<account::Entity>("accountId", account_id).await?;
    let customer = if let Set(account) = named { account } else { before.account_id };
    let row = lead::ActiveModel {
        contact_id: ground::person_patch(&work, "contactId", contact_id, customer).await?,
        visitor_id: work.refer_patch::<visitor::Entity>("visitorId", visitor_id).await?,
        account_id: named,
        campaign_id: work.refer_patch::<campaign::Entity>("campaignId", campaign_id).await?,
        channel_id: work.refer_patch::<channel::Entity>("channelId", channel_id).await?,
        owner_id: ground::owner_patch(&work, "ownerId", before.owner_id, owner_id).await?,
        queue_id: work.refer_patch::<queue::Entity>("queueId", queue_id).await?,
        description: patch_words("description", description, MAX_TEXT)?,
        ..Default::default()
    };
    let row = work.update::<lead::Entity>(&seen, row).await?;
    if row.account_id != before.account_id {
        ground::may_stand(&work, Type::Lead, "accountId", row.account_id).await?;
    }
    if row.contact_id.is_none() && row.visitor_id.is_none() {
        return Err(Error::invalid("contactId", "a lead is a contact or a visitor"));
    }
    if row.contact_id != before.contact_id {
        // Whoever it is now stands where the lead stands.
        let stage = match (row.status, row.mql_at) {
            (LeadStatus::Accepted, _) => "SAL",
            (LeadStatus::New | LeadStatus::Offered, Some(_)) => "MQL",
            _ => "LEAD",
        };
        person::advance(&mut work, cx, row.contact_id, stage, "lead of this person").await?;
    }
    if row.account_id != before.account_id {
        relation::follow(&mut work, cx, row.account_id, Turn::Engaged).await?;
    }
    let seen = work.reached::<lead::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Lead(seen))
}

/// An event of a lead's own life.
pub(crate) fn event(
    kind: EventKind,
    row: &lead::Model,
    score_before: Option<i32>,
    opportunity_id: Option<uuid::Uuid>,
    reason: Option<String>,
) -> Event {
    let payload =
        Payload::Lead { campaign_id: row.campaign_id, score_before, score_after: row.score, opportunity_id, reason };
    Event::of::<lead::Entity>(kind, row, payload).queue(row.queue_id)
}

listed! {
    /// One lead; null if there is none that you may see.
    lead,
    /// The leads that you may see, newest first unless sorted.
    leads: Lead(lead::Entity) as Lead, id Lead, Falling;
    query LeadQuery, filter LeadFilter, sort LeadSort custom {
        /// By where it stands.
        P status: AnyOf<LeadStatus> = Status;
        /// By campaign.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By channel.
        P channel_id: Ids = ChannelId, of Channel;
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By visitor.
        P visitor_id: Ids = VisitorId, of Visitor;
        /// By company.
        P account_id: Ids = AccountId, of Account;
        /// By who is responsible.
        P owner_id: Ids = OwnerId, of Colleague;
        /// By the queue in which it waits.
        P queue_id: Ids = QueueId, of Queue;
        /// By when it was qualified.
        P mql_at: TimeFilter = MqlAt;
        /// By score.
        D score: IntFilter = Score;
    }
}

removal! {
    /// Takes a lead away that never was one. To give up on one is `disqualifyLead`.
    delete_lead: lead::Entity as Lead, class P status;
    mutation LeadRemoval, input DeleteLeadInput, payload DeleteLeadPayload;
}

/// Making leads.
#[derive(Default)]
pub struct LeadMutation;

#[Object]
impl LeadMutation {
    /// Makes a lead of a contact or visitor; whoever creates it is responsible for it.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), true))]
    async fn create_lead(&self, ctx: &Context<'_>, input: CreateLeadInput) -> Result<CreateLeadPayload> {
        let cx = Cx::of(ctx);
        CreateLeadPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a lead: who it is, where it came from, with whom it lies. STATE_CONFLICT once it is over; for with whom it lies
    /// while it is offered.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), true))]
    async fn update_lead(&self, ctx: &Context<'_>, input: UpdateLeadInput) -> Result<UpdateLeadPayload> {
        let cx = Cx::of(ctx);
        UpdateLeadPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
