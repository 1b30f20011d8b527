/** Chat streams piece by piece: what listeners hear, what the snapshot is after each piece, and that it is the same object throughout. */
import { createRequire } from 'node:module';
import { client, outcome, sse, told } from './world.mjs';

const z = createRequire(import.meta.url)('zod/v4');
const chunk = (delta, finish_reason = null, more = {}, head = {}) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...head, choices: [{ index: 0, delta, finish_reason, logprobs: null, ...more }] });
const call = (index, more) => ({ tool_calls: [{ index, ...more }] });
const begun = (id, name, text) => ({ id, type: 'function', function: { name, arguments: text } });
const T = (name, extra = {}) => ({ type: 'function', function: { name, parameters: { type: 'object' }, ...extra } });
const U = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
const STORIES = {
  text: [[chunk({ role: 'assistant', content: '' }), chunk({ content: 'a' }), chunk({ content: 'b' }), chunk({}, 'stop')]],
  usage: [[chunk({ role: 'assistant', content: 'a' }), chunk({}, 'stop'), { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: U }], { stream_options: { include_usage: true } }],
  'usage null': [[{ ...chunk({ role: 'assistant', content: 'a' }), usage: null }, { ...chunk({}, 'stop'), usage: U, service_tier: 'default', system_fingerprint: 'fp' }]],
  'extra members': [[chunk({ role: 'assistant', content: 'a', reasoning_content: 'r1', x: { a: [1], t: 'q' } }), chunk({ reasoning_content: 'r2', x: { a: [2], t: 'w', n: 5 } }, 'stop', { custom: 1 }, { extra: 'e' })]],
  'two choices': [[chunk({ role: 'assistant', content: 'a' }), { ...chunk({}), choices: [{ index: 1, delta: { role: 'assistant', content: 'z' }, finish_reason: null }] }, chunk({}, 'stop'), { ...chunk({}), choices: [{ index: 1, delta: {}, finish_reason: 'stop' }] }], { n: 2 }],
  'choice 1 first': [[{ ...chunk({}), choices: [{ index: 1, delta: { role: 'assistant', content: 'z' }, finish_reason: 'stop' }] }, chunk({ role: 'assistant', content: 'a' }, 'stop')], { n: 2 }],
  logprobs: [[chunk({ role: 'assistant', content: 'a' }, null, { logprobs: { content: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }], refusal: null } }), chunk({ content: 'b' }, null, { logprobs: { content: [{ token: 'b', logprob: -2, bytes: null, top_logprobs: [] }] } }), chunk({}, 'stop')], { logprobs: true }],
  'logprobs refusal': [[chunk({ role: 'assistant', refusal: 'n' }, null, { logprobs: { content: null, refusal: [{ token: 'n', logprob: -1, bytes: null, top_logprobs: [] }] } }), chunk({ refusal: 'o' }, 'stop', { logprobs: { content: null, refusal: [{ token: 'o', logprob: -1, bytes: null, top_logprobs: [] }] } })]],
  'tool call': [[chunk({ role: 'assistant', content: null, ...call(0, begun('t', 'f', '')) }), chunk(call(0, { function: { arguments: '{"a"' } })), chunk(call(0, { function: { arguments: ':1}' } })), chunk({}, 'tool_calls')], { tools: [T('f')] }],
  'two tool calls': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{')) }), chunk(call(0, { function: { arguments: '}' } })), chunk(call(1, begun('u', 'g', '{"q"'))), chunk(call(1, { function: { arguments: ':2}' } })), chunk({}, 'tool_calls')], { tools: [T('f'), T('g')] }],
  'two in one chunk': [[chunk({ role: 'assistant', tool_calls: [{ index: 0, ...begun('t', 'f', '{}') }, { index: 1, ...begun('u', 'g', '{}') }] }), chunk({}, 'tool_calls')], { tools: [T('f'), T('g')] }],
  'index 1 first': [[chunk({ role: 'assistant', ...call(1, begun('u', 'g', '{}')) }), chunk(call(0, begun('t', 'f', '{}'))), chunk({}, 'tool_calls')]],
  'text then tool': [[chunk({ role: 'assistant', content: 'let me' }), chunk({ content: ' see' }), chunk(call(0, begun('t', 'f', '{"a":1}'))), chunk({}, 'tool_calls')], { tools: [T('f', { strict: true })] }],
  'tool no args': [[chunk({ role: 'assistant', ...call(0, { id: 't', type: 'function', function: { name: 'f' } }) }), chunk({}, 'tool_calls')]],
  'tool bad args': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{"a')) }), chunk({}, 'tool_calls')], { tools: [T('f', { strict: true })] }],
  'tool bad args loose': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{"a')) }), chunk({}, 'tool_calls')], { tools: [T('f')] }],
  'tool name split': [[chunk({ role: 'assistant', ...call(0, begun('t', 'get_', '')) }), chunk(call(0, { function: { name: 'x', arguments: '{}' } })), chunk({}, 'tool_calls')]],
  'tool id again': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{')) }), chunk(call(0, begun('t', 'f', '}'))), chunk({}, 'tool_calls')]],
  'tool no type': [[chunk({ role: 'assistant', ...call(0, { id: 't', function: { name: 'f', arguments: '{}' } }) }), chunk({}, 'tool_calls')]],
  'custom tool': [[chunk({ role: 'assistant', ...call(0, { id: 't', type: 'custom', custom: { name: 'f', input: 'ab' } }) }), chunk(call(0, { custom: { input: 'cd' } })), chunk({}, 'tool_calls')]],
  'function_call': [[chunk({ role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } }), chunk({ function_call: { arguments: '{"a' } }), chunk({ function_call: { arguments: '":1}' } }), chunk({}, 'function_call')]],
  'no finish': [[chunk({ role: 'assistant', content: 'a' })]],
  'no chunks': [[]],
  'no role': [[chunk({ content: 'a' }), chunk({}, 'stop')]],
  'no content': [[chunk({ role: 'assistant' }), chunk({}, 'stop')]],
  'empty content': [[chunk({ role: 'assistant', content: '' }), chunk({ content: '' }), chunk({}, 'stop')]],
  'no delta': [[{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, finish_reason: 'stop' }] }]],
  'null delta': [[{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: null, finish_reason: 'stop' }] }]],
  'no choices first': [[{ id: '', object: 'chat.completion.chunk', created: 0, model: '', choices: [], prompt_filter_results: [{ a: 1 }] }, chunk({ role: 'assistant', content: 'a' }), chunk({}, 'stop')]],
  'only empty choices': [[{ id: 'c', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [] }]],
  'finish then more': [[chunk({ role: 'assistant', content: 'a' }, 'stop'), chunk({ content: 'b' })]],
  'two finishes': [[chunk({ role: 'assistant', content: 'a' }, 'stop'), chunk({}, 'stop')]],
  'changed id': [[chunk({ role: 'assistant', content: 'a' }), chunk({ content: 'b' }, 'stop', {}, { id: 'd', model: 'n', created: 2 })]],
  'audio': [[chunk({ role: 'assistant', audio: { id: 'au', data: 'AA', transcript: 'h' } }), chunk({ audio: { data: 'BB', transcript: 'i', expires_at: 5 } }), chunk({}, 'stop')]],
  annotations: [[chunk({ role: 'assistant', content: 'a', annotations: [{ type: 'url_citation', url_citation: { url: 'u', title: 't', start_index: 0, end_index: 1 } }] }), chunk({}, 'stop')]],
  'error event': [[chunk({ role: 'assistant', content: 'a' }), { error: { message: 'boom', type: 'server_error', code: 'x', param: 'p' } }]],
  'bad json': [[chunk({ role: 'assistant', content: 'a' }), 'data: {"a\n\n']],
  'json schema': [[chunk({ role: 'assistant', content: '{"a"' }), chunk({ content: ':[1,' }), chunk({ content: '2]}' }), chunk({}, 'stop')], { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } } }],
  'json object': [[chunk({ role: 'assistant', content: '{"a"' }), chunk({ content: ':1}' }), chunk({}, 'stop')], { response_format: { type: 'json_object' } }],
  'zod': [[chunk({ role: 'assistant', content: '{"a"' }), chunk({ content: ':"x"}' }), chunk({}, 'stop')], (p) => ({ response_format: p.load('helpers/zod').zodResponseFormat(z.object({ a: z.string() }), 'n') })],
  'zod tool': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{"a":')) }), chunk(call(0, { function: { arguments: '"x"}' } })), chunk({}, 'tool_calls')], (p) => ({ tools: [p.load('helpers/zod').zodFunction({ name: 'f', parameters: z.object({ a: z.string() }) })] })],
  'zod tool bad': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{"a":1}')) }), chunk({}, 'tool_calls')], (p) => ({ tools: [p.load('helpers/zod').zodFunction({ name: 'f', parameters: z.object({ a: z.string() }) })] })],
  'length': [[chunk({ role: 'assistant', content: '{' }), chunk({}, 'length')], { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } } }],
  'filter strict tool': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{}')) }), chunk({}, 'content_filter')], { tools: [T('f', { strict: true })] }],
  'length strict tool': [[chunk({ role: 'assistant', ...call(0, begun('t', 'f', '{"a')) }), chunk({}, 'length')], { tools: [T('f', { strict: true })] }],
  'content null then text': [[chunk({ role: 'assistant', content: null }), chunk({ content: 'x' }), chunk({ content: null }, 'stop')]],
  'finish reason odd': [[chunk({ role: 'assistant', content: 'x' }, 'odd')]],
  'refusal and content': [[chunk({ role: 'assistant', content: 'x', refusal: null }), chunk({ refusal: 'no' }), chunk({}, 'stop')]],
  'moderation / unknown top': [[chunk({ role: 'assistant', content: 'x' }, 'stop', {}, { obfuscation: 'zz', moderation: { a: 1 } })]],
  'string choice index': [[{ ...chunk({}), choices: [{ index: '0', delta: { role: 'assistant', content: 'q' }, finish_reason: 'stop' }] }]],
  '__proto__': [['data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"x","__proto__":{"polluted":1}},"finish_reason":"stop"}]}\n\n']],
  'unicode split': [[chunk({ role: 'assistant', content: '\ud83d' }), chunk({ content: '\ude00' }, 'stop')]],
  'number content': [[chunk({ role: 'assistant', content: 5 }), chunk({ content: 'a' }, 'stop')]],
  'tool null args': [[chunk({ role: 'assistant', ...call(0, { id: 't', type: 'function', function: { name: 'f', arguments: null } }) }), chunk(call(0, { function: { arguments: '{}' } })), chunk({}, 'tool_calls')]],
  'null tool_calls': [[chunk({ role: 'assistant', content: 'a', tool_calls: null, function_call: null, refusal: null, audio: null }), chunk({ content: 'b', tool_calls: [] }, 'stop')]],
};
const EVENTS = ['connect', 'chunk', 'content', 'content.delta', 'content.done', 'refusal.delta', 'refusal.done', 'logprobs.content.delta', 'logprobs.content.done', 'logprobs.refusal.delta', 'logprobs.refusal.done', 'tool_calls.function.arguments.delta', 'tool_calls.function.arguments.done', 'message', 'functionToolCall', 'functionToolCallResult', 'chatCompletion', 'finalContent', 'finalMessage', 'finalChatCompletion', 'finalFunctionToolCall', 'finalFunctionToolCallResult', 'totalUsage', 'error', 'abort', 'end'];
const plain = (v) => v instanceof Error ? told(v) : v;
const clone = (v) => v === undefined ? '__undef' : JSON.parse(JSON.stringify(v));
const params = (p, more) => ({ model: 'm', messages: [{ role: 'user', content: 'q' }], ...(typeof more === 'function' ? more(p) : more) });
const programs = {};
for (const [name, [chunks, more]] of Object.entries(STORIES)) {
  const fetch = async () => sse([...chunks, 'data: [DONE]\n\n']);
  programs[`events ${name}`] = async (p) => {
    const seen = [];
    const s = client(p, fetch).chat.completions.stream(params(p, more));
    for (const e of EVENTS) s.on(e, (...a) => seen.push(clone([e, ...a.map(plain), clone(s.currentChatCompletionSnapshot)])));
    const end = await outcome(() => s.done());
    return [seen, end, s.ended, s.errored, s.aborted, clone(s.messages), clone(s.currentChatCompletionSnapshot)];
  };
  programs[`finals ${name}`] = async (p) => {
    const s = client(p, fetch).chat.completions.stream(params(p, more));
    const o = {};
    for (const m of ['finalContent', 'finalMessage', 'finalChatCompletion', 'finalFunctionToolCall', 'finalFunctionToolCallResult', 'totalUsage', 'allChatCompletions']) o[m] = clone(await outcome(() => s[m]()));
    return o;
  };
  programs[`iterated ${name}`] = async (p) => {
    const s = client(p, fetch).chat.completions.stream(params(p, more));
    const seen = [];
    const r = await outcome(async () => { for await (const c of s) seen.push(clone([c, s.currentChatCompletionSnapshot])); });
    return [seen, clone(r)];
  };
  programs[`parts ${name}`] = async (p) => {
    const s = client(p, fetch).chat.completions.stream(params(p, more));
    const kept = [];
    s.on('chunk', (c, snap) => kept.push(snap)); s.on('content.delta', (e) => kept.push(e)); s.on('tool_calls.function.arguments.delta', (e) => kept.push(e));
    await outcome(() => s.done());
    const keys = (v) => v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, keys(x)])) : v;
    return [clone(kept.map(keys)), kept.filter((k) => k?.choices).map((k, i, a) => i ? k === a[i - 1] : null)];
  };
  programs[`readable ${name}`] = async (p) => {
    const s = client(p, fetch).chat.completions.stream(params(p, more));
    const again = p.load('lib/ChatCompletionStream').ChatCompletionStream.fromReadableStream(s.toReadableStream());
    const r = await outcome(() => again.finalChatCompletion());
    return [clone(r), clone(again.messages)];
  };
}
/** Answers and arguments that have only begun, or are no JSON. */
const texts = ['no json', '{"a":}', '[1,2', '[1,,2]', 'tru', 'nul', '-', '-1', '1e', '"ab\\u00', '"ab\\', '{"a":"b', '{"a', '{"a":1,', '{a:1}', '', '  ', '\n{', '{"a":1}x', 'NaN', 'Infinity', '{"a": {"b": [1, {"c": "d', "{'a':1}", '[tru', '[fals', '[nul', '{"a":1.', '{"a":-', '{"__proto__":1', 'undefined'];
for (const t of texts) {
  programs[`partial ${JSON.stringify(t)}`] = async (p) => {
    const seen = [];
    const s = client(p, async () => sse([chunk({ role: 'assistant', content: t }), chunk({}, 'stop'), 'data: [DONE]\n\n'])).chat.completions.stream({ model: 'm', messages: [], response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } } });
    s.on('content.delta', (e) => seen.push(e)); s.on('content.done', (e) => seen.push(e)); s.on('chunk', (c, n) => seen.push(JSON.parse(JSON.stringify(n))));
    return [await outcome(() => s.finalMessage()), seen];
  };
  programs[`args ${JSON.stringify(t)}`] = async (p) => {
    const seen = [];
    const s = client(p, async () => sse([chunk({ role: 'assistant', tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'f', arguments: t } }] }), chunk({}, 'tool_calls'), 'data: [DONE]\n\n'])).chat.completions.stream({ model: 'm', messages: [], tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: {} } }] });
    s.on('tool_calls.function.arguments.delta', (e) => seen.push(e)); s.on('tool_calls.function.arguments.done', (e) => seen.push(e));
    return [await outcome(() => s.finalMessage()), seen];
  };
}

export { programs };
