package dev.threadline.driver

import dev.threadline.AccumulatedFlow
import dev.threadline.StreamEvent
import dev.threadline.ThreadlineException
import dev.threadline.accumulateRun
import dev.threadline.accumulateToolOutputs
import dev.threadline.createAndStream
import dev.threadline.driver.generated.allRows
import dev.threadline.stream
import dev.threadline.streamExisting
import dev.threadline.types.*
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/** The arguments that an operation takes, without its stream flag. */
internal fun argumentsOf(operation: String): Set<String> {
    val row = allRows.flatten().first { it.id == operation }
    return (row.required + row.optional).toSet() - setOfNotNull(row.streamFlag)
}

/** A row of a helper that takes what operations take, and arguments of its own. */
internal fun like(id: String, path: String, required: String, operations: List<String>, own: String, run: suspend (dev.threadline.Client, Arguments) -> Answer): Row {
    val optional = operations.flatMap(::argumentsOf) + own.split(',').filter { it.isNotEmpty() }
    return Row(id, path, required, (optional - required.split(',').toSet()).distinct().joinToString(","), null, run)
}

private const val PUSHED = "stream_to,stop_after,stream"

/** Reads a stream that is put together, the way that the arguments ask for. */
private suspend fun <E : StreamEvent, S> Arguments.read(flow: () -> AccumulatedFlow<E, S>, encode: (S) -> String): Answer {
    take("stream")
    val to = takeText("stream_to")
    val stopAfter = takeNumber("stop_after")?.toInt() ?: Int.MAX_VALUE
    val events = ArrayList<String>()
    val stream = flow()
    try {
        val value = when (to) {
            null -> {
                val soFar = stream.until {
                    events.add(Answer.text(it.toJson()))
                    events.size < maxEvents
                }
                if (events.size >= maxEvents) "null" else encode(soFar)
            }
            "callback" -> encode(stream.until {
                events.add(Answer.text(it.toJson()))
                events.size < stopAfter
            })
            "async_callback" -> encode(stream.until {
                events.add(Answer.text(it.toJson()))
                yield()
                events.size < stopAfter
            })
            "channel" -> encode(coroutineScope {
                val channel = Channel<E>(1)
                val receiver = launch {
                    for (event in channel) {
                        events.add(Answer.text(event.toJson()))
                        if (events.size >= stopAfter) break
                    }
                    channel.cancel()
                }
                try {
                    stream.sendTo(channel)
                } finally {
                    // What is on its way is still received, also when the stream has failed.
                    channel.close()
                    withContext(NonCancellable) { receiver.join() }
                }
            })
            else -> throw Usage("the argument `stream_to` cannot be `$to`")
        }
        return Answer.of("events" to Answer.list(events), "value" to value, "error" to "null")
    } catch (failed: ThreadlineException) {
        if (!replied) throw failed
        return Answer.of("events" to Answer.list(events), "value" to "null", "error" to Answer.record(failed))
    }
}

private fun run(it: dev.threadline.AccumulatedRun) = Answer.text(it.toJson())

internal val streamRows: List<Row> = listOf(
    like("chat.completions.stream", "", "messages,model", listOf("chat.completions.create"), PUSHED) { c, a ->
        a.read({ c.chat.completions.stream(a.params(ChatCompletionCreateParams.Codec), a.options) }, ChatCompletion.Codec::encode)
    },
    like("completions.stream", "", "model,prompt", listOf("completions.create"), PUSHED) { c, a ->
        a.read({ c.completions.stream(a.params(CompletionCreateParams.Codec), a.options) }, Completion.Codec::encode)
    },
    like("responses.stream", "response_id", "", listOf("responses.create", "responses.retrieve"), "response_id,$PUSHED") { c, a ->
        when {
            a.has("response_id") -> a.read(
                { c.responses.streamExisting(a.path("response_id"), a.params(ResponseRetrieveParams.Codec), a.options) }, Response.Codec::encode,
            )
            a.has("starting_after") -> throw Usage("`starting_after` needs a `response_id`")
            else -> a.read({ c.responses.stream(a.params(ResponseCreateParams.Codec), a.options) }, Response.Codec::encode)
        }
    },
    like("beta.threads.runs.stream", "thread_id", "assistant_id,thread_id", listOf("beta.threads.runs.create"), PUSHED) { c, a ->
        a.read({ c.beta.threads.runs.stream(a.path("thread_id"), a.params(RunCreateParams.Codec), a.options) }, ::run)
    },
    like("beta.threads.runs.create_and_stream", "thread_id", "assistant_id,thread_id", listOf("beta.threads.runs.create"), PUSHED) { c, a ->
        a.read({ c.beta.threads.runs.createAndStream(a.path("thread_id"), a.params(RunCreateParams.Codec), a.options) }, ::run)
    },
    like("beta.threads.create_and_run_stream", "", "assistant_id", listOf("beta.threads.create_and_run"), PUSHED) { c, a ->
        a.read({ c.beta.threads.accumulateRun(a.params(ThreadCreateAndRunParams.Codec), a.options) }, ::run)
    },
    like("beta.threads.runs.submit_tool_outputs_stream", "thread_id,run_id", "run_id,thread_id,tool_outputs", emptyList(), PUSHED) { c, a ->
        a.read(
            { c.beta.threads.runs.accumulateToolOutputs(a.path("thread_id"), a.path("run_id"), a.params(RunSubmitToolOutputsParams.Codec), a.options) },
            ::run,
        )
    },
)
