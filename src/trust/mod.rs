//! Certificates, enrolment tokens, what a peer's certificate says.
