//! What holds an alert back, who is told of it next and who was.

use crate::fleet::alerts::{Hold, NextNotice, Plan, Reminder, Told};
use crate::fleet::words::{AlertId, Timestamp, WindowId};
use crate::wire::error::WireError;
use crate::wire::{pb, text};

impl From<Hold> for pb::Hold {
    fn from(hold: Hold) -> Self {
        use pb::hold::Kind;
        let kind = match hold {
            Hold::Maintenance(window) => Kind::Maintenance(window.0),
            Hold::Parent(alert) => Kind::Parent(alert.0),
            Hold::Flapping => Kind::Flapping(true),
            Hold::Healing => Kind::Healing(true),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<pb::Hold> for Hold {
    type Error = WireError;

    fn try_from(hold: pb::Hold) -> Result<Self, WireError> {
        use pb::hold::Kind;
        let kind = hold.kind.ok_or_else(|| WireError::Unknown {
            message: "Hold",
            field: "kind",
            value: "of another kind".to_owned(),
        })?;
        Ok(match kind {
            Kind::Maintenance(window) => Self::Maintenance(WindowId(window)),
            Kind::Parent(alert) => Self::Parent(AlertId(alert)),
            Kind::Flapping(_) => Self::Flapping,
            Kind::Healing(_) => Self::Healing,
        })
    }
}

impl From<&Plan> for pb::Plan {
    fn from(plan: &Plan) -> Self {
        Self {
            policy: plan.policy.as_str().into(),
            next: plan.next.as_ref().map(|next| pb::NextNotice {
                at: next.at.0,
                step: next.step,
                round: next.round,
                to: next.to.iter().map(|to| to.as_str().into()).collect(),
            }),
            why: plan.why.as_str().into(),
        }
    }
}

impl From<pb::Plan> for Plan {
    fn from(plan: pb::Plan) -> Self {
        Self {
            policy: text::line(&plan.policy),
            next: plan.next.map(|next| NextNotice {
                at: Timestamp(next.at),
                step: next.step,
                round: next.round,
                to: next.to.iter().map(|to| text::line(to)).collect(),
            }),
            why: text::line(&plan.why),
        }
    }
}

impl From<&Told> for pb::Told {
    fn from(told: &Told) -> Self {
        Self { to: told.to.as_str().into(), at: told.at.0, step: told.step }
    }
}

impl From<pb::Told> for Told {
    fn from(told: pb::Told) -> Self {
        Self { to: text::line(&told.to), at: Timestamp(told.at), step: told.step }
    }
}

impl From<&Reminder> for pb::Reminder {
    fn from(reminder: &Reminder) -> Self {
        Self { at: reminder.at.0, by: reminder.by.as_str().into(), text: reminder.text.as_str().into() }
    }
}

impl From<pb::Reminder> for Reminder {
    fn from(reminder: pb::Reminder) -> Self {
        Self { at: Timestamp(reminder.at), by: text::line(&reminder.by), text: text::note(&reminder.text) }
    }
}
