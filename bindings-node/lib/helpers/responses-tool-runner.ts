/** Runs of functions over responses, turn by turn: the program may look at each turn, answer calls itself and add to the conversation. */
import type { OpenAI } from '../client.js';
import { OpenAIError } from '../core/error.js';
import type { RequestOptions } from '../internal/request-options.js';
import { Admission, type RunnerDiagnostic, type RunnerDiagnosticObserver } from '../internal/runner.js';
import { isItem, isText, type Item } from '../internal/tools/native-items.js';
import { Run, suppliedOutput, type Registered } from '../internal/tools/response-run.js';
import { isAutoParsableTool, type AutoParseableResponseTool } from '../lib/ResponsesParser.js';
import type { BrowserToolset } from './browser.js';
import type { ComputerExecutionOptions, ComputerToolset } from './computer.js';
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
  /** Whether it does not depend on the calls beside it: calls that begin early (`eager`) may then run together. */
  independent?: boolean;
  /** Gives a text, or parts. What it throws ends the run. */
  execute: (args: Record<string, unknown>, options?: { signal: AbortSignal | undefined }) => Output | Promise<Output>;
}

/** What may begin while a reply still comes, before all of it was looked at. */
export interface ResponsesEarlyExecution {
  /** Names of functions, of the browser's as well. */
  functions?: readonly string[];
  computer?: boolean;
}

/** The tools of a run. */
export interface ResponsesRunnerTools {
  browser?: BrowserToolset;
  /** Is declared as `computer`, where the request has no other tool of its kind. */
  computer?: ComputerToolset;
  functions?: RunnerFunction[];
  /** Limits `eager`: the first call that may not begin early waits, and all behind it. Without it all may. */
  earlyExecution?: ResponsesEarlyExecution | null | undefined;
}

/** Limits of what each request of a run sends, in bytes of JSON and in pictures. The history itself stays whole. */
export interface ResponsesContextBudget {
  maxInputBytes: number;
  maxInputImages: number;
  /** Newest pictures of screens that are sent in any case. Default 1. */
  keepRecentScreenshots?: number;
  /** Asked which results to leave out, where a request would exceed the limits. */
  compact?: (snapshot: { history: ResponseInputItem[]; eligibleCallIds: string[]; inputBytes: number; inputImages: number }) =>
    | { dropCallIds: string[]; summary?: string }
    | Promise<{ dropCallIds: string[]; summary?: string }>;
}

/** A run as it was at one moment, with the whole conversation; of a server's address and credentials it has only a fingerprint. */
export interface ResponsesRunnerCheckpoint {
  version: 1;
  run_id: string;
  revision: number;
  /** Only from a `boundary` can a run go on. */
  phase: 'boundary' | 'pending' | 'final';
  max_steps: number;
  consumed_requests: number;
  tools: Tool[];
  output_override_names: string[];
  history: ResponseInputItem[];
  /** Calls that were begun. One that has not returned may have had its effect. */
  attempted_call_ids: string[];
  returned_call_ids: string[];
  pending_items: ResponseOutputItem[];
  returned_outputs: ResponseInputItem[];
  final_response: Response | null;
}

/** Where a run is recorded: before each request, before and after each call, and at its end. */
export interface ResponsesRunnerLedger {
  runId: string;
  /** Must have stored the checkpoint when it is done; the run goes on only then. */
  save: (checkpoint: ResponsesRunnerCheckpoint) => void | Promise<void>;
  /** Where the run goes on; `input` is then what the user says now. */
  resumeFrom?: ResponsesRunnerCheckpoint;
}

