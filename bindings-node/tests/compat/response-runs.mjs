/** Runs of functions over responses: what is asked, what is called, what the program may do between two turns, how they end. */
import { createRequire } from 'node:module';
import { client, json, outcome, recorder, sse } from './world.mjs';

const z = createRequire(import.meta.url)('zod/v4');
const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3, input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } };
const R = (output, more) => ({ id: 'r', object: 'response', created_at: 1, model: 'm', status: 'completed', error: null, incomplete_details: null, instructions: null, metadata: null, output, parallel_tool_calls: true, temperature: null, tool_choice: 'auto', tools: [], top_p: null, usage: USAGE, ...more });
const text = (value) => ({ id: 'msg', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: value, annotations: [] }] });
const call = (id, name, args = '{"a":1}', more) => ({ id: `fc_${id}`, type: 'function_call', call_id: id, name, arguments: args, status: 'completed', ...more });
const reply = (...output) => () => json(R(output));
const tool = (name) => ({ type: 'function', name, description: 'd', strict: false, parameters: { type: 'object', properties: {} } });

async function run(p, { replies, functions, turn, params = {}, options = {} }) {
  const { ResponsesToolRunner, runnerFunction } = p.load('helpers/responses-tool-runner');
  const { fetch, seen } = recorder(...replies);
  const log = [];
  const told = [];
  const own = functions ?? [
    { tool: tool('add'), execute: ({ a }) => (log.push(a), String(a + 1)) },
    { tool: tool('own'), allowOutputOverride: true, execute: () => 'computed' },
    { tool: tool('fails'), execute: () => { throw new Error('secret'); } },
    { tool: tool('odd'), execute: () => 5 },
    { tool: tool('parts'), execute: () => [{ type: 'input_text', text: 'x' }] },
  ];
  if (!functions) own.push(runnerFunction(p.load('helpers/zod').zodResponsesFunction({ name: 'typed', parameters: z.object({ a: z.number() }), function: ({ a }) => `typed ${a}` })));
  const result = await outcome(async () => {
    const runner = new ResponsesToolRunner({ functions: own });
    const turns = [];
    const given = { onDiagnostic: ({ duration_ms, ...rest }) => told.push(rest), ...options, ...(options.events ? { onEvent: ({ type }) => void log.push(type), stream: true } : {}) };
    delete given.events;
    for await (const one of runner.iterate(client(p, fetch), { model: 'm', input: 'hi', ...params }, given)) {
      const { step, final, toolsExecuted, attemptedCallIds, completedCallIds, response } = one;
      turns.push({ step, final, toolsExecuted, attemptedCallIds, completedCallIds, id: response.id });
      await turn?.(one, log);
    }
    return turns;
  }).catch((error) => error);
  const { error } = result;
  const failed = error && { name: error.name, message: error.message };
  return JSON.parse(JSON.stringify({ turns: result.value ?? null, failed: failed ?? null, log, told, sent: seen.map(({ url, headers, body }) => [url, Boolean(headers['idempotency-key']), JSON.parse(body)]) }));
}

