/** The package as users get it: its tarball, installed into an empty project. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MockServer } from '../dist/testing.mjs';
import { examples, PAGES } from './examples.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
let home;
let installed;
let mock;

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'threadline-packed-'));
  mock = await new MockServer().start();
  // As `scripts/pack.mjs` packs it.
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', home], { cwd: join(root, 'dist') });
  const tarball = join(home, stdout.trim().split('\n').pop());
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'empty', private: true }));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', tarball], { cwd: home });
  installed = join(home, 'node_modules', 'threadline');
});

after(async () => {
  await mock?.stop();
  if (home) rmSync(home, { recursive: true, force: true });
});

const environment = () => ({ ...process.env, ...mock.environment() });
const CALL = `const client = new OpenAI();
const list = await client.models.list();
console.log(list.data.length > 0, new OpenAI.APIError(400, undefined, 'x', new Headers()) instanceof OpenAI.OpenAIError);`;

async function printed(name, code) {
  const path = join(home, name);
  writeFileSync(path, code);
  const { stdout } = await run(process.execPath, [path], { cwd: home, env: environment() });
  return stdout.trim();
}

test('it brings nothing else along, and its command', async () => {
  const names = readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'));
  assert.deepEqual(names, ['threadline']);
  const { stdout } = await run(join(home, 'node_modules', '.bin', 'threadline'), ['--version']);
  assert.match(stdout, /^threadline \d/);
});

test('it runs as ESM', async () => {
  assert.equal(await printed('esm.mjs', `import OpenAI, { toFile } from 'threadline';\nimport { zodResponseFormat } from 'threadline/helpers/zod';\nimport { Stream } from 'threadline/streaming';\nvoid [toFile, zodResponseFormat, Stream];\n${CALL}`), 'true true');
});

test('it runs as CommonJS', async () => {
  const code = `const OpenAI = require('threadline');\nconst { AzureOpenAI } = require('threadline/azure');\nif (!(AzureOpenAI.prototype instanceof OpenAI.OpenAI)) throw new Error('no subclass');\n(async () => {\n${CALL.replaceAll('OpenAI', 'OpenAI.OpenAI').replaceAll('OpenAI.OpenAI.OpenAIError', 'OpenAI.OpenAI.OpenAIError')}\n})();`;
  assert.equal(await printed('cjs.cjs', code), 'true true');
});

test('both are one program', async () => {
  const code = `import { createRequire } from 'node:module';\nimport OpenAI from 'threadline';\nconst cjs = createRequire(import.meta.url)('threadline');\nconsole.log(cjs.OpenAI === OpenAI, cjs.default === OpenAI);`;
  assert.equal(await printed('one.mjs', code), 'true true');
});

for (const [resolution, module] of [['NodeNext', 'NodeNext'], ['Bundler', 'ESNext']]) {
  test(`a program compiles under strict with ${resolution}, and runs`, async () => {
    const folder = join(home, `ts-${resolution}`);
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'));
    symlinkSync(join(root, 'node_modules', 'undici-types'), join(folder, 'node_modules', 'undici-types'));
    symlinkSync(installed, join(folder, 'node_modules', 'threadline'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(folder, 'main.ts'),
      `import OpenAI, { toFile, type ClientOptions } from 'threadline';
import { MockServer } from 'threadline/testing';
import type { ChatCompletion } from 'threadline/resources/chat/completions';
import { CursorPage } from 'threadline/pagination';
const options: ClientOptions = { maxRetries: 1 };
const client = new OpenAI(options);
const params: OpenAI.Chat.ChatCompletionCreateParamsNonStreaming = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const completion: ChatCompletion = await client.chat.completions.create(params);
const text: string | null | undefined = completion.choices[0]?.message.content;
const run: OpenAI.Beta.Threads.Run | undefined = undefined;
// @ts-expect-error: models have names
await client.chat.completions.create({ messages: [] }).catch(() => undefined);
console.log(typeof text, run, typeof toFile, typeof MockServer, typeof CursorPage);
`,
    );
    const options = { strict: true, module, moduleResolution: resolution, target: 'es2022', outDir: 'out', types: ['node'], skipLibCheck: false, noEmit: false };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['main.ts'] }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [compiler, '-p', folder], { cwd: folder }).catch((error) => assert.fail(error.stdout));
    // What the bundler's resolution leaves open, Node resolves the same way.
    const { stdout } = await run(process.execPath, [join(folder, 'out', 'main.js')], { cwd: folder, env: environment() });
    assert.equal(stdout.trim(), 'string undefined function function function');
  });
}

/** All files below a folder. */
function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

