package dev.threadline.driver

import dev.threadline.ChunkedUpload
import dev.threadline.Client
import dev.threadline.FileUpload
import dev.threadline.Pace
import dev.threadline.StoreUpload
import dev.threadline.ThreadlineException
import dev.threadline.createAndPoll
import dev.threadline.createAndRunPoll
import dev.threadline.driver.generated.allRows
import dev.threadline.json.ApiObject
import dev.threadline.json.FileCodec
import dev.threadline.json.ListCodec
import dev.threadline.json.MapCodec
import dev.threadline.json.TextCodec
import dev.threadline.poll
import dev.threadline.submitToolOutputsAndPoll
import dev.threadline.types.*
import dev.threadline.unwrap
import dev.threadline.upload
import dev.threadline.uploadAndPoll
import dev.threadline.uploadFileChunked
import dev.threadline.verifySignature
import dev.threadline.waitForProcessing
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import java.io.ByteArrayInputStream
import java.nio.file.Files
import java.util.Base64
import kotlin.time.Duration.Companion.seconds

private const val POLLING = "poll_interval_ms,poll_interval,max_wait_seconds,on_update"

/** How a helper polls; what it saw is in [seen], where the arguments ask for it. */
private class Polling(a: Arguments) {
    val seen: MutableList<String>? = when (val how = a.takeText("on_update")) {
        null -> null
        "record" -> java.util.Collections.synchronizedList(ArrayList())
        else -> throw Usage("the argument `on_update` cannot be `$how`")
    }
    val pace: Pace<Any> = Pace(
        (a.takeNumber("poll_interval_ms")?.let { it / 1000 } ?: a.takeNumber("poll_interval"))?.seconds,
        a.takeNumber("max_wait_seconds")?.seconds,
        if (seen == null) null else ({ state -> seen.add((state as ApiObject).toJson()) }),
    )

    suspend fun answer(run: suspend (Pace<Any>) -> Answer): Answer {
        if (seen == null) return run(pace)
        val answer = try {
            run(pace)
        } catch (failed: ThreadlineException) {
            Answer.of("value" to "null", "error" to Answer.record(failed))
        }
        return answer.also { it.add("events", kotlinx.serialization.json.Json.parseToJsonElement(Answer.list(seen))) }
    }
}

private fun Arguments.store(): StoreUpload = StoreUpload(
    attributes = take("attributes")?.let { typed(it, MapCodec(VectorStoreAttribute.Codec)) },
    chunkingStrategy = take("chunking_strategy")?.let { typed(it, FileChunkingStrategyParam.Codec) },
    fileIds = take("file_ids")?.let { typed(it, ListCodec(TextCodec)) },
    maxConcurrency = takeNumber("max_concurrency")?.toInt(),
)

/** A row of a helper that makes a thing by an operation and polls it. */
private fun making(id: String, path: String, operation: String, run: suspend (Client, Arguments, Pace<Any>) -> Answer): Row {
    val made = allRows.flatten().first { it.id == operation }
    val optional = (made.optional - setOfNotNull(made.streamFlag)).joinToString(",")
    return Row(id, path, made.required.joinToString(","), "$optional,$POLLING", null) { c, a -> Polling(a).answer { run(c, a, it) } }
}

/** A row of a helper that polls a thing that exists. */
private fun existing(id: String, path: String, run: suspend (Client, Arguments, Pace<Any>) -> Answer): Row =
    Row(id, path, path, POLLING, null) { c, a -> Polling(a).answer { run(c, a, it) } }

