//! `config check`: reads the files of a hub on this machine; needs no hub.

use std::path::Path;

use crate::cli::exit::Failure;
use crate::fleet::derived::assign::refuse_too_many_anywhere;
use crate::settings::hub::{load, system_zone};

/// Reads the files below a hub's data directory and says what they hold.
///
/// # Errors
/// All problems of all files.
pub fn run(directory: &Path) -> Result<(), Failure> {
    let loaded = load(directory, system_zone())?;
    refuse_too_many_anywhere(&loaded.configuration).map_err(Failure::failed)?;
    for warning in &loaded.warnings {
        eprintln!("watchfloor: {warning}");
    }
    let configuration = &loaded.configuration;
    let files: Vec<&str> = loaded.texts.iter().map(|(name, _)| name.as_str()).collect();
    if files.is_empty() {
        println!("{}: no files; the built-in checks apply to every host", directory.display());
        return Ok(());
    }
    let sites: usize = configuration.clients.values().map(|client| client.sites.len()).sum();
    println!(
        "{}: {} valid; {} clients, {sites} sites, {} rules about hosts, {} about checks, {} backup jobs",
        directory.display(),
        files.join(", "),
        configuration.clients.len(),
        configuration.host_rules.len(),
        configuration.checks.len(),
        configuration.backups.len(),
    );
    Ok(())
}
