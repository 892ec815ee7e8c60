//! Why it is a lead: the touchpoints that made it one; told with the lead, or later.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object};
use entities::{
    codes::LeadTouchRole,
    marketing::{lead, lead_touch, touchpoint},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, QueryFilter, Set, sea_query::ExprTrait};
use uuid::Uuid;

use super::{Lead, Touchpoint};
use crate::{
    graph::{Cx, Error, GlobalId, Key, Kind, Result, UserErrorCode, one},
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    payload,
    policy::{Class, access},
};

/// The most touchpoints that are linked to a lead.
pub(crate) const MAX_TOUCHES: usize = 100;

/// A touchpoint, and what it did for the lead.
#[derive(Clone, Copy, Debug)]
pub struct LeadTouch {
    role: LeadTouchRole,
    touchpoint_id: Uuid,
}

/// A touchpoint, and what it did for the lead.
#[Object]
impl LeadTouch {
    /// What it did: it was the first one known, it made the lead, or it lifted it over the threshold.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), false))]
    async fn role(&self) -> LeadTouchRole {
        self.role
    }

    /// The touchpoint; null where you may not see it.
    #[graphql(directive = access::apply("Touchpoint".into(), "*".into(), false))]
    async fn touchpoint(&self, ctx: &Context<'_>) -> Result<Option<Touchpoint>> {
        one::<touchpoint::Entity, _>(Cx::of(ctx), self.touchpoint_id).await
    }
}

input! {
    /// A touchpoint, and what it did for the lead.
    LeadTouchInput for Lead {
        /// The touchpoint.
        P touchpoint_id: GlobalId;
        /// What it did.
        P role: LeadTouchRole;
    }
}

/// The touchpoints that made a lead.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct TouchesOfLead(pub(super) Uuid);

impl Key for TouchesOfLead {
    type Value = Arc<Vec<LeadTouch>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let links = cx.caller.links::<lead_touch::Entity>();
        let links = links.filter(lead_touch::Column::LeadId.is_in(keys.iter().map(|key| key.0)));
        let mut links = links.all(&cx.db()).await?;
        // FIRST, CREATED, QUALIFIED; within a role in the order in which the touchpoints were recorded.
        links.sort_by_key(|link| (LeadTouchRole::ALL.iter().position(|role| *role == link.role), link.touchpoint_id));
        let mut touches: HashMap<Self, Vec<LeadTouch>> = HashMap::new();
        for link in links {
            let touch = LeadTouch { role: link.role, touchpoint_id: link.touchpoint_id };
            touches.entry(TouchesOfLead(link.lead_id)).or_default().push(touch);
        }
        Ok(touches.into_iter().map(|(key, touches)| (key, Arc::new(touches))).collect())
    }
}

/// Links touchpoints to a lead that the caller may write. What is linked already stays so. `at` is where the nth was named.
pub(super) async fn link(
    work: &mut Work<'_>,
    cx: &Cx,
    lead: Uuid,
    touches: Vec<LeadTouchInput>,
    at: impl Fn(usize) -> String + Send,
) -> Result<()> {
    let held = cx.caller.links::<lead_touch::Entity>().filter(lead_touch::Column::LeadId.eq(lead)).all(work.tx());
    let mut seen: Vec<(Uuid, LeadTouchRole)> =
        held.await?.into_iter().map(|link| (link.touchpoint_id, link.role)).collect();
    let mut new = Vec::new();
    for (index, LeadTouchInput { touchpoint_id, role }) in touches.into_iter().enumerate() {
        let touch = (touchpoint_id.named(&at(index), Kind::Touchpoint)?, role);
        if !seen.contains(&touch) {
            seen.push(touch);
            new.push((index, touch));
        }
    }
    if let (Some((index, _)), true) = (new.last(), seen.len() > MAX_TOUCHES) {
        return Err(Error::invalid(&at(*index), format!("a lead has at most {MAX_TOUCHES} touchpoints")));
    }
    let ids = new.iter().map(|(_, (id, _))| *id);
    let found = cx.caller.rows::<touchpoint::Entity>().by_ids(ids).all(work.tx()).await?;
    if let Some((index, _)) = new.iter().find(|(_, (id, _))| !found.iter().any(|seen| seen.row().id == *id)) {
        return Err(Error::missing(&at(*index)));
    }
    let links = new.into_iter().map(|(_, (touchpoint_id, role))| lead_touch::ActiveModel {
        tenant_id: NotSet,
        lead_id: Set(lead),
        touchpoint_id: Set(touchpoint_id),
        role: Set(role),
    });
    work.insert_technical::<lead_touch::Entity>(links.collect()).await
}

