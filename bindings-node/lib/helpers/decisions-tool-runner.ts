/** A run over decisions: the model chooses among the program's actions until it says that all is done, and the program has seen that it is. */
import type { OpenAI } from '../client.js';
import { OpenAIError } from '../core/error.js';
import { buildHeaders } from '../internal/headers.js';
import type { RequestOptions } from '../internal/request-options.js';
import { Admission, failureOf, optionsOfNext, report, type RunnerDiagnostic, type RunnerDiagnosticObserver } from '../internal/runner.js';
import type { Decision, DecisionCreateParams, DecisionInputPart } from '../resources/decisions.js';

export type { RunnerDiagnostic, RunnerDiagnosticObserver };

/** What there is to see now: a text, or texts and pictures. */
export type DecisionObservation = string | Extract<DecisionInputPart, { type: 'input_text' | 'input_image' }>[];

/** An action, or the one choice that ends the run. The program has the arguments; the model chooses an id. */
export type DecisionCandidate =
  | { id: string; description: string; execute: () => void | Promise<void>; done?: false }
  | { id: string; description: string; done: true; execute?: never };

export interface DecisionsRunnerRegistration {
  observe: () => DecisionObservation | Promise<DecisionObservation>;
  /** The choices of this moment: 255 at most, exactly one of which ends the run. */
  candidates: (observation: DecisionObservation) => DecisionCandidate[] | Promise<DecisionCandidate[]>;
  /** Whether what was asked for is so. Without it a run ends `unverified`. */
  verify?: (observation: DecisionObservation) => boolean | Promise<boolean>;
}

export interface DecisionsRunnerParams {
  model: string;
  /** The task. */
  input: string;
  safety_identifier?: DecisionCreateParams['safety_identifier'];
}

export interface DecisionsRunnerOptions {
  /** Most requests; the last may only end the run. Default 20. */
  maxSteps?: number;
  signal?: AbortSignal;
  onDiagnostic?: RunnerDiagnosticObserver;
  requestOptions?: Pick<RequestOptions, 'headers' | 'timeout' | 'maxRetries' | 'signal'>;
}

export interface DecisionsRunResult {
  status: 'verified' | 'unverified' | 'refused';
  /** All decisions, in their order. */
  decisions: Decision[];
  attemptedCandidateIds: string[];
  completedCandidateIds: string[];
}

export type DecisionsRunnerErrorReason =
  | 'invalid_params' | 'invalid_candidates' | 'invalid_answer' | 'invalid_verification' | 'verification_failed' | 'step_limit' | 'failed' | 'cancelled';

/** A run that did not end well. It says which actions were begun and which have ended, and nothing of what they said. */
export class DecisionsToolRunnerError extends OpenAIError {
  readonly attemptedCandidateIds: string[];
  readonly completedCandidateIds: string[];
  readonly reason: DecisionsRunnerErrorReason;

  constructor(reason: DecisionsRunnerErrorReason, attempted: string[], completed: string[]) {
    super(`the run of decisions stopped (${reason}); look at the ids of its actions and at what they act on before it is begun anew`);
    this.name = 'DecisionsToolRunnerError';
    this.reason = reason;
    this.attemptedCandidateIds = [...attempted];
    this.completedCandidateIds = [...completed];
  }
}

/** Why a check of ours has failed. */
class Stop extends Error {
  constructor(readonly reason: DecisionsRunnerErrorReason) {
    super(reason);
  }
}

const MOST = 255;
const QUESTION = 'next_action';
const PARAMS = new Set(['model', 'input', 'safety_identifier']);
const OPTIONS = new Set(['maxSteps', 'signal', 'requestOptions', 'onDiagnostic']);
const REQUEST = new Set(['headers', 'timeout', 'maxRetries', 'signal']);

const isFields = (value: unknown): value is Record<string, any> => typeof value === 'object' && value !== null && !Array.isArray(value);
const knows = (value: object, names: ReadonlySet<string>): boolean => Object.keys(value).every((name) => names.has(name));

interface Prepared {
  params: { model: string; safety_identifier?: string | null };
  input: string;
  maxSteps: number;
  signal: AbortSignal | undefined;
  request: RequestOptions;
}

