//! The life of a link: dial, follow, lose, wait, dial again.

use std::time::{Duration, Instant};

use futures_util::future::OptionFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant as Deadline, sleep_until};

use super::act_queue::{ActQueue, Ended};
use super::calls::{Calls, Done};
use super::connect::{Link, Reach, connect};
use super::frames::Frames;
use super::news::{FromLink, News};
use super::renewal::keep_fresh;
use crate::console::ask::{Answer, Ask};
use crate::console::mask;
use crate::console::replica::{FleetIndex, LinkState, Update};
use crate::fleet::derived::first_look::Look;
use crate::fleet::words::SafeText;
use crate::link::backoff::system_random;
use crate::link::{Backoff, Class, LinkError};
use crate::wire::pb;

/// Without a frame for this long the link counts as lost, even if its connection stands. A hub sends one every two
/// seconds.
const SILENCE: Duration = Duration::from_secs(10);
/// A hub that refuses is not asked more often than this.
const REFUSED_WAIT: Duration = Duration::from_secs(10);

/// What to link to.
#[derive(Debug)]
pub struct LinkConfig {
    /// The fleet's place in the console.
    pub fleet: FleetIndex,
    /// How its hub is reached; asked before each attempt, so that renewed credentials count.
    pub reach: Reach,
    /// What the console looks at now.
    pub look: watch::Receiver<Look>,
}

/// One fleet's link.
pub(super) struct Task {
    fleet: FleetIndex,
    reach: Reach,
    look: watch::Receiver<Look>,
    asks: mpsc::Receiver<Ask>,
    out: mpsc::Sender<FromLink>,
    frames: Frames,
    acts: ActQueue,
    backoff: Backoff,
    /// When the outage began, for the back-off.
    outage: Instant,
    /// When the hub was heard last, or the task began.
    heard: Instant,
    /// Why no link stands.
    down: LinkError,
    was_up: bool,
}

/// The console is leaving.
pub(super) struct Gone;

