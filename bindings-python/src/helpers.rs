//! Helpers of several requests, and of none: polling, uploads in parts, webhooks, strict schemas.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use threadline::json::{Map, decode};
use threadline::polling::{
    OnLook, RawStart, Target, VectorStoreFileBatchUploadParams, VectorStoreFileUploadParams, poll_raw_with, upload_raw,
};
use threadline::structured::{check_schema, strict_schema};
use threadline::types::{ExpiresAfter, FileChunkingStrategyParam, VectorStoreAttribute};
use threadline::webhooks::WebhookVerifier;
use threadline::{Client as Core, Error, FileInput, Json, RawReply, Unfinished};

use crate::call::{self, Mode};
use crate::client::Client;
use crate::decode::Vectors;
use crate::encode::Encoder;
use crate::error::{About, decode_error, to_python};
use crate::files;
use crate::finish;
use crate::generated::ROWS;
use crate::host::Callback;
use crate::options::{self, seconds, setting};
use crate::pending::{Finish, Pending, block};
use crate::schema::Row;
use crate::types::Types;

/// A file argument.
fn file(value: &Bound<'_, PyAny>) -> PyResult<FileInput> {
    files::upload(value, Types::get(value.py())?)?.ok_or_else(no_file)
}

fn no_file() -> PyErr {
    PyTypeError::new_err("a file is a path, bytes, a file object or a tuple of name and one of these")
}

/// A JSON argument of a type of the core's.
macro_rules! typed {
    ($dict:expr, $name:literal, $type:ty) => {
        match setting!($dict, $name, Bound<'_, PyAny>) {
            Some(value) => {
                let text = Encoder::text(value.py(), &value)?;
                let value = decode::<$type>(text.as_bytes());
                Some(value.map_err(|error| PyValueError::new_err(format!("`{}`: {error}", $name)))?)
            }
            None => None,
        }
    };
}

