package dev.threadline.driver

import dev.threadline.OutputType
import dev.threadline.ThreadlineException
import dev.threadline.ToolDecision
import dev.threadline.ToolEvent
import dev.threadline.ToolFunction
import dev.threadline.ToolRunOptions
import dev.threadline.ToolRunResult
import dev.threadline.json.Codec
import dev.threadline.runTools
import dev.threadline.streamTools
import dev.threadline.types.*
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.takeWhile
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.intOrNull
import java.util.concurrent.atomic.AtomicInteger

private const val OWN = "tools_results,max_steps,on_error,parallel,keep_tool_choice,chained,before_call,record,stream"

/** A function of the host crashes. */
private class Crash(text: String) : Error(text)

/** What a function does, as a case says it. */
private class Script(private val json: JsonElement) {
    private val members = json as? JsonObject
    private val each = (members?.get("\$each") as? JsonArray)?.map(::Script)
    private val turn = AtomicInteger()
    private val meet = (members?.get("\$meet") as? JsonPrimitive)?.intOrNull
    private val arrived = AtomicInteger()
    private val all = CompletableDeferred<Unit>()

    suspend fun play(arguments: JsonElement): JsonElement {
        if (members == null) return json
        members["\$error"]?.let { throw IllegalStateException((it as JsonPrimitive).content) }
        members["\$panic"]?.let { throw Crash((it as JsonPrimitive).content) }
        if ("\$echo" in members) return arguments
        if (meet != null) {
            if (arrived.incrementAndGet() >= meet) all.complete(Unit)
            all.await()
            return members["value"] ?: JsonNull
        }
        if (each != null) {
            val next = each.getOrNull(turn.getAndIncrement()) ?: throw IllegalStateException("this tool was called more often than `\$each` says")
            return next.play(arguments)
        }
        return json
    }
}

/** The arguments of a run, those of the runner taken out. */
private class Running<T>(val a: Arguments, codec: Codec<T>) {
    val seen: MutableList<String> = java.util.Collections.synchronizedList(ArrayList())
    val functions = ArrayList<ToolFunction>()
    val declared: List<T>?
    val stream: Boolean
    val record: Boolean
    val how: ToolRunOptions

    init {
        val scripts = (a.take("tools_results") as? JsonObject).orEmpty().mapValues { Script(it.value) }
        val given = a.take("tools") as? JsonArray
        val types = HashMap<String, OutputType<JsonElement>>()
        val schemas = HashMap<String, JsonElement>()
        val custom = HashSet<String>()
        val kept = ArrayList<JsonElement>()
        for (tool in given.orEmpty()) {
            val type = typeIn(tool)
            if (type != null) {
                types[type.name] = type
                continue
            }
            val outer = tool as JsonObject
            val inner = (outer["function"] ?: outer["custom"] ?: outer) as JsonObject
            val name = inner.text("name") ?: ""
            if (outer.text("type") == "custom") custom.add(name) else inner["parameters"]?.let { schemas[name] = it }
            kept.add(tool)
        }
        declared = kept.map { a.typed(it, codec) }.takeIf { it.isNotEmpty() }
        for ((name, script) in scripts) {
            val type = types[name]
            functions.add(
                when {
                    name in custom -> ToolFunction.custom(name) { script.play(JsonPrimitive(it)) }
                    type != null -> ToolFunction.of(type) { script.play(it) }
                    else -> ToolFunction.ofSchema(name, schemas[name]) { script.play(it) }
                },
            )
        }
        val hooks = a.take("before_call") as? JsonObject
        val onError = a.takeText("on_error")
        if (onError != null && onError != "tell" && onError != "abort") throw Usage("the argument `on_error` cannot be `$onError`")
        record = a.takeFlag("record") ?: false
        stream = a.takeFlag("stream") ?: false
        how = ToolRunOptions(
            maxSteps = a.takeNumber("max_steps")?.toInt(),
            abortOnError = onError == "abort",
            parallel = a.takeFlag("parallel") ?: true,
            keepToolChoice = a.takeFlag("keep_tool_choice") ?: false,
            chained = a.takeFlag("chained") ?: false,
            beforeCall = if (hooks == null) null else ({ call -> decision(hooks[call.name] as? JsonObject) }),
            onMessage = if (record) ({ message -> seen.add(Answer.text(message)) }) else null,
        )
    }

