@file:JvmName("Futures")

package dev.threadline

import dev.threadline.resources.*
import dev.threadline.types.*
import java.util.concurrent.CompletableFuture

// Helpers that wait, as Java calls them: `Futures.createAndPollAsync(client.getBeta().getThreads().getRuns(), …)`. Cancelling a future cancels its work.

/** [createAndRunPoll] for Java. */
@JvmOverloads
public fun BetaThreads.createAndRunPollAsync(params: ThreadCreateAndRunParams, pace: Pace<Run> = Pace(), options: RequestOptions? = null): CompletableFuture<Run> =
    caller.future { createAndRunPoll(params, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun BetaThreadsRuns.createAndPollAsync(threadId: String, params: RunCreateParams, pace: Pace<Run> = Pace(), options: RequestOptions? = null): CompletableFuture<Run> =
    caller.future { createAndPoll(threadId, params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun BetaThreadsRuns.pollAsync(threadId: String, runId: String, pace: Pace<Run> = Pace(), options: RequestOptions? = null): CompletableFuture<Run> =
    caller.future { poll(threadId, runId, pace, options) }

/** [submitToolOutputsAndPoll] for Java. */
@JvmOverloads
public fun BetaThreadsRuns.submitToolOutputsAndPollAsync(threadId: String, runId: String, params: RunSubmitToolOutputsParams, pace: Pace<Run> = Pace(), options: RequestOptions? = null): CompletableFuture<Run> =
    caller.future { submitToolOutputsAndPoll(threadId, runId, params, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun VectorStoresFiles.createAndPollAsync(vectorStoreId: String, params: VectorStoreFileCreateParams, pace: Pace<VectorStoreFile> = Pace(), options: RequestOptions? = null): CompletableFuture<VectorStoreFile> =
    caller.future { createAndPoll(vectorStoreId, params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun VectorStoresFiles.pollAsync(vectorStoreId: String, fileId: String, pace: Pace<VectorStoreFile> = Pace(), options: RequestOptions? = null): CompletableFuture<VectorStoreFile> =
    caller.future { poll(vectorStoreId, fileId, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun VectorStoresFileBatches.pollAsync(vectorStoreId: String, batchId: String, pace: Pace<VectorStoreFileBatch> = Pace(), options: RequestOptions? = null): CompletableFuture<VectorStoreFileBatch> =
    caller.future { poll(vectorStoreId, batchId, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun VectorStoresFileBatches.createAndPollAsync(vectorStoreId: String, params: VectorStoreFileBatchCreateParams, pace: Pace<VectorStoreFileBatch> = Pace(), options: RequestOptions? = null): CompletableFuture<VectorStoreFileBatch> =
    caller.future { createAndPoll(vectorStoreId, params, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun Videos.createAndPollAsync(params: VideoCreateParams, pace: Pace<Video> = Pace(), options: RequestOptions? = null): CompletableFuture<Video> =
    caller.future { createAndPoll(params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun Videos.pollAsync(videoId: String, pace: Pace<Video> = Pace(), options: RequestOptions? = null): CompletableFuture<Video> =
    caller.future { poll(videoId, pace, options) }

/** [waitForProcessing] for Java. */
@JvmOverloads
public fun Files.waitForProcessingAsync(fileId: String, pace: Pace<FileObject> = Pace(), options: RequestOptions? = null): CompletableFuture<FileObject> =
    caller.future { waitForProcessing(fileId, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun Batches.createAndPollAsync(params: BatchCreateParams, pace: Pace<Batch> = Pace(), options: RequestOptions? = null): CompletableFuture<Batch> =
    caller.future { createAndPoll(params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun Batches.pollAsync(batchId: String, pace: Pace<Batch> = Pace(), options: RequestOptions? = null): CompletableFuture<Batch> =
    caller.future { poll(batchId, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun FineTuningJobs.createAndPollAsync(params: FineTuningJobCreateParams, pace: Pace<FineTuningJob> = Pace(), options: RequestOptions? = null): CompletableFuture<FineTuningJob> =
    caller.future { createAndPoll(params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun FineTuningJobs.pollAsync(fineTuningJobId: String, pace: Pace<FineTuningJob> = Pace(), options: RequestOptions? = null): CompletableFuture<FineTuningJob> =
    caller.future { poll(fineTuningJobId, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun EvalsRuns.createAndPollAsync(evalId: String, params: EvalRunCreateParams, pace: Pace<EvalRun> = Pace(), options: RequestOptions? = null): CompletableFuture<EvalRun> =
    caller.future { createAndPoll(evalId, params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun EvalsRuns.pollAsync(evalId: String, runId: String, pace: Pace<EvalRun> = Pace(), options: RequestOptions? = null): CompletableFuture<EvalRun> =
    caller.future { poll(evalId, runId, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun Responses.createAndPollAsync(params: ResponseCreateParams, pace: Pace<Response> = Pace(), options: RequestOptions? = null): CompletableFuture<Response> =
    caller.future { createAndPoll(params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun Responses.pollAsync(responseId: String, pace: Pace<Response> = Pace(), options: RequestOptions? = null): CompletableFuture<Response> =
    caller.future { poll(responseId, pace, options) }

/** [createAndPoll] for Java. */
@JvmOverloads
public fun BetaResponses.createAndPollAsync(params: BetaResponseCreateParams, pace: Pace<BetaResponse> = Pace(), options: RequestOptions? = null): CompletableFuture<BetaResponse> =
    caller.future { createAndPoll(params, pace, options) }

/** [poll] for Java. */
@JvmOverloads
public fun BetaResponses.pollAsync(responseId: String, pace: Pace<BetaResponse> = Pace(), options: RequestOptions? = null): CompletableFuture<BetaResponse> =
    caller.future { poll(responseId, pace, options) }

/** [upload] for Java. */
@JvmOverloads
public fun VectorStoresFiles.uploadAsync(vectorStoreId: String, file: FileUpload, upload: StoreUpload = StoreUpload(), options: RequestOptions? = null): CompletableFuture<VectorStoreFile> =
    caller.future { upload(vectorStoreId, file, upload, options) }

/** [uploadAndPoll] for Java. */
@JvmOverloads
public fun VectorStoresFiles.uploadAndPollAsync(vectorStoreId: String, file: FileUpload, upload: StoreUpload = StoreUpload(), pace: Pace<VectorStoreFile> = Pace(), options: RequestOptions? = null): CompletableFuture<VectorStoreFile> =
    caller.future { uploadAndPoll(vectorStoreId, file, upload, pace, options) }

/** [uploadAndPoll] for Java. */
@JvmOverloads
public fun VectorStoresFileBatches.uploadAndPollAsync(vectorStoreId: String, files: List<FileUpload>, upload: StoreUpload = StoreUpload(), pace: Pace<VectorStoreFileBatch> = Pace(), options: RequestOptions? = null): CompletableFuture<VectorStoreFileBatch> =
    caller.future { uploadAndPoll(vectorStoreId, files, upload, pace, options) }

/** [uploadFileChunked] for Java. */
@JvmOverloads
public fun Uploads.uploadFileChunkedAsync(file: FileUpload, mimeType: String, purpose: FilePurpose, upload: ChunkedUpload = ChunkedUpload(), options: RequestOptions? = null): CompletableFuture<Upload> =
    caller.future { uploadFileChunked(file, mimeType, purpose, upload, options) }
