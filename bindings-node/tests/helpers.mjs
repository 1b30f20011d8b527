/** Helpers of several requests, by the official Python names of the cases: their arguments as the methods of Node take them. */
import { Readable } from 'node:stream';
import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeModule } from '../dist/internal/load.mjs';
import { fromNative } from '../dist/core/error.mjs';
import { createAndPoll, poll } from '../dist/polling.mjs';
import { jsonSchemaFunction, jsonSchemaResponseFormat, jsonSchemaResponseFunction, jsonSchemaTextFormat } from '../dist/helpers/json-schema.mjs';
import { spoken } from './spoken.mjs';
import { parseChatCompletion } from '../dist/lib/parser.mjs';
import { uploadFileChunked } from '../dist/lib/helpers/uploads.mjs';

/** Takes members out of an object. */
function take(object, ...names) {
  const taken = names.map((name) => {
    const value = object[name];
    delete object[name];
    return value;
  });
  return taken;
}

/** A helper that polls: its own arguments become options. */
function polling(call) {
  return async ({ client, args, requestOptions, Usage }) => {
    const rest = { ...args };
    const [interval, seconds, wait, onUpdate] = take(rest, 'poll_interval_ms', 'poll_interval', 'max_wait_seconds', 'on_update');
    if (onUpdate !== undefined && onUpdate !== 'record') throw new Usage('the argument `on_update` has another value');
    const events = [];
    const told = { ...requestOptions };
    if (interval !== undefined) told.pollIntervalMs = interval;
    else if (seconds !== undefined) told.pollIntervalMs = seconds * 1000;
    if (wait !== undefined) told.maxWaitMs = wait * 1000;
    if (onUpdate) told.onUpdate = (state) => events.push(structuredClone(state));
    try {
      const value = await call(client, rest, told);
      const id = value?._request_id ?? null;
      return onUpdate ? { events, value, error: null } : { value, request_id: id };
    } catch (error) {
      if (!onUpdate) throw error;
      return { events, value: null, error: describedLate(error) };
    }
  };
}

let describedLate;

async function webhook(method, { client, args }) {
  const { payload, headers, secret, tolerance, now } = args;
  const raw = typeof payload === 'object' && payload !== null ? Buffer.from(payload.$base64, 'base64') : payload;
  const clock = Date.now;
  if (now !== undefined) Date.now = () => now * 1000;
  let work;
  try {
    // Signatures are checked before the first wait, so that no other line sees this time.
    work = client.webhooks[method](raw, headers, secret, tolerance);
  } finally {
    Date.now = clock;
  }
  return { value: (await work) ?? null, request_id: null };
}

