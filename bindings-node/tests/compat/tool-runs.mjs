/** Runs of tools: what is sent turn by turn, what listeners hear, and what a run comes to; at once and streamed. */
import { createRequire } from 'node:module';
import { client, json, outcome, sse, told } from './world.mjs';

const z = createRequire(import.meta.url)('zod/v4');
const comp = (message, finish_reason = 'stop', more = {}) => ({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, finish_reason, logprobs: null, message: { role: 'assistant', content: null, refusal: null, ...message } }], ...more });
const tc = (id, name, args) => ({ id, type: 'function', function: { name, arguments: args } });
const asks = (...calls) => comp({ tool_calls: calls }, 'tool_calls', { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } });
const says = (content) => comp({ content }, 'stop', { usage: { prompt_tokens: 4, completion_tokens: 5, total_tokens: 9, prompt_tokens_details: { cached_tokens: 2, audio_tokens: 1 }, completion_tokens_details: { reasoning_tokens: 3 } } });
const EV = ['connect', 'chunk', 'content', 'message', 'functionToolCall', 'functionToolCallResult', 'chatCompletion', 'finalContent', 'finalMessage', 'finalChatCompletion', 'finalFunctionToolCall', 'finalFunctionToolCallResult', 'totalUsage', 'error', 'abort', 'end', 'tool_calls.function.arguments.done', 'content.done'];
const plain = (v) => v instanceof Error ? told(v) : v;
const clone = (v) => v === undefined ? '__undef' : JSON.parse(JSON.stringify(v));
const fn = (name, f, more = {}) => ({ type: 'function', function: { name, description: 'd', parameters: { type: 'object', properties: {} }, function: f, ...more } });
const add = fn('add', ({ a }) => String(a + 1), { parse: JSON.parse });
const zf = (p, o) => p.load('helpers/zod').zodFunction(o);
const RUNS = {
  'one tool': [[asks(tc('t', 'add', '{"a":1}')), says('done')], () => ({ tools: [add] })],
  'two calls': [[asks(tc('t', 'add', '{"a":1}'), tc('u', 'add', '{"a":2}')), says('done')], () => ({ tools: [add] })],
  'no call': [[says('hi')], () => ({ tools: [add] })],
  'unknown tool': [[asks(tc('t', 'nope', '{}')), says('done')], () => ({ tools: [add] })],
  'bad args': [[asks(tc('t', 'add', '{bad')), says('done')], () => ({ tools: [add] })],
  'parse throws': [[asks(tc('t', 'x', '{}')), says('done')], () => ({ tools: [fn('x', () => 1, { parse: () => { throw new Error('pe'); } })] })],
  'async parse': [[asks(tc('t', 'x', '{"q":1}')), says('done')], () => ({ tools: [fn('x', async (a) => a, { parse: async (s) => JSON.parse(s) })] })],
  'tool throws': [[asks(tc('t', 'x', '{}')), says('done')], () => ({ tools: [fn('x', () => { throw new Error('te'); })] })],
  'tool rejects': [[asks(tc('t', 'x', '{}')), says('done')], () => ({ tools: [fn('x', async () => { throw new TypeError('te'); })] })],
  'string args': [[asks(tc('t', 'x', '{"a":1}')), says('done')], () => ({ tools: [fn('x', (s) => `got ${typeof s} ${s}`)] })],
  'returns': [[asks(tc('a', 'u', ''), tc('b', 'n', ''), tc('c', 'o', ''), tc('d', 'arr', ''), tc('e', 'num', ''), tc('f', 'bool', '')), says('done')], () => ({ tools: [fn('u', () => undefined), fn('n', () => null), fn('o', () => ({ a: [1] })), fn('arr', () => [1, 2]), fn('num', () => 5), fn('bool', () => false)] })],
  'no name': [[asks(tc('t', 'named', '{}')), says('done')], () => ({ tools: [{ type: 'function', function: { function: function named() { return 'n'; }, parameters: {} } }] })],
  'arrow no name': [[says('x')], () => ({ tools: [{ type: 'function', function: { function: (() => () => 1)(), parameters: {} } }] })],
  'tool_choice named': [[asks(tc('t', 'add', '{"a":1}')), says('never')], () => ({ tools: [add], tool_choice: { type: 'function', function: { name: 'add' } } })],
  'tool_choice other': [[asks(tc('t', 'add', '{"a":1}')), says('done')], () => ({ tools: [add, fn('b', () => 1)], tool_choice: { type: 'function', function: { name: 'b' } } })],
  'tool_choice required': [[asks(tc('t', 'add', '{"a":1}')), says('done')], () => ({ tools: [add], tool_choice: 'required' })],
  'max': [[asks(tc('t', 'add', '{"a":1}'))], () => ({ tools: [add] }), { maxChatCompletions: 3 }],
  'max 0': [[asks(tc('t', 'add', '{"a":1}'))], () => ({ tools: [add] }), { maxChatCompletions: 0 }],
  'max default': [[asks(tc('t', 'add', '{"a":1}'))], () => ({ tools: [add] })],
  'zod': [[asks(tc('t', 'z', '{"a":"x"}')), says('done')], (p) => ({ tools: [zf(p, { name: 'z', parameters: z.object({ a: z.string() }), function: ({ a }) => `z${a}`, description: 'dd' })] })],
  'zod bad': [[asks(tc('t', 'z', '{"a":1}')), says('done')], (p) => ({ tools: [zf(p, { name: 'z', parameters: z.object({ a: z.string() }), function: ({ a }) => `z${a}` })] })],
  'zod no function': [[says('x')], (p) => ({ tools: [zf(p, { name: 'z', parameters: z.object({ a: z.string() }) })] })],
  'context': [[asks(tc('t', 'x', '{}')), says('done')], () => ({ tools: [fn('x', (a, runner, ctx) => [typeof runner.abort, ctx, Object.getPrototypeOf(runner.constructor).name])], toolContext: { u: 1 } })],
  'runner abort': [[asks(tc('t', 'x', '{}')), says('done')], () => ({ tools: [fn('x', (a, runner) => { runner.abort(); return 'q'; })] })],
  'adds messages': [[asks(tc('t', 'x', '{}')), says('done')], () => ({ tools: [fn('x', (a, runner) => JSON.stringify(runner.messages.length))] })],
  'json format': [[asks(tc('t', 'add', '{"a":1}')), says('{"r":1}')], () => ({ tools: [add], response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } } })],
  'length': [[comp({ content: 'abc' }, 'length')], () => ({ tools: [add] })],
  'content and call': [[comp({ content: 'thinking', tool_calls: [tc('t', 'add', '{"a":1}')] }, 'tool_calls'), says('done')], () => ({ tools: [add] })],
  'two choices': [[{ ...says('a'), choices: [...says('a').choices, { ...says('b').choices[0], index: 1 }] }], () => ({ tools: [add], n: 2 })],
  'an error of the server': [[{ error: { message: 'bad' }, __status: 400 }], () => ({ tools: [add] })],
  'error second': [[asks(tc('t', 'add', '{"a":1}')), { error: { message: 'bad' }, __status: 400 }], () => ({ tools: [add] })],
  'no tools': [[says('x')], () => ({})], 'empty tools': [[says('x')], () => ({ tools: [] })],
  'tool twice': [[asks(tc('t', 'add', '{"a":1}')), asks(tc('u', 'add', '{"a":5}')), says('done')], () => ({ tools: [add] })],
  'mixed plain tool': [[says('x')], () => ({ tools: [add, { type: 'function', function: { name: 'plain', parameters: {} } }] })],
  'parallel false': [[asks(tc('t', 'add', '{"a":1}')), says('done')], () => ({ tools: [add], parallel_tool_calls: false, temperature: 0 })],
  'system messages': [[asks(tc('t', 'add', '{"a":1}')), says('done')], () => ({ tools: [add], messages: [{ role: 'system', content: 's' }, { role: 'user', content: [{ type: 'text', text: 'u' }] }, { role: 'assistant', content: 'p' }, { role: 'tool', tool_call_id: 'old', content: 'r' }] })],
};
const ch = (delta, finish_reason = null) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason, logprobs: null }] });
const streamed = (r) => r.choices.flatMap(({ message, finish_reason, index }) => [ch({ role: 'assistant', content: message.content }), ...(message.tool_calls ?? []).map((c, i) => ch({ tool_calls: [{ index: i, ...c }] })), ch({}, finish_reason)].map((c) => ({ ...c, choices: [{ ...c.choices[0], index }] })));
const programs = {};
for (const [name, [replies, params, options]] of Object.entries(RUNS)) for (const stream of [false, true]) {
  const make = (p) => { const sent = []; const fetch = async (_, i) => { const body = JSON.parse(i.body); sent.push([body, Object.fromEntries([...new Headers(i.headers)].filter(([k]) => k.startsWith('x-stainless-helper') || k.includes('poll')))]); const r = replies[Math.min(sent.length, replies.length) - 1]; if (r.__status) return json({ error: r.error }, { status: r.__status }); return stream ? sse([...streamed(r), 'data: [DONE]\n\n']) : json(r); }; return { sent, run: () => client(p, fetch).chat.completions.runTools({ model: 'm', messages: [{ role: 'user', content: 'q' }], stream, ...params(p) }, options) }; };
  programs[`${stream ? 'streamed ' : ''}${name}`] = async (p) => {
    const { sent, run } = make(p); const seen = []; let r; try { r = run(); } catch (e) { return ['sync', told(e)]; }
    for (const e of EV) r.on(e, (...a) => seen.push(clone([e, ...(e === 'chunk' ? a.slice(0, 1) : a).map(plain)])));
    const end = await outcome(() => r.done());
    return [sent, seen, end, clone(r.messages), clone(r.allChatCompletions()), r.constructor.name, r.ended, r.errored, r.aborted];
  };
  programs[`${stream ? 'streamed ' : ''}finals ${name}`] = async (p) => {
    const { run } = make(p); let r; try { r = run(); } catch (e) { return ['sync', told(e)]; }
    const o = {}; for (const m of ['finalContent', 'finalMessage', 'finalChatCompletion', 'finalFunctionToolCall', 'finalFunctionToolCallResult', 'totalUsage']) o[m] = clone(await outcome(() => r[m]()));
    return o;
  };
}
export { programs };
