/** Answers and arguments of responses as values. */
import { ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError } from '../core/error.js';
import { readStructured } from '../internal/read-json.js';
import type { RequestOptions } from '../internal/request-options.js';
import type { ChatCompletionTool } from '../resources/chat/completions/completions.js';
import type {
  FunctionTool, ParsedResponse, Response, ResponseCreateParamsBase, ResponseCreateParamsNonStreaming,
  ResponseFormatTextJSONSchemaConfig, ResponseFunctionToolCall, ResponseInputItem, ResponseTextConfig, Tool,
} from '../resources/responses/responses.js';
import { hidden, isAutoParsableTool as isParsable, parseResponseFormatContent, withCompletion, type AutoParseableTextFormat } from './parser.js';

export type ParseableToolsParams = Tool[] | ChatCompletionTool | null;

export type ResponseParsingInput = {
  input?: ResponseCreateParamsBase['input'] | [ResponseInputItem, ...ResponseInputItem[]];
};

export type ResponseCreateParamsWithTools = ResponseCreateParamsBase & {
  tools?: ParseableToolsParams;
} & ResponseParsingInput;

/** Options of a request whose answer is parsed. */
export type ResponseParseOptions = RequestOptions & {
  /** A format to parse the answer by in place of that of the params; `null`: by none. */
  parseAs?: ResponseFormatTextJSONSchemaConfig | null | undefined;
};

type TextParams = { text?: ResponseTextConfig; input?: ResponseCreateParamsBase['input'] };

type ParsedFormat<Format> =
  [Format] extends [never] ? null
  : Format extends AutoParseableTextFormat<infer ParsedT> ? ParsedT
  : Format extends ResponseFormatTextJSONSchemaConfig ? unknown
  : null;

/** What an item that changes the configuration changes the format to. */
type Updated<Item> =
  Item extends { type: 'configuration_update'; text?: infer Text } ?
    NonNullable<Text> extends { format: infer Format } ?
      ParsedFormat<Format>
    : never
  : never;

/** The format after the items of the input: the last that is set for certain, or any of those that may be. */
type AfterHistory<Input, Fallback, Later = never, Seen extends 0[] = []> =
  [Input] extends [never] ? Fallback | Later
  : Input extends readonly [...infer Earlier, infer Last] ?
    Last extends { type: 'configuration_update'; text: { format: infer Format } } ? ParsedFormat<Format> | Later
    : Seen['length'] extends 256 ? Fallback | Later | Updated<Input[number]>
    : AfterHistory<Earlier, Fallback, Later | Updated<Last>, [...Seen, 0]>
  : Input extends readonly (infer Item)[] ? Fallback | Later | Updated<Item>
  : Fallback | Later;

type InputOf<Params extends TextParams> =
  Params extends { input: infer Input } ? Input
  : ResponseCreateParamsBase['input'] extends Params['input'] ? never
  : Params['input'];

/** The type that an answer to these params is parsed into. */
export type ExtractParsedContentFromParams<Params extends TextParams> = AfterHistory<
  InputOf<Params>,
  ParsedFormat<NonNullable<Params['text']>['format']>
>;

type Override<Format, Fallback> = Format extends undefined ? Fallback : ParsedFormat<Format>;

/** The same, with what the options say. */
export type ParsedWithOptions<Options extends ResponseParseOptions, Fallback> =
  Options extends unknown ?
    'parseAs' extends keyof Options ?
      Override<Options['parseAs'], Fallback>
    : Fallback
  : never;

export type ResponseParserTextFormat = { readonly type: string } | null;

/** The format that an answer is parsed by: the last one that the input sets, or that of the params. */
export function formatOf(params: TextParams | null): ResponseParserTextFormat {
  const items = Array.isArray(params?.input) ? (params.input as readonly any[]) : [];
  const last = items.findLast((item) => item?.type === 'configuration_update' && item.text?.format);
  return last?.text.format ?? params?.text?.format ?? null;
}

/** Takes `parseAs` out of the options. */
export function resolveResponseParseOptions(
  params: TextParams,
  options: ResponseParseOptions = {},
): { getTextFormat: () => ResponseParserTextFormat; requestOptions: RequestOptions } {
  const { parseAs, ...requestOptions } = options;
  const getTextFormat = () => (parseAs === undefined ? formatOf(params) : parseAs);
  return { getTextFormat, requestOptions };
}

/** The response with its answers parsed where the params ask for it, and `null` for them where not. */
export function maybeParseResponse<
  Params extends ResponseCreateParamsBase | null,
  ParsedT = Params extends null ? null : ExtractParsedContentFromParams<NonNullable<Params>>,
>(response: Response, params: Params, format: ResponseParserTextFormat = formatOf(params)): ParsedResponse<ParsedT> {
  if (params && hasAutoParseableInput(params as ResponseCreateParamsWithTools, format)) {
    return parseResponse(response, params, format) as ParsedResponse<ParsedT>;
  }
  const plain = withOutput(response, { text: () => null, call: () => null, other: { parsed: null } });
  return plain as ParsedResponse<ParsedT>;
}

/** The response with its answers parsed; one that is not complete has `null` for them, and with `strict` it is an error. */
export function parseResponse<
  Params extends ResponseCreateParamsBase,
  ParsedT = ExtractParsedContentFromParams<Params>,
