@file:JvmName("Sockets")

package dev.threadline

import dev.threadline.resources.*
import dev.threadline.types.*
import java.util.concurrent.CompletableFuture

// Connections as Java opens them: `Sockets.connectAsync(client.getRealtime(), "gpt-realtime")`.

/** [connect] for Java. */
@JvmOverloads
public fun Realtime.connectAsync(model: String, how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<RealtimeClientEvent, RealtimeServerEvent>> =
    caller.future { connect(model, how) }

/** [connectToCall] for Java. */
@JvmOverloads
public fun Realtime.connectToCallAsync(callId: String, how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<RealtimeClientEvent, RealtimeServerEvent>> =
    caller.future { connectToCall(callId, how) }

/** [connectTranscription] for Java. */
@JvmOverloads
public fun Realtime.connectTranscriptionAsync(how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<RealtimeClientEvent, RealtimeServerEvent>> =
    caller.future { connectTranscription(how) }

/** [connect] for Java. */
@JvmOverloads
public fun BetaRealtime.connectAsync(model: String, how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<BetaRealtimeClientEvent, BetaRealtimeServerEvent>> =
    caller.future { connect(model, how) }

/** [connect] for Java. */
@JvmOverloads
public fun RealtimeTranslations.connectAsync(model: String, how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<RealtimeTranslationClientEvent, RealtimeTranslationServerEvent>> =
    caller.future { connect(model, how) }

/** [connect] for Java. */
@JvmOverloads
public fun Live.connectAsync(how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<LiveClientEvent, LiveServerEvent>> =
    caller.future { connect(how) }

/** [connectSideband] for Java. */
@JvmOverloads
public fun Live.connectSidebandAsync(sessionId: String, gracefulClose: Boolean? = null, how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<ConnectClientEvent, ConnectServerEvent>> =
    caller.future { connectSideband(sessionId, gracefulClose, how) }

/** [connectFork] for Java. */
@JvmOverloads
public fun Live.connectForkAsync(sessionId: String, how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<ForkClientEvent, ForkServerEvent>> =
    caller.future { connectFork(sessionId, how) }

/** [connect] for Java. */
@JvmOverloads
public fun Responses.connectAsync(how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<ResponsesClientEvent, ResponsesServerEvent>> =
    caller.future { connect(how) }

/** [connect] for Java. */
@JvmOverloads
public fun BetaResponses.connectAsync(how: ConnectOptions = ConnectOptions()): CompletableFuture<SocketConnection<BetaResponsesClientEvent, BetaResponsesServerEvent>> =
    caller.future { connect(how) }

/** [appendAudio] for Java. */
public fun appendAudioAsync(connection: SocketConnection<RealtimeClientEvent, *>, audio: ByteArray): CompletableFuture<Void?> =
    done { connection.appendAudio(audio) }
