//! The people of the company and the tenant's own order of the world: colleagues, industries, queues.

use entities::{
    account::{account, colleague, industry},
    codes::{Discipline, Wing},
    sales::requirement,
    tenant::queue,
};

use super::{Account, segment::Segment};
use crate::{
    graph::{AnyOf, Ids, TextFilter},
    journey::timeline,
    listed, object,
    policy::access,
    sales::Requirement,
    teamwork,
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
        /// What its customers said that they need, newest first.
        requirements: Requirement = requirement::Entity, requirement::Column::IndustryId, Falling;
    }
    timeline Industry;
    teamwork Industry;
    edges {
        /// How much there is of it: customers, people, leads, needs.
        #[graphql(directive = access::apply("Reference".into(), "P".into(), false))]
        pub async fn segment(&self) -> Segment {
            Segment::of(self.0.row().id)
        }
    }
}

object! {
    /// Where work waits for a discipline.
    Queue(queue::Entity) as Queue, id Queue {
        /// The name.
        P name: String = |row| row.name.clone();
        /// Its short name, unique in the tenant.
        P code: String = |row| row.code.clone();
        /// The wing that it belongs to.
        P wing: Wing = |row| row.wing;
    }
}

listed! {
    /// One colleague; null if there is none that you may see.
    colleague,
    /// The colleagues that you may see, oldest first unless sorted.
    colleagues: Colleague(colleague::Entity) as Reference, id Colleague, Rising;
    query ColleagueQuery, filter ColleagueFilter, sort ColleagueSort {
        /// By name.
        N name: TextFilter = Name;
        /// By discipline.
        P department: AnyOf<Discipline> = Department;
        /// By whether they still work here.
        P is_active: bool = IsActive;
    }
}

listed! {
    /// One industry; null if there is none that you may see.
    industry,
    /// The industries that you may see, oldest first unless sorted.
    industries: Industry(industry::Entity) as Reference, id Industry, Rising;
    query IndustryQuery, filter IndustryFilter, sort IndustrySort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By the industry above.
        P parent_id: Ids = ParentId, of Industry;
    }
}

listed! {
    /// One queue; null if there is none that you may see.
    queue,
    /// The queues that you may see, oldest first unless sorted.
    queues: Queue(queue::Entity) as Queue, id Queue, Rising;
    query QueueQuery, filter QueueFilter, sort QueueSort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By wing.
        P wing: AnyOf<Wing> = Wing;
    }
}
