//! An upload in parts, from opening to completion.

use std::time::Duration;

use futures_util::StreamExt;
use tracing::debug;

use super::source::{Hashing, Sum, length, pieces, unreadable};
use super::{Part, Parts, UploadProgress};
use crate::client::{CallFuture, Client, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::request::{FileInput, Whole};
use crate::response::{RawReply, execute};
use crate::types::{ExpiresAfter, FilePurpose, UploadCompleteParams, UploadCreateParams, UploadPartCreateParams};
use crate::unfinished::Unfinished;

/// Parts at a time, if the caller does not say.
const CONCURRENCY: usize = 5;
/// The same for readers, whose parts are held in memory.
const READER_CONCURRENCY: usize = 2;
/// Longest time for cancelling an upload that failed: the caller waits for the error.
const CANCEL_TIME: Duration = Duration::from_secs(10);

pub(super) type OnProgress = Box<dyn FnMut(&UploadProgress) + Send>;

/// What is known of an upload before it begins.
pub(super) struct Plan {
    pub(super) client: Client,
    pub(super) file: FileInput,
    pub(super) mime_type: String,
    pub(super) purpose: FilePurpose,
    pub(super) bytes: Option<u64>,
    pub(super) part_size: u64,
    pub(super) max_concurrency: Option<usize>,
    pub(super) md5: Option<String>,
    pub(super) compute_md5: bool,
    pub(super) expires_after: Option<ExpiresAfter>,
    pub(super) resume: Option<Unfinished>,
    pub(super) cancel: bool,
    pub(super) options: RequestOptions,
}

pub(super) fn run(mut plan: Box<Plan>, mut on_progress: Option<OnProgress>) -> CallFuture<RawReply> {
    Box::pin(async move {
        let whole = plan.file.whole().await.map_err(unreadable)?;
        let total = total(plan.bytes, length(&whole))?;
        let mut parts = Parts::new(total, plan.part_size)?;
        if let Some(before) = &plan.resume {
            parts.resume(&before.uploaded)?;
        }
        let sum = (plan.compute_md5 && plan.md5.is_none() && matches!(whole, Whole::Reader { .. })).then(Sum::default);
        let hashing = (plan.compute_md5 && plan.md5.is_none()).then(|| Hashing::begin(&whole)).flatten();
        let id = open(&plan, total).await?;
        let mut open = Open { id, options: each(&plan.options), parts };
        open.show(&mut on_progress);

        if let Err((part, error)) = open.send(&plan, whole, sum.clone(), &mut on_progress).await {
            let count = open.parts.ids().len();
            let error = match part {
                Some(part) => {
                    let message = format!("part {} of {count} was not uploaded: {}", part.index + 1, error.message());
                    error.with_message(message)
                }
                None => error,
            };
            return Err(open.failed(&plan, error, true).await);
        }
        let md5 = match (plan.md5.take(), hashing, sum) {
            (Some(given), ..) => Some(given),
            (None, Some(hashing), _) => match hashing.hex().await {
                Ok(hex) => Some(hex),
                Err(error) => return Err(open.failed(&plan, error, true).await),
            },
            (None, None, sum) => sum.map(|sum| sum.hex()),
        };
        match open.complete(&plan.client, md5).await {
            Ok(reply) => Ok(reply),
            Err(error) => {
                // Only a refusal tells that the upload is not complete; a lost reply does not.
                let refused =
                    error.status().is_some_and(|status| (400..500).contains(&status)) && !error.is_retryable();
                Err(open.failed(&plan, error, refused).await)
            }
        }
    })
}

fn total(given: Option<u64>, found: Option<u64>) -> Result<u64, Error> {
    match (given, found) {
        (Some(given), Some(found)) if given != found => {
            Err(Error::usage(format!("the file has {found} bytes, and not {given} as `bytes` says")))
        }
        (Some(bytes), _) | (None, Some(bytes)) => Ok(bytes),
        (None, None) => Err(Error::usage(
            "the length of the file is not known: give `bytes`, or use `FileInput::from_sized_reader`",
        )),
    }
}

/// Options of the requests after the first one, to which the caller's key and members belong.
fn each(options: &RequestOptions) -> RequestOptions {
    RequestOptions { idempotency_key: None, extra_body: Vec::new(), ..options.clone() }
}

/// Opens the upload, or names the one to go on with.
async fn open(plan: &Plan, total: u64) -> Result<String, Error> {
    if let Some(before) = &plan.resume {
        return before.id.clone().ok_or_else(|| Error::usage("the upload to resume has no id: begin a new one"));
    }
    let bytes = i64::try_from(total).map_err(|_| Error::usage("the file is too large for any server"))?;
    let (filename, mime_type) = (plan.file.filename().to_owned(), plan.mime_type.clone());
    let mut params = UploadCreateParams::new(bytes, filename, mime_type, plan.purpose.clone());
    params.expires_after = plan.expires_after.clone();
    let upload = plan.client.uploads().create(params).options(plan.options.clone()).await?;
    if upload.id.is_empty() {
        return Err(Error::new(ErrorKind::Decode, "the reply names no id of the upload, so no part can be added"));
    }
    Ok(upload.into_inner().id)
}

/// An upload that takes parts.
struct Open {
    id: String,
    options: RequestOptions,
    parts: Parts,
}

impl Open {
    /// Sends all parts that are missing. After the first failure nothing more is sent.
    async fn send(
        &mut self,
        plan: &Plan,
        whole: Whole,
        sum: Option<Sum>,
        on_progress: &mut Option<OnProgress>,
    ) -> Result<(), (Option<Part>, Error)> {
        let usual = if matches!(whole, Whole::Reader { .. }) { READER_CONCURRENCY } else { CONCURRENCY };
        let at_a_time = plan.max_concurrency.unwrap_or(usual).max(1);
        let missing: Vec<Part> = self.parts.missing().collect();
        let all = self.parts.all().collect();
        let uploads = plan.client.uploads().parts();
        let mut sent = pieces(whole, all, missing, sum)
            .map(|piece| {
                let (uploads, id, options) = (&uploads, &self.id, &self.options);
                async move {
                    let (part, bytes) = piece.map_err(|error| (None, error))?;
                    let call = uploads.create(id, UploadPartCreateParams::new(bytes)).options(options.clone());
                    let reply = call.await.map_err(|error| (Some(part), error))?;
                    Ok::<_, (Option<Part>, Error)>((part, reply.into_inner().id))
                }
            })
            .buffer_unordered(at_a_time);
        while let Some(result) = sent.next().await {
            let (part, part_id) = result?;
            debug!(upload = self.id, part = part.index, "part uploaded");
            self.parts.done(part.index, part_id);
            self.show(on_progress);
        }
        Ok(())
    }

    async fn complete(&self, client: &Client, md5: Option<String>) -> Result<RawReply, Error> {
        let ids: Vec<String> = self.parts.ids().iter().flatten().cloned().collect();
        let mut params = UploadCompleteParams::new(ids);
        params.md5 = md5;
        execute(client.uploads().complete(&self.id, params).options(self.options.clone()).inner).await
    }

    fn show(&self, on_progress: &mut Option<OnProgress>) {
        if let Some(on_progress) = on_progress {
            on_progress(&self.parts.progress(&self.id));
        }
    }

    /// The error with what is left of the upload, which is cancelled first if that is wanted.
    async fn failed(&self, plan: &Plan, error: Error, cancel: bool) -> Error {
        let left = Unfinished::new("uploads").id(self.id.as_str()).uploaded(self.parts.ids().to_vec());
        if !plan.cancel || !cancel {
            let left = if cancel { left.status("pending") } else { left };
            return error.with_unfinished(left);
        }
        let options = RequestOptions { timeout: Some(CANCEL_TIME), ..self.options.clone() };
        match plan.client.uploads().cancel(&self.id).options(options).await {
            Ok(upload) => error.with_unfinished(left.status(upload.status.as_str())),
            Err(second) => {
                let message = format!("{}; cancelling the upload failed too: {}", error.message(), second.message());
                error.with_message(message).with_unfinished(left.status("pending"))
            }
        }
    }
}
