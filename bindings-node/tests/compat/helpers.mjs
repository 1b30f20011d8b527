/** Helpers: parsed answers, streams put together, tools, polls, webhooks. */
import { z } from 'zod';
import * as z3 from 'zod/v3';
import { CHAT, chunks, client, COMPLETION, json, outcome, recorder, sse } from './world.mjs';

const say = (message, finish_reason = 'stop') => ({ ...COMPLETION, choices: [{ index: 0, finish_reason, logprobs: null, message: { role: 'assistant', content: null, refusal: null, ...message } }] });
const calls = (...list) => list.map(([name, args], at) => ({ id: `call_${at}`, type: 'function', function: { name, arguments: args } }));
const events = async (p, reply, make, names) => {
  const { fetch } = recorder(reply);
  const seen = [];
  const runner = make(client(p, fetch));
  for (const name of names) runner.on(name, (...args) => seen.push([name, ...args.map((arg) => (arg instanceof Error ? [arg.constructor.name, arg.message] : structuredClone(arg)))]));
  return { seen, runner };
};
const STREAM = ['connect', 'chunk', 'content', 'content.delta', 'content.done', 'refusal.delta', 'refusal.done', 'tool_calls.function.arguments.delta', 'tool_calls.function.arguments.done', 'message', 'chatCompletion', 'finalContent', 'finalMessage', 'finalChatCompletion', 'error', 'abort', 'end', 'totalUsage'];