const STORIES = {
  'two calls and an answer': { replies: [reply(call('1', 'add'), call('2', 'add', '{"a":2}')), reply(text('done'))] },
  'a typed function': { replies: [reply(call('1', 'typed')), reply(text('done'))] },
  'arguments that the type refuses': { replies: [reply(call('1', 'typed', '{"a":"x"}')), reply(text('done'))] },
  'parts as output': { replies: [reply(call('1', 'parts')), reply(text('done'))] },
  'only an answer': { replies: [reply(text('hi'))] },
  'an output of the program': { replies: [reply(call('1', 'own')), reply(text('done'))], turn: (turn) => turn.final || turn.supplyOutputs([{ type: 'function_call_output', call_id: '1', output: 'supplied' }]) },
  'an output that is not allowed': { replies: [reply(call('1', 'add')), reply(text('done'))], turn: (turn, log) => { try { turn.supplyOutputs([{ type: 'function_call_output', call_id: '1', output: 'x' }]); } catch ({ message }) { log.push(message); } } },
  'words of the user': { replies: [reply(call('1', 'add')), reply(text('done'))], turn: (turn, log) => { try { turn.appendUserText('more'); } catch ({ message }) { log.push(message); } } },
  'a function that fails': { replies: [reply(call('1', 'add'), call('2', 'fails')), reply(text('done'))] },
  'an output of another kind': { replies: [reply(call('1', 'odd')), reply(text('done'))] },
  'arguments that are no object': { replies: [reply(call('1', 'add', '[1]')), reply(text('done'))] },
  'a function that nobody registered': { replies: [reply(call('1', 'nobody')), reply(text('done'))] },
  'a call twice': { replies: [reply(call('1', 'add')), reply(call('1', 'add'))] },
  'too many steps': { replies: [reply(call('1', 'add')), reply(call('2', 'add'))], options: { maxSteps: 2 } },
  'a reply that is not completed': { replies: [() => json(R([text('x')], { status: 'incomplete' }))] },
  'an error of the server': { replies: [() => json({ error: { message: 'no' } }, { status: 400 })] },
  'leave for a server': { replies: [reply({ id: 'mcpr_1', type: 'mcp_approval_request', server_label: 's', name: 'n', arguments: '{}' }), reply(text('done'))], params: { tools: [{ type: 'mcp', server_label: 's', server_url: 'https://s.test' }] }, options: { approveMcp: () => true } },
  'no word on leave': { replies: [reply({ id: 'mcpr_1', type: 'mcp_approval_request', server_label: 's', name: 'n', arguments: '{}' })], params: { tools: [{ type: 'mcp', server_label: 's', server_url: 'https://s.test' }] } },
  'a chained request': { replies: [reply(text('x'))], params: { previous_response_id: 'r' } },
  'a tool of another kind': { replies: [reply(text('x'))], params: { tools: [tool('other')] } },
  'a forced call': { replies: [reply(text('x'))], params: { tool_choice: 'required' } },
  'no steps': { replies: [reply(text('x'))], options: { maxSteps: 0 } },
  'names twice': { replies: [reply(text('x'))], functions: [{ tool: tool('a'), execute: () => '' }, { tool: tool('a'), execute: () => '' }] },
  'a function without code': { replies: [reply(text('x'))], functions: [{ tool: tool('a') }] },
  'options of requests': { replies: [reply(call('1', 'add')), reply(text('done'))], options: { requestOptions: { idempotencyKey: 'k', headers: { 'x-a': '1' } } }, params: { input: [{ role: 'user', content: 'q' }], include: ['reasoning.encrypted_content'], instructions: 'i' } },
  'a signal that has come': { replies: [reply(text('x'))], options: { signal: AbortSignal.abort() } },
  streamed: {
    options: { events: true },
    replies: [
      () => sse([{ type: 'response.created', sequence_number: 0, response: R([], { status: 'in_progress' }) }, { type: 'response.completed', sequence_number: 1, response: R([call('1', 'add')]) }]),
      () => sse([{ type: 'response.created', sequence_number: 0, response: R([], { status: 'in_progress' }) }, { type: 'response.completed', sequence_number: 1, response: R([text('done')]) }]),
    ],
  },
};

export const programs = {
  ...Object.fromEntries(Object.entries(STORIES).map(([name, story]) => [name, (p) => run(p, story)])),
  'the last reply': async (p) => {
    const { ResponsesToolRunner } = p.load('helpers/responses-tool-runner');
    const runner = new ResponsesToolRunner({ functions: [{ tool: tool('add'), execute: () => 'x' }] });
    const { output_text } = await runner.run(client(p, recorder(reply(call('1', 'add')), reply(text('done'))).fetch), { model: 'm', input: 'hi' });
    return [output_text, runner.close(), await runner.run(client(p, recorder(reply(text('x'))).fetch), { model: 'm', input: 'hi' }).catch(({ message }) => message)];
  },
};
