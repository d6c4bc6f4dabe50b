//! A console over a slow, delayed and cut link: what is looked at comes first, acts say how they stand, nothing is lost.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use watchfloor::console::act::{ActEnd, Verb};
use watchfloor::console::acts::{Reading, Row};
use watchfloor::console::link_task::Reach;
use watchfloor::console::replica::{Counts, FleetIndex, LinkState, Replica};
use watchfloor::fleet::alerts::{Lane, Until};
use watchfloor::fleet::derived::first_look::{Look, Screen};
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::words::{AlertId, CheckState};
use watchfloor::hub::serve::{Hub, Options};
use watchfloor::link::{Address, LinkError, Tls, enrol};
use watchfloor::trust::tls_client::{hub_server_name, link_client};
use watchfloor::trust::{Credential, Token};

use crate::hubs_and_console::Console;
use crate::large_fleet::{Size, seed};
use crate::processes::done;
use crate::throttle::{SlowLink, Speed};

const FLEET: FleetIndex = FleetIndex(0);
const PATIENCE: Duration = Duration::from_secs(30);
const SIZE: Size = Size { hosts: 500, alerts: 300 };

/// A hub of a seeded fleet, and a certificate of an operator.
async fn hub(home: &Path) -> (Hub, Credential, String) {
    let data = home.join("hub");
    seed(&data, SIZE);
    let options = Options {
        data: data.clone(),
        listen: Some("127.0.0.1:0".to_owned()),
        enrol_listen: Some("127.0.0.1:0".to_owned()),
        advertise: vec!["127.0.0.1".to_owned()],
        ..Options::default()
    };
    let hub = timeout(PATIENCE, Hub::start(options)).await.expect("in time").expect("a hub");
    let (at, line) = (home.to_owned(), format!("token create --role operator --data {}", data.display()));
    let token = tokio::task::spawn_blocking(move || done(&at, &line)).await.unwrap();
    let token = Token::decode(token.trim()).unwrap();
    let dir = home.join("fleet");
    let enrolled = timeout(PATIENCE, enrol::enrol(&token, "okafor", None, |_| dir.clone())).await.unwrap().unwrap();
    let link = hub.listening().link.unwrap().to_string();
    (hub, enrolled.credential, link)
}

fn reach(credential: &Credential, address: &str) -> Reach {
    let (credential, address) = (credential.clone(), address.to_owned());
    Reach::new(move || {
        let refused = |error: &dyn std::fmt::Display| LinkError::Refused(error.to_string());
        let name = hub_server_name(&credential.principal().fleet).map_err(|error| refused(&error))?;
        let config = link_client(&credential).map_err(|error| refused(&error))?.into();
        Ok((vec![Address::Tcp(address.clone())], Some(Tls { config, name })))
    })
}

