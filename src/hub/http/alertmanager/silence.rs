//! A window as a silence of Alertmanager: its id, and how it is shown.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fleet::windows::{Scope, State, Times, Window};
use crate::fleet::words::filter::{Condition, Filter, Key};
use crate::fleet::words::{CheckState, FleetId, Timestamp, WindowId};
use crate::hub::http::alertmanager::clock;
use crate::trust::fingerprint::sha256;

/// Stands for a filter that no matchers say; no alert has such a label, so whoever copies it silences nothing by it.
const WINDOW: &str = "watchfloor_window";
/// Version and variant of an UUID whose bits are its maker's own (RFC 9562, version 8).
const MARKS: u128 = 0x8000_8000_0000_0000_0000;
/// The bits behind them that hold the number of a window.
const NUMBER: u128 = (1 << 62) - 1;

/// A matcher as the API has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The label.
    pub name: String,
    /// The value, or the expression.
    pub value: String,
    /// Whether the value is an expression.
    pub is_regex: bool,
    /// Whether it must match; else it must not.
    #[serde(default = "yes")]
    pub is_equal: bool,
}

const fn yes() -> bool {
    true
}

/// The id of a window, always the same: 60 bits of the fleet's id, and its number.
#[must_use]
pub fn id(fleet: &FleetId, window: WindowId) -> String {
    let bits = of_fleet(fleet) | MARKS | (u128::from(window.0) & NUMBER);
    let digits = format!("{bits:032x}");
    let mut out = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}

/// The window that an id of this fleet names.
#[must_use]
pub fn window(fleet: &FleetId, text: &str) -> Option<WindowId> {
    let bits = u128::from_str_radix(&text.replace('-', ""), 16).ok()?;
    let window = WindowId(u64::try_from(bits & NUMBER).ok()?);
    id(fleet, window).eq_ignore_ascii_case(text).then_some(window)
}

fn of_fleet(fleet: &FleetId) -> u128 {
    let hash = sha256(fleet.as_str().as_bytes());
    let bits = hash.iter().take(8).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    // 48 bits, the version, 12 bits, the variant.
    (bits >> 16) << 80 | (bits & 0xfff) << 64
}

/// Whether it is pending, active or expired.
#[must_use]
pub const fn state(window: &Window) -> &'static str {
    match window.state() {
        State::Active => "active",
        State::Waiting => "pending",
        State::Over => "expired",
    }
}

/// From when until when: of one that comes again and again this time, or the next.
#[must_use]
pub fn span(window: &Window) -> (Timestamp, Timestamp) {
    let planned = match (&window.times, window.occurrence()) {
        (_, Some(occurrence)) => (occurrence.from, occurrence.until),
        (Times::Once(occurrence), None) => (occurrence.from, occurrence.until),
        (Times::Recurring(_), None) => (window.created_at, window.created_at),
    };
    match &window.over {
        Some(over) => (planned.0.min(over.at), over.at),
        None => planned,
    }
}

/// Its matchers, by name.
#[must_use]
pub fn matchers(window: &Window) -> Vec<Shown> {
    let equal = |name: &str, value: &str| Shown {
        name: name.to_owned(),
        value: value.to_owned(),
        is_regex: false,
        is_equal: true,
    };
    let mut matchers = match &window.scope {
        Scope::Matchers(matchers) => matchers
            .iter()
            .map(|matcher| Shown {
                name: matcher.name().to_owned(),
                value: matcher.value().to_owned(),
                is_regex: matcher.is_regex(),
                is_equal: matcher.is_equal(),
            })
            .collect(),
        Scope::Filter(filter) => {
            of_filter(filter, window).unwrap_or_else(|| vec![equal(WINDOW, &window.id.to_string())])
        }
    };
    // Made by somebody who is limited to a client, it speaks of that client alone, whatever it says.
    if let Some(client) = &window.client
        && !matchers.iter().any(|matcher| matcher.name == "client")
    {
        matchers.push(equal("client", client.as_str()));
    }
    matchers.sort();
    matchers
}

/// A filter as matchers, where it is made of nothing but places, checks and a severity.
fn of_filter(filter: &Filter, window: &Window) -> Option<Vec<Shown>> {
    let mut matchers = Vec::new();
    for term in filter.terms() {
        let (name, value, is_regex) = match &term.condition {
            Condition::Everything if !term.negated && filter.terms().len() > 1 => continue,
            // A client may be written by its name; its label is its id.
            Condition::Text(Key::Client, patterns) => {
                let [one] = patterns.as_ref() else { return None };
                let written = one.exact().filter(|_| !term.negated)?;
                ("client", window.client.as_ref().map_or(written, |client| client.as_str()).to_owned(), false)
            }
            Condition::Text(key @ (Key::Site | Key::Host | Key::Check), patterns) => {
                let exact: Vec<&str> = patterns.iter().map(|one| one.exact()).collect::<Option<_>>()?;
                let (value, is_regex) = match exact.as_slice() {
                    [one] => ((*one).to_owned(), false),
                    several => (several.iter().map(|one| regex_lite::escape(one)).collect::<Vec<_>>().join("|"), true),
                };
                let name = match key {
                    Key::Site => "site",
                    Key::Host => "host",
                    _ => "check",
                };
                (name, value, is_regex)
            }
            Condition::Severity(ranks) => {
                let rank = |state: CheckState| 1_u8 << state.gravity();
                let warning = rank(CheckState::Warning) | rank(CheckState::Unknown);
                let word = match *ranks {
                    only if only == rank(CheckState::Critical) => "critical",
                    only if only == warning => "warning",
                    _ => return None,
                };
                ("severity", word.to_owned(), false)
            }
            _ => return None,
        };
        matchers.push(Shown { name: name.to_owned(), value, is_regex, is_equal: !term.negated });
    }
    (!matchers.is_empty()).then_some(matchers)
}

/// It as the API shows it.
#[must_use]
pub fn shown(fleet: &FleetId, window: &Window) -> Value {
    let (from, until) = span(window);
    let updated = window.over.as_ref().map_or(window.planned_at.max(window.created_at), |over| over.at);
    json!({
        "id": id(fleet, window.id),
        "status": {"state": state(window)},
        "updatedAt": time(updated),
        "comment": window.name.as_str(),
        "createdBy": window.by.as_str(),
        "startsAt": time(from),
        "endsAt": time(until),
        "matchers": matchers(window),
    })
}

fn time(time: Timestamp) -> String {
    let mut out = Vec::new();
    clock::write(&mut out, time);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_uuid_that_leads_back_to_its_window_and_to_no_other_fleets() {
        let (fleet, other) = (FleetId::new("abcdefghij"), FleetId::new("bbcdefghij"));
        for number in [1, 2, 77, (1 << 62) - 1] {
            let text = id(&fleet, WindowId(number));
            assert_eq!((text.len(), text.as_bytes()[14]), (36, b'8'), "{text}");
            assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
            assert_eq!(window(&fleet, &text), Some(WindowId(number)));
            assert_eq!(window(&other, &text), None);
        }
        for text in ["", "x", "00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff-1"] {
            assert_eq!(window(&fleet, text), None, "{text}");
        }
    }
}
