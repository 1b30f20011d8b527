package dev.threadline

import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.ClosedSendChannelException
import kotlinx.coroutines.channels.SendChannel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import dev.threadline.ffi.AccumulatedStream as NativeStream

/** What a kind of stream is put together to: its events of a higher level ([E]), and what all of them come to ([S]). */
internal class Accumulation<E, S>(
    val event: (JsonObject) -> E,
    val result: (JsonElement) -> S,
    /** The piece of the answer's text that an event brings. */
    val text: (E) -> String?,
)

/**
 * A stream put together: events of a higher level, and the object that they come to. The request is made when it is collected, anew by
 * each collector. A stream that breaks off fails with [StreamEndedException], whose `partial.snapshot` has what had come by then.
 *
 * ```
 * val completion = client.chat.completions.stream(params).result { event ->
 *     if (event is ChatCompletionStreamEvent.ContentDelta) print(event.delta)
 * }
 * ```
 */
@OptIn(ExperimentalCoroutinesApi::class)
public class AccumulatedFlow<E, S> internal constructor(
    private val how: Accumulation<E, S>,
    private val onReply: ((ReplyHead) -> Unit)?,
    private val open: suspend () -> NativeStream,
) : ApiFlow<E>() {
    override suspend fun collectSafely(collector: FlowCollector<E>) {
        read { collector.emit(it) }
    }

    /** Reads the stream to its end, with [each] for its events, and gives the object that they come to. */
    public suspend fun result(each: suspend (E) -> Unit = {}): S = how.result(read(each))

    /** [result] for Java. */
    @JvmOverloads
    public fun resultAsync(each: Consumer<in E> = Consumer { }): CompletableFuture<S> = futureOf { result { each.accept(it) } }

    /** Reads the stream to its end, with [each] for the pieces of the answer's text, and gives the object that the stream comes to. */
    public suspend fun text(each: suspend (String) -> Unit): S = result { event -> how.text(event)?.let { each(it) } }

    /** Reads events as long as [each] says so; what they have come to by then. The connection is closed. */
    public suspend fun until(each: suspend (E) -> Boolean): S = how.result(readWhile(each = each))

    /**
     * Reads the stream to its end and sends its events to [channel], which is not closed; what they have come to. When the channel's reader
     * cancels it, the connection is closed at once, also while the server is silent.
     */
    public suspend fun sendTo(channel: SendChannel<E>): S {
        val task = currentCoroutineContext()
        return how.result(
            readWhile({ stream -> channel.invokeOnClose { runCatching { stream.shut() } } }) { event ->
                try {
                    channel.send(event)
                    true
                } catch (_: CancellationException) {
                    task.ensureActive()
                    false
                } catch (_: ClosedSendChannelException) {
                    false
                }
            },
        )
    }

    private suspend fun read(each: suspend (E) -> Unit): JsonElement = readWhile {
        each(it)
        true
    }

    private suspend fun readWhile(opened: (NativeStream) -> Unit = {}, each: suspend (E) -> Boolean): JsonElement {
        val stream = translated { open() }
        try {
            opened(stream)
            val head = headOf(stream.head())
            onReply?.invoke(head)
            read@ while (true) {
                val batch = translated { stream.nextBatch(null) } ?: break
                for (event in treeOf(batch, head) as JsonArray) if (!each(how.event(event as JsonObject))) break@read
            }
            return treeOf(translated { stream.snapshot() }.encodeToByteArray(), head)
        } finally {
            stream.shut()
            stream.close()
        }
    }
}

/** The value of a member of an event. */
internal fun <T> JsonElement?.read(codec: Codec<T>): T {
    val value = this?.let { codec.read(it, Decoding()) }
    return value ?: throw exceptionOf(recordOf("decode", "an event has no ${codec.name} where it should"))
}

internal fun JsonObject.text(name: String): String? = (this[name] as? JsonPrimitive)?.takeIf { it.isString }?.content

internal fun JsonObject.whole(name: String): Long = (this[name] as? JsonPrimitive)?.content?.toLongOrNull() ?: 0
