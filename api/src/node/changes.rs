//! What has changed, whatever it is: the feed of the whole tenant, in the order of commits, for whoever keeps a copy of it. How it is
//! read, and why a copy ends equal, stands in `journey/feed.rs`.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entities::codes::ChangeKind;

use super::{Node, load};
use crate::{
    graph::{Cx, DEFAULT_FEED_PAGE, Error, FieldNames, GlobalId, MAX_FEED_PAGE, Result},
    journey::{
        ObjectType,
        feed::{self, Asked, Cursor, Entry, Span},
        shown::Shown,
    },
    policy::{Caller, Held, access},
};

/// From where to where the change feed is kept.
pub struct Feed {
    caller: Caller,
    span: Span,
}

/// From where to where the change feed is kept.
#[Object]
impl Feed {
    /// Where the feed stands now. For a copy: take this first, then read the lists, then `changes(after: position)`.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn position(&self) -> String {
        Cursor::at(&self.caller, self.span.now).encode()
    }

    /// `changes(after: oldest)` brings everything that is kept. A cursor before it is CURSOR_EXPIRED.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn oldest(&self) -> String {
        oldest(&self.caller, self.span)
    }

    /// The types of records whose changes you hear of: those of which you read every record.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn entities(&self) -> Vec<ObjectType> {
        feed::types_of((&self.caller).into())
    }
}

/// Some changes, in the order of commits.
pub struct FeedPage {
    nodes: Vec<FeedChange>,
    end_cursor: String,
    has_next_page: bool,
}

/// Some changes, in the order of commits.
#[Object]
impl FeedPage {
    /// The changes, at most as many as `first`, in the order of commits.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn nodes(&self) -> &[FeedChange] {
        &self.nodes
    }

    /// Where to go on: also after a page without changes.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn end_cursor(&self) -> &str {
        &self.end_cursor
    }

    /// Whether the feed went on when this was read. A page may be short, or empty, and there is more all the same.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn has_next_page(&self) -> bool {
        self.has_next_page
    }
}

/// Something that happened to a record.
pub struct FeedChange {
    entry: Entry,
    cursor: String,
    fields: Vec<String>,
}

/// Something that happened to a record.
#[Object]
impl FeedChange {
    /// The place in the feed: `changes(after: cursor)` goes on behind it.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// When it was recorded (UTC): it never goes back within the feed. All changes of one transaction have one moment.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.entry.recorded_at
    }

    /// What the record is.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn entity(&self) -> ObjectType {
        self.entry.object
    }

    /// Which record.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn id(&self) -> GlobalId {
        self.entry.global_id()
    }

    /// What happened to the record. With a record goes what is a part of it, without a change of its own: an order's lines, a person's
    /// addresses.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn change(&self) -> ChangeKind {
        self.entry.change
    }

    /// The fields that changed, by their names here, as far as you may read them; `custom.…` for fields of the tenant's own. Empty for a
    /// new or removed record, and where something happened that changed no field.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn changed_fields(&self) -> &[String] {
        &self.fields
    }

    /// The record's version after it; null where the record itself did not change.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn version(&self) -> Option<i32> {
        self.entry.version.map(|version| i32::try_from(version).unwrap_or(i32::MAX))
    }

    /// The system that caused it; null for Journey itself.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn source(&self) -> Option<&str> {
        self.entry.source.as_deref()
    }

    /// The record that took its place, where this one was merged into another: give up the old id for it. Null for every other change;
    /// `identity.unmerged` brings the record back as CREATED.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn replaced_by(&self) -> Option<GlobalId> {
        self.entry.successor()
    }

    /// The dot name of what happened, such as `opportunity.won`, `team.member_added` or `record.updated`; as on timelines.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn kind(&self) -> &str {
        &self.entry.kind
    }

    /// The record as it is now, which may be later than this change; null where it is gone.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn record(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        match self.entry.change {
            ChangeKind::Deleted => Ok(None),
            ChangeKind::Created | ChangeKind::Updated => Box::pin(load(Cx::of(ctx), self.entry.global_id())).await,
        }
    }
}

