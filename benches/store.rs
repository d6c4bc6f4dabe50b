//! How fast the hub's stores are: durable entries a second beside the disk's own fsync time of the same
//! run, and what the samples of a fleet cost.
//! `cargo bench --bench store [FOLDER]`; the folder (default: the target folder) decides which disk is measured.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use watchfloor::fleet::words::{FleetId, HostId, Revision, Timestamp};
use watchfloor::hub::history::{History, Limits, Request, Statistic};
use watchfloor::hub::journal::{Commit, EntryRecord, Journal, RowChange, SqliteJournal};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let folder = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let base = folder.unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").to_owned());
    let folder = tempfile::tempdir_in(&base)?;
    println!("disk below {base}");
    fsync(folder.path())?;
    for batch in [1, 8, 64, 512] {
        journal(folder.path(), batch)?;
    }
    history(folder.path())
}

fn quantile(times: &mut [Duration], q: f64) -> Duration {
    times.sort_unstable();
    times.get(((times.len() as f64 - 1.0) * q) as usize).copied().unwrap_or_default()
}

fn fsync(folder: &Path) -> Outcome {
    let mut file = std::fs::File::create(folder.join("fsync"))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        file.write_all(&[7; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    println!("fdatasync of 4 KiB appended: p50 {:?}, p99 {:?}", quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    Ok(())
}

/// Each entry: 250 bytes, two subjects, three state rows (one new, two rewritten), as an acknowledged alert makes.
fn journal(folder: &Path, batch: u64) -> Outcome {
    let mut journal = SqliteJournal::open(&folder.join(format!("journal-{batch}")), &FleetId::new("bench"))?;
    let mut times = Vec::new();
    let start = Instant::now();
    let mut next = 1;
    while start.elapsed() < Duration::from_secs(4) {
        let mut commit = Commit::default();
        for revision in next..next + batch {
            let row = |table, key: u64, size| RowChange {
                table,
                key: key.to_be_bytes().to_vec(),
                value: Some(Bytes::from(vec![revision as u8; size])),
            };
            commit.rows.extend([row(1, revision % 5_000, 600), row(2, revision, 60), row(3, 0, 40)]);
            commit.entries.push(EntryRecord {
                revision: Revision(revision),
                at: Timestamp(revision.cast_signed()),
                bytes: Bytes::from(vec![revision as u8; 250]),
                subjects: vec![format!("alert/{}", revision % 5_000), format!("host/{}", revision % 900)],
            });
        }
        next += batch;
        let begin = Instant::now();
        journal.commit(&commit)?;
        times.push(begin.elapsed());
    }
    let rate = (next - 1) as f64 / start.elapsed().as_secs_f64();
    let [p50, p99, most] = [0.5, 0.99, 1.0].map(|q| quantile(&mut times, q));
    println!(
        "journal, {batch:>3} entries a commit: {rate:>8.0} entries/s, a commit p50 {p50:?}, p99 {p99:?}, max {most:?}"
    );
    if batch == 64 {
        let start = Instant::now();
        let verified = journal.reader().verify()?;
        println!("verify: {} entries, {} rows in {:?}", verified.entries, verified.rows, start.elapsed());
    }
    Ok(())
}

/// 2,000 hosts with 60 series every 10 s, ten minutes of them as fast as they go: what a running hub would need.
fn history(folder: &Path) -> Outcome {
    const HOSTS: u64 = 2_000;
    const SECONDS: i64 = 600;
    let limits = Limits { leave_free: 0, ..Limits::default() };
    let history = History::open(&folder.join("history"), limits)?;
    let series: Vec<_> = (0..60).filter_map(|n| history.series(&format!("series.{n}"))).collect();
    let start = 1_795_305_600_000;
    let mut random = 88_172_645_463_325_252_u64;
    let mut noise = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut samples: Vec<_> = series.iter().map(|series| (*series, 0.0)).collect();
    let (before, mut most, mut recording) = (memory()?, 0, Duration::ZERO);
    let cpu = processor()?;
    let mut made = Duration::ZERO;
    for second in 0..SECONDS {
        let now = Timestamp(start + second * 1000);
        history.tick(now);
        for host in (0..HOSTS).filter(|host| host.cast_signed() % 10 == second % 10) {
            let begin = Instant::now();
            for (n, (_, value)) in samples.iter_mut().enumerate() {
                *value = match n % 10 {
                    0..4 => (host * 10 + n as u64) as f64,                       // does not change
                    4 => ((noise() * 1e3).floor() + host as f64 * 1e3) * 4096.0, // memory
                    5..7 => f64::from((0.2 + noise() * 0.1) as f32),             // shares
                    7 => (noise() * 100.0).round() / 100.0,                      // load, pressure
                    _ => (noise() * 1e6).round() / 10.0,                         // rates
                };
            }
            made += begin.elapsed();
            let begin = Instant::now();
            history.record(HostId(host), now, &samples);
            recording += begin.elapsed();
        }
        while history.health().open > 60 * 30 * HOSTS {
            std::thread::yield_now(); // the writer keeps pace with the simulated time
        }
        most = most.max(memory()?.saturating_sub(before));
    }
    history.close();
    let cpu = processor()?.saturating_sub(cpu).saturating_sub(made);
    let health = history.health();
    let share = |time: Duration| time.as_secs_f64() / SECONDS as f64 * 100.0;
    let files: u64 = std::fs::read_dir(folder.join("history"))?
        .flatten()
        .filter_map(|file| file.metadata().ok())
        .map(|m| m.len())
        .sum();
    println!(
        "history, {HOSTS} hosts, 60 series, 10 s: {:.2} % of a core in all, of it {:.2} % in record; {} MiB more resident at most; {:.2} bytes a value on disk; {} lost",
        share(cpu),
        share(recording),
        most >> 20,
        files as f64 / health.taken as f64,
        health.lost
    );
    let begin = Instant::now();
    let mut points = 0;
    for host in 0..100 {
        let request = Request {
            host: HostId(host),
            series: vec!["series.5".to_owned()],
            from: Timestamp(start),
            to: Timestamp(start + SECONDS * 1000),
            points: 60,
            statistic: Statistic::Mean,
        };
        points += history.range(&request).iter().map(|line| line.points.len()).sum::<usize>();
    }
    println!(
        "history, one series of one host, ten minutes: {:?} a query ({points} points in 100)",
        begin.elapsed() / 100
    );
    Ok(())
}

/// Resident bytes of this process.
fn memory() -> Outcome<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).unwrap_or("0").parse()?;
    Ok(pages * 4096)
}

/// Processor time of this process so far.
fn processor() -> Outcome<Duration> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)?;
    let time = |time: nix::sys::time::TimeVal| {
        Duration::from_micros(u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0))
    };
    Ok(time(usage.user_time()) + time(usage.system_time()))
}
