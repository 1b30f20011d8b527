//! Files on their way into a vector store: uploaded first, attached then.

use futures_util::{StreamExt, stream};

use super::run::Steps;
use crate::client::{Client, RequestOptions};
use crate::error::Error;
use crate::json::Map;
use crate::request::FileInput;
use crate::response::execute;
use crate::types::{
    FileChunkingStrategyParam, FileCreateParams, VectorStoreAttribute, VectorStoreFileBatchCreateParams,
    VectorStoreFileCreateParams,
};
use crate::unfinished::Unfinished;

/// What files in vector stores are uploaded for.
const PURPOSE: &str = "assistants";
/// Uploads side by side, if the caller does not say.
const CONCURRENCY: usize = 5;

/// A file to upload into a vector store.
#[derive(Debug, Clone)]
#[must_use]
pub struct VectorStoreFileUploadParams {
    file: FileInput,
    attributes: Option<Map<VectorStoreAttribute>>,
    chunking_strategy: Option<FileChunkingStrategyParam>,
}

impl VectorStoreFileUploadParams {
    /// This file, with the provider's own way of cutting it into chunks.
    pub fn new(file: impl Into<FileInput>) -> Self {
        Self { file: file.into(), attributes: None, chunking_strategy: None }
    }

    /// Up to 16 pairs by which searches can filter.
    pub fn attributes(mut self, attributes: impl Into<Map<VectorStoreAttribute>>) -> Self {
        self.attributes = Some(attributes.into());
        self
    }

    /// How the file is cut into chunks.
    pub fn chunking_strategy(mut self, strategy: impl Into<FileChunkingStrategyParam>) -> Self {
        self.chunking_strategy = Some(strategy.into());
        self
    }
}

/// Files to upload into a vector store as one batch.
#[derive(Debug, Clone)]
#[must_use]
pub struct VectorStoreFileBatchUploadParams {
    files: Vec<FileInput>,
    file_ids: Vec<String>,
    attributes: Option<Map<VectorStoreAttribute>>,
    chunking_strategy: Option<FileChunkingStrategyParam>,
    max_concurrency: usize,
}

impl VectorStoreFileBatchUploadParams {
    /// These files.
    pub fn new<F: Into<FileInput>>(files: impl IntoIterator<Item = F>) -> Self {
        let files = files.into_iter().map(Into::into).collect();
        Self { files, file_ids: Vec::new(), attributes: None, chunking_strategy: None, max_concurrency: CONCURRENCY }
    }

    /// Ids of files that are uploaded already; they come first in the batch.
    pub fn file_ids<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        self.file_ids = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Attributes for all files: up to 16 pairs.
    pub fn attributes(mut self, attributes: impl Into<Map<VectorStoreAttribute>>) -> Self {
        self.attributes = Some(attributes.into());
        self
    }

    /// How the files are cut into chunks.
    pub fn chunking_strategy(mut self, strategy: impl Into<FileChunkingStrategyParam>) -> Self {
        self.chunking_strategy = Some(strategy.into());
        self
    }

    /// How many uploads run side by side. Default 5; 0 counts as 1.
    pub fn max_concurrency(mut self, count: usize) -> Self {
        self.max_concurrency = count;
        self
    }
}

/// The options of the uploads before the call that makes the thing, to which the caller's key and members belong.
fn of_uploads(options: &RequestOptions) -> RequestOptions {
    RequestOptions { idempotency_key: None, extra_body: Vec::new(), ..options.clone() }
}

/// Uploads one file and attaches it.
pub(super) fn upload_file(vector_store_id: &str, params: VectorStoreFileUploadParams) -> Steps {
    let vector_store_id = vector_store_id.to_owned();
    Box::new(move |client: Client, options: RequestOptions| {
        Box::pin(async move {
            let upload = FileCreateParams::new(params.file, PURPOSE);
            let file = client.files().create(upload).options(of_uploads(&options)).await?.into_inner();
            let mut attach = VectorStoreFileCreateParams::new(file.id.as_str());
            attach.attributes = params.attributes;
            attach.chunking_strategy = params.chunking_strategy;
            let call = client.vector_stores().files().create(&vector_store_id, attach).options(options);
            let left = || Unfinished::new("files").id(file.id).status(file.status.as_str());
            execute(call.inner).await.map_err(|error| error.with_unfinished(left()))
        })
    })
}

/// Uploads files side by side and makes a batch of them.
pub(super) fn upload_batch(vector_store_id: &str, params: VectorStoreFileBatchUploadParams) -> Steps {
    let vector_store_id = vector_store_id.to_owned();
    Box::new(move |client: Client, options: RequestOptions| {
        Box::pin(async move {
            let uploaded = upload_all(&client, params.files, params.max_concurrency, &of_uploads(&options)).await?;
            let mut ids = params.file_ids;
            ids.extend(uploaded.iter().cloned());
            let mut batch = VectorStoreFileBatchCreateParams::new().file_ids(ids);
            batch.attributes = params.attributes;
            batch.chunking_strategy = params.chunking_strategy;
            let call = client.vector_stores().file_batches().create(&vector_store_id, batch).options(options);
            let left = || unmade(uploaded.into_iter().map(Some).collect());
            execute(call.inner).await.map_err(|error| error.with_unfinished(left()))
        })
    })
}

/// Ids of the uploaded files, by their place. After a failure no further upload begins, but those under way are
/// waited for: their files exist in any case, and their ids are not to be lost.
async fn upload_all(
    client: &Client,
    files: Vec<FileInput>,
    max_concurrency: usize,
    options: &RequestOptions,
) -> Result<Vec<String>, Error> {
    let count = files.len();
    let mut left = files.into_iter().enumerate();
    let mut failed: Option<(usize, String, Error)> = None;
    let mut ids: Vec<Option<String>> = vec![None; count];
    let mut under_way = stream::FuturesUnordered::new();
    loop {
        while failed.is_none() && under_way.len() < max_concurrency.max(1) {
            let Some((place, file)) = left.next() else { break };
            let name = file.filename().to_owned();
            let call = client.files().create(FileCreateParams::new(file, PURPOSE)).options(options.clone());
            under_way.push(async move { (place, name, call.await) });
        }
        match under_way.next().await {
            None => break,
            Some((place, _, Ok(file))) => ids[place] = Some(file.into_inner().id),
            Some((place, name, Err(error))) if failed.as_ref().is_none_or(|(first, ..)| place < *first) => {
                failed = Some((place, name, error));
            }
            Some(_) => {}
        }
    }
    match failed {
        None => Ok(ids.into_iter().flatten().collect()),
        Some((place, name, error)) => {
            let message = format!("file {} of {count}, `{name}`, was not uploaded: {}", place + 1, error.message());
            Err(error.with_message(message).with_unfinished(unmade(ids)))
        }
    }
}

fn unmade(ids: Vec<Option<String>>) -> Unfinished {
    Unfinished::new("vector_stores.file_batches").uploaded(ids)
}
