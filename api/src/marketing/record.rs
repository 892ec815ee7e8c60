//! Recording touchpoints: one, or a thousand at once in a number of statements that does not depend on how many.

use std::collections::HashMap;

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Duration, Utc};
use entities::{
    account::{account, contact, employment, visitor},
    codes::Interaction,
    marketing::{campaign, channel, content_asset, touchpoint},
};
use sea_orm::{ColumnTrait, Set};
use uuid::Uuid;

use super::{
    Touchpoint, bare_url,
    interaction::{event_of, is_inbound},
};
use crate::{
    graph::{Cx, Error, GlobalId, MoneyInput, Result, require_write, text},
    input,
    journey::{Journaled, Work, attempt},
    payload,
    policy::{Class, Seen, access},
};

/// The most touchpoints that one call records.
pub const MAX_BATCH: usize = 1000;

input! {
    /// A touch. It names a contact, a visitor or an account.
    RecordTouchpointInput for Touchpoint {
        /// What happened.
        P interaction: Interaction;
        /// When; now unless said otherwise. Not before 1970 and not more than 24 hours ahead.
        P occurred_at: Option<DateTime<Utc>>;
        /// The campaign behind it; absent: the one whose code is `utmCampaign`, if there is one.
        P campaign_id: Option<GlobalId>;
        /// The channel that it came through.
        P channel_id: Option<GlobalId>;
        /// The content that was touched.
        P content_asset_id: Option<GlobalId>;
        /// Who it was; absent: whom the visitor is known to be.
        P contact_id: Option<GlobalId>;
        /// The browser or device that it was seen on.
        P visitor_id: Option<GlobalId>;
        /// The company; absent: the one that the person worked for at that time.
        P account_id: Option<GlobalId>;
        /// The page, at most 2,000 characters; query and fragment are not kept.
        P page_url: Option<String>;
        /// Where the visitor came from; query and fragment are not kept.
        P referrer: Option<String>;
        /// As tagged in the link.
        P utm_source: Option<String>;
        /// As tagged in the link.
        P utm_medium: Option<String>;
        /// As tagged in the link.
        P utm_campaign: Option<String>;
        /// As tagged in the link.
        P utm_term: Option<String>;
        /// As tagged in the link.
        P utm_content: Option<String>;
        /// Whether the market came to the company; absent: as the interaction usually goes.
        P is_inbound: Option<bool>;
        /// What this one touch cost.
        M cost: Option<MoneyInput>;
    }
}

/// Many touches.
#[derive(Clone, Debug, InputObject)]
pub struct RecordTouchpointsInput {
    /// The touches, 1 to 1,000. All go in, or none.
    pub touchpoints: Vec<RecordTouchpointInput>,
}

payload! {
    /// What `recordTouchpoint` answers.
    RecordTouchpointPayload {
        /// The new touchpoint; null if it was refused.
        touchpoint: Touchpoint
    }
}

payload! {
    /// What `recordTouchpoints` answers.
    RecordTouchpointsPayload {
        /// The new touchpoints, at most 1,000, in the order of the input; null if one was refused, and so all.
        touchpoints: Vec<Touchpoint>
    }
}

/// Records one touch.
pub async fn one(cx: &Cx, input: RecordTouchpointInput) -> Result<Touchpoint> {
    record(cx, vec![input], |_, field| field.to_owned()).await?.pop().ok_or(Error::NotFound)
}

/// Records many touches: all, or none.
pub async fn many(cx: &Cx, input: RecordTouchpointsInput) -> Result<Vec<Touchpoint>> {
    let inputs = input.touchpoints;
    if inputs.is_empty() || inputs.len() > MAX_BATCH {
        return Err(Error::invalid("touchpoints", format!("1 to {MAX_BATCH} touchpoints at once")));
    }
    record(cx, inputs, |index, field| format!("touchpoints.{index}.{field}")).await
}

/// `at` names a field of the nth input in a refusal.
async fn record(
    cx: &Cx,
    inputs: Vec<RecordTouchpointInput>,
    at: impl Fn(usize, &str) -> String + Sync,
) -> Result<Vec<Touchpoint>> {
    let mut written: Vec<(Class, &'static str)> = inputs.iter().flat_map(RecordTouchpointInput::written).collect();
    written.sort_unstable();
    written.dedup();
    let mut work = Work::begin(cx).await?;
    let known = Known::load(cx, &work, &inputs, &at).await?;
    let mut rows = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        rows.push(known.row(work.now(), input, |field| at(index, field))?);
    }
    let rows = work.insert_many::<touchpoint::Entity>(rows).await?;
    rows.iter().for_each(|row| work.record(event_of(row)));
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let reached = cx.caller.rows_to_write::<touchpoint::Entity>().by_ids(ids.iter().copied()).all(work.tx()).await?;
    let mut by_id: HashMap<Uuid, Seen<touchpoint::Model>> =
        reached.into_iter().map(|seen| (seen.row().id, seen)).collect();
    let mut recorded = Vec::with_capacity(ids.len());
    for id in ids {
        let seen = by_id.remove(&id).ok_or_else(|| Error::forbidden(""))?;
        require_write(seen.rights(), &written)?;
        recorded.push(Touchpoint(seen));
    }
    work.commit().await?;
    Ok(recorded)
}

