import dev.threadline.Client
import dev.threadline.Pace
import dev.threadline.createAndPoll
import dev.threadline.types.*
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.runBlocking
import kotlin.time.Duration.Companion.milliseconds

/** The example of the package's page; `assistant`: a thread and a run, as `threadline-server` answers them. */
fun main(args: Array<String>) = runBlocking {
    Client.fromEnv().use { client -> if (args.firstOrNull() == "assistant") assistant(client) else page(client) }
}

suspend fun page(client: Client) {
    val params = ChatCompletionCreateParams(
        model = ChatModel.GPT5_5,
        messages = listOf(ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Hi"))),
    )
    val completion = client.chat.completions.create(params)
    println("answer: ${completion.choices.first().message.content}")
    client.chat.completions.createStream(params).collect { chunk -> print(chunk.choices.firstOrNull()?.delta?.content ?: "") }
    client.files.list().take(10).collect { file -> println(file.filename) }
}

suspend fun assistant(client: Client) {
    val assistant = client.beta.assistants.create(AssistantCreateParams(model = ChatModel.GPT5_5))
    val thread = client.beta.threads.create()
    client.beta.threads.messages.create(
        thread.id, ThreadMessageCreateParams(content = ThreadMessageCreateContent.Text("Hi"), role = ThreadMessageRole("user")),
    )
    val run = client.beta.threads.runs.createAndPoll(thread.id, RunCreateParams(assistantId = assistant.id), Pace(interval = 50.milliseconds))
    println("run: ${run.status}")
    val answers = ArrayList<String>()
    client.beta.threads.messages.list(thread.id).collect { answers.add(it.role.toString()) }
    check("assistant" in answers) { "the thread has no answer: $answers" }
}
