/** Formats of the text of a turn. */
import { hidden } from '../../parser.js';
import type { AgentOutputFormat } from './output-format-types.js';

/** A format of this schema that parses with this function, which is not sent. */
export function agentOutputFormat<T>(schema: Record<string, unknown>, parse: (text: string) => T): AgentOutputFormat<T> {
  return hidden({ type: 'json_schema' as const, schema }, { $parseRaw: parse }) as AgentOutputFormat<T>;
}
