//! The channel: a way into the market. Tenant data, loaded with the tenant.

use async_graphql::{Context, Object};
use entities::{codes::ChannelGroup, marketing::channel};

use crate::{
    graph::{Cx, Direction, List, PageArgs, Result, cost, list},
    object,
    policy::access,
};

object! {
    /// A way into the market: online advertising, a trade fair, a cold call. Online and offline are equal citizens.
    Channel(channel::Entity) as Campaign, id Channel {
        /// Such as `TRADE_FAIR` or `COLD_CALL`: an open list, unique in the tenant.
        P code: String = |row| row.code.clone();
        /// What people call it.
        P name: String = |row| row.name.clone();
        /// Who owns the stage that it plays on.
        P group: ChannelGroup = |row| row.channel_group;
        /// True for visits without a known origin, which attribution may skip.
        P is_direct: bool = |row| row.is_direct;
    }
}

/// Reading channels.
#[derive(Default)]
pub struct ChannelQuery;

#[Object]
impl ChannelQuery {
    /// The tenant's channels.
    #[graphql(directive = access::apply("Campaign".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn channels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Channel>> {
        let cx = Cx::of(ctx);
        list(cx, cx.caller.rows::<channel::Entity>(), PageArgs::new(first, after, last, before), Direction::Rising)
            .await
    }
}
