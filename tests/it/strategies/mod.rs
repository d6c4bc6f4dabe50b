//! Any entity, event, entry, fact and assignment, for properties.
//!
//! What is put together is boxed: such value trees are too large for the stack of a test thread.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use watchfloor::fleet::alerts::{
    self, Acknowledgement, Alert, Escalation, External, Hold, NextNotice, Plan, Reminder, Snooze, Subject, Told, Until,
    ValueLimit,
};
use watchfloor::fleet::backups::{self, Cell, Days, Found, Trouble};
use watchfloor::fleet::checks::{self, CheckStatus};
use watchfloor::fleet::commands::{self, Argv, Asked, Command, Kept, OutcomeState, Report};
use watchfloor::fleet::configuration::{AssignedBackup, AssignedCheck, Assignment, CheckKind, Layer, Provenance};
use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::hosts::vitals::{
    Cpu, DiskRates, FileSystem, InterfaceRates, Load, Memory, OsFacts, Pressure, Process, Stall, Swap, Vitals,
};
use watchfloor::fleet::hosts::{self, Client, Host, HostState, Site};
use watchfloor::fleet::identity::{self, Audience, Hands, Identity, Role, Token, TokenStatus};
use watchfloor::fleet::notices::{self, Notice};
use watchfloor::fleet::oncall;
use watchfloor::fleet::pings::{self, Ping};
use watchfloor::fleet::profile::{self, Profile};
use watchfloor::fleet::state::{Actor, Cause, Entry, Event};
use watchfloor::fleet::words::{
    ActionId, AlertId, BackupTool, BlobId, CheckName, CheckState, ClientId, CommandId, FleetId, HostClass, HostId,
    IdentityId, JobId, JobName, NoticeId, PingName, Revision, SafeText, Severity, SiteId, StreamId, Timestamp, TokenId,
    WindowId,
};
use watchfloor::wire::backups::BackupReading;
use watchfloor::wire::checks::CheckReading;

mod telling;

pub use telling::{duty, notice_event, oncall_event, person, ping, ping_event, policy};

/// Few, so that events meet.
pub const CLIENTS: [&str; 3] = ["acme", "bolt.example", "c_3"];

/// Words of people and programs, hostile ones among them, made safe.
pub fn text() -> BoxedStrategy<SafeText> {
    prop_oneof![
        4 => "[ -~]{0,24}",
        1 => "\\PC{0,16}",
        1 => any::<String>(),
        1 => Just("\u{1b}]0;owned\u{7} \u{202e}gpj.exe\u{200b}e\u{301}".to_owned()),
    ]
    .prop_map(|text| SafeText::new(&text))
    .boxed()
}

pub fn plain_text() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.as_str().to_owned())
}

pub fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![4 => 0..4_000_000_000_000_i64, 1 => any::<i64>()].prop_map(Timestamp)
}

pub fn number() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..20_u64, 1 => any::<u64>()]
}

pub fn client_id() -> impl Strategy<Value = ClientId> {
    select(&CLIENTS[..]).prop_map(ClientId::from)
}

pub fn site_id() -> impl Strategy<Value = SiteId> {
    select(&["hq", "depot"][..]).prop_map(SiteId::from)
}

pub fn check_name() -> impl Strategy<Value = CheckName> {
    select(&["cpu", "disk-var", "http_8080"][..]).prop_map(CheckName::from)
}

pub fn tags() -> impl Strategy<Value = Vec<String>> {
    vec("[a-z0-9][a-zA-Z0-9._-]{0,10}", 0..3)
}

pub fn hash() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

pub fn class() -> impl Strategy<Value = HostClass> {
    select(&HostClass::ALL[..])
}

pub fn host_state() -> impl Strategy<Value = HostState> {
    select(&HostState::WORST_FIRST[..])
}

pub fn check_state() -> impl Strategy<Value = CheckState> {
    select(&CheckState::ALL[..])
}

pub fn role() -> impl Strategy<Value = Role> {
    select(&Role::ALL[..])
}

pub fn hands() -> impl Strategy<Value = Hands> {
    select(&Hands::ALL[..])
}

pub fn token_status() -> impl Strategy<Value = TokenStatus> {
    select(&[TokenStatus::Open, TokenStatus::Spent, TokenStatus::Revoked][..])
}

