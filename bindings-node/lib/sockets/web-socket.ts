/**
 * The `socket` of the classes with listeners: what the package `ws` and the platform's `WebSocket` offer, over a connection of the core's.
 */
import { EventEmitter } from 'node:events';
import type { Agent } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { OpenAIError } from '../core/error';
import type { Connection } from './connection';

/** Data as either of the two takes it. */
export type RawWebSocketData = string | ArrayBufferLike | ArrayBufferView | ArrayBufferView[];

/** What the class around the socket hears, before anybody else. */
export interface SocketHooks {
  open(): void;
  text(text: string): void;
  /** News of the connection, as the core tells it. */
  news(news: any): void;
  error(error: Error): void;
  close(code: number, reason: string): void;
}

/** The options of the package `ws`; those of headers, the handshake's time and the longest message are understood. */
export interface ClientOptions extends SecureContextOptions {
  protocol?: string | undefined;
  followRedirects?: boolean | undefined;
  generateMask?(mask: Buffer): void;
  handshakeTimeout?: number | undefined;
  maxRedirects?: number | undefined;
  perMessageDeflate?: any;
  localAddress?: string | undefined;
  protocolVersion?: number | undefined;
  headers?: { [key: string]: string } | undefined;
  origin?: string | undefined;
  agent?: Agent | undefined;
  host?: string | undefined;
  family?: number | undefined;
  checkServerIdentity?(servername: string, cert: any): boolean;
  rejectUnauthorized?: boolean | undefined;
  allowSynchronousEvents?: boolean | undefined;
  autoPong?: boolean | undefined;
  maxPayload?: number | undefined;
  maxBufferedChunks?: number | undefined;
  maxFragments?: number | undefined;
  skipUTF8Validation?: boolean | undefined;
  createConnection?: any;
  finishRequest?: any;
}

type Listener = (event: any) => void;
type Outcome = (error?: Error) => void;

/** Bytes of a message that is no text. */
export function bytesOf(data: Exclude<RawWebSocketData, string>): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data.map((part) => bytesOf(part)));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}

