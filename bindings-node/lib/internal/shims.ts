/** What platforms have under different names, or lack. */
import type { Fetch } from './builtin-types';
import type { ReadableStream as AnyReadableStream } from './shim-types';

export { ReadableStreamToAsyncIterable } from './stream-utils';

/** The platform's `fetch`. */
export function getDefaultFetch(): Fetch {
  if (typeof fetch !== 'undefined') return fetch as Fetch;
  throw new Error('`fetch` is not defined as a global; Either pass `fetch` to the client, `new OpenAI({ fetch })` or polyfill the global, `globalThis.fetch = fetch`');
}

export function makeReadableStream(...args: ConstructorParameters<typeof globalThis.ReadableStream>): AnyReadableStream {
  if (typeof globalThis.ReadableStream === 'undefined') {
    throw new Error('`ReadableStream` is not defined as a global; You will need to polyfill it, `globalThis.ReadableStream = ReadableStream`');
  }
  return new globalThis.ReadableStream(...args);
}

/** A stream of these items, taken as they are read. */
export function ReadableStreamFrom<T>(
  iterable: Iterable<T> | AsyncIterable<T>,
  strategy?: { highWaterMark?: number | undefined },
): AnyReadableStream<T> {
  const iterator: any = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  return makeReadableStream(
    {
      async pull(controller: any) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    strategy as QueuingStrategy,
  );
}

/** Lets go of a stream's source. */
export async function CancelReadableStream(stream: any): Promise<void> {
  if (stream === null || typeof stream !== 'object') return;
  if (stream[Symbol.asyncIterator]) {
    await stream[Symbol.asyncIterator]().return?.();
    return;
  }
  const reader = stream.getReader();
  const cancelled = reader.cancel();
  reader.releaseLock();
  await cancelled;
}
