//! Configuration files per role.
