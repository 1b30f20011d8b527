package dev.threadline.driver

import dev.threadline.AgentToolFailure
import dev.threadline.ThreadlineException
import dev.threadline.ToolFunction
import dev.threadline.forTurn
import dev.threadline.json.FileCodec
import dev.threadline.json.ListCodec
import dev.threadline.json.MapCodec
import dev.threadline.json.TextCodec
import dev.threadline.prepare
import dev.threadline.prepareDirectory
import dev.threadline.stream
import dev.threadline.streamMessages
import dev.threadline.types.AgentSessionEvent
import dev.threadline.upload
import kotlinx.coroutines.flow.takeWhile
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.nio.file.Path

private fun Arguments.required(name: String): JsonElement = take(name) ?: throw Usage("misses the required argument `$name`")

private fun Arguments.requiredText(name: String): String = takeText(name) ?: throw Usage("misses the required argument `$name`")

private fun handler(name: String, script: JsonElement): ToolFunction = ToolFunction.ofSchema(name) {
    (script as? JsonObject)?.text("\$error")?.let { text -> throw IllegalStateException(text) }
    script
}

private suspend fun turn(c: dev.threadline.Client, a: Arguments): Answer {
    val functions = (a.take("tool_handlers") as? JsonObject).orEmpty().map { (name, script) -> handler(name, script) }
    val failures: MutableList<String> = java.util.Collections.synchronizedList(ArrayList())
    val hear: ((AgentToolFailure) -> Unit)? = if (a.takeFlag("on_tool_error") != true) null else { failure ->
        failures.add("{\"type\":\"tool_error\",\"name\":${Answer.quoted(failure.name)},\"message\":${Answer.quoted(failure.message)}}")
    }
    val options = a.optionsWithKey(a.takeText("idempotency_key"))
    val input = a.required("input")
    val sessions = c.beta.agents.sessions
    val turn = if (input is JsonPrimitive && input.isString) {
        sessions.stream(a.path("session_id"), input.content, functions, hear, options)
    } else {
        sessions.streamMessages(a.path("session_id"), input, functions, hear, options)
    }
    val events = ArrayList<String>()
    fun all() = Answer.list(events + failures)
    return try {
        if (a.maxEvents != Int.MAX_VALUE) {
            turn.takeWhile {
                events.add(AgentSessionEvent.Codec.encode(it))
                events.size < a.maxEvents
            }.collect { }
            Answer.of("events" to all(), "value" to "null", "error" to "null")
        } else {
            val result = turn.result { events.add(AgentSessionEvent.Codec.encode(it)) }
            Answer.of("events" to all(), "value" to Answer.text(result.toJson()), "error" to "null")
        }
    } catch (failed: ThreadlineException) {
        if (events.isEmpty() && failures.isEmpty()) throw failed
        Answer.of("events" to all(), "value" to "null", "error" to Answer.record(failed))
    }
}

internal val agentRows: List<Row> = listOf(
    Row("beta.agents.sessions.stream", "session_id", "input,session_id", "idempotency_key,on_tool_error,tool_handlers", null, ::turn),
    Row("beta.agents.environments.files.prepare", "", "files", "", null) { c, a ->
        val files = a.typed(a.required("files"), MapCodec(TextCodec))
        Answer.value(Answer.text(c.beta.agents.environments.files.prepare(files, a.options).toJson()), null)
    },
    Row("beta.agents.environments.files.prepare_directory", "", "destination,include,root", "", null) { c, a ->
        val include = a.typed(a.required("include"), ListCodec(TextCodec))
        val made = c.beta.agents.environments.files.prepareDirectory(a.requiredText("root"), a.requiredText("destination"), include, a.options)
        Answer.value(Answer.text(made.toJson()), null)
    },
    Row("beta.agents.environments.files.upload", "environment_id", "environment_id,file,path", "", null) { c, a ->
        val file = a.typed(a.required("file"), FileCodec)
        val made = c.beta.agents.environments.files.upload(a.path("environment_id"), file, a.requiredText("path"), a.options)
        Answer.value(Answer.text(made.toJson()), null)
    },
    Row("beta.agents.sessions.artifacts.for_result", "session_id,turn_id", "path,session_id,to,turn_id", "", null) { c, a ->
        val (path, to) = a.requiredText("path") to a.requiredText("to")
        val made = c.beta.agents.sessions.artifacts.forTurn(a.path("session_id"), a.path("turn_id"), path, Path.of(to), a.options)
        Answer.value(Answer.text(made), null)
    },
)
