//! Debian's monitoring-plugins, unchanged. `tests/run` installs the package where it is missing.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use watchfloor::agent::checks::plugin::{PluginRules, run};
use watchfloor::fleet::checks::CheckResult;
use watchfloor::fleet::identity::Hands;
use watchfloor::fleet::words::CheckState;
use watchfloor::settings::agent::{DEBIAN_PLUGINS, HandsRule};

async fn ran_within(timeout: Duration, program: &str, args: &[&str]) -> CheckResult {
    let there = std::path::Path::new(DEBIAN_PLUGINS).join("check_dummy").exists();
    assert!(there, "Debian's package monitoring-plugins-basic is missing: tests/run installs it");
    let hands = HandsRule { mode: Hands::Any, allow: vec![] };
    let rules = PluginRules { hands, dirs: vec![DEBIAN_PLUGINS.into()], ..PluginRules::default() };
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    run(&rules, program, &args, timeout).await
}

async fn ran(program: &str, args: &[&str]) -> CheckResult {
    ran_within(Duration::from_secs(30), program, args).await
}

fn label_of(result: &CheckResult, label: &str) -> Option<f64> {
    result.perfdata.iter().find(|data| data.label == label)?.value
}

#[tokio::test]
async fn exit_codes_are_states_and_the_first_line_is_the_summary() {
    let states = [CheckState::Ok, CheckState::Warning, CheckState::Critical, CheckState::Unknown];
    for (code, state) in states.into_iter().enumerate() {
        let result = ran("check_dummy", &[&code.to_string(), "hello there"]).await;
        assert_eq!(result.state, state);
        assert!(result.summary.as_str().ends_with(": hello there"), "{}", result.summary);
    }
    let inner = format!("{DEBIAN_PLUGINS}/check_dummy");
    assert_eq!(ran("negate", &[&inner, "0", "x"]).await.state, CheckState::Critical);
}

#[tokio::test]
async fn perfdata_and_ranges_of_real_plugins_are_read() {
    let load = ran("check_load", &["-w", "10000,10000,10000", "-c", "20000,20000,20000"]).await;
    assert_eq!(load.state, CheckState::Ok, "{load:?}");
    assert!(label_of(&load, "load1").is_some());
    let five = load.perfdata.iter().find(|data| data.label == "load5").unwrap();
    assert_eq!(five.critical.and_then(|range| range.alerts(20_001.0)), Some(true));
    let disk = ran("check_disk", &["-w", "0%", "-c", "0%", "-p", "/"]).await;
    assert!(disk.state == CheckState::Ok && label_of(&disk, "/").is_some_and(|used| used > 0.0), "{disk:?}");
    let many = ran("check_procs", &["-c", "0:0"]).await;
    assert_eq!(many.state, CheckState::Critical, "{many:?}");
    assert!(label_of(&many, "procs").is_some_and(|count| count >= 1.0));
}

#[tokio::test]
async fn a_plugin_of_many_names_knows_by_which_it_was_called() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let _ = stream.and_then(|mut stream| stream.write_all(b"220 ready\r\n"));
        }
    });
    // check_ftp is a link to check_tcp
    let ftp = ran("check_ftp", &["-H", "127.0.0.1", "-p", &port]).await;
    assert!(ftp.state == CheckState::Ok && ftp.summary.as_str().starts_with("FTP OK"), "{ftp:?}");
}

#[tokio::test]
async fn a_plugin_that_waits_for_ever_is_ended() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let args = ["-H", "127.0.0.1", "-p", &port, "-e", "never said", "-t", "600"];
    let result = ran_within(Duration::from_millis(300), "check_tcp", &args).await;
    assert_eq!(result.state, CheckState::Unknown);
    assert!(result.summary.as_str().starts_with("no result within 300ms, killed"), "{}", result.summary);
}

#[tokio::test]
async fn a_thousand_runs_leave_no_process_behind() {
    for batch in 0..50 {
        let runs = (0..20).map(|run| async move {
            let code = ((batch + run) % 4).to_string();
            ran("check_dummy", &[&code]).await
        });
        futures_util::future::join_all(runs).await;
    }
    let me = std::process::id().to_string();
    let children = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.split(' ').nth(1) == Some(&me))
    });
    assert_eq!(children.count(), 0);
}
