/** Runs of functions over responses, turn by turn: the program may look at each turn, answer calls itself and add to the conversation. */
import type { OpenAI } from '../client.js';
import { OpenAIError } from '../core/error.js';
import type { RequestOptions } from '../internal/request-options.js';
import { Admission, failureOf, optionsOfNext, report, type RunnerDiagnostic, type RunnerDiagnosticObserver } from '../internal/runner.js';
import { isAutoParsableTool, type AutoParseableResponseTool } from '../lib/ResponsesParser.js';
import { toResponseInputItems } from '../lib/responses/ResponseInputItems.js';
import type {
  FunctionTool, Response, ResponseCreateParamsNonStreaming, ResponseInputItem, ResponseOutputItem, ResponseStreamEvent, Tool,
} from '../resources/responses/responses.js';

export type { RunnerDiagnostic, RunnerDiagnosticObserver };

type Output = ResponseInputItem.FunctionCallOutput['output'];

/** A function of the program, and how the model sees it. */
export interface RunnerFunction {
  tool: FunctionTool;
  /** Whether the program may give the output itself, between two requests. Default false. */
  allowOutputOverride?: boolean;
  /** Whether it does not depend on the calls beside it. Calls of a turn are made one after the other all the same. */
  independent?: boolean;
  /** Gives a text, or parts. What it throws ends the run. */
  execute: (args: Record<string, unknown>, options?: { signal: AbortSignal | undefined }) => Output | Promise<Output>;
}

/** The tools of a run. */
export interface ResponsesRunnerTools {
  functions?: RunnerFunction[];
}

export interface ResponsesRunnerOptions {
  /** Most requests; nothing is called for the last. Default 20. */
  maxSteps?: number;
  /** Whether replies are streamed, to `onEvent`. */
  stream?: boolean;
  /** Gets each event, in a copy; the stream waits for it. */
  onEvent?: (event: ResponseStreamEvent) => void | Promise<void>;
  signal?: AbortSignal;
  requestOptions?: RequestOptions;
  /** Decides on what a server of MCP asks leave for. */
  approveMcp?: (request: Readonly<ResponseOutputItem.McpApprovalRequest>) => boolean | Promise<boolean>;
  onDiagnostic?: RunnerDiagnosticObserver;
}

/** A reply. Its functions are called once the iterator goes on. */
export interface ResponsesRunnerTurn {
  readonly response: Response;
  /** Number of the request, from 1. */
  readonly step: number;
  /** Whether nothing is called for. */
  readonly final: boolean;
  readonly toolsExecuted: boolean;
  readonly attemptedCallIds: readonly string[];
  readonly completedCallIds: readonly string[];
  /** Outputs in place of calls of functions that allow it; a second list replaces the first. */
  supplyOutputs: (outputs: ResponseInputItem.FunctionCallOutput[]) => void;
  /** A message of the user behind this turn's outputs. */
  appendUserText: (text: string) => void;
}

/** A run that did not end well. It says which calls were begun and which have ended, and nothing of what they said. */
export class ResponsesToolRunnerError extends OpenAIError {
  readonly attemptedCallIds: string[];
  readonly completedCallIds: string[];

  constructor(message: string, attempted: string[], completed: string[]) {
    super(message);
    this.name = 'ResponsesToolRunnerError';
    this.attemptedCallIds = [...attempted];
    this.completedCallIds = [...completed];
  }
}

/** A check of ours, whose words may be told. */
class Refused extends Error {}

/** Kinds of tools that the provider runs. */
const OF_THE_PROVIDER = new Set(['web_search', 'web_search_preview', 'file_search', 'code_interpreter', 'image_generation', 'mcp']);
const BESIDE = new Set(['message', 'reasoning', 'compaction', 'web_search_call', 'file_search_call', 'code_interpreter_call', 'image_generation_call', 'mcp_list_tools', 'mcp_call']);
/** What the official package's runner takes besides, and this one does not. */
const NOT_HERE = ['browser', 'computer', 'earlyExecution', 'eager', 'maxConcurrentCalls', 'computerOptions', 'beforeEarlyCall', 'ledger', 'contextBudget'];

const isFields = (value: unknown): value is Record<string, any> => typeof value === 'object' && value !== null && !Array.isArray(value);

function refuseOthers(given: object): void {
  for (const name of NOT_HERE) {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined || value === null || value === false) continue;
    throw new TypeError(`\`${name}\` of runs over responses is not offered by this package; functions and approvals of MCP are`);
  }
}

