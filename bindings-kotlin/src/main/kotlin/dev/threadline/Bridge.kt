package dev.threadline

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Function
import com.sun.jna.JNIEnv
import com.sun.jna.Library
import com.sun.jna.Native
import com.sun.jna.NativeLibrary
import dev.threadline.ffi.FfiConverterTypeCallError
import dev.threadline.ffi.uniffiRustFutureContinuationCallbackImpl
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import java.lang.ref.Cleaner
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import dev.threadline.ffi.Client as NativeClient

/**
 * The short way to the native library, for calls and batches of events: arrays of bytes over JNI. All else goes by what UniFFI generates,
 * which costs more than the call itself. The native half is `bindings-swift/src/jvm.rs`.
 */
internal object Bridge {
    private const val VALUE = 0
    private const val END = 2
    private const val LAST = 3
    private const val LIBRARY = "threadline_ffi"

    private val numbers = AtomicLong()
    private val waiting = ConcurrentHashMap<Long, CancellableContinuation<Outcome>>()
    private val cleaner = Cleaner.create()

    init {
        // The threads of the native library that wake coroutines stay known to the virtual machine. JNA would otherwise make each known
        // anew, and forget it again, with every reply.
        Native.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, CallbackThreadInitializer(true, false, "threadline"))
        val name = System.getProperty("uniffi.component.$LIBRARY.libraryOverride") ?: LIBRARY
        // The options are UniFFI's, or else JNA would load the library a second time.
        val library = NativeLibrary.getInstance(name, mapOf(Library.OPTION_CLASSLOADER to Bridge::class.java.classLoader))
        val start: Function = library.getFunction("threadline_jvm_start")
        val outcome = start.invoke(Int::class.java, arrayOf(JNIEnv.CURRENT, Bridge::class.java), mapOf(Library.OPTION_ALLOW_OBJECTS to true))
        check(outcome == 0) { "the native library does not belong to this package" }
    }

    @JvmStatic
    external fun execute(number: Long, client: Long, operation: ByteArray, path: Array<ByteArray>, fields: ByteArray, options: ByteArray)

    @JvmStatic
    external fun stream(number: Long, client: Long, operation: ByteArray, path: Array<ByteArray>, fields: ByteArray, options: ByteArray)

    @JvmStatic
    external fun next(number: Long, stream: Long)

    @JvmStatic
    external fun shut(stream: Long)

    @JvmStatic
    external fun cancel(number: Long)

    /** What came of work; [number] is a stream's too, where the work opened one. */
    class Outcome(val number: Long, private val what: Int, private val bytes: ByteArray?) {
        /** Whether nothing comes after it. */
        val isLast: Boolean get() = what == LAST || what == END

        /** The value; nothing at the end of a stream. */
        fun value(): ByteArray? = when (what) {
            VALUE, LAST -> bytes ?: throw OutOfMemoryError("a reply is longer than the memory that is left")
            END -> null
            else -> throw exceptionOf(FfiConverterTypeCallError.read(ByteBuffer.wrap(bytes ?: throw OutOfMemoryError())))
        }
    }

    /** The native library says that work is done. */
    @JvmStatic
    fun done(number: Long, what: Int, bytes: ByteArray?) {
        // Who was cancelled in the meantime takes no stream.
        val continuation = waiting.remove(number) ?: return shut(number)
        continuation.resume(Outcome(number, what, bytes)) { _, _, _ -> shut(number) }
    }

    /** Begins work and waits for its outcome. Cancelling ends the work. */
    suspend fun await(begin: (Long) -> Unit): Outcome = suspendCancellableCoroutine { continuation ->
        val number = numbers.incrementAndGet()
        waiting[number] = continuation
        begin(number)
        // Behind the beginning: one that is cancelled already ends it here.
        continuation.invokeOnCancellation {
            waiting.remove(number)
            cancel(number)
        }
    }

    /** Makes a client known; it is known until it is let go of, or [owner] is garbage. */
    fun own(native: NativeClient, owner: Any): Owned {
        val number = numbers.incrementAndGet()
        native.own(number)
        return Owned(number, cleaner.register(owner) { runCatching { native.disown(number) } })
    }

    /** The number by which a client is known. */
    class Owned(val number: Long, private val cleanable: Cleaner.Cleanable) {
        fun release(): Unit = cleanable.clean()
    }
}
