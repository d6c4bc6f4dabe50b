//! The last counters of things that come and go by name, such as disks and interfaces.

use std::time::Instant;

use crate::fleet::words::SafeText;

/// Last counters by name, and when they were read.
#[derive(Debug)]
pub struct Previous<C> {
    things: Vec<Thing<C>>,
    most: usize,
    sampled_at: Option<Instant>,
}

#[derive(Debug)]
struct Thing<C> {
    kernel_name: String,
    name: SafeText,
    counters: C,
    fresh: bool,
}

impl<C> Previous<C> {
    /// Remembers at most `most` things; what is beyond them has no rates.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { things: Vec::new(), most, sampled_at: None }
    }

    /// Begins a sample: forgets what the last one did not see, and gives the seconds since then (0 for the first).
    pub fn begin(&mut self, now: Instant) -> f64 {
        self.things.retain_mut(|thing| std::mem::take(&mut thing.fresh));
        let before = self.sampled_at.replace(now);
        before.map_or(0.0, |before| now.saturating_duration_since(before).as_secs_f64())
    }

    /// Stores the counters of `name` and gives its name made safe and the counters before; `None` for what is new.
    pub fn exchange(&mut self, name: &str, counters: C) -> Option<(SafeText, C)> {
        if let Some(thing) = self.things.iter_mut().find(|thing| thing.kernel_name == name) {
            thing.fresh = true;
            return Some((thing.name.clone(), std::mem::replace(&mut thing.counters, counters)));
        }
        if self.things.len() < self.most {
            let (kernel_name, name) = (name.to_owned(), SafeText::new(name));
            self.things.push(Thing { kernel_name, name, counters, fresh: true });
        }
        None
    }

    /// Whether `name` is remembered.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.things.iter().any(|thing| thing.kernel_name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_was_gone_in_between_is_new_again() {
        let (mut previous, start) = (Previous::new(2), Instant::now());
        assert!(previous.begin(start).abs() < f64::EPSILON);
        assert_eq!(previous.exchange("a", 1), None);
        assert!((previous.begin(start + Duration::from_secs(10)) - 10.0).abs() < 0.001);
        assert_eq!(previous.exchange("a", 2), Some((SafeText::new("a"), 1)));
        previous.begin(start + Duration::from_secs(20));
        assert_eq!(previous.exchange("b", 1), None);
        assert_eq!(previous.exchange("c", 1), None, "beyond the bound");
        previous.begin(start + Duration::from_secs(30));
        assert_eq!(previous.exchange("a", 3), None);
        assert!(previous.knows("b") && !previous.knows("c"));
    }
}
