//! Replies to a query, cut to a size that flows.

use prost::Message as _;
use tokio::sync::mpsc;
use tonic::Status;

use crate::fleet::words::Timestamp;
use crate::wire::{limits, pb};

/// Where replies go.
pub type Out = mpsc::Sender<Result<pb::QueryReply, Status>>;

/// The replies to one query.
#[derive(Debug)]
pub struct Pages<'a> {
    /// Where they go.
    pub out: &'a Out,
    /// What goes out next.
    pub page: pb::QueryReply,
    size: usize,
}

impl<'a> Pages<'a> {
    /// No page yet, at a time of the hub.
    #[must_use]
    pub fn new(out: &'a Out, now: Timestamp) -> Self {
        Self { out, page: pb::QueryReply { hub_time: now.0, ..pb::QueryReply::default() }, size: 0 }
    }

    /// One more row, if there is one.
    ///
    /// # Errors
    /// Nobody waits for the answer any more; so it is with all of these.
    pub async fn row(&mut self, row: Option<pb::Row>) -> Result<(), Status> {
        let Some(row) = row else { return Ok(()) };
        self.size += row.encoded_len();
        self.page.rows.push(row);
        self.flow().await
    }

    /// One more entry.
    ///
    /// # Errors
    /// As of [`Self::row`].
    pub async fn entry(&mut self, entry: pb::Entry) -> Result<(), Status> {
        self.size += entry.encoded_len();
        self.page.entries.push(entry);
        self.flow().await
    }

    /// One more command.
    ///
    /// # Errors
    /// As of [`Self::row`].
    pub async fn command(&mut self, command: pb::CommandSummary) -> Result<(), Status> {
        self.size += command.encoded_len();
        self.page.commands.push(command);
        self.flow().await
    }

    async fn flow(&mut self) -> Result<(), Status> {
        if self.size < limits::FRAME_TARGET { Ok(()) } else { self.send().await }
    }

    /// Sends what there is, be it nothing.
    ///
    /// # Errors
    /// As of [`Self::row`].
    pub async fn send(&mut self) -> Result<(), Status> {
        self.size = 0;
        let next = pb::QueryReply { hub_time: self.page.hub_time, ..pb::QueryReply::default() };
        let full = std::mem::replace(&mut self.page, next);
        self.out.send(Ok(full)).await.map_err(|_| Status::cancelled("nobody waits for the answer any more"))
    }
}
