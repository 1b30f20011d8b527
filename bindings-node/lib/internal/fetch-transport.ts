/** A `fetch` of the user's as the transport of a client; `src/transport.rs` is the other end. */
import { discard, keep } from './native';
import type { Fetch } from './types';

/** Stands in a request for options of one call's `fetch`; it is never sent. */
export const FETCH_OPTIONS = 'x-threadline-fetch-options';

const options = new Map<string, object>();
let count = 0;

/** Keeps options for the `fetch` of a call; the header that stands for them. */
export function keepFetchOptions(given: object): { header: [string, string]; forget: () => void } {
  const key = String((count += 1));
  options.set(key, given);
  return { header: [FETCH_OPTIONS, key], forget: () => void options.delete(key) };
}

/** The number of the function that sends requests through this `fetch`. */
export function fetchTransport(fetch: Fetch, shared: object | undefined, owner: object): number {
  return keep(async (argument, body, signal) => {
    const asked = JSON.parse(argument) as { method: string; url: string; headers: Array<[string, string]> };
    const headers = new Headers();
    let own: object | undefined;
    for (const [name, value] of asked.headers) {
      if (name === FETCH_OPTIONS) own = options.get(value);
      else headers.append(name, value);
    }
    const init: Record<string, unknown> = { ...shared, ...own, method: asked.method, headers, signal };
    if (body) {
      // Bodies of text are handed over as such, which is what those who look at them expect.
      const isText = /json|^text\//.test(headers.get('content-type') ?? '');
      init['body'] = isText ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8') : body;
    }
    const response = await fetch.call(undefined, asked.url, init as RequestInit);
    return JSON.stringify({ status: response.status, headers: replyHeaders(response), body: keepBody(response) });
  }, owner);
}

function replyHeaders(response: Response): Array<[string, string]> {
  const pairs: Array<[string, string]> = [];
  const coded = response.headers?.get?.('content-encoding');
  response.headers?.forEach?.((value, name) => {
    // `fetch` has taken the coding off, and the length was that of the coded body.
    if (name === 'content-encoding' || (coded && name === 'content-length')) return;
    pairs.push([name, value]);
  });
  return pairs;
}

function keepBody(response: Response): number | null {
  const pieces = read(response);
  if (!pieces) return null;
  const number = keep(async (what) => {
    if (what === 'close') {
      discard(number);
      await pieces.return?.();
      return null;
    }
    for (;;) {
      const { value, done } = await pieces.next();
      if (done) return null;
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      if (bytes.length > 0) return bytes;
    }
  });
  return number;
}

function read(response: Response): AsyncIterator<Uint8Array | string> | undefined {
  const body = response.body as any;
  if (body && typeof body.getReader === 'function') {
    const reader = body.getReader();
    return {
      next: () => reader.read(),
      return: async () => {
        await reader.cancel().catch(() => undefined);
        return { value: undefined, done: true };
      },
    };
  }
  if (body && Symbol.asyncIterator in body) return body[Symbol.asyncIterator]();
  // What tests hand out in place of a response.
  if (typeof response.text === 'function' || typeof response.json === 'function') {
    return (async function* () {
      yield typeof response.text === 'function' ? await response.text() : JSON.stringify(await response.json());
    })();
  }
  return undefined;
}
