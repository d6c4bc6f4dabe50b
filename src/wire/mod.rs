//! Generated protobuf and its conversions: what leaves the process or comes in, made into the fleet's types and back.
//!
//! Two rules hold for everything that comes in. Text becomes [`SafeText`](crate::fleet::words::SafeText). A value this
//! program does not know never reads as good: it becomes `unknown` where there is such a state, the weaker right where
//! it is about rights, and otherwise the event counts as [`Event::Unknown`](crate::fleet::state::Event::Unknown).

pub mod alerts;
pub mod backups;
pub mod checked;
pub mod checks;
pub mod commands;
pub mod configuration;
pub mod entry;
mod enums;
pub mod error;
mod event;
pub mod fact;
pub mod first_look;
mod hosts;
mod identity;
pub mod limits;
mod notices;
mod oncall;
mod pings;
mod plans;
mod profile;
pub mod reports;
pub mod row;
pub mod text;
mod upcast;
pub mod vitals;
pub mod windows;

pub use configuration::{Assigned, assignment_hash, decode_assignment, encode_assignment};
pub use entry::{EncodedEntry, decode_entry, decode_entry_bytes};
pub use enums::{check_state, hands, host_class, host_state, outcome_state, role};
pub use error::WireError;
pub use event::{decode_event, encode_event};
pub use fact::{decode_fact, encode_fact};
pub use first_look::{decode_sums, encode_sums};
pub use row::{restore_row, row_key, row_of, rows_of};
pub use watchfloor_proto::{DESCRIPTORS, v1 as pb};
