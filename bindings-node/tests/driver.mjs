/** The driver of the call protocol (tests/README.md) over the public interface. */
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, openAsBlob, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { AzureOpenAI, OpenAI } from '../dist/index.mjs';
import * as auth from '../dist/auth/index.mjs';
import { madeTexts } from '../dist/internal/parse.mjs';
import { parseBig, stringify } from '../dist/internal/big.mjs';
import { nativeModule } from '../dist/internal/load.mjs';
import { helpers } from './helpers.mjs';

/** What the library would read from the environment; only clients that are to read it get to see it. */
const AMBIENT = {};
for (const name of Object.keys(process.env)) {
  if (/^(OPENAI|AZURE_OPENAI)_/.test(name)) {
    AMBIENT[name] = process.env[name];
    delete process.env[name];
  }
}
const { methods } = JSON.parse(readFileSync(new URL('generated/methods.json', import.meta.url)));
const LINE = new Set(['id', 'client', 'resource', 'method', 'args', 'options', 'max_items', 'max_events', 'cancel_after_s']);
const OPTIONS = new Set([
  'api_key', 'admin_api_key', 'organization', 'project', 'base_url', 'timeout_s', 'first_event_timeout_s', 'idle_timeout_s', 'max_retries',
  'hedge_after_s', 'headers', 'query', 'idempotency_key', 'body', 'max_items', 'max_events',
]);

/** A line that cannot become a call. */
export class Usage extends Error {}

const milliseconds = (seconds) => (seconds === undefined ? undefined : seconds * 1000);

/** Clients by configuration. */
const clients = new Map();

function clientOf(config) {
  const key = JSON.stringify(config, Object.keys(flat(config)).sort());
  if (!clients.has(key)) clients.set(key, makeClient({ ...config }));
  return clients.get(key);
}

/** All names inside a configuration, for a text that does not depend on their order. */
function flat(value, names = {}) {
  if (Array.isArray(value)) value.forEach((item) => flat(item, names));
  else if (value && typeof value === 'object') {
    for (const [name, item] of Object.entries(value)) flat(item, Object.assign(names, { [name]: 1 }));
  }
  return names;
}

const NETWORK = {
  connect_timeout_s: ['connectTimeout', milliseconds],
  idle_timeout_s: ['idleTimeout', milliseconds],
  first_event_timeout_s: ['firstEventTimeout', milliseconds],
  hedge_after_s: ['hedgeAfter', milliseconds],
  tcp_user_timeout_s: ['tcpUserTimeout', milliseconds],
  ca_file: ['caFile'],
  client_cert_file: ['clientCertFile'],
  client_key_file: ['clientKeyFile'],
  proxy: ['proxy'],
  no_proxy: ['noProxy'],
  resolve: ['resolve'],
  http_version: ['httpVersion'],
  limits: ['limits'],
  retry_budget: ['retryBudget'],
  cassette: ['cassette'],
  observe_content: ['observeContent'],
};
const OWN = {
  api_key: ['apiKey'],
  admin_api_key: ['adminAPIKey'],
  organization: ['organization'],
  project: ['project'],
  webhook_secret: ['webhookSecret'],
  base_url: ['baseURL'],
  max_retries: ['maxRetries'],
  timeout_s: ['timeout', milliseconds],
  headers: ['defaultHeaders'],
  query: ['defaultQuery'],
  assistants: ['assistants'],
  usage: ['usage'],
  observe: ['observe'],
};

function makeClient(config) {
  const { from_env: fromEnv = false, tokens, workload_identity: identity, azure, ...rest } = config;
  const options = { network: { systemProxy: fromEnv }, checkArguments: true, integers: 'bigint', bindKeys: true };
  for (const [name, value] of Object.entries(rest)) {
    const [target, [to, change = (value) => value]] =
      name in OWN ? [options, OWN[name]]
      : name in NETWORK ? [options.network, NETWORK[name]]
      : (() => { throw new Usage(`\`client\` has an unknown member: ${name}`); })();
    target[to] = change(value);
  }
  if (tokens) options[azure ? 'azureADTokenProvider' : 'tokenProvider'] = provider([...tokens]);
  if (identity) options.workloadIdentity = identityOf(identity);
  if (fromEnv) Object.assign(process.env, AMBIENT);
  try {
    return azure ? makeAzure(azure, options) : new OpenAI(options);
  } finally {
    for (const name of Object.keys(AMBIENT)) delete process.env[name];
  }
}

