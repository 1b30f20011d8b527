/** A response, streamed and put together. */
import { helped } from '../helpers/helped.js';
import type { OpenAI } from '../../client.js';
import { APIError, OpenAIError } from '../../core/error.js';
import { Stream } from '../../core/streaming.js';
import type { RequestOptions } from '../../internal/request-options.js';
import type {
  ParsedResponse, Response, ResponseCreateParamsBase, ResponseStreamEvent, ResponseTextConfig,
} from '../../resources/responses/responses.js';
import { EventStream, type BaseEvents } from '../EventStream.js';
import {
  maybeParseResponse, resolveResponseParseOptions, type ParseableToolsParams, type ResponseParseOptions,
  type ResponseParserTextFormat, type ResponseParsingInput,
} from '../ResponsesParser.js';
import { accumulateResponse } from './ResponseAccumulator.js';
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

export class ResponseStream<ParsedT = null>
  extends EventStream<ResponseEvents>
  implements AsyncIterable<ResponseStreamEvent>
{
  #params: ResponseStreamingParams | null;
  #snapshot: Response | undefined;
  #final: ParsedResponse<ParsedT> | undefined;

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
    for await (const event of stream) this.#take(event, after);
    const { controller } = stream as { controller?: AbortController };
    if (this.controller.signal.aborted || controller?.signal.aborted) throw this._userAbortError();
    if (!this.#snapshot) throw new OpenAIError('request ended without sending any events');
    this.#final = maybeParseResponse(this.#snapshot, this.#params as ResponseCreateParamsBase, format) as ParsedResponse<ParsedT>;
    return this.#final;
  }

  /** `after`: events up to that one are not told. */
  #take(event: ResponseStreamEvent, after: number | undefined): void {
    if (this.ended) return;
    if (event.type === 'error') throw new APIError(undefined, (event as { error?: object }).error ?? event, undefined, undefined);
    // Members that a listener changes, or a transport reads anew each time, mean what they meant here.
    const { type, output_index, content_index } = event as any;
    this.#snapshot = accumulateResponse(event, this.#snapshot);
    if (after !== undefined && event.sequence_number <= after) return;
    const item: any = output_index === undefined ? undefined : this.#snapshot.output[output_index];
    let snapshot: string | undefined;
    if (type === 'response.output_text.delta') snapshot = item?.content?.[content_index]?.text;
    else if (type === 'response.function_call_arguments.delta') snapshot = item?.arguments;
    const shown = snapshot === undefined ? event : { ...event, snapshot };
    this._emit('event', event);
    this._emit(type, shown);
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
