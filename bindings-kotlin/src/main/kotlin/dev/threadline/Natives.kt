package dev.threadline

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import dev.threadline.ffi.uniffiRustFutureContinuationCallbackImpl

/**
 * The threads of the native library that wake coroutines stay known to the virtual machine. JNA would otherwise make each known anew, and
 * forget it again, with every reply.
 */
internal fun keepThreads(): Unit =
    Native.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, CallbackThreadInitializer(true, false, "threadline"))
