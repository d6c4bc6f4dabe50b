//! A day of a small fleet with every kind of event in it, the same whenever it is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use watchfloor::fleet::alerts::{
    self, Acknowledgement, Escalation, External, Hold, NextNotice, Plan, Reminder, Snooze, Subject, Until, ValueLimit,
};
use watchfloor::fleet::backups::{self, Cell, Days, Trouble};
use watchfloor::fleet::commands::{Argv, Asked, Command, Kept, OutcomeState, Report};
use watchfloor::fleet::hosts::vitals::OsFacts;
use watchfloor::fleet::hosts::{self, Client, HostState, Site};
use watchfloor::fleet::identity::{self, Audience, Hands, Identity, Role, Token, TokenStatus};
use watchfloor::fleet::notices::{self, Notice};
use watchfloor::fleet::state::{Actor, Cause, Entry, Event};
use watchfloor::fleet::windows::{self, Matcher, Occurrence, Recurrence, Scope, Times, Window, Zone};
use watchfloor::fleet::words::filter::Filter;
use watchfloor::fleet::words::{
    ActionId, AlertId, BackupTool, BlobId, CheckName, CheckState, ClientId, CommandId, HostClass, HostId, IdentityId,
    JobId, NoticeId, Revision, SafeText, Severity, SiteId, StreamId, Timestamp, TokenId, WindowId,
};
use watchfloor::fleet::{checks, commands, oncall, pings, profile};

const DAWN: i64 = 1_767_250_800_000;
const WEB: HostId = HostId(1);
const DESK: HostId = HostId(2);

/// The entries of that day.
pub fn entries() -> Vec<Entry> {
    let mut story = Story { entries: Vec::new() };
    story.fleet_begins();
    story.hosts_join();
    story.something_breaks();
    story.it_is_handled();
    story.people_are_told();
    story.maintenance_is_planned();
    story.a_command_is_sent();
    story.backups_are_kept();
    story.duty_goes_round();
    story.jobs_ping();
    story.the_day_ends();
    story.entries
}

struct Story {
    entries: Vec<Entry>,
}

impl Story {
    fn now(&self) -> Timestamp {
        Timestamp(DAWN + 60_000 * (self.entries.len() as i64 + 1))
    }

    fn tell(&mut self, cause: Cause, name: &str, events: Vec<(Audience, Event)>) {
        let revision = Revision(self.entries.len() as u64 + 1);
        let (at, actor) = (self.now(), Actor { cause, name: text(name) });
        self.entries.push(Entry { revision, at, actor, events });
    }

    fn by_rule(&mut self, rule: &str, events: Vec<(Audience, Event)>) {
        self.tell(Cause::Rule, rule, events);
    }

    fn by_person(&mut self, events: Vec<(Audience, Event)>) {
        self.tell(Cause::Identity(IdentityId(3)), "mara", events);
    }

    fn by_host(&mut self, events: Vec<(Audience, Event)>) {
        self.tell(Cause::Host(WEB), "web-01", events);
    }

    fn fleet_begins(&mut self) {
        let waits_until = Timestamp(DAWN + 80_000);
        let started = profile::Event::HubStarted { version: text("0.1.0"), waits_until };
        self.by_rule("start", vec![fleet(started)]);
        let configured = profile::Event::ConfigurationApplied {
            hash: [0xc0; 32],
            changes: vec![text("fleet.toml:1 named north"), text("checks.toml:7 disk warns at 80")],
        };
        let renamed = profile::Event::Renamed { name: text("north") };
        let described = Client {
            id: acme(),
            name: text("Acme Corp"),
            contact: text("Jo +1 555 0100"),
            line: text("fibre 4711"),
            contract: text("gold"),
            configured: true,
        };
        let place = Site { client: acme(), id: hq(), name: text("Head office"), line: text("4711"), configured: true };
        self.tell(
            Cause::Local,
            "local:root",
            vec![
                fleet(configured),
                fleet(renamed),
                of_acme(Event::Hosts(hosts::Event::ClientDescribed(described))),
                of_acme(Event::Hosts(hosts::Event::SiteDescribed(place))),
            ],
        );
        self.by_rule("start", vec![fleet(profile::Event::JudgingBegan)]);
        self.by_rule("clock", vec![fleet(profile::Event::ClockJumped { by_ms: -7_200_000 })]);
    }

