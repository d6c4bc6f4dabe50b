//! The outbox and where checks stand by it, shared by the scheduler's facts coming in and the uplink sending them on.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::sleep;

use crate::agent::outbox::{Outbox, OutboxError, QUOTA, Reading};
use crate::agent::standing::Standing;
use crate::fleet::checks::Attempts;
use crate::fleet::fact::Fact;
use crate::fleet::words::{CheckName, JobName, StreamId};
use crate::wire::{decode_fact, encode_fact};

/// Facts written with one flush.
const BATCH_MAX: usize = 256;
/// Facts held in memory while the disk takes none; beyond it the oldest are dropped.
const WAITING_MAX: usize = 1024;
/// Between two attempts at a disk that takes nothing.
const RETRY: Duration = Duration::from_secs(5);

/// The facts of one agent; cheap to clone.
#[derive(Clone, Debug)]
pub struct Facts {
    kept: Arc<Mutex<Kept>>,
    /// The number the next fact gets.
    next: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    outbox: Outbox,
    standing: Standing,
    saved_through: u64,
    path: PathBuf,
}

/// What an opening says about the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The stream.
    pub stream: StreamId,
    /// The number the next fact gets.
    pub next: u64,
    /// The oldest number that may still be held.
    pub held_from: u64,
}

impl Facts {
    /// Opens what lies in `dir`: the folder `outbox` and the file `standing.json`.
    ///
    /// # Errors
    /// As [`Outbox::open`].
    pub fn open(dir: &Path) -> Result<Self, OutboxError> {
        let mut outbox = Outbox::open(&dir.join("outbox"), QUOTA)?;
        for damage in outbox.damage() {
            tracing::error!(path = %damage.path.display(), offset = damage.offset, "facts are damaged on disk and lost");
        }
        let path = dir.join("standing.json");
        let mut standing = Standing::load(&path);
        let saved_through = standing.through;
        if standing.stream != outbox.stream() {
            standing = Standing { stream: outbox.stream(), ..Standing::default() };
        }
        catch_up(&mut standing, &mut outbox)?;
        let next = watch::Sender::new(outbox.next());
        let kept = Kept { outbox, standing, saved_through, path };
        Ok(Self { kept: Arc::new(Mutex::new(kept)), next })
    }

    /// Where checks stood when the agent ended.
    pub async fn checks(&self) -> BTreeMap<CheckName, Attempts> {
        self.kept.lock().await.standing.checks.clone()
    }

    /// What was told last of each backup job, by its checksum.
    pub async fn backups(&self) -> BTreeMap<JobName, u32> {
        self.kept.lock().await.standing.backups.clone()
    }

    /// Whether what the machine is, as the hub was last told, has this checksum.
    pub async fn described_as(&self, checksum: u32) -> bool {
        self.kept.lock().await.standing.described == Some(checksum)
    }

    /// Follows the number the next fact gets.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    /// What an opening says.
    pub async fn position(&self) -> Position {
        let kept = self.kept.lock().await;
        let outbox = &kept.outbox;
        Position { stream: outbox.stream(), next: outbox.next(), held_from: outbox.held_from() }
    }

    /// Facts from `seq` on; see [`Outbox::read_from`].
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn read_from(&self, seq: u64, max_bytes: usize) -> Result<Reading, OutboxError> {
        self.kept.lock().await.outbox.read_from(seq, max_bytes)
    }

    /// The hub has all up to `through`; see [`Outbox::confirm`].
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn confirm(&self, through: u64) -> Result<bool, OutboxError> {
        let mut kept = self.kept.lock().await;
        if kept.outbox.frees(through) {
            // facts go with their segment, so what they said must be written down first
            kept.save()?;
        }
        kept.outbox.confirm(through)
    }

    /// Begins a new stream; see [`Outbox::renew`].
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn renew(&self) -> Result<(), OutboxError> {
        let mut kept = self.kept.lock().await;
        kept.outbox.renew()?;
        (kept.standing.stream, kept.standing.through) = (kept.outbox.stream(), kept.outbox.next() - 1);
        self.next.send_replace(kept.outbox.next());
        kept.save()
    }

    /// Writes down where checks stand, so that a start need not read the outbox for it.
    ///
    /// # Errors
    /// Where the disk fails; nothing is lost then.
    pub async fn save(&self) -> Result<(), OutboxError> {
        self.kept.lock().await.save()
    }

    /// Keeps one fact; whether it is on disk.
    pub async fn add(&self, fact: Fact) -> bool {
        let (waiting, _) = self.append(VecDeque::from([fact]), false).await;
        waiting.is_empty()
    }

    /// Takes facts and keeps them, until nobody tells any more.
    pub async fn keep(self, mut told: mpsc::Receiver<Fact>) {
        let mut waiting = VecDeque::new();
        let mut failing = false;
        loop {
            let failed_before = failing;
            tokio::select! {
                biased;
                fact = told.recv() => match fact {
                    Some(fact) => waiting.push_back(fact),
                    None => break,
                },
                () = sleep(RETRY), if failed_before => {}
            }
            while waiting.len() < BATCH_MAX
                && let Ok(fact) = told.try_recv()
            {
                waiting.push_back(fact);
            }
            (waiting, failing) = self.append(waiting, failed_before).await;
        }
        self.append(waiting, failing).await;
    }

