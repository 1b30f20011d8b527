/** One call on its way: what it sends, and what has come of it. */
import { AsyncResource } from 'node:async_hooks';
import type { Client } from '../core/client';
import { APIError, APIUserAbortError, fromNative, fromRecord, OpenAIError } from '../core/error';
import { isTooDeep, parseBig, stringify } from './big';
import { keepsFolders } from './as-official';
import { baseName, safePath } from './file-names';
import { takeFiles, type Naming } from './files';
import {
  begin,
  cancel,
  close,
  Kind,
  nativeModule,
  pull,
  row,
  type NativeClient,
  type NativeUpload,
  type Row,
  type Waiter,
  type Way,
} from './native';
import { CALL, type FinalRequestOptions, type RequestOptions } from './request-options';
import { bodyOf, Parts } from './source';
import { withNumbers } from './vectors';

/** What starts a call of the native client's. */
type Start = (native: NativeClient, id: number, options: string | undefined) => void;

/** What came of a call: the head of its reply, and its body, or where to read it. */
export class CallResult {
  /** What the JSON of the body was made into. */
  value: unknown;
  /** Whether `value` was made. */
  isParsed = false;
  #body: string | number;
  #headers: Headers | undefined;
  #response: Response | undefined;

  constructor(
    readonly kind: Kind,
    readonly status: number,
    private readonly lines: string,
    body: string | number,
    readonly attempts: number,
    readonly call: Call,
    /** The body's value, where the body was parsed while it came. */
    readonly parts?: Parts,
  ) {
    this.#body = body;
  }

  /** The body; or the number of its source. */
  get body(): string | number {
    return this.parts ? JSON.stringify(this.parts.whole) : this.#body;
  }

  get options(): FinalRequestOptions {
    return this.call.finalOptions();
  }

  get headers(): Headers {
    if (!this.#headers) {
      this.#headers = new Headers();
      const parts = this.lines.split('\n');
      for (let at = 0; at + 1 < parts.length; at += 2) this.#headers.append(parts[at]!, parts[at + 1]!);
    }
    return this.#headers;
  }

  /** One header, without making an object of all. */
  header(name: string): string | null {
    // A value may read as a name does.
    if (!this.lines.includes(name)) return null;
    const parts = this.lines.split('\n');
    for (let at = 0; at + 1 < parts.length; at += 2) if (parts[at] === name) return parts[at + 1]!;
    return null;
  }

  get requestID(): string | null {
    return this.header('x-request-id');
  }

