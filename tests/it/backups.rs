//! What an agent finds in real repositories of restic and borg, of which each is in a state of its own.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

use watchfloor::agent::backups::{Reader, Request, Setup};
use watchfloor::agent::board::Board;
use watchfloor::agent::wall_now;
use watchfloor::fleet::backups::{Found, Trouble};
use watchfloor::fleet::configuration::{AssignedBackup, Provenance};
use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::words::BackupTool;
use watchfloor::settings::secret::{SecretSource, Secrets};

/// How long a tool may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

struct Host {
    dir: TempDir,
    requests: mpsc::Sender<Request>,
    facts: mpsc::Receiver<Fact>,
    board: Arc<Board>,
}

impl Host {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            (name.to_owned(), SecretSource::File(path))
        };
        let secrets = Secrets::new(BTreeMap::from([secret("GOOD", "correct horse"), secret("WRONG", "battery")]));
        for name in ["etc", "www"] {
            std::fs::create_dir_all(dir.path().join("src").join(name)).unwrap();
            std::fs::write(dir.path().join("src").join(name).join("file"), name).unwrap();
        }
        let (requests, asked) = mpsc::channel(8);
        let (tell, facts) = mpsc::channel(64);
        let board = Arc::new(Board::default());
        let setup = Setup {
            host: "web-01".into(),
            dir: dir.path().join("agent"),
            secrets,
            told: BTreeMap::new(),
            board: Arc::clone(&board),
            wall: wall_now,
        };
        std::fs::create_dir(dir.path().join("agent")).unwrap();
        tokio::spawn(Reader::new(setup).run(asked, tell));
        Self { dir, requests, facts, board }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn source(&self, name: &str) -> String {
        self.path("src").join(name).to_str().unwrap().to_owned()
    }

    fn job(&self, name: &str, tool: BackupTool, repository: &str, secret: &str) -> AssignedBackup {
        AssignedBackup {
            name: name.into(),
            tool,
            repository: self.path(repository).to_str().unwrap().to_owned(),
            password: Some(secret.to_owned()),
            paths: vec![self.source("etc"), self.source("www")],
            interval: Duration::from_secs(3_600),
            host: "web-01".into(),
            source: Provenance::built_in(),
        }
    }

    /// Reads these jobs and gives what each found.
    async fn read(&mut self, jobs: Vec<AssignedBackup>) -> BTreeMap<String, (Found, String)> {
        let count = jobs.len();
        self.requests.send(Request::Assign(jobs)).await.unwrap();
        let mut found = BTreeMap::new();
        while found.len() < count {
            let fact = timeout(PATIENCE, self.facts.recv()).await.expect("a reading ends").unwrap();
            let FactBody::Backup { job, found: what, long_text, .. } = fact.body else { panic!("{fact:?}") };
            found.insert(job.to_string(), (*what, long_text.to_string()));
        }
        found
    }

    fn restic(&self, repository: &str, args: &[&str]) {
        let repository = self.path(repository);
        tool("restic", args, &[("RESTIC_REPOSITORY", repository.as_path())]);
    }

    fn borg(&self, args: &[&str]) {
        let home = self.path("borg-home");
        tool("borg", args, &[("BORG_BASE_DIR", home.as_path())]);
    }
}

