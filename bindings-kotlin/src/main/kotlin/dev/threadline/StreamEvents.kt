package dev.threadline

import dev.threadline.json.ListCodec
import dev.threadline.types.*
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** An event of a stream that is put together. */
public abstract class StreamEvent internal constructor(internal val json: JsonObject) {
    /** Its name: `content.delta`, `text_created` … */
    public val type: String get() = json.text("type") ?: ""

    /** The event as JSON. */
    public fun toJson(): JsonObject = json

    override fun toString(): String = json.toString()
}

/** An event of a chat completion that is put together. */
public sealed class ChatCompletionStreamEvent(json: JsonObject) : StreamEvent(json) {
    /** Which of the answers it belongs to, where `n` asked for several. */
    public val choice: Long get() = json.whole("choice")

    /** A chunk as it came, before the events that it makes. */
    public class Chunk internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The chunk. */
        public val chunk: ChatCompletionChunk by lazy { json["chunk"].read(ChatCompletionChunk.Codec) }

        /** The completion so far. */
        public val snapshot: ChatCompletion by lazy { json["snapshot"].read(ChatCompletion.Codec) }
    }

    /** A piece of text. */
    public class ContentDelta internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The piece. */
        public val delta: String get() = json.text("delta") ?: ""

        /** The text so far. */
        public val snapshot: String get() = json.text("snapshot") ?: ""
    }

    /** The text is whole. */
    public class ContentDone internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The text. */
        public val content: String get() = json.text("content") ?: ""
    }

    /** A piece of a refusal. */
    public class RefusalDelta internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The piece. */
        public val delta: String get() = json.text("delta") ?: ""

        /** The refusal so far. */
        public val snapshot: String get() = json.text("snapshot") ?: ""
    }

    /** The refusal is whole. */
    public class RefusalDone internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The refusal. */
        public val refusal: String get() = json.text("refusal") ?: ""
    }

    /** A piece of the reasoning that some providers send. */
    public class ReasoningDelta internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The piece. */
        public val delta: String get() = json.text("delta") ?: ""

        /** The reasoning so far. */
        public val snapshot: String get() = json.text("snapshot") ?: ""
    }

    /** The reasoning is whole. */
    public class ReasoningDone internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The reasoning. */
        public val reasoning: String get() = json.text("reasoning") ?: ""
    }

    /** A piece of the arguments of a function call. */
    public class FunctionArgumentsDelta internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The function. */
        public val name: String get() = json.text("name") ?: ""

        /** Which call of the answer. */
        public val index: Long get() = json.whole("index")

        /** The arguments so far. */
        public val arguments: String get() = json.text("arguments") ?: ""

        /** The piece. */
        public val argumentsDelta: String get() = json.text("arguments_delta") ?: ""
    }

    /** A function call is whole. */
    public class FunctionArgumentsDone internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The function. */
        public val name: String get() = json.text("name") ?: ""

        /** Which call of the answer. */
        public val index: Long get() = json.whole("index")

        /** The arguments. */
        public val arguments: String get() = json.text("arguments") ?: ""
    }

    /** A piece of the input of a custom tool. */
    public class CustomInputDelta internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The tool. */
        public val name: String get() = json.text("name") ?: ""

        /** Which call of the answer. */
        public val index: Long get() = json.whole("index")

        /** The input so far. */
        public val input: String get() = json.text("input") ?: ""

        /** The piece. */
        public val inputDelta: String get() = json.text("input_delta") ?: ""
    }

    /** The call of a custom tool is whole. */
    public class CustomInputDone internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The tool. */
        public val name: String get() = json.text("name") ?: ""

        /** Which call of the answer. */
        public val index: Long get() = json.whole("index")

        /** The input. */
        public val input: String get() = json.text("input") ?: ""
    }

    /** Log probabilities of text (`logprobs.content.*`) or of a refusal (`logprobs.refusal.*`), new ones or all of them (`….done`). */
    public class Logprobs internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json) {
        /** The entries of the event. */
        public val entries: List<ChatCompletionTokenLogprob> by lazy {
            (json["content"] ?: json["refusal"]).read(ListCodec(ChatCompletionTokenLogprob.Codec))
        }
    }

    /** An event that a later version makes. */
    public class Other internal constructor(json: JsonObject) : ChatCompletionStreamEvent(json)

    internal companion object {
        fun of(json: JsonObject): ChatCompletionStreamEvent = when (json.text("type")) {
            "chunk" -> Chunk(json)
            "content.delta" -> ContentDelta(json)
            "content.done" -> ContentDone(json)
            "refusal.delta" -> RefusalDelta(json)
            "refusal.done" -> RefusalDone(json)
            "reasoning.delta" -> ReasoningDelta(json)
            "reasoning.done" -> ReasoningDone(json)
            "tool_calls.function.arguments.delta" -> FunctionArgumentsDelta(json)
            "tool_calls.function.arguments.done" -> FunctionArgumentsDone(json)
            "tool_calls.custom.input.delta" -> CustomInputDelta(json)
            "tool_calls.custom.input.done" -> CustomInputDone(json)
            "logprobs.content.delta", "logprobs.content.done", "logprobs.refusal.delta", "logprobs.refusal.done" -> Logprobs(json)
            else -> Other(json)
        }

        val ACCUMULATION: Accumulation<ChatCompletionStreamEvent, ChatCompletion> = Accumulation(
            ::of, { it.read(ChatCompletion.Codec) }, { event -> (event as? ContentDelta)?.takeIf { it.choice == 0L }?.delta },
        )
    }
}

