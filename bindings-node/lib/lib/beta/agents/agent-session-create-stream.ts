/** The events of a session that begins with input, and the result of its first turn. */
import type { APIPromise } from '../../../core/api-promise.js';
import { APIUserAbortError, OpenAIError } from '../../../core/error.js';
import type { Stream } from '../../../core/streaming.js';
import type { RequestOptions } from '../../../internal/request-options.js';
import type { AgentSessionEvent } from '../../../resources/beta/agents/agents.js';
import type { Sessions } from '../../../resources/beta/agents/sessions/sessions.js';
import type { AgentToolHandler } from '../../agents/agent-session-stream.js';
import { AgentOutputParseError } from './output-parse-error.js';
import type { AgentOutputFormat, AgentResult } from './output-format-types.js';
import { ParsedAgentTurnResult } from './parsed-agent-turn-result.js';
import { AgentTurnResultError } from './agent-turn-result-error.js';
import { ToolCalls } from './tool-calls.js';
import { TurnCollector } from './turn-collector.js';

/** The events of a new session, with the result of its first turn for who asks for it. */
export type AgentSessionCreateStream<T = never> = Stream<AgentSessionEvent> & {
  /** Reads on until the session is at rest after the turn: its final messages. */
  finalResult: () => Promise<AgentResult<T>>;
  /** Keeps the final messages while the events are read, for `finalResult` afterwards. */
  withResultCollection: () => AgentSessionCreateStream<T>;
};

interface Local {
  sessions: Sessions;
  handlers: Record<string, AgentToolHandler> | undefined;
  options: RequestOptions | undefined;
  format: AgentOutputFormat<unknown> | undefined;
}

/** A stream, as its inside is seen from here. */
interface Events extends AsyncIterable<AgentSessionEvent> {
  iterator: () => AsyncIterator<AgentSessionEvent>;
  controller: AbortController;
}

/** Calls functions while a stream is read, and gathers its result where that is asked for. The stream stays the object that it was. */
function followed(stream: Events, { sessions, handlers, options, format }: Local): AgentSessionCreateStream<any> {
  const { signal: _ours, ...rest } = options ?? {};
  const calls = handlers && new ToolCalls(sessions, { ...handlers }, rest, stream.controller);
  const source = stream.iterator.bind(stream);
  let collector: TurnCollector | undefined;
  let hasBegun = false;
  let failure: unknown;
  let result: Promise<any> | undefined;

  async function* events(): AsyncGenerator<AgentSessionEvent, void, undefined> {
    try {
      for await (const event of { [Symbol.asyncIterator]: source }) {
        collector?.accept(event);
        const call = calls?.prepare(event);
        yield event;
        if (!stream.controller.signal.aborted) await call?.();
      }
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  function enable(): TurnCollector {
    if (collector) return collector;
    if (hasBegun) throw new OpenAIError('The events of this session were read before: ask for its result, or `withResultCollection()`, first.');
    return (collector = new TurnCollector());
  }

  async function drained(): Promise<any> {
    const kept = enable();
    if (!hasBegun) {
      try {
        for await (const _event of stream) {
          kept.checkActions((name) => calls?.canHandle(name) ?? false);
          if (kept.ready) break;
        }
      } catch (error) {
        throw error instanceof AgentTurnResultError ? error : kept.error('observation', error);
      }
    }
    const whole = kept.finish(failure ?? (stream.controller.signal.aborted ? new APIUserAbortError() : undefined));
    if (!format) return whole;
    try {
      return new ParsedAgentTurnResult(whole, format.$parseRaw(whole.output_text));
    } catch {
      throw new AgentOutputParseError(whole);
    }
  }

  const made = Object.assign(stream, {
    iterator: () => {
      const iterator = hasBegun ? source() : events();
      hasBegun = true;
      return iterator;
    },
    finalResult: () => (result ??= drained()),
    withResultCollection: () => {
      enable();
      return made as unknown as AgentSessionCreateStream<any>;
    },
  });
  return made as unknown as AgentSessionCreateStream<any>;
}

/** Creates a session: what of the parameters is the program's own is not sent, and a stream gets its result. */
export function created(
  sessions: Sessions,
  params: object | null | undefined,
  options: RequestOptions | null | undefined,
  call: (params: object | null | undefined) => APIPromise<any>,
): APIPromise<any> {
  const { toolHandlers: handlers, ...body } = (params ?? {}) as Record<string, any>;
  const isStreamed = body['stream'] === true;
  if (handlers !== undefined && !isStreamed) throw new OpenAIError('`toolHandlers` of a new session are called while its events are read: they need `stream: true`.');
  const promise = call(handlers === undefined ? params : body);
  if (!isStreamed) return promise;
  const given = body['agent']?.text?.format;
  const format = typeof given?.$parseRaw === 'function' ? given : undefined;
  const local = { sessions, handlers, options: options ?? undefined, format };
  return promise._thenUnwrap((stream) => (stream && typeof stream.iterator === 'function' ? followed(stream, local) : stream));
}
