//! An alert by what was said of it over the telephone.

use crate::console::replica::{FleetIndex, Replica, Replicas};
use crate::console::screens::world::Place;
use crate::fleet::words::AlertId;
use crate::fleet::words::spoken_id::{parse_spoken_id, spoken_id};

/// Where the alert of an id is: spoken in upper or lower case, or its number; with `FLEET/` before it where several
/// fleets have such a one.
///
/// # Errors
/// What to write instead.
pub fn find(text: &str, replicas: &Replicas) -> Result<Place, String> {
    let text = text.trim();
    let (fleet, id) = text.split_once('/').map_or((None, text), |(fleet, id)| (Some(fleet), id));
    let number = id.parse().ok().filter(|number| *number > 0).map(AlertId);
    let Some(alert) = number.or_else(|| parse_spoken_id(id)) else {
        return Err(format!("{id:?} is no alert's id: four characters such as K7Q2, or a number"));
    };
    let named: Vec<(FleetIndex, &Replica)> =
        replicas.iter().filter(|(_, replica)| fleet.is_none_or(|fleet| fleet == replica.name().as_str())).collect();
    let knows = |(_, replica): &&(FleetIndex, &Replica)| replica.fleet().alerts.alerts.contains_key(&alert);
    let known: Vec<_> = named.iter().filter(knows).collect();
    match (known.as_slice(), named.as_slice()) {
        ([(index, _)], _) => Ok(Place::Alert(*index, alert)),
        // One that has left the fleet's state still has its timeline.
        ([], [(index, _)]) => Ok(Place::Alert(*index, alert)),
        ([], []) => Err(format!("there is no fleet {:?} here", fleet.unwrap_or_default())),
        ([], _) => Err(format!("no fleet has an alert {} now; write FLEET/{}", spoken_id(alert), spoken_id(alert))),
        ([_, _, ..], _) => {
            let choice = known.iter().map(|(_, replica)| format!("{}/{}", replica.name().as_str(), spoken_id(alert)));
            Err(format!("several fleets have it: write {}", choice.collect::<Vec<_>>().join(" or ")))
        }
    }
}
