//! Reads of the command line and of a console's details: answered from a cut, in pages.

use std::sync::Arc;

use tonic::Status;

use crate::fleet::alerts::{Alert, Hold, Lane};
use crate::fleet::backups::Job;
use crate::fleet::checks::CheckStatus;
use crate::fleet::commands;
use crate::fleet::configuration::BackupDefinition;
use crate::fleet::derived::assign::{Explained, Outcome, assign, explain};
use crate::fleet::derived::muting::matched;
use crate::fleet::derived::select::{AlertRow, BackupRow, CheckRow, CommandRow, HostRow, WindowRow};
use crate::fleet::derived::select_entry::EntryRow;
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::identity::Role;
use crate::fleet::notices::Notice;
use crate::fleet::rules::input::Asker;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::presence::target_of;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::windows::{self, Window, Windows};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, ClientId, CommandId, HostId, JobId, Revision, Timestamp, WindowId, duration};
use crate::hub::core::Cut;
use crate::hub::ping_key::PingKey;
use crate::hub::services::following::Following;
use crate::hub::services::glance::{glance, reading_of};
use crate::hub::services::pages::{Out, Pages};
use crate::hub::services::{reporting, runbooks, shift};
use crate::hub::shared::{Shared, status};
use crate::wire::checks::CheckReading;
use crate::wire::commands::encode_summary;
use crate::wire::pb::query_request::Kind;
use crate::wire::{EncodedEntry, decode_entry, encode_assignment, pb, row_of};

/// Entries read from the journal at once.
const ENTRIES_AT_ONCE: usize = 500;

/// Answers a query, page by page; the first page comes even when nothing matches.
///
/// # Errors
/// The status with what to do.
pub async fn answer(shared: &Shared, asker: &Asker, request: pb::QueryRequest, out: &Out) -> Result<(), Status> {
    let filter = Filter::parse(&request.filter).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let cut = shared.core.cut().await.map_err(status)?;
    let now = shared.clock.now().wall;
    let asked = Asked { shared, asker, fleet: &cut.fleet, filter, now };
    let mut pages = Pages::new(out, now);
    match request.kind() {
        Kind::Status => pages.page.status = Some(asked.status(&cut)),
        Kind::Hosts => asked.hosts(request.all, &mut pages).await?,
        Kind::Checks => asked.checks(&mut pages).await?,
        Kind::Alerts => asked.alerts(request.all, &mut pages).await?,
        Kind::Alert => asked.alert(AlertId(request.id), &mut pages).await?,
        Kind::Journal => asked.journal(&request, &mut pages).await?,
        Kind::Tokens | Kind::Identities => asked.registry(request.kind(), &mut pages).await?,
        Kind::Configuration => asked.configuration(&request.name, &mut pages.page)?,
        Kind::Backups => asked.backups(&mut pages).await?,
        Kind::Backup => asked.backup(JobId(request.id), &mut pages).await?,
        Kind::Host => asked.host(HostId(request.id), &mut pages.page)?,
        Kind::Pings => asked.pings(&mut pages).await?,
        Kind::QuietHosts => pages.page.quiet = Some(asked.quiet_hosts()),
        Kind::Windows => asked.windows(request.all, &mut pages).await?,
        Kind::Window => asked.window(WindowId(request.id), &mut pages).await?,
        Kind::Notices => asked.notices(request.limit, &mut pages).await?,
        Kind::OnCall => asked.on_call(&mut pages).await?,
        Kind::Shift => shift::log(shared, asker, &cut.fleet, now, request.before, &mut pages).await?,
        Kind::Commands => asked.commands(&mut pages).await?,
        Kind::Command => asked.command(CommandId(request.id), |_| true, &mut pages).await?,
        Kind::CommandFollowed => {
            let id = CommandId(request.id);
            asked.command(id, |outcome| outcome.state.is_end(), &mut pages).await?;
            pages.send().await?;
            let following = Following::from(&cut.fleet, id, asker.scope.as_ref());
            drop(cut);
            return following.go_on(shared, asker, pages).await;
        }
        Kind::Runbook => {
            let alert = asked.visible_alert(AlertId(request.id))?;
            pages.page.runbook = runbooks::about(shared, asker, alert).await?;
        }
        Kind::AlertReport => {
            let span =
                reporting::Span { asker: asker.clone(), days: request.limit, now, before: cut.fleet.revision.next() };
            reporting::report(shared, &cut.fleet, &asked.filter, span, &mut pages).await?;
        }
        Kind::AlertDays => {
            let alert = asked.visible_alert(AlertId(request.id))?;
            let span =
                reporting::Span { asker: asker.clone(), days: request.limit, now, before: cut.fleet.revision.next() };
            pages.page.alert_report = Some(reporting::days_of(shared, alert, span).await?);
        }
    }
    pages.send().await
}