function makeAzure(azure, { baseURL, ...options }) {
  const { from_env: _, endpoint, deployment, api_version: apiVersion, ad_token: azureADToken, v1, ...unknown } = azure;
  if (Object.keys(unknown).length) throw new Usage(`\`azure\` has unknown members: ${Object.keys(unknown)}`);
  const given = { endpoint, deployment, apiVersion, azureADToken, v1 };
  if (baseURL !== undefined) given.baseURL = baseURL;
  for (const name of Object.keys(given)) if (given[name] === undefined) delete given[name];
  return new AzureOpenAI({ ...options, ...given });
}

/** A provider that answers from a list, and fails after its end. */
function provider(rest) {
  return async () => {
    if (rest.length === 0) throw new Error('the list of tokens is at its end');
    const item = rest.shift();
    if (typeof item === 'string') return item;
    if ('error' in item) throw new Error(item.error);
    if (item.delay_s) await sleep(item.delay_s * 1000);
    return { token: item.token, expiresIn: item.expires_in_s, refreshIn: item.refresh_in_s };
  };
}

function identityOf(config) {
  const { type, ...given } = config.provider;
  const made = {
    identityProviderId: config.identity_provider_id,
    serviceAccountId: config.service_account_id,
    tokenExchangeUrl: config.token_exchange_url,
    refreshBufferSeconds: config.refresh_buffer_seconds,
  };
  const { endpoint, resource, audience, object_id: objectId, client_id: clientId } = given;
  switch (type) {
    case 'x509':
      return { ...made, type };
    case 'text':
      return { ...made, provider: { tokenType: given.token_type ?? 'jwt', getToken: async () => given.token } };
    case 'k8s':
      return { ...made, provider: auth.k8sServiceAccountTokenProvider(given.token_file_path) };
    case 'azure':
      return { ...made, provider: auth.azureManagedIdentityTokenProvider(resource, { endpoint, objectId, clientId }) };
    default:
      return { ...made, provider: auth.gcpIDTokenProvider(audience, { endpoint }) };
  }
}

/** An argument as a program would write it. */
async function hostValue(value) {
  if (Array.isArray(value)) return Promise.all(value.map(hostValue));
  if (value === null || typeof value !== 'object') return value;
  if ('$file' in value && Object.keys(value).length === 1) return upload(value.$file);
  const made = {};
  for (const [name, item] of Object.entries(value)) {
    Object.defineProperty(made, name, { value: await hostValue(item), enumerable: true, writable: true, configurable: true });
  }
  return made;
}

async function upload({ path, text, base64, filename, content_type: type }) {
  if (path !== undefined) {
    // A file that is missing is the call's to report.
    if (filename === undefined && type === undefined) return createReadStream(path).on('error', () => undefined);
    const blob = await openAsBlob(path, type === undefined ? {} : { type });
    return new File([blob], filename ?? basename(path), type === undefined ? {} : { type });
  }
  const bytes = text === undefined ? Buffer.from(base64, 'base64') : Buffer.from(text);
  if (filename === undefined && type === undefined) return bytes;
  if (filename === undefined) return new Blob([bytes], { type });
  return new File([bytes], filename, type === undefined ? {} : { type });
}

const EMPTY = {
  kind: null, status: null, type: null, code: null, param: null, message: '', request_id: null, attempts: 0, retry_after_s: null,
  retryable: false, partial: null, unfinished: null, azure: null, close: null, completion: null, transcript: null,
};

/** The record of an error. */
export function described(error) {
  const { record } = error;
  const kinds = { InvalidWebhookSignatureError: 'webhook_signature', LengthFinishReasonError: 'length_finish', ContentFilterFinishReasonError: 'content_filter_finish' };
  const kind = error.kind ?? kinds[error.constructor.name] ?? 'usage';
  return {
    ...EMPTY,
    kind,
    message: error.detail ?? error.message,
    status: record?.status ?? error.status ?? null,
    type: record?.type ?? error.type ?? null,
    code: record ? record.code : (error.code ?? null),
    param: record?.param ?? error.param ?? null,
    request_id: record?.request_id ?? error.requestID ?? null,
    attempts: error.attempts ?? 0,
    retry_after_s: error.retryAfter ?? null,
    retryable: error.retryable ?? false,
    partial: error.partial ?? null,
    unfinished: error.unfinished ?? null,
    azure: error.azure ?? null,
    close: error.close ?? null,
    completion: error.completion ?? null,
    transcript: error.transcript ?? null,
  };
}

