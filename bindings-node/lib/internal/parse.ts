/** From what came of a call to what its method returns. */
import type { Client } from '../core/client';
import type { AbstractPage } from '../core/pagination';
import { CallResult, parseJSON } from './call';
import { Kind } from './native';
import { once } from './once';
import type { FinalRequestOptions } from './request-options';

const streaming = once(() => require('../core/streaming') as typeof import('../core/streaming'));

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
      if (result.parts) value = result.parts.whole;
      else {
        const text = result.body as string;
        // Clients that check what they send check what they get: there, a reply that is no JSON is an error.
        if (!client._checksArguments && (result.status === 204 || text === '' || !isJSON(result))) {
          value = result.status === 204 ? null : !isJSON(result) ? text : undefined;
          break;
        }
        if (text === '' && (result.status === 204 || result.header('content-length') === '0')) break;
        value = parseJSON(text, result);
      }
      const { row } = result.call;
      if (row?.vectors) client._vectors(value, { ...result.call.params, ...result.call.requestOptions?.extraBody });
      if (row && isResponse(result.call.operation)) value = withOutputText(value);
      value = addID(value, result.requestID);
      break;
    }
    case Kind.Text:
      value = result.call.row?.reply === 'empty' ? unasked(result) : result.body;
      break;
    case Kind.Events: {
      value = streaming().Stream._ofSource(result.body as number, client, result.call.signal);
      break;
    }
    default:
      if (result.call.row && result.call.row.reply !== 'binary') return parseUnread(client, result);
      value = result.response;
  }
  result.isParsed = true;
  result.value = value;
  return value;
}

/** What a reply has come with from which nothing is asked: programs of the official package see it. */
function unasked(result: CallResult): unknown {
  if (result.status === 204) return null;
  const text = result.body as string;
  if (!isJSON(result)) return text;
  return text === '' ? undefined : parseJSON(text, result);
}

function isJSON(result: CallResult): boolean {
  const type = result.header('content-type')?.split(';')[0]!.trim().toLowerCase();
  return type !== undefined && (type.includes('application/json') || type.endsWith('+json'));
}

/** The value of a `Response` that somebody else got. */
async function parseForeign(client: Client, props: APIResponseProps): Promise<unknown> {
  const { response, options } = props;
  const value = await readForeign(client, props);
  if (client.logLevel === 'debug' && !options.stream) {
    const { formatRequestDetails, LEFT_OUT, loggerFor } = require('./utils/log') as typeof import('./utils/log');
    const details = { retryOfRequestLogID: props.retryOfRequestLogID, url: response.url, status: response.status, durationMs: Date.now() - props.startTime };
    loggerFor(client).debug(`[${props.requestLogID}] response parsed`, formatRequestDetails(details, LEFT_OUT));
  }
  return value;
}

async function readForeign(client: Client, { response, options, controller }: APIResponseProps): Promise<unknown> {
  if (options.stream) {
    const { Stream } = streaming();
    const mode = options.__streamMode;
    return (options.__streamClass ?? Stream).fromSSEResponse(response, controller, client, options.__synthesizeEventData, mode);
  }
  if (response.status === 204) return null;
  if (options.__binaryResponse) return response;
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (!type?.includes('application/json') && !type?.endsWith('+json')) return response.text();
  if (response.headers.get('content-length') === '0') return undefined;
  const text = await response.text();
  return text ? addRequestID(JSON.parse(text), response) : undefined;
}

/** The value of a reply of ours that was taken as it came. */
async function parseUnread(client: Client, result: CallResult): Promise<unknown> {
  const { response, call } = result;
  const row = call.row!;
  const params = call.params as Record<string, unknown> | undefined;
  const stream = typeof row.stream === 'string' ? Boolean(params?.[row.stream]) : row.stream;
  const options = { ...call.finalOptions(), stream, __synthesizeEventData: isNamed(row.id) };
  const props = { response, options, controller: new AbortController(), requestLogID: '', retryOfRequestLogID: undefined, startTime: 0 };
  const value = await readForeign(client, props);
  if (row.vectors) client._vectors(value, params);
  if (isResponse(call.operation)) withOutputText(value);
  return value;
}

function isNamed(id: string): boolean {
  return id.startsWith('beta.threads.');
}

const responses = new Map<number, boolean>();

/** Responses whose text the server did not send. */
export const madeTexts = new WeakSet<object>();

/** Whether an operation answers with a response, which has a text. */
export function isResponse(operation: number): boolean {
  let found = responses.get(operation);
  if (found === undefined) {
    const { row } = require('./native') as typeof import('./native');
    found = operation >= 0 && /^responses\.(?:create|retrieve)$/.test(row(operation).id);
    responses.set(operation, found);
  }
  return found;
}

/** A response with its text; whatever else, as it is. */
export function withOutputText(value: any): unknown {
  if (value && typeof value === 'object' && value.object === 'response' && !('output_text' in value)) {
    const { addOutputText } = require('../lib/ResponsesParser') as typeof import('../lib/ResponsesParser');
    addOutputText(value);
    madeTexts.add(value);
  }
  return value;
}

/** Puts the request's id onto an object, where no loop finds it. */
export function addRequestID<T>(value: T, response: Response): WithRequestID<T> {
  return addID(value, response.headers.get('x-request-id')) as WithRequestID<T>;
}

function addID(value: unknown, id: string | null): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.defineProperty(value, '_request_id', { value: id, enumerable: false });
}