    fn hosts_join(&mut self) {
        let token = |id, role, status| Token {
            id: TokenId(id),
            secret_hash: [u8::try_from(id).unwrap_or(0); 32],
            role,
            client: Some(acme()),
            site: Some(hq()),
            class: HostClass::Server,
            name: None,
            tags: vec!["db".to_owned(), "web".to_owned()],
            hands: Hands::Listed,
            created_at: Timestamp(DAWN),
            expires_at: (role == Role::Agent).then_some(Timestamp(DAWN + 900_000)),
            created_by: text("local:root"),
            status,
        };
        self.tell(
            Cause::Local,
            "local:root",
            vec![
                registry(identity::Event::TokenCreated(token(1, Role::Agent, TokenStatus::Open))),
                registry(identity::Event::TokenCreated(token(2, Role::Reader, TokenStatus::Open))),
            ],
        );
        self.tell(
            Cause::Identity(IdentityId(1)),
            "web-01",
            vec![
                registry(identity::Event::TokenEnded { token: TokenId(1), status: TokenStatus::Spent }),
                registry(identity::Event::Recorded(self.holder(1, "web-01", Role::Agent, Some(WEB)))),
                of_acme(Event::Hosts(enrolled(WEB, "web-01", HostClass::Server, 1, false))),
            ],
        );
        self.tell(
            Cause::Local,
            "local:root",
            vec![
                registry(identity::Event::Recorded(self.holder(2, "desk-7", Role::Agent, Some(DESK)))),
                of_acme(Event::Hosts(enrolled(DESK, "desk-7", HostClass::Workstation, 2, true))),
                registry(identity::Event::Recorded(self.holder(3, "mara", Role::Viewer, None))),
                registry(identity::Event::RoleChanged { identity: IdentityId(3), role: Role::Operator }),
            ],
        );
        let os = OsFacts {
            hostname: text("web-01.acme.example"),
            os_name: text("Debian GNU/Linux"),
            os_version: text("13 (trixie)"),
            kernel: text("6.12.0"),
            arch: text("x86_64"),
            cpu_model: text("Example CPU"),
            cores: 8,
            memory: 16 << 30,
            virtualization: Some(text("kvm")),
            agent_version: text("0.1.0"),
        };
        self.by_host(vec![
            of_acme(Event::Hosts(hosts::Event::Described { host: WEB, os })),
            of_acme(state(WEB, HostState::Up, "heard from", Some(self.now()))),
        ]);
        let lost = hosts::Event::FactsLost { host: WEB, stream: StreamId(0xfeed), from: 3, to: 9 };
        self.by_host(vec![of_acme(Event::Hosts(lost))]);
    }

    fn something_breaks(&mut self) {
        self.by_host(vec![of_acme(check("disk", CheckState::Warning, false, 1, "/ 84% used"))]);
        self.by_host(vec![
            of_acme(check("disk", CheckState::Critical, true, 3, "/ 97% used \u{1b}[31m")),
            of_acme(opened(1, Subject::Check { host: WEB, check: "disk".into() }, CheckState::Warning, "/ 84% used")),
            of_acme(Event::Alerts(alerts::Event::LevelChanged {
                alert: AlertId(1),
                level: CheckState::Critical,
                summary: text("/ 97% used"),
                worse: true,
            })),
        ]);
        self.by_rule(
            "presence",
            vec![
                of_acme(state(DESK, HostState::Silent, "no heartbeat for 20 s", None)),
                of_acme(state(DESK, HostState::Down, "silent past its limit", Some(self.now()))),
                of_acme(opened(2, Subject::Host(DESK), CheckState::Critical, "desk-7 is down")),
            ],
        );
        self.by_rule(
            "staleness",
            vec![
                of_acme(check("load", CheckState::Ok, true, 1, "0.3 a core")),
                of_acme(Event::Checks(checks::Event::Stale { host: WEB, check: "load".into(), stale: true })),
                of_acme(Event::Checks(checks::Event::Flapping { host: WEB, check: "load".into(), flapping: true })),
                of_acme(opened(3, Subject::Site(hq()), CheckState::Unknown, "nothing answers at hq")),
                of_acme(opened(4, Subject::Backup(text("nightly")), CheckState::Warning, "late by 3 h")),
                of_acme(opened(
                    5,
                    Subject::External { source: text("ticketing"), fingerprint: text("T-1000") },
                    CheckState::Warning,
                    "queue is long",
                )),
            ],
        );
    }

