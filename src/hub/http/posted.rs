//! A request that brings alerts, in whatever form: who may, how large, what of it can be taken in, until it is durable.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::fleet::identity::Role;
use crate::fleet::rules::reported::Reported;
use crate::fleet::words::Now;
use crate::hub::http::served::Served;
use crate::hub::http::{answer, body};

/// The alerts of a body that can be taken in, and what is wrong with the rest; or why it is no such body.
pub type Read = fn(&[u8], Now) -> Result<(Vec<Reported>, Vec<String>), String>;

/// Takes in the alerts of a request; how many were taken in, and what is wrong with the rest.
///
/// # Errors
/// What to answer.
pub async fn take_in(
    served: &Served,
    headers: &HeaderMap,
    body: Body,
    what: &'static str,
    read: Read,
) -> Result<(usize, Vec<String>), Response> {
    let grant = served.bearer(headers, Role::Intake, what).await?;
    let whole = body::read(served, headers, body, body::LARGEST).await?;
    let (alerts, faults) =
        read(&whole.bytes, served.shared.clock.now()).map_err(|why| answer::text(StatusCode::BAD_REQUEST, &why))?;
    drop(whole);
    let taken = alerts.len();
    served.gatherer.take_in(&grant, alerts).await.map_err(|error| answer::refused(&error))?;
    Ok((taken, faults))
}
