//! A time zone by its name.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;

/// A zone of the IANA database, `UTC` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: Arc<str>,
    zone: TimeZone,
}

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: Arc::from("UTC"), zone: TimeZone::UTC }
    }

    /// The zone of this name, in upper or lower case; `None` where the database has none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("z") {
            return Some(Self::utc());
        }
        let zone = TimeZone::get(name).ok()?;
        let name = Arc::from(zone.iana_name()?);
        Some(Self { name, zone })
    }

    /// As the database writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its clock.
    #[must_use]
    pub const fn clock(&self) -> &TimeZone {
        &self.zone
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}
