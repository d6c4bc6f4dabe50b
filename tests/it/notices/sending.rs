//! A hub that sends: what waits goes out, hanging receivers hold up nobody, nothing is lost over a restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use watchfloor::fleet::configuration::oncall::{ContactChannel, Person};
use watchfloor::fleet::configuration::{Configuration, Policy, Provenance, Receiver, Step};
use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::notices::{Notice, State};
use watchfloor::fleet::rules::input::{Action, Input, Targets, Verb};
use watchfloor::fleet::state::Fleet;
use watchfloor::fleet::words::{ActionId, CheckName, CheckState, HostId, NoticeId, Revision, SafeText, StreamId};
use watchfloor::hub::serve::{Hub, Options};

use super::{PATIENCE, Web, answer, configuration, ok, until};

pub async fn hub(data: &Path) -> Hub {
    let options = Options {
        data: data.to_owned(),
        name: Some("noc".to_owned()),
        http_listen: Some("127.0.0.1:0".to_owned()),
        ..Options::default()
    };
    tokio::time::timeout(PATIENCE, Hub::start(options)).await.unwrap().unwrap()
}

/// Lets a configuration count that no file holds.
pub fn configure(hub: &Hub, configuration: Configuration) {
    hub.shared().live_mut().configuration = Arc::new(configuration);
    hub.shared().reconfigured.send_modify(|count| *count += 1);
}

/// Ann, who is reached by these channels in this order, and a policy that tells her of everything.
pub fn with_ann(mut configuration: Configuration, channels: &[&str]) -> Configuration {
    let text = SafeText::new;
    let contact = |name: &&str| ContactChannel { channel: text(name), address: text("ann@example.net") };
    configuration.oncall.people.push(Person {
        name: text("ann"),
        full_name: text("Ann"),
        identities: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
        channels: channels.iter().map(contact).collect(),
        source: Provenance::built_in(),
    });
    let step = Step { after: Duration::ZERO, to: vec![Receiver::Person(text("ann"))] };
    let (repeat, rounds) = (Duration::from_secs(600), 3);
    let source = Provenance::built_in();
    configuration.oncall.policies.push(Policy { name: text("default"), steps: vec![step], repeat, rounds, source });
    configuration
}

pub async fn fleet(hub: &Hub) -> Arc<Fleet> {
    hub.shared().core.cut().await.unwrap().fleet
}

/// Asks for a test page; its notice.
pub async fn test_page(hub: &Hub, to: &str) -> NoticeId {
    static ACTIONS: AtomicU64 = AtomicU64::new(1);
    let action = Action {
        id: ActionId(u128::from(ACTIONS.fetch_add(1, Ordering::Relaxed))),
        asker: hub.shared().access.local(),
        seen: Revision::default(),
        targets: Targets::Ids(Vec::new()),
        dry_run: false,
        verb: Verb::TestNotice(SafeText::new(to)),
    };
    NoticeId(hub.shared().core.decide(Input::Action(action)).await.unwrap().done[0])
}

pub async fn ended(hub: &Hub, notice: NoticeId, state: State) -> Arc<Notice> {
    until(&format!("notice {notice} {}", state.word()), async || {
        fleet(hub).await.notices.notices.get(&notice).filter(|one| one.state == state).cloned()
    })
    .await
}

/// A check of a host fails for good.
pub async fn fails(hub: &Hub, host: HostId, sequence: u64, check: &str, state: CheckState) {
    let body = FactBody::Check {
        name: CheckName::from(check),
        state,
        hard: true,
        attempt: 1,
        max_attempts: 1,
        summary: SafeText::new("disk is 97 % full <b>"),
        long_text: SafeText::default(),
        perfdata: SafeText::default(),
        interval_ms: 3_600_000,
    };
    let fact = Fact { at: hub.shared().clock.now().wall, body };
    let input = Input::Fact { host, stream: StreamId(7), sequence, fact, output: None };
    hub.shared().core.decide(input).await.unwrap();
}

