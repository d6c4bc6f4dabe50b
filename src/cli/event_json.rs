//! Every event as `--json` prints it: an object with its `kind` and its fields. Complete, so that what the journal holds
//! can be read by scripts; only a token's secret, which is kept as a hash, is left out.

use serde_json::{Map, Value, json};

use crate::cli::alert_json::{
    acknowledged_json, escalation_json, external_json, hold_json, plan_json, reminder_json, snoozed_json,
};
use crate::cli::id::id;
use crate::cli::json::{rfc3339, rfc3339_or_null};
use crate::cli::query::Answer;
use crate::cli::window_json::{occurrence_json, times_json};
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::hosts::{Client, Site};
use crate::fleet::identity::{Identity, Token};
use crate::fleet::state::Event;
use crate::fleet::words::{BlobId, CheckState, HostId, SafeText};
use crate::fleet::{alerts, backups, checks, commands, hosts, identity, notices, oncall, pings, profile, windows};

/// One event of a fleet's journal.
#[must_use]
pub fn event_json(fleet: &str, answer: &Answer, event: &Event) -> Value {
    let scene = Scene { fleet, answer };
    match event {
        Event::Profile(event) => profile_event(&scene, event),
        Event::Hosts(event) => hosts_event(&scene, event),
        Event::Checks(event) => checks_event(&scene, event),
        Event::Alerts(event) => alerts_event(&scene, event),
        Event::Commands(event) => commands_event(&scene, event),
        Event::Backups(event) => backups_event(&scene, event),
        Event::Notices(event) => notices_event(&scene, event),
        Event::Windows(event) => windows_event(&scene, event),
        Event::OnCall(event) => oncall_event(&scene, event),
        Event::Pings(event) => pings_event(event),
        Event::Identity(event) => identity_event(&scene, event),
        Event::Unknown => json!({"kind": "unknown"}),
    }
}

/// Where the event happened.
struct Scene<'s> {
    fleet: &'s str,
    answer: &'s Answer,
}

impl Scene<'_> {
    fn id(&self, number: impl std::fmt::Display) -> String {
        id(self.fleet, number)
    }

    /// An event about a host: `host` is its name, where that came along.
    fn of_host(&self, kind: &str, host: HostId, fields: Value) -> Value {
        let name = self.answer.host_name(host).map(SafeText::as_str);
        joined(json!({"kind": kind, "host": name, "host_id": self.id(host)}), fields)
    }
}

fn joined(head: Value, fields: Value) -> Value {
    let mut object = Map::new();
    for part in [head, fields] {
        if let Value::Object(part) = part {
            object.extend(part);
        }
    }
    Value::Object(object)
}

fn profile_event(scene: &Scene<'_>, event: &profile::Event) -> Value {
    use profile::Event;
    match event {
        Event::HubStarted { version, waits_until } => {
            json!({"kind": "hub_started", "version": version.as_str(), "waits_until": rfc3339(*waits_until)})
        }
        Event::JudgingBegan => json!({"kind": "judging_began"}),
        Event::ClockJumped { by_ms } => json!({"kind": "clock_jumped", "by_ms": by_ms}),
        Event::Refused { who, identity, what, why, count } => json!({
            "kind": "refused",
            "who": who.as_str(),
            "identity": identity.map(|identity| scene.id(identity)),
            "what": what.as_str(),
            "why": why.as_str(),
            "count": count,
        }),
        Event::ConfigurationApplied { hash, changes } => json!({
            "kind": "configuration_applied",
            "hash": hex(hash),
            "changes": changes.iter().map(SafeText::as_str).collect::<Vec<_>>(),
        }),
        Event::Renamed { name } => json!({"kind": "renamed", "name": name.as_str()}),
    }
}

