/** Runs over responses with more than functions: browsers, computers, calls that begin early, records of runs, limits of what is sent. */
import { client, json, outcome, recorder, sse } from './world.mjs';

const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3, input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } };
const R = (output, more) => ({ id: 'r', object: 'response', created_at: 1, model: 'm', status: 'completed', error: null, incomplete_details: null, instructions: null, metadata: null, output, parallel_tool_calls: true, temperature: null, tool_choice: 'auto', tools: [], top_p: null, usage: USAGE, ...more });
const text = (value, more) => ({ id: 'msg', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: value, annotations: [] }], ...more });
const call = (id, name, args = '{"a":1}', more) => ({ id: `fc_${id}`, type: 'function_call', call_id: id, name, arguments: args, status: 'completed', ...more });
const find = (id, args = '{"query":"q","tab_id":null}') => call(id, 'browser_find', args);
const click = (id) => call(id, 'browser_click', '{"target":"e","tab_id":null}');
const picture = (id) => call(id, 'browser_screenshot', '{"tab_id":null}');
const screen = (id, more) => ({ id: `cu_${id}`, type: 'computer_call', call_id: id, status: 'completed', pending_safety_checks: [], actions: [{ type: 'wait' }], ...more });
const tool = (name) => ({ type: 'function', name, description: 'd', strict: false, parameters: { type: 'object', properties: {} } });
const reply = (...output) => () => json(R(output));
const CHECK = { id: 'check', code: null, message: null };

/** A streamed reply: each item when it is done, then all of them. */
const streamed = (output, final = output) => () =>
  sse([
    { type: 'response.created', sequence_number: 0, response: R([], { status: 'in_progress' }) },
    ...output.flatMap((item, at) => [
      { type: 'response.output_item.added', sequence_number: 2 * at + 1, output_index: at, item: item.type === 'function_call' ? { ...item, status: 'in_progress', arguments: '' } : { ...item, status: 'in_progress', ...(item.content ? { content: [] } : undefined) } },
      { type: 'response.output_item.done', sequence_number: 2 * at + 2, output_index: at, item },
    ]),
    { type: 'response.completed', sequence_number: 99, response: R(final) },
  ]);

function browser(p, log, { confirm = true, fails } = {}) {
  const { BrowserToolset, BrowserError } = p.load('helpers/browser');
  const tab = { id: 't', title: 'T', url: 'https://a.test/x', active: true };
  const driver = {
    state: () => ({ tabs: [tab] }),
    find: () => (log.push('find'), 'found'),
    click: () => { log.push('click'); if (fails) throw new BrowserError('gone'); },
    screenshot: () => (log.push('screenshot'), { type: 'input_image', image_url: 'data:x', detail: 'auto' }),
  };
  return new BrowserToolset(driver, { confirm: () => confirm });
}

function computer(p, log) {
  const driver = {};
  for (const name of ['click', 'double_click', 'drag', 'keypress', 'move', 'scroll', 'type', 'wait']) driver[name] = () => void log.push(name);
  driver.screenshot = () => (log.push('screen'), { type: 'computer_screenshot', image_url: 'data:y' });
  return new p.main.ComputerToolset(driver);
}

/** The tools' own words are each package's. */
const plain = (value) =>
  JSON.parse(
    JSON.stringify(value, (key, inner) => {
      if (key === 'description' && typeof inner === 'string') return Boolean(inner);
      if (typeof inner !== 'string' || !inner.startsWith('{"ok"')) return inner;
      const { error, ...told } = JSON.parse(inner);
      return { ...told, failed: error !== undefined && error !== 'gone' };
    }),
  );

