//! Leads. Whoever is behind one, and the company, follow what is told of it, as they do in the marketing wing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use entities::{
    account::{contact, visitor},
    codes::{LeadStatus, LeadTouchRole, ReasonCode},
    marketing::{lead, lead_touch, touchpoint},
};
use sea_orm::{ActiveValue, ActiveValue::NotSet, ColumnTrait, QueryFilter, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, ReferenceInput, Scene, Shaped, SyncEntity, plain, stands},
    campaign::long,
    named::{self, Named, Names, moment, note, possible, stays},
    touchpoint::{said, visitor_column},
};
use crate::{
    account::{
        ground,
        relation::{self, Turn},
    },
    graph::{Error, GlobalId, Kind, Result, UserErrorCode},
    journey::{Event, EventKind, Payload, Work},
    marketing::{lead::event, person, provenance::MAX_TOUCHES, qualify::conflict},
    policy::Type,
    synced,
};

/// A touchpoint that made a lead, and what it did for it.
#[derive(Clone, Debug, InputObject)]
pub struct LeadTouchSetInput {
    /// The touchpoint, by its key in the same source or by its id.
    pub touchpoint: ReferenceInput,
    /// What it did.
    pub role: LeadTouchRole,
}

synced! {
    /// What a source says of a lead: absent leaves, null clears.
    Leads of Lead: lead::Entity as Lead;
    set LeadSetInput, row UpsertLeadRowInput, input UpsertLeadsInput;
    /// Creates and updates leads, each known by its key in a source. A new one has no owner unless a row names one. Its person and its
    /// company follow, as after `createLead`. STATE_CONFLICT once it is over. Events: `lead.created`, `lead.scored`, `lead.qualified`,
    /// `lead.disqualified`.
    mutation UpsertLeads, upsert_leads, class P;
    fields {
        /// What is known beside the fields, at most 10,000 characters.
        T description: String = description by long;
        /// Its points.
        D score: i32 = score by plain;
        /// When marketing qualified it: said of a lead that is not qualified, it qualifies it. It stays. What lies before 1970 or more
        /// than 24 hours ahead is taken as now, and the event says that its time is uncertain.
        P mql_at: DateTime<Utc> = mql_at by later;
    }
    beside {
        /// When it was made in its system: when `lead.created` happened. Of a lead that is known it says nothing.
        P created_at: DateTime<Utc>;
        /// Why nothing will come of it: said of a lead that is not over, it ends it.
        P disqualified: ReasonCode;
        /// The channel, by its code or its name, instead of the reference.
        P channel_code: String;
        /// The queue in which it waits, by its code or its name.
        P queue: String;
        /// Who it is, before a name is known.
        P visitor_id: GlobalId;
        /// The touchpoints that made it one, at most 100. What is linked already stays.
        P touches: Vec<LeadTouchSetInput>;
    }
    relations LeadRelationsInput {
        /// Who it is; absent: whom the visitor is known to be. A lead is a contact or a visitor.
        P contact: Contact = contact_id;
        /// The company; the person's unless said.
        P account: Account = account_id;
        /// The campaign that made it.
        P campaign: Campaign = campaign_id;
        /// The channel that it came through.
        P channel: Channel = channel_id;
        /// The colleague who is responsible.
        P owner: Colleague = owner_id;
    }
    require [];
    lookup Lookup;
    removable;
    shapes judge;
}

/// What a batch of leads looks up.
pub struct Lookup {
    channels: Names,
    queues: Names,
    touches: Named,
}

/// The moment of a qualification is read with the row: an impossible one is no refusal.
fn later(_: &str, _: MaybeUndefined<DateTime<Utc>>) -> Result<ActiveValue<Option<DateTime<Utc>>>> {
    Ok(NotSet)
}

fn over(status: LeadStatus) -> bool {
    matches!(status, LeadStatus::Converted | LeadStatus::Disqualified)
}

