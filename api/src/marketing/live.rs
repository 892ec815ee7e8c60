//! The inbox, live: what is newly offered to the caller or its queues, and what becomes of it.

use async_graphql::{ComplexObject, Context, SimpleObject, Subscription};
use entities::marketing::handover;
use futures::{Stream, TryStreamExt};
use uuid::Uuid;

use super::Handover;
use crate::{
    graph::{Cx, Result, one},
    journey::{
        ObjectType,
        events::JourneyEvent,
        live::{self, Desk},
    },
    policy::access,
};

/// What happened to a handover that lies with you or one of your queues.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct HandoverInboxChange {
    /// What happened: offered, accepted, rejected, returned, expired or recalled.
    pub event: JourneyEvent,
    /// Go on from here after a broken line: `handoverInbox(after: cursor)`.
    pub cursor: String,
    #[graphql(skip)]
    id: Uuid,
}

#[ComplexObject]
impl HandoverInboxChange {
    /// The handover as it is now; null where you may not see it any more.
    #[graphql(directive = access::apply("Handover".into(), "*".into(), false))]
    async fn handover(&self, ctx: &Context<'_>) -> Result<Option<Handover>> {
        one::<handover::Entity, Handover>(Cx::of(ctx), self.id).await
    }
}

/// The live inbox.
#[derive(Default)]
pub struct InboxSubscription;

#[Subscription]
impl InboxSubscription {
    /// Every handover that is offered to you or one of your queues, and what becomes of it, from `after` on, in the order in which
    /// it was recorded. Without `after`, from now on. Your rights are judged anew for each event; when they change, or your queues
    /// do, the stream ends with RIGHTS_CHANGED: read again.
    #[graphql(directive = access::apply("Handover".into(), "*".into(), false))]
    async fn handover_inbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A `liveCursor` of the root, or the `cursor` of the last change that arrived.")] after: Option<
            String,
        >,
    ) -> Result<impl Stream<Item = Result<HandoverInboxChange>> + use<>> {
        let changes = live::follow(ctx, Desk(ObjectType::Handover), after).await?;
        Ok(changes.map_ok(|(event, cursor)| {
            let id = event.row.object_id;
            HandoverInboxChange { event: event.into(), cursor, id }
        }))
    }
}