fn store_file(settings: &Bound<'_, PyDict>) -> PyResult<VectorStoreFileUploadParams> {
    let given =
        setting!(settings, "file", Bound<'_, PyAny>).ok_or_else(|| PyTypeError::new_err("`file` is missing"))?;
    let mut params = VectorStoreFileUploadParams::new(file(&given)?);
    if let Some(attributes) = typed!(settings, "attributes", Map<VectorStoreAttribute>) {
        params = params.attributes(attributes);
    }
    if let Some(strategy) = typed!(settings, "chunking_strategy", FileChunkingStrategyParam) {
        params = params.chunking_strategy(strategy);
    }
    Ok(params)
}

fn store_batch(settings: &Bound<'_, PyDict>) -> PyResult<VectorStoreFileBatchUploadParams> {
    let given = setting!(settings, "files", Bound<'_, PyAny>);
    let mut inputs = Vec::new();
    for item in given.iter().flat_map(|files| files.try_iter()).flatten() {
        inputs.push(files::upload_later(&item?, Types::get(settings.py())?)?.ok_or_else(no_file)?);
    }
    let mut params = VectorStoreFileBatchUploadParams::new(inputs);
    if let Some(ids) = setting!(settings, "file_ids", Vec<String>) {
        params = params.file_ids(ids);
    }
    if let Some(count) = setting!(settings, "max_concurrency", i64) {
        params = params.max_concurrency(usize::try_from(count).unwrap_or(0));
    }
    if let Some(attributes) = typed!(settings, "attributes", Map<VectorStoreAttribute>) {
        params = params.attributes(attributes);
    }
    if let Some(strategy) = typed!(settings, "chunking_strategy", FileChunkingStrategyParam) {
        params = params.chunking_strategy(strategy);
    }
    Ok(params)
}

/// The work of a poll: `how` says what is polled and how it comes to be.
fn polling(
    core: Core,
    how: &Bound<'_, PyDict>,
    arguments: &Bound<'_, PyDict>,
) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
    let resource = setting!(how, "resource", String).unwrap_or_default();
    let target = Target::find(&resource)
        .ok_or_else(|| PyValueError::new_err(format!("things of `{resource}` cannot be polled")))?;
    let row = ROWS
        .iter()
        .find(|row| std::ptr::eq(row.operation, target.retrieve))
        .ok_or_else(|| PyValueError::new_err(format!("there is no method to fetch things of `{resource}`")))?;
    let mut request = options::of_call(arguments)?;
    let start = if let Some(operation) = setting!(how, "operation", usize) {
        let mut prepared = call::prepare(call::row(operation)?, arguments, Mode::Raw)?;
        let sending = prepared.sending();
        request = sending.options;
        RawStart::Call { operation: sending.operation, args: sending.args, ids: setting!(how, "ids", Vec<String>) }
    } else {
        let ids = setting!(how, "ids", Vec<String>).unwrap_or_default();
        let store = || ids.first().cloned().unwrap_or_default();
        match setting!(how, "upload", String).as_deref() {
            Some("file") => RawStart::UploadedFile(store(), store_file(arguments)?),
            Some("batch") => RawStart::UploadedBatch(store(), store_batch(arguments)?),
            _ => RawStart::Existing(ids),
        }
    };
    let interval = setting!(how, "interval", f64).map(seconds).transpose()?;
    let limit = setting!(how, "max_wait", f64).map(seconds).transpose()?;
    let on_look = setting!(how, "on_update", Bound<'_, PyAny>).map(|update| told(update, row)).transpose()?;
    let work = poll_raw_with(core, target, start, (interval, limit), request, on_look);
    Ok(outcome(work, row))
}

/// Shows each state to a function of Python's.
fn told(update: Bound<'_, PyAny>, row: &'static Row) -> PyResult<OnLook> {
    let update = Callback::here(update)?;
    Ok(Box::new(move |reply| {
        let (body, id) = (reply.body.clone(), reply.request_id().map(str::to_owned));
        update.notify(move |py| Ok((finish::of_body(py, &body, id.as_deref(), row)?,).into_pyobject(py)?.unbind()));
        Ok(())
    }))
}

/// Makes the Python value of a helper's last reply.
async fn outcome(work: impl Future<Output = Result<RawReply, Error>> + Send + 'static, row: &'static Row) -> Finish {
    let reply = work.await;
    Box::new(move |py| {
        let about = About::default();
        let reply = reply.map_err(|error| to_python(py, &error, &about))?;
        finish::value(py, &reply, row, Vectors::List, &about)
    })
}

/// Polls a thing to its end. `how`: `resource`, `operation` (that makes it), `ids`, `upload`, `interval`, `max_wait`.
#[pyfunction]
pub(crate) fn poll(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    how: &Bound<'_, PyDict>,
    arguments: &Bound<'_, PyDict>,
) -> PyResult<Py<PyAny>> {
    block(py, polling(client.get().core(py)?.0, how, arguments)?)
}

/// As `poll`, for the running event loop.
#[pyfunction]
pub(crate) fn poll_async(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    how: &Bound<'_, PyDict>,
    arguments: &Bound<'_, PyDict>,
) -> PyResult<Pending> {
    Pending::start(py, polling(client.get().core(py)?.0, how, arguments)?)
}

/// Uploads a file into a vector store.
#[pyfunction]
pub(crate) fn upload_store_file(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    store: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Py<PyAny>> {
    block(py, client.get().store_upload(py, store, settings)?)
}

/// As `upload_store_file`, for the running event loop.
#[pyfunction]
pub(crate) fn upload_store_file_async(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    store: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Pending> {
    Pending::start(py, client.get().store_upload(py, store, settings)?)
}

/// Uploads a large file in parts. `progress` is told: id, bytes done and in all, parts done and in all.
#[pyfunction]
pub(crate) fn upload_chunked(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    settings: &Bound<'_, PyDict>,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    block(py, client.get().chunked(py, settings, progress)?)
}

/// As `upload_chunked`, for the running event loop.
#[pyfunction]
pub(crate) fn upload_chunked_async(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    settings: &Bound<'_, PyDict>,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<Pending> {
    Pending::start(py, client.get().chunked(py, settings, progress)?)
}

impl Client {
    fn store_upload(
        &self,
        py: Python<'_>,
        store: &str,
        settings: &Bound<'_, PyDict>,
    ) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let work = upload_raw(self.core(py)?.0, store, store_file(settings)?, options::of_call(settings)?);
        Ok(outcome(work, named("vector_stores.files.retrieve")?))
    }

    fn chunked(
        &self,
        py: Python<'_>,
        settings: &Bound<'_, PyDict>,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let missing = |name: &str| PyTypeError::new_err(format!("`{name}` is missing"));
        let given = setting!(settings, "file", Bound<'_, PyAny>).ok_or_else(|| missing("file"))?;
        let mime_type = setting!(settings, "mime_type", String).ok_or_else(|| missing("mime_type"))?;
        let purpose = setting!(settings, "purpose", String).ok_or_else(|| missing("purpose"))?;
        let mut upload = self.core(py)?.0.uploads().upload_file_chunked(file(&given)?, mime_type, purpose.as_str());
        upload = upload.options(options::of_call(settings)?);
        if let Some(name) = setting!(settings, "filename", String) {
            upload = upload.filename(name);
        }
        if let Some(bytes) = setting!(settings, "bytes", u64) {
            upload = upload.bytes(bytes);
        }
        if let Some(bytes) = setting!(settings, "part_size", u64) {
            upload = upload.part_size(bytes);
        }
        if let Some(count) = setting!(settings, "max_concurrency", usize) {
            upload = upload.max_concurrency(count);
        }
        if let Some(sum) = setting!(settings, "md5", String) {
            upload = upload.md5(sum);
        }
        if setting!(settings, "compute_md5", bool) == Some(true) {
            upload = upload.compute_md5();
        }
        if setting!(settings, "keep_on_failure", bool) == Some(true) {
            upload = upload.keep_on_failure();
        }
        if let Some(expiry) = typed!(settings, "expires_after", ExpiresAfter) {
            upload = upload.expires_after(expiry);
        }
        if let Some(before) = setting!(settings, "resume", Bound<'_, PyDict>) {
            let id = setting!(before, "id", String).unwrap_or_default();
            let parts = setting!(before, "uploaded", Vec<Option<String>>).unwrap_or_default();
            upload = upload.resume(&Unfinished::new("uploads").id(id).uploaded(parts));
        }
        if let Some(progress) = progress {
            let progress = Callback::here(progress)?;
            upload = upload.on_progress(move |now| {
                let id = now.upload_id.clone();
                let told = (id, now.bytes_done, now.bytes_total, now.parts_done, now.parts_total);
                progress.notify(move |py| Ok(told.into_pyobject(py)?.unbind()));
            });
        }
        let row = named("uploads.complete")?;
        Ok(async move {
            let reply = upload.await;
            let finish: Finish = Box::new(move |py| {
                let about = About::default();
                let reply = reply.map_err(|error| to_python(py, &error, &about))?;
                finish::of_body(py, reply.raw_body(), reply.request_id(), row)
            });
            finish
        })
    }
}

pub(crate) fn named(name: &str) -> PyResult<&'static Row> {
    let found = ROWS.iter().find(|row| row.python == name);
    found.ok_or_else(|| PyValueError::new_err(format!("there is no method `{name}`")))
}

/// Checks the signature of a webhook's delivery. `now`: seconds since the epoch.
#[pyfunction]
pub(crate) fn verify_webhook(
    py: Python<'_>,
    payload: &Bound<'_, PyBytes>,
    headers: HashMap<String, Vec<String>>,
    secret: &str,
    tolerance: u64,
    now: f64,
) -> PyResult<()> {
    let check = || -> Result<(), Error> {
        let now = UNIX_EPOCH + Duration::try_from_secs_f64(now).unwrap_or_default();
        let verifier = WebhookVerifier::new(secret)?.tolerance(Duration::from_secs(tolerance)).now(now);
        verifier.verify(payload.as_bytes(), &headers)
    };
    check().map_err(|error| to_python(py, &error, &About::default()))
}

/// A JSON schema as strict outputs ask for it.
#[pyfunction]
pub(crate) fn strict(py: Python<'_>, schema: &str) -> PyResult<String> {
    let schema = Json::parse(schema).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let made = strict_schema(&schema).map_err(|error| to_python(py, &error, &About::default()))?;
    Ok(made.raw().to_owned())
}

/// Checks the text of an answer against the schema that was asked for.
#[pyfunction]
pub(crate) fn check(py: Python<'_>, text: &str, schema: &str) -> PyResult<()> {
    let schema = Json::parse(schema).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let checked = match Json::parse(text) {
        Ok(value) => check_schema(&value, &schema),
        Err(error) => Err(error.to_string()),
    };
    checked.map_err(|why| {
        let message = format!("the answer is not of the form that was asked for: {why}");
        to_python(py, &decode_error(message), &About::default())
    })
}
