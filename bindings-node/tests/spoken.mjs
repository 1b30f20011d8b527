/** Connections, runs of tools and hosted agents, by the official Python names of the cases: `tests/runner/src/helpers` says what the arguments mean. */
import { Connection, MalformedEventError } from '../dist/sockets/connection.mjs';
import { prepareAgentDirectory, agentFile, agentFileDestination } from '../dist/helpers/beta/agents/filesystem.mjs';
import { AgentFileUploadError } from '../dist/lib/beta/agents/files.mjs';
import { ResponsesPool } from '../dist/responses-pool.mjs';
import { runTools, ToolRunStream } from '../dist/tool-runner.mjs';
import { jsonSchemaFunction, jsonSchemaResponseFunction } from '../dist/helpers/json-schema.mjs';

const milliseconds = (seconds) => (seconds === undefined || seconds === null ? undefined : seconds * 1000);

function known(args, names, Usage) {
  for (const name of Object.keys(args)) if (!names.includes(name)) throw new Usage(`unknown argument: ${name}`);
}

const TALK = ['send', 'audio', 'on', 'until', 'close', 'reconnect', 'on_reconnecting', 'ping_interval', 'ping_timeout', 'close_timeout', 'max_size'];
const ADDRESS = { model: 'model', call_id: 'callID', intent: 'intent', session_id: 'sessionID', graceful_close: 'gracefulClose' };

/** A conversation over a connection. */
function connection(resource, required, optional) {
  return async ({ client, args, requestOptions, limits, described, Usage }) => {
    known(args, [...TALK, ...required, ...optional], Usage);
    for (const name of required) if (typeof args[name] !== 'string') throw new Usage(`the argument \`${name}\` must be a text`);
    if (![undefined, 'abort'].includes(args.on_reconnecting)) throw new Usage('the argument `on_reconnecting` has another value');
    const params = {};
    for (const [from, to] of Object.entries(ADDRESS)) if (args[from] !== undefined) params[to] = args[from];
    const { reconnect } = args;
    const options = {
      ...requestOptions,
      ...(reconnect && { reconnect: { maxRetries: reconnect.max_retries, initialDelay: milliseconds(reconnect.initial_delay), maxDelay: milliseconds(reconnect.max_delay) } }),
      ...(args.on_reconnecting && { onReconnecting: () => ({ abort: true }) }),
      pingInterval: milliseconds(args.ping_interval),
      pingTimeout: milliseconds(args.ping_timeout),
      closeTimeout: milliseconds(args.close_timeout),
      maxPayload: args.max_size,
    };
    const open = await Connection.open(client, resource, params, options);
    const events = [];
    let failed;
    try {
      failed = await converse(open, args, limits, events);
    } catch (failure) {
      // A failure to send is the reader's news too, which says more.
      failed = (await rest(open)) ?? failure;
    }
    if (failed) return { events, value: null, error: described(failed) };
    const { code = 1000, reason = '' } = args.close ?? {};
    try {
      return { events, value: await open.close(code, reason), error: null };
    } catch (error) {
      return { events, value: null, error: described(error) };
    }
  };
}

async function rest(open) {
  let found;
  for (;;) {
    try {
      if ((await open.next()) === undefined) return found;
    } catch (error) {
      if (!(error instanceof MalformedEventError)) found ??= error;
    }
  }
}

async function converse(open, args, limits, events) {
  let failed;
  for (const event of args.send ?? []) await open.send(event);
  if (args.audio !== undefined) await open.sendAudio(Buffer.from(args.audio, 'base64'));
  const answers = [...(args.on ?? [])];
  while (events.length < limits.events) {
    let event;
    try {
      event = await open.next();
      if (event === undefined) break;
    } catch (error) {
      if (!(error instanceof MalformedEventError)) {
        failed = error;
        continue;
      }
      event = { type: 'connection.malformed', raw: error.raw };
    }
    events.push(event);
    const at = answers.findIndex((entry) => entry.event === event.type);
    if (at >= 0) for (const more of answers.splice(at, 1)[0].send) await open.send(more);
    if (event.type !== undefined && event.type === args.until) break;
  }
  return failed;
}

