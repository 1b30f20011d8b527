package dev.threadline

import dev.threadline.ffi.TokenProvider as NativeTokens
import dev.threadline.ffi.ProvidedToken
import dev.threadline.json.JsonWriter
import dev.threadline.resources.ClientResources
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import dev.threadline.ffi.CallException
import dev.threadline.ffi.Client as NativeClient
import java.time.Duration as JavaDuration

/**
 * A client of the API. It may be used from any number of coroutines at once; [close] gives its connections back, and so does the
 * garbage collector.
 *
 * ```
 * val client = Client { apiKey = "…" }
 * val completion = client.chat.completions.create(ChatCompletionCreateParams(model = …, messages = …))
 * ```
 */
public class Client internal constructor(native: NativeClient) : ClientResources(Calls(native)), AutoCloseable {
    internal val native: NativeClient get() = caller.native

    /** Where requests go. */
    public val baseUrl: String get() = native.baseUrl()

    /** A client of other defaults, which shares connections with this one. */
    public fun withOptions(options: RequestOptions): Client = Client(translated { native.withOptions(options.json()) })

    /** A client that keeps records of its own calls, and shares all else with this one. */
    public fun observing(): Client = Client(native.observing())

    /** Records of the calls made since this was last asked, where the client observes. */
    public fun takeObserved(): JsonElement? = native.takeObserved()?.let { Json.parseToJsonElement(it) }

    /** What the client has used so far, where it counts. */
    public fun usage(): JsonElement? = native.usage()?.let { Json.parseToJsonElement(it) }

    override fun close(): Unit = caller.close()

    public companion object {
        /** A client of these settings. The environment is read where [ClientSettings.fromEnv] says so. */
        public operator fun invoke(settings: ClientSettings.() -> Unit): Client = of(ClientSettings().apply(settings))

        /** A client of these settings. */
        @JvmStatic
        public fun of(settings: ClientSettings): Client {
            val tokens = settings.tokenProvider?.let { provider -> Tokens(provider) }
            return Client(translated { NativeClient(settings.json(), tokens) })
        }

        /** A client whose key is in `OPENAI_API_KEY`; base URL, organization and project from the environment too. */
        @JvmStatic
        public fun fromEnv(): Client = Client { fromEnv = true }
    }
}

/** A bearer token, with its lifetime where that is known. */
public class Token(
    /** The token. */
    public val value: String,
    /** How long it can be used. */
    public val expiresIn: Duration? = null,
    /** When to ask for the next one. */
    public val refreshIn: Duration? = null,
) {
    /** Without the token itself. */
    override fun toString(): String = "Token(expiresIn=$expiresIn)"

    public companion object {
        /** A token for Java; the times may be `null`. */
        @JvmStatic
        @JvmOverloads
        public fun of(value: String, expiresIn: JavaDuration? = null, refreshIn: JavaDuration? = null): Token =
            Token(value, expiresIn?.toKotlinDuration(), refreshIn?.toKotlinDuration())
    }
}

private class Tokens(private val provider: () -> Token) : NativeTokens {
    override fun token(): ProvidedToken {
        val token = try {
            provider()
        } catch (failed: CallException) {
            throw failed
        } catch (failed: Exception) {
            throw nativeError(failed.message ?: failed.javaClass.name)
        }
        fun seconds(value: Duration?): Double? = value?.let { it.inWholeNanoseconds / 1e9 }
        return ProvidedToken(token.value, seconds(token.expiresIn), seconds(token.refreshIn))
    }
}

/** Settings of a client. */
public class ClientSettings {
    /** API key. */
    public var apiKey: String? = null

    /**
     * Gives bearer tokens in place of the key. It is called on a thread that may wait, never twice at a time. What it gives is for whoever calls
     * meanwhile, and it sees nothing of the caller's thread or coroutine: where callers have keys of their own, the key is an option of the call.
     */
    public var tokenProvider: (() -> Token)? = null