pub fn profile() -> BoxedStrategy<Profile> {
    ("[a-z2-7]{10}", text(), option::of(hash()), option::of(time()), time(), option::of(time()), text())
        .prop_map(|(id, name, configuration, configured_at, started_at, waits_until, hub_version)| Profile {
            id: FleetId::new(id),
            name,
            configuration,
            configured_at,
            started_at,
            waits_until,
            hub_version,
        })
        .boxed()
}

pub fn client() -> BoxedStrategy<Client> {
    (client_id(), text(), text(), text(), text(), any::<bool>())
        .prop_map(|(id, name, contact, line, contract, configured)| Client {
            id,
            name,
            contact,
            line,
            contract,
            configured,
        })
        .boxed()
}

pub fn site() -> BoxedStrategy<Site> {
    (client_id(), site_id(), text(), text(), any::<bool>())
        .prop_map(|(client, id, name, line, configured)| Site { client, id, name, line, configured })
        .boxed()
}

pub fn os_facts() -> BoxedStrategy<OsFacts> {
    ((text(), text(), text(), text(), text(), text()), any::<u32>(), any::<u64>(), option::of(text()), text())
        .prop_map(|((hostname, os_name, os_version, kernel, arch, cpu_model), cores, memory, virtualization, agent)| {
            OsFacts {
                hostname,
                os_name,
                os_version,
                kernel,
                arch,
                cpu_model,
                cores,
                memory,
                virtualization,
                agent_version: agent,
            }
        })
        .boxed()
}

pub fn host() -> BoxedStrategy<Host> {
    (
        (number(), text(), client_id(), site_id(), class(), tags()),
        (host_state(), time(), plain_text(), option::of(os_facts())),
        (time(), number(), option::of(time()), any::<bool>()),
    )
        .prop_map(
            |(
                (id, name, client, site, class, tags),
                (state, state_since, state_reason, os),
                (enrolled_at, identity, last_seen, synthetic),
            )| Host {
                id: HostId(id),
                name,
                client,
                site,
                class,
                tags,
                state,
                state_since,
                state_reason,
                os,
                enrolled_at,
                identity: IdentityId(identity),
                last_seen,
                synthetic,
            },
        )
        .boxed()
}

pub fn check_status() -> BoxedStrategy<CheckStatus> {
    (
        (number(), check_name(), check_state(), any::<bool>(), any::<u32>(), any::<u32>()),
        (any::<bool>(), time(), text(), text(), number(), option::of(hash())),
        (any::<u32>(), time(), time(), any::<bool>()),
    )
        .prop_map(
            |(
                (host, check, state, hard, attempt, max_attempts),
                (stale, since, summary, perfdata, interval_ms, output),
                (ring, changed_at, measured_at, flapping),
            )| CheckStatus {
                host: HostId(host),
                check,
                state,
                hard,
                attempt,
                max_attempts,
                stale,
                since,
                summary,
                perfdata,
                interval_ms,
                output: output.map(BlobId),
                ring,
                changed_at,
                measured_at,
                flapping,
            },
        )
        .boxed()
}

pub fn check_reading() -> BoxedStrategy<CheckReading> {
    (check_name(), check_state(), text(), text(), time())
        .prop_map(|(check, state, summary, perfdata, at)| CheckReading { check, state, summary, perfdata, at })
        .boxed()
}

pub fn subject() -> BoxedStrategy<Subject> {
    prop_oneof![
        (number(), check_name()).prop_map(|(host, check)| Subject::Check { host: HostId(host), check }),
        number().prop_map(|host| Subject::Host(HostId(host))),
        site_id().prop_map(Subject::Site),
        text().prop_map(Subject::Backup),
        (text(), text()).prop_map(|(source, fingerprint)| Subject::External { source, fingerprint }),
    ]
    .boxed()
}

pub fn acknowledgement() -> BoxedStrategy<Acknowledgement> {
    let until = prop_oneof![Just(Until::Worse), Just(Until::Resolved), time().prop_map(Until::Time)];
    (text(), time(), until, text(), check_state(), option::of(time()), option::of(value_limit()))
        .prop_map(|(by, at, until, note, level, expires, limit)| Acknowledgement {
            by,
            at,
            until,
            note,
            level,
            expires,
            limit,
        })
        .boxed()
}

pub fn value_limit() -> BoxedStrategy<ValueLimit> {
    (text(), any::<i64>(), any::<bool>())
        .prop_map(|(label, thousandths, below)| ValueLimit { label, thousandths, below })
        .boxed()
}

