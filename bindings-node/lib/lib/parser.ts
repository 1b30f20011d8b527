/** Answers and arguments of chat completions as values: what is asked of the model, and what is made of its answer. */
import { ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError } from '../core/error.js';
import { CallResult } from '../internal/call.js';
import { readStructured } from '../internal/read-json.js';
import type { APIResponseProps } from '../internal/parse.js';
import type {
  ChatCompletion, ChatCompletionCreateParams, ChatCompletionCreateParamsBase, ChatCompletionFunctionTool,
  ChatCompletionMessage, ChatCompletionMessageFunctionToolCall, ChatCompletionMessageToolCall, ParsedChatCompletion,
} from '../resources/chat/completions/completions.js';
import type { ResponseFormatTextJSONSchemaConfig } from '../resources/responses/responses.js';
import type { ResponseFormatJSONSchema } from '../resources/shared.js';
import type {
  ChatCompletionToolRunnerParams, ChatCompletionToolRunnerParamsWithContext,
} from './ChatCompletionRunner.js';
import type { ChatCompletionStreamParams } from './ChatCompletionStream.js';
import type {
  ChatCompletionStreamingToolRunnerParams, ChatCompletionStreamingToolRunnerParamsWithContext,
} from './ChatCompletionStreamingRunner.js';

type AnyParams =
  | ChatCompletionCreateParams
  | ChatCompletionToolRunnerParams<any>
  | ChatCompletionToolRunnerParamsWithContext<any, any>
  | ChatCompletionStreamingToolRunnerParams<any>
  | ChatCompletionStreamingToolRunnerParamsWithContext<any, any>
  | ChatCompletionStreamParams;

type Tool = NonNullable<ChatCompletionCreateParamsBase['tools']>[number];

type ParsedFormat<Format> =
  [Format] extends [never] ? null
  : Format extends AutoParseableResponseFormat<infer ParsedT> ? ParsedT
  : Format extends ResponseFormatJSONSchema ? unknown
  : null;

/** The type that an answer to these params is parsed into. */
export type ExtractParsedContentFromParams<Params extends AnyParams> = ParsedFormat<Params['response_format']>;

/** A format that knows how to parse answers. */
export type AutoParseableResponseFormat<ParsedT> = ResponseFormatJSONSchema & {
  /** For the type only. */
  __output: ParsedT;
  $brand: 'auto-parseable-response-format';
  $parseRaw(content: string): ParsedT;
};

/** The same for the text of responses. */
export type AutoParseableTextFormat<ParsedT> = ResponseFormatTextJSONSchemaConfig & {
  __output: ParsedT;
  $brand: 'auto-parseable-response-format';
  $parseRaw(content: string): ParsedT;
};

/** Adds members that are neither sent nor shown. */
export function hidden<T extends object>(target: T, members: Record<string, unknown>): T {
  for (const [name, value] of Object.entries(members)) Object.defineProperty(target, name, { value, enumerable: false });
  return target;
}

const FORMAT = 'auto-parseable-response-format';
const TOOL = 'auto-parseable-tool';

export function makeParseableResponseFormat<ParsedT>(
  response_format: ResponseFormatJSONSchema,
  parser: (content: string) => ParsedT,
): AutoParseableResponseFormat<ParsedT> {
  return hidden({ ...response_format }, { $brand: FORMAT, $parseRaw: parser }) as AutoParseableResponseFormat<ParsedT>;
}

export function makeParseableTextFormat<ParsedT>(
  response_format: ResponseFormatTextJSONSchemaConfig,
  parser: (content: string) => ParsedT,
): AutoParseableTextFormat<ParsedT> {
  return hidden({ ...response_format }, { $brand: FORMAT, $parseRaw: parser }) as AutoParseableTextFormat<ParsedT>;
}

export function isAutoParsableResponseFormat<ParsedT>(
  response_format: any,
): response_format is AutoParseableResponseFormat<ParsedT> {
  return response_format?.['$brand'] === FORMAT;
}

/** Whether answers in this format are JSON. */
export function isParseableResponseFormat(format: unknown): boolean {
  return (format as { type?: unknown } | null | undefined)?.type === 'json_schema';
}

