package dev.threadline.json

import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonDecoder
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonEncoder
import kotlinx.serialization.json.JsonNull

/** How JSON text becomes a tree. */
internal val json: Json = Json

/** Kinds of JSON values, as bits. */
internal object Kinds {
    const val OBJECT = 1
    const val LIST = 2
    const val STRING = 4
    const val NUMBER = 8
    const val BOOLEAN = 16
    const val NULL = 32
    const val ANY = 63
}

/** How well a value fits a type, for a union's choice among arms: more is better. */
internal object Fit {
    /** Another kind of value, or a constant with another value. */
    const val NO = 0

    /** All that is required is there, but for a constant. */
    const val SHAPE = Int.MAX_VALUE - 1

    const val FULL = Int.MAX_VALUE

    /** So many of the required members and constants are there. */
    fun partial(present: Int): Int = 1 + present
}

/** What one decoding is asked for and finds out. */
internal class Decoding(
    val strict: Boolean = false,
    val keepBase64: Boolean = false,
    /** Whether the JSON may name files of this machine, which are read when they are sent: only where its author may read them. */
    val localFiles: Boolean = false,
) {
    /** The first misfit, where decoding is strict. */
    var problem: String? = null
        private set

    /** Something was decoded that would not be encoded as it was; the next field up keeps the value. */
    var inexact: Boolean = false

    fun misfit(what: String) {
        if (strict && problem == null) problem = what
    }
}

/**
 * How a type is read from JSON and written to it. Reading is lenient: an object always reads, and what its fields cannot say is kept
 * in [Extra], so that writing gives it back.
 */
public abstract class Codec<T> internal constructor(internal val name: String) : KSerializer<T> {
    private var listCodec: ListCodec<T>? = null
    private var mapCodec: MapCodec<T>? = null

    /** The codec of lists of these. Made when it is asked for: classes that hold each other must not make each other's. */
    internal val list: ListCodec<T> get() = listCodec ?: ListCodec(this).also { listCodec = it }

    /** The codec of objects whose members are these. */
    internal val map: MapCodec<T> get() = mapCodec ?: MapCodec(this).also { mapCodec = it }

    internal abstract val kinds: Int

    /** For kotlinx.serialization. */
    public fun serializer(): KSerializer<T> = this

    /** The value at this place of a tape; null when the JSON is of another kind. */
    internal abstract fun read(tape: Tape, at: Int, cx: Decoding): T?

    /** The value of a tree. */
    internal fun read(value: JsonElement, cx: Decoding): T? = read(Tape.of(value), 0, cx)

    internal abstract fun write(value: T, out: JsonWriter)

    /** The value of a required field whose member is absent. */
    internal abstract fun blank(): T

    internal open fun fit(tape: Tape, at: Int): Int = if (tape.kind(at) and kinds != 0) Fit.FULL else Fit.NO

    override val descriptor: SerialDescriptor by lazy { SerialDescriptor("dev.threadline.$name", JsonElement.serializer().descriptor) }

    override fun deserialize(decoder: Decoder): T {
        val tree = (decoder as? JsonDecoder)?.decodeJsonElement()
            ?: throw SerializationException("$name is read from JSON only")
        return read(tree, Decoding()) ?: throw SerializationException("this JSON is no $name")
    }

    override fun serialize(encoder: Encoder, value: T) {
        val target = encoder as? JsonEncoder ?: throw SerializationException("$name is written as JSON only")
        target.encodeJsonElement(json.parseToJsonElement(encode(value)))
    }

    /** The value of a JSON text. */
    public fun decode(text: String): T =
        read(Tape.parse(text.encodeToByteArray()), 0, Decoding()) ?: throw SerializationException("this JSON is no $name")

    /** The value as JSON text. A value that holds uploads has none. */
    public fun encode(value: T): String {
        val out = JsonWriter()
        write(value, out)
        if (out.files.isNotEmpty()) throw SerializationException("an upload cannot be written as JSON")
        return out.text()
    }
}

/** A value that carries what its fields cannot say. */
public interface ApiObject {
    /** Unknown members, explicit nulls, values of another type. */
    public val extra: Extra

    /** How its class is read and written. */
    public fun codec(): StructCodec<*>

    /** As JSON text, as it goes over the wire. */
    @Suppress("UNCHECKED_CAST")
    public fun toJson(): String = (codec() as StructCodec<ApiObject>).encode(this)
}

/** A member of a builder that must have been set. */
internal fun <T : Any> needed(value: T?, name: String): T = checkNotNull(value) { "`$name` is required and was not set" }

/**
 * A struct's codec. [required] and [constants] are lists of names, and of `name=json`, in which a name with `?` in front is optional.
 */
public abstract class StructCodec<T : ApiObject> internal constructor(name: String, required: String, constants: String) : Codec<T>(name) {
    private val requiredNames by lazy { if (required.isEmpty()) emptyList() else required.split(',') }
    private val constantList by lazy {
        if (constants.isEmpty()) emptyList() else constants.split('\n').map { it.substringBefore('=') to it.substringAfter('=') }
    }
    private val empty by lazy { read(ObjectReader(Tape.EMPTY, 0, Decoding())) }

    override val kinds: Int get() = Kinds.OBJECT

    internal abstract fun read(from: ObjectReader): T

    internal abstract fun fields(value: T, out: JsonWriter)

    override fun read(tape: Tape, at: Int, cx: Decoding): T? =
        if (tape.kind(at) == Kinds.OBJECT) read(ObjectReader(tape, at, cx)) else null

    override fun write(value: T, out: JsonWriter) {
        out.begin()
        fields(value, out)
        out.end(value.extra)
    }

    override fun blank(): T = empty