pub fn hold() -> BoxedStrategy<Hold> {
    prop_oneof![
        number().prop_map(|window| Hold::Maintenance(WindowId(window))),
        number().prop_map(|alert| Hold::Parent(AlertId(alert))),
        Just(Hold::Flapping),
        Just(Hold::Healing),
    ]
    .boxed()
}

pub fn plan() -> BoxedStrategy<Plan> {
    let next = (time(), any::<u32>(), any::<u32>(), vec(text(), 0..3)).prop_map(|(at, step, round, to)| NextNotice {
        at,
        step,
        round,
        to,
    });
    (text(), option::of(next), text()).prop_map(|(policy, next, why)| Plan { policy, next, why }).boxed()
}

fn told() -> BoxedStrategy<Told> {
    (text(), time(), any::<u32>()).prop_map(|(to, at, step)| Told { to, at, step }).boxed()
}

pub fn reminder() -> BoxedStrategy<Reminder> {
    (time(), text(), text()).prop_map(|(at, by, text)| Reminder { at, by, text }).boxed()
}

pub fn snooze() -> BoxedStrategy<Snooze> {
    (text(), time(), time(), text(), check_state())
        .prop_map(|(by, at, until, note, level)| Snooze { by, at, until, note, level })
        .boxed()
}

pub fn escalation() -> BoxedStrategy<Escalation> {
    (any::<u32>(), time(), text(), number())
        .prop_map(|(step, at, by, revision)| Escalation { step, at, by, revision: Revision(revision) })
        .boxed()
}

pub fn external() -> BoxedStrategy<Arc<External>> {
    let pairs = || vec((text(), text()), 0..4);
    (pairs(), pairs(), text(), time(), option::of(time()))
        .prop_map(|(labels, annotations, url, starts_at, ends_at)| {
            let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let annotations = annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            Arc::new(External::new(labels, annotations, url.as_str(), starts_at, ends_at))
        })
        .boxed()
}

pub fn alert() -> BoxedStrategy<Alert> {
    (
        (number(), client_id(), option::of(site_id()), option::of(number()), subject(), check_state(), text()),
        (time(), time(), option::of(time()), any::<bool>(), any::<u32>(), option::of(text())),
        (option::of(acknowledgement()), option::of(snooze()), option::of(escalation()), number(), number()),
        (vec(hold(), 0..3), option::of(plan()), vec(told(), 0..3), vec(reminder(), 0..3)),
        option::of(external()),
    )
        .prop_map(
            |(
                (id, client, site, host, subject, level, summary),
                (opened_at, level_since, resolved_at, closed_by_hand, count, last_note),
                (acknowledgement, snooze, escalation, changed, worsened),
                (mut holds, plan, told, reminders),
                external,
            )| {
                holds.sort_unstable();
                holds.dedup();
                Alert {
                    id: AlertId(id),
                    client,
                    site,
                    host: host.map(HostId),
                    subject,
                    level,
                    summary,
                    opened_at,
                    level_since,
                    resolved_at,
                    closed_by_hand,
                    acknowledgement,
                    snooze,
                    escalation,
                    count,
                    last_note,
                    changed: Revision(changed),
                    worsened: Revision(worsened),
                    holds,
                    plan: plan.map(Box::new),
                    told,
                    reminders,
                    external,
                }
            },
        )
        .boxed()
}

pub fn identity() -> BoxedStrategy<Identity> {
    (
        (number(), text(), role(), option::of(client_id()), option::of(number())),
        (time(), time(), option::of(time()), hash()),
    )
        .prop_map(|((id, name, role, client, host), (recorded_at, not_after, revoked_at, key_hash))| Identity {
            id: IdentityId(id),
            name,
            role,
            client,
            host: host.map(HostId),
            recorded_at,
            not_after,
            revoked_at,
            key_hash,
        })
        .boxed()
}

pub fn token() -> BoxedStrategy<Token> {
    (
        (number(), hash(), role(), option::of(client_id()), option::of(site_id()), class()),
        (option::of(text()), tags(), hands(), time(), option::of(time()), text(), token_status()),
    )
        .prop_map(
            |(
                (id, secret_hash, role, client, site, class),
                (name, tags, hands, created_at, expires_at, created_by, status),
            )| Token {
                id: TokenId(id),
                secret_hash,
                role,
                client,
                site,
                class,
                name,
                tags,
                hands,
                created_at,
                expires_at,
                created_by,
                status,
            },
        )
        .boxed()
}

