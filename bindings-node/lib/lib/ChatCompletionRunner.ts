/** Runs of chat completions with tools, without a stream. */
import { helped } from './helpers/helped.js';
import type { OpenAI } from '../client.js';
import type {
  ChatCompletionCreateParamsNonStreaming, ChatCompletionMessageParam,
} from '../resources/chat/completions/completions.js';
import {
  AbstractChatCompletionRunner, type AbstractChatCompletionRunnerEvents, type RunnerOptions,
} from './AbstractChatCompletionRunner.js';
import type { AutoParseableTool } from './parser.js';
import type { BaseFunctionsArgs, RunnableTools } from './RunnableFunction.js';

export interface ChatCompletionRunnerEvents extends AbstractChatCompletionRunnerEvents {
  content: (content: string) => void;
}

type Base = Omit<ChatCompletionCreateParamsNonStreaming, 'tools'>;

export type ChatCompletionToolRunnerParamsWithoutContext<FunctionsArgs extends BaseFunctionsArgs> = Base & {
  tools: RunnableTools<FunctionsArgs> | AutoParseableTool<any, true>[];
  toolContext?: never;
};

export type ChatCompletionToolRunnerParamsWithContext<FunctionsArgs extends BaseFunctionsArgs, ToolContext> = Base & {
  tools: RunnableTools<FunctionsArgs, ToolContext> | AutoParseableTool<any, true>[];
  /** Handed to every function as its third argument. */
  toolContext: ToolContext;
};

export type ChatCompletionToolRunnerParams<FunctionsArgs extends BaseFunctionsArgs, ToolContext = never> =
  [ToolContext] extends [never] ? ChatCompletionToolRunnerParamsWithoutContext<FunctionsArgs>
  : ChatCompletionToolRunnerParamsWithContext<FunctionsArgs, ToolContext>;

/** Asks the model, calls the functions it asks for, and goes on until it asks for none. */
export class ChatCompletionRunner<ParsedT = null> extends AbstractChatCompletionRunner<
  ChatCompletionRunnerEvents,
  ParsedT
> {
  static runTools<ParsedT, ToolContext = unknown>(
    client: OpenAI,
    params: ChatCompletionToolRunnerParamsWithContext<any[], ToolContext>,
    options?: RunnerOptions,
  ): ChatCompletionRunner<ParsedT>;
  static runTools<ParsedT>(
    client: OpenAI,
    params: ChatCompletionToolRunnerParamsWithoutContext<any[]>,
    options?: RunnerOptions,
  ): ChatCompletionRunner<ParsedT>;
  static runTools<ParsedT>(client: OpenAI, params: any, options?: RunnerOptions): ChatCompletionRunner<ParsedT> {
    const runner = new ChatCompletionRunner<ParsedT>();
    runner._run(() => runner._runTools(client, params, runner, helped(options, 'runTools')));
    return runner;
  }

  override _addMessage(message: ChatCompletionMessageParam, emit = true, normalizeContent = true): void {
    super._addMessage(message, emit, normalizeContent);
    if (emit && message.role === 'assistant' && message.content) this._emit('content', message.content as string);
  }
}
