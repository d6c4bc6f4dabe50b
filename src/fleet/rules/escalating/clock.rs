//! The wall clock was set: what is to be said in a while is said after that while all the same.

use std::time::Duration;

use crate::fleet::alerts::{Event, NextNotice, Plan};
use crate::fleet::identity::Audience;
use crate::fleet::notices;
use crate::fleet::rules::escalating::bounds::MOST_MOVED;
use crate::fleet::rules::noticing::audience;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{SafeText, Timestamp};

/// Moves the plans of alerts by as much as the clock jumped, and lets the channels of notices that wait begin their time
/// anew. The alerts that wait for longest come first, should there be more than one entry holds.
pub fn follow_clock(fleet: &Fleet, by_ms: i64) -> Vec<(Audience, state::Event)> {
    let moved = |at: Timestamp| {
        let by = Duration::from_millis(by_ms.unsigned_abs());
        if by_ms < 0 { at - by } else { at + by }
    };
    let plans = fleet.alerts.open().filter_map(|alert| {
        let (plan, next) = alert.plan.as_deref().zip(alert.next_notice())?;
        let next = NextNotice { at: moved(next.at), ..next.clone() };
        let plan = Box::new(Plan { next: Some(next), ..plan.clone() });
        let event = Event::Planned { alert: alert.id, plan };
        Some((Audience::of_client(alert.client.clone()), state::Event::Alerts(event)))
    });
    let waiting = fleet.notices.waiting().map(|notice| {
        let why = SafeText::new("the hub's clock was set");
        let event = notices::Event::FellOver { notice: notice.id, channel: notice.channel, why };
        (audience(notice), state::Event::Notices(event))
    });
    waiting.chain(plans).take(MOST_MOVED).collect()
}
