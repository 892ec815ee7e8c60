//! The people of the company and the tenant's own order of the world: colleagues, industries, queues.

use async_graphql::{Context, Object};
use entities::{
    account::{account, colleague, industry},
    codes::{Discipline, Wing},
    tenant::queue,
};

use super::Account;
use crate::{
    graph::{Cx, Direction, List, PageArgs, Result, cost, list},
    journey::timeline,
    object,
    policy::access,
};

object! {
    /// Somebody who works for the company that runs this Journey.
    Colleague(colleague::Entity) as Reference, id Colleague {
        /// The full name.
        N name: String = |row| row.name.clone();
        /// The company mail address.
        C email: String = |row| row.email.clone();
        /// The discipline.
        P department: Discipline = |row| row.department;
        /// The job title.
        N title: String = |row| row.title.clone();
        /// Whether the colleague still works here.
        P is_active: bool = |row| row.is_active;
    }
}

object! {
    /// An industry, by its NACE code.
    Industry(industry::Entity) as Reference, id Industry {
        /// The NACE code, or the source's own.
        P code: String = |row| row.code.clone();
        /// The name.
        P name: String = |row| row.name.clone();
    }
    refs {
        /// The industry above; null at the top.
        P parent: Industry = industry::Entity, |row| row.parent_id;
    }
    lists {
        /// The accounts of this very industry that you may see.
        accounts: Account = account::Entity, account::Column::IndustryId, Rising;
    }
    timeline Industry;
}

object! {
    /// Where work waits for a discipline.
    Queue(queue::Entity) as Queue, id Queue {
        /// The name.
        P name: String = |row| row.name.clone();
        /// The wing that it belongs to.
        P wing: Wing = |row| row.wing;
    }
}

/// Reading the tenant's people and reference data.
#[derive(Default)]
pub struct PeopleQuery;

#[Object]
impl PeopleQuery {
    /// The colleagues.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn colleagues(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Colleague>> {
        let cx = Cx::of(ctx);
        list(cx, cx.caller.rows::<colleague::Entity>(), PageArgs::new(first, after, last, before), Direction::Rising)
            .await
    }

    /// The industries.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn industries(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Industry>> {
        let cx = Cx::of(ctx);
        list(cx, cx.caller.rows::<industry::Entity>(), PageArgs::new(first, after, last, before), Direction::Rising)
            .await
    }

    /// The queues.
    #[graphql(directive = access::apply("Queue".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn queues(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Queue>> {
        let cx = Cx::of(ctx);
        list(cx, cx.caller.rows::<queue::Entity>(), PageArgs::new(first, after, last, before), Direction::Rising).await
    }
}
