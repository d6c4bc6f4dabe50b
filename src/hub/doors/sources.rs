//! How many handshakes one source may have open at once.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the handshakes in progress by source: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// machine has. This machine is not limited; the door's total limit holds for it as well.
#[derive(Clone, Debug)]
pub struct Sources(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Sources {
    /// With room for `limit` handshakes of one source.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Inner { limit, open: Mutex::default() }))
    }

    /// Room for one handshake, until it is dropped; `None` where the source has enough open.
    #[must_use]
    pub fn enter(&self, source: IpAddr) -> Option<Entered> {
        let source = group(source.to_canonical());
        if !source.is_loopback() {
            let mut open = self.open();
            let count = open.entry(source).or_insert(0);
            if *count >= self.0.limit {
                return None;
            }
            *count += 1;
        }
        Some(Entered { sources: self.clone(), source })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn group(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V6(v6) if !v6.is_loopback() => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        other => other,
    }
}

/// Room taken by one handshake.
#[derive(Debug)]
pub struct Entered {
    sources: Sources,
    source: IpAddr,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.sources.open();
        if let Some(count) = open.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_cannot_take_all_the_room() {
        let sources = Sources::new(2);
        let held = [sources.enter(ip("192.0.2.1")).unwrap(), sources.enter(ip("::ffff:192.0.2.1")).unwrap()];
        assert!(sources.enter(ip("192.0.2.1")).is_none());
        assert!(sources.enter(ip("192.0.2.2")).is_some());
        drop(held);
        assert!(sources.enter(ip("192.0.2.1")).is_some());
        assert!(sources.open().is_empty(), "nothing is kept of a source that left");
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_this_machine_is_free() {
        let sources = Sources::new(1);
        let _held = sources.enter(ip("2001:db8::1")).unwrap();
        assert!(sources.enter(ip("2001:db8::ffff")).is_none());
        assert!(sources.enter(ip("2001:db8:0:1::1")).is_some());
        let _local = [ip("127.0.0.1"), ip("::1"), ip("127.0.0.1"), ip("::1")].map(|ip| sources.enter(ip).unwrap());
    }
}
