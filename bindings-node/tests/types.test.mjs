// Types of the official packages and ours: each can stand for the other. The compiler judges. Of the older package only those
// count that the newer one has kept as they were. And programs compile, in both ways of finding modules.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { declared, folder } from './official/names.mjs';

const root = join(import.meta.dirname, '..');
const exceptions = JSON.parse(readFileSync(join(import.meta.dirname, 'official/exceptions.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'threadline-types-'));
after(() => rmSync(work, { recursive: true, force: true }));

/** A folder with ours and theirs in its `node_modules`. */
function project(name, theirs) {
  const at = join(work, name);
  const modules = join(at, 'node_modules');
  mkdirSync(join(modules, '@types'), { recursive: true });
  symlinkSync(join(root, 'dist'), join(modules, 'threadline'));
  symlinkSync(folder('@types/node'), join(modules, '@types/node'));
  symlinkSync(folder('@types/ws'), join(modules, '@types/ws'));
  for (const one of theirs ? ['openai', 'openai6'] : []) symlinkSync(folder(one), join(modules, one));
  return at;
}

function compile(at, options) {
  const compilerOptions = {
    strict: true, noEmit: true, target: 'es2022', lib: ['es2023', 'dom', 'dom.asynciterable'], types: ['node'], ...options,
  };
  writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts', '*.mts', '*.cts'] }));
  const tsc = join(folder('typescript'), 'bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', at], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { lines: stdout.split('\n').filter((line) => line.includes('error TS')), status };
}

const HEAD = `type Ours<A, B> = [A] extends [B] ? true : 'ours cannot stand for theirs';
type Theirs<A, B> = [B] extends [A] ? true : 'theirs cannot stand for ours';
type Items<P> = P extends { getPaginatedItems(): infer I } ? I : never;
type Same<A, B> = [A, B] extends [B, A] ? true : false;
function follows<A, B, Newest>(_ours: Same<Newest, B> extends true ? Same<A, B> : true): void {}
function takes<A, B>(_theirs: Theirs<A, B>): void {}
type Plain<V> = File extends V ? 'file' : File[] extends V ? 'files' : V;
type NoFiles<T> = T extends unknown ? { [K in keyof T]: Plain<T[K]> } : never;
function same<A, B>(_ours: Ours<A, B>, _theirs: Theirs<A, B>): void {}
`;

/** Modules that are not there yet: named with an empty text. */
const extras = JSON.parse(readFileSync(join(root, '../api/names/node_extras.json'), 'utf8'));
const missing = new Set(Object.entries(extras.by_hand).flatMap(([name, ours]) => (ours === '' ? [name] : [])));

for (const theirs of ['openai', 'openai6']) {
  test(`types of ${theirs} and ours can stand for each other`, { timeout: 600_000 }, (t) => {
    const at = project(theirs, theirs);
    const files = new Set(exceptions.files);
    const newest = declared('openai');
    const old = theirs !== 'openai';
    let text = HEAD;
    let module = 0;
    let compared = 0;
    for (const [name, types] of declared(theirs)) {
      if (missing.has(name)) continue;
      // What a newer official package has no more is not ours either.
      const plain = [...types].filter(([type, generics]) => generics === 0 && newest.get(name)?.get(type) === 0);
      if (plain.length === 0) continue;
      module += 1;
      text += `import type * as O${module} from 'threadline/resources/${name}';\n`;
      text += `import type * as T${module} from '${theirs}/resources/${name}';\n`;
      if (old) text += `import type * as N${module} from 'openai/resources/${name}';\n`;
      for (const [type] of plain) {
        // Classes with private members are never the same; what a page holds is.
        // What `toStreamingFile` makes is each package's own, so that members which take files are compared below.
        const wrap = type.endsWith('Page') ? 'Items' : files.has(`${name}:${type}`) ? 'NoFiles' : '';
        const one = (letter) => (wrap ? `${wrap}<${letter}${module}.${type}>` : `${letter}${module}.${type}`);
        if (old) text += `follows<${one('O')}, ${one('T')}, ${one('N')}>(true);\n`;
        else text += `same<${one('O')}, ${one('T')}>(true, true);\n`;
        compared += 1;
      }
    }
    text += `import type * as OF from 'threadline/uploads';\nimport type * as TF from '${theirs}/core/uploads';\n`;
    text += "takes<OF.Uploadable, Exclude<TF.Uploadable, { readonly data: any }>>(true);\n";
    writeFileSync(join(at, 'all.ts'), text);
    const { lines } = compile(at, { module: 'nodenext', skipLibCheck: true });
    const source = text.split('\n');
    const told = lines.map((line) => {
      const number = Number(/\((\d+),/.exec(line)?.[1]);
      return `${source[number - 1]?.trim()}: ${line.slice(line.indexOf('error TS'))}`;
    });
    assert.deepEqual(told, []);
    t.diagnostic(`${compared} types compared`);
    assert.ok(compared > 1000, `only ${compared} types were compared`);
  });
}

/** Types of helpers, by their modules; those with members that differ by package (clients, connections) are left to the compiler of programs. */
const HELPERS = {
  'helpers/browser': [
    'BrowserMember', 'BrowserDriver', 'BrowserOptions', 'BrowserReadOptions', 'BrowserState', 'BrowserStateChange', 'BrowserConfirmContext',
    'BrowserReadConfirmContext', 'BrowserReadMember', 'BrowserReadV1', 'BrowserTextReadV1', 'BrowserScopedReadV1', 'BrowserFileOutcome',
    "BrowserResult<'find'>", "BrowserArguments<'click_at'>",
  ],
  'helpers/computer': ['ComputerDriver', 'ComputerCallInput', 'ComputerExecutionOptions', 'ComputerScreenshot'],
  'helpers/responses-tool-runner': [
    'RunnerFunction', 'ResponsesRunnerCheckpoint', 'ResponsesRunnerLedger', 'ResponsesContextBudget', 'ResponsesEarlyExecution', 'ResponsesRunnerTurn',
    'RunnerDiagnostic',
  ],
  'auth/x509-transport': ['X509CredentialOptions', 'X509ProxyMode'],
};

test('types of helpers can stand for those of openai', { timeout: 600_000 }, () => {
  const at = project('helpers', true);
  let text = HEAD;
  for (const [number, [module, types]] of Object.entries(HELPERS).entries()) {
    text += `import type * as O${number} from 'threadline/${module}';\nimport type * as T${number} from 'openai/${module}';\n`;
    for (const type of types) text += `same<O${number}.${type}, T${number}.${type}>(true, true);\n`;
  }
  writeFileSync(join(at, 'all.ts'), text);
  assert.deepEqual(compile(at, { module: 'nodenext', skipLibCheck: true }).lines, []);
});

const PROGRAM = `import OpenAI, { AzureOpenAI, toFile, APIError } from 'threadline';
import { zodFunction, zodResponseFormat } from 'threadline/helpers/zod';
import type { Run } from 'threadline/resources/beta/threads/runs/runs';
import { Stream } from 'threadline/streaming';

export async function program(client: OpenAI): Promise<string | null> {
  const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
  const params: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming = { model: 'gpt-5', messages, stream: true };
  const stream: Stream<OpenAI.Chat.ChatCompletionChunk> = await client.chat.completions.create(params);
  for await (const chunk of stream) chunk.choices[0]?.delta.content?.trim();
  const whole = await client.chat.completions.create({ model: 'gpt-5', messages }).withResponse();
  const run: Run = await client.beta.threads.runs.createAndPoll('thread', { assistant_id: 'asst' });
  const reason: OpenAI.Beta.Threads.Run.LastError | null = run.last_error;
  for await (const file of client.files.list({ limit: 2 })) file.id satisfies string;
  const runner = client.beta.threads.runs.stream('thread', { assistant_id: 'asst' });
  runner.on('textDelta', (delta, snapshot) => delta.value ?? snapshot.value);
  const response: OpenAI.Responses.Response = await client.responses.create({ model: 'gpt-5', input: 'x' });
  try {
    await client.files.create({ file: await toFile(Buffer.from('x'), 'x.txt'), purpose: 'assistants' });
  } catch (error) {
    if (error instanceof APIError) error.status satisfies number | undefined;
    if (error instanceof OpenAI.RateLimitError) error.headers?.get('retry-after');
  }
  const parsed = await client.chat.completions.parse({
    model: 'gpt-5', messages,
    response_format: zodResponseFormat({ _output: { n: 1 }, parse: () => ({ n: 1 }) }, 'thing'),
    tools: [zodFunction({ name: 'f', parameters: { _output: { a: '' } } })],
  });
  parsed.choices[0]?.message.parsed?.n satisfies number | undefined;
  // @ts-expect-error there is no such argument
  void client.chat.completions.create({ model: 'gpt-5', messages, nonsense: true });
  new AzureOpenAI({ endpoint: 'https://x', apiVersion: 'v', apiKey: 'k' }) satisfies OpenAI;
  return reason?.message ?? whole.data.choices[0]?.message.content ?? response.output_text;
}
`;

for (const [name, options] of [
  ['NodeNext', { module: 'nodenext' }],
  ['Bundler', { module: 'esnext', moduleResolution: 'bundler' }],
]) {
  test(`a program compiles under strict with ${name}, the package's own declarations included`, { timeout: 600_000 }, () => {
    const at = project(name);
    writeFileSync(join(at, 'program.mts'), PROGRAM);
    writeFileSync(join(at, 'package.json'), '{"type": "module"}');
    if (name === 'NodeNext') writeFileSync(join(at, 'program.cts'), PROGRAM);
    const { lines } = compile(at, { ...options, skipLibCheck: false });
    assert.deepEqual(lines, []);
  });
}
