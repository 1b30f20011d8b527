/** A chat completion, streamed and put together. */
import { helped } from './helpers/helped.js';
import type { OpenAI } from '../client.js';
import { APIError, OpenAIError } from '../core/error.js';
import { Stream } from '../core/streaming.js';
import type { RequestOptions } from '../internal/request-options.js';
import type {
  ChatCompletion, ChatCompletionAudio, ChatCompletionChunk, ChatCompletionCreateParams, ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam, ChatCompletionRole, ChatCompletionTokenLogprob, ParsedChatCompletion,
} from '../resources/chat/completions/completions.js';
import {
  AbstractChatCompletionRunner, type AbstractChatCompletionRunnerEvents,
} from './AbstractChatCompletionRunner.js';
import { GrowingCompletion, type CallPiece } from './chat-snapshot.js';
import { maybeParseChatCompletion, parseArguments, parseResponseFormatContent } from './parser.js';

/** More text. */
export interface ContentDeltaEvent {
  delta: string;
  snapshot: string;
  /** What the text comes to so far, in a format that can be parsed. */
  parsed: unknown | null;
}

/** All of the text. */
export interface ContentDoneEvent<ParsedT = null> {
  content: string;
  parsed: ParsedT | null;
}

/** More of a refusal. */
export interface RefusalDeltaEvent {
  delta: string;
  snapshot: string;
}

/** All of a refusal. */
export interface RefusalDoneEvent {
  refusal: string;
}

/** More of a call's arguments. */
export interface FunctionToolCallArgumentsDeltaEvent {
  name: string;
  index: number;
  /** All so far. */
  arguments: string;
  /** What they come to so far, where the tool is strict. */
  parsed_arguments: unknown;
  arguments_delta: string;
}

/** All arguments of a call. */
export interface FunctionToolCallArgumentsDoneEvent {
  name: string;
  index: number;
  arguments: string;
  parsed_arguments: unknown;
}

export interface LogProbsContentDeltaEvent {
  content: ChatCompletionTokenLogprob[];
  snapshot: ChatCompletionTokenLogprob[];
}

export interface LogProbsContentDoneEvent {
  content: ChatCompletionTokenLogprob[];
}

export interface LogProbsRefusalDeltaEvent {
  refusal: ChatCompletionTokenLogprob[];
  snapshot: ChatCompletionTokenLogprob[];
}

export interface LogProbsRefusalDoneEvent {
  refusal: ChatCompletionTokenLogprob[];
}

export interface ChatCompletionStreamEvents<ParsedT = null> extends AbstractChatCompletionRunnerEvents {
  content: (contentDelta: string, contentSnapshot: string) => void;
  chunk: (chunk: ChatCompletionChunk, snapshot: ChatCompletionSnapshot) => void;
  'content.delta': (props: ContentDeltaEvent) => void;
  'content.done': (props: ContentDoneEvent<ParsedT>) => void;
  'refusal.delta': (props: RefusalDeltaEvent) => void;
  'refusal.done': (props: RefusalDoneEvent) => void;
  'tool_calls.function.arguments.delta': (props: FunctionToolCallArgumentsDeltaEvent) => void;
  'tool_calls.function.arguments.done': (props: FunctionToolCallArgumentsDoneEvent) => void;
  'logprobs.content.delta': (props: LogProbsContentDeltaEvent) => void;
  'logprobs.content.done': (props: LogProbsContentDoneEvent) => void;
  'logprobs.refusal.delta': (props: LogProbsRefusalDeltaEvent) => void;
  'logprobs.refusal.done': (props: LogProbsRefusalDoneEvent) => void;
}

export type ChatCompletionStreamParams = Omit<ChatCompletionCreateParamsBase, 'stream'> & { stream?: true };

/** What has been told of a choice. */
interface Told {
  content: boolean;
  refusal: boolean;
  contentLogprobs: boolean;
  refusalLogprobs: boolean;
  /** The call whose arguments are coming. */
  call: number | undefined;
  calls: Set<number>;
}

