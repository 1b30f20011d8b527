//! The methods that poll, by their official names where the official packages have them.

use super::run::Ids;
use super::target::*;
use super::upload::{upload_batch, upload_file};
use super::{Poll, VectorStoreFileBatchUploadParams, VectorStoreFileUploadParams};
use crate::client::RequestOptions;
use crate::error::Error;
use crate::resources::{
    Batches, BetaResponses, BetaThreads, BetaThreadsRuns, EvalsRuns, Files, FineTuningJobs, Responses,
    VectorStoresFileBatches, VectorStoresFiles, Videos,
};
use crate::response::Reply;
use crate::types::{
    Batch, BatchCreateParams, BetaResponse, BetaResponseCreateParams, EvalRun, EvalRunCreateParams, FileObject,
    FineTuningJob, FineTuningJobCreateParams, Response, ResponseCreateParams, Run, RunCreateParams,
    RunSubmitToolOutputsParams, ThreadCreateAndRunParams, VectorStoreFile, VectorStoreFileBatch,
    VectorStoreFileBatchCreateParams, VectorStoreFileCreateParams, Video, VideoCreateParams,
};

/// The ids above the one that is made.
fn below(ids: &[&str]) -> Ids {
    Ids::Below(ids.iter().map(|id| (*id).to_owned()).collect())
}

impl BetaThreads {
    /// Makes a thread, runs it, and waits until the run ends or requires an action.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_run_poll(&self, params: ThreadCreateAndRunParams) -> Poll<Run> {
        Poll::after(self.create_and_run(params), &RUNS, Ids::NewThread)
    }
}

impl BetaThreadsRuns {
    /// Starts a run and waits until it ends or requires an action.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, thread_id: &str, params: RunCreateParams) -> Poll<Run> {
        Poll::after(self.create(thread_id, params), &RUNS, below(&[thread_id]))
    }

    /// Waits until a run ends or requires an action.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, thread_id: &str, run_id: &str) -> Poll<Run> {
        Poll::existing(&self.client, &RUNS, &[thread_id, run_id])
    }

    /// Gives a run the outputs it requires, and waits until it ends or requires the next action.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn submit_tool_outputs_and_poll(
        &self,
        thread_id: &str,
        run_id: &str,
        params: RunSubmitToolOutputsParams,
    ) -> Poll<Run> {
        let ids = Ids::Known(vec![thread_id.to_owned(), run_id.to_owned()]);
        Poll::after(self.submit_tool_outputs(thread_id, run_id, params), &RUNS, ids)
    }
}

impl VectorStoresFiles {
    /// Attaches an uploaded file to a vector store and waits until it is indexed, or is not.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, vector_store_id: &str, params: VectorStoreFileCreateParams) -> Poll<VectorStoreFile> {
        let ids = Ids::Known(vec![vector_store_id.to_owned(), params.file_id.clone()]);
        Poll::after(self.create(vector_store_id, params), &VECTOR_STORE_FILES, ids)
    }

    /// Uploads a file and attaches it to a vector store, which indexes it in the background.
    ///
    /// # Errors
    /// Any [`Error`] of the two requests; the second one's names the uploaded file in
    /// [`unfinished`](Error::unfinished).
    pub async fn upload(
        &self,
        vector_store_id: &str,
        params: VectorStoreFileUploadParams,
    ) -> Result<Reply<VectorStoreFile>, Error> {
        let steps = upload_file(vector_store_id, params);
        let raw = steps(self.client.clone(), RequestOptions::new()).await?;
        Reply::from_raw(raw, VECTOR_STORE_FILES.retrieve.reply)
    }

    /// Uploads a file, attaches it to a vector store, and waits until it is indexed, or is not.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn upload_and_poll(&self, vector_store_id: &str, params: VectorStoreFileUploadParams) -> Poll<VectorStoreFile> {
        let steps = upload_file(vector_store_id, params);
        Poll::after_steps(&self.client, &VECTOR_STORE_FILES, below(&[vector_store_id]), steps)
    }

    /// Waits until a file of a vector store is indexed, or is not.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, vector_store_id: &str, file_id: &str) -> Poll<VectorStoreFile> {
        Poll::existing(&self.client, &VECTOR_STORE_FILES, &[vector_store_id, file_id])
    }
}

