//! `window add`: what it would hold back, and the window itself.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde_json::json;

use crate::cli::arguments::WindowAdd;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::id::id;
use crate::cli::output;
use crate::cli::reach::{FleetLink, reach};
use crate::cli::send::{action_id, send};
use crate::cli::window_json::window_json;
use crate::fleet::windows::{Matcher, Recurrence, Scope, Window, Zone, command_line, from_until, moment};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{Timestamp, duration};
use crate::settings::directories::Directories;
use crate::settings::hub::system_zone;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::{ActReply, ActRequest, OpenWindow};
use crate::wire::windows::encode_scope;

/// Ids that are printed of what a window holds back.
const SHOWN: usize = 20;

/// Does it.
///
/// # Errors
/// Wrong usage, the fleet can't be reached, or its hub refuses.
pub async fn add(verb: &WindowAdd, directories: &Directories) -> Result<(), Failure> {
    let filter = verb.filter.as_deref().map(FleetFilter::parse).transpose()?;
    let scope = scope(verb, filter.as_ref())?;
    let zone = system_zone();
    let zone_name = zone.iana_name().unwrap_or("UTC").to_owned();
    if let Some(every) = &verb.every {
        if verb.span.is_some() || verb.until.is_some() {
            return Err(Failure::usage("--every says itself how long and until when: leave --for and --until out"));
        }
        let now = Timestamp(jiff::Timestamp::now().as_millisecond());
        let here = Zone::named(&zone_name).unwrap_or_else(Zone::utc);
        Recurrence::parse(every, &here, now).map_err(|error| Failure::usage(format!("--every: {error}")))?;
    }
    let mut meant = reach(&verb.fleets, directories, &BTreeSet::new()).await?;
    if let Some(filter) = &filter {
        meant.links.retain(|link| filter.admits(&link.name));
        meant.missed.retain(|missed| filter.admits(&missed.name));
    }
    let mut link = meant.only("a window")?;
    let (filter, matchers) = encode_scope(&scope);
    let request = ActRequest {
        id: action_id()?.to_vec().into(),
        seen: link.hello.revision,
        targets: None,
        dry_run: verb.dry_run,
        verb: Some(Verb::OpenWindow(OpenWindow {
            name: verb.message.clone().unwrap_or_default(),
            filter,
            matchers,
            from: verb.from.map_or(0, |from| from.0),
            until: verb.until.map_or(0, |until| until.0),
            length: verb.span.map_or(0, |span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
            every: verb.every.clone().unwrap_or_default(),
            zone: zone_name,
            expected: verb.expect,
        })),
    };
    let reply = send(&mut link, request).await.map_err(|error| link.failure(&error))?;
    tell(&link, verb, &reply, &zone)
}

fn scope(verb: &WindowAdd, filter: Option<&FleetFilter>) -> Result<Scope, Failure> {
    let scope = match filter {
        Some(filter) => {
            let filter = Filter::parse(filter.rest()).map_err(|error| Failure::usage(format!("--where: {error}")))?;
            Scope::Filter(filter)
        }
        None => {
            let matchers = verb.matchers.iter().map(|text| matcher(text));
            Scope::Matchers(
                matchers.collect::<Result<_, _>>().map_err(|error| Failure::usage(format!("--matcher: {error}")))?,
            )
        }
    };
    Ok(scope)
}

/// Reads a matcher as amtool writes it: `name=value`, `name!=value`, `name=~expression`, `name!~expression`, the value
/// with or without quotes.
fn matcher(text: &str) -> Result<Matcher, String> {
    let at = text.find(['=', '!']).ok_or_else(|| format!("{text:?} is no matcher: write alertname=disk"))?;
    let (name, rest) = text.split_at(at);
    let signs = [("=~", true, true), ("!~", true, false), ("!=", false, false), ("=", false, true)];
    let found = signs.into_iter().find_map(|(sign, regex, equal)| Some((rest.strip_prefix(sign)?, regex, equal)));
    let (value, regex, equal) = found.ok_or_else(|| format!("{text:?} is no matcher: write alertname=disk"))?;
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    Matcher::new(name.trim(), value, regex, equal).map_err(|error| error.to_string())
}

fn tell(link: &FleetLink, verb: &WindowAdd, reply: &ActReply, zone: &TimeZone) -> Result<(), Failure> {
    let window = reply.window.clone().and_then(|window| Window::try_from(window).ok());
    let window = window.ok_or_else(|| {
        Failure::failed(format!("{}: the hub opened no window: install the same release as the hub", link.name))
    })?;
    let now = link.hub_time();
    let count = reply.done.len() as u64;
    let line = command_line(&window.scope, &window.times, window.name.as_str(), Some(count), window.created_at);
    if verb.json {
        return output::json(&json!({
            "dry_run": reply.dry_run,
            "revision": (reply.revision != 0).then_some(reply.revision),
            "window": window_json(&link.name, &window, Some(count), now),
            "catches": reply.done.iter().map(|alert| id(&link.name, alert)).collect::<Vec<_>>(),
            "command": line,
        }));
    }
    let mut text = if reply.dry_run {
        format!("would hold back {} of {}\n", alerts(count), window.scope)
    } else {
        format!(
            "window {} opened: {}, holds back {} now (revision {})\n",
            id(&link.name, window.id),
            window.scope,
            alerts(count),
            reply.revision
        )
    };
    for (client, caught) in &window.ledger {
        let ids: Vec<String> = caught.alerts.iter().take(SHOWN).map(|alert| id(&link.name, alert)).collect();
        let more = caught.count.saturating_sub(ids.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("  {client} {}: {}{more}\n", caught.count, ids.join(" ")));
    }
    text.push_str(&format!("  {}\n", when(&window, now, zone)));
    if reply.dry_run {
        text.push_str(&format!("{line}\n"));
    }
    output::print(&text)
}

fn alerts(count: u64) -> String {
    format!("{count} open {}", if count == 1 { "alert" } else { "alerts" })
}

/// The time under way or the next, by the reader's clock, and the times in plain words.
fn when(window: &Window, now: Timestamp, zone: &TimeZone) -> String {
    let one = match (window.active, window.next) {
        (Some(active), _) => {
            format!("now, until {} ({})", moment(active.until, now, zone), duration::short(active.until.since(now)))
        }
        (None, Some(next)) => {
            format!("{}, in {}", from_until(next, now, zone), duration::short(next.from.since(now)))
        }
        (None, None) => "never again".to_owned(),
    };
    match window.plain(now).as_str() {
        "once" => one,
        plain => format!("{one}; {plain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_read_as_amtool_writes_them() {
        for (text, shown) in [
            ("alertname=disk", "alertname=\"disk\""),
            ("host=~\"web.*\"", "host=~\"web.*\""),
            ("client!=acme", "client!=\"acme\""),
            ("client !~ \"a|b\"", "client!~\"a|b\""),
            ("a=b=c", "a=\"b=c\""),
        ] {
            assert_eq!(matcher(text).map(|matcher| matcher.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for bad in ["disk", "a!b", "=x", "a=~("] {
            assert!(matcher(bad).is_err(), "{bad}");
        }
    }
}
