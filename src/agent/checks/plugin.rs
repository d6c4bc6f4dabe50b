//! Any Nagios plugin, unchanged. The host has the last word on which: only programs in its plugin folders, and only as
//! its hands allow.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::agent::child::{self, End, OUTPUT_ENDURED, Program};
use crate::fleet::checks::plugin_output::{self, Ending};
use crate::fleet::checks::result::CheckResult;
use crate::fleet::identity::Hands;
use crate::settings::agent::HandsRule;
use crate::settings::secret::Secrets;

/// A shorter secret is not searched for in output: that would hide half of it.
const HIDDEN_FROM: usize = 4;

/// What the host's own agent.toml says about plugins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginRules {
    /// `[hands]`.
    pub hands: HandsRule,
    /// `plugin_dirs`.
    pub dirs: Vec<PathBuf>,
    /// `[secrets]`.
    pub secrets: Secrets,
}

/// A plugin that may run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Admitted {
    /// The file itself, free of symbolic links.
    file: PathBuf,
    /// What it was called by; many plugins are one program with many names.
    called: PathBuf,
}

/// Runs a plugin and reads its result. What may not or cannot run is unknown, and the summary names the rule.
pub async fn run(rules: &PluginRules, program: &str, args: &[String], timeout: Duration) -> CheckResult {
    let admitted = match rules.admit(program) {
        Ok(admitted) => admitted,
        Err(why) => return CheckResult::unknown(&why),
    };
    let (args, used) = match rules.fill_in(args).await {
        Ok(filled) => filled,
        Err(why) => return CheckResult::unknown(&why),
    };
    let program = Program { path: admitted.file, called: admitted.called, args, timeout };
    match child::run(&program).await {
        Err(error) => CheckResult::unknown(&format!("cannot start {}: {error}", program.path.display())),
        Ok(mut done) => {
            hide(&mut done.stdout, &used);
            hide(&mut done.stderr, &used);
            let ending = match done.end {
                End::Exited(code) => Ending::Exited(code),
                End::Signalled(signal) => Ending::Signalled(signal),
                End::TimedOut => Ending::TimedOut(timeout),
                End::PrintedTooMuch => {
                    return CheckResult::unknown(&format!("printed more than {} MiB, killed", OUTPUT_ENDURED >> 20));
                }
            };
            plugin_output::read(ending, &done.stdout, &done.stderr)
        }
    }
}

/// Writes stars where a secret stands in a program's output.
fn hide(output: &mut Vec<u8>, secrets: &[String]) {
    for secret in secrets.iter().map(String::as_bytes).filter(|secret| secret.len() >= HIDDEN_FROM) {
        let mut from = 0;
        let next =
            |output: &[u8], from: usize| output.get(from..)?.windows(secret.len()).position(|part| part == secret);
        while let Some(at) = next(output, from) {
            output.splice(from + at..from + at + secret.len(), *b"***");
            from += at + 3;
        }
    }
}

impl PluginRules {
    /// The arguments with the host's secrets in them, and the secrets alone.
    async fn fill_in(&self, args: &[String]) -> Result<(Vec<String>, Vec<String>), String> {
        if !args.iter().any(|arg| arg.starts_with('@')) {
            return Ok((args.to_vec(), Vec::new()));
        }
        let (secrets, asked) = (self.secrets.clone(), args.to_vec());
        // a secret may come of a program or a slow file
        let filled = tokio::task::spawn_blocking(move || secrets.fill(&asked)).await;
        let filled = filled.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let changed = args.iter().zip(&filled).filter(|(asked, filled)| asked != filled && !asked.starts_with("@@"));
        let used = changed.map(|(_, secret)| secret.clone()).collect();
        Ok((filled, used))
    }

    /// Finds the program and applies the rules; the text names the rule that refuses.
    fn admit(&self, program: &str) -> Result<Admitted, String> {
        // said first, so that a host that allows nothing does not tell what lies on it
        if self.hands.mode == Hands::None {
            self.hands.permit(program).map_err(|denied| denied.to_string())?;
        }
        let (called, file) = self.find(program)?;
        let names = [called.to_str(), called.file_name().and_then(|name| name.to_str())];
        if !names.into_iter().flatten().any(|name| self.hands.permit(name).is_ok()) {
            self.hands.permit(program).map_err(|denied| denied.to_string())?;
        }
        Ok(Admitted { file, called })
    }

