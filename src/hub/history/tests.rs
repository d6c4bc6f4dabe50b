//! History as its users meet it: what was measured is on the chart, wherever it lies by now.

use std::path::Path;
use std::time::Duration;

use super::tiers::{Name, Tier, WINDOW, list};
use super::*;
use crate::fleet::words::{HostId, Timestamp};

/// 2026-11-22T00:00:00Z, the beginning of a fine file.
const START: i64 = 1_795_305_600_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

fn limits() -> Limits {
    Limits { leave_free: 0, ..Limits::default() }
}

fn open(folder: &Path) -> History {
    History::open(folder, limits()).unwrap()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A sample of every `step` from `from` to before `to`: `value` gives it from the minutes since `START`.
fn feed(history: &History, host: u64, name: &str, times: (i64, i64, i64), value: impl Fn(f64) -> f64) {
    let series = history.series(name).unwrap();
    let (from, to, step) = times;
    for at in (from..to).step_by(usize::try_from(step).unwrap()) {
        history.tick(Timestamp(at));
        history.record(HostId(host), Timestamp(at), &[(series, value((at - START) as f64 / MINUTE as f64))]);
    }
}

fn ask(host: u64, series: &str, from: i64, to: i64, points: usize) -> Request {
    let (from, to) = (Timestamp(from), Timestamp(to));
    Request { host: HostId(host), series: vec![series.to_owned()], from, to, points, statistic: Statistic::Mean }
}

fn line(history: &History, request: &Request) -> Vec<(i64, f64)> {
    let mut lines = history.range(request);
    assert!(lines.len() <= 1, "{lines:?}");
    lines.pop().map(|line| line.points.into_iter().map(|(at, value)| (at.0, value)).collect()).unwrap_or_default()
}

#[test]
fn what_was_recorded_is_read_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    feed(&history, 7, "cpu.busy", (START, START + 20 * MINUTE, 10 * SECOND), |minute| minute / 4.0);
    let request = ask(7, "cpu.*", START, START + HOUR, 10_000);
    let expected: Vec<_> = (0..120).map(|n| (START + n * 10 * SECOND, n as f64 / 24.0)).collect();
    let close = |read: &[(i64, f64)]| read.iter().zip(&expected).all(|(r, e)| r.0 == e.0 && (r.1 - e.1).abs() < 1e-12);
    let read = line(&history, &request);
    assert!(read.len() == 120 && close(&read), "{read:?}");
    until("blocks are written every five minutes", || history.health().blocks >= 3);
    assert_eq!(line(&history, &request), read);
    history.close();
    assert_eq!(history.health().open, 0);
    drop(history);

    let history = open(folder.path());
    assert_eq!(line(&history, &request), read, "bit for bit");
    assert!(line(&history, &ask(8, "*", START, START + HOUR, 100)).is_empty(), "another host has nothing");
    assert!(line(&history, &ask(7, "mem.*", START, START + HOUR, 100)).is_empty());
    assert!(line(&history, &ask(7, "*", START + HOUR, START, 100)).is_empty(), "a range turned round");
    assert_eq!(
        line(&history, &ask(7, "*", START + 5 * MINUTE, START + 6 * MINUTE, 100)).len(),
        7,
        "both ends belong to it"
    );
}

