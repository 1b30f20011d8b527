// Streams with events, runs with tools, and parsed answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z as zod4 } from 'zod';
import { z as zod3 } from 'zod/v3';
import { ours, sse, talk } from './server.mjs';

const { zodFunction, zodResponseFormat, zodResponsesFunction, zodTextFormat } = ours('helpers/zod');

const chunk = (delta, finish_reason = null) => ({
  id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm',
  choices: [{ index: 0, delta, finish_reason, logprobs: null }],
});
const completion = (message, finish_reason = 'stop') => ({
  id: 'c', object: 'chat.completion', created: 1, model: 'm',
  choices: [{ index: 0, message, finish_reason, logprobs: null }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});
const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const calls = (text) => [{ id: 't1', type: 'function', function: { name: 'add', arguments: text } }];

test('a chat stream tells of texts, and its answer is parsed', async (t) => {
  const { client, sent } = await talk(t, sse([
    chunk({ role: 'assistant', content: '{"a"' }), chunk({ content: ': 1}' }), chunk({}, 'stop'),
  ]));
  const response_format = zodResponseFormat(zod4.object({ a: zod4.number() }), 'thing');
  const stream = client.chat.completions.stream({ ...ask, response_format });
  const told = [];
  for (const name of ['connect', 'content', 'content.delta', 'content.done', 'finalContent', 'end']) {
    stream.on(name, (...args) => told.push([name, ...args]));
  }
  const snapshots = [];
  stream.on('chunk', (_, snapshot) => snapshots.push(snapshot.choices[0].message.content));
  const final = await stream.finalChatCompletion();
  assert.deepEqual(final.choices[0].message.parsed, { a: 1 });
  assert.deepEqual(snapshots, ['{"a"', '{"a": 1}', '{"a": 1}']);
  assert.deepEqual(told, [
    ['connect'],
    ['content', '{"a"', '{"a"'],
    ['content.delta', { delta: '{"a"', snapshot: '{"a"', parsed: {} }],
    ['content', ': 1}', '{"a": 1}'],
    ['content.delta', { delta: ': 1}', snapshot: '{"a": 1}', parsed: { a: 1 } }],
    ['content.done', { content: '{"a": 1}', parsed: { a: 1 } }],
    ['finalContent', '{"a": 1}'],
    ['end'],
  ]);
  assert.equal(sent[0].body.stream, true);
  assert.deepEqual(Object.keys(sent[0].body.response_format), ['type', 'json_schema']);
});

test('a chat stream is iterated, handed on and read again', async (t) => {
  const text = sse([chunk({ role: 'assistant', content: 'x' }), chunk({}, 'stop')]);
  const { client } = await talk(t, text, text);
  let count = 0;
  for await (const one of client.chat.completions.stream(ask)) count += one.choices.length;
  assert.equal(count, 2);
  const { ChatCompletionStream } = ours('lib/ChatCompletionStream');
  const again = ChatCompletionStream.fromReadableStream(client.chat.completions.stream(ask).toReadableStream());
  assert.equal(await again.finalContent(), 'x');
});

test('a stream that breaks off fails, and one that is aborted says so', async (t) => {
  const text = [chunk({ role: 'assistant', content: 'x' }), chunk({}, 'stop')];
  const { client } = await talk(t, sse(text.slice(0, 1)), sse(text));
  await assert.rejects(client.chat.completions.stream(ask).finalContent(), /missing finish_reason for choice 0/);
  const stream = client.chat.completions.stream(ask);
  let aborted = 0;
  stream.on('connect', () => stream.abort()).on('abort', () => (aborted += 1));
  await assert.rejects(stream.done(), ours('error').APIUserAbortError);
  assert.deepEqual([aborted, stream.aborted, stream.errored, stream.ended], [1, true, true, true]);
});

test('the signal of a caller aborts a stream, and is let go of at its end', async (t) => {
  const { client } = await talk(t, sse([chunk({ role: 'assistant', content: 'x' }), chunk({}, 'stop')]));
  const controller = new AbortController();
  let listening = 0;
  const { addEventListener, removeEventListener } = controller.signal;
  controller.signal.addEventListener = function (...args) { listening += 1; return addEventListener.apply(this, args); };
  controller.signal.removeEventListener = function (...args) { listening -= 1; return removeEventListener.apply(this, args); };
  const stream = client.chat.completions.stream(ask, { signal: controller.signal });
  await stream.done();
  assert.equal(listening, 0);
});

test('a run calls the functions that the model asks for', async (t) => {
  const { client, sent } = await talk(t,
    completion({ role: 'assistant', content: null, tool_calls: calls('{"x":1}') }, 'tool_calls'),
    completion({ role: 'assistant', content: 'it is 2' }));
  const add = zodFunction({ name: 'add', parameters: zod4.object({ x: zod4.number() }), function: ({ x }) => ({ y: x + 1 }) });
  const runner = client.chat.completions.runTools({ ...ask, tools: [add] });
  const told = [];
  runner.on('functionToolCall', (call) => told.push(call.name)).on('functionToolCallResult', (text) => told.push(text));
  assert.equal(await runner.finalContent(), 'it is 2');
  assert.deepEqual(told, ['add', '{"y":2}']);
  assert.deepEqual(await runner.totalUsage(), { prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 });
  assert.equal(await runner.finalFunctionToolCallResult(), '{"y":2}');
  assert.deepEqual(sent[1].body.messages.at(-1), { role: 'tool', tool_call_id: 't1', content: '{"y":2}' });
  assert.equal(sent[0].body.tools[0].function.strict, true);
});

test('a run tells the model of calls that cannot be', async (t) => {
  const bad = completion({ role: 'assistant', content: null, tool_calls: calls('{"x":"one"}') }, 'tool_calls');
  const unknown = structuredClone(bad);
  unknown.choices[0].message.tool_calls[0].function.name = 'sub';
  const { client, sent } = await talk(t, bad, unknown, completion({ role: 'assistant', content: 'sorry' }));
  const add = {
    type: 'function',
    function: {
      name: 'add', description: '', parameters: {},
      parse: (text) => { if (typeof JSON.parse(text).x !== 'number') throw new Error('x is no number'); return JSON.parse(text); },
      function: () => assert.fail('called with arguments that do not parse'),
    },
  };
  const runner = client.chat.completions.runTools({ ...ask, tools: [add] });
  assert.equal(await runner.finalContent(), 'sorry');
  assert.equal(sent[1].body.messages.at(-1).content, 'x is no number');
  assert.match(sent[2].body.messages.at(-1).content, /^Invalid tool_call: "sub"\. Available options are: "add"/);
});

test('a streamed run joins the arguments, and gives context to its functions', async (t) => {
  const { client } = await talk(t,
    sse([
      chunk({ role: 'assistant', tool_calls: [{ index: 0, id: 't1', type: 'function', function: { name: 'add', arguments: '{"x' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '":4}' } }] }), chunk({}, 'tool_calls'),
    ]),
    sse([chunk({ role: 'assistant', content: 'five' }), chunk({}, 'stop')]));
  const add = { type: 'function', function: { name: 'add', description: '', parameters: {}, function: (text, _, context) => text + context } };
  const runner = client.chat.completions.runTools({ ...ask, stream: true, tools: [add], toolContext: '!' });
  const told = [];
  runner.on('tool_calls.function.arguments.delta', (event) => told.push(event.arguments));
  runner.on('tool_calls.function.arguments.done', (event) => told.push(event.arguments));
  assert.equal(await runner.finalContent(), 'five');
  assert.deepEqual(told, ['{"x', '{"x":4}', '{"x":4}']);
  assert.deepEqual(runner.messages.map((message) => message.content), ['hi', null, '{"x":4}!', 'five']);
});

test('parse gives answers and arguments as values, and refuses what was cut short', async (t) => {
  const { client } = await talk(t,
    completion({ role: 'assistant', content: '{"a":5}', refusal: null }),
    completion({ role: 'assistant', content: null, refusal: null, tool_calls: calls('{"x":7}') }, 'tool_calls'),
    completion({ role: 'assistant', content: '{"a"', refusal: null }, 'length'));
  const response_format = zodResponseFormat(zod3.object({ a: zod3.number() }), 'thing');
  const first = await client.chat.completions.parse({ ...ask, response_format });
  assert.deepEqual(first.choices[0].message.parsed, { a: 5 });
  assert.equal(first._request_id, 'req_1');
  const tools = [zodFunction({ name: 'add', parameters: zod4.object({ x: zod4.number() }) })];
  const second = await client.chat.completions.parse({ ...ask, tools });
  assert.deepEqual(second.choices[0].message.tool_calls[0].function.parsed_arguments, { x: 7 });
  await assert.rejects(client.chat.completions.parse({ ...ask, response_format }), ours('error').LengthFinishReasonError);
  assert.throws(() => client.chat.completions.parse({ ...ask, tools: [{ type: 'function', function: { name: 'f' } }] }), /strict: true/);
});

const part = { output_index: 0, content_index: 0, item_id: 'm' };
const message = (text) => ({ id: 'm', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] });
const events = [
  { type: 'response.created', sequence_number: 0, response: { id: 'r', object: 'response', output: [], status: 'in_progress' } },
  { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item: { ...message(''), content: [] } },
  { type: 'response.content_part.added', sequence_number: 2, ...part, part: { type: 'output_text', text: '', annotations: [] } },
  { type: 'response.output_text.delta', sequence_number: 3, ...part, delta: '{"a":' },
  { type: 'response.output_text.delta', sequence_number: 4, ...part, delta: '7}' },
  { type: 'response.completed', sequence_number: 5, response: { id: 'r', object: 'response', status: 'completed', output: [message('{"a":7}')] } },
].map((event) => [event.type, event]);

