/** Streams of events. */
import type { OpenAI } from '../client';
import { parseJSON } from '../internal/call';
import { readJSON } from '../internal/read-json';
import { EventIterator } from '../internal/source';
import { APIError, isAbortError, OpenAIError } from './error';

/** An event of a stream before its data was read. */
export type ServerSentEvent = {
  event: string | null;
  data: string;
  raw: string[];
};

const parseBatch = (text: string): any[] => parseJSON(text) as any[];
const parseBigBatch = (text: string): any[] => parseJSON(text, undefined, true) as any[];

/** A stream of events, read once. Leaving the loop closes the connection. */
export class Stream<Item> implements AsyncIterable<Item> {
  #controller: AbortController | undefined;
  #client: OpenAI | undefined;
  #source: EventIterator<Item> | undefined;
  /** A loop over it ended before the stream did. */
  #isLeft = false;

  constructor(
    private iterator: () => AsyncIterator<Item>,
    controller?: AbortController,
    client?: OpenAI,
  ) {
    this.#controller = controller;
    this.#client = client;
  }

  /** The stream of a call of ours. */
  static _ofSource<Item>(source: number, client: unknown, signal?: AbortSignal): Stream<Item> {
    const parse = (client as OpenAI | undefined)?._bigIntegers ? parseBigBatch : parseBatch;
    const events = new EventIterator<Item>(source, parse, false, signal);
    let consumed = false;
    const stream = new Stream<Item>(
      () => {
        if (consumed) throw consumedError();
        consumed = true;
        return events;
      },
      undefined,
      client as OpenAI,
    );
    stream.#source = events;
    events.onLeave = () => {
      stream.#isLeft = true;
      stream.#controller?.abort();
    };
    return stream;
  }

