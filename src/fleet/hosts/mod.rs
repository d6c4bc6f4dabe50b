//! Clients, sites and hosts.
