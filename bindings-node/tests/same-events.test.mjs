// The same streams read by the official package and by ours: the same events with the same arguments, in the same order.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { folder } from './official/names.mjs';
import { ours, sse, talk } from './server.mjs';

const require = createRequire(import.meta.url);
const Official = require(join(folder('openai'), 'index.js')).OpenAI;
const official = require(join(folder('openai'), 'helpers/zod.js'));
const own = ours('helpers/zod');

const chunk = (delta, finish_reason = null, more = {}) => ({
  id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm',
  choices: [{ index: 0, delta, finish_reason, logprobs: null, ...more }],
});
const completion = (message, finish_reason = 'stop') => ({
  id: 'c', object: 'chat.completion', created: 1, model: 'm',
  choices: [{ index: 0, message, finish_reason, logprobs: null }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});
const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const call = (text, name = 'add') => ({ id: 't1', type: 'function', function: { name, arguments: text } });
const calling = (text, name) => completion({ role: 'assistant', content: null, tool_calls: [call(text, name)] }, 'tool_calls');
const probability = (token) => ({ token, logprob: -1, bytes: [1], top_logprobs: [] });
const said = (token, more) => chunk({ content: token, ...more }, null, { logprobs: { content: [probability(token)], refusal: null } });
const numbers = z.object({ a: z.number() });
const tool = (answer) => ({
  type: 'function', function: { name: 'add', description: 'd', parameters: { type: 'object' }, parse: JSON.parse, function: answer },
});
const stream = (params) => (client, zod) => client.chat.completions.stream({ ...ask, ...params?.(zod) });
const run = (params) => (client) => client.chat.completions.runTools({ ...ask, ...params });
const format = (zod) => ({ response_format: zod.zodResponseFormat(numbers, 'thing') });

const CASES = {
  'text with an empty beginning': [[sse([chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hel' }), chunk({ content: 'lo' }), chunk({}, 'stop')])], stream()],
  'parsed text': [[sse([chunk({ role: 'assistant', content: '{"a"' }), chunk({ content: ': 1}' }), chunk({}, 'stop')])], stream(format)],
  'a refusal': [[sse([chunk({ role: 'assistant', refusal: 'I ' }), chunk({ refusal: 'no' }), chunk({}, 'stop')])], stream()],
  probabilities: [[sse([said('a', { role: 'assistant' }), said('b'), chunk({}, 'stop')])], stream(() => ({ logprobs: true }))],
  'two calls, one with a schema': [
    [sse([
      chunk({ role: 'assistant', content: null, tool_calls: [{ index: 0, ...call('') }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      chunk({ tool_calls: [{ index: 1, id: 't2', type: 'function', function: { name: 'sub', arguments: '{}' } }] }), chunk({}, 'tool_calls'),
    ])],
    stream((zod) => ({ tools: [zod.zodFunction({ name: 'add', parameters: numbers })] })),
  ],
  'an answer that was cut short': [[sse([chunk({ role: 'assistant', content: '{' }), chunk({}, 'length')])], stream(format)],
  'a stream that breaks off': [[sse([chunk({ role: 'assistant', content: 'x' })])], stream()],
  'a stream without events': [[sse([])], stream()],
  'a run with tools': [[calling('{"x":1}'), completion({ role: 'assistant', content: '2' })], run({ tools: [tool(({ x }) => x + 1)] })],
  'calls that cannot be': [[calling('{x}'), calling('{}', 'sub'), completion({ role: 'assistant', content: '2' })], run({ tools: [tool(() => 1)] })],
  'one function that must be called': [[calling('{"x":1}')], run({ tool_choice: { type: 'function', function: { name: 'add' } }, tools: [tool((x) => x)] })],
  'a function that throws': [[calling('{"x":1}')], run({ tools: [tool(() => { throw new Error('boom'); })] })],
  'a streamed run with tools': [
    [
      sse([chunk({ role: 'assistant', content: null, tool_calls: [{ index: 0, ...call('{"x":3}') }] }), chunk({}, 'tool_calls')]),
      sse([chunk({ role: 'assistant', content: '3' }), chunk({}, 'stop')]),
    ],
    run({ stream: true, tools: [tool(({ x }) => x)] }),
  ],
};

const EVENTS = [
  'connect', 'content', 'content.delta', 'content.done', 'refusal.delta', 'refusal.done', 'tool_calls.function.arguments.delta',
  'tool_calls.function.arguments.done', 'logprobs.content.delta', 'logprobs.content.done', 'message', 'functionToolCall',
  'functionToolCallResult', 'chatCompletion', 'finalContent', 'finalMessage', 'finalChatCompletion', 'finalFunctionToolCall',
  'finalFunctionToolCallResult', 'totalUsage', 'error', 'abort', 'end',
];

/** What a stream tells, what it comes to, and what was sent. */
async function record(t, make, zod, answers, Client) {
  const { client, sent } = await talk(t, ...answers);
  const told = [];
  const reader = make(Client ? new Client({ apiKey: 'k', baseURL: client.baseURL, maxRetries: 0 }) : client, zod);
  const plain = (value) => (value instanceof Error ? [value.constructor.name, value.message] : value);
  // As they are at that moment: some grow afterwards.
  for (const name of EVENTS) reader.on(name, (...args) => told.push(JSON.parse(JSON.stringify([name, ...args.map(plain)]))));
  const failure = await reader.done().then(() => null, plain);
  return JSON.parse(JSON.stringify({ told, failure, messages: reader.messages, sent }));
}

for (const [name, [answers, make]] of Object.entries(CASES)) {
  test(`${name}: the same events as the official package`, async (t) => {
    const theirs = await record(t, make, official, answers, Official);
    assert.ok(theirs.told.length > 0);
    assert.deepEqual(await record(t, make, own, answers), theirs);
  });
}