/** An answer in a format of a schema as a value; `null` in any other format. */
export function parseResponseFormatContent<ParsedT>(format: unknown, content: string): ParsedT | null {
  if (!isParseableResponseFormat(format)) return null;
  // Formats that the program has made itself may bring their parser, too.
  const own = (format as { $parseRaw?: (content: string) => ParsedT }).$parseRaw;
  return typeof own === 'function' ? own.call(format, content) : (readStructured(content) as ParsedT);
}

type ToolOptions = {
  name: string;
  arguments: any;
  function?: ((args: any) => any) | undefined;
};

/** A tool that knows how to parse its arguments, and perhaps the function that answers its calls. */
export type AutoParseableTool<
  OptionsT extends ToolOptions,
  HasFunction = OptionsT['function'] extends (...args: never[]) => unknown ? true : false,
> = ChatCompletionFunctionTool & {
  /** For the types only. */
  __arguments: OptionsT['arguments'];
  __name: OptionsT['name'];
  __hasFunction: HasFunction;
  $brand: 'auto-parseable-tool';
  $callback: ((args: OptionsT['arguments']) => any) | undefined;
  $parseRaw(args: string): OptionsT['arguments'];
};

type ParserOptions<OptionsT extends ToolOptions> = {
  parser: (content: string) => OptionsT['arguments'];
  callback: ((args: OptionsT['arguments']) => any) | undefined;
};

export function makeParseableTool<OptionsT extends ToolOptions>(
  tool: ChatCompletionFunctionTool,
  options: ParserOptions<OptionsT> & { callback: (args: OptionsT['arguments']) => any },
): AutoParseableTool<OptionsT, true>;
export function makeParseableTool<OptionsT extends ToolOptions>(
  tool: ChatCompletionFunctionTool,
  options: ParserOptions<OptionsT> & { callback: undefined },
): AutoParseableTool<OptionsT, false>;
export function makeParseableTool<OptionsT extends ToolOptions>(
  tool: ChatCompletionFunctionTool,
  options: ParserOptions<OptionsT>,
): AutoParseableTool<OptionsT, boolean>;
export function makeParseableTool<OptionsT extends ToolOptions>(
  tool: ChatCompletionFunctionTool,
  { parser, callback }: ParserOptions<OptionsT>,
): AutoParseableTool<OptionsT, any> {
  return hidden({ ...tool }, { $brand: TOOL, $parseRaw: parser, $callback: callback }) as AutoParseableTool<OptionsT, any>;
}

export function isAutoParsableTool(tool: any): tool is AutoParseableTool<any> {
  return tool?.['$brand'] === TOOL;
}

export function isChatCompletionFunctionTool(tool: Tool): tool is ChatCompletionFunctionTool {
  return tool !== undefined && 'function' in tool && tool.function !== undefined;
}

function toolOf(params: ChatCompletionCreateParams | null | undefined, name: string | undefined): any {
  if (!params || !('tools' in params)) return undefined;
  return params.tools?.find((tool) => isChatCompletionFunctionTool(tool) && tool.function.name === name);
}

/** Whether the arguments of a call are parsed: where its tool can, or is strict. */
export function shouldParseToolCall(
  params: ChatCompletionCreateParams | null | undefined,
  toolCall: { type?: ChatCompletionMessageToolCall['type']; function?: { name?: string } },
): boolean {
  const tool = toolOf(params, toolCall.function?.name);
  return tool !== undefined && (isAutoParsableTool(tool) || Boolean(tool.function.strict));
}

/** Arguments of a call as a value; `null` where nobody asked for that. */
export function parseArguments(params: ChatCompletionCreateParams | null, name: string, text: string): unknown {
  const tool = toolOf(params, name);
  if (isAutoParsableTool(tool)) return tool.$parseRaw(text);
  return tool?.function.strict ? readStructured(text) : null;
}

/** Whether anything of an answer is to be parsed. */
export function hasAutoParseableInput(params: AnyParams): boolean {
  if (isParseableResponseFormat(params.response_format)) return true;
  const tools = (params.tools ?? []) as readonly any[];
  return tools.some((tool) => isAutoParsableTool(tool) || (tool.type === 'function' && tool.function.strict === true));
}

/** The completion with its answers parsed where the params ask for it, and `parsed: null` where not. */
export function maybeParseChatCompletion<
  Params extends ChatCompletionCreateParams | null,
  ParsedT = Params extends null ? null : ExtractParsedContentFromParams<NonNullable<Params>>,
