/** Computers of programs: what a toolset has them do, whom it asks before, and how whole conversations go. */
import { client, json, outcome, recorder } from './world.mjs';

const R = (output, more) => ({ id: 'r', object: 'response', created_at: 1, model: 'm', status: 'completed', error: null, incomplete_details: null, instructions: null, metadata: null, output, parallel_tool_calls: true, temperature: null, tool_choice: 'auto', tools: [], top_p: null, ...more });
const answer = { id: 'msg', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'done', annotations: [] }] };
const thought = { id: 'rs', type: 'reasoning', summary: [], encrypted_content: 'x' };
const actions = [{ type: 'click', x: 1, y: 2, button: 'left' }, { type: 'type', text: 'hi' }, { type: 'screenshot' }, { type: 'wait' }];
const call = (id, more) => ({ id: `cu_${id}`, type: 'computer_call', call_id: id, status: 'completed', pending_safety_checks: [], actions, ...more });
const { actions: _many, ...alone } = call('1');
const old = { ...alone, action: { type: 'move', x: 1, y: 2 } };
const CHECK = { id: 'check', code: 'c', message: 'm' };
const checked = call('1', { pending_safety_checks: [CHECK] });

/** A computer that notes what it is asked. */
function computer(log, overrides = {}) {
  const made = {};
  for (const name of ['click', 'double_click', 'drag', 'keypress', 'move', 'scroll', 'type', 'wait']) made[name] = (action, context) => void log.push([name, action, Object.keys(context)]);
  made.screenshot = (context) => (log.push(['screenshot', Object.keys(context)]), { type: 'computer_screenshot', image_url: 'data:image/png;base64,AA==', extra: 1 });
  return Object.assign(made, overrides);
}

/** What failed, without the words. */
const failed = (error) => error && { chain: error.chain, name: error.name };

async function execute(p, { given = call('1'), overrides, options = {}, before, close }) {
  const log = [];
  const told = [];
  const { value, error } = await outcome(async () => {
    const set = new p.main.ComputerToolset(computer(log, overrides));
    if (close) log.push(set.close());
    if (before !== undefined) options = { ...options, beforeAction: (action, whole, context) => (log.push(['asked', action.type, whole.call_id, Object.keys(context)]), before) };
    const output = await set.execute(given, { ...options, onDiagnostic: ({ duration_ms, ...rest }) => told.push(rest) });
    return [output, set.close()];
  });
  return JSON.parse(JSON.stringify({ value: value ?? null, failed: failed(error) ?? null, log, told }));
}

async function run(p, { replies, params = {}, options = {}, overrides }) {
  const { ComputerToolset } = p.load('helpers/computer');
  const { fetch, seen } = recorder(...replies);
  const log = [];
  const { value, error } = await outcome(async () => (await new ComputerToolset(computer(log, overrides)).run(client(p, fetch), { model: 'm', input: 'hi', ...params }, options)).id);
  const sent = seen.map(({ url, headers, body }) => [url, Boolean(headers['idempotency-key']), JSON.parse(body)]);
  return JSON.parse(JSON.stringify({ value: value ?? null, failed: failed(error) ?? null, log, sent }));
}

const reply = (...output) => () => json(R(output));
const drop = (name) => Object.fromEntries(Object.entries(call('1')).filter(([key]) => key !== name));

