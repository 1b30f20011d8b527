/** Computer use: carries out the actions that a model asks for, on a computer that the program brings along. */
import type { OpenAI } from '../client.js';
import { OpenAIError } from '../core/error.js';
import type { RequestOptions } from '../internal/request-options.js';
import { Admission, optionsOfNext, report, type RunnerDiagnostic, type RunnerDiagnosticObserver } from '../internal/runner.js';
import { actionsOf, areChecks, every, isAction, isCompaction, isItem, isMessage, isReasoning, isScreenshot, isText, type Item } from '../internal/tools/native-items.js';
import { toResponseInputItems } from '../lib/responses/ResponseInputItems.js';
import type {
  ComputerAction, Response, ResponseComputerToolCall, ResponseComputerToolCallOutputScreenshot, ResponseCreateParamsNonStreaming, ResponseInputItem,
} from '../resources/responses/responses.js';

export type { RunnerDiagnostic, RunnerDiagnosticObserver };

/** A picture of the screen: an address (also of kind `data:`), or a file at the provider. */
export type ComputerScreenshot = ResponseComputerToolCallOutputScreenshot;

/** A call of a computer; those of today may leave their safety checks out. */
export type ComputerCallInput =
  | ResponseComputerToolCall
  | (Omit<ResponseComputerToolCall, 'action' | 'actions' | 'pending_safety_checks'> & {
      action?: never;
      actions: NonNullable<ResponseComputerToolCall['actions']>;
      pending_safety_checks?: ResponseComputerToolCall['pending_safety_checks'] | undefined;
    });

type Execution = { signal: AbortSignal | undefined };

/** A computer. Each method does one action, and throws where it cannot; pictures have the pixels that actions count in. */
export interface ComputerDriver {
  click: (action: ComputerAction.Click, options: Execution) => void | Promise<void>;
  double_click: (action: ComputerAction.DoubleClick, options: Execution) => void | Promise<void>;
  drag: (action: ComputerAction.Drag, options: Execution) => void | Promise<void>;
  keypress: (action: ComputerAction.Keypress, options: Execution) => void | Promise<void>;
  move: (action: ComputerAction.Move, options: Execution) => void | Promise<void>;
  screenshot: (options: Execution) => ComputerScreenshot | Promise<ComputerScreenshot>;
  scroll: (action: ComputerAction.Scroll, options: Execution) => void | Promise<void>;
  type: (action: ComputerAction.Type, options: Execution) => void | Promise<void>;
  wait: (action: ComputerAction.Wait, options: Execution) => void | Promise<void>;
}

export interface ComputerExecutionOptions {
  /** Asked before a call with safety checks; anything but `true` is a no, and so is its absence. */
  approveSafetyChecks?: (call: ResponseComputerToolCall, context: Execution) => boolean | Promise<boolean>;
  /** Asked before each action, and before the picture at the end. */
  beforeAction?: (action: ComputerAction, call: ResponseComputerToolCall, context: Execution) => boolean | Promise<boolean>;
  signal?: AbortSignal | undefined;
  onDiagnostic?: RunnerDiagnosticObserver;
}

export interface ComputerRunOptions extends ComputerExecutionOptions {
  /** Most requests; nothing is done for the last. Default 20. */
  maxSteps?: number;
  requestOptions?: RequestOptions;
}

const METHODS = ['click', 'double_click', 'drag', 'keypress', 'move', 'scroll', 'type', 'wait', 'screenshot'] as const;
type Handlers = Record<(typeof METHODS)[number], (...args: any[]) => unknown>;

/** Carries out calls of a computer, alone or in a whole conversation. The computer stays the program's. */
export class ComputerToolset {
  readonly #admission = new Admission();
  readonly #handlers: Handlers;

  constructor(driver: ComputerDriver) {
    for (const name of METHODS) {
      if (typeof driver?.[name] !== 'function') throw new OpenAIError(`The driver of a computer needs a method \`${name}\`.`);
    }
    this.#handlers = Object.fromEntries(METHODS.map((name) => [name, driver[name].bind(driver)])) as unknown as Handlers;
  }

  /** Lets nothing further begin. What is at work goes on to its end (`draining`). */
  close(): { status: 'closed' | 'draining' } {
    return this.#admission.close();
  }

  /** @internal A copy of a call that can be carried out as it is; fails with any other. */
  static validate<T extends ComputerCallInput>(call: T): T {
    const item = structuredClone(call) as Item;
    if (!isItem(item) || item['type'] !== 'computer_call' || item['status'] !== 'completed' || !isText(item['id']) || !isText(item['call_id'])) {
      throw new OpenAIError('A call of a computer must be completed, with an id and a call_id.');
    }
    if (!areChecks(item)) throw new OpenAIError('The safety checks of a computer call cannot be read.');
    const actions = actionsOf(item);
    if (!actions) throw new OpenAIError('A call of a computer has either `actions` or `action`.');
    if (actions.length === 0) throw new OpenAIError('A call of a computer has at least one action.');
    if (!every(actions, isAction)) throw new OpenAIError('A call of a computer has an action that cannot be done.');
    return item as T;
  }

