package dev.threadline.checks

import dev.threadline.Client
import dev.threadline.examples.EXAMPLES
import dev.threadline.MockServer
import dev.threadline.json.Extra
import dev.threadline.stream
import dev.threadline.types.*
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonPrimitive
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

private var failures = 0

internal fun check(what: String, holds: Boolean) {
    println("${if (holds) "ok    " else "FAILED"} $what")
    if (!holds) failures += 1
}

private val params = ChatCompletionCreateParams {
    model(ChatModel("m"))
    messages(ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Hi")))
}

private fun client(server: Server): Client = Client {
    apiKey = "k"
    baseUrl = server.baseUrl
    maxRetries = 0
}

/** What no case of the suite can say: cancellation as the server sees it, builders, Java, examples, the guide. */
public fun main(args: Array<String>) {
    cancellation()
    classes()
    damage()
    edges()
    many(args.firstOrNull()?.toInt() ?: 10_000)
    examples()
    guide()
    if (failures > 0) kotlin.system.exitProcess(1)
}

private fun cancellation() {
    Server(Server.SILENCE).use { server ->
        client(server).use { client ->
            runBlocking {
                val call = CoroutineScope(Dispatchers.Default).launch { client.chat.completions.create(params) }
                check("a call reaches the server", server.awaitRequest())
                call.cancelAndJoin()
                check("cancelling a coroutine closes the connection of its call", server.awaitClosed(1))
            }
        }
    }
    Server(Server.SILENCE).use { server ->
        client(server).use { client ->
            val future = client.chat.completions.createAsync(params)
            server.awaitRequest()
            future.cancel(true)
            check("cancelling a future closes the connection of its call", server.awaitClosed(1))
        }
    }
    Server(Server.STREAM).use { server ->
        client(server).use { client ->
            runBlocking {
                val first = client.chat.completions.createStream(params).first()
                check("the first event of a stream is typed", first.choices.first().delta.content == "a")
                check("the end of collecting closes the connection", server.awaitClosed(1))
                val reader = launch(Dispatchers.Default) { client.chat.completions.stream(params).collect { } }
                while (server.requests.get() < 2) kotlinx.coroutines.yield()
                reader.cancelAndJoin()
                check("cancelling a reader who waits closes the connection", server.awaitClosed(2))
            }
            client.chat.completions.createStream(params).iterate().use { items -> check("a loop reads a stream", items.next().id == "c") }
            check("closing a loop's iterator closes the connection", server.awaitClosed(3))
        }
    }
}

private fun classes() {
    val built = ChatCompletionCreateParams.builder().model(ChatModel.GPT5_5).messages(params.messages).temperature(0.5)
        .extra(Extra.of("x" to JsonPrimitive(1))).build()
    check("a builder makes what the constructor makes", built == params.copy(model = ChatModel.GPT5_5, temperature = 0.5, extra = built.extra))
    check("members that no class has are written", built.toJson().contains("\"x\":1"))
    check("what was written reads back", ChatCompletionCreateParams.Codec.decode(built.toJson()) == built)
    val missing = runCatching { ChatCompletionCreateParams.builder().build() }.exceptionOrNull()
    check("a builder names what is missing", missing is IllegalStateException && missing.message.orEmpty().contains("messages"))
    val unknown = ChatCompletionContentPart.Codec.decode("{\"type\":\"smell\",\"a\":1}")
    check("an unknown arm is kept", unknown is ChatCompletionContentPart.Unknown)
}

/** Replies that were damaged at random. The seed is told, and taken from `DAMAGE_SEED`, so that a failure can be seen again. */
private fun damage() {
    val seed = System.getenv("DAMAGE_SEED")?.toInt() ?: Random.nextInt()
    val outcome = runBlocking { Damage(Random(seed)).run(4) }
    check("every operation's reply, damaged, comes out as it came (seed $seed): ${outcome.operations} operations, ${outcome.replies} replies ${outcome.lost.orEmpty()}", outcome.lost == null && outcome.operations > 200)
}

/** Streams that are left after their first event, over and over: memory, threads and sockets stay as they are. */
private fun many(count: Int) {
    Server(Server.STREAM).use { server ->
        client(server).use { client ->
            fun leave(times: Int) = runBlocking(Dispatchers.Default) {
                repeat(times / 50) { coroutineScope { repeat(50) { async { client.chat.completions.createStream(params).first() } } } }
            }
            val warm = count / 5 / 50 * 50
            leave(warm)
            server.awaitClosed(warm)
            val before = Usage()
            leave(count - warm)
            val all = server.awaitClosed(count / 50 * 50)
            val after = Usage()
            check("$count streams that were left are closed", all)
            check("their memory is given back: ${before.resident} MB before, ${after.resident} MB after", after.resident < before.resident + 48)
            check("no socket is left: ${before.files} before, ${after.files} after", after.files <= before.files + 10)
            check("no thread is left: ${before.threads} before, ${after.threads} after", after.threads <= before.threads + 60)
        }
    }
}

/** What this process holds. */
private class Usage {
    init {
        System.gc()
    }

    val resident: Long = status("VmRSS:") / 1024
    val threads: Long = status("Threads:")
    val files: Int = Path.of("/proc/self/fd").toFile().list().orEmpty().size

    private fun status(name: String): Long {
        val line = Files.readAllLines(Path.of("/proc/self/status")).first { it.startsWith(name) }
        return line.filter(Char::isDigit).toLong()
    }
}

private fun examples() {
    for ((name, example) in EXAMPLES) {
        val outcome = runCatching {
            MockServer().use { mock -> mock.client().use { client -> runBlocking { example(client) } } }
        }
        outcome.exceptionOrNull()?.printStackTrace()
        check("the example $name", outcome.isSuccess)
    }
    MockServer().use { mock ->
        val outcome = runCatching { dev.threadline.examples.FromJava.run(mock.baseUrl) }
        outcome.exceptionOrNull()?.printStackTrace()
        check("the example in Java", outcome.isSuccess)
    }
}

/** Each block of the guide and of the package's page stands in an example, line by line, so it compiles and runs. */
private fun guide() {
    val sources = listOf("src/test/kotlin/dev/threadline/examples", "src/test/java/dev/threadline/examples", "sample/src/main/kotlin")
        .flatMap { Path.of(it).toFile().listFiles().orEmpty().toList() }
        .map { file -> file.readLines().map { it.trim() }.filter { it.isNotEmpty() } }
    for (page in listOf("../docs/guide/kotlin.md", "README.md", "../README.md")) {
        val blocks = Regex("```(?:kotlin|java)\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(Path.of(page).toFile().readText()).toList()
        check("$page has examples", blocks.isNotEmpty())
        for (block in blocks) {
            val lines = block.groupValues[1].lines().map { it.trim() }.filter { it.isNotEmpty() && !it.startsWith("import ") }
            val found = sources.any { source -> source.windowed(lines.size).any { it == lines } }
            check("$page: ${lines.first()} … is in an example", found)
        }
    }
}