export interface ResponsesRunnerOptions {
  /** Most requests; nothing is called for the last. Default 20. */
  maxSteps?: number;
  /** Whether replies are streamed, to `onEvent`. */
  stream?: boolean;
  /** Whether calls begin while the reply still comes; needs `stream`. */
  eager?: boolean;
  /** Most calls of independent functions that run together. Default 2. */
  maxConcurrentCalls?: number;
  /** Gets each event, in a copy; the stream waits for it. */
  onEvent?: (event: ResponseStreamEvent) => void | Promise<void>;
  signal?: AbortSignal;
  requestOptions?: RequestOptions;
  computerOptions?: ComputerExecutionOptions;
  /** Decides on what a server of MCP asks leave for. */
  approveMcp?: (request: Readonly<ResponseOutputItem.McpApprovalRequest>) => boolean | Promise<boolean>;
  onDiagnostic?: RunnerDiagnosticObserver;
  /** Asked before a call begins early; `defer` has it wait with all behind it. */
  beforeEarlyCall?: (call: Readonly<Extract<ResponseOutputItem, { type: 'function_call' | 'computer_call' }>>) => 'execute' | 'defer' | Promise<'execute' | 'defer'>;
  ledger?: ResponsesRunnerLedger;
  contextBudget?: ResponsesContextBudget | null | undefined;
}

/** A reply. Its calls are carried out once the iterator goes on; with `eager` they may have been already. */
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
  const execute = async (args: Record<string, unknown>): Promise<Output> => suppliedOutput(await prepare(args)());
  typed.set(execute, prepare);
  return { tool: { ...(tool as unknown as FunctionTool) }, execute };
}

/** Asks the model, carries out what it asks for in its order, tells it what came of it, until it asks for nothing. */
export class ResponsesToolRunner {
  #admission = new Admission();
  #registered: Registered;

  /** Fails where tools cannot be told apart. */
  constructor(registered: ResponsesRunnerTools) {
    const { functions = [], browser, computer, earlyExecution: early } = registered;
    if (!Array.isArray(functions)) throw new TypeError('Registered functions must be an array.');
    const byName = new Map<string, RunnerFunction>();
    const declared: Item[] = browser?.tools() ?? [];
    const browserNames = new Set<string>(declared.map(({ name }) => name));
    for (const one of functions as unknown[]) {
      const { tool, execute } = (isItem(one) ? one : {}) as Partial<RunnerFunction>;
      if (!isItem(tool) || tool['type'] !== 'function' || !isText(tool['name']) || tool['name'] === '') {
        throw new TypeError('Registered functions require a function declaration with a nonempty name.');
      }
      if (byName.has(tool['name']) || browserNames.has(tool['name'])) throw new TypeError('ResponsesToolRunner requires unique function names.');
      if (typeof execute !== 'function') throw new TypeError('Registered functions require a callable executor.');
      byName.set(tool['name'], { ...(one as RunnerFunction), tool: { ...(tool as unknown as FunctionTool) } });
      declared.push({ ...tool });
    }
    const names = new Set([...browserNames, ...byName.keys()]);
    const rules = early == null ? undefined : earlyRules(early, names, computer);
    this.#registered = { functions: byName, typed, browser, browserNames, computer, declared, early: rules };
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
      yield* new Run(client, this.#registered, params, { ...options }).turns();
    } finally {
      this.#admission.leave();
    }
  }

  /** The last reply. */
  async run(client: OpenAI, params: ResponseCreateParamsNonStreaming, options: ResponsesRunnerOptions = {}): Promise<Response> {
    for await (const turn of this.iterate(client, params, options)) if (turn.final) return turn.response;
    throw new OpenAIError('Response has no completed final message.');
  }
}

function earlyRules({ functions = [], computer = false }: ResponsesEarlyExecution, names: ReadonlySet<string>, toolset: ComputerToolset | undefined): Registered['early'] {
  if (!Array.isArray(functions) || typeof computer !== 'boolean' || (computer && !toolset)) {
    throw new TypeError('`earlyExecution` takes a list of functions, and a computer only where the run has one.');
  }
  if (new Set(functions).size !== functions.length || functions.some((name) => !names.has(name))) {
    throw new TypeError('`earlyExecution` names functions of the run, each at most once.');
  }
  return { functions: new Set(functions as string[]), computer };
}