    fn it_is_handled(&mut self) {
        let (now, by, id) = (self.now(), || text("mara"), AlertId);
        let ack = |until| Acknowledgement {
            by: by(),
            at: now,
            until,
            note: text("on it ✓"),
            level: CheckState::Warning,
            expires: None,
            limit: None,
        };
        self.by_person(vec![
            told(alerts::Event::Acknowledged { alert: id(1), acknowledgement: ack(Until::Worse) }),
            told(alerts::Event::Acknowledged { alert: id(2), acknowledgement: ack(Until::Resolved) }),
            told(alerts::Event::Acknowledged { alert: id(3), acknowledgement: ack(Until::Time(Timestamp(DAWN * 2))) }),
        ]);
        let escalation = Escalation { step: 1, at: now, by: by(), revision: Revision(0) };
        self.by_person(vec![
            told(alerts::Event::Escalated { alert: id(1), escalation, note: Some(text("customer is waiting")) }),
            told(alerts::Event::Noted { alert: id(1), by: by(), note: text("rotated logs") }),
            of_acme(Event::Checks(checks::Event::Asked { host: WEB, check: Some("disk".into()) })),
            of_acme(Event::Checks(checks::Event::Asked { host: WEB, check: None })),
        ]);
        let snooze = Snooze {
            by: by(),
            at: now,
            until: Timestamp(DAWN + 7_200_000),
            note: text("after lunch"),
            level: CheckState::Critical,
        };
        self.by_person(vec![
            told(alerts::Event::Snoozed { alert: id(3), snooze: snooze.clone() }),
            told(alerts::Event::Snoozed { alert: id(5), snooze }),
            told(alerts::Event::Released { alert: id(2), by: by(), to: Some(text("lee")), note: Some(text("yours")) }),
        ]);
        self.by_rule(
            "alerting",
            vec![
                told(alerts::Event::SnoozeEnded { alert: id(3) }),
                told(alerts::Event::AcknowledgementEnded { alert: id(3), why: "expired".to_owned() }),
                told(alerts::Event::Resolved { alert: id(1), by_hand: false, note: None }),
                told(alerts::Event::Reopened { alert: id(1), level: CheckState::Warning, summary: text("/ 86% used") }),
                told(alerts::Event::Resolved { alert: id(2), by_hand: true, note: Some(text("was unplugged")) }),
                told(alerts::Event::Archived { alert: id(4) }),
            ],
        );
        let labels = [("alertname", "QueueLong"), ("severity", "warning")];
        let annotations = [("summary", "the \"queue\" is long\nand grows")];
        let external = External::new(labels, annotations, "http://prometheus/graph?g0", now, Some(Timestamp(DAWN * 2)));
        self.by_rule(
            "alertmanager",
            vec![told(alerts::Event::Described { alert: id(5), external: Arc::new(external) })],
        );
    }

