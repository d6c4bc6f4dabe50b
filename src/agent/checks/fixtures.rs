//! Checks and thresholds for tests.

use std::time::Duration;

use crate::fleet::checks::threshold::Thresholds;
use crate::fleet::configuration::{AssignedCheck, CheckKind, Provenance};

/// A check that runs every minute, retries every ten seconds, and is hard after three attempts.
pub(crate) fn assigned(name: &str, kind: CheckKind, warning: &str, critical: &str) -> AssignedCheck {
    let range = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    AssignedCheck {
        name: name.into(),
        kind,
        interval: Duration::from_secs(60),
        retry_interval: Duration::from_secs(10),
        attempts: 3,
        timeout: Duration::from_secs(10),
        warning: range(warning),
        critical: range(critical),
        source: Provenance::built_in(),
    }
}

pub(crate) fn thresholds_of(warning: &str, critical: &str) -> Thresholds {
    Thresholds { warning: warning.parse().ok(), critical: critical.parse().ok() }
}
