/** The seam: a `fetch` for other packages, backed by our core, with the assistants engine in this process. */
import { fromNative, fromRecord } from './core/error';
import { begin, cancel, Kind, makeClient, type NativeClient } from './internal/native';
import { bodyOf } from './internal/source';
import { readEnv } from './internal/settings';
import type { Fetch } from './internal/types';
import { isSensitiveHeader } from './internal/utils/log';

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

/** What is sent, once it is known as a whole. */
interface Sent {
  method: string;
  url: string;
  headers: Headers;
  body: Uint8Array | undefined;
}

/** Sends a request over the transport of a native client, and follows to where its reply leads. */
export async function exchange(native: NativeClient, request: Request): Promise<Response> {
  const { signal, redirect } = request;
  signal.throwIfAborted();
  let sent: Sent = { method: request.method, url: request.url, headers: request.headers, body: request.body ? new Uint8Array(await request.arrayBuffer()) : undefined };
  for (let hops = 0; ; hops += 1) {
    const response = await once(native, sent, signal);
    const next = redirect === 'manual' ? undefined : redirected(sent, response);
    if (next === undefined) return response;
    if (redirect === 'error' || hops === 20) {
      throw new TypeError('fetch failed', { cause: new Error(hops === 20 ? 'redirect count exceeded: the server leads on and on' : 'unexpected redirect') });
    }
    response.body?.cancel().catch(() => undefined);
    sent = next;
  }
}

/** What is asked next, by the rules of `fetch`; nothing goes to another origin that was meant for this one. */
function redirected(sent: Sent, { status, headers: said }: Response): Sent | undefined {
  const to = said.get('location');
  if (![301, 302, 303, 307, 308].includes(status) || to === null || !URL.canParse(to, sent.url)) return undefined;
  const url = new URL(to, sent.url);
  const leaves = url.origin !== new URL(sent.url).origin;
  const headers = new Headers(sent.headers);
  const becomesGet = (status === 303 && sent.method !== 'GET' && sent.method !== 'HEAD') || ((status === 301 || status === 302) && sent.method === 'POST');
  if (leaves && sent.body !== undefined && !becomesGet) return undefined;
  if (becomesGet) for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location']) headers.delete(name);
  if (leaves) for (const name of [...headers.keys()]) if (isSensitiveHeader(name)) headers.delete(name);
  return becomesGet ? { method: 'GET', url: url.href, headers, body: undefined } : { ...sent, url: url.href, headers };
}

function once(native: NativeClient, { method, url, headers, body }: Sent, signal: AbortSignal): Promise<Response> {
  const asked = JSON.stringify({ method, url, headers: [...headers] });
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
          try {
            if (kind === Kind.Failed) throw new TypeError('fetch failed', { cause: fromRecord(status as string) });
            const headers = new Headers();
            const parts = (lines as string).split('\n');
            for (let at = 0; at + 1 < parts.length; at += 2) headers.append(parts[at]!, parts[at + 1]!);
            const empty = status === 204 || status === 205 || status === 304;
            const response = new Response(empty ? null : bodyOf(source as number, kind, signal), { status, headers });
            Object.defineProperty(response, 'url', { value: url });
            resolve(response);
          } catch (error) {
            reject(error);
          }
        },
        (id) => native.exchange(id, asked, body),
      );
    } catch (error) {
      reject(fromNative(error));
    }
  });
}
