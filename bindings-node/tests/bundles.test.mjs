/** Programs in one file: bundlers put the package into it, and the native module is found where the bundle runs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { build } from 'esbuild';

const dist = join(import.meta.dirname, '../dist');
const folder = mkdtempSync(join(tmpdir(), 'threadline-bundle-'));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'node_modules'));

const PROGRAM = `
import { createServer } from 'node:http';
import OpenAI, { APIError, toFile } from 'threadline';
import { zodResponseFormat } from 'threadline/helpers/zod';
const server = createServer((request, response) => {
  response.writeHead(request.url === '/models' ? 404 : 200, { 'content-type': 'application/json', connection: 'close' });
  request.resume().on('end', () => response.end(request.url === '/models' ? '{"error":{"message":"none"}}' : '{"id":"1"}'));
}).listen(0, async () => {
  const client = new OpenAI({ apiKey: 'k', maxRetries: 0, baseURL: 'http://127.0.0.1:' + server.address().port });
  const found = [(await client.models.retrieve('m')).id, (await client.files.create({ file: await toFile(Buffer.from('x'), 'a'), purpose: 'batch' })).id];
  const error = await client.models.list().then(() => undefined, (error) => error);
  console.log(JSON.stringify([...found, error instanceof APIError, error.constructor.name, OpenAI.name, typeof zodResponseFormat]));
  server.close();
});
`;

async function bundle(format, options = {}) {
  const outfile = join(folder, `${format}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  await build({
    stdin: { contents: PROGRAM, resolveDir: folder }, bundle: true, platform: 'node', format, outfile, logLevel: 'silent',
    alias: { threadline: dist }, ...options,
  });
  return outfile;
}

const run = (file, cwd = folder) => JSON.parse(execFileSync(process.execPath, [file], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
const EXPECTED = ['1', '1', true, 'NotFoundError', 'OpenAI', 'function'];
const module = readdirSync(dist).find((name) => name.endsWith('.node'));

/** A folder of this bundle alone, with the native module where the function puts it. */
function alone(file, place) {
  const home = mkdtempSync(join(folder, 'alone-'));
  const copy = join(home, file.split('/').pop());
  copyFileSync(file, copy);
  place(home);
  return copy;
}

for (const format of ['cjs', 'esm']) {
  test(`${format}: the native module in a folder of packages above the bundle, under either name`, async () => {
    const file = await bundle(format);
    for (const name of ['threadline', 'openai']) {
      const copy = alone(file, (home) => {
        mkdirSync(join(home, 'node_modules'));
        symlinkSync(dist, join(home, 'node_modules', name));
      });
      assert.deepEqual(run(copy, tmpdir()), EXPECTED);
    }
  });

  test(`${format}: the native module beside the bundle`, async () => {
    const copy = alone(await bundle(format), (home) => {
      try {
        linkSync(join(dist, module), join(home, module));
      } catch {
        // The temporary folder may be on another disk.
        copyFileSync(join(dist, module), join(home, module));
      }
    });
    assert.deepEqual(run(copy, tmpdir()), EXPECTED);
  });

  test(`${format}: a bundle without the native module says what it lacks`, async () => {
    const copy = alone(await bundle(format), () => undefined);
    assert.throws(() => run(copy, tmpdir()), (error) => {
      assert.match(error.stderr, /native module of threadline for .* is not installed/);
      assert.ok(error.stderr.includes(`the file \`${module}\` beside it`));
      return true;
    });
  });
}

test('with short names', async () => {
  const file = await bundle('cjs', { minify: true });
  const copy = alone(file, (home) => {
    mkdirSync(join(home, 'node_modules'));
    symlinkSync(dist, join(home, 'node_modules', 'threadline'));
  });
  assert.deepEqual(run(copy, tmpdir()), EXPECTED);
});