/** An event of a legacy completion that is put together. */
public sealed class CompletionStreamEvent(json: JsonObject) : StreamEvent(json) {
    /** Which of the answers it belongs to, where `n` asked for several. */
    public val choice: Long get() = json.whole("choice")

    /** A chunk as it came. */
    public class Chunk internal constructor(json: JsonObject) : CompletionStreamEvent(json) {
        /** The chunk. */
        public val chunk: Completion by lazy { json["chunk"].read(Completion.Codec) }

        /** The completion so far. */
        public val snapshot: Completion by lazy { json["snapshot"].read(Completion.Codec) }
    }

    /** A piece of text. */
    public class TextDelta internal constructor(json: JsonObject) : CompletionStreamEvent(json) {
        /** The piece. */
        public val delta: String get() = json.text("delta") ?: ""

        /** The text so far. */
        public val snapshot: String get() = json.text("snapshot") ?: ""
    }

    /** The text is whole. */
    public class TextDone internal constructor(json: JsonObject) : CompletionStreamEvent(json) {
        /** The text. */
        public val text: String get() = json.text("text") ?: ""
    }

    /** An event that a later version makes. */
    public class Other internal constructor(json: JsonObject) : CompletionStreamEvent(json)

    internal companion object {
        fun of(json: JsonObject): CompletionStreamEvent = when (json.text("type")) {
            "chunk" -> Chunk(json)
            "text.delta" -> TextDelta(json)
            "text.done" -> TextDone(json)
            else -> Other(json)
        }

        val ACCUMULATION: Accumulation<CompletionStreamEvent, Completion> = Accumulation(
            ::of, { it.read(Completion.Codec) }, { event -> (event as? TextDelta)?.takeIf { it.choice == 0L }?.delta },
        )
    }
}

/** An event of a response that is put together: [event] as it came. */
public class AccumulatedResponseEvent internal constructor(json: JsonObject) : StreamEvent(json) {
    /** The event. */
    public val event: ResponseStreamEvent by lazy { json.read(ResponseStreamEvent.Codec) }

    /** The text or the arguments so far, of the events that bring a piece of them. */
    public val snapshot: String? get() = json.text("snapshot")

    internal companion object {
        val ACCUMULATION: Accumulation<AccumulatedResponseEvent, Response> = Accumulation(
            ::AccumulatedResponseEvent, { it.read(Response.Codec) },
            { event -> event.json.takeIf { event.type == "response.output_text.delta" }?.text("delta") },
        )
    }
}

/** What the stream of a run has come to. */
public class AccumulatedRun internal constructor(private val json: JsonElement) {
    private fun member(name: String): JsonElement? = (json as? JsonObject)?.get(name)

    /** The run. */
    public val run: Run? by lazy { member("run")?.let { Run.Codec.read(it, dev.threadline.json.Decoding()) } }

    /** Its messages. */
    public val messages: List<ThreadMessage> by lazy { member("messages").read(ListCodec(ThreadMessage.Codec)) }

    /** Its steps. */
    public val runSteps: List<RunStep> by lazy { member("run_steps").read(ListCodec(RunStep.Codec)) }

    /** The thread, where the stream has made it. */
    public val thread: Thread? by lazy { member("thread")?.let { Thread.Codec.read(it, dev.threadline.json.Decoding()) } }

    /** All of it as JSON. */
    public fun toJson(): JsonElement = json
}

/** An event of a run that is put together. What its kind does not have is `null`. */
public class AssistantEvent internal constructor(json: JsonObject) : StreamEvent(json) {
    private fun <T> member(name: String, codec: dev.threadline.json.Codec<T>): T? = json[name]?.let { codec.read(it, dev.threadline.json.Decoding()) }

    /** Of `event`: the event as it came, before those that it makes. */
    public val event: AssistantStreamEvent? by lazy { member("event", AssistantStreamEvent.Codec) }

    /** Of `message_created` and `message_done`. */
    public val message: ThreadMessage? by lazy { member("message", ThreadMessage.Codec) }

    /** Of `message_delta`, `text_delta`, `run_step_delta` and `tool_call_delta`: the piece. */
    public val delta: JsonElement? get() = json["delta"]

    /** Beside a `delta`: all so far. */
    public val snapshot: JsonElement? get() = json["snapshot"]

    /** Of `text_delta`: the piece of text. */
    public val textDelta: String? get() = (json["delta"] as? JsonObject)?.takeIf { type == "text_delta" }?.text("value")

    /** Of `text_created` and `text_done`: the text with its annotations. */
    public val text: JsonElement? get() = json["text"]

    /** Of `run_step_created` and `run_step_done`. */
    public val runStep: RunStep? by lazy { member("run_step", RunStep.Codec) }

    /** Of `tool_call_created` and `tool_call_done`. */
    public val toolCall: RunStepToolCall? by lazy { member("tool_call", RunStepToolCall.Codec) }

    /** Of `image_file_done`. */
    public val imageFile: JsonElement? get() = json["image_file"]

    internal companion object {
        val ACCUMULATION: Accumulation<AssistantEvent, AccumulatedRun> =
            Accumulation(::AssistantEvent, ::AccumulatedRun, { it.textDelta })
    }
}