>(response: Response, params: Params, format: ResponseParserTextFormat = formatOf(params), strict = false): ParsedResponse<ParsedT> {
  const isWhole = strict || !response.status || response.status === 'completed';
  try {
    return withOutput(response, {
      text: (text) => (isWhole ? parseResponseFormatContent(format, text) : null),
      call: (call) => (isWhole ? argumentsOf(params, call) : null),
    }) as ParsedResponse<ParsedT>;
  } catch (error) {
    // Where the response was cut off, that is why.
    const reason = response.incomplete_details?.reason;
    const why =
      reason === 'max_output_tokens' ? new LengthFinishReasonError()
      : reason === 'content_filter' ? new ContentFilterFinishReasonError()
      : error;
    throw withCompletion(why, response);
  }
}

interface Readers {
  text: (text: string) => unknown;
  call: (call: ResponseFunctionToolCall) => unknown;
  /** What parts get that are no texts. */
  other?: object;
}

function withOutput(response: Response, read: Readers): Response {
  const output = response.output.map((item: any) => {
    if (item.type === 'function_call') return { ...item, parsed_arguments: read.call(item) };
    if (item.type !== 'message') return item;
    // A message that only comments on the work is no answer.
    const isAnswer = item.phase === undefined || item.phase === null || item.phase === 'final_answer';
    const content = item.content.map((part: any) =>
      part.type === 'output_text' ? { ...part, parsed: isAnswer ? read.text(part.text) : null }
      : read.other ? { ...part, ...read.other }
      : part,
    );
    return { ...item, content };
  });
  const parsed = { ...response, output } as Response;
  if (!Object.getOwnPropertyDescriptor(response, 'output_text')) addOutputText(parsed);
  const id = (response as { _request_id?: string })._request_id;
  if (id !== undefined) hidden(parsed, { _request_id: id });
  Object.defineProperty(parsed, 'output_parsed', {
    enumerable: true,
    get() {
      for (const item of parsed.output as any[]) {
        for (const part of item.type === 'message' ? item.content : []) {
          if (part.type === 'output_text' && part.parsed !== null && part.parsed !== undefined) return part.parsed;
        }
      }
      return null;
    },
  });
  return parsed;
}

/** Whether anything of an answer is to be parsed. */
export function hasAutoParseableInput(
  params: ResponseCreateParamsWithTools,
  format: ResponseParserTextFormat = formatOf(params as TextParams),
): boolean {
  if (format?.type === 'json_schema') return true;
  const tools = Array.isArray(params.tools) ? (params.tools as any[]) : [];
  return tools.some((tool) => isParsable(tool) || (tool.type === 'function' && tool.strict === true));
}

type ToolOptions = {
  name: string;
  arguments: any;
  function?: ((args: any) => any) | undefined;
};

/** A tool that knows how to parse its arguments. */
export type AutoParseableResponseTool<
  OptionsT extends ToolOptions,
  HasFunction = OptionsT['function'] extends (...args: never[]) => unknown ? true : false,
> = FunctionTool & {
  /** For the types only. */
  __arguments: OptionsT['arguments'];
  __name: OptionsT['name'];
  $brand: 'auto-parseable-tool';
  $callback: ((args: OptionsT['arguments']) => any) | undefined;
  $parseRaw(args: string): OptionsT['arguments'];
};

export function makeParseableResponseTool<OptionsT extends ToolOptions>(
  tool: FunctionTool,
  {
    parser,
    callback,
  }: {
    parser: (content: string) => OptionsT['arguments'];
    callback: ((args: OptionsT['arguments']) => any) | undefined;
  },
): AutoParseableResponseTool<OptionsT> {
  const members = { $brand: 'auto-parseable-tool', $parseRaw: parser, $callback: callback };
  return hidden({ ...tool }, members) as AutoParseableResponseTool<OptionsT>;
}

export function isAutoParsableTool(tool: any): tool is AutoParseableResponseTool<any> {
  return isParsable(tool);
}

function toolOf(params: { tools?: unknown } | null | undefined, name: string): any {
  const tools = Array.isArray(params?.tools) ? (params.tools as any[]) : [];
  return tools.find((tool) => tool?.type === 'function' && tool.name === name);
}

function argumentsOf(params: { tools?: unknown } | null, call: ResponseFunctionToolCall): unknown {
  const tool = toolOf(params, call.name);
  if (isParsable(tool)) return tool.$parseRaw(call.arguments);
  return tool?.strict ? readStructured(call.arguments) : null;
}

/** Whether the arguments of a call are parsed: where its tool can, or is strict. */
export function shouldParseToolCall(
  params: ResponseCreateParamsNonStreaming | null | undefined,
  toolCall: ResponseFunctionToolCall,
): boolean {
  const tool = toolOf(params, toolCall.name);
  return isParsable(tool) || Boolean(tool?.strict);
}

/** Refuses tools whose arguments cannot be relied on. */
export function validateInputTools(tools: ChatCompletionTool[] | undefined): void {
  for (const tool of tools ?? []) {
    if (tool.type !== 'function') {
      throw new OpenAIError(`Currently only \`function\` tool types support auto-parsing; Received \`${tool.type}\``);
    }
    if (tool.function.strict !== true) {
      throw new OpenAIError(
        `The \`${tool.function.name}\` tool is not marked with \`strict: true\`. Only strict function tools can be auto-parsed`,
      );
    }
  }
}

/** Puts the text of all messages together, under `output_text`. */
export function addOutputText(response: Response): void {
  const texts: string[] = [];
  for (const item of (response.output ?? []) as any[]) {
    for (const part of item.type === 'message' ? (item.content ?? []) : []) {
      if (part.type === 'output_text') texts.push(part.text);
    }
  }
  response.output_text = texts.join('');
}