/// The time by which everything is reckoned; a test may hold it still.
fn now() -> Instant {
    Deadline::now().into_std()
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

impl Task {
    pub fn new(config: LinkConfig, asks: mpsc::Receiver<Ask>, out: mpsc::Sender<FromLink>) -> Self {
        let LinkConfig { fleet, reach, look } = config;
        Self {
            fleet,
            reach,
            look,
            asks,
            out,
            frames: Frames::default(),
            acts: ActQueue::default(),
            backoff: Backoff::default(),
            outage: now(),
            heard: now(),
            down: LinkError::NoHub("not linked yet".to_owned()),
            was_up: false,
        }
    }

    /// Runs until the console leaves.
    pub async fn run(mut self) {
        // The console has gone when its end of a queue is closed.
        let _gone = self.links().await;
    }

    async fn links(&mut self) -> Result<(), Gone> {
        let since = self.heard;
        self.update(Update::Link(LinkState::Connecting { since })).await?;
        loop {
            match self.dial().await? {
                Ok(link) => {
                    let begun = now();
                    let error = self.follow(link).await?;
                    let ended = self.acts.all_lost(&error.to_string());
                    self.ended(ended).await?;
                    self.down = error;
                    if self.backoff.ended(now().saturating_duration_since(begun)) {
                        self.outage = now();
                    }
                }
                Err(error) => self.down = error,
            }
            self.wait().await?;
        }
    }

    /// Tries to get a link; acts wait meanwhile, questions are told that there is none.
    async fn dial(&mut self) -> Result<Result<Link, LinkError>, Gone> {
        let look = (!self.frames.is_loaded()).then(|| *self.look.borrow());
        let attempt = connect(self.reach.clone(), self.frames.held(), self.frames.role(), look);
        tokio::pin!(attempt);
        loop {
            tokio::select! {
                link = &mut attempt => return Ok(link),
                ask = self.asks.recv() => { self.without_link(ask.ok_or(Gone)?).await?; }
                () = until(self.acts.next_expiry()) => self.expire().await?,
            }
        }
    }

    /// Waits until it is time to dial again, or somebody asks for it.
    async fn wait(&mut self) -> Result<(), Gone> {
        let refused = self.down.class() != Class::NoHub;
        let wait = self.backoff.failed(now().saturating_duration_since(self.outage), system_random());
        let next = now() + if refused { wait.max(REFUSED_WAIT) } else { wait };
        self.tell_down(Some(next)).await?;
        loop {
            tokio::select! {
                () = until(Some(next)) => break,
                ask = self.asks.recv() => if self.without_link(ask.ok_or(Gone)?).await? { break },
                () = until(self.acts.next_expiry()) => self.expire().await?,
            }
        }
        self.tell_down(None).await
    }

    async fn tell_down(&mut self, next_try: Option<Instant>) -> Result<(), Gone> {
        let (since, reason) = (self.heard, SafeText::line(&self.down.to_string()));
        let state = match self.down.class() {
            Class::NoHub => LinkState::Lost { since, reason, next_try },
            class @ (Class::Refused | Class::NotPermitted) => {
                LinkState::Refused { since, reason, not_permitted: class == Class::NotPermitted, next_try }
            }
        };
        self.was_up = false;
        self.update(Update::Link(state)).await
    }

    /// Takes what is asked while no link stands; whether to dial at once.
    async fn without_link(&mut self, ask: Ask) -> Result<bool, Gone> {
        match ask {
            Ask::Act { tag, act } => {
                let refused = self.acts.push(tag, act, now());
                self.ended(refused).await?;
            }
            Ask::Detail { generation, about } => {
                let result = Err(SafeText::line(&self.down.to_string()));
                self.tell(News::Answer(Answer { generation, about, result })).await?;
            }
            Ask::Retry => return Ok(true),
        }
        Ok(false)
    }

    /// Follows the hub until the link is lost, and says why it was.
    async fn follow(&mut self, link: Link) -> Result<LinkError, Gone> {
        let Link { connection, greeting, hub_time, mut stream, resumes } = link;
        let renewals = self
            .reach
            .credential()
            .cloned()
            .map(|dir| keep_fresh(connection.clone(), dir, hub_time, (self.fleet, self.out.clone())));
        let renewals = OptionFuture::from(renewals);
        tokio::pin!(renewals);
        self.update(Update::Greeted(greeting)).await?;
        self.frames.begin();
        if !resumes {
            self.frames.forget();
        }
        let mut calls = Calls::new(connection.clone(), self.reach.mask().cloned());
        self.heard = now();
        loop {
            while let Some((tag, act)) = self.acts.next() {
                calls.act(tag, &act);
            }
            let silent_at = self.heard + SILENCE;
            tokio::select! {
                // What people ask comes before what the hub tells, and silence counts only when nothing waits unread.
                biased;
                ask = self.asks.recv() => match ask.ok_or(Gone)? {
                    Ask::Act { tag, act } => {
                        let refused = self.acts.push(tag, act, now());
                        self.ended(refused).await?;
                    }
                    Ask::Detail { generation, about } => calls.detail(generation, about),
                    Ask::Retry => {}
                },
                done = calls.next(), if !calls.is_empty() => self.done(done).await?,
                frame = stream.message() => match frame {
                    Ok(Some(frame)) => if let Some(error) = self.frame(frame).await? {
                        return Ok(error);
                    },
                    Ok(None) => return Ok(LinkError::NoHub("the hub ended the link".to_owned()).at(connection.to())),
                    Err(status) => return Ok(connection.error(&status)),
                },
                () = until(Some(silent_at)) => {
                    let why = format!("nothing was heard for {} s", SILENCE.as_secs());
                    return Ok(LinkError::NoHub(why).at(connection.to()));
                }
                () = until(self.acts.next_expiry()) => self.expire().await?,
                Some(()) = &mut renewals => return Err(Gone),
            }
        }
    }

    /// Takes a frame over; why the link is of no use any more, if so.
    async fn frame(&mut self, frame: pb::Frame) -> Result<Option<LinkError>, Gone> {
        let frame = match mask::masked(self.reach.mask(), "Frame", frame) {
            Ok(frame) => frame,
            Err(error) => return Ok(Some(LinkError::Refused(error.to_string()))),
        };
        match self.frames.take(frame, now()) {
            Ok(Some(frame)) => {
                self.update(Update::Frame(frame)).await?;
                if self.frames.is_current() && !self.was_up {
                    self.was_up = true;
                    self.update(Update::Link(LinkState::Live { since: now() })).await?;
                }
            }
            Ok(None) => {}
            Err(error) => {
                self.frames.forget();
                return Ok(Some(LinkError::NoHub(error.to_string())));
            }
        }
        // After the loop took it: what it needs to paint is no silence of the hub.
        self.heard = now();
        Ok(None)
    }

    async fn done(&mut self, done: Done) -> Result<(), Gone> {
        match done {
            Done::Act(tag, end) => {
                self.acts.answered(tag);
                self.ended(Some((tag, end))).await
            }
            Done::Lost(tag, why) => {
                let ended = self.acts.lost(tag, &why);
                self.ended(ended).await
            }
            Done::Answer(answer) => self.tell(News::Answer(*answer)).await,
        }
    }

    async fn expire(&mut self) -> Result<(), Gone> {
        let why = if self.was_up { "the hub is busy with earlier acts".to_owned() } else { self.down.to_string() };
        let ended = self.acts.expire(now(), &why);
        self.ended(ended).await
    }

    async fn ended(&self, ended: impl IntoIterator<Item = Ended>) -> Result<(), Gone> {
        for (tag, end) in ended {
            self.tell(News::ActDone { tag, end }).await?;
        }
        Ok(())
    }

    async fn update(&self, update: Update) -> Result<(), Gone> {
        self.tell(News::Update(update)).await
    }

    async fn tell(&self, news: News) -> Result<(), Gone> {
        let news = if self.reach.mask().is_some() { news.masked() } else { news };
        self.out.send(FromLink { fleet: self.fleet, news }).await.map_err(|_| Gone)
    }
}
