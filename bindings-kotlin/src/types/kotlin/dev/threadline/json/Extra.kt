package dev.threadline.json

import kotlinx.serialization.json.JsonElement

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