export const programs = {
  'formats of zod': async ({ load }) => {
    const { zodResponseFormat, zodTextFormat, zodFunction, zodResponsesFunction } = load('helpers/zod');
    const found = [];
    for (const zod of [z, z3.z]) {
      const schema = zod.object({ name: zod.string(), list: zod.array(zod.object({ n: zod.number() })), kind: zod.enum(['a', 'b']), maybe: zod.string().nullable(), either: zod.union([zod.string(), zod.number()]) });
      const format = zodResponseFormat(schema, 'answer');
      const tool = zodFunction({ name: 'f', parameters: schema, description: 'd' });
      found.push(JSON.parse(JSON.stringify(format)), JSON.parse(JSON.stringify(tool)), JSON.parse(JSON.stringify(zodTextFormat(schema, 't', { description: 'x' }))), JSON.parse(JSON.stringify(zodResponsesFunction({ name: 'g', parameters: schema }))));
      found.push(await outcome(() => format.$parseRaw('{"name":1}')).then(({ error }) => error.chain));
    }
    return found;
  },
  'a parsed answer': async (p) => {
    const { zodResponseFormat, zodFunction } = p.load('helpers/zod');
    const schema = z.object({ n: z.number() });
    const parse = async (message, finish, more = {}) => {
      const { fetch, seen } = recorder(() => json(say(message, finish)));
      const result = await outcome(() => client(p, fetch).chat.completions.parse({ ...CHAT, response_format: zodResponseFormat(schema, 'a'), ...more }));
      return [result.value ?? [result.error.chain, result.error.message.slice(0, 30)], seen.map(({ headers, body }) => [headers['x-stainless-helper-method'] ?? null, JSON.parse(body)])];
    };
    const tool = zodFunction({ name: 'f', parameters: schema, function: ({ n }) => n });
    return [
      await parse({ content: '{"n":1}' }), await parse({ content: '{"n":"x"}' }), await parse({ content: '{"n":1' }, 'length'), await parse({ content: 'x' }, 'content_filter'), await parse({ refusal: 'no' }),
      await parse({ tool_calls: calls(['f', '{"n":2}']) }, 'tool_calls', { tools: [tool], response_format: undefined }),
      await parse({ content: 'x' }, 'stop', { tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }),
    ];
  },
  'a parsed response': async (p) => {
    const { zodTextFormat } = p.load('helpers/zod');
    const output = [{ type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: '{"n":1}', annotations: [] }] }];
    const { fetch } = recorder(() => json({ id: 'r', object: 'response', status: 'completed', model: 'm', output }));
    const value = await client(p, fetch).responses.parse({ model: 'm', input: 'x', text: { format: zodTextFormat(z.object({ n: z.number() }), 'a') } });
    return [value.output_parsed, value.output_text, value.output[0].content[0].parsed];
  },
  'a chat stream': async (p) => {
    const { seen, runner } = await events(p, () => sse([...chunks('hel', 'lo'), 'data: [DONE]\n\n']), (c) => c.chat.completions.stream(CHAT), STREAM);
    return [await runner.finalContent(), await runner.finalChatCompletion(), await runner.finalMessage(), runner.messages, await outcome(() => runner.done()), runner.ended, runner.aborted, runner.errored, seen];
  },
  'a chat stream that fails': async (p) => {
    const { seen, runner } = await events(p, () => json({ error: { message: 'no' } }, { status: 400 }), (c) => c.chat.completions.stream(CHAT), STREAM);
    return [await outcome(() => runner.done()), runner.ended, runner.errored, seen];
  },
  'a chat stream, iterated': async (p) => {
    const { fetch } = recorder(() => sse([...chunks('a'), 'data: [DONE]\n\n']));
    const runner = client(p, fetch).chat.completions.stream(CHAT);
    const found = [];
    for await (const chunk of runner) found.push(chunk);
    return [found, runner.currentChatCompletionSnapshot ?? null, (await runner.finalChatCompletion()).choices[0].message];
  },
  'a chat stream that is aborted': async (p) => {
    const { fetch } = recorder(() => sse([...chunks('a', 'b'), 'data: [DONE]\n\n']));
    const runner = client(p, fetch).chat.completions.stream(CHAT);
    const seen = [];
    runner.on('abort', (error) => seen.push(error.constructor.name)).on('end', () => seen.push('end'));
    runner.on('content', () => runner.abort());
    return [await outcome(() => runner.done()), runner.aborted, seen];
  },
  'tools that are run': async (p) => {
    const { fetch, seen } = recorder(() => json(say({ tool_calls: calls(['add', '{"a":1,"b":2}']) }, 'tool_calls')), () => json(say({ content: 'three' })));
    const runner = client(p, fetch).chat.completions.runTools({ ...CHAT, tools: [{ type: 'function', function: { name: 'add', parse: JSON.parse, parameters: {}, function: ({ a, b }) => a + b } }] });
    const told = [];
    for (const name of ['message', 'functionToolCall', 'functionToolCallResult', 'finalFunctionToolCall', 'finalFunctionToolCallResult', 'finalContent', 'end']) runner.on(name, (value) => told.push([name, structuredClone(value)]));
    return [await runner.finalContent(), runner.messages, told, seen.map(({ body }) => JSON.parse(body).messages), seen[0].headers['x-stainless-helper-method'], await runner.finalFunctionToolCallResult(), runner.allChatCompletions().length];
  },
  'tools that are not as they should be': async (p) => {
    const { fetch, seen } = recorder(() => json(say({ tool_calls: calls(['none', '{}'], ['add', '{"a"'], ['fails', '{}']) }, 'tool_calls')), () => json(say({ content: 'sorry' })));
    const tools = [{ type: 'function', function: { name: 'add', parse: JSON.parse, parameters: {}, function: () => 1 } }, { type: 'function', function: { name: 'fails', parameters: {}, function: () => { throw new Error('no way'); } } }];
    const result = await outcome(() => client(p, fetch).chat.completions.runTools({ ...CHAT, tools }).done());
    return [result.error?.message ?? null, seen.map(({ body }) => JSON.parse(body).messages.slice(2).map((m) => [m.role, m.tool_call_id, (m.content ?? '').slice(0, 20)]))];
  },
  'tools that stream': async (p) => {
    const head = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
    const choice = (delta, finish_reason = null) => ({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
    const asks = [choice({ role: 'assistant', tool_calls: [{ index: 0, id: 'x', type: 'function', function: { name: 'add', arguments: '' } }] }), choice({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }), choice({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }), choice({}, 'tool_calls')];
    const { fetch } = recorder(() => sse([...asks, 'data: [DONE]\n\n']), () => sse([...chunks('done'), 'data: [DONE]\n\n']));
    const runner = client(p, fetch).chat.completions.runTools({ ...CHAT, stream: true, tools: [{ type: 'function', function: { name: 'add', parse: JSON.parse, parameters: {}, function: ({ a }) => `is ${a}` } }] });
    const told = [];
    for (const name of ['content', 'message', 'functionToolCall', 'functionToolCallResult', 'end']) runner.on(name, (value) => told.push([name, structuredClone(value)]));
    return [await runner.finalContent(), runner.messages, told];
  },
  'a run that is waited for': async (p) => {
    const run = (status) => json({ id: 'run', thread_id: 't', status }, { headers: { 'openai-poll-after-ms': '1' } });
    const { fetch, seen } = recorder(() => run('queued'), () => run('in_progress'), () => run('completed'));
    const value = await client(p, fetch).beta.threads.runs.createAndPoll('t', { assistant_id: 'a' }, { pollIntervalMs: 1 });
    return [value.status, seen.map(({ method, url }) => [method, url])];
  },
  'webhooks': async (p) => {
    const { createHmac } = await import('node:crypto');
    const secret = `whsec_${Buffer.from('secret key of many bytes').toString('base64')}`;
    const payload = JSON.stringify({ id: 'evt', object: 'event', created_at: 1, type: 'response.completed', data: { id: 'r' } });
    const sign = (at) => {
      const mac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(`wh_1.${at}.${payload}`).digest('base64');
      return { 'webhook-id': 'wh_1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${mac}` };
    };
    const now = Math.floor(Date.now() / 1000);
    const c = new p.OpenAI({ apiKey: 'k', webhookSecret: secret });
    const bare = new p.OpenAI({ apiKey: 'k', webhookSecret: null });
    return [
      await outcome(() => c.webhooks.unwrap(payload, sign(now))), await outcome(() => c.webhooks.unwrap(payload, new Headers(sign(now)))), await outcome(() => c.webhooks.verifySignature(`${payload} `, sign(now))),
      await outcome(() => c.webhooks.unwrap(payload, sign(now - 1000))), await outcome(() => c.webhooks.unwrap(payload, sign(now + 1000))), await outcome(() => c.webhooks.unwrap(payload, {})).then(({ error }) => error.message), await outcome(() => c.webhooks.unwrap(payload, { ...sign(now), 'webhook-timestamp': 'x' })),
      await outcome(() => bare.webhooks.unwrap(payload, sign(now))).then(({ error }) => error.message), await outcome(() => bare.webhooks.unwrap(payload, sign(now), secret)), await outcome(() => c.webhooks.unwrap(payload, sign(now - 1000), secret, 5000)),
    ];
  },
};
