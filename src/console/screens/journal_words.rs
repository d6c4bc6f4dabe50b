//! Events in words, as the journal and a timeline show them.

use crate::console::screens::look::backup_role;
use crate::console::theme::Role;
use crate::fleet::commands::OutcomeState;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{HostId, SafeText, duration};
use crate::fleet::{alerts, backups, checks, commands, hosts, identity, notices, oncall, pings, profile, windows};

/// An event in words, with the role of its gravity.
#[must_use]
pub fn words(event: &Event, fleet: &Fleet) -> (Role, String) {
    match event {
        Event::Profile(event) => profile_words(event),
        Event::Hosts(event) => host_words(event, fleet),
        Event::Checks(event) => check_words(event, fleet),
        Event::Alerts(event) => alert_words(event),
        Event::Commands(event) => command_words(event, fleet),
        Event::Backups(event) => backup_words(event, fleet),
        Event::Notices(event) => notice_words(event),
        Event::Windows(event) => window_words(event),
        Event::OnCall(event) => oncall_words(event),
        Event::Pings(event) => ping_words(event),
        Event::Identity(event) => (Role::Muted, identity_words(event)),
        Event::Unknown => (Role::Unknown, "something this version does not know; update this console".to_owned()),
    }
}

fn name(fleet: &Fleet, host: HostId) -> String {
    fleet.hosts.hosts.get(&host).map_or_else(|| format!("host {host}"), |host| host.name.to_string())
}

fn ping_words(event: &pings::Event) -> (Role, String) {
    let ping = event.ping();
    match event {
        pings::Event::Described(_) => (Role::Muted, format!("ping {ping} is expected")),
        pings::Event::Removed { .. } => (Role::Muted, format!("ping {ping} is expected no more")),
        pings::Event::Heard { signal, state, .. } => {
            let role = if *state == pings::State::Failed { Role::Critical } else { Role::Muted };
            (role, format!("ping {ping}: {}, {}", signal.word(), state.word()))
        }
        pings::Event::Judged { state, .. } => (Role::Critical, format!("ping {ping} is {}", state.word())),
    }
}

fn profile_words(event: &profile::Event) -> (Role, String) {
    match event {
        profile::Event::HubStarted { version, .. } => {
            (Role::Text, format!("the hub started, version {}; it waits before it judges silence", version.as_str()))
        }
        profile::Event::JudgingBegan => (Role::Muted, "the hub judges silence again".to_owned()),
        profile::Event::ClockJumped { by_ms } => {
            (Role::Warning, format!("the hub's clock jumped by {} s", by_ms / 1000))
        }
        profile::Event::Refused { who, what, why, count, .. } => {
            let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
            (Role::Warning, format!("refused {} {}: {}{times}", who.as_str(), what.as_str(), why.as_str()))
        }
        profile::Event::ConfigurationApplied { changes, .. } => {
            let changes: Vec<&str> = changes.iter().map(|change| change.as_str()).collect();
            (Role::Text, format!("configuration applied: {}", changes.join("; ")))
        }
        profile::Event::Renamed { name } => (Role::Text, format!("the fleet is called {}", name.as_str())),
    }
}

fn host_words(event: &hosts::Event, fleet: &Fleet) -> (Role, String) {
    match event {
        hosts::Event::ClientDescribed(client) => (Role::Muted, format!("client {} described", client.id)),
        hosts::Event::SiteDescribed(site) => (Role::Muted, format!("site {} of {} described", site.id, site.client)),
        hosts::Event::Enrolled { name, client, site, .. } => {
            (Role::Text, format!("{} joined {client}/{site}", name.as_str()))
        }
        hosts::Event::Described { host, os } => {
            (Role::Muted, format!("{} is {} {}", name(fleet, *host), os.os_name.as_str(), os.os_version.as_str()))
        }
        hosts::Event::StateChanged { host, state, reason, .. } => {
            (crate::console::screens::look::host_role(*state), format!("{} is {state}: {reason}", name(fleet, *host)))
        }
        hosts::Event::Retired { host } => (Role::Text, format!("{} was retired", name(fleet, *host))),
        hosts::Event::Archived { host } => (Role::Muted, format!("{} archived", name(fleet, *host))),
        hosts::Event::FactsLost { host, from, to, .. } => {
            (Role::Warning, format!("{} facts of {} are lost ({from} to {to})", to - from + 1, name(fleet, *host)))
        }
    }
}

