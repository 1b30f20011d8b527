/** What runs of chat completions have in common: the messages so far, the last ones of each kind, and calls of tools. */
import { OpenAIError } from '../core/error.js';
import type { OpenAI } from '../client.js';
import type { RequestOptions } from '../internal/request-options.js';
import type {
  ChatCompletion, ChatCompletionCreateParams, ChatCompletionMessage, ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam, ParsedChatCompletion,
} from '../resources/chat/completions/completions.js';
import type { CompletionUsage } from '../resources/completions.js';
import { EventStream, type BaseEvents } from './EventStream.js';
import { isAutoParsableTool, parseChatCompletion } from './parser.js';
import { isRunnableFunctionWithParse, type RunnableFunction } from './RunnableFunction.js';

/** What `afterCompletion` may look at and change. */
export interface ChatCompletionRunnerContext {
  messages: ChatCompletionMessageParam[];
  abort(): void;
}

/** Options of a run with tools. */
export interface RunnerOptions extends RequestOptions {
  /** How many requests are made at most. Default 10. */
  maxChatCompletions?: number;
  /** Called after each reply, and what its tools have answered, before the next request. */
  afterCompletion?: (completion: ChatCompletion, runner: ChatCompletionRunnerContext) => void | Promise<void>;
}

export interface AbstractChatCompletionRunnerEvents extends BaseEvents {
  functionToolCall: (functionCall: ChatCompletionMessageFunctionToolCall.Function) => void;
  message: (message: ChatCompletionMessageParam) => void;
  chatCompletion: (completion: ChatCompletion) => void;
  finalContent: (contentSnapshot: string) => void;
  finalMessage: (message: ChatCompletionMessageParam) => void;
  finalChatCompletion: (completion: ChatCompletion) => void;
  finalFunctionToolCall: (functionCall: ChatCompletionMessageFunctionToolCall.Function) => void;
  functionToolCallResult: (content: string) => void;
  finalFunctionToolCallResult: (content: string) => void;
  totalUsage: (usage: CompletionUsage) => void;
}

const DEFAULT_COMPLETIONS = 10;

export class AbstractChatCompletionRunner<
  EventTypes extends AbstractChatCompletionRunnerEvents,
  ParsedT,
