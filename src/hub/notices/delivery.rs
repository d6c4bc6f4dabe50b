//! One attempt to send one message by one channel.

use crate::fleet::configuration::channels::{Channel, ChannelKind};
pub use crate::hub::notices::attempt::{DeliveryError, LONGEST_ATTEMPT, Receipt};
use crate::hub::notices::message::Message;
pub use crate::hub::notices::sender::Sender;
use crate::hub::notices::sender::Used;
use crate::hub::notices::{command, events, smtp, webhook};

impl Sender {
    /// Tries once; takes [`LONGEST_ATTEMPT`] at most.
    ///
    /// # Errors
    /// The channel did not take it; it may have all the same where the answer was lost.
    pub async fn send(&self, channel: &Channel, message: &Message) -> Result<Receipt, DeliveryError> {
        let used = Used::default();
        let attempt = async {
            match &channel.kind {
                ChannelKind::Smtp(smtp) => smtp::send(self, smtp, message, &used).await,
                ChannelKind::Webhook(webhook) => webhook::send(self, channel, webhook, message, &used).await,
                ChannelKind::Command(command) => command::send(command, message).await,
                ChannelKind::Events(events) => events::send(self, events, message, &used).await,
            }
        };
        let end = tokio::time::timeout(LONGEST_ATTEMPT, attempt).await.unwrap_or_else(|_| {
            Err(DeliveryError::passing(&format!("no answer within {} s", LONGEST_ATTEMPT.as_secs())))
        });
        match end {
            Ok(Receipt(words)) => Ok(Receipt(used.scrub(&words))),
            Err(error) => Err(DeliveryError { words: used.scrub(&error.words), ..error }),
        }
    }
}