fn hosts_event(scene: &Scene<'_>, event: &hosts::Event) -> Value {
    use hosts::Event;
    match event {
        Event::ClientDescribed(client) => client_described(client),
        Event::SiteDescribed(site) => site_described(site),
        Event::Enrolled { host, name, client, site, class, tags, identity, synthetic } => json!({
            "kind": "host_enrolled",
            "host": name.as_str(),
            "host_id": scene.id(host),
            "client": client.as_str(),
            "site": site.as_str(),
            "class": class.word(),
            "tags": tags,
            "identity": scene.id(identity),
            "synthetic": synthetic,
        }),
        Event::Described { host, os } => scene.of_host("host_described", *host, os_facts(os)),
        Event::StateChanged { host, state, reason, last_seen } => scene.of_host(
            "host_state_changed",
            *host,
            json!({"state": state.word(), "reason": reason, "last_seen_at": rfc3339_or_null(*last_seen)}),
        ),
        Event::Retired { host } => scene.of_host("host_retired", *host, Value::Null),
        Event::Archived { host } => scene.of_host("host_archived", *host, Value::Null),
        Event::FactsLost { host, stream, from, to } => {
            // A stream is a random 64-bit number: as a JSON number it would lose its last digits.
            scene.of_host("facts_lost", *host, json!({"stream": stream.to_string(), "from": from, "to": to}))
        }
    }
}

fn client_described(client: &Client) -> Value {
    json!({
        "kind": "client_described",
        "client": client.id.as_str(),
        "name": client.name.as_str(),
        "contact": client.contact.as_str(),
        "line": client.line.as_str(),
        "contract": client.contract.as_str(),
        "configured": client.configured,
    })
}

fn site_described(site: &Site) -> Value {
    json!({
        "kind": "site_described",
        "client": site.client.as_str(),
        "site": site.id.as_str(),
        "name": site.name.as_str(),
        "line": site.line.as_str(),
        "configured": site.configured,
    })
}

fn os_facts(os: &OsFacts) -> Value {
    json!({
        "hostname": os.hostname.as_str(),
        "os_name": os.os_name.as_str(),
        "os_version": os.os_version.as_str(),
        "kernel": os.kernel.as_str(),
        "architecture": os.arch.as_str(),
        "cpu_model": os.cpu_model.as_str(),
        "cores": os.cores,
        "memory_bytes": os.memory,
        "virtualization": os.virtualization.as_ref().map(SafeText::as_str),
        "agent_version": os.agent_version.as_str(),
    })
}

fn checks_event(scene: &Scene<'_>, event: &checks::Event) -> Value {
    use checks::Event;
    use checks::flapping::percent;
    match event {
        Event::Changed {
            host,
            check,
            state,
            hard,
            attempt,
            max_attempts,
            summary,
            perfdata,
            interval_ms,
            output,
            measured_at,
            ring,
        } => scene.of_host(
            "check_changed",
            *host,
            json!({
                "check": check.as_str(),
                "state": state.word(),
                "hard": hard,
                "attempt": attempt,
                "max_attempts": max_attempts,
                "summary": summary.as_str(),
                "perfdata": perfdata.as_str(),
                "interval_seconds": interval_ms / 1000,
                "output": output.as_ref().map(BlobId::to_string),
                "measured_at": rfc3339(*measured_at),
                "restless_percent": percent(*ring),
            }),
        ),
        Event::Stale { host, check, stale } => {
            scene.of_host("check_stale", *host, json!({"check": check.as_str(), "stale": stale}))
        }
        Event::Flapping { host, check, flapping } => {
            scene.of_host("check_flapping", *host, json!({"check": check.as_str(), "flapping": flapping}))
        }
        Event::Removed { host, check } => scene.of_host("check_removed", *host, json!({"check": check.as_str()})),
        Event::Asked { host, check } => {
            scene.of_host("check_asked", *host, json!({"check": check.as_ref().map(|check| check.as_str())}))
        }
    }
}

