@file:JvmName("Structured")

package dev.threadline

import dev.threadline.ffi.outputFormat
import dev.threadline.ffi.parseReply
import dev.threadline.json.Codec
import dev.threadline.resources.ChatCompletions
import dev.threadline.resources.Responses
import dev.threadline.types.*
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.serializer
import java.util.concurrent.CompletableFuture

/**
 * A type that a model's answer, or a function's arguments, are to have. Of a class with `@Serializable` the schema is made from what
 * kotlinx.serialization knows of it: `OutputType.of<CalendarEvent>()`. It goes out in the strict form that the API asks for.
 */
public class OutputType<T> internal constructor(
    /** The name that the model is told. */
    public val name: String,
    /** What it is, for the model. */
    public val description: String?,
    /** Its JSON schema. */
    public val schema: JsonElement,
    internal val read: (JsonElement) -> T,
) {
    private fun <V> placed(place: String, codec: Codec<V>): V =
        codec.decode(translated { outputFormat(place, name, description, schema.toString()) })

    /** As `response_format` of chat completions. */
    public fun responseFormat(): ChatCompletionResponseFormat = placed("chat.response_format", ChatCompletionResponseFormat.Codec)

    /** As `text.format` of responses. */
    public fun textFormat(): ResponseFormatTextConfig = placed("responses.text_format", ResponseFormatTextConfig.Codec)

    /** As a function of chat completions whose arguments have this type. */
    public fun chatTool(): ChatCompletionTool = placed("chat.tool", ChatCompletionTool.Codec)

    /** As a function of responses whose arguments have this type. */
    public fun responsesTool(): ResponseTool = placed("responses.tool", ResponseTool.Codec)

    public companion object {
        /** The type of a class with `@Serializable`. */
        public inline fun <reified T> of(name: String? = null, description: String? = null): OutputType<T> = of(serializer<T>(), name, description)

        /** The type that a serializer reads. */
        @JvmStatic
        @JvmOverloads
        public fun <T> of(serializer: KSerializer<T>, name: String? = null, description: String? = null): OutputType<T> {
            val plain = serializer.descriptor.serialName.removeSuffix("?").substringAfterLast('.')
            return OutputType(name ?: plain, description, schemaOf(serializer.descriptor)) { lenient.decodeFromJsonElement(serializer, it) }
        }

        /** A type that is known by its JSON schema only. */
        @JvmStatic
        @JvmOverloads
        public fun ofSchema(name: String, schema: JsonElement, description: String? = null): OutputType<JsonElement> =
            OutputType(name, description, schema) { it }
    }
}

private val lenient = kotlinx.serialization.json.Json { ignoreUnknownKeys = true }

private fun <T> fitted(value: JsonElement?, read: (JsonElement) -> T): T? {
    if (value == null || value is JsonNull) return null
    return try {
        read(value)
    } catch (wrong: SerializationException) {
        throw exceptionOf(recordOf("decode", "the answer is not of the form that was asked for: ${wrong.message}"))
    }
}

/** A chat completion whose answers were read. */
public class ParsedChatCompletion<T> internal constructor(
    private val tree: JsonObject, private val read: (JsonElement) -> T,
    /** Status and headers of the reply. */
    public val head: ReplyHead,
) {
    /** The completion. */
    public val completion: ChatCompletion by lazy { tree.read(ChatCompletion.Codec) }

    /** The first answer; `null` where the model refused, or called tools. */
    public val parsed: T? get() = parsedAt(0)

    /** An answer, where `n` asked for several. */
    public fun parsedAt(choice: Int): T? = fitted(message(choice)?.get("parsed"), read)

    /** The model's words when it declined to answer. */
    public val refusal: String? get() = message(0)?.text("refusal")

    private fun message(choice: Int): JsonObject? =
        ((tree["choices"] as? JsonArray)?.getOrNull(choice) as? JsonObject)?.get("message") as? JsonObject

    /** The completion as JSON, with `parsed` and `parsed_arguments` where the official packages have them. */
    public fun toJson(): JsonObject = tree
}