/// Following the whole tenant.
#[derive(Default)]
pub struct ChangesQuery;

#[Object]
impl ChangesQuery {
    /// From where to where the change feed is kept.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn feed(&self, ctx: &Context<'_>) -> Result<Feed> {
        let cx = Cx::of(ctx);
        Ok(Feed { caller: cx.caller.clone(), span: feed::span(&cx.caller, &cx.db()).await? })
    }

    /// What has changed in the whole tenant, in the order of commits: nothing is left out and nothing comes twice, whoever writes
    /// meanwhile. Of the types of records of which you read every record. CURSOR_EXPIRED where what follows the cursor is no longer kept;
    /// RIGHTS_CHANGED where the cursor was given to other roles.
    #[graphql(directive = access::apply("Feed".into(), "*".into(), false))]
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "After this cursor: an `endCursor`, a change's own, or one of `feed`. From the feed's beginning without."
        )]
        after: Option<String>,
        #[graphql(desc = "Of records of these types only.")] entities: Option<Vec<ObjectType>>,
        #[graphql(desc = "Without what this system caused: its own echo.")] exclude_source: Option<String>,
        #[graphql(desc = "The first n, 1 to 1000; 100 unless said.")] first: Option<i32>,
    ) -> Result<FeedPage> {
        let names = ctx.data_opt::<FieldNames>().cloned().unwrap_or_default();
        Box::pin(changes(Cx::of(ctx), names, after, entities, exclude_source, first)).await
    }
}

async fn changes(
    cx: &Cx,
    names: FieldNames,
    after: Option<String>,
    entities: Option<Vec<ObjectType>>,
    exclude_source: Option<String>,
    first: Option<i32>,
) -> Result<FeedPage> {
    let caller = &cx.caller;
    let first = first.unwrap_or(DEFAULT_FEED_PAGE);
    if !(1..=MAX_FEED_PAGE).contains(&first) {
        return Err(Error::BadInput(format!("first is between 1 and {MAX_FEED_PAGE}, not {first}")));
    }
    let after = after.as_deref().map(|after| Cursor::decode(caller, after)).transpose()?;
    let asked = Asked {
        after: after.map_or(0, |after| after.position),
        objects: heard_of(caller.into(), entities)?,
        exclude_source,
        first: first.unsigned_abs().into(),
    };
    let feed::Entries { entries, looked_to, span } = feed::read(caller, &cx.db(), &asked).await?;
    if asked.after > span.now {
        // A position that the feed has not reached was never given out.
        return Err(Error::CursorInvalid);
    }
    if asked.after + 1 < span.oldest {
        let snapshot = Cursor::at(caller, span.now).encode();
        return Err(Error::FeedExpired { oldest: oldest(caller, span), snapshot });
    }
    let mut shown = Shown::of(cx, names, &entries).await?;
    let nodes = entries.into_iter().map(|entry| FeedChange {
        cursor: Cursor::at(caller, entry.position).encode(),
        fields: shown.fields_of(&entry),
        entry,
    });
    Ok(FeedPage {
        nodes: nodes.collect(),
        end_cursor: Cursor::at(caller, looked_to).encode(),
        has_next_page: looked_to < span.now,
    })
}

fn oldest(caller: &Caller, span: Span) -> String {
    Cursor::at(caller, span.oldest - 1).encode()
}

/// The types that were asked for. A reader must not take silence for quiet: of what it does not hear of it may not ask.
fn heard_of(held: Held, entities: Option<Vec<ObjectType>>) -> Result<Vec<ObjectType>> {
    let heard = feed::types_of(held);
    let Some(mut entities) = entities else { return Ok(heard) };
    entities.sort_unstable();
    entities.dedup();
    if entities.is_empty() {
        return Err(Error::BadInput("entities: name at least one, or leave it out".to_owned()));
    }
    match entities.iter().find(|entity| !heard.contains(entity)) {
        Some(entity) => Err(Error::BadInput(format!("entities: you hear of no changes of {}", entity.code()))),
        None => Ok(entities),
    }
}
