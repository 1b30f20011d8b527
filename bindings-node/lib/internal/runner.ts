/** What runs of tools have in common: one at a time, and records of what they do. */
import { randomUUID } from 'node:crypto';
import { buildHeaders } from './headers';
import type { RequestOptions } from './request-options';

/** What a run has just done. Ids may be the application's own data. */
export interface RunnerDiagnostic {
  api: 'responses' | 'decisions' | 'browser' | 'computer';
  stage: 'run' | 'request' | 'arguments' | 'approval' | 'action' | 'output' | 'selection' | 'verification';
  reason:
    | 'started' | 'completed' | 'refused' | 'cancelled' | 'invalid_input' | 'invalid_output' | 'api_failed' | 'driver_failed' | 'policy_failed'
    | 'step_limit' | 'busy' | 'closed';
  call_id: string | null;
  member: string | null;
  /** Milliseconds of the stage. */
  duration_ms: number;
  usage: { input_tokens: number; output_tokens: number; total_tokens: number } | null;
}

/** Hears of each stage. What it throws, or rejects with, changes nothing. */
export type RunnerDiagnosticObserver = (event: Readonly<RunnerDiagnostic>) => void;

type Told = Pick<RunnerDiagnostic, 'api' | 'stage' | 'reason'> & Partial<RunnerDiagnostic>;

const WHY: Record<RunnerDiagnostic['stage'], RunnerDiagnostic['reason']> = {
  run: 'invalid_output', request: 'api_failed', arguments: 'invalid_input', approval: 'policy_failed', action: 'driver_failed', output: 'invalid_output',
  selection: 'invalid_output', verification: 'invalid_output',
};

/** Why a stage has failed. */
export function failureOf(stage: RunnerDiagnostic['stage'], signal?: AbortSignal): RunnerDiagnostic['reason'] {
  return signal?.aborted ? 'cancelled' : WHY[stage];
}

/** Tells an observer of a stage that began at `began` (`performance.now()`). */
export function report(observer: RunnerDiagnosticObserver | undefined, event: Told, began: number, usage?: any): void {
  if (!observer) return;
  const { input_tokens, output_tokens, total_tokens } = usage ?? {};
  const counts = [input_tokens, output_tokens, total_tokens].every((count) => Number.isSafeInteger(count) && count >= 0);
  const duration_ms = Math.max(0, performance.now() - began);
  const whole = { call_id: null, member: null, ...event, duration_ms, usage: counts ? { input_tokens, output_tokens, total_tokens } : null };
  try {
    void Promise.resolve(observer(whole) as unknown).catch(() => undefined);
  } catch {
    // An observer has no say in the run.
  }
}

/** One run at a time, and none once it is closed. */
export class Admission {
  #state: 'open' | 'busy' | 'draining' | 'closed' = 'open';

  enter(): void {
    if (this.#state !== 'open') throw new TypeError(this.#state === 'busy' ? 'Helper is busy.' : 'Helper is closed.');
    this.#state = 'busy';
  }

  leave(): void {
    this.#state = this.#state === 'draining' ? 'closed' : 'open';
  }

  close(): { status: 'closed' | 'draining' } {
    this.#state = this.#state === 'busy' || this.#state === 'draining' ? 'draining' : 'closed';
    return { status: this.#state };
  }
}

/** Options of the requests behind the first: a key against repetition is the first one's alone. */
export function optionsOfNext(client: object, options: RequestOptions | undefined): RequestOptions | undefined {
  const { defaultHeaders } = (client as { _options?: { defaultHeaders?: any } })._options ?? {};
  const own = buildHeaders([options?.headers]);
  const inHeaders = buildHeaders([defaultHeaders, own]).values.has('idempotency-key');
  if (!options?.idempotencyKey && !inHeaders) return options;
  const key = `threadline-node-run-${randomUUID()}`;
  return { ...options, idempotencyKey: key, headers: buildHeaders([own, inHeaders ? { 'idempotency-key': key } : undefined]) };
}
