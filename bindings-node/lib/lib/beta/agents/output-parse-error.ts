/** A turn that ended well, with a text that does not fit. */
import { OpenAIError } from '../../../core/error.js';
import type { AgentTurnResult } from './agent-turn-result.js';

/** The text of a completed turn does not fit its format. Logs do not show the text; the error gives it to who asks. */
export class AgentOutputParseError extends OpenAIError {
  override name = 'AgentOutputParseError';
  readonly #result: AgentTurnResult;

  constructor(result: AgentTurnResult) {
    super('The turn of the agent ended well, but its text does not fit the format that it was to have.');
    this.#result = result;
  }

  get raw_result(): AgentTurnResult {
    return this.#result;
  }
}