impl VectorStoresFileBatches {
    /// Attaches uploaded files to a vector store and waits until none of them is in progress. `file_counts` tells how
    /// many failed.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(
        &self,
        vector_store_id: &str,
        params: VectorStoreFileBatchCreateParams,
    ) -> Poll<VectorStoreFileBatch> {
        Poll::after(self.create(vector_store_id, params), &FILE_BATCHES, below(&[vector_store_id]))
    }

    /// Uploads files side by side, attaches them to a vector store in the order given, and waits until none of them is
    /// in progress.
    ///
    /// # Errors
    /// As [`Poll`]. Where an upload fails, the message says which; no batch is made then, and
    /// [`unfinished`](Error::unfinished) has the ids of the files that are there.
    pub fn upload_and_poll(
        &self,
        vector_store_id: &str,
        params: VectorStoreFileBatchUploadParams,
    ) -> Poll<VectorStoreFileBatch> {
        let steps = upload_batch(vector_store_id, params);
        Poll::after_steps(&self.client, &FILE_BATCHES, below(&[vector_store_id]), steps)
    }

    /// Waits until no file of a batch is in progress.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, vector_store_id: &str, batch_id: &str) -> Poll<VectorStoreFileBatch> {
        Poll::existing(&self.client, &FILE_BATCHES, &[vector_store_id, batch_id])
    }
}

impl Videos {
    /// Queues a video and waits until it is made, or is not.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, params: VideoCreateParams) -> Poll<Video> {
        Poll::after(self.create(params), &VIDEOS, below(&[]))
    }

    /// Waits until a video is made, or is not.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, video_id: &str) -> Poll<Video> {
        Poll::existing(&self.client, &VIDEOS, &[video_id])
    }
}

impl Files {
    /// Waits until a file is checked: `processed`, `error` or `deleted`. Looks every five seconds, for half an hour at
    /// most, if not told otherwise.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn wait_for_processing(&self, file_id: &str) -> Poll<FileObject> {
        Poll::existing(&self.client, &FILES, &[file_id])
    }
}

impl Batches {
    /// Starts a batch of requests and waits until it ends, which may take a day.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, params: BatchCreateParams) -> Poll<Batch> {
        Poll::after(self.create(params), &BATCHES, below(&[]))
    }

    /// Waits until a batch ends.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, batch_id: &str) -> Poll<Batch> {
        Poll::existing(&self.client, &BATCHES, &[batch_id])
    }
}

impl FineTuningJobs {
    /// Starts a fine-tuning job and waits until it ends, which may take hours.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, params: FineTuningJobCreateParams) -> Poll<FineTuningJob> {
        Poll::after(self.create(params), &FINE_TUNING_JOBS, below(&[]))
    }

    /// Waits until a fine-tuning job ends.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, fine_tuning_job_id: &str) -> Poll<FineTuningJob> {
        Poll::existing(&self.client, &FINE_TUNING_JOBS, &[fine_tuning_job_id])
    }
}

impl EvalsRuns {
    /// Starts a run of an eval and waits until it ends.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, eval_id: &str, params: EvalRunCreateParams) -> Poll<EvalRun> {
        Poll::after(self.create(eval_id, params), &EVAL_RUNS, below(&[eval_id]))
    }

    /// Waits until a run of an eval ends.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, eval_id: &str, run_id: &str) -> Poll<EvalRun> {
        Poll::existing(&self.client, &EVAL_RUNS, &[eval_id, run_id])
    }
}

impl Responses {
    /// Makes a response in the background (`background` is set if it was left out) and waits until it ends. One that
    /// is complete at once is not asked for again.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, mut params: ResponseCreateParams) -> Poll<Response> {
        params.background.get_or_insert(true);
        Poll::after(self.create(params), &RESPONSES, below(&[]))
    }

    /// Waits until a background response ends.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, response_id: &str) -> Poll<Response> {
        Poll::existing(&self.client, &RESPONSES, &[response_id])
    }
}

impl BetaResponses {
    /// Makes a response in the background (`background` is set if it was left out) and waits until it ends. One that
    /// is complete at once is not asked for again.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn create_and_poll(&self, mut params: BetaResponseCreateParams) -> Poll<BetaResponse> {
        params.background.get_or_insert(true);
        Poll::after(self.create(params), &BETA_RESPONSES, below(&[]))
    }

    /// Waits until a background response ends.
    ///
    /// # Errors
    /// As [`Poll`].
    pub fn poll(&self, response_id: &str) -> Poll<BetaResponse> {
        Poll::existing(&self.client, &BETA_RESPONSES, &[response_id])
    }
}
