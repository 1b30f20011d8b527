package dev.threadline

import dev.threadline.ffi.CallException
import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import dev.threadline.json.JsonWriter
import dev.threadline.json.json
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive
import java.util.concurrent.CompletableFuture
import dev.threadline.ffi.Client as NativeClient
import dev.threadline.ffi.Head as NativeHead
import dev.threadline.ffi.Reply as NativeReply
import dev.threadline.ffi.Upload as NativeUpload

/** The arguments of a call as the native library takes them. */
internal class Sent(val fields: ByteArray, val files: List<NativeUpload>)

internal fun <P> sent(params: P?, codec: Codec<P>?): Sent {
    if (params == null || codec == null) return Sent(ByteArray(0), emptyList())
    val out = JsonWriter()
    try {
        codec.write(params, out)
    } catch (wrong: IllegalArgumentException) {
        throw exceptionOf(recordOf("usage", "the arguments cannot be written as JSON: ${wrong.message}"))
    }
    return Sent(out.bytes(), out.files.map { it.native() })
}

internal fun headOf(head: NativeHead): ReplyHead =
    ReplyHead(head.status.toInt(), head.headers, head.requestId, head.attempts.toInt())

/** Errors of the native library as exceptions of ours. */
internal inline fun <T> translated(work: () -> T): T = try {
    work()
} catch (failed: CallException) {
    throw exceptionOf(failed)
}

/** The value of a reply's bytes. */
internal fun <T> decoded(bytes: ByteArray, codec: Codec<T>, head: ReplyHead?, keepBase64: Boolean = false): T {
    val tree = treeOf(bytes, head)
    return codec.read(tree, Decoding(keepBase64 = keepBase64))
        ?: throw exceptionOf(recordOf("decode", "the reply is no ${codec.name}", head))
}

internal fun treeOf(bytes: ByteArray, head: ReplyHead?): JsonElement = try {
    json.parseToJsonElement(bytes.decodeToString())
} catch (wrong: SerializationException) {
    throw exceptionOf(recordOf("decode", "the reply is no JSON", head))
}

/** What the methods of resources stand on. */
public class Calls internal constructor(internal val native: NativeClient) {
    internal fun <T> future(work: suspend () -> T): CompletableFuture<T> = futureOf(work)

    private suspend fun <P> execute(operation: String, path: List<String>, params: P?, codec: Codec<P>?, options: RequestOptions?): NativeReply {
        val sent = sent(params, codec)
        val reply = translated { native.execute(operation, path, sent.fields, sent.files, options?.json() ?: "", null) }
        options?.onReply?.invoke(headOf(reply.head))
        return reply
    }

    /** A reply as it came, and what was sent for it. */
    internal suspend fun <P> reply(operation: String, params: P, codec: Codec<P>, options: RequestOptions?): Pair<NativeReply, Sent> {
        val sent = sent(params, codec)
        val reply = translated { native.execute(operation, emptyList(), sent.fields, sent.files, options?.json() ?: "", null) }
        options?.onReply?.invoke(headOf(reply.head))
        return reply to sent
    }

    internal suspend fun <P, T> value(
        operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?, result: Codec<T>,
    ): T {
        val reply = execute(operation, path, params, params_, options)
        return decoded(reply.body, result, headOf(reply.head), reply.base64Vectors)
    }

    /** JSON or text, as the reply says; a text is then a JSON string. */
    internal suspend fun <P, T> valueOrText(
        operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?, result: Codec<T>,
    ): T {
        val reply = execute(operation, path, params, params_, options)
        if (reply.isJson) return decoded(reply.body, result, headOf(reply.head), reply.base64Vectors)
        return result.read(JsonPrimitive(reply.body.decodeToString()), Decoding())
            ?: throw exceptionOf(recordOf("decode", "the reply is a text, and no ${result.name}", headOf(reply.head)))
    }

    internal suspend fun <P> text(operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?): String =
        execute(operation, path, params, params_, options).body.decodeToString()

    internal suspend fun <P> empty(operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?) {
        execute(operation, path, params, params_, options)
    }

    internal suspend fun <P> download(operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?): Download {
        val sent = sent(params, params_)
        val native = translated { native.download(operation, path, sent.fields, sent.files, options?.json() ?: "", null) }
        val download = Download(native)
        options?.onReply?.invoke(download.head)
        return download
    }

    internal fun <P, T> events(
        operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?, event: Codec<T>,
    ): EventFlow<T> = EventFlow(event, options?.onReply) {
        val sent = sent(params, params_)
        native.stream(operation, path, sent.fields, sent.files, options?.json() ?: "", null)
    }

    internal fun <P, E, S> accumulated(
        operation: String, path: List<String>, params: P, params_: Codec<P>, options: RequestOptions?, how: Accumulation<E, S>,
    ): AccumulatedFlow<E, S> = AccumulatedFlow(how, options?.onReply) {
        native.accumulate(operation, path, sent(params, params_).fields, options?.json() ?: "", null)
    }

    internal fun <P, T> pages(
        operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?, item: Codec<T>,
    ): PageFlow<T> = PageFlow(item, options?.onReply) {
        native.pager(operation, path, sent(params, params_).fields, options?.json() ?: "")
    }
}
