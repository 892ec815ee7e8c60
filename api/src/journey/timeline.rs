//! The timeline: one subject's events, newest first, and the live stream that goes on where a page was read.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, InputObject, Lookahead, Object, SimpleObject, Subscription, connection::CursorType};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, contact, industry, visitor},
    codes::{EventDomain, SubjectType},
    marketing::{campaign, lead},
    sales::opportunity,
    service::{asset, ticket},
};
use futures::{Stream, TryStreamExt};
use uuid::Uuid;

use super::{
    EventKind, Journaled,
    events::{JourneyEvent, kind_of},
    live::{self, Followed, LiveCursor},
    reader::{self, AtHome, Filter, SeenEvent, Since, Subject, TimelinePage, Wanted},
    tail, told,
};
use crate::{
    graph::{Cx, Error, GlobalId, Key, Kind, Page, PageArgs, Result, RowCursor, merged_into},
    policy::access,
    store::Topic,
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
    filter: Arc<Filter>,
    events: Vec<Arc<SeenEvent>>,
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
    async fn edges(&self) -> Vec<TimelineEdge> {
        self.events.iter().map(|event| TimelineEdge { cursor: place_of(event), node: event.clone().into() }).collect()
    }

    /// The events alone.
    async fn nodes(&self) -> Vec<JourneyEvent> {
        self.events.iter().map(|event| event.clone().into()).collect()
    }

    /// Where this page stands.
    async fn page_info(&self) -> &TimelinePageInfo {
        &self.page_info
    }

    /// How many events you may see with this filter. Computed only when it is selected.
    async fn total_count(&self) -> Result<i32> {
        let count = self.cx.load(CountOf { subject: self.subject, filter: self.filter.clone() }).await?;
        Ok(i32::try_from(count.unwrap_or_default()).unwrap_or(i32::MAX))
    }
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

/// Of some subjects of one type those that the caller may see, each with its account.
async fn seen_accounts(cx: &Cx, ty: SubjectType, ids: Vec<Uuid>) -> Result<Vec<(Subject, Option<Uuid>)>> {
    async fn of<E: Journaled>(cx: &Cx, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Option<Uuid>)>> {
        let seen = cx.caller.rows::<E>().by_ids(ids).all(&cx.db()).await?;
        Ok(seen.iter().map(|seen| (E::id(seen.row()), E::account_id(seen.row()))).collect())
    }
    let seen = match ty {
        SubjectType::Account => of::<account::Entity>(cx, ids).await,
        SubjectType::Contact => of::<contact::Entity>(cx, ids).await,
        SubjectType::Visitor => of::<visitor::Entity>(cx, ids).await,
        SubjectType::Opportunity => of::<opportunity::Entity>(cx, ids).await,
        SubjectType::Lead => of::<lead::Entity>(cx, ids).await,
        SubjectType::Campaign => of::<campaign::Entity>(cx, ids).await,
        SubjectType::Ticket => of::<ticket::Entity>(cx, ids).await,
        SubjectType::Asset => of::<asset::Entity>(cx, ids).await,
        SubjectType::Industry => of::<industry::Entity>(cx, ids).await,
    };
    Ok(seen?.into_iter().map(|(id, account)| (Subject { ty, id }, account)).collect())
}

/// Why a subject has no timeline: MERGED where it was merged into one that the caller sees, else NOT_FOUND.
async fn unseen(cx: &Cx, subject: Subject) -> Result<Error> {
    let (db, id) = (cx.db(), vec![subject.id]);
    let new_id = match subject.ty {
        SubjectType::Account => merged_into::<account::Entity, _>(&cx.caller, &db, Kind::Account, id).await?,
        SubjectType::Contact => merged_into::<contact::Entity, _>(&cx.caller, &db, Kind::Contact, id).await?,
        _ => None,
    };
    Ok(new_id.map_or(Error::NotFound, Error::Merged))
}

/// With which rights a subject's events are seen, asked together with its siblings. No answer for a subject that the caller does not see.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ReachOf(Subject);

impl Key for ReachOf {
    type Value = u64;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, u64>> {
        let mut seen = Vec::with_capacity(keys.len());
        for ty in SubjectType::ALL {
            let ids: Vec<Uuid> = keys.iter().filter(|key| key.0.ty == *ty).map(|key| key.0.id).collect();
            if !ids.is_empty() {
                seen.extend(seen_accounts(cx, *ty, ids).await?);
            }
        }
        let reach = reader::reach(&cx.caller, &cx.db(), &seen).await?;
        // A link or a merge puts past events on a timeline: whoever follows it reads again.
        let past = reader::operations(&cx.caller, &cx.db(), seen.iter().map(|(subject, _)| *subject)).await?;
        let told = seen.into_iter().zip(reach).map(|((subject, account), reach)| {
            let past = past.get(&subject);
            (ReachOf(subject), live::fingerprint(&(subject.ty, subject.id, account, reach, past)))
        });
        Ok(told.collect())
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
pub async fn of<E: Journaled>(
    ctx: &Context<'_>,
    ty: SubjectType,
    row: &E::Model,
    args: TimelineArgs,
) -> Result<TimelineConnection> {
    let TimelineArgs { filter, page, as_of, known_at } = args;
    let (filter, page) = (filter.unwrap_or_default().read(as_of, known_at)?, page.page()?);
    read_page(ctx, OfSubject { subject: Subject { ty, id: E::id(row) }, filter }, E::account_id(row), page).await
}

/// What the fields of its events need of a page, from what is selected of them.
fn wanted(ctx: &Context<'_>) -> (Wanted, bool) {
    let page = ctx.look_ahead();
    let position = page.field("pageInfo").field("liveCursor").exists();
    let (mut wanted, mut people) = (Wanted { position, ..Wanted::default() }, false);
    for event in [page.field("nodes"), page.field("edges").field("node")].iter().flat_map(Lookahead::selection_fields) {
        for field in event.selection_set() {
            match field.name() {
                "__typename" | "id" | "kind" | "domain" | "occurredAt" | "recordedAt" | "timeUncertain"
                | "importance" | "actor" | "object" | "title" | "source" | "supersedes" => {}
                "subjects" => wanted.subjects = true,
                "contact" | "campaign" => (wanted.subjects, people) = (true, true),
                // Whatever a type of event has of its own stands in its payload.
                _ => wanted.payload = true,
            }
        }
    }
    (wanted, people)
}

/// A page of one subject's timeline, read together with those of its siblings.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PageOf {
    subject: Subject,
    home: Option<Uuid>,
    filter: Arc<Filter>,
    page: Page,
    wanted: Wanted,
}

impl Key for PageOf {
    type Value = Arc<TimelinePage>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut groups: HashMap<(SubjectType, Arc<Filter>, Page, Wanted), Vec<PageOf>> = HashMap::new();
        for key in keys {
            groups.entry((key.subject.ty, key.filter.clone(), key.page, key.wanted)).or_default().push(key);
        }
        let mut answers = HashMap::new();
        for ((ty, filter, page, wanted), keys) in groups {
            let of: Vec<AtHome> = keys.iter().map(|key| (key.subject.id, key.home)).collect();
            let pages = reader::pages(&cx.caller, &cx.db(), ty, &of, &filter, &page, wanted).await?;
            answers.extend(keys.into_iter().filter_map(|key| {
                let found = pages.get(&key.subject.id)?.clone();
                Some((key, Arc::new(found)))
            }));
        }
        Ok(answers)
    }
}

/// How many events of one subject the caller sees, counted together with those of its siblings.
#[derive(Clone, PartialEq, Eq, Hash)]
struct CountOf {
    subject: Subject,
    filter: Arc<Filter>,
}

impl Key for CountOf {
    type Value = i64;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut groups: HashMap<(SubjectType, Arc<Filter>), Vec<Uuid>> = HashMap::new();
        for CountOf { subject, filter } in keys {
            groups.entry((subject.ty, filter)).or_default().push(subject.id);
        }
        let mut answers = HashMap::new();
        for ((ty, filter), ids) in groups {
            let counts = reader::counts(&cx.caller, &cx.db(), ty, &ids, &filter).await?;
            answers.extend(
                counts.into_iter().map(|(id, n)| (CountOf { subject: Subject { ty, id }, filter: filter.clone() }, n)),
            );
        }
        Ok(answers)
    }
}

