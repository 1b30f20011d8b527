/**
 * The native module and its queue. Numbers stand for what crosses: a call that waits, a source that is read, a function of the user's.
 */
import { AsyncResource } from 'node:async_hooks';
import { nativeModule } from './load';
import { Waiting } from './waiting';

/** A file as the native module takes it. */
export interface NativeUpload {
  content: string | Uint8Array | number;
  filename?: string;
  contentType?: string;
  length?: number;
}

/** What is known of an operation. */
export interface Row {
  id: string;
  verb: 'GET' | 'POST' | 'DELETE';
  path: string;
  pathParams: string[];
  uploads: boolean;
  raw?: string;
  reply: 'json' | 'json_or_text' | 'text' | 'binary' | 'empty' | 'events';
  stream: string | boolean;
  vectors: boolean;
}

/** Where the arguments of an operation go, for requests that JavaScript sends by itself. Lists hold names and values in turns. */
export interface Plan {
  body: 'none' | 'json' | 'multipart' | 'raw';
  contentType?: string;
  query: string[];
  headerParams: string[];
  headers: string[];
  defaults: string[];
  named: boolean;
  admin: boolean;
}

/** A client of the core's. */
export interface NativeClient {
  withOptions(options: string, observe: boolean): NativeClient;
  call(
    id: number,
    operation: number,
    path: string[] | undefined,
    fields: string,
    options: string | undefined,
    files: NativeUpload[] | undefined,
    way: Way,
  ): void;
  poll(
    id: number,
    how: string,
    path: string[],
    fields: string,
    options: string | undefined,
    files: NativeUpload[] | undefined,
  ): void;
  uploadStoreFile(
    id: number,
    store: string,
    fields: string,
    options: string | undefined,
    files: NativeUpload[],
  ): void;
  uploadChunked(id: number, fields: string, options: string | undefined, files: NativeUpload[]): void;
  prepareDirectory(id: number, root: string, destination: string, include: string[], options: string | undefined): void;
  exchange(id: number, request: string, body: Uint8Array | undefined): void;
  takeObserved(): string[];
  usage(): string | null;
  readonly baseUrl: string;
}

interface NativeHub {
  take(): unknown[];
  hold(on: boolean): void;
  cancel(id: number): void;
  answer(id: number, value: string | Uint8Array | null, failure?: number): void;
  pull(id: number, source: number, sent: boolean): void;
  close(source: number): void;
}

/** An accumulator of the core's. */
export interface NativeAccumulator {
  push(name: string, data: string): string;
  finish(): string;
  snapshot(): string;
}

/** A connection over WebSockets. */
export interface NativeSocket {
  open(id: number): void;
  receive(id: number): void;
  send(id: number, message: string | Uint8Array): void;
  close(id: number, code: number, reason: string): void;
  abandon(): void;
}

/** A run of tools. */
export interface NativeToolRun {
  run(id: number): void;
  stream(id: number): void;
  next(id: number): void;
  end(id: number): void;
  close(): void;
}

/** A turn of a hosted agent. */
export interface NativeAgentRun {
  begin(id: number): void;
  next(id: number): void;
  end(id: number): void;
  close(): void;
}

/** Connections kept for responses. */
export interface NativePool {
  create(id: number, fields: string): void;
  readonly opened: number;
  readonly idle: number;
}

