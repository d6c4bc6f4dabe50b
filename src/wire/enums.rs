//! Closed sets of values. A value this program does not know never reads as good.

use crate::fleet::commands::OutcomeState;
use crate::fleet::hosts::HostState;
use crate::fleet::identity::{Hands, Role, TokenStatus};
use crate::fleet::words::{CheckState, HostClass};
use crate::wire::error::WireError;
use crate::wire::pb;

/// Reads a check's state; unknown where it is not known here.
#[must_use]
pub fn check_state(value: i32) -> CheckState {
    match pb::CheckState::try_from(value) {
        Ok(pb::CheckState::Pending) => CheckState::Pending,
        Ok(pb::CheckState::Ok) => CheckState::Ok,
        Ok(pb::CheckState::Warning) => CheckState::Warning,
        Ok(pb::CheckState::Critical) => CheckState::Critical,
        Ok(pb::CheckState::Unknown) | Err(_) => CheckState::Unknown,
    }
}

/// Reads a host's state; unknown where it is not known here.
#[must_use]
pub fn host_state(value: i32) -> HostState {
    match pb::HostState::try_from(value) {
        Ok(pb::HostState::Up) => HostState::Up,
        Ok(pb::HostState::Off) => HostState::Off,
        Ok(pb::HostState::Silent) => HostState::Silent,
        Ok(pb::HostState::Down) => HostState::Down,
        Ok(pb::HostState::Left) => HostState::Left,
        Ok(pb::HostState::Unknown) | Err(_) => HostState::Unknown,
    }
}

/// Reads where a command stands on a host; lost where it is not known here.
#[must_use]
pub fn outcome_state(value: i32) -> OutcomeState {
    let known = pb::OutcomeState::try_from(value).ok();
    let same = |state: &OutcomeState| known == Some(pb::OutcomeState::from(*state));
    OutcomeState::ALL.into_iter().find(same).unwrap_or(OutcomeState::Lost)
}

/// Reads a class; a server, which is expected to run always, where it is not known here.
#[must_use]
pub fn host_class(value: i32) -> HostClass {
    match pb::HostClass::try_from(value) {
        Ok(pb::HostClass::Workstation) => HostClass::Workstation,
        Ok(pb::HostClass::Laptop) => HostClass::Laptop,
        Ok(pb::HostClass::Appliance) => HostClass::Appliance,
        Ok(pb::HostClass::Server) | Err(_) => HostClass::Server,
    }
}

/// Reads what a host lets the hub start; nothing where it is not known here.
#[must_use]
pub fn hands(value: i32) -> Hands {
    match pb::Hands::try_from(value) {
        Ok(pb::Hands::Listed) => Hands::Listed,
        Ok(pb::Hands::Any) => Hands::Any,
        Ok(pb::Hands::None) | Err(_) => Hands::None,
    }
}

/// Reads a role.
///
/// # Errors
/// None is given, or one this version does not know: nobody gets a right by guessing.
pub fn role(value: i32, message: &'static str) -> Result<Role, WireError> {
    const FIELD: &str = "role";
    match pb::Role::try_from(value) {
        Ok(pb::Role::Viewer) => Ok(Role::Viewer),
        Ok(pb::Role::Operator) => Ok(Role::Operator),
        Ok(pb::Role::Admin) => Ok(Role::Admin),
        Ok(pb::Role::Agent) => Ok(Role::Agent),
        Ok(pb::Role::Hub) => Ok(Role::Hub),
        Ok(pb::Role::Intake) => Ok(Role::Intake),
        Ok(pb::Role::Reader) => Ok(Role::Reader),
        Ok(pb::Role::None) => Err(WireError::Missing { message, field: FIELD }),
        Err(_) => Err(WireError::Unknown { message, field: FIELD, value: value.to_string() }),
    }
}

/// Reads a token's status; revoked where it is not known here.
pub(super) fn token_status(value: i32) -> TokenStatus {
    match pb::token::Status::try_from(value) {
        Ok(pb::token::Status::Open) => TokenStatus::Open,
        Ok(pb::token::Status::Spent) => TokenStatus::Spent,
        Ok(pb::token::Status::Revoked) | Err(_) => TokenStatus::Revoked,
    }
}

