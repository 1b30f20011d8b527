package dev.threadline.driver

import dev.threadline.Client
import dev.threadline.ClientSettings
import dev.threadline.Token
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.intOrNull
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

/** Clients by configuration: equal configurations share one client, and so its connections. */
internal class Clients {
    /** A client, and what its configuration says about observing it. */
    class Made(val client: Client, val observe: Boolean, val webhookSecret: String?)

    private val byConfig = HashMap<JsonObject, Made>()

    fun of(config: JsonObject): Made = synchronized(byConfig) { byConfig.getOrPut(config) { make(config) } }

    private fun make(config: JsonObject): Made {
        val rest = LinkedHashMap<String, JsonElement>(config)
        fun flag(name: String) = (rest.remove(name) as? JsonPrimitive)?.booleanOrNull ?: false
        fun text(name: String) = config.text(name).also { rest.remove(name) }
        fun duration(name: String) = config.duration(name).also { rest.remove(name) }
        val observed = flag("observe")
        val settings = ClientSettings().apply {
            fromEnv = flag("from_env")
            apiKey = text("api_key")
            adminApiKey = text("admin_api_key")
            organization = text("organization")
            project = text("project")
            baseUrl = text("base_url")
            webhookSecret = text("webhook_secret")
            timeout = duration("timeout_s")
            idleTimeout = duration("idle_timeout_s")
            firstEventTimeout = duration("first_event_timeout_s")
            connectTimeout = duration("connect_timeout_s")
            maxRetries = (rest.remove("max_retries") as? JsonPrimitive)?.intOrNull
            headers = (rest.remove("headers") as? JsonObject).orEmpty().mapValues { textOf(it.value) }
            query = (rest.remove("query") as? JsonObject).orEmpty().mapValues { textOf(it.value) }
            caFile = text("ca_file")?.let(Path::of)
            proxy = text("proxy")
            tokenProvider = (rest.remove("tokens") as? JsonArray)?.let(::scripted)
            // Where the environment is not to be read, its proxies are not either.
            rest["system_proxy"] = JsonPrimitive(fromEnv)
            more = rest
        }
        return Made(Client.of(settings), observed, settings.webhookSecret)
    }

    /** A provider that answers from a list, and fails after its end. */
    private fun scripted(tokens: JsonArray): () -> Token {
        val left = ArrayDeque(tokens)
        return {
            val next = synchronized(left) { left.removeFirstOrNull() } ?: throw IllegalStateException("the list of tokens is at its end")
            if (next is JsonPrimitive) {
                Token(next.content)
            } else {
                val token = next as JsonObject
                token.text("error")?.let { throw IllegalStateException(it) }
                (token["delay_s"] as? JsonPrimitive)?.doubleOrNull?.let { Thread.sleep((it * 1000).toLong()) }
                Token(token.text("token") ?: "", token.seconds("expires_in_s"), token.seconds("refresh_in_s"))
            }
        }
    }

    private fun JsonObject.seconds(name: String) = (this[name] as? JsonPrimitive)?.doubleOrNull?.seconds
}