    /// Appends what waits; gives back what the disk did not take, and whether it failed.
    async fn append(&self, mut waiting: VecDeque<Fact>, failed_before: bool) -> (VecDeque<Fact>, bool) {
        if waiting.is_empty() {
            return (waiting, false);
        }
        let kept = Arc::clone(&self.kept);
        // a flush can take seconds on a bad disk, and heartbeats must go on
        let appended = tokio::task::spawn_blocking(move || {
            let appended = kept.blocking_lock().append(waiting.make_contiguous());
            (waiting, appended)
        });
        let Ok((mut waiting, appended)) = appended.await else { return (VecDeque::new(), true) };
        match appended {
            Ok(next) => {
                self.next.send_replace(next);
                waiting.clear();
                if failed_before {
                    tracing::info!("facts are kept on disk again");
                }
                (waiting, false)
            }
            Err(error) => {
                if !failed_before {
                    tracing::error!(%error, "facts cannot be kept on disk; trying again");
                }
                if waiting.len() > WAITING_MAX {
                    let dropped = waiting.len() - WAITING_MAX;
                    waiting.drain(..dropped);
                    tracing::error!(dropped, "facts are lost: the disk takes none");
                }
                (waiting, true)
            }
        }
    }
}

impl Kept {
    fn append(&mut self, facts: &[Fact]) -> Result<u64, OutboxError> {
        let encoded: Vec<_> = facts.iter().map(encode_fact).collect();
        let first = self.outbox.next();
        self.outbox.append(&encoded)?;
        for (seq, fact) in (first..).zip(facts) {
            self.standing.apply(seq, &fact.body);
        }
        Ok(self.outbox.next())
    }

    fn save(&mut self) -> Result<(), OutboxError> {
        if self.standing.through == self.saved_through && self.path.exists() {
            return Ok(());
        }
        let path = self.path.clone();
        self.standing.save(&path).map_err(|source| OutboxError::Disk { doing: "write", path, source })?;
        self.saved_through = self.standing.through;
        Ok(())
    }
}

/// Applies the facts that are newer than what was written down.
fn catch_up(standing: &mut Standing, outbox: &mut Outbox) -> Result<(), OutboxError> {
    let mut seq = standing.through + 1;
    loop {
        match outbox.read_from(seq, BATCH_MAX * 1024)? {
            Reading::Facts(facts) => {
                for (number, bytes) in facts {
                    seq = number + 1;
                    if let Ok(fact) = decode_fact(bytes) {
                        standing.apply(number, &fact.body);
                    }
                }
            }
            Reading::Gap { through, .. } => seq = through + 1,
            Reading::Empty => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::fact::FactBody;
    use crate::fleet::words::{CheckState, SafeText, Timestamp};

    fn fact(name: &str, state: CheckState, attempt: u32) -> Fact {
        let body = FactBody::Check {
            name: name.into(),
            state,
            hard: attempt >= 3 || state == CheckState::Ok,
            attempt,
            max_attempts: 3,
            summary: SafeText::new("x"),
            long_text: SafeText::default(),
            perfdata: SafeText::default(),
            interval_ms: 60_000,
        };
        Fact { at: Timestamp(1), body }
    }

    async fn tell(facts: &Facts, all: Vec<Fact>) {
        let (tell, told) = mpsc::channel(16);
        let keeping = tokio::spawn(facts.clone().keep(told));
        for fact in all {
            tell.send(fact).await.unwrap();
        }
        drop(tell);
        keeping.await.unwrap();
    }

    #[tokio::test]
    async fn where_checks_stand_survives_a_kill_at_any_time() {
        let dir = tempfile::tempdir().unwrap();
        let facts = Facts::open(dir.path()).unwrap();
        let story = [
            fact("disk", CheckState::Ok, 1),
            fact("disk", CheckState::Critical, 1),
            fact("cpu", CheckState::Ok, 1),
            fact("disk", CheckState::Critical, 2),
            Fact { at: Timestamp(2), body: FactBody::Gone("cpu".into()) },
        ];
        let mut follow = facts.follow();
        tell(&facts, story[..2].to_vec()).await;
        assert_eq!(*follow.borrow_and_update(), 3);
        assert!(facts.confirm(2).await.unwrap());
        facts.save().await.unwrap();
        tell(&facts, story[2..].to_vec()).await;
        let stands = facts.checks().await;
        assert_eq!(stands.len(), 1);
        assert_eq!(stands[&"disk".into()], Attempts { state: CheckState::Critical, hard: false, attempt: 2 });
        drop(facts);
        let facts = Facts::open(dir.path()).unwrap();
        assert_eq!(facts.checks().await, stands, "from the file and the facts behind it");
        facts.renew().await.unwrap();
        drop(facts);
        let facts = Facts::open(dir.path()).unwrap();
        assert_eq!(facts.checks().await, stands, "in a new stream");
        drop(facts);
        std::fs::remove_dir_all(dir.path().join("outbox")).unwrap();
        assert!(Facts::open(dir.path()).unwrap().checks().await.is_empty(), "without facts it must be told anew");
    }

    #[tokio::test]
    async fn facts_that_leave_the_disk_leave_their_standing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let facts = Facts::open(dir.path()).unwrap();
        let long = SafeText::block(&"long text\n".repeat(3000));
        for round in 0..40 {
            let mut fact = fact(&format!("c{}", round % 4), CheckState::Critical, 1 + round % 3);
            if let FactBody::Check { long_text, .. } = &mut fact.body {
                *long_text = long.clone();
            }
            tell(&facts, vec![fact]).await;
        }
        let stands = facts.checks().await;
        assert!(facts.confirm(40).await.unwrap());
        assert_eq!(facts.position().await.held_from, 41, "all are confirmed and gone");
        drop(facts);
        assert_eq!(Facts::open(dir.path()).unwrap().checks().await, stands);
    }
}
