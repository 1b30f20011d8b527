//! Observability: spans, metrics, and whoever else wants to know what the client does.
//!
//! - **Spans.** Every call is a [`tracing`] span (target `threadline`, level INFO) with the attribute names of the
//!   OpenTelemetry conventions for generative AI; attempts are DEBUG events inside, retries INFO events. With
//!   `tracing-opentelemetry` they are exported as they are.
//! - **Observers.** [`ClientBuilder::observer`](crate::ClientBuilder::observer) takes anything that implements
//!   [`Observer`]; it gets a [`CallRecord`] when a call, or a stream, has ended. [`UsageCounter`](crate::usage::UsageCounter) is
//!   one, and with the feature `opentelemetry` so is `OpenTelemetryMetrics`.
//!
//! Prompts and outputs are in neither, unless [`ClientBuilder::observe_content`](crate::ClientBuilder::observe_content) asks for
//! them; keys never are. A call that nobody observes costs a comparison or two and allocates nothing for it.

mod content;
mod facts;
mod ledger;
mod names;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
mod record;
mod span;
mod tokens;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::facts::ResponseFacts;
pub use self::ledger::{Entry, Ledger};
#[cfg(feature = "opentelemetry")]
pub use self::opentelemetry::OpenTelemetryMetrics;
pub use self::record::{CallEnd, CallRecord, Content, Retry};
pub use self::tokens::TokenUsage;
pub(crate) use self::watch::{Asked, Watch};

/// Is told about the calls of a client. Its methods are called by the task that makes the call: they must be quick and
/// must not block.
pub trait Observer: Send + Sync + 'static {
    /// A call has ended: its reply is read, its stream has ended or was dropped, or it failed.
    fn call(&self, record: &CallRecord);

    /// An attempt has failed and will be repeated after a pause. The record is as far as it has come.
    fn retry(&self, record: &CallRecord, retry: &Retry) {
        let _ = (record, retry);
    }

    /// An event of a stream has arrived, this long after the one before it; `None` for the first. The record is as far as
    /// it has come; what the reply says about itself is only there at the end.
    fn chunk(&self, record: &CallRecord, since_last: Option<Duration>) {
        let _ = (record, since_last);
    }
}

impl<F: Fn(&CallRecord) + Send + Sync + 'static> Observer for F {
    fn call(&self, record: &CallRecord) {
        self(record);
    }
}

/// Who observes a client's calls, and how much they see.
#[derive(Clone, Default)]
pub(crate) struct Observing {
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    /// Whether prompts and outputs are shown.
    pub(crate) content: bool,
}

impl fmt::Debug for Observing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observing").field("observers", &self.observers.len()).field("content", &self.content).finish()
    }
}
