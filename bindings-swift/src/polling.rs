//! Waiting for what works at the provider.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use threadline::json::{Map, decode};
use threadline::polling::{
    OnLook, RawStart, Target, VectorStoreFileBatchUploadParams, VectorStoreFileUploadParams, poll_raw_with, upload_raw,
};
use threadline::types::{FileChunkingStrategyParam, VectorStoreAttribute};
use threadline::undocumented::Answer;

use threadline::settings::duration;

use crate::cancel::CancelHandle;
use crate::client::{Client, prepared};
use crate::error::CallError;
use crate::files::{Upload, inputs};
use crate::options::{options as call_options, read};
use crate::reply::Reply;
use crate::runtime;

/// What is polled, and how it comes to be. Just one of `operation`, `upload` and neither (a thing that exists).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct How {
    /// Whose things: `beta.threads.runs`.
    resource: String,
    /// The operation that makes the thing, with the path and fields of the call.
    operation: Option<String>,
    /// All values of the path of the operation that fetches the thing, where they are known beforehand.
    ids: Option<Vec<String>>,
    /// `file` or `batch`: files are uploaded into the vector store of the first id.
    upload: Option<String>,
    interval_s: Option<f64>,
    max_wait_s: Option<f64>,
}

/// What an upload into a vector store takes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreArguments {
    attributes: Option<Box<RawValue>>,
    chunking_strategy: Option<Box<RawValue>>,
    file_ids: Option<Vec<String>>,
    max_concurrency: Option<usize>,
}

impl StoreArguments {
    fn read(json: &[u8]) -> Result<Self, CallError> {
        match json {
            [] => Ok(Self::default()),
            json => read("arguments", &String::from_utf8_lossy(json)),
        }
    }

    fn attributes(&self) -> Result<Option<Map<VectorStoreAttribute>>, CallError> {
        typed("attributes", self.attributes.as_deref())
    }

    fn strategy(&self) -> Result<Option<FileChunkingStrategyParam>, CallError> {
        typed("chunking_strategy", self.chunking_strategy.as_deref())
    }

    fn file(self, files: Vec<Upload>) -> Result<VectorStoreFileUploadParams, CallError> {
        let file = inputs(files)?.pop().ok_or_else(|| CallError::usage("misses the required argument `file`"))?;
        let mut params = VectorStoreFileUploadParams::new(file);
        if let Some(attributes) = self.attributes()? {
            params = params.attributes(attributes);
        }
        if let Some(strategy) = self.strategy()? {
            params = params.chunking_strategy(strategy);
        }
        Ok(params)
    }

    fn batch(self, files: Vec<Upload>) -> Result<VectorStoreFileBatchUploadParams, CallError> {
        let mut params = VectorStoreFileBatchUploadParams::new(inputs(files)?);
        if let Some(attributes) = self.attributes()? {
            params = params.attributes(attributes);
        }
        if let Some(strategy) = self.strategy()? {
            params = params.chunking_strategy(strategy);
        }
        if let Some(count) = self.max_concurrency {
            params = params.max_concurrency(count);
        }
        Ok(match self.file_ids {
            Some(ids) => params.file_ids(ids),
            None => params,
        })
    }
}

fn typed<T: threadline::json::Decode>(name: &str, raw: Option<&RawValue>) -> Result<Option<T>, CallError> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(None) };
    let value = decode(raw.get().as_bytes());
    value.map(Some).map_err(|error| CallError::usage(format!("the argument `{name}`: {error}")))
}

/// Hears of each state that a poll sees.
#[uniffi::export(with_foreign)]
pub trait UpdateListener: Send + Sync {
    /// The reply that told the state; the last one too. To be answered at once.
    fn updated(&self, reply: Reply);
}

fn on_look(listener: Arc<dyn UpdateListener>) -> OnLook {
    Box::new(move |reply| {
        // A thread of the runtime waits for the host here, which answers at once.
        tokio::task::block_in_place(|| listener.updated(reply.clone().into()));
        Ok(())
    })
}

#[uniffi::export]
impl Client {
    /// Makes a thing, or takes one that exists, and waits until the provider has done with it. `how` is one JSON object (`resource`,
    /// `operation`, `ids`, `upload`, `interval_s`, `max_wait_s`); `path`, `fields` and `files` belong to the operation that makes it.
    /// `listener` hears of each state that is seen.
    #[uniffi::method(default(listener = None))]
    #[allow(clippy::too_many_arguments)] // crosses into other languages, where each has its name
    pub async fn poll(
        &self,
        how: String,
        path: Vec<String>,
        fields: Vec<u8>,
        files: Vec<Upload>,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
        listener: Option<Arc<dyn UpdateListener>>,
    ) -> Result<Reply, CallError> {
        let how: How = read("how", &how)?;
        let target = Target::find(&how.resource)
            .ok_or_else(|| CallError::usage(format!("things of `{}` cannot be polled", how.resource)))?;
        let times = (duration("interval_s", how.interval_s)?, duration("max_wait_s", how.max_wait_s)?);
        let store = how.ids.as_ref().and_then(|ids| ids.first()).cloned().unwrap_or_default();
        let (start, options) = match (how.operation, how.upload.as_deref()) {
            (Some(operation), _) => {
                let (operation, args, options) = prepared(&operation, path, fields, files, &options, Answer::Whole)?;
                (RawStart::Call { operation, args, ids: how.ids }, options)
            }
            (None, Some("file")) => {
                let params = StoreArguments::read(&fields)?.file(files)?;
                (RawStart::UploadedFile(store, params), call_options(&options)?)
            }
            (None, Some("batch")) => {
                let params = StoreArguments::read(&fields)?.batch(files)?;
                (RawStart::UploadedBatch(store, params), call_options(&options)?)
            }
            (None, _) => (RawStart::Existing(how.ids.unwrap_or_default()), call_options(&options)?),
        };
        let work = poll_raw_with(self.core.clone(), target, start, times, options, listener.map(on_look));
        runtime::run(cancel, async move { Ok(work.await?.into()) }).await
    }

    /// Uploads a file into the vector store of this id and does not wait.
    pub async fn upload_store_file(
        &self,
        store: String,
        fields: Vec<u8>,
        file: Upload,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Reply, CallError> {
        let params = StoreArguments::read(&fields)?.file(vec![file])?;
        let work = upload_raw(self.core.clone(), &store, params, call_options(&options)?);
        runtime::run(cancel, async move { Ok(work.await?.into()) }).await
    }
}
