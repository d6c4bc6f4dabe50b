//! Ids on the command line: `FLEET/NUMBER`, `NUMBER`, and an alert's spoken id.

use std::fmt;
use std::str::FromStr;

use crate::fleet::words::AlertId;
use crate::fleet::words::ids::is_plain_name;
use crate::fleet::words::spoken_id::parse_spoken_id;

/// A thing numbered by a fleet; without the fleet where only one is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberArgument {
    /// The fleet's local name.
    pub fleet: Option<String>,
    /// The number.
    pub number: u64,
}

/// An alert: by number, or by its spoken id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertArgument {
    /// The fleet's local name.
    pub fleet: Option<String>,
    /// The alert.
    pub alert: AlertId,
}

/// A host: by number, or by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostArgument {
    /// The fleet's local name.
    pub fleet: Option<String>,
    /// The number or name.
    pub host: HostKey,
}

/// How a host is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostKey {
    /// By its number.
    Number(u64),
    /// By its name, of which there may be several.
    Name(String),
}

fn split(text: &str) -> Result<(Option<String>, &str), String> {
    match text.split_once('/') {
        None => Ok((None, text)),
        Some((fleet, rest)) if is_plain_name(fleet) => Ok((Some(fleet.to_owned()), rest)),
        Some((fleet, _)) => Err(format!("{fleet:?} is no fleet's name: see `watchfloor fleet list`")),
    }
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten().filter(|number| *number > 0)
}

impl FromStr for NumberArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (fleet, rest) = split(text)?;
        match number(rest) {
            Some(number) => Ok(Self { fleet, number }),
            None => Err(format!("{text:?} is no id: write FLEET/NUMBER or NUMBER")),
        }
    }
}

impl FromStr for AlertArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (fleet, rest) = split(text)?;
        match number(rest).map(AlertId).or_else(|| parse_spoken_id(rest)) {
            Some(alert) => Ok(Self { fleet, alert }),
            None => Err(format!("{text:?} is no alert: write FLEET/NUMBER, NUMBER or a spoken id such as K7Q2")),
        }
    }
}

impl FromStr for HostArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (fleet, rest) = split(text)?;
        if rest.is_empty() {
            return Err(format!("{text:?} is no host: write FLEET/NUMBER, NUMBER or the host's name"));
        }
        let host = number(rest).map_or_else(|| HostKey::Name(rest.to_owned()), HostKey::Number);
        Ok(Self { fleet, host })
    }
}

impl fmt::Display for AlertArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fleet {
            Some(fleet) => write!(f, "{fleet}/{}", self.alert),
            None => write!(f, "{}", self.alert),
        }
    }
}

/// The id of a thing as `--json` prints it and verbs take it.
#[must_use]
pub fn id(fleet: &str, number: impl fmt::Display) -> String {
    format!("{fleet}/{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::spoken_id::spoken_id;

    #[test]
    fn an_alert_is_named_in_four_ways() {
        let alert = AlertId(1234);
        for (text, fleet) in [
            ("1234".to_owned(), None),
            ("north/1234".to_owned(), Some("north".to_owned())),
            (spoken_id(alert), None),
            (format!("north/{}", spoken_id(alert).to_lowercase()), Some("north".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(AlertArgument { fleet, alert }), "{text}");
        }
        for bad in ["", "0", "-1", "1a", "north/", "/1", "a b/1", "north/1/2", "99999999999999999999"] {
            assert!(bad.parse::<AlertArgument>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_is_a_number_or_a_name() {
        let host = |text: &str| text.parse::<HostArgument>().unwrap();
        assert_eq!(host("north/7"), HostArgument { fleet: Some("north".into()), host: HostKey::Number(7) });
        assert_eq!(host("web-01"), HostArgument { fleet: None, host: HostKey::Name("web-01".into()) });
        assert_eq!(id("north", 7).parse(), Ok(NumberArgument { fleet: Some("north".into()), number: 7 }));
    }
}
