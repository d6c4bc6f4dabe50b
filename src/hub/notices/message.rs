//! What one notice says, ready for every channel.

use serde_json::{Value, json};

use crate::fleet::notices::Kind;
use crate::fleet::words::{Severity, Timestamp};

/// One message to one receiver. Its texts hold no control characters but the newlines of `text`.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// By which a receiver knows a repeat: `FLEET-NOTICE`, the same for every attempt and every channel.
    pub key: String,
    /// The fleet's id.
    pub fleet_id: String,
    /// The fleet's name.
    pub fleet: String,
    /// What it is for.
    pub kind: Kind,
    /// The gravest of its alerts.
    pub severity: Severity,
    /// The receiver's name.
    pub to: String,
    /// Where it is reached on this channel.
    pub address: Option<String>,
    /// One line.
    pub subject: String,
    /// All of it.
    pub text: String,
    /// At most 300 characters.
    pub short: String,
    /// The client; empty for none, or several.
    pub client: String,
    /// The first alert's host.
    pub host: String,
    /// What the first alert is about.
    pub check: String,
    /// The first alert's spoken id.
    pub alert: String,
    /// How many alerts it is about.
    pub count: String,
    /// The one-time link that acknowledges.
    pub link: Option<String>,
    /// The alerts it lists.
    pub alerts: Vec<Listed>,
    /// What mails about the same problem have in common.
    pub thread: Option<String>,
    /// The keys of the incidents it opens, or ends, in a service of events.
    pub incidents: Vec<String>,
    /// When it was queued, RFC 3339.
    pub queued_at: String,
}

/// An alert as a message lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub id: u64,
    /// As people say it.
    pub spoken_id: String,
    /// Its client.
    pub client: String,
    /// Its site.
    pub site: Option<String>,
    /// Its host.
    pub host: Option<String>,
    /// What it is about, as scripts see it.
    pub subject: String,
    /// Its severity.
    pub severity: Severity,
    /// Whether it is open.
    pub open: bool,
    /// What is wrong.
    pub summary: String,
    /// When it opened.
    pub opened_at: Timestamp,
}

impl Message {
    /// What a placeholder of a template stands for; empty where there is none.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        match name {
            "subject" => &self.subject,
            "text" => &self.text,
            "short" => &self.short,
            "to" => &self.to,
            "address" => self.address.as_deref().unwrap_or_default(),
            "kind" => self.kind.word(),
            "severity" => self.severity.word(),
            "client" => &self.client,
            "host" => &self.host,
            "check" => &self.check,
            "alert" => &self.alert,
            "count" => &self.count,
            "link" => self.link.as_deref().unwrap_or_default(),
            "key" => &self.key,
            "fleet" => &self.fleet,
            _ => "",
        }
    }

    /// All of it, for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let alerts = self.alerts.iter().map(|alert| {
            json!({
                "id": format!("{}/{}", self.fleet, alert.id),
                "spoken_id": alert.spoken_id,
                "client": alert.client,
                "site": alert.site,
                "host": alert.host,
                "subject": alert.subject,
                "severity": alert.severity.word(),
                "state": if alert.open { "open" } else { "resolved" },
                "summary": alert.summary,
                "opened_at": rfc3339(alert.opened_at),
            })
        });
        json!({
            "key": self.key,
            "fleet": self.fleet,
            "fleet_id": self.fleet_id,
            "kind": self.kind.word(),
            "severity": self.severity.word(),
            "to": self.to,
            "address": self.address,
            "subject": self.subject,
            "text": self.text,
            "short": self.short,
            "client": if self.client.is_empty() { Value::Null } else { json!(self.client) },
            "count": self.count.parse::<u64>().unwrap_or_default(),
            "queued_at": self.queued_at,
            "link": self.link,
            "alerts": alerts.collect::<Vec<_>>(),
        })
    }
}

/// RFC 3339 in UTC, to the millisecond.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| format!("{at:.3}"))
}
