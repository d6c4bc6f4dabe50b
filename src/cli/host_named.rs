//! The host a verb names: by number, or by its name, of which there may be several.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::cli::arguments::Fleets;
use crate::cli::exit::Failure;
use crate::cli::id::{HostArgument, HostKey, id};
use crate::cli::query::ask;
use crate::cli::reach::{FleetLink, Meant, reach};
use crate::fleet::words::{HostId, SafeText};
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

/// A host and the fleet it is in.
#[derive(Debug)]
pub struct NamedHost {
    /// The fleet.
    pub link: FleetLink,
    /// The host.
    pub id: HostId,
    /// Its name.
    pub name: SafeText,
}

struct Candidate {
    link: usize,
    id: HostId,
    name: SafeText,
    place: String,
}

/// Finds the host among the fleets that are meant; with `one_fleet` only one may be.
///
/// # Errors
/// Wrong usage, no such host, or several of that name; then with the list.
pub async fn find_host(
    host: &HostArgument,
    fleets: &Fleets,
    directories: &Directories,
    one_fleet: Option<&str>,
) -> Result<NamedHost, Failure> {
    let named: BTreeSet<String> = host.fleet.clone().into_iter().collect();
    let mut meant = reach(fleets, directories, &named).await?;
    if let Some(what) = one_fleet {
        meant = Meant { links: vec![meant.only(what)?], missed: Vec::new() };
    }
    let mut candidates = match &host.host {
        HostKey::Number(number) => {
            if meant.count() > 1 {
                let names = meant.names().join(", ");
                return Err(Failure::usage(format!(
                    "host {number} may be of several fleets ({names}): write FLEET/{number}, or name one with --fleet"
                )));
            }
            search(&meant, &format!("id:{number}"), |candidate| candidate.id.0 == *number).await?
        }
        HostKey::Name(_) => Vec::new(),
    };
    let text = match &host.host {
        HostKey::Number(number) => number.to_string(),
        HostKey::Name(name) => name.clone(),
    };
    if candidates.is_empty() {
        let filter = format!("host:{}", quoted(&text));
        candidates = search(&meant, &filter, |candidate| candidate.name.as_str().eq_ignore_ascii_case(&text)).await?;
        if candidates.iter().any(|candidate| candidate.name.as_str() == text) {
            candidates.retain(|candidate| candidate.name.as_str() == text);
        }
    }
    match candidates.as_slice() {
        [_] => {}
        [] if meant.missed.is_empty() => {
            return Err(Failure::failed(format!("there is no host {}: see `watchfloor hosts`", SafeText::new(&text))));
        }
        [] => {
            return Failure::of_many(meant.missed.into_iter().map(|missed| missed.failure).collect())
                .and_then(|()| Err(Failure::failed("no fleet answered")));
        }
        many => {
            let list: Vec<String> = many
                .iter()
                .filter_map(|one| Some(format!("  {} at {}", id(&meant.links.get(one.link)?.name, one.id), one.place)))
                .collect();
            return Err(Failure::failed(format!(
                "{} hosts are called {}: name one by its id\n{}",
                many.len(),
                SafeText::new(&text),
                list.join("\n")
            )));
        }
    }
    let found = candidates.into_iter().next().filter(|found| found.link < meant.links.len());
    let found = found.ok_or_else(|| Failure::failed("the host is gone: see `watchfloor hosts`"))?;
    Ok(NamedHost { link: meant.links.swap_remove(found.link), id: found.id, name: found.name })
}

async fn search(meant: &Meant, filter: &str, is_it: impl Fn(&Candidate) -> bool) -> Result<Vec<Candidate>, Failure> {
    let request = QueryRequest { kind: Kind::Hosts.into(), filter: filter.to_owned(), ..QueryRequest::default() };
    let answers = join_all(meant.links.iter().map(|link| ask(link, request.clone()))).await;
    let mut found = Vec::new();
    for (place, (link, answer)) in meant.links.iter().zip(answers).enumerate() {
        let answer = answer.map_err(|error| link.failure(&error))?;
        let hosts = answer.fleet.hosts.hosts.values().map(|host| Candidate {
            link: place,
            id: host.id,
            name: host.name.clone(),
            place: format!("{}, {} ({}, {})", host.client, host.site, host.class, host.state),
        });
        found.extend(hosts.filter(&is_it));
    }
    Ok(found)
}

/// The text as a filter takes it literally.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::filter::{Filter, Key, Subject};

    struct Host(&'static str);

    impl Subject for Host {
        fn any_text(&self, key: Key, matches: &mut dyn FnMut(&str) -> bool) -> bool {
            key == Key::Host && matches(self.0)
        }
    }

    #[test]
    fn a_name_is_asked_for_as_it_is() {
        for name in ["web-1", "a b", "w*b", "say \"hi\"", "back\\slash", "a,b", "a:b"] {
            let filter = Filter::parse(&format!("host:{}", quoted(name))).unwrap();
            assert!(filter.matches(&Host(name)), "{name}");
            assert!(!filter.matches(&Host("web")), "{name}");
        }
    }
}
