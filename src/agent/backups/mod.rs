//! What can be restored now: repositories are read at their intervals and when somebody asks, a few at a time. What was
//! found is told as a fact when it is something else than before, when somebody asked and a few times a day, since the hub
//! may have lost it (its job changed clients, its journal was restored); and as a reading each time.

mod borg;
mod elements;
mod gather;
mod restic;
mod tool;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::agent::backups::borg::Details;
use crate::agent::backups::gather::Gather;
use crate::agent::backups::tool::{Failure, Opened};
use crate::agent::board::Board;
use crate::agent::standing::backup_checksum;
use crate::fleet::backups::{Days, Found, Trouble};
use crate::fleet::configuration::AssignedBackup;
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::words::{BackupTool, JobName, SafeText, Timestamp};
use crate::settings::secret::Secrets;
use crate::wire::backups::BackupReading;
use crate::wire::limits::LONG_TEXT_MAX;

/// Repositories read at once.
const AT_ONCE: usize = 2;
/// Jobs are first read within this time of their assignment.
const FIRST: Duration = Duration::from_secs(5);
/// After a trouble that passes, it is tried again after this at most.
const AGAIN: Duration = Duration::from_secs(120);
/// What was told is told again after this; a hub that knows it makes no entry of it.
const TELL_AGAIN: Duration = Duration::from_secs(6 * 60 * 60);

/// What the reader is asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// These are to be read from now on.
    Assign(Vec<AssignedBackup>),
    /// Read one job now, or all.
    ReadNow(Option<String>),
}

/// What a reader is made with.
#[derive(Debug)]
pub struct Setup {
    /// The machine's host name: snapshots carry it.
    pub host: String,
    /// Where the tools may keep caches.
    pub dir: PathBuf,
    /// The host's secrets.
    pub secrets: Secrets,
    /// What was told last, by its checksum.
    pub told: BTreeMap<JobName, u32>,
    /// Where the newest goes.
    pub board: Arc<Board>,
    /// The wall clock.
    pub wall: fn() -> Timestamp,
}

/// Reads repositories.
#[derive(Debug)]
pub struct Reader {
    setup: Setup,
    /// What was told last of each job, by its checksum, and when; not known of what was told before this start.
    told: BTreeMap<JobName, (u32, Option<Instant>)>,
    jobs: BTreeMap<JobName, Slot>,
    running: JoinSet<Done>,
}

#[derive(Debug)]
struct Slot {
    backup: AssignedBackup,
    due: Instant,
    busy: bool,
    asked: bool,
    /// Of the repository's newest archives.
    details: Details,
    /// When it was read last.
    read: Option<Timestamp>,
}

#[derive(Debug)]
struct Done {
    backup: AssignedBackup,
    details: Details,
    read: Result<Read, Failure>,
}

#[derive(Debug)]
struct Read {
    found: Found,
    days: Days,
    today: i32,
    long_text: String,
}

impl Reader {
    /// A reader without jobs.
    #[must_use]
    pub fn new(mut setup: Setup) -> Self {
        let told = std::mem::take(&mut setup.told).into_iter().map(|(job, sum)| (job, (sum, None))).collect();
        Self { setup, told, jobs: BTreeMap::new(), running: JoinSet::new() }
    }

    /// Reads until nobody can ask any more, or nobody takes facts. Programs still running then are ended.
    pub async fn run(mut self, mut requests: mpsc::Receiver<Request>, facts: mpsc::Sender<Fact>) {
        loop {
            let idle = self.jobs.values().filter(|slot| !slot.busy);
            let next = idle.map(|slot| slot.due).min().filter(|_| self.running.len() < AT_ONCE);
            let next = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
            tokio::select! {
                biased;
                request = requests.recv() => match request {
                    Some(request) => self.take(request),
                    None => return,
                },
                Some(done) = self.running.join_next(), if !self.running.is_empty() => {
                    let fact = done.ok().and_then(|done| self.conclude(done));
                    if let Some(fact) = fact
                        && facts.send(fact).await.is_err()
                    {
                        return;
                    }
                }
                () = sleep_until(next) => {}
            }
            self.start_due(Instant::now());
        }
    }

    fn take(&mut self, request: Request) {
        let now = Instant::now();
        match request {
            Request::Assign(backups) => {
                let gone: Vec<JobName> =
                    self.jobs.keys().filter(|name| !backups.iter().any(|job| job.name == **name)).cloned().collect();
                for name in gone {
                    self.jobs.remove(&name);
                    self.told.remove(&name);
                    self.setup.board.remove_backup(&name);
                }
                for backup in backups {
                    let name = backup.name.clone();
                    let spread = f64::from(crc32fast::hash(name.as_str().as_bytes())) / f64::from(u32::MAX);
                    let due = now + FIRST.mul_f64(spread);
                    match self.jobs.get_mut(&name) {
                        Some(slot) if slot.backup == backup => {}
                        Some(slot) => (slot.backup, slot.due) = (backup, due),
                        None => {
                            let details = Details::new();
                            let slot = Slot { backup, due, busy: false, asked: false, details, read: None };
                            self.jobs.insert(name, slot);
                        }
                    }
                }
            }
            Request::ReadNow(asked) => {
                let meant = |slot: &&mut Slot| asked.as_ref().is_none_or(|name| slot.backup.name.as_str() == name);
                for slot in self.jobs.values_mut().filter(meant) {
                    (slot.due, slot.asked) = (now, true);
                }
            }
        }
    }

