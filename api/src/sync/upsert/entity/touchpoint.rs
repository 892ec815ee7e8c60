//! Touchpoints. What happened does not change: another fact of a touch is a correction, and its event is superseded.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::{contact, employment, visitor},
    codes::Interaction,
    marketing::{campaign, touchpoint},
};
use sea_orm::{ActiveValue, ActiveValue::NotSet, ColumnTrait, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, Shaped, stands},
    named::{self, Names, moment, moment_again, note, required, settled},
};
use crate::{
    graph::{Error, GlobalId, Kind, Result, patch_text},
    journey::Work,
    marketing::{
        bare_url,
        interaction::{event_of, is_inbound},
        record::{employer_then, tag},
    },
    synced,
};

synced! {
    /// What a source says of a touch: absent leaves, null clears. A touch that is known is corrected, and its event superseded; whom it
    /// was with stays.
    Touchpoints of Touchpoint: touchpoint::Entity as Touchpoint;
    set TouchpointSetInput, row UpsertTouchpointRowInput, input UpsertTouchpointsInput;
    /// Records touches, each known by its key in a source, and corrects those that are known. Events: one of the interaction's own kind
    /// each, when it happened.
    mutation UpsertTouchpoints, upsert_touchpoints, class P;
    fields {
        /// What happened. A new touchpoint needs it.
        P interaction: Interaction = interaction by required;
        /// When; now unless said. What lies before 1970 or more than 24 hours ahead is taken as now, and its event says that its time is
        /// uncertain.
        P occurred_at: DateTime<Utc> = occurred_at by later;
        /// The page, at most 2,000 characters; query and fragment are not kept.
        P page_url: String = page_url by address;
        /// Where the visitor came from; query and fragment are not kept.
        P referrer: String = referrer by address;
        /// As tagged in the link.
        P utm_source: String = utm_source by tagged;
        /// As tagged in the link.
        P utm_medium: String = utm_medium by tagged;
        /// As tagged in the link. It finds the campaign of a new touch that names none.
        P utm_campaign: String = utm_campaign by tagged;
        /// As tagged in the link.
        P utm_term: String = utm_term by tagged;
        /// As tagged in the link.
        P utm_content: String = utm_content by tagged;
        /// Whether the market came to the company; as the interaction usually goes unless said.
        P is_inbound: bool = is_inbound by required;
    }
    money {
        /// What this one touch cost, from 0.
        M cost = cost_minor, currency;
    }
    beside {
        /// The channel, by its code or its name, instead of the reference.
        P channel_code: String;
        /// The content that was touched, by its title.
        P content_asset: String;
        /// The browser or device that it was seen on.
        P visitor_id: GlobalId;
    }
    relations TouchpointRelationsInput {
        /// The campaign behind it; absent: the one whose code is `utmCampaign`, if there is one.
        P campaign: Campaign = campaign_id;
        /// The channel that it came through.
        P channel: Channel = channel_id;
        /// Who it was; absent: whom the visitor is known to be. A new touch needs a contact, a visitor or an account.
        P contact: Contact = contact_id;
        /// The company; absent: the one that the person worked for at that time.
        P account: Account = account_id;
    }
    require ["interaction"];
    lookup Lookup;
    removable;
    shapes place;
}

/// What a batch of touches looks up.
pub struct Lookup {
    channels: Names,
    content: Names,
}

/// The moment of a touch is read with the row: an impossible one is no refusal.
fn later(_: &str, _: MaybeUndefined<DateTime<Utc>>) -> Result<ActiveValue<DateTime<Utc>>> {
    Ok(NotSet)
}

fn address(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(value, |url| bare_url(path, url))
}

fn tagged(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(value, |value| tag(path, value))
}