#[test]
fn a_point_that_stands_for_several_shows_mean_low_or_high() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    feed(&history, 1, "x", (START, START + HOUR, 10 * SECOND), |minute| minute.floor());
    for points in [2, 7, 60, 100_000] {
        let read = line(&history, &ask(1, "x", START, START + HOUR, points));
        assert!(read.len() <= points, "{} of {points}", read.len());
        assert!(read.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
    let mut request = ask(1, "x", START, START + HOUR - 1, 13); // stretches of five minutes
    let at = |history: &History, request: &Request| line(history, request)[1];
    assert_eq!(at(&history, &request), (START + 5 * MINUTE, 7.0));
    request.statistic = Statistic::Low;
    assert_eq!(at(&history, &request), (START + 5 * MINUTE, 5.0));
    request.statistic = Statistic::High;
    assert_eq!(at(&history, &request), (START + 5 * MINUTE, 9.0));
}

#[test]
fn no_value_is_missed_or_met_twice_while_it_moves_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut most = 0;
            while most < 600 {
                let read = line(&history, &ask(1, "n", START, START + 6 * HOUR, 10_000));
                assert!(read.len() >= most, "{} after {most}", read.len());
                assert!(
                    read.iter()
                        .enumerate()
                        .all(|(n, (at, value))| *value == n as f64 && *at == START + n as i64 * 30 * SECOND)
                );
                most = read.len();
            }
        });
        feed(&history, 1, "n", (START, START + 300 * MINUTE, 30 * SECOND), |minute| minute * 2.0);
        reader.join().unwrap();
    });
    until("written", || history.health().blocks > 10);
}

#[test]
fn series_at_intervals_of_their_own_come_together_in_one_answer() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    let [a, b, c] = ["a", "b", "c"].map(|name| history.series(name).unwrap());
    history.tick(Timestamp(START));
    history.record(HostId(1), Timestamp(START), &[(a, 1.0), (b, 2.0)]);
    history.record(HostId(1), Timestamp(START + 1), &[(c, 3.0)]);
    history.record(HostId(1), Timestamp(START + 2), &[(a, 4.0), (b, f64::NAN), (c, f64::INFINITY)]);
    history.close();
    let request = Request { series: Vec::new(), ..ask(1, "", START, START + 5, 100) };
    let lines = history.range(&request);
    let shown: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.points.len())).collect();
    assert_eq!(shown, [("a", 2), ("b", 1), ("c", 1)]);
    let two = Request { series: vec!["c".into(), "a".into()], ..request };
    assert_eq!(history.range(&two).len(), 2);
    let health = history.health();
    assert_eq!((health.taken, health.refused, health.lost), (4, 2, 0));
}

#[test]
fn moments_that_can_not_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    let x = history.series("x").unwrap();
    history.tick(Timestamp(START));
    for wrong in [0, i64::MIN, i64::MAX, START - HOUR, START + 5 * MINUTE] {
        history.record(HostId(1), Timestamp(wrong), &[(x, 1.0)]);
    }
    history.record(HostId(1), Timestamp(START - 5 * MINUTE), &[(x, 1.0)]);
    history.close();
    assert_eq!((history.health().refused, history.health().taken), (5, 1));
    assert_eq!(list(folder.path()).unwrap(), [Name { tier: Tier::Fine, start: START - WINDOW }]);
}

/// Records six hours and more, until the first fine file is summed up.
fn summed_up(folder: &Path) -> History {
    let history = open(folder);
    feed(&history, 1, "ramp", (START, START + WINDOW, MINUTE), |minute| minute);
    feed(&history, 2, "flat", (START, START + WINDOW, 10 * MINUTE), |_| 5.0);
    let mut now = START + WINDOW;
    until("summed up", || {
        now += SECOND;
        history.tick(Timestamp(now));
        let name = Name { tier: Tier::Hours, start: Name::covering(Tier::Hours, Timestamp(START)).start };
        let file = file::BlockFile::read(folder, name).unwrap();
        file.is_some_and(|file| file.rolled().unwrap().contains(&START))
    });
    history
}

