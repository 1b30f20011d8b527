/** Browser use: functions with which a model works with a browser that the program brings along. */
import { OpenAIError } from '../core/error.js';
import { Admission, report, type RunnerDiagnostic, type RunnerDiagnosticObserver } from '../internal/runner.js';
import {
  MEMBER_NAMES, NAVIGATING, READS, USUAL_NAMES, argumentsFor, declaration, needsConsent, type BrowserArgumentsByMember, type MemberName, type ReadName,
} from '../internal/tools/browser-members.js';
import { resultOf, stateOf } from '../internal/tools/browser-reports.js';
import { isText, type Item } from '../internal/tools/native-items.js';
import type { BrowserState, BrowserResult } from './browser-types.js';
import type { FunctionTool, ResponseFunctionToolCall, ResponseInputItem } from '../resources/responses/responses.js';

export type { RunnerDiagnostic, RunnerDiagnosticObserver };
export type {
  BrowserFileOutcome, BrowserObservationV1, BrowserReadElement, BrowserReadOption, BrowserReadV1, BrowserResult, BrowserScopedReadV1, BrowserState,
  BrowserStateChange, BrowserTextReadV1,
} from './browser-types.js';

/** What a model can ask of a browser. */
export type BrowserMember = MemberName;
/** All of it, without a look at any driver. */
export const BROWSER_MEMBERS: readonly BrowserMember[] = MEMBER_NAMES;
/** What toolsets have that are not told otherwise, as far as their drivers can do it. */
export const DEFAULT_BROWSER_MEMBERS: readonly BrowserMember[] = USUAL_NAMES;

/** Arguments as the model gives them, checked. */
export type BrowserArguments<M extends BrowserMember> = BrowserArgumentsByMember[M];

type Execution = { signal: AbortSignal | undefined };

/** A browser of the program's: its state, and a method for each member that it can do. */
export type BrowserDriver = {
  /** How the browser is now; asked before and after each call. */
  state: (options?: Execution) => BrowserState | Promise<BrowserState>;
} & {
  [M in Exclude<BrowserMember, 'list_tabs'>]?: (args: BrowserArguments<M>, options: Execution) => BrowserResult<M> | Promise<BrowserResult<M>>;
};

/** An action that waits for consent: exactly these arguments. The state is what was seen before, and may have changed when it is done. */
export type BrowserConfirmContext = {
  [M in BrowserMember]: {
    readonly member: M;
    readonly arguments: Readonly<BrowserArguments<M>> & Readonly<Record<string, unknown>>;
    readonly state: BrowserState;
    readonly call_id: string;
  };
}[BrowserMember];

/** Members that change nothing; a program may want to be asked before them all the same. */
export type BrowserReadMember = ReadName;

/** A read that waits for consent, before anything was looked at. */
export type BrowserReadConfirmContext = {
  [M in BrowserReadMember]: {
    readonly phase: 'before_read';
    readonly member: M;
    readonly arguments: Readonly<BrowserArguments<M>> & Readonly<Record<string, unknown>>;
    readonly call_id: string;
    readonly state: null;
  };
}[BrowserReadMember];

export interface BrowserOptions {
  /** The members that there are. Default: the usual ones, as far as the driver can do them. */
  members?: readonly BrowserMember[];
  /** Members beside the usual ones. */
  additionalMembers?: readonly BrowserMember[];
  /** Asked before anything is changed; anything but `true` is a no. */
  confirm?: (context: BrowserConfirmContext, execution: Execution) => boolean | Promise<boolean>;
  /** Asked before an address is opened, and before `confirm`. What the page loads by itself is the driver's to guard. */
  urlPolicy?: (context: BrowserConfirmContext, url: string, execution: Execution) => boolean | Promise<boolean>;
  onDiagnostic?: RunnerDiagnosticObserver;
}

/** Options of a program that is asked before reads, too. */
export interface BrowserReadOptions extends Omit<BrowserOptions, 'confirm'> {
  confirmReads: readonly BrowserReadMember[];
  confirm: (context: BrowserConfirmContext | BrowserReadConfirmContext, execution: Execution) => boolean | Promise<boolean>;
}

/** A refusal or failure whose text the model may read. */
export class BrowserError extends OpenAIError {
  override name = 'BrowserError';
}

type Stage = 'arguments' | 'approval' | 'action';
type Told = { output: ResponseInputItem.FunctionCallOutput; ok: boolean };

const REASONS: Record<Stage, RunnerDiagnostic['reason']> = { arguments: 'invalid_input', approval: 'policy_failed', action: 'driver_failed' };
const FAILED = 'The browser could not do it.';
const PREFIX = 'browser_';

function listed(given: unknown): MemberName[] {
  const names = Array.isArray(given) ? [...given] : [undefined];
  if (names.some((name) => !MEMBER_NAMES.includes(name)) || new Set(names).size !== names.length) {
    throw new TypeError('Members of a browser are a list of names in BROWSER_MEMBERS, each at most once.');
  }
  return names as MemberName[];
}

