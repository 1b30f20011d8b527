package dev.threadline

import dev.threadline.ffi.CallException
import dev.threadline.ffi.FfiConverterTypeReply
import dev.threadline.json.Codec
import dev.threadline.json.Decoding
import dev.threadline.json.JsonWriter
import dev.threadline.json.Tape
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive
import java.nio.ByteBuffer
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
} catch (failed: IllegalStateException) {
    throw if (isGone(failed)) exceptionOf(recordOf("usage", "it is closed")) else failed
}

/** Whether a native object was used that had been closed; UniFFI says so by the text alone. */
internal fun isGone(failed: IllegalStateException): Boolean = failed.message.orEmpty().endsWith("object has already been destroyed")

/** The value of a reply's bytes. */
internal fun <T> decoded(bytes: ByteArray, codec: Codec<T>, head: ReplyHead?, keepBase64: Boolean = false): T {
    val tape = tapeOf(bytes, head)
    return codec.read(tape, 0, Decoding(keepBase64 = keepBase64))
        ?: throw exceptionOf(recordOf("decode", "the reply is no ${codec.name}", head))
}

internal fun treeOf(bytes: ByteArray, head: ReplyHead?): JsonElement = tapeOf(bytes, head).element(0)

internal fun tapeOf(bytes: ByteArray, head: ReplyHead?): Tape = try {
    Tape.parse(bytes)
} catch (wrong: SerializationException) {
    throw exceptionOf(recordOf("decode", "the reply is no JSON", head))
}

private val noBytes = ByteArray(0)
private val noPath = emptyArray<ByteArray>()

/** What the methods of resources stand on. */
public class Calls internal constructor(internal val native: NativeClient) {
    private val owned = Bridge.own(native, this)

    internal fun <T> future(work: suspend () -> T): CompletableFuture<T> = futureOf(work)

    internal fun close() {
        owned.release()
        native.close()
    }

    private suspend fun execute(operation: String, path: List<String>, sent: Sent, options: RequestOptions?): NativeReply {
        val reply = if (sent.files.isEmpty()) {
            val outcome = Bridge.await { number ->
                Bridge.execute(number, owned.number, operation.encodeToByteArray(), bytesOf(path), sent.fields, bytesOf(options))
            }
            FfiConverterTypeReply.read(ByteBuffer.wrap(outcome.value()))
        } else {
            translated { native.execute(operation, path, sent.fields, sent.files, options?.json() ?: "", null) }
        }
        options?.onReply?.invoke(headOf(reply.head))
        return reply
    }

    private suspend fun <P> execute(operation: String, path: List<String>, params: P?, codec: Codec<P>?, options: RequestOptions?): NativeReply =
        execute(operation, path, sent(params, codec), options)

    private fun bytesOf(path: List<String>): Array<ByteArray> =
        if (path.isEmpty()) noPath else Array(path.size) { path[it].encodeToByteArray() }

    private fun bytesOf(options: RequestOptions?): ByteArray = options?.json()?.encodeToByteArray() ?: noBytes

    /** A reply as it came, and what was sent for it. */
    internal suspend fun <P> reply(operation: String, params: P, codec: Codec<P>, options: RequestOptions?): Pair<NativeReply, Sent> {
        val sent = sent(params, codec)
        return execute(operation, emptyList(), sent, options) to sent
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
    ): T = sentValue(operation, path, sent(params, params_), options, result)

    internal suspend fun <T> sentValue(operation: String, path: List<String>, sent: Sent, options: RequestOptions?, result: Codec<T>): T {
        val reply = execute(operation, path, sent, options)
        if (reply.isJson) return decoded(reply.body, result, headOf(reply.head), reply.base64Vectors)
        return result.read(JsonPrimitive(reply.body.decodeToString()), Decoding())
            ?: throw exceptionOf(recordOf("decode", "the reply is a text, and no ${result.name}", headOf(reply.head)))
    }

    internal suspend fun <P> text(operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?): String =
        execute(operation, path, params, params_, options).body.decodeToString()

    internal suspend fun <P> empty(operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?) {
        execute(operation, path, params, params_, options)
    }

    internal suspend fun <P> download(operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?): Download =
        sentDownload(operation, path, sent(params, params_), options)

    internal suspend fun sentDownload(operation: String, path: List<String>, sent: Sent, options: RequestOptions?): Download {
        val native = translated { native.download(operation, path, sent.fields, sent.files, options?.json() ?: "", null) }
        val download = Download(native)
        options?.onReply?.invoke(download.head)
        return download
    }

    internal fun <P, T> events(
        operation: String, path: List<String>, params: P?, params_: Codec<P>?, options: RequestOptions?, event: Codec<T>,
    ): EventFlow<T> = sentEvents(operation, path, options, event) { sent(params, params_) }

    internal fun <T> sentEvents(
        operation: String, path: List<String>, options: RequestOptions?, event: Codec<T>, arguments: () -> Sent,
    ): EventFlow<T> = EventFlow(event, options?.onReply) {
        val sent = arguments()
        if (sent.files.isEmpty()) {
            val opened = Bridge.await { number ->
                Bridge.stream(number, owned.number, operation.encodeToByteArray(), bytesOf(path), sent.fields, bytesOf(options))
            }
            BridgedEvents(opened)
        } else {
            NativeEvents(native.stream(operation, path, sent.fields, sent.files, options?.json() ?: "", null))
        }
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