  /** Carries out one call: its output, with one picture after all actions. */
  async execute(call: ComputerCallInput, options: ComputerExecutionOptions = {}): Promise<ResponseInputItem.ComputerCallOutput> {
    this.#admission.enter();
    try {
      options.signal?.throwIfAborted();
      return await this.#perform(ComputerToolset.validate(call), { ...options });
    } finally {
      this.#admission.leave();
    }
  }

  /** Asks the model, does what it asks for, shows it the screen, until it answers: its last reply. */
  async run(client: OpenAI, params: ResponseCreateParamsNonStreaming, options: ComputerRunOptions = {}): Promise<Response> {
    this.#admission.enter();
    try {
      return await this.#run(client, params, { ...options });
    } finally {
      this.#admission.leave();
    }
  }

  async #run(client: OpenAI, params: ResponseCreateParamsNonStreaming, options: ComputerRunOptions): Promise<Response> {
    const { maxSteps = 20, requestOptions } = options;
    if (!Number.isSafeInteger(maxSteps) || maxSteps < 1) throw new TypeError('`maxSteps` of a computer is a whole number of at least 1.');
    const talk = new Conversation(params);
    const signal = options.signal ?? requestOptions?.signal ?? undefined;
    let request = signal ? { ...requestOptions, signal } : requestOptions;
    for (let step = 1; ; step += 1) {
      signal?.throwIfAborted();
      const response = await this.#ask(client, talk, request, options);
      signal?.throwIfAborted();
      const calls = talk.take(response, step === maxSteps);
      if (calls.length === 0) return response;
      for (const call of calls) talk.history.push(await this.#perform(call, { ...options, signal }));
      talk.release();
      request = optionsOfNext(client, request);
    }
  }

