//! An alert as `--json` prints it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::id::id;
use crate::cli::json::{rfc3339, rfc3339_or_null};
use crate::cli::query::Answer;
use crate::fleet::alerts::{
    Acknowledgement, Alert, Escalation, External, Hold, Plan, Reminder, Snooze, Suppression, Told, Until, ValueLimit,
};
use crate::fleet::words::SafeText;
use crate::fleet::words::spoken_id::spoken_id;

/// An alert; what there may not be is null.
#[derive(Debug, PartialEq, Serialize)]
pub struct AlertJson {
    id: String,
    spoken_id: String,
    fleet: String,
    client: String,
    site: Option<String>,
    host: Option<String>,
    host_id: Option<String>,
    check: Option<String>,
    subject: String,
    severity: &'static str,
    level: &'static str,
    state: &'static str,
    lane: Option<&'static str>,
    summary: String,
    opened_at: String,
    resolved_at: Option<String>,
    closed_by_hand: bool,
    owner: Option<String>,
    acknowledged: Option<AcknowledgedJson>,
    snoozed: Option<SnoozedJson>,
    escalation: Option<EscalationJson>,
    next_notice: Option<String>,
    plan: Option<PlanJson>,
    told: Vec<ToldJson>,
    reminders: Vec<ReminderJson>,
    count: u32,
    suppressed_by: Vec<&'static str>,
    held_by: Vec<Value>,
    last_note: Option<String>,
    changed_revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    external: Option<Value>,
}

/// Who has it.
#[derive(Debug, PartialEq, Serialize)]
pub struct AcknowledgedJson {
    by: String,
    at: String,
    until: String,
    note: Option<String>,
    expires_at: Option<String>,
    limit: Option<String>,
}

/// What a policy holds for it.
#[derive(Debug, PartialEq, Serialize)]
pub struct PlanJson {
    policy: Option<String>,
    next: Option<NextNoticeJson>,
    why_none: Option<String>,
}

/// A notice to come.
#[derive(Debug, PartialEq, Serialize)]
pub struct NextNoticeJson {
    at: String,
    step: u32,
    round: u32,
    to: Vec<String>,
}

/// Somebody who was told of it.
#[derive(Debug, PartialEq, Serialize)]
pub struct ToldJson {
    to: String,
    at: String,
    step: u32,
}

/// Something to be said about it later.
#[derive(Debug, PartialEq, Serialize)]
pub struct ReminderJson {
    at: String,
    by: String,
    text: String,
}

/// Who put it aside.
#[derive(Debug, PartialEq, Serialize)]
pub struct SnoozedJson {
    by: String,
    at: String,
    until: String,
    note: Option<String>,
}

/// How far it was escalated.
#[derive(Debug, PartialEq, Serialize)]
pub struct EscalationJson {
    step: u32,
    at: String,
    by: String,
}

/// The alert of a fleet, with what came along of its host.
#[must_use]
pub fn alert_json(fleet: &str, answer: &Answer, alert: &Alert) -> AlertJson {
    AlertJson {
        id: id(fleet, alert.id),
        spoken_id: spoken_id(alert.id),
        fleet: fleet.to_owned(),
        client: alert.client.to_string(),
        site: alert.site.as_ref().map(ToString::to_string),
        host: alert.host.and_then(|host| answer.host_name(host)).map(text),
        host_id: alert.host.map(|host| id(fleet, host)),
        check: alert.subject.check().map(ToString::to_string),
        subject: alert.subject.to_string(),
        severity: alert.severity().word(),
        level: alert.level.word(),
        state: if alert.is_open() { "open" } else { "resolved" },
        lane: alert.is_open().then(|| alert.lane().word()),
        summary: text(&alert.summary),
        opened_at: rfc3339(alert.opened_at),
        resolved_at: rfc3339_or_null(alert.resolved_at),
        closed_by_hand: alert.closed_by_hand,
        owner: alert.owner().map(text),
        acknowledged: alert.acknowledgement.as_ref().map(acknowledged_json),
        snoozed: alert.snooze.as_ref().map(snoozed_json),
        escalation: alert.escalation.as_ref().map(escalation_json),
        next_notice: alert.next_notice().map(|next| rfc3339(next.at)),
        plan: alert.plan.as_deref().map(plan_json),
        told: alert.told.iter().map(told_json).collect(),
        reminders: alert.reminders.iter().map(reminder_json).collect(),
        count: alert.count,
        suppressed_by: suppressed_by(alert),
        held_by: alert.holds.iter().map(|hold| hold_json(fleet, *hold)).collect(),
        last_note: alert.last_note.as_ref().map(text),
        changed_revision: alert.changed.0,
        external: alert.external.as_deref().map(external_json),
    }
}

