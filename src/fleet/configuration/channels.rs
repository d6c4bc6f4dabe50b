//! The ways out of the hub for notices, as configured. Secrets are in here by name only.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::configuration::assignment::Provenance;
use crate::fleet::configuration::template::{Escaping, Template};

/// Where PagerDuty takes events.
pub const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// All that the files say about how notices leave and answers come back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The channels, by name.
    pub channels: BTreeMap<String, Channel>,
    /// The sign of life to an outside dead-man switch.
    pub watchdog: Option<Watchdog>,
    /// Where people and gateways outside reach the hub's HTTP port.
    pub links: Option<Links>,
}

/// One way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// How it sends.
    pub kind: ChannelKind,
    /// Whom it reaches where the receiver has no address of its own on it, or is the channel itself.
    pub to: Option<String>,
    /// The secret that signs what goes out, and what comes back over `/callback/NAME`.
    pub secret: Option<String>,
    /// Where it is written.
    pub source: Provenance,
}

/// How a channel sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// A mail, by SMTP.
    Smtp(Smtp),
    /// An HTTP request.
    Webhook(Webhook),
    /// A program of the hub's machine.
    Command(Command),
    /// Events in PagerDuty's shape.
    Events(Events),
}

impl ChannelKind {
    /// `smtp`, `webhook`, `command` or `events`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Smtp(_) => "smtp",
            Self::Webhook(_) => "webhook",
            Self::Command(_) => "command",
            Self::Events(_) => "events",
        }
    }
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte.
    #[default]
    Implicit,
    /// Plain until STARTTLS, which must succeed before anything is said.
    StartTls,
    /// Plain; to this machine only, unless the file says that it is meant.
    None,
}

impl MailTls {
    /// All, the safest first.
    pub const ALL: [Self; 3] = [Self::Implicit, Self::StartTls, Self::None];

    /// As the file writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }

    /// Reads [`Self::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// The usual port.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// Its name or address; with TLS its certificate must name it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: MailTls,
    /// Who logs in, and the name of the secret.
    pub login: Option<(String, String)>,
    /// The sender, `Name <address>`.
    pub from: String,
    /// What each subject begins with.
    pub subject_prefix: String,
    /// A file of certificates (PEM) that count instead of the machine's.
    pub ca: Option<String>,
}

/// A web service that takes a request for each notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where; placeholders may stand behind the host.
    pub url: Template,
    /// How: `POST`, `PUT`, `PATCH` or `GET`.
    pub method: String,
    /// Headers; in their values `@NAME` is the secret of that name.
    pub headers: BTreeMap<String, String>,
    /// What is sent; JSON with all that is known where `None`.
    pub body: Option<Template>,
    /// The body's type.
    pub content_type: String,
    /// A file of certificates (PEM) that count instead of the machine's.
    pub ca: Option<String>,
}

impl Webhook {
    /// How the body writes what is put in.
    #[must_use]
    pub fn escaping(&self) -> Escaping {
        let media = self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/x-www-form-urlencoded" => Escaping::Form,
            media if media == "application/json" || media.ends_with("+json") => Escaping::Json,
            _ => Escaping::Plain,
        }
    }
}

/// A program that is started for each notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, one by one; no shell reads them.
    pub argv: Vec<String>,
    /// After this it is ended with all it started.
    pub timeout: Duration,
}

/// A service that takes events in the shape of PagerDuty's Events API v2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// Where.
    pub url: String,
    /// The name of the secret that is the routing key.
    pub routing_key: String,
    /// A file of certificates (PEM) that count instead of the machine's.
    pub ca: Option<String>,
}

/// A sign of life that goes the way of the notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchdog {
    /// The channel to the dead-man switch.
    pub channel: String,
    /// How often.
    pub every: Duration,
}

/// Where people and gateways outside reach the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// `https://noc.example.net` or with a path behind it, without a slash at its end.
    pub url: String,
    /// Its host, with the port where it has one: the `Host` of its requests.
    pub authority: String,
    /// Its scheme and authority: the `Origin` of its pages.
    pub origin: String,
}
