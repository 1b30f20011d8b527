/** What a turn came to, read by a format. */
import { AgentTurnResult } from './agent-turn-result.js';

/** A result whose text was parsed. */
export class ParsedAgentTurnResult<T> extends AgentTurnResult {
  readonly output_parsed: T;
  readonly raw_result: AgentTurnResult;

  constructor(result: AgentTurnResult, parsed: T) {
    super(result.turn, result.messages);
    this.raw_result = result;
    this.output_parsed = parsed;
  }
}