fn alerts_event(scene: &Scene<'_>, event: &alerts::Event) -> Value {
    use alerts::Event;
    let said = |text: &Option<SafeText>| text.as_ref().map(|text| text.as_str().to_owned());
    let (kind, fields) = match event {
        Event::Opened { alert: _, client, site, host, subject, level, summary } => (
            "alert_opened",
            json!({
                "client": client.as_str(),
                "site": site.as_ref().map(|site| site.as_str()),
                "host": host.and_then(|host| scene.answer.host_name(host)).map(SafeText::as_str),
                "host_id": host.map(|host| scene.id(host)),
                "subject": subject.to_string(),
                "check": subject.check().map(|check| check.as_str()),
                "level": level.word(),
                "severity": level.severity().map(|severity| severity.word()),
                "summary": summary.as_str(),
            }),
        ),
        Event::Reopened { alert: _, level, summary } => {
            ("alert_reopened", json!({"level": level.word(), "summary": summary.as_str()}))
        }
        Event::LevelChanged { alert: _, level, summary, worse } => {
            ("alert_level_changed", json!({"level": level.word(), "summary": summary.as_str(), "worse": worse}))
        }
        Event::Resolved { alert: _, by_hand, note } => {
            ("alert_resolved", json!({"by_hand": by_hand, "note": said(note)}))
        }
        Event::Acknowledged { alert: _, acknowledgement } => {
            ("alert_acknowledged", fields_of(&acknowledged_json(acknowledgement)))
        }
        Event::AcknowledgementEnded { alert: _, why } => ("acknowledgement_ended", json!({"why": why})),
        Event::Snoozed { alert: _, snooze } => ("alert_snoozed", fields_of(&snoozed_json(snooze))),
        Event::SnoozeEnded { alert: _ } => ("snooze_ended", Value::Null),
        Event::Escalated { alert: _, escalation, note } => {
            ("alert_escalated", joined(fields_of(&escalation_json(escalation)), json!({"note": said(note)})))
        }
        Event::Released { alert: _, by, to, note } => {
            ("alert_released", json!({"by": by.as_str(), "to": said(to), "note": said(note)}))
        }
        Event::Noted { alert: _, by, note } => ("alert_noted", json!({"by": by.as_str(), "note": note.as_str()})),
        Event::Archived { alert: _ } => ("alert_archived", Value::Null),
        Event::Held { alert: _, hold } => ("alert_held", hold_json(scene.fleet, *hold)),
        Event::HoldEnded { alert: _, hold } => ("hold_ended", hold_json(scene.fleet, *hold)),
        Event::Planned { alert: _, plan } => ("alert_planned", fields_of(&plan_json(plan))),
        Event::Notified { alert: _, step, notices, to, plan } => {
            let told: Vec<&str> = to.iter().map(SafeText::as_str).collect();
            let notices: Vec<String> = notices.iter().map(|notice| scene.id(notice)).collect();
            let head = json!({"step": step, "told": told, "notices": notices});
            ("alert_notified", joined(head, fields_of(&plan_json(plan))))
        }
        Event::RecoveryTold { alert: _, notices } => {
            let notices: Vec<String> = notices.iter().map(|notice| scene.id(notice)).collect();
            ("recovery_told", json!({"notices": notices}))
        }
        Event::ReminderSet { alert: _, reminder } => ("reminder_set", fields_of(&reminder_json(reminder))),
        Event::ReminderEnded { alert: _, at, by, came } => {
            ("reminder_ended", json!({"at": rfc3339(*at), "by": by.as_str(), "came": came}))
        }
        Event::Described { alert: _, external } => ("alert_described", external_json(external)),
    };
    joined(json!({"kind": kind, "alert": scene.id(event.alert())}), fields)
}

