package dev.threadline

import dev.threadline.json.Codec
import dev.threadline.json.JsonWriter
import dev.threadline.resources.*
import dev.threadline.types.*
import java.util.function.Consumer
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import dev.threadline.ffi.Reply as NativeReply
import dev.threadline.ffi.UpdateListener
import java.time.Duration as JavaDuration

/** How often a thing is looked at while the provider works on it, and for how long. What is left `null` is the library's choice. */
public class Pace<in T>(
    /** Time between two looks. */
    internal val interval: Duration? = null,
    /** Longest wait for the end; then [TimeoutException], whose `unfinished` names the thing. */
    internal val maxWait: Duration? = null,
    /** Is told each state that is seen, the last one too. It must not wait. What it throws ends the wait. */
    internal val onUpdate: ((T) -> Unit)? = null,
) {
    public companion object {
        /** A pace for Java; what is `null` is the library's choice. */
        @JvmStatic
        @JvmOverloads
        public fun <T> of(interval: JavaDuration? = null, maxWait: JavaDuration? = null, onUpdate: Consumer<T>? = null): Pace<T> =
            Pace(interval?.toKotlinDuration(), maxWait?.toKotlinDuration(), onUpdate?.let { hear -> hear::accept })
    }
}

/** What polls: the thing is made by [operation], or exists under [ids], or comes of uploads ([upload]). */
internal suspend fun <P, T> Calls.poll(
    resource: String, result: Codec<T>, pace: Pace<T>, options: RequestOptions?,
    operation: String? = null, path: List<String> = emptyList(), params: P? = null, codec: Codec<P>? = null,
    ids: List<String>? = null, upload: String? = null, given: Sent? = null,
): T {
    val how = JsonWriter()
    fun text(name: String, value: String?) {
        if (value == null) return
        how.key(name)
        how.string(value)
    }
    how.open('{')
    text("resource", resource)
    text("operation", operation)
    text("upload", upload)
    if (ids != null) {
        how.key("ids")
        how.open('[')
        ids.forEach {
            how.item()
            how.string(it)
        }
        how.close(']')
    }
    how.seconds("interval_s", pace.interval)
    how.seconds("max_wait_s", pace.maxWait)
    how.close('}')
    val sent = given ?: sent(params, codec)
    val reply = hearing { tell ->
        val listener = pace.onUpdate?.let { hear ->
            object : UpdateListener {
                override fun updated(reply: NativeReply) = tell { hear(decoded(reply.body, result, headOf(reply.head))) }
            }
        }
        translated { native.poll(how.text(), path, sent.fields, sent.files, options?.json() ?: "", null, listener) }
    }
    val head = headOf(reply.head)
    options?.onReply?.invoke(head)
    return decoded(reply.body, result, head)
}

private suspend fun <T> Calls.pollExisting(resource: String, result: Codec<T>, ids: List<String>, pace: Pace<T>, options: RequestOptions?): T =
    poll<Unit, T>(resource, result, pace, options, ids = ids)

private const val RUNS = "beta.threads.runs"
private const val FILES = "vector_stores.files"
private const val BATCHES = "vector_stores.file_batches"

/** Makes a thread and a run on it, and waits until the run has ended or wants something. */
public suspend fun BetaThreads.createAndRunPoll(params: ThreadCreateAndRunParams, pace: Pace<Run> = Pace(), options: RequestOptions? = null): Run =
    caller.poll(RUNS, Run.Codec, pace, options, "beta.threads.create_and_run", emptyList(), params, ThreadCreateAndRunParams.Codec)

/** Makes a run and waits until it has ended or wants something. */
public suspend fun BetaThreadsRuns.createAndPoll(threadId: String, params: RunCreateParams, pace: Pace<Run> = Pace(), options: RequestOptions? = null): Run =
    caller.poll(RUNS, Run.Codec, pace, options, "beta.threads.runs.create", listOf(threadId), params, RunCreateParams.Codec)

/** Waits until the run has ended or wants something. */
public suspend fun BetaThreadsRuns.poll(threadId: String, runId: String, pace: Pace<Run> = Pace(), options: RequestOptions? = null): Run =
    caller.pollExisting(RUNS, Run.Codec, listOf(threadId, runId), pace, options)

/** Hands in what tools gave, and waits until the run has ended or wants more. */
public suspend fun BetaThreadsRuns.submitToolOutputsAndPoll(
    threadId: String, runId: String, params: RunSubmitToolOutputsParams, pace: Pace<Run> = Pace(), options: RequestOptions? = null,
): Run = caller.poll(RUNS, Run.Codec, pace, options, "beta.threads.runs.submit_tool_outputs", listOf(threadId, runId), params, RunSubmitToolOutputsParams.Codec)

/** Adds a file and waits until it is in the store. */
public suspend fun VectorStoresFiles.createAndPoll(vectorStoreId: String, params: VectorStoreFileCreateParams, pace: Pace<VectorStoreFile> = Pace(), options: RequestOptions? = null): VectorStoreFile =
    caller.poll(FILES, VectorStoreFile.Codec, pace, options, "vector_stores.files.create", listOf(vectorStoreId), params, VectorStoreFileCreateParams.Codec)

/** Waits until a file is in the store. */
public suspend fun VectorStoresFiles.poll(vectorStoreId: String, fileId: String, pace: Pace<VectorStoreFile> = Pace(), options: RequestOptions? = null): VectorStoreFile =
    caller.pollExisting(FILES, VectorStoreFile.Codec, listOf(vectorStoreId, fileId), pace, options)

