/** The seam: a `fetch` for other packages, backed by our core, with the assistants engine in this process. */
import { fromNative, fromRecord } from './core/error';
import { begin, cancel, Kind, makeClient, type NativeClient } from './internal/native';
import { bodyOf } from './internal/source';
import { readEnv } from './internal/settings';
import type { Fetch } from './internal/types';

/** What the `fetch` is configured with. */
export interface FetchOptions {
  /** Where assistants, threads and runs are kept (`'sqlite:app.db'`), or an object with more. Without it all goes to the network. */
  assistants?: string | Record<string, unknown>;
  /** Key with which runs ask the model. Default: `OPENAI_API_KEY`. */
  apiKey?: string;
  /** Where the model is asked, and below which the engine answers. Default: `OPENAI_BASE_URL`, else the provider's. */
  baseURL?: string;
}

/** A function like the global `fetch` for the `fetch` option of the official package and of whatever else takes one. */
export function fetch(options: FetchOptions = {}): Fetch {
  let native: NativeClient | undefined;
  const make = (): NativeClient => {
    try {
      return makeClient({
        api_key: options.apiKey ?? readEnv('OPENAI_API_KEY'),
        base_url: options.baseURL ?? readEnv('OPENAI_BASE_URL') ?? 'https://api.openai.com/v1',
        assistants: options.assistants,
      });
    } catch (error) {
      throw fromNative(error);
    }
  };
  return async (input, init) => {
    native ??= make();
    const request = new Request(input as string, { ...init, ...(init?.body && typeof init.body === 'object' ? { duplex: 'half' } : {}) } as RequestInit);
    return exchange(native, request);
  };
}

const PLAIN = new Set(['method', 'headers', 'body', 'signal', 'duplex']);

/** A `fetch` over the transport of a native client; options that only the platform's has are for that one. */
export function ownFetch(native: () => NativeClient): Fetch {
  return async (input, init) => {
    if (init && Object.keys(init).some((name) => !PLAIN.has(name))) return globalThis.fetch(input, init);
    const { body } = init ?? {};
    if (!(body instanceof ReadableStream)) return exchange(native(), new Request(input as string, init as RequestInit));
    // Pieces of text are let pass.
    const pieces: Buffer[] = [];
    for await (const piece of body as ReadableStream<Uint8Array>) pieces.push(Buffer.from(piece));
    return exchange(native(), new Request(input as string, { ...(init as RequestInit), body: Buffer.concat(pieces) }));
  };
}

/** Sends a request over the transport of a native client, as it stands. */
export async function exchange(native: NativeClient, request: Request): Promise<Response> {
  const { signal } = request;
  signal.throwIfAborted();
  const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
  const asked = JSON.stringify({ method: request.method, url: request.url, headers: [...request.headers] });
  return new Promise<Response>((resolve, reject) => {
    let id = 0;
    const abort = (): void => {
      cancel(id);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      id = begin(
        (kind, status, lines, source) => {
          signal.removeEventListener('abort', abort);
          if (kind === Kind.Failed) {
            reject(new TypeError('fetch failed', { cause: fromRecord(status as string) }));
            return;
          }
          const headers = new Headers();
          const parts = (lines as string).split('\n');
          for (let at = 0; at + 1 < parts.length; at += 2) headers.append(parts[at]!, parts[at + 1]!);
          const empty = status === 204 || status === 205 || status === 304;
          const response = new Response(empty ? null : bodyOf(source as number, kind, signal), { status, headers });
          Object.defineProperty(response, 'url', { value: request.url });
          resolve(response);
        },
        (id) => native.exchange(id, asked, body),
      );
    } catch (error) {
      reject(fromNative(error));
    }
  });
}