/** Functions with which a model works with a browser, one call at a time. The browser stays the program's. */
export class BrowserToolset {
  readonly #admission = new Admission();
  readonly #enabled: ReadonlySet<MemberName>;
  readonly #protected: ReadonlySet<MemberName>;
  readonly #handlers = new Map<string, (...args: any[]) => unknown>();
  readonly #confirm: BrowserReadOptions['confirm'] | undefined;
  readonly #urlPolicy: BrowserOptions['urlPolicy'];
  readonly #observer: RunnerDiagnosticObserver | undefined;

  /** Fails where a member cannot be done, or could be done without anybody being asked. */
  constructor(driver: BrowserDriver, options?: BrowserOptions);
  constructor(driver: BrowserDriver, options: BrowserReadOptions);
  constructor(driver: BrowserDriver, options: BrowserOptions | BrowserReadOptions = {}) {
    const { members, additionalMembers, confirm, urlPolicy, onDiagnostic } = options;
    if (members !== undefined && additionalMembers !== undefined) throw new TypeError('A browser takes either members or additionalMembers.');
    const demanded = listed(members ?? additionalMembers ?? []);
    const selected = new Set(members === undefined ? [...USUAL_NAMES, ...demanded] : demanded);
    for (const name of ['state', ...MEMBER_NAMES] as const) {
      const method: unknown = driver[name as 'state'];
      // As it is now, whatever becomes of the object.
      if (typeof method === 'function') this.#handlers.set(name, method.bind(driver));
    }
    this.#enabled = new Set(MEMBER_NAMES.filter((name) => selected.has(name) && this.#does(name, demanded.includes(name))));
    const reads = 'confirmReads' in options ? listed(options.confirmReads) : [];
    if (reads.some((name) => !READS.has(name) || !this.#enabled.has(name)) || (reads.length > 0 && typeof confirm !== 'function')) {
      throw new TypeError('`confirmReads` names members that only read and are enabled, and needs `confirm`.');
    }
    this.#protected = new Set(reads);
    if (typeof confirm !== 'function' && [...this.#enabled].some(needsConsent)) {
      throw new TypeError('Members of a browser that change something, or read its records, need `confirm`.');
    }
    if (typeof urlPolicy !== 'function' && [...this.#enabled].some((name) => NAVIGATING.has(name))) {
      throw new TypeError('Members of a browser that open an address need `urlPolicy`.');
    }
    this.#confirm = confirm as BrowserReadOptions['confirm'] | undefined;
    this.#urlPolicy = urlPolicy;
    this.#observer = onDiagnostic;
  }

  #does(name: MemberName, isDemanded: boolean): boolean {
    const does = name === 'list_tabs' || this.#handlers.has(name);
    if (isDemanded && !does) throw new TypeError(`The driver of this browser has no method \`${name}\`, which was asked for.`);
    return does;
  }

  /** The functions, as tools of a response. */
  tools(): FunctionTool[] {
    return [...this.#enabled].map(declaration);
  }

  /** Lets nothing further begin. What is at work goes on to its end (`draining`). */
  close(): { status: 'closed' | 'draining' } {
    return this.#admission.close();
  }

  /** Carries out one call: what is to be sent to the model, which says as well what could not be done. */
  async execute(call: ResponseFunctionToolCall, options: { signal?: AbortSignal } = {}): Promise<ResponseInputItem.FunctionCallOutput> {
    return (await this.executeWithStatus(call, options.signal)).output;
  }

  /** @internal For runs: with `skip` a call is answered, and not carried out. */
  async executeWithStatus(call: ResponseFunctionToolCall, signal?: AbortSignal, skip = false, observer = this.#observer): Promise<Told> {
    this.#admission.enter();
    try {
      const { type, name, status, call_id, arguments: text } = (call ?? {}) as Item;
      const member = isText(name) && name.startsWith(PREFIX) ? (name.slice(PREFIX.length) as MemberName) : undefined;
      const isWhole = type === 'function_call' && status === 'completed' && isText(call_id) && isText(text);
      if (member === undefined || !this.#enabled.has(member) || !isWhole) {
        throw new OpenAIError('A browser carries out completed calls of the functions that it has.');
      }
      return await this.#run({ member, call_id, text, signal, observer, before: undefined }, skip);
    } finally {
      this.#admission.leave();
    }
  }

  async #run(one: Call, skip: boolean): Promise<Told> {
    const { member, call_id, signal } = one;
    signal?.throwIfAborted();
    const said = (told: Item, ...parts: Item[]): Told => {
      const output = [{ type: 'input_text', text: JSON.stringify(told) }, ...parts];
      return { output: { type: 'function_call_output', call_id, output } as ResponseInputItem.FunctionCallOutput, ok: told['ok'] };
    };
    const unlessSkipped = async (work: () => Promise<unknown>): Promise<unknown> => {
      if (skip) throw new BrowserError(SKIPPED);
      return work();
    };
    // Nobody looks at the browser before the program has agreed.
    const isProtected = this.#protected.has(member);
    const early = isProtected ? await this.#guarded(one, (enter) => unlessSkipped(() => this.#approvedRead(one, enter))) : undefined;
    if (early && 'error' in early) return said({ ok: false, error: early.error });
    await this.#state(one);
    const done = await this.#guarded(one, (enter) => unlessSkipped(() => this.#perform(one, early?.value as Item | undefined, enter)));
    const after = await this.#state(one);
    if ('error' in done) return said({ ok: false, error: done.error, state: after });
    const result = done.value as any;
    if (member === 'screenshot' || member === 'zoom') return said({ ok: true, state: after }, result);
    const ok = member !== 'upload_file' && member !== 'download_file' ? true : result.status === 'completed';
    return said({ ok, result, state: after });
  }

  /** What a piece of work came to. A failure is for the model; only words that are meant for it are told. */
  async #guarded<T>(one: Call, work: (enter: (stage: Stage) => void) => Promise<T>): Promise<{ value: T } | { error: string }> {
    let stage: Stage = 'arguments';
    let began = performance.now();
    const enter = (next: Stage): void => {
      stage = next;
      began = performance.now();
    };
    try {
      return { value: await work(enter) };
    } catch (error) {
      if (error instanceof Unfit) {
        this.#tell(one, 'output', 'invalid_output', began);
        throw new OpenAIError(error.message);
      }
      this.#tell(one, stage, one.signal?.aborted ? 'cancelled' : REASONS[stage], began);
      one.signal?.throwIfAborted();
      return { error: error instanceof BrowserError ? error.message : FAILED };
    }
  }

  #arguments({ member, text }: Call): Item {
    const found = argumentsFor(member, text);
    if ('wrong' in found) throw new BrowserError(found.wrong);
    return found.args;
  }

