//! What all pages of the port share.

use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::Semaphore;

use crate::fleet::identity::Role;
use crate::hub::http::bearer::{self, Grant};
use crate::hub::http::gather::Gatherer;
use crate::hub::ping_key::PingKey;
use crate::hub::shared::Shared;

/// Long answers written at once; each is held up by its reader alone.
const READERS: usize = 16;
/// What bodies under way may take together, in pieces of [`PIECE`].
const BODIES: usize = 128;
/// A body is counted in pieces of so many bytes.
pub const PIECE: usize = 1 << 20;

/// What all pages of the port share.
pub struct Served {
    /// The hub.
    pub shared: Arc<Shared>,
    /// Alerts of other systems on their way to the core.
    pub gatherer: Gatherer,
    /// Long answers that may still begin.
    pub readers: Arc<Semaphore>,
    /// Room for bodies.
    pub bodies: Arc<Semaphore>,
    ping_key: OnceLock<PingKey>,
}

impl Served {
    /// A port of this hub.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        let gatherer = Gatherer::start(shared.core.clone());
        let (readers, bodies) = (Arc::new(Semaphore::new(READERS)), Arc::new(Semaphore::new(BODIES)));
        Self { shared, gatherer, readers, bodies, ping_key: OnceLock::new() }
    }

    /// What the URLs of pings are made of; `None` while it can't be had, and the log says why.
    pub fn ping_key(&self) -> Option<&PingKey> {
        if let Some(key) = self.ping_key.get() {
            return Some(key);
        }
        match PingKey::open(&self.shared.data) {
            Ok(key) => Some(self.ping_key.get_or_init(|| key)),
            Err(error) => {
                tracing::error!("the key of the pings can't be used: {error}");
                None
            }
        }
    }

    /// Who asks to read silences: readers do, and who makes them has to see them.
    ///
    /// # Errors
    /// What to answer.
    pub async fn bearer_of_silences(&self, headers: &HeaderMap) -> Result<Grant, Response> {
        match bearer::admit(&self.shared, headers, Role::Intake) {
            Ok(grant) => Ok(grant),
            Err(_) => self.bearer(headers, Role::Reader, "silences").await,
        }
    }

    /// Who asks, by a token of this role; a refusal is noted for the journal.
    ///
    /// # Errors
    /// What to answer.
    pub async fn bearer(&self, headers: &HeaderMap, role: Role, what: &str) -> Result<Grant, Response> {
        match bearer::admit(&self.shared, headers, role) {
            Ok(grant) => Ok(grant),
            Err(refused) => {
                let why = refused.why(role);
                self.shared.refusals.note(&self.shared.core, "http port", None, what, &why).await;
                Err(refused.answer(role))
            }
        }
    }
}
