/** Options of one request. */
import type { HeadersLike, NullableHeaders } from './headers';
import type { HTTPMethod, MergedRequestInit } from './types';

export type RequestOptions = {
  method?: HTTPMethod;
  path?: string;
  /** Further query parameters. */
  query?: object | undefined | null;
  /** A body in place of that of the parameters. */
  body?: unknown;
  /** Members of the body besides those of the parameters. */
  extraBody?: Record<string, unknown> | undefined;
  /** Further headers; `null` takes one away. */
  headers?: HeadersLike;
  /** How often a failed call is tried again. */
  maxRetries?: number;
  stream?: boolean | undefined;
  /** Milliseconds for the whole call; for a stream until its first event. */
  timeout?: number;
  /** Handed to `fetch`; a call with it goes through the platform's `fetch`. */
  fetchOptions?: MergedRequestInit;
  /** Cancels the call. */
  signal?: AbortSignal | undefined | null;
  /** Value of `Idempotency-Key`, the same for every attempt. */
  idempotencyKey?: string;
  defaultBaseURL?: string | undefined;
  /** Milliseconds of silence between two events of a stream; 60,000 by default. */
  idleTimeout?: number;
  /** Milliseconds until a stream's first event once the reply has begun. */
  firstEventTimeout?: number;
  /** Milliseconds after which a slow read is sent a second time. */
  hedgeAfter?: number;
  __metadata?: Record<string, unknown>;
  __security?: { bearerAuth?: boolean; adminAPIKeyAuth?: boolean };
  __binaryResponse?: boolean | undefined;
  __streamClass?: any;
  __synthesizeEventData?: boolean;
  __streamMode?: 'legacy' | 'events';
};

/** A body that has no form of its own goes as JSON. */
export const FallbackEncoder = ({ body }: { headers?: NullableHeaders; body: unknown }): EncodedContent => ({
  bodyHeaders: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** A body as it is sent, and what headers say of it. */
export type EncodedContent = { bodyHeaders: HeadersLike; body: RequestInit['body'] };

export type RequestEncoder = (request: { headers: NullableHeaders; body: unknown }) => EncodedContent;

/** Name of what only our own calls have among their options. */
export const CALL: unique symbol = Symbol('threadline.call');

export type FinalRequestOptions = RequestOptions & {
  method: HTTPMethod;
  path: string;
  /** The operation, its path arguments and parameters, where it is one of the table's. By a symbol: pages show their options. */
  [CALL]?: { operation: number; path: string[]; params: object | undefined };
};

const KEYS = new Set<string>([
  'method', 'path', 'query', 'body', 'headers', 'maxRetries', 'stream', 'timeout', 'fetchOptions', 'signal', 'idempotencyKey',
  'defaultBaseURL', 'extraBody', 'idleTimeout', 'firstEventTimeout', 'hedgeAfter', '__metadata', '__security', '__binaryResponse', '__streamClass',
  '__synthesizeEventData', '__streamMode',
]);

/** Whether this is request options and nothing else. */
export function isRequestOptions(value: unknown): value is RequestOptions {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length > 0 &&
    Object.keys(value).every((key) => KEYS.has(key))
  );
}
