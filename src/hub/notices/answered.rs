//! What answers to notices share.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::fleet::words::Timestamp;

/// What answers share.
#[derive(Debug, Default)]
pub struct Answers {
    /// Held while one answer is checked and counted, so that no notice has two.
    pub(in crate::hub) one_by_one: tokio::sync::Mutex<()>,
    /// Callbacks of the last minutes, by their proof.
    pub(in crate::hub) seen: Mutex<HashMap<Vec<u8>, Timestamp>>,
}
