//! Who joins the fleet: with a token, or admitted by an admin (the hub's own agent, a swarm). Renewal, too.

use std::time::Duration;

use crate::fleet::hosts::{self, Client, DEFAULT_CLIENT, DEFAULT_SITE, Site};
use crate::fleet::identity::{self, Audience, Identity, Role, Token, TokenStatus};
use crate::fleet::rules::decision::{Answer, Decision, Recorded, Refusal};
use crate::fleet::rules::input::{Admission, Asker, EnrolRequest};
use crate::fleet::rules::ledger::{Counters, Ledger};
use crate::fleet::state::{Actor, Cause, Event, Fleet};
use crate::fleet::words::{ClientId, HostClass, HostId, IdentityId, Now, SafeText, SiteId};

/// How long a certificate is good for: agents and hub 90 days, people 30.
#[must_use]
pub const fn validity(role: Role) -> Duration {
    const DAY: u64 = 24 * 60 * 60;
    if role.is_person() { Duration::from_secs(30 * DAY) } else { Duration::from_secs(90 * DAY) }
}

/// The client of a swarm's hosts.
pub const SYNTHETIC_CLIENT: &str = "synthetic";
/// The most agents admitted in one request.
pub const MOST_ADMITTED: usize = 500;

/// Enrols whoever shows the secret of an open token. Spending the token and recording the identity is one entry.
///
/// # Errors
/// The token is unknown, spent, revoked or expired, or is a bearer token.
pub fn enrol(fleet: &Fleet, ledger: &Ledger, request: &EnrolRequest, now: Now) -> Result<Decision, Refusal> {
    let again = "ask an admin for a new one: `watchfloor token create`";
    let token = fleet
        .registry
        .tokens
        .values()
        .find(|token| token.secret_hash == request.secret_hash)
        .ok_or_else(|| Refusal::NotPermitted(format!("this hub does not know the token; {again}")))?;
    if let Some(answer) = answered_before(fleet, token, request, now) {
        return Ok(answer);
    }
    refuse_unusable(token, now, again)?;
    let name = token.name.clone().unwrap_or_else(|| request.name.clone());
    if name.as_str().trim().is_empty() {
        return Err(Refusal::Invalid("the enrolling machine has no name; give it one with --as NAME".to_owned()));
    }
    let spent = identity::Event::TokenEnded { token: token.id, status: TokenStatus::Spent };
    let mut joining =
        Joining { fleet, counters: ledger.counters, events: vec![(Audience::ADMINS, Event::Identity(spent))], now };
    let recorded = if token.role == Role::Agent {
        let client = token.client.clone().unwrap_or_else(|| ClientId::from(DEFAULT_CLIENT));
        let site = token.site.clone().unwrap_or_else(|| SiteId::from(DEFAULT_SITE));
        let place = Placement { client, site, class: token.class, tags: token.tags.clone(), synthetic: false };
        let recorded = joining.agent(&name, request.key_hash, place);
        if let (Some(os), Some(host)) = (&request.os, recorded.host) {
            joining.host_event(hosts::Event::Described { host, os: os.clone() });
        }
        recorded
    } else {
        joining.person(&name, token.role, token.client.clone(), request.key_hash)
    };
    let actor = Actor { cause: Cause::Identity(recorded.identity), name };
    let answer = Answer { token: Some(token.id), recorded: vec![recorded], ..Answer::default() };
    Ok(Decision { actor, events: joining.events, answer })
}

