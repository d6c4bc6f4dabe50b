//! An alert as Alertmanager's API shows it, written straight into the answer.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::fleet::alerts::external::{pairs, string};
use crate::fleet::alerts::{Alert, Hold, Lane, Subject};
use crate::fleet::derived::labels::labels_of;
use crate::fleet::rules::externals::RESOLVE_TIMEOUT;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::reported::fingerprint;
use crate::fleet::state::Fleet;
use crate::fleet::words::{FleetId, Now, Timestamp};
use crate::hub::http::alertmanager::clock;
use crate::hub::http::alertmanager::post::SOURCE;
use crate::hub::http::alertmanager::silence;

/// The one receiver that every alert has.
pub const RECEIVER: &str = "watchfloor";

/// An alert, about to be written.
pub struct View<'a> {
    alert: &'a Alert,
    /// Labels, annotations and URL of another system's alert; labels of one of the fleet's own.
    text: Cow<'a, str>,
    silenced_by: Vec<String>,
    inhibited_by: Vec<String>,
}

impl<'a> View<'a> {
    /// As the fleet has it.
    #[must_use]
    pub fn of(fleet: &Fleet, name: &FleetId, alert: &'a Alert) -> Self {
        let text = match &alert.external {
            Some(external) => external.text(),
            None => Cow::Owned(own_labels(fleet, alert)),
        };
        let (mut silenced_by, mut inhibited_by) = (Vec::new(), Vec::new());
        for hold in &alert.holds {
            match hold {
                Hold::Maintenance(window) => silenced_by.push(silence::id(name, *window)),
                Hold::Parent(parent) => {
                    inhibited_by.extend(fleet.alerts.alerts.get(parent).map(|parent| {
                        let labels = match &parent.external {
                            Some(external) => external.labels_json(),
                            None => Cow::Owned(own_labels(fleet, parent)),
                        };
                        fingerprint_of(parent, &labels)
                    }));
                }
                Hold::Flapping | Hold::Healing => {}
            }
        }
        Self { alert, text, silenced_by, inhibited_by }
    }

    /// Labels, annotations and URL.
    fn parts(&self) -> [&str; 3] {
        match &self.alert.external {
            Some(external) => external.parts(&self.text),
            None => [&self.text, "", ""],
        }
    }

    /// The value of a label; empty where it has none of this name.
    #[must_use]
    pub fn label(&self, name: &str) -> Cow<'_, str> {
        pairs(self.parts()[0]).find(|(known, _)| known == name).map(|(_, value)| value).unwrap_or_default()
    }

    /// Whether something holds it back.
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.alert.lane() == Lane::Muted
    }

    /// Whether silences hold it back; a snooze is one that has no number of its own.
    #[must_use]
    pub fn is_silenced(&self) -> bool {
        self.is_suppressed() && self.inhibited_by.is_empty() || !self.silenced_by.is_empty()
    }

    /// Whether another alert holds it back.
    #[must_use]
    pub const fn is_inhibited(&self) -> bool {
        !self.inhibited_by.is_empty()
    }

    /// Writes it as a JSON object.
    pub fn write(&self, out: &mut Vec<u8>, live: &Live, now: Now) {
        let alert = self.alert;
        let [labels, annotations, url] = self.parts();
        out.extend_from_slice(b"{\"annotations\":");
        match &alert.external {
            Some(_) => out.extend_from_slice(annotations.as_bytes()),
            None => out.extend_from_slice(own_annotations(alert).as_bytes()),
        }
        let heard = live.externals.of(alert.id);
        let ends_at = heard.map_or(RESOLVE_TIMEOUT, |(until, _)| until.since(now.mono));
        out.extend_from_slice(b",\"endsAt\":\"");
        clock::write(out, now.wall + ends_at);
        out.extend_from_slice(b"\",\"fingerprint\":\"");
        out.extend_from_slice(fingerprint_of(alert, labels).as_bytes());
        out.extend_from_slice(b"\",\"receivers\":[{\"name\":\"watchfloor\"}],\"startsAt\":\"");
        clock::write(out, alert.external.as_ref().map_or(alert.opened_at, |external| external.starts_at));
        out.extend_from_slice(b"\",\"status\":{\"inhibitedBy\":[");
        list(out, &self.inhibited_by);
        out.extend_from_slice(b"],\"silencedBy\":[");
        list(out, &self.silenced_by);
        let state = if self.is_suppressed() { "suppressed" } else { "active" };
        out.extend_from_slice(b"],\"state\":\"");
        out.extend_from_slice(state.as_bytes());
        out.extend_from_slice(b"\"},\"updatedAt\":\"");
        let updated: Timestamp = heard.map_or(alert.level_since, |(_, at)| at);
        clock::write(out, updated);
        out.push(b'"');
        if !url.is_empty() {
            let mut text = String::new();
            string(&mut text, url);
            out.extend_from_slice(b",\"generatorURL\":");
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(b",\"labels\":");
        out.extend_from_slice(labels.as_bytes());
        out.push(b'}');
    }
}

fn list(out: &mut Vec<u8>, ids: &[String]) {
    for (at, id) in ids.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let mut text = String::new();
        string(&mut text, id);
        out.extend_from_slice(text.as_bytes());
    }
}

/// The labels of an alert of the fleet's own, sorted by name: those that silences match.
fn own_labels(fleet: &Fleet, alert: &Alert) -> String {
    let mut out = String::with_capacity(160);
    for (name, value) in labels_of(fleet, alert).iter().filter(|(_, value)| !value.is_empty()) {
        out.push(if out.is_empty() { '{' } else { ',' });
        string(&mut out, name);
        out.push(':');
        string(&mut out, value);
    }
    out.push('}');
    out
}

/// What Alertmanager calls an alert by.
fn fingerprint_of(alert: &Alert, labels: &str) -> String {
    match &alert.subject {
        Subject::External { source, fingerprint } if source.as_str() == SOURCE => fingerprint.as_str().to_owned(),
        _ => {
            let labels: Vec<_> = pairs(labels).collect();
            let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
            format!("{:016x}", fingerprint(&labels))
        }
    }
}

fn own_annotations(alert: &Alert) -> String {
    let mut out = String::with_capacity(96);
    let _ = write!(out, "{{\"alert\":\"{}\"", alert.id);
    if let Some(owner) = alert.owner() {
        out.push_str(",\"owner\":");
        string(&mut out, owner.as_str());
    }
    out.push_str(",\"summary\":");
    string(&mut out, alert.summary.as_str());
    out.push('}');
    out
}
