//! Four-character spoken ids.