pub fn profile_event() -> BoxedStrategy<profile::Event> {
    use profile::Event;
    prop_oneof![
        (text(), time()).prop_map(|(version, waits_until)| Event::HubStarted { version, waits_until }),
        Just(Event::JudgingBegan),
        any::<i64>().prop_map(|by_ms| Event::ClockJumped { by_ms }),
        (text(), option::of(number()), text(), text(), any::<u32>()).prop_map(|(who, identity, what, why, count)| {
            Event::Refused { who, identity: identity.map(IdentityId), what, why, count }
        }),
        (hash(), vec(text(), 0..4)).prop_map(|(hash, changes)| Event::ConfigurationApplied { hash, changes }),
        text().prop_map(|name| Event::Renamed { name }),
    ]
    .boxed()
}

pub fn host_event() -> BoxedStrategy<hosts::Event> {
    use hosts::Event;
    let host = || number().prop_map(HostId);
    prop_oneof![
        client().prop_map(Event::ClientDescribed),
        site().prop_map(Event::SiteDescribed),
        (host(), text(), client_id(), site_id(), class(), tags(), number(), any::<bool>()).prop_map(
            |(host, name, client, site, class, tags, identity, synthetic)| Event::Enrolled {
                host,
                name,
                client,
                site,
                class,
                tags,
                identity: IdentityId(identity),
                synthetic,
            }
        ),
        (host(), os_facts()).prop_map(|(host, os)| Event::Described { host, os }),
        (host(), host_state(), plain_text(), option::of(time()))
            .prop_map(|(host, state, reason, last_seen)| Event::StateChanged { host, state, reason, last_seen }),
        host().prop_map(|host| Event::Retired { host }),
        host().prop_map(|host| Event::Archived { host }),
        (host(), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(host, stream, from, to)| Event::FactsLost {
            host,
            stream: StreamId(stream),
            from,
            to,
        }),
    ]
    .boxed()
}

pub fn check_event() -> BoxedStrategy<checks::Event> {
    use checks::Event;
    let host = || number().prop_map(HostId);
    prop_oneof![
        (check_status(), time()).prop_map(|(status, measured_at)| Event::Changed {
            host: status.host,
            check: status.check,
            state: status.state,
            hard: status.hard,
            attempt: status.attempt,
            max_attempts: status.max_attempts,
            summary: status.summary,
            perfdata: status.perfdata,
            interval_ms: status.interval_ms,
            output: status.output,
            measured_at,
            ring: status.ring,
        }),
        (host(), check_name(), any::<bool>()).prop_map(|(host, check, flapping)| Event::Flapping {
            host,
            check,
            flapping
        }),
        (host(), check_name(), any::<bool>()).prop_map(|(host, check, stale)| Event::Stale { host, check, stale }),
        (host(), check_name()).prop_map(|(host, check)| Event::Removed { host, check }),
        (host(), option::of(check_name())).prop_map(|(host, check)| Event::Asked { host, check }),
    ]
    .boxed()
}

