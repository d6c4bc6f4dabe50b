use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("watchfloor").chain(line.split_whitespace()))
}

#[test]
fn the_definition_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn every_line_of_the_contract_is_understood() {
    for line in [
        "",
        "--fleet north --fleet south --wall",
        "console --fleet north --wall --plain --read-only --screen alerts --theme light --color 16 --ascii --mask",
        "hub",
        "hub --data /d --listen 127.0.0.1:0 --enrol-listen [::1]:0 --http-listen localhost:0 --name n --advertise a --advertise b",
        "token create --role agent",
        "token create --role agent --client acme --site hq --class laptop --name pc1 --tag a --tag b --hands any --ttl 1h",
        "token create --role admin --data /d",
        "token list --fleet north",
        "token revoke 7",
        "identity list",
        "identity revoke north/7",
        "identity role 7 operator",
        "host retire 7",
        "enrol wf1.abc --as pc1 --replace",
        "enrol -",
        "agent",
        "fleet list",
        "fleet rename a b",
        "fleet leave a",
        "config check --data /d",
        "config show web01",
        "config reload",
        "status --json",
        "hosts client:acme !state:up --json --data /d",
        "checks host:web* sev>=warning",
        "alerts --all lane:new not:tag:db bare words",
        "alert north/12 --json",
        "journal --limit 0 --json",
        "ack 12 north/13 BCDF -m note",
        "ack --until resolved 12",
        "ack --until 2h --where client:acme --dry-run --expect 3",
        "escalate 12",
        "release 12",
        "release 12 --to lee --json",
        "ack 12 --json",
        "check web01 --json",
        "snooze --for 30m 12",
        "note 12 -m text",
        "close --where sev:warning -m done",
        "check web01",
        "check north/3 disk",
        "swarm --agents 10 --interval 2s --fail 3 --data /d",
        "window add --where client:acme --for 2h -m text --dry-run --expect 3 --json",
        "window add --where client:acme --from 22:00 --until 4h",
        "window add --matcher alertname=disk --matcher host=~web.* --every daily",
        "window list client:acme state:active --all --json",
        "window show north/3 --json",
        "window end 3 -m text",
        "window extend 3 --for 1h",
        "window extend 3 --until 22:00 --fleet north",
        "swarm --retire",
        "run --where * --window 8 --timeout 5m --expect 3 --dry-run --json -- ls -l --all",
        "commands state:running --json",
        "command main/7 --wait",
        "cancel 7",
    ] {
        assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_why() {
    for (line, says) in [
        ("ack", "<ID|--where <FILTER>>"),
        ("ack 12 --where client:acme", "cannot be used with"),
        ("ack 12 --until yesterday", "no moment"),
        ("note 12", "--message"),
        ("snooze 12", "--for"),
        ("snooze --for 0s 12", "zero"),
        ("token create", "--role"),
        ("token create --role root", "possible values"),
        ("token create --role agent --client a/b", "letters, digits"),
        ("alert x", "spoken id"),
        ("hub --listen 7440", "ADDRESS:PORT"),
        ("swarm", "--agents"),
        ("hosts --data /d --fleet x", "cannot be used with"),
        ("--color blue", "write one of auto"),
        ("run -- true", "--where <FILTER>"),
        ("run --where * uptime", "unexpected argument"),
        ("run --where *", "<PROGRAM>..."),
        ("run --where * --timeout 0s -- true", "zero"),
        ("run --where * --window 0 -- true", "1..=10000"),
        ("command web", "no id"),
        ("shell web01", "unrecognized subcommand"),
        ("upkeep", "unrecognized subcommand"),
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
}

#[test]
fn defaults_are_those_of_the_contract() {
    let Some(Verb::Token(TokenVerb::Create(create))) = parse("token create --role agent").unwrap().verb else {
        panic!()
    };
    // Which client, site, class and hands stand for nothing given depends on the role: `cli::token` says.
    assert_eq!((create.client, create.site, create.class, create.hands), (None, None, None, None));
    assert_eq!(create.role, TokenRole::Agent);
    let Some(Verb::Token(TokenVerb::Create(reader))) = parse("token create --role reader").unwrap().verb else {
        panic!()
    };
    assert_eq!((reader.lifetime(), reader.role), (None, TokenRole::Reader));
    let Some(Verb::Hub(hub)) = parse("hub").unwrap().verb else { panic!() };
    assert_eq!((hub.listen.to_string(), hub.enrol_listen.to_string()), ("[::]:7440".into(), "[::]:7441".into()));
    assert_eq!(hub.http_listen, None);
    let Some(Verb::Ack(ack)) = parse("ack 1").unwrap().verb else { panic!() };
    assert_eq!(ack.until, Until::Worse);
}

#[test]
fn everything_has_a_help_text() {
    fn visit(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{} says nothing", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} of {} says nothing", argument.get_id(), command.get_name());
        }
        command.get_subcommands().for_each(visit);
    }
    visit(&Arguments::command());
}
