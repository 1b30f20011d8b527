/**
 * Runs of tools over chat completions, responses and runs of assistants, with the core's rules: arguments are checked against their
 * schema, calls of one reply run at the same time, failures are told to the model, and all that was done is in the transcript.
 */
import type { OpenAI } from './client';
import type { Client } from './core/client';
import { ask, keepFunction, made, type ToolFunction } from './internal/asked';
import { Call } from './internal/call';
import { keep, nativeModule, type NativeClient, type NativeToolRun } from './internal/native';
import { parseResult } from './internal/parse';
import type { RequestOptions } from './internal/request-options';

export type { ToolFunction };

/** What is run: the resource whose `create` asks the model. */
export type ToolResource = 'chat.completions' | 'responses' | 'beta.threads.runs';

/** A call that the model asks for. */
export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** What a run did. */
export interface Transcript {
  steps: Array<{ reply: any; calls: Array<ToolCall & { outcome: string; output: string }> }>;
  messages: any[];
  usage: any;
}

/** Options of a run, and of its requests. */
export interface RunToolsOptions extends RequestOptions {
  /** The functions, by the names of their tools. A tool without one is not called: the run ends where the model asks for it. */
  functions?: Record<string, ToolFunction>;
  /** Most requests. Default 10. */
  maxSteps?: number;
  /** What happens when a function fails: the model is told (the default), or the run ends. */
  onError?: 'tell' | 'abort';
  /** `false`: one call after the other. */
  parallel?: boolean;
  /** Whether a `tool_choice` that forces a call stays after the first reply. */
  keepToolChoice?: boolean;
  /** Whether responses are chained by their ids in place of sending the conversation along. */
  chained?: boolean;
  /** Milliseconds between two looks at a run of an assistant. */
  pollInterval?: number;
  /** Decides on a call before it is made: a text stands for its result; what it throws ends the run. */
  beforeCall?: (call: ToolCall) => string | undefined | Promise<string | undefined>;
  /** Hears of each call's outcome. */
  afterCall?: (record: any) => void;
  /** Hears of each message that joins the conversation. */
  onMessage?: (message: any) => void;
}

/** What a run came to. */
export interface ToolRunResult<Reply = any> {
  /** The last reply. */
  reply: Reply;
  transcript: Transcript;
  _request_id?: string | null;
}

const KINDS: Record<ToolResource, string> = { 'chat.completions': 'chat', responses: 'responses', 'beta.threads.runs': 'runs' };

/** The functions as the native side takes them, with the schema that the params say of each. */
export function keepFunctions(functions: Record<string, ToolFunction>, tools: readonly any[], owner: object): string {
  const given = { ...functions };
  for (const tool of tools) {
    const name = (tool.function ?? tool).name;
    if (typeof tool.$callback === 'function' && !(name in given)) given[name] = tool.$callback;
  }
  const list = Object.entries(given).map(([name, run]) => {
    const tool = tools.find((tool) => (tool.function ?? tool.custom ?? tool)?.name === name);
    const custom = tool?.type === 'custom';
    const schema = custom ? undefined : (tool?.function ?? tool)?.parameters;
    return { name, custom, schema: schema ?? {}, function: keepFunction(run, custom, owner) };
  });
  return JSON.stringify(list);
}

interface Prepared {
  request: RequestOptions;
  make: (native: NativeClient, options: string | undefined) => NativeToolRun;
}

function prepare(resource: ToolResource, params: object, options: RunToolsOptions, owner: object): Prepared {
  const {
    functions = {}, maxSteps, onError, parallel, keepToolChoice, chained, pollInterval, beforeCall, afterCall, onMessage, ...request
  } = options;
  const { thread_id: thread = '', ...body } = params as { thread_id?: string; tools?: any[] };
  const heard = (hear: ((told: any) => unknown) | undefined): number | undefined =>
    hear &&
    keep(async (text) => {
      const said = await hear(JSON.parse(text));
      return typeof said === 'string' ? said : null;
    }, owner);
  const settings = JSON.stringify({
    max_steps: maxSteps,
    abort: onError === 'abort',
    sequential: parallel === false,
    keep_tool_choice: keepToolChoice ?? false,
    chained: chained ?? false,
    poll_interval: pollInterval === undefined ? undefined : pollInterval / 1000,
    before_call: heard(beforeCall),
    after_call: heard(afterCall),
    on_message: heard(onMessage),
  });
  const kept = keepFunctions(functions, body.tools ?? [], owner);
  const fields = JSON.stringify(body);
  const make: Prepared['make'] = (native, json) =>
    made(() => new (nativeModule().ToolRun)(native, KINDS[resource], thread, fields, kept, settings, json));
  return { request, make };
}

/** Asks the model, calls the functions that it asks for, gives it their results, until it answers. */
export async function runTools<Reply = any>(
  client: OpenAI,
  resource: ToolResource,
  params: object,
  options: RunToolsOptions = {},
): Promise<ToolRunResult<Reply>> {
  const owner: { run?: NativeToolRun } = {};
  const { request, make } = prepare(resource, params, options, owner);
  const call = new Call(client as Client, -1, [], undefined, request, {
    start: (native, id, json) => {
      owner.run = make(native, json);
      owner.run.run(id);
    },
    url: `/${resource}`,
  });
  const result = await call.result;
  held.set(result, owner);
  return parseResult(client as Client, result) as ToolRunResult<Reply>;
}

const held = new WeakMap<object, object>();

/** What a streamed run tells. */
export type ToolRunEvent =
  | { kind: 'event'; event: any }
  | { kind: 'calls'; calls: ToolCall[] }
  | { kind: 'result'; result: any };

const EVENTS = ['end', 'event', 'calls', 'result'] as const;

/** A run whose replies are streamed: their events, the calls of each reply, and the result of each call. */
export class ToolRunStream<Reply = any> implements AsyncIterable<ToolRunEvent> {
  #run: NativeToolRun | undefined;
  #begun: Promise<unknown> | undefined;
  #signal: AbortSignal | undefined;
  #start: () => NativeToolRun;

  constructor(client: OpenAI, resource: ToolResource, params: object, options: RunToolsOptions = {}) {
    const { request, make } = prepare(resource, params, options, this);
    this.#signal = request.signal ?? undefined;
    this.#start = () => {
      const { native, options: json } = (client as Client)._prepare(request);
      return make(native, json);
    };
  }

  async #native(): Promise<NativeToolRun> {
    const run = (this.#run ??= this.#start());
    await (this.#begun ??= ask((id) => run.stream(id), this.#signal));
    return run;
  }

  /** What comes next; `undefined` at the end. */
  async next(): Promise<ToolRunEvent | undefined> {
    const run = await this.#native();
    for (;;) {
      const { what, text } = await ask((id) => run.next(id), this.#signal);
      if (text === null) return undefined;
      const kind = EVENTS[what];
      if (kind === undefined || kind === 'end') continue;
      return { kind, [kind]: JSON.parse(text) } as unknown as ToolRunEvent;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ToolRunEvent, void, undefined> {
    try {
      for (;;) {
        const event = await this.next();
        if (event === undefined) return;
        yield event;
      }
    } finally {
      this.close();
    }
  }

  /** Goes on to the end: the last reply, and what was done. */
  async finalResult(): Promise<ToolRunResult<Reply>> {
    const run = await this.#native();
    const { text } = await ask((id) => run.end(id), this.#signal);
    return JSON.parse(text ?? '{"reply":null,"transcript":null}');
  }

  /** Ends it, with its request and the functions that are at work. */
  close(): void {
    this.#run?.close();
  }
}
