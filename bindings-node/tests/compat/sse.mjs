/** Streams made of replies and of lines: what is read of which bytes, what fails, and what is let go of. */
const encoder = new TextEncoder();

const body = (...parts) =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(typeof part === 'string' ? encoder.encode(part) : Uint8Array.from(part));
      controller.close();
    },
  });

const told = ({ message, code, constructor }) => ({ failed: constructor.name, message, code });

async function all(stream) {
  const items = [];
  try {
    for await (const item of stream) items.push(item);
  } catch (error) {
    return { items, ...told(error) };
  }
  return { items };
}

const BODIES = {
  'two events': ['data: {"a":1}\n\n', 'data: {"b":2}\n\n', 'data: [DONE]\n\n'],
  'events behind the end': ['data: {"a":1}\n\ndata: [DONE]\n\ndata: {"c":3}\n\n'],
  'an error': ['event: error\ndata: {"error":{"message":"m","code":"c"}}\n\n'],
  'a flat error': ['event: error\ndata: {"message":"m","code":"c"}\n\n'],
  'an error in the data': ['data: {"error":{"message":"x"}}\n\n'],
  'an event of a thread': ['event: thread.created\ndata: {"id":"t"}\n\n'],
  'an event of another name': ['event: ping\ndata: {"x":1}\n\n'],
  'no JSON': ['data: {oops\n\n'],
  'other line ends': ['data: {"a":1}\r\n\r\ndata: {"b":1}\r\rdata: 3\n\n'],
  'split letters': ['da', 'ta: {"b":"', [0xd0], [0xb8], '"}\n\n'],
  'a last event without its end': ['data: {"a":1}'],
  'comments and other fields': [': hi\n\nretry: 1\nid: 3\ndata: {"a":1}\n\nevent: foo\n\n'],
};

const MODES = { '': [], ', named': [undefined, true], ', as events': [undefined, false, 'events'], ', as named events': [undefined, true, 'events'] };

const LINES = { 'two lines': ['{"a":1}\n{"b":2}\n'], 'no end': ['{"a":1}\n{"b":2}'], 'no JSON': ['1\n{oops\n'], 'split letters': ['{"b":"', [0xd0], [0xb8], '"}\r\n\n3'] };

const sse = ({ load }, parts, controller = new AbortController(), ...rest) => load('streaming').Stream.fromSSEResponse(new Response(parts && body(...parts)), controller, ...rest);
const lines = ({ load }, source, controller = new AbortController()) => load('streaming').Stream.fromReadableStream(source, controller);

/** Without what packages write about events that they cannot read. */
async function quietly(work) {
  const { error } = console;
  console.error = () => undefined;
  try {
    return await work();
  } finally {
    console.error = error;
  }
}

export const programs = {
  ...Object.fromEntries(
    Object.entries(BODIES).flatMap(([name, parts]) =>
      Object.entries(MODES).map(([mode, args]) => [
        `${name}${mode}`,
        (p) =>
          quietly(async () => {
            const controller = new AbortController();
            return { ...(await all(sse(p, parts, controller, ...args))), aborted: controller.signal.aborted };
          }),
      ]),
    ),
  ),
  ...Object.fromEntries(Object.entries(LINES).map(([name, parts]) => [`lines: ${name}`, (p) => all(lines(p, body(...parts)))])),
  'a reply without a body': (p) => all(sse(p, null)),
  'read twice': async (p) => {
    const stream = sse(p, BODIES['two events']);
    return [await all(stream), await all(stream)];
  },
  'left early': async (p) => {
    const controller = new AbortController();
    for await (const _ of sse(p, BODIES['two events'], controller)) break;
    return controller.signal.aborted;
  },
  'aborted while it is read': async (p) => {
    const controller = new AbortController();
    const items = [];
    for await (const item of sse(p, ['data: 1\n\ndata: 2\n\n'], controller)) items.push(item), controller.abort();
    return items;
  },
  'aborted while nothing comes': async (p) => {
    const controller = new AbortController();
    let cancelled = false;
    const source = new ReadableStream({
      start: (controller) => controller.enqueue(encoder.encode('1\n')),
      // Once the second piece is asked for, nothing comes.
      pull: () => (setImmediate(() => controller.abort()), new Promise(() => undefined)),
      cancel: () => void (cancelled = true),
    });
    return [await all(lines(p, source, controller)), cancelled];
  },
  'a source that fails': (p) => {
    const source = new ReadableStream({ start: (c) => c.enqueue(encoder.encode('data: 1\n\n')), pull: (c) => c.error(new Error('net')) });
    return all(p.load('streaming').Stream.fromSSEResponse(new Response(source), new AbortController()));
  },
  'handed on, with its failure': (p) => all(lines(p, sse(p, ['data: 1\n\nevent: error\ndata: {"message":"m"}\n\n']).toReadableStream())),
};
