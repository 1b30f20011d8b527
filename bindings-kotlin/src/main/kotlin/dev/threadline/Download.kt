package dev.threadline

import java.io.ByteArrayOutputStream
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import dev.threadline.ffi.Download as NativeDownload

/** A reply of bytes: a file, an audio clip, a video. It is read once, in one of these ways; [close] closes the connection. */
public class Download internal constructor(private val native: NativeDownload) : AutoCloseable {
    /** Status and headers; `content-type` says what the bytes are. */
    public val head: ReplyHead = headOf(native.head())

    /** The pieces as they arrive. */
    public fun chunks(): ApiFlow<ByteArray> = apiFlow {
        try {
            while (true) emit(translated { native.nextChunk(null) } ?: break)
        } finally {
            close()
        }
    }

    /** All bytes. */
    public suspend fun bytes(): ByteArray {
        val all = ByteArrayOutputStream()
        chunks().collect { all.write(it) }
        return all.toByteArray()
    }

    /** Writes the bytes into a file, which appears, or is replaced, when all of them are there. The number of bytes. */
    public suspend fun writeTo(path: Path): Long = try {
        translated { native.writeTo(path.toString(), null) }.toLong()
    } finally {
        close()
    }

    /** [bytes] for Java. */
    public fun bytesAsync(): CompletableFuture<ByteArray> = futureOf { bytes() }

    /** [writeTo] for Java. */
    public fun writeToAsync(path: Path): CompletableFuture<Long> = futureOf { writeTo(path) }

    override fun close(): Unit = native.shut()
}