export interface NativeModule {
  Hub: new (wake: () => void) => NativeHub;
  Client: new (hub: NativeHub, settings: string, tokens?: number, transport?: number) => NativeClient;
  /** `lean`: events have no snapshots; whoever wants one asks for it. */
  Accumulator: new (kind: string, startingAfter?: number, lean?: boolean) => NativeAccumulator;
  Socket: new (
    client: NativeClient,
    name: string,
    settings: string,
    options: string | undefined,
    advise: number | undefined,
  ) => NativeSocket;
  ToolRun: new (
    client: NativeClient,
    kind: string,
    thread: string,
    fields: string,
    functions: string,
    settings: string,
    options: string | undefined,
  ) => NativeToolRun;
  AgentRun: new (
    client: NativeClient,
    session: string,
    input: string,
    functions: string,
    failed: number | undefined,
    options: string | undefined,
  ) => NativeAgentRun;
  Pool: new (client: NativeClient, settings: string, options: string | undefined) => NativePool;
  /** Most bytes of audio in one event. */
  audioFrame(): number;
  /** Where JSON does not fit a schema. */
  checkSchema(value: string, schema: string): string | null;
  /** Names of an operation's arguments, in the order of the description. */
  argumentNames(operation: number): string[];
  /** What is wrong with the arguments of an operation. */
  checkArguments(operation: number, fields: string): string | null;
  row(operation: number): Row;
  plan(operation: number): Plan;
  /** The mock server of `threadline/testing`. */
  Mock: new (port: number) => { readonly origin: string; stop(): void };
  /** The engine as a server, until it is told to stop. */
  serve(hub: NativeHub, id: number, args: string[]): void;
  operationNumber(name: string): number | null;
  verifyWebhook(
    payload: string | Uint8Array,
    headers: string[],
    secret: string,
    tolerance: number,
    now: number,
  ): void;
  strict(schema: string): string;
  normalise(text: string): string;
}

/** How a reply is read: whole, as events, as bytes. */
export type Way = 0 | 1 | 2;

/** What the queue tells; the numbers are those of `src/item.rs`. */
export const enum Kind {
  Json = 0,
  Text = 1,
  Events = 2,
  Bytes = 3,
  Failed = 4,
  Batch = 5,
  Piece = 6,
  Ask = 7,
  Forget = 8,
  News = 9,
  Told = 10,
  Part = 11,
  Parts = 12,
  Vectors = 13,
}

const STRIDE = 6;

/** Takes what the queue tells of one call: kind and data. */
export type Waiter = (kind: Kind, a: any, b: any, c: any, d: any) => void;

/** A function of the user's: gets a text and bytes, answers a text, bytes or nothing. */
export type Callback = (
  argument: string,
  body: Uint8Array | null,
  signal: AbortSignal,
) => string | Uint8Array | null | undefined | Promise<string | Uint8Array | null | undefined>;

let hub: NativeHub | undefined;
let held = false;
let number = 1;
const waiting = new Waiting<Waiter>();
const callbacks = new Map<number, { call: Callback; made: AsyncResource }>();
/**
 * The context (`AsyncLocalStorage`) of each call that waits, where a function of the user's may be called on its behalf: a key function
 * finds there what the call's own caller has put there, and not what is of whoever called first.
 */
const contexts = new Map<number, AsyncResource>();
/** Questions under way, to be taken back. */
const asked = new Map<number, AbortController>();
/** What functions of the user's threw, until the error of their call is made. */
const thrown = new Map<number, unknown>();
const rows: Array<Row | undefined> = [];

function theHub(): NativeHub {
  return (hub ??= new (nativeModule().Hub)(drain));
}

/** A client of the core's; `tokens` and `transport` are functions that are kept. */
export function makeClient(settings: object, tokens?: number, transport?: number): NativeClient {
  return new (nativeModule().Client)(theHub(), JSON.stringify(settings), tokens, transport);
}

/** What is known of an operation. */
export function row(operation: number): Row {
  return (rows[operation] ??= nativeModule().row(operation));
}

/** Starts something that the queue will tell the end of. `start` gets its number. */
export function begin(waiter: Waiter, start: (id: number) => void): number {
  theHub();
  const id = waiting.add(waiter);
  if (!held) {
    held = true;
    hub!.hold(true);
  }
  if (callbacks.size > 0) contexts.set(id, new AsyncResource('threadline.call'));
  try {
    start(id);
  } catch (error) {
    over(id);
    throw error;
  }
  return id;
}

/** Serves the engine until it is told to stop; the status to end with. */
export function serve(args: string[]): Promise<number> {
  return new Promise((resolve) => {
    begin((_, status) => resolve(Number(status)), (id) => nativeModule().serve(hub!, id, args));
  });
}

