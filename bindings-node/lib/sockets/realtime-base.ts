/** What the classes of realtime sessions have in common, with `ws` and with the platform's `WebSocket`, new and beta. */
import { OpenAI } from '../client';
import { OpenAIError } from '../core/error';
import type { HeadersLike } from '../internal/headers';
import { EventEmitter } from '../lib/EventEmitter';
import { Connection, type ConnectionOptions } from './connection';
import { ClientSocket, type ClientOptions } from './web-socket';
import type { ReconnectingEvent, UnsentMessage } from './ws-base';

/** How a session is made anew when its connection is lost; times in milliseconds. */
export interface RealtimeRecoveryOptions {
  reconnect?: boolean | undefined;
  /** Default 5. */
  maxReconnectAttempts?: number | undefined;
  /** Default 500. */
  reconnectInitialDelay?: number | undefined;
  /** Default 8,000. */
  reconnectMaxDelay?: number | undefined;
  /** Most bytes that may wait while there is no connection. Default 1 MiB. */
  maxQueueBytes?: number | undefined;
}

/** An error of the server's, or of the connection. */
export class OpenAIRealtimeError extends OpenAIError {
  override name = 'OpenAIRealtimeError';
  /** What the server said. */
  error?: any;
  /** The id of the server's event. */
  event_id?: string | undefined;

  constructor(message: string, event: any) {
    super(message);
    this.error = event?.error;
    this.event_id = event?.event_id;
  }
}

/** An event of the server's. */
export function parseRealtimeEvent(data: string): any {
  try {
    return JSON.parse(data);
  } catch {
    throw new SyntaxError('Could not parse Realtime WebSocket event data as JSON.');
  }
}

/** Where a session is. */
export interface Target extends RealtimeRecoveryOptions {
  model?: string | undefined;
  callID?: string | undefined;
  intent?: 'transcription' | undefined;
  buildRealtimeURL?: ((client: any, connection: any) => URL) | undefined;
}

/** What a class of sessions adds to the target. */
export interface SessionProps extends Target {
  options?: ClientOptions | undefined;
  dangerouslyAllowBrowser?: boolean;
  onURL?: (url: URL) => void;
  __resolvedApiKey?: boolean;
  __apiKey?: string | null;
}

/** Whether a client is one of Azure. */
export function isAzure(client: Pick<OpenAI, 'apiKey' | 'baseURL'>): boolean {
  return 'deploymentName' in client;
}

