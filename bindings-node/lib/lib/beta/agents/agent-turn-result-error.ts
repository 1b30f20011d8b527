/** Why there is no result of a turn. */
import { OpenAIError } from '../../../core/error.js';
import type { AgentSession, AgentSessionAssistantMessage } from '../../../resources/beta/agents/agents.js';
import type { Turn } from '../../../resources/beta/agents/sessions/turns/turns.js';

type Reason = 'failed' | 'cancelled' | 'requires_action' | 'observation';

const WORDS: Record<Reason, string> = {
  failed: 'it failed',
  cancelled: 'it was cancelled',
  requires_action: 'it waits for the program',
  observation: 'its events ended before it did; at the server it may go on',
};

/** There is no result of a turn. What was there is kept; it is no result. */
export class AgentTurnResultError extends OpenAIError {
  override name = 'AgentTurnResultError';
  override readonly cause: unknown;

  constructor(
    readonly reason: Reason,
    readonly session_id: string | undefined,
    readonly turn: Turn | undefined,
    readonly messages: AgentSessionAssistantMessage[],
    readonly required_actions: AgentSession['required_actions'] = [],
    cause?: unknown,
  ) {
    super(`The turn of the agent has no result: ${WORDS[reason]}.`);
    this.cause = cause;
  }

  get turn_id(): string | undefined {
    return this.turn?.id;
  }
}
