/** The command `threadline`: serve the assistants engine or the mock server, make one call. */
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpenAI, type ClientOptions } from './client';
import { serve } from './internal/native';
import { VERSION } from './version';

const USAGE = `usage: threadline serve [OPTIONS]          serve the assistants endpoints from a store of one's own
       threadline mock [--port PORT]       serve the whole API with made-up answers, for tests
       threadline api RESOURCE METHOD [--arg NAME=VALUE ...]   make one call and print what comes
       threadline --version

options of api:
  --arg NAME=VALUE    an argument: JSON, or else a text; @FILE is an upload, @- standard input as a text
  --api-key KEY       default: OPENAI_API_KEY
  --base-url URL      default: OPENAI_BASE_URL
  --timeout SECONDS   for the whole call (default: 600)
  --assistants STORE  serve the assistants endpoints in this process, such as sqlite:app.db
  --limit N           most items of a list, or events of a stream, to print
  --output FILE       where a reply of bytes goes (default: standard output)

examples:
  threadline serve --store sqlite:threadline.db --upstream http://127.0.0.1:8000/v1 --upstream-api chat
  threadline mock --port 8080
  threadline api chat.completions create --arg model=gpt-5.2 --arg 'messages=[{"role":"user","content":"Hello"}]'
  threadline api files create --arg file=@notes.txt --arg purpose=assistants
  threadline api models list --limit 5

\`threadline serve --help\` has the options of the server. RESOURCE and METHOD have the names that they have in every language of this
library (chat.completions, beta.threads.runs, create_and_poll); those of Node (fineTuning, createAndPoll) do too. A client's own: -
`;

/** What is wrong with the command line. */
class Misunderstood extends Error {}

/** Runs the command; the status that the process is to end with. */
export async function main(given: string[]): Promise<number> {
  const [command, ...rest] = given;
  try {
    switch (command) {
      case 'serve':
        // The server listens for these. Node's own handlers, which would raise them anew, give way to those of a program that does.
        for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => undefined);
        return await serve(rest);
      case 'mock':
        return await mock(rest);
      case 'api':
        return await api(rest);
      case '--version':
        process.stdout.write(`threadline ${VERSION}\n`);
        return 0;
      case '--help':
      case '-h':
        process.stdout.write(USAGE);
        return 0;
      default:
        throw new Misunderstood(command === undefined ? USAGE : `there is no command \`${command}\`\n${USAGE}`);
    }
  } catch (error) {
    process.stderr.write(`threadline${command ? ` ${command}` : ''}: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof Misunderstood ? 2 : 1;
  }
}

/** Options of a command line, by their names; `words`: how many words stand before them. */
function options(given: string[], known: string[], words: number): { words: string[]; one: Record<string, string>; args: string[] } {
  const found = { words: [] as string[], one: Object.create(null) as Record<string, string>, args: [] as string[] };
  for (let at = 0; at < given.length; at += 1) {
    const word = given[at]!;
    if (word === '--help' || word === '-h') throw new Misunderstood(USAGE);
    if (!word.startsWith('--')) {
      found.words.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    if (!known.includes(name)) throw new Misunderstood(`there is no option \`--${name}\`; there are: --${known.join(', --')}`);
    const value = equals < 0 ? given[(at += 1)] : word.slice(equals + 1);
    if (value === undefined) throw new Misunderstood(`\`--${name}\` takes a value`);
    if (name === 'arg') found.args.push(value);
    else found.one[name] = value;
  }
  if (found.words.length !== words) throw new Misunderstood(USAGE);
  return found;
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new Misunderstood(`\`--${name} ${text}\` is no number`);
  return value;
}

async function mock(given: string[]): Promise<number> {
  const { one } = options(given, ['port'], 0);
  const { MockServer } = require('./testing') as typeof import('./testing');
  const server = new MockServer({ port: numberOf('port', one['port']) ?? 0 });
  // Before the address is known: who reads it may end the server at once.
  const asked = new Promise<number>((resolve) => {
    process.once('SIGINT', () => resolve(130));
    process.once('SIGTERM', () => resolve(143));
  });
  await server.start();
  process.stdout.write(`${server.url}\n`);
  // The server's threads keep no process alive; this does, until it is told to end.
  const alive = setInterval(() => undefined, 0x7fffffff);
  const status = await asked;
  await server.stop();
  clearInterval(alive);
  return status;
}

async function api(given: string[]): Promise<number> {
  const known = ['arg', 'api-key', 'base-url', 'timeout', 'assistants', 'limit', 'output'];
  const { words, one, args } = options(given, known, 2);
  const seconds = numberOf('timeout', one['timeout']);
  const limit = numberOf('limit', one['limit']);
  const settings: ClientOptions = { network: {} };
  if (one['api-key'] !== undefined) settings.apiKey = one['api-key'];
  if (one['base-url'] !== undefined) settings.baseURL = one['base-url'];
  if (one['assistants'] !== undefined) settings.assistants = one['assistants'];
  if (seconds !== undefined) settings.timeout = seconds * 1000;
  const client = new OpenAI(settings);
  const call = methodOf(client, words[0]!, words[1]!);
  await print(await call(argumentsOf(args)), limit, one['output']);
  return 0;
}