    override fun fit(tape: Tape, at: Int): Int {
        if (tape.kind(at) != Kinds.OBJECT) return Fit.NO
        var present = 0
        var absent = false
        for ((name, text) in constantList) {
            val found = tape.member(at, name.removePrefix("?"))
            when {
                found == Tape.NONE -> absent = absent || !name.startsWith('?')
                ObjectReader.same(tape, found, text) -> present += 1
                else -> return Fit.NO
            }
        }
        val here = requiredNames.count { tape.member(at, it) != Tape.NONE }
        return when {
            here < requiredNames.size -> Fit.partial(present + here)
            absent -> Fit.SHAPE
            else -> Fit.FULL
        }
    }
}

/** An enum's codec: texts, known (a line each in [values]) or not. */
public abstract class EnumCodec<T> internal constructor(name: String, values: String) : Codec<T>(name) {
    private val known: Set<String> by lazy { values.split('\n').toSet() }

    override val kinds: Int get() = Kinds.STRING

    /** The value of a text. */
    public abstract fun of(text: String): T

    override fun read(tape: Tape, at: Int, cx: Decoding): T? =
        if (tape.kind(at) == Kinds.STRING) of(tape.text(at)) else null

    override fun write(value: T, out: JsonWriter): Unit = out.string(value.toString())

    override fun blank(): T = of("")

    override fun fit(tape: Tape, at: Int): Int =
        if (tape.kind(at) != Kinds.STRING) Fit.NO else if (tape.text(at) in known) Fit.FULL else Fit.SHAPE
}

/** One alternative of a union. */
internal class Arm<U, T>(val codec: Codec<T>, vararg val tags: String, val wrap: (T) -> U) {
    fun read(tape: Tape, at: Int, cx: Decoding): U? = codec.read(tape, at, cx)?.let(wrap)
}

/** The alternatives of a union, added one by one: all of them in one expression would keep the compiler busy for minutes. */
internal class Arms<U> {
    val list: MutableList<Arm<out U, *>> = ArrayList()

    fun <T> add(codec: Codec<T>, vararg tags: String, wrap: (T) -> U) {
        list.add(Arm(codec, *tags, wrap = wrap))
    }

    /** A class that is itself a value of the union. */
    fun <T : U> add(codec: Codec<T>, vararg tags: String) {
        list.add(Arm<U, T>(codec, *tags, wrap = { it }))
    }
}

/** A union's codec: picks the arm by the tag, else by the kind of the value and the members that are there. */
public abstract class UnionCodec<U> internal constructor(name: String, private val tag: String?) : Codec<U>(name) {
    internal abstract fun arms(to: Arms<U>)

    internal abstract fun unknown(value: JsonElement): U

    private val arms: List<Arm<out U, *>> by lazy { Arms<U>().also { arms(it) }.list }

    /** The arms that objects of a tag belong to. */
    private val tagged: Map<String, List<Arm<out U, *>>> by lazy {
        val byTag = HashMap<String, MutableList<Arm<out U, *>>>()
        for (arm in arms) if (arm.codec.kinds and Kinds.OBJECT != 0) arm.tags.forEach { byTag.getOrPut(it) { ArrayList(1) }.add(arm) }
        byTag
    }

    /** The arms that values of a kind may belong to; by the number of the kind's bit. */
    private val byKind: Array<List<Arm<out U, *>>> by lazy {
        Array(Kinds.ANY.countOneBits()) { bit -> arms.filter { it.codec.kinds and (1 shl bit) != 0 } }
    }

    override val kinds: Int by lazy { arms.fold(0) { kinds, arm -> kinds or arm.codec.kinds } }

    override fun read(tape: Tape, at: Int, cx: Decoding): U? {
        val chosen = pick(tape, at)
        val outer = cx.inexact
        val read = chosen?.read(tape, at, cx)
        if (read != null) return read
        cx.inexact = outer
        if (chosen != null || tape.kind(at) and kinds == 0) cx.misfit("a value is no $name")
        return unknown(tape.element(at))
    }

    override fun blank(): U = unknown(JsonNull)

    override fun fit(tape: Tape, at: Int): Int = pick(tape, at)?.codec?.fit(tape, at) ?: Fit.NO

    private fun tagOf(tape: Tape, at: Int): String? {
        if (tag == null || tape.kind(at) != Kinds.OBJECT) return null
        val value = tape.member(at, tag)
        return if (value != Tape.NONE && tape.kind(value) == Kinds.STRING) tape.text(value) else null
    }

    private fun pick(tape: Tape, at: Int): Arm<out U, *>? {
        val kind = tape.kind(at)
        val tagValue = tagOf(tape, at)
        if (tagValue != null) {
            val several = tagged[tagValue]
            if (several != null) {
                val first = several[0]
                if (several.size == 1 || first.codec.fit(tape, at) == Fit.FULL) return first
                return several.firstOrNull { it.codec.fit(tape, at) == Fit.FULL } ?: first
            }
        }
        var candidates = byKind[kind.countTrailingZeroBits()]
        if (tagValue != null) candidates = candidates.filter { it.tags.isEmpty() }
        if (candidates.isEmpty()) return null
        if (tagValue == null && candidates.size == 1 && (kind != Kinds.OBJECT || candidates[0].codec.fit(tape, at) != Fit.NO)) return candidates[0]
        var best = candidates[0]
        var fit = best.codec.fit(tape, at)
        for (index in 1 until candidates.size) {
            val other = candidates[index].codec.fit(tape, at)
            if (other > fit) {
                best = candidates[index]
                fit = other
            }
        }
        val enough = when {
            tag != null && tagValue != null -> fit == Fit.FULL
            tag != null && kind == Kinds.OBJECT -> fit >= Fit.SHAPE
            else -> fit > Fit.partial(0)
        }
        return if (enough) best else null
    }
}