pub fn alert_event() -> BoxedStrategy<alerts::Event> {
    use alerts::Event;
    let id = || number().prop_map(AlertId);
    prop_oneof![
        3 => (id(), client_id(), option::of(site_id()), option::of(number()), subject(), check_state(), text()).prop_map(
            |(alert, client, site, host, subject, level, summary)| {
                Event::Opened { alert, client, site, host: host.map(HostId), subject, level, summary }
            }
        ),
        1 => (id(), check_state(), text()).prop_map(|(alert, level, summary)| Event::Reopened { alert, level, summary }),
        1 => (id(), check_state(), text(), any::<bool>())
            .prop_map(|(alert, level, summary, worse)| Event::LevelChanged { alert, level, summary, worse }),
        1 => (id(), any::<bool>(), option::of(text()))
            .prop_map(|(alert, by_hand, note)| Event::Resolved { alert, by_hand, note }),
        1 => (id(), acknowledgement()).prop_map(|(alert, acknowledgement)| Event::Acknowledged { alert, acknowledgement }),
        1 => (id(), plain_text()).prop_map(|(alert, why)| Event::AcknowledgementEnded { alert, why }),
        1 => (id(), snooze()).prop_map(|(alert, snooze)| Event::Snoozed { alert, snooze }),
        1 => id().prop_map(|alert| Event::SnoozeEnded { alert }),
        1 => (id(), escalation(), option::of(text()))
            .prop_map(|(alert, escalation, note)| Event::Escalated { alert, escalation, note }),
        1 => (id(), text(), option::of(text()), option::of(text()))
            .prop_map(|(alert, by, to, note)| Event::Released { alert, by, to, note }),
        1 => (id(), text(), text()).prop_map(|(alert, by, note)| Event::Noted { alert, by, note }),
        1 => id().prop_map(|alert| Event::Archived { alert }),
        1 => (id(), hold()).prop_map(|(alert, hold)| Event::Held { alert, hold }),
        1 => (id(), hold()).prop_map(|(alert, hold)| Event::HoldEnded { alert, hold }),
        1 => (id(), plan()).prop_map(|(alert, plan)| Event::Planned { alert, plan: Box::new(plan) }),
        1 => (id(), any::<u32>(), vec(number().prop_map(NoticeId), 0..3), vec(text(), 0..3), plan()).prop_map(
            |(alert, step, notices, to, plan)| Event::Notified { alert, step, notices, to, plan: Box::new(plan) }
        ),
        1 => (id(), vec(number().prop_map(NoticeId), 0..3))
            .prop_map(|(alert, notices)| Event::RecoveryTold { alert, notices }),
        1 => (id(), reminder())
            .prop_map(|(alert, reminder)| Event::ReminderSet { alert, reminder: Box::new(reminder) }),
        1 => (id(), time(), text(), any::<bool>())
            .prop_map(|(alert, at, by, came)| Event::ReminderEnded { alert, at, by, came }),
        1 => (id(), external()).prop_map(|(alert, external)| Event::Described { alert, external }),
    ]
    .boxed()
}

pub fn identity_event() -> BoxedStrategy<identity::Event> {
    use identity::Event;
    let id = || number().prop_map(IdentityId);
    prop_oneof![
        token().prop_map(Event::TokenCreated),
        (number(), token_status()).prop_map(|(token, status)| Event::TokenEnded { token: TokenId(token), status }),
        identity().prop_map(Event::Recorded),
        id().prop_map(|identity| Event::Revoked { identity }),
        id().prop_map(|identity| Event::Archived { identity }),
        number().prop_map(|token| Event::TokenArchived { token: TokenId(token) }),
        (id(), role()).prop_map(|(identity, role)| Event::RoleChanged { identity, role }),
        (id(), time(), hash()).prop_map(|(identity, not_after, key_hash)| Event::Renewed {
            identity,
            not_after,
            key_hash
        }),
    ]
    .boxed()
}

pub fn outcome_state() -> impl Strategy<Value = OutcomeState> {
    select(&OutcomeState::ALL[..])
}

pub fn command() -> BoxedStrategy<Command> {
    let argv = ("[ -~]{1,12}", vec("\\PC{0,12}", 0..4))
        .prop_map(|(program, arguments)| Argv::new(std::iter::once(program).chain(arguments).collect()).unwrap());
    (number(), any::<u128>(), argv, any::<bool>(), text(), time(), any::<u32>(), any::<u32>())
        .prop_map(|(id, key, argv, shell, by, asked_at, window, timeout)| {
            let timeout = Duration::from_millis(timeout.into());
            let asked = Asked { key: ActionId(key), argv, shell, by, asked_at, window, timeout };
            Command::new(CommandId(id), asked)
        })
        .boxed()
}

fn kept() -> impl Strategy<Value = Kept> {
    (option::of(hash()), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(blob, printed, kept, shape)| Kept {
        blob: blob.map(BlobId),
        printed,
        kept,
        shape,
    })
}

pub fn report() -> BoxedStrategy<Report> {
    let took = option::of(any::<u32>().prop_map(|ms| Duration::from_millis(ms.into())));
    (outcome_state(), option::of(any::<i32>()), option::of(any::<i32>()), kept(), kept(), text(), took)
        .prop_map(|(state, code, signal, stdout, stderr, why, took)| Report {
            state,
            code,
            signal,
            stdout,
            stderr,
            why,
            took,
        })
        .boxed()
}

pub fn command_event() -> BoxedStrategy<commands::Event> {
    use commands::Event;
    let id = || number().prop_map(CommandId);
    let hosts = || vec(number().prop_map(HostId), 0..4);
    prop_oneof![
        3 => (command(), client_id(), hosts()).prop_map(|(command, client, hosts)| Event::Asked {
            command,
            client,
            hosts
        }),
        3 => (id(), outcome_state(), hosts(), text()).prop_map(|(command, state, hosts, why)| Event::Changed {
            command,
            state,
            hosts,
            why
        }),
        3 => (id(), number(), report()).prop_map(|(command, host, report)| Event::Reported {
            command,
            host: HostId(host),
            report
        }),
        1 => (id(), hosts(), text()).prop_map(|(command, hosts, by)| Event::CancelAsked { command, hosts, by }),
        1 => id().prop_map(|command| Event::Archived { command }),
    ]
    .boxed()
}

