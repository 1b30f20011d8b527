package dev.threadline.json

import dev.threadline.FileUpload
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** Writes JSON text. Uploads are put aside; in the text stands `{"$file": N}`. */
internal class JsonWriter {
    private val out = StringBuilder()
    private var first = true

    val files: MutableList<FileUpload> = ArrayList()

    fun text(): String = out.toString()

    fun bytes(): ByteArray = out.toString().encodeToByteArray()

    fun open(bracket: Char) {
        out.append(bracket)
        first = true
    }

    fun close(bracket: Char) {
        out.append(bracket)
        first = false
    }

    fun item() {
        if (first) first = false else out.append(',')
    }

    fun key(name: String) {
        item()
        string(name)
        out.append(':')
        first = true
    }

    fun raw(text: String) {
        out.append(text)
        first = false
    }

    fun file(upload: FileUpload) {
        raw("{\"\$file\":${files.size}}")
        files.add(upload)
    }

    fun begin() = open('{')

    fun end(extra: Extra) {
        for ((name, value) in extra.members) {
            key(name)
            element(value)
        }
        close('}')
    }

    /** A member that has just one value. */
    fun fixed(extra: Extra, name: String, text: String, required: Boolean) {
        val other = if (extra === Extra.NONE) null else extra.misfits[name]
        if (other != null) {
            key(name)
            element(other)
        } else if (required == (extra === Extra.NONE || name !in extra.marks)) {
            key(name)
            raw(text)
        }
    }

    fun <T> req(extra: Extra, name: String, value: T, codec: Codec<T>) {
        if (extra !== Extra.NONE) {
            if (name in extra.marks && value == codec.blank()) {
                extra.misfits[name]?.let {
                    key(name)
                    element(it)
                }
                return
            }
            if (kept(extra, name, value)) return
        }
        key(name)
        codec.write(value, this)
    }

    fun <T : Any> opt(extra: Extra, name: String, value: T?, codec: Codec<T>) {
        if (value == null) {
            if (extra === Extra.NONE) return
            val other = extra.misfits[name] ?: if (name in extra.marks) JsonNull else return
            key(name)
            element(other)
            return
        }
        if (extra !== Extra.NONE && kept(extra, name, value)) return
        key(name)
        codec.write(value, this)
    }

    private fun kept(extra: Extra, name: String, value: Any?): Boolean {
        val kept = extra.kept[name] ?: return false
        // Numbers are boxed anew; objects are the same as long as nobody put others in their place.
        if (kept.value !== value && kept.value != value) return false
        key(name)
        element(kept.raw)
        return true
    }

    @Suppress("UNCHECKED_CAST")
    fun anyObject(value: ApiObject): Unit = (value.codec() as StructCodec<ApiObject>).write(value, this)

    fun element(value: JsonElement) {
        when (value) {
            is JsonNull -> raw("null")
            is JsonPrimitive -> if (value.isString) string(value.content) else raw(value.content)
            is JsonArray -> {
                open('[')
                for (one in value) {
                    item()
                    element(one)
                }
                close(']')
            }
            is JsonObject -> {
                open('{')
                for ((name, one) in value) {
                    key(name)
                    element(one)
                }
                close('}')
            }
        }
    }

    fun string(text: String) {
        out.append('"')
        var from = 0
        for (index in text.indices) {
            val c = text[index]
            val escaped = when {
                c == '"' -> "\\\""
                c == '\\' -> "\\\\"
                c >= ' ' && !c.isSurrogate() -> continue
                c.isSurrogate() && paired(text, index) -> continue
                c == '\n' -> "\\n"
                c == '\r' -> "\\r"
                c == '\t' -> "\\t"
                else -> "\\u" + c.code.toString(16).padStart(4, '0')
            }
            out.append(text, from, index).append(escaped)
            from = index + 1
        }
        out.append(text, from, text.length).append('"')
        first = false
    }

    private fun paired(text: String, index: Int): Boolean =
        if (text[index].isHighSurrogate()) {
            index + 1 < text.length && text[index + 1].isLowSurrogate()
        } else {
            index > 0 && text[index - 1].isHighSurrogate()
        }
}