function prepare(params: DecisionsRunnerParams, options: DecisionsRunnerOptions): Prepared {
  if (!isFields(params) || !isFields(options) || !knows(params, PARAMS) || !knows(options, OPTIONS)) throw new Stop('invalid_params');
  const { model, input, safety_identifier: who } = params;
  const { maxSteps = 20, requestOptions = {} } = options;
  const fits =
    typeof model === 'string' && typeof input === 'string' && (who === undefined || who === null || typeof who === 'string') &&
    Number.isSafeInteger(maxSteps) && maxSteps >= 1 && isFields(requestOptions) && knows(requestOptions, REQUEST);
  if (!fits) throw new Stop('invalid_params');
  const signal = options.signal ?? requestOptions.signal ?? undefined;
  const request = { ...requestOptions, headers: buildHeaders([requestOptions.headers]), signal } as RequestOptions;
  return { params: { model, ...(who === undefined ? {} : { safety_identifier: who }) }, input, maxSteps, signal, request };
}

function observed(given: DecisionObservation): DecisionObservation {
  if (typeof given === 'string') return given;
  if (!Array.isArray(given)) throw new Stop('failed');
  const parts = structuredClone([...given]) as any[];
  for (const part of parts) {
    const isText = isFields(part) && part['type'] === 'input_text' && typeof part['text'] === 'string';
    const isImage = isFields(part) && part['type'] === 'input_image' && typeof part['image_url'] === 'string';
    if (!isText && !isImage) throw new Stop('failed');
  }
  return parts as DecisionObservation;
}

type Choice = { id: string; description: string; execute: (() => unknown) | undefined };

function choicesOf(given: DecisionCandidate[]): Map<string, Choice> {
  if (!Array.isArray(given) || given.length < 1 || given.length > MOST) throw new Stop('invalid_candidates');
  const found = new Map<string, Choice>();
  let ends = 0;
  for (const candidate of given as any[]) {
    if (!isFields(candidate)) throw new Stop('invalid_candidates');
    const { id, description, done, execute } = candidate;
    const isNamed = typeof id === 'string' && id.trim() !== '' && typeof description === 'string' && description.trim() !== '' && !found.has(id);
    if (!isNamed || (done === true ? execute !== undefined : (done !== undefined && done !== false) || typeof execute !== 'function')) {
      throw new Stop('invalid_candidates');
    }
    if (done === true) ends += 1;
    found.set(id, { id, description, execute: done === true ? undefined : execute.bind(candidate) });
  }
  if (ends !== 1) throw new Stop('invalid_candidates');
  return found;
}

/** The choice of a decision; `undefined` for a refusal. */
function chosen(decision: Decision, choices: ReadonlyMap<string, Choice>): Choice | undefined {
  const answers = (decision as { answers?: unknown }).answers;
  const answer: any = Array.isArray(answers) && answers.length === 1 ? answers[0] : undefined;
  if (!isFields(answer) || answer['name'] !== QUESTION || !isFields(decision.usage) || typeof decision.model !== 'string') throw new Stop('invalid_answer');
  if (answer['type'] === 'refusal') return undefined;
  const found = answer['type'] === 'choice' ? choices.get(answer['choice']) : undefined;
  if (!found || !Number.isFinite(answer['confidence']) || !Array.isArray(answer['probabilities'])) throw new Stop('invalid_answer');
  return found;
}

/** Lets the model choose among actions, one after the other. */
export class DecisionsToolRunner {
  #admission = new Admission();
  #registration: DecisionsRunnerRegistration;

  constructor(registration: DecisionsRunnerRegistration) {
    this.#registration = registration;
  }

  /** Begins no more runs; the one that is under way goes on. */
  close(): { status: 'closed' | 'draining' } {
    return this.#admission.close();
  }

  /** Runs until the model says that all is done and `verify` agrees, or until it refuses. Fails with `DecisionsToolRunnerError`. */
  async run(client: OpenAI, params: DecisionsRunnerParams, options: DecisionsRunnerOptions = {}): Promise<DecisionsRunResult> {
    this.#admission.enter();
    const state = new Run(client, this.#registration, options?.onDiagnostic);
    try {
      const prepared = prepare(params, options);
      state.signal = prepared.signal;
      return await state.go(prepared);
    } catch (error) {
      throw state.failed(error);
    } finally {
      this.#admission.leave();
    }
  }
}

/** One run. */
class Run {
  signal: AbortSignal | undefined;
  #attempted: string[] = [];
  #completed: string[] = [];
  #decisions: Decision[] = [];
  #stage: RunnerDiagnostic['stage'] = 'run';
  #began = performance.now();
  #id: string | null = null;