/// The queue as the screen orders it.
fn queue(replica: &Replica) -> Vec<AlertId> {
    let mut open: Vec<_> = replica.fleet().alerts.open().collect();
    open.sort_by_key(|alert| {
        (alert.lane(), std::cmp::Reverse(alert.level.gravity()), std::cmp::Reverse(alert.level_since), alert.id)
    });
    open.into_iter().map(|alert| alert.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_in_view_comes_first_with_sums_that_add_up_and_can_be_acted_on() {
    let home = tempfile::tempdir().unwrap();
    let (hub, credential, address) = hub(home.path()).await;
    let speed = Speed { rate: 25_000, delay: Duration::from_millis(50) };
    let link = SlowLink::to(address, speed).await;
    let look = Look { screen: Screen::Alerts, rows: 24 };
    let mut console = Console::looking(look, vec![("main", reach(&credential, &link.address))]);
    console.until("the first look", |console| console.replica(FLEET).is_first_look()).await;
    let first = link.bytes_down();
    let replica = console.replica(FLEET);
    assert!(!replica.is_loaded(), "it is marked as partial");
    assert_eq!((replica.role(), replica.fleet().alerts.open().count()), (Some(Role::Operator), 24));
    let total = replica.counts().total().clone();
    assert_eq!((u64::from(total.alerts()), u64::from(total.hosts())), (SIZE.alerts, SIZE.hosts), "the sums are whole");
    let clients = replica.counts().clients();
    assert_eq!(clients.map(|(_, client)| client.tally.alerts()).sum::<u32>(), total.alerts(), "and add up");
    let early = queue(replica);
    for id in &early {
        let alert = &replica.fleet().alerts.alerts[id];
        assert_eq!(alert.level, CheckState::Critical, "the worst come first");
        assert!(replica.fleet().hosts.hosts.contains_key(&alert.host.unwrap()), "each with its host");
    }

    // An act on an early row goes through while the rest is on its way.
    console.act(FLEET, Verb::Acknowledge { until: Until::Worse, note: String::new(), limit: None }, vec![early[0]]);
    console.until("the answer", |console| !console.ends().is_empty()).await;
    assert!(
        matches!(&console.ends()[0], ActEnd::Answered(answer) if answer.done == [early[0].0]),
        "{:?}",
        console.ends()
    );
    console.until("the whole", |console| console.replica(FLEET).is_loaded()).await;
    console.until("the act's entry", |console| console.acts().pending().len() == 0).await;
    let replica = console.replica(FLEET);
    let all = link.bytes_down();
    assert!(all > first, "the rest came behind: {first} bytes first, {all} in all");
    assert_eq!(replica.fleet().alerts.alerts[&early[0]].lane(), Lane::Owned);
    assert_eq!(replica.counts(), &Counts::of(replica.fleet(), &Default::default()));
    // What was in view stands where it stood.
    assert_eq!(queue(replica)[..23], early[1..]);
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_cut_link_an_act_waits_then_reads_not_sent_and_asked_anew_is_done_once() {
    let home = tempfile::tempdir().unwrap();
    let (hub, credential, address) = hub(home.path()).await;
    let speed = Speed { rate: 25_000, delay: Duration::from_millis(50) };
    let link = SlowLink::to(address, speed).await;
    let look = Look { screen: Screen::Alerts, rows: 24 };
    let mut console = Console::looking(look, vec![("main", reach(&credential, &link.address))]);
    console.until("the whole", |console| console.replica(FLEET).is_loaded()).await;
    let worst = queue(console.replica(FLEET))[0];

    link.cut(true);
    let asked = Instant::now();
    console.act(FLEET, Verb::Note { note: "on it".to_owned() }, vec![worst]);
    let reading = |console: &Console, after: u64| {
        let about = console.acts().about(FLEET, Row::Alert(worst));
        about.map(|pending| pending.reading(asked + Duration::from_millis(after)))
    };
    assert_eq!(reading(&console, 100), Some(Reading::Sent));
    assert_eq!(reading(&console, 3_500), Some(Reading::Waiting(3)));
    assert_eq!(reading(&console, 5_500), Some(Reading::NotSent));
    assert!(console.acts().has_unsent(), "q does not leave");
    console.until("silence", |console| matches!(console.replica(FLEET).link(), LinkState::Lost { .. })).await;
    assert!(console.replica(FLEET).is_loaded(), "what was known stays");

    console.until("the end of the act", |console| !console.ends().is_empty()).await;
    assert!(matches!(console.ends(), [ActEnd::NotSent { perhaps_done: true, .. }]), "{:?}", console.ends());
    assert!(console.acts().has_unsent(), "until the person has seen it");

    // The person gives it up, the link comes back, and it is asked anew.
    console.dismiss();
    link.cut(false);
    console.live(FLEET).await;
    console.act(FLEET, Verb::Note { note: "on it".to_owned() }, vec![worst]);
    console.until("the answer and its entry", |console| console.acts().pending().len() == 0).await;
    let alert = &console.replica(FLEET).fleet().alerts.alerts[&worst];
    assert_eq!(alert.last_note.as_ref().map(|note| note.as_str()), Some("on it"));
    let timeline = done(home.path(), &format!("alert {worst} --json --data {}", home.path().join("hub").display()));
    assert_eq!(timeline.matches("on it").count(), 2, "once in its state and once in its timeline: {timeline}");
    hub.end().await.unwrap();
}
