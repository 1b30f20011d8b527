package dev.threadline.driver

import dev.threadline.Client
import dev.threadline.CloseFrame
import dev.threadline.ConnectOptions
import dev.threadline.Incoming
import dev.threadline.ReconnectPolicy
import dev.threadline.ResponsesPool
import dev.threadline.SocketConnection
import dev.threadline.ThreadlineException
import dev.threadline.appendAudio
import dev.threadline.connect
import dev.threadline.connectFork
import dev.threadline.connectSideband
import dev.threadline.connectToCall
import dev.threadline.connectTranscription
import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import dev.threadline.json.ListCodec
import dev.threadline.pool
import dev.threadline.types.*
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.takeWhile
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.intOrNull
import java.util.Base64
import kotlin.time.Duration.Companion.seconds

private const val OWN = "send,audio,on,until,close,reconnect,on_reconnecting,ping_interval,ping_timeout,close_timeout,max_size"

/** What is done with a connection. */
private class Plan<C>(a: Arguments, client: Codec<C>) {
    val send: List<C> = a.take("send")?.let { a.typed(it, ListCodec(client)) }.orEmpty()
    val audio: ByteArray? = a.takeText("audio")?.let { Base64.getDecoder().decode(it) }
    val on: MutableList<Pair<String?, List<C>>> = (a.take("on") as? JsonArray).orEmpty().map { entry ->
        val on = entry as JsonObject
        on.text("event") to (on["send"] as JsonArray).map { a.typed(it, client) }
    }.toMutableList()
    val until: String? = a.takeText("until")
    val limit: Int = a.maxEvents
    val close: CloseFrame = (a.take("close") as? JsonObject)
        ?.let { CloseFrame((it["code"] as? JsonPrimitive)?.intOrNull ?: 1000, it.text("reason") ?: "") } ?: CloseFrame(1000, "")
}

private fun Arguments.connecting(): ConnectOptions {
    val reconnect = (take("reconnect") as? JsonObject)?.let {
        ReconnectPolicy((it["max_retries"] as? JsonPrimitive)?.intOrNull, it.duration("initial_delay"), it.duration("max_delay"))
    }
    val refuse = when (val what = takeText("on_reconnecting")) {
        null -> false
        "abort" -> true
        else -> throw Usage("the argument `on_reconnecting` cannot be `$what`")
    }
    return ConnectOptions(
        reconnect, if (refuse) ({ _ -> false }) else null, takeNumber("ping_interval")?.seconds, takeNumber("ping_timeout")?.seconds,
        takeNumber("close_timeout")?.seconds, takeNumber("max_size")?.toLong(), request = options,
    )
}

private suspend fun <C, S> Arguments.talk(
    client: Codec<C>, server: Codec<S>, audio: (suspend (SocketConnection<C, S>, ByteArray) -> Unit)?,
    open: suspend (ConnectOptions) -> SocketConnection<C, S>,
): Answer {
    val plan = Plan(this, client)
    val events = ArrayList<String>()
    var error: ThreadlineException? = null
    var closed: CloseFrame? = null
    open(connecting()).use { connection ->
        try {
            for (event in plan.send) connection.send(event)
            plan.audio?.let { audio?.invoke(connection, it) }
        } catch (failed: ThreadlineException) {
            error = failed
        }
        // A failure to send is the reader's news too, which says more.
        try {
            if (error != null || plan.limit > 0) {
                val reading = error == null
                connection.incoming().takeWhile { news ->
                    if (!reading) return@takeWhile true
                    events.add(shown(news, server))
                    val kind = (Json.parseToJsonElement(events.last()) as? JsonObject)?.text("type")
                    val place = plan.on.indexOfFirst { it.first == kind }
                    if (place >= 0) for (event in plan.on.removeAt(place).second) connection.send(event)
                    events.size < plan.limit && (kind == null || kind != plan.until)
                }.collect { }
            }
            if (error == null) closed = connection.closeWith(plan.close.code, plan.close.reason)
        } catch (failed: ThreadlineException) {
            error = failed
        }
    }
    val value = closed?.let { "{\"code\":${it.code},\"reason\":${Answer.quoted(it.reason)}}" } ?: "null"
    return Answer.of("events" to Answer.list(events), "value" to value, "error" to (error?.let(Answer::record) ?: "null"))
}

private fun <S> shown(news: Incoming<S>, server: Codec<S>): String = when (news) {
    is Incoming.Event -> server.encode(news.event)
    is Incoming.Reconnecting -> Answer.text(news.notice)
    is Incoming.Reconnected -> Answer.text(news.notice)
    is Incoming.Malformed -> "{\"type\":\"connection.malformed\",\"raw\":${Answer.quoted(news.raw)}}"
}

