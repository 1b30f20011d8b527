@file:JvmName("Agents")

package dev.threadline

import dev.threadline.json.JsonWriter
import dev.threadline.json.ListCodec
import dev.threadline.json.MapCodec
import dev.threadline.json.TextCodec
import dev.threadline.resources.BetaAgentsEnvironmentsFiles
import dev.threadline.resources.BetaAgentsSessions
import dev.threadline.resources.BetaAgentsSessionsArtifacts
import dev.threadline.types.*
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicBoolean
import java.util.function.Consumer

/** A function of an agent failed; the model is told only that it did. */
public class AgentToolFailure internal constructor(
    /** The function. */
    public val name: String,
    /** What its exception said. */
    public val message: String,
)

/** What a turn of an agent came to. */
public class AgentTurnResult internal constructor(private val json: JsonObject) {
    /** The turn. */
    public val turn: AgentSessionTurn by lazy { json["turn"].read(AgentSessionTurn.Codec) }

    /** Its messages. */
    public val messages: List<AgentSessionMessage> by lazy { json["messages"].read(ListCodec(AgentSessionMessage.Codec)) }

    /** The text of its messages. */
    public val outputText: String get() = json.text("output_text") ?: ""

    /** All of it as JSON. */
    public fun toJson(): JsonObject = JsonObject(json - "type")
}

/** A turn of a session. Its input is sent when it is collected, or when its [result] is asked for; once only. */
@OptIn(ExperimentalCoroutinesApi::class)
public class AgentTurn internal constructor(
    private val caller: Calls, private val sessionId: String, private val input: JsonElement, private val functions: List<ToolFunction>,
    private val onToolError: ((AgentToolFailure) -> Unit)?, private val options: RequestOptions?,
) : ApiFlow<AgentSessionEvent>() {
    override suspend fun collectSafely(collector: FlowCollector<AgentSessionEvent>) {
        follow(false) { collector.emit(it) }
    }

    /** Follows the turn to its end, with [each] for its events, and gives what it came to. */
    public suspend fun result(each: suspend (AgentSessionEvent) -> Unit = {}): AgentTurnResult =
        AgentTurnResult(follow(true, each) ?: throw exceptionOf(recordOf("stream_ended", "the turn ended without a result")))

    /** [result] for Java. */
    @JvmOverloads
    public fun resultAsync(each: Consumer<AgentSessionEvent> = Consumer { }): CompletableFuture<AgentTurnResult> = futureOf { result { each.accept(it) } }

    private val begun = AtomicBoolean()

    private suspend fun follow(finish: Boolean, each: suspend (AgentSessionEvent) -> Unit): JsonObject? {
        if (begun.getAndSet(true)) throw exceptionOf(recordOf("usage", "a turn is followed once, since following it sends its input: ask `result` for its events too"))
        val text = JsonWriter().also { it.element(input) }.text()
        return translated { caller.native.agentTurn(sessionId, text, written(functions), options?.json() ?: "") }.use { run ->
            val hand: suspend (JsonObject) -> Unit = { told ->
                when (told.text("type")) {
                    "event" -> each(told["event"].read(AgentSessionEvent.Codec))
                    "tool_error" -> onToolError?.invoke(AgentToolFailure((told["call"] as? JsonObject)?.text("name") ?: "", told.text("message") ?: ""))
                }
            }
            try {
                val done = conduct(run, functions, null, hand)
                if (done != null || !finish) return@use done
                run.finish()
                conduct(run, functions, null, hand)
            } finally {
                run.shut()
            }
        }
    }
}

/** Sends a text to an idle session and follows the turn that it begins; [functions] are those that the agent may call. */
@JvmOverloads
public fun BetaAgentsSessions.stream(
    sessionId: String, input: String, functions: List<ToolFunction> = emptyList(), onToolError: ((AgentToolFailure) -> Unit)? = null,
    options: RequestOptions? = null,
): AgentTurn = AgentTurn(caller, sessionId, JsonPrimitive(input), functions, onToolError, options)

/** As the other, with a list of messages as JSON. */
@JvmOverloads
public fun BetaAgentsSessions.streamMessages(
    sessionId: String, input: JsonElement, functions: List<ToolFunction> = emptyList(), onToolError: ((AgentToolFailure) -> Unit)? = null,
    options: RequestOptions? = null,
): AgentTurn = AgentTurn(caller, sessionId, input, functions, onToolError, options)

