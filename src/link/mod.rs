//! The client half of gRPC.
