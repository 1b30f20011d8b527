/** A response, streamed and put together by the core. */
import { helped } from '../helpers/helped.js';
import type { OpenAI } from '../../client.js';
import { APIUserAbortError, OpenAIError } from '../../core/error.js';
import { Stream } from '../../core/streaming.js';
import { nativeModule, type NativeAccumulator } from '../../internal/native.js';
import type { RequestOptions } from '../../internal/request-options.js';
import type {
  ParsedResponse, Response, ResponseCreateParamsBase, ResponseStreamEvent, ResponseTextConfig,
} from '../../resources/responses/responses.js';
import { EventStream, type BaseEvents } from '../EventStream.js';
import {
  maybeParseResponse, resolveResponseParseOptions, type ParseableToolsParams, type ResponseParseOptions,
  type ResponseParserTextFormat, type ResponseParsingInput,
} from '../ResponsesParser.js';
import type { ResponseFunctionCallArgumentsDeltaEvent, ResponseTextDeltaEvent } from './EventTypes.js';

export type ResponseStreamParams = ResponseCreateAndStreamParams | ResponseStreamByIdParams;

export type ResponseCreateAndStreamParams = Omit<ResponseCreateParamsBase, 'stream'> &
  ResponseParsingInput & { stream?: true };

export type ResponseStreamByIdParams = {
  /** The response to follow. */
  response_id: string;
  /** Events up to this number are not told; they still count for what is put together. */
  starting_after?: number;
  /** The format that the response was asked for in. */
  text?: ResponseTextConfig;
  /** The tools it was given. */
  tools?: ParseableToolsParams;
};

type ResponseEvents = BaseEvents &
  Omit<
    { [K in ResponseStreamEvent['type']]: (event: Extract<ResponseStreamEvent, { type: K }>) => void },
    'response.output_text.delta' | 'response.function_call_arguments.delta' | 'error'
  > & {
    event: (event: ResponseStreamEvent) => void;
    'response.output_text.delta': (event: ResponseTextDeltaEvent) => void;
    'response.function_call_arguments.delta': (event: ResponseFunctionCallArgumentsDeltaEvent) => void;
  };

export type ResponseStreamingParams = Omit<ResponseCreateParamsBase, 'stream'> & { stream?: true };

const WITH_SNAPSHOT = ['response.output_text.delta', 'response.function_call_arguments.delta'];

export class ResponseStream<ParsedT = null>
  extends EventStream<ResponseEvents>
  implements AsyncIterable<ResponseStreamEvent>
{
  #params: ResponseStreamingParams | null;
  #accumulator: NativeAccumulator | undefined;
  #final: ParsedResponse<ParsedT> | undefined;
  /** Text of each part and arguments of each call so far. */
  #texts = new Map<string, string>();

  constructor(params: ResponseStreamingParams | null) {
    super();
    this.#params = params;
  }

  static createResponse<ParsedT>(
    client: OpenAI,
    params: ResponseStreamParams,
    options?: ResponseParseOptions,
  ): ResponseStream<ParsedT> {
    const runner = new ResponseStream<ParsedT>(params as ResponseStreamingParams);
    const { getTextFormat, requestOptions } = resolveResponseParseOptions(params as ResponseStreamingParams, options);
    runner._run(() => runner._createOrRetrieveResponse(client, params, requestOptions, getTextFormat));
    return runner;
  }

  /** A stream that was handed on as lines of JSON. */
  static fromReadableStream(stream: ReadableStream): ResponseStream<null> {
    const runner = new ResponseStream(null);
    runner._run(() => runner._fromReadableStream(stream));
    return runner;
  }

  protected async _createOrRetrieveResponse(
    client: OpenAI,
    params: ResponseStreamParams,
    options?: RequestOptions,
    getTextFormat?: (prepared: RequestOptions) => ResponseParserTextFormat,
  ): Promise<ParsedResponse<ParsedT>> {
    this._listenForAbort(options?.signal);
    const sent = { ...helped(options, 'stream'), signal: this.controller.signal };
    let stream: AsyncIterable<ResponseStreamEvent>;
    let after: number | undefined;
    if ('response_id' in params) {
      // From its beginning, so that all of it is put together.
      stream = await client.responses.retrieve(params.response_id, { stream: true }, sent);
      after = params.starting_after;
    } else {
      stream = await client.responses.create({ ...(params as ResponseCreateParamsBase), stream: true }, sent);
    }
    return this.#read(stream, after, getTextFormat?.(sent));
  }

  protected async _fromReadableStream(
    readableStream: ReadableStream,
    options?: RequestOptions,
  ): Promise<ParsedResponse<ParsedT>> {
    this._listenForAbort(options?.signal);
    return this.#read(Stream.fromReadableStream<ResponseStreamEvent>(readableStream, this.controller));
  }

  async #read(
    stream: AsyncIterable<ResponseStreamEvent>,
    after?: number,
    format?: ResponseParserTextFormat,
  ): Promise<ParsedResponse<ParsedT>> {
    this._connected();
    this.#accumulator = new (nativeModule().Accumulator)('response', after, true);
    for await (const event of stream) this.#take(event);
    if (this.controller.signal.aborted) throw new APIUserAbortError();
    const response = JSON.parse(this.#accumulator.snapshot()) as Response;
    if (this.#texts.size === 0 && !response.id) throw new OpenAIError('request ended without sending any events');
    this.#final = maybeParseResponse(response, this.#params as ResponseCreateParamsBase, format) as ParsedResponse<ParsedT>;
    return this.#final;
  }

  #take(event: ResponseStreamEvent): void {
    if (this.ended) return;
    const told = JSON.parse(this.#accumulator!.push('', JSON.stringify(event))) as any[];
    let shown: any = told[0];
    if (WITH_SNAPSHOT.includes(event.type)) {
      const { item_id, output_index, content_index, delta } = event as any;
      const place = `${event.type}/${item_id}/${output_index}/${content_index}`;
      const snapshot = (this.#texts.get(place) ?? '') + delta;
      this.#texts.set(place, snapshot);
      if (shown !== undefined) shown = { ...shown, snapshot };
    }
    if (shown === undefined) return;
    this._emit('event', event);
    this._emit(event.type as any, shown);
  }

  [Symbol.asyncIterator](): AsyncIterator<ResponseStreamEvent> {
    return this._createIterator<ResponseStreamEvent>(
      (push) => {
        const listener = (event: ResponseStreamEvent) => push(event);
        this.on('event', listener);
        return () => this.off('event', listener);
      },
      { onReturn: () => this.abort() },
    );
  }

  /** The response, when the stream has ended. */
  async finalResponse(): Promise<ParsedResponse<ParsedT>> {
    await this.done();
    if (!this.#final) throw new OpenAIError('stream ended without producing a Response');
    return this.#final;
  }
}
