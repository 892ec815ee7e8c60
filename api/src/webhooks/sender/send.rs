//! Sending a message: what it says, under the owner's rights at this moment; the request; and what its answer means.

use std::{error::Error as _, time::Instant};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entities::{
    codes::WebhookProblem,
    sync::{webhook_delivery, webhook_endpoint},
};
use reqwest::{StatusCode, header::RETRY_AFTER};
use serde_json::json;

use super::{
    super::{
        TEST,
        address::{Refused, Rules},
        delivery::message_id,
        rows, signature,
    },
    Sender,
};
use crate::{
    graph::{Cx, GlobalId, Kind, Result},
    journey::{
        event_id,
        feed::{self, Asked},
        shown::Shown,
    },
};

/// How much of an answer is kept, in characters.
const EXCERPT: usize = 1_000;
/// No receiver puts us off for longer.
const PUT_OFF_MOST: TimeDelta = TimeDelta::days(1);

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Answered with 2xx.
    Delivered,
    /// To be tried again.
    Failed,
    /// Answered with 410: the endpoint wants no more.
    Gone,
    /// Not sent, and never to be.
    Pointless,
    /// Not sent: the endpoint is switched off, or gone.
    Withdrawn,
    /// Not sent: the endpoint's owner works here no longer.
    OwnerLeft,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// Why it failed.
    pub problem: Option<WebhookProblem>,
    /// The status of the answer.
    pub status: Option<i32>,
    /// The beginning of the answer.
    pub excerpt: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// When the receiver wants to hear of us again, at the earliest.
    pub put_off: Option<TimeDelta>,
}

impl Outcome {
    /// Nothing was sent.
    fn unsent(ending: Ending, problem: Option<WebhookProblem>, at: DateTime<Utc>) -> Outcome {
        Outcome { ending, problem, status: None, excerpt: None, at, took_ms: 0, put_off: None }
    }
}

impl Sender {
    /// Sends a leased message.
    pub async fn send(&self, delivery: &webhook_delivery::Model) -> Result<Outcome> {
        let now = self.0.clock.now();
        let endpoint = rows::active(self.0.store.db(), delivery.tenant_id, delivery.endpoint_id).await?;
        let Some(endpoint) = endpoint else { return Ok(Outcome::unsent(Ending::Withdrawn, None, now)) };
        let Some(owner) = self.owner(&endpoint).await? else {
            return Ok(Outcome::unsent(Ending::OwnerLeft, None, now));
        };
        let body = match Box::pin(self.says(&owner, &endpoint, delivery)).await? {
            Ok(body) => body,
            Err(problem) => return Ok(Outcome::unsent(Ending::Pointless, Some(problem), now)),
        };
        self.post(&endpoint, &message_id(delivery), body).await
    }

    /// What a message says, as far as the owner may read it now.
    async fn says(
        &self,
        owner: &Cx,
        endpoint: &webhook_endpoint::Model,
        delivery: &webhook_delivery::Model,
    ) -> Result<Result<String, WebhookProblem>> {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let Some(position) = delivery.position else {
            let id = GlobalId::new(Kind::WebhookEndpoint, endpoint.id).to_string();
            let data = json!({ "id": id, "version": endpoint.version, "changedFields": [] });
            return Ok(Ok(json!({ "type": TEST, "timestamp": moment(delivery.created_at), "data": data }).to_string()));
        };
        let asked = Asked {
            after: position - 1,
            objects: feed::types_of((&owner.caller).into()),
            exclude_source: None,
            first: 1,
        };
        let read = feed::read(&owner.caller, self.0.store.db(), &asked).await?;
        let Some(entry) = read.entries.first().filter(|entry| entry.position == position) else {
            return Ok(Err(match position < read.span.oldest {
                true => WebhookProblem::NoLongerKept,
                false => WebhookProblem::NotReadable,
            }));
        };
        let fields = Shown::of(owner, self.0.names.clone(), &read.entries).await?.fields_of(entry);
        let data = json!({ "id": entry.global_id().to_string(), "version": entry.version, "changedFields": fields });
        let happened = moment(event_id::occurred_at(entry.event));
        Ok(Ok(json!({ "type": entry.kind, "timestamp": happened, "data": data }).to_string()))
    }

