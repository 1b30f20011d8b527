package dev.threadline.examples

import dev.threadline.Client
import dev.threadline.FileUpload
import dev.threadline.Pace
import dev.threadline.createAndPoll
import dev.threadline.types.*
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import java.nio.file.Files
import kotlin.time.Duration.Companion.milliseconds

/** A file goes up and comes back. */
internal suspend fun files(client: Client) {
    val path = Files.createTempFile("example", ".jsonl")
    Files.writeString(path, "{}\n")
    val file = client.files.create(FileCreateParams(file = FileUpload.of(path), purpose = FilePurpose("batch")))
    val stream = FileUpload.of("{}\n".byteInputStream(), length = 3, filename = "more.jsonl")
    client.files.create(FileCreateParams(file = stream, purpose = FilePurpose("batch")))
    val bytes = client.files.content(file.id).writeTo(path)
    println("${file.filename}: $bytes bytes")
    Files.delete(path)
}

/** A list, read as far as it is wanted: by items, and by pages. */
internal suspend fun paging(client: Client) {
    val newest = client.files.list().take(3).toList()
    println(newest.map { it.filename })
    client.files.list().pages().collect { page -> println("${page.data.size} files, more: ${page.hasNext}") }
}

/** Texts as vectors. */
internal suspend fun embeddings(client: Client) {
    val reply = client.embeddings.create(
        EmbeddingCreateParams(input = EmbeddingCreateInput.Text("sky"), model = EmbeddingModel.TEXT_EMBEDDING3_SMALL),
    )
    println(reply.data.first().embedding.toFloatArray().size)
}

/** A response in the background. */
internal suspend fun background(client: Client) {
    val params = ResponseCreateParams(model = AllModels.GPT5_5, input = ResponseInput.Text("Write a report."))
    val seen = Pace<Response>(interval = 10.milliseconds) { println(it.status) }
    val response = client.responses.createAndPoll(params, seen)
    println(response.id)
}

/** An assistant in a thread. */
internal suspend fun assistant(client: Client) {
    val assistant = client.beta.assistants.create(AssistantCreateParams(model = ChatModel.GPT5_5))
    val thread = client.beta.threads.create()
    client.beta.threads.messages.create(
        thread.id, ThreadMessageCreateParams(content = ThreadMessageCreateContent.Text("Hello"), role = ThreadMessageRole("user")),
    )
    val run = client.beta.threads.runs.createAndPoll(thread.id, RunCreateParams(assistantId = assistant.id), Pace(interval = 10.milliseconds))
    println(run.status)
    client.beta.threads.messages.list(thread.id).collect { println(it.role) }
}
