//! Waiting for things that work at the provider: runs, indexed files, videos, batches, background responses.
//!
//! ```no_run
//! # async fn run(client: threadline::Client) -> Result<(), threadline::Error> {
//! use threadline::types::{RunCreateParams, RunStatus};
//!
//! let run = client.beta().threads().runs().create_and_poll("thread_1", RunCreateParams::new("asst_1")).await?;
//! assert_eq!(run.status, RunStatus::Completed);
//! # Ok(()) }
//! ```
//!
//! [`Poll`] is what the methods return, and its options are there. [`Poller`] is the state machine behind it, for
//! surfaces that drive it themselves; [`Target`] says what can be polled.

mod poll;
mod poller;
mod raw;
mod run;
mod surface;
mod target;
mod upload;

pub use self::poll::Poll;
pub use self::poller::{POLL_AFTER, Poller, Step};
pub use self::raw::{RawStart, poll_raw, poll_raw_with, upload_raw};
pub use self::run::OnLook;
pub use self::target::{
    BATCHES, BETA_RESPONSES, EVAL_RUNS, FILE_BATCHES, FILES, FINE_TUNING_JOBS, Pace, RESPONSES, RUNS, Target,
    VECTOR_STORE_FILES, VIDEOS,
};
pub use self::upload::{VectorStoreFileBatchUploadParams, VectorStoreFileUploadParams};
