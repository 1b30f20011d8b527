package dev.threadline

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.longOrNull
import dev.threadline.ffi.CallException
import dev.threadline.ffi.ErrorRecord
import dev.threadline.ffi.Head

/**
 * Why a call failed: the fields that every language has. Its subclasses say what kind of failure it is, as [kind] does in words that
 * are the same in every language.
 */
public open class ThreadlineException internal constructor(private val record: ErrorRecord) : RuntimeException(record.message) {
    /** `rate_limit`, `timeout` … */
    public val kind: String get() = record.kind

    /** The message for people. */
    override val message: String get() = record.message

    /** HTTP status, where a reply came. */
    public val status: Int? get() = record.status?.toInt()

    /** The API's `type`. */
    public val type: String? get() = record.errorType

    /** The API's `code`. */
    public val code: String? get() = record.code

    /** The argument that is at fault. */
    public val param: String? get() = record.param

    /** The reply's `x-request-id`, to quote when asking the provider. */
    public val requestId: String? get() = record.requestId

    /** Number of requests tried. */
    public val attempts: Int get() = record.attempts.toInt()

    /** What the server asked to wait, in seconds. */
    public val retryAfterSeconds: Double? get() = record.retryAfter

    /** Whether the same call may succeed later. */
    public val retryable: Boolean get() = record.retryable

    /** Headers of the reply by their names in lower case. */
    public val headers: Map<String, List<String>> by lazy { headersOf(record.headers) }

    /** Body of the reply. */
    public val body: ByteArray get() = record.body

    /** What only some errors have, as the core tells it. */
    internal val more: JsonObject by lazy {
        if (record.more.isEmpty()) JsonObject(emptyMap()) else Json.parseToJsonElement(record.more) as JsonObject
    }

    /** The same error as one of this reply. */
    internal fun of(head: Head): ThreadlineException =
        exceptionOf(record.copy(status = head.status, requestId = head.requestId, attempts = head.attempts, headers = head.headers)).also { it.addSuppressed(this) }

    /** What a stream had brought before it failed. */
    public val partial: Partial? by lazy {
        (more["partial"] as? JsonObject)?.let { Partial(it.text("text") ?: "", (it["events"] as? JsonPrimitive)?.longOrNull ?: 0, it["snapshot"]) }
    }

    /** What a helper of several requests had made when it failed. */
    public val unfinished: Unfinished? by lazy {
        (more["unfinished"] as? JsonObject)?.let { made ->
            val uploaded = (made["uploaded"] as? JsonArray).orEmpty().map { (it as? JsonPrimitive)?.contentOrNull }
            Unfinished(made.text("resource") ?: "", made.text("id"), made.text("status"), uploaded)
        }
    }

    /** What Azure alone says of the error: `code`, `content_filter`. */
    public val azure: JsonElement? get() = more["azure"]

    /** The answer that could not be parsed, whole. */
    public val completion: JsonElement? get() = more["completion"]

    /** What a tool runner had done. */
    public val transcript: JsonElement? get() = more["transcript"]

    /** The close frame that ended a WebSocket: `code` and `reason`. */
    public val closeFrame: JsonElement? get() = more["close"]

    /** What arrived of a stream before it failed. */
    public class Partial internal constructor(
        /** Its text so far. */
        public val text: String,
        /** Number of events. */
        public val events: Long,
        /** What had been put together, where an accumulator read the stream. */
        public val snapshot: JsonElement?,
    )

    /** What a helper had made at the provider when it failed. */
    public class Unfinished internal constructor(
        /** Whose thing it is. */
        public val resource: String,
        /** Its id. */
        public val id: String?,
        /** Its last status. */
        public val status: String?,
        /** Ids of uploaded files or parts by their place; `null` for those that are missing. */
        public val uploaded: List<String?>,
    )
}

/** Status 400. */
public class BadRequestException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Status 401. */
public class AuthenticationException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Status 403. */
public class PermissionDeniedException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Status 404. */
public class NotFoundException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Status 409. */
public class ConflictException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Status 422. */
public class UnprocessableEntityException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Status 429. */
public class RateLimitException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Status 5xx. */
public class InternalServerException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Any other status, or an error inside of a reply. */
public class ApiException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** No reply: the connection could not be made, or broke. */
public open class ConnectionException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** The total time of the call was up. */
public class TimeoutException internal constructor(record: ErrorRecord) : ConnectionException(record)

/** A stream or a download was silent for too long. */
public class IdleTimeoutException internal constructor(record: ErrorRecord) : ConnectionException(record)

/** A stream ended before its proper end; [partial] has what came. */
public class StreamEndedException internal constructor(record: ErrorRecord) : ConnectionException(record)

/** A reply that is not what the operation returns. */
public class DecodeException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** The signature of a webhook's delivery is wrong. */
public class WebhookSignatureException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** The call could not be made as it was asked for. */
public class UsageException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** A WebSocket was closed by its server with a code that is no proper end; [closeFrame] has it. */
public class ClosedException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** An answer that was to be parsed was cut off by the limit of its length; [completion] is the answer. */
public class LengthFinishException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** An answer that was to be parsed was held back by the content filter; [completion] is the answer. */
public class ContentFilterFinishException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** A run of tools took as many replies as it may; [transcript] has what was done. */
public class StepLimitException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** A run of tools was ended by a function, or by whoever decides about calls; [transcript] has what was done. */
public class ToolException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** Any kind that has no class of its own: see [kind]. */
public class OtherException internal constructor(record: ErrorRecord) : ThreadlineException(record)

/** The exception of a record. */
internal fun exceptionOf(failed: CallException): ThreadlineException = exceptionOf((failed as CallException.Failed).record)

internal fun exceptionOf(record: ErrorRecord): ThreadlineException = when (record.kind) {
    "bad_request" -> BadRequestException(record)
    "authentication" -> AuthenticationException(record)
    "permission_denied" -> PermissionDeniedException(record)
    "not_found" -> NotFoundException(record)
    "conflict" -> ConflictException(record)
    "unprocessable_entity" -> UnprocessableEntityException(record)
    "rate_limit" -> RateLimitException(record)
    "internal_server" -> InternalServerException(record)
    "api" -> ApiException(record)
    "connection" -> ConnectionException(record)
    "timeout" -> TimeoutException(record)
    "idle_timeout" -> IdleTimeoutException(record)
    "stream_ended" -> StreamEndedException(record)
    "decode" -> DecodeException(record)
    "webhook_signature" -> WebhookSignatureException(record)
    "usage" -> UsageException(record)
    "closed" -> ClosedException(record)
    "length_finish" -> LengthFinishException(record)
    "content_filter_finish" -> ContentFilterFinishException(record)
    "step_limit" -> StepLimitException(record)
    "tool" -> ToolException(record)
    else -> OtherException(record)
}

/** A record that knows no more than this. */
internal fun recordOf(kind: String, message: String, head: ReplyHead? = null): ErrorRecord = ErrorRecord(
    kind = kind,
    message = message,
    status = head?.status?.toUShort(),
    errorType = null,
    code = null,
    param = null,
    requestId = head?.requestId,
    attempts = (head?.attempts ?: 0).toUInt(),
    retryAfter = null,
    retryable = false,
    headers = "",
    body = ByteArray(0),
    more = "",
)

/** The error that a function of ours hands to the native library. */
internal fun nativeError(message: String): CallException = CallException.Failed(recordOf("usage", message))