fn notices_event(scene: &Scene<'_>, event: &notices::Event) -> Value {
    use notices::Event;
    let (kind, fields) = match event {
        Event::Queued(notice) => (
            "notice_queued",
            json!({
                "for": notice.kind.word(),
                "to": notice.to.as_str(),
                "channels": notice.channels.iter().map(SafeText::as_str).collect::<Vec<_>>(),
                "client": notice.client.as_ref().map(|client| client.as_str()),
                "severity": notice.severity.word(),
                "alerts": notice.alerts.iter().map(|alert| scene.id(alert)).collect::<Vec<_>>(),
                "count": notice.count,
                "step": notice.step,
                "round": notice.round,
                "note": notice.note.as_str(),
            }),
        ),
        Event::Sent { notice: _, receipt } => ("notice_sent", json!({"receipt": receipt.as_str()})),
        Event::Delivered { notice: _, receipt } => ("notice_delivered", json!({"receipt": receipt.as_str()})),
        Event::FellOver { notice: _, channel, why } => {
            ("notice_fell_over", json!({"channel": channel, "why": why.as_str()}))
        }
        Event::Failed { notice: _, why } => ("notice_failed", json!({"why": why.as_str()})),
        Event::Answered { notice: _, by, how } => ("notice_answered", json!({"by": by.as_str(), "how": how.as_str()})),
        Event::Archived { notice: _ } => ("notice_archived", Value::Null),
    };
    joined(json!({"kind": kind, "notice": scene.id(event.notice())}), fields)
}

fn windows_event(scene: &Scene<'_>, event: &windows::Event) -> Value {
    use windows::Event;
    let (kind, fields) = match event {
        Event::Created(window) => (
            "window_created",
            json!({
                "name": window.name.as_str(),
                "scope": window.scope.to_string(),
                "client": window.client.as_ref().map(|client| client.as_str()),
                "times": times_json(&window.times),
                "by": window.by.as_str(),
                "next": occurrence_json(window.next),
            }),
        ),
        Event::Began { window: _, occurrence } => {
            ("window_began", json!({"occurrence": occurrence_json(Some(*occurrence))}))
        }
        Event::Looked { window: _, through } => {
            ("window_looked", json!({"through": through.map(|alert| scene.id(alert))}))
        }
        Event::Ended { window: _, next } => ("window_ended", json!({"next": occurrence_json(*next)})),
        Event::Closed { window: _, by, note } => {
            ("window_closed", json!({"by": by.as_str(), "note": note.as_ref().map(SafeText::as_str)}))
        }
        Event::Changed { window: _, occurrence, by } => {
            ("window_changed", json!({"occurrence": occurrence_json(Some(*occurrence)), "by": by.as_str()}))
        }
        Event::Planned { window: _, next } => ("window_planned", json!({"next": occurrence_json(*next)})),
        Event::Archived { window: _ } => ("window_archived", Value::Null),
    };
    joined(json!({"kind": kind, "window": scene.id(event.window())}), fields)
}

fn pings_event(event: &pings::Event) -> Value {
    use pings::Event;
    let (kind, fields) = match event {
        Event::Described(description) => (
            "ping_described",
            json!({
                "client": description.client.as_str(),
                "site": description.site.as_ref().map(|site| site.as_str()),
                "host": description.host.as_ref().map(|host| host.as_str()),
                "period_seconds": description.period.as_secs_f64(),
                "grace_seconds": description.grace.as_secs_f64(),
            }),
        ),
        Event::Removed { ping: _ } => ("ping_removed", Value::Null),
        Event::Heard { ping: _, signal, run, state, took, tail } => (
            "ping_heard",
            json!({
                "signal": signal.word(),
                "code": match signal {
                    pings::Signal::Failure(code) => *code,
                    pings::Signal::Start | pings::Signal::Success => None,
                },
                "run": run.as_str(),
                "state": state.word(),
                "took_seconds": took.map(|took| took.as_secs_f64()),
                "output": tail.as_str(),
            }),
        ),
        Event::Judged { ping: _, state } => ("ping_judged", json!({"state": state.word()})),
    };
    joined(json!({"kind": kind, "ping": event.ping().as_str()}), fields)
}

