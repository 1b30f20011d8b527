package dev.threadline.driver

import dev.threadline.Download
import dev.threadline.EventFlow
import dev.threadline.PageFlow
import dev.threadline.RequestOptions
import dev.threadline.ThreadlineException
import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.takeWhile
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.intOrNull
import java.security.MessageDigest
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** All arguments of a call by their official names, with its options; and what its typed method's result becomes. */
internal class Arguments(
    private val row: Row,
    arguments: JsonObject,
    private val given: JsonObject,
    private val maxItems: Int,
    val maxEvents: Int,
    val webhookSecret: String?,
) {
    private val values: MutableMap<String, JsonElement> = LinkedHashMap(arguments)
    private var requestId: String? = null

    /** Done when the call is about to be made: until then a virtual machine that has just begun loads classes. */
    val begun: CompletableDeferred<Unit> = CompletableDeferred()

    private val made = optionsOf(given) { requestId = it }

    /** The options of the line, the last that is asked for before the call. */
    val options: RequestOptions get() = made.also { begun.complete(Unit) }

    /** Whether a stream was asked for. */
    val stream: Boolean get() = row.streamFlag != null && values[row.streamFlag] == JsonPrimitive(true)

    /** Refuses unknown and missing arguments, as a call with keyword arguments does. */
    fun check() {
        values.keys.firstOrNull { it !in row.required && it !in row.optional }
            ?.let { throw Usage("${row.id} got an unexpected argument `$it`") }
        row.required.firstOrNull { it !in values }?.let { throw Usage("${row.id} misses the required argument `$it`") }
        val flag = row.streamFlag?.let { values[it] }
        if (flag != null && flag !is JsonNull && (flag as? JsonPrimitive)?.takeIf { !it.isString }?.booleanOrNull == null) {
            throw Usage("the argument `${row.streamFlag}` must be true or false")
        }
    }

    /** A path parameter, which must be a text. */
    fun path(name: String): String = (values[name] as? JsonPrimitive)?.takeIf { it.isString }?.content
        ?: throw Usage("the argument `$name` must be a text, since it stands in the URL")

    /** The typed parameters: all arguments but path parameters and the stream flag. */
    fun <P> params(codec: Codec<P>): P = typed(JsonObject(values - row.path.toSet() - setOfNotNull(row.streamFlag)), codec)

    fun <P> typed(tree: JsonElement, codec: Codec<P>): P {
        val cx = Decoding(strict = true, localFiles = true)
        val params = codec.read(tree, cx)
        cx.problem?.let { throw Usage(it) }
        return params ?: throw Usage("the arguments are no ${codec.name}")
    }

    /** Whether an argument was given, and is not `null`. */
    fun has(name: String): Boolean = values[name].let { it != null && it !is JsonNull }

    /** An argument as it was given. */
    fun peek(name: String): JsonElement? = values[name]

    /** The options of the line, with this idempotency key. */
    fun optionsWithKey(key: String?): RequestOptions =
        if (key == null) options else optionsOf(JsonObject(given + ("idempotency_key" to JsonPrimitive(key)))) { requestId = it }.also { begun.complete(Unit) }

    /** An argument of a helper's own, taken out; `null` if it was not given, or is `null`. */
    fun take(name: String): JsonElement? = values.remove(name)?.takeIf { it !is JsonNull }

    fun takeText(name: String): String? = take(name)?.let {
        (it as? JsonPrimitive)?.takeIf { text -> text.isString }?.content ?: throw Usage("the argument `$name` must be a text")
    }

    fun takeNumber(name: String): Double? = take(name)?.let {
        (it as? JsonPrimitive)?.takeIf { text -> !text.isString }?.doubleOrNull ?: throw Usage("the argument `$name` must be a number")
    }

    fun takeFlag(name: String): Boolean? = take(name)?.let {
        (it as? JsonPrimitive)?.takeIf { text -> !text.isString }?.booleanOrNull ?: throw Usage("the argument `$name` must be true or false")
    }

    suspend fun <T> value(codec: Codec<T>, call: suspend () -> T): Answer = Answer.value(codec.encode(call()), requestId)

    suspend fun empty(call: suspend () -> Unit): Answer {
        call()
        return Answer.value("null", requestId)
    }

    suspend fun download(call: suspend () -> Download): Answer {
        val hash = MessageDigest.getInstance("SHA-256")
        var length = 0L
        val download = call()
        download.chunks().collect {
            hash.update(it)
            length += it.size
        }
        val hex = hash.digest().joinToString("") { "%02x".format(it) }
        return Answer.value("{\"\$bytes\":{\"sha256\":\"$hex\",\"len\":$length}}", download.head.requestId)
    }

    suspend fun <T> events(flow: EventFlow<T>, codec: Codec<T>): Answer {
        val events = ArrayList<String>()
        var error: ThreadlineException? = null
        var opened = false
        if (maxEvents == 0) return Answer.of("events" to "[]", "error" to "null")
        try {
            flow.take(maxEvents).collect {
                opened = true
                events.add(codec.encode(it))
            }
        } catch (failed: ThreadlineException) {
            if (!opened && requestId == null && !replied) throw failed
            error = failed
        }
        return Answer.of("events" to Answer.list(events), "error" to (error?.let { Answer.record(it) } ?: "null"))
    }

    /** Whether a reply has begun: an error is then one of the stream. */
    val replied: Boolean get() = hasReply

    private var hasReply = false

    suspend fun <T> pages(flow: PageFlow<T>, codec: Codec<T>): Answer {
        val items = ArrayList<String>()
        var pages = 0
        var error: ThreadlineException? = null
        try {
            flow.pages().takeWhile { page ->
                pages += 1
                page.data.take(maxItems - items.size).forEach { items.add(codec.encode(it)) }
                items.size < maxItems
            }.collect { }
        } catch (failed: ThreadlineException) {
            if (pages == 0) throw failed
            error = failed
        }
        val answer = Answer.of("pages" to "$pages", "items" to Answer.list(items))
        error?.let { return Answer.of("pages" to "$pages", "items" to Answer.list(items), "error" to Answer.record(it)) }
        return answer
    }

    private fun optionsOf(given: JsonObject, hear: (String?) -> Unit): RequestOptions {
        val known = setOf(
            "api_key", "admin_api_key", "organization", "project", "base_url", "timeout_s", "idle_timeout_s", "first_event_timeout_s",
            "max_retries", "hedge_after_s", "headers", "query", "idempotency_key", "body", "max_items", "max_events",
        )
        given.keys.firstOrNull { it !in known }?.let { throw Usage("there is no option `$it`") }
        return RequestOptions(
            apiKey = given.text("api_key"),
            adminApiKey = given.text("admin_api_key"),
            organization = given.text("organization"),
            project = given.text("project"),
            baseUrl = given.text("base_url"),
            timeout = given.duration("timeout_s"),
            idleTimeout = given.duration("idle_timeout_s"),
            firstEventTimeout = given.duration("first_event_timeout_s"),
            hedgeAfter = given.duration("hedge_after_s"),
            maxRetries = (given["max_retries"] as? JsonPrimitive)?.intOrNull,
            headers = (given["headers"] as? JsonObject).orEmpty().mapValues { (_, value) -> (value as? JsonPrimitive)?.takeIf { it !is JsonNull }?.content },
            query = (given["query"] as? JsonObject).orEmpty().mapValues { (_, value) -> textOf(value) },
            body = (given["body"] as? JsonObject).orEmpty(),
            idempotencyKey = given.text("idempotency_key"),
            onReply = {
                hasReply = true
                hear(it.requestId)
            },
        )
    }
}

internal fun JsonObject.text(name: String): String? = this[name]?.takeIf { it !is JsonNull }?.let {
    (it as? JsonPrimitive)?.takeIf { text -> text.isString }?.content ?: throw Usage("`$name` must be a text")
}

internal fun JsonObject.duration(name: String): Duration? = this[name]?.takeIf { it !is JsonNull }?.let {
    ((it as? JsonPrimitive)?.doubleOrNull ?: throw Usage("`$name` must be a number")).seconds
}

/** A text as it is, anything else as JSON. */
internal fun textOf(value: JsonElement): String = if (value is JsonPrimitive) value.content else Answer.text(value)