    private fun decision(hook: JsonObject?): ToolDecision {
        hook?.text("answer")?.let { return ToolDecision.Answer(it) }
        hook?.text("abort")?.let { return ToolDecision.Abort(it) }
        return ToolDecision.Call
    }

    private fun <R> value(run: ToolRunResult<R>, codec: Codec<R>): String =
        "{\"final\":${codec.encode(run.reply)},\"transcript\":${Answer.text(run.transcript)}}"

    suspend fun <R> whole(codec: Codec<R>, call: suspend () -> ToolRunResult<R>): Answer {
        if (!record) {
            val run = call()
            return Answer.value(value(run, codec), run.requestId)
        }
        return try {
            val run = call()
            Answer.of("events" to Answer.list(seen), "value" to value(run, codec), "error" to "null")
        } catch (failed: ThreadlineException) {
            Answer.of("events" to Answer.list(seen), "value" to "null", "error" to Answer.record(failed))
        }
    }

    suspend fun <R> streamed(codec: Codec<R>, flow: Flow<ToolEvent<R>>): Answer {
        val events = ArrayList<String>()
        var value = "null"
        try {
            flow.takeWhile { event ->
                when (event) {
                    is ToolEvent.Event -> events.add(Answer.text(event.event))
                    is ToolEvent.Calls -> events.add(
                        event.calls.joinToString(",", "{\"type\":\"tool_calls\",\"calls\":[", "]}") {
                            "{\"id\":${Answer.quoted(it.id)},\"name\":${Answer.quoted(it.name)},\"arguments\":${Answer.quoted(it.arguments)}}"
                        },
                    )
                    is ToolEvent.Result -> events.add(Answer.text(JsonObject(mapOf("type" to JsonPrimitive("tool_result")) + event.result)))
                    is ToolEvent.Done -> value = value(event.result, codec)
                }
                events.size < a.maxEvents
            }.collect { }
        } catch (failed: ThreadlineException) {
            return Answer.of("events" to Answer.list(events), "value" to "null", "error" to Answer.record(failed))
        }
        return Answer.of("events" to Answer.list(events), "value" to value, "error" to "null")
    }
}

internal val toolRows: List<Row> = listOf(
    like("chat.completions.run_tools", "", "messages,model", listOf("chat.completions.create"), OWN) { c, a ->
        val running = Running(a, ChatCompletionTool.Codec)
        val params = a.params(ChatCompletionCreateParams.Codec).copy(tools = running.declared)
        if (running.stream) {
            running.streamed(ChatCompletion.Codec, c.chat.completions.streamTools(params, running.functions, running.how, a.options))
        } else {
            running.whole(ChatCompletion.Codec) { c.chat.completions.runTools(params, running.functions, running.how, a.options) }
        }
    },
    like("responses.run_tools", "", "", listOf("responses.create"), OWN) { c, a ->
        val running = Running(a, ResponseTool.Codec)
        val params = a.params(ResponseCreateParams.Codec).copy(tools = running.declared)
        if (running.stream) {
            running.streamed(Response.Codec, c.responses.streamTools(params, running.functions, running.how, a.options))
        } else {
            running.whole(Response.Codec) { c.responses.runTools(params, running.functions, running.how, a.options) }
        }
    },
    like("beta.threads.runs.run_tools", "thread_id", "assistant_id,thread_id", listOf("beta.threads.runs.create"), OWN) { c, a ->
        val running = Running(a, AssistantTool.Codec)
        val params = a.params(RunCreateParams.Codec).copy(tools = running.declared)
        val thread = a.path("thread_id")
        if (running.stream) {
            running.streamed(Run.Codec, c.beta.threads.runs.streamTools(thread, params, running.functions, running.how, a.options))
        } else {
            running.whole(Run.Codec) { c.beta.threads.runs.runTools(thread, params, running.functions, running.how, a.options) }
        }
    },
)
