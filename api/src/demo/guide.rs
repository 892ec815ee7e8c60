//! What somebody who starts the demo is told: who is who, their tokens, what to ask first, and where.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::cast::CAST;
use crate::{
    auth::{Grant, Mint},
    cli::{
        Data,
        token::{DEMO_TENANT, default_subject, token_id},
    },
    clock::Clock,
    config::Config,
    policy::{Grants, Role},
};

/// How long the printed tokens are good.
const TTL: Duration = Duration::from_secs(7 * 24 * 3600);

/// What each role may ask first: what it is, and the query.
pub(super) const QUERIES: &[(Role, &str, &str)] = &[
    (
        Role::Marketing,
        "what sales refused, why, and what we learned from it",
        r"{
  marketing {
    rejectedHandovers(first: 5) { nodes { reasonCode rating comment campaign { name } lead { score contact { name } } } }
    lessons(first: 5) { nodes { text reasonCodes campaign { name } appliedToCampaign { name } } }
  }
}",
    ),
    (
        Role::Sales,
        "what waits for a decision, and why it is a lead; what is open",
        r"{
  sales {
    handoverInbox(first: 5) {
      nodes { id dueAt from { name } lead { score description contact { name } account { name } touches { role touchpoint { interaction occurredAt } } } }
    }
    pipeline(mine: true, first: 10) { nodes { name stage amount { amount currency } closeDate account { name } } }
  }
}",
    ),
    (
        Role::Service,
        "the queue with its clocks, and the promises that broke",
        r"{
  service {
    queue(first: 5) { nodes { subject status priority account { name } asset { name serial } slaClocks(first: 4) { nodes { metric dueAt breachedAt } } } }
    breachedClocks(first: 5) { nodes { metric dueAt breachedAt ticket { subject } } }
  }
}",
    ),
    (
        Role::Technical,
        "the key account's journey, as the engineer may read it",
        r#"{
  accounts(first: 1, filter: { name: { contains: "Alpenland" } }) {
    nodes { name timeline(first: 10, filter: { domains: [TECHNICAL, SALES], minImportance: 2 }) { nodes { occurredAt kind title summary } } }
  }
}"#,
    ),
    (
        Role::Manager,
        "the key account: team, deals, and the milestones of its journey",
        r#"{
  accounts(first: 1, filter: { name: { contains: "Alpenland" } }) {
    nodes {
      name tier lifecycleStage
      team(first: 10) { nodes { discipline isLead colleague { name } } }
      opportunities(first: 5) { nodes { name stage amount { amount currency } } }
      timeline(last: 20, filter: { minImportance: 3 }) { nodes { occurredAt kind title summary actor { name } } }
    }
  }
}"#,
    ),
    (
        Role::Analyst,
        "what an analyst may: figures, never a row",
        "{ me { roles whatMayI { type scope class read } } serviceConfig { maxComplexity maxDepth maxPageSize } }",
    ),
    (
        Role::Integrator,
        "the accounts, as a CRM would fetch them",
        "{ accounts(first: 3) { totalCount nodes { id version name updatedAt } pageInfo { hasNextPage endCursor } } }",
    ),
    (
        Role::Admin,
        "who works here",
        "{ colleagues(first: 20) { nodes { id name department title } } queues(first: 5) { nodes { name wing } } }",
    ),
];

/// The guide, but for the address.
pub struct Guide {
    folder: PathBuf,
    public_url: String,
    tokens: Vec<(Role, String)>,
}

/// Mints the tokens.
pub fn write(data: &Data, config: &Config, clock: &Clock) -> anyhow::Result<Guide> {
    let mint = Mint::new(&config.auth)?;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        let grant = Grant {
            subject: default_subject(role.into()),
            tenant: DEMO_TENANT.to_owned(),
            roles: role.into(),
            grants: Grants::default(),
            ttl: TTL,
            id: token_id(clock),
        };
        tokens.push((role, mint.mint(&grant, clock.now())?));
    }
    Ok(Guide { folder: data.folder().to_owned(), public_url: config.server.public_url.clone(), tokens })
}

impl Guide {
    /// The whole guide, for a server that listens there.
    pub fn told_for(&self, address: SocketAddr) -> String {
        let base = match self.public_url.trim_end_matches('/') {
            "" => format!("http://{address}"),
            url => url.to_owned(),
        };
        let mut lines = vec![
            "Brandt Maschinenbau GmbH builds filling and packaging machines. These are its customers' journeys, as each role".to_owned(),
            "reads them. The tokens are good for seven days.".to_owned(),
        ];
        for (role, token) in &self.tokens {
            let who = CAST.iter().find(|one| one.role == *role);
            let who = who.map_or("a machine, no colleague".to_owned(), |one| format!("{}, {}", one.name, one.title));
            lines.push(format!("\n{role}: {who}\n{token}"));
        }
        lines.push("\nWhat to ask first:".to_owned());
        for (role, what, query) in QUERIES {
            lines.push(format!("\n# {role}: {what}\n{query}"));
            lines.push(self.curl(&base, *role, query));
        }
        let sales = self.token(Role::Sales);
        lines.push(format!(
            "\nGraphiQL as sales; for another role, put its token behind #token=\n{base}/graphiql#token={sales}"
        ));
        lines
            .push(format!("\nServing at {base}/graphql. Ctrl-C ends it; the demo stays in {}.", self.folder.display()));
        lines.join("\n")
    }

    /// The same for a terminal.
    fn curl(&self, base: &str, role: Role, query: &str) -> String {
        let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
        let body = serde_json::json!({ "query": query }).to_string().replace('\'', "'\\''");
        let token = self.token(role);
        format!(
            "curl -s {base}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' -d '{body}'"
        )
    }

    fn token(&self, role: Role) -> &str {
        self.tokens.iter().find(|(held, _)| *held == role).map_or("", |(_, token)| token)
    }
}
