/** A chat completion, streamed and put together by the core. */
import { helped } from './helpers/helped.js';
import type { OpenAI } from '../client.js';
import {
  APIError, APIUserAbortError, ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError,
} from '../core/error.js';
import { Stream } from '../core/streaming.js';
import { nativeModule, type NativeAccumulator } from '../internal/native.js';
import type { RequestOptions } from '../internal/request-options.js';
import type {
  ChatCompletion, ChatCompletionAudio, ChatCompletionChunk, ChatCompletionCreateParams, ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam, ChatCompletionRole, ChatCompletionTokenLogprob, ParsedChatCompletion,
} from '../resources/chat/completions/completions.js';
import {
  AbstractChatCompletionRunner, type AbstractChatCompletionRunnerEvents,
} from './AbstractChatCompletionRunner.js';
import {
  hasAutoParseableInput, isParseableResponseFormat, maybeParseChatCompletion, parseArguments, parseResponseFormatContent,
  shouldParseToolCall,
} from './parser.js';
import { partialParse } from './partial-json.js';

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

/** What one completion has come to so far. */
interface Progress {
  accumulator: NativeAccumulator;
  id: string | undefined;
  /** The snapshot after the latest chunk, once somebody has asked for it. */
  snapshot: ChatCompletionSnapshot | undefined;
  /** Texts, arguments and probabilities so far, by event and place. */
  so_far: Map<string, any>;
  /** Choices whose sound has ended with the time until which it is kept: such streams may leave out why they ended. */
  heard: Set<number>;
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
    const progress = this.#progress;
    if (!progress) return undefined;
    return (progress.snapshot ??= this.#snapshot(progress));
  }

  /** The core's snapshot as one of a stream: with what can be parsed, without what has not come. */
  #snapshot(progress: Progress): ChatCompletionSnapshot {
    const snapshot = JSON.parse(progress.accumulator.snapshot());
    snapshot.object = 'chat.completion.chunk';
    for (const { message } of snapshot.choices) {
      for (const name of ['content', 'refusal']) if (message[name] === null) delete message[name];
      if (message.content && !message.refusal && isParseableResponseFormat(this.#format)) message.parsed = partialParse(message.content);
      for (const call of message.tool_calls ?? []) {
        const parse = call.function?.arguments && shouldParseToolCall(this.#params, call);
        if (parse) call.function.parsed_arguments = partialParse(call.function.arguments);
      }
    }
    return snapshot as ChatCompletionSnapshot;
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
      accumulator: new (nativeModule().Accumulator)('chat', undefined, true),
      id: chunk.id,
      snapshot: undefined,
      so_far: new Map(),
      heard: new Set(),
    });
    progress.snapshot = undefined;
    progress.id ||= chunk.id;
    for (const { index, delta } of (chunk.choices ?? []) as any[]) {
      const { expires_at, data, transcript } = delta?.audio ?? {};
      if (expires_at !== undefined && data === undefined && transcript === undefined) progress.heard.add(index);
      else if (delta && Object.keys(delta).length > 0) progress.heard.delete(index);
    }
    this.#refuseCut(chunk);
    const events = JSON.parse(progress.accumulator.push('', JSON.stringify(chunk))) as any[];
    // The snapshot grows with the stream: it is read only for those who look at it.
    if (this._hasListeners('chunk')) this._emit('chunk', chunk, this.currentChatCompletionSnapshot!);
    for (const event of inOrder(events)) this.#tell(event, progress);
  }

  /** An answer that was cut short cannot be parsed. */
  #refuseCut(chunk: ChatCompletionChunk): void {
    for (const { finish_reason } of chunk.choices ?? []) {
      if (finish_reason !== 'length' && finish_reason !== 'content_filter') continue;
      if (!this.#params || !(this._runsTools || hasAutoParseableInput(this.#params))) return;
      throw finish_reason === 'length' ? new LengthFinishReasonError() : new ContentFilterFinishReasonError();
    }
  }

