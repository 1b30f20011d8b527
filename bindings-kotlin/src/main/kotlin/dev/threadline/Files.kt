package dev.threadline

import java.io.IOException
import java.io.InputStream
import dev.threadline.ffi.Reader as NativeReader
import dev.threadline.ffi.Upload as NativeUpload

/** The upload as the native library takes it. */
internal fun FileUpload.native(): NativeUpload = NativeUpload(
    path = path?.toString(),
    bytes = bytes,
    reader = stream?.let(::StreamReader),
    // Below zero it is unknown, as `URLConnection` says it.
    length = length?.takeIf { it >= 0 }?.toULong(),
    filename = filename,
    contentType = contentType,
)

private class StreamReader(private val stream: InputStream) : NativeReader {
    override fun read(most: UInt): ByteArray = try {
        stream.readNBytes(most.toInt())
    } catch (failed: IOException) {
        throw nativeError("the stream cannot be read: ${failed.message}")
    }
}
