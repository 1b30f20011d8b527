/** `threadline/testing` and the command. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import OpenAI from '../dist/index.mjs';
import { MockServer } from '../dist/testing.mjs';

const MESSAGES = [{ role: 'user', content: 'hi' }];
const CHUNK = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'a' } }] };
const CLI = fileURLToPath(new URL('../dist/bin/cli.js', import.meta.url));

/** A server, and a folder, for the time of one test. */
async function started(t) {
  const mock = await new MockServer().start();
  t.after(() => mock.stop());
  return mock;
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'threadline-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('without a script it answers from the description', async (t) => {
  const mock = await started(t);
  const client = mock.client();
  const reply = await client.chat.completions.create({ model: 'm', messages: MESSAGES });
  assert.equal(reply.model, 'm');
  assert.ok(reply.choices.length > 0);
  let count = 0;
  for await (const _ of client.models.list()) count += 1;
  assert.ok(count > 0);
  const [chat, models] = await mock.requests();
  assert.deepEqual([chat.method, chat.path, chat.operation], ['POST', '/v1/chat/completions', 'chat.completions.create']);
  assert.deepEqual(chat.json.messages, MESSAGES);
  assert.equal(chat.headers.authorization, 'Bearer test-key');
  assert.equal(models.json, undefined);
  await mock.assertValid();
});

test('a request that breaks the description is told', async (t) => {
  const mock = await started(t);
  const wrong = { model: 'm', messages: [{ role: 'nobody', content: 'hi' }] };
  await assert.rejects(mock.client().chat.completions.create(wrong), OpenAI.BadRequestError);
  await assert.rejects(mock.assertValid(), /messages/);
});

test('replies and faults are scripted', async (t) => {
  const mock = await started(t);
  await mock.reply({ status: 429, headers: { 'retry-after': '0' }, json: { error: { message: 'slow' } } });
  await mock.reply({ end: 'reset', nothing: true }, { for: 'GET /models', json: { object: 'list', data: [] } });
  assert.deepEqual((await mock.client().models.list()).data, []);
  assert.equal((await mock.requests()).length, 3);
  await assert.rejects(mock.reply({ colour: 'red' }), /colour/);
  await mock.reset();
  assert.deepEqual(await mock.requests(), []);
});

test('streams that hang, and who closes a connection', async (t) => {
  const mock = await started(t);
  await mock.reply({ sse: [CHUNK, CHUNK], end: 'hold', last_chunk: false });
  const stream = await mock.client().chat.completions.create({ model: 'm', messages: MESSAGES, stream: true });
  for await (const _ of stream) break;
  const [connection] = await mock.waitUntilClosed();
  assert.equal(connection.closed_by, 'client');
  assert.equal((await mock.waitForRequests(1)).length, 1);
  await assert.rejects(mock.waitForRequests(2, 50), /2 requests/);
});

test('form data is seen in parts', async (t) => {
  const mock = await started(t);
  await mock.client().files.create({ file: new File(['hello'], 'a.txt'), purpose: 'assistants' });
  const parts = Object.fromEntries((await mock.requests())[0].parts.map((part) => [part.name, part]));
  assert.deepEqual([parts.file.filename, parts.file.text, parts.purpose.text], ['a.txt', 'hello', 'assistants']);
});

test('TLS is spoken on the same port', async (t) => {
  const mock = await started(t);
  const caFile = join(folder(t), 'ca.pem');
  writeFileSync(caFile, await mock.tls({ certificate: 'good' }));
  const baseURL = mock.url.replace('http', 'https');
  assert.ok((await mock.client({ baseURL, network: { caFile } }).models.list()).data.length > 0);
  await mock.tls({ certificate: 'expired' });
  await assert.rejects(mock.client({ baseURL, network: { caFile }, maxRetries: 0 }).models.list(), OpenAI.APIConnectionError);
});

test('it ends when it is stopped, or disposed of', async () => {
  const mock = await new MockServer().start();
  const { url, origin } = mock;
  await assert.rejects(new MockServer({ port: Number(new URL(origin).port) }).start(), /cannot listen/);
  await mock[Symbol.asyncDispose]();
  assert.throws(() => mock.url, /does not run/);
  await assert.rejects(new OpenAI({ baseURL: url, apiKey: 'k', maxRetries: 0, network: { systemProxy: false } }).models.list(), OpenAI.APIConnectionError);
});