    fn maintenance_is_planned(&mut self) {
        let (now, id) = (self.now(), WindowId);
        let one = |from: i64| Occurrence { from: Timestamp(DAWN + from), until: Timestamp(DAWN + from + 7_200_000) };
        let weekly = "every Tue,Thu 22:00 for 4h Europe/Berlin from 2026-12-01 until 2027-06-30";
        let weekly = Recurrence::parse(weekly, &Zone::utc(), now).unwrap();
        let window = Window {
            id: id(1),
            name: text("switch swap"),
            scope: Scope::Filter(Filter::parse("client:acme host:web* not:check:disk").unwrap()),
            client: Some(acme()),
            times: Times::Once(one(0)),
            by: text("mara"),
            created_at: now,
            active: None,
            next: Some(one(0)),
            planned_at: now,
            looked_through: None,
            over: None,
            begun: 0,
            ledger: BTreeMap::new(),
        };
        let matchers = vec![
            Matcher::new("alertname", "disk|load", true, true).unwrap(),
            Matcher::new("client", "other", false, false).unwrap(),
        ];
        let silence = Window {
            id: id(2),
            name: text(""),
            scope: Scope::Matchers(matchers),
            client: None,
            times: Times::Recurring(Box::new(weekly)),
            ..window.clone()
        };
        let kept = |event| of_acme(Event::Windows(event));
        let all = |event| (Audience::EVERYONE, Event::Windows(event));
        self.by_person(vec![
            kept(windows::Event::Created(Box::new(window))),
            kept(windows::Event::Began { window: id(1), occurrence: one(0) }),
            told(alerts::Event::Held { alert: AlertId(1), hold: Hold::Maintenance(id(1)) }),
            kept(windows::Event::Looked { window: id(1), through: Some(AlertId(1)) }),
        ]);
        self.by_person(vec![
            all(windows::Event::Created(Box::new(silence))),
            kept(windows::Event::Changed { window: id(1), occurrence: one(60_000), by: text("lee") }),
        ]);
        self.by_rule(
            "windows",
            vec![
                kept(windows::Event::Looked { window: id(1), through: None }),
                all(windows::Event::Planned { window: id(2), next: Some(one(86_400_000)) }),
                all(windows::Event::Began { window: id(2), occurrence: one(86_400_000) }),
                all(windows::Event::Ended { window: id(2), next: Some(one(172_800_000)) }),
                kept(windows::Event::Ended { window: id(1), next: None }),
                told(alerts::Event::HoldEnded { alert: AlertId(1), hold: Hold::Maintenance(id(1)) }),
            ],
        );
        self.by_person(vec![all(windows::Event::Closed { window: id(2), by: text("mara"), note: Some(text("done")) })]);
        self.by_rule("archive", vec![all(windows::Event::Archived { window: id(2) })]);
    }

