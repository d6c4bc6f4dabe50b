//! Sums that are kept by adding and taking away, and that add up.

use crate::fleet::alerts::{Alert, Lane};
use crate::fleet::backups;
use crate::fleet::checks::CheckStatus;
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::words::{CheckState, HostClass, Severity};

/// Whether something is added to a sum or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Added.
    In,
    /// Taken away.
    Out,
}

impl Way {
    /// Counts one.
    pub const fn step(self, sum: &mut u32) {
        *sum = match self {
            Self::In => sum.saturating_add(1),
            Self::Out => sum.saturating_sub(1),
        };
    }
}

/// How many hosts are up, of those that should be: a PC that is off in its hours off is no fault and not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpOf {
    /// Up.
    pub up: u32,
    /// Should be up: neither off as expected nor gone.
    pub should: u32,
}

/// Hosts by class and state, open alerts by lane and severity, checks by state; retired hosts are in none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    hosts: [[u32; HostState::WORST_FIRST.len()]; HostClass::ALL.len()],
    alerts: [[u32; 2]; Lane::ALL.len()],
    checks: [u32; CheckState::ALL.len()],
    stale: u32,
    backups: [u32; backups::State::ALL.len()],
}

impl Tally {
    /// Counts a host.
    pub const fn host(&mut self, host: &Host, way: Way) {
        way.step(&mut self.hosts[host.class as usize][host.state as usize]);
    }

    /// Counts an open alert.
    pub fn alert(&mut self, alert: &Alert, way: Way) {
        way.step(&mut self.alerts[alert.lane() as usize][alert.severity() as usize]);
    }

    /// Counts a backup job.
    pub const fn backup(&mut self, job: &backups::Job, way: Way) {
        way.step(&mut self.backups[job.state as usize]);
    }

    /// Backup jobs in a state.
    #[must_use]
    pub const fn backups_in(&self, state: backups::State) -> u32 {
        self.backups[state as usize]
    }

    /// All backup jobs.
    #[must_use]
    pub fn backups(&self) -> u32 {
        self.backups.iter().sum()
    }

    /// The worst state of a backup job; `None` where there is none.
    #[must_use]
    pub fn worst_backup(&self) -> Option<backups::State> {
        backups::State::WORST_FIRST.into_iter().find(|state| self.backups_in(*state) > 0)
    }

    /// Counts a check.
    pub const fn check(&mut self, check: &CheckStatus, way: Way) {
        way.step(if check.stale { &mut self.stale } else { &mut self.checks[check.state as usize] });
    }

    /// All numbers, kind by kind: hosts by class and state, alerts by lane and severity, checks by state, stale checks, backup jobs by state.
    #[must_use]
    pub fn numbers(&self) -> [Vec<u32>; 5] {
        [
            self.hosts.as_flattened().to_vec(),
            self.alerts.as_flattened().to_vec(),
            self.checks.to_vec(),
            vec![self.stale],
            self.backups.to_vec(),
        ]
    }

    /// The tally of these numbers; `None` where they are of a program that knows more or fewer states.
    #[must_use]
    pub fn of_numbers(numbers: [&[u32]; 5]) -> Option<Self> {
        let mut tally = Self::default();
        let [hosts, alerts, checks, stale, backups] = numbers;
        let stale_cell = std::slice::from_mut(&mut tally.stale);
        let (hosts_cells, alerts_cells) = (tally.hosts.as_flattened_mut(), tally.alerts.as_flattened_mut());
        let kinds = [hosts_cells, alerts_cells, &mut tally.checks, stale_cell, &mut tally.backups];
        for (cells, numbers) in kinds.into_iter().zip([hosts, alerts, checks, stale, backups]) {
            if cells.len() != numbers.len() {
                return None;
            }
            cells.copy_from_slice(numbers);
        }
        Some(tally)
    }

    /// Adds all that another has counted.
    pub fn add(&mut self, other: &Self) {
        let sum = |cells: &mut [u32], others: &[u32]| {
            for (cell, other) in cells.iter_mut().zip(others) {
                *cell = cell.saturating_add(*other);
            }
        };
        sum(self.hosts.as_flattened_mut(), other.hosts.as_flattened());
        sum(self.alerts.as_flattened_mut(), other.alerts.as_flattened());
        sum(&mut self.checks, &other.checks);
        sum(&mut self.backups, &other.backups);
        self.stale = self.stale.saturating_add(other.stale);
    }

    /// Hosts in a state.
    #[must_use]
    pub fn hosts_in(&self, state: HostState) -> u32 {
        self.hosts.iter().map(|states| states[state as usize]).sum()
    }

    /// Hosts of a class in a state.
    #[must_use]
    pub const fn hosts_of(&self, class: HostClass, state: HostState) -> u32 {
        self.hosts[class as usize][state as usize]
    }

    /// All hosts, whatever their state.
    #[must_use]
    pub fn hosts(&self) -> u32 {
        self.hosts.iter().flatten().sum()
    }

    fn up_of(&self, classes: [HostClass; 2]) -> UpOf {
        let count = |state| classes.iter().map(|class| self.hosts_of(*class, state)).sum::<u32>();
        let up = count(HostState::Up);
        UpOf { up, should: up + count(HostState::Silent) + count(HostState::Down) + count(HostState::Unknown) }
    }

    /// Servers and appliances: what is expected to run always.
    #[must_use]
    pub fn servers(&self) -> UpOf {
        self.up_of([HostClass::Server, HostClass::Appliance])
    }

    /// Workstations and laptops.
    #[must_use]
    pub fn pcs(&self) -> UpOf {
        self.up_of([HostClass::Workstation, HostClass::Laptop])
    }

    /// Open alerts of a lane.
    #[must_use]
    pub const fn lane(&self, lane: Lane) -> u32 {
        let [warning, critical] = self.alerts[lane as usize];
        warning + critical
    }

    /// Open alerts of a lane and a severity.
    #[must_use]
    pub const fn alerts_of(&self, lane: Lane, severity: Severity) -> u32 {
        self.alerts[lane as usize][severity as usize]
    }

    /// All open alerts.
    #[must_use]
    pub fn alerts(&self) -> u32 {
        self.alerts.iter().flatten().sum()
    }

    /// The gravest open alert, muted ones aside.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        [Severity::Critical, Severity::Warning]
            .into_iter()
            .find(|severity| self.alerts_of(Lane::New, *severity) + self.alerts_of(Lane::Owned, *severity) > 0)
    }

    /// The gravest open alert that nobody has.
    #[must_use]
    pub fn worst_unowned(&self) -> Option<Severity> {
        [Severity::Critical, Severity::Warning].into_iter().find(|severity| self.alerts_of(Lane::New, *severity) > 0)
    }

    /// Checks in a state, those whose results stopped coming left out.
    #[must_use]
    pub const fn checks_in(&self, state: CheckState) -> u32 {
        self.checks[state as usize]
    }

    /// Checks whose results stopped coming.
    #[must_use]
    pub const fn stale_checks(&self) -> u32 {
        self.stale
    }

    /// All checks: those in each state and the stale ones.
    #[must_use]
    pub fn checks(&self) -> u32 {
        self.checks.iter().sum::<u32>() + self.stale
    }
}
