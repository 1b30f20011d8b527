/**
 * Every method over the mock server, as programs of the official package call it: the value, the reply and both at once come to the same
 * over both packages, another path is heeded, and what is sent is equal.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { MockServer } from '../dist/testing.mjs';

const require = createRequire(import.meta.url);
const PACKAGES = { openai: require('openai').OpenAI, threadline: require('../dist/index.js').OpenAI };
const CASES = new URL('../../tests/conformance/cases/generated/', import.meta.url);
const { methods } = JSON.parse(readFileSync(new URL('generated/methods.json', import.meta.url)));

/** Methods that the official package does not have under these names. */
const OURS = new Set(['evals.runs.cancel_legacy', 'files.retrieve_content']);
/** Where ours does something else, and why. */
const HEADER = 'the official package leaves an argument of a header in the body';
const DIFFERENT = {
  'beta.agents.environments.create/fullest': HEADER,
  'beta.agents.sessions.events.create/fullest': HEADER,
  'realtime.calls.create/smallest': 'the official package sends the bare offer where there is no session',
};

/** The smallest case of each method, and the fullest. */
const found = new Map();
for (const file of readdirSync(CASES)) {
  for (const { name, call } of JSON.parse(readFileSync(new URL(file, CASES))).cases) {
    if (!/\/(?:smallest|fullest)$/.test(name) || call.client || call.options) continue;
    const id = `${call.resource}.${call.method}`;
    if (id in methods) found.set(name, [id, call]);
  }
}

let mock;
/** The platform's own kind of connections, none of which is used twice: a reset closes them, and who uses one in that moment is refused. */
let once;
before(async () => {
  mock = await new MockServer().start();
  await fetch(`${mock.origin}/v1/models`);
  const { constructor: Agent } = globalThis[Symbol.for('undici.globalDispatcher.1')];
  once = { openai: { dispatcher: new Agent({ pipelining: 0 }) }, threadline: undefined };
  await mock.reset();
});
after(() => mock.stop());

/** Arguments as JavaScript gives them: files are made of what the case says. */
function given(value) {
  if (Array.isArray(value)) return value.map(given);
  if (value === null || typeof value !== 'object') return value;
  if ('$file' in value) {
    const { text, base64, filename = 'file', content_type: type } = value.$file;
    return new File([base64 === undefined ? (text ?? 'content') : Buffer.from(base64, 'base64')], filename, { type });
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, given(inner)]));
}

function method(client, { node }) {
  const names = node.split('.');
  const last = names.pop();
  const owner = names.reduce((owner, name) => owner?.[name], client);
  return typeof owner?.[last] === 'function' ? owner[last].bind(owner) : undefined;
}

/** What a value is in plain data, as far as it can be read. */
async function plain(value) {
  if (value instanceof Response) return { bytes: (await value.arrayBuffer()).byteLength };
  if (value && typeof value === 'object' && Symbol.asyncIterator in value && 'controller' in value) {
    const events = [];
    for await (const event of value) events.push(event);
    return events;
  }
  // Pages have their client on them.
  if (typeof value?.getPaginatedItems === 'function') return { page: value.constructor.name, items: value.getPaginatedItems() };
  return value;
}

async function told(work) {
  try {
    return { value: await plain(await work()) };
  } catch (error) {
    return { error: error.constructor.name, message: error.message };
  }
}

/** A value without what the server makes of the form's boundary, which is another one each time. */
const shape = (value) => (value === null || typeof value !== 'object' || Array.isArray(value) ? typeof value : Object.keys(value).filter((key) => ['id', 'object', 'data', 'name', 'bytes'].includes(key)));

/** What the server was asked, without what only one of the packages sends. */
async function asked() {
  const seen = await mock.requests();
  await mock.reset();
  return seen.map(({ method, path, query, json, headers }) => ({ method, path, query, json, beta: headers['openai-beta'], key: headers.authorization }));
}

/** What one method comes to in a package. */
async function tried(name, entry, args) {
  const client = new PACKAGES[name]({ apiKey: 'key', adminAPIKey: 'admin', baseURL: mock.baseURL, maxRetries: 0, fetchOptions: once[name] });
  const call = method(client, entry);
  if (!call) return undefined;
  const rest = given(args);
  const path = entry.path.map((argument) => {
    const value = rest[argument];
    delete rest[argument];
    return value;
  });
  const params = entry.params ? [rest] : [];
  const faces = await told(async () => {
    const promise = call(...path, ...params);
    const raw = await promise.asResponse();
    const value = await promise;
    const { data, response, request_id } = await promise.withResponse();
    const { status } = raw;
    return { isResponse: raw instanceof Response, same: data === value, reply: response === raw, status, id: typeof request_id, value: await plain(value) };
  });
  const simple = await told(() => call(...path, ...params));
  const elsewhere = await told(() => call(...path, ...params, { path: '/_unknown_path' }));
  return { faces, simple, elsewhere: elsewhere.error, asked: await asked() };
}

for (const [name, [id, call]] of found) {
  test(name, async () => {
    const theirs = await tried('openai', methods[id], call.args ?? {});
    assert.equal(theirs === undefined, OURS.has(id), 'whether the official package has it');
    const ours = await tried('threadline', methods[id], call.args ?? {});
    if (theirs === undefined || name in DIFFERENT) {
      assert.equal(ours.simple.error, undefined);
      if (theirs) assert.notDeepEqual(ours, theirs, DIFFERENT[name]);
      return;
    }
    if (JSON.stringify(call.args ?? {}).includes('"$file"')) {
      for (const one of [ours, theirs]) {
        one.simple.value = shape(one.simple.value);
        if (one.faces.value) one.faces.value.value = shape(one.faces.value.value);
      }
    }
    assert.deepEqual(ours, theirs);
  });
}
