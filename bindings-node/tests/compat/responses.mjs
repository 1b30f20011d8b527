/** Responses, streamed: what is told of which events, what they come to, and what fails. */
import { client, outcome, recorder, sse, told } from './world.mjs';

const R = (more) => ({
  id: 'resp_1', object: 'response', created_at: 1, error: null, incomplete_details: null, instructions: null, metadata: null, model: 'm', output: [],
  parallel_tool_calls: false, status: 'in_progress', temperature: null, tool_choice: 'auto', tools: [], top_p: null, usage: null, ...more,
});
const created = (more) => ({ type: 'response.created', sequence_number: 0, response: R(more) });
const ended = (more, status = 'completed') => ({ type: `response.${status}`, sequence_number: 9, response: R({ status, ...more }) });
const message = (content = [], id = 'msg_1') => ({ id, type: 'message', role: 'assistant', status: 'in_progress', content });
const text = (value) => ({ type: 'output_text', annotations: [], text: value });
const added = (item, output_index = 0) => ({ type: 'response.output_item.added', sequence_number: 1, output_index, item });
const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const part = (more) => ({ type: 'response.content_part.added', sequence_number: 2, ...at, part: text(''), ...more });
const delta = (value, more) => ({ type: 'response.output_text.delta', sequence_number: 3, ...at, delta: value, logprobs: [], ...more });
const event = (type, more) => ({ type: `response.${type}`, sequence_number: 4, output_index: 0, ...more });
const call = (more) => ({ id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '', status: 'in_progress', ...more });
const shell = { id: 'sh_1', type: 'shell_call', call_id: 'c', environment: null, status: 'in_progress', action: { commands: [], timeout_ms: null, max_output_length: null } };
const reasoning = { id: 'r_1', type: 'reasoning', summary: [] };

const STORIES = {
  'a text': [created(), added(message()), part(), delta('Hel'), delta('lo'), ended({ output: [message([text('Hello')])] })],
  'a text that breaks off': [created({ output_text: '' }), added(message()), part(), delta('Hel'), delta('lo')],
  'a text that began before': [created({ output: [message([text('first')])], output_text: 'first' }), delta('!')],
  'two messages': [created(), added(message()), part(), delta('a'), added(message([], 'msg_2'), 1), part({ item_id: 'msg_2', output_index: 1 }), delta('b', { item_id: 'msg_2', output_index: 1 })],
  'a call of a function': [created(), added(call()), event('function_call_arguments.delta', { item_id: 'fc_1', delta: '{"a"' }), event('function_call_arguments.delta', { item_id: 'fc_1', delta: ':1}' }), ended({ output: [call({ arguments: '{"a":1}' })] })],
  'a call that began before': [created({ output: [call({ arguments: '{"x":' })] }), event('function_call_arguments.delta', { item_id: 'fc_1', delta: 'true}' })],
  'a refusal': [created(), added(message()), part({ part: { type: 'refusal', refusal: '' } }), event('refusal.delta', { ...at, delta: 'no' }), event('refusal.done', { ...at, refusal: 'no.' })],
  reasoning: [
    created(), added(reasoning), event('reasoning_summary_part.added', { item_id: 'r_1', summary_index: 0, part: { type: 'summary_text', text: '' } }), event('reasoning_summary_text.delta', { item_id: 'r_1', summary_index: 0, delta: 'ab' }),
    event('content_part.added', { ...at, item_id: 'r_1', part: { type: 'reasoning_text', text: '' } }), event('reasoning_text.delta', { ...at, item_id: 'r_1', delta: 'c' }), event('reasoning_text.done', { ...at, item_id: 'r_1', text: 'cd' }),
  ],
  annotations: [created(), added(message()), part(), delta('a'), event('output_text.annotation.added', { ...at, annotation_index: 0, annotation: { type: 'file_path', file_id: 'f', index: 0 } })],
  'tools of the service': [
    created(), added({ id: 'c_1', type: 'custom_tool_call', call_id: 'k', name: 'n', input: '' }), event('custom_tool_call_input.delta', { item_id: 'c_1', delta: 'ab' }), event('custom_tool_call_input.done', { item_id: 'c_1', input: 'abc' }),
    added({ id: 'mcp_1', type: 'mcp_call', server_label: 's', name: 'n', arguments: '' }, 1), event('mcp_call_arguments.delta', { item_id: 'mcp_1', output_index: 1, delta: '{}' }), event('mcp_call.failed', { item_id: 'mcp_1', output_index: 1 }),
    added({ id: 'ci_1', type: 'code_interpreter_call', code: null, status: 'in_progress', container_id: 'c', outputs: null }, 2), event('code_interpreter_call_code.delta', { item_id: 'ci_1', output_index: 2, delta: 'print' }), event('code_interpreter_call.completed', { item_id: 'ci_1', output_index: 2 }),
  ],
  'commands of a shell': [
    created(), added(shell), event('shell_call_command.added', { command_index: 0, command: '' }), event('shell_call_command.added', { command_index: 1, command: '' }), event('shell_call_command.delta', { command_index: 1, delta: 'ls' }), event('shell_call_command.done', { command_index: 0, command: 'pwd' }),
    added({ id: 'sho_1', type: 'shell_call_output', call_id: 'c', status: 'in_progress', max_output_length: null, output: [] }, 1), event('shell_call_output_content.delta', { item_id: 'sho_1', output_index: 1, command_index: 0, delta: { stdout: 'out' } }),
    event('shell_call_output_content.done', { item_id: 'sho_1', output_index: 1, command_index: 0, output: [{ stdout: 'all', stderr: '', outcome: { type: 'exit', exit_code: 7 } }] }),
  ],
  'a failure of the response': [created(), ended({ error: { code: 'server_error', message: 'x' } }, 'failed')],
  'a response that was cut short': [created(), ended({ incomplete_details: { reason: 'max_output_tokens' } }, 'incomplete')],
  'an error': [created(), { type: 'error', sequence_number: 1, code: 'server_error', message: 'boom', param: null }],
  'an error at first': [{ type: 'error', sequence_number: 0, code: 'server_error', message: 'boom', param: 'input' }],
  'an error within': [created(), { type: 'error', sequence_number: 1, error: { type: 't', code: 'c', message: 'm', param: 'p' } }],
  'an item that is not there': [created(), added(message()), delta('x', { output_index: 99 })],
  'a part that is not there': [created(), added(message()), delta('x')],
  'a part of another kind': [created(), added(message()), part({ part: { type: 'refusal', refusal: '' } }), delta('x')],
  'another item': [created(), added(message()), part(), delta('x', { item_id: 'msg_9' })],
  'another response': [created(), ended({ id: 'resp_2' })],
  'no beginning': [delta('x')],
  nothing: [],
};
const NAMES = ['connect', 'event', 'error', 'abort', 'end', ...new Set(Object.values(STORIES).flat().map(({ type }) => type))];

