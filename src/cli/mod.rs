//! Composition roots, one file a verb.