fn check_words(event: &checks::Event, fleet: &Fleet) -> (Role, String) {
    match event {
        checks::Event::Changed { host, check, state, hard, attempt, max_attempts, summary, .. } => {
            let soft = if *hard { String::new() } else { format!(" (soft {attempt}/{max_attempts})") };
            (
                crate::console::screens::look::check_role(*state, false),
                format!("{check} on {} is {state}{soft}: {}", name(fleet, *host), summary.as_str()),
            )
        }
        checks::Event::Stale { host, check, stale } => {
            let how = if *stale { "is stale: no result comes" } else { "is fresh again" };
            (Role::Stale, format!("{check} on {} {how}", name(fleet, *host)))
        }
        checks::Event::Flapping { host, check, flapping } => {
            let how = if *flapping { "is flapping" } else { "has come to rest" };
            (Role::Unknown, format!("{check} on {} {how}", name(fleet, *host)))
        }
        checks::Event::Removed { host, check } => {
            (Role::Muted, format!("{check} no longer runs on {}", name(fleet, *host)))
        }
        checks::Event::Asked { host, check } => {
            let check = check.as_ref().map_or_else(|| "all checks".to_owned(), ToString::to_string);
            (Role::Muted, format!("{check} on {} asked for now", name(fleet, *host)))
        }
    }
}

fn alert_words(event: &alerts::Event) -> (Role, String) {
    use crate::console::screens::look::check_role;
    let said = |note: &Option<crate::fleet::words::SafeText>| {
        note.as_ref().map_or_else(String::new, |note| format!(": {}", note.as_str()))
    };
    let alert = event.alert();
    match event {
        alerts::Event::Opened { level, summary, .. } => {
            (check_role(*level, false), format!("alert {alert} opened, {level}: {}", summary.as_str()))
        }
        alerts::Event::Reopened { level, summary, .. } => {
            (check_role(*level, false), format!("alert {alert} came back, {level}: {}", summary.as_str()))
        }
        alerts::Event::LevelChanged { level, summary, worse, .. } => {
            let how = if *worse { "got worse" } else { "changed" };
            (check_role(*level, false), format!("alert {alert} {how}, {level}: {}", summary.as_str()))
        }
        alerts::Event::Resolved { by_hand, note, .. } => {
            let how = if *by_hand { "closed by hand" } else { "resolved" };
            (Role::Ok, format!("alert {alert} {how}{}", said(note)))
        }
        alerts::Event::Acknowledged { acknowledgement, .. } => {
            let note = acknowledgement.note.as_str();
            let note = if note.is_empty() { String::new() } else { format!(": {note}") };
            (Role::Owned, format!("alert {alert} acknowledged by {}{note}", acknowledgement.by.as_str()))
        }
        alerts::Event::AcknowledgementEnded { why, .. } => {
            (Role::New, format!("alert {alert} is nobody's again: {why}"))
        }
        alerts::Event::Snoozed { snooze, .. } => {
            (Role::LaneMuted, format!("alert {alert} snoozed by {}", snooze.by.as_str()))
        }
        alerts::Event::SnoozeEnded { .. } => (Role::New, format!("alert {alert}: the snooze ended")),
        alerts::Event::Escalated { escalation, note, .. } => (
            Role::Danger,
            format!("alert {alert} escalated to step {} by {}{}", escalation.step, escalation.by.as_str(), said(note)),
        ),
        alerts::Event::Released { by, to, note, .. } => {
            let to = to.as_ref().map_or_else(String::new, |to| format!(" to {}", to.as_str()));
            (Role::New, format!("alert {alert} released{to} by {}{}", by.as_str(), said(note)))
        }
        alerts::Event::Noted { by, note, .. } => {
            (Role::Text, format!("alert {alert}, {}: {}", by.as_str(), note.as_str()))
        }
        alerts::Event::Archived { .. } => (Role::Muted, format!("alert {alert} archived")),
        alerts::Event::Described { external, .. } => {
            let labels = crate::fleet::words::SafeText::line(&external.labels_json());
            (Role::Muted, format!("alert {alert} is described: {}", labels.as_str()))
        }
        alerts::Event::Held { hold, .. } => (Role::LaneMuted, format!("alert {alert} is held back: {hold}")),
        alerts::Event::HoldEnded { hold, .. } => {
            (Role::Muted, format!("alert {alert} is not held back any more: {hold}"))
        }
        alerts::Event::Planned { plan, .. } => (Role::Muted, format!("alert {alert}: {}", plan_words(plan))),
        alerts::Event::Notified { step, to, plan, .. } => {
            (Role::Text, format!("alert {alert}: step {step} told {}; {}", listed(to), plan_words(plan)))
        }
        alerts::Event::RecoveryTold { .. } => {
            (Role::Muted, format!("alert {alert}: those who were told of it are told that it ended"))
        }
        alerts::Event::ReminderSet { reminder, .. } => {
            (Role::Text, format!("alert {alert}: reminder of {}: {}", reminder.by.as_str(), reminder.text.as_str()))
        }
        alerts::Event::ReminderEnded { by, came: true, .. } => {
            (Role::Warning, format!("alert {alert}: the reminder of {} came", by.as_str()))
        }
        alerts::Event::ReminderEnded { by, .. } => {
            (Role::Muted, format!("alert {alert}: the reminder of {} was taken back", by.as_str()))
        }
    }
}