/** Responses over a pool. */
async function pool({ client, args, requestOptions, limits, described, Usage }) {
  known(args, ['create', 'concurrent', 'idle_time', 'max_age', 'max_connections'], Usage);
  const settings = { idleTime: milliseconds(args.idle_time), maxAge: milliseconds(args.max_age), maxConnections: args.max_connections };
  const made = new ResponsesPool(client, settings, requestOptions);
  const one = async (params) => {
    const events = [];
    try {
      const stream = await made.create(params);
      for await (const event of stream) {
        events.push(event);
        if (events.length >= limits.events) break;
      }
      return { events, error: null };
    } catch (error) {
      return { events, error: described(error) };
    }
  };
  const outcomes = [];
  if (args.concurrent) outcomes.push(...(await Promise.all(args.create.map(one))));
  else for (const params of args.create) outcomes.push(await one(params));
  const responses = outcomes.map(({ events, error }) => ({ events: events.length, error }));
  return { events: outcomes.flatMap(({ events }) => events), value: { opened: made.opened, responses }, error: null };
}

/** The function that a script describes. */
function scripted(script) {
  if (script === null || typeof script !== 'object' || Array.isArray(script)) return () => script;
  if ('$error' in script) return () => { throw new Error(script.$error); };
  // What crashes throws no error.
  if ('$panic' in script) return () => { throw script.$panic; };
  if ('$echo' in script) return (given) => given;
  if ('$each' in script) {
    const each = script.$each.map(scripted);
    return (given) => {
      const next = each.shift();
      if (!next) throw new Error('this tool was called more often than `$each` says');
      return next(given);
    };
  }
  if ('$meet' in script) {
    let waiting = 0;
    let open;
    const here = new Promise((resolve) => (open = resolve));
    return async () => {
      waiting += 1;
      if (waiting === script.$meet) open();
      await here;
      return script.value ?? null;
    };
  }
  return () => script;
}

/** A run of tools. */
function tools(resource) {
  return async ({ client, args, requestOptions, limits, described, Usage }) => {
    const { tools_results: results = {}, max_steps: maxSteps, on_error: onError, parallel, keep_tool_choice: keepToolChoice, chained, before_call: hooks, record, stream, ...params } = args;
    if (![undefined, 'tell', 'abort'].includes(onError)) throw new Usage(`the argument \`on_error\` cannot be \`${onError}\``);
    if (params.tools) {
      const make = resource === 'responses' ? jsonSchemaResponseFunction : jsonSchemaFunction;
      params.tools = params.tools.map((tool) => (tool.$type ? make(tool.$type) : tool));
    }
    const seen = [];
    const options = {
      ...requestOptions, maxSteps, onError, parallel, keepToolChoice, chained,
      functions: Object.fromEntries(Object.entries(results).map(([name, script]) => [name, scripted(script)])),
      ...(hooks && {
        beforeCall: ({ name }) => {
          const hook = hooks[name];
          if (hook && 'abort' in hook) throw new Error(hook.abort);
          return hook?.answer;
        },
      }),
      ...(record && { onMessage: (message) => seen.push(message) }),
    };
    if (stream) return streamed(new ToolRunStream(client, resource, params, options), limits, described);
    try {
      const { reply: final, transcript, _request_id } = await runTools(client, resource, params, options);
      const value = { final, transcript };
      return record ? { events: seen, value, error: null } : { value, request_id: _request_id ?? null };
    } catch (error) {
      if (!record) throw error;
      return { events: seen, value: null, error: described(error) };
    }
  };
}

async function streamed(stream, limits, described) {
  const events = [];
  try {
    while (events.length < limits.events) {
      const told = await stream.next();
      if (!told) {
        const { reply: final, transcript } = await stream.finalResult();
        return { events, value: { final, transcript }, error: null };
      }
      if (told.kind === 'event') events.push(told.event);
      else if (told.kind === 'calls') events.push({ type: 'tool_calls', calls: told.calls });
      else events.push({ ...told.result, type: 'tool_result' });
    }
    stream.close();
    return { events, value: null, error: null };
  } catch (error) {
    return { events, value: null, error: described(error) };
  }
}

