package dev.threadline

import dev.threadline.json.JsonWriter
import kotlinx.serialization.json.JsonElement
import java.util.function.Consumer
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import java.time.Duration as JavaDuration

/** Options of one call; of a client, the defaults of its calls. What is left `null` falls back to the client's, then to the library's. */
public class RequestOptions(
    /** API key. */
    public val apiKey: String? = null,
    /** Key for the administration endpoints. */
    public val adminApiKey: String? = null,
    /** Organization to bill. */
    public val organization: String? = null,
    /** Project to bill. */
    public val project: String? = null,
    /** Base URL. On another origin than the client's, the client's key is not sent. */
    public val baseUrl: String? = null,
    /** Total time of a call, all attempts together; of a stream until its first event. Default 600 s. */
    public val timeout: Duration? = null,
    /** Longest wait for a stream's first event once the reply has begun. Default: as [idleTimeout]. */
    public val firstEventTimeout: Duration? = null,
    /** Longest silence between two events of a stream, or two pieces of a download. Default 60 s. */
    public val idleTimeout: Duration? = null,
    /** How often a failed call is tried again. Default 2. */
    public val maxRetries: Int? = null,
    /** Sends a slow read a second time after this long. Default: never. */
    public val hedgeAfter: Duration? = null,
    /** Longest reply to accept, in bytes; of a stream the longest event. Default: no limit. */
    public val maxResponseBytes: Long? = null,
    /** Headers to send; `null` takes a default header away. */
    public val headers: Map<String, String?> = emptyMap(),
    /** Query parameters to add. */
    public val query: Map<String, String> = emptyMap(),
    /** Members to add to the body. */
    public val body: Map<String, JsonElement> = emptyMap(),
    /** Value of `Idempotency-Key`, the same for every attempt. */
    public val idempotencyKey: String? = null,
    /** Is told status and headers of each reply of the call, pages included. */
    public val onReply: ((ReplyHead) -> Unit)? = null,
) {
    internal fun json(): String {
        val out = JsonWriter()
        out.open('{')
        members(out)
        out.close('}')
        return out.text().takeUnless { it == "{}" } ?: ""
    }

    internal fun members(out: JsonWriter) {
        fun text(name: String, value: String?) {
            if (value == null) return
            out.key(name)
            out.string(value)
        }
        text("api_key", apiKey)
        text("admin_api_key", adminApiKey)
        text("organization", organization)
        text("project", project)
        text("base_url", baseUrl)
        text("idempotency_key", idempotencyKey)
        out.seconds("timeout_s", timeout)
        out.seconds("first_event_timeout_s", firstEventTimeout)
        out.seconds("idle_timeout_s", idleTimeout)
        out.seconds("hedge_after_s", hedgeAfter)
        out.number("max_retries", maxRetries?.toLong())
        out.number("max_response_bytes", maxResponseBytes)
        out.texts("headers", headers)
        out.texts("query", query)
        if (body.isNotEmpty()) {
            out.key("body")
            out.open('{')
            for ((name, value) in body) {
                out.key(name)
                out.element(value)
            }
            out.close('}')
        }
    }

    /** Keys stay out of logs. */
    override fun toString(): String =
        "RequestOptions(baseUrl=$baseUrl, timeout=$timeout, maxRetries=$maxRetries, headers=${headers.keys}, query=${query.keys})"

    /** Takes options one by one, with Java's times and functions. */
    public class Builder internal constructor() {
        private var apiKey: String? = null
        private var adminApiKey: String? = null
        private var organization: String? = null
        private var project: String? = null
        private var baseUrl: String? = null
        private var timeout: Duration? = null
        private var firstEventTimeout: Duration? = null
        private var idleTimeout: Duration? = null
        private var maxRetries: Int? = null
        private var hedgeAfter: Duration? = null
        private var maxResponseBytes: Long? = null
        private var headers: Map<String, String?> = emptyMap()
        private var query: Map<String, String> = emptyMap()
        private var body: Map<String, JsonElement> = emptyMap()
        private var idempotencyKey: String? = null
        private var onReply: ((ReplyHead) -> Unit)? = null

        /** Sets [RequestOptions.apiKey]. */
        public fun apiKey(value: String): Builder = apply { apiKey = value }

        /** Sets [RequestOptions.adminApiKey]. */
        public fun adminApiKey(value: String): Builder = apply { adminApiKey = value }

        /** Sets [RequestOptions.organization]. */
        public fun organization(value: String): Builder = apply { organization = value }

        /** Sets [RequestOptions.project]. */
        public fun project(value: String): Builder = apply { project = value }

        /** Sets [RequestOptions.baseUrl]. */
        public fun baseUrl(value: String): Builder = apply { baseUrl = value }

        /** Sets [RequestOptions.timeout]. */
        public fun timeout(value: JavaDuration): Builder = apply { timeout = value.toKotlinDuration() }

        /** Sets [RequestOptions.firstEventTimeout]. */
        public fun firstEventTimeout(value: JavaDuration): Builder = apply { firstEventTimeout = value.toKotlinDuration() }

        /** Sets [RequestOptions.idleTimeout]. */
        public fun idleTimeout(value: JavaDuration): Builder = apply { idleTimeout = value.toKotlinDuration() }

        /** Sets [RequestOptions.maxRetries]. */
        public fun maxRetries(value: Int): Builder = apply { maxRetries = value }

        /** Sets [RequestOptions.hedgeAfter]. */
        public fun hedgeAfter(value: JavaDuration): Builder = apply { hedgeAfter = value.toKotlinDuration() }

        /** Sets [RequestOptions.maxResponseBytes]. */
        public fun maxResponseBytes(value: Long): Builder = apply { maxResponseBytes = value }

        /** Sets [RequestOptions.headers]. */
        public fun headers(value: Map<String, String?>): Builder = apply { headers = value }

        /** Sets [RequestOptions.query]. */
        public fun query(value: Map<String, String>): Builder = apply { query = value }

        /** Sets [RequestOptions.body]. */
        public fun body(value: Map<String, JsonElement>): Builder = apply { body = value }

        /** Sets [RequestOptions.idempotencyKey]. */
        public fun idempotencyKey(value: String): Builder = apply { idempotencyKey = value }

        /** Sets [RequestOptions.onReply]. */
        public fun onReply(hear: Consumer<ReplyHead>): Builder = apply { onReply = hear::accept }

        /** The finished options. */
        public fun build(): RequestOptions = RequestOptions(
            apiKey, adminApiKey, organization, project,
            baseUrl, timeout, firstEventTimeout, idleTimeout,
            maxRetries, hedgeAfter, maxResponseBytes, headers,
            query, body, idempotencyKey, onReply,
        )
    }

    public companion object {
        /** A builder, with nothing set. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** Status and headers of a reply. */
public class ReplyHead internal constructor(
    /** HTTP status. */
    public val status: Int,
    private val lines: String,
    /** The reply's `x-request-id`, to quote when asking the provider. */
    public val requestId: String?,
    /** Number of requests that were sent for the reply. */
    public val attempts: Int,
) {
    /** Headers by their names in lower case. */
    public val headers: Map<String, List<String>> by lazy { headersOf(lines) }

    /** The first value of a header. */
    public fun header(name: String): String? = headers[name.lowercase()]?.first()

    override fun toString(): String = "ReplyHead(status=$status, requestId=$requestId, attempts=$attempts)"
}

internal fun headersOf(lines: String): Map<String, List<String>> =
    lines.lineSequence().filter { ": " in it }.groupBy({ it.substringBefore(": ") }, { it.substringAfter(": ") })

internal fun JsonWriter.seconds(name: String, value: Duration?) {
    if (value == null) return
    key(name)
    raw(if (value.isInfinite()) "3.2e8" else (value.inWholeNanoseconds / 1e9).toString())
}

internal fun JsonWriter.number(name: String, value: Long?) {
    if (value == null) return
    key(name)
    raw(value.toString())
}

internal fun JsonWriter.texts(name: String, values: Map<String, String?>) {
    if (values.isEmpty()) return
    key(name)
    open('{')
    for ((member, value) in values) {
        key(member)
        if (value == null) raw("null") else string(value)
    }
    close('}')
}
