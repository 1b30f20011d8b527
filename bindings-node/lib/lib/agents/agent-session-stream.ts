/** One turn of a session of a hosted agent: its events, and the functions that it calls. */
import type { Client } from '../../core/client.js';
import { APIUserAbortError, OpenAIError } from '../../core/error.js';
import { ask, made } from '../../internal/asked.js';
import { keep, nativeModule, type NativeAgentRun } from '../../internal/native.js';
import type { RequestOptions } from '../../internal/request-options.js';
import type {
  AgentFunctionCallOutputParam, AgentSessionEvent, AgentSessionInputMessageParam,
} from '../../resources/beta/agents/agents.js';
import type { Sessions } from '../../resources/beta/agents/sessions/sessions.js';
import { keepFunctions } from '../../tool-runner.js';
import { AgentTurnResult } from '../beta/agents/agent-turn-result.js';
import type { AgentOutputFormat, AgentResult } from '../beta/agents/output-format-types.js';
import { ParsedAgentTurnResult } from '../beta/agents/parsed-agent-turn-result.js';
import type { AgentToolError } from '../beta/agents/tool-error.js';
import { clientOf } from '../helpers/client-of.js';

/** What a function gives; an object is sent as JSON. */
export type AgentToolOutput = AgentFunctionCallOutputParam | object | null;

/** A function that a turn may call. */
export type AgentToolHandler = (arguments_: Record<string, unknown>) => AgentToolOutput | PromiseLike<AgentToolOutput>;

/** What a turn begins with. */
export type AgentSessionStreamParams<T = never> = {
  /** Parses the text of this turn; the session's own schema stays. */
  outputFormat?: AgentOutputFormat<T>;
  /** A text, or messages of the user. */
  input: string | AgentSessionInputMessageParam[];
  /** Functions by their names; calls of others are left to the program. */
  toolHandlers?: Record<string, AgentToolHandler>;
  /** Hears of functions that failed. */
  onToolError?: (failure: AgentToolError) => void | PromiseLike<void>;
  /** Key of the request that sends the input. */
  idempotencyKey?: string;
} & ([T] extends [never] ? unknown : { outputFormat: AgentOutputFormat<T> });

/** What was thrown last by each function: handlers run one after the other. */
type Thrown = Map<string, unknown>;

/** The events of one turn, read once. It begins when it is iterated, and needs an idle session. */
export class AgentSessionStream<T = never> implements AsyncIterable<AgentSessionEvent> {
  /** Aborting it closes the connections; the turn goes on at the server. */
  readonly controller = new AbortController();
  readonly #client: Client;
  readonly #session: string;
  readonly #params: AgentSessionStreamParams<T>;
  readonly #options: RequestOptions;
  #run: NativeAgentRun | undefined;
  #begun: Promise<unknown> | undefined;
  #consumed = false;

  constructor(sessions: Sessions, sessionID: string, params: AgentSessionStreamParams<T>, options?: RequestOptions) {
    this.#client = clientOf(sessions);
    this.#session = sessionID;
    this.#params = params;
    const { signal, ...rest } = options ?? {};
    this.#options = rest;
    if (signal?.aborted) this.controller.abort(signal.reason);
    else signal?.addEventListener('abort', () => this.abort(signal.reason), { once: true, signal: this.controller.signal });
    this.controller.signal.addEventListener('abort', () => this.#run?.close(), { once: true });
  }

  /** Closes the connections. */
  abort(reason?: unknown): void {
    this.controller.abort(reason);
  }

  #start(): NativeAgentRun {
    const { input, toolHandlers = {}, onToolError, idempotencyKey } = this.#params;
    const thrown: Thrown = new Map();
    const handlers = Object.entries(toolHandlers).map(([name, run]) => {
      const watched: AgentToolHandler = async (given) => {
        try {
          return await run(given);
        } catch (error) {
          thrown.set(name, error);
          throw error;
        }
      };
      return [name, watched] as const;
    });
    const functions = keepFunctions(Object.fromEntries(handlers), [], this);
    const failed =
      onToolError &&
      keep(async (text) => {
        const { message, ...call } = JSON.parse(text);
        const stage = thrown.has(call.tool_name) ? 'execution' : 'arguments';
        const error = thrown.get(call.tool_name) ?? new OpenAIError(message);
        thrown.delete(call.tool_name);
        try {
          await onToolError({ error, ...call, stage });
        } catch {
          // What observes is no part of the turn.
        }
        return null;
      }, this);
    const key = idempotencyKey ?? this.#options.idempotencyKey;
    const request = key === undefined ? this.#options : { ...this.#options, idempotencyKey: key };
    const { native, options } = this.#client._prepare(request);
    const said = JSON.stringify(input);
    return made(() => new (nativeModule().AgentRun)(native, this.#session, said, functions, failed, options));
  }

  async #native(): Promise<NativeAgentRun> {
    if (this.controller.signal.aborted) throw this.#aborted();
    const run = (this.#run ??= this.#start());
    await (this.#begun ??= ask((id) => run.begin(id), this.controller.signal));
    return run;
  }

  #aborted(): Error {
    const error = new APIUserAbortError();
    const { reason } = this.controller.signal;
    if (reason !== undefined) error.cause = reason;
    return error;
  }

  async #next(): Promise<AgentSessionEvent | undefined> {
    const run = await this.#native();
    const { text } = await ask((id) => run.next(id), this.controller.signal);
    return text === null ? undefined : (JSON.parse(text) as AgentSessionEvent);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AgentSessionEvent, void, undefined> {
    if (this.#consumed) throw new OpenAIError('The events of a turn can be read only once.');
    this.#consumed = true;
    let isOver = false;
    try {
      for (;;) {
        const event = await this.#next();
        if (event === undefined) break;
        yield event;
      }
      isOver = true;
    } finally {
      // What was read to its end still has its result.
      if (!isOver) this.controller.abort();
    }
  }

  /** The result is collected in any case. */
  withResultCollection(): this {
    return this;
  }

  /** Reads the turn to its end: its final messages. */
  async finalResult(): Promise<AgentResult<T>> {
    const run = await this.#native();
    this.#consumed = true;
    const { text } = await ask((id) => run.end(id), this.controller.signal);
    if (text === null) throw this.#aborted();
    const { turn, messages } = JSON.parse(text);
    const result = new AgentTurnResult(turn, messages);
    const format = this.#params.outputFormat as AgentOutputFormat<T> | undefined;
    if (!format) return result as AgentResult<T>;
    return new ParsedAgentTurnResult(result, format.$parseRaw(result.output_text)) as unknown as AgentResult<T>;
  }
}