> extends EventStream<EventTypes> {
  protected _chatCompletions: ParsedChatCompletion<ParsedT>[] = [];
  /** The conversation: what was given, and what came since. */
  messages: ChatCompletionMessageParam[] = [];

  #tell(event: keyof AbstractChatCompletionRunnerEvents, ...args: unknown[]): void {
    (this._emit as (event: string, ...args: unknown[]) => void)(event as string, ...args);
  }

  protected _addChatCompletion(chatCompletion: ParsedChatCompletion<ParsedT>): ParsedChatCompletion<ParsedT> {
    this._chatCompletions.push(chatCompletion);
    this.#tell('chatCompletion', chatCompletion);
    const message = chatCompletion.choices[0]?.message;
    if (message) this._addMessage(message as ChatCompletionMessageParam);
    return chatCompletion;
  }

  _addMessage(message: ChatCompletionMessageParam, emit = true, normalizeContent = true): void {
    if (normalizeContent && !('content' in message)) (message as { content: null }).content = null;
    this.messages.push(message);
    if (!emit) return;
    this.#tell('message', message);
    if (message.role === 'tool' && message.content) {
      this.#tell('functionToolCallResult', message.content);
    } else if (message.role === 'assistant') {
      for (const call of message.tool_calls ?? []) {
        if (call.type === 'function') this.#tell('functionToolCall', call.function);
      }
    }
  }

  /** The last completion. */
  async finalChatCompletion(): Promise<ParsedChatCompletion<ParsedT>> {
    await this.done();
    const completion = this._chatCompletions.at(-1);
    if (!completion) throw new OpenAIError('stream ended without producing a ChatCompletion');
    return completion;
  }

  /** Text of the last message of the model. */
  async finalContent(): Promise<string | null> {
    await this.done();
    return this.#finalMessage().content ?? null;
  }

  /** The last message of the model. */
  async finalMessage(): Promise<ChatCompletionMessage> {
    await this.done();
    return this.#finalMessage();
  }

  /** The last call of a function. */
  async finalFunctionToolCall(): Promise<ChatCompletionMessageFunctionToolCall.Function | undefined> {
    await this.done();
    return this.#finalCall();
  }

  /** The last result of a function. */
  async finalFunctionToolCallResult(): Promise<string | undefined> {
    await this.done();
    return this.#finalResult();
  }

  /** Tokens of all requests together. */
  async totalUsage(): Promise<CompletionUsage> {
    await this.done();
    return this.#usage();
  }

  /** All completions so far. */
  allChatCompletions(): ChatCompletion[] {
    return [...this._chatCompletions];
  }

  #finalMessage(): ChatCompletionMessage {
    for (const message of this.messages.toReversed()) {
      if (message.role !== 'assistant') continue;
      return { ...message, content: message.content ?? null, refusal: message.refusal ?? null } as ChatCompletionMessage;
    }
    throw new OpenAIError('stream ended without producing a ChatCompletionMessage with role=assistant');
  }

  #finalCall(): ChatCompletionMessageFunctionToolCall.Function | undefined {
    for (const message of this.messages.toReversed()) {
      if (message.role !== 'assistant') continue;
      const call = message.tool_calls?.findLast((one) => one.type === 'function');
      if (call) return call.function;
    }
    return undefined;
  }

  #finalResult(): string | undefined {
    const called = (id: string) =>
      this.messages.some(
        (message) =>
          message.role === 'assistant' &&
          message.tool_calls?.some((call) => call.type === 'function' && call.id === id),
      );
    for (const message of this.messages.toReversed()) {
      if (message.role === 'tool' && typeof message.content === 'string' && called(message.tool_call_id)) {
        return message.content;
      }
    }
    return undefined;
  }

  #usage(): CompletionUsage {
    const total: CompletionUsage = { completion_tokens: 0, prompt_tokens: 0, total_tokens: 0 };
    for (const { usage } of this._chatCompletions) {
      if (!usage) continue;
      total.completion_tokens += usage.completion_tokens;
      total.prompt_tokens += usage.prompt_tokens;
      total.total_tokens += usage.total_tokens;
      for (const key of ['completion_tokens_details', 'prompt_tokens_details'] as const) {
        const details = usage[key];
        if (typeof details !== 'object' || details === null) continue;
        const sums = (total[key] ??= {}) as Record<string, number>;
        for (const [name, count] of Object.entries(details)) {
          if (typeof count === 'number' && name !== '__proto__') sums[name] = (sums[name] ?? 0) + count;
        }
      }
    }
    return total;
  }

  protected override _emitFinal(): void {
    const completion = this._chatCompletions.at(-1);
    if (completion) this.#tell('finalChatCompletion', completion);
    // Fails where the model has said nothing, and the stream with it.
    const message = this.#finalMessage();
    this.#tell('finalMessage', message);
    if (message.content) this.#tell('finalContent', message.content);
    const call = this.#finalCall();
    if (call) this.#tell('finalFunctionToolCall', call);
    const result = this.#finalResult();
    if (result !== undefined) this.#tell('finalFunctionToolCallResult', result);
    if (this._chatCompletions.some((one) => one.usage)) this.#tell('totalUsage', this.#usage());
  }

  protected async _createChatCompletion(
    client: OpenAI,
    params: ChatCompletionCreateParams,
    options?: RequestOptions,
  ): Promise<ParsedChatCompletion<ParsedT>> {
    this._listenForAbort(options?.signal);
    onlyOne(params);
    const completion = await client.chat.completions.create(
      { ...params, stream: false },
      { ...options, signal: this.controller.signal },
    );
    this._connected();
    return this._addChatCompletion(parseChatCompletion(completion, params) as ParsedChatCompletion<ParsedT>);
  }

  protected async _runChatCompletion(
    client: OpenAI,
    params: ChatCompletionCreateParams,
    options?: RequestOptions,
  ): Promise<ChatCompletion> {
    for (const message of params.messages) this._addMessage(message, false);
    return this._createChatCompletion(client, params, options);
  }

  protected async _runTools(client: OpenAI, params: any, runner: any, options?: RunnerOptions): Promise<void> {
    const { tool_choice = 'auto', stream, toolContext, ...rest } = params;
    const { maxChatCompletions = DEFAULT_COMPLETIONS, afterCompletion, ...requestOptions } = options ?? {};
    const only: string | undefined = typeof tool_choice === 'string' ? undefined : tool_choice?.function?.name;
    const tools = (rest.tools as any[]).map(runnable);
    const functions = new Map<string, RunnableFunction<any>>();
    for (const tool of tools) {
      if (tool.type === 'function') functions.set(tool.function.name || tool.function.function.name, tool.function);
    }
    const sent = tools.map(described);
    for (const message of params.messages) this._addMessage(message, false);
    for (let count = 0; count < maxChatCompletions; count += 1) {
      // Members stand where the program has put them.
      const request = { ...rest, tool_choice, tools: sent, messages: this.messages.map(sendable) };
      const completion = await this._createChatCompletion(client, request, requestOptions);
      const message = completion.choices[0]?.message;
      if (!message) throw new OpenAIError('missing message in ChatCompletion response');
      let isOver = !message.tool_calls?.length;
      for (const call of message.tool_calls ?? []) {
        if (call.type !== 'function') continue;
        this.controller.signal.throwIfAborted();
        const { result, called } = await this.#answer(call.function, functions, only, runner, toolContext);
        this._addMessage({ role: 'tool', tool_call_id: call.id, content: result });
        isOver = called && only !== undefined;
        if (isOver) break;
      }
      await afterCompletion?.(completion as ChatCompletion, runner);
      if (isOver) return;
    }
  }

  /** The result of a call, or what tells the model that there is none. */
  async #answer(
    call: ChatCompletionMessageFunctionToolCall.Function,
    functions: ReadonlyMap<string, RunnableFunction<any>>,
    only: string | undefined,
    runner: any,
    toolContext: unknown,
  ): Promise<{ result: string; called: boolean }> {
    const quoted = JSON.stringify(call.name);
    const refused = (why: string) => ({ result: `Invalid tool_call: ${quoted}. ${why}. Please try again`, called: false });
    const found = functions.get(call.name);
    if (!found) {
      const names = [...functions.keys()].map((name) => JSON.stringify(name)).join(', ');
      return refused(`Available options are: ${names}`);
    }
    if (only && only !== call.name) return refused(`${JSON.stringify(only)} requested`);
    let parsed: any = call.arguments;
    if (isRunnableFunctionWithParse(found)) {
      try {
        parsed = await found.parse(call.arguments);
      } catch (error) {
        return { result: error instanceof Error ? error.message : String(error), called: false };
      }
    }
    const value: unknown = await found.function(parsed as never, runner, toolContext);
    return { result: asText(value), called: true };
  }
}

