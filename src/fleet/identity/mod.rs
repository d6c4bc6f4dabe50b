//! Identities, roles and tokens.
