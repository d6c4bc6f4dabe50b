//! The program on a host.
