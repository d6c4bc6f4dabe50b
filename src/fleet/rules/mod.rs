//! What is decided, across domains; one file a rule.

pub mod assign;
pub mod fact;