/// A visitor that a row names.
pub(super) fn visitor_column(path: &str, said: &MaybeUndefined<GlobalId>) -> Result<ActiveValue<Option<Uuid>>> {
    match said {
        MaybeUndefined::Undefined => Ok(NotSet),
        MaybeUndefined::Null => Ok(Set(None)),
        MaybeUndefined::Value(id) => Ok(Set(Some(id.named(path, Kind::Visitor)?))),
    }
}

/// Where people worked, and the people themselves: in few statements.
pub(super) struct People {
    contacts: HashMap<Uuid, contact::Model>,
    jobs: HashMap<Uuid, Vec<employment::Model>>,
}

impl People {
    pub(super) async fn of(work: &Work<'_>, ids: BTreeSet<Uuid>) -> Result<People> {
        let list: Vec<Uuid> = ids.iter().copied().collect();
        let mut jobs: HashMap<Uuid, Vec<employment::Model>> = HashMap::new();
        for chunk in list.chunks(500) {
            let rows = work.caller().rows::<employment::Entity>();
            let rows = rows.filter(employment::Column::ContactId.is_in(chunk.iter().copied()));
            for job in rows.all(work.tx()).await? {
                jobs.entry(job.row().contact_id).or_default().push(job.row().clone());
            }
        }
        Ok(People { contacts: named::seen::<contact::Entity>(work, ids).await?, jobs })
    }

    fn employer(&self, contact: Uuid, then: DateTime<Utc>) -> Option<Uuid> {
        match self.jobs.get(&contact) {
            Some(jobs) => employer_then(jobs, then),
            None => self.contacts.get(&contact).and_then(|row| row.account_id),
        }
    }
}

impl Touchpoints {
    async fn prepare(work: &mut Work<'_>, _: &Scene<'_>, sets: &[&TouchpointSetInput]) -> Result<Lookup> {
        Ok(Lookup {
            channels: named::channels(work, sets.iter().map(|set| &set.channel_code)).await?,
            content: named::content(work, sets.iter().map(|set| &set.content_asset)).await?,
        })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &TouchpointSetInput,
        held: Option<&touchpoint::Model>,
        row: &mut touchpoint::ActiveModel,
    ) -> Result<()> {
        if let named @ Set(_) = lookup.channels.column("set.channelCode", &set.channel_code)? {
            row.channel_id = named;
        }
        row.content_asset_id = lookup.content.column("set.contentAsset", &set.content_asset)?;
        row.visitor_id = visitor_column("set.visitorId", &set.visitor_id)?;
        match held {
            None => {
                row.occurred_at = Set(moment(&set.occurred_at, scene.now).0);
                if let (true, Set(interaction)) = (row.is_inbound.is_not_set(), &row.interaction) {
                    row.is_inbound = Set(is_inbound(*interaction));
                }
            }
            Some(held) => {
                row.occurred_at = moment_again("set.occurredAt", &set.occurred_at, scene.now)?;
                settled("relations.contact", held.contact_id, &mut row.contact_id)?;
                settled("relations.account", held.account_id, &mut row.account_id)?;
                settled("set.visitorId", held.visitor_id, &mut row.visitor_id)?;
            }
        }
        Ok(())
    }

