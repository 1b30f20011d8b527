/** Runs of assistants, streamed: what is told, in which order, of which objects, and what ends a run. */
import { outcome } from './world.mjs';

const RUN = { event: 'thread.run.completed', data: { id: 'run', status: 'completed' } };
const TEXT = (index, value) => ({ index, type: 'text', text: { value, annotations: [] } });
const created = (data) => ({ event: 'thread.message.created', data });
const delta = (id, ...content) => ({ event: 'thread.message.delta', data: { id, delta: { content } } });
const ended = (data, how = 'completed') => ({ event: `thread.message.${how}`, data });
const message = (id = 'm', content = []) => ({ id, role: 'assistant', content });
const step = (how, data) => ({ event: `thread.run.step.${how}`, data });
const calls = (id, ...tool_calls) => step('delta', { id, delta: { step_details: { type: 'tool_calls', tool_calls } } });

const EVENTS = [
  'connect', 'event', 'messageCreated', 'messageDelta', 'messageDone', 'textCreated', 'textDelta', 'textDone', 'imageFileDone', 'runStepCreated',
  'runStepDelta', 'runStepDone', 'toolCallCreated', 'toolCallDelta', 'toolCallDone', 'run', 'error', 'abort', 'end',
];

function start({ load }, events, options) {
  const { AssistantStream } = load('lib/AssistantStream');
  const asked = [];
  const create = async (...args) => {
    asked.push(args);
    return { controller: new AbortController(), async *[Symbol.asyncIterator]() { yield* structuredClone(events); } };
  };
  return { stream: AssistantStream.createAssistantStream('thread', { create }, { assistant_id: 'a' }, options), asked };
}

async function told(world, events) {
  const { stream } = start(world, events);
  const seen = [];
  const plain = (value) => (value instanceof Error ? [value.constructor.name, value.message] : value);
  for (const name of EVENTS) stream.on(name, (...args) => seen.push(JSON.parse(JSON.stringify([name, ...args.map(plain)]))));
  const end = await outcome(() => stream.finalRun());
  const parts = { messages: await outcome(() => stream.finalMessages()), steps: await outcome(() => stream.finalRunSteps()) };
  const now = [stream.currentEvent(), stream.currentMessageSnapshot(), stream.currentRunStepSnapshot(), stream.currentRun()];
  return JSON.parse(JSON.stringify({ seen, end, parts, now: now.map((one) => one ?? null) }));
}

const whole = message('m', [{ type: 'text', text: { value: 'ab', annotations: [] } }, { type: 'text', text: { value: 'c', annotations: [] } }]);
const STORIES = {
  'two texts and a picture between them': [
    created(message()), delta('m', TEXT(0, 'a')), delta('m', TEXT(0, 'b')), delta('m', { index: 1, type: 'image_file', image_file: { file_id: 'f' } }),
    delta('m', TEXT(2, 'c')), ended(message('m', [{ ...TEXT(0, 'ab') }, { type: 'image_file', image_file: { file_id: 'f' } }, { ...TEXT(2, 'c') }])), RUN,
  ],
  'two texts in one piece': [created(message()), delta('m', TEXT(0, 'ab'), TEXT(1, 'c')), ended(whole), RUN],
  'a message that is cut short': [created(message()), delta('m', TEXT(0, 'ab')), ended(message('m', [TEXT(0, 'ab')]), 'incomplete'), RUN],
  'calls of tools': [
    step('created', { id: 's', step_details: { type: 'tool_calls', tool_calls: [] } }), step('in_progress', { id: 's', step_details: { type: 'tool_calls', tool_calls: [] } }),
    calls('s', { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{' } }), calls('s', { index: 0, function: { arguments: '}' } }),
    calls('s', { index: 1, id: 'd', type: 'function', function: { name: 'g', arguments: '{}' } }),
    step('completed', { id: 's', step_details: { type: 'tool_calls', tool_calls: [{ id: 'c' }, { id: 'd' }] } }), RUN,
  ],
  'a run that waits for its tools': [
    step('created', { id: 's', step_details: { type: 'tool_calls', tool_calls: [] } }), calls('s', { index: 0, id: 'c', type: 'function', function: { arguments: '{}' } }),
    { event: 'thread.run.requires_action', data: { id: 'run', status: 'requires_action' } },
  ],
  'a step whose beginning was missed': [step('failed', { id: 's', step_details: { type: 'message_creation' } }), RUN],
  'a piece before its message': [delta('m', TEXT(0, 'a')), RUN],
  'a piece of another message': [created(message()), delta('x', TEXT(0, 'a')), RUN],
  'a second message before the first has ended': [created(message()), created(message('n')), RUN],
  'a message once more': [created(message()), ended(message()), created(message()), RUN],
  'a message without an id': [created({ content: [] }), RUN],
  'a piece with no place': [created(message()), delta('m', { type: 'text', text: { value: 'a' } }), RUN],
  'a place far away': [created(message()), delta('m', TEXT(5000, 'a')), RUN],
  'a piece before its step': [calls('s', { index: 0 }), RUN],
  'no end': [created(message())],
  'names of prototypes': [created(JSON.parse('{"id":"m","content":[]}')), delta('m', JSON.parse('{"index":0,"type":"text","text":{"value":"a","__proto__":{"x":1}}}')), RUN],
  'events of the future': [{ event: 'thread.future', data: {} }, RUN],
  'an error among the events': [{ event: 'error', data: { message: 'no', code: 'c' } }, RUN],
};

export const programs = {
  ...Object.fromEntries(Object.entries(STORIES).map(([name, events]) => [name, (world) => told(world, events)])),

  async 'what the request is sent with'(world) {
    const { stream, asked } = start(world, [RUN], { headers: { x: '1' }, __metadata: { mine: true } });
    await stream.done();
    const [thread, body, { headers, __metadata, signal }] = asked[0];
    return { thread, body, headers, __metadata, own: signal === stream.controller.signal };
  },

  async 'queued events are as they were'(world) {
    const { stream } = start(world, STORIES['two texts in one piece']);
    const iterator = stream[Symbol.asyncIterator]();
    await stream.done();
    const seen = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) seen.push(next.value);
    return seen;
  },

  'pieces put together'({ load }) {
    const { AssistantStream } = load('lib/AssistantStream');
    const add = (whole, piece) => {
      try {
        return AssistantStream.accumulateDelta(whole, piece);
      } catch (error) {
        return { failed: error.message, whole };
      }
    };
    return [
      add({ n: 1, inner: { text: 'a' }, list: ['x'], type: 't', index: 0 }, { n: 2, inner: { text: 'b' }, list: ['y'], type: 'u', index: 1 }),
      add({ list: [{ index: 0, text: 'a' }] }, { list: [{ index: 0, text: 'b' }, { index: 1, text: 'c' }] }),
      add({ list: [{}] }, { list: ['x'] }), add({ list: [{}] }, { list: [{}] }), add({ list: [{}] }, { list: [{ index: '0' }] }),
      add({ text: 'a', list: [{}] }, { text: 'b', list: [{ index: -1 }] }), add({ value: true }, { value: 'x' }),
      add({ text: 'a' }, { text: 'b', more: { constructor: 1 } }),
    ];
  },
};
