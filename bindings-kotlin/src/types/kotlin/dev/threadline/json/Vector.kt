package dev.threadline.json

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

/**
 * An embedding: numbers, however they came. Servers send a list, or, shorter, base64 of little-endian floats; it is written as a list,
 * unless the caller asked for base64.
 */
public class Vector private constructor(private val numbers: DoubleArray, private val base64: String?) {
    /** A vector of these numbers. */
    public constructor(numbers: DoubleArray) : this(numbers, null)

    /** How many dimensions it has. */
    public val size: Int get() = numbers.size

    /** One of its numbers. */
    public operator fun get(index: Int): Double = numbers[index]

    /** Its numbers. */
    public fun toDoubleArray(): DoubleArray = numbers.copyOf()

    /** Its numbers as floats. */
    public fun toFloatArray(): FloatArray = FloatArray(numbers.size) { numbers[it].toFloat() }

    /** The base64 text, where the caller asked for it. */
    public val asBase64: String? get() = base64

    override fun equals(other: Any?): Boolean = other is Vector && numbers.contentEquals(other.numbers)
    override fun hashCode(): Int = numbers.contentHashCode()
    override fun toString(): String = "Vector(size=$size)"

    internal object VectorCodec : Codec<Vector>("vector") {
        override val kinds: Int get() = Kinds.LIST or Kinds.STRING

        override fun read(tape: Tape, at: Int, cx: Decoding): Vector? = when (tape.kind(at)) {
            Kinds.LIST -> {
                val numbers = DoubleArray(tape.size(at))
                var index = 0
                tape.each(at) { numbers[index++] = NumberCodec.read(tape, it, cx) ?: return null }
                Vector(numbers, null)
            }
            Kinds.STRING -> ofBase64(tape.text(at), cx.keepBase64)
            else -> null
        }

        private fun ofBase64(text: String, keep: Boolean): Vector? {
            val bytes = try {
                Base64.getDecoder().decode(text)
            } catch (_: IllegalArgumentException) {
                return null
            }
            if (bytes.size % 4 != 0) return null
            val floats = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
            val numbers = DoubleArray(floats.remaining()) { floats.get(it).toDouble() }
            if (!keep && numbers.any { !it.isFinite() }) return null
            return Vector(numbers, if (keep) text else null)
        }

        override fun write(value: Vector, out: JsonWriter) {
            value.base64?.let { return out.string(it) }
            out.open('[')
            for (number in value.numbers) {
                out.item()
                out.raw(number.toString())
            }
            out.close(']')
        }

        override fun blank(): Vector = Vector(DoubleArray(0))

        override fun fit(tape: Tape, at: Int): Int = if (read(tape, at, Decoding()) != null) Fit.FULL else Fit.NO
    }
}
