//! The timeline: one subject's events, newest first, and the live stream that goes on where a page was read.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject, Subscription, connection::CursorType};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, contact, industry, visitor},
    codes::{EventDomain, SubjectType},
    marketing::{campaign, lead},
    sales::opportunity,
    service::{asset, ticket},
};
use futures::Stream;
use uuid::Uuid;

use super::{
    EventKind, Journaled,
    events::{JourneyEvent, kind_of},
    reader::{self, Filter, Subject},
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Page, PageArgs, Result, RowCursor, cost},
    policy::access,
    tenancy,
};

/// Which events. All conditions hold together; those of one list are alternatives.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TimelineFilter {
    /// Of these parts of the journey.
    pub domains: Option<Vec<EventDomain>>,
    /// Of these kinds, by their dot names, such as `meeting.held`. Naming kinds shows unimportant ones, too.
    pub kinds: Option<Vec<String>>,
    /// Done by these colleagues.
    pub actors: Option<Vec<GlobalId>>,
    /// About these campaigns.
    pub campaigns: Option<Vec<GlobalId>>,
    /// Happened at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Happened before this moment.
    pub to: Option<DateTime<Utc>>,
    /// At least this important: 0 everything, 1 (unless said otherwise) without plain record changes, 2 steps, 3 milestones.
    pub min_importance: Option<i32>,
}

impl TimelineFilter {
    fn read(self, as_of: Option<DateTime<Utc>>, known_at: Option<DateTime<Utc>>) -> Result<Filter> {
        let TimelineFilter { domains, kinds, actors, campaigns, from, to, min_importance } = self;
        let ids = |ids: Option<Vec<GlobalId>>, kind| {
            ids.map(|ids| ids.into_iter().map(|id| id.expect(kind)).collect::<Result<Vec<Uuid>>>()).transpose()
        };
        for list in [domains.as_ref().map(Vec::len), kinds.as_ref().map(Vec::len)].into_iter().flatten() {
            if list > 100 {
                return Err(Error::BadInput("a filter names at most 100 values".into()));
            }
        }
        if let Some(unknown) = kinds.iter().flatten().find(|kind| EventKind::parse(kind).is_none()) {
            return Err(Error::BadInput(format!("there is no kind of event called {unknown:?}")));
        }
        Ok(Filter {
            domains,
            kinds,
            actors: ids(actors, Kind::Colleague)?,
            campaigns: ids(campaigns, Kind::Campaign)?,
            from,
            to,
            min_importance,
            as_of,
            known_at,
        })
    }
}

/// A page of a timeline.
pub struct TimelineConnection {
    cx: Cx,
    subject: Subject,
    filter: Filter,
    edges: Vec<TimelineEdge>,
    page_info: TimelinePageInfo,
}

/// One event of a page, with the cursor that names its place.
#[derive(Clone, SimpleObject)]
pub struct TimelineEdge {
    /// The place of the event, for `after` and `before`.
    pub cursor: String,
    /// The event.
    pub node: JourneyEvent,
}

/// Where a page stands in the timeline and in the feed.
#[derive(Clone, SimpleObject)]
pub struct TimelinePageInfo {
    /// Whether there are newer events than this page, where it was asked for with `after` or `last`.
    pub has_previous_page: bool,
    /// Whether there are older events than this page.
    pub has_next_page: bool,
    /// The cursor of the first event; null for an empty page.
    pub start_cursor: Option<String>,
    /// The cursor of the last event; null for an empty page.
    pub end_cursor: Option<String>,
    /// The position of the feed that this page was read at. `timelineChanged(after: liveCursor)` goes on from here: no gap, no
    /// repeat.
    pub live_cursor: String,
}

/// One subject's events, newest first.
#[Object]
impl TimelineConnection {
    /// The events with their cursors.
    async fn edges(&self) -> &[TimelineEdge] {
        &self.edges
    }

    /// The events alone.
    async fn nodes(&self) -> Vec<JourneyEvent> {
        self.edges.iter().map(|edge| edge.node.clone()).collect()
    }

    /// Where this page stands.
    async fn page_info(&self) -> &TimelinePageInfo {
        &self.page_info
    }