async function read(stream) {
  const seen = [];
  const plain = (value) => (value instanceof Error ? told(value) : value);
  for (const name of new Set(NAMES)) stream.on(name, (...args) => seen.push(JSON.parse(JSON.stringify([name, ...args.map(plain)]))));
  const iterator = stream[Symbol.asyncIterator]();
  const end = await outcome(() => stream.finalResponse());
  const items = await outcome(async () => {
    const types = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) types.push(next.value.type);
    return types;
  });
  return JSON.parse(JSON.stringify({ seen, end, items, errored: stream.errored, text: end.value?.output_text ?? null }));
}

export const programs = {
  ...Object.fromEntries(
    Object.entries(STORIES).flatMap(([name, events]) => [
      [`of lines: ${name}`, ({ load }) => read(load('lib/responses/ResponseStream').ResponseStream.fromReadableStream(new Blob(events.map((one) => `${JSON.stringify(one)}\n`)).stream()))],
      [name, (p) => read(client(p, recorder(() => sse(events)).fetch).responses.stream({ model: 'm', input: 'x' }))],
      [`followed: ${name}`, async (p) => {
        const { fetch, seen } = recorder(() => sse(events));
        return [await read(client(p, fetch).responses.stream({ response_id: 'resp_1', starting_after: 1 })), seen.map(({ url }) => url)];
      }],
    ]),
  ),
  'put together by hand': ({ load }) => {
    const { accumulateResponse } = load('lib/responses/ResponseAccumulator');
    const first = created({ output: [message([text('a')])] });
    const snapshot = accumulateResponse(first);
    const same = accumulateResponse(delta('b'), snapshot);
    return [snapshot === same, snapshot === first.response, first.response.output[0].content[0].text, snapshot.output_text, accumulateResponse({ type: 'keepalive', sequence_number: 5 }, snapshot) === snapshot];
  },
  'items for a later request': async ({ load }) => {
    const { toResponseInputItem, toResponseInputItems } = load('lib/responses/ResponseInputItems');
    const items = [
      { ...message([{ ...text('a'), parsed: { x: 1 } }]), created_by: 'me' }, call({ parsed_arguments: { a: 1 } }), reasoning, { role: 'user', content: 'hi' }, { type: 'additional_tools', role: 'user', tools: [] },
      { type: 'computer_call_output', call_id: 'c', status: 'failed', output: {} }, { type: 'custom_tool_call_output', call_id: 'c', output: 'x', status: 'completed', created_by: 'me' }, { type: 'custom_tool_call_output', call_id: 'c', output: 'x', status: 'incomplete' },
      { type: 'shell_call_output', call_id: 'c', output: [{ stdout: 'a', created_by: 'me' }] },
    ];
    const copy = structuredClone(items);
    return [toResponseInputItems(items), items.map(toResponseInputItem), JSON.stringify(items) === JSON.stringify(copy), await outcome(async () => toResponseInputItem({ type: 'unknown' })).then(({ error }) => error.message)];
  },
};
