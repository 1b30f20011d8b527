/** From what came of a call to what its method returns. */
import type { Client } from '../core/client';
import type { AbstractPage } from '../core/pagination';
import { CallResult, parseJSON } from './call';
import { Kind } from './native';
import type { FinalRequestOptions } from './request-options';

/** What an `APIPromise` is made of. */
export type APIResponseProps = {
  response: Response;
  options: FinalRequestOptions;
  controller: AbortController;
  requestSignal?: AbortSignal | null | undefined;
  requestLogID: string;
  retryOfRequestLogID: string | undefined;
  startTime: number;
};

export type WithRequestID<T> =
  T extends Array<any> | Response | AbstractPage<any> ? T
  : T extends Record<string, any> ? T & { _request_id?: string | null }
  : T;

/** The value of a reply. */
export function defaultParseResponse<T>(client: Client, props: APIResponseProps): any {
  return props instanceof CallResult ? parseResult(client, props) : parseForeign(client, props);
}

/** The value of a reply of ours. */
export function parseResult(client: Client, result: CallResult): unknown {
  if (result.isParsed) return result.value;
  let value: unknown;
  switch (result.kind) {
    case Kind.Json: {
      const text = result.body as string;
      if (text === '' && (result.status === 204 || result.header('content-length') === '0')) break;
      value = parseJSON(text, result);
      const { row } = result.call;
      if (row?.vectors) client._vectors(value, result.call.params);
      value = addID(value, result.requestID);
      break;
    }
    case Kind.Text:
      value = result.call.row?.reply === 'empty' ? undefined : result.body;
      break;
    case Kind.Events: {
      const { Stream } = require('../core/streaming') as typeof import('../core/streaming');
      value = Stream._ofSource(result.body as number, client, result.call.signal);
      break;
    }
    default:
      value = result.response;
  }
  result.isParsed = true;
  result.value = value;
  return value;
}

/** The value of a `Response` that somebody else got. */
async function parseForeign(client: Client, props: APIResponseProps): Promise<unknown> {
  const { response } = props;
  if (props.options.stream) {
    const { Stream } = require('../core/streaming') as typeof import('../core/streaming');
    return (props.options.__streamClass ?? Stream).fromSSEResponse(response, props.controller, client);
  }
  if (response.status === 204) return null;
  if (props.options.__binaryResponse) return response;
  const type = response.headers.get('content-type')?.split(';')[0]?.trim();
  if (type?.includes('application/json') || type?.endsWith('+json')) {
    if (response.headers.get('content-length') === '0') return undefined;
    return addRequestID(await response.json(), response);
  }
  return response.text();
}

/** Puts the request's id onto an object, where no loop finds it. */
export function addRequestID<T>(value: T, response: Response): WithRequestID<T> {
  return addID(value, response.headers.get('x-request-id')) as WithRequestID<T>;
}

function addID(value: unknown, id: string | null): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.defineProperty(value, '_request_id', { value: id, enumerable: false });
}
