/** Sessions of agents that begin with input: their events, the functions that are called on the way, the result of the first turn. */
import { createRequire } from 'node:module';
import { client, json, outcome, recorder, sse } from './world.mjs';

const z = createRequire(import.meta.url)('zod/v4');
const session = (more) => ({ id: 's', object: 'agent.session', status: 'idle', required_actions: [], ...more });
const turn = (status = 'completed', more) => ({ id: 't', session_id: 's', subagent_id: null, status, error: null, ...more });
const message = (text, more) => ({ id: 'm', type: 'message', turn_id: 't', role: 'assistant', phase: 'final_answer', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }], ...more });
const call = (id, name = 'add', more) => ({ id: `i${id}`, type: 'function_call', turn_id: 't', call_id: id, name, arguments: '{"a":1}', status: 'in_progress', ...more });

const CREATED = { type: 'agent.session.created', session: session({ status: 'in_progress' }) };
const BEGUN = { type: 'agent.session.turn.created', session_id: 's', turn: turn('in_progress') };
const done = (item, output_index = 0) => ({ type: 'agent.session.turn.item.done', session_id: 's', output_index, item });
const added = (item, output_index = 0) => ({ type: 'agent.session.turn.item.added', session_id: 's', output_index, item });
const ended = (status = 'completed', more) => ({ type: `agent.session.turn.${status}`, session_id: 's', turn_id: 't', turn: turn(status, more) });
const IDLE = { type: 'agent.session.idle', session: session() };
const waits = (...names) => ({ type: 'agent.session.requires_action', session: session({ status: 'requires_action', required_actions: names.map((name) => ({ type: 'function_call', name, call_id: '1', turn_id: 't' })) }) });
const WHOLE = [CREATED, BEGUN, done(message('hello')), ended(), IDLE];

/** An error, as far as programs look at it; its words are each package's. */
const failed = (error) => {
  if (!(error instanceof Error)) return error;
  const chain = [];
  for (let level = Object.getPrototypeOf(error); level; level = Object.getPrototypeOf(level)) chain.push(level.constructor.name);
  const { name, reason, session_id, turn_id, turn: about, messages, required_actions } = error;
  return { chain, name, reason, session_id, turn_id, turn: about, messages, required_actions, cause: error.cause instanceof Error, raw: error.raw_result?.output_text };
};

async function run(p, { events, work, params = {}, handlers, format, replies = [], cut, nameless }) {
  const log = [];
  events = events.map((event, at) => (nameless ? event : { event_id: `e${at}`, ...event }));
  const reply = cut ? () => new Response(new ReadableStream({ start(stream) { stream.enqueue(new TextEncoder().encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))); stream.error(new Error('cut')); } }), { headers: { 'content-type': 'text/event-stream' } }) : () => sse(events);
  const { fetch, seen } = recorder(reply, ...replies, () => json({}));
  const made = handlers ? { toolHandlers: handlers(log) } : undefined;
  const agent = format ? { agent: { text: { format: p.load('helpers/beta/agents/zod').zodAgentTextFormat(z.object({ a: z.number() })) } } } : undefined;
  let value;
  let error;
  try {
    const stream = await client(p, fetch).beta.agents.sessions.create({ environment: { type: 'x' }, input: 'hi', stream: true, ...made, ...agent, ...params }, { headers: { 'x-a': '1' } });
    value = await work(stream, log);
  } catch (thrown) {
    error = failed(thrown);
  }
  // The core gives requests that it sends keys of its own.
  const sent = seen.map(({ url, method, headers, body }, at) => [url, method, headers['x-a'], p.wire || at === 0 || Boolean(headers['idempotency-key']), body && JSON.parse(body)]);
  return JSON.parse(JSON.stringify({ value: value ?? null, error: error ?? null, log, sent }));
}

