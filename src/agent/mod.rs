//! The program on a host: collectors measure, checks judge, the outbox keeps what must not be lost.

pub mod board;
pub mod checks;
pub mod child;
pub mod collectors;
pub mod outbox;
pub mod scheduler;
pub mod standing;
