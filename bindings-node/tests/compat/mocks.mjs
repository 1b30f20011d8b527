/** What tests of programs put in the network's place: mocks of `fetch` and of what is behind it, timers that stand still. */
import { spawn } from 'node:child_process';
import FakeTimers from '@sinonjs/fake-timers';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici';
import { CHAT, chunks, COMPLETION, json, outcome, recorder, sse } from './world.mjs';

const BASE = 'https://api.test/v1';
const REFUSED = { error: { message: 'no', type: 't', code: 'c', param: null } };
const SLOW = { 'retry-after-ms': '1' };

/** A client as programs make it. */
const made = ({ OpenAI }, options = {}) => new OpenAI({ apiKey: 'key', baseURL: BASE, maxRetries: 1, ...options });

/** Calls of each kind: plain, streamed, of lists, of bytes, uploads, one that is refused and one without an answer. */
const calls = async (c, isStuck = false) => {
  const words = isStuck ? ['', 'hel', 'lo', null] : [];
  if (!isStuck) for await (const chunk of await c.chat.completions.create({ ...CHAT, stream: true })) words.push(chunk.choices[0]?.delta.content ?? null);
  const names = [];
  for await (const model of c.models.list()) names.push(model.id);
  return [
    await c.chat.completions.create(CHAT), words, names,
    Buffer.from(await (await c.files.content('f')).arrayBuffer()).toString(),
    await c.files.create({ file: new File(['{}'], 'a.jsonl'), purpose: 'batch' }),
    await outcome(() => c.models.retrieve('refused')),
    await outcome(() => c.models.retrieve('down')).then(({ error }) => [error.chain, error.message]),
    isStuck ? 'try 2' : await c.models.retrieve('again').then(({ id }) => id),
  ];
};

