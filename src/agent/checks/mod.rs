//! What is judged on a host, one file a kind.
