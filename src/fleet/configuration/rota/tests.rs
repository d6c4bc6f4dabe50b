use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn names(members: &[&str]) -> Vec<SafeText> {
    members.iter().map(|member| SafeText::new(member)).collect()
}

fn rotation(members: &[&str], turn: Turn, handoff: &str, from: &str) -> Rotation {
    let (handoff, from) = (handoff.parse().unwrap(), from.parse().unwrap());
    Rotation { members: names(members), turn, handoff, weekday: None, from, hours: None }
}

fn schedule(zone: &str, layers: Vec<Rotation>) -> OnCallSchedule {
    let zone = TimeZone::get(zone).unwrap();
    OnCallSchedule { name: SafeText::new("night"), zone, layers, source: Provenance::built_in() }
}

fn cover(person: &str, from: &str, until: &str) -> Cover {
    Cover { person: SafeText::new(person), from: at(from), until: at(until) }
}

fn who(schedule: &OnCallSchedule, covers: &[Cover], when: &str) -> String {
    on_duty(schedule, covers, at(when)).map_or_else(|| "nobody".to_owned(), |person| person.to_string())
}

/// Each change from a moment on, as `TIME PERSON`.
fn changes(schedule: &OnCallSchedule, covers: &[Cover], from: &str, count: usize) -> Vec<String> {
    let mut moment = at(from);
    let mut found = Vec::new();
    while found.len() < count {
        let Some((change, person)) = next_on_duty(schedule, covers, moment) else { break };
        let shown = jiff::Timestamp::from_millisecond(change.0).unwrap();
        found.push(format!("{shown} {}", person.map_or_else(|| "nobody".to_owned(), |person| person.to_string())));
        moment = change;
    }
    found
}

#[test]
fn a_handoff_keeps_its_local_time_over_both_changes_of_the_clock() {
    let weekly =
        Rotation { weekday: Some(Weekday::Monday), ..rotation(&["anna", "ben"], Turn::Weekly, "09:00", "2026-03-16") };
    let berlin = schedule("Europe/Berlin", vec![weekly.clone()]);
    assert_eq!(
        changes(&berlin, &[], "2026-03-16T08:00:00Z", 3),
        ["2026-03-23T08:00:00Z ben", "2026-03-30T07:00:00Z anna", "2026-04-06T07:00:00Z ben"]
    );
    assert_eq!(
        changes(&berlin, &[], "2026-10-19T07:00:00Z", 2),
        ["2026-10-26T08:00:00Z anna", "2026-11-02T08:00:00Z ben"],
        "an hour longer in October"
    );
    let york = schedule("America/New_York", vec![weekly]);
    assert_eq!(
        changes(&york, &[], "2026-10-26T13:00:00Z", 1),
        ["2026-11-02T14:00:00Z ben"],
        "the first Sunday of November"
    );
    let halves = schedule("Europe/Berlin", vec![rotation(&["day", "night"], Turn::Hours(12), "08:00", "2026-01-01")]);
    assert_eq!(
        changes(&halves, &[], "2026-03-28T07:30:00Z", 4),
        [
            "2026-03-28T19:00:00Z night",
            "2026-03-29T06:00:00Z day",
            "2026-03-29T18:00:00Z night",
            "2026-03-30T06:00:00Z day"
        ],
        "08:00 and 20:00 stay"
    );
}

#[test]
fn a_handoff_at_a_time_that_is_skipped_or_shown_twice_has_one_moment() {
    let berlin = schedule("Europe/Berlin", vec![rotation(&["anna", "ben"], Turn::Daily, "02:30", "2026-03-27")]);
    assert_eq!(
        changes(&berlin, &[], "2026-03-27T12:00:00Z", 3),
        ["2026-03-28T01:30:00Z ben", "2026-03-29T01:30:00Z anna", "2026-03-30T00:30:00Z ben"],
        "02:30 is skipped on the 29th: 03:30 then"
    );
    let twice = changes(&berlin, &[], "2026-10-24T12:00:00Z", 2);
    assert_eq!(twice.first().unwrap().split(' ').next().unwrap(), "2026-10-25T00:30:00Z", "the first of the two 02:30");
    assert_eq!(twice.get(1).unwrap().split(' ').next().unwrap(), "2026-10-26T01:30:00Z");
    let hourly = schedule("Europe/Berlin", vec![rotation(&["a", "b", "c"], Turn::Hours(1), "00:00", "2026-03-29")]);
    assert_eq!(
        changes(&hourly, &[], "2026-03-28T23:00:00Z", 3),
        ["2026-03-29T00:00:00Z b", "2026-03-29T01:00:00Z a", "2026-03-29T02:00:00Z b"],
        "the hour that does not exist is nobody's turn"
    );
}

