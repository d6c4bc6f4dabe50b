//! Refusals become entries: at most one a minute an identity, and without an identity one a minute a port, with a count.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::fleet::rules::input::Input;
use crate::fleet::words::{IdentityId, SafeText};
use crate::hub::core::CoreHandle;

/// At most one entry in this time for each who is refused.
const EVERY: Duration = Duration::from_secs(60);
/// Sources remembered at most; certificates are few, so more would be an attack.
const MOST: usize = 10_000;

/// Counts refusals and tells the core of them.
#[derive(Debug, Default)]
pub struct Refusals {
    seen: Mutex<HashMap<String, Seen>>,
}

#[derive(Debug)]
struct Seen {
    told: Instant,
    since: u32,
}

impl Refusals {
    /// Notes a refusal, and tells the core if it is time.
    pub async fn note(&self, core: &CoreHandle, who: &str, identity: Option<IdentityId>, what: &str, why: &str) {
        self.note_many(core, who, identity, what, why, 1).await;
    }

    /// Notes several alike.
    pub async fn note_many(
        &self,
        core: &CoreHandle,
        who: &str,
        identity: Option<IdentityId>,
        what: &str,
        why: &str,
        count: u32,
    ) {
        let key = identity.map_or_else(|| who.to_owned(), |id| format!("identity {id}"));
        let Some(count) = self.due(key, count) else { return };
        let refused = Input::Refused {
            who: SafeText::new(who),
            identity,
            what: SafeText::new(what),
            why: SafeText::new(why),
            count,
        };
        core.tell(refused).await;
    }

    /// How many refusals an entry is to count now; `None` while the last entry is fresh.
    fn due(&self, key: String, count: u32) -> Option<u32> {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, one| now.duration_since(one.told) < EVERY || one.since > 0);
        }
        match seen.get_mut(&key) {
            Some(one) if now.duration_since(one.told) < EVERY => {
                one.since = one.since.saturating_add(count);
                None
            }
            Some(one) => {
                let total = one.since.saturating_add(count);
                *one = Seen { told: now, since: 0 };
                Some(total)
            }
            None => {
                if seen.len() < MOST {
                    seen.insert(key, Seen { told: now, since: 0 });
                }
                Some(count)
            }
        }
    }
}