impl From<CheckState> for pb::CheckState {
    fn from(state: CheckState) -> Self {
        match state {
            CheckState::Pending => Self::Pending,
            CheckState::Ok => Self::Ok,
            CheckState::Unknown => Self::Unknown,
            CheckState::Warning => Self::Warning,
            CheckState::Critical => Self::Critical,
        }
    }
}

impl From<HostState> for pb::HostState {
    fn from(state: HostState) -> Self {
        match state {
            HostState::Unknown => Self::Unknown,
            HostState::Up => Self::Up,
            HostState::Off => Self::Off,
            HostState::Silent => Self::Silent,
            HostState::Down => Self::Down,
            HostState::Left => Self::Left,
        }
    }
}

impl From<OutcomeState> for pb::OutcomeState {
    fn from(state: OutcomeState) -> Self {
        match state {
            OutcomeState::Queued => Self::Queued,
            OutcomeState::Offline => Self::Offline,
            OutcomeState::Running => Self::Running,
            OutcomeState::Ok => Self::Ok,
            OutcomeState::Failed => Self::Failed,
            OutcomeState::Signalled => Self::Signalled,
            OutcomeState::TimedOut => Self::TimedOut,
            OutcomeState::Skipped => Self::Skipped,
            OutcomeState::Cancelled => Self::Cancelled,
            OutcomeState::Lost => Self::Lost,
            OutcomeState::Denied => Self::Denied,
        }
    }
}

impl From<HostClass> for pb::HostClass {
    fn from(class: HostClass) -> Self {
        match class {
            HostClass::Server => Self::Server,
            HostClass::Workstation => Self::Workstation,
            HostClass::Laptop => Self::Laptop,
            HostClass::Appliance => Self::Appliance,
        }
    }
}

impl From<Hands> for pb::Hands {
    fn from(hands: Hands) -> Self {
        match hands {
            Hands::None => Self::None,
            Hands::Listed => Self::Listed,
            Hands::Any => Self::Any,
        }
    }
}

impl From<Role> for pb::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Operator => Self::Operator,
            Role::Admin => Self::Admin,
            Role::Agent => Self::Agent,
            Role::Hub => Self::Hub,
            Role::Intake => Self::Intake,
            Role::Reader => Self::Reader,
        }
    }
}

impl From<TokenStatus> for pb::token::Status {
    fn from(status: TokenStatus) -> Self {
        match status {
            TokenStatus::Open => Self::Open,
            TokenStatus::Spent => Self::Spent,
            TokenStatus::Revoked => Self::Revoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_program_says_never_reads_as_good() {
        for value in [-1, 5, 99, i32::MAX] {
            assert_eq!(check_state(value), CheckState::Unknown, "{value}");
        }
        for value in [-1, 6, 99, i32::MIN] {
            assert_eq!(host_state(value), HostState::Unknown, "{value}");
        }
        assert_eq!(hands(3), Hands::None);
        assert_eq!(token_status(3), TokenStatus::Revoked);
        assert!(role(4, "Token").is_err_and(|error| error.is_newer()));
        assert!(role(0, "Token").is_err_and(|error| !error.is_newer()));
    }

    #[test]
    fn every_value_comes_back() {
        for state in CheckState::ALL {
            assert_eq!(check_state(pb::CheckState::from(state).into()), state);
        }
        for state in HostState::WORST_FIRST {
            assert_eq!(host_state(pb::HostState::from(state).into()), state);
        }
        for state in OutcomeState::ALL {
            assert_eq!(outcome_state(pb::OutcomeState::from(state).into()), state);
        }
        for class in HostClass::ALL {
            assert_eq!(host_class(pb::HostClass::from(class).into()), class);
        }
        for mode in Hands::ALL {
            assert_eq!(hands(pb::Hands::from(mode).into()), mode);
        }
        for one in Role::ALL {
            assert_eq!(role(pb::Role::from(one).into(), "Token"), Ok(one));
        }
    }
}
