//! Reads a request's body within its limits of bytes and time.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::{answer::Fault, limits::Limits};

/// How much of a refused body is read and thrown away: a client that is still sending does not look at the answer, and
/// a connection closed over unread bytes loses it. Past this the connection may break.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The whole body, or why not.
pub(super) async fn read(mut body: Body, limits: &Limits) -> Result<Bytes, Fault> {
    match tokio::time::timeout(limits.body_timeout(), collect(&mut body, limits.body_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(fault)) => {
            drain(body).await;
            Err(fault)
        }
        Err(_) => Err(Fault::status(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")),
    }
}

async fn collect(body: &mut Body, limit: usize) -> Result<Bytes, Fault> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Fault::malformed("The body could not be read."))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            let message = format!("The body is too large: the limit is {limit} bytes.");
            return Err(Fault::status(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Reads the rest of a body that nobody wants, so that its sender sees the answer.
pub(super) async fn drain(mut body: Body) {
    let read = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(size) else { break };
            left = rest;
        }
    };
    // a sender that is too slow for this does not get to see the answer
    let _ = tokio::time::timeout(DRAIN_TIME, read).await;
}
