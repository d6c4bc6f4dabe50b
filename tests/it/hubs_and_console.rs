//! Two real hubs and one console over their sockets: one is ended and comes back, then comes back as another.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use watchfloor::fleet::derived::first_look::Look;

use watchfloor::console::act::{Act, ActEnd, ActTag, Targets, Verb, new_action_id};
use watchfloor::console::acts::Acts;
use watchfloor::console::ask::{Answer, Ask, Detail, Topic};
use watchfloor::console::link_task::{FromLink, LinkConfig, LinkHandle, News, Reach, spawn};
use watchfloor::console::replica::{Counts, FleetIndex, LinkState, Replica, Replicas};
use watchfloor::fleet::checks;
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::state::Event;
use watchfloor::fleet::words::{AlertId, HostId, SafeText};
use watchfloor::hub::serve::{Hub, Options};
use watchfloor::link::Address;
use watchfloor::link::socket_path::find_socket;

const NORTH: FleetIndex = FleetIndex(0);
const SOUTH: FleetIndex = FleetIndex(1);
const PATIENCE: Duration = Duration::from_secs(30);

/// A console without screens: its links and what they brought.
pub struct Console {
    links: Vec<LinkHandle>,
    news: mpsc::Receiver<FromLink>,
    replicas: Replicas,
    acts: Acts,
    ends: Vec<ActEnd>,
    answers: Vec<Answer>,
}

impl Console {
    fn start(fleets: &[(&str, PathBuf)]) -> Self {
        let reach = |data: &PathBuf| {
            let data = data.clone();
            Reach::new(move || Ok((vec![Address::Unix(find_socket(&data))], None)))
        };
        Self::reaching(fleets.iter().map(|(name, data)| (*name, reach(data))).collect())
    }

    /// A console of these fleets.
    pub fn reaching(fleets: Vec<(&str, Reach)>) -> Self {
        Self::looking(Look::default(), fleets)
    }

    /// The same, which looks at something.
    pub fn looking(look: Look, fleets: Vec<(&str, Reach)>) -> Self {
        let (out, news) = mpsc::channel(16);
        let mut replicas = Replicas::default();
        let mut links = Vec::new();
        for (name, reach) in fleets {
            let fleet = replicas.push(Replica::new(name, Instant::now()));
            links.push(spawn(LinkConfig { fleet, reach, look: watch::channel(look).1 }, out.clone()));
        }
        Self { links, news, replicas, acts: Acts::default(), ends: Vec::new(), answers: Vec::new() }
    }

    pub fn replica(&self, fleet: FleetIndex) -> &Replica {
        self.replicas.get(fleet).unwrap()
    }

    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !wanted(self) {
            let Ok(from) = tokio::time::timeout_at(end, self.news.recv()).await else {
                let links: Vec<_> = self.replicas.iter().map(|(_, replica)| replica.link()).collect();
                panic!("waited for {what}: {links:?}, {:?}", self.ends);
            };
            let FromLink { fleet, news } = from.expect("the links run");
            match news {
                News::Update(update) => {
                    self.replicas.apply(fleet, update);
                    let held = self.replica(fleet).position();
                    self.acts.arrived(fleet, held);
                }
                News::ActDone { tag, end } => {
                    let held = self.replica(fleet).position();
                    self.ends.extend(self.acts.ended(tag, end, held).map(|report| report.end));
                }
                News::Answer(answer) => self.answers.push(answer),
                News::Trouble(what) => panic!("{what:?}"),
            }
        }
    }

    pub async fn live(&mut self, fleet: FleetIndex) {
        let whole = |replica: &Replica| replica.link().is_live() && !replica.is_first_look();
        self.until("a live link, and the whole fleet", |console| whole(console.replica(fleet))).await;
    }

    /// Does something to alerts and gives the act's number.
    pub fn act(&mut self, fleet: FleetIndex, verb: Verb, alerts: Vec<AlertId>) -> ActTag {
        let seen = self.replica(fleet).position().revision;
        let act = Act { id: new_action_id().unwrap(), seen, targets: Targets::Alerts(alerts), dry_run: false, verb };
        let tag = self.acts.begin(fleet, act.clone(), Instant::now());
        self.links[fleet.0].ask(Ask::Act { tag, act: Box::new(act) }).unwrap();
        tag
    }

    /// The acts under way.
    pub const fn acts(&self) -> &Acts {
        &self.acts
    }

    /// Gives up what was not sent, as the person does.
    pub fn dismiss(&mut self) {
        self.acts.dismiss();
    }

    /// How acts ended so far.
    pub fn ends(&self) -> &[ActEnd] {
        &self.ends
    }

    /// Asks a question and waits for its answer.
    pub async fn detail(&mut self, fleet: FleetIndex, about: Topic) -> Result<Detail, SafeText> {
        let before = self.answers.len();
        self.links[fleet.0].ask(Ask::Detail { generation: 1, about }).unwrap();
        self.until("an answer", |console| console.answers.len() > before).await;
        self.answers[before].result.clone()
    }

    /// Asks for a check now, waits for its entry and gives its revision.
    pub async fn check_now(&mut self, fleet: FleetIndex, host: HostId) -> u64 {
        let act = Act {
            id: new_action_id().unwrap(),
            seen: self.replica(fleet).position().revision,
            targets: Targets::None,
            dry_run: false,
            verb: Verb::CheckNow { host: Some(host), check: None },
        };
        let tag = self.acts.begin(fleet, act.clone(), Instant::now());
        self.links[fleet.0].ask(Ask::Act { tag, act: Box::new(act) }).unwrap();
        let before = self.ends.len();
        self.until("the act", |console| console.ends.len() > before && console.acts.pending().len() == 0).await;
        let Some(ActEnd::Answered(answer)) = self.ends.last() else { panic!("{:?}", self.ends.last()) };
        answer.revision.0
    }
}

