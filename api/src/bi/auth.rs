//! Who calls: a bearer token, or HTTP Basic whose password is the token, because Excel and Power BI know nothing else.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Denied, Gate, problem::Problem};
use crate::graph::Cx;

/// The token of a request.
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned()).filter(|token| !token.is_empty());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    Some(password.to_owned()).filter(|token| !token.is_empty())
}

/// The context of a request.
pub async fn context<G: Gate>(gate: &G, headers: &HeaderMap) -> Result<Cx, Problem> {
    let token = token(headers).ok_or(Denied::Unauthenticated)?;
    Ok(gate.context(&token).await?)
}
