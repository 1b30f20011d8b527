//! Large files: `uploads.upload_file_chunked`. Arguments of its own, on top of those of the official package:
//!
//! - `source`: where the bytes of `file` come from: `"bytes"` (default), `"path"` (a file on disk that holds them),
//!   `"reader"` (one of known length), `"unsized_reader"`.
//! - `max_concurrency`, `expires_after`, `compute_md5`, `keep_on_failure`; `resume`: `{"id", "uploaded"}` of an error's
//!   `unfinished`.
//! - `on_progress`: `"record"` answers with every progress as `events`, and the upload as `value`.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use serde_json::value::to_raw_value;
use threadline::types::{ExpiresAfter, FilePurpose};
use threadline::uploads::ChunkedUpload;
use threadline::{Client, FileInput, Json, Unfinished};

use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, Pending, Row, Usage};

pub(super) static ROWS: &[Row] = &[Row {
    id: "uploads.upload_file_chunked",
    path: &[],
    required: &["file", "mime_type", "purpose"],
    optional: &[
        "bytes",
        "filename",
        "md5",
        "part_size",
        "compute_md5",
        "expires_after",
        "keep_on_failure",
        "max_concurrency",
        "on_progress",
        "resume",
        "source",
    ],
    stream: None,
    run,
}];

fn run(client: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut a = a.clone();
    let missing = |name: &str| Usage::new(format!("misses the required argument `{name}`"));
    let source = a.take::<String>("source")?;
    let file = a.take::<Json>("file")?.ok_or_else(|| missing("file"))?;
    let (input, scratch) = input(&file, source.as_deref().unwrap_or("bytes"))?;
    let mime_type = a.take::<String>("mime_type")?.ok_or_else(|| missing("mime_type"))?;
    let purpose = a.take::<FilePurpose>("purpose")?.ok_or_else(|| missing("purpose"))?;
    let mut upload = client.uploads().upload_file_chunked(input, mime_type, purpose).options(a.options());
    upload = with_arguments(upload, &mut a)?;

    let record = match a.take::<String>("on_progress")?.as_deref() {
        None => false,
        Some("record") => true,
        Some(other) => return Err(Usage::new(format!("the argument `on_progress` cannot be `{other}`"))),
    };
    let seen = Arc::new(Mutex::new(Vec::new()));
    if record {
        let seen = Arc::clone(&seen);
        upload = upload.on_progress(move |progress| {
            let event = json!({
                "upload_id": progress.upload_id,
                "bytes_done": progress.bytes_done, "bytes_total": progress.bytes_total,
                "parts_done": progress.parts_done, "parts_total": progress.parts_total,
            });
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend(to_raw_value(&event));
        });
    }
    Ok(Box::pin(async move {
        let result = upload.await;
        drop(scratch);
        let events = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        let reply = match result {
            Ok(reply) => reply,
            Err(error) if record => return Answer::Stream { events, value: None, error: Some((&error).into()) },
            Err(error) => return Answer::failed(&error),
        };
        match encoded(&*reply) {
            Err(message) => Answer::usage(message),
            Ok(value) if record => Answer::Stream { events, value: Some(value), error: None },
            Ok(value) => Answer::Value { value, request_id: reply.request_id().map(Into::into) },
        }
    }))
}

fn with_arguments(mut upload: ChunkedUpload, a: &mut Arguments) -> Result<ChunkedUpload, Usage> {
    if let Some(filename) = a.take::<String>("filename")? {
        upload = upload.filename(filename);
    }
    if let Some(bytes) = number(a, "bytes")? {
        upload = upload.bytes(bytes);
    }
    if let Some(bytes) = number(a, "part_size")? {
        upload = upload.part_size(bytes);
    }
    if let Some(count) = number(a, "max_concurrency")? {
        upload = upload.max_concurrency(usize::try_from(count).unwrap_or(usize::MAX));
    }
    if let Some(sum) = a.take::<String>("md5")? {
        upload = upload.md5(sum);
    }
    if let Some(expires_after) = a.take::<ExpiresAfter>("expires_after")? {
        upload = upload.expires_after(expires_after);
    }
    if a.take::<bool>("compute_md5")? == Some(true) {
        upload = upload.compute_md5();
    }
    if a.take::<bool>("keep_on_failure")? == Some(true) {
        upload = upload.keep_on_failure();
    }
    if let Some(before) = a.take::<Json>("resume")? {
        let id = before.get("id").and_then(|id| id.as_string()).unwrap_or_default();
        let uploaded: Option<Vec<Option<String>>> = before.get("uploaded").and_then(|ids| ids.decode().ok());
        let uploaded = uploaded.ok_or_else(|| Usage::new("`resume` has `id` and `uploaded`"))?;
        upload = upload.resume(&Unfinished::new("uploads").id(id).uploaded(uploaded));
    }
    Ok(upload)
}

fn number(a: &mut Arguments, name: &str) -> Result<Option<u64>, Usage> {
    let number = a.take::<i64>(name)?.map(u64::try_from).transpose();
    number.map_err(|error| Usage::new(format!("the argument `{name}`: {error}")))
}

/// The file from where it is said to come, and what to remove when the call has ended.
fn input(file: &Json, source: &str) -> Result<(FileInput, Option<Scratch>), Usage> {
    let described = file.get("$file").ok_or_else(|| Usage::new("`file` is no file"))?;
    let text = |name| described.get(name).and_then(|value| value.as_string());
    let bytes = match (text("path"), text("text"), text("base64")) {
        (Some(path), ..) => return Ok((FileInput::from_path(path), None)),
        (None, Some(text), _) => text.into_bytes(),
        (None, None, base64) => {
            let base64 = base64.and_then(|base64| STANDARD.decode(base64).ok());
            base64.ok_or_else(|| Usage::new("`file` has no `path`, `text` or `base64`"))?
        }
    };
    let mut scratch = None;
    let input = match source {
        "bytes" => FileInput::from_bytes(bytes),
        "reader" => {
            let length = bytes.len() as u64;
            FileInput::from_sized_reader(Cursor::new(bytes), length)
        }
        "unsized_reader" => FileInput::from_reader(Cursor::new(bytes)),
        "path" => {
            let made = Scratch::new(&bytes).map_err(|error| Usage::new(format!("no temporary file: {error}")))?;
            let input = FileInput::from_path(&*made.0);
            scratch = Some(made);
            input
        }
        other => return Err(Usage::new(format!("the argument `source` cannot be `{other}`"))),
    };
    let named = text("filename").into_iter().fold(input, FileInput::with_filename);
    Ok((named, scratch))
}

/// A file on disk that goes away with the call.
struct Scratch(PathBuf);

impl Scratch {
    fn new(bytes: &[u8]) -> std::io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("threadline-upload-{}-{number}", std::process::id()));
        std::fs::write(&path, bytes)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