  async #ask(client: OpenAI, talk: Conversation, request: RequestOptions | undefined, { onDiagnostic, signal }: ComputerRunOptions): Promise<Response> {
    const began = performance.now();
    try {
      const response = (await client.responses.create({ ...talk.body, input: structuredClone(talk.history) } as any, request)) as Response;
      report(onDiagnostic, { api: 'computer', stage: 'request', reason: 'completed' }, began, response.usage);
      return response;
    } catch (error) {
      report(onDiagnostic, { api: 'computer', stage: 'request', reason: signal?.aborted ? 'cancelled' : 'api_failed' }, began);
      throw error;
    }
  }

  async #perform(item: ComputerCallInput, options: ComputerExecutionOptions): Promise<ResponseInputItem.ComputerCallOutput> {
    const { approveSafetyChecks, beforeAction, signal } = options;
    const call = item as unknown as ResponseComputerToolCall & Item;
    const checks: Item[] = call.pending_safety_checks ?? [];
    signal?.throwIfAborted();
    if (checks.length > 0) {
      await asked(call, null, options, 'The safety checks of a computer call were not approved.', () => approveSafetyChecks?.(structuredClone(call), { signal }));
    }
    const allow = async (action: ComputerAction): Promise<void> => {
      signal?.throwIfAborted();
      if (!beforeAction) return;
      const ask = (): unknown => beforeAction(structuredClone(action), structuredClone(call), { signal });
      await asked(call, action.type, options, 'An action of a computer was not approved by `beforeAction`.', ask);
    };
    for (const action of actionsOf(call)! as ComputerAction[]) {
      await allow(action);
      // There is one picture, after all of it.
      if (action.type === 'screenshot') continue;
      await done(call, action.type, options, () => this.#handlers[action.type](structuredClone(action), { signal }));
    }
    await allow({ type: 'screenshot' });
    const output = await done(call, 'screenshot', options, async () => pictureOf(await this.#handlers.screenshot({ signal })));
    const known = checks.map(({ id, code, message }) => JSON.parse(JSON.stringify({ id, code, message })) as Item);
    const told = known.length > 0 ? { acknowledged_safety_checks: known } : undefined;
    return { type: 'computer_call_output', call_id: call.call_id, output, ...told } as ResponseInputItem.ComputerCallOutput;
  }
}

function pictureOf(given: unknown): ComputerScreenshot {
  if (!isScreenshot(given)) throw new OpenAIError('The driver of a computer must give a computer_screenshot with an image_url or a file_id.');
  const { image_url, file_id } = given;
  return { type: 'computer_screenshot', ...(image_url ? { image_url } : undefined), ...(file_id ? { file_id } : undefined) } as ComputerScreenshot;
}

/** One thing that is asked or done, and told of. */
async function watched<T>(
  call: Item, stage: 'approval' | 'action', member: string | null, { signal, onDiagnostic }: ComputerExecutionOptions, work: () => Promise<T>,
): Promise<T> {
  const began = performance.now();
  const tell = (reason: RunnerDiagnostic['reason']): void => report(onDiagnostic, { api: 'computer', stage, reason, call_id: call['call_id'], member }, began);
  try {
    const value = await work();
    signal?.throwIfAborted();
    tell('completed');
    return value;
  } catch (error) {
    tell(signal?.aborted ? 'cancelled' : stage === 'approval' ? 'policy_failed' : 'driver_failed');
    throw error;
  }
}

const done = <T>(call: Item, member: string, options: ComputerExecutionOptions, work: () => T | Promise<T>): Promise<T> =>
  watched(call, 'action', member, options, async () => work());

const asked = (call: Item, member: string | null, options: ComputerExecutionOptions, refusal: string, question: () => unknown): Promise<void> =>
  watched(call, 'approval', member, options, async () => {
    const answer = await question();
    options.signal?.throwIfAborted();
    if (answer !== true) throw new OpenAIError(refusal);
  });

const BESIDE = new Map<unknown, (item: Item) => boolean>([['message', isMessage], ['reasoning', isReasoning], ['compaction', isCompaction]]);

/** The history of a run, and who has been seen in it. */
class Conversation {
  readonly history: Item[];
  readonly body: Item;
  readonly #ids = new Set<string>();
  readonly #calls = new Set<string>();

  constructor(params: ResponseCreateParamsNonStreaming) {
    const { input = [], tools, include, ...rest } = structuredClone(params) as Item;
    const isChained = rest['stream'] || rest['background'] || rest['conversation'] || rest['previous_response_id'];
    const declared: Item[] = tools?.length ? tools : [{ type: 'computer' }];
    if (isChained || input === null || declared.length !== 1 || declared[0]?.['type'] !== 'computer') {
      throw new TypeError('A computer runs with its own tool alone, waits for each reply, and sends the whole history as `input`.');
    }
    this.history = isText(input) ? [{ role: 'user', content: input }] : [...input];
    const encrypted = 'reasoning.encrypted_content';
    this.body = { ...rest, tools: declared, include: [...(include ?? []), ...(include?.includes(encrypted) ? [] : [encrypted])] };
    for (const { id, type, call_id } of this.history) {
      if (isText(id) && id !== '') this.#ids.add(id);
      if (String(type).startsWith('computer_call') && isText(call_id)) this.#calls.add(call_id);
    }
  }

  /** A choice that forces a call is for the first request: afterwards the model may answer. */
  release(): void {
    const choice = this.body['tool_choice'];
    if (choice === 'required' || choice?.type === 'computer') this.body['tool_choice'] = 'auto';
    else if (choice?.mode === 'required') this.body['tool_choice'] = { ...choice, mode: 'auto' };
  }

  /** The calls of a reply, which is taken into the history. Everything is checked before. */
  take(response: Response, isLast: boolean): ResponseComputerToolCall[] {
    if (response.status !== 'completed' || !Array.isArray(response.output)) throw new OpenAIError('A reply in a run of a computer was not completed.');
    const items = structuredClone(response.output) as Item[];
    const calls: ResponseComputerToolCall[] = [];
    for (const item of items) {
      if (item['type'] === 'computer_call') {
        const call = ComputerToolset.validate(item as ResponseComputerToolCall);
        this.#once(this.#calls, call.call_id, 'A reply in a run of a computer repeats a call.');
        calls.push(call);
      } else if (!BESIDE.get(item['type'])?.(item)) {
        throw new OpenAIError('A reply in a run of a computer holds an item of another kind, or one that is not whole.');
      }
      if (item['id'] !== '') this.#once(this.#ids, item['id'], 'A reply in a run of a computer repeats an item.');
    }
    if (calls.length === 0 && !items.some(({ type, status }) => type === 'message' && status === 'completed')) {
      throw new OpenAIError('A reply in a run of a computer has neither an answer nor a call.');
    }
    if (calls.length > 0 && isLast) throw new OpenAIError('A run of a computer reached `maxSteps`; the calls of its last reply were not carried out.');
    this.history.push(...(toResponseInputItems(items as any) as Item[]));
    return calls;
  }

  #once(seen: Set<string>, id: string, refusal: string): void {
    if (seen.has(id)) throw new OpenAIError(refusal);
    seen.add(id);
  }
}
