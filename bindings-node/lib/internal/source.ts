/** Reading what comes piece by piece from the native side: events in batches, bodies. */
import { fromRecord } from '../core/error';
import { cancel, close, Kind, pull, unwatch, watch } from './native';

/** Events of a stream, one after the other. Abandoned, it closes its connection. */
export class EventIterator<Item> implements AsyncIterator<Item, undefined> {
  #batch: Item[] = [];
  #at = 0;
  #over = false;
  /** Whether nothing comes after the batch. */
  #isLast = false;
  #asked: Promise<unknown> | undefined;
  #id = 0;
  #wake: (() => void) | undefined;
  /** Told when a loop ends before the stream does. */
  onLeave: (() => void) | undefined;

  constructor(
    readonly source: number,
    private readonly parse: (text: string) => Item[],
    private readonly sent = false,
    signal?: AbortSignal,
  ) {
    watch(this, source);
    if (signal) {
      if (signal.aborted) this.close();
      else {
        // The signal may outlive the stream; it must not keep the stream.
        const me = new WeakRef(this);
        const abort = (): void => me.deref()?.close();
        signal.addEventListener('abort', abort, { once: true });
        this.#wake = () => signal.removeEventListener('abort', abort);
      }
    }
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#asked === undefined) {
      if (this.#at < this.#batch.length) {
        return Promise.resolve({ value: this.#batch[this.#at++]!, done: false });
      }
      if (this.#isLast) this.#end();
      if (this.#over) return Promise.resolve({ value: undefined, done: true });
    }
    return this.#more();
  }

  /** Those who ask at the same time are served in turn. */
  async #more(): Promise<IteratorResult<Item, undefined>> {
    for (;;) {
      if (this.#at < this.#batch.length) return { value: this.#batch[this.#at++]!, done: false };
      if (this.#isLast) this.#end();
      if (this.#over) return { value: undefined, done: true };
      this.#asked ??= this.#fetch().finally(() => (this.#asked = undefined));
      await this.#asked;
    }
  }

  #fetch(): Promise<void> {
    return new Promise((resolve, reject) => this.#ask(resolve, reject, undefined));
  }

  /** Asks for a batch. One that is large comes in parts, so that nothing else waits for long. */
  #ask(resolve: () => void, reject: (error: unknown) => void, parts: Parts | undefined): void {
    this.#id = pull(this.source, this.sent, (kind, text, part, isLast) => {
      const isPart = kind === Kind.Part;
      if (isPart || (kind === Kind.Batch && text !== null)) {
        // Closed meanwhile, it gives nothing more.
        if (this.#over) {
          resolve();
          return;
        }
        try {
          if (isPart) {
            parts ??= new Parts();
            parts.add(text as string, this.parse(part as string));
            if (!isLast) {
              this.#ask(resolve, reject, parts);
              return;
            }
          }
          this.#batch = isPart ? (parts!.whole as Item[]) : this.parse(text as string);
          this.#at = 0;
          this.#isLast = !isPart && part === true;
          resolve();
        } catch (error) {
          this.close();
          reject(error);
        }
        return;
      }
      this.#end();
      if (kind === Kind.Failed) reject(fromRecord(text as string));
      else resolve();
    });
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#wake?.();
    this.#wake = undefined;
    unwatch(this);
  }

  /** Closes the connection; whoever waits gets the end. */
  close(): void {
    if (this.#over) return;
    this.#end();
    this.#batch = [];
    this.#at = 0;
    close(this.source);
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    if (!this.#over) this.onLeave?.();
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }
}

/** A value that comes in parts. */
export class Parts {
  whole: unknown;

  /** Takes the part whose path is this JSON text. The first one is the outermost object or list. */
  add(path: string, part: unknown): void {
    if (this.whole === undefined) this.whole = part;
    else join(this.whole, JSON.parse(path), part);
  }
}

/** Joins a part to what is at the path: items to a list, members to an object, the rest of a text to its beginning. */
function join(root: any, path: PropertyKey[], part: any): void {
  if (typeof part === 'string') {
    const name = path.pop()!;
    const owner = path.reduce((target, name) => target[name], root);
    owner[name] += part;
    return;
  }
  const target = path.reduce((target, name) => target[name], root);
  if (Array.isArray(part)) {
    for (const item of part) target.push(item);
    return;
  }
  for (const name of Object.keys(part)) {
    Object.defineProperty(target, name, { value: part[name], enumerable: true, configurable: true, writable: true });
  }
}

/** A body as a stream of bytes; that of events as the server's text. */
export function bodyOf(source: number, kind: Kind, signal?: AbortSignal): ReadableStream<Uint8Array> {
  return kind === Kind.Events ? eventText(source, signal) : bytes(source, signal);
}

/** Ends a download by its signal, which may outlive it: what listens holds the stream but weakly. How to stop listening. */
function endedBy(signal: AbortSignal, source: number, reader: WeakRef<ReadableStreamDefaultController<Uint8Array>>, pulled: { id: number }): () => void {
  const abort = (): void => {
    cancel(pulled.id);
    close(source);
    reader.deref()?.error(signal.reason ?? new DOMException('This operation was aborted', 'AbortError'));
  };
  if (signal.aborted) {
    abort();
    return () => undefined;
  }
  signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}

function bytes(source: number, signal?: AbortSignal): ReadableStream<Uint8Array> {
  const pulled = { id: 0 };
  const token = {};
  let done = (): void => undefined;
  const over = (): void => {
    done();
    unwatch(token);
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (signal) done = endedBy(signal, source, new WeakRef(controller), pulled);
      },
      pull(controller) {
        return new Promise<void>((resolve) => {
          pulled.id = pull(source, false, (kind, piece) => {
            if (kind === Kind.Piece && piece !== null) controller.enqueue(piece as Uint8Array);
            else {
              over();
              if (kind === Kind.Failed) controller.error(fromRecord(piece as string));
              else controller.close();
            }
            resolve();
          });
        });
      },
      cancel() {
        over();
        close(source);
      },
    },
    { highWaterMark: 0 },
  );
  // A body that nobody reads, and nobody can read any more, holds no connection.
  watch(stream, source, token, () => done());
  return stream;
}

function eventText(source: number, signal?: AbortSignal): ReadableStream<Uint8Array> {
  // Made when somebody reads: a reply that is only looked at must not close the stream of its call when it is forgotten.
  let events: EventIterator<string> | undefined;
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        events ??= new EventIterator<string>(source, (text) => JSON.parse(text) as string[], true, signal);
        const name = await events.next();
        if (name.done) {
          controller.enqueue(encoder.encode('data: [DONE]\n\n'));
          controller.close();
          return;
        }
        const data = await events.next();
        const head = name.value ? `event: ${name.value}\n` : '';
        const lines = String(data.value).split('\n').map((line) => `data: ${line}\n`);
        controller.enqueue(encoder.encode(`${head}${lines.join('')}\n`));
      },
      cancel() {
        if (events) events.close();
        else close(source);
      },
    },
    { highWaterMark: 0 },
  );
}