const told = (result) => ({ kind: result.constructor.name, session: result.session_id, turn: result.turn_id, text: result.output_text, messages: result.messages, status: result.turn.status, parsed: result.output_parsed });
const result = async (stream) => told(await stream.finalResult());
const read = async (stream, log) => { for await (const { type } of stream) log.push(type); };
const ADD = (log) => ({ add: ({ a }) => (log.push(['add', a]), { sum: a + 1 }), fails: () => { throw new Error('secret'); } });
const TOOLS = [CREATED, BEGUN, added(call('1')), waits('add'), { type: 'agent.session.in_progress', session: session() }, done(message('two'), 1), ended(), IDLE];

const STORIES = {
  'only events': { events: WHOLE, work: read },
  'a result': { events: WHOLE, work: result },
  'a result twice': { events: WHOLE, work: async (stream) => { const [one, two] = [await stream.finalResult(), await stream.finalResult()]; return [told(one), told(two), one === two]; } },
  'a result after the events': { events: WHOLE, work: async (stream, log) => { const same = stream.withResultCollection() === stream; await read(stream, log); return [same, await result(stream)]; } },
  'a result after events that were not kept': { events: WHOLE, work: async (stream, log) => { await read(stream, log); return result(stream); } },
  'a result asked for in the middle': { events: WHOLE, work: async (stream, log) => { for await (const { type } of stream.withResultCollection()) { log.push(type); if (type === BEGUN.type) break; } return result(stream); } },
  'collected too late': { events: WHOLE, work: async (stream) => { for await (const _ of stream) { stream.withResultCollection(); break; } } },
  'events after the result': { events: WHOLE, work: async (stream, log) => { await stream.finalResult(); await read(stream, log); } },
  'comments and answers': { events: [CREATED, BEGUN, done(message('no', { id: 'c', phase: 'commentary' })), done(message('b', { id: 'b' }), 2), done(message('a', { id: 'a' }), 1), done(message('x', { id: 'x', status: 'incomplete' }), 3), done(message('y', { id: 'y', turn_id: 'other' }), 4), ended(), IDLE], work: result },
  'a message again': { events: [CREATED, BEGUN, done(message('old')), done(message('new')), ended(), IDLE], work: result },
  'a turn of another': { events: [CREATED, { ...BEGUN, turn: turn('in_progress', { id: 'sub', subagent_id: 'x' }) }, BEGUN, done(message('hello')), ended(), IDLE], work: result },
  'a turn that failed': { events: [CREATED, BEGUN, done(message('half')), ended('failed', { error: { message: 'no' } }), IDLE], work: result },
  'a turn that was cancelled': { events: [CREATED, BEGUN, ended('cancelled'), IDLE], work: result },
  'a session that failed': { events: [CREATED, BEGUN, { type: 'agent.session.failed', session: session({ status: 'failed' }) }], work: result },
  'a stream that ends early': { events: [CREATED, BEGUN, done(message('hello'))], work: result },
  'a stream that ends after the turn': { events: [CREATED, BEGUN, done(message('hello')), ended()], work: result },
  'a stream without a turn': { events: [CREATED, IDLE], work: result },
  'a stream that breaks': { events: [CREATED, BEGUN], work: result, cut: true },
  'a spent budget': { events: [CREATED, BEGUN, done(message('hello')), ended(), { type: 'agent.session.budget_reached', session: session() }], work: result },
  'an action of the program': { events: [CREATED, BEGUN, waits('other'), IDLE], work: result },
  'functions': { events: TOOLS, work: result, handlers: ADD },
  'functions, read': { events: TOOLS, work: read, handlers: ADD },
  'functions of events without ids': { events: TOOLS, work: result, handlers: ADD, nameless: true },
  'a function of an event that came before': { events: [CREATED, BEGUN, { ...added(call('1')), event_id: 'e' }, { ...added(call('2')), event_id: 'e' }, ended(), IDLE], work: result, handlers: ADD },
  'a function of another turn': { events: [CREATED, BEGUN, added(call('1', 'add', { turn_id: 'other' })), ended(), IDLE], work: result, handlers: ADD },
  'a function before its turn': { events: [CREATED, added(call('1')), BEGUN, ended(), IDLE], work: result, handlers: ADD },
  'a function that is done': { events: [CREATED, BEGUN, done(call('1', 'add', { status: 'completed' })), ended(), IDLE], work: result, handlers: ADD },
  'a function that is called and completed': { events: [CREATED, BEGUN, added(call('1', 'add', { status: 'completed' })), ended(), IDLE], work: result, handlers: ADD },
  'a function and a reader who leaves': { events: TOOLS, work: async (stream, log) => { for await (const { type } of stream) { log.push(type); if (type.endsWith('item.added')) break; } }, handlers: ADD },
  'a function in an action, and one that nobody has': { events: [CREATED, BEGUN, added(call('1')), waits('add', 'other'), IDLE], work: result, handlers: ADD },
  'a function that fails': { events: [CREATED, BEGUN, added(call('1', 'fails')), waits('fails'), done(message('two'), 1), ended(), IDLE], work: result, handlers: ADD },
  'arguments that are none': { events: [CREATED, BEGUN, added(call('1', 'add', { arguments: '[' })), waits('add'), ended(), IDLE], work: result, handlers: ADD },
  'a call that is told twice': { events: [CREATED, BEGUN, added(call('1')), added(call('1')), ended(), IDLE], work: result, handlers: ADD },
  'a function that nobody has': { events: [CREATED, BEGUN, added(call('1', 'other')), waits('other'), IDLE], work: result, handlers: ADD },
  'outputs of other kinds': {
    events: [CREATED, BEGUN, ...['text', 'number', 'none', 'list', 'parts', 'null', 'empty', 'image', 'date'].map((name, at) => added(call(String(at), name))), ended(), IDLE], work: result,
    handlers: () => ({ text: () => 'x', number: () => 5, none: () => undefined, null: () => null, empty: () => [], image: () => [{ type: 'input_image', image_url: 'data:x' }], date: () => new Date(0), list: () => [1], parts: () => [{ type: 'input_text', text: 'x' }] }),
  },
  'an answer that the server does not take yet': { events: TOOLS, work: result, handlers: ADD, replies: [() => json({ error: { message: 'Unknown pending tool call: 1', code: 'invalid_request_error' } }, { status: 400 })] },
  'an answer that the server refuses': { events: TOOLS, work: result, handlers: ADD, replies: [() => json({ error: { message: 'no' } }, { status: 400 })] },
  'a format': { events: [CREATED, BEGUN, done(message('{"a":1}')), ended(), IDLE], work: result, format: true },
  'a format that does not fit': { events: [CREATED, BEGUN, done(message('{"a":"x"}')), ended(), IDLE], work: result, format: true },
  'an abort': { events: WHOLE, work: async (stream) => { stream.controller.abort(); return result(stream); } },
  'two readers': { events: WHOLE, work: async (stream, log) => { const [left] = stream.withResultCollection().tee(); await read(left, log); return outcome(() => stream.finalResult()).then(({ error }) => Boolean(error)); } },
  'events of changed objects': { events: WHOLE, work: async (stream) => { for await (const event of stream.withResultCollection()) if (event.item) event.item.content[0].text = 'changed'; return result(stream); } },
};

export const programs = {
  ...Object.fromEntries(Object.entries(STORIES).map(([name, story]) => [name, (p) => run(p, story)])),
  'without a stream': async (p) => {
    const { fetch, seen } = recorder(() => json(session()));
    const made = await client(p, fetch).beta.agents.sessions.create({ environment: { type: 'x' } });
    return [made, Object.keys(made), JSON.parse(seen[0].body)];
  },
  'handlers without a stream': async (p) => {
    const { fetch, seen } = recorder(() => json(session()));
    const { value, error } = await outcome(() => client(p, fetch).beta.agents.sessions.create({ environment: { type: 'x' }, toolHandlers: { a() {} } }));
    return [Boolean(value), error?.chain ?? null, seen.length];
  },
};
