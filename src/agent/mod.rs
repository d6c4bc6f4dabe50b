//! The program on a host: collectors measure, checks judge, the outbox keeps what must not be lost.

pub mod checks;
pub mod collectors;
pub mod outbox;
