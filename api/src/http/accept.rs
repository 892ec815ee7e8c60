//! Which media type a client wants, from its `Accept` header.

use axum::http::{HeaderMap, HeaderValue, header};

/// The media types of an answer to a query or a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: what clients from before the specification expect.
    Json,
    /// `application/graphql-response+json`: statuses mean what they say.
    Graphql,
}

impl Media {
    /// The `Content-Type` that goes with it.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Media::Json => "application/json; charset=utf-8",
            Media::Graphql => "application/graphql-response+json; charset=utf-8",
        })
    }
}

/// What the client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// For a single answer; `None`: neither type.
    pub media: Option<Media>,
    /// Whether `text/event-stream` was named.
    pub events: bool,
}

impl Accepted {
    /// The type for an answer that must be given whatever the client takes.
    pub fn media_or_json(self) -> Media {
        self.media.unwrap_or(Media::Json)
    }
}

/// Reads the header. Without one, and for wildcards, the answer is `application/json`: whoever does not name the new
/// type may not know it. Where both are named alike, the new one wins.
pub fn accepted(headers: &HeaderMap) -> Accepted {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Accepted { media: Some(Media::Json), events: false };
    }
    let (mut json, mut graphql, mut wildcard, mut events) = (None, None, 0, false);
    for range in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q="))).map_or(1000, per_mille);
        match name.as_str() {
            "application/json" => json = Some(json.unwrap_or(0).max(weight)),
            "application/graphql-response+json" => graphql = Some(graphql.unwrap_or(0).max(weight)),
            "*/*" | "application/*" => wildcard = wildcard.max(weight),
            "text/event-stream" => events |= weight > 0,
            _ => {}
        }
    }
    let (json, graphql) = (json.unwrap_or(wildcard), graphql.unwrap_or(0));
    let media = match (json, graphql) {
        (0, 0) => None,
        (json, graphql) if graphql >= json => Some(Media::Graphql),
        _ => Some(Media::Json),
    };
    Accepted { media, events }
}

/// A weight in thousandths; nonsense counts as 1.
fn per_mille(text: &str) -> u32 {
    match text.trim().parse::<f32>() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000")]
        Ok(weight) if weight.is_finite() => (weight.clamp(0.0, 1.0) * 1000.0) as u32,
        _ => 1000,
    }
}

/// Whether a body is JSON in UTF-8. Nothing else is taken: a browser sends forms and plain text across origins without
/// asking, JSON it does not.
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
                charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}
