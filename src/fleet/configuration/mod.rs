//! What the provider wants of the fleet: clients, sites, expected hours, check layers; and the assignment a host gets.

pub mod assignment;
pub mod backup;
pub mod channels;
pub mod content;
pub mod definition;
pub mod hours;
pub mod oncall;
pub mod ping;
pub mod rota;
pub mod selector;
pub mod template;

pub use assignment::{AssignedBackup, AssignedCheck, Assignment, CheckKind, Layer, Provenance};
pub use backup::BackupDefinition;
pub use channels::{Channel, ChannelKind, Delivery};
pub use content::{
    Client, Configuration, HistoryRetention, HostRule, HoursBasis, HoursRule, Silence, SilenceLimits, Site,
};
pub use definition::{CheckDefinition, CheckFields, Kind};
pub use hours::{ExpectedHours, HoursError, Schedule};
pub use oncall::{
    AcknowledgementTimeouts, ContactChannel, OnCallConfiguration, Person, Policy, Receiver, Route, RouteTarget, Step,
};
pub use ping::PingDefinition;
pub use rota::{Cover, OnCallSchedule, Rotation, Turn};
pub use selector::{AssignTarget, Selector};
