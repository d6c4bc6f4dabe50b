//! One question to all fleets that are meant.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::cli::arguments::Fleets;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::query::{Answer, ask, name_hosts};
use crate::cli::reach::reach;
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;

/// One fleet's answer.
#[derive(Debug)]
pub struct Part {
    /// The fleet's local name.
    pub fleet: String,
    /// Its immutable id.
    pub id: String,
    /// What its hub answered.
    pub answer: Answer,
}

/// The answers of all fleets, and what is missing.
#[derive(Debug, Default)]
pub struct Gathered {
    /// By the fleets' names.
    pub parts: Vec<Part>,
    failures: Vec<Failure>,
}

impl Gathered {
    /// Whether the rows of more than one fleet stand together, so that each must say whose it is.
    #[must_use]
    pub const fn is_mixed(&self) -> bool {
        self.parts.len() + self.failures.len() > 1
    }

    /// Whether no fleet answered at all, so that an empty list would be a lie.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.parts.is_empty() && !self.failures.is_empty()
    }

    /// The end of the verb, after what was answered has been printed.
    ///
    /// # Errors
    /// When a fleet could not be asked.
    pub fn finish(self) -> Result<(), Failure> {
        for part in self.parts.iter().filter(|part| part.answer.is_partial) {
            eprintln!("watchfloor: {}: the hub is newer, this is a partial view: install its release here", part.fleet);
        }
        Failure::of_many(self.failures)
    }
}

/// Asks every fleet that is meant and that the filter does not rule out.
///
/// # Errors
/// Wrong usage, or nothing is meant; that a fleet does not answer is told by [`Gathered::finish`].
pub async fn gather(
    fleets: &Fleets,
    directories: &Directories,
    filter: &FleetFilter,
    request: QueryRequest,
) -> Result<Gathered, Failure> {
    let meant = reach(fleets, directories, &BTreeSet::new()).await?;
    let mut gathered = Gathered::default();
    gathered.failures.extend(meant.missed.into_iter().map(|missed| missed.failure));
    let asked = meant.links.into_iter().filter(|link| filter.admits(&link.name));
    let answers = join_all(asked.map(async |link| {
        let request = QueryRequest { filter: filter.rest().to_owned(), ..request.clone() };
        let mut answer = ask(&link, request).await;
        if let Ok(answer) = &mut answer {
            // Without the names the numbers serve.
            let _ = name_hosts(&link, answer).await;
        }
        (link, answer)
    }));
    for (link, answer) in answers.await {
        match answer {
            Ok(answer) => gathered.parts.push(Part { fleet: link.name, id: link.hello.fleet, answer }),
            Err(error) => gathered.failures.push(link.failure(&error)),
        }
    }
    Ok(gathered)
}
