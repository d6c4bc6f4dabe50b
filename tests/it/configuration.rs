//! The corpus of configuration files: each valid directory loads, each invalid one says all that is wrong with it,
//! where, and how to mend it, word by word as its `expected.txt`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use watchfloor::fleet::configuration::AssignTarget;
use watchfloor::fleet::derived::assign::explain;
use watchfloor::fleet::words::{ClientId, HostClass, SiteId};
use watchfloor::settings::hub;

fn cases(kind: &str) -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn valid_files_load_and_survive_their_bundle() {
    for case in cases("valid") {
        let loaded =
            hub::load(&case, TimeZone::UTC).unwrap_or_else(|problems| panic!("{}:\n{problems}", case.display()));
        assert!(!loaded.texts.is_empty());
        let again = hub::from_bundle(&loaded.bundle(), TimeZone::UTC).unwrap();
        assert_eq!(loaded, again);
        assert_eq!(loaded.hash(), again.hash());
    }
}

#[test]
fn invalid_files_say_all_that_is_wrong() {
    let mut wrong = String::new();
    for case in cases("invalid") {
        let found = match hub::load(&case, TimeZone::UTC) {
            Ok(_) => "it loads".to_owned(),
            Err(problems) => problems.to_string(),
        };
        if found.trim_end() != read(case.join("expected.txt")).trim_end() {
            let _ = writeln!(wrong, "== {}\n{found}\n", case.display());
        }
    }
    assert!(wrong.is_empty(), "these say something else:\n{wrong}");
}

#[test]
fn each_check_of_a_host_names_its_lines() {
    let case = cases("valid").into_iter().find(|case| case.ends_with("whole")).unwrap();
    let loaded = hub::load(&case, TimeZone::UTC).unwrap();
    let (client, site) = (ClientId::from("acme"), SiteId::from("tokyo"));
    let mut found = String::new();
    for (host, class, tags) in [("web01", HostClass::Server, vec!["web"]), ("nb1", HostClass::Laptop, vec![])] {
        let target = AssignTarget { host, client: &client, site: &site, class, tags };
        let _ = writeln!(found, "# {host}, {class}");
        for line in explain(&loaded.configuration, &target).iter().flat_map(|explained| explained.lines()) {
            let _ = writeln!(found, "{}", line.as_str());
        }
    }
    assert_eq!(found, read(case.join("explained.txt")), "found:\n{found}");
}

#[test]
fn a_client_no_file_describes_is_a_warning() {
    let checks = "[client.acmee.check.swap]\n[client.acme.site.hg.check.swap]\n[client.acme.site.hq.check.swap]\n";
    let fleet = "[client.acme.site.hq]\n";
    let texts = vec![("checks.toml".to_owned(), checks.to_owned()), ("fleet.toml".to_owned(), fleet.to_owned())];
    let warnings: Vec<String> =
        hub::parse(texts, TimeZone::UTC).unwrap().warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "checks.toml:1: client acmee is not in fleet.toml: did you mean acme?",
            "checks.toml:2: site hg of client acme is not in fleet.toml: did you mean hq?",
        ]
    );
}

#[test]
fn what_is_no_text_is_told_and_not_read() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("fleet.toml"), b"name = \"north\"\n# \xff\n").unwrap();
    fs::write(directory.path().join("checks.toml"), vec![b'#'; 2 << 20]).unwrap();
    let problems = hub::load(directory.path(), TimeZone::UTC).unwrap_err().to_string();
    assert!(problems.contains("checks.toml: the file is larger than 1 MiB: make it smaller"), "{problems}");
    assert!(problems.contains("fleet.toml: line 2 is not UTF-8: save the file as UTF-8"), "{problems}");
    assert!(hub::load(&directory.path().join("nowhere"), TimeZone::UTC).unwrap().texts.is_empty());
}

#[test]
fn a_damaged_bundle_is_refused() {
    let case = cases("valid").into_iter().find(|case| case.ends_with("whole")).unwrap();
    let bundle = hub::load(&case, TimeZone::UTC).unwrap().bundle();
    for damaged in
        ["", "x", bundle.trim_end(), bundle.get(..bundle.len() / 2).unwrap(), &format!("{bundle}file x 99\n")]
    {
        assert!(matches!(hub::from_bundle(damaged, TimeZone::UTC), Err(hub::BundleError::Damaged)), "{damaged:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]a-z.=\"'\\\\{}, \n0-9@~:*#-]{0,200}") {
        for file in ["fleet.toml", "checks.toml", "backups.toml", "policies.toml"] {
            if let Err(problems) = hub::parse(vec![(file.to_owned(), text.clone())], TimeZone::UTC) {
                proptest::prop_assert!(!problems.is_empty());
                proptest::prop_assert!(problems.list().iter().all(|problem| !problem.fix.is_empty()));
            }
        }
        let _ = watchfloor::settings::agent::parse("agent.toml", &text);
    }
}
