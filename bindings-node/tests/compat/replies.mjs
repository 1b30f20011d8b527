/** What comes back: values, errors, pages, streams, promises. */
import { inspect } from 'node:util';
import { CHAT, chunks, client, COMPLETION, json, outcome, recorder, sse, told } from './world.mjs';

const call = (p, reply, work, options) => {
  const { fetch } = recorder(reply);
  return outcome(() => work(client(p, fetch, options), p));
};
const all = async (stream) => {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
};
const streamed = (reply) => async (p) => {
  const { fetch } = recorder(reply);
  const events = [];
  const end = await outcome(async () => {
    for await (const event of await client(p, fetch).chat.completions.create({ ...CHAT, stream: true })) events.push(event);
  });
  return { events, end };
};
const error = (body, status = 400, headers = {}) => (p) =>
  call(p, () => new Response(body, { status, headers: { 'x-request-id': 'r', 'content-type': 'application/json', ...headers } }), (c) => c.models.list());

export const programs = {
  'replies of no content': async (p) => {
    const c = client(p, async () => new Response(null, { status: 204 }));
    const works = [() => c.models.retrieve('m'), () => c.chat.completions.create(CHAT), () => c.files.delete('f'), () => c.get('/x'), () => c.chat.completions.create(CHAT).withResponse().then(({ data, response }) => [data, response.status])];
    const all = [];
    for (const work of works) all.push(await outcome(work));
    return all;
  },
  'what a page shows': async (p) => {
    const c = client(p, async () => json({ object: 'list', data: [{ id: 'a' }], has_more: true, first_id: 'a' }));
    const page = await c.chat.completions.list({ limit: 1 });
    const next = await page.getNextPage();
    const again = await next.getNextPage();
    const models = await c.models.list();
    return [Object.keys(page), JSON.stringify({ ...page, options: undefined }), JSON.stringify(models), again.data, page.options.query, next.options.query, page.body, page.response.status];
  },
  'what a page knows of its request, where nothing was given': async (p) => {
    const c = client(p, async () => json({ object: 'list', data: [] }));
    const lists = [c.files.list(), c.models.list(), c.chat.completions.list(undefined, { timeout: 30_000 }), c.beta.assistants.list({}), c.vectorStores.files.list('v')];
    return Promise.all(lists.map(async (page) => Object.entries((await page).options).filter(([name]) => name !== 'headers').map(([name, value]) => [name, JSON.stringify(value)]).sort()));
  },
  'pages that do not say whether there is more': async (p) => {
    const all = [];
    for (const more of [{}, { has_more: null }, { has_more: true }, { has_more: false }]) {
      const c = client(p, async (url) => json({ object: 'list', data: [{ id: url.includes('after') ? 'b' : 'a' }], ...(url.includes('after') ? { has_more: false } : more) }));
      const ids = [];
      for await (const { id } of c.files.list()) ids.push(id);
      all.push(ids, (await c.vectorStores.list()).hasNextPage());
    }
    return all;
  },
  'clients at another address': async (p) => {
    const seen = [];
    const c = client(p, async (url, { headers }) => (seen.push(new Headers(headers).get('authorization')), json(COMPLETION)), { apiKey: 'first' });
    const { baseURL } = c;
    for (const one of [new p.OpenAI({ apiKey: 'k', baseURL: 'https://elsewhere.test/v1' }), new p.OpenAI({ apiKey: async () => 'given', baseURL: 'https://elsewhere.test/v1' })]) {
      const copy = one.withOptions({ baseURL, maxRetries: 0, ...(p.wire ? {} : { fetch: c.fetch }) });
      seen.push((await copy.chat.completions.create(CHAT)).id);
      seen.push((await copy.withOptions({ apiKey: 'other' }).chat.completions.create(CHAT)).id);
    }
    const moved = new p.OpenAI({ apiKey: 'moved', baseURL: 'https://elsewhere.test/v1', maxRetries: 0, ...(p.wire ? {} : { fetch: c.fetch }) });
    moved.baseURL = baseURL;
    seen.push((await moved.chat.completions.create(CHAT)).id);
    return seen;
  },
  'a value has the id of its request': (p) =>
    call(p, () => json(COMPLETION), async (c) => {
      const value = await c.chat.completions.create(CHAT);
      return [value, value._request_id, Object.keys(value), JSON.stringify(value)];
    }),
  'a promise of three faces': (p) =>
    call(p, () => json(COMPLETION), async (c, { OpenAI, main }) => {
      const promise = c.chat.completions.create(CHAT);
      const raw = await promise.asResponse();
      const value = await promise;
      const both = await promise.withResponse();
      return [raw instanceof Response, raw.status, both.data === value, both.response === raw, both.request_id, promise instanceof main.APIPromise, promise instanceof Promise, raw.bodyUsed, typeof OpenAI];
    }),
  'the reply alone': (p) =>
    call(p, () => json(COMPLETION), async (c) => {
      const raw = await c.chat.completions.create(CHAT).asResponse();
      return [raw.bodyUsed, await raw.json(), raw.headers.get('x-request-id')];
    }),
  'then, catch, finally': (p) =>
    call(p, () => json({ error: { message: 'x' } }, { status: 400 }), async (c) => {
      const caught = await c.models.list().catch(told);
      let last = 0;
      const again = await c.models.retrieve('m').finally(() => (last += 1)).then(() => 'no', (e) => e.message);
      return [caught, again, last];
    }),
  'unwrapped': (p) =>
    call(p, () => json(COMPLETION), async (c) => {
      const promise = c.chat.completions.create(CHAT)._thenUnwrap((value, { response }) => ({ id: value.id, status: response.status }));
      return [await promise, (await promise)._request_id, (await promise.asResponse()).status];
    }),
  'errors of a server': async (p) => [
    await error('{"error":{"message":"m","type":"t","code":"c","param":"p","more":1}}')(p), await error('{"error":"text"}')(p), await error('{"message":"top"}')(p),
    await error('{"detail":[1]}')(p), await error('plain')(p), await error('')(p), await error('[1]')(p), await error('"s"')(p), await error('null')(p),
    await error('{"error":{"message":{"deep":1}}}', 404)(p), await error('{"error":{}}', 500)(p), await error('<html>', 502, { 'content-type': 'text/html' })(p), await error('{"error":null}', 429)(p),
  ],
  'replies that are no JSON': async (p) => [
    await call(p, () => new Response('text'), (c) => c.models.list().then((v) => v.data)),
    await call(p, () => new Response('text', { headers: { 'content-type': 'text/plain' } }), (c) => c.get('/x')),
    await call(p, () => new Response(null, { status: 204 }), (c) => c.get('/x')),
    await call(p, () => json('', { headers: { 'content-length': '0' } }), (c) => c.get('/x')),
    await call(p, () => json('{"a"', {}), (c) => c.get('/x')).then(({ error }) => error.chain),
    await call(p, () => json({ a: 1 }, { headers: { 'content-type': 'application/vnd.x+json' } }), (c) => c.get('/x')),
    await call(p, () => json('[1,2]'), (c) => c.get('/x')),
    await call(p, () => json('null'), (c) => c.get('/x')),
    await call(p, () => json('7'), (c) => c.get('/x')),
  ],
  'transcriptions are text or JSON': async (p) => [
    await call(p, () => new Response('WEBVTT', { headers: { 'content-type': 'text/plain' } }), (c) => c.audio.transcriptions.create({ file: new File(['x'], 'a.wav'), model: 'm', response_format: 'vtt' })),
    await call(p, () => json({ text: 'hi' }), (c) => c.audio.transcriptions.create({ file: new File(['x'], 'a.wav'), model: 'm' })),
  ],
  'bytes': (p) =>
    call(p, () => new Response(new Uint8Array([1, 2, 3]), { headers: { 'content-type': 'audio/mpeg' } }), async (c) => {
      const reply = await c.audio.speech.create({ model: 'm', voice: 'alloy', input: 'x' });
      return [reply instanceof Response, [...new Uint8Array(await reply.arrayBuffer())], reply.headers.get('content-type')];
    }),
  'keys that prototypes have': (p) =>
    call(p, () => json('{"id":"c","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'), async (c) => {
      const value = await c.chat.completions.create(CHAT);
      return [{}.polluted, Object.hasOwn(value, '__proto__'), JSON.stringify(value)];
    }),
  'embeddings are numbers': (p) => {
    const packed = Buffer.from(new Float32Array([0.5, -1, 2]).buffer).toString('base64');
    return call(p, () => json({ object: 'list', data: [{ object: 'embedding', index: 0, embedding: packed }] }), async (c) => [
      await c.embeddings.create({ model: 'm', input: 'x' }), await c.embeddings.create({ model: 'm', input: 'x', encoding_format: 'base64' }),
      (await c.embeddings.create({ model: 'm', input: 'x' }).withResponse()).request_id,
    ]);
  },
  'responses have their text': (p) => {
    const output = [{ type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'he', annotations: [] }, { type: 'output_text', text: 'llo', annotations: [] }] }];
    return call(p, () => json({ id: 'r', object: 'response', status: 'completed', model: 'm', output }), async (c) => {
      const value = await c.responses.create({ model: 'm', input: 'x' });
      return [value.output_text, (await c.responses.retrieve('r')).output_text, value._request_id];
    });
  },
  'pages': async (p) => {
    const pages = [[{ id: 'a' }, { id: 'b' }], [{ id: 'c' }]];
    const { fetch, seen } = recorder((url) => {
      const after = new URL(url).searchParams.get('after');
      return json(after === 'b' ? { data: pages[1], has_more: false } : { data: pages[0], has_more: true, extra: 1 });
    });
    const c = client(p, fetch);
    const page = await c.files.list({ limit: 2, purpose: 'batch' }, { headers: { 'x-a': '1' } });
    const next = await page.getNextPage();
    const items = [];
    for await (const item of c.files.list({ limit: 2 })) items.push(item.id);
    const sizes = [];
    for await (const one of page.iterPages()) sizes.push(one.data.length);
    return [
      page.data, page.has_more, page.hasNextPage(), next.data, next.hasNextPage(), items, sizes,
      page.getPaginatedItems().length, page.constructor.name, (await c.files.list().withResponse()).data.data.length, seen.map(({ url, headers }) => [url, headers['x-a']]),
    ];
  },
  'empty pages': (p) => call(p, () => json({ data: [] }), async (c) => [(await c.models.list()).data, await all(c.files.list()), (await c.files.list()).hasNextPage()]),
  'pages of a route of our own': async (p) => {
    const { fetch } = recorder((url) => json(url.includes('after=1') ? { data: [{ id: '2' }], has_more: false } : { data: [{ id: '1' }], has_more: true }));
    const { CursorPage } = p.load('pagination');
    return all(client(p, fetch).getAPIList('/own', CursorPage, { query: { limit: 1 } }));
  },
  'a stream': streamed(() => sse([...chunks('a', 'b'), 'data: [DONE]\n\n'])),
  'a stream with everything SSE may have': streamed(() =>
    sse([': comment\n\n', 'id: 1\nretry: 5\ndata: {"a":\ndata: 1}\n\n', 'data:{"b":2}\r\n\r\n', 'event: x\ndata: {"c":3}\n\n', 'data: [DONE]\n\n', 'data: {"d":4}\n\n'])),
  'a stream that holds an error': streamed(() => sse([chunks('a')[1], { error: { message: 'over', code: 'c' } }])),
  'an event that is an error': streamed(() => sse(['event: error\ndata: {"message":"over","code":"c"}\n\n'])),
  'a stream that is refused': streamed(() => json({ error: { message: 'no' } }, { status: 400 })),
  'events of assistants': async (p) => {
    const { fetch } = recorder(() => sse(['event: thread.created\ndata: {"id":"t"}\n\n', 'event: thread.run.created\ndata: {"id":"r"}\n\n', 'event: done\ndata: [DONE]\n\n']));
    return all(await client(p, fetch).beta.threads.createAndRun({ assistant_id: 'a', stream: true }));
  },
  'events of responses': async (p) => {
    const { fetch } = recorder(() => sse(['event: response.created\ndata: {"type":"response.created","response":{"id":"r"}}\n\n', 'event: response.completed\ndata: {"type":"response.completed","response":{"id":"r","output":[]}}\n\n']));
    return all(await client(p, fetch).responses.create({ model: 'm', input: 'x', stream: true }));
  },
  'a stream split in two, as bytes, and read again': async (p) => {
    const { fetch } = recorder(() => sse([...chunks('a', 'b'), 'data: [DONE]\n\n']));
    const c = client(p, fetch);
    const make = () => c.chat.completions.create({ ...CHAT, stream: true });
    const [left, right] = (await make()).tee();
    const { Stream } = p.load('streaming');
    const text = await new Response((await make()).toReadableStream()).text();
    const again = Stream.fromReadableStream(new Response(text).body, new AbortController());
    const used = await make();
    await all(used);
    return [(await all(left)).length, (await all(right)).length, text, (await all(again)).length, used instanceof Stream, await outcome(() => all(used))];
  },
  'a stream that is left': async (p) => {
    let cancelled = false;
    const encoder = new TextEncoder();
    const body = () => new ReadableStream({
      pull: (controller) => controller.enqueue(encoder.encode(`data: ${JSON.stringify(chunks('a')[1])}\n\n`)),
      cancel: () => { cancelled = true; },
    });
    const signals = [];
    const fetch = async (_, { signal }) => { signals.push(signal); return new Response(body(), { headers: { 'content-type': 'text/event-stream' } }); };
    const stream = await client(p, fetch).chat.completions.create({ ...CHAT, stream: true });
    for await (const _ of stream) break;
    const other = await client(p, fetch).chat.completions.create({ ...CHAT, stream: true });
    let count = 0;
    const end = await outcome(async () => {
      for await (const _ of other) {
        count += 1;
        if (count === 3) other.controller.abort();
        if (count > 50) break;
      }
    });
    return [stream.controller.signal.aborted, signals[0].aborted, cancelled, count < 50, end];
  },
  'what a client shows': async (p) => {
    const c = new p.OpenAI({ apiKey: 'sk-canary' });
    return [inspect(c, { depth: 0 }).includes('never'), c.apiKey, c.baseURL, c.timeout, c.maxRetries, c.organization, c.project, c.adminAPIKey, c.webhookSecret, c.logLevel];
  },
  'classes of errors': async (p) => {
    const { OpenAI, main, load } = p;
    const names = ['OpenAIError', 'APIError', 'APIConnectionError', 'APIConnectionTimeoutError', 'APIUserAbortError', 'NotFoundError', 'ConflictError', 'RateLimitError', 'BadRequestError', 'AuthenticationError', 'InternalServerError', 'PermissionDeniedError', 'UnprocessableEntityError', 'InvalidWebhookSignatureError'];
    const errors = load('error');
    return [
      names.map((name) => [OpenAI[name] === main[name], main[name] === errors[name], errors[name].name]),
      told(new errors.APIUserAbortError()), told(new errors.APIUserAbortError({ message: 'x' })), told(new errors.APIConnectionError({ message: 'm', cause: new Error('c') })), told(new errors.APIConnectionError({})),
      told(new errors.APIConnectionTimeoutError()), told(new errors.BadRequestError(400, { message: 'm', code: 1 }, 'other', new Headers({ 'x-request-id': 'r' }))),
      ...[undefined, 400, 401, 403, 404, 409, 418, 422, 429, 500, 599].map((status) => told(errors.APIError.generate(status, { error: { message: 'm' } }, 'text', status && new Headers()))),
      told(new errors.LengthFinishReasonError()), told(new errors.ContentFilterFinishReasonError()),
      told(errors.APIError.generate(400, undefined, undefined, new Headers())), told(errors.APIError.generate(400, undefined, 'body', new Headers())),
    ];
  },
};
