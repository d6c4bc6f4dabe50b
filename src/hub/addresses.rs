//! What peers are told to dial.

use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::getifaddrs;

/// The most addresses told.
const MOST: usize = 8;

/// `HOST:PORT` of a port that listens on `listening`, best first: what `--advertise` names; else the listen address;
/// else, where that is a wildcard, the machine's host name and its addresses.
#[must_use]
pub fn advertised(listening: SocketAddr, advertise: &[String]) -> Vec<String> {
    let port = listening.port();
    if !advertise.is_empty() {
        return advertise.iter().map(|host| with_port(host, port)).collect();
    }
    if !listening.ip().is_unspecified() {
        return vec![listening.to_string()];
    }
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let mut addresses: Vec<String> = name.into_iter().map(|name| with_port(&name, port)).collect();
    addresses.extend(own_addresses(listening.is_ipv6()).into_iter().map(|ip| SocketAddr::new(ip, port).to_string()));
    addresses.truncate(MOST);
    addresses
}

/// `HOST` gets the port; `HOST:PORT` keeps its own, where a router maps another one.
fn with_port(host: &str, port: u16) -> String {
    let has_port = host.rsplit_once(':').is_some_and(|(before, after)| {
        after.parse::<u16>().is_ok() && (!before.contains(':') || before.ends_with(']'))
    });
    match host.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, port).to_string(),
        Err(_) if has_port => host.to_owned(),
        Err(_) => format!("{host}:{port}"),
    }
}

/// Addresses of this machine that others can reach, loopback last.
fn own_addresses(six: bool) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = getifaddrs()
        .into_iter()
        .flatten()
        .filter_map(|interface| {
            let address = interface.address?;
            let four = address.as_sockaddr_in().map(|four| IpAddr::V4(four.ip()));
            four.or_else(|| address.as_sockaddr_in6().filter(|_| six).map(|six| IpAddr::V6(six.ip())))
        })
        .filter(|ip| !matches!(ip, IpAddr::V6(six) if six.is_unicast_link_local()))
        .collect();
    found.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listen_address_is_told_unless_something_better_is_known() {
        let fixed = "192.0.2.7:7440".parse().unwrap();
        assert_eq!(advertised(fixed, &[]), ["192.0.2.7:7440"]);
        let named = ["hub.example".to_owned(), "nat.example:9000".to_owned(), "2001:db8::1".to_owned()];
        assert_eq!(advertised(fixed, &named), ["hub.example:7440", "nat.example:9000", "[2001:db8::1]:7440"]);
        let any = advertised("[::]:7441".parse().unwrap(), &[]);
        assert!(any.iter().any(|address| address.ends_with(":7441")), "{any:?}");
        assert!(any.iter().all(|address| !address.contains("[::]") && !address.starts_with("0.0.0.0")), "{any:?}");
    }
}