pub fn job_name() -> impl Strategy<Value = JobName> {
    "[a-z0-9][a-zA-Z0-9._-]{0,12}".prop_map(JobName::new)
}

pub fn trouble() -> impl Strategy<Value = Trouble> {
    select(&Trouble::ALL[..])
}

pub fn days() -> impl Strategy<Value = Days> {
    let cells = [Cell::Nothing, Cell::Whole, Cell::Partial, Cell::Failed, Cell::Pruned];
    (0..30_000_i32, vec(select(cells.to_vec()), 0..100)).prop_map(|(first, cells)| Days::new(first, cells))
}

pub fn found() -> BoxedStrategy<Found> {
    let moments = (option::of(time()), option::of(time()), option::of(time()));
    let path = text().prop_filter("a path has letters", |path| !path.as_str().is_empty());
    let words = (option::of(trouble()), text(), option::of(path));
    (time(), words, any::<u64>(), moments, option::of(any::<u64>()), option::of(any::<u64>()))
        .prop_map(|(at, (trouble, words, missing), restorable, (newest, freshest, oldest), size, added)| Found {
            at,
            trouble,
            words,
            restorable,
            newest,
            freshest,
            oldest,
            missing,
            size,
            added,
        })
        .boxed()
}

pub fn backup_description() -> BoxedStrategy<backups::Description> {
    let place = (option::of(client_id()), option::of(site_id()), option::of(number().prop_map(HostId)), text());
    let spans = (any::<u32>(), any::<u32>());
    (number(), job_name(), place, select(&BackupTool::ALL[..]), text(), vec(text(), 0..3), spans)
        .prop_map(|(id, name, (client, site, host, host_name), tool, repository, paths, (every, grace))| {
            backups::Description {
                id: JobId(id),
                name,
                client,
                site,
                host,
                host_name,
                tool,
                repository,
                paths,
                every: Duration::from_millis(every.into()),
                grace: Duration::from_millis(grace.into()),
            }
        })
        .boxed()
}

fn alarm() -> impl Strategy<Value = Option<CheckState>> {
    option::of(select(&[CheckState::Unknown, CheckState::Warning, CheckState::Critical][..]))
}

pub fn backup_job() -> BoxedStrategy<backups::Job> {
    let judged = (select(&backups::State::ALL[..]), time(), text(), alarm(), option::of(time()));
    let reviews = vec((text(), time()).prop_map(|(by, at)| backups::Review { by, at }), 0..3);
    let read = (option::of(found()), option::of(time()), days(), option::of(hash()));
    (backup_description(), time(), read, judged, reviews)
        .prop_map(|(description, described_at, (found, last_success, days, output), judged, reviews)| {
            let (state, since, why, alarm, spared_until) = judged;
            backups::Job {
                description,
                described_at,
                found,
                last_success,
                state,
                since,
                why,
                alarm,
                spared_until,
                days,
                output: output.map(BlobId),
                reviews,
            }
        })
        .boxed()
}

pub fn backup_reading() -> BoxedStrategy<BackupReading> {
    let at = option::of(time().prop_filter("0 is never", |at| at.0 != 0));
    let interval = (0..=watchfloor::wire::limits::INTERVAL_MAX_MS).prop_map(Duration::from_millis);
    (job_name(), at, option::of((trouble(), text())), interval)
        .prop_map(|(job, at, trouble, interval)| BackupReading { job, at, trouble, interval })
        .boxed()
}

pub fn backup_event() -> BoxedStrategy<backups::Event> {
    use backups::Event;
    let id = || number().prop_map(JobId);
    prop_oneof![
        3 => backup_description().prop_map(|job| Event::Described(Box::new(job))),
        1 => id().prop_map(|job| Event::Removed { job }),
        3 => (id(), found(), days(), option::of(hash())).prop_map(|(job, found, days, output)| Event::Read {
            job,
            found: Box::new(found),
            days,
            output: output.map(BlobId)
        }),
        3 => (id(), select(&backups::State::ALL[..]), text(), alarm(), option::of(time())).prop_map(
            |(job, state, why, alarm, spared_until)| Event::Judged { job, state, why, alarm, spared_until }
        ),
        2 => (id(), text()).prop_map(|(job, by)| Event::Reviewed { job, by }),
        1 => id().prop_map(|job| Event::Asked { job }),
    ]
    .boxed()
}