/// What another system says of it.
#[must_use]
pub fn external_json(external: &External) -> Value {
    json!({
        "labels": external.labels().into_iter().collect::<BTreeMap<_, _>>(),
        "annotations": external.annotations().into_iter().collect::<BTreeMap<_, _>>(),
        "generator_url": external.generator_url().as_ref(),
        "starts_at": rfc3339(external.starts_at),
        "ends_at": rfc3339_or_null(external.ends_at),
    })
}

/// An acknowledgement.
#[must_use]
pub fn acknowledged_json(acknowledgement: &Acknowledgement) -> AcknowledgedJson {
    AcknowledgedJson {
        by: text(&acknowledgement.by),
        at: rfc3339(acknowledgement.at),
        until: until_word(acknowledgement.until),
        note: some(&acknowledgement.note),
        expires_at: rfc3339_or_null(acknowledgement.ends_at()),
        limit: acknowledgement.limit.as_ref().map(ValueLimit::to_string),
    }
}

/// Every reason why nobody is told of it: its owner's, and those of rules.
fn suppressed_by(alert: &Alert) -> Vec<&'static str> {
    let owned = alert.acknowledgement.as_ref().map(|_| "acknowledged");
    owned.into_iter().chain(alert.suppressions().map(Suppression::word)).collect()
}

fn told_json(told: &Told) -> ToldJson {
    ToldJson { to: text(&told.to), at: rfc3339(told.at), step: told.step }
}

/// What holds it back: the word, and the window or alert it names.
#[must_use]
pub fn hold_json(fleet: &str, hold: Hold) -> Value {
    match hold {
        Hold::Maintenance(window) => json!({"hold": hold.word(), "window": id(fleet, window)}),
        Hold::Parent(parent) => json!({"hold": hold.word(), "parent": id(fleet, parent)}),
        Hold::Flapping | Hold::Healing => json!({"hold": hold.word()}),
    }
}

/// What comes next of a policy, or why nothing.
#[must_use]
pub fn plan_json(plan: &Plan) -> PlanJson {
    PlanJson {
        policy: some(&plan.policy),
        next: plan.next.as_ref().map(|next| NextNoticeJson {
            at: rfc3339(next.at),
            step: next.step,
            round: next.round,
            to: next.to.iter().map(text).collect(),
        }),
        why_none: some(&plan.why),
    }
}

/// A reminder.
#[must_use]
pub fn reminder_json(reminder: &Reminder) -> ReminderJson {
    ReminderJson { at: rfc3339(reminder.at), by: text(&reminder.by), text: text(&reminder.text) }
}

/// A snooze.
#[must_use]
pub fn snoozed_json(snooze: &Snooze) -> SnoozedJson {
    SnoozedJson { by: text(&snooze.by), at: rfc3339(snooze.at), until: rfc3339(snooze.until), note: some(&snooze.note) }
}

/// An escalation.
#[must_use]
pub fn escalation_json(escalation: &Escalation) -> EscalationJson {
    EscalationJson { step: escalation.step, at: rfc3339(escalation.at), by: text(&escalation.by) }
}

/// `worse`, `resolved` or the time.
#[must_use]
pub fn until_word(until: Until) -> String {
    match until {
        Until::Worse => "worse".to_owned(),
        Until::Resolved => "resolved".to_owned(),
        Until::Time(end) => rfc3339(end),
    }
}

fn text(text: &SafeText) -> String {
    text.as_str().to_owned()
}

