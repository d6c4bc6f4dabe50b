//! Clients, sites and hosts.

pub mod vitals;
