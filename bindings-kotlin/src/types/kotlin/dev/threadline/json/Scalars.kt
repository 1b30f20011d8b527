package dev.threadline.json

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.math.BigDecimal

/** Texts. */
internal object TextCodec : Codec<String>("text") {
    override val kinds: Int get() = Kinds.STRING
    override fun read(value: JsonElement, cx: Decoding): String? = if (value is JsonPrimitive && value.isString) value.content else null
    override fun write(value: String, out: JsonWriter): Unit = out.string(value)
    override fun blank(): String = ""
}

/** Texts that must not be shown. */
internal object SecretCodec : Codec<Secret>("text") {
    override val kinds: Int get() = Kinds.STRING
    override fun read(value: JsonElement, cx: Decoding): Secret? = TextCodec.read(value, cx)?.let(::Secret)
    override fun write(value: Secret, out: JsonWriter): Unit = out.string(value.value)
    override fun blank(): Secret = Secret("")
}

/** A text that neither `toString` nor a log shows. */
public class Secret(
    /** The text itself. */
    public val value: String,
) {
    override fun equals(other: Any?): Boolean = other is Secret && other.value == value
    override fun hashCode(): Int = value.hashCode()
    override fun toString(): String = "***"
}

/** Whole numbers. */
internal object IntegerCodec : Codec<Long>("whole number") {
    override val kinds: Int get() = Kinds.NUMBER
    override fun read(value: JsonElement, cx: Decoding): Long? {
        if (value !is JsonPrimitive || value.isString || value === JsonNull) return null
        value.content.toLongOrNull()?.let { return it }
        if (value.content == "true" || value.content == "false") return null
        return value.content.toBigDecimalOrNull()?.let { runCatching { it.longValueExact() }.getOrNull() }
    }

    override fun write(value: Long, out: JsonWriter): Unit = out.raw(value.toString())
    override fun blank(): Long = 0
    override fun fit(value: JsonElement): Int = if (read(value, Decoding()) != null) Fit.FULL else Fit.NO
}

/** Numbers. */
internal object NumberCodec : Codec<Double>("number") {
    override val kinds: Int get() = Kinds.NUMBER
    override fun read(value: JsonElement, cx: Decoding): Double? {
        if (Kinds.of(value) != Kinds.NUMBER) return null
        val text = (value as JsonPrimitive).content
        val number = text.toDoubleOrNull()?.takeIf { it.isFinite() } ?: return null
        // Few digits always survive.
        if (text.length > 15 && text.toBigDecimalOrNull()?.compareTo(BigDecimal(number.toString())) != 0) cx.inexact = true
        return number
    }

    override fun write(value: Double, out: JsonWriter) {
        require(value.isFinite()) { "JSON has no number $value" }
        out.raw(value.toString())
    }

    override fun blank(): Double = 0.0
}

/** `true` and `false`. */
internal object FlagCodec : Codec<Boolean>("boolean") {
    override val kinds: Int get() = Kinds.BOOLEAN
    override fun read(value: JsonElement, cx: Decoding): Boolean? =
        if (value is JsonPrimitive && !value.isString) value.content.toBooleanStrictOrNull() else null

    override fun write(value: Boolean, out: JsonWriter): Unit = out.raw(value.toString())
    override fun blank(): Boolean = false
}

/** Any JSON. */
internal object JsonCodec : Codec<JsonElement>("JSON") {
    override val kinds: Int get() = Kinds.ANY
    override fun read(value: JsonElement, cx: Decoding): JsonElement = value
    override fun write(value: JsonElement, out: JsonWriter): Unit = out.element(value)
    override fun blank(): JsonElement = JsonNull
}

/** `null` and nothing else. */
internal object NullCodec : Codec<JsonNull>("null") {
    override val kinds: Int get() = Kinds.NULL
    override fun read(value: JsonElement, cx: Decoding): JsonNull? = value as? JsonNull
    override fun write(value: JsonNull, out: JsonWriter): Unit = out.raw("null")
    override fun blank(): JsonNull = JsonNull
}

/** Lists. An item of another type is left out, and the list kept as it came. */
internal class ListCodec<T>(private val item: Codec<T>) : Codec<List<T>>("list") {
    override val kinds: Int get() = Kinds.LIST
    override fun read(value: JsonElement, cx: Decoding): List<T>? {
        if (value !is JsonArray) return null
        val list = ArrayList<T>(value.size)
        for (raw in value) {
            val one = item.read(raw, cx)
            if (one == null) {
                cx.inexact = true
                cx.misfit("an item is no ${item.name}")
            } else {
                list.add(one)
            }
        }
        return list
    }

    override fun write(value: List<T>, out: JsonWriter) {
        out.open('[')
        for (one in value) {
            out.item()
            item.write(one, out)
        }
        out.close(']')
    }

    override fun blank(): List<T> = emptyList()
    override fun fit(value: JsonElement): Int =
        if (value !is JsonArray) Fit.NO else value.minOfOrNull { item.fit(it) } ?: Fit.FULL
}

/** Objects with any names. */
internal class MapCodec<T>(private val item: Codec<T>) : Codec<Map<String, T>>("map") {
    override val kinds: Int get() = Kinds.OBJECT
    override fun read(value: JsonElement, cx: Decoding): Map<String, T>? {
        if (value !is JsonObject) return null
        val map = LinkedHashMap<String, T>()
        for ((name, raw) in value) {
            val one = item.read(raw, cx)
            if (one == null) {
                cx.inexact = true
                cx.misfit("`$name` is no ${item.name}")
            } else {
                map[name] = one
            }
        }
        return map
    }

    override fun write(value: Map<String, T>, out: JsonWriter) {
        out.open('{')
        for ((name, one) in value) {
            out.key(name)
            item.write(one, out)
        }
        out.close('}')
    }

    override fun blank(): Map<String, T> = emptyMap()
    override fun fit(value: JsonElement): Int =
        if (value !is JsonObject) Fit.NO else value.values.minOfOrNull { item.fit(it) } ?: Fit.FULL
}
