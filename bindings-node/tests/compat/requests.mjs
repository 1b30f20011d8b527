/** What is sent. */
import { CHAT, chunks, client, COMPLETION, json, outcome, recorder, sse } from './world.mjs';

const sent = async (package_, work, options, ...replies) => {
  const { fetch, seen } = recorder(...(replies.length ? replies : [() => json({ id: 'x', data: [] })]));
  const result = await outcome(async () => {
    await work(client(package_, fetch, options), package_);
  });
  return { seen, ...result };
};

export const programs = {
  'a chat': (p) => sent(p, (c) => c.chat.completions.create(CHAT)),
  'a streamed chat': (p) => sent(p, (c) => c.chat.completions.create({ ...CHAT, stream: true }), {}, () => sse([...chunks('a'), 'data: [DONE]\n\n'])),
  'a list': (p) => sent(p, (c) => c.files.list({ limit: 2, purpose: 'batch' })),
  'a path with signs': (p) => sent(p, (c) => c.models.retrieve('ft:gpt/a b?c#d%e')),
  'a deletion': (p) => sent(p, (c) => c.models.delete('m')),
  'a call without a body': (p) => sent(p, (c) => c.batches.cancel('b')),
  'assistants': (p) => sent(p, (c) => c.beta.assistants.create({ model: 'm' })),
  'runs of threads': (p) => sent(p, (c) => c.beta.threads.runs.retrieve('run', { thread_id: 't' })),
  'steps of runs': (p) => sent(p, (c) => c.beta.threads.runs.steps.list('run', { thread_id: 't', include: ['step_details.tool_calls[*].file_search.results[*].content'] })),
  'a thread without arguments': (p) => sent(p, (c) => c.beta.threads.create()),
  'a run that includes more': (p) => sent(p, (c) => c.beta.threads.runs.create('t', { assistant_id: 'a', include: ['step_details.tool_calls[*].file_search.results[*].content'] })),
  'embeddings ask for base64': (p) => sent(p, (c) => c.embeddings.create({ model: 'm', input: 'x' })),
  'embeddings as asked': (p) => sent(p, (c) => c.embeddings.create({ model: 'm', input: 'x', encoding_format: 'float' })),
  'speech': (p) => sent(p, (c) => c.audio.speech.create({ model: 'm', voice: 'alloy', input: 'x' }), {}, () => new Response('abc')),
  'content of a file': (p) => sent(p, (c) => c.files.content('f'), {}, () => new Response('abc')),
  'responses': (p) => sent(p, (c) => c.responses.create({ model: 'm', input: 'x', previous_response_id: null })),
  'a response with more': (p) => sent(p, (c) => c.responses.retrieve('r', { include: ['file_search_call.results'] })),
  'vector store files': (p) => sent(p, (c) => c.vectorStores.files.update('f', { vector_store_id: 'v', attributes: { a: 1 } })),
  'conversation items': (p) => sent(p, (c) => c.conversations.items.create('conv', { items: [], include: ['message.output_text.logprobs'] })),
  'options of a request': (p) =>
    sent(p, (c) => c.chat.completions.create(CHAT, { headers: { 'X-A': '1', 'x-b': undefined, Accept: null }, query: { q: [1, 2] }, idempotencyKey: 'i', timeout: 5000 })),
  'another path and body': (p) => sent(p, (c) => c.chat.completions.create(CHAT, { path: '/elsewhere', body: { own: true } })),
  'a path in place of arguments': (p) => sent(p, (c) => c.models.retrieve('m', { path: '/elsewhere' })),
  'a path of a list': (p) => sent(p, (c) => c.files.list({ limit: 1 }, { path: '/elsewhere' })),
  'a file of a container by its id': (p) => sent(p, (c) => c.containers.files.create('c', { file_id: 'f' })),
  'skills without files': (p) => sent(p, async (c) => [await c.skills.create({}), await c.skills.versions.create('s', { default: true })]),
  'permissions of checkpoints by the key for administration': (p) =>
    sent(p, async (c) => [
      await c.fineTuning.checkpoints.permissions.create('ft', { project_ids: ['p'] }), await c.fineTuning.checkpoints.permissions.list('ft'),
      await c.fineTuning.checkpoints.permissions.retrieve('ft'), await c.fineTuning.checkpoints.permissions.delete('p', { fine_tuned_model_checkpoint: 'ft' }),
    ], { adminAPIKey: 'admin' }),
  'a search, whose query is called like an option': (p) => sent(p, (c) => c.vectorStores.search('v', { query: 'q', max_num_results: 2 })),
  'a page behind the last': async (p) => {
    const page = (last) => () => json({ data: [{ id: last }], has_more: false });
    return sent(p, async (c) => {
      const first = await c.files.list();
      return [first.hasNextPage(), (await first.getNextPage()).data];
    }, {}, page('a'), page('b'));
  },
  'default headers and query': (p) =>
    sent(p, (c) => c.models.list(), { defaultHeaders: { 'X-Own': 'a', 'User-Agent': 'me', 'x-gone': null }, defaultQuery: { v: '1', u: undefined } }),
  'a default header taken back': (p) => sent(p, (c) => c.models.list({ headers: { 'x-own': null } }), { defaultHeaders: { 'X-Own': 'a' } }),
  'headers of every form': (p) =>
    sent(p, async (c) => {
      await c.models.list({ headers: new Headers([['a', '1'], ['a', '2']]) });
      await c.models.list({ headers: [['a', '1'], ['a', '2'], ['b', null]] });
      await c.models.list({ headers: { a: ['1', '2'], A: '3' } });
    }),
  'organization and project': (p) => sent(p, (c) => c.models.list(), { organization: 'o', project: 'p' }),
  'fetch options': (p) => sent(p, (c) => c.models.list({ fetchOptions: { cache: 'no-store' } }), { fetchOptions: { keepalive: true, cache: 'reload' } }),
  'routes without a method': (p) =>
    sent(p, async (c) => {
      await c.get('/a', { query: { x: 'ü', list: ['a', 'b'], deep: { er: { k: 1 } }, none: null, gone: undefined, empty: [] } });
      await c.post('/a', { body: { a: 1 }, query: { b: true } });
      await c.put('/a', { body: 'text' });
      await c.put('/a', { body: 'text', headers: { 'content-type': 'text/plain' } });
      await c.patch('/a', { body: new Uint8Array([97, 98]) });
      await c.delete('/a', { body: new URLSearchParams({ a: '1' }) });
      await c.post('/a', { body: { a: [1] }, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
      await c.post('https://other.test/x?y=1', { body: null });
      await c.post('/a', Promise.resolve({ body: {} }));
      await c.request({ method: 'post', path: '/a', body: undefined });
      await c.post('/a', { body: [new TextEncoder().encode('x')][Symbol.iterator]() });
      await c.post('/a', { body: (async function* () { yield 'x'; })() });
    }),
  'a base with a slash and a query': async (p) => {
    const urls = [];
    for (const baseURL of ['https://a.test/v1/', 'https://a.test', 'https://a.test/v1?k=1&k=2', undefined, '']) {
      const c = new p.OpenAI({ apiKey: 'k', baseURL, defaultQuery: { d: '1' } });
      urls.push(c.buildURL('/foo', { d: '2', e: undefined }), c.buildURL('/foo', null), c.buildURL('/foo?z=1', {}), c.buildURL('/foo', null, 'https://b.test/option'));
    }
    return urls;
  },
  'requests built by hand': async (p) => {
    const c = new p.OpenAI({ apiKey: 'k', baseURL: 'https://a.test/', defaultHeaders: { 'X-D': '2' } });
    const seen = [];
    for (const options of [{}, { headers: { 'X-D': undefined } }, { headers: { 'X-D': null } }, { body: { toJSON: () => [1] } }, { body: { __proto__: null } }, { timeout: 2000 }]) {
      const { req, url, timeout } = await c.buildRequest({ path: '/foo', method: 'post', ...options }, { retryCount: 3 });
      seen.push([url, timeout, req.method, req.headers instanceof Headers, req.headers.get('x-d'), req.headers.get('content-type'), req.headers.get('x-stainless-retry-count'), req.headers.get('x-stainless-timeout'), req.body]);
    }
    return seen;
  },
  'times that are none': async (p) => [
    await outcome(() => new p.OpenAI({ apiKey: 'k' }).buildRequest({ path: '/', method: 'get', timeout: -1 })),
    await outcome(() => new p.OpenAI({ apiKey: 'k' }).buildRequest({ path: '/', method: 'get', timeout: 'soon' })),
  ],
  'arguments of a path that say nothing': async (p) => {
    const c = client(p, () => json({}));
    return [
      await outcome(() => c.models.retrieve(undefined)), await outcome(() => c.models.retrieve(null)), await outcome(() => c.models.retrieve('..')),
      await outcome(() => c.models.retrieve('%2e')), await outcome(() => c.models.retrieve({})), await outcome(() => c.beta.threads.runs.retrieve('r', { thread_id: undefined })),
    ];
  },
  'azure': async (p) => {
    const { fetch, seen } = recorder(() => json(COMPLETION));
    const c = new p.AzureOpenAI({ apiKey: 'k', endpoint: 'https://e.test/', apiVersion: 'v', fetch, maxRetries: 0 });
    await c.chat.completions.create(CHAT);
    await c.models.list();
    const d = new p.AzureOpenAI({ apiKey: 'k', endpoint: 'https://e.test', apiVersion: 'v', deployment: 'd', fetch, maxRetries: 0 });
    await d.embeddings.create({ model: 'm', input: 'x', encoding_format: 'float' });
    await d.chat.completions.create(CHAT);
    const e = new p.AzureOpenAI({ azureADTokenProvider: async () => 'token', baseURL: 'https://e.test/openai/deployments/x', apiVersion: 'v', fetch, maxRetries: 0 });
    await e.chat.completions.create(CHAT);
    await e.withOptions({ maxRetries: 1 }).chat.completions.create(CHAT);
    return seen;
  },
  'azure: what is missing': async (p) => {
    const made = (options) => outcome(() => void new p.AzureOpenAI(options));
    return [
      await made({}), await made({ apiVersion: 'v' }), await made({ apiVersion: 'v', apiKey: 'k' }), await made({ apiVersion: 'v', apiKey: 'k', azureADTokenProvider: async () => 't', endpoint: 'https://e' }),
      await made({ apiVersion: 'v', apiKey: 'k', endpoint: 'https://e', baseURL: 'https://b' }),
    ];
  },
};