const usage = (message) => ({ error: { ...EMPTY, kind: 'usage', message: String(message) } });

/** A value as JSON data. */
export function plain(value) {
  if (value && typeof value === 'object' && madeTexts.has(value)) {
    // A convenience of this language, which no server has sent.
    const { output_text: _, ...rest } = value;
    return rest;
  }
  return value === undefined ? null : value;
}

class Digest {
  #hash = createHash('sha256');
  #length = 0;

  add(piece) {
    this.#hash.update(piece);
    this.#length += piece.length;
  }

  value() {
    return { $bytes: { sha256: this.#hash.digest('hex'), len: this.#length } };
  }
}

/** A line that has been read. */
async function perform(line, signal) {
  for (const name of Object.keys(line)) if (!LINE.has(name)) throw new Usage(`the line has an unknown member: ${name}`);
  const options = { ...line.options };
  for (const name of Object.keys(options)) if (!OPTIONS.has(name)) throw new Usage(`unknown option: ${name}`);
  const name = `${line.resource}.${line.method}`;
  const known = methods[name] && { ...methods[name], operation: name };
  const helper = helpers[name];
  if (!known && !helper) throw new Usage(`there is no method \`${name}\``);
  let client = clientOf(line.client ?? {});
  const changes = {};
  for (const [from, to] of Object.entries({ api_key: 'apiKey', admin_api_key: 'adminAPIKey', organization: 'organization', project: 'project', base_url: 'baseURL' })) {
    if (options[from] !== undefined) changes[to] = options[from];
  }
  if (line.client?.observe) changes.observe = true;
  if (Object.keys(changes).length) client = client.withOptions(changes);
  const requestOptions = { signal, ...(options.body ? { extraBody: options.body } : {}) };
  for (const [from, to, change = (value) => value] of [
    ['headers', 'headers'], ['query', 'query'], ['idempotency_key', 'idempotencyKey'], ['max_retries', 'maxRetries'],
    ['timeout_s', 'timeout', milliseconds], ['idle_timeout_s', 'idleTimeout', milliseconds],
    ['first_event_timeout_s', 'firstEventTimeout', milliseconds], ['hedge_after_s', 'hedgeAfter', milliseconds],
  ]) {
    if (options[from] !== undefined && options[from] !== null) requestOptions[to] = change(options[from]);
  }
  const args = await hostValue(line.args ?? {});
  const limits = {
    items: line.max_items ?? options.max_items ?? Infinity,
    events: line.max_events ?? options.max_events ?? Infinity,
  };
  let answer;
  try {
    if (helper) {
      answer = await helper({ client, args, options, requestOptions, limits, described, plain, Usage });
    } else {
      answer = await invoke(client, known, args, requestOptions, limits);
    }
  } catch (error) {
    if (error instanceof Usage) throw error;
    if (signal.aborted) answer = { cancelled: true };
    else answer = { error: described(error) };
  }
  if (signal.aborted) answer = { cancelled: true };
  if (line.client?.observe) {
    answer.observed = client.takeObserved();
    // A call that was cancelled ends on another thread.
    for (let look = 0; look < 100 && answer.observed.length === 0; look += 1) {
      await sleep(10);
      answer.observed = client.takeObserved();
    }
  }
  if (line.client?.usage) answer.usage = clientOf(line.client).usage();
  return answer;
}

/** Arguments have no order in a line; here they get that of the description. */
function inOrder(known, args) {
  const number = nativeModule().operationNumber(known.operation);
  const names = number === null ? [] : nativeModule().argumentNames(number);
  const rest = {};
  for (const name of [...names, ...Object.keys(args)]) if (name in args) rest[name] = args[name];
  return rest;
}

/** Finds a method by its Node name and calls it. */
export function callMethod(client, known, args, requestOptions) {
  const names = known.node.split('.');
  const method = names.pop();
  const owner = names.reduce((owner, name) => owner[name], client);
  const rest = inOrder(known, args);
  const positional = known.path.map((name) => {
    const value = rest[name];
    delete rest[name];
    return value;
  });
  if (known.params) positional.push(rest);
  // Parameters that the official package has no place for go into the query by hand.
  else if (Object.keys(rest).length) requestOptions = { ...requestOptions, query: { ...requestOptions.query, ...rest } };
  return owner[method](...positional, requestOptions);
}

async function invoke(client, known, args, requestOptions, limits) {
  const promise = callMethod(client, known, args, requestOptions);
  if (promise[Symbol.asyncIterator]) return readPages(promise, limits);
  const { data, request_id } = await promise.withResponse();
  // The package shows what came where nothing is asked for, as the official one does; the protocol does not.
  const number = nativeModule().operationNumber(known.operation);
  const isEmpty = number !== null && nativeModule().row(number).reply === 'empty';
  return readResult(isEmpty ? null : data, request_id, limits);
}

/** Whatever a method returned, read to its end. */
export async function readResult(data, request_id, limits) {
  if (data instanceof Response) {
    const digest = new Digest();
    for await (const piece of data.body ?? []) digest.add(piece);
    return { value: digest.value(), request_id };
  }
  if (data && typeof data === 'object' && Symbol.asyncIterator in data) return readEvents(data, limits);
  return { value: plain(data), request_id };
}

async function readEvents(stream, limits) {
  const events = [];
  try {
    for await (const event of stream) {
      events.push(plain(event));
      if (events.length >= limits.events) break;
    }
  } catch (error) {
    return { events, error: described(error) };
  }
  return { events, error: null };
}

async function readPages(promise, limits) {
  let pages = 0;
  const items = [];
  try {
    const first = await promise;
    for await (const page of first.iterPages()) {
      pages += 1;
      items.push(...page.getPaginatedItems().slice(0, limits.items - items.length));
      if (items.length >= limits.items) break;
    }
  } catch (error) {
    if (pages === 0) throw error;
    return { pages, items, error: described(error) };
  }
  return { pages, items };
}

async function answerTo(text) {
  let id = null;
  let line;
  try {
    line = parseBig(text);
    if (line === null || typeof line !== 'object' || Array.isArray(line)) throw new Usage('a line must be an object');
    id = line.id ?? null;
    if (typeof line.resource !== 'string' || typeof line.method !== 'string') throw new Usage('`resource` and `method` must be texts');
  } catch (error) {
    return { id, ...usage(`malformed line: ${error.message}`) };
  }
  const controller = new AbortController();
  const timer = line.cancel_after_s === undefined ? undefined : setTimeout(() => controller.abort(), line.cancel_after_s * 1000);
  try {
    return { id, ...(await perform(line, controller.signal)) };
  } catch (error) {
    return { id, ...(error.record || error.kind ? { error: described(error) } : usage(error.message)) };
  } finally {
    clearTimeout(timer);
  }
}

/** A folder for files of one line. */
export function scratch(name, bytes) {
  const path = join(mkdtempSync(join(tmpdir(), 'threadline-')), name);
  writeFileSync(path, bytes);
  return path;
}

/** JSON text of an answer; one that is nested too deeply for the built-in writer is written by a loop. */
function write(answer) {
  let text;
  try {
    text = stringify(answer);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const parts = [];
    const rest = [{ value: answer }];
    while (rest.length) {
      const { value, text } = rest.pop();
      if (text !== undefined) parts.push(text);
      else if (value === null || typeof value !== 'object') parts.push(JSON.stringify(value) ?? 'null');
      else {
        const isList = Array.isArray(value);
        const members = isList ? value.map((item) => ['', item]) : Object.entries(value).filter(([, item]) => item !== undefined);
        parts.push(isList ? '[' : '{');
        rest.push({ text: isList ? ']' : '}' });
        for (let at = members.length - 1; at >= 0; at -= 1) {
          const [name, item] = members[at];
          rest.push({ value: item });
          rest.push({ text: `${at > 0 ? ',' : ''}${isList ? '' : `${JSON.stringify(name)}:`}` });
        }
      }
    }
    text = parts.join('');
  }
  process.stdout.write(`${text}\n`);
}

const outstanding = new Set();
for await (const text of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (!text.trim()) continue;
  const work = answerTo(text).then(write);
  outstanding.add(work);
  void work.finally(() => outstanding.delete(work));
}
await Promise.all(outstanding);