    fn people_are_told(&mut self) {
        let (now, id) = (self.now(), AlertId);
        let plan = |step, why: &str| {
            let next = NextNotice { at: Timestamp(DAWN * 2), step, round: 1, to: vec![text("schedule:night")] };
            Box::new(Plan { policy: text("default"), next: (step > 0).then_some(next), why: text(why) })
        };
        let notice = Notice {
            id: NoticeId(1),
            kind: notices::Kind::Problem,
            to: text("lee"),
            channels: vec![text("mail"), text("sms")],
            channel: 0,
            client: Some(acme()),
            severity: Severity::Critical,
            alerts: vec![id(2), id(1)],
            count: 2,
            step: 1,
            round: 1,
            note: text(""),
            queued_at: now,
            since: now,
            state: notices::State::Waiting,
            words: text(""),
        };
        let recovery =
            Notice { id: NoticeId(2), kind: notices::Kind::Recovery, client: None, channels: vec![], ..notice.clone() };
        let tells = |event| of_acme(Event::Notices(event));
        self.by_rule(
            "escalation",
            vec![
                told(alerts::Event::Planned { alert: id(1), plan: plan(1, "") }),
                tells(notices::Event::Queued(Box::new(notice))),
                told(alerts::Event::Notified {
                    alert: id(1),
                    step: 1,
                    notices: vec![NoticeId(1)],
                    to: vec![text("lee"), text("channel:wall")],
                    plan: plan(2, "nobody is on duty"),
                }),
                told(alerts::Event::Planned { alert: id(3), plan: plan(0, "no policy speaks of it") }),
            ],
        );
        self.by_rule(
            "notices",
            vec![
                tells(notices::Event::FellOver { notice: NoticeId(1), channel: 1, why: text("timed out") }),
                tells(notices::Event::Sent { notice: NoticeId(1), receipt: text("250 queued") }),
                tells(notices::Event::Delivered { notice: NoticeId(1), receipt: text("handset") }),
                tells(notices::Event::Answered { notice: NoticeId(1), by: text("lee"), how: text("link") }),
            ],
        );
        let all = |event| (Audience::of_all_clients(), Event::Notices(event));
        self.by_rule(
            "notices",
            vec![
                all(notices::Event::Queued(Box::new(recovery))),
                told(alerts::Event::RecoveryTold { alert: id(2), notices: vec![NoticeId(2)] }),
                all(notices::Event::Failed { notice: NoticeId(2), why: text("lee has no channel") }),
                tells(notices::Event::Archived { notice: NoticeId(1) }),
            ],
        );
        let hold = |hold| told(alerts::Event::Held { alert: id(3), hold });
        self.by_rule(
            "holds",
            vec![
                hold(Hold::Maintenance(WindowId(1))),
                hold(Hold::Parent(id(1))),
                hold(Hold::Flapping),
                hold(Hold::Healing),
                told(alerts::Event::HoldEnded { alert: id(3), hold: Hold::Healing }),
            ],
        );
        let reminder = |at| Reminder { at: Timestamp(DAWN * at), by: text("mara"), text: text("tell Acme") };
        let ended = |at, came| {
            let at = Timestamp(DAWN * at);
            told(alerts::Event::ReminderEnded { alert: id(1), at, by: text("mara"), came })
        };
        let set = |at| told(alerts::Event::ReminderSet { alert: id(1), reminder: Box::new(reminder(at)) });
        self.by_person(vec![set(2), set(3), set(4), ended(2, true), ended(3, false)]);
        let limit = ValueLimit { label: text("used"), thousandths: 98_500, below: false };
        let acknowledgement = Acknowledgement {
            by: text("mara"),
            at: now,
            until: Until::Worse,
            note: text(""),
            level: CheckState::Critical,
            expires: Some(Timestamp(DAWN * 2)),
            limit: Some(limit),
        };
        self.by_person(vec![told(alerts::Event::Acknowledged { alert: id(1), acknowledgement })]);
    }

    fn a_command_is_sent(&mut self) {
        let asked_at = self.now();
        let command = |id, key, shell| {
            let argv =
                if shell { vec!["uptime | wc -c".to_owned()] } else { vec!["uptime".to_owned(), "-p".to_owned()] };
            let asked = Asked {
                key: ActionId(key),
                argv: Argv::new(argv).unwrap(),
                shell,
                by: text("mara"),
                asked_at,
                window: 64,
                timeout: Duration::from_secs(30),
            };
            Command::new(CommandId(id), asked)
        };
        let asked = |id, key, shell| commands::Event::Asked {
            command: command(id, key, shell),
            client: acme(),
            hosts: vec![WEB, DESK],
        };
        let changed = |id, state, hosts: &[HostId], why| commands::Event::Changed {
            command: CommandId(id),
            state,
            hosts: hosts.to_vec(),
            why: text(why),
        };
        let events = [
            asked(1, 0xa1, false),
            changed(1, OutcomeState::Running, &[WEB], ""),
            changed(1, OutcomeState::Offline, &[DESK], ""),
            asked(2, u128::MAX, true),
            changed(2, OutcomeState::Running, &[DESK], ""),
        ];
        self.by_person(events.into_iter().map(sent).collect());
        let output =
            |blob| Kept { blob: Some(BlobId([blob; 32])), printed: 5_000_000, kept: 1 << 20, shape: u64::from(blob) };
        let report = Report {
            state: OutcomeState::Failed,
            code: Some(3),
            signal: None,
            stdout: output(0x0a),
            stderr: Kept::default(),
            why: text(""),
            took: Some(Duration::from_millis(1_250)),
        };
        let (command, host) = (CommandId(1), WEB);
        self.by_host(vec![sent(commands::Event::Reported { command, host, report: report.clone() })]);
        self.by_person(vec![
            sent(commands::Event::CancelAsked { command: CommandId(2), hosts: vec![DESK], by: text("mara") }),
            sent(changed(2, OutcomeState::Cancelled, &[WEB], "by mara")),
        ]);
        self.by_rule("commands", vec![sent(changed(2, OutcomeState::Lost, &[DESK], "no word from the host"))]);
        self.by_person(vec![sent(asked(3, 0xa3, false))]);
        self.by_rule("archive", vec![sent(commands::Event::Archived { command: CommandId(3) })]);
    }