/** The URL of a session, as those who look at it want it: one of a model, of a call, or of a transcription. */
export function buildRealtimeURL(client: Pick<OpenAI, 'apiKey' | 'baseURL'>, connection: string | Target): URL {
  const target: Target = typeof connection === 'string' ? { model: connection } : connection;
  const { model, callID, intent } = target;
  const given = [model, callID, intent].filter((value) => value !== undefined);
  if (given.length !== 1 || !given[0] || (intent !== undefined && intent !== 'transcription')) {
    throw new Error('Pass exactly one of `model`, `callID`, or transcription `intent` when opening a Realtime WebSocket.');
  }
  if (target.buildRealtimeURL) {
    const url = new URL(target.buildRealtimeURL(client, target));
    if (url.protocol !== 'wss:') throw new Error('Custom Realtime WebSocket URLs must use the wss: protocol.');
    return url;
  }
  const url = new URL(client.baseURL);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${isAzure(client) && !/\/v1\/*$/.test(url.pathname) ? '/v1' : ''}/realtime`;
  for (const name of ['model', 'intent', 'call_id']) url.searchParams.delete(name);
  url.hash = '';
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  if (model !== undefined) url.searchParams.set('model', model);
  else if (callID !== undefined) url.searchParams.set('call_id', callID);
  else url.searchParams.set('intent', 'transcription');
  return url;
}

/** Names of events that are not the server's. */
const OWN = new Set(['event', 'close', 'reconnecting', 'reconnected']);

/** A session with listeners: `C` is sent. */
export abstract class RealtimeSession<C, Events extends Record<string, (...args: any) => any>> extends EventEmitter<Events> {
  url: URL;
  socket: ClientSocket;
  #client: OpenAI;
  #waiting: { message: UnsentMessage<C>; text: string; isUnderWay: boolean }[] = [];
  #isLost = false;

  protected constructor(resource: 'realtime' | 'beta.realtime', props: SessionProps, given?: Pick<OpenAI, 'apiKey' | 'baseURL'>) {
    super();
    const client = (given ?? new OpenAI()) as OpenAI;
    if (client._hasApiKeyProvider?.() && !props.__resolvedApiKey) {
      throw new Error(
        'Cannot open Realtime WebSocket with a function-based apiKey.\nUse the .create() method so that the key is resolved before connecting.',
      );
    }
    if (props.reconnect && !props.model) throw new Error('Automatic Realtime recovery requires a model session');
    this.#client = client;
    this.url = buildRealtimeURL(client, props);
    props.onURL?.(this.url);
    this.socket = new ClientSocket(this.url.toString(), (signal) => this.#open(resource, props, signal), {
      open: () => undefined,
      text: (text) => this.#text(text),
      news: (news) => this.#news(news),
      error: (error) => this.#failed(error.message, error),
      close: (code, reason) => this.#tell('close', code, reason, this.takePending()),
    });
  }

  #open(resource: 'realtime' | 'beta.realtime', props: SessionProps, signal: AbortSignal): Promise<Connection> {
    const { headers, handshakeTimeout, maxPayload } = props.options ?? {};
    const options: ConnectionOptions = {
      signal,
      headers: headers as HeadersLike,
      timeout: handshakeTimeout,
      ...(maxPayload ? { maxPayload } : {}),
      ...(props.reconnect
        ? {
            reconnect: {
              maxRetries: props.maxReconnectAttempts ?? 5,
              initialDelay: props.reconnectInitialDelay ?? 500,
              maxDelay: props.reconnectMaxDelay ?? 8000,
            },
          }
        : {}),
    };
    const { model, callID, intent } = props;
    if (!props.buildRealtimeURL) return Connection.open(this.#client, resource, { model, callID, intent }, options);
    // What the program built stands: its origin, its path, and its parameters in place of ours.
    const { origin, pathname, searchParams } = this.url;
    const baseURL = origin.replace(/^ws/, 'http') + pathname.replace(/\/realtime$/, '');
    const query = { ...Object.fromEntries(searchParams) };
    return Connection.open(this.#client, resource, { model, callID, intent }, { ...options, baseURL, query });
  }

  #tell(event: string, ...args: unknown[]): void {
    (this._emit as (event: string, ...args: unknown[]) => void).call(this, event, ...args);
  }

  #text(text: string): void {
    let event: any;
    try {
      event = parseRealtimeEvent(text);
      if (typeof event !== 'object' || event === null || typeof event.type !== 'string') {
        throw new TypeError('Realtime WebSocket event must be an object with a string type.');
      }
    } catch (error) {
      this.#failed('could not parse websocket event', error);
      return;
    }
    this.#tell('event', event);
    if (event.type === 'error') this._onError(event);
    else if (!OWN.has(event.type)) this.#tell(event.type, event);
  }

  #news(news: any): void {
    if (news.type === 'connection.reconnecting') {
      this.#isLost = true;
      const event: ReconnectingEvent = {
        attempt: news.attempt, maxAttempts: news.max_attempts, delay: news.delay_s * 1000, closeCode: news.code, parameters: undefined,
      };
      this.#tell('reconnecting', event);
    } else if (news.type === 'connection.reconnected') {
      this.#isLost = false;
      this.#tell('reconnected');
    }
  }

  #failed(message: string, cause: unknown): void {
    (this._onError as (event: null, message: string, cause: unknown) => void).call(this, null, message, cause);
  }

  protected _onError(event: null, message: string, cause: any): void;
  protected _onError(event: object, message?: string): void;
  protected _onError(event: any, message?: string, cause?: any): void {
    const told = event?.error;
    const text = told
      ? `${told.message} code=${told.code} param=${told.param} type=${told.type} event_id=${told.event_id}`
      : (message ?? 'unknown error');
    const hint = "\n\nTo resolve these unhandled rejection errors you should bind an `error` callback, e.g. `rt.on('error', (error) => ...)` ";
    const isHeard = this._hasListener('error');
    const error = new OpenAIRealtimeError(isHeard ? text : text + hint, event);
    if (cause !== undefined) error.cause = cause;
    if (isHeard) this.#tell('error', error);
    else void Promise.reject(error);
  }

  #give(message: UnsentMessage<C>, text: string): void {
    const one = { message, text, isUnderWay: true };
    this.#waiting.push(one);
    try {
      this.socket.send(text, undefined, (error) => {
        one.isUnderWay = false;
        if (!error) this.#waiting = this.#waiting.filter((other) => other !== one);
        else if (!this.#isLost && this.socket.readyState === 1) this.#failed('could not send data', error);
      });
    } catch (error) {
      this.#waiting = this.#waiting.filter((other) => other !== one);
      throw error;
    }
  }

  /** Sends an event. */
  send(event: C): void {
    try {
      this.#give({ type: 'message', message: event }, JSON.stringify(event));
    } catch (error) {
      this.#failed('could not send data', error);
    }
  }

  /** Sends `response.create`, whose input may refer to items. */
  sendResponseCreate(event: any): void {
    try {
      const text = JSON.stringify(event);
      this.#give({ type: 'raw', data: text }, text);
    } catch (error) {
      this.#failed('could not send data', error);
    }
  }

  /** Sends what did not go out while there was no connection. */
  flushPending(): void {
    const left = this.#waiting.filter((one) => !one.isUnderWay);
    this.#waiting = this.#waiting.filter((one) => one.isUnderWay);
    for (const one of left) this.#give(one.message, one.text);
  }

  /** Takes out what did not go out. */
  takePending(): UnsentMessage<C>[] {
    const left = this.#waiting.map((one) => one.message);
    this.#waiting = [];
    return left;
  }

  /** Closes the connection. */
  close(props?: { code: number; reason: string }): void {
    try {
      this.socket.close(props?.code ?? 1000, props?.reason ?? 'OK');
    } catch (error) {
      this.#failed('could not close the connection', error);
    }
  }
}

/** Resolves the key of a client whose key is a function. */
export async function resolved<P extends object>(client: Pick<OpenAI, '_callApiKey'>, props: P): Promise<P & SessionProps> {
  return { ...props, __resolvedApiKey: await client._callApiKey() };
}
