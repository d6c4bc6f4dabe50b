//! How the link to a hub stands.

use std::time::{Duration, Instant};

use crate::fleet::words::SafeText;

/// How the link to a hub stands. Times are this console's own monotonic ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It was never up since this console started.
    Connecting {
        /// Since when.
        since: Instant,
    },
    /// Frames arrive and the rows are the hub's.
    Live {
        /// Since when.
        since: Instant,
    },
    /// No hub answers; what is shown is old.
    Lost {
        /// When the hub was heard last, or this console started.
        since: Instant,
        /// Why, in words.
        reason: SafeText,
        /// When it is tried again; `None` while it is being tried.
        next_try: Option<Instant>,
    },
    /// The hub, or what answers in its place, refuses this console.
    Refused {
        /// Since when.
        since: Instant,
        /// Why and what to do, in words.
        reason: SafeText,
        /// This console is known there and may not.
        not_permitted: bool,
        /// When it is tried again; `None` while it is being tried.
        next_try: Option<Instant>,
    },
}

impl LinkState {
    /// Whether what is shown is the hub's newest.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live { .. })
    }

    /// `connecting`, `live`, `lost` or `refused`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connecting { .. } => "connecting",
            Self::Live { .. } => "live",
            Self::Lost { .. } => "lost",
            Self::Refused { .. } => "refused",
        }
    }

    /// Since when it stands like this.
    #[must_use]
    pub const fn since(&self) -> Instant {
        match self {
            Self::Connecting { since }
            | Self::Live { since }
            | Self::Lost { since, .. }
            | Self::Refused { since, .. } => *since,
        }
    }

    /// Why it is not live, where that is known.
    #[must_use]
    pub const fn reason(&self) -> Option<&SafeText> {
        match self {
            Self::Lost { reason, .. } | Self::Refused { reason, .. } => Some(reason),
            Self::Connecting { .. } | Self::Live { .. } => None,
        }
    }

    /// How long until it is tried again; `None` while it is up or being tried.
    #[must_use]
    pub fn retries_in(&self, now: Instant) -> Option<Duration> {
        match self {
            Self::Lost { next_try, .. } | Self::Refused { next_try, .. } => {
                next_try.map(|next| next.saturating_duration_since(now))
            }
            Self::Connecting { .. } | Self::Live { .. } => None,
        }
    }
}