private val polling = listOf(
    making("beta.threads.create_and_run_poll", "", "beta.threads.create_and_run") { c, a, pace ->
        a.value(Run.Codec) { c.beta.threads.createAndRunPoll(a.params(ThreadCreateAndRunParams.Codec), pace, a.options) }
    },
    making("beta.threads.runs.create_and_poll", "thread_id", "beta.threads.runs.create") { c, a, pace ->
        a.value(Run.Codec) { c.beta.threads.runs.createAndPoll(a.path("thread_id"), a.params(RunCreateParams.Codec), pace, a.options) }
    },
    existing("beta.threads.runs.poll", "thread_id,run_id") { c, a, pace ->
        a.value(Run.Codec) { c.beta.threads.runs.poll(a.path("thread_id"), a.path("run_id"), pace, a.options) }
    },
    making("beta.threads.runs.submit_tool_outputs_and_poll", "thread_id,run_id", "beta.threads.runs.submit_tool_outputs") { c, a, pace ->
        a.value(Run.Codec) {
            val params = a.params(RunSubmitToolOutputsParams.Codec)
            c.beta.threads.runs.submitToolOutputsAndPoll(a.path("thread_id"), a.path("run_id"), params, pace, a.options)
        }
    },
    making("vector_stores.files.create_and_poll", "vector_store_id", "vector_stores.files.create") { c, a, pace ->
        a.value(VectorStoreFile.Codec) {
            c.vectorStores.files.createAndPoll(a.path("vector_store_id"), a.params(VectorStoreFileCreateParams.Codec), pace, a.options)
        }
    },
    existing("vector_stores.files.poll", "vector_store_id,file_id") { c, a, pace ->
        a.value(VectorStoreFile.Codec) { c.vectorStores.files.poll(a.path("vector_store_id"), a.path("file_id"), pace, a.options) }
    },
    making("vector_stores.file_batches.create_and_poll", "vector_store_id", "vector_stores.file_batches.create") { c, a, pace ->
        a.value(VectorStoreFileBatch.Codec) {
            c.vectorStores.fileBatches.createAndPoll(a.path("vector_store_id"), a.params(VectorStoreFileBatchCreateParams.Codec), pace, a.options)
        }
    },
    existing("vector_stores.file_batches.poll", "vector_store_id,batch_id") { c, a, pace ->
        a.value(VectorStoreFileBatch.Codec) { c.vectorStores.fileBatches.poll(a.path("vector_store_id"), a.path("batch_id"), pace, a.options) }
    },
    making("videos.create_and_poll", "", "videos.create") { c, a, pace ->
        a.value(Video.Codec) { c.videos.createAndPoll(a.params(VideoCreateParams.Codec), pace, a.options) }
    },
    existing("videos.poll", "video_id") { c, a, pace -> a.value(Video.Codec) { c.videos.poll(a.path("video_id"), pace, a.options) } },
    existing("files.wait_for_processing", "id") { c, a, pace ->
        a.value(FileObject.Codec) { c.files.waitForProcessing(a.path("id"), pace, a.options) }
    },
    making("batches.create_and_poll", "", "batches.create") { c, a, pace ->
        a.value(Batch.Codec) { c.batches.createAndPoll(a.params(BatchCreateParams.Codec), pace, a.options) }
    },
    existing("batches.poll", "batch_id") { c, a, pace -> a.value(Batch.Codec) { c.batches.poll(a.path("batch_id"), pace, a.options) } },
    making("fine_tuning.jobs.create_and_poll", "", "fine_tuning.jobs.create") { c, a, pace ->
        a.value(FineTuningJob.Codec) { c.fineTuning.jobs.createAndPoll(a.params(FineTuningJobCreateParams.Codec), pace, a.options) }
    },
    existing("fine_tuning.jobs.poll", "fine_tuning_job_id") { c, a, pace ->
        a.value(FineTuningJob.Codec) { c.fineTuning.jobs.poll(a.path("fine_tuning_job_id"), pace, a.options) }
    },
    making("evals.runs.create_and_poll", "eval_id", "evals.runs.create") { c, a, pace ->
        a.value(EvalRun.Codec) { c.evals.runs.createAndPoll(a.path("eval_id"), a.params(EvalRunCreateParams.Codec), pace, a.options) }
    },
    existing("evals.runs.poll", "eval_id,run_id") { c, a, pace ->
        a.value(EvalRun.Codec) { c.evals.runs.poll(a.path("eval_id"), a.path("run_id"), pace, a.options) }
    },
    making("responses.create_and_poll", "", "responses.create") { c, a, pace ->
        a.value(Response.Codec) { c.responses.createAndPoll(a.params(ResponseCreateParams.Codec), pace, a.options) }
    },
    existing("responses.poll", "response_id") { c, a, pace -> a.value(Response.Codec) { c.responses.poll(a.path("response_id"), pace, a.options) } },
    making("beta.responses.create_and_poll", "", "beta.responses.create") { c, a, pace ->
        a.value(BetaResponse.Codec) { c.beta.responses.createAndPoll(a.params(BetaResponseCreateParams.Codec), pace, a.options) }
    },
    existing("beta.responses.poll", "response_id") { c, a, pace ->
        a.value(BetaResponse.Codec) { c.beta.responses.poll(a.path("response_id"), pace, a.options) }
    },
)

