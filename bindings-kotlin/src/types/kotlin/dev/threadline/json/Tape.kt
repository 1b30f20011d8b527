package dev.threadline.json

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.JsonUnquotedLiteral

/**
 * A JSON text that was walked over once: a row for each value and each name, in the order of the text. Codecs read their fields straight
 * from it, so a class is the first thing that is made of a reply.
 *
 * A value is known by the place of its row. An object's rows are followed by those of its members, name and value in turn; a list's by
 * those of its items.
 */
internal class Tape(private val bytes: ByteArray, private val rows: IntArray) {
    /** Its kind, one bit of [Kinds]. */
    fun kind(at: Int): Int = rows[at] and Kinds.ANY

    /** How many items a list has, or members an object. */
    fun size(at: Int): Int = rows[at + 2]

    /** The row of the first item of a list, or of the first name of an object. */
    fun first(at: Int): Int = at + ROW

    /** The value that a name stands in front of. */
    fun behind(name: Int): Int = name + ROW

    /** The row behind the value and all that is in it. */
    fun next(at: Int): Int = rows[at + 3]

    fun isTrue(at: Int): Boolean = rows[at] and TRUE != 0

    /** Whether a text, or a name, is this one, or this part of it, which is ASCII. */
    fun isText(at: Int, text: String, from: Int = 0, to: Int = text.length): Boolean {
        val start = rows[at + 1]
        if (rows[at] and ESCAPED != 0) return text(at).contentEquals(text.substring(from, to))
        if (rows[at + 2] - start != to - from) return false
        for (index in from until to) if (bytes[start + index - from].toInt() != text[index].code) return false
        return true
    }

    /** A text. */
    fun text(at: Int): String {
        val start = rows[at + 1]
        val length = rows[at + 2] - start
        return when (rows[at] and (ESCAPED or WIDE)) {
            0 -> String(bytes, start, length, Charsets.ISO_8859_1)
            WIDE -> String(bytes, start, length, Charsets.UTF_8)
            else -> unescaped(start, start + length)
        }
    }

    /** A text or a scalar as it stands in the JSON, without quotes. */
    fun literal(at: Int): String = String(bytes, rows[at + 1], rows[at + 2] - rows[at + 1], Charsets.ISO_8859_1)

    /** A number that is written as a whole one and fits. */
    fun whole(at: Int): Long? {
        var index = rows[at + 1]
        val end = rows[at + 2]
        val negative = bytes[index] == '-'.code.toByte()
        if (negative) index += 1
        if (end - index > 18) return literal(at).toLongOrNull()
        var value = 0L
        while (index < end) {
            val digit = bytes[index] - '0'.code
            if (digit < 0 || digit > 9) return null
            value = value * 10 + digit
            index += 1
        }
        return if (negative) -value else value
    }

    /** The value of the first member of this name; [NONE] where there is none. */
    fun member(at: Int, name: String): Int {
        val end = next(at)
        var key = first(at)
        while (key < end) {
            if (isText(key, name)) return behind(key)
            key = next(behind(key))
        }
        return NONE
    }

    /** The value as a tree. */
    @OptIn(ExperimentalSerializationApi::class)
    fun element(at: Int): JsonElement = when (kind(at)) {
        Kinds.OBJECT -> {
            val members = LinkedHashMap<String, JsonElement>(size(at) * 2)
            eachMember(at) { key, value -> members[text(key)] = element(value) }
            JsonObject(members)
        }
        Kinds.LIST -> {
            val items = ArrayList<JsonElement>(size(at))
            each(at) { items.add(element(it)) }
            JsonArray(items)
        }
        Kinds.STRING -> JsonPrimitive(text(at))
        Kinds.NUMBER -> JsonUnquotedLiteral(literal(at))
        Kinds.BOOLEAN -> JsonPrimitive(isTrue(at))
        else -> JsonNull
    }

    /** Each item of a list. */
    inline fun each(at: Int, work: (Int) -> Unit) {
        val end = next(at)
        var item = first(at)
        while (item < end) {
            work(item)
            item = next(item)
        }
    }

    /** Name and value of each member of an object. */
    inline fun eachMember(at: Int, work: (Int, Int) -> Unit) {
        val end = next(at)
        var key = first(at)
        while (key < end) {
            work(key, behind(key))
            key = next(behind(key))
        }
    }

    private fun unescaped(start: Int, end: Int): String {
        val out = StringBuilder(end - start)
        var from = start
        var index = start
        while (index < end) {
            if (bytes[index] != '\\'.code.toByte()) {
                index += 1
                continue
            }
            if (index > from) out.append(String(bytes, from, index - from, Charsets.UTF_8))
            val c = Char(bytes[index + 1].toInt())
            index += 2
            when (c) {
                'n' -> out.append('\n')
                't' -> out.append('\t')
                'r' -> out.append('\r')
                'b' -> out.append('\b')
                'f' -> out.append('\u000c')
                'u' -> {
                    out.append(Char(String(bytes, index, 4, Charsets.ISO_8859_1).toInt(16)))
                    index += 4
                }
                else -> out.append(c)
            }
            from = index
        }
        if (end > from) out.append(String(bytes, from, end - from, Charsets.UTF_8))
        return out.toString()
    }

    companion object {
        /** No row. */
        const val NONE: Int = -1

        /** Numbers of a row: what it is; where its text begins and ends (of a list or an object how many it has); the row behind it. */
        const val ROW: Int = 4

        /** The text has a backslash. */
        const val ESCAPED: Int = 64

        /** The text has characters beyond ASCII. */
        const val WIDE: Int = 128

        const val TRUE: Int = 256

        /** An object without members. */
        val EMPTY: Tape = parse("{}".encodeToByteArray())

        /** Walks over a text. What is no JSON is a [SerializationException]. */
        fun parse(bytes: ByteArray): Tape = Tape(bytes, Walk(bytes).rows())

        fun of(value: JsonElement): Tape = parse(JsonWriter().also { it.element(value) }.bytes())
    }
}

