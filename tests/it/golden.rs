//! The journal of each release must replay for ever, to the state it was written in.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bytes::Bytes;
use prost::Message as _;
use prost_types::FileDescriptorSet;

use watchfloor::fleet::state::{EntityKey, Event, Fleet};
use watchfloor::wire::{EncodedEntry, decode_entry_bytes, pb, row_key, row_of};

use crate::{fixtures, golden_story};

/// Releases with a journal of their own. The newest may be written anew until it is released; the others never.
const RELEASES: [&str; 1] = ["v0.1"];

#[test]
fn golden_journals_replay_to_the_state_they_were_written_in() {
    for release in RELEASES {
        let newest = RELEASES.last() == Some(&release);
        let entries = read_golden(release, newest);
        let mut fleet = Fleet::default();
        let mut keys = BTreeSet::new();
        for bytes in entries {
            let entry = decode_entry_bytes(bytes).unwrap();
            assert!(entry.events.iter().all(|(_, event)| *event != Event::Unknown), "{release}: {entry:?}");
            assert_eq!(entry.revision, fleet.revision.next(), "{release}");
            keys.extend(fleet.apply(&entry));
        }
        fixtures::assert_same_lines(
            &format!("golden-{release}.state"),
            &summary(&fleet, &keys),
            "Events of a release changed their meaning: keep the old meaning, make a new event kind and an upcast.",
        );
    }
}

#[test]
fn every_kind_of_event_stands_in_a_golden_journal() {
    let set = FileDescriptorSet::decode(watchfloor::wire::DESCRIPTORS).unwrap();
    let messages = set.file.iter().flat_map(|file| &file.message_type);
    let event = messages.into_iter().find(|message| message.name() == "Event").unwrap();
    let mut missing: BTreeSet<(i32, &str)> = event.field.iter().map(|field| (field.number(), field.name())).collect();
    for release in RELEASES {
        for bytes in read_golden(release, RELEASES.last() == Some(&release)) {
            for (_, event) in EncodedEntry::from_bytes(bytes).unwrap().events {
                let (tag, _) = prost::encoding::decode_key(&mut event.clone()).unwrap();
                missing.retain(|(number, _)| u32::try_from(*number).unwrap() != tag);
            }
        }
    }
    assert_eq!(missing, BTreeSet::new(), "add them to golden_story.rs and run with UPDATE_FIXTURES=1");
}

/// The encoded entries, in order.
fn read_golden(release: &str, newest: bool) -> Vec<Bytes> {
    let name = format!("golden-{release}.journal");
    let journal =
        if newest { fixtures::bytes(&name, write_golden) } else { std::fs::read(fixtures::path(&name)).unwrap() };
    let mut rest = Bytes::from(journal);
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let length = prost::decode_length_delimiter(&mut rest).unwrap();
        entries.push(rest.split_to(length));
    }
    entries
}

fn write_golden() -> Vec<u8> {
    let mut journal = Vec::new();
    for entry in golden_story::entries() {
        let bytes = EncodedEntry::new(&entry).unwrap().to_bytes();
        prost::encode_length_delimiter(bytes.len(), &mut journal).unwrap();
        journal.extend_from_slice(&bytes);
    }
    journal
}

/// Every entity that was ever touched: gone, or the SHA-256 of its row with its words.
fn summary(fleet: &Fleet, keys: &BTreeSet<EntityKey>) -> String {
    let mut lines = format!("revision {}\n", fleet.revision);
    for key in keys {
        let (table, _) = row_key(key);
        let row = row_of(fleet, key);
        let words = row.as_ref().map_or_else(|| "gone".to_owned(), words);
        writeln!(lines, "{table} {key:?}: {words}").unwrap();
    }
    lines
}

fn words(row: &pb::Row) -> String {
    use pb::row::Entity;
    let digest = ring::digest::digest(&ring::digest::SHA256, &row.encode_to_vec());
    let digest: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let words = match row.entity.as_ref() {
        Some(Entity::Fleet(fleet)) => format!("{} {}", fleet.name, fleet.hub_version),
        Some(Entity::Client(client)) => client.name.clone(),
        Some(Entity::Site(site)) => site.name.clone(),
        Some(Entity::Host(host)) => format!("{} {:?} {}", host.name, host.state(), host.state_reason),
        Some(Entity::Check(check)) => format!("{:?} {}", check.state(), check.summary),
        Some(Entity::Alert(alert)) => format!("{:?} {} {:?}", alert.level(), alert.summary, alert.resolved_at),
        Some(Entity::Identity(identity)) => format!("{} {:?}", identity.name, identity.role()),
        Some(Entity::Token(token)) => format!("{:?} {:?}", token.role(), token.status()),
        Some(Entity::Backup(job)) => format!("{:?} {} {:?}", job.state(), job.why, job.reviews),
        Some(Entity::Person(person)) => format!("{} {:?}", person.full_name, person.offer),
        Some(Entity::Duty(duty)) => format!("{:?} {:?}", duty.roster, duty.overrides),
        Some(Entity::Policy(policy)) => format!("{:?} {} {}", policy.steps, policy.repeat, policy.rounds),
        Some(Entity::Ping(ping)) => format!("{:?} {:?} {}", ping.state(), ping.last_success, ping.tail),
        Some(Entity::Command(command)) => command.argv.join(" "),
        Some(Entity::Outcome(outcome)) => format!("{:?} {}", outcome.state(), outcome.why),
        Some(Entity::Window(window)) => {
            format!("{} {} {} {:?}", window.filter, window.recurring, window.name, window.ledger)
        }
        Some(Entity::Notice(notice)) => format!("{:?} {} {}", notice.state(), notice.to, notice.words),
        None => "nothing".to_owned(),
    };
    format!("{digest} {words}")
}