test('worker threads have servers and clients of their own', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { MockServer } = require(workerData);
    (async () => {
      const mock = await new MockServer().start();
      parentPort.postMessage((await mock.client().models.list()).data.length);
      await mock.stop();
    })();`;
  const counts = await Promise.all([1, 2].map(() => new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: fileURLToPath(new URL('../dist/testing.js', import.meta.url)) });
    worker.once('message', resolve);
    worker.once('error', reject);
  })));
  assert.ok(counts.every((count) => count > 0));
});

/** Runs the command; what it wrote, and its status. */
function run(args, env = {}, input) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } });
  const out = [];
  const told = [];
  child.stdout.on('data', (piece) => out.push(piece));
  child.stderr.on('data', (piece) => told.push(piece));
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, bytes: Buffer.concat(out), text: Buffer.concat(out).toString(), told: Buffer.concat(told).toString() })));
}

test('the command makes a call and prints what comes', async (t) => {
  const mock = await started(t);
  const env = mock.environment();
  const one = await run(['api', 'models', 'retrieve', '--arg', 'model=m'], env);
  assert.deepEqual([one.status, JSON.parse(one.text).object, one.told], [0, 'model', '']);
  const list = await run(['api', 'files', 'list', '--limit', '3'], env);
  assert.equal(list.text.trim().split('\n').map((line) => JSON.parse(line)).length, 3);
  const chat = ['--arg', 'model=m', '--arg', `messages=${JSON.stringify(MESSAGES)}`];
  const events = await run(['api', 'chat.completions', 'create', ...chat, '--arg', 'stream=true', '--limit', '2'], env);
  assert.deepEqual(events.text.trim().split('\n').map((line) => JSON.parse(line).object), ['chat.completion.chunk', 'chat.completion.chunk']);
  const deep = await run(['api', 'beta.threads.runs', 'retrieve', '--arg', 'run_id=r', '--arg', 'thread_id=t'], env);
  assert.equal(deep.status, 0, deep.told);
  assert.equal((await mock.requests()).at(-1).path, '/v1/threads/t/runs/r');
});

test('the command sends files and text, and writes bytes', async (t) => {
  const mock = await started(t);
  const env = mock.environment();
  const source = join(folder(t), 'a.txt');
  writeFileSync(source, 'hello');
  const sent = await run(['api', 'files', 'create', '--arg', `file=@${source}`, '--arg', 'purpose=assistants'], env);
  assert.equal(sent.status, 0, sent.told);
  assert.equal((await mock.requests())[0].parts.find(({ name }) => name === 'file').text, 'hello');
  await run(['api', 'responses', 'create', '--arg', 'model=m', '--arg', 'input=@-'], env, 'from outside');
  assert.equal((await mock.requests())[1].json.input, 'from outside');
  await mock.reply({ base64: 'AAEC', times: 2 });
  assert.deepEqual([...(await run(['api', 'files', 'content', '--arg', 'file_id=f'], env)).bytes], [0, 1, 2]);
  const target = `${source}.bin`;
  await run(['api', 'files', 'content', '--arg', 'file_id=f', '--output', target], env);
  assert.deepEqual([...readFileSync(target)], [0, 1, 2]);
});

test('what is wrong with a command is told with what is there', async (t) => {
  const mock = await started(t);
  const cases = [
    [['modles', 'list'], ['modles', 'models']], [['chat.completions', 'make'], ['make', 'create']], [['models', 'retrieve', '--arg', 'model'], ['NAME=VALUE']],
    [['models', 'retrieve', '--arg', 'colour=red'], ['model']], [['models', 'delete', '--arg', 'model=m', '--arg', 'colour=red'], ['colour']], [['models', 'list', '--colour', 'x'], ['colour', 'arg']],
    [['files', 'create', '--arg', 'file=@/none'], ['/none']],
  ];
  for (const [args, words] of cases) {
    const { status, told } = await run(['api', ...args], mock.environment());
    assert.equal(status, 2, told);
    for (const word of words) assert.ok(told.includes(word), told);
  }
  await mock.reply({ status: 404, json: { error: { message: 'no such model' } } });
  const failed = await run(['api', 'models', 'retrieve', '--arg', 'model=m'], mock.environment());
  assert.deepEqual([failed.status, failed.told.includes('no such model')], [1, true]);
  assert.equal((await run(['dance'])).status, 2);
});

test('assistants are kept in the process of the command', async (t) => {
  const mock = await started(t);
  const store = ['--assistants', `sqlite:${join(folder(t), 'a.db')}`];
  const made = JSON.parse((await run(['api', 'beta.assistants', 'create', '--arg', 'model=m', ...store], mock.environment())).text);
  const again = await run(['api', 'beta.assistants', 'retrieve', '--arg', `assistant_id=${made.id}`, ...store], mock.environment());
  assert.deepEqual(JSON.parse(again.text), made);
  assert.deepEqual(await mock.requests(), []);
});

/** Starts the command; the last word of its first line. */
function serving(t, args, env = {}) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const url = new Promise((resolve) => child.stdout.once('data', (line) => resolve(String(line).trim().split(/\s+/).pop())));
  const status = new Promise((resolve) => child.once('close', resolve));
  return { child, url, status };
}

test('the mock server runs until it is interrupted', async (t) => {
  const { child, url, status } = serving(t, ['mock']);
  const client = new OpenAI({ baseURL: await url, apiKey: 'k', network: { systemProxy: false } });
  assert.ok((await client.models.list()).data.length > 0);
  child.kill('SIGINT');
  assert.equal(await status, 130);
});

test('the engine is served', async (t) => {
  const args = ['serve', '--listen', '127.0.0.1:0', '--store', `sqlite:${join(folder(t), 'a.db')}`];
  const { child, url, status } = serving(t, args, { RUST_LOG: 'warn' });
  const client = new OpenAI({ baseURL: await url, apiKey: 'k', network: { systemProxy: false } });
  const made = await client.beta.assistants.create({ model: 'm' });
  assert.deepEqual(await client.beta.assistants.retrieve(made.id), made);
  child.kill('SIGTERM');
  assert.equal(await status, 0);
  const wrong = await run(['serve', '--colour']);
  assert.deepEqual([wrong.status, wrong.told.includes('threadline serve')], [2, true]);
});
