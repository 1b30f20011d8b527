/** Iterators over the events of streams: what is kept for those who do not read, and how failures and signals reach them. */
import { outcome } from './world.mjs';

function make({ load }) {
  const { EventStream } = load('lib/EventStream');
  return new (class extends EventStream {
    tell(...args) {
      this._emit('told', ...args);
    }
    fail(error) {
      this._emit('error', error);
    }
    run(work) {
      this._run(work);
    }
    heed(signal) {
      this._listenForAbort(signal);
    }
    stop() {
      this._emit('end');
    }
  })();
}

/** Emits until the stream gives up; how many there were, how it ended, and how many can be read. */
async function flood(world, value, most) {
  const stream = make(world);
  const iterator = stream.events('told');
  let sent = 0;
  while (!stream.ended && sent < most) {
    sent += 1;
    stream.tell(value(sent));
  }
  const state = { sent, ended: stream.ended, errored: stream.errored, aborted: stream.controller.signal.aborted };
  stream.stop();
  let read = 0;
  const end = await outcome(async () => {
    for await (const _ of iterator) read += 1;
  });
  return { ...state, read, end };
}

export const programs = {
  'more events than are kept': (world) => flood(world, (at) => at, 5000),
  'as many events as are kept': (world) => flood(world, (at) => at, 4096),
  'more bytes than are kept': (world) => flood(world, () => ({ text: 'x'.repeat(5 * 1024 * 1024) }), 3),
  async 'one value in many events'(world) {
    const value = { text: 'x'.repeat(1024 * 1024) };
    return flood(world, () => value, 100);
  },
  'values that nobody can measure': async (world) => {
    const results = [];
    for (const make of [() => () => 1, () => Promise.resolve(1), () => new WeakMap(), () => /x/, () => ({ get x() { throw new Error('called'); } })]) {
      results.push(await flood(world, make, 1));
    }
    return results;
  },
  async 'a listener that throws when the stream fails'(world) {
    const stream = make(world);
    stream.on('error', () => {
      throw new Error('listener');
    });
    const next = outcome(() => stream.events('told').next());
    const thrown = await outcome(async () => stream.fail(new world.main.OpenAIError('stream')));
    return { thrown, done: await outcome(() => stream.done()), next: await next };
  },
  async 'the reason of a signal'(world) {
    const stream = make(world);
    const caller = new AbortController();
    stream.heed(caller.signal);
    caller.abort(new Error('why'));
    stream.run(async () => {
      throw new world.main.APIUserAbortError();
    });
    const end = await outcome(() => stream.done());
    return { reason: stream.controller.signal.reason.message, end, aborted: stream.aborted };
  },
  async 'a failure after an abort'(world) {
    const stream = make(world);
    stream.abort();
    stream.run(() => {
      throw new Error('at once');
    });
    return { end: await outcome(() => stream.done()), aborted: stream.aborted };
  },
};
