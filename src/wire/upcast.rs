//! Old forms of events, made into the new ones between decoding and conversion.
//!
//! A journal replays for ever, so the meaning of an event kind never changes. What has to change becomes a new kind;
//! the old one stays in the proto file and is turned into the new one here, by an arm of the match that names the
//! release which wrote it last. `tests/fixtures/golden-*.journal` holds a journal of each release that must replay.

use crate::wire::pb::event::Body;

/// The newest form of an event. There are no old forms yet.
pub(super) const fn upcast(body: Body) -> Body {
    body
}
