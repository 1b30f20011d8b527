/**
 * Events and replies of 16 MiB in the shapes that users meet: no turn of the event loop may take longer than 20 ms. What counts is the time that
 * the loop's thread computes, so that a busy machine changes nothing; Linux tells it.
 *
 * `node --expose-gc stalls.mjs`; part of `cargo xtask soak node`.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const SIZE = 16 << 20;
const LIMIT = 20;
const ROUNDS = 3;
const PHRASE = 'word é "q" \\ \n';

const chunk = (delta) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: 'stop' }] });
const call = (text) => ({ index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: text } });
const response = () => {
  const part = (at) => ({ type: 'output_text', text: 'some text '.repeat(12), annotations: [{ type: 'url_citation', start_index: at, end_index: at, url: 'http://x', title: 't' }] });
  const output = Array.from({ length: 4000 }, (_, at) => ({ type: 'message', id: `m${at}`, role: 'assistant', status: 'completed', content: Array.from({ length: 18 }, () => part(at)) }));
  return { id: 'r', object: 'response', created_at: 1, model: 'm', status: 'completed', output };
};

/** By name: whether it is an event, its value, and who asks for it. */
const SHAPES = {
  'a text': [true, () => chunk({ content: 'a'.repeat(SIZE) }), 'chat'],
  'a text with signs': [true, () => chunk({ content: PHRASE.repeat(SIZE / 20) }), 'chat'],
  'arguments of a tool': [true, () => chunk({ tool_calls: [call(JSON.stringify(Array.from({ length: SIZE / 48 }, (_, at) => ({ k: at, v: `value ${at}` }))))] }), 'chat'],
  'a response at its end': [true, () => ({ type: 'response.completed', sequence_number: 1, response: response() }), 'responses'],
  'a response': [false, response, 'response'],
  'vectors': [false, () => ({ object: 'list', model: 'm', data: Array.from({ length: 400 }, (_, index) => ({ object: 'embedding', index, embedding: Array.from({ length: 2000 }, (_, at) => Math.sin(index * at)) })) }), 'embeddings'],
};

function serve() {
  const made = new Map();
  const server = createServer((request, reply) => {
    request.resume();
    const name = request.headers['x-shape'];
    const [isEvent, make] = SHAPES[name];
    if (!made.has(name)) made.set(name, isEvent ? `data: ${JSON.stringify(make())}\n\ndata: [DONE]\n\n` : JSON.stringify(make()));
    reply.writeHead(200, { 'content-type': isEvent ? 'text/event-stream' : 'application/json' });
    reply.end(made.get(name));
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
}

/** Milliseconds that this thread has computed so far. */
const computed = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;

/** The longest turn of the event loop while this is done. */
async function longest(work) {
  let most = 0;
  let on = true;
  let last = computed();
  const turn = () => {
    const now = computed();
    most = Math.max(most, now - last);
    last = now;
    if (on) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  on = false;
  return most;
}

const READ = {
  chat: async (client, options) => {
    for await (const { choices } of await client.chat.completions.create({ model: 'm', messages: [], stream: true }, options)) assert.equal(choices.length, 1);
  },
  responses: async (client, options) => {
    for await (const event of await client.responses.create({ model: 'm', input: 'x', stream: true }, options)) assert.equal(event.response.output.length, 4000);
  },
  response: async (client, options) => assert.equal((await client.responses.create({ model: 'm', input: 'x' }, options)).output.length, 4000),
  embeddings: async (client, options) => assert.equal((await client.embeddings.create({ model: 'm', input: 'x', encoding_format: 'float' }, options)).data.length, 400),
};

async function run() {
  const { OpenAI } = await import('../dist/index.mjs');
  const child = fork(fileURLToPath(import.meta.url), ['--serve'], { execArgv: [] });
  const [port] = await once(child, 'message');
  const client = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1`, network: { systemProxy: false } });
  try {
    for (const [name, [, , how]] of Object.entries(SHAPES)) {
      let best = Infinity;
      for (let round = 0; round < ROUNDS; round += 1) {
        globalThis.gc();
        best = Math.min(best, await longest(() => READ[how](client, { headers: { 'x-shape': name } })));
      }
      console.log(`16 MiB, ${name}: the longest turn of the event loop took ${best.toFixed(1)} ms`);
      assert.ok(best < LIMIT, `${name}: the event loop was kept for ${best} ms`);
    }
  } finally {
    child.disconnect();
  }
}

if (process.argv[2] === '--serve') serve();
else await run();
