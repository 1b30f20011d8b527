package dev.threadline

import java.io.File
import java.io.InputStream
import java.nio.file.Path

/** A file to send. It is read while the request goes out, not before. */
public class FileUpload private constructor(
    internal val path: Path?,
    internal val bytes: ByteArray?,
    internal val stream: InputStream?,
    internal val length: Long?,
    /** The name that is sent; of a path its last part, where none was given. */
    public val filename: String?,
    /** The content type that is sent; by the name's ending, where none was given. */
    public val contentType: String?,
) {
    override fun toString(): String = "FileUpload(path=$path, filename=$filename)"

    public companion object {
        /** A file on disk. It is sent again when a call is retried. */
        @JvmStatic
        @JvmOverloads
        public fun of(path: Path, filename: String? = null, contentType: String? = null): FileUpload =
            FileUpload(path, null, null, null, filename, contentType)

        /** A file on disk. */
        @JvmStatic
        public fun of(file: File): FileUpload = of(file.toPath())

        /** Bytes. */
        @JvmStatic
        @JvmOverloads
        public fun of(bytes: ByteArray, filename: String? = null, contentType: String? = null): FileUpload =
            FileUpload(null, bytes, null, null, filename, contentType)

        /** A stream, read once: a call that sends it is not retried. [length] in bytes, where it is known. It is not closed. */
        @JvmStatic
        @JvmOverloads
        public fun of(stream: InputStream, length: Long? = null, filename: String? = null, contentType: String? = null): FileUpload =
            FileUpload(null, null, stream, length, filename, contentType)
    }
}
