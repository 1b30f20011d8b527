//! Helpers of several requests, and of none: polling, uploads in parts, webhooks, strict schemas.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use napi::bindgen_prelude::{Either, Uint8Array};
use napi::{Error, Result};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};
use threadline::json::{Decode, Map, decode};
use threadline::polling::{
    OnLook, RawStart, Target, VectorStoreFileBatchUploadParams, VectorStoreFileUploadParams, poll_raw_with, upload_raw,
};
use threadline::structured::strict_schema;
use threadline::types::{ExpiresAfter, FileChunkingStrategyParam, VectorStoreAttribute};
use threadline::webhooks::WebhookVerifier;
use threadline::{Args, Error as CoreError, FileInput, Json, RawReply, Unfinished};

use crate::client::{Client, operation, thrown};
use crate::error;
use crate::files::{self, Upload};
use crate::host::Callback;
use crate::item::{Head, Item};
use crate::options::{self, seconds};

/// What is polled, and how it comes to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct How {
    resource: String,
    /// The operation that makes it.
    #[serde(default)]
    operation: Option<u32>,
    /// Values of the path of the operation that fetches it, where they are known.
    #[serde(default)]
    ids: Option<Vec<String>>,
    /// `file` or `batch`: it comes to be by uploading into the vector store of the first id.
    #[serde(default)]
    upload: Option<String>,
    #[serde(default)]
    interval: Option<f64>,
    #[serde(default)]
    max_wait: Option<f64>,
    /// Whether each state is told as news.
    #[serde(default)]
    tell: bool,
}

/// What an upload into a vector store takes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Stored {
    attributes: Option<Value>,
    chunking_strategy: Option<Value>,
    file_ids: Option<Vec<String>>,
    max_concurrency: Option<i64>,
}

/// What an upload in parts takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunked {
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
    expires_after: Option<Value>,
    resume: Option<Before>,
}

/// An upload that was left unfinished.
#[derive(Deserialize)]
struct Before {
    id: String,
    #[serde(default)]
    uploaded: Vec<Option<String>>,
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::from_reason(error.to_string()))
}

fn typed<T: Decode>(name: &str, value: Option<Value>) -> Result<Option<T>> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let value = decode(value.to_string().as_bytes());
    value.map(Some).map_err(|error| Error::from_reason(format!("`{name}`: {error}")))
}

fn store_file(file: FileInput, given: Stored) -> Result<VectorStoreFileUploadParams> {
    let mut params = VectorStoreFileUploadParams::new(file);
    if let Some(attributes) = typed::<Map<VectorStoreAttribute>>("attributes", given.attributes)? {
        params = params.attributes(attributes);
    }
    if let Some(strategy) = typed::<FileChunkingStrategyParam>("chunking_strategy", given.chunking_strategy)? {
        params = params.chunking_strategy(strategy);
    }
    Ok(params)
}

fn store_batch(files: Vec<FileInput>, given: Stored) -> Result<VectorStoreFileBatchUploadParams> {
    let mut params = VectorStoreFileBatchUploadParams::new(files);
    if let Some(ids) = given.file_ids {
        params = params.file_ids(ids);
    }
    if let Some(count) = given.max_concurrency {
        params = params.max_concurrency(usize::try_from(count).unwrap_or(0));
    }
    if let Some(attributes) = typed::<Map<VectorStoreAttribute>>("attributes", given.attributes)? {
        params = params.attributes(attributes);
    }
    if let Some(strategy) = typed::<FileChunkingStrategyParam>("chunking_strategy", given.chunking_strategy)? {
        params = params.chunking_strategy(strategy);
    }
    Ok(params)
}

async fn outcome(id: u32, work: impl Future<Output = std::result::Result<RawReply, CoreError>>) -> Item {
    match work.await {
        Ok(reply) => {
            let head = Head { status: reply.status.as_u16(), headers: reply.headers, attempts: reply.attempts };
            Item::Text { id, head, body: reply.body, json: true }
        }
        Err(error) => Item::Failed { id, record: error::record(&error) },
    }
}

fn one_file(files: Option<Vec<Upload>>, hub: &Callback) -> Result<FileInput> {
    files::inputs(files, hub).pop().ok_or_else(|| Error::from_reason("`file` is missing"))
}

#[napi]
impl Client {
    /// Polls a thing to its end: `how` as JSON; path, `fields` and files are those of the call that makes it.
    #[napi]
    pub fn poll(
        &self,
        id: u32,
        how: String,
        path: Vec<String>,
        fields: String,
        options: Option<String>,
        files: Option<Vec<Upload>>,
    ) -> Result<()> {
        let how: How = read(&how)?;
        let hub = Callback::new(Arc::clone(&self.queue), 0);
        let target = Target::find(&how.resource)
            .ok_or_else(|| Error::from_reason(format!("things of `{}` cannot be polled", how.resource)))?;
        let store = || how.ids.iter().flatten().next().cloned().unwrap_or_default();
        let start = match (how.operation, how.upload.as_deref()) {
            (Some(number), _) => {
                let args = Args::new(path, fields, files::inputs(files, &hub));
                RawStart::Call { operation: operation(number)?, args, ids: how.ids }
            }
            (None, Some("file")) => {
                RawStart::UploadedFile(store(), store_file(one_file(files, &hub)?, read(&fields)?)?)
            }
            (None, Some(_)) => {
                RawStart::UploadedBatch(store(), store_batch(files::inputs(files, &hub), read(&fields)?)?)
            }
            (None, None) => RawStart::Existing(how.ids.unwrap_or_default()),
        };
        let time = |name, value: Option<f64>| value.map(|value| seconds(name, value)).transpose();
        let times = (time("interval", how.interval)?, time("max_wait", how.max_wait)?);
        let told = how.tell.then(|| -> OnLook {
            let queue = Arc::clone(&self.queue);
            Box::new(move |reply| {
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                queue.push(Item::News { id, text });
                Ok(())
            })
        });
        let options = options::parse(options.as_deref())?;
        let work = poll_raw_with(self.core.clone(), target, start, times, options, told);
        self.queue.spawn(id, outcome(id, work))
    }