  /** Aborting it ends the stream. */
  get controller(): AbortController {
    if (!this.#controller) {
      this.#controller = new AbortController();
      const source = this.#source;
      this.#controller.signal.addEventListener('abort', () => source?.close(), { once: true });
      if (this.#isLeft) this.#controller.abort();
    }
    return this.#controller;
  }

  set controller(controller: AbortController) {
    this.#controller = controller;
  }

  /** The stream in a reply of server-sent events that was got elsewhere. */
  static fromSSEResponse<Item>(
    response: Response,
    controller: AbortController,
    client?: OpenAI,
    synthesizeEventData?: boolean,
    streamMode?: 'legacy' | 'events',
  ): Stream<Item> {
    let consumed = false;
    async function* events(): AsyncIterator<Item, any, undefined> {
      if (consumed) throw consumedError();
      consumed = true;
      let done = false;
      try {
        for await (const sse of _iterSSEMessages(response, controller)) {
          if (controller.signal.aborted) return;
          // What comes behind it, and how the connection ends, is of no interest.
          if (sse.data.startsWith('[DONE]')) {
            done = true;
            return;
          }
          const data = parseData(sse.data) as any;
          if (streamMode !== 'events') {
            if (sse.event?.startsWith('thread.')) {
              yield { event: sse.event, data } as Item;
              continue;
            }
            if (sse.event === 'error') throw new APIError(undefined, data?.error ?? data, data?.message, response.headers);
            if (data?.error) throw new APIError(undefined, data.error, undefined, response.headers);
          }
          yield (synthesizeEventData ? { event: sse.event, data } : data) as Item;
        }
        done = true;
      } catch (error) {
        if (isAbortError(error) || (controller.signal.aborted && error === controller.signal.reason)) return;
        throw error;
      } finally {
        if (!done) controller.abort();
      }
    }
    return new Stream(events, controller, client);
  }

  /** The stream in lines of JSON, as `toReadableStream` writes them. */
  static fromReadableStream<Item>(
    readableStream: ReadableStream | NodeJS.ReadableStream,
    controller: AbortController,
    client?: OpenAI,
  ): Stream<Item> {
    let consumed = false;
    async function* items(): AsyncIterator<Item, any, undefined> {
      if (consumed) throw consumedError();
      consumed = true;
      let done = false;
      try {
        for await (const line of lines(readableStream as AsyncIterable<Uint8Array>, controller.signal)) {
          if (controller.signal.aborted) return;
          if (line) yield readJSON(line, 'malformed newline-delimited JSON') as Item;
        }
        done = true;
      } catch (error) {
        if (controller.signal.aborted) return;
        throw error;
      } finally {
        if (!done) controller.abort();
      }
    }
    return new Stream(items, controller, client);
  }

  [Symbol.asyncIterator](): AsyncIterator<Item> {
    return this.iterator();
  }

  __betaTransformIterator(transform: (iterator: () => AsyncIterator<Item>) => () => AsyncIterator<Item>): void {
    this.iterator = transform(this.iterator);
  }

  /** Two streams of the same events; what one has read and the other has not is kept in memory. */
  tee(): [Stream<Item>, Stream<Item>] {
    const left: Array<Promise<IteratorResult<Item>>> = [];
    const right: Array<Promise<IteratorResult<Item>>> = [];
    const iterator = this.iterator();
    const branch = (own: Array<Promise<IteratorResult<Item>>>): AsyncIterator<Item> => ({
      next: () => {
        if (own.length === 0) {
          const result = iterator.next();
          left.push(result);
          right.push(result);
        }
        return own.shift()!;
      },
    });
    return [
      new Stream(() => branch(left), this.controller, this.#client),
      new Stream(() => branch(right), this.controller, this.#client),
    ];
  }

  /** The events as lines of JSON. */
  toReadableStream(): ReadableStream {
    const self = this;
    let iterator: AsyncIterator<Item>;
    const encoder = new TextEncoder();
    return new ReadableStream({
      start() {
        iterator = self[Symbol.asyncIterator]();
      },
      async pull(controller: any) {
        try {
          const { value, done } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(encoder.encode(JSON.stringify(value) + '\n'));
        } catch (error) {
          controller.error(error);
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    });
  }
}

function parseData(text: string): unknown {
  try {
    return parseJSON(text);
  } catch {
    throw new SyntaxError('Error reading response: malformed server-sent event JSON.');
  }
}

function consumedError(): OpenAIError {
  return new OpenAIError('Cannot iterate over a consumed stream, use `.tee()` to split the stream.');
}

/** The server-sent events of a reply. */
export async function* _iterSSEMessages(
  response: Response,
  controller: AbortController,
): AsyncGenerator<ServerSentEvent, void, unknown> {
  if (!response.body) {
    controller.abort();
    throw new OpenAIError('Attempted to iterate over a response with no body');
  }
  let event: string | null = null;
  let data: string[] = [];
  let raw: string[] = [];
  for await (const line of lines(response.body as unknown as AsyncIterable<Uint8Array>)) {
    if (line === '') {
      if (event === null && data.length === 0) continue;
      yield { event, data: data.join('\n'), raw };
      event = null;
      data = [];
      raw = [];
      continue;
    }
    raw.push(line);
    if (line.startsWith(':')) continue;
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
  }
  if (event !== null || data.length > 0) yield { event, data: data.join('\n'), raw };
}

/** Lines of bytes, without what ends them. */
async function* lines(source: AsyncIterable<Uint8Array | string>, signal?: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces(source, signal)) {
    rest += typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true });
    // A carriage return at the end may be the first half of a line end.
    const found = rest.split(/\r\n|\n|\r(?!$)/);
    rest = found.pop()!;
    yield* found;
  }
  rest += decoder.decode();
  if (rest) yield rest.replace(/\r$/, '');
}

/** The pieces of a source; a `signal` lets go of it at once, also while nothing comes. */
async function* pieces(
  source: AsyncIterable<Uint8Array | string> | ReadableStream,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array | string> {
  if (typeof (source as ReadableStream).getReader !== 'function') {
    yield* source as AsyncIterable<Uint8Array | string>;
    return;
  }
  const reader = (source as ReadableStream).getReader();
  let isOver = false;
  const leave = (): void => void reader.cancel().catch(() => undefined);
  if (signal?.aborted) leave();
  signal?.addEventListener('abort', leave, { once: true });
  try {
    for (;;) {
      const { value, done } = await reader.read();
      isOver = done;
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    // Not waited for: that of a reply which a mock keeps a copy of ends when the copy does.
    if (!isOver && !signal?.aborted) leave();
    reader.releaseLock();
  }
}
