//! What an alert hangs on: its host, and the line of its site.

use std::sync::Arc;

use crate::fleet::alerts::{Alert, Hold, Subject};
use crate::fleet::state::Fleet;
use crate::fleet::words::{ClientId, HostId, SiteId};

/// The source of what the hub itself says of a host.
pub const HUB: &str = "watchfloor";

/// The open alerts behind which an alert is held back that opens now: about the line of its site, and its host.
pub fn parents_of(
    fleet: &Fleet,
    client: &ClientId,
    site: Option<&SiteId>,
    host: Option<HostId>,
    subject: &Subject,
) -> Vec<Hold> {
    let above = |about: Subject| fleet.alerts.about(client, &about).filter(|alert| alert.is_open());
    let of_site = site.filter(|_| hangs_on_site(host, subject)).and_then(|site| above(Subject::Site(site.clone())));
    let of_host = host.filter(|_| hangs_on_host(subject)).and_then(|host| above(Subject::Host(host)));
    of_site.into_iter().chain(of_host).map(|alert| Hold::Parent(alert.id)).collect()
}

/// The open alerts that hang on what an alert is about.
pub fn children<'f>(fleet: &'f Fleet, parent: &'f Alert) -> Box<dyn Iterator<Item = &'f Arc<Alert>> + 'f> {
    match &parent.subject {
        Subject::Host(host) => {
            let same_client = |alert: &&Arc<Alert>| alert.client == parent.client;
            Box::new(fleet.alerts.on_host(*host).filter(same_client).filter(|alert| hangs_on_host(&alert.subject)))
        }
        Subject::Site(site) => {
            let at_site = fleet.alerts.at_site(&parent.client, site);
            Box::new(at_site.filter(|alert| hangs_on_site(alert.host, &alert.subject)))
        }
        _ => Box::new(std::iter::empty()),
    }
}

fn hangs_on_host(subject: &Subject) -> bool {
    match subject {
        Subject::Check { .. } | Subject::Backup(_) => true,
        // That two machines use one certificate is no matter of whether one of them lives.
        Subject::External { source, .. } => source.as_str() != HUB,
        Subject::Host(_) | Subject::Site(_) => false,
    }
}

fn hangs_on_site(host: Option<HostId>, subject: &Subject) -> bool {
    host.is_some() && (hangs_on_host(subject) || matches!(subject, Subject::Host(_)))
}