test('each module has its face and its types for `import` and for `require`', async () => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const target of Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry).flatMap(Object.values)))) {
    if (!target.includes('*')) assert.ok(existsSync(join(installed, target)), target);
  }
  const wrong = [];
  const modules = [...files(installed)].filter((path) => path.endsWith('.js') && !path.includes(`${installed}/bin/`)).map((path) => path.slice(0, -3));
  assert.ok(modules.length > 250, `${modules.length} modules`);
  for (const base of modules) {
    for (const ending of ['.mjs', '.d.ts', '.d.mts']) if (!existsSync(base + ending)) wrong.push(`${base}${ending} is missing`);
    const face = readFileSync(`${base}.mjs`, 'utf8');
    const types = readFileSync(`${base}.d.mts`, 'utf8');
    // A face that has a default says so in its types, and the other way round.
    if (/^export default /m.test(face) !== /as default/.test(types)) wrong.push(`${base}: default`);
    // Rollup and its kin look for `.mjs` first: a module named without its ending would be the face of it, which is not made yet.
    for (const [, name] of readFileSync(`${base}.js`, 'utf8').matchAll(/\brequire\(["'](\.[^"']*)["']\)/g)) {
      if (!name.endsWith('.js') || !existsSync(join(base, '..', name))) wrong.push(`${base}: require of ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
  const code = `
    const wrong = [];
    const { createRequire } = await import('node:module');
    const require = createRequire(import.meta.url);
    for (const name of ${JSON.stringify(modules.map((base) => relative(installed, base)).filter((name) => !/^(cli|index)$/.test(name)))}) {
      const [esm, cjs] = [await import('threadline/' + name), require('threadline/' + name)];
      for (const key of Object.keys(cjs)) if (esm[key] !== cjs[key]) wrong.push(name + ': ' + key);
      for (const key of Object.keys(esm)) if (!(key in cjs)) wrong.push(name + ': only ' + key);
    }
    console.log(JSON.stringify(wrong));`;
  assert.deepEqual(JSON.parse(await printed('all.mjs', code)), []);
});

test('the checker of types finds nothing wrong', async () => {
  const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  const tarball = readdirSync(home).find((name) => name.endsWith('.tgz'));
  const entrypoints = ['.', 'auth', 'azure', 'helpers/zod', 'resources/beta/threads/runs/runs', 'streaming', 'testing'];
  // Into a file: it ends before a pipe has taken all of it.
  const report = join(home, 'report.json');
  const out = openSync(report, 'w');
  await new Promise((resolve) => {
    const args = [attw, join(home, tarball), '--format', 'json', '--entrypoints', ...entrypoints];
    spawn(process.execPath, args, { stdio: ['ignore', out, 'inherit'] }).once('close', resolve);
  });
  closeSync(out);
  const { analysis, problems } = JSON.parse(readFileSync(report, 'utf8'));
  assert.deepEqual([Object.values(problems ?? {}).flat(), analysis.types?.kind], [[], 'included']);
});

for (const { name, url } of PAGES) {
  const found = examples(url);
  test(`${name}: ${found.length} examples run`, async () => {
    for (const [at, code] of found.entries()) {
      const folder = join(home, `example-${name.replaceAll('/', '-')}-${at}`);
      mkdirSync(join(folder, 'node_modules'), { recursive: true });
      symlinkSync(installed, join(folder, 'node_modules', 'threadline'));
      for (const other of ['openai', 'zod']) symlinkSync(join(root, 'node_modules', other), join(folder, 'node_modules', other));
      writeFileSync(join(folder, 'main.mjs'), code);
      await mock.reset();
      if (code.includes('no-such-model')) await mock.reply({ status: 404, json: { error: { message: 'none', code: 'model_not_found' } } });
      const ran = run(process.execPath, [join(folder, 'main.mjs')], { cwd: folder, env: environment() });
      await ran.catch((error) => assert.fail(`example ${at + 1}\n${code}\n${error.stderr}`));
    }
  });
}