private val storeUploads = listOf(
    Row("vector_stores.files.upload", "vector_store_id", "file,vector_store_id", "attributes,chunking_strategy", null) { c, a ->
        val file = a.typed(a.take("file") ?: throw Usage("misses the required argument `file`"), FileCodec)
        a.value(VectorStoreFile.Codec) { c.vectorStores.files.upload(a.path("vector_store_id"), file, a.store(), a.options) }
    },
    Row("vector_stores.files.upload_and_poll", "vector_store_id", "file,vector_store_id", "attributes,chunking_strategy,$POLLING", null) { c, a ->
        val file = a.typed(a.take("file") ?: throw Usage("misses the required argument `file`"), FileCodec)
        Polling(a).answer { pace ->
            a.value(VectorStoreFile.Codec) { c.vectorStores.files.uploadAndPoll(a.path("vector_store_id"), file, a.store(), pace, a.options) }
        }
    },
    Row(
        "vector_stores.file_batches.upload_and_poll", "vector_store_id", "files,vector_store_id",
        "attributes,chunking_strategy,file_ids,max_concurrency,$POLLING", null,
    ) { c, a ->
        val files = a.typed(a.take("files") ?: JsonArray(emptyList()), ListCodec(FileCodec))
        Polling(a).answer { pace ->
            a.value(VectorStoreFileBatch.Codec) {
                c.vectorStores.fileBatches.uploadAndPoll(a.path("vector_store_id"), files, a.store(), pace, a.options)
            }
        }
    },
)

private fun Arguments.source(): FileUpload {
    val described = take("file")
    val file = typed(described ?: throw Usage("misses the required argument `file`"), FileCodec)
    val members = (described as JsonObject)["\$file"] as JsonObject
    val source = takeText("source") ?: "bytes"
    if ("path" in members) return file
    val text = (members["text"] as? JsonPrimitive)?.content
    val bytes = text?.encodeToByteArray() ?: Base64.getDecoder().decode((members["base64"] as JsonPrimitive).content)
    return when (source) {
        "bytes" -> file
        "path" -> {
            val path = Files.createTempFile("threadline-upload", ".bin")
            path.toFile().deleteOnExit()
            Files.write(path, bytes)
            FileUpload.of(path, file.filename)
        }
        "reader" -> FileUpload.of(ByteArrayInputStream(bytes), bytes.size.toLong(), file.filename)
        "unsized_reader" -> FileUpload.of(ByteArrayInputStream(bytes), null, file.filename)
        else -> throw Usage("the argument `source` cannot be `$source`")
    }
}

private fun count(name: String, value: Double?): Long? {
    if (value != null && value < 0) throw Usage("the argument `$name` must not be negative")
    return value?.toLong()
}

