//! Filters against rows, as their users write them.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// An alert of client acme, as a screen or a verb would lend it.
struct Row {
    texts: Vec<(Key, &'static str)>,
    rank: Option<u8>,
    open: Option<Duration>,
    seen: Option<Duration>,
}

impl Subject for Row {
    fn any_text(&self, key: Key, matches: &mut dyn FnMut(&str) -> bool) -> bool {
        self.texts.iter().any(|(of, text)| *of == key && matches(text))
    }
    fn severity_rank(&self) -> Option<u8> {
        self.rank
    }
    fn age(&self, kind: AgeKind) -> Option<Duration> {
        match kind {
            AgeKind::Open => self.open,
            AgeKind::Seen => self.seen,
            AgeKind::Ack | AgeKind::Rpo => None,
        }
    }
}

fn row() -> Row {
    Row {
        texts: vec![
            (Key::Client, "acme"),
            (Key::Site, "hq"),
            (Key::Host, "WEB-01.acme.example"),
            (Key::Class, "server"),
            (Key::Lane, "new"),
            (Key::State, "open"),
            (Key::Tag, "db"),
            (Key::Tag, "linux"),
            (Key::Check, "disk"),
            (Key::Id, "12"),
            (Key::Id, "main/12"),
            (Key::Id, "K7Q2"),
            (Key::Text, "/var is 98% full: 1.2 GB \"left\", a*b"),
        ],
        rank: Some(2),
        open: Some(Duration::from_secs(45 * 60)),
        seen: Some(Duration::from_secs(10)),
    }
}

#[test]
fn a_row_matches_when_every_term_holds() {
    for (filter, expected) in [
        ("", true),
        ("   ", true),
        ("*", true),
        ("not:*", false),
        ("client:acme", true),
        ("client:ACME", true),
        ("client:acm", false),
        ("client:acme,bay", true),
        ("client:bay,echo", false),
        ("client=acme", true),
        ("client!=acme", false),
        ("client!=bay", true),
        ("host:web*", true),
        ("host:web-??.*", true),
        ("host:web", false),
        ("not:host:web*", false),
        ("!host:db*", true),
        ("!!host:web*", true),
        ("tag:db", true),
        ("tag:db tag:linux", true),
        ("tag:db tag:windows", false),
        ("class:server lane:new state:open", true),
        ("id:12", true),
        ("id:main/12", true),
        ("id:k7q2", true),
        ("sev:warning", true),
        ("sev:critical", false),
        ("sev:warning+", true),
        ("sev:unknown+", true),
        ("sev:warning-", true),
        ("sev:ok-", false),
        ("sev:ok,warning", true),
        ("sev:crit,warn", true),
        ("sev>=warning", true),
        ("sev>warning", false),
        ("sev<critical", true),
        ("sev<=unknown", false),
        ("not:sev:warning", false),
        ("open:30m+", true),
        ("open:30m-", false),
        ("open:1h-", true),
        ("open>=45m", true),
        ("open<45m", false),
        ("seen:5m+", false),
        ("open:30m+ open:1h-", true),
        ("ack:1m+", false),
        ("ack:1m-", false),
        ("held:parent", false),
        ("held:\"\"", true),
        ("rpo:24h+", false),
        ("owner:*", false),
        ("not:owner:*", true),
        ("owner:\"\"", true),
        ("tag:\"\"", false),
        ("disk", true),
        ("DISK full", true),
        ("disk empty", false),
        ("98%", true),
        ("f?ll", true),
        ("var*full", true),
        ("\"98% full\"", true),
        ("\"98%  full\"", false),
        ("\"a*b\"", true),
        ("\"a*c\"", false),
        ("\"full:\"", true),
        ("\"\\\"left\\\"\"", true),
        ("text:\"98% full\"", true),
        ("text:\"disk\"", false),
        ("not:backup", true),
        ("!disk", false),
        ("k7q2", true),
        ("client:acme not:lane:muted sev:warning+ disk", true),
    ] {
        let parsed = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        assert_eq!(parsed.matches(&row()), expected, "{filter}");
    }
}

#[test]
fn what_has_no_severity_or_age_does_not_match_one() {
    let bare = Row { texts: vec![], rank: None, open: None, seen: Some(Duration::MAX) };
    for (filter, expected) in [
        ("sev:ok+", false),
        ("not:sev:ok+", true),
        ("open:0s+", false),
        ("open:1h-", false),
        ("seen:5m+", true),
        ("x", false),
    ] {
        assert_eq!(Filter::parse(filter).unwrap().matches(&bare), expected, "{filter}");
    }
}

#[test]
fn what_is_no_filter_says_where_and_what_to_write() {
    for (filter, column, hint) in [
        ("lane:new hots:web", 10, "did you mean host?"),
        (
            "foo:bar",
            1,
            "client, site, host, class, lane, state, tag, check, id, owner, held, agent, fleet, text, sev, open, ack, seen, rpo",
        ),
        ("http://x", 1, "put it in quotes"),
        ("a=b", 1, "put it in quotes"),
        ("host:", 6, "host:web*"),
        ("host: web", 6, "host:web*"),
        ("host:a,,b", 8, "needs a value"),
        ("lane:nwe", 6, "did you mean new?"),
        ("state:dwon", 7, "did you mean down?"),
        ("class:desktop", 7, "server, workstation"),
        ("sev:bad", 5, "sev:critical"),
        ("sev>critical", 5, "no severity is beyond critical"),
        ("sev<ok", 5, "no severity is beyond ok"),
        ("open:30", 6, "30m"),
        ("open:30m", 6, "open:30m+ for older"),
        ("open:30m+,1h-", 11, "open:30m+ for older"),
        ("open:x+", 6, "whole numbers"),
        ("host>5", 6, "host has no order"),
        ("!", 2, "negation"),
        ("a not: b", 7, "negation"),
        ("host:\"web", 6, "does not end"),
        ("\"a\"b", 4, "a space must follow"),
    ] {
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!(error.column, column, "{filter}: {error}");
        assert!(error.to_string().contains(hint), "{filter}: {error}");
    }
    assert!(Filter::parse(&"a ".repeat(65)).is_err() && Filter::parse(&"a ".repeat(64)).is_ok());
    assert!(Filter::parse(&"a".repeat(1025)).is_err() && Filter::parse(&"a".repeat(1024)).is_ok());
}

#[test]
fn a_half_typed_term_never_hides_what_it_may_become() {
    // each beginning of a filter that matches the row must match it, too
    for filter in [
        "client:acme",
        "lane:new",
        "state:open",
        "lane:new,muted",
        "sev:warning+",
        "sev>=warning",
        "open:30m+",
        "open>=30m",
        "host:\"WEB-01.acme.example\"",
        "host:web*",
        "not:lane:muted",
        "class:server disk",
        "\"98% full\"",
    ] {
        for end in 0..=filter.len() {
            // while it is a prefix, a negated value may hide more than it will
            if filter.starts_with("not") && end > "not:lane:".len() {
                continue;
            }
            // "host" alone is a bare word, which this row does not hold
            let is_word = !filter[..end].ends_with(|c: char| !c.is_ascii_alphanumeric())
                && !filter[..end].contains([':', '>', '"']);
            if is_word {
                continue;
            }
            let (typed, fault) = Filter::parse_while_typing(&filter[..end]);
            assert!(typed.matches(&row()), "{:?} {typed} {fault:?}", &filter[..end]);
            assert_eq!(fault, None, "{:?}", &filter[..end]);
        }
    }
}

#[test]
fn a_fault_in_the_middle_is_told_while_the_rest_goes_on_matching() {
    let (typed, fault) = Filter::parse_while_typing("hots:x client:acme lane:nwe dis");
    assert_eq!(typed.to_string(), "client:acme dis");
    assert_eq!(fault.map(|fault| fault.column), Some(1));
    assert!(Filter::parse_while_typing("lane:xyz").1.is_some(), "no lane begins like this");
}

#[test]
fn a_filter_prints_as_it_is_read() {
    for (filter, printed) in [
        ("  client:acme   disk ", "client:acme disk"),
        ("!lane:muted", "not:lane:muted"),
        ("client!=bay", "not:client:bay"),
        ("sev>=warning", "sev:warning+"),
        ("sev:critical+", "sev:critical"),
        ("sev<=unknown", "sev:ok,unknown"),
        ("severity:crit", "sev:critical"),
        ("open>90m", "open:1h30m+"),
        ("version:1.*", "agent:1.*"),
        ("host:\"web\"", "host:web"),
        ("host:\"web*\"", "host:\"web*\""),
        ("\"a:b\"", "\"a:b\""),
        ("**", "*"),
    ] {
        assert_eq!(Filter::parse(filter).unwrap().to_string(), printed);
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9*?.-]{1,8}".prop_filter("", |v| !v.starts_with('-')),
        "[ -~ü]{0,8}".prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
    ]
}

