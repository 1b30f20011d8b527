package dev.threadline.json

import dev.threadline.FileUpload
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.nio.file.Path
import java.util.Base64

/** Uploads. In JSON a file is `{"$file": {"path" | "text" | "base64": …, "filename": …, "content_type": …}}`, as in the call protocol. */
internal object FileCodec : Codec<FileUpload>("file") {
    override val kinds: Int get() = Kinds.OBJECT

    override fun read(value: JsonElement, cx: Decoding): FileUpload? {
        val file = (value as? JsonObject)?.get("\$file") as? JsonObject ?: return null
        fun text(name: String): String? = (file[name] as? JsonPrimitive)?.takeIf { it.isString }?.content
        val filename = text("filename")
        val type = text("content_type")
        text("path")?.let { return FileUpload.of(Path.of(it), filename, type) }
        text("text")?.let { return FileUpload.of(it.encodeToByteArray(), filename, type) }
        val bytes = text("base64")?.let { runCatching { Base64.getDecoder().decode(it) }.getOrNull() } ?: return null
        return FileUpload.of(bytes, filename, type)
    }

    override fun write(value: FileUpload, out: JsonWriter): Unit = out.file(value)
    override fun blank(): FileUpload = FileUpload.of(ByteArray(0))
}
