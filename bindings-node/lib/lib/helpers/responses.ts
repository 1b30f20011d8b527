/** Helpers of `client.responses`. */
import type { APIPromise } from '../../core/api-promise.js';
import type { ParsedResponse, Response, Responses } from '../../resources/responses/responses.js';
import { ResponseStream, type ResponseStreamParams } from '../responses/ResponseStream.js';
import { parsing } from '../parser.js';
import { parseResponse, resolveResponseParseOptions, type ResponseParseOptions } from '../ResponsesParser.js';
import { clientOf } from './client-of.js';

/** A response with its answers parsed. */
export function parse(responses: Responses, body: any, options?: ResponseParseOptions): APIPromise<ParsedResponse<any>> {
  const { getTextFormat, requestOptions } = resolveResponseParseOptions(body, options);
  const call = responses.create({ ...body, stream: undefined }, requestOptions) as APIPromise<Response>;
  // Clients that check what they send refuse what was cut short.
  const strict = clientOf(responses)._checksArguments === true;
  return call._thenUnwrap((response, props) => parsing(props, () => parseResponse(response, body, getTextFormat(), strict))) as APIPromise<ParsedResponse<any>>;
}

/** A response, streamed with events. */
export function stream(
  responses: Responses,
  body: ResponseStreamParams,
  options?: ResponseParseOptions,
): ResponseStream<any> {
  return ResponseStream.createResponse(clientOf(responses), body, options);
}
