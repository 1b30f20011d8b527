/** Speech translated while it is spoken. */
import type { OpenAI } from '../../client';
import type { HeadersLike } from '../../internal/headers';
import { EventEmitter } from '../../lib/EventEmitter';
import type * as RealtimeAPI from '../../resources/realtime/realtime';
import { Connection } from '../../sockets/connection';
import { OpenAIRealtimeError } from '../../sockets/realtime-base';
import { ClientSocket, type ClientOptions } from '../../sockets/web-socket';

type Client = RealtimeAPI.RealtimeTranslationClientEvent;
type Server = RealtimeAPI.RealtimeTranslationServerEvent;

/** An event that the types do not have yet. */
export interface RealtimeTranslationEvent {
  type: string;
  [key: string]: unknown;
}

export interface RealtimeTranslationConnectOptions {
  model: string;
  options?:
    | (Omit<ClientOptions, 'headers'> & { headers?: Record<string, string | null | undefined> | undefined })
    | undefined;
}

type Events = {
  event: (event: Server | RealtimeTranslationEvent) => void;
  error: (error: OpenAIRealtimeError) => void;
} & {
  [Type in Exclude<Server['type'], 'error'>]: (event: Extract<Server, { type: Type }>) => void;
};

/** A session that translates; made by `create`, which returns once it is open. */
export class OpenAIRealtimeTranslationWS extends EventEmitter<Events> {
  readonly socket: ClientSocket;
  readonly url: URL;
  /** Closing the session lets what was said so far be translated to its end. */
  readonly session: { close: () => void };
  #inputClosed = false;
  #isOver = false;
  #failure: Error | undefined;
  #ends: ((error?: Error) => void)[] = [];

  private constructor(client: OpenAI, { model, options }: RealtimeTranslationConnectOptions, opened: (error?: Error) => void) {
    super();
    this.url = new URL(client.buildURL('/realtime/translations', { model }));
    this.url.protocol = this.url.protocol === 'http:' ? 'ws:' : 'wss:';
    this.session = { close: () => this.#closeInput() };
    const { headers, handshakeTimeout, maxPayload } = (options ?? {}) as ClientOptions;
    const open = (signal: AbortSignal): Promise<Connection> =>
      Connection.open(client, 'realtime.translations', { model }, {
        signal, headers: headers as HeadersLike, timeout: handshakeTimeout, ...(maxPayload ? { maxPayload } : {}),
      });
    this.socket = new ClientSocket(this.url.toString(), open, {
      open: () => opened(),
      text: (text) => this.#text(text),
      news: () => undefined,
      error: (error) => {
        opened(error);
        this.#fail(error.message, null, error);
      },
      close: (code) => {
        if (!this.#isOver && code !== 1000) this.#failure ??= new OpenAIRealtimeError(`the connection was closed with ${code}`, null);
        this.#end();
      },
    });
  }

  /** Opens a session. */
  static async create(client: OpenAI, props: RealtimeTranslationConnectOptions): Promise<OpenAIRealtimeTranslationWS> {
    let made!: OpenAIRealtimeTranslationWS;
    await new Promise<void>((resolve, reject) => {
      made = new OpenAIRealtimeTranslationWS(client, props, (error) => (error ? reject(error) : resolve()));
      // A handshake that fails rejects; nobody can listen yet.
      made.on('error', () => undefined);
    });
    return made;
  }

  #tell(event: string, ...args: unknown[]): void {
    (this._emit as (event: string, ...args: unknown[]) => void).call(this, event, ...args);
  }

  #text(text: string): void {
    let event: any;
    try {
      event = JSON.parse(text);
    } catch (error) {
      this.#fail('could not parse websocket event', null, error);
      return;
    }
    this.#tell('event', event);
    if (event?.type === 'error') this.#fail(event.error?.message ?? 'unknown error', event, undefined);
    else this.#tell(event?.type, event);
    if (event?.type === 'session.closed') {
      this.#isOver = true;
      this.#end();
    }
  }

  #fail(message: string, event: any, cause: unknown): void {
    const error = new OpenAIRealtimeError(message, event);
    if (cause !== undefined) error.cause = cause;
    this.#failure ??= error;
    this.#tell('error', error);
  }

  #end(): void {
    const ends = this.#ends;
    this.#ends = [];
    for (const end of ends) end(this.#isOver ? undefined : this.#failure);
  }

  #closeInput(): void {
    if (this.#inputClosed) return;
    this.#inputClosed = true;
    this.socket.send(JSON.stringify({ type: 'session.close' }));
  }

  /** Sends an event. */
  send(event: Client | RealtimeTranslationEvent | string): void {
    if (this.#inputClosed) throw new OpenAIRealtimeError('the input of the session is closed', null);
    this.socket.send(typeof event === 'string' ? event : JSON.stringify(event));
  }

  /** Closes the session, waits until all is translated, and closes the connection. */
  async finish({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<void> {
    signal?.throwIfAborted();
    this.#closeInput();
    try {
      await new Promise<void>((resolve, reject) => {
        if (this.#isOver) {
          resolve();
          return;
        }
        const timer = setTimeout(() => reject(new OpenAIRealtimeError('the session did not end in time', null)), timeoutMs);
        const abort = (): void => reject(signal!.reason);
        signal?.addEventListener('abort', abort, { once: true });
        this.#ends.push((error) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          if (error) reject(error);
          else resolve();
        });
      });
    } finally {
      this.close();
    }
  }

  /** Closes the connection at once. */
  close(): void {
    this.socket.close(1000, 'OK');
  }
}
