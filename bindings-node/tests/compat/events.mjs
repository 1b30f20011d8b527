/** Streams with events: over clients of one's own, handed on, iterated; and what is let go of at the end. */
import { CHAT, client, COMPLETION, json, outcome, recorder, sse } from './world.mjs';

const chunk = (delta, finish_reason = null, more = {}) => ({
  id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason, ...more }],
});

/** A client that gives these chunks. */
const giving = (chunks) => ({
  chat: { completions: { create: async () => ({ controller: new AbortController(), async *[Symbol.asyncIterator]() { yield* chunks; } }) } },
});

/** The signals that a stretch of work listens to, and those it let go of. */
function watched() {
  const { signal } = new AbortController();
  const open = new Set();
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  signal.addEventListener = (type, listener, ...rest) => (open.add(listener), addEventListener.call(signal, type, listener, ...rest));
  signal.removeEventListener = (type, listener, ...rest) => (open.delete(listener), removeEventListener.call(signal, type, listener, ...rest));
  return { signal, open };
}

export const programs = {
  'headers of the environment give way to those of the program': async (p) => {
    process.env.OPENAI_CUSTOM_HEADERS = 'X-Env: env\nX-Both: env';
    const found = [];
    for (const defaultHeaders of [{ 'x-both': 'own' }, new Headers({ 'X-Both': 'own' }), [['X-BOTH', 'own']], { 'x-both': null }]) {
      const { req } = await new p.OpenAI({ apiKey: 'k', defaultHeaders }).buildRequest({ path: '/x', method: 'get' });
      found.push([req.headers.get('x-env'), req.headers.get('x-both')]);
    }
    return found;
  },
  'a signal is let go of once the reply has been read': async (p) => {
    const { fetch } = recorder(() => json(COMPLETION));
    const { signal, open } = watched();
    await client(p, fetch).chat.completions.create(CHAT, { signal });
    return open.size;
  },
  'no File to make files of': async (p) => {
    const { File } = globalThis;
    try {
      delete globalThis.File;
      const { error } = await outcome(() => p.load('uploads').toFile(Buffer.from('x'), 'x'));
      return error.message.includes('`File` is not defined as a global');
    } finally {
      globalThis.File = File;
    }
  },
  'a stream in which the model says nothing': async (p) => {
    const { ChatCompletionStream } = p.load('lib/ChatCompletionStream');
    const stream = ChatCompletionStream.createChatCompletion(giving([chunk({ role: 'user', content: 'x' }, 'stop')]), CHAT);
    const told = [];
    for (const name of ['chatCompletion', 'finalChatCompletion', 'finalMessage', 'error', 'end']) stream.on(name, () => told.push(name));
    return [await outcome(() => stream.done()).then(({ error }) => error.message), told, stream.errored];
  },
  'chunks of filters, and of sound that ends without a reason': async (p) => {
    const { ChatCompletionStreamingRunner } = p.load('lib/ChatCompletionStreamingRunner');
    const { Stream } = p.load('streaming');
    const filter = { id: '', object: '', created: 0, model: '', choices: [{ index: 0, finish_reason: null, content_filter_results: {} }] };
    const sound = (audio) => chunk({ audio });
    const found = [];
    for (const chunks of [
      [chunk({ role: 'assistant', content: 'hello' }), chunk({}, 'stop'), filter],
      [chunk({ role: 'assistant', content: null }), sound({ id: 'a', data: 'abc', transcript: 'x' }), sound({ expires_at: 2 })],
      [chunk({ role: 'assistant', content: null }), sound({ id: 'a', data: 'abc' }), sound({ expires_at: 2 }), sound({ data: 'def' })],
    ]) {
      const readable = new Stream(async function* () { yield* chunks; }, new AbortController()).toReadableStream();
      const runner = ChatCompletionStreamingRunner.fromReadableStream(readable);
      const end = await outcome(() => runner.finalChatCompletion());
      found.push(end.error ? end.error.message : [runner.allChatCompletions().length, end.value?.id, end.value?.choices[0].finish_reason, end.value?.choices[0].message.content, end.value?.choices[0].message.audio]);
    }
    return found;
  },
  'a run with tools is handed on with their answers': async (p) => {
    const { ChatCompletionStreamingRunner } = p.load('lib/ChatCompletionStreamingRunner');
    const asks = { tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }] };
    const answers = [() => sse([chunk({ role: 'assistant', ...asks }, 'tool_calls'), 'data: [DONE]\n\n']), () => sse([{ ...chunk({ role: 'assistant', content: 'done' }, 'stop'), id: 'c2' }, 'data: [DONE]\n\n'])];
    const tools = [{ type: 'function', function: { name: 'add', parse: JSON.parse, parameters: {}, function: ({ a }) => `is ${a}` } }];
    const found = [];
    for (const more of [{}, { tool_choice: { type: 'function', function: { name: 'add' } } }]) {
      const { fetch } = recorder(...answers);
      const handed = client(p, fetch).chat.completions.runTools({ ...CHAT, stream: true, tools, ...more }).toReadableStream();
      const [text, again] = handed.tee();
      const runner = ChatCompletionStreamingRunner.fromReadableStream(again);
      const told = [];
      runner.on('message', ({ role, content }) => told.push([role, content])).on('functionToolCallResult', (result) => told.push(result));
      const end = await outcome(() => runner.done());
      const lines = (await new Response(text).text()).trim().split('\n').map((line) => JSON.parse(line));
      found.push([end.error?.message, told, runner.allChatCompletions().length, lines.map(({ choices, object }) => [choices.length, object])]);
    }
    return found;
  },
  'events that are awaited and iterated': async (p) => {
    const { EventStream } = p.load('lib/EventStream');
    const { APIUserAbortError, OpenAIError } = p.main;
    const found = [];
    for (const [name, error] of [['error', new OpenAIError('o')], ['abort', new APIUserAbortError()]]) {
      for (const event of ['foo', name]) {
        const stream = new EventStream();
        const iterator = stream.events(event);
        stream._emit('foo', 'first', 1);
        stream._emit(name, error);
        for (let at = 0; at < 3; at += 1) found.push(await iterator.next().then(({ value, done }) => [value?.length, done], ({ message }) => message));
      }
    }
    for (const way of ['event', 'error', 'return']) {
      const stream = new EventStream();
      const off = [];
      const remove = stream.off.bind(stream);
      stream.off = (event, listener) => (off.push(event), remove(event, listener));
      if (way === 'return') await stream.events('foo').return();
      else {
        const awaited = outcome(() => stream.emitted('foo'));
        stream._emit(way === 'event' ? 'foo' : 'error', new OpenAIError('x'));
        await awaited;
      }
      found.push([...new Set(off)].sort());
    }
    return found;
  },
  'an emitter of its owner': async (p) => {
    const { EventEmitter, InternalEventEmitter } = p.load('core/EventEmitter');
    const emitter = new InternalEventEmitter();
    const found = [emitter instanceof EventEmitter];
    const note = (...args) => found.push(args);
    emitter.on('a', note).once('a', note);
    emitter._emit('a', 1, 2);
    emitter._emit('a');
    emitter.off('a', note)._emit('a', 3);
    for (const [name, ...args] of [['b'], ['b', 1], ['b', 1, 2], ['error', new Error('no')]]) {
      const waiting = outcome(() => emitter.emitted('b'));
      emitter._emit(name, ...args);
      const { value, error } = await waiting;
      found.push(value ?? null, error?.message ?? null, emitter._hasListener('b'), emitter._hasListener('error'));
    }
    const failure = emitter.emitted('error');
    emitter._emit('error', new Error('told'));
    found.push((await failure).message);
    return found;
  },
};
