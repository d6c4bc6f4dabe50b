//! Generated protobuf and its conversions.

/// Generated from `proto/watchfloor/v1`.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod pb {
    tonic::include_proto!("watchfloor.v1");
}