  constructor(
    private readonly client: OpenAI,
    private readonly registration: DecisionsRunnerRegistration,
    private readonly observer: RunnerDiagnosticObserver | undefined,
  ) {}

  #enter(stage: RunnerDiagnostic['stage']): void {
    this.#stage = stage;
    this.#began = performance.now();
    this.signal?.throwIfAborted();
  }

  #report(reason: RunnerDiagnostic['reason'], usage?: unknown): void {
    report(this.observer, { api: 'decisions', stage: this.#stage, reason, call_id: this.#id }, this.#began, usage);
  }

  failed(error: unknown): DecisionsToolRunnerError {
    const reason = this.signal?.aborted ? 'cancelled' : error instanceof Stop ? error.reason : 'failed';
    this.#report(reason === 'step_limit' || reason === 'cancelled' ? reason : failureOf(this.#stage, this.signal));
    return new DecisionsToolRunnerError(reason, this.#attempted, this.#completed);
  }

  #result(status: DecisionsRunResult['status']): DecisionsRunResult {
    return { status, decisions: this.#decisions, attemptedCandidateIds: [...this.#attempted], completedCandidateIds: [...this.#completed] };
  }

  async go({ params, input, maxSteps, request }: Prepared): Promise<DecisionsRunResult> {
    for (let step = 0; step < maxSteps; step += 1) {
      this.#id = null;
      this.#enter('run');
      const observation = observed(await this.registration.observe());
      this.signal?.throwIfAborted();
      const choices = choicesOf(await this.registration.candidates(structuredClone(observation)));
      this.signal?.throwIfAborted();
      // The end alone is no question.
      const selected = choices.size === 1 ? [...choices.values()][0]! : await this.#ask(params, input, observation, choices, step === 0 ? request : optionsOfNext(this.client, request));
      if (!selected) {
        this.#report('refused');
        return this.#result('refused');
      }
      this.#id = selected.id;
      this.#stage = 'selection';
      this.#report('completed');
      if (selected.execute) {
        if (step === maxSteps - 1) throw new Stop('step_limit');
        this.#enter('action');
        this.#attempted.push(selected.id);
        await selected.execute();
        this.#completed.push(selected.id);
        this.#report('completed');
        continue;
      }
      const status = await this.#verify();
      if (status) return this.#result(status);
      this.#enter('run');
      if (choices.size === 1) throw new Stop('verification_failed');
    }
    throw new Stop('step_limit');
  }

  async #ask(
    params: Prepared['params'],
    input: string,
    observation: DecisionObservation,
    choices: ReadonlyMap<string, Choice>,
    request: RequestOptions | undefined,
  ): Promise<Choice | undefined> {
    this.#enter('request');
    const decision = await this.client.decisions.create(
      {
        ...params,
        input: [{ role: 'user', content: input }, { role: 'user', content: observation }],
        questions: [{
          type: 'choice',
          name: QUESTION,
          instructions: 'Which of these actions brings the task forward? If the task is finished, choose the one that ends it.',
          choices: [...choices.values()].map(({ id, description }) => ({ value: id, description })),
        }],
      },
      request,
    );
    this.#stage = 'selection';
    const selected = chosen(decision, choices);
    this.#stage = 'request';
    this.#report('completed', decision.usage);
    this.#decisions.push(decision);
    this.#enter('selection');
    return selected;
  }

  /** How a run ends that the model calls done; `undefined` where it has not ended. */
  async #verify(): Promise<'verified' | 'unverified' | undefined> {
    this.#enter('verification');
    const { verify } = this.registration;
    if (!verify) {
      this.#report('completed');
      return 'unverified';
    }
    // What there is to see by then, and not what the model has chosen by.
    const result: unknown = await verify.call(this.registration, observed(await this.registration.observe()));
    this.signal?.throwIfAborted();
    if (typeof result !== 'boolean') throw new Stop('invalid_verification');
    this.#report(result ? 'completed' : 'refused');
    return result ? 'verified' : undefined;
  }
}