input! {
    /// A touchpoint of a lead that exists.
    AddLeadTouchInput for Lead {
        /// The touchpoint.
        P touchpoint_id: GlobalId;
        /// What it did.
        P role: LeadTouchRole;
    }
    plain {
        /// Which lead.
        lead_id: GlobalId;
        /// Change it only if the lead still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A touchpoint that did nothing for the lead.
    RemoveLeadTouchInput for Lead {
        /// The touchpoint.
        P touchpoint_id: GlobalId;
        /// What it was said to have done.
        P role: LeadTouchRole;
    }
    plain {
        /// Which lead.
        lead_id: GlobalId;
        /// Change it only if the lead still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `addLeadTouch` answers.
    AddLeadTouchPayload {
        /// The lead with its touches; null if that was refused.
        lead: Lead
    }
}

payload! {
    /// What `removeLeadTouch` answers.
    RemoveLeadTouchPayload {
        /// The lead with its touches; null if that was refused.
        lead: Lead
    }
}

/// A touch that is linked, or no more.
async fn relink(
    cx: &Cx,
    lead_id: GlobalId,
    if_version: Option<i32>,
    (touchpoint_id, role): (GlobalId, LeadTouchRole),
    keep: bool,
) -> Result<Lead> {
    let written = [(Class::P, "touches")];
    let id = lead_id.named("leadId", Kind::Lead)?;
    let touchpoint = touchpoint_id.named("touchpointId", Kind::Touchpoint)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<lead::Entity>(id, if_version, &written).await;
    let seen = seen.map_err(|error| error.moved("id", "leadId"))?;
    let this = lead_touch::Column::LeadId
        .eq(id)
        .and(lead_touch::Column::TouchpointId.eq(touchpoint))
        .and(lead_touch::Column::Role.eq(role));
    let linked = cx.caller.links::<lead_touch::Entity>().filter(this.clone()).one(work.tx()).await?.is_some();
    match (keep, linked) {
        (true, true) => return Err(Error::user(UserErrorCode::Duplicate, "touchpointId", "it is linked already")),
        // What is not linked stays so.
        (false, false) => {
            work.refer::<touchpoint::Entity>("touchpointId", touchpoint_id).await?;
            return Ok(Lead(seen));
        }
        (true, false) => {
            let touches = vec![LeadTouchInput { touchpoint_id, role }];
            work.refer::<touchpoint::Entity>("touchpointId", touchpoint_id).await?;
            link(&mut work, cx, id, touches, |_| "touchpointId".to_owned()).await?;
        }
        (false, true) => work.unlink::<lead_touch::Entity>(this).await?,
    }
    // The links are rows of their own; the lead's version rises with them.
    let touched = lead::ActiveModel { updated_at: Set(work.now()), ..Default::default() };
    let row = work.update::<lead::Entity>(&seen, touched).await?;
    let fields = vec!["touches".to_owned()];
    let event = Event::of::<lead::Entity>(EventKind::RecordUpdated, &row, Payload::Record { fields });
    work.record(event.queue(row.queue_id));
    let seen = work.reached::<lead::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Lead(seen))
}

/// Links a touchpoint to a lead.
pub async fn add(cx: &Cx, input: AddLeadTouchInput) -> Result<Lead> {
    let AddLeadTouchInput { lead_id, if_version, touchpoint_id, role } = input;
    relink(cx, lead_id, if_version, (touchpoint_id, role), true).await
}

/// Takes a touchpoint from a lead.
pub async fn remove(cx: &Cx, input: RemoveLeadTouchInput) -> Result<Lead> {
    let RemoveLeadTouchInput { lead_id, if_version, touchpoint_id, role } = input;
    relink(cx, lead_id, if_version, (touchpoint_id, role), false).await
}

/// Changing where a lead came from.
#[derive(Default)]
pub struct ProvenanceMutation;

#[Object]
impl ProvenanceMutation {
    /// Says that a touchpoint made it a lead. DUPLICATE if that is said already.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), true))]
    async fn add_lead_touch(&self, ctx: &Context<'_>, input: AddLeadTouchInput) -> Result<AddLeadTouchPayload> {
        let cx = Cx::of(ctx);
        AddLeadTouchPayload::of(attempt(|| add(cx, input.clone())).await)
    }

    /// Takes back that a touchpoint made it a lead. What was not said stays so.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), true))]
    async fn remove_lead_touch(
        &self,
        ctx: &Context<'_>,
        input: RemoveLeadTouchInput,
    ) -> Result<RemoveLeadTouchPayload> {
        let cx = Cx::of(ctx);
        RemoveLeadTouchPayload::of(attempt(|| remove(cx, input.clone())).await)
    }
}
