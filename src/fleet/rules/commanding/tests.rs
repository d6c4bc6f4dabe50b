//! Commands over simulated time: windows, hosts that come and go, cancellation, and sums that always add up.

use proptest::prelude::*;

use super::*;
use crate::fleet::commands::{Argv, Tally};
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::identity::Role;
use crate::fleet::rules::fixture::{World, admin, asker, filter, ids, min, operator, s, scoped};
use crate::fleet::rules::input::{Input, Verb};
use crate::fleet::words::{HostClass, StreamId};

const ID: CommandId = CommandId(1);

fn run_of(window: u32) -> Verb {
    let argv = Argv::new(vec!["uptime".to_owned()]).unwrap();
    Verb::Run(RunRequest { argv, shell: false, window: Some(window), timeout: Some(s(30)) })
}

fn ended(state: OutcomeState) -> Report {
    Report {
        state,
        code: None,
        signal: None,
        stdout: Default::default(),
        stderr: Default::default(),
        why: SafeText::default(),
        took: None,
    }
}

impl World {
    fn link(&mut self, host: HostId, linked: bool) {
        self.live.hosts.entry(host).or_default().linked = linked;
    }

    /// Servers that are up and linked, of two clients.
    fn linked(&mut self, many: usize) -> Vec<HostId> {
        let name = |n: usize| (format!("h{n}"), ["acme", "bay"][n % 2]);
        let hosts: Vec<HostId> =
            (0..many).map(name).map(|(name, client)| self.host_of(&name, client, HostClass::Server)).collect();
        hosts.iter().for_each(|host| self.link(*host, true));
        hosts
    }

    fn report(&mut self, host: HostId, state: OutcomeState) {
        let key = self.fleet.commands.get(ID).unwrap().key;
        let body = FactBody::Command { command: ID, key, report: ended(state), stdout: Vec::new(), stderr: Vec::new() };
        let fact = Fact { at: self.now.wall, body };
        self.feed(Input::Fact { host, stream: StreamId(9), sequence: 1, fact, output: None }).unwrap();
    }

    fn command(&self) -> &Command {
        self.fleet.commands.get(ID).unwrap()
    }

    fn state(&self, host: HostId) -> OutcomeState {
        self.command().outcome(host).unwrap().state
    }

    fn running(&self) -> Vec<HostId> {
        self.command().running().collect()
    }
}

#[test]
fn a_window_slides_over_the_hosts_and_what_runs_is_in_the_entry_that_asks() {
    let mut world = World::new();
    let hosts = world.linked(5);
    let before = world.entries.len();
    let answer = world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(2)).unwrap();
    assert_eq!((answer.command, answer.done.len(), world.entries.len() - before), (Some(ID), 5, 1));
    assert_eq!(world.running(), hosts[..2]);
    world.report(hosts[0], OutcomeState::Ok);
    assert_eq!(world.running(), [hosts[1], hosts[2]]);
    world.report(hosts[0], OutcomeState::Failed);
    assert_eq!(world.state(hosts[0]), OutcomeState::Ok, "an end is told once");
    for host in &hosts[1..] {
        world.report(*host, OutcomeState::Ok);
    }
    assert!(world.command().is_ended());
    assert_eq!(world.command().tally().count(OutcomeState::Ok), 5);
    world.check();
}

#[test]
fn hosts_that_are_away_are_offline_and_those_between_two_links_are_waited_for() {
    let mut world = World::new();
    let hosts = world.linked(3);
    let (here, between, away) = (hosts[0], hosts[1], hosts[2]);
    world.link(between, false);
    world.link(away, false);
    world.feed(Input::Goodbye { host: away, reason: SafeText::new("off") }).unwrap();
    world.act(&operator(), Targets::Hosts(hosts), run_of(9)).unwrap();
    assert_eq!(
        [here, between, away].map(|host| world.state(host)),
        [OutcomeState::Running, OutcomeState::Queued, OutcomeState::Offline]
    );
    world.link(between, true);
    world.settle();
    assert_eq!(world.state(between), OutcomeState::Running, "it linked in time");

    let mut world = World::new();
    let hosts = world.linked(1);
    world.link(hosts[0], false);
    world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(9)).unwrap();
    world.pass(WAIT_FOR_LINK + s(5));
    assert_eq!(world.state(hosts[0]), OutcomeState::Offline);
    world.link(hosts[0], true);
    world.pass(s(10));
    assert_eq!(world.state(hosts[0]), OutcomeState::Offline, "nobody is surprised by it later");
    world.check();
}

