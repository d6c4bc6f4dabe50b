//! A filter as the command line takes it: what is asked of the fleet's name is answered here, for a hub does not know by
//! which name it is known; the rest goes to the hubs.

use crate::cli::exit::Failure;
use crate::fleet::words::filter::{Condition, Filter, Key, Subject, Term};

/// A filter, split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetFilter {
    fleet: Vec<Term>,
    rest: String,
}

struct Name<'n>(&'n str);

impl Subject for Name<'_> {
    fn any_text(&self, key: Key, matches: &mut dyn FnMut(&str) -> bool) -> bool {
        key == Key::Fleet && matches(self.0)
    }
}

impl FleetFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Wrong usage, with the column and what to write.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let filter = Filter::parse(text).map_err(|error| Failure::usage(format!("the filter {text:?}, {error}")))?;
        let is_fleet = |term: &&Term| matches!(term.condition, Condition::Text(Key::Fleet, _));
        let (fleet, rest): (Vec<&Term>, Vec<&Term>) = filter.terms().iter().partition(is_fleet);
        let rest: Vec<String> = rest.into_iter().map(ToString::to_string).collect();
        // What asked for a fleet only asks for everything in it.
        let rest = if rest.is_empty() && !fleet.is_empty() { "*".to_owned() } else { rest.join(" ") };
        Ok(Self { fleet: fleet.into_iter().cloned().collect(), rest })
    }

    /// Reads a filter given as several arguments, all of which must hold.
    ///
    /// # Errors
    /// As [`FleetFilter::parse`].
    pub fn of_arguments(arguments: &[String]) -> Result<Self, Failure> {
        Self::parse(&arguments.join(" "))
    }

    /// Whether the fleet of this local name may have what is asked for.
    #[must_use]
    pub fn admits(&self, fleet: &str) -> bool {
        self.fleet.iter().all(|term| term.matches(&Name(fleet)))
    }

    /// What the hubs are asked.
    #[must_use]
    pub fn rest(&self) -> &str {
        &self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_is_asked_here_and_the_rest_there() {
        let filter = FleetFilter::of_arguments(&["fleet:east,west".into(), "sev>=warning disk".into()]).unwrap();
        assert!(filter.admits("east") && filter.admits("west") && !filter.admits("north"));
        assert_eq!(Filter::parse(filter.rest()), Filter::parse("sev:warning+ disk"));
        let filter = FleetFilter::parse("not:fleet:east").unwrap();
        assert!(!filter.admits("east") && filter.admits("west"));
        assert_eq!(filter.rest(), "*");
        assert_eq!(FleetFilter::parse("").unwrap().rest(), "");
    }

    #[test]
    fn a_faulty_filter_is_wrong_usage() {
        let failure = FleetFilter::parse("client:acme hots:web").unwrap_err();
        assert_eq!(failure.exit as u8, 2);
        assert!(failure.message.contains("did you mean host"), "{failure}");
    }
}