    fn start_due(&mut self, now: Instant) {
        let mut due: Vec<&mut Slot> = self.jobs.values_mut().filter(|slot| !slot.busy && slot.due <= now).collect();
        due.sort_by_key(|slot| slot.due);
        for slot in due.into_iter().take(AT_ONCE.saturating_sub(self.running.len())) {
            slot.busy = true;
            let (backup, details) = (slot.backup.clone(), std::mem::take(&mut slot.details));
            let (secrets, dir) = (self.setup.secrets.clone(), self.setup.dir.clone());
            let (host, at) = (self.setup.host.clone(), (self.setup.wall)());
            self.running.spawn(read(backup, details, secrets, dir, host, at));
        }
    }

    /// Takes a reading in: puts it up, plans the next, and gives the fact where something is different.
    fn conclude(&mut self, done: Done) -> Option<Fact> {
        let Done { backup, details, read } = done;
        let at = (self.setup.wall)();
        let slot = self.jobs.get_mut(&backup.name)?;
        slot.busy = false;
        slot.details = details;
        if slot.backup != backup {
            // read as it was promised before
            slot.due = Instant::now();
            return None;
        }
        let passing = matches!(&read, Err((trouble, _)) if trouble.passes());
        let wait = if passing { slot.backup.interval.min(AGAIN) } else { slot.backup.interval };
        slot.due = Instant::now() + wait;
        let trouble = match &read {
            Err(failure) if passing => Some(failure.clone()),
            _ => {
                slot.read = Some(at);
                None
            }
        };
        let reading =
            BackupReading { job: backup.name.clone(), at: slot.read, trouble, interval: slot.backup.interval };
        self.setup.board.put_backup(reading);
        let asked = std::mem::take(&mut slot.asked);
        if asked {
            self.setup.board.beat();
        }
        let read = match read {
            Ok(read) => read,
            Err(_) if passing => return None,
            Err((trouble, words)) => {
                let found = Found { at, trouble: Some(trouble), words, ..Found::default() };
                Read { found, days: Days::default(), today: 0, long_text: String::new() }
            }
        };
        let sum = backup_checksum(&read.found);
        let now = Instant::now();
        let known = self.told.get(&backup.name);
        let recent = |at: &Option<Instant>| at.is_some_and(|at| now - at < TELL_AGAIN);
        if known.is_some_and(|(known, at)| *known == sum && recent(at)) && !asked {
            return None;
        }
        self.told.insert(backup.name.clone(), (sum, Some(now)));
        let Read { found, days, today, long_text } = read;
        let long_text = SafeText::block_within(&long_text, LONG_TEXT_MAX);
        Some(Fact { at, body: FactBody::Backup { job: backup.name, found: Box::new(found), days, today, long_text } })
    }
}

async fn read(
    backup: AssignedBackup,
    mut details: Details,
    secrets: Secrets,
    dir: PathBuf,
    host: String,
    at: Timestamp,
) -> Done {
    let asked = backup.clone();
    // a secret may come of a program or a slow file
    let opened = tokio::task::spawn_blocking(move || Opened::resolve(&secrets, &asked)).await;
    let opened = opened.unwrap_or_else(|error| Err((Trouble::NoSecret, SafeText::new(&error.to_string()))));
    let read = match opened {
        Ok(opened) => look(&backup, &opened, &mut details, &dir, &host, at).await,
        Err(failure) => Err(failure),
    };
    Done { backup, details, read }
}

async fn look(
    backup: &AssignedBackup,
    opened: &Opened,
    details: &mut Details,
    dir: &std::path::Path,
    host: &str,
    at: Timestamp,
) -> Result<Read, Failure> {
    let zone = TimeZone::system();
    let dir = dir.join("backups");
    let own = [host, backup.host.as_str()];
    let mut gather = Gather::new(&backup.paths, &own, at, zone.clone());
    let words = match backup.tool {
        BackupTool::Restic => restic::read(opened, &dir, &mut gather).await?,
        BackupTool::Borg => borg::read(opened, &dir, &zone, details, &mut gather).await?,
    };
    let gathered = gather.finish();
    let log = if words.trim().is_empty() { String::new() } else { format!("\n{} said:\n{words}\n", backup.tool) };
    let long_text = format!("{}{log}", gathered.list);
    Ok(Read { found: gathered.found, days: gathered.days, today: gathered.today, long_text })
}
