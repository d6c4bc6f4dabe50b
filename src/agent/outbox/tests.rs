use std::path::Path;

use proptest::prelude::*;

use super::*;

fn fact(number: u64) -> Vec<u8> {
    format!("fact {number} {}", "x".repeat(usize::try_from(number % 7).unwrap())).into_bytes()
}

fn filled(folder: &Path, count: u64) -> Outbox {
    let mut outbox = Outbox::open(folder, QUOTA).unwrap();
    for number in 1..=count {
        assert_eq!(outbox.append(&[fact(number)]).unwrap(), number);
    }
    outbox
}

/// Everything the outbox says from `seq` on: facts, and the gaps between them.
fn all(outbox: &mut Outbox, mut seq: u64) -> (Vec<u64>, Vec<(u64, u64)>) {
    let (mut facts, mut gaps) = (Vec::new(), Vec::new());
    loop {
        match outbox.read_from(seq, 50).unwrap() {
            Reading::Facts(read) => {
                for (number, body) in read {
                    assert_eq!(number, seq);
                    assert_eq!(body, fact(number));
                    facts.push(number);
                    seq += 1;
                }
            }
            Reading::Gap { from, through } => {
                assert!(from == seq && through >= from && through < outbox.next());
                gaps.push((from, through));
                seq = through + 1;
            }
            Reading::Empty => return (facts, gaps),
        }
    }
}

fn only_segment(folder: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| segment::of_name(path).is_some()).unwrap()
}

#[test]
fn facts_come_back_in_order_after_a_restart_in_the_same_stream() {
    let folder = tempfile::tempdir().unwrap();
    let stream = filled(folder.path(), 20).stream();
    let mut outbox = Outbox::open(folder.path(), QUOTA).unwrap();
    assert_eq!((outbox.stream(), outbox.next(), outbox.oldest()), (stream, 21, 1));
    assert_eq!(all(&mut outbox, 1), ((1..=20).collect(), vec![]));
    assert_eq!(all(&mut outbox, 15), ((15..=20).collect(), vec![]));
    assert_eq!(outbox.read_from(21, 10).unwrap(), Reading::Empty);
    assert_eq!(outbox.append::<Vec<u8>>(&[]).unwrap(), 20);
    assert_ne!(filled(tempfile::tempdir().unwrap().path(), 0).stream(), stream);
}

#[test]
fn one_outbox_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = filled(folder.path(), 1);
    assert!(matches!(Outbox::open(folder.path(), QUOTA), Err(OutboxError::Locked(_))));
    drop(first);
    assert!(Outbox::open(folder.path(), QUOTA).is_ok());
}

#[test]
fn confirmed_facts_leave_the_disk_and_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = filled(folder.path(), 3);
    let big = vec![7; 100_000];
    for _ in 0..30 {
        outbox.append(&[&big]).unwrap();
    }
    assert!(outbox.bytes() > 3_000_000);
    assert!(outbox.confirm(20).unwrap());
    assert_eq!((outbox.oldest(), outbox.backlog()), (21, 13));
    assert!(outbox.bytes() < 3_000_000);
    assert!(outbox.confirm(33).unwrap() && outbox.confirm(5).unwrap());
    assert_eq!((outbox.bytes(), outbox.oldest(), outbox.next(), outbox.backlog()), (0, 34, 34, 0));
    drop(outbox);
    let mut outbox = Outbox::open(folder.path(), QUOTA).unwrap();
    assert_eq!((outbox.next(), outbox.oldest()), (34, 34));
    assert_eq!(outbox.append(&[fact(34)]).unwrap(), 34);
}

#[test]
fn a_full_outbox_drops_the_oldest_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 10_000).unwrap();
    for number in 1..=1000 {
        outbox.append(&[fact(number)]).unwrap();
        assert!(outbox.bytes() <= 10_000);
    }
    let oldest = outbox.oldest();
    assert!(oldest > 500);
    assert_eq!(all(&mut outbox, 400), ((oldest..=1000).collect(), vec![(400, oldest - 1)]));
    drop(outbox);
    let mut outbox = Outbox::open(folder.path(), 10_000).unwrap();
    assert_eq!(all(&mut outbox, 1), ((oldest..=1000).collect(), vec![(1, oldest - 1)]));
}