async function run(p, { replies, tools = {}, turn, params = {}, options = {}, early, ledger, budget, events, functions, words }) {
  const { ResponsesToolRunner } = p.load('helpers/responses-tool-runner');
  const { fetch, seen } = recorder(...replies);
  const log = [];
  const told = [];
  const saved = [];
  const own = functions?.(log) ?? [
    { tool: tool('add'), execute: ({ a }) => (log.push(['add', a]), String(a + 1)) },
    { tool: tool('own'), allowOutputOverride: true, execute: () => 'computed' },
    { tool: tool('slow'), independent: true, execute: async ({ a }) => (log.push(['begun', a]), await new Promise((resolve) => setTimeout(resolve, 5)), log.push(['done', a]), 'slow') },
    { tool: tool('fails'), execute: () => { throw new Error('secret'); } },
  ];
  const { value, error } = await outcome(async () => {
    const runner = new ResponsesToolRunner({
      functions: own,
      ...(tools.browser ? { browser: browser(p, log, tools.browser) } : undefined),
      ...(tools.computer ? { computer: computer(p, log) } : undefined),
      ...(early === undefined ? undefined : { earlyExecution: early }),
    });
    const turns = [];
    const given = {
      onDiagnostic: ({ duration_ms, ...rest }) => told.push(rest),
      ...(events ? { stream: true, onEvent: ({ type }) => void log.push(type) } : undefined),
      ...(ledger ? { ledger: { runId: 'run', save: (checkpoint) => void saved.push(structuredClone(checkpoint)), ...ledger } } : undefined),
      ...(budget ? { contextBudget: typeof budget === 'function' ? budget(log) : budget } : undefined),
      ...(typeof options === 'function' ? options(log) : options),
    };
    for await (const one of runner.iterate(client(p, fetch), { model: 'm', input: 'hi', ...params }, given)) {
      const { step, final, toolsExecuted, attemptedCallIds, completedCallIds } = one;
      turns.push({ step, final, toolsExecuted, attemptedCallIds, completedCallIds });
      log.push(`turn ${step}`);
      await turn?.(one, log);
    }
    return turns;
  });
  const failed = error && { chain: error.chain, name: error.name };
  return plain({ turns: value ?? null, failed: failed ?? null, log, told, saved, sent: seen.map(({ url, headers, body }) => [url, Boolean(headers['idempotency-key']), words ? JSON.parse(body).input.map(({ role, type }) => role ?? type) : JSON.parse(body)]) });
}

const pause = (turn, log) => { try { turn.supplyOutputs([{ type: 'function_call_output', call_id: '2', output: 'supplied' }]); } catch ({ name }) { log.push(name); } };
const EAGER = { events: true, options: { eager: true } };
const BOTH = { browser: {}, computer: true };
const FRESH = [{ role: 'user', content: 'what is there now' }];
const CHECKPOINT = {
  version: 1, run_id: 'run', revision: 2, phase: 'boundary', max_steps: 20, consumed_requests: 1,
  tools: [tool('add'), tool('own'), tool('slow'), tool('fails')], output_override_names: ['own'],
  history: [{ role: 'user', content: 'hi' }, call('1', 'add'), { type: 'function_call_output', call_id: '1', output: '2' }],
  attempted_call_ids: ['1'], returned_call_ids: ['1'], pending_items: [], returned_outputs: [], final_response: null,
};
const resume = (more, params = { input: FRESH }) => ({ replies: [reply(text('done'))], ledger: { resumeFrom: { ...CHECKPOINT, ...more } }, params });
const MCP = { type: 'mcp', server_label: 's', server_url: 'https://user:word@s.test/x?b=1#c', authorization: 'secret', headers: { a: 'secret' } };

