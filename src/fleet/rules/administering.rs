//! What admins ask for: tokens, identities, roles, hosts that leave.

use std::time::Duration;

use crate::fleet::alerts::Alert;
use crate::fleet::hosts;
use crate::fleet::identity::{self, Audience, Identity, Role, Token, TokenStatus};
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::input::{Asker, TokenGrant, Verb};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::{alerting, results};
use crate::fleet::state::{Cause, Event, Fleet};
use crate::fleet::words::{HostId, IdentityId, Now, TokenId, duration};

/// How long an enrolment token is good for where nothing is said.
pub const TOKEN_TTL: Duration = Duration::from_secs(15 * 60);
/// The longest life of an enrolment token.
pub const LONGEST_TOKEN_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

type Outcome = (Vec<(Audience, Event)>, Answer);

/// Decides a verb of admins.
///
/// # Errors
/// What it names is not here, or it would lock everyone out.
pub fn administer(fleet: &Fleet, ledger: &Ledger, asker: &Asker, verb: &Verb, now: Now) -> Result<Outcome, Refusal> {
    if asker.scope.is_some() {
        return Err(Refusal::NotPermitted(format!(
            "{} is limited to one client; {} concerns the whole fleet, ask an admin of the fleet",
            asker.name.as_str(),
            verb.word()
        )));
    }
    match verb {
        Verb::RetireHost(host) => retire(fleet, *host),
        Verb::CreateToken(grant) => create_token(ledger, asker, grant, now),
        Verb::RevokeToken(token) => revoke_token(fleet, *token, now),
        Verb::RevokeIdentity(identity) => revoke_identity(fleet, asker, *identity),
        Verb::SetRole { identity, role } => set_role(fleet, asker, *identity, *role),
        verb => Err(Refusal::Invalid(format!("{} is not for admins only", verb.word()))),
    }
}

/// The events by which a host leaves for good: its alerts end, its checks go, its identity is revoked.
#[must_use]
pub fn leave(fleet: &Fleet, host: &hosts::Host) -> Vec<(Audience, Event)> {
    let audience = Audience::of_client(host.client.clone());
    let of_host = |alert: &&std::sync::Arc<Alert>| alert.host == Some(host.id);
    let mut events: Vec<(Audience, Event)> = fleet
        .alerts
        .open()
        .filter(of_host)
        .flat_map(|alert| alerting::for_client(&alert.client, alerting::resolve(alert, false, None)))
        .collect();
    for check in fleet.checks.of_host(host.id) {
        // Alerts about its checks are resolved above.
        let gone = results::remove_check(fleet, host, &check.check);
        events.extend(gone.into_iter().filter(|(_, event)| matches!(event, Event::Checks(_))));
    }
    events.push((audience, Event::Hosts(hosts::Event::Retired { host: host.id })));
    let identity = fleet.registry.identities.get(&host.identity).filter(|identity| !identity.is_revoked());
    if let Some(identity) = identity {
        events.push(admins(identity::Event::Revoked { identity: identity.id }));
    }
    events
}

fn retire(fleet: &Fleet, id: HostId) -> Result<Outcome, Refusal> {
    match fleet.hosts.hosts.get(&id) {
        Some(host) if host.is_retired() => {
            Err(Refusal::Conflict(format!("host {id} ({}) was retired already", host.name.as_str())))
        }
        Some(host) => Ok((leave(fleet, host), Answer { done: vec![id.0], ..Answer::default() })),
        None => Err(Refusal::NotFound(format!("there is no host {id}; `watchfloor hosts` lists them"))),
    }
}