  #finish(calls?: string[]): ParsedChatCompletion<ParsedT> {
    const progress = this.#progress;
    if (this.ended) throw new OpenAIError('stream has ended, this shouldn\'t happen');
    if (!progress) throw new OpenAIError('request ended without sending any chunks');
    const completion = JSON.parse(progress.accumulator.snapshot()) as ChatCompletion;
    for (const choice of completion.choices) {
      if (!choice.finish_reason && progress.heard.has(choice.index)) choice.finish_reason = 'stop';
      if (!choice.finish_reason) throw new OpenAIError(`missing finish_reason for choice ${choice.index}`);
    }
    for (const event of JSON.parse(progress.accumulator.finish()) as any[]) this.#tell(event, progress);
    this.#progress = undefined;
    // The ids with which calls were answered, where the chunks had none.
    for (const [at, id] of (calls ?? []).entries()) {
      const call = completion.choices[0]?.message.tool_calls?.[at];
      if (call && id) call.id = id;
    }
    return maybeParseChatCompletion(completion, this.#params) as ParsedChatCompletion<ParsedT>;
  }

  /** An event of the core's, as listeners get it. */
  #tell(event: any, { so_far }: Progress): void {
    const { type, choice = 0 } = event;
    const format = this.#format;
    /** What it has come to with this piece. */
    const whole = (name: string, piece: any, none: any): any => {
      const key = `${name}/${choice}`;
      const before = so_far.get(key) ?? none;
      const now = typeof piece === 'string' ? before + piece : [...before, ...piece];
      so_far.set(key, now);
      return now;
    };
    switch (type) {
      case 'content.delta': {
        const snapshot = whole(type, event.delta, '');
        if (snapshot === '') return;
        this._emit('content', event.delta, snapshot);
        if (!this._hasListeners(type)) return;
        const parsed = isParseableResponseFormat(format) ? partialParse(snapshot) : undefined;
        return this._emit(type, { delta: event.delta, snapshot, parsed });
      }
      case 'content.done': {
        if (!this._hasListeners(type)) return;
        // Beside a refusal it is no answer.
        const isAnswer = !so_far.get(`refusal.delta/${choice}`);
        const parsed = isAnswer ? parseResponseFormatContent<ParsedT>(format, event.content) : null;
        return this._emit(type, { content: event.content, parsed });
      }
      case 'refusal.delta': {
        const snapshot = whole(type, event.delta, '');
        return snapshot === '' ? undefined : this._emit(type, { delta: event.delta, snapshot });
      }
      case 'refusal.done':
        return this._emit(type, { refusal: event.refusal });
      case 'tool_calls.function.arguments.delta': {
        const { name, index, arguments_delta } = event;
        const text = whole(`call ${index}`, arguments_delta, '');
        if (!this._hasListeners(type)) return;
        const parse = text !== '' && shouldParseToolCall(this.#params, { type: 'function', function: { name } });
        const parsed_arguments = parse ? partialParse(text) : undefined;
        return this._emit(type, { name, index, arguments: text, parsed_arguments, arguments_delta });
      }
      case 'tool_calls.function.arguments.done': {
        if (!this._hasListeners(type)) return;
        const { name, index } = event;
        const parsed_arguments = parseArguments(this.#params, name, event.arguments);
        return this._emit(type, { name, index, arguments: event.arguments, parsed_arguments });
      }
      case 'logprobs.content.delta':
        return this._emit(type, { content: event.content, snapshot: whole(type, event.content, []) });
      case 'logprobs.content.done':
        return this._emit(type, { content: event.content });
      case 'logprobs.refusal.delta':
        return this._emit(type, { refusal: event.refusal, snapshot: whole(type, event.refusal, []) });
      case 'logprobs.refusal.done':
        return this._emit(type, { refusal: event.refusal });
    }
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

/** What a call ends is told before the call. */
function inOrder(events: any[]): any[] {
  const begins = events.findIndex(({ type }) => type.startsWith('tool_calls.') && type.endsWith('.delta'));
  if (begins < 0) return events;
  const ended = (event: any, at: number) =>
    at > begins && event.type.endsWith('.done') && event.index !== events[begins].index;
  return [
    ...events.slice(0, begins),
    ...events.filter(ended),
    ...events.filter((event, at) => at >= begins && !ended(event, at)),
  ];
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