/** A turn of an agent. */
async function turn({ client, args, requestOptions, limits, described, Usage }) {
  known(args, ['session_id', 'input', 'idempotency_key', 'on_tool_error', 'tool_handlers'], Usage);
  if (args.input === undefined) throw new Usage('misses the required argument `input`');
  const failures = [];
  const params = {
    input: args.input,
    ...(args.idempotency_key === undefined ? {} : { idempotencyKey: args.idempotency_key }),
    toolHandlers: Object.fromEntries(Object.entries(args.tool_handlers ?? {}).map(([name, script]) => [name, scripted(script)])),
    ...(args.on_tool_error && {
      onToolError: (failure) => failures.push({ type: 'tool_error', name: failure.tool_name, message: failure.error instanceof Error ? failure.error.message : String(failure.error) }),
    }),
  };
  const stream = client.beta.agents.sessions.stream(args.session_id, params, requestOptions);
  const events = [];
  let isShort = false;
  try {
    for await (const event of stream) {
      events.push(event);
      if (events.length >= limits.events) {
        isShort = true;
        break;
      }
    }
  } catch (error) {
    if (events.length === 0) return { error: described(error) };
    return { events: [...events, ...failures], value: null, error: described(error) };
  }
  events.push(...failures);
  if (isShort) return { events, value: null, error: null };
  try {
    const { turn, messages, output_text } = await stream.finalResult();
    return { events, value: { turn, messages, output_text }, error: null };
  } catch (error) {
    return { events, value: null, error: described(error) };
  }
}

/** Files of agents: a failure names what was uploaded. */
function agentFiles(call) {
  return async (line) => {
    try {
      return { value: await call(line), request_id: null };
    } catch (error) {
      if (!(error instanceof AgentFileUploadError)) throw error;
      const ids = error.uploadedFiles.map((file) => file.id);
      const count = Object.keys(line.args.files ?? {}).length;
      const made = count ? { id: null, uploaded: [...ids, ...Array(count - ids.length).fill(null)] } : { id: ids[0] ?? null, uploaded: [] };
      return { error: { ...line.described(error.cause), unfinished: { resource: 'files', status: null, ...made } } };
    }
  };
}

const prepared = ({ files, uploadedFiles }) => ({ files, uploaded_file_ids: uploadedFiles.map((file) => file.id) });

export const spoken = {
  'realtime.connect': connection('realtime', [], ['model', 'call_id', 'intent']),
  'beta.realtime.connect': connection('beta.realtime', ['model'], []),
  'realtime.translations.connect': connection('realtime.translations', ['model'], []),
  'live.connect': connection('live', [], []),
  'live.sideband.connect': connection('live.sideband', ['session_id'], ['graceful_close']),
  'live.forks.connect': connection('live.forks', ['session_id'], []),
  'responses.connect': connection('responses', [], []),
  'beta.responses.connect': connection('beta.responses', [], []),
  'responses.ws_pool': pool,
  'chat.completions.run_tools': tools('chat.completions'),
  'responses.run_tools': tools('responses'),
  'beta.threads.runs.run_tools': tools('beta.threads.runs'),
  'beta.agents.sessions.stream': turn,
  'beta.agents.environments.files.prepare': agentFiles(async ({ client, args, requestOptions }) => {
    const files = {};
    for (const [place, path] of Object.entries(args.files)) files[place] = await agentFile(path);
    return prepared(await client.beta.agents.environments.files.prepare(files, requestOptions));
  }),
  'beta.agents.environments.files.prepare_directory': agentFiles(async ({ client, args, requestOptions }) => {
    const { root, destination: to, include } = args;
    return prepared(await prepareAgentDirectory(client.beta.agents.environments.files, root, { include, to }, requestOptions));
  }),
  'beta.agents.environments.files.upload': agentFiles(async ({ client, args, requestOptions }) => {
    const { environment_id: id, file, path } = args;
    const made = await client.beta.agents.environments.files.upload(id, { file, path }, requestOptions);
    return { uploaded_file_id: made.uploadedFile.id, file: made.environmentFile };
  }),
  'beta.agents.sessions.artifacts.for_result': async ({ client, args, requestOptions }) => {
    const { session_id, turn_id, path, to } = args;
    const artifacts = client.beta.agents.sessions.artifacts.forResult({ session_id, turn_id });
    return { value: await artifacts.download({ path, to: agentFileDestination(to) }, requestOptions), request_id: null };
  },
};
