/** What streams with events have in common: listeners, the end, errors and aborts. */
import { APIUserAbortError, OpenAIError } from '../core/error.js';
import { deferred, type Deferred } from '../internal/deferred.js';
import { Listeners, type EmittedEventResult, type EventParameters } from './EventEmitter.js';

export type { EventParameters };

/** Events of every stream. */
export interface BaseEvents {
  /** The reply has begun. */
  connect: () => void;
  error: (error: OpenAIError) => void;
  abort: (error: APIUserAbortError) => void;
  /** Nothing more comes, after a failure, too. */
  end: () => void;
}

/** What an iterator that nobody reads keeps at most. */
const MOST_EVENTS = 4096;
const MOST_BYTES = 8 * 1024 * 1024;

/** How an iterator over events ends. */
interface IteratorOptions {
  rejectOnError?: boolean;
  rejectOnAbort?: boolean;
  onReturn?: () => void;
}

/** A stream that tells of its events. It begins when the code that made it has run, so that listeners miss nothing. */
export class EventStream<EventTypes extends BaseEvents> {
  /** Aborting it ends the stream. */
  controller = new AbortController();

  #listeners = new Listeners();
  #connected = deferred();
  #end = deferred();
  #ended = false;
  #errored = false;
  #aborted = false;
  /** Signals of the caller's that end it. */
  #heeded = new WeakSet<AbortSignal>();
  /** What it failed with, as iterators are to tell. */
  #failure: { isAbort: boolean; error: unknown } | undefined;
  /** Whether somebody waits for a promise that fails with the stream. */
  #watched = false;

  constructor() {
    // Whoever waits for them hears of the failure; without anybody it is told below, once.
    this.#connected.promise.catch(() => undefined);
    this.#end.promise.catch(() => undefined);
  }

  /** Whether it is over. */
  get ended(): boolean {
    return this.#ended;
  }