    fn jobs_ping(&mut self) {
        let told = |event| of_acme(Event::Pings(event));
        let described = |name: &str, host: Option<SafeText>| {
            told(pings::Event::Described(Box::new(pings::Description {
                name: name.into(),
                client: acme(),
                site: host.as_ref().map(|_| hq()),
                host,
                period: Duration::from_secs(86_400),
                grace: Duration::from_secs(3_600),
            })))
        };
        let heard = |signal, run: &str, state, took: Option<u64>, tail: &str| {
            told(pings::Event::Heard {
                ping: "nightly".into(),
                signal,
                run: text(run),
                state,
                took: took.map(Duration::from_secs),
                tail: SafeText::block(tail),
            })
        };
        use pings::{Signal, State};
        self.by_rule("pings", vec![described("nightly", Some(text("web-01"))), described("gone", None)]);
        self.by_rule("ping", vec![heard(Signal::Start, "r1", State::Started, None, "")]);
        self.by_rule("ping", vec![heard(Signal::Start, "r2", State::Started, None, "")]);
        self.by_rule("ping", vec![heard(Signal::Success, "r1", State::Started, Some(41), "12 files\ndone")]);
        self.by_rule("ping", vec![told(pings::Event::Judged { ping: "gone".into(), state: State::Late })]);
        self.by_rule("ping", vec![heard(Signal::Failure(Some(3)), "r2", State::Failed, Some(90), "disk full")]);
        self.by_rule("pings", vec![told(pings::Event::Removed { ping: "gone".into() })]);
    }

    fn backups_are_kept(&mut self) {
        let job = |id, name: &str, host: Option<HostId>| backups::Description {
            id: JobId(id),
            name: name.into(),
            client: host.map(|_| acme()),
            site: host.map(|_| hq()),
            host,
            host_name: text("web-01"),
            tool: BackupTool::Borg,
            repository: text("ssh://borg@store/./web"),
            paths: vec![text("/etc"), text("/srv/www")],
            every: Duration::from_secs(86_400),
            grace: Duration::from_secs(3_600),
        };
        let all = |event| (Audience::of_all_clients(), Event::Backups(event));
        let kept = |event| of_acme(Event::Backups(event));
        let described = |job| backups::Event::Described(Box::new(job));
        self.by_rule(
            "backups",
            vec![
                kept(described(job(1, "web-files", Some(WEB)))),
                all(described(job(2, "nowhere", None))),
                kept(described(job(3, "old", Some(WEB)))),
            ],
        );
        let night = Timestamp(DAWN - 6 * 3_600_000);
        let found = backups::Found {
            at: self.now(),
            trouble: None,
            words: text(""),
            restorable: 31,
            newest: Some(night),
            freshest: Some(night + Duration::from_secs(60)),
            oldest: Some(Timestamp(DAWN - 31 * 86_400_000)),
            missing: Some(text("/srv/www")),
            size: Some(4 << 30),
            added: Some(12 << 20),
        };
        let days = Days::new(20_424, vec![Cell::Whole, Cell::Partial, Cell::Nothing, Cell::Failed, Cell::Pruned]);
        let read = |found: backups::Found, output| backups::Event::Read {
            job: JobId(1),
            found: Box::new(found),
            days: days.clone(),
            output,
        };
        self.by_host(vec![kept(read(found.clone(), Some(BlobId([0xba; 32]))))]);
        let judged = |state, why, alarm, spared_until| backups::Event::Judged {
            job: JobId(1),
            state,
            why: text(why),
            alarm,
            spared_until,
        };
        let (late, spared) = (self.now(), Some(Timestamp(DAWN + 7_200_000)));
        let lost = backups::Found { at: late, trouble: Some(Trouble::NoRepository), words: text("gone"), ..found };
        self.by_rule(
            "backups",
            vec![
                kept(judged(backups::State::Partial, "lacks /srv/www", Some(CheckState::Warning), None)),
                kept(judged(backups::State::Unknown, "its host is down", Some(CheckState::Warning), None)),
                kept(judged(backups::State::Overdue, "no backup came", None, spared)),
            ],
        );
        self.by_host(vec![kept(read(lost, None))]);
        let states = [backups::State::Failed, backups::State::Never, backups::State::Late, backups::State::Ok];
        self.by_rule("backups", states.map(|state| kept(judged(state, "", None, None))).to_vec());
        self.by_person(vec![
            kept(backups::Event::Reviewed { job: JobId(1), by: text("mara") }),
            kept(backups::Event::Asked { job: JobId(1) }),
        ]);
        self.by_rule("backups", vec![kept(backups::Event::Removed { job: JobId(3) })]);
    }