pub fn event() -> BoxedStrategy<Event> {
    prop_oneof![
        3 => profile_event().prop_map(Event::Profile),
        6 => host_event().prop_map(Event::Hosts),
        5 => check_event().prop_map(Event::Checks),
        9 => alert_event().prop_map(Event::Alerts),
        6 => command_event().prop_map(Event::Commands),
        5 => backup_event().prop_map(Event::Backups),
        4 => notice_event().prop_map(Event::Notices),
        4 => crate::window_strategies::window_event().prop_map(Event::Windows),
        5 => oncall_event().prop_map(Event::OnCall),
        2 => ping_event().prop_map(Event::Pings),
        4 => identity_event().prop_map(Event::Identity),
        1 => Just(Event::Unknown),
    ]
    .boxed()
}

pub fn audience() -> BoxedStrategy<Audience> {
    (select(&[Role::Viewer, Role::Operator, Role::Admin][..]), option::of(client_id()))
        .prop_map(|(role, client)| Audience { role, client })
        .boxed()
}

pub fn actor() -> BoxedStrategy<Actor> {
    let cause = prop_oneof![
        number().prop_map(|id| Cause::Identity(IdentityId(id))),
        Just(Cause::Local),
        Just(Cause::Rule),
        number().prop_map(|id| Cause::Host(HostId(id))),
        number().prop_map(|id| Cause::Receiver(NoticeId(id))),
    ];
    (cause, text()).prop_map(|(cause, name)| Actor { cause, name }).boxed()
}

pub fn entry() -> BoxedStrategy<Entry> {
    (number(), time(), actor(), vec((audience(), event()), 0..5))
        .prop_map(|(revision, at, actor, events)| Entry { revision: Revision(revision), at, actor, events })
        .boxed()
}

pub fn fact() -> BoxedStrategy<Fact> {
    let block = vec(text(), 0..4).prop_map(|lines| {
        let lines: Vec<&str> = lines.iter().map(SafeText::as_str).collect();
        SafeText::block(&lines.join("\n"))
    });
    let body = prop_oneof![
        (check_status(), block).prop_map(|(status, long_text)| FactBody::Check {
            name: status.check,
            state: status.state,
            hard: status.hard,
            attempt: status.attempt.max(1),
            max_attempts: status.max_attempts.max(1),
            summary: status.summary,
            long_text,
            perfdata: status.perfdata,
            interval_ms: status.interval_ms.clamp(1, watchfloor::wire::limits::INTERVAL_MAX_MS),
        }),
        os_facts().prop_map(FactBody::Described),
        check_name().prop_map(FactBody::Gone),
        (job_name(), found(), days(), any::<i32>(), text()).prop_map(|(job, found, days, today, long_text)| {
            FactBody::Backup { job, found: Box::new(found), days, today, long_text }
        }),
        (number(), any::<u128>(), report(), vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..40)).prop_map(
            |(command, key, report, stdout, stderr)| FactBody::Command {
                command: CommandId(command),
                key: ActionId(key),
                report,
                stdout,
                stderr,
            }
        ),
    ];
    (time(), body).prop_map(|(at, body)| Fact { at, body }).boxed()
}

fn interval() -> impl Strategy<Value = Duration> {
    (1..=watchfloor::wire::limits::INTERVAL_MAX_MS).prop_map(Duration::from_millis)
}