/** Files that were uploaded for an environment. */
public class PreparedAgentFiles internal constructor(private val json: JsonObject) {
    /** What `files` of an environment takes. */
    public val files: List<HostedEnvironmentFileParam> by lazy { json["files"].read(ListCodec(HostedEnvironmentFileParam.Codec)) }

    /** Ids of the uploaded files. */
    public val uploadedFileIds: List<String> by lazy { json["uploaded_file_ids"].read(ListCodec(TextCodec)) }

    /** Both as JSON. */
    public fun toJson(): JsonObject = json
}

private suspend fun Calls.agentFiles(name: String, options: RequestOptions?, arguments: JsonWriter.() -> Unit): JsonObject {
    val out = JsonWriter()
    out.open('{')
    out.arguments()
    out.close('}')
    val made = translated { native.agentFiles(name, out.text(), options?.json() ?: "", null) }
    return treeOf(made.encodeToByteArray(), null) as JsonObject
}

private fun JsonWriter.text(name: String, value: String) {
    key(name)
    string(value)
}

/** Uploads files for an environment that is to be made: places in it, and paths on disk. */
public suspend fun BetaAgentsEnvironmentsFiles.prepare(files: Map<String, String>, options: RequestOptions? = null): PreparedAgentFiles =
    PreparedAgentFiles(caller.agentFiles("prepare", options) {
        key("files")
        MapCodec(TextCodec).write(files, this)
    })

/** Uploads the files of a folder that fit one of these patterns. */
public suspend fun BetaAgentsEnvironmentsFiles.prepareDirectory(root: String, destination: String, include: List<String>, options: RequestOptions? = null): PreparedAgentFiles =
    PreparedAgentFiles(caller.agentFiles("prepare_directory", options) {
        text("root", root)
        text("destination", destination)
        key("include")
        ListCodec(TextCodec).write(include, this)
    })

/** A file that was put into an environment. */
public class StagedAgentFile internal constructor(private val json: JsonObject) {
    /** Id of the uploaded file. */
    public val uploadedFileId: String get() = json.text("uploaded_file_id") ?: ""

    /** The file in the environment. */
    public val file: EnvironmentFile by lazy { json["file"].read(EnvironmentFile.Codec) }

    /** Both as JSON. */
    public fun toJson(): JsonObject = json
}

/** Uploads a file and puts it at this place of an environment. */
public suspend fun BetaAgentsEnvironmentsFiles.upload(environmentId: String, file: FileUpload, path: String, options: RequestOptions? = null): StagedAgentFile {
    val made = translated { caller.native.agentUpload(environmentId, file.native(), path, options?.json() ?: "", null) }
    return StagedAgentFile(treeOf(made.encodeToByteArray(), null) as JsonObject)
}

/** Finds the artifact of a turn by its path, and saves it where [to] says so. */
public suspend fun BetaAgentsSessionsArtifacts.forTurn(sessionId: String, turnId: String, path: String, to: Path? = null, options: RequestOptions? = null): JsonObject =
    caller.agentFiles("artifact", options) {
        text("session_id", sessionId)
        text("turn_id", turnId)
        text("path", path)
        to?.let { text("to", it.toString()) }
    }

/** [prepare] for Java. */
@JvmOverloads
public fun BetaAgentsEnvironmentsFiles.prepareAsync(files: Map<String, String>, options: RequestOptions? = null): CompletableFuture<PreparedAgentFiles> =
    futureOf { prepare(files, options) }

/** [prepareDirectory] for Java. */
@JvmOverloads
public fun BetaAgentsEnvironmentsFiles.prepareDirectoryAsync(
    root: String, destination: String, include: List<String>, options: RequestOptions? = null,
): CompletableFuture<PreparedAgentFiles> = futureOf { prepareDirectory(root, destination, include, options) }

/** [upload] for Java. */
@JvmOverloads
public fun BetaAgentsEnvironmentsFiles.uploadAsync(
    environmentId: String, file: FileUpload, path: String, options: RequestOptions? = null,
): CompletableFuture<StagedAgentFile> = futureOf { upload(environmentId, file, path, options) }

/** [forTurn] for Java. */
@JvmOverloads
public fun BetaAgentsSessionsArtifacts.forTurnAsync(
    sessionId: String, turnId: String, path: String, to: Path? = null, options: RequestOptions? = null,
): CompletableFuture<JsonObject> = futureOf { forTurn(sessionId, turnId, path, to, options) }
