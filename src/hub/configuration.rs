//! The configuration that counts: read from files, applied as one entry, kept as a blob so that a restart has it too.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tonic::Status;

use crate::fleet::checks::MOST_PER_HOST;
use crate::fleet::configuration::Configuration;
use crate::fleet::configuration::definition::built_in;
use crate::fleet::derived::assign::{refuse_too_many, refuse_too_many_anywhere};
use crate::fleet::rules::configuring::permit;
use crate::fleet::rules::input::{Asker, Input};
use crate::fleet::rules::presence::target_of;
use crate::fleet::words::BlobId;
use crate::hub::journal::kinds::TEXTS;
use crate::hub::journal::{BlobRecord, JournalReader, blob_id};
use crate::hub::shared::{Shared, status};
use crate::settings::difference::what_changed;
use crate::settings::directories::Directories;
use crate::settings::hub::{LoadedConfiguration, from_bundle, load, system_zone};

/// The configuration that counted when the hub ended; what counts without files where there is none, or where this
/// version can't read it any more (the reason is logged, the files decide then).
#[must_use]
pub fn stored(journal: &dyn JournalReader, hash: Option<[u8; 32]>) -> LoadedConfiguration {
    let Some(hash) = hash else { return LoadedConfiguration::none(system_zone()) };
    let read = || {
        let blob = journal.blob(BlobId(hash)).map_err(|error| error.to_string())?;
        let blob = blob.ok_or_else(|| "its texts are no longer kept".to_owned())?;
        let text = std::str::from_utf8(&blob).map_err(|error| error.to_string())?;
        from_bundle(text, system_zone()).map_err(|error| error.to_string())
    };
    read().unwrap_or_else(|why: String| {
        tracing::error!("the configuration that counted can't be used: {why}");
        LoadedConfiguration::none(system_zone())
    })
}

/// Reads the files and applies them if all are valid; returns what changed, in words.
///
/// # Errors
/// All problems of the files (then the old configuration stays), or why it could not be applied.
pub async fn reload(shared: &Shared, asker: Asker, dry_run: bool) -> Result<Vec<String>, Status> {
    permit(&asker).map_err(|refused| status(refused.into()))?;
    // One at a time, so that what counts is what was decided last.
    let _alone = shared.reloading.lock().await;
    let loaded = read(&shared.data).await?;
    refuse_too_many_checks(shared, &loaded.configuration).await?;
    let old = shared.configuration();
    let changes = what_changed(&old, &loaded.configuration);
    if dry_run {
        return Ok(changes);
    }
    let configuration = Arc::new(loaded.configuration.clone());
    let input = Input::Configure {
        asker,
        hash: loaded.hash(),
        configuration: Arc::clone(&configuration),
        changes: changes.clone(),
        default_name: shared.default_name.clone(),
    };
    let bytes = Bytes::from(loaded.bundle());
    let at = shared.clock.now().wall;
    let blob = BlobRecord { id: blob_id(&bytes), kind: TEXTS, at, bytes };
    shared.core.decide_with(input, vec![blob]).await.map_err(status)?;
    shared.live_mut().configuration = configuration;
    shared.reconfigured.send_modify(|count| *count += 1);
    Ok(changes)
}

/// An agent runs so many checks and no more: what would give a host more is refused here, where its author reads why.
async fn refuse_too_many_checks(shared: &Shared, configuration: &Configuration) -> Result<(), Status> {
    refuse_too_many_anywhere(configuration).map_err(Status::invalid_argument)?;
    if configuration.checks.len() + built_in().len() <= MOST_PER_HOST {
        return Ok(());
    }
    let cut = shared.core.cut().await.map_err(status)?;
    for host in cut.fleet.hosts.present().filter(|host| !host.synthetic) {
        let what = format!("{} (host {})", host.name.as_str(), host.id);
        refuse_too_many(configuration, &target_of(host), &what).map_err(Status::invalid_argument)?;
    }
    Ok(())
}

async fn read(data: &Path) -> Result<LoadedConfiguration, Status> {
    let directory = Directories::configuration_of(data);
    tokio::task::spawn_blocking(move || load(&directory, system_zone()))
        .await
        .map_err(|error| Status::internal(error.to_string()))?
        .map_err(|problems| Status::invalid_argument(problems.to_string()))
}