/** Waits until the batch is in the store. */
public suspend fun VectorStoresFileBatches.poll(vectorStoreId: String, batchId: String, pace: Pace<VectorStoreFileBatch> = Pace(), options: RequestOptions? = null): VectorStoreFileBatch =
    caller.pollExisting(BATCHES, VectorStoreFileBatch.Codec, listOf(vectorStoreId, batchId), pace, options)

/** Adds files and waits until they are in the store. */
public suspend fun VectorStoresFileBatches.createAndPoll(vectorStoreId: String, params: VectorStoreFileBatchCreateParams, pace: Pace<VectorStoreFileBatch> = Pace(), options: RequestOptions? = null): VectorStoreFileBatch =
    caller.poll(BATCHES, VectorStoreFileBatch.Codec, pace, options, "vector_stores.file_batches.create", listOf(vectorStoreId), params, VectorStoreFileBatchCreateParams.Codec)

/** Asks for a video and waits for it. */
public suspend fun Videos.createAndPoll(params: VideoCreateParams, pace: Pace<Video> = Pace(), options: RequestOptions? = null): Video =
    caller.poll("videos", Video.Codec, pace, options, "videos.create", emptyList(), params, VideoCreateParams.Codec)

/** Waits for a video. */
public suspend fun Videos.poll(videoId: String, pace: Pace<Video> = Pace(), options: RequestOptions? = null): Video =
    caller.pollExisting("videos", Video.Codec, listOf(videoId), pace, options)

/** Waits until the provider has processed an uploaded file. */
public suspend fun Files.waitForProcessing(fileId: String, pace: Pace<FileObject> = Pace(), options: RequestOptions? = null): FileObject =
    caller.pollExisting("files", FileObject.Codec, listOf(fileId), pace, options)

/** Makes a batch and waits for its end. */
public suspend fun Batches.createAndPoll(params: BatchCreateParams, pace: Pace<Batch> = Pace(), options: RequestOptions? = null): Batch =
    caller.poll("batches", Batch.Codec, pace, options, "batches.create", emptyList(), params, BatchCreateParams.Codec)

/** Waits for the end of a batch. */
public suspend fun Batches.poll(batchId: String, pace: Pace<Batch> = Pace(), options: RequestOptions? = null): Batch =
    caller.pollExisting("batches", Batch.Codec, listOf(batchId), pace, options)

/** Starts a fine-tuning and waits for its end. */
public suspend fun FineTuningJobs.createAndPoll(params: FineTuningJobCreateParams, pace: Pace<FineTuningJob> = Pace(), options: RequestOptions? = null): FineTuningJob =
    caller.poll("fine_tuning.jobs", FineTuningJob.Codec, pace, options, "fine_tuning.jobs.create", emptyList(), params, FineTuningJobCreateParams.Codec)

/** Waits for the end of a fine-tuning. */
public suspend fun FineTuningJobs.poll(fineTuningJobId: String, pace: Pace<FineTuningJob> = Pace(), options: RequestOptions? = null): FineTuningJob =
    caller.pollExisting("fine_tuning.jobs", FineTuningJob.Codec, listOf(fineTuningJobId), pace, options)

/** Starts an evaluation run and waits for its end. */
public suspend fun EvalsRuns.createAndPoll(evalId: String, params: EvalRunCreateParams, pace: Pace<EvalRun> = Pace(), options: RequestOptions? = null): EvalRun =
    caller.poll("evals.runs", EvalRun.Codec, pace, options, "evals.runs.create", listOf(evalId), params, EvalRunCreateParams.Codec)

/** Waits for the end of an evaluation run. */
public suspend fun EvalsRuns.poll(evalId: String, runId: String, pace: Pace<EvalRun> = Pace(), options: RequestOptions? = null): EvalRun =
    caller.pollExisting("evals.runs", EvalRun.Codec, listOf(evalId, runId), pace, options)

/** Has a response made in the background and waits for it. */
public suspend fun Responses.createAndPoll(params: ResponseCreateParams, pace: Pace<Response> = Pace(), options: RequestOptions? = null): Response =
    caller.poll("responses", Response.Codec, pace, options, "responses.create", emptyList(), params.copy(background = params.background ?: true), ResponseCreateParams.Codec)

/** Waits for a response that is made in the background. */
public suspend fun Responses.poll(responseId: String, pace: Pace<Response> = Pace(), options: RequestOptions? = null): Response =
    caller.pollExisting("responses", Response.Codec, listOf(responseId), pace, options)

/** Has a response made in the background and waits for it. */
public suspend fun BetaResponses.createAndPoll(params: BetaResponseCreateParams, pace: Pace<BetaResponse> = Pace(), options: RequestOptions? = null): BetaResponse =
    caller.poll("beta.responses", BetaResponse.Codec, pace, options, "beta.responses.create", emptyList(), params.copy(background = params.background ?: true), BetaResponseCreateParams.Codec)

/** Waits for a response that is made in the background. */
public suspend fun BetaResponses.poll(responseId: String, pace: Pace<BetaResponse> = Pace(), options: RequestOptions? = null): BetaResponse =
    caller.pollExisting("beta.responses", BetaResponse.Codec, listOf(responseId), pace, options)