const CALLS = {
  'a call of today': {},
  'a call of old': { given: old },
  'both kinds of actions': { given: { ...call('1'), action: { type: 'wait' } } },
  'no actions': { given: drop('actions') },
  'an empty list': { given: call('1', { actions: [] }) },
  'checks left out': { given: drop('pending_safety_checks') },
  'checks left out of old': { given: Object.fromEntries(Object.entries(old).filter(([key]) => key !== 'pending_safety_checks')) },
  'checks without leave': { given: checked },
  'checks with leave': { given: checked, options: { approveSafetyChecks: () => true } },
  'checks with another word than yes': { given: checked, options: { approveSafetyChecks: () => 'yes' } },
  'checks that are asked and fail': { given: checked, options: { approveSafetyChecks: () => { throw new Error('x'); } } },
  'checks that cannot be read': { given: call('1', { pending_safety_checks: [{ code: 'c' }] }) },
  'leave for each action': { before: true },
  'no leave for actions': { before: false },
  'an action that fails': { overrides: { type: () => { throw new Error('secret'); } } },
  'a picture that is none': { overrides: { screenshot: () => 'x' } },
  'a picture without a source': { overrides: { screenshot: () => ({ type: 'computer_screenshot' }) } },
  'a picture that is a file': { overrides: { screenshot: () => ({ type: 'computer_screenshot', file_id: 'f', detail: 'original' }) } },
  'an empty address': { overrides: { screenshot: () => ({ type: 'computer_screenshot', image_url: ' ' }) } },
  'a call that is not completed': { given: call('1', { status: 'in_progress' }) },
  'a call without an id': { given: drop('id') },
  'a call without its name': { given: drop('call_id') },
  'an action of another kind': { given: call('1', { actions: [{ type: 'dance' }] }) },
  'a click with a wrong button': { given: call('1', { actions: [{ type: 'click', x: 1, y: 2, button: 'nose' }] }) },
  'a click between pixels': { given: call('1', { actions: [{ type: 'click', x: 1.5, y: 2, button: 'left' }] }) },
  'a click with keys': { given: call('1', { actions: [{ type: 'click', x: 1, y: 2, button: 'wheel', keys: ['CTRL'] }, { type: 'double_click', x: 0, y: 0, keys: null }] }) },
  'a drag and a scroll': { given: call('1', { actions: [{ type: 'drag', path: [{ x: 1, y: 1 }, { x: 2, y: 2 }] }, { type: 'scroll', x: 1, y: 1, scroll_x: 0, scroll_y: -5 }, { type: 'keypress', keys: ['A'] }, { type: 'move', x: 3, y: 4 }] }) },
  'a scroll without a distance': { given: call('1', { actions: [{ type: 'scroll', x: 1, y: 1 }] }) },
  'a signal that has come': { options: { signal: AbortSignal.abort() } },
  'a closed toolset': { close: true },
  'a computer without a method': { overrides: { drag: undefined } },
};

const RUNS = {
  'a conversation': { replies: [reply(thought, call('1')), reply(call('2')), reply(answer)].map((one, at) => (at === 1 ? () => json(R([{ ...call('2'), id: 'cu_2b' }])) : one)) },
  'only an answer': { replies: [reply(answer)] },
  'nothing at all': { replies: [reply(thought)] },
  'a call again': { replies: [reply(call('1')), reply(call('1'))] },
  'an item again': { replies: [reply(call('1')), reply({ ...call('2'), id: 'cu_1' })] },
  'a forced call': { replies: [reply(call('1')), reply(answer)], params: { tool_choice: 'required' } },
  'a forced computer': { replies: [reply(call('1')), reply(answer)], params: { tool_choice: { type: 'computer' } } },
  'too many steps': { replies: [reply(call('1')), reply(call('2'))], options: { maxSteps: 2 } },
  'no steps': { replies: [reply(answer)], options: { maxSteps: 0 } },
  'a function beside': { replies: [reply({ type: 'function_call', id: 'f', call_id: 'c', name: 'n', arguments: '{}' })] },
  'a reply that is not completed': { replies: [() => json(R([call('1')], { status: 'incomplete' }))] },
  'other tools': { replies: [reply(answer)], params: { tools: [{ type: 'web_search' }] } },
  'a stream': { replies: [reply(answer)], params: { stream: true } },
  'a chain': { replies: [reply(answer)], params: { previous_response_id: 'r' } },
  'an own tool and history': { replies: [reply(call('1')), reply(answer)], params: { tools: [{ type: 'computer' }], input: [{ role: 'user', content: 'q' }], include: ['reasoning.encrypted_content'] } },
  'options of requests': { replies: [reply(call('1')), reply(answer)], options: { requestOptions: { idempotencyKey: 'k' } } },
  'an error of the server': { replies: [() => json({ error: { message: 'no' } }, { status: 400 })] },
  'a driver that fails': { replies: [reply(call('1')), reply(answer)], overrides: { click: () => { throw new Error('secret'); } } },
  'checks in a conversation': { replies: [reply(checked), reply(answer)], options: { approveSafetyChecks: () => true } },
};

export const programs = {
  ...Object.fromEntries(Object.entries(CALLS).map(([name, story]) => [name, (p) => execute(p, story)])),
  ...Object.fromEntries(Object.entries(RUNS).map(([name, story]) => [`run: ${name}`, (p) => run(p, story)])),
};
