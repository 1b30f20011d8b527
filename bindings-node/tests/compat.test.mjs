/** Programs written for the official package come to the same with ours in its place: `compat/*.mjs`, over both packages. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { world } from './compat/world.mjs';

const folder = new URL('compat/', import.meta.url);
const theirs = world('openai');
const ours = world('threadline');

for (const file of readdirSync(folder).filter((name) => name.endsWith('.mjs') && name !== 'world.mjs').sort()) {
  const { programs } = await import(new URL(file, folder));
  for (const [name, program] of Object.entries(programs)) {
    test(`${file.slice(0, -4)}: ${name}`, async () => {
      const before = { ...process.env };
      const run = async (package_) => {
        try {
          return await program(package_);
        } finally {
          for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
          Object.assign(process.env, before);
        }
      };
      const expected = await run(theirs);
      assert.notEqual(expected, undefined, 'the program says nothing');
      assert.deepEqual(await run(ours), expected);
    });
  }
}
