/**
 * Many calls and many streams that are left early: memory, sockets and threads stay as they were.
 *
 * `node --expose-gc soak.mjs [--calls N] [--streams N]`; `cargo xtask soak node` runs it at full length, `life.test.mjs` a short version.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MODEL = JSON.stringify({ id: 'm', object: 'model', created: 1, owned_by: 'me' });
const CHUNK = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'a'.repeat(50) } }] };
const PIECE = `data: ${JSON.stringify(CHUNK)}\n\n`.repeat(8);
const MESSAGES = [{ role: 'user', content: 'hi' }];
const MIB = 1 << 20;
const SELF = fileURLToPath(import.meta.url);

/** Answers models at once and streams without end; knows how many streams are open. */
function serve() {
  let streaming = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (!request.url.endsWith('/chat/completions')) {
      const body = request.url.endsWith('/stats') ? JSON.stringify({ streaming }) : MODEL;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
      return;
    }
    streaming += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write(PIECE), 20);
    response.write(PIECE);
    response.on('close', () => {
      clearInterval(timer);
      streaming -= 1;
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
}

async function state() {
  // Objects that hold native ones are let go of in turns of the event loop.
  for (let turn = 0; turn < 4; turn += 1) {
    globalThis.gc();
    await sleep(0);
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { memory: rss, heap: heapUsed, files: readdirSync('/proc/self/fd').length, threads: readdirSync('/proc/self/task').length };
}

function report(name, before, after, limit) {
  const shown = (bytes) => (bytes / MIB).toFixed(1);
  console.log(
    `${name}: memory ${shown(before.memory)} -> ${shown(after.memory)} MiB, heap ${shown(before.heap)} -> ${shown(after.heap)} MiB, ` +
      `files ${before.files} -> ${after.files}, threads ${before.threads} -> ${after.threads}`,
  );
  assert.ok(after.memory - before.memory < limit, `${name}: memory has grown`);
  assert.ok(after.heap - before.heap < 2 * MIB, `${name}: the heap has grown`);
  // Idle connections are kept, a few of them.
  assert.ok(after.files <= before.files + 8, `${name}: files are left open`);
  assert.ok(after.threads <= before.threads, `${name}: threads are left`);
}

/** Does something so often, several at a time. */
async function often(count, width, once) {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await once(left);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function settled(client) {
  for (let look = 0; look < 2000; look += 1) {
    const { streaming } = await client.models.retrieve('stats');
    if (streaming === 0) return;
  }
  assert.fail('sockets of streams are left');
}

async function measured(name, client, count, width, limit, once) {
  await often(Math.min(count, 2_000), width, once);
  await settled(client);
  const before = await state();
  await often(count, width, once);
  await settled(client);
  report(`${count} ${name}`, before, await state(), limit);
}

async function run({ calls, streams }) {
  const { OpenAI } = await import('../dist/index.mjs');
  const child = fork(SELF, ['--serve'], { execArgv: [] });
  const [port] = await once(child, 'message');
  try {
    const client = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1`, network: { systemProxy: false } });
    const open = (options) => client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true }, options);
    await measured('calls', client, calls, 1, 16 * MIB, () => client.models.retrieve('m'));
    await measured('calls, 64 at a time', client, calls, 64, 16 * MIB, () => client.models.retrieve('m'));
    await measured('streams left early', client, streams, 8, 16 * MIB, async () => {
      for await (const _ of await open()) break;
    });
    await measured('cancelled streams', client, streams, 8, 16 * MIB, async (number) => {
      const controller = new AbortController();
      const stream = await open({ signal: controller.signal });
      await stream[Symbol.asyncIterator]().next();
      if (number % 2) controller.abort();
      else stream.controller.abort();
    });
    await measured('calls cancelled under way', client, streams, 8, 16 * MIB, async () => {
      const controller = new AbortController();
      const call = client.models.retrieve('m', { signal: controller.signal });
      queueMicrotask(() => controller.abort());
      await assert.rejects(Promise.resolve(call), OpenAI.APIUserAbortError);
    });
  } finally {
    child.disconnect();
  }
}

const { values } = parseArgs({ options: { serve: { type: 'boolean' }, calls: { type: 'string' }, streams: { type: 'string' } } });
if (values.serve) serve();
else await run({ calls: Number(values.calls ?? 1_000_000), streams: Number(values.streams ?? 10_000) });
