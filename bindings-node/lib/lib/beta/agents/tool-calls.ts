/** Functions of the program that a session calls while its events are read. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { BadRequestError } from '../../../core/error.js';
import { buildHeaders } from '../../../internal/headers.js';
import type { RequestOptions } from '../../../internal/request-options.js';
import type { AgentSessionEvent } from '../../../resources/beta/agents/agents.js';
import type { Sessions } from '../../../resources/beta/agents/sessions/sessions.js';
import type { AgentToolHandler } from '../../agents/agent-session-stream.js';

/** Milliseconds between attempts while the server does not know yet of the call that it has told of. */
const PAUSES = [100, 300, 600];

const isPart = (value: any): boolean =>
  (value?.type === 'input_text' && typeof value.text === 'string') || value?.type === 'input_image' || value?.type === 'input_file';

/** What the agent is told: a text, parts, or an object as JSON. */
function outputOf(value: unknown): unknown {
  if (typeof value === 'string' || value === null) return value;
  if (Array.isArray(value)) {
    if (value.every(isPart)) return structuredClone(value);
    throw new TypeError('A function of an agent gives a text, an object, or parts of a text, pictures and files.');
  }
  if (typeof value !== 'object') throw new TypeError('A function of an agent gives a text, an object, or parts.');
  return JSON.stringify(value);
}

/** Calls each function once, however often its call is told of. */
export class ToolCalls {
  readonly #seen = new Set<string>();

  constructor(
    private readonly sessions: Sessions,
    private readonly handlers: Record<string, AgentToolHandler>,
    private readonly options: RequestOptions | undefined,
    private readonly controller: AbortController,
  ) {}

  canHandle(name: string): boolean {
    return Object.hasOwn(this.handlers, name);
  }

  /** What makes the call that an event tells of, if it is one for here, as it is now: the program may change the event. */
  prepare(event: AgentSessionEvent): (() => Promise<void>) | undefined {
    const { type, event_id, session_id, item } = event as any;
    if (type !== 'agent.session.turn.item.added' || item.type !== 'function_call' || !this.canHandle(item.name)) return undefined;
    const keys = [`event ${event_id}`, `call ${item.turn_id} ${item.call_id}`];
    if (event_id === undefined || keys.some((key) => this.#seen.has(key))) return undefined;
    for (const key of keys) this.#seen.add(key);
    const call = structuredClone(item);
    return () => this.#run(session_id, call);
  }

  async #run(session: string, { name, turn_id, call_id, arguments: given }: any): Promise<void> {
    const about = { type: 'agent.session.input.tool_result' as const, turn_id, call_id };
    let result: Record<string, unknown>;
    try {
      const args: unknown = typeof given === 'string' ? JSON.parse(given) : given;
      if (typeof args !== 'object' || args === null || Array.isArray(args)) throw new TypeError('The arguments of a function must be an object.');
      result = { ...about, success: true, output: outputOf(await this.handlers[name]!(args as Record<string, unknown>)) };
    } catch {
      // Not the error's own words, which may hold what the model is not to see.
      result = { ...about, success: false, error: 'Tool handler failed.' };
    }
    const key = randomUUID();
    const headers = buildHeaders([this.options?.headers, { 'idempotency-key': key }]);
    const options = { ...this.options, headers, idempotencyKey: key, signal: this.controller.signal };
    for (let attempt = 0; ; attempt += 1) {
      if (this.controller.signal.aborted) return;
      try {
        await this.sessions.events.create(session, { events: [result as any] }, options);
        return;
      } catch (error) {
        const isEarly = error instanceof BadRequestError && error.code === 'invalid_request_error' && error.message.endsWith(`Unknown pending tool call: ${call_id}`);
        if (!isEarly || attempt === PAUSES.length) throw error;
        await pause(PAUSES[attempt]);
      }
    }
  }
}
