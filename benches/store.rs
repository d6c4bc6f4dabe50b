//! How fast the hub's stores are: durable entries a second beside the disk's own fsync time of the same run.
//! `cargo bench --bench store [FOLDER]`; the folder (default: the target folder) decides which disk is measured.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use watchfloor::fleet::words::{FleetId, Revision, Timestamp};
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
    Ok(())
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
    let (p50, p99) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    println!("journal, {batch:>3} entries a commit: {rate:>8.0} entries/s, a commit p50 {p50:?}, p99 {p99:?}");
    if batch == 64 {
        let start = Instant::now();
        let verified = journal.reader().verify()?;
        println!("verify: {} entries, {} rows in {:?}", verified.entries, verified.rows, start.elapsed());
    }
    Ok(())
}