/** A completion that is coming. */
interface Progress {
  completion: GrowingCompletion;
  id: string | undefined;
  told: Map<number, Told>;
}

/** How a message that is no reply of the model stands among the chunks of a stream that is handed on: an empty chunk to those who do not know it. */
const MESSAGE = 'chat.completion.chunk.message:';

/** A message of a tool between chunks; `calls` are the ids of the calls before it. */
export function messageChunk(last: ChatCompletionChunk, message: ChatCompletionMessageParam, calls: string[] | undefined): ChatCompletionChunk {
  const told = JSON.stringify({ type: 'message', message, tool_call_ids: calls });
  return { id: last.id, choices: [], created: last.created, model: last.model, object: `${MESSAGE}${told}` as 'chat.completion.chunk' };
}

/** By the official package's name. */
export { messageChunk as makeChatCompletionReadableStreamMessageChunk };

/** The message of such a chunk, or of one as older versions of the official package wrote it. */
function messageOf(item: any): { message: ChatCompletionMessageParam; tool_call_ids?: string[] } | undefined {
  if (item.type === 'message' && item.message) return item;
  if (typeof item.object !== 'string' || !item.object.startsWith(MESSAGE)) return undefined;
  return JSON.parse(item.object.slice(MESSAGE.length));
}

export class ChatCompletionStream<ParsedT = null>
  extends AbstractChatCompletionRunner<ChatCompletionStreamEvents<ParsedT>, ParsedT>
  implements AsyncIterable<ChatCompletionChunk>
{
  #params: ChatCompletionCreateParams | null;
  #progress: Progress | undefined;

  constructor(params: ChatCompletionCreateParams | null) {
    super();
    this.#params = params;
  }

  /** The completion so far. */
  get currentChatCompletionSnapshot(): ChatCompletionSnapshot | undefined {
    return this.#progress?.completion.snapshot;
  }

  /** Whether calls are made as the stream asks for them: then none may be cut short. */
  protected get _runsTools(): boolean {
    return false;
  }

  get #format(): unknown {
    return (this.#params as { response_format?: unknown } | null)?.response_format;
  }

  /** A stream that was handed on with `toReadableStream`. */
  static fromReadableStream(stream: ReadableStream): ChatCompletionStream<null> {
    const runner = new ChatCompletionStream(null);
    runner._run(() => runner._fromReadableStream(stream));
    return runner;
  }

  static createChatCompletion<ParsedT>(
    client: OpenAI,
    params: ChatCompletionStreamParams,
    options?: RequestOptions,
  ): ChatCompletionStream<ParsedT> {
    const runner = new ChatCompletionStream<ParsedT>(params as ChatCompletionCreateParams);
    runner._run(() => runner._runChatCompletion(client, { ...params, stream: true }, options));
    return runner;
  }

  protected override async _createChatCompletion(
    client: OpenAI,
    params: ChatCompletionCreateParams,
    options?: RequestOptions,
  ): Promise<ParsedChatCompletion<ParsedT>> {
    this._listenForAbort(options?.signal);
    this.#progress = undefined;
    const stream = await client.chat.completions.create(
      { ...params, stream: true },
      { ...helped(options, 'stream'), signal: this.controller.signal },
    );
    this._connected();
    for await (const chunk of stream) this.#take(chunk);
    if (this.controller.signal.aborted) throw this._userAbortError();
    return this._addChatCompletion(this.#finish());
  }

  protected async _fromReadableStream(readableStream: ReadableStream, options?: RequestOptions): Promise<ChatCompletion> {
    this._listenForAbort(options?.signal);
    this._connected();
    const stream = Stream.fromReadableStream<any>(readableStream, this.controller);
    for await (const item of stream) {
      // Runs with tools have several completions in one stream.
      const told = messageOf(item);
      if (told) {
        if (this.#progress) this._addChatCompletion(this.#finish(told.tool_call_ids));
        this._addMessage(told.message);
        continue;
      }
      // Chunks of filters have no id, before and between those of the model.
      if (this.#progress?.id && item.id && this.#progress.id !== item.id) this._addChatCompletion(this.#finish());
      this.#take(item as ChatCompletionChunk);
    }
    if (this.controller.signal.aborted) throw this._userAbortError();
    const last = this._chatCompletions.at(-1);
    // A run that ends with the answer of a tool.
    if (!this.#progress && last) return last as ChatCompletion;
    return this._addChatCompletion(this.#finish());
  }

  #take(chunk: ChatCompletionChunk): void {
    if (this.ended) return;
    const { error } = chunk as { error?: object };
    if (error && !chunk.choices) throw new APIError(undefined, error, undefined, undefined);
    const progress = (this.#progress ??= {
      completion: new GrowingCompletion(this.#params, this._runsTools),
      id: chunk.id,
      told: new Map(),
    });
    progress.id ||= chunk.id;
    const { completion } = progress;
    const pieces = completion.add(chunk);
    const { choices } = completion.snapshot!;
    this._emit('chunk', chunk, completion.snapshot!);
    chunk.choices.forEach((choice, at) => this.#tell(progress, choices[choice.index]!, choice, pieces[at]!));
  }

  /** Tells listeners what a piece of a choice has brought. */
  #tell(progress: Progress, whole: any, { delta, logprobs }: ChatCompletionChunk.Choice, pieces: CallPiece[]): void {
    const { message } = whole;
    if (message.role === 'assistant') {
      if (delta?.content != null && message.content) {
        this._emit('content', delta.content, message.content);
        // What it comes to is looked up only for those who want to know.
        if (this._hasListeners('content.delta')) {
          this._emit('content.delta', { delta: delta.content, snapshot: message.content, parsed: message.parsed });
        }
      }
      if (delta?.refusal != null && message.refusal) {
        this._emit('refusal.delta', { delta: delta.refusal, snapshot: message.refusal });
      }
      if (logprobs?.content != null) {
        this._emit('logprobs.content.delta', { content: logprobs.content, snapshot: whole.logprobs?.content ?? [] });
      }
      if (logprobs?.refusal != null) {
        this._emit('logprobs.refusal.delta', { refusal: logprobs.refusal, snapshot: whole.logprobs?.refusal ?? [] });
      }
    }
    let told = progress.told.get(whole.index);
    if (!told) {
      told = { content: false, refusal: false, contentLogprobs: false, refusalLogprobs: false, call: undefined, calls: new Set() };
      progress.told.set(whole.index, told);
    }
    if (whole.finish_reason) this.#tellEnd(whole, told);
    for (const { index } of pieces) {
      // With the next call, all before it is over.
      if (told.call !== index) this.#tellEnd(whole, told);
      told.call = index;
    }
    for (const { index, text } of pieces) {
      const call = message.tool_calls?.[index];
      if (call?.type !== 'function' || !this._hasListeners('tool_calls.function.arguments.delta')) continue;
      const { name, arguments: all, parsed_arguments } = call.function;
      this._emit('tool_calls.function.arguments.delta', { name, index, arguments: all, parsed_arguments, arguments_delta: text });
    }
  }

  /** Tells what of a choice is whole, once. */
  #tellEnd(whole: any, told: Told): void {
    const { message, logprobs } = whole;
    const { content, refusal } = message;
    const isSaid = content !== '' || (!refusal && !message.tool_calls?.length && !message.function_call);
    if (content != null && isSaid && !told.content) {
      told.content = true;
      if (this._hasListeners('content.done')) {
        // Beside a refusal it is no answer.
        const parsed = refusal ? null : parseResponseFormatContent<ParsedT>(this.#format, content);
        this._emit('content.done', { content, parsed });
      }
    }
    if (refusal && !told.refusal) {
      told.refusal = true;
      this._emit('refusal.done', { refusal });
    }
    if (logprobs?.content && !told.contentLogprobs) {
      told.contentLogprobs = true;
      this._emit('logprobs.content.done', { content: logprobs.content });
    }
    if (logprobs?.refusal && !told.refusalLogprobs) {
      told.refusalLogprobs = true;
      this._emit('logprobs.refusal.done', { refusal: logprobs.refusal });
    }
    if (told.call !== undefined) this.#tellCall(whole, told, told.call);
  }

  #tellCall(whole: any, told: Told, index: number): void {
    if (told.calls.has(index)) return;
    const call = whole.message.tool_calls?.[index];
    if (!call) throw new Error('no tool call snapshot');
    if (!call.type) throw new Error('tool call snapshot missing `type`');
    if (call.type !== 'function') return;
    const { name, arguments: text } = call.function;
    const parsed_arguments = parseArguments(this.#params, name, text);
    // One that goes on after another is told again.
    if (whole.finish_reason) told.calls.add(index);
    this._emit('tool_calls.function.arguments.done', { name, index, arguments: text, parsed_arguments });
  }

  #finish(calls?: string[]): ParsedChatCompletion<ParsedT> {
    if (this.ended) throw new OpenAIError("stream has ended, this shouldn't happen");
    const progress = this.#progress;
    if (!progress) throw new OpenAIError('request ended without sending any chunks');
    this.#progress = undefined;
    const completion = progress.completion.finish();
    // The ids with which calls were answered, where the chunks had none.
    for (const [at, id] of (calls ?? []).entries()) {
      const call = completion.choices[0]?.message.tool_calls?.[at];
      if (call && id) call.id = id;
    }
    return maybeParseChatCompletion(completion, this.#params) as ParsedChatCompletion<ParsedT>;
  }

  [Symbol.asyncIterator](): AsyncIterator<ChatCompletionChunk> {
    return this._createIterator<ChatCompletionChunk>(
      (push) => {
        const listener = (chunk: ChatCompletionChunk) => push(chunk);
        this.on('chunk', listener);
        return () => this.off('chunk', listener);
      },
      { onReturn: () => this.abort() },
    );
  }

  /** The chunks as lines of JSON, for `fromReadableStream`. */
  toReadableStream(): ReadableStream {
    const stream = new Stream(() => this[Symbol.asyncIterator](), this.controller);
    return stream.toReadableStream();
  }
}

/** What a completion has come to so far. */
export interface ChatCompletionSnapshot {
  id: string;
  choices: ChatCompletionSnapshot.Choice[];
  created: number;
  model: string;
  system_fingerprint?: string;
}

export declare namespace ChatCompletionSnapshot {
  interface Choice {
    message: Choice.Message;
    finish_reason: ChatCompletion.Choice['finish_reason'] | null;
    logprobs: ChatCompletion.Choice.Logprobs | null;
    index: number;
  }

  namespace Choice {
    interface Message {
      content?: string | null;
      audio?: Partial<ChatCompletionAudio> | null;
      refusal?: string | null;
      parsed?: unknown | null;
      function_call?: Message.FunctionCall;
      tool_calls?: Message.ToolCall[];
      role?: ChatCompletionRole;
    }

    namespace Message {
      type ToolCall = ToolCall.FunctionToolCall | ToolCall.CustomToolCall;

      namespace ToolCall {
        interface FunctionToolCall {
          id: string;
          function: ToolCall.Function;
          type: 'function';
        }

        interface Function {
          arguments: string;
          parsed_arguments?: unknown;
          name: string;
        }

        interface CustomToolCall {
          id: string;
          custom: CustomToolCall.Custom;
          type: 'custom';
        }

        namespace CustomToolCall {
          interface Custom {
            name: string;
            input: string;
          }
        }
      }

      interface FunctionCall {
        arguments?: string;
        name?: string;
      }
    }
  }
}