fn some(text: &SafeText) -> Option<String> {
    (!text.is_empty()).then(|| text.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::fleet::alerts::Subject;
    use crate::fleet::hosts::{Host, HostState};
    use crate::fleet::words::{AlertId, CheckState, HostClass, HostId, IdentityId, Revision, Timestamp};

    const NOON: Timestamp = Timestamp(1_795_341_600_000);

    fn alert() -> Alert {
        Alert {
            id: AlertId(12),
            client: "acme".into(),
            site: Some("hq".into()),
            host: Some(HostId(3)),
            subject: Subject::Check { host: HostId(3), check: "disk".into() },
            level: CheckState::Critical,
            summary: "disk full".into(),
            opened_at: NOON,
            level_since: NOON,
            resolved_at: None,
            closed_by_hand: false,
            acknowledgement: None,
            snooze: None,
            escalation: None,
            count: 1,
            last_note: None,
            holds: Vec::new(),
            plan: None,
            told: Vec::new(),
            reminders: Vec::new(),
            changed: Revision(7),
            worsened: Revision(7),
            external: None,
        }
    }

    fn answer() -> Answer {
        let host = Host {
            id: HostId(3),
            name: "web-1".into(),
            client: "acme".into(),
            site: "hq".into(),
            class: HostClass::Server,
            tags: Vec::new(),
            state: HostState::Up,
            state_since: NOON,
            state_reason: String::new(),
            os: None,
            enrolled_at: NOON,
            identity: IdentityId(1),
            last_seen: None,
            synthetic: false,
        };
        let mut answer = Answer::default();
        answer.fleet.hosts.hosts.insert(HostId(3), Arc::new(host));
        answer
    }

    fn shown(alert: &Alert) -> Value {
        serde_json::to_value(alert_json("main", &answer(), alert)).unwrap()
    }

    #[test]
    fn a_new_alert_has_every_field_of_the_contract() {
        let json = shown(&alert());
        for (key, value) in [
            ("id", json!("main/12")),
            ("fleet", json!("main")),
            ("client", json!("acme")),
            ("site", json!("hq")),
            ("host", json!("web-1")),
            ("check", json!("disk")),
            ("subject", json!("check:3/disk")),
            ("severity", json!("critical")),
            ("state", json!("open")),
            ("lane", json!("new")),
            ("summary", json!("disk full")),
            ("opened_at", json!("2026-11-22T10:00:00Z")),
            ("acknowledged", Value::Null),
            ("escalation", Value::Null),
            ("next_notice", Value::Null),
            ("count", json!(1)),
            ("suppressed_by", json!([])),
        ] {
            assert_eq!(json.get(key), Some(&value), "{key}");
        }
    }

    #[test]
    fn who_has_it_and_how_long_is_told() {
        let mut taken = alert();
        let by = SafeText::from("okafor");
        taken.acknowledgement = Some(Acknowledgement {
            by: by.clone(),
            at: NOON,
            until: Until::Worse,
            note: "on it".into(),
            level: CheckState::Critical,
            expires: Some(NOON + Duration::from_secs(3_600)),
            limit: Some(ValueLimit { label: "used".into(), thousandths: 98_500, below: false }),
        });
        taken.escalation = Some(Escalation { step: 2, at: NOON, by: by.clone(), revision: Revision(9) });
        let json = shown(&taken);
        let expected = json!({
            "by": "okafor",
            "at": "2026-11-22T10:00:00Z",
            "until": "worse",
            "note": "on it",
            "expires_at": "2026-11-22T11:00:00Z",
            "limit": "used > 98.5",
        });
        assert_eq!(json["acknowledged"], expected);
        assert_eq!(json["suppressed_by"], json!(["acknowledged"]));
        assert_eq!(json["escalation"], json!({"step": 2, "at": "2026-11-22T10:00:00Z", "by": "okafor"}));
        assert_eq!(json["lane"], "owned");

        taken.snooze = Some(Snooze {
            by,
            at: NOON,
            until: Timestamp(NOON.0 + 60_000),
            note: SafeText::default(),
            level: CheckState::Critical,
        });
        let json = shown(&taken);
        assert_eq!((&json["lane"], &json["suppressed_by"]), (&json!("muted"), &json!(["acknowledged", "snoozed"])));
        assert_eq!(json["snoozed"]["until"], "2026-11-22T10:01:00Z");
        assert_eq!(json["snoozed"]["note"], Value::Null);

        taken.resolved_at = Some(NOON);
        let json = shown(&taken);
        assert_eq!((&json["state"], &json["lane"]), (&json!("resolved"), &Value::Null));
    }

    #[test]
    fn an_alert_of_no_host_says_so() {
        let mut alert = alert();
        (alert.host, alert.site) = (None, None);
        alert.subject = Subject::External { source: "kuma".into(), fingerprint: "77".into() };
        let json = shown(&alert);
        for key in ["host", "host_id", "site", "check"] {
            assert_eq!(json.get(key), Some(&Value::Null), "{key}");
        }
        assert_eq!(json["subject"], "external:kuma/77");
    }
}
