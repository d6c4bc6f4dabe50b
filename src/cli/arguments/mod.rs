//! The command line, as scripts and people write it.

mod acts;
mod administration;
mod commands;
mod fleets;
mod oncall;
mod programs;
mod reads;
mod values;
mod windows;

pub use acts::{Acknowledge, ActTargets, CheckNow, Close, Escalate, Note, Release, Remind, Snooze};
pub use administration::{
    ConfigVerb, Enrol, FleetVerb, HostVerb, IdentityVerb, NoticeVerb, OperatorRole, PingVerb, TokenCreate, TokenRole,
    TokenVerb,
};
pub use commands::{Cancel, Command, Commands, Run};
pub use fleets::Fleets;
pub use oncall::{HandOverVerb, OnCall, OnCallVerb, Shift, Standing};
pub use programs::{Console, Hub, Screen, Swarm};
pub use reads::{Alert, AlertReport, Alerts, Backups, Checks, Hosts, Journal, Notices, ReportVerb, Status};
pub use values::Until;
pub use windows::{WindowAdd, WindowEnd, WindowExtend, WindowList, WindowShow, WindowVerb};

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  watchfloor                                   the console, of this machine at first
  watchfloor hub                               serve a fleet
  watchfloor token create --role agent --client acme --site hq
  watchfloor enrol TOKEN                       join a fleet with this machine, or as its operator
  watchfloor alerts sev:critical --json
  watchfloor ack K7Q2 -m \"looking at it\"
  watchfloor run --where client:acme -- uptime

Filters: key:value (client: site: host: class: tag: state: lane: sev:), sev:warning+, open:30m+, not:, bare words.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no hub reached, 4 not permitted.";

/// The watch floor of a managed-service provider, in a terminal.
///
/// Without a verb it opens the console. With no fleet enrolled the console shows the local fleet: a hub and an agent
/// for this machine inside the process.
#[derive(Clone, Debug, Parser)]
#[command(name = "watchfloor", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(disable_help_subcommand = true, max_term_width = 120)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// The console's options, where no verb is given.
    #[command(flatten)]
    pub console: Console,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Open the console on the enrolled fleets
    Console(Console),
    /// Serve a fleet: decide, keep the journal, take agents and consoles
    Hub(Hub),
    /// Watch this machine for the fleet it is enrolled in
    Agent,
    /// Join a fleet by a token: with this machine, or as its operator, as the token says
    #[command(visible_alias = "enroll")]
    Enrol(Enrol),
    /// Create, list and revoke tokens, by which agents and operators join
    #[command(subcommand)]
    Token(TokenVerb),
    /// URLs by which jobs elsewhere say that they ran
    #[command(subcommand)]
    Ping(PingVerb),
    /// List and revoke identities, and change their roles
    #[command(subcommand)]
    Identity(IdentityVerb),
    /// Retire a host: its identity ends, its alerts close
    #[command(subcommand)]
    Host(HostVerb),
    /// The fleets this console is enrolled in
    #[command(subcommand)]
    Fleet(FleetVerb),
    /// Check, show and apply the hub's configuration files
    #[command(subcommand)]
    Config(ConfigVerb),
    /// How each fleet is, in a few lines
    Status(Status),
    /// List hosts
    Hosts(Hosts),
    /// List checks with their newest results
    Checks(Checks),
    /// List alerts
    Alerts(Alerts),
    /// One alert with its timeline
    Alert(Alert),
    /// List backup jobs: what can be restored, and how old it is
    Backups(Backups),
    /// How alerts went over the last days: time until taken, time until over, what is noisiest
    #[command(subcommand)]
    Report(ReportVerb),
    /// What was sent to whom, and whether it arrived, newest first
    Notices(Notices),
    /// Send a test page that must be answered
    #[command(subcommand)]
    Notice(NoticeVerb),
    /// The newest entries of the journal, oldest first
    Journal(Journal),
    /// Acknowledge alerts: they become yours, and ring nobody
    Ack(Acknowledge),
    /// Escalate alerts to the next step
    Escalate(Escalate),
    /// Give alerts back: nobody owns them
    Release(Release),
    /// Own alerts and hold their notices back for a while
    Snooze(Snooze),
    /// Be told about alerts at a time: "tell Acme at 08:00"
    Remind(Remind),
    /// Add a note to alerts
    Note(Note),
    /// Close alerts by hand
    Close(Close),
    /// Run a host's checks and read its backups now: one of them, or all
    Check(CheckNow),
    /// Start a program on hosts: `watchfloor run --where FILTER -- PROGRAM ARG…`
    Run(Run),
    /// List commands
    Commands(Commands),
    /// One command with what it printed
    Command(Command),
    /// Cancel a command: hosts whose turn has not come are left out, and where it runs it is killed
    Cancel(Cancel),
    /// Maintenance windows and silences: times in which notices are held back, never facts
    #[command(subcommand)]
    Window(WindowVerb),
    /// Who is on call now and next; `take`, `give` and `end` swap duty
    #[command(name = "oncall")]
    OnCall(OnCall),
    /// Hand over what you own to who comes after you
    #[command(subcommand, name = "handover")]
    HandOver(HandOverVerb),
    /// What happened since your shift began, as text for who comes after you
    Shift(Shift),
    /// Load a hub with synthetic agents over the real protocol
    Swarm(Swarm),
}

#[cfg(test)]
mod tests;
