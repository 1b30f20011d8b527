//! Polling for language bindings: JSON in, the final reply as it came out.

use std::time::Duration;

use super::run::{Ids, OnLook, Plan, Start, Steps, run};
use super::upload::{upload_batch, upload_file};
use super::{Poller, Target, VectorStoreFileBatchUploadParams, VectorStoreFileUploadParams};
use crate::client::{Args, CallFuture, Client, Parts, RequestOptions};
use crate::operation::Operation;
use crate::response::RawReply;

/// How the thing that is polled comes to be.
#[derive(Debug)]
#[non_exhaustive]
pub enum RawStart {
    /// It exists: the values of the path of the operation that fetches it.
    Existing(Vec<String>),
    /// By this call. Its id is in the reply, or, where the call is about an existing thing, in `ids`.
    Call {
        /// The operation.
        operation: &'static Operation,
        /// Its arguments.
        args: Args,
        /// All values of the path of the operation that fetches the thing, where they are known beforehand.
        ids: Option<Vec<String>>,
    },
    /// By uploading a file into the vector store of this id.
    UploadedFile(String, VectorStoreFileUploadParams),
    /// By uploading files into the vector store of this id.
    UploadedBatch(String, VectorStoreFileBatchUploadParams),
}

/// Polls `target` to its end, with this interval and limit where they are given. What [`Poll`](super::Poll) says of errors
/// holds here too.
///
/// # Errors
/// As [`Poll`](super::Poll).
pub fn poll_raw(
    client: Client,
    target: &'static Target,
    start: RawStart,
    limits: (Option<Duration>, Option<Duration>),
    options: RequestOptions,
) -> CallFuture<RawReply> {
    poll_raw_with(client, target, start, limits, options, None)
}

/// As [`poll_raw`], telling of each state.
///
/// # Errors
/// As [`poll_raw`].
pub fn poll_raw_with(
    client: Client,
    target: &'static Target,
    start: RawStart,
    (interval, max_wait): (Option<Duration>, Option<Duration>),
    options: RequestOptions,
    on_look: Option<OnLook>,
) -> CallFuture<RawReply> {
    let mut poller = Poller::new(target);
    if let Some(interval) = interval {
        poller = poller.interval(interval);
    }
    if let Some(limit) = max_wait {
        poller = poller.max_wait(limit);
    }
    let (start, ids) = match start {
        RawStart::Existing(ids) => (Start::None, Ids::Known(ids)),
        RawStart::UploadedFile(store, params) => (Start::Steps(upload_file(&store, params)), Ids::Below(vec![store])),
        RawStart::UploadedBatch(store, params) => (Start::Steps(upload_batch(&store, params)), Ids::Below(vec![store])),
        RawStart::Call { operation, args, ids } => {
            let below = args.path.clone();
            let missing = target.retrieve.path_params.len().saturating_sub(below.len());
            let ids = match (ids, missing) {
                (Some(ids), _) => Ids::Known(ids),
                (None, 0) => Ids::Known(below),
                (None, 1) => Ids::Below(below),
                (None, _) => Ids::NewThread,
            };
            let parts = Parts { client: client.clone(), op: operation, args: Ok(args), options: RequestOptions::new() };
            (Start::Call(Box::new(parts)), ids)
        }
    };
    run(Box::new(Plan { client, target, start, ids, poller, options, on_look }))
}

/// Uploads a file into the vector store of this id and does not wait.
///
/// # Errors
/// Any of the two requests.
pub fn upload_raw(
    client: Client,
    store: &str,
    params: VectorStoreFileUploadParams,
    options: RequestOptions,
) -> CallFuture<RawReply> {
    let steps: Steps = upload_file(store, params);
    steps(client, options)
}
