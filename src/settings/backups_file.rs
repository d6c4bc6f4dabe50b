//! `backups.toml`: what should be backed up, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::configuration::backup::{MOST_PATHS, is_sound_repository};
use crate::fleet::configuration::{BackupDefinition, Layer, Provenance};
use crate::fleet::words::ids::is_plain_name;
use crate::fleet::words::{BackupTool, ClientId, JobName};
use crate::settings::problem::Problems;
use crate::settings::reader::{Reader, Section};
use crate::settings::secret::is_secret_name;

/// More jobs than this are no fleet of one hub.
const MOST_JOBS: usize = 10_000;
/// What is written of one job must fit the event that describes it.
const LONGEST_PATHS: usize = 8 * 1024;
const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
const OF_FLEET: [&str; 4] = ["name", "client", "heartbeat", "sampling"];

/// Reads the file; what could be read is given along with the problems.
pub(super) fn read(file: &str, text: &str) -> (Vec<BackupDefinition>, Problems) {
    let reader = Reader::new(file, text, (&OF_FLEET, "fleet.toml"));
    let mut jobs = Vec::new();
    let mut lines: BTreeMap<JobName, u32> = BTreeMap::new();
    reader.read(|top| {
        for mut section in top.list("backup") {
            let Some(job) = job(file, &mut section) else { continue };
            if let Some(first) = lines.get(&job.name) {
                let what = format!("a job of line {first} is called {} already", job.name);
                section.problem("name", what, "give each job a name of its own");
                continue;
            }
            lines.insert(job.name.clone(), section.line());
            jobs.push(job);
        }
    });
    if jobs.len() > MOST_JOBS {
        reader.note(0, "", format!("there are {} jobs", jobs.len()), format!("write at most {MOST_JOBS}"));
    }
    (jobs, reader.into_problems())
}

fn job(file: &str, section: &mut Section<'_>) -> Option<BackupDefinition> {
    let plain = |text: &str| {
        let fix = "use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit";
        if is_plain_name(text) {
            Ok(text.to_owned())
        } else {
            Err((format!("{text:?} can't be a name here"), fix.to_owned()))
        }
    };
    let name = section.parsed("name", "a name for the job", plain);
    let host = section.string("host", "the name of the host whose backup it is");
    let client = section.parsed("client", "the id of the host's client", plain);
    let words = BackupTool::ALL.map(BackupTool::word);
    let tool = section.word("tool", &words, BackupTool::from_word);
    let repository = section.parsed("repository", "where the backups lie, as the tool takes it", repository);
    let password = section.parsed("password", "the name of a secret of the host, \"@NAME\"", secret);
    let paths = section.strings("paths").unwrap_or_default();
    let every = section.duration("every", Duration::from_secs(1)..=DAY * 31);
    let grace = section.duration("grace", Duration::ZERO..=DAY * 31);
    for path in paths.iter().filter(|path| !path.starts_with('/')) {
        section.problem("paths", format!("{path:?} is no whole path"), "write it from the root, \"/srv/www\"");
    }
    if paths.len() > MOST_PATHS || paths.iter().map(String::len).sum::<usize>() > LONGEST_PATHS {
        let fix = format!("write at most {MOST_PATHS} paths of together {LONGEST_PATHS} bytes, or split the job");
        section.problem("paths", "there are too many paths", fix);
    }
    let needs = |section: &Section<'_>, key: &str, example: &str| {
        if !section.has(key) {
            section.problem("", format!("a backup job needs its {key}"), format!("add {key} = {example}"));
        }
    };
    needs(section, "name", "\"web-files\"");
    needs(section, "host", "\"web-01\"");
    needs(section, "tool", "\"restic\" or \"borg\"");
    needs(section, "repository", "\"/srv/backup/web\"");
    needs(section, "every", "\"24h\"");
    if tool == Some(BackupTool::Restic) {
        needs(section, "password", "\"@NAME\", a secret of the host's agent.toml");
    }
    section.refuse_unknown();
    let every = every?;
    Some(BackupDefinition {
        name: JobName::new(name?),
        host: host?,
        client: client.map(ClientId::new),
        tool: tool?,
        repository: repository?,
        password,
        paths,
        every,
        grace: grace.unwrap_or_else(|| (every / 4).min(HOUR)),
        source: Provenance { file: file.to_owned(), line: section.line(), layer: Layer::Host },
    })
}

fn repository(text: &str) -> Result<String, (String, String)> {
    if is_sound_repository(text) {
        return Ok(text.to_owned());
    }
    let fix = "write it as the tool takes it: \"/srv/backup\", \"sftp:user@host:/path\", or \"@NAME\" for a secret";
    Err((format!("{text:?} reads as an option, or holds a control character"), fix.to_owned()))
}

fn secret(text: &str) -> Result<String, (String, String)> {
    match text.strip_prefix('@').filter(|name| is_secret_name(name)) {
        Some(name) => Ok(name.to_owned()),
        // the text may be the password itself, so it is not repeated
        None => Err((
            "this is no name of a secret".to_owned(),
            "passwords stay on the host: write \"@NAME\", and NAME under [secrets] of the host's agent.toml".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read("backups.toml", text).1.list().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_job_is_read_with_its_defaults() {
        let text = "[[backup]]\nname = \"web\"\nhost = \"web-01\"\ntool = \"restic\"\nrepository = \"/srv/b\"\n\
                    password = \"@PW\"\npaths = [\"/etc\"]\nevery = \"2h\"\n";
        let (jobs, problems) = read("backups.toml", text);
        assert!(problems.is_empty(), "{problems}");
        let job = &jobs[0];
        assert_eq!((job.name.as_str(), job.password.as_deref(), job.grace), ("web", Some("PW"), HOUR / 2));
        assert_eq!((job.source.line, job.paths.len()), (1, 1));
    }

    #[test]
    fn problems_name_the_line_the_key_and_what_to_do() {
        let text = "[[backup]]\nname = \"a b\"\nhost = \"w\"\ntool = \"tar\"\nrepository = \"-o\"\npassword = \"hunter2\"\n\
                    paths = [\"etc\"]\nevery = \"1ms\"\nevry = \"1d\"\n\n[[backup]]\nname = \"x\"\ntool = \"restic\"\n";
        let found = problems(text);
        for (line, words) in [
            (2, "can't be a name"),
            (4, "not known here"),
            (5, "reads as an option"),
            (6, "no name of a secret"),
            (7, "no whole path"),
            (8, "out of bounds"),
            (9, "did you mean every"),
            (11, "needs its host"),
            (11, "needs its password"),
        ] {
            let place = format!("backups.toml:{line}:");
            assert!(
                found.iter().any(|text| text.starts_with(&place) && text.contains(words)),
                "{place} {words}: {found:#?}"
            );
        }
        assert!(!found.iter().any(|text| text.contains("hunter2")), "a password is not repeated");
    }

    #[test]
    fn a_name_is_given_once() {
        let job = "[[backup]]\nname = \"a\"\nhost = \"w\"\ntool = \"borg\"\nrepository = \"/b\"\nevery = \"1d\"\n";
        let found = problems(&format!("{job}{job}"));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("backups.toml:8:") && found[0].contains("line 1"), "{found:?}");
        assert!(problems("backup = 3\n")[0].contains("[[backup]]"));
    }
}
