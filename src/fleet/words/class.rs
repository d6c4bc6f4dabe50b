//! What sort of machine a host is.

use std::fmt;

/// The class of a host: it gives the default expected hours and a layer of checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostClass {
    /// Expected to run always; the default.
    #[default]
    Server,
    /// A desk machine, off when its people are.
    Workstation,
    /// A portable machine, off or away at any time.
    Laptop,
    /// A device: router, printer, UPS, storage.
    Appliance,
}

impl HostClass {
    /// All classes.
    pub const ALL: [Self; 4] = [Self::Server, Self::Workstation, Self::Laptop, Self::Appliance];

    /// The word of the contract: `server`, `workstation`, `laptop`, `appliance`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Workstation => "workstation",
            Self::Laptop => "laptop",
            Self::Appliance => "appliance",
        }
    }

    /// Reads the word of the contract.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }
}

impl fmt::Display for HostClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