test('a response is streamed, followed and parsed', async (t) => {
  const { client, sent } = await talk(t, sse(events, ''), sse(events, ''), events[5][1].response);
  const text = { format: zodTextFormat(zod4.object({ a: zod4.number() }), 'thing') };
  const stream = client.responses.stream({ model: 'm', input: 'x', text });
  const told = [];
  stream.on('response.output_text.delta', (event) => told.push([event.delta, event.snapshot]));
  const final = await stream.finalResponse();
  assert.deepEqual(told, [['{"a":', '{"a":'], ['7}', '{"a":7}']]);
  assert.deepEqual([final.output_parsed, final.output_text], [{ a: 7 }, '{"a":7}']);
  const numbers = [];
  for await (const event of client.responses.stream({ response_id: 'r', starting_after: 3 })) numbers.push(event.sequence_number);
  assert.deepEqual(numbers, [4, 5]);
  assert.match(sent[1].url, /^\/v1\/responses\/r\?stream=true$/);
  const parsed = await client.responses.parse({ model: 'm', input: 'x', text });
  assert.deepEqual(parsed.output_parsed, { a: 7 });
});

test('arguments of a response are parsed by their tool', async (t) => {
  const output = [{ id: 'f', type: 'function_call', call_id: 'c', name: 'add', arguments: '{"x":1}', status: 'completed' }];
  const { client } = await talk(t, { id: 'r', object: 'response', output });
  const tools = [zodResponsesFunction({ name: 'add', parameters: zod4.object({ x: zod4.number() }) })];
  const response = await client.responses.parse({ model: 'm', input: 'x', tools });
  assert.deepEqual(response.output[0].parsed_arguments, { x: 1 });
});

