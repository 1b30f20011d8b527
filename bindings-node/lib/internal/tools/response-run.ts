/** A run of tools over responses: asks, looks at the whole reply, shows it to the program, carries its calls out, and asks again. */
import type { OpenAI } from '../../client.js';
import type { BrowserToolset } from '../../helpers/browser.js';
import { ComputerToolset } from '../../helpers/computer.js';
import {
  ResponsesToolRunnerError, type ResponsesRunnerCheckpoint, type ResponsesRunnerLedger, type ResponsesRunnerOptions, type ResponsesRunnerTurn, type RunnerFunction,
} from '../../helpers/responses-tool-runner.js';
import { toResponseInputItems } from '../../lib/responses/ResponseInputItems.js';
import type { Response, ResponseCreateParamsNonStreaming, ResponseInputItem } from '../../resources/responses/responses.js';
import type { RequestOptions } from '../request-options.js';
import { failureOf, optionsOfNext, report, type RunnerDiagnostic } from '../runner.js';
import { Budget } from './context-budget.js';
import { checkHistory, checkLedger, isObservation, jsonData, recordedTools, restored } from './ledger.js';
import { isItem, isText, type Item } from './native-items.js';
import { COMPUTERS, OF_THE_PROVIDER, allowsComputer, allowsFunction, forcesLocal } from './tool-choice.js';
import { Together } from './together.js';

/** A check of ours, whose words may be told. */
export class Refused extends Error {}

type Output = ResponseInputItem.FunctionCallOutput['output'];

/** The tools of a runner. */
export interface Registered {
  functions: ReadonlyMap<string, RunnerFunction>;
  /** How functions of typed tools parse their arguments: before anything of a turn is called. */
  typed: WeakMap<object, (args: Record<string, unknown>) => () => unknown>;
  browser: BrowserToolset | undefined;
  browserNames: ReadonlySet<string>;
  computer: ComputerToolset | undefined;
  declared: Item[];
  early: { functions: ReadonlySet<string>; computer: boolean } | undefined;
}

const BESIDE = new Set([
  'message', 'reasoning', 'compaction', 'web_search_call', 'file_search_call', 'code_interpreter_call', 'image_generation_call', 'mcp_list_tools', 'mcp_call',
]);
const LOCAL = new Set(['function_call', 'computer_call', 'mcp_approval_request']);
const idOf = (item: Item): string => (item['type'] === 'mcp_approval_request' ? item['id'] : item['call_id']);

/** An output as it is sent. */
export function suppliedOutput(value: unknown): Output {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) throw new TypeError('Supplied output must be text or native content blocks.');
  for (const part of value) {
    const fits = isItem(part) && ((part['type'] === 'input_text' && isText(part['text'])) || part['type'] === 'input_image' || part['type'] === 'input_file');
    if (!fits) throw new TypeError('Supplied output has an invalid content block.');
  }
  return structuredClone(value) as Output;
}

/** One reply, and how far its calls have come. */
class Batch {
  items: Item[] = [];
  readonly prepared = new Map<string, () => unknown>();
  readonly outputs = new Map<string, Item>();
  readonly begun = new Set<string>();
  supplied = new Map<string, Output>();
  browserFailed = false;

  get calls(): Item[] {
    return this.items.filter(({ type }) => LOCAL.has(type));
  }

  get waiting(): Item[] {
    return this.calls.filter((item) => !this.begun.has(idOf(item)));
  }
}

/** One run. What it was given is its own. */
export class Run {
  #attempted: string[] = [];
  #completed: string[] = [];
  #said: Item[] = [];
  #ids = new Set<string>();
  #calls = new Set<string>();
  #history: Item[];
  #consumed = 0;
  #revision = 0;
  #maxSteps: number;
  #recorded: Item[] = [];
  readonly #overrides: string[];
  readonly #body: Item;
  readonly #budget: Budget | undefined;
  readonly #ledger: ResponsesRunnerLedger | undefined;
  readonly #together: Together<Item>;
  readonly #signal: AbortSignal | undefined;
  readonly #hasServers: boolean;
  readonly #isOnce: boolean;