/// What comes next in a policy, without the time: a timeline has its own.
fn plan_words(plan: &alerts::Plan) -> String {
    let why = plan.why.as_str();
    match &plan.next {
        Some(next) if why.is_empty() => format!("next is step {} to {}", next.step, listed(&next.to)),
        Some(next) => format!("{why}; next is step {} to {}", next.step, listed(&next.to)),
        None if why.is_empty() => "no notice comes".to_owned(),
        None => why.to_owned(),
    }
}

fn listed(names: &[SafeText]) -> String {
    if names.is_empty() {
        return "nobody".to_owned();
    }
    names.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", ")
}

fn window_words(event: &windows::Event) -> (Role, String) {
    use windows::Event;
    let id = event.window();
    match event {
        Event::Created(window) => {
            (Role::LaneMuted, format!("window {id} of {} holds back {}", window.by.as_str(), window.scope))
        }
        Event::Began { .. } => (Role::LaneMuted, format!("window {id} began")),
        Event::Looked { .. } => (Role::Muted, format!("window {id} looked at the open alerts")),
        Event::Ended { next: Some(_), .. } => (Role::Text, format!("window {id} ended, and comes again")),
        Event::Ended { next: None, .. } => (Role::Text, format!("window {id} ended for good")),
        Event::Closed { by, .. } => (Role::Text, format!("window {id} ended by {}", by.as_str())),
        Event::Changed { by, .. } => (Role::Text, format!("window {id} has another end, by {}", by.as_str())),
        Event::Planned { .. } => (Role::Muted, format!("window {id}: the clock was set")),
        Event::Archived { .. } => (Role::Muted, format!("window {id} archived")),
    }
}

fn notice_words(event: &notices::Event) -> (Role, String) {
    use notices::Event;
    let id = event.notice();
    match event {
        Event::Queued(notice) => {
            let what = if notice.count == 1 { "1 alert".to_owned() } else { format!("{} alerts", notice.count) };
            (Role::Text, format!("notice {id} ({}) to {}: {what}", notice.kind.word(), notice.to.as_str()))
        }
        Event::Sent { receipt, .. } => (Role::Muted, format!("notice {id} sent {}", receipt.as_str())),
        Event::Delivered { receipt, .. } => (Role::Muted, format!("notice {id} arrived {}", receipt.as_str())),
        Event::FellOver { why, .. } => {
            (Role::Warning, format!("notice {id} goes by the next channel: {}", why.as_str()))
        }
        Event::Failed { why, .. } => (Role::Danger, format!("notice {id} reached nobody: {}", why.as_str())),
        Event::Answered { by, how, .. } => {
            (Role::Owned, format!("notice {id} answered by {} ({})", by.as_str(), how.as_str()))
        }
        Event::Archived { .. } => (Role::Muted, format!("notice {id} archived")),
    }
}

fn command_words(event: &commands::Event, fleet: &Fleet) -> (Role, String) {
    use commands::Event;
    let id = event.command();
    let on = |hosts: &[HostId]| match hosts {
        [host] => name(fleet, *host),
        hosts => format!("{} hosts", hosts.len()),
    };
    match event {
        Event::Asked { command, hosts, .. } => {
            let (by, what) = (command.by.as_str(), command.argv.shown());
            (Role::Text, format!("command {id} by {by} on {}: {}", on(hosts), what.as_str()))
        }
        Event::Changed { state, hosts, why, .. } => {
            (outcome_role(*state), format!("command {id} is {state} on {}{}", on(hosts), reason(why)))
        }
        Event::Reported { host, report, .. } => (
            outcome_role(report.state),
            format!("command {id} {} on {}{}", report.state, on(&[*host]), reason(&report.why)),
        ),
        Event::CancelAsked { hosts, by, .. } => {
            (Role::Text, format!("command {id}: {} wants it killed on {}", by.as_str(), on(hosts)))
        }
        Event::Archived { .. } => (Role::Muted, format!("command {id} archived")),
    }
}