/// Admits agents without tokens: the hub's own (named), or synthetic ones (name and client are forced).
///
/// # Errors
/// The asker is not an admin, or asks for too many at once.
pub fn admit(
    fleet: &Fleet,
    ledger: &Ledger,
    asker: &Asker,
    agents: &[Admission],
    now: Now,
) -> Result<Decision, Refusal> {
    if !asker.role.includes(Role::Admin) || asker.scope.is_some() {
        return Err(Refusal::NotPermitted(format!(
            "{} may not admit agents; this asks for an admin of the whole fleet",
            asker.name.as_str()
        )));
    }
    if agents.len() > MOST_ADMITTED {
        return Err(Refusal::Invalid(format!(
            "{} agents in one request; ask for at most {MOST_ADMITTED}",
            agents.len()
        )));
    }
    let mut joining = Joining { fleet, counters: ledger.counters, events: Vec::new(), now };
    let mut answer = Answer::default();
    for agent in agents {
        let recorded = match &agent.name {
            Some(name) => joining.agent(name, agent.key_hash, Placement::default()),
            None => {
                let name = SafeText::new(&format!("synthetic-{:04}", joining.counters.host + 1));
                let place =
                    Placement { client: ClientId::from(SYNTHETIC_CLIENT), synthetic: true, ..Placement::default() };
                joining.agent(&name, agent.key_hash, place)
            }
        };
        answer.recorded.push(recorded);
    }
    Ok(Decision { actor: asker.actor(), events: joining.events, answer })
}

/// Records a renewed certificate.
///
/// # Errors
/// The identity is unknown or revoked.
pub fn renew(fleet: &Fleet, id: IdentityId, key_hash: [u8; 32], now: Now) -> Result<Decision, Refusal> {
    let identity =
        fleet.registry.identities.get(&id).filter(|identity| !identity.is_revoked()).ok_or_else(|| {
            Refusal::NotPermitted("this identity was revoked; enrol again with a new token".to_owned())
        })?;
    let not_after = now.wall + validity(identity.role);
    let event = identity::Event::Renewed { identity: id, not_after, key_hash };
    let recorded = Recorded { identity: id, host: identity.host, name: identity.name.to_string() };
    Ok(Decision {
        actor: Actor { cause: Cause::Identity(id), name: identity.name.clone() },
        events: vec![(Audience::ADMINS, Event::Identity(event))],
        answer: Answer { recorded: vec![recorded], ..Answer::default() },
    })
}

/// Who asks again with the same key did not get the answer: the identity that was recorded for it is theirs. Only as
/// long as the token would have been good for, and never for another key.
fn answered_before(fleet: &Fleet, token: &Token, request: &EnrolRequest, now: Now) -> Option<Decision> {
    let in_time = token.expires_at.is_some_and(|end| now.wall < end);
    if token.status != TokenStatus::Spent || !in_time {
        return None;
    }
    let mut known = fleet.registry.identities.values();
    let identity = known.find(|known| {
        known.key_hash == request.key_hash
            && known.role == token.role
            && known.recorded_at >= token.created_at
            && !known.is_revoked()
    })?;
    let recorded = Recorded { identity: identity.id, host: identity.host, name: identity.name.to_string() };
    Some(Decision {
        actor: Actor { cause: Cause::Identity(identity.id), name: identity.name.clone() },
        events: Vec::new(),
        answer: Answer { token: Some(token.id), recorded: vec![recorded], ..Answer::default() },
    })
}

fn refuse_unusable(token: &Token, now: Now, again: &str) -> Result<(), Refusal> {
    let why = match token.status {
        TokenStatus::Spent => "was used already",
        TokenStatus::Revoked => "was revoked",
        TokenStatus::Open if !token.is_usable(now.wall) => "has expired",
        TokenStatus::Open if token.is_bearer() => "is for the HTTP port, not for enrolment",
        TokenStatus::Open => return Ok(()),
    };
    Err(Refusal::NotPermitted(format!("token {} {why}; {again}", token.id)))
}

struct Placement {
    client: ClientId,
    site: SiteId,
    class: HostClass,
    tags: Vec<String>,
    synthetic: bool,
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            client: ClientId::from(DEFAULT_CLIENT),
            site: SiteId::from(DEFAULT_SITE),
            class: HostClass::Server,
            tags: Vec::new(),
            synthetic: false,
        }
    }
}

/// The events of somebody's joining, gathered.
struct Joining<'f> {
    fleet: &'f Fleet,
    counters: Counters,
    events: Vec<(Audience, Event)>,
    now: Now,
}

