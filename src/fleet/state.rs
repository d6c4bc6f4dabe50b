//! The fleet and how an entry changes it.
