//! What follows from a fleet without deciding anything: the same sums, rows and assignments wherever they are asked for,
//! on the hub, on a host or in a console.

pub mod alert_report;
pub mod assign;
pub mod behind;
pub mod first_look;
pub mod labels;
pub mod muting;
pub mod select;
pub mod select_entry;
pub mod standing;
pub mod tally;
