//! What saved views ask of a screen that lists rows.

use crate::console::screens::world::World;
use crate::settings::views::{Layout, Words};

/// A screen whose filter, order, groups and columns can be kept and shown again.
pub trait Viewed {
    /// What it shows and how.
    fn layout(&self) -> Layout;

    /// Shows that; names it does not know are passed over.
    fn show(&mut self, layout: &Layout, world: World<'_>);

    /// What it has names for.
    fn words(&self) -> Words;
}
