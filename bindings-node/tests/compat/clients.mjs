/** Clients: what they are made of, hooks of subclasses, loggers, keys. */
import { CHAT, client, COMPLETION, json, outcome, recorder } from './world.mjs';

const ok = () => json(COMPLETION);

export const programs = {
  'the environment': async (p) => {
    const env = {
      OPENAI_API_KEY: ' from env ', OPENAI_BASE_URL: 'https://env.test/v1', OPENAI_ORG_ID: 'o', OPENAI_PROJECT_ID: 'p', OPENAI_WEBHOOK_SECRET: 'w', OPENAI_ADMIN_KEY: 'a', OPENAI_LOG: 'info',
      OPENAI_CUSTOM_HEADERS: 'X-One: 1\nX-Two: a:b\nnothing',
    };
    Object.assign(process.env, env);
    const c = new p.OpenAI();
    const d = new p.OpenAI({ apiKey: 'own', baseURL: 'https://own.test', organization: null, project: null, logLevel: 'off' });
    const { req } = await c.buildRequest({ path: '/x', method: 'get' });
    process.env.OPENAI_BASE_URL = ' ';
    return [c, d, new p.OpenAI()].map((one) => [one.apiKey, one.baseURL, one.organization, one.project, one.webhookSecret, one.adminAPIKey, one.logLevel]).concat([[req.headers.get('x-one'), req.headers.get('x-two')]]);
  },
  'no key': async (p) => {
    delete process.env.OPENAI_API_KEY;
    return [await outcome(() => void new p.OpenAI()), await outcome(() => void new p.OpenAI({ apiKey: null })), await outcome(() => void new p.OpenAI({ apiKey: '' })), new p.OpenAI({ adminAPIKey: 'a' }).apiKey];
  },
  'only a key for administration': async (p) => {
    delete process.env.OPENAI_API_KEY;
    const { fetch, seen } = recorder(ok);
    const c = client(p, fetch, { apiKey: null, adminAPIKey: 'admin' });
    return [await outcome(() => c.models.list().then(() => 1)), await outcome(() => c.admin.organization.users.list().then(() => 1)), seen.map(({ headers }) => headers.authorization)];
  },
  'keys that a function gives': async (p) => {
    const { fetch, seen } = recorder(() => json({ error: {} }, { status: 500, headers: { 'retry-after-ms': '1' } }), ok);
    let count = 0;
    const c = client(p, fetch, { apiKey: async () => `key ${(count += 1)}`, maxRetries: 2 });
    await c.chat.completions.create(CHAT);
    const bad = async (apiKey) => outcome(() => client(p, fetch, { apiKey }).chat.completions.create(CHAT));
    return [seen.map(({ headers }) => headers.authorization), c.apiKey, await bad(async () => ''), await bad(async () => 7), await bad(async () => { throw new Error('vault'); }), await bad(async () => { throw new p.OpenAI.OpenAIError('own'); })];
  },
  'other options': async (p) => {
    const { fetch, seen } = recorder(ok);
    const c = client(p, fetch, { maxRetries: 3, defaultHeaders: { 'x-a': '1' }, defaultQuery: { q: '1' } });
    const d = c.withOptions({ maxRetries: 5, baseURL: 'https://other.test' });
    const e = c.withOptions({ defaultHeaders: { 'x-b': '2' }, timeout: 7 });
    c.timeout = 1000;
    c.baseURL = 'https://changed.test';
    const f = c.withOptions({ maxRetries: 9 });
    for (const one of [c, d, e, f]) await one.withOptions({ timeout: 5000 }).models.list();
    return [d.maxRetries, d.baseURL, d.constructor === c.constructor, e.timeout, f.timeout, f.baseURL, f.maxRetries, d.buildURL('/foo', null), seen.map(({ url, headers }) => [url, headers['x-a'], headers['x-b']])];
  },
  'properties that change': async (p) => {
    const { fetch, seen } = recorder(ok);
    const c = client(p, fetch);
    c.apiKey = 'other';
    c.organization = 'org';
    c.baseURL = 'https://moved.test/v2';
    await c.models.list();
    return seen;
  },
  'hooks of a subclass': async (p) => {
    const calls = [];
    class Own extends p.OpenAI {
      async prepareOptions(options) { calls.push(['options', options.method, options.path, Object.keys(options.body ?? {})]); options.headers = { ...options.headers, 'x-options': '1' }; }
      async prepareRequest(request, { url, options }) { calls.push(['request', url, options.path]); request.headers.set('x-request', '2'); }
      async fetchWithTimeout(url, init, ms, controller) { calls.push(['fetch', ms, controller instanceof AbortController]); return super.fetchWithTimeout(url, init, ms, controller); }
      authHeaders() { return super.authHeaders(...arguments); }
      defaultQuery() { return { ...super.defaultQuery(), own: 'q' }; }
      shouldRetry(response) { calls.push(['retry', response.status]); return super.shouldRetry(response); }
    }
    const { fetch, seen } = recorder(() => json({ error: {} }, { status: 500, headers: { 'retry-after-ms': '1' } }), ok);
    const c = client({ OpenAI: Own }, fetch, { maxRetries: 1 });
    return [await c.chat.completions.create(CHAT), calls, seen.map(({ url, headers }) => [url, headers['x-options'], headers['x-request'], headers['user-agent']])];
  },
  'a subclass that answers by itself': async (p) => {
    class Own extends p.OpenAI {
      async fetchWithTimeout(url) { return json({ url }); }
    }
    const c = new Own({ apiKey: 'k', baseURL: 'https://a.test' });
    return [await c.models.retrieve('m'), c instanceof p.OpenAI, c.withOptions({}) instanceof Own];
  },
  'a method that was replaced': async (p) => {
    const c = new p.OpenAI({ apiKey: 'k' });
    const seen = [];
    c.post = (path, options) => { seen.push(Promise.resolve(options).then(({ body }) => [path, body.model])); return new p.main.APIPromise(c, Promise.resolve({ response: json({ id: 'fake' }), options: {}, controller: new AbortController(), requestLogID: '', startTime: 0 })); };
    const made = await c.chat.completions.create(CHAT);
    return [made.id, await Promise.all(seen)];
  },
  'loggers': async (p) => {
    const written = [];
    const logger = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, (message, details) => written.push([level, message.replace(/log_[0-9a-f]+/g, 'log_X').replace(/\d+ms/, 'Nms'), details && Object.keys(details).filter((key) => key !== 'durationMs' && key !== 'body').sort()])]));
    const { fetch } = recorder(() => json({ error: {} }, { status: 500, headers: { 'retry-after-ms': '1' } }), ok);
    const at = async (logLevel) => {
      written.push([logLevel]);
      await client(p, recorder(() => json({ error: {} }, { status: 500, headers: { 'retry-after-ms': '1' } }), ok).fetch, { logger, logLevel, maxRetries: 1 }).chat.completions.create(CHAT);
    };
    for (const level of ['off', 'warn', 'info', 'debug']) await at(level);
    process.env.OPENAI_LOG = 'loud';
    const c = client(p, fetch, { logger });
    const d = client(p, fetch, { logger, logLevel: 'louder' });
    return [written, c.logLevel, d.logLevel];
  },
  'no secret reaches a logger': async (p) => {
    const written = [];
    const write = (...parts) => written.push(JSON.stringify(parts));
    const { fetch } = recorder(ok);
    await client(p, fetch, { apiKey: 'canary', logger: { debug: write, info: write, warn: write, error: write }, logLevel: 'debug', defaultHeaders: { 'x-api-key': 'canary' }, defaultQuery: { api_key: 'canary' } }).models.list();
    return [written.length > 0, written.some((line) => line.includes('canary'))];
  },
  'a promise made by hand': async (p) => {
    const { APIPromise } = p.load('core/api-promise');
    const written = [];
    const logger = { debug: (m) => written.push(m), info() {}, warn() {}, error() {} };
    const c = new p.OpenAI({ apiKey: 'k', logger, logLevel: 'debug' });
    const made = (response) => new APIPromise(c, Promise.resolve({ response, controller: new AbortController(), requestLogID: 'log_000000', retryOfRequestLogID: undefined, startTime: Date.now(), options: { method: 'get', path: '/' } }));
    return [await made(new Response()), await made(json({ a: 1 })), written.length > 0];
  },
  'what the main module offers': async ({ main, OpenAI }) => [
    typeof main, main.default === OpenAI, typeof main.toFile, typeof main.APIPromise, typeof main.PagePromise, typeof OpenAI.toFile, OpenAI.DEFAULT_TIMEOUT, OpenAI.OpenAI === OpenAI, OpenAI.name, typeof OpenAI.Chat, typeof OpenAI.Files,
    Object.keys(OpenAI).filter((key) => /Error$/.test(key)).sort(),
  ],
  'the main module as the class': async ({ main }) => {
    class Mine extends main {
      mine() {
        return this.chat.completions.constructor.name;
      }
    }
    const mine = new Mine({ apiKey: 'k' });
    const kinds = [mine instanceof Mine, mine instanceof main, mine instanceof main.OpenAI, mine.mine(), mine.constructor.name];
    const made = [main({ apiKey: 'k' }), new main({ apiKey: 'k' })].map((one) => [one instanceof main, one.constructor === main.OpenAI]);
    return [kinds, made, typeof main.Chat.Completions.prototype.create, main.Chat === main.OpenAI.Chat, main.DEFAULT_TIMEOUT, main.prototype === main.OpenAI.prototype];
  },
  'in a browser': (p) => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    const made = (options) => {
      try {
        return new p.OpenAI({ apiKey: 'k', ...options }).apiKey;
      } catch (error) {
        return [error.constructor.name, error.message.includes('browser-like environment'), error.message.includes('dangerouslyAllowBrowser')];
      }
    };
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'x' }, configurable: true, writable: true });
    globalThis.window = { document: {} };
    try {
      return [made({}), made({ dangerouslyAllowBrowser: true })];
    } finally {
      delete globalThis.window;
      if (before) Object.defineProperty(globalThis, 'navigator', before);
      else delete globalThis.navigator;
    }
  },
};