    /// Uploads a file into a vector store and does not wait for it to be indexed.
    #[napi]
    pub fn upload_store_file(
        &self,
        id: u32,
        store: String,
        fields: String,
        options: Option<String>,
        files: Option<Vec<Upload>>,
    ) -> Result<()> {
        let file = one_file(files, &Callback::new(Arc::clone(&self.queue), 0))?;
        let params = store_file(file, read(&fields)?)?;
        let work = upload_raw(self.core.clone(), &store, params, options::parse(options.as_deref())?);
        self.queue.spawn(id, outcome(id, work))
    }

    /// Uploads a large file in parts; its progress is told as news.
    #[napi]
    pub fn upload_chunked(
        &self,
        id: u32,
        fields: String,
        options: Option<String>,
        files: Option<Vec<Upload>>,
    ) -> Result<()> {
        let given: Chunked = read(&fields)?;
        let file = one_file(files, &Callback::new(Arc::clone(&self.queue), 0))?;
        let mut upload = self.core.uploads().upload_file_chunked(file, given.mime_type, given.purpose.as_str());
        upload = upload.options(options::parse(options.as_deref())?);
        macro_rules! with {
            ($($name:ident)*) => { $( if let Some(value) = given.$name { upload = upload.$name(value); } )* };
        }
        with!(filename bytes part_size max_concurrency md5);
        if given.compute_md5 {
            upload = upload.compute_md5();
        }
        if given.keep_on_failure {
            upload = upload.keep_on_failure();
        }
        if let Some(expiry) = typed::<ExpiresAfter>("expires_after", given.expires_after)? {
            upload = upload.expires_after(expiry);
        }
        if let Some(before) = given.resume {
            upload = upload.resume(&Unfinished::new("uploads").id(before.id).uploaded(before.uploaded));
        }
        let queue = Arc::clone(&self.queue);
        let upload = upload.on_progress(move |now| {
            let text = json!({
                "upload_id": now.upload_id, "bytes_done": now.bytes_done, "bytes_total": now.bytes_total,
                "parts_done": now.parts_done, "parts_total": now.parts_total,
            });
            queue.push(Item::News { id, text: text.to_string() });
        });
        self.queue.spawn(id, async move {
            match upload.await {
                Ok(reply) => {
                    let head =
                        Head { status: reply.status(), headers: reply.headers().clone(), attempts: reply.attempts() };
                    Item::Text { id, head, body: reply.raw_body().clone(), json: true }
                }
                Err(error) => Item::Failed { id, record: error::record(&error) },
            }
        })
    }
}

/// Checks the signature of a webhook's delivery. `headers`: names and values in turns; `now`: seconds since the epoch.
#[napi]
pub fn verify_webhook(
    payload: Either<String, Uint8Array>,
    headers: Vec<String>,
    secret: String,
    tolerance: f64,
    now: f64,
) -> Result<()> {
    let mut map: HashMap<String, Vec<String>> = HashMap::new();
    for pair in headers.chunks_exact(2) {
        map.entry(pair[0].clone()).or_default().push(pair[1].clone());
    }
    let payload = match &payload {
        Either::A(text) => text.as_bytes(),
        Either::B(bytes) => bytes,
    };
    let check = || -> std::result::Result<(), CoreError> {
        let now = UNIX_EPOCH + Duration::try_from_secs_f64(now).unwrap_or_default();
        let tolerance = Duration::try_from_secs_f64(tolerance).unwrap_or_default();
        WebhookVerifier::new(secret.as_str())?.tolerance(tolerance).now(now).verify(payload, &map)
    };
    check().map_err(|error| thrown(&error))
}

/// A JSON schema as strict outputs ask for it.
#[napi]
pub fn strict(schema: String) -> Result<String> {
    let schema = Json::parse(&schema).map_err(|error| Error::from_reason(error.to_string()))?;
    let made = strict_schema(&schema).map_err(|error| thrown(&error))?;
    Ok(made.raw().to_owned())
}

/// Whether JSON is of a schema: nothing, or where it is not.
#[napi]
pub fn check_schema(value: String, schema: String) -> Result<Option<String>> {
    let read = |text: &str| Json::parse(text).map_err(|error| Error::from_reason(error.to_string()));
    Ok(threadline::structured::check_schema(&read(&value)?, &read(&schema)?).err())
}

/// JSON text as the core reads it, written anew: what servers get wrong and the core reads all the same, JSON.parse does not.
#[napi]
pub fn normalise(text: String) -> Result<String> {
    let value = decode::<Json>(text.as_bytes()).map_err(|error| Error::from_reason(error.to_string()))?;
    Ok(value.raw().to_owned())
}
