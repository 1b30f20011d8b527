import dev.threadline.Client
import dev.threadline.types.*
import kotlinx.coroutines.flow.take

/** The example of the package's page. */
suspend fun main() {
    Client.fromEnv().use { client ->
        val params = ChatCompletionCreateParams(
            model = ChatModel.GPT5_5,
            messages = listOf(ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Hi"))),
        )
        val completion = client.chat.completions.create(params)
        println("answer: ${completion.choices.first().message.content}")
        client.chat.completions.createStream(params).collect { chunk -> print(chunk.choices.firstOrNull()?.delta?.content ?: "") }
        client.files.list().take(10).collect { file -> println(file.filename) }
    }
}