    /// How many events you may see with this filter. Computed only when it is selected.
    async fn total_count(&self) -> Result<i32> {
        let count = reader::count(&self.cx.caller, self.cx.store.db(), self.subject, &self.filter).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// A position of the feed, opaque to clients.
fn live_cursor(position: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("live:{position}"))
}

fn live_position(cursor: &str) -> Result<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::CursorInvalid)?;
    let text = String::from_utf8(bytes).map_err(|_| Error::CursorInvalid)?;
    let position = text.strip_prefix("live:").and_then(|position| position.parse::<i64>().ok());
    position.filter(|position| *position >= 0).ok_or(Error::CursorInvalid)
}

/// The subject of an id; other types of id have no timeline.
fn subject_of(id: GlobalId) -> Result<Subject> {
    SubjectType::ALL
        .iter()
        .copied()
        .find(|ty| kind_of(*ty) == id.kind)
        .map(|ty| Subject { ty, id: id.uuid })
        .ok_or_else(|| Error::BadInput(format!("an id of type {}_… has no timeline", id.kind.prefix())))
}

/// The account of a subject that the caller may see: `None` if there is no such subject for the caller.
async fn seen_account(cx: &Cx, subject: Subject) -> Result<Option<Option<Uuid>>> {
    async fn of<E: Journaled>(cx: &Cx, id: Uuid) -> Result<Option<Option<Uuid>>> {
        let seen = cx.caller.rows::<E>().by_id(id).one(cx.store.db()).await?;
        Ok(seen.map(|seen| E::account_id(seen.row())))
    }
    match subject.ty {
        SubjectType::Account => of::<account::Entity>(cx, subject.id).await,
        SubjectType::Contact => of::<contact::Entity>(cx, subject.id).await,
        SubjectType::Visitor => of::<visitor::Entity>(cx, subject.id).await,
        SubjectType::Opportunity => of::<opportunity::Entity>(cx, subject.id).await,
        SubjectType::Lead => of::<lead::Entity>(cx, subject.id).await,
        SubjectType::Campaign => of::<campaign::Entity>(cx, subject.id).await,
        SubjectType::Ticket => of::<ticket::Entity>(cx, subject.id).await,
        SubjectType::Asset => of::<asset::Entity>(cx, subject.id).await,
        SubjectType::Industry => of::<industry::Entity>(cx, subject.id).await,
    }
}

/// The arguments of a timeline field.
#[derive(Clone, Debug, Default)]
pub struct TimelineArgs {
    /// Which events.
    pub filter: Option<TimelineFilter>,
    /// Which page.
    pub page: PageArgs,
    /// As of when it happened.
    pub as_of: Option<DateTime<Utc>>,
    /// As known when it was recorded.
    pub known_at: Option<DateTime<Utc>>,
}

/// The page of a subject that the caller has been shown already: the field `timeline` of an object.
pub async fn of(cx: &Cx, ty: SubjectType, id: Uuid, args: TimelineArgs) -> Result<TimelineConnection> {
    let TimelineArgs { filter, page, as_of, known_at } = args;
    let (filter, page, subject) = (filter.unwrap_or_default().read(as_of, known_at)?, page.page()?, Subject { ty, id });
    read_page(cx, subject, filter, page).await
}

async fn read_page(cx: &Cx, subject: Subject, filter: Filter, page: Page) -> Result<TimelineConnection> {
    let found = {
        let _busy = cx.busy();
        reader::page(&cx.caller, cx.store.db(), subject, &filter, &page).await?
    };
    let (events, has_previous_page, has_next_page) = page.cut(found.events);
    let edges: Vec<TimelineEdge> = events
        .into_iter()
        .map(|event| TimelineEdge { cursor: RowCursor::Id(event.row.id).encode_cursor(), node: event.into() })
        .collect();
    let page_info = TimelinePageInfo {
        has_previous_page,
        has_next_page,
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        live_cursor: live_cursor(found.position),
    };
    Ok(TimelineConnection { cx: cx.clone(), subject, filter, edges, page_info })
}

/// Reading timelines.
#[derive(Default)]
pub struct TimelineQuery;

