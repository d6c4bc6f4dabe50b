//! Which hosts a rule of the configuration speaks of.

use crate::fleet::configuration::assignment::Layer;
use crate::fleet::words::{ClientId, HostClass, SiteId, glob};

/// What the configuration knows a host by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignTarget<'a> {
    /// The host's name.
    pub host: &'a str,
    /// Its client.
    pub client: &'a ClientId,
    /// Its site.
    pub site: &'a SiteId,
    /// Its class.
    pub class: HostClass,
    /// Its tags.
    pub tags: Vec<&'a str>,
}

/// A set of hosts: those that fit all that is given here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// Of this client.
    pub client: Option<ClientId>,
    /// At this site; only together with `client`.
    pub site: Option<SiteId>,
    /// Of this class.
    pub class: Option<HostClass>,
    /// With this tag.
    pub tag: Option<String>,
    /// Of this name; `*` stands for anything, the case of letters does not matter.
    pub host: Option<String>,
}

impl Selector {
    /// Whether the host is in the set.
    #[must_use]
    pub fn matches(&self, target: &AssignTarget<'_>) -> bool {
        self.client.as_ref().is_none_or(|client| client == target.client)
            && self.site.as_ref().is_none_or(|site| site == target.site)
            && self.class.is_none_or(|class| class == target.class)
            && self.tag.as_ref().is_none_or(|tag| target.tags.contains(&tag.as_str()))
            && self.host.as_ref().is_none_or(|host| glob::matches_ignoring_case(host, target.host))
    }

    /// The layer, by the narrowest thing given.
    #[must_use]
    pub const fn layer(&self) -> Layer {
        match self {
            Self { host: Some(_), .. } => Layer::Host,
            Self { tag: Some(_), .. } => Layer::Tag,
            Self { class: Some(_), .. } => Layer::Class,
            Self { site: Some(_), .. } => Layer::Site,
            Self { client: Some(_), .. } => Layer::Client,
            _ => Layer::Fleet,
        }
    }

    /// The order within one layer: a class of the fleet, of a client, of a site; a host by pattern, by name. Higher wins.
    #[must_use]
    pub fn narrowness(&self) -> u8 {
        u8::from(self.host.as_ref().is_some_and(|host| !host.contains('*'))) * 4
            + u8::from(self.site.is_some())
            + u8::from(self.client.is_some())
    }
}

impl std::fmt::Display for Selector {
    /// As a filter: `client:acme class:laptop`; `fleet` for all hosts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            ("client", self.client.as_ref().map(ClientId::as_str)),
            ("site", self.site.as_ref().map(SiteId::as_str)),
            ("class", self.class.map(HostClass::word)),
            ("tag", self.tag.as_deref()),
            ("host", self.host.as_deref()),
        ];
        let mut first = true;
        for (key, value) in parts.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))) {
            write!(f, "{}{key}:{value}", if first { "" } else { " " })?;
            first = false;
        }
        if first { f.write_str("fleet") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_given_must_fit() {
        let (client, site) = (ClientId::from("acme"), SiteId::from("hq"));
        let target =
            AssignTarget { host: "DC01", client: &client, site: &site, class: HostClass::Server, tags: vec!["db"] };
        let whole = Selector::default();
        assert!(whole.matches(&target) && whole.layer() == Layer::Fleet && whole.to_string() == "fleet");
        let host = Selector { client: Some(client.clone()), host: Some("dc*".into()), ..Selector::default() };
        assert!(host.matches(&target) && host.layer() == Layer::Host);
        assert_eq!(host.to_string(), "client:acme host:dc*");
        let elsewhere = Selector { client: Some("other".into()), ..host.clone() };
        assert!(!elsewhere.matches(&target));
        let tag = Selector { tag: Some("web".into()), ..Selector::default() };
        assert!(!tag.matches(&target) && tag.layer() == Layer::Tag);
        assert!(Selector { host: Some("dc01".into()), ..Selector::default() }.narrowness() > host.narrowness());
    }
}
