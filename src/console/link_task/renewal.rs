//! A new certificate in time, over a link that stands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::news::{FromLink, News};
use crate::console::replica::FleetIndex;
use crate::fleet::words::{SafeText, Timestamp};
use crate::link::renew::renew;
use crate::link::{Connection, LinkError};
use crate::trust::Credential;

/// The certificate is looked at again this often: a wall stays linked for months, and another console of the same person
/// may have renewed meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);
/// Between two attempts. A third of the certificate's life is left for them.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Keeps the credential in `dir` fresh as long as the link stands and the console listens; each dial reads it anew. Why an
/// attempt failed is told. `hub_time` is the hub's time now: it is the hub that judges certificates.
pub(super) async fn keep_fresh(
    connection: Connection,
    dir: PathBuf,
    hub_time: Timestamp,
    (fleet, out): (FleetIndex, mpsc::Sender<FromLink>),
) {
    let greeted = Instant::now();
    loop {
        let wait = match renew_if_due(&connection, &dir, hub_time + greeted.elapsed()).await {
            Ok(wait) => wait,
            Err(error) => {
                let minutes = PAUSE.as_secs() / 60;
                let text = format!("the certificate is not renewed, next try in {minutes} min: {error}");
                let news = News::Trouble(SafeText::line(&text));
                if out.send(FromLink { fleet, news }).await.is_err() {
                    return;
                }
                PAUSE
            }
        };
        sleep(wait).await;
    }
}

/// How long until it should be looked at again.
async fn renew_if_due(connection: &Connection, dir: &Path, now: Timestamp) -> Result<Duration, LinkError> {
    let credential = Credential::load(dir).map_err(|error| LinkError::Refused(error.to_string()))?;
    // None: the fleet was left, while this link still stands.
    let Some(credential) = credential else { return Ok(LOOK_EVERY) };
    if now < credential.renew_at() {
        return Ok(credential.renew_at().since(now).min(LOOK_EVERY));
    }
    renew(connection, &credential, dir).await?;
    Ok(LOOK_EVERY)
}
