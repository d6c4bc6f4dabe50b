//! A command as it goes on: what becomes durable about it, until who asked is gone. A host's row goes out with its end,
//! which nobody has to wait for until the rows of all the others are through.

use std::collections::BTreeMap;

use tonic::Status;

use crate::fleet::commands::Event as CommandEvent;
use crate::fleet::rules::input::Asker;
use crate::fleet::state::{EntityKey, Event, Fleet};
use crate::fleet::words::{ClientId, CommandId, HostId, Revision};
use crate::hub::services::pages::Pages;
use crate::hub::shared::Shared;
use crate::wire::{pb, row_of};

/// Entries looked through at once.
const AT_ONCE: usize = 500;

/// A command that is followed.
#[derive(Debug)]
pub struct Following {
    id: CommandId,
    /// What the asker has been told of.
    at: Revision,
    /// The hosts that have not ended, as they were at the beginning.
    hosts: BTreeMap<HostId, pb::Row>,
}

impl Following {
    /// Follows a command from a state on, as far as someone limited to this client sees it.
    #[must_use]
    pub fn from(fleet: &Fleet, id: CommandId, scope: Option<&ClientId>) -> Self {
        let command = fleet.commands.get(id).map(|command| command.of_client(scope));
        let outcomes = command.iter().flat_map(|command| command.outcomes());
        let open = outcomes.filter(|(_, outcome)| !outcome.state.is_end());
        let hosts = open.filter_map(|(host, _)| Some((host, row_of(fleet, &EntityKey::Host(host))?))).collect();
        Self { id, at: fleet.revision, hosts }
    }

    /// Tells what becomes durable, until the asker goes.
    ///
    /// # Errors
    /// The asker was too slow, or is gone.
    pub async fn go_on(mut self, shared: &Shared, asker: &Asker, mut pages: Pages<'_>) -> Result<(), Status> {
        let mut head = shared.feed.head();
        loop {
            let newest = *head.borrow_and_update();
            if self.at >= newest {
                tokio::select! {
                    changed = head.changed() => if changed.is_err() { return Ok(()) },
                    () = pages.out.closed() => return Ok(()),
                }
                continue;
            }
            let recent = shared.feed.after(self.at, AT_ONCE);
            let recent =
                recent.ok_or_else(|| Status::data_loss("this was not read in time; ask for the command again"))?;
            pages.page.hub_time = shared.clock.now().wall.0;
            let mut is_news = false;
            for committed in recent {
                self.at = committed.revision();
                let events = committed.entry.events.iter().filter_map(|(_, event)| match event {
                    Event::Commands(event) if event.command() == self.id => Some(event),
                    _ => None,
                });
                let mut is_about = false;
                for event in events {
                    is_about = true;
                    for host in ended(event) {
                        pages.row(self.hosts.remove(host)).await?;
                    }
                }
                if let Some(entry) = committed.project(asker.role, asker.scope.as_ref()).filter(|_| is_about) {
                    pages.entry(entry).await?;
                    is_news = true;
                }
            }
            if is_news {
                pages.send().await?;
            }
        }
    }
}

/// The hosts on which a command ended with an event.
fn ended(event: &CommandEvent) -> &[HostId] {
    match event {
        CommandEvent::Reported { host, .. } => std::slice::from_ref(host),
        CommandEvent::Changed { state, hosts, .. } if state.is_end() => hosts,
        _ => &[],
    }
}