    /// One request. Whatever comes back is an outcome.
    async fn post(&self, endpoint: &webhook_endpoint::Model, id: &str, body: String) -> Result<Outcome> {
        let (now, options) = (self.0.clock.now(), &self.0.options);
        let rules = Rules { allow_private_networks: options.allow_private_networks };
        let failed = |problem| Outcome::unsent(Ending::Failed, Some(problem), now);
        // An address in the URL itself is asked of no resolver.
        let Ok(url) = rules.read(&endpoint.url) else { return Ok(failed(WebhookProblem::AddressRefused)) };
        let request = self
            .0
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.timestamp().to_string())
            .header("webhook-signature", signature::header(endpoint, id, now, &body)?)
            .body(body);
        let begun = Instant::now();
        let took = || i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Ok(Outcome { took_ms: took(), ..failed(problem_of(&error)) }),
        };
        let status = answer.status();
        let put_off = answer.headers().get(RETRY_AFTER).and_then(|after| put_off(after.to_str().ok()?, now));
        // The status is what counts: an answer that is too long, or breaks off, is what it was up to there.
        let mut read: Vec<u8> = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            let left = options.max_response_bytes.saturating_sub(read.len());
            read.extend_from_slice(&chunk[..Ord::min(left, chunk.len())]);
            if chunk.len() >= left {
                break;
            }
        }
        let (ending, problem) = match status {
            status if status.is_success() => (Ending::Delivered, None),
            StatusCode::GONE => (Ending::Gone, Some(WebhookProblem::Status)),
            status if status.is_redirection() => (Ending::Failed, Some(WebhookProblem::Redirect)),
            _ => (Ending::Failed, Some(WebhookProblem::Status)),
        };
        let (status, excerpt) = (Some(i32::from(status.as_u16())), excerpt(&read));
        Ok(Outcome { ending, problem, status, excerpt, at: now, took_ms: took(), put_off })
    }
}

/// Why there is no answer.
fn problem_of(error: &reqwest::Error) -> WebhookProblem {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<Refused>() {
            return WebhookProblem::AddressRefused;
        }
        cause = inner.source();
    }
    if error.is_timeout() { WebhookProblem::Timeout } else { WebhookProblem::Unreachable }
}

/// `Retry-After`: seconds, or a moment.
fn put_off(text: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let until = match text.trim().parse::<u32>() {
        Ok(seconds) => TimeDelta::seconds(seconds.into()),
        Err(_) => DateTime::parse_from_rfc2822(text.trim()).ok()?.to_utc() - now,
    };
    (until > TimeDelta::zero()).then(|| Ord::min(until, PUT_OFF_MOST))
}

/// The beginning of an answer as text; none where it is empty.
fn excerpt(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let plain = text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c });
    let text: String = plain.take(EXCERPT).collect();
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_puts_us_off_by_seconds_or_a_moment_and_not_for_ever() {
        let now: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
        let seconds = |text| put_off(text, now).map(|time| time.num_seconds());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Mon, 23 Nov 2026 12:05:00 GMT"), Some(300));
        assert_eq!(seconds("Mon, 23 Nov 2026 11:00:00 GMT"), None);
        assert_eq!(seconds("0"), None);
        assert_eq!(seconds("4000000000"), Some(86_400));
        assert_eq!(seconds("soon"), None);
    }

    #[test]
    fn an_excerpt_is_short_and_plain() {
        assert_eq!(excerpt(b""), None);
        assert_eq!(excerpt(b"a\0b\x07c\n"), Some("a b c\n".to_owned()));
        assert_eq!(excerpt("ä".repeat(5_000).as_bytes()).map(|text| text.chars().count()), Some(EXCERPT));
    }
}