  constructor(
    private readonly client: OpenAI,
    private readonly registered: Registered,
    params: ResponseCreateParamsNonStreaming,
    private readonly options: ResponsesRunnerOptions,
  ) {
    const { maxSteps, stream, eager, maxConcurrentCalls = 2, ledger, contextBudget, signal, requestOptions } = options;
    const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
    if (!isCount(maxSteps ?? 20) || (eager && !stream)) throw new TypeError('maxSteps must be positive; eager requires stream.');
    if (!isCount(maxConcurrentCalls)) throw new TypeError('`maxConcurrentCalls` is a whole number of at least 1.');
    this.#maxSteps = maxSteps ?? 20;
    this.#together = new Together(maxConcurrentCalls);
    this.#signal = signal ?? requestOptions?.signal ?? undefined;
    this.#overrides = [...registered.functions].filter(([, { allowOutputOverride }]) => allowOutputOverride).map(([name]) => name).sort();
    if (ledger) checkLedger(ledger, requestOptions);
    this.#ledger = ledger ? { ...ledger, save: ledger.save.bind(ledger) } : undefined;
    if (contextBudget) this.#budget = new Budget(contextBudget, registered.browserNames);
    const { body, history } = this.#prepared(this.#isStrict ? jsonData(params) : params);
    this.#body = body;
    this.#history = history;
    const tools = body['tools'] as Item[];
    this.#hasServers = tools.some(({ type }) => OF_THE_PROVIDER.has(type));
    // What a server has done, or what was recorded, is not asked for again behind the program's back.
    this.#isOnce = ledger !== undefined || tools.some(({ type }) => type === 'mcp');
    if (this.#ledger) this.#recorded = recordedTools(tools);
    if (this.#ledger?.resumeFrom) this.#resume(this.#ledger, maxSteps);
    if (this.#isStrict) checkHistory(this.#history);
    for (const item of this.#history) {
      if (isText(item?.['id']) && item['id'] !== '' && item['type'] !== 'item_reference') this.#ids.add(item['id']);
      if (LOCAL.has(item?.['type'])) this.#calls.add(idOf(item));
    }
  }

  get #isStrict(): boolean {
    return this.#ledger !== undefined || this.#budget !== undefined;
  }

  #prepared(params: ResponseCreateParamsNonStreaming): { body: Item; history: Item[] } {
    const { tools, input = [], include, ...rest } = params as Item;
    const others = (tools ?? []) as Item[];
    const { computer, declared } = this.registered;
    const isChained = rest['stream'] || rest['background'] || rest['conversation'] != null || rest['previous_response_id'] != null;
    if (isChained || others.some((tool) => !OF_THE_PROVIDER.has(tool?.['type']) && !(computer && COMPUTERS.has(tool?.['type'])))) {
      throw new TypeError('ResponsesToolRunner requires foreground explicit input history and registered tools.');
    }
    if (this.#budget) {
      if (!['disabled', undefined, null].includes(rest['truncation']) || rest['context_management'] != null) {
        throw new TypeError('With a `contextBudget` the server must not shorten the input: leave out truncation and context_management.');
      }
      rest['truncation'] = 'disabled';
    }
    const own = computer && !others.some(({ type }) => COMPUTERS.has(type)) ? [...declared, { type: 'computer' }] : declared;
    const all = [...(this.#isStrict ? jsonData(own) : own), ...others];
    if (forcesLocal(rest['tool_choice'], all)) {
      throw new TypeError('ResponsesToolRunner cannot finish when tool_choice always requires a local tool. Use auto or responses.create for a single forced request.');
    }
    const encrypted = 'reasoning.encrypted_content';
    const body = { ...rest, tools: all, include: [...(include ?? []), ...(include?.includes(encrypted) ? [] : [encrypted])] };
    return { body, history: isText(input) ? [{ role: 'user', content: input }] : [...input] };
  }

  #resume(ledger: ResponsesRunnerLedger, maxSteps: number | undefined): void {
    const held = restored(ledger, maxSteps, this.#recorded, this.#overrides);
    if (!isObservation(this.#history)) throw new TypeError('A run that goes on needs what the user says or sees now as its `input`.');
    this.#history = [...(held.history as unknown as Item[]), ...this.#history];
    this.#revision = held.revision;
    this.#consumed = held.consumed_requests;
    this.#maxSteps = held.max_steps;
    this.#attempted = [...held.attempted_call_ids];
    this.#completed = [...held.returned_call_ids];
  }

  #report(stage: RunnerDiagnostic['stage'], reason: RunnerDiagnostic['reason'], began: number, more: Partial<RunnerDiagnostic> = {}, usage?: unknown): void {
    report(this.options.onDiagnostic, { api: 'responses', stage, reason, ...more }, began, usage);
  }

  /** Records how things are. What follows does so only if they are recorded. */
  async #save(phase: ResponsesRunnerCheckpoint['phase'], batch?: Batch, final: Response | null = null): Promise<void> {
    if (!this.#ledger) return;
    this.#revision += 1;
    const outputs = this.#completed.flatMap((id) => batch?.outputs.get(id) ?? []);
    const checkpoint = {
      version: 1, run_id: this.#ledger.runId, revision: this.#revision, phase, max_steps: this.#maxSteps, consumed_requests: this.#consumed, tools: this.#recorded,
      output_override_names: this.#overrides, history: this.#history, attempted_call_ids: this.#attempted, returned_call_ids: this.#completed,
      pending_items: batch?.items ?? [], returned_outputs: outputs, final_response: final,
    };
    await this.#ledger.save(jsonData(checkpoint) as unknown as ResponsesRunnerCheckpoint);
  }

  async *turns(): AsyncGenerator<ResponsesRunnerTurn, void, unknown> {
    try {
      for (;;) {
        const batch = new Batch();
        const response = await this.#reply(batch);
        const final = batch.calls.length === 0;
        const state = { active: true };
        try {
          yield this.#turn(response, batch, state);
        } finally {
          state.active = false;
        }
        this.#signal?.throwIfAborted();
        if (final) return;
        for (const call of batch.waiting) await this.#execute(call, batch);
        const outputs = batch.calls.map((call) => batch.outputs.get(idOf(call))!);
        this.#history = [...this.#history, ...(toResponseInputItems(batch.items as any) as Item[]), ...outputs, ...this.#said.splice(0)];
        await this.#save('boundary');
      }
    } catch (error) {
      const why = error instanceof Refused ? error.message : 'ResponsesToolRunner stopped. Inspect attemptedCallIds and completedCallIds before retrying.';
      throw new ResponsesToolRunnerError(why, this.#attempted, this.#completed);
    }
  }

  #finalOf(response: Response): Response | null {
    if (!this.#ledger) return null;
    const held = jsonData(response);
    return Array.isArray(held.tools) ? ({ ...held, tools: recordedTools(held.tools as unknown as Item[]) } as unknown as Response) : held;
  }

  /** One request: its reply, all of which was looked at. Whatever has begun is done when it returns, or throws. */
  async #reply(batch: Batch): Promise<Response> {
    this.#signal?.throwIfAborted();
    if (this.#consumed >= this.#maxSteps) throw new Refused('ResponsesToolRunner reached maxSteps.');
    const input = this.#budget ? await this.#budget.fitted(this.#history) : this.#history;
    if (isText(input)) throw new Refused(input);
    this.#signal?.throwIfAborted();
    this.#consumed += 1;
    // A server that runs tools by itself may have done so though its reply is lost.
    await this.#save(this.#hasServers ? 'pending' : 'boundary', batch);
    this.#signal?.throwIfAborted();
    this.#history = this.#history.filter((item) => item?.['type'] !== 'compaction_trigger');
    const began = performance.now();
    const seen = new Map<number, Item>();
    const response = await this.#ask([...input], batch, seen, began);
    this.#inspect(response, batch, seen);
    const final = batch.calls.length === 0;
    if (final && !batch.items.some(({ type }) => type === 'message')) throw new Refused('Response has no completed final message.');
    if (final) await this.#save('final', batch, this.#finalOf(response));
    else await this.#save('pending', batch);
    this.#report('request', 'completed', began, {}, response.usage);
    for (const item of batch.calls) this.#prepare(item, batch);
    return response;
  }

  async #ask(input: Item[], batch: Batch, seen: Map<number, Item>, began: number): Promise<Response> {
    const { requestOptions, stream } = this.options;
    const own: RequestOptions = { ...requestOptions, ...(this.#signal ? { signal: this.#signal } : undefined), ...(this.#isOnce ? { maxRetries: 0 } : undefined) };
    const given = requestOptions || Object.keys(own).length > 0 ? own : undefined;
    const options = this.#consumed === 1 ? given : optionsOfNext(this.client, given);
    const body: any = { ...this.#body, input };
    try {
      const response = stream ? await this.#streamed(body, options, batch, seen) : await this.client.responses.create(body, options);
      this.#signal?.throwIfAborted();
      return response as Response;
    } catch (error) {
      this.#report('request', failureOf('request', this.#signal), began);
      throw error;
    }
  }

  async #streamed(body: any, options: RequestOptions | undefined, batch: Batch, seen: Map<number, Item>): Promise<Response> {
    const { eager, onEvent } = this.options;
    const stream = this.client.responses.stream({ ...body, stream: true }, options);
    let mayBegin = Boolean(eager) && !this.#hasServers;
    try {
      for await (const event of stream) {
        await onEvent?.(structuredClone(event));
        this.#signal?.throwIfAborted();
        if (!eager || event.type !== 'response.output_item.done') continue;
        const item = structuredClone(event.item) as unknown as Item;
        if (seen.has(event.output_index)) throw new Refused('The stream of a reply has an item twice.');
        // Items that come out of their order must be sorted before anything follows from them.
        if (event.output_index !== seen.size) mayBegin = false;
        seen.set(event.output_index, item);
        batch.items = inOrder(seen);
        this.#check(item);
        if (seen.size === 1) await this.#save('pending', batch);
        if (!LOCAL.has(item['type'])) continue;
        this.#prepare(item, batch);
        mayBegin &&= await this.#mayBegin(item);
        if (mayBegin) await this.#execute(item, batch, true);
      }
      return (await stream.finalResponse()) as unknown as Response;
    } finally {
      stream.abort();
      await this.#together.settle((id, output) => this.#take(id, output, batch));
    }
  }

  /** Whether a call may be carried out before the whole reply is known. */
  async #mayBegin(item: Item): Promise<boolean> {
    const { early } = this.registered;
    if (item['type'] === 'mcp_approval_request') return false;
    if (early && !(item['type'] === 'computer_call' ? early.computer : early.functions.has(item['name']))) return false;
    const { beforeEarlyCall } = this.options;
    if (!beforeEarlyCall) return true;
    const answer: unknown = await beforeEarlyCall(structuredClone(item) as any);
    if (answer !== 'execute' && answer !== 'defer') throw new TypeError('`beforeEarlyCall` gives "execute" or "defer".');
    this.#signal?.throwIfAborted();
    return answer === 'execute';
  }

  /** Takes the items of a whole reply in, if all of them can be answered, and sent again. */
  #inspect(response: Response, batch: Batch, seen: Map<number, Item>): void {
    if (response.status !== 'completed') throw new Refused('Response was not completed.');
    if (!Array.isArray(response.output)) throw new Refused('Response output requires a native array.');
    const items = structuredClone(response.output) as unknown as Item[];
    if (this.options.eager) {
      const observed = inOrder(seen);
      const isSame = observed.length === items.length && observed.every((item, at) => isSameItem(item, items[at]!));
      if (!isSame) throw new Refused('The completed reply differs from what was streamed of it.');
      batch.items = items;
      return;
    }
    batch.items = items;
    for (const item of items) this.#check(item);
  }

  #check(item: Item): void {
    if (isText(item['id']) && item['id'] !== '') {
      if (this.#ids.has(item['id'])) throw new Refused('Response output item IDs must be unique across the run.');
      this.#ids.add(item['id']);
    }
    if (BESIDE.has(item['type'])) return;
    const choice = this.#body['tool_choice'];
    if (item['type'] === 'mcp_approval_request') {
      if (!isText(item['id']) || this.#calls.has(item['id'])) throw new Refused('Invalid or duplicate MCP approval request.');
    } else if (item['type'] === 'function_call') {
      const { functions, browserNames } = this.registered;
      const isWhole = item['status'] === undefined || item['status'] === null || item['status'] === 'completed';
      if (!isWhole || !(functions.has(item['name']) || browserNames.has(item['name']))) throw new Refused('Incomplete or unregistered function call.');
      if (!isText(item['call_id']) || this.#calls.has(item['call_id'])) throw new Refused('Invalid or duplicate completed call.');
      if (!allowsFunction(choice, item['name'])) throw new Refused('The reply calls a tool that its `tool_choice` does not allow.');
    } else if (item['type'] === 'computer_call') {
      if (!this.registered.computer) throw new Refused('The reply calls a computer, and the run has none.');
      ComputerToolset.validate(item as any);
      if (this.#calls.has(item['call_id'])) throw new Refused('Invalid or duplicate completed call.');
      if (!allowsComputer(choice)) throw new Refused('The reply calls a tool that its `tool_choice` does not allow.');
    } else throw new Refused('Unsupported response output item.');
    this.#calls.add(idOf(item));
  }

  #turn(response: Response, batch: Batch, state: { active: boolean }): ResponsesRunnerTurn {
    const final = batch.calls.length === 0;
    return {
      response,
      step: this.#consumed,
      final,
      toolsExecuted: batch.begun.size > 0,
      attemptedCallIds: [...this.#attempted],
      completedCallIds: [...this.#completed],
      supplyOutputs: (outputs) => {
        if (!state.active) throw new TypeError('This turn does not accept supplied outputs.');
        const open = new Set(batch.waiting.filter(({ name }) => this.registered.functions.get(name)?.allowOutputOverride).map(idOf));
        const next = new Map<string, Output>();
        for (const { type, call_id: id, output } of outputs as any[]) {
          if (type !== 'function_call_output' || !open.has(id) || next.has(id)) {
            throw new TypeError('Supplied output call ID is not unique and permitted for this turn.');
          }
          next.set(id, suppliedOutput(output));
        }
        batch.supplied = next;
      },
      appendUserText: (text) => {
        if (!state.active || final || typeof text !== 'string' || !text.trim()) {
          throw new TypeError('User text requires a non-final active turn and a nonempty string.');
        }
        this.#said.push({ role: 'user', content: text });
      },
    };
  }

  /** Carries out one call. Independent functions that begin early do so beside each other. */
  async #execute(item: Item, batch: Batch, isEarly = false): Promise<void> {
    const id = idOf(item);
    if (this.#consumed >= this.#maxSteps) throw new Refused('ResponsesToolRunner reached maxSteps.');
    const take = (of: string, output: Item): void => this.#take(of, output, batch);
    this.#signal?.throwIfAborted();
    if (isEarly && !this.#ledger && item['type'] === 'function_call' && this.registered.functions.get(item['name'])?.independent) {
      batch.begun.add(id);
      await this.#together.begin(id, () => (this.#attempted.push(id), this.#call(item, batch)), take);
      return;
    }
    await this.#together.settle(take);
    this.#signal?.throwIfAborted();
    batch.begun.add(id);
    this.#attempted.push(id);
    await this.#save('pending', batch);
    const { output, ok } = await this.#dispatched(item, batch);
    take(id, output);
    await this.#save('pending', batch);
    if (!ok && this.#ledger) throw new Refused('A call of the browser did not succeed; look up what it has done before the recorded run goes on.');
    this.#signal?.throwIfAborted();
  }

  #take(id: string, output: Item, batch: Batch): void {
    batch.outputs.set(id, output);
    this.#completed.push(id);
  }

  async #dispatched(item: Item, batch: Batch): Promise<{ output: Item; ok: boolean }> {
    const { browser, browserNames, computer } = this.registered;
    const { computerOptions, onDiagnostic } = this.options;
    if (item['type'] === 'mcp_approval_request') return { output: await this.#approve(item), ok: true };
    if (item['type'] === 'computer_call') {
      const observed = onDiagnostic && !computerOptions?.onDiagnostic ? { onDiagnostic } : undefined;
      const options = { ...computerOptions, ...observed, signal: this.#signal ?? computerOptions?.signal };
      return { output: (await computer!.execute(item as any, options)) as unknown as Item, ok: true };
    }
    if (!browserNames.has(item['name'])) return { output: await this.#call(item, batch), ok: true };
    const whole = { ...item, status: 'completed' } as any;
    const { output, ok } = await browser!.executeWithStatus(whole, this.#signal, batch.browserFailed, onDiagnostic);
    batch.browserFailed ||= !ok;
    return { output: output as unknown as Item, ok };
  }

  /** Reads the arguments of a call, before any call of its reply is carried out. */
  #prepare({ type, call_id, name, arguments: text }: Item, batch: Batch): void {
    const execute = this.registered.functions.get(name)?.execute;
    if (type !== 'function_call' || !execute || batch.prepared.has(call_id)) return;
    const began = performance.now();
    try {
      const args: unknown = JSON.parse(text);
      if (!isItem(args)) throw new Refused('Function arguments must be an object.');
      const run = this.registered.typed.get(execute)?.(args) ?? (() => (this.#signal ? execute(args, { signal: this.#signal }) : execute(args)));
      batch.prepared.set(call_id, run);
    } catch (error) {
      this.#report('arguments', 'invalid_input', began, { call_id, member: name });
      throw error;
    }
  }

  async #call({ call_id: id, name }: Item, batch: Batch): Promise<Item> {
    const about = { call_id: id as string, member: name as string };
    let output = batch.supplied.get(id);
    if (output === undefined) {
      let stage: 'action' | 'output' = 'action';
      const began = performance.now();
      try {
        const given = await batch.prepared.get(id)!();
        this.#report('action', 'completed', began, about);
        stage = 'output';
        output = suppliedOutput(given);
      } catch (error) {
        this.#report(stage, failureOf(stage, this.#signal), began, about);
        throw error;
      }
    }
    return { type: 'function_call_output', call_id: id, output };
  }

  async #approve(request: Item): Promise<Item> {
    const began = performance.now();
    const about = { call_id: request['id'] as string, member: request['name'] as string };
    try {
      this.#signal?.throwIfAborted();
      const approve: unknown = await this.options.approveMcp?.(structuredClone(request) as any);
      this.#signal?.throwIfAborted();
      if (typeof approve !== 'boolean') throw new Refused('MCP approval requires a literal true or false from approveMcp.');
      this.#report('approval', approve ? 'completed' : 'refused', began, about);
      return { type: 'mcp_approval_response', approval_request_id: request['id'], approve };
    } catch (error) {
      this.#report('approval', failureOf('approval', this.#signal), began, about);
      throw error;
    }
  }
}

const inOrder = (seen: Map<number, Item>): Item[] => [...seen].sort(([a], [b]) => a - b).map(([, item]) => item);

/** Whether an item is at the end what it was before. Ids may come late, reasoning may be encrypted anew, and helpers put values beside texts. */
function isSameItem(observed: Item, completed: Item): boolean {
  const told = (item: Item): string => {
    const [sent] = toResponseInputItems([item] as any) as Item[];
    const { id, encrypted_content, ...rest } = (sent ?? {}) as Item;
    return JSON.stringify(sorted({ ...rest, id: completed['type'] === 'function_call' && observed['id'] == null ? undefined : id }));
  };
  return told(observed) === told(completed);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  return isItem(value) ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])])) : value;
}