/// When a touch can have been.
pub(super) fn possible(path: &str, occurred_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match occurred_at < DateTime::UNIX_EPOCH || occurred_at > now + Duration::hours(24) {
        true => Err(Error::invalid(path, "not before 1970, and not more than 24 hours ahead")),
        false => Ok(occurred_at),
    }
}

/// What a link was tagged with; blank is none.
pub(crate) fn tag(path: &str, value: Option<String>) -> Result<Option<String>> {
    value.filter(|tag| !tag.trim().is_empty()).map(|tag| text(path, tag, 500)).transpose()
}

type Found<M> = HashMap<Uuid, Seen<M>>;

/// What the rows of one call take from what they refer to. The rest is only checked.
struct Known {
    campaigns_by_code: HashMap<String, Uuid>,
    contacts: Found<contact::Model>,
    visitors: Found<visitor::Model>,
    employments: HashMap<Uuid, Vec<employment::Model>>,
}

impl Known {
    async fn load(
        cx: &Cx,
        work: &Work<'_>,
        inputs: &[RecordTouchpointInput],
        at: &(impl Fn(usize, &str) -> String + Sync),
    ) -> Result<Known> {
        found::<campaign::Entity>(cx, work, inputs, |i| i.campaign_id, |n| at(n, "campaignId")).await?;
        found::<channel::Entity>(cx, work, inputs, |i| i.channel_id, |n| at(n, "channelId")).await?;
        found::<content_asset::Entity>(cx, work, inputs, |i| i.content_asset_id, |n| at(n, "contentAssetId")).await?;
        found::<account::Entity>(cx, work, inputs, |i| i.account_id, |n| at(n, "accountId")).await?;
        let contacts = found::<contact::Entity>(cx, work, inputs, |i| i.contact_id, |n| at(n, "contactId")).await?;
        let visitors = found::<visitor::Entity>(cx, work, inputs, |i| i.visitor_id, |n| at(n, "visitorId")).await?;

        let untold = inputs.iter().filter(|input| input.campaign_id.is_none());
        // What no code can be is refused with its row, and not asked for: PostgreSQL takes no NUL in a question.
        let codes = distinct(untold.filter_map(|input| input.utm_campaign.clone()).filter(|code| !code.contains('\0')));
        let mut campaigns_by_code = HashMap::new();
        if !codes.is_empty() {
            let named = cx.caller.rows::<campaign::Entity>().filter(campaign::Column::Code.is_in(codes));
            let named = named.all(work.tx()).await?;
            campaigns_by_code.extend(named.iter().filter_map(|seen| Some((seen.row().code.clone()?, seen.row().id))));
        }

        let people = distinct(contacts.keys().copied().chain(visitors.values().filter_map(|v| v.row().contact_id)));
        let mut employments: HashMap<Uuid, Vec<employment::Model>> = HashMap::new();
        if !people.is_empty() {
            let jobs = cx.caller.rows::<employment::Entity>().filter(employment::Column::ContactId.is_in(people));
            for job in jobs.all(work.tx()).await? {
                employments.entry(job.row().contact_id).or_default().push(job.row().clone());
            }
        }
        Ok(Known { campaigns_by_code, contacts, visitors, employments })
    }