>(completion: ChatCompletion, params: Params): ParsedChatCompletion<ParsedT> {
  if (params && hasAutoParseableInput(params)) return parseChatCompletion(completion, params) as ParsedChatCompletion<ParsedT>;
  return withMessages(completion, (message) => ({
    ...message,
    parsed: null,
    ...(message.tool_calls ? { tool_calls: message.tool_calls } : undefined),
  })) as ParsedChatCompletion<ParsedT>;
}

function withMessages(completion: ChatCompletion, change: (message: ChatCompletionMessage) => object): ChatCompletion {
  const choices = completion.choices.map((choice) => ({ ...choice, message: change(choice.message) }));
  const changed = { ...completion, choices } as ChatCompletion & { _request_id?: string };
  const id = (completion as { _request_id?: string })._request_id;
  return id === undefined ? changed : hidden(changed, { _request_id: id });
}

/** The completion with its answers parsed. Throws where one was cut short or filtered, as it cannot be relied on. */
export function parseChatCompletion<
  Params extends ChatCompletionCreateParams,
  ParsedT = ExtractParsedContentFromParams<Params>,
>(completion: ChatCompletion, params: Params): ParsedChatCompletion<ParsedT> {
  for (const choice of completion.choices) {
    if (choice.finish_reason === 'length') throw withCompletion(new LengthFinishReasonError(), completion);
    if (choice.finish_reason === 'content_filter') throw withCompletion(new ContentFilterFinishReasonError(), completion);
  }
  try {
    return parsed(completion, params) as ParsedChatCompletion<ParsedT>;
  } catch (error) {
    throw withCompletion(error, completion);
  }
}

/** The error that says why an answer could not be parsed, with the answer. */
export function withCompletion(error: unknown, completion: object): unknown {
  if (!(error instanceof Error) || !Object.isExtensible(error)) return error;
  const kind =
    error instanceof LengthFinishReasonError ? 'length_finish'
    : error instanceof ContentFilterFinishReasonError ? 'content_filter_finish'
    : 'decode';
  return hidden(error, { completion, ...((error as OpenAIError).kind ? {} : { kind }) });
}

/** Parses an answer; what fails says of which reply. */
export function parsing<T>(props: APIResponseProps, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Error && Object.isExtensible(error)) {
      const attempts = props instanceof CallResult ? props.attempts : 1;
      const { status, headers } = props.response;
      hidden(error, { status, requestID: headers.get('x-request-id'), attempts, retryable: false });
    }
    throw error;
  }
}

function parsed(completion: ChatCompletion, params: ChatCompletionCreateParams): ChatCompletion {
  return withMessages(completion, (message) => {
    const calls = message.tool_calls?.map((call) => {
      if (call.type !== 'function') return call;
      const parsed_arguments = parseArguments(params, call.function.name, call.function.arguments);
      return { ...call, function: { ...call.function, parsed_arguments } };
    });
    const { content, refusal } = message;
    const parsed = content && !refusal ? parseResponseFormatContent(params.response_format, content) : null;
    return { ...message, parsed, ...(calls ? { tool_calls: calls } : undefined) };
  });
}

export function assertToolCallsAreChatCompletionFunctionToolCalls(
  toolCalls: ChatCompletionMessage['tool_calls'],
): asserts toolCalls is ChatCompletionMessageFunctionToolCall[] {
  for (const call of toolCalls ?? []) {
    if (call.type !== 'function') {
      throw new OpenAIError(`Currently only \`function\` tool calls are supported; Received \`${call.type}\``);
    }
  }
}

/** Refuses tools whose arguments cannot be relied on. */
export function validateInputTools(tools: ChatCompletionCreateParamsBase['tools']): void {
  for (const tool of tools ?? []) {
    if (tool.type !== 'function' && tool.type !== 'custom') {
      const { type } = tool as { type: string };
      throw new OpenAIError(`Currently only \`function\` and \`custom\` tool types are supported; Received \`${type}\``);
    }
    if (tool.type === 'function' && tool.function.strict !== true) {
      throw new OpenAIError(
        `The \`${tool.function.name}\` tool is not marked with \`strict: true\`. Only strict function tools can be auto-parsed`,
      );
    }
  }
}
