package dev.threadline

import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import java.util.concurrent.atomic.AtomicReference

/**
 * Work that tells a function of the program news, which the native library cannot see fail: what it throws ends the work and is thrown on. The
 * function stands in what [work] gives to its argument.
 */
internal suspend fun <T> hearing(work: suspend (tell: (() -> Unit) -> Unit) -> T): T {
    val thrown = AtomicReference<Throwable?>()
    return try {
        coroutineScope {
            work { told ->
                try {
                    // News that were on their way are not told to one that has failed.
                    if (thrown.get() == null) told()
                } catch (failed: Throwable) {
                    thrown.compareAndSet(null, failed)
                    cancel()
                }
            }
        }
    } catch (failed: Throwable) {
        throw thrown.get() ?: failed
    }
}
