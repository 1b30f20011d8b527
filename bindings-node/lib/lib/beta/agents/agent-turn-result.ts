/** What a turn of a hosted agent came to. */
import type { AgentSessionAssistantMessage } from '../../../resources/beta/agents/agents.js';
import type { Turn } from '../../../resources/beta/agents/sessions/turns/turns.js';

/** The final messages of a completed turn. */
export class AgentTurnResult {
  constructor(
    readonly turn: Turn,
    readonly messages: AgentSessionAssistantMessage[],
  ) {}

  get session_id(): string {
    return this.turn.session_id;
  }

  get turn_id(): string {
    return this.turn.id;
  }

  /** The text of all messages. */
  get output_text(): string {
    const parts = this.messages.flatMap((message) => (message.content ?? []) as Array<{ type: string; text?: string }>);
    return parts.filter((part) => part.type === 'output_text').map((part) => part.text ?? '').join('');
  }
}
