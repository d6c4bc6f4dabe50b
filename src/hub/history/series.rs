//! Names of series and the numbers that stand for them while the hub runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A series' number in this process; it means nothing in another one and is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesRef(u32);

/// Different series names at most, so that a host that invents names fills no memory.
const NAMES: usize = 1 << 17;
/// The longest name of a series in bytes.
pub const NAME_MAX: usize = 256;

/// The names all hosts share.
#[derive(Default)]
pub struct SeriesTable {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, SeriesRef>,
}

impl SeriesTable {
    /// The number of a name, new or known; `None` for an empty or over-long name, or when the table is full.
    pub fn intern(&self, name: &str) -> Option<SeriesRef> {
        if let Some(known) = self.inner.read().unwrap_or_else(PoisonError::into_inner).numbers.get(name) {
            return Some(*known);
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = inner.numbers.get(name) {
            return Some(*known);
        }
        if name.is_empty() || name.len() > NAME_MAX || inner.names.len() >= NAMES {
            return None;
        }
        let number = SeriesRef(u32::try_from(inner.names.len()).ok()?);
        let name: Arc<str> = name.into();
        inner.names.push(Arc::clone(&name));
        inner.numbers.insert(name, number);
        Some(number)
    }

    /// The name of a number that this table gave.
    pub fn name(&self, series: SeriesRef) -> Option<Arc<str>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).names.get(series.0 as usize).cloned()
    }
}

/// Whether a name fits a pattern in which each `*` stands for any text, and everything else for itself.
pub fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(passed) = last.replace(part) {
            match rest.find(passed) {
                Some(at) => rest = rest.get(at + passed.len()..).unwrap_or_default(),
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_the_table_is_bounded() {
        let table = SeriesTable::default();
        let cpu = table.intern("cpu.busy").unwrap();
        assert_eq!(table.intern("cpu.busy"), Some(cpu));
        assert_ne!(table.intern("mem.used"), Some(cpu));
        assert_eq!(&*table.name(cpu).unwrap(), "cpu.busy");
        assert!(table.intern("").is_none() && table.intern(&"x".repeat(NAME_MAX + 1)).is_none());
        let all = (0..NAMES + 5).filter(|n| table.intern(&format!("s{n}")).is_some()).count();
        assert_eq!(all, NAMES - 2);
        assert_eq!(table.intern("cpu.busy"), Some(cpu), "known names go on when it is full");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name) in [
            ("cpu.busy", "cpu.busy"),
            ("*", "anything"),
            ("fs.*.used", "fs./var/log.used"),
            ("*.used", "mem.used"),
            ("cpu.*", "cpu.0.busy"),
            ("a*b*a", "abba"),
            ("**", ""),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("cpu", "cpu.busy"),
            ("", "x"),
            ("fs.*.used", "fs.used"),
            ("a*a", "a"),
            ("*.used", "mem.used.x"),
            ("a*b*a", "aba x"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
