/** Formats that parse the text of a turn. */
import type { TextFormatParam } from '../../../resources/beta/agents/agents.js';
import type { AgentTurnResult } from './agent-turn-result.js';
import type { ParsedAgentTurnResult } from './parsed-agent-turn-result.js';

/** A schema, and the function that parses what is of it; only the schema is sent. */
export interface AgentOutputFormat<T> extends TextFormatParam.TextFormatParamJSONSchema {
  $parseRaw: (text: string) => T;
}

/** A result: parsed, where there is a format. */
export type AgentResult<T> = [T] extends [never] ? AgentTurnResult : ParsedAgentTurnResult<T>;
