/** What the classes over WebSockets with listeners have in common: `ResponsesWS`, `LiveWS` and their kin. */
import type { OpenAI } from '../client';
import { OpenAIError } from '../core/error';
import type { HeadersLike } from '../internal/headers';
import { EventEmitter } from '../lib/EventEmitter';
import { Connection, type ConnectionOptions, type ConnectionParams, type ConnectionResource, type ReconnectNotice } from './connection';
import { bytesOf, ClientSocket, type ClientOptions, type RawWebSocketData } from './web-socket';

export type { RawWebSocketData } from './web-socket';

/** An attempt to connect again; `delay` in milliseconds. */
export interface ReconnectingEvent<Parameters = Record<string, unknown>> {
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly delay: number;
  readonly closeCode: number;
  readonly parameters: (Parameters & Record<string, unknown>) | undefined;
}

/** Other parameters for the attempt, or its end. */
export type ReconnectingOverrides<Parameters = Record<string, unknown>> =
  | { parameters?: (Parameters & Record<string, unknown>) | undefined }
  | { abort: true };

/** What was given to be sent and did not go out. */
export type UnsentMessage<T> = { type: 'message'; message: T } | { type: 'raw'; data: RawWebSocketData };

/** How connecting again is done. */
export interface WSReconnectOptions<Parameters = Record<string, unknown>> {
  onReconnecting(event: ReconnectingEvent<Parameters>): ReconnectingOverrides<Parameters> | void;
  /** Default 5. */
  maxRetries?: number;
  /** Milliseconds. Default 500. */
  initialDelay?: number;
  /** Milliseconds. Default 8,000. */
  maxDelay?: number;
}

export interface WSBaseOptions<Parameters = Record<string, unknown>> {
  /** Makes a lost connection anew. */
  reconnect?: WSReconnectOptions<Parameters> | null | undefined;
  /** Most bytes that may wait while there is no connection; one message may always. Default 1 MiB. */
  maxQueueSize?: number | undefined;
}

export interface WSClientOptions<Parameters = Record<string, unknown>> extends ClientOptions, WSBaseOptions<Parameters> {
  auth?: string;
}

/** What an iterator over a connection may be told. */
export interface WebSocketStreamOptions {
  /** Most records that may wait; beyond that the iterator fails. */
  maxBufferedEvents?: number | undefined;
}

/** What an iterator over a connection gives. */
export type StreamMessage<C, S, P = Record<string, unknown>> =
  | { type: 'connecting' | 'open' | 'closing' }
  | { type: 'close'; code: number; reason: string; unsent: UnsentMessage<C>[] }
  | { type: 'reconnecting'; reconnect: ReconnectingEvent<P> }
  | { type: 'reconnected' }
  | { type: 'message'; message: S }
  | { type: 'raw'; data: RawWebSocketData }
  | { type: 'error'; error: WebSocketError };

/** An error of the server's, or of the connection. */
export class WebSocketError extends OpenAIError {
  /** The server's event. */
  declare error?: any;

  constructor(message: string, event: object | null) {
    super(message);
    Object.defineProperty(this, 'error', { value: event ?? undefined, writable: true, configurable: true, enumerable: false });
  }
}

/** Names of events that are not the server's. */
const OWN = new Set(['raw', 'close', 'event', 'reconnecting', 'reconnected', 'open']);
const QUEUE = 1 << 20;

/** Lengths of events in bytes, and the text of the one that is being told. */
const lengths = new WeakMap<object, number>();
let told: { event: object; text: string } | undefined;

/** How long an event was on the wire, in bytes. */
export function getWebSocketEventBytes(event: object): number {
  return lengths.get(event) ?? Buffer.byteLength(JSON.stringify(event));
}

/** The JSON of an event, while listeners hear of it. */
export function getWebSocketEventPayload(event: object): string | undefined {
  return told?.event === event ? told.text : undefined;
}

/** Where a class connects to. */
export interface Place {
  resource: ConnectionResource;
  /** The URL below the base, for those who look at it. */
  path: (parameters: Record<string, unknown>) => [string, Record<string, unknown>];
  /** Parameters that stand in the core's own arguments. */
  params: (parameters: Record<string, unknown>) => [ConnectionParams, Record<string, unknown>];
}

/** The URL that a connection has. */
export function urlOf(client: OpenAI, place: Place, parameters: Record<string, unknown>): URL {
  const [path, query] = place.path(parameters);
  const url = new URL(client.buildURL(path, query));
  url.protocol = url.protocol === 'http:' || url.protocol === 'ws:' ? 'ws:' : 'wss:';
  return url;
}

