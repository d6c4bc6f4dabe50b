//! What becomes of notices: taken by a channel, passed on to the receiver's next one, answered, or lost on all of them,
//! which brings the next step of their alerts forward.

use crate::fleet::alerts::{Event as AlertEvent, NextNotice, Plan};
use crate::fleet::identity::Audience;
use crate::fleet::notices::{Event, FALLS_OVER_AFTER, Kind, Notice, State};
use crate::fleet::rules::decision::{Decision, Refusal, by_rule};
use crate::fleet::rules::input::NoticeReport;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{NoticeId, Now, SafeText, duration};

type Told = Vec<(Audience, state::Event)>;

/// Takes in what became of an attempt to send a notice. A report about what is over, or about a channel that had its
/// turn, changes nothing but that something that arrived after all has arrived.
///
/// # Errors
/// There is no such notice.
pub fn report(fleet: &Fleet, id: NoticeId, channel: u32, report: &NoticeReport, now: Now) -> Result<Decision, Refusal> {
    let notice = fleet.notices.notices.get(&id);
    let notice = notice.ok_or_else(|| Refusal::NotFound(format!("there is no notice {id}; it may be archived")))?;
    let event = match report {
        NoticeReport::Sent(receipt) if matches!(notice.state, State::Waiting | State::Failed) => {
            Some(Event::Sent { notice: id, receipt: receipt.clone() })
        }
        NoticeReport::Delivered(receipt) if matches!(notice.state, State::Waiting | State::Sent | State::Failed) => {
            Some(Event::Delivered { notice: id, receipt: receipt.clone() })
        }
        NoticeReport::Answered { by, how } if notice.state != State::Answered => {
            Some(Event::Answered { notice: id, by: by.clone(), how: how.clone() })
        }
        // A gateway may find out later that what it took does not arrive.
        NoticeReport::Refused(why)
            if matches!(notice.state, State::Waiting | State::Sent) && notice.channel == channel =>
        {
            return Ok(by_rule("notices", fall_over(fleet, notice, why, now)));
        }
        _ => None,
    };
    let events = event.map(|event| (audience(notice), state::Event::Notices(event)));
    Ok(by_rule("notices", events.into_iter().collect()))
}

/// Notices whose channel has not taken them in time, and those that leave the state; at most `most` at a time.
pub fn judge(fleet: &Fleet, now: Now, most: usize) -> Told {
    let mut events = Told::new();
    for notice in fleet.notices.due(now.wall).take(most) {
        if notice.state == State::Waiting {
            let waited = duration::short(FALLS_OVER_AFTER);
            let channel = notice.in_use().map_or("its channel", SafeText::as_str);
            let why = SafeText::new(&format!("{channel} did not take it within {waited}"));
            events.extend(fall_over(fleet, notice, &why, now));
        } else {
            events.push((audience(notice), state::Event::Notices(Event::Archived { notice: notice.id })));
        }
    }
    events
}

/// Who may see a notice.
#[must_use]
pub fn audience(notice: &Notice) -> Audience {
    Audience::of(notice.client.as_ref())
}

/// The next channel's turn; after the last the notice has failed, and its alerts do not wait for their next step.
fn fall_over(fleet: &Fleet, notice: &Notice, why: &SafeText, now: Now) -> Told {
    let next = notice.channel.saturating_add(1);
    if usize::try_from(next).is_ok_and(|next| next < notice.channels.len()) {
        let event = Event::FellOver { notice: notice.id, channel: next, why: why.clone() };
        return vec![(audience(notice), state::Event::Notices(event))];
    }
    let failed = Event::Failed { notice: notice.id, why: why.clone() };
    let mut events = vec![(audience(notice), state::Event::Notices(failed))];
    if notice.kind != Kind::Problem {
        return events;
    }
    let missed = SafeText::new(&format!("{} was not reached: {}", notice.to.as_str(), why.as_str()));
    for alert in notice.alerts.iter().filter_map(|id| fleet.alerts.alerts.get(id)) {
        let Some((plan, next)) = alert.plan.as_deref().zip(alert.next_notice()) else { continue };
        // Somebody else may have been told at the same step; who was not reached is said, and the next step comes now
        // only where this was the only one.
        let alone = alert.told.iter().all(|told| told.to == notice.to || told.step != notice.step);
        if next.at <= now.wall {
            continue;
        }
        let at = if alone { now.wall } else { next.at };
        let plan = Plan { next: Some(NextNotice { at, ..next.clone() }), why: missed.clone(), ..plan.clone() };
        let event = AlertEvent::Planned { alert: alert.id, plan: Box::new(plan) };
        events.push((Audience::of_client(alert.client.clone()), state::Event::Alerts(event)));
    }
    events
}