const STREAM = [...chunks('hel', 'lo').map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'].join('');

export const programs = {
  'msw': async (p) => {
    const seen = [];
    let tries = 0;
    const server = setupServer(
      http.post(`${BASE}/chat/completions`, async ({ request }) => {
        const body = await request.json();
        seen.push([body, request.headers.get('authorization')]);
        return body.stream ? new HttpResponse(STREAM, { headers: { 'content-type': 'text/event-stream' } }) : HttpResponse.json(COMPLETION, { headers: { 'x-request-id': 'req' } });
      }),
      http.get(`${BASE}/models`, () => HttpResponse.json({ object: 'list', data: [{ id: 'a' }, { id: 'b' }] })),
      http.get(`${BASE}/files/f/content`, () => HttpResponse.arrayBuffer(new TextEncoder().encode('bytes').buffer)),
      http.post(`${BASE}/files`, async ({ request }) => {
        const form = await request.text();
        seen.push([/name="purpose"\s+batch/.test(form), /filename="a.jsonl"/.test(form)]);
        return HttpResponse.json({ id: 'file' });
      }),
      http.get(`${BASE}/models/refused`, () => HttpResponse.json(REFUSED, { status: 400 })),
      http.get(`${BASE}/models/down`, () => HttpResponse.error()),
      http.get(`${BASE}/models/again`, () => ((tries += 1) === 1 ? HttpResponse.json(REFUSED, { status: 500, headers: SLOW }) : HttpResponse.json({ id: `try ${tries}` }))),
    );
    server.listen({ onUnhandledRequest: 'error' });
    try {
      // The official package waits without end, on Node 20, where a reply of MSW is streamed or left unread.
      const found = await calls(made(p), p.name !== 'threadline');
      return [found, seen.filter(([body]) => !body.stream)];
    } finally {
      server.close();
    }
  },
  'nock': async (p) => {
    // It takes its place when it is loaded, and not in front of the other mocks.
    const { default: nock } = await import('nock');
    if (!nock.isActive()) nock.activate();
    const seen = [];
    const scope = nock('https://api.test', { reqheaders: { authorization: 'Bearer key' } });
    const like = { 'content-type': 'application/json' };
    scope.post('/v1/chat/completions', (body) => body.stream === true).reply(200, STREAM, { 'content-type': 'text/event-stream' });
    scope.get('/v1/models').reply(200, { object: 'list', data: [{ id: 'a' }, { id: 'b' }] });
    scope.post('/v1/chat/completions', CHAT).reply(200, COMPLETION, { 'x-request-id': 'req' });
    scope.get('/v1/files/f/content').reply(200, Buffer.from('bytes'), { 'content-type': 'application/octet-stream' });
    scope.post('/v1/files', (body) => seen.push(/name="purpose"\s+batch/.test(body), /filename="a.jsonl"/.test(body))).reply(200, { id: 'file' });
    scope.get('/v1/models/refused').reply(400, REFUSED, like);
    scope.get('/v1/models/down').twice().replyWithError('connection lost');
    scope.get('/v1/models/again').reply(500, REFUSED, SLOW);
    scope.get('/v1/models/again').reply(200, { id: 'try 2' });
    nock.disableNetConnect();
    try {
      return [await calls(made(p)), seen, scope.isDone()];
    } finally {
      nock.cleanAll();
      nock.enableNetConnect();
      nock.restore();
    }
  },
  "undici's MockAgent": async (p) => {
    const c = made(p);
    const before = getGlobalDispatcher();
    const agent = new MockAgent();
    agent.disableNetConnect();
    const pool = agent.get('https://api.test');
    const like = (type) => ({ headers: { 'content-type': type, ...SLOW } });
    const get = (path, status, body, type = 'application/json') => pool.intercept({ path: `/v1/${path}`, method: 'GET' }).reply(status, body, like(type));
    pool.intercept({ path: '/v1/chat/completions', method: 'POST', body: (body) => body.includes('"stream":true') }).reply(200, STREAM, like('text/event-stream'));
    pool.intercept({ path: '/v1/chat/completions', method: 'POST' }).reply(200, COMPLETION, like('application/json'));
    pool.intercept({ path: '/v1/files', method: 'POST' }).reply(200, { id: 'file' }, like('application/json'));
    get('models', 200, { object: 'list', data: [{ id: 'a' }, { id: 'b' }] });
    get('files/f/content', 200, 'bytes', 'application/octet-stream');
    get('models/refused', 400, REFUSED);
    pool.intercept({ path: '/v1/models/down', method: 'GET' }).replyWithError(new Error('connection lost')).times(2);
    get('models/again', 500, REFUSED);
    get('models/again', 200, { id: 'try 2' });
    setGlobalDispatcher(agent);
    try {
      const found = await calls(c);
      return [found, agent.pendingInterceptors().length];
    } finally {
      setGlobalDispatcher(before);
      await agent.close();
    }
  },
  "undici's MockAgent for one client": async (p) => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    agent.get('https://api.test').intercept({ path: '/v1/models/m', method: 'GET' }).reply(200, { id: 'm' }, { headers: { 'content-type': 'application/json' } }).times(2);
    try {
      return [await made(p, { fetchOptions: { dispatcher: agent } }).models.retrieve('m'), await made(p).models.retrieve('m', { fetchOptions: { dispatcher: agent } })];
    } finally {
      await agent.close();
    }
  },
  'a global fetch in its place': async (p) => {
    const before = globalThis.fetch;
    const { fetch, seen } = recorder(() => json(COMPLETION), () => sse([...chunks('a'), 'data: [DONE]\n\n']));
    globalThis.fetch = fetch;
    try {
      const c = made(p);
      const words = [await c.chat.completions.create(CHAT)];
      for await (const chunk of c.chat.completions.stream(CHAT)) words.push(chunk.choices[0].delta);
      return [words, seen];
    } finally {
      globalThis.fetch = before;
    }
  },
  'replies that are plain objects': async (p) => {
    const reply = { ok: true, status: 200, headers: new Headers({ 'content-type': 'application/json' }), json: async () => COMPLETION, text: async () => JSON.stringify(COMPLETION), body: null };
    return [await made(p, { fetch: async () => reply }).chat.completions.create(CHAT)];
  },
  'timers that stand still, over a fetch': async (p) => {
    // Bodies of the platform are read with these.
    const clock = FakeTimers.install({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const c = made(p, { fetch: async () => json(COMPLETION) });
      const retried = made(p, { fetch: recorder(() => json(REFUSED, { status: 500 }), () => json(COMPLETION)).fetch }).chat.completions.create(CHAT);
      let over = false;
      void retried.then(() => (over = true));
      const first = await c.chat.completions.create(CHAT);
      const before = over;
      await clock.tickAsync(20_000);
      return [first, before, await retried, Date.now()];
    } finally {
      clock.uninstall();
    }
  },
  'timers that stand still, over the wire': async (p) => {
    const code = `
      const server = require('node:http').createServer((request, response) => {
        const stream = request.url.endsWith('/completions');
        response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
        response.end(stream ? ${JSON.stringify(STREAM)} : '{"id":"m"}');
      });
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise((resolve) => child.stdout.once('data', (line) => resolve(String(line).trim())));
    // Those that the platform's own connections need go on.
    const clock = FakeTimers.install({ toNotFake: p.name === 'threadline' ? [] : ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout', 'clearTimeout'] });
    try {
      const c = made(p, { baseURL: `http://127.0.0.1:${port}/v1` });
      const words = [];
      for await (const chunk of await c.chat.completions.create({ ...CHAT, stream: true })) words.push(chunk.choices[0].delta.content);
      return [await c.models.retrieve('m'), words];
    } finally {
      clock.uninstall();
      child.kill();
    }
  },
  'a package whose class is mocked': async ({ OpenAI, load }) => {
    const { Completions } = load('resources/chat/completions');
    const before = Completions.prototype.create;
    const c = new OpenAI({ apiKey: 'k' });
    const { create } = c.chat.completions;
    Completions.prototype.create = async (params) => ({ mocked: params.model });
    const found = [await c.chat.completions.create(CHAT)];
    Completions.prototype.create = before;
    c.chat.completions.create = async () => 'own';
    found.push(await c.chat.completions.create(CHAT), typeof create, c.chat === c.chat, c.chat.completions instanceof OpenAI.Chat.Completions);
    c.chat = { completions: { create: () => 'all' } };
    found.push(c.chat.completions.create());
    return found;
  },
};