private val uploads = listOf(
    Row(
        "uploads.upload_file_chunked", "", "file,mime_type,purpose",
        "bytes,filename,md5,part_size,compute_md5,expires_after,keep_on_failure,max_concurrency,on_progress,resume,source", null,
    ) { c, a ->
        val file = a.source()
        val (type, purpose) = a.takeText("mime_type").orEmpty() to a.takeText("purpose").orEmpty()
        val record = a.takeText("on_progress") != null
        val seen = ArrayList<String>()
        val upload = ChunkedUpload(
            filename = a.takeText("filename"), bytes = count("bytes", a.takeNumber("bytes")),
            partSize = count("part_size", a.takeNumber("part_size")), maxConcurrency = a.takeNumber("max_concurrency")?.toInt(), md5 = a.takeText("md5"),
            computeMd5 = a.takeFlag("compute_md5") ?: false, keepOnFailure = a.takeFlag("keep_on_failure") ?: false,
            expiresAfter = a.take("expires_after")?.let { a.typed(it, ExpiresAfter.Codec) },
            resume = (a.take("resume") as? JsonObject)?.let { before ->
                val ids = (before["uploaded"] as? JsonArray)?.map { (it as? JsonPrimitive)?.contentOrNull } ?: throw Usage("`resume` has `id` and `uploaded`")
                ThreadlineException.Unfinished("uploads", before.text("id"), null, ids)
            },
            onProgress = if (!record) null else { now ->
                val members = "\"bytes_done\":${now.bytesDone},\"bytes_total\":${now.bytesTotal},\"parts_done\":${now.partsDone},\"parts_total\":${now.partsTotal}"
                synchronized(seen) { seen.add("{\"upload_id\":${Answer.quoted(now.uploadId)},$members}") }
            },
        )
        val answer = try {
            val made = c.uploads.uploadFileChunked(file, type, FilePurpose(purpose), upload, a.options)
            if (!record) return@Row a.value(Upload.Codec) { made }
            Answer.of("value" to Upload.Codec.encode(made), "error" to "null")
        } catch (failed: ThreadlineException) {
            if (!record) throw failed
            Answer.of("value" to "null", "error" to Answer.record(failed))
        }
        answer.also { it.add("events", kotlinx.serialization.json.Json.parseToJsonElement(Answer.list(seen))) }
    },
)

private fun delivery(a: Arguments): Pair<ByteArray, Map<String, List<String>>> {
    val payload = a.take("payload")
    val bytes = ((payload as? JsonObject)?.get("\$base64") as? JsonPrimitive)?.let { Base64.getDecoder().decode(it.content) }
        ?: (payload as? JsonPrimitive)?.takeIf { it.isString }?.content?.encodeToByteArray()
        ?: throw Usage("the argument `payload` must be a text or {\"\$base64\": …}")
    val headers = (a.take("headers") as? JsonObject).orEmpty().mapValues { (_, value) ->
        (value as? JsonArray)?.map { (it as JsonPrimitive).content } ?: listOf((value as JsonPrimitive).content)
    }
    return bytes to headers
}

private fun webhook(name: String, run: (Client, Pair<ByteArray, Map<String, List<String>>>, String?, kotlin.time.Duration, Double?) -> String): Row =
    Row("webhooks.$name", "", "headers,payload", "now,secret,tolerance", null) { c, a ->
        val tolerance = count("tolerance", a.takeNumber("tolerance"))?.seconds ?: 300.seconds
        Answer.value(run(c, delivery(a), a.takeText("secret"), tolerance, a.takeNumber("now")), null)
    }

private val webhooks = listOf(
    webhook("unwrap") { c, (payload, headers), secret, tolerance, now ->
        UnwrapWebhookEvent.Codec.encode(c.webhooks.unwrap(payload, headers, secret, tolerance, now))
    },
    webhook("verify_signature") { c, (payload, headers), secret, tolerance, now ->
        c.webhooks.verifySignature(payload, headers, secret, tolerance, now)
        "null"
    },
)

/** Helpers by their official names: what the packages offer above single operations. */
internal val helperRows: List<Row> = polling + storeUploads + uploads + webhooks + streamRows + parseRows + toolRows + agentRows + socketRows
