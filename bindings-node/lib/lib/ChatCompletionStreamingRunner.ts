/** Runs of chat completions with tools, streamed. */
import { helped } from './helpers/helped.js';
import type { OpenAI } from '../client.js';
import { Stream } from '../core/streaming.js';
import type {
  ChatCompletionChunk, ChatCompletionCreateParamsStreaming, ChatCompletionMessageParam,
} from '../resources/chat/completions/completions.js';
import type { AbstractChatCompletionRunnerEvents, RunnerOptions } from './AbstractChatCompletionRunner.js';
import { ChatCompletionStream, messageChunk, type ChatCompletionSnapshot } from './ChatCompletionStream.js';
import { isAutoParsableTool, type AutoParseableTool } from './parser.js';
import type { BaseFunctionsArgs, RunnableTools } from './RunnableFunction.js';

export interface ChatCompletionStreamEvents extends AbstractChatCompletionRunnerEvents {
  content: (contentDelta: string, contentSnapshot: string) => void;
  chunk: (chunk: ChatCompletionChunk, snapshot: ChatCompletionSnapshot) => void;
}

type Base = Omit<ChatCompletionCreateParamsStreaming, 'tools'>;

export type ChatCompletionStreamingToolRunnerParamsWithoutContext<FunctionsArgs extends BaseFunctionsArgs> = Base & {
  tools: RunnableTools<FunctionsArgs> | AutoParseableTool<any, true>[];
  toolContext?: never;
};

export type ChatCompletionStreamingToolRunnerParamsWithContext<
  FunctionsArgs extends BaseFunctionsArgs,
  ToolContext,
> = Base & {
  tools: RunnableTools<FunctionsArgs, ToolContext> | AutoParseableTool<any, true>[];
  /** Handed to every function as its third argument. */
  toolContext: ToolContext;
};

export type ChatCompletionStreamingToolRunnerParams<FunctionsArgs extends BaseFunctionsArgs, ToolContext = never> =
  [ToolContext] extends [never] ? ChatCompletionStreamingToolRunnerParamsWithoutContext<FunctionsArgs>
  : ChatCompletionStreamingToolRunnerParamsWithContext<FunctionsArgs, ToolContext>;

/** Asks the model, calls the functions it asks for, and goes on until it asks for none; each reply is streamed. */
export class ChatCompletionStreamingRunner<ParsedT = null>
  extends ChatCompletionStream<ParsedT>
  implements AsyncIterable<ChatCompletionChunk>
{
  #runsTools = false;

  protected override get _runsTools(): boolean {
    return this.#runsTools;
  }

  static override fromReadableStream(stream: ReadableStream): ChatCompletionStreamingRunner<null> {
    const runner = new ChatCompletionStreamingRunner(null);
    runner._run(() => runner._fromReadableStream(stream));
    return runner;
  }

  /** The chunks and the answers of tools between them as lines of JSON, for `fromReadableStream`. */
  override toReadableStream(): ReadableStream {
    let last: ChatCompletionChunk | undefined;
    let calls: string[] | undefined;
    // From now on, so that nothing is missed before the first line is read.
    const iterator = this._createIterator<ChatCompletionChunk>(
      (push) => {
        const onChunk = (chunk: ChatCompletionChunk) => push((last = chunk));
        const onMessage = (message: ChatCompletionMessageParam) => {
          if (message.role === 'assistant') calls = message.tool_calls?.map(({ id }) => id);
          if (message.role !== 'tool' || !last) return;
          push(messageChunk(last, message, calls));
          calls = undefined;
        };
        this.on('chunk', onChunk).on('message', onMessage);
        return () => void this.off('chunk', onChunk).off('message', onMessage);
      },
      { onReturn: () => this.abort() },
    );
    return new Stream(() => iterator, this.controller).toReadableStream();
  }

  static runTools<T extends (string | object)[], ParsedT = null, ToolContext = unknown>(
    client: OpenAI,
    params: ChatCompletionStreamingToolRunnerParamsWithContext<T, ToolContext>,
    options?: RunnerOptions,
  ): ChatCompletionStreamingRunner<ParsedT>;
  static runTools<T extends (string | object)[], ParsedT = null>(
    client: OpenAI,
    params: ChatCompletionStreamingToolRunnerParamsWithoutContext<T>,
    options?: RunnerOptions,
  ): ChatCompletionStreamingRunner<ParsedT>;
  static runTools<ParsedT>(client: OpenAI, params: any, options?: RunnerOptions): ChatCompletionStreamingRunner<ParsedT> {
    // Arguments that a schema refuses are told to the model, and are no failure of the stream.
    const runner = new ChatCompletionStreamingRunner<ParsedT>({ ...params, tools: params.tools?.map(plain) });
    runner.#runsTools = true;
    runner._run(() => runner._runTools(client, params, runner, helped(options, 'runTools')));
    return runner;
  }
}

/** A tool without the parser of its arguments. */
function plain(tool: any): any {
  return isAutoParsableTool(tool) ? { type: 'function', function: (tool as any).function } : tool;
}
