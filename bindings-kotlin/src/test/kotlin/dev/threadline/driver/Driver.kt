package dev.threadline.driver

import dev.threadline.Client
import dev.threadline.ThreadlineException
import dev.threadline.driver.generated.allRows
import dev.threadline.json.JsonWriter
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.intOrNull
import kotlin.time.Duration.Companion.seconds

/** A call that cannot be made: answered with the kind `usage`. */
internal class Usage(message: String) : Exception(message)

/** One official method name and the typed method behind it. Names are lists with commas. */
internal class Row(
    val id: String,
    path: String,
    required: String,
    optional: String,
    val streamFlag: String?,
    val run: suspend (Client, Arguments) -> Answer,
) {
    val path: List<String> = names(path)
    val required: List<String> = names(required)
    val optional: Set<String> = names(optional).toSet()

    private fun names(list: String) = if (list.isEmpty()) emptyList() else list.split(',')
}

/** Makes calls that stand in lines. */
internal class Driver {
    private val clients = Clients()
    private val rows = (allRows.flatten() + helperRows).associateBy { it.id }

    suspend fun line(line: String): String {
        val tree = runCatching { Json.parseToJsonElement(line) as JsonObject }.getOrNull()
        val id = tree?.get("id") ?: JsonNull
        val answer = try {
            answer(tree ?: throw Usage("malformed line"))
        } catch (wrong: Usage) {
            Answer.usage(wrong.message ?: "")
        } catch (failed: ThreadlineException) {
            Answer.failed(failed)
        }
        return answer.line(id)
    }

    private suspend fun answer(line: JsonObject): Answer {
        val known = setOf("id", "client", "resource", "method", "args", "options", "max_items", "max_events", "cancel_after_s")
        line.keys.firstOrNull { it !in known }?.let { throw Usage("malformed line: unknown member `$it`") }
        var name = "${line.text("resource")}.${line.text("method")}"
        // The official packages offer the same object by this name too.
        if (name.startsWith("beta.chat.")) name = name.removePrefix("beta.")
        val row = rows[name] ?: throw Usage("there is no method `$name`")
        val config = line["client"] as? JsonObject ?: JsonObject(emptyMap())
        val made = clients.of(config)
        val client = if (made.observe) made.client.observing() else made.client
        val options = line["options"] as? JsonObject ?: JsonObject(emptyMap())
        fun limit(member: String) = ((line[member] ?: options[member]) as? JsonPrimitive)?.intOrNull ?: Int.MAX_VALUE
        val args = line["args"] as? JsonObject ?: JsonObject(emptyMap())
        val arguments = Arguments(row, args, options, limit("max_items"), limit("max_events"), made.webhookSecret)
        arguments.check()
        val call: suspend () -> Answer = {
            try {
                row.run(client, arguments)
            } catch (failed: ThreadlineException) {
                Answer.failed(failed)
            }
        }
        val limit = (line["cancel_after_s"] as? JsonPrimitive)?.doubleOrNull
        val answer = if (limit == null) call() else within(limit, arguments.begun, call) ?: Answer.cancelled()
        if (made.observe) answer.add("observed", observed(client, answer))
        made.client.usage()?.let { answer.add("usage", it) }
        return answer
    }

    /** What the call came to by the end of this time, which counts from when the call is made; nothing if it was cancelled then. */
    private suspend fun within(limit: Double, begun: CompletableDeferred<Unit>, call: suspend () -> Answer): Answer? = coroutineScope {
        val work = async { call() }
        withTimeoutOrNull(30.seconds) { select { begun.onAwait { }; work.onJoin { } } }
        withTimeoutOrNull(limit.seconds) { work.join() }
        if (work.isCompleted) return@coroutineScope work.await()
        work.cancelAndJoin()
        null
    }

    /** The records of a line's calls. That of a call that was cancelled comes when the runtime has let go of it. */
    private suspend fun observed(client: Client, answer: Answer): JsonElement {
        val records = client.takeObserved() ?: return JsonNull
        if (!answer.isCancelled || (records as JsonArray).isNotEmpty()) return records
        return withTimeoutOrNull(10.seconds) {
            var later: JsonElement = records
            while ((later as JsonArray).isEmpty()) {
                delay(5)
                later = client.takeObserved() ?: JsonNull
            }
            later
        } ?: records
    }

    private fun JsonObject.text(name: String): String =
        (this[name] as? JsonPrimitive)?.takeIf { it.isString }?.content ?: throw Usage("malformed line: `$name` must be a text")
}

/** What a call came to: members after `id`, each as JSON text. */
internal class Answer(private val members: MutableList<Pair<String, String>>) {
    fun add(name: String, value: JsonElement) {
        members.add(name to text(value))
    }

    val isCancelled: Boolean get() = members.any { it.first == "cancelled" }

    fun line(id: JsonElement): String = buildString {
        append("{\"id\":").append(text(id))
        for ((name, value) in members) append(",\"").append(name).append("\":").append(value)
        append('}')
    }

    companion object {
        fun of(vararg members: Pair<String, String>): Answer = Answer(members.toMutableList())

        fun value(value: String, requestId: String?): Answer = of("value" to value, "request_id" to quoted(requestId))

        fun cancelled(): Answer = of("cancelled" to "true")

        fun failed(error: ThreadlineException): Answer = of("error" to record(error))

        fun usage(message: String): Answer = of("error" to record("usage", message))

        private val unknown = listOf(
            "status", "type", "code", "param", "request_id", "retry_after_s", "partial", "unfinished", "azure", "close", "completion", "transcript",
        )

        private fun record(kind: String, message: String): String = unknown.joinToString(
            "", "{\"kind\":${quoted(kind)},\"message\":${quoted(message)},\"attempts\":0,\"retryable\":false", "}",
        ) { ",\"$it\":null" }

        fun list(values: List<String>): String = values.joinToString(",", "[", "]")

        fun quoted(text: String?): String = if (text == null) "null" else JsonWriter().also { it.string(text) }.text()

        fun text(value: JsonElement): String = JsonWriter().also { it.element(value) }.text()

        fun record(error: ThreadlineException): String {
            val members = mapOf(
                "kind" to quoted(error.kind), "status" to "${error.status}", "type" to quoted(error.type), "code" to quoted(error.code),
                "param" to quoted(error.param), "message" to quoted(error.message), "request_id" to quoted(error.requestId),
                "attempts" to "${error.attempts}", "retry_after_s" to "${error.retryAfterSeconds}", "retryable" to "${error.retryable}",
            )
            val more = listOf("partial", "unfinished", "azure", "close", "completion", "transcript")
            return (members.map { "\"${it.key}\":${it.value}" } + more.map { "\"$it\":${error.more[it]?.let(::text)}" })
                .joinToString(",", "{", "}")
        }
    }
}
