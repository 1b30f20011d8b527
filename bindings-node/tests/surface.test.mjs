// What the official package offers when it runs, and ours: modules, their values, resources, methods. What differs on purpose is
// in `official/exceptions.json`, with a reason.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder } from './official/names.mjs';

const require = createRequire(import.meta.url);
const theirs = folder('openai');
const ours = join(import.meta.dirname, '../dist');
const exceptions = JSON.parse(readFileSync(join(import.meta.dirname, 'official/exceptions.json'), 'utf8'));
/** Not for users of the official package. */
const HIDDEN = /^(_vendor|internal|lib|src)\//;

function modules(dir, prefix = '') {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return modules(join(dir, entry.name), `${prefix}${entry.name}/`);
    return entry.name.endsWith('.js') ? [prefix + entry.name.slice(0, -'.js'.length)] : [];
  });
}

/** A module's values; `undefined` where it needs a package that is not installed. */
function load(base, name) {
  try {
    return require(join(base, `${name}.js`));
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' && !String(error.message).split('\n')[0].includes(base)) return undefined;
    throw error;
  }
}

function compare(t, kind, found) {
  const listed = exceptions[kind] ?? {};
  for (const [name, why] of Object.entries(listed)) {
    assert.ok(why.trim(), `${name} has no reason`);
    if (!found.includes(name)) t.diagnostic(`${kind}: ${name} is listed, and no difference any more`);
  }
  assert.deepEqual(found.filter((name) => !(name in listed)), [], `${kind} that are missing`);
}

const names = modules(theirs).filter((name) => !HIDDEN.test(name)).sort();

test('every module of the official package is one of ours, with its values', (t) => {
  assert.ok(names.length > 200, `only ${names.length} modules were found`);
  const missing = [];
  for (const name of names) {
    if (!existsSync(join(ours, `${name}.js`))) {
      missing.push(name);
      continue;
    }
    const [official, own] = [load(theirs, name), load(ours, name)];
    for (const value of Object.keys(official ?? {})) {
      // A function that is deleted or wrapped is none; a name without a value is.
      if (own?.[value] === undefined) missing.push(`${name}:${value}`);
    }
  }
  compare(t, 'modules', missing);
});

/** Resources of a client by path, children before methods. */
function tree(client, path = '', found = new Map()) {
  for (const name of new Set([...Object.keys(client), ...Object.keys(Object.getPrototypeOf(client))])) {
    if (name.startsWith('_') || typeof client[name] !== 'object' || client[name] === null) continue;
    const child = client[name];
    if (!('_client' in child)) continue;
    const at = path ? `${path}.${name}` : name;
    found.set(at, child);
    tree(child, at, found);
  }
  return found;
}

const methods = (resource) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(resource)).filter((name) => {
    const { value } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(resource), name);
    return name !== 'constructor' && typeof value === 'function';
  });

test('every resource and method of the official client is one of ours', (t) => {
  const Official = require(join(theirs, 'index.js')).OpenAI;
  const { OpenAI } = require(join(ours, 'index.js'));
  const [official, own] = [Official, OpenAI].map((Class) => tree(new Class({ apiKey: 'k' })));
  assert.ok(official.size > 100, `only ${official.size} resources were found`);
  const missing = [];
  let count = 0;
  for (const [path, resource] of official) {
    const found = own.get(path);
    if (!found) {
      missing.push(path);
      continue;
    }
    assert.equal(found.constructor.name, resource.constructor.name);
    for (const name of methods(resource)) {
      count += 1;
      if (typeof found[name] !== 'function') missing.push(`${path}.${name}`);
    }
    for (const name of Object.keys(resource.constructor)) {
      if (!(name in found.constructor)) missing.push(`${path}: static ${name}`);
    }
  }
  assert.ok(count > 400, `only ${count} methods were found`);
  compare(t, 'methods', missing);
});

test('the classes of resources are the same, however they are reached', () => {
  const { OpenAI } = require(join(ours, 'index.js'));
  const client = new OpenAI({ apiKey: 'k' });
  const { Runs } = require(join(ours, 'resources/beta/threads/runs/runs.js'));
  assert.ok(client.beta.threads.runs instanceof Runs);
  assert.equal(require(join(ours, 'resources/beta/threads/index.js')).Runs, Runs);
  assert.equal(OpenAI.Beta.Threads.Runs, Runs);
  assert.equal(client.beta.threads.runs, client.beta.threads.runs);
});

test('a child can be replaced, for one client only', () => {
  const { OpenAI } = require(join(ours, 'index.js'));
  const [one, other] = [new OpenAI({ apiKey: 'k' }), new OpenAI({ apiKey: 'k' })];
  const fake = { completions: { create: () => 'fake' } };
  one.chat = fake;
  assert.equal(one.chat.completions.create(), 'fake');
  assert.equal(typeof other.chat.completions.create, 'function');
  assert.notEqual(other.chat, fake);
});
