//! Clients, sites, hosts and their events.

use crate::fleet::hosts::{Client, Event, Host, Site};
use crate::fleet::words::{ClientId, HostId, IdentityId, SiteId, StreamId, Timestamp};
use crate::wire::enums::{host_class, host_state};
use crate::wire::error::{WireError, need};
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

impl From<&Client> for pb::Client {
    fn from(client: &Client) -> Self {
        Self {
            id: client.id.as_str().into(),
            name: client.name.as_str().into(),
            contact: client.contact.as_str().into(),
            line: client.line.as_str().into(),
            contract: client.contract.as_str().into(),
            configured: client.configured,
        }
    }
}

impl From<pb::Client> for Client {
    fn from(client: pb::Client) -> Self {
        Self {
            id: ClientId::new(text::id(&client.id)),
            name: text::line(&client.name),
            contact: text::line(&client.contact),
            line: text::line(&client.line),
            contract: text::line(&client.contract),
            configured: client.configured,
        }
    }
}

impl From<&Site> for pb::Site {
    fn from(site: &Site) -> Self {
        Self {
            client: site.client.as_str().into(),
            id: site.id.as_str().into(),
            name: site.name.as_str().into(),
            line: site.line.as_str().into(),
            configured: site.configured,
        }
    }
}

impl From<pb::Site> for Site {
    fn from(site: pb::Site) -> Self {
        Self {
            client: ClientId::new(text::id(&site.client)),
            id: SiteId::new(text::id(&site.id)),
            name: text::line(&site.name),
            line: text::line(&site.line),
            configured: site.configured,
        }
    }
}

impl From<&Host> for pb::Host {
    fn from(host: &Host) -> Self {
        Self {
            id: host.id.0,
            name: host.name.as_str().into(),
            client: host.client.as_str().into(),
            site: host.site.as_str().into(),
            class: pb::HostClass::from(host.class).into(),
            tags: host.tags.clone(),
            state: pb::HostState::from(host.state).into(),
            state_since: host.state_since.0,
            state_reason: host.state_reason.clone(),
            os: host.os.as_ref().map(Into::into),
            enrolled_at: host.enrolled_at.0,
            identity: host.identity.0,
            last_seen: host.last_seen.map(|at| at.0),
            synthetic: host.synthetic,
        }
    }
}

impl From<pb::Host> for Host {
    fn from(host: pb::Host) -> Self {
        Self {
            id: HostId(host.id),
            name: text::line(&host.name),
            client: ClientId::new(text::id(&host.client)),
            site: SiteId::new(text::id(&host.site)),
            class: host_class(host.class),
            tags: host.tags.iter().map(|tag| text::plain(tag)).collect(),
            state: host_state(host.state),
            state_since: Timestamp(host.state_since),
            state_reason: text::plain(&host.state_reason),
            os: host.os.map(Into::into),
            enrolled_at: Timestamp(host.enrolled_at),
            identity: IdentityId(host.identity),
            last_seen: host.last_seen.map(Timestamp),
            synthetic: host.synthetic,
        }
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        match event {
            Event::ClientDescribed(client) => Self::ClientDescribed(client.into()),
            Event::SiteDescribed(site) => Self::SiteDescribed(site.into()),
            Event::Enrolled { host, name, client, site, class, tags, identity, synthetic } => {
                Self::HostEnrolled(pb::HostEnrolled {
                    id: host.0,
                    name: name.as_str().into(),
                    client: client.as_str().into(),
                    site: site.as_str().into(),
                    class: pb::HostClass::from(*class).into(),
                    tags: tags.clone(),
                    identity: identity.0,
                    synthetic: *synthetic,
                })
            }
            Event::Described { host, os } => {
                Self::HostDescribed(pb::HostDescribed { host: host.0, os: Some(os.into()) })
            }
            Event::StateChanged { host, state, reason, last_seen } => Self::HostStateChanged(pb::HostStateChanged {
                host: host.0,
                state: pb::HostState::from(*state).into(),
                reason: reason.clone(),
                last_seen: last_seen.map(|at| at.0),
            }),
            Event::Retired { host } => Self::HostRetired(pb::HostRetired { host: host.0 }),
            Event::Archived { host } => Self::HostArchived(pb::HostArchived { host: host.0 }),
            Event::FactsLost { host, stream, from, to } => {
                Self::FactsLost(pb::FactsLost { host: host.0, stream: stream.0, from: *from, to: *to })
            }
        }
    }
}

impl From<pb::Client> for Event {
    fn from(client: pb::Client) -> Self {
        Self::ClientDescribed(client.into())
    }
}

impl From<pb::Site> for Event {
    fn from(site: pb::Site) -> Self {
        Self::SiteDescribed(site.into())
    }
}

impl From<pb::HostEnrolled> for Event {
    fn from(event: pb::HostEnrolled) -> Self {
        Self::Enrolled {
            host: HostId(event.id),
            name: text::line(&event.name),
            client: ClientId::new(text::id(&event.client)),
            site: SiteId::new(text::id(&event.site)),
            class: host_class(event.class),
            tags: event.tags.iter().map(|tag| text::plain(tag)).collect(),
            identity: IdentityId(event.identity),
            synthetic: event.synthetic,
        }
    }
}

impl TryFrom<pb::HostDescribed> for Event {
    type Error = WireError;

    fn try_from(event: pb::HostDescribed) -> Result<Self, WireError> {
        let os = need(event.os, "HostDescribed", "os")?;
        Ok(Self::Described { host: HostId(event.host), os: os.into() })
    }
}

impl From<pb::HostStateChanged> for Event {
    fn from(event: pb::HostStateChanged) -> Self {
        Self::StateChanged {
            host: HostId(event.host),
            state: host_state(event.state),
            reason: text::plain(&event.reason),
            last_seen: event.last_seen.map(Timestamp),
        }
    }
}

impl From<pb::HostRetired> for Event {
    fn from(event: pb::HostRetired) -> Self {
        Self::Retired { host: HostId(event.host) }
    }
}

impl From<pb::HostArchived> for Event {
    fn from(event: pb::HostArchived) -> Self {
        Self::Archived { host: HostId(event.host) }
    }
}

impl From<pb::FactsLost> for Event {
    fn from(event: pb::FactsLost) -> Self {
        Self::FactsLost { host: HostId(event.host), stream: StreamId(event.stream), from: event.from, to: event.to }
    }
}