    /** Key for the administration endpoints. */
    public var adminApiKey: String? = null

    /** Organization to bill. */
    public var organization: String? = null

    /** Project to bill. */
    public var project: String? = null

    /** Base URL. Default `https://api.openai.com/v1`. */
    public var baseUrl: String? = null

    /** Signing secret of webhooks. It is sent nowhere. */
    public var webhookSecret: String? = null

    /** Whether `OPENAI_API_KEY`, `OPENAI_BASE_URL` and their kin give what is not set here. */
    public var fromEnv: Boolean = false

    /** Total time of a call. Default 600 s. */
    public var timeout: Duration? = null

    /** Longest silence between two events of a stream. Default 60 s. */
    public var idleTimeout: Duration? = null

    /** Longest wait for a stream's first event. */
    public var firstEventTimeout: Duration? = null

    /** Longest wait for a connection. Default 5 s. */
    public var connectTimeout: Duration? = null

    /** How often a failed call is tried again. Default 2. */
    public var maxRetries: Int? = null

    /** Headers of every call. */
    public var headers: Map<String, String?> = emptyMap()

    /** Query parameters of every call. */
    public var query: Map<String, String> = emptyMap()

    /** Store of the assistants engine, such as `sqlite:assistants.db`: `/assistants` and `/threads` are then answered in the process. */
    public var assistants: String? = null

    /** Certificates of authorities to trust beside the system's: a PEM file. */
    public var caFile: Path? = null

    /** URL of a proxy. */
    public var proxy: String? = null

    /** Whether calls are recorded for [Client.takeObserved]. */
    public var observe: Boolean = false

    /** Whether the client counts what it uses, for [Client.usage]. */
    public var countUsage: Boolean = false

    /** Further settings by their names in the native library's object of settings: `azure`, `limits`, `cassette`, `workload_identity` … */
    public var more: Map<String, JsonElement> = emptyMap()

    /** Sets [timeout] from Java. */
    @JvmName("setTimeout")
    public fun timeout(value: JavaDuration): ClientSettings = apply { timeout = value.toKotlinDuration() }

    /** Sets [idleTimeout] from Java. */
    @JvmName("setIdleTimeout")
    public fun idleTimeout(value: JavaDuration): ClientSettings = apply { idleTimeout = value.toKotlinDuration() }

    /** Sets [firstEventTimeout] from Java. */
    @JvmName("setFirstEventTimeout")
    public fun firstEventTimeout(value: JavaDuration): ClientSettings = apply { firstEventTimeout = value.toKotlinDuration() }

    /** Sets [connectTimeout] from Java. */
    @JvmName("setConnectTimeout")
    public fun connectTimeout(value: JavaDuration): ClientSettings = apply { connectTimeout = value.toKotlinDuration() }

    internal fun json(): String {
        val out = JsonWriter()
        out.open('{')
        RequestOptions(
            apiKey = apiKey, adminApiKey = adminApiKey, organization = organization, project = project, baseUrl = baseUrl,
            timeout = timeout, firstEventTimeout = firstEventTimeout, idleTimeout = idleTimeout, maxRetries = maxRetries,
            headers = headers, query = query,
        ).members(out)
        fun text(name: String, value: String?) {
            if (value == null) return
            out.key(name)
            out.string(value)
        }
        fun flag(name: String, value: Boolean) {
            if (!value) return
            out.key(name)
            out.raw("true")
        }
        text("webhook_secret", webhookSecret)
        text("assistants", assistants)
        text("ca_file", caFile?.toString())
        text("proxy", proxy)
        out.seconds("connect_timeout_s", connectTimeout)
        flag("from_env", fromEnv)
        flag("observe", observe)
        flag("usage", countUsage)
        for ((name, value) in more) {
            out.key(name)
            out.element(value)
        }
        out.close('}')
        return out.text()
    }

    /** Keys stay out of logs. */
    override fun toString(): String = "ClientSettings(baseUrl=$baseUrl)"
}
