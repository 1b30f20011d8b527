//! Helpers that poll. Arguments of their own, on top of those of the operation that makes the thing:
//!
//! - `poll_interval_ms`, `max_wait_seconds`: as in the official packages.
//! - `on_update`: `"record"` answers with every state that was seen as `events`, and the final one as `value`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use threadline::json::{Decode, Encode};
use threadline::polling::{VectorStoreFileBatchUploadParams, VectorStoreFileUploadParams};
use threadline::{FileInput, Poll};

use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, Pending, Row, Usage};

/// The arguments of a call, those of the polling taken out.
struct Polling {
    a: Arguments,
    interval: Option<Duration>,
    max_wait: Option<Duration>,
    record: bool,
}

impl Polling {
    fn new(a: &Arguments) -> Result<Self, Usage> {
        let mut a = a.clone();
        let interval = match (a.take::<f64>("poll_interval_ms")?, a.take::<f64>("poll_interval")?) {
            (Some(ms), _) => Some(ms / 1000.0),
            (None, seconds) => seconds,
        };
        let interval = seconds("poll_interval_ms", interval)?;
        let max_wait = a.take::<f64>("max_wait_seconds")?;
        let max_wait = seconds("max_wait_seconds", max_wait)?;
        let record = match a.take::<String>("on_update")?.as_deref() {
            None => false,
            Some("record") => true,
            Some(other) => return Err(Usage::new(format!("the argument `on_update` cannot be `{other}`"))),
        };
        Ok(Self { a, interval, max_wait, record })
    }

    fn finish<T: Decode + Encode + Send + 'static>(&self, poll: Poll<T>) -> Pending {
        let mut poll = poll.options(self.a.options());
        if let Some(interval) = self.interval {
            poll = poll.interval(interval);
        }
        if let Some(limit) = self.max_wait {
            poll = poll.max_wait(limit);
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        if self.record {
            let seen = Arc::clone(&seen);
            let note = move |state: &T| seen.lock().unwrap_or_else(PoisonError::into_inner).push(encoded(state));
            poll = poll.on_update(note);
        }
        let record = self.record;
        Box::pin(async move {
            let result = poll.await;
            let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
            let events: Vec<_> = match seen.into_iter().collect() {
                Ok(events) => events,
                Err(message) => return Answer::usage(message),
            };
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
        })
    }
}

fn seconds(name: &str, value: Option<f64>) -> Result<Option<Duration>, Usage> {
    let duration = |seconds| Duration::try_from_secs_f64(seconds);
    value.map(duration).transpose().map_err(|error| Usage::new(format!("the argument `{name}`: {error}")))
}

fn file(a: &mut Arguments) -> Result<VectorStoreFileUploadParams, Usage> {
    let missing = || Usage::new("misses the required argument `file`");
    let mut params = VectorStoreFileUploadParams::new(a.take::<FileInput>("file")?.ok_or_else(missing)?);
    if let Some(attributes) = a.take::<threadline::json::Map<_>>("attributes")? {
        params = params.attributes(attributes);
    }
    if let Some(strategy) = a.take::<threadline::types::FileChunkingStrategyParam>("chunking_strategy")? {
        params = params.chunking_strategy(strategy);
    }
    Ok(params)
}

fn files(a: &mut Arguments) -> Result<VectorStoreFileBatchUploadParams, Usage> {
    let mut params = VectorStoreFileBatchUploadParams::new(a.take::<Vec<FileInput>>("files")?.unwrap_or_default());
    if let Some(ids) = a.take::<Vec<String>>("file_ids")? {
        params = params.file_ids(ids);
    }
    if let Some(count) = a.take::<i64>("max_concurrency")? {
        params = params.max_concurrency(usize::try_from(count).unwrap_or(0));
    }
    if let Some(attributes) = a.take::<threadline::json::Map<_>>("attributes")? {
        params = params.attributes(attributes);
    }
    if let Some(strategy) = a.take::<threadline::types::FileChunkingStrategyParam>("chunking_strategy")? {
        params = params.chunking_strategy(strategy);
    }
    Ok(params)
}

