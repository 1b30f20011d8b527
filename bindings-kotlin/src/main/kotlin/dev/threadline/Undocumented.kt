@file:JvmName("Undocumented")

package dev.threadline

import dev.threadline.json.Codec
import dev.threadline.json.FileCodec
import dev.threadline.json.JsonCodec
import dev.threadline.json.JsonWriter
import kotlinx.serialization.json.JsonElement
import java.util.concurrent.CompletableFuture

/** What a request to a route that the package does not know sends. */
public sealed interface RequestBody {
    /** Nothing; or, with [query], parameters behind the path. */
    public class None(internal val query: Map<String, JsonElement> = emptyMap()) : RequestBody

    /** One JSON object. */
    public class Json(internal val members: Map<String, JsonElement>) : RequestBody

    /** `multipart/form-data`: fields, and files by the names of their parts. */
    public class Form(internal val fields: Map<String, JsonElement>, internal val files: Map<String, FileUpload> = emptyMap()) : RequestBody

    /** A file as it is; `application/octet-stream`, unless a header of the options says otherwise. */
    public class Content(internal val file: FileUpload) : RequestBody
}

/** How such a request becomes a call of the native library. */
private object Bodies {
    fun sent(body: RequestBody): Sent {
        val out = JsonWriter()
        out.open('{')
        fun all(members: Map<String, JsonElement>) = members.forEach { (name, value) ->
            out.key(name)
            out.element(value)
        }
        fun file(name: String, file: FileUpload) {
            out.key(name)
            FileCodec.write(file, out)
        }
        when (body) {
            is RequestBody.None -> all(body.query)
            is RequestBody.Json -> all(body.members)
            is RequestBody.Form -> {
                all(body.fields)
                body.files.forEach(::file)
            }
            is RequestBody.Content -> file("content", body.file)
        }
        out.close('}')
        return Sent(out.bytes(), out.files.map { it.native() })
    }

    fun name(verb: String, body: RequestBody): String = verb.lowercase() + when (body) {
        is RequestBody.None -> ""
        is RequestBody.Json -> " json"
        is RequestBody.Form -> " form"
        is RequestBody.Content -> " content"
    }
}

/**
 * Sends a request to a route that the package has no method for: [verb] is `GET`, `POST`, `PUT`, `PATCH` or `DELETE`, [path] what stands behind
 * the base URL, with whatever query. Credentials, retries, deadlines and errors are those of every call; below `/organization` the admin key is
 * sent. A reply that is no JSON becomes a JSON text.
 */
public suspend fun Client.request(
    verb: String, path: String, body: RequestBody = RequestBody.None(), options: RequestOptions? = null,
): JsonElement = request(verb, path, JsonCodec, body, options)

/** The same with a class of the package for the reply: `client.request("GET", "/models/m", Model.Codec)`. */
public suspend fun <T> Client.request(
    verb: String, path: String, result: Codec<T>, body: RequestBody = RequestBody.None(), options: RequestOptions? = null,
): T = caller.sentValue(Bodies.name(verb, body), listOf(path), Bodies.sent(body), options, result)

/** The same for a route whose reply is a stream of events. */
@JvmOverloads
public fun Client.requestStream(
    verb: String, path: String, body: RequestBody = RequestBody.None(), options: RequestOptions? = null,
): EventFlow<JsonElement> = caller.sentEvents(Bodies.name(verb, body), listOf(path), options, JsonCodec) { Bodies.sent(body) }

/** The same for a route whose reply is a file. */
public suspend fun Client.requestDownload(
    verb: String, path: String, body: RequestBody = RequestBody.None(), options: RequestOptions? = null,
): Download = caller.sentDownload(Bodies.name(verb, body), listOf(path), Bodies.sent(body), options)

/** [request] for Java. */
@JvmOverloads
public fun Client.requestAsync(
    verb: String, path: String, body: RequestBody = RequestBody.None(), options: RequestOptions? = null,
): CompletableFuture<JsonElement> = caller.future { request(verb, path, body, options) }

/** [requestDownload] for Java. */
@JvmOverloads
public fun Client.requestDownloadAsync(
    verb: String, path: String, body: RequestBody = RequestBody.None(), options: RequestOptions? = null,
): CompletableFuture<Download> = caller.future { requestDownload(verb, path, body, options) }