fn commands_event(scene: &Scene<'_>, event: &commands::Event) -> Value {
    use commands::Event;
    let ids = |hosts: &[HostId]| hosts.iter().map(|host| scene.id(host)).collect::<Vec<_>>();
    let (kind, fields) = match event {
        Event::Asked { command, client, hosts } => (
            "command_asked",
            json!({
                "argv": command.argv.exact(),
                "shell": command.shell,
                "by": command.by.as_str(),
                "window": command.window,
                "timeout_seconds": command.timeout.as_secs_f64(),
                "client": client.as_str(),
                "host_ids": ids(hosts),
            }),
        ),
        Event::Changed { command: _, state, hosts, why } => {
            ("outcomes_changed", json!({"state": state.word(), "host_ids": ids(hosts), "why": why.as_str()}))
        }
        Event::Reported { command: _, host, report } => (
            "outcome_reported",
            scene.of_host(
                "outcome_reported",
                *host,
                joined(json!({"state": report.state.word()}), report_json(report)),
            ),
        ),
        Event::CancelAsked { command: _, hosts, by } => {
            ("cancel_asked", json!({"host_ids": ids(hosts), "by": by.as_str()}))
        }
        Event::Archived { command: _ } => ("command_archived", Value::Null),
    };
    joined(json!({"kind": kind, "command": scene.id(event.command())}), fields)
}

fn report_json(report: &commands::Report) -> Value {
    let kept = |output: &commands::Kept| {
        json!({
            "blob": output.blob.as_ref().map(BlobId::to_string),
            "bytes_printed": output.printed,
            "bytes_kept": output.kept,
        })
    };
    json!({
        "code": report.code,
        "signal": report.signal,
        "stdout": kept(&report.stdout),
        "stderr": kept(&report.stderr),
        "why": report.why.as_str(),
        "took_seconds": report.took.map(|took| took.as_secs_f64()),
    })
}

fn backups_event(scene: &Scene<'_>, event: &backups::Event) -> Value {
    use backups::Event;
    let (kind, fields) = match event {
        Event::Described(job) => (
            "backup_described",
            json!({
                "job": job.name.as_str(),
                "client": job.client.as_ref().map(|client| client.as_str()),
                "site": job.site.as_ref().map(|site| site.as_str()),
                "host": job.host_name.as_str(),
                "host_id": job.host.map(|host| scene.id(host)),
                "tool": job.tool.word(),
                "repository": job.repository.as_str(),
                "paths": job.paths.iter().map(SafeText::as_str).collect::<Vec<_>>(),
                "every_seconds": job.every.as_secs(),
                "grace_seconds": job.grace.as_secs(),
            }),
        ),
        Event::Removed { job: _ } => ("backup_removed", Value::Null),
        Event::Read { job: _, found, days, output } => (
            "backup_read",
            json!({
                "read_at": rfc3339(found.at),
                "trouble": found.trouble.map(backups::Trouble::word),
                "words": found.words.as_str(),
                "restorable": found.restorable,
                "newest_at": rfc3339_or_null(found.newest),
                "freshest_at": rfc3339_or_null(found.freshest),
                "oldest_at": rfc3339_or_null(found.oldest),
                "missing": found.missing.as_ref().map(SafeText::as_str),
                "size_bytes": found.size,
                "added_bytes": found.added,
                "days_first": days.first(),
                "days": days.cells().iter().map(|cell| *cell as u8).collect::<Vec<_>>(),
                "output": output.as_ref().map(BlobId::to_string),
            }),
        ),
        Event::Judged { job: _, state, why, alarm, spared_until } => (
            "backup_judged",
            json!({
                "state": state.word(),
                "why": why.as_str(),
                "alarm": alarm.map(CheckState::word),
                "spared_until": rfc3339_or_null(*spared_until),
            }),
        ),
        Event::Reviewed { job: _, by } => ("backup_reviewed", json!({"by": by.as_str()})),
        Event::Asked { job: _ } => ("backup_asked", Value::Null),
    };
    joined(json!({"kind": kind, "job_id": scene.id(event.job())}), fields)
}

