/** Records of runs: how they are written, and whether a run can go on from one. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ResponsesRunnerCheckpoint, ResponsesRunnerLedger } from '../../helpers/responses-tool-runner.js';
import type { RequestOptions } from '../request-options.js';
import { every, isFunctionCall, isItem, isOutput, isScreenshot, isText, argumentsOf, isComputerCall, type Item } from './native-items.js';

/** A copy of what is nothing but JSON. Fails with anything else. */
export function jsonData<T>(value: T): T {
  const made: unknown = JSON.parse(JSON.stringify(value, strictly));
  return made as T;
}

function strictly(_key: string, value: unknown): unknown {
  const isPlain = typeof value !== 'object' || value === null || Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
  if (!isPlain || typeof value === 'function' || typeof value === 'symbol' || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new TypeError('A run with a record or a limit takes nothing but what JSON can hold.');
  }
  return value;
}

/** Options of requests that change neither what is recorded nor where it goes. */
const TRANSPORT = new Set(['headers', 'timeout', 'signal', 'maxRetries']);

export function checkLedger(ledger: ResponsesRunnerLedger, requestOptions: RequestOptions | undefined): void {
  if (!isItem(ledger) || !isText(ledger.runId) || ledger.runId === '' || typeof ledger.save !== 'function') {
    throw new TypeError('A ledger needs a `runId` that is not empty, and a function `save`.');
  }
  if (Object.keys(requestOptions ?? {}).some((name) => !TRANSPORT.has(name)) || (requestOptions?.maxRetries ?? 0) !== 0) {
    throw new TypeError('Requests of a recorded run take headers, a timeout and a signal, and are not repeated by themselves.');
  }
}

const CREDENTIALS = new Set([
  'access_token', 'api-key', 'api_key', 'apikey', 'auth', 'authorization', 'client_secret', 'id_token', 'password', 'refresh_token', 'secret', 'sig',
  'signature', 'token', 'x-amz-credential', 'x-amz-security-token', 'x-amz-signature', 'x-goog-credential', 'x-goog-signature',
]);

/** An address without its credentials, hashed: the same place is recognised, and nothing can be read. */
function fingerprint(url: unknown): unknown {
  if (!isText(url)) return url;
  let place = url;
  if (URL.canParse(url)) {
    const parsed = new URL(url);
    for (const name of [...parsed.searchParams.keys()]) if (CREDENTIALS.has(name.toLowerCase())) parsed.searchParams.delete(name);
    Object.assign(parsed, { username: '', password: '', hash: '' });
    place = parsed.href;
  }
  return `sha256:${createHash('sha256').update(place).digest('hex')}`;
}

/** The tools of a request without what must not be stored. */
export function recordedTools(tools: Item[]): Item[] {
  return (jsonData(tools) as Item[]).map((tool) => {
    for (const secret of tool['container']?.network_policy?.domain_secrets ?? []) delete secret.value;
    if (tool['type'] !== 'mcp') return tool;
    const { authorization, headers, server_url, ...rest } = tool;
    return server_url === undefined ? rest : { ...rest, server_url: fingerprint(server_url) };
  });
}

const MEMBERS = [
  'attempted_call_ids', 'consumed_requests', 'final_response', 'history', 'max_steps', 'output_override_names', 'pending_items', 'phase',
  'returned_call_ids', 'returned_outputs', 'revision', 'run_id', 'tools', 'version',
].join();

function refuse(what: string): never {
  throw new TypeError(`A run cannot go on from this checkpoint: ${what}.`);
}

/** A checkpoint from which a run can go on, as data of its own; fails with any other. */
export function restored(ledger: ResponsesRunnerLedger, maxSteps: number | undefined, tools: Item[], overrides: string[]): ResponsesRunnerCheckpoint {
  const held = jsonData(ledger.resumeFrom) as unknown as Item;
  if (!isItem(held) || Object.keys(held).sort().join() !== MEMBERS) refuse('it does not have exactly the members of one');
  const counts = [held['revision'], held['max_steps'], held['consumed_requests']];
  const lists = ['attempted_call_ids', 'returned_call_ids', 'pending_items', 'returned_outputs', 'history'].map((name) => held[name]);
  if (held['version'] !== 1 || held['phase'] !== 'boundary') refuse('it is no completed boundary; look up what its pending calls have done');
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0) || held['consumed_requests'] > held['max_steps']) refuse('its counts cannot be');
  const isPending = (): boolean => held['pending_items'].length > 0 || held['returned_outputs'].length > 0 || held['final_response'] !== null;
  if (!lists.every(Array.isArray) || isPending()) refuse('something in it is pending');
  if (held['run_id'] !== ledger.runId || (maxSteps !== undefined && maxSteps !== held['max_steps'])) refuse('it is of another run, or of one with another `maxSteps`');
  if (!isDeepStrictEqual(held['tools'], tools) || !isDeepStrictEqual(held['output_override_names'], overrides)) refuse('it is of a run with other tools');
  if (!isDeepStrictEqual(held['attempted_call_ids'], held['returned_call_ids'])) refuse('something was begun and has not returned');
  return held as ResponsesRunnerCheckpoint;
}

const saysSomething = (part: unknown): boolean => {
  if (!isItem(part)) return false;
  const texts = part['type'] === 'input_text' ? ['text'] : ['image_url', 'file_id', 'file_data', 'file_url'];
  return texts.some((name) => isText(part[name]) && part[name].trim() !== '');
};

/** Whether something is new from the user, and not empty. */
export const isObservation = (items: Item[]): boolean =>
  items.length > 0 &&
  items.every((item) => {
    if (!isItem(item) || item['role'] !== 'user' || (item['type'] ?? 'message') !== 'message') return false;
    const { content } = item;
    return isText(content) ? content.trim() !== '' : every(content, saysSomething) && content.length > 0;
  });

/** Calls, and what answers them. */
export const ANSWERS = new Map<unknown, string>([['function_call', 'function_call_output'], ['computer_call', 'computer_call_output']]);

/** Who is in a history with which a run can go on: every call whole, and answered once. Fails with any other. */
export function checkHistory(history: Item[]): void {
  const ids = new Set<string>();
  const open = new Map<string, string>();
  const answered = new Set<string>();
  const wrong = (): never => {
    throw new TypeError('The history holds a call without its output, an item twice, or one with which a run cannot go on.');
  };
  for (const item of history) {
    if (!isItem(item)) wrong();
    const { type, id, call_id: call } = item;
    if (isText(id) && id !== '' && type !== 'item_reference') {
      if (ids.has(id)) wrong();
      ids.add(id);
    }
    const answer = ANSWERS.get(type);
    if (answer !== undefined) {
      const isWhole = type === 'function_call' ? isFunctionCall(item) && argumentsOf(item['arguments']) !== undefined : isComputerCall(item);
      if (!isWhole || open.has(call) || answered.has(call)) wrong();
      open.set(call, answer);
    } else if (type === 'function_call_output' || type === 'computer_call_output') {
      const isWhole = type === 'function_call_output' ? isOutput(item['output']) : isScreenshot(item['output']);
      if (!isWhole || open.get(call) !== type) wrong();
      open.delete(call);
      answered.add(call);
    }
  }
  if (open.size > 0) wrong();
}
