// The example of the repository's first page, line by line.
import dev.threadline.Client
import dev.threadline.types.*

suspend fun main() {
    Client.fromEnv().use { client -> // OPENAI_API_KEY, OPENAI_BASE_URL, …
        val question = ChatCompletionUserMessageParam(content = ChatCompletionUserMessageContent.Text("Why is the sky blue?"))
        val params = ChatCompletionCreateParams(messages = listOf(question), model = ChatModel.GPT5_5)
        client.chat.completions.createStream(params).collect { chunk ->
            chunk.choices.forEach { print(it.delta.content ?: "") }
        }
    }
}