#[test]
fn a_finished_file_is_summed_up_and_the_sums_outlive_it() {
    let folder = tempfile::tempdir().unwrap();
    let history = summed_up(folder.path());
    let fine = Name { tier: Tier::Fine, start: START };
    assert!(fine.path(folder.path()).exists());
    let minutes = ask(1, "ramp", START, START + WINDOW - 1, 73); // five minutes a point
    let before = line(&history, &minutes);
    assert_eq!(before.len(), 72);
    assert_eq!(before[3], (START + 15 * MINUTE, 17.0));
    assert_eq!(
        line(&history, &ask(1, "ramp", START, START + WINDOW - 1, 1000)).len(),
        360,
        "every value is still there"
    );

    file::unlink(folder.path(), fine).unwrap();
    assert_eq!(line(&history, &minutes), before);
    let mut finer = ask(1, "ramp", START, START + WINDOW - 1, 1000);
    assert_eq!(line(&history, &finer).len(), 72, "no finer than what is left");
    finer.statistic = Statistic::High;
    assert_eq!(line(&history, &finer)[0], (START, 4.0));
    finer.statistic = Statistic::Low;
    assert_eq!(line(&history, &finer)[71], (START + WINDOW - 5 * MINUTE, 355.0));

    let minutes_file = Name::covering(Tier::Minutes, Timestamp(START));
    file::unlink(folder.path(), minutes_file).unwrap();
    let hours = line(&history, &ask(1, "*", START, START + WINDOW - 1, 1000));
    assert_eq!(hours.len(), 6);
    assert_eq!(hours[2], (START + 2 * HOUR, 149.5));
    assert_eq!(
        line(&history, &ask(2, "flat", START, START + WINDOW, 10)),
        (0..6).map(|n| (START + n * HOUR, 5.0)).collect::<Vec<_>>()
    );
}

#[test]
fn summing_up_that_was_interrupted_replaces_itself() {
    let folder = tempfile::tempdir().unwrap();
    drop(summed_up(folder.path()));
    let fine = Name { tier: Tier::Fine, start: START };
    for _ in 0..2 {
        let mut again = rollup::Rollup::begin(folder.path(), fine).unwrap().unwrap();
        let turn = again.turn(Duration::ZERO, |error| panic!("{error}")).unwrap();
        assert_eq!(turn, rollup::Turn::More, "one host at least, and the time is up");
    }
    file::unlink(folder.path(), fine).unwrap();
    let history = open(folder.path());
    assert_eq!(line(&history, &ask(1, "ramp", START, START + WINDOW - 1, 1000)).len(), 72);
}

#[test]
fn files_go_when_their_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let history = summed_up(folder.path());
    let fine = Name { tier: Tier::Fine, start: START }.path(folder.path());
    let mut now = START + WINDOW + 47 * HOUR;
    for _ in 0..100 {
        now += 30 * SECOND;
        history.tick(Timestamp(now));
    }
    assert!(fine.exists());
    until("the fine file goes after 48 hours", || {
        now += MINUTE;
        history.tick(Timestamp(now));
        !fine.exists()
    });
    assert_eq!(line(&history, &ask(1, "ramp", START, START + WINDOW - 1, 1000)).len(), 72);
}

#[test]
fn the_budget_holds_and_the_oldest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let budget = 6 << 20;
    let history = History::open(folder.path(), Limits { budget, ..limits() }).unwrap();
    let mut noise = 1_u64;
    let series: Vec<_> = (0..200).map(|n| history.series(&format!("s{n}")).unwrap()).collect();
    for at in (START..START + 10 * WINDOW).step_by(usize::try_from(MINUTE).unwrap()) {
        let mut random = || {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (noise >> 11) as f64 / 1e3
        };
        let samples: Vec<_> = series.iter().map(|series| (*series, random())).collect();
        history.tick(Timestamp(at));
        history.record(HostId(1), Timestamp(at), &samples);
        if at % HOUR == 0 {
            until("the writer keeps pace", || history.health().open <= 200 * 6);
        }
    }
    let mut now = START + 10 * WINDOW;
    until("the files fit the budget", || {
        now += 10 * SECOND;
        history.tick(Timestamp(now));
        let health = history.health();
        health.bytes > 0 && health.bytes <= budget
    });
    let names = list(folder.path()).unwrap();
    assert!(names.iter().all(|name| name.start > START || name.tier != Tier::Fine), "{names:?}");
    assert!(names.contains(&Name { tier: Tier::Fine, start: START + 9 * WINDOW }), "the newest stays: {names:?}");
    assert_eq!(history.health().lost, 0);
}