#[test]
fn a_crash_at_any_byte_loses_only_what_was_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), 6));
    let whole = std::fs::read(only_segment(folder.path())).unwrap();
    let path = only_segment(folder.path());
    let mut ends = vec![0];
    for number in 1..=6 {
        ends.push(ends.last().unwrap() + frame::HEAD + fact(number).len());
    }
    for cut in 0..=whole.len() {
        for zeros in [0, 5, 100] {
            let mut bytes = whole[..cut].to_vec();
            bytes.extend(std::iter::repeat_n(0, zeros));
            // the zeros a file system leaves behind a crash can only follow what was flushed
            if zeros > 0 && !ends.contains(&cut) {
                continue;
            }
            std::fs::write(&path, &bytes).unwrap();
            let kept = ends.iter().filter(|end| **end <= cut).count() as u64 - 1;
            let mut outbox = Outbox::open(folder.path(), QUOTA).unwrap();
            assert_eq!((outbox.next(), outbox.damage()), (kept + 1, &[][..]), "cut at {cut}, {zeros} zeros");
            assert_eq!(outbox.append(&[fact(kept + 1)]).unwrap(), kept + 1);
            drop(outbox);
            let mut outbox = Outbox::open(folder.path(), QUOTA).unwrap();
            assert_eq!(all(&mut outbox, 1), ((1..=kept + 1).collect(), vec![]), "cut at {cut}, {zeros} zeros");
            drop(outbox);
            for entry in std::fs::read_dir(folder.path()).unwrap() {
                let other = entry.unwrap().path();
                if segment::of_name(&other).is_some() && other != path {
                    std::fs::remove_file(other).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_flipped_bit_is_located_and_its_number_is_never_used_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), 4));
    let path = only_segment(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for bit in (0..whole.len() * 8).step_by(3) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        let mut outbox = Outbox::open(folder.path(), QUOTA).unwrap();
        assert_eq!(outbox.damage().len(), 1, "bit {bit}");
        assert!(outbox.damage().iter().all(|damage| damage.path == path && damage.offset <= (bit / 8) as u64));
        assert!(outbox.next() >= 5, "bit {bit}: a number would be used twice");
        let next = outbox.append(&[fact(outbox.next())]).unwrap();
        let (facts, gaps) = all(&mut outbox, 1);
        assert_eq!((facts.len(), gaps.len()), (4, 1), "bit {bit}: {facts:?} {gaps:?}");
        assert_eq!(facts.last(), Some(&next));
        drop(outbox);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let other = entry.unwrap().path();
            if segment::of_name(&other).is_some() && other != path {
                std::fs::remove_file(other).unwrap();
            }
        }
    }
}

#[test]
fn damage_while_running_becomes_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = filled(folder.path(), 4);
    let path = only_segment(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[frame::HEAD + fact(1).len() + frame::HEAD] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(all(&mut outbox, 1), (vec![1, 3, 4], vec![(2, 2)]));
}

#[test]
fn a_hub_that_knows_more_makes_a_new_stream_that_keeps_what_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = filled(folder.path(), 5);
    let stream = outbox.stream();
    assert!(!outbox.confirm(9).unwrap());
    assert_eq!(outbox.oldest(), 1);
    outbox.renew().unwrap();
    assert_ne!(outbox.stream(), stream);
    assert_eq!(all(&mut outbox, 1), ((1..=5).collect(), vec![]));
    let (stream, _) = (outbox.stream(), drop(outbox));
    // a renewal that was cut short leaves files of a stream that never counted
    std::fs::write(folder.path().join(segment::file_name(u64::MAX, 1)), b"half").unwrap();
    let mut outbox = Outbox::open(folder.path(), QUOTA).unwrap();
    assert_eq!((outbox.stream(), outbox.next()), (stream, 6));
    assert_eq!(all(&mut outbox, 1), ((1..=5).collect(), vec![]));
}

#[test]
fn a_fact_too_long_is_refused_and_the_others_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = filled(folder.path(), 1);
    let long = vec![0; frame::FACT_MAX + 1];
    assert!(matches!(outbox.append(&[fact(2), long]), Err(OutboxError::TooLong(_))));
    assert_eq!(outbox.append(&[fact(2)]).unwrap(), 2);
    assert_eq!(all(&mut outbox, 1), (vec![1, 2], vec![]));
}

#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Confirm(u64),
    Reopen,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_facts_are_held_or_reported_gone(
        steps in prop::collection::vec(
            prop_oneof![
                5 => (1..20_u8).prop_map(Step::Append),
                2 => any::<u64>().prop_map(Step::Confirm),
                1 => Just(Step::Reopen),
            ],
            1..40,
        ),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path(), 4000).unwrap();
        let (mut next, mut confirmed) = (1, 0);
        for step in steps {
            match step {
                Step::Append(count) => {
                    let facts: Vec<_> = (next..next + u64::from(count)).map(fact).collect();
                    next += u64::from(count);
                    prop_assert_eq!(outbox.append(&facts).unwrap(), next - 1);
                }
                Step::Confirm(number) => {
                    confirmed = confirmed.max(number % next);
                    prop_assert!(outbox.confirm(number % next).unwrap());
                }
                Step::Reopen => {
                    drop(outbox);
                    outbox = Outbox::open(folder.path(), 4000).unwrap();
                }
            }
            prop_assert_eq!(outbox.next(), next);
            let (facts, gaps) = all(&mut outbox, confirmed + 1);
            let gone: u64 = gaps.iter().map(|(from, through)| through - from + 1).sum();
            prop_assert_eq!(facts.len() as u64 + gone, next - 1 - confirmed);
            prop_assert!(gaps.len() <= 1 && gaps.iter().all(|(from, _)| *from == confirmed + 1));
        }
    }
}
