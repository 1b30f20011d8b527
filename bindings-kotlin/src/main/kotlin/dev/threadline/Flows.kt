package dev.threadline

import dev.threadline.ffi.FfiConverterTypeHead
import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import dev.threadline.json.Tape
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import dev.threadline.ffi.EventStream as NativeStream
import dev.threadline.ffi.Pager as NativePager

/**
 * Events of a stream. The request is made when the flow is collected, anew by each collector; when collecting ends, for whatever
 * reason, the connection is closed. A stream that breaks off fails with [StreamEndedException].
 */
@OptIn(ExperimentalCoroutinesApi::class)
public class EventFlow<T> internal constructor(
    private val event: Codec<T>,
    private val onReply: ((ReplyHead) -> Unit)?,
    private val open: suspend () -> EventSource,
) : ApiFlow<T>() {
    override suspend fun collectSafely(collector: FlowCollector<T>): Unit = readEvents(open, onReply) { tape, at, head ->
        val value = event.read(tape, at, Decoding())
            ?: throw exceptionOf(recordOf("decode", "an event of the stream is no ${event.name}", head))
        collector.emit(value)
    }
}

/** Opens a stream and hands out its events; the connection is closed at the end, however that comes. */
internal suspend inline fun readEvents(
    open: suspend () -> EventSource, noinline onReply: ((ReplyHead) -> Unit)?, emit: (Tape, Int, ReplyHead) -> Unit,
) {
    val stream = translated { open() }
    try {
        val head = stream.head
        onReply?.invoke(head)
        while (true) {
            val batch = translated { stream.next() } ?: break
            val tape = tapeOf(batch, head)
            tape.each(0) { emit(tape, it, head) }
        }
    } finally {
        stream.close()
    }
}

/** An open stream, whose events come in lists. */
internal interface EventSource : AutoCloseable {
    val head: ReplyHead

    /** Waits for events; nothing at the end. */
    suspend fun next(): ByteArray?
}

/** A stream that a call opened, by the short way. */
internal class BridgedEvents(private val opened: Bridge.Outcome) : EventSource {
    override val head: ReplyHead = headOf(FfiConverterTypeHead.read(ByteBuffer.wrap(opened.value())))

    private var isOver = false

    override suspend fun next(): ByteArray? {
        if (isOver) return null
        val batch = Bridge.await { Bridge.next(it, opened.number) }
        isOver = batch.isLast
        return batch.value()
    }

    override fun close(): Unit = Bridge.shut(opened.number)
}

/** A stream of UniFFI's. */
internal class NativeEvents(private val stream: NativeStream) : EventSource {
    override val head: ReplyHead = headOf(stream.head())

    override suspend fun next(): ByteArray? = stream.nextBatch(null)

    override fun close() {
        stream.shut()
        stream.close()
    }
}

/** One page of a list. */
public class Page<T> internal constructor(
    /** Its items. */
    public val data: List<T>,
    /** Status and headers of its reply. */
    public val head: ReplyHead,
    /** Whether the server says that there is more. */
    public val hasNext: Boolean,
    private val body: ByteArray,
) {
    /** A member of the page beside its items, such as `first_id`. */
    public operator fun get(name: String): JsonElement? = (treeOf(body, head) as? JsonObject)?.get(name)
}

/** All items of a list. Each page is asked for when it is needed; collecting anew begins at the first. */
@OptIn(ExperimentalCoroutinesApi::class)
public class PageFlow<T> internal constructor(
    private val item: Codec<T>,
    private val onReply: ((ReplyHead) -> Unit)?,
    private val open: () -> NativePager,
) : ApiFlow<T>() {
    override suspend fun collectSafely(collector: FlowCollector<T>): Unit =
        pages().collect { page -> page.data.forEach { collector.emit(it) } }

    /** The list page by page. */
    public fun pages(): ApiFlow<Page<T>> = apiFlow {
        translated { open() }.use { pager ->
            while (true) {
                val reply = translated { pager.next(null) } ?: break
                val head = headOf(reply.head)
                onReply?.invoke(head)
                emit(Page(itemsOf(reply.items, head), head, reply.hasNext, reply.body))
            }
        }
    }

    /** The first page. */
    public suspend fun firstPage(): Page<T> {
        val pager = translated { open() }
        try {
            // A list has a first page, be it empty.
            val reply = checkNotNull(translated { pager.next(null) }) { "a list without a page" }
            val head = headOf(reply.head)
            onReply?.invoke(head)
            return Page(itemsOf(reply.items, head), head, reply.hasNext, reply.body)
        } finally {
            pager.close()
        }
    }

    /** [firstPage] for Java. */
    public fun firstPageAsync(): CompletableFuture<Page<T>> = futureOf { firstPage() }

    private fun itemsOf(bytes: ByteArray, head: ReplyHead): List<T> {
        val tape = tapeOf(bytes, head)
        val items = item.list.read(tape, 0, Decoding()).orEmpty()
        if (items.size != tape.size(0)) throw exceptionOf(recordOf("decode", "an item of the list is no ${item.name}", head))
        return items
    }
}