async fn read_page(ctx: &Context<'_>, of: OfSubject, home: Option<Uuid>, page: Page) -> Result<TimelineConnection> {
    let cx = Cx::of(ctx);
    // Before the page: rights that change in between make the cursor one that has to be read anew, never one that lies.
    let (wanted, people) = wanted(ctx);
    let rights = match wanted.position {
        true => live::rights(cx, &of).await?,
        false => 0,
    };
    let OfSubject { subject, filter } = of;
    let filter = Arc::new(filter);
    let key = PageOf { subject, home, filter: filter.clone(), page, wanted };
    let found = cx.load(key).await?.ok_or(Error::NotFound)?;
    let (events, has_previous_page, has_next_page) = page.cut(found.events.clone());
    if people {
        Box::pin(told::bring(cx, &events)).await?;
    }
    let page_info = TimelinePageInfo {
        has_previous_page,
        has_next_page,
        start_cursor: events.first().map(place_of),
        end_cursor: events.last().map(place_of),
        live_cursor: LiveCursor { position: found.position, rights }.encode(),
    };
    Ok(TimelineConnection { cx: cx.clone(), subject, filter, events, page_info })
}

/// The cursor of an event.
fn place_of(event: &Arc<SeenEvent>) -> String {
    RowCursor::Id(event.row.id).encode_cursor()
}

