//! Notices to the desktop's own notification daemon, from a task of their own: a desktop that is not there, or does not
//! answer, holds up nothing, and the terminal tells the notice instead.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::console::app::Notice;

/// Notices that may wait; more are told by the terminal.
const WAITING: usize = 4;
/// A daemon that has not answered by then is taken for none.
#[cfg(feature = "notify")]
const PATIENCE: Duration = Duration::from_secs(2);
/// Where there is no desktop, it is asked for again this much later.
const AGAIN: Duration = Duration::from_secs(60);

/// The way to the desktop.
#[derive(Debug)]
pub struct Desktop {
    notices: mpsc::Sender<Notice>,
}

impl Desktop {
    /// Starts the task. What could not be shown comes back through `untold`.
    #[must_use]
    pub fn start(untold: mpsc::Sender<Notice>) -> Self {
        let (notices, mut queue) = mpsc::channel::<Notice>(WAITING);
        tokio::spawn(async move {
            let mut asleep_until: Option<Instant> = None;
            while let Some(notice) = queue.recv().await {
                let asks = asleep_until.is_none_or(|until| Instant::now() >= until);
                if asks && show(&notice).await {
                    continue;
                }
                if asks {
                    asleep_until = Some(Instant::now() + AGAIN);
                }
                // Where the loop is behind, the notice is one that somebody sees on the screen already.
                let _ = untold.try_send(notice);
            }
        });
        Self { notices }
    }

    /// Hands a notice over; gives it back where too many wait.
    ///
    /// # Errors
    /// The notice, to be told by the terminal.
    pub fn tell(&self, notice: Notice) -> Result<(), Notice> {
        self.notices.try_send(notice).map_err(|error| match error {
            mpsc::error::TrySendError::Full(notice) | mpsc::error::TrySendError::Closed(notice) => notice,
        })
    }
}

/// Whether the desktop took the notice.
#[cfg(feature = "notify")]
async fn show(notice: &Notice) -> bool {
    use notify_rust::{Notification, Urgency};
    // Daemons read a body as markup.
    let body = notice.body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let urgency = if notice.critical { Urgency::Critical } else { Urgency::Normal };
    let mut asked = Notification::new();
    let asked = asked.appname("Watchfloor").summary(&notice.title).body(&body).urgency(urgency);
    matches!(tokio::time::timeout(PATIENCE, asked.show_async()).await, Ok(Ok(_)))
}

#[cfg(not(feature = "notify"))]
async fn show(_: &Notice) -> bool {
    false
}
