/** Errors, by the official package's names and with its attributes. */
import { named } from '../internal/named';
import { takeThrown } from '../internal/native';

/** What `unfinished` of an error says: what a helper of several requests had made. */
export interface Unfinished {
  resource: string;
  id: string | null;
  status: string | null;
  uploaded: Array<string | null>;
}

/** The base of all errors of this package. */
export class OpenAIError extends Error {
  /** The error's name in every language of this library, such as `rate_limit`. */
  declare readonly kind?: string;
  /** What happened, in the provider's words if it sent some, else in ours. */
  declare readonly detail?: string;
  /** Requests that were sent. */
  declare readonly attempts?: number;
  /** How long the server asked to wait, in seconds. */
  declare readonly retryAfter?: number | null;
  /** Whether the same call may succeed later. */
  declare readonly retryable?: boolean;
  /** What a stream had delivered. */
  declare readonly partial?: { text: string; events: number; snapshot?: unknown } | null;
  declare readonly unfinished?: Unfinished | null;
  /** What only Azure says. */
  declare readonly azure?: { code: string | null; content_filter: Record<string, unknown> } | null;
  /** The close frame of a WebSocket. */
  declare readonly close?: { code: number; reason: string } | null;
  /** The completion that could not be parsed, and what a tool runner had done. */
  declare readonly completion?: unknown;
  declare readonly transcript?: unknown;
}

/** An error of a call: of the server, or on the way there. */
export class APIError<
  TStatus extends number | undefined = number | undefined,
  THeaders extends Headers | undefined = Headers | undefined,
  TError extends Object | undefined = Object | undefined,
> extends OpenAIError {
  /** HTTP status of the reply. */
  readonly status: TStatus;
  /** Headers of the reply. */
  readonly headers: THeaders;
  readonly requestID: string | null | undefined;
  /** The error object of the reply's body. */
  readonly error: TError;
  readonly code: string | null | undefined;
  readonly param: string | null | undefined;
  readonly type: string | undefined;

  constructor(status: TStatus, error: TError, message: string | undefined, headers: THeaders) {
    super(APIError.makeMessage(status, error, message));
    const data = error as Record<string, any> | undefined;
    this.status = status;
    this.headers = headers;
    this.requestID = headers?.get?.('x-request-id');
    this.error = error;
    this.code = data?.['code'];
    this.param = data?.['param'];
    this.type = data?.['type'];
  }

  private static makeMessage(status: number | undefined, error: any, message: string | undefined): string {
    const own = error?.message;
    const text = own ? (typeof own === 'string' ? own : JSON.stringify(own)) : error ? JSON.stringify(error) : message;
    if (status && text) return `${status} ${text}`;
    if (status) return `${status} status code (no body)`;
    return text || '(no status code or body)';
  }

  /** The class for a status. */
  static generate(
    status: number | undefined,
    errorResponse: Object | undefined,
    message: string | undefined,
    headers: Headers | undefined,
  ): APIError {
    if (!status || !headers) {
      return new APIConnectionError({ message, cause: castToError(errorResponse) });
    }
    const error = (errorResponse as Record<string, any> | undefined)?.['error'] as Object | undefined;
    const Class = BY_STATUS[status] ?? (status >= 500 ? InternalServerError : APIError);
    return new (Class as typeof APIError)(status, error, message, headers);
  }
}

/** The call was cancelled by its signal. */
export class APIUserAbortError extends APIError<undefined, undefined, undefined> {
  constructor({ message }: { message?: string } = {}) {
    super(undefined, undefined, message || 'Request was aborted.', undefined);
  }
}

/** No connection, or the connection broke. */
export class APIConnectionError extends APIError<undefined, undefined, undefined> {
  constructor({ message, cause }: { message?: string | undefined; cause?: Error | undefined }) {
    super(undefined, undefined, message || 'Connection error.', undefined);
    if (cause) this.cause = cause;
  }
}

/** The time of the call, or the longest silence of a stream, passed. */
export class APIConnectionTimeoutError extends APIConnectionError {
  constructor({ message }: { message?: string } = {}) {
    super({ message: message ?? 'Request timed out.' });
  }
}

/** 400: the server rejects the request as it stands. */
export class BadRequestError extends APIError<400, Headers> {}
/** 401: the key is missing, wrong or revoked. */
export class AuthenticationError extends APIError<401, Headers> {}
/** 403: the key may not do this. */
export class PermissionDeniedError extends APIError<403, Headers> {}
/** 404: no such thing. */
export class NotFoundError extends APIError<404, Headers> {}
/** 409: the request collides with another change. */
export class ConflictError extends APIError<409, Headers> {}
/** 422: well formed, but not acceptable. */
export class UnprocessableEntityError extends APIError<422, Headers> {}
/** 429: too many requests, or the quota is used up (`code` is `insufficient_quota`). */
export class RateLimitError extends APIError<429, Headers> {}
/** 500 and above. */
export class InternalServerError extends APIError<number, Headers> {}

const BY_STATUS: Record<number, unknown> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: UnprocessableEntityError,
  429: RateLimitError,
};

/** A completion that was to be parsed was cut off by the limit of tokens. */
export class LengthFinishReasonError extends OpenAIError {
  constructor() {
    super('Could not parse response content as the length limit was reached');
  }
}

/** A completion that was to be parsed was stopped by the content filter. */
export class ContentFilterFinishReasonError extends OpenAIError {
  constructor() {
    super('Could not parse response content as the request was rejected by the content filter');
  }
}

/** A webhook delivery is not signed as it should be, or its time is out of tolerance: do not trust it. */
export class InvalidWebhookSignatureError extends Error {
  constructor(message: string) {
    super(message);
  }
}

