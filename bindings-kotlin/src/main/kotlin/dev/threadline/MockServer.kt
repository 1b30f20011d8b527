package dev.threadline

import dev.threadline.json.JsonWriter
import dev.threadline.json.Tape
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import dev.threadline.ffi.MockServer as NativeMockServer

/**
 * A server for tests of programs, in this process: it checks each request against the description of the API, and answers with values made
 * from it, or as it is told.
 *
 * ```
 * MockServer().use { server ->
 *     server.reply(status = 429, headers = mapOf("retry-after" to "0"))
 *     server.synthesise()
 *     server.client().use { client -> … }
 *     check(server.requests().size == 2)
 * }
 * ```
 */
public class MockServer @JvmOverloads constructor(port: Int = 0) : AutoCloseable {
    private val native = translated { NativeMockServer(port.toUShort()) }
    private val http = HttpClient.newHttpClient()

    /** `http://127.0.0.1:PORT` */
    public val origin: String = native.origin()

    /** What a client takes as its base URL. */
    public val baseUrl: String get() = "$origin/v1"

    /** A client of this server; [settings] say more about it. */
    public fun client(settings: ClientSettings.() -> Unit = {}): Client = Client {
        apiKey = "test"
        baseUrl = this@MockServer.baseUrl
        settings()
    }

    /** [client] for Java. */
    public fun client(): Client = client { }

    /**
     * Adds replies to the script; each answers one request. From the first on, a request that finds none is answered with 500. A reply is
     * one JSON object: `status`, `headers`, `json`, `text`, `sse`, `end` …, as `tests/mock/README.md` lists them.
     */
    public fun script(vararg replies: JsonObject): Unit = control("script", JsonArray(replies.asList()))

    /** Adds one reply to the script. */
    @JvmOverloads
    public fun reply(json: JsonElement? = null, status: Int = 200, headers: Map<String, String> = emptyMap(), route: String? = null): Unit =
        script(scripted(status, headers, route, "json" to json))

    /** Adds a stream to the script: each of [events] is sent as JSON, then `[DONE]`. */
    @JvmOverloads
    public fun stream(events: List<JsonElement>, headers: Map<String, String> = emptyMap(), route: String? = null): Unit =
        script(scripted(200, headers, route, "sse" to JsonArray(events + JsonPrimitive("[DONE]"))))

    /** Lets requests behind the script be answered with made-up values again. */
    public fun synthesise(): Unit = script(JsonObject(mapOf("synth" to JsonPrimitive(true), "times" to JsonPrimitive("always"))))

    /** What the server has seen. */
    public fun requests(): List<SeenRequest> {
        val log = ask("GET", "log", null) as JsonObject
        return (log["requests"] as? JsonArray).orEmpty().map { SeenRequest(it as JsonObject) }
    }

    /** Forgets script, requests and state; closes open connections. */
    public fun reset(): Unit = control("reset", JsonObject(emptyMap()))

    /** Stops the server and closes all connections. */
    override fun close() {
        native.stop()
        native.close()
    }

    private fun scripted(status: Int, headers: Map<String, String>, route: String?, body: Pair<String, JsonElement?>): JsonObject {
        val members = LinkedHashMap<String, JsonElement>()
        members["status"] = JsonPrimitive(status)
        if (headers.isNotEmpty()) members["headers"] = JsonObject(headers.mapValues { JsonPrimitive(it.value) })
        route?.let { members["for"] = JsonPrimitive(it) }
        body.second?.let { members[body.first] = it }
        return JsonObject(members)
    }

    private fun control(what: String, body: JsonElement) {
        ask("POST", what, body)
    }

    private fun ask(verb: String, what: String, body: JsonElement?): JsonElement? {
        val text = body?.let { element -> JsonWriter().also { it.element(element) }.text() }
        val sent = text?.let { HttpRequest.BodyPublishers.ofString(it) } ?: HttpRequest.BodyPublishers.noBody()
        val request = HttpRequest.newBuilder(URI("$origin/__mock/$what")).header("content-type", "application/json").method(verb, sent).build()
        val reply = http.send(request, HttpResponse.BodyHandlers.ofByteArray())
        require(reply.statusCode() < 400) { "the mock server does not take this: ${reply.body().decodeToString()}" }
        return reply.body().takeIf { it.isNotEmpty() }?.let { Tape.parse(it).element(0) }
    }
}

/** A request as a [MockServer] saw it. */
public class SeenRequest internal constructor(
    /** All that the server noted. */
    public val record: JsonObject,
) {
    /** `GET`, `POST` … */
    public val verb: String get() = record.text("verb") ?: ""

    /** The path without the query. */
    public val path: String get() = record.text("path") ?: ""

    /** The body, where it was JSON. */
    public val json: JsonElement? get() = (record["body"] as? JsonObject)?.get("json")

    /** What of the request breaks the description of the API. */
    public val violations: List<String> get() = (record["violations"] as? JsonArray).orEmpty().mapNotNull { (it as? JsonPrimitive)?.contentOrNull }

    /** The first value of a header. */
    public fun header(name: String): String? {
        val found = (record["headers"] as? JsonArray).orEmpty().firstOrNull { ((it as JsonArray)[0] as JsonPrimitive).content.equals(name, ignoreCase = true) }
        return ((found as? JsonArray)?.get(1) as? JsonPrimitive)?.contentOrNull
    }

    override fun toString(): String = "$verb $path"
}