/** Calls listeners. What they throw is the program's, and no failure of the connection. */
function outside(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** A WebSocket. */
export class ClientSocket extends EventEmitter {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly protocol = '';
  readonly extensions = '';
  binaryType = 'nodebuffer';
  /** Bytes that were given to `send` and have not gone out. */
  bufferedAmount = 0;
  readyState: 0 | 1 | 2 | 3 = 0;
  onopen: Listener | null = null;
  onmessage: Listener | null = null;
  onerror: Listener | null = null;
  onclose: Listener | null = null;
  readonly #hooks: SocketHooks;
  readonly #abort = new AbortController();
  #connection: Connection | undefined;
  #closing: { code: number; reason: string } | undefined;
  #wrapped = new Map<Listener, (...args: any[]) => void>();

  constructor(
    readonly url: string,
    open: (signal: AbortSignal) => Promise<Connection>,
    hooks: SocketHooks,
  ) {
    super();
    this.#hooks = hooks;
    void this.#run(open);
  }

  /** The socket that belongs to the platform; here it is this one. */
  get platformSocket(): this {
    return this;
  }

  async #run(open: (signal: AbortSignal) => Promise<Connection>): Promise<void> {
    // Whoever made the socket gets to hear of everything.
    await Promise.resolve();
    try {
      this.#connection = await open(this.#abort.signal);
    } catch (error) {
      this.#fail(error as Error);
      this.#closed(1006, '');
      return;
    }
    if (this.readyState === 0) {
      this.readyState = 1;
      outside(() => {
        this.#hooks.open();
        this.emit('open');
        this.onopen?.({ type: 'open', target: this });
      });
    }
    await this.#read(this.#connection);
  }

  async #read(connection: Connection): Promise<void> {
    try {
      for (;;) {
        const item = await connection.receive();
        if (!item) break;
        outside(() => (item.kind === 'news' ? this.#hooks.news(JSON.parse(item.text)) : this.#message(item.text)));
      }
    } catch (error) {
      const { close, kind } = error as OpenAIError;
      if (kind !== 'closed') this.#fail(error as Error);
      this.#closed(close?.code ?? 1006, close?.reason ?? '');
      return;
    }
    try {
      const { code, reason } = await connection.close(1000, '');
      this.#closed(code, reason);
    } catch {
      const { code, reason } = this.#closing ?? { code: 1006, reason: '' };
      this.#closed(code, reason);
    }
  }

  #message(text: string): void {
    if (this.readyState === 3) return;
    this.#hooks.text(text);
    if (this.listenerCount('message') > 0) this.emit('message', Buffer.from(text), false);
    this.onmessage?.({ type: 'message', data: text, target: this });
  }

  #fail(error: Error): void {
    outside(() => {
      this.#hooks.error(error);
      if (this.listenerCount('error') > 0) this.emit('error', error);
      this.onerror?.({ type: 'error', error, message: error.message, target: this });
    });
  }

  #closed(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    outside(() => {
      this.#hooks.close(code, reason);
      this.emit('close', code, Buffer.from(reason));
      this.onclose?.({ type: 'close', code, reason, wasClean: code !== 1006, target: this });
    });
  }

  /** Sends a text or bytes. Before the socket is open this throws, afterwards it does nothing. */
  send(data: RawWebSocketData, options?: unknown, done?: Outcome): void {
    const told = typeof options === 'function' ? (options as Outcome) : done;
    if (this.readyState === 0) throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
    if (this.readyState !== 1 || !this.#connection) {
      told?.(new Error(`WebSocket is not open: readyState ${this.readyState}`));
      return;
    }
    const message = typeof data === 'string' ? data : bytesOf(data);
    const size = typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength;
    this.bufferedAmount += size;
    this.#connection.send(message).then(
      () => {
        this.bufferedAmount -= size;
        told?.();
      },
      (error: Error) => {
        this.bufferedAmount -= size;
        // What ends the connection is told by whoever reads it.
        told?.(error);
      },
    );
  }

  /** Closes the connection once all has gone out. */
  close(code = 1005, reason: string | Uint8Array = ''): void {
    if (this.readyState >= 2) return;
    const said = typeof reason === 'string' ? reason : Buffer.from(reason).toString();
    if (this.readyState === 0) {
      this.terminate();
      return;
    }
    this.readyState = 2;
    // Without a code the frame says the ordinary end.
    this.#closing = { code: code === 1005 ? 1000 : code, reason: said };
    this.#connection!.close(this.#closing.code, said).then(
      (close) => this.#closed(close.code, close.reason),
      (error: Error) => {
        this.#fail(error);
        this.terminate();
      },
    );
  }

  /** Lets go of the connection. */
  terminate(): void {
    if (this.readyState === 3) return;
    const wasConnecting = this.readyState === 0;
    this.readyState = 2;
    this.#abort.abort();
    this.#connection?.terminate();
    if (!wasConnecting) this.#closed(1006, '');
  }

  /** The core pings by itself. */
  ping(): void {}

  pong(): void {}

  /** Listens the way of the platform's `WebSocket`. */
  addEventListener(type: string, listener: Listener | { handleEvent: Listener }, options?: { once?: boolean } | boolean): void {
    const call = typeof listener === 'function' ? listener : listener.handleEvent.bind(listener);
    const wrapped = (first?: any, second?: any): void => {
      const base = { type, target: this };
      if (type === 'message') call({ ...base, data: second === true ? first : String(first) });
      else if (type === 'close') call({ ...base, code: first, reason: String(second ?? ''), wasClean: first !== 1006 });
      else if (type === 'error') call({ ...base, error: first, message: first?.message });
      else call(base);
    };
    this.#wrapped.set(listener as Listener, wrapped);
    if (typeof options === 'object' && options.once) this.once(type, wrapped);
    else this.on(type, wrapped);
  }

  removeEventListener(type: string, listener: Listener | { handleEvent: Listener }): void {
    const wrapped = this.#wrapped.get(listener as Listener);
    if (wrapped) this.off(type, wrapped);
  }
}
