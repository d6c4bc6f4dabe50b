//! The program that serves a fleet.
