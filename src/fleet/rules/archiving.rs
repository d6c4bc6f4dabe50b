//! What is over for long leaves the state, so that it does not grow for ever: retired hosts with their identities, people
//! whose access ended, tokens that can't be used any more. The journal still has them.

use std::time::Duration;

use crate::fleet::hosts::{self, Host};
use crate::fleet::identity::{self, Audience, Token, TokenStatus};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{HostId, IdentityId, Now, Timestamp, TokenId};

/// How long after its end something is still listed.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What leaves the state now, at most `most` at a time.
#[must_use]
pub fn judge(fleet: &Fleet, now: Now, most: usize) -> Vec<(Audience, Event)> {
    over(fleet)
        .filter(|(ended, _)| *ended + KEPT_AFTER_END <= now.wall)
        .take(most)
        .map(|(_, end)| end.event())
        .collect()
}

/// Something that is over, or will be.
enum Over<'f> {
    Host(&'f Host),
    Identity(IdentityId),
    Token(TokenId),
}

impl Over<'_> {
    fn event(self) -> (Audience, Event) {
        match self {
            Self::Host(host) => {
                let event = hosts::Event::Archived { host: host.id };
                (Audience::of_client(host.client.clone()), Event::Hosts(event))
            }
            Self::Identity(identity) => admins(identity::Event::Archived { identity }),
            Self::Token(token) => admins(identity::Event::TokenArchived { token }),
        }
    }
}

/// What is over, and since when: hosts before their identities, so that no host names an identity that is gone.
fn over(fleet: &Fleet) -> impl Iterator<Item = (Timestamp, Over<'_>)> {
    let hosts = fleet.hosts.hosts.values().filter(|host| host.is_retired());
    let hosts = hosts.map(|host| (host.state_since, Over::Host(host)));
    let has_left = |host: HostId| !fleet.hosts.hosts.contains_key(&host);
    let identities = fleet.registry.identities.values().filter(move |identity| identity.host.is_none_or(has_left));
    let identities = identities.filter_map(|identity| Some((identity.revoked_at?, Over::Identity(identity.id))));
    let tokens = fleet.registry.tokens.values();
    let tokens = tokens.filter_map(|token| Some((last_use(token)?, Over::Token(token.id))));
    hosts.chain(identities).chain(tokens)
}

/// Until when a token can be used at most; one without end that was revoked counts from its making.
fn last_use(token: &Token) -> Option<Timestamp> {
    token.expires_at.or((token.status != TokenStatus::Open).then_some(token.created_at))
}

const fn admins(event: identity::Event) -> (Audience, Event) {
    (Audience::ADMINS, Event::Identity(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::identity::Role;
    use crate::fleet::rules::fixture::{World, admin, grant, ids, min};
    use crate::fleet::rules::input::Verb;
    use crate::fleet::state::Entry;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn jump(world: &mut World, span: Duration) {
        world.now = world.now.after(span);
        world.settle();
    }

    #[test]
    fn what_is_over_for_thirty_days_leaves_the_state_and_nothing_else_does() {
        let mut world = World::new();
        let (web, db) = (world.server("web"), world.server("db"));
        let bearer = world.drawn_hash();
        world.grant(grant(bearer, Role::Reader)).unwrap();
        world.act(&admin(), ids(&[]), Verb::RetireHost(web)).unwrap();
        jump(&mut world, DAY * 29);
        assert_eq!((world.fleet.hosts.hosts.len(), world.fleet.registry.tokens.len()), (2, 3));
        jump(&mut world, DAY + min(20));
        assert_eq!(world.fleet.hosts.hosts.keys().collect::<Vec<_>>(), [&db]);
        let registry = &world.fleet.registry;
        assert_eq!(registry.identities.values().filter_map(|known| known.host).collect::<Vec<_>>(), [db]);
        assert_eq!(registry.tokens.values().map(|token| token.role).collect::<Vec<_>>(), [Role::Reader], "still good");
        let before = world.entries.len();
        world.settle();
        assert_eq!(world.entries.len(), before, "once");

        let next = world.server("mail");
        assert!(next > db, "numbers are never used again");
        let mut replayed = Fleet::default();
        world.entries.iter().for_each(|entry: &Entry| drop(replayed.apply(entry)));
        assert_eq!(replayed.hosts, world.fleet.hosts);
        assert_eq!(replayed.registry, world.fleet.registry);
        world.check();
    }

    #[test]
    fn many_leave_in_bounded_entries() {
        let mut world = World::new();
        for n in 0..1_200 {
            let secret = world.drawn_hash();
            world.grant(grant(secret, Role::Agent)).unwrap();
            assert_eq!(world.fleet.registry.tokens.len(), n + 1);
        }
        let before = world.entries.len();
        jump(&mut world, DAY * 31);
        assert!(world.fleet.registry.tokens.is_empty());
        assert_eq!(world.entries.len() - before, 2);
    }
}
