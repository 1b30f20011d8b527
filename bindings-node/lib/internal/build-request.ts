/** A request as the official package would hand it to `fetch`: its headers, its body. */
import { OpenAIError } from '../core/error';
import { getPlatformHeaders } from './detect-platform';
import { buildHeaders, type HeadersLike, type NullableHeaders } from './headers';
import type { FinalRequestOptions } from './request-options';
import type { MergedRequestInit } from './types';

/** A request that is about to be sent. */
export type FinalizedRequestInit = RequestInit & { headers: Headers };

type Built = { req: FinalizedRequestInit; url: string; timeout: number };

/** What of a client is needed to make a request; subclasses may have replaced any of it. */
export interface Builder {
  timeout: number;
  organization: string | null;
  project: string | null;
  fetchOptions: MergedRequestInit | undefined;
  idempotencyHeader?: string;
  _provider?: unknown;
  _options: { defaultHeaders?: HeadersLike };
  buildURL(path: string, query: object | null | undefined, defaultBaseURL?: string): string;
  buildHeaders(given: HeadersInput): Promise<Headers>;
  buildBody(given: { options: FinalRequestOptions }): Encoded;
  authHeaders(options: FinalRequestOptions, schemes?: object): Promise<NullableHeaders | undefined>;
  validateHeaders(headers: NullableHeaders, schemes?: object): void;
  getUserAgent(): string;
  defaultIdempotencyKey(): string;
  stringifyQuery(query: object): string;
}

export interface Encoded {
  bodyHeaders: HeadersLike;
  body: RequestInit['body'];
  isStreamingBody: boolean;
}

export interface HeadersInput {
  options: FinalRequestOptions;
  method: string;
  bodyHeaders: HeadersLike;
  retryCount: number;
}

export async function buildRequest(client: Builder, given: FinalRequestOptions, retryCount: number): Promise<Built> {
  const options = { ...given };
  const { method, path, query, defaultBaseURL } = options;
  const url = client.buildURL(path, query as object | undefined, defaultBaseURL);
  if ('timeout' in options) checkTimeout(options.timeout);
  const timeout = (options.timeout ??= client.timeout);
  const { bodyHeaders, body, isStreamingBody } = client.buildBody({ options });
  if (isStreamingBody) given.__metadata = { ...given.__metadata, hasStreamingBody: true };
  const headers = await client.buildHeaders({ options: given, method, bodyHeaders, retryCount });
  const req: Record<string, unknown> = { method, headers };
  if (options.signal) req['signal'] = options.signal;
  if (body instanceof ReadableStream) req['duplex'] = 'half';
  if (body) req['body'] = body;
  return { req: { ...req, ...client.fetchOptions, ...options.fetchOptions } as unknown as FinalizedRequestInit, url, timeout };
}

function checkTimeout(value: unknown): void {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new OpenAIError('timeout must be an integer');
  if (value < 0) throw new OpenAIError('timeout must be a positive integer');
}

export async function requestHeaders(client: Builder, { options, method, bodyHeaders, retryCount }: HeadersInput): Promise<Headers> {
  const helper = options.__metadata?.['helperMethod'];
  const idempotency: Record<string, string> = {};
  if (client.idempotencyHeader && method !== 'get') {
    idempotency[client.idempotencyHeader] = options.idempotencyKey ??= client.defaultIdempotencyKey();
  }
  const security = options.__security ?? { bearerAuth: true };
  const headers = buildHeaders([
    idempotency,
    {
      Accept: 'application/json',
      'User-Agent': client.getUserAgent(),
      'X-Stainless-Retry-Count': String(retryCount),
      ...(options.timeout ? { 'X-Stainless-Timeout': String(Math.trunc(options.timeout / 1000)) } : {}),
      ...getPlatformHeaders(),
      ...(typeof helper === 'string' ? { 'X-Stainless-Helper-Method': helper } : {}),
      'OpenAI-Organization': client.organization,
      'OpenAI-Project': client.project,
    },
    client._provider ? undefined : await client.authHeaders(options, security),
    client._options.defaultHeaders,
    bodyHeaders,
    options.headers,
  ]);
  if (!client._provider) client.validateHeaders(headers, security);
  return headers.values;
}

/** A body and its type, where it does not bring one. */
export function encodeBody(client: Builder, options: FinalRequestOptions): Encoded {
  const body = options.body as any;
  const json = (): Encoded => ({ bodyHeaders: { 'content-type': 'application/json' }, body: JSON.stringify(body), isStreamingBody: false });
  // An operation whose optional body is left out says all the same that it would be JSON.
  if (!body) return body === undefined && 'body' in options ? json() : { bodyHeaders: undefined, body: undefined, isStreamingBody: false };
  const type = buildHeaders([options.headers]).values.get('content-type');
  const isStream = body instanceof ReadableStream;
  const asItIs: boolean =
    ArrayBuffer.isView(body) || body instanceof ArrayBuffer || (typeof body === 'string' && type !== null) ||
    body instanceof Blob || body instanceof FormData || body instanceof URLSearchParams || isStream;
  if (asItIs) return { bodyHeaders: undefined, body: body as never, isStreamingBody: isStream };
  if (typeof body === 'object' && (Symbol.asyncIterator in body || (Symbol.iterator in body && typeof body.next === 'function'))) {
    return { bodyHeaders: undefined, body: streamOf(body), isStreamingBody: true };
  }
  if (typeof body === 'object' && type === 'application/x-www-form-urlencoded') {
    return { bodyHeaders: { 'content-type': type }, body: client.stringifyQuery(body), isStreamingBody: false };
  }
  return json();
}

function streamOf(source: AsyncIterable<unknown> | Iterable<unknown>): ReadableStream {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller: any) {
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
