/**
 * Programs written for the official package come to the same with ours in its place: `compat/*.mjs`, over both packages. Their clients have a
 * `fetch` of their own; those of replies run over the wire too, where our calls are the core's.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { world } from './compat/world.mjs';

const folder = new URL('compat/', import.meta.url);

/** Without what servers and attempts add: times, counts of headers that only the official package sends, causes in the platform's words. */
const plain = (value) =>
  JSON.parse(
    JSON.stringify(value, (key, inner) => {
      if (key === 'headers') return undefined;
      if (key === 'counts') return inner.length;
      return key === 'cause' ? Boolean(inner) : inner;
    }),
  );

async function run(program, package_) {
  const before = { ...process.env };
  try {
    return await program(package_);
  } finally {
    for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
    Object.assign(process.env, before);
  }
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.mjs') && name !== 'world.mjs').sort()) {
  const { programs } = await import(new URL(file, folder));
  const subject = file.slice(0, -4);
  for (const [name, program] of Object.entries(programs)) {
    test(`${subject}: ${name}`, async () => {
      const expected = await run(program, world('openai'));
      assert.notEqual(expected, undefined, 'the program says nothing');
      assert.deepEqual(await run(program, world('threadline')), expected);
    });
    if (subject !== 'replies' && subject !== 'agent-sessions') continue;
    test(`${subject}, over the wire: ${name}`, async () => {
      const expected = plain(await run(program, world('openai', true)));
      const ours = plain(await run(program, world('threadline', true)));
      assert.deepEqual(ours, expected);
    });
  }
}
