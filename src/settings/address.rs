//! Network addresses as users write them.

/// Reads a list of `HOST:PORT`; `Err` is (what is wrong, what to do).
pub(super) fn refuse(address: &str) -> Option<(String, String)> {
    let good = address.rsplit_once(':').is_some_and(|(host, port)| {
        let host_is_sound = match host.strip_prefix('[') {
            Some(host) => host.strip_suffix(']').is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok()),
            None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
        };
        host_is_sound && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    (!good).then(|| {
        let fix = "write HOST:PORT, such as \"hub.example.net:7440\" or \"[2001:db8::1]:7440\"";
        (format!("{address:?} is no address"), fix.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::refuse;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for good in ["hub:7440", "10.0.0.1:1", "[::1]:7440"] {
            assert_eq!(refuse(good), None);
        }
        for bad in ["hub", "hub:", ":1", "::1:7440", "hub:0", "hub:65536", "a b:1", "http://hub:1"] {
            assert!(refuse(bad).is_some(), "{bad}");
        }
    }
}