#[Object]
impl TimelineQuery {
    /// The timeline of an account, contact, visitor, lead, opportunity, campaign, ticket, asset or industry, newest first.
    /// NOT_FOUND if there is no such subject that you may see.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(
        directive = access::apply("Account".into(), "*".into(), false),
        complexity = "cost(first, last, child_complexity)"
    )]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose timeline.")] subject: GlobalId,
        #[graphql(desc = "Which events.")] filter: Option<TimelineFilter>,
        #[graphql(desc = "The newest n, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Older than this cursor.")] after: Option<String>,
        #[graphql(desc = "The oldest n, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Newer than this cursor.")] before: Option<String>,
        #[graphql(desc = "Only what had happened by then.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "Only what was known by then.")] known_at: Option<DateTime<Utc>>,
    ) -> Result<TimelineConnection> {
        let cx = Cx::of(ctx);
        let subject = subject_of(subject)?;
        let page = PageArgs::new(first, after, last, before).page()?;
        let filter = filter.unwrap_or_default().read(as_of, known_at)?;
        seen_account(cx, subject).await?.ok_or(Error::NotFound)?;
        read_page(cx, subject, filter, page).await
    }
}

/// What the feed brought.
#[derive(Clone, SimpleObject)]
pub struct TimelineChange {
    /// The event. It may sort anywhere in the timeline: a late arrival sorts where it happened.
    pub event: JourneyEvent,
    /// Go on from here after a broken line: `timelineChanged(after: cursor)`.
    pub cursor: String,
}

/// How many events one look at the feed takes.
const BATCH: u64 = 100;

/// Live timelines.
#[derive(Default)]
pub struct TimelineSubscription;

#[Subscription]
impl TimelineSubscription {
    /// Every event that is recorded about the subject from `after` on, in the order in which it was recorded. Without `after`,
    /// from now on. Your rights are judged anew for each event; when they change, the stream ends with RIGHTS_CHANGED: read again.
    #[graphql(directive = access::apply("Account".into(), "*".into(), false))]
    async fn timeline_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose timeline.")] subject: GlobalId,
        #[graphql(desc = "Which events.")] filter: Option<TimelineFilter>,
        #[graphql(desc = "A `liveCursor` or the `cursor` of the last change that arrived.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<TimelineChange>> + use<>> {
        let cx = Cx::of(ctx).clone();
        let subject = subject_of(subject)?;
        let filter = filter.unwrap_or_default().read(None, None)?;
        let account = seen_account(&cx, subject).await?.ok_or(Error::NotFound)?;
        let now = reader::position(&cx.caller, cx.store.db()).await?;
        let position = match after {
            // A position that the feed has not reached was never given out.
            Some(cursor) => Some(live_position(&cursor)?).filter(|after| *after <= now).ok_or(Error::CursorInvalid)?,
            None => now,
        };
        let standing = reader::standing(&cx.caller, cx.store.db(), account).await?;
        Ok(follow(cx, subject, Arc::new(filter), account, position, standing))
    }
}

/// Whether the stream may go on now. Everything that is delivered next reads at this moment.
async fn judge(cx: &Cx, subject: Subject, account: Option<Uuid>, standing: &reader::Standing) -> Result<()> {
    let now = cx.clock.now();
    if cx.caller.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::TokenExpired);
    }
    cx.caller.move_to(now);
    if !tenancy::is_unchanged(&cx.store, &cx.caller).await?
        || seen_account(cx, subject).await? != Some(account)
        || reader::standing(&cx.caller, cx.store.db(), account).await? != *standing
    {
        return Err(Error::RightsChanged);
    }
    Ok(())
}

fn follow(
    cx: Cx,
    subject: Subject,
    filter: Arc<Filter>,
    account: Option<Uuid>,
    mut position: i64,
    standing: reader::Standing,
) -> impl Stream<Item = Result<TimelineChange>> {
    async_stream::try_stream! {
        let mut bell = cx.store.woken(cx.caller.tenant);
        loop {
            cx.caller.move_to(cx.clock.now());
            let found = reader::since(&cx.caller, cx.store.db(), subject, &filter, position, BATCH).await?;
            // Rights are judged after the events were read: what was recorded in between must not slip out under an older moment.
            judge(&cx, subject, account, &standing).await?;
            let more = found.events.len() as u64 == BATCH;
            for (place, (at, event)) in found.events.into_iter().enumerate() {
                // A slow reader may take the next one much later: a right that has gone meanwhile stops the very next event.
                if place > 0 {
                    judge(&cx, subject, account, &standing).await?;
                }
                yield TimelineChange { event: event.into(), cursor: live_cursor(at) };
            }
            position = found.looked_to;
            if !more {
                bell.wait(cx.store.poll_interval()).await;
            }
        }
    }
}
