@file:JvmName("Tools")

package dev.threadline

import dev.threadline.ffi.ToolAnswer
import dev.threadline.json.ApiObject
import dev.threadline.json.Codec
import dev.threadline.json.JsonWriter
import dev.threadline.resources.*
import dev.threadline.types.*
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.launch
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.serializerOrNull
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import java.util.function.Function
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import dev.threadline.ffi.ToolRun as NativeRun
import java.time.Duration as JavaDuration

/**
 * A function that a model may call. Several may be at work at once. What it returns is told to the model: texts as they are, JSON, objects
 * of the API and of classes with `@Serializable`, numbers and booleans as JSON. An exception is told to the model by its message; of an [Error] it hears only that it happened.
 */
public class ToolFunction private constructor(
    internal val name: String,
    private val description: String?,
    private val schema: JsonElement?,
    private val strict: Boolean,
    private val custom: Boolean,
    internal val run: suspend (String) -> Any?,
) {
    internal fun write(out: JsonWriter) {
        out.open('{')
        out.key("name")
        out.string(name)
        description?.let {
            out.key("description")
            out.string(it)
        }
        schema?.let {
            out.key("schema")
            out.element(it)
        }
        out.key("strict")
        out.raw(strict.toString())
        out.key("custom")
        out.raw(custom.toString())
        out.close('}')
    }

    public companion object {
        /** A function whose arguments are of a class with `@Serializable`. */
        public inline fun <reified A> of(name: String, description: String? = null, noinline run: suspend (A) -> Any?): ToolFunction =
            of(OutputType.of<A>(name, description), run)

        /** A function whose arguments are of this type. */
        public fun <A> of(type: OutputType<A>, run: suspend (A) -> Any?): ToolFunction =
            ToolFunction(type.name, type.description, type.schema, strict = true, custom = false) { run(type.read(Json.parseToJsonElement(it))) }

        /** A function whose arguments are known by a JSON schema, which is taken as it is; any object, where there is none. */
        public fun ofSchema(name: String, schema: JsonElement? = null, description: String? = null, run: suspend (JsonElement) -> Any?): ToolFunction =
            ToolFunction(name, description, schema, strict = false, custom = false) { run(Json.parseToJsonElement(it)) }

        /** A custom tool, whose input is any text. */
        public fun custom(name: String, description: String? = null, run: suspend (String) -> Any?): ToolFunction =
            ToolFunction(name, description, null, strict = false, custom = true, run)

        /** For Java: a function that blocks, or that is done at once. */
        @JvmStatic
        public fun <A> blocking(type: OutputType<A>, run: Function<A, Any?>): ToolFunction = of(type) { run.apply(it) }
    }
}

/** A call that a model asks for. */
public class ToolCall internal constructor(json: JsonObject) {
    /** Its id. */
    public val id: String = json.text("id") ?: ""

    /** The function. */
    public val name: String = json.text("name") ?: ""

    /** The arguments, a JSON text; of a custom tool its input. */
    public val arguments: String = json.text("arguments") ?: ""

    /** Whether it is a custom tool. */
    public val custom: Boolean = json["custom"] == JsonPrimitive(true)
}

/** What is decided about a call before it is made. */
public sealed interface ToolDecision {
    /** It is made. */
    public object Call : ToolDecision

    /** It is not made; the model is given [text] instead. */
    public class Answer(public val text: String) : ToolDecision

    /** The run ends with a [ToolException]. */
    public class Abort(public val why: String) : ToolDecision
}

