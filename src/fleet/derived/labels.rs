//! An alert as labels, as systems that know nothing else speak of it.

use std::collections::BTreeMap;

use crate::fleet::alerts::{Alert, Subject};
use crate::fleet::state::Fleet;

/// The labels of an alert: `alertname` (the check's name, else the kind of its subject), `client`, `site`, `host` and the
/// same as `instance`, `check` or `backup`, `severity`, `subject`. What has no such thing has no such label. An alert of
/// another system has the labels it came with, and no other.
#[must_use]
pub fn labels_of(fleet: &Fleet, alert: &Alert) -> BTreeMap<String, String> {
    if let Some(external) = &alert.external {
        return external.labels().into_iter().collect();
    }
    let mut labels = BTreeMap::new();
    let mut label = |name: &str, value: &str| drop(labels.insert(name.to_owned(), value.to_owned()));
    label("alertname", alert.subject.check().map_or(alert.subject.kind(), |check| check.as_str()));
    label("client", alert.client.as_str());
    if let Some(site) = &alert.site {
        label("site", site.as_str());
    }
    if let Some(host) = alert.host.and_then(|id| fleet.hosts.hosts.get(&id)) {
        label("host", host.name.as_str());
        label("instance", host.name.as_str());
    }
    match &alert.subject {
        Subject::Check { check, .. } => label("check", check.as_str()),
        Subject::Backup(job) => label("backup", job.as_str()),
        Subject::Host(_) | Subject::Site(_) | Subject::External { .. } => {}
    }
    label("severity", alert.severity().word());
    label("subject", &alert.subject.to_string());
    labels
}