/** Walks over a text by RFC 8259, and writes the rows. Control characters in texts, which some servers leave as they are, are taken. */
private class Walk(private val bytes: ByteArray) {
    private var rows = IntArray(bytes.size / 2 + 32)
    private var used = 0

    fun rows(): IntArray {
        val end = blank(value(blank(0), 0))
        if (end < bytes.size) fail(end)
        return rows
    }

    private fun fail(at: Int, what: String = "unexpected character"): Nothing =
        throw SerializationException(if (at >= bytes.size) "this is no JSON: it breaks off" else "this is no JSON: $what at byte $at")

    private fun byte(at: Int): Int = if (at < bytes.size) bytes[at].toInt() else fail(at)

    private fun blank(from: Int): Int {
        var at = from
        while (at < bytes.size) {
            when (bytes[at].toInt()) {
                SPACE, NEWLINE, RETURN, TAB -> at += 1
                else -> return at
            }
        }
        return at
    }

    private fun row(what: Int, start: Int): Int {
        val row = used
        used += Tape.ROW
        if (used > rows.size) rows = rows.copyOf(maxOf(rows.size * 2, used))
        rows[row] = what
        rows[row + 1] = start
        return row
    }

    private fun done(row: Int, end: Int) {
        rows[row + 2] = end
        rows[row + 3] = used
    }

    /** Walks over the value that begins here; the place behind it. */
    private fun value(at: Int, depth: Int): Int = when (byte(at)) {
        QUOTE -> text(at + 1)
        '{'.code -> members(at, depth)
        '['.code -> items(at, depth)
        't'.code -> word(at, "true", Kinds.BOOLEAN or Tape.TRUE)
        'f'.code -> word(at, "false", Kinds.BOOLEAN)
        'n'.code -> word(at, "null", Kinds.NULL)
        else -> number(at)
    }

    private fun members(open: Int, depth: Int): Int {
        if (depth == DEPTH) fail(open, "deeper than $DEPTH levels")
        val row = row(Kinds.OBJECT, open)
        var count = 0
        var at = blank(open + 1)
        if (byte(at) != '}'.code) {
            while (true) {
                if (byte(at) != QUOTE) fail(at)
                at = blank(text(at + 1))
                if (byte(at) != ':'.code) fail(at)
                at = blank(value(blank(at + 1), depth + 1))
                count += 1
                val c = byte(at)
                if (c == '}'.code) break
                if (c != ','.code) fail(at)
                at = blank(at + 1)
            }
        }
        done(row, count)
        return at + 1
    }

    private fun items(open: Int, depth: Int): Int {
        if (depth == DEPTH) fail(open, "deeper than $DEPTH levels")
        val row = row(Kinds.LIST, open)
        var count = 0
        var at = blank(open + 1)
        if (byte(at) != ']'.code) {
            while (true) {
                at = blank(value(at, depth + 1))
                count += 1
                val c = byte(at)
                if (c == ']'.code) break
                if (c != ','.code) fail(at)
                at = blank(at + 1)
            }
        }
        done(row, count)
        return at + 1
    }

    private fun text(start: Int): Int {
        val row = row(Kinds.STRING, start)
        var at = start
        var what = Kinds.STRING
        while (at < bytes.size) {
            val c = bytes[at].toInt()
            if (c == QUOTE) {
                rows[row] = what
                done(row, at)
                return at + 1
            }
            if (c == '\\'.code) {
                what = what or Tape.ESCAPED
                at = escape(at + 1)
            } else {
                if (c < 0) what = what or Tape.WIDE
                at += 1
            }
        }
        fail(at)
    }

    private fun escape(at: Int): Int {
        when (Char(byte(at) and 0xff)) {
            '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> return at + 1
            'u' -> {
                for (index in at + 1..at + 4) if (Character.digit(byte(index), 16) < 0) fail(index)
                return at + 5
            }
            else -> fail(at, "an unknown escape")
        }
    }

    private fun word(at: Int, word: String, what: Int): Int {
        for (index in word.indices) if (byte(at + index) != word[index].code) fail(at + index)
        done(row(what, at), at + word.length)
        return at + word.length
    }

    private fun digits(from: Int): Int {
        var at = from
        while (at < bytes.size && bytes[at] in DIGITS) at += 1
        if (at == from) fail(at)
        return at
    }

    private fun number(start: Int): Int {
        var at = if (bytes[start] == '-'.code.toByte()) start + 1 else start
        at = if (byte(at) == '0'.code) at + 1 else digits(at)
        if (at < bytes.size && bytes[at] == '.'.code.toByte()) at = digits(at + 1)
        if (at < bytes.size && (bytes[at].toInt() or 0x20) == 'e'.code) {
            at += 1
            if (byte(at) == '+'.code || byte(at) == '-'.code) at += 1
            at = digits(at)
        }
        done(row(Kinds.NUMBER, start), at)
        return at
    }

    private companion object {
        const val QUOTE = '"'.code
        const val SPACE = 32
        const val NEWLINE = 10
        const val RETURN = 13
        const val TAB = 9
        val DIGITS = '0'.code.toByte()..'9'.code.toByte()

        /** The native library lets less through; what a program decodes by itself shall not overflow the stack either. */
        const val DEPTH = 512
    }
}