#[test]
fn who_says_nothing_past_the_deadline_is_lost_until_it_is_found() {
    let mut world = World::new();
    let hosts = world.linked(2);
    world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(1)).unwrap();
    world.pass_beating(s(30) + GRACE - s(6), &hosts);
    assert_eq!(world.state(hosts[0]), OutcomeState::Running);
    world.pass_beating(s(12), &hosts);
    assert_eq!(world.state(hosts[0]), OutcomeState::Lost);
    assert_eq!(world.state(hosts[1]), OutcomeState::Running, "its place in the window is another's");
    world.report(hosts[0], OutcomeState::Ok);
    assert_eq!(world.state(hosts[0]), OutcomeState::Ok, "the host came back and knew");
    world.check();
}

#[test]
fn a_restarted_hub_goes_on_and_gives_hosts_time_to_link() {
    let mut world = World::new();
    let hosts = world.linked(3);
    world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(1)).unwrap();
    world.restart_after(s(8));
    world.pass(s(10));
    assert_eq!(world.state(hosts[1]), OutcomeState::Queued, "not offline because the hub was away");
    hosts.iter().for_each(|host| world.link(*host, true));
    world.report(hosts[0], OutcomeState::Ok);
    assert_eq!(world.running(), [hosts[1]]);
    world.check();
}

#[test]
fn cancelling_ends_what_waits_at_once_and_what_runs_when_it_is_confirmed() {
    let mut world = World::new();
    let hosts = world.linked(3);
    world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(1)).unwrap();
    let answer = world.act(&operator(), ids(&[]), Verb::Cancel(ID)).unwrap();
    assert_eq!(answer.done.len(), 3);
    assert_eq!(world.command().tally().count(OutcomeState::Cancelled), 2);
    assert!(world.command().outcome(hosts[0]).unwrap().cancelling && !world.command().is_ended());
    world.report(hosts[0], OutcomeState::Cancelled);
    assert!(world.command().is_ended());
    let refused = world.act(&operator(), ids(&[]), Verb::Cancel(ID));
    assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
    assert!(matches!(world.act(&operator(), ids(&[]), Verb::Cancel(CommandId(9))), Err(Refusal::NotFound(_))));
    world.check();
}

#[test]
fn roles_and_scopes_bind_commands() {
    let mut world = World::new();
    let hosts = world.linked(4);
    let viewer = asker("eve", Role::Viewer);
    let refused = world.act(&viewer, Targets::Hosts(hosts.clone()), run_of(9));
    assert!(matches!(refused, Err(Refusal::NotPermitted(_))), "{refused:?}");
    assert!(matches!(world.act(&viewer, ids(&[]), Verb::Cancel(ID)), Err(Refusal::NotPermitted(_))));

    let lee = scoped(Role::Operator, "bay");
    let answer = world.act(&lee, Targets::Hosts(hosts.clone()), run_of(9)).unwrap();
    assert_eq!((answer.done, answer.failed.len()), (vec![hosts[1].0, hosts[3].0], 2));
    let answer = world.act(&lee, filter("*", Some(2)), run_of(9)).unwrap();
    assert_eq!(answer.done.len(), 2);
    let answer = world.act(&admin(), filter("*", Some(4)), run_of(1)).unwrap();
    let of_all = answer.command.unwrap();
    let cancelled = world.act(&lee, ids(&[]), Verb::Cancel(of_all)).unwrap();
    assert_eq!(cancelled.done, [hosts[1].0, hosts[3].0], "of others' hosts nothing is known");
    world.check();
}