/** A method: its name in every language, its name here, its arguments that stand by themselves, in order. */
interface Method {
  node: string;
  path: string[];
  /** Whether it takes further arguments. */
  params: boolean;
}

/** Helpers of several requests, which no description lists. `file` and `files` stand by themselves too. */
const HELPERS: Record<string, string[]> = {
  'beta.threads.create_and_run_poll': [],
  'beta.threads.create_and_run_stream': [],
  'beta.threads.runs.create_and_poll': ['thread_id'],
  'beta.threads.runs.poll': ['run_id'],
  'beta.threads.runs.stream': ['thread_id'],
  'beta.threads.runs.submit_tool_outputs_and_poll': ['run_id'],
  'beta.threads.runs.submit_tool_outputs_stream': ['run_id'],
  'chat.completions.parse': [],
  'chat.completions.stream': [],
  'files.wait_for_processing': ['file_id'],
  'responses.parse': [],
  'responses.stream': [],
  'vector_stores.file_batches.create_and_poll': ['vector_store_id'],
  'vector_stores.file_batches.poll': ['vector_store_id', 'batch_id'],
  'vector_stores.files.create_and_poll': ['vector_store_id'],
  'vector_stores.files.poll': ['vector_store_id', 'file_id'],
  'vector_stores.files.upload': ['vector_store_id', 'file'],
  'vector_stores.files.upload_and_poll': ['vector_store_id', 'file'],
};

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** All methods by their names in every language. */
function allMethods(): Map<string, Method> {
  // Written by the build from the table that the tests use.
  const { methods } = JSON.parse(readFileSync(join(__dirname, 'methods.json'), 'utf8')) as { methods: Record<string, Method> };
  const all = new Map(Object.entries(methods));
  for (const [id, path] of Object.entries(HELPERS)) all.set(id, { node: camel(id), path, params: true });
  return all;
}

/** A method by its name in every language or by that of Node, taking its arguments by name. */
function methodOf(client: OpenAI, resource: string, name: string): (given: Record<string, unknown>) => Promise<unknown> {
  const all = allMethods();
  const id = resource === '-' ? name : `${resource}.${name}`;
  const found = all.get(id) ?? [...all.values()].find(({ node }) => node === id);
  if (!found) throw new Misunderstood(unknown(all, resource, name));
  const way = found.node.split('.');
  const own = way.pop()!;
  const place: any = way.reduce((place: any, part) => place[part], client);
  return async (given) => {
    const rest = { ...given };
    const alone = found.path.map((argument) => {
      const value = rest[argument];
      if (value === undefined) throw new Misunderstood(`\`--arg ${argument}=…\` is missing`);
      delete rest[argument];
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    });
    const names = Object.keys(rest);
    if (names.length > 0 && !found.params) throw new Misunderstood(`\`${id}\` takes no argument \`${names.join('`, `')}\``);
    return place[own](...alone, ...(names.length > 0 ? [rest] : []));
  };
}

/** What is there in place of what was asked for. */
function unknown(all: Map<string, Method>, resource: string, name: string): string {
  const ids = [...all.keys()];
  const below = (prefix: string): string[] => ids.filter((id) => id.startsWith(`${prefix}.`)).map((id) => id.slice(prefix.length + 1));
  const here = below(resource);
  if (here.length > 0) {
    const methods = here.filter((rest) => !rest.includes('.'));
    const resources = [...new Set(here.filter((rest) => rest.includes('.')).map((rest) => rest.split('.')[0]!))];
    const more = resources.length > 0 ? `; resources below it: ${resources.join(', ')}` : '';
    return `\`${resource}\` has no method \`${name}\`; it has: ${methods.join(', ') || 'none'}${more}`;
  }
  const parts = resource.split('.');
  const known = parts.findIndex((_, at) => below(parts.slice(0, at + 1).join('.')).length === 0);
  const prefix = parts.slice(0, known).join('.');
  const there = prefix ? below(prefix) : ids;
  const siblings = new Set(there.filter((rest) => rest.includes('.')).map((rest) => rest.split('.')[0]!));
  return `there is no resource \`${resource}\`: '${parts[known]}' is not among ${[...siblings].join(', ')}`;
}

function argumentsOf(given: string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const text of given) {
    const equals = text.indexOf('=');
    if (equals < 1) throw new Misunderstood(`\`--arg ${text}\` is not NAME=VALUE`);
    found[text.slice(0, equals)] = argument(text.slice(equals + 1));
  }
  return found;
}

function argument(text: string): unknown {
  if (text === '@-') return readFileSync(0, 'utf8');
  if (text.startsWith('@')) {
    const path = text.slice(1);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new Misunderstood(`there is no file ${path}`);
    return createReadStream(path);
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function print(value: unknown, limit: number | undefined, output: string | undefined): Promise<void> {
  if (value instanceof Response) {
    const bytes = Buffer.from(await value.arrayBuffer());
    if (output) writeFileSync(output, bytes);
    else process.stdout.write(bytes);
    return;
  }
  if (typeof value === 'string') {
    process.stdout.write(`${value}\n`);
  } else if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
    let count = 0;
    if (limit === 0) return;
    for await (const item of value as AsyncIterable<unknown>) {
      process.stdout.write(`${JSON.stringify(item)}\n`);
      count += 1;
      if (count === limit) break;
    }
  } else if (value !== undefined && value !== null) {
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }
}
