//! Percent in use, of space and of inodes, of the fullest file system that fits.

use crate::agent::checks::figures::{size, value, worst};
use crate::fleet::checks::result::CheckResult;
use crate::fleet::checks::threshold::Thresholds;
use crate::fleet::hosts::vitals::{FileSystem, Vitals};
use crate::fleet::words::{CheckState, SafeText, glob};

/// How many file systems the first line names.
const NAMED: usize = 3;

/// Judges all file systems whose mount point fits `pattern`. A pattern with a star leaves out what holds no data of its
/// own (memory, read-only media); a mount point that is named is judged whatever it is.
#[must_use]
pub fn judge(thresholds: &Thresholds, pattern: &str, vitals: &Vitals) -> CheckResult {
    let exact = !pattern.contains('*');
    let mut judged: Vec<Judged<'_>> = vitals
        .file_systems
        .iter()
        .filter(|fs| {
            if exact {
                fs.mount.as_str() == pattern
            } else {
                holds_data(fs) && glob::matches(pattern, fs.mount.as_str())
            }
        })
        .filter_map(|fs| Judged::of(fs, thresholds))
        .collect();
    if judged.is_empty() {
        return CheckResult::unknown(&match exact {
            true => format!("nothing is mounted at {pattern}, or it does not answer"),
            false => format!("no mounted file system fits {pattern}"),
        });
    }
    judged.sort_by(|one, other| {
        other.state.gravity().cmp(&one.state.gravity()).then_with(|| other.fullest().total_cmp(&one.fullest()))
    });
    let state = judged.iter().fold(CheckState::Ok, |state, judged| worst(state, judged.state));
    let bad = judged.iter().filter(|judged| judged.state.is_problem()).count();
    let named: Vec<String> = judged.iter().take(bad.clamp(1, NAMED)).map(Judged::line).collect();
    let more = if bad > NAMED { format!(", and {} more", bad - NAMED) } else { String::new() };
    let long_text: Vec<String> = if judged.len() > 1 { judged.iter().map(Judged::line).collect() } else { Vec::new() };
    let perfdata = judged.iter().flat_map(|judged| judged.values(thresholds)).collect();
    CheckResult {
        long_text: SafeText::block(&long_text.join("\n")),
        ..CheckResult::new(state, &format!("{}{more}", named.join(", "))).with_perfdata(perfdata)
    }
}

fn holds_data(fs: &FileSystem) -> bool {
    !fs.read_only && !matches!(fs.fs_type.as_str(), "tmpfs" | "ramfs")
}

struct Judged<'a> {
    fs: &'a FileSystem,
    space: f64,
    inodes: Option<f64>,
    state: CheckState,
}

impl<'a> Judged<'a> {
    fn of(fs: &'a FileSystem, thresholds: &Thresholds) -> Option<Self> {
        let space = fs.used_share()? * 100.0;
        let inodes = fs.inodes_used_share().map(|share| share * 100.0);
        let state = worst(thresholds.judge(space), inodes.map_or(CheckState::Ok, |inodes| thresholds.judge(inodes)));
        Some(Self { fs, space, inodes, state })
    }

    fn fullest(&self) -> f64 {
        self.inodes.map_or(self.space, |inodes| inodes.max(self.space))
    }

    fn line(&self) -> String {
        let mount = self.fs.mount.as_str();
        match self.inodes {
            Some(inodes) if inodes > self.space => format!("{mount} {inodes:.0}% of inodes used"),
            _ => format!("{mount} {:.0}% used, {} left", self.space, size(self.fs.available)),
        }
    }

    fn values(
        &self,
        thresholds: &Thresholds,
    ) -> impl Iterator<Item = crate::fleet::checks::perfdata::Perfdata> + use<> {
        let mount = self.fs.mount.as_str();
        let round = |percent: f64| (percent * 10.0).round() / 10.0;
        let inodes =
            self.inodes.map(|inodes| value(&format!("{mount} inodes"), round(inodes), "%", thresholds, Some(100.0)));
        std::iter::once(value(mount, round(self.space), "%", thresholds, Some(100.0))).chain(inodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::fixtures::thresholds_of;

    fn fs(mount: &str, fs_type: &str, used: u64, inodes_used: u64) -> FileSystem {
        FileSystem {
            mount: SafeText::new(mount),
            fs_type: SafeText::new(fs_type),
            total: 100,
            used,
            available: 100 - used,
            inodes_total: 100,
            inodes_used,
            read_only: fs_type == "iso9660",
        }
    }

    fn judged(pattern: &str, file_systems: Vec<FileSystem>) -> (CheckState, String) {
        let result = judge(&thresholds_of("90", "95"), pattern, &Vitals { file_systems, ..Vitals::default() });
        (result.state, result.summary.as_str().to_owned())
    }

    #[test]
    fn the_fullest_decides_by_space_or_inodes() {
        let all = || vec![fs("/", "ext4", 50, 10), fs("/var", "ext4", 92, 10), fs("/mail", "xfs", 20, 99)];
        assert_eq!(
            judged("*", all()),
            (CheckState::Critical, "/mail 99% of inodes used, /var 92% used, 8 B left".into())
        );
        assert_eq!(judged("/", all()), (CheckState::Ok, "/ 50% used, 50 B left".into()));
        assert_eq!(judged("/v*", all()).0, CheckState::Warning);
        assert_eq!(
            judged("/nope", all()),
            (CheckState::Unknown, "nothing is mounted at /nope, or it does not answer".into())
        );
    }

    #[test]
    fn a_star_leaves_out_what_holds_no_data_and_a_name_does_not() {
        let all = || vec![fs("/", "ext4", 50, 10), fs("/run", "tmpfs", 99, 10), fs("/media", "iso9660", 100, 10)];
        assert_eq!(judged("*", all()).0, CheckState::Ok);
        assert_eq!(judged("/run", all()).0, CheckState::Critical);
        assert_eq!(judged("/media*", all()).0, CheckState::Unknown);
    }

    #[test]
    fn many_full_ones_are_named_in_bounds() {
        let all: Vec<_> = (0..9).map(|n| fs(&format!("/d{n}"), "ext4", 91 + n, 0)).collect();
        let (state, summary) = judged("*", all);
        assert_eq!(state, CheckState::Critical);
        assert!(summary.starts_with("/d8 99% used") && summary.ends_with("and 6 more"), "{summary}");
    }
}
