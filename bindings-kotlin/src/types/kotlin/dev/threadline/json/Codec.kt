package dev.threadline.json

import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonDecoder
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonEncoder
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

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

    fun of(value: JsonElement): Int = when (value) {
        is JsonObject -> OBJECT
        is JsonArray -> LIST
        is JsonNull -> NULL
        is JsonPrimitive -> if (value.isString) STRING else if (value.content == "true" || value.content == "false") BOOLEAN else NUMBER
    }
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
internal class Decoding(val strict: Boolean = false, val keepBase64: Boolean = false) {
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

    /** The value; null when the JSON is of another kind. */
    internal abstract fun read(value: JsonElement, cx: Decoding): T?

    internal abstract fun write(value: T, out: JsonWriter)

    /** The value of a required field whose member is absent. */
    internal abstract fun blank(): T

    internal open fun fit(value: JsonElement): Int = if (Kinds.of(value) and kinds != 0) Fit.FULL else Fit.NO

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
    public fun decode(text: String): T = json.decodeFromString(this, text)

    /** The value as JSON text. A value that holds uploads has none. */
    public fun encode(value: T): String {
        val out = JsonWriter()
        write(value, out)
        if (out.files.isNotEmpty()) throw SerializationException("an upload cannot be written as JSON")
        return out.text()
    }
}

/** Reads the members of an object for a struct, and collects what the struct cannot say. */
internal class ObjectReader(private val members: Map<String, JsonElement>, private val cx: Decoding) {
    private val seen = ArrayList<String>(members.size)
    private var misfits: LinkedHashMap<String, JsonElement>? = null
    private var marks: HashSet<String>? = null
    private var kept: HashMap<String, Kept>? = null

    private fun mark(name: String) {
        (marks ?: HashSet<String>().also { marks = it }).add(name)
    }

    private fun misfit(name: String, value: JsonElement, what: String) {
        (misfits ?: LinkedHashMap<String, JsonElement>().also { misfits = it })[name] = value
        cx.misfit("`$name` is no $what")
    }

    private fun <T> value(name: String, raw: JsonElement, codec: Codec<T>): T? {
        val outer = cx.inexact
        cx.inexact = false
        val value = codec.read(raw, cx)
        if (cx.inexact && value != null) {
            (kept ?: HashMap<String, Kept>().also { kept = it })[name] = Kept(raw, value)
        }
        cx.inexact = outer
        return value
    }

    fun <T> req(name: String, codec: Codec<T>): T {
        val raw = members[name]
        if (raw == null) {
            mark(name)
            return codec.blank()
        }
        seen.add(name)
        val value = value(name, raw, codec)
        if (value == null) {
            mark(name)
            misfit(name, raw, codec.name)
            return codec.blank()
        }
        return value
    }

    fun <T> opt(name: String, codec: Codec<T>): T? {
        val raw = members[name] ?: return null
        seen.add(name)
        if (raw === JsonNull) {
            mark(name)
            return null
        }
        val value = value(name, raw, codec)
        if (value == null) misfit(name, raw, codec.name)
        return value
    }

    /** A member with one possible value. */
    fun fixed(name: String, text: String, required: Boolean) {
        val raw = members[name]
        if (raw == null) {
            if (required) mark(name)
            return
        }
        seen.add(name)
        when {
            !same(raw, text) -> misfit(name, raw, text)
            !required -> mark(name)
        }
    }

    /** A member that this class leaves to its callers: the stream flag. */
    fun rest(): Extra {
        if (seen.size == members.size && misfits == null && marks == null && kept == null) return Extra.NONE
        var unknown: Map<String, JsonElement> = emptyMap()
        if (seen.size < members.size) {
            val names = HashSet(seen)
            unknown = members.filterKeys { it !in names }
        }
        return Extra(unknown, misfits ?: emptyMap(), marks ?: emptySet(), kept ?: emptyMap())
    }

    companion object {
        /** Whether a value is the constant of this JSON text. */
        fun same(raw: JsonElement, text: String): Boolean {
            if (raw !is JsonPrimitive) return false
            if (raw.isString) return text.startsWith('"') && text.length == raw.content.length + 2 && text.startsWith(raw.content, 1)
            return raw.content == text || (!text.startsWith('"') && raw.content.toDoubleOrNull() == text.toDoubleOrNull() && text.toDoubleOrNull() != null)
        }
    }
}

/** A field's value that holds less than the JSON it came from: written as it came, unless another value stands there by then. */
internal class Kept(val raw: JsonElement, val value: Any)

