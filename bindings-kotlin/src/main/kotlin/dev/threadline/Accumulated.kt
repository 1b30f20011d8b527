package dev.threadline

import dev.threadline.ffi.Accumulator
import dev.threadline.ffi.EventStream
import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import dev.threadline.json.JsonWriter
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer

/** What a kind of stream is put together to: its events of a higher level ([E]), and what all of them come to ([S]). */
internal class Accumulation<E, S>(
    /** The core's name of the kind. */
    val kind: String,
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
    private val startingAfter: Long?,
    private val onReply: ((ReplyHead) -> Unit)?,
    private val open: suspend () -> EventStream,
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
    public suspend fun until(each: suspend (E) -> Boolean): S = Accumulator(how.kind, startingAfter).use { accumulator ->
        try {
            readInto(accumulator) { if (!each(it)) throw Enough() }
        } catch (_: Enough) {
            // The reader has what it wanted.
        }
        how.result(snapshot(accumulator))
    }

    private class Enough : RuntimeException(null, null, false, false)

    private suspend fun read(each: suspend (E) -> Unit): JsonElement = translated { Accumulator(how.kind, startingAfter) }.use { accumulator ->
        readInto(accumulator, each)
        snapshot(accumulator)
    }

    private suspend fun readInto(accumulator: Accumulator, each: suspend (E) -> Unit) {
        suspend fun hand(made: String) {
            for (event in treeOf(made.encodeToByteArray(), null) as JsonArray) each(how.event(event as JsonObject))
        }
        var complete = false
        try {
            readEvents(open, onReply) { raw, _ ->
                val named = if (how.kind == "assistant") raw as? JsonObject else null
                val name = named?.text("event") ?: ""
                val data = JsonWriter().also { it.element(named?.get("data") ?: raw) }.bytes()
                hand(translated { accumulator.push(name, data) })
            }
            complete = true
        } catch (failed: ThreadlineException) {
            throw failed.withSnapshot(snapshot(accumulator))
        }
        if (complete) hand(translated { accumulator.finish() })
    }

    private fun snapshot(accumulator: Accumulator): JsonElement = treeOf(accumulator.snapshot().encodeToByteArray(), null)
}

/** The value of a member of an event. */
internal fun <T> JsonElement?.read(codec: Codec<T>): T {
    val value = this?.let { codec.read(it, Decoding()) }
    return value ?: throw exceptionOf(recordOf("decode", "an event has no ${codec.name} where it should"))
}

internal fun JsonObject.text(name: String): String? = (this[name] as? JsonPrimitive)?.takeIf { it.isString }?.content

internal fun JsonObject.whole(name: String): Long = (this[name] as? JsonPrimitive)?.content?.toLongOrNull() ?: 0
