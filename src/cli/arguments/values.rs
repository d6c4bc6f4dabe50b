//! Values that need more than a plain parser.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::fleet::alerts::ValueLimit;
use crate::fleet::words::{HostClass, Timestamp, duration, ids, until};

/// How long an acknowledgement lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until the alert gets worse.
    Worse,
    /// Until it resolves.
    Resolved,
    /// Until a moment.
    Time(Timestamp),
}

pub(super) fn parse_until(text: &str) -> Result<Until, String> {
    match text {
        "worse" => Ok(Until::Worse),
        "resolved" => Ok(Until::Resolved),
        text => {
            let now = Timestamp(jiff::Timestamp::now().as_millisecond());
            let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
            until::parse(text, now, &zone).map(Until::Time).map_err(|error| format!("{error}; or worse, or resolved"))
        }
    }
}

/// A moment to come, in the machine's time zone.
pub(super) fn parse_moment(text: &str) -> Result<Timestamp, String> {
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    until::parse(text, now, &TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

/// `used>98`, `free < 2.5`: a label of performance data and a number, in the label's unit.
pub(super) fn parse_limit(text: &str) -> Result<ValueLimit, String> {
    text.parse()
}

/// A moment that has passed.
pub(super) fn parse_past(text: &str) -> Result<Timestamp, String> {
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    until::parse_past(text, now, &TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

pub(super) fn parse_span(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(span) if span.is_zero() => Err("the span is zero: write one such as 30s, 15m or 2h".to_owned()),
        Ok(span) => Ok(span),
        Err(error) => Err(error.to_string()),
    }
}

/// A name as people write it, with something in it.
pub(super) fn parse_name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("the name is empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

pub(super) fn parse_plain_name(text: &str) -> Result<String, String> {
    if ids::is_plain_name(text) {
        return Ok(text.to_owned());
    }
    Err("use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit".to_owned())
}

pub(super) fn parse_class(text: &str) -> Result<HostClass, String> {
    let words = HostClass::ALL.map(HostClass::word).join(", ");
    HostClass::from_word(text).ok_or_else(|| format!("the classes are {words}"))
}

/// An address to listen on: `ADDRESS:PORT`, `:PORT` for all, `localhost:PORT`.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let known = match text.rsplit_once(':') {
        Some(("", port)) => port.parse().ok().map(|port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))),
        Some(("localhost", port)) => port.parse().ok().map(|port| SocketAddr::from(([127, 0, 0, 1], port))),
        _ => text.parse().ok(),
    };
    known.ok_or_else(|| "write ADDRESS:PORT such as [::]:7440, 127.0.0.1:0 or :7440".to_owned())
}