  async #approvedRead(one: Call, enter: (stage: Stage) => void): Promise<Item> {
    const args = this.#arguments(one);
    const { member, call_id, signal } = one;
    const began = performance.now();
    enter('approval');
    const context = { phase: 'before_read', member, arguments: structuredClone(args), call_id, state: null } as unknown as BrowserReadConfirmContext;
    const answer = await this.#confirm!(context, { signal });
    signal?.throwIfAborted();
    if (answer !== true) throw new BrowserError('The user did not agree to this read.');
    this.#tell(one, 'approval', 'completed', began);
    return args;
  }

  async #perform(one: Call, known: Item | undefined, enter: (stage: Stage) => void): Promise<unknown> {
    const { member, signal } = one;
    const args = known ?? this.#arguments(one);
    if (needsConsent(member) && !this.#protected.has(member)) {
      enter('approval');
      await this.#approved(one, args);
    }
    if (member === 'list_tabs') return structuredClone(one.before);
    enter('action');
    const began = performance.now();
    const given: unknown = await this.#handlers.get(member)!(structuredClone(args), { signal });
    signal?.throwIfAborted();
    let result: unknown;
    try {
      result = resultOf(member, given);
    } catch {
      throw new Unfit(`The driver of this browser gave a result of \`${member}\` that is not one.`);
    }
    this.#tell(one, 'action', 'completed', began);
    return result;
  }

  async #approved(one: Call, args: Item): Promise<void> {
    const { member, call_id, signal, before } = one;
    const began = performance.now();
    const context = (): BrowserConfirmContext => structuredClone({ member, arguments: args, state: before, call_id }) as unknown as BrowserConfirmContext;
    const url: unknown = args['url'];
    if (NAVIGATING.has(member) && isText(url)) {
      const answer = await this.#urlPolicy!(context(), url, { signal });
      signal?.throwIfAborted();
      if (answer !== true) throw new BrowserError('This address may not be opened.');
    }
    const answer = await this.#confirm!(context(), { signal });
    signal?.throwIfAborted();
    if (answer !== true) throw new BrowserError('The user did not agree to this action.');
    this.#tell(one, 'approval', 'completed', began);
  }

  async #state(one: Call): Promise<Item> {
    one.signal?.throwIfAborted();
    try {
      one.before = stateOf(await this.#handlers.get('state')!({ signal: one.signal }), one.before);
    } catch {
      one.signal?.throwIfAborted();
      throw new OpenAIError('The state of the browser could not be read: its driver failed, or gave what is none.');
    }
    one.signal?.throwIfAborted();
    return structuredClone(one.before);
  }

  #tell({ call_id, member, observer }: Call, stage: RunnerDiagnostic['stage'], reason: RunnerDiagnostic['reason'], began: number): void {
    report(observer, { api: 'browser', stage, reason, call_id, member }, began);
  }
}

const SKIPPED = 'Not done: an action before it in this turn has failed.';

/** A result of a driver that is none: it ends the call, and not only the action. */
class Unfit extends Error {}

/** A call at work. */
interface Call {
  member: MemberName;
  call_id: string;
  text: string;
  signal: AbortSignal | undefined;
  observer: RunnerDiagnosticObserver | undefined;
  /** What the driver said last of its browser. */
  before: Item | undefined;
}
