/**
 * A connection over WebSockets, read event by event. The classes with listeners (`realtime/ws`, `resources/responses/ws` …) are
 * built on it. The core keeps it alive with pings, and makes it anew where that was asked for.
 */
import type { Client } from '../core/client';
import { APIUserAbortError, OpenAIError } from '../core/error';
import { ask, made } from '../internal/asked';
import { headerPairs, type HeadersLike } from '../internal/headers';
import { keep, nativeModule, type NativeSocket } from '../internal/native';
import { callOptions, queryPairs } from '../internal/settings';

/** What a connection can be opened to, by its official resource. */
export type ConnectionResource =
  | 'realtime' | 'realtime.translations' | 'beta.realtime' | 'live' | 'live.sideband' | 'live.forks' | 'responses' | 'beta.responses';

/** What stands in the address of a connection. */
export interface ConnectionParams {
  model?: string | undefined;
  /** An existing call to attach to. */
  callID?: string | undefined;
  intent?: 'transcription' | undefined;
  sessionID?: string | undefined;
  gracefulClose?: boolean | undefined;
}

/** An attempt to connect again; `delay` in milliseconds. */
export interface ReconnectNotice {
  attempt: number;
  maxAttempts: number;
  delay: number;
  code: number;
  reason: string;
}

/** What the program says of an attempt: nothing, that it is to be left, or other options. */
export type ReconnectAdvice = void | undefined | { abort: true } | { query?: Record<string, unknown>; headers?: HeadersLike };

/** How a connection is made and kept; times in milliseconds. */
export interface ConnectionOptions {
  headers?: HeadersLike;
  query?: Record<string, unknown> | undefined;
  /** Longest time for the handshake. Default: the client's `timeout`, 30 s at most. */
  timeout?: number | undefined;
  /** Base URL in place of the client's. */
  baseURL?: string | undefined;
  /** Makes a lost connection anew. Default: a lost connection is an error. */
  reconnect?: boolean | { maxRetries?: number; initialDelay?: number; maxDelay?: number } | undefined;
  /** Is asked before each attempt to connect again. */
  onReconnecting?: ((notice: ReconnectNotice) => ReconnectAdvice) | undefined;
  /** Silence after which the server is pinged, and how long it may then stay silent. Default 20,000 each. */
  pingInterval?: number | undefined;
  pingTimeout?: number | undefined;
  /** How long closing waits for the server. Default 5,000. */
  closeTimeout?: number | undefined;
  /** Longest message to accept, in bytes. Default: 256 MiB. */
  maxPayload?: number | undefined;
  /** Gives the opening up, and lets go of the connection. */
  signal?: AbortSignal | undefined;
}

/** A message that is no JSON. The connection goes on. */
export class MalformedEventError extends OpenAIError {
  constructor(
    /** The message as it came. */
    readonly raw: string,
    why: string,
  ) {
    super(`an event of the connection cannot be read: ${why}; the connection goes on`);
  }
}

/** What comes from a connection: an event of the server's, or news of the connection itself. */
export interface ConnectionItem {
  kind: 'event' | 'news';
  text: string;
}

function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function settingsOf(params: ConnectionParams, options: ConnectionOptions, owner: object): { settings: string; advise: number | undefined } {
  const { reconnect, onReconnecting } = options;
  const policy = typeof reconnect === 'object' ? reconnect : {};
  const wanted = reconnect ? true : onReconnecting !== undefined && reconnect !== false;
  const advise =
    onReconnecting &&
    keep((text) => {
      const { attempt, max_attempts: maxAttempts, delay_s: delay, code, reason } = JSON.parse(text);
      const advice = onReconnecting({ attempt, maxAttempts, delay: delay * 1000, code, reason });
      if (!advice) return null;
      if ('abort' in advice) return 'abort';
      return JSON.stringify({
        ...(advice.query ? { query: queryPairs(advice.query) } : {}),
        ...(advice.headers ? { headers: headerPairs(advice.headers) } : {}),
      });
    }, owner);
  const settings = JSON.stringify({
    model: params.model,
    call_id: params.callID,
    intent: params.intent,
    session_id: params.sessionID,
    graceful_close: params.gracefulClose,
    reconnect: wanted
      ? { max_retries: policy.maxRetries, initial_delay: inSeconds(policy.initialDelay), max_delay: inSeconds(policy.maxDelay) }
      : undefined,
    ping_interval: inSeconds(options.pingInterval),
    ping_timeout: inSeconds(options.pingTimeout),
    close_timeout: inSeconds(options.closeTimeout),
    max_size: options.maxPayload,
    base_url: options.baseURL,
  });
  return { settings, advise: wanted ? advise : undefined };
}