    /// What it is called by and the file it is, which must lie in one of the folders when all links are followed.
    fn find(&self, program: &str) -> Result<(PathBuf, PathBuf), String> {
        if self.dirs.is_empty() {
            return Err("plugin_dirs of this host's agent.toml is empty, so no plugin can be found".to_owned());
        }
        let asked = Path::new(program);
        let candidates: Vec<PathBuf> = if asked.is_absolute() {
            vec![asked.to_owned()]
        } else {
            self.dirs.iter().map(|dir| dir.join(asked)).collect()
        };
        let found = candidates.into_iter().find_map(|called| Some((called.canonicalize().ok()?, called)));
        let Some((file, called)) = found else {
            let dirs: Vec<String> = self.dirs.iter().map(|dir| dir.display().to_string()).collect();
            return Err(format!(
                "there is no plugin {program} in {} (plugin_dirs of this host's agent.toml)",
                dirs.join(", ")
            ));
        };
        let inside = self.dirs.iter().filter_map(|dir| dir.canonicalize().ok()).any(|dir| file.starts_with(dir));
        if !inside {
            return Err(format!("denied by this host's agent.toml: {} lies outside of plugin_dirs", file.display()));
        }
        let runs = file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
        if !runs {
            return Err(format!("{} is no program: it is not a file that may be executed", file.display()));
        }
        Ok((called, file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::CheckState;
    use crate::settings::secret::SecretSource;

    struct Folder {
        _root: tempfile::TempDir,
        plugins: PathBuf,
        outside: PathBuf,
    }

    fn script(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn folder() -> Folder {
        let root = tempfile::tempdir().unwrap();
        let (plugins, outside) = (root.path().join("plugins"), root.path().join("outside"));
        std::fs::create_dir_all(&plugins).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        script(&plugins.join("check_ok"), "echo \"OK - $*|time=0.5s;1;2\"; echo more", 0o755);
        script(&plugins.join("plain"), "echo never", 0o644);
        script(&outside.join("evil"), "echo never", 0o755);
        std::os::unix::fs::symlink(outside.join("evil"), plugins.join("check_escape")).unwrap();
        std::os::unix::fs::symlink(plugins.join("check_ok"), plugins.join("check_alias")).unwrap();
        Folder { _root: root, plugins, outside }
    }

    fn rules(folder: &Folder, hands: Hands, allow: &[&str]) -> PluginRules {
        let allow = allow.iter().map(|name| (*name).to_owned()).collect();
        let hands = HandsRule { mode: hands, allow };
        PluginRules { hands, dirs: vec![folder.plugins.clone()], secrets: Secrets::default() }
    }

    async fn ran(rules: &PluginRules, program: &str) -> (CheckState, String) {
        let result = run(rules, program, &["a b".into(), "c".into()], Duration::from_secs(20)).await;
        (result.state, result.summary.as_str().to_owned())
    }

    #[tokio::test]
    async fn a_plugin_runs_unchanged_by_name_or_path() {
        let folder = folder();
        let rules = rules(&folder, Hands::Any, &[]);
        let whole = folder.plugins.join("check_ok");
        for program in ["check_ok", "check_alias", whole.to_str().unwrap()] {
            let result = run(&rules, program, &["a b".into(), "c".into()], Duration::from_secs(20)).await;
            assert_eq!((result.state, result.summary.as_str()), (CheckState::Ok, "OK - a b c"));
            assert_eq!((result.long_text.as_str(), result.perfdata.len()), ("more", 1));
        }
    }

    #[tokio::test]
    async fn what_the_host_does_not_allow_is_unknown_and_names_the_rule() {
        let folder = folder();
        let any = rules(&folder, Hands::Any, &[]);
        let evil = folder.outside.join("evil");
        let climbing = "../outside/evil";
        for program in ["check_escape", evil.to_str().unwrap(), climbing] {
            let (state, summary) = ran(&any, program).await;
            assert!(state == CheckState::Unknown && summary.contains("plugin_dirs"), "{program}: {summary}");
        }
        assert!(ran(&any, "check_none").await.1.contains("there is no plugin check_none"));
        assert!(ran(&any, "plain").await.1.contains("may be executed"));
        assert!(ran(&any, "").await.1.contains("no program"));
        assert!(ran(&rules(&folder, Hands::None, &["check_ok"]), "check_ok").await.1.contains("mode = \"none\""));
        assert!(ran(&PluginRules { dirs: vec![], ..any }, "check_ok").await.1.contains("is empty"));
    }

    #[tokio::test]
    async fn a_list_names_programs_as_they_are_called() {
        let folder = folder();
        let listed = rules(&folder, Hands::Listed, &["check_alias"]);
        assert_eq!(ran(&listed, "check_alias").await.0, CheckState::Ok);
        assert!(ran(&listed, "check_ok").await.1.contains("add \"check_ok\" to allow"));
        let path = folder.plugins.join("check_ok");
        assert_eq!(ran(&rules(&folder, Hands::Listed, &[path.to_str().unwrap()]), "check_ok").await.0, CheckState::Ok);
        assert_eq!(ran(&rules(&folder, Hands::Listed, &[]), "check_ok").await.0, CheckState::Unknown);
    }

    #[tokio::test]
    async fn a_secret_reaches_the_plugin_and_not_its_result() {
        let folder = folder();
        std::fs::write(folder.outside.join("secret"), "hunter22").unwrap();
        let secret = folder.outside.join("secret");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let secrets = Secrets::new([("login".to_owned(), SecretSource::File(secret))].into());
        let rules = PluginRules { secrets, ..rules(&folder, Hands::Any, &[]) };
        let result = run(&rules, "check_ok", &["@login".into()], Duration::from_secs(20)).await;
        assert_eq!(result.summary, "OK - ***");
        assert_eq!(run(&rules, "check_ok", &["@no".into()], Duration::from_secs(20)).await.state, CheckState::Unknown);
    }
}