/** All of a file's content. */
async function bytesOf(file) {
  if (Buffer.isBuffer(file)) return file;
  if (typeof file.arrayBuffer === 'function') return Buffer.from(await file.arrayBuffer());
  const pieces = [];
  for await (const piece of file) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function chunked({ client, args, requestOptions, described }) {
  const { file, source = 'bytes', on_progress: onProgress, ...rest } = args;
  const events = [];
  const filename = file instanceof File ? file.name : undefined;
  const bytes = await bytesOf(file);
  let content = file;
  if (source === 'path') {
    const path = join(mkdtempSync(join(tmpdir(), 'threadline-')), filename ?? 'upload');
    writeFileSync(path, bytes);
    content = (await import('node:fs')).createReadStream(path);
  } else if (source === 'reader' || source === 'unsized_reader') {
    const { toStreamingFile } = await import('../dist/index.mjs');
    const pieces = () => Readable.from([bytes]);
    content = toStreamingFile(pieces, filename ?? 'upload', source === 'reader' ? { size: bytes.length } : {});
  }
  const params = { file: content, mimeType: rest.mime_type, purpose: rest.purpose };
  const names = { filename: 'filename', bytes: 'bytes', part_size: 'partSize', max_concurrency: 'maxConcurrency', md5: 'md5', compute_md5: 'computeMd5', keep_on_failure: 'keepOnFailure', expires_after: 'expiresAfter', resume: 'resume' };
  for (const [from, to] of Object.entries(names)) if (rest[from] !== undefined) params[to] = rest[from];
  if (onProgress) params.onProgress = (now) => events.push({ upload_id: now.uploadID, bytes_done: now.bytesDone, bytes_total: now.bytesTotal, parts_done: now.partsDone, parts_total: now.partsTotal });
  try {
    const value = await uploadFileChunked(client.uploads, params, requestOptions);
    return onProgress ? { events, value, error: null } : { value, request_id: value._request_id ?? null };
  } catch (error) {
    if (!onProgress) throw error;
    return { events, error: described(error) };
  }
}

/**
 * A stream put together: the events of a higher level, and what they come to. They are those of the core's accumulators, fed with the events
 * of the public stream; `start` gives that stream.
 */
function accumulated(kind, start) {
  return async ({ client, args, requestOptions, limits, described, Usage }) => {
    const { stream_to: to, stop_after: stopAfter, ...rest } = args;
    if (to !== undefined && !['callback', 'async_callback', 'channel'].includes(to)) throw new Usage('the argument `stream_to` has another value');
    if (rest.starting_after !== undefined && kind === 'response' && rest.response_id === undefined) throw new Usage('`starting_after` needs a `response_id`');
    const limit = Math.min(limits.events, stopAfter ?? Infinity);
    const stream = await start(client, rest, requestOptions);
    const accumulator = new (nativeModule().Accumulator)(kind, rest.starting_after);
    const events = [];
    let count = 0;
    try {
      for await (const event of stream) {
        const made = kind === 'assistant' ? accumulator.push(event.event, JSON.stringify(event.data)) : accumulator.push('', JSON.stringify(event));
        events.push(...JSON.parse(made));
        count += 1;
        if (events.length >= limit) break;
      }
      if (events.length < limit) events.push(...JSON.parse(accumulator.finish()));
    } catch (error) {
      const record = described(fromNative(error));
      if (events.length === 0 && record.partial === null) return { error: record };
      // Where the stream itself was sound, the text is that of the events made of it.
      const text = record.partial?.text ?? events.map((event) => (/^(content|text)\.delta$/.test(event.type) ? event.delta : '')).join('');
      record.partial = { text, events: record.partial?.events ?? count, snapshot: JSON.parse(accumulator.snapshot()) };
      return { events, value: null, error: record };
    }
    const isWhole = events.length < limit || (stopAfter ?? Infinity) < limits.events;
    return { events: events.slice(0, limit), value: isWhole ? JSON.parse(accumulator.snapshot()) : null, error: null };
  };
}

const runStream = accumulated('assistant', (client, { thread_id, ...body }, options) => client.beta.threads.runs.create(thread_id, { ...body, stream: true }, options));

/** A parsed answer: types are said in `response_format`, `text_format` and `tools`. */
function parsed(kind) {
  return async ({ client, args, requestOptions, Usage }) => {
    const { response_format: format, text_format: textFormat, tools, ...body } = args;
    if (tools !== undefined) {
      const make = kind === 'chat' ? jsonSchemaFunction : jsonSchemaResponseFunction;
      body.tools = tools.map((tool) => (tool.$type ? make(tool.$type) : tool));
    }
    if (kind === 'chat') {
      if (format?.$type) body.response_format = jsonSchemaResponseFormat(format.$type);
      else if (format !== undefined) body.response_format = format;
      // The official method refuses tools that are not strict; what it is made of reads the others.
      const isStrict = (body.tools ?? []).every((tool) => tool.type !== 'function' || tool.function.strict === true);
      const value = isStrict
        ? await client.chat.completions.parse(body, requestOptions)
        : parseChatCompletion(await client.chat.completions.create(body, requestOptions), body);
      return { value, request_id: value._request_id ?? null };
    }
    if (textFormat !== undefined && !textFormat.$type) throw new Usage('`text_format` is a type');
    if (textFormat) body.text = { ...body.text, format: jsonSchemaTextFormat(textFormat.$type) };
    const value = await client.responses.parse(body, requestOptions);
    return { value, request_id: value._request_id ?? null };
  };
}

export const helpers = {
  ...spoken,
  'chat.completions.parse': parsed('chat'),
  'beta.chat.completions.parse': parsed('chat'),
  'responses.parse': parsed('responses'),
  'chat.completions.stream': accumulated('chat', (client, body, options) => client.chat.completions.create({ ...body, stream: true }, options)),
  'completions.stream': accumulated('completion', (client, body, options) => client.completions.create({ ...body, stream: true }, options)),
  'responses.stream': accumulated('response', (client, { response_id: id, starting_after: _, ...body }, options) =>
    id === undefined ? client.responses.create({ ...body, stream: true }, options) : client.responses.retrieve(id, { ...body, stream: true }, options)),
  'beta.threads.runs.stream': runStream,
  'beta.threads.runs.create_and_stream': runStream,
  'beta.threads.runs.submit_tool_outputs_stream': accumulated('assistant', (client, { run_id, ...params }, options) =>
    client.beta.threads.runs.submitToolOutputs(run_id, { ...params, stream: true }, options)),
  'beta.threads.create_and_run_stream': accumulated('assistant', (client, body, options) => client.beta.threads.createAndRun({ ...body, stream: true }, options)),

  'beta.threads.runs.create_and_poll': polling((client, { thread_id, ...body }, options) => client.beta.threads.runs.createAndPoll(thread_id, body, options)),
  'beta.threads.runs.poll': polling((client, { thread_id, run_id }, options) => client.beta.threads.runs.poll(run_id, { thread_id }, options)),
  'beta.threads.runs.submit_tool_outputs_and_poll': polling((client, { run_id, ...params }, options) => client.beta.threads.runs.submitToolOutputsAndPoll(run_id, params, options)),
  'beta.threads.create_and_run_poll': polling((client, body, options) => client.beta.threads.createAndRunPoll(body, options)),
  'vector_stores.files.create_and_poll': polling((client, { vector_store_id, ...body }, options) => client.vectorStores.files.createAndPoll(vector_store_id, body, options)),
  'vector_stores.files.poll': polling((client, { vector_store_id, file_id }, options) => client.vectorStores.files.poll(vector_store_id, file_id, options)),
  'vector_stores.files.upload_and_poll': polling((client, { vector_store_id, file, ...rest }, options) => client.vectorStores.files.uploadAndPoll(vector_store_id, file, { ...options, ...more(rest) })),
  'vector_stores.files.upload': polling((client, { vector_store_id, file, ...rest }, options) => client.vectorStores.files.upload(vector_store_id, file, { ...options, ...more(rest) })),
  'vector_stores.file_batches.create_and_poll': polling((client, { vector_store_id, ...body }, options) => client.vectorStores.fileBatches.createAndPoll(vector_store_id, body, options)),
  'vector_stores.file_batches.poll': polling((client, { vector_store_id, batch_id }, options) => client.vectorStores.fileBatches.poll(vector_store_id, batch_id, options)),
  'vector_stores.file_batches.upload_and_poll': polling((client, { vector_store_id, files, file_ids, max_concurrency, ...rest }, options) =>
    client.vectorStores.fileBatches.uploadAndPoll(vector_store_id, { files, fileIds: file_ids }, { ...options, maxConcurrency: max_concurrency, ...more(rest) })),
  'files.wait_for_processing': polling((client, { id, file_id }, { pollIntervalMs, maxWaitMs }) =>
    client.files.waitForProcessing(id ?? file_id, { ...(pollIntervalMs === undefined ? {} : { pollInterval: pollIntervalMs }), ...(maxWaitMs === undefined ? {} : { maxWait: maxWaitMs }) })),
  'webhooks.unwrap': (line) => webhook('unwrap', line),
  'webhooks.verify_signature': (line) => webhook('verifySignature', line),
  'uploads.upload_file_chunked': chunked,
};

/** What uploads into vector stores take besides, under the names of Node. */
function more({ attributes, chunking_strategy: chunkingStrategy }) {
  return { ...(attributes === undefined ? {} : { attributes }), ...(chunkingStrategy === undefined ? {} : { chunkingStrategy }) };
}

for (const [resource, path, own] of [
  ['videos', [], 'video_id'],
  ['responses', [], 'response_id'],
  ['beta.responses', [], 'response_id'],
  ['batches', [], 'batch_id'],
  ['fine_tuning.jobs', [], 'fine_tuning_job_id'],
  ['evals.runs', ['eval_id'], 'run_id'],
]) {
  helpers[`${resource}.poll`] = polling((client, args, options) => poll(client, resource, [...path, own].map((name) => args[name]), options));
  helpers[`${resource}.create_and_poll`] = polling((client, args, options) => createAndPoll(client, resource, take(args, ...path), args, options));
}

for (const [name, helper] of Object.entries(helpers)) {
  helpers[name] = (line) => {
    describedLate = line.described;
    return helper(line);
  };
}