#[test]
fn turns_of_days_count_the_leap_day() {
    let york = schedule("America/New_York", vec![rotation(&["anna", "ben"], Turn::Days(2), "08:00", "2028-02-26")]);
    assert_eq!(
        changes(&york, &[], "2028-02-26T13:00:00Z", 3),
        ["2028-02-28T13:00:00Z ben", "2028-03-01T13:00:00Z anna", "2028-03-03T13:00:00Z ben"]
    );
    let daily = schedule("UTC", vec![rotation(&["anna", "ben"], Turn::Daily, "00:00", "2028-02-28")]);
    assert_eq!(who(&daily, &[], "2028-02-29T12:00:00Z"), "ben");
    assert_eq!(who(&daily, &[], "2028-03-01T12:00:00Z"), "anna");
}

#[test]
fn nobody_is_on_duty_where_nobody_stands() {
    let empty = schedule("UTC", vec![]);
    assert_eq!(who(&empty, &[], "2026-06-01T00:00:00Z"), "nobody");
    assert_eq!(next_change(&empty, &[], at("2026-06-01T00:00:00Z")), None);
    // All members of the layer above left: it counts no more, the one below does.
    let left = schedule(
        "UTC",
        vec![
            rotation(&["anna"], Turn::Daily, "00:00", "2026-01-01"),
            rotation(&[], Turn::Daily, "00:00", "2026-01-01"),
        ],
    );
    assert_eq!(who(&left, &[], "2026-06-01T00:00:00Z"), "anna");
    assert_eq!(next_change(&left, &[], at("2026-06-01T00:00:00Z")), None, "one person's turns change nothing");
    let later = schedule("UTC", vec![rotation(&["anna"], Turn::Daily, "09:00", "2026-06-02")]);
    assert_eq!(who(&later, &[], "2026-06-02T08:59:59Z"), "nobody");
    assert_eq!(changes(&later, &[], "2026-06-01T00:00:00Z", 5), ["2026-06-02T09:00:00Z anna"]);
}

#[test]
fn weekly_turns_may_begin_in_the_middle_of_a_week() {
    let layer =
        Rotation { weekday: Some(Weekday::Monday), ..rotation(&["anna", "ben"], Turn::Weekly, "09:00", "2026-06-03") };
    let utc = schedule("UTC", vec![layer]);
    assert_eq!(who(&utc, &[], "2026-06-02T12:00:00Z"), "nobody");
    assert_eq!(
        changes(&utc, &[], "2026-06-01T12:00:00Z", 3),
        ["2026-06-03T09:00:00Z anna", "2026-06-08T09:00:00Z ben", "2026-06-15T09:00:00Z anna"]
    );
}

#[test]
fn a_later_layer_counts_where_it_is_active() {
    let nights = Rotation {
        hours: Schedule::parse("daily 20:00-08:00").ok(),
        ..rotation(&["nina"], Turn::Daily, "08:00", "2026-01-01")
    };
    let days = rotation(&["anna", "ben"], Turn::Daily, "12:00", "2026-06-01");
    let berlin = schedule("Europe/Berlin", vec![days, nights]);
    assert_eq!(
        changes(&berlin, &[], "2026-06-01T10:00:00Z", 4),
        [
            "2026-06-01T18:00:00Z nina",
            "2026-06-02T06:00:00Z anna",
            "2026-06-02T10:00:00Z ben",
            "2026-06-02T18:00:00Z nina"
        ]
    );
    assert_eq!(since(&berlin, &[], at("2026-06-02T03:00:00Z")), Some(at("2026-06-01T18:00:00Z")));
}

#[test]
fn a_cover_counts_before_all_and_over_a_handoff() {
    let utc = schedule("UTC", vec![rotation(&["anna", "ben"], Turn::Daily, "09:00", "2026-06-01")]);
    let covers = [cover("carl", "2026-06-01T20:00:00Z", "2026-06-02T12:00:00Z")];
    assert_eq!(
        changes(&utc, &covers, "2026-06-01T09:00:00Z", 3),
        ["2026-06-01T20:00:00Z carl", "2026-06-02T12:00:00Z ben", "2026-06-03T09:00:00Z anna"]
    );
    let both = [covers[0].clone(), cover("dora", "2026-06-02T08:00:00Z", "2026-06-02T10:00:00Z")];
    assert_eq!(who(&utc, &both, "2026-06-02T09:00:00Z"), "dora", "of two, the one given last");
    assert_eq!(who(&utc, &both, "2026-06-02T10:00:00Z"), "carl");
    let same = [cover("anna", "2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z")];
    assert_eq!(changes(&utc, &same, "2026-06-01T09:00:00Z", 1), ["2026-06-02T09:00:00Z ben"], "nobody else: no change");
    assert_eq!(who(&schedule("UTC", vec![]), &covers, "2026-06-02T00:00:00Z"), "carl");
}

