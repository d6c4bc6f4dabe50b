//! The sizes that messages and fields may have. Longer texts are cut and say so; longer lists and messages are refused.

use crate::fleet::checks;

/// One event's body in bytes.
pub const EVENT_MAX: usize = 16 << 10;
/// One entry in bytes: it is applied whole, so it travels whole. A decision that gives more is refused.
pub const ENTRY_MAX: usize = 8 << 20;
/// One message from the hub to a console or command: a frame with the largest entry.
pub const FROM_HUB_MAX: usize = ENTRY_MAX + (1 << 20);
/// Rows or entries are gathered into one frame until it has this size, so that a snapshot flows.
pub const FRAME_TARGET: usize = 256 << 10;
/// One message from a console or command to the hub: 10,000 targets, or 500 signing requests.
pub const FROM_CONSOLE_MAX: usize = 1 << 20;
/// One message from an agent to the hub.
pub const FROM_AGENT_MAX: usize = 512 << 10;
/// One message from the hub to an agent: its assignment.
pub const TO_AGENT_MAX: usize = 1 << 20;
/// One message on the enrolment port, either way: a signing request with OS facts.
pub const ENROL_MAX: usize = 32 << 10;

/// One fact in bytes, as it lies in an outbox.
pub const FACT_MAX: usize = 256 << 10;
/// Facts in one message.
pub const FACTS_PER_MESSAGE: usize = 256;
/// Facts are gathered into one message until it has this size.
pub const FACTS_TARGET: usize = 128 << 10;

/// The first line of a check's output, in bytes.
pub const SUMMARY_MAX: usize = 4 << 10;
/// A short line, in bytes: an OS fact, a mount point, a change of the configuration.
pub const WORD_MAX: usize = 512;
/// What changed with one configuration, in bytes and in lines.
pub const CHANGES_MAX: usize = 12 << 10;
/// The most lines of what changed with one configuration.
pub const CHANGES_COUNT_MAX: usize = 256;
/// A note, in bytes.
pub const NOTE_MAX: usize = 4 << 10;
/// Performance data of one result, in bytes.
pub const PERFDATA_MAX: usize = 8 << 10;
/// The further lines of a check's output, in bytes.
pub const LONG_TEXT_MAX: usize = 64 << 10;
/// The name of a host or a person, in bytes: as long as a DNS name.
pub const NAME_MAX: usize = 253;
/// Tags of one host.
pub const TAGS_MAX: usize = 32;
/// Alerts named in one action.
pub const TARGETS_MAX: usize = 10_000;

/// The longest interval a check, heartbeat or sampling may have, in milliseconds: 31 days.
pub const INTERVAL_MAX_MS: u64 = 31 * 24 * 60 * 60 * 1000;
/// Checks of one host.
pub const CHECKS_MAX: usize = checks::MOST_PER_HOST;
/// Arguments of one plugin.
pub const ARGUMENTS_MAX: usize = 256;

/// Output of a command up to this many bytes rides in its fact.
pub const OUTPUT_INLINE: usize = 4 << 10;
/// What is kept of one output stream of a command, in bytes.
pub const OUTPUT_MAX: usize = 1 << 20;

/// What is kept of what a job sent with its ping, in bytes.
pub const TAIL_MAX: usize = 10 << 10;

/// Cores in one vitals message.
pub const CORES_MAX: usize = 4096;
/// File systems, disks or interfaces in one vitals message.
pub const DEVICES_MAX: usize = 256;
