import com.aallam.openai.api.chat.ChatCompletionRequest
import com.aallam.openai.api.chat.ChatMessage
import com.aallam.openai.api.chat.ChatRole
import com.aallam.openai.api.logging.LogLevel
import com.aallam.openai.api.model.ModelId
import com.aallam.openai.client.LoggingConfig
import com.aallam.openai.client.OpenAI
import com.aallam.openai.client.OpenAIConfig
import com.aallam.openai.client.OpenAIHost
import com.openai.client.okhttp.OpenAIOkHttpClient
import dev.threadline.Client
import dev.threadline.types.ChatCompletionCreateParams
import dev.threadline.types.ChatCompletionUserMessageContent
import dev.threadline.types.ChatCompletionUserMessageParam
import dev.threadline.types.ChatModel
import kotlinx.coroutines.runBlocking
import java.lang.management.ManagementFactory
import com.openai.models.chat.completions.ChatCompletionCreateParams as OfficialParams

private val system = ManagementFactory.getOperatingSystemMXBean() as com.sun.management.OperatingSystemMXBean

/** One library: a call, which gives the length of the answer, and a stream, which gives the number of its chunks. */
private class Library(val name: String, val call: suspend () -> Int, val stream: suspend () -> Int)

private fun ours(url: String): Library {
    val client = Client {
        apiKey = "k"
        baseUrl = url
    }
    val message = ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Hi"))
    val params = ChatCompletionCreateParams(model = ChatModel("m"), messages = listOf(message))
    return Library(
        "threadline",
        { client.chat.completions.create(params).choices.first().message.content.orEmpty().length },
        {
            var chunks = 0
            client.chat.completions.createStream(params).collect { chunks += it.choices.size }
            chunks
        },
    )
}

private fun official(url: String): Library {
    val client = OpenAIOkHttpClient.builder().apiKey("k").baseUrl(url).build()
    val params = OfficialParams.builder().model("m").addUserMessage("Hi").build()
    return Library(
        "com.openai:openai-java",
        { client.chat().completions().create(params).choices().first().message().content().get().length },
        {
            var chunks = 0
            client.chat().completions().createStreaming(params).use { reply -> reply.stream().forEach { chunks += it.choices().size } }
            chunks
        },
    )
}

private fun community(url: String): Library {
    val client = OpenAI(OpenAIConfig(token = "k", host = OpenAIHost(baseUrl = "$url/"), logging = LoggingConfig(logLevel = LogLevel.None)))
    val request = ChatCompletionRequest(model = ModelId("m"), messages = listOf(ChatMessage(role = ChatRole.User, content = "Hi")))
    return Library(
        "com.aallam.openai:openai-client",
        { client.chatCompletion(request).choices.first().message.content.orEmpty().length },
        {
            var chunks = 0
            client.chatCompletions(request).collect { chunks += it.choices.size }
            chunks
        },
    )
}

/** Microseconds of CPU of this process for each of so many pieces of work. */
private suspend fun cpu(times: Int, pieces: Int, expected: Int, work: suspend () -> Int): Double {
    val before = system.processCpuTime
    repeat(times) { check(work() == expected) { "another answer than the server gave" } }
    return (system.processCpuTime - before) / 1e3 / times / pieces
}

/** CPU of a call and of a chunk after warm-up: the best of several rounds, in which the libraries take turns. */
fun main() {
    val java = ProcessHandle.current().info().command().orElse("java")
    val server = ProcessBuilder(java, "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), "Server")
        .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val url = server.inputStream.bufferedReader().readLine()
    val libraries = listOf(ours(url), official(url), community(url))
    val (calls, chunks) = libraries.associateWith { Double.MAX_VALUE }.toMutableMap() to libraries.associateWith { Double.MAX_VALUE }.toMutableMap()
    try {
        runBlocking {
            for (library in libraries) {
                cpu(4_000, 1, 400, library.call)
                cpu(200, CHUNKS, CHUNKS, library.stream)
            }
            repeat(5) {
                for (library in libraries) {
                    val (call, chunk) = cpu(1_000, 1, 400, library.call) to cpu(100, CHUNKS, CHUNKS, library.stream)
                    println("round %d  %-34s %16.1f %16.2f".format(it + 1, library.name, call, chunk))
                    calls[library] = minOf(calls.getValue(library), call)
                    chunks[library] = minOf(chunks.getValue(library), chunk)
                }
            }
        }
    } finally {
        server.destroy()
    }
    println("%-34s %16s %16s".format("CPU after warm-up", "a call, µs", "a chunk, µs"))
    for (library in libraries) println("%-34s %16.1f %16.2f".format(library.name, calls[library], chunks[library]))
    val (ours, peers) = libraries.first() to libraries.drop(1)
    println("ratio to the faster peer: call %.2f, chunk %.2f".format(calls.getValue(ours) / peers.minOf(calls::getValue), chunks.getValue(ours) / peers.minOf(chunks::getValue)))
    kotlin.system.exitProcess(0)
}
