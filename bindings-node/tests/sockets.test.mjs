// The classes over WebSockets with listeners, against the package `ws` as the server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { ours } from './server.mjs';

const { OpenAI } = ours('index');

/** A server that does this with each connection, and a client of it. */
async function serve(t, talk) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const requests = [];
  let count = 0;
  server.on('connection', (socket, request) => {
    requests.push({ url: request.url, headers: request.headers });
    talk(socket, (count += 1));
  });
  const client = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${server.address().port}/v1` });
  return { client, requests };
}

const say = (socket, event) => socket.send(JSON.stringify(event));
/** Closes, and waits until the server has said the same. */
const finish = async (session) => {
  const closed = until(session.socket, 'close');
  session.close();
  await closed;
};

const until = (emitter, name) => new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

test('a realtime session tells of its events, sends and closes', async (t) => {
  const { OpenAIRealtimeWS } = ours('realtime/ws');
  const heard = [];
  let closed;
  const { client, requests } = await serve(t, (socket) => {
    socket.on('message', (text) => {
      heard.push(JSON.parse(text));
      say(socket, { type: 'response.done', response: { id: 'r' } });
    });
    closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve([code, String(reason)])));
    say(socket, { type: 'session.created', session: { id: 's' } });
  });
  const session = new OpenAIRealtimeWS({ model: 'gpt x', options: { headers: { 'x-own': '1' } } }, client);
  const types = [];
  session.on('event', (event) => types.push(event.type));
  session.on('error', (error) => assert.fail(error));
  assert.equal(session.socket.readyState, 0);
  assert.equal(session.url.searchParams.get('model'), 'gpt x');
  await until(session.socket, 'open');
  session.send({ type: 'response.create' });
  const [done] = await until(session, 'response.done');
  assert.equal(done.response.id, 'r');
  const ended = until(session.socket, 'close');
  session.close();
  const [code, reason] = await ended;
  assert.deepEqual([code, String(reason)], [1000, 'OK']);
  assert.deepEqual(await closed, [1000, 'OK']);
  assert.deepEqual(types, ['session.created', 'response.done']);
  assert.deepEqual(heard, [{ type: 'response.create' }]);
  assert.equal(requests[0].url, '/v1/realtime?model=gpt+x'.replace('+', '%20'));
  assert.equal(requests[0].headers.authorization, 'Bearer k');
  assert.equal(requests[0].headers['x-own'], '1');
});

test('errors of the server and of the connection are told to listeners', async (t) => {
  const { OpenAIRealtimeWebSocket } = ours('realtime/websocket');
  const { OpenAIRealtimeError } = ours('realtime/index');
  const { client } = await serve(t, (socket) => {
    say(socket, { type: 'error', event_id: 'e', error: { message: 'no', code: 'c', param: null, type: 't', event_id: 'x' } });
    socket.send('no JSON');
  });
  const session = new OpenAIRealtimeWebSocket({ model: 'm' }, client);
  const errors = [];
  session.on('error', (error) => errors.push(error));
  session.send({ type: 'response.create' });
  await new Promise((resolve) => session.socket.addEventListener('open', resolve, { once: true }));
  while (errors.length < 3) await until(session, 'error');
  assert.ok(errors.every((error) => error instanceof OpenAIRealtimeError));
  assert.deepEqual(errors.map((error) => error.message), [
    'could not send data',
    'no code=c param=null type=t event_id=x',
    'could not parse websocket event',
  ]);
  assert.equal(errors[1].event_id, 'e');
  await finish(session);
});

test('a refused handshake is an error and a close', async (t) => {
  const { OpenAIRealtimeWS } = ours('realtime/ws');
  const { createServer } = await import('node:http');
  const server = createServer().on('upgrade', (_, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const client = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${server.address().port}/v1` });
  const session = new OpenAIRealtimeWS({ model: 'm' }, client);
  const [error] = await until(session, 'error');
  assert.ok(error.cause instanceof OpenAI.AuthenticationError);
});

