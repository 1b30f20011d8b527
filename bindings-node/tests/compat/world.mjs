/** What the programs of this folder see: the same for each package, so that what they come to can be compared. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

const require = createRequire(import.meta.url);
const ROOTS = { openai: 'openai', openai6: 'openai6', threadline: '../../dist' };

/** A package by its name: its modules by their official paths. */
export function world(name, wire = false) {
  const load = (path = '') => require(path ? `${ROOTS[name]}/${path}` : name === 'threadline' ? '../../dist/index.js' : name);
  /** A module that programs reach by its file only: tests that map the package to its sources. */
  const file = (path) => require(name === 'threadline' ? `../../dist/${path}.js` : join(dirname(require.resolve(name)), `${path}.js`));
  const main = load();
  return { name, wire, load, file, OpenAI: main.OpenAI, main, AzureOpenAI: main.AzureOpenAI };
}

/** A reply of JSON. */
export const json = (value, init = {}) =>
  new Response(typeof value === 'string' ? value : JSON.stringify(value), {
    ...init,
    headers: { 'content-type': 'application/json', 'x-request-id': 'req_1', ...init.headers },
  });

/** A reply of server-sent events; a text is a frame as it stands. */
export const sse = (events, init = {}) =>
  new Response(events.map((event) => (typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`)).join(''), {
    ...init,
    headers: { 'content-type': 'text/event-stream', 'x-request-id': 'req_1', ...init.headers },
  });

/** A `fetch` that gives what these functions make, the last one again and again, and notes what it was asked. */
export function recorder(...replies) {
  const seen = [];
  const fetch = async (url, init = {}) => {
    const at = seen.length;
    seen.push(await described(url, init));
    const reply = replies[Math.min(at, replies.length - 1)];
    return reply(url, init, at);
  };
  return { fetch, seen };
}

/** A request in plain data. */
export async function described(url, init) {
  const headers = {};
  new Headers(init.headers).forEach((value, name) => (headers[name] = value));
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1];
  if (boundary) headers['content-type'] = headers['content-type'].replace(boundary, 'B');
  delete headers['x-stainless-package-version'];
  if (headers['user-agent']) headers['user-agent'] = headers['user-agent'].replace(/ [\d.]+$/, ' V');
  const rest = Object.keys(init).filter((key) => !['method', 'headers', 'body', 'signal'].includes(key)).sort();
  return { url: String(url), method: init.method, headers, body: await bodyOf(init.body), signal: init.signal instanceof AbortSignal, rest };
}

async function bodyOf(body) {
  if (body === undefined || body === null || typeof body === 'string') return body;
  if (body instanceof FormData) {
    const parts = [];
    // They stand in the order in which their contents were ready.
    for (const [name, value] of [...body].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) parts.push([name, typeof value === 'string' ? value : { name: value.name, type: value.type, text: await value.text() }]);
    return { form: parts };
  }
  if (body instanceof ReadableStream) return { kind: 'ReadableStream' };
  if (body instanceof URLSearchParams) return { params: body.toString() };
  if (ArrayBuffer.isView(body)) return { bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1') };
  return { kind: Object.prototype.toString.call(body) };
}

/** An error in plain data, as far as programs look at it. */
export function told(error) {
  if (!(error instanceof Error)) return { thrown: error };
  const chain = [];
  for (let level = Object.getPrototypeOf(error); level; level = Object.getPrototypeOf(level)) chain.push(level.constructor.name);
  const { message, status, code, param, type, requestID } = error;
  return {
    chain, name: error.name, message, status, code, param, type, requestID, error: error.error, text: String(error),
    cause: error.cause instanceof Error ? error.cause.message : (error.cause ?? null),
    headers: error.headers ? Object.fromEntries(error.headers) : error.headers,
  };
}

/** What a piece of work comes to: its value, or its error in plain data. */
export async function outcome(work) {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: told(error) };
  }
}

export const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
export const COMPLETION = {
  id: 'c', object: 'chat.completion', created: 1, model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content: 'hello', refusal: null } }],
};

/** Chunks of a chat that says these words. */
export const chunks = (...words) => {
  const head = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
  const choice = (delta, finish_reason = null) => ({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  return [choice({ role: 'assistant', content: '' }), ...words.map((content) => choice({ content })), choice({}, 'stop')];
};

/** A client that asks this `fetch`; on the wire, a server behind which it is. */
export const client = ({ OpenAI, wire }, fetch, options = {}) => {
  const settings = { apiKey: 'key', baseURL: 'https://api.test/v1', maxRetries: 0, ...options };
  if (!wire) return new OpenAI({ fetch, ...settings });
  const server = createServer((request, response) => void relay(fetch, request, response)).listen(0).unref();
  const { port } = server.address();
  return new OpenAI({ ...settings, baseURL: settings.baseURL.replace('https://api.test', `http://127.0.0.1:${port}`) });
};

/** Answers as the `fetch` does; where it throws, the connection breaks. */
async function relay(fetch, request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const { method, headers } = request;
  const over = new AbortController();
  response.on('close', () => over.abort());
  try {
    const body = pieces.length ? Buffer.concat(pieces).toString() : undefined;
    const reply = await fetch(`https://api.test${request.url}`, { method, headers, body, signal: over.signal });
    response.writeHead(reply.status, Object.fromEntries(reply.headers));
    if (reply.body) Readable.fromWeb(reply.body).on('error', () => response.destroy()).pipe(response);
    else response.end();
  } catch {
    request.socket.destroy();
  }
}