#[test]
fn the_beginning_of_a_duty_is_found_and_not_made_up() {
    let utc = schedule("UTC", vec![rotation(&["anna", "ben"], Turn::Weekly, "09:00", "2026-06-01")]);
    assert_eq!(since(&utc, &[], at("2026-06-10T00:00:00Z")), Some(at("2026-06-08T09:00:00Z")));
    let alone = schedule("UTC", vec![rotation(&["anna"], Turn::Weekly, "09:00", "2020-06-01")]);
    assert_eq!(since(&alone, &[], at("2026-06-10T00:00:00Z")), None);
}

fn layers() -> impl Strategy<Value = Vec<Rotation>> {
    let hours = prop_oneof![
        3 => Just(None),
        1 => Just(Some("Mon-Fri 08:00-18:00")),
        1 => Just(Some("Sat-Sun 22:00-06:00")),
        1 => Just(Some("Sun 02:15-02:45")),
    ];
    let turn = prop_oneof![
        Just(Turn::Daily),
        Just(Turn::Weekly),
        (1_u32..30).prop_map(Turn::Hours),
        (1_u32..10).prop_map(Turn::Days)
    ];
    let layer = (1_usize..4, turn, 0_i8..24, 0_i8..60, 0_i32..400, hours, proptest::option::of(1_i8..8)).prop_map(
        |(count, turn, hour, minute, days, hours, weekday)| Rotation {
            members: ["anna", "ben", "carl"].into_iter().take(count).map(SafeText::new).collect(),
            turn,
            handoff: Time::new(hour, minute, 0, 0).unwrap(),
            weekday: weekday.map(|day| Weekday::from_monday_one_offset(day).unwrap()),
            from: jiff::civil::date(2025, 9, 1).checked_add(Span::new().days(days)).unwrap(),
            hours: hours.and_then(|hours| Schedule::parse(hours).ok()),
        },
    );
    proptest::collection::vec(layer, 0..4)
}

proptest! {
    #[test]
    fn between_changes_the_same_person_is_on_duty_and_changes_lie_ahead(
        layers in layers(),
        zone in proptest::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
        minute in 0_i64..(500 * 24 * 60),
        covers in proptest::collection::vec((0_i64..10_000, 1_i64..3_000), 0..3),
        parts in proptest::collection::vec(0.0_f64..1.0, 8),
    ) {
        let schedule = schedule(zone, layers);
        let start = Timestamp(at("2025-10-01T00:00:00Z").0 + minute * 60_000);
        let covers: Vec<Cover> = covers
            .into_iter()
            .map(|(from, length)| {
                let from = Timestamp(start.0 + (from - 5_000) * 60_000);
                Cover { person: SafeText::new("dora"), from, until: Timestamp(from.0 + length * 60_000) }
            })
            .collect();
        let now = on_duty(&schedule, &covers, start);
        let unrestricted = schedule.layers.iter().any(|layer| {
            layer.hours.is_none() && moment(&schedule.zone, layer.from.to_datetime(layer.handoff)).unwrap() <= start
        });
        prop_assert!(!unrestricted || now.is_some(), "somebody is on duty where a layer always counts");
        let end = match next_change(&schedule, &covers, start) {
            Some(change) => {
                prop_assert!(change > start);
                prop_assert_ne!(&on_duty(&schedule, &covers, change), &now);
                change
            }
            None => Timestamp(start.0 + 30 * DAY_MS),
        };
        for part in parts {
            let between = Timestamp(start.0 + ((end.0 - start.0 - 1) as f64 * part) as i64);
            prop_assert_eq!(&on_duty(&schedule, &covers, between), &now, "at {:?}", between);
        }
        if let Some(since) = since(&schedule, &covers, start) {
            prop_assert!(since <= start);
            prop_assert_eq!(on_duty(&schedule, &covers, since), now);
        }
    }
}