  /** The reply as `fetch` would have given it. */
  get response(): Response {
    if (!this.#response) {
      const empty = this.status === 204 || this.status === 205 || this.status === 304;
      const body =
        empty ? null
        : this.parts || typeof this.#body === 'string' ? (this.body as string)
        : bodyOf(this.#body, this.kind, this.call.signal);
      const init = { status: this.status, headers: this.headers };
      this.#response = new Response(body, init);
      Object.defineProperty(this.#response, 'url', { value: this.call.url(), configurable: true });
    }
    return this.#response;
  }
}

const NOW = Promise.resolve();

/** A call. It starts with the next microtask, so that `asResponse` may still say how its reply is read. */
export class Call {
  /** Whether the reply is wanted as it comes. */
  unread = false;
  started = false;
  /** What the caller gave, where it is to be checked before it is sent. */
  given: object | undefined | null;
  /** Ends the call; undone when it is over. */
  readonly signal: AbortSignal | undefined;
  #id = 0;
  /** What a large reply is read from. */
  #source: number | undefined;
  #resolve!: (result: CallResult) => void;
  #reject!: (error: unknown) => void;
  readonly result: Promise<CallResult>;

  constructor(
    readonly client: Client,
    readonly operation: number,
    readonly path: string[],
    readonly params: object | undefined,
    readonly requestOptions: RequestOptions | undefined | null,
    private readonly custom?: { start: Start; url: string; news?: ((news: any) => void) | undefined },
  ) {
    this.signal = requestOptions?.signal ?? undefined;
    this.given = params;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Not as a microtask of its own: fake timers of tests hold those back.
    void NOW.then(() => this.#start());
  }

  get row(): Row | undefined {
    return this.operation < 0 ? undefined : row(this.operation);
  }

  /** Where the request went, without its query. */
  url(): string {
    const base = this.client.baseURL.replace(/\/$/, '');
    if (this.custom) return base + this.custom.url;
    const { path, pathParams } = this.row!;
    return base + pathParams.reduce((url, name, at) => url.replace(`{${name}}`, encodeURIComponent(this.path[at]!)), path);
  }

  finalOptions(): FinalRequestOptions {
    const found = this.row;
    const method = (found?.verb.toLowerCase() ?? 'get') as FinalRequestOptions['method'];
    const { planOf } = require('./official') as typeof import('./official');
    const plan = found && planOf(this.operation);
    // Methods that take a query have one, also where nothing was given.
    const params = this.params ?? (plan?.query.length ? {} : undefined);
    const given = !params ? {} : method === 'get' ? { query: params } : { body: params };
    return {
      method,
      path: this.url().slice(this.client.baseURL.replace(/\/$/, '').length),
      ...given,
      ...this.requestOptions,
      ...(plan ? { __security: plan.admin ? { adminAPIKeyAuth: true } : { bearerAuth: true } } : {}),
      [CALL]: { operation: this.operation, path: this.path, params: this.params },
    } as FinalRequestOptions;
  }

  #start(): void {
    this.started = true;
    if (this.signal?.aborted) {
      this.#reject(userAbort(this.signal!));
      return;
    }
    try {
      if (this.custom) {
        this.#send(this.custom.start);
        return;
      }
      const found = row(this.operation);
      let params = this.params;
      const own = this.requestOptions?.body;
      if (own !== undefined) params = own as object;
      if (!found.uploads) {
        const fields = params === undefined || params === null ? '{}' : stringify(params);
        this.#send(this.#starter(found, params, fields, undefined));
        return;
      }
      const given = found.raw !== undefined && isContent(params) ? { [found.raw]: params } : params;
      const refused = this.client._checksArguments ? undefined : refusedNull(this.operation, given);
      if (refused) {
        this.#reject(refused);
        return;
      }
      takeFiles(given, this.client._checksArguments ? undefined : namingOf(this.operation))
        .then(({ fields, files }) => this.#send(this.#starter(found, given, fields, files)))
        .catch((error) => this.#reject(error));
    } catch (error) {
      this.#reject(fromNative(error));
    }
  }

  #starter(found: Row, params: object | undefined, fields: string, files: NativeUpload[] | undefined): Start {
    const streams =
      typeof found.stream === 'string' ? Boolean((params as Record<string, unknown> | undefined)?.[found.stream]) : found.stream;
    let way: Way = 0;
    if (this.unread || found.reply === 'binary') way = 2;
    else if (streams || found.reply === 'events') way = 1;
    const path = this.path.length ? this.path : undefined;
    if (this.client._checksArguments && this.given !== null) {
      checkArguments(this.operation, this.given === this.params ? fields : stringify(this.given ?? {}));
    }
    return (native, id, options) => native.call(id, this.operation, path, fields, options, files, way);
  }

  #send(start: Start): void {
    const { signal } = this;
    if (signal?.aborted) {
      this.#reject(userAbort(this.signal!));
      return;
    }
    let abort: (() => void) | undefined;
    let done = (): void => undefined;
    const began = Date.now();
    let log: ReturnType<Client['_log']>;
    try {
      log = this.client._log(this);
    } catch (error) {
      // The program's logger threw.
      this.#reject(error);
      return;
    }
    try {
      const prepared = this.client._prepare(this.requestOptions);
      done = () => {
        prepared.done?.();
        if (abort) signal!.removeEventListener('abort', abort);
      };
      const take: Waiter = (kind, a, b, c, d) => {
        if (kind === Kind.News) {
          this.custom?.news?.(parseJSON(a as string));
          return;
        }
        if (kind === Kind.Parts) {
          const result = new CallResult(Kind.Json, a as number, b as string, '', d as number, this, new Parts());
          this.#join(c as number, result, done, () => log?.ended(a as number, Date.now() - began));
          return;
        }
        done();
        if (kind === Kind.Failed) {
          const error = fromRecord(a as string);
          const nothing = this.#nothing(error);
          if (nothing) {
            log?.ended(204, Date.now() - began);
            this.#resolve(nothing);
            return;
          }
          log?.failed(error, Date.now() - began);
          this.#reject(error);
        } else if (kind === Kind.Vectors) {
          log?.ended(a as number, Date.now() - began);
          const result = new CallResult(Kind.Json, a as number, b as string, '', d as number, this, new Parts());
          result.parts!.whole = withNumbers(c as [string, Uint8Array]);
          this.#resolve(result);
        } else {
          log?.ended(a as number, Date.now() - began);
          this.#resolve(new CallResult(kind, a as number, b as string, c as string | number, d as number, this));
        }
      };
      const waiter: Waiter = (kind, a, b, c, d) => {
        try {
          take(kind, a, b, c, d);
        } catch (error) {
          // A listener or a logger of the program threw: the call ends by it.
          if (kind === Kind.News) {
            cancel(this.#id);
            done();
          }
          if (kind === Kind.Events || kind === Kind.Bytes || kind === Kind.Parts) close(c as number);
          this.#reject(error);
        }
      };
      // Loggers and listeners of the program run in the context of its call.
      const heard = log || this.custom?.news ? AsyncResource.bind(waiter) : waiter;
      this.#id = begin(heard, (id) => start(prepared.native, id, prepared.options));
    } catch (error) {
      done();
      this.#reject(fromNative(error));
      return;
    }
    if (signal) {
      abort = () => {
        cancel(this.#id);
        if (this.#source !== undefined) close(this.#source);
        done();
        this.#reject(userAbort(signal!));
      };
      signal.addEventListener('abort', abort, { once: true });
    }
  }

  /** A reply that says that it has no content has the value `null`, as in the official package; clients that check take it for an error. */
  #nothing(error: any): CallResult | undefined {
    if (error.kind !== 'decode' || error.status !== 204 || this.client._checksArguments) return undefined;
    const lines = [...(error.headers as Headers)].flat().join('\n');
    return new CallResult(Kind.Json, 204, lines, '', error.attempts, this);
  }

  /** Reads a large reply, a part in a turn of the event loop. */
  #join(source: number, result: CallResult, done: () => void, ended: () => void): void {
    this.#source = source;
    this.#id = pull(source, false, (kind, path, text, isLast) => {
      try {
        if (kind !== Kind.Part) throw fromRecord(path as string);
        result.parts!.add(path as string, parseJSON(text as string, result));
      } catch (error) {
        close(source);
        done();
        this.#reject(error);
        return;
      }
      if (!isLast) {
        this.#join(source, result, done, ended);
        return;
      }
      done();
      try {
        ended();
        this.#resolve(result);
      } catch (error) {
        this.#reject(error);
      }
    });
  }
}

function userAbort(signal: AbortSignal): APIUserAbortError {
  return Object.defineProperty(new APIUserAbortError(), 'cause', { value: signal.reason, writable: true, configurable: true });
}

/** Refuses arguments that do not fit the description. */
function checkArguments(operation: number, fields: string): void {
  const why = nativeModule().checkArguments(operation, fields);
  if (why === null) return;
  const error = new OpenAIError(why);
  for (const [name, value] of Object.entries({ kind: 'usage', detail: why, attempts: 0, retryable: false })) {
    Object.defineProperty(error, name, { value, enumerable: false, configurable: true, writable: true });
  }
  throw error;
}

/** Forms have nothing that says `null`. */
function refusedNull(operation: number, params: object | undefined | null): TypeError | undefined {
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== null || nativeModule().plan(operation).body !== 'multipart') continue;
    return new TypeError(`Received null for "${name}"; to pass null in FormData, you must use the string 'null'`);
  }
  return undefined;
}