fn create_token(ledger: &Ledger, asker: &Asker, grant: &TokenGrant, now: Now) -> Result<Outcome, Refusal> {
    let bearer = matches!(grant.role, Role::Intake | Role::Reader);
    if grant.role == Role::Hub {
        return Err(Refusal::Invalid("a hub's certificate is made by the hub itself, never by a token".to_owned()));
    }
    let ttl = grant.ttl_ms.map(Duration::from_millis).or((!bearer).then_some(TOKEN_TTL));
    if ttl.is_some_and(|ttl| ttl.is_zero()) {
        return Err(Refusal::Invalid(
            "--ttl 0 would make a token that is over at once; give a span such as 15m".to_owned(),
        ));
    }
    if let Some(ttl) = ttl.filter(|ttl| !bearer && *ttl > LONGEST_TOKEN_TTL) {
        return Err(Refusal::Invalid(format!(
            "--ttl {} is too long for a token that lets somebody in; give at most {}",
            duration::short(ttl),
            duration::short(LONGEST_TOKEN_TTL)
        )));
    }
    let id = ledger.counters.clone().next_token();
    let token = Token {
        id,
        secret_hash: grant.secret_hash,
        role: grant.role,
        client: grant.client.clone(),
        site: grant.site.clone(),
        class: grant.class,
        name: grant.name.clone(),
        tags: grant.tags.clone(),
        hands: grant.hands,
        created_at: now.wall,
        expires_at: ttl.map(|ttl| now.wall + ttl),
        created_by: asker.name.clone(),
        status: TokenStatus::Open,
    };
    let answer = Answer { done: vec![id.0], token: Some(id), ..Answer::default() };
    Ok((vec![admins(identity::Event::TokenCreated(token))], answer))
}

fn revoke_token(fleet: &Fleet, id: TokenId, now: Now) -> Result<Outcome, Refusal> {
    match fleet.registry.tokens.get(&id) {
        None => Err(Refusal::NotFound(format!("there is no token {id}; `watchfloor token list` lists them"))),
        Some(token) if !token.is_usable(now.wall) => {
            let how = if token.status == TokenStatus::Open { "expired" } else { token.status.word() };
            Err(Refusal::Conflict(format!("token {id} is {how} already; it can't be used any more")))
        }
        Some(_) => {
            let event = identity::Event::TokenEnded { token: id, status: TokenStatus::Revoked };
            Ok((vec![admins(event)], Answer { done: vec![id.0], ..Answer::default() }))
        }
    }
}

fn revoke_identity(fleet: &Fleet, asker: &Asker, id: IdentityId) -> Result<Outcome, Refusal> {
    let identity = known(fleet, id)?;
    guard_last_admin(fleet, asker, identity, None)?;
    let event = identity::Event::Revoked { identity: id };
    Ok((vec![admins(event)], Answer { done: vec![id.0], ..Answer::default() }))
}

fn set_role(fleet: &Fleet, asker: &Asker, id: IdentityId, role: Role) -> Result<Outcome, Refusal> {
    let identity = known(fleet, id)?;
    if !identity.role.is_person() || !role.is_person() {
        return Err(Refusal::Invalid(format!(
            "identity {id} is {}; only viewer, operator and admin can be exchanged for one another",
            identity.role
        )));
    }
    guard_last_admin(fleet, asker, identity, Some(role))?;
    let event = identity::Event::RoleChanged { identity: id, role };
    Ok((vec![admins(event)], Answer { done: vec![id.0], ..Answer::default() }))
}

fn known(fleet: &Fleet, id: IdentityId) -> Result<&Identity, Refusal> {
    match fleet.registry.identities.get(&id) {
        Some(identity) if identity.is_revoked() => {
            Err(Refusal::Conflict(format!("identity {id} ({}) was revoked already", identity.name.as_str())))
        }
        Some(identity) => Ok(identity),
        None => Err(Refusal::NotFound(format!("there is no identity {id}; `watchfloor identity list` lists them"))),
    }
}

/// A remote admin can't take away the last admin's role: only the owner of the hub's socket could mend that.
fn guard_last_admin(fleet: &Fleet, asker: &Asker, of: &Identity, to: Option<Role>) -> Result<(), Refusal> {
    let others = fleet
        .registry
        .identities
        .values()
        .any(|other| other.id != of.id && other.role == Role::Admin && !other.is_revoked());
    if of.role == Role::Admin && to != Some(Role::Admin) && !others && asker.cause != Cause::Local {
        return Err(Refusal::Conflict(format!(
            "{} is the last admin; make another one first, or do this on the hub's own machine",
            of.name.as_str()
        )));
    }
    Ok(())
}

