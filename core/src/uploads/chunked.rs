//! The call that uploads a file in parts.

use std::fmt;
use std::future::IntoFuture;

use super::run::{OnProgress, Plan, run};
use super::{DEFAULT_PART_SIZE, UploadProgress};
use crate::client::{CallFuture, RequestOptions, option_setters};
use crate::operations;
use crate::request::FileInput;
use crate::resources::Uploads;
use crate::response::Reply;
use crate::types::{ExpiresAfter, FilePurpose, Upload};
use crate::unfinished::Unfinished;

impl Uploads {
    /// Uploads a file of any size in parts, several at a time, and puts them together. The bytes of a file on disk are
    /// read while they are sent, and read again when a part has to be repeated.
    ///
    /// `POST /uploads`, then `POST /uploads/{upload_id}/parts` for each part, then
    /// `POST /uploads/{upload_id}/complete`.
    ///
    /// # Errors
    /// As [`ChunkedUpload`].
    pub fn upload_file_chunked(
        &self,
        file: impl Into<FileInput>,
        mime_type: impl Into<String>,
        purpose: impl Into<FilePurpose>,
    ) -> ChunkedUpload {
        let plan = Plan {
            client: self.client.clone(),
            file: file.into(),
            mime_type: mime_type.into(),
            purpose: purpose.into(),
            bytes: None,
            part_size: DEFAULT_PART_SIZE,
            max_concurrency: None,
            md5: None,
            compute_md5: false,
            expires_after: None,
            resume: None,
            cancel: true,
            options: RequestOptions::default(),
        };
        ChunkedUpload { plan: Box::new(plan), on_progress: None }
    }
}

/// An upload in parts. `.await` makes it and gives the completed upload with its file.
///
/// Each part is a call of its own: retried alone, with a `timeout` of its own. When one fails for good the others are
/// stopped and the upload is cancelled, unless [`keep_on_failure`](Self::keep_on_failure) was said. Dropping the future
/// stops everything and cancels nothing: the provider lets an upload expire after an hour.
///
/// # Errors
/// Kind `usage` if the file cannot be read, has no known length, or changes while it is uploaded; else any
/// [`Error`](crate::Error) of one of the requests, which names the part.
/// [`Error::unfinished`](crate::Error::unfinished) has the id of the upload, its status (`cancelled`, or `pending` if
/// parts can still be added), and the ids of the parts that are done.
#[must_use = "an upload does nothing until it is awaited"]
pub struct ChunkedUpload {
    plan: Box<Plan>,
    on_progress: Option<OnProgress>,
}

impl ChunkedUpload {
    option_setters!(.plan.options);

    /// Sets several options at once; what they leave unset stays. An idempotency key is that of the request which opens
    /// the upload.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.plan.options = options.over(&self.plan.options);
        self
    }

    /// Name of the file at the provider. Default: the name of the input.
    pub fn filename(mut self, filename: impl Into<String>) -> Self {
        self.plan.file = self.plan.file.with_filename(filename);
        self
    }

    /// Number of bytes, for a reader that does not know. Where it is known already, it must be the same.
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.plan.bytes = Some(bytes);
        self
    }

    /// Bytes a part. Default 64 MiB, the most that the provider takes.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.plan.part_size = bytes;
        self
    }

    /// How many parts are sent at a time; 0 counts as 1. Default 5, for a reader 2: its parts are held in memory.
    pub fn max_concurrency(mut self, count: usize) -> Self {
        self.plan.max_concurrency = Some(count);
        self
    }

    /// MD5 checksum of the whole file in hex digits, for the provider to compare.
    pub fn md5(mut self, sum: impl Into<String>) -> Self {
        self.plan.md5 = Some(sum.into());
        self
    }

    /// Has the provider compare the MD5 checksum that is computed here, which reads a file on disk once more.
    pub fn compute_md5(mut self) -> Self {
        self.plan.compute_md5 = true;
        self
    }

    /// When the finished file expires.
    pub fn expires_after(mut self, expires_after: impl Into<ExpiresAfter>) -> Self {
        self.plan.expires_after = Some(expires_after.into());
        self
    }

    /// Calls this once when the upload is open, and after each part.
    pub fn on_progress(mut self, progress: impl FnMut(&UploadProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(progress));
        self
    }

    /// Leaves the upload open when it fails, so that it can be [resumed](Self::resume) within the hour.
    pub fn keep_on_failure(mut self) -> Self {
        self.plan.cancel = false;
        self
    }

    /// Goes on with an upload that failed: no new one is opened, and its finished parts are not sent again. File and
    /// part size must be those of then.
    pub fn resume(mut self, unfinished: &Unfinished) -> Self {
        self.plan.resume = Some(unfinished.clone());
        self
    }
}

impl fmt::Debug for ChunkedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkedUpload")
            .field("file", &self.plan.file)
            .field("part_size", &self.plan.part_size)
            .field("options", &self.plan.options)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for ChunkedUpload {
    type Output = Result<Reply<Upload>, crate::Error>;
    type IntoFuture = CallFuture<Reply<Upload>>;

    fn into_future(self) -> Self::IntoFuture {
        let future = run(self.plan, self.on_progress);
        Box::pin(async move { Reply::from_raw(future.await?, operations::UPLOADS_COMPLETE.reply) })
    }
}