  get errored(): boolean {
    return this.#errored;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Ends the stream, and its request. */
  abort(): void {
    this.controller.abort();
  }

  on<Event extends keyof EventTypes>(event: Event, listener: EventTypes[Event]): this {
    this.#listeners.add(event, listener as any);
    return this;
  }

  off<Event extends keyof EventTypes>(event: Event, listener: EventTypes[Event]): this {
    this.#listeners.remove(event, listener as any);
    return this;
  }

  once<Event extends keyof EventTypes>(event: Event, listener: EventTypes[Event]): this {
    this.#listeners.add(event, listener as any, true);
    return this;
  }

  /** The next event of this name. Fails when the stream fails before it, unless the event is `error`. */
  emitted<Event extends keyof EventTypes>(
    event: Event,
  ): Promise<EmittedEventResult<EventParameters<EventTypes, Event>>> {
    return new Promise((resolve, reject) => {
      this.#watched = true;
      const heard: any = (...args: unknown[]) => {
        this.off('error', failed);
        resolve((args.length > 1 ? args : args[0]) as never);
      };
      const failed: any = (error: unknown) => {
        this.off(event, heard);
        reject(error);
      };
      if (event !== 'error') this.once('error', failed);
      this.once(event, heard);
    });
  }

  /** All events of this name from now on, with the arguments of its listeners. Fails when the stream fails, unless the event tells of it. */
  events<Event extends keyof EventTypes>(
    event: Event,
  ): AsyncIterableIterator<EventParameters<EventTypes, Event>> {
    const attach = (push: (value: EventParameters<EventTypes, Event>) => void) => {
      const listener: any = (...args: any[]) => push(args as EventParameters<EventTypes, Event>);
      this.on(event, listener);
      return () => void this.off(event, listener);
    };
    return this._createIterator(attach, { rejectOnError: event !== 'error', rejectOnAbort: event !== 'abort' });
  }

  /** Resolves at the end; fails when the stream failed or was aborted. */
  async done(): Promise<void> {
    this.#watched = true;
    await this.#end.promise;
  }

  protected _run(executor: () => Promise<any>): void {
    // Later, so that listeners can be added first.
    setTimeout(() => {
      const told = Promise.resolve().then(executor).then(() => this._emitFinal());
      told.then(() => this._emit('end'), (error: unknown) => this.#fail(error));
    }, 0);
  }

  protected _connected(): void {
    if (this.ended) return;
    this.#connected.resolve();
    this._emit('connect');
  }

  protected _userAbortError(): APIUserAbortError {
    const { reason } = this.controller.signal;
    return Object.defineProperty(new APIUserAbortError(), 'cause', { value: reason, writable: true, configurable: true });
  }

  /** Aborts with the caller's signal, and lets go of it at the end. */
  protected _listenForAbort(signal: AbortSignal | null | undefined): void {
    if (!signal || this.ended || this.#heeded.has(signal)) return;
    if (signal.aborted) {
      this.controller.abort(signal.reason);
      return;
    }
    this.#heeded.add(signal);
    const abort = () => this.controller.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#listeners.add('end', () => signal.removeEventListener('abort', abort), true);
  }

  protected _hasListeners<Event extends keyof EventTypes>(event: Event): boolean {
    return this.#listeners.has(event);
  }

  _emit<Event extends keyof BaseEvents>(event: Event, ...args: EventParameters<BaseEvents, Event>): void;
  _emit<Event extends keyof EventTypes>(event: Event, ...args: EventParameters<EventTypes, Event>): void;
  _emit(event: string, ...args: any[]): void {
    if (this.#ended) return;
    if (event === 'end') {
      this.#ended = true;
      this.#end.resolve();
    }
    const heard = this.#listeners.has(event);
    try {
      this.#listeners.call(event, args);
    } finally {
      // Also where a listener throws.
      if (event === 'abort' || event === 'error') this.#settle(event, args[0], heard);
    }
  }

  #settle(event: 'abort' | 'error', error: unknown, heard: boolean): void {
    this.#failure ??= { isAbort: event === 'abort', error };
    // A failure that nobody listens to and nobody waits for must not get lost.
    if (!this.#watched && !heard) void Promise.reject(error);
    this.#connected.reject(error);
    this.#end.reject(error);
    this._emit('end');
  }

  /** Tells what the stream came to. */
  protected _emitFinal(): void {}

  #fail(error: unknown): void {
    this.#errored = true;
    const aborted = error instanceof Error && error.name === 'AbortError';
    if (aborted || error instanceof APIUserAbortError) {
      this.#aborted = true;
      this._emit('abort', error instanceof APIUserAbortError ? error : this._userAbortError());
      return;
    }
    if (error instanceof OpenAIError) {
      this._emit('error', error);
      return;
    }
    const told = new OpenAIError(error instanceof Error ? error.message : String(error));
    (told as { cause?: unknown }).cause = error;
    this._emit('error', told);
  }

  /** What an iterator tells at the end that did not hear of the failure itself, as a listener before it threw. */
  #told(errors: boolean, aborts: boolean): { error: unknown } | undefined {
    const failure = this.#failure;
    return failure && (failure.isAbort ? aborts : errors) ? failure : undefined;
  }

  #overflow(): void {
    const limit = `${MOST_EVENTS} events or ${MOST_BYTES} bytes`;
    try {
      this.#fail(new OpenAIError(`Event stream iterator buffer limit exceeded (${limit}); consume events as they arrive.`));
    } finally {
      this.controller.abort();
    }
  }

  /** An iterator over what `attach` pushes; `attach` gives what undoes it. */
  protected _createIterator<T>(
    attach: (push: (value: T) => void) => () => void,
    { rejectOnError = true, rejectOnAbort = true, onReturn }: IteratorOptions = {},
  ): AsyncIterableIterator<T> {
    const kept = new Kept<T>();
    const readers: Deferred<IteratorResult<T>>[] = [];
    let over = this.ended;
    let failure: { error: unknown } | undefined;
    const detach = attach((value) => {
      const reader = readers.shift();
      if (reader) reader.resolve({ value, done: false });
      else if (!over && !kept.add(value)) this.#overflow();
    });
    const finish = (failed?: { error: unknown }) => {
      if (over) return;
      over = true;
      failure = failed;
      detach();
      this.off('error', onError);
      this.off('abort', onAbort);
      this.off('end', onEnd);
      for (const reader of readers.splice(0)) {
        if (failure) {
          reader.reject(failure.error);
          failure = undefined;
        } else reader.resolve({ value: undefined, done: true });
      }
    };
    // Those that listen have heard of a failure; after `return` it is told as if nobody had listened.
    const onError: any = (error: unknown) => finish(rejectOnError ? { error } : undefined);
    const onAbort: any = (error: unknown) => finish(rejectOnAbort ? { error } : undefined);
    const onEnd: any = () => finish(this.#told(rejectOnError, rejectOnAbort));
    this.once('error', onError);
    this.once('abort', onAbort);
    this.once('end', onEnd);
    return {
      next: async () => {
        const next = kept.take();
        if (next) return { value: next.value, done: false };
        if (failure) {
          const { error } = failure;
          failure = undefined;
          throw error;
        }
        if (over) return { value: undefined, done: true };
        const reader = deferred<IteratorResult<T>>();
        readers.push(reader);
        return reader.promise;
      },
      return: async () => {
        finish();
        failure = undefined;
        kept.clear();
        if (onReturn) {
          // Its failure is of the reader's own making.
          this.done().catch(() => undefined);
          onReturn();
        }
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

/** Events that nobody has read yet. */
class Kept<T> {
  #values: { value: T; bytes: number }[] = [];
  #bytes = 0;
  /** What was counted: events share what they tell of. */
  #counted = new Set<object>();

  /** Keeps one more; whether there is room. */
  add(value: T): boolean {
    const bytes = this.#measure(value);
    if (this.#values.length >= MOST_EVENTS || this.#bytes + bytes > MOST_BYTES) return false;
    this.#values.push({ value, bytes });
    this.#bytes += bytes;
    return true;
  }

  take(): { value: T } | undefined {
    const first = this.#values.shift();
    if (first) this.#bytes -= first.bytes;
    if (this.#values.length === 0) this.clear();
    return first;
  }

  clear(): void {
    this.#values.length = 0;
    this.#bytes = 0;
    this.#counted.clear();
  }

  /** About how much memory a value holds that was not counted before. */
  #measure(value: unknown): number {
    if (typeof value === 'string') return value.length * 2;
    if (typeof value === 'function') return Infinity;
    if (typeof value !== 'object' || value === null) return 8;
    if (this.#counted.has(value)) return 8;
    this.#counted.add(value);
    let bytes = 16 + held(value);
    const inner = value instanceof Map || value instanceof Set ? [...value].flat(1) : [];
    for (const one of inner) bytes += this.#measure(one);
    if (ArrayBuffer.isView(value)) return bytes;
    for (const name of Object.keys(value)) {
      const found = Object.getOwnPropertyDescriptor(value, name);
      bytes += 16 + (found && 'value' in found ? this.#measure(found.value) : Infinity);
      if (bytes > MOST_BYTES) break;
    }
    return bytes;
  }
}

/** What an object holds that its members do not show; endless, where nobody can tell. */
function held(value: object): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (value instanceof Blob) return value.size;
  if (value instanceof Error) return (value.message.length + (value.stack?.length ?? 0)) * 2;
  const brand = Object.prototype.toString.call(value).slice(8, -1);
  return HIDING.has(brand) ? Infinity : 0;
}

/** Kinds of objects that hold what cannot be seen. */
const HIDING = new Set(['URL', 'URLSearchParams', 'Promise', 'WeakMap', 'WeakSet', 'WeakRef', 'RegExp', 'ReadableStream', 'Response', 'Request', 'FormData']);