fn admins(event: identity::Event) -> (Audience, Event) {
    (Audience::ADMINS, Event::Identity(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::hosts::HostState;
    use crate::fleet::rules::fixture::{World, admin, asker, grant, ids, min, operator, text};
    use crate::fleet::rules::input::Input;
    use crate::fleet::words::{AlertId, CheckState, HostClass, SafeText};

    fn ask(world: &mut World, asker: &Asker, verb: Verb) -> Result<Answer, Refusal> {
        world.act(asker, ids(&[]), verb)
    }

    fn person(world: &mut World, role: Role) -> IdentityId {
        let secret = world.drawn_hash();
        world.grant(grant(secret, role)).unwrap();
        world.enrol(secret, "somebody").unwrap().recorded[0].identity
    }

    fn local() -> Asker {
        Asker { cause: Cause::Local, ..admin() }
    }

    #[test]
    fn a_retired_host_leaves_with_its_checks_its_alerts_and_its_identity_in_one_entry() {
        let mut world = World::new();
        let web = world.host_at("web", "hq", HostClass::Server);
        let db = world.host_at("db", "depot", HostClass::Server);
        for check in ["disk", "load"] {
            world.hard(web, check, CheckState::Critical);
        }
        world.hard(web, "cpu", CheckState::Ok);
        world.hard(db, "disk", CheckState::Critical);
        let until = world.now.wall + min(60);
        world.on(AlertId(1), Verb::Snooze { until, note: SafeText::default() });
        world.pass(min(1));
        assert_eq!(world.open(), [1, 2, 3, 4, 5], "both are down by now");
        let before = world.entries.len();
        ask(&mut world, &admin(), Verb::RetireHost(web)).unwrap();
        assert_eq!(world.entries.len() - before, 1);
        assert_eq!(world.open().len(), 2, "those of the other host");
        assert_eq!((world.host(web).state, world.fleet.checks.count(web)), (HostState::Left, 0));
        assert!(world.host(web).is_retired());
        assert!(world.fleet.registry.identities[&world.host(web).identity].is_revoked());
        world.check();

        world.pass(min(60));
        assert_eq!(world.host(web).state, HostState::Left, "nobody waits for it any more");
        let again = ask(&mut world, &admin(), Verb::RetireHost(web));
        assert!(matches!(again, Err(Refusal::Conflict(_))));
        assert!(matches!(ask(&mut world, &admin(), Verb::RetireHost(HostId(99))), Err(Refusal::NotFound(_))));
    }

    #[test]
    fn a_goodbye_can_not_be_mistaken_for_a_retirement() {
        let mut world = World::new();
        let web = world.server("web");
        let input = Input::Goodbye { host: web, reason: text("retired") };
        world.feed(input).unwrap();
        assert!(!world.host(web).is_retired());
    }

    #[test]
    fn an_enrolment_token_lives_a_quarter_of_an_hour_and_at_most_a_week() {
        let mut world = World::new();
        let now = world.now.wall;
        let mut life = |role, ttl: Option<Duration>| {
            let secret = world.drawn_hash();
            let ttl_ms = ttl.map(|ttl| ttl.as_millis() as u64);
            let token = world.grant(TokenGrant { ttl_ms, ..grant(secret, role) })?.token.unwrap();
            Ok::<_, Refusal>(world.fleet.registry.tokens[&token].expires_at.map(|end| end.since(now)))
        };
        assert_eq!(life(Role::Agent, None), Ok(Some(TOKEN_TTL)));
        assert_eq!(life(Role::Admin, Some(LONGEST_TOKEN_TTL)), Ok(Some(LONGEST_TOKEN_TTL)));
        assert!(matches!(life(Role::Agent, Some(LONGEST_TOKEN_TTL + min(1))), Err(Refusal::Invalid(_))));
        assert!(matches!(life(Role::Agent, Some(Duration::ZERO)), Err(Refusal::Invalid(_))));
        assert_eq!(life(Role::Reader, None), Ok(None), "a bearer token has no end of its own");
        assert_eq!(life(Role::Intake, Some(LONGEST_TOKEN_TTL * 9)), Ok(Some(LONGEST_TOKEN_TTL * 9)));
        assert!(life(Role::Intake, Some(Duration::from_millis(u64::MAX))).is_ok());
        assert!(matches!(life(Role::Hub, None), Err(Refusal::Invalid(_))));
        world.check();
    }

    #[test]
    fn a_token_is_revoked_once() {
        let mut world = World::new();
        let secret = world.drawn_hash();
        let token = world.grant(grant(secret, Role::Viewer)).unwrap().token.unwrap();
        ask(&mut world, &admin(), Verb::RevokeToken(token)).unwrap();
        let again = ask(&mut world, &admin(), Verb::RevokeToken(token)).unwrap_err();
        assert!(again.to_string().contains("revoked already"), "{again}");
        assert!(matches!(ask(&mut world, &admin(), Verb::RevokeToken(TokenId(99))), Err(Refusal::NotFound(_))));
        let token = world.grant(grant([7; 32], Role::Viewer)).unwrap().token.unwrap();
        world.pass(TOKEN_TTL);
        let late = ask(&mut world, &admin(), Verb::RevokeToken(token)).unwrap_err();
        assert!(late.to_string().contains("expired already"), "{late}");
    }

    #[test]
    fn roles_are_exchanged_among_people_and_take_effect_in_the_registry() {
        let mut world = World::new();
        let somebody = person(&mut world, Role::Viewer);
        let web = world.server("web");
        let agent = world.host(web).identity;
        let mut set = |identity, role| ask(&mut world, &admin(), Verb::SetRole { identity, role });
        set(somebody, Role::Operator).unwrap();
        for (identity, role) in [(somebody, Role::Agent), (somebody, Role::Hub), (agent, Role::Admin)] {
            assert!(matches!(set(identity, role), Err(Refusal::Invalid(_))), "{identity} {role}");
        }
        assert!(matches!(set(IdentityId(99), Role::Admin), Err(Refusal::NotFound(_))));
        assert_eq!(world.fleet.registry.identities[&somebody].role, Role::Operator);
        ask(&mut world, &admin(), Verb::RevokeIdentity(somebody)).unwrap();
        let again = ask(&mut world, &admin(), Verb::SetRole { identity: somebody, role: Role::Admin });
        assert!(matches!(again, Err(Refusal::Conflict(_))), "a revoked identity stays revoked");
    }

    #[test]
    fn the_last_admin_goes_only_by_the_hubs_own_machine() {
        let mut world = World::new();
        let (first, second) = (person(&mut world, Role::Admin), person(&mut world, Role::Admin));
        let demote = |identity| Verb::SetRole { identity, role: Role::Operator };
        ask(&mut world, &admin(), demote(second)).unwrap();
        for verb in [demote(first), Verb::RevokeIdentity(first)] {
            let refused = ask(&mut world, &admin(), verb).unwrap_err();
            assert!(refused.to_string().contains("last admin"), "{refused}");
        }
        ask(&mut world, &local(), Verb::RevokeIdentity(first)).unwrap();
    }

    #[test]
    fn what_concerns_the_whole_registry_only_admins_see() {
        let mut world = World::new();
        let before = world.entries.len();
        let somebody = person(&mut world, Role::Viewer);
        ask(&mut world, &admin(), Verb::RevokeIdentity(somebody)).unwrap();
        for entry in &world.entries[before..] {
            assert_eq!(entry.project(Role::Operator, None), None);
            assert!(entry.project(Role::Admin, None).is_some());
        }
        assert!(ask(&mut world, &operator(), Verb::RevokeIdentity(somebody)).is_err());
        assert!(ask(&mut world, &asker("x", Role::Agent), Verb::RevokeIdentity(somebody)).is_err());
    }
}
