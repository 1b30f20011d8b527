/** What comes of the first turn of a session, gathered from its events. */
import type { AgentSession, AgentSessionAssistantMessage, AgentSessionEvent } from '../../../resources/beta/agents/agents.js';
import type { Turn } from '../../../resources/beta/agents/sessions/turns/turns.js';
import { AgentTurnResult } from './agent-turn-result.js';
import { AgentTurnResultError } from './agent-turn-result-error.js';

const ENDS = new Set(['agent.session.turn.completed', 'agent.session.turn.failed', 'agent.session.turn.cancelled']);

/** Gathers the messages of a turn, and how it ended. What it keeps is its own. */
export class TurnCollector {
  #session: string | undefined;
  #turn: Turn | undefined;
  #messages = new Map<string, [place: number, message: AgentSessionAssistantMessage]>();
  #actions: AgentSession['required_actions'] = [];
  #hasFailed = false;
  #isOver = false;
  #result: AgentTurnResult | undefined;

  /** Whether the session is at rest after the turn, or nothing more can come of it. */
  get ready(): boolean {
    return this.#isOver;
  }

  accept(event: AgentSessionEvent): void {
    if (this.#isOver) return;
    const { type, session, session_id, turn, turn_id, item, output_index } = event as any;
    if (ENDS.has(type)) {
      if (turn_id === this.#turn?.id) {
        this.#turn = structuredClone(turn);
        this.#actions = [];
      }
      return;
    }
    switch (type) {
      case 'agent.session.created':
        this.#session = session.id;
        break;
      case 'agent.session.turn.created':
        // Turns of those that the agent sends out are not its own.
        if (this.#turn || turn.subagent_id !== null) break;
        this.#turn = structuredClone(turn);
        this.#session = session_id;
        break;
      case 'agent.session.turn.item.done':
        this.#take(item, output_index);
        break;
      case 'agent.session.in_progress':
        this.#actions = [];
        break;
      case 'agent.session.requires_action':
        this.#session = session.id;
        this.#actions = structuredClone(session.required_actions);
        break;
      case 'agent.session.failed':
        this.#session = session.id;
        this.#hasFailed = this.#isOver = true;
        break;
      case 'agent.session.idle':
        this.#isOver = this.#turn !== undefined && this.#turn.status !== 'in_progress';
        break;
    }
  }

  #take(item: any, place: number): void {
    const isFinal = item.type === 'message' && item.phase !== 'commentary' && item.status === 'completed';
    if (!isFinal || item.turn_id !== this.#turn?.id || this.#messages.has(item.id)) return;
    this.#messages.set(item.id, [place, structuredClone(item)]);
  }

  #ordered(): AgentSessionAssistantMessage[] {
    return [...this.#messages.values()].sort(([a], [b]) => a - b).map(([, message]) => message);
  }

  error(reason: AgentTurnResultError['reason'], cause?: unknown): AgentTurnResultError {
    return new AgentTurnResultError(reason, this.#session, this.#turn, this.#ordered(), this.#actions, cause);
  }

  /** Fails where the turn waits for something that nobody does. */
  checkActions(canHandle: (name: string) => boolean): void {
    if (this.#actions.some((action: any) => action.type !== 'function_call' || !canHandle(action.name))) throw this.error('requires_action');
  }

  /** The result, or why there is none. */
  finish(cause?: unknown): AgentTurnResult {
    if (this.#result) return this.#result;
    const status = this.#turn?.status;
    if (this.#hasFailed || status === 'failed') throw this.error('failed');
    if (status === 'cancelled') throw this.error('cancelled');
    if (!this.#isOver || !this.#turn || status !== 'completed') throw this.error('observation', cause);
    return (this.#result = new AgentTurnResult(this.#turn, this.#ordered()));
  }
}
