/** Chats, streamed, and runs of tools: answers that are parsed, cut short, refused; what calls are answered with, and when the program is asked. */
import { createRequire } from 'node:module';
import { client, json, outcome, sse, told } from './world.mjs';

const z = createRequire(import.meta.url)('zod/v4');

const chunk = (delta, finish_reason = null) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason, logprobs: null }] });
const call = (index, more) => ({ tool_calls: [{ index, ...more }] });
const begun = (id, name, text) => ({ id, type: 'function', function: { name, arguments: text } });
const RAW = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } };
const STRICT = { type: 'function', function: { name: 'f', strict: true, parameters: { type: 'object' } } };
const zod = ({ load }) => load('helpers/zod').zodResponseFormat(z.object({ city: z.string() }), 'place');

const STORIES = {
  'a raw schema': [[chunk({ role: 'assistant', content: '{"city":' }), chunk({ content: '"SF"}' }, 'stop')], { response_format: RAW }],
  'a raw schema with a parser': [[chunk({ role: 'assistant', content: '{"city":1}' }, 'stop')], { response_format: { ...RAW, $parseRaw: (text) => ({ parsed: JSON.parse(text) }) } }],
  'a schema of zod': [[chunk({ role: 'assistant', content: '{"city":' }), chunk({ content: '"SF"}' }, 'stop')], (p) => ({ response_format: zod(p) })],
  'an answer that zod refuses': [[chunk({ role: 'assistant', content: '{"city":3}' }, 'stop')], (p) => ({ response_format: zod(p) })],
  'an answer that is no JSON': [[chunk({ role: 'assistant', content: '{"city"' }, 'stop')], { response_format: RAW }],
  'an answer that is too long': [[chunk({ role: 'assistant', content: '{"c' }, 'length')], { response_format: RAW }],
  'an answer that is filtered': [[chunk({ role: 'assistant', content: '{"c' }, 'content_filter')], { response_format: RAW }],
  'a text that is too long': [[chunk({ role: 'assistant', content: 'abc' }, 'length')], {}],
  'a refusal': [[chunk({ role: 'assistant', content: null, refusal: '' }), chunk({ refusal: 'I ' }), chunk({ refusal: 'cannot' }), chunk({}, 'stop')], { response_format: RAW }],
  'a refusal beside an answer': [[chunk({ role: 'assistant', content: 'no json', refusal: 'no' }), chunk({}, 'stop')], { response_format: RAW }],
  'a call in the old way': [[chunk({ role: 'assistant', function_call: { name: 'g', arguments: '{}' } }), chunk({}, 'function_call')], {}],
  'a strict call': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{"a"')) }), chunk(call(0, { function: { arguments: ':1}' } })), chunk({}, 'tool_calls')], { tools: [STRICT] }],
};

const EVENTS = [
  'connect', 'content', 'content.delta', 'content.done', 'refusal.delta', 'refusal.done', 'tool_calls.function.arguments.delta', 'tool_calls.function.arguments.done', 'message', 'functionToolCall',
  'functionToolCallResult', 'chatCompletion', 'finalContent', 'finalMessage', 'finalChatCompletion', 'finalFunctionToolCall', 'finalFunctionToolCallResult', 'totalUsage', 'error', 'abort', 'end',
];

async function read(stream) {
  const seen = [];
  const plain = (value) => (value instanceof Error ? told(value) : value);
  for (const name of EVENTS) stream.on(name, (...args) => seen.push(JSON.parse(JSON.stringify([name, ...args.map(plain)]))));
  const end = await outcome(() => stream.done());
  return JSON.parse(JSON.stringify({ seen, end, messages: stream.messages, content: await outcome(() => stream.finalContent()), message: await outcome(() => stream.finalMessage()) }));
}

const completion = (message, finish_reason = 'stop') => ({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, finish_reason, logprobs: null, message: { role: 'assistant', content: null, refusal: null, ...message } }] });
const pieces = ({ choices: [{ message, finish_reason }] }) => [chunk({ role: 'assistant', content: message.content }), ...(message.tool_calls ?? []).map((one, at) => chunk(call(at, one))), chunk({}, finish_reason)];
const asks = (name, text, why = 'tool_calls') => completion({ tool_calls: [begun('t', name, text)] }, why);

const RUNS = {
  'the program is asked after the tools': [[asks('add', '{"a":1}'), completion({ content: 'done' })], () => ({ afterCompletion: (_, runner) => void runner.messages.push({ role: 'user', content: 'more' }) })],
  'the program ends the run': [[asks('add', '{"a":1}'), completion({ content: 'done' })], () => ({ afterCompletion: (_, runner) => runner.abort() })],
  'arguments that zod refuses': [[asks('twice', '{"a":"x"}'), completion({ content: 'done' })]],
  'a call that is cut short': [[asks('add', '{"a":1}', 'length'), completion({ content: 'done' })]],
};

const programs = {};
for (const [name, [chunks, params]] of Object.entries(STORIES)) {
  programs[name] = (p) => {
    const more = typeof params === 'function' ? params(p) : params;
    return read(client(p, async () => sse([...chunks, 'data: [DONE]\n\n'])).chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'q' }], ...more }));
  };
}
for (const [name, [replies, options]] of Object.entries(RUNS)) {
  for (const stream of [false, true]) {
    programs[stream ? `${name}, streamed` : name] = async (p) => {
      const sent = [];
      const fetch = async (_, { body }) => {
        const reply = replies[Math.min(sent.push(JSON.parse(body).messages), replies.length) - 1];
        return stream ? sse([...pieces(reply), 'data: [DONE]\n\n']) : json(reply);
      };
      const tools = [
        { type: 'function', function: { name: 'add', description: 'd', parameters: { type: 'object' }, function: ({ a }) => String(a + 1), parse: JSON.parse } },
        p.load('helpers/zod').zodFunction({ name: 'twice', parameters: z.object({ a: z.number() }), function: ({ a }) => a * 2 }),
      ];
      const run = client(p, fetch).chat.completions.runTools({ model: 'm', messages: [{ role: 'user', content: 'q' }], tools, stream }, options?.());
      return [await read(run), sent];
    };
  }
}

export { programs };