/** An open connection: `C` is sent, `S` comes. */
export class Connection<C = any, S = any> implements AsyncIterable<S> {
  readonly #socket: NativeSocket;
  #abandon: (() => void) | undefined;

  private constructor(
    socket: NativeSocket,
    /** The handshake's `x-request-id`. */
    readonly requestID: string | null,
    signal: AbortSignal | undefined,
  ) {
    this.#socket = socket;
    if (signal) {
      const abort = (): void => this.terminate();
      signal.addEventListener('abort', abort, { once: true });
      this.#abandon = () => signal.removeEventListener('abort', abort);
    }
  }

  /** Opens a connection. */
  static async open<C = any, S = any>(
    client: Client,
    resource: ConnectionResource,
    params: ConnectionParams = {},
    options: ConnectionOptions = {},
  ): Promise<Connection<C, S>> {
    // What is asked before an attempt to connect again lives as long as the connection.
    const owner: { socket?: NativeSocket } = {};
    const { headers, query, timeout, signal } = options;
    if (signal?.aborted) throw new APIUserAbortError();
    const { settings, advise } = settingsOf(params, options, owner);
    const told = JSON.stringify(callOptions({ headers, query, ...(timeout === undefined ? {} : { timeout }) }));
    const socket = made(() => new (nativeModule().Socket)(client._native(), resource, settings, told, advise));
    owner.socket = socket;
    try {
      const { text } = await ask((id) => socket.open(id), signal);
      const connection = new Connection<C, S>(socket, text || null, signal);
      owners.set(connection, owner);
      return connection;
    } catch (error) {
      socket.abandon();
      throw error;
    }
  }

  /** What comes next; `undefined` once the connection has ended in due form. Throws what ended it otherwise. */
  async receive(): Promise<ConnectionItem | undefined> {
    const { what, text } = await ask((id) => this.#socket.receive(id));
    if (text === null) {
      this.#abandon?.();
      return undefined;
    }
    return { kind: what === 1 ? 'event' : 'news', text };
  }

  /**
   * The next event; `undefined` once the connection has ended in due form. Attempts to connect again are told as events of the types
   * `connection.reconnecting` and `connection.reconnected`.
   */
  async next(): Promise<S | undefined> {
    const item = await this.receive();
    if (!item) return undefined;
    try {
      return JSON.parse(item.text) as S;
    } catch (error) {
      throw new MalformedEventError(item.text, (error as Error).message);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<S, void, undefined> {
    for (;;) {
      const event = await this.next();
      if (event === undefined) return;
      yield event;
    }
  }

  /** Sends an event, a text as it stands, or bytes; done when it has gone out. */
  async send(event: C | string | Uint8Array): Promise<void> {
    const message = typeof event === 'string' || event instanceof Uint8Array ? event : JSON.stringify(event);
    await ask((id) => this.#socket.send(id, message));
  }

  /** Sends audio of any length as events that append to the input buffer. */
  async sendAudio(audio: Uint8Array, type = 'input_audio_buffer.append'): Promise<void> {
    const size = nativeModule().audioFrame();
    const bytes = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength);
    for (let at = 0; at < bytes.length; at += size) {
      await this.send(JSON.stringify({ type, audio: bytes.subarray(at, at + size).toString('base64') }));
    }
  }

  /** Closes the connection; code and reason of the server's answer. */
  async close(code = 1000, reason = ''): Promise<{ code: number; reason: string }> {
    const { text } = await ask((id) => this.#socket.close(id, code, reason));
    return JSON.parse(text!);
  }

  /** Lets go of the connection without a word to the server. Whoever waits for an event gets the end. */
  terminate(): void {
    this.#abandon?.();
    this.#socket.abandon();
  }
}

const owners = new WeakMap<object, object>();