pub async fn hub(data: &Path, name: &str) -> Hub {
    let options = Options { data: data.to_owned(), name: Some(name.to_owned()), ..Options::default() };
    timeout(PATIENCE, Hub::start(options)).await.expect("in time").expect("a hub")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_hubs_ends_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let (north, south) = (dir.path().join("north"), dir.path().join("south"));
    let hubs = (hub(&north, "north").await, hub(&south, "south").await);
    let host = hubs.0.admit_local("web-1").await.unwrap();
    hubs.1.admit_local("mail-1").await.unwrap();
    let mut console = Console::start(&[("north", north.clone()), ("south", south.clone())]);
    console.live(NORTH).await;
    console.live(SOUTH).await;
    assert_eq!(console.replica(NORTH).role(), Some(Role::Admin), "the owner of the socket");
    assert!(console.replica(NORTH).fleet().hosts.hosts.contains_key(&host));
    let epoch = console.replica(NORTH).position().epoch;
    let held = console.check_now(NORTH, host).await;
    assert!(console.replica(NORTH).position().revision.0 >= held);

    // One ends: its rows stay and are stale, the other goes on.
    hubs.0.end().await.unwrap();
    console.until("north is lost", |console| matches!(console.replica(NORTH).link(), LinkState::Lost { .. })).await;
    assert!(console.replica(NORTH).fleet().hosts.hosts.contains_key(&host));
    let south_host = *console.replica(SOUTH).fleet().hosts.hosts.keys().next().unwrap();
    console.check_now(SOUTH, south_host).await;
    assert!(!console.replica(SOUTH).is_stale());

    // It comes back: the stream goes on where it was, and holds what happened meanwhile.
    let back = hub(&north, "north").await;
    let second = back.admit_local("db-1").await.unwrap();
    console.live(NORTH).await;
    console.until("the new host", |console| console.replica(NORTH).fleet().hosts.hosts.contains_key(&second)).await;
    assert_eq!(console.replica(NORTH).position().epoch, epoch);
    let replica = console.replica(NORTH);
    let glances = replica.fleet().hosts.hosts.keys().filter_map(|host| Some((*host, replica.glance(*host)?.clone())));
    assert_eq!(replica.counts(), &Counts::of(replica.fleet(), &glances.collect()));

    // The journal beside the replica.
    let about = Topic::Journal { before: None, limit: 50 };
    console.links[NORTH.0].ask(Ask::Detail { generation: 1, about }).unwrap();
    console.until("the journal", |console| !console.answers.is_empty()).await;
    let Ok(Detail::Entries(entries)) = &console.answers[0].result else { panic!("{:?}", console.answers) };
    let asked = |event: &Event| matches!(event, Event::Checks(checks::Event::Asked { host: of, .. }) if *of == host);
    assert!(entries.iter().any(|entry| entry.revision.0 == held && entry.events.iter().any(|(_, event)| asked(event))));

    // It comes back as another: a new epoch is swapped in whole.
    back.end().await.unwrap();
    console.until("north is lost again", |console| console.replica(NORTH).is_stale()).await;
    std::fs::remove_dir_all(&north).unwrap();
    let other = hub(&north, "north").await;
    console.live(NORTH).await;
    assert_ne!(console.replica(NORTH).position().epoch, epoch);
    assert!(console.replica(NORTH).fleet().hosts.hosts.is_empty());
    other.end().await.unwrap();
    hubs.1.end().await.unwrap();
}