    fn duty_goes_round(&mut self) {
        let all = |event| (Audience::EVERYONE, Event::OnCall(event));
        let person = |name: &str| {
            all(oncall::Event::PersonDescribed(Box::new(oncall::Person {
                name: text(name),
                full_name: text("Anna Adler"),
                zone: text("Europe/Berlin"),
                channels: vec![text("sms"), text("mail")],
                identities: vec![text(name)],
                offer: None,
            })))
        };
        let policy = |name: &str| {
            let step = oncall::Step { after: Duration::from_secs(600), to: vec![text("schedule:night"), text("anna")] };
            let repeat = Duration::from_secs(1_800);
            let policy = oncall::Policy { name: text(name), steps: vec![step], repeat, rounds: 3 };
            all(oncall::Event::PolicyDescribed(Box::new(policy)))
        };
        let duty = |schedule: &str, now: &str, next: &[&str], changes_at| {
            all(oncall::Event::DutyChanged(Box::new(oncall::Roster {
                schedule: text(schedule),
                zone: text("Europe/Berlin"),
                now: vec![text(now)],
                since: Timestamp(DAWN),
                next: next.iter().map(|name| text(name)).collect(),
                changes_at,
            })))
        };
        let noon = Timestamp(DAWN + 6 * 3_600_000);
        self.by_rule(
            "on call",
            vec![
                person("anna"),
                person("ben"),
                person("carl"),
                policy("default"),
                policy("old"),
                duty("night", "anna", &["ben"], Some(noon)),
                duty("day", "carl", &[], None),
            ],
        );
        let over = |id| oncall::Override {
            id,
            person: text("carl"),
            from: Timestamp(DAWN),
            until: noon,
            by: text("mara"),
            note: text("anna is ill"),
        };
        let schedule = text("night");
        self.by_person(vec![
            all(oncall::Event::Overridden { schedule: schedule.clone(), over: over(1) }),
            all(oncall::Event::Overridden { schedule: schedule.clone(), over: over(2) }),
            all(oncall::Event::HandOverOffered { from: text("anna"), to: text("ben"), note: text("mind the disk") }),
            all(oncall::Event::HandOverOffered { from: text("ben"), to: text("carl"), note: text("") }),
        ]);
        self.by_person(vec![
            all(oncall::Event::OverrideEnded { schedule, id: 2 }),
            all(oncall::Event::HandOverEnded { from: text("anna"), to: text("ben"), accepted: true }),
        ]);
        self.by_rule(
            "on call",
            vec![
                all(oncall::Event::PersonRemoved { person: text("carl") }),
                all(oncall::Event::PolicyRemoved { policy: text("old") }),
                all(oncall::Event::ScheduleRemoved { schedule: text("day") }),
            ],
        );
    }

