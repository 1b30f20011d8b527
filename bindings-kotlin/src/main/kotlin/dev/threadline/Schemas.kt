package dev.threadline

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.descriptors.PolymorphicKind
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.SerialKind
import kotlinx.serialization.descriptors.StructureKind
import kotlinx.serialization.descriptors.elementDescriptors
import kotlinx.serialization.descriptors.nonNullOriginal
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

/** The JSON schema of what a serializer reads. Classes that hold themselves stand in `$defs`. */
internal fun schemaOf(descriptor: SerialDescriptor): JsonElement {
    val schemas = Schemas()
    val root = schemas.of(descriptor)
    if (schemas.definitions.isEmpty()) return root
    return JsonObject((root as JsonObject) + ("\$defs" to JsonObject(schemas.definitions)))
}

@OptIn(ExperimentalSerializationApi::class)
private class Schemas {
    val definitions = LinkedHashMap<String, JsonElement>()
    private val open = ArrayList<SerialDescriptor>()
    private val recursive = HashSet<SerialDescriptor>()
    private val names = HashMap<SerialDescriptor, String>()

    fun of(descriptor: SerialDescriptor): JsonElement {
        val plain = bare(descriptor)
        if (!descriptor.isNullable) return plain
        return buildJsonObject { put("anyOf", JsonArray(listOf(plain, typed("null")))) }
    }

    private fun typed(name: String): JsonObject = JsonObject(mapOf("type" to JsonPrimitive(name)))

    private fun bare(descriptor: SerialDescriptor): JsonElement = when (val kind = descriptor.kind) {
        PrimitiveKind.STRING, PrimitiveKind.CHAR -> typed("string")
        PrimitiveKind.BOOLEAN -> typed("boolean")
        PrimitiveKind.FLOAT, PrimitiveKind.DOUBLE -> typed("number")
        is PrimitiveKind -> typed("integer")
        SerialKind.ENUM -> buildJsonObject {
            put("type", "string")
            put("enum", JsonArray((0 until descriptor.elementsCount).map { JsonPrimitive(descriptor.getElementName(it)) }))
        }
        StructureKind.LIST -> buildJsonObject {
            put("type", "array")
            put("items", of(descriptor.getElementDescriptor(0)))
        }
        StructureKind.MAP -> buildJsonObject {
            put("type", "object")
            put("additionalProperties", of(descriptor.getElementDescriptor(1)))
        }
        StructureKind.CLASS, StructureKind.OBJECT -> if (descriptor.isInline) of(descriptor.getElementDescriptor(0)) else known(descriptor) { members(it) }
        PolymorphicKind.SEALED -> known(descriptor) { sealed(it) }
        else -> throw IllegalArgumentException("${descriptor.serialName} has no JSON schema: its form ($kind) is known at run time only")
    }

    /** A class, by its name where it is inside of itself. */
    private fun known(descriptor: SerialDescriptor, make: (SerialDescriptor) -> JsonObject): JsonElement {
        // One of another package, or of other arguments, is another one, be its last name the same.
        val own = descriptor.nonNullOriginal
        val name = names.getOrPut(own) { free(own.serialName.substringAfterLast('.')) }
        val reference = JsonObject(mapOf("\$ref" to JsonPrimitive("#/\$defs/$name")))
        if (name in definitions) return reference
        if (own in open) {
            recursive.add(own)
            return reference
        }
        open.add(own)
        val schema = make(descriptor)
        open.remove(own)
        if (own !in recursive) return schema
        definitions[name] = schema
        // The root must be an object itself.
        return if (open.isEmpty()) schema else reference
    }

    private fun free(name: String): String =
        (sequenceOf(name) + generateSequence(2) { it + 1 }.map { "$name$it" }).first { it !in names.values }

    private fun members(descriptor: SerialDescriptor): JsonObject = buildJsonObject {
        put("type", "object")
        val names = (0 until descriptor.elementsCount).map(descriptor::getElementName)
        put("properties", JsonObject(names.zip(descriptor.elementDescriptors.map(::of)).toMap()))
        put("required", JsonArray(names.filterIndexed { index, _ -> !descriptor.isElementOptional(index) }.map(::JsonPrimitive)))
        put("additionalProperties", false)
    }

    /** A sealed class is any of its classes, which a `type` tells apart. */
    private fun sealed(descriptor: SerialDescriptor): JsonObject = buildJsonObject {
        val arms = descriptor.getElementDescriptor(1).elementDescriptors.map { arm ->
            val schema = members(arm)
            val tag = JsonObject(mapOf("type" to JsonPrimitive("string"), "const" to JsonPrimitive(arm.serialName)))
            val properties = JsonObject(mapOf("type" to tag) + (schema["properties"] as JsonObject))
            JsonObject(schema + ("properties" to properties) + ("required" to JsonArray(listOf(JsonPrimitive("type")) + (schema["required"] as JsonArray))))
        }
        put("anyOf", JsonArray(arms))
    }
}
