package dev.threadline.json

import dev.threadline.FileUpload
import java.nio.file.Path
import java.util.Base64

/**
 * Uploads. In JSON a file is `{"$file": {"path" | "text" | "base64": …, "filename": …, "content_type": …}}`, as in the call protocol. A
 * path is taken only where [Decoding.localFiles] allows it.
 */
internal object FileCodec : Codec<FileUpload>("file") {
    override val kinds: Int get() = Kinds.OBJECT

    override fun read(tape: Tape, at: Int, cx: Decoding): FileUpload? {
        val file = if (tape.kind(at) == Kinds.OBJECT) tape.member(at, "\$file") else Tape.NONE
        if (file == Tape.NONE || tape.kind(file) != Kinds.OBJECT) return null
        fun text(name: String): String? =
            tape.member(file, name).takeIf { it != Tape.NONE && tape.kind(it) == Kinds.STRING }?.let { tape.text(it) }
        val filename = text("filename")
        val type = text("content_type")
        text("path")?.let { return if (!cx.localFiles) null else FileUpload.of(Path.of(it), filename, type) }
        text("text")?.let { return FileUpload.of(it.encodeToByteArray(), filename, type) }
        val bytes = text("base64")?.let { runCatching { Base64.getDecoder().decode(it) }.getOrNull() } ?: return null
        return FileUpload.of(bytes, filename, type)
    }

    override fun write(value: FileUpload, out: JsonWriter): Unit = out.file(value)
    override fun blank(): FileUpload = FileUpload.of(ByteArray(0))
}
