//! The sections that say for which hosts a rule counts: `[client.acme.site.hq.class.laptop]`.

use crate::fleet::configuration::Selector;
use crate::fleet::words::{ClientId, HostClass, SiteId};
use crate::settings::reader::{Names, Section};

/// The sections of clients.
pub(super) fn clients<'r>(section: &mut Section<'r>) -> Vec<(ClientId, Section<'r>)> {
    section.named("client", Names::Plain).into_iter().map(|(name, below)| (ClientId::new(name), below)).collect()
}

/// The sections of a client's sites.
pub(super) fn sites<'r>(section: &mut Section<'r>) -> Vec<(SiteId, Section<'r>)> {
    section.named("site", Names::Plain).into_iter().map(|(name, below)| (SiteId::new(name), below)).collect()
}

/// The sections of classes, tags and hosts below the one of `selector`.
pub(super) fn narrower<'r>(section: &mut Section<'r>, selector: &Selector) -> Vec<(Selector, Section<'r>)> {
    let mut found = Vec::new();
    for (name, below) in section.named("class", Names::Class) {
        found.push((Selector { class: HostClass::from_word(&name), ..selector.clone() }, below));
    }
    for (name, below) in section.named("tag", Names::Plain) {
        found.push((Selector { tag: Some(name), ..selector.clone() }, below));
    }
    for (name, below) in section.named("host", Names::Pattern) {
        found.push((Selector { host: Some(name), ..selector.clone() }, below));
    }
    found
}