pub fn assignment() -> BoxedStrategy<Assignment> {
    let kind = prop_oneof![
        Just(CheckKind::Cpu),
        Just(CheckKind::Memory),
        Just(CheckKind::Swap),
        Just(CheckKind::Load),
        any::<String>().prop_map(|mount| CheckKind::Disk { mount }),
        any::<String>().prop_map(|name| CheckKind::Process { name }),
        (any::<String>(), vec(any::<String>(), 0..4)).prop_map(|(program, args)| CheckKind::Plugin { program, args }),
    ];
    let range = || option::of("[@~0-9:.]{1,12}");
    let source = ("[a-z]{1,8}\\.toml", any::<u32>(), select(&Layer::ALL[..]))
        .prop_map(|(file, line, layer)| Provenance { file, line, layer });
    let secret = option::of("[A-Z_]{1,8}");
    let backup = (
        (select(&BackupTool::ALL[..]), "[a-z/]{1,20}", secret, vec(any::<String>(), 0..3)),
        (interval(), any::<String>(), "[a-z]{1,8}\\.toml", any::<u32>()),
    )
        .prop_map(|((tool, repository, password, paths), (interval, host, file, line))| AssignedBackup {
            name: "x".into(),
            tool,
            repository,
            password,
            paths,
            interval,
            host,
            source: Provenance { file, line, layer: Layer::Host },
        });
    let backups = btree_map("[a-z0-9][a-zA-Z0-9._-]{0,12}", backup, 0..3).prop_map(|backups| {
        backups.into_iter().map(|(name, backup)| AssignedBackup { name: JobName::new(name), ..backup }).collect()
    });
    let check = (kind, interval(), interval(), 1..u32::MAX, interval(), range(), range(), source);
    (btree_map("[a-z0-9][a-zA-Z0-9._-]{0,12}", check, 0..6), interval(), interval(), backups)
        .prop_map(|(checks, sampling_interval, heartbeat, backups)| Assignment {
            backups,
            checks: checks
                .into_iter()
                .map(|(name, (kind, interval, retry_interval, attempts, timeout, warning, critical, source))| {
                    AssignedCheck {
                        name: CheckName::new(name),
                        kind,
                        interval,
                        retry_interval,
                        attempts,
                        timeout,
                        warning,
                        critical,
                        source,
                    }
                })
                .collect(),
            sampling_interval,
            heartbeat,
        })
        .boxed()
}

pub fn vitals() -> BoxedStrategy<Vitals> {
    let share = || option::of(0.0..=1.0_f32);
    let rate = || 0.0..1e12_f64;
    let cpu = (share(), share(), share(), vec(0.0..=1.0_f32, 0..5)).prop_map(|(busy, waiting, stolen, cores)| Cpu {
        busy,
        waiting,
        stolen,
        cores,
    });
    let stall = || {
        option::of((0.0..=100.0_f32, option::of(0.0..=100.0_f32)))
            .prop_map(|stall| stall.map(|(some_avg10, full_avg10)| Stall { some_avg10, full_avg10 }))
    };
    let load = option::of((0.0..1e4_f32, 0.0..1e4_f32, 0.0..1e4_f32))
        .prop_map(|load| load.map(|(one, five, fifteen)| Load { one, five, fifteen }));
    let file_system = (text(), text(), any::<[u64; 5]>(), any::<bool>()).prop_map(
        |(mount, fs_type, [total, used, available, inodes_total, inodes_used], read_only)| FileSystem {
            mount,
            fs_type,
            total,
            used,
            available,
            inodes_total,
            inodes_used,
            read_only,
        },
    );
    let disk = (text(), rate(), rate(), 0.0..=1.0_f32).prop_map(|(device, read, written, busy)| DiskRates {
        device,
        read,
        written,
        busy,
    });
    let interface = (text(), rate(), rate(), rate()).prop_map(|(interface, received, sent, errors)| InterfaceRates {
        interface,
        received,
        sent,
        errors,
    });
    let process =
        || {
            (any::<u32>(), text(), option::of(0.0..64.0_f32), any::<u64>())
                .prop_map(|(pid, name, cpu, resident)| Process { pid, name, cpu, resident })
        };
    (
        (cpu, any::<[u64; 5]>(), load, stall(), stall(), stall()),
        (vec(file_system, 0..3), vec(disk, 0..3), vec(interface, 0..3)),
        (any::<u64>(), option::of(time()), any::<u32>(), vec(process(), 0..5), vec(process(), 0..5)),
    )
        .prop_map(
            |(
                (cpu, [total, used, available, swap_total, swap_used], load, cpu_stall, memory_stall, io_stall),
                (file_systems, disks, interfaces),
                (uptime_seconds, booted_at, process_count, top_by_cpu, top_by_memory),
            )| Vitals {
                cpu,
                memory: Memory { total, used, available },
                swap: Swap { total: swap_total, used: swap_used },
                load,
                pressure: Pressure { cpu: cpu_stall, memory: memory_stall, io: io_stall },
                file_systems,
                disks,
                interfaces,
                uptime_seconds,
                booted_at,
                process_count,
                top_by_cpu,
                top_by_memory,
            },
        )
        .boxed()
}
