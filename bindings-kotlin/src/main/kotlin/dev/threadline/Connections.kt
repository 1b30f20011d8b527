@file:JvmName("Connections")

package dev.threadline

import dev.threadline.ffi.ReconnectAdvisor
import dev.threadline.ffi.audioFrames
import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import dev.threadline.json.JsonWriter
import dev.threadline.resources.*
import dev.threadline.types.*
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicReference
import java.util.function.Predicate
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import dev.threadline.ffi.Connection as NativeConnection
import dev.threadline.ffi.ResponsesPool as NativePool
import java.time.Duration as JavaDuration

/** How a lost connection is made again. */
public class ReconnectPolicy(
    /** How often it is tried. */
    internal val maxRetries: Int? = null,
    /** Wait before the first attempt. */
    internal val initialDelay: Duration? = null,
    /** Longest wait. */
    internal val maxDelay: Duration? = null,
) {
    public companion object {
        /** A policy for Java; what is `null` is the library's choice. */
        @JvmStatic
        @JvmOverloads
        public fun of(maxRetries: Int? = null, initialDelay: JavaDuration? = null, maxDelay: JavaDuration? = null): ReconnectPolicy =
            ReconnectPolicy(maxRetries, initialDelay?.toKotlinDuration(), maxDelay?.toKotlinDuration())
    }
}