test('a run of an assistant tells of messages, texts and steps', async (t) => {
  const text = (value) => ({ content: [{ index: 0, type: 'text', text: { value, annotations: [] } }] });
  const whole = { id: 'msg', object: 'thread.message', content: [{ type: 'text', text: { value: 'Hello', annotations: [] } }] };
  const delta = { id: 'msg', object: 'thread.message.delta' };
  const step = { id: 'step', object: 'thread.run.step', type: 'tool_calls' };
  const call = (more) => ({ id: 'step', object: 'thread.run.step.delta', delta: { step_details: { type: 'tool_calls', tool_calls: [{ index: 0, ...more }] } } });
  const { client } = await talk(t, sse([
    ['thread.run.created', { id: 'run', object: 'thread.run', status: 'queued' }],
    ['thread.run.step.created', { ...step, step_details: { type: 'tool_calls', tool_calls: [] } }],
    ['thread.run.step.delta', call({ id: 'c', type: 'function', function: { name: 'f', arguments: '{' } })],
    ['thread.run.step.delta', call({ function: { arguments: '}' } })],
    ['thread.run.step.completed', { ...step, step_details: { type: 'tool_calls', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] } }],
    ['thread.message.created', { ...whole, content: [] }],
    ['thread.message.delta', { ...delta, delta: text('Hel') }],
    ['thread.message.delta', { ...delta, delta: text('lo') }],
    ['thread.message.completed', whole],
    ['thread.run.completed', { id: 'run', object: 'thread.run', status: 'completed' }],
  ], 'event: done\ndata: [DONE]\n\n'));
  const stream = client.beta.threads.runs.stream('thread', { assistant_id: 'a' });
  const told = [];
  stream.on('textCreated', ({ value }) => told.push(['created', value]));
  stream.on('textDelta', ({ value }, snapshot) => told.push([value, snapshot.value]));
  stream.on('textDone', ({ value }) => told.push(['done', value]));
  stream.on('toolCallDelta', (piece, snapshot) => told.push([piece.function.arguments, snapshot.function.arguments]));
  stream.on('toolCallDone', ({ id }) => told.push(['called', id]));
  stream.on('messageDelta', (_, snapshot) => told.push(['message', snapshot.content[0].text.value]));
  assert.equal((await stream.finalRun()).status, 'completed');
  assert.deepEqual(told, [
    ['}', '{}'], ['called', 'c'],
    ['created', 'Hel'], ['message', 'Hel'], ['Hel', 'Hel'], ['message', 'Hello'], ['lo', 'Hello'], ['done', 'Hello'],
  ]);
  assert.deepEqual((await stream.finalMessages()).map(({ id }) => id), ['msg']);
  assert.deepEqual((await stream.finalRunSteps()).map(({ id }) => id), ['step']);
  assert.equal(stream.currentRun().status, 'completed');
});