/** What the fields of a class cannot say: unknown members, members of another type, explicit nulls, absent required members. */
public class Extra internal constructor(
    /** Members that the API description does not know. They are written as they are. */
    public val members: Map<String, JsonElement>,
    internal val misfits: Map<String, JsonElement>,
    internal val marks: Set<String>,
    internal val kept: Map<String, Kept>,
) {
    /** The same with further members. */
    public fun with(vararg more: Pair<String, JsonElement>): Extra = Extra(members + more, misfits, marks, kept)

    /** The same with an explicit `null` for these optional members, by their names on the wire. */
    public fun withNull(vararg names: String): Extra = Extra(members, misfits, marks + names, kept)

    /** Whether this optional member was, or will be, an explicit `null`. */
    public fun isNull(name: String): Boolean = name in marks

    /** A member that has another type than the API description says, as it came. */
    public fun misfit(name: String): JsonElement? = misfits[name]

    override fun equals(other: Any?): Boolean =
        other is Extra && members == other.members && misfits == other.misfits && marks == other.marks

    override fun hashCode(): Int = members.hashCode() * 31 + marks.hashCode()

    override fun toString(): String = if (this == NONE) "" else "Extra(members=${members.keys}, marks=$marks)"

    public companion object {
        /** Nothing. */
        @JvmField
        public val NONE: Extra = Extra(emptyMap(), emptyMap(), emptySet(), emptyMap())

        /** Members beside those that a class has. */
        @JvmStatic
        public fun of(vararg members: Pair<String, JsonElement>): Extra = NONE.with(*members)

        /** An explicit `null` for these optional members. */
        @JvmStatic
        public fun nulls(vararg names: String): Extra = NONE.withNull(*names)
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
    private val empty by lazy { read(ObjectReader(emptyMap(), Decoding())) }

    override val kinds: Int get() = Kinds.OBJECT

    internal abstract fun read(from: ObjectReader): T

    internal abstract fun fields(value: T, out: JsonWriter)

    override fun read(value: JsonElement, cx: Decoding): T? =
        if (value is JsonObject) read(ObjectReader(value, cx)) else null

    override fun write(value: T, out: JsonWriter) {
        out.begin()
        fields(value, out)
        out.end(value.extra)
    }

    override fun blank(): T = empty

    override fun fit(value: JsonElement): Int {
        if (value !is JsonObject) return Fit.NO
        var present = 0
        var absent = false
        for ((name, text) in constantList) {
            val found = value[name.removePrefix("?")]
            when {
                found == null -> absent = absent || !name.startsWith('?')
                ObjectReader.same(found, text) -> present += 1
                else -> return Fit.NO
            }
        }
        val here = requiredNames.count { it in value }
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

    override fun read(value: JsonElement, cx: Decoding): T? =
        if (value is JsonPrimitive && value.isString) of(value.content) else null

    override fun write(value: T, out: JsonWriter): Unit = out.string(value.toString())

    override fun blank(): T = of("")

    override fun fit(value: JsonElement): Int =
        if (value !is JsonPrimitive || !value.isString) Fit.NO else if (value.content in known) Fit.FULL else Fit.SHAPE
}

/** One alternative of a union. */
internal class Arm<U, T>(val codec: Codec<T>, vararg val tags: String, val wrap: (T) -> U) {
    fun read(value: JsonElement, cx: Decoding): U? = codec.read(value, cx)?.let(wrap)
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

    override val kinds: Int by lazy { arms.fold(0) { kinds, arm -> kinds or arm.codec.kinds } }

    override fun read(value: JsonElement, cx: Decoding): U? {
        val chosen = pick(value)
        val outer = cx.inexact
        val read = chosen?.read(value, cx)
        if (read != null) return read
        cx.inexact = outer
        if (chosen != null || Kinds.of(value) and kinds == 0) cx.misfit("a value is no $name")
        return unknown(value)
    }

    override fun blank(): U = unknown(JsonNull)

    override fun fit(value: JsonElement): Int = pick(value)?.codec?.fit(value) ?: Fit.NO

    private fun pick(value: JsonElement): Arm<out U, *>? {
        val kind = Kinds.of(value)
        val tagValue = if (tag != null && value is JsonObject) (value[tag] as? JsonPrimitive)?.takeIf { it.isString }?.content else null
        if (tagValue != null) {
            var first: Arm<out U, *>? = null
            var several = false
            for (arm in arms) {
                if (arm.codec.kinds and kind == 0 || tagValue !in arm.tags) continue
                if (first == null) first = arm else several = true
            }
            if (first != null) {
                if (!several || first.codec.fit(value) == Fit.FULL) return first
                return arms.firstOrNull { it.codec.kinds and kind != 0 && tagValue in it.tags && it.codec.fit(value) == Fit.FULL } ?: first
            }
        }
        val candidates = arms.filter { it.codec.kinds and kind != 0 && (tagValue == null || it.tags.isEmpty()) }
        if (candidates.isEmpty()) return null
        if (tagValue == null && candidates.size == 1 && (kind != Kinds.OBJECT || candidates[0].codec.fit(value) != Fit.NO)) return candidates[0]
        var best = candidates[0]
        var fit = best.codec.fit(value)
        for (arm in candidates.drop(1)) {
            val other = arm.codec.fit(value)
            if (other > fit) {
                best = arm
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