/** An output as it is sent. */
function outputOf(value: unknown): Output {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) throw new TypeError('Supplied output must be text or native content blocks.');
  for (const part of value) {
    const fits =
      isFields(part) &&
      ((part['type'] === 'input_text' && typeof part['text'] === 'string') || part['type'] === 'input_image' || part['type'] === 'input_file');
    if (!fits) throw new TypeError('Supplied output has an invalid content block.');
  }
  return structuredClone(value) as Output;
}

/** Parses arguments, and gives what makes the call. */
type Prepare = (args: Record<string, unknown>) => () => unknown;

/** How functions of typed tools parse their arguments: before anything of a turn is called. */
const typed = new WeakMap<object, Prepare>();

/** A function of a tool that knows how to parse its arguments (`zodResponsesFunction` and its kin). */
export function runnerFunction<Arguments>(tool: AutoParseableResponseTool<{ name: string; arguments: Arguments }>): RunnerFunction {
  const { $parseRaw: parse, $callback: run } = tool as unknown as { $parseRaw?: (text: string) => unknown; $callback?: (args: unknown) => unknown };
  if (!isAutoParsableTool(tool as never) || typeof parse !== 'function' || typeof run !== 'function') {
    throw new TypeError('runnerFunction requires a typed Responses tool with a parser and callback.');
  }
  const prepare: Prepare = (args) => {
    const parsed = parse.call(tool, JSON.stringify(args));
    return () => run.call(tool, parsed);
  };
  const execute = async (args: Record<string, unknown>): Promise<Output> => outputOf(await prepare(args)());
  typed.set(execute, prepare);
  return { tool: { ...(tool as unknown as FunctionTool) }, execute };
}

/** Asks the model, calls the functions that it asks for in their order, gives it their outputs, until it asks for none. */
export class ResponsesToolRunner {
  #admission = new Admission();
  #functions = new Map<string, RunnerFunction>();
  #declared: Tool[] = [];

