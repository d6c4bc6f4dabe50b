//! The messages and services of `watchfloor/v1`, as the protocol's compiler made them. What they mean, and how they
//! become the fleet's own types, is the work of `watchfloor::wire`.

/// Version 1 of the protocol.
pub mod v1 {
    #![allow(clippy::all, clippy::pedantic)]
    tonic::include_proto!("watchfloor.v1");
}

/// The descriptors of all messages and services, an encoded `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
