package dev.threadline

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.channels.produce
import kotlinx.coroutines.flow.AbstractFlow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.future.future
import kotlinx.coroutines.runBlocking
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer

/** Where the futures of Java's callers do their work. Each is cancelled by itself. */
private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

/** A coroutine as a future: cancelling the future cancels the coroutine, and with it its request. */
internal fun <T> futureOf(work: suspend () -> T): CompletableFuture<T> = scope.future { work() }

/** Work without a value as a future. */
internal fun done(work: suspend () -> Unit): CompletableFuture<Void?> = futureOf {
    work()
    null
}

/** Work that goes on when who waits for it leaves. */
internal fun <T> deferred(work: suspend () -> T): Deferred<T> = scope.async { work() }

/** A flow of these items. */
@OptIn(ExperimentalCoroutinesApi::class)
internal fun <T> apiFlow(items: suspend FlowCollector<T>.() -> Unit): ApiFlow<T> = object : ApiFlow<T>() {
    override suspend fun collectSafely(collector: FlowCollector<T>) = collector.items()
}

/** A flow of ours, with what Java needs to read it. */
@OptIn(ExperimentalCoroutinesApi::class)
public abstract class ApiFlow<T> internal constructor() : AbstractFlow<T>() {
    /**
     * For Java: gives each item to [each], one after the other; the future is done at the end. Cancelling it closes the connection, and
     * so does an exception of [each], which becomes the future's.
     */
    public fun forEachAsync(each: Consumer<in T>): CompletableFuture<Void?> = futureOf {
        collect { each.accept(it) }
        null
    }

    /** For Java: the items for a loop, which waits for each on the caller's thread. To be closed, as it holds a connection. */
    public fun iterate(): FlowIterator<T> = FlowIterator(this)
}

/** Reads a flow in a loop: `try (var items = flow.iterate()) { for (var item : items) … }`. It begins with the first `hasNext`. */
@OptIn(ExperimentalCoroutinesApi::class)
public class FlowIterator<T> internal constructor(private val flow: ApiFlow<T>) : Iterator<T>, Iterable<T>, AutoCloseable {
    private val own = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private var items: ReceiveChannel<T>? = null
    private var next: Result<T>? = null
    private var ended = false

    override fun iterator(): Iterator<T> = this

    override fun hasNext(): Boolean {
        if (next != null) return true
        if (ended) return false
        val items = this.items ?: own.produce(capacity = 0) { flow.collect { send(it) } }.also { this.items = it }
        val received = runBlocking { items.receiveCatching() }
        received.exceptionOrNull()?.let {
            close()
            throw it
        }
        ended = received.isClosed
        if (!ended) next = Result.success(received.getOrThrow())
        return !ended
    }

    override fun next(): T {
        if (!hasNext()) throw NoSuchElementException("the flow is at its end")
        return next!!.getOrThrow().also { next = null }
    }

    /** Closes the connection. */
    override fun close() {
        ended = true
        own.cancel(CancellationException("the iterator was closed"))
    }
}