private fun row(id: String, required: String, own: String, run: suspend (Client, Arguments) -> Answer) =
    Row(id, "", required, if (own.isEmpty()) OWN else "$own,$OWN", null, run)

private fun Arguments.requiredText(name: String): String = takeText(name) ?: throw Usage("the argument `$name` must be a text")

/** Events of one response, and what went wrong. */
private suspend fun one(pool: ResponsesPool, params: ResponseCreateParams, limit: Int): Pair<List<String>, ThreadlineException?> {
    val events = ArrayList<String>()
    return try {
        pool.create(params).take(limit).collect { events.add(ResponseStreamEvent.Codec.encode(it)) }
        events to null
    } catch (failed: ThreadlineException) {
        events to failed
    }
}

private suspend fun pool(c: Client, a: Arguments): Answer {
    val create = a.typed(a.take("create") ?: JsonArray(emptyList()), ListCodec(ResponseCreateParams.Codec))
    val concurrent = a.takeFlag("concurrent") ?: false
    val pool = c.responses.pool(
        a.takeNumber("max_connections")?.toInt(), a.takeNumber("idle_time")?.seconds, a.takeNumber("max_age")?.seconds, a.options,
    )
    return pool.use {
        val outcomes = if (concurrent) {
            coroutineScope { create.map { params -> async { one(pool, params, a.maxEvents) } }.awaitAll() }
        } else {
            create.map { params -> one(pool, params, a.maxEvents) }
        }
        val told = outcomes.map { (events, error) -> "{\"events\":${events.size},\"error\":${error?.let(Answer::record)}}" }
        Answer.of(
            "events" to Answer.list(outcomes.flatMap { it.first }), "value" to "{\"opened\":${pool.opened},\"responses\":${Answer.list(told)}}", "error" to "null",
        )
    }
}

internal val socketRows: List<Row> = listOf(
    row("realtime.connect", "", "model,call_id,intent") { c, a ->
        val (model, call, intent) = Triple(a.takeText("model"), a.takeText("call_id"), a.takeText("intent"))
        a.talk(RealtimeClientEvent.Codec, RealtimeServerEvent.Codec, { connection, audio -> connection.appendAudio(audio) }) { how ->
            when {
                model != null && call == null && intent == null -> c.realtime.connect(model, how)
                call != null && model == null && intent == null -> c.realtime.connectToCall(call, how)
                intent == "transcription" && model == null && call == null -> c.realtime.connectTranscription(how)
                else -> throw Usage("needs one of `model`, `call_id`, and `intent` with the value `transcription`")
            }
        }
    },
    row("beta.realtime.connect", "model", "") { c, a ->
        val model = a.requiredText("model")
        a.talk(BetaRealtimeClientEvent.Codec, BetaRealtimeServerEvent.Codec, { connection, audio -> connection.appendAudio(audio) }) {
            c.beta.realtime.connect(model, it)
        }
    },
    row("realtime.translations.connect", "model", "") { c, a ->
        val model = a.requiredText("model")
        a.talk(RealtimeTranslationClientEvent.Codec, RealtimeTranslationServerEvent.Codec, null) { c.realtime.translations.connect(model, it) }
    },
    row("live.connect", "", "") { c, a -> a.talk(LiveClientEvent.Codec, LiveServerEvent.Codec, null) { c.live.connect(it) } },
    row("live.sideband.connect", "session_id", "graceful_close") { c, a ->
        val (session, graceful) = a.requiredText("session_id") to a.takeFlag("graceful_close")
        a.talk(ConnectClientEvent.Codec, ConnectServerEvent.Codec, null) { c.live.connectSideband(session, graceful, it) }
    },
    row("live.forks.connect", "session_id", "") { c, a ->
        val session = a.requiredText("session_id")
        a.talk(ForkClientEvent.Codec, ForkServerEvent.Codec, null) { c.live.connectFork(session, it) }
    },
    row("responses.connect", "", "") { c, a -> a.talk(ResponsesClientEvent.Codec, ResponsesServerEvent.Codec, null) { c.responses.connect(it) } },
    row("beta.responses.connect", "", "") { c, a ->
        a.talk(BetaResponsesClientEvent.Codec, BetaResponsesServerEvent.Codec, null) { c.beta.responses.connect(it) }
    },
    Row("responses.ws_pool", "", "create", "concurrent,idle_time,max_age,max_connections", null, ::pool),
)