    fn row(
        &self,
        now: DateTime<Utc>,
        input: RecordTouchpointInput,
        at: impl Fn(&str) -> String,
    ) -> Result<touchpoint::ActiveModel> {
        let RecordTouchpointInput {
            interaction,
            occurred_at,
            campaign_id,
            channel_id,
            content_asset_id,
            contact_id,
            visitor_id,
            account_id,
            page_url,
            referrer,
            utm_source,
            utm_medium,
            utm_campaign,
            utm_term,
            utm_content,
            is_inbound: inbound,
            cost,
        } = input;
        if contact_id.is_none() && visitor_id.is_none() && account_id.is_none() {
            return Err(Error::invalid(&at("contactId"), "a touch is with a contact, a visitor or an account"));
        }
        let occurred_at = possible(&at("occurredAt"), occurred_at.unwrap_or(now), now)?;
        let visitor = visitor_id.and_then(|id| self.visitors.get(&id.uuid)).map(Seen::row);
        let contact_id = contact_id.map(|id| id.uuid).or_else(|| visitor.and_then(|visitor| visitor.contact_id));
        let account_id = account_id
            .map(|id| id.uuid)
            .or_else(|| contact_id.and_then(|contact| self.employer(contact, occurred_at)))
            .or_else(|| visitor.and_then(|visitor| visitor.account_id));
        let campaign_id =
            campaign_id.map(|id| id.uuid).or_else(|| self.campaigns_by_code.get(utm_campaign.as_deref()?).copied());
        let (cost_minor, currency) = cost.map(|money| money.into_price(&at("cost"))).transpose()?.unzip();
        let tag = |field: &str, value| tag(&at(field), value);
        Ok(touchpoint::ActiveModel {
            campaign_id: Set(campaign_id),
            channel_id: Set(channel_id.map(|id| id.uuid)),
            content_asset_id: Set(content_asset_id.map(|id| id.uuid)),
            contact_id: Set(contact_id),
            visitor_id: Set(visitor_id.map(|id| id.uuid)),
            account_id: Set(account_id),
            interaction: Set(interaction),
            occurred_at: Set(occurred_at),
            page_url: Set(bare_url(&at("pageUrl"), page_url)?),
            referrer: Set(bare_url(&at("referrer"), referrer)?),
            utm_source: Set(tag("utmSource", utm_source)?),
            utm_medium: Set(tag("utmMedium", utm_medium)?),
            utm_campaign: Set(tag("utmCampaign", utm_campaign)?),
            utm_term: Set(tag("utmTerm", utm_term)?),
            utm_content: Set(tag("utmContent", utm_content)?),
            cost_minor: Set(cost_minor),
            currency: Set(currency),
            is_inbound: Set(inbound.unwrap_or_else(|| is_inbound(interaction))),
            ..Default::default()
        })
    }

    /// The company that a person worked for then. Before the first employment that is known, that one stands in: nothing
    /// else is known.
    fn employer(&self, contact: Uuid, then: DateTime<Utc>) -> Option<Uuid> {
        match self.employments.get(&contact) {
            Some(jobs) => employer_then(jobs, then),
            None => self.contacts.get(&contact).and_then(|seen| seen.row().account_id),
        }
    }
}

/// The company that a person worked for then, by their employments. Before the first of them, that one stands in.
pub(crate) fn employer_then(jobs: &[employment::Model], then: DateTime<Utc>) -> Option<Uuid> {
    let covers = |job: &&employment::Model| {
        job.valid_from.is_none_or(|from| from <= then) && job.valid_to.is_none_or(|to| then < to)
    };
    let first = || {
        let first = jobs.iter().min_by_key(|job| (job.valid_from, !job.is_primary))?;
        first.valid_from.is_some_and(|from| then < from).then_some(first)
    };
    let held = jobs.iter().filter(covers).max_by_key(|job| (job.is_primary, job.valid_from));
    held.or_else(first).map(|job| job.account_id)
}

/// The rows that one field of the inputs refers to, in one statement; refuses the first that leads nowhere.
async fn found<E: Journaled>(
    cx: &Cx,
    work: &Work<'_>,
    inputs: &[RecordTouchpointInput],
    id_of: impl Fn(&RecordTouchpointInput) -> Option<GlobalId>,
    at: impl Fn(usize) -> String,
) -> Result<Found<E::Model>> {
    let mut asked: Vec<(usize, Uuid)> = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        if let Some(id) = id_of(input) {
            asked.push((index, id.named(&at(index), E::OBJECT.kind())?));
        }
    }
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = cx.caller.rows::<E>().by_ids(distinct(asked.iter().map(|(_, id)| *id))).all(work.tx()).await?;
    let rows: Found<E::Model> = rows.into_iter().map(|seen| (E::id(seen.row()), seen)).collect();
    match asked.iter().find(|(_, id)| !rows.contains_key(id)) {
        Some((index, id)) => Err(work.missing::<E>(&at(*index), [*id]).await),
        None => Ok(rows),
    }
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Changing touchpoints.
#[derive(Default)]
pub struct TouchpointMutation;

#[Object]
impl TouchpointMutation {
    /// Records one touch. Its event stands on the timelines where it happened.
    #[graphql(directive = access::apply("Touchpoint".into(), "P".into(), true))]
    async fn record_touchpoint(
        &self,
        ctx: &Context<'_>,
        input: RecordTouchpointInput,
    ) -> Result<RecordTouchpointPayload> {
        let cx = Cx::of(ctx);
        RecordTouchpointPayload::of(attempt(|| one(cx, input.clone())).await)
    }

    /// Records up to 1,000 touches: all, or none.
    #[graphql(directive = access::apply("Touchpoint".into(), "P".into(), true))]
    async fn record_touchpoints(
        &self,
        ctx: &Context<'_>,
        input: RecordTouchpointsInput,
    ) -> Result<RecordTouchpointsPayload> {
        let cx = Cx::of(ctx);
        RecordTouchpointsPayload::of(attempt(|| many(cx, input.clone())).await)
    }
}
