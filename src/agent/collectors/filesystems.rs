//! Mounted file systems: space and inodes.
//!
//! A dead network or FUSE server makes `statvfs` hang for ever, in a state no signal ends. So those types are left out,
//! and the others are asked on a thread of their own: a mount that does not answer in time is left out while its
//! thread hangs, and another thread serves the rest.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

use nix::sys::statvfs::{FsFlags, statvfs};

use crate::agent::collectors::files::Files;
use crate::agent::collectors::mounts::{self, Mount};
use crate::fleet::hosts::vitals::FileSystem;

/// The most file systems looked at.
const FILE_SYSTEMS_MAX: usize = 64;
/// How long one file system may take to answer before it counts as hung.
const PATIENCE: Duration = Duration::from_millis(100);
/// The most threads left hanging; beyond it no file system is asked until one comes back.
const HUNG_MAX: usize = 4;

/// Knows the mounts, and asks each for its space.
#[derive(Debug, Default)]
pub struct FileSystemSampler {
    mounts: Vec<Mount>,
    table_hash: Option<u64>,
    asker: Option<Asker>,
    hung: Vec<Hung>,
}

/// A thread that asks one file system at a time. It ends when its questions are dropped.
#[derive(Debug)]
struct Asker {
    questions: Sender<PathBuf>,
    answers: Receiver<Option<Space>>,
}

#[derive(Debug)]
struct Hung {
    path: PathBuf,
    answers: Receiver<Option<Space>>,
}

#[derive(Clone, Copy, Debug)]
struct Space {
    total: u64,
    used: u64,
    available: u64,
    inodes_total: u64,
    inodes_used: u64,
    read_only: bool,
}

enum Answer {
    Space(Space),
    None,
    Hung,
}

impl FileSystemSampler {
    /// All local file systems that answer.
    pub fn sample(&mut self, files: &mut Files) -> Vec<FileSystem> {
        self.refresh_mounts(files);
        self.hung.retain(|hung| matches!(hung.answers.try_recv(), Err(TryRecvError::Empty)));
        let mounts = std::mem::take(&mut self.mounts);
        let sampled = mounts.iter().filter_map(|mount| self.ask(mount)).collect();
        self.mounts = mounts;
        sampled
    }

    /// The mount points that hang now.
    pub fn hung(&self) -> impl Iterator<Item = &std::path::Path> {
        self.hung.iter().map(|hung| hung.path.as_path())
    }

    fn refresh_mounts(&mut self, files: &mut Files) {
        let root = files.root().to_owned();
        let Ok(table) = files.read("proc/self/mountinfo") else {
            self.mounts.clear();
            self.table_hash = None;
            return;
        };
        let mut hasher = DefaultHasher::new();
        table.hash(&mut hasher);
        let hash = Some(hasher.finish());
        if self.table_hash != hash {
            self.mounts = mounts::local(&String::from_utf8_lossy(table), &root, FILE_SYSTEMS_MAX);
            self.table_hash = hash;
        }
    }

    fn ask(&mut self, mount: &Mount) -> Option<FileSystem> {
        if self.hung.len() >= HUNG_MAX || self.hung.iter().any(|hung| hung.path == mount.path) {
            return None;
        }
        if self.asker.is_none() {
            self.asker = Asker::start();
        }
        match self.asker.as_ref()?.ask(&mount.path) {
            Answer::Space(space) => Some(space.of(mount)),
            Answer::None => None,
            Answer::Hung => {
                let answers = self.asker.take()?.answers;
                self.hung.push(Hung { path: mount.path.clone(), answers });
                None
            }
        }
    }
}

impl Asker {
    fn start() -> Option<Self> {
        let (questions, asked) = channel::<PathBuf>();
        let (answer, answers) = channel();
        let work = move || {
            for path in asked {
                if answer.send(Space::of_path(&path)).is_err() {
                    return;
                }
            }
        };
        // a small stack: the thread lives as long as the agent
        std::thread::Builder::new().name("statvfs".into()).stack_size(64 << 10).spawn(work).ok()?;
        Some(Self { questions, answers })
    }

    fn ask(&self, path: &std::path::Path) -> Answer {
        if self.questions.send(path.to_owned()).is_err() {
            return Answer::Hung;
        }
        match self.answers.recv_timeout(PATIENCE) {
            Ok(Some(space)) => Answer::Space(space),
            Ok(None) => Answer::None,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Answer::Hung,
        }
    }
}

impl Space {
    fn of_path(path: &std::path::Path) -> Option<Self> {
        let answer = statvfs(path).ok()?;
        let unit = answer.fragment_size();
        let bytes = |blocks: u64| blocks.saturating_mul(unit);
        let space = Self {
            total: bytes(answer.blocks()),
            used: bytes(answer.blocks().saturating_sub(answer.blocks_free())),
            available: bytes(answer.blocks_available().min(answer.blocks_free())),
            inodes_total: answer.files(),
            inodes_used: answer.files().saturating_sub(answer.files_free()),
            read_only: answer.flags().contains(FsFlags::ST_RDONLY),
        };
        // what has no size holds nothing that could run full
        (space.total > 0).then_some(space)
    }

    fn of(self, mount: &Mount) -> FileSystem {
        FileSystem {
            mount: mount.name.clone(),
            fs_type: mount.fs_type.clone(),
            total: self.total,
            used: self.used,
            available: self.available,
            inodes_total: self.inodes_total,
            inodes_used: self.inodes_used,
            read_only: self.read_only,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_mounts_answer_and_missing_ones_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("proc/self")).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let table = "30 1 8:1 / /data rw - ext4 /dev/sda1 rw\n31 1 8:2 / /none rw - ext4 /dev/sda2 rw\n";
        std::fs::write(folder.path().join("proc/self/mountinfo"), table).unwrap();
        let (mut files, mut sampler) = (Files::new(folder.path()), FileSystemSampler::default());
        for _ in 0..3 {
            let sampled = sampler.sample(&mut files);
            assert_eq!(sampled.iter().map(|fs| fs.mount.as_str()).collect::<Vec<_>>(), ["/data"]);
            assert!(sampled.iter().all(|fs| fs.total > 0 && fs.used <= fs.total));
        }
    }

    #[test]
    fn a_mount_that_hangs_is_left_out_alone_until_it_answers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mount = Mount::for_test(&path);
        let mut sampler = FileSystemSampler::default();
        assert!(sampler.ask(&mount).is_some());
        let (answer, answers) = channel();
        sampler.hung.push(Hung { path: path.clone(), answers });
        assert!(sampler.ask(&mount).is_none(), "its thread hangs");
        assert!(sampler.ask(&Mount::for_test(folder.path().parent().unwrap())).is_some(), "others are served");
        assert_eq!(sampler.hung().collect::<Vec<_>>(), [path.as_path()]);
        answer.send(None).unwrap();
        sampler.sample(&mut Files::new("/nonexistent"));
        assert!(sampler.ask(&mount).is_some(), "it answered");
    }

    #[test]
    fn an_answer_that_does_not_come_counts_as_hung() {
        let (questions, asked) = channel();
        let (answer, answers) = channel();
        let asker = Asker { questions, answers };
        assert!(matches!(asker.ask(std::path::Path::new("/")), Answer::Hung));
        drop((asked, answer));
        assert!(matches!(asker.ask(std::path::Path::new("/")), Answer::Hung));
    }
}