/** A response whose answers were read. */
public class ParsedResponse<T> internal constructor(
    private val tree: JsonObject, private val read: (JsonElement) -> T,
    /** Status and headers of the reply. */
    public val head: ReplyHead,
) {
    /** The response. */
    public val response: Response by lazy { tree.read(Response.Codec) }

    /** The first answer that could be read; `null` where the model refused, or called tools. */
    public val outputParsed: T? by lazy {
        val messages = (tree["output"] as? JsonArray).orEmpty().filterIsInstance<JsonObject>()
        val parts = messages.flatMap { (it["content"] as? JsonArray).orEmpty() }.filterIsInstance<JsonObject>()
        fitted(parts.firstNotNullOfOrNull { part -> part["parsed"]?.takeIf { it !is JsonNull } }, read)
    }

    /** The response as JSON, with `parsed` and `parsed_arguments` where the official packages have them. */
    public fun toJson(): JsonObject = tree
}

private suspend fun <P, R> Calls.parsed(api: String, operation: String, params: P, codec: Codec<P>, options: RequestOptions?, make: (JsonObject, ReplyHead) -> R): R {
    val (reply, sent) = reply(operation, params, codec, options)
    val head = headOf(reply.head)
    val body = try {
        translated { parseReply(api, sent.fields, reply.body) }
    } catch (failed: ThreadlineException) {
        throw failed.of(reply.head)
    }
    return make(treeOf(body, head) as JsonObject, head)
}

/**
 * Asks for an answer of this type and reads it.
 *
 * @throws LengthFinishException if the answer was cut off, [ContentFilterFinishException] if it was held back, [DecodeException] if it does
 * not fit; each has the completion.
 */
public suspend fun <T> ChatCompletions.parse(params: ChatCompletionCreateParams, type: OutputType<T>, options: RequestOptions? = null): ParsedChatCompletion<T> =
    caller.parsed("chat", "chat.completions.create", params.copy(responseFormat = type.responseFormat()), ChatCompletionCreateParams.Codec, options) { tree, head ->
        ParsedChatCompletion(tree, type.read, head)
    }

/** As the other, with what `responseFormat` and the tools of [params] say; answers are JSON. */
public suspend fun ChatCompletions.parse(params: ChatCompletionCreateParams, options: RequestOptions? = null): ParsedChatCompletion<JsonElement> =
    caller.parsed("chat", "chat.completions.create", params, ChatCompletionCreateParams.Codec, options) { tree, head -> ParsedChatCompletion(tree, { it }, head) }

/** Asks for a response of this type and reads it. The errors are those of chat completions. */
public suspend fun <T> Responses.parse(params: ResponseCreateParams, type: OutputType<T>, options: RequestOptions? = null): ParsedResponse<T> {
    val text = (params.text ?: ResponseTextConfig()).copy(format = type.textFormat())
    return caller.parsed("responses", "responses.create", params.copy(text = text), ResponseCreateParams.Codec, options) { tree, head ->
        ParsedResponse(tree, type.read, head)
    }
}

/** As the other, with what `text.format` and the tools of [params] say; answers are JSON. */
public suspend fun Responses.parse(params: ResponseCreateParams, options: RequestOptions? = null): ParsedResponse<JsonElement> =
    caller.parsed("responses", "responses.create", params, ResponseCreateParams.Codec, options) { tree, head -> ParsedResponse(tree, { it }, head) }

/** [parse] for Java. */
@JvmOverloads
public fun <T> ChatCompletions.parseAsync(params: ChatCompletionCreateParams, type: OutputType<T>, options: RequestOptions? = null): CompletableFuture<ParsedChatCompletion<T>> =
    futureOf { parse(params, type, options) }

/** [parse] for Java. */
@JvmOverloads
public fun <T> Responses.parseAsync(params: ResponseCreateParams, type: OutputType<T>, options: RequestOptions? = null): CompletableFuture<ParsedResponse<T>> =
    futureOf { parse(params, type, options) }