    fn the_day_ends(&mut self) {
        let gone = checks::Event::Removed { host: WEB, check: "load".into() };
        self.by_host(vec![of_acme(Event::Checks(gone))]);
        let refused = profile::Event::Refused {
            who: text("link port"),
            identity: Some(IdentityId(2)),
            what: text("speaking for host 1"),
            why: text("it is host 2"),
            count: 12,
        };
        self.by_rule("refusals", vec![(Audience::ADMINS, Event::Profile(refused))]);
        let not_after = Timestamp(DAWN + 90 * 86_400_000);
        let renewed = identity::Event::Renewed { identity: IdentityId(1), not_after, key_hash: [0x77; 32] };
        self.by_host(vec![registry(renewed)]);
        self.tell(
            Cause::Local,
            "local:root",
            vec![
                of_acme(Event::Hosts(hosts::Event::Retired { host: DESK })),
                registry(identity::Event::Revoked { identity: IdentityId(2) }),
                registry(identity::Event::TokenEnded { token: TokenId(2), status: TokenStatus::Revoked }),
            ],
        );
        let archived = vec![
            of_acme(Event::Hosts(hosts::Event::Archived { host: DESK })),
            registry(identity::Event::Archived { identity: IdentityId(2) }),
            registry(identity::Event::TokenArchived { token: TokenId(2) }),
        ];
        self.by_rule("archive", archived);
    }

    fn holder(&self, id: u64, name: &str, role: Role, host: Option<HostId>) -> Identity {
        Identity {
            id: IdentityId(id),
            name: text(name),
            role,
            client: host.is_none().then(acme),
            host,
            recorded_at: self.now(),
            not_after: Timestamp(DAWN + 30 * 86_400_000),
            revoked_at: None,
            key_hash: [u8::try_from(id).unwrap_or(0); 32],
        }
    }
}

fn text(text: &str) -> SafeText {
    SafeText::new(text)
}

fn acme() -> ClientId {
    ClientId::from("acme")
}

fn hq() -> SiteId {
    SiteId::from("hq")
}

fn fleet(event: profile::Event) -> (Audience, Event) {
    (Audience::EVERYONE, Event::Profile(event))
}

fn of_acme(event: Event) -> (Audience, Event) {
    (Audience::of_client(acme()), event)
}

fn told(event: alerts::Event) -> (Audience, Event) {
    of_acme(Event::Alerts(event))
}

fn sent(event: commands::Event) -> (Audience, Event) {
    of_acme(Event::Commands(event))
}

fn registry(event: identity::Event) -> (Audience, Event) {
    (Audience::ADMINS, Event::Identity(event))
}

fn enrolled(host: HostId, name: &str, class: HostClass, identity: u64, synthetic: bool) -> hosts::Event {
    hosts::Event::Enrolled {
        host,
        name: text(name),
        client: acme(),
        site: hq(),
        class,
        tags: vec!["db".to_owned()],
        identity: IdentityId(identity),
        synthetic,
    }
}

fn state(host: HostId, state: HostState, reason: &str, last_seen: Option<Timestamp>) -> Event {
    Event::Hosts(hosts::Event::StateChanged { host, state, reason: reason.to_owned(), last_seen })
}

fn check(name: &str, state: CheckState, hard: bool, attempt: u32, summary: &str) -> Event {
    Event::Checks(checks::Event::Changed {
        host: WEB,
        check: CheckName::from(name),
        state,
        hard,
        attempt,
        max_attempts: 3,
        summary: text(summary),
        perfdata: text("/=97%;80;95;0;100"),
        interval_ms: 60_000,
        output: hard.then_some(BlobId([0xb0; 32])),
        measured_at: Timestamp(DAWN + 1),
        ring: 0b1011,
    })
}

fn opened(id: u64, subject: Subject, level: CheckState, summary: &str) -> Event {
    let host = match subject {
        Subject::Check { host, .. } | Subject::Host(host) => Some(host),
        _ => None,
    };
    Event::Alerts(alerts::Event::Opened {
        alert: AlertId(id),
        client: acme(),
        site: Some(hq()),
        host,
        subject,
        level,
        summary: text(summary),
    })
}
