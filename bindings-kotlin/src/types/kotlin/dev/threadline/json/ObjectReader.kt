package dev.threadline.json

import kotlinx.serialization.json.JsonElement
import java.util.BitSet

/** Reads the members of an object for a struct, and collects what the struct cannot say. */
internal class ObjectReader(private val tape: Tape, at: Int, private val cx: Decoding) {
    private val first = tape.first(at)
    private val end = tape.next(at)
    private val size = tape.size(at)

    // Members mostly stand in the order in which they are asked for: the search begins behind the last one.
    private var cursor = first
    private var number = 0
    private var found = 0
    private var seen = 0L
    private var seenMore: BitSet? = null
    private var misfits: LinkedHashMap<String, JsonElement>? = null
    private var marks: HashSet<String>? = null
    private var kept: HashMap<String, Kept>? = null

    private fun mark(name: String) {
        (marks ?: HashSet<String>().also { marks = it }).add(name)
    }

    private fun misfit(name: String, value: Int, what: String) {
        (misfits ?: LinkedHashMap<String, JsonElement>().also { misfits = it })[name] = tape.element(value)
        cx.misfit("`$name` is no $what")
    }

    /** The value of a member, which counts as seen then. */
    private fun find(name: String): Int {
        if (cursor < end && tape.isText(cursor, name)) return take(cursor, number)
        if (found == size) return Tape.NONE
        var key = first
        var index = 0
        while (key < end) {
            if (tape.isText(key, name)) return take(key, index)
            key = tape.next(tape.behind(key))
            index += 1
        }
        return Tape.NONE
    }

    private fun take(key: Int, index: Int): Int {
        val value = tape.behind(key)
        cursor = tape.next(value)
        number = index + 1
        found += 1
        if (index < Long.SIZE_BITS) {
            seen = seen or (1L shl index)
        } else {
            (seenMore ?: BitSet().also { seenMore = it }).set(index)
        }
        return value
    }

    private fun isSeen(index: Int): Boolean =
        if (index < Long.SIZE_BITS) seen and (1L shl index) != 0L else seenMore?.get(index) == true

    private fun <T> value(name: String, raw: Int, codec: Codec<T>): T? {
        val outer = cx.inexact
        cx.inexact = false
        val value = codec.read(tape, raw, cx)
        if (cx.inexact && value != null) {
            (kept ?: HashMap<String, Kept>().also { kept = it })[name] = Kept(tape.element(raw), value)
        }
        cx.inexact = outer
        return value
    }

    fun <T> req(name: String, codec: Codec<T>): T {
        val raw = find(name)
        if (raw == Tape.NONE) {
            mark(name)
            return codec.blank()
        }
        val value = value(name, raw, codec)
        if (value == null) {
            mark(name)
            misfit(name, raw, codec.name)
            return codec.blank()
        }
        return value
    }

    fun <T> opt(name: String, codec: Codec<T>): T? {
        val raw = find(name)
        if (raw == Tape.NONE) return null
        if (tape.kind(raw) == Kinds.NULL) {
            mark(name)
            return null
        }
        val value = value(name, raw, codec)
        if (value == null) misfit(name, raw, codec.name)
        return value
    }

    /** A member with one possible value. */
    fun fixed(name: String, text: String, required: Boolean) {
        val raw = find(name)
        when {
            raw == Tape.NONE -> if (required) mark(name)
            !same(tape, raw, text) -> misfit(name, raw, text)
            !required -> mark(name)
        }
    }

    /** What the class cannot say. */
    fun rest(): Extra {
        if (found == size && misfits == null && marks == null && kept == null) return Extra.NONE
        var unknown: Map<String, JsonElement> = emptyMap()
        if (found < size) {
            unknown = LinkedHashMap()
            var key = first
            var index = 0
            while (key < end) {
                if (!isSeen(index)) unknown[tape.text(key)] = tape.element(tape.behind(key))
                key = tape.next(tape.behind(key))
                index += 1
            }
        }
        return Extra(unknown, misfits ?: emptyMap(), marks ?: emptySet(), kept ?: emptyMap())
    }

    companion object {
        /** Whether a value is the constant of this JSON text. */
        fun same(tape: Tape, raw: Int, text: String): Boolean = when (tape.kind(raw)) {
            Kinds.STRING -> text.startsWith('"') && tape.isText(raw, text, 1, text.length - 1)
            Kinds.OBJECT, Kinds.LIST -> false
            else -> {
                val literal = tape.literal(raw)
                literal == text || (!text.startsWith('"') && text.toDoubleOrNull().let { it != null && it == literal.toDoubleOrNull() })
            }
        }
    }
}
