//! Generated from `proto/watchfloor/v1`.

tonic::include_proto!("watchfloor.v1");