test('a session of a model is made anew when its connection is lost', async (t) => {
  const { OpenAIRealtimeWS } = ours('realtime/ws');
  const { client } = await serve(t, (socket, count) => {
    say(socket, { type: count === 1 ? 'session.created' : 'session.updated', session: {} });
    if (count === 1) socket.close(1012, 'restart');
  });
  const session = new OpenAIRealtimeWS({ model: 'm', reconnect: true, reconnectInitialDelay: 5, reconnectMaxDelay: 10 }, client);
  session.on('error', (error) => assert.fail(error));
  const told = [];
  session.on('reconnecting', (event) => told.push(event.closeCode));
  session.on('reconnected', () => told.push('again'));
  await until(session, 'session.updated');
  assert.deepEqual(told, [1012, 'again']);
  await finish(session);
});

test('responses over a connection: what is sent before it stands waits, and all can be iterated', async (t) => {
  const { ResponsesWS, WebSocketError } = ours('resources/responses/ws');
  const { client, requests } = await serve(t, (socket) => {
    socket.on('message', (text) => {
      say(socket, { type: 'response.created', response: { id: JSON.parse(text).model } });
      say(socket, { type: 'error', error: { message: 'bad' } });
      socket.send('plain');
    });
  });
  const socket = new ResponsesWS(client);
  const errors = [];
  socket.on('error', (error) => errors.push(error));
  const types = [];
  const records = socket.stream();
  socket.send({ type: 'response.create', model: 'm1' });
  for await (const record of records) {
    types.push(record.type);
    if (record.type === 'raw') socket.close();
  }
  assert.deepEqual(types, ['connecting', 'open', 'message', 'message', 'raw', 'closing', 'close']);
  assert.ok(errors[0] instanceof WebSocketError);
  assert.equal(errors[0].message, 'bad');
  assert.equal(requests[0].url, '/v1/responses');
});

test('what did not go out is told when the connection has ended', async (t) => {
  const { ResponsesWS } = ours('resources/responses/ws');
  const client = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:1/v1' });
  const socket = new ResponsesWS(client);
  socket.on('error', () => undefined);
  const event = { type: 'response.create', model: 'm' };
  socket.send(event);
  const [code, , unsent] = await until(socket, 'close');
  assert.equal(code, 1006);
  assert.deepEqual(unsent, [{ type: 'message', message: event }]);
});

test('other parameters for the next attempt come from the program', async (t) => {
  const { SidebandWS } = ours('resources/live/sideband/ws');
  const { client, requests } = await serve(t, (socket, count) => {
    if (count === 1) socket.close(1012, 'restart');
    else say(socket, { type: 'session.updated' });
  });
  const onReconnecting = ({ attempt, parameters }) => {
    assert.deepEqual([attempt, parameters], [1, { session_id: 's/1' }]);
    return { parameters: { ...parameters, again: 'yes' } };
  };
  const socket = new SidebandWS(client, { session_id: 's/1' }, { reconnect: { onReconnecting, initialDelay: 1, maxDelay: 2 } });
  socket.on('error', (error) => assert.fail(error));
  await until(socket, 'session.updated');
  assert.deepEqual(requests.map((request) => request.url), ['/v1/live/sessions/s%2F1/attach', '/v1/live/sessions/s%2F1/attach?again=yes']);
  await finish(socket);
});

test('speech that is translated is translated to its end', async (t) => {
  const { OpenAIRealtimeTranslationWS } = ours('realtime/translations/ws');
  const { client } = await serve(t, (socket) => {
    socket.on('message', (text) => {
      if (JSON.parse(text).type === 'session.close') {
        say(socket, { type: 'session.output_transcript.delta', delta: 'fin' });
        say(socket, { type: 'session.closed' });
      }
    });
  });
  const session = await OpenAIRealtimeTranslationWS.create(client, { model: 'm' });
  const types = [];
  session.on('event', (event) => types.push(event.type));
  await session.finish({ timeoutMs: 20_000 });
  assert.deepEqual(types, ['session.output_transcript.delta', 'session.closed']);
});
