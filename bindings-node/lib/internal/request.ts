/** Requests to routes that have no method of their own: over the client's transport, with its keys, headers, retries and time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { APIPromise } from '../core/api-promise';
import type { Client } from '../core/client';
import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError, OpenAIError } from '../core/error';
import { PagePromise, type AbstractPage } from '../core/pagination';
import { exchange } from '../fetch';
import { Call } from './call';
import { buildHeaders } from './headers';
import type { APIResponseProps } from './parse';
import type { FinalRequestOptions } from './request-options';
import { retries } from './settings';
import type { PromiseOrValue } from './types';

/** A request by these options. */
export function request(client: Client, options: PromiseOrValue<FinalRequestOptions>): APIPromise<any> {
  return new APIPromise(client as never, perform(client, options));
}

/** A list by these options. */
export function requestList(
  client: Client,
  Page: new (...args: any[]) => AbstractPage<any>,
  options: PromiseOrValue<FinalRequestOptions>,
): PagePromise<any, any> {
  const known = (options as FinalRequestOptions).__call;
  if (known && known.operation >= 0) {
    const { __call, method, path, query, body, ...rest } = options as FinalRequestOptions;
    return PagePromise._ofCall(new Call(client, known.operation, known.path, (query ?? {}) as object, rest), () => Page);
  }
  return new PagePromise(client as never, perform(client, options), Page as never);
}

async function perform(client: Client, given: PromiseOrValue<FinalRequestOptions>): Promise<APIResponseProps> {
  const options = await given;
  const controller = new AbortController();
  const { signal } = options;
  if (signal?.aborted) throw new APIUserAbortError();
  const limit = AbortSignal.timeout(Math.min(options.timeout ?? client.timeout, 0x7fffffff));
  const all = AbortSignal.any([controller.signal, limit, ...(signal ? [signal] : [])]);
  const most = options.maxRetries === undefined ? client.maxRetries : retries(options.maxRetries);
  const { body, type } = await encode(options.body);
  const key = options.idempotencyKey ?? (options.method === 'get' ? undefined : `threadline-${crypto.randomUUID()}`);
  for (let attempt = 0; ; attempt += 1) {
    let failed: Error;
    let wait: number | undefined;
    try {
      const headers = await headersOf(client, options, type, key);
      const url = client.buildURL(options.path, options.query as Record<string, unknown>, options.defaultBaseURL);
      const init = { method: options.method.toUpperCase(), headers, signal: all, ...(body === undefined ? {} : { body }) };
      const response = await exchange(client._native(), new Request(url, init));
      if (response.ok) {
        return { response, options, controller, requestLogID: '', retryOfRequestLogID: undefined, startTime: Date.now() };
      }
      const text = await response.text();
      failed = APIError.generate(response.status, objectOf(text), text || undefined, response.headers);
      if (!isRetryable(response)) throw failed;
      wait = waitOf(response.headers);
    } catch (error) {
      if (signal?.aborted) throw new APIUserAbortError();
      if (limit.aborted) throw new APIConnectionTimeoutError();
      if (error instanceof OpenAIError && !(error instanceof APIConnectionError)) throw error;
      const cause = (error as { cause?: Error }).cause ?? (error as Error);
      failed = error instanceof APIConnectionError ? error : new APIConnectionError({ cause });
    }
    // A server that asks for more than a minute is not waited for.
    if (attempt >= most || (wait ?? 0) > 60_000) throw failed;
    const doubled = Math.min(500 * 2 ** attempt, 8000) * (1 - Math.random() / 4);
    await sleep(wait ?? doubled, undefined, { signal: all }).catch(() => undefined);
  }
}

async function headersOf(client: Client, options: FinalRequestOptions, type: string | undefined, key: string | undefined): Promise<Headers> {
  await client._callApiKey();
  const isAdmin = /^\/?organization(\/|$)/.test(options.path);
  const secret = isAdmin ? (client.adminAPIKey ?? client.apiKey) : client.apiKey;
  const azure = 'deploymentName' in client;
  const credential: Record<string, string> = secret ? (azure ? { 'api-key': secret } : { authorization: `Bearer ${secret}` }) : {};
  const { values, nulls } = buildHeaders([
    { accept: options.stream ? 'text/event-stream' : 'application/json' },
    { 'openai-organization': client.organization, 'openai-project': client.project },
    credential,
    { 'content-type': type, 'idempotency-key': key },
    client._defaultHeaders(),
    options.headers,
  ]);
  if (!values.has('authorization') && !values.has('api-key') && !nulls.has('authorization')) {
    throw new OpenAIError('A request to a route without a method needs an `apiKey` or an `Authorization` header.');
  }
  return values;
}

/** A body as it is sent, and its type, where it does not bring one. */
async function encode(body: unknown): Promise<{ body: any; type: string | undefined }> {
  if (body === undefined || body === null) return { body: undefined, type: undefined };
  const asIs =
    typeof body === 'string' || ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob ||
    body instanceof FormData || body instanceof URLSearchParams;
  if (asIs) return { body, type: undefined };
  if (typeof body === 'object' && (Symbol.asyncIterator in body || body instanceof ReadableStream)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of body as AsyncIterable<Uint8Array | string>) pieces.push(Buffer.from(piece as Uint8Array));
    return { body: Buffer.concat(pieces), type: undefined };
  }
  return { body: JSON.stringify(body), type: 'application/json' };
}

function objectOf(text: string): Object | undefined {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && value.error == null ? { error: value } : value;
  } catch {
    return undefined;
  }
}

function isRetryable({ status, headers }: Response): boolean {
  const asked = headers.get('x-should-retry');
  if (asked === 'true' || asked === 'false') return asked === 'true';
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** What the server asks to wait, in milliseconds. */
function waitOf(headers: Headers): number | undefined {
  const milliseconds = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (milliseconds >= 0) return milliseconds;
  const text = headers.get('retry-after');
  if (!text) return undefined;
  const seconds = Number(text);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return wait >= 0 ? wait : undefined;
}