function namingOf(operation: number): Naming {
  return keepsFolders(operation) ? safePath : baseName;
}

function isContent(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob));
}

/** JSON text as a value. What a server gets wrong and the core reads all the same is read by the core. */
export function parseJSON(text: string, result?: CallResult, big = result?.call.client._bigIntegers): unknown {
  if (result && isTooDeep(text)) throw decodeError(text, 'it is nested too deeply', result);
  try {
    return big ? parseBig(text) : JSON.parse(text);
  } catch {
    let why: string;
    try {
      return JSON.parse(nativeModule().normalise(text));
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    throw decodeError(text, why, result);
  }
}

function decodeError(text: string, why: string, result: CallResult | undefined): Error {
  const type = result?.header('content-type')?.split(';')[0]!.trim() || 'unknown';
  const message =
    result === undefined ? `an event of the stream cannot be read: ${why}`
    : text.trim() === '' ? `the reply is empty (content type ${type}), where JSON is due`
    : `the reply cannot be read (content type ${type}, ${Buffer.byteLength(text)} bytes): ${why}`;
  const error = new APIError(result?.status, undefined, message, result?.headers);
  error.message = message;
  const known = { kind: 'decode', detail: message, attempts: result?.attempts ?? 0, retryAfter: null, retryable: false };
  for (const [name, value] of Object.entries(known)) {
    Object.defineProperty(error, name, { value, enumerable: false, configurable: true, writable: true });
  }
  return error;
}
