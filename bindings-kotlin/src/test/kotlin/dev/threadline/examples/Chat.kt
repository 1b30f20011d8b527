package dev.threadline.examples

import dev.threadline.ChatCompletionStreamEvent
import dev.threadline.Client
import dev.threadline.OutputType
import dev.threadline.RateLimitException
import dev.threadline.RequestOptions
import dev.threadline.ThreadlineException
import dev.threadline.ToolFunction
import dev.threadline.parse
import dev.threadline.runTools
import dev.threadline.stream
import dev.threadline.types.*
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlin.time.Duration.Companion.seconds

/** One question, one answer, and the same as a stream; what the package's page shows. */
internal suspend fun page(client: Client) {
    val params = ChatCompletionCreateParams(
        model = ChatModel.GPT5_5,
        messages = listOf(ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Hi"))),
    )
    val completion = client.chat.completions.create(params)
    client.chat.completions.createStream(params).collect { chunk -> print(chunk.choices.firstOrNull()?.delta?.content ?: "") }
    client.files.list().collect { file -> println(file.filename) }
    check(completion.choices.isNotEmpty())
}

/** A question. */
internal suspend fun chat(client: Client) {
    val completion = client.chat.completions.create(
        ChatCompletionCreateParams {
            model(ChatModel.GPT5_5)
            messages(ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Why is the sky blue?")))
            maxCompletionTokens(200)
        },
    )
    println(completion.choices.first().message.content)
    println("${completion.usage?.totalTokens} tokens")
}

/** An answer as it is written, and the whole of it at the end. */
internal suspend fun streamed(client: Client) {
    val params = question("Tell me a story.")
    val completion = client.chat.completions.stream(params).result { event ->
        if (event is ChatCompletionStreamEvent.ContentDelta) print(event.delta)
    }
    println("\nended by ${completion.choices.first().finishReason}")
}

/** What may go wrong, and how long it may take. */
internal suspend fun errors(client: Client) {
    try {
        client.models.retrieve("gpt-9", RequestOptions(timeout = 20.seconds, maxRetries = 1))
    } catch (wait: RateLimitException) {
        println("again in ${wait.retryAfterSeconds} s")
    } catch (failed: ThreadlineException) {
        println("${failed.kind}: ${failed.message} (${failed.requestId})")
    }
    // Whoever gives up waiting closes the connection.
    withTimeoutOrNull(10.seconds) { client.models.list().firstPage() } ?: println("too slow")
}

/** An answer of a form that is known beforehand. */
internal suspend fun structured(client: Client) {
    val schema = buildJsonObject {
        put("type", "object")
        put("properties", buildJsonObject { put("city", buildJsonObject { put("type", "string") }) })
    }
    val type = OutputType.ofSchema("place", schema)
    val sent = question("Where is the Louvre?").copy(responseFormat = type.responseFormat())
    check(sent.toJson().contains("\"strict\":true"))
    try {
        val parsed = client.chat.completions.parse(question("Where is the Louvre?"), type)
        println((parsed.parsed as? JsonObject)?.get("city"))
    } catch (unfit: ThreadlineException) {
        // What a mock server makes up is no JSON.
        println("${unfit.kind}: ${unfit.message}")
    }
}

/** Functions that the model calls. */
internal suspend fun tools(client: Client) {
    val weather = ToolFunction.ofSchema("weather", description = "The weather of a place.") { arguments ->
        JsonObject(mapOf("sky" to JsonPrimitive("clear"), "asked" to arguments))
    }
    val run = try {
        client.chat.completions.runTools(question("Do I need an umbrella?"), listOf(weather))
    } catch (endless: ThreadlineException) {
        // A mock server's model calls functions for ever.
        println("${endless.kind}: ${endless.transcript}")
        return
    }
    println(run.reply.choices.first().message.content)
}

internal fun question(text: String): ChatCompletionCreateParams = ChatCompletionCreateParams(
    model = ChatModel.GPT5_5,
    messages = listOf(ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text(text))),
)
