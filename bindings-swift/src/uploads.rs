//! Large files in parts.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use threadline::Unfinished;
use threadline::json::decode;
use threadline::types::ExpiresAfter;

use crate::cancel::CancelHandle;
use crate::client::Client;
use crate::error::CallError;
use crate::files::Upload;
use crate::options::{options as call_options, read};
use crate::reply::{Head, Reply, header_lines};
use crate::runtime;

/// Hears how far an upload is.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// After each part, and at the beginning.
    fn progress(&self, upload_id: String, bytes_done: u64, bytes_total: u64, parts_done: u64, parts_total: u64);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    mime_type: String,
    purpose: String,
    filename: Option<String>,
    bytes: Option<u64>,
    part_size: Option<u64>,
    max_concurrency: Option<usize>,
    md5: Option<String>,
    #[serde(default)]
    compute_md5: bool,
    #[serde(default)]
    keep_on_failure: bool,
    expires_after: Option<Box<RawValue>>,
    resume: Option<Resume>,
}

/// What an upload had come to when it failed.
#[derive(Debug, Deserialize)]
struct Resume {
    id: String,
    #[serde(default)]
    uploaded: Vec<Option<String>>,
}

#[uniffi::export]
impl Client {
    /// Uploads a large file in parts. `arguments` is one JSON object with the names of the official package, and `max_concurrency`,
    /// `compute_md5`, `keep_on_failure`, `expires_after`, `resume` (`id` and `uploaded` of an error's `unfinished`).
    pub async fn upload_chunked(
        &self,
        file: Upload,
        arguments: String,
        options: String,
        listener: Option<Arc<dyn ProgressListener>>,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Reply, CallError> {
        let given: Arguments = read("arguments", &arguments)?;
        let uploads = self.core.uploads();
        let mut upload = uploads.upload_file_chunked(file.input()?, given.mime_type, given.purpose.as_str());
        upload = upload.options(call_options(&options)?);
        if let Some(name) = given.filename {
            upload = upload.filename(name);
        }
        if let Some(bytes) = given.bytes {
            upload = upload.bytes(bytes);
        }
        if let Some(bytes) = given.part_size {
            upload = upload.part_size(bytes);
        }
        if let Some(count) = given.max_concurrency {
            upload = upload.max_concurrency(count);
        }
        if let Some(sum) = given.md5 {
            upload = upload.md5(sum);
        }
        if given.compute_md5 {
            upload = upload.compute_md5();
        }
        if given.keep_on_failure {
            upload = upload.keep_on_failure();
        }
        if let Some(expiry) = given.expires_after.filter(|raw| raw.get() != "null") {
            let expiry = decode::<ExpiresAfter>(expiry.get().as_bytes());
            upload = upload.expires_after(expiry.map_err(|e| CallError::usage(format!("`expires_after`: {e}")))?);
        }
        if let Some(before) = given.resume {
            upload = upload.resume(&Unfinished::new("uploads").id(before.id).uploaded(before.uploaded));
        }
        if let Some(listener) = listener {
            upload = upload.on_progress(move |now| {
                let (done, total) = (now.parts_done as u64, now.parts_total as u64);
                listener.progress(now.upload_id.clone(), now.bytes_done, now.bytes_total, done, total);
            });
        }
        runtime::run(cancel, async move {
            let reply = upload.await?;
            Ok(Reply {
                head: Head {
                    status: reply.status(),
                    headers: header_lines(reply.headers()),
                    request_id: reply.request_id().map(Into::into),
                    attempts: reply.attempts(),
                },
                body: reply.raw_body().to_vec(),
                is_json: true,
                base64_vectors: false,
            })
        })
        .await
    }
}
