import dev.threadline.Client
import dev.threadline.Pace
import dev.threadline.createAndPoll
import dev.threadline.types.*
import kotlin.time.Duration.Companion.milliseconds

/** A thread and a run, as `threadline-server` answers them. */
suspend fun main() {
    Client.fromEnv().use { client ->
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
}