/** Ends a call; its waiter hears nothing more. */
export function cancel(id: number): void {
  if (waiting.get(id) !== undefined) {
    hub!.cancel(id);
    over(id);
  }
}

function over(id: number): void {
  waiting.delete(id);
  contexts.delete(id);
  release();
}

function release(): void {
  if (held && waiting.size === 0) {
    held = false;
    hub!.hold(false);
  }
}

/** Asks a source for more. */
export function pull(source: number, sent: boolean, waiter: Waiter): number {
  return begin(waiter, (id) => hub!.pull(id, source, sent));
}

/** Closes a source. */
export function close(source: number): void {
  hub?.close(source);
}

const abandoned = new FinalizationRegistry<{ source: number; left: (() => void) | undefined }>(({ source, left }) => {
  left?.();
  close(source);
});

/** Closes a source when nobody can read it any more, and calls `left`, which must not hold its owner. */
export function watch(owner: object, source: number, token: object = owner, left?: () => void): void {
  abandoned.register(owner, { source, left }, token);
}

/** The source is at its end. */
export function unwatch(token: object): void {
  abandoned.unregister(token);
}

/**
 * Keeps a function for the native side; its number. `owner`: it is forgotten when that is gone. What asks for no call in particular has the
 * context in which it was kept.
 */
export function keep(callback: Callback, owner?: object): number {
  const id = number++;
  callbacks.set(id, { call: callback, made: new AsyncResource('threadline.callback') });
  if (owner) {
    unused.register(owner, id);
  }
  return id;
}

/** Forgets a function. */
export function discard(id: number): void {
  callbacks.delete(id);
}

const unused = new FinalizationRegistry<number>(discard);

/** What was thrown under this number. */
export function takeThrown(id: number): unknown {
  const found = thrown.get(id);
  thrown.delete(id);
  return found;
}

function drain(): void {
  const items = hub!.take();
  for (let at = 0; at < items.length; at += STRIDE) {
    const id = items[at] as number;
    const kind = items[at + 1] as Kind;
    if (kind === Kind.Ask) {
      const found = callbacks.get(items[at + 2] as number);
      const context = contexts.get(items[at + 5] as number) ?? found?.made;
      const body = items[at + 4] as Uint8Array | null;
      // Without a context nothing is kept under this number any more.
      void (context?.runInAsyncScope(ask, undefined, id, found?.call, items[at + 3] as string, body) ?? ask(id));
      continue;
    }
    if (kind === Kind.Forget) {
      asked.get(id)?.abort();
      asked.delete(id);
      continue;
    }
    const waiter = waiting.get(id);
    if (waiter === undefined) {
      // A call that was cancelled when its reply was on the way here.
      if (kind === Kind.Events || kind === Kind.Bytes || kind === Kind.Parts) hub!.close(items[at + 4] as number);
      continue;
    }
    if (kind !== Kind.News) {
      waiting.delete(id);
      contexts.delete(id);
    }
    try {
      waiter(kind, items[at + 2], items[at + 3], items[at + 4], items[at + 5]);
    } catch (error) {
      // It is the program's to see, and no business of those who wait for what comes behind.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
  release();
}

async function ask(id: number, callback?: Callback, argument = '', body: Uint8Array | null = null): Promise<void> {
  const controller = new AbortController();
  asked.set(id, controller);
  try {
    const answer = callback ? await callback(argument, body, controller.signal) : null;
    hub!.answer(id, answer ?? null);
  } catch (error) {
    if (controller.signal.aborted) return;
    const kept = number++;
    thrown.set(kept, error);
    hub!.answer(id, error instanceof Error ? error.message : String(error), kept);
    // An error that the core found a way around is never asked for.
    if (thrown.size > 1000) thrown.delete(thrown.keys().next().value!);
  } finally {
    asked.delete(id);
  }
}

export { nativeModule };
