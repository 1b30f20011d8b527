// How the package lives in a process: worker threads, long runs, exits, an event loop that stays free.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ours } from './server.mjs';

const run = promisify(execFile);
const { OpenAI } = ours('index');
const PACKAGE = JSON.stringify(join(import.meta.dirname, '../dist/index.js'));

/** A server that answers each request like this. */
async function serve(t, answer) {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answer(request, response));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/v1`;
}

test('calls, left streams and cancelled ones leave memory, sockets and threads as they were', async () => {
  const script = join(import.meta.dirname, 'soak.mjs');
  const { stdout } = await run(process.execPath, ['--expose-gc', script, '--calls', '3000', '--streams', '200']);
  assert.equal(stdout.trim().split('\n').length, 5);
});

test('a large event arrives whole, over several turns of the event loop', async (t) => {
  const items = Array.from({ length: 40_000 }, (_, n) => ({ id: `i${n}`, n, text: 'é "quoted" \\ '.repeat(3), list: [n, [n]] }));
  const event = { type: 'x', ['__proto__']: undefined, items, deep: { map: Object.fromEntries(items.map(({ id, n }) => [id, n])), text: 'a'.repeat(3 << 20) }, end: true };
  const tricky = JSON.stringify(event).replace('"type":"x"', '"type":"x","__proto__":{"polluted":1}');
  assert.ok(tricky.length > 5 << 20);
  const baseURL = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`data: {"type":"first"}\n\ndata: ${tricky}\n\ndata: {"type":"response.completed","response":{}}\n\n`);
  });
  const client = new OpenAI({ apiKey: 'k', baseURL });
  const events = [];
  for await (const event of await client.responses.create({ model: 'm', input: 'x', stream: true })) events.push(event);
  assert.equal(events.length, 3);
  assert.deepEqual(events[1], JSON.parse(tricky));
  assert.deepEqual(Object.keys(events[1]), Object.keys(JSON.parse(tricky)));
  assert.equal({}.polluted, undefined);
});

test('worker threads call at the same time, and end in the middle of a stream', async (t) => {
  const baseURL = await serve(t, (request, response) => {
    if (request.url.endsWith('/models/m')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"id":"m"}');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"choices":[]}\n\n');
  });
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const OpenAI = require(${PACKAGE});
    const client = new OpenAI({ apiKey: 'k', baseURL: workerData });
    (async () => {
      const models = await Promise.all(Array.from({ length: 20 }, () => client.models.retrieve('m')));
      const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true });
      await stream[Symbol.asyncIterator]().next();
      parentPort.postMessage(models.length);
      for await (const _ of await client.chat.completions.create({ model: 'm', messages: [], stream: true }));
    })();`;
  const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true, workerData: baseURL }));
  const counts = await Promise.all(workers.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))));
  assert.deepEqual(counts, [20, 20, 20, 20]);
  await Promise.all(workers.map((worker) => worker.terminate()));
  const client = new OpenAI({ apiKey: 'k', baseURL });
  assert.equal((await client.models.retrieve('m')).id, 'm');
});

test('a process with a connection open goes on until it is closed, and one that calls exit ends', async (t) => {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
  const program = (end) => `
    const OpenAI = require(${PACKAGE});
    const { OpenAIRealtimeWS } = require(${JSON.stringify(join(import.meta.dirname, '../dist/realtime/ws.js'))});
    const session = new OpenAIRealtimeWS({ model: 'm' }, new OpenAI({ apiKey: 'k', baseURL: '${baseURL}' }));
    session.socket.on('open', () => { console.log('open'); ${end} });`;
  const closed = await run(process.execPath, ['-e', program('session.close()')]);
  assert.equal(closed.stdout, 'open\n');
  const left = await run(process.execPath, ['-e', program('process.exit(3)')]).catch((error) => error);
  assert.equal(left.code, 3);
  // Nothing but the connection keeps this one alive.
  const child = spawn(process.execPath, ['-e', program('')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  assert.equal(child.exitCode, null);
  child.kill();
});
