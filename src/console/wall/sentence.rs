//! The wall's state in a plain sentence, for whoever comes in and asks.

use super::problems::Problems;
use super::{head, problem};
use crate::console::replica::Replica;
use crate::console::screens::alerts::host_name;
use crate::console::screens::world::World;
use crate::console::theme::Role;
use crate::fleet::words::duration;
use jiff::tz::TimeZone;

/// The sentence: what is least certain first, then what nobody has.
pub fn sentence(problems: &Problems, world: World<'_>, zone: &TimeZone) -> (Role, String) {
    let first = |holds: &dyn Fn(&Replica) -> bool| {
        world.replicas.iter().map(|(_, replica)| replica).find(|replica| holds(replica))
    };
    if let Some(silent) = first(&head::is_silent) {
        let name = silent.name().as_str();
        return match head::stale_since(silent, world.now, zone) {
            Some(since) => {
                (Role::LinkDown, format!("No word from {name} since {since}: what stands here of it may be over."))
            }
            None => (Role::LinkDown, format!("No word from {name} yet: nothing is known of it.")),
        };
    }
    if let Some(waiting) = first(&|replica: &Replica| !replica.is_loaded()) {
        return (Role::LinkWaiting, format!("Waiting for the first word from {}.", waiting.name().as_str()));
    }
    if let Some(waiting) = first(&|replica: &Replica| replica.waits_until().is_some()) {
        let name = waiting.name().as_str();
        return (Role::LinkWaiting, format!("The hub of {name} began anew and does not judge silence yet."));
    }
    let unowned = problems.unowned();
    if unowned > 0 {
        let (has, problem) = if unowned == 1 { ("has", "problem") } else { ("have", "problems") };
        let worst = worst(problems, world).map_or_else(String::new, |worst| format!("; the worst: {worst}"));
        return (Role::New, format!("{unowned} {problem} {has} no owner{worst}."));
    }
    if problems.len() > 0 {
        return (Role::Owned, format!("Every open problem has an owner: {} owned.", problems.len()));
    }
    if world.replicas.is_empty() {
        return (Role::Muted, "This wall shows no fleet.".to_owned());
    }
    (Role::Ok, "No open problem that is not held back.".to_owned())
}

fn worst(problems: &Problems, world: World<'_>) -> Option<String> {
    let (fleet, id) = problems.listed().next()?;
    let replica = world.replicas.get(fleet)?;
    let alert = replica.fleet().alerts.alerts.get(&id)?;
    let age = duration::short(replica.hub_now(world.now).since(alert.opened_at));
    Some(format!("{} of {} for {age}, {}", host_name(replica, alert), alert.client, problem::fact(alert)))
}