fn reason(why: &SafeText) -> String {
    if why.is_empty() { String::new() } else { format!(": {}", why.as_str()) }
}

const fn outcome_role(state: OutcomeState) -> Role {
    match state {
        OutcomeState::Ok => Role::Ok,
        OutcomeState::Queued | OutcomeState::Running => Role::Text,
        OutcomeState::Failed | OutcomeState::Signalled | OutcomeState::TimedOut | OutcomeState::Denied => Role::Warning,
        OutcomeState::Offline | OutcomeState::Skipped | OutcomeState::Cancelled => Role::Muted,
        OutcomeState::Lost => Role::Unknown,
    }
}

fn backup_words(event: &backups::Event, fleet: &Fleet) -> (Role, String) {
    let known = fleet.backups.jobs.get(&event.job());
    let job = known.map_or_else(|| format!("job {}", event.job()), |job| job.description.name.to_string());
    match event {
        backups::Event::Described(job) => (
            Role::Muted,
            format!("backup {} of {} is promised every {}", job.name, job.host_name, duration::short(job.every)),
        ),
        backups::Event::Removed { .. } => (Role::Muted, format!("backup {job} is not promised any more")),
        backups::Event::Read { found, .. } => match found.trouble {
            Some(trouble) => (Role::Warning, format!("backup {job}: {}: {}", trouble.words(), found.words)),
            None => (Role::Muted, format!("backup {job}: {} snapshots can be restored", found.restorable)),
        },
        backups::Event::Judged { state, why, .. } => {
            let why = if why.as_str().is_empty() { String::new() } else { format!(": {why}") };
            (backup_role(*state), format!("backup {job} is {state}{why}"))
        }
        backups::Event::Reviewed { by, .. } => (Role::Owned, format!("backup {job} reviewed by {by}")),
        backups::Event::Asked { .. } => (Role::Muted, format!("backup {job} asked for now")),
    }
}

fn oncall_words(event: &oncall::Event) -> (Role, String) {
    use oncall::Event;
    let people = |names: &[SafeText]| match names {
        [] => "nobody".to_owned(),
        names => names.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", "),
    };
    match event {
        Event::PersonDescribed(person) => (Role::Muted, format!("{} ({}) can be told", person.name, person.full_name)),
        Event::PersonRemoved { person } => (Role::Muted, format!("{person} can be told no more")),
        Event::PolicyDescribed(policy) => {
            (Role::Muted, format!("policy {}: {} steps, {} rounds", policy.name, policy.steps.len(), policy.rounds))
        }
        Event::PolicyRemoved { policy } => (Role::Muted, format!("policy {policy} counts no more")),
        Event::DutyChanged(roster) => {
            let role = if roster.now.is_empty() { Role::Warning } else { Role::Owned };
            (role, format!("on duty by {}: {}, next {}", roster.schedule, people(&roster.now), people(&roster.next)))
        }
        Event::ScheduleRemoved { schedule } => (Role::Muted, format!("schedule {schedule} counts no more")),
        Event::Overridden { schedule, over } => {
            (Role::Owned, format!("{} stands in on {schedule} (override {})", over.person, over.id))
        }
        Event::OverrideEnded { schedule, id } => (Role::Muted, format!("override {id} of {schedule} ended")),
        Event::HandOverOffered { from, to, .. } => {
            (Role::Owned, format!("{from} hands over to {to}, not accepted yet"))
        }
        Event::HandOverEnded { from, to, accepted: true } => (Role::Owned, format!("{to} took over what {from} had")),
        Event::HandOverEnded { from, to, accepted: false } => {
            (Role::Muted, format!("{from} hands over to {to} no more"))
        }
    }
}

fn identity_words(event: &identity::Event) -> String {
    match event {
        identity::Event::TokenCreated(token) => format!("token {} made, role {}", token.id, token.role),
        identity::Event::TokenEnded { token, status } => format!("token {token} {}", status.word()),
        identity::Event::Recorded(identity) => {
            format!("identity {} recorded: {}, {}", identity.id, identity.name.as_str(), identity.role)
        }
        identity::Event::Revoked { identity } => format!("identity {identity} revoked"),
        identity::Event::TokenArchived { token } => format!("token {token} archived"),
        identity::Event::Archived { identity } => format!("identity {identity} archived"),
        identity::Event::RoleChanged { identity, role } => format!("identity {identity} is {role} now"),
        identity::Event::Renewed { identity, .. } => format!("identity {identity} renewed its certificate"),
    }
}