fn oncall_event(scene: &Scene<'_>, event: &oncall::Event) -> Value {
    use oncall::Event;
    let names = |names: &[SafeText]| names.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>();
    match event {
        Event::PersonDescribed(person) => json!({
            "kind": "person_described",
            "person": person.name.as_str(),
            "full_name": person.full_name.as_str(),
            "zone": person.zone.as_str(),
            "channels": names(&person.channels),
            "identities": names(&person.identities),
        }),
        Event::PersonRemoved { person } => json!({"kind": "person_removed", "person": person.as_str()}),
        Event::PolicyDescribed(policy) => json!({
            "kind": "policy_described",
            "policy": policy.name.as_str(),
            "steps": policy.steps.iter().map(|step| {
                json!({"after_seconds": step.after.as_secs(), "to": names(&step.to)})
            }).collect::<Vec<_>>(),
            "repeat_seconds": policy.repeat.as_secs(),
            "rounds": policy.rounds,
        }),
        Event::PolicyRemoved { policy } => json!({"kind": "policy_removed", "policy": policy.as_str()}),
        Event::DutyChanged(roster) => json!({
            "kind": "duty_changed",
            "schedule": roster.schedule.as_str(),
            "zone": roster.zone.as_str(),
            "now": names(&roster.now),
            "since": rfc3339(roster.since),
            "next": names(&roster.next),
            "changes_at": rfc3339_or_null(roster.changes_at),
        }),
        Event::ScheduleRemoved { schedule } => json!({"kind": "schedule_removed", "schedule": schedule.as_str()}),
        Event::Overridden { schedule, over } => json!({
            "kind": "duty_overridden",
            "schedule": schedule.as_str(),
            "override": scene.id(over.id),
            "person": over.person.as_str(),
            "from": rfc3339(over.from),
            "until": rfc3339(over.until),
            "by": over.by.as_str(),
            "note": over.note.as_str(),
        }),
        Event::OverrideEnded { schedule, id } => {
            json!({"kind": "override_ended", "schedule": schedule.as_str(), "override": scene.id(id)})
        }
        Event::HandOverOffered { from, to, note } => {
            json!({"kind": "hand_over_offered", "from": from.as_str(), "to": to.as_str(), "note": note.as_str()})
        }
        Event::HandOverEnded { from, to, accepted } => {
            json!({"kind": "hand_over_ended", "from": from.as_str(), "to": to.as_str(), "accepted": accepted})
        }
    }
}

fn identity_event(scene: &Scene<'_>, event: &identity::Event) -> Value {
    use identity::Event;
    match event {
        Event::TokenCreated(token) => token_created(scene, token),
        Event::TokenEnded { token, status } => {
            json!({"kind": "token_ended", "token": scene.id(token), "status": status.word()})
        }
        Event::Recorded(identity) => identity_recorded(scene, identity),
        Event::Revoked { identity } => json!({"kind": "identity_revoked", "identity": scene.id(identity)}),
        Event::TokenArchived { token } => json!({"kind": "token_archived", "token": scene.id(token)}),
        Event::Archived { identity } => json!({"kind": "identity_archived", "identity": scene.id(identity)}),
        Event::RoleChanged { identity, role } => {
            json!({"kind": "role_changed", "identity": scene.id(identity), "role": role.word()})
        }
        Event::Renewed { identity, not_after, key_hash } => json!({
            "kind": "identity_renewed",
            "identity": scene.id(identity),
            "not_after": rfc3339(*not_after),
            "key_hash": hex(key_hash),
        }),
    }
}

