//! The loop of a console of lines: signals, then news of links, then the lines that are due.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep_until, timeout};

use super::state::{Plain, Verdict};
use crate::console::link_task::{FromLink, LinkConfig, LinkHandle, News, Reach, spawn};
use crate::console::replica::{FleetIndex, Replica};
use crate::console::terminal::LineWriter;
use crate::fleet::derived::first_look::Look;
use crate::fleet::words::Timestamp;

/// News that may wait for the loop; a link waits where it is full.
const NEWS: usize = 256;
/// What happens together is told together.
const GATHER: Duration = Duration::from_millis(100);
/// Lines go out no more often: a flood is grouped by the second.
const PACE: Duration = Duration::from_secs(1);
/// How long the last lines may take.
const LAST: Duration = Duration::from_secs(1);

/// What a console of lines is started with.
#[derive(Debug)]
pub struct PlainSetup {
    /// Each fleet's name and how its hub is reached.
    pub fleets: Vec<(String, Reach)>,
    /// The zone of clocks.
    pub zone: TimeZone,
}

/// Writes lines to standard output until a signal ends it or nobody reads any more. Standard input is never looked at.
///
/// # Errors
/// Standard output can't be written, or signals can't be caught.
pub async fn run(setup: PlainSetup) -> std::io::Result<Verdict> {
    let mut ends = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
    let [Ok(terminate), Ok(interrupt), Ok(hangup)] = &mut ends else {
        return Err(std::io::Error::other("signals can't be caught"));
    };
    let (writer, mut end) = LineWriter::start()?;
    let now = Instant::now();
    let replicas = setup.fleets.iter().map(|(name, _)| Replica::new(name, now)).collect();
    let mut plain = Plain::new(replicas, setup.zone, (now, Timestamp(jiff::Timestamp::now().as_millisecond())));
    let (out, mut news) = mpsc::channel(NEWS);
    let (look, _) = watch::channel(Look::default());
    let _links: Vec<LinkHandle> = setup
        .fleets
        .into_iter()
        .enumerate()
        .map(|(at, (_, reach))| spawn(LinkConfig { fleet: FleetIndex(at), reach, look: look.subscribe() }, out.clone()))
        .collect();
    let mut last: Option<Instant> = None;
    let mut due: Option<Instant> = None;
    loop {
        if plain.has_lines() && due.is_none() {
            let gathered = Instant::now() + GATHER;
            due = Some(last.map_or(gathered, |last| gathered.max(last + PACE)));
        }
        let when = due.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => break,
            ended = end.wait() => return ended.map(|()| plain.verdict()),
            // While the reader is slow nothing more is taken from the state, where a flood is grouped.
            () = async { sleep_until(when.into()).await; writer.ready().await }, if due.is_some() => {
                writer.write(&plain.take());
                (last, due) = (Some(Instant::now()), None);
            }
            Some(told) = news.recv() => take(&mut plain, told),
        }
    }
    let lines = plain.take();
    // A reader that hangs must not keep the program.
    drop(timeout(LAST, writer.finish(&lines, end)).await);
    Ok(plain.verdict())
}

fn take(plain: &mut Plain, FromLink { fleet, news }: FromLink) {
    let now = Instant::now();
    match news {
        News::Update(update) => {
            let changed = plain.update(fleet, update, now);
            if let Some(retired) = changed.retired {
                // Freeing a whole fleet takes a while.
                drop(tokio::task::spawn_blocking(move || drop(retired)));
            }
        }
        News::Trouble(what) => plain.trouble(fleet, what.as_str(), now),
        // It acts on nothing and asks nothing.
        News::ActDone { .. } | News::Answer(_) => {}
    }
}
