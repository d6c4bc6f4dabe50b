use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::fleet::words::SafeText;
use crate::fleet::words::filter::Filter;

/// Friday, 27 November 2026, 13:00 in Berlin.
const FRIDAY: &str = "2026-11-27T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn berlin() -> Zone {
    Zone::named("Europe/Berlin").unwrap()
}

fn times(text: &str) -> Recurrence {
    Recurrence::parse(text, &berlin(), at(FRIDAY)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap().to_string()
}

/// The first occurrences after a moment.
fn starts(times: &Recurrence, from: &str, many: usize) -> Vec<String> {
    let mut moment = at(from);
    let mut starts = Vec::new();
    while starts.len() < many
        && let Some(one) = times.beginning_from(moment)
    {
        starts.push(shown(one.from));
        moment = Timestamp(one.from.0 + 1);
    }
    starts
}

#[test]
fn times_in_plain_words_are_read_shown_and_come_when_they_say() {
    for (text, plain, next) in [
        ("daily 02:00 for 1h", "daily 02:00 for 1h Europe/Berlin", "2026-11-28T01:00:00Z"),
        ("every day at 02:00 for 1h UTC", "daily 02:00 for 1h UTC", "2026-11-28T02:00:00Z"),
        (
            "every Tue,Thu 22:00 for 4h Europe/Berlin",
            "every Tue,Thu 22:00 for 4h Europe/Berlin",
            "2026-12-01T21:00:00Z",
        ),
        ("tuesday and thursday 22:00-02:00", "every Tue,Thu 22:00 for 4h Europe/Berlin", "2026-12-01T21:00:00Z"),
        ("Fri 14:00 for 30m", "every Fri 14:00 for 30m Europe/Berlin", "2026-11-27T13:00:00Z"),
        ("Fri 12:00 for 30m", "every Fri 12:00 for 30m Europe/Berlin", "2026-12-04T11:00:00Z"),
        ("Mon-Fri 7 for 12h", "every Mon-Fri 07:00 for 12h Europe/Berlin", "2026-11-30T06:00:00Z"),
        ("weekends 06:00 for 1h 30m", "every Sat,Sun 06:00 for 1h30m Europe/Berlin", "2026-11-28T05:00:00Z"),
        (
            "Fri-Mon 23:30 for 1h america/new_york",
            "every Mon,Fri-Sun 23:30 for 1h America/New_York",
            "2026-11-28T04:30:00Z",
        ),
        (
            "2nd Tue of the month 21:00 for 3h",
            "2nd Tue of the month 21:00 for 3h Europe/Berlin",
            "2026-12-08T20:00:00Z",
        ),
        (
            "second tuesday of every month at 21:00 for 3h",
            "2nd Tue of the month 21:00 for 3h Europe/Berlin",
            "2026-12-08T20:00:00Z",
        ),
        (
            "last Fri of the month 12:00-24:00",
            "last Fri of the month 12:00 for 12h Europe/Berlin",
            "2026-12-25T11:00:00Z",
        ),
        (
            "1st and 3rd Sat of the month 04:00 for 2h",
            "1st Sat,3rd Sat of the month 04:00 for 2h Europe/Berlin",
            "2026-12-05T03:00:00Z",
        ),
        (
            "1st, 15th of the month 04:00 for 2h",
            "1st,15th of the month 04:00 for 2h Europe/Berlin",
            "2026-12-01T03:00:00Z",
        ),
        (
            "last day of the month 20:00 for 5h",
            "last day of the month 20:00 for 5h Europe/Berlin",
            "2026-11-30T19:00:00Z",
        ),
        ("monthly on the 31st 20:00 for 5h", "31st of the month 20:00 for 5h Europe/Berlin", "2026-12-31T19:00:00Z"),
        (
            "every 2 weeks on Mon 06:00 for 1h",
            "every 2 weeks on Mon 06:00 for 1h Europe/Berlin from 2026-11-30",
            "2026-11-30T05:00:00Z",
        ),
        (
            "every other week Mon 06:00 for 1h",
            "every 2 weeks on Mon 06:00 for 1h Europe/Berlin from 2026-11-30",
            "2026-11-30T05:00:00Z",
        ),
        (
            "every 3 days 06:00 for 1h from 2026-11-26",
            "every 3 days 06:00 for 1h Europe/Berlin from 2026-11-26",
            "2026-11-29T05:00:00Z",
        ),
        (
            "2nd Tue of every 3 months 21:00 for 3h",
            "2nd Tue of every 3 months 21:00 for 3h Europe/Berlin from 2026-12-08",
            "2026-12-08T20:00:00Z",
        ),
        (
            "daily 02:00 for 1h from 2027-01-01 until 2027-01-31",
            "daily 02:00 for 1h Europe/Berlin from 2027-01-01 until 2027-01-31",
            "2027-01-01T01:00:00Z",
        ),
        ("FREQ=DAILY;BYHOUR=2 for 1h", "daily 02:00 for 1h Europe/Berlin", "2026-11-28T01:00:00Z"),
        (
            "RRULE:FREQ=WEEKLY;BYDAY=TU,TH;BYHOUR=22;BYMINUTE=15 for 4h",
            "every Tue,Thu 22:15 for 4h Europe/Berlin",
            "2026-12-01T21:15:00Z",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO 06:00 for 1h UTC",
            "every 2 weeks on Mon 06:00 for 1h UTC from 2026-11-30",
            "2026-11-30T06:00:00Z",
        ),
        ("FREQ=WEEKLY 06:00 for 1h", "every Fri 06:00 for 1h Europe/Berlin", "2026-12-04T05:00:00Z"),
        (
            "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=21 for 3h",
            "2nd Tue of the month 21:00 for 3h Europe/Berlin",
            "2026-12-08T20:00:00Z",
        ),
        (
            "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=21 for 3h",
            "last Fri of the month 21:00 for 3h Europe/Berlin",
            "2026-11-27T20:00:00Z",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1,1;BYHOUR=21 for 3h",
            "last day,1st of the month 21:00 for 3h Europe/Berlin",
            "2026-11-30T20:00:00Z",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2TU;BYHOUR=21 for 3h",
            "1st day,2nd Tue of the month 21:00 for 3h Europe/Berlin",
            "2026-12-01T20:00:00Z",
        ),
        (
            "FREQ=DAILY;UNTIL=20261130T000000Z;BYHOUR=2 for 1h",
            "daily 02:00 for 1h Europe/Berlin until 2026-11-30",
            "2026-11-28T01:00:00Z",
        ),
        (
            "FREQ=DAILY;COUNT=3;BYHOUR=2 for 1h",
            "daily 02:00 for 1h Europe/Berlin until 2026-11-30",
            "2026-11-28T01:00:00Z",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=3;BYHOUR=2 for 1h",
            "every 2 weeks on Mon,Wed 02:00 for 1h Europe/Berlin from 2026-11-30 until 2026-12-14",
            "2026-11-30T01:00:00Z",
        ),
    ] {
        let times = times(text);
        let later = Timestamp(at(FRIDAY).0.max(
            times.first().at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond(),
        ));
        let _ = later;
        assert_eq!(starts(&times, FRIDAY, 1), [next], "{text}");
        // Once it has begun, the first day is said only where it counts.
        let begun = times.first().tomorrow().unwrap().at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        let begun = Timestamp(begun.timestamp().as_millisecond());
        let plain = if text.contains("from 2027") { plain.replace(" from 2027-01-01", "") } else { plain.to_owned() };
        assert_eq!(times.plain(begun), plain, "{text}");
        let again = Recurrence::parse(&times.to_string(), &Zone::utc(), Timestamp(0)).unwrap();
        assert_eq!(again, times, "{times} is read as it is written");
    }
}

#[test]
fn what_can_not_be_understood_says_what_to_write() {
    for (text, word) in [
        ("", "no days"),
        ("Tue", "no time of day"),
        ("Tue 22:00", "how long"),
        ("Tue 25:00 for 1h", "25:00"),
        ("Tue 22:00 for 4", "no unit"),
        ("Tue 22:00 for 4h Europe/Berlni", "no time zone"),
        ("Tue 22:00 for 4h from tomorrow", "tomorrow"),
        ("Toe 22:00 for 4h", "Toe"),
        ("2nd Tue 22:00 for 4h", "of the month"),
        ("6th Tue of the month 22:00 for 4h", "more than five"),
        ("every 0 days 22:00 for 1h", "too many"),
        ("every 400 weeks on Tue 22:00 for 1h", "too many"),
        ("daily 22:00 for 24h", "at most 23h"),
        ("Tue,Wed 22:00 for 2d", "at most 23h"),
        ("daily 22:00 for 10s", "less than a minute"),
        ("31st of every 12 months 22:00 for 1h from 2026-02-01", "no day"),
        ("daily 22:00 for 1h from 2026-12-01 until 2026-11-01", "no day"),
        ("FREQ=YEARLY;BYHOUR=2 for 1h", "FREQ"),
        ("FREQ=HOURLY for 1h", "FREQ"),
        ("FREQ=DAILY;BYHOUR=2,3 for 1h", "BYHOUR"),
        ("FREQ=WEEKLY;BYDAY=2TU;BYHOUR=2 for 1h", "MONTHLY"),
        ("FREQ=MONTHLY;BYDAY=TU;BYHOUR=2 for 1h", "each has a number"),
        ("FREQ=DAILY;BYSETPOS=1;BYHOUR=2 for 1h", "BYSETPOS"),
        ("FREQ=DAILY;COUNT=0;BYHOUR=2 for 1h", "COUNT"),
        ("FREQ=WEEKLY;INTERVAL=2;BYHOUR=2 for 1h", "BYDAY"),
    ] {
        let error = Recurrence::parse(text, &berlin(), at(FRIDAY)).unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn a_clock_that_is_changed_moves_what_it_skips_and_repeats_nothing() {
    // In Berlin 02:00 to 03:00 is skipped on 29 March 2026 and repeated on 25 October.
    let times = |text: &str| Recurrence::parse(text, &berlin(), at("2026-01-01T00:00:00Z")).unwrap();
    let night = times("daily 02:30 for 1h");
    let skipped = night.beginning_from(at("2026-03-29T00:00:00Z")).unwrap();
    assert_eq!(
        (shown(skipped.from), shown(skipped.until)),
        ("2026-03-29T01:30:00Z".into(), "2026-03-29T02:30:00Z".into()),
        "03:30 for an hour"
    );
    let twice = starts(&night, "2026-10-24T22:00:00Z", 2);
    assert_eq!(twice, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"], "the first of the two, and once");
    // Four hours are four hours, whatever the clock on the wall says in the end.
    let long = times("every Sat 22:00 for 8h");
    let spring = long.beginning_from(at("2026-03-28T12:00:00Z")).unwrap();
    assert_eq!(
        (shown(spring.from), shown(spring.until)),
        ("2026-03-28T21:00:00Z".into(), "2026-03-29T05:00:00Z".into())
    );
    let autumn = long.beginning_from(at("2026-10-24T12:00:00Z")).unwrap();
    assert_eq!(
        (shown(autumn.from), shown(autumn.until)),
        ("2026-10-24T20:00:00Z".into(), "2026-10-25T04:00:00Z".into())
    );
    // Samoa had no 30 December 2011: what was for that day does not come beside that of the next.
    let samoa = Recurrence::parse("daily 22:00 for 23h Pacific/Apia", &berlin(), at("2011-12-28T00:00:00Z")).unwrap();
    let days = starts(&samoa, "2011-12-28T12:00:00Z", 4);
    let ends: Vec<_> = days.iter().map(|day| samoa.beginning_from(at(day)).unwrap().until).collect();
    assert!(days.iter().zip(days.iter().skip(1)).zip(&ends).all(|((_, next), end)| *end <= at(next)), "{days:?}");
}

#[test]
fn what_ends_ends_for_good() {
    assert_eq!(times("daily 02:00 for 1h").ends_for_good(), None);
    let ending = times("Tue 22:00 for 4h until 2026-12-14");
    assert_eq!(ending.ends_for_good().map(shown), Some("2026-12-09T01:00:00Z".into()));
    assert_eq!(
        ending.ending_after(at("2026-12-09T00:59:59Z")).map(|one| shown(one.from)),
        Some("2026-12-08T21:00:00Z".into())
    );
    assert_eq!(ending.ending_after(at("2026-12-09T01:00:00Z")), None);
    let once = Times::Once(Occurrence { from: Timestamp(5), until: Timestamp(9) });
    assert_eq!((once.ending_after(Timestamp(8)).is_some(), once.ending_after(Timestamp(9))), (true, None));
    assert_eq!((once.beginning_from(Timestamp(5)).is_some(), once.beginning_from(Timestamp(6))), (true, None));
    assert_eq!(once.ends_for_good(), Some(Timestamp(9)));
}

fn window(id: u64, client: Option<&str>) -> Window {
    let occurrence = Occurrence { from: Timestamp(100), until: Timestamp(200) };
    Window {
        id: WindowId(id),
        name: SafeText::new("switch"),
        scope: Scope::Filter(Filter::parse("client:acme").unwrap()),
        client: client.map(ClientId::from),
        times: Times::Once(occurrence),
        by: SafeText::new("mara"),
        created_at: Timestamp(10),
        active: None,
        next: Some(occurrence),
        planned_at: Timestamp(10),
        looked_through: None,
        over: None,
        begun: 0,
        ledger: BTreeMap::new(),
    }
}

#[test]
fn the_ledger_lists_each_alert_once_counts_all_and_begins_anew() {
    let mut windows = Windows::default();
    let id = WindowId(1);
    windows.apply(&Event::Created(Box::new(window(1, None))), Timestamp(10));
    assert_eq!((windows.next_due(), windows.planned_after(Timestamp(9)).count()), (Some(Timestamp(100)), 1));
    let occurrence = Occurrence { from: Timestamp(100), until: Timestamp(200) };
    windows.apply(&Event::Began { window: id, occurrence }, Timestamp(100));
    assert_eq!((windows.next_due(), windows.is_active(id), windows.looking().count()), (Some(Timestamp(200)), true, 1));
    for alert in [3, 1, 3] {
        assert!(windows.catch(id, &"acme".into(), AlertId(alert)));
    }
    windows.catch(id, &"other".into(), AlertId(2));
    let held = windows.get(id).unwrap();
    assert_eq!((held.held(), held.caught()), (4, vec![AlertId(1), AlertId(2), AlertId(3)]));
    let mut scoped = windows.clone();
    scoped.retain_client(&"acme".into());
    assert_eq!((scoped.get(id).unwrap().held(), scoped.get(id).unwrap().caught()), (3, vec![AlertId(1), AlertId(3)]));
    for alert in 10..10 + MOST_LISTED as u64 * 2 {
        windows.catch(id, &"acme".into(), AlertId(alert));
    }
    let held = windows.get(id).unwrap();
    assert_eq!((held.held(), held.caught().len()), (4 + MOST_LISTED as u64 * 2, MOST_LISTED + 1), "the count goes on");
    windows.apply(&Event::Ended { window: id, next: Some(occurrence) }, Timestamp(200));
    assert_eq!(
        (windows.get(id).unwrap().held() > 0, windows.active().count()),
        (true, 0),
        "the last one stays readable"
    );
    windows.apply(&Event::Began { window: id, occurrence }, Timestamp(300));
    assert_eq!((windows.get(id).unwrap().held(), windows.get(id).unwrap().begun), (0, 2));
}

#[test]
fn no_index_keeps_what_is_gone() {
    let mut windows = Windows::default();
    windows.apply(&Event::Created(Box::new(window(1, Some("acme")))), Timestamp(10));
    let occurrence = Occurrence { from: Timestamp(100), until: Timestamp(250) };
    for event in [
        Event::Changed { window: WindowId(1), occurrence, by: SafeText::new("lee") },
        Event::Began { window: WindowId(1), occurrence },
        Event::Changed { window: WindowId(1), occurrence, by: SafeText::new("lee") },
        Event::Looked { window: WindowId(1), through: None },
        Event::Planned { window: WindowId(1), next: None },
        Event::Closed { window: WindowId(1), by: SafeText::new("lee"), note: None },
    ] {
        windows.apply(&event, Timestamp(110));
        let mut restored = Windows::default();
        windows.all().for_each(|window| restored.restore(Window::clone(window)));
        assert_eq!(restored, windows, "rows give the same after {event:?}");
    }
    assert_eq!((windows.next_due(), windows.over_since(Timestamp(110)).count()), (None, 1));
    let mut scoped = windows.clone();
    scoped.retain_client(&"other".into());
    assert_eq!(scoped, Windows::default(), "another client's window is not theirs to see");
    windows.apply(&Event::Archived { window: WindowId(1) }, Timestamp(120));
    assert_eq!(windows, Windows::default());
}

fn rule() -> impl Strategy<Value = Rule> {
    let day = prop_oneof![
        3 => (1_i8..=31).prop_map(MonthDay::Day),
        1 => Just(MonthDay::Day(-1)),
        3 => (1_i8..=5, 0_i8..7).prop_map(|(nth, weekday)| MonthDay::Nth { nth, weekday }),
        1 => (0_i8..7).prop_map(|weekday| MonthDay::Nth { nth: -1, weekday }),
    ];
    let on = proptest::collection::btree_set(day, 1..4).prop_map(|on| on.into_iter().collect());
    prop_oneof![
        (1_u16..40).prop_map(|every| Rule::Daily { every }),
        (1_u16..8, 1_u8..128).prop_map(|(every, days)| Rule::Weekly { every, days }),
        (1_u16..14, on).prop_map(|(every, on)| Rule::Monthly { every, on }),
    ]
}

fn recurrence() -> impl Strategy<Value = Recurrence> {
    let zones = proptest::sample::select(
        &["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"][..],
    );
    let day = |days: i32| jiff::civil::date(2026, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
    (rule(), 0_u16..1440, 1_u64..1380, zones, 0..900_i32, proptest::option::of(0..900_i32)).prop_filter_map(
        "never comes",
        move |(rule, start, minutes, zone, first, last)| {
            let length = Duration::from_secs(minutes * 60);
            let last = last.map(|last| day(first + last));
            Recurrence::new(rule, start, length, Zone::named(zone).unwrap(), day(first), last).ok()
        },
    )
}

proptest! {
    #[test]
    fn the_next_time_is_later_and_none_reaches_into_another(times in recurrence(), minute in 0_i64..1_500_000) {
        let now = Timestamp(at("2025-12-01T00:00:00Z").0 + minute * 60_000);
        let mut moment = now;
        let mut before: Option<Occurrence> = None;
        for _ in 0..6 {
            let Some(one) = times.beginning_from(moment) else { break };
            prop_assert!(one.from >= moment && one.from < one.until);
            if let Some(before) = before {
                prop_assert!(before.until < one.from, "{before:?} and {one:?}");
            }
            prop_assert_eq!(times.ending_after(one.from), Some(one));
            prop_assert_eq!(times.ending_after(Timestamp(one.until.0 - 1)), Some(one));
            before = Some(one);
            moment = Timestamp(one.from.0 + 1);
        }
        if let Some(one) = times.ending_after(now) {
            prop_assert!(one.until > now);
            let next = times.beginning_from(now);
            prop_assert!(next.is_none_or(|next| next == one || one.contains(now)));
        } else {
            prop_assert!(times.ends_for_good().is_none_or(|end| end <= now));
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same(times in recurrence(), now in 0_i64..4_000_000_000_000) {
        let again = Recurrence::parse(&times.to_string(), &Zone::utc(), Timestamp(now));
        prop_assert_eq!(again, Ok(times));
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,60}", rule in "(FREQ|BYDAY|COUNT|UNTIL|;|=|MO|-|[0-9]| |for){0,12}") {
        let _ = Recurrence::parse(&text, &berlin(), at(FRIDAY));
        let _ = Recurrence::parse(&rule, &berlin(), at(FRIDAY));
    }
}
