/** Retries, times, cancelling. */
import { CHAT, client, COMPLETION, json, outcome, recorder } from './world.mjs';

const now = { 'retry-after-ms': '1' };
const fails = (status, headers = now) => () => json({ error: { message: 'no', code: 'c', param: 'p', type: 't' } }, { status, headers });

const tried = async (p, replies, options, request) => {
  const { fetch, seen } = recorder(...replies);
  const result = await outcome(() => client(p, fetch, { maxRetries: 2, ...options }).chat.completions.create(CHAT, request));
  return { ...result, counts: seen.map(({ headers }) => [headers['x-stainless-retry-count'], headers['x-stainless-timeout']]) };
};

/** Hangs until it is aborted. */
const hangs = (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DOMException('This operation was aborted', 'AbortError'))));

export const programs = {
  'each status': async (p) => {
    const found = {};
    for (const status of [400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503, 529]) found[status] = await tried(p, [fails(status), () => json(COMPLETION)]);
    return found;
  },
  'to the end': (p) => tried(p, [fails(500)]),
  'none wanted': (p) => tried(p, [fails(500)], { maxRetries: 0 }),
  'a request with its own number': (p) => tried(p, [fails(500)], { maxRetries: 0 }, { maxRetries: 1 }),
  'the server decides': async (p) => [
    await tried(p, [fails(400, { ...now, 'x-should-retry': 'true' }), () => json(COMPLETION)]),
    await tried(p, [fails(500, { ...now, 'x-should-retry': 'false' }), () => json(COMPLETION)]),
  ],
  'no connection': (p) => tried(p, [() => { throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }); }, () => json(COMPLETION)]),
  'never a connection': (p) => tried(p, [() => { throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }); }], { maxRetries: 0 }),
  'what is thrown is no error': (p) => tried(p, [() => { throw { odd: 1 }; }], { maxRetries: 0 }),
  'the first attempt takes too long': (p) => tried(p, [hangs, () => json(COMPLETION)], { timeout: 300 }),
  'every attempt takes too long': (p) => tried(p, [hangs], { timeout: 200, maxRetries: 1 }),
  'a time of one request': (p) => tried(p, [hangs], { maxRetries: 0 }, { timeout: 100 }),
  'headers of the count': (p) => tried(p, [fails(500), () => json(COMPLETION)], {}, { headers: { 'X-Stainless-Retry-Count': null } }),
  'routes without a method': async (p) => {
    const { fetch, seen } = recorder(fails(429, { 'retry-after': '0.01' }), hangs, () => json({ a: 1 }));
    const c = client(p, fetch, { maxRetries: 4, timeout: 500 });
    return [await c.request({ path: '/foo', method: 'get' }), seen.length, await c.get('/foo').asResponse().then((r) => r.text()), seen.length];
  },
  'a signal': async (p) => {
    const { fetch, seen } = recorder(hangs);
    const c = client(p, fetch, { maxRetries: 2 });
    const controller = new AbortController();
    const call = outcome(() => c.chat.completions.create(CHAT, { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('why')), 10);
    const during = await call;
    const before = await outcome(() => c.chat.completions.create(CHAT, { signal: controller.signal }));
    return [during, before, seen.length];
  },
  'a signal while it waits': async (p) => {
    const { fetch, seen } = recorder(fails(500, { 'retry-after': '20' }));
    const controller = new AbortController();
    const call = outcome(() => client(p, fetch, { maxRetries: 2 }).models.list({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    return [await call, seen.length];
  },
  'numbers that are none': async (p) => [-1, 1.5, '3', null, undefined, 0, 7].map((maxRetries) => new p.OpenAI({ apiKey: 'k', maxRetries }).maxRetries),
  'a body that can be read once is not sent again': async (p) => {
    const { fetch, seen } = recorder(fails(500));
    const result = await outcome(() => client(p, fetch, { maxRetries: 2 }).post('/a', { body: (async function* () { yield 'x'; })() }));
    return [result, seen.length];
  },
};
