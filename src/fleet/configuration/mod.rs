//! What the fleet is configured to do.