/// Reading timelines.
#[derive(Default)]
pub struct TimelineQuery;

#[Object]
impl TimelineQuery {
    /// The timeline of an account, contact, visitor, lead, opportunity, campaign, ticket, asset or industry, newest first.
    /// NOT_FOUND if there is no such subject that you may see; MERGED with `newId` for one that was merged into another.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(
        directive = access::apply("Account".into(), "*".into(), false))]
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
        let of = OfSubject { subject: subject_of(subject)?, filter: filter.unwrap_or_default().read(as_of, known_at)? };
        let page = PageArgs::new(first, after, last, before).page()?;
        let Subject { ty, id } = of.subject;
        let cx = Cx::of(ctx);
        let home = match seen_accounts(cx, ty, vec![id]).await?.pop() {
            Some((_, home)) => home,
            None => return Err(unseen(cx, of.subject).await?),
        };
        Box::pin(read_page(ctx, of, home, page)).await
    }

    /// The feed's position now, for a stream that stands on no page, such as `handoverInbox`. Ask for it first, then read
    /// the list: what changes in between arrives live.
    #[graphql(directive = access::apply("Account".into(), "*".into(), false))]
    async fn live_cursor(&self, ctx: &Context<'_>) -> Result<String> {
        live::now(Cx::of(ctx)).await
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

/// A subject's events, as they are followed.
struct OfSubject {
    subject: Subject,
    filter: Filter,
}

impl Followed for OfSubject {
    fn topics(&self) -> Vec<Topic> {
        vec![tail::about(self.subject)]
    }

    async fn since(&self, cx: &Cx, position: i64, limit: u64) -> Result<Since> {
        Ok(reader::since(&cx.caller, &cx.db(), self.subject, &self.filter, position, limit).await?)
    }

    async fn reach(&self, cx: &Cx) -> Result<u64> {
        match cx.load(ReachOf(self.subject)).await? {
            Some(reach) => Ok(reach),
            None => Err(unseen(cx, self.subject).await?),
        }
    }
}

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
        let followed =
            OfSubject { subject: subject_of(subject)?, filter: filter.unwrap_or_default().read(None, None)? };
        let changes = live::follow(ctx, followed, after).await?;
        Ok(changes.map_ok(|(event, cursor)| TimelineChange { event: event.into(), cursor }))
    }
}