const STORIES = {
  'a browser': { tools: { browser: {} }, replies: [reply(find('1'), click('2')), reply(picture('3')), reply(text('done'))] },
  'a browser that may not': { tools: { browser: { confirm: false } }, replies: [reply(click('1'), find('2')), reply(text('done'))] },
  'a browser that fails before more': { tools: { browser: { fails: true } }, replies: [reply(click('1'), find('2'), call('3', 'add')), reply(text('done'))] },
  'a browser with wrong arguments': { tools: { browser: {} }, replies: [reply(find('1', '{}')), reply(text('done'))] },
  'a member that is not there': { tools: { browser: {} }, replies: [reply(call('1', 'browser_hover', '{"target":"e","tab_id":null}'))] },
  'a computer': { tools: { computer: true }, replies: [reply(screen('1')), reply(text('done'))] },
  'a computer with its own tool': { tools: { computer: true }, params: { tools: [{ type: 'computer' }] }, replies: [reply(screen('1')), reply(text('done'))] },
  'a computer with checks': { tools: { computer: true }, options: { computerOptions: { approveSafetyChecks: () => true } }, replies: [reply(screen('1', { pending_safety_checks: [CHECK] })), reply(text('done'))] },
  'a computer with checks that nobody approves': { tools: { computer: true }, replies: [reply(screen('1', { pending_safety_checks: [CHECK] })), reply(text('done'))] },
  'actions that are refused': { tools: { computer: true }, options: { computerOptions: { beforeAction: () => false } }, replies: [reply(screen('1')), reply(text('done'))] },
  'a call of a computer that nobody has': { replies: [reply(screen('1'))] },
  'a call of a computer that is not whole': { tools: { computer: true }, replies: [reply(call('1', 'add'), screen('2', { actions: [{ type: 'dance' }] }))] },
  'all of them': { tools: BOTH, replies: [reply(call('1', 'add'), find('2'), screen('3')), reply(text('done'))] },
  'all of them, streamed': { tools: BOTH, events: true, replies: [streamed([call('1', 'add'), find('2'), screen('3')]), streamed([text('done')])] },
  'a name of the browser again': { tools: { browser: {} }, functions: () => [{ tool: tool('browser_find'), execute: () => 'x' }], replies: [reply(text('x'))] },
  'a forced browser': { tools: { browser: {} }, params: { tool_choice: { type: 'function', name: 'browser_find' } }, replies: [reply(text('x'))] },
  'a forced computer': { tools: { computer: true }, params: { tool_choice: { type: 'computer' } }, replies: [reply(text('x'))] },
  'a forced choice': { params: { tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'add' }] } }, replies: [reply(text('x'))] },
  'a choice that allows': { params: { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'add' }] } }, replies: [reply(call('1', 'add')), reply(text('x'))] },
  'a choice that does not allow': { params: { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'own' }] } }, replies: [reply(call('1', 'add')), reply(text('x'))] },
  'no choice at all': { params: { tool_choice: 'none' }, replies: [reply(call('1', 'add')), reply(text('x'))] },
  'forced, with a server to ask': { params: { tool_choice: 'required', tools: [{ type: 'web_search' }] }, replies: [reply(text('x'))] },
  'early calls': { ...EAGER, replies: [streamed([call('1', 'add'), call('2', 'own')]), streamed([text('done')])], turn: pause },
  'early calls beside each other': { ...EAGER, replies: [streamed([call('1', 'slow', '{"a":1}'), call('2', 'slow', '{"a":2}'), call('3', 'slow', '{"a":3}')]), streamed([text('done')])] },
  'early calls one by one': { events: true, options: { eager: true, maxConcurrentCalls: 1 }, replies: [streamed([call('1', 'slow', '{"a":1}'), call('2', 'slow', '{"a":2}')]), streamed([text('done')])] },
  'an independent call before another': { ...EAGER, replies: [streamed([call('1', 'slow'), call('2', 'add')]), streamed([text('done')])] },
  'early without a stream': { options: { eager: true }, replies: [reply(text('x'))] },
  'no calls at a time': { events: true, options: { eager: true, maxConcurrentCalls: 0 }, replies: [streamed([text('x')])] },
  'nothing that may begin early': { ...EAGER, early: {}, replies: [streamed([call('1', 'add'), call('2', 'own')]), streamed([text('done')])], turn: pause },
  'some that may begin early': { ...EAGER, early: { functions: ['add'] }, replies: [streamed([call('1', 'add'), call('2', 'own'), call('3', 'add')]), streamed([text('done')])], turn: pause },
  'a computer that may begin early': { ...EAGER, tools: BOTH, early: { computer: true, functions: ['browser_find'] }, replies: [streamed([screen('1'), find('2'), call('3', 'add')]), streamed([text('done')])] },
  'a computer that nobody has, early': { ...EAGER, early: { computer: true }, replies: [streamed([text('x')])] },
  'names that nobody has, early': { ...EAGER, early: { functions: ['nobody'] }, replies: [streamed([text('x')])] },
  'names twice, early': { ...EAGER, early: { functions: ['add', 'add'] }, replies: [streamed([text('x')])] },
  'early rules without eager': { events: true, early: {}, replies: [streamed([text('x')])] },
  'an early call that is asked for': { events: true, options: (log) => ({ eager: true, beforeEarlyCall: ({ call_id }) => (log.push(['asked', call_id]), call_id === '1' ? 'execute' : 'defer') }), replies: [streamed([call('1', 'add'), call('2', 'add'), call('3', 'add')]), streamed([text('done')])] },
  'an early call with another word': { events: true, options: { eager: true, beforeEarlyCall: () => 'yes' }, replies: [streamed([call('1', 'add')]), streamed([text('done')])] },
  'a question without eager': { options: { beforeEarlyCall: () => 'execute' }, replies: [reply(call('1', 'add')), reply(text('x'))] },
  'an early call that fails': { ...EAGER, replies: [streamed([call('1', 'fails'), call('2', 'add')]), streamed([text('done')])] },
  'an early call that the end does not know': { ...EAGER, replies: [streamed([call('1', 'add')], [call('2', 'add')])] },
  'an end that differs': { events: true, replies: [streamed([call('1', 'add')], [call('1', 'add', '{"a":2}')])] },
  'an end with more': { ...EAGER, replies: [streamed([call('1', 'add')], [call('1', 'add'), call('2', 'add')])] },
  'an early call in the last step': { events: true, options: { eager: true, maxSteps: 1 }, replies: [streamed([call('1', 'add')])] },
  'an early call beside a server': { ...EAGER, params: { tools: [{ type: 'web_search' }] }, replies: [streamed([call('1', 'add')]), streamed([text('done')])] },
  'a record': { ledger: {}, replies: [reply(call('1', 'add'), call('2', 'own')), reply(text('done'))] },
  'a record of an answer': { ledger: {}, replies: [reply(text('done'))] },
  'a record of a failure': { ledger: {}, replies: [reply(call('1', 'add'), call('2', 'fails')), reply(text('done'))] },
  'a record of a browser': { ledger: {}, tools: BOTH, replies: [reply(find('1'), screen('2')), reply(text('done'))] },
  'a record of a browser that fails': { ledger: {}, tools: { browser: { fails: true } }, replies: [reply(click('1'), find('2')), reply(text('done'))] },
  'a record of a stream': { ledger: {}, events: true, replies: [streamed([call('1', 'add')]), streamed([text('done')])] },
  'a record of early calls': { ledger: {}, ...EAGER, replies: [streamed([call('1', 'add'), call('2', 'slow')]), streamed([text('done')])] },
  'a record of servers': { ledger: {}, params: { tools: [MCP] }, replies: [reply(text('done'))] },
  'a record that cannot be written': { ledger: { save: () => { throw new Error('secret'); } }, replies: [reply(text('done'))] },
  'a record that fails later': { ledger: { save: ({ phase }) => { if (phase === 'pending') throw new Error('secret'); } }, replies: [reply(call('1', 'add'))] },
  'a record without a name': { ledger: { runId: '' }, replies: [reply(text('done'))] },
  'a record with an output of the program': { ledger: {}, replies: [reply(call('2', 'own')), reply(text('done'))], turn: (turn, log) => turn.final || pause(turn, log) },
  'a record with words of the user': { ledger: {}, replies: [reply(call('2', 'own')), reply(text('done'))], turn: (turn) => turn.final || turn.appendUserText('more') },
  'a run that goes on': resume(),
  'a run that goes on without news': resume({}, { input: [] }),
  'a run that goes on with a text': resume({}, { input: 'news' }),
  'a run that goes on with its own words': resume({}, { input: [{ role: 'assistant', content: 'x' }] }),
  'a run that was at work': resume({ phase: 'pending' }),
  'a run that is over': resume({ phase: 'final' }),
  'another run': resume({ run_id: 'other' }),
  'a run with other tools': resume({ tools: [tool('add')] }),
  'a run with other permissions': resume({ output_override_names: [] }),
  'a run with a call open': resume({ attempted_call_ids: ['1', '2'] }),
  'a run without steps left': resume({ consumed_requests: 20 }),
  'a run with more steps than it has': resume({ consumed_requests: 21 }),
  'a run with a history that is not whole': resume({ history: [call('1', 'add')] }),
  'a run of another version': resume({ version: 2 }),
  'a run with more in it': resume({ more: 1 }),
  'a limit that holds': { budget: { maxInputBytes: 10_000, maxInputImages: 5 }, replies: [reply(call('1', 'add')), reply(text('done'))] },
  'a limit that does not hold': { budget: { maxInputBytes: 60, maxInputImages: 5 }, replies: [reply(call('1', 'add')), reply(text('done'))] },
  'a limit at once': { budget: { maxInputBytes: 5, maxInputImages: 5 }, replies: [reply(text('done'))] },
  'pictures beyond a limit': { tools: { browser: {} }, budget: { maxInputBytes: 100_000, maxInputImages: 1 }, replies: [reply(picture('1')), reply(picture('2')), reply(text('done'))] },
  'pictures that are let go': { tools: BOTH, budget: (log) => ({ maxInputBytes: 100_000, maxInputImages: 1, compact: (given) => (log.push(JSON.parse(JSON.stringify({ ...given, inputBytes: given.inputBytes > 10, history: given.history.length }))), { dropCallIds: given.eligibleCallIds }) }), replies: [reply(picture('1'), call('2', 'add')), reply(screen('3')), reply(text('done'))] },
  'a decision with other names': { budget: { maxInputBytes: 60, maxInputImages: 1, compact: () => ({ dropCallIds: ['nobody'] }) }, replies: [reply(call('1', 'add')), reply(text('done'))] },
  'a decision that is not enough': { budget: { maxInputBytes: 60, maxInputImages: 1, compact: () => ({ dropCallIds: [] }) }, replies: [reply(call('1', 'add')), reply(text('done'))] },
  'limits that are none': { budget: { maxInputBytes: -1, maxInputImages: 1 }, replies: [reply(text('x'))] },
  'limits without pictures': { budget: { maxInputBytes: 1000 }, replies: [reply(text('x'))] },
  'no pictures to keep': { budget: { maxInputBytes: 1000, maxInputImages: 1, keepRecentScreenshots: 0 }, replies: [reply(text('x'))] },
  'a limit beside that of the server': { budget: { maxInputBytes: 1000, maxInputImages: 1 }, params: { truncation: 'auto' }, replies: [reply(text('x'))] },
  'limits that do not hold, with a summary': { budget: { maxInputBytes: 450, maxInputImages: 1, compact: ({ eligibleCallIds }) => ({ dropCallIds: eligibleCallIds, summary: 'sum' }) }, functions: () => [{ tool: tool('add'), execute: () => 'x'.repeat(450) }], replies: [reply(call('1', 'add')), reply(text('done'))], words: true },
  'a run that goes on, again recorded': { ...resume(), replies: [reply(call('2', 'add')), reply(text('done', { id: 'msg2' }))] },
  'a run that goes on with a call of before': { ...resume(), replies: [reply(call('1', 'add'))] },
  'a recorded run with headers': { ledger: {}, options: { requestOptions: { headers: { 'idempotency-key': 'k' }, timeout: 5000 } }, replies: [reply(call('1', 'add')), reply(text('done'))] },
  'a recorded run that may be repeated': { ledger: {}, options: { requestOptions: { maxRetries: 1 } }, replies: [reply(text('done'))] },
  'a recorded run with other options': { ledger: {}, options: { requestOptions: { idempotencyKey: 'k', timeout: 5000 } }, replies: [reply(call('1', 'add')), reply(text('done'))] },
  'a signal that has come': { tools: BOTH, ledger: {}, options: { signal: AbortSignal.abort() }, replies: [reply(text('done'))] },
  'a signal between two calls': { ledger: {}, options: (log) => { const controller = new AbortController(); log.push('made'); return { signal: controller.signal, onDiagnostic: ({ stage }) => stage === 'action' && controller.abort() }; }, replies: [reply(call('1', 'add'), call('2', 'add')), reply(text('done'))] },
  'a record with a history of before': { ledger: {}, params: { input: [{ role: 'user', content: 'q' }, call('0', 'add'), { type: 'function_call_output', call_id: '0', output: 'x' }] }, replies: [reply(call('1', 'add')), reply(text('done'))] },
  'a record with a history that is not whole': { ledger: {}, params: { input: [{ role: 'user', content: 'q' }, call('0', 'add')] }, replies: [reply(text('done'))] },
  'a history with a call of the reply': { params: { input: [{ role: 'user', content: 'q' }, call('1', 'add'), { type: 'function_call_output', call_id: '1', output: 'x' }] }, replies: [reply(call('1', 'add'))] },
  'a server that answers': { params: { tools: [MCP] }, options: { approveMcp: () => false }, replies: [reply({ id: 'mcpr_1', type: 'mcp_approval_request', server_label: 's', name: 'n', arguments: '{}' }), reply(text('done'))] },
};

export const programs = Object.fromEntries(Object.entries(STORIES).map(([name, story]) => [name, (p) => run(p, story)]));
