//! How many hosts of a command stand where.

use super::outcome::OutcomeState;

/// Counts of outcomes by state; they always sum to the targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u32; OutcomeState::ALL.len()]);

impl Tally {
    /// How many stand there.
    #[must_use]
    pub const fn count(&self, state: OutcomeState) -> u32 {
        self.0[state as usize]
    }

    /// How many there are in all.
    #[must_use]
    pub fn targets(&self) -> u32 {
        self.0.iter().sum()
    }

    /// How many have ended, well or not.
    #[must_use]
    pub fn ended(&self) -> u32 {
        self.each().filter(|(state, _)| state.is_end()).map(|(_, count)| count).sum()
    }

    /// How many have ended in another way than well.
    #[must_use]
    pub fn not_ok(&self) -> u32 {
        self.ended() - self.count(OutcomeState::Ok)
    }

    /// Every state with its count, in the order of the words.
    pub fn each(&self) -> impl Iterator<Item = (OutcomeState, u32)> {
        OutcomeState::ALL.into_iter().map(|state| (state, self.count(state)))
    }

    /// Counts one more.
    pub const fn add(&mut self, state: OutcomeState) {
        self.0[state as usize] += 1;
    }

    /// Counts so many more.
    pub const fn add_many(&mut self, state: OutcomeState, count: u32) {
        self.0[state as usize] = self.0[state as usize].saturating_add(count);
    }

    /// Counts one less.
    pub const fn remove(&mut self, state: OutcomeState) {
        self.0[state as usize] = self.0[state as usize].saturating_sub(1);
    }
}

impl FromIterator<OutcomeState> for Tally {
    fn from_iter<I: IntoIterator<Item = OutcomeState>>(states: I) -> Self {
        let mut tally = Self::default();
        states.into_iter().for_each(|state| tally.add(state));
        tally
    }
}
