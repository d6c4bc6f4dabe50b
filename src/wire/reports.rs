//! Figures of reports.

use std::time::Duration;

use crate::fleet::derived::alert_report::{Figures, Kind};
use crate::fleet::words::ClientId;
use crate::wire::{pb, text};

/// The figures of one check of one client.
#[must_use]
pub fn decode_figures(figures: &pb::AlertFigures) -> (Kind, Figures) {
    let kind = (ClientId::new(text::id(&figures.client)), text::line(&figures.check));
    let sums = Figures {
        opened: figures.opened,
        reopened: figures.reopened,
        taken: figures.taken,
        until_taken: Duration::from_millis(figures.until_taken),
        ended: figures.ended,
        until_ended: Duration::from_millis(figures.until_ended),
    };
    (kind, sums)
}

/// The same, to be sent.
#[must_use]
pub fn encode_figures((client, check): &Kind, figures: &Figures) -> pb::AlertFigures {
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    pb::AlertFigures {
        client: client.to_string(),
        check: check.as_str().to_owned(),
        opened: figures.opened,
        reopened: figures.reopened,
        taken: figures.taken,
        until_taken: millis(figures.until_taken),
        ended: figures.ended,
        until_ended: millis(figures.until_ended),
    }
}