fn tool(program: &str, args: &[&str], paths: &[(&str, &Path)]) {
    let mut command = Command::new(program);
    command.args(args).env("RESTIC_PASSWORD", "correct horse").env("BORG_PASSPHRASE", "correct horse");
    command.envs(paths.iter().copied());
    let done = command.output().unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"));
    assert!(done.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn restic_repositories_say_what_can_be_restored() {
    let mut host = Host::new();
    let (etc, www) = (host.source("etc"), host.source("www"));
    for repository in ["healthy", "partial", "empty", "emptied", "locked"] {
        host.restic(repository, &["init", "-q"]);
    }
    for (repository, paths) in [
        ("healthy", vec![&etc, &www]),
        ("partial", vec![&etc]),
        ("emptied", vec![&etc, &www]),
        ("locked", vec![&etc, &www]),
    ] {
        let mut args = vec!["backup", "-q", "--host", "WEB-01.example.org"];
        args.extend(paths.iter().map(|path| path.as_str()));
        host.restic(repository, &args);
    }
    let locks = std::fs::read_dir(host.path("locked").join("locks")).unwrap().count();
    std::fs::write(host.path("locked").join("locks").join("0".repeat(64)), "a lock of somebody who died").unwrap();
    std::fs::remove_dir_all(host.path("emptied").join("snapshots")).unwrap();
    std::fs::create_dir(host.path("emptied").join("snapshots")).unwrap();
    let restic = BackupTool::Restic;
    let jobs = vec![
        host.job("healthy", restic, "healthy", "GOOD"),
        host.job("partial", restic, "partial", "GOOD"),
        host.job("never", restic, "empty", "GOOD"),
        host.job("emptied", restic, "emptied", "GOOD"),
        host.job("locked", restic, "locked", "GOOD"),
        host.job("wrong", restic, "healthy", "WRONG"),
        host.job("nowhere", restic, "nowhere", "GOOD"),
        host.job("secretless", restic, "healthy", "OTHER"),
    ];
    let found = host.read(jobs).await;
    let of = |name: &str| &found[name].0;
    let trouble = |name: &str| of(name).trouble;
    assert_eq!((trouble("healthy"), of("healthy").restorable), (None, 1));
    assert!(of("healthy").newest.is_some() && of("healthy").newest == of("healthy").freshest);
    assert!(found["healthy"].1.contains(&etc), "{}", found["healthy"].1);
    assert_eq!((of("partial").newest, of("partial").freshest.is_some()), (None, true));
    assert_eq!(of("partial").missing.as_ref().unwrap().as_str(), www);
    assert_eq!((trouble("never"), of("never").restorable, of("emptied").restorable), (None, 0, 0));
    assert_eq!((trouble("locked"), of("locked").restorable), (None, 1), "reading waits for no lock");
    assert_eq!(trouble("wrong"), Some(Trouble::WrongPassword));
    assert_eq!(trouble("nowhere"), Some(Trouble::NoRepository));
    assert_eq!(trouble("secretless"), Some(Trouble::NoSecret));
    assert!(found.values().all(|(found, text)| !format!("{found:?}{text}").contains("battery")), "no secret is told");
    assert_eq!(std::fs::read_dir(host.path("healthy").join("locks")).unwrap().count(), locks, "no lock is left behind");

    // A hub that lost what it was told hears it again: when somebody asks, and when the job comes back to the host.
    let again = host.job("healthy", restic, "healthy", "GOOD");
    host.requests.send(Request::ReadNow(Some("healthy".into()))).await.unwrap();
    let asked = timeout(PATIENCE, host.facts.recv()).await.expect("what was asked for is told").unwrap();
    let FactBody::Backup { job, found: told, .. } = asked.body else { panic!("{asked:?}") };
    assert_eq!((job.as_str(), told.newest), ("healthy", of("healthy").newest));
    host.requests.send(Request::Assign(vec![])).await.unwrap();
    assert_eq!(host.read(vec![again]).await["healthy"].0.restorable, 1, "it begins anew");
}

#[tokio::test]
async fn borg_repositories_say_what_can_be_restored() {
    let mut host = Host::new();
    let (etc, www) = (host.source("etc"), host.source("www"));
    let at = |name: &str| host.path(name).to_str().unwrap().to_owned();
    for repository in ["healthy", "partial", "empty", "locked"] {
        host.borg(&["init", "-e", "repokey", &at(repository)]);
    }
    host.borg(&["create", &format!("{}::one", at("healthy")), &etc, &www]);
    host.borg(&["create", &format!("{}::two", at("healthy")), &etc, &www]);
    host.borg(&["create", &format!("{}::one", at("partial")), &etc]);
    host.borg(&["create", &format!("{}::one", at("locked")), &etc, &www]);
    let borg = BackupTool::Borg;
    let own = |job: AssignedBackup| AssignedBackup { host: hostname(), ..job };
    let jobs = vec![
        own(host.job("healthy", borg, "healthy", "GOOD")),
        own(host.job("partial", borg, "partial", "GOOD")),
        own(host.job("never", borg, "empty", "GOOD")),
        own(host.job("wrong", borg, "healthy", "WRONG")),
        own(host.job("nowhere", borg, "nowhere", "GOOD")),
    ];
    let found = host.read(jobs).await;
    let of = |name: &str| &found[name].0;
    assert_eq!((of("healthy").trouble, of("healthy").restorable), (None, 2));
    assert!(of("healthy").newest.is_some() && of("healthy").size.is_some(), "{:?}", found["healthy"]);
    assert!(wall_now().since(of("healthy").newest.unwrap()) < PATIENCE * 2, "its times are the host's own");
    assert_eq!(
        (of("partial").newest, of("partial").missing.as_ref().map(|path| path.as_str())),
        (None, Some(www.as_str()))
    );
    assert_eq!((of("never").trouble, of("never").restorable), (None, 0));
    assert_eq!(of("wrong").trouble, Some(Trouble::WrongPassword));
    assert_eq!(of("nowhere").trouble, Some(Trouble::NoRepository));
    assert!(
        !host.path("healthy").join("lock.exclusive").exists() && !host.path("healthy").join("lock.roster").exists()
    );

    // What is locked keeps what was known, and says that it could not look.
    std::fs::create_dir(host.path("locked").join("lock.exclusive")).unwrap();
    let held = host.path("locked").join("lock.exclusive").join("elsewhere@1.2-3");
    std::fs::write(held, "").unwrap();
    host.requests.send(Request::Assign(vec![host.job("locked", borg, "locked", "GOOD")])).await.unwrap();
    let says_locked = async {
        loop {
            let news = host.board.news_since(0);
            if let Some(reading) = news.backups.iter().find(|reading| reading.job.as_str() == "locked") {
                return reading.clone();
            }
            host.board.beaten().await;
        }
    };
    host.requests.send(Request::ReadNow(None)).await.unwrap();
    let reading = timeout(PATIENCE, says_locked).await.expect("it is said");
    assert_eq!((reading.at, reading.trouble.map(|(trouble, _)| trouble)), (None, Some(Trouble::Locked)));
    assert!(host.facts.try_recv().is_err(), "what passes is no fact");
}

/// The name that borg writes into archives.
fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}