/** A message without what was only put to it here. */
function sendable(message: ChatCompletionMessageParam): ChatCompletionMessageParam {
  if (message.role !== 'assistant') return message;
  const { parsed, refusal, tool_calls, ...rest } = message as any;
  const calls = tool_calls?.map((call: any) => {
    if (call.type !== 'function') return call;
    const { parsed_arguments, arguments: text, name, ...more } = call.function;
    return { ...call, function: { arguments: text, name, ...more } };
  });
  return { ...rest, ...(refusal ? { refusal } : undefined), ...(calls ? { tool_calls: calls } : undefined) };
}

/** A run follows one answer. */
function onlyOne(params: { n?: number | null | undefined }): void {
  if (typeof params.n === 'number' && params.n > 1) {
    throw new OpenAIError(
      'ChatCompletion convenience helpers only support n=1 at this time. To use n>1, please use chat.completions.create() directly.',
    );
  }
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

/** A tool as one with a function. */
function runnable(tool: any): any {
  if (!isAutoParsableTool(tool)) return tool;
  if (!tool.$callback) throw new OpenAIError('Tool given to `.runTools()` that does not have an associated function');
  const { name, description = '', parameters } = tool.function;
  return {
    type: 'function',
    function: { function: tool.$callback, name, description, parameters, parse: tool.$parseRaw, strict: true },
  };
}

/** What of a tool is sent. */
function described(tool: any): any {
  if (tool.type !== 'function') return tool;
  const { name, parameters, description, strict } = tool.function;
  return { type: 'function', function: { name: name || tool.function.function.name, parameters, description, strict } };
}
