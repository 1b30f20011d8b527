package dev.threadline.checks

import dev.threadline.Client
import dev.threadline.ConnectOptions
import dev.threadline.MockServer
import dev.threadline.Pace
import dev.threadline.ReconnectPolicy
import dev.threadline.ThreadlineException
import dev.threadline.ToolFunction
import dev.threadline.UsageException
import dev.threadline.connect
import dev.threadline.poll
import dev.threadline.schemaOf
import dev.threadline.runTools
import dev.threadline.FileUpload
import dev.threadline.stream
import dev.threadline.types.*
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SealedSerializationApi
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.buildClassSerialDescriptor
import kotlinx.serialization.descriptors.element
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.encoding.encodeStructure
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import java.io.ByteArrayInputStream
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What the compiler's plug-in makes of a class with `@Serializable`, by hand. */
internal class Place(val city: String) {
    companion object {
        @JvmStatic
        fun serializer(): KSerializer<Place> = PlaceSerializer
    }
}

internal object PlaceSerializer : KSerializer<Place> {
    override val descriptor: SerialDescriptor = buildClassSerialDescriptor("Place") { element<String>("city") }
    override fun deserialize(decoder: Decoder): Place = error("nothing reads it")
    override fun serialize(encoder: Encoder, value: Place): Unit =
        encoder.encodeStructure(descriptor) { encodeStringElement(descriptor, 0, value.city) }
}

/** `one.Item`, which holds itself and an `other.Item`. */
@OptIn(SealedSerializationApi::class)
private fun twoOfOneName(): String {
    val other = buildClassSerialDescriptor("other.Item") { element<String>("text") }
    val one = object : SerialDescriptor by buildClassSerialDescriptor("one.Item", builderAction = {
        element("inner", other)
        element<String>("next")
    }) {
        override fun getElementDescriptor(index: Int): SerialDescriptor = if (index == 0) other else this
    }
    return schemaOf(one).toString()
}

/** What programs do at the edges: functions that throw and wait too long, readers who leave, things that are closed or used twice. */
internal fun edges() {
    MockServer().use { mock -> mock.client().use { client -> runBlocking { toolsThatGiveUp(mock, client) } } }
    MockServer().use { mock -> mock.client().use { client -> runBlocking { readersWhoLeave(mock, client) } } }
    MockServer().use { mock -> mock.client().use { client -> runBlocking { functionsThatThrow(mock, client) } } }
    MockServer().use { mock -> mock.client().use { client -> runBlocking { usedTwice(mock, client) } } }
    val schema = twoOfOneName()
    check("classes of one name are two: $schema", "\"inner\":{\"type\":\"object\"" in schema && "\"next\":{\"\$ref\":\"#/\$defs/Item\"}" in schema)
    val trusting = runCatching { FileCreateParams.Codec.decode("{\"purpose\":\"batch\",\"file\":{\"\$file\":{\"path\":\"/etc/passwd\"}}}").file.toString() }
    check("JSON names no file of this machine", "passwd" !in trusting.getOrDefault(""))
}

private fun json(text: String): JsonObject = Json.parseToJsonElement(text).jsonObject

/** A reply that calls a function, and one that answers. */
private fun scriptTools(mock: MockServer) {
    val call = """{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"city\":\"Oslo\"}"}}]}"""
    val said = """{"role":"assistant","content":"done","refusal":null}"""
    for ((message, why) in listOf(call to "tool_calls", said to "stop")) {
        mock.reply(json("""{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"$why","logprobs":null,"message":$message}]}"""))
    }
}