#[test]
fn a_request_that_makes_no_sense_is_refused_with_what_to_do() {
    let mut world = World::new();
    let hosts = world.linked(2);
    for (targets, says) in [
        (filter("*", Some(3)), "2 hosts now"),
        (filter("host:nobody", None), "no host is meant"),
        (Targets::Hosts(Vec::new()), "no host is meant"),
        (ids(&[]), "not to alerts"),
    ] {
        let refused = world.act(&operator(), targets, run_of(1)).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
    let mut action = world.action(&operator(), Targets::Hosts(hosts), run_of(1));
    action.dry_run = true;
    let before = world.fleet.revision;
    assert_eq!(world.feed(Input::Action(action)).unwrap().done.len(), 2);
    assert_eq!(world.fleet.revision, before, "a trial writes nothing");
}

#[test]
fn ended_commands_leave_the_state_after_a_time_and_running_ones_stay() {
    let mut world = World::new();
    let hosts = world.linked(2);
    world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(2)).unwrap();
    hosts.iter().for_each(|host| world.report(*host, OutcomeState::Ok));
    world.now = world.now.after(KEPT_AFTER_ASKED - min(1));
    world.settle();
    assert_eq!(world.fleet.commands.len(), 1);
    world.now = world.now.after(min(2));
    world.settle();
    assert!(world.fleet.commands.is_empty());
    world.check();
}

#[test]
fn a_host_that_leaves_is_skipped() {
    let mut world = World::new();
    let hosts = world.linked(2);
    world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(1)).unwrap();
    world.act(&admin(), ids(&[]), Verb::RetireHost(hosts[1])).unwrap();
    world.settle();
    assert_eq!(world.state(hosts[1]), OutcomeState::Skipped);
}

#[test]
fn thousands_of_hosts_fit_events_and_add_up() {
    let mut world = World::new();
    for _ in 0..4 {
        let agents = vec![crate::fleet::rules::input::Admission { key_hash: [1; 32], name: None }; 425];
        world.feed(Input::Admit { asker: admin(), agents }).unwrap();
    }
    world.act(&operator(), filter("*", None), run_of(10)).unwrap();
    assert_eq!((world.command().targets(), world.command().tally().targets()), (1_700, 1_700));
    world.check();
}

#[derive(Clone, Debug)]
enum Step {
    Link(usize, bool),
    Report(usize, OutcomeState),
    Cancel,
    Retire(usize),
    Pass(u64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let state = proptest::sample::select(&OutcomeState::ALL[..]);
    prop_oneof![
        4 => (0..6_usize, any::<bool>()).prop_map(|(host, linked)| Step::Link(host, linked)),
        8 => (0..6_usize, state).prop_map(|(host, state)| Step::Report(host, state)),
        1 => Just(Step::Cancel),
        1 => (0..6_usize).prop_map(Step::Retire),
        4 => (1..40_u64).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn outcomes_sum_to_the_targets_and_the_window_holds_whatever_happens(
        window in 1..4_u32,
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let mut world = World::new();
        let hosts = world.linked(6);
        world.act(&operator(), Targets::Hosts(hosts.clone()), run_of(window)).unwrap();
        for step in steps {
            match step {
                Step::Link(host, linked) => world.link(hosts[host], linked),
                Step::Report(host, state) if !world.host(hosts[host]).is_retired() => world.report(hosts[host], state),
                Step::Report(..) => {}
                Step::Cancel => drop(world.act(&operator(), ids(&[]), Verb::Cancel(ID))),
                Step::Retire(host) => drop(world.act(&admin(), ids(&[]), Verb::RetireHost(hosts[host]))),
                Step::Pass(seconds) => world.pass(s(seconds)),
                Step::Restart => world.restart(),
            }
            let command = world.command();
            prop_assert_eq!(command.tally().targets() as usize, command.targets());
            let counted: Tally = command.outcomes().map(|(_, outcome)| outcome.state).collect();
            prop_assert_eq!(&counted, command.tally());
            prop_assert!(command.running().count() <= window as usize);
            prop_assert_eq!(command.is_ended(), command.ended_at().is_some());
            for client in ["acme", "bay"] {
                let view = world.fleet.project(Role::Viewer, Some(&client.into()));
                let seen = view.commands.get(ID).unwrap();
                prop_assert_eq!((seen.targets(), seen.tally().targets()), (3, 3));
            }
        }
        // each of six hosts, one after the other, up to its deadline and the grace
        world.pass(min(7));
        prop_assert!(world.command().is_ended(), "it comes to an end by itself");
        world.check();
    }
}