/// What was asked, by whom, of which state.
struct Asked<'a> {
    shared: &'a Shared,
    asker: &'a Asker,
    fleet: &'a Fleet,
    filter: Filter,
    now: Timestamp,
}

impl Asked<'_> {
    fn sees(&self, host: &Host) -> bool {
        self.asker.scope.as_ref().is_none_or(|scope| *scope == host.client)
    }

    fn last_seen(&self, live: &Live, host: &Host) -> Option<Timestamp> {
        live.last_seen(host.id).map(|seen| seen.wall).or(host.last_seen)
    }

    fn name(&self) -> &str {
        self.fleet.profile.name.as_str()
    }

    fn status(&self, cut: &Cut) -> pb::Status {
        let profile = &self.fleet.profile;
        let hosts = |state: HostState| {
            let of = self.fleet.hosts.hosts.values();
            of.filter(|host| !host.is_retired() && self.sees(host) && host.state == state).count() as u64
        };
        let alerts = |lane: Lane| match &self.asker.scope {
            None => self.fleet.alerts.count(lane) as u64,
            Some(scope) => {
                let open = self.fleet.alerts.open();
                open.filter(|alert| alert.client == *scope && alert.lane() == lane).count() as u64
            }
        };
        let blocked = self.shared.blocked.read().map(|blocked| blocked.clone().unwrap_or_default());
        pb::Status {
            epoch: cut.epoch.0,
            revision: self.fleet.revision.0,
            version: profile.hub_version.to_string(),
            started_at: profile.started_at.0,
            waits_until: profile.waits_until.map_or(0, |until| until.0),
            hosts_up: hosts(HostState::Up),
            hosts_off: hosts(HostState::Off),
            hosts_silent: hosts(HostState::Silent),
            hosts_down: hosts(HostState::Down),
            hosts_left: hosts(HostState::Left),
            hosts_unknown: hosts(HostState::Unknown),
            alerts_new: alerts(Lane::New),
            alerts_owned: alerts(Lane::Owned),
            alerts_muted: alerts(Lane::Muted),
            agents_linked: self.shared.links.count() as u64,
            consoles_linked: self.shared.watchers.load(std::sync::atomic::Ordering::Relaxed) as u64,
            configuration: profile.configuration.map(|hash| hash.to_vec().into()).unwrap_or_default(),
            blocked: blocked.unwrap_or_default(),
        }
    }

    async fn hosts(&self, all: bool, pages: &mut Pages<'_>) -> Result<(), Status> {
        for host in self.fleet.hosts.hosts.values().filter(|host| self.sees(host) && (all || !host.is_retired())) {
            let glance = {
                let live = self.shared.live();
                let last_seen = self.last_seen(&live, host);
                let row = HostRow { fleet: self.fleet, fleet_name: self.name(), host, last_seen, now: self.now };
                if !self.filter.matches(&row) {
                    continue;
                }
                live.hosts.get(&host.id).map(|known| glance(host.id, known))
            };
            pages.page.glances.extend(glance);
            pages.row(row_of(self.fleet, &EntityKey::Host(host.id))).await?;
        }
        Ok(())
    }

    /// The jobs that ping; where, for those who may act.
    async fn pings(&self, pages: &mut Pages<'_>) -> Result<(), Status> {
        let http = self.shared.addresses().http;
        let key = match &http {
            Some(_) if self.asker.role.includes(Role::Operator) => Some(
                PingKey::open(&self.shared.data)
                    .map_err(|error| Status::internal(format!("the key of the pings can't be used: {error}")))?,
            ),
            _ => None,
        };
        for (name, ping) in &self.fleet.pings.pings {
            if self.asker.scope.as_ref().is_some_and(|scope| *scope != ping.description.client) {
                continue;
            }
            if let Some((key, http)) = key.as_ref().zip(http.as_ref()) {
                let url = format!("http://{http}/ping/{}", key.secret(name));
                pages.page.ping_addresses.push(pb::PingAddress { name: name.as_str().into(), url });
            }
            pages.row(row_of(self.fleet, &EntityKey::Ping(name.clone()))).await?;
        }
        Ok(())
    }

    /// The hosts that are not expected to run now.
    fn quiet_hosts(&self) -> pb::QuietHosts {
        let live = self.shared.live();
        let quiet = |host: &&Arc<Host>| {
            self.sees(host)
                && !host.is_retired()
                && !live.configuration.expected_hours(&target_of(host)).is_expected(self.now)
        };
        pb::QuietHosts { hosts: self.fleet.hosts.hosts.values().filter(quiet).map(|host| host.id.0).collect() }
    }

    async fn checks(&self, pages: &mut Pages<'_>) -> Result<(), Status> {
        for check in self.fleet.checks.all() {
            let Some(host) = self.fleet.hosts.hosts.get(&check.host).filter(|host| self.sees(host)) else { continue };
            let row = {
                let live = self.shared.live();
                let reading = live.hosts.get(&host.id).and_then(|known| known.readings.get(&check.check));
                let last_seen = reading.map(|reading| reading.at.wall);
                let row = CheckRow { fleet: self.fleet, fleet_name: self.name(), check, last_seen, now: self.now };
                if !self.filter.matches(&row) {
                    continue;
                }
                let mut shown = CheckStatus::clone(check);
                if let Some(reading) = reading {
                    shown.summary = reading.summary.clone();
                    shown.perfdata = reading.perfdata.clone();
                }
                pb::Row { entity: Some(pb::row::Entity::Check(pb::CheckStatus::from(&shown))) }
            };
            pages.row(Some(row)).await?;
        }
        self.name_hosts(pages).await?;
        Ok(())
    }

    /// The hosts that the rows speak of, so that a reader can name them.
    async fn name_hosts(&self, pages: &mut Pages<'_>) -> Result<(), Status> {
        for host in self.fleet.hosts.hosts.values().filter(|host| self.sees(host)) {
            pages.row(row_of(self.fleet, &EntityKey::Host(host.id))).await?;
        }
        Ok(())
    }

    async fn alerts(&self, all: bool, pages: &mut Pages<'_>) -> Result<(), Status> {
        for alert in self.fleet.alerts.alerts.values().filter(|alert| all || alert.is_open()) {
            if self.asker.scope.as_ref().is_some_and(|scope| *scope != alert.client) {
                continue;
            }
            let host = alert.host.and_then(|id| self.fleet.hosts.hosts.get(&id));
            let matches = {
                let last_seen = host.and_then(|host| self.last_seen(&self.shared.live(), host));
                let row = AlertRow { fleet: self.fleet, fleet_name: self.name(), alert, last_seen, now: self.now };
                self.filter.matches(&row)
            };
            if matches {
                pages.row(row_of(self.fleet, &EntityKey::Alert(alert.id))).await?;
            }
        }
        self.name_hosts(pages).await?;
        Ok(())
    }

    /// An alert that is known and may be seen.
    fn visible_alert(&self, id: AlertId) -> Result<&Alert, Status> {
        let alert = self.fleet.alerts.alerts.get(&id).map(AsRef::as_ref);
        let seen = alert.filter(|alert| self.asker.scope.as_ref().is_none_or(|scope| *scope == alert.client));
        seen.ok_or_else(|| Status::not_found(format!("there is no alert {id} any more")))
    }

    async fn alert(&self, id: AlertId, pages: &mut Pages<'_>) -> Result<(), Status> {
        let missing = || Status::not_found(format!("there is no alert {id}; `watchfloor alerts --all` lists them"));
        let alert = self.fleet.alerts.alerts.get(&id);
        let hidden = |client: &ClientId| self.asker.scope.as_ref().is_some_and(|scope| scope != client);
        if alert.is_some_and(|alert| hidden(&alert.client)) {
            return Err(missing());
        }
        let found = self.subject(&format!("alert/{id}"), pages).await?;
        if alert.is_none() && !found {
            return Err(missing());
        }
        if let Some(host) = alert.and_then(|alert| alert.host) {
            pages.row(row_of(self.fleet, &EntityKey::Host(host))).await?;
        }
        pages.row(row_of(self.fleet, &EntityKey::Alert(id))).await
    }

    /// Everyone may see who is told.
    async fn on_call(&self, pages: &mut Pages<'_>) -> Result<(), Status> {
        let people = self.fleet.oncall.people.keys().cloned().map(EntityKey::Person);
        let duties = self.fleet.oncall.duties.keys().cloned().map(EntityKey::Duty);
        let policies = self.fleet.oncall.policies.keys().cloned().map(EntityKey::Policy);
        for key in people.chain(duties).chain(policies) {
            pages.row(row_of(self.fleet, &key)).await?;
        }
        Ok(())
    }

    fn sees_job(&self, job: &Job) -> bool {
        self.asker.scope.as_ref().is_none_or(|scope| job.description.client.as_ref() == Some(scope))
    }

    /// When the job's repository was read last.
    fn backup_reading(&self, job: &Job) -> Option<pb::BackupReading> {
        let (host, name) = (job.description.host?, &job.description.name);
        self.shared.live().backup(host, name).map(|reading| reading_of(name, reading))
    }

    async fn backups(&self, pages: &mut Pages<'_>) -> Result<(), Status> {
        for job in self.fleet.backups.jobs.values().filter(|job| self.sees_job(job)) {
            let reading = self.backup_reading(job);
            let last_read = reading.as_ref().map(|reading| Timestamp(reading.at));
            let row = BackupRow { fleet: self.fleet, fleet_name: self.name(), job, last_read, now: self.now };
            if self.filter.matches(&row) {
                pages.page.backups.extend(reading);
                pages.row(row_of(self.fleet, &EntityKey::Backup(job.id()))).await?;
            }
        }
        Ok(())
    }

    /// One job with what happened to it.
    async fn backup(&self, id: JobId, pages: &mut Pages<'_>) -> Result<(), Status> {
        let missing = || Status::not_found(format!("there is no backup job {id}; `watchfloor backups` lists them"));
        let job = self.fleet.backups.jobs.get(&id).filter(|job| self.sees_job(job)).ok_or_else(missing)?;
        pages.page.backups.extend(self.backup_reading(job));
        self.subject(&format!("backup/{id}"), pages).await?;
        pages.row(row_of(self.fleet, &EntityKey::Backup(id))).await
    }

    /// The entries of a subject, newest first; whether there are any.
    async fn subject(&self, subject: &str, pages: &mut Pages<'_>) -> Result<bool, Status> {
        let journal = Arc::clone(&self.shared.journal);
        let (subject, head) = (subject.to_owned(), self.fleet.revision.next());
        let stored = tokio::task::spawn_blocking(move || journal.by_subject(&subject, Some(head), ENTRIES_AT_ONCE))
            .await
            .map_err(|error| Status::internal(error.to_string()))?
            .map_err(|error| Status::internal(error.to_string()))?;
        let mut found = false;
        for entry in stored {
            let encoded = EncodedEntry::from_bytes(entry.bytes).map_err(|error| Status::internal(error.to_string()))?;
            if let Some(visible) = encoded.project(self.asker.role, self.asker.scope.as_ref()) {
                found = true;
                pages.entry(visible).await?;
            }
        }
        Ok(found)
    }

    async fn journal(&self, request: &pb::QueryRequest, pages: &mut Pages<'_>) -> Result<(), Status> {
        let mut left = if request.limit == 0 { u64::MAX } else { request.limit };
        let mut before = if request.before == 0 { self.fleet.revision.next() } else { Revision(request.before) };
        while left > 0 {
            let journal = Arc::clone(&self.shared.journal);
            let stored = tokio::task::spawn_blocking(move || journal.latest(Some(before), ENTRIES_AT_ONCE))
                .await
                .map_err(|error| Status::internal(error.to_string()))?
                .map_err(|error| Status::internal(error.to_string()))?;
            let Some(oldest) = stored.last() else { break };
            before = oldest.revision;
            for entry in stored {
                let encoded =
                    EncodedEntry::from_bytes(entry.bytes).map_err(|error| Status::internal(error.to_string()))?;
                if left > 0
                    && let Some(visible) = encoded.project(self.asker.role, self.asker.scope.as_ref())
                    && self.speaks_of(&visible)
                {
                    left -= 1;
                    pages.entry(visible).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether an entry, as far as it may be seen, matches what was asked for. One that can't be read is not hidden.
    fn speaks_of(&self, visible: &pb::Entry) -> bool {
        self.filter.is_everything()
            || decode_entry(visible.clone()).map_or(true, |entry| {
                let row = EntryRow { fleet: self.fleet, fleet_name: self.name(), entry: &entry, now: self.now };
                self.filter.matches(&row)
            })
    }

    /// Windows as far as the asker may see them, those in force first; over ones only with `all`.
    async fn windows(&self, all: bool, pages: &mut Pages<'_>) -> Result<(), Status> {
        for window in self.seen_windows().all().filter(|window| all || window.state() != windows::State::Over) {
            if !self.filter.matches(&WindowRow { fleet: self.fleet, fleet_name: self.name(), window, now: self.now }) {
                continue;
            }
            pages.page.windows.push(self.matches(window));
            pages.row(Some(pb::Row { entity: Some(pb::row::Entity::Window(window.as_ref().into())) })).await?;
        }
        Ok(())
    }

    /// One window with the alerts in its ledger and what happened to it; one that was archived by its entries alone.
    async fn window(&self, id: WindowId, pages: &mut Pages<'_>) -> Result<(), Status> {
        let missing = || Status::not_found(format!("there is no window {id}; `watchfloor window list` shows them"));
        let seen = self.seen_windows();
        let found = self.subject(&format!("window/{id}"), pages).await?;
        let Some(window) = seen.get(id) else { return if found { Ok(()) } else { Err(missing()) } };
        pages.page.windows.push(self.matches(window));
        for alert in window.caught().into_iter().filter_map(|id| self.fleet.alerts.alerts.get(&id)) {
            if let Some(host) = alert.host {
                pages.row(row_of(self.fleet, &EntityKey::Host(host))).await?;
            }
            pages.row(row_of(self.fleet, &EntityKey::Alert(alert.id))).await?;
        }
        pages.row(Some(pb::Row { entity: Some(pb::row::Entity::Window(window.as_ref().into())) })).await
    }

    /// How many open alerts a window speaks of. Those of an active one are known, once it has looked at all.
    fn matches(&self, window: &Window) -> pb::WindowMatches {
        let of_asker = |alert: &&Arc<Alert>| self.asker.scope.as_ref().is_none_or(|scope| *scope == alert.client);
        let is_known = window.active.is_some() && window.looked_through.is_none();
        let matches = if is_known {
            self.fleet.alerts.held_by(Hold::Maintenance(window.id)).filter(of_asker).count()
        } else {
            matched(self.fleet, window).filter(of_asker).count()
        };
        pb::WindowMatches { window: window.id.0, matches: matches as u64 }
    }

    /// The windows the asker may see, with what they may see of the ledgers.
    fn seen_windows(&self) -> std::borrow::Cow<'_, Windows> {
        let Some(scope) = &self.asker.scope else { return std::borrow::Cow::Borrowed(&self.fleet.windows) };
        let mut seen = self.fleet.windows.clone();
        seen.retain_client(scope);
        std::borrow::Cow::Owned(seen)
    }

    /// How each command stands, newest first.
    async fn commands(&self, pages: &mut Pages<'_>) -> Result<(), Status> {
        for command in self.fleet.commands.all().rev() {
            let seen = command.of_client(self.asker.scope.as_ref());
            let row = CommandRow { fleet: self.fleet, fleet_name: self.name(), command: &seen, now: self.now };
            if seen.targets() > 0 && self.filter.matches(&row) {
                pages.command(encode_summary(&seen)).await?;
            }
        }
        Ok(())
    }

    /// The newest notices, of what the asker may see.
    async fn notices(&self, limit: u64, pages: &mut Pages<'_>) -> Result<(), Status> {
        let most = if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
        let scope = self.asker.scope.as_ref();
        let seen = |notice: &&Arc<Notice>| scope.is_none_or(|scope| notice.client.as_ref() == Some(scope));
        for notice in self.fleet.notices.notices.values().rev().filter(seen).take(most) {
            pages.row(row_of(self.fleet, &EntityKey::Notice(notice.id))).await?;
        }
        Ok(())
    }

    /// One command with its outcomes and the names of those of its hosts that are `named`; one that was archived by its
    /// entries alone.
    async fn command(
        &self,
        id: CommandId,
        named: impl Fn(&commands::Outcome) -> bool + Send,
        pages: &mut Pages<'_>,
    ) -> Result<(), Status> {
        let missing = || Status::not_found(format!("there is no command {id}; `watchfloor commands` lists them"));
        let known = self.fleet.commands.get(id).map(|command| command.of_client(self.asker.scope.as_ref()));
        let Some(command) = known.filter(|command| command.targets() > 0) else {
            return if self.subject(&format!("command/{id}"), pages).await? { Ok(()) } else { Err(missing()) };
        };
        pages.row(row_of(self.fleet, &EntityKey::Command(id))).await?;
        for (host, outcome) in command.outcomes() {
            if named(outcome) {
                pages.row(row_of(self.fleet, &EntityKey::Host(host))).await?;
            }
            pages.row(row_of(self.fleet, &EntityKey::Outcome(id, host))).await?;
        }
        Ok(())
    }

    async fn registry(&self, kind: Kind, pages: &mut Pages<'_>) -> Result<(), Status> {
        if !self.asker.role.includes(Role::Admin) || self.asker.scope.is_some() {
            return Err(Status::permission_denied(format!(
                "tokens and identities are for admins of the whole fleet, and {} is {}",
                self.asker.name.as_str(),
                self.asker.role
            )));
        }
        let registry = &self.fleet.registry;
        let keys: Vec<EntityKey> = if kind == Kind::Tokens {
            registry.tokens.keys().map(|id| EntityKey::Token(*id)).collect()
        } else {
            registry.identities.keys().map(|id| EntityKey::Identity(*id)).collect()
        };
        for key in keys {
            pages.row(row_of(self.fleet, &key)).await?;
        }
        Ok(())
    }

    /// What one host is to check and why, or what counts for the whole fleet.
    fn configuration(&self, name: &str, page: &mut pb::QueryReply) -> Result<(), Status> {
        let host = self.named(name)?;
        let configuration = self.shared.configuration();
        let target = target_of(host);
        page.assigned = encode_assignment(&assign(&configuration, &target)).checks;
        page.lines = explain(&configuration, &target).iter().flat_map(lines).collect();
        let jobs = configuration.backups.iter().filter(|job| job.is_of(&target));
        page.lines.extend(jobs.flat_map(job_lines));
        page.rows.extend(row_of(self.fleet, &EntityKey::Host(host.id)));
        Ok(())
    }

    /// A host by number or name.
    fn named(&self, name: &str) -> Result<&Host, Status> {
        let number = name.parse().ok().map(HostId);
        let hosts: Vec<&Arc<Host>> = self
            .fleet
            .hosts
            .present()
            .filter(|host| self.sees(host) && (Some(host.id) == number || host.name.as_str() == name))
            .collect();
        match hosts.as_slice() {
            [host] => Ok(host),
            [] => Err(Status::not_found(format!("there is no host {name:?}; `watchfloor hosts` lists them"))),
            several => {
                let ids: Vec<String> = several.iter().map(|host| format!("{} ({})", host.id, host.client)).collect();
                Err(Status::invalid_argument(format!(
                    "several hosts are called {name:?}: {}; give the number",
                    ids.join(", ")
                )))
            }
        }
    }

    /// One host in depth.
    fn host(&self, id: HostId, page: &mut pb::QueryReply) -> Result<(), Status> {
        let host = self.fleet.hosts.hosts.get(&id).filter(|host| self.sees(host));
        let host =
            host.ok_or_else(|| Status::not_found(format!("there is no host {id}; `watchfloor hosts` lists them")))?;
        page.rows.extend(row_of(self.fleet, &EntityKey::Host(host.id)));
        let live = self.shared.live();
        if let Some(known) = live.hosts.get(&id) {
            page.glances.push(glance(id, known));
            page.vitals = known.vitals.as_deref().map(pb::Vitals::from);
            page.readings = known
                .readings
                .iter()
                .map(|(check, reading)| {
                    pb::CheckReading::from(&CheckReading {
                        check: check.clone(),
                        state: reading.state,
                        summary: reading.summary.clone(),
                        perfdata: reading.perfdata.clone(),
                        at: reading.at.wall,
                    })
                })
                .collect();
        }
        Ok(())
    }
}

/// How a check came to be as it is, line by line: what came of it, then what each place said.
fn lines(explained: &Explained) -> Vec<String> {
    let outcome = match &explained.outcome {
        Outcome::Assigned(check) => format!("{}  every {}", check.kind.word(), duration::exact(check.interval)),
        Outcome::Removed => "switched off".to_owned(),
        Outcome::Incomplete(missing) => format!("does not run: {missing}"),
    };
    let head = format!("{}: {outcome}", explained.name);
    let steps = explained.steps.iter().flat_map(|step| {
        let reason = step.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", reason.as_str()));
        let place = format!("  {} for {}{reason}", step.source, step.hosts);
        let changes = step.changes.iter().map(|change| {
            let from = change.from.as_deref().map_or_else(String::new, |from| format!(" (was {from})"));
            let refused =
                change.refused_by.as_ref().map_or_else(String::new, |by| format!(", but {by} enforces its own"));
            format!("    {} = {}{from}{refused}", change.field, change.to)
        });
        std::iter::once(place).chain(changes).collect::<Vec<_>>()
    });
    std::iter::once(head).chain(steps).collect()
}

/// What is promised of a backup job, line by line.
fn job_lines(job: &BackupDefinition) -> [String; 2] {
    let (every, grace) = (duration::exact(job.every), duration::exact(job.grace));
    let paths = if job.paths.is_empty() { "whatever it holds".to_owned() } else { job.paths.join(" ") };
    [
        format!("backup {}: {}  every {every}, grace {grace}", job.name, job.tool),
        format!("  {}:{} {}: {paths}", job.source.file, job.source.line, job.shown_repository()),
    ]
}