test('schemas of zod 3 become strict ones, and members that may be missing are refused', () => {
  const node = zod3.object({ name: zod3.string().min(1), next: zod3.lazy(() => node).nullable() });
  const { schema } = zodResponseFormat(
    zod3.object({ kind: zod3.enum(['a', 'b']), list: zod3.array(zod3.number().int()).max(3), chain: node, n: zod3.string().optional().nullable() }),
    'thing',
  ).json_schema;
  assert.deepEqual(schema.required, ['kind', 'list', 'chain', 'n']);
  assert.deepEqual(schema.properties.list, { type: 'array', items: { type: 'integer' }, maxItems: 3 });
  assert.deepEqual(schema.properties.n, { anyOf: [{ type: 'string' }, { type: 'null' }] });
  const chain = JSON.stringify(schema.properties.chain);
  const [name] = Object.keys(schema.definitions);
  assert.ok(chain.includes(`"$ref":"#/definitions/${name}"`), chain);
  assert.throws(() => zodResponseFormat(zod3.object({ a: zod3.string().optional() }), 'x'), /#\/definitions\/x\/properties\/a.*\.optional\(\).*\.nullable\(\)/);
});

test('formats of zod are those that the official package sends', async () => {
  const official = await import('openai/helpers/zod');
  const shapes = (z) => {
    const node = z.object({ v: z.string(), next: z.lazy(() => node).nullable() });
    const tagged = z.discriminatedUnion('t', [z.object({ t: z.literal('a'), x: z.number() }), z.object({ t: z.literal('b') })]);
    return [
      z.object({ city: z.string(), unit: z.enum(['c', 'f']), list: z.array(z.object({ q: z.literal('x') })) }).describe('top'),
      z.object({ u: z.union([z.string(), z.number()]), d: tagged, oneOf: z.boolean() }), node,
      z.object({ a: z.string().default('x'), b: z.any(), c: z.string().email().min(2), d: z.number().int().max(9) }),
    ];
  };
  for (const z of [zod3, zod4]) {
    for (const shape of shapes(z)) {
      assert.deepEqual(zodResponseFormat(shape, 'thing'), { ...official.zodResponseFormat(shape, 'thing') });
    }
  }
});

test('members that may be missing are refused in schemas of zod 4, too', () => {
  assert.throws(() => zodResponseFormat(zod4.object({ a: zod4.object({ b: zod4.string().optional() }) }), 'x'), /properties\/a\/properties\/b/);
  const { schema } = zodResponseFormat(zod4.object({ a: zod4.string().optional().nullable() }), 'x').json_schema;
  assert.deepEqual(schema.required, ['a']);
});

test('JSON of which the end is missing is read as far as it is there', () => {
  const { partialParse } = ours('lib/partial-json');
  const cases = [
    ['{', {}], ['{"a"', {}], ['{"a":', {}], ['{"a": 1', {}], ['{"a": 1,', { a: 1 }], ['{"a": "x\\', { a: 'x' }], ['{"a": "x\\u00', { a: 'x' }],
    ['{"a": [1, {"b": tr', { a: [1, { b: true }] }], ['[1, 2', [1]], ['{"a": -', {}], ['{"a": 1.', {}], ['{"a": null, "b', { a: null }],
    ['{"a": "x", "c": {"d": "y"}}', { a: 'x', c: { d: 'y' } }],
  ];
  for (const [text, value] of cases) assert.deepEqual(partialParse(text), value, text);
  const hostile = partialParse('{"__proto__": {"polluted": 1}');
  assert.equal(Object.getPrototypeOf(hostile), Object.prototype);
  assert.equal({}.polluted, undefined);
  assert.throws(() => partialParse('nonsense'), /is not valid JSON/);
  assert.throws(() => partialParse(' '), /is empty/);
  assert.doesNotThrow(() => partialParse('['.repeat(100_000)));
});
