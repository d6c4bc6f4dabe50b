//! The body of a request, read within limits of size, time and memory.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use tokio::sync::OwnedSemaphorePermit;

use crate::hub::http::answer;
use crate::hub::http::served::{PIECE, Served};

/// The largest body in bytes: tens of thousands of alerts.
pub const LARGEST: usize = 16 << 20;
/// A body must be whole after this.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body and the room it takes.
pub struct Whole {
    /// What came.
    pub bytes: Vec<u8>,
    _room: Vec<OwnedSemaphorePermit>,
}

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// What to answer: 408 for one that does not come, 413 for one that is too large, 415 for one that is packed, 503 while
/// too many come at once.
pub async fn read(served: &Served, headers: &HeaderMap, body: Body, most: usize) -> Result<Whole, Response> {
    let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if packed {
        return Err(answer::text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the body as it is, without Content-Encoding",
        ));
    }
    let told = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|told| told > most) {
        return Err(too_large(most));
    }
    let slow = |_| {
        let text = format!("the body was not whole after {} s", PATIENCE.as_secs());
        let mut answer = answer::text(StatusCode::REQUEST_TIMEOUT, &text);
        // Its rest may still come and would be taken for another request.
        answer.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        answer
    };
    tokio::time::timeout(PATIENCE, gather(served, body, told.unwrap_or(0), most)).await.map_err(slow)?
}

async fn gather(served: &Served, body: Body, told: usize, most: usize) -> Result<Whole, Response> {
    let mut whole = Whole { bytes: Vec::with_capacity(told.min(PIECE)), _room: Vec::new() };
    let mut parts = body.into_data_stream();
    let mut room = 0;
    while let Some(part) = parts.next().await {
        let part = part
            .map_err(|error| answer::text(StatusCode::BAD_REQUEST, &format!("the body could not be read: {error}")))?;
        let size = whole.bytes.len() + part.len();
        if size > most {
            return Err(too_large(most));
        }
        // What is small takes no room of its own: there are only so many connections.
        while size > room + PIECE / 16 {
            let Ok(permit) = std::sync::Arc::clone(&served.bodies).try_acquire_owned() else {
                return Err(answer::text(StatusCode::SERVICE_UNAVAILABLE, "too much is being sent at once; try again"));
            };
            whole._room.push(permit);
            room += PIECE;
        }
        whole.bytes.extend_from_slice(&part);
    }
    Ok(whole)
}

fn too_large(most: usize) -> Response {
    let text = format!("the body is larger than {most} bytes; send less at once");
    answer::text(StatusCode::PAYLOAD_TOO_LARGE, &text)
}