fn token_created(scene: &Scene<'_>, token: &Token) -> Value {
    json!({
        "kind": "token_created",
        "token": scene.id(token.id),
        "role": token.role.word(),
        "client": token.client.as_ref().map(|client| client.as_str()),
        "site": token.site.as_ref().map(|site| site.as_str()),
        "class": token.class.word(),
        "name": token.name.as_ref().map(SafeText::as_str),
        "tags": token.tags,
        "hands": token.hands.word(),
        "expires_at": token.expires_at.map(rfc3339),
        "created_by": token.created_by.as_str(),
    })
}

fn identity_recorded(scene: &Scene<'_>, identity: &Identity) -> Value {
    json!({
        "kind": "identity_recorded",
        "identity": scene.id(identity.id),
        "name": identity.name.as_str(),
        "role": identity.role.word(),
        "client": identity.client.as_ref().map(|client| client.as_str()),
        "host_id": identity.host.map(|host| scene.id(host)),
        "not_after": rfc3339(identity.not_after),
        "key_hash": hex(&identity.key_hash),
    })
}

fn fields_of(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn hex(hash: &[u8; 32]) -> String {
    BlobId(*hash).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::alerts::{Acknowledgement, Subject, Until};
    use crate::fleet::identity::{Hands, Role, TokenStatus};
    use crate::fleet::words::{AlertId, CheckState, HostClass, StreamId, Timestamp, TokenId};

    const NOON: Timestamp = Timestamp(1_795_341_600_000);

    fn shown(event: Event) -> Value {
        event_json("main", &Answer::default(), &event)
    }

    #[test]
    fn an_event_is_its_kind_and_its_fields() {
        let acknowledgement = Acknowledgement {
            by: "okafor".into(),
            at: NOON,
            until: Until::Time(NOON),
            note: "on it".into(),
            level: CheckState::Critical,
            expires: None,
            limit: None,
        };
        assert_eq!(
            shown(Event::Alerts(alerts::Event::Acknowledged { alert: AlertId(12), acknowledgement })),
            json!({
                "kind": "alert_acknowledged",
                "alert": "main/12",
                "by": "okafor",
                "at": "2026-11-22T10:00:00Z",
                "until": "2026-11-22T10:00:00Z",
                "note": "on it",
                "expires_at": "2026-11-22T10:00:00Z",
                "limit": null,
            })
        );
        assert_eq!(
            shown(Event::Alerts(alerts::Event::Opened {
                alert: AlertId(1),
                client: "acme".into(),
                site: None,
                host: Some(HostId(3)),
                subject: Subject::Host(HostId(3)),
                level: CheckState::Unknown,
                summary: "gone".into(),
            })),
            json!({
                "kind": "alert_opened",
                "alert": "main/1",
                "client": "acme",
                "site": null,
                "host": null,
                "host_id": "main/3",
                "subject": "host:3",
                "check": null,
                "level": "unknown",
                "severity": "warning",
                "summary": "gone",
            })
        );
        assert_eq!(
            shown(Event::Hosts(hosts::Event::Retired { host: HostId(3) })),
            json!({"kind": "host_retired", "host": null, "host_id": "main/3"})
        );
        assert_eq!(shown(Event::Unknown), json!({"kind": "unknown"}));
    }

    #[test]
    fn a_large_number_keeps_its_digits() {
        let lost = hosts::Event::FactsLost { host: HostId(1), stream: StreamId(u64::MAX), from: 1, to: 2 };
        assert_eq!(shown(Event::Hosts(lost))["stream"], "18446744073709551615");
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let token = Token {
            id: TokenId(1),
            secret_hash: [0xab; 32],
            role: Role::Agent,
            client: None,
            site: None,
            class: HostClass::Server,
            name: None,
            tags: vec!["db".into()],
            hands: Hands::None,
            created_at: NOON,
            expires_at: None,
            created_by: "okafor".into(),
            status: TokenStatus::Open,
        };
        let json = shown(Event::Identity(identity::Event::TokenCreated(token)));
        assert!(!json.to_string().contains("abab"), "{json}");
        assert_eq!((&json["tags"], &json["expires_at"]), (&json!(["db"]), &Value::Null));
    }
}