fn term() -> impl Strategy<Value = String> {
    let keys = prop::sample::select(vec!["client", "site", "host", "tag", "check", "id", "owner", "agent", "text"]);
    let texts =
        (keys, prop::collection::vec(value(), 1..4)).prop_map(|(key, values)| format!("{key}:{}", values.join(",")));
    let severities = (
        prop::sample::select(vec![":", ">=", "<=", "!="]),
        prop::sample::select(vec!["ok", "warning", "unknown", "critical"]),
    )
        .prop_map(|(operator, word)| format!("sev{operator}{word}"));
    let ages = (prop::sample::select(vec!["open", "seen", "rpo"]), 0_u32..100_000, prop::bool::ANY)
        .prop_map(|(key, seconds, older)| format!("{key}:{seconds}s{}", if older { '+' } else { '-' }));
    (prop::sample::select(vec!["", "!", "not:"]), prop_oneof![texts, severities, ages, value(), Just("*".to_owned())])
        .prop_map(|(not, term)| format!("{not}{term}"))
}

proptest! {
    #[test]
    fn a_printed_filter_is_the_same_filter(terms in prop::collection::vec(term(), 0..6)) {
        let filter = Filter::parse(&terms.join(" ")).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC{0,60}", ascii in "[a-z:<>=!\"\\\\*?,+ -]{0,40}") {
        for text in [text, ascii] {
            if let Ok(filter) = Filter::parse(&text) {
                prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter.clone()));
                prop_assert_eq!(Filter::parse_while_typing(&format!("{text} ")), (filter, None));
            }
            Filter::parse_while_typing(&text).0.matches(&row());
        }
    }
}