  /** Fails where tools cannot be told apart. */
  constructor(registered: ResponsesRunnerTools) {
    refuseOthers(registered);
    const { functions = [] } = registered;
    if (!Array.isArray(functions)) throw new TypeError('Registered functions must be an array.');
    for (const one of functions as unknown[]) {
      const { tool, execute } = (isFields(one) ? one : {}) as Partial<RunnerFunction>;
      if (!isFields(tool) || tool['type'] !== 'function' || typeof tool['name'] !== 'string' || tool['name'] === '') {
        throw new TypeError('Registered functions require a function declaration with a nonempty name.');
      }
      if (this.#functions.has(tool['name'])) throw new TypeError('ResponsesToolRunner requires unique function names.');
      if (typeof execute !== 'function') throw new TypeError('Registered functions require a callable executor.');
      this.#functions.set(tool['name'], one as RunnerFunction);
      this.#declared.push({ ...(tool as unknown as FunctionTool) });
    }
  }

  /** Begins no more runs; the one that is under way goes on. */
  close(): { status: 'closed' | 'draining' } {
    return this.#admission.close();
  }

  /** The turns of a run. Leaving the loop ends it, with its calls not made. */
  async *iterate(
    client: OpenAI,
    params: ResponseCreateParamsNonStreaming,
    options: ResponsesRunnerOptions = {},
  ): AsyncGenerator<ResponsesRunnerTurn, void, unknown> {
    this.#admission.enter();
    try {
      refuseOthers(options);
      const run = new Run(client, this.#functions, options, this.#request(params, options));
      yield* run.turns();
    } finally {
      this.#admission.leave();
    }
  }

  /** The last reply. */
  async run(client: OpenAI, params: ResponseCreateParamsNonStreaming, options: ResponsesRunnerOptions = {}): Promise<Response> {
    for await (const turn of this.iterate(client, params, options)) if (turn.final) return turn.response;
    throw new OpenAIError('Response has no completed final message.');
  }

  #request(params: ResponseCreateParamsNonStreaming, { maxSteps = 20 }: ResponsesRunnerOptions): Record<string, any> {
    if (!Number.isSafeInteger(maxSteps) || maxSteps < 1) throw new TypeError('maxSteps must be positive; eager requires stream.');
    const { tools = [], input = [], include, ...rest } = params as Record<string, any>;
    const others = (tools ?? []) as Tool[];
    const isChained = rest['stream'] || rest['background'] || rest['conversation'] != null || rest['previous_response_id'] != null;
    if (isChained || others.some((tool) => !OF_THE_PROVIDER.has(tool?.type))) {
      throw new TypeError('ResponsesToolRunner requires foreground explicit input history and registered tools.');
    }
    const choice = rest['tool_choice'];
    if (choice === 'required' || (isFields(choice) && choice['type'] === 'function')) {
      throw new TypeError('ResponsesToolRunner cannot finish when tool_choice always requires a local tool. Use auto or responses.create for a single forced request.');
    }
    const encrypted = 'reasoning.encrypted_content';
    return {
      ...rest,
      tools: [...this.#declared, ...others],
      input: typeof input === 'string' ? [{ role: 'user', content: input }] : [...input],
      include: [...(include ?? []), ...(include?.includes(encrypted) ? [] : [encrypted])],
    };
  }
}

/** One run. */
class Run {
  #attempted: string[] = [];
  #completed: string[] = [];
  #supplied = new Map<string, Output>();
  #said: ResponseInputItem[] = [];
  #ids = new Set<string>();
  readonly #signal: AbortSignal | undefined;

  constructor(
    private readonly client: OpenAI,
    private readonly functions: ReadonlyMap<string, RunnerFunction>,
    private readonly options: ResponsesRunnerOptions,
    private readonly request: Record<string, any>,
  ) {
    this.#signal = options.signal ?? options.requestOptions?.signal ?? undefined;
  }

  #report(stage: RunnerDiagnostic['stage'], reason: RunnerDiagnostic['reason'], began: number, more: Partial<RunnerDiagnostic> = {}, usage?: unknown): void {
    report(this.options.onDiagnostic, { api: 'responses', stage, reason, ...more }, began, usage);
  }

  async *turns(): AsyncGenerator<ResponsesRunnerTurn, void, unknown> {
    const { maxSteps = 20 } = this.options;
    try {
      for (let step = 0; ; step += 1) {
        this.#signal?.throwIfAborted();
        if (step >= maxSteps) throw new Refused('ResponsesToolRunner reached maxSteps.');
        const began = performance.now();
        const response = await this.#ask(step, began);
        const items = this.#checked(response);
        this.#report('request', 'completed', began, {}, response.usage);
        const prepared = new Map<string, () => unknown>();
        for (const item of items) if (item.type === 'function_call') prepared.set(item.call_id, this.#prepare(item));
        const calls = items.filter(({ type }) => type === 'function_call' || type === 'mcp_approval_request');
        const final = calls.length === 0;
        if (final && !items.some(({ type }) => type === 'message')) throw new Refused('Response has no completed final message.');
        const state = { active: true };
        try {
          yield this.#turn(response, step, calls, state);
        } finally {
          state.active = false;
        }
        this.#signal?.throwIfAborted();
        if (final) return;
        const outputs: ResponseInputItem[] = [];
        for (const call of calls) {
          if (step >= maxSteps - 1) throw new Refused('ResponsesToolRunner reached maxSteps.');
          outputs.push(call.type === 'function_call' ? await this.#call(call, prepared.get(call.call_id)!) : await this.#approve(call));
        }
        this.request['input'].push(...toResponseInputItems(items), ...outputs, ...this.#said.splice(0));
        this.#supplied.clear();
      }
    } catch (error) {
      const why = error instanceof Refused ? error.message : 'ResponsesToolRunner stopped. Inspect attemptedCallIds and completedCallIds before retrying.';
      throw new ResponsesToolRunnerError(why, this.#attempted, this.#completed);
    }
  }

  async #ask(step: number, began: number): Promise<Response> {
    const { requestOptions, stream, onEvent } = this.options;
    const own = this.#signal ? { ...requestOptions, signal: this.#signal } : requestOptions;
    const options = step === 0 ? own : optionsOfNext(this.client, own);
    const body: any = { ...this.request, input: [...this.request['input']] };
    try {
      const response = stream ? await this.#streamed(body, options, onEvent) : await this.client.responses.create(body, options);
      this.#signal?.throwIfAborted();
      return response as Response;
    } catch (error) {
      this.#report('request', failureOf('request', this.#signal), began);
      throw error;
    }
  }

  async #streamed(body: any, options: RequestOptions | undefined, onEvent: ResponsesRunnerOptions['onEvent']): Promise<Response> {
    const stream = this.client.responses.stream({ ...body, stream: true }, options);
    try {
      for await (const event of stream) {
        await onEvent?.(structuredClone(event));
        this.#signal?.throwIfAborted();
      }
      return (await stream.finalResponse()) as unknown as Response;
    } finally {
      stream.abort();
    }
  }

  /** The items of a reply, if all of them can be answered, and sent again. */
  #checked(response: Response): any[] {
    if (response.status !== 'completed') throw new Refused('Response was not completed.');
    if (!Array.isArray(response.output)) throw new Refused('Response output requires a native array.');
    const items = structuredClone(response.output) as any[];
    const seen = new Set(this.#attempted);
    for (const item of items) {
      if (typeof item.id === 'string' && item.id !== '') {
        if (this.#ids.has(item.id)) throw new Refused('Response output item IDs must be unique across the run.');
        this.#ids.add(item.id);
      }
      if (BESIDE.has(item.type)) continue;
      if (item.type === 'mcp_approval_request') {
        if (typeof item.id !== 'string' || seen.has(item.id)) throw new Refused('Invalid or duplicate MCP approval request.');
        seen.add(item.id);
      } else if (item.type === 'function_call') {
        const isWhole = item.status === undefined || item.status === null || item.status === 'completed';
        if (!isWhole || !this.functions.has(item.name)) throw new Refused('Incomplete or unregistered function call.');
        if (typeof item.call_id !== 'string' || seen.has(item.call_id)) throw new Refused('Invalid or duplicate completed call.');
        seen.add(item.call_id);
      } else throw new Refused('Unsupported response output item.');
    }
    return items;
  }

  #turn(response: Response, step: number, calls: any[], state: { active: boolean }): ResponsesRunnerTurn {
    const open = new Set(calls.filter(({ name }) => this.functions.get(name)?.allowOutputOverride).map(({ call_id }) => call_id));
    const final = calls.length === 0;
    return {
      response,
      step: step + 1,
      final,
      toolsExecuted: false,
      attemptedCallIds: [...this.#attempted],
      completedCallIds: [...this.#completed],
      supplyOutputs: (outputs) => {
        if (!state.active) throw new TypeError('This turn does not accept supplied outputs.');
        const next = new Map<string, Output>();
        for (const { type, call_id: id, output } of outputs as any[]) {
          if (type !== 'function_call_output' || !open.has(id) || next.has(id)) {
            throw new TypeError('Supplied output call ID is not unique and permitted for this turn.');
          }
          next.set(id, outputOf(output));
        }
        this.#supplied = next;
      },
      appendUserText: (text) => {
        if (!state.active || final || typeof text !== 'string' || !text.trim()) {
          throw new TypeError('User text requires a non-final active turn and a nonempty string.');
        }
        this.#said.push({ role: 'user', content: text });
      },
    };
  }

  /** Reads the arguments of a call; what it gives makes the call. */
  #prepare({ call_id, name, arguments: text }: any): () => unknown {
    const began = performance.now();
    const { execute } = this.functions.get(name)!;
    try {
      const args: unknown = JSON.parse(text);
      if (!isFields(args)) throw new Refused('Function arguments must be an object.');
      return typed.get(execute)?.(args) ?? (() => (this.#signal ? execute(args, { signal: this.#signal }) : execute(args)));
    } catch (error) {
      this.#report('arguments', 'invalid_input', began, { call_id, member: name });
      throw error;
    }
  }

  async #call({ call_id: id, name }: any, run: () => unknown): Promise<ResponseInputItem> {
    this.#signal?.throwIfAborted();
    const about = { call_id: id as string, member: name as string };
    this.#attempted.push(id);
    let output = this.#supplied.get(id);
    if (output === undefined) {
      let stage: 'action' | 'output' = 'action';
      const began = performance.now();
      try {
        const given = await run();
        this.#report('action', 'completed', began, about);
        stage = 'output';
        output = outputOf(given);
      } catch (error) {
        this.#report(stage, failureOf(stage, this.#signal), began, about);
        throw error;
      }
    }
    this.#completed.push(id);
    this.#signal?.throwIfAborted();
    return { type: 'function_call_output', call_id: id, output };
  }

  async #approve(request: any): Promise<ResponseInputItem> {
    const began = performance.now();
    const about = { call_id: request.id, member: request.name };
    this.#attempted.push(request.id);
    try {
      this.#signal?.throwIfAborted();
      const approve: unknown = await this.options.approveMcp?.(structuredClone(request));
      this.#signal?.throwIfAborted();
      if (typeof approve !== 'boolean') throw new Refused('MCP approval requires a literal true or false from approveMcp.');
      this.#report('approval', approve ? 'completed' : 'refused', began, about);
      this.#completed.push(request.id);
      return { type: 'mcp_approval_response', approval_request_id: request.id, approve };
    } catch (error) {
      this.#report('approval', failureOf('approval', this.#signal), began, about);
      throw error;
    }
  }
}