/** What a connection is opened with. */
public class ConnectOptions(
    /** Makes a lost connection again. By default it stays lost. */
    internal val reconnect: ReconnectPolicy? = null,
    /** Is asked before each attempt, with `attempt`, `max_attempts`, `delay_s`, `code`, `reason`; `false` gives up, and so does an exception. It must answer at once. */
    internal val onReconnecting: ((JsonObject) -> Boolean)? = null,
    /** Time between two pings. Default: none are sent. */
    internal val pingInterval: Duration? = null,
    /** How long an answer to a ping is waited for. */
    internal val pingTimeout: Duration? = null,
    /** How long the server's answer to a close frame is waited for. */
    internal val closeTimeout: Duration? = null,
    /** Bytes of the longest message that is taken. */
    internal val maxSize: Long? = null,
    /** Where WebSockets are, if not at the client's base URL. */
    internal val baseUrl: String? = null,
    /** Options of the handshake's request. */
    internal val request: RequestOptions? = null,
) {
    /** Takes options one by one, with Java's times and functions. */
    public class Builder internal constructor() {
        private var reconnect: ReconnectPolicy? = null
        private var onReconnecting: ((JsonObject) -> Boolean)? = null
        private var pingInterval: Duration? = null
        private var pingTimeout: Duration? = null
        private var closeTimeout: Duration? = null
        private var maxSize: Long? = null
        private var baseUrl: String? = null
        private var request: RequestOptions? = null

        /** Sets [ConnectOptions.reconnect]. */
        public fun reconnect(value: ReconnectPolicy): Builder = apply { reconnect = value }

        /** Sets [ConnectOptions.onReconnecting]. */
        public fun onReconnecting(value: Predicate<JsonObject>): Builder = apply { onReconnecting = value::test }

        /** Sets [ConnectOptions.pingInterval]. */
        public fun pingInterval(value: JavaDuration): Builder = apply { pingInterval = value.toKotlinDuration() }

        /** Sets [ConnectOptions.pingTimeout]. */
        public fun pingTimeout(value: JavaDuration): Builder = apply { pingTimeout = value.toKotlinDuration() }

        /** Sets [ConnectOptions.closeTimeout]. */
        public fun closeTimeout(value: JavaDuration): Builder = apply { closeTimeout = value.toKotlinDuration() }

        /** Sets [ConnectOptions.maxSize]. */
        public fun maxSize(value: Long): Builder = apply { maxSize = value }

        /** Sets [ConnectOptions.baseUrl]. */
        public fun baseUrl(value: String): Builder = apply { baseUrl = value }

        /** Sets [ConnectOptions.request]. */
        public fun request(value: RequestOptions): Builder = apply { request = value }

        /** The options. */
        public fun build(): ConnectOptions =
            ConnectOptions(reconnect, onReconnecting, pingInterval, pingTimeout, closeTimeout, maxSize, baseUrl, request)
    }

    public companion object {
        /** For Java: says one thing after the other. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** What comes over a connection. */
public sealed interface Incoming<out S> {
    /** An event of the server. */
    public class Event<S> internal constructor(public val event: S) : Incoming<S>

    /** The connection was lost, and is made again: `attempt`, `delay_s` … */
    public class Reconnecting internal constructor(public val notice: JsonObject) : Incoming<Nothing>

    /** The connection was made again. */
    public class Reconnected internal constructor(public val notice: JsonObject) : Incoming<Nothing>

    /** A message that is no JSON; the connection goes on. */
    public class Malformed internal constructor(
        /** The message. */
        public val raw: String,
        /** What is wrong with it. */
        public val error: ThreadlineException,
    ) : Incoming<Nothing>
}

/** A close frame. */
public data class CloseFrame(
    /** The code; 1006 where there was no frame. */
    public val code: Int,
    /** The reason. */
    public val reason: String,
)

/** An open WebSocket: [C] is sent, [S] comes. [close] lets go of it with code 1000 and does not wait. */
public class SocketConnection<C, S> internal constructor(
    private val native: NativeConnection, private val client: Codec<C>, private val server: Codec<S>, private val advice: Advice?,
) : AutoCloseable {
    /** The handshake's `x-request-id`. */
    public val requestId: String? get() = native.requestId()

    /** Headers of the handshake's reply. */
    public val headers: Map<String, List<String>> by lazy { headersOf(native.headers()) }

    /** Sends an event, and returns when it has gone out. While a lost connection is being made again, it waits. */
    public suspend fun send(event: C): Unit = translated { native.send(client.encode(event), null) }

    /** Sends a binary message. */
    public suspend fun sendBinary(bytes: ByteArray): Unit = translated { native.sendBinary(bytes, null) }

    /**
     * What comes, until the connection has ended in due form. It is read once: a second collector goes on where the first has stopped.
     *
     * @throws ClosedException if the server closed it with a code that is no proper end
     */
    public fun incoming(): ApiFlow<Incoming<S>> = apiFlow {
        while (true) {
            val item = try {
                next() ?: break
            } catch (failed: DecodeException) {
                if (failed.closeFrame != null) throw failed
                emit(Incoming.Malformed(failed.body.decodeToString(), failed))
                continue
            }
            emit(
                when ((item as? JsonObject)?.text("type")) {
                    "connection.reconnecting" -> Incoming.Reconnecting(item as JsonObject)
                    "connection.reconnected" -> Incoming.Reconnected(item as JsonObject)
                    else -> Incoming.Event(server.read(item, Decoding()) ?: throw exceptionOf(recordOf("decode", "an event of the connection is no ${server.name}")))
                },
            )
        }
    }

    private val turn = Mutex()
    private val waiting = ArrayDeque<JsonElement>()
    private var reading: Deferred<ByteArray?>? = null

    /** What comes next. What a collector leaves behind when it goes, also while it waits, is the next one's. */
    private suspend fun next(): JsonElement? = turn.withLock {
        while (waiting.isEmpty()) {
            val read = reading ?: deferred { translated { native.nextBatch(null) } }.also { reading = it }
            read.join()
            reading = null
            val batch = try {
                read.await()
            } catch (failed: ThreadlineException) {
                throw advice?.thrown() ?: failed
            }
            if (batch == null) throw advice?.thrown() ?: break
            waiting.addAll(treeOf(batch, null) as JsonArray)
        }
        waiting.removeFirstOrNull()
    }

    /** Sends a close frame (code 1000, or 3000 to 4999) and waits for the server's. Events that came before it can still be read. */
    public suspend fun closeWith(code: Int = 1000, reason: String = ""): CloseFrame {
        if (code !in 0..0xFFFF) throw exceptionOf(recordOf("usage", "a close frame cannot carry code $code; use 1000, or one from 3000 to 4999"))
        val frame = translated { native.closeWith(code.toUShort(), reason, null) }
        return CloseFrame(frame.code.toInt(), frame.reason)
    }

    /** [send] for Java. */
    public fun sendAsync(event: C): CompletableFuture<Void?> = done { send(event) }

    /** [sendBinary] for Java. */
    public fun sendBinaryAsync(bytes: ByteArray): CompletableFuture<Void?> = done { sendBinary(bytes) }

    /** [closeWith] for Java. */
    @JvmOverloads
    public fun closeWithAsync(code: Int = 1000, reason: String = ""): CompletableFuture<CloseFrame> = futureOf { closeWith(code, reason) }

    // What the native connection holds beside its socket goes with this object: who reads or sends at this moment gets the end in due form.
    override fun close(): Unit = native.shut()
}

/** Asks a function of the program whether to go on. What it throws ends the connection, and is thrown to who reads. */
internal class Advice(private val decide: (JsonObject) -> Boolean) : ReconnectAdvisor {
    private val failure = AtomicReference<Throwable?>()

    override fun advise(notice: String): String = try {
        if (decide(treeOf(notice.encodeToByteArray(), null) as JsonObject)) "" else ABORT
    } catch (failed: Throwable) {
        failure.set(failed)
        ABORT
    }

    /** What was thrown; it is told once. */
    fun thrown(): Throwable? = failure.getAndSet(null)

    private companion object {
        const val ABORT = "{\"abort\":true}"
    }
}

private suspend fun <C, S> Calls.open(
    resource: String, how: ConnectOptions, client: Codec<C>, server: Codec<S>, vararg address: Pair<String, Any?>,
): SocketConnection<C, S> {
    val out = JsonWriter()
    out.open('{')
    for ((name, value) in address) {
        if (value == null) continue
        out.key(name)
        if (value is Boolean) out.raw(value.toString()) else out.string(value.toString())
    }
    how.baseUrl?.let {
        out.key("base_url")
        out.string(it)
    }
    how.reconnect?.let { policy ->
        out.key("reconnect")
        out.open('{')
        out.number("max_retries", policy.maxRetries?.toLong())
        out.seconds("initial_delay_s", policy.initialDelay)
        out.seconds("max_delay_s", policy.maxDelay)
        out.close('}')
    }
    out.seconds("ping_interval_s", how.pingInterval)
    out.seconds("ping_timeout_s", how.pingTimeout)
    out.seconds("close_timeout_s", how.closeTimeout)
    out.number("max_size", how.maxSize)
    out.close('}')
    val advice = how.onReconnecting?.let(::Advice)
    val native = translated { native.connect(resource, out.text(), how.request?.json() ?: "", advice, null) }
    return SocketConnection(native, client, server, advice)
}

/** Opens a conversation with a model that hears and speaks. */
public suspend fun Realtime.connect(model: String, how: ConnectOptions = ConnectOptions()): SocketConnection<RealtimeClientEvent, RealtimeServerEvent> =
    caller.open("realtime", how, RealtimeClientEvent.Codec, RealtimeServerEvent.Codec, "model" to model)

/** Joins a call. */
public suspend fun Realtime.connectToCall(callId: String, how: ConnectOptions = ConnectOptions()): SocketConnection<RealtimeClientEvent, RealtimeServerEvent> =
    caller.open("realtime", how, RealtimeClientEvent.Codec, RealtimeServerEvent.Codec, "call_id" to callId)

/** Opens a session that transcribes. */
public suspend fun Realtime.connectTranscription(how: ConnectOptions = ConnectOptions()): SocketConnection<RealtimeClientEvent, RealtimeServerEvent> =
    caller.open("realtime", how, RealtimeClientEvent.Codec, RealtimeServerEvent.Codec, "intent" to "transcription")

/** Opens a conversation over the beta API. */
public suspend fun BetaRealtime.connect(model: String, how: ConnectOptions = ConnectOptions()): SocketConnection<BetaRealtimeClientEvent, BetaRealtimeServerEvent> =
    caller.open("beta.realtime", how, BetaRealtimeClientEvent.Codec, BetaRealtimeServerEvent.Codec, "model" to model)

/** Opens a translation. */
public suspend fun RealtimeTranslations.connect(model: String, how: ConnectOptions = ConnectOptions()): SocketConnection<RealtimeTranslationClientEvent, RealtimeTranslationServerEvent> =
    caller.open("realtime.translations", how, RealtimeTranslationClientEvent.Codec, RealtimeTranslationServerEvent.Codec, "model" to model)

/** Opens a live session. */
public suspend fun Live.connect(how: ConnectOptions = ConnectOptions()): SocketConnection<LiveClientEvent, LiveServerEvent> =
    caller.open("live", how, LiveClientEvent.Codec, LiveServerEvent.Codec)

/** Opens the side channel of a live session. */
public suspend fun Live.connectSideband(sessionId: String, gracefulClose: Boolean? = null, how: ConnectOptions = ConnectOptions()): SocketConnection<ConnectClientEvent, ConnectServerEvent> =
    caller.open("live.sideband", how, ConnectClientEvent.Codec, ConnectServerEvent.Codec, "session_id" to sessionId, "graceful_close" to gracefulClose)

/** Opens a fork of a live session. */
public suspend fun Live.connectFork(sessionId: String, how: ConnectOptions = ConnectOptions()): SocketConnection<ForkClientEvent, ForkServerEvent> =
    caller.open("live.forks", how, ForkClientEvent.Codec, ForkServerEvent.Codec, "session_id" to sessionId)

/** Opens a connection over which responses are asked for, one after the other. */
public suspend fun Responses.connect(how: ConnectOptions = ConnectOptions()): SocketConnection<ResponsesClientEvent, ResponsesServerEvent> =
    caller.open("responses", how, ResponsesClientEvent.Codec, ResponsesServerEvent.Codec)

/** Opens a connection for responses of the beta API. */
public suspend fun BetaResponses.connect(how: ConnectOptions = ConnectOptions()): SocketConnection<BetaResponsesClientEvent, BetaResponsesServerEvent> =
    caller.open("beta.responses", how, BetaResponsesClientEvent.Codec, BetaResponsesServerEvent.Codec)

/** Audio of any length as base64 texts, each short enough for one event. */
public fun audioTexts(audio: ByteArray): List<String> = audioFrames(audio)

/** Sends audio of any length, in as many events as it takes. */
@JvmName("appendAudio")
public suspend fun SocketConnection<RealtimeClientEvent, *>.appendAudio(audio: ByteArray) {
    for (frame in audioTexts(audio)) send(RealtimeClientEvent.Codec.decode("{\"type\":\"input_audio_buffer.append\",\"audio\":\"$frame\"}"))
}

/** Sends audio of any length, in as many events as it takes. */
@JvmName("appendAudioBeta")
public suspend fun SocketConnection<BetaRealtimeClientEvent, *>.appendAudio(audio: ByteArray) {
    for (frame in audioTexts(audio)) send(BetaRealtimeClientEvent.Codec.decode("{\"type\":\"input_audio_buffer.append\",\"audio\":\"$frame\"}"))
}

/** Connections that are kept for responses, each of which has one response at a time. */
public class ResponsesPool internal constructor(private val native: NativePool) : AutoCloseable {
    /** Asks for a response, over a connection of its own as long as it lasts. */
    public fun create(params: ResponseCreateParams): EventFlow<ResponseStreamEvent> =
        EventFlow(ResponseStreamEvent.Codec, null) { NativeEvents(native.create(sent(params, ResponseCreateParams.Codec).fields, null)) }

    /** How many connections have been opened so far. */
    public val opened: Long get() = native.opened().toLong()

    /** How many connections wait for work. */
    public val idle: Int get() = native.idle().toInt()

    override fun close(): Unit = native.close()
}

/** Connections that are kept for responses. [maxAge] is how long one is used, [idleTime] how long it waits for work. */
public fun Responses.pool(maxConnections: Int? = null, idleTime: Duration? = null, maxAge: Duration? = null, options: RequestOptions? = null): ResponsesPool {
    val out = JsonWriter()
    out.open('{')
    out.number("max_connections", maxConnections?.toLong())
    out.seconds("idle_time_s", idleTime)
    out.seconds("max_age_s", maxAge)
    out.close('}')
    return ResponsesPool(translated { caller.native.responsesPool(out.text(), options?.json() ?: "") })
}

/** [pool] for Java; what is `null` is the library's choice. */
public fun Responses.pool(maxConnections: Int?, idleTime: JavaDuration?, maxAge: JavaDuration?, options: RequestOptions?): ResponsesPool =
    pool(maxConnections, idleTime?.toKotlinDuration(), maxAge?.toKotlinDuration(), options)
