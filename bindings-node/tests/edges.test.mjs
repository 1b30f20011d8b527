/** What a server says at the edges, functions of the program that throw, and replies that nobody reads. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import OpenAI, { fetch as threadlineFetch } from '../dist/index.mjs';

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');

/** A server that answers each request by `answer(path, request)`, which gives a whole reply in bytes; and the connections that are open. */
async function serve(answer) {
  const open = new Set();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end; (end = text.indexOf('\r\n\r\n')) >= 0; ) {
        const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        const [request, path] = [text, text.split(' ')[1]];
        text = text.slice(end + 4 + length);
        socket.write(answer(path, request));
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/v1`;
  const stop = () => {
    for (const socket of open) socket.destroy();
    server.close();
  };
  return { url, open, stop, client: (more) => new OpenAI({ apiKey: 'k', baseURL: url, maxRetries: 0, ...more }) };
}

const reply = (status, headers, body) =>
  Buffer.concat([Buffer.from(`HTTP/1.1 ${status} X\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`), ...headers.flatMap((line) => [Buffer.from(line), Buffer.from('\r\n')]), Buffer.from(`\r\n${body}`)]);
const JSON_TYPE = 'content-type: application/json';
const MODEL = '{"id":"m","object":"model","created":1,"owned_by":"o"}';
const latin1 = (text) => Buffer.from(text).toString('latin1');

test('headers of any bytes are headers, and no call is lost for them', async () => {
  const strange = [JSON_TYPE, 'x-note: 日本', Buffer.from('x-cafe: caf\xe9', 'latin1')];
  const server = await serve((path) => (path.endsWith('bad') ? reply(400, strange, '{"error":{"message":"no"}}') : reply(200, strange, MODEL)));
  try {
    const client = server.client();
    const calls = Array.from({ length: 40 }, (_, at) => client.models.retrieve(at === 20 ? 'bad' : 'good').then((model) => model.id, (error) => error));
    const outcomes = await Promise.all(calls);
    const failed = outcomes.splice(20, 1)[0];
    assert.ok(failed instanceof OpenAI.BadRequestError, String(failed));
    assert.equal(failed.headers.get('x-note'), latin1('日本'));
    assert.ok(outcomes.every((id) => id === 'm'));
    const { response } = await client.models.retrieve('m').withResponse();
    assert.deepEqual([response.headers.get('x-note'), response.headers.get('x-cafe')], [latin1('日本'), 'café']);
    assert.equal((await client.files.content('f')).headers.get('x-cafe'), 'café');
    const fetched = await threadlineFetch({ apiKey: 'k' })(`${server.url}/models/m`);
    assert.equal(fetched.headers.get('x-note'), latin1('日本'));
  } finally {
    server.stop();
  }
});

test('a value that reads as a header is none', async () => {
  const server = await serve(() => reply(200, ['access-control-expose-headers: x-request-id', 'vary: content-type', JSON_TYPE, 'x-request-id: req_1'], MODEL));
  try {
    assert.equal((await server.client().models.retrieve('m'))._request_id, 'req_1');
  } finally {
    server.stop();
  }
});

test('what a logger or a listener of the program throws ends its call, and no other', async () => {
  const file = '{"id":"f","object":"vector_store.file","status":"in_progress","vector_store_id":"v","usage_bytes":1,"created_at":1,"last_error":null}';
  const server = await serve((path) => reply(200, [JSON_TYPE], path.includes('vector_stores') ? file : MODEL));
  try {
    const own = new Error('of the program');
    const thrower = () => {
      throw own;
    };
    const logger = { debug: thrower, info: () => undefined, warn: () => undefined, error: () => undefined };
    const client = server.client();
    const noisy = client.withOptions({ logger, logLevel: 'debug' });
    const outcomes = await Promise.all([
      noisy.models.retrieve('m').then(() => 'answered', (error) => error),
      client.models.retrieve('m').then((model) => model.id),
      client.vectorStores.files.poll('v', 'f', { pollIntervalMs: 1, onUpdate: thrower }).then(() => 'answered', (error) => error),
      client.models.retrieve('m').then((model) => model.id),
    ]);
    assert.deepEqual(outcomes, [own, 'm', own, 'm']);
  } finally {
    server.stop();
  }
});

test('a download that nobody reads is closed when nobody can read it', async () => {
  const server = await serve(() => Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: 1000000\r\n\r\nbegin'));
  try {
    const client = server.client();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args) => (listeners++, addEventListener.apply(signal, args));
    signal.removeEventListener = (...args) => (listeners--, removeEventListener.apply(signal, args));
    await (async () => {
      for (let at = 0; at < 10; at++) assert.equal((await client.files.content('f', { signal })).status, 200);
    })();
    assert.ok(server.open.size >= 10);
    for (let at = 0; at < 400 && (server.open.size > 0 || listeners > 0); at++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.deepEqual([server.open.size, listeners], [0, 0]);
    const kept = await client.files.content('f', { signal });
    const reader = kept.body.getReader();
    assert.equal(Buffer.from((await reader.read()).value).toString(), 'begin');
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(server.open.size, 1);
    await reader.cancel();
  } finally {
    server.stop();
  }
});

test('functions of the program run in the context of the call that needs them', async () => {
  const tenants = new AsyncLocalStorage();
  const seen = new Map();
  const server = await serve((path, text) => {
    seen.set(/x-tenant: (\S+)/i.exec(text)[1], /authorization: Bearer (\S+)/i.exec(text)[1]);
    return reply(200, [JSON_TYPE], MODEL);
  });
  try {
    const logged = new Map();
    const note = (message) => logged.set(tenants.getStore(), message);
    const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
    const apiKey = async () => {
      const before = tenants.getStore();
      await wait();
      assert.equal(tenants.getStore(), before);
      return before;
    };
    const logger = { debug: () => undefined, info: note, warn: note, error: note };
    const names = Array.from({ length: 8 }, (_, at) => `tenant-${at}`);
    const expected = new Map(names.map((name) => [name, name]));
    for (const options of [{ apiKey }, { apiKey: undefined, tokenProvider: apiKey }, { apiKey, fetch: (...args) => fetch(...args) }]) {
      const client = tenants.run('maker', () => server.client({ ...options, logger, logLevel: 'info' }));
      seen.clear();
      logged.clear();
      await Promise.all(names.map((name) => tenants.run(name, () => client.models.retrieve('m', { headers: { 'x-tenant': name } }))));
      assert.deepEqual(new Map([...seen].sort()), expected);
      assert.deepEqual([...logged.keys()].sort(), names);
    }
  } finally {
    server.stop();
  }
});
