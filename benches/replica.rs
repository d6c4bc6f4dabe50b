//! What a console's replica of a large fleet costs: memory, the swap of a snapshot, entries and glances as they arrive.
//!
//! `cargo bench --bench replica` prints the figures with how they were taken. No hub and no link take part: rows and
//! entries are encoded first and decoded as a link task does.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and prints")]

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use prost::Message as _;
use watchfloor::console::replica::{Body, Frame, Replica, Snapshot, Update};
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::state::{Entry, Fleet};
use watchfloor::fleet::words::{Epoch, HostId, Revision, Timestamp};
use watchfloor::wire::{EncodedEntry, decode_entry_bytes, pb, restore_row};

#[path = "tools/fleet.rs"]
mod fleet;

use fleet::{Size, encoded_rows, entry, glance};

const HOSTS: u64 = 10_000;
const ALERTS: u64 = 100_000;
const SIZE: Size = Size { hosts: HOSTS, alerts: ALERTS };
const ENTRIES: u64 = 20_000;

/// Names the file of rows in the process that measures: it has never held the fleet in another form, so its memory is
/// a console's.
const ROWS: &str = "WATCHFLOOR_BENCH_ROWS";

fn main() {
    if let Some(path) = std::env::var_os(ROWS) {
        return measure(Path::new(&path));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replica.rows");
    let rows: Vec<_> = encoded_rows(SIZE).collect();
    let (count, bytes) = (rows.len(), rows.iter().map(Vec::len).sum::<usize>());
    println!("{HOSTS} hosts, {} checks, {ALERTS} open alerts: {count} rows, {} KiB encoded", HOSTS * 5, bytes >> 10);
    let mut file = BufWriter::new(File::create(&path).unwrap());
    for row in rows {
        file.write_all(&u32::try_from(row.len()).unwrap().to_le_bytes()).unwrap();
        file.write_all(&row).unwrap();
    }
    drop(file);
    let status = Command::new(std::env::current_exe().unwrap()).env(ROWS, &path).status().unwrap();
    assert!(status.success());
    std::fs::remove_file(path).unwrap();
}

fn decoded(path: &Path) -> Fleet {
    let mut fleet = Fleet { revision: Revision(1), ..Fleet::default() };
    let mut file = BufReader::new(File::open(path).unwrap());
    let (mut size, mut row) = ([0; 4], Vec::new());
    while file.read_exact(&mut size).is_ok() {
        row.resize(u32::from_le_bytes(size) as usize, 0);
        file.read_exact(&mut row).unwrap();
        restore_row(&mut fleet, pb::Row::decode(row.as_slice()).unwrap()).unwrap();
    }
    fleet
}

fn measure(path: &Path) {
    let before = resident();
    let start = Instant::now();
    let fleet = decoded(path);
    let decoded_in = start.elapsed();
    let snapshot = Snapshot::new(Epoch(1), Role::Admin, None, fleet, false);
    println!("decoded in {decoded_in:?}, counted in {:?} (off the screens' loop)", start.elapsed() - decoded_in);
    let mut replica = Replica::new("bench", Instant::now());
    let swap = Instant::now();
    replica.apply(frame(Body::Snapshot(Box::new(snapshot))));
    println!("swapped in within {:?}; resident memory grew by {} MiB", swap.elapsed(), (resident() - before) >> 20);

    let glances: Vec<_> = (1..=HOSTS).map(|host| (HostId(host), glance(host))).collect();
    let start = Instant::now();
    replica.apply(frame(Body::Glances(glances)));
    println!("{HOSTS} glances taken in {:?} (ten seconds' worth)", start.elapsed());

    let entries: Vec<Vec<u8>> =
        (0..ENTRIES).map(|n| EncodedEntry::new(&entry(n, SIZE)).unwrap().to_bytes().to_vec()).collect();
    let start = Instant::now();
    let decoded: Vec<Entry> = entries.iter().map(|bytes| decode_entry_bytes(bytes.as_slice()).unwrap()).collect();
    let decoding = start.elapsed();
    let mut decoded = decoded.into_iter();
    let start = Instant::now();
    let mut through = 1;
    while through < ENTRIES {
        through += 500;
        let entries: Vec<Entry> = decoded.by_ref().take(500).collect();
        replica.apply(frame(Body::Entries { through: Revision(through), entries }));
    }
    let applying = start.elapsed();
    let share = |time: std::time::Duration| time.as_secs_f64() / (ENTRIES as f64 / 2_000.0) * 100.0;
    println!(
        "{ENTRIES} entries: decoded in {decoding:?} (off the loop), applied in {applying:?}; at 2,000 a second that is \
         {:.2} % and {:.2} % of a core",
        share(decoding),
        share(applying)
    );
    println!("resident memory after the entries: {} MiB more than before", (resident() - before) >> 20);
    let again = Snapshot::new(Epoch(2), Role::Admin, None, self::decoded(path), false);
    let both = resident();
    let changed = replica.apply(frame(Body::Snapshot(Box::new(again))));
    let start = Instant::now();
    drop(changed);
    let freed = start.elapsed();
    println!(
        "another epoch: {} MiB while both fleets are held, {} MiB after; the old one is freed in {freed:?}",
        (both - before) >> 20,
        (resident() - before) >> 20
    );
}

fn frame(body: Body) -> Update {
    Update::Frame(Frame { received: Instant::now(), hub_time: Timestamp(1), body })
}

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
