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
    policy::Role,
};

/// How long the printed tokens are good.
const TTL: Duration = Duration::from_secs(7 * 24 * 3600);

/// What each role may ask first: what it is, and the query.
const QUERIES: &[(Role, &str, &str)] = &[];

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
        let sales = self.tokens.iter().find(|(role, _)| *role == Role::Sales).map_or("", |(_, token)| token.as_str());
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
        let folder = self.folder.display().to_string().replace('\'', "'\\''");
        format!(
            "curl -s {base}/graphql -H 'Content-Type: application/json' -H \"Authorization: Bearer $(journey token --data '{folder}' --role {role})\" -d '{body}'"
        )
    }
}
