//! What blobs are, and how long each kind is kept. Where equal bytes are of several kinds the smallest number counts, so
//! what is kept for longer has the smaller number.

use std::time::Duration;

/// Configuration texts: kept for ever.
pub const TEXTS: u8 = 1;
/// The long text of a check.
pub const LONG_TEXT: u8 = 20;
/// What a command printed.
pub const COMMAND_OUTPUT: u8 = 30;

/// How long a kind of blobs is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Which.
    pub kind: u8,
    /// Since it was stored last.
    pub kept: Duration,
    /// Bytes of all of it together; beyond them the oldest go early.
    pub most: u64,
}

/// The kinds that end.
pub const ENDING: [Retention; 1] =
    [Retention { kind: COMMAND_OUTPUT, kept: Duration::from_secs(30 * 24 * 60 * 60), most: 2 << 30 }];
