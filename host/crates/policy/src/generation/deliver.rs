//! Audit sinks and notifiers: what leaves the gateway through a component.

use std::sync::Arc;

use crate::failure::{Failure, FailureCause};
use crate::generation::Generation;
use crate::plugin::Plugin;
use crate::wit::version::Answer;
use crate::wit::{Notice, Undelivered};

/// Why something was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The set has no such plugin (any more).
    #[error("there is no plugin `{0}` to deliver to; it may have gone with a reload")]
    Unknown(Arc<str>),
    /// The plugin says that it did not work, and may with the next attempt.
    #[error("`{plugin}` could not deliver: {message}")]
    Later {
        /// The plugin.
        plugin: Arc<str>,
        /// Its words.
        message: String,
    },
    /// The plugin says that the same can never work.
    #[error("`{plugin}` will never be able to deliver this: {message}; correct its configuration")]
    Never {
        /// The plugin.
        plugin: Arc<str>,
        /// Its words.
        message: String,
    },
    /// It could not be asked: try again later.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl DeliveryError {
    /// Sending the same again may help.
    pub fn retry(&self) -> bool {
        !matches!(self, DeliveryError::Never { .. } | DeliveryError::Unknown(_))
    }
}

impl Generation {
    /// Gives a sink the records from position `first` on. The answer is the position up to which everything is delivered (exclusive),
    /// between `first` and the end of the batch. May take as long as the plugin's deadline: 30 s unless the bundle says otherwise.
    pub async fn deliver(&self, sink: &str, first: u64, records: &[String]) -> Result<u64, DeliveryError> {
        let plugin = self.sinks.iter().find(|p| &*p.name == sink).ok_or_else(|| DeliveryError::Unknown(sink.into()))?;
        let position = send(plugin, plugin.version.deliver(plugin.call(&|| plugin.state()), first, records)).await?;
        let end = first.saturating_add(records.len() as u64);
        if !(first..=end).contains(&position) {
            let why = format!("it was given the records {first} to {end} and says that it delivered up to {position}");
            plugin.metrics.failed("answer");
            return Err(plugin.callable().failure(FailureCause::Answer(why)).into());
        }
        Ok(position)
    }

    /// Has a notifier tell its approvers.
    pub async fn notify(&self, notifier: &str, notice: &Notice) -> Result<(), DeliveryError> {
        let plugin = self.notifiers.iter().find(|p| &*p.name == notifier).ok_or_else(|| DeliveryError::Unknown(notifier.into()))?;
        send(plugin, plugin.version.notify(plugin.call(&|| plugin.state()), notice)).await
    }
}

async fn send<R>(plugin: &Plugin, call: Answer<'_, Result<R, Undelivered>>) -> Result<R, DeliveryError> {
    match plugin.make(call).await {
        Ok((Ok(done), _)) => Ok(done),
        Ok((Err(Undelivered { message, retry }), _)) => {
            let (plugin, message) = (plugin.name.clone(), plugin.callable().log.clean(message));
            Err(if retry { DeliveryError::Later { plugin, message } } else { DeliveryError::Never { plugin, message } })
        }
        Err(failure) => {
            plugin.metrics.failed(failure.cause.kind());
            Err(failure.into())
        }
    }
}

#[cfg(test)]
mod tests;
