//! Everything that crosses the wire comes back as it was, and nothing that comes in can break the reader.

use proptest::prelude::*;
use prost::Message as _;

use watchfloor::fleet::alerts::Alert;
use watchfloor::fleet::backups::Job;
use watchfloor::fleet::checks::CheckStatus;
use watchfloor::fleet::commands::{Command, Report};
use watchfloor::fleet::fact::Fact;
use watchfloor::fleet::hosts::vitals::{OsFacts, Vitals};
use watchfloor::fleet::hosts::{Client, Host, Site};
use watchfloor::fleet::identity::{Identity, Token};
use watchfloor::fleet::oncall::{Duty, Person, Policy};
use watchfloor::fleet::pings::Ping;
use watchfloor::fleet::profile::Profile;
use watchfloor::fleet::state::{Entry, Fleet};
use watchfloor::fleet::windows::Window;
use watchfloor::wire::backups::BackupReading;
use watchfloor::wire::checks::CheckReading;
use watchfloor::wire::{
    EncodedEntry, WireError, assignment_hash, decode_assignment, decode_entry_bytes, decode_event, decode_fact,
    encode_assignment, encode_event, encode_fact, pb, restore_row, rows_of,
};

use crate::histories::{history, replay};
use crate::strategies;

/// Through bytes, as between two processes.
fn sent<M: prost::Message + Default>(message: &M) -> M {
    M::decode(message.encode_to_vec().as_slice()).expect("own bytes")
}

macro_rules! round_trips {
    ($($name:ident: $strategy:expr, $message:ty, $plain:ty;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(128))]
            $(
                #[test]
                fn $name(value in $strategy) {
                    let back = <$plain>::try_from(sent(&<$message>::from(&value))).map_err(|error| error.to_string());
                    prop_assert_eq!(back, Ok(value));
                }
            )*
        }
    };
}

round_trips! {
    profiles_come_back: strategies::profile(), pb::FleetFacts, Profile;
    clients_come_back: strategies::client(), pb::Client, Client;
    sites_come_back: strategies::site(), pb::Site, Site;
    hosts_come_back: strategies::host(), pb::Host, Host;
    checks_come_back: strategies::check_status(), pb::CheckStatus, CheckStatus;
    readings_come_back: strategies::check_reading(), pb::CheckReading, CheckReading;
    alerts_come_back: strategies::alert(), pb::Alert, Alert;
    identities_come_back: strategies::identity(), pb::Identity, Identity;
    tokens_come_back: strategies::token(), pb::Token, Token;
    backup_jobs_come_back: strategies::backup_job(), pb::BackupJob, Job;
    pings_come_back: strategies::ping(), pb::Ping, Ping;
    backup_readings_come_back: strategies::backup_reading(), pb::BackupReading, BackupReading;
    windows_come_back: crate::window_strategies::window(), pb::Window, Window;
    people_come_back: strategies::person(), pb::OnCallPerson, Person;
    duties_come_back: strategies::duty(), pb::OnCallDuty, Duty;
    policies_come_back: strategies::policy(), pb::EscalationPolicy, Policy;
    commands_come_back: strategies::command(), pb::Command, Command;
    reports_come_back: strategies::report(), pb::CommandReport, Report;
    os_facts_come_back: strategies::os_facts(), pb::OsFacts, OsFacts;
    vitals_come_back: strategies::vitals(), pb::Vitals, Vitals;
}

fn journaled(entry: &Entry) -> Result<Entry, WireError> {
    decode_entry_bytes(EncodedEntry::new(entry)?.to_bytes())
}

/// Reads the bytes as everything they could be taken for. What can be read must be readable again as the same.
fn read_as_anything(bytes: &[u8]) {
    if let Ok(entry) = decode_entry_bytes(bytes) {
        let mut fleet = Fleet::default();
        fleet.apply(&entry);
        if let Ok(again) = journaled(&entry) {
            assert_eq!(again, entry);
        }
    }
    if let Ok(entry) = EncodedEntry::from_bytes(bytes.to_vec().into()) {
        let _ = entry.to_bytes();
    }
    if let Ok(fact) = decode_fact(bytes) {
        assert_eq!(decode_fact(encode_fact(&fact)), Ok(fact));
    }
    if let Ok(assigned) =
        pb::Assignment::decode(bytes).map_err(|_| ()).and_then(|a| decode_assignment(a).map_err(|_| ()))
    {
        let again = decode_assignment(encode_assignment(&assigned.assignment)).map(|again| again.assignment);
        assert_eq!(again, Ok(assigned.assignment));
    }
    if let Ok(row) = pb::Row::decode(bytes) {
        let mut fleet = Fleet::default();
        if let Ok(Some(_)) = restore_row(&mut fleet, row) {
            let mut again = Fleet::default();
            for row in rows_of(&fleet) {
                assert!(restore_row(&mut again, row).is_ok());
            }
            assert_eq!(again, fleet);
        }
    }
    if let Ok(vitals) = pb::Vitals::decode(bytes) {
        let vitals = Vitals::from(vitals);
        assert_eq!(Vitals::from(pb::Vitals::from(&vitals)), vitals, "no number that is none");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn events_come_back(event in strategies::event()) {
        prop_assert_eq!(decode_event(sent(&encode_event(&event))), Ok(event));
    }

    #[test]
    fn entries_come_back(entry in strategies::entry()) {
        prop_assert_eq!(journaled(&entry), Ok(entry.clone()));
        let encoded = EncodedEntry::new(&entry).expect("within the limits");
        prop_assert_eq!(EncodedEntry::from_bytes(encoded.to_bytes()), Ok(encoded));
    }

    #[test]
    fn facts_come_back(fact in strategies::fact()) {
        let bytes = encode_fact(&fact);
        let back: Result<Fact, WireError> = decode_fact(bytes);
        prop_assert_eq!(back, Ok(fact));
    }

    #[test]
    fn assignments_come_back_with_their_hash(assignment in strategies::assignment()) {
        let assigned = decode_assignment(sent(&encode_assignment(&assignment))).expect("valid");
        prop_assert!(assigned.left_out.is_empty(), "{:?}", assigned.left_out);
        prop_assert_eq!(assigned.hash, assignment_hash(&assigned.assignment));
        prop_assert_eq!(assigned.assignment, assignment);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_as_anything(&bytes);
    }

    #[test]
    fn damaged_entries_are_read_or_refused(
        entry in strategies::entry(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let bytes = EncodedEntry::new(&entry).expect("within the limits").to_bytes();
        read_as_anything(&damaged(bytes.to_vec(), &flips, cut));
    }

    #[test]
    fn damaged_facts_assignments_and_vitals_are_read_or_refused(
        fact in strategies::fact(),
        assignment in strategies::assignment(),
        vitals in strategies::vitals(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let vitals = pb::Vitals::from(&vitals).encode_to_vec();
        for bytes in [encode_fact(&fact).to_vec(), encode_assignment(&assignment).encode_to_vec(), vitals] {
            read_as_anything(&damaged(bytes, &flips, cut));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_rows_are_read_or_refused(
        entries in history(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        for row in rows_of(&replay(&entries)) {
            read_as_anything(&damaged(row.encode_to_vec(), &flips, cut));
        }
    }
}

fn damaged(mut bytes: Vec<u8>, flips: &[(prop::sample::Index, u8)], cut: Option<prop::sample::Index>) -> Vec<u8> {
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
    for (place, bit) in flips {
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
    }
    bytes
}