/** The exchange of an identity for a token was refused. */
export class OAuthError extends APIError<400 | 401 | 403, Headers> {
  readonly error_code: string | undefined;

  constructor(status: 400 | 401 | 403, error: Object | undefined, headers: Headers) {
    const data = error as Record<string, any> | undefined;
    super(status, error, data?.['error_description'] ?? 'OAuth2 authentication error', headers);
    this.error_code = data?.['error'];
  }
}

/** A provider of subject tokens failed. */
export class SubjectTokenProviderError extends OpenAIError {
  readonly provider: string;
  override readonly cause: Error | undefined;

  constructor(message: string, provider: string, cause?: Error) {
    super(message);
    this.provider = provider;
    this.cause = cause;
  }
}

/** Whatever was thrown, as an error. */
export function castToError(thrown: any): Error {
  if (thrown instanceof Error) return thrown;
  if (typeof thrown === 'object' && thrown !== null) {
    try {
      return new Error(JSON.stringify(thrown));
    } catch {
      // It holds itself.
    }
  }
  return new Error(String(thrown));
}

/** Whether a fetch was aborted. */
export function isAbortError(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    (('name' in error && error.name === 'AbortError') ||
      ('message' in error && String(error.message).includes('FetchRequestCanceledException')))
  );
}

/** The record of an error of the core's. */
export interface ErrorRecord {
  kind: string;
  message: string;
  status: number | null;
  type: string | null;
  code: string | null;
  param: string | null;
  request_id: string | null;
  attempts: number;
  retry_after: number | null;
  retryable: boolean;
  headers: string[];
  body: string;
  partial?: OpenAIError['partial'];
  unfinished?: Unfinished;
  azure?: OpenAIError['azure'];
  close?: OpenAIError['close'];
  completion?: unknown;
  transcript?: unknown;
  cause?: string;
  thrown?: number;
}

/** The error of a record (JSON). */
export function fromRecord(text: string): Error {
  const record = JSON.parse(text) as ErrorRecord;
  return describe(make(record), record);
}

/** The error behind an exception of the native module, whose message may be a record. */
export function fromNative(error: unknown): unknown {
  if (error instanceof OpenAIError) return error;
  const message = error instanceof Error ? error.message : '';
  if (message.startsWith('record:')) return fromRecord(message.slice(7));
  return error instanceof Error ? new OpenAIError(message) : error;
}

function make(record: ErrorRecord): Error {
  const { kind, message, status } = record;
  const own = record.thrown === undefined ? undefined : takeThrown(record.thrown);
  if (own instanceof OpenAIError) return own;
  const cause = own === undefined ? (record.cause ? new Error(record.cause) : undefined) : castToError(own);
  switch (kind) {
    case 'webhook_signature':
      return new InvalidWebhookSignatureError(message);
    case 'length_finish':
      return new LengthFinishReasonError();
    case 'content_filter_finish':
      return new ContentFilterFinishReasonError();
    case 'usage':
    case 'step_limit':
    case 'tool':
    case 'closed':
      return withCause(new OpenAIError(message), cause);
    case 'timeout':
    case 'idle_timeout':
      // The message is what programs know; what happened is the cause, and `detail`.
      return withCause(new APIConnectionTimeoutError(), own === undefined ? withCause(new Error(message), cause) : cause);
    case 'stream_ended':
      return new APIConnectionError({ message, cause });
    case 'connection':
    case 'redirect':
      // A fetch of the user's speaks for itself.
      return new APIConnectionError({ cause: own === undefined ? withCause(new Error(message), cause) : cause });
  }
  const headers = toHeaders(record.headers);
  if (kind === 'decode') {
    const error = new APIError(status ?? undefined, undefined, message, headers);
    error.message = message;
    return error;
  }
  const body = parsed(record.body);
  const object = typeof body === 'object' && body !== null ? (body as Record<string, any>) : undefined;
  if (status === null) return withCause(new OpenAIError(message), cause);
  if (status < 400) {
    const inner = object?.['error'] ?? object ?? { message };
    return new APIError(undefined, inner, message, headers);
  }
  if (object && typeof object['error'] === 'string' && 'error_description' in object) {
    return new OAuthError(status as 400, object, headers);
  }
  const whole = object && object['error'] == null ? { error: object } : object;
  return APIError.generate(status, whole, body ? undefined : record.body || undefined, headers);
}

function withCause<E extends Error>(error: E, cause: Error | undefined): E {
  if (cause) error.cause = cause;
  return error;
}

/** Puts what every language knows of an error onto it; out of sight of those who print it. */
function describe(error: Error, record: ErrorRecord): Error {
  const known: Record<string, unknown> = {
    kind: record.kind,
    detail: record.message,
    attempts: record.attempts,
    retryAfter: record.retry_after,
    retryable: record.retryable,
    partial: record.partial ?? null,
    unfinished: record.unfinished ?? null,
    azure: record.azure ?? null,
    close: record.close ?? null,
    completion: record.completion ?? null,
    transcript: record.transcript ?? null,
    record,
  };
  for (const name of Object.keys(known)) {
    Object.defineProperty(error, name, {
      value: known[name],
      enumerable: false,
      configurable: true,
      writable: true,
    });
  }
  return error;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function toHeaders(pairs: string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < pairs.length; at += 2) headers.append(pairs[at]!, pairs[at + 1]!);
  return headers;
}

named({
  OpenAIError, APIError, APIUserAbortError, APIConnectionError, APIConnectionTimeoutError, BadRequestError, AuthenticationError,
  PermissionDeniedError, NotFoundError, ConflictError, UnprocessableEntityError, RateLimitError, InternalServerError, LengthFinishReasonError,
  ContentFilterFinishReasonError, InvalidWebhookSignatureError, OAuthError, SubjectTokenProviderError,
});