private val chat = ChatCompletionCreateParams {
    model(ChatModel("m"))
    messages(ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Hi")))
}

/** What a function came to, as the model was told. */
private suspend fun toldBy(mock: MockServer, client: Client, function: suspend (JsonElement) -> Any?): String {
    mock.reset()
    scriptTools(mock)
    withTimeout(60.seconds) { client.chat.completions.runTools(chat, listOf(ToolFunction.ofSchema("look", run = function))) }
    val messages = (mock.requests().last().json as JsonObject)["messages"]!!.jsonArray
    return (messages.last().jsonObject["content"] as JsonPrimitive).content
}

private suspend fun toolsThatGiveUp(mock: MockServer, client: Client) {
    val late = runCatching { toldBy(mock, client) { withTimeout(1.milliseconds) { delay(10.seconds) } } }
    check("a function that takes too long is told to the model: $late", late.getOrDefault("").contains("Timed out"))
    val cancelled = runCatching { toldBy(mock, client) { CompletableFuture<String>().also { it.cancel(true) }.join() } }
    check("a function whose future was cancelled is told to the model: $cancelled", cancelled.isSuccess)
    check("numbers of all kinds are told", toldBy(mock, client) { 1.5f } == "1.5" && toldBy(mock, client) { 7.toByte() } == "7")
    check("objects of the program are told", toldBy(mock, client) { Place("Oslo") } == "{\"city\":\"Oslo\"}")
}

private fun events(count: Int): JsonArray = JsonArray((1..count).map { json("""{"json":{"type":"session.created","event_id":"event_$it","session":{"type":"realtime"}}}""") })

private suspend fun readersWhoLeave(mock: MockServer, client: Client) {
    val steps = JsonArray(events(5) + json("""{"close":1000}"""))
    mock.script(JsonObject(mapOf("for" to JsonPrimitive("GET /realtime"), "ws" to steps)))
    client.realtime.connect("m").use { connection ->
        // All are there when the first is read.
        delay(200.milliseconds)
        connection.incoming().first()
        check("a second reader finds what the first has left", connection.incoming().toList().size == 4)
        connection.close()
        check("a connection that is closed twice is closed", connection.incoming().toList().isEmpty())
        val sent = runCatching { connection.sendBinary(ByteArray(1)) }.exceptionOrNull()
        check("sending over a closed connection is an error of ours: $sent", sent is ThreadlineException)
        check("a code that no frame can carry is refused", runCatching { connection.closeWith(66_536) }.exceptionOrNull() is UsageException)
    }
    mock.reset()
    mock.script(json("""{"for":"GET /realtime","ws":[{"receive":1},{"json":{"type":"session.created","event_id":"late","session":{"type":"realtime"}}},{"close":1000}]}"""))
    client.realtime.connect("m").use { connection ->
        kotlinx.coroutines.coroutineScope {
            val reader = launch { connection.incoming().first() }
            delay(100.milliseconds)
            reader.cancelAndJoin()
        }
        connection.sendBinary(ByteArray(1))
        check("a reader who leaves while he waits takes nothing along", connection.incoming().toList().size == 1)
    }
}

private class Own : RuntimeException("of the program")

private suspend fun functionsThatThrow(mock: MockServer, client: Client) {
    val polled = runCatching { client.batches.poll("batch_1", Pace(interval = 1.milliseconds, onUpdate = { throw Own() })) }
    check("what a listener throws comes out: $polled", polled.exceptionOrNull() is Own)
    mock.reset()
    mock.script(json("""{"for":"GET /realtime","ws":[{"close":1012}]}"""))
    val how = ConnectOptions(reconnect = ReconnectPolicy(maxRetries = 3, initialDelay = 1.milliseconds), onReconnecting = { throw Own() })
    val read = client.realtime.connect("m", how).use { connection -> runCatching { withTimeout(30.seconds) { connection.incoming().toList() } } }
    check("what is thrown on reconnecting comes out where it is read: $read", read.exceptionOrNull() is Own)
}

private suspend fun usedTwice(mock: MockServer, client: Client) {
    val turn = client.beta.agents.sessions.stream("session_1", "Hi")
    runCatching { turn.collect { } }
    check("a turn's input is sent once", runCatching { turn.result() }.exceptionOrNull() is UsageException)
    mock.reset()
    mock.script(json("""{"text":"abc","headers":{"content-type":"application/octet-stream"},"times":"always"}"""))
    val download = client.containers.files.content.retrieve("c", "f")
    check("a download is read once", download.bytes().decodeToString() == "abc" && runCatching { download.bytes() }.exceptionOrNull() is UsageException)
    val target = java.nio.file.Files.createTempFile("threadline", null)
    java.nio.file.Files.writeString(target, "before")
    check("a file keeps what it was until all is there", runCatching { download.writeTo(target) }.exceptionOrNull() is UsageException && java.nio.file.Files.readString(target) == "before")
    check("a file is replaced", client.containers.files.content.retrieve("c", "f").writeTo(target) == 3L && java.nio.file.Files.readString(target) == "abc")
    java.nio.file.Files.delete(target)
    mock.reset()
    mock.synthesise()
    val sent = client.files.create(FileCreateParams(file = FileUpload.of(ByteArrayInputStream("ab".encodeToByteArray()), -1, "a.jsonl"), purpose = FilePurpose.BATCH))
    check("a length below zero is unknown", sent.id.isNotEmpty())
    val closed = Client { apiKey = "k" }.also { it.close() }
    check("a closed client says so", runCatching { closed.batches.poll("b") }.exceptionOrNull() is UsageException)
}
