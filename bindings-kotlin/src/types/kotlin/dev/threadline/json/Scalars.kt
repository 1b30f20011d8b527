package dev.threadline.json

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import java.math.BigDecimal

/** Texts. */
internal object TextCodec : Codec<String>("text") {
    override val kinds: Int get() = Kinds.STRING
    override fun read(tape: Tape, at: Int, cx: Decoding): String? = if (tape.kind(at) == Kinds.STRING) tape.text(at) else null
    override fun write(value: String, out: JsonWriter): Unit = out.string(value)
    override fun blank(): String = ""
}

/** Texts that must not be shown. */
internal object SecretCodec : Codec<Secret>("text") {
    override val kinds: Int get() = Kinds.STRING
    override fun read(tape: Tape, at: Int, cx: Decoding): Secret? = TextCodec.read(tape, at, cx)?.let(::Secret)
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
    override fun read(tape: Tape, at: Int, cx: Decoding): Long? {
        if (tape.kind(at) != Kinds.NUMBER) return null
        tape.whole(at)?.let { return it }
        return tape.literal(at).toBigDecimalOrNull()?.let { runCatching { it.longValueExact() }.getOrNull() }
    }

    override fun write(value: Long, out: JsonWriter): Unit = out.raw(value.toString())
    override fun blank(): Long = 0
    override fun fit(tape: Tape, at: Int): Int = if (read(tape, at, Decoding()) != null) Fit.FULL else Fit.NO
}

/** Numbers. */
internal object NumberCodec : Codec<Double>("number") {
    override val kinds: Int get() = Kinds.NUMBER
    override fun read(tape: Tape, at: Int, cx: Decoding): Double? {
        if (tape.kind(at) != Kinds.NUMBER) return null
        val text = tape.literal(at)
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
    override fun read(tape: Tape, at: Int, cx: Decoding): Boolean? =
        if (tape.kind(at) == Kinds.BOOLEAN) tape.isTrue(at) else null

    override fun write(value: Boolean, out: JsonWriter): Unit = out.raw(value.toString())
    override fun blank(): Boolean = false
}

/** Any JSON. */
internal object JsonCodec : Codec<JsonElement>("JSON") {
    override val kinds: Int get() = Kinds.ANY
    override fun read(tape: Tape, at: Int, cx: Decoding): JsonElement = tape.element(at)
    override fun write(value: JsonElement, out: JsonWriter): Unit = out.element(value)
    override fun blank(): JsonElement = JsonNull
}

/** `null` and nothing else. */
internal object NullCodec : Codec<JsonNull>("null") {
    override val kinds: Int get() = Kinds.NULL
    override fun read(tape: Tape, at: Int, cx: Decoding): JsonNull? = if (tape.kind(at) == Kinds.NULL) JsonNull else null
    override fun write(value: JsonNull, out: JsonWriter): Unit = out.raw("null")
    override fun blank(): JsonNull = JsonNull
}

/** Lists. An item of another type is left out, and the list kept as it came. */
internal class ListCodec<T>(private val item: Codec<T>) : Codec<List<T>>("list") {
    override val kinds: Int get() = Kinds.LIST
    override fun read(tape: Tape, at: Int, cx: Decoding): List<T>? {
        if (tape.kind(at) != Kinds.LIST) return null
        val list = ArrayList<T>(tape.size(at))
        tape.each(at) { raw ->
            val one = item.read(tape, raw, cx)
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
    override fun fit(tape: Tape, at: Int): Int {
        if (tape.kind(at) != Kinds.LIST) return Fit.NO
        var least = Fit.FULL
        tape.each(at) { least = minOf(least, item.fit(tape, it)) }
        return least
    }
}

/** Objects with any names. */
internal class MapCodec<T>(private val item: Codec<T>) : Codec<Map<String, T>>("map") {
    override val kinds: Int get() = Kinds.OBJECT
    override fun read(tape: Tape, at: Int, cx: Decoding): Map<String, T>? {
        if (tape.kind(at) != Kinds.OBJECT) return null
        val map = LinkedHashMap<String, T>()
        tape.eachMember(at) { key, raw ->
            val one = item.read(tape, raw, cx)
            if (one == null) {
                cx.inexact = true
                cx.misfit("`${tape.text(key)}` is no ${item.name}")
            } else {
                map[tape.text(key)] = one
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
    override fun fit(tape: Tape, at: Int): Int {
        if (tape.kind(at) != Kinds.OBJECT) return Fit.NO
        var least = Fit.FULL
        tape.eachMember(at) { _, raw -> least = minOf(least, item.fit(tape, raw)) }
        return least
    }
}