    /// Whom a touch was with, where that person worked then, and whose campaign it was.
    async fn place(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Lookup,
        rows: &mut [Shaped<'_, Touchpoints>],
    ) -> Result<()> {
        let visitors = rows.iter().filter_map(|row| said(&row.row.visitor_id));
        let visitors = named::seen::<visitor::Entity>(work, visitors.collect::<Vec<_>>()).await?;
        let people = rows.iter().filter_map(|row| said(&row.row.contact_id));
        let people: BTreeSet<Uuid> = people.chain(visitors.values().filter_map(|row| row.contact_id)).collect();
        let people = People::of(work, people).await?;
        let codes: HashSet<String> = rows
            .iter()
            .filter(|row| row.held.is_none() && row.row.campaign_id.is_not_set())
            .filter_map(|row| stands(&row.row.utm_campaign, None).flatten())
            .collect();
        let codes: Vec<String> = codes.into_iter().collect();
        let mut campaigns: HashMap<String, Uuid> = HashMap::new();
        for chunk in codes.chunks(500) {
            let named = work.caller().rows::<campaign::Entity>().filter(campaign::Column::Code.is_in(chunk));
            for seen in named.all(work.tx()).await? {
                campaigns.extend(seen.row().code.clone().map(|code| (code, seen.row().id)));
            }
        }
        for shaped in rows.iter_mut() {
            let seen = said(&shaped.row.visitor_id);
            let visitor = seen.and_then(|id| visitors.get(&id));
            if seen.is_some() && visitor.is_none() {
                shaped.allow(Err(Error::missing("set.visitorId")))?;
                continue;
            }
            let held = shaped.held;
            let then = stands(&shaped.row.occurred_at, held.map(|held| held.occurred_at)).unwrap_or(scene.now);
            let row = &mut *shaped.row;
            let contact = stands(&row.contact_id, held.map(|held| held.contact_id)).flatten();
            let contact = contact.or_else(|| visitor.and_then(|visitor| visitor.contact_id));
            let account = stands(&row.account_id, held.map(|held| held.account_id)).flatten();
            // Of a touch that is known, only what nobody knew is completed by whom a row names now.
            if held.is_none() || said(&row.contact_id).is_some() || seen.is_some() {
                let account = account
                    .or_else(|| contact.and_then(|contact| people.employer(contact, then)))
                    .or_else(|| visitor.and_then(|visitor| visitor.account_id));
                // What a row says is not known stays so.
                if contact.is_some() && row.contact_id.is_not_set() {
                    row.contact_id = Set(contact);
                }
                if account.is_some() && row.account_id.is_not_set() {
                    row.account_id = Set(account);
                }
            }
            if held.is_none() {
                let tagged = stands(&row.utm_campaign, None).flatten();
                let found = tagged.and_then(|code| campaigns.get(&code)).copied();
                if let (true, Some(found)) = (row.campaign_id.is_not_set(), found) {
                    row.campaign_id = Set(Some(found));
                }
                let nobody =
                    [&row.contact_id, &row.visitor_id, &row.account_id].into_iter().all(|id| said(id).is_none());
                if nobody {
                    let message = "a touch is with a contact, a visitor or an account";
                    shaped.allow(Err(Error::invalid("relations.contact", message)))?;
                }
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Lookup,
        new: &[New<Touchpoints>],
        known: &[Known<Touchpoints>],
    ) -> Result<Followed> {
        for New { set, row, .. } in new {
            let (_, uncertain) = moment(&set.occurred_at, scene.now);
            work.record(event_of(row).time_uncertain(uncertain));
        }
        let pairs = known.iter().map(|known| (event_of(&known.rows.before), event_of(&known.rows.after)));
        let pairs = pairs.collect();
        work.correct_many(pairs).await?;
        let mut followed = Followed::default();
        let held = known.iter().filter_map(|known| known.rows.before.content_asset_id);
        let titles = named::seen::<entities::marketing::content_asset::Entity>(work, held.collect::<Vec<_>>()).await?;
        for Known { place, rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            if before.content_asset_id != after.content_asset_id {
                let title = before.content_asset_id.and_then(|id| titles.get(&id)).map(|row| row.title.clone());
                note(&mut followed.changed, *place, "contentAsset", title.into());
            }
            if before.visitor_id != after.visitor_id {
                let id = before.visitor_id.map(|id| GlobalId::new(Kind::Visitor, id).to_string());
                note(&mut followed.changed, *place, "visitorId", id.into());
            }
        }
        Ok(followed)
    }
}

/// The id that a row says.
pub(super) fn said(column: &ActiveValue<Option<Uuid>>) -> Option<Uuid> {
    match column {
        Set(id) => *id,
        _ => None,
    }
}