/** How tools are run. */
public class ToolRunOptions(
    /** How many replies the run may take; then [StepLimitException]. Default 10. */
    internal val maxSteps: Int? = null,
    /** Whether a function that fails ends the run with a [ToolException]. By default the model is told. */
    internal val abortOnError: Boolean = false,
    /** Whether the calls of one reply are made at once. */
    internal val parallel: Boolean = true,
    /** Whether `tool_choice` stays as it was after the first reply; otherwise the model is free then. */
    internal val keepToolChoice: Boolean = false,
    /** Responses: whether each refers to the one before, in place of sending everything again. */
    internal val chained: Boolean = false,
    /** Runs of assistants: time between two looks. */
    internal val pollInterval: Duration? = null,
    /** Decides about each call before it is made. */
    internal val beforeCall: (suspend (ToolCall) -> ToolDecision)? = null,
    /** Is told each message that is added to the conversation. */
    internal val onMessage: ((JsonElement) -> Unit)? = null,
) {
    internal fun json(stream: Boolean): String {
        val out = JsonWriter()
        fun flag(name: String, value: Boolean) {
            out.key(name)
            out.raw(value.toString())
        }
        out.open('{')
        out.number("max_steps", maxSteps?.toLong())
        out.seconds("poll_interval_s", pollInterval)
        if (abortOnError) {
            out.key("on_error")
            out.string("abort")
        }
        flag("parallel", parallel)
        flag("keep_tool_choice", keepToolChoice)
        flag("chained", chained)
        flag("before_call", beforeCall != null)
        flag("messages", onMessage != null)
        flag("stream", stream)
        out.close('}')
        return out.text()
    }

    /** Takes what is to be said one by one, with Java's times and functions. */
    public class Builder internal constructor() {
        private var maxSteps: Int? = null
        private var abortOnError = false
        private var parallel = true
        private var keepToolChoice = false
        private var chained = false
        private var pollInterval: Duration? = null
        private var beforeCall: (suspend (ToolCall) -> ToolDecision)? = null
        private var onMessage: ((JsonElement) -> Unit)? = null

        /** Sets [ToolRunOptions.maxSteps]. */
        public fun maxSteps(value: Int): Builder = apply { maxSteps = value }

        /** Sets [ToolRunOptions.abortOnError]. */
        public fun abortOnError(value: Boolean): Builder = apply { abortOnError = value }

        /** Sets [ToolRunOptions.parallel]. */
        public fun parallel(value: Boolean): Builder = apply { parallel = value }

        /** Sets [ToolRunOptions.keepToolChoice]. */
        public fun keepToolChoice(value: Boolean): Builder = apply { keepToolChoice = value }

        /** Sets [ToolRunOptions.chained]. */
        public fun chained(value: Boolean): Builder = apply { chained = value }

        /** Sets [ToolRunOptions.pollInterval]. */
        public fun pollInterval(value: JavaDuration): Builder = apply { pollInterval = value.toKotlinDuration() }

        /** Sets [ToolRunOptions.beforeCall]. */
        public fun beforeCall(value: Function<ToolCall, ToolDecision>): Builder = apply { beforeCall = { value.apply(it) } }

        /** Sets [ToolRunOptions.onMessage]. */
        public fun onMessage(value: Consumer<JsonElement>): Builder = apply { onMessage = value::accept }

        /** The options. */
        public fun build(): ToolRunOptions =
            ToolRunOptions(maxSteps, abortOnError, parallel, keepToolChoice, chained, pollInterval, beforeCall, onMessage)
    }

    public companion object {
        /** For Java: says one thing after the other. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** What a run of tools came to. */
public class ToolRunResult<R> internal constructor(
    /** The last reply. */
    public val reply: R,
    /** Its `x-request-id`. */
    public val requestId: String?,
    /** All that was done: `steps`, `messages`, `usage`. */
    public val transcript: JsonElement,
)

/** What happens in a streamed run of tools. */
public sealed interface ToolEvent<out R> {
    /** An event of a reply; the same as those of `stream`. */
    public class Event internal constructor(public val event: JsonObject) : ToolEvent<Nothing>

    /** A reply is whole, and asks for these calls. */
    public class Calls internal constructor(public val calls: List<ToolCall>, internal val json: JsonElement) : ToolEvent<Nothing>

    /** A call was answered: `id`, `name`, `arguments`, `outcome`, `output`. */
    public class Result internal constructor(public val result: JsonObject) : ToolEvent<Nothing>

    /** The last. */
    public class Done<R> internal constructor(public val result: ToolRunResult<R>) : ToolEvent<R>
}

/** Makes the calls that a run asks for, hands its other news to [news], and gives its last one; `null` where it only paused. */
internal suspend fun conduct(
    run: NativeRun, functions: List<ToolFunction>, decide: (suspend (ToolCall) -> ToolDecision)?, news: suspend (JsonObject) -> Unit,
): JsonObject? = coroutineScope {
    val byName = functions.associateBy { it.name }
    try {
        while (true) {
            val batch = translated { run.nextBatch(null) } ?: break
            for (item in treeOf(batch, null) as JsonArray) {
                val told = item as JsonObject
                val number = told.whole("number").toULong()
                when (told.text("type")) {
                    "call" -> launch { run.answer(number, performed(byName[told.text("name")], told.text("arguments") ?: "")) }
                    "decide" -> launch { run.answer(number, decided(decide, ToolCall(told))) }
                    "done" -> return@coroutineScope told
                    else -> news(told)
                }
            }
        }
        null
    } finally {
        coroutineContext.cancelChildren()
    }
}

private suspend fun performed(function: ToolFunction?, arguments: String): ToolAnswer = try {
    ToolAnswer.Value(told(checkNotNull(function) { "there is no such function" }.run(arguments)))
} catch (failed: Exception) {
    // What a function waited for may have been cancelled, or taken too long: that is no end of the run.
    currentCoroutineContext().ensureActive()
    ToolAnswer.Failed(failed.message ?: failed.javaClass.simpleName)
} catch (_: Throwable) {
    ToolAnswer.Crashed
}

private suspend fun decided(decide: (suspend (ToolCall) -> ToolDecision)?, call: ToolCall): ToolAnswer = try {
    when (val decision = decide?.invoke(call) ?: ToolDecision.Call) {
        ToolDecision.Call -> ToolAnswer.Value("null")
        is ToolDecision.Answer -> ToolAnswer.Instead(decision.text)
        is ToolDecision.Abort -> ToolAnswer.Abort(decision.why)
    }
} catch (failed: Exception) {
    currentCoroutineContext().ensureActive()
    ToolAnswer.Abort(failed.message ?: failed.javaClass.simpleName)
}

/** What a function returned, as JSON. */
private fun told(value: Any?): String {
    val out = JsonWriter()
    when (value) {
        null, Unit -> out.raw("null")
        is JsonElement -> out.element(value)
        is ApiObject -> out.anyObject(value)
        is Boolean -> out.raw(value.toString())
        is Number -> out.element(JsonPrimitive(value))
        is String -> out.string(value)
        else -> out.element(serialized(value))
    }
    return out.text()
}

/** A value of a class with `@Serializable`. */
private fun serialized(value: Any): JsonElement {
    val serializer = serializerOrNull(value.javaClass)
        ?: throw SerializationException("a function returned a ${value.javaClass.name}: return a text, JSON, an object of the API or of a class with @Serializable")
    return Json.encodeToJsonElement(serializer, value)
}

internal fun written(functions: List<ToolFunction>): String {
    val out = JsonWriter()
    out.open('[')
    for (function in functions) {
        out.item()
        function.write(out)
    }
    out.close(']')
    return out.text()
}

private fun <P, R> Calls.toolEvents(
    api: String, path: List<String>, params: P, codec: Codec<P>, reply: Codec<R>, functions: List<ToolFunction>, how: ToolRunOptions,
    options: RequestOptions?, stream: Boolean,
): ApiFlow<ToolEvent<R>> = apiFlow {
    val sent = sent(params, codec)
    translated { native.runTools(api, path, sent.fields, written(functions), how.json(stream), options?.json() ?: "") }.use { run ->
        try {
            val done = conduct(run, functions, how.beforeCall) { told -> handOn(told, how) }
                ?: throw exceptionOf(recordOf("stream_ended", "the run ended without a result"))
            emit(ToolEvent.Done(ToolRunResult(done["reply"].read(reply), done.text("request_id"), done["transcript"] ?: JsonNull)))
        } finally {
            run.shut()
        }
    }
}

private suspend fun <R> FlowCollector<ToolEvent<R>>.handOn(told: JsonObject, how: ToolRunOptions) {
    when (told.text("type")) {
        "event" -> emit(ToolEvent.Event(told["event"] as JsonObject))
        "tool_calls" -> {
            val calls = told["calls"] as JsonArray
            emit(ToolEvent.Calls(calls.map { ToolCall(it as JsonObject) }, calls))
        }
        "tool_result" -> emit(ToolEvent.Result(told["result"] as JsonObject))
        "message" -> how.onMessage?.invoke(told["message"] ?: JsonNull)
    }
}

private suspend fun <R> Flow<ToolEvent<R>>.outcome(): ToolRunResult<R> {
    var result: ToolRunResult<R>? = null
    collect { if (it is ToolEvent.Done) result = it.result }
    return result ?: throw exceptionOf(recordOf("stream_ended", "the run ended without a result"))
}

private const val RUNS_API = "runs"

/**
 * Asks the model, makes the calls that it asks for, tells it what they gave, and so on until it answers. Functions that [params] does not
 * declare among its tools are declared.
 */
public suspend fun ChatCompletions.runTools(
    params: ChatCompletionCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): ToolRunResult<ChatCompletion> =
    caller.toolEvents("chat", emptyList(), params, ChatCompletionCreateParams.Codec, ChatCompletion.Codec, functions, how, options, false).outcome()

/** As [runTools], with everything that happens as it happens. */
@JvmOverloads
public fun ChatCompletions.streamTools(
    params: ChatCompletionCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): ApiFlow<ToolEvent<ChatCompletion>> =
    caller.toolEvents("chat", emptyList(), params, ChatCompletionCreateParams.Codec, ChatCompletion.Codec, functions, how, options, true)

/** Runs tools until the model answers. */
public suspend fun Responses.runTools(
    params: ResponseCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): ToolRunResult<Response> =
    caller.toolEvents("responses", emptyList(), params, ResponseCreateParams.Codec, Response.Codec, functions, how, options, false).outcome()

/** As [runTools], with everything that happens as it happens. */
@JvmOverloads
public fun Responses.streamTools(
    params: ResponseCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): ApiFlow<ToolEvent<Response>> =
    caller.toolEvents("responses", emptyList(), params, ResponseCreateParams.Codec, Response.Codec, functions, how, options, true)

/** Makes a run of an assistant and performs the functions that it asks for, until it has ended. */
public suspend fun BetaThreadsRuns.runTools(
    threadId: String, params: RunCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): ToolRunResult<Run> =
    caller.toolEvents(RUNS_API, listOf(threadId), params, RunCreateParams.Codec, Run.Codec, functions, how, options, false).outcome()

/** As [runTools], with everything that happens as it happens. */
@JvmOverloads
public fun BetaThreadsRuns.streamTools(
    threadId: String, params: RunCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): ApiFlow<ToolEvent<Run>> =
    caller.toolEvents(RUNS_API, listOf(threadId), params, RunCreateParams.Codec, Run.Codec, functions, how, options, true)

/** [runTools] for Java. */
@JvmOverloads
public fun ChatCompletions.runToolsAsync(
    params: ChatCompletionCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): CompletableFuture<ToolRunResult<ChatCompletion>> = futureOf { runTools(params, functions, how, options) }

/** [runTools] for Java. */
@JvmOverloads
public fun Responses.runToolsAsync(
    params: ResponseCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): CompletableFuture<ToolRunResult<Response>> = futureOf { runTools(params, functions, how, options) }

/** [runTools] for Java. */
@JvmOverloads
public fun BetaThreadsRuns.runToolsAsync(
    threadId: String, params: RunCreateParams, functions: List<ToolFunction>, how: ToolRunOptions = ToolRunOptions(), options: RequestOptions? = null,
): CompletableFuture<ToolRunResult<Run>> = futureOf { runTools(threadId, params, functions, how, options) }