impl Joining<'_> {
    fn agent(&mut self, name: &SafeText, key_hash: [u8; 32], place: Placement) -> Recorded {
        let host = self.counters.next_host();
        let identity = self.record(name, Role::Agent, None, Some(host), key_hash);
        self.describe_place(&place.client, &place.site);
        let enrolled = hosts::Event::Enrolled {
            host,
            name: name.clone(),
            client: place.client.clone(),
            site: place.site,
            class: place.class,
            tags: place.tags,
            identity,
            synthetic: place.synthetic,
        };
        self.events.push((Audience::of_client(place.client), Event::Hosts(enrolled)));
        Recorded { identity, host: Some(host), name: name.to_string() }
    }

    fn person(&mut self, name: &SafeText, role: Role, scope: Option<ClientId>, key_hash: [u8; 32]) -> Recorded {
        let identity = self.record(name, role, scope, None, key_hash);
        Recorded { identity, host: None, name: name.to_string() }
    }

    fn record(
        &mut self,
        name: &SafeText,
        role: Role,
        client: Option<ClientId>,
        host: Option<HostId>,
        key_hash: [u8; 32],
    ) -> IdentityId {
        let id = self.counters.next_identity();
        let identity = Identity {
            id,
            name: name.clone(),
            role,
            client,
            host,
            recorded_at: self.now.wall,
            not_after: self.now.wall + validity(role),
            revoked_at: None,
            key_hash,
        };
        self.events.push((Audience::ADMINS, Event::Identity(identity::Event::Recorded(identity))));
        id
    }

    fn host_event(&mut self, event: hosts::Event) {
        let audience = self.events.iter().rev().find_map(|(audience, event)| match event {
            Event::Hosts(hosts::Event::Enrolled { .. }) => Some(audience.clone()),
            _ => None,
        });
        self.events.push((audience.unwrap_or(Audience::ADMINS), Event::Hosts(event)));
    }

    /// A client or site that no file names comes into being with its first host.
    fn describe_place(&mut self, client: &ClientId, site: &SiteId) {
        let audience = Audience::of_client(client.clone());
        let described =
            |wanted: &hosts::Event| self.events.iter().any(|(_, event)| *event == Event::Hosts(wanted.clone()));
        let mut new = Vec::new();
        if !self.fleet.hosts.clients.contains_key(client) {
            let event = hosts::Event::ClientDescribed(Client::unconfigured(client.clone()));
            if !described(&event) {
                new.push(event);
            }
        }
        if !self.fleet.hosts.sites.contains_key(&(client.clone(), site.clone())) {
            let event = hosts::Event::SiteDescribed(Site::unconfigured(client.clone(), site.clone()));
            if !described(&event) {
                new.push(event);
            }
        }
        self.events.extend(new.into_iter().map(|event| (audience.clone(), Event::Hosts(event))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::hosts::HostState;
    use crate::fleet::identity::Hands;
    use crate::fleet::rules::administering::TOKEN_TTL;
    use crate::fleet::rules::fixture::{World, admin, asker, grant, ids, operator, s, scoped, text};
    use crate::fleet::rules::input::{Input, TokenGrant, Verb};
    use crate::fleet::state::Event;

    fn admit(world: &mut World, asker: &Asker, agents: Vec<Admission>) -> Result<Answer, Refusal> {
        world.feed(Input::Admit { asker: asker.clone(), agents })
    }

    fn synthetic(count: usize) -> Vec<Admission> {
        (0..count).map(|number| Admission { key_hash: [number as u8; 32], name: None }).collect()
    }

    #[test]
    fn spending_the_token_and_recording_the_identity_is_one_decision() {
        let mut world = World::new();
        let token = TokenGrant {
            client: Some("acme".into()),
            site: Some("hq".into()),
            class: HostClass::Workstation,
            tags: vec!["db".to_owned()],
            hands: Hands::Listed,
            ..grant([1; 32], Role::Agent)
        };
        let token = world.grant(token).unwrap().token.unwrap();
        let before = world.entries.len();
        let answer = world.enrol([1; 32], "web").unwrap();
        assert_eq!((world.entries.len() - before, answer.token), (1, Some(token)));
        assert_eq!(world.fleet.registry.tokens[&token].status, TokenStatus::Spent);
        let recorded = &answer.recorded[0];
        let identity = &world.fleet.registry.identities[&recorded.identity];
        assert_eq!((identity.role, identity.host, identity.client.as_ref()), (Role::Agent, recorded.host, None));
        assert_eq!(identity.not_after.since(world.now.wall), validity(Role::Agent));
        let host = world.host(recorded.host.unwrap());
        assert_eq!(
            (host.name.as_str(), host.class, &host.tags[..]),
            ("web", HostClass::Workstation, &["db".to_owned()][..])
        );
        assert_eq!((host.client.as_str(), host.site.as_str(), host.state), ("acme", "hq", HostState::Unknown));
        let (client, site) = (ClientId::from("acme"), SiteId::from("hq"));
        assert!(!world.fleet.hosts.clients[&client].configured, "it came into being with its first host");
        assert!(world.fleet.hosts.sites.contains_key(&(client, site)));
        world.check();
    }

    #[test]
    fn a_token_that_can_not_be_used_says_why_and_what_to_do() {
        let mut world = World::new();
        for (secret, role) in [(1, Role::Agent), (2, Role::Agent), (3, Role::Viewer), (4, Role::Reader)] {
            world.grant(grant([secret; 32], role)).unwrap();
        }
        world.enrol([1; 32], "web").unwrap();
        world.act(&admin(), ids(&[]), Verb::RevokeToken(crate::fleet::words::TokenId(2))).unwrap();
        let before = world.fleet.clone();
        world.now = world.now.after(TOKEN_TTL);
        for (secret, why) in
            [(1, "was used already"), (2, "was revoked"), (3, "has expired"), (4, "HTTP port"), (9, "does not know")]
        {
            let refused = world.enrol([secret; 32], "again").unwrap_err();
            assert!(matches!(&refused, Refusal::NotPermitted(text) if text.contains(why)), "{refused}");
            assert!(refused.to_string().contains("watchfloor token create"), "{refused}");
        }
        assert_eq!(world.fleet, before);
        assert!(world.fleet.registry.tokens[&crate::fleet::words::TokenId(4)].is_usable(world.now.wall + s(1 << 40)));
    }

    #[test]
    fn a_token_is_good_until_the_millisecond_it_expires() {
        let mut world = World::new();
        world.grant(grant([1; 32], Role::Viewer)).unwrap();
        world.now = world.now.after(TOKEN_TTL - std::time::Duration::from_millis(1));
        world.enrol([1; 32], "lee").unwrap();
    }

    #[test]
    fn a_person_gets_role_and_scope_of_the_token_and_its_name_before_their_own() {
        let mut world = World::new();
        let token =
            TokenGrant { client: Some("acme".into()), name: Some(text("mara")), ..grant([1; 32], Role::Operator) };
        world.grant(token).unwrap();
        let recorded = world.enrol([1; 32], "laptop-17").unwrap().recorded;
        let identity = &world.fleet.registry.identities[&recorded[0].identity];
        assert_eq!((identity.name.as_str(), identity.role, identity.host), ("mara", Role::Operator, None));
        assert_eq!(identity.client, Some("acme".into()));
        assert_eq!(identity.not_after.since(world.now.wall), validity(Role::Operator));
        world.grant(grant([2; 32], Role::Viewer)).unwrap();
        assert!(matches!(world.enrol([2; 32], "  "), Err(Refusal::Invalid(_))), "somebody must have a name");
        assert!(world.enrol([2; 32], "wall").is_ok(), "and the token is not spent by the attempt");
    }

    #[test]
    fn synthetic_agents_get_forced_names_and_client() {
        let mut world = World::new();
        let own = Admission { key_hash: [0; 32], name: Some(text("this-machine")) };
        let own = admit(&mut world, &admin(), vec![own]).unwrap().recorded[0].host.unwrap();
        assert_eq!((world.host(own).client.as_str(), world.host(own).synthetic), ("local", false));
        let answer = admit(&mut world, &admin(), synthetic(MOST_ADMITTED)).unwrap();
        assert_eq!(answer.recorded.len(), MOST_ADMITTED);
        assert_eq!(answer.recorded[0].name, "synthetic-0002");
        let more = admit(&mut world, &admin(), synthetic(1)).unwrap();
        assert_eq!(more.recorded[0].name, "synthetic-0502", "a name is never given twice");
        for recorded in answer.recorded.iter().chain(&more.recorded) {
            let host = world.host(recorded.host.unwrap());
            assert_eq!((host.client.as_str(), host.synthetic), (SYNTHETIC_CLIENT, true));
        }
        let described = |event: &&Event| matches!(event, Event::Hosts(hosts::Event::ClientDescribed(_)));
        assert_eq!(world.events_since(0).into_iter().filter(described).count(), 2, "each place comes into being once");
        world.check();
    }

    #[test]
    fn only_admins_of_the_fleet_admit_and_at_most_five_hundred_at_once() {
        let mut world = World::new();
        for nobody in [operator(), scoped(Role::Admin, "acme"), asker("web", Role::Agent)] {
            assert!(matches!(admit(&mut world, &nobody, synthetic(1)), Err(Refusal::NotPermitted(_))));
        }
        let refused = admit(&mut world, &admin(), synthetic(MOST_ADMITTED + 1));
        assert!(matches!(refused, Err(Refusal::Invalid(_))));
        assert!(world.fleet.hosts.hosts.is_empty());
    }

    #[test]
    fn a_renewal_is_recorded_and_refused_to_the_revoked() {
        let mut world = World::new();
        let web = world.server("web");
        let identity = world.host(web).identity;
        world.now = world.now.after(s(60 * 24 * 60 * 60));
        world.feed(Input::Renew { identity, key_hash: [5; 32] }).unwrap();
        let known = &world.fleet.registry.identities[&identity];
        assert_eq!((known.key_hash, known.not_after), ([5; 32], world.now.wall + validity(Role::Agent)));
        world.act(&admin(), ids(&[]), Verb::RevokeIdentity(identity)).unwrap();
        for identity in [identity, IdentityId(99)] {
            let refused = world.feed(Input::Renew { identity, key_hash: [6; 32] });
            assert!(matches!(refused, Err(Refusal::NotPermitted(_))));
        }
    }

    #[test]
    fn who_did_not_get_the_answer_gets_it_again_with_the_same_key_and_no_other() {
        let mut world = World::new();
        let secret_hash = world.drawn_hash();
        world.grant(grant(secret_hash, Role::Agent)).unwrap();
        let ask = |key: u8| {
            let (key_hash, name) = ([key; 32], text("web"));
            Input::Enrol(EnrolRequest { secret_hash, key_hash, name, os: None })
        };
        let first = world.feed(ask(1)).unwrap();
        let entries = world.entries.len();
        let again = world.feed(ask(1)).unwrap();
        assert_eq!((&again.recorded, again.token), (&first.recorded, first.token));
        assert_eq!((world.entries.len(), world.fleet.hosts.hosts.len()), (entries, 1), "nothing new");
        let other = world.feed(ask(2));
        assert!(matches!(&other, Err(Refusal::NotPermitted(why)) if why.contains("was used already")), "{other:?}");
        world.now = world.now.after(Duration::from_secs(15 * 60));
        assert!(world.feed(ask(1)).is_err(), "no longer than the token was good for");
    }

    #[test]
    fn an_identity_that_was_revoked_is_not_given_out_again() {
        let mut world = World::new();
        let secret_hash = world.drawn_hash();
        world.grant(grant(secret_hash, Role::Operator)).unwrap();
        let request = EnrolRequest { secret_hash, key_hash: [1; 32], name: text("anna"), os: None };
        let identity = world.feed(Input::Enrol(request.clone())).unwrap().recorded[0].identity;
        world.act(&admin(), ids(&[]), Verb::RevokeIdentity(identity)).unwrap();
        assert!(world.feed(Input::Enrol(request)).is_err());
    }
}