type Waiting<C> = { message: UnsentMessage<C>; data: RawWebSocketData; size: number };

/** A connection with listeners. */
export abstract class WSBase<C, S extends object, Events extends Record<string, (...args: any) => any>, P = Record<string, unknown>> extends EventEmitter<Events> {
  url: URL;
  socket: ClientSocket;
  protected _client: OpenAI;
  protected _parameters: (P & Record<string, unknown>) | null | undefined;
  readonly #place: Place;
  readonly #options: WSClientOptions<P>;
  #waiting: Waiting<C>[] = [];
  #bytes = 0;
  #streams = new Set<(message: StreamMessage<C, S, P>) => void>();

  protected constructor(client: OpenAI, place: Place, parameters: P | undefined, options?: WSClientOptions<P> | null) {
    super();
    this._client = client;
    this._parameters = parameters as (P & Record<string, unknown>) | undefined;
    this.#place = place;
    this.#options = options ?? {};
    this.url = urlOf(client, place, this._parameters ?? {});
    this.socket = new ClientSocket(this.url.toString(), (signal) => this.#open(signal), {
      open: () => this.#opened(),
      text: (text) => this.#text(text),
      news: (news) => this.#news(news),
      error: (error) => this.#failed(null, error.message, error),
      close: (code, reason) => this.#closed(code, reason),
    });
  }

  #open(signal: AbortSignal): Promise<Connection> {
    const { reconnect, headers, handshakeTimeout, maxPayload } = this.#options;
    const [params, query] = this.#place.params(this._parameters ?? {});
    const options: ConnectionOptions = {
      signal,
      query,
      headers: headers as HeadersLike,
      timeout: handshakeTimeout,
      ...(maxPayload ? { maxPayload } : {}),
      ...(reconnect && reconnect.maxRetries !== 0
        ? {
            reconnect: {
              maxRetries: reconnect.maxRetries ?? 5,
              initialDelay: reconnect.initialDelay ?? 500,
              maxDelay: reconnect.maxDelay ?? 8000,
            },
            onReconnecting: (notice) => this.#advise(reconnect, notice),
          }
        : {}),
    };
    return Connection.open(this._client, this.#place.resource, params, options);
  }

  #advise(reconnect: WSReconnectOptions<P>, notice: ReconnectNotice): { abort: true } | { query: Record<string, unknown> } | undefined {
    const event: ReconnectingEvent<P> = {
      attempt: notice.attempt,
      maxAttempts: notice.maxAttempts,
      delay: notice.delay,
      closeCode: notice.code,
      parameters: this._parameters ?? undefined,
    };
    this.#tell('reconnecting', event);
    this.#push({ type: 'reconnecting', reconnect: event });
    const said = reconnect.onReconnecting?.(event);
    if (!said) return undefined;
    if ('abort' in said) return { abort: true };
    if (said.parameters === undefined) return undefined;
    this._parameters = said.parameters;
    this.url = urlOf(this._client, this.#place, said.parameters);
    return { query: this.#place.params(said.parameters)[1] };
  }

  #tell(event: string, ...args: unknown[]): void {
    (this._emit as (event: string, ...args: unknown[]) => void).call(this, event, ...args);
  }

  #push(message: StreamMessage<C, S, P>): void {
    for (const stream of this.#streams) stream(message);
  }

  #opened(): void {
    this.#push({ type: 'open' });
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const one of waiting) this.#transmit(one);
  }

  #news(news: { type: string }): void {
    if (news.type !== 'connection.reconnected') return;
    this.#tell('reconnected');
    this.#push({ type: 'reconnected' });
  }

  #text(text: string): void {
    let event: any;
    try {
      event = JSON.parse(text);
    } catch {
      this.#raw(text);
      return;
    }
    if (event === null || typeof event !== 'object' || !Object.hasOwn(event, 'type') || typeof event.type !== 'string') {
      this.#failed(null, 'received invalid WebSocket event: expected an object with an own string type', undefined);
      return;
    }
    if (OWN.has(event.type)) {
      this.#failed(null, 'received reserved WebSocket event type', undefined);
      return;
    }
    lengths.set(event, Buffer.byteLength(text));
    this.#push({ type: 'message', message: event });
    told = { event, text };
    try {
      this.#tell('event', event);
    } finally {
      told = undefined;
    }
    if (event.type === 'error') this._onError(event);
    else this.#tell(event.type, event);
  }

  #raw(data: RawWebSocketData): void {
    this.#push({ type: 'raw', data });
    this.#tell('raw', data);
  }

  #closed(code: number, reason: string): void {
    const unsent = this.#waiting.map((one) => one.message);
    this.#waiting = [];
    this.#push({ type: 'close', code, reason, unsent });
    this.#streams.clear();
    this.#tell('close', code, reason, unsent);
  }

  #failed(event: object | null, message: string | undefined, cause: unknown): void {
    (this._onError as (event: object | null, message?: string, cause?: unknown) => void).call(this, event, message, cause);
  }

  protected _onError(event: null, message: string, cause: any): void;
  protected _onError(event: object, message?: string): void;
  protected _onError(event: any, message?: string, cause?: any): void {
    const said = message ?? event?.error?.message ?? event?.message;
    const text = typeof said === 'string' ? said : 'unknown error';
    const isHeard = this._hasListener('error') || this.#streams.size > 0;
    const hint = "\n\nTo resolve these unhandled rejection errors you should bind an `error` callback, e.g. `ws.on('error', (error) => ...)` ";
    const error = new WebSocketError(isHeard ? text : text + hint, event);
    if (cause !== undefined) error.cause = cause;
    if (!isHeard) {
      void Promise.reject(error);
      return;
    }
    if (event === null) this.#push({ type: 'error', error });
    if (this._hasListener('error')) this.#tell('error', error);
  }

  #transmit(one: Waiting<C>): void {
    this.#waiting.push(one);
    this.socket.send(one.data, undefined, (error) => {
      // What did not go out stays, and is told when the connection has ended.
      if (!error) this.#waiting = this.#waiting.filter((other) => other !== one);
    });
  }

  #give(message: UnsentMessage<C>, data: RawWebSocketData): void {
    const size = typeof data === 'string' ? Buffer.byteLength(data) : bytesOf(data).byteLength;
    const one = { message, data, size };
    if (this.socket.readyState === 1) {
      this.#transmit(one);
      return;
    }
    if (this.socket.readyState >= 2) {
      this.#failed(null, 'cannot send on a closed WebSocket', undefined);
      return;
    }
    if (this.#waiting.length > 0 && this.#bytes + size > (this.#options.maxQueueSize ?? QUEUE)) {
      this.#failed(null, 'the queue of messages to send is full, the message is discarded', undefined);
      return;
    }
    this.#bytes += size;
    this.#waiting.push(one);
  }

  /** Sends an event; before the connection stands it waits. */
  send(event: C): void {
    try {
      this.#give({ type: 'message', message: event }, JSON.stringify(event));
    } catch (error) {
      this.#failed(null, 'could not send data', error);
    }
  }

  /** Sends data as it stands. */
  sendRaw(data: RawWebSocketData): void {
    try {
      this.#give({ type: 'raw', data }, data);
    } catch (error) {
      this.#failed(null, 'could not send data', error);
    }
  }

  /** Closes the connection. */
  close(props?: { code: number; reason: string }): void {
    try {
      this.#push({ type: 'closing' });
      this.socket.close(props?.code ?? 1000, props?.reason ?? 'OK');
    } catch (error) {
      this.#failed(null, 'could not close the connection', error);
    }
  }

  /** All that happens on the connection. Leaving the loop does not close it. */
  stream(options?: WebSocketStreamOptions): AsyncIterableIterator<StreamMessage<C, S, P>> {
    return this[Symbol.asyncIterator](options);
  }

  [Symbol.asyncIterator](options?: WebSocketStreamOptions): AsyncIterableIterator<StreamMessage<C, S, P>> {
    const states = ['connecting', 'open', 'closing'] as const;
    const state = states[this.socket.readyState as 0];
    const records = new Records<StreamMessage<C, S, P>>(options?.maxBufferedEvents ?? Infinity);
    if (state === undefined) return records.read(() => undefined);
    const take = (message: StreamMessage<C, S, P>): void => records.add(message);
    this.#streams.add(take);
    take({ type: state });
    return records.read(() => this.#streams.delete(take));
  }
}

/** Records that wait to be read. */
class Records<T extends { type: string }> {
  #waiting: T[] = [];
  #isOver = true;
  #overflow = false;
  #wake: (() => void) | undefined;

  constructor(private readonly most: number) {}

  add(record: T): void {
    this.#isOver = false;
    if (this.#waiting.length >= this.most) {
      this.#overflow = true;
      this.#waiting = [];
    } else if (!this.#overflow) this.#waiting.push(record);
    this.#wake?.();
  }

  async *read(done: () => void): AsyncGenerator<T, void, undefined> {
    try {
      while (!this.#isOver) {
        if (this.#overflow) throw new WebSocketError('more events wait than `maxBufferedEvents` allows', null);
        const next = this.#waiting.shift();
        if (next) {
          this.#isOver = next.type === 'close';
          yield next;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
        }
      }
    } finally {
      done();
    }
  }
}