pub(super) static ROWS: &[Row] = &[
    Row {
        id: "vector_stores.files.upload",
        path: &["vector_store_id"],
        required: &["file", "vector_store_id"],
        optional: &["attributes", "chunking_strategy"],
        stream: None,
        run: |c, a| {
            let mut a = a.clone();
            let (id, files) =
                (a.path("vector_store_id")?.to_owned(), c.with_options(a.options()).vector_stores().files());
            let file = file(&mut a)?;
            Ok(Box::pin(async move {
                match files.upload(&id, file).await {
                    Err(error) => Answer::failed(&error),
                    Ok(reply) => match encoded(&*reply) {
                        Err(message) => Answer::usage(message),
                        Ok(value) => Answer::Value { value, request_id: reply.request_id().map(Into::into) },
                    },
                }
            }))
        },
    },
    Row {
        id: "beta.threads.create_and_run_poll",
        path: &[],
        required: &["assistant_id"],
        optional: &["=beta.threads.create_and_run", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.beta().threads().create_and_run_poll(p.a.params()?)))
        },
    },
    Row {
        id: "beta.threads.runs.create_and_poll",
        path: &["thread_id"],
        required: &["assistant_id", "thread_id"],
        optional: &["=beta.threads.runs.create", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.beta().threads().runs().create_and_poll(p.a.path("thread_id")?, p.a.params()?)))
        },
    },
    Row {
        id: "beta.threads.runs.poll",
        path: &["thread_id", "run_id"],
        required: &["run_id", "thread_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.beta().threads().runs().poll(p.a.path("thread_id")?, p.a.path("run_id")?)))
        },
    },
    Row {
        id: "beta.threads.runs.submit_tool_outputs_and_poll",
        path: &["thread_id", "run_id"],
        required: &["run_id", "thread_id", "tool_outputs"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.beta().threads().runs().submit_tool_outputs_and_poll(
                p.a.path("thread_id")?,
                p.a.path("run_id")?,
                p.a.params()?,
            )))
        },
    },
    Row {
        id: "vector_stores.files.create_and_poll",
        path: &["vector_store_id"],
        required: &["file_id", "vector_store_id"],
        optional: &["attributes", "chunking_strategy", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.vector_stores().files().create_and_poll(p.a.path("vector_store_id")?, p.a.params()?)))
        },
    },
    Row {
        id: "vector_stores.files.poll",
        path: &["vector_store_id", "file_id"],
        required: &["file_id", "vector_store_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.vector_stores().files().poll(p.a.path("vector_store_id")?, p.a.path("file_id")?)))
        },
    },
    Row {
        id: "vector_stores.files.upload_and_poll",
        path: &["vector_store_id"],
        required: &["file", "vector_store_id"],
        optional: &["attributes", "chunking_strategy", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let mut p = Polling::new(a)?;
            let file = file(&mut p.a)?;
            Ok(p.finish(c.vector_stores().files().upload_and_poll(p.a.path("vector_store_id")?, file)))
        },
    },
    Row {
        id: "vector_stores.file_batches.create_and_poll",
        path: &["vector_store_id"],
        required: &["vector_store_id"],
        optional: &["=vector_stores.file_batches.create", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.vector_stores().file_batches().create_and_poll(p.a.path("vector_store_id")?, p.a.params()?)))
        },
    },
    Row {
        id: "vector_stores.file_batches.poll",
        path: &["vector_store_id", "batch_id"],
        required: &["batch_id", "vector_store_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.vector_stores().file_batches().poll(p.a.path("vector_store_id")?, p.a.path("batch_id")?)))
        },
    },
    Row {
        id: "vector_stores.file_batches.upload_and_poll",
        path: &["vector_store_id"],
        required: &["files", "vector_store_id"],
        optional: &[
            "attributes",
            "chunking_strategy",
            "file_ids",
            "max_concurrency",
            "poll_interval_ms",
            "max_wait_seconds",
            "on_update",
        ],
        stream: None,
        run: |c, a| {
            let mut p = Polling::new(a)?;
            let files = files(&mut p.a)?;
            Ok(p.finish(c.vector_stores().file_batches().upload_and_poll(p.a.path("vector_store_id")?, files)))
        },
    },
    Row {
        id: "videos.create_and_poll",
        path: &[],
        required: &["prompt"],
        optional: &["input_reference", "model", "seconds", "size", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.videos().create_and_poll(p.a.params()?)))
        },
    },
    Row {
        id: "videos.poll",
        path: &["video_id"],
        required: &["video_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.videos().poll(p.a.path("video_id")?)))
        },
    },
    Row {
        id: "files.wait_for_processing",
        path: &["id"],
        required: &["id"],
        optional: &["poll_interval", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.files().wait_for_processing(p.a.path("id")?)))
        },
    },
    Row {
        id: "batches.create_and_poll",
        path: &[],
        required: &["endpoint", "input_file_id"],
        optional: &["=batches.create", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.batches().create_and_poll(p.a.params()?)))
        },
    },
    Row {
        id: "batches.poll",
        path: &["batch_id"],
        required: &["batch_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.batches().poll(p.a.path("batch_id")?)))
        },
    },
    Row {
        id: "fine_tuning.jobs.create_and_poll",
        path: &[],
        required: &["model", "training_file"],
        optional: &["=fine_tuning.jobs.create", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.fine_tuning().jobs().create_and_poll(p.a.params()?)))
        },
    },
    Row {
        id: "fine_tuning.jobs.poll",
        path: &["fine_tuning_job_id"],
        required: &["fine_tuning_job_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.fine_tuning().jobs().poll(p.a.path("fine_tuning_job_id")?)))
        },
    },
    Row {
        id: "evals.runs.create_and_poll",
        path: &["eval_id"],
        required: &["data_source", "eval_id"],
        optional: &["metadata", "name", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.evals().runs().create_and_poll(p.a.path("eval_id")?, p.a.params()?)))
        },
    },
    Row {
        id: "evals.runs.poll",
        path: &["eval_id", "run_id"],
        required: &["eval_id", "run_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.evals().runs().poll(p.a.path("eval_id")?, p.a.path("run_id")?)))
        },
    },
    Row {
        id: "responses.create_and_poll",
        path: &[],
        required: &[],
        optional: &["=responses.create", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.responses().create_and_poll(p.a.params()?)))
        },
    },
    Row {
        id: "responses.poll",
        path: &["response_id"],
        required: &["response_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.responses().poll(p.a.path("response_id")?)))
        },
    },
    Row {
        id: "beta.responses.create_and_poll",
        path: &[],
        required: &[],
        optional: &["=beta.responses.create", "poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.beta().responses().create_and_poll(p.a.params()?)))
        },
    },
    Row {
        id: "beta.responses.poll",
        path: &["response_id"],
        required: &["response_id"],
        optional: &["poll_interval_ms", "max_wait_seconds", "on_update"],
        stream: None,
        run: |c, a| {
            let p = Polling::new(a)?;
            Ok(p.finish(c.beta().responses().poll(p.a.path("response_id")?)))
        },
    },
];