#[test]
fn a_damaged_block_is_passed_over_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    feed(&history, 9, "x", (START, START + HOUR, 10 * SECOND), |minute| minute);
    history.close();
    let path = Name { tier: Tier::Fine, start: START }.path(folder.path());
    let changed = rusqlite::Connection::open(&path)
        .unwrap()
        .execute("UPDATE blocks SET bytes = CAST(substr(bytes, 1, 40) || x'00' || substr(bytes, 42) AS BLOB) WHERE rowid = 3", [])
        .unwrap();
    assert_eq!(changed, 1);
    let read = line(&history, &ask(9, "x", START, START + HOUR, 10_000));
    assert_eq!(read.len(), 360 - 30, "only the damaged five minutes are missing");
    let health = history.health();
    let error = health.error.unwrap();
    assert!(error.contains("host 9") && error.contains("fine-20261122T0000Z.sqlite3"), "{error}");
    assert_eq!(health.damaged, 1);
}

#[test]
fn a_damaged_file_is_moved_aside_and_history_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = Name { tier: Tier::Fine, start: START }.path(folder.path());
    std::fs::write(&path, "this is no database at all, only a text of some length ".repeat(100)).unwrap();
    let history = open(folder.path());
    feed(&history, 1, "x", (START, START + 10 * MINUTE, MINUTE), |minute| minute);
    assert_eq!(line(&history, &ask(1, "x", START, START + HOUR, 100)).len(), 10);
    history.close();
    assert_eq!(line(&history, &ask(1, "x", START, START + HOUR, 100)).len(), 10);
    assert_eq!(history.health().lost, 0);
    assert!(folder.path().join("fine-20261122T0000Z.sqlite3.damaged").exists());
}

#[test]
fn a_killed_process_loses_only_what_was_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    feed(&history, 1, "x", (START, START + 30 * MINUTE, 10 * SECOND), |minute| minute);
    until("written", || history.health().blocks >= 5 && history.health().open <= 30);
    let killed = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), killed.path().join(file.file_name())).unwrap();
    }
    let after = open(killed.path());
    let read = line(&after, &ask(1, "x", START, START + HOUR, 10_000));
    assert!(read.len() >= 150, "{} of 180", read.len());
    feed(&after, 1, "x", (START + 30 * MINUTE, START + 40 * MINUTE, 10 * SECOND), |minute| minute);
    assert_eq!(line(&after, &ask(1, "x", START, START + HOUR, 10_000)).len(), read.len() + 60);
}

#[test]
fn a_full_disk_drops_samples_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), Limits { leave_free: u64::MAX, ..limits() }).unwrap();
    feed(&history, 1, "x", (START, START + 30 * MINUTE, MINUTE), |minute| minute);
    until("dropped", || history.health().lost >= 20);
    let error = history.health().error.unwrap();
    assert!(error.contains("bytes are free"), "{error}");
}

#[test]
fn a_clock_set_back_does_not_stop_the_writing() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(folder.path());
    feed(&history, 1, "x", (START + WINDOW, START + WINDOW + 10 * MINUTE, MINUTE), |minute| minute);
    feed(&history, 1, "x", (START, START + 20 * MINUTE, MINUTE), |minute| minute);
    until("written", || history.health().open <= 6);
    assert_eq!(line(&history, &ask(1, "x", START, START + 2 * WINDOW, 10_000)).len(), 30);
}

#[test]
fn a_folder_that_can_not_be_used_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = History::open(&file.join("history"), limits()).err().unwrap();
    assert!(error.to_string().contains("file/history"), "{error}");
}
