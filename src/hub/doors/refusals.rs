//! Failed handshakes, told to the hub without letting strangers fill its journal: at most one report a minute a port,
//! with a count.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// How often a port may report.
const EVERY: Duration = Duration::from_secs(60);
/// Failures waiting to be counted; more than that between two turns of the reporter are counted as lost.
const WAITING: usize = 256;

/// A port of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// For agents and operators, with certificates.
    Link,
    /// For enrolment.
    Enrol,
}

impl Port {
    /// `link` or `enrol`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Enrol => "enrol",
        }
    }
}

/// Handshakes that failed at a port since its last report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedHandshakes {
    /// The port.
    pub port: Port,
    /// How many failed.
    pub count: u64,
    /// Where the last one came from.
    pub source: SocketAddr,
    /// Why the last one failed.
    pub reason: String,
}

/// Where a door tells its failures. Never waits.
#[derive(Clone, Debug)]
pub struct Refusals(mpsc::Sender<(SocketAddr, String)>);

impl Refusals {
    /// Counts a failure.
    pub fn note(&self, source: SocketAddr, reason: String) {
        // A full channel means a flood, of which the report tells anyway.
        let _ = self.0.try_send((source, reason));
    }
}

/// Starts the reporter of a port; it ends when the door or the receiver of `reports` ends.
pub fn report(port: Port, reports: mpsc::Sender<RefusedHandshakes>) -> Refusals {
    let (note, mut noted) = mpsc::channel::<(SocketAddr, String)>(WAITING);
    tokio::spawn(async move {
        while let Some((source, reason)) = noted.recv().await {
            let mut report = RefusedHandshakes { port, count: 1, source, reason };
            loop {
                let next = Instant::now() + EVERY;
                if reports.send(report).await.is_err() {
                    return;
                }
                let Some(gathered) = gather(port, &mut noted, next).await else { break };
                report = gathered;
            }
        }
    });
    Refusals(note)
}

/// Counts until `end`; `None` when nothing failed meanwhile.
async fn gather(
    port: Port,
    noted: &mut mpsc::Receiver<(SocketAddr, String)>,
    end: Instant,
) -> Option<RefusedHandshakes> {
    let mut gathered: Option<RefusedHandshakes> = None;
    loop {
        tokio::select! {
            () = sleep_until(end) => return gathered,
            next = noted.recv() => {
                let Some((source, reason)) = next else { return gathered };
                let count = gathered.map_or(0, |gathered| gathered.count) + 1;
                gathered = Some(RefusedHandshakes { port, count, source, reason });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_one_report_a_minute_and_none_is_forgotten() {
        let (reports, mut reported) = mpsc::channel(4);
        let refusals = report(Port::Link, reports);
        let source: SocketAddr = "192.0.2.1:5".parse().unwrap();
        let start = Instant::now();
        refusals.note(source, "first".into());
        let first = reported.recv().await.unwrap();
        assert_eq!((first.count, first.reason.as_str()), (1, "first"));
        assert!(start.elapsed() < Duration::from_secs(1), "the first is told at once");
        for _ in 0..100 {
            refusals.note(source, "more".into());
        }
        refusals.note(source, "last".into());
        let second = reported.recv().await.unwrap();
        assert_eq!((second.count, second.reason.as_str()), (101, "last"));
        assert!(start.elapsed() >= EVERY);
        tokio::time::advance(EVERY * 3).await;
        refusals.note(source, "later".into());
        assert_eq!(reported.recv().await.unwrap().count, 1);
        drop(refusals);
        assert!(reported.recv().await.is_none(), "the reporter ends with its door");
    }
}