fn hook(name: &str, port: u16) -> String {
    format!("[channels.{name}]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_in_passing_is_sent_again_under_the_same_key() {
    let data = tempfile::tempdir().unwrap();
    let hub = hub(data.path()).await;
    let web =
        Web::new(|number| Some(if number == 1 { answer("500 Oops", "", "") } else { answer("200 OK", "", "took it") }));
    let web = web.await;
    configure(&hub, configuration(&hook("hook", web.port)));
    let notice = test_page(&hub, "channel:hook").await;
    let sent = ended(&hub, notice, State::Sent).await;
    assert_eq!(sent.words.as_str(), "200 OK: took it");
    let keys: Vec<_> = web.asked().iter().map(|asked| asked.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys, vec![format!("{}-{notice}", hub.shared().fleet); 2]);
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_hangs_delays_nobody_else() {
    let data = tempfile::tempdir().unwrap();
    let hub = hub(data.path()).await;
    let (hangs, well) = (Web::new(|_| None).await, Web::new(ok).await);
    configure(&hub, configuration(&(hook("hangs", hangs.port) + &hook("well", well.port))));
    let mut stuck = Vec::new();
    for _ in 0..300 {
        stuck.push(test_page(&hub, "channel:hangs").await);
    }
    until("the first attempt", async || (!hangs.asked().is_empty()).then_some(())).await;
    let notice = test_page(&hub, "channel:well").await;
    ended(&hub, notice, State::Sent).await;
    assert_eq!(hangs.asked().len(), 1, "one at a time to one receiver");
    let fleet = fleet(&hub).await;
    assert!(stuck.iter().all(|notice| fleet.notices.notices[notice].state == State::Waiting), "none is lost");
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_when_the_hub_ended_goes_out_when_it_is_back() {
    let data = tempfile::tempdir().unwrap();
    let config = data.path().join("config");
    std::fs::create_dir_all(&config).unwrap();
    let hangs = Web::new(|_| None).await;
    std::fs::write(config.join("policies.toml"), hook("hook", hangs.port)).unwrap();
    let first = hub(data.path()).await;
    let notice = test_page(&first, "channel:hook").await;
    let before = until("an attempt", async || hangs.asked().first().cloned()).await;
    first.end().await.unwrap();
    let well = Web::new(ok).await;
    std::fs::write(config.join("policies.toml"), hook("hook", well.port)).unwrap();
    let second = hub(data.path()).await;
    ended(&second, notice, State::Sent).await;
    let after = well.asked().remove(0);
    assert_eq!(before.headers["idempotency-key"], after.headers["idempotency-key"], "a repeat is known as one");
    second.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_channel_has_its_turn_when_the_first_will_never_take_it() {
    let data = tempfile::tempdir().unwrap();
    let hub = hub(data.path()).await;
    let (never, well) = (Web::new(|_| Some(answer("410 Gone", "", "moved away"))).await, Web::new(ok).await);
    let both = configuration(&(hook("first", never.port) + &hook("second", well.port)));
    configure(&hub, with_ann(both, &["first", "second"]));
    let notice = test_page(&hub, "ann").await;
    let sent = ended(&hub, notice, State::Sent).await;
    assert_eq!((sent.channel, never.asked().len()), (1, 1));
    configure(&hub, with_ann(configuration(&hook("first", never.port)), &["first"]));
    let failed = test_page(&hub, "ann").await;
    let failed = ended(&hub, failed, State::Failed).await;
    assert_eq!(failed.words.as_str(), "first: answers 410 Gone: moved away");
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_a_handful_of_messages_that_count_what_they_do_not_list() {
    let data = tempfile::tempdir().unwrap();
    let hub = hub(data.path()).await;
    let web = Web::new(ok).await;
    let mut configuration = with_ann(configuration(&hook("hook", web.port)), &["hook"]);
    configuration.oncall.gather = Duration::from_secs(4);
    configure(&hub, configuration);
    let host = hub.admit_local("web-01").await.unwrap();
    for number in 1..=200 {
        fails(&hub, host, number, &format!("check-{number}"), CheckState::Critical).await;
    }
    until("all of them told", async || {
        let fleet = fleet(&hub).await;
        fleet.alerts.open().all(|alert| !alert.told.is_empty()).then_some(())
    })
    .await;
    let told: u64 = until("what was told to arrive", async || {
        let bodies =
            web.asked().into_iter().map(|asked| serde_json::from_str::<serde_json::Value>(&asked.body).unwrap());
        let told: u64 = bodies.map(|body| body["count"].as_u64().unwrap()).sum();
        (told >= 200).then_some(told)
    })
    .await;
    assert_eq!(told, 200);
    let asked = web.asked();
    assert!(asked.len() <= 5, "{} messages", asked.len());
    let most = asked.iter().max_by_key(|asked| asked.body.len()).unwrap();
    assert!(most.body.contains("And ") && most.body.contains(" more"), "{}", most.body);
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watchdog_beats_without_an_entry_and_stops_with_its_hub() {
    let data = tempfile::tempdir().unwrap();
    let hub = hub(data.path()).await;
    let web = Web::new(ok).await;
    let text = format!("[watchdog]\nchannel = \"dead\"\nevery = \"5s\"\n{}", hook("dead", web.port));
    configure(&hub, configuration(&text));
    until("a beat", async || (!web.asked().is_empty()).then_some(())).await;
    let revision = fleet(&hub).await.revision;
    until("the next beat", async || (web.asked().len() > 1).then_some(())).await;
    assert_eq!(fleet(&hub).await.revision, revision, "beats are not journaled");
    assert!(web.asked()[0].body.contains("[WATCHDOG] noc is watching"));
    let keys: Vec<_> = web.asked().iter().map(|asked| asked.headers["idempotency-key"].clone()).collect();
    assert_ne!(keys[0], keys[1], "each beat is one of its own");
    let beat = until("word of it", async || hub.shared().deliverer.beat()).await;
    assert!(beat.taken.is_some() && beat.failed.is_none());
    hub.end().await.unwrap();
}
