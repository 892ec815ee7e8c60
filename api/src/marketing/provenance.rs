//! Why it is a lead: the touchpoints that made it one.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object};
use entities::{
    codes::LeadTouchRole,
    marketing::{lead_touch, touchpoint},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, QueryFilter, Set};
use uuid::Uuid;

use super::Touchpoint;
use crate::{
    graph::{Cx, Error, GlobalId, Key, Kind, Result, one},
    input,
    journey::Work,
    policy::access,
};

/// The most touchpoints that are linked to a lead.
const MAX_TOUCHES: usize = 100;

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
        let mut links = links.all(cx.store.db()).await?;
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
