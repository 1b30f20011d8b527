/** The runtime below the resources: transports, cancelling, secrets, routes without a method, the seam. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { inspect, promisify } from 'node:util';
import Official from 'openai';
import OpenAI, { fetch as seam } from '../dist/index.mjs';
import { CursorPage } from '../dist/pagination.mjs';

const PARAMS = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

/** A server for the time of one test; its base URL. */
async function serve(t, answer) {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => answer(request, response, body));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}/v1`;
}

function json(response, value, status = 200, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

/** A stream of which the end never comes. */
function endless(_, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of ['a', 'b']) response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
}

test('requests go through the fetch of the user, with the key that a function gives', async () => {
  const seen = [];
  const client = new OpenAI({
    apiKey: async () => 'given',
    baseURL: 'http://nowhere.test/v1',
    fetch: async (url, init) => {
      seen.push([String(url), init.headers.get('authorization'), JSON.parse(init.body).model]);
      return new Response('{"id":"c"}', { headers: { 'content-type': 'application/json', 'x-request-id': 'r' } });
    },
  });
  const { data, request_id, response } = await client.chat.completions.create(PARAMS).withResponse();
  assert.deepEqual([data.id, request_id, response.status], ['c', 'r', 200]);
  assert.deepEqual(seen, [['http://nowhere.test/v1/chat/completions', 'Bearer given', 'm']]);
});

test('what the fetch of the user throws is the cause of the error', async () => {
  const thrown = new Error('no way');
  const client = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: () => Promise.reject(thrown) });
  await assert.rejects(client.models.list(), (error) => error instanceof OpenAI.APIConnectionError && error.cause === thrown);
});

test('a signal ends a call and a stream, and keeps no listener', async (t) => {
  const client = new OpenAI({ apiKey: 'k', baseURL: await serve(t, endless) });
  const controller = new AbortController();
  const { signal } = controller;
  const stream = await client.chat.completions.create({ ...PARAMS, stream: true }, { signal });
  let count = 0;
  for await (const _ of stream) {
    count += 1;
    if (count === 2) controller.abort();
  }
  assert.equal(count, 2);
  await assert.rejects(client.models.list({ signal }), OpenAI.APIUserAbortError);
  const other = new AbortController();
  const waiting = client.chat.completions.create(PARAMS, { signal: other.signal });
  const rejected = assert.rejects(waiting, OpenAI.APIUserAbortError);
  other.abort();
  await rejected;
  assert.deepEqual([getEventListeners(signal, 'abort').length, getEventListeners(other.signal, 'abort').length], [0, 0]);
});

test('a process ends with a stream open', async (t) => {
  const baseURL = await serve(t, endless);
  const program = `
    const { OpenAI } = require(${JSON.stringify(new URL('../dist/index.js', import.meta.url).pathname)});
    const client = new OpenAI({ apiKey: 'k', baseURL: ${JSON.stringify(baseURL)} });
    client.chat.completions.create({ model: 'm', messages: [], stream: true }).then(async (stream) => {
      const { value } = await stream[Symbol.asyncIterator]().next();
      console.log(value.choices[0].delta.content);
    });`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { timeout: 60_000 });
  assert.equal(stdout.trim(), 'a');
});

test('a printed client shows no key', () => {
  const client = new OpenAI({ apiKey: 'sk-canary', adminAPIKey: 'canary', webhookSecret: 'canary', defaultHeaders: { a: 'canary' } });
  client.chat.completions;
  assert.doesNotMatch(inspect(client, { depth: 9 }) + JSON.stringify(client), /canary/);
});

test('keys of a reply reach no prototype', async (t) => {
  const text = '{"id":"c","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  const baseURL = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(text);
  });
  const value = await new OpenAI({ apiKey: 'k', baseURL }).chat.completions.create(PARAMS);
  assert.equal({}.polluted, undefined);
  assert.equal(JSON.stringify(value), text);
});

test('routes without a method: retries, errors, lists, streams', async (t) => {
  let failures = 2;
  const baseURL = await serve(t, (request, response, body) => {
    if (request.url === '/v1/flaky' && failures-- > 0) return json(response, {}, 500, { 'retry-after-ms': '1' });
    if (request.url === '/v1/missing') return json(response, { error: { message: 'none', code: 'x' } }, 404);
    if (request.url.startsWith('/v1/list')) {
      const isFirst = !request.url.includes('after=b');
      return json(response, { data: isFirst ? [{ id: 'a' }, { id: 'b' }] : [{ id: 'c' }], has_more: isFirst });
    }
    if (request.url === '/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.end('data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n');
    }
    return json(response, { method: request.method, url: request.url, body, key: request.headers.authorization });
  });
  const client = new OpenAI({ apiKey: 'k', baseURL });
  assert.deepEqual(await client.post('/gadgets', { body: { a: 1 }, query: { z: [1] } }), {
    method: 'POST', url: '/v1/gadgets?z%5B%5D=1', body: '{"a":1}', key: 'Bearer k',
  });
  assert.equal((await client.get('/flaky')).url, '/v1/flaky');
  await assert.rejects(client.get('/missing'), (error) => error instanceof OpenAI.NotFoundError && error.code === 'x');
  const ids = [];
  for await (const item of client.getAPIList('/list', CursorPage)) ids.push(item.id);
  assert.deepEqual(ids, ['a', 'b', 'c']);
  const numbers = [];
  for await (const event of await client.get('/events', { stream: true })) numbers.push(event.n);
  assert.deepEqual(numbers, [1, 2]);
});

/** A model behind `/responses` that always says the same. */
function model(_, response) {
  const output = [{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'hello', annotations: [] }] }];
  const whole = { id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: 'm', output, usage: null };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = [
    ['response.created', { response: { ...whole, status: 'in_progress', output: [] } }],
    ['response.output_item.added', { output_index: 0, item: { ...output[0], status: 'in_progress', content: [] } }],
    ['response.content_part.added', { item_id: 'msg_1', output_index: 0, content_index: 0, part: { type: 'output_text', text: '', annotations: [] } }],
    ['response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'hello', logprobs: [] }],
    ['response.output_item.done', { output_index: 0, item: output[0] }],
    ['response.completed', { response: whole }],
  ];
  events.forEach(([type, rest], number) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...rest })}\n\n`));
  response.end();
}

test('the official package runs assistants on the engine in this process', async (t) => {
  const baseURL = await serve(t, model);
  const options = { apiKey: 'k', baseURL };
  const client = new Official({ ...options, fetch: seam({ ...options, assistants: 'sqlite::memory:' }) });
  const assistant = await client.beta.assistants.create({ model: 'm' });
  const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: 'hi' }] });
  const run = await client.beta.threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  assert.equal(run.status, 'completed');
  const stream = client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id });
  const [message] = await stream.finalMessages();
  assert.equal(message.content[0].text.value, 'hello');
});

test('a client with `assistants` runs them in this process', async (t) => {
  const client = new OpenAI({ apiKey: 'k', baseURL: await serve(t, model), assistants: 'sqlite::memory:' });
  const assistant = await client.beta.assistants.create({ model: 'm' });
  const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: 'hi' }] });
  const run = await client.beta.threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  assert.deepEqual([run.status, (await client.beta.threads.messages.list(thread.id)).data[0].content[0].text.value], ['completed', 'hello']);
});
