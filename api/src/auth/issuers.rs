//! Who may issue tokens: made from the configuration once, at start.

use std::time::Duration;

use super::{claims::Mapping, keys::Keys};
use crate::config::{self, Problem, Problems};

/// The issuers whose tokens are taken.
#[derive(Debug)]
pub struct Issuers {
    list: Vec<Issuer>,
    pub(super) leeway: Duration,
}

#[derive(Debug)]
pub(super) struct Issuer {
    name: String,
    pub(super) audience: String,
    pub(super) keys: Keys,
    pub(super) mapping: Mapping,
}

impl Issuers {
    /// Checks every issuer, reads key files, and says all that is wrong. Published keys are fetched when the first token asks for them,
    /// so that the server starts while an identity provider is down.
    pub fn new(config: &config::Auth) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut list: Vec<Issuer> = Vec::new();
        for (index, issuer) in config.issuers.iter().enumerate() {
            let mut wrong = |option: &str, message: String| {
                problems.push(Problem::new(format!("auth.issuers[{index}].{option}"), message))
            };
            let mut complete = true;
            for (option, value, right) in [
                ("issuer", &issuer.issuer, "the token's iss, to the letter"),
                ("audience", &issuer.audience, "a name that the token's aud holds"),
            ] {
                if value.trim().is_empty() {
                    wrong(option, format!("is not given; right would be {right}"));
                    complete = false;
                }
            }
            if complete && config.issuers.iter().take(index).any(|other| other.issuer == issuer.issuer) {
                wrong("issuer", "is given twice; a token's iss must lead to one issuer".to_owned());
            }
            let keys = Keys::new(issuer, config.jwks_refresh).map_err(|(option, message)| wrong(option, message));
            let mapping = Mapping::try_from(issuer)
                .map_err(|all| all.into_iter().for_each(|(option, message)| wrong(option, message)));
            if let (Ok(keys), Ok(mapping)) = (keys, mapping) {
                list.push(Issuer { name: issuer.issuer.clone(), audience: issuer.audience.clone(), keys, mapping });
            }
        }
        if problems.is_empty() { Ok(Self { list, leeway: config.leeway }) } else { Err(Problems(problems)) }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Issuer> {
        self.list.iter().find(|issuer| issuer.name == name)
    }
}
