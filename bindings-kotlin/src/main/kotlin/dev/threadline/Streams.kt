@file:JvmName("Streams")

package dev.threadline

import dev.threadline.resources.*
import dev.threadline.types.*

/** Asks a model to continue a conversation, and puts the stream of its answer together. */
@JvmOverloads
public fun ChatCompletions.stream(params: ChatCompletionCreateParams, options: RequestOptions? = null): AccumulatedFlow<ChatCompletionStreamEvent, ChatCompletion> =
    caller.accumulated("chat.completions.create", emptyList(), params, ChatCompletionCreateParams.Codec, options, ChatCompletionStreamEvent.ACCUMULATION)

/** Asks for a legacy completion, and puts the stream of it together. */
@JvmOverloads
public fun Completions.stream(params: CompletionCreateParams, options: RequestOptions? = null): AccumulatedFlow<CompletionStreamEvent, Completion> =
    caller.accumulated("completions.create", emptyList(), params, CompletionCreateParams.Codec, options, CompletionStreamEvent.ACCUMULATION)

/** Asks for a response, and puts its stream together. One in the background is taken up again when its stream breaks. */
@JvmOverloads
public fun Responses.stream(params: ResponseCreateParams, options: RequestOptions? = null): AccumulatedFlow<AccumulatedResponseEvent, Response> =
    caller.accumulated("responses.create", emptyList(), params, ResponseCreateParams.Codec, options, AccumulatedResponseEvent.ACCUMULATION)

/** Takes up the stream of a response that is made in the background, from its beginning or behind [ResponseRetrieveParams.startingAfter]. */
@JvmOverloads
public fun Responses.streamExisting(
    responseId: String, params: ResponseRetrieveParams = ResponseRetrieveParams(), options: RequestOptions? = null,
): AccumulatedFlow<AccumulatedResponseEvent, Response> =
    caller.accumulated("responses.retrieve", listOf(responseId), params, ResponseRetrieveParams.Codec, options, AccumulatedResponseEvent.ACCUMULATION)

/** Makes a run, and puts its stream together. */
@JvmOverloads
public fun BetaThreadsRuns.stream(threadId: String, params: RunCreateParams, options: RequestOptions? = null): AccumulatedFlow<AssistantEvent, AccumulatedRun> =
    caller.accumulated("beta.threads.runs.create", listOf(threadId), params, RunCreateParams.Codec, options, AssistantEvent.ACCUMULATION)

/** Another name of [stream]. */
@JvmOverloads
public fun BetaThreadsRuns.createAndStream(threadId: String, params: RunCreateParams, options: RequestOptions? = null): AccumulatedFlow<AssistantEvent, AccumulatedRun> =
    stream(threadId, params, options)

/** Hands in what tools gave, and puts the stream of the run together. */
@JvmOverloads
public fun BetaThreadsRuns.accumulateToolOutputs(
    threadId: String, runId: String, params: RunSubmitToolOutputsParams, options: RequestOptions? = null,
): AccumulatedFlow<AssistantEvent, AccumulatedRun> = caller.accumulated(
    "beta.threads.runs.submit_tool_outputs", listOf(threadId, runId), params, RunSubmitToolOutputsParams.Codec, options, AssistantEvent.ACCUMULATION,
)

/** Makes a thread and a run on it, and puts its stream together. */
@JvmOverloads
public fun BetaThreads.accumulateRun(params: ThreadCreateAndRunParams, options: RequestOptions? = null): AccumulatedFlow<AssistantEvent, AccumulatedRun> =
    caller.accumulated("beta.threads.create_and_run", emptyList(), params, ThreadCreateAndRunParams.Codec, options, AssistantEvent.ACCUMULATION)