/// Which touchpoints leads are linked to already.
async fn linked(work: &Work<'_>, leads: &[Uuid]) -> Result<HashMap<Uuid, HashSet<(Uuid, LeadTouchRole)>>> {
    let mut linked: HashMap<Uuid, HashSet<(Uuid, LeadTouchRole)>> = HashMap::new();
    for chunk in leads.chunks(500) {
        let links = work.caller().links::<lead_touch::Entity>();
        let links = links.filter(lead_touch::Column::LeadId.is_in(chunk.iter().copied()));
        for link in links.all(work.tx()).await? {
            linked.entry(link.lead_id).or_default().insert((link.touchpoint_id, link.role));
        }
    }
    Ok(linked)
}

/// The touchpoints that a row names; those that nobody knows are left where the batch is lenient.
fn touches(lookup: &Lookup, scene: &Scene<'_>, set: &LeadSetInput) -> Result<Vec<(Uuid, LeadTouchRole)>> {
    let mut touches = Vec::new();
    for (index, LeadTouchSetInput { touchpoint, role }) in set.touches.value().into_iter().flatten().enumerate() {
        match lookup.touches.of(&format!("set.touches.{index}.touchpoint"), touchpoint) {
            Ok(id) if touches.contains(&(id, *role)) => {}
            Ok(id) => touches.push((id, *role)),
            Err(Error::User(errors)) if scene.lenient && errors.iter().all(|e| e.code == UserErrorCode::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(touches)
}

impl Leads {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&LeadSetInput]) -> Result<Lookup> {
        let touches = sets.iter().filter_map(|set| set.touches.value()).flatten();
        let touches: Vec<&ReferenceInput> = touches.map(|touch| &touch.touchpoint).collect();
        Ok(Lookup {
            channels: named::channels(work, sets.iter().map(|set| &set.channel_code)).await?,
            queues: named::queues(work, sets.iter().map(|set| &set.queue)).await?.0,
            touches: Named::find::<touchpoint::Entity>(work, scene, SyncEntity::Touchpoint, touches.into_iter())
                .await?,
        })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &LeadSetInput,
        held: Option<&lead::Model>,
        row: &mut lead::ActiveModel,
    ) -> Result<()> {
        if let named @ Set(_) = lookup.channels.column("set.channelCode", &set.channel_code)? {
            row.channel_id = named;
        }
        row.queue_id = lookup.queues.column("set.queue", &set.queue)?;
        row.visitor_id = visitor_column("set.visitorId", &set.visitor_id)?;
        if set.touches.value().is_some_and(|touches| touches.len() > MAX_TOUCHES) {
            return Err(Error::invalid("set.touches", format!("a lead has at most {MAX_TOUCHES} touchpoints")));
        }
        touches(lookup, scene, set)?;
        let status = held.map_or(LeadStatus::New, |held| held.status);
        if held.is_none() {
            row.status = Set(LeadStatus::New);
        }
        match (held.and_then(|held| held.mql_at), &set.mql_at) {
            (_, MaybeUndefined::Undefined) | (None, MaybeUndefined::Null) => {}
            (Some(_), MaybeUndefined::Null) => return Err(stays("set.mqlAt")),
            (Some(held), MaybeUndefined::Value(said)) if *said == held || !possible(*said, scene.now) => {}
            (Some(_), MaybeUndefined::Value(_)) => return Err(stays("set.mqlAt")),
            (None, MaybeUndefined::Value(_)) => match status {
                LeadStatus::New | LeadStatus::Rejected | LeadStatus::Returned => {
                    row.mql_at = Set(Some(moment(&set.mql_at, scene.now).0));
                    row.status = Set(LeadStatus::New);
                }
                // Sales took it, or it is over: marketing's word comes too late.
                LeadStatus::Offered | LeadStatus::Accepted | LeadStatus::Converted | LeadStatus::Disqualified => {
                    return Err(conflict("set.mqlAt", status));
                }
            },
        }
        if set.disqualified.value().is_some() && status != LeadStatus::Disqualified {
            match status {
                LeadStatus::New | LeadStatus::Accepted | LeadStatus::Rejected | LeadStatus::Returned => {
                    row.status = Set(LeadStatus::Disqualified);
                }
                LeadStatus::Offered | LeadStatus::Converted | LeadStatus::Disqualified => {
                    return Err(conflict("set.disqualified", status));
                }
            }
        }
        Ok(())
    }

    /// Who it is and whose it is; what its state allows; and whether it is linked to more touchpoints from now on.
    async fn judge(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        rows: &mut [Shaped<'_, Leads>],
    ) -> Result<()> {
        let visitors = rows.iter().filter_map(|row| said(&row.row.visitor_id)).collect::<Vec<_>>();
        let visitors = named::seen::<visitor::Entity>(work, visitors).await?;
        let people = rows.iter().filter_map(|row| said(&row.row.contact_id)).collect::<Vec<_>>();
        let people: HashMap<Uuid, contact::Model> = named::seen::<contact::Entity>(work, people).await?;
        let changed = rows.iter().filter(|row| row.held.is_some()).filter_map(|row| said(&row.row.contact_id));
        let writable = ground::people_many(work, changed.collect::<Vec<_>>()).await?;
        for shaped in rows.iter_mut() {
            let seen = said(&shaped.row.visitor_id);
            let visitor = seen.and_then(|id| visitors.get(&id));
            if seen.is_some() && visitor.is_none() {
                shaped.allow(Err(Error::missing("set.visitorId")))?;
                continue;
            }
            let (held, row) = (shaped.held, &mut *shaped.row);
            if held.is_none() {
                let person = said(&row.contact_id).and_then(|id| people.get(&id));
                if let (true, Some(contact)) =
                    (row.contact_id.is_not_set(), visitor.and_then(|visitor| visitor.contact_id))
                {
                    row.contact_id = Set(Some(contact));
                }
                let persons = person
                    .and_then(|person| person.account_id)
                    .or_else(|| visitor.and_then(|visitor| visitor.account_id));
                if let (true, Some(account)) = (row.account_id.is_not_set(), persons) {
                    row.account_id = Set(Some(account));
                }
            }
            let contact = stands(&row.contact_id, held.map(|held| held.contact_id)).flatten();
            let visitor = stands(&row.visitor_id, held.map(|held| held.visitor_id)).flatten();
            if contact.is_none() && visitor.is_none() {
                shaped.allow(Err(Error::invalid("relations.contact", "a lead is a contact or a visitor")))?;
                continue;
            }
            if let Some(held) = held {
                Self::may_change(shaped, held, &writable)?;
            }
        }
        let accounts = rows.iter().filter_map(|row| said(&row.row.account_id)).collect::<Vec<_>>();
        let standing = ground::may_stand_many(work, Type::Lead, accounts).await?;
        let known = rows.iter().filter(|row| row.set.touches.value().is_some());
        let known: Vec<Uuid> = known.filter_map(|row| row.held).map(|held| held.id).collect();
        let linked = linked(work, &known).await?;
        for shaped in rows.iter_mut() {
            let held = shaped.held;
            if said(&shaped.row.account_id).is_some_and(|account| {
                held.is_none_or(|held| held.account_id != Some(account)) && !standing.contains(&account)
            }) {
                shaped.allow(Err(Error::forbidden("relations.account")))?;
            }
            let Some(held) = held else { continue };
            let links = linked.get(&held.id).cloned().unwrap_or_default();
            let fresh = touches(lookup, scene, shaped.set)?.into_iter().filter(|touch| !links.contains(touch)).count();
            if links.len() + fresh > MAX_TOUCHES {
                let message = format!("a lead has at most {MAX_TOUCHES} touchpoints");
                shaped.allow(Err(Error::invalid("set.touches", message)))?;
            } else if fresh > 0 && over(held.status) {
                shaped.allow(Err(conflict("set.touches", held.status)))?;
            } else if fresh > 0 {
                // The links are rows of their own; the lead's version rises with them.
                shaped.row.updated_at = Set(scene.now);
            }
        }
        Ok(())
    }

    /// What may still be changed of a lead: nothing once it is over; not with whom it lies while it is offered.
    fn may_change(
        shaped: &mut Shaped<'_, Leads>,
        held: &lead::Model,
        writable: &HashMap<Uuid, crate::policy::Seen<contact::Model>>,
    ) -> Result<()> {
        if over(held.status) && shaped.changes() {
            return shaped.allow(Err(conflict("externalId", held.status)));
        }
        if held.status == LeadStatus::Offered {
            let lies = [
                ("relations.owner", matches!(&shaped.row.owner_id, Set(owner) if *owner != held.owner_id)),
                ("set.queue", matches!(&shaped.row.queue_id, Set(queue) if *queue != held.queue_id)),
            ];
            for (path, _) in lies.into_iter().filter(|(_, moves)| *moves) {
                shaped.allow(Err(conflict(path, held.status)))?;
            }
        }
        let account = stands(&shaped.row.account_id, Some(held.account_id)).flatten();
        match said(&shaped.row.contact_id).filter(|contact| Some(*contact) != held.contact_id) {
            None => Ok(()),
            Some(contact) => shaped.allow(match writable.get(&contact) {
                None => Err(Error::missing("relations.contact")),
                Some(seen) if ground::is_of(seen, account) => Ok(()),
                Some(_) => Err(Error::invalid("relations.contact", "this person works for another account")),
            }),
        }
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<Leads>],
        known: &[Known<Leads>],
    ) -> Result<Followed> {
        let mut followed = Followed::default();
        // What people become, by why: each why is a few statements.
        let mut advanced: BTreeMap<&'static str, Vec<(Uuid, &'static str)>> = BTreeMap::new();
        let (mut engaged, mut aside): (BTreeSet<Uuid>, BTreeSet<Uuid>) = Default::default();
        for New { set, row, .. } in new {
            let (at, uncertain) = moment(&set.created_at, scene.now);
            work.record(event(EventKind::LeadCreated, row, row.score, None, None).at(at).time_uncertain(uncertain));
            advanced.entry("lead created").or_default().extend(row.contact_id.map(|contact| (contact, "LEAD")));
            engaged.extend(row.account_id);
            Self::told(work, scene, set, None, row, &mut advanced, &mut aside);
        }
        for Known { place, set, rows } in known {
            let (before, after) = (&rows.before, &rows.after);
            Self::told(work, scene, set, Some(before), after, &mut advanced, &mut aside);
            if before.contact_id != after.contact_id {
                // Whoever it is now stands where the lead stands.
                let stage = match (after.status, after.mql_at) {
                    (LeadStatus::Accepted, _) => "SAL",
                    (LeadStatus::New | LeadStatus::Offered, Some(_)) => "MQL",
                    _ => "LEAD",
                };
                let person = after.contact_id.map(|contact| (contact, stage));
                advanced.entry("lead of this person").or_default().extend(person);
            }
            if before.account_id != after.account_id {
                engaged.extend(after.account_id);
            }
            if before.visitor_id != after.visitor_id {
                let id = before.visitor_id.map(|id| GlobalId::new(Kind::Visitor, id).to_string());
                note(&mut followed.changed, *place, "visitorId", id.into());
            }
            if before.status != after.status && after.status == LeadStatus::Disqualified {
                note(&mut followed.changed, *place, "disqualified", serde_json::Value::Null);
            }
        }
        Self::queues(work, known, &mut followed).await?;
        Self::link(work, scene, lookup, new, known, &mut followed).await?;
        // In the order in which one is won.
        for cause in ["lead created", "lead of this person", "lead qualified"] {
            if let Some(people) = advanced.remove(cause) {
                person::advance_many(work, people, cause).await?;
            }
        }
        person::set_aside_many(work, aside, "DISQUALIFIED", "lead disqualified").await?;
        let turns: Vec<(Uuid, Turn)> = engaged.into_iter().map(|account| (account, Turn::Engaged)).collect();
        relation::follow_many(work, &turns).await?;
        Ok(followed)
    }

    /// The events of a lead's own life.
    fn told(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        set: &LeadSetInput,
        before: Option<&lead::Model>,
        after: &lead::Model,
        advanced: &mut BTreeMap<&'static str, Vec<(Uuid, &'static str)>>,
        aside: &mut BTreeSet<Uuid>,
    ) {
        let score = before.and_then(|before| before.score);
        if before.is_some() && score != after.score {
            work.record(event(EventKind::LeadScored, after, score, None, None));
        }
        if let (None, Some(at)) = (before.and_then(|before| before.mql_at), after.mql_at) {
            let (_, uncertain) = moment(&set.mql_at, scene.now);
            let qualified = event(EventKind::LeadQualified, after, after.score, None, None);
            work.record(qualified.at(at).time_uncertain(uncertain));
            advanced.entry("lead qualified").or_default().extend(after.contact_id.map(|contact| (contact, "MQL")));
        }
        let was = before.map_or(LeadStatus::New, |before| before.status);
        if was != after.status && after.status == LeadStatus::Disqualified {
            let reason = set.disqualified.value().map(|reason| reason.as_str().to_owned());
            work.record(event(EventKind::LeadDisqualified, after, after.score, None, reason));
            aside.extend(after.contact_id);
        }
    }

    /// The queues that leads lay in before, by their codes.
    async fn queues(work: &Work<'_>, known: &[Known<Leads>], followed: &mut Followed) -> Result<()> {
        let moved = known.iter().filter(|known| known.rows.before.queue_id != known.rows.after.queue_id);
        let moved: Vec<(usize, Option<Uuid>)> = moved.map(|known| (known.place, known.rows.before.queue_id)).collect();
        let held = moved.iter().filter_map(|(_, queue)| *queue).collect::<Vec<_>>();
        let queues = named::seen::<entities::tenant::queue::Entity>(work, held).await?;
        for (place, queue) in moved {
            let code = queue.and_then(|id| queues.get(&id)).map(|row| row.code.clone());
            note(&mut followed.changed, place, "queue", code.into());
        }
        Ok(())
    }

    async fn link(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<Leads>],
        known: &[Known<Leads>],
        followed: &mut Followed,
    ) -> Result<()> {
        let link = |lead: Uuid, (touchpoint, role): (Uuid, LeadTouchRole)| lead_touch::ActiveModel {
            tenant_id: NotSet,
            lead_id: Set(lead),
            touchpoint_id: Set(touchpoint),
            role: Set(role),
        };
        let ids = known.iter().filter(|known| known.set.touches.value().is_some()).map(|known| known.rows.after.id);
        let linked = linked(work, &ids.collect::<Vec<_>>()).await?;
        let mut links = Vec::new();
        for New { set, row, .. } in new {
            links.extend(touches(lookup, scene, set)?.into_iter().map(|touch| link(row.id, touch)));
        }
        for Known { place, set, rows } in known {
            let held = linked.get(&rows.after.id).cloned().unwrap_or_default();
            let before = links.len();
            let fresh = touches(lookup, scene, set)?.into_iter().filter(|touch| !held.contains(touch));
            links.extend(fresh.map(|touch| link(rows.after.id, touch)));
            if links.len() > before {
                // Links are only added: nothing brings back that there were fewer.
                note(&mut followed.changed, *place, "touches", serde_json::Value::Array(Vec::new()));
                let told = Payload::Record { fields: vec!["touches".to_owned()] };
                let told = Event::of::<lead::Entity>(EventKind::RecordUpdated, &rows.after, told);
                work.record(told.queue(rows.after.queue_id));
            }
        }
        work.insert_technical::<lead_touch::Entity>(links).await
    }
}
